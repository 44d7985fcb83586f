//! Connects the store, the nodes and the engine. Only this module knows all three.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Context, bail};
use futures_util::future::BoxFuture;
use steadflow_access::{MasterKeys, Oauth, Vault};
use steadflow_api::{EnvironmentSecret, SecretValues};
use steadflow_core::agent::Agent;
use steadflow_core::flow::Flow;
use steadflow_core::ids::{AgentId, TenantId};
use steadflow_core::session::{SessionId, SessionPart, SessionSummary, SessionTurn};
use steadflow_core::trace::Sampling;
use steadflow_core::trial::Question;
use steadflow_core::work::Work;
use steadflow_nodes::{
    AgentDirectory, CodeConfig, DirectoryError, EgressPolicy, GuardedClient, Nodes, NodesConfig,
};
use steadflow_runtime::{
    Capacity, Engine, EngineConfig, Executor, FaultsFuture, HasSecret, LiveTexts, Performing, SystemClock,
};
use steadflow_store::{Store, StoreError};
use steadflow_store_postgres::{PostgresOptions, PostgresStore};
use steadflow_store_sqlite::{SqliteOptions, SqliteStore};

use crate::ciphers::VaultCiphers;
use crate::memory;
use crate::secrets::{self, AllSecrets};
use crate::settings::{Access, Database, SUPERVISOR};

/// The part of all memory that responses to outgoing calls may take while they arrive.
const RESPONSE_SHARE: u64 = 32;
/// How many processes run code at the same time, at least: one of a flow that takes long leaves room for others.
const CODE_PROCESSES_MIN: usize = 4;

/// A running engine and its executor.
#[derive(Debug)]
pub(crate) struct Wiring {
    pub(crate) engine: Engine,
    /// Performs attempts; also used for tests that do not belong to an execution.
    pub(crate) executor: Arc<dyn Executor>,
    /// What the server itself calls others with.
    pub(crate) client: GuardedClient,
    /// The values of secrets, for signatures of webhooks.
    pub(crate) secrets: SecretValues,
    /// The secrets that are stored, where any can be.
    pub(crate) vault: Option<Vault>,
    /// What asks for the tokens of OAuth2 secrets, where any can be stored.
    pub(crate) oauth: Option<Oauth>,
    /// The secrets of the environment, without their values.
    pub(crate) environment: Vec<EnvironmentSecret>,
}

/// Opens a database, or creates it if it does not exist. Blocks during recovery.
pub(crate) async fn open_store(database: &Database) -> anyhow::Result<Arc<dyn Store>> {
    open_store_up_to(database, None).await
}

/// Opens a database that is there already.
pub(crate) async fn open_present(database: &Database) -> anyhow::Result<Arc<dyn Store>> {
    if let Database::Sqlite(path) = database
        && !path.exists()
    {
        bail!("There is no database at {}.", path.display());
    }
    open_store(database).await
}

/// As [`open_store`], for a database of up to `pages_max` pages of 4 KiB. A database of PostgreSQL has no such limit.
pub(crate) async fn open_store_up_to(
    database: &Database,
    pages_max: Option<u32>,
) -> anyhow::Result<Arc<dyn Store>> {
    let context = || format!("Could not open the database {database}");
    Ok(match database {
        Database::Sqlite(path) => {
            let options = SqliteOptions { pages_max, ..SqliteOptions::default() };
            Arc::new(SqliteStore::open(path, options).with_context(context)?)
        }
        Database::Postgres(_) if pages_max.is_some() => {
            bail!(
                "The setting `database_max_mib` is for SQLite. Limit the room of PostgreSQL in its own settings."
            )
        }
        Database::Postgres(options) => {
            Arc::new(PostgresStore::open(PostgresOptions::clone(options)).await.with_context(context)?)
        }
    })
}

/// Starts an engine with `store`. Flows make up to `calls_max` concurrent calls, and those of executions that are traced
/// carry their trace. The lease of this process lasts for `lease_ttl` without renewal.
pub(crate) async fn start(
    store: Arc<dyn Store>,
    access: Access,
    calls_max: usize,
    traces: Option<Sampling>,
    lease_ttl: Duration,
) -> anyhow::Result<Wiring> {
    let Access { blobs, egress, secrets, master_key, commands, mail, public_url } = access;
    let vault = match master_key {
        Some(keys) => Some(open_vault(&store, keys).await?),
        None => None,
    };
    let ciphers = Arc::new(VaultCiphers(vault.clone()));
    let environment = secrets.listed();
    let secrets = Arc::new(AllSecrets { vault: vault.clone(), environment: secrets, oauth: OnceLock::new() });
    let names = commands.commands.keys().map(|name| name.as_str().into()).collect();
    let policy = EgressPolicy::parse(&egress.allow).context("The setting `egress_allow` is not valid")?;
    let agents = Arc::new(StoredAgents(Arc::clone(&store)));
    let (proxy, texts) = (egress.proxy, LiveTexts::default());
    let config = NodesConfig {
        policy,
        proxy,
        calls_max,
        response_memory: usize::try_from(memory::limit() / RESPONSE_SHARE).unwrap_or(usize::MAX),
        own: egress.own,
        commands,
        code: code(),
        mail,
        texts: Arc::new(texts.clone()),
        traces,
        ..NodesConfig::new(agents, Arc::clone(&secrets) as _)
    };
    let nodes = Nodes::new(config).context("Could not set up the HTTP client")?;
    let (known, known_tokens) = (Arc::clone(&secrets), Arc::clone(&secrets));
    let config = EngineConfig {
        worker: worker_name().into(),
        check_agent: steadflow_nodes::schema_faults,
        check_arguments: steadflow_nodes::argument_faults,
        ciphers,
        blobs,
        has_secret: HasSecret::new(move |tenant, name| known.is_there(tenant, name)),
        commands: Arc::new(names),
        public_url: public_url.unwrap_or_default().into(),
        capacity: Capacity::of_memory(memory::limit()),
        texts,
        lease_ttl,
        ..EngineConfig::default()
    };
    let client = nodes.client();
    let oauth = vault.clone().map(|vault| secrets::oauth(vault, client.clone()));
    if let Some(oauth) = &oauth {
        known_tokens.oauth.get_or_init(|| oauth.clone());
    }
    let executor: Arc<dyn Executor> = Arc::new(NodeExecutor(nodes));
    let engine = Engine::start(config, store, Arc::clone(&executor), Arc::new(SystemClock::new()))
        .await
        .context("Could not start the engine with this database")?;
    let secrets = SecretValues::new(move |tenant, name| secrets.value(tenant, name));
    Ok(Wiring { engine, executor, client, secrets, vault, oauth, environment })
}

