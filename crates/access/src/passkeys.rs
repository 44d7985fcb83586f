//! Passkeys (WebAuthn): a device keeps a private key for this server, asks its owner for a finger or a code, and signs.
//!
//! What is signed names the page and the challenge, so nobody else's page gets anything of use, and there is no secret to
//! guess or to leak. Devices do not prove what they are, and nothing is asked about that.

mod ceremony;
mod cose;

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use steadflow_core::access::Principal;
use steadflow_core::ids::PrincipalId;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{PasskeyCreated, PasskeyRecord, PrincipalRecord, StoreError};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::attempts::Wait;
use crate::failure::{Failure, fresh_token, stored_key};
use crate::passkey_site::PasskeySite;
use crate::people::{Browser, People, SignInRefused, SignedIn, normal_name};
use crate::sealing::{Key, Place};
use ceremony::{Asked, Ceremony, New, Signed};

pub use ceremony::CEREMONY_TTL;

/// How many passkeys one person has.
pub const PASSKEYS_MAX: usize = 20;
/// How long after a sign-in somebody adds passkeys without their password.
pub const RECENT_FOR: std::time::Duration = std::time::Duration::from_secs(600);

const PURPOSE: &str = "passkey_ceremonies";

/// What a page asks a device with, and what its browser keeps until it answers.
#[derive(Debug)]
pub struct PasskeyAsked {
    /// What the device signs, in Base64.
    pub challenge: String,
    /// The site.
    pub site: PasskeySite,
    /// For the browser.
    pub cookie: String,
}

/// What a device has answered; all is Base64.
#[derive(Clone, Copy, Debug, Default)]
pub struct PasskeyAnswer<'a> {
    /// What the browser was given.
    pub cookie: Option<&'a str>,
    /// What the device calls the passkey.
    pub credential: &'a str,
    /// What the browser says.
    pub client_data: &'a str,
    /// What the device says.
    pub authenticator_data: &'a str,
    /// The signature of both; of a new passkey, there is none.
    pub signature: &'a str,
}

/// Why a passkey is not used or added. It is in the log, and not in the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasskeyReason {
    /// The browser was not asked, or not so recently.
    #[error("not_asked")]
    NotAsked,
    /// What came back cannot be read.
    #[error("malformed")]
    Malformed,
    /// It answers another question.
    #[error("other_challenge")]
    Challenge,
    /// It is for a page of somebody else.
    #[error("other_origin")]
    Origin,
    /// The device has not made sure who uses it.
    #[error("user_not_verified")]
    NotVerified,
    /// The key is of a kind that is not verified here.
    #[error("algorithm_not_accepted")]
    Algorithm,
    /// The signature is another one.
    #[error("wrong_signature")]
    Signature,
    /// Nobody has it.
    #[error("unknown_passkey")]
    Unknown,
    /// It was used by this attempt before, or was copied.
    #[error("used_or_copied")]
    Used,
    /// Its person is disabled.
    #[error("disabled")]
    Disabled,
}

