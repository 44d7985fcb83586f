//! Traces of executions, where the build has them.

use std::sync::Arc;

use steadflow_runtime::{Engine, TraceCounts};

use crate::settings::TraceSettings;

/// What makes and sends traces.
#[derive(Debug)]
pub(crate) struct Traces {
    #[cfg(feature = "otel")]
    telemetry: steadflow_telemetry::Telemetry,
}

#[cfg(feature = "otel")]
impl Traces {
    /// How long the last traces may take when the server stops.
    const GRACE: std::time::Duration = std::time::Duration::from_secs(5);

    pub(crate) fn start(engine: &Engine, settings: &TraceSettings) -> anyhow::Result<Self> {
        use anyhow::Context;
        use steadflow_telemetry::{Endpoint, Telemetry, TelemetryConfig};

        let endpoint = Endpoint::parse(&settings.otlp_endpoint)
            .context("The setting `otlp_endpoint` is not a collector of OpenTelemetry")?;
        let tls = steadflow_nodes::tls_config().context("Could not set up TLS")?;
        let client = reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy().build();
        let telemetry = Telemetry::start(
            engine,
            TelemetryConfig {
                endpoint,
                sampling: settings.sampling,
                has_content: settings.has_content,
                instance: crate::wiring::worker_name(),
                client: client.context("Could not set up the HTTP client of traces")?,
            },
        )?;
        Ok(Self { telemetry })
    }

    pub(crate) fn counts(&self) -> Arc<TraceCounts> {
        self.telemetry.counts()
    }

    pub(crate) async fn stop(self) {
        self.telemetry.stop(Self::GRACE).await;
    }
}

#[cfg(not(feature = "otel"))]
impl Traces {
    pub(crate) fn start(_: &Engine, _: &TraceSettings) -> anyhow::Result<Self> {
        anyhow::bail!(
            "This build sends no traces: it was made without the feature `otel`. Remove `otlp_endpoint`."
        )
    }

    pub(crate) fn counts(&self) -> Arc<TraceCounts> {
        Arc::default()
    }

    pub(crate) async fn stop(self) {}
}
