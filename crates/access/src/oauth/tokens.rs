//! The tokens of OAuth2 secrets: which one counts, and how the next one is obtained.
//!
//! In a process, one task asks for the token of a secret, and others wait for what comes of it. Of several processes, the one that
//! has claimed it in the store asks, so no refresh token is used twice. What is obtained is stored before it is used. A process that
//! dies between the answer of the provider and its storing has lost a refresh token that the provider may have replaced: the next one
//! tries the stored one, and says what has happened where the provider refuses it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::ids::TenantId;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{OauthClaim, OauthTokenRecord, OauthTokenState, StoreError};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::Oauth;
use super::answer::Obtained;
use super::call::{Refusal, ask};
use super::request::Asking;
use crate::held_token::Held;
use crate::oauth_config::OauthGrant;
use crate::vault::{OauthSecret, VaultError, to_its_end};

/// How long a claim lasts: longer than any call of a token endpoint.
const CLAIM_TTL: Duration = Duration::from_secs(60);
/// How often it is looked whether another process has got the token.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How long before its end a token is replaced: a tenth of its lifetime, within these.
const MARGIN_MIN: Duration = Duration::from_secs(5);
const MARGIN_MAX: Duration = Duration::from_secs(300);
/// What is stored of tokens, before it is encrypted.
#[derive(Serialize, Deserialize)]
struct Tokens {
    access_token: Zeroizing<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<Zeroizing<String>>,
}

/// Whether an OAuth2 secret can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    /// Its token is obtained when a call needs it.
    Ready,
    /// Somebody has to connect it first.
    NeedsConnection,
    /// It can be used, or will be tried again, although the last try to get a token failed.
    Failing,
}

/// How an OAuth2 secret is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OauthStatus {
    /// Whether it can be used.
    pub connection: Connection,
    /// When its token was obtained.
    pub obtained_at: Option<Timestamp>,
    /// When that expires, if that is known.
    pub expires_at: Option<Timestamp>,
    /// Why the last try to get one failed, if it did.
    pub error: Option<Arc<str>>,
}

/// What to do about a token.
enum Next {
    /// It is stored.
    Use(Held),
    /// It is to be asked for.
    Ask(Option<Zeroizing<String>>),
    /// Another process asks for it.
    Wait,
    /// It cannot be obtained.
    Fail(String),
}

impl Oauth {
    /// Gets a token for a secret, if it has none that counts.
    ///
    /// # Errors
    /// Why there is none: of a class that is retried if another time may help.
    pub async fn obtain(&self, tenant: TenantId, name: &str) -> Result<(), Failure> {
        let Some(secret) = self.vault.oauth_secret(tenant, name) else { return Ok(()) };
        let slot = Arc::clone(&secret.slot);
        let tries = slot.tries.load(Ordering::Acquire);
        let this = self.clone();
        // Who waits may stop waiting, and a refresh token is used up by then.
        to_its_end(async move {
            let _turn = slot.turn.lock().await;
            if slot.token(secret.id, (this.wall)()).is_some() {
                return Ok(());
            }
            if slot.tries.load(Ordering::Acquire) > tries
                && let Some(failure) = slot.failed.read().clone()
            {
                return Err(failure);
            }
            let obtained = this.in_turn(&secret).await;
            slot.tries.fetch_add(1, Ordering::AcqRel);
            *slot.failed.write() = obtained.as_ref().err().cloned();
            obtained
        })
        .await
    }

