//! The engine's measures.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use steadflow_core::agent::Agent;
use steadflow_core::flow::Fault;
use steadflow_core::ids::TenantId;
use steadflow_core::limits::Limits;

use crate::admission::Capacity;
use crate::blobs::Offload;
use crate::ciphers::{Ciphers, NoCiphers};
use crate::live::LiveTexts;

/// Says whether a tenant has a secret of a name.
#[derive(Clone)]
pub struct HasSecret(pub(super) Arc<Ask>);

type Ask = dyn Fn(TenantId, &str) -> bool + Send + Sync;

impl HasSecret {
    /// Asks `has_secret`, which must not block.
    pub fn new(has_secret: impl Fn(TenantId, &str) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(has_secret))
    }
}

impl fmt::Debug for HasSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HasSecret")
    }
}

/// The engine's measures.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// The name of this worker, as attempts record it.
    pub worker: Arc<str>,
    /// Bounds of documents and executions.
    pub limits: Limits,
    /// What is wrong with an agent beyond its shape, such as a schema that is none.
    pub check_agent: fn(&Agent) -> Vec<Fault>,
    /// Where the arguments of a tool do not fit its JSON Schema, which comes first.
    pub check_arguments: fn(&Value, &Value) -> Vec<Fault>,
    /// Whether a tenant has a secret with this name. The engine never sees values.
    pub has_secret: HasSecret,
    /// What encrypts the data of executions whose flow says that some of it is sensitive.
    pub ciphers: Arc<dyn Ciphers>,
    /// Where long records go.
    pub blobs: Offload,
    /// The names of the local commands that agents may name.
    pub commands: Arc<BTreeSet<Arc<str>>>,
    /// Where people find the studio, without a slash at the end; empty if that is not known.
    pub public_url: Arc<str>,
    /// How long the lease of a worker lasts without renewal.
    pub lease_ttl: Duration,
    /// Calls that may wait for the engine's loop. Each is taken within a turn, which is milliseconds; a few turns' worth
    /// keep the loop busy, and more would only hide that it does not keep up.
    pub calls_max: usize,
    /// What executions in memory may take before new ones are refused.
    pub capacity: Capacity,
    /// How long a call waits for a place among these before it is refused as unavailable.
    pub call_wait_max: Duration,
    /// What models write while they write it. The executor fills it, and readers ask the engine for it.
    pub texts: LiveTexts,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            worker: "steadflow".into(),
            limits: Limits::DEFAULT,
            check_agent: |_| Vec::new(),
            check_arguments: |_, _| Vec::new(),
            has_secret: HasSecret::new(|_, _| true),
            ciphers: Arc::new(NoCiphers),
            blobs: Offload::default(),
            commands: Arc::default(),
            public_url: "".into(),
            lease_ttl: Duration::from_secs(15),
            calls_max: 2_048,
            capacity: Capacity::DEFAULT,
            call_wait_max: Duration::from_secs(5),
            texts: LiveTexts::default(),
        }
    }
}
