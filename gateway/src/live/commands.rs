//! Commands of one connection: in order within an exam, side by side across exams, a bounded number
//! at a time.

use super::code;
use super::conn::Conn;
use super::worker::Worker;
use crate::auth::door::closed;
use crate::error::brief;
use crate::wire::client::CommandFrame;
use crate::wire::server::{AckFrame, ErrFrame, ServerFrame};
use actors::exams::Submit;
use actors::feed::Topic;
use engine::exam::{Command, Issuer};
use engine::identity::standing::{Door, Kind};
use engine::{CommandId, WireId};
use std::collections::VecDeque;
use std::rc::Rc;

/// The commands of one exam that wait.
#[derive(Default)]
pub struct Lane {
    waiting: VecDeque<Waiting>,
    running: bool,
}

struct Waiting {
    id: u64,
    cmd: CommandId,
    if_seq: Option<u64>,
    issuer: Issuer,
    command: Command,
    begun_us: i64,
}

/// Takes a command from the client; it is answered by exactly one `ack` or `err`.
pub fn take(conn: &Rc<Conn>, frame: CommandFrame) {
    let Some(principal) = conn.principal() else { return };
    let refuse = |code: &str, message: String| {
        let (id, cmd, code) = (Some(frame.id), Some(frame.cmd), code.to_owned());
        conn.refuse(ErrFrame { id, cmd, code, message, ..ErrFrame::default() });
    };
    let Some(exam) = Topic::parse(&frame.s).and_then(|topic| topic.exam_id()) else {
        return refuse("unknown_exam", "commands go to streams such as exam:42".to_owned());
    };
    let command = match serde_json::from_str::<Command>(frame.body.get()) {
        Ok(command) => command,
        Err(error) => return refuse("invalid", brief(&error)),
    };
    let open = match conn.app().revocation.door(Kind::Changes) {
        Door::ClosedRetry(wait) => Err(closed(wait)),
        Door::Open | Door::OpenWithAge(_) => Ok(()),
    };
    if let Err(error) = open.and_then(|()| conn.worker.gate.command(principal.person)) {
        conn.refuse(ErrFrame {
            id: Some(frame.id),
            cmd: Some(frame.cmd),
            s: None,
            code: error.code.to_owned(),
            message: error.message.to_string(),
            temporary: error.temporary,
            after_ms: error.after_ms,
        });
        return;
    }
    let mut state = conn.state();
    if state.unanswered >= conn.app().limits.inflight_hard_max {
        drop(state);
        return conn.end(code::SLOW, "too many unanswered commands");
    }
    state.unanswered += 1;
    state.lanes.entry(exam).or_default().waiting.push_back(Waiting {
        id: frame.id,
        cmd: frame.cmd,
        if_seq: frame.if_seq,
        issuer: principal.issuer(),
        command,
        begun_us: conn.app().clock.monotonic_us(),
    });
    drop(state);
    start(conn);
}

/// Sets lanes to work while there is room.
fn start(conn: &Rc<Conn>) {
    let most = conn.app().limits.inflight_max;
    let mut state = conn.state();
    while state.running < most {
        let idle = state.lanes.iter_mut().find(|(_, lane)| !lane.running);
        let Some((exam, lane)) = idle else { return };
        lane.running = true;
        let exam = *exam;
        state.running += 1;
        let conn = conn.clone();
        actix_web::rt::spawn(async move { run(conn, exam).await });
    }
}

/// Works a lane off. A lane without commands is taken away.
async fn run(conn: Rc<Conn>, exam: WireId) {
    loop {
        let next = {
            let mut state = conn.state();
            let next = state.lanes.get_mut(&exam).and_then(|lane| lane.waiting.pop_front());
            if next.is_none() {
                state.lanes.remove(&exam);
                state.running -= 1;
            }
            next
        };
        let Some(next) = next else { break };
        let answer = submit(&conn.worker, exam, next).await;
        // The answer is queued before the count goes down, so that both limits hold.
        conn.send(&answer);
        conn.state().unanswered -= 1;
    }
    start(&conn);
}

async fn submit(worker: &Worker, exam: WireId, waiting: Waiting) -> ServerFrame {
    let app = &worker.app;
    let Waiting { id, cmd, if_seq, issuer, command, begun_us } = waiting;
    let result = app.exams.submit(Submit { exam, cmd, if_seq, issuer, command }).await;
    app.metrics.command(&result, app.clock.monotonic_us() - begun_us);
    match result {
        Ok(ack) => ServerFrame::Ack(AckFrame {
            id,
            cmd,
            seq: ack.seq,
            epoch: app.exams.epoch().to_string(),
            dup: ack.dup,
        }),
        Err(error) => ServerFrame::Err(ErrFrame {
            id: Some(id),
            cmd: Some(cmd),
            s: None,
            code: error.code().to_owned(),
            message: error.to_string(),
            temporary: error.temporary(),
            after_ms: error.after_ms(),
        }),
    }
}
