//! Agents: what offers skills.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use steadflow_core::agent::Agent;
use steadflow_core::caller::Caller;
use steadflow_core::ids::{AgentId, Attempt, ExecutionId, FlowId, NodeId, NodeIndex, StepKey, TenantId};
use steadflow_core::payload::Payload;
use steadflow_core::trial;
use steadflow_core::work::{Task, Work};
use steadflow_store::{AgentChange, AgentRecord, Changed};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::app::App;
use crate::attempt;
use crate::caller::Identity;
use crate::documents::{AgentInput, AgentPatch};
use crate::json::Json;
use crate::path::PathId;
use crate::problem::{Problem, ProblemBody, ProblemKind};
use crate::query::{Query, Window};
use crate::reply;
use crate::views::agent::AgentView;
use crate::views::execution_error::ErrorView;
use crate::views::node::UsageView;
use crate::views::wire::AnyJson;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(list_agents, create_agent))
        .routes(routes!(show_agent, change_agent, delete_agent))
        .routes(routes!(execute_agent))
}

/// Lists agents, newest first.
#[utoipa::path(get, path = "/api/v1/studio/agents", tag = "agents", params(Window),
    responses((status = 200, description = "The agents", body = [AgentView],
               headers(("Link" = String, description = "Where the next page is, if there is one")))))]
pub(crate) async fn list_agents(
    State(app): State<App>,
    Identity(caller): Identity,
    uri: Uri,
    Query(window): Query<Window>,
) -> Result<Response, Problem> {
    let agents = app.engine().store().agents(caller.tenant, window.page()).await?;
    let page = window.cut(agents, |agent| agent.id.uuid());
    Ok(page.reply(&uri, &views(&app, caller.tenant, &page.rows).await?))
}

/// Registers an agent.
#[utoipa::path(post, path = "/api/v1/studio/agents", tag = "agents", request_body = AgentInput,
    responses((status = 201, description = "The agent", body = AgentView,
               headers(("Location" = String, description = "The agent's address"))),
              (status = 422, description = "The document has faults", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn create_agent(
    State(app): State<App>,
    Identity(caller): Identity,
    body: Json<AgentInput>,
) -> Result<Response, Problem> {
    let now = app.now();
    let id = AgentId::new(Uuid::now_v7());
    check(&app, &body.value.0)?;
    let document = Payload::from_value(&body.value.0);
    let record =
        put(&app, AgentChange { id, tenant: caller.tenant, document, at: now, if_version: None }).await?;
    let view = AgentView::new(&record, None)?;
    Ok(reply::located(reply::json(StatusCode::CREATED, &view), &format!("/api/v1/studio/agents/{id}")))
}

/// Returns what a document means, or everything that is wrong with it.
fn check(app: &App, document: &Value) -> Result<Agent, Problem> {
    let agent = Agent::parse(document).map_err(Problem::agent_invalid)?;
    let faults = app.check_agent(&agent);
    if faults.is_empty() { Ok(agent) } else { Err(Problem::agent_invalid(faults)) }
}

async fn views(app: &App, tenant: TenantId, records: &[AgentRecord]) -> Result<Vec<AgentView>, Problem> {
    let ids = records.iter().map(|record| record.id).collect();
    let uses = app.engine().store().agent_uses(tenant, ids).await?;
    let use_of = |record: &AgentRecord| uses.iter().find(|used| used.agent == record.id).copied();
    Ok(records.iter().map(|record| AgentView::new(record, use_of(record))).collect::<Result<_, _>>()?)
}

async fn view(app: &App, record: &AgentRecord) -> Result<AgentView, Problem> {
    let uses = app.engine().store().agent_uses(record.tenant, vec![record.id]).await?;
    Ok(AgentView::new(record, uses.first().copied())?)
}

async fn put(app: &App, change: AgentChange) -> Result<AgentRecord, Problem> {
    let id = change.id;
    match app.engine().store().put_agent(change).await? {
        Changed::Done(record) => Ok(record),
        Changed::Conflict(current) => Err(Problem::version_conflict(current.version)),
        Changed::Missing => Err(missing(id)),
    }
}

fn missing(id: AgentId) -> Problem {
    Problem::new(ProblemKind::NoSuchAgent, format!("There is no agent {id}."))
}

async fn stored(app: &App, caller: &Caller, id: AgentId) -> Result<AgentRecord, Problem> {
    let found = app.engine().store().agent(caller.tenant, id).await?;
    found.ok_or_else(|| missing(id))
}

/// Shows an agent. Secrets in its `config` are masked.
#[utoipa::path(get, path = "/api/v1/studio/agents/{id}", tag = "agents",
    params(("id" = Uuid, Path, description = "The agent")),
    responses((status = 200, description = "The agent", body = AgentView)))]
pub(crate) async fn show_agent(
    State(app): State<App>,
    Identity(caller): Identity,
    PathId(id): PathId<AgentId>,
    Query(()): Query<()>,
) -> Result<Response, Problem> {
    Ok(reply::ok(&view(&app, &stored(&app, &caller, id).await?).await?))
}

