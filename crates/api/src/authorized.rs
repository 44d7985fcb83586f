//! Who asks, and whether they may: what every handler of the API names.

use std::marker::PhantomData;
use std::sync::Arc;

use axum::extract::{FromRequestParts, MatchedPath, RawPathParams};
use axum::http::request::Parts;
use axum::http::{Method, Uri};
use steadflow_core::access::{self, Allowed, Denied, FlowScope, Grants, Permission, Principal};
use steadflow_core::caller::Caller;
use steadflow_core::folder::Folders;
use steadflow_core::ids::{ExecutionId, FlowId, TenantId};
use steadflow_runtime::RuntimeError;
use uuid::Uuid;

use crate::app::App;
use crate::audited::ToAudit;
use crate::authenticate::not_signed_in;
use crate::held::Held;
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

/// What a handler is about, as far as its address does not name a flow.
pub(crate) trait About: Send + Sync + 'static {
    const PLACE: access::Place<'static>;
}

/// What belongs to no flow: who has roles in folders alone may not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OfTenant;

/// Flows, or what they have, of which the handler shows and touches those alone that [`Reach::within`] says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OfFlows;

/// What flows are made of, and flows that are made: the handler asks about the folder that it is made in ([`RequestPrincipal::may_edit`]).
///
/// [`RequestPrincipal::may_edit`]: crate::people::RequestPrincipal::may_edit
#[derive(Clone, Copy, Debug)]
pub(crate) struct OfParts;

impl About for OfTenant {
    const PLACE: access::Place<'static> = access::Place::Tenant;
}

impl About for OfFlows {
    const PLACE: access::Place<'static> = access::Place::Flows;
}

impl About for OfParts {
    const PLACE: access::Place<'static> = access::Place::Parts;
}

/// How far a permission reaches.
#[derive(Clone, Debug)]
pub(crate) struct Reach<P, A> {
    /// Of several flows, those in these folders alone; all unless given.
    pub(crate) within: Option<Folders>,
    what: PhantomData<(P, A)>,
}

/// Who asks, who may do `P`. Every handler of the API names one, right behind the state, so that a caller without the permission learns nothing else:
/// neither what is wrong with the rest of the request, nor what there is.
///
/// It is the principal of the request's credential. Where nobody has to show one, it is what a layer before the handlers has put into
/// the request's extensions, else [`Caller::LOCAL`]. Its role is the one that they have there: of a flow that the address names, that
/// in the folder of the flow.
#[derive(Clone, Debug)]
pub(crate) struct Authorized<P, A = OfTenant>(pub(crate) Caller, pub(crate) Reach<P, A>);

impl<P: Needs, A: About> FromRequestParts<App> for Authorized<P, A> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let principal = parts.extensions.get::<Arc<Principal>>().cloned();
        let caller = match &principal {
            Some(principal) => principal.caller.clone(),
            None => parts.extensions.get().cloned().map_or_else(|| nobody(app), Ok)?,
        };
        let mut allowed = match principal.as_ref().filter(|principal| !principal.grants.is_empty()) {
            Some(principal) => allowed::<A>(parts, app, principal, P::PERMISSION).await?,
            None => access::decide(&caller, &Grants::default(), P::PERMISSION, A::PLACE)?,
        };
        if let Some(principal) = &principal
            && principal.scope != FlowScope::All
        {
            Place::of(parts, app).await.check(app, caller.tenant, &principal.scope).await?;
        }
        let caller = Caller { role: allowed.role, ..caller };
        ToAudit::of(parts).add(app, &caller).await?;
        Ok(Self(caller, Reach { within: allowed.within.take(), what: PhantomData }))
    }
}

/// Decides about somebody who has roles in folders: where a flow is that the address names, is looked up.
async fn allowed<A: About>(
    parts: &mut Parts,
    app: &App,
    principal: &Principal,
    permission: Permission,
) -> Result<Allowed, Problem> {
    let Principal { caller, grants, .. } = principal;
    if A::PLACE == access::Place::Flows {
        // What a query asks for is narrowed, too.
        return Ok(access::decide(caller, grants, permission, A::PLACE)?);
    }
    let place = Place::of(parts, app).await;
    let hidden = || match place {
        Place::Execution(execution) => RuntimeError::NoExecution(execution).into(),
        Place::Flow(flow) => RuntimeError::NoFlow(flow).into(),
        Place::Nothing | Place::Unreadable | Place::Others => Problem::from(Denied::Hidden),
    };
    let flow = match place {
        Place::Flow(flow) => flow,
        Place::Execution(execution) => flow_of(app, caller.tenant, execution).await?,
        // The handler says what is wrong with the address.
        Place::Unreadable => return Ok(access::decide(caller, grants, permission, access::Place::Parts)?),
        Place::Nothing | Place::Others => {
            return access::decide(caller, grants, permission, A::PLACE)
                .map_err(|denied| narrower(parts, denied));
        }
    };
    let folder = match app.engine().current_flow(caller.tenant, flow).await {
        Ok(current) => current.record.folder.clone(),
        // The handler says what is wrong with it.
        Err(error) if error.is_damage() && caller.role >= permission.least_role() => None,
        Err(RuntimeError::NoFlow(_)) => return Err(hidden()),
        Err(error) => return Err(error.into()),
    };
    let allowed = access::decide(caller, grants, permission, access::Place::Flow(folder.as_ref()));
    if caller.role < permission.least_role()
        && let Some(held) = parts.extensions.get::<Held>()
    {
        held.hold(caller.tenant, flow, folder);
    }
    allowed.map_err(|denied| if denied == Denied::Hidden { hidden() } else { denied.into() })
}

/// Says what to ask instead, where that can be asked of one flow.
fn narrower(parts: &Parts, denied: Denied) -> Problem {
    let path = parts.extensions.get::<MatchedPath>().map(MatchedPath::as_str);
    if path.is_some_and(|path| OF_ONE_FLOW.contains(&path)) && parts.method == Method::GET {
        let detail = "This is about the flows of all folders, and your roles are in some. Ask for one flow of these, with `flow_id`.";
        return Problem::new(ProblemKind::NotAllowed, detail);
    }
    denied.into()
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        Self::new(ProblemKind::NotAllowed, denied.to_string())
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
const OF_ONE_FLOW: [&str; 8] = [
    "/api/v1/studio/executions",
    "/api/v1/studio/events",
    "/api/v1/studio/schedules",
    "/api/v1/studio/webhooks",
    "/api/v1/studio/failures",
    "/api/v1/studio/analytics/retries",
    "/api/v1/studio/analytics/costs",
    "/api/v1/studio/analytics/times",
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
