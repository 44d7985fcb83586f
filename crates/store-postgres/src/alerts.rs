//! [`Alerts`] for [`PostgresStore`].
//!
//! What notes something of an alert, or takes a message of it, has its row locked, so that processes do so one after the other.
//! Messages are made and taken without reading what they say, so that one that is damaged is in the way of no other.

mod messages;

use std::sync::Arc;
use std::time::Duration;

use steadflow_core::ids::{ExecutionId, FlowId, TenantId};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{
    AlertMessage, AlertNote, AlertRecord, Alerts, ENDS_KEPT_FOR, ExecutionRow, FlowEnds, Listed,
    MessageClaim, MessageTried, StoreFuture,
};
use tokio_postgres::{Client, Row};
use uuid::Uuid;

use crate::columns::{flow_id, get, listed, payload, tenant_id, timestamp, timestamp_or_none};
use crate::error::Result;
use crate::row;
use crate::session::{session, transaction};
use crate::value::{params, rows_max, stored};
use crate::{PostgresStore, call};

const ALERT_COLUMNS: &str = "id, tenant, document, active_since, created_at, updated_at";

impl Alerts for PostgresStore {
    fn alerts(&self, tenant: Option<TenantId>) -> StoreFuture<'_, Vec<Listed<AlertRecord>>> {
        call("alerts", async move {
            let sql =
                format!("SELECT {ALERT_COLUMNS} FROM alerts WHERE $1 IS NULL OR tenant = $1 ORDER BY id");
            let tenant = tenant.map(TenantId::uuid);
            let found = session(&self.pool).await?.query_typed(&sql, params![tenant]).await?;
            found.iter().map(|row| listed(row, read)).collect()
        })
    }

    fn alert(&self, tenant: Option<TenantId>, id: Uuid) -> StoreFuture<'_, Option<AlertRecord>> {
        call("alert", async move {
            let sql =
                format!("SELECT {ALERT_COLUMNS} FROM alerts WHERE id = $1 AND ($2 IS NULL OR tenant = $2)");
            let tenant = tenant.map(TenantId::uuid);
            let found = session(&self.pool).await?.query_typed_opt(&sql, params![id, tenant]).await?;
            found.as_ref().map(read).transpose()
        })
    }

    fn create_alert(&self, alert: AlertRecord, max: usize) -> StoreFuture<'_, bool> {
        call("create_alert", async move { transaction!(&self.pool, |db| create(db, &alert, max).await) })
    }

    fn change_alert(&self, alert: AlertRecord, of: Timestamp) -> StoreFuture<'_, bool> {
        call("change_alert", async move { transaction!(&self.pool, |db| change(db, &alert, of).await) })
    }

    /// What belongs to it goes with it, by its foreign keys.
    fn delete_alert(&self, tenant: TenantId, id: Uuid) -> StoreFuture<'_, bool> {
        call("delete_alert", async move {
            let sql = "DELETE FROM alerts WHERE id = $1 AND tenant = $2";
            Ok(session(&self.pool).await?.execute_typed(sql, params![id, tenant.uuid()]).await? > 0)
        })
    }

    fn alerting_executions(
        &self,
        after: (Timestamp, ExecutionId),
        limit: usize,
    ) -> StoreFuture<'_, Vec<(Timestamp, Listed<ExecutionRow>)>> {
        call("alerting_executions", async move {
            let sql = format!(
                "SELECT {}, completed_at AS ended_at FROM executions
                WHERE (status = 'failed' OR recovered) AND parent IS NULL AND (completed_at, id) > ($1, $2)
                ORDER BY completed_at, id LIMIT $3",
                row::COLUMNS
            );
            let (at, id) = (after.0.as_micros(), after.1.uuid());
            let found =
                session(&self.pool).await?.query_typed(&sql, params![at, id, rows_max(limit)]).await?;
            found.iter().map(|next| Ok((timestamp(next, 33)?, listed(next, row::read)?))).collect()
        })
    }

    fn alerts_seen(&self) -> StoreFuture<'_, Option<Timestamp>> {
        call("alerts_seen", async move {
            let found = session(&self.pool).await?.query_typed_opt("SELECT at FROM alerts_seen", &[]).await?;
            found.map(|row| timestamp(&row, 0)).transpose()
        })
    }

    fn put_alerts_seen(&self, at: Timestamp) -> StoreFuture<'_, ()> {
        call("put_alerts_seen", async move {
            let sql = "INSERT INTO alerts_seen (id, at) VALUES (1, $1)
                ON CONFLICT (id) DO UPDATE SET at = excluded.at";
            session(&self.pool).await?.execute_typed(sql, params![at.as_micros()]).await?;
            Ok(())
        })
    }

    fn note_alert(&self, note: AlertNote) -> StoreFuture<'_, bool> {
        call("note_alert", async move { transaction!(&self.pool, |db| messages::note(db, &note).await) })
    }

    fn claim_message(&self, claim: MessageClaim) -> StoreFuture<'_, Option<Listed<AlertMessage>>> {
        call("claim_message", self.claim_next(claim))
    }

    fn message_due(&self, window: Duration) -> StoreFuture<'_, Option<Timestamp>> {
        call("message_due", async move { messages::due(&*session(&self.pool).await?, window).await })
    }

    fn message_tried(&self, tried: MessageTried) -> StoreFuture<'_, ()> {
        call("message_tried", async move {
            let sql = "UPDATE alert_messages SET state = $2, next_at = $3, error = $4, claimed_until = NULL,
                    ended_at = CASE WHEN $2 = 'pending' THEN NULL ELSE $5 END
                WHERE id = $1 AND ((state = 'pending' AND claimed_until = $6) OR (state IN ('pending', 'cancelled') AND $2 = 'sent'))";
            let MessageTried { id, state, next_at, at, claimed_until, error } = &tried;
            let (next_at, error, at) = (next_at.as_micros(), error.as_deref().map(stored), at.as_micros());
            let (state, claimed_until) = (state.as_str(), claimed_until.as_micros());
            let db = session(&self.pool).await?;
            db.execute_typed(sql, params![*id, state, next_at, error, at, claimed_until]).await?;
            Ok(())
        })
    }

    fn alert_messages(
        &self,
        tenant: TenantId,
        alert: Uuid,
        limit: usize,
    ) -> StoreFuture<'_, Vec<Listed<AlertMessage>>> {
        call("alert_messages", async move {
            messages::list(&*session(&self.pool).await?, tenant, alert, limit).await
        })
    }

    fn forget_note(&self, alert: Uuid, key: Arc<str>) -> StoreFuture<'_, ()> {
        call("forget_note", async move {
            let sql = "DELETE FROM alert_notes WHERE alert = $1 AND key = $2";
            session(&self.pool).await?.execute_typed(sql, params![alert, stored(&key)]).await?;
            Ok(())
        })
    }

    fn flow_ends(
        &self,
        tenant: TenantId,
        flow: Option<FlowId>,
        since: Timestamp,
    ) -> StoreFuture<'_, Vec<FlowEnds>> {
        call("flow_ends", async move {
            let sql = "SELECT flow,
                    least(sum(executions), 9223372036854775807)::bigint,
                    least(sum(completed), 9223372036854775807)::bigint
                FROM flow_ends
                WHERE minute >= $1 AND tenant = $2 AND ($3 IS NULL OR flow = $3) GROUP BY flow ORDER BY flow";
            let (minute, flow) = (FlowEnds::minute_of(since), flow.map(FlowId::uuid));
            let found =
                session(&self.pool).await?.query_typed(sql, params![minute, tenant.uuid(), flow]).await?;
            found.iter().map(read_ends).collect()
        })
    }

    fn expire_alerts(&self, before: Timestamp, now: Timestamp, limit: usize) -> StoreFuture<'_, usize> {
        call("expire_alerts", async move { expire(&*session(&self.pool).await?, before, now, limit).await })
    }
}

