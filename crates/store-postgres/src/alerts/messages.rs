//! What is noted of alerts, and the messages about it.

use std::time::Duration;

use steadflow_core::ids::TenantId;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{AlertMessage, AlertNote, Listed, MessageClaim, NEXT_WITHIN};
use tokio_postgres::{Client, Row};
use uuid::Uuid;

use super::micros;
use crate::PostgresStore;
use crate::columns::{get, listed, named, number, payload, text, text_or_none, timestamp, timestamp_or_none};
use crate::error::Result;
use crate::session::transaction;
use crate::value::{params, rows_max, stored};

const MESSAGE_COLUMNS: &str =
    "id, alert, group_name, sample, stands_for, state, attempts, next_at, created_at, ended_at, error";

/// Whether messages of the alert of `due` can be taken, and none is being sent; $1 is now, $2 the latest moment that makes sense, and
/// $3 has the alerts that are left out.
const IS_FREE: &str = "due.alert <> ALL($3) AND NOT EXISTS (SELECT 1 FROM alert_messages AS other
    WHERE other.alert = due.alert AND other.state = 'pending'
        AND other.claimed_until > $1 AND other.claimed_until <= $2)";
/// Whether no message of the group `due` is to be sent.
const HAS_NONE_PENDING: &str = "NOT EXISTS (SELECT 1 FROM alert_messages AS other
    WHERE other.alert = due.alert AND other.group_name = due.name AND other.state = 'pending')";

/// See [`steadflow_store::Alerts::note_alert`]; in one transaction.
pub(super) async fn note(db: &Client, note: &AlertNote) -> Result<bool> {
    let sql = "SELECT 1 FROM alerts WHERE id = $1 AND active_since = $2 FOR UPDATE";
    if db.query_typed_opt(sql, params![note.alert, note.active_since.as_micros()]).await?.is_none() {
        return Ok(false);
    }
    let sql =
        "INSERT INTO alert_notes (alert, key, at) VALUES ($1, $2, $3) ON CONFLICT (alert, key) DO NOTHING";
    let (alert, at) = (note.alert, note.at.as_micros());
    if db.execute_typed(sql, params![alert, stored(&note.key), at]).await? == 0 {
        return Ok(false);
    }
    let sql = format!(
        "UPDATE alert_groups AS due SET count = greatest(count, 0) + 1, sample = $3 WHERE alert = $1 AND name = $2
            AND ((last_at > $4 AND last_at <= $5) OR NOT {HAS_NONE_PENDING})"
    );
    let (group, window, sample) = (stored(&note.group), micros(note.window), note.sample.as_str());
    let (since, until) = (at.saturating_sub(window), at.saturating_add(window));
    if db.execute_typed(&sql, params![alert, group, sample, since, until]).await? == 0 {
        let sql = "INSERT INTO alert_groups (alert, name, count, sample, last_at) VALUES ($1, $2, 1, $3, $4)
            ON CONFLICT (alert, name)
            DO UPDATE SET count = greatest(alert_groups.count, 0) + 1, sample = excluded.sample";
        db.execute_typed(sql, params![alert, group, sample, at]).await?;
        begin(db, alert, &group, (note.message, at)).await?;
    }
    Ok(true)
}

/// Makes a message of what is counted of a group, and begins the time of that group.
async fn begin(db: &Client, alert: Uuid, group: &str, (message, now): (Uuid, i64)) -> Result<()> {
    let sql = "INSERT INTO alert_messages
            (id, alert, group_name, sample, stands_for, state, attempts, next_at, created_at)
        SELECT $3, alert, name, sample, count, 'pending', 0, $4, $4 FROM alert_groups WHERE alert = $1 AND name = $2";
    db.execute_typed(sql, params![alert, group, message, now]).await?;
    let sql = "UPDATE alert_groups SET count = 0, last_at = $3 WHERE alert = $1 AND name = $2";
    db.execute_typed(sql, params![alert, group, now]).await?;
    Ok(())
}

/// What a try to take a message came to.
enum Tried {
    Taken(Listed<AlertMessage>),
    /// There is none.
    Nothing,
    /// Somebody else was faster.
    Lost,
}

impl PostgresStore {
    /// See [`steadflow_store::Alerts::claim_message`].
    pub(super) async fn claim_next(&self, claim: MessageClaim) -> Result<Option<Listed<AlertMessage>>> {
        loop {
            match transaction!(&self.pool, |db| claim_once(db, &claim).await)? {
                Tried::Taken(message) => return Ok(Some(message)),
                Tried::Nothing => return Ok(None),
                Tried::Lost => {}
            }
        }
    }
}

