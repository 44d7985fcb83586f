//! What Prometheus is told.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use steadflow_core::execution::ExecutionStatus;
use steadflow_runtime::Engine;

use crate::app::App;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Status {
    status: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Call {
    method: String,
    route: String,
    status: u16,
}

/// The server's counters.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    accepted: Counter,
    finished: Family<Status, Counter>,
    live: Gauge,
    requests: Family<Call, Counter>,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("steadflow");
        let metrics = Self {
            accepted: Counter::default(),
            finished: Family::default(),
            live: Gauge::default(),
            requests: Family::default(),
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
        Self { registry, ..metrics }
    }

    pub(crate) fn execution_accepted(&self) {
        self.accepted.inc();
    }

    /// Returns everything in Prometheus' text format.
    pub(crate) fn text(&self, engine: &Engine) -> String {
        self.live.set(i64::try_from(engine.live_count()).unwrap_or(i64::MAX));
        for status in ExecutionStatus::ALL.into_iter().filter(|status| status.is_finished()) {
            let counter = self.finished.get_or_create(&Status { status: status.as_str() });
            counter.inner().store(engine.finished_count(status), std::sync::atomic::Ordering::Relaxed);
        }
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("a string takes all that is written");
        text
    }
}

/// Counts every answer by the route that gave it.
pub(crate) async fn count(State(app): State<App>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("other", MatchedPath::as_str).to_owned();
    let method = Arc::<str>::from(request.method().as_str());
    let response = next.run(request).await;
    let call = Call { method: method.to_string(), route, status: response.status().as_u16() };
    app.metrics().requests.get_or_create(&call).inc();
    response
}
