//! Makes the traces of executions that have ended, and sends them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry_otlp::{ExporterBuildError, Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SpanData, SpanExporter as _};
use steadflow_core::agent::Agent;
use steadflow_core::execution::Execution;
use steadflow_core::ids::{AgentId, ExecutionId, TenantId};
use steadflow_core::trace::Sampling;
use steadflow_runtime::{Changes, Engine, RuntimeError, TraceCounts};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Instant, timeout, timeout_at};
use url::Url;

use crate::spans::{Agents, spans_of};

/// Executions that have ended and whose traces are not made.
const WAITING_MAX: usize = 10_000;
/// Spans of one request, unless one execution has more.
const BATCH_SPANS: usize = 512;
/// How long the first span of a request waits for others.
const BATCH_WAIT: Duration = Duration::from_secs(1);
/// How long a request may take, with its retries: those of the exporter have this limit, each single one has none.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(10);
/// Versions of agents that are remembered.
const AGENTS_MAX: usize = 500;
/// Where traces go at an endpoint without a path.
const PATH: &str = "/v1/traces";

/// Where traces are sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint(String);

impl Endpoint {
    /// Reads the URL of a collector. `/v1/traces` is added to one without a path.
    ///
    /// # Errors
    /// [`EndpointError`] if it is no URL of HTTP.
    pub fn parse(text: &str) -> Result<Self, EndpointError> {
        let mut url = Url::parse(text).map_err(|error| EndpointError(format!("it is no URL: {error}")))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(EndpointError(format!("its scheme is `{}`, not `http` or `https`", url.scheme())));
        }
        if !url.username().is_empty() || url.password().is_some() {
            let what = "it holds credentials; give them as a header in OTEL_EXPORTER_OTLP_HEADERS";
            return Err(EndpointError(what.to_owned()));
        }
        if matches!(url.path(), "" | "/") {
            url.set_path(PATH);
        }
        Ok(Self(url.into()))
    }

    /// Returns the whole URL.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why traces cannot be sent to an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct EndpointError(String);

/// What is traced, and where traces go.
#[derive(Clone, Debug)]
pub struct TelemetryConfig {
    /// The collector.
    pub endpoint: Endpoint,
    /// Which executions are traced.
    pub sampling: Sampling,
    /// Whether spans have what was asked and answered, and the messages of errors.
    pub has_content: bool,
    /// The name of the process among others.
    pub instance: String,
    /// Sends the requests.
    pub client: reqwest::Client,
}

