//! Counters that workers have added to are added up, one table after the other.
//!
//! A row that each commit changes has as many old versions as there were commits while somebody leaves a transaction open, and who
//! changes it passes by all of them. So a worker changes its lane after some batches, and the rows of its lanes are added to those of
//! lane 0, which no worker uses.

use steadflow_store::StoreError;
use tokio_postgres::Client;

use crate::PostgresStore;
use crate::columns::get;
use crate::error::Result;
use crate::session::transaction;
use crate::value::params;
use crate::within;

/// Rows that are added up in one transaction.
const STEP_ROWS: i64 = 1_000;

/// A table of counters. Its key has the lane besides.
struct Counters {
    table: &'static str,
    key: &'static [&'static str],
    values: &'static [(&'static str, Kind)],
}

/// What becomes of values of one key.
enum Kind {
    /// They are added. A sum that does not fit an integer is the largest one.
    Count,
    /// They are added, and can be negative: what a row says alone need not be true.
    Change,
    Number,
    /// The latest stays.
    Time,
}

const COUNTERS: [Counters; 5] = [
    Counters {
        table: "execution_counts",
        key: &["tenant", "flow", "status"],
        values: &[("value", Kind::Change)],
    },
    Counters {
        table: "rollups",
        key: &["tenant", "flow", "hour", "node", "metric"],
        values: &[("value", Kind::Count)],
    },
    Counters {
        table: "flow_ends",
        key: &["minute", "tenant", "flow"],
        values: &[("executions", Kind::Count), ("completed", Kind::Count)],
    },
    Counters {
        table: "agent_uses",
        key: &["tenant", "agent"],
        values: &[("calls", Kind::Count), ("last_used_at", Kind::Time)],
    },
    Counters {
        table: "costs",
        key: &["tenant", "hour", "flow", "agent", "model", "currency"],
        values: &[
            ("calls", Kind::Count),
            ("unpriced_calls", Kind::Count),
            ("input_tokens", Kind::Count),
            ("cached_input_tokens", Kind::Count),
            ("cache_write_tokens", Kind::Count),
            ("output_tokens", Kind::Count),
            ("tokens_lost", Kind::Count),
            ("cost", Kind::Number),
            ("cost_lost", Kind::Number),
        ],
    },
];

impl Counters {
    /// Returns the statement that adds up to `$1` rows, of lanes from `$2` on, to those of lane 0. Returns how many, and the last lane.
    /// Rows that somebody has locked wait for the next time.
    fn fold(&self) -> String {
        let table = self.table;
        let key = self.key.join(", ");
        let is_same = |column: &&str| format!("{table}.{column} = apart.{column} AND ");
        let same_key: String = self.key.iter().map(is_same).collect();
        let each = |text: &dyn Fn(&str, &Kind) -> String| {
            self.values.iter().map(|(column, kind)| text(column, kind)).collect::<Vec<_>>().join(", ")
        };
        let max = i64::MAX;
        let values = each(&|column, _| column.to_owned());
        let sums = each(&|column, kind| match kind {
            Kind::Count => format!("least(sum({column}), {max})::bigint"),
            Kind::Change => format!("sum({column})::bigint"),
            Kind::Number => format!("sum({column})"),
            Kind::Time => format!("max({column})"),
        });
        let added = each(&|column, kind| match kind {
            // As a number of any length: damaged counters may be negative.
            Kind::Count => {
                format!("{column} = least({table}.{column}::numeric + excluded.{column}, {max})::bigint")
            }
            Kind::Change | Kind::Number => format!("{column} = {table}.{column} + excluded.{column}"),
            Kind::Time => format!("{column} = greatest({table}.{column}, excluded.{column})"),
        });
        format!(
            "WITH apart AS (
                SELECT {key}, lane FROM {table} WHERE lane > 0 AND lane >= $2 ORDER BY lane LIMIT $1
                FOR UPDATE SKIP LOCKED
            ), gone AS (
                DELETE FROM {table} USING apart WHERE {same_key}{table}.lane = apart.lane
                RETURNING {table}.*
            ), folded AS (
                INSERT INTO {table} ({key}, lane, {values})
                SELECT {key}, 0, {sums} FROM gone GROUP BY {key} ORDER BY {key}
                ON CONFLICT ({key}, lane) DO UPDATE SET {added}
            )
            SELECT count(*), coalesce(max(lane), 0)::smallint FROM gone"
        )
    }
}

/// Keeps lanes from being added up until the transaction ends. Who deletes all lanes of something needs it: of one that is added up
/// meanwhile, it would see neither the old row nor the new one.
pub(crate) async fn hold(db: &Client) -> Result<()> {
    db.execute_typed("SELECT 1 FROM counters WHERE name = 'fold' FOR UPDATE", &[]).await?;
    Ok(())
}

impl PostgresStore {
    /// Adds up the counters of all lanes, unless somebody else is at it.
    ///
    /// # Errors
    /// The first of those that tables have; the others are added up all the same.
    pub(crate) async fn fold_counters(&self) -> Result<()> {
        let mut done = Ok(());
        for counters in &COUNTERS {
            done = done.and(self.fold(counters).await);
        }
        done
    }

