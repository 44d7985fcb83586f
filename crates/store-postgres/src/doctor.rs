//! Examines the whole database against the rules that hold in every state.

use std::collections::BTreeMap;

use steadflow_core::ids::ExecutionId;
use steadflow_store::records_of;
use tokio_postgres::Client;
use uuid::Uuid;

use crate::PostgresStore;
use crate::columns::get;
use crate::error::Result;
use crate::log::each_in_tails;
use crate::log::long_records::LongRecords;
use crate::session::transaction;
use crate::value::{int, params, rows_max};

/// Findings of each kind that are named; more are only counted.
const FINDINGS_MAX: usize = 100;
/// Journals that are read at once.
const JOURNALS: i64 = 500;

/// A rule, as a query for what breaks it: an execution's id, and a number to say in the finding.
struct Rule {
    query: &'static str,
    finding: fn(Uuid, i64) -> String,
}

const RULES: &[Rule] = &[
    Rule {
        query: "SELECT id, 0::bigint FROM executions LEFT JOIN journals ON journals.execution = executions.id
            WHERE completed_at IS NOT NULL AND journals.execution IS NULL",
        finding: |id, _| format!("Execution {id} has ended, but its journal is not stored whole."),
    },
    Rule {
        query: "SELECT id, 0::bigint FROM executions
            WHERE (status IN ('completed', 'failed', 'cancelled')) <> (completed_at IS NOT NULL)",
        finding: |id, _| format!("The status of execution {id} and the time of its end do not agree."),
    },
    Rule {
        query: "SELECT id, 0::bigint FROM executions
            WHERE completed_at IS NOT NULL AND (owner IS NOT NULL OR wake_at IS NOT NULL)",
        finding: |id, _| format!("Execution {id} has ended, but a worker or a timer still holds it."),
    },
    Rule {
        query: "SELECT id, owner FROM executions WHERE owner IS NOT NULL AND wake_at IS NOT NULL",
        finding: |id, epoch| {
            format!("Execution {id} is due for any worker although worker {epoch} drives it.")
        },
    },
    Rule {
        query: "SELECT id, owner FROM executions
            WHERE owner IS NOT NULL AND NOT EXISTS (SELECT 1 FROM workers WHERE epoch = owner)
                AND NOT EXISTS (SELECT 1 FROM orphans WHERE execution = id)",
        finding: |id, epoch| {
            format!("Execution {id} is worker {epoch}'s, which is gone, and no other worker may claim it.")
        },
    },
    Rule {
        query: "SELECT id, 0::bigint FROM executions LEFT JOIN journals ON journals.execution = executions.id
            WHERE completed_at IS NULL AND owner IS NULL AND journals.execution IS NULL",
        finding: |id, _| format!("Execution {id} is parked, but its journal is not stored."),
    },
    Rule {
        // In the partition of a day, it stays until the day is dropped.
        query: "SELECT execution, 0::bigint FROM journals
            WHERE tableoid IN (to_regclass('journals'), to_regclass('journals_rest'))
                AND NOT EXISTS (SELECT 1 FROM executions WHERE executions.id = journals.execution)",
        finding: |id, _| format!("A journal of execution {id} is stored, but not the execution."),
    },
];

/// See [`steadflow_store::Store::doctor`]. Reads everything.
pub(crate) async fn examine(store: &PostgresStore) -> Result<Vec<String>> {
    transaction!(&store.pool, snapshot, |db| {
        // It takes as long as there is data.
        db.batch_execute("SET LOCAL statement_timeout = 0").await?;
        let mut findings = Vec::new();
        // From here on, no day can be dropped of which this state has executions.
        db.query_typed("SELECT 1 FROM journals, long_records LIMIT 0", &[]).await?;
        for rule in RULES {
            let rows = db.query_typed(rule.query, &[]).await?;
            let sentences = rows.iter().map(|row| Ok((rule.finding)(get(row, 0)?, get(row, 1)?)));
            findings.extend(first(sentences.collect::<Result<_>>()?));
        }
        findings.extend(of_newer(db, store.options.format).await?);
        findings.extend(first(journals(db).await?));
        findings.extend(first(tails(db).await?));
        Ok(findings)
    })
}

