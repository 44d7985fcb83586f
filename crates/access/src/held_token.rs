//! The access token of an OAuth2 secret that is in memory.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use parking_lot::RwLock;
use steadflow_core::failure::Failure;
use steadflow_core::timestamp::Timestamp;
use tokio::sync::Mutex;
use uuid::Uuid;
use zeroize::Zeroizing;

/// A service that refuses one token after the other is not given a new one for each call.
const REFUSED_EVERY: Duration = Duration::from_secs(30);

/// The tokens of one secret in this process.
#[derive(Debug, Default)]
pub(crate) struct Slot {
    held: RwLock<Option<Held>>,
    /// Held by who asks for a token.
    pub(crate) turn: Mutex<()>,
    /// How often it was asked for one.
    pub(crate) tries: AtomicU64,
    /// What came of the last time, if it failed.
    pub(crate) failed: RwLock<Option<Failure>>,
    refused: RwLock<Option<Refused>>,
}

/// An access token that is stored.
#[derive(Clone)]
pub(crate) struct Held {
    /// The configuration that it was obtained with.
    pub(crate) config: Uuid,
    pub(crate) access_token: Arc<Zeroizing<String>>,
    /// From when another one is asked for; `None` if it is not known when it ends.
    pub(crate) renew_at: Option<Timestamp>,
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held").field("renew_at", &self.renew_at).finish_non_exhaustive()
    }
}

/// A token that a service has refused, and when.
struct Refused {
    access_token: Arc<Zeroizing<String>>,
    at: Timestamp,
}

impl fmt::Debug for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refused").field("at", &self.at).finish_non_exhaustive()
    }
}

impl Slot {
    /// Returns the token that counts at `now` for a configuration.
    pub(crate) fn token(&self, config: Uuid, now: Timestamp) -> Option<Arc<Zeroizing<String>>> {
        let held = self.held.read();
        let held = held.as_ref().filter(|held| held.config == config)?;
        held.renew_at.is_none_or(|renew_at| now < renew_at).then(|| Arc::clone(&held.access_token))
    }

    /// Forgets a token that a service has refused. Returns whether another one may help.
    pub(crate) fn refuse(&self, token: &str, now: Timestamp) -> bool {
        let mut held = self.held.write();
        let Some(refused) = held.as_ref().filter(|held| held.access_token.as_str() == token) else {
            // Another call has done so.
            return true;
        };
        let mut before = self.refused.write();
        if before.as_ref().is_some_and(|before| now < before.at.plus(REFUSED_EVERY)) {
            return false;
        }
        *before = Some(Refused { access_token: Arc::clone(&refused.access_token), at: now });
        *held = None;
        true
    }

    pub(crate) fn is_refused(&self, token: &str) -> bool {
        self.refused.read().as_ref().is_some_and(|refused| refused.access_token.as_str() == token)
    }

    /// Somebody has connected the secret again: what was refused before says nothing about its next token.
    pub(crate) fn begin_again(&self) {
        *self.refused.write() = None;
    }

    pub(crate) fn hold(&self, held: Held) {
        *self.held.write() = Some(held);
    }
}
