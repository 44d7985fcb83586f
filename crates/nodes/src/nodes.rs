//! Performs the work of attempts.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::flow::{Fault, Flow};
use steadflow_core::limits::Limits;
use steadflow_core::live::{TextSinks, Unread};
use steadflow_core::node::HttpInput;
use steadflow_core::trace::Sampling;
use steadflow_core::trial::Question;
use steadflow_core::work::{Outcome, Stop, Summarizing, Task, Work};

use crate::action::{http_request, send_message};
use crate::agent::{
    Commands, Eras, Fits, McpCommands, Wanted, answer_question, ask_judge, call_tool, cancel_task,
    list_tools, run_skill,
};
use crate::client::GuardedClient;
use crate::code::{CodeConfig, Sandboxes, faults_of, run_code};
use crate::directory::AgentDirectory;
use crate::egress::{
    Answer, Egress, EgressConfig, EgressError, EgressPolicy, EgressProxy, EgressTimeouts, Lookup,
    OwnListeners, Request, SystemLookup,
};
use crate::farewell::{Farewell, Farewells};
use crate::mail::MailServer;
use crate::responses::{Responses, Share};
use crate::schema::Checks;
use crate::secrets::{Keyring, Scrubbers, Secrets, Supply};
use crate::slots::{Slot, Slots};

/// The configuration of [`Nodes`].
pub struct NodesConfig {
    /// Which addresses may be called.
    pub policy: EgressPolicy,
    /// The listeners of this server, which are never called.
    pub own: OwnListeners,
    /// The time limits of calls.
    pub timeouts: EgressTimeouts,
    /// The name resolution.
    pub lookup: Arc<dyn Lookup>,
    /// The proxy that calls use.
    pub proxy: Option<EgressProxy>,
    /// The limits; only `output_bytes_max` is used here.
    pub limits: Limits,
    /// The maximum number of concurrent outgoing calls. Each flow and each peer has a share of it; further calls wait, and the
    /// wait counts towards their timeout.
    pub calls_max: usize,
    /// How much memory the responses of all calls may take while they arrive, in bytes. Each flow and each peer has a share
    /// of it; further ones wait, and the wait counts towards their timeout.
    pub response_memory: usize,
    /// The directory of agents.
    pub agents: Arc<dyn AgentDirectory>,
    /// The source of secrets.
    pub secrets: Arc<dyn Secrets>,
    /// The local commands that agents may name.
    pub commands: McpCommands,
    /// Where code of flows runs.
    pub code: CodeConfig,
    /// Where mail is handed over; `None` if none is sent.
    pub mail: Option<MailServer>,
    /// What takes the text of models while they write it.
    pub texts: Arc<dyn TextSinks>,
    /// Which executions are traced; `None` if calls carry no trace context.
    pub traces: Option<Sampling>,
}

impl NodesConfig {
    /// Returns a configuration with the defaults: public addresses only, the resolver of the operating system, no proxy, default
    /// limits, any number of concurrent calls, 128 MiB for their responses, no local commands, no code, no mail,
    /// nobody who listens to models, and no traces.
    pub fn new(agents: Arc<dyn AgentDirectory>, secrets: Arc<dyn Secrets>) -> Self {
        Self {
            policy: EgressPolicy::default(),
            own: OwnListeners::default(),
            timeouts: EgressTimeouts::default(),
            lookup: Arc::new(SystemLookup),
            proxy: None,
            limits: Limits::DEFAULT,
            calls_max: usize::MAX,
            response_memory: 128 * 1024 * 1024,
            agents,
            secrets,
            commands: McpCommands::default(),
            code: CodeConfig::default(),
            mail: None,
            texts: Arc::new(Unread),
            traces: None,
        }
    }
}

impl fmt::Debug for NodesConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut config = f.debug_struct("NodesConfig");
        config.field("policy", &self.policy).field("timeouts", &self.timeouts).field("limits", &self.limits);
        config.field("proxy", &self.proxy).field("calls_max", &self.calls_max);
        config.finish_non_exhaustive()
    }
}

/// Performs the work of nodes. Cheap to clone; connections are shared.
#[derive(Clone, Debug)]
pub struct Nodes {
    shared: Arc<Shared>,
}

