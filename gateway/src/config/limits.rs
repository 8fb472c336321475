//! The limits that an installation may change, each with its unit last.

use serde::{Deserialize, Serialize};

/// What checks say: whether it holds, and the line to print when it does not.
/// Takes a demand and whether it is met.
pub(super) type Need<'a> = dyn FnMut(bool, &str) + 'a;

/// Limits of live connections and of HTTP requests.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LiveLimits {
    /// Open live connections (sockets and event streams) in all.
    pub connections_max: usize,
    /// Open live connections of one person.
    pub connections_per_person_max: usize,
    /// A socket that has not said hello by then is closed, in ms.
    pub hello_ms_max: u64,
    /// How often the server pings, in ms.
    pub ping_ms: u64,
    /// Silence after a ping for which a socket is given up, in ms.
    pub pong_ms_max: u64,
    /// How long before its token expires a client is told, in ms.
    pub auth_soon_ms: u64,
    /// Life of a single-use ticket, in ms.
    pub ticket_ms: u64,
    /// Tickets that wait to be used.
    pub tickets_max: usize,
    /// Largest frame that a client may send, bytes.
    pub frame_bytes_max: usize,
    /// Messages of one frame.
    pub frame_messages_max: usize,
    /// Frames that one connection may send in a second, over time.
    pub frames_per_second_max: u32,
    /// A client that takes no bytes for so long is given up, in ms.
    pub write_ms_max: u64,
    /// Largest body of an ordinary request, bytes.
    pub body_bytes_max: usize,
    /// Largest imported file, bytes.
    pub import_bytes_max: usize,
    /// Requests that one address may send in a second, over time.
    pub requests_per_second_max: u32,
    /// Entries of one list answer.
    pub list_max: u32,
    /// Sockets that are asked to reconnect at once while the program stops.
    pub drain_batch: usize,
    /// Longest wait that such a socket is told to keep before it comes back, in ms.
    pub reconnect_ms_max: u64,
}

impl Default for LiveLimits {
    fn default() -> Self {
        Self {
            connections_max: 10_000,
            connections_per_person_max: 64,
            hello_ms_max: 5_000,
            ping_ms: 20_000,
            pong_ms_max: 8_000,
            auth_soon_ms: 60_000,
            ticket_ms: 30_000,
            tickets_max: 10_000,
            frame_bytes_max: 64 * 1024,
            frame_messages_max: 64,
            frames_per_second_max: 200,
            write_ms_max: 15_000,
            body_bytes_max: 1024 * 1024,
            import_bytes_max: 16 * 1024 * 1024,
            requests_per_second_max: 500,
            list_max: 500,
            drain_batch: 200,
            reconnect_ms_max: 10_000,
        }
    }
}

impl LiveLimits {
    pub(super) fn check(&self, need: &mut Need<'_>) {
        let positive = [
            self.connections_max,
            self.connections_per_person_max,
            self.tickets_max,
            self.frame_messages_max,
            self.drain_batch,
        ];
        need(positive.iter().all(|n| *n > 0), "live: every …_max is at least 1");
        need((1_000..=120_000).contains(&self.ping_ms), "live.ping_ms: from 1000 to 120000");
        need((500..=120_000).contains(&self.pong_ms_max), "live.pong_ms_max: from 500 to 120000");
        need(self.hello_ms_max >= 500, "live.hello_ms_max: at least 500");
        need(self.write_ms_max >= 1_000, "live.write_ms_max: at least 1000");
        need(self.ticket_ms >= 1_000, "live.ticket_ms: at least 1000");
        need(self.frame_bytes_max >= 16 * 1024, "live.frame_bytes_max: at least 16384");
        need(self.body_bytes_max >= 16 * 1024, "live.body_bytes_max: at least 16384");
        need(self.import_bytes_max >= 16 * 1024, "live.import_bytes_max: at least 16384");
        need(self.frames_per_second_max > 0, "live.frames_per_second_max: at least 1");
        need(self.requests_per_second_max > 0, "live.requests_per_second_max: at least 1");
        need((1..=10_000).contains(&self.list_max), "live.list_max: from 1 to 10000");
    }
}

/// Limits of guessing passwords.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuthLimits {
    /// Sign-in attempts that one address may make in a minute.
    pub attempts_per_address_per_minute: u32,
    /// Sign-in attempts for one login in a minute, whoever makes them.
    pub attempts_per_login_per_minute: u32,
    /// Addresses and logins remembered by the limiter; beyond it nobody new may try for a while.
    pub attempt_keys_max: usize,
    /// Passwords that are checked at the same time (each takes 19 MiB).
    pub password_checks_max: usize,
    /// Passwords that wait to be checked; more are told to come back.
    pub password_queue_max: usize,
}

