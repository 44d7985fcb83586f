//! Calls that a server does as a task (the extension `io.modelcontextprotocol/tasks` of 2026-07-28).
//!
//! The call of the tool ends with the handle of the task, which is stored. From then on the server is asked how the task is
//! doing until that has ended, each time with a connection and a right to call of its own: nothing is held in between.
//! Only what the server says of the task ends it. Whatever else fails says nothing of it, so that it can be asked for again.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use serde_json::Map;
use steadflow_core::agent::{Agent, Backend, McpConfig, Skill};
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::ids::AgentId;
use steadflow_core::input_request::{Dialog, InputAnswer, InputRequest};
use steadflow_core::payload::Payload;
use steadflow_core::remote_task::RemoteTask;
use steadflow_core::work::{Outcome, Stop, Work};
use tokio::time::{Instant, sleep, timeout};

use super::super::{find_agent, misconfigured};
use super::client::{Caller, Refused};
use super::conversation::{Conversation, Reach};
use super::input::{Asking, Sent, responses};
use super::message::{Fields, RpcError, shortened, value_of};
use super::output_of;
use crate::nodes::Shared;
use crate::secrets::Keyring;
use crate::slots::Party;

/// Maximum length of the ID of a task, which is sent as a header.
const ID_BYTES_MAX: usize = 1_024;
/// How long a server is left alone between two questions about a task, whatever it asks for.
const POLL_MIN: Duration = Duration::from_secs(1);
const POLL_MAX: Duration = Duration::from_secs(60);
/// The same, if it does not say how long.
const POLL: Duration = Duration::from_secs(5);
/// For how long a server is asked that gives no answer, before the attempt fails.
const SILENT_MAX: Duration = Duration::from_secs(300);
/// How long a task may take for which nothing else has a limit, before the attempt fails.
const TASK_TIME_MAX: Duration = Duration::from_secs(24 * 3_600);

/// The JSON-RPC error of a server that does not know a task (any more).
const INVALID_PARAMS: i64 = -32602;

/// Returns the task that a server does a call as, if `result` says so.
///
/// # Errors
/// A failure of class `rejected` if the task cannot be asked for.
pub(super) fn begun(
    result: &Payload,
    who: &str,
    tool: &str,
    agent: AgentId,
) -> Result<Option<RemoteTask>, Failure> {
    let fields: Fields = serde_json::from_str(result.as_str()).unwrap_or_default();
    if fields.get("resultType").is_none_or(|kind| value_of(kind) != "task") {
        return Ok(None);
    }
    let id = fields.get("taskId").map(value_of).unwrap_or_default();
    match id.as_str() {
        Some(id) if !id.is_empty() && id.len() <= ID_BYTES_MAX => {
            let poll = fields.get("pollIntervalMs").and_then(poll_of).unwrap_or(POLL);
            let poll_ms = u64::try_from(poll.as_millis()).unwrap_or_default();
            Ok(Some(RemoteTask { id: id.into(), agent, poll_ms }))
        }
        Some(id) if id.len() > ID_BYTES_MAX => {
            let bytes = id.len();
            rejected(format!(
                "{who} does the call of `{tool}` as a task whose ID has {bytes} bytes: {ID_BYTES_MAX} are allowed."
            ))
        }
        Some(_) | None => {
            rejected(format!("{who} does the call of `{tool}` as a task, and gives it no ID (`taskId`)."))
        }
    }
}

/// Returns how long a server wants to be left alone, as far as it may; `None` if it does not say.
fn poll_of(given: &Payload) -> Option<Duration> {
    let milliseconds = value_of(given).as_f64().filter(|number| number.is_finite())?;
    let seconds = (milliseconds / 1_000.0).clamp(POLL_MIN.as_secs_f64(), POLL_MAX.as_secs_f64());
    Some(Duration::from_secs_f64(seconds))
}

fn rejected<T>(message: String) -> Result<T, Failure> {
    Err(Failure::new(ErrorClass::Rejected, message))
}

