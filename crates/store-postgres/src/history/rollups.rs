//! What counters of ended executions add up to.

use futures_util::TryStreamExt;
use steadflow_core::ids::FlowId;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{RollupQuery, RollupSums, Summing};
use tokio_postgres::{Client, Row};

use crate::columns::{flow_id, get, listed, number, text, timestamp};
use crate::error::Result;
use crate::session::rows;
use crate::value::params;

/// See [`steadflow_store::History::rollup_sums`]; in one snapshot. The database groups the counters, as it can sort more of them
/// than there is memory for.
pub(crate) async fn sums(db: &Client, query: &RollupQuery) -> Result<RollupSums> {
    let mut summing = Summing::new(query);
    let (tenant, flow) = (query.tenant.uuid(), query.flow.map(FlowId::uuid));
    let from = query.from.map_or(i64::MIN, Timestamp::as_micros);
    let to = query.to.map_or(i64::MAX, Timestamp::as_micros);
    let among = params![tenant, flow, from, to];

    let mut found = rows(db, include_str!("../queries/rollups_by_node.sql"), among).await?;
    while let Some(row) = found.try_next().await? {
        let read = listed(&row, |row| add_sum(row, &mut summing))?;
        read.unwrap_or_else(|damaged| summing.add_damaged(damaged));
    }
    let mut found = rows(db, include_str!("../queries/rollups_by_time.sql"), among).await?;
    while summing.wants_times()
        && let Some(row) = found.try_next().await?
    {
        add_at(&row, &mut summing)?;
    }
    Ok(summing.finish())
}

fn add_sum(row: &Row, summing: &mut Summing) -> Result<()> {
    let (node, metric) = (text(row, 1)?, get(row, 2)?);
    summing.add(flow_id(row, 0)?, Some(&*node).filter(|id| !id.is_empty()), metric, number(row, 3)?);
    // Those below zero are not in the sum.
    number::<u64>(row, 4).map(drop)
}

fn add_at(row: &Row, summing: &mut Summing) -> Result<()> {
    summing.add_at(timestamp(row, 0)?, get(row, 1)?, get(row, 2)?, number(row, 3)?);
    Ok(())
}
