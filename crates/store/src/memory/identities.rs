//! [`Identities`] for [`MemoryStore`].

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use steadflow_core::access::CredentialHash;
use steadflow_core::caller::{Actor, ActorKind, Role};
use steadflow_core::ids::{KeyId, PrincipalId, TenantId};
use steadflow_core::timestamp::Timestamp;
use uuid::Uuid;

use super::{Database, MemoryStore, all_sound, at_once};
use crate::{
    ApiKeyRecord, CredentialRecord, CredentialUse, FIRST_ADMIN_LINKS_MAX, Identities, InvitationAccepted,
    InvitationRecord, KeyCreated, Listed, OidcSubject, Page, PasskeyRecord, PasswordHash, PrincipalChange,
    PrincipalChanged, PrincipalKind, PrincipalRecord, SignInRecord, SignIns, StoreError, StoreFuture,
    TenantRecord,
};

/// What a database would hold of who may ask.
#[derive(Debug, Default)]
pub(super) struct StoredIdentities {
    pub(super) tenants: BTreeMap<TenantId, TenantRecord>,
    principals: BTreeMap<PrincipalId, PrincipalRecord>,
    keys: BTreeMap<KeyId, ApiKeyRecord>,
    sign_ins: BTreeMap<CredentialHash, SignInRecord>,
    invitations: BTreeMap<CredentialHash, InvitationRecord>,
    /// By issuer and subject.
    subjects: BTreeMap<(Arc<str>, Arc<str>), OidcSubject>,
    pub(super) passkeys: BTreeMap<Uuid, PasskeyRecord>,
}

impl StoredIdentities {
    /// Deletes all that is of a tenant, and returns how much.
    pub(super) fn delete_of(&mut self, tenant: TenantId) -> usize {
        let before = self.count();
        self.principals.retain(|_, record| record.tenant != tenant);
        self.keys.retain(|_, record| record.tenant != tenant);
        self.sign_ins.retain(|_, record| record.tenant != tenant);
        self.invitations.retain(|_, record| record.tenant != tenant);
        self.subjects.retain(|_, subject| subject.tenant != tenant);
        self.passkeys.retain(|_, passkey| passkey.tenant != tenant);
        before - self.count()
    }

    fn count(&self) -> usize {
        let known = self.principals.len() + self.subjects.len() + self.passkeys.len();
        known + self.keys.len() + self.sign_ins.len() + self.invitations.len()
    }

    pub(super) fn principal(&self, tenant: TenantId, id: PrincipalId) -> Option<&PrincipalRecord> {
        self.principals.get(&id).filter(|principal| principal.tenant == tenant)
    }

    /// Returns whether another one has the address or the name.
    fn is_taken(&self, principal: &PrincipalRecord) -> bool {
        self.principals.values().filter(|other| other.id != principal.id).any(|other| match principal.kind {
            PrincipalKind::Person => principal.email.is_some() && other.email == principal.email,
            PrincipalKind::Service => {
                other.kind == principal.kind
                    && (other.tenant, &other.name) == (principal.tenant, &principal.name)
            }
        })
    }

    fn create_principal(&mut self, principal: PrincipalRecord) -> bool {
        !self.is_taken(&principal) && self.principals.insert(principal.id, principal).is_none()
    }

    /// Returns whether a principal is the only acting admin of its tenant.
    fn is_last_admin(&self, principal: &PrincipalRecord) -> bool {
        let is_other = |other: &PrincipalRecord| other.id != principal.id && other.tenant == principal.tenant;
        let mut others = self.principals.values().filter(|other| is_other(other));
        principal.is_acting_admin() && !others.any(PrincipalRecord::is_acting_admin)
    }

    fn change(&mut self, tenant: TenantId, id: PrincipalId, change: PrincipalChange) -> PrincipalChanged {
        let Some(before) = self.principal(tenant, id).cloned() else { return PrincipalChanged::Missing };
        let (ends_sign_ins, keep) = (change.ends_sign_ins(), change.keep);
        let after = change.applied(before.clone());
        if self.is_last_admin(&before) && !after.is_acting_admin() {
            return PrincipalChanged::LastAdmin;
        }
        if self.is_taken(&after) {
            return PrincipalChanged::NameTaken;
        }
        if ends_sign_ins {
            self.delete_sign_ins(SignIns::Of(id, keep));
        }
        self.principals.insert(id, after.clone());
        PrincipalChanged::Done(Box::new(after))
    }

