//! How each part is kept in this store. Most are tables that have the same columns; the others are listed here.

use steadflow_core::event::FORMAT;
use steadflow_store::parts::{PARTS, Part};

/// A table.
#[derive(Clone, Copy, Debug)]
struct Table {
    /// The name of its part.
    part: &'static str,
    name: &'static str,
    /// Columns that are kept in another way.
    differing: &'static [Differing],
    /// Columns that no part has, and what they have after a move.
    beside: &'static [(&'static str, &'static str)],
    /// What stands behind the table where it is read.
    end: &'static str,
    /// Which rows of a source are moved: the others are left over from what has expired.
    moved: &'static str,
}

/// A column that is kept in another way than the part has it.
#[derive(Debug)]
struct Differing {
    column: &'static str,
    kept: &'static str,
    /// The value of the part, of what is kept.
    read: &'static str,
    /// What is kept, of the value of the part.
    written: &'static str,
}

const fn plain(name: &'static str) -> Table {
    Table { part: name, name, differing: &[], beside: &[], end: "", moved: "" }
}

/// A counter, which is the sum of all lanes.
const fn sum(column: &'static str, read: &'static str) -> Differing {
    Differing { column, kept: column, read, written: column }
}

/// The format of what this version moves.
const FORMAT_TEXT: &str = "1";
const _: () = assert!(FORMAT == 1, "both are the same number");

/// A move fills one lane.
const LANE: &[(&str, &str)] = &[("lane", "0")];

/// Sums of whole numbers that do not pass the largest one.
macro_rules! whole {
    ($column:literal) => {
        sum($column, concat!("least(sum(", $column, "), 9223372036854775807)::bigint"))
    };
}

const TABLES: &[Table] = &[
    Table {
        // 0 is a worker that is gone.
        differing: &[Differing {
            column: "is_driven",
            kept: "owner",
            read: "owner IS NOT NULL",
            written: "CASE WHEN is_driven THEN 0 END",
        }],
        beside: &[("shown", "0"), ("format", FORMAT_TEXT)],
        ..plain("executions")
    },
    Table {
        moved: "WHERE EXISTS (SELECT 1 FROM executions WHERE id = journals.execution)",
        ..plain("journals")
    },
    Table {
        // One that has no row yet has records in a tail.
        moved: "WHERE EXISTS (SELECT 1 FROM executions WHERE id = long_records.execution)
            OR EXISTS (SELECT 1 FROM orphan_records WHERE execution = long_records.execution)
            OR EXISTS (SELECT 1 FROM tail WHERE position(uuid_send(long_records.execution) IN entries) > 0)
            OR EXISTS (SELECT 1 FROM deleted_executions WHERE execution = long_records.execution)",
        ..plain("long_records")
    },
    // What was in tails is there to be claimed.
    Table { name: "orphan_records", beside: &[("worker", "0"), ("sequence", "0")], ..plain("records") },
    Table {
        differing: &[whole!("value")],
        beside: LANE,
        end: "GROUP BY tenant, flow, status",
        ..plain("execution_counts")
    },
    Table {
        differing: &[whole!("value")],
        beside: LANE,
        end: "GROUP BY tenant, flow, hour, node, metric",
        ..plain("rollups")
    },
    Table {
        differing: &[whole!("executions"), whole!("completed")],
        beside: LANE,
        end: "GROUP BY minute, tenant, flow",
        ..plain("flow_ends")
    },
    Table {
        differing: &[
            Differing {
                column: "agent",
                kept: "agent",
                read: "nullif(agent, '00000000-0000-0000-0000-000000000000')",
                written: "coalesce(agent, '00000000-0000-0000-0000-000000000000')",
            },
            whole!("calls"),
            whole!("unpriced_calls"),
            whole!("input_tokens"),
            whole!("cached_input_tokens"),
            whole!("cache_write_tokens"),
            whole!("output_tokens"),
            whole!("tokens_lost"),
            sum("cost", "sum(cost)"),
            sum("cost_lost", "sum(cost_lost)"),
        ],
        beside: LANE,
        end: "GROUP BY tenant, hour, flow, agent, model, currency",
        ..plain("costs")
    },
    Table {
        differing: &[whole!("calls"), sum("last_used_at", "max(last_used_at)")],
        beside: LANE,
        end: "GROUP BY tenant, agent",
        ..plain("agent_uses")
    },
    // In the order of their first use, in which SQLite forgets them.
    Table { end: "ORDER BY created_at", ..plain("idempotency_keys") },
    Table {
        differing: &[Differing { column: "id", kept: "id", read: "id::bigint", written: "id" }],
        ..plain("alerts_seen")
    },
];

