//! Secrets: their source, where they are inserted, where they may be sent, and how they are masked.

mod decoded;
mod forms;
mod hosts;
mod keyring;
mod masked;
mod scrubber;
mod supply;
#[cfg(test)]
mod tests;
mod url;
mod whole_url;

use futures_util::future::BoxFuture;
use steadflow_core::failure::Failure;
use steadflow_core::ids::TenantId;

pub use hosts::{SecretHosts, SecretHostsError};
pub(crate) use keyring::{Keyring, Opened};
pub(crate) use masked::Masked;
pub(crate) use scrubber::{Scrubber, Scrubbers};
pub(crate) use supply::Supply;

/// A source of secrets.
pub trait Secrets: Send + Sync + 'static {
    /// Returns the secret `name` of `tenant`. Must not block: one that has to be obtained first is missing ([`Self::obtain`]).
    fn secret(&self, tenant: TenantId, name: &str) -> Option<Secret>;

    /// Returns a sentence that says that `tenant` has no secret `name`, and what to do.
    fn missing(&self, _tenant: TenantId, name: &str) -> String {
        format!("There is no secret `{name}`. Add it or correct the name.")
    }

    /// Obtains a secret that is missing, such as an access token, which may take calls. Afterwards, it is there. `None` if nothing
    /// obtains it.
    ///
    /// The future fails with what the attempt is to fail with.
    fn obtain<'a>(&'a self, _tenant: TenantId, _name: &'a str) -> Option<BoxFuture<'a, Result<(), Failure>>> {
        None
    }

    /// Forgets an access token that a service has refused. Returns whether another one may help.
    fn refuse(&self, _tenant: TenantId, _name: &str, _token: &str) -> bool {
        false
    }
}

/// The value of a secret, and where it may be sent. `Debug` hides the value.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    /// The value.
    pub value: String,
    /// The only hosts that it may be sent to; `None` for all.
    pub hosts: Option<SecretHosts>,
    /// Whether it is an access token, in whose place another one can be obtained.
    pub is_token: bool,
}

impl Secret {
    /// Returns a secret that may be sent to all hosts.
    pub const fn new(value: String) -> Self {
        Self { value, hosts: None, is_token: false }
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secret").field("hosts", &self.hosts).finish_non_exhaustive()
    }
}
