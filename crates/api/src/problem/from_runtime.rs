//! Every mapping from what the engine says to a problem.

use std::error::Error;

use steadflow_core::agent::NoSkill;
use steadflow_core::approval::{Decided, Verdict};
use steadflow_core::caller::{Actor, ActorKind};
use steadflow_core::decision_link::LinkRefused;
use steadflow_core::execution::{ExecutionStatus, Rejected};
use steadflow_core::flow::Fault;
use steadflow_core::ids::{ExecutionId, FlowId};
use steadflow_core::session::SessionHolder;
use steadflow_core::timestamp::Timestamp;
use steadflow_runtime::{QuotaReached, RuntimeError};
use steadflow_store::{FlowDraftRecord, FlowStatus, StoreError, TenantPause};

use super::{Problem, ProblemKind};
use crate::whole_seconds::whole_seconds;

impl From<RuntimeError> for Problem {
    fn from(error: RuntimeError) -> Self {
        match error {
            RuntimeError::NoExecution(id) => {
                Self::new(ProblemKind::NoSuchExecution, format!("There is no execution {id}."))
            }
            RuntimeError::NoFlow(id) => Self::new(ProblemKind::NoSuchFlow, format!("There is no flow {id}.")),
            RuntimeError::NoFlowVersion(id, version) => {
                Self::new(ProblemKind::NoSuchFlow, format!("Flow {id} has no version {version}."))
            }
            RuntimeError::NoTemplate(id) => {
                Self::new(ProblemKind::NoSuchFlow, format!("Flow {id} is no template."))
            }
            RuntimeError::NoAgent(id) => {
                Self::new(ProblemKind::NoSuchAgent, format!("There is no agent {id}."))
            }
            RuntimeError::NoAgentVersion(id, version) => {
                Self::new(ProblemKind::NoSuchAgent, format!("Agent {id} has no version {version}."))
            }
            RuntimeError::NoSession(key) => {
                Self::new(ProblemKind::NoSuchSession, format!("The agent has no session `{key}`."))
            }
            RuntimeError::SessionBusy(holder) => session_busy(&holder),
            RuntimeError::NotLastTurn(last) => not_last_turn(last),
            RuntimeError::NoSkill(no_skill) => without_skill(&no_skill),
            RuntimeError::FlowInvalid(faults) => Self::flow_invalid(faults),
            RuntimeError::StartsOthers(faults) => starts_others(faults),
            RuntimeError::NotChecked(reason) => not_checked(&reason),
            RuntimeError::WebhookTaken(fault) => webhook_taken(fault),
            RuntimeError::NoAlert(id) => no_alert(id),
            RuntimeError::LinkRefused(refused) => refused.into(),
            RuntimeError::TooManyAlerts(max) => too_many_alerts(max),
            RuntimeError::AlertInvalid(faults) => Self::alert_invalid(faults),
            RuntimeError::AgentInvalid(faults) => Self::agent_invalid(faults),
            RuntimeError::VersionConflict(version) => Self::version_conflict(version),
            RuntimeError::NoDraft(id) => no_draft(id),
            RuntimeError::DraftConflict(current) => draft_conflict(current.as_deref()),
            RuntimeError::Rejected(rejected) => rejected.into(),
            RuntimeError::Undoing(id) => undoing(id),
            RuntimeError::RunsBody(parent) => runs_body(parent),
            RuntimeError::NotRetryable(status) => not_retryable(status),
            RuntimeError::NotForkable(faults) => not_forkable(faults),
            RuntimeError::RetryEdits(faults) => not_editable(faults),
            RuntimeError::NoFailures(fingerprint) => no_failures(&fingerprint),
            RuntimeError::TooManyNotes(max) => too_many_notes(max),
            RuntimeError::EverythingPaused(pause) => everything_paused(&pause),
            RuntimeError::NothingPaused => {
                Self::new(ProblemKind::NothingPaused, "Nothing is paused, so there is nothing to resume.")
            }
            RuntimeError::FlowNotStartable(status) => not_startable(status),
            RuntimeError::KeyReused => key_reused(),
            RuntimeError::ContextId(reason) => context_id(&reason),
            RuntimeError::TriggerDataUnfit(faults) => trigger_data_unfit(faults),
            RuntimeError::QueuePlace(reason) => queue_place(&reason),
            RuntimeError::NoCipher(reason) => Self::new(ProblemKind::NoMasterKey, reason.to_string()),
            RuntimeError::TenantDisabled => tenant_disabled(),
            RuntimeError::Quota(reached) => quota_reached(reached),
            RuntimeError::StorageFull => storage_full(),
            RuntimeError::Unavailable => unavailable(),
            RuntimeError::Busy => Self::busy(),
            RuntimeError::Overloaded => overloaded(),
            RuntimeError::Blobs(reason) => blobs_failed(&reason),
            RuntimeError::Store(source) => of_store(&source),
        }
    }
}

