//! The audit log: a request for a change is added to it before it is carried out, and what came of it afterwards.
//!
//! Which operations are audited follows from the document of the API: all that may change something, but those that are named here.
//! Who asks is known where the permission of an operation is asked for, so that is where a request is added: those that are refused
//! there are counted ([`refusals`](crate::refusals)). Who signs in, and who accepts an invitation, is known in the handler, and so is who comes from a provider.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use axum::extract::{FromRequestParts, MatchedPath, Request};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, header};
use axum::response::Response;
use steadflow_core::access::Principal;
use steadflow_core::audit::{AuditEntry, AuditOutcome};
use steadflow_core::caller::Caller;
use steadflow_core::ids::TenantId;
use utoipa::openapi::OpenApi;

use crate::app::App;
use crate::client_address::ClientIp;
use crate::operations::operations;
use crate::problem::Problem;
use crate::refusals::Refusal;

/// Operations that change nothing that stays, the one that keeps each change of an editor before it is saved as a version, what says who has a flow open, and those that start executions, which name who did in their journals.
const NOT_AUDITED: [&str; 21] = [
    "ask_new_passkey",
    "ask_passkey",
    "begin_at_provider",
    "delete_presence",
    "execute_agent",
    "execute_flow",
    "fork_execution",
    "list_draft_models",
    "put_flow_draft",
    "put_presence",
    "receive_call",
    "retry_execution",
    "retry_executions",
    "send_event",
    "test_agent",
    "test_alert",
    "test_draft",
    "test_node",
    "try_agent",
    "try_draft",
    "validate_flow",
];
/// How much of a path is in the log: an ID that is none can be as long as a request.
const TARGET_CHARS_MAX: usize = 300;

/// The operations by their paths.
#[derive(Clone, Debug)]
pub(crate) struct Audited(Arc<HashMap<String, HashMap<Method, Operation>>>);

#[derive(Clone, Debug)]
struct Operation {
    id: Arc<str>,
    is_audited: bool,
}

impl Audited {
    pub(crate) fn of(document: &OpenApi) -> Self {
        let mut all: HashMap<String, HashMap<Method, Operation>> = HashMap::new();
        for (method, path, operation) in operations(document) {
            let id = operation.operation_id.as_deref().unwrap_or_default();
            let is_audited = method != Method::GET && !NOT_AUDITED.contains(&id);
            let operation = Operation { id: id.into(), is_audited };
            all.entry(path.to_owned()).or_default().insert(method, operation);
        }
        Self(Arc::new(all))
    }

    /// Returns what was refused to somebody who asked for a route, if that is an operation of the API.
    pub(crate) fn refusal(
        &self,
        principal: &Principal,
        address: Option<IpAddr>,
        (method, route): (&Method, &str),
        status: StatusCode,
    ) -> Option<Refusal> {
        let operation = self.0.get(route)?.get(method)?;
        let Caller { tenant, actor, .. } = &principal.caller;
        Some(Refusal {
            tenant: *tenant,
            kind: actor.kind,
            id: actor.id.clone(),
            address,
            action: Arc::clone(&operation.id),
            target: route.into(),
            status: status.as_u16(),
        })
    }

    /// Marks a request for a change. Returns what will have become of it.
    pub(crate) fn mark(&self, request: &mut Request) -> Option<Auditing> {
        let route = request.extensions().get::<MatchedPath>()?.as_str();
        let operation = self.0.get(route)?.get(request.method()).filter(|operation| operation.is_audited)?;
        // The token of a link is a secret.
        let target = if route.contains("{token}") { route } else { request.uri().path() };
        let target = target.chars().take(TARGET_CHARS_MAX).collect::<String>().into();
        let action = Arc::clone(&operation.id);
        let auditing = Auditing { action, target, requested: Arc::default() };
        request.extensions_mut().insert(auditing.clone());
        Some(auditing)
    }
}

/// A request for a change.
#[derive(Clone, Debug)]
pub(crate) struct Auditing {
    action: Arc<str>,
    target: Arc<str>,
    requested: Arc<OnceLock<Requested>>,
}

/// What is in the log of it.
#[derive(Debug)]
struct Requested {
    tenant: TenantId,
    number: u64,
    entry: AuditEntry,
}

/// What is to be in the log of a request, once it is known who asks.
#[derive(Debug)]
pub(crate) struct ToAudit {
    auditing: Option<Auditing>,
    /// From where the request came.
    pub(crate) address: Option<IpAddr>,
}

impl ToAudit {
    pub(crate) fn of(parts: &Parts) -> Self {
        let address = parts.extensions.get::<ClientIp>().map(|ClientIp(address)| *address);
        Self { auditing: parts.extensions.get().cloned(), address }
    }

    /// Adds a request to the log, if it is for a change. Nothing is carried out before.
    ///
    /// # Errors
    /// If the store fails: then nothing is carried out.
    pub(crate) async fn add(&self, app: &App, caller: &Caller) -> Result<(), Problem> {
        let Some(Auditing { action, target, requested }) = &self.auditing else { return Ok(()) };
        let entry = AuditEntry {
            at: app.engine().wall(),
            actor: caller.actor.clone(),
            address: self.address.map(|address| address.to_string().into()),
            action: Arc::clone(action),
            target: Arc::clone(target),
            outcome: None,
            refused: None,
        };
        let row = app.engine().store().append_audit(caller.tenant, entry.clone()).await?;
        // A request has one handler, which asks once.
        let _ = requested.set(Requested { tenant: caller.tenant, number: row.number, entry });
        Ok(())
    }
}

impl FromRequestParts<App> for ToAudit {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Infallible> {
        Ok(Self::of(parts))
    }
}

/// Returns the address of what was made.
pub(crate) fn made(response: &Response) -> Option<Arc<str>> {
    response.headers().get(header::LOCATION)?.to_str().ok().map(Into::into)
}

impl Auditing {
    /// Returns whether the request is in the log.
    pub(crate) fn is_added(&self) -> bool {
        self.requested.get().is_some()
    }

    /// Adds what came of the request. If that fails, it is said in the log of the server: what was done stands.
    pub(crate) async fn outcome(self, app: &App, status: StatusCode, made: Option<Arc<str>>) {
        let Some(Requested { tenant, number, entry }) = self.requested.get() else { return };
        let outcome = AuditOutcome { of: *number, status: status.as_u16(), made };
        let entry = AuditEntry { at: app.engine().wall(), outcome: Some(outcome), ..entry.clone() };
        if let Err(error) = app.engine().store().append_audit(*tenant, entry).await {
            tracing::error!(error = %error, action = &*self.action, of = number, "the outcome of a request is not in the audit log");
        }
    }
}
