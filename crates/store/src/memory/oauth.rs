//! [`OauthTokens`] for [`MemoryStore`].

use std::sync::Arc;

use steadflow_core::ids::TenantId;
use steadflow_core::timestamp::Timestamp;
use uuid::Uuid;

use super::secrets::StoredSecrets;
use super::{MemoryStore, a_moment_later, at_once};
use crate::{
    OauthAuthorizationRecord, OauthClaim, OauthTokenRecord, OauthTokenState, OauthTokens, StoreFuture,
};

impl StoredSecrets {
    fn claim(
        &mut self,
        secret: (TenantId, Arc<str>),
        generation: Option<u64>,
        claim: OauthClaim,
        now: Timestamp,
    ) -> bool {
        if !self.secrets.contains_key(&secret) {
            return false;
        }
        let new = || OauthTokenRecord {
            tenant: secret.0,
            name: Arc::clone(&secret.1),
            generation: 0,
            state: OauthTokenState::default(),
            claim: None,
        };
        let mut record = self.tokens.get(&secret).cloned().unwrap_or_else(new);
        let is_free = record.claim.is_none_or(|held| held.until <= now);
        if generation.is_some_and(|wanted| wanted != record.generation || !is_free) {
            return false;
        }
        record.claim = Some(claim);
        self.tokens.insert(secret, record);
        true
    }

    fn settle(&mut self, secret: &(TenantId, Arc<str>), claim: Uuid, state: OauthTokenState) -> bool {
        let ours = |record: &&mut OauthTokenRecord| record.claim.is_some_and(|held| held.id == claim);
        let Some(record) = self.tokens.get_mut(secret).filter(ours) else { return false };
        (record.generation, record.state, record.claim) = (record.generation + 1, state, None);
        true
    }

    fn begin(&mut self, authorization: OauthAuthorizationRecord, max: usize) -> bool {
        let (tenant, now) = (authorization.tenant, authorization.created_at);
        self.authorizations.retain(|_, begun| begun.tenant != tenant || begun.expires_at > now);
        let fits = self.authorizations.values().filter(|begun| begun.tenant == tenant).count() < max;
        if fits {
            self.authorizations.insert(authorization.hash, authorization);
        }
        fits
    }

    fn take(&mut self, hash: [u8; 32], now: Timestamp) -> Option<OauthAuthorizationRecord> {
        self.authorizations.remove(&hash).filter(|begun| begun.expires_at > now)
    }

    /// Deletes what a secret has that is stored again or deleted.
    pub(super) fn forget(&mut self, secret: &(TenantId, Arc<str>)) {
        self.tokens.remove(secret);
        self.authorizations.retain(|_, begun| begun.tenant != secret.0 || begun.name != secret.1);
    }
}

impl OauthTokens for MemoryStore {
    fn oauth_tokens(&self, tenant: TenantId) -> StoreFuture<'_, Vec<OauthTokenRecord>> {
        at_once(self.with_secrets(|stored| {
            stored.tokens.values().filter(|record| record.tenant == tenant).cloned().collect()
        }))
    }

    fn oauth_token(&self, tenant: TenantId, name: Arc<str>) -> StoreFuture<'_, Option<OauthTokenRecord>> {
        at_once(self.with_secrets(|stored| stored.tokens.get(&(tenant, name)).cloned()))
    }

    fn claim_token(
        &self,
        secret: (TenantId, Arc<str>),
        generation: Option<u64>,
        claim: OauthClaim,
        now: Timestamp,
    ) -> StoreFuture<'_, bool> {
        a_moment_later(self.with_secrets(|stored| stored.claim(secret, generation, claim, now)))
    }

    fn settle_token(
        &self,
        secret: (TenantId, Arc<str>),
        claim: Uuid,
        state: OauthTokenState,
    ) -> StoreFuture<'_, bool> {
        a_moment_later(self.with_secrets(|stored| stored.settle(&secret, claim, state)))
    }

    fn begin_authorization(
        &self,
        authorization: OauthAuthorizationRecord,
        max: usize,
    ) -> StoreFuture<'_, bool> {
        a_moment_later(self.with_secrets(|stored| stored.begin(authorization, max)))
    }

    fn take_authorization(
        &self,
        hash: [u8; 32],
        now: Timestamp,
    ) -> StoreFuture<'_, Option<OauthAuthorizationRecord>> {
        a_moment_later(self.with_secrets(|stored| stored.take(hash, now)))
    }
}