async fn open_vault(store: &Arc<dyn Store>, keys: MasterKeys) -> anyhow::Result<Vault> {
    Vault::open(Arc::clone(store), keys).await.context("Could not open the stored secrets")
}

/// Returns where code of flows runs: in this program, started again. As much as the processors do at the same time is enough.
pub(crate) fn code() -> CodeConfig {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let program = vec![SUPERVISOR[0].into(), steadflow_sandbox::COMMAND.into()];
    CodeConfig { program, processes_max: (2 * processors).max(CODE_PROCESSES_MIN) }
}

/// Returns the name of the worker that is recorded with attempts: the host name.
pub(crate) fn worker_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    if name.trim().is_empty() { "steadflow".to_owned() } else { name.trim().to_owned() }
}

/// Performs attempts with [`Nodes`].
#[derive(Debug)]
struct NodeExecutor(Nodes);

impl Executor for NodeExecutor {
    fn execute(&self, work: Work) -> Performing {
        performing(self.0.perform(work))
    }

    fn ask(&self, question: Question) -> Performing {
        performing(self.0.ask(question))
    }

    fn code_faults<'a>(&'a self, flow: &'a Flow) -> FaultsFuture<'a> {
        Box::pin(self.0.code_faults(flow))
    }

    fn sends_mail(&self) -> bool {
        self.0.sends_mail()
    }
}

fn performing(begun: steadflow_nodes::Performing) -> Performing {
    match begun {
        steadflow_nodes::Performing::Ready(outcome) => Performing::Ready(outcome),
        steadflow_nodes::Performing::Running(running, stop) => Performing::Running(running, stop),
    }
}

/// The agents in the database. A call reads the version that its execution is pinned to.
struct StoredAgents(Arc<dyn Store>);

impl AgentDirectory for StoredAgents {
    fn agent(
        &self,
        tenant: TenantId,
        id: AgentId,
        version: Option<u32>,
    ) -> BoxFuture<'_, Result<Option<Arc<Agent>>, DirectoryError>> {
        Box::pin(async move {
            let found = self.read(tenant, id, version).await;
            found.map(|agent| agent.map(Arc::new)).map_err(|error| DirectoryError(Box::new(error)))
        })
    }

    fn turns(
        &self,
        tenant: TenantId,
        agent: AgentId,
        part: SessionPart,
    ) -> BoxFuture<'_, Result<Vec<SessionTurn>, DirectoryError>> {
        Box::pin(async move {
            let session = SessionId { tenant, agent, key: Arc::clone(&part.key) };
            let turns = self.0.session_turns(session, part.last, part.len(), part.bytes).await;
            turns.map_err(|error| DirectoryError(Box::new(error)))
        })
    }

    fn summary(
        &self,
        tenant: TenantId,
        agent: AgentId,
        key: Arc<str>,
        up_to: u32,
    ) -> BoxFuture<'_, Result<Option<SessionSummary>, DirectoryError>> {
        Box::pin(async move {
            let session = SessionId { tenant, agent, key };
            let summary = self.0.session_summary(session, up_to).await;
            summary.map_err(|error| DirectoryError(Box::new(error)))
        })
    }
}

impl StoredAgents {
    async fn read(
        &self,
        tenant: TenantId,
        id: AgentId,
        version: Option<u32>,
    ) -> Result<Option<Agent>, StoreError> {
        match version {
            Some(version) => {
                self.0.agent_version(tenant, id, version).await?.map(|agent| agent.agent()).transpose()
            }
            None => self.0.agent(tenant, id).await?.map(|agent| agent.agent()).transpose(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use steadflow_core::payload::Payload;
    use steadflow_core::timestamp::Timestamp;
    use steadflow_store::{AgentChange, Catalogue, MemoryStore};

    use super::*;

    #[tokio::test]
    async fn agent_is_read_in_the_version_that_is_asked_for() {
        let store = MemoryStore::default();
        let (tenant, id) = (TenantId::DEFAULT, AgentId::new(uuid::Uuid::from_u128(5)));
        for name in ["first", "second"] {
            let document = json!({ "name": name, "agent_type": "http", "skills": ["score"],
                                   "config": { "endpoint": "https://risk.example.org" } });
            let document = Payload::from_value(&document);
            let change =
                AgentChange { id, tenant, document, at: Timestamp::from_micros(0), if_revision: None };
            store.put_agent(change).await.unwrap();
        }
        let agents = StoredAgents(Arc::new(store));

        let name =
            async |version| agents.agent(tenant, id, version).await.unwrap().map(|agent| agent.name.clone());

        assert_eq!(name(Some(1)).await.as_deref(), Some("first"));
        assert_eq!(name(None).await.as_deref(), Some("second"));
        assert_eq!(name(Some(3)).await, None);
    }
}
