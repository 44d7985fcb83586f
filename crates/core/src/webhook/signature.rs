//! Whether a call is what its sender signed.
//!
//! What is signed is the body as it came in, so a call is verified before anything of it is read. Signatures are compared in
//! a time that says nothing about them.

use std::fmt::Write as _;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use sha2::{Digest, Sha256, Sha512};

use super::{Algorithm, Custom, Encoding, Scheme, Webhook};
use crate::lenient_base64;
use crate::timestamp::Timestamp;

/// How far the time of a call may be from ours, before or after, as all schemes have it.
pub const TOLERANCE: Duration = Duration::from_secs(5 * 60);
/// A shorter secret can be guessed, so it counts as none.
pub const SECRET_BYTES_MIN: usize = 16;
/// Signatures of one call that are looked at: senders add one for each secret while they replace one.
pub const SIGNATURES_MAX: usize = 8;

/// A call as it came in.
#[derive(Clone, Copy)]
pub struct Call<'c> {
    /// Returns a header by its name in lower case; `None` where it is absent.
    pub header: &'c dyn Fn(&str) -> Result<Option<&'c str>, UnreadableHeader>,
    /// The body, not yet read.
    pub body: &'c [u8],
    /// When it came in, by the clock of the machine.
    pub received_at: Timestamp,
}

/// A header that is given twice, or is no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnreadableHeader;

impl<'c> Call<'c> {
    /// Returns a header that can be read.
    fn text(&self, name: &str) -> Option<&'c str> {
        (self.header)(name).ok().flatten()
    }
}

/// What an event is known by: calls with the same one are one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventKey {
    /// A hash of the id that the sender gave the event, or of what it signed.
    pub hash: String,
    /// Whether the sender has signed the id. One that is not signed says nothing of another body.
    pub is_signed: bool,
}

impl std::fmt::Debug for Call<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call").field("received_at", &self.received_at).finish_non_exhaustive()
    }
}

/// Why a call is not accepted. Senders are not shown which it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// None of the secrets is set and long enough.
    NoSecret,
    /// The header with the signature is absent, given twice, or cannot be read.
    NoSignature,
    /// Its time is too far from ours.
    Stale,
    /// It was signed with another secret, or something of it has changed.
    WrongSignature,
    /// The header with the id of its event is given twice, or is no text.
    UnreadableId,
}

impl Refused {
    /// Returns the name that answers use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoSecret => "no_secret",
            Self::NoSignature => "no_signature",
            Self::Stale => "stale",
            Self::WrongSignature => "wrong_signature",
            Self::UnreadableId => "unreadable_id",
        }
    }
}

/// What a sender has signed, and with what.
struct Signed<'c> {
    /// What comes before the body.
    before: String,
    signatures: Vec<Vec<u8>>,
    timestamp: Option<&'c str>,
    algorithm: Algorithm,
}

impl Webhook {
    /// Returns whether calls can be verified with this value of a secret.
    pub fn is_usable(&self, secret: &str) -> bool {
        self.key(secret).is_some()
    }

    /// Verifies a call with the values of the secrets that are set. Returns what its event is known by; `None` where each call
    /// is an event of its own.
    ///
    /// # Errors
    /// [`Refused`] unless it was signed with one of the secrets, in time, and its event can be told from others.
    pub fn verify(&self, secrets: &[String], call: &Call<'_>) -> Result<Option<EventKey>, Refused> {
        let keys: Vec<Vec<u8>> = secrets.iter().filter_map(|secret| self.key(secret)).collect();
        if keys.is_empty() {
            return Err(Refused::NoSecret);
        }
        if self.scheme == Scheme::Bearer {
            let token = bearer_token(call).ok_or(Refused::NoSignature)?;
            if !keys.iter().any(|key| is_same(key, token)) {
                return Err(Refused::WrongSignature);
            }
            return self.event_key(call);
        }
        let signed = self.signed(call).ok_or(Refused::NoSignature)?;
        if let Some(timestamp) = signed.timestamp {
            let at = seconds(timestamp).ok_or(Refused::NoSignature)?;
            if at.abs_diff(call.received_at.as_micros() / 1_000_000) > TOLERANCE.as_secs() {
                return Err(Refused::Stale);
            }
        }
        if !keys.iter().any(|key| signed.is_signed_with(key, call.body)) {
            return Err(Refused::WrongSignature);
        }
        let of_all = || EventKey { hash: hash(&[signed.before.as_bytes(), call.body]), is_signed: true };
        Ok(Some(self.event_key(call)?.unwrap_or_else(of_all)))
    }

