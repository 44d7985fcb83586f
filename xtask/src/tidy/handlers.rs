//! Handlers of the API: each says whose request it answers.

use std::path::Path;

use anyhow::Result;

use super::{files, has_extension, read, shown};

/// Handlers that answer everyone alike, how the server is and files that are part of it, and the one of webhooks, whose callers
/// prove who they are by a signature.
const FOR_EVERYONE: [&str; 9] = [
    "healthz",
    "readyz",
    "metrics",
    "openapi_document",
    "page",
    "script",
    "style",
    "problems",
    "receive_call",
];

/// Finds handlers that do not take the caller's identity.
pub(super) fn handlers_without_caller(root: &Path) -> Result<Vec<String>> {
    let mut findings = Vec::new();
    for path in files(&root.join("crates/api/src/routes"), &|path| has_extension(path, &["rs"]))? {
        let place = shown(root, &path);
        let text = read(&path)?;
        findings.extend(without_caller(&text).map(|name| {
            format!(
                "{place}: the handler `{name}` takes no `Identity`, so it cannot know whose data it is about"
            )
        }));
    }
    Ok(findings)
}

/// What says whose data a request is about: an identity, or a link to decide with, which was signed for one tenant.
const CALLERS: [&str; 2] = ["Identity", "PathLink"];

/// The handlers of a file without a caller in their signature. One that OpenAPI does not describe counts as such.
fn without_caller(text: &str) -> impl Iterator<Item = &str> {
    let described = text.split("#[utoipa::path(").skip(1).filter_map(|rest| {
        let (name, rest) = rest.split_once("async fn ")?.1.split_once('(')?;
        let signature = rest.split(" {\n").next()?;
        (!CALLERS.iter().any(|caller| signature.contains(caller))).then_some(name)
    });
    let undescribed = text.split("routing::").skip(1).filter_map(|rest| {
        let name = rest.split_once('(')?.1.split(')').next()?;
        Some(name)
    });
    described.chain(undescribed).filter(|name| !FOR_EVERYONE.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        without_caller(text).collect()
    }

    #[test]
    fn handler_with_an_identity_is_fine() {
        let text = "#[utoipa::path(get, path = \"/x\")]\npub(crate) async fn show(\n    Identity(caller): Identity,\n) -> X {\n}\n";

        assert!(found(text).is_empty());
    }

    #[test]
    fn handler_without_one_is_found() {
        let text = "#[utoipa::path(get)]\nasync fn show(State(app): State<App>) -> X {\n    Identity\n}\n";

        assert_eq!(found(text), ["show"]);
    }

    #[test]
    fn handler_that_is_not_described_is_found_unless_it_is_for_everyone() {
        let text = ".route(\"/a\", axum::routing::get(page)).route(\"/b\", axum::routing::post(secret))";

        assert_eq!(found(text), ["secret"]);
    }
}
