//! What Prometheus collects.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::http::{Method, StatusCode};
use parking_lot::Mutex;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use steadflow_core::execution::ExecutionStatus;
use steadflow_runtime::{Engine, Room, TraceCounts};
use steadflow_store::Damaged;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Status {
    status: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Call {
    method: &'static str,
    route: String,
    status: u16,
}

/// Returns the name of a method that HTTP itself has, and `other` for one that a client made up.
fn name_of(method: &Method) -> &'static str {
    const KNOWN: [&str; 9] = ["GET", "POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS", "CONNECT", "TRACE"];
    KNOWN.into_iter().find(|name| *name == method.as_str()).unwrap_or("other")
}

/// Unreadable rows that are reported; further ones are shown where they are listed.
const DAMAGE_KNOWN_MAX: usize = 1_000;

/// The server's counters.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    accepted: Counter,
    finished: Family<Status, Counter>,
    live: Gauge,
    requests: Family<Call, Counter>,
    damaged: Counter,
    /// The rows that were reported.
    known_damage: Mutex<BTreeSet<String>>,
    room: Gauge,
    calls_waiting: Gauge,
    calls_running: Gauge,
    breakers_open: Gauge,
    budget_tokens: Gauge,
    budget_refusals: Counter,
    traces: Option<Traces>,
    blobs: Option<Blobs>,
}

/// The counters of the blob storage.
#[derive(Debug, Default)]
struct Blobs {
    up: Gauge,
    written: Counter,
    read: Counter,
    failures: Counter,
}

/// The counters of traces.
#[derive(Debug)]
struct Traces {
    counts: Arc<TraceCounts>,
    sent: Counter,
    dropped: Counter,
}

impl Metrics {
    pub(crate) fn new(traces: Option<Arc<TraceCounts>>, has_blobs: bool) -> Self {
        let mut registry = Registry::with_prefix("steadflow");
        let metrics = Self {
            accepted: Counter::default(),
            finished: Family::default(),
            live: Gauge::default(),
            requests: Family::default(),
            damaged: Counter::default(),
            known_damage: Mutex::default(),
            room: Gauge::default(),
            calls_waiting: Gauge::default(),
            calls_running: Gauge::default(),
            breakers_open: Gauge::default(),
            budget_tokens: Gauge::default(),
            budget_refusals: Counter::default(),
            traces: traces.map(|counts| Traces {
                counts,
                sent: Counter::default(),
                dropped: Counter::default(),
            }),
            blobs: has_blobs.then(Blobs::default),
            registry: Registry::default(),
        };
        registry.register(
            "executions_accepted",
            "Executions accepted by this process",
            metrics.accepted.clone(),
        );
        registry.register(
            "executions_finished",
            "Executions that ended in this process",
            metrics.finished.clone(),
        );
        registry.register("executions_live", "Executions in memory", metrics.live.clone());
        registry.register(
            "http_requests",
            "Requests answered, by route and status",
            metrics.requests.clone(),
        );
        registry.register(
            "damaged_rows",
            "Stored rows that were found to be unreadable, each counted once",
            metrics.damaged.clone(),
        );
        registry.register(
            "database_room",
            "Room of the database: 2 enough, 1 low, 0 reserved for executions that run",
            metrics.room.clone(),
        );
        metrics.register_gates(&mut registry);
        if let Some(Blobs { up, written, read, failures }) = &metrics.blobs {
            registry.register(
                "blob_storage_up",
                "Whether the blob storage did what it should when it was asked last",
                up.clone(),
            );
            registry.register("blobs_written", "Records written to the blob storage", written.clone());
            registry.register("blobs_read", "Records read from the blob storage", read.clone());
            registry.register("blob_failures", "Calls of the blob storage that failed", failures.clone());
        }
        if let Some(traces) = &metrics.traces {
            registry.register("traces_sent", "Executions whose traces were sent", traces.sent.clone());
            registry.register(
                "traces_dropped",
                "Executions whose traces were not sent",
                traces.dropped.clone(),
            );
        }
        Self { registry, ..metrics }
    }

