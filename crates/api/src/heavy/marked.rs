//! Which operations have much to do, as each says where it is declared:
//! `extensions(("x-turn" = json!("document")))` or `"shown"`. The published description is without these marks.

use std::collections::HashMap;
use std::sync::Arc;

use axum::http::Method;
use utoipa::openapi::OpenApi;
use utoipa::openapi::path::Operation;

use super::Heavy;
use crate::operations::operations;

/// The key of a mark.
const MARK: &str = "x-turn";
/// The mark of [`Heavy::Shown`]; that of [`Heavy::Document`] is `document`.
const SHOWN: &str = "shown";

/// The operations that are marked, by their paths.
#[derive(Clone, Debug)]
pub(crate) struct Marked(Arc<HashMap<String, Vec<(Method, Heavy)>>>);

impl Marked {
    pub(crate) fn of(document: &OpenApi) -> Self {
        let mut marked: HashMap<String, Vec<(Method, Heavy)>> = HashMap::new();
        for (method, path, operation) in operations(document) {
            if let Some(heavy) = mark_of(operation) {
                marked.entry(path.to_owned()).or_default().push((method, heavy));
            }
        }
        Self(Arc::new(marked))
    }

    /// Returns why an operation has much to do, if it is marked.
    pub(crate) fn find(&self, method: &Method, path: &str) -> Option<Heavy> {
        let method = if *method == Method::HEAD { &Method::GET } else { method };
        let (_, heavy) = self.0.get(path)?.iter().find(|(marked, _)| marked == method)?;
        Some(*heavy)
    }
}

fn mark_of(operation: &Operation) -> Option<Heavy> {
    let mark = operation.extensions.as_ref()?.get(MARK)?;
    Some(if mark == SHOWN { Heavy::Shown } else { Heavy::Document })
}

/// Removes the mark of an operation.
pub(crate) fn unmark(operation: &mut Operation) {
    if let Some(mut extensions) = operation.extensions.take() {
        extensions.remove(MARK);
        operation.extensions = Some(extensions).filter(|extensions| !extensions.is_empty());
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;
    use crate::openapi;
    use crate::routes;

    /// The schemas of what is large in a document. Each document has one of them.
    const PARTS: [&str; 4] = ["FlowDefinition", "DefinitionDraft", "AgentConfig", "Skill"];

    fn marked() -> Marked {
        Marked::of(&routes::all(openapi::DOCUMENT).split_for_parts().1)
    }

    /// Adds the names of all schemas that `value` refers to, directly or not.
    fn add_references(value: &Value, schemas: &Value, found: &mut BTreeSet<String>) {
        let name = value["$ref"].as_str().and_then(|address| address.strip_prefix("#/components/schemas/"));
        if let Some(name) = name.filter(|name| found.insert((*name).to_owned())) {
            add_references(&schemas[name], schemas, found);
        }
        let (list, object) = (value.as_array(), value.as_object());
        let parts = list.into_iter().flatten().chain(object.into_iter().flat_map(|object| object.values()));
        parts.for_each(|part| add_references(part, schemas, found));
    }

    #[test]
    fn every_operation_that_takes_or_shows_documents_is_marked() {
        let (description, marked) = (openapi::openapi(), marked());
        let schemas = &description["components"]["schemas"];
        let mut count = 0;
        for (path, item) in description["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let mut named = BTreeSet::new();
                for part in [
                    &operation["requestBody"],
                    &operation["responses"]["200"],
                    &operation["responses"]["201"],
                ] {
                    add_references(part, schemas, &mut named);
                }
                // The examples of node types are small.
                let is_small = path.ends_with("/node-types");
                let holds_documents = !is_small
                    && (PARTS.iter().any(|part| named.contains(*part)) || named.contains("FlowDraft"));
                let expected = if method == "get" { Heavy::Shown } else { Heavy::Document };
                let method: Method = method.to_uppercase().parse().unwrap();
                let found = marked.find(&method, path);
                if holds_documents {
                    assert_eq!(found, Some(expected), "{method} {path}");
                    count += 1;
                } else {
                    assert!(found.is_none_or(|found| found == expected), "{method} {path}");
                }
            }
        }
        assert!(count >= 14, "only {count} are known to take or show documents");
    }

    #[test]
    fn what_tries_or_checks_what_is_stored_is_marked_and_a_start_is_not() {
        let marked = marked();
        let find = |method, path: &str| marked.find(&method, &format!("/api/v1/studio/{path}"));

        assert_eq!(find(Method::POST, "agents/{id}/execute"), Some(Heavy::Document));
        assert_eq!(find(Method::PATCH, "flows/{id}/activate"), Some(Heavy::Document));
        assert_eq!(find(Method::HEAD, "flows/{id}"), Some(Heavy::Shown));
        assert_eq!(
            find(Method::GET, "analytics/retries"),
            Some(Heavy::Shown),
            "it reads millions of counters"
        );
        for (method, path) in [
            (Method::POST, "flows/{id}/execute"),
            (Method::GET, "flows/{id}/executions"),
            (Method::DELETE, "flows/{id}"),
            (Method::POST, "executions/{id}/retry"),
        ] {
            assert_eq!(find(method.clone(), path), None, "{method} {path}");
        }
    }

    #[test]
    fn marks_are_not_published() {
        assert!(!openapi::openapi().to_string().contains(MARK));
    }
}
