//! People who sign in at a provider of OpenID Connect: the authorization code flow with PKCE.
//!
//! What an attempt needs until its end is in a sealed cookie of its browser, so any process can end it, and nobody fills anything up
//! by beginning many. Nothing that comes back counts before it was checked: the state is that of the browser, the ID token is
//! signed with a key of the provider for us and this attempt, and it comes from the token endpoint alone. An address matches a
//! member once; from then on it is the provider's own name of the person that counts.

mod attempt;
mod discovery;
mod id_token;
mod jwks;
mod provider;
mod refused;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use steadflow_core::caller::Role;
use zeroize::Zeroizing;

pub use attempt::ATTEMPT_TTL;
pub(crate) use attempt::Attempt;
pub use discovery::{IssuerError, check_issuer};
pub use id_token::CLOCK_LEEWAY;
pub(crate) use id_token::{Claims, Expected, Unchecked};
pub use jwks::KEYS_READ_AGAIN_AFTER;
pub(crate) use provider::{Code, Provider, Tokens, shown};
pub(crate) use refused::NotSaid;
pub use refused::OidcReason;

/// What the tenant is called that is always there.
pub const DEFAULT_TENANT: &str = "default";

/// A provider of OpenID Connect, as an operator describes it.
#[derive(Clone, Debug)]
pub struct OidcProvider {
    /// What it is called in addresses.
    pub id: Arc<str>,
    /// What people call it.
    pub label: Arc<str>,
    /// Its URL, exactly as its tokens have it.
    pub issuer: Arc<str>,
    /// What it calls this server.
    pub client_id: Arc<str>,
    /// What this server proves it with; a public client has none.
    pub client_secret: Option<ClientSecret>,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// The domains of addresses with which people sign in here, in lower case; with none, all.
    pub allowed_domains: Vec<Arc<str>>,
    /// Whether it gives out addresses of these domains only to who has them, so that they count without being marked as verified.
    pub trusts_email: bool,
    /// What its tokens call the groups of somebody.
    pub groups_claim: Arc<str>,
    /// What groups may do. With any, nobody else signs in here.
    pub groups: Vec<GroupRole>,
    /// What people may do who are no members yet, and become members; without it, they do not.
    pub create_as: Option<Role>,
    /// The tenant that they become members of.
    pub tenant: Arc<str>,
}

/// What a group of a provider may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupRole {
    /// What the provider calls it.
    pub group: Arc<str>,
    /// What its members may do.
    pub role: Role,
    /// In which tenant.
    pub tenant: Arc<str>,
}

/// What a client of a provider proves with who it is. Nothing shows it.
#[derive(Clone)]
pub struct ClientSecret(Zeroizing<String>);

impl ClientSecret {
    /// Wraps what the provider has given out.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSecret")
    }
}

/// A request to a provider.
#[derive(Debug)]
pub struct OidcRequest {
    /// Where to.
    pub url: String,
    /// The fields of the form that is posted; without any, it is a GET.
    pub form: Vec<(&'static str, Zeroizing<String>)>,
    /// The header `Authorization`.
    pub authorization: Option<Zeroizing<String>>,
}

/// What a provider has answered.
#[derive(Debug)]
pub struct OidcResponse {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

/// Why a provider has not answered, in a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoOidcAnswer(pub String);

/// What a provider is asked with. It follows no redirects, takes small answers alone, and ends after some seconds.
pub trait OidcHttp: fmt::Debug + Send + Sync + 'static {
    /// Sends a request.
    fn send(
        &self,
        request: OidcRequest,
    ) -> Pin<Box<dyn Future<Output = Result<OidcResponse, NoOidcAnswer>> + Send + '_>>;
}

/// The providers at which people sign in.
#[derive(Clone, Debug)]
pub struct Oidc {
    providers: Arc<[Provider]>,
    pub(crate) http: Arc<dyn OidcHttp>,
    /// Where people find this server.
    public_url: Arc<str>,
}

impl Oidc {
    /// Returns those that an operator has described. They are asked when the first person signs in.
    pub fn new(providers: Vec<OidcProvider>, http: Arc<dyn OidcHttp>, public_url: &str) -> Self {
        let providers = providers.into_iter().map(Provider::new).collect();
        Self { providers, http, public_url: public_url.trim_end_matches('/').into() }
    }

    /// Returns them, in their order.
    pub fn providers(&self) -> impl Iterator<Item = &OidcProvider> {
        self.providers.iter().map(|provider| &provider.settings)
    }

    pub(crate) fn provider(&self, id: &str) -> Option<&Provider> {
        self.providers.iter().find(|provider| &*provider.settings.id == id)
    }

    /// Returns the page of ours that a provider sends people back to, which it has to know.
    pub(crate) fn redirect_uri(&self, provider: &Provider) -> String {
        format!("{}/sign-in/{}", self.public_url, provider.settings.id)
    }
}
