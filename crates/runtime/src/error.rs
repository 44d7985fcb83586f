//! Why the engine did not do what it was asked to, by what the caller does next.

use std::sync::Arc;

use steadflow_core::agent::NoSkill;
use steadflow_core::decision_link::LinkRefused;
use steadflow_core::execution::{ExecutionStatus, Rejected};
use steadflow_core::flow::Fault;
use steadflow_core::ids::{AgentId, ExecutionId, FlowId};
use steadflow_core::session::SessionHolder;
use steadflow_store::StoreError;
use uuid::Uuid;

use crate::ciphers::NoCipher;
use crate::quotas::{NotAdmitted, QuotaReached};

/// Why an engine ended without being asked to. Nothing that was acknowledged is lost; the next start recovers it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum EngineFailure {
    /// The database cannot be trusted to hold what the engine thinks it holds.
    #[error("the database failed")]
    Store(#[source] Arc<StoreError>),
    /// The engine's own code panicked.
    #[error("the engine's task was lost")]
    Lost,
}

/// Why the engine did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// There is no such execution.
    #[error("no execution {0}")]
    NoExecution(ExecutionId),
    /// There is no such flow.
    #[error("no flow {0}")]
    NoFlow(FlowId),
    /// There is no such version of the flow.
    #[error("no version {1} of flow {0}")]
    NoFlowVersion(FlowId, u32),
    /// The flow is no template.
    #[error("flow {0} is no template")]
    NoTemplate(FlowId),
    /// There is no such agent.
    #[error("no agent {0}")]
    NoAgent(AgentId),
    /// There is no such version of the agent.
    #[error("no version {1} of agent {0}")]
    NoAgentVersion(AgentId, u32),
    /// There is no such alert.
    #[error("no alert {0}")]
    NoAlert(Uuid),
    /// The alert has these faults. Nothing was changed.
    #[error("the alert is not valid: {}", first_of(.0))]
    AlertInvalid(Vec<Fault>),
    /// The link to decide with is none of ours, or is over.
    #[error("the link is not accepted")]
    LinkRefused(LinkRefused),
    /// The tenant has as many alerts as it may have. Nothing was changed.
    #[error("there are {0} alerts already")]
    TooManyAlerts(usize),
    /// The agent has no such session, or it has no turn yet.
    #[error("no session `{0}`")]
    NoSession(Arc<str>),
    /// A node has the session. Nothing was changed.
    #[error("execution {} has the session", .0.execution)]
    SessionBusy(SessionHolder),
    /// Another turn is the last one of the session. Nothing was started.
    #[error("turn {0} is the last one of the session")]
    NotLastTurn(u32),
    /// The agent has no such skill.
    #[error(transparent)]
    NoSkill(#[from] NoSkill),
    /// The flow document has these faults. Nothing was changed.
    #[error("the flow document is not valid: {}", first_of(.0))]
    FlowInvalid(Vec<Fault>),
    /// The flow document starts flows that who saves it may not start, with JSON pointers. Nothing was changed.
    #[error("the flow document starts other flows: {}", first_of(.0))]
    StartsOthers(Vec<Fault>),
    /// The code of the flow could not be checked, for this reason. Nothing was changed. Try again.
    #[error("the code of the flow could not be checked: {0}")]
    NotChecked(String),
    /// Another active flow has the path of the webhook. Nothing was changed.
    #[error("{0}")]
    WebhookTaken(Fault),
    /// The agent document has these faults. Nothing was changed.
    #[error("the agent document is not valid: {}", first_of(.0))]
    AgentInvalid(Vec<Fault>),
    /// The change was made to another revision; this is the current one. Nothing was changed.
    #[error("the current revision is {0}")]
    VersionConflict(steadflow_store::Revision),
    /// The flow has no draft.
    #[error("flow {0} has no draft")]
    NoDraft(FlowId),
    /// Another draft of the flow is current, or none. Nothing was changed.
    #[error("another draft is current")]
    DraftConflict(Option<Box<steadflow_store::FlowDraftRecord>>),
    /// The execution's state does not allow it.
    #[error(transparent)]
    Rejected(#[from] Rejected),
    /// The execution undoes what it did, and is not deleted meanwhile.
    #[error("execution {0} undoes what it did")]
    Undoing(ExecutionId),
    /// Only failed and cancelled executions are retried.
    #[error("cannot retry execution with status: {0}")]
    NotRetryable(ExecutionStatus),
    /// It runs the body of a node, which is retried with the execution that started it.
    #[error("the execution runs the body of a node of execution {0}")]
    RunsBody(ExecutionId),
    /// The execution cannot be forked like this. Nothing was started.
    #[error("the execution cannot be forked: {}", first_of(.0))]
    NotForkable(Vec<Fault>),
    /// The outputs cannot be edited like this. Nothing was started.
    #[error("the outputs cannot be edited: {}", first_of(.0))]
    RetryEdits(Vec<Fault>),
    /// The flow's status does not allow a start.
    #[error("the flow is {0}")]
    FlowNotStartable(steadflow_store::FlowStatus),
    /// The idempotency key was used for something else.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// `context_id_template` could not be evaluated for this trigger data.
    #[error("context_id_template: {0}")]
    ContextId(String),
    /// The trigger data does not fit the form of the flow, with JSON pointers into the data. Nothing was started.
    #[error("the trigger data does not fit the form of the flow: {}", first_of(.0))]
    TriggerDataUnfit(Vec<Fault>),
    /// The flow does not say for this trigger data where the execution stands in its queue. Nothing was started.
    #[error("{0}")]
    QueuePlace(String),
    /// The flow has sensitive data, which cannot be encrypted. Nothing was changed or started.
    #[error(transparent)]
    NoCipher(#[from] NoCipher),
    /// The tenant is disabled, so nothing of it starts.
    #[error("the tenant is disabled")]
    TenantDisabled,
    /// The flow has no failures of this group.
    #[error("no failures `{0}`")]
    NoFailures(Arc<str>),
    /// So much is noted already. Nothing was changed.
    #[error("there are {0} notes of this kind already")]
    TooManyNotes(usize),
    /// Somebody has paused everything of the tenant.
    #[error("everything is paused since {}", .0.at)]
    EverythingPaused(Box<steadflow_store::TenantPause>),
    /// Nothing was paused.
    #[error("nothing is paused")]
    NothingPaused,
    /// The tenant has used up what it may; nothing was started.
    #[error(transparent)]
    Quota(QuotaReached),
    /// There is no memory for a further execution; nothing was started. Try again when others have ended.
    #[error("there is no memory for a further execution")]
    Overloaded,
    /// There is so much to do that this did not get its turn in time; nothing was done. Try again.
    #[error("there was no turn in time")]
    Busy,
    /// What is asked for is in the blob storage, which does not answer as it should. Try again.
    #[error("{0}")]
    Blobs(String),
    /// There is no room in the database: nothing was changed.
    #[error("the database has no room left")]
    StorageFull,
    /// The engine is stopping, starting, or lost its database. Try again.
    #[error("the engine is not available")]
    Unavailable,
    /// The database failed.
    #[error(transparent)]
    Store(Arc<StoreError>),
}

impl RuntimeError {
    /// Returns whether what was asked for is there and cannot be read.
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Store(error) if matches!(**error, StoreError::Corrupt { .. }))
    }
}

impl From<NotAdmitted> for RuntimeError {
    fn from(why: NotAdmitted) -> Self {
        match why {
            NotAdmitted::Disabled => Self::TenantDisabled,
            NotAdmitted::Reached(reached) => Self::Quota(reached),
        }
    }
}

impl From<EngineFailure> for RuntimeError {
    fn from(failure: EngineFailure) -> Self {
        match failure {
            EngineFailure::Store(error) => Self::Store(error),
            EngineFailure::Lost => Self::Unavailable,
        }
    }
}

impl From<StoreError> for RuntimeError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full { .. } => Self::StorageFull,
            StoreError::Fenced | StoreError::Closed => Self::Unavailable,
            StoreError::Busy { .. } => Self::Busy,
            StoreError::Blobs { reason } => Self::Blobs(reason),
            StoreError::Unknown { .. }
            | StoreError::Database { .. }
            | StoreError::Refused { .. }
            | StoreError::WebhookTaken
            | StoreError::Corrupt { .. } => Self::Store(Arc::new(error)),
        }
    }
}

fn first_of(faults: &[Fault]) -> String {
    faults.first().map(ToString::to_string).unwrap_or_default()
}
