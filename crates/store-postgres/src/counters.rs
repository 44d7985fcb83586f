//! What executions that ended add to counters.
//!
//! Each statement writes its rows in the order of their keys, and the statements come in one order, so that processes that count in
//! the same lane never wait for each other in a circle.

use futures_util::future::try_join5;
use steadflow_core::ids::NodeId;
use steadflow_core::usage::Currency;
use steadflow_store::Ended;
use uuid::Uuid;

use crate::error::Result;
use crate::statement_cache::QueryCached;
use crate::value::{int, params, stored};

/// Adds all of what executions that ended add to the tables. All statements are sent before the first is answered.
pub(crate) async fn write(db: &impl QueryCached, lane: i16, ended: &Ended) -> Result<()> {
    let counts = write_counts(db, lane, ended);
    let rollups = write_rollups(db, lane, ended);
    let ends = write_ends(db, lane, ended);
    let uses = write_agent_uses(db, lane, ended);
    let costs = write_costs(db, lane, ended);
    try_join5(counts, rollups, ends, uses, costs).await.map(drop)
}

async fn write_counts(db: &impl QueryCached, lane: i16, ended: &Ended) -> Result<()> {
    let counts: Vec<_> = ended.counts().into_iter().collect();
    if counts.is_empty() {
        return Ok(());
    }
    let all = Rows(&counts);
    let sql = include_str!("queries/add_counts.sql");
    db.query_cached(
        sql,
        params![
            lane,
            all.column(|((tenant, ..), _)| tenant.uuid()),
            all.column(|((_, flow, _), _)| flow.uuid()),
            all.column(|((.., status), _)| status.as_str()),
            all.column(|(_, count)| i64::from(*count)),
        ],
    )
    .await?;
    Ok(())
}

async fn write_rollups(db: &impl QueryCached, lane: i16, ended: &Ended) -> Result<()> {
    let mut rollups = Vec::new();
    for (of, sums) in ended.rollups() {
        let from = rollups.len();
        rollups.extend(sums.into_iter().map(|(key, value)| (of, key, value)));
        rollups[from..].sort_unstable_by_key(|(_, key, _)| *key);
    }
    if rollups.is_empty() {
        return Ok(());
    }
    let all = Rows(&rollups);
    let sql = include_str!("queries/add_rollups.sql");
    db.query_cached(
        sql,
        params![
            lane,
            all.column(|((tenant, ..), ..)| tenant.uuid()),
            all.column(|((_, flow, _), ..)| flow.uuid()),
            all.column(|((.., hour), ..)| hour.as_micros()),
            all.column(|(_, key, _)| stored(key.node.as_ref().map_or("", NodeId::as_str))),
            all.column(|(_, key, _)| &*key.metric),
            all.column(|(.., value)| int(*value)),
        ],
    )
    .await?;
    Ok(())
}

async fn write_ends(db: &impl QueryCached, lane: i16, ended: &Ended) -> Result<()> {
    let ends: Vec<_> = ended.ends().into_iter().collect();
    if ends.is_empty() {
        return Ok(());
    }
    let all = Rows(&ends);
    let sql = include_str!("queries/add_flow_ends.sql");
    db.query_cached(
        sql,
        params![
            lane,
            all.column(|((minute, ..), _)| *minute),
            all.column(|((_, tenant, _), _)| tenant.uuid()),
            all.column(|((.., flow), _)| flow.uuid()),
            all.column(|(_, (executions, _))| int(*executions)),
            all.column(|(_, (_, completed))| int(*completed)),
        ],
    )
    .await?;
    Ok(())
}

async fn write_agent_uses(db: &impl QueryCached, lane: i16, ended: &Ended) -> Result<()> {
    let uses: Vec<_> = ended.agent_uses().into_iter().collect();
    if uses.is_empty() {
        return Ok(());
    }
    let all = Rows(&uses);
    let sql = include_str!("queries/add_agent_uses.sql");
    db.query_cached(
        sql,
        params![
            lane,
            all.column(|((tenant, _), _)| tenant.uuid()),
            all.column(|((_, agent), _)| agent.uuid()),
            all.column(|(_, sum)| int(sum.calls)),
            all.column(|(_, sum)| sum.last_used_at.as_micros()),
        ],
    )
    .await?;
    Ok(())
}

