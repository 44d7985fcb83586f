//! Agents: what offers skills.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::ids::{AgentId, TenantId};
use steadflow_core::payload::Payload;
use steadflow_core::transcript::Rules;
use steadflow_core::trial::{LoopTrial, PinnedSkill, SkillTrial};
use steadflow_core::work::Outcome;
use steadflow_runtime::{AgentEdit, DocumentEdit};
use steadflow_store::{AgentFilter, AgentRecord, Damaged, Listed};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::app::App;
use crate::attempt::{self, LoopOutcome};
use crate::authorized::{Authorized, EditAgents, OfParts, RunFlows, ViewCatalogue};
use crate::documents::{AgentInput, AgentPatch, AgentSource};
use crate::if_match::IfMatch;
use crate::json::Json;
use crate::path::PathId;
use crate::problem::{Problem, ProblemBody, ProblemKind};
use crate::query::{FromParams, Params, Query, Window};
use crate::reply;
use crate::views::agent::{AgentEntry, AgentUses, AgentView};
use crate::views::entry::{Entry, entries, id_of};
use crate::views::usage::UsageView;
use crate::views::verdict::VerdictView;
use crate::views::wire::AnyJson;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(list_agents, create_agent))
        .routes(routes!(show_agent, change_agent, delete_agent))
        .routes(routes!(execute_agent))
        .routes(routes!(list_agent_tools))
}

/// Which agents to list. Every filter that is given must fit.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AgentsQuery {
    /// Of this type.
    #[param(max_length = 200)]
    agent_type: Option<String>,
    /// With a skill of this name.
    #[param(max_length = 200)]
    skill: Option<String>,
    /// From here.
    #[param(inline)]
    source: Option<AgentSource>,
    /// In this category.
    #[param(max_length = 200)]
    category: Option<String>,
    #[param(ignore)]
    window: Window,
}

impl FromParams for AgentsQuery {
    fn from_params(params: &mut Params) -> Self {
        Self {
            agent_type: params.short_text("agent_type"),
            skill: params.short_text("skill"),
            source: params.read("source", "one of internal, external", AgentSource::named),
            category: params.short_text("category"),
            window: Window::from_params(params),
        }
    }
}

/// Lists agents, newest first.
#[utoipa::path(get, path = "/api/v1/studio/agents", tag = "agents", extensions(("x-turn" = json!("shown"))), params(AgentsQuery, Window),
    responses((status = 200, description = "The agents", body = [AgentEntry],
               headers(("Link" = Option<String>, description = "Where the next page is, if there is one"),
                       ("X-Total-Count" = u64, description = "How many there are, on all pages together")))))]
pub(crate) async fn list_agents(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ViewCatalogue, OfParts>,
    uri: Uri,
    Query(query): Query<AgentsQuery>,
) -> Result<Response, Problem> {
    let AgentsQuery { agent_type, skill, source, category, window } = query;
    let is_external = source.map(|source| source == AgentSource::External);
    let filter = AgentFilter { tenant: Some(caller.tenant), agent_type, is_external, skill, category };
    let store = app.engine().store();
    let agents = store.agents(filter.clone(), window.page()).await?;
    let page = window.cut_documents(agents, |agent| id_of(agent, |agent| agent.id.uuid()));
    let total = match page.total() {
        Some(total) => total,
        None => store.count_agents(filter).await?,
    };
    let uses = uses(&app, caller.tenant, page.rows.iter().flatten()).await?;
    Ok(page.reply(&uri, &views(&app, &page.rows, &uses), Some(total)))
}

/// Registers an agent.
#[utoipa::path(post, path = "/api/v1/studio/agents", tag = "agents", extensions(("x-turn" = json!("document"))), request_body = AgentInput,
    responses((status = 201, description = "The agent", body = AgentView,
               headers(("Location" = String, description = "The agent's address"),
                       ("ETag" = String, description = "Its entity tag"))),
              (status = 422, description = "The document has faults", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn create_agent(
    State(app): State<App>,
    Authorized(caller, _): Authorized<EditAgents>,
    body: Json<AgentInput>,
) -> Result<Response, Problem> {
    let record = app.engine().put_agent(&caller, AgentId::new(Uuid::now_v7()), &body.value.0).await?;
    let path = format!("/api/v1/studio/agents/{}", record.id);
    let view = AgentView::new(&record, &uses(&app, caller.tenant, [&record]).await?)?;
    let response = reply::located(reply::json(StatusCode::CREATED, &view), &path);
    Ok(reply::tagged(response, record.revision()))
}

async fn uses(
    app: &App,
    tenant: TenantId,
    records: impl IntoIterator<Item = &AgentRecord>,
) -> Result<AgentUses, Problem> {
    let (mut all, mut limited) = (Vec::new(), Vec::new());
    for record in records {
        all.push(record.id);
        limited.extend(record.document.as_str().contains("\"budget\"").then_some(record.id));
    }
    let calls = app.engine().store().agent_uses(tenant, all).await?;
    let (today, budgets) = app.engine().day_uses(tenant, limited).await?;
    Ok(AgentUses { calls, today, budgets })
}

fn views(app: &App, records: &[Listed<AgentRecord>], uses: &AgentUses) -> Vec<Entry<AgentView>> {
    entries(app.metrics(), records, |record| {
        AgentView::new(record, uses).map_err(|error| Damaged::of(record.id.uuid(), &error))
    })
}

/// Answers with one agent.
pub(super) async fn show(app: &App, record: &AgentRecord) -> Result<Response, Problem> {
    let view = AgentView::new(record, &uses(app, record.tenant, [record]).await?)?;
    Ok(reply::tagged(reply::ok(&view), record.revision()))
}

/// Shows an agent. Secrets in its `config` are masked.
#[utoipa::path(get, path = "/api/v1/studio/agents/{id}", tag = "agents", extensions(("x-turn" = json!("shown"))),
    params(("id" = Uuid, Path, description = "The agent")),
    responses((status = 200, description = "The agent", body = AgentView,
               headers(("ETag" = String, description = "Its entity tag")))))]
