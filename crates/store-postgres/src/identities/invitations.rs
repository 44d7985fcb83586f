//! Invitations: each is taken once, by who has its row locked.

use steadflow_core::access::CredentialHash;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{
    FIRST_ADMIN_LINKS_MAX, InvitationAccepted, InvitationRecord, OidcSubject, PrincipalRecord, SignIns,
};
use tokio_postgres::Client;

use super::credentials::delete_sign_ins;
use super::{principals, row, subjects};
use crate::error::Result;
use crate::value::{params, rows_max, stored};

pub(super) async fn create(db: &Client, new: &InvitationRecord, max: usize) -> Result<bool> {
    let (tenant, created_at) = (new.tenant.uuid(), new.created_at.as_micros());
    let sql = "DELETE FROM invitations WHERE hash IN (SELECT hash FROM invitations
        WHERE (tenant = $1 AND expires_at <= $2) OR ($3 AND is_first_admin AND hash NOT IN
            (SELECT hash FROM invitations WHERE is_first_admin ORDER BY id DESC LIMIT $4)) ORDER BY hash FOR UPDATE)";
    let others = rows_max(FIRST_ADMIN_LINKS_MAX - 1);
    db.execute_typed(sql, params![tenant, created_at, new.is_first_admin, others]).await?;
    let sql = "INSERT INTO invitations (hash, id, tenant, role, email, principal, is_first_admin, created_at,
            created_by, expires_at, grants)
        SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11
        WHERE $7 OR (SELECT count(*) FROM invitations WHERE tenant = $3) < $12";
    Ok(db
        .execute_typed(
            sql,
            params![
                &new.hash.bytes()[..],
                new.id,
                tenant,
                new.role.as_str(),
                new.email.as_deref().map(stored),
                new.principal.map(|principal| principal.uuid()),
                new.is_first_admin,
                created_at,
                stored(&new.created_by),
                new.expires_at.as_micros(),
                new.grants.to_json(),
                rows_max(max),
            ],
        )
        .await?
        > 0)
}

pub(super) async fn find(db: &Client, hash: CredentialHash) -> Result<Option<InvitationRecord>> {
    let sql = format!("SELECT {} FROM invitations WHERE hash = $1", row::INVITATION);
    let found = db.query_typed_opt(&sql, params![&hash.bytes()[..]]).await?;
    found.as_ref().map(row::invitation).transpose()
}

async fn lock(db: &Client, hash: CredentialHash) -> Result<Option<InvitationRecord>> {
    let sql = format!("SELECT {} FROM invitations WHERE hash = $1 FOR UPDATE", row::INVITATION);
    let found = db.query_typed_opt(&sql, params![&hash.bytes()[..]]).await?;
    found.as_ref().map(row::invitation).transpose()
}

pub(super) async fn accept(
    db: &Client,
    hash: CredentialHash,
    person: PrincipalRecord,
    subject: Option<OidcSubject>,
    now: Timestamp,
) -> Result<InvitationAccepted> {
    let invitation = lock(db, hash).await?.filter(|invitation| invitation.expires_at > now);
    let Some(invitation) = invitation else { return Ok(InvitationAccepted::Gone) };
    if let Some(subject) = &subject {
        let known = subjects::find(db, &subject.issuer, &subject.subject).await?;
        if known.is_some_and(|known| Some(known.principal) != invitation.principal) {
            return Ok(InvitationAccepted::Taken);
        }
    }
    let accepted = if let Some(id) = invitation.principal {
        let known = principals::lock(db, invitation.tenant, id).await?;
        let Some(known) = known.filter(|known| known.disabled_at.is_none()) else {
            return Ok(InvitationAccepted::Gone);
        };
        let password = person.password.or(known.password);
        let sql = "UPDATE principals SET password = $2 WHERE id = $1";
        db.execute_typed(sql, params![id.uuid(), password.as_ref().map(|password| password.as_str())])
            .await?;
        delete_sign_ins(db, SignIns::Of(id, None)).await?;
        PrincipalRecord { password, ..known }
    } else {
        let person = PrincipalRecord {
            tenant: invitation.tenant,
            role: invitation.role,
            grants: invitation.grants.clone(),
            ..person
        };
        if !principals::create(db, &person).await? {
            return Ok(InvitationAccepted::Taken);
        }
        person
    };
    if let Some(subject) = subject {
        let subject = OidcSubject { tenant: accepted.tenant, principal: accepted.id, ..subject };
        subjects::replace(db, &subject).await?;
    }
    let sql = "DELETE FROM invitations WHERE hash = $1 OR ($2 AND is_first_admin)";
    db.execute_typed(sql, params![&hash.bytes()[..], invitation.is_first_admin]).await?;
    Ok(InvitationAccepted::Done(Box::new(accepted)))
}
