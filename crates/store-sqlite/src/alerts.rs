//! [`Alerts`] for [`SqliteStore`].

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row, params};
use steadflow_core::ids::{ExecutionId, TenantId};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{
    AlertMessage, AlertNote, AlertRecord, Alerts, ExecutionRow, Listed, MessageClaim, MessageTried,
    StoreFuture,
};
use uuid::Uuid;

use crate::SqliteStore;
use crate::columns::{
    blob, listed, named, payload, rows_max, tenant_id, text, text_or_none, timestamp, timestamp_or_none, uuid,
};
use crate::history::row;

const MESSAGE_COLUMNS: &str =
    "id, alert, group_name, sample, stands_for, state, attempts, next_at, created_at, ended_at, error";

impl Alerts for SqliteStore {
    fn alerts(&self) -> StoreFuture<'_, Vec<AlertRecord>> {
        let sql = "SELECT id, tenant, document, active_since, created_at, updated_at FROM alerts ORDER BY id";
        Box::pin(self.read("alerts", move |db| db.prepare_cached(sql)?.query_map([], read_alert)?.collect()))
    }

    fn put_alert(&self, alert: AlertRecord) -> StoreFuture<'_, ()> {
        Box::pin(self.change("put_alert", move |db| put(db, &alert)))
    }

    fn delete_alert(&self, tenant: TenantId, id: Uuid) -> StoreFuture<'_, bool> {
        Box::pin(self.change("delete_alert", move |db| delete(db, tenant, id)))
    }

    fn alerting_executions(
        &self,
        after: (Timestamp, ExecutionId),
        limit: usize,
    ) -> StoreFuture<'_, Vec<Listed<ExecutionRow>>> {
        let sql = format!(
            "SELECT {} FROM executions WHERE (status = 'failed' OR recovered = 1) AND parent IS NULL
                AND (completed_at, id) > (?1, ?2)
            ORDER BY completed_at, id LIMIT ?3",
            row::COLUMNS
        );
        Box::pin(self.read("alerting_executions", move |db| {
            let mut statement = db.prepare_cached(&sql)?;
            let wanted = params![after.0.as_micros(), blob(after.1.uuid()), rows_max(limit)];
            let (mut rows, mut found) = (statement.query(wanted)?, Vec::new());
            while let Some(next) = rows.next()? {
                found.push(listed(next, row::read)?);
            }
            Ok(found)
        }))
    }

    fn alerts_seen(&self) -> StoreFuture<'_, Option<Timestamp>> {
        let sql = "SELECT at FROM alerts_seen";
        Box::pin(self.read("alerts_seen", move |db| {
            db.prepare_cached(sql)?.query_row([], |row| timestamp(row, 0)).optional()
        }))
    }

    fn put_alerts_seen(&self, at: Timestamp) -> StoreFuture<'_, ()> {
        let sql = "INSERT INTO alerts_seen (id, at) VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET at = max(at, excluded.at)";
        Box::pin(
            self.change("put_alerts_seen", move |db| {
                db.prepare_cached(sql)?.execute([at.as_micros()]).map(drop)
            }),
        )
    }

    fn note_alert(&self, note: AlertNote) -> StoreFuture<'_, bool> {
        Box::pin(self.change("note_alert", move |db| note_now(db, &note)))
    }

    fn claim_message(&self, claim: MessageClaim) -> StoreFuture<'_, Option<AlertMessage>> {
        Box::pin(self.change("claim_message", move |db| claim_now(db, claim)))
    }

    fn message_tried(&self, tried: MessageTried) -> StoreFuture<'_, ()> {
        let sql = "UPDATE alert_messages SET state = ?2, next_at = ?3, error = ?4,
                ended_at = CASE WHEN ?2 = 'pending' THEN NULL ELSE ?5 END
            WHERE id = ?1 AND state = 'pending'";
        Box::pin(self.change("message_tried", move |db| {
            let MessageTried { id, state, next_at, at, error } = &tried;
            let values =
                params![blob(*id), state.as_str(), next_at.as_micros(), error.as_deref(), at.as_micros()];
            db.prepare_cached(sql)?.execute(values).map(drop)
        }))
    }

    fn alert_messages(
        &self,
        tenant: TenantId,
        alert: Uuid,
        limit: usize,
    ) -> StoreFuture<'_, Vec<AlertMessage>> {
        let sql = format!(
            "SELECT {MESSAGE_COLUMNS} FROM alert_messages
            WHERE alert = ?1 AND EXISTS (SELECT 1 FROM alerts WHERE alerts.id = ?1 AND tenant = ?2)
            ORDER BY id DESC LIMIT ?3"
        );
        Box::pin(self.read("alert_messages", move |db| {
            let wanted = params![blob(alert), blob(tenant.uuid()), rows_max(limit)];
            db.prepare_cached(&sql)?.query_map(wanted, read_message)?.collect()
        }))
    }

    fn expire_alerts(&self, before: Timestamp, limit: usize) -> StoreFuture<'_, usize> {
        Box::pin(self.change("expire_alerts", move |db| expire(db, before, limit)))
    }
}

