//! [`Events`] for [`SqliteStore`].

use rusqlite::{Connection, OptionalExtension, Row, params};
use steadflow_core::external_event::{EventWait, ExternalEvent, NodeWait};
use steadflow_core::ids::{ExecutionId, NodeId, NodeIndex, TenantId};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{EventEntry, Events, StoreFuture};
use uuid::Uuid;

use crate::SqliteStore;
use crate::columns::{
    blob, execution_id, payload, tenant_id, text, text_or_none, timestamp, timestamp_or_none, uuid,
};

const EVENT_COLUMNS: &str = "id, tenant, name, correlation, key, data, at";

impl Events for SqliteStore {
    fn put_event(&self, event: ExternalEvent, known_since: Timestamp) -> StoreFuture<'_, Option<Uuid>> {
        Box::pin(self.change("put_event", move |db| put(db, &event, known_since)))
    }

    fn undelivered_tenants(&self) -> StoreFuture<'_, Vec<TenantId>> {
        let sql = include_str!("queries/undelivered_tenants.sql");
        Box::pin(self.read("undelivered_tenants", move |db| {
            db.prepare_cached(sql)?.query_map([], |row| tenant_id(row, 0))?.collect()
        }))
    }

    fn undelivered_events(
        &self,
        tenant: TenantId,
        after: Option<Uuid>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<ExternalEvent>> {
        let sql = format!(
            "SELECT {EVENT_COLUMNS} FROM received_events
            WHERE is_delivered = 0 AND tenant = ?1 AND (?2 IS NULL OR id > ?2) ORDER BY id LIMIT ?3"
        );
        Box::pin(self.read("undelivered_events", move |db| {
            let wanted = params![blob(tenant.uuid()), after.map(blob), rows(limit)];
            db.prepare_cached(&sql)?.query_map(wanted, read_event)?.collect()
        }))
    }

    fn event_delivered(&self, id: Uuid) -> StoreFuture<'_, ()> {
        let sql = "UPDATE received_events SET is_delivered = 1 WHERE id = ?1";
        Box::pin(
            self.change("event_delivered", move |db| db.prepare_cached(sql)?.execute([blob(id)]).map(drop)),
        )
    }

    fn await_event(&self, wait: NodeWait) -> StoreFuture<'_, Option<ExternalEvent>> {
        Box::pin(self.change("await_event", move |db| {
            put_wait(db, &wait)?;
            first_for(db, &wait)
        }))
    }

    fn event_waits(
        &self,
        event: ExternalEvent,
        after: Option<(ExecutionId, NodeIndex)>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<NodeWait>> {
        Box::pin(self.read("event_waits", move |db| waits_for(db, &event, after, limit)))
    }

    fn delete_event_wait(&self, wait: NodeWait) -> StoreFuture<'_, ()> {
        let sql = "DELETE FROM event_waits WHERE execution = ?1 AND node = ?2 AND since = ?3";
        Box::pin(self.change("delete_event_wait", move |db| {
            db.prepare_cached(sql)?
                .execute(params![blob(wait.execution.uuid()), wait.node.0, wait.wait.since.as_micros()])
                .map(drop)
        }))
    }

    fn expire_events(&self, before: Timestamp, limit: usize) -> StoreFuture<'_, usize> {
        Box::pin(self.change("expire_events", move |db| expire(db, before, limit)))
    }

    fn events(
        &self,
        tenant: TenantId,
        before: Option<Uuid>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<EventEntry>> {
        let sql = "SELECT id, name, correlation, key, octet_length(data), at FROM received_events
            WHERE tenant = ?1 AND (?2 IS NULL OR id < ?2) ORDER BY id DESC LIMIT ?3";
        Box::pin(self.read("events", move |db| {
            let wanted = params![blob(tenant.uuid()), before.map(blob), rows(limit)];
            db.prepare_cached(sql)?.query_map(wanted, read_entry)?.collect()
        }))
    }
}

fn rows(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

fn put(db: &Connection, event: &ExternalEvent, known_since: Timestamp) -> rusqlite::Result<Option<Uuid>> {
    if let Some(key) = &event.key {
        let sql = "SELECT id FROM received_events WHERE tenant = ?1 AND key = ?2 AND at > ?3 LIMIT 1";
        let known = params![blob(event.tenant.uuid()), &**key, known_since.as_micros()];
        let known = db.prepare_cached(sql)?.query_row(known, |row| uuid(row, 0)).optional()?;
        if known.is_some() {
            return Ok(known);
        }
    }
    let sql = "INSERT INTO received_events (id, tenant, name, correlation, key, data, at, is_delivered)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0)";
    db.prepare_cached(sql)?.execute(params![
        blob(event.id),
        blob(event.tenant.uuid()),
        &*event.name,
        event.correlation.as_deref(),
        event.key.as_deref(),
        event.data.as_str(),
        event.at.as_micros(),
    ])?;
    Ok(None)
}

fn put_wait(db: &Connection, wait: &NodeWait) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO event_waits
        (execution, node, node_id, tenant, name, correlation, since, until)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let NodeWait { tenant, execution, node, node_id, wait } = wait;
    db.prepare_cached(sql)?
        .execute(params![
            blob(execution.uuid()),
            node.0,
            node_id.as_str(),
            blob(tenant.uuid()),
            &*wait.name,
            wait.correlation.as_deref(),
            wait.since.as_micros(),
            wait.until.map(Timestamp::as_micros),
        ])
        .map(drop)
}