/// Tables that no part has, with their columns: who drives what, and what follows from parts.
const OTHERS: [(&str, &[&str]); 11] = [
    ("schema_migrations", &["number", "name", "checksum", "applied_at", "compatible_from"]),
    ("workers", &["epoch", "incarnation", "name", "lease_until", "is_fenced", "format"]),
    ("counters", &["name", "value"]),
    ("tail", &["worker", "sequence", "entries", "records"]),
    ("orphans", &["execution", "format"]),
    ("agent_gates", &["agent", "gate"]),
    ("flow_slots", &["flow"]),
    ("edits", &["number", "tenant", "flow", "agent"]),
    ("event_keys", &["tenant", "key", "event", "at"]),
    ("tenant_starts", &["tenant", "process", "starts", "at"]),
    ("presence", &["flow", "tab", "tenant", "person", "seen_at"]),
];

/// Tables of which rows say nothing about whether anything is stored.
const OF_PROCESSES: [&str; 5] = ["schema_migrations", "workers", "counters", "tenant_starts", "presence"];

/// Returns the tables that are empty where nothing is stored.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    let others = OTHERS.iter().map(|(name, _)| *name).filter(|name| !OF_PROCESSES.contains(name));
    PARTS.iter().map(|part| table(part).name).chain(others)
}

fn table(part: &Part) -> Table {
    TABLES.iter().find(|table| table.part == part.name).copied().unwrap_or_else(|| plain(part.name))
}

/// Returns the query for the rows of a part, of a source for those that are moved.
pub(super) fn select(part: &Part, is_source: bool) -> String {
    let table = table(part);
    let moved = if is_source { table.moved } else { "" };
    let read = |name| table.differing(name).map_or(name, |differing| differing.read);
    let columns: Vec<&str> = part.columns.iter().map(|column| read(column.name)).collect();
    format!("SELECT {} FROM {} {moved} {}", columns.join(", "), table.name, table.end)
}

/// Returns the statement that adds rows to a part; it is given an array for each column.
pub(super) fn insert(part: &Part) -> String {
    let table = table(part);
    let names: Vec<&str> = part.columns.iter().map(|column| column.name).collect();
    let arrays: Vec<String> = (1..=names.len()).map(|number| format!("${number}")).collect();
    let (mut kept, mut written) = (Vec::new(), Vec::new());
    for name in &names {
        let differing = table.differing(name);
        kept.push(differing.map_or(*name, |differing| differing.kept));
        written.push(differing.map_or(*name, |differing| differing.written));
    }
    for (column, value) in table.beside {
        kept.push(column);
        written.push(value);
    }
    format!(
        "INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM UNNEST({}) AS part ({})",
        table.name,
        kept.join(", "),
        written.join(", "),
        arrays.join(", "),
        names.join(", ")
    )
}

impl Table {
    fn differing(&self, column: &str) -> Option<&'static Differing> {
        self.differing.iter().find(|differing| differing.column == column)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::session::session;
    use crate::testing;

    type Tables = BTreeMap<String, BTreeSet<String>>;

    fn columns<'a>(names: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
        names.into_iter().map(str::to_owned).collect()
    }

    fn known() -> Tables {
        let kept = |part: &Part| {
            let table = table(part);
            let kept = part
                .columns
                .iter()
                .map(|column| table.differing(column.name).map_or(column.name, |differing| differing.kept));
            (table.name.to_owned(), columns(kept.chain(table.beside.iter().map(|(column, _)| *column))))
        };
        let others = OTHERS.map(|(name, of)| (name.to_owned(), columns(of.iter().copied())));
        PARTS.iter().map(kept).chain(others).collect()
    }

    #[tokio::test]
    async fn every_column_of_every_table_is_known() {
        let store = testing::store().await;
        let db = session(&store.pool).await.unwrap();
        let sql = "SELECT table_name::text, column_name::text FROM information_schema.columns
            WHERE table_schema = current_schema() AND to_regclass(table_name) NOT IN (SELECT inhrelid FROM pg_inherits)";
        let mut found = Tables::new();
        for row in db.query_typed(sql, &[]).await.unwrap() {
            found.entry(row.get(0)).or_default().insert(row.get(1));
        }

        assert_eq!(found, known(), "what a migration adds, a move has to know: see `steadflow_store::parts`");
    }
}
