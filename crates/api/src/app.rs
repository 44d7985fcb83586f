//! What every handler has at hand.

use std::sync::Arc;

use axum::http::Uri;
use steadflow_access::{Authenticator, Oauth, People, Rate, SignInWays, Vault};
use steadflow_core::execution::{Execution, ExecutionStatus};
use steadflow_core::ids::{ExecutionId, TenantId};
use steadflow_core::timestamp::Timestamp;
use steadflow_runtime::{Engine, Executor, RuntimeError, TraceCounts};
use steadflow_store::{ExecutionFilter, Page};
use tokio::sync::watch;

use crate::backlog::{Backlog, COPIES_BYTES_MAX, Share, UNREAD_BYTES_MAX};
use crate::body_memory::BodyMemory;
use crate::client_address::ClientAddress;
use crate::environment_secret::EnvironmentSecret;
use crate::feed::Feed;
use crate::heavy::Turns;
use crate::host_guard::{AllowedHosts, is_loopback};
use crate::metrics::Metrics;
use crate::origin::Origin;
use crate::problem::Problem;
use crate::proxies::Proxies;
use crate::rates::AddressRates;
use crate::refusals::Refusals;
use crate::views::entry::id_of;
use crate::views::execution::Later;
use crate::webhooks::{SecretValues, Webhooks};

/// How many retries of an execution are named, the newest ones.
const RETRIES_MAX: usize = 1_000;
/// How many forks of one execution are shown; a list has all of them.
const FORKS_MAX: usize = 100;

/// What an [`App`] is made of. [`AppConfig::new`] gives the defaults; the fields may then be set.
///
/// ```ignore
/// let mut config = AppConfig::new(engine);
/// config.allowed_hosts = vec!["flows.example.com".into()];
/// config.executor = Some(executor);
/// let app = App::new(config);
/// axum::serve(listener, steadflow_api::router(app.clone())).with_graceful_shutdown(async move {
///     stop.await;
///     app.end_streams();
/// }).await?;
/// ```
#[derive(Clone, Debug)]
pub struct AppConfig {
    /// What runs the executions.
    pub engine: Engine,
    /// Names, or names with a port, that clients may call this server by, beside the loopback's.
    pub allowed_hosts: Vec<String>,
    /// The origins whose pages may call this server from a browser, beside its own.
    pub allowed_origins: Vec<Origin>,
    /// The proxies in front of this server. Only these are believed where a client is.
    pub proxies: Option<Proxies>,
    /// Where people find this server, if it is known. Its host is one of the allowed ones.
    pub public_url: Option<Uri>,
    /// The largest request body, in bytes.
    pub body_bytes_max: usize,
    /// How much memory all request bodies may take together, in bytes, with what is made of them. Further ones wait.
    pub body_memory: usize,
    /// What runs a skill for `POST /agents/{id}/execute`; without it that call answers 503.
    pub executor: Option<Arc<dyn Executor>>,
    /// Kills the process as `kill -9` does, for `POST /demo/kill`; without it there is no such endpoint.
    pub kill: Option<fn()>,
    /// Counts traces, where there are any.
    pub traces: Option<Arc<TraceCounts>>,
    /// The values of the secrets that calls of webhooks are signed with. Without them, none is accepted.
    pub secrets: SecretValues,
    /// How often clients of one address may ask, other than those of this machine; without it, as often as they like.
    pub address_rate: Option<Rate>,
    /// What checks credentials. Without it, anyone who reaches the server may do everything.
    pub authenticator: Option<Authenticator>,
    /// How people sign in, where anybody does.
    pub sign_in_ways: SignInWays,
    /// The secrets that are stored; without it, none can be.
    pub vault: Option<Vault>,
    /// What asks for the tokens of OAuth2 secrets; without it, none can be connected.
    pub oauth: Option<Oauth>,
    /// The secrets of the environment, without their values.
    pub environment_secrets: Vec<EnvironmentSecret>,
}