/// Traces cannot be sent.
#[derive(Debug, thiserror::Error)]
#[error("the exporter of traces cannot be set up")]
pub struct TelemetryError(#[from] ExporterBuildError);

/// What makes and sends traces.
#[derive(Debug)]
pub struct Telemetry {
    counts: Arc<TraceCounts>,
    listener: JoinHandle<()>,
    exporter: JoinHandle<()>,
}

impl Telemetry {
    /// Begins to trace the executions that end from here on.
    ///
    /// # Errors
    /// [`TelemetryError`] if the exporter cannot be set up.
    pub fn start(engine: &Engine, config: TelemetryConfig) -> Result<Self, TelemetryError> {
        let TelemetryConfig { endpoint, sampling, has_content, instance, client } = config;
        let mut exporter = exporter(endpoint, client)?;
        let resource = Resource::builder_empty().with_service_name("steadflow").with_attributes([
            opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            opentelemetry::KeyValue::new("service.instance.id", instance),
        ]);
        exporter.set_resource(&resource.build());
        let counts = Arc::new(TraceCounts::default());
        let (ended, waiting) = mpsc::channel(WAITING_MAX);
        let listener = listen(engine.changes(), sampling, ended, Arc::clone(&counts));
        let tracer = Tracer {
            engine: engine.clone(),
            exporter,
            has_content,
            agents: HashMap::new(),
            counts: Arc::clone(&counts),
        };
        Ok(Self { counts, listener: tokio::spawn(listener), exporter: tokio::spawn(tracer.run(waiting)) })
    }

    /// Returns what counts the executions whose traces were sent or dropped.
    pub fn counts(&self) -> Arc<TraceCounts> {
        Arc::clone(&self.counts)
    }

    /// Sends what waits, for as long as `grace`.
    pub async fn stop(self, grace: Duration) {
        // Without the listener, the exporter ends when nothing waits.
        self.listener.abort();
        let is_late = timeout(grace, self.exporter).await.is_err();
        let dropped = self.counts.dropped();
        if is_late || dropped > 0 {
            tracing::warn!(dropped, is_late, "not all traces were sent");
        }
    }
}

/// Passes on the executions that end. It does nothing else, so that it does not fall behind.
async fn listen(
    mut changes: Changes,
    sampling: Sampling,
    ended: mpsc::Sender<(TenantId, ExecutionId)>,
    counts: Arc<TraceCounts>,
) {
    loop {
        match changes.recv().await {
            Ok(change) => {
                let is_meant =
                    change.status.is_finished() && sampling.keeps(change.execution, change.is_sampled);
                if is_meant && ended.try_send((change.tenant, change.execution)).is_err() {
                    counts.add_dropped(1);
                }
            }
            // At most so many executions have ended.
            Err(RecvError::Lagged(missed)) => counts.add_dropped(missed),
            Err(RecvError::Closed) => return,
        }
    }
}

struct Tracer {
    engine: Engine,
    exporter: SpanExporter,
    has_content: bool,
    agents: HashMap<(TenantId, AgentId, u32), Option<Arc<Agent>>>,
    counts: Arc<TraceCounts>,
}

impl Tracer {
    async fn run(mut self, mut waiting: mpsc::Receiver<(TenantId, ExecutionId)>) {
        while let Some(first) = waiting.recv().await {
            let until = Instant::now() + BATCH_WAIT;
            let (mut spans, mut executions, mut next) = (Vec::new(), 0, Some(first));
            while let Some((tenant, id)) = next {
                match self.trace(tenant, id).await {
                    Some(more) => {
                        spans.extend(more);
                        executions += 1;
                    }
                    None => self.counts.add_dropped(1),
                }
                if spans.len() >= BATCH_SPANS {
                    break;
                }
                next = timeout_at(until, waiting.recv()).await.ok().flatten();
            }
            self.send(spans, executions).await;
        }
    }

    /// Makes the spans of an execution; `None` if it cannot be read.
    async fn trace(&mut self, tenant: TenantId, id: ExecutionId) -> Option<Vec<SpanData>> {
        let snapshot = match self.engine.execution(tenant, id).await {
            Ok(snapshot) => snapshot,
            // The process ends; how many were dropped is said then.
            Err(RuntimeError::Unavailable) => return None,
            Err(error) => {
                tracing::warn!(execution = %id, %error, "the trace of an execution cannot be made");
                return None;
            }
        };
        let agents = self.agents_of(&snapshot.execution).await;
        let has_content = self.has_content;
        // A long journal takes a while.
        let made =
            spawn_blocking(move || spans_of(&snapshot.execution, &snapshot.journal, &agents, has_content));
        let spans = made.await.ok().flatten();
        if spans.is_none() {
            tracing::warn!(execution = %id, "the trace of an execution cannot be made: its journal is not readable");
        }
        spans
    }

    /// Returns the agents that the nodes of an execution ask, as far as they can be read.
    async fn agents_of(&mut self, execution: &Execution) -> Agents {
        let tenant = execution.accepted().tenant;
        let mut agents = Agents::new();
        for node in &execution.graph().nodes {
            let Some((id, _)) = node.kind.room().skill() else { continue };
            let Some(&version) = execution.accepted().agents.get(&id) else { continue };
            if let Some(agent) = self.agent(tenant, id, version).await {
                agents.insert(id, agent);
            }
        }
        agents
    }

    async fn agent(&mut self, tenant: TenantId, id: AgentId, version: u32) -> Option<Arc<Agent>> {
        if let Some(known) = self.agents.get(&(tenant, id, version)) {
            return known.clone();
        }
        // What the store cannot give now, it may give later.
        let stored = self.engine.store().agent_version(tenant, id, version).await.ok()?;
        let agent = stored.and_then(|record| record.agent().ok()).map(Arc::new);
        if self.agents.len() >= AGENTS_MAX {
            self.agents.clear();
        }
        self.agents.insert((tenant, id, version), agent.clone());
        agent
    }

    async fn send(&self, spans: Vec<SpanData>, executions: u64) {
        if spans.is_empty() {
            return;
        }
        match export(&self.exporter, spans).await {
            Ok(()) => self.counts.add_sent(executions),
            Err(error) => {
                tracing::warn!(
                    error,
                    executions,
                    "traces were not sent and are dropped: check the collector"
                );
                self.counts.add_dropped(executions);
            }
        }
    }
}

/// Sends spans.
///
/// # Errors
/// Why the collector did not take them.
async fn export(exporter: &SpanExporter, spans: Vec<SpanData>) -> Result<(), String> {
    match timeout(EXPORT_TIMEOUT, exporter.export(spans)).await {
        Ok(exported) => exported.map_err(|error| error.to_string()),
        Err(_) => Err(format!("the collector did not respond within {} seconds", EXPORT_TIMEOUT.as_secs())),
    }
}

fn exporter(endpoint: Endpoint, client: reqwest::Client) -> Result<SpanExporter, ExporterBuildError> {
    SpanExporter::builder()
        .with_http()
        .with_http_client(client)
        .with_endpoint(endpoint.0)
        .with_protocol(Protocol::HttpBinary)
        .with_timeout(EXPORT_TIMEOUT)
        .build()
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_collector_that_says_nothing_is_left() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has free ports");
        let address = listener.local_addr().expect("a bound socket has an address");
        let endpoint = Endpoint::parse(&format!("http://{address}")).expect("it is a URL");
        // Another test may have installed it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().build().expect("it can be set up");
        let exporter = exporter(endpoint, client).expect("it is complete");
        let began = Instant::now();

        let exported = export(&exporter, Vec::new()).await;

        assert_eq!(exported, Err("the collector did not respond within 10 seconds".to_owned()));
        assert_eq!(began.elapsed(), EXPORT_TIMEOUT);
        drop(listener);
    }

    #[test]
    fn an_endpoint_without_a_path_has_the_one_of_traces() {
        for (text, endpoint) in [
            ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"),
            ("https://otel.example.org/", "https://otel.example.org/v1/traces"),
            ("https://otel.example.org/api/otlp/v1/traces", "https://otel.example.org/api/otlp/v1/traces"),
        ] {
            assert_eq!(Endpoint::parse(text).map(|read| read.0), Ok(endpoint.to_owned()));
        }
    }

    #[test]
    fn what_is_no_endpoint_says_why() {
        for (text, said) in [
            ("localhost:4318", "scheme is `localhost`"),
            ("collector", "no URL"),
            ("grpc://127.0.0.1:4317", "scheme is `grpc`"),
            ("https://user:secret@otel.example.org", "holds credentials"),
        ] {
            let error = Endpoint::parse(text).expect_err("it is refused").to_string();
            assert!(error.contains(said) && !error.contains("secret@"), "{error}");
        }
    }
}
