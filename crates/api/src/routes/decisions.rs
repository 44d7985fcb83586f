//! Links to decide with: how one is made, and what a person does with it who has no identity here.
//!
//! The token in the address is the only thing that is asked for, and there are no cookies, so a page of another site can do
//! nothing with it that its owner could not. Reading never decides: programs of mail and chats open links by themselves.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use steadflow_core::approval::Decided;
use steadflow_core::decision_link::{
    ApprovalRef, DecisionLink, LINK_TTL_DEFAULT, LINK_TTL_MAX, LINK_TTL_MIN, LinkRefused, MADE_FOR_BYTES_MAX,
    expiry, made_for,
};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::approvals::{ApprovalDecision, Found};
use crate::app::App;
use crate::authorized::{Authorized, Decide};
use crate::json::{Json, OptionalJson};
use crate::path::{PathApproval, PathLink};
use crate::people::RequestPrincipal;
use crate::problem::{Problem, ProblemBody, ProblemKind};
use crate::reply;
use crate::views::decision::{DecisionTakenView, DecisionView, LinkView};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(create_link)).routes(routes!(show_decision, decide_by_link))
}

/// What a link is like.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(crate) struct NewDecisionLink {
    /// How long it works; 604800, a week, unless given.
    #[schema(minimum = 60, maximum = 2_592_000)]
    expires_in_seconds: Option<u64>,
    /// Whom it is for: a name or an address in one line. It is shown as who decided.
    #[schema(max_length = 60)]
    r#for: Option<String>,
}

