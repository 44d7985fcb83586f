//! People and service accounts. What changes one has the rows of all admins of its tenant locked, so that of two who make each other
//! something less, the second one sees what the first one did.

use steadflow_core::ids::{PrincipalId, TenantId};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{PrincipalChange, PrincipalChanged, PrincipalRecord, SignIns};
use tokio_postgres::Client;

use super::credentials::delete_sign_ins;
use super::row::{self, micros};
use crate::error::Result;
use crate::value::{params, stored};

/// Stores a principal, unless another one has the address or the name.
pub(super) async fn create(db: &Client, new: &PrincipalRecord) -> Result<bool> {
    let sql =
        "INSERT INTO principals (id, tenant, kind, name, email, role, grants, password, created_at, disabled_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING";
    Ok(db
        .execute_typed(
            sql,
            params![
                new.id.uuid(),
                new.tenant.uuid(),
                new.kind.as_str(),
                stored(&new.name),
                new.email.as_deref().map(stored),
                new.role.as_str(),
                new.grants.to_json(),
                new.password.as_ref().map(|password| password.as_str()),
                new.created_at.as_micros(),
                micros(new.disabled_at),
            ],
        )
        .await?
        > 0)
}

pub(super) async fn find(db: &Client, tenant: TenantId, id: PrincipalId) -> Result<Option<PrincipalRecord>> {
    let sql = format!("SELECT {} FROM principals WHERE id = $1 AND tenant = $2", row::PRINCIPAL);
    let found = db.query_typed_opt(&sql, params![id.uuid(), tenant.uuid()]).await?;
    found.as_ref().map(row::principal).transpose()
}

/// Returns a principal, whose row stays locked.
pub(super) async fn lock(db: &Client, tenant: TenantId, id: PrincipalId) -> Result<Option<PrincipalRecord>> {
    let sql = format!("SELECT {} FROM principals WHERE id = $1 AND tenant = $2 FOR UPDATE", row::PRINCIPAL);
    let found = db.query_typed_opt(&sql, params![id.uuid(), tenant.uuid()]).await?;
    found.as_ref().map(row::principal).transpose()
}

/// Returns a principal, and whether it is the only acting admin of its tenant. Its row stays locked, and those of these admins.
async fn lock_with_admins(
    db: &Client,
    tenant: TenantId,
    id: PrincipalId,
) -> Result<Option<(PrincipalRecord, bool)>> {
    let sql = "SELECT id FROM principals
        WHERE tenant = $1 AND (id = $2 OR (kind = 'person' AND role = 'admin' AND disabled_at IS NULL))
        ORDER BY id FOR UPDATE";
    let is_alone = db.query_typed(sql, params![tenant.uuid(), id.uuid()]).await?.len() == 1;
    let found = find(db, tenant, id).await?;
    Ok(found.map(|found| {
        let is_last = is_alone && found.is_acting_admin();
        (found, is_last)
    }))
}

pub(super) async fn change(
    db: &Client,
    tenant: TenantId,
    id: PrincipalId,
    change: PrincipalChange,
) -> Result<PrincipalChanged> {
    let Some((before, is_last_admin)) = lock_with_admins(db, tenant, id).await? else {
        return Ok(PrincipalChanged::Missing);
    };
    let (ends_sign_ins, keep) = (change.ends_sign_ins(), change.keep);
    let after = change.applied(before);
    if is_last_admin && !after.is_acting_admin() {
        return Ok(PrincipalChanged::LastAdmin);
    }
    // Of two that take a name at the same time, the index refuses one.
    let sql = "UPDATE principals SET name = $2, role = $3, password = $4, disabled_at = $5, grants = $7
        WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM principals AS other
            WHERE other.tenant = $6 AND other.name = $2 AND other.kind = 'service'
                AND principals.kind = 'service' AND other.id <> $1)";
    let password = after.password.as_ref().map(|password| password.as_str());
    if db
        .execute_typed(
            sql,
            params![
                id.uuid(),
                stored(&after.name),
                after.role.as_str(),
                password,
                micros(after.disabled_at),
                tenant.uuid(),
                after.grants.to_json(),
            ],
        )
        .await?
        == 0
    {
        return Ok(PrincipalChanged::NameTaken);
    }
    if ends_sign_ins {
        delete_sign_ins(db, SignIns::Of(id, keep)).await?;
    }
    Ok(PrincipalChanged::Done(Box::new(after)))
}

pub(super) async fn delete(db: &Client, tenant: TenantId, id: PrincipalId) -> Result<PrincipalChanged> {
    let Some((principal, is_last_admin)) = lock_with_admins(db, tenant, id).await? else {
        return Ok(PrincipalChanged::Missing);
    };
    if is_last_admin {
        return Ok(PrincipalChanged::LastAdmin);
    }
    for sql in [
        "DELETE FROM api_keys WHERE principal = $1",
        "DELETE FROM sign_ins WHERE principal = $1",
        "DELETE FROM invitations WHERE principal = $1",
        "DELETE FROM oidc_subjects WHERE principal = $1",
        "DELETE FROM passkeys WHERE principal = $1",
        "DELETE FROM notes WHERE owner = $1",
        "DELETE FROM principals WHERE id = $1",
    ] {
        db.execute_typed(sql, params![id.uuid()]).await?;
    }
    Ok(PrincipalChanged::Done(Box::new(principal)))
}

pub(super) async fn has_admin(db: &Client, now: Timestamp) -> Result<bool> {
    let sql = "SELECT 1 FROM principals WHERE tenant = $1 AND role = 'admin' AND disabled_at IS NULL
        AND (kind = 'person' OR EXISTS (SELECT 1 FROM api_keys
            WHERE principal = principals.id AND api_keys.role = 'admin'
                AND (expires_at IS NULL OR expires_at > $2)))
        LIMIT 1";
    let found = db.query_typed_opt(sql, params![TenantId::DEFAULT.uuid(), now.as_micros()]).await?;
    Ok(found.is_some())
}
