//! One node of a draft, tried with values that a person pins.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use steadflow_core::failure::Failure;
use steadflow_core::flow::PlacedNode;
use steadflow_core::ids::{ExecutionId, NodeId, TenantId};
use steadflow_core::payload::Payload;
use steadflow_core::timestamp::Timestamp;
use steadflow_core::trial::{self, LoopTrial, Pinned, PinnedSkill, Step, Trial, within_limit};
use steadflow_core::work::Outcome;
use steadflow_runtime::RuntimeError;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::executions::{check_context, given};
use crate::app::App;
use crate::attempt::{self, LoopOutcome};
use crate::authorized::{Authorized, EditFlows, OfParts};
use crate::documents::DefinitionDraft;
use crate::json::Json;
use crate::problem::{Problem, ProblemBody, ProblemKind};
use crate::reply;
use crate::views::execution_error::ErrorView;
use crate::views::usage::UsageView;
use crate::views::verdict::VerdictView;
use crate::views::wire::{AnyJson, millis};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(test_node))
}

/// Which node to test, in which graph, with what.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(crate) struct TestNode {
    /// The graph, stored or not. Only what is wrong with the node itself stops the test.
    #[schema(value_type = DefinitionDraft)]
    flow_definition: Value,
    /// The node in it.
    #[schema(value_type = String, min_length = 1, max_length = 200)]
    node_id: Arc<str>,
    /// Any JSON; `{}` unless given.
    #[schema(value_type = AnyJson, required = false)]
    trigger_data: Option<Payload>,
    /// What `context.id` says; null where this is empty.
    #[schema(value_type = Option<String>, max_length = 1000)]
    context_id: Option<Arc<str>>,
    /// What `context.type` says; null where this is empty.
    #[schema(value_type = Option<String>, max_length = 1000)]
    context_type: Option<Arc<str>>,
    /// By node id, what other nodes are taken to have returned. The node reads what it names; the rest is ignored.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, AnyJson>)]
    outputs: BTreeMap<NodeId, Payload>,
    /// Whether only the input of the node is made. Nothing is called then, and there is no output.
    #[serde(default)]
    only_input: bool,
}

impl TestNode {
    fn into_pinned(self, tenant: TenantId) -> Pinned {
        Pinned {
            tenant,
            execution: ExecutionId::new(Uuid::now_v7()),
            trigger_data: self.trigger_data.unwrap_or_else(|| Payload::from_value(&serde_json::json!({}))),
            context_id: given(self.context_id),
            context_type: given(self.context_type),
            outputs: self.outputs,
        }
    }
}

/// What a node returned, or why it failed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NodeTest {
    success: bool,
    /// The input with its templates resolved. Secrets are in it by name. Null where the node has none, or where it
    /// could not be made.
    #[schema(value_type = AnyJson)]
    input: Option<AnyJson>,
    /// The output, where it succeeded. Of a delay: when it would be over.
    #[schema(value_type = AnyJson)]
    output: Option<AnyJson>,
    /// Why there is none.
    error: Option<ErrorView>,
    /// What the judges of the agent's guardrails said, in the order in which they were asked.
    verdicts: Vec<VerdictView>,
    usage: UsageView,
    duration_ms: u64,
}

/// What came of a test.
struct Tested {
    result: Result<Payload, Failure>,
    verdicts: Vec<VerdictView>,
    usage: UsageView,
}

impl From<Outcome> for Tested {
    fn from(outcome: Outcome) -> Self {
        let usage = outcome.usage.as_deref().into();
        Self { result: outcome.result, verdicts: Vec::new(), usage }
    }
}

impl NodeTest {
    fn new(input: Option<Payload>, tested: Tested, took: Duration) -> Self {
        let Tested { result, verdicts, usage } = tested;
        let (output, error) = match result {
            Ok(output) => (Some(AnyJson(output)), None),
            Err(failure) => (None, Some(failure.into())),
        };
        let (success, input, duration_ms) = (error.is_none(), input.map(AnyJson), millis(took));
        Self { success, input, output, error, verdicts, usage, duration_ms }
    }
}

/// Tests one node of a graph, once, at most two minutes: with its real effects, and with the outputs that are given in
/// place of the nodes before it. Nothing is stored of it, nothing is retried, and a delay does not wait.
#[utoipa::path(post, path = "/api/v1/studio/flows/test-node", tag = "flows", extensions(("x-turn" = json!("document"))), request_body = TestNode,
    responses((status = 200, description = "Whether it succeeded, and its output or its error", body = NodeTest),
              (status = 404, description = "The graph has no such node", body = ProblemBody, content_type = "application/problem+json"),
              (status = 422, description = "The node has faults", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn test_node(
    State(app): State<App>,
    Authorized(caller, _): Authorized<EditFlows, OfParts>,
    body: Json<TestNode>,
) -> Result<Response, Problem> {
    let test = body.value;
    check_context(test.context_id.as_deref(), test.context_type.as_deref())?;
    let placed = placed(&app, &test.flow_definition, &test.node_id)?;
    let (started, only_input) = (app.now(), test.only_input);
    let pinned = test.into_pinned(caller.tenant);
    let trial = Trial::begin(&placed, &pinned, app.engine().limits(), started);
    let tested = match trial.step {
        Step::Known(result) => Outcome::new(result).into(),
        Step::Work(_) if only_input => Outcome::completed(Payload::null()).into(),
        Step::Work(work) => match skill_of(&app, &placed, caller.tenant).await? {
            Some(skill) => run_loop(&app, &placed, (&pinned, skill), started).await?,
            None => bounded(&app, attempt::once(&app, *work).await?).into(),
        },
    };
    Ok(reply::ok(&NodeTest::new(trial.input, tested, app.now().since(started))))
}

/// Returns the skill that a node asks for, if it takes several calls that can be made here. Why an agent cannot be
/// asked, the call itself says.
async fn skill_of(app: &App, placed: &PlacedNode, tenant: TenantId) -> Result<Option<PinnedSkill>, Problem> {
    let Some((id, skill)) = placed.node.kind.room().skill() else { return Ok(None) };
    let record = match app.engine().agent(tenant, id).await {
        Ok(record) => record,
        Err(RuntimeError::NoAgent(_)) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let agent = record.agent().ok();
    let rules = agent.and_then(|agent| agent.skill(skill)?.rules_of_trial());
    Ok(rules.map(|rules| PinnedSkill { rules, version: Some((id, record.version)), flows: BTreeMap::new() }))
}

async fn run_loop(
    app: &App,
    placed: &PlacedNode,
    (pinned, skill): (&Pinned, PinnedSkill),
    started: Timestamp,
) -> Result<Tested, Problem> {
    let mut trial = LoopTrial::new(placed, pinned, (app.engine().limits(), skill), started);
    let LoopOutcome { result, used } = attempt::run_loop(app, &mut trial, attempt::any_call).await?;
    let result = result.unwrap_or_else(|| Err(trial::needs_flow()));
    Ok(Tested { result, verdicts: VerdictView::all(&trial), usage: used.into() })
}

fn placed(app: &App, definition: &Value, id: &str) -> Result<PlacedNode, Problem> {
    let found = PlacedNode::parse(definition, id, app.engine().limits()).map_err(Problem::flow_invalid)?;
    found.ok_or_else(|| {
        let detail = format!("The flow definition has no node `{id}`. Give the `id` of one of its nodes.");
        Problem::new(ProblemKind::NoSuchNode, detail)
    })
}

fn bounded(app: &App, outcome: Outcome) -> Outcome {
    let result = outcome.result.and_then(|output| within_limit(output, app.engine().limits()));
    Outcome { result, ..outcome }
}
