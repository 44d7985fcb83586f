//! The form of credentials: 256 random bits as text, and the hash that alone is stored of them.
//!
//! An API key is `sf_live_`, the token in 43 letters and digits, and a checksum of all that in 6: so that scanners of secrets
//! find it, and a key with a typo is known to be none without a look-up. The hash needs no salt and no slow function, because
//! nobody can guess the token.

use std::fmt;
use std::sync::Arc;

use sha2::{Digest, Sha256};

/// How many random bytes a token has.
const TOKEN_BYTES: usize = 32;
/// How many letters and digits have that many bits.
const TOKEN_CHARS: usize = 43;
const CHECKSUM_CHARS: usize = 6;
const KEY_BEGIN: &str = "sf_live_";
/// How many characters an API key has.
pub const API_KEY_CHARS: usize = KEY_BEGIN.len() + TOKEN_CHARS + CHECKSUM_CHARS;
/// How many characters of an API key are shown and stored, to tell it from others. The 209 bits behind them are secret.
pub const KEY_PREFIX_CHARS: usize = KEY_BEGIN.len() + 8;

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BASE: u64 = 62;

/// What nobody can guess.
#[derive(Clone, PartialEq, Eq)]
pub struct Token([u8; TOKEN_BYTES]);

/// What a token is for. The same token is another credential for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialKind {
    /// An API key.
    Key,
    /// What a browser has after somebody has signed in.
    SignIn,
    /// A link with which somebody becomes a member, or sets a new password.
    Invitation,
    /// What a provider sends back when somebody has authorized this server.
    Authorization,
}

impl CredentialKind {
    const fn context(self) -> &'static [u8] {
        match self {
            Self::Key => b"steadflow key\0",
            Self::SignIn => b"steadflow sign-in\0",
            Self::Invitation => b"steadflow invitation\0",
            Self::Authorization => b"steadflow authorization\0",
        }
    }
}

/// What is stored of a credential, and what it is looked up by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CredentialHash([u8; 32]);

/// A text that is no API key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no API key")]
pub struct NotAKey;

impl Token {
    /// Wraps random bytes that the caller drew.
    pub const fn new(bytes: [u8; TOKEN_BYTES]) -> Self {
        Self(bytes)
    }

    /// Returns it as letters and digits.
    pub fn text(&self) -> String {
        base62(&self.0, TOKEN_CHARS)
    }

    /// Reads what [`Self::text`] has written. Each request with a key does it.
    pub fn read(text: &str) -> Option<Self> {
        if text.len() != TOKEN_CHARS {
            return None;
        }
        // 32 bits of the number each, the lowest first.
        let mut parts = [0_u64; TOKEN_BYTES / 4];
        for digit in text.bytes() {
            let mut carry = value_of(digit)?;
            for part in &mut parts {
                let value = *part * BASE + carry;
                *part = value & u64::from(u32::MAX);
                carry = value >> 32;
            }
            if carry > 0 {
                return None;
            }
        }
        let mut bytes = [0; TOKEN_BYTES];
        for (bytes, part) in bytes.rchunks_exact_mut(4).zip(parts) {
            bytes.copy_from_slice(&part.to_be_bytes()[4..]);
        }
        Some(Self(bytes))
    }

    /// Returns the API key that it makes.
    pub fn api_key(&self) -> String {
        let key = format!("{KEY_BEGIN}{}", self.text());
        let checksum = checksum(&key);
        key + &checksum
    }

    /// Reads an API key.
    ///
    /// # Errors
    /// [`NotAKey`], also for one in which anything was mistyped.
    pub fn read_api_key(text: &str) -> Result<Self, NotAKey> {
        let is_key = text.len() == API_KEY_CHARS && text.is_ascii() && text.starts_with(KEY_BEGIN);
        let (key, end) = text.split_at_checked(API_KEY_CHARS - CHECKSUM_CHARS).ok_or(NotAKey)?;
        if !is_key || checksum(key) != end {
            return Err(NotAKey);
        }
        Self::read(&key[KEY_BEGIN.len()..]).ok_or(NotAKey)
    }