/// Asks the server that an agent is to end a task.
pub(crate) async fn cancel_task(
    shared: &Shared,
    stop: &Stop,
    work: &Work,
    (id, version): (AgentId, Option<u32>),
    keyring: &mut Keyring<'_>,
) -> Outcome {
    match find_agent(shared, work.tenant, id, version).await {
        Ok(agent) => cancel_task_of(shared, stop, work, &agent, keyring).await,
        Err(failure) => not_cancelled(work, failure),
    }
}

/// Asks the server that `agent` is to end a task.
pub(in crate::agent) async fn cancel_task_of(
    shared: &Shared,
    stop: &Stop,
    work: &Work,
    agent: &Agent,
    keyring: &mut Keyring<'_>,
) -> Outcome {
    let Some(task) = &work.remote_task else { return Outcome::completed(Payload::null()) };
    keyring.hide(&task.id);
    let party = Party { flow: work.flow, peer: task.agent.to_string().into() };
    let slot = shared.slots.acquire_unless(stop, party).await;
    let cancelling = async {
        let reach = Reach::of(config_of(agent)?, shared, keyring)?;
        let caller = Caller { shared, slot: &slot, work, keyring };
        let mut conversation = Conversation::resume(caller, reach).await?;
        conversation.ask_task("tasks/cancel", &task.id, Map::new()).await.map(drop).map_err(Failure::from)
    };
    let late = || Err(Failure::new(ErrorClass::Timeout, "The server did not respond."));
    match timeout(shared.connect_timeout(), cancelling).await.unwrap_or_else(|_| late()) {
        Ok(()) => Outcome::completed(Payload::null()),
        Err(failure) => not_cancelled(work, failure),
    }
}

/// Nobody waits for the outcome of a cancel, so that it failed is logged.
fn not_cancelled(work: &Work, failure: Failure) -> Outcome {
    tracing::warn!(
        execution.id = %work.execution,
        node.id = %work.node_id,
        agent.id = work.remote_task.as_ref().map(|task| tracing::field::display(task.agent)),
        class = %failure.class,
        status = failure.status,
        "a server could not be asked to cancel a task, which may go on there"
    );
    Outcome::failed(failure)
}

fn config_of(agent: &Agent) -> Result<&McpConfig, Failure> {
    match &agent.backend {
        Backend::Mcp(config) => Ok(config),
        Backend::Http(_) | Backend::Llm(_) => {
            Err(misconfigured(format!("The agent {} is no MCP server, so it has no tasks.", agent.name)))
        }
    }
}

/// A task that is waited for.
pub(in crate::agent) struct Awaiting<'a> {
    pub(in crate::agent) shared: &'a Shared,
    pub(in crate::agent) stop: &'a Stop,
    pub(in crate::agent) work: &'a Work,
    pub(in crate::agent) task: &'a RemoteTask,
    pub(in crate::agent) agent: &'a Agent,
    pub(in crate::agent) skill: &'a Skill,
    pub(in crate::agent) party: Party,
}

/// How a task is doing.
#[derive(Debug)]
enum Progress {
    /// It has not ended. Ask again after this time, if the server says when.
    Working(Option<Duration>),
    /// It waits for what the server asks for, if it says so.
    Asks(Option<Payload>, Option<Duration>),
    /// It waits for what a person has not answered.
    Waits(Vec<InputRequest>),
    /// It has a result.
    Returned(Payload),
    /// It has ended without one, or the server does not know it.
    Failed(Failure),
}

/// Why it is not known how a task is doing.
#[derive(Debug)]
enum Unknown {
    /// It may be known the next time.
    ForNow(Failure),
    /// It will not be.
    ForGood(Failure),
}

impl From<Failure> for Unknown {
    fn from(failure: Failure) -> Self {
        let may_pass = matches!(
            failure.class,
            ErrorClass::Timeout
                | ErrorClass::Connection
                | ErrorClass::RateLimited
                | ErrorClass::Unavailable
                | ErrorClass::Internal
        );
        if may_pass || failure.status == Some(404) { Self::ForNow(failure) } else { Self::ForGood(failure) }
    }
}

