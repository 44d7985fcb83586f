//! [`Identities`] for [`PostgresStore`].

mod credentials;
mod invitations;
mod principals;
mod row;
mod subjects;

use std::sync::Arc;

use steadflow_core::access::CredentialHash;
use steadflow_core::ids::{KeyId, PrincipalId, TenantId};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{
    ApiKeyRecord, CredentialRecord, CredentialUse, Identities, InvitationAccepted, InvitationRecord,
    KeyCreated, Listed, OidcSubject, Page, PasswordHash, PrincipalChange, PrincipalChanged, PrincipalRecord,
    SignInRecord, SignIns, StoreFuture,
};
use uuid::Uuid;

use crate::columns::listed;
use crate::session::{session, transaction};
use crate::value::{params, rows_max, stored};
use crate::{PostgresStore, call};

impl Identities for PostgresStore {
    fn create_principal(&self, principal: PrincipalRecord) -> StoreFuture<'_, bool> {
        call(
            "create_principal",
            async move { principals::create(&*session(&self.pool).await?, &principal).await },
        )
    }

    fn principals(&self, tenant: TenantId, page: Page) -> StoreFuture<'_, Vec<Listed<PrincipalRecord>>> {
        call("principals", async move {
            let sql = format!(
                "SELECT {} FROM principals WHERE tenant = $1 AND ($2 IS NULL OR id < $2) ORDER BY id DESC LIMIT $3",
                row::PRINCIPAL
            );
            let found = session(&self.pool)
                .await?
                .query_typed(&sql, params![tenant.uuid(), page.before, rows_max(page.limit)])
                .await?;
            found.iter().map(|next| listed(next, row::principal)).collect()
        })
    }

    fn principal(&self, tenant: TenantId, id: PrincipalId) -> StoreFuture<'_, Option<PrincipalRecord>> {
        call("principal", async move { principals::find(&*session(&self.pool).await?, tenant, id).await })
    }

    fn person(&self, email: Arc<str>) -> StoreFuture<'_, Option<PrincipalRecord>> {
        call("person", async move {
            let sql = format!("SELECT {} FROM principals WHERE email = $1", row::PRINCIPAL);
            let db = session(&self.pool).await?;
            let found = db.query_typed_opt(&sql, params![stored(&email)]).await?;
            found.as_ref().map(row::principal).transpose()
        })
    }

    fn service_account(&self, tenant: TenantId, name: Arc<str>) -> StoreFuture<'_, Option<PrincipalRecord>> {
        call("service_account", async move {
            let sql = format!(
                "SELECT {} FROM principals WHERE tenant = $1 AND name = $2 AND kind = 'service'",
                row::PRINCIPAL
            );
            let db = session(&self.pool).await?;
            let found = db.query_typed_opt(&sql, params![tenant.uuid(), stored(&name)]).await?;
            found.as_ref().map(row::principal).transpose()
        })
    }

    fn change_principal(
        &self,
        tenant: TenantId,
        id: PrincipalId,
        change: PrincipalChange,
    ) -> StoreFuture<'_, PrincipalChanged> {
        call("change_principal", async move {
            transaction!(&self.pool, |db| principals::change(db, tenant, id, change.clone()).await)
        })
    }

    fn delete_principal(&self, tenant: TenantId, id: PrincipalId) -> StoreFuture<'_, PrincipalChanged> {
        call("delete_principal", async move {
            transaction!(&self.pool, |db| principals::delete(db, tenant, id).await)
        })
    }

    fn has_admin(&self, now: Timestamp) -> StoreFuture<'_, bool> {
        call("has_admin", async move { principals::has_admin(&*session(&self.pool).await?, now).await })
    }

    fn create_api_key(&self, key: ApiKeyRecord, max: usize) -> StoreFuture<'_, KeyCreated> {
        call("create_api_key", async move {
            transaction!(&self.pool, |db| credentials::create_key(db, &key, max).await)
        })
    }

    fn api_keys(
        &self,
        tenant: TenantId,
        of: Option<PrincipalId>,
        page: Page,
    ) -> StoreFuture<'_, Vec<Listed<ApiKeyRecord>>> {
        call("api_keys", async move {
            let sql = format!(
                "SELECT {} FROM api_keys WHERE tenant = $1 AND ($2 IS NULL OR principal = $2)
                    AND ($3 IS NULL OR id < $3) ORDER BY id DESC LIMIT $4",
                row::API_KEY
            );
            let of = of.map(PrincipalId::uuid);
            let found = session(&self.pool)
                .await?
                .query_typed(&sql, params![tenant.uuid(), of, page.before, rows_max(page.limit)])
                .await?;
            found.iter().map(|next| listed(next, row::api_key)).collect()
        })
    }

    fn delete_api_key(&self, tenant: TenantId, id: KeyId, of: Option<PrincipalId>) -> StoreFuture<'_, bool> {
        call("delete_api_key", async move {
            let sql = "DELETE FROM api_keys WHERE id = $1 AND tenant = $2 AND ($3 IS NULL OR principal = $3)";
            Ok(session(&self.pool)
                .await?
                .execute_typed(sql, params![id.uuid(), tenant.uuid(), of.map(PrincipalId::uuid)])
                .await?
                > 0)
        })
    }

    fn create_sign_in(
        &self,
        sign_in: SignInRecord,
        password: Option<PasswordHash>,
        max: usize,
    ) -> StoreFuture<'_, bool> {
        call("create_sign_in", async move {
            let password = password.as_ref();
            transaction!(&self.pool, |db| credentials::create_sign_in(db, &sign_in, password, max).await)
        })
    }

    fn sign_ins(&self, tenant: TenantId, of: PrincipalId) -> StoreFuture<'_, Vec<Listed<SignInRecord>>> {
        call("sign_ins", async move {
            let sql = format!(
                "SELECT {} FROM sign_ins WHERE tenant = $1 AND principal = $2 ORDER BY used_at DESC, hash DESC",
                row::SIGN_IN
            );
            let found =
                session(&self.pool).await?.query_typed(&sql, params![tenant.uuid(), of.uuid()]).await?;
            found.iter().map(|next| listed(next, row::sign_in)).collect()
        })
    }

    fn delete_sign_ins(&self, which: SignIns) -> StoreFuture<'_, usize> {
        call("delete_sign_ins", async move {
            credentials::delete_sign_ins(&*session(&self.pool).await?, which).await
        })
    }

    fn credentials(
        &self,
        hashes: Vec<CredentialHash>,
    ) -> StoreFuture<'_, Vec<(CredentialHash, CredentialRecord)>> {
        call("credentials", async move { credentials::stand_for(&session(&self.pool).await?, &hashes).await })
    }

    fn used_credentials(&self, uses: Vec<CredentialUse>) -> StoreFuture<'_, ()> {
        call("used_credentials", async move {
            transaction!(&self.pool, |db| credentials::used(db, uses.clone()).await)
        })
    }

    fn create_invitation(&self, invitation: InvitationRecord, max: usize) -> StoreFuture<'_, bool> {
        call("create_invitation", async move {
            transaction!(&self.pool, |db| invitations::create(db, &invitation, max).await)
        })
    }

    fn invitations(&self, tenant: TenantId) -> StoreFuture<'_, Vec<Listed<InvitationRecord>>> {
        call("invitations", async move {
            let sql =
                format!("SELECT {} FROM invitations WHERE tenant = $1 ORDER BY id DESC", row::INVITATION);
            let found = session(&self.pool).await?.query_typed(&sql, params![tenant.uuid()]).await?;
            found.iter().map(|next| listed(next, row::invitation)).collect()
        })
    }

    fn invitation(&self, hash: CredentialHash) -> StoreFuture<'_, Option<InvitationRecord>> {
        call("invitation", async move { invitations::find(&*session(&self.pool).await?, hash).await })
    }

    fn accept_invitation(
        &self,
        hash: CredentialHash,
        person: PrincipalRecord,
        subject: Option<OidcSubject>,
        now: Timestamp,
    ) -> StoreFuture<'_, InvitationAccepted> {
        call("accept_invitation", async move {
            transaction!(&self.pool, |db| {
                invitations::accept(db, hash, person.clone(), subject.clone(), now).await
            })
        })
    }

    fn delete_invitation(&self, tenant: TenantId, id: Uuid) -> StoreFuture<'_, bool> {
        call("delete_invitation", async move {
            let sql = "DELETE FROM invitations WHERE tenant = $1 AND id = $2";
            let db = session(&self.pool).await?;
            Ok(db.execute_typed(sql, params![tenant.uuid(), id]).await? > 0)
        })
    }

    fn create_oidc_subject(&self, subject: OidcSubject) -> StoreFuture<'_, bool> {
        call("create_oidc_subject", async move {
            transaction!(&self.pool, |db| subjects::create(db, &subject).await)
        })
    }

    fn oidc_subject(&self, issuer: Arc<str>, subject: Arc<str>) -> StoreFuture<'_, Option<OidcSubject>> {
        call(
            "oidc_subject",
            async move { subjects::find(&*session(&self.pool).await?, &issuer, &subject).await },
        )
    }

    fn oidc_subjects(&self, tenant: TenantId, of: PrincipalId) -> StoreFuture<'_, Vec<Listed<OidcSubject>>> {
        call("oidc_subjects", async move {
            let sql = format!(
                "SELECT {} FROM oidc_subjects WHERE tenant = $1 AND principal = $2 ORDER BY issuer",
                row::OIDC_SUBJECT
            );
            let found =
                session(&self.pool).await?.query_typed(&sql, params![tenant.uuid(), of.uuid()]).await?;
            found.iter().map(|next| listed(next, row::oidc_subject)).collect()
        })
    }

    fn use_oidc_subject(
        &self,
        issuer: Arc<str>,
        subject: Arc<str>,
        begun_at: Timestamp,
    ) -> StoreFuture<'_, bool> {
        call("use_oidc_subject", async move {
            let sql =
                "UPDATE oidc_subjects SET used_at = $3 WHERE issuer = $1 AND subject = $2 AND used_at < $3";
            let db = session(&self.pool).await?;
            Ok(db
                .execute_typed(sql, params![stored(&issuer), stored(&subject), begun_at.as_micros()])
                .await?
                > 0)
        })
    }
}
