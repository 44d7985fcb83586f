//! Who somebody is who asks: makes and checks the credentials of people and programs. And what tenants keep secret: encrypts it, and
//! has it in memory.
//!
//! What they may do is decided in `core::access`, and asked at the door, by the handlers of the API; nothing behind it asks again.
//! The time of the wall is an argument everywhere, so that tests move it.

mod at_provider;
mod attempts;
mod authenticator;
mod cipher;
mod failure;
mod grantor;
mod held_token;
mod invitations;
mod keys;
mod known;
mod known_browser;
mod lane;
mod master_key;
mod oauth;
mod oauth_config;
mod oidc;
mod passkey_site;
mod passkeys;
mod passwords;
mod people;
mod rate;
mod sealing;
mod tenants;
mod unknown;
mod vault;

pub use at_provider::{BegunSignIn, Identified, OidcAnswer, OidcRefused};
pub use authenticator::Authenticator;
pub use failure::Failure;
pub use grantor::{Grantor, TooMuch};
pub use invitations::{
    COMMAND_LINE, FIRST_ADMIN_TTL, INVITATION_TTL, INVITATIONS_MAX, InviteRefused, Invited, JoinRefused,
    Joining, first_admin, invite,
};
pub use keys::{
    IssueError, IssuedKey, KEYS_MAX, NETWORKS_MAX, NewKey, delete_key, issue, network, service_account,
};
pub use known::{CREDENTIALS_KEPT_MAX, Checked, FRESH_FOR, Forgotten, SIGN_IN_IDLE_MAX};
pub use lane::WAITING_MAX;
pub use master_key::{MasterKey, MasterKeyError, MasterKeySource, MasterKeys};
pub use oauth::{
    AUTHORIZATION_TTL, AUTHORIZATIONS_MAX, Begun, ConnectError, Connection, Finished, Oauth, OauthStatus,
    Returned,
};
pub use oauth_config::{ClientAuth, ConfigFault, OauthConfig, OauthGrant};
pub use oidc::{
    ATTEMPT_TTL, CLOCK_LEEWAY, ClientSecret, DEFAULT_TENANT, GroupRole, IssuerError, KEYS_READ_AGAIN_AFTER,
    NoOidcAnswer, Oidc, OidcHttp, OidcProvider, OidcReason, OidcRequest, OidcResponse, check_issuer,
};
pub use passkey_site::PasskeySite;
pub use passkeys::{
    CEREMONY_TTL, PASSKEYS_MAX, PasskeyAnswer, PasskeyAsked, PasskeyReason, PasskeyRefused, RECENT_FOR,
};
pub use passwords::{PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN, PasswordUnfit, check_password};
pub use people::{
    Browser, People, SIGN_IN_TTL, SIGN_INS_MAX, SignInRefused, SignInWays, SignedIn, normal_email,
    normal_name,
};
pub use rate::{Rate, Used};
pub use tenants::{TENANTS_MAX, TenantRefused, make_tenant};
pub use unknown::{ADDRESSES_MAX, UNKNOWN_MAX};
pub use vault::{Found, NewSecret, NewValue, Rotated, SECRETS_MAX, SecretEntry, Vault, VaultError};

/// The system gives no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the system gives no random bytes: {0}")]
pub struct NotRandom(getrandom::Error);

fn draw_bytes(bytes: &mut [u8]) -> Result<(), NotRandom> {
    getrandom::fill(bytes).map_err(NotRandom)
}