async fn create(db: &Client, alert: &AlertRecord, max: usize) -> Result<bool> {
    // Others that count them wait here.
    let sql = "SELECT 1 FROM alerts WHERE tenant = $1 ORDER BY id FOR UPDATE";
    db.execute_typed(sql, params![alert.tenant.uuid()]).await?;
    let sql = "INSERT INTO alerts (id, tenant, document, active_since, created_at, updated_at)
        SELECT $1, $2, $3, $4, $5, $6 WHERE (SELECT count(*) FROM alerts WHERE tenant = $2) < $7";
    let created = db
        .execute_typed(
            sql,
            params![
                alert.id,
                alert.tenant.uuid(),
                alert.document.as_str(),
                alert.active_since.map(Timestamp::as_micros),
                alert.created_at.as_micros(),
                alert.updated_at.as_micros(),
                rows_max(max),
            ],
        )
        .await?;
    Ok(created > 0)
}

async fn change(db: &Client, alert: &AlertRecord, of: Timestamp) -> Result<bool> {
    // Noting an event and taking a message lock it as well, so the change comes before or after these.
    let sql = "SELECT 1 FROM alerts WHERE id = $1 FOR UPDATE";
    db.execute_typed(sql, params![alert.id]).await?;
    let sql = "UPDATE alerts SET document = $3, active_since = $4, updated_at = $5
        WHERE id = $1 AND tenant = $2 AND updated_at = $6";
    let (now, tenant) = (alert.updated_at.as_micros(), alert.tenant.uuid());
    let (document, active_since) = (alert.document.as_str(), alert.active_since.map(Timestamp::as_micros));
    let is_changed =
        db.execute_typed(sql, params![alert.id, tenant, document, active_since, now, of.as_micros()]).await?
            > 0;
    if is_changed && alert.active_since.is_none() {
        let sql = "UPDATE alert_messages SET state = 'cancelled', ended_at = $2, claimed_until = NULL
            WHERE alert = $1 AND state = 'pending'";
        db.execute_typed(sql, params![alert.id, now]).await?;
        db.execute_typed("UPDATE alert_groups SET count = 0 WHERE alert = $1", params![alert.id]).await?;
    }
    Ok(is_changed)
}

