//! [`Notes`] for [`SqliteStore`].

use rusqlite::{Connection, Row, params};
use steadflow_core::ids::{PrincipalId, TenantId};
use steadflow_store::{NoteKey, NoteKind, NoteRecord, Notes, StoreFuture};
use uuid::Uuid;

use crate::SqliteStore;
use crate::columns::{blob, payload, rows_max, tenant_id, text, timestamp, uuid};

impl Notes for SqliteStore {
    fn notes(&self, tenant: TenantId, kind: NoteKind) -> StoreFuture<'_, Vec<NoteRecord>> {
        let sql = "SELECT tenant, owner, name, value, at FROM notes WHERE tenant = ?1 AND kind = ?2 ORDER BY owner, name";
        Box::pin(self.read("notes", move |db| {
            let values = (blob(tenant.uuid()), kind.as_str());
            db.prepare_cached(sql)?.query_map(values, |row| read(row, kind))?.collect()
        }))
    }

    fn put_note(&self, note: NoteRecord, max: usize) -> StoreFuture<'_, bool> {
        Box::pin(self.change("put_note", move |db| put(db, &note, max)))
    }

    fn delete_note(&self, key: NoteKey) -> StoreFuture<'_, bool> {
        let sql = "DELETE FROM notes WHERE tenant = ?1 AND kind = ?2 AND owner = ?3 AND name = ?4";
        Box::pin(self.change("delete_note", move |db| {
            let values = params![blob(key.tenant.uuid()), key.kind.as_str(), owner_of(&key), &*key.name];
            Ok(db.prepare_cached(sql)?.execute(values)? > 0)
        }))
    }
}

fn put(db: &Connection, note: &NoteRecord, max: usize) -> rusqlite::Result<bool> {
    let sql = "INSERT INTO notes (tenant, kind, owner, name, value, at)
        SELECT ?1, ?2, ?3, ?4, ?5, ?6
        WHERE EXISTS (SELECT 1 FROM notes WHERE tenant = ?1 AND kind = ?2 AND owner = ?3 AND name = ?4)
            OR (SELECT count(*) FROM notes WHERE tenant = ?1 AND kind = ?2 AND owner = ?3) < ?7
        ON CONFLICT (tenant, kind, owner, name) DO UPDATE SET value = excluded.value, at = excluded.at";
    let NoteRecord { key, value, at } = note;
    let values = params![
        blob(key.tenant.uuid()),
        key.kind.as_str(),
        owner_of(key),
        &*key.name,
        value.as_str(),
        at.as_micros(),
        rows_max(max),
    ];
    Ok(db.prepare_cached(sql)?.execute(values)? > 0)
}

fn owner_of(key: &NoteKey) -> [u8; 16] {
    blob(key.owner.map_or_else(Uuid::nil, PrincipalId::uuid))
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
