//! [`Alerts`] for [`SqliteStore`].
//!
//! Messages are made and taken without reading what they say, so that one that is damaged is in the way of no other.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row, named_params, params};
use serde_json::json;
use steadflow_core::ids::{ExecutionId, FlowId, TenantId};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{
    AlertMessage, AlertNote, AlertRecord, Alerts, ENDS_KEPT_FOR, ExecutionRow, FlowEnds, Listed,
    MessageClaim, MessageTried, NEXT_WITHIN, StoreFuture,
};
use uuid::Uuid;

use crate::SqliteStore;
use crate::columns::{
    blob, flow_id, listed, named, payload, rows_max, tenant_id, text, text_or_none, timestamp,
    timestamp_or_none, uuid,
};
use crate::history::row;

const ALERT_COLUMNS: &str = "id, tenant, document, active_since, created_at, updated_at";
const MESSAGE_COLUMNS: &str =
    "id, alert, group_name, sample, stands_for, state, attempts, next_at, created_at, ended_at, error";

/// Whether messages of the alert of `due` can be taken, and none is being sent.
const IS_FREE: &str = "due.alert NOT IN (SELECT unhex(value) FROM json_each(:not_of)) AND NOT EXISTS (SELECT 1 FROM alert_messages AS other
    WHERE other.alert = due.alert AND other.state = 'pending'
        AND other.claimed_until > :now AND other.claimed_until <= :latest)";
/// Whether no message of the group `due` is to be sent.
const HAS_NONE_PENDING: &str = "NOT EXISTS (SELECT 1 FROM alert_messages AS other
    WHERE other.alert = due.alert AND other.group_name = due.name AND other.state = 'pending')";