async fn write_costs(db: &impl QueryCached, lane: i16, ended: &Ended) -> Result<()> {
    let costs: Vec<_> = ended.costs().into_iter().collect();
    if costs.is_empty() {
        return Ok(());
    }
    let all = Rows(&costs);
    let sql = include_str!("queries/add_costs.sql");
    db.query_cached(
        sql,
        params![
            lane,
            all.column(|((tenant, ..), _)| tenant.uuid()),
            all.column(|((_, hour, ..), _)| hour.as_micros()),
            all.column(|((_, _, flow, _), _)| flow.uuid()),
            all.column(|((.., key), _)| key.agent.map_or(Uuid::nil(), |agent| agent.uuid())),
            all.column(|((.., key), _)| stored(key.model.as_deref().unwrap_or_default())),
            all.column(|((.., key), _)| key.currency.as_ref().map_or("", Currency::as_str)),
            all.column(|(_, counts)| int(counts.calls)),
            all.column(|(_, counts)| int(counts.unpriced_calls)),
            all.column(|(_, counts)| int(counts.input_tokens)),
            all.column(|(_, counts)| int(counts.cached_input_tokens)),
            all.column(|(_, counts)| int(counts.cache_write_tokens)),
            all.column(|(_, counts)| int(counts.output_tokens)),
            all.column(|(_, counts)| int(counts.tokens_lost)),
            all.column(|(_, counts)| counts.cost),
            all.column(|(_, counts)| counts.cost_lost),
        ],
    )
    .await?;
    Ok(())
}

/// Rows as columns.
struct Rows<'r, T>(&'r [T]);

impl<'r, T> Rows<'r, T> {
    fn column<V>(&self, value: impl Fn(&'r T) -> V) -> Vec<V> {
        self.0.iter().map(value).collect()
    }
}

#[cfg(test)]
mod tests {
    use steadflow_core::ids::FlowId;
    use steadflow_store::ExecutionRow;

    use super::*;
    use crate::columns::get;
    use crate::session::session;
    use crate::testing;

    #[tokio::test]
    async fn counters_are_added_to_by_lane_up_to_the_largest_number() {
        let store = testing::store().await;
        let db = session(&store.pool).await.unwrap();
        write(&*db, 1, &Ended::default()).await.unwrap();

        for (number, lane, value) in [(3, 1, 2), (2, 1, u64::MAX), (1, 2, 1)] {
            write(&*db, lane, &testing::counted(number, value)).await.unwrap();
        }

        let values = async |column: &str, table: &str| -> Vec<i64> {
            let sql = format!("SELECT {column} FROM {table} ORDER BY lane");
            let rows = db.query_typed(&sql, &[]).await.unwrap();
            rows.iter().map(|row| get(row, 0).unwrap()).collect()
        };
        assert_eq!(values("value", "execution_counts").await, [2, 1]);
        assert_eq!(values("value", "rollups").await, [i64::MAX, i64::MAX, 1, 1]);
        assert_eq!(values("executions", "flow_ends").await, [i64::MAX, 1]);
        assert_eq!(values("completed", "flow_ends").await, [0, 0]);
        assert_eq!(values("calls", "agent_uses").await, [i64::MAX, 1]);
        assert_eq!(values("last_used_at", "agent_uses").await, [3, 1]);
        assert_eq!(values("output_tokens", "costs").await, [i64::MAX, 1]);
        assert_eq!(values("(cost * 2)::bigint", "costs").await, [2, 1]);
    }

    #[tokio::test]
    async fn processes_that_count_in_one_lane_do_not_wait_in_a_circle() {
        let store = testing::store().await;
        let count = async |of: u128| {
            let db = session(&store.pool).await.unwrap();
            for round in 0..20 {
                let mut ended = Ended::default();
                for number in 0..9 {
                    // Each in an order of its own.
                    let number = 1 + (number * (2 * of + 1) + round) % 9;
                    let flow = FlowId::new(Uuid::from_u128(number));
                    let (row, mut rollup) = testing::counted_by(number, 1);
                    rollup.flow = flow;
                    ended.add(&ExecutionRow { flow, ..row }, Box::new(rollup));
                }
                db.batch_execute("BEGIN").await.unwrap();
                write(&*db, 1, &ended).await.unwrap();
                db.batch_execute("COMMIT").await.unwrap();
            }
        };

        futures_util::future::join4(count(0), count(1), count(2), count(3)).await;

        let db = session(&store.pool).await.unwrap();
        let sql = "SELECT sum(value)::bigint, count(*) FROM execution_counts";
        let counted = db.query_typed_one(sql, &[]).await.unwrap();
        assert_eq!((get(&counted, 0).unwrap(), get(&counted, 1).unwrap()), (4 * 20 * 9_i64, 9_i64));
    }
}
