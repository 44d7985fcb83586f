//! Who has a flow open.

use rusqlite::{Connection, OptionalExtension, Row};
use steadflow_store::{PRESENT_MAX, Presence, PresenceRecord};

use crate::columns::{blob, flow_id, rows_max, tenant_id, text, timestamp, uuid};

/// See [`steadflow_store::Catalogue::see_presence`].
pub(crate) fn see(db: &Connection, presence: &PresenceRecord) -> rusqlite::Result<Option<Presence>> {
    let PresenceRecord { flow, tenant, tab, by, seen_at } = presence;
    let (flow, tenant, tab) = (blob(flow.uuid()), blob(tenant.uuid()), blob(*tab));
    let sql = "SELECT flow_drafts.revision FROM flows LEFT JOIN flow_drafts ON flow_drafts.flow = flows.id
        WHERE flows.id = ?1 AND flows.tenant = ?2";
    let draft = db.prepare_cached(sql)?.query_row((flow, tenant), |row| row.get::<_, Option<i64>>(0));
    let Some(draft) = draft.optional()? else { return Ok(None) };
    let since = PresenceRecord::heard_since(*seen_at).as_micros();
    db.prepare_cached("DELETE FROM presence WHERE seen_at <= ?1")?.execute([since])?;
    let sql = "INSERT INTO presence (flow, tab, tenant, person, seen_at) SELECT ?1, ?2, ?3, ?4, ?5
        WHERE (SELECT count(*) FROM presence WHERE flow = ?1 AND tab <> ?2) < ?6
        ON CONFLICT (flow, tab) DO UPDATE SET person = excluded.person, seen_at = excluded.seen_at";
    db.prepare_cached(sql)?.execute((flow, tab, tenant, by, seen_at.as_micros(), rows_max(PRESENT_MAX)))?;
    let sql =
        "SELECT flow, tenant, tab, person, seen_at FROM presence WHERE flow = ?1 AND tab <> ?2 ORDER BY tab";
    let others = db.prepare_cached(sql)?.query_map((flow, tab), read)?.collect::<rusqlite::Result<_>>()?;
    Ok(Some(Presence { draft: draft.and_then(|revision| u64::try_from(revision).ok()), others }))
}

/// See [`steadflow_store::Catalogue::end_presence`].
pub(crate) fn end(db: &Connection, presence: &PresenceRecord) -> rusqlite::Result<()> {
    let PresenceRecord { flow, tenant, tab, by, .. } = presence;
    let sql = "DELETE FROM presence WHERE flow = ?1 AND tab = ?2 AND tenant = ?3 AND person = ?4";
    let parameters = (blob(flow.uuid()), blob(*tab), blob(tenant.uuid()), by);
    db.prepare_cached(sql)?.execute(parameters).map(drop)
}

fn read(row: &Row<'_>) -> rusqlite::Result<PresenceRecord> {
    Ok(PresenceRecord {
        flow: flow_id(row, 0)?,
        tenant: tenant_id(row, 1)?,
        tab: uuid(row, 2)?,
        by: text(row, 3)?,
        seen_at: timestamp(row, 4)?,
    })
}
