//! The metrics, all named in one list. What happens in the gateway is counted as it happens; what
//! the actors count themselves is read when somebody asks for `/metrics`.

use actors::exams::{Ack, SubmitError};
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Every metric: its name and what it counts. Counters get `_total` on the page.
pub const METRIC_NAMES: &[(&str, &str)] = &[
    ("nsk_commands", "Commands to exams by outcome"),
    ("nsk_ack_seconds", "Time from a command's arrival to its acknowledgement"),
    ("nsk_http_requests", "HTTP requests by status class"),
    ("nsk_http_seconds", "Time to answer an HTTP request"),
    ("nsk_sign_ins", "Sign-in attempts by outcome"),
    ("nsk_sockets", "Open WebSocket connections"),
    ("nsk_event_streams", "Open server-sent event connections"),
    ("nsk_subscriptions", "Streams that connections follow"),
    ("nsk_lagged", "Times a connection was told that it lost updates"),
    ("nsk_frames_sent", "Frames sent to live connections"),
    ("nsk_journal_batches", "Transactions of the journal"),
    ("nsk_journal_events", "Events written by the journal"),
    ("nsk_journal_waiting", "Appends that wait for the journal"),
    ("nsk_panics", "Panics of supervised actors"),
    ("nsk_restarts", "Restarts of supervised actors"),
    ("nsk_quarantined", "Exams that are quarantined now"),
    ("nsk_exams", "Exams in memory by phase"),
];

/// What became of a command or a sign-in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, EncodeLabelValue)]
pub enum Outcome {
    /// Done.
    Acked,
    /// Had been done before.
    Duplicate,
    /// Refused by the rules, or a wrong password.
    Rejected,
    /// Not possible now.
    Temporary,
    /// Refused for another reason.
    Failed,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct ByOutcome {
    outcome: Outcome,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct ByStatus {
    class: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct ByPhase {
    phase: &'static str,
}

/// What the actors count; zeros before they do.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Pulled {
    /// Transactions of the journal.
    pub journal_batches: u64,
    /// Events written.
    pub journal_events: u64,
    /// Appends that wait.
    pub journal_waiting: u64,
    /// Panics of actors.
    pub panics: u64,
    /// Restarts of actors.
    pub restarts: u64,
    /// Quarantined exams.
    pub quarantined: u64,
}

/// The metrics; clones share their values.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Arc<Registry>,
    commands: Family<ByOutcome, Counter>,
    sign_ins: Family<ByOutcome, Counter>,
    requests: Family<ByStatus, Counter>,
    exams: Family<ByPhase, Gauge>,
    ack_seconds: Histogram,
    http_seconds: Histogram,
    /// Open WebSocket connections.
    pub sockets: Gauge,
    /// Open event streams.
    pub event_streams: Gauge,
    /// Streams followed.
    pub subscriptions: Gauge,
    /// Times a connection was told that it lost updates.
    pub lagged: Counter,
    /// Frames sent to live connections.
    pub frames_sent: Counter,
    journal_batches: Counter,
    journal_events: Counter,
    journal_waiting: Gauge,
    panics: Counter,
    restarts: Counter,
    quarantined: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        Metrics::new()
    }
}

impl Metrics {
    /// All at zero.
    pub fn new() -> Metrics {
        // From 0.25 ms to 8 s.
        let buckets = || (0..16).map(|n| 0.000_25 * f64::from(1_u32 << n));
        let mut metrics = Metrics {
            registry: Arc::new(Registry::default()),
            commands: Family::default(),
            sign_ins: Family::default(),
            requests: Family::default(),
            exams: Family::default(),
            ack_seconds: Histogram::new(buckets()),
            http_seconds: Histogram::new(buckets()),
            sockets: Gauge::default(),
            event_streams: Gauge::default(),
            subscriptions: Gauge::default(),
            lagged: Counter::default(),
            frames_sent: Counter::default(),
            journal_batches: Counter::default(),
            journal_events: Counter::default(),
            journal_waiting: Gauge::default(),
            panics: Counter::default(),
            restarts: Counter::default(),
            quarantined: Gauge::default(),
        };
        let mut registry = Registry::default();
        for (name, help) in METRIC_NAMES {
            metrics.register(&mut registry, name, help);
        }
        metrics.registry = Arc::new(registry);
        metrics
    }

