//! Failures of calls, with messages for the author of the flow.

use std::error::Error;
use std::io;
use std::time::Duration;

use steadflow_core::failure::{ErrorClass, Failure};
use url::Url;

use super::Reached;
use super::certificate::SelfSigned;
use super::resolver::ResolveError;
use crate::body::CodingError;

/// Returns the host of `url`, with the port unless it is the default of the scheme.
pub(crate) fn peer(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Returns the failure for a blocked address.
fn blocked(url: &Url) -> Failure {
    let host = url.host_str().unwrap_or_default();
    let message = format!(
        "Calls to {host} are not allowed, because it does not have a public address. The operator can allow it with \
         `--egress-allow`."
    );
    Failure::new(ErrorClass::Configuration, message)
}

/// Returns the failure for an address that may not be connected to.
pub(super) fn refused(url: &Url, why: ResolveError) -> Failure {
    let (host, peer) = (url.host_str().unwrap_or_default(), peer(url));
    let message = match why {
        ResolveError::Blocked => return blocked(url),
        ResolveError::Unknown => {
            return Failure::new(ErrorClass::Connection, format!("The host of {peer} was not found."));
        }
        ResolveError::Redirected => format!(
            "A redirect to {host} is not followed, because it leads from a public address to one that is not public. The \
             operator can allow it with `--egress-allow redirects:{host}`."
        ),
        ResolveError::Own => format!(
            "{peer} is this server itself, which flows cannot call. Call it from outside, or put what is to be done into \
             the flow."
        ),
    };
    Failure::new(ErrorClass::Configuration, message)
}

/// Returns the failure for a response that takes too long. The limit is named, and how to set another.
pub(super) fn silent(url: &Url, reached: Reached) -> Failure {
    let peer = peer(url);
    let what = match reached {
        Reached::AgentIdle(limit) => {
            let message = format!(
                "{peer} sent nothing for {} seconds. Set `idle_timeout_seconds` of the agent to wait longer.",
                limit.as_secs_f64()
            );
            return Failure::new(ErrorClass::Timeout, message);
        }
        Reached::Idle(limit) => format!("{peer} sent nothing for {} seconds", limit.as_secs_f64()),
        Reached::Total(limit) => format!("The call of {peer} took more than {} seconds", limit.as_secs_f64()),
    };
    let message = format!(
        "{what}, the limit for nodes without a timeout of their own. Set `timeout_seconds` of the node to wait longer."
    );
    Failure::new(ErrorClass::Timeout, message)
}

/// Returns the failure for a body with more than `bytes_max` bytes.
pub(super) fn too_large(url: &Url, bytes_max: usize) -> Failure {
    let message = format!("The response of {} exceeds the limit of {bytes_max} bytes.", peer(url));
    Failure::new(ErrorClass::OutputTooLarge, message)
}

/// Returns the failure for a body whose content encoding cannot be undone.
pub(super) fn encoded(url: &Url, error: &CodingError, bytes_max: usize) -> Failure {
    let class = match error {
        CodingError::Unknown(_) | CodingError::TooMany(_) | CodingError::Window { .. } => {
            ErrorClass::Rejected
        }
        CodingError::Broken(_) => ErrorClass::Connection,
        CodingError::TooLarge => return too_large(url, bytes_max),
    };
    Failure::new(class, format!("The response of {} {error}.", peer(url)))
}

/// Returns the failure for a request without a response.
pub(super) fn no_answer(url: &Url, error: &reqwest::Error, connect_timeout: Duration) -> Failure {
    let failure = without_answer(url, error, connect_timeout);
    let is_unsent = error.is_connect() || find::<ResolveError>(error).is_some();
    if is_unsent { failure.unsent() } else { failure }
}

fn without_answer(url: &Url, error: &reqwest::Error, connect_timeout: Duration) -> Failure {
    let class = ErrorClass::Connection;
    let peer = peer(url);
    if let Some(fault) = find::<ResolveError>(error) {
        return refused(url, *fault);
    }
    if let Some(fault) = find::<rustls::Error>(error) {
        return tls(&peer, fault);
    }
    if error.is_timeout() {
        let limit = connect_timeout.as_secs_f64();
        let message =
            format!("Connecting to {peer} took more than {limit} seconds, the limit for connecting.");
        return Failure::new(ErrorClass::Timeout, message);
    }
    let message = match find::<io::Error>(error).map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused) => format!("Connection refused by {}.", with_port(url)),
        Some(io::ErrorKind::ConnectionReset) => format!("Connection reset by {peer}."),
        Some(io::ErrorKind::TimedOut) => format!("Connecting to {peer} timed out."),
        Some(io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable) => {
            format!("{peer} is not reachable.")
        }
        _ if error.is_connect() => format!("Could not connect to {}.", with_port(url)),
        _ => format!("{peer} closed the connection or did not respond with HTTP."),
    };
    Failure::new(class, message)
}

/// Returns the failure for an incomplete body.
pub(super) fn broken_body(url: &Url) -> Failure {
    Failure::new(ErrorClass::Connection, format!("The response of {} is incomplete.", peer(url)))
}

/// An invalid certificate is `rejected`, because a retry cannot help; other TLS errors may be caused by the network.
fn tls(peer: &str, fault: &rustls::Error) -> Failure {
    if let rustls::Error::InvalidCertificate(reason) = fault {
        let message = format!("The TLS certificate of {peer} is not valid: {}.", certificate_fault(reason));
        return Failure::new(ErrorClass::Rejected, message);
    }
    Failure::new(ErrorClass::Connection, format!("The TLS handshake with {peer} failed."))
}

fn certificate_fault(reason: &rustls::CertificateError) -> &'static str {
    use rustls::CertificateError as E;
    if let E::Other(rustls::OtherError(cause)) = reason
        && cause.is::<SelfSigned>()
    {
        return "it is self-signed, and the operator does not trust it (`SSL_CERT_FILE`)";
    }
    if matches!(reason, E::Expired | E::ExpiredContext { .. }) {
        "it has expired"
    } else if matches!(reason, E::NotValidYet | E::NotValidYetContext { .. }) {
        "it is not valid yet"
    } else if matches!(reason, E::NotValidForName | E::NotValidForNameContext { .. }) {
        "it is for a different name"
    } else if matches!(reason, E::UnknownIssuer) {
        "its issuer is unknown"
    } else if matches!(reason, E::Revoked) {
        "it has been revoked"
    } else {
        "it cannot be verified"
    }
}

pub(super) fn with_port(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port_or_known_default().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Finds a cause of type `E`. The `source` of an `io::Error` skips the error that it wraps, so this is checked as well.
pub(super) fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut cause = Some(error);
    while let Some(current) = cause {
        if let Some(found) = current.downcast_ref::<E>() {
            return Some(found);
        }
        let wrapped = current.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if let Some(found) = wrapped.and_then(|inner| find::<E>(inner)) {
            return Some(found);
        }
        cause = current.source();
    }
    None
}