    fn delete(&mut self, tenant: TenantId, id: PrincipalId) -> PrincipalChanged {
        let Some(principal) = self.principal(tenant, id).cloned() else { return PrincipalChanged::Missing };
        if self.is_last_admin(&principal) {
            return PrincipalChanged::LastAdmin;
        }
        self.keys.retain(|_, key| key.principal != id);
        self.sign_ins.retain(|_, sign_in| sign_in.principal != id);
        self.invitations.retain(|_, invitation| invitation.principal != Some(id));
        self.subjects.retain(|_, subject| subject.principal != id);
        self.passkeys.retain(|_, passkey| passkey.principal != id);
        self.principals.remove(&id);
        PrincipalChanged::Done(Box::new(principal))
    }

    fn has_admin(&self, now: Timestamp) -> bool {
        let of_default = |principal: &&PrincipalRecord| {
            principal.tenant == TenantId::DEFAULT
                && principal.disabled_at.is_none()
                && principal.role == Role::Admin
        };
        self.principals.values().filter(of_default).any(|principal| {
            principal.kind == PrincipalKind::Person
                || self.keys.values().any(|key| {
                    let is_over = key.expires_at.is_some_and(|end| end <= now);
                    key.principal == principal.id && key.role == Role::Admin && !is_over
                })
        })
    }

    fn create_key(&mut self, key: ApiKeyRecord, max: usize) -> KeyCreated {
        if self.principal(key.tenant, key.principal).is_none() {
            return KeyCreated::Missing;
        }
        if self.keys.values().filter(|other| other.principal == key.principal).count() >= max {
            return KeyCreated::TooMany;
        }
        self.keys.insert(key.id, key);
        KeyCreated::Done
    }

    fn keys(&self, tenant: TenantId, of: Option<PrincipalId>, page: Page) -> Vec<Listed<ApiKeyRecord>> {
        let is_meant = |key: &&ApiKeyRecord| {
            key.tenant == tenant
                && of.is_none_or(|of| key.principal == of)
                && page.before.is_none_or(|before| key.id.uuid() < before)
        };
        all_sound(self.keys.values().rev().filter(is_meant).take(page.limit).cloned().collect())
    }

    fn delete_key(&mut self, tenant: TenantId, id: KeyId, of: Option<PrincipalId>) -> bool {
        let is_meant = |key: &ApiKeyRecord| key.tenant == tenant && of.is_none_or(|of| key.principal == of);
        self.keys.get(&id).is_some_and(is_meant) && self.keys.remove(&id).is_some()
    }

    fn create_sign_in(&mut self, sign_in: SignInRecord, password: Option<PasswordHash>, max: usize) -> bool {
        let known = self.principal(sign_in.tenant, sign_in.principal);
        if !known.is_some_and(|known| known.disabled_at.is_none() && known.password == password) {
            return false;
        }
        let mut of_principal: Vec<_> =
            self.sign_ins.values().filter(|other| other.principal == sign_in.principal).collect();
        of_principal.sort_by_key(|other| Reverse((other.used_at, other.hash)));
        let gone: Vec<_> =
            of_principal.iter().skip(max.saturating_sub(1)).map(|sign_in| sign_in.hash).collect();
        self.sign_ins.retain(|hash, _| !gone.contains(hash));
        self.sign_ins.insert(sign_in.hash, sign_in).is_none()
    }

    fn sign_ins(&self, tenant: TenantId, of: PrincipalId) -> Vec<Listed<SignInRecord>> {
        let is_meant = |sign_in: &&SignInRecord| (sign_in.tenant, sign_in.principal) == (tenant, of);
        let mut found: Vec<_> = self.sign_ins.values().filter(is_meant).cloned().collect();
        found.sort_by_key(|sign_in| Reverse((sign_in.used_at, sign_in.hash)));
        all_sound(found)
    }

    fn delete_sign_ins(&mut self, which: SignIns) -> usize {
        let is_meant = |sign_in: &&SignInRecord| match which {
            SignIns::One(hash) => sign_in.hash == hash,
            SignIns::Known(principal, id) => (sign_in.principal, sign_in.id) == (principal, id),
            SignIns::Of(principal, but) => sign_in.principal == principal && but != Some(sign_in.hash),
            SignIns::OverAt(at, _) => sign_in.expires_at <= at,
        };
        let max = if let SignIns::OverAt(_, max) = which { max } else { usize::MAX };
        let gone: Vec<_> =
            self.sign_ins.values().filter(is_meant).take(max).map(|sign_in| sign_in.hash).collect();
        self.sign_ins.retain(|hash, _| !gone.contains(hash));
        gone.len()
    }

