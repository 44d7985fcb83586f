//! What waits until a person has decided on it.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};
use steadflow_core::agent::{Agent, ToolAction};
use steadflow_core::approval::{Answer, Approval, COMMENT_CHARS_MAX, Subject, Verdict};
use steadflow_core::caller::{Caller, Role};
use steadflow_core::execution::{Execution, Wait};
use steadflow_core::flow::Fault;
use steadflow_core::ids::{AgentId, ExecutionId, NodeId, NodeIndex, TenantId};
use steadflow_core::payload::Payload;
use steadflow_core::sensitive::{MASK, restored};
use steadflow_core::transcript::decided_on;
use steadflow_core::visible;
use steadflow_runtime::ExecutionSnapshot;
use steadflow_store::ExecutionFilter;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::conversation::pinned;
use super::values::whole;
use crate::app::App;
use crate::authorized::{Authorized, Decide, OfFlows, ViewExecutions};
use crate::json::Json;
use crate::path::PathApproval;
use crate::problem::{Problem, ProblemBody, ProblemKind};
use crate::query::{Query, Window};
use crate::reply;
use crate::views::approval::{ApprovalView, Names, form_of, id_of_call};
use crate::views::entry::id_of;
use crate::views::shown::Room;
use crate::views::wire::AnyJson;

/// How many executions are read for a page.
const EXECUTIONS_MAX: usize = 100;

const NO_FORM: &str = "This has no form to fill in.";

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(list_approvals))
        .routes(routes!(show_approval, decide_approval))
        .routes(routes!(show_approval_arguments))
        .routes(routes!(show_approval_form))
}

/// Lists what waits for a person: calls, outputs, requests for input, and approval nodes, those of the newest executions first.
///
/// `limit` counts executions, of which each can have several; a page has at most 100. An execution that is paused is
/// listed when it goes on.
#[utoipa::path(get, path = "/api/v1/studio/approvals", tag = "approvals", extensions(("x-turn" = json!("shown"))), params(Window),
    responses((status = 200, description = "What is open", body = [ApprovalView],
               headers(("Link" = Option<String>, description = "Where the next page is, if there is one"),
                       ("X-Total-Count" = u64, description = "How many there are, if this page has all")))))]
