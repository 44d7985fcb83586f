//! What a provider is asked for: its description and its keys, which are kept for a while, and tokens.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use steadflow_core::{json, visible};
use tokio::sync::{Mutex, Semaphore};
use tokio::time::Instant;
use url::Url;
use url::form_urlencoded::byte_serialize;
use zeroize::Zeroizing;

use super::discovery::{self, Discovered, text};
use super::id_token::Unchecked;
use super::jwks::{Jwks, KEYS_READ_AGAIN_AFTER};
use super::refused::{NotSaid, OidcReason};
use super::{OidcHttp, OidcProvider, OidcRequest, OidcResponse};

/// How long what a provider says of itself is kept.
const DESCRIPTION_KEPT_FOR: Duration = Duration::from_secs(3_600);
/// How long its keys are.
const KEYS_KEPT_FOR: Duration = Duration::from_secs(600);
/// How many people sign in at a provider at the same time; further ones are told to try again.
const TURNS: usize = 16;
/// How much of what a provider says went wrong is kept.
const SAID_CHARS_MAX: usize = 100;

/// A provider, with what it has said lately.
#[derive(Debug)]
pub(crate) struct Provider {
    pub(crate) settings: OidcProvider,
    pub(crate) turns: Semaphore,
    described: Mutex<Option<(Instant, Discovered)>>,
    keys: Mutex<Option<(Instant, Arc<Jwks>)>>,
}

/// What a code was exchanged for.
pub(crate) struct Tokens {
    pub(crate) id_token: String,
    pub(crate) access_token: Option<Zeroizing<String>>,
}

/// A code, with what it is exchanged with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Code<'a> {
    pub(crate) code: &'a str,
    pub(crate) verifier: &'a str,
    pub(crate) redirect_uri: &'a str,
}

impl Provider {
    pub(crate) fn new(settings: OidcProvider) -> Self {
        Self { settings, turns: Semaphore::new(TURNS), described: Mutex::default(), keys: Mutex::default() }
    }

    /// Says in the log what went wrong.
    fn unavailable(&self, what: impl std::fmt::Display) -> NotSaid {
        let OidcProvider { id, label, .. } = &self.settings;
        tracing::warn!(provider.id = &**id, what = %what, "nobody can sign in at a provider");
        NotSaid::Unavailable(Arc::clone(label))
    }

    async fn ask(&self, http: &dyn OidcHttp, request: OidcRequest) -> Result<OidcResponse, NotSaid> {
        http.send(request).await.map_err(|error| self.unavailable(error))
    }

    async fn get(&self, http: &dyn OidcHttp, url: String) -> Result<Vec<u8>, NotSaid> {
        let shown = url.clone();
        let request = OidcRequest { url, form: Vec::new(), authorization: None };
        let OidcResponse { status, body } = self.ask(http, request).await?;
        if status == 200 {
            return Ok(body);
        }
        Err(self.unavailable(format_args!("{shown} answered with the status {status}.")))
    }

    /// Returns what it says of itself. Only one request asks, and others wait for its answer.
    pub(crate) async fn described(&self, http: &dyn OidcHttp) -> Result<Discovered, NotSaid> {
        let mut kept = self.described.lock().await;
        if let Some((read_at, described)) = &*kept
            && read_at.elapsed() < DESCRIPTION_KEPT_FOR
        {
            return Ok(described.clone());
        }
        let issuer = &*self.settings.issuer;
        let body = self.get(http, discovery::address(issuer)).await?;
        let described = discovery::read(issuer, &body)
            .map_err(|what| self.unavailable(format_args!("{issuer} {what}.")))?;
        *kept = Some((Instant::now(), described.clone()));
        Ok(described)
    }

    /// Returns its keys: those that are kept, unless the one that is needed is not among them.
    pub(crate) async fn keys(
        &self,
        http: &dyn OidcHttp,
        jwks: &Url,
        needed: &Unchecked<'_>,
    ) -> Result<Arc<Jwks>, NotSaid> {
        let mut kept = self.keys.lock().await;
        if let Some((read_at, keys)) = &*kept {
            let has = keys.has(needed.key_id.as_deref(), needed.algorithm);
            let fresh_for = if has { KEYS_KEPT_FOR } else { KEYS_READ_AGAIN_AFTER };
            if read_at.elapsed() < fresh_for {
                return Ok(Arc::clone(keys));
            }
        }
        let body = self.get(http, jwks.to_string()).await?;
        let keys = Jwks::read(&body)
            .map_err(|what| self.unavailable(format_args!("{} {what}.", self.settings.issuer)))?;
        let keys = Arc::new(keys);
        *kept = Some((Instant::now(), Arc::clone(&keys)));
        Ok(keys)
    }

    /// Exchanges a code, which works once.
    pub(crate) async fn tokens(
        &self,
        http: &dyn OidcHttp,
        described: &Discovered,
        code: Code<'_>,
    ) -> Result<Tokens, NotSaid> {
        let (client_id, secret) = (&*self.settings.client_id, self.settings.client_secret.as_ref());
        let field = |name, value: &str| (name, Zeroizing::new(value.to_owned()));
        let mut form = vec![
            field("grant_type", "authorization_code"),
            field("code", code.code),
            field("redirect_uri", code.redirect_uri),
            field("code_verifier", code.verifier),
        ];
        let mut authorization = None;
        match secret {
            Some(secret) if described.takes_basic => {
                let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
                let both = Zeroizing::new(format!("{}:{}", encoded(client_id), encoded(secret.text())));
                authorization = Some(Zeroizing::new(format!("Basic {}", STANDARD.encode(both.as_bytes()))));
            }
            Some(secret) => {
                form.extend([field("client_id", client_id), field("client_secret", secret.text())]);
            }
            None => form.push(field("client_id", client_id)),
        }
        let request = OidcRequest { url: described.token.to_string(), form, authorization };
        let OidcResponse { status, body } = self.ask(http, request).await?;
        let said = json::read(&body).unwrap_or_default();
        if status != 200 {
            let said = shown(text(&said, "error").unwrap_or_default());
            // A code that is not one is the fault of who shows it; all else is that of the settings, or of the provider.
            if matches!(status, 400 | 401) && said == "invalid_grant" {
                return Err(OidcReason::Code.into());
            }
            return Err(self.unavailable(format_args!(
                "{} answered with the status {status} and the error `{said}`.",
                described.token
            )));
        }
        let id_token = text(&said, "id_token").ok_or(OidcReason::TokenMalformed)?.to_owned();
        let access_token = text(&said, "access_token").map(|token| Zeroizing::new(token.to_owned()));
        Ok(Tokens { id_token, access_token })
    }

    /// Returns what it says of the person elsewhere.
    pub(crate) async fn userinfo(
        &self,
        http: &dyn OidcHttp,
        url: &Url,
        access_token: &str,
    ) -> Result<Value, NotSaid> {
        let authorization = Some(Zeroizing::new(format!("Bearer {access_token}")));
        let url = url.to_string();
        let request = OidcRequest { url, form: Vec::new(), authorization };
        let OidcResponse { status, body } = self.ask(http, request).await?;
        let read = (status == 200).then(|| json::read(&body).ok()).flatten();
        read.ok_or_else(|| {
            self.unavailable(format_args!(
                "its userinfo endpoint answered with the status {status}, or with no JSON."
            ))
        })
    }
}

/// Returns what somebody else has written, as it may be in the log.
pub(crate) fn shown(text: &str) -> String {
    text.chars().filter(|&char| !visible::is_hidden(char)).take(SAID_CHARS_MAX).collect()
}
