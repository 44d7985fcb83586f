//! Counters of what has ended.

use rusqlite::{Connection, Row};
use steadflow_core::ids::FlowId;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{Ended, RollupQuery, RollupSums, Summing};

use super::costs::{self, stored};
use crate::columns::{blob, flow_id, listed, listed_as, timestamp};

/// Adds all of what executions that ended add to the tables.
pub(crate) fn write(ended: &Ended, db: &Connection) -> rusqlite::Result<()> {
    if ended.is_empty() {
        return Ok(());
    }
    write_counts(ended, db)?;
    write_rollups(ended, db)?;
    write_ends(ended, db)?;
    write_agent_uses(ended, db)?;
    costs::write(ended, db)
}

fn write_counts(ended: &Ended, db: &Connection) -> rusqlite::Result<()> {
    let mut statement = db.prepare_cached(include_str!("../queries/add_count.sql"))?;
    for ((tenant, flow, status), value) in ended.counts() {
        statement.execute((blob(tenant.uuid()), blob(flow.uuid()), status.as_str(), value))?;
    }
    Ok(())
}

fn write_rollups(ended: &Ended, db: &Connection) -> rusqlite::Result<()> {
    let mut statement = db.prepare_cached(include_str!("../queries/add_rollup.sql"))?;
    for ((tenant, flow, hour), sums) in ended.rollups() {
        let (tenant, flow) = (blob(tenant.uuid()), blob(flow.uuid()));
        for (key, value) in sums {
            let node = key.node.as_ref().map_or("", |node| node.as_str());
            statement.execute((tenant, flow, hour.as_micros(), node, &*key.metric, stored(value)))?;
        }
    }
    Ok(())
}

fn write_ends(ended: &Ended, db: &Connection) -> rusqlite::Result<()> {
    let mut statement = db.prepare_cached(include_str!("../queries/add_flow_ends.sql"))?;
    for ((minute, tenant, flow), (executions, completed)) in ended.ends() {
        let of = (minute, blob(tenant.uuid()), blob(flow.uuid()));
        statement.execute((of.0, of.1, of.2, stored(executions), stored(completed)))?;
    }
    Ok(())
}

fn write_agent_uses(ended: &Ended, db: &Connection) -> rusqlite::Result<()> {
    for ((tenant, agent), sum) in ended.agent_uses() {
        let mut statement = db.prepare_cached(include_str!("../queries/add_agent_use.sql"))?;
        let (tenant, agent) = (blob(tenant.uuid()), blob(agent.uuid()));
        statement.execute((tenant, agent, sum.calls, sum.last_used_at.as_micros()))?;
    }
    Ok(())
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
