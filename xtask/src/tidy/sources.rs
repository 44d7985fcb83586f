//! How source files look: a header, no more than 500 lines, and nothing left lying about.

use std::path::Path;

use anyhow::Result;

use super::{files, has_extension, read, shown};

const LINES_MAX: usize = 500;

/// What clippy finds too, but only where it looks: here it counts behind every `cfg`. Lines with a string are left to it.
const LEFT_LYING: [&str; 4] = [".unwrap()", "todo!(", "unimplemented!(", "dbg!("];

/// Finds files without a header, files that are too long, and what must not stay in code.
pub(super) fn untidy_files(root: &Path) -> Result<Vec<String>> {
    let is_source =
        |path: &Path| has_extension(path, &["rs", "ts", "tsx"]) && !path.to_string_lossy().ends_with(".d.ts");
    let mut findings = Vec::new();
    for directory in ["crates", "xtask", "ui/src"] {
        for path in files(&root.join(directory), &is_source)? {
            let text = read(&path)?;
            let place = shown(root, &path);
            findings.extend(
                findings_in(&text, is_test(&path), has_extension(&path, &["rs"]))
                    .map(|what| format!("{place}: {what}")),
            );
        }
    }
    Ok(findings)
}

fn findings_in(text: &str, is_test: bool, is_rust: bool) -> impl Iterator<Item = String> {
    let code = if is_test { "" } else { without_tests(text) };
    let lines = code.lines().count();
    let header =
        (is_rust && !text.starts_with("//!")).then(|| "does not begin with a `//!` header".to_owned());
    let length = (lines > LINES_MAX).then(|| format!("has {lines} lines; split it at {LINES_MAX}"));
    let is_code = |line: &&str| is_rust && !line.trim_start().starts_with("//");
    let is_left =
        |what: &&str| code.lines().filter(is_code).any(|line| line.contains(*what) && !line.contains('"'));
    let left: Vec<String> = LEFT_LYING
        .into_iter()
        .filter(is_left)
        .map(|what| format!("`{what}` does not belong into code"))
        .collect();
    header.into_iter().chain(length).chain(left)
}

/// Whether all of a file is tests.
pub(super) fn is_test(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let lies_among_tests = path
        .components()
        .any(|part| matches!(part.as_os_str().to_str(), Some("tests" | "benches" | "testing")));
    lies_among_tests || name == "tests.rs" || name.contains(".test.")
}

/// Returns the text up to the tests at the end of the file.
pub(super) fn without_tests(text: &str) -> &str {
    text.split_once("\n#[cfg(test)]\nmod tests {").map_or(text, |(code, _)| code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        findings_in(text, false, true).collect()
    }

    #[test]
    fn tidy_file_gives_no_finding() {
        let text = "//! Header.\n\nfn f() {}\n\n#[cfg(test)]\nmod tests {\n    fn g() { x.unwrap(); }\n}\n";

        assert!(found(text).is_empty());
    }

    #[test]
    fn missing_header_and_unwrap_are_found() {
        let findings = found("fn f() {\n    // x.unwrap() in a comment\n    x.unwrap();\n}\n");

        assert_eq!(findings, ["does not begin with a `//!` header", "`.unwrap()` does not belong into code"]);
    }

    #[test]
    fn long_file_is_found() {
        let text = format!("//! Header.\n{}", "fn f() {}\n".repeat(500));

        assert_eq!(found(&text), ["has 501 lines; split it at 500"]);
    }
}
