//! Secrets: their source, where they are inserted, where they may be sent, and how they are masked.

mod decoded;
mod forms;
mod hosts;
mod keyring;
mod masked;
mod scrubber;
#[cfg(test)]
mod tests;
mod url;
mod whole_url;

use steadflow_core::ids::TenantId;

pub use hosts::{SecretHosts, SecretHostsError};
pub(crate) use keyring::{Keyring, Opened};
pub(crate) use masked::Masked;
pub(crate) use scrubber::{Scrubber, Scrubbers};

/// A source of secrets.
pub trait Secrets: Send + Sync + 'static {
    /// Returns the secret `name` of `tenant`. Must not block; an implementation that fetches secrets has to cache them.
    fn secret(&self, tenant: TenantId, name: &str) -> Option<Secret>;

    /// Returns a sentence that says that `tenant` has no secret `name`, and what to do.
    fn missing(&self, _tenant: TenantId, name: &str) -> String {
        format!("There is no secret `{name}`. Add it or correct the name.")
    }
}

/// The value of a secret, and where it may be sent. `Debug` hides the value.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    /// The value.
    pub value: String,
    /// The only hosts that it may be sent to; `None` for all.
    pub hosts: Option<SecretHosts>,
}

impl Secret {
    /// Returns a secret that may be sent to all hosts.
    pub const fn new(value: String) -> Self {
        Self { value, hosts: None }
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secret").field("hosts", &self.hosts).finish_non_exhaustive()
    }
}