    fn register(&self, registry: &mut Registry, name: &'static str, help: &'static str) {
        match name {
            "nsk_commands" => registry.register(name, help, self.commands.clone()),
            "nsk_ack_seconds" => registry.register(name, help, self.ack_seconds.clone()),
            "nsk_http_requests" => registry.register(name, help, self.requests.clone()),
            "nsk_http_seconds" => registry.register(name, help, self.http_seconds.clone()),
            "nsk_sign_ins" => registry.register(name, help, self.sign_ins.clone()),
            "nsk_sockets" => registry.register(name, help, self.sockets.clone()),
            "nsk_event_streams" => registry.register(name, help, self.event_streams.clone()),
            "nsk_subscriptions" => registry.register(name, help, self.subscriptions.clone()),
            "nsk_lagged" => registry.register(name, help, self.lagged.clone()),
            "nsk_frames_sent" => registry.register(name, help, self.frames_sent.clone()),
            "nsk_journal_batches" => registry.register(name, help, self.journal_batches.clone()),
            "nsk_journal_events" => registry.register(name, help, self.journal_events.clone()),
            "nsk_journal_waiting" => registry.register(name, help, self.journal_waiting.clone()),
            "nsk_panics" => registry.register(name, help, self.panics.clone()),
            "nsk_restarts" => registry.register(name, help, self.restarts.clone()),
            "nsk_quarantined" => registry.register(name, help, self.quarantined.clone()),
            "nsk_exams" => registry.register(name, help, self.exams.clone()),
            // A name without a metric: the test of the page finds it missing.
            _ => {}
        }
    }

    /// Counts an answered command and how long it took.
    pub fn command(&self, result: &Result<Ack, SubmitError>, took_us: i64) {
        let outcome = match result {
            Ok(Ack { dup: true, .. }) => Outcome::Duplicate,
            Ok(_) => Outcome::Acked,
            Err(SubmitError::Rejected(_)) => Outcome::Rejected,
            Err(error) if error.temporary() => Outcome::Temporary,
            Err(_) => Outcome::Failed,
        };
        self.commands.get_or_create(&ByOutcome { outcome }).inc();
        if result.is_ok() {
            self.ack_seconds.observe(seconds(took_us));
        }
    }

    /// Counts a sign-in attempt.
    pub fn sign_in(&self, outcome: Outcome) {
        self.sign_ins.get_or_create(&ByOutcome { outcome }).inc();
    }

    /// Counts an answered request.
    pub fn request(&self, status: u16, took_us: i64) {
        let class = match status / 100 {
            1 => "1xx",
            2 => "2xx",
            3 => "3xx",
            4 => "4xx",
            _ => "5xx",
        };
        self.requests.get_or_create(&ByStatus { class }).inc();
        self.http_seconds.observe(seconds(took_us));
    }

    /// The page, with what the actors count taken over first.
    pub fn page(&self, pulled: Pulled, phases: &BTreeMap<&'static str, i64>) -> String {
        let store = |counter: &Counter, n| counter.inner().store(n, Ordering::Relaxed);
        store(&self.journal_batches, pulled.journal_batches);
        store(&self.journal_events, pulled.journal_events);
        store(&self.panics, pulled.panics);
        store(&self.restarts, pulled.restarts);
        let gauge = |gauge: &Gauge, n| gauge.set(i64::try_from(n).unwrap_or(i64::MAX));
        gauge(&self.journal_waiting, pulled.journal_waiting);
        gauge(&self.quarantined, pulled.quarantined);
        for phase in engine::exam::Phase::ALL {
            let phase = phase.word();
            let n = phases.get(phase).copied().unwrap_or_default();
            self.exams.get_or_create(&ByPhase { phase }).set(n);
        }
        let mut page = String::new();
        if encode(&mut page, &self.registry).is_err() {
            page.clear();
        }
        page
    }
}

/// Microseconds as seconds: a metric for the eye, never computed with.
fn seconds(us: i64) -> f64 {
    let capped = u32::try_from(us.max(0)).unwrap_or(u32::MAX);
    f64::from(capped) / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_metric_stands_on_the_page() {
        let metrics = Metrics::new();
        metrics.command(&Ok(Ack { seq: 1, dup: false }), 1_500);
        metrics.command(&Err(SubmitError::Busy), 10);
        metrics.sign_in(Outcome::Rejected);
        metrics.request(404, 300);
        let pulled = Pulled { journal_batches: 7, restarts: 2, ..Pulled::default() };
        let page = metrics.page(pulled, &BTreeMap::from([("ready", 3)]));
        for (name, help) in METRIC_NAMES {
            assert!(page.contains(&format!("# HELP {name} {help}.")), "{name}");
        }
        for line in [
            "nsk_commands_total{outcome=\"Acked\"} 1",
            "nsk_commands_total{outcome=\"Temporary\"} 1",
            "nsk_http_requests_total{class=\"4xx\"} 1",
            "nsk_journal_batches_total 7",
            "nsk_restarts_total 2",
            "nsk_exams{phase=\"ready\"} 3",
            "nsk_exams{phase=\"planned\"} 0",
            "nsk_ack_seconds_count 1",
        ] {
            assert!(page.contains(line), "{line} in\n{page}");
        }
    }

    #[test]
    fn what_is_pulled_again_is_not_added_up() {
        let metrics = Metrics::new();
        let pulled = Pulled { panics: 5, ..Pulled::default() };
        metrics.page(pulled, &BTreeMap::new());
        assert!(metrics.page(pulled, &BTreeMap::new()).contains("nsk_panics_total 5"));
    }
}