    /// Returns somebody who may do something.
    fn acting(&self, id: PrincipalId) -> Option<&PrincipalRecord> {
        let is_enabled = |tenant: TenantId| {
            let of = self.tenants.get(&tenant);
            of.map_or(tenant == TenantId::DEFAULT, |tenant| tenant.disabled_at.is_none())
        };
        let principal = self.principals.get(&id)?;
        (principal.disabled_at.is_none() && is_enabled(principal.tenant)).then_some(principal)
    }

    fn credential(&self, hash: CredentialHash) -> Option<CredentialRecord> {
        if let Some(key) = self.keys.values().find(|key| key.hash == hash) {
            let principal = self.acting(key.principal)?;
            let (role, grants) = principal.grants.limited(principal.role, key.role, key.folders.as_deref());
            return Some(CredentialRecord {
                tenant: principal.tenant,
                principal: principal.id,
                actor: Actor { kind: ActorKind::Key, id: Some(Arc::clone(&key.prefix)) },
                role,
                grants,
                folders: key.folders.clone(),
                flows: key.flows.clone(),
                networks: key.networks.clone(),
                expires_at: key.expires_at,
                used_at: key.used_at,
            });
        }
        let sign_in = self.sign_ins.get(&hash)?;
        let principal = self.acting(sign_in.principal)?;
        Some(CredentialRecord {
            tenant: principal.tenant,
            principal: principal.id,
            actor: Actor { kind: ActorKind::User, id: principal.email.clone() },
            role: principal.role,
            grants: principal.grants.clone(),
            folders: None,
            flows: Default::default(),
            networks: None,
            expires_at: Some(sign_in.expires_at),
            used_at: Some(sign_in.used_at),
        })
    }

    fn used(&mut self, uses: Vec<CredentialUse>) {
        for CredentialUse { hash, at, from } in uses {
            if let Some(key) = self.keys.values_mut().find(|key| key.hash == hash) {
                (key.used_at, key.used_from) = (Some(at), from);
            } else if let Some(sign_in) = self.sign_ins.get_mut(&hash) {
                (sign_in.used_at, sign_in.address) = (at, from);
            }
        }
    }

    fn create_invitation(&mut self, new: InvitationRecord, max: usize) -> bool {
        let links = self.invitations.values().filter(|known| new.is_first_admin && known.is_first_admin);
        let mut links: Vec<_> = links.map(|known| known.id).collect();
        links.sort_by_key(|id| Reverse(*id));
        let replaced = links.split_off(links.len().min(FIRST_ADMIN_LINKS_MAX - 1));
        self.invitations.retain(|_, known| {
            let is_over = known.tenant == new.tenant && known.expires_at <= new.created_at;
            !is_over && !replaced.contains(&known.id)
        });
        let of_tenant = self.invitations.values().filter(|known| known.tenant == new.tenant);
        let is_room = new.is_first_admin || of_tenant.count() < max;
        is_room && self.invitations.insert(new.hash, new).is_none()
    }

    fn accept(
        &mut self,
        hash: CredentialHash,
        person: PrincipalRecord,
        subject: Option<OidcSubject>,
        now: Timestamp,
    ) -> InvitationAccepted {
        let invitation = self.invitations.get(&hash).filter(|known| known.expires_at > now).cloned();
        let Some(invitation) = invitation else { return InvitationAccepted::Gone };
        let is_of_other = |subject: &OidcSubject| {
            let known = self.subjects.get(&(Arc::clone(&subject.issuer), Arc::clone(&subject.subject)));
            known.is_some_and(|known| Some(known.principal) != invitation.principal)
        };
        if subject.as_ref().is_some_and(is_of_other) {
            return InvitationAccepted::Taken;
        }
        let stored = if let Some(id) = invitation.principal {
            let Some(known) = self.principal(invitation.tenant, id) else { return InvitationAccepted::Gone };
            if known.disabled_at.is_some() {
                return InvitationAccepted::Gone;
            }
            let password = person.password.or_else(|| known.password.clone());
            let stored = PrincipalRecord { password, ..known.clone() };
            self.delete_sign_ins(SignIns::Of(id, None));
            stored
        } else {
            let person = PrincipalRecord {
                tenant: invitation.tenant,
                role: invitation.role,
                grants: invitation.grants.clone(),
                ..person
            };
            if self.is_taken(&person) {
                return InvitationAccepted::Taken;
            }
            person
        };
        let is_first_admin = invitation.is_first_admin;
        self.invitations.retain(|known, other| *known != hash && !(is_first_admin && other.is_first_admin));
        self.principals.insert(stored.id, stored.clone());
        if let Some(subject) = subject {
            self.subjects.retain(|_, known| (&known.issuer, known.principal) != (&subject.issuer, stored.id));
            self.create_subject(OidcSubject { tenant: stored.tenant, principal: stored.id, ..subject });
        }
        InvitationAccepted::Done(Box::new(stored))
    }