fn not_last_turn(last: u32) -> Problem {
    let detail = format!("Only the last turn of a session is written again, and that is turn {last} now.");
    Problem::new(ProblemKind::NotLastTurn, detail)
}

fn no_failures(fingerprint: &str) -> Problem {
    let detail = format!("The flow has no failures `{fingerprint}`, or they are not stored any more.");
    Problem::new(ProblemKind::NoSuchFailures, detail)
}

fn too_many_notes(max: usize) -> Problem {
    let detail = format!("There are {max} already, which is as many as there may be. Delete one first.");
    Problem::new(ProblemKind::TooManyNotes, detail)
}

fn storage_full() -> Problem {
    let detail = "The database has no room left, so nothing was changed. Free some space, then try again.";
    Problem::new(ProblemKind::StorageFull, detail)
}

fn unavailable() -> Problem {
    let detail = "The server is starting or stopping. Try again in a second; with the same Idempotency-Key nothing happens twice.";
    Problem::new(ProblemKind::Unavailable, detail)
}

fn overloaded() -> Problem {
    let detail = "The server has no memory for a further execution, so this one was not started. Try again when others have ended.";
    Problem::new(ProblemKind::Unavailable, detail)
}

/// Data that is in the blob storage cannot be read now, or ever, by the fault of what is set up outside of the database.
fn blobs_failed(reason: &str) -> Problem {
    let detail = "This needs data that is in the blob storage of this server, which does not answer as it should. Try again; if it \
                  stays so, ask the operator: the log says what the storage said.";
    Problem::new(ProblemKind::Unavailable, detail).caused_by(reason.to_owned())
}

fn session_busy(SessionHolder { execution, node }: &SessionHolder) -> Problem {
    let detail = format!(
        "Node `{node}` of execution {execution} has the session. Wait until it has ended, or cancel the execution."
    );
    Problem::new(ProblemKind::SessionBusy, detail)
}

fn tenant_disabled() -> Problem {
    Problem::new(
        ProblemKind::TenantDisabled,
        "The tenant is disabled, so nothing of it starts. Ask the operator of this server.",
    )
}

/// Says what a tenant has used up. Only where it is known when there is some again, the answer says so.
fn quota_reached(reached: QuotaReached) -> Problem {
    let nothing = "so nothing was started";
    match reached {
        QuotaReached::Executions { max } => Problem::new(
            ProblemKind::QuotaExecutions,
            format!(
                "Your tenant may have {max} executions that have not ended, and has as many, {nothing}. Try again when \
                 one has ended, or cancel some."
            ),
        ),
        QuotaReached::Starts { max, wait } => Problem::new(
            ProblemKind::QuotaStarts,
            format!("Your tenant may start {max} executions in a minute, and has, {nothing}. Retry-After says when to try again."),
        )
        .after(whole_seconds(wait)),
        QuotaReached::Bytes { max, used } => Problem::new(
            ProblemKind::QuotaStorage,
            format!(
                "Your tenant may store {max} bytes of executions and conversations, and has {used}, {nothing}. Delete flows or \
                 conversations that are not needed, keep executions for less long, or ask the operator for more."
            ),
        ),
        QuotaReached::Spend { wait, .. } => Problem::new(
            ProblemKind::QuotaSpend,
            format!(
                "The models of your tenant have used what they may in a day of UTC, {nothing}. Retry-After says when the next day \
                 begins."
            ),
        )
        .after(whole_seconds(wait)),
    }
}

fn no_alert(id: uuid::Uuid) -> Problem {
    Problem::new(ProblemKind::NoSuchAlert, format!("There is no alert {id}."))
}

fn too_many_alerts(max: usize) -> Problem {
    let detail = format!(
        "There are {max} alerts already, and there can be no more. Delete one, or let one alert tell of several events."
    );
    Problem::new(ProblemKind::TooManyAlerts, detail)
}

fn key_reused() -> Problem {
    let detail = "This Idempotency-Key was used for another request. Send a new key for a new request, or the same body for \
                  the same one.";
    Problem::new(ProblemKind::KeyReused, detail)
}

fn starts_others(faults: Vec<Fault>) -> Problem {
    let first = faults.first().map(|fault| format!(" At `{}`: {}.", fault.pointer, fault.message));
    let detail = format!(
        "Your key is limited to some flows, and this document starts others.{} Use a key that is for these, too.",
        first.unwrap_or_default()
    );
    Problem::new(ProblemKind::NotAllowed, detail).with_errors(faults)
}

