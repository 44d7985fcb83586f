//! Who has a flow open.

use steadflow_store::{PRESENT_MAX, Presence, PresenceRecord};
use tokio_postgres::{Client, Row};

use crate::columns::{flow_id, get, number_or_none, tenant_id, text, timestamp};
use crate::error::Result;
use crate::value::{params, rows_max, stored};

/// Tabs that are not there any more and are forgotten at once, at most.
const FORGOTTEN_MAX: usize = 100;

/// See [`steadflow_store::Catalogue::see_presence`]; in one transaction.
pub(crate) async fn see(db: &Client, presence: &PresenceRecord) -> Result<Option<Presence>> {
    let PresenceRecord { flow, tenant, .. } = presence;
    let sql = "SELECT flow_drafts.revision FROM flows LEFT JOIN flow_drafts ON flow_drafts.flow = flows.id
        WHERE flows.id = $1 AND flows.tenant = $2";
    let found = db.query_typed_opt(sql, params![flow.uuid(), tenant.uuid()]).await?;
    let Some(found) = found else { return Ok(None) };
    write(db, presence).await?;
    forget(db, presence).await?;
    let sql = "SELECT flow, tenant, tab, person, seen_at FROM presence
        WHERE flow = $1 AND tab <> $2 AND seen_at > $3 ORDER BY tab";
    let others = db.query_typed(sql, params![flow.uuid(), presence.tab, since(presence)]).await?;
    let others = others.iter().map(read).collect::<Result<_>>()?;
    Ok(Some(Presence { draft: number_or_none(&found, 0)?, others }))
}

/// Two tabs that come at once may both be the last for which there is room, which harms nobody.
async fn write(db: &Client, presence: &PresenceRecord) -> Result<()> {
    let PresenceRecord { flow, tenant, tab, by, seen_at } = presence;
    let sql = "INSERT INTO presence (flow, tab, tenant, person, seen_at) SELECT $1, $2, $3, $4, $5
        WHERE (SELECT count(*) FROM presence WHERE flow = $1 AND tab <> $2 AND seen_at > $6) < $7
        ON CONFLICT (flow, tab) DO UPDATE SET person = excluded.person, seen_at = excluded.seen_at";
    db.execute_typed(
        sql,
        params![
            flow.uuid(),
            *tab,
            tenant.uuid(),
            stored(by),
            seen_at.as_micros(),
            since(presence),
            rows_max(PRESENT_MAX)
        ],
    )
    .await?;
    Ok(())
}

/// Deletes what is gone. What others have locked they delete or renew: waiting for them could end in a deadlock.
async fn forget(db: &Client, presence: &PresenceRecord) -> Result<()> {
    let sql = "DELETE FROM presence WHERE (flow, tab) IN (
        SELECT flow, tab FROM presence WHERE seen_at <= $1 ORDER BY seen_at LIMIT $2 FOR UPDATE SKIP LOCKED)";
    db.execute_typed(sql, params![since(presence), rows_max(FORGOTTEN_MAX)]).await?;
    Ok(())
}

/// See [`steadflow_store::Catalogue::end_presence`].
pub(crate) async fn end(db: &Client, presence: &PresenceRecord) -> Result<()> {
    let PresenceRecord { flow, tenant, tab, by, .. } = presence;
    let sql = "DELETE FROM presence WHERE flow = $1 AND tab = $2 AND tenant = $3 AND person = $4";
    db.execute_typed(sql, params![flow.uuid(), *tab, tenant.uuid(), stored(by)]).await?;
    Ok(())
}

fn since(presence: &PresenceRecord) -> i64 {
    PresenceRecord::heard_since(presence.seen_at).as_micros()
}

fn read(row: &Row) -> Result<PresenceRecord> {
    Ok(PresenceRecord {
        flow: flow_id(row, 0)?,
        tenant: tenant_id(row, 1)?,
        tab: get(row, 2)?,
        by: text(row, 3)?,
        seen_at: timestamp(row, 4)?,
    })
}
