//! Who has a flow open in the editor.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use steadflow_core::access::made_by;
use steadflow_core::caller::Caller;
use steadflow_store::{Presence, PresenceRecord};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::authorized::{Authorized, EditFlows};
use crate::path::PathTab;
use crate::problem::Problem;
use crate::reply;
use crate::views::wire::Time;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(put_presence, delete_presence))
}

/// What is known of a flow that is open in the editor.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Presence)]
pub(crate) struct PresenceView {
    /// The revision of its draft; `null` without one.
    #[schema(minimum = 1)]
    draft_revision: Option<u64>,
    /// The other tabs in which it is open.
    others: Vec<OtherTab>,
}

/// Another tab in which the flow is open.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OtherTab {
    /// Who has it open; `null` where nobody signs in.
    name: Option<String>,
    /// Whether that is who asks.
    is_you: bool,
    /// When it was last heard of.
    seen_at: Time,
}

impl PresenceView {
    fn new(presence: Presence, caller: &Caller) -> Self {
        // Without a name, nobody is told from anybody else.
        let is_known = caller.actor.id.is_some();
        let me = made_by(caller);
        let other = |other: PresenceRecord| OtherTab {
            is_you: is_known && other.by == me,
            name: is_known.then(|| other.by.to_string()),
            seen_at: other.seen_at.into(),
        };
        Self { draft_revision: presence.draft, others: presence.others.into_iter().map(other).collect() }
    }
}

/// Says that a flow is open in a tab of the editor, and shows in which others it is. Who does not say it again within 40 seconds is
/// not shown any more.
#[utoipa::path(put, path = "/api/v1/studio/flows/{id}/presence/{tab}", tag = "flows",
    params(("id" = Uuid, Path, description = "The flow"), ("tab" = Uuid, Path, description = "An ID that the tab has made")),
    responses((status = 200, description = "Who else has it open", body = PresenceView)))]
pub(crate) async fn put_presence(
    State(app): State<App>,
    Authorized(caller, _): Authorized<EditFlows>,
    PathTab(id, tab): PathTab,
) -> Result<Response, Problem> {
    let presence = app.engine().see_presence(&caller, id, tab).await?;
    Ok(reply::ok(&PresenceView::new(presence, &caller)))
}

/// Says that a flow is not open in a tab any more.
#[utoipa::path(delete, path = "/api/v1/studio/flows/{id}/presence/{tab}", tag = "flows",
    params(("id" = Uuid, Path, description = "The flow"), ("tab" = Uuid, Path, description = "The ID of the tab")),
    responses((status = 204, description = "It is not shown any more")))]
pub(crate) async fn delete_presence(
    State(app): State<App>,
    Authorized(caller, _): Authorized<EditFlows>,
    PathTab(id, tab): PathTab,
) -> Result<StatusCode, Problem> {
    app.engine().end_presence(&caller, id, tab).await?;
    Ok(StatusCode::NO_CONTENT)
}
