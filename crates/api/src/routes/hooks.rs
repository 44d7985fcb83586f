//! `POST /hooks/{path}`: other services start flows. A door without an identity: a call proves by its signature who has sent
//! it.

mod data;

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use steadflow_core::caller::{Actor, ActorKind, Caller, Role};
use steadflow_core::execution::ExecutionStatus;
use steadflow_core::ids::{ExecutionId, FlowId};
use steadflow_core::payload::Payload;
use steadflow_core::timestamp::Timestamp;
use steadflow_core::webhook::{Call, EventKey, Scheme, UnreadableHeader};
use steadflow_runtime::{ExecutionSnapshot, FlowWebhook, RequestKey, RuntimeError, Start};
use steadflow_store::FlowStatus;
use utoipa_axum::router::OpenApiRouter;

use crate::app::App;
use crate::body;
use crate::client_address::ClientAddress;
use crate::problem::{Problem, ProblemKind};
use crate::query::{FromParams, Params};
use crate::reply;
use crate::trace_parent;
use crate::views::shown::{Room, Shown};
use crate::views::wire::{ErrorClassName, ExecutionStatusName};
use crate::webhooks::{PATH, Verdict};

use self::data::{Incoming, challenge};
use super::executions::{WaitQuery, accepted};

/// How often the text of a body is in memory: as it came, as trigger data, and as the fields of a form.
const COPIES: usize = 8;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().route(PATH, axum::routing::post(receive_call))
}

/// How an execution has ended that a call waited for. What its nodes did, its sender is not shown.
#[derive(Serialize)]
struct EndedExecution<'a> {
    execution_id: ExecutionId,
    status: ExecutionStatusName,
    flow_id: FlowId,
    result: Option<Shown<'a>>,
    error_class: Option<ErrorClassName>,
}

/// Starts the flow of a webhook. When this answers 201, the execution is on disk.
async fn receive_call(
    State(app): State<App>,
    address: ClientAddress,
    trace_parent::Caller(trace): trace_parent::Caller,
    request: Request,
) -> Result<Response, Problem> {
    // Paths of webhooks need no escapes, so one that has some is none.
    let path = request.uri().path().strip_prefix("/hooks/").unwrap_or_default();
    let Some(found) = app.engine().webhook_at(path).await? else {
        let detail = "No flow that is active or paused has a webhook at this path.";
        return Err(Problem::new(ProblemKind::NoSuchWebhook, detail));
    };
    let (mut parts, body) = request.into_parts();
    let received_at = app.engine().wall();
    let flow = found.flow.record.id;
    let answer = async |verdict| app.webhooks().answered(flow, received_at, verdict);
    match received(&app, &found, address, (&mut parts, body), received_at).await {
        Ok(Received::Challenge(challenge)) => {
            answer(Verdict::Challenged).await;
            Ok((StatusCode::OK, challenge).into_response())
        }
        Ok(Received::Event { key, data, wait }) => {
            let start = Start { trace, wait, key, ..start(&found, data) };
            match app.engine().start_execution(start).await.map_err(not_started) {
                Ok(started) => {
                    let execution = started.execution;
                    if started.is_replay {
                        answer(Verdict::Repeated(execution)).await;
                    } else {
                        app.metrics().execution_accepted();
                        answer(Verdict::Started(execution)).await;
                    }
                    Ok(started.ended.map_or_else(|| accepted(execution, flow), |ended| shown(&ended)))
                }
                Err(problem) => {
                    answer(Verdict::Refused(problem.kind().slug())).await;
                    Err(problem)
                }
            }
        }
        Err(Refusal { why, problem }) => {
            answer(Verdict::Refused(why)).await;
            Err(problem)
        }
    }
}

/// A call that was verified and read.
enum Received {
    /// The sender asks whether this is its webhook.
    Challenge(String),
    /// Something has happened.
    Event { key: Option<RequestKey>, data: Payload, wait: Option<Duration> },
}

/// Why a call was refused, as people on this side see it, and as its sender does.
struct Refusal {
    why: &'static str,
    problem: Problem,
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self { why: problem.kind().slug(), problem }
    }
}

