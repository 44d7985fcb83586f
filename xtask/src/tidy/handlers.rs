//! Handlers of the API: each says what one has to be allowed to do for it.

use std::path::Path;

use anyhow::Result;

use super::{files, has_extension, read, shown};

/// Handlers that answer everyone alike, how the server is and files that are part of it, the one of webhooks, whose callers
/// prove who they are by a signature, the one that providers send browsers back to, which counts with a state that somebody with
/// the permission has got, and those where people say who they are.
const FOR_EVERYONE: [&str; 15] = [
    "healthz",
    "readyz",
    "openapi_document",
    "page",
    "index",
    "example",
    "problems",
    "receive_call",
    "finish_authorization",
    "show_sign_in_ways",
    "sign_in",
    "begin_at_provider",
    "finish_at_provider",
    "ask_passkey",
    "sign_in_with_passkey",
];

/// Finds handlers that name no permission, or not before everything else of the request.
pub(super) fn handlers_without_permission(root: &Path) -> Result<Vec<String>> {
    let mut findings = Vec::new();
    for path in files(&root.join("crates/api/src/routes"), &|path| has_extension(path, &["rs"]))? {
        let place = shown(root, &path);
        let text = read(&path)?;
        findings.extend(without_permission(&text).map(|name| {
            format!("{place}: the handler `{name}` names no permission: it takes no `Authorized<…>`")
        }));
        findings.extend(with_late_permission(&text).map(|name| {
            format!(
                "{place}: the handler `{name}` reads something of the request before it is known whether the caller may: \
                 `Authorized<…>` comes right behind the state"
            )
        }));
    }
    Ok(findings)
}

/// What says what the caller has to be allowed to do: a permission, or a link to decide or to join with, which is for one
/// thing.
const PERMISSIONS: [&str; 3] = ["Authorized<", "PathLink", "PathInvitation"];

/// The names and the parameters of the handlers of a file that OpenAPI describes.
fn described(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split("#[utoipa::path(").skip(1).filter_map(|rest| {
        let (name, rest) = rest.split_once("async fn ")?.1.split_once('(')?;
        Some((name, rest.split(" {\n").next()?))
    })
}

/// The handlers of a file without a permission in their signature. One that OpenAPI does not describe counts as such.
fn without_permission(text: &str) -> impl Iterator<Item = &str> {
    let described = described(text)
        .filter(|(_, signature)| !PERMISSIONS.iter().any(|permission| signature.contains(permission)))
        .map(|(name, _)| name);
    let undescribed = text.split("routing::").skip(1).filter_map(|rest| {
        let name = rest.split_once('(')?.1.split(')').next()?;
        Some(name)
    });
    described.chain(undescribed).filter(|name| !FOR_EVERYONE.contains(name))
}

/// The handlers of a file that take something else than the state before their permission.
fn with_late_permission(text: &str) -> impl Iterator<Item = &str> {
    let late = described(text).filter(|(_, signature)| {
        let before = signature.split_once("Authorized<").map_or("", |(before, _)| before);
        let extractors = ["Path", "Query", "Json", "Headers", "HeaderMap", "Body", "Request", "IfMatch"];
        extractors.iter().any(|extractor| before.contains(extractor))
    });
    late.map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        without_permission(text).collect()
    }

    #[test]
    fn handler_with_a_permission_is_fine_if_it_is_asked_first() {
        let text = "#[utoipa::path(get, path = \"/x\")]\npub(crate) async fn show(\n    State(app): State<App>,\n    Authorized(caller, _): Authorized<View>,\n    PathId(id): PathId<Id>,\n) -> X {\n}\n";
        let late = "#[utoipa::path(get, path = \"/x\")]\npub(crate) async fn show(\n    PathId(id): PathId<Id>,\n    Authorized(caller, _): Authorized<View>,\n) -> X {\n}\n";

        assert!(found(text).is_empty() && with_late_permission(text).next().is_none());
        assert!(found(late).is_empty());
        assert_eq!(with_late_permission(late).collect::<Vec<_>>(), ["show"]);
    }

    #[test]
    fn handler_without_one_is_found() {
        let text = "#[utoipa::path(get)]\nasync fn show(State(app): State<App>) -> X {\n    Authorized\n}\n";

        assert_eq!(found(text), ["show"]);
    }

    #[test]
    fn handler_that_is_not_described_is_found_unless_it_is_for_everyone() {
        let text = ".route(\"/a\", axum::routing::get(page)).route(\"/b\", axum::routing::post(secret))";

        assert_eq!(found(text), ["secret"]);
    }
}
