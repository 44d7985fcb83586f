//! Folders in requests.

use serde_json::Value;
use steadflow_core::folder::Folder;

use crate::problem::Problem;

/// Reads the folder that a body names.
pub(crate) fn folder_of_body(text: &str) -> Result<Folder, Problem> {
    text.parse().map_err(|refused| Problem::of_body("/folder", format!("`folder` is no folder: {refused}.")))
}

/// Takes `folder` out of a flow that was sent: it is the flow's, not the document's. `null` is the top.
pub(crate) fn take_folder(document: &mut Value) -> Result<Option<Option<Folder>>, Problem> {
    match document.as_object_mut().and_then(|keys| keys.remove("folder")) {
        None => Ok(None),
        Some(Value::Null) => Ok(Some(None)),
        Some(Value::String(text)) => folder_of_body(&text).map(|folder| Some(Some(folder))),
        Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            Err(Problem::of_body(
                "/folder",
                "`folder` must be a text such as `billing/refunds`, or null for the top.",
            ))
        }
    }
}
