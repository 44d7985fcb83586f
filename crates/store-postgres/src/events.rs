//! [`Events`] for [`PostgresStore`].

use steadflow_core::external_event::{EventWait, ExternalEvent, NodeWait};
use steadflow_core::ids::{ExecutionId, NodeIndex, TenantId};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{EventEntry, Events, StoreFuture};
use tokio_postgres::{Client, Row};
use uuid::Uuid;

use crate::columns::{
    execution_id, get, node, number, payload, tenant_id, text, text_or_none, timestamp, timestamp_or_none,
};
use crate::error::Result;
use crate::session::{session, transaction};
use crate::value::{params, rows_max, stored};
use crate::{PostgresStore, call};

const EVENT_COLUMNS: &str = "id, tenant, name, correlation, key, data, at";

impl Events for PostgresStore {
    fn put_event(&self, event: ExternalEvent, known_since: Timestamp) -> StoreFuture<'_, Option<Uuid>> {
        call("put_event", async move { transaction!(&self.pool, |db| put(db, &event, known_since).await) })
    }

    fn undelivered_tenants(&self) -> StoreFuture<'_, Vec<TenantId>> {
        call("undelivered_tenants", async move {
            let sql = include_str!("queries/undelivered_tenants.sql");
            let found = session(&self.pool).await?.query_typed(sql, &[]).await?;
            found.iter().map(|row| tenant_id(row, 0)).collect()
        })
    }

    fn undelivered_events(
        &self,
        tenant: TenantId,
        after: Option<Uuid>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<ExternalEvent>> {
        call("undelivered_events", async move {
            let sql = format!(
                "SELECT {EVENT_COLUMNS} FROM received_events
                WHERE NOT is_delivered AND tenant = $1 AND ($2 IS NULL OR id > $2) ORDER BY id LIMIT $3"
            );
            let db = session(&self.pool).await?;
            let found = db.query_typed(&sql, params![tenant.uuid(), after, rows_max(limit)]).await?;
            found.iter().map(read_event).collect()
        })
    }

    fn event_delivered(&self, id: Uuid) -> StoreFuture<'_, ()> {
        call("event_delivered", async move {
            let sql = "UPDATE received_events SET is_delivered = true WHERE id = $1";
            session(&self.pool).await?.execute_typed(sql, params![id]).await?;
            Ok(())
        })
    }

    /// The wait is committed before events are looked at: who stores one at the same time sees the wait, or is seen here.
    fn await_event(&self, wait: NodeWait) -> StoreFuture<'_, Option<ExternalEvent>> {
        call("await_event", async move {
            let db = session(&self.pool).await?;
            put_wait(&db, &wait).await?;
            first_for(&db, &wait).await
        })
    }

    fn event_waits(
        &self,
        event: ExternalEvent,
        after: Option<(ExecutionId, NodeIndex)>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<NodeWait>> {
        call(
            "event_waits",
            async move { waits_for(&*session(&self.pool).await?, &event, after, limit).await },
        )
    }

    fn delete_event_wait(&self, wait: NodeWait) -> StoreFuture<'_, ()> {
        call("delete_event_wait", async move {
            let sql = "DELETE FROM event_waits WHERE execution = $1 AND node = $2 AND since = $3";
            let (node, since) = (i64::from(wait.node.0), wait.wait.since.as_micros());
            let db = session(&self.pool).await?;
            db.execute_typed(sql, params![wait.execution.uuid(), node, since]).await?;
            Ok(())
        })
    }

    fn expire_events(&self, before: Timestamp, limit: usize) -> StoreFuture<'_, usize> {
        call("expire_events", async move { expire(&*session(&self.pool).await?, before, limit).await })
    }

    fn events(
        &self,
        tenant: TenantId,
        before: Option<Uuid>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<EventEntry>> {
        call("events", async move {
            let sql = "SELECT id, name, correlation, key, octet_length(data)::bigint, at FROM received_events
                WHERE tenant = $1 AND ($2 IS NULL OR id < $2) ORDER BY id DESC LIMIT $3";
            let db = session(&self.pool).await?;
            let found = db.query_typed(sql, params![tenant.uuid(), before, rows_max(limit)]).await?;
            found.iter().map(read_entry).collect()
        })
    }
}

