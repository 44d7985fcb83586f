//! The table of the threat model: it has every attack once, each row names its tests or says that there are none, and the tests that
//! it names exist.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;

use super::limits::{cells, named, tests};
use super::read;

const PAGE: &str = "docs/threat-model.md";
/// The columns of the table.
const COLUMNS: [&str; 4] = ["No.", "Attack", "Defence", "Tests"];
/// How many attacks there are. A further one takes the next number.
const ATTACKS: usize = 55;
/// What the last cell begins with where there is no test.
const NO_TEST: &str = "none";

/// Finds attacks that are missing, rows that name no test, and names that no test has.
pub(super) fn untested_defences(root: &Path) -> Result<Vec<String>> {
    let found = findings_in(&read(&root.join(PAGE))?, &tests(root)?);
    Ok(found.into_iter().map(|finding| format!("{PAGE}: {finding}")).collect())
}

fn findings_in(page: &str, tests: &BTreeSet<String>) -> Vec<String> {
    let (mut findings, mut attacks) = (Vec::new(), Vec::new());
    for line in page.lines().filter(|line| line.starts_with("| S")) {
        let cells = cells(line);
        let [number, _, _, tested] = cells.as_slice() else {
            findings.push(format!("`{line}` needs the columns {}", COLUMNS.join(", ")));
            continue;
        };
        attacks.push((*number).to_owned());
        let names = named(tested);
        if names.is_empty() && !tested.starts_with(NO_TEST) {
            findings.push(format!("{number} names no test, and does not say that there is none"));
        }
        let missing = names.into_iter().filter(|name| !tests.contains(*name));
        findings
            .extend(missing.map(|name| format!("{number} names the test `{name}`, which does not exist")));
    }
    let expected: Vec<_> = (1..=ATTACKS).map(|number| format!("S{number}")).collect();
    if attacks != expected {
        findings.push(format!("the table needs a row for each of S1 to S{ATTACKS}, in this order"));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page with all rows, the first of which is given.
    fn found(first: &str) -> Vec<String> {
        let tests = BTreeSet::from(["it_is_refused".to_owned()]);
        let rest = (2..=ATTACKS).map(|number| format!("| S{number} | a | b | `it_is_refused` |\n"));
        let rest: String = rest.collect();
        findings_in(
            &format!("| No. | Attack | Defence | Tests |\n|---|---|---|---|\n{first}\n{rest}"),
            &tests,
        )
    }

    #[test]
    fn a_row_names_tests_that_exist_or_says_that_there_are_none() {
        assert!(found("| S1 | a | b | `it_is_refused` |").is_empty());
        assert!(found("| S1 | a | b | none: it is not defended |").is_empty());
        assert_eq!(found("| S1 | a | b | `gone` |"), ["S1 names the test `gone`, which does not exist"]);
        assert_eq!(found("| S1 | a | b | — |"), ["S1 names no test, and does not say that there is none"]);
    }

    #[test]
    fn an_attack_without_a_row_is_found() {
        let expected = ["the table needs a row for each of S1 to S55, in this order"];
        assert_eq!(found(""), expected);
        assert_eq!(found("| S2 | a | b | `it_is_refused` |"), expected);
    }
}