/// What only newer versions can drive is there because one of them is to come back, or was there by mistake.
async fn of_newer(db: &Client, format: i64) -> Result<Option<String>> {
    let sql = "SELECT count(DISTINCT id), coalesce(max(format), 0) FROM (
            SELECT id, format FROM executions WHERE completed_at IS NULL AND format > $1
            UNION ALL SELECT execution, format FROM orphans WHERE format > $1
        ) AS newer";
    let row = db.query_typed_one(sql, params![format]).await?;
    let (count, newest): (i64, i64) = (get(&row, 0)?, get(&row, 1)?);
    Ok((count > 0).then(|| {
        format!(
            "{count} executions that have not ended can be driven only by a newer version, which has begun them: they have format \
             {newest}, and this version reads formats up to {format}."
        )
    }))
}

/// A journal has its records from 1 on, and the texts of those that are apart are there.
async fn journals(db: &Client) -> Result<Vec<String>> {
    let (mut findings, mut after) = (Vec::new(), Uuid::nil());
    loop {
        let sql = "SELECT execution, seq, records FROM journals
            WHERE execution > $1 AND EXISTS (SELECT 1 FROM executions WHERE id = journals.execution)
            ORDER BY execution LIMIT $2";
        let rows = db.query_typed(sql, params![after, JOURNALS]).await?;
        let Some(last) = rows.last() else { return Ok(findings) };
        after = get(last, 0)?;
        let ids: Vec<Uuid> = rows.iter().map(|row| get(row, 0)).collect::<Result<_>>()?;
        let long = LongRecords::read(db, &ids).await?;
        for row in &rows {
            let (id, seq): (Uuid, i64) = (get(row, 0)?, get(row, 1)?);
            let execution = ExecutionId::new(id);
            match records_of(execution, get(row, 2)?, |seq| Ok(long.get(execution, seq))) {
                Ok(records) if rows_max(records.len()) == seq => {}
                Ok(_) => findings
                    .push(format!("The journal of execution {id} does not hold the records 1 to {seq}.")),
                Err(error) => findings.push(format!("{error}.")),
            }
        }
    }
}

/// Above what its journal covers, the records of an execution that has not ended are there without a gap.
async fn tails(db: &Client) -> Result<Vec<String>> {
    let mut findings = Vec::new();
    let mut seqs: BTreeMap<Uuid, Vec<i64>> = BTreeMap::new();
    let unreadable = each_in_tails(db, |entry, record| {
        seqs.entry(entry.execution.uuid()).or_default().push(int(entry.seq));
        if let Err(damage) = record {
            findings.push(format!("Damaged: {damage}."));
        }
    })
    .await?;
    findings.extend(unreadable.into_iter().map(|(worker, sequence)| {
        format!("Damaged, so that the executions in it are not known: batch {sequence} of worker {worker} in the tail.")
    }));
    let ids: Vec<Uuid> = seqs.keys().copied().collect();
    let sql = "SELECT id, completed_at IS NOT NULL, owner IS NULL, coalesce(seq, 0)
        FROM executions
        LEFT JOIN (SELECT execution, seq FROM journals WHERE execution = ANY($1)) AS journal
            ON journal.execution = executions.id
        WHERE id = ANY($1)";
    let mut beside: BTreeMap<Uuid, (bool, bool, i64)> = BTreeMap::new();
    for row in db.query_typed(sql, params![ids]).await? {
        beside.insert(get(&row, 0)?, (get(&row, 1)?, get(&row, 2)?, get(&row, 3)?));
    }
    for (id, mut seqs) in seqs {
        let (has_ended, is_free, covered) = beside.get(&id).copied().unwrap_or_default();
        seqs.sort_unstable();
        let above: Vec<i64> = seqs.into_iter().filter(|seq| *seq > covered).collect();
        let Some(first) = above.first() else { continue };
        if has_ended {
            findings.push(format!("Execution {id} has ended, but the tail goes on with record {first}."));
        } else if is_free && beside.contains_key(&id) {
            findings.push(format!("Execution {id} is parked, but the tail goes on with record {first}."));
        } else if let Some((_, seq)) = (covered + 1..).zip(&above).find(|(next, seq)| next != *seq) {
            findings.push(format!("Execution {id} has no record before record {seq} in the tail."));
        }
    }
    Ok(findings)
}

/// Returns the first findings of a kind, and how many more there are.
fn first(mut findings: Vec<String>) -> Vec<String> {
    let more = findings.len().saturating_sub(FINDINGS_MAX);
    findings.truncate(FINDINGS_MAX);
    if more > 0 {
        findings.push(format!("The same is true in {more} more cases."));
    }
    findings
}
