//! The audit log: who asked for which change, when and from where.
//!
//! Each tenant has a log of its own. Each entry has the hash of the one before, so an entry that is changed, taken out or put in later
//! is found by reading the log once. What is cut off at its end is found by who knows a later [`AuditHead`].
//!
//! An entry is stored as one text and hashed as it is stored: what a later version adds to entries changes no hash.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::caller::Actor;
use crate::ids::TenantId;
use crate::timestamp::Timestamp;

/// What is hashed begins with this, so that the hash is of nothing else.
const CONTEXT: &[u8] = b"steadflow audit\0";

/// What somebody asked for, or what came of it.
///
/// A request is stored before it is carried out. What came of it is an entry of its own: without one, the server ended in between, and
/// the change may have been made or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// From where, if it came over the network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Arc<str>>,
    /// What: the name of the operation in the API.
    pub action: Arc<str>,
    /// On what: the path that was asked for.
    pub target: Arc<str>,
    /// Of which request this is the outcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<AuditOutcome>,
    /// How often this was refused in about a minute, if it is no request for a change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<AuditRefusals>,
}

/// Refusals of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRefusals {
    /// The HTTP status of the answers.
    pub status: u16,
    /// How many there were.
    pub count: u32,
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditOutcome {
    /// The number of the entry that has the request.
    pub of: u64,
    /// The HTTP status of the answer.
    pub status: u16,
    /// What was made, as an address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<Arc<str>>,
}

/// The hash of an entry and all before it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct AuditHash(pub [u8; 32]);

impl AuditHash {
    /// What the first entry has as the hash of the one before.
    pub const START: Self = Self([0; 32]);

    fn following(self, tenant: TenantId, number: u64, entry: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(CONTEXT);
        hash.update(tenant.uuid().as_bytes());
        hash.update(self.0);
        hash.update(number.to_be_bytes());
        hash.update(entry.as_bytes());
        Self(hash.finalize().into())
    }
}

impl fmt::Display for AuditHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for AuditHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for AuditHash {
    type Err = NotAHead;

    fn from_str(text: &str) -> Result<Self, NotAHead> {
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(NotAHead);
        }
        for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            let digits = std::str::from_utf8(digits).map_err(|_| NotAHead)?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| NotAHead)?;
        }
        Ok(Self(bytes))
    }
}

/// A stored entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// From 1, without gaps.
    pub number: u64,
    /// An [`AuditEntry`] as JSON.
    pub entry: Arc<str>,
    /// The hash of this and all before it.
    pub hash: AuditHash,
}

/// An entry as it is exported, a JSON object in a line of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExportedRow {
    /// Whose log it is of.
    pub tenant: TenantId,
    /// See [`AuditRow::number`].
    pub number: u64,
    /// The text as it is stored, because the hash is of that.
    pub entry: Arc<str>,
    /// The hash in hexadecimal digits.
    pub hash: String,
}

impl ExportedRow {
    /// Returns a row of the log of a tenant.
    pub fn new(tenant: TenantId, AuditRow { number, entry, hash }: &AuditRow) -> Self {
        Self { tenant, number: *number, entry: Arc::clone(entry), hash: hash.to_string() }
    }

    /// Returns the row.
    ///
    /// # Errors
    /// If the hash is none.
    pub fn row(&self) -> Result<AuditRow, NotAHead> {
        Ok(AuditRow { number: self.number, entry: Arc::clone(&self.entry), hash: self.hash.parse()? })
    }
}

/// The end of a log, or of the part of it that was read. Written `NUMBER:HASH`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditHead {
    /// The number of the last entry; 0 before the first one.
    pub number: u64,
    /// Its hash.
    pub hash: AuditHash,
}

/// What a text is that is no [`AuditHead`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is not a number, a colon and 64 hexadecimal digits")]
pub struct NotAHead;

impl fmt::Display for AuditHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.number, self.hash)
    }
}

impl FromStr for AuditHead {
    type Err = NotAHead;

    fn from_str(text: &str) -> Result<Self, NotAHead> {
        let (number, hash) = text.split_once(':').ok_or(NotAHead)?;
        if !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NotAHead);
        }
        Ok(Self { number: number.parse().map_err(|_| NotAHead)?, hash: hash.parse()? })
    }
}

/// Where a log is not what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BrokenChain {
    /// An entry is missing, or is there twice.
    #[error("after entry {after} comes entry {found}: entries are missing, or were put in")]
    Missing {
        /// The entry before.
        after: u64,
        /// The number of the next one.
        found: u64,
    },
    /// An entry does not have the hash that follows from its text and the entries before it.
    #[error("entry {number}, or one before it, was changed: its hash is not that of its text")]
    Changed {
        /// The number of the entry.
        number: u64,
    },
    /// An entry that somebody has noted has another hash.
    #[error("entry {number} is another one than what was noted: the log was rewritten")]
    Other {
        /// The number of the entry.
        number: u64,
    },
    /// The log ends before an entry that somebody has noted.
    #[error("the log ends with entry {end}, before entry {noted} that was noted: its end was cut off")]
    CutOff {
        /// The number of the last entry.
        end: u64,
        /// The number of the entry that was noted.
        noted: u64,
    },
}

impl AuditHead {
    /// Where every log begins.
    pub const START: Self = Self { number: 0, hash: AuditHash::START };

