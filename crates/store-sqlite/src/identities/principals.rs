//! People and service accounts: each change looks at what the tenant would have after it, in the transaction of the change.

use rusqlite::{Connection, OptionalExtension, params};
use steadflow_core::ids::{PrincipalId, TenantId};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{PrincipalChange, PrincipalChanged, PrincipalRecord, SignIns};

use super::credentials::delete_sign_ins;
use super::row::{self, micros};
use crate::columns::blob;

/// Stores a principal, unless another one has the address or the name.
pub(super) fn create(db: &Connection, new: &PrincipalRecord) -> rusqlite::Result<bool> {
    let sql =
        "INSERT INTO principals (id, tenant, kind, name, email, role, grants, password, created_at, disabled_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT DO NOTHING";
    let values = params![
        blob(new.id.uuid()),
        blob(new.tenant.uuid()),
        new.kind.as_str(),
        &*new.name,
        new.email.as_deref(),
        new.role.as_str(),
        new.grants.to_json(),
        new.password.as_ref().map(|password| password.as_str()),
        new.created_at.as_micros(),
        micros(new.disabled_at),
    ];
    Ok(db.prepare_cached(sql)?.execute(values)? > 0)
}

pub(super) fn find(
    db: &Connection,
    tenant: TenantId,
    id: PrincipalId,
) -> rusqlite::Result<Option<PrincipalRecord>> {
    let sql = format!("SELECT {} FROM principals WHERE id = ?1 AND tenant = ?2", row::PRINCIPAL);
    let wanted = params![blob(id.uuid()), blob(tenant.uuid())];
    db.prepare_cached(&sql)?.query_row(wanted, row::principal).optional()
}

/// Whether somebody may do without everyone else what admins do.
const IS_ACTING_ADMIN: &str = "kind = 'person' AND role = 'admin' AND disabled_at IS NULL";

/// Returns whether a principal is the only acting admin of its tenant.
fn is_last_admin(db: &Connection, tenant: TenantId, id: PrincipalId) -> rusqlite::Result<bool> {
    let sql = format!(
        "SELECT count(*) FILTER (WHERE id = ?2) = 1 AND count(*) = 1 FROM principals
        WHERE tenant = ?1 AND {IS_ACTING_ADMIN}"
    );
    db.prepare_cached(&sql)?.query_row(params![blob(tenant.uuid()), blob(id.uuid())], |row| row.get(0))
}

pub(super) fn change(
    db: &Connection,
    tenant: TenantId,
    id: PrincipalId,
    change: PrincipalChange,
) -> rusqlite::Result<PrincipalChanged> {
    let Some(before) = find(db, tenant, id)? else { return Ok(PrincipalChanged::Missing) };
    let (ends_sign_ins, keep) = (change.ends_sign_ins(), change.keep);
    let after = change.applied(before);
    if !after.is_acting_admin() && is_last_admin(db, tenant, id)? {
        return Ok(PrincipalChanged::LastAdmin);
    }
    let sql =
        "UPDATE OR IGNORE principals SET name = ?2, role = ?3, grants = ?4, password = ?5, disabled_at = ?6
        WHERE id = ?1";
    let values = params![
        blob(id.uuid()),
        &*after.name,
        after.role.as_str(),
        after.grants.to_json(),
        after.password.as_ref().map(|password| password.as_str()),
        micros(after.disabled_at),
    ];
    if db.prepare_cached(sql)?.execute(values)? == 0 {
        return Ok(PrincipalChanged::NameTaken);
    }
    if ends_sign_ins {
        delete_sign_ins(db, SignIns::Of(id, keep))?;
    }
    Ok(PrincipalChanged::Done(Box::new(after)))
}

pub(super) fn delete(
    db: &Connection,
    tenant: TenantId,
    id: PrincipalId,
) -> rusqlite::Result<PrincipalChanged> {
    let Some(principal) = find(db, tenant, id)? else { return Ok(PrincipalChanged::Missing) };
    if is_last_admin(db, tenant, id)? {
        return Ok(PrincipalChanged::LastAdmin);
    }
    for sql in [
        "DELETE FROM api_keys WHERE principal = ?1",
        "DELETE FROM sign_ins WHERE principal = ?1",
        "DELETE FROM invitations WHERE principal = ?1",
        "DELETE FROM oidc_subjects WHERE principal = ?1",
        "DELETE FROM passkeys WHERE principal = ?1",
        "DELETE FROM notes WHERE owner = ?1",
        "DELETE FROM principals WHERE id = ?1",
    ] {
        db.prepare_cached(sql)?.execute([blob(id.uuid())])?;
    }
    Ok(PrincipalChanged::Done(Box::new(principal)))
}

pub(super) fn has_admin(db: &Connection, now: Timestamp) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM principals WHERE tenant = ?1 AND role = 'admin' AND disabled_at IS NULL
        AND (kind = 'person' OR EXISTS (SELECT 1 FROM api_keys
            WHERE principal = principals.id AND api_keys.role = 'admin'
                AND (expires_at IS NULL OR expires_at > ?2)))";
    db.prepare_cached(sql)?.exists(params![blob(TenantId::DEFAULT.uuid()), now.as_micros()])
}
