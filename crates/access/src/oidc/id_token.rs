//! ID tokens: what must be true of one before anything that it says counts (OpenID Connect Core, 3.1.3.7).

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use sha2::{Digest, Sha256, Sha384, Sha512};
use steadflow_core::json::{self, RepeatedKeys};
use steadflow_core::timestamp::Timestamp;

use super::discovery::text;
use super::jwks::{Algorithm, Jwks, NotSigned};
use super::refused::OidcReason;

/// How far the clocks of a provider and of this server may be apart.
pub const CLOCK_LEEWAY: Duration = Duration::from_secs(60);
/// How long a token is at most.
const TOKEN_BYTES_MAX: usize = 64 * 1024;
/// How long the provider's name of a person is at most (OpenID Connect Core, 2).
const SUBJECT_BYTES_MAX: usize = 255;

/// What a token must be about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) nonce: &'a str,
    /// The access token that came with it.
    pub(crate) access_token: Option<&'a str>,
    /// When it was asked for.
    pub(crate) begun_at: Timestamp,
    pub(crate) now: Timestamp,
}

/// A token in its parts, of which nothing is checked.
#[derive(Debug)]
pub(crate) struct Unchecked<'a> {
    pub(crate) algorithm: Algorithm,
    pub(crate) key_id: Option<String>,
    signed: &'a str,
    signature: Vec<u8>,
    claims: Vec<u8>,
}

/// What a provider says of a person.
#[derive(Clone, Debug)]
pub(crate) struct Claims(Value);

impl<'a> Unchecked<'a> {
    /// Takes a token apart.
    ///
    /// # Errors
    /// It is none, or is not signed in a way that counts.
    pub(crate) fn read(token: &'a str) -> Result<Self, OidcReason> {
        let malformed = OidcReason::TokenMalformed;
        if token.len() > TOKEN_BYTES_MAX {
            return Err(malformed);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(malformed)?;
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| malformed);
        let header = object(&decode(header)?)?;
        let algorithm = text(&header, "alg").and_then(Algorithm::read).ok_or(OidcReason::Algorithm)?;
        // What must be understood and is not makes a token void (RFC 7515, 4.1.11).
        if header.get("crit").is_some() {
            return Err(malformed);
        }
        let key_id = match header.get("kid") {
            None => None,
            Some(Value::String(id)) => Some(id.clone()),
            Some(_) => return Err(malformed),
        };
        Ok(Self { algorithm, key_id, signed, signature: decode(signature)?, claims: decode(claims)? })
    }

    /// Checks that the provider has signed it, for us, for this attempt, and now.
    ///
    /// # Errors
    /// What is not so.
    pub(crate) fn check(self, keys: &Jwks, expected: Expected<'_>) -> Result<Claims, OidcReason> {
        let id = self.key_id.as_deref();
        keys.verify(id, self.algorithm, self.signed.as_bytes(), &self.signature).map_err(
            |not| match not {
                NotSigned::NoKey => OidcReason::UnknownKey,
                NotSigned::Wrong => OidcReason::Signature,
            },
        )?;
        let claims = Claims(object(&self.claims)?);
        claims.check(expected)?;
        if let Some(hash) = claims.0.get("at_hash") {
            let of_token = expected.access_token.map(|token| half_hash(self.algorithm, token));
            if hash.as_str().is_none_or(|hash| of_token.as_deref() != Some(hash)) {
                return Err(OidcReason::AccessToken);
            }
        }
        Ok(claims)
    }
}

/// Reads an object in which no key is there twice: two readers could understand different things.
fn object(bytes: &[u8]) -> Result<Value, OidcReason> {
    json::check(bytes, RepeatedKeys::Refused).map_err(|_| OidcReason::TokenMalformed)?;
    let value: Value = serde_json::from_slice(bytes).map_err(|_| OidcReason::TokenMalformed)?;
    if value.is_object() { Ok(value) } else { Err(OidcReason::TokenMalformed) }
}

/// Returns what stands in an ID token for an access token: the first half of its hash.
fn half_hash(algorithm: Algorithm, token: &str) -> String {
    let hash = match algorithm {
        Algorithm::Rs256 | Algorithm::Ps256 | Algorithm::Es256 => Sha256::digest(token).to_vec(),
        Algorithm::Es384 => Sha384::digest(token).to_vec(),
        Algorithm::EdDsa => Sha512::digest(token).to_vec(),
    };
    URL_SAFE_NO_PAD.encode(&hash[..hash.len() / 2])
}