fn queue_place(reason: &str) -> Problem {
    let detail =
        format!("The flow does not say for this trigger data when it starts: {reason}. Nothing was started.");
    Problem::new(ProblemKind::QueuePlace, detail)
}

fn context_id(reason: &str) -> Problem {
    let detail = format!("The flow's `context_id_template` has no value for this trigger data: {reason}.");
    Problem::new(ProblemKind::ContextId, detail)
}

fn trigger_data_unfit(faults: Vec<Fault>) -> Problem {
    let within = |Fault { pointer, message }| Fault { pointer: format!("/trigger_data{pointer}"), message };
    let faults: Vec<Fault> = faults.into_iter().map(within).collect();
    let first =
        faults.first().map(|Fault { pointer, message }| format!("`{pointer}` {message}")).unwrap_or_default();
    let detail =
        format!("The trigger data does not fit the form of the flow, and nothing was started: {first}.");
    Problem::new(ProblemKind::TriggerDataUnfit, detail).with_errors(faults)
}

fn not_checked(reason: &str) -> Problem {
    let detail =
        format!("The code of the flow could not be checked, and nothing was changed. Try again. {reason}");
    Problem::new(ProblemKind::Unavailable, detail)
}

fn webhook_taken(fault: Fault) -> Problem {
    let detail = format!("At `{}`: {}. Nothing was changed.", fault.pointer, fault.message);
    Problem::new(ProblemKind::WebhookTaken, detail).with_errors(vec![fault])
}

fn without_skill(NoSkill { skill, offered }: &NoSkill) -> Problem {
    let detail = format!("The agent has no skill `{skill}`; it has {}.", offered.join(", "));
    Problem::new(ProblemKind::NoSuchAgent, detail)
}

fn runs_body(parent: ExecutionId) -> Problem {
    let detail =
        format!("This execution runs the body of a node. Retry execution {parent}, which started it.");
    Problem::new(ProblemKind::NotRetryable, detail)
}

fn not_forkable(faults: Vec<Fault>) -> Problem {
    let first = faults.first().map_or("it has faults", |fault| fault.message.as_str());
    let others = match faults.len() {
        0 | 1 => String::new(),
        count => format!(" This is the first of {count} reasons."),
    };
    let detail = format!("Nothing was started. {first}.{others}");
    Problem::new(ProblemKind::NotForkable, detail).with_errors(faults)
}

fn not_editable(faults: Vec<Fault>) -> Problem {
    let first = faults.first().map(|fault| fault.message.clone()).unwrap_or_default();
    Problem::new(ProblemKind::OutputNotEditable, format!("Nothing was started. {first}.")).with_errors(faults)
}

fn everything_paused(pause: &TenantPause) -> Problem {
    let reason = pause.reason.as_deref().map_or_else(String::new, |reason| format!(" They say: {reason}"));
    let detail = format!(
        "Everything is paused since {} by {}. `POST /api/v1/studio/resume` resumes it.{reason}",
        pause.at,
        said_of(&pause.by)
    );
    Problem::new(ProblemKind::EverythingPaused, detail)
}

fn not_retryable(status: ExecutionStatus) -> Problem {
    // The seed gives this wording, without a full stop.
    Problem::new(ProblemKind::NotRetryable, format!("Cannot retry execution with status: {status}"))
}

fn no_draft(flow: FlowId) -> Problem {
    Problem::new(ProblemKind::NoSuchFlow, format!("There is no draft of flow {flow}."))
}

fn draft_conflict(current: Option<&FlowDraftRecord>) -> Problem {
    let detail = current.map_or_else(
        || "The draft was saved as a version or discarded meanwhile, so this change was not saved. Read the flow again.".to_owned(),
        |draft| {
            format!(
                "The draft was changed at {} by {}, to revision {}, so this change was not saved. Read the draft again, or replace that \
                 revision.",
                draft.updated_at, draft.updated_by, draft.revision
            )
        },
    );
    Problem::new(ProblemKind::DraftConflict, detail)
}

fn undoing(id: ExecutionId) -> Problem {
    let detail = format!(
        "The flow is archived, but not deleted: execution {id} undoes what its nodes did. Delete the flow when it has ended. To \
         stop that now, cancel the execution once more."
    );
    Problem::new(ProblemKind::WrongStatus, detail)
}

impl From<LinkRefused> for Problem {
    fn from(refused: LinkRefused) -> Self {
        match refused {
            LinkRefused::Unknown => Self::new(
                ProblemKind::NoSuchLink,
                "This link leads to nothing that can be decided on. Check that it is complete, as it was sent to you.",
            ),
            LinkRefused::Expired => Self::new(
                ProblemKind::LinkExpired,
                "This link has expired, so nothing can be decided with it. Ask who sent it for another one.",
            ),
        }
    }
}

