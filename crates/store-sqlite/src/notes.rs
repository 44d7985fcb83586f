//! [`Notes`] for [`SqliteStore`].

use rusqlite::{Connection, Row, params};
use steadflow_core::ids::{PrincipalId, TenantId};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{NoteChange, NoteKey, NoteKind, NoteRecord, Notes, StoreFuture};
use uuid::Uuid;

use crate::SqliteStore;
use crate::columns::{blob, payload, rows_max, tenant_id, text, timestamp, uuid};

impl Notes for SqliteStore {
    fn notes(
        &self,
        tenant: TenantId,
        kind: NoteKind,
        owner: Option<PrincipalId>,
    ) -> StoreFuture<'_, Vec<NoteRecord>> {
        let sql =
            "SELECT tenant, owner, name, value, at FROM notes WHERE tenant = ?1 AND kind = ?2 AND owner = ?3
            ORDER BY name";
        Box::pin(self.read("notes", move |db| {
            let values = (blob(tenant.uuid()), kind.as_str(), stored_owner(owner));
            db.prepare_cached(sql)?.query_map(values, |row| read(row, kind))?.collect()
        }))
    }

    fn change_notes(&self, changes: Vec<NoteChange>) -> StoreFuture<'_, Option<usize>> {
        Box::pin(self.change("change_notes", move |db| {
            for change in &changes {
                if let NoteChange::Put { note, max } = change
                    && !fits(db, &note.key, *max)?
                {
                    return Ok(None);
                }
            }
            let mut changed = 0;
            for change in &changes {
                changed += match change {
                    NoteChange::Put { note, max: _ } => put(db, note)?,
                    NoteChange::Delete { key, written_at } => delete(db, key, *written_at)?,
                };
            }
            Ok(Some(changed))
        }))
    }
}

/// Returns whether an owner may have a note, if they have it not yet.
fn fits(db: &Connection, key: &NoteKey, max: usize) -> rusqlite::Result<bool> {
    let sql =
        "SELECT EXISTS (SELECT 1 FROM notes WHERE tenant = ?1 AND kind = ?2 AND owner = ?3 AND name = ?4)
        OR (SELECT count(*) FROM notes WHERE tenant = ?1 AND kind = ?2 AND owner = ?3) < ?5";
    let values = params![
        blob(key.tenant.uuid()),
        key.kind.as_str(),
        stored_owner(key.owner),
        &*key.name,
        rows_max(max)
    ];
    db.prepare_cached(sql)?.query_row(values, |row| row.get(0))
}

fn put(db: &Connection, NoteRecord { key, value, at }: &NoteRecord) -> rusqlite::Result<usize> {
    let sql = "INSERT INTO notes (tenant, kind, owner, name, value, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
        ON CONFLICT (tenant, kind, owner, name) DO UPDATE SET value = excluded.value, at = excluded.at";
    let values = params![
        blob(key.tenant.uuid()),
        key.kind.as_str(),
        stored_owner(key.owner),
        &*key.name,
        value.as_str(),
        at.as_micros(),
    ];
    db.prepare_cached(sql)?.execute(values)
}

fn delete(db: &Connection, key: &NoteKey, written_at: Option<Timestamp>) -> rusqlite::Result<usize> {
    let sql = "DELETE FROM notes WHERE tenant = ?1 AND kind = ?2 AND owner = ?3 AND name = ?4 AND (?5 IS NULL OR at = ?5)";
    let values = params![
        blob(key.tenant.uuid()),
        key.kind.as_str(),
        stored_owner(key.owner),
        &*key.name,
        written_at.map(Timestamp::as_micros),
    ];
    db.prepare_cached(sql)?.execute(values)
}

fn stored_owner(owner: Option<PrincipalId>) -> [u8; 16] {
    blob(owner.map_or_else(Uuid::nil, PrincipalId::uuid))
}

fn read(row: &Row<'_>, kind: NoteKind) -> rusqlite::Result<NoteRecord> {
    let owner = uuid(row, 1)?;
    let key = NoteKey {
        tenant: tenant_id(row, 0)?,
        kind,
        owner: (!owner.is_nil()).then(|| PrincipalId::new(owner)),
        name: text(row, 2)?,
    };
    Ok(NoteRecord { key, value: payload(row, 3)?, at: timestamp(row, 4)? })
}
