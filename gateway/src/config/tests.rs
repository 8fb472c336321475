use super::*;

const REFERENCE: &str = include_str!("../../../ops/config/nsk.toml");

#[test]
fn the_reference_shows_every_key_with_its_default() {
    assert_eq!(Config::parse(REFERENCE).expect("sound"), Config::default());
    let complete = toml::Table::try_from(Config::default()).expect("a table");
    let shown: toml::Table = REFERENCE.parse().expect("a table");
    assert_eq!(keys("", &shown), keys("", &complete));
}

fn keys(prefix: &str, table: &toml::Table) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for (key, value) in table {
        let path = format!("{prefix}{key}");
        match value {
            toml::Value::Table(inner) => found.extend(keys(&format!("{path}."), inner)),
            _ => found.push(path),
        }
    }
    found.sort();
    found
}

#[test]
fn nothing_at_all_is_a_configuration() {
    assert_eq!(Config::parse("").expect("sound"), Config::default());
    Config::default().validate().expect("sound");
    assert_eq!(Config::default().limits(), actors::settings::Limits::default());
}

#[test]
fn a_mistake_is_found_and_named() {
    for (text, part) in [
        ("[server]\nport = 80", "port"),
        ("[server]\nlisten = \"here\"", "listen"),
        ("[actors]\nmailbox = 3", "mailbox"),
        ("[auth]\naudience = \"\"", "auth.audience"),
        ("[auth]\nsession_minutes = 20000", "auth.session_minutes"),
        ("[auth.limits]\npassword_checks_max = 0", "auth.limits.password_checks_max"),
        ("[server]\norigins = [\"https://a/b\"]", "server.origins"),
        ("[actors]\nmailbox_max = 0", "actors"),
        ("[live]\nping_ms = 1", "live.ping_ms"),
        ("[log]\nformat = \"xml\"", "format"),
        ("[log]\nfilter = \"\"", "log.filter"),
        ("server = 1", "server"),
        ("[", ""),
    ] {
        let trouble = Config::parse(text).expect_err(text);
        assert!(trouble.what().contains(part), "{text}: {trouble}");
        assert!(trouble.to_do().is_some(), "{text}");
    }
}

#[test]
fn everything_wrong_is_named_at_once() {
    let text = "[auth]\naudience = \"\"\nsession_minutes = 0\n[live]\nlist_max = 0";
    let what = Config::parse(text).expect_err("wrong").what().to_owned();
    for part in ["auth.audience", "auth.session_minutes", "live.list_max"] {
        assert!(what.contains(part), "{part} in {what}");
    }
}

#[test]
fn a_file_that_is_not_there_says_so() {
    let trouble = Config::read(Path::new("/nowhere/nsk.toml")).expect_err("absent");
    assert!(trouble.what().contains("/nowhere/nsk.toml"));
}

#[test]
fn limits_follow_the_configuration() {
    let config = Config::parse("[actors]\nboard_tick_ms = 100\ninflight_max = 40").expect("sound");
    let limits = config.limits();
    assert_eq!(limits.board_tick_ms, 100);
    assert_eq!((limits.inflight_max, limits.inflight_hard_max), (40, 160));
}
