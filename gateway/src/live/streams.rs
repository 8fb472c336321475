//! Following streams: the right to one is looked up in the exam itself, then the actor is asked to
//! put what it has into the connection's outbox.

use super::conn::Conn;
use crate::app::App;
use crate::auth::Principal;
use crate::error::ApiError;
use crate::wire::client::PositionFrame;
use crate::wire::server::ErrFrame;
use actors::exams::{ConnId, Subscribe};
use actors::feed::{Resume, Topic, Viewer};
use actors::ports::Member;
use engine::Hash;
use engine::exam::view::Audience;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// How often a stream that lagged is asked for again while its actor is away.
const AGAIN_MAX: u32 = 8;
/// Longest name of a stream in an answer, characters.
const NAME_CHARS_MAX: usize = 40;

/// A followed stream.
pub struct Followed {
    /// Tells a subscription from the one that replaced it.
    generation: u64,
    /// The stream's epoch, once it is known.
    pub epoch: Arc<str>,
}

/// What a client asks for.
pub struct Ask {
    /// The stream.
    pub topic: Topic,
    /// The request's id.
    pub id: Option<u64>,
    /// Where the client stands.
    pub resume: Option<Resume>,
}

/// A place as the client gave it; one that cannot be read is none.
pub fn resume_of(position: PositionFrame) -> Option<Resume> {
    let hash = match position.hash {
        Some(text) => Some(Hash::parse(&text)?),
        None => None,
    };
    Some(Resume { epoch: position.epoch, seq: position.seq, hash })
}

/// Follows the stream of this name, or refuses it.
pub fn follow_named(conn: &Rc<Conn>, name: &str, id: Option<u64>, resume: Option<Resume>) {
    match Topic::parse(name) {
        Some(topic) => follow(conn, Ask { topic, id, resume }, 0),
        None => {
            let s = Some(name.chars().take(NAME_CHARS_MAX).collect());
            let (code, message) =
                ("unknown_stream".to_owned(), "there is no such stream".to_owned());
            conn.refuse(ErrFrame { id, s, code, message, ..ErrFrame::default() });
        }
    }
}

/// Follows a stream, in place of an earlier subscription to it; asks again up to so many times.
pub fn follow(conn: &Rc<Conn>, ask: Ask, again: u32) {
    let mut state = conn.state();
    let Some(principal) = state.principal.clone() else { return };
    let known = state.streams.contains_key(&ask.topic);
    if !known && state.streams.len() >= conn.app().limits.subscriptions_max {
        drop(state);
        let message = format!("at most {} streams", conn.app().limits.subscriptions_max);
        refuse(conn, &ask, "limit", message);
        return;
    }
    state.generation += 1;
    let generation = state.generation;
    let followed = Followed { generation, epoch: "".into() };
    state.streams.insert(ask.topic.clone(), followed);
    drop(state);
    touch(conn, &ask.topic, &principal);
    if !known {
        conn.app().metrics.subscriptions.inc();
    }
    let conn = conn.clone();
    actix_web::rt::spawn(async move { join(&conn, principal, ask, generation, again).await });
}

/// The stream lagged or the client's state is wrong: a snapshot, in place of what was followed.
pub fn again(conn: &Rc<Conn>, topic: Topic) {
    if conn.is_open() {
        follow(conn, Ask { topic, id: None, resume: None }, AGAIN_MAX);
    }
}

async fn join(conn: &Rc<Conn>, principal: Principal, ask: Ask, generation: u64, again: u32) {
    let mut tries = 0;
    loop {
        let asked = subscribe(conn, &principal, &ask).await;
        if !is_current(conn, &ask.topic, generation) {
            // Left meanwhile. Whoever replaced this subscription has told the actor by itself.
            if !conn.state().streams.contains_key(&ask.topic) {
                leave_actor(conn.app(), &ask.topic, conn.id);
                conn.outbox.forget(&ask.topic);
            }
            return;
        }
        let Err(error) = asked else { return };
        if error.temporary && tries < again {
            tries += 1;
            tokio::time::sleep(Duration::from_millis(error.after_ms.max(100))).await;
            continue;
        }
        if conn.state().streams.remove(&ask.topic).is_some() {
            conn.app().metrics.subscriptions.dec();
            conn.app().presence.leave(&ask.topic.to_string(), &key_of(conn));
        }
        conn.refuse(ErrFrame {
            id: ask.id,
            s: Some(ask.topic.to_string()),
            code: error.code.to_owned(),
            message: error.message.to_string(),
            temporary: error.temporary,
            after_ms: error.after_ms,
            cmd: None,
        });
        return;
    }
}

