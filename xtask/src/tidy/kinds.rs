//! A kind of node is one file in core, its lines in the list of kinds, its tests and its docs. Nothing else knows it by name.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Result, ensure};

use super::sources::{is_test, without_tests};
use super::{files, has_extension, read, shown};

/// Where the rooms are: a file or a folder a kind.
const ROOMS: &str = "crates/core/src/node";

/// The one match over kinds.
const ONE_MATCH: &str = "crates/core/src/node.rs";

/// The crates that could decide by a kind's name. Others hold flows as documents.
const CRATES: [&str; 7] = ["core", "nodes", "store", "store-sqlite", "store-postgres", "runtime", "api"];

/// Files in the rooms' folder that are no kind.
const NO_KINDS: [&str; 5] = ["catalogue", "context", "keys", "rehearsal", "schemas"];

/// Files outside the rooms that name kinds. This list only ever gets shorter, but for words that mean something else.
const NAMED_ELSEWHERE: [(&str, &str); 19] = [
    ("crates/api/src/problem.rs", "`agent` is a resource of the API"),
    ("crates/core/src/agent/parse/tool.rs", "`approval` is a key of tools"),
    ("crates/core/src/expression/functions.rs", "`map` is a filter"),
    ("crates/core/src/expression/functions/constants.rs", "`map` is a filter"),
    ("crates/core/src/expression/functions/lists.rs", "`map` is a filter"),
    ("crates/core/src/expression/uses.rs", "`map` is a filter"),
    ("crates/core/src/flow/parse/edge.rs", "`condition` is a key of edges"),
    ("crates/core/src/flow/parse/node.rs", "`fail` is what follows when no attempt is left"),
    ("crates/core/src/guardrail.rs", "`fail` is what follows when a guardrail refuses"),
    ("crates/core/src/status.rs", "`delay` is what an execution waits for"),
    ("crates/nodes/src/agent/llm/fault.rs", "`code` is a key of errors"),
    ("crates/nodes/src/agent/mcp/message.rs", "`code` is a key of errors"),
    ("crates/nodes/src/status/said.rs", "`code` is a key of errors"),
    ("crates/store/src/parts/list.rs", "`agent` is a stored resource"),
    ("crates/store-postgres/src/catalogue.rs", "`agent` is a stored resource"),
    ("crates/store-postgres/src/fold.rs", "`agent` is a column"),
    ("crates/store-postgres/src/parts/tables.rs", "`agent` is a stored resource"),
    ("crates/store-sqlite/src/catalogue.rs", "`agent` is a stored resource"),
    ("crates/store-sqlite/src/parts/tables.rs", "`agent` is a stored resource"),
];

/// Finds kinds that are named outside their rooms, and kinds that the reference does not describe.
pub(super) fn scattered_kinds(root: &Path) -> Result<Vec<String>> {
    let kinds = kinds(root)?;
    ensure!(!kinds.is_empty(), "no kinds of nodes are found in {ROOMS}; have they moved?");
    let reference = read(&root.join("docs/reference/flow-document.md"))?;
    let undocumented = kinds.iter().filter(|kind| !reference.contains(&format!("`{kind}`")));
    let mut findings: Vec<String> = undocumented
        .map(|kind| format!("docs/reference/flow-document.md: the kind of node `{kind}` is missing"))
        .collect();

    let named = named_elsewhere(root, &kinds)?;
    let is_known = |place: &str| NAMED_ELSEWHERE.iter().any(|(known, _)| *known == place);
    findings.extend(named.iter().filter(|(place, _)| !is_known(place)).map(|(place, kind)| {
        format!("{place}: names the kind of node `{kind}`; what is special about a kind belongs into {ROOMS}/{kind}.rs")
    }));
    let gone = NAMED_ELSEWHERE.iter().filter(|(place, _)| !named.contains_key(*place));
    findings.extend(gone.map(|(place, _)| format!("{place}: names no kind; strike it from {}", file!())));
    Ok(findings)
}

/// The names of all kinds, as their documents have them: those of the rooms.
fn kinds(root: &Path) -> Result<Vec<String>> {
    let rooms = files(&root.join(ROOMS), &|path| has_extension(path, &["rs"]))?;
    let top = rooms.iter().filter(|path| path.parent().is_some_and(|folder| folder.ends_with(ROOMS)));
    let names = top.filter_map(|path| path.file_stem()?.to_str());
    Ok(names.filter(|name| !NO_KINDS.contains(name)).map(str::to_owned).collect())
}

/// Returns the files outside the rooms that name a kind, each with the first that it names.
fn named_elsewhere(root: &Path, kinds: &[String]) -> Result<BTreeMap<String, String>> {
    let mut named = BTreeMap::new();
    for name in CRATES {
        let source = root.join("crates").join(name).join("src");
        for path in files(&source, &|path| has_extension(path, &["rs"]) && !is_test(path))? {
            let place = shown(root, &path);
            if path.starts_with(root.join(ROOMS)) || place == ONE_MATCH {
                continue;
            }
            let text = read(&path)?;
            if let Some(kind) = kinds.iter().find(|kind| names(without_tests(&text), kind)) {
                named.insert(place, kind.clone());
            }
        }
    }
    Ok(named)
}

/// Whether code names a kind: `"http_request"`, `Kind::HttpRequest`.
fn names(code: &str, kind: &str) -> bool {
    let text = format!("\"{kind}\"");
    let variant = format!("Kind::{}", in_camel_case(kind));
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.into_iter().any(|line| line.contains(&text) || has_word(line, &variant))
}

fn has_word(line: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word)
        .any(|(at, _)| !line[..at].ends_with(is_part) && !line[at + word.len()..].starts_with(is_part))
}

fn in_camel_case(kind: &str) -> String {
    let capital = |part: &str| part[..1].to_uppercase() + &part[1..];
    kind.split('_').filter(|part| !part.is_empty()).map(capital).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kind_is_named_by_its_text_and_by_its_variant() {
        assert!(names("if kind == \"http_request\" {", "http_request"));
        assert!(names("Kind::HttpRequest(request) => {}", "http_request"));
    }

    #[test]
    fn other_words_and_comments_are_not_names() {
        assert!(!names("Kind::HttpRequestOf(x), \"http_request_of\", http_request()", "http_request"));
        assert!(!names("// Kind::HttpRequest", "http_request"));
        assert!(!names("ValueKind::Map => {}", "map"));
    }
}
