//! Flow versions in memory: read once, checked once, shared by all their executions.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use parking_lot::Mutex;
use steadflow_core::event::Record;
use steadflow_core::execution::{Execution, FlowVersion};
use steadflow_core::flow::Flow;
use steadflow_core::ids::{ExecutionId, FlowId};
use steadflow_core::limits::Limits;
use steadflow_store::{FlowFilter, FlowVersionRecord, Page, Store, StoreError, Stored, Worker};

use crate::shard::{Loaded, Recovered};

/// Flow versions by id and number. Versions never change, so nothing here grows stale.
#[derive(Debug)]
pub(crate) struct FlowVersions {
    limits: Limits,
    versions: Mutex<HashMap<(FlowId, u32), Arc<FlowVersion>>>,
}

impl FlowVersions {
    /// Versions that are kept in memory; beyond that all are dropped, and read again when needed.
    const KEPT_MAX: usize = 10_000;

    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, versions: Mutex::default() }
    }

    pub(crate) const fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(crate) async fn version(
        &self,
        store: &dyn Store,
        flow: FlowId,
        version: u32,
    ) -> Result<Option<Arc<FlowVersion>>, StoreError> {
        if let Some(known) = self.versions.lock().get(&(flow, version)) {
            return Ok(Some(Arc::clone(known)));
        }
        let Some(record) = store.flow_version(flow, version).await? else { return Ok(None) };
        let read = Arc::new(self.read(&record)?);
        let mut versions = self.versions.lock();
        if versions.len() >= Self::KEPT_MAX {
            versions.clear();
        }
        Ok(Some(Arc::clone(versions.entry((flow, version)).or_insert(read))))
    }

    fn read(&self, record: &FlowVersionRecord) -> Result<FlowVersion, StoreError> {
        let flow =
            Flow::parse(&record.document.to_value(), &self.limits).map_err(|faults| StoreError::Corrupt {
                what: format!("version {} of flow {}", record.version, record.flow),
                reason: faults
                    .first()
                    .map_or_else(String::new, |fault| format!("{}: {}", fault.pointer, fault.message)),
            })?;
        let FlowVersionRecord { tenant, flow: flow_id, version, .. } = *record;
        Ok(FlowVersion { tenant, flow_id, version, flow, limits: self.limits })
    }

    /// Rebuilds an execution from what is stored of it.
    pub(crate) async fn replay(&self, store: &dyn Store, stored: Stored) -> Result<Loaded, StoreError> {
        let corrupt =
            |reason: String| StoreError::Corrupt { what: format!("execution {}", stored.id), reason };
        let parsed: Result<Vec<Record>, _> =
            stored.records.iter().map(|text| serde_json::from_str(text)).collect();
        let records = parsed.map_err(|error| corrupt(error.to_string()))?;
        let Some(steadflow_core::event::Event::Accepted(accepted)) =
            records.first().and_then(|first| first.2.first())
        else {
            return Err(corrupt("its journal does not begin with an acceptance".into()));
        };
        let (flow, version) = (accepted.flow, accepted.version);
        let pinned = self.version(store, flow, version).await?;
        let pinned =
            pinned.ok_or_else(|| corrupt(format!("version {version} of its flow {flow} is gone")))?;
        let execution =
            Execution::replay(stored.id, pinned, records).map_err(|error| corrupt(error.to_string()))?;
        Ok(Loaded { execution, journal: stored.records })
    }

    /// Takes a parked execution for `worker`.
    pub(crate) async fn take(
        &self,
        store: &dyn Store,
        worker: Worker,
        id: ExecutionId,
    ) -> Result<Option<Loaded>, StoreError> {
        match store.take(worker, id).await? {
            Some(stored) => self.replay(store, stored).await.map(Some),
            None => Ok(None),
        }
    }

    /// Reads what the store holds from before. An execution that cannot be read is left alone, and said so.
    pub(crate) async fn recovered(&self, store: &dyn Store, worker: Worker) -> Result<Recovered, StoreError> {
        let mut recovered = Recovered { slots: store.slots().await?, ..Recovered::default() };
        for stored in store.recover(worker).await? {
            match self.replay(store, stored).await {
                Ok(loaded) => recovered.executions.push(loaded),
                Err(StoreError::Corrupt { what, reason }) => {
                    tracing::error!(what, reason, "not readable; it is left alone: run `steadflow doctor`");
                }
                Err(error) => return Err(error),
            }
        }
        recovered.queued = store.queued().await?;
        let waiting: BTreeSet<FlowId> = recovered.queued.iter().map(|(flow, _)| *flow).collect();
        if !waiting.is_empty() {
            let all = Page { before: None, limit: usize::MAX };
            for flow in store.flows(FlowFilter::default(), all).await? {
                if waiting.contains(&flow.id) {
                    let limit = self.version(store, flow.id, flow.version).await?;
                    let limit = limit.and_then(|version| version.flow.settings.max_concurrent_executions);
                    recovered.limits.push((flow.id, limit));
                }
            }
        }
        Ok(recovered)
    }
}
