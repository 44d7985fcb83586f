//! Encryption of what a database is not to know: XChaCha20-Poly1305, with what it belongs to as associated data.
//!
//! What was sealed for one tenant, name or list of hosts opens for no other, so a row that somebody copies or changes in the
//! database is worth nothing.

use std::fmt;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use steadflow_core::ids::{ExecutionId, TenantId};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{NotRandom, draw_bytes};

/// Bytes of a key.
pub(crate) const KEY_BYTES: usize = 32;
pub(crate) const NONCE_BYTES: usize = 24;
/// The kind of secrets that are a value.
pub(crate) const VALUE: &str = "value";

/// A key that encrypts. `Debug` hides it, and its memory is overwritten when it is dropped.
#[derive(Clone)]
pub(crate) struct Key(Zeroizing<[u8; KEY_BYTES]>);

impl Key {
    pub(crate) fn new(bytes: Zeroizing<[u8; KEY_BYTES]>) -> Self {
        Self(bytes)
    }

    /// Draws a new one.
    pub(crate) fn draw() -> Result<Self, NotRandom> {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        draw_bytes(&mut *bytes)?;
        Ok(Self(bytes))
    }

    pub(crate) fn bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    /// Encrypts `plain` for `place`: the nonce, and what is encrypted with its tag.
    pub(crate) fn seal(&self, place: &Place<'_>, plain: &[u8]) -> Result<Vec<u8>, NotRandom> {
        let mut nonce = [0; NONCE_BYTES];
        draw_bytes(&mut nonce)?;
        Ok(self.seal_with(place, &nonce, plain))
    }

    /// Encrypts with a nonce that no other text is encrypted with.
    pub(crate) fn seal_with(&self, place: &Place<'_>, nonce: &[u8; NONCE_BYTES], plain: &[u8]) -> Vec<u8> {
        let (cipher, aad) = (XChaCha20Poly1305::new((&*self.0).into()), place.text());
        let sealed = cipher.encrypt(&XNonce::from(*nonce), Payload { msg: plain, aad: &aad });
        let sealed = sealed.expect("it is far shorter than what the cipher takes");
        [&nonce[..], &sealed].concat()
    }

    /// Decrypts what was sealed with this key for `place`; `None` for anything else.
    pub(crate) fn open(&self, place: &Place<'_>, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>()?;
        let (cipher, aad) = (XChaCha20Poly1305::new((&*self.0).into()), place.text());
        cipher.decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: &aad }).ok().map(Zeroizing::new)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