    /// Returns the key that a secret stands for. A line end behind it is not part of it: files have one.
    pub(super) fn key(&self, secret: &str) -> Option<Vec<u8>> {
        let secret = secret.trim_end_matches(['\r', '\n']);
        let key = match self.scheme {
            Scheme::StandardWebhooks => return standard_key(secret),
            Scheme::Github | Scheme::Stripe | Scheme::Slack | Scheme::Hmac | Scheme::Bearer => {
                secret.as_bytes().to_vec()
            }
        };
        (key.len() >= SECRET_BYTES_MIN).then_some(key)
    }

    fn signed<'c>(&self, call: &Call<'c>) -> Option<Signed<'c>> {
        let header = |name: &str| call.text(name);
        let signed = match self.scheme {
            Scheme::Github => {
                let signature = hexadecimal(header("x-hub-signature-256")?.strip_prefix("sha256=")?)?;
                Signed::now(vec![signature])
            }
            Scheme::Stripe => stripe(header("stripe-signature")?)?,
            Scheme::Slack => {
                let signature = hexadecimal(header("x-slack-signature")?.strip_prefix("v0=")?)?;
                let timestamp = header("x-slack-request-timestamp")?;
                Signed::at(timestamp, format!("v0:{timestamp}:"), vec![signature])
            }
            Scheme::StandardWebhooks => {
                let (id, timestamp) = (header("webhook-id")?, header("webhook-timestamp")?);
                // With one, another part of what is signed could be taken for the id.
                if id.is_empty() || id.contains('.') {
                    return None;
                }
                let signatures = header("webhook-signature")?.split(' ');
                let signatures =
                    signatures.filter_map(|one| lenient_base64::decode(one.strip_prefix("v1,")?).ok());
                let signatures = signatures.take(SIGNATURES_MAX).collect();
                Signed::at(timestamp, format!("{id}.{timestamp}."), signatures)
            }
            Scheme::Hmac => custom(self.custom.as_ref()?, call)?,
            Scheme::Bearer => return None,
        };
        (!signed.signatures.is_empty()).then_some(signed)
    }

    /// Returns what an event is known by to which the sender has given an id.
    fn event_key(&self, call: &Call<'_>) -> Result<Option<EventKey>, Refused> {
        #[derive(Deserialize)]
        struct Ids {
            id: Option<String>,
            event_id: Option<String>,
        }
        let of_body = || serde_json::from_slice::<Ids>(call.body).ok();
        let header = match (self.scheme, &self.id_header) {
            (Scheme::Github, _) => Some("x-github-delivery"),
            (Scheme::StandardWebhooks, _) => Some("webhook-id"),
            (Scheme::Hmac | Scheme::Bearer, Some(header)) => Some(&**header),
            (Scheme::Bearer, None) => Some("idempotency-key"),
            (Scheme::Hmac | Scheme::Stripe | Scheme::Slack, _) => None,
        };
        let id = match (self.scheme, header) {
            (Scheme::Stripe, _) => of_body().and_then(|ids| ids.id),
            (Scheme::Slack, _) => of_body().and_then(|ids| ids.event_id),
            (_, Some(header)) => {
                (call.header)(header).map_err(|UnreadableHeader| Refused::UnreadableId)?.map(str::to_owned)
            }
            (_, None) => None,
        };
        let is_signed = matches!(self.scheme, Scheme::Stripe | Scheme::Slack | Scheme::StandardWebhooks);
        let id = id.filter(|id| !id.is_empty());
        Ok(id.map(|id| EventKey { hash: hash(&[id.as_bytes()]), is_signed }))
    }

    /// Returns whether a header is part of the proof, and so of no interest to a flow.
    pub fn is_proof(&self, header: &str) -> bool {
        let of_custom = self.custom.as_ref().is_some_and(|custom| *custom.header == *header);
        of_custom || header.contains("signature")
    }
}

