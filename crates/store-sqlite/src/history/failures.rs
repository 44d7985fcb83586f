//! Failed executions that are alike.

use rusqlite::{Connection, Row};
use steadflow_core::ids::{ExecutionId, FlowId};
use steadflow_store::{Buckets, FailureGroup, FailureQuery, Fingerprint};

use super::row;
use crate::columns::{blob, execution_id, flow_id, rows_max, timestamp, unreadable};

/// See [`steadflow_store::History::failures`].
pub(crate) fn failures(db: &Connection, query: &FailureQuery) -> rusqlite::Result<Vec<FailureGroup>> {
    let mut statement = db.prepare_cached(include_str!("../queries/failure_groups.sql"))?;
    let parameters = (
        blob(query.tenant.uuid()),
        query.flow.map(|flow| blob(flow.uuid())),
        query.from.map(|from| from.as_micros()),
        query.to.map(|to| to.as_micros()),
        rows_max(query.limit),
    );
    let groups: Vec<FailureGroup> =
        statement.query_map(parameters, group)?.collect::<rusqlite::Result<_>>()?;
    let Some(buckets) = query.buckets(&groups) else { return Ok(groups) };
    let whole = groups.into_iter().map(|group| {
        let executions = newest(db, query, group.flow, &group.fingerprint)?;
        let buckets = counted(db, query, &group, buckets.clone())?;
        Ok(FailureGroup { executions, buckets, ..group })
    });
    whole.collect()
}

fn group(found: &Row<'_>) -> rusqlite::Result<FailureGroup> {
    let fingerprint =
        row::fingerprint(found, 1)?.ok_or_else(|| unreadable(1, "a failure without fingerprint".into()))?;
    let (first_seen, last_seen) = (timestamp(found, 6)?, timestamp(found, 7)?);
    Ok(FailureGroup {
        flow: flow_id(found, 0)?,
        fingerprint,
        count: found.get(5)?,
        first_seen,
        last_seen,
        buckets: Buckets::over(first_seen, last_seen),
        executions: Vec::new(),
    })
}

/// Fills `buckets`, which are empty, with this group's counts.
fn counted(
    db: &Connection,
    query: &FailureQuery,
    group: &FailureGroup,
    mut buckets: Buckets,
) -> rusqlite::Result<Buckets> {
    let mut statement = db.prepare_cached(include_str!("../queries/failure_counts.sql"))?;
    let parameters = (
        blob(query.tenant.uuid()),
        blob(group.flow.uuid()),
        query.from.map(|from| from.as_micros()),
        query.to.map(|to| to.as_micros()),
        &*group.fingerprint.id,
        buckets.start.as_micros(),
        buckets.width_micros(),
    );
    let mut rows = statement.query(parameters)?;
    while let Some(row) = rows.next()? {
        // What failed since the groups were read may lie behind the last span.
        if let Some(count) = buckets.counts.get_mut(row.get::<_, usize>(0)?) {
            *count = row.get(1)?;
        }
    }
    Ok(buckets)
}

fn newest(
    db: &Connection,
    query: &FailureQuery,
    flow: FlowId,
    fingerprint: &Fingerprint,
) -> rusqlite::Result<Vec<ExecutionId>> {
    let mut statement = db.prepare_cached(include_str!("../queries/failed_alike.sql"))?;
    let parameters = (
        blob(query.tenant.uuid()),
        blob(flow.uuid()),
        query.from.map(|from| from.as_micros()),
        query.to.map(|to| to.as_micros()),
        &*fingerprint.id,
    );
    statement.query_map(parameters, |row| execution_id(row, 0))?.collect()
}