/// Resources that all attempts share.
pub(crate) struct Shared {
    egress: Egress,
    pub(crate) limits: Limits,
    pub(crate) slots: Arc<Slots>,
    responses: Responses,
    pub(crate) agents: Arc<dyn AgentDirectory>,
    /// How requests are written for the models of agents.
    pub(crate) fits: Fits,
    /// What MCP servers speak.
    pub(crate) eras: Eras,
    pub(crate) commands: Commands,
    pub(crate) code: Sandboxes,
    pub(crate) mail: Option<MailServer>,
    farewells: Farewells,
    pub(crate) checks: Checks,
    secrets: Arc<dyn Secrets>,
    scrubbers: Scrubbers,
    pub(crate) texts: Arc<dyn TextSinks>,
    pub(crate) traces: Option<Sampling>,
}

impl Shared {
    /// Sends a request that holds the secrets of `keyring`, if all of them may be sent to its host. Its response takes the
    /// room of who made the call.
    ///
    /// A redirect keeps them only within the origin of the request, so it never sends one to another host.
    ///
    /// # Errors
    /// A secret may not be sent there, or there is no response.
    pub(crate) async fn send(
        &self,
        request: Request,
        keyring: &Keyring<'_>,
        call: &Slot,
    ) -> Result<Answer, Failure> {
        keyring.check_host(&request.url)?;
        self.egress.send(request, self.share_of(call)).await
    }

    /// Returns the room for the responses of a call.
    pub(crate) fn share_of(&self, call: &Slot) -> Share {
        self.responses.share_of(call.party().clone())
    }

    /// Returns how long a service may take for what says nothing of its work.
    pub(crate) const fn connect_timeout(&self) -> Duration {
        self.egress.connect_timeout()
    }

    /// Returns how long a service may be silent, where nothing else limits a call.
    pub(crate) const fn idle_timeout(&self) -> Duration {
        self.egress.idle_timeout()
    }

    /// Returns what sends the last requests of a call, to where it has sent others.
    pub(crate) fn farewell(&self, call: &Slot) -> Farewell {
        let share = self.share_of(call);
        Farewell { farewells: self.farewells.clone(), egress: self.egress.clone(), share }
    }
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
    /// Creates the HTTP client.
    ///
    /// # Errors
    /// [`EgressError`] if TLS or the client cannot be set up.
    pub fn new(config: NodesConfig) -> Result<Self, EgressError> {
        let NodesConfig {
            policy, own, timeouts, lookup, proxy, limits, agents, secrets, texts, traces, ..
        } = config;
        let egress = Egress::new(EgressConfig { policy, own, timeouts, lookup, proxy })?;
        Ok(Self {
            shared: Arc::new(Shared {
                egress,
                limits,
                slots: Slots::new(config.calls_max),
                responses: Responses::new(config.response_memory),
                agents,
                fits: Fits::default(),
                eras: Eras::default(),
                commands: Commands::new(config.commands),
                code: Sandboxes::new(config.code),
                mail: config.mail,
                farewells: Farewells::default(),
                checks: Checks::default(),
                secrets,
                scrubbers: Scrubbers::default(),
                texts,
                traces,
            }),
        })
    }

    /// Performs the work of one attempt.
    ///
    /// `echo` is ready immediately and allocates nothing. The caller enforces the timeout of the attempt by dropping the
    /// future at `stop_at`. Unless the result is ready, this needs a tokio runtime with I/O and time.
    pub fn perform(&self, work: Work) -> Performing {
        let ready = match &work.task {
            Task::Echo => Outcome::completed(work.input),
            Task::HttpRequest
            | Task::Message(_)
            | Task::Code(_)
            | Task::Skill { .. }
            | Task::Turn(_)
            | Task::Summary(_)
            | Task::Tool { .. }
            | Task::Judge(_)
            | Task::CancelTask { .. }
            | Task::ListTools { .. } => {
                let stop = Stop::default();
                let running = run(Arc::clone(&self.shared), stop.clone(), work);
                return Performing::Running(Box::pin(running), stop);
            }
        };
        Performing::Ready(ready)
    }

    /// Finds code of `flow` that is not JavaScript, with JSON pointers. Needs a tokio runtime with I/O and time.
    ///
    /// # Errors
    /// Why it could not be checked, which says nothing about the flow.
    pub async fn code_faults(&self, flow: &Flow) -> Result<Vec<Fault>, Failure> {
        faults_of(&self.shared.code, flow).await
    }

    /// Returns the client for calls of the server itself, which may call what flows may call.
    pub fn client(&self) -> GuardedClient {
        GuardedClient::new(self.shared.egress.clone(), self.shared.responses.clone())
    }

