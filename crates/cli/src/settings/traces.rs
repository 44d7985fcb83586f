//! What is traced, and where traces go.

use anyhow::bail;
use serde::Deserialize;
use steadflow_core::trace::Sampling;

use super::SettingsFile;
use crate::args::Traces;

/// The part `[traces]` of `steadflow.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TracesTable {
    otlp_endpoint: Option<String>,
    ratio: Option<f64>,
    content: Option<bool>,
}

/// What is traced, and where traces go.
#[derive(Debug)]
pub(crate) struct TraceSettings {
    /// The URL of the collector.
    pub(crate) otlp_endpoint: String,
    pub(crate) sampling: Sampling,
    #[cfg_attr(not(feature = "otel"), expect(dead_code, reason = "only spans have content"))]
    pub(crate) has_content: bool,
}

impl TraceSettings {
    /// Returns the settings; `None` if there is no collector.
    pub(crate) fn new(flags: Traces, file: &SettingsFile) -> anyhow::Result<Option<Self>> {
        let table = &file.traces;
        let ratio = flags.trace_ratio.or(table.ratio).unwrap_or(1.0);
        if !(0.0..=1.0).contains(&ratio) {
            bail!("The setting `trace_ratio` must be from 0 to 1, not {ratio}.");
        }
        let has_content = flags.trace_content || table.content.unwrap_or_default();
        let endpoint = flags.otlp_endpoint.or_else(|| table.otlp_endpoint.clone());
        Ok(endpoint.filter(|url| !url.is_empty()).map(|otlp_endpoint| Self {
            otlp_endpoint,
            sampling: Sampling::of(ratio),
            has_content,
        }))
    }
}
