//! How each part is kept in this store. Most are tables that have the same columns; the others are listed here.

use steadflow_store::parts::{PARTS, Part};

/// A table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table {
    /// Its name, and that of its part.
    name: &'static str,
    /// Columns that are kept in another way.
    differing: &'static [Differing],
    /// Columns that number rows: they are counted here.
    counted: &'static [&'static str],
    /// Where rows refer to rows of other tables by numbers: how they are read and written.
    joined: Option<Joined>,
}

/// A column that is kept in another way than the part has it.
#[derive(Debug)]
struct Differing {
    column: &'static str,
    kept: &'static str,
    /// The value of the part, of what is kept.
    read: &'static str,
    /// What is kept, of the value `?`.
    written: &'static str,
}

#[derive(Clone, Copy, Debug)]
struct Joined {
    select: &'static str,
    insert: &'static str,
}

const fn plain(name: &'static str) -> Table {
    Table { name, differing: &[], counted: &[], joined: None }
}

const fn renamed(column: &'static str, kept: &'static str) -> Differing {
    Differing { column, kept, read: kept, written: "?" }
}

const TABLES: &[Table] = &[
    Table {
        differing: &[
            Differing {
                column: "shares_slot",
                kept: "shares_slot",
                read: "coalesce(shares_slot, 0)",
                written: "nullif(?, 0)",
            },
            // 0 is a worker that is gone.
            Differing {
                column: "is_driven",
                kept: "owner_epoch",
                read: "owner_epoch IS NOT NULL",
                written: "CASE ? WHEN 1 THEN 0 END",
            },
        ],
        counted: &["number"],
        ..plain("executions")
    },
    Table {
        joined: Some(Joined {
            select: "SELECT executions.id, journals.seq, journals.records
                FROM journals LEFT JOIN executions ON executions.number = journals.execution",
            insert: "INSERT INTO journals (execution, seq, is_final, records)
                SELECT number, ?2, completed_at IS NOT NULL, ?3 FROM executions WHERE id = ?1",
        }),
        ..plain("journals")
    },
    Table { counted: &["number"], ..plain("long_records") },
    Table {
        differing: &[Differing {
            column: "agent",
            kept: "agent",
            read: "nullif(agent, x'')",
            written: "coalesce(?, x'')",
        }],
        ..plain("costs")
    },
    Table {
        differing: &[renamed("execution", "execution_id")],
        counted: &["number"],
        ..plain("idempotency_keys")
    },
    Table { differing: &[renamed("execution", "execution_id")], ..plain("inbox") },
    Table { counted: &["number"], ..plain("sessions") },
    Table {
        joined: Some(Joined {
            select: "SELECT sessions.tenant, sessions.agent, sessions.key, turns.number, turns.bytes, turns.execution,
                    turns.node, turns.input_tokens, turns.output_tokens, turns.answered_at, turns.question, turns.answer
                FROM session_turns AS turns LEFT JOIN sessions ON sessions.number = turns.session",
            insert: "INSERT INTO session_turns (session, number, bytes, execution, node, input_tokens, output_tokens,
                    answered_at, question, answer)
                SELECT number, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12 FROM sessions
                WHERE tenant = ?1 AND agent = ?2 AND key = ?3",
        }),
        ..plain("session_turns")
    },
    Table {
        joined: Some(Joined {
            select: "SELECT sessions.tenant, sessions.agent, sessions.key, summaries.up_to, summaries.bytes,
                    summaries.execution, summaries.node, summaries.written_at, summaries.summary
                FROM session_summaries AS summaries LEFT JOIN sessions ON sessions.number = summaries.session",
            insert: "INSERT INTO session_summaries (session, up_to, bytes, execution, node, written_at, summary)
                SELECT number, ?4, ?5, ?6, ?7, ?8, ?9 FROM sessions
                WHERE tenant = ?1 AND agent = ?2 AND key = ?3",
        }),
        ..plain("session_summaries")
    },
];

/// How a part is read and written.
#[derive(Debug)]
pub(super) struct Statements {
    pub(super) select: String,
    pub(super) insert: String,
}

/// Returns how a part is read and written.
pub(super) fn statements(part: &Part) -> Statements {
    let table = table(part);
    match table.joined {
        Some(joined) => Statements { select: joined.select.to_owned(), insert: joined.insert.to_owned() },
        None => table.statements(part),
    }
}

