//! Folders in requests.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use steadflow_core::access::{GRANTS_MAX, Grant, Grants};
use steadflow_core::caller::Role;
use steadflow_core::folder::{Folder, Folders};
use utoipa::ToSchema;

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

/// Returns where a list looks that was asked for a folder, and may show those `within` alone.
pub(crate) fn narrowed(folder: Option<Folder>, within: Option<Folders>) -> Option<Folders> {
    match (folder.map(Folders::from), within) {
        (Some(asked), Some(within)) => Some(asked.and(&within)),
        (asked, within) => asked.or(within),
    }
}

/// A role in a folder of flows and below it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Grant)]
pub(crate) struct GrantView {
    /// Such as `billing/refunds`.
    folder: String,
    /// `viewer`, `operator` or `editor`.
    role: &'static str,
}

impl From<&Grant> for GrantView {
    fn from(grant: &Grant) -> Self {
        Self { folder: grant.folder.to_string(), role: grant.role.as_str() }
    }
}

/// A role in a folder, to be given.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = NewGrant)]
pub(crate) struct GrantInput {
    /// Such as `billing/refunds`. It need not have a flow.
    #[schema(max_length = 304)]
    folder: String,
    /// `viewer`, `operator` or `editor`.
    role: String,
}

/// Reads roles in folders.
pub(crate) fn grants_of_body(given: &[GrantInput]) -> Result<Grants, Problem> {
    if given.len() > GRANTS_MAX {
        let detail = format!("`grants` has {} entries; at most {GRANTS_MAX} are allowed.", given.len());
        return Err(Problem::of_body("/grants", detail));
    }
    let mut grants: Vec<Grant> = Vec::new();
    for (at, GrantInput { folder, role }) in given.iter().enumerate() {
        let pointer = format!("/grants/{at}/folder");
        let folder: Folder = folder.parse().map_err(|refused| {
            Problem::of_body(pointer.clone(), format!("`folder` is no folder: {refused}."))
        })?;
        if grants.iter().any(|other| other.folder == folder) {
            return Err(Problem::of_body(pointer, format!("The folder {folder} has a role already.")));
        }
        let role = role.parse().ok().filter(|role| (Role::Viewer..=Role::Editor).contains(role));
        let role = role.ok_or_else(|| {
            let detail = "A role in a folder is `viewer`, `operator` or `editor`.";
            Problem::of_body(format!("/grants/{at}/role"), detail)
        })?;
        grants.push(Grant { folder, role });
    }
    Ok(Grants::new(grants))
}

/// Reads the folders that a key is limited to.
pub(crate) fn folders_of_body(given: &[String]) -> Result<Vec<Folder>, Problem> {
    let read = |(at, text): (usize, &String)| {
        text.parse().map_err(|refused| {
            Problem::of_body(format!("/folders/{at}"), format!("`{text}` is no folder: {refused}."))
        })
    };
    given.iter().enumerate().map(read).collect()
}
