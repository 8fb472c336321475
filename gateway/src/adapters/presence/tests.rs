use super::*;
use crate::adapters::cache::tests::Server;
use crate::adapters::clock::ManualClock;
use actors::settings::Limits;
use engine::PersonId;

fn node(server: &Server, name: &str) -> RedisPresence {
    let local = LocalPresence::new(Arc::new(ManualClock::default()), &Limits::default());
    RedisPresence::new(&server.url, name.to_owned(), local).expect("an address")
}

fn member(key: &str) -> Member {
    Member { key: key.into(), person: PersonId(1), role: "observer".into() }
}

async fn keys(node: &RedisPresence) -> Option<Vec<String>> {
    Some(node.list("exam:1").await?.into_iter().map(|m| m.key).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn people_of_all_nodes_are_listed_and_go_with_their_node() {
    let server = Server::start();
    let (one, two) = (node(&server, "one"), node(&server, "two"));
    for key in ["b", "c"] {
        one.touch("exam:1", member(key));
    }
    one.touch("exam:2", member("x"));
    two.touch("exam:1", member("a"));
    assert_eq!(keys(&two).await, Some(vec!["a".into()]), "not told yet");
    for node in [&one, &two] {
        node.say().await.expect("told");
    }
    assert_eq!(keys(&one).await, Some(["a", "b", "c"].map(String::from).to_vec()));
    one.leave("exam:1", "b");
    one.say().await.expect("told");
    assert_eq!(keys(&two).await, Some(["a", "c"].map(String::from).to_vec()));

    // A node that says nothing more: its hash has an end, and all its people go with it.
    let mut redis = server.open().await;
    let left: i64 = redis.pttl(key("one")).await.expect("an answer");
    assert!((1..=GONE_MS).contains(&left), "{left}");
    let () = redis.del(key("one")).await.expect("expired");
    assert_eq!(keys(&two).await, Some(vec!["a".into()]));
    let nodes: Vec<String> = redis.smembers(NODES).await.expect("an answer");
    assert_eq!(nodes, ["two"]);

    // Unknown is said, and is no error.
    server.signal("-STOP");
    assert_eq!(keys(&two).await, None);
    server.signal("-KILL");
    assert_eq!(keys(&two).await, None);
    server.gone();
    server.again();
    let told = async { while one.say().await.is_err() {} };
    timeout(SAY_MAX, told).await.expect("told again");
    let back = async { while keys(&two).await != Some(["a", "c"].map(String::from).to_vec()) {} };
    timeout(SAY_MAX, back).await.expect("everybody is back");
}
