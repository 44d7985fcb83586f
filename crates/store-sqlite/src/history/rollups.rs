//! Counters: summed over a batch in memory, written once with it.

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::FixedState;
use rusqlite::{Connection, Row};
use steadflow_core::execution::ExecutionStatus;
use steadflow_core::ids::{FlowId, NodeId, TenantId};
use steadflow_store::{AgentUse, Listed, Rollup, RollupKey, RollupQuery, RollupRow};

use crate::columns::{blob, flow_id, listed, rows_max, text, timestamp};

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
    rollup: Box<Rollup>,
}

impl Sums {
    pub(crate) fn add(
        &mut self,
        tenant: TenantId,
        flow: FlowId,
        status: ExecutionStatus,
        rollup: Box<Rollup>,
    ) {
        self.ended.push(Ended { flow, tenant, status, rollup });
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
        self.write_agent_uses(db)
    }

    fn write_counts(&self, db: &Connection) -> rusqlite::Result<()> {
        let mut counts: BTreeMap<_, u32> = BTreeMap::new();
        for ended in &self.ended {
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
                *hour.entry(key).or_default() += value;
            }
        }
        let mut statement = db.prepare_cached(include_str!("../queries/add_rollup.sql"))?;
        for ((tenant, flow, hour), sums) in sums {
            let (tenant, flow) = (blob(tenant.uuid()), blob(flow.uuid()));
            for (key, value) in sums {
                let node = key.node.as_ref().map_or("", |node| node.as_str());
                statement.execute((tenant, flow, hour.as_micros(), node, &*key.metric, value))?;
            }
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

/// See [`steadflow_store::History::rollups`].
pub(crate) fn read(db: &Connection, query: &RollupQuery) -> rusqlite::Result<Vec<Listed<RollupRow>>> {
    let mut statement = db.prepare_cached(include_str!("../queries/rollups.sql"))?;
    let parameters = (
        blob(query.tenant.uuid()),
        query.flow.map(|flow| blob(flow.uuid())),
        query.from.map(|from| from.as_micros()),
        query.to.map(|to| to.as_micros()),
        rows_max(query.limit),
    );
    statement.query_map(parameters, |row| listed(row, rollup_row))?.collect()
}

fn rollup_row(row: &Row<'_>) -> rusqlite::Result<RollupRow> {
    let node: Option<NodeId> = Some(text(row, 2)?).filter(|id| !id.is_empty()).map(NodeId::new);
    let key = RollupKey { node, metric: row.get::<_, String>(3)?.into() };
    Ok(RollupRow { flow: flow_id(row, 0)?, hour: timestamp(row, 1)?, key, value: row.get(4)? })
}
