//! The tables of limits: each row names the tests that fail without its limit, and these tests exist.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Result, ensure};

use super::sources::{is_test, without_tests};
use super::{files, has_extension, read};

const PAGE: &str = "docs/reference/limits.md";

/// The columns of each table.
const COLUMNS: [&str; 5] = ["What", "Name", "Default", "If exceeded", "Test"];

/// Where tests are that every store runs.
const CONFORMANCE: &str = "crates/store/src/conformance";

/// Finds tables of other columns, rows that name no test, and names that no test has.
pub(super) fn untested_limits(root: &Path) -> Result<Vec<String>> {
    let page = read(&root.join(PAGE))?;
    ensure!(page.contains("\n|"), "{PAGE} has no tables; have they moved?");
    let tests = tests(root)?;
    Ok(findings_in(&page, &tests).map(|finding| format!("{PAGE}: {finding}")).collect())
}

fn findings_in(page: &str, tests: &BTreeSet<String>) -> impl Iterator<Item = String> {
    page.lines().filter(|line| line.starts_with('|')).filter_map(|line| {
        let cells = cells(line);
        let is_rule = cells.iter().all(|cell| !cell.is_empty() && cell.chars().all(|c| c == '-'));
        if is_rule || cells == COLUMNS {
            return None;
        }
        let [what, .., tested] = cells.as_slice() else { return Some(format!("`{line}` is no row")) };
        if cells.len() != COLUMNS.len() {
            return Some(format!("the row of {what} needs the columns {}", COLUMNS.join(", ")));
        }
        let names = named(tested);
        if names.is_empty() {
            return Some(format!("the row of {what} names no test"));
        }
        let missing = names.into_iter().find(|name| !tests.contains(*name));
        missing.map(|name| format!("the row of {what} names the test `{name}`, which does not exist"))
    })
}

/// The names in a cell.
pub(super) fn named(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// The cells of a row. A `|` inside one is written `\|`.
pub(super) fn cells(line: &str) -> Vec<&str> {
    let inner = line.trim().trim_start_matches('|');
    let inner = inner.strip_suffix('|').unwrap_or(inner);
    let bars = inner.match_indices('|').map(|(at, _)| at);
    let ends = bars.filter(|at| !inner[..*at].ends_with('\\')).chain([inner.len()]);
    let mut start = 0;
    ends.map(|end| inner[std::mem::replace(&mut start, end + 1)..end].trim()).collect()
}

/// The names of all tests: functions in Rust, titles in TypeScript.
pub(super) fn tests(root: &Path) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for directory in ["crates", "xtask", "ui/src", "e2e"] {
        for path in files(&root.join(directory), &|path| has_extension(path, &["rs", "ts", "tsx"]))? {
            let text = read(&path)?;
            let is_all = is_test(&path) || path.starts_with(root.join(CONFORMANCE));
            let code = if is_all { "" } else { without_tests(&text) };
            let found = &text[code.len()..];
            names.extend(if has_extension(&path, &["rs"]) { functions(found) } else { titles(found) });
        }
    }
    Ok(names)
}

fn functions(text: &str) -> Vec<String> {
    after(text, &["fn "], |c| !c.is_alphanumeric() && c != '_')
}

fn titles(text: &str) -> Vec<String> {
    after(text, &["test('", "it('"], |c| c == '\'')
}

/// What follows each of `starts` up to an end.
fn after(text: &str, starts: &[&str], is_end: fn(char) -> bool) -> Vec<String> {
    let rests = starts.iter().flat_map(|start| text.split(start).skip(1));
    rests.filter_map(|rest| rest.split(is_end).next()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "| What | Name | Default | If exceeded | Test |\n|---|---|---|---|---|\n";

    fn found(rows: &str) -> Vec<String> {
        let tests = BTreeSet::from(["it_is_refused".to_owned(), "it is cut".to_owned()]);
        findings_in(&format!("# Limits\n\n{HEAD}{rows}"), &tests).collect()
    }

    #[test]
    fn a_row_names_tests_that_exist() {
        assert!(found("| a `\\|` b | `A_MAX` | 1 | 422 | `it_is_refused`, `it is cut` |").is_empty());
        assert_eq!(found("| nodes | `N` | 1 | 422 | — |"), ["the row of nodes names no test"]);
        assert_eq!(
            found("| nodes | `N` | 1 | 422 | `it_is_refused`, `gone` |"),
            ["the row of nodes names the test `gone`, which does not exist"]
        );
    }

    #[test]
    fn a_table_of_other_columns_is_found() {
        assert_eq!(
            found("| nodes | 1 | `it_is_refused` |"),
            ["the row of nodes needs the columns What, Name, Default, If exceeded, Test"]
        );
    }

    #[test]
    fn tests_are_functions_and_titles() {
        assert_eq!(functions("#[test]\nfn a_b() {}\nasync fn c<H>(h: &H) {}"), ["a_b", "c"]);
        assert_eq!(titles("test('a b', () => {});\n  it('c d', () => {});"), ["a b", "c d"]);
    }
}