impl Alerts for SqliteStore {
    fn alerts(&self, tenant: Option<TenantId>) -> StoreFuture<'_, Vec<Listed<AlertRecord>>> {
        let sql = format!("SELECT {ALERT_COLUMNS} FROM alerts WHERE ?1 IS NULL OR tenant = ?1 ORDER BY id");
        Box::pin(self.read("alerts", move |db| {
            let tenant = tenant.map(|tenant| blob(tenant.uuid()));
            db.prepare_cached(&sql)?.query_map([tenant], |row| listed(row, read_alert))?.collect()
        }))
    }

    fn alert(&self, tenant: Option<TenantId>, id: Uuid) -> StoreFuture<'_, Option<AlertRecord>> {
        let sql = format!("SELECT {ALERT_COLUMNS} FROM alerts WHERE id = ?1 AND (?2 IS NULL OR tenant = ?2)");
        Box::pin(self.read("alert", move |db| {
            let wanted = params![blob(id), tenant.map(|tenant| blob(tenant.uuid()))];
            db.prepare_cached(&sql)?.query_row(wanted, read_alert).optional()
        }))
    }

    fn create_alert(&self, alert: AlertRecord, max: usize) -> StoreFuture<'_, bool> {
        Box::pin(self.change("create_alert", move |db| create(db, &alert, max)))
    }

    fn change_alert(&self, alert: AlertRecord, of: Timestamp) -> StoreFuture<'_, bool> {
        Box::pin(self.change("change_alert", move |db| change(db, &alert, of)))
    }

    fn delete_alert(&self, tenant: TenantId, id: Uuid) -> StoreFuture<'_, bool> {
        Box::pin(self.change("delete_alert", move |db| delete(db, tenant, id)))
    }

    fn alerting_executions(
        &self,
        after: (Timestamp, ExecutionId),
        limit: usize,
    ) -> StoreFuture<'_, Vec<(Timestamp, Listed<ExecutionRow>)>> {
        let sql = format!(
            "SELECT {}, completed_at AS ended_at FROM executions WHERE (status = 'failed' OR recovered = 1) AND parent IS NULL
                AND (completed_at, id) > (?1, ?2)
            ORDER BY completed_at, id LIMIT ?3",
            row::COLUMNS
        );
        Box::pin(self.read("alerting_executions", move |db| {
            let mut statement = db.prepare_cached(&sql)?;
            let wanted = params![after.0.as_micros(), blob(after.1.uuid()), rows_max(limit)];
            let (mut rows, mut found) = (statement.query(wanted)?, Vec::new());
            while let Some(next) = rows.next()? {
                found.push((next.get("ended_at").map(Timestamp::from_micros)?, listed(next, row::read)?));
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
        let sql =
            "INSERT INTO alerts_seen (id, at) VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET at = excluded.at";
        Box::pin(
            self.change("put_alerts_seen", move |db| {
                db.prepare_cached(sql)?.execute([at.as_micros()]).map(drop)
            }),
        )
    }

    fn note_alert(&self, note: AlertNote) -> StoreFuture<'_, bool> {
        Box::pin(self.change("note_alert", move |db| note_now(db, &note)))
    }

    fn claim_message(&self, claim: MessageClaim) -> StoreFuture<'_, Option<Listed<AlertMessage>>> {
        Box::pin(self.change("claim_message", move |db| claim_now(db, claim)))
    }

    fn message_due(&self, window: Duration) -> StoreFuture<'_, Option<Timestamp>> {
        let sql = format!(
            "SELECT min(at) FROM (
                SELECT min(next_at) AS at FROM alert_messages WHERE state = 'pending'
                UNION ALL SELECT min(last_at) + ?1 FROM alert_groups AS due WHERE count > 0 AND {HAS_NONE_PENDING})"
        );
        Box::pin(self.read("message_due", move |db| {
            db.prepare_cached(&sql)?.query_row([micros(window)], |row| timestamp_or_none(row, 0))
        }))
    }

    fn message_tried(&self, tried: MessageTried) -> StoreFuture<'_, ()> {
        let sql = "UPDATE alert_messages SET state = ?2, next_at = ?3, error = ?4, claimed_until = NULL,
                ended_at = CASE WHEN ?2 = 'pending' THEN NULL ELSE ?5 END
            WHERE id = ?1 AND ((state = 'pending' AND claimed_until = ?6) OR (state IN ('pending', 'cancelled') AND ?2 = 'sent'))";
        Box::pin(self.change("message_tried", move |db| {
            let MessageTried { id, state, next_at, at, claimed_until, error } = &tried;
            let (id, next_at, at) = (blob(*id), next_at.as_micros(), at.as_micros());
            let values =
                params![id, state.as_str(), next_at, error.as_deref(), at, claimed_until.as_micros()];
            db.prepare_cached(sql)?.execute(values).map(drop)
        }))
    }

    fn alert_messages(
        &self,
        tenant: TenantId,
        alert: Uuid,
        limit: usize,
    ) -> StoreFuture<'_, Vec<Listed<AlertMessage>>> {
        let sql = format!(
            "SELECT {MESSAGE_COLUMNS} FROM alert_messages
            WHERE alert = ?1 AND EXISTS (SELECT 1 FROM alerts WHERE alerts.id = ?1 AND tenant = ?2)
            ORDER BY id DESC LIMIT ?3"
        );
        Box::pin(self.read("alert_messages", move |db| {
            let wanted = params![blob(alert), blob(tenant.uuid()), rows_max(limit)];
            db.prepare_cached(&sql)?.query_map(wanted, |row| listed(row, read_message))?.collect()
        }))
    }

    fn forget_note(&self, alert: Uuid, key: Arc<str>) -> StoreFuture<'_, ()> {
        let sql = "DELETE FROM alert_notes WHERE alert = ?1 AND key = ?2";
        Box::pin(self.change("forget_note", move |db| {
            db.prepare_cached(sql)?.execute(params![blob(alert), &*key]).map(drop)
        }))
    }

    fn flow_ends(
        &self,
        tenant: TenantId,
        flow: Option<FlowId>,
        since: Timestamp,
    ) -> StoreFuture<'_, Vec<FlowEnds>> {
        let sql = "SELECT flow, sum(executions), sum(completed) FROM flow_ends
            WHERE minute >= ?1 AND tenant = ?2 AND (?3 IS NULL OR flow = ?3) GROUP BY flow ORDER BY flow";
        Box::pin(self.read("flow_ends", move |db| {
            let flow = flow.map(|flow| blob(flow.uuid()));
            let wanted = params![FlowEnds::minute_of(since), blob(tenant.uuid()), flow];
            db.prepare_cached(sql)?.query_map(wanted, read_ends)?.collect()
        }))
    }

    fn expire_alerts(&self, before: Timestamp, now: Timestamp, limit: usize) -> StoreFuture<'_, usize> {
        Box::pin(self.change("expire_alerts", move |db| expire(db, before, now, limit)))
    }
}