    async fn in_turn(&self, secret: &OauthSecret) -> Result<(), Failure> {
        loop {
            let now = (self.wall)();
            let record = self.record(secret).await?;
            match self.next(secret, record.as_ref(), now) {
                Next::Use(held) => {
                    secret.slot.hold(held);
                    return Ok(());
                }
                Next::Fail(message) => return Err(Failure::new(ErrorClass::Configuration, message)),
                Next::Ask(refresh) => {
                    let generation = record.as_ref().map_or(0, |record| record.generation);
                    let generation = self.vault.store().is_shared().then_some(generation);
                    let claim = self.claim(secret, generation).await?;
                    if let Some(claim) = claim
                        && let Some(done) = self.ask(secret, record, refresh, claim).await
                    {
                        return done;
                    }
                    // Somebody else was faster; or the secret was stored again, and this one counts no more.
                    if self
                        .vault
                        .oauth_secret(secret.tenant, &secret.name)
                        .is_none_or(|now| now.id != secret.id)
                    {
                        let message =
                            format!("The secret `{}` was changed while its token was obtained.", secret.name);
                        return Err(Failure::new(ErrorClass::Unavailable, message));
                    }
                }
                Next::Wait => {}
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    pub(super) async fn record(&self, secret: &OauthSecret) -> Result<Option<OauthTokenRecord>, Failure> {
        let found = self.vault.store().oauth_token(secret.tenant, Arc::clone(&secret.name)).await;
        found.map_err(|error| unstored(&secret.name, &error))
    }

    /// Decides what to do about a token, from what is stored.
    fn next(&self, secret: &OauthSecret, record: Option<&OauthTokenRecord>, now: Timestamp) -> Next {
        let name = &secret.name;
        let is_code = secret.config.grant == OauthGrant::AuthorizationCode;
        let not_connected = || {
            Next::Fail(format!(
                "The secret `{name}` is not connected. Let an administrator connect it, on the page Secrets of the studio."
            ))
        };
        let Some(record) = record else { return if is_code { not_connected() } else { Next::Ask(None) } };
        let tokens = self.tokens(secret, &record.state);
        if let Some(tokens) = &tokens
            && !secret.slot.is_refused(&tokens.access_token)
        {
            let held = held(secret, &record.state, &tokens.access_token);
            if held.renew_at.is_none_or(|renew_at| now < renew_at) {
                return Next::Use(held);
            }
        }
        // Where there is one process, who had the claim is gone.
        if record.claim.is_some_and(|claim| now < claim.until) && self.vault.store().is_shared() {
            return Next::Wait;
        }
        if !is_code {
            return Next::Ask(None);
        }
        if record.state.needs_connection {
            let error = record.state.error.as_deref().map(str::to_owned);
            return error.map_or_else(not_connected, Next::Fail);
        }
        match tokens {
            None => not_connected(),
            Some(Tokens { refresh_token: Some(refresh), .. }) => Next::Ask(Some(refresh)),
            Some(Tokens { refresh_token: None, .. }) => Next::Fail(format!(
                "The token of the secret `{name}` has expired, and the provider gave no refresh token. Connect it again; \
                 usually, a scope such as `offline_access` or a parameter such as `access_type=offline` gets one."
            )),
        }
    }

    fn tokens(&self, secret: &OauthSecret, state: &OauthTokenState) -> Option<Tokens> {
        let (key, sealed) = state.sealed.as_ref()?;
        let opened = self.vault.open_tokens(secret, *key, sealed)?;
        serde_json::from_slice(&opened).ok()
    }

    /// Takes the right to ask; without a generation, also from who has it.
    pub(super) async fn claim(
        &self,
        secret: &OauthSecret,
        generation: Option<u64>,
    ) -> Result<Option<Uuid>, Failure> {
        let (id, now) = (Uuid::now_v7(), (self.wall)());
        let claim = OauthClaim { id, until: now.plus(CLAIM_TTL) };
        let of = (secret.tenant, Arc::clone(&secret.name));
        let claimed = self.vault.store().claim_token(of, generation, claim, now).await;
        claimed.map(|is_ours| is_ours.then_some(id)).map_err(|error| unstored(&secret.name, &error))
    }

    /// Asks the provider, and stores what comes of it. Returns `None` if that counts no more.
    async fn ask(
        &self,
        secret: &OauthSecret,
        record: Option<OauthTokenRecord>,
        refresh: Option<Zeroizing<String>>,
        claim: Uuid,
    ) -> Option<Result<(), Failure>> {
        let asking = refresh.as_ref().map_or(Asking::Client, |token| Asking::Refresh(token));
        let was_interrupted = record.as_ref().is_some_and(|record| record.claim.is_some());
        let asked = ask(&self.client, &secret.name, &secret.config, asking).await;
        let before = record.map(|record| record.state).unwrap_or_default();
        match asked {
            Ok(obtained) => self.store(secret, obtained, refresh, claim).await,
            Err(refusal) => self.refused(secret, before, refusal, was_interrupted, claim).await,
        }
    }

    /// Stores what was obtained, and holds it only then.
    pub(super) async fn store(
        &self,
        secret: &OauthSecret,
        obtained: Obtained,
        refresh: Option<Zeroizing<String>>,
        claim: Uuid,
    ) -> Option<Result<(), Failure>> {
        let now = (self.wall)();
        let Obtained { access_token, refresh_token, lifetime } = obtained;
        // A provider that does not replace the refresh token goes on with the one that it has given.
        let tokens = Tokens { access_token, refresh_token: refresh_token.or(refresh) };
        let plain = Zeroizing::new(serde_json::to_vec(&tokens).expect("texts are JSON"));
        let sealed = match self.vault.seal_tokens(secret, &plain).await {
            Ok(sealed) => sealed,
            Err(error) => return Some(Err(unsealed(&secret.name, &error))),
        };
        let state = OauthTokenState {
            sealed: Some(sealed),
            obtained_at: Some(now),
            expires_at: lifetime.map(|lifetime| now.plus(lifetime)),
            needs_connection: false,
            error: None,
        };
        let held = held(secret, &state, &tokens.access_token);
        match self.settle(secret, claim, state).await {
            Ok(true) => {
                secret.slot.hold(held);
                Some(Ok(()))
            }
            Ok(false) => None,
            Err(failure) => Some(Err(failure)),
        }
    }

    async fn refused(
        &self,
        secret: &OauthSecret,
        before: OauthTokenState,
        refusal: Refusal,
        was_interrupted: bool,
        claim: Uuid,
    ) -> Option<Result<(), Failure>> {
        let Refusal { mut failure, is_revoked } = refusal;
        if is_revoked && was_interrupted {
            failure.message.push_str(
                " A server had stopped between the answer of the provider and its storing, which may have lost the last refresh \
                 token.",
            );
        }
        let error = Some(Arc::from(failure.message.as_str()));
        let state = if is_revoked {
            OauthTokenState { needs_connection: true, error, ..OauthTokenState::default() }
        } else {
            OauthTokenState { error, ..before }
        };
        let usable = self.usable(secret, &state);
        match self.settle(secret, claim, state).await {
            Ok(true) => Some(match usable {
                Some(held) => {
                    tracing::warn!(
                        secret = &*secret.name,
                        error = failure.message,
                        "the token of a secret was not replaced yet"
                    );
                    secret.slot.hold(held);
                    Ok(())
                }
                None => Err(failure),
            }),
            Ok(false) => None,
            Err(unstored) => Some(Err(unstored)),
        }
    }

    /// Returns a token that has not expired although it could not be replaced.
    fn usable(&self, secret: &OauthSecret, state: &OauthTokenState) -> Option<Held> {
        let tokens = self.tokens(secret, state)?;
        let held = held(secret, state, &tokens.access_token);
        let is_fresh = held.renew_at.is_none_or(|renew_at| (self.wall)() < renew_at);
        (is_fresh && !secret.slot.is_refused(&tokens.access_token)).then_some(held)
    }

    pub(super) async fn settle(
        &self,
        secret: &OauthSecret,
        claim: Uuid,
        state: OauthTokenState,
    ) -> Result<bool, Failure> {
        let of = (secret.tenant, Arc::clone(&secret.name));
        let settled = self.vault.store().settle_token(of, claim, state).await;
        settled.map_err(|error| unstored(&secret.name, &error))
    }

    /// Returns how the OAuth2 secrets of a tenant are doing, by their names.
    ///
    /// # Errors
    /// The store fails.
    pub async fn statuses(&self, tenant: TenantId) -> Result<BTreeMap<Arc<str>, OauthStatus>, StoreError> {
        let records = self.vault.store().oauth_tokens(tenant).await?;
        let now = (self.wall)();
        let of = |secret: OauthSecret| {
            let record = records.iter().find(|record| record.name == secret.name);
            (Arc::clone(&secret.name), self.status(&secret, record, now))
        };
        Ok(self.vault.oauth_secrets(tenant).into_iter().map(of).collect())
    }

    fn status(&self, secret: &OauthSecret, record: Option<&OauthTokenRecord>, now: Timestamp) -> OauthStatus {
        let connection = match self.next(secret, record, now) {
            Next::Fail(_) => Connection::NeedsConnection,
            Next::Use(_) | Next::Ask(_) | Next::Wait => {
                let is_failing = record.is_some_and(|record| record.state.error.is_some());
                if is_failing { Connection::Failing } else { Connection::Ready }
            }
        };
        let state = record.map(|record| record.state.clone()).unwrap_or_default();
        let OauthTokenState { obtained_at, expires_at, error, .. } = state;
        OauthStatus { connection, obtained_at, expires_at, error }
    }
}

fn held(secret: &OauthSecret, state: &OauthTokenState, access_token: &Zeroizing<String>) -> Held {
    let OauthTokenState { obtained_at, expires_at, error, .. } = state;
    let renew_at = expires_at.map(|expires_at| {
        if error.is_some() {
            // It could not be replaced early, so it is used to its end.
            return expires_at;
        }
        let lifetime = obtained_at.map_or(MARGIN_MIN, |obtained_at| expires_at.since(obtained_at));
        expires_at.minus(margin(lifetime, secret.id))
    });
    Held { config: secret.id, access_token: Arc::new(access_token.clone()), renew_at }
}

/// Returns how long before its end a token is replaced. Processes differ in it, so that not all of them try at the same time.
fn margin(lifetime: Duration, id: Uuid) -> Duration {
    let whole = (lifetime / 10).clamp(MARGIN_MIN.min(lifetime / 2), MARGIN_MAX);
    let share = u32::from(id.as_bytes()[15] ^ std::process::id().to_le_bytes()[0]);
    whole - whole / 4 / 255 * share
}

fn unstored(name: &str, error: &StoreError) -> Failure {
    tracing::error!(
        secret = name,
        error = error as &dyn std::error::Error,
        "the token of a secret cannot be stored or read"
    );
    let message =
        format!("The token of the secret `{name}` cannot be stored or read; the log of the server says why.");
    Failure::new(ErrorClass::Internal, message)
}

fn unsealed(name: &str, error: &VaultError) -> Failure {
    tracing::error!(
        secret = name,
        error = error as &dyn std::error::Error,
        "the token of a secret cannot be encrypted"
    );
    let message =
        format!("The token of the secret `{name}` cannot be encrypted; the log of the server says why.");
    Failure::new(ErrorClass::Internal, message)
}
