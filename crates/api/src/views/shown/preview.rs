//! The beginning of a value, and where the whole of it is.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};
use serde::Serialize;
use steadflow_core::ids::ExecutionId;
use utoipa::ToSchema;

use super::Place;

/// All but the unreserved characters of a URL.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The only key of a preview.
pub(super) const KEY: &str = "$preview";

/// In the place of a value that is too long, or that has the key of a preview: its beginning, and where the whole of it is.
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
        let href = format!("/api/v1/studio/{}", path_of(execution, place));
        Self { preview: Beginning { bytes, text: text.to_owned(), href } }
    }
}

fn segment(id: &str) -> PercentEncode<'_> {
    utf8_percent_encode(id, SEGMENT)
}

fn path_of(execution: ExecutionId, place: Place<'_>) -> String {
    match place {
        Place::Approval(id) => format!("approvals/{}/arguments", segment(id)),
        Place::ApprovalForm(id) => format!("approvals/{}/form", segment(id)),
        Place::TriggerData => format!("executions/{execution}/trigger-data"),
        Place::Item => format!("executions/{execution}/item"),
        Place::Last => format!("executions/{execution}/last"),
        Place::Result => format!("executions/{execution}/result"),
        Place::Input(id) => format!("executions/{execution}/nodes/{}/input", segment(id)),
        Place::Output(id) => format!("executions/{execution}/nodes/{}/output", segment(id)),
        Place::Step(id, number, part) => {
            format!("executions/{execution}/nodes/{}/steps/{number}/{}", segment(id), part.name())
        }
    }
}