fn first_for(db: &Connection, wait: &NodeWait) -> rusqlite::Result<Option<ExternalEvent>> {
    let EventWait { name, correlation, since, until } = &wait.wait;
    let is_about = if correlation.is_some() { "AND correlation = ?4" } else { "AND ?4 IS NULL" };
    let sql = format!(
        "SELECT {EVENT_COLUMNS} FROM received_events WHERE tenant = ?1 AND name = ?2 AND at >= ?3 {is_about}
            AND (?5 IS NULL OR at <= ?5)
        ORDER BY at, id LIMIT 1"
    );
    let until = until.map(Timestamp::as_micros);
    let wanted = params![blob(wait.tenant.uuid()), &**name, since.as_micros(), correlation.as_deref(), until];
    db.prepare_cached(&sql)?.query_row(wanted, read_event).optional()
}

/// Those that name the correlation of the event, and those that name none.
fn waits_for(
    db: &Connection,
    event: &ExternalEvent,
    after: Option<(ExecutionId, NodeIndex)>,
    limit: usize,
) -> rusqlite::Result<Vec<NodeWait>> {
    let half = |is_about: &str| {
        format!(
            "SELECT * FROM (SELECT execution, node, node_id, tenant, name, correlation, since, until FROM event_waits
            WHERE tenant = ?1 AND name = ?2 AND correlation {is_about} AND since <= ?4
                AND (until IS NULL OR until >= ?4)
                AND (?5 IS NULL OR (execution, node) > (?5, ?6)) ORDER BY execution, node LIMIT ?7)"
        )
    };
    let sql = format!("{} UNION ALL {} ORDER BY 1, 2 LIMIT ?7", half("IS NULL"), half("= ?3"));
    let (execution, node) = after.unzip();
    let wanted = params![
        blob(event.tenant.uuid()),
        &*event.name,
        event.correlation.as_deref(),
        event.at.as_micros(),
        execution.map(ExecutionId::uuid).map(blob),
        node.map(|node| node.0),
        rows(limit),
    ];
    db.prepare_cached(&sql)?.query_map(wanted, read_wait)?.collect()
}

fn expire(db: &Connection, before: Timestamp, limit: usize) -> rusqlite::Result<usize> {
    let sql = "DELETE FROM received_events WHERE id IN
        (SELECT id FROM received_events WHERE at < ?1 AND is_delivered = 1 LIMIT ?2)";
    let events = db.prepare_cached(sql)?.execute(params![before.as_micros(), rows(limit)])?;
    // One that has ended has its row, and one that is gone had it for longer than any wait looks back.
    let sql = "DELETE FROM event_waits WHERE (execution, node) IN
        (SELECT execution, node FROM event_waits AS waits LEFT JOIN executions ON executions.id = waits.execution
        WHERE executions.status IN ('completed', 'failed', 'cancelled')
            OR (executions.id IS NULL AND waits.since < ?1) LIMIT ?2)";
    let waits = db.prepare_cached(sql)?.execute(params![before.as_micros(), rows(limit)])?;
    Ok(events + waits)
}

fn read_event(row: &Row<'_>) -> rusqlite::Result<ExternalEvent> {
    Ok(ExternalEvent {
        id: uuid(row, 0)?,
        tenant: tenant_id(row, 1)?,
        name: text(row, 2)?,
        correlation: text_or_none(row, 3)?,
        key: text_or_none(row, 4)?,
        data: payload(row, 5)?,
        at: timestamp(row, 6)?,
    })
}

fn read_entry(row: &Row<'_>) -> rusqlite::Result<EventEntry> {
    Ok(EventEntry {
        id: uuid(row, 0)?,
        name: text(row, 1)?,
        correlation: text_or_none(row, 2)?,
        key: text_or_none(row, 3)?,
        data_bytes: row.get(4)?,
        at: timestamp(row, 5)?,
    })
}

fn read_wait(row: &Row<'_>) -> rusqlite::Result<NodeWait> {
    Ok(NodeWait {
        execution: execution_id(row, 0)?,
        node: NodeIndex(row.get(1)?),
        node_id: NodeId::new(&*text(row, 2)?),
        tenant: tenant_id(row, 3)?,
        wait: EventWait {
            name: text(row, 4)?,
            correlation: text_or_none(row, 5)?,
            since: timestamp(row, 6)?,
            until: timestamp_or_none(row, 7)?,
        },
    })
}
