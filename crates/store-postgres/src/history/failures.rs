//! Failed executions that are alike.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::try_join_all;
use steadflow_core::folder::Folders;
use steadflow_core::ids::{ExecutionId, FlowId, TenantId};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{Buckets, FailureGroup, FailureQuery, Listed};
use tokio_postgres::{Client, Row};
use uuid::Uuid;

use crate::columns::{execution_id, flow_id, get, listed, number, readable, text, text_or_none, timestamp};
use crate::error::{Error, Result};
use crate::row;
use crate::value::{params, rows_max, stored};

/// Of each group, by flow and fingerprint, how many were retried and how many recovered.
type Retries = BTreeMap<(FlowId, Arc<str>), (u64, u64)>;

/// Which executions are looked at, as parameters.
#[derive(Clone, Copy)]
struct Among {
    tenant: Uuid,
    from: Option<i64>,
    to: Option<i64>,
}

/// See [`steadflow_store::History::failures`]; in one snapshot.
pub(crate) async fn failures(db: &Client, query: &FailureQuery) -> Result<Vec<Listed<FailureGroup>>> {
    let micros = |at: Option<Timestamp>| at.map(Timestamp::as_micros);
    let among =
        Among { tenant: TenantId::uuid(query.tenant), from: micros(query.from), to: micros(query.to) };
    let flow = query.flow.map(FlowId::uuid);
    let sql = include_str!("../queries/failure_groups.sql");
    let limit = rows_max(query.limit);
    let folders = query.folders.as_ref().map(Folders::prefixes);
    let groups =
        db.query_typed(sql, params![among.tenant, flow, among.from, among.to, limit, folders]).await?;
    let groups = groups.iter().map(|row| listed(row, group)).collect::<Result<Vec<_>>>()?;
    let Some(buckets) = query.buckets(groups.iter().flatten()) else { return Ok(groups) };
    let retries = retries(db, among, flow).await?;
    let whole = async |group: Listed<FailureGroup>| -> Result<Listed<FailureGroup>> {
        let Ok(group) = group else { return Ok(group) };
        let executions = newest(db, among, &group).await?;
        let buckets = counted(db, among, &group, buckets.clone()).await?;
        let key = (group.flow, Arc::clone(&group.fingerprint.id));
        let (retried, recovered) = retries.get(&key).copied().unwrap_or_default();
        Ok(Ok(FailureGroup { executions, buckets, retried, recovered, ..group }))
    };
    try_join_all(groups.into_iter().map(whole)).await
}

fn group(found: &Row) -> Result<FailureGroup> {
    let fingerprint = row::fingerprint(found, 2)?
        .ok_or_else(|| Error::Unreadable("a failure without fingerprint".into()))?;
    let (first_seen, last_seen) = (timestamp(found, 8)?, timestamp(found, 9)?);
    Ok(FailureGroup {
        flow: flow_id(found, 1)?,
        fingerprint,
        message: text_or_none(found, 6)?,
        count: number(found, 7)?,
        retried: 0,
        recovered: 0,
        first_seen,
        last_seen,
        buckets: Buckets::over(first_seen, last_seen),
        executions: Vec::new(),
    })
}

/// Returns for each group how many of it were retried, and how many of these have a retry that completed.
async fn retries(db: &Client, among: Among, flow: Option<Uuid>) -> Result<Retries> {
    let sql = include_str!("../queries/failures_retried.sql");
    let rows = db.query_typed(sql, params![among.tenant, flow, among.from, among.to]).await?;
    let read = |row| Ok(((flow_id(row, 0)?, text(row, 1)?), (number(row, 2)?, number(row, 3)?)));
    rows.iter().map(read).filter_map(readable).collect()
}

/// Fills `buckets`, which are empty, with this group's counts.
async fn counted(
    db: &Client,
    Among { tenant, from, to }: Among,
    group: &FailureGroup,
    mut buckets: Buckets,
) -> Result<Buckets> {
    let rows = db
        .query_typed(
            include_str!("../queries/failure_counts.sql"),
            params![
                tenant,
                group.flow.uuid(),
                from,
                to,
                stored(&group.fingerprint.id),
                buckets.start.as_micros(),
                buckets.width_micros(),
            ],
        )
        .await?;
    for row in &rows {
        let span: i64 = get(row, 0)?;
        if let Some(count) = usize::try_from(span).ok().and_then(|span| buckets.counts.get_mut(span)) {
            *count = number(row, 1)?;
        }
    }
    Ok(buckets)
}

async fn newest(
    db: &Client,
    Among { tenant, from, to }: Among,
    group: &FailureGroup,
) -> Result<Vec<ExecutionId>> {
    let sql = include_str!("../queries/failed_alike.sql");
    let rows = db
        .query_typed(sql, params![tenant, group.flow.uuid(), from, to, stored(&group.fingerprint.id)])
        .await?;
    rows.iter().map(|row| execution_id(row, 0)).collect()
}