/// Signs what is sent (standardwebhooks.com). Returns the value of `webhook-signature`; `None` if the secret is no key of at
/// least [`SECRET_BYTES_MIN`] bytes in Base64.
pub fn sign(secret: &str, id: &str, at: Timestamp, body: &[u8]) -> Option<String> {
    let key = standard_key(secret.trim_end_matches(['\r', '\n']))?;
    let before = format!("{id}.{}.", at.as_micros() / 1_000_000);
    let signature = mac::<Hmac<Sha256>>(&key, &[before.as_bytes(), body]).finalize().into_bytes();
    Some(format!("v1,{}", STANDARD.encode(signature)))
}

fn standard_key(secret: &str) -> Option<Vec<u8>> {
    let key = lenient_base64::decode(secret.strip_prefix("whsec_").unwrap_or(secret)).ok()?;
    (key.len() >= SECRET_BYTES_MIN).then_some(key)
}

impl<'c> Signed<'c> {
    /// The body alone is signed.
    fn now(signatures: Vec<Vec<u8>>) -> Self {
        Self { before: String::new(), signatures, timestamp: None, algorithm: Algorithm::Sha256 }
    }

    fn at(timestamp: &'c str, before: String, signatures: Vec<Vec<u8>>) -> Self {
        Self { before, signatures, timestamp: Some(timestamp), algorithm: Algorithm::Sha256 }
    }

    fn is_signed_with(&self, key: &[u8], body: &[u8]) -> bool {
        match self.algorithm {
            Algorithm::Sha256 => self.is_signed::<Hmac<Sha256>>(key, body),
            Algorithm::Sha512 => self.is_signed::<Hmac<Sha512>>(key, body),
        }
    }

    fn is_signed<M: Mac + KeyInit + Clone>(&self, key: &[u8], body: &[u8]) -> bool {
        let mac = mac::<M>(key, &[self.before.as_bytes(), body]);
        self.signatures.iter().any(|signature| mac.clone().verify_slice(signature).is_ok())
    }
}

/// `t=TIME,v1=HEX,v1=HEX`: one time, and a signature for each secret. Other schemes than `v1` are ignored.
fn stripe(header: &str) -> Option<Signed<'_>> {
    let parts = || header.split(',').filter_map(|part| part.trim().split_once('='));
    let mut times = parts().filter(|(name, _)| *name == "t");
    let (Some((_, timestamp)), None) = (times.next(), times.next()) else { return None };
    let signatures = parts().filter(|(name, _)| *name == "v1").filter_map(|(_, value)| hexadecimal(value));
    Some(Signed::at(timestamp, format!("{timestamp}."), signatures.take(SIGNATURES_MAX).collect()))
}

fn custom<'c>(custom: &Custom, call: &Call<'c>) -> Option<Signed<'c>> {
    let text = call.text(&custom.header)?.strip_prefix(&*custom.prefix)?.trim();
    let signatures = match custom.encoding {
        Encoding::Hex => vec![hexadecimal(text)?],
        Encoding::Base64 => vec![lenient_base64::decode(text).ok()?],
    };
    let signed = match &custom.timestamp_header {
        Some(name) => {
            let timestamp = call.text(name)?;
            Signed::at(timestamp, format!("{timestamp}."), signatures)
        }
        None => Signed::now(signatures),
    };
    Some(Signed { algorithm: custom.algorithm, ..signed })
}

fn bearer_token<'c>(call: &Call<'c>) -> Option<&'c str> {
    let (scheme, token) = call.text("authorization")?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Returns whether a token is the key, in a time that says nothing about either.
fn is_same(key: &[u8], token: &str) -> bool {
    let wanted = mac::<Hmac<Sha256>>(key, &[key]).finalize().into_bytes();
    mac::<Hmac<Sha256>>(key, &[token.as_bytes()]).verify_slice(&wanted).is_ok()
}

pub(super) fn mac<M: Mac + KeyInit>(key: &[u8], parts: &[&[u8]]) -> M {
    let mut mac = <M as KeyInit>::new_from_slice(key).expect("an HMAC takes keys of any length");
    parts.iter().for_each(|part| mac.update(part));
    mac
}

/// Reads a time in seconds since 1970: digits and nothing else.
fn seconds(text: &str) -> Option<i64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pair = |pair: &[u8]| Some(digit(pair[0])? << 4 | digit(pair[1])?);
    if !text.len().is_multiple_of(2) {
        return None;
    }
    text.as_bytes().chunks_exact(2).map(pair).collect()
}

fn hash(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    parts.iter().for_each(|part| hash.update(part));
    hexadecimal_text(&hash.finalize())
}

pub(super) fn hexadecimal_text(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
