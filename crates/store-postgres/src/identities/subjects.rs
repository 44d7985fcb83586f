//! Who people are at providers.

use steadflow_store::OidcSubject;
use tokio_postgres::Client;

use super::{principals, row};
use crate::error::Result;
use crate::value::{params, stored};

pub(super) async fn create(db: &Client, new: &OidcSubject) -> Result<bool> {
    if principals::lock(db, new.tenant, new.principal).await?.is_none() {
        return Ok(false);
    }
    let sql = "INSERT INTO oidc_subjects (issuer, subject, tenant, principal, created_at, used_at)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
    Ok(db
        .execute_typed(
            sql,
            params![
                stored(&new.issuer),
                stored(&new.subject),
                new.tenant.uuid(),
                new.principal.uuid(),
                new.created_at.as_micros(),
                new.used_at.as_micros(),
            ],
        )
        .await?
        > 0)
}

/// Stores who a person is at a provider instead of what was stored before.
pub(super) async fn replace(db: &Client, new: &OidcSubject) -> Result<()> {
    let sql = "DELETE FROM oidc_subjects WHERE principal = $1 AND issuer = $2";
    db.execute_typed(sql, params![new.principal.uuid(), stored(&new.issuer)]).await?;
    create(db, new).await.map(drop)
}

pub(super) async fn find(db: &Client, issuer: &str, subject: &str) -> Result<Option<OidcSubject>> {
    let sql = format!("SELECT {} FROM oidc_subjects WHERE issuer = $1 AND subject = $2", row::OIDC_SUBJECT);
    let found = db.query_typed_opt(&sql, params![stored(issuer), stored(subject)]).await?;
    found.as_ref().map(row::oidc_subject).transpose()
}
