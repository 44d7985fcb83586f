//! [`Passkeys`] for [`SqliteStore`].

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Row, params};
use steadflow_core::ids::{PrincipalId, TenantId};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{Listed, PasskeyCreated, PasskeyRecord, Passkeys, StoreFuture};
use uuid::Uuid;

use crate::SqliteStore;
use crate::columns::{blob, listed, rows_max, tenant_id, text, timestamp, timestamp_or_none, uuid};

const COLUMNS: &str = "id, credential, tenant, principal, name, public_key, counter, created_at, used_at";

impl Passkeys for SqliteStore {
    fn create_passkey(&self, passkey: PasskeyRecord, max: usize) -> StoreFuture<'_, PasskeyCreated> {
        Box::pin(self.change("create_passkey", move |db| create(db, &passkey, max)))
    }

    fn passkey(&self, credential: Arc<[u8]>) -> StoreFuture<'_, Option<PasskeyRecord>> {
        let sql = format!("SELECT {COLUMNS} FROM passkeys WHERE credential = ?1");
        Box::pin(
            self.read("passkey", move |db| {
                db.prepare_cached(&sql)?.query_row([&*credential], read).optional()
            }),
        )
    }

    fn passkeys(&self, tenant: TenantId, of: PrincipalId) -> StoreFuture<'_, Vec<Listed<PasskeyRecord>>> {
        let sql = format!("SELECT {COLUMNS} FROM passkeys WHERE tenant = ?1 AND principal = ?2 ORDER BY id");
        Box::pin(self.read("passkeys", move |db| {
            let wanted = params![blob(tenant.uuid()), blob(of.uuid())];
            db.prepare_cached(&sql)?.query_map(wanted, |next| listed(next, read))?.collect()
        }))
    }

    fn use_passkey(&self, id: Uuid, counter: u32, begun_at: Timestamp) -> StoreFuture<'_, bool> {
        let sql = "UPDATE passkeys SET counter = ?2, used_at = ?3
            WHERE id = ?1 AND (counter < ?2 OR (counter = 0 AND ?2 = 0)) AND (used_at IS NULL OR used_at < ?3)";
        Box::pin(self.change("use_passkey", move |db| {
            Ok(db.prepare_cached(sql)?.execute(params![blob(id), counter, begun_at.as_micros()])? > 0)
        }))
    }

    fn delete_passkey(&self, tenant: TenantId, of: PrincipalId, id: Uuid) -> StoreFuture<'_, bool> {
        let sql = "DELETE FROM passkeys WHERE tenant = ?1 AND principal = ?2 AND id = ?3";
        Box::pin(self.change("delete_passkey", move |db| {
            let wanted = params![blob(tenant.uuid()), blob(of.uuid()), blob(id)];
            Ok(db.prepare_cached(sql)?.execute(wanted)? > 0)
        }))
    }
}

fn create(db: &Connection, new: &PasskeyRecord, max: usize) -> rusqlite::Result<PasskeyCreated> {
    let (tenant, principal) = (blob(new.tenant.uuid()), blob(new.principal.uuid()));
    let sql = "SELECT 1 FROM principals WHERE id = ?1 AND tenant = ?2";
    if !db.prepare_cached(sql)?.exists(params![principal, tenant])? {
        return Ok(PasskeyCreated::Missing);
    }
    let sql = "SELECT count(*) >= ?2 FROM passkeys WHERE principal = ?1";
    if db.prepare_cached(sql)?.query_row(params![principal, rows_max(max)], |row| row.get(0))? {
        return Ok(PasskeyCreated::TooMany);
    }
    let sql = "INSERT INTO passkeys (id, credential, tenant, principal, name, public_key, counter, created_at, used_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING";
    let values = params![
        blob(new.id),
        &*new.credential,
        tenant,
        principal,
        &*new.name,
        &*new.public_key,
        new.counter,
        new.created_at.as_micros(),
        new.used_at.map(Timestamp::as_micros),
    ];
    let is_new = db.prepare_cached(sql)?.execute(values)? > 0;
    Ok(if is_new { PasskeyCreated::Done } else { PasskeyCreated::Taken })
}

fn read(row: &Row<'_>) -> rusqlite::Result<PasskeyRecord> {
    Ok(PasskeyRecord {
        id: uuid(row, 0)?,
        credential: row.get::<_, Vec<u8>>(1)?.into(),
        tenant: tenant_id(row, 2)?,
        principal: uuid(row, 3).map(PrincipalId::new)?,
        name: text(row, 4)?,
        public_key: row.get::<_, Vec<u8>>(5)?.into(),
        counter: row.get(6)?,
        created_at: timestamp(row, 7)?,
        used_at: timestamp_or_none(row, 8)?,
    })
}