impl Awaiting<'_> {
    /// Waits until the task has ended.
    pub(in crate::agent) async fn outcome(self, keyring: &mut Keyring<'_>) -> Outcome {
        let outcome = self.ended(keyring).await;
        if outcome.result.is_err() {
            // What it returns is for whom it was asked for; what a server says of a failure is not.
            keyring.hide(&self.task.id);
        }
        outcome
    }

    async fn ended(&self, keyring: &mut Keyring<'_>) -> Outcome {
        let began = Instant::now();
        let (mut silent_since, mut asked, mut sent) = (None, 0, Sent::default());
        // A server that waits for an answer gets it at once.
        let has_answers = !self.answers().is_empty();
        let mut pause = if has_answers { Duration::ZERO } else { Duration::from_millis(self.task.poll_ms) };
        loop {
            asked += 1;
            sleep(self.jittered(pause, asked).min(self.time_left(began))).await;
            match self.look(&mut sent, keyring).await {
                Ok(Progress::Working(poll) | Progress::Asks(_, poll)) => {
                    silent_since = None;
                    pause = poll.unwrap_or(Duration::from_millis(self.task.poll_ms));
                }
                Ok(Progress::Returned(result)) => {
                    let who = self.who();
                    let output = output_of(self.shared, self.skill, &result, &who, keyring).await;
                    return Outcome::new(output);
                }
                Ok(Progress::Waits(requests)) => return self.suspended(requests),
                Ok(Progress::Failed(failure)) => return Outcome::failed(failure),
                Err(Unknown::ForNow(failure)) => {
                    let since = *silent_since.get_or_insert_with(Instant::now);
                    pause = pause.max(POLL_MIN).saturating_mul(2).min(POLL_MAX);
                    if let Some(asked) = failure.retry_after {
                        // The timeout of the attempt says how long is too long.
                        (pause, silent_since) = (pause.max(asked), None);
                    } else if since.elapsed() >= SILENT_MAX {
                        return self.work.failed(failure);
                    }
                }
                Err(Unknown::ForGood(failure)) => return self.work.failed(failure),
            }
            if self.time_left(began).is_zero() {
                let message = format!(
                    "The task of the tool `{}` has not ended within {} hours. Give the node a timeout if it may take longer.",
                    self.skill.name,
                    TASK_TIME_MAX.as_secs() / 3_600
                );
                return self.work.failed(Failure::new(ErrorClass::Timeout, message));
            }
        }
    }

    fn answers(&self) -> &[InputAnswer] {
        self.work.dialog.as_deref().map_or(&[], |dialog| &dialog.answers)
    }

    /// Returns what is left when a person has to answer first.
    fn suspended(&self, requests: Vec<InputRequest>) -> Outcome {
        let dialog = Some(Box::new(Dialog { answers: Vec::new(), requests }));
        let rest = Work { dialog, ..self.work.clone() };
        Outcome { goes_on: Some(Box::new(rest)), ..Outcome::completed(Payload::null()) }
    }

    fn who(&self) -> String {
        format!("the agent {}", self.agent.name)
    }

    /// Returns how long the task may still take, if nothing else limits that.
    fn time_left(&self, began: Instant) -> Duration {
        let is_limited = self.work.stop_at.is_some();
        if is_limited { Duration::MAX } else { TASK_TIME_MAX.saturating_sub(began.elapsed()) }
    }

    /// Returns the pause and up to a tenth of it, so that calls that began together do not ask together for ever.
    fn jittered(&self, pause: Duration, asked: u32) -> Duration {
        let mut hasher = DefaultHasher::new();
        (&self.task.id, self.work.execution, asked).hash(&mut hasher);
        let share = u32::try_from(hasher.finish() % 100).unwrap_or_default();
        pause.saturating_add(pause.min(POLL_MAX) / 1_000 * share)
    }

    /// Asks how the task is doing, once, and sends the answers that the server waits for.
    async fn look(&self, sent: &mut Sent, keyring: &mut Keyring<'_>) -> Result<Progress, Unknown> {
        let Self { shared, stop, work, task, agent, skill, party } = self;
        // The attempt may take long, and the answer to a question may not.
        let work = &Work { has_own_timeout: false, ..(*work).clone() };
        let reach = Reach::of(config_of(agent)?, shared, keyring)?;
        let slot = shared.slots.acquire_unless(stop, party.clone()).await;
        let caller = Caller { shared, slot: &slot, work, keyring };
        let mut conversation = Conversation::resume(caller, reach).await?;
        let who = conversation.who().to_owned();
        let progress = match conversation.ask_task("tasks/get", &task.id, Map::new()).await {
            Ok(answer) => progress_of(&answer, &task.id, &who, &skill.name).map_err(Unknown::ForGood),
            Err(Refused { code: Some(INVALID_PARAMS), failure }) => {
                let message = format!(
                    "{who} does not know the task any more that it had begun for the tool `{}`: what became of it is unknown. {}",
                    skill.name, failure.message
                );
                Ok(Progress::Failed(Failure { message, class: ErrorClass::Connection, ..failure }))
            }
            Err(Refused { failure, .. }) => Err(failure.into()),
        }?;
        let Progress::Asks(requests, poll) = progress else { return Ok(progress) };
        let asking = Asking { who: &who, tool: &skill.name, task };
        let asked = asking.read(requests.as_ref()).map_err(Unknown::ForGood)?;
        let left = sent.left(self.answers(), &asked);
        if left.is_empty() {
            if let Some(refused) = sent.refused.take().filter(|_| sent.is_asked_again(&asked)) {
                return Err(Unknown::ForGood(refused));
            }
            let unanswered = asking.unanswered(&asked, self.answers(), &keyring.scrubber());
            let unanswered = unanswered.map_err(Unknown::ForGood)?;
            let waits = !unanswered.is_empty();
            // What was answered and is asked for may be on its way in the server.
            return Ok(if waits { Progress::Waits(unanswered) } else { Progress::Working(poll) });
        }
        match conversation.ask_task("tasks/update", &task.id, responses(&left)).await {
            Ok(_) => {}
            // It may have them already, which shows in what it asks for the next time.
            Err(Refused { code: Some(_), failure }) => sent.refused = Some(failure),
            Err(Refused { failure, .. }) => return Err(failure.into()),
        }
        sent.add(&left);
        Ok(Progress::Working(poll))
    }
}

