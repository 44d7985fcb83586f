//! Connects the store, the nodes and the engine. Only this module knows all three.

use std::sync::Arc;

use anyhow::Context;
use futures_util::future::BoxFuture;
use steadflow_core::agent::Agent;
use steadflow_core::ids::{AgentId, TenantId};
use steadflow_core::work::Work;
use steadflow_nodes::{AgentDirectory, DirectoryError, EgressPolicy, EnvSecrets, Nodes, NodesConfig};
use steadflow_runtime::{Engine, EngineConfig, Executor, Performing, SystemClock};
use steadflow_store::Store;
use steadflow_store_sqlite::{SqliteOptions, SqliteStore};

use crate::settings::Database;

/// A running engine and its executor.
#[derive(Debug)]
pub(crate) struct Wiring {
    pub(crate) engine: Engine,
    /// Performs attempts; also used for tests that do not belong to an execution.
    pub(crate) executor: Arc<dyn Executor>,
}

/// Opens a database, or creates it if it does not exist. Blocks during recovery.
pub(crate) fn open_store(database: &Database) -> anyhow::Result<Arc<dyn Store>> {
    let Database::Sqlite(path) = database;
    let store = SqliteStore::open(path, SqliteOptions::default())
        .with_context(|| format!("Could not open the database {database}"))?;
    Ok(Arc::new(store))
}

/// Starts an engine with `store`. Flows may call public addresses and those in `egress_allow`, with up to `calls_max`
/// concurrent calls.
pub(crate) async fn start(
    store: Arc<dyn Store>,
    egress_allow: &str,
    calls_max: usize,
) -> anyhow::Result<Wiring> {
    let policy = EgressPolicy::parse(egress_allow).context("The setting `egress_allow` is not valid")?;
    let agents = Arc::new(StoredAgents(Arc::clone(&store)));
    let config = NodesConfig { policy, calls_max, ..NodesConfig::new(agents, Arc::new(EnvSecrets)) };
    let nodes = Nodes::new(config).context("Could not set up the HTTP client")?;
    let config = EngineConfig {
        worker: worker_name().into(),
        check_agent: steadflow_nodes::schema_faults,
        ..EngineConfig::default()
    };
    let executor: Arc<dyn Executor> = Arc::new(NodeExecutor(nodes));
    let engine = Engine::start(config, store, Arc::clone(&executor), Arc::new(SystemClock::new()))
        .await
        .context("Could not start the engine with this database")?;
    Ok(Wiring { engine, executor })
}

/// Returns the name of the worker that is recorded with attempts: the host name.
fn worker_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    if name.trim().is_empty() { "steadflow".to_owned() } else { name.trim().to_owned() }
}

/// Performs attempts with [`Nodes`].
#[derive(Debug)]
struct NodeExecutor(Nodes);

impl Executor for NodeExecutor {
    fn execute(&self, work: Work) -> Performing {
        match self.0.perform(work) {
            steadflow_nodes::Performing::Ready(outcome) => Performing::Ready(outcome),
            steadflow_nodes::Performing::Running(running) => Performing::Running(running),
        }
    }
}

/// The agents in the database. Each attempt reads its agent, so that changes apply to the next attempt.
struct StoredAgents(Arc<dyn Store>);

impl AgentDirectory for StoredAgents {
    fn agent(
        &self,
        tenant: TenantId,
        id: AgentId,
    ) -> BoxFuture<'_, Result<Option<Arc<Agent>>, DirectoryError>> {
        Box::pin(async move {
            let found = self.0.agent(tenant, id).await.map_err(|error| DirectoryError(Box::new(error)))?;
            let Some(record) = found else { return Ok(None) };
            let agent = record.agent().map_err(|error| DirectoryError(Box::new(error)))?;
            Ok(Some(Arc::new(agent)))
        })
    }
}