pub(crate) async fn show_agent(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ViewCatalogue, OfParts>,
    PathId(id): PathId<AgentId>,
) -> Result<Response, Problem> {
    show(&app, &app.engine().agent(caller.tenant, id).await?).await
}

/// Changes an agent: each key that is given replaces what is stored, which makes a new version. Executions that are
/// accepted from then on use it; the others keep the version that they are pinned to.
#[utoipa::path(patch, path = "/api/v1/studio/agents/{id}", tag = "agents", extensions(("x-turn" = json!("document"))), request_body = AgentPatch,
    params(("id" = Uuid, Path, description = "The agent"), IfMatch),
    responses((status = 200, description = "The agent", body = AgentView,
               headers(("ETag" = String, description = "Its entity tag"))),
              (status = 422, description = "The document has faults", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn change_agent(
    State(app): State<App>,
    Authorized(caller, _): Authorized<EditAgents>,
    PathId(id): PathId<AgentId>,
    IfMatch(allowed): IfMatch,
    body: Json<AgentPatch>,
) -> Result<Response, Problem> {
    let edit = AgentEdit { document: DocumentEdit::Patch(body.value.0), allowed };
    show(&app, &app.engine().edit_agent(&caller, id, edit).await?).await
}

/// Deletes an agent with all its versions. Nodes that name it fail from then on, and say so.
#[utoipa::path(delete, path = "/api/v1/studio/agents/{id}", tag = "agents",
    params(("id" = Uuid, Path, description = "The agent"), IfMatch),
    responses((status = 204, description = "It is gone")))]
pub(crate) async fn delete_agent(
    State(app): State<App>,
    Authorized(caller, _): Authorized<EditAgents>,
    PathId(id): PathId<AgentId>,
    IfMatch(allowed): IfMatch,
) -> Result<StatusCode, Problem> {
    app.engine().delete_agent(&caller, id, &allowed).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which skill to try, on what.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(crate) struct ExecuteAgent {
    /// Where the skills of the agent are defined. It need not be given.
    #[serde(default)]
    #[schema(value_type = Option<AgentSource>)]
    source: Option<Arc<str>>,
    #[schema(value_type = String, min_length = 1, max_length = 200)]
    skill: Arc<str>,
    /// Any JSON; `{}` unless given.
    #[schema(value_type = AnyJson, required = false)]
    input_data: Option<Payload>,
}

/// What a skill answered.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AgentResult {
    /// Always `true`: a failure is a problem.
    success: bool,
    #[schema(value_type = AnyJson)]
    result: AnyJson,
    /// What the judges of its guardrails said, in the order in which they were asked.
    verdicts: Vec<VerdictView>,
    usage: UsageView,
}

