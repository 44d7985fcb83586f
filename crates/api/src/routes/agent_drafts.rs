//! Agents as somebody edits them: which models they could have, whether they can be reached, and what a skill answers.
//!
//! Nothing is stored, and nothing belongs to an execution.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use steadflow_core::agent::Agent;
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::ids::{AgentId, ExecutionId, TenantId};
use steadflow_core::payload::Payload;
use steadflow_core::transcript::Rules;
use steadflow_core::trial::{About, Asker, LoopTrial, Pinned, PinnedSkill, Question, UNSTORED, asking};
use steadflow_core::work::{Outcome, Task, Work};
use steadflow_runtime::{Executor, RuntimeError};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::app::App;
use crate::attempt::{self, LoopOutcome};
use crate::authorized::{Authorized, EditAgents};
use crate::documents::AgentDraft;
use crate::json::{Json, OptionalJson};
use crate::path::PathId;
use crate::problem::{Problem, ProblemBody};
use crate::reply;
use crate::views::execution_error::ErrorView;
use crate::views::usage::UsageView;
use crate::views::verdict::VerdictView;
use crate::views::wire::{AnyJson, millis};

/// Stands for the model that is not chosen yet.
const NO_MODEL: &str = "none";

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(list_draft_models))
        .routes(routes!(list_agent_models))
        .routes(routes!(test_draft))
        .routes(routes!(test_agent))
        .routes(routes!(try_draft))
        .routes(routes!(try_agent))
}

/// The models of a provider.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub(crate) struct AgentModels {
    /// By id.
    models: Vec<AgentModel>,
}

/// A model that a provider lists.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub(crate) struct AgentModel {
    /// What `config.model` names it.
    id: String,
    /// What the provider calls it for people, if it says so.
    name: Option<String>,
}

