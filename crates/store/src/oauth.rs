//! What OAuth2 secrets have obtained, and authorizations that have begun, as a database has them: encrypted with keys that it does
//! not have.

use std::fmt;
use std::sync::Arc;

use steadflow_core::ids::TenantId;
use steadflow_core::timestamp::Timestamp;
use uuid::Uuid;

use crate::StoreFuture;

/// The tokens of a secret, and who is about to replace them. `Debug` hides them.
#[derive(Clone, PartialEq, Eq)]
pub struct OauthTokenRecord {
    /// Whose they are.
    pub tenant: TenantId,
    /// The name of the secret.
    pub name: Arc<str>,
    /// Grows with each change of the tokens.
    pub generation: u64,
    /// What was obtained.
    pub state: OauthTokenState,
    /// Who asks for others at present; [`OauthTokens::settle_token`] does not store it.
    pub claim: Option<OauthClaim>,
}

/// What was obtained. `Debug` hides it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct OauthTokenState {
    /// The tokens, encrypted, and the data key for that; `None` if there are none.
    pub sealed: Option<(Uuid, Vec<u8>)>,
    /// When the tokens were obtained.
    pub obtained_at: Option<Timestamp>,
    /// When the access token expires, if that is known.
    pub expires_at: Option<Timestamp>,
    /// Whether somebody has to connect the secret before others can be obtained.
    pub needs_connection: bool,
    /// Why the last try to obtain others failed, if it did.
    pub error: Option<Arc<str>>,
}

/// The right to ask for tokens, for a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OauthClaim {
    /// Made for this claim.
    pub id: Uuid,
    /// Until when nobody else asks.
    pub until: Timestamp,
}

/// An authorization that somebody has begun. `Debug` hides what is encrypted.
#[derive(Clone, PartialEq, Eq)]
pub struct OauthAuthorizationRecord {
    /// A hash of the state that the provider sends back.
    pub hash: [u8; 32],
    /// Whose secret it is for.
    pub tenant: TenantId,
    /// The name of the secret.
    pub name: Arc<str>,
    /// The [`DataKeyRecord`](crate::DataKeyRecord) that encrypts it.
    pub data_key: Uuid,
    /// What the exchange of the code needs, encrypted.
    pub sealed: Vec<u8>,
    /// Who has begun it.
    pub created_by: Arc<str>,
    /// When.
    pub created_at: Timestamp,
    /// Until when it can be finished.
    pub expires_at: Timestamp,
}

impl fmt::Debug for OauthTokenRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tenant, name, generation, state, claim } = self;
        let mut fields = f.debug_struct("OauthTokenRecord");
        fields.field("tenant", tenant).field("name", name).field("generation", generation);
        fields.field("state", state).field("claim", claim).finish()
    }
}

impl fmt::Debug for OauthTokenState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sealed, obtained_at, expires_at, needs_connection, error } = self;
        let mut fields = f.debug_struct("OauthTokenState");
        fields.field("is_there", &sealed.is_some()).field("obtained_at", obtained_at);
        fields.field("expires_at", expires_at).field("needs_connection", needs_connection);
        fields.field("error", error).finish_non_exhaustive()
    }
}

impl fmt::Debug for OauthAuthorizationRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { hash: _, tenant, name, data_key: _, sealed: _, created_by, created_at, expires_at } = self;
        let mut fields = f.debug_struct("OauthAuthorizationRecord");
        fields.field("tenant", tenant).field("name", name).field("created_by", created_by);
        fields.field("created_at", created_at).field("expires_at", expires_at).finish_non_exhaustive()
    }
}

/// The tokens of all secrets that have some. They end with their secret: who stores or deletes a secret deletes them.
pub trait OauthTokens: Send + Sync + 'static {
    /// Returns what the secrets of a tenant have, in the order of their names.
    fn oauth_tokens(&self, tenant: TenantId) -> StoreFuture<'_, Vec<OauthTokenRecord>>;

    /// Returns what a secret has.
    fn oauth_token(&self, tenant: TenantId, name: Arc<str>) -> StoreFuture<'_, Option<OauthTokenRecord>>;

    /// Takes the right to ask for tokens of a secret. Returns whether it was free at `now`, and the tokens are still those of
    /// `generation`, 0 if there were none. Without a generation, whatever there is makes no difference. Nothing is taken for a
    /// secret that is not there.
    fn claim_token(
        &self,
        secret: (TenantId, Arc<str>),
        generation: Option<u64>,
        claim: OauthClaim,
        now: Timestamp,
    ) -> StoreFuture<'_, bool>;

    /// Stores what the owner of a claim has obtained, as the next generation, and gives the claim back. Returns `false`, and
    /// stores nothing, if the claim is another one's meanwhile, or the secret was stored again or deleted.
    fn settle_token(
        &self,
        secret: (TenantId, Arc<str>),
        claim: Uuid,
        state: OauthTokenState,
    ) -> StoreFuture<'_, bool>;

    /// Stores an authorization that begins, and deletes those of its tenant that are over by then. Returns `false`, and stores
    /// nothing, where a tenant has `max` already.
    fn begin_authorization(
        &self,
        authorization: OauthAuthorizationRecord,
        max: usize,
    ) -> StoreFuture<'_, bool>;

    /// Deletes an authorization, and returns it if it was not over at `now`: it is finished once.
    fn take_authorization(
        &self,
        hash: [u8; 32],
        now: Timestamp,
    ) -> StoreFuture<'_, Option<OauthAuthorizationRecord>>;
}
