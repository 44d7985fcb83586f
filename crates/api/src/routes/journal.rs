//! The journal of an execution, page by page.

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use steadflow_core::event::Record;
use steadflow_core::ids::ExecutionId;
use steadflow_runtime::ExecutionSnapshot;
use steadflow_store::StoreError;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::authorized::{Authorized, ViewExecutions};
use crate::heavy::RECORDS_AT_ONCE;
use crate::path::PathId;
use crate::problem::Problem;
use crate::query::{self, FromParams, Params, Query};
use crate::reply;
use crate::views::event::{EventView, Journal};

const LIMIT_DEFAULT: usize = 100;
const LIMIT_MAX: usize = 1_000;
/// About how long a page is at most, in bytes: it ends with the record with which it gets longer.
const PAGE_BYTES: usize = 1024 * 1024;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(list_journal))
}

/// Which part of a journal.
#[derive(Clone, Copy, Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct JournalQuery {
    /// After this record; from the first unless given.
    #[param(value_type = Option<u64>)]
    after_seq: usize,
    /// How many records to read, or fewer where the answer would be longer than about 1 MiB. The events of a record stay
    /// together.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000, default = 100)]
    limit: usize,
}

impl FromParams for JournalQuery {
    fn from_params(params: &mut Params) -> Self {
        let after = params.read("after_seq", "the `seq` of an event", |text| text.parse().ok());
        let limit = params.whole("limit", 1, LIMIT_MAX).unwrap_or(LIMIT_DEFAULT);
        Self { after_seq: after.unwrap_or(0), limit }
    }
}

/// Lists the events of an execution, oldest first.
///
/// The events of one decision have the same `seq`. To read only what is new, give the `seq` of the last event that is
/// known. Inputs and outputs are not part of the journal: the execution has them.
#[utoipa::path(get, path = "/api/v1/studio/executions/{id}/journal", tag = "executions",
    params(("id" = Uuid, Path, description = "The execution"), JournalQuery),
    responses((status = 200, description = "The events", body = [EventView],
               headers(("Link" = String, description = "Where the next page is, if there is one")))))]
pub(crate) async fn list_journal(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ViewExecutions>,
    PathId(id): PathId<ExecutionId>,
    uri: Uri,
    Query(JournalQuery { after_seq, limit }): Query<JournalQuery>,
) -> Result<Response, Problem> {
    let snapshot = app.engine().execution(caller.tenant, id).await?;
    let is_long = snapshot.journal_bytes() > RECORDS_AT_ONCE;
    let (events, end) =
        app.heavy_turns().view(is_long, || events_between(&snapshot, after_seq, limit)).await??;
    let next =
        (end < snapshot.journal.len()).then(|| query::next_address(&uri, "after_seq", &end.to_string()));
    Ok(query::linked(reply::ok_text(events), next))
}

/// Returns the events of at most `limit` records after number `after`, as a JSON array, and the number of the last record.
fn events_between(
    snapshot: &ExecutionSnapshot,
    after: usize,
    limit: usize,
) -> Result<(String, usize), Problem> {
    let end = after.saturating_add(limit).min(snapshot.journal.len());
    let (mut journal, mut events, mut seq) = (Journal::new(&snapshot.execution), String::new(), 0);
    // All from the first: what an event is called can depend on those before it.
    for text in &snapshot.journal[..end] {
        let record = record(snapshot, text)?;
        let read = journal.read(&record);
        seq += 1;
        if seq > after {
            read.iter().for_each(|event| add(&mut events, event));
        }
        if events.len() > PAGE_BYTES {
            break;
        }
    }
    Ok((format!("[{events}]"), seq))
}

fn add(events: &mut String, event: &EventView<'_>) {
    if !events.is_empty() {
        events.push(',');
    }
    events.push_str(&serde_json::to_string(event).expect("views have string keys and no failing parts"));
}

pub(super) fn record(snapshot: &ExecutionSnapshot, text: &str) -> Result<Record, Problem> {
    serde_json::from_str(text).map_err(|error| {
        let what = format!("journal of execution {}", snapshot.execution.id());
        StoreError::Corrupt { what, reason: error.to_string() }.into()
    })
}