    fn register_gates(&self, registry: &mut Registry) {
        registry.register(
            "agent_calls_waiting",
            "Calls that wait for a slot of an agent with a protection",
            self.calls_waiting.clone(),
        );
        registry.register(
            "agent_calls_running",
            "Calls in progress of agents with a protection",
            self.calls_running.clone(),
        );
        registry.register(
            "agent_breakers_open",
            "Agents whose circuit breaker is open or half open",
            self.breakers_open.clone(),
        );
        registry.register(
            "agent_budget_reserved_tokens",
            "Tokens of budgets of agents for a day that calls in progress may use",
            self.budget_tokens.clone(),
        );
        registry.register(
            "agent_budget_refusals",
            "Calls refused because the budget of their agent for the day was used up",
            self.budget_refusals.clone(),
        );
    }

    pub(crate) fn execution_accepted(&self) {
        self.accepted.inc();
    }

    /// Counts and logs a row that cannot be read, the first time that it is found to be so.
    pub(crate) fn row_damaged<Id: Display>(&self, Damaged { id, reason }: &Damaged<Id>) {
        let mut known = self.known_damage.lock();
        if known.len() < DAMAGE_KNOWN_MAX && known.insert(id.to_string()) {
            tracing::error!(row = %id, reason, "a stored row cannot be read: delete it, or restore a backup");
            self.damaged.inc();
        }
    }

    /// Counts an answer. Each `route` and each method of HTTP's standard is a series of its own; clients cannot add
    /// others.
    pub(crate) fn answered(&self, method: &Method, route: &str, status: StatusCode) {
        let call = Call { method: name_of(method), route: route.to_owned(), status: status.as_u16() };
        self.requests.get_or_create(&call).inc();
    }

    /// Returns everything in Prometheus' text format.
    pub(crate) fn text(&self, engine: &Engine) -> String {
        self.live.set(i64::try_from(engine.live_count()).unwrap_or(i64::MAX));
        self.room.set(match engine.room() {
            Room::Enough => 2,
            Room::Low => 1,
            Room::Reserved => 0,
        });
        let gates = engine.gate_totals();
        self.budget_tokens.set(i64::try_from(gates.tokens_reserved).unwrap_or(i64::MAX));
        self.budget_refusals.inner().store(gates.refused, Ordering::Relaxed);
        for (gauge, count) in [
            (&self.calls_waiting, gates.waiting),
            (&self.calls_running, gates.running),
            (&self.breakers_open, gates.breakers_open),
        ] {
            gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
        }
        for status in ExecutionStatus::ALL.into_iter().filter(|status| status.is_finished()) {
            let counter = self.finished.get_or_create(&Status { status: status.as_str() });
            counter.inner().store(engine.finished_count(status), Ordering::Relaxed);
        }
        if let Some((Blobs { up, written, read, failures }, counts)) =
            self.blobs.as_ref().zip(engine.blobs().counts())
        {
            up.set(counts.is_up.into());
            for (counter, count) in
                [(written, counts.written), (read, counts.read), (failures, counts.failed)]
            {
                counter.inner().store(count, Ordering::Relaxed);
            }
        }
        if let Some(Traces { counts, sent, dropped }) = &self.traces {
            for (counter, count) in [(sent, counts.sent()), (dropped, counts.dropped())] {
                counter.inner().store(count, Ordering::Relaxed);
            }
        }
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("a string takes all that is written");
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damaged_rows_are_counted_once_each_and_up_to_a_number() {
        let metrics = Metrics::new(None, false);

        for id in (0..=DAMAGE_KNOWN_MAX).chain(0..3) {
            metrics.row_damaged(&Damaged { id, reason: "EOF".to_owned() });
        }

        assert_eq!(metrics.damaged.get(), DAMAGE_KNOWN_MAX as u64);
    }
}