/// Stores an event in a transaction. Of those with the same key that come at the same time, one is stored.
async fn put(db: &Client, event: &ExternalEvent, known_since: Timestamp) -> Result<Option<Uuid>> {
    if let Some(key) = &event.key
        && let Some(known) = use_key(db, event, key, known_since).await?
    {
        return Ok(Some(known));
    }
    let sql = "INSERT INTO received_events (id, tenant, name, correlation, key, data, at, is_delivered)
        VALUES ($1, $2, $3, $4, $5, $6, $7, false)";
    db.execute_typed(
        sql,
        params![
            event.id,
            event.tenant.uuid(),
            stored(&event.name),
            event.correlation.as_deref().map(stored),
            event.key.as_deref().map(stored),
            event.data.as_str(),
            event.at.as_micros(),
        ],
    )
    .await?;
    Ok(None)
}

/// Notes that a key is the event's, or returns the event that it is already.
async fn use_key(
    db: &Client,
    event: &ExternalEvent,
    key: &str,
    known_since: Timestamp,
) -> Result<Option<Uuid>> {
    let (tenant, key) = (event.tenant.uuid(), stored(key));
    loop {
        let sql = "INSERT INTO event_keys (tenant, key, event, at) VALUES ($1, $2, $3, $4)
            ON CONFLICT (tenant, key) DO UPDATE SET event = excluded.event, at = excluded.at
            WHERE event_keys.at <= $5";
        if db
            .execute_typed(sql, params![tenant, key, event.id, event.at.as_micros(), known_since.as_micros()])
            .await?
            > 0
        {
            return Ok(None);
        }
        let sql = "SELECT event FROM event_keys WHERE tenant = $1 AND key = $2";
        // It may be deleted in between, as it has expired.
        if let Some(known) = db.query_typed_opt(sql, params![tenant, key]).await? {
            return get(&known, 0).map(Some);
        }
    }
}

async fn put_wait(db: &Client, wait: &NodeWait) -> Result<()> {
    let sql = "INSERT INTO event_waits (execution, node, node_id, tenant, name, correlation, since, until)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (execution, node) DO UPDATE SET node_id = excluded.node_id, tenant = excluded.tenant,
            name = excluded.name, correlation = excluded.correlation, since = excluded.since,
            until = excluded.until";
    let NodeWait { tenant, execution, node, node_id, wait } = wait;
    db.execute_typed(
        sql,
        params![
            execution.uuid(),
            i64::from(node.0),
            stored(node_id.as_str()),
            tenant.uuid(),
            stored(&wait.name),
            wait.correlation.as_deref().map(stored),
            wait.since.as_micros(),
            wait.until.map(Timestamp::as_micros),
        ],
    )
    .await?;
    Ok(())
}

async fn first_for(db: &Client, wait: &NodeWait) -> Result<Option<ExternalEvent>> {
    let EventWait { name, correlation, since, until } = &wait.wait;
    let sql = format!(
        "SELECT {EVENT_COLUMNS} FROM received_events WHERE tenant = $1 AND name = $2 AND at >= $3
            AND ($4 IS NULL OR correlation = $4) AND ($5 IS NULL OR at <= $5)
        ORDER BY at, id LIMIT 1"
    );
    let (since, until) = (since.as_micros(), until.map(Timestamp::as_micros));
    let correlation = correlation.as_deref().map(stored);
    let wanted = db
        .query_typed_opt(&sql, params![wait.tenant.uuid(), stored(name), since, correlation, until])
        .await?;
    wanted.as_ref().map(read_event).transpose()
}

