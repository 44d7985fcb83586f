//! What a device and its browser say, and what must be true of it (Web Authentication Level 3, 7.1 and 7.2).

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use sha2::{Digest, Sha256};
use steadflow_core::json::{self, RepeatedKeys};

use super::{PasskeyReason, cose};
use crate::passkey_site::PasskeySite;

/// How long somebody may take to use their device.
pub const CEREMONY_TTL: Duration = Duration::from_secs(300);
/// How long what comes back is at most, in bytes.
const BYTES_MAX: usize = 8 * 1024;
/// How long what a device calls a passkey is at most (Level 3, 5.8.3).
const CREDENTIAL_BYTES_MAX: usize = 1_023;

const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const HAS_CREDENTIAL: u8 = 0x40;
/// The hash of the site, the flags and the counter.
const HEAD_BYTES: usize = 37;
/// The kind of the device, and the length of what it calls the passkey.
const CREDENTIAL_HEAD_BYTES: usize = 18;

/// What came back.
#[derive(Debug)]
pub(super) struct Ceremony {
    pub(super) client_data: Vec<u8>,
    pub(super) authenticator_data: Vec<u8>,
}

/// What was asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    pub(super) site: &'a PasskeySite,
    pub(super) challenge: &'a str,
}

/// A signature was right.
#[derive(Debug)]
pub(super) struct Signed {
    pub(super) counter: u32,
}

/// A device has made a passkey.
#[derive(Debug)]
pub(super) struct New {
    pub(super) credential: Vec<u8>,
    pub(super) public_key: Vec<u8>,
    pub(super) counter: u32,
}

impl Ceremony {
    /// Checks that a device has signed the challenge, for our pages, after it has verified the person.
    pub(super) fn signed(
        &self,
        asked: Asked<'_>,
        public_key: &[u8],
        signature: &[u8],
    ) -> Result<Signed, PasskeyReason> {
        self.check_client_data("webauthn.get", asked)?;
        let (counter, _) = self.check_authenticator_data(asked)?;
        let hash = Sha256::digest(&self.client_data);
        let signed = [&self.authenticator_data[..], &hash[..]].concat();
        cose::PublicKey::read(public_key)?.verify(&signed, signature)?;
        Ok(Signed { counter })
    }

    /// Reads a new passkey, after the same checks but that of a signature: it proves nothing yet.
    pub(super) fn new_passkey(&self, asked: Asked<'_>) -> Result<New, PasskeyReason> {
        let malformed = PasskeyReason::Malformed;
        self.check_client_data("webauthn.create", asked)?;
        let (counter, rest) = self.check_authenticator_data(asked)?;
        if self.authenticator_data[32] & HAS_CREDENTIAL == 0 || rest.len() < CREDENTIAL_HEAD_BYTES {
            return Err(malformed);
        }
        let (head, rest) = rest.split_at(CREDENTIAL_HEAD_BYTES);
        let length = usize::from(u16::from_be_bytes([head[16], head[17]]));
        if !(1..=CREDENTIAL_BYTES_MAX).contains(&length) || rest.len() <= length {
            return Err(malformed);
        }
        let (credential, rest) = rest.split_at(length);
        let public_key = cose::first_value(rest)?;
        cose::PublicKey::read(public_key)?;
        Ok(New { credential: credential.to_vec(), public_key: public_key.to_vec(), counter })
    }

    fn check_client_data(&self, kind: &str, asked: Asked<'_>) -> Result<(), PasskeyReason> {
        let bytes = &self.client_data;
        if bytes.len() > BYTES_MAX || json::check(bytes, RepeatedKeys::Refused).is_err() {
            return Err(PasskeyReason::Malformed);
        }
        let said: Value = serde_json::from_slice(bytes).map_err(|_| PasskeyReason::Malformed)?;
        let text = |key: &str| said.get(key).and_then(Value::as_str);
        if text("type") != Some(kind) {
            return Err(PasskeyReason::Malformed);
        }
        if text("challenge") != Some(&URL_SAFE_NO_PAD.encode(asked.challenge)) {
            return Err(PasskeyReason::Challenge);
        }
        let is_embedded = said.get("crossOrigin").is_some_and(|embedded| *embedded != Value::Bool(false));
        if text("origin") != Some(&*asked.site.origin) || is_embedded {
            return Err(PasskeyReason::Origin);
        }
        Ok(())
    }

    /// Returns how far the device has counted, and what comes after that.
    fn check_authenticator_data(&self, asked: Asked<'_>) -> Result<(u32, &[u8]), PasskeyReason> {
        let bytes = &self.authenticator_data;
        if !(HEAD_BYTES..=BYTES_MAX).contains(&bytes.len()) {
            return Err(PasskeyReason::Malformed);
        }
        let (head, rest) = bytes.split_at(HEAD_BYTES);
        if head[..32] != Sha256::digest(asked.site.id.as_bytes())[..] {
            return Err(PasskeyReason::Origin);
        }
        if head[32] & USER_PRESENT == 0 || head[32] & USER_VERIFIED == 0 {
            return Err(PasskeyReason::NotVerified);
        }
        Ok((u32::from_be_bytes([head[33], head[34], head[35], head[36]]), rest))
    }
}
