//! Links with which a person decides on one thing that waits, without an identity of ours.
//!
//! A link is a token that says what it is about, and that nobody can make or change without the key; nothing is stored of it.
//! It holds until it expires or somebody has decided. Anyone who has it can decide, so it is a secret.
//!
//! The bytes of a token, before Base64 (URL alphabet, no padding):
//!
//! | Bytes | What |
//! |---|---|
//! | 1 | the version of this form |
//! | 16, 16 | the tenant and the execution |
//! | 16 | the approval: the beginning of the hash of its id, which can have any length |
//! | 8 | when it expires, in seconds since 1970 |
//! | 1 | the role of who made it |
//! | 0 to 60 | whom it was made for |
//! | 32 | HMAC-SHA-256 of all before it |

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::caller::{Actor, ActorKind, Caller, Role};
use crate::ids::{ExecutionId, TenantId};
use crate::timestamp::Timestamp;
use crate::visible;

/// The shortest time for which a link can be made.
pub const LINK_TTL_MIN: Duration = Duration::from_secs(60);
/// The longest.
pub const LINK_TTL_MAX: Duration = Duration::from_secs(30 * 24 * 3_600);
/// The time for which a link is made, unless another one is asked for.
pub const LINK_TTL_DEFAULT: Duration = Duration::from_secs(7 * 24 * 3_600);
/// How long the name is that a link is made for, in bytes.
pub const MADE_FOR_BYTES_MAX: usize = 60;
/// How long a token is at most, in characters.
pub const TOKEN_CHARS_MAX: usize = 200;

/// How many characters in a row can be a token. The shortest token has 120; of one that is cut off, what is missing must be too
/// much to be guessed.
const TOKEN_CHARS_SUSPECT: usize = 100;
const VERSION: u8 = 1;
const MAC_BYTES: usize = 32;
const KEY_BYTES: usize = 32;
/// What is signed begins with this, so that it is nothing else that is signed with the same key.
const CONTEXT: &[u8] = b"steadflow decision link";
const ROLES: [Role; 4] = [Role::Viewer, Role::Operator, Role::Editor, Role::Admin];

/// A key with which this installation signs what it gives away. It is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey([u8; KEY_BYTES]);

impl SigningKey {
    /// Wraps random bytes that the caller drew.
    pub const fn new(bytes: [u8; KEY_BYTES]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes, to be stored.
    pub const fn bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    fn mac(&self, content: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(CONTEXT);
        mac.update(content);
        mac
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey")
    }
}

/// What an approval is known by in a link: the beginning of the hash of its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApprovalRef([u8; 16]);

impl ApprovalRef {
    /// Returns what the approval with this id is known by.
    pub fn of(id: &str) -> Self {
        let hash = Sha256::digest(id.as_bytes());
        Self(std::array::from_fn(|at| hash[at]))
    }
}

/// What a link is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecisionLink {
    /// Whose data it is about.
    pub tenant: TenantId,
    /// The execution that waits.
    pub execution: ExecutionId,
    /// What of it.
    pub approval: ApprovalRef,
    /// When it ends; whole seconds.
    pub expires_at: Timestamp,
    /// The role of who made it, which it decides with.
    pub role: Role,
    /// Whom it was made for, as its maker said.
    pub made_for: Option<Arc<str>>,
}

/// Why a token is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkRefused {
    /// It was not made with this key, or was changed.
    Unknown,
    /// It is over.
    Expired,
}

