//! Who somebody is who asks: makes and checks the credentials of people and programs.
//!
//! What they may do is decided in `core::access`, and asked at the door, by the handlers of the API; nothing behind it asks again.
//! The time of the wall is an argument everywhere, so that tests move it.

mod authenticator;
mod keys;
mod known;
mod unknown;

pub use authenticator::Authenticator;
pub use keys::{IssueError, IssuedKey, KEYS_MAX, NETWORKS_MAX, NewKey, draw, issue, service_account};
pub use known::{CREDENTIALS_KEPT_MAX, Checked, FRESH_FOR, Forgotten, SIGN_IN_IDLE_MAX};
pub use unknown::{ADDRESSES_MAX, UNKNOWN_MAX};