    /// Each step goes on with the lane where the one before has ended: what is added behind it meanwhile waits for the next time.
    async fn fold(&self, counters: &Counters) -> Result<()> {
        let sql = counters.fold();
        let (mut folded, mut lane) = (STEP_ROWS, 0_i16);
        while folded == STEP_ROWS {
            if self.pool.is_closed() {
                return Err(StoreError::Closed.into());
            }
            let step = async {
                transaction!(&self.pool, |db| {
                    let free = "SELECT 1 FROM counters WHERE name = 'fold' FOR UPDATE SKIP LOCKED";
                    if db.query_typed_opt(free, &[]).await?.is_none() {
                        return Ok((0, 0));
                    }
                    // Commits wait for what this has locked.
                    db.batch_execute("SET LOCAL statement_timeout = '5s'").await?;
                    let row = db.query_typed_one(&sql, params![STEP_ROWS, lane]).await?;
                    Ok((get(&row, 0)?, get(&row, 1)?))
                })
            };
            (folded, lane) = within(step).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use steadflow_core::ids::{FlowId, TenantId};
    use steadflow_store::Catalogue;
    use uuid::Uuid;

    use super::*;
    use crate::counters;
    use crate::session::session;
    use crate::testing;

    /// Returns what a table of counters adds up to, and how many rows of lanes it has.
    async fn sums(db: &Client, counters: &Counters) -> (Vec<f64>, i64) {
        let sum = |(column, kind): &(&str, Kind)| match kind {
            Kind::Time => format!("max({column})::float8"),
            Kind::Count | Kind::Change | Kind::Number => format!("sum({column})::float8"),
        };
        let columns: Vec<String> = counters.values.iter().map(sum).collect();
        let sql = format!(
            "SELECT count(*) FILTER (WHERE lane > 0), {} FROM {}",
            columns.join(", "),
            counters.table
        );
        let row = db.query_typed_one(&sql, &[]).await.unwrap();
        ((1..row.len()).map(|column| get(&row, column).unwrap()).collect(), get(&row, 0).unwrap())
    }

    async fn add(store: &PostgresStore, lanes: std::ops::Range<i16>) {
        let db = session(&store.pool).await.unwrap();
        for lane in lanes {
            db.batch_execute("BEGIN").await.unwrap();
            counters::write(&*db, lane, &testing::counted(1, 1)).await.unwrap();
            db.batch_execute("COMMIT").await.unwrap();
        }
    }

    #[tokio::test]
    async fn what_counters_add_up_to_stays_while_processes_fold_them() {
        let store = testing::store().await;
        let db = session(&store.pool).await.unwrap();
        add(&store, 1..20).await;
        let mut once = Vec::new();
        for counters in &COUNTERS {
            once.push(sums(&db, counters).await);
        }

        // Some lanes are written again while they are added up.
        let fold = async || store.fold_counters().await.unwrap();
        tokio::join!(add(&store, 1..20), fold(), fold(), add(&store, 21..40));
        fold().await;

        for (counters, (once, lanes)) in COUNTERS.iter().zip(once) {
            assert!(lanes > 0 && once.iter().any(|sum| *sum > 0.0), "{}", counters.table);
            let (sums, lanes) = sums(&db, counters).await;
            assert_eq!(lanes, 0, "{}", counters.table);
            for ((sum, once), (column, kind)) in sums.iter().zip(once).zip(counters.values) {
                let times = if matches!(kind, Kind::Time) { 1.0 } else { 3.0 };
                assert!((sum - times * once).abs() < 1e-9, "{}.{column}: {sum}, {once}", counters.table);
            }
        }
    }

    #[tokio::test]
    async fn nothing_of_a_deleted_flow_stays_that_is_added_up_meanwhile() {
        let store = testing::store().await;
        let db = session(&store.pool).await.unwrap();
        let (tenant, flow) = (TenantId::DEFAULT, FlowId::new(Uuid::from_u128(9)));
        let sql = "INSERT INTO flows (id, tenant, version, status, name, is_template, is_scheduled, created_at, updated_at)
            VALUES ($1, $2, 1, 'draft', 'f', false, false, 0, 0)";
        db.execute_typed(sql, params![flow.uuid(), tenant.uuid()]).await.unwrap();
        add(&store, 1..2).await;

        db.batch_execute("BEGIN").await.unwrap();
        hold(&db).await.unwrap();
        for counters in &COUNTERS {
            db.query_typed_one(&counters.fold(), params![STEP_ROWS, 0_i16]).await.unwrap();
        }
        let commit = async {
            let sql = "SELECT 1 FROM pg_stat_activity
                WHERE datname = current_database() AND wait_event_type = 'Lock'";
            while db.query_typed_opt(sql, &[]).await.unwrap().is_none() {}
            db.batch_execute("COMMIT").await.unwrap();
        };
        let (deleted, ()) = tokio::join!(store.delete_flow(tenant, flow), commit);
        deleted.unwrap();

        for table in ["rollups", "execution_counts"] {
            let left = db.query_typed(&format!("SELECT 1 FROM {table}"), &[]).await.unwrap();
            assert!(left.is_empty(), "{table}");
        }
    }
}
