//! Who may speak to this server: requests that name it as it is called, from pages that it served.
//!
//! A web page anywhere can make a browser send requests to a server on its machine. `Host` unmasks those that came
//! through a foreign name (DNS rebinding), `Origin` and `Sec-Fetch-Site` those that came from a foreign page. Programs
//! send neither of the latter, and are let through.

use std::net::IpAddr;

use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, Method, Uri, header};

use crate::origin::Origin;
use crate::problem::{Problem, ProblemKind};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// The names that this server goes by, and the other origins whose pages may call it.
#[derive(Debug)]
pub(crate) struct AllowedHosts {
    names: Vec<String>,
    origins: Vec<Origin>,
}

impl AllowedHosts {
    pub(crate) fn new(names: &[String], origins: &[Origin]) -> Self {
        let names = names.iter().map(|name| name.to_ascii_lowercase()).collect();
        Self { names, origins: origins.to_vec() }
    }

    /// Checks where a request was sent to and where it came from.
    ///
    /// # Errors
    /// [`ProblemKind::WrongHost`] or [`ProblemKind::ForeignOrigin`].
    pub(crate) fn check(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
        let host = self.host(uri, headers).ok_or_else(|| {
            Problem::new(
                ProblemKind::WrongHost,
                "This server does not go by the name in the Host header. Call it by a loopback name, or add the \
                 name to the allowed hosts.",
            )
        })?;
        if self.is_foreign(method, headers, &host) {
            return Err(Problem::new(
                ProblemKind::ForeignOrigin,
                "The request came from a page of another site, and those are refused. If the site is yours, start the \
                 server with `--allowed-origin` and the origin of the page.",
            ));
        }
        Ok(())
    }

    /// Returns the one name that the request gives, if it is one of ours.
    fn host(&self, uri: &Uri, headers: &HeaderMap) -> Option<Authority> {
        let mut named = headers.get_all(header::HOST).iter();
        let (Some(host), None) = (named.next(), named.next()) else { return None };
        let host: Authority = host.to_str().ok()?.parse().ok()?;
        let is_ours = self.allows(&host) && uri.authority().is_none_or(|authority| self.allows(authority));
        is_ours.then_some(host)
    }

    fn allows(&self, authority: &Authority) -> bool {
        let name = authority.host();
        let is_plain = !authority.as_str().contains('@');
        is_plain && (is_loopback(name) || self.is_configured(name) || self.is_configured(authority.as_str()))
    }

    fn is_configured(&self, name: &str) -> bool {
        self.names.iter().any(|allowed| name.eq_ignore_ascii_case(allowed))
    }

    fn is_foreign(&self, method: &Method, headers: &HeaderMap, host: &Authority) -> bool {
        let is_navigation =
            method.is_safe() && headers.get(SEC_FETCH_MODE).is_some_and(|mode| mode == "navigate");
        if self.is_allowed_page(headers) {
            return false;
        }
        let is_cross_site = headers.get(SEC_FETCH_SITE).is_some_and(|site| site == "cross-site");
        let is_ours = |origin: &str| {
            let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
            authority.is_some_and(|authority| {
                authority.eq_ignore_ascii_case(host.as_str()) || self.is_configured(authority)
            })
        };
        let mut origins = headers.get_all(header::ORIGIN).iter();
        (is_cross_site && !is_navigation) || origins.any(|origin| !origin.to_str().is_ok_and(is_ours))
    }

    /// Returns whether the request comes from a page of one other origin, which is allowed.
    fn is_allowed_page(&self, headers: &HeaderMap) -> bool {
        let mut given = headers.get_all(header::ORIGIN).iter();
        let (Some(origin), None) = (given.next(), given.next()) else { return false };
        self.origins.iter().any(|allowed| origin == allowed.as_str())
    }
}

