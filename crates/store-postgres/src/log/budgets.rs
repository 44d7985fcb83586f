//! What is drawn from the budgets of agents.

use steadflow_core::budget::{Amount, Day, Draw, Drawn, Settlement};
use steadflow_core::ids::{AgentId, TenantId};
use steadflow_store::BUDGET_DAYS_KEPT;
use tokio_postgres::{Client, Row};
use uuid::Uuid;

use crate::PostgresStore;
use crate::columns::{agent_id, get};
use crate::error::Result;
use crate::session::{session, transaction};
use crate::value::{int, params};

/// Whose budget it is, and of which day.
type Of = (TenantId, AgentId, Day);

impl PostgresStore {
    /// See [`steadflow_store::Log::draw`].
    pub(super) async fn draw_budget(&self, draw: Draw) -> Result<Drawn> {
        let of = (draw.tenant, draw.agent, draw.day);
        transaction!(&self.pool, |db| {
            let before = lock(db, of).await?;
            let drawn = draw.from(before);
            if let Drawn::Some(amount) = drawn {
                set(db, of, before.plus(amount)).await?;
            }
            Ok(drawn)
        })
    }

    /// See [`steadflow_store::Log::settle`].
    pub(super) async fn settle_budget(&self, settlement: Settlement) -> Result<()> {
        let of = (settlement.tenant, settlement.agent, settlement.day);
        transaction!(&self.pool, |db| {
            let before = lock(db, of).await?;
            set(db, of, settlement.after(before)).await
        })
    }

    /// See [`steadflow_store::Log::drawn`].
    pub(super) async fn drawn_budgets(
        &self,
        tenant: TenantId,
        agents: Vec<AgentId>,
        day: Day,
    ) -> Result<Vec<(AgentId, Amount)>> {
        let db = session(&self.pool).await?;
        let sql = "SELECT tokens, cost, agent FROM agent_budgets WHERE day = $1 AND tenant = $2 AND agent = ANY($3)";
        let ids: Vec<Uuid> = agents.iter().map(|agent| agent.uuid()).collect();
        let rows = db.query_typed(sql, params![day.number(), tenant.uuid(), ids]).await?;
        rows.iter().map(|row| Ok((agent_id(row, 2)?, amount(row)?))).collect()
    }
}

/// Returns what is drawn, and keeps others from drawing until the transaction ends.
async fn lock(db: &Client, (tenant, agent, day): Of) -> Result<Amount> {
    let sql = "INSERT INTO agent_budgets (day, tenant, agent, tokens, cost) VALUES ($1, $2, $3, 0, 0)
        ON CONFLICT (day, tenant, agent) DO NOTHING";
    let (day, tenant, agent) = (day.number(), tenant.uuid(), agent.uuid());
    if db.execute_typed(sql, params![day, tenant, agent]).await? > 0 {
        let oldest = day.saturating_sub(BUDGET_DAYS_KEPT);
        db.execute_typed("DELETE FROM agent_budgets WHERE day < $1", params![oldest]).await?;
    }
    let sql =
        "SELECT tokens, cost FROM agent_budgets WHERE day = $1 AND tenant = $2 AND agent = $3 FOR UPDATE";
    let row = db.query_typed_opt(sql, params![day, tenant, agent]).await?;
    row.as_ref().map_or_else(|| Ok(Amount::default()), amount)
}

async fn set(db: &Client, (tenant, agent, day): Of, amount: Amount) -> Result<()> {
    let sql = "INSERT INTO agent_budgets (day, tenant, agent, tokens, cost) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (day, tenant, agent) DO UPDATE SET tokens = excluded.tokens, cost = excluded.cost";
    let (tokens, cost) = (int(amount.tokens), amount.cost);
    db.execute_typed(sql, params![day.number(), tenant.uuid(), agent.uuid(), tokens, cost]).await?;
    Ok(())
}

fn amount(row: &Row) -> Result<Amount> {
    // A sum beyond all numbers was stored as the largest one.
    let tokens = u64::try_from(get::<i64>(row, 0)?).unwrap_or(u64::MAX);
    Ok(Amount { tokens, cost: get(row, 1)? })
}