impl From<Rejected> for Problem {
    fn from(rejected: Rejected) -> Self {
        match rejected {
            Rejected::Finished(status) => Self::new(
                ProblemKind::ExecutionFinished,
                format!("The execution is {status}, and what has ended does not change."),
            ),
            Rejected::WrongStatus(status) => Self::new(
                ProblemKind::WrongStatus,
                format!("The execution is {status}, which does not allow this."),
            ),
            Rejected::Compensating(end) => Self::new(
                ProblemKind::WrongStatus,
                format!(
                    "The execution is undoing what it did, and will then be {end}. `POST …/stop-compensation` ends it \
                     without the rest."
                ),
            ),
            Rejected::NotCompensating => Self::new(
                ProblemKind::WrongStatus,
                "The execution is not undoing anything. `POST …/cancel` ends one that runs.",
            ),
            Rejected::NoSuchNode(id) => {
                Self::new(ProblemKind::NoSuchNode, format!("The execution has no node `{id}`."))
            }
            Rejected::NoSuchApproval(step) => Self::new(
                ProblemKind::NoSuchApproval,
                format!("The node has no call `{step}` that needs approval."),
            ),
            Rejected::AlreadyDecided(decided) => {
                Self::new(ProblemKind::AlreadyDecided, first_decision(&decided))
            }
            Rejected::OtherArguments => Self::new(
                ProblemKind::OtherArguments,
                "The call has other arguments than those that this decision names. Look at it again, and decide on \
                 what it says now.",
            ),
            Rejected::StaleAttempt | Rejected::StaleChild | Rejected::NotWaiting => Self::new(
                ProblemKind::NotWaiting,
                "The node is not waiting for this. Look at the execution: it may have gone on by itself.",
            ),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        RuntimeError::from(error).into()
    }
}

impl Problem {
    /// Returns what a person may know about a decision who may not know who made it.
    pub(crate) fn decided_by_others(decided: &Decided) -> Self {
        let Decided { verdict, at, .. } = decided;
        let detail = match verdict {
            Verdict::Expired => nobody_decided(*at),
            Verdict::Approved { .. } | Verdict::Rejected | Verdict::Cancelled => {
                format!("It was {} at {at}, and is decided on once.", verdict.as_str())
            }
        };
        Self::new(ProblemKind::AlreadyDecided, detail)
    }
}

fn nobody_decided(at: Timestamp) -> String {
    format!("Nobody decided in time: the wait ended at {at}, and the execution has gone on by itself.")
}

/// Says what was decided on a call, by whom and when.
fn first_decision(decided: &Decided) -> String {
    let Decided { verdict, comment, by, at } = decided;
    if *verdict == Verdict::Expired {
        return nobody_decided(*at);
    }
    let by = said_of(by);
    let comment = comment.as_deref().map_or_else(String::new, |comment| format!(" It says: {comment}"));
    format!("It was {} by {by} at {at}, and is decided on once.{comment}", verdict.as_str())
}

/// Says who acted, as `user eva` or `ann@example.com (link)`.
fn said_of(Actor { kind, id }: &Actor) -> String {
    match (kind, id) {
        (ActorKind::Link, Some(id)) => format!("{id} (link)"),
        (ActorKind::Link, None) => "a link".to_owned(),
        (kind, Some(id)) => format!("{} {id}", kind.as_str()),
        (kind, None) => kind.as_str().to_owned(),
    }
}

fn not_startable(status: FlowStatus) -> Problem {
    let detail = format!("The flow is {status}. Activate it to start executions of it.");
    Problem::new(ProblemKind::FlowNotStartable, detail)
}

fn of_store(error: &StoreError) -> Problem {
    let problem = match error {
        StoreError::Corrupt { what, reason } => Problem::new(
            ProblemKind::Damaged,
            format!(
                "The stored {what} cannot be read: {reason}. Nothing else is affected. Delete it, or restore the \
                 database from a backup; `steadflow doctor` checks all that is stored."
            ),
        ),
        StoreError::Refused { .. } => Problem::new(
            ProblemKind::Internal,
            "The database refuses to store this, and nothing was changed. The server's log says why.",
        ),
        StoreError::Fenced
        | StoreError::WebhookTaken
        | StoreError::Full { .. }
        | StoreError::Busy { .. }
        | StoreError::Blobs { .. }
        | StoreError::Unknown { .. }
        | StoreError::Database { .. }
        | StoreError::Closed => Problem::new(
            ProblemKind::Unavailable,
            "The database did not answer as it should, so it is not known whether this was done. Try again with \
             the same Idempotency-Key: nothing happens twice.",
        ),
    };
    problem.caused_by(with_sources(error))
}

fn with_sources(error: &StoreError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
