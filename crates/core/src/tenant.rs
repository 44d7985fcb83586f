//! Tenants: what one may be called, and how much it may use.

use serde::{Deserialize, Serialize};

use crate::budget::Budget;

/// The name of the tenant that is always there, and has no record.
pub const DEFAULT_NAME: &str = "default";
/// Characters of a name.
pub const NAME_CHARS_MAX: usize = 63;

/// Why something cannot be the name of a tenant, as a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameUnfit {
    /// It has other characters, or too many.
    #[error(
        "A name of a tenant has 1 to {NAME_CHARS_MAX} characters: lower-case letters a to z, digits, and hyphens inside."
    )]
    Form,
    /// It is that of the tenant that is always there.
    #[error("`{DEFAULT_NAME}` is the tenant that is always there. Choose another name.")]
    Reserved,
}

/// Checks what a tenant is to be called.
///
/// # Errors
/// [`NameUnfit`] says why not.
pub fn check_name(name: &str) -> Result<(), NameUnfit> {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let fits = (1..=NAME_CHARS_MAX).contains(&name.len())
        && name.bytes().all(|byte| is_plain(byte) || byte == b'-')
        && !name.starts_with('-')
        && !name.ends_with('-');
    match fits {
        false => Err(NameUnfit::Form),
        true if name == DEFAULT_NAME => Err(NameUnfit::Reserved),
        true => Ok(()),
    }
}

/// How much a tenant may use. What is `None` is not limited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TenantQuota {
    /// Executions that have not ended, without those that others have started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub executions: Option<u32>,
    /// Starts in any minute, without those of executions that others start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_per_minute: Option<u32>,
    /// Bytes of stored executions and conversations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored_bytes: Option<u64>,
    /// What models may use in a day of UTC.
    #[serde(default)]
    pub per_day: Budget,
}

impl TenantQuota {
    /// Returns whether it limits anything.
    pub fn is_limited(&self) -> bool {
        *self != Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_and_the_first_tenants_is_reserved() {
        for name in ["a", "acme", "acme-2", "7", &"x".repeat(NAME_CHARS_MAX)] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
        for name in ["", "-a", "a-", "Acme", "a b", "ä", "a/b", "a\n", &"x".repeat(NAME_CHARS_MAX + 1)] {
            assert_eq!(check_name(name), Err(NameUnfit::Form), "{name}");
        }
        assert_eq!(check_name("default"), Err(NameUnfit::Reserved));
    }
}
