//! [`Notes`] for [`PostgresStore`].

use steadflow_core::ids::{PrincipalId, TenantId};
use steadflow_store::{NoteKey, NoteKind, NoteRecord, Notes, StoreFuture};
use tokio_postgres::{Client, Row};
use uuid::Uuid;

use crate::columns::{get, payload, tenant_id, text, timestamp};
use crate::error::Result;
use crate::session::session;
use crate::value::{params, rows_max, stored};
use crate::{PostgresStore, call};

impl Notes for PostgresStore {
    fn notes(&self, tenant: TenantId, kind: NoteKind) -> StoreFuture<'_, Vec<NoteRecord>> {
        call("notes", async move {
            let sql = "SELECT tenant, owner, name, value, at FROM notes WHERE tenant = $1 AND kind = $2
                ORDER BY owner, name";
            let rows =
                session(&self.pool).await?.query_typed(sql, params![tenant.uuid(), kind.as_str()]).await?;
            rows.iter().map(|row| read(row, kind)).collect()
        })
    }

    fn put_note(&self, note: NoteRecord, max: usize) -> StoreFuture<'_, bool> {
        call("put_note", async move { put(&*session(&self.pool).await?, &note, max).await })
    }

    fn delete_note(&self, key: NoteKey) -> StoreFuture<'_, bool> {
        call("delete_note", async move {
            let sql = "DELETE FROM notes WHERE tenant = $1 AND kind = $2 AND owner = $3 AND name = $4";
            let NoteKey { tenant, kind, name, .. } = &key;
            let db = session(&self.pool).await?;
            let deleted = db
                .execute_typed(sql, params![tenant.uuid(), kind.as_str(), owner_of(&key), stored(name)])
                .await?;
            Ok(deleted > 0)
        })
    }
}

/// Two that come at the same moment may be one more than there may be.
async fn put(db: &Client, note: &NoteRecord, max: usize) -> Result<bool> {
    let sql = "INSERT INTO notes (tenant, kind, owner, name, value, at)
        SELECT $1, $2, $3, $4, $5, $6
        WHERE EXISTS (SELECT 1 FROM notes WHERE tenant = $1 AND kind = $2 AND owner = $3 AND name = $4)
            OR (SELECT count(*) FROM notes WHERE tenant = $1 AND kind = $2 AND owner = $3) < $7
        ON CONFLICT (tenant, kind, owner, name) DO UPDATE SET value = excluded.value, at = excluded.at";
    let NoteRecord { key, value, at } = note;
    let written = db
        .execute_typed(
            sql,
            params![
                key.tenant.uuid(),
                key.kind.as_str(),
                owner_of(key),
                stored(&key.name),
                stored(value.as_str()),
                at.as_micros(),
                rows_max(max),
            ],
        )
        .await?;
    Ok(written > 0)
}

fn owner_of(key: &NoteKey) -> Uuid {
    key.owner.map_or_else(Uuid::nil, PrincipalId::uuid)
}

fn read(row: &Row, kind: NoteKind) -> Result<NoteRecord> {
    let owner: Uuid = get(row, 1)?;
    let key = NoteKey {
        tenant: tenant_id(row, 0)?,
        kind,
        owner: (!owner.is_nil()).then(|| PrincipalId::new(owner)),
        name: text(row, 2)?,
    };
    Ok(NoteRecord { key, value: payload(row, 3)?, at: timestamp(row, 4)? })
}
