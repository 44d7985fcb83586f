//! Who asks, and whether they may: what every handler of the API names.

use std::marker::PhantomData;
use std::sync::Arc;

use axum::extract::{FromRequestParts, MatchedPath, RawPathParams};
use axum::http::request::Parts;
use axum::http::{Method, Uri};
use steadflow_core::access::{self, FlowScope, Permission, Principal};
use steadflow_core::caller::Caller;
use steadflow_core::ids::{ExecutionId, FlowId, TenantId};
use steadflow_runtime::RuntimeError;
use uuid::Uuid;

use crate::app::App;
use crate::audited::ToAudit;
use crate::authenticate::not_signed_in;
use crate::problem::{Problem, ProblemKind};
use crate::query::Params;

/// A permission, as a type.
pub(crate) trait Needs: Send + Sync + 'static {
    /// Which one.
    const PERMISSION: Permission;
}

macro_rules! permissions {
    ($($name:ident)*) => {$(
        #[doc = concat!("See [`Permission::", stringify!($name), "`].")]
        #[derive(Clone, Copy, Debug)]
        pub(crate) struct $name;

        impl Needs for $name {
            const PERMISSION: Permission = Permission::$name;
        }
    )*};
}

permissions! {
    ViewCatalogue ViewExecutions ViewSensitive UseOwnAccount RunFlows ControlExecutions Decide EditFlows EditAgents EditAlerts ViewSecrets
    ManageSecrets ManageKeys ManageMembers ReadAudit KillEngine WatchServer ManageTenants
    RotateMasterKey
}

/// Who asks, who may do `P`. Every handler of the API names one, right behind the state, so that a caller without the permission learns nothing else:
/// neither what is wrong with the rest of the request, nor what there is.
///
/// It is the principal of the request's credential. Where nobody has to show one, it is what a layer before the handlers has put into
/// the request's extensions, else [`Caller::LOCAL`].
#[derive(Clone, Debug)]
pub(crate) struct Authorized<P>(pub(crate) Caller, pub(crate) PhantomData<P>);

impl<P: Needs> FromRequestParts<App> for Authorized<P> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let principal = parts.extensions.get::<Arc<Principal>>().cloned();
        let caller = match &principal {
            Some(principal) => principal.caller.clone(),
            None => parts.extensions.get().cloned().map_or_else(|| nobody(app), Ok)?,
        };
        access::decide(&caller, P::PERMISSION)
            .map_err(|denied| Problem::new(ProblemKind::NotAllowed, denied.to_string()))?;
        if let Some(principal) = &principal
            && principal.scope != FlowScope::All
        {
            Place::of(parts, app).await.check(app, caller.tenant, &principal.scope).await?;
        }
        ToAudit::of(parts).add(app, &caller).await?;
        Ok(Self(caller, PhantomData))
    }
}

/// Returns who asks without a credential.
fn nobody(app: &App) -> Result<Caller, Problem> {
    if app.authenticator().is_some() { Err(not_signed_in()) } else { Ok(Caller::LOCAL) }
}

/// What a request is about, as far as its address says: what a credential that is limited to some flows is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// A flow.
    Flow(FlowId),
    /// An execution.
    Execution(ExecutionId),
    /// Nothing that anybody has.
    Nothing,
    /// An address that is none, which the handler says.
    Unreadable,
    /// More than one flow, or something that belongs to none.
    Others,
}

/// Paths about what no flow has.
const NOTHING: [&str; 2] = ["/api/v1/studio/node-types", "/api/v1/studio/schedules/next"];
/// Lists of what one flow has, if they are asked for that one.
const OF_ONE_FLOW: [&str; 7] = [
    "/api/v1/studio/executions",
    "/api/v1/studio/events",
    "/api/v1/studio/schedules",
    "/api/v1/studio/webhooks",
    "/api/v1/studio/failures",
    "/api/v1/studio/analytics/retries",
    "/api/v1/studio/analytics/costs",
];

impl Place {
    async fn of(parts: &mut Parts, app: &App) -> Self {
        let Some(path) = parts.extensions.get::<MatchedPath>().cloned() else { return Self::Others };
        let path = path.as_str();
        let id = async |parts: &mut Parts| {
            let parameters = RawPathParams::from_request_parts(parts, app).await.ok()?;
            parameters.iter().find(|(name, _)| *name == "id").map(|(_, value)| value.to_owned())
        };
        let of_id = |id: Option<Uuid>, place: fn(Uuid) -> Self| id.map_or(Self::Unreadable, place);
        let flow = |id| Self::Flow(FlowId::new(id));
        let execution = |id| Self::Execution(ExecutionId::new(id));
        if NOTHING.contains(&path) {
            Self::Nothing
        } else if OF_ONE_FLOW.contains(&path) && parts.method == Method::GET {
            flow_of_query(&parts.uri)
        } else if path.starts_with("/api/v1/studio/flows/{id}") {
            of_id(id(parts).await.and_then(|id| Uuid::try_parse(&id).ok()), flow)
        } else if path.starts_with("/api/v1/studio/executions/{id}") {
            of_id(id(parts).await.and_then(|id| Uuid::try_parse(&id).ok()), execution)
        } else if path.starts_with("/api/v1/studio/approvals/{id}") {
            let of = id(parts).await.and_then(|id| id.split_once(':')?.0.parse().ok());
            of_id(of, execution)
        } else {
            Self::Others
        }
    }

    /// Refuses what a credential is not for. A flow and an execution that it is not for are answered as if there were none.
    async fn check(self, app: &App, tenant: TenantId, scope: &FlowScope) -> Result<(), Problem> {
        match self {
            Self::Nothing | Self::Unreadable => Ok(()),
            Self::Flow(flow) if scope.includes(flow) => Ok(()),
            Self::Flow(flow) => Err(RuntimeError::NoFlow(flow).into()),
            Self::Execution(execution) => {
                let flow = flow_of(app, tenant, execution).await?;
                if scope.includes(flow) { Ok(()) } else { Err(RuntimeError::NoExecution(execution).into()) }
            }
            Self::Others => Err(Problem::new(
                ProblemKind::NotAllowed,
                "This key is limited to some flows, and this is about more than one of them, or about something else. Ask for one \
                 of its flows, by its address or with `flow_id`, or use a key without that limit.",
            )),
        }
    }
}

/// Returns the one flow that a query asks for.
fn flow_of_query(uri: &Uri) -> Place {
    let Ok(params) = &mut Params::of(uri) else { return Place::Unreadable };
    match params.all("flow_id").as_slice() {
        [one] => Uuid::try_parse(one).map_or(Place::Unreadable, |id| Place::Flow(FlowId::new(id))),
        _ => Place::Others,
    }
}

/// Returns the flow of an execution. Its row may be behind what has happened to it, and is not there yet where it has just begun.
async fn flow_of(app: &App, tenant: TenantId, execution: ExecutionId) -> Result<FlowId, Problem> {
    match app.engine().row(tenant, execution).await {
        Ok(row) => Ok(row.flow),
        Err(RuntimeError::NoExecution(_)) => {
            Ok(app.engine().execution(tenant, execution).await?.execution.accepted().flow)
        }
        Err(error) => Err(error.into()),
    }
}