impl Default for AuthLimits {
    fn default() -> Self {
        Self {
            attempts_per_address_per_minute: 60,
            attempts_per_login_per_minute: 10,
            attempt_keys_max: 20_000,
            password_checks_max: 2,
            password_queue_max: 64,
        }
    }
}

impl AuthLimits {
    pub(super) fn check(&self, need: &mut Need<'_>) {
        need(
            self.attempts_per_address_per_minute > 0 && self.attempts_per_login_per_minute > 0,
            "auth.limits.attempts_per_…_per_minute: at least 1",
        );
        need(self.attempt_keys_max >= 100, "auth.limits.attempt_keys_max: at least 100");
        need(
            (1..=64).contains(&self.password_checks_max),
            "auth.limits.password_checks_max: from 1 to 64",
        );
        need(self.password_queue_max > 0, "auth.limits.password_queue_max: at least 1");
    }
}

/// The actors' limits that an installation may change; the others are fixed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ActorLimits {
    /// Exams and sessions that run at the same time.
    pub children_max: usize,
    /// Messages that wait for one exam.
    pub mailbox_max: usize,
    /// Appends that wait for the journal.
    pub journal_queue_max: usize,
    /// Events in one transaction.
    pub journal_batch_events_max: usize,
    /// Frames that wait for one connection.
    pub outbox_frames_max: usize,
    /// Bytes that wait for one connection.
    pub outbox_bytes_max: usize,
    /// Unanswered commands of one connection that the client is told to keep to.
    pub inflight_max: usize,
    /// Subscriptions of one connection.
    pub subscriptions_max: usize,
    /// Longest wait for an exam's answer, in ms.
    pub ask_ms_max: u64,
    /// The board's tick, in ms.
    pub board_tick_ms: u64,
    /// How often a changed view's digest is sent, in ms.
    pub digest_ms: u64,
    /// Longest that stopping waits for queued appends, in ms.
    pub drain_ms_max: u64,
}

impl Default for ActorLimits {
    fn default() -> Self {
        let limits = actors::settings::Limits::default();
        Self {
            children_max: limits.children_max,
            mailbox_max: limits.mailbox_max,
            journal_queue_max: limits.journal_queue_max,
            journal_batch_events_max: limits.journal_batch_events_max,
            outbox_frames_max: limits.outbox_frames_max,
            outbox_bytes_max: limits.outbox_bytes_max,
            inflight_max: limits.inflight_max,
            subscriptions_max: limits.subscriptions_max,
            ask_ms_max: limits.ask_ms_max,
            board_tick_ms: limits.board_tick_ms,
            digest_ms: limits.digest_ms,
            drain_ms_max: limits.drain_ms_max,
        }
    }
}

impl ActorLimits {
    pub(super) fn check(&self, need: &mut Need<'_>) {
        let positive = [
            self.children_max,
            self.mailbox_max,
            self.journal_queue_max,
            self.journal_batch_events_max,
            self.outbox_frames_max,
            self.inflight_max,
            self.subscriptions_max,
        ];
        need(positive.iter().all(|n| *n > 0), "actors: every …_max is at least 1");
        need(self.outbox_bytes_max >= 64 * 1024, "actors.outbox_bytes_max: at least 65536");
        need((100..=60_000).contains(&self.ask_ms_max), "actors.ask_ms_max: from 100 to 60000");
        need((10..=1_000).contains(&self.board_tick_ms), "actors.board_tick_ms: from 10 to 1000");
        need((100..=600_000).contains(&self.digest_ms), "actors.digest_ms: from 100 to 600000");
        need((100..=60_000).contains(&self.drain_ms_max), "actors.drain_ms_max: from 100 to 60000");
    }

    pub(super) fn limits(&self) -> actors::settings::Limits {
        let defaults = actors::settings::Limits::default();
        actors::settings::Limits {
            children_max: self.children_max,
            mailbox_max: self.mailbox_max,
            journal_queue_max: self.journal_queue_max,
            journal_batch_events_max: self.journal_batch_events_max,
            outbox_frames_max: self.outbox_frames_max,
            outbox_bytes_max: self.outbox_bytes_max,
            inflight_max: self.inflight_max,
            inflight_hard_max: defaults.inflight_hard_max.max(self.inflight_max * 4),
            subscriptions_max: self.subscriptions_max,
            ask_ms_max: self.ask_ms_max,
            board_tick_ms: self.board_tick_ms,
            digest_ms: self.digest_ms,
            drain_ms_max: self.drain_ms_max,
            ..defaults
        }
    }
}