    fn delete_invitation(&mut self, tenant: TenantId, id: Uuid) -> bool {
        let before = self.invitations.len();
        self.invitations.retain(|_, known| (known.tenant, known.id) != (tenant, id));
        self.invitations.len() < before
    }

    fn create_subject(&mut self, new: OidcSubject) -> bool {
        let is_known = self.principal(new.tenant, new.principal).is_some();
        let is_taken = self.subjects.values().any(|known| {
            known.issuer == new.issuer && (known.subject == new.subject || known.principal == new.principal)
        });
        let key = (Arc::clone(&new.issuer), Arc::clone(&new.subject));
        is_known && !is_taken && self.subjects.insert(key, new).is_none()
    }

    fn use_subject(&mut self, issuer: Arc<str>, subject: Arc<str>, begun_at: Timestamp) -> bool {
        let known = self.subjects.get_mut(&(issuer, subject)).filter(|known| known.used_at < begun_at);
        known.map(|known| known.used_at = begun_at).is_some()
    }
}

impl MemoryStore {
    pub(super) fn in_identities<'a, T: Send + 'a>(
        &'a self,
        change: impl FnOnce(&mut StoredIdentities) -> T,
    ) -> StoreFuture<'a, T> {
        let answer: Result<T, StoreError> = self.open().map(|mut database| change(&mut database.identities));
        at_once(answer)
    }
}

