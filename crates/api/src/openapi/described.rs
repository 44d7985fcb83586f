//! What the document says of operations beyond their types: which permission they need, and an example of their body.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Value, json};
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::path::Operation;

/// The page of access has the one table of permissions. Tests hold the server to it.
const ACCESS: &str = include_str!("../../../../docs/reference/access.md");
/// Bodies by the id of their operation. Tests send them.
const EXAMPLES: &str = include_str!("examples.json");

/// The permission that an operation needs, and the least role that has it.
type Need = (&'static str, &'static str);

/// Adds the permission and the example of an operation.
pub(super) fn describe(operation: &mut Operation) {
    let id = operation.operation_id.as_deref().unwrap_or_default();
    let (need, example) = (NEEDS.get(id), BODIES.get(id).cloned());
    if let Some((permission, role)) = need {
        let need = json!({ "name": permission, "least_role": role });
        let added = ExtensionsBuilder::new().add("x-permission", need).build();
        operation.extensions.get_or_insert_default().merge(added);
    }
    for content in operation.request_body.iter_mut().flat_map(bodies) {
        content.example.clone_from(&example);
    }
}

fn bodies(
    body: &mut utoipa::openapi::RefOr<utoipa::openapi::request_body::RequestBody>,
) -> impl Iterator<Item = &mut utoipa::openapi::Content> {
    let body = if let utoipa::openapi::RefOr::T(body) = body { Some(body) } else { None };
    body.into_iter().flat_map(|body| body.content.values_mut()).filter_map(|content| match content {
        utoipa::openapi::RefOr::T(content) => Some(content),
        utoipa::openapi::RefOr::Ref(_) => None,
    })
}

static BODIES: LazyLock<BTreeMap<String, Value>> =
    LazyLock::new(|| serde_json::from_str(EXAMPLES).expect("examples are JSON, as a test checks"));

static NEEDS: LazyLock<BTreeMap<&'static str, Need>> = LazyLock::new(|| {
    let rows = ACCESS.lines().filter(|line| line.starts_with("| `"));
    rows.filter_map(cells).flat_map(|(need, ids)| ids.map(move |id| (id, need))).collect()
});

/// Reads a row of the table: permission, least role, operations.
fn cells(row: &'static str) -> Option<(Need, impl Iterator<Item = &'static str>)> {
    let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
    let [permission, role, operations] = cells[..] else { return None };
    let ids = operations.split(", ").map(|id| id.trim_matches('`'));
    Some(((permission.trim_matches('`'), role), ids))
}
