//! The part of an authorization in which a person allows it, at the provider.
//!
//! It is begun by somebody who may change secrets, and finished by whatever browser the provider sends back. So that nobody finishes
//! what another has begun, the state is random, counts once and for a short time, and the browser that began it has a cookie of its
//! own. The verifier of PKCE is in the store, encrypted, as any process may be asked to finish it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use steadflow_core::access::{CredentialKind, Token, made_by};
use steadflow_core::caller::{Actor, Caller};
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::ids::TenantId;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{OauthAuthorizationRecord, OauthTokenState, StoreError};
use url::Url;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::Oauth;
use super::call::ask;
use super::request::{Asking, authorization_url};
use super::tokens::LOOK_EVERY;
use crate::NotRandom;
use crate::failure::fresh_token;
use crate::oauth_config::{OauthConfig, OauthGrant};
use crate::vault::{OauthSecret, VaultError};

/// How long a person has to allow it.
pub const AUTHORIZATION_TTL: Duration = Duration::from_secs(600);
/// How many authorizations of a tenant are open at the same time.
pub const AUTHORIZATIONS_MAX: usize = 100;
/// The longest code, and the longest text of an error.
const CODE_BYTES_MAX: usize = 8 * 1024;
/// How often it is looked whether somebody else asks for tokens: for about as long as a claim lasts.
const LOOKS_MAX: u32 = 600;

/// An authorization that has begun.
#[derive(Clone, Debug)]
pub struct Begun {
    /// Where the person goes.
    pub url: Url,
    /// Until when it can be finished.
    pub expires_at: Timestamp,
}

/// Why an authorization is not begun.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// There is no such secret, or it is no OAuth2 secret that opens.
    #[error("there is no such OAuth2 secret")]
    NoSuchSecret,
    /// Its grant needs nobody.
    #[error("nobody has to allow it")]
    NothingToAllow,
    /// The tenant has as many open ones as it may have.
    #[error("the tenant has {AUTHORIZATIONS_MAX} open authorizations already")]
    TooMany,
    /// It cannot be stored.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

/// What the exchange of the code needs.
#[derive(Serialize, Deserialize)]
struct Pending {
    config: Uuid,
    actor: Actor,
    verifier: Zeroizing<String>,
    redirect_uri: String,
    /// What the browser has in a cookie that began it, if a browser did.
    browser: Option<Zeroizing<String>>,
}

/// An authorization that a provider has sent back.
pub struct Finished {
    /// Whose secret it is for.
    pub tenant: TenantId,
    /// Who has begun it.
    pub actor: Actor,
    /// The name of the secret.
    pub name: Arc<str>,
    pending: Pending,
}

impl fmt::Debug for Finished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Finished")
            .field("tenant", &self.tenant)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// What a provider sends back. `Debug` hides it.
#[derive(Clone, Copy, Default)]
pub struct Returned<'a> {
    /// What tokens are asked for with.
    pub code: Option<&'a str>,
    /// The name of an error (RFC 6749, 4.1.2.1).
    pub error: Option<&'a str>,
    /// What the provider calls itself (RFC 9207).
    pub issuer: Option<&'a str>,
    /// What the browser has in its cookie.
    pub browser: Option<&'a str>,
}

impl fmt::Debug for Returned<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Returned")
    }
}