pub(crate) async fn list_approvals(
    State(app): State<App>,
    Authorized(caller, reach): Authorized<ViewExecutions, OfFlows>,
    uri: Uri,
    Query(window): Query<Window>,
) -> Result<Response, Problem> {
    let window = window.at_most(EXECUTIONS_MAX);
    let filter = ExecutionFilter {
        tenant: Some(caller.tenant),
        folders: reach.within,
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

/// Shows something that waits or waited for a person.
#[utoipa::path(get, path = "/api/v1/studio/approvals/{id}", tag = "approvals", extensions(("x-turn" = json!("shown"))),
    params(("id" = String, Path, description = "The approval: the idempotency key of its call")),
    responses((status = 200, description = "The approval", body = ApprovalView),
              (status = 404, description = "There is none", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn show_approval(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ViewExecutions>,
    id: PathApproval,
) -> Result<Response, Problem> {
    let found = Found::by(&app, caller.tenant, &id).await?;
    Ok(reply::ok(&found.view(&app).await?))
}

/// Shows the whole arguments that a model wants to call a tool with, or the whole input of an approval node.
#[utoipa::path(get, path = "/api/v1/studio/approvals/{id}/arguments", tag = "approvals", extensions(("x-turn" = json!("shown"))),
    params(("id" = String, Path, description = "The approval: the idempotency key of its call")),
    responses((status = 200, description = "The arguments", body = AnyJson),
              (status = 404, description = "There is no such approval", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn show_approval_arguments(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ViewExecutions>,
    id: PathApproval,
) -> Result<Response, Problem> {
    let found = Found::by(&app, caller.tenant, &id).await?;
    Ok(whole(found.approval.arguments))
}

/// Shows the whole JSON Schema of what a person fills in.
#[utoipa::path(get, path = "/api/v1/studio/approvals/{id}/form", tag = "approvals", extensions(("x-turn" = json!("shown"))),
    params(("id" = String, Path, description = "The approval")),
    responses((status = 200, description = "The JSON Schema", body = AnyJson),
              (status = 404, description = "There is no such approval, or it has no form", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn show_approval_form(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ViewExecutions>,
    id: PathApproval,
) -> Result<Response, Problem> {
    let found = Found::by(&app, caller.tenant, &id).await?;
    let form = found.form().ok_or_else(|| Problem::new(ProblemKind::NoSuchValue, NO_FORM))?;
    Ok(whole(form))
}

/// What a person decides.
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
    /// With `approved`, for a tool or an output: what the tool is given instead, an object that fits its schema; or the output
    /// instead, which fits the output schema of the skill.
    #[schema(value_type = Option<AnyJson>)]
    arguments: Option<Payload>,
    /// With `approved`, for a request for input or a node: the object that was filled in, which fits the form.
    #[schema(value_type = Option<AnyJson>)]
    form: Option<Payload>,
}

/// What can be decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ApprovalDecisionName {
    /// The call is made, the output is used, the server is answered, or the node completes with `approved`.
    Approved,
    /// The call is not made, or the output is not used, and the model is told so. A request for input is declined, and the
    /// server is told so. A node completes with `rejected`, or fails if no edge asks for that.
    Rejected,
    /// Of a request for input only: nobody makes a choice, and the server is told so.
    Cancelled,
}

/// Approves or rejects. When this answers, the decision is on disk; the first one counts.
#[utoipa::path(post, path = "/api/v1/studio/approvals/{id}", tag = "approvals", extensions(("x-turn" = json!("document"))),
    params(("id" = String, Path, description = "The approval: the idempotency key of its call")),
    request_body = ApprovalDecision,
    responses((status = 200, description = "It is decided", body = ApprovalView),
              (status = 403, description = "The node asks for a higher role", body = ProblemBody, content_type = "application/problem+json"),
              (status = 404, description = "There is no such approval", body = ProblemBody, content_type = "application/problem+json"),
              (status = 409, description = "It was decided before, the call has other arguments, or its node or execution has ended", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn decide_approval(
    State(app): State<App>,
    Authorized(caller, _): Authorized<Decide>,
    id: PathApproval,
    body: Json<ApprovalDecision>,
) -> Result<Response, Problem> {
    let found = Found::by(&app, caller.tenant, &id).await?;
    let decided = found.decide(&app, &caller, body.value).await?;
    Ok(reply::ok(&decided.view(&app).await?))
}

/// An approval of an execution.
pub(super) struct Found {
    pub(super) snapshot: ExecutionSnapshot,
    pub(super) node: NodeIndex,
    pub(super) approval: Approval,
}

impl Found {
    pub(super) async fn by(app: &App, tenant: TenantId, id: &PathApproval) -> Result<Self, Problem> {
        Self::with(app, tenant, id.execution, |known| known == id.whole).await
    }

    /// Returns the approval of an execution whose id `is_meant`.
    pub(super) async fn with(
        app: &App,
        tenant: TenantId,
        execution: ExecutionId,
        is_meant: impl Fn(&str) -> bool,
    ) -> Result<Self, Problem> {
        let snapshot = app.engine().execution(tenant, execution).await?;
        let execution = &snapshot.execution;
        let all = (0..).map(NodeIndex).zip(execution.nodes());
        let mut all = all.flat_map(|(node, state)| state.approvals.iter().map(move |of| (node, of)));
        let found = all.find(|(node, of)| is_meant(&id_of_call(execution, *node, &of.step)));
        let (node, approval) = found.map(|(node, of)| (node, of.clone())).ok_or_else(|| {
            Problem::new(ProblemKind::NoSuchApproval, "The execution has no such call that needs approval.")
        })?;
        Ok(Self { snapshot, node, approval })
    }

    /// Takes what a person decides. Returns it as it then is.
    pub(super) async fn decide(
        &self,
        app: &App,
        caller: &Caller,
        given: ApprovalDecision,
    ) -> Result<Self, Problem> {
        let ApprovalDecision { decision, arguments_hash: hash, comment, arguments, form } = given;
        let comment = comment.filter(|comment| !comment.trim().is_empty());
        if comment.as_ref().is_some_and(|comment| comment.chars().count() > COMMENT_CHARS_MAX) {
            let detail = format!("`comment` has more than {COMMENT_CHARS_MAX} characters.");
            return Err(Problem::of_body("/comment", detail));
        }
        let is_hidden = |char: char| visible::is_hidden(char) && !matches!(char, '\n' | '\r' | '\t');
        if comment.as_ref().is_some_and(|comment| comment.chars().any(is_hidden)) {
            let detail = "`comment` has characters that are not shown, such as those that change the direction of a text.";
            return Err(Problem::of_body("/comment", detail));
        }
        self.check_role(caller.role)?;
        let verdict = match decision {
            ApprovalDecisionName::Approved => {
                let arguments = self.unmasked(app, caller.tenant, arguments).await?;
                self.approved(app, arguments, form).await?
            }
            ApprovalDecisionName::Rejected => self.refused(Verdict::Rejected, arguments, form)?,
            ApprovalDecisionName::Cancelled if self.subject() == Subject::Input => {
                self.refused(Verdict::Cancelled, arguments, form)?
            }
            ApprovalDecisionName::Cancelled => {
                return Err(Problem::of_body("/decision", "Only a request for input can be `cancelled`."));
            }
        };
        let execution = self.snapshot.execution.id();
        let answer = Answer { step: self.approval.step.clone(), hash, verdict, comment };
        app.engine().approve(caller, execution, self.node_id(), answer).await?;
        let id = self.id();
        Self::with(app, caller.tenant, execution, |known| known == id).await
    }

    /// Puts back what was masked in arguments when their editor was shown them; `None` if nothing else was changed.
    async fn unmasked(
        &self,
        app: &App,
        tenant: TenantId,
        arguments: Option<Payload>,
    ) -> Result<Option<Payload>, Problem> {
        let execution = &self.snapshot.execution;
        let Some(edited) = arguments else { return Ok(None) };
        if execution.accepted().data_key.is_none() {
            return Ok(Some(edited));
        }
        let whole = app.engine().unmasked_execution(tenant, execution.id()).await?.execution;
        let mut approvals = whole.node(self.node).approvals.iter();
        let Some(own) = approvals.find(|own| own.step == self.approval.step) else { return Ok(Some(edited)) };
        let put_back = restored(&edited, &own.arguments).map_err(|pointer| {
            let detail =
                format!("`{MASK}` stands for a value that is not shown, and there is none here. Give one.");
            Problem::of_body(format!("/arguments{pointer}"), detail)
        })?;
        Ok(Some(put_back).filter(|put_back| *put_back != own.arguments))
    }

    pub(super) fn id(&self) -> String {
        id_of_call(&self.snapshot.execution, self.node, &self.approval.step)
    }

    /// Refuses what nobody can decide on any more.
    pub(super) fn check_open(&self) -> Result<(), Problem> {
        self.snapshot.execution.open_approval(&self.node_id(), &self.approval.step)?;
        Ok(())
    }

    fn node_id(&self) -> NodeId {
        self.snapshot.execution.graph().node(self.node).id.clone()
    }

    async fn view(&self, app: &App) -> Result<ApprovalView, Problem> {
        let (execution, names) = (&self.snapshot.execution, self.names(app).await?);
        Ok(ApprovalView::new(execution, self.node, &self.approval, names, &mut Room::new(execution.id())))
    }

    pub(super) async fn names(&self, app: &App) -> Result<Names, Problem> {
        let execution = &self.snapshot.execution;
        let accepted = execution.accepted();
        let flow = app.engine().flow_name(accepted.tenant, accepted.flow).await;
        Ok(Names { flow, agent: AgentNames::default().of(app, execution, self.node, &self.approval).await? })
    }

    pub(super) fn subject(&self) -> Subject {
        decided_on(&self.approval.step)
    }

    /// Returns the JSON Schema of what a person fills in.
    pub(super) fn form(&self) -> Option<Payload> {
        form_of(&self.snapshot.execution, self.node, &self.approval)
    }

    /// Returns the least role that decides.
    ///
    /// # Errors
    /// The caller has a lower one.
    pub(super) fn check_role(&self, role: Role) -> Result<Role, Problem> {
        let room = self.snapshot.execution.graph().node(self.node).kind.room();
        let least = room.question().map_or(Role::Operator, |question| question.approver);
        if role >= least {
            return Ok(least);
        }
        let detail = format!("This is decided by the role `{}` or one above it.", least.as_str());
        Err(Problem::new(ProblemKind::NotAllowed, detail))
    }

    /// Returns the verdict of a person who does not approve, and so gives nothing.
    fn refused(
        &self,
        verdict: Verdict,
        arguments: Option<Payload>,
        form: Option<Payload>,
    ) -> Result<Verdict, Problem> {
        let given = [("arguments", arguments.is_some()), ("form", form.is_some())];
        match given.into_iter().find(|(_, is_given)| *is_given) {
            None => Ok(verdict),
            Some((key, _)) => {
                let detail = format!("What is `{}` takes no `{key}`.", verdict.as_str());
                Err(Problem::of_body(format!("/{key}"), detail))
            }
        }
    }

    /// Returns the verdict of a person who approves, and may edit arguments or fill in a form.
    async fn approved(
        &self,
        app: &App,
        arguments: Option<Payload>,
        form: Option<Payload>,
    ) -> Result<Verdict, Problem> {
        let is_open = self.approval.is_open();
        match (self.subject(), arguments, form) {
            (Subject::Tool | Subject::Output, arguments, None) => {
                if let Some(arguments) = arguments.as_ref().filter(|_| is_open) {
                    self.check_arguments(app, arguments).await?;
                }
                let edited = arguments.filter(|edited| *edited != self.approval.arguments);
                Ok(Verdict::Approved { arguments: edited })
            }
            (Subject::Tool | Subject::Output, _, Some(_)) => Err(Problem::of_body("/form", NO_FORM)),
            (Subject::Input | Subject::Node, Some(_), _) => {
                let detail = "This has no arguments to edit. What a person fills in is the `form`.";
                Err(Problem::of_body("/arguments", detail))
            }
            (Subject::Input | Subject::Node, None, form) => {
                let Some(schema) = self.form() else {
                    return match form {
                        Some(_) => Err(Problem::of_body("/form", NO_FORM)),
                        None => Ok(Verdict::Approved { arguments: None }),
                    };
                };
                let form = form.unwrap_or_else(|| Payload::from_value(&json!({})));
                if is_open {
                    let schema = schema.to_value().unwrap_or_default();
                    check(app, &form, Checked { key: "form", whose: "form", schema: Some(schema) }).await?;
                }
                Ok(Verdict::Approved { arguments: Some(form) })
            }
        }
    }

    /// Refuses arguments that do not fit the tool, or an output that does not fit the skill.
    async fn check_arguments(&self, app: &App, arguments: &Payload) -> Result<(), Problem> {
        let (is_of_output, schema) = (self.subject() == Subject::Output, self.schema(app).await?);
        let schema = schema.or_else(|| is_of_output.then(free_text));
        let whose = if is_of_output { "output schema of the skill" } else { "input schema of the tool" };
        let is_object = arguments.as_str().trim_start().starts_with('{');
        if !is_object && !is_of_output {
            return Err(Problem::of_body("/arguments", "`arguments` must be an object."));
        }
        check(app, arguments, Checked { key: "arguments", whose, schema }).await
    }

    /// Returns the input schema of the tool, or the output schema of the skill, if the agent can be read and has one.
    async fn schema(&self, app: &App) -> Result<Option<Value>, Problem> {
        let execution = &self.snapshot.execution;
        let asked = execution.graph().node(self.node).kind.room().skill();
        let Some((agent, skill)) = asked else { return Ok(None) };
        let Some((_, agent)) = pinned(app, execution, agent).await? else { return Ok(None) };
        if self.subject() == Subject::Output {
            return Ok(agent.skill(skill).and_then(|skill| skill.output_schema.clone()));
        }
        let action = action_of(&agent, skill, &self.approval.tool);
        Ok(match action {
            None => None,
            Some(ToolAction::HttpRequest { input_schema, .. }) => input_schema.as_deref().cloned(),
            Some(ToolAction::Flow { flow_id, input_schema }) => {
                let own = input_schema.as_deref().cloned();
                own.or_else(|| execution.pinned_flow(*flow_id)?.flow.form().map(|form| (**form).clone()))
            }
            Some(ToolAction::Skill { agent_id, skill }) => {
                let asked = pinned(app, execution, *agent_id).await?;
                asked.and_then(|(_, asked)| asked.skill(skill)?.input_schema.clone())
            }
        })
    }
}

/// What a value of a decision has to fit.
struct Checked {
    /// Its key in the body.
    key: &'static str,
    whose: &'static str,
    schema: Option<Value>,
}

/// Refuses a value that is too large or does not fit its schema.
async fn check(app: &App, given: &Payload, Checked { key, whose, schema }: Checked) -> Result<(), Problem> {
    let limit = app.engine().limits().input_bytes_max;
    if given.len() > limit {
        let detail = format!("`{key}` is larger than the limit of {limit} bytes.");
        return Err(Problem::of_body(format!("/{key}"), detail));
    }
    let Some(schema) = schema else { return Ok(()) };
    let value = given.to_value().unwrap_or_default();
    let faults = app.heavy_turns().view(true, || app.engine().argument_faults(&schema, &value)).await?;
    let Some(first) = faults.first() else { return Ok(()) };
    let detail = format!("`{key}` does not match the {whose}: {}.", first.message);
    let below = |Fault { pointer, message }: &Fault| Fault {
        pointer: format!("/{key}{pointer}"),
        message: message.clone(),
    };
    let faults = faults.iter().map(below).collect();
    Err(Problem::new(ProblemKind::InvalidBody, detail).with_errors(faults))
}

/// Returns the schema of the output of a skill that has none.
fn free_text() -> Value {
    json!({ "type": "object", "properties": { "text": { "type": "string" } }, "required": ["text"], "additionalProperties": false })
}

fn action_of<'a>(agent: &'a Agent, skill: &str, tool: &str) -> Option<&'a ToolAction> {
    let tools = &agent.skill(skill)?.tools;
    tools.iter().find(|known| known.name == tool).map(|known| &known.action)
}