    /// Returns whether there is a server for mail.
    pub fn sends_mail(&self) -> bool {
        self.shared.mail.is_some()
    }

    /// Asks an agent that need not be stored. Otherwise as [`Self::perform`].
    pub fn ask(&self, question: Question) -> Performing {
        let (shared, stop) = (Arc::clone(&self.shared), Stop::default());
        let asked = stop.clone();
        let running = async move {
            let tenant = question.work.tenant;
            let mut supply = Supply::new(&*shared.secrets, tenant);
            loop {
                let mut keyring = Keyring::new(&*shared.secrets, &shared.scrubbers, tenant);
                supply.hide_refused(&mut keyring);
                let outcome = answer_question(&shared, &asked, &question, &mut keyring).await;
                if let Some(outcome) = supply.outcome(outcome, &keyring).await {
                    return within_limit(keyring.scrub(outcome), shared.limits.output_bytes_max);
                }
            }
        };
        Performing::Running(Box::pin(running), stop)
    }
}

/// The outcome of [`Nodes::perform`], or a future for it. Dropping it stops the work.
pub enum Performing {
    /// The outcome is available without a call.
    Ready(Outcome),
    /// A call is necessary. From when the second part is set, it begins none.
    Running(BoxFuture<'static, Outcome>, Stop),
}

impl IntoFuture for Performing {
    type Output = Outcome;
    type IntoFuture = BoxFuture<'static, Outcome>;

    fn into_future(self) -> Self::IntoFuture {
        match self {
            Self::Ready(outcome) => Box::pin(std::future::ready(outcome)),
            Self::Running(running, _) => running,
        }
    }
}

impl fmt::Debug for Performing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ready(_) => "Performing::Ready",
            Self::Running(..) => "Performing::Running",
        })
    }
}

async fn run(shared: Arc<Shared>, stop: Stop, work: Work) -> Outcome {
    let mut supply = Supply::new(&*shared.secrets, work.tenant);
    let outcome = loop {
        let mut keyring = Keyring::new(&*shared.secrets, &shared.scrubbers, work.tenant);
        supply.hide_refused(&mut keyring);
        let outcome = done(&shared, &stop, &work, &mut keyring).await;
        if let Some(outcome) = supply.outcome(outcome, &keyring).await {
            break within_limit(keyring.scrub(outcome), shared.limits.output_bytes_max);
        }
    };
    // What is left is left of the whole work, of which some of the above does only a part.
    let rest =
        |rest: Box<Work>| Box::new(Work { remote_task: rest.remote_task, dialog: rest.dialog, ..work });
    Outcome { goes_on: outcome.goes_on.map(rest), ..outcome }
}

/// Does the work with the secrets that there are.
async fn done(shared: &Shared, stop: &Stop, work: &Work, keyring: &mut Keyring<'_>) -> Outcome {
    match &work.task {
        Task::Skill { agent_id, version, skill } => {
            let wanted = Wanted { agent: *agent_id, version: *version, skill };
            run_skill(shared, stop, work, wanted, keyring).await
        }
        Task::Turn(turn) => {
            let wanted = Wanted { agent: turn.agent_id, version: turn.version, skill: &turn.skill };
            run_skill(shared, stop, work, wanted, keyring).await
        }
        Task::Summary(summary) => {
            let Summarizing { agent_id, version, skill, .. } = &**summary;
            let wanted = Wanted { agent: *agent_id, version: *version, skill };
            run_skill(shared, stop, work, wanted, keyring).await
        }
        Task::Tool { .. } => call_tool(shared, stop, work, keyring).await,
        Task::Judge(_) => ask_judge(shared, stop, work, keyring).await,
        Task::CancelTask { agent_id, version } => {
            cancel_task(shared, stop, work, (*agent_id, *version), keyring).await
        }
        Task::ListTools { agent_id, version } => {
            list_tools(shared, stop, work, (*agent_id, *version), keyring)
                .await
                .map_or_else(Outcome::failed, Outcome::completed)
        }
        Task::Code(script) => run_code(&shared.code, shared.limits.output_bytes_max, stop, work, script)
            .await
            .map_or_else(Outcome::failed, Outcome::completed),
        Task::Message(channel) => send_message(shared, stop, work, *channel, keyring)
            .await
            .map_or_else(Outcome::failed, Outcome::completed),
        Task::Echo | Task::HttpRequest => http_request(shared, stop, work, HttpInput::read, keyring)
            .await
            .map_or_else(Outcome::failed, Outcome::completed),
    }
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