/// Asks the provider of an agent that is not stored which models it has, at most 30 seconds. That costs nothing.
///
/// Only `agent_type` and `config` count, and `config` needs no model.
#[utoipa::path(post, path = "/api/v1/studio/agents/models", tag = "agents", extensions(("x-turn" = json!("document"))), request_body = AgentDraft,
    responses((status = 200, description = "The models", body = AgentModels),
              (status = 422, description = "The document has faults, or the provider refused the request or answered something else", body = ProblemBody, content_type = "application/problem+json"),
              (status = 429, description = "The provider limits its rate", body = ProblemBody, content_type = "application/problem+json"),
              (status = 502, description = "The provider failed, or its response cannot be used", body = ProblemBody, content_type = "application/problem+json"),
              (status = 504, description = "The provider did not respond in time", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn list_draft_models(
    State(app): State<App>,
    Authorized(caller, _): Authorized<EditAgents>,
    body: Json<AgentDraft>,
) -> Result<Response, Problem> {
    let agent = app.engine().reachable_agent(&caller, None, (&body.value.0, Some(NO_MODEL))).await?;
    models(&app, agent, caller.tenant).await
}

/// Asks the provider of a stored agent, with the keys that are given in place of its own, which models it has.
/// Otherwise as without an agent.
#[utoipa::path(post, path = "/api/v1/studio/agents/{id}/models", tag = "agents", extensions(("x-turn" = json!("document"))), request_body = Option<AgentDraft>,
    params(("id" = Uuid, Path, description = "The agent")),
    responses((status = 200, description = "The models", body = AgentModels),
              (status = 422, description = "The document has faults, or the provider refused the request or answered something else", body = ProblemBody, content_type = "application/problem+json"),
              (status = 429, description = "The provider limits its rate", body = ProblemBody, content_type = "application/problem+json"),
              (status = 502, description = "The provider failed, or its response cannot be used", body = ProblemBody, content_type = "application/problem+json"),
              (status = 504, description = "The provider did not respond in time", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn list_agent_models(
    State(app): State<App>,
    Authorized(caller, _): Authorized<EditAgents>,
    PathId(id): PathId<AgentId>,
    body: OptionalJson<AgentDraft>,
) -> Result<Response, Problem> {
    let agent = app.engine().reachable_agent(&caller, Some(id), (&body.value.0, Some(NO_MODEL))).await?;
    models(&app, agent, caller.tenant).await
}

async fn models(app: &App, agent: Agent, tenant: TenantId) -> Result<Response, Problem> {
    let outcome = attempt::ask(app, Question::models(agent, asker(app, tenant))).await?;
    let listed = outcome.result.map_err(|failure| Problem::of_skill(failure, None.into()))?;
    Ok(reply::ok(&read::<AgentModels>(&listed)?))
}

/// Whether an agent can be reached.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConnectionTest {
    success: bool,
    /// What the test has shown, where it succeeded.
    message: Option<String>,
    /// Why it did not.
    error: Option<ErrorView>,
    usage: UsageView,
    duration_ms: u64,
}

#[derive(Deserialize)]
struct Shown {
    message: String,
}

/// Tests whether an agent that is not stored can be reached, at most 30 seconds, with the least costly call that shows it.
///
/// A language model is asked to reply with one word, of at most 16 tokens, which costs what these tokens cost. An MCP server
/// is asked for its tools, and a remote agent with a GET request to its endpoint; no skill is called. Only `agent_type` and
/// `config` count.
#[utoipa::path(post, path = "/api/v1/studio/agents/test", tag = "agents", extensions(("x-turn" = json!("document"))), request_body = AgentDraft,
    responses((status = 200, description = "Whether it was reached", body = ConnectionTest),
              (status = 422, description = "The document has faults", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn test_draft(
    State(app): State<App>,
    Authorized(caller, _): Authorized<EditAgents>,
    body: Json<AgentDraft>,
) -> Result<Response, Problem> {
    let agent = app.engine().reachable_agent(&caller, None, (&body.value.0, None)).await?;
    test(&app, agent, caller.tenant).await
}

/// Tests whether a stored agent, with the keys that are given in place of its own, can be reached. Otherwise as without an
/// agent.
#[utoipa::path(post, path = "/api/v1/studio/agents/{id}/test", tag = "agents", extensions(("x-turn" = json!("document"))), request_body = Option<AgentDraft>,
    params(("id" = Uuid, Path, description = "The agent")),
    responses((status = 200, description = "Whether it was reached", body = ConnectionTest),
              (status = 422, description = "The document has faults", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn test_agent(
    State(app): State<App>,
    Authorized(caller, _): Authorized<EditAgents>,
    PathId(id): PathId<AgentId>,
    body: OptionalJson<AgentDraft>,
) -> Result<Response, Problem> {
    let agent = app.engine().reachable_agent(&caller, Some(id), (&body.value.0, None)).await?;
    test(&app, agent, caller.tenant).await
}

async fn test(app: &App, agent: Agent, tenant: TenantId) -> Result<Response, Problem> {
    let started = app.now();
    let outcome = attempt::ask(app, Question::connection(agent, asker(app, tenant))).await?;
    let (message, error) = match outcome.result {
        Ok(shown) => (Some(read::<Shown>(&shown)?.message), None),
        Err(failure) => (None, Some(failure.into())),
    };
    let usage = outcome.usage.as_deref().into();
    let duration_ms = millis(app.now().since(started));
    Ok(reply::ok(&ConnectionTest { success: error.is_none(), message, error, usage, duration_ms }))
}

/// Which skill of an agent to try, on what.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(crate) struct TrySkill {
    /// The agent as it is edited: keys in place of those that are stored. Faults have pointers into it.
    #[serde(default)]
    #[schema(required = false)]
    agent: AgentDraft,
    #[schema(value_type = String, min_length = 1, max_length = 200)]
    skill: Arc<str>,
    /// Any JSON; `{}` unless given.
    #[schema(value_type = AnyJson, required = false)]
    input_data: Option<Payload>,
    /// Whether only the prompt is made, of a language model. Nothing is called then.
    #[serde(default)]
    only_prompt: bool,
    /// The fallback model that is asked in place of the first model, from 1.
    #[schema(minimum = 1)]
    fallback: Option<usize>,
}

/// What a skill answered, or why it failed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SkillTry {
    success: bool,
    /// What its model is sent, if it is one.
    prompt: Option<PromptView>,
    /// The output, also one that a judge has refused. Null if there is none: it failed, it asks for tools, or only its prompt
    /// was asked for.
    #[schema(value_type = AnyJson)]
    output: Option<AnyJson>,
    /// The tools that the model asks for. They are not called.
    tool_calls: Vec<ToolCallView>,
    /// What it says beside that.
    text: String,
    /// The answer of the model as it wrote it, up to 16 KiB: text, or JSON if its provider gives that. Of one that was
    /// refused, `error.body` has it.
    #[schema(value_type = AnyJson)]
    raw: Option<AnyJson>,
    /// Why a guardrail refuses the output: what the model would be told, which is not asked again here.
    refusal: Option<String>,
    /// What the judges of the guardrails said, in the order in which they were asked.
    verdicts: Vec<VerdictView>,
    error: Option<ErrorView>,
    usage: UsageView,
    duration_ms: u64,
}

/// What a model is sent.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[schema(as = Prompt)]
pub(crate) struct PromptView {
    /// The instructions with the parts of the input in their places, and what is said of the output schema.
    system: Option<String>,
    user: String,
    /// The names of the tools that it may ask for.
    tools: Vec<String>,
}

/// A tool that a model asks for.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[schema(as = AskedTool)]
pub(crate) struct ToolCallView {
    name: String,
    #[schema(value_type = AnyJson)]
    arguments: Payload,
}

#[derive(Default, Deserialize)]
struct Answered {
    #[serde(default)]
    output: Option<Payload>,
    #[serde(default)]
    tool_calls: Vec<ToolCallView>,
    #[serde(default)]
    text: String,
    #[serde(default)]
    raw: Option<Payload>,
    #[serde(default)]
    refusal: Option<String>,
}

/// Tries one skill of an agent that is not stored, once, at most two minutes.
///
/// A model is asked for one answer: the tools that it asks for are shown and not called, and fallback models are asked only if `fallback` says which.
/// Judges of guardrails are asked about its input and its answer.
/// The skill of a remote agent or an MCP server is called, with all its effects.
#[utoipa::path(post, path = "/api/v1/studio/agents/try", tag = "agents", extensions(("x-turn" = json!("document"))), request_body = TrySkill,
    responses((status = 200, description = "Whether it succeeded, and what came of it", body = SkillTry),
              (status = 404, description = "The agent has no such skill", body = ProblemBody, content_type = "application/problem+json"),
              (status = 422, description = "The document has faults", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn try_draft(
    State(app): State<App>,
    Authorized(caller, _): Authorized<EditAgents>,
    body: Json<TrySkill>,
) -> Result<Response, Problem> {
    let agent = app.engine().drafted_agent(&caller, None, &body.value.agent.0).await.map_err(in_agent)?;
    try_skill(&app, agent, caller.tenant, body.value).await
}

/// Tries one skill of a stored agent, with the keys that are given in place of its own. Otherwise as without an agent.
#[utoipa::path(post, path = "/api/v1/studio/agents/{id}/try", tag = "agents", extensions(("x-turn" = json!("document"))), request_body = TrySkill,
    params(("id" = Uuid, Path, description = "The agent")),
    responses((status = 200, description = "Whether it succeeded, and what came of it", body = SkillTry),
              (status = 404, description = "There is no such agent, or it has no such skill", body = ProblemBody, content_type = "application/problem+json"),
              (status = 422, description = "The document has faults", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn try_agent(
    State(app): State<App>,
    Authorized(caller, _): Authorized<EditAgents>,
    PathId(id): PathId<AgentId>,
    body: Json<TrySkill>,
) -> Result<Response, Problem> {
    let agent = app.engine().drafted_agent(&caller, Some(id), &body.value.agent.0).await.map_err(in_agent)?;
    try_skill(&app, agent, caller.tenant, body.value).await
}

async fn try_skill(app: &App, agent: Agent, tenant: TenantId, asked: TrySkill) -> Result<Response, Problem> {
    let TrySkill { skill, input_data, only_prompt, fallback, .. } = asked;
    agent.offered(&skill).map_err(RuntimeError::from)?;
    let input = input_data.unwrap_or_else(|| Payload::from_value(&serde_json::json!({})));
    let agent = with_fallback(agent, fallback)?;
    let is_model = agent.model(0).is_some();
    let started = app.now();
    let flows = app.engine().offered_flows(tenant, &agent, &skill).await?;
    let ask = async |about| {
        let question = Question::skill(agent.clone(), about, (&skill, input.clone()), asker(app, tenant));
        attempt::ask(app, question.with_flows(&flows)).await
    };
    let prompt = if is_model || only_prompt { Some(ask(About::Prompt).await?.result) } else { None };
    let prompt = match prompt.transpose() {
        Ok(prompt) => prompt.as_ref().map(read::<PromptView>).transpose()?,
        Err(failure) => return Ok(reply::ok(&tried(None, Outcome::failed(failure).into(), Duration::ZERO)?)),
    };
    let rules = agent.skill(&skill).and_then(|skill| skill.rules.clone().filter(|_| skill.is_loop()));
    let answer = match rules {
        _ if only_prompt => Outcome::completed(Payload::from_value(&serde_json::json!({}))).into(),
        Some(rules) => {
            let pinned = PinnedSkill { rules, version: None, flows };
            judged(app, (agent, &skill, pinned), input, asker(app, tenant)).await?
        }
        None => ask(About::Answer).await?.into(),
    };
    Ok(reply::ok(&tried(prompt, answer, app.now().since(started))?))
}

/// Returns the agent with the fallback model that is asked for in place of its models.
fn with_fallback(agent: Agent, fallback: Option<usize>) -> Result<Agent, Problem> {
    let Some(number) = fallback else { return Ok(agent) };
    let found = if number == 0 { None } else { agent.with_one_model(number) };
    found.ok_or_else(|| Problem::of_body("/fallback", format!("The agent has no fallback model {number}.")))
}

/// What an agent has answered.
struct SkillAnswer {
    answer: Option<Payload>,
    failure: Option<Failure>,
    verdicts: Vec<VerdictView>,
    usage: UsageView,
}

impl From<Outcome> for SkillAnswer {
    fn from(outcome: Outcome) -> Self {
        let usage = outcome.usage.as_deref().into();
        let (answer, failure) = match outcome.result {
            Ok(answer) => (Some(answer), None),
            Err(failure) => (None, Some(failure)),
        };
        Self { answer, failure, verdicts: Vec::new(), usage }
    }
}

/// Asks a model once, and judges about its input and its answer. Its tools are not called.
async fn judged(
    app: &App,
    (agent, skill, pinned_skill): (Agent, &str, PinnedSkill),
    input: Payload,
    asker: Asker,
) -> Result<SkillAnswer, Problem> {
    // One model is asked once.
    let rules = Arc::new(Rules { models: Vec::new(), ..(*pinned_skill.rules).clone() });
    let placed = asking(UNSTORED, skill);
    let pinned = Pinned::given(asker.tenant, asker.execution, input);
    let skill = PinnedSkill { rules, ..pinned_skill };
    let mut trial = LoopTrial::new(&placed, &pinned, (app.engine().limits(), skill), asker.now);
    let mut agent = Some(Arc::new(agent));
    let begin = |executor: &dyn Executor, work: Work| match &work.task {
        Task::Judge(_) => Some(executor.execute(work)),
        Task::Turn(_) => {
            agent.take().map(|agent| executor.ask(Question { agent, about: About::Answer, work }))
        }
        Task::Skill { .. }
        | Task::Summary(_)
        | Task::Tool { .. }
        | Task::CancelTask { .. }
        | Task::ListTools { .. }
        | Task::HttpRequest
        | Task::Message(_)
        | Task::Code(_)
        | Task::Echo => None,
    };
    let LoopOutcome { result, used } = attempt::run_loop(app, &mut trial, begin).await?;
    let failure = result.and_then(Result::err);
    let (answer, verdicts) = (trial.answer().cloned(), VerdictView::all(&trial));
    Ok(SkillAnswer { answer, failure, verdicts, usage: used.into() })
}

fn tried(prompt: Option<PromptView>, tried: SkillAnswer, took: Duration) -> Result<SkillTry, Problem> {
    let SkillAnswer { answer, failure, verdicts, usage } = tried;
    let answered = answer.as_ref().map(read::<Answered>).transpose()?.unwrap_or_default();
    Ok(SkillTry {
        success: failure.is_none(),
        prompt,
        output: answered.output.map(AnyJson),
        tool_calls: answered.tool_calls,
        text: answered.text,
        raw: answered.raw.map(AnyJson),
        refusal: answered.refusal,
        verdicts,
        error: failure.map(Into::into),
        usage,
        duration_ms: millis(took),
    })
}

fn asker(app: &App, tenant: TenantId) -> Asker {
    Asker { tenant, execution: ExecutionId::new(Uuid::now_v7()), now: app.now() }
}

/// Gives faults of the document their pointers in the body.
fn in_agent(error: RuntimeError) -> Problem {
    let RuntimeError::AgentInvalid(mut faults) = error else { return error.into() };
    for fault in &mut faults {
        fault.pointer.insert_str(0, "/agent");
    }
    Problem::agent_invalid(faults)
}

fn read<T: for<'de> Deserialize<'de>>(answer: &Payload) -> Result<T, Problem> {
    serde_json::from_str(answer.as_str()).map_err(|error| {
        let message = format!("The answer cannot be shown: {error}");
        Problem::of_skill(Failure::new(ErrorClass::Internal, message), None.into())
    })
}