impl Oauth {
    /// Makes what a browser is known by that begins an authorization.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub fn new_browser() -> Result<String, NotRandom> {
        fresh_token().map(|token| token.text())
    }

    /// Returns whether [`Self::new_browser`] has made a text.
    pub fn is_browser(text: &str) -> bool {
        Token::read(text).is_some()
    }

    /// Begins an authorization. `browser` is what the browser of `caller` gets as a cookie, if a browser asks.
    ///
    /// # Errors
    /// [`ConnectError`]; then nothing is stored.
    pub async fn begin(
        &self,
        caller: &Caller,
        name: &str,
        redirect_uri: &str,
        browser: Option<&str>,
    ) -> Result<Begun, ConnectError> {
        let secret = self.vault.oauth_secret(caller.tenant, name).ok_or(ConnectError::NoSuchSecret)?;
        if secret.config.grant != OauthGrant::AuthorizationCode {
            return Err(ConnectError::NothingToAllow);
        }
        let token = || fresh_token().map_err(VaultError::from);
        let (state, verifier) = (token()?, Zeroizing::new(token()?.text()));
        let url = authorization_url(&secret.config, &state.text(), &verifier, redirect_uri)
            .ok_or(ConnectError::NoSuchSecret)?;
        let pending = Pending {
            config: secret.id,
            actor: caller.actor.clone(),
            verifier,
            redirect_uri: redirect_uri.to_owned(),
            browser: browser.map(|browser| Zeroizing::new(browser.to_owned())),
        };
        let plain = Zeroizing::new(serde_json::to_vec(&pending).expect("texts are JSON"));
        let hash = *state.hash(CredentialKind::Authorization).bytes();
        let (data_key, sealed) = self.vault.seal_authorization(caller.tenant, &hash, &plain).await?;
        let now = (self.wall)();
        let expires_at = now.plus(AUTHORIZATION_TTL);
        let record = OauthAuthorizationRecord {
            hash,
            tenant: caller.tenant,
            name: secret.name,
            data_key,
            sealed,
            created_by: made_by(caller),
            created_at: now,
            expires_at,
        };
        let is_stored = self.vault.store().begin_authorization(record, AUTHORIZATIONS_MAX).await;
        if is_stored.map_err(VaultError::from)? {
            Ok(Begun { url, expires_at })
        } else {
            Err(ConnectError::TooMany)
        }
    }

    /// Takes an authorization by its state, so that nobody else finishes it. `None` if there is none, or none any more.
    ///
    /// # Errors
    /// The store fails.
    pub async fn take(&self, state: &str) -> Result<Option<Finished>, StoreError> {
        let Some(state) = Token::read(state) else { return Ok(None) };
        let hash = *state.hash(CredentialKind::Authorization).bytes();
        let Some(record) = self.vault.store().take_authorization(hash, (self.wall)()).await? else {
            return Ok(None);
        };
        let opened = self.vault.open_authorization(record.tenant, &hash, record.data_key, &record.sealed);
        let pending = opened.and_then(|plain| serde_json::from_slice::<Pending>(&plain).ok());
        Ok(pending.map(|pending| Finished {
            tenant: record.tenant,
            actor: pending.actor.clone(),
            name: record.name,
            pending,
        }))
    }

    /// Finishes an authorization: exchanges its code for tokens, and stores them. What fails is stored, too, for who looks at the
    /// secret.
    ///
    /// # Errors
    /// Why the secret is not connected.
    pub async fn finish(&self, finished: Finished, returned: Returned<'_>) -> Result<(), Failure> {
        let Finished { tenant, name, pending, .. } = finished;
        let secret = self.vault.oauth_secret(tenant, &name).filter(|secret| secret.id == pending.config);
        let secret = secret.ok_or_else(|| {
            misconfigured(format!("The secret `{name}` was changed meanwhile. Connect it again."))
        })?;
        let code = match code(&secret.config, &pending, &returned) {
            Ok(code) => code.to_owned(),
            Err(why) => {
                let message = format!("The secret `{name}` was not connected: {why}");
                return self.not_connected(&secret, misconfigured(message)).await;
            }
        };
        let this = self.clone();
        // The browser may go away, and the code is used up by then.
        crate::vault::to_its_end(async move {
            let Pending { verifier, redirect_uri, .. } = &pending;
            let asking = Asking::Code { code: &code, verifier, redirect_uri };
            match ask(&this.client, &secret.name, &secret.config, asking).await {
                Ok(obtained) => {
                    let Some(claim) = this.claim(&secret, None).await? else { return Err(changed(&secret)) };
                    secret.slot.begin_again();
                    this.store(&secret, obtained, None, claim).await.unwrap_or_else(|| Err(changed(&secret)))
                }
                Err(refusal) => this.not_connected(&secret, refusal.failure).await,
            }
        })
        .await
    }

    /// Notes why a secret was not connected. What it had before stays, and who asks for tokens at present goes first: what that
    /// obtains must not be lost.
    async fn not_connected(&self, secret: &OauthSecret, failure: Failure) -> Result<(), Failure> {
        for _ in 0..LOOKS_MAX {
            let before = self.record(secret).await?;
            let generation = before.as_ref().map_or(0, |record| record.generation);
            if let Some(claim) = self.claim(secret, Some(generation)).await? {
                let before = before.map(|record| record.state).unwrap_or_default();
                let error = Some(failure.message.as_str().into());
                self.settle(secret, claim, OauthTokenState { error, ..before }).await?;
                break;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Err(failure)
    }
}

/// Returns the code that a provider sent, if it sent one to the right browser.
fn code<'r>(config: &OauthConfig, pending: &Pending, returned: &Returned<'r>) -> Result<&'r str, String> {
    if let Some(browser) = &pending.browser
        && returned.browser != Some(browser.as_str())
    {
        return Err(
            "it was begun in another browser. Connect it again, and go on in the same browser.".to_owned()
        );
    }
    if let Some(issuer) = &config.issuer
        && returned.issuer != Some(issuer.as_str())
    {
        return Err(
            "the answer does not come from the issuer of the secret. Correct `issuer`, or connect it again."
                .to_owned(),
        );
    }
    if let Some(error) = returned.error {
        return Err(refused(error));
    }
    let code = returned.code.filter(|code| (1..=CODE_BYTES_MAX).contains(&code.len()));
    code.ok_or_else(|| "the provider sent neither a code nor an error.".to_owned())
}

/// Says what a provider means by an error (RFC 6749, 4.1.2.1). Anyone can write into an address, so no other text is repeated.
fn refused(error: &str) -> String {
    let (known, advice) = match error {
        "access_denied" => ("access_denied", "The person did not allow it"),
        "invalid_request" => ("invalid_request", "Correct the configuration of the secret"),
        "unauthorized_client" => {
            ("unauthorized_client", "Allow this client the authorization code grant at the provider")
        }
        "unsupported_response_type" => {
            ("unsupported_response_type", "The provider does not give codes to this client")
        }
        "invalid_scope" => ("invalid_scope", "Correct the scopes of the secret"),
        "invalid_target" => ("invalid_target", "Correct `resource` of the secret"),
        "server_error" | "temporarily_unavailable" => ("temporarily_unavailable", "Try again later"),
        "login_required" | "consent_required" | "interaction_required" => {
            (error, "The person has to sign in at the provider and allow it")
        }
        _ => {
            return "the provider answered with an error of its own. Look at the client at the provider."
                .to_owned();
        }
    };
    format!("the provider answered with `{known}`. {advice}.")
}

fn changed(secret: &OauthSecret) -> Failure {
    misconfigured(format!("The secret `{}` was changed meanwhile. Connect it again.", secret.name))
}

fn misconfigured(message: String) -> Failure {
    Failure::new(ErrorClass::Configuration, message)
}
