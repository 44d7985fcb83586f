//! What is drawn from the budgets of agents.

use rusqlite::{Connection, OptionalExtension, Row};
use steadflow_core::budget::{Amount, Day, Draw, Drawn, Settlement};
use steadflow_core::ids::{AgentId, TenantId};
use steadflow_store::BUDGET_DAYS_KEPT;

use crate::columns::blob;

/// See [`steadflow_store::Log::draw`].
pub(super) fn draw(db: &Connection, draw: &Draw) -> rusqlite::Result<Drawn> {
    let Draw { tenant, agent, day, .. } = *draw;
    let known = taken(db, tenant, agent, day)?;
    if known.is_none() {
        let oldest = day.number().saturating_sub(BUDGET_DAYS_KEPT);
        db.prepare_cached("DELETE FROM agent_budgets WHERE day < ?1")?.execute([oldest])?;
    }
    let before = known.unwrap_or_default();
    let drawn = draw.from(before);
    if let Drawn::Some(amount) = drawn {
        set(db, (tenant, agent, day), before.plus(amount))?;
    }
    Ok(drawn)
}

/// See [`steadflow_store::Log::settle`].
pub(super) fn settle(db: &Connection, settlement: &Settlement) -> rusqlite::Result<()> {
    let Settlement { tenant, agent, day, .. } = *settlement;
    let before = taken(db, tenant, agent, day)?.unwrap_or_default();
    set(db, (tenant, agent, day), settlement.after(before))
}

/// See [`steadflow_store::Log::drawn`].
pub(super) fn drawn(
    db: &Connection,
    tenant: TenantId,
    agents: &[AgentId],
    day: Day,
) -> rusqlite::Result<Vec<(AgentId, Amount)>> {
    let of = |&agent: &AgentId| taken(db, tenant, agent, day).map(|found| Some((agent, found?))).transpose();
    agents.iter().filter_map(of).collect()
}

fn taken(db: &Connection, tenant: TenantId, agent: AgentId, day: Day) -> rusqlite::Result<Option<Amount>> {
    let sql = "SELECT tokens, cost FROM agent_budgets WHERE day = ?1 AND tenant = ?2 AND agent = ?3";
    let read = |row: &Row<'_>| {
        // A sum beyond all numbers was stored as the largest one.
        let tokens = u64::try_from(row.get::<_, i64>(0)?).unwrap_or(u64::MAX);
        Ok(Amount { tokens, cost: row.get(1)? })
    };
    let key = (day.number(), blob(tenant.uuid()), blob(agent.uuid()));
    db.prepare_cached(sql)?.query_row(key, read).optional()
}

fn set(
    db: &Connection,
    (tenant, agent, day): (TenantId, AgentId, Day),
    amount: Amount,
) -> rusqlite::Result<()> {
    let tokens = i64::try_from(amount.tokens).unwrap_or(i64::MAX);
    let row = (day.number(), blob(tenant.uuid()), blob(agent.uuid()), tokens, amount.cost);
    db.prepare_cached(include_str!("../queries/set_drawn.sql"))?.execute(row).map(drop)
}
