//! Who people are at providers.

use rusqlite::{Connection, OptionalExtension, params};
use steadflow_store::OidcSubject;

use super::{principals, row};
use crate::columns::blob;

pub(super) fn create(db: &Connection, new: &OidcSubject) -> rusqlite::Result<bool> {
    if principals::find(db, new.tenant, new.principal)?.is_none() {
        return Ok(false);
    }
    let sql = "INSERT INTO oidc_subjects (issuer, subject, tenant, principal, created_at, used_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING";
    let values = params![
        &*new.issuer,
        &*new.subject,
        blob(new.tenant.uuid()),
        blob(new.principal.uuid()),
        new.created_at.as_micros(),
        new.used_at.as_micros(),
    ];
    Ok(db.prepare_cached(sql)?.execute(values)? > 0)
}

/// Stores who a person is at a provider instead of what was stored before.
pub(super) fn replace(db: &Connection, new: &OidcSubject) -> rusqlite::Result<()> {
    let sql = "DELETE FROM oidc_subjects WHERE principal = ?1 AND issuer = ?2";
    db.prepare_cached(sql)?.execute(params![blob(new.principal.uuid()), &*new.issuer])?;
    create(db, new).map(drop)
}

pub(super) fn find(db: &Connection, issuer: &str, subject: &str) -> rusqlite::Result<Option<OidcSubject>> {
    let sql = format!("SELECT {} FROM oidc_subjects WHERE issuer = ?1 AND subject = ?2", row::OIDC_SUBJECT);
    db.prepare_cached(&sql)?.query_row([issuer, subject], row::oidc_subject).optional()
}