fn create(db: &Connection, alert: &AlertRecord, max: usize) -> rusqlite::Result<bool> {
    let sql = "INSERT INTO alerts (id, tenant, document, active_since, created_at, updated_at)
        SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE (SELECT count(*) FROM alerts WHERE tenant = ?2) < ?7";
    let values = params![
        blob(alert.id),
        blob(alert.tenant.uuid()),
        alert.document.as_str(),
        alert.active_since.map(Timestamp::as_micros),
        alert.created_at.as_micros(),
        alert.updated_at.as_micros(),
        rows_max(max),
    ];
    Ok(db.prepare_cached(sql)?.execute(values)? > 0)
}

fn change(db: &Connection, alert: &AlertRecord, of: Timestamp) -> rusqlite::Result<bool> {
    let sql = "UPDATE alerts SET document = ?3, active_since = ?4, updated_at = ?5
        WHERE id = ?1 AND tenant = ?2 AND updated_at = ?6";
    let (id, now) = (blob(alert.id), alert.updated_at.as_micros());
    let values = params![
        id,
        blob(alert.tenant.uuid()),
        alert.document.as_str(),
        alert.active_since.map(Timestamp::as_micros),
        now,
        of.as_micros(),
    ];
    let is_changed = db.prepare_cached(sql)?.execute(values)? > 0;
    if is_changed && alert.active_since.is_none() {
        let sql = "UPDATE alert_messages SET state = 'cancelled', ended_at = ?2, claimed_until = NULL
            WHERE alert = ?1 AND state = 'pending'";
        db.prepare_cached(sql)?.execute(params![id, now])?;
        db.prepare_cached("UPDATE alert_groups SET count = 0 WHERE alert = ?1")?.execute([id])?;
    }
    Ok(is_changed)
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
        SELECT ?1, ?2, ?3 WHERE EXISTS (SELECT 1 FROM alerts WHERE id = ?1 AND active_since = ?4)";
    let (alert, at) = (blob(note.alert), note.at.as_micros());
    let values = params![alert, &*note.key, at, note.active_since.as_micros()];
    if db.prepare_cached(sql)?.execute(values)? == 0 {
        return Ok(false);
    }
    let sql = format!(
        "UPDATE alert_groups AS due SET count = max(count, 0) + 1, sample = ?3 WHERE alert = ?1 AND name = ?2
            AND ((last_at > ?4 AND last_at <= ?5) OR NOT {HAS_NONE_PENDING})"
    );
    let (group, window) = (&*note.group, micros(note.window));
    let (since, until) = (at.saturating_sub(window), at.saturating_add(window));
    let counted = params![alert, group, note.sample.as_str(), since, until];
    if db.prepare_cached(&sql)?.execute(counted)? == 0 {
        let sql = "INSERT INTO alert_groups (alert, name, count, sample, last_at) VALUES (?1, ?2, 1, ?3, ?4)
            ON CONFLICT (alert, name) DO UPDATE SET count = max(count, 0) + 1, sample = excluded.sample";
        db.prepare_cached(sql)?.execute(params![alert, group, note.sample.as_str(), at])?;
        let of_group = "due.alert = :alert AND due.name = :group";
        begin(
            db,
            of_group,
            named_params! { ":message": blob(note.message), ":now": at, ":alert": alert, ":group": group },
        )?;
    }
    Ok(true)
}

/// Makes a message of what is counted of the first group that `is_meant` holds for, and begins the time of that group.
fn begin(
    db: &Connection,
    is_meant: &str,
    values: &[(&str, &dyn rusqlite::ToSql)],
) -> rusqlite::Result<usize> {
    let sql = format!(
        "INSERT INTO alert_messages
            (id, alert, group_name, sample, stands_for, state, attempts, next_at, created_at)
        SELECT :message, alert, name, sample, count, 'pending', 0, :now, :now FROM alert_groups AS due
        WHERE {is_meant} ORDER BY last_at LIMIT 1"
    );
    let begun = db.prepare_cached(&sql)?.execute(values)?;
    let sql = "UPDATE alert_groups SET count = 0, last_at = :now
        WHERE (alert, name) IN (SELECT alert, group_name FROM alert_messages WHERE id = :message)";
    let of_message: Vec<_> =
        values.iter().filter(|(name, _)| matches!(*name, ":message" | ":now")).copied().collect();
    db.prepare_cached(sql)?.execute(&*of_message)?;
    Ok(begun)
}