impl AppConfig {
    /// Returns the defaults: loopback names only, bodies of 4 MiB and 512 MiB for all of them, no agent calls, no kill, no credentials.
    pub fn new(engine: Engine) -> Self {
        Self {
            engine,
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            proxies: None,
            public_url: None,
            body_bytes_max: 4 * 1024 * 1024,
            body_memory: 512 * 1024 * 1024,
            executor: None,
            kill: None,
            traces: None,
            secrets: SecretValues::default(),
            address_rate: None,
            authenticator: None,
            sign_in_ways: SignInWays::default(),
            vault: None,
            oauth: None,
            environment_secrets: Vec::new(),
        }
    }
}

/// What every handler has at hand. Clones are handles of the same one.
#[derive(Clone, Debug)]
pub struct App {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    engine: Engine,
    allowed_hosts: AllowedHosts,
    allowed_origins: Vec<Origin>,
    proxies: Option<Proxies>,
    /// Whether browsers are told to come by HTTPS only.
    is_https_only: bool,
    /// Whether cookies are for HTTPS only.
    is_secure: bool,
    /// Those who sign in; `None` where nobody has to.
    people: Option<People>,
    body_bytes_max: usize,
    body_memory: BodyMemory,
    heavy_turns: Turns,
    executor: Option<Arc<dyn Executor>>,
    kill: Option<fn()>,
    metrics: Metrics,
    streams_end: watch::Sender<bool>,
    feed: Feed,
    backlog: Backlog,
    copies: Backlog,
    webhooks: Webhooks,
    refusals: Refusals,
    address_rates: AddressRates,
    authenticator: Option<Authenticator>,
    vault: Option<Vault>,
    oauth: Option<Oauth>,
    environment_secrets: Vec<EnvironmentSecret>,
}

impl App {
    /// Makes the app.
    pub fn new(config: AppConfig) -> Self {
        let mut hosts = config.allowed_hosts;
        hosts.extend(config.public_url.as_ref().and_then(Uri::authority).map(ToString::to_string));
        let store = config.engine.store();
        let ways = config.sign_in_ways;
        let people = config.authenticator.clone().map(|kept| People::new(Arc::clone(store), kept, ways));
        let inner = Inner {
            metrics: Metrics::new(config.traces, config.engine.blobs().is_set_up()),
            feed: Feed::new(config.engine.clone()),
            allowed_hosts: AllowedHosts::new(&hosts, &config.allowed_origins),
            allowed_origins: config.allowed_origins,
            proxies: config.proxies,
            is_https_only: config.public_url.as_ref().is_some_and(is_https_only),
            is_secure: config.public_url.as_ref().is_some_and(is_https),
            people,
            engine: config.engine,
            body_bytes_max: config.body_bytes_max,
            body_memory: BodyMemory::new(config.body_memory),
            heavy_turns: Turns::new(),
            executor: config.executor,
            kill: config.kill,
            streams_end: watch::Sender::new(false),
            backlog: Backlog::new(UNREAD_BYTES_MAX),
            copies: Backlog::new(COPIES_BYTES_MAX),
            webhooks: Webhooks::new(config.secrets),
            refusals: Refusals::default(),
            address_rates: AddressRates::new(config.address_rate),
            authenticator: config.authenticator,
            vault: config.vault,
            oauth: config.oauth,
            environment_secrets: config.environment_secrets,
        };
        Self { inner: Arc::new(inner) }
    }

    /// Ends all event streams, so that open ones do not hold a graceful shutdown up.
    pub fn end_streams(&self) {
        self.inner.streams_end.send_replace(true);
    }

    /// Stores each minute what was refused, in the audit log. It does not end.
    pub async fn keep_refusals(&self) {
        self.inner.refusals.keep(&self.inner.engine).await;
    }

    /// Stores what was refused since the last time: before the database is closed.
    pub async fn store_refusals(&self) {
        self.inner.refusals.store(&self.inner.engine).await;
    }

    pub(crate) fn feed(&self) -> &Feed {
        &self.inner.feed
    }

    /// The room for what clients of `address` have not read yet.
    pub(crate) fn backlog(&self, address: ClientAddress) -> Share {
        self.inner.backlog.share(address)
    }

    /// The room for what streams to clients of `address` keep of the executions that they follow.
    pub(crate) fn copies(&self, address: ClientAddress) -> Share {
        self.inner.copies.share(address)
    }

