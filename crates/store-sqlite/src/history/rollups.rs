//! Counters: summed over a batch in memory, written once with it.

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::FixedState;
use rusqlite::{Connection, Row};
use steadflow_core::execution::ExecutionStatus;
use steadflow_core::ids::{FlowId, TenantId};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{
    AgentUse, ExecutionRow, FlowEnds, Rollup, RollupKey, RollupQuery, RollupSums, Summing,
};

use super::costs::{self, stored};
use crate::columns::{blob, flow_id, listed, listed_as, timestamp};

/// What the executions add that ended in this batch.
#[derive(Debug, Default)]
pub(crate) struct Sums {
    ended: Vec<Ended>,
}

#[derive(Debug)]
struct Ended {
    flow: FlowId,
    tenant: TenantId,
    status: ExecutionStatus,
    /// The minute in which it did.
    minute: i64,
    /// Whether no other execution started it: the counters of lists are those of these alone.
    is_root: bool,
    rollup: Box<Rollup>,
}

impl Sums {
    pub(crate) fn add(&mut self, row: &ExecutionRow, rollup: Box<Rollup>) {
        let ExecutionRow { flow, tenant, status, parent, .. } = *row;
        let minute = FlowEnds::minute_of(row.completed_at.unwrap_or(row.created_at));
        self.ended.push(Ended { flow, tenant, status, minute, is_root: parent.is_none(), rollup });
    }

    pub(crate) fn len(&self) -> usize {
        self.ended.len()
    }

    pub(crate) fn truncate(&mut self, len: usize) {
        self.ended.truncate(len);
    }

    pub(crate) fn clear(&mut self) {
        self.ended.clear();
    }

    /// Adds all of it to the tables.
    pub(crate) fn write(&self, db: &Connection) -> rusqlite::Result<()> {
        if self.ended.is_empty() {
            return Ok(());
        }
        self.write_counts(db)?;
        self.write_rollups(db)?;
        self.write_ends(db)?;
        self.write_agent_uses(db)?;
        costs::write(db, self.ended.iter().map(|ended| &*ended.rollup))
    }

    fn write_counts(&self, db: &Connection) -> rusqlite::Result<()> {
        let mut counts: BTreeMap<_, u32> = BTreeMap::new();
        for ended in self.ended.iter().filter(|ended| ended.is_root) {
            *counts.entry((ended.tenant, ended.flow, ended.status)).or_default() += 1;
        }
        let mut statement = db.prepare_cached(include_str!("../queries/add_count.sql"))?;
        for ((tenant, flow, status), value) in counts {
            statement.execute((blob(tenant.uuid()), blob(flow.uuid()), status.as_str(), value))?;
        }
        Ok(())
    }

    fn write_rollups(&self, db: &Connection) -> rusqlite::Result<()> {
        let mut sums: BTreeMap<_, HashMap<&RollupKey, u64, FixedState>> = BTreeMap::new();
        for Ended { rollup, .. } in &self.ended {
            let hour = sums.entry((rollup.tenant, rollup.flow, rollup.hour)).or_default();
            for (key, value) in &rollup.counts {
                let sum = hour.entry(key).or_default();
                *sum = sum.saturating_add(*value);
            }
        }
        let mut statement = db.prepare_cached(include_str!("../queries/add_rollup.sql"))?;
        for ((tenant, flow, hour), sums) in sums {
            let (tenant, flow) = (blob(tenant.uuid()), blob(flow.uuid()));
            for (key, value) in sums {
                let node = key.node.as_ref().map_or("", |node| node.as_str());
                statement.execute((tenant, flow, hour.as_micros(), node, &*key.metric, stored(value)))?;
            }
        }
        Ok(())
    }

    fn write_ends(&self, db: &Connection) -> rusqlite::Result<()> {
        let mut sums: BTreeMap<_, (u64, u64)> = BTreeMap::new();
        for Ended { minute, rollup, .. } in &self.ended {
            let (executions, completed) = rollup.ends();
            if executions > 0 {
                let sum = sums.entry((*minute, rollup.tenant, rollup.flow)).or_default();
                *sum = (sum.0 + executions, sum.1 + completed);
            }
        }
        let mut statement = db.prepare_cached(include_str!("../queries/add_flow_ends.sql"))?;
        for ((minute, tenant, flow), (executions, completed)) in sums {
            let of = (minute, blob(tenant.uuid()), blob(flow.uuid()));
            statement.execute((of.0, of.1, of.2, stored(executions), stored(completed)))?;
        }
        Ok(())
    }