async fn expire(db: &Client, before: Timestamp, now: Timestamp, limit: usize) -> Result<usize> {
    let oldest = now.as_micros().saturating_sub(micros(ENDS_KEPT_FOR));
    let (before, limit) = (before.as_micros(), rows_max(limit));
    let mut deleted = 0;
    for (sql, before) in [
        (
            "DELETE FROM alert_notes WHERE (alert, key) IN
            (SELECT alert, key FROM alert_notes WHERE at < $1 ORDER BY at, alert, key LIMIT $2 FOR UPDATE)",
            before,
        ),
        (
            "DELETE FROM alert_messages WHERE id IN
            (SELECT id FROM alert_messages WHERE created_at < $1 AND state <> 'pending'
                ORDER BY id LIMIT $2 FOR UPDATE)",
            before,
        ),
        (
            "DELETE FROM alert_groups WHERE (alert, name) IN
            (SELECT alert, name FROM alert_groups WHERE count = 0 AND last_at < $1
                ORDER BY last_at, alert, name LIMIT $2 FOR UPDATE)",
            before,
        ),
        (
            "DELETE FROM flow_ends WHERE (minute, tenant, flow, lane) IN
            (SELECT minute, tenant, flow, lane FROM flow_ends WHERE minute < $1
                ORDER BY minute, tenant, flow, lane LIMIT $2 FOR UPDATE)",
            oldest,
        ),
    ] {
        deleted += db.execute_typed(sql, params![before, limit]).await?;
    }
    Ok(usize::try_from(deleted).unwrap_or(usize::MAX))
}

fn micros(length: Duration) -> i64 {
    i64::try_from(length.as_micros()).unwrap_or(i64::MAX)
}

fn read_ends(row: &Row) -> Result<FlowEnds> {
    let count = |column| get(row, column).map(|sum: i64| u64::try_from(sum).unwrap_or_default());
    Ok(FlowEnds { flow: flow_id(row, 0)?, executions: count(1)?, completed: count(2)? })
}

fn read(row: &Row) -> Result<AlertRecord> {
    Ok(AlertRecord {
        id: get(row, 0)?,
        tenant: tenant_id(row, 1)?,
        document: payload(row, 2)?,
        active_since: timestamp_or_none(row, 3)?,
        created_at: timestamp(row, 4)?,
        updated_at: timestamp(row, 5)?,
    })
}
