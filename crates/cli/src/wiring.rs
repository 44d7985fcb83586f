//! Store, nodes and engine put together. The only place that knows all three.

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

/// An engine that runs, and what it was made of.
#[derive(Debug)]
pub(crate) struct Wiring {
    pub(crate) engine: Engine,
    /// What does the work of attempts, for calls that have no execution.
    pub(crate) executor: Arc<dyn Executor>,
}

/// Opens a database, and makes it where there is none. Blocks while it recovers.
pub(crate) fn open_store(database: &Database) -> anyhow::Result<Arc<dyn Store>> {
    let Database::Sqlite(path) = database;
    let store = SqliteStore::open(path, SqliteOptions::default())
        .with_context(|| format!("The database {database} could not be opened"))?;
    Ok(Arc::new(store))
}

/// Starts an engine on `store`. Flows may call public addresses and those of `egress_allow`, `calls_max` at once.
pub(crate) async fn start(
    store: Arc<dyn Store>,
    egress_allow: &str,
    calls_max: usize,
) -> anyhow::Result<Wiring> {
    let policy = EgressPolicy::parse(egress_allow)
        .context("The list of addresses that flows may call is not valid")?;
    let agents = Arc::new(StoredAgents(Arc::clone(&store)));
    let config = NodesConfig { policy, calls_max, ..NodesConfig::new(agents, Arc::new(EnvSecrets)) };
    let nodes = Nodes::new(config).context("The HTTP client could not be set up")?;
    let config = EngineConfig { worker: worker_name().into(), ..EngineConfig::default() };
    let executor: Arc<dyn Executor> = Arc::new(NodeExecutor(nodes));
    let engine = Engine::start(config, store, Arc::clone(&executor), Arc::new(SystemClock::new()))
        .await
        .context("The engine could not take over what the database holds")?;
    Ok(Wiring { engine, executor })
}

/// The name under which attempts are recorded: this machine's.
fn worker_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    if name.trim().is_empty() { "steadflow".to_owned() } else { name.trim().to_owned() }
}

/// Hands attempts to the nodes.
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

/// The agents in the database. Read anew for each attempt, so that a change counts from the next one on.
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
            let agent = Agent::parse(&record.document.to_value()).map_err(|faults| {
                let fault = faults.first().map(|fault| format!("{}: {}", fault.pointer, fault.message));
                DirectoryError(format!("agent {id} is not readable: {}", fault.unwrap_or_default()).into())
            })?;
            Ok(Some(Arc::new(agent)))
        })
    }
}