impl DecisionLink {
    /// Returns its token, of at most [`TOKEN_CHARS_MAX`] characters.
    pub fn token(&self, key: &SigningKey) -> String {
        let mut bytes = vec![VERSION];
        bytes.extend(self.tenant.uuid().into_bytes());
        bytes.extend(self.execution.uuid().into_bytes());
        bytes.extend(self.approval.0);
        bytes.extend(seconds(self.expires_at).to_be_bytes());
        bytes.push(role_byte(self.role));
        bytes.extend(self.made_for.as_deref().unwrap_or_default().as_bytes());
        let mac = key.mac(&bytes).finalize().into_bytes();
        bytes.extend(mac);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a token that was made with `key`.
    ///
    /// # Errors
    /// [`LinkRefused`]. Only who has a token that was made with the key learns that it has expired.
    pub fn read(token: &str, key: &SigningKey, now: Timestamp) -> Result<Self, LinkRefused> {
        let link = Self::verified(token, key).ok_or(LinkRefused::Unknown)?;
        if link.expires_at <= now { Err(LinkRefused::Expired) } else { Ok(link) }
    }

    fn verified(token: &str, key: &SigningKey) -> Option<Self> {
        if token.len() > TOKEN_CHARS_MAX {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (content, mac) = bytes.split_at_checked(bytes.len().checked_sub(MAC_BYTES)?)?;
        key.mac(content).verify_slice(mac).ok()?;
        let (&[VERSION], rest) = content.split_first_chunk()? else { return None };
        let (&tenant, rest) = rest.split_first_chunk()?;
        let (&execution, rest) = rest.split_first_chunk()?;
        let (&approval, rest) = rest.split_first_chunk()?;
        let (&expires_at, rest) = rest.split_first_chunk()?;
        let (&role, made_for) = rest.split_first()?;
        let made_for = std::str::from_utf8(made_for).ok()?;
        Some(Self {
            tenant: TenantId::new(Uuid::from_bytes(tenant)),
            execution: ExecutionId::new(Uuid::from_bytes(execution)),
            approval: ApprovalRef(approval),
            expires_at: Timestamp::from_micros(i64::from_be_bytes(expires_at).checked_mul(1_000_000)?),
            role: *ROLES.get(usize::from(role))?,
            made_for: Some(made_for).filter(|name| !name.is_empty()).map(Into::into),
        })
    }

    /// Returns who decides with it.
    pub fn caller(&self) -> Caller {
        let actor = Actor { kind: ActorKind::Link, id: self.made_for.clone() };
        Caller { tenant: self.tenant, actor, role: self.role }
    }
}

/// Returns a text without what looks like a token: who is sent a link can repeat it in an answer, which is kept for others to read.
pub fn without_tokens(text: &str) -> Cow<'_, str> {
    let is_of_token = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let mut masked = String::new();
    let (mut rest, mut is_masked) = (text, false);
    while let Some(start) = rest.find(is_of_token) {
        let run = &rest[start..];
        let end = run.find(|c| !is_of_token(c)).unwrap_or(run.len());
        let is_token = end >= TOKEN_CHARS_SUSPECT;
        is_masked |= is_token;
        masked.push_str(&rest[..start]);
        masked.push_str(if is_token { "…" } else { &run[..end] });
        rest = &run[end..];
    }
    if is_masked { Cow::Owned(masked + rest) } else { Cow::Borrowed(text) }
}

/// Returns when a link ends that is made now: after `ttl`, at a whole second.
pub fn expiry(now: Timestamp, ttl: Duration) -> Timestamp {
    Timestamp::from_micros(seconds(now.plus(ttl)).saturating_mul(1_000_000))
}

/// Returns the name or the address that a link is to be made for: one line of 1 to [`MADE_FOR_BYTES_MAX`] bytes; `None` for what
/// is none.
pub fn made_for(text: &str) -> Option<Arc<str>> {
    let name = text.trim();
    let is_name = (1..=MADE_FOR_BYTES_MAX).contains(&name.len()) && !name.chars().any(visible::is_hidden);
    is_name.then(|| name.into())
}

fn seconds(at: Timestamp) -> i64 {
    at.as_micros().div_euclid(1_000_000)
}

fn role_byte(role: Role) -> u8 {
    match role {
        Role::Viewer => 0,
        Role::Operator => 1,
        Role::Editor => 2,
        Role::Admin => 3,
        // Who has none makes no link: this one is refused when it is read.
        Role::None => u8::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_500_000);

    fn key(byte: u8) -> SigningKey {
        SigningKey::new([byte; KEY_BYTES])
    }

    fn link(made_for: Option<&str>) -> DecisionLink {
        DecisionLink {
            tenant: TenantId::new(Uuid::from_u128(1)),
            execution: ExecutionId::new(Uuid::from_u128(2)),
            approval: ApprovalRef::of("2:ok:approval:1"),
            expires_at: expiry(NOW, LINK_TTL_DEFAULT),
            role: Role::Editor,
            made_for: made_for.map(Into::into),
        }
    }

    #[test]
    fn a_token_says_what_it_was_made_of() {
        for made_for in [None, Some("ann@example.com"), Some(&*"é".repeat(MADE_FOR_BYTES_MAX / 2))] {
            let link = link(made_for);

            let token = link.token(&key(1));

            assert_eq!(DecisionLink::read(&token, &key(1), NOW), Ok(link));
            assert!(token.len() <= TOKEN_CHARS_MAX, "{}", token.len());
            assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
        }
        let caller = link(Some("ann@example.com")).caller();
        assert_eq!((caller.tenant, caller.role), (TenantId::new(Uuid::from_u128(1)), Role::Editor));
        assert_eq!(caller.actor, Actor { kind: ActorKind::Link, id: Some("ann@example.com".into()) });
    }

    #[test]
    fn a_token_that_was_changed_anywhere_is_none() {
        let token = link(Some("ann")).token(&key(1));
        let bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
        let read = |token: &str| DecisionLink::read(token, &key(1), NOW);

        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[at] ^= 1 << bit;
                assert_eq!(read(&URL_SAFE_NO_PAD.encode(changed)), Err(LinkRefused::Unknown), "{at}");
            }
        }
        for at in 0..token.len() {
            let other = if token.as_bytes()[at] == b'A' { "B" } else { "A" };
            let changed = format!("{}{other}{}", &token[..at], &token[at + 1..]);
            assert_eq!(read(&changed), Err(LinkRefused::Unknown), "{changed}");
            assert_eq!(read(&token[..at]), Err(LinkRefused::Unknown), "{at}");
        }
        for text in [format!("{token}A"), format!("{token}="), format!(" {token}"), "A".repeat(201)] {
            assert_eq!(read(&text), Err(LinkRefused::Unknown), "{text}");
        }
    }

    #[test]
    fn a_token_of_another_key_or_another_use_of_it_is_none() {
        let token = link(None).token(&key(2));
        let bytes = URL_SAFE_NO_PAD.decode(link(None).token(&key(1))).unwrap();
        let content = &bytes[..bytes.len() - MAC_BYTES];
        let mut mac = Hmac::<Sha256>::new_from_slice(key(1).bytes()).unwrap();
        mac.update(content);
        let without_context = [content, &mac.finalize().into_bytes()[..]].concat();

        for token in [token, URL_SAFE_NO_PAD.encode(without_context)] {
            assert_eq!(DecisionLink::read(&token, &key(1), NOW), Err(LinkRefused::Unknown));
        }
    }

    #[test]
    fn what_is_signed_and_means_nothing_is_none() {
        let bytes = URL_SAFE_NO_PAD.decode(link(None).token(&key(1))).unwrap();
        let content = &bytes[..bytes.len() - MAC_BYTES];
        let at_role = content.len() - 1;
        for (at, byte) in [(0, VERSION + 1), (at_role, 4), (49, 0x7f)] {
            let mut changed = content.to_vec();
            changed[at] = byte;
            let mac = key(1).mac(&changed).finalize().into_bytes();
            changed.extend(mac);

            let token = URL_SAFE_NO_PAD.encode(changed);

            assert_eq!(DecisionLink::read(&token, &key(1), NOW), Err(LinkRefused::Unknown), "{at}");
        }
    }

    #[test]
    fn a_token_ends_at_its_second() {
        let link = DecisionLink { expires_at: expiry(NOW, LINK_TTL_MIN), ..link(None) };
        let token = link.token(&key(1));
        let end = Timestamp::from_micros(1_800_000_060_000_000);
        let before = Timestamp::from_micros(end.as_micros() - 1);

        assert_eq!(link.expires_at, end);
        assert_eq!(DecisionLink::read(&token, &key(1), before), Ok(link));
        assert_eq!(DecisionLink::read(&token, &key(1), end), Err(LinkRefused::Expired));
    }

    #[test]
    fn a_link_is_made_for_somebody_in_one_line() {
        assert_eq!(made_for("  Ann B. ").as_deref(), Some("Ann B."));
        assert!(made_for(&"a".repeat(MADE_FOR_BYTES_MAX)).is_some());
        for text in ["", " ", "a\nb", "a\u{202e}b", &"a".repeat(MADE_FOR_BYTES_MAX + 1), &"é".repeat(31)] {
            assert!(made_for(text).is_none(), "{text}");
        }
    }

    #[test]
    fn roles_are_kept_by_their_bytes() {
        for role in ROLES {
            assert_eq!(ROLES[usize::from(role_byte(role))], role);
        }
    }

    #[test]
    fn a_text_is_shown_without_tokens() {
        for made_for in [None, Some("ann@example.com")] {
            let token = link(made_for).token(&key(1));
            for end in [token.len(), 100] {
                let text = format!("no: https://flows.example/decide/{}\"é", &token[..end]);
                assert_eq!(without_tokens(&text), "no: https://flows.example/decide/…\"é");
            }
        }
        for text in ["", "é", &"a".repeat(99), &"a.".repeat(200)] {
            assert!(matches!(without_tokens(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }

    #[test]
    fn a_key_is_not_shown() {
        assert_eq!(format!("{:?}", key(7)), "SigningKey");
    }
}