/// Why somebody is not signed in with a passkey, or gets none.
#[derive(Debug, thiserror::Error)]
pub enum PasskeyRefused {
    /// There are no passkeys at this address.
    #[error("there are no passkeys here")]
    NoSite,
    /// It proves nothing.
    #[error("refused: {0}")]
    Refused(PasskeyReason),
    /// There were too many refusals.
    #[error("too many attempts")]
    TooMany(std::time::Duration),
    /// The sign-in is not recent, and the password is wrong or was not given.
    #[error(transparent)]
    NotRecent(#[from] SignInRefused),
    /// Its name cannot be one.
    #[error("the name is not valid")]
    Name,
    /// The person has as many as they may.
    #[error("there are too many passkeys")]
    Full,
    /// It could not be done.
    #[error(transparent)]
    Failed(#[from] Failure),
}

impl From<PasskeyReason> for PasskeyRefused {
    fn from(reason: PasskeyReason) -> Self {
        Self::Refused(reason)
    }
}

impl From<StoreError> for PasskeyRefused {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<Wait> for PasskeyRefused {
    fn from(Wait(wait): Wait) -> Self {
        Self::TooMany(wait)
    }
}

/// What a browser keeps while a device is asked.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    challenge: String,
    begun_at: i64,
    /// Who adds a passkey.
    adds: Option<Uuid>,
}

impl People {
    /// Asks for a passkey to sign in with.
    ///
    /// # Errors
    /// [`PasskeyRefused`].
    pub async fn ask_passkey(&self, now: Timestamp) -> Result<PasskeyAsked, PasskeyRefused> {
        self.asked(None, now).await
    }

    /// Asks for a new passkey of somebody who has signed in recently or shows their password. Returns what is asked with, who they
    /// are, and what their devices have already.
    ///
    /// # Errors
    /// [`PasskeyRefused`].
    pub async fn ask_new_passkey(
        &self,
        principal: &Principal,
        password: Option<String>,
        browser: &Browser,
        now: Timestamp,
    ) -> Result<(PasskeyAsked, PrincipalRecord, Vec<PasskeyRecord>), PasskeyRefused> {
        let tenant = principal.caller.tenant;
        let person = self.store.principal(tenant, principal.id).await?.ok_or(SignInRefused::Wrong)?;
        let sign_ins = self.store.sign_ins(tenant, principal.id).await?;
        let is_recent = sign_ins
            .into_iter()
            .flatten()
            .any(|sign_in| sign_in.hash == principal.credential && sign_in.created_at.plus(RECENT_FOR) > now);
        if !is_recent {
            self.check_person(&person, password.ok_or(SignInRefused::Wrong)?, browser).await?;
        }
        let known: Vec<_> =
            self.store.passkeys(tenant, principal.id).await?.into_iter().filter_map(Result::ok).collect();
        if known.len() >= PASSKEYS_MAX {
            return Err(PasskeyRefused::Full);
        }
        Ok((self.asked(Some(principal.id), now).await?, person, known))
    }

    async fn asked(&self, adds: Option<PrincipalId>, now: Timestamp) -> Result<PasskeyAsked, PasskeyRefused> {
        let site = self.ways().passkeys.clone().ok_or(PasskeyRefused::NoSite)?;
        let challenge = fresh_token().map_err(Failure::from)?.text();
        let kept = Kept { challenge, begun_at: now.as_micros(), adds: adds.map(PrincipalId::uuid) };
        let plain = serde_json::to_vec(&kept).expect("texts and numbers are JSON");
        let sealed = self.ceremony_key().await?.seal(&Place::Passkey, &plain).map_err(Failure::from)?;
        let challenge = URL_SAFE_NO_PAD.encode(kept.challenge.as_bytes());
        Ok(PasskeyAsked { challenge, site, cookie: URL_SAFE_NO_PAD.encode(sealed) })
    }

    /// Signs somebody in with a passkey.
    ///
    /// # Errors
    /// [`PasskeyRefused`]; why is logged.
    pub async fn sign_in_with_passkey(
        &self,
        answer: PasskeyAnswer<'_>,
        browser: &Browser,
        now: Timestamp,
    ) -> Result<SignedIn, PasskeyRefused> {
        self.attempts.check_address(browser.shared)?;
        let signed_in = self.with_passkey(answer, browser, now).await;
        if let Err(PasskeyRefused::Refused(reason)) = &signed_in {
            self.attempts.failed_address(browser.shared);
            tracing::info!(reason = %reason, "a passkey did not sign somebody in");
        }
        signed_in
    }

    async fn with_passkey(
        &self,
        answer: PasskeyAnswer<'_>,
        browser: &Browser,
        now: Timestamp,
    ) -> Result<SignedIn, PasskeyRefused> {
        let (site, kept) = self.kept(answer.cookie, None, now).await?;
        let asked = Asked { site: &site, challenge: &kept.challenge };
        let credential: Arc<[u8]> = decoded(answer.credential)?.into();
        let found = self.store.passkey(credential).await?.ok_or(PasskeyReason::Unknown)?;
        let signature = decoded(answer.signature)?;
        let Signed { counter } = ceremony(answer)?.signed(asked, &found.public_key, &signature)?;
        let person = self.store.principal(found.tenant, found.principal).await?;
        let person = person.ok_or(PasskeyReason::Unknown)?;
        if person.disabled_at.is_some() {
            return Err(PasskeyReason::Disabled.into());
        }
        if !self.store.use_passkey(found.id, counter, Timestamp::from_micros(kept.begun_at)).await? {
            return Err(PasskeyReason::Used.into());
        }
        Ok(self.begin(person, browser, now).await?)
    }

    /// Stores a new passkey, which a device has made.
    ///
    /// # Errors
    /// [`PasskeyRefused`].
    pub async fn add_passkey(
        &self,
        principal: &Principal,
        name: &str,
        answer: PasskeyAnswer<'_>,
        now: Timestamp,
    ) -> Result<PasskeyRecord, PasskeyRefused> {
        let name = normal_name(name).ok_or(PasskeyRefused::Name)?;
        let (site, kept) = self.kept(answer.cookie, Some(principal.id), now).await?;
        let asked = Asked { site: &site, challenge: &kept.challenge };
        let New { credential, public_key, counter } = ceremony(answer)?.new_passkey(asked)?;
        if credential != decoded(answer.credential)? {
            return Err(PasskeyReason::Malformed.into());
        }
        let record = PasskeyRecord {
            id: Uuid::now_v7(),
            credential: credential.into(),
            tenant: principal.caller.tenant,
            principal: principal.id,
            name,
            public_key: public_key.into(),
            counter,
            created_at: now,
            used_at: None,
        };
        match self.store.create_passkey(record.clone(), PASSKEYS_MAX).await? {
            PasskeyCreated::Done => Ok(record),
            PasskeyCreated::TooMany => Err(PasskeyRefused::Full),
            PasskeyCreated::Missing | PasskeyCreated::Taken => Err(PasskeyReason::Used.into()),
        }
    }

    /// Returns what the browser was asked, which is over after some minutes.
    async fn kept(
        &self,
        cookie: Option<&str>,
        adds: Option<PrincipalId>,
        now: Timestamp,
    ) -> Result<(PasskeySite, Kept), PasskeyRefused> {
        let site = self.ways().passkeys.clone().ok_or(PasskeyRefused::NoSite)?;
        let key = self.ceremony_key().await?;
        let opened = cookie.and_then(|sealed| {
            let sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
            serde_json::from_slice::<Kept>(&key.open(&Place::Passkey, &sealed)?).ok()
        });
        let is_meant = |kept: &Kept| {
            let begun_at = Timestamp::from_micros(kept.begun_at);
            kept.adds == adds.map(PrincipalId::uuid) && begun_at <= now && begun_at.plus(CEREMONY_TTL) > now
        };
        let kept = opened.filter(is_meant).ok_or(PasskeyReason::NotAsked)?;
        Ok((site, kept))
    }

    async fn ceremony_key(&self) -> Result<Key, Failure> {
        Ok(Key::new(Zeroizing::new(*stored_key(&self.store, PURPOSE).await?.bytes())))
    }
}

fn ceremony(answer: PasskeyAnswer<'_>) -> Result<Ceremony, PasskeyReason> {
    Ok(Ceremony {
        client_data: decoded(answer.client_data)?,
        authenticator_data: decoded(answer.authenticator_data)?,
    })
}

fn decoded(text: &str) -> Result<Vec<u8>, PasskeyReason> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| PasskeyReason::Malformed)
}
