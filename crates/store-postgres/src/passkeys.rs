//! [`Passkeys`] for [`PostgresStore`].

use std::sync::Arc;

use steadflow_core::ids::{PrincipalId, TenantId};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{Listed, PasskeyCreated, PasskeyRecord, Passkeys, StoreFuture};
use tokio_postgres::{Client, Row};
use uuid::Uuid;

use crate::columns::{get, listed, tenant_id, text, timestamp, timestamp_or_none};
use crate::error::{Error, Result};
use crate::session::{session, transaction};
use crate::value::{params, rows_max, stored};
use crate::{PostgresStore, call};

const COLUMNS: &str = "id, credential, tenant, principal, name, public_key, counter, created_at, used_at";

impl Passkeys for PostgresStore {
    fn create_passkey(&self, passkey: PasskeyRecord, max: usize) -> StoreFuture<'_, PasskeyCreated> {
        call("create_passkey", async move { transaction!(&self.pool, |db| create(db, &passkey, max).await) })
    }

    fn passkey(&self, credential: Arc<[u8]>) -> StoreFuture<'_, Option<PasskeyRecord>> {
        call("passkey", async move {
            let sql = format!("SELECT {COLUMNS} FROM passkeys WHERE credential = $1");
            let found = session(&self.pool).await?.query_typed_opt(&sql, params![&credential[..]]).await?;
            found.as_ref().map(read).transpose()
        })
    }

    fn passkeys(&self, tenant: TenantId, of: PrincipalId) -> StoreFuture<'_, Vec<Listed<PasskeyRecord>>> {
        call("passkeys", async move {
            let sql =
                format!("SELECT {COLUMNS} FROM passkeys WHERE tenant = $1 AND principal = $2 ORDER BY id");
            let found =
                session(&self.pool).await?.query_typed(&sql, params![tenant.uuid(), of.uuid()]).await?;
            found.iter().map(|next| listed(next, read)).collect()
        })
    }

    fn use_passkey(&self, id: Uuid, counter: u32, begun_at: Timestamp) -> StoreFuture<'_, bool> {
        call("use_passkey", async move {
            let sql = "UPDATE passkeys SET counter = $2, used_at = $3
                WHERE id = $1 AND (counter < $2 OR (counter = 0 AND $2 = 0)) AND (used_at IS NULL OR used_at < $3)";
            let db = session(&self.pool).await?;
            Ok(db.execute_typed(sql, params![id, i64::from(counter), begun_at.as_micros()]).await? > 0)
        })
    }

    fn delete_passkey(&self, tenant: TenantId, of: PrincipalId, id: Uuid) -> StoreFuture<'_, bool> {
        call("delete_passkey", async move {
            let sql = "DELETE FROM passkeys WHERE tenant = $1 AND principal = $2 AND id = $3";
            let db = session(&self.pool).await?;
            Ok(db.execute_typed(sql, params![tenant.uuid(), of.uuid(), id]).await? > 0)
        })
    }
}

async fn create(db: &Client, new: &PasskeyRecord, max: usize) -> Result<PasskeyCreated> {
    let (tenant, principal) = (new.tenant.uuid(), new.principal.uuid());
    let sql = "SELECT id FROM principals WHERE id = $1 AND tenant = $2 FOR UPDATE";
    if db.query_typed_opt(sql, params![principal, tenant]).await?.is_none() {
        return Ok(PasskeyCreated::Missing);
    }
    let sql = "SELECT 1 FROM passkeys WHERE principal = $1 LIMIT $2";
    if db.query_typed(sql, params![principal, rows_max(max)]).await?.len() >= max {
        return Ok(PasskeyCreated::TooMany);
    }
    let sql = "INSERT INTO passkeys (id, credential, tenant, principal, name, public_key, counter, created_at, used_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING";
    let is_new = db
        .execute_typed(
            sql,
            params![
                new.id,
                &new.credential[..],
                tenant,
                principal,
                stored(&new.name),
                &new.public_key[..],
                i64::from(new.counter),
                new.created_at.as_micros(),
                new.used_at.map(Timestamp::as_micros),
            ],
        )
        .await?
        > 0;
    Ok(if is_new { PasskeyCreated::Done } else { PasskeyCreated::Taken })
}

fn read(row: &Row) -> Result<PasskeyRecord> {
    let counter: i64 = get(row, 6)?;
    let bytes = |column| get::<&[u8]>(row, column).map(Arc::from);
    Ok(PasskeyRecord {
        id: get(row, 0)?,
        credential: bytes(1)?,
        tenant: tenant_id(row, 2)?,
        principal: get(row, 3).map(PrincipalId::new)?,
        name: text(row, 4)?,
        public_key: bytes(5)?,
        counter: counter.try_into().map_err(|_| Error::Unreadable("a counter has 32 bits".into()))?,
        created_at: timestamp(row, 7)?,
        used_at: timestamp_or_none(row, 8)?,
    })
}