/// Makes a link with which one person decides on what waits, without signing in.
///
/// It has the role of who makes it, and works until it expires or somebody has decided. Nothing of it is stored.
#[utoipa::path(post, path = "/api/v1/studio/approvals/{id}/links", tag = "approvals",
    params(("id" = String, Path, description = "The approval: the idempotency key of its call")),
    request_body = Option<NewDecisionLink>,
    responses((status = 201, description = "The link", body = LinkView),
              (status = 403, description = "The node asks for a higher role, or the link would work where or when your key does not", body = ProblemBody, content_type = "application/problem+json"),
              (status = 404, description = "There is no such approval", body = ProblemBody, content_type = "application/problem+json"),
              (status = 409, description = "It was decided before, or its node or execution has ended", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn create_link(
    State(app): State<App>,
    Authorized(caller, _): Authorized<Decide>,
    id: PathApproval,
    asker: RequestPrincipal,
    body: OptionalJson<NewDecisionLink>,
) -> Result<Response, Problem> {
    let NewDecisionLink { expires_in_seconds, r#for } = body.value;
    let ttl = expires_in_seconds.map_or(LINK_TTL_DEFAULT, Duration::from_secs);
    if !(LINK_TTL_MIN..=LINK_TTL_MAX).contains(&ttl) {
        let (min, max) = (LINK_TTL_MIN.as_secs(), LINK_TTL_MAX.as_secs());
        let detail = format!("`expires_in_seconds` must be from {min} to {max}, which is 30 days.");
        return Err(Problem::of_body("/expires_in_seconds", detail));
    }
    let for_whom = r#for.as_deref().map(|text| {
        made_for(text).ok_or_else(|| {
            let detail = format!(
                "`for` must be a name or an address in one line, of 1 to {MADE_FOR_BYTES_MAX} bytes."
            );
            Problem::of_body("/for", detail)
        })
    });
    let found = Found::by(&app, caller.tenant, &id).await?;
    let role = found.check_role(caller.role)?;
    let expires_at = expiry(app.engine().wall(), ttl);
    asker.grantor(&caller).check_link(expires_at, "/expires_in_seconds")?;
    found.check_open()?;
    let link = DecisionLink {
        tenant: caller.tenant,
        execution: id.execution,
        approval: ApprovalRef::of(&found.id()),
        expires_at,
        role,
        made_for: for_whom.transpose()?,
    };
    let url = app.engine().decision_url(&link).await?;
    Ok(reply::json(StatusCode::CREATED, &LinkView { url, expires_at: link.expires_at.into() }))
}

/// Shows what a link is about. It decides nothing, however often it is called.
#[utoipa::path(get, path = "/api/v1/decisions/{token}", tag = "approvals", extensions(("x-turn" = json!("shown"))),
    params(("token" = String, Path, description = "The last part of the link")),
    responses((status = 200, description = "What is to be decided", body = DecisionView),
              (status = 404, description = "The link is not valid", body = ProblemBody, content_type = "application/problem+json"),
              (status = 409, description = "It was decided before, or its node or execution has ended", body = ProblemBody, content_type = "application/problem+json"),
              (status = 410, description = "The link has expired", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn show_decision(
    State(app): State<App>,
    PathLink(link): PathLink,
) -> Result<Response, Problem> {
    let found = meant_by(&app, &link).await?;
    found.check_open().map_err(|problem| told(&link, found.approval.decided.as_ref(), problem))?;
    let names = found.names(&app).await?;
    let execution = &found.snapshot.execution;
    Ok(reply::ok(&DecisionView::new(execution, found.node, &found.approval, names, link)))
}

/// Approves or rejects by a link. When this answers, the decision is on disk; the first one counts, regardless of who makes it.
#[utoipa::path(post, path = "/api/v1/decisions/{token}", tag = "approvals", extensions(("x-turn" = json!("document"))),
    params(("token" = String, Path, description = "The last part of the link")),
    request_body = ApprovalDecision,
    responses((status = 200, description = "It is decided", body = DecisionTakenView),
              (status = 403, description = "The node asks for a higher role than the link has", body = ProblemBody, content_type = "application/problem+json"),
              (status = 404, description = "The link is not valid", body = ProblemBody, content_type = "application/problem+json"),
              (status = 409, description = "It was decided before, the call has other arguments, or its node or execution has ended", body = ProblemBody, content_type = "application/problem+json"),
              (status = 410, description = "The link has expired", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn decide_by_link(
    State(app): State<App>,
    PathLink(link): PathLink,
    body: Json<ApprovalDecision>,
) -> Result<Response, Problem> {
    let found = meant_by(&app, &link).await?;
    let caller = link.caller();
    match found.decide(&app, &caller, body.value).await {
        Ok(Found { approval, .. }) => match &approval.decided {
            // It waited for another process to take it in, which has taken in another one before.
            Some(decided) if decided.by != caller.actor => Err(Problem::decided_by_others(decided)),
            _ => Ok(reply::ok(&DecisionTakenView::new(&approval))),
        },
        Err(problem) if problem.kind() == ProblemKind::AlreadyDecided => {
            let now = meant_by(&app, &link).await?;
            Err(told(&link, now.approval.decided.as_ref(), problem))
        }
        Err(problem) => Err(problem),
    }
}

/// Returns what a person with a link may know about a decision. Who decided and what they said is for those inside, unless it was
/// decided with this link, which its name shows: links without one are all alike.
fn told(link: &DecisionLink, decided: Option<&Decided>, problem: Problem) -> Problem {
    let actor = link.caller().actor;
    match decided {
        Some(decided) if actor.id.is_none() || decided.by != actor => Problem::decided_by_others(decided),
        _ => problem,
    }
}

/// Returns what a link is about. Whether that is gone or never was, nobody is told.
async fn meant_by(app: &App, link: &DecisionLink) -> Result<Found, Problem> {
    let found = Found::with(app, link.tenant, link.execution, |id| ApprovalRef::of(id) == link.approval);
    found.await.map_err(|problem| {
        let is_gone = matches!(problem.kind(), ProblemKind::NoSuchExecution | ProblemKind::NoSuchApproval);
        if is_gone { LinkRefused::Unknown.into() } else { problem }
    })
}
