//! Failures of a proxy, with messages for the operator.

use std::error::Error;
use std::time::Duration;

use steadflow_core::failure::{ErrorClass, Failure};
use url::Url;

use super::super::fault::{find, with_port};
use super::super::resolver::ResolveError;
use super::EgressProxy;

/// Returns the failure if it is the proxy's, and not that of the service behind it.
pub(super) fn of_proxy(
    proxy: &EgressProxy,
    url: &Url,
    error: &reqwest::Error,
    limit: Duration,
) -> Option<Failure> {
    let (name, target) = (proxy.name(), with_port(url));
    let said = texts(error);
    let connection = |message: String| Some(Failure::new(ErrorClass::Connection, message));
    if said.contains("proxy authorization required") {
        return Some(unauthorized(proxy));
    }
    if find::<ResolveError>(error).is_some() {
        return connection(format!(
            "The host of the proxy {name} was not found. The operator can correct `--egress-proxy`."
        ));
    }
    if find::<rustls::Error>(error).is_some() {
        return None;
    }
    if error.is_timeout() {
        let seconds = limit.as_secs_f64();
        let message = format!(
            "Connecting to {target} through the proxy {name} took more than {seconds} seconds, the limit for connecting."
        );
        return Some(Failure::new(ErrorClass::Timeout, message));
    }
    if said.contains("tunnel error: failed to create")
        || (error.is_connect() && !said.contains("tunnel error"))
    {
        return connection(format!(
            "Could not connect to the proxy {name}. Check that it runs; the operator can correct `--egress-proxy`."
        ));
    }
    if said.contains("tunnel error") {
        return connection(format!(
            "The proxy {name} did not connect to {target}. Check that it allows this host and reaches it; the operator \
             can except the host with `--egress-no-proxy`."
        ));
    }
    None
}

/// Returns the failure of a proxy that asks for credentials, or refuses those that it was given.
pub(super) fn unauthorized(proxy: &EgressProxy) -> Failure {
    let name = proxy.name();
    let what = if proxy.credentials.is_some() {
        "refuses the user name and password that it was given"
    } else {
        "asks for a user name and a password"
    };
    let message = format!(
        "The proxy {name} {what} (407). The operator can set them in `--egress-proxy`, as in \
         `http://user:password@proxy.example:3128`."
    );
    Failure::new(ErrorClass::Configuration, message)
}

/// Returns the texts of an error and of all its causes.
fn texts(error: &reqwest::Error) -> String {
    let mut texts = String::new();
    let mut cause: Option<&dyn Error> = Some(error);
    while let Some(current) = cause {
        texts.push_str(&format!("{current}\n"));
        cause = current.source();
    }
    texts
}
