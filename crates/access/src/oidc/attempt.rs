//! What an attempt to sign in needs until its end, in a cookie that only this server can read.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use steadflow_core::access::Token;
use steadflow_core::timestamp::Timestamp;
use zeroize::Zeroizing;

use crate::NotRandom;
use crate::failure::fresh_token;
use crate::sealing::{Key, Place};

/// How long somebody may take at the provider.
pub const ATTEMPT_TTL: Duration = Duration::from_secs(600);

/// An attempt to sign in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Attempt {
    /// At which provider.
    pub(crate) provider: String,
    /// What comes back with the answer, so that it is one to this browser.
    state: String,
    /// What is in the ID token, so that it is one for this attempt.
    pub(crate) nonce: String,
    /// What the code is worth nothing without (PKCE).
    pub(crate) verifier: String,
    /// When it was begun, in microseconds.
    begun_at: i64,
    /// The page that is shown afterwards.
    pub(crate) return_to: String,
    /// The token of an invitation that is accepted with it.
    pub(crate) invitation: Option<String>,
}

impl Attempt {
    pub(crate) fn begin(
        provider: &str,
        return_to: &str,
        invitation: Option<&Token>,
        now: Timestamp,
    ) -> Result<Self, NotRandom> {
        let draw = || fresh_token().map(|token| token.text());
        Ok(Self {
            provider: provider.to_owned(),
            state: draw()?,
            nonce: draw()?,
            verifier: draw()?,
            begun_at: now.as_micros(),
            return_to: return_to.to_owned(),
            invitation: invitation.map(Token::text),
        })
    }

    pub(crate) fn state(&self) -> &str {
        &self.state
    }

    /// Returns whether an answer belongs to it.
    pub(crate) fn has_state(&self, state: &str) -> bool {
        self.state == state
    }

    pub(crate) fn begun_at(&self) -> Timestamp {
        Timestamp::from_micros(self.begun_at)
    }

    pub(crate) fn is_over(&self, now: Timestamp) -> bool {
        self.begun_at().plus(ATTEMPT_TTL) <= now || self.begun_at() > now
    }

    /// Returns what the code is asked for with: who sends the verifier later is who has asked (RFC 7636).
    pub(crate) fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.verifier.as_bytes()))
    }

    pub(crate) fn seal(&self, key: &Key) -> Result<String, NotRandom> {
        let plain = Zeroizing::new(serde_json::to_vec(self).expect("texts and a number are JSON"));
        Ok(URL_SAFE_NO_PAD.encode(key.seal(&Place::OidcAttempt, &plain)?))
    }

    pub(crate) fn open(key: &Key, sealed: &str) -> Option<Self> {
        let plain = key.open(&Place::OidcAttempt, &URL_SAFE_NO_PAD.decode(sealed).ok()?)?;
        serde_json::from_slice(&plain).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_is_that_of_its_browser_for_ten_minutes() {
        let key = Key::draw().unwrap();
        let begun = Timestamp::from_micros(1_000_000);
        let attempt = Attempt::begin("a", "/flows", None, begun).unwrap();
        let sealed = attempt.seal(&key).unwrap();

        assert_eq!(Attempt::open(&key, &sealed).as_ref(), Some(&attempt));
        assert_eq!(Attempt::open(&Key::draw().unwrap(), &sealed), None, "another installation");
        assert_eq!(Attempt::open(&key, &sealed[1..]), None);
        assert!(attempt.has_state(attempt.state()) && !attempt.has_state(&attempt.nonce));
        assert!(!attempt.is_over(begun) && attempt.is_over(begun.plus(ATTEMPT_TTL)));
        assert!(attempt.is_over(Timestamp::from_micros(0)), "it was begun later");
        assert!((43..=128).contains(&attempt.verifier.len()));
    }

    #[test]
    fn the_challenge_is_that_of_the_rfc() {
        let attempt = Attempt {
            verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".into(),
            ..Attempt::begin("a", "/", None, Timestamp::from_micros(0)).unwrap()
        };

        assert_eq!(attempt.challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }
}
