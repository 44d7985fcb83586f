//! What calls of models cost.

use std::sync::Arc;

use rusqlite::types::ToSql;
use rusqlite::{Connection, Row, params};
use steadflow_core::ids::AgentId;
use steadflow_core::timestamp::Timestamp;
use steadflow_core::usage::Currency;
use steadflow_store::{
    CallCounts, CostKey, CostQuery, CostRow, CostSums, Damaged, DayCosts, DaySumming, Ended, MostExpensive,
};
use uuid::Uuid;

use crate::columns::{agent_id, blob, flow_id, listed_as, named, rows_max, text, timestamp};

/// Adds what ended executions say of calls to the table.
pub(crate) fn write(ended: &Ended, db: &Connection) -> rusqlite::Result<()> {
    for ((tenant, hour, flow, key), counts) in ended.costs() {
        let CostKey { agent, model, currency } = key;
        let agent = agent.map(|agent| blob(agent.uuid()));
        let mut statement = db.prepare_cached(include_str!("../queries/add_cost.sql"))?;
        statement.execute(params![
            blob(tenant.uuid()),
            hour.as_micros(),
            blob(flow.uuid()),
            agent.as_ref().map_or(&[][..], |id| &id[..]),
            model.as_deref().unwrap_or_default(),
            currency.as_ref().map_or("", Currency::as_str),
            stored(counts.calls),
            stored(counts.unpriced_calls),
            stored(counts.input_tokens),
            stored(counts.cached_input_tokens),
            stored(counts.cache_write_tokens),
            stored(counts.output_tokens),
            stored(counts.tokens_lost),
            counts.cost,
            counts.cost_lost,
        ])?;
    }
    Ok(())
}

/// A count as SQLite can store it.
pub(crate) fn stored(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// See [`steadflow_store::History::cost_sums`]. SQLite groups the rows, as it can sort more of them than there is memory for.
pub(crate) fn sums(db: &Connection, query: &CostQuery) -> rusqlite::Result<CostSums> {
    let mut damaged = Vec::new();
    let mut reading = Reading { db, query, damaged: &mut damaged };
    let totals = reading.ranked("", |_| Ok(()))?;
    let flows = reading.ranked("flows", |row| flow_id(row, 0))?;
    let agents = reading.ranked("agents", agent_or_none)?;
    let models = reading.ranked("models", |row| model_or_none(row, 0))?;
    let days = reading.days(&models)?;
    Ok(CostSums { totals, flows, agents, models, days, damaged })
}

struct Reading<'a> {
    db: &'a Connection,
    query: &'a CostQuery,
    damaged: &'a mut Vec<Damaged>,
}

impl Reading<'_> {
    /// Reads the sums by what `by` names, or of everything.
    fn ranked<T>(
        &mut self,
        by: &str,
        of: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<MostExpensive<T>> {
        let mut found = MostExpensive::default();
        let mut in_all: u64 = 0;
        let rows_max = rows_max(self.query.rows_max);
        self.each(include_str!("../queries/costs_by.sql"), &[&rows_max, &by], |row| {
            in_all = row.get(11)?;
            let (counts, currency) = (counts(row, 2)?, currency_or_none(row, 1)?);
            found.rows.push(CostRow { of: of(row)?, currency, counts });
            Ok(true)
        })?;
        found.left_out = in_all.saturating_sub(found.rows.len() as u64);
        Ok(found)
    }

    fn days(&mut self, models: &MostExpensive<Option<Arc<str>>>) -> rusqlite::Result<Option<Vec<DayCosts>>> {
        let mut summing = DaySumming::new(self.query, models);
        self.each(include_str!("../queries/costs_by_day.sql"), &[], |row| {
            let counts = counts(row, 3)?;
            summing.add(timestamp(row, 0)?, model_or_none(row, 1)?, currency_or_none(row, 2)?, &counts);
            Ok(summing.wants_more())
        })?;
        Ok(summing.finish())
    }

    /// Reads the rows until `read` wants no more. What cannot be read is noted, and not returned.
    fn each(
        &mut self,
        sql: &str,
        more: &[&dyn ToSql],
        mut read: impl FnMut(&Row<'_>) -> rusqlite::Result<bool>,
    ) -> rusqlite::Result<()> {
        let CostQuery { tenant, flow, agent, from, to, .. } = self.query;
        let tenant = blob(tenant.uuid());
        let (flow, agent) = (flow.map(|id| blob(id.uuid())), agent.map(|id| blob(id.uuid())));
        let from = from.map_or(i64::MIN, Timestamp::as_micros);
        let to = to.map_or(i64::MAX, Timestamp::as_micros);
        let mut parameters: Vec<&dyn ToSql> = vec![&tenant, &from, &to, &flow, &agent];
        parameters.extend(more);
        let mut statement = self.db.prepare_cached(sql)?;
        let mut rows = statement.query(&parameters[..])?;
        while let Some(row) = rows.next()? {
            match listed_as(row, &mut read, || Uuid::from_bytes(tenant))? {
                Ok(true) => {}
                Ok(false) => return Ok(()),
                Err(damaged) if self.damaged.contains(&damaged) => {}
                Err(damaged) => self.damaged.push(damaged),
            }
        }
        Ok(())
    }
}

fn counts(row: &Row<'_>, first: usize) -> rusqlite::Result<CallCounts> {
    let count = |place: usize| row.get::<_, u64>(first + place);
    Ok(CallCounts {
        calls: count(0)?,
        unpriced_calls: count(1)?,
        input_tokens: count(2)?,
        cached_input_tokens: count(3)?,
        cache_write_tokens: count(4)?,
        output_tokens: count(5)?,
        tokens_lost: count(6)?,
        cost: row.get(first + 7)?,
        cost_lost: row.get(first + 8)?,
    })
}

fn agent_or_none(row: &Row<'_>) -> rusqlite::Result<Option<AgentId>> {
    if row.get_ref(0)?.as_blob()?.is_empty() { Ok(None) } else { agent_id(row, 0).map(Some) }
}

fn model_or_none(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Arc<str>>> {
    text(row, column).map(|model| Some(model).filter(|model| !model.is_empty()))
}

fn currency_or_none(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Currency>> {
    let text = row.get_ref(column)?.as_str()?;
    if text.is_empty() { Ok(None) } else { named(column, text).map(Some) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_are_found_by_tenant_and_hour() {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch(include_str!("../../migrations/0010_costs.sql")).unwrap();
        for sql in [include_str!("../queries/costs_by.sql"), include_str!("../queries/costs_by_day.sql")] {
            let mut statement = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let plan: Vec<String> =
                statement.raw_query().mapped(|row| row.get("detail")).collect::<Result<_, _>>().unwrap();

            let found = "SEARCH costs USING PRIMARY KEY (tenant=? AND hour>? AND hour<?)";
            assert!(plan.iter().any(|step| step == found), "{plan:#?}");
            assert!(!plan.iter().any(|step| step.starts_with("SCAN costs")), "{plan:#?}");
        }
    }
}