    fn write_agent_uses(&self, db: &Connection) -> rusqlite::Result<()> {
        let mut sums: BTreeMap<_, AgentUse> = BTreeMap::new();
        for Ended { rollup, .. } in &self.ended {
            for used in &rollup.agents {
                let sum = sums.entry((rollup.tenant, used.agent));
                sum.and_modify(|sum| sum.add(used)).or_insert(*used);
            }
        }
        for ((tenant, agent), sum) in sums {
            let mut statement = db.prepare_cached(include_str!("../queries/add_agent_use.sql"))?;
            let (tenant, agent) = (blob(tenant.uuid()), blob(agent.uuid()));
            statement.execute((tenant, agent, sum.calls, sum.last_used_at.as_micros()))?;
        }
        Ok(())
    }
}

/// See [`steadflow_store::History::rollup_sums`]. Each flow is read for itself, so that the primary key leads to its hours,
/// and what SQLite sorts is one flow's.
pub(crate) fn sums(db: &Connection, query: &RollupQuery) -> rusqlite::Result<RollupSums> {
    let mut summing = Summing::new(query);
    if let Some(flow) = query.flow {
        add_flow(db, query, flow, &mut summing)?;
        return Ok(summing.finish());
    }
    let mut statement = db.prepare_cached(include_str!("../queries/counted_flows.sql"))?;
    let mut rows = statement.query([blob(query.tenant.uuid())])?;
    while let Some(row) = rows.next()? {
        match listed(row, |row| flow_id(row, 0))? {
            Ok(flow) => add_flow(db, query, flow, &mut summing)?,
            Err(damaged) => summing.add_damaged(damaged),
        }
    }
    Ok(summing.finish())
}

fn add_flow(
    db: &Connection,
    query: &RollupQuery,
    flow: FlowId,
    summing: &mut Summing,
) -> rusqlite::Result<()> {
    let parameters = (
        blob(query.tenant.uuid()),
        blob(flow.uuid()),
        query.from.map_or(i64::MIN, Timestamp::as_micros),
        query.to.map_or(i64::MAX, Timestamp::as_micros),
    );
    let mut statement = db.prepare_cached(include_str!("../queries/rollups_by_node.sql"))?;
    let mut rows = statement.query(parameters)?;
    while let Some(row) = rows.next()? {
        let read = listed_as(row, |row| add_sum(row, flow, summing), || flow.uuid())?;
        read.unwrap_or_else(|damaged| summing.add_damaged(damaged));
    }
    let mut statement = db.prepare_cached(include_str!("../queries/rollups_by_time.sql"))?;
    let mut rows = statement.query(parameters)?;
    while summing.wants_times()
        && let Some(row) = rows.next()?
    {
        let read = listed_as(row, |row| add_at(row, summing), || flow.uuid())?;
        read.unwrap_or_else(|damaged| summing.add_damaged(damaged));
    }
    Ok(())
}

fn add_sum(row: &Row<'_>, flow: FlowId, summing: &mut Summing) -> rusqlite::Result<()> {
    let (node, metric) = (row.get_ref(0)?.as_str()?, row.get_ref(1)?.as_str()?);
    summing.add(flow, Some(node).filter(|id| !id.is_empty()), metric, row.get(2)?);
    // Those below zero are not in the sum.
    row.get::<_, u64>(3).map(drop)
}

fn add_at(row: &Row<'_>, summing: &mut Summing) -> rusqlite::Result<()> {
    let (node, metric) = (row.get_ref(1)?.as_str()?, row.get_ref(2)?.as_str()?);
    let (hour, value) = (timestamp(row, 0)?, row.get(3)?);
    summing.add_at(hour, !node.is_empty(), metric, value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_found_by_flow_and_hour() {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch(include_str!("../../migrations/0001_initial.sql")).unwrap();
        let found = "SEARCH rollups USING PRIMARY KEY (tenant=? AND flow=? AND hour>? AND hour<?)";
        let next = "SEARCH rollups USING PRIMARY KEY (tenant=? AND flow>?)";
        for (sql, search) in [
            (include_str!("../queries/counted_flows.sql"), next),
            (include_str!("../queries/rollups_by_node.sql"), found),
            (include_str!("../queries/rollups_by_time.sql"), found),
        ] {
            let mut statement = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let plan: Vec<String> =
                statement.raw_query().mapped(|row| row.get("detail")).collect::<Result<_, _>>().unwrap();

            assert!(plan.iter().any(|step| step == search), "{plan:#?}");
            assert!(!plan.iter().any(|step| step.starts_with("SCAN rollups")), "{plan:#?}");
        }
    }
}