fn put(db: &Connection, alert: &AlertRecord) -> rusqlite::Result<()> {
    let sql = "INSERT INTO alerts (id, tenant, document, active_since, created_at, updated_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)
        ON CONFLICT (id) DO UPDATE SET document = excluded.document, active_since = excluded.active_since,
            updated_at = excluded.updated_at";
    db.prepare_cached(sql)?
        .execute(params![
            blob(alert.id),
            blob(alert.tenant.uuid()),
            alert.document.as_str(),
            alert.active_since.map(Timestamp::as_micros),
            alert.created_at.as_micros(),
            alert.updated_at.as_micros(),
        ])
        .map(drop)
}

fn delete(db: &Connection, tenant: TenantId, id: Uuid) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM alerts WHERE id = ?1 AND tenant = ?2";
    if !db.prepare_cached(sql)?.exists(params![blob(id), blob(tenant.uuid())])? {
        return Ok(false);
    }
    for sql in [
        "DELETE FROM alert_notes WHERE alert = ?1",
        "DELETE FROM alert_groups WHERE alert = ?1",
        "DELETE FROM alert_messages WHERE alert = ?1",
        "DELETE FROM alerts WHERE id = ?1",
    ] {
        db.prepare_cached(sql)?.execute([blob(id)])?;
    }
    Ok(true)
}

fn note_now(db: &Connection, note: &AlertNote) -> rusqlite::Result<bool> {
    let sql = "INSERT OR IGNORE INTO alert_notes (alert, key, at)
        SELECT ?1, ?2, ?3 WHERE EXISTS (SELECT 1 FROM alerts WHERE id = ?1)";
    let is_new =
        db.prepare_cached(sql)?.execute(params![blob(note.alert), &*note.key, note.at.as_micros()])? > 0;
    if !is_new || note.is_silent {
        return Ok(is_new);
    }
    let sql = "UPDATE alert_groups SET count = count + 1, sample = ?3 WHERE alert = ?1 AND name = ?2 AND last_at > ?4";
    let since = ago(note.at, note.window).as_micros();
    let (alert, group) = (blob(note.alert), &*note.group);
    if db.prepare_cached(sql)?.execute(params![alert, group, note.sample.as_str(), since])? > 0 {
        return Ok(true);
    }
    let sql = "SELECT count FROM alert_groups WHERE alert = ?1 AND name = ?2";
    let before: Option<u32> =
        db.prepare_cached(sql)?.query_row(params![alert, group], |row| row.get(0)).optional()?;
    start(db, note, before.unwrap_or_default() + 1)?;
    Ok(true)
}

