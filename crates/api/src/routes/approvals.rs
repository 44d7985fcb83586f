//! Calls that wait until a person has approved them.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};
use steadflow_core::agent::{Agent, ToolAction};
use steadflow_core::approval::{Answer, Approval, COMMENT_CHARS_MAX, Verdict};
use steadflow_core::execution::{Execution, Wait};
use steadflow_core::flow::Fault;
use steadflow_core::ids::{AgentId, NodeId, NodeIndex, TenantId};
use steadflow_core::payload::Payload;
use steadflow_core::transcript::is_of_output;
use steadflow_runtime::ExecutionSnapshot;
use steadflow_store::ExecutionFilter;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::conversation::pinned;
use super::values::whole;
use crate::app::App;
use crate::caller::Identity;
use crate::json::Json;
use crate::path::PathApproval;
use crate::problem::{Problem, ProblemBody, ProblemKind};
use crate::query::{Query, Window};
use crate::reply;
use crate::views::approval::{ApprovalView, Names, id_of_call};
use crate::views::entry::id_of;
use crate::views::shown::Room;
use crate::views::wire::AnyJson;

/// How many executions are read for a page.
const EXECUTIONS_MAX: usize = 100;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(list_approvals))
        .routes(routes!(show_approval, decide_approval))
        .routes(routes!(show_approval_arguments))
}

/// Lists what waits for a person: calls, outputs, and requests for input, those of the newest executions first.
///
/// `limit` counts executions, of which each can have several calls; a page has at most 100. An execution that is paused is
/// listed when it goes on.
#[utoipa::path(get, path = "/api/v1/studio/approvals", tag = "approvals", extensions(("x-turn" = json!("shown"))), params(Window),
    responses((status = 200, description = "What is open", body = [ApprovalView],
               headers(("Link" = Option<String>, description = "Where the next page is, if there is one"),
                       ("X-Total-Count" = u64, description = "How many there are, if this page has all")))))]
pub(crate) async fn list_approvals(
    State(app): State<App>,
    Identity(caller): Identity,
    uri: Uri,
    Query(window): Query<Window>,
) -> Result<Response, Problem> {
    let window = window.at_most(EXECUTIONS_MAX);
    let filter = ExecutionFilter {
        tenant: Some(caller.tenant),
        waiting_for: Some(Wait::Approval.as_str()),
        ..ExecutionFilter::default()
    };
    let rows = app.engine().executions(filter, window.page()).await?;
    let page = window.cut(rows, |row| id_of(row, |row| row.id.uuid()));
    let mut views: Vec<ApprovalView> = Vec::new();
    let mut room: Option<Room> = None;
    let mut agents = AgentNames::default();
    for row in page.rows.iter().flatten() {
        // One that cannot be read, or was deleted meanwhile, is shown as such among the executions.
        let Ok(snapshot) = app.engine().execution(caller.tenant, row.id).await else { continue };
        let flow = app.engine().flow_name(caller.tenant, row.flow).await;
        let execution = &snapshot.execution;
        for (node, approval) in open(execution) {
            let names =
                Names { flow: flow.clone(), agent: agents.of(&app, execution, node, approval).await? };
            let room = room.get_or_insert_with(|| Room::new(row.id));
            room.turn_to(row.id);
            views.push(ApprovalView::new(execution, node, approval, names, room));
        }
    }
    let total = page.total().map(|_| views.len() as u64);
    Ok(page.reply(&uri, &views, total))
}

/// The names of agents that were read for one answer.
#[derive(Debug, Default)]
struct AgentNames(BTreeMap<(AgentId, Option<u32>), Option<String>>);

impl AgentNames {
    /// Returns the name of the agent that a node asks, if it can be read.
    async fn of(
        &mut self,
        app: &App,
        execution: &Execution,
        node: NodeIndex,
        approval: &Approval,
    ) -> Result<Option<String>, Problem> {
        let of_node = || execution.graph().node(node).kind.room().skill().map(|(agent, _)| agent);
        // A person has to know who asks.
        let Some(agent) = approval.input.as_ref().map(|input| input.agent).or_else(of_node) else {
            return Ok(None);
        };
        let key = (agent, execution.accepted().agents.get(&agent).copied());
        if let Some(known) = self.0.get(&key) {
            return Ok(known.clone());
        }
        let name = pinned(app, execution, agent).await?.map(|(_, agent)| agent.name);
        self.0.insert(key, name.clone());
        Ok(name)
    }
}

fn open(execution: &Execution) -> impl Iterator<Item = (NodeIndex, &Approval)> {
    let nodes = (0..).map(NodeIndex).zip(execution.nodes());
    nodes.flat_map(|(node, state)| state.open_approvals().map(move |approval| (node, approval)))
}