/// Returns whether the one `Origin` that a request has is that of the server it was sent to; `None` if it has none.
pub(crate) fn is_same_origin(headers: &HeaderMap) -> Option<bool> {
    let mut given = headers.get_all(header::ORIGIN).iter();
    let (origin, other) = (given.next()?, given.next());
    let authority = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let is_ours = authority.zip(host).is_some_and(|((scheme, authority), host)| {
        matches!(scheme, "http" | "https") && authority.eq_ignore_ascii_case(host)
    });
    Some(is_ours && other.is_none())
}

/// Returns whether a name or address leads to the machine itself.
pub(crate) fn is_loopback(name: &str) -> bool {
    let literal = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || literal.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(host: &str, more: &[(&'static str, &str)]) -> Option<ProblemKind> {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        for (name, value) in more {
            headers.append(*name, value.parse().unwrap());
        }
        let hosts = AllowedHosts::new(
            &["Flows.example:8443".into(), "flows.internal".into()],
            &["https://app.example".parse().unwrap()],
        );
        hosts.check(&Method::POST, &"/api".parse().unwrap(), &headers).err().map(|problem| problem.kind())
    }

    #[test]
    fn our_own_names_are_let_through() {
        for host in
            ["localhost", "LOCALHOST:8080", "127.0.0.1:8080", "127.8.9.1", "[::1]:8080", "flows.example:8443"]
        {
            assert_eq!(verdict(host, &[]), None, "{host}");
        }
        assert_eq!(verdict("flows.internal:9000", &[]), None, "a name without a port stands for any");
    }

    #[test]
    fn other_names_are_refused() {
        for host in [
            "evil.example",
            "flows.example:80",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "10.0.0.1",
            "a@localhost",
            "",
        ] {
            assert_eq!(verdict(host, &[]), Some(ProblemKind::WrongHost), "{host}");
        }
        assert_eq!(verdict("localhost", &[("host", "localhost")]), Some(ProblemKind::WrongHost), "two hosts");
    }

    #[test]
    fn pages_of_other_origins_are_refused() {
        assert_eq!(verdict("localhost:8080", &[("origin", "http://localhost:8080")]), None);
        assert_eq!(verdict("localhost:8080", &[("sec-fetch-site", "same-origin")]), None);
        for origin in ["http://evil.example", "null", "http://localhost:3000", "file://localhost:8080"] {
            assert_eq!(
                verdict("localhost:8080", &[("origin", origin)]),
                Some(ProblemKind::ForeignOrigin),
                "{origin}"
            );
        }
        let cross_site = [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")];
        assert_eq!(
            verdict("localhost:8080", &cross_site),
            Some(ProblemKind::ForeignOrigin),
            "a POST never navigates"
        );
    }

    #[test]
    fn pages_of_an_allowed_origin_are_let_through() {
        let cross_site = ("sec-fetch-site", "cross-site");
        assert_eq!(verdict("localhost", &[("origin", "https://app.example"), cross_site]), None);
        for origin in ["http://app.example", "https://app.example:8443", "https://app.example.evil.example"] {
            assert_eq!(
                verdict("localhost", &[("origin", origin), cross_site]),
                Some(ProblemKind::ForeignOrigin),
                "{origin}"
            );
        }
        let two = [("origin", "https://app.example"), ("origin", "https://evil.example")];
        assert_eq!(verdict("localhost", &two), Some(ProblemKind::ForeignOrigin));
    }

    #[test]
    fn a_link_from_another_site_may_open_a_page() {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, "localhost".parse().unwrap());
        headers.insert(SEC_FETCH_SITE, "cross-site".parse().unwrap());
        let hosts = AllowedHosts::new(&[], &[]);
        let uri: Uri = "/".parse().unwrap();

        assert!(
            hosts.check(&Method::GET, &uri, &headers).is_err(),
            "an image or script of ours in a foreign page"
        );
        headers.insert(SEC_FETCH_MODE, "navigate".parse().unwrap());
        assert!(hosts.check(&Method::GET, &uri, &headers).is_ok());
    }
}
