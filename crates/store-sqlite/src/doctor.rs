//! Examines the whole database against the rules that hold in every state.

mod documents;
mod long_records;
mod tail;

use std::collections::BTreeSet;

use rusqlite::Connection;
use steadflow_core::ids::ExecutionId;

use crate::columns::first_bytes;

/// Findings of each kind that are named; more are only counted.
const FINDINGS_MAX: usize = 100;

/// A rule, as a query for what breaks it: an execution's id, and what to say in place of each `?`.
struct Rule {
    query: &'static str,
    finding: fn(&str, i64) -> String,
}

const RULES: &[Rule] = &[
    Rule {
        query: include_str!("queries/doctor_unfinished_journal.sql"),
        finding: |id, _| format!("Execution {id} has ended, but its journal is not stored whole."),
    },
    Rule {
        query: include_str!("queries/doctor_end_unsaid.sql"),
        finding: |id, _| format!("The status of execution {id} and the time of its end do not agree."),
    },
    Rule {
        query: include_str!("queries/doctor_held_after_end.sql"),
        finding: |id, _| format!("Execution {id} has ended, but a worker or a timer still holds it."),
    },
    Rule {
        query: include_str!("queries/doctor_parked_and_owned.sql"),
        finding: |id, epoch| {
            format!("Execution {id} is due for any worker although worker {epoch} drives it.")
        },
    },
    Rule {
        query: include_str!("queries/doctor_parked_without_journal.sql"),
        finding: |id, _| format!("Execution {id} is parked, but its journal is not stored."),
    },
    Rule {
        query: include_str!("queries/doctor_journal_seq.sql"),
        finding: |id, seq| format!("The journal of execution {id} does not hold the records 1 to {seq}."),
    },
    Rule {
        query: include_str!("queries/doctor_missing_record.sql"),
        finding: |id, seq| {
            format!("Record {seq} of execution {id} is in its journal, but its text is missing.")
        },
    },
    Rule {
        query: include_str!("queries/doctor_unreadable_record.sql"),
        finding: |id, seq| format!("Record {seq} of execution {id} is not readable."),
    },
];

/// See [`steadflow_store::Store::doctor`]. Reads everything: seconds for each million executions.
pub(crate) fn examine(db: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut findings = integrity(db)?;
    for rule in RULES {
        findings.extend(broken(db, rule)?);
    }
    findings.extend(documents::examine(db)?);
    findings.extend(orphans(db)?);
    let tail = tail::examine(db)?;
    findings.extend(tail.findings);
    findings.extend(long_records::examine(db, &tail.last)?);
    Ok(findings)
}

/// Returns the executions that the tail has records of, and that have not ended.
pub(crate) fn in_tail(db: &Connection) -> rusqlite::Result<BTreeSet<ExecutionId>> {
    Ok(tail::examine(db)?.unfinished)
}

fn integrity(db: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = db.prepare("PRAGMA integrity_check(100)")?;
    let said: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    Ok(said
        .into_iter()
        .filter(|line| line != "ok")
        .map(|line| format!("SQLite finds the file damaged: {line}."))
        .collect())
}

fn broken(db: &Connection, rule: &Rule) -> rusqlite::Result<Vec<String>> {
    let mut statement = db.prepare(rule.query)?;
    let mut rows = statement.query([])?;
    let mut findings = Findings::default();
    while let Some(row) = rows.next()? {
        findings.add((rule.finding)(&first_bytes(row).to_string(), row.get(1)?));
    }
    Ok(findings.into_sentences())
}

/// Findings of one kind.
#[derive(Debug, Default)]
struct Findings {
    named: Vec<String>,
    more: u64,
}

impl Findings {
    fn add(&mut self, finding: String) {
        if self.named.len() < FINDINGS_MAX {
            self.named.push(finding);
        } else {
            self.more += 1;
        }
    }

    fn into_sentences(mut self) -> Vec<String> {
        if self.more > 0 {
            self.named.push(format!("The same is true in {} more cases.", self.more));
        }
        self.named
    }
}

fn orphans(db: &Connection) -> rusqlite::Result<Option<String>> {
    let sql = "SELECT count(*) FROM journals WHERE execution NOT IN (SELECT number FROM executions)";
    let count: u64 = db.query_row(sql, [], |row| row.get(0))?;
    Ok((count > 0).then(|| format!("{count} stored journals belong to no execution.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_findings_of_a_kind_are_named_and_the_others_are_counted() {
        let of = |count: usize| {
            let mut findings = Findings::default();
            (0..count).for_each(|number| findings.add(format!("Row {number}.")));
            findings.into_sentences()
        };

        assert_eq!((of(100).len(), of(100)[99].as_str()), (100, "Row 99."));
        assert_eq!((of(102).len(), of(102)[100].as_str()), (101, "The same is true in 2 more cases."));
    }
}