    /// Returns the row that follows with an entry.
    ///
    /// # Panics
    /// Never: an entry is JSON.
    pub fn then(self, tenant: TenantId, entry: &AuditEntry) -> AuditRow {
        let number = self.number + 1;
        let entry: Arc<str> = serde_json::to_string(entry).expect("it is JSON").into();
        AuditRow { number, hash: self.hash.following(tenant, number, &entry), entry }
    }

    /// Returns the head after a row, if that follows.
    ///
    /// # Errors
    /// [`BrokenChain`] if it does not.
    pub fn after(self, tenant: TenantId, row: &AuditRow) -> Result<Self, BrokenChain> {
        let AuditRow { number, ref entry, hash } = *row;
        if number != self.number + 1 {
            return Err(BrokenChain::Missing { after: self.number, found: number });
        }
        if self.hash.following(tenant, number, entry) != hash {
            return Err(BrokenChain::Changed { number });
        }
        Ok(Self { number, hash })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn entry(action: &str) -> AuditEntry {
        AuditEntry {
            at: Timestamp::from_micros(1),
            actor: Actor::USER,
            address: None,
            action: action.into(),
            target: "/flows".into(),
            outcome: None,
            refused: None,
        }
    }

    fn log(tenant: TenantId, length: usize) -> Vec<AuditRow> {
        let mut head = AuditHead::START;
        (0..length)
            .map(|number| {
                let row = head.then(tenant, &entry(&format!("act_{number}")));
                head = head.after(tenant, &row).unwrap();
                row
            })
            .collect()
    }

    fn verified(tenant: TenantId, rows: &[AuditRow]) -> Result<AuditHead, BrokenChain> {
        rows.iter().try_fold(AuditHead::START, |head, row| head.after(tenant, row))
    }

    #[test]
    fn what_was_written_is_verified_and_has_one_head() {
        let rows = log(TenantId::DEFAULT, 5);
        let head = verified(TenantId::DEFAULT, &rows).unwrap();

        assert_eq!((head.number, head.hash), (5, rows[4].hash));
        assert_eq!(head.to_string().parse(), Ok(head));
        assert_eq!(verified(TenantId::DEFAULT, &[]), Ok(AuditHead::START));
    }

    #[test]
    fn what_was_taken_out_put_in_or_exchanged_is_found() {
        let ours = TenantId::DEFAULT;
        let rows = log(ours, 5);
        let without = |gone: usize| [&rows[..gone], &rows[gone + 1..]].concat();
        let mut swapped = rows.clone();
        swapped.swap(1, 2);
        let twice = [&rows[..3], &rows[2..]].concat();

        assert_eq!(verified(ours, &without(0)), Err(BrokenChain::Missing { after: 0, found: 2 }));
        assert_eq!(verified(ours, &without(2)), Err(BrokenChain::Missing { after: 2, found: 4 }));
        assert_eq!(verified(ours, &swapped), Err(BrokenChain::Missing { after: 1, found: 3 }));
        assert_eq!(verified(ours, &twice), Err(BrokenChain::Missing { after: 3, found: 3 }));
        let other = TenantId::new(Uuid::from_u128(9));
        assert_eq!(verified(other, &rows), Err(BrokenChain::Changed { number: 1 }));
    }

    #[test]
    fn an_entry_says_only_what_is_known() {
        let asked = AuditHead::START.then(TenantId::DEFAULT, &entry("create_flow")).entry;
        assert_eq!(&*asked, r#"{"at":1,"actor":{"kind":"user"},"action":"create_flow","target":"/flows"}"#);
        let outcome = Some(AuditOutcome { of: 1, status: 201, made: Some("/flows/7".into()) });
        let done = AuditEntry { outcome, address: Some("192.0.2.7".into()), ..entry("create_flow") };
        let text = AuditHead::START.then(TenantId::DEFAULT, &done).entry;
        let more = r#","address":"192.0.2.7","action":"create_flow","target":"/flows","outcome":{"of":1,"status":201,"made":"/flows/7"}}"#;
        assert_eq!(&*text, format!(r#"{{"at":1,"actor":{{"kind":"user"}}{more}"#));
        assert_eq!(serde_json::from_str::<AuditEntry>(&text).unwrap(), done);
    }

    #[test]
    fn what_is_no_head_is_none() {
        let hash = "0".repeat(64);
        assert_eq!(format!("0:{hash}").parse(), Ok(AuditHead::START));
        for text in [
            "",
            ":",
            "1",
            &hash,
            &format!(":{hash}"),
            &format!("-1:{hash}"),
            &format!("+1:{hash}"),
            &format!("1:{hash}0"),
            &format!("1:{}", &hash[1..]),
            &format!("1:{}g", &hash[1..]),
            &format!("1:+{}", &hash[1..]),
            &format!("1:{}ß", &hash[2..]),
            &format!("18446744073709551616:{hash}"),
        ] {
            assert_eq!(text.parse::<AuditHead>(), Err(NotAHead), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_change_of_an_entry_is_found(at in 0_usize..4, byte in 0_usize..100, to in any::<char>()) {
            let mut rows = log(TenantId::DEFAULT, 4);
            let mut text: Vec<char> = rows[at].entry.chars().collect();
            let byte = byte % text.len();
            prop_assume!(text[byte] != to);
            text[byte] = to;
            rows[at].entry = text.into_iter().collect::<String>().into();

            prop_assert_eq!(
                verified(TenantId::DEFAULT, &rows),
                Err(BrokenChain::Changed { number: at as u64 + 1 })
            );
        }
    }
}