/// Changes an agent: each key that is given replaces what is stored. Attempts that begin from then on see it.
#[utoipa::path(patch, path = "/api/v1/studio/agents/{id}", tag = "agents", request_body = AgentPatch,
    params(("id" = Uuid, Path, description = "The agent")),
    responses((status = 200, description = "The agent", body = AgentView),
              (status = 422, description = "The document has faults", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn change_agent(
    State(app): State<App>,
    Identity(caller): Identity,
    PathId(id): PathId<AgentId>,
    body: Json<AgentPatch>,
) -> Result<Response, Problem> {
    let _editing = app.editing().await;
    let record = stored(&app, &caller, id).await?;
    let mut document = record.document.to_value();
    let before = Agent::parse(&document).ok();
    if let Value::Object(keys) = &mut document {
        keys.extend(body.value.0);
        if let (Some(before), Some(config)) = (before, keys.get_mut("config")) {
            before.unmask(config);
        }
    }
    check(&app, &document)?;
    let (tenant, document) = (record.tenant, Payload::from_value(&document));
    let change = AgentChange { id, tenant, document, at: app.now(), if_version: Some(record.version) };
    Ok(reply::ok(&view(&app, &put(&app, change).await?).await?))
}

/// Deletes an agent. Nodes that name it fail from then on, and say so.
#[utoipa::path(delete, path = "/api/v1/studio/agents/{id}", tag = "agents",
    params(("id" = Uuid, Path, description = "The agent")),
    responses((status = 204, description = "It is gone")))]
pub(crate) async fn delete_agent(
    State(app): State<App>,
    Identity(caller): Identity,
    PathId(id): PathId<AgentId>,
) -> Result<StatusCode, Problem> {
    stored(&app, &caller, id).await?;
    app.engine().store().delete_agent(caller.tenant, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which skill to try, on what.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(crate) struct ExecuteAgent {
    /// Where the agent comes from; agents of this server need not say.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    source: Option<Arc<str>>,
    #[schema(value_type = String, min_length = 1, max_length = 200)]
    skill: Arc<str>,
    /// Any JSON; `{}` unless given.
    #[schema(value_type = AnyJson, required = false)]
    input_data: Option<Payload>,
}

/// What a skill answered, or why it did not.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AgentResult {
    success: bool,
    /// The output, where it succeeded.
    #[schema(value_type = AnyJson)]
    result: Option<AnyJson>,
    /// Why there is none.
    error: Option<ErrorView>,
    usage: UsageView,
}

/// Tries one skill, once, at most two minutes. Nothing is stored of it.
#[utoipa::path(post, path = "/api/v1/studio/agents/{id}/execute", tag = "agents", request_body = ExecuteAgent,
    params(("id" = Uuid, Path, description = "The agent")),
    responses((status = 200, description = "What came of it: `success` tells", body = AgentResult)))]
pub(crate) async fn execute_agent(
    State(app): State<App>,
    Identity(caller): Identity,
    PathId(id): PathId<AgentId>,
    body: Json<ExecuteAgent>,
) -> Result<Response, Problem> {
    let ExecuteAgent { source, skill, input_data } = body.value;
    let agent = check(&app, &stored(&app, &caller, id).await?.document.to_value())?;
    if let Some(source) = source.filter(|source| &**source != "internal") {
        let detail = format!("There are only `internal` agents here, none from `{source}`.");
        return Err(Problem::new(ProblemKind::NoSuchAgent, detail));
    }
    if agent.skill(&skill).is_none() {
        let names: Vec<&str> = agent.skills.iter().map(|skill| skill.name.as_str()).collect();
        let detail = format!("The agent has no skill `{skill}`; it has {}.", names.join(", "));
        return Err(Problem::new(ProblemKind::NoSuchAgent, detail));
    }
    let outcome = attempt::once(&app, work(&app, &caller, id, skill, input_data)).await?;
    let (result, error) = match outcome.result {
        Ok(output) => (Some(AnyJson(output)), None),
        Err(failure) => (None, Some(ErrorView::from(failure))),
    };
    Ok(reply::ok(&AgentResult { success: error.is_none(), result, error, usage: outcome.usage.into() }))
}

fn work(app: &App, caller: &Caller, agent_id: AgentId, skill: Arc<str>, input: Option<Payload>) -> Work {
    Work {
        tenant: caller.tenant,
        flow: FlowId::new(Uuid::nil()),
        execution: ExecutionId::new(Uuid::now_v7()),
        node: NodeIndex(0),
        node_id: NodeId::new("try"),
        attempt: Attempt::FIRST,
        step: StepKey::ONLY,
        task: Task::Skill { agent_id, version: None, skill },
        input: input.unwrap_or_else(|| Payload::from_value(&serde_json::json!({}))),
        secrets: Arc::from([]),
        stop_at: Some(app.now().plus(trial::TIME_MAX)),
        previous_error: None,
    }
}