impl Claims {
    fn check(&self, expected: Expected<'_>) -> Result<(), OidcReason> {
        let Expected { issuer, client_id, nonce, begun_at, now, .. } = expected;
        if text(&self.0, "iss") != Some(issuer) {
            return Err(OidcReason::Issuer);
        }
        if !self.is_for(client_id) {
            return Err(OidcReason::Audience);
        }
        let moment = |name: &str| seconds(self.0.get(name)?).map(Timestamp::from_micros);
        let (Some(expires), Some(issued)) = (moment("exp"), moment("iat")) else {
            return Err(OidcReason::TokenMalformed);
        };
        let is_early =
            self.0.get("nbf").is_some() && moment("nbf").is_none_or(|begins| begins > now.plus(CLOCK_LEEWAY));
        if expires.plus(CLOCK_LEEWAY) <= now || is_early {
            return Err(OidcReason::Expired);
        }
        if issued > now.plus(CLOCK_LEEWAY) || issued.plus(CLOCK_LEEWAY) < begun_at {
            return Err(OidcReason::IssuedAt);
        }
        if text(&self.0, "nonce") != Some(nonce) {
            return Err(OidcReason::Nonce);
        }
        let is_name =
            |name: &str| (1..=SUBJECT_BYTES_MAX).contains(&name.len()) && !name.chars().any(char::is_control);
        if !is_name(self.subject()) { Err(OidcReason::TokenMalformed) } else { Ok(()) }
    }

    /// Returns whether it was made for us, and for us alone where several are named.
    fn is_for(&self, client_id: &str) -> bool {
        let (is_named, is_shared) = match self.0.get("aud") {
            Some(Value::String(one)) => (one == client_id, false),
            Some(Value::Array(all)) => (all.iter().any(|one| one == client_id), all.len() > 1),
            _ => (false, false),
        };
        let party = self.0.get("azp");
        is_named && party.map_or(!is_shared, |party| party == client_id)
    }

    /// Adds what the provider says at another place of the same person. What the token says stays.
    ///
    /// # Errors
    /// It is about somebody else.
    pub(crate) fn add(&mut self, more: Value) -> Result<(), OidcReason> {
        if text(&more, "sub") != Some(self.subject()) {
            return Err(OidcReason::Subject);
        }
        let (Value::Object(ours), Value::Object(more)) = (&mut self.0, more) else {
            return Err(OidcReason::TokenMalformed);
        };
        let has_email = ours.contains_key("email");
        for (name, value) in more {
            // Whether an address is verified is said of the address beside it.
            if !(has_email && name == "email_verified") {
                ours.entry(name).or_insert(value);
            }
        }
        Ok(())
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some()
    }

    pub(crate) fn subject(&self) -> &str {
        text(&self.0, "sub").unwrap_or_default()
    }

    pub(crate) fn email(&self) -> Option<&str> {
        text(&self.0, "email")
    }

    /// Returns whether the provider has made sure that the address is the person's. Some write it as a text.
    pub(crate) fn is_email_verified(&self) -> bool {
        match self.0.get("email_verified") {
            Some(Value::Bool(verified)) => *verified,
            Some(Value::String(verified)) => verified == "true",
            _ => false,
        }
    }

    pub(crate) fn name(&self) -> Option<&str> {
        text(&self.0, "name")
    }

    /// Returns the groups of the person: a list, or one.
    pub(crate) fn groups(&self, claim: &str) -> Vec<&str> {
        match self.0.get(claim) {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }
}

/// Returns a moment in microseconds, of seconds with or without a fraction; `None` for what is none.
fn seconds(value: &Value) -> Option<i64> {
    let whole = value.as_i64().or_else(|| {
        let seconds = value.as_f64()?.floor();
        // Far more than any clock shows, and far less than where a float has no ones.
        (seconds.abs() < 1e12).then(|| format!("{seconds:.0}").parse().ok())?
    });
    whole.filter(|seconds| (0..1_000_000_000_000).contains(seconds))?.checked_mul(1_000_000)
}
