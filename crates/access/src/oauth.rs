//! OAuth2: secrets whose value is an access token, which is obtained when a call needs it.
//!
//! What a token endpoint is asked and what it answers is read here without calling anything ([`request`], [`answer`]);
//! [`tokens`] calls it, and stores what comes of it before anybody uses it; [`connect`] does the part in which a person allows it.

mod answer;
mod call;
mod connect;
mod request;
mod tokens;

use std::fmt;
use std::sync::Arc;

use steadflow_core::timestamp::Timestamp;
use steadflow_nodes::GuardedClient;

use crate::vault::Vault;

pub use connect::{AUTHORIZATION_TTL, AUTHORIZATIONS_MAX, Begun, ConnectError, Finished, Returned};
pub use tokens::{Connection, OauthStatus};

/// What asks for tokens. Clones are handles of the same one.
#[derive(Clone)]
pub struct Oauth {
    vault: Vault,
    client: GuardedClient,
    wall: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

impl fmt::Debug for Oauth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Oauth").finish_non_exhaustive()
    }
}

impl Oauth {
    /// Returns what asks for the tokens of the secrets of `vault`, at the time that `wall` tells.
    pub fn new(
        vault: Vault,
        client: GuardedClient,
        wall: impl Fn() -> Timestamp + Send + Sync + 'static,
    ) -> Self {
        Self { vault, client, wall: Arc::new(wall) }
    }
}