    pub(crate) fn streams_end(&self) -> watch::Receiver<bool> {
        self.inner.streams_end.subscribe()
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.inner.engine.now()
    }

    pub(crate) fn allowed_hosts(&self) -> &AllowedHosts {
        &self.inner.allowed_hosts
    }

    pub(crate) fn allowed_origins(&self) -> &[Origin] {
        &self.inner.allowed_origins
    }

    pub(crate) fn proxies(&self) -> Option<&Proxies> {
        self.inner.proxies.as_ref()
    }

    /// Whether browsers are told to come by HTTPS only.
    pub(crate) fn is_https_only(&self) -> bool {
        self.inner.is_https_only
    }

    /// Whether people come by HTTPS, so that cookies are for that alone.
    pub(crate) fn is_secure(&self) -> bool {
        self.inner.is_secure
    }

    /// Those who sign in.
    ///
    /// # Errors
    /// A [`Problem`] of its own where nobody has to.
    pub(crate) fn people(&self) -> Result<&People, Problem> {
        self.inner.people.as_ref().ok_or_else(Problem::no_accounts)
    }

    /// What kills the process, if this is a demo.
    pub(crate) fn kill(&self) -> Option<fn()> {
        self.inner.kill
    }

    pub(crate) fn body_bytes_max(&self) -> usize {
        self.inner.body_bytes_max
    }

    pub(crate) fn body_memory(&self) -> &BodyMemory {
        &self.inner.body_memory
    }

    pub(crate) fn heavy_turns(&self) -> &Turns {
        &self.inner.heavy_turns
    }

    pub(crate) fn executor(&self) -> Option<&Arc<dyn Executor>> {
        self.inner.executor.as_ref()
    }

    /// What checks credentials, if anybody has to show one.
    pub(crate) fn authenticator(&self) -> Option<&Authenticator> {
        self.inner.authenticator.as_ref()
    }

    pub(crate) fn webhooks(&self) -> &Webhooks {
        &self.inner.webhooks
    }

    /// How often clients of each address have asked.
    pub(crate) fn address_rates(&self) -> &AddressRates {
        &self.inner.address_rates
    }

    /// What was refused and is not in the audit log yet.
    pub(crate) fn refusals(&self) -> &Refusals {
        &self.inner.refusals
    }

    /// The secrets that are stored, where any can be.
    pub(crate) fn vault(&self) -> Option<&Vault> {
        self.inner.vault.as_ref()
    }

    /// What asks for the tokens of OAuth2 secrets, where any can be.
    pub(crate) fn oauth(&self) -> Option<&Oauth> {
        self.inner.oauth.as_ref()
    }

    pub(crate) fn environment_secrets(&self) -> &[EnvironmentSecret] {
        &self.inner.environment_secrets
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.inner.metrics
    }

    /// Returns what was made of an execution since. Retries are asked for only where it failed or was cancelled: nothing
    /// else can have been retried.
    pub(crate) async fn later(&self, tenant: TenantId, execution: &Execution) -> Result<Later, RuntimeError> {
        let (store, id) = (self.engine().store(), execution.id());
        let retries = match execution.status() {
            ExecutionStatus::Failed | ExecutionStatus::Cancelled => {
                store.retried_by(tenant, id, RETRIES_MAX).await?
            }
            ExecutionStatus::Pending
            | ExecutionStatus::Running
            | ExecutionStatus::Paused
            | ExecutionStatus::Completed => Vec::new(),
        };
        let of =
            ExecutionFilter { tenant: Some(tenant), forked_from: Some(id), ..ExecutionFilter::default() };
        let newest = store.executions(of, Page { before: None, limit: FORKS_MAX }).await?;
        let forks = newest.iter().rev().map(|fork| id_of(fork, |row| row.id.uuid())).map(ExecutionId::new);
        Ok(Later { retries, forks: forks.collect() })
    }
}

fn is_https(public_url: &Uri) -> bool {
    public_url.scheme_str() == Some("https")
}

/// Not on a loopback name: other programs of this machine serve pages there, too.
fn is_https_only(public_url: &Uri) -> bool {
    is_https(public_url) && !public_url.host().is_some_and(is_loopback)
}
