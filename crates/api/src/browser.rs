//! Where a request of a person comes from.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use steadflow_access::Browser;

use crate::app::App;
use crate::client_address::{ClientAddress, ClientIp};
use crate::cookie::Cookie;

/// The browser, or program, that a request comes from.
#[derive(Debug)]
pub(crate) struct FromBrowser(pub(crate) Browser);

impl FromRequestParts<App> for FromBrowser {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let user_agent = parts.headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
        Ok(Self(Browser {
            address: parts.extensions.get::<ClientIp>().map(|ClientIp(address)| *address),
            shared: parts.extensions.get::<ClientAddress>().and_then(|address| address.shared()),
            user_agent: user_agent.map(str::to_owned),
            known: Cookie::Known.read(&parts.headers, app.is_secure()).map(str::to_owned),
        }))
    }
}

/// A text of a body that nothing shows.
#[derive(serde::Deserialize)]
#[serde(transparent)]
pub(crate) struct Secret(pub(crate) String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}