fn claim_now(db: &Connection, claim: MessageClaim) -> rusqlite::Result<Option<Listed<AlertMessage>>> {
    let MessageClaim { now, until, window, message, not_of } = claim;
    let not_of = json!(not_of.iter().map(|alert| alert.simple().to_string()).collect::<Vec<_>>()).to_string();
    let (at, latest) = (now.as_micros(), now.plus(NEXT_WITHIN).as_micros());
    let sql = format!(
        "SELECT id FROM alert_messages AS due WHERE state = 'pending' AND (next_at <= :now OR next_at > :latest)
            AND {IS_FREE} ORDER BY next_at, id LIMIT 1"
    );
    let id_of = |row: &Row<'_>| row.get::<_, Vec<u8>>(0);
    let times = named_params! { ":now": at, ":latest": latest, ":not_of": not_of };
    let mut due = db.prepare_cached(&sql)?.query_row(times, id_of).optional()?;
    if due.is_none() {
        let (since, wrong) = (at.saturating_sub(micros(window)), at.saturating_add(micros(window)));
        let is_ripe = format!(
            "count > 0 AND (last_at <= :since OR last_at > :wrong) AND {HAS_NONE_PENDING} AND {IS_FREE}"
        );
        let values = named_params! {
            ":message": blob(message), ":now": at, ":latest": latest, ":since": since, ":wrong": wrong, ":not_of": not_of,
        };
        due = (begin(db, &is_ripe, values)? > 0).then(|| blob(message).to_vec());
    }
    let Some(id) = due else { return Ok(None) };
    let sql = format!(
        "UPDATE alert_messages SET next_at = ?2, claimed_until = ?2, attempts = attempts + 1 WHERE id = ?1
        RETURNING {MESSAGE_COLUMNS}"
    );
    let taken = params![id, until.as_micros()];
    db.prepare_cached(&sql)?.query_row(taken, |row| listed(row, read_message)).map(Some)
}

fn expire(db: &Connection, before: Timestamp, now: Timestamp, limit: usize) -> rusqlite::Result<usize> {
    let oldest = now.as_micros().saturating_sub(micros(ENDS_KEPT_FOR));
    let (before, limit) = (before.as_micros(), rows_max(limit));
    let sql = "DELETE FROM alert_notes WHERE (alert, key) IN
        (SELECT alert, key FROM alert_notes WHERE at < ?1 LIMIT ?2)";
    let notes = db.prepare_cached(sql)?.execute([before, limit])?;
    let sql = "DELETE FROM alert_messages WHERE id IN
        (SELECT id FROM alert_messages WHERE created_at < ?1 AND state <> 'pending' LIMIT ?2)";
    let messages = db.prepare_cached(sql)?.execute([before, limit])?;
    let sql = "DELETE FROM alert_groups WHERE (alert, name) IN
        (SELECT alert, name FROM alert_groups WHERE count = 0 AND last_at < ?1 LIMIT ?2)";
    let groups = db.prepare_cached(sql)?.execute([before, limit])?;
    let sql = "DELETE FROM flow_ends WHERE (minute, tenant, flow) IN
        (SELECT minute, tenant, flow FROM flow_ends WHERE minute < ?1 LIMIT ?2)";
    let ends = db.prepare_cached(sql)?.execute([oldest, limit])?;
    Ok(notes + messages + groups + ends)
}

fn micros(length: Duration) -> i64 {
    i64::try_from(length.as_micros()).unwrap_or(i64::MAX)
}

fn read_ends(row: &Row<'_>) -> rusqlite::Result<FlowEnds> {
    let count = |column| row.get(column).map(|sum: i64| u64::try_from(sum).unwrap_or_default());
    Ok(FlowEnds { flow: flow_id(row, 0)?, executions: count(1)?, completed: count(2)? })
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