    /// Returns the beginning of the API key that it makes, by which people tell keys apart.
    pub fn key_prefix(&self) -> Arc<str> {
        self.api_key()[..KEY_PREFIX_CHARS].into()
    }

    /// Returns what it is known by.
    pub fn hash(&self, kind: CredentialKind) -> CredentialHash {
        let mut hash = Sha256::new();
        hash.update(kind.context());
        hash.update(self.0);
        CredentialHash(hash.finalize().into())
    }
}

impl CredentialHash {
    /// Wraps what was stored.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes, to be stored.
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

/// Logs do not say what somebody has in the database.
impl fmt::Debug for CredentialHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CredentialHash")
    }
}

/// Returns what a letter or digit stands for.
fn value_of(digit: u8) -> Option<u64> {
    let value = match digit {
        b'0'..=b'9' => digit - b'0',
        b'A'..=b'Z' => digit - b'A' + 10,
        b'a'..=b'z' => digit - b'a' + 36,
        _ => return None,
    };
    Some(value.into())
}

/// Returns what a key ends with.
fn checksum(key: &str) -> String {
    let hash = Sha256::digest(key.as_bytes());
    base62(&hash[..4], CHECKSUM_CHARS)
}

/// Returns a number as letters and digits, the largest first, with zeros before it.
fn base62(bytes: &[u8], chars: usize) -> String {
    let mut rest = bytes.to_vec();
    let mut digits = vec![b'0'; chars];
    for digit in digits.iter_mut().rev() {
        let mut remainder = 0;
        for byte in &mut rest {
            let value = remainder * 256 + usize::from(*byte);
            *byte = (value / DIGITS.len()).to_le_bytes()[0];
            remainder = value % DIGITS.len();
        }
        *digit = DIGITS[remainder];
    }
    digits.into_iter().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_key_is_read_as_it_was_made(bytes: [u8; 32]) {
            let token = Token::new(bytes);
            let key = token.api_key();

            prop_assert_eq!(key.len(), API_KEY_CHARS);
            prop_assert!(key.starts_with(&*token.key_prefix()) && token.key_prefix().len() == KEY_PREFIX_CHARS);
            prop_assert_eq!(Token::read_api_key(&key), Ok(token.clone()));
            prop_assert_eq!(Token::read(&token.text()), Some(token));
        }

        #[test]
        fn a_key_with_a_typo_is_none(bytes: [u8; 32], at in 0..API_KEY_CHARS, typed in "[ -~é]") {
            let key = Token::new(bytes).api_key();
            prop_assume!(key[at..=at] != typed);

            let mistyped = format!("{}{typed}{}", &key[..at], &key[at + 1..]);

            // One in four billion has the same checksum.
            prop_assert_eq!(Token::read_api_key(&mistyped), Err(NotAKey));
        }
    }

    #[test]
    fn what_is_too_short_too_long_or_too_large_is_no_token() {
        let largest = Token::new([0xff; 32]).text();
        assert_eq!(Token::read(&largest), Some(Token::new([0xff; 32])));
        for text in
            ["", &largest[1..], &format!("{largest}0"), &"z".repeat(43), &"-".repeat(43), &"é".repeat(21)]
        {
            assert_eq!(Token::read(text), None, "{text}");
            assert_eq!(Token::read_api_key(text), Err(NotAKey), "{text}");
        }
        let key = Token::new([7; 32]).api_key();
        for text in
            ["sf_live_", &key[1..], &format!("{key}0"), &format!(" {key}"), &key.replace("live", "test")]
        {
            assert_eq!(Token::read_api_key(text), Err(NotAKey), "{text}");
        }
    }

    #[test]
    fn a_token_is_another_credential_for_each_use() {
        let token = Token::new([7; 32]);
        let kinds = [
            CredentialKind::Key,
            CredentialKind::SignIn,
            CredentialKind::Invitation,
            CredentialKind::Authorization,
        ];
        let hashes = kinds.map(|kind| token.hash(kind));

        let all: std::collections::BTreeSet<_> = hashes.iter().collect();
        assert_eq!(all.len(), kinds.len());
        assert_eq!(format!("{token:?} {:?}", hashes[0]), "Token CredentialHash");
    }
}
