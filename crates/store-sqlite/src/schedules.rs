//! [`Schedules`] for [`SqliteStore`].

use rusqlite::{Connection, Row};
use steadflow_core::ids::{ExecutionId, FlowId, NodeId};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{ScheduleRecord, Schedules, StoreFuture};

use crate::SqliteStore;
use crate::columns::{blob, execution_id_or_none, flow_id, tenant_id, text, text_or_none, timestamp_or_none};
use crate::error::is_unreadable;

impl Schedules for SqliteStore {
    fn schedules(&self) -> StoreFuture<'_, Vec<ScheduleRecord>> {
        Box::pin(self.read("schedules", list))
    }

    fn put_schedule(&self, schedule: ScheduleRecord) -> StoreFuture<'_, ()> {
        Box::pin(self.change("put_schedule", move |db| put(db, &schedule)))
    }

    fn delete_schedule(&self, flow: FlowId, node: NodeId) -> StoreFuture<'_, ()> {
        let sql = "DELETE FROM schedules WHERE flow = ?1 AND node = ?2";
        Box::pin(self.change("delete_schedule", move |db| {
            db.prepare_cached(sql)?.execute((blob(flow.uuid()), node.as_str())).map(drop)
        }))
    }
}

fn list(db: &Connection) -> rusqlite::Result<Vec<ScheduleRecord>> {
    let sql =
        "SELECT tenant, flow, node, rule, next_at, starting_at, execution, last_at, error FROM schedules
        ORDER BY flow, node";
    let mut all = Vec::new();
    for row in db.prepare_cached(sql)?.query_map([], read)? {
        match row {
            Ok(schedule) => all.push(schedule),
            // Without it, its schedule begins again, which hides no other.
            Err(error) if is_unreadable(&error) => {
                tracing::error!(error = %error, "where a schedule has come to cannot be read; it begins again");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(all)
}

fn read(row: &Row<'_>) -> rusqlite::Result<ScheduleRecord> {
    Ok(ScheduleRecord {
        tenant: tenant_id(row, 0)?,
        flow: flow_id(row, 1)?,
        node: NodeId::new(&*text(row, 2)?),
        rule: text(row, 3)?,
        next_at: timestamp_or_none(row, 4)?,
        starting_at: timestamp_or_none(row, 5)?,
        execution: execution_id_or_none(row, 6)?,
        last_at: timestamp_or_none(row, 7)?,
        error: text_or_none(row, 8)?,
    })
}

fn put(db: &Connection, schedule: &ScheduleRecord) -> rusqlite::Result<()> {
    let sql =
        "INSERT INTO schedules (tenant, flow, node, rule, next_at, starting_at, execution, last_at, error)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
        ON CONFLICT (flow, node) DO UPDATE SET rule = excluded.rule, next_at = excluded.next_at,
            starting_at = excluded.starting_at, execution = excluded.execution, last_at = excluded.last_at,
            error = excluded.error";
    let micros = |at: Option<Timestamp>| at.map(Timestamp::as_micros);
    let parameters = (
        blob(schedule.tenant.uuid()),
        blob(schedule.flow.uuid()),
        schedule.node.as_str(),
        &*schedule.rule,
        micros(schedule.next_at),
        micros(schedule.starting_at),
        schedule.execution.map(ExecutionId::uuid).map(blob),
        micros(schedule.last_at),
        schedule.error.as_deref(),
    );
    db.prepare_cached(sql)?.execute(parameters).map(drop)
}
