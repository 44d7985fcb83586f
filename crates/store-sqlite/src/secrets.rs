//! [`SealedSecrets`] for [`SqliteStore`].

use std::sync::Arc;

use rusqlite::{Connection, Row, params};
use steadflow_core::ids::TenantId;
use steadflow_store::{DataKeyRecord, SealedSecrets, SecretRecord, StoreFuture};

use crate::SqliteStore;
use crate::columns::{blob, rows_max, tenant_id, text, timestamp, uuid};
use crate::oauth;

impl SealedSecrets for SqliteStore {
    fn secrets(&self) -> StoreFuture<'_, Vec<SecretRecord>> {
        let sql = "SELECT tenant, name, kind, data_key, sealed, hosts, updated_at, updated_by FROM secrets
            ORDER BY tenant, name";
        Box::pin(self.read("secrets", move |db| db.prepare_cached(sql)?.query_map([], secret)?.collect()))
    }

    fn put_secret(&self, secret: SecretRecord, max: usize) -> StoreFuture<'_, bool> {
        Box::pin(self.change("put_secret", move |db| put(db, &secret, max)))
    }

    fn delete_secret(&self, tenant: TenantId, name: Arc<str>) -> StoreFuture<'_, bool> {
        let sql = "DELETE FROM secrets WHERE tenant = ?1 AND name = ?2";
        Box::pin(self.change("delete_secret", move |db| {
            let is_deleted = db.prepare_cached(sql)?.execute(params![blob(tenant.uuid()), name])? > 0;
            oauth::forget(db, tenant, &name)?;
            Ok(is_deleted)
        }))
    }

    fn data_keys(&self) -> StoreFuture<'_, Vec<DataKeyRecord>> {
        let sql =
            "SELECT id, tenant, master, sealed, created_at FROM data_keys ORDER BY tenant, created_at, id";
        Box::pin(self.read("data_keys", move |db| db.prepare_cached(sql)?.query_map([], data_key)?.collect()))
    }

    fn create_data_key(&self, key: DataKeyRecord) -> StoreFuture<'_, ()> {
        let sql =
            "INSERT INTO data_keys (id, tenant, master, sealed, created_at) VALUES (?1, ?2, ?3, ?4, ?5)";
        Box::pin(self.change("create_data_key", move |db| {
            let DataKeyRecord { id, tenant, master, sealed, created_at } = &key;
            let row = params![blob(*id), blob(tenant.uuid()), master, sealed, created_at.as_micros()];
            db.prepare_cached(sql)?.execute(row).map(drop)
        }))
    }

    fn replace_data_keys(&self, keys: Vec<DataKeyRecord>) -> StoreFuture<'_, ()> {
        let sql = "UPDATE data_keys SET master = ?2, sealed = ?3 WHERE id = ?1";
        Box::pin(self.change("replace_data_keys", move |db| {
            let mut statement = db.prepare_cached(sql)?;
            for key in &keys {
                statement.execute(params![blob(key.id), key.master, key.sealed])?;
            }
            Ok(())
        }))
    }
}

fn put(db: &Connection, secret: &SecretRecord, max: usize) -> rusqlite::Result<bool> {
    let sql = "INSERT INTO secrets (tenant, name, kind, data_key, sealed, hosts, updated_at, updated_by)
        SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8
            WHERE EXISTS (SELECT 1 FROM secrets WHERE tenant = ?1 AND name = ?2)
                OR (SELECT count(*) FROM secrets WHERE tenant = ?1) < ?9
        ON CONFLICT (tenant, name) DO UPDATE SET kind = excluded.kind, data_key = excluded.data_key, sealed = excluded.sealed,
            hosts = excluded.hosts, updated_at = excluded.updated_at, updated_by = excluded.updated_by";
    let SecretRecord { tenant, name, kind, data_key, sealed, hosts, updated_at, updated_by } = secret;
    let row = params![
        blob(tenant.uuid()),
        name,
        kind,
        blob(*data_key),
        sealed,
        hosts,
        updated_at.as_micros(),
        updated_by,
        rows_max(max),
    ];
    let is_stored = db.prepare_cached(sql)?.execute(row)? > 0;
    if is_stored {
        oauth::forget(db, *tenant, name)?;
    }
    Ok(is_stored)
}

fn secret(row: &Row<'_>) -> rusqlite::Result<SecretRecord> {
    Ok(SecretRecord {
        tenant: tenant_id(row, 0)?,
        name: text(row, 1)?,
        kind: text(row, 2)?,
        data_key: uuid(row, 3)?,
        sealed: row.get(4)?,
        hosts: text(row, 5)?,
        updated_at: timestamp(row, 6)?,
        updated_by: text(row, 7)?,
    })
}

fn data_key(row: &Row<'_>) -> rusqlite::Result<DataKeyRecord> {
    Ok(DataKeyRecord {
        id: uuid(row, 0)?,
        tenant: tenant_id(row, 1)?,
        master: text(row, 2)?,
        sealed: row.get(3)?,
        created_at: timestamp(row, 4)?,
    })
}