/// Those that name the correlation of the event, and those that name none.
async fn waits_for(
    db: &Client,
    event: &ExternalEvent,
    after: Option<(ExecutionId, NodeIndex)>,
    limit: usize,
) -> Result<Vec<NodeWait>> {
    let half = |is_about: &str| {
        format!(
            "(SELECT execution, node, node_id, tenant, name, correlation, since, until FROM event_waits
            WHERE tenant = $1 AND name = $2 AND correlation {is_about} AND since <= $4
                AND (until IS NULL OR until >= $4)
                AND ($5 IS NULL OR (execution, node) > ($5, $6)) ORDER BY execution, node LIMIT $7)"
        )
    };
    let sql = format!("{} UNION ALL {} ORDER BY execution, node LIMIT $7", half("IS NULL"), half("= $3"));
    let (execution, node) = after.unzip();
    let found = db
        .query_typed(
            &sql,
            params![
                event.tenant.uuid(),
                stored(&event.name),
                event.correlation.as_deref().map(stored),
                event.at.as_micros(),
                execution.map(ExecutionId::uuid),
                node.map(|node| i64::from(node.0)),
                rows_max(limit),
            ],
        )
        .await?;
    found.iter().map(read_wait).collect()
}

async fn expire(db: &Client, before: Timestamp, limit: usize) -> Result<usize> {
    let events = "DELETE FROM received_events WHERE id IN
        (SELECT id FROM received_events WHERE at < $1 AND is_delivered ORDER BY at, id LIMIT $2 FOR UPDATE)";
    let keys = "DELETE FROM event_keys WHERE (tenant, key) IN
        (SELECT tenant, key FROM event_keys WHERE at < $1 ORDER BY at, tenant, key LIMIT $2 FOR UPDATE)";
    // One that has ended has its row, and one that is gone had it for longer than any wait looks back.
    let waits = "DELETE FROM event_waits WHERE (execution, node) IN
        (SELECT execution, node FROM event_waits AS waits LEFT JOIN executions ON executions.id = waits.execution
        WHERE executions.status IN ('completed', 'failed', 'cancelled')
            OR (executions.id IS NULL AND waits.since < $1)
        ORDER BY execution, node LIMIT $2 FOR UPDATE OF waits)";
    let mut deleted = 0;
    for (sql, is_counted) in [(events, true), (keys, false), (waits, true)] {
        let rows = db.execute_typed(sql, params![before.as_micros(), rows_max(limit)]).await?;
        deleted += if is_counted { rows } else { 0 };
    }
    Ok(usize::try_from(deleted).unwrap_or(usize::MAX))
}

fn read_event(row: &Row) -> Result<ExternalEvent> {
    Ok(ExternalEvent {
        id: get(row, 0)?,
        tenant: tenant_id(row, 1)?,
        name: text(row, 2)?,
        correlation: text_or_none(row, 3)?,
        key: text_or_none(row, 4)?,
        data: payload(row, 5)?,
        at: timestamp(row, 6)?,
    })
}

fn read_entry(row: &Row) -> Result<EventEntry> {
    Ok(EventEntry {
        id: get(row, 0)?,
        name: text(row, 1)?,
        correlation: text_or_none(row, 2)?,
        key: text_or_none(row, 3)?,
        data_bytes: number(row, 4)?,
        at: timestamp(row, 5)?,
    })
}

fn read_wait(row: &Row) -> Result<NodeWait> {
    Ok(NodeWait {
        execution: execution_id(row, 0)?,
        node: NodeIndex(number(row, 1)?),
        node_id: node(row, 2)?,
        tenant: tenant_id(row, 3)?,
        wait: EventWait {
            name: text(row, 4)?,
            correlation: text_or_none(row, 5)?,
            since: timestamp(row, 6)?,
            until: timestamp_or_none(row, 7)?,
        },
    })
}