/// Returns the tables that parts are kept in.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    PARTS.iter().map(|part| if part.name == super::TAIL { "tail" } else { part.name })
}

fn table(part: &Part) -> Table {
    TABLES.iter().find(|table| table.name == part.name).copied().unwrap_or_else(|| plain(part.name))
}

impl Table {
    fn statements(&self, part: &Part) -> Statements {
        let (mut reads, mut kept, mut written) = (Vec::new(), Vec::new(), Vec::new());
        for (number, column) in (1..).zip(part.columns) {
            let parameter = format!("?{number}");
            match self.differing.iter().find(|differing| differing.column == column.name) {
                Some(differing) => {
                    reads.push(differing.read);
                    kept.push(differing.kept);
                    written.push(differing.written.replace('?', &parameter));
                }
                None => {
                    reads.push(column.name);
                    kept.push(column.name);
                    written.push(parameter);
                }
            }
        }
        let (reads, kept, written) = (reads.join(", "), kept.join(", "), written.join(", "));
        let name = self.name;
        // In the order in which rows came.
        let order = self.counted.first().map_or(String::new(), |number| format!(" ORDER BY {number}"));
        Statements {
            select: format!("SELECT {reads} FROM {name}{order}"),
            insert: format!("INSERT INTO {name} ({kept}) VALUES ({written})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::Path;

    use rusqlite::Connection;

    use super::*;

    /// What no part has: who may write, who is there, and the schema.
    const OTHERS: [(&str, &[&str]); 3] = [
        ("presence", &["flow", "tab", "tenant", "person", "seen_at"]),
        ("workers", &["epoch", "name", "lease_until"]),
        ("schema_migrations", &["number", "name", "checksum", "applied_at"]),
    ];

    /// The columns of tables whose rows refer to rows of others by numbers.
    const JOINED: [(&str, &[&str]); 3] = [
        ("journals", &["execution", "seq", "is_final", "records"]),
        (
            "session_turns",
            &[
                "session",
                "number",
                "bytes",
                "execution",
                "node",
                "input_tokens",
                "output_tokens",
                "answered_at",
                "question",
                "answer",
            ],
        ),
        ("session_summaries", &["session", "up_to", "bytes", "execution", "node", "written_at", "summary"]),
    ];

    type Tables = BTreeMap<String, BTreeSet<String>>;

    fn columns(names: impl IntoIterator<Item = &'static str>) -> BTreeSet<String> {
        names.into_iter().map(str::to_owned).collect()
    }

    fn known() -> Tables {
        let kept = |part: &Part| {
            if part.name == super::super::TAIL {
                return ("tail".to_owned(), columns(["sequence", "worker", "entries", "records"]));
            }
            let table = table(part);
            if table.joined.is_some() {
                let (_, of) = JOINED.iter().find(|(name, _)| *name == part.name).unwrap();
                return (part.name.to_owned(), columns(of.iter().copied()));
            }
            let kept = part.columns.iter().map(|column| {
                let differing = table.differing.iter().find(|differing| differing.column == column.name);
                differing.map_or(column.name, |differing| differing.kept)
            });
            (part.name.to_owned(), columns(kept.chain(table.counted.iter().copied())))
        };
        let others = OTHERS.map(|(name, of)| (name.to_owned(), columns(of.iter().copied())));
        PARTS.iter().map(kept).chain(others).collect()
    }

    #[test]
    fn every_column_of_every_table_is_known() {
        let mut db = Connection::open_in_memory().unwrap();
        crate::migrate::migrate(&mut db, Path::new("memory")).unwrap();
        let sql = "SELECT tables.name, columns.name FROM sqlite_schema AS tables
            JOIN pragma_table_xinfo(tables.name) AS columns
            WHERE tables.type = 'table' AND tables.name NOT LIKE 'sqlite_%'";
        let mut found = Tables::new();
        let mut statement = db.prepare(sql).unwrap();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            found.entry(row.get(0).unwrap()).or_default().insert(row.get(1).unwrap());
        }

        assert_eq!(found, known(), "what a migration adds, a move has to know: see `steadflow_store::parts`");
    }
}