/// Returns how a task is doing, as the server says.
fn progress_of(answer: &Payload, id: &str, who: &str, tool: &str) -> Result<Progress, Failure> {
    let Ok(mut fields) = serde_json::from_str::<Fields>(answer.as_str()) else {
        return rejected(format!("{who} does not say how the task of the tool `{tool}` is doing."));
    };
    let mut field = |name: &str| fields.remove(name).map(|field| value_of(&field)).unwrap_or_default();
    let (named, status) = (field("taskId"), field("status"));
    if named.as_str().is_some_and(|named| named != id) {
        return rejected(format!(
            "{who} was asked for a task of the tool `{tool}`, and answered with another."
        ));
    }
    let said = field("statusMessage");
    let said = said.as_str().map(|said| format!(" It says: {}", shortened(said))).unwrap_or_default();
    match status.as_str() {
        Some("working") => Ok(Progress::Working(fields.get("pollIntervalMs").and_then(poll_of))),
        Some("completed") => match fields.remove("result") {
            Some(result) => Ok(Progress::Returned(result)),
            None => rejected(format!(
                "{who} says that the task of the tool `{tool}` has ended, and gives no result."
            )),
        },
        Some("failed") => {
            let failure = match fields.remove("error") {
                Some(error) => RpcError::read(value_of(&error)).failure(who, "tools/call"),
                None => Failure::new(ErrorClass::Rejected, format!("{who} says that the call failed.")),
            };
            let message = format!("The task of the tool `{tool}` failed: {}{said}", failure.message);
            Ok(Progress::Failed(Failure { message, ..failure }))
        }
        Some("cancelled") => {
            let message = format!("{who} has cancelled the task of the tool `{tool}`.{said}");
            Ok(Progress::Failed(Failure::new(ErrorClass::Rejected, message)))
        }
        Some("input_required") => {
            let poll = fields.get("pollIntervalMs").and_then(poll_of);
            Ok(Progress::Asks(fields.remove("inputRequests"), poll))
        }
        _ => {
            let status = shortened(&status.to_string());
            rejected(format!(
                "{who} says that the task of the tool `{tool}` is {status}, which is not understood."
            ))
        }
    }
}
