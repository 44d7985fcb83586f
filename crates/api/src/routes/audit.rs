//! The audit log.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{Uri, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use serde::Serialize;
use steadflow_core::audit::{AuditEntry, AuditRow, ExportedRow};
use steadflow_core::ids::TenantId;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{AuditFrom, AuditPage, Store, StoreError};
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
/// Entries that are read at once where only some are wanted.
const PART: usize = 1_000;
/// Entries that are looked through for one page.
const LOOKED_THROUGH_MAX: usize = 10_000;
/// By how much the clocks of two servers differ at most.
const SKEW_MAX: Duration = Duration::from_secs(60);

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(list_audit)).routes(routes!(export_audit))
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
    #[param(ignore)]
    filter: AuditFilter,
}

/// Which entries.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditFilter {
    /// Only entries of actors with this text in the e-mail address of the person or in the beginning of the key; case does not matter.
    #[param(max_length = 200)]
    actor: Option<String>,
    /// Of this operation of the API.
    #[param(max_length = 200)]
    action: Option<String>,
    /// With this text in the path that was asked for, or in the address of what was made.
    #[param(max_length = 200)]
    target: Option<String>,
    /// From this moment on, RFC 3339.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// Before this moment, RFC 3339.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
}

impl AuditFilter {
    const fn is_none(&self) -> bool {
        let Self { actor, action, target, since, until } = self;
        actor.is_none() && action.is_none() && target.is_none() && since.is_none() && until.is_none()
    }

    fn fits(&self, entry: &AuditEntry) -> bool {
        let is_of = |wanted: &String| {
            let id = entry.actor.id.as_deref().unwrap_or_default();
            id.to_lowercase().contains(&wanted.to_lowercase())
        };
        let made = entry.outcome.as_ref().and_then(|outcome| outcome.made.as_deref()).unwrap_or_default();
        self.actor.as_ref().is_none_or(is_of)
            && self.action.as_ref().is_none_or(|wanted| *entry.action == **wanted)
            && self
                .target
                .as_ref()
                .is_none_or(|wanted| entry.target.contains(&**wanted) || made.contains(&**wanted))
            && self.since.is_none_or(|since| entry.at >= since)
            && self.until.is_none_or(|until| entry.at < until)
    }

    /// Returns whether an entry and all before it are too old. They are in the order in which they were stored, and have the times of
    /// the servers that stored them.
    fn is_behind(&self, entry: &AuditEntry) -> bool {
        self.since.is_some_and(|since| entry.at.plus(SKEW_MAX) < since)
    }
}

impl FromParams for AuditWindow {
    fn from_params(params: &mut Params) -> Self {
        let read = |text: &str| text.strip_prefix(CURSOR_PREFIX)?.parse().ok();
        Self {
            limit: params.whole("limit", 1, LIMIT_MAX).unwrap_or(LIMIT_DEFAULT),
            cursor: params.read("cursor", "the cursor of a `Link` header", read),
            filter: AuditFilter {
                actor: params.short_text("actor"),
                action: params.short_text("action"),
                target: params.short_text("target"),
                since: params.time("since"),
                until: params.time("until"),
            },
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
    fn new(row: &AuditRow, entry: AuditEntry) -> Self {
        let (of, status, made) = match entry.outcome {
            Some(outcome) => (Some(outcome.of), Some(outcome.status), outcome.made),
            None => (None, entry.refused.map(|refused| refused.status), None),
        };
        Self {
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
        }
    }
}

fn entry_of(row: &AuditRow) -> Result<AuditEntry, StoreError> {
    serde_json::from_str(&row.entry).map_err(|error| {
        let what = format!("entry {} of the audit log", row.number);
        StoreError::Corrupt { what, reason: error.to_string() }
    })
}

/// Lists the audit log, newest first.
///
/// A request is in it before it is carried out, and its outcome afterwards. A request without an outcome was under way when its
/// client gave it up or the server ended: what it asked for may be done or not. Each entry has the hash of the one before, so `steadflow verify` finds what was changed
/// later.
///
/// With a filter, a page ends after 10,000 entries were looked through: it may have fewer entries than asked for, or none, and still say
/// where the next one is.
#[utoipa::path(get, path = "/api/v1/studio/audit", tag = "audit", params(AuditWindow, AuditFilter),
    responses((status = 200, description = "The entries", body = [AuditView],
               headers(("Link" = Option<String>, description = "Where the next page is, if there is one")))))]
pub(crate) async fn list_audit(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ReadAudit>,
    uri: Uri,
    Query(window): Query<AuditWindow>,
) -> Result<Response, Problem> {
    let (views, next) = page(&**app.engine().store(), caller.tenant, &window).await?;
    let next = next.map(|last| next_address(&uri, "cursor", &format!("{CURSOR_PREFIX}{last}")));
    Ok(reply(&views, next))
}

/// Returns the entries of a page, and the number of the last one that was looked at if there are more.
async fn page(
    store: &dyn Store,
    tenant: TenantId,
    AuditWindow { limit, cursor, filter }: &AuditWindow,
) -> Result<(Vec<AuditView>, Option<u64>), StoreError> {
    let part = if filter.is_none() { *limit } else { PART };
    let (mut views, mut before, mut looked_through) = (Vec::new(), *cursor, 0);
    while looked_through < LOOKED_THROUGH_MAX {
        let rows = store.audit(tenant, AuditPage { from: AuditFrom::Newest(before), limit: part }).await?;
        for row in &rows {
            let entry = entry_of(row)?;
            if filter.is_behind(&entry) {
                return Ok((views, None));
            }
            if filter.fits(&entry) {
                views.push(AuditView::new(row, entry));
            }
            before = Some(row.number);
            if views.len() == *limit {
                return Ok((views, before.filter(|last| *last > 1)));
            }
        }
        if rows.len() < part {
            return Ok((views, None));
        }
        looked_through += rows.len();
    }
    Ok((views, before.filter(|last| *last > 1)))
}

/// Exports the whole audit log, oldest first: one JSON object a line, which `steadflow verify --file` checks.
#[utoipa::path(get, path = "/api/v1/studio/audit/export", tag = "audit",
    responses((status = 200, description = "The log", body = String, content_type = "application/jsonl")))]
pub(crate) async fn export_audit(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ReadAudit>,
) -> Result<Response, Problem> {
    let store = Arc::clone(app.engine().store());
    let lines = stream::try_unfold(0, move |last| {
        let (store, tenant) = (Arc::clone(&store), caller.tenant);
        async move {
            let rows = store.audit(tenant, AuditPage { from: AuditFrom::After(last), limit: PART }).await?;
            Ok::<_, StoreError>(rows.last().map(|row| (lines(tenant, &rows), row.number)))
        }
    });
    let headers = [
        (header::CONTENT_TYPE, "application/jsonl"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"audit.jsonl\""),
    ];
    Ok((headers, Body::from_stream(lines)).into_response())
}

fn lines(tenant: TenantId, rows: &[AuditRow]) -> Bytes {
    let line = |row| serde_json::to_string(&ExportedRow::new(tenant, row)).expect("it has string keys");
    rows.iter().map(|row| line(row) + "\n").collect::<String>().into()
}
