//! OAuth2 secrets: how their tokens are obtained, the ones in memory, and the encryption of what is stored of them.

use std::fmt;
use std::sync::Arc;

use steadflow_core::ids::TenantId;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::Store;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::content::{Content, OauthContent, Slots};
use super::{Opened, Vault, VaultError};
use crate::held_token::Slot;
use crate::oauth_config::OauthConfig;
use crate::sealing::Place;

/// An OAuth2 secret. `Debug` hides how its tokens are obtained.
#[derive(Clone)]
pub(crate) struct OauthSecret {
    pub(crate) tenant: TenantId,
    pub(crate) name: Arc<str>,
    /// Another one each time the secret is stored.
    pub(crate) id: Uuid,
    pub(crate) config: Arc<OauthConfig>,
    pub(crate) slot: Arc<Slot>,
}

impl fmt::Debug for OauthSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OauthSecret")
            .field("tenant", &self.tenant)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl OauthSecret {
    fn of(tenant: TenantId, name: &Arc<str>, content: &OauthContent) -> Self {
        let OauthContent { id, config, slot } = content.clone();
        Self { tenant, name: Arc::clone(name), id, config, slot }
    }

    /// What its tokens are encrypted for.
    fn place(&self) -> Place<'_> {
        Place::Tokens { tenant: self.tenant, name: &self.name, config: self.id }
    }
}

impl Vault {
    /// Returns the access token of an OAuth2 secret that counts at `now`, if there is one in memory.
    pub fn token(&self, tenant: TenantId, name: &str, now: Timestamp) -> Option<Arc<Zeroizing<String>>> {
        let opened = self.inner.opened.read();
        match &opened.secrets.get(&tenant)?.get(name)?.content {
            Some(Content::Oauth(OauthContent { id, slot, .. })) => slot.token(*id, now),
            Some(Content::Value(_)) | None => None,
        }
    }

    /// Forgets an access token that a service has refused. Returns whether another one may help.
    pub fn refuse_token(&self, tenant: TenantId, name: &str, token: &str, now: Timestamp) -> bool {
        self.oauth_secret(tenant, name).is_some_and(|secret| secret.slot.refuse(token, now))
    }

    /// Returns how the tokens of each OAuth2 secret are obtained, without their credentials.
    pub fn oauth_configs(&self, tenant: TenantId) -> Vec<(Arc<str>, Arc<OauthConfig>)> {
        self.oauth_secrets(tenant).into_iter().map(|secret| (secret.name, secret.config)).collect()
    }

    pub(crate) fn oauth_secret(&self, tenant: TenantId, name: &str) -> Option<OauthSecret> {
        let opened = self.inner.opened.read();
        let (name, stored) = opened.secrets.get(&tenant)?.get_key_value(name)?;
        match &stored.content {
            Some(Content::Oauth(content)) => Some(OauthSecret::of(tenant, name, content)),
            Some(Content::Value(_)) | None => None,
        }
    }

    pub(crate) fn oauth_secrets(&self, tenant: TenantId) -> Vec<OauthSecret> {
        let opened = self.inner.opened.read();
        let all = opened.secrets.get(&tenant).into_iter().flatten();
        let of = |(name, stored): (&Arc<str>, &super::Stored)| match &stored.content {
            Some(Content::Oauth(content)) => Some(OauthSecret::of(tenant, name, content)),
            Some(Content::Value(_)) | None => None,
        };
        all.filter_map(of).collect()
    }

    pub(crate) fn store(&self) -> &dyn Store {
        &*self.inner.store
    }

    /// Encrypts the tokens of a secret. Returns the data key with it.
    pub(crate) async fn seal_tokens(
        &self,
        secret: &OauthSecret,
        plain: &[u8],
    ) -> Result<(Uuid, Vec<u8>), VaultError> {
        self.seal(secret.tenant, secret.place(), plain).await
    }

    pub(crate) fn open_tokens(
        &self,
        secret: &OauthSecret,
        data_key: Uuid,
        sealed: &[u8],
    ) -> Option<Zeroizing<Vec<u8>>> {
        self.inner.opened.read().all_keys.get(&data_key)?.open(&secret.place(), sealed)
    }

    /// Encrypts what an authorization needs to be finished. Returns the data key with it.
    pub(crate) async fn seal_authorization(
        &self,
        tenant: TenantId,
        hash: &[u8; 32],
        plain: &[u8],
    ) -> Result<(Uuid, Vec<u8>), VaultError> {
        self.seal(tenant, Place::Authorization { tenant, hash }, plain).await
    }

    pub(crate) fn open_authorization(
        &self,
        tenant: TenantId,
        hash: &[u8; 32],
        data_key: Uuid,
        sealed: &[u8],
    ) -> Option<Zeroizing<Vec<u8>>> {
        let place = Place::Authorization { tenant, hash };
        self.inner.opened.read().all_keys.get(&data_key)?.open(&place, sealed)
    }

    /// Encrypts with the data key of a tenant. It has one, as it has a secret.
    async fn seal(
        &self,
        tenant: TenantId,
        place: Place<'_>,
        plain: &[u8],
    ) -> Result<(Uuid, Vec<u8>), VaultError> {
        let _turn = self.inner.turn.lock().await;
        let found = self.inner.opened.read().data_keys.get(&tenant).cloned();
        let (id, key) = found.ok_or(VaultError::NoMasterKey)?;
        Ok((id, key.seal(&place, plain)?))
    }
}

impl Opened {
    /// Returns the slots of all OAuth2 secrets.
    pub(super) fn slots(&self) -> Slots {
        let contents = self.secrets.values().flat_map(|secrets| secrets.values());
        let oauth = contents.filter_map(|stored| match &stored.content {
            Some(Content::Oauth(OauthContent { id, slot, .. })) => Some((*id, Arc::clone(slot))),
            Some(Content::Value(_)) | None => None,
        });
        oauth.collect()
    }
}
