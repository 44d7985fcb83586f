//! What the model of a node writes while it writes it.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use steadflow_store::StoreError;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::events::last_event_id;
use super::values::{index_of, none};
use crate::app::App;
use crate::authorized::{Authorized, ViewExecutions};
use crate::client_address::ClientAddress;
use crate::heavy::RECORDS_AT_ONCE;
use crate::path::PathNode;
use crate::problem::{Problem, ProblemBody};
use crate::sse;
use crate::text_reader::{READER_BYTES, TextPosition, TextReader};
use crate::views::message::TextStream;
use crate::watch::Sources;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(follow_text))
}

/// Streams what the model of a node writes while it writes it, until the node has ended.
///
/// It begins with what there is of the turn under way. A `piece` has its place in the text of the turn, which is the text as it
/// will be stored, and reasoning is apart from it. When the turn has ended, a `turn` message says so: then the conversation
/// has the text, or the turn failed and what was shown is void. With `Last-Event-ID` the stream continues after that message
/// in the same turn. Where the model is asked again, after an error, a restart or a crash, a `restarted` message says that what
/// was shown of the turn is void, and the text begins with byte 0.
///
/// Only the latest 256 KiB of a text are kept. What a reader is too late for is left out, and a `skipped` message says how much
/// that was.
#[utoipa::path(get, path = "/api/v1/studio/executions/{id}/nodes/{node_id}/stream", tag = "executions",
    params(("id" = Uuid, Path, description = "The execution"), ("node_id" = String, Path, description = "The node"),
           ("Last-Event-ID" = Option<String>, Header, description = "The id of the last message that arrived")),
    responses((status = 200, description = "The messages", body = TextStream, content_type = "text/event-stream"),
              (status = 404, description = "There is nothing to follow: the node asks no agent", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn follow_text(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ViewExecutions>,
    address: ClientAddress,
    PathNode(id, node): PathNode,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let detail = "The header Last-Event-ID must be the id of an event of this stream, such as 12 or \
                  12.0190c6f57c3a70008000000000000001.345.0.";
    let last_seen: Option<TextPosition> = last_event_id(&headers, detail)?;
    let (tenant, end) = (caller.tenant, app.streams_end());
    let changes = app.engine().follow(id);
    let snapshot = app.engine().execution(tenant, id).await?;
    let index = index_of(&snapshot.execution, &node)?;
    if snapshot.execution.accepted().data_key.is_some() {
        return Err(none(
            "The flow has sensitive data, so texts of models are shown when they are complete.",
        ));
    }
    let asked = snapshot.execution.graph().node(index).kind.room().skill();
    asked.ok_or_else(|| none("The node asks no agent, so there is no text to follow."))?;
    let texts = app.engine().follow_texts(id, index);
    let room = app.copies(address).room(READER_BYTES)?;
    let sources = Sources { app: app.clone(), tenant, id, changes, end };
    let begin = || TextReader::begin(sources, texts, (room, index), &snapshot, last_seen);
    let is_long = snapshot.journal_bytes() > RECORDS_AT_ONCE;
    let begun = app.heavy_turns().view(is_long, begin).await?;
    let (reader, first) = begun.ok_or_else(|| StoreError::Corrupt {
        what: format!("journal of execution {id}"),
        reason: "a record cannot be read".to_owned(),
    })?;
    sse::stream(app.backlog(address), first, reader)
}
