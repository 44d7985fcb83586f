//! Invitations: each is taken once.

use rusqlite::{Connection, OptionalExtension, params};
use steadflow_core::access::CredentialHash;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{
    FIRST_ADMIN_LINKS_MAX, InvitationAccepted, InvitationRecord, OidcSubject, PrincipalRecord, SignIns,
};

use super::credentials::delete_sign_ins;
use super::{principals, row, subjects};
use crate::columns::{blob, rows_max};

pub(super) fn create(db: &Connection, new: &InvitationRecord, max: usize) -> rusqlite::Result<bool> {
    let (tenant, created_at) = (blob(new.tenant.uuid()), new.created_at.as_micros());
    let sql = "DELETE FROM invitations
        WHERE (tenant = ?1 AND expires_at <= ?2) OR (?3 AND is_first_admin AND hash NOT IN
            (SELECT hash FROM invitations WHERE is_first_admin ORDER BY id DESC LIMIT ?4))";
    let others = rows_max(FIRST_ADMIN_LINKS_MAX - 1);
    db.prepare_cached(sql)?.execute(params![tenant, created_at, new.is_first_admin, others])?;
    let sql = "INSERT INTO invitations (hash, id, tenant, role, email, principal, is_first_admin, created_at,
            created_by, expires_at, grants)
        SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11
        WHERE ?7 OR (SELECT count(*) FROM invitations WHERE tenant = ?3) < ?12";
    let values = params![
        new.hash.bytes(),
        blob(new.id),
        tenant,
        new.role.as_str(),
        new.email.as_deref(),
        new.principal.map(|principal| blob(principal.uuid())),
        new.is_first_admin,
        created_at,
        &*new.created_by,
        new.expires_at.as_micros(),
        new.grants.to_json(),
        rows_max(max),
    ];
    Ok(db.prepare_cached(sql)?.execute(values)? > 0)
}

pub(super) fn find(db: &Connection, hash: CredentialHash) -> rusqlite::Result<Option<InvitationRecord>> {
    let sql = format!("SELECT {} FROM invitations WHERE hash = ?1", row::INVITATION);
    db.prepare_cached(&sql)?.query_row([hash.bytes()], row::invitation).optional()
}

pub(super) fn accept(
    db: &Connection,
    hash: CredentialHash,
    person: PrincipalRecord,
    subject: Option<OidcSubject>,
    now: Timestamp,
) -> rusqlite::Result<InvitationAccepted> {
    let invitation = find(db, hash)?.filter(|invitation| invitation.expires_at > now);
    let Some(invitation) = invitation else { return Ok(InvitationAccepted::Gone) };
    if let Some(subject) = &subject {
        let known = subjects::find(db, &subject.issuer, &subject.subject)?;
        if known.is_some_and(|known| Some(known.principal) != invitation.principal) {
            return Ok(InvitationAccepted::Taken);
        }
    }
    let stored = if let Some(id) = invitation.principal {
        let known = principals::find(db, invitation.tenant, id)?;
        let Some(known) = known.filter(|known| known.disabled_at.is_none()) else {
            return Ok(InvitationAccepted::Gone);
        };
        let password = person.password.or(known.password);
        db.prepare_cached("UPDATE principals SET password = ?2 WHERE id = ?1")?
            .execute(params![blob(id.uuid()), password.as_ref().map(|password| password.as_str())])?;
        delete_sign_ins(db, SignIns::Of(id, None))?;
        PrincipalRecord { password, ..known }
    } else {
        let person = PrincipalRecord {
            tenant: invitation.tenant,
            role: invitation.role,
            grants: invitation.grants.clone(),
            ..person
        };
        if !principals::create(db, &person)? {
            return Ok(InvitationAccepted::Taken);
        }
        person
    };
    if let Some(subject) = subject {
        subjects::replace(db, &OidcSubject { tenant: stored.tenant, principal: stored.id, ..subject })?;
    }
    db.prepare_cached("DELETE FROM invitations WHERE hash = ?1 OR (?2 AND is_first_admin)")?
        .execute(params![hash.bytes(), invitation.is_first_admin])?;
    Ok(InvitationAccepted::Done(Box::new(stored)))
}
