//! [`SealedSecrets`] for [`PostgresStore`].
//!
//! Who changes something counts it first, in one row that is locked until the transaction ends: changes come one after the other.

use std::sync::Arc;

use steadflow_core::ids::TenantId;
use steadflow_store::{DataKeyRecord, SealedSecrets, SecretRecord, StoreFuture};
use tokio_postgres::{Client, Row};

use crate::columns::{get, number, tenant_id, text, timestamp};
use crate::error::Result;
use crate::session::{session, transaction};
use crate::value::{params, rows_max, stored};
use crate::{PostgresStore, call, oauth};

impl SealedSecrets for PostgresStore {
    fn secrets(&self) -> StoreFuture<'_, Vec<SecretRecord>> {
        call("secrets", async move {
            let sql =
                "SELECT tenant, name, kind, data_key, sealed, hosts, updated_at, updated_by FROM secrets
                ORDER BY tenant, name";
            let found = session(&self.pool).await?.query_typed(sql, &[]).await?;
            found.iter().map(secret).collect()
        })
    }

    fn put_secret(&self, secret: SecretRecord, max: usize) -> StoreFuture<'_, bool> {
        call("put_secret", async move { transaction!(&self.pool, |db| put(db, &secret, max).await) })
    }

    fn delete_secret(&self, tenant: TenantId, name: Arc<str>) -> StoreFuture<'_, bool> {
        call("delete_secret", async move {
            transaction!(&self.pool, |db| {
                count(db).await?;
                let sql = "DELETE FROM secrets WHERE tenant = $1 AND name = $2";
                let is_deleted = db.execute_typed(sql, params![tenant.uuid(), stored(&name)]).await? > 0;
                oauth::forget(db, tenant, &name).await?;
                Ok(is_deleted)
            })
        })
    }

    fn data_keys(&self) -> StoreFuture<'_, Vec<DataKeyRecord>> {
        call("data_keys", async move {
            let sql = "SELECT id, tenant, master, sealed, created_at FROM data_keys
                ORDER BY tenant, created_at, id";
            let found = session(&self.pool).await?.query_typed(sql, &[]).await?;
            found.iter().map(data_key).collect()
        })
    }

    fn create_data_key(&self, key: DataKeyRecord) -> StoreFuture<'_, ()> {
        call("create_data_key", async move { transaction!(&self.pool, |db| create(db, &key).await) })
    }

    fn replace_data_keys(&self, keys: Vec<DataKeyRecord>) -> StoreFuture<'_, ()> {
        call("replace_data_keys", async move {
            transaction!(&self.pool, |db| {
                count(db).await?;
                for key in &keys {
                    let sql = "UPDATE data_keys SET master = $2, sealed = $3 WHERE id = $1";
                    db.execute_typed(sql, params![key.id, stored(&key.master), key.sealed]).await?;
                }
                Ok(())
            })
        })
    }

    fn secret_changes(&self) -> StoreFuture<'_, u64> {
        call("secret_changes", async move {
            let sql = "SELECT value FROM counters WHERE name = 'secrets'";
            number(&session(&self.pool).await?.query_typed_one(sql, &[]).await?, 0)
        })
    }
}

async fn count(db: &Client) -> Result<()> {
    db.execute_typed("UPDATE counters SET value = value + 1 WHERE name = 'secrets'", &[]).await?;
    Ok(())
}

async fn put(db: &Client, secret: &SecretRecord, max: usize) -> Result<bool> {
    count(db).await?;
    let sql = "INSERT INTO secrets (tenant, name, kind, data_key, sealed, hosts, updated_at, updated_by)
        SELECT $1, $2, $3, $4, $5, $6, $7, $8
            WHERE EXISTS (SELECT 1 FROM secrets WHERE tenant = $1 AND name = $2)
                OR (SELECT count(*) FROM secrets WHERE tenant = $1) < $9
        ON CONFLICT (tenant, name) DO UPDATE SET kind = excluded.kind, data_key = excluded.data_key, sealed = excluded.sealed,
            hosts = excluded.hosts, updated_at = excluded.updated_at, updated_by = excluded.updated_by";
    let SecretRecord { tenant, name, kind, data_key, sealed, hosts, updated_at, updated_by } = secret;
    let is_stored = db
        .execute_typed(
            sql,
            params![
                tenant.uuid(),
                stored(name),
                stored(kind),
                *data_key,
                *sealed,
                stored(hosts),
                updated_at.as_micros(),
                stored(updated_by),
                rows_max(max),
            ],
        )
        .await?
        > 0;
    if is_stored {
        oauth::forget(db, *tenant, name).await?;
    }
    Ok(is_stored)
}

async fn create(db: &Client, key: &DataKeyRecord) -> Result<()> {
    count(db).await?;
    let sql = "INSERT INTO data_keys (id, tenant, master, sealed, created_at) VALUES ($1, $2, $3, $4, $5)";
    let DataKeyRecord { id, tenant, master, sealed, created_at } = key;
    db.execute_typed(sql, params![*id, tenant.uuid(), stored(master), *sealed, created_at.as_micros()])
        .await?;
    Ok(())
}

fn secret(row: &Row) -> Result<SecretRecord> {
    Ok(SecretRecord {
        tenant: tenant_id(row, 0)?,
        name: text(row, 1)?,
        kind: text(row, 2)?,
        data_key: get(row, 3)?,
        sealed: get(row, 4)?,
        hosts: text(row, 5)?,
        updated_at: timestamp(row, 6)?,
        updated_by: text(row, 7)?,
    })
}

fn data_key(row: &Row) -> Result<DataKeyRecord> {
    Ok(DataKeyRecord {
        id: get(row, 0)?,
        tenant: tenant_id(row, 1)?,
        master: text(row, 2)?,
        sealed: get(row, 3)?,
        created_at: timestamp(row, 4)?,
    })
}