/// Tries one skill, once, at most two minutes. Nothing is stored of it.
///
/// Where it fails, the problem has its class, its message and what the service said in `error`.
#[utoipa::path(post, path = "/api/v1/studio/agents/{id}/execute", tag = "agents", extensions(("x-turn" = json!("document"))), request_body = ExecuteAgent,
    params(("id" = Uuid, Path, description = "The agent")),
    responses((status = 200, description = "The output of the skill", body = AgentResult),
              (status = 422, description = "The input does not fit, or the service rejected it", body = ProblemBody, content_type = "application/problem+json"),
              (status = 429, description = "The service limits its rate", body = ProblemBody, content_type = "application/problem+json",
               headers(("Retry-After" = Option<u64>, description = "The seconds that the service asks to wait, if it does"))),
              (status = 502, description = "The service failed, or its response cannot be used", body = ProblemBody, content_type = "application/problem+json"),
              (status = 504, description = "The service did not respond in time", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn execute_agent(
    State(app): State<App>,
    Authorized(caller, _): Authorized<RunFlows>,
    PathId(id): PathId<AgentId>,
    body: Json<ExecuteAgent>,
) -> Result<Response, Problem> {
    let ExecuteAgent { source, skill, input_data } = body.value;
    if let Some(source) = source {
        let record = app.engine().agent(caller.tenant, id).await?;
        let own = AgentSource::of(&record.agent()?).name();
        if *source != *own {
            let detail = format!("The source of the agent is `{own}`, not `{source}`.");
            return Err(Problem::new(ProblemKind::NoSuchAgent, detail));
        }
    }
    let trial = app.engine().skill_trial(&caller, id, &skill, input_data.unwrap_or_else(empty)).await?;
    if let Some(rules) = trial.rules.clone() {
        return execute_loop(&app, &trial, rules).await;
    }
    let Outcome { result, usage, .. } = attempt::once(&app, trial.work(app.now())).await?;
    let output = result.map_err(|failure| Problem::of_skill(failure, usage.as_deref().into()))?;
    Ok(executed(output, Vec::new(), usage.as_deref().into()))
}

async fn execute_loop(app: &App, trial: &SkillTrial, rules: Arc<Rules>) -> Result<Response, Problem> {
    let (placed, pinned) = trial.loop_node();
    let skill = PinnedSkill { rules, version: Some((trial.agent_id, trial.version)), flows: BTreeMap::new() };
    let mut calls = LoopTrial::new(&placed, &pinned, (app.engine().limits(), skill), app.now());
    let LoopOutcome { result, used } = attempt::run_loop(app, &mut calls, attempt::any_call).await?;
    let unfinished = || Err(Failure::new(ErrorClass::Internal, "The trial ended without a result."));
    match result.unwrap_or_else(unfinished) {
        Ok(output) => Ok(executed(output, VerdictView::all(&calls), used.into())),
        Err(failure) => Err(Problem::of_skill(failure, used.into()).with_verdicts(VerdictView::all(&calls))),
    }
}

fn executed(output: Payload, verdicts: Vec<VerdictView>, usage: UsageView) -> Response {
    reply::ok(&AgentResult { success: true, result: AnyJson(output), verdicts, usage })
}

/// The tools of an MCP server.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub(crate) struct AgentTools {
    tools: Vec<AgentTool>,
    /// The names of the skills of the agent that are no tools of the server, at least not any more.
    missing: Vec<String>,
}

/// A tool as its server defines it.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub(crate) struct AgentTool {
    name: String,
    description: Option<String>,
    /// JSON Schema of its arguments.
    #[schema(value_type = AnyJson)]
    input_schema: Payload,
    /// JSON Schema of its structured result, if the server gives one.
    #[schema(value_type = AnyJson)]
    output_schema: Payload,
    /// What the server says of its effects, such as `readOnlyHint`. Nothing checks that it is true.
    #[schema(value_type = AnyJson)]
    annotations: Payload,
    /// The hash of all this. As `hash` of a skill it accepts this definition, and no other.
    hash: String,
    /// Whether it is a skill of the agent.
    is_skill: bool,
    /// The hash of that skill.
    pinned_hash: Option<String>,
    /// Whether that is another one, so that the tool is not called.
    is_changed: bool,
}

/// Asks the MCP server that an agent is for its tools, at most two minutes. Nothing is stored of it.
///
/// `name`, `description`, `input_schema` and `hash` of a tool can be used as a skill of the agent as they are.
#[utoipa::path(post, path = "/api/v1/studio/agents/{id}/tools", tag = "agents", extensions(("x-turn" = json!("document"))),
    params(("id" = Uuid, Path, description = "The agent")),
    responses((status = 200, description = "The tools of the server", body = AgentTools),
              (status = 422, description = "The agent is no MCP server, or the server refused the request", body = ProblemBody, content_type = "application/problem+json"),
              (status = 429, description = "The server limits its rate", body = ProblemBody, content_type = "application/problem+json",
               headers(("Retry-After" = Option<u64>, description = "The seconds that the server asks to wait, if it does"))),
              (status = 502, description = "The server failed, or its response cannot be used", body = ProblemBody, content_type = "application/problem+json"),
              (status = 504, description = "The server did not respond in time", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn list_agent_tools(
    State(app): State<App>,
    Authorized(caller, _): Authorized<EditAgents>,
    PathId(id): PathId<AgentId>,
) -> Result<Response, Problem> {
    let trial = app.engine().tools_trial(&caller, id).await?;
    let Outcome { result, usage, .. } = attempt::once(&app, trial.work(app.now())).await?;
    let listed = result.map_err(|failure| Problem::of_skill(failure, usage.as_deref().into()))?;
    let tools: AgentTools = serde_json::from_str(listed.as_str()).map_err(|error| {
        let message = format!("The tools of the server cannot be shown: {error}");
        Problem::of_skill(Failure::new(ErrorClass::Internal, message), usage.as_deref().into())
    })?;
    Ok(reply::ok(&tools))
}

fn empty() -> Payload {
    Payload::from_value(&serde_json::json!({}))
}