impl Identities for MemoryStore {
    fn create_principal(&self, principal: PrincipalRecord) -> StoreFuture<'_, bool> {
        self.in_identities(|stored| stored.create_principal(principal))
    }

    fn principals(&self, tenant: TenantId, page: Page) -> StoreFuture<'_, Vec<Listed<PrincipalRecord>>> {
        self.in_identities(|stored| {
            let is_meant = |principal: &&PrincipalRecord| {
                principal.tenant == tenant && page.before.is_none_or(|before| principal.id.uuid() < before)
            };
            let newest = stored.principals.values().rev().filter(is_meant).take(page.limit);
            all_sound(newest.cloned().collect())
        })
    }

    fn principal(&self, tenant: TenantId, id: PrincipalId) -> StoreFuture<'_, Option<PrincipalRecord>> {
        self.in_identities(|stored| stored.principal(tenant, id).cloned())
    }

    fn person(&self, email: Arc<str>) -> StoreFuture<'_, Option<PrincipalRecord>> {
        self.in_identities(|stored| {
            let mut all = stored.principals.values();
            all.find(|principal| principal.email.as_ref() == Some(&email)).cloned()
        })
    }

    fn service_account(&self, tenant: TenantId, name: Arc<str>) -> StoreFuture<'_, Option<PrincipalRecord>> {
        self.in_identities(|stored| {
            let is_meant = |principal: &&PrincipalRecord| {
                principal.kind == PrincipalKind::Service
                    && (principal.tenant, &principal.name) == (tenant, &name)
            };
            stored.principals.values().find(is_meant).cloned()
        })
    }

    fn change_principal(
        &self,
        tenant: TenantId,
        id: PrincipalId,
        change: PrincipalChange,
    ) -> StoreFuture<'_, PrincipalChanged> {
        self.in_identities(|stored| stored.change(tenant, id, change))
    }

    fn delete_principal(&self, tenant: TenantId, id: PrincipalId) -> StoreFuture<'_, PrincipalChanged> {
        let delete = |database: &mut Database| {
            let deleted = database.identities.delete(tenant, id);
            if matches!(deleted, PrincipalChanged::Done(_)) {
                database.notes.retain(|key, _| key.owner != Some(id));
            }
            deleted
        };
        at_once(self.open().map(|mut database| delete(&mut database)))
    }

    fn has_admin(&self, now: Timestamp) -> StoreFuture<'_, bool> {
        self.in_identities(|stored| stored.has_admin(now))
    }

    fn create_api_key(&self, key: ApiKeyRecord, max: usize) -> StoreFuture<'_, KeyCreated> {
        self.in_identities(|stored| stored.create_key(key, max))
    }

    fn api_keys(
        &self,
        tenant: TenantId,
        of: Option<PrincipalId>,
        page: Page,
    ) -> StoreFuture<'_, Vec<Listed<ApiKeyRecord>>> {
        self.in_identities(|stored| stored.keys(tenant, of, page))
    }

    fn delete_api_key(&self, tenant: TenantId, id: KeyId, of: Option<PrincipalId>) -> StoreFuture<'_, bool> {
        self.in_identities(|stored| stored.delete_key(tenant, id, of))
    }

    fn create_sign_in(
        &self,
        sign_in: SignInRecord,
        password: Option<PasswordHash>,
        max: usize,
    ) -> StoreFuture<'_, bool> {
        self.in_identities(|stored| stored.create_sign_in(sign_in, password, max))
    }

    fn sign_ins(&self, tenant: TenantId, of: PrincipalId) -> StoreFuture<'_, Vec<Listed<SignInRecord>>> {
        self.in_identities(|stored| stored.sign_ins(tenant, of))
    }

    fn delete_sign_ins(&self, which: SignIns) -> StoreFuture<'_, usize> {
        self.in_identities(|stored| stored.delete_sign_ins(which))
    }

    fn credentials(
        &self,
        hashes: Vec<CredentialHash>,
    ) -> StoreFuture<'_, Vec<(CredentialHash, CredentialRecord)>> {
        self.in_identities(|stored| {
            hashes.into_iter().filter_map(|hash| Some((hash, stored.credential(hash)?))).collect()
        })
    }

    fn used_credentials(&self, uses: Vec<CredentialUse>) -> StoreFuture<'_, ()> {
        self.in_identities(|stored| stored.used(uses))
    }

    fn create_invitation(&self, invitation: InvitationRecord, max: usize) -> StoreFuture<'_, bool> {
        self.in_identities(|stored| stored.create_invitation(invitation, max))
    }

    fn invitations(&self, tenant: TenantId) -> StoreFuture<'_, Vec<Listed<InvitationRecord>>> {
        self.in_identities(|stored| {
            let of_tenant = stored.invitations.values().filter(|known| known.tenant == tenant);
            let mut found: Vec<_> = of_tenant.cloned().collect();
            found.sort_by_key(|known| Reverse(known.id));
            all_sound(found)
        })
    }

    fn invitation(&self, hash: CredentialHash) -> StoreFuture<'_, Option<InvitationRecord>> {
        self.in_identities(|stored| stored.invitations.get(&hash).cloned())
    }

    fn accept_invitation(
        &self,
        hash: CredentialHash,
        person: PrincipalRecord,
        subject: Option<OidcSubject>,
        now: Timestamp,
    ) -> StoreFuture<'_, InvitationAccepted> {
        self.in_identities(|stored| stored.accept(hash, person, subject, now))
    }

    fn delete_invitation(&self, tenant: TenantId, id: Uuid) -> StoreFuture<'_, bool> {
        self.in_identities(|stored| stored.delete_invitation(tenant, id))
    }

    fn create_oidc_subject(&self, subject: OidcSubject) -> StoreFuture<'_, bool> {
        self.in_identities(|stored| stored.create_subject(subject))
    }

    fn oidc_subject(&self, issuer: Arc<str>, subject: Arc<str>) -> StoreFuture<'_, Option<OidcSubject>> {
        self.in_identities(|stored| stored.subjects.get(&(issuer, subject)).cloned())
    }

    fn oidc_subjects(&self, tenant: TenantId, of: PrincipalId) -> StoreFuture<'_, Vec<Listed<OidcSubject>>> {
        self.in_identities(|stored| {
            let is_meant = |known: &&OidcSubject| (known.tenant, known.principal) == (tenant, of);
            all_sound(stored.subjects.values().filter(is_meant).cloned().collect())
        })
    }

    fn use_oidc_subject(
        &self,
        issuer: Arc<str>,
        subject: Arc<str>,
        begun_at: Timestamp,
    ) -> StoreFuture<'_, bool> {
        self.in_identities(|stored| stored.use_subject(issuer, subject, begun_at))
    }
}