/// Looks for a message, or a group that is to have one, then locks the alert, and looks again whether it is so still.
async fn claim_once(db: &Client, claim: &MessageClaim) -> Result<Tried> {
    let not_of: Vec<Uuid> = claim.not_of.iter().copied().collect();
    let (now, latest) = (claim.now.as_micros(), claim.now.plus(NEXT_WITHIN).as_micros());
    let is_due = format!("state = 'pending' AND (next_at <= $1 OR next_at > $2) AND {IS_FREE}");
    let sql =
        format!("SELECT id, alert FROM alert_messages AS due WHERE {is_due} ORDER BY next_at, id LIMIT 1");
    if let Some(due) = db.query_typed_opt(&sql, params![now, latest, not_of]).await? {
        let id: Uuid = get(&due, 0)?;
        lock(db, get(&due, 1)?).await?;
        let sql = format!("SELECT 1 FROM alert_messages AS due WHERE id = $4 AND {is_due}");
        let is_still_due = db.query_typed_opt(&sql, params![now, latest, not_of, id]).await?.is_some();
        return if is_still_due { take(db, id, claim.until).await } else { Ok(Tried::Lost) };
    }
    let window = micros(claim.window);
    let (since, wrong) = (now.saturating_sub(window), now.saturating_add(window));
    let is_ripe =
        format!("count > 0 AND (last_at <= $4 OR last_at > $5) AND {HAS_NONE_PENDING} AND {IS_FREE}");
    let sql = format!("SELECT alert, name FROM alert_groups AS due WHERE {is_ripe} ORDER BY last_at LIMIT 1");
    let Some(ripe) = db.query_typed_opt(&sql, params![now, latest, not_of, since, wrong]).await? else {
        return Ok(Tried::Nothing);
    };
    let (alert, group): (Uuid, String) = (get(&ripe, 0)?, get(&ripe, 1)?);
    lock(db, alert).await?;
    let sql = format!("SELECT 1 FROM alert_groups AS due WHERE alert = $6 AND name = $7 AND {is_ripe}");
    let again = db.query_typed_opt(&sql, params![now, latest, not_of, since, wrong, alert, group]).await?;
    if again.is_none() {
        return Ok(Tried::Lost);
    }
    begin(db, alert, &group, (claim.message, now)).await?;
    take(db, claim.message, claim.until).await
}

async fn lock(db: &Client, alert: Uuid) -> Result<()> {
    db.execute_typed("SELECT 1 FROM alerts WHERE id = $1 FOR UPDATE", params![alert]).await?;
    Ok(())
}

async fn take(db: &Client, id: Uuid, until: Timestamp) -> Result<Tried> {
    let sql = format!(
        "UPDATE alert_messages SET next_at = $2, claimed_until = $2, attempts = attempts + 1
        WHERE id = $1 AND state = 'pending' RETURNING {MESSAGE_COLUMNS}"
    );
    let taken = db.query_typed_opt(&sql, params![id, until.as_micros()]).await?;
    taken.map_or(Ok(Tried::Lost), |row| Ok(Tried::Taken(listed(&row, read)?)))
}

/// See [`steadflow_store::Alerts::message_due`].
pub(super) async fn due(db: &Client, window: Duration) -> Result<Option<Timestamp>> {
    let sql = format!(
        "SELECT min(at) FROM (
            SELECT min(next_at) AS at FROM alert_messages WHERE state = 'pending'
            UNION ALL SELECT min(last_at) + $1 FROM alert_groups AS due WHERE count > 0 AND {HAS_NONE_PENDING}
        ) AS next"
    );
    timestamp_or_none(&db.query_typed_one(&sql, params![micros(window)]).await?, 0)
}

/// See [`steadflow_store::Alerts::alert_messages`].
pub(super) async fn list(
    db: &Client,
    tenant: TenantId,
    alert: Uuid,
    limit: usize,
) -> Result<Vec<Listed<AlertMessage>>> {
    let sql = format!(
        "SELECT {MESSAGE_COLUMNS} FROM alert_messages
        WHERE alert = $1 AND EXISTS (SELECT 1 FROM alerts WHERE alerts.id = $1 AND tenant = $2)
        ORDER BY id DESC LIMIT $3"
    );
    let found = db.query_typed(&sql, params![alert, tenant.uuid(), rows_max(limit)]).await?;
    found.iter().map(|row| listed(row, read)).collect()
}

fn read(row: &Row) -> Result<AlertMessage> {
    Ok(AlertMessage {
        id: get(row, 0)?,
        alert: get(row, 1)?,
        group: text(row, 2)?,
        sample: payload(row, 3)?,
        stands_for: number(row, 4)?,
        state: named(row, 5)?,
        attempts: number(row, 6)?,
        next_at: timestamp(row, 7)?,
        created_at: timestamp(row, 8)?,
        ended_at: timestamp_or_none(row, 9)?,
        error: text_or_none(row, 10)?,
    })
}