/// Shows a call that waits or waited for approval.
#[utoipa::path(get, path = "/api/v1/studio/approvals/{id}", tag = "approvals", extensions(("x-turn" = json!("shown"))),
    params(("id" = String, Path, description = "The approval: the idempotency key of its call")),
    responses((status = 200, description = "The approval", body = ApprovalView),
              (status = 404, description = "There is none", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn show_approval(
    State(app): State<App>,
    Identity(caller): Identity,
    id: PathApproval,
) -> Result<Response, Problem> {
    let found = Found::by(&app, caller.tenant, &id).await?;
    Ok(reply::ok(&found.view(&app).await?))
}

/// Shows the whole arguments that a model wants to call a tool with.
#[utoipa::path(get, path = "/api/v1/studio/approvals/{id}/arguments", tag = "approvals", extensions(("x-turn" = json!("shown"))),
    params(("id" = String, Path, description = "The approval: the idempotency key of its call")),
    responses((status = 200, description = "The arguments", body = AnyJson),
              (status = 404, description = "There is no such approval", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn show_approval_arguments(
    State(app): State<App>,
    Identity(caller): Identity,
    id: PathApproval,
) -> Result<Response, Problem> {
    let found = Found::by(&app, caller.tenant, &id).await?;
    Ok(whole(found.approval.arguments))
}

/// What a person decides on a call.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(crate) struct ApprovalDecision {
    decision: ApprovalDecisionName,
    /// The hash of the arguments that were shown: a decision on others is refused.
    #[schema(value_type = String)]
    arguments_hash: Arc<str>,
    /// Why. With `rejected`, the model reads it.
    #[schema(value_type = Option<String>, max_length = 2000)]
    comment: Option<Arc<str>>,
    /// With `approved`: what the tool is given instead, an object that fits its schema; or the output instead, which fits the
    /// output schema of the skill; or the object that answers a request for input, which fits its form.
    #[schema(value_type = Option<AnyJson>)]
    arguments: Option<Payload>,
}

/// What can be decided on a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ApprovalDecisionName {
    /// The call is made.
    Approved,
    /// It is not made, and the model is told so. Of a request for input: it is declined, and the server is told so.
    Rejected,
    /// Of a request for input only: nobody makes a choice, and the server is told so.
    Cancelled,
}

/// Approves or rejects a call. When this answers, the decision is on disk; a call is decided on once.
#[utoipa::path(post, path = "/api/v1/studio/approvals/{id}", tag = "approvals", extensions(("x-turn" = json!("document"))),
    params(("id" = String, Path, description = "The approval: the idempotency key of its call")),
    request_body = ApprovalDecision,
    responses((status = 200, description = "It is decided", body = ApprovalView),
              (status = 404, description = "There is no such approval", body = ProblemBody, content_type = "application/problem+json"),
              (status = 409, description = "It was decided before, the call has other arguments, or its node or execution has ended", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn decide_approval(
    State(app): State<App>,
    Identity(caller): Identity,
    id: PathApproval,
    body: Json<ApprovalDecision>,
) -> Result<Response, Problem> {
    let ApprovalDecision { decision, arguments_hash: hash, comment, arguments } = body.value;
    let comment = comment.filter(|comment| !comment.trim().is_empty());
    if comment.as_ref().is_some_and(|comment| comment.chars().count() > COMMENT_CHARS_MAX) {
        let detail = format!("`comment` has more than {COMMENT_CHARS_MAX} characters.");
        return Err(Problem::of_body("/comment", detail));
    }
    let found = Found::by(&app, caller.tenant, &id).await?;
    let verdict = match (decision, arguments) {
        (ApprovalDecisionName::Rejected, None) => Verdict::Rejected,
        (ApprovalDecisionName::Rejected, Some(_)) => {
            return Err(Problem::of_body("/arguments", "A call that is `rejected` takes no `arguments`."));
        }
        (ApprovalDecisionName::Cancelled, _) if found.approval.input.is_none() => {
            return Err(Problem::of_body("/decision", "Only a request for input can be `cancelled`."));
        }
        (ApprovalDecisionName::Cancelled, None) => Verdict::Cancelled,
        (ApprovalDecisionName::Cancelled, Some(_)) => {
            return Err(Problem::of_body("/arguments", "What is `cancelled` takes no `arguments`."));
        }
        (ApprovalDecisionName::Approved, content) if found.approval.input.is_some() => {
            let content = content.unwrap_or_else(|| Payload::from_value(&json!({})));
            if found.approval.is_open() {
                found.check(&app, &content).await?;
            }
            Verdict::Approved { arguments: Some(content) }
        }
        (ApprovalDecisionName::Approved, arguments) => {
            if let Some(arguments) = arguments.as_ref().filter(|_| found.approval.is_open()) {
                found.check(&app, arguments).await?;
            }
            Verdict::Approved { arguments: arguments.filter(|edited| *edited != found.approval.arguments) }
        }
    };
    let answer = Answer { step: found.approval.step.clone(), hash, verdict, comment };
    app.engine().approve(&caller, id.execution, found.node_id(), answer).await?;
    let decided = Found::by(&app, caller.tenant, &id).await?;
    Ok(reply::ok(&decided.view(&app).await?))
}

/// An approval of an execution.
struct Found {
    snapshot: ExecutionSnapshot,
    node: NodeIndex,
    approval: Approval,
}

impl Found {
    async fn by(app: &App, tenant: TenantId, id: &PathApproval) -> Result<Self, Problem> {
        let snapshot = app.engine().execution(tenant, id.execution).await?;
        let execution = &snapshot.execution;
        let all = (0..).map(NodeIndex).zip(execution.nodes());
        let mut all = all.flat_map(|(node, state)| state.approvals.iter().map(move |of| (node, of)));
        let found = all.find(|(node, of)| id_of_call(execution, *node, &of.step) == id.whole);
        let (node, approval) = found.map(|(node, of)| (node, of.clone())).ok_or_else(|| {
            Problem::new(ProblemKind::NoSuchApproval, "The execution has no such call that needs approval.")
        })?;
        Ok(Self { snapshot, node, approval })
    }

    fn node_id(&self) -> NodeId {
        self.snapshot.execution.graph().node(self.node).id.clone()
    }

    async fn view(&self, app: &App) -> Result<ApprovalView, Problem> {
        let execution = &self.snapshot.execution;
        let accepted = execution.accepted();
        let flow = app.engine().flow_name(accepted.tenant, accepted.flow).await;
        let names =
            Names { flow, agent: AgentNames::default().of(app, execution, self.node, &self.approval).await? };
        Ok(ApprovalView::new(execution, self.node, &self.approval, names, &mut Room::new(execution.id())))
    }

    /// Refuses arguments that do not fit the tool.
    async fn check(&self, app: &App, arguments: &Payload) -> Result<(), Problem> {
        let limit = app.engine().limits().input_bytes_max;
        if arguments.len() > limit {
            let detail = format!("`arguments` are larger than the limit of {limit} bytes.");
            return Err(Problem::of_body("/arguments", detail));
        }
        let value = arguments.to_value().unwrap_or_default();
        let is_of_output = is_of_output(&self.approval.step);
        if !value.is_object() && !is_of_output {
            return Err(Problem::of_body("/arguments", "`arguments` must be an object."));
        }
        let schema = self.schema(app).await?;
        let schema = schema.or_else(|| is_of_output.then(free_text));
        let Some(schema) = schema else { return Ok(()) };
        let check = || app.engine().argument_faults(&schema, &value);
        let faults = app.heavy_turns().view(true, check).await?;
        let Some(first) = faults.first() else { return Ok(()) };
        let whose = match (&self.approval.input, is_of_output) {
            (Some(_), _) => "form",
            (None, true) => "output schema of the skill",
            (None, false) => "input schema of the tool",
        };
        let detail = format!("`arguments` do not match the {whose}: {}.", first.message);
        let below = |Fault { pointer, message }: &Fault| Fault {
            pointer: format!("/arguments{pointer}"),
            message: message.clone(),
        };
        let faults = faults.iter().map(below).collect();
        Err(Problem::new(ProblemKind::InvalidBody, detail).with_errors(faults))
    }

    /// Returns the input schema of the tool, or the output schema of the skill, if the agent can be read and has one.
    async fn schema(&self, app: &App) -> Result<Option<Value>, Problem> {
        if self.approval.input.is_some() {
            let asked = self.approval.arguments.to_value().unwrap_or_default();
            return Ok(asked.get("form").cloned());
        }
        let execution = &self.snapshot.execution;
        let asked = execution.graph().node(self.node).kind.room().skill();
        let Some((agent, skill)) = asked else { return Ok(None) };
        let Some((_, agent)) = pinned(app, execution, agent).await? else { return Ok(None) };
        if is_of_output(&self.approval.step) {
            return Ok(agent.skill(skill).and_then(|skill| skill.output_schema.clone()));
        }
        let action = action_of(&agent, skill, &self.approval.tool);
        Ok(match action {
            None => None,
            Some(ToolAction::HttpRequest { input_schema, .. }) => input_schema.as_deref().cloned(),
            Some(ToolAction::Skill { agent_id, skill }) => {
                let asked = pinned(app, execution, *agent_id).await?;
                asked.and_then(|(_, asked)| asked.skill(skill)?.input_schema.clone())
            }
        })
    }
}

/// Returns the schema of the output of a skill that has none.
fn free_text() -> Value {
    json!({ "type": "object", "properties": { "text": { "type": "string" } }, "required": ["text"], "additionalProperties": false })
}

fn action_of<'a>(agent: &'a Agent, skill: &str, tool: &str) -> Option<&'a ToolAction> {
    let tools = &agent.skill(skill)?.tools;
    tools.iter().find(|known| known.name == tool).map(|known| &known.action)
}
