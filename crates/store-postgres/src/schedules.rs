//! [`Schedules`] for [`PostgresStore`].

use steadflow_core::ids::{ExecutionId, FlowId, NodeId};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{ScheduleRecord, Schedules, StoreFuture};
use tokio_postgres::{Client, Row};

use crate::columns::{execution_id_or_none, flow_id, node, tenant_id, text, text_or_none, timestamp_or_none};
use crate::error::{Error, Result};
use crate::session::session;
use crate::value::{params, stored};
use crate::{PostgresStore, call};

impl Schedules for PostgresStore {
    fn schedules(&self) -> StoreFuture<'_, Vec<ScheduleRecord>> {
        call("schedules", async move { list(&*session(&self.pool).await?).await })
    }

    fn put_schedule(&self, schedule: ScheduleRecord) -> StoreFuture<'_, ()> {
        call("put_schedule", async move { put(&*session(&self.pool).await?, &schedule).await })
    }

    fn delete_schedule(&self, flow: FlowId, node: NodeId) -> StoreFuture<'_, ()> {
        call("delete_schedule", async move {
            let db = session(&self.pool).await?;
            let sql = "DELETE FROM schedules WHERE flow = $1 AND node = $2";
            db.execute_typed(sql, params![flow.uuid(), stored(node.as_str())]).await?;
            Ok(())
        })
    }
}

async fn list(db: &Client) -> Result<Vec<ScheduleRecord>> {
    let sql =
        "SELECT tenant, flow, node, rule, next_at, starting_at, execution, last_at, error FROM schedules
        ORDER BY flow, node COLLATE \"C\"";
    let mut all = Vec::new();
    for row in db.query_typed(sql, &[]).await? {
        match read(&row) {
            Ok(schedule) => all.push(schedule),
            // Without it, its schedule begins again, which hides no other.
            Err(Error::Unreadable(reason)) => {
                tracing::error!(reason, "where a schedule has come to cannot be read; it begins again");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(all)
}

fn read(row: &Row) -> Result<ScheduleRecord> {
    Ok(ScheduleRecord {
        tenant: tenant_id(row, 0)?,
        flow: flow_id(row, 1)?,
        node: node(row, 2)?,
        rule: text(row, 3)?,
        next_at: timestamp_or_none(row, 4)?,
        starting_at: timestamp_or_none(row, 5)?,
        execution: execution_id_or_none(row, 6)?,
        last_at: timestamp_or_none(row, 7)?,
        error: text_or_none(row, 8)?,
    })
}

async fn put(db: &Client, schedule: &ScheduleRecord) -> Result<()> {
    let sql =
        "INSERT INTO schedules (tenant, flow, node, rule, next_at, starting_at, execution, last_at, error)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (flow, node) DO UPDATE SET rule = excluded.rule, next_at = excluded.next_at,
            starting_at = excluded.starting_at, execution = excluded.execution, last_at = excluded.last_at,
            error = excluded.error";
    db.execute_typed(
        sql,
        params![
            schedule.tenant.uuid(),
            schedule.flow.uuid(),
            stored(schedule.node.as_str()),
            stored(&schedule.rule),
            schedule.next_at.map(Timestamp::as_micros),
            schedule.starting_at.map(Timestamp::as_micros),
            schedule.execution.map(ExecutionId::uuid),
            schedule.last_at.map(Timestamp::as_micros),
            schedule.error.as_deref().map(stored),
        ],
    )
    .await?;
    Ok(())
}