/// Verifies a call, and only then reads it.
async fn received(
    app: &App,
    found: &FlowWebhook,
    address: ClientAddress,
    (parts, body): (&mut Parts, Body),
    received_at: Timestamp,
) -> Result<Received, Refusal> {
    let (body, _memory) = body::read_any(parts, body, app, COPIES).await?;
    let event = verified(app, found, address, &parts.headers, &body, received_at)?;
    let key = event.map(|event| key_of(found, &event, &body));
    if let (Scheme::Slack, Some(challenge)) = (found.webhook.scheme, challenge(&body)) {
        return Ok(Received::Challenge(challenge));
    }
    if found.flow.record.status != FlowStatus::Active {
        let detail = "The flow of this webhook is paused, so nothing was started. Send the call again later.";
        return Err(Problem::new(ProblemKind::WebhookPaused, detail).into());
    }
    let mut params = Params::of(&parts.uri)?;
    let WaitQuery { wait } = WaitQuery::from_params(&mut params);
    params.finish_with_others()?;
    let incoming = Incoming {
        method: &parts.method,
        uri: &parts.uri,
        headers: &parts.headers,
        body: &body,
        received_at,
    };
    let data = incoming.trigger_data(&found.webhook)?;
    Ok(Received::Event { key, data, wait })
}

/// Verifies a call. Returns what its event is known by.
fn verified(
    app: &App,
    found: &FlowWebhook,
    address: ClientAddress,
    headers: &HeaderMap,
    body: &Bytes,
    received_at: Timestamp,
) -> Result<Option<EventKey>, Refusal> {
    let record = &found.flow.record;
    let header = |name: &str| {
        let mut values = headers.get_all(name).iter();
        let (Some(first), second) = (values.next(), values.next()) else { return Ok(None) };
        match (first.to_str(), second) {
            (Ok(text), None) => Ok(Some(text)),
            (Ok(_), Some(_)) | (Err(_), _) => Err(UnreadableHeader),
        }
    };
    let secrets = app.webhooks().secrets(record.tenant, &found.webhook);
    let call = Call { header: &header, body, received_at };
    found.webhook.verify(&secrets, &call).map_err(|refused| {
        let problem = if app.webhooks().is_too_often_refused(record.id, address) {
            let detail = "Too many calls of this webhook were refused. Send no others before the time in Retry-After.";
            Problem::new(ProblemKind::WebhookLimited, detail)
        } else {
            let detail = "The call is not signed as this webhook asks for, so nothing was started. Check the secret, the signature over \
                          the body as it is sent, and the clock of the sender.";
            Problem::new(ProblemKind::WebhookRefused, detail)
        };
        Refusal { why: refused.as_str(), problem }
    })
}

/// Returns the key under which the start is known. No header can have such a one.
///
/// An event that has signed its id is the same whatever else its sender has written anew, such as the time. Another id may
/// have been chosen by a person or be repeated by mistake, so it is the same only with the same body.
fn key_of(found: &FlowWebhook, event: &EventKey, body: &[u8]) -> RequestKey {
    let key = format!("webhook\n{}\n{}", found.flow.record.id, event.hash).into();
    let hash = if event.is_signed { [0; 32] } else { Sha256::digest(body).into() };
    RequestKey { key, hash }
}

fn not_started(error: RuntimeError) -> Problem {
    if matches!(error, RuntimeError::TenantDisabled) {
        // What is disabled is nothing that its senders need to know.
        let detail = "The flow of this webhook is paused, so nothing was started. Send the call again later.";
        return Problem::new(ProblemKind::WebhookPaused, detail);
    }
    if matches!(error, RuntimeError::KeyReused) {
        let detail = "A call with this event ID and another body has started an execution, so this one started none. Give each event \
                      an ID of its own.";
        return Problem::new(ProblemKind::KeyReused, detail);
    }
    error.into()
}

fn start(found: &FlowWebhook, trigger_data: Payload) -> Start {
    let (record, node) = (&found.flow.record, &found.node);
    let actor = Actor { kind: ActorKind::Webhook, id: Some(node.to_string().into()) };
    Start {
        caller: Caller { tenant: record.tenant, actor, role: Role::Operator },
        flow: record.id,
        context_id: None,
        context_type: None,
        trigger_data,
        triggered_by: "webhook".into(),
        priority: None,
        trace: None,
        key: None,
        wait: None,
    }
}

fn shown(ended: &ExecutionSnapshot) -> Response {
    let execution = &ended.execution;
    let mut room = Room::new(execution.id());
    let status: ExecutionStatus = execution.status();
    reply::ok(&EndedExecution {
        execution_id: execution.id(),
        status: status.into(),
        flow_id: execution.accepted().flow,
        result: execution.result_parts().map(|parts| room.result(&parts)),
        error_class: execution.error().and_then(|error| error.class).map(Into::into),
    })
}
