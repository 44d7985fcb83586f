//! One attempt's work, handed to whoever does it.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::limits::Limits;
use steadflow_core::work::{Outcome, Task, Work};
use tokio::sync::Semaphore;

use crate::action::http_request;
use crate::agent::run_skill;
use crate::directory::AgentDirectory;
use crate::egress::{Egress, EgressError, EgressPolicy, EgressTimeouts, Lookup, SystemLookup};
use crate::secrets::{Keyring, Secrets};

/// What [`Nodes`] are made of.
pub struct NodesConfig {
    /// Where calls may go.
    pub policy: EgressPolicy,
    /// How long calls wait for their peers.
    pub timeouts: EgressTimeouts,
    /// How names become addresses.
    pub lookup: Arc<dyn Lookup>,
    /// Bounds; `output_bytes_max` counts here.
    pub limits: Limits,
    /// How many attempts may call out at once. The others wait their turn, within their own time.
    pub calls_max: usize,
    /// Where agents are found.
    pub agents: Arc<dyn AgentDirectory>,
    /// Where secrets are found.
    pub secrets: Arc<dyn Secrets>,
}

impl NodesConfig {
    /// Returns a configuration with the defaults: public addresses only, the system's resolver, default
    /// limits, any number of calls at once.
    pub fn new(agents: Arc<dyn AgentDirectory>, secrets: Arc<dyn Secrets>) -> Self {
        Self {
            policy: EgressPolicy::default(),
            timeouts: EgressTimeouts::default(),
            lookup: Arc::new(SystemLookup),
            limits: Limits::DEFAULT,
            calls_max: Semaphore::MAX_PERMITS,
            agents,
            secrets,
        }
    }
}

impl fmt::Debug for NodesConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut config = f.debug_struct("NodesConfig");
        config.field("policy", &self.policy).field("timeouts", &self.timeouts).field("limits", &self.limits);
        config.field("calls_max", &self.calls_max);
        config.finish_non_exhaustive()
    }
}

/// Does the work of nodes. Cheap to clone; connections are shared.
#[derive(Clone, Debug)]
pub struct Nodes {
    shared: Arc<Shared>,
}

/// What every attempt may use.
pub(crate) struct Shared {
    pub(crate) egress: Egress,
    pub(crate) limits: Limits,
    calls: Semaphore,
    pub(crate) agents: Arc<dyn AgentDirectory>,
    pub(crate) secrets: Arc<dyn Secrets>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("egress", &self.egress)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl Nodes {
    /// Makes the HTTP client and is ready.
    ///
    /// # Errors
    /// [`EgressError`] if TLS or the client cannot be set up.
    pub fn new(config: NodesConfig) -> Result<Self, EgressError> {
        let egress = Egress::new(config.policy, config.timeouts, config.lookup)?;
        let NodesConfig { limits, calls_max, agents, secrets, .. } = config;
        let calls = Semaphore::new(calls_max.min(Semaphore::MAX_PERMITS));
        Ok(Self { shared: Arc::new(Shared { egress, limits, calls, agents, secrets }) })
    }

    /// Does one attempt's work.
    ///
    /// `echo` is ready at once and allocates nothing. The attempt's own time limit is
    /// the caller's: it drops the future when `stop_at` has come. Needs a tokio runtime with I/O and time for what is
    /// not ready at once.
    pub fn perform(&self, work: Work) -> Performing {
        let ready = match &work.task {
            Task::Echo => Outcome::completed(work.input),
            Task::HttpRequest | Task::Skill { .. } => {
                return Performing::Running(Box::pin(run(Arc::clone(&self.shared), work)));
            }
        };
        Performing::Ready(ready)
    }
}

/// The outcome of [`Nodes::perform`], or the way to it. Dropping it stops the work.
pub enum Performing {
    /// It is done: nothing outside was needed.
    Ready(Outcome),
    /// It needs the world, and time.
    Running(BoxFuture<'static, Outcome>),
}

impl IntoFuture for Performing {
    type Output = Outcome;
    type IntoFuture = BoxFuture<'static, Outcome>;

    fn into_future(self) -> Self::IntoFuture {
        match self {
            Self::Ready(outcome) => Box::pin(std::future::ready(outcome)),
            Self::Running(running) => running,
        }
    }
}

impl fmt::Debug for Performing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ready(_) => "Performing::Ready",
            Self::Running(_) => "Performing::Running",
        })
    }
}

async fn run(shared: Arc<Shared>, work: Work) -> Outcome {
    let _turn = shared.calls.acquire().await.expect("it is never closed");
    let mut keyring = Keyring::new(&*shared.secrets, work.tenant);
    let outcome = match &work.task {
        Task::Skill { agent_id, skill, .. } => {
            run_skill(&shared, &work, *agent_id, skill, &mut keyring).await
        }
        Task::Echo | Task::HttpRequest => match http_request(&shared, &work, &mut keyring).await {
            Ok(output) => Outcome::completed(output),
            Err(failure) => Outcome::failed(failure),
        },
    };
    within_limit(keyring.scrub(outcome), shared.limits.output_bytes_max)
}

fn within_limit(outcome: Outcome, bytes_max: usize) -> Outcome {
    match &outcome.result {
        Ok(output) if output.len() > bytes_max => {
            let message = format!("The output has {} bytes; the limit is {bytes_max} bytes.", output.len());
            Outcome { result: Err(Failure::new(ErrorClass::OutputTooLarge, message)), ..outcome }
        }
        Ok(_) | Err(_) => outcome,
    }
}