/// What is sealed, and whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place<'a> {
    /// A key of a tenant.
    DataKey(TenantId, Uuid),
    /// A secret of a tenant, what it is, and the hosts that it may be sent to.
    Secret { tenant: TenantId, name: &'a str, kind: &'a str, hosts: &'a str },
    /// The tokens of a secret, and the configuration that they were obtained with.
    Tokens { tenant: TenantId, name: &'a str, config: Uuid },
    /// An authorization that a tenant has begun, by the hash of its state.
    Authorization { tenant: TenantId, hash: &'a [u8; 32] },
    /// What a browser keeps while somebody signs in at a provider.
    OidcAttempt,
    /// What a browser keeps while a device is asked for a passkey.
    Passkey,
    /// A value of an execution.
    Execution { tenant: TenantId, execution: ExecutionId },
}

impl Place<'_> {
    /// Returns it as associated data: no two places have the same.
    fn text(&self) -> Vec<u8> {
        match self {
            Self::DataKey(tenant, id) => {
                [&b"steadflow data key\0"[..], tenant.uuid().as_bytes(), id.as_bytes()].concat()
            }
            Self::Secret { tenant, name, kind, hosts } => {
                let length = |text: &str| u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes();
                let name = [&length(name)[..], name.as_bytes()].concat();
                // Values were stored before there was anything else.
                let kind = if *kind == VALUE {
                    b"steadflow secret\0".to_vec()
                } else {
                    [&b"steadflow secret of kind\0"[..], &length(kind), kind.as_bytes()].concat()
                };
                [&kind[..], tenant.uuid().as_bytes(), &name, hosts.as_bytes()].concat()
            }
            Self::Tokens { tenant, name, config } => {
                let tenant = tenant.uuid();
                let begin = [&b"steadflow tokens\0"[..], tenant.as_bytes(), config.as_bytes()].concat();
                [&begin[..], name.as_bytes()].concat()
            }
            Self::Authorization { tenant, hash } => {
                [&b"steadflow authorization\0"[..], tenant.uuid().as_bytes(), *hash].concat()
            }
            Self::OidcAttempt => b"steadflow oidc attempt\0".to_vec(),
            Self::Passkey => b"steadflow passkey\0".to_vec(),
            Self::Execution { tenant, execution } => {
                let (tenant, execution) = (tenant.uuid(), execution.uuid());
                [&b"steadflow execution\0"[..], tenant.as_bytes(), execution.as_bytes()].concat()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: TenantId = TenantId::DEFAULT;
    const THEIRS: TenantId = TenantId::new(Uuid::from_u128(7));
    const OUR_KEY: Place<'static> =
        Place::Secret { tenant: OURS, name: "KEY", kind: "value", hosts: "a.example" };

    fn key() -> Key {
        Key::draw().unwrap()
    }

    #[test]
    fn what_was_sealed_opens_where_it_belongs() {
        let key = key();
        let sealed = key.seal(&OUR_KEY, b"canary").unwrap();
        let again = key.seal(&OUR_KEY, b"canary").unwrap();

        assert_eq!(key.open(&OUR_KEY, &sealed).unwrap().as_slice(), b"canary");
        assert_eq!(sealed.len(), NONCE_BYTES + 6 + 16);
        assert_ne!(sealed, again, "what is equal does not look equal");
        assert!(!sealed.windows(6).any(|part| part == b"canary"));
    }

    #[test]
    fn what_was_sealed_for_another_tenant_name_kind_or_host_does_not_open() {
        let sealing = key();
        let sealed = sealing.seal(&OUR_KEY, b"canary").unwrap();
        let id = Uuid::from_u128(1);
        let sealed_key = sealing.seal(&Place::DataKey(OURS, id), b"canary").unwrap();

        for other in [
            Place::Secret { tenant: THEIRS, name: "KEY", kind: "value", hosts: "a.example" },
            Place::Secret { tenant: OURS, name: "KEX", kind: "value", hosts: "a.example" },
            Place::Secret { tenant: OURS, name: "KEY", kind: "value", hosts: "evil.example" },
            Place::Secret { tenant: OURS, name: "KEY", kind: "value", hosts: "" },
            Place::Secret { tenant: OURS, name: "KEYa", kind: "value", hosts: ".example" },
            Place::Secret { tenant: OURS, name: "KEY", kind: "oauth2", hosts: "a.example" },
            Place::Secret { tenant: OURS, name: "KEY", kind: "valuea", hosts: ".example" },
            Place::Tokens { tenant: OURS, name: "KEY", config: id },
            Place::Authorization { tenant: OURS, hash: &[0; 32] },
            Place::DataKey(OURS, id),
            Place::OidcAttempt,
            Place::Passkey,
        ] {
            assert!(sealing.open(&other, &sealed).is_none(), "{other:?}");
        }
        assert!(sealing.open(&Place::DataKey(THEIRS, id), &sealed_key).is_none());
        assert!(sealing.open(&Place::DataKey(OURS, Uuid::from_u128(2)), &sealed_key).is_none());
        assert!(sealing.open(&Place::DataKey(OURS, id), &sealed_key).is_some());
        assert!(key().open(&OUR_KEY, &sealed).is_none(), "another key");
    }

    #[test]
    fn a_flipped_bit_does_not_open() {
        let key = key();
        let sealed = key.seal(&OUR_KEY, b"canary").unwrap();

        for bit in 0..sealed.len() * 8 {
            let mut flipped = sealed.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(key.open(&OUR_KEY, &flipped).is_none(), "bit {bit}");
        }
        for length in 0..sealed.len() {
            assert!(key.open(&OUR_KEY, &sealed[..length]).is_none(), "the first {length} bytes");
        }
    }
}
