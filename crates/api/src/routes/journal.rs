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
use crate::caller::Identity;
use crate::path::PathId;
use crate::problem::Problem;
use crate::query::{self, FromParams, Params, Query};
use crate::views::event::{EventView, Journal};

const LIMIT_DEFAULT: usize = 100;
const LIMIT_MAX: usize = 1_000;

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
    /// How many records to read. The events of a record stay together.
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
    Identity(caller): Identity,
    PathId(id): PathId<ExecutionId>,
    uri: Uri,
    Query(JournalQuery { after_seq, limit }): Query<JournalQuery>,
) -> Result<Response, Problem> {
    let snapshot = app.engine().execution(caller.tenant, id).await?;
    let end = after_seq.saturating_add(limit).min(snapshot.journal.len());
    // All from the first: what an event is called can depend on those before it.
    let records = records_to(&snapshot, end)?;
    let mut journal = Journal::new(&snapshot.execution);
    let read: Vec<Vec<EventView<'_>>> = records.iter().map(|record| journal.read(record)).collect();
    let views: Vec<&EventView<'_>> = read.iter().skip(after_seq).flatten().collect();
    let next =
        (end < snapshot.journal.len()).then(|| query::next_address(&uri, "after_seq", &end.to_string()));
    Ok(query::reply(&views, next))
}

/// Returns the records up to number `end`.
fn records_to(snapshot: &ExecutionSnapshot, end: usize) -> Result<Vec<Record>, Problem> {
    let records = snapshot.journal[..end].iter().map(|text| serde_json::from_str(text));
    records.collect::<Result<_, _>>().map_err(|error: serde_json::Error| {
        let what = format!("journal of execution {}", snapshot.execution.id());
        StoreError::Corrupt { what, reason: error.to_string() }.into()
    })
}