/// Begins the time of a group with a message.
fn start(db: &Connection, note: &AlertNote, stands_for: u32) -> rusqlite::Result<()> {
    let sql = "INSERT INTO alert_groups (alert, name, count, sample, last_at) VALUES (?1, ?2, 0, ?3, ?4)
        ON CONFLICT (alert, name) DO UPDATE SET count = 0, sample = excluded.sample, last_at = excluded.last_at";
    let (alert, group, at) = (blob(note.alert), &*note.group, note.at.as_micros());
    db.prepare_cached(sql)?.execute(params![alert, group, note.sample.as_str(), at])?;
    let sql = "INSERT INTO alert_messages (id, alert, group_name, sample, stands_for, state, attempts, next_at, created_at)
        VALUES (?1, ?2, ?3, ?4, ?5, 'pending', 0, ?6, ?6)";
    let values = params![blob(note.message), alert, group, note.sample.as_str(), stands_for, at];
    db.prepare_cached(sql)?.execute(values).map(drop)
}

fn claim_now(db: &Connection, claim: MessageClaim) -> rusqlite::Result<Option<AlertMessage>> {
    let MessageClaim { now, until, window, message } = claim;
    let sql = "SELECT id FROM alert_messages WHERE state = 'pending' AND next_at <= ?1 ORDER BY next_at, id LIMIT 1";
    let due = db.prepare_cached(sql)?.query_row([now.as_micros()], |row| uuid(row, 0)).optional()?;
    let id = match due {
        Some(id) => id,
        None => {
            let sql = "SELECT alert, name, count, sample FROM alert_groups WHERE count > 0 AND last_at <= ?1
                ORDER BY last_at LIMIT 1";
            let counted = db.prepare_cached(sql)?.query_row([ago(now, window).as_micros()], |row| {
                let (alert, group) = (uuid(row, 0)?, text(row, 1)?);
                let (key, sample) = (group.clone(), payload(row, 3)?);
                let note =
                    AlertNote { alert, key, group, sample, at: now, is_silent: false, message, window };
                Ok((note, row.get::<_, u32>(2)?))
            });
            let Some((note, count)) = counted.optional()? else { return Ok(None) };
            start(db, &note, count)?;
            message
        }
    };
    let sql = format!(
        "UPDATE alert_messages SET next_at = ?2, attempts = attempts + 1 WHERE id = ?1 RETURNING {MESSAGE_COLUMNS}"
    );
    db.prepare_cached(&sql)?.query_row(params![blob(id), until.as_micros()], read_message).map(Some)
}

fn expire(db: &Connection, before: Timestamp, limit: usize) -> rusqlite::Result<usize> {
    let (before, limit) = (before.as_micros(), rows_max(limit));
    let sql = "DELETE FROM alert_notes WHERE (alert, key) IN
        (SELECT alert, key FROM alert_notes WHERE at < ?1 LIMIT ?2)";
    let notes = db.prepare_cached(sql)?.execute([before, limit])?;
    let sql = "DELETE FROM alert_messages WHERE id IN
        (SELECT id FROM alert_messages WHERE created_at < ?1 AND state <> 'pending' LIMIT ?2)";
    let messages = db.prepare_cached(sql)?.execute([before, limit])?;
    let sql = "DELETE FROM alert_groups WHERE count = 0 AND last_at < ?1";
    db.prepare_cached(sql)?.execute([before])?;
    Ok(notes + messages)
}

fn ago(now: Timestamp, length: Duration) -> Timestamp {
    let length = i64::try_from(length.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(now.as_micros().saturating_sub(length))
}

fn read_alert(row: &Row<'_>) -> rusqlite::Result<AlertRecord> {
    Ok(AlertRecord {
        id: uuid(row, 0)?,
        tenant: tenant_id(row, 1)?,
        document: payload(row, 2)?,
        active_since: timestamp_or_none(row, 3)?,
        created_at: timestamp(row, 4)?,
        updated_at: timestamp(row, 5)?,
    })
}

fn read_message(row: &Row<'_>) -> rusqlite::Result<AlertMessage> {
    Ok(AlertMessage {
        id: uuid(row, 0)?,
        alert: uuid(row, 1)?,
        group: text(row, 2)?,
        sample: payload(row, 3)?,
        stands_for: row.get(4)?,
        state: named(5, &text(row, 5)?)?,
        attempts: row.get(6)?,
        next_at: timestamp(row, 7)?,
        created_at: timestamp(row, 8)?,
        ended_at: timestamp_or_none(row, 9)?,
        error: text_or_none(row, 10)?,
    })
}
