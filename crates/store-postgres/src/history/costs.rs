//! What calls of models cost.

use std::sync::Arc;

use futures_util::TryStreamExt;
use steadflow_core::ids::{AgentId, FlowId};
use steadflow_core::timestamp::Timestamp;
use steadflow_core::usage::Currency;
use steadflow_store::{
    CallCounts, CostQuery, CostRow, CostSums, Damaged, DayCosts, DaySumming, MostExpensive,
};
use tokio_postgres::{Client, Row};
use uuid::Uuid;

use crate::columns::{get, listed_as, named, number, text, timestamp};
use crate::error::{Error, Result};
use crate::session::rows;
use crate::value::{Typed, params, rows_max};

/// See [`steadflow_store::History::cost_sums`]; in one snapshot. The database groups the rows, as it can sort more of them than
/// there is memory for.
pub(crate) async fn sums(db: &Client, query: &CostQuery) -> Result<CostSums> {
    let mut reading = Reading { db, query, damaged: Vec::new() };
    let totals = reading.ranked("", |_| Ok(())).await?;
    let flows = reading.ranked("flows", |row| id(row).map(FlowId::new)).await?;
    let agents = reading.ranked("agents", agent_or_none).await?;
    let models = reading.ranked("models", |row| model_or_none(row, 0)).await?;
    let days = reading.days(&models).await?;
    Ok(CostSums { totals, flows, agents, models, days, damaged: reading.damaged })
}

struct Reading<'a> {
    db: &'a Client,
    query: &'a CostQuery,
    damaged: Vec<Damaged>,
}

impl Reading<'_> {
    /// Reads the sums by what `by` names, or of everything.
    async fn ranked<T>(&mut self, by: &str, of: fn(&Row) -> Result<T>) -> Result<MostExpensive<T>> {
        let mut found = MostExpensive::default();
        let mut in_all: u64 = 0;
        let limit = rows_max(self.query.rows_max);
        let more = params![limit, by];
        self.each(include_str!("../queries/costs_by.sql"), more, |row| {
            in_all = number(row, 11)?;
            let (counts, currency) = (counts(row, 2)?, currency_or_none(row, 1)?);
            found.rows.push(CostRow { of: of(row)?, currency, counts });
            Ok(true)
        })
        .await?;
        found.left_out = in_all.saturating_sub(found.rows.len() as u64);
        Ok(found)
    }

    async fn days(&mut self, models: &MostExpensive<Option<Arc<str>>>) -> Result<Option<Vec<DayCosts>>> {
        let mut summing = DaySumming::new(self.query, models);
        self.each(include_str!("../queries/costs_by_day.sql"), &[], |row| {
            let counts = counts(row, 3)?;
            summing.add(timestamp(row, 0)?, model_or_none(row, 1)?, currency_or_none(row, 2)?, &counts);
            Ok(summing.wants_more())
        })
        .await?;
        Ok(summing.finish())
    }

    /// Reads the rows until `read` wants no more. What cannot be read is noted, and not returned.
    async fn each(
        &mut self,
        sql: &str,
        more: &[Typed<'_>],
        mut read: impl FnMut(&Row) -> Result<bool>,
    ) -> Result<()> {
        let CostQuery { tenant, flow, agent, from, to, .. } = self.query;
        let from = from.map_or(i64::MIN, Timestamp::as_micros);
        let to = to.map_or(i64::MAX, Timestamp::as_micros);
        let (tenant, flow, agent) = (tenant.uuid(), flow.map(FlowId::uuid), agent.map(AgentId::uuid));
        let among: &[Typed<'_>] = params![tenant, from, to, flow, agent];
        let mut found = rows(self.db, sql, &[among, more].concat()).await?;
        while let Some(row) = found.try_next().await? {
            match listed_as(&row, &mut read, || tenant)? {
                Ok(true) => {}
                Ok(false) => return Ok(()),
                Err(damaged) if self.damaged.contains(&damaged) => {}
                Err(damaged) => self.damaged.push(damaged),
            }
        }
        Ok(())
    }
}

fn counts(row: &Row, first: usize) -> Result<CallCounts> {
    let count = |place: usize| number(row, first + place);
    Ok(CallCounts {
        calls: count(0)?,
        unpriced_calls: count(1)?,
        input_tokens: count(2)?,
        cached_input_tokens: count(3)?,
        cache_write_tokens: count(4)?,
        output_tokens: count(5)?,
        tokens_lost: count(6)?,
        cost: get(row, first + 7)?,
        cost_lost: get(row, first + 8)?,
    })
}

/// Reads an id that the query returns as text, as models are.
fn id(row: &Row) -> Result<Uuid> {
    get::<&str>(row, 0)?.parse().map_err(|error: uuid::Error| Error::Unreadable(error.to_string()))
}

fn agent_or_none(row: &Row) -> Result<Option<AgentId>> {
    id(row).map(|id| (!id.is_nil()).then(|| AgentId::new(id)))
}

fn model_or_none(row: &Row, column: usize) -> Result<Option<Arc<str>>> {
    text(row, column).map(|model| Some(model).filter(|model| !model.is_empty()))
}

fn currency_or_none(row: &Row, column: usize) -> Result<Option<Currency>> {
    if get::<&str>(row, column)?.is_empty() { Ok(None) } else { named(row, column).map(Some) }
}
