//! Commands that a client has sent and keeps until they are answered.

use super::socket::Client;
use crate::checker::Acked;
use actors::clock::SystemClock;
use actors::ports::Clock;
use engine::exam::Command;
use engine::{CommandId, WireId};
use gateway::wire::server::{AckFrame, ErrFrame};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A command without an answer.
#[derive(Clone, Debug)]
pub struct Pending {
    /// Which exam.
    pub exam: WireId,
    /// Its id, the same however often it is sent.
    pub cmd: CommandId,
    /// The command.
    pub body: Value,
    /// When it was first sent, µs.
    pub asked_us: i64,
}

impl Pending {
    /// The frame under this number.
    pub fn frame(&self, id: u64) -> Value {
        json!({"t": "cmd", "id": id, "s": format!("exam:{}", self.exam), "cmd": self.cmd,
            "body": self.body})
    }
}

/// How a command was answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// It is journalled.
    Acked(Acked, bool),
    /// It is refused for good, with this code.
    Refused(String),
}

/// All commands of a client.
#[derive(Default, Debug)]
pub struct Queue {
    next: u64,
    /// By the number of their frames.
    pub waiting: BTreeMap<u64, Pending>,
    /// To be sent again, with the wait that the server asked for, ms.
    pub again: Vec<(u64, u64)>,
    /// By command.
    pub answers: BTreeMap<CommandId, Answer>,
    /// What the server may not do.
    pub violations: Vec<String>,
}

impl Queue {
    /// Keeps a command, and answers the number of its frame.
    pub fn keep(&mut self, pending: Pending) -> u64 {
        self.next += 1;
        self.waiting.insert(self.next, pending);
        self.next
    }

    /// An acknowledgement at this moment.
    pub fn ack(&mut self, frame: &AckFrame, now_us: i64) {
        let Some(pending) = self.waiting.remove(&frame.id) else {
            self.violations.push(format!("an answer to {} that nobody asked", frame.id));
            return;
        };
        if pending.cmd != frame.cmd {
            self.violations.push(format!("{} is answered with {}", pending.cmd, frame.cmd));
        }
        let Pending { exam, cmd, asked_us, .. } = pending;
        let acked = Acked { exam, cmd, seq: frame.seq, asked_us, acked_us: now_us };
        if let Some(Answer::Acked(before, _)) = self.answers.get(&cmd)
            && before.seq != acked.seq
        {
            self.violations.push(format!("{cmd} is at {} and at {}", before.seq, acked.seq));
        }
        self.answers.entry(cmd).or_insert(Answer::Acked(acked, frame.dup));
    }

    /// A refusal.
    pub fn err(&mut self, frame: &ErrFrame) {
        let Some(id) = frame.id else { return };
        if frame.temporary {
            if self.waiting.contains_key(&id) {
                self.again.push((id, frame.after_ms));
            }
        } else if let Some(pending) = self.waiting.remove(&id) {
            self.answers.entry(pending.cmd).or_insert(Answer::Refused(frame.code.clone()));
        }
    }

    /// Everything that was acknowledged.
    pub fn acked(&self) -> Vec<Acked> {
        let acked = |answer: &Answer| match answer {
            Answer::Acked(acked, _) => Some(acked.clone()),
            Answer::Refused(_) => None,
        };
        self.answers.values().filter_map(acked).collect()
    }
}

impl Client {
    /// Gives a command under a new id; it is kept until it is answered.
    pub async fn give(&mut self, exam: WireId, command: &Command) -> CommandId {
        let cmd = crate::setting::fresh();
        self.give_as(exam, cmd, command).await;
        cmd
    }

    /// Gives a command under this id.
    pub async fn give_as(&mut self, exam: WireId, cmd: CommandId, command: &Command) {
        let body = serde_json::to_value(command).unwrap_or_default();
        let asked_us = SystemClock.monotonic_us();
        let id = self.queue.keep(Pending { exam, cmd, body, asked_us });
        let frame = self.queue.waiting[&id].frame(id);
        self.send(&frame).await;
    }

    /// Sends everything again that has no answer.
    pub async fn send_waiting(&mut self) {
        self.due.clear();
        self.queue.again.clear();
        let frames: Vec<Value> = self.queue.waiting.iter().map(|(id, p)| p.frame(*id)).collect();
        for frame in frames {
            self.send(&frame).await;
        }
    }
}
