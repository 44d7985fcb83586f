//! Why a call came to nothing, in words for whoever wrote the flow.

use std::error::Error;
use std::io;

use steadflow_core::failure::{ErrorClass, Failure};
use url::Url;

use super::resolver::ResolveError;

/// Names the peer of `url` as people write it: the port only where it is not the scheme's own.
pub(crate) fn peer(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// The address of `url` is blocked.
pub(super) fn blocked(url: &Url) -> Failure {
    let host = url.host_str().unwrap_or_default();
    let message = format!(
        "Calls to {host} are not allowed: it is not on the public internet. The operator can allow it with \
         `--egress-allow`."
    );
    Failure::new(ErrorClass::Configuration, message)
}

/// Nothing came from `url` for too long.
pub(super) fn silent(url: &Url) -> Failure {
    Failure::new(ErrorClass::Timeout, format!("{} took too long to answer.", peer(url)))
}

/// The body was longer than `bytes_max`.
pub(super) fn too_large(url: &Url, bytes_max: usize) -> Failure {
    let message = format!("The answer of {} is larger than the limit of {bytes_max} bytes.", peer(url));
    Failure::new(ErrorClass::OutputTooLarge, message)
}

/// No answer came: `error` says why.
pub(super) fn no_answer(url: &Url, error: &reqwest::Error) -> Failure {
    let class = ErrorClass::Connection;
    let peer = peer(url);
    if let Some(fault) = find::<ResolveError>(error) {
        return match fault {
            ResolveError::Blocked => blocked(url),
            ResolveError::Unknown => Failure::new(class, format!("The host of {peer} could not be found.")),
        };
    }
    if let Some(fault) = find::<rustls::Error>(error) {
        return tls(&peer, fault);
    }
    if error.is_timeout() {
        return Failure::new(ErrorClass::Timeout, format!("{peer} could not be reached in time."));
    }
    let message = match find::<io::Error>(error).map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused) => format!("Connection refused by {}.", with_port(url)),
        Some(io::ErrorKind::ConnectionReset) => format!("Connection reset by {peer}."),
        Some(io::ErrorKind::TimedOut) => format!("{peer} could not be reached in time."),
        Some(io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable) => {
            format!("{peer} is not reachable from here.")
        }
        _ if error.is_connect() => format!("No connection to {}.", with_port(url)),
        _ => format!("{peer} closed the connection or did not answer in HTTP."),
    };
    Failure::new(class, message)
}

/// The body broke off or cannot be decoded.
pub(super) fn broken_body(url: &Url, error: &reqwest::Error) -> Failure {
    let what = if error.is_decode() { "broke off or cannot be decoded" } else { "broke off" };
    Failure::new(ErrorClass::Connection, format!("The answer of {} {what}.", peer(url)))
}

/// A certificate does not get better by itself, so it is `rejected`; any other TLS fault may be the line's.
fn tls(peer: &str, fault: &rustls::Error) -> Failure {
    if let rustls::Error::InvalidCertificate(reason) = fault {
        let message =
            format!("The TLS certificate of {peer} is not accepted: {}.", certificate_fault(reason));
        return Failure::new(ErrorClass::Rejected, message);
    }
    Failure::new(ErrorClass::Connection, format!("No TLS connection to {peer}: the handshake failed."))
}

fn certificate_fault(reason: &rustls::CertificateError) -> &'static str {
    use rustls::CertificateError as E;
    if matches!(reason, E::Expired | E::ExpiredContext { .. }) {
        "it has expired"
    } else if matches!(reason, E::NotValidYet | E::NotValidYetContext { .. }) {
        "it is not valid yet"
    } else if matches!(reason, E::NotValidForName | E::NotValidForNameContext { .. }) {
        "it is for another name"
    } else if matches!(reason, E::UnknownIssuer) {
        "its issuer is not known"
    } else if matches!(reason, E::Revoked) {
        "it has been revoked"
    } else {
        "it is not valid"
    }
}

fn with_port(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port_or_known_default().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Finds the cause of type `E`. An `io::Error` hides what it wraps from `source`, so it is asked by itself.
fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
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
