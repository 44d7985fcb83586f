//! [`Notes`] for [`PostgresStore`].

use steadflow_core::ids::{PrincipalId, TenantId};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{NoteChange, NoteKey, NoteKind, NoteRecord, Notes, StoreFuture};
use tokio_postgres::{Client, Row};
use uuid::Uuid;

use crate::columns::{get, payload, tenant_id, text, timestamp};
use crate::error::Result;
use crate::session::{session, transaction};
use crate::value::{params, rows_max, stored};
use crate::{PostgresStore, call};

impl Notes for PostgresStore {
    fn notes(
        &self,
        tenant: TenantId,
        kind: NoteKind,
        owner: Option<PrincipalId>,
    ) -> StoreFuture<'_, Vec<NoteRecord>> {
        call("notes", async move {
            let sql = "SELECT tenant, owner, name, value, at FROM notes WHERE tenant = $1 AND kind = $2 AND owner = $3
                ORDER BY name";
            let db = session(&self.pool).await?;
            let rows =
                db.query_typed(sql, params![tenant.uuid(), kind.as_str(), stored_owner(owner)]).await?;
            rows.iter().map(|row| read(row, kind)).collect()
        })
    }

    fn change_notes(&self, changes: Vec<NoteChange>) -> StoreFuture<'_, Option<usize>> {
        call("change_notes", async move { transaction!(&self.pool, |db| change(db, &changes).await) })
    }
}

/// Two that come at the same moment may be one more than there may be.
async fn change(db: &Client, changes: &[NoteChange]) -> Result<Option<usize>> {
    for change in changes {
        if let NoteChange::Put { note, max } = change
            && !fits(db, &note.key, *max).await?
        {
            return Ok(None);
        }
    }
    let mut changed = 0;
    for change in changes {
        changed += match change {
            NoteChange::Put { note, max: _ } => put(db, note).await?,
            NoteChange::Delete { key, written_at } => delete(db, key, *written_at).await?,
        };
    }
    Ok(usize::try_from(changed).ok())
}

/// Returns whether an owner may have a note, if they have it not yet.
async fn fits(db: &Client, key: &NoteKey, max: usize) -> Result<bool> {
    let sql =
        "SELECT EXISTS (SELECT 1 FROM notes WHERE tenant = $1 AND kind = $2 AND owner = $3 AND name = $4)
        OR (SELECT count(*) FROM notes WHERE tenant = $1 AND kind = $2 AND owner = $3) < $5";
    let row = db
        .query_typed_one(
            sql,
            params![
                key.tenant.uuid(),
                key.kind.as_str(),
                stored_owner(key.owner),
                stored(&key.name),
                rows_max(max),
            ],
        )
        .await?;
    get(&row, 0)
}

async fn put(db: &Client, NoteRecord { key, value, at }: &NoteRecord) -> Result<u64> {
    let sql = "INSERT INTO notes (tenant, kind, owner, name, value, at) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (tenant, kind, owner, name) DO UPDATE SET value = excluded.value, at = excluded.at";
    let written = db
        .execute_typed(
            sql,
            params![
                key.tenant.uuid(),
                key.kind.as_str(),
                stored_owner(key.owner),
                stored(&key.name),
                stored(value.as_str()),
                at.as_micros(),
            ],
        )
        .await?;
    Ok(written)
}

async fn delete(db: &Client, key: &NoteKey, written_at: Option<Timestamp>) -> Result<u64> {
    let sql = "DELETE FROM notes WHERE tenant = $1 AND kind = $2 AND owner = $3 AND name = $4
        AND ($5::bigint IS NULL OR at = $5)";
    let written = db
        .execute_typed(
            sql,
            params![
                key.tenant.uuid(),
                key.kind.as_str(),
                stored_owner(key.owner),
                stored(&key.name),
                written_at.map(Timestamp::as_micros),
            ],
        )
        .await?;
    Ok(written)
}

fn stored_owner(owner: Option<PrincipalId>) -> Uuid {
    owner.map_or_else(Uuid::nil, PrincipalId::uuid)
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