fn is_current(conn: &Conn, topic: &Topic, generation: u64) -> bool {
    conn.state().streams.get(topic).is_some_and(|f| f.generation == generation)
}

async fn subscribe(conn: &Conn, principal: &Principal, ask: &Ask) -> Result<(), ApiError> {
    let app = conn.app();
    let audience = audience(app, principal, &ask.topic).await?;
    let subscribe = Subscribe {
        conn: conn.id,
        outbox: conn.outbox.clone(),
        audience,
        viewer: Viewer {
            person: principal.person,
            name: principal.name.clone(),
            role: principal.role_word(),
            since: app.clock.now(),
        },
        resume: ask.resume.clone(),
        id: ask.id,
    };
    match ask.topic.exam_id() {
        Some(exam) => Ok(app.exams.subscribe(exam, subscribe).await?),
        None => {
            app.board.subscribe(subscribe);
            Ok(())
        }
    }
}

/// Whose view of a stream a person gets.
///
/// # Errors
/// 403 without a right to it, 404 for an exam that does not exist.
pub async fn audience(
    app: &App,
    principal: &Principal,
    topic: &Topic,
) -> Result<Audience, ApiError> {
    let Some(exam) = topic.exam_id() else {
        let staff = principal.is_staff().then_some(Audience::Staff);
        return staff.ok_or_else(|| ApiError::forbidden("the board is for staff"));
    };
    let who = principal.clone();
    app.exams.inspect(exam, move |exam, _| who.audience(exam)).await?
}

fn refuse(conn: &Conn, ask: &Ask, code: &str, message: String) {
    let (id, s, code) = (ask.id, Some(ask.topic.to_string()), code.to_owned());
    conn.refuse(ErrFrame { id, s, code, message, ..ErrFrame::default() });
}

/// Follows a stream no longer.
pub fn leave(conn: &Conn, name: &str) {
    let Some(topic) = Topic::parse(name) else { return };
    if conn.state().streams.remove(&topic).is_some() {
        forget(conn, &topic);
        conn.outbox.forget(&topic);
    }
}

/// Says that somebody is still looking at a stream.
pub fn touch(conn: &Conn, topic: &Topic, principal: &Principal) {
    let role = principal.role_word().to_owned();
    let member = Member { key: key_of(conn), person: principal.person, role };
    conn.app().presence.touch(&topic.to_string(), member);
}

fn key_of(conn: &Conn) -> String {
    format!("c{}", conn.id.0)
}

/// Tells the actor and the count; the connection has dropped its own entry.
pub fn forget(conn: &Conn, topic: &Topic) {
    conn.app().metrics.subscriptions.dec();
    conn.app().presence.leave(&topic.to_string(), &key_of(conn));
    leave_actor(conn.app(), topic, conn.id);
}

fn leave_actor(app: &App, topic: &Topic, conn: ConnId) {
    match topic.exam_id() {
        Some(exam) => app.exams.unsubscribe(exam, conn),
        None => app.board.unsubscribe(conn),
    }
}

/// Asks for the digest of a followed stream.
pub fn digest(conn: &Conn, name: &str) {
    let Some(topic) = Topic::parse(name) else { return };
    if !conn.state().streams.contains_key(&topic) {
        return;
    }
    match topic.exam_id() {
        Some(exam) => conn.app().exams.ask_digest(exam, conn.id),
        None => conn.app().board.ask_digest(conn.id),
    }
}
