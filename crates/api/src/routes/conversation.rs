//! What an agent was asked and answered in a node of an execution.

use axum::extract::State;
use axum::response::Response;
use steadflow_core::agent::Agent;
use steadflow_core::execution::Execution;
use steadflow_core::ids::{AgentId, ExecutionId, NodeId, TenantId};
use steadflow_store::StoreError;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::journal::record;
use super::values::{index_of, none, whole};
use crate::app::App;
use crate::authorized::{Authorized, ViewExecutions};
use crate::path::{PathNode, PathStep};
use crate::problem::{Problem, ProblemBody};
use crate::reply;
use crate::views::conversation::{Conversation, ConversationReader, ConversationView};
use crate::views::shown::StepPart;
use crate::views::wire::AnyJson;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(show_conversation)).routes(routes!(show_step_value))
}

/// Shows what an agent was asked and answered in a node, with the tools that it called.
///
/// It has the calls of all attempts, also those that failed or whose result was lost. What was asked is not stored: it
/// follows from the input and from the version of the agent that the execution is pinned to.
#[utoipa::path(get, path = "/api/v1/studio/executions/{id}/nodes/{node_id}/conversation", tag = "executions",
    extensions(("x-turn" = json!("shown"))),
    params(("id" = Uuid, Path, description = "The execution"), ("node_id" = String, Path, description = "The node")),
    responses((status = 200, description = "The conversation", body = ConversationView),
              (status = 404, description = "There is none: the node asks no agent", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn show_conversation(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ViewExecutions>,
    PathNode(id, node): PathNode,
) -> Result<Response, Problem> {
    with_conversation(&app, caller.tenant, id, &node, |conversation, seq| {
        let view = conversation.view(seq);
        Ok(reply::ok(&view))
    })
    .await
}

/// Shows a whole value of a call of a node that asks an agent.
#[utoipa::path(get, path = "/api/v1/studio/executions/{id}/nodes/{node_id}/steps/{number}/{part}", tag = "executions",
    extensions(("x-turn" = json!("shown"))),
    params(("id" = Uuid, Path, description = "The execution"), ("node_id" = String, Path, description = "The node"),
           ("number" = u32, Path, minimum = 1, description = "The number of the call in the conversation"),
           ("part" = inline(StepPart), Path, description = "Which of its values")),
    responses((status = 200, description = "The value", body = AnyJson),
              (status = 404, description = "There is none", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn show_step_value(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ViewExecutions>,
    PathStep { execution, node, number, part }: PathStep,
) -> Result<Response, Problem> {
    with_conversation(&app, caller.tenant, execution, &node, |conversation, _| {
        conversation.part(number, part).map(whole).ok_or_else(|| none("The call has no such value."))
    })
    .await
}

/// Reads the conversation of a node and answers with what `show` makes of it and of the number of its last record.
async fn with_conversation(
    app: &App,
    tenant: TenantId,
    id: ExecutionId,
    node: &NodeId,
    show: impl FnOnce(&Conversation<'_>, u64) -> Result<Response, Problem>,
) -> Result<Response, Problem> {
    let snapshot = app.engine().execution(tenant, id).await?;
    let execution = &snapshot.execution;
    let index = index_of(execution, node)?;
    let asked = execution.graph().node(index).kind.room().skill();
    let (agent, skill) = asked.ok_or_else(|| none("The node asks no agent."))?;
    let pinned = pinned(app, execution, agent).await?;
    let mut reader = ConversationReader::new(execution, index);
    let mut seq = 0;
    for text in &snapshot.journal {
        let record = record(&snapshot, text)?;
        seq = record.0;
        reader.read(&record);
    }
    let pinned = pinned.as_ref().map(|(version, pinned)| (agent, *version, pinned));
    show(&reader.end(skill, pinned), seq)
}

/// Returns the version of an agent that an execution is pinned to, if there is one that can be read.
pub(super) async fn pinned(
    app: &App,
    execution: &Execution,
    id: AgentId,
) -> Result<Option<(u32, Agent)>, Problem> {
    let accepted = execution.accepted();
    let Some(&version) = accepted.agents.get(&id) else { return Ok(None) };
    let read = match app.engine().store().agent_version(accepted.tenant, id, version).await {
        Ok(record) => record.map(|record| record.agent()).transpose(),
        Err(error) => Err(error),
    };
    match read {
        Ok(agent) => Ok(agent.map(|agent| (version, agent))),
        Err(StoreError::Corrupt { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
