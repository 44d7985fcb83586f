//! The beginning of a value, and where the whole of it is.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};
use serde::Serialize;
use steadflow_core::ids::ExecutionId;
use utoipa::ToSchema;

use super::Place;

/// All but the unreserved characters of a URL.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// In the place of a value that is too long: its beginning, and where the whole of it is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Preview {
    #[serde(rename = "$preview")]
    preview: Beginning,
}

/// The beginning of a value.
#[derive(Debug, Serialize, ToSchema)]
struct Beginning {
    /// The length of the whole, in bytes of its JSON text.
    bytes: usize,
    /// The first characters of its JSON text. There may be none.
    text: String,
    /// Where the whole is, as exactly the text that is stored.
    href: String,
}

impl Preview {
    pub(crate) fn new(execution: ExecutionId, place: Place<'_>, bytes: usize, text: &str) -> Self {
        let href = match place {
            Place::Approval(id) => format!("/api/v1/studio/approvals/{}/arguments", segment(id)),
            place => format!("/api/v1/studio/executions/{execution}/{}", path_of(place)),
        };
        Self { preview: Beginning { bytes, text: text.to_owned(), href } }
    }
}

fn segment(id: &str) -> PercentEncode<'_> {
    utf8_percent_encode(id, SEGMENT)
}

fn path_of(place: Place<'_>) -> String {
    let node = segment;
    match place {
        Place::Approval(id) => format!("approvals/{}", segment(id)),
        Place::TriggerData => "trigger-data".to_owned(),
        Place::Result => "result".to_owned(),
        Place::Input(id) => format!("nodes/{}/input", node(id)),
        Place::Output(id) => format!("nodes/{}/output", node(id)),
        Place::Step(id, number, part) => format!("nodes/{}/steps/{number}/{}", node(id), part.name()),
    }
}
