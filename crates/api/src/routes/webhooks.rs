//! Which flows are called from outside, and what became of the last calls.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use steadflow_core::ids::{ExecutionId, FlowId, NodeId};
use steadflow_runtime::FlowWebhook;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::authorized::{Authorized, OfFlows, ViewCatalogue};
use crate::problem::{Problem, ProblemBody};
use crate::query::{FromParams, Params, Query};
use crate::reply;
use crate::views::wire::{FlowStatusName, Time};
use crate::webhooks::{AnsweredCall, Verdict};

/// Webhooks in one answer.
const WEBHOOKS_MAX: usize = 1_000;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(list_webhooks))
}

/// Which webhooks to list.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct WebhooksQuery {
    /// Of this flow.
    #[param(value_type = Option<Uuid>)]
    flow_id: Option<FlowId>,
}

impl FromParams for WebhooksQuery {
    fn from_params(params: &mut Params) -> Self {
        Self { flow_id: params.flow("flow_id") }
    }
}

/// The webhook of a flow.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Webhook)]
pub(crate) struct WebhookView {
    #[schema(value_type = Uuid)]
    flow_id: FlowId,
    flow_name: String,
    /// Calls start executions while it is `active`.
    flow_status: FlowStatusName,
    /// The trigger that has it.
    #[schema(value_type = String)]
    node_id: NodeId,
    /// The path of its address on this server.
    #[schema(example = "/hooks/orders")]
    url_path: String,
    /// `github`, `stripe`, `slack`, `standard_webhooks`, `hmac` or `bearer`.
    scheme: &'static str,
    secrets: Vec<SecretView>,
    /// The last calls since the server was started, the newest first: at most 20, those alike together.
    calls: Vec<CallView>,
}

/// A secret that calls are signed with.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookSecret)]
pub(crate) struct SecretView {
    name: String,
    status: SecretStatus,
}

/// Whether calls can be verified with a secret.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = WebhookSecretStatus)]
pub(crate) enum SecretStatus {
    /// They can.
    Set,
    /// There is no such secret.
    Missing,
    /// It has fewer than 16 bytes, or is not what the scheme takes.
    Unusable,
}

/// A call that was answered, or several alike.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookCall)]
pub(crate) struct CallView {
    /// When it came; of several, the last one.
    at: Time,
    /// How many there were, one after the other.
    count: u64,
    verdict: CallVerdict,
    /// The execution that it started, or that its event had started before.
    #[schema(value_type = Option<Uuid>)]
    execution_id: Option<ExecutionId>,
    /// Why it was refused: `no_secret`, `no_signature`, `stale`, `wrong_signature`, `unreadable_id`, or the kind of the problem.
    reason: Option<&'static str>,
}

/// What became of a call.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = WebhookCallVerdict)]
pub(crate) enum CallVerdict {
    /// It started an execution.
    Started,
    /// Its event had started one before.
    Repeated,
    /// The sender asked whether this is its webhook.
    Challenged,
    /// It started nothing.
    Refused,
}

impl From<AnsweredCall> for CallView {
    fn from(AnsweredCall { at, verdict, count }: AnsweredCall) -> Self {
        let (verdict, execution_id, reason) = match verdict {
            Verdict::Started(execution) => (CallVerdict::Started, Some(execution), None),
            Verdict::Repeated(execution) => (CallVerdict::Repeated, Some(execution), None),
            Verdict::Challenged => (CallVerdict::Challenged, None, None),
            Verdict::Refused(why) => (CallVerdict::Refused, None, Some(why)),
        };
        Self { at: at.into(), count, verdict, execution_id, reason }
    }
}

fn view(app: &App, FlowWebhook { flow, node, webhook }: FlowWebhook) -> WebhookView {
    let record = &flow.record;
    let status = |name: &str| match app.webhooks().secret(record.tenant, name) {
        None => SecretStatus::Missing,
        Some(value) if webhook.is_usable(&value) => SecretStatus::Set,
        Some(_) => SecretStatus::Unusable,
    };
    let secrets = webhook.secrets.iter();
    WebhookView {
        flow_id: record.id,
        flow_name: record.name.clone(),
        flow_status: record.status.into(),
        node_id: node,
        url_path: format!("/hooks/{}", webhook.path),
        scheme: webhook.scheme.as_str(),
        secrets: secrets.map(|name| SecretView { name: name.to_string(), status: status(name) }).collect(),
        calls: app.webhooks().calls(record.id).into_iter().map(Into::into).collect(),
    }
}

/// Lists the webhooks of flows, the newest flow first, whatever the status of the flow is. At most 1,000 are shown.
#[utoipa::path(get, path = "/api/v1/studio/webhooks", tag = "webhooks", params(WebhooksQuery),
    responses((status = 200, description = "The webhooks", body = [WebhookView]),
              (status = 404, description = "There is no such flow", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn list_webhooks(
    State(app): State<App>,
    Authorized(caller, reach): Authorized<ViewCatalogue, OfFlows>,
    Query(query): Query<WebhooksQuery>,
) -> Result<Response, Problem> {
    let all = app.engine().webhooks(caller.tenant, query.flow_id, reach.within, WEBHOOKS_MAX).await?;
    Ok(reply::ok(&all.into_iter().map(|webhook| view(&app, webhook)).collect::<Vec<_>>()))
}
