//! Failed executions that are alike.

use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::{Connection, Row};
use steadflow_core::folder::Folders;
use steadflow_core::ids::{ExecutionId, FlowId};
use steadflow_store::{Buckets, FailureGroup, FailureQuery, Fingerprint, Listed};

use super::row;
use crate::columns::{
    blob, execution_id, flow_id, listed, readable, rows_max, text, text_or_none, timestamp, unreadable,
};

/// Of each group, by flow and fingerprint, how many were retried and how many recovered.
type Retries = BTreeMap<(FlowId, Arc<str>), (u64, u64)>;

/// See [`steadflow_store::History::failures`].
pub(crate) fn failures(db: &Connection, query: &FailureQuery) -> rusqlite::Result<Vec<Listed<FailureGroup>>> {
    let mut statement = db.prepare_cached(include_str!("../queries/failure_groups.sql"))?;
    let parameters = (
        blob(query.tenant.uuid()),
        query.flow.map(|flow| blob(flow.uuid())),
        query.from.map(|from| from.as_micros()),
        query.to.map(|to| to.as_micros()),
        rows_max(query.limit),
        query.folders.as_ref().map(Folders::to_prefixes),
    );
    let rows = statement.query_map(parameters, |row| listed(row, group))?;
    let groups: Vec<Listed<FailureGroup>> = rows.collect::<rusqlite::Result<_>>()?;
    let Some(buckets) = query.buckets(groups.iter().flatten()) else { return Ok(groups) };
    let retries = retries(db, query, &groups)?;
    let whole = |group: FailureGroup| {
        let executions = newest(db, query, group.flow, &group.fingerprint)?;
        let buckets = counted(db, query, &group, buckets.clone())?;
        let (retried, recovered) =
            retries.get(&(group.flow, group.fingerprint.id.clone())).copied().unwrap_or_default();
        Ok(FailureGroup { executions, buckets, retried, recovered, ..group })
    };
    groups
        .into_iter()
        .map(|group| group.map(whole).map_or_else(|damaged| Ok(Err(damaged)), |group| group.map(Ok)))
        .collect()
}

fn group(found: &Row<'_>) -> rusqlite::Result<FailureGroup> {
    let fingerprint =
        row::fingerprint(found, 2)?.ok_or_else(|| unreadable(2, "a failure without fingerprint".into()))?;
    let (first_seen, last_seen) = (timestamp(found, 8)?, timestamp(found, 9)?);
    Ok(FailureGroup {
        flow: flow_id(found, 1)?,
        fingerprint,
        message: text_or_none(found, 6)?,
        count: found.get(7)?,
        retried: 0,
        recovered: 0,
        first_seen,
        last_seen,
        buckets: Buckets::over(first_seen, last_seen),
        executions: Vec::new(),
    })
}

/// Returns for each of `groups` how many of it were retried, and how many of these have a retry that completed.
fn retries(
    db: &Connection,
    query: &FailureQuery,
    groups: &[Listed<FailureGroup>],
) -> rusqlite::Result<Retries> {
    let key = |group: &FailureGroup| (group.flow, Arc::clone(&group.fingerprint.id));
    let mut retries: Retries = groups.iter().flatten().map(|group| (key(group), (0, 0))).collect();
    let mut statement = db.prepare_cached(include_str!("../queries/failures_retried.sql"))?;
    let parameters = (
        blob(query.tenant.uuid()),
        query.flow.map(|flow| blob(flow.uuid())),
        query.from.map(|from| from.as_micros()),
        query.to.map(|to| to.as_micros()),
    );
    let rows = statement
        .query_map(parameters, |row| Ok(((flow_id(row, 0)?, text(row, 1)?), (row.get(2)?, row.get(3)?))))?;
    for row in rows.filter_map(readable) {
        let (key, counts) = row?;
        // There are those of groups that are not listed, too, and of these as many as there are failures.
        if let Some(known) = retries.get_mut(&key) {
            *known = counts;
        }
    }
    Ok(retries)
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
    statement.query_map(parameters, |row| execution_id(row, 0))?.filter_map(readable).collect()
}
