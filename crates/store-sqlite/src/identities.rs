//! [`Identities`] for [`SqliteStore`].

mod credentials;
mod invitations;
mod principals;
mod row;
mod subjects;

use std::sync::Arc;

use rusqlite::{OptionalExtension, params};
use steadflow_core::access::CredentialHash;
use steadflow_core::ids::{KeyId, PrincipalId, TenantId};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{
    ApiKeyRecord, CredentialRecord, CredentialUse, Identities, InvitationAccepted, InvitationRecord,
    KeyCreated, Listed, OidcSubject, Page, PasswordHash, PrincipalChange, PrincipalChanged, PrincipalRecord,
    SignInRecord, SignIns, StoreFuture,
};
use uuid::Uuid;

use crate::SqliteStore;
use crate::columns::{blob, listed, rows_max};

impl Identities for SqliteStore {
    fn create_principal(&self, principal: PrincipalRecord) -> StoreFuture<'_, bool> {
        Box::pin(self.change("create_principal", move |db| principals::create(db, &principal)))
    }

    fn principals(&self, tenant: TenantId, page: Page) -> StoreFuture<'_, Vec<Listed<PrincipalRecord>>> {
        let sql = format!(
            "SELECT {} FROM principals WHERE tenant = ?1 AND (?2 IS NULL OR id < ?2) ORDER BY id DESC LIMIT ?3",
            row::PRINCIPAL
        );
        Box::pin(self.read("principals", move |db| {
            let wanted = params![blob(tenant.uuid()), page.before.map(blob), rows_max(page.limit)];
            db.prepare_cached(&sql)?.query_map(wanted, |next| listed(next, row::principal))?.collect()
        }))
    }

    fn principal(&self, tenant: TenantId, id: PrincipalId) -> StoreFuture<'_, Option<PrincipalRecord>> {
        Box::pin(self.read("principal", move |db| principals::find(db, tenant, id)))
    }

    fn person(&self, email: Arc<str>) -> StoreFuture<'_, Option<PrincipalRecord>> {
        let sql = format!("SELECT {} FROM principals WHERE email = ?1", row::PRINCIPAL);
        Box::pin(self.read("person", move |db| {
            db.prepare_cached(&sql)?.query_row([&*email], row::principal).optional()
        }))
    }

    fn service_account(&self, tenant: TenantId, name: Arc<str>) -> StoreFuture<'_, Option<PrincipalRecord>> {
        let sql = format!(
            "SELECT {} FROM principals WHERE tenant = ?1 AND name = ?2 AND kind = 'service'",
            row::PRINCIPAL
        );
        Box::pin(self.read("service_account", move |db| {
            let wanted = params![blob(tenant.uuid()), &*name];
            db.prepare_cached(&sql)?.query_row(wanted, row::principal).optional()
        }))
    }

    fn change_principal(
        &self,
        tenant: TenantId,
        id: PrincipalId,
        change: PrincipalChange,
    ) -> StoreFuture<'_, PrincipalChanged> {
        Box::pin(self.change("change_principal", move |db| principals::change(db, tenant, id, change)))
    }

    fn delete_principal(&self, tenant: TenantId, id: PrincipalId) -> StoreFuture<'_, PrincipalChanged> {
        Box::pin(self.change("delete_principal", move |db| principals::delete(db, tenant, id)))
    }

    fn has_admin(&self, now: Timestamp) -> StoreFuture<'_, bool> {
        Box::pin(self.read("has_admin", move |db| principals::has_admin(db, now)))
    }

    fn create_api_key(&self, key: ApiKeyRecord, max: usize) -> StoreFuture<'_, KeyCreated> {
        Box::pin(self.change("create_api_key", move |db| credentials::create_key(db, &key, max)))
    }

    fn api_keys(
        &self,
        tenant: TenantId,
        of: Option<PrincipalId>,
        page: Page,
    ) -> StoreFuture<'_, Vec<Listed<ApiKeyRecord>>> {
        let sql = format!(
            "SELECT {} FROM api_keys WHERE tenant = ?1 AND (?2 IS NULL OR principal = ?2)
                AND (?3 IS NULL OR id < ?3) ORDER BY id DESC LIMIT ?4",
            row::API_KEY
        );
        Box::pin(self.read("api_keys", move |db| {
            let of = of.map(|of| blob(of.uuid()));
            let wanted = params![blob(tenant.uuid()), of, page.before.map(blob), rows_max(page.limit)];
            db.prepare_cached(&sql)?.query_map(wanted, |next| listed(next, row::api_key))?.collect()
        }))
    }

    fn delete_api_key(&self, tenant: TenantId, id: KeyId, of: Option<PrincipalId>) -> StoreFuture<'_, bool> {
        let sql = "DELETE FROM api_keys WHERE id = ?1 AND tenant = ?2 AND (?3 IS NULL OR principal = ?3)";
        Box::pin(self.change("delete_api_key", move |db| {
            let of = of.map(|of| blob(of.uuid()));
            let wanted = params![blob(id.uuid()), blob(tenant.uuid()), of];
            Ok(db.prepare_cached(sql)?.execute(wanted)? > 0)
        }))
    }

    fn create_sign_in(
        &self,
        sign_in: SignInRecord,
        password: Option<PasswordHash>,
        max: usize,
    ) -> StoreFuture<'_, bool> {
        Box::pin(self.change("create_sign_in", move |db| {
            credentials::create_sign_in(db, &sign_in, password.as_ref(), max)
        }))
    }

    fn sign_ins(&self, tenant: TenantId, of: PrincipalId) -> StoreFuture<'_, Vec<Listed<SignInRecord>>> {
        let sql = format!(
            "SELECT {} FROM sign_ins WHERE tenant = ?1 AND principal = ?2 ORDER BY used_at DESC, hash DESC",
            row::SIGN_IN
        );
        Box::pin(self.read("sign_ins", move |db| {
            let wanted = params![blob(tenant.uuid()), blob(of.uuid())];
            db.prepare_cached(&sql)?.query_map(wanted, |next| listed(next, row::sign_in))?.collect()
        }))
    }

    fn delete_sign_ins(&self, which: SignIns) -> StoreFuture<'_, usize> {
        Box::pin(self.change("delete_sign_ins", move |db| credentials::delete_sign_ins(db, which)))
    }

    fn credentials(
        &self,
        hashes: Vec<CredentialHash>,
    ) -> StoreFuture<'_, Vec<(CredentialHash, CredentialRecord)>> {
        Box::pin(self.read("credentials", move |db| credentials::stand_for(db, &hashes)))
    }

    fn used_credentials(&self, uses: Vec<CredentialUse>) -> StoreFuture<'_, ()> {
        Box::pin(self.change("used_credentials", move |db| credentials::used(db, &uses)))
    }

    fn create_invitation(&self, invitation: InvitationRecord, max: usize) -> StoreFuture<'_, bool> {
        Box::pin(self.change("create_invitation", move |db| invitations::create(db, &invitation, max)))
    }

    fn invitations(&self, tenant: TenantId) -> StoreFuture<'_, Vec<Listed<InvitationRecord>>> {
        let sql = format!("SELECT {} FROM invitations WHERE tenant = ?1 ORDER BY id DESC", row::INVITATION);
        Box::pin(self.read("invitations", move |db| {
            let wanted = [blob(tenant.uuid())];
            db.prepare_cached(&sql)?.query_map(wanted, |next| listed(next, row::invitation))?.collect()
        }))
    }

    fn invitation(&self, hash: CredentialHash) -> StoreFuture<'_, Option<InvitationRecord>> {
        Box::pin(self.read("invitation", move |db| invitations::find(db, hash)))
    }

    fn accept_invitation(
        &self,
        hash: CredentialHash,
        person: PrincipalRecord,
        subject: Option<OidcSubject>,
        now: Timestamp,
    ) -> StoreFuture<'_, InvitationAccepted> {
        Box::pin(
            self.change("accept_invitation", move |db| invitations::accept(db, hash, person, subject, now)),
        )
    }

    fn delete_invitation(&self, tenant: TenantId, id: Uuid) -> StoreFuture<'_, bool> {
        let sql = "DELETE FROM invitations WHERE tenant = ?1 AND id = ?2";
        Box::pin(self.change("delete_invitation", move |db| {
            Ok(db.prepare_cached(sql)?.execute(params![blob(tenant.uuid()), blob(id)])? > 0)
        }))
    }

    fn create_oidc_subject(&self, subject: OidcSubject) -> StoreFuture<'_, bool> {
        Box::pin(self.change("create_oidc_subject", move |db| subjects::create(db, &subject)))
    }

    fn oidc_subject(&self, issuer: Arc<str>, subject: Arc<str>) -> StoreFuture<'_, Option<OidcSubject>> {
        Box::pin(self.read("oidc_subject", move |db| subjects::find(db, &issuer, &subject)))
    }

    fn oidc_subjects(&self, tenant: TenantId, of: PrincipalId) -> StoreFuture<'_, Vec<Listed<OidcSubject>>> {
        let sql = format!(
            "SELECT {} FROM oidc_subjects WHERE tenant = ?1 AND principal = ?2 ORDER BY issuer",
            row::OIDC_SUBJECT
        );
        Box::pin(self.read("oidc_subjects", move |db| {
            let wanted = params![blob(tenant.uuid()), blob(of.uuid())];
            db.prepare_cached(&sql)?.query_map(wanted, |next| listed(next, row::oidc_subject))?.collect()
        }))
    }

    fn use_oidc_subject(
        &self,
        issuer: Arc<str>,
        subject: Arc<str>,
        begun_at: Timestamp,
    ) -> StoreFuture<'_, bool> {
        let sql = "UPDATE oidc_subjects SET used_at = ?3 WHERE issuer = ?1 AND subject = ?2 AND used_at < ?3";
        Box::pin(self.change("use_oidc_subject", move |db| {
            Ok(db.prepare_cached(sql)?.execute(params![&*issuer, &*subject, begun_at.as_micros()])? > 0)
        }))
    }
}
