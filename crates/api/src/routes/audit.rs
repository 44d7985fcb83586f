//! The audit log.

use std::sync::Arc;

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use serde::Serialize;
use steadflow_core::audit::{AuditEntry, AuditRow};
use steadflow_store::{AuditFrom, AuditPage, StoreError};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::authorized::{Authorized, ReadAudit};
use crate::problem::Problem;
use crate::query::{CURSOR_PREFIX, FromParams, Params, Query, next_address, reply};
use crate::views::event::ActorView;
use crate::views::wire::Time;

const LIMIT_DEFAULT: usize = 100;
const LIMIT_MAX: usize = 1_000;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(list_audit))
}

/// Which part of the log.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditWindow {
    /// How many entries to list.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000, default = 100)]
    limit: usize,
    /// Where the page before ended, as its `Link` header says.
    #[param(value_type = Option<String>, pattern = "^before-[0-9]{1,19}$")]
    cursor: Option<u64>,
}

impl FromParams for AuditWindow {
    fn from_params(params: &mut Params) -> Self {
        let read = |text: &str| text.strip_prefix(CURSOR_PREFIX)?.parse().ok();
        Self {
            limit: params.whole("limit", 1, LIMIT_MAX).unwrap_or(LIMIT_DEFAULT),
            cursor: params.read("cursor", "the cursor of a `Link` header", read),
        }
    }
}

/// An entry of the audit log: a request for a change, or what came of one.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub(crate) struct AuditView {
    /// From 1, without gaps.
    number: u64,
    at: Time,
    by: ActorView<'static>,
    /// From where, if that is known.
    #[schema(value_type = Option<String>)]
    address: Option<Arc<str>>,
    /// The operation of the API.
    #[schema(value_type = String)]
    action: Arc<str>,
    /// The path that was asked for.
    #[schema(value_type = String)]
    target: Arc<str>,
    /// The number of the request whose outcome this is; null for a request.
    outcome_of: Option<u64>,
    /// The HTTP status with which it was answered.
    status: Option<u16>,
    /// The address of what was made.
    #[schema(value_type = Option<String>)]
    made: Option<Arc<str>>,
    /// How often this was refused in the minute before, with this status; null for requests and their outcomes.
    refusals: Option<u32>,
    /// SHA-256 of this entry and all before it, in hexadecimal digits.
    hash: String,
}

impl AuditView {
    fn new(row: &AuditRow) -> Result<Self, Problem> {
        let entry: AuditEntry = serde_json::from_str(&row.entry).map_err(|error| {
            let what = format!("entry {} of the audit log", row.number);
            StoreError::Corrupt { what, reason: error.to_string() }
        })?;
        let (of, status, made) = match entry.outcome {
            Some(outcome) => (Some(outcome.of), Some(outcome.status), outcome.made),
            None => (None, entry.refused.map(|refused| refused.status), None),
        };
        Ok(Self {
            number: row.number,
            at: entry.at.into(),
            by: ActorView::owned(&entry.actor),
            address: entry.address,
            action: entry.action,
            target: entry.target,
            outcome_of: of,
            status,
            made,
            refusals: entry.refused.map(|refused| refused.count),
            hash: row.hash.to_string(),
        })
    }
}

/// Lists the audit log, newest first.
///
/// A request is in it before it is carried out, and its outcome afterwards. A request without an outcome was under way when its
/// client gave it up or the server ended: what it asked for may be done or not. Each entry has the hash of the one before, so `steadflow verify` finds what was changed
/// later.
#[utoipa::path(get, path = "/api/v1/studio/audit", tag = "audit", params(AuditWindow),
    responses((status = 200, description = "The entries", body = [AuditView],
               headers(("Link" = Option<String>, description = "Where the next page is, if there is one")))))]
pub(crate) async fn list_audit(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ReadAudit>,
    uri: Uri,
    Query(window): Query<AuditWindow>,
) -> Result<Response, Problem> {
    let page = AuditPage { from: AuditFrom::Newest(window.cursor), limit: window.limit };
    let rows = app.engine().store().audit(caller.tenant, page).await?;
    let views = rows.iter().map(AuditView::new).collect::<Result<Vec<_>, _>>()?;
    let next = rows.last().filter(|last| rows.len() == window.limit && last.number > 1);
    let next = next.map(|last| next_address(&uri, "cursor", &format!("{CURSOR_PREFIX}{}", last.number)));
    Ok(reply(&views, next))
}
