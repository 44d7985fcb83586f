//! What was edited, in the order in which it was committed: each edit takes its number from one row, which is locked until its
//! transaction ends.

use steadflow_core::ids::{AgentId, FlowId, TenantId};
use steadflow_store::{EDITS_KEPT, Edited, Edits};
use tokio_postgres::{Client, Row};
use uuid::Uuid;

use crate::columns::{get, number};
use crate::error::Result;
use crate::value::{int, params};

/// Notes an edit. It is the last statement of its transaction, as others wait from here on.
pub(super) async fn note(db: &Client, edited: Edited) -> Result<()> {
    let (tenant, flow, agent) = match edited {
        Edited::Flow(tenant, flow) => (tenant, Some(flow.uuid()), None),
        Edited::Agent(tenant, agent) => (tenant, None, Some(agent.uuid())),
    };
    let sql = "WITH next AS (UPDATE counters SET value = value + 1 WHERE name = 'edits' RETURNING value),
        old AS (DELETE FROM edits WHERE number <= (SELECT value FROM next) - $4)
        INSERT INTO edits (number, tenant, flow, agent) SELECT value, $1, $2, $3 FROM next";
    db.execute_typed(sql, params![tenant.uuid(), flow, agent, int(EDITS_KEPT)]).await?;
    Ok(())
}

/// See [`steadflow_store::Catalogue::edits`].
pub(super) async fn after(db: &Client, after: Option<u64>) -> Result<Edits> {
    let sql = "SELECT value FROM counters WHERE name = 'edits'";
    let last = number(&db.query_typed_one(sql, &[]).await?, 0)?;
    let Some(after) = after.filter(|after| *after < last) else {
        return Ok(Edits { last, ..Edits::default() });
    };
    let sql =
        "SELECT number, tenant, flow, agent FROM edits WHERE number > $1 AND number <= $2 ORDER BY number";
    let rows = db.query_typed(sql, params![int(after), int(last)]).await?;
    let edited = rows.iter().filter_map(|row| edited(row).transpose()).collect::<Result<Vec<_>>>()?;
    let is_cut = (rows.len() as u64) < last - after;
    Ok(Edits { last, edited, is_cut })
}

fn edited(row: &Row) -> Result<Option<Edited>> {
    let (tenant, flow, agent) =
        (TenantId::new(get(row, 1)?), get::<Option<Uuid>>(row, 2)?, get::<Option<Uuid>>(row, 3)?);
    Ok(match (flow, agent) {
        (Some(flow), _) => Some(Edited::Flow(tenant, FlowId::new(flow))),
        (None, Some(agent)) => Some(Edited::Agent(tenant, AgentId::new(agent))),
        (None, None) => None,
    })
}
