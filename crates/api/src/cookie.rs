//! The cookies of people who have signed in, and which requests may use them.
//!
//! A browser sends cookies with whatever request, also with those that a page of somebody else makes it send. So a cookie counts
//! only where the browser says that the request comes from a page of ours.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use steadflow_core::access::Token;

use crate::host_guard::is_same_origin;
use crate::problem::{Problem, ProblemKind};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// A cookie of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cookie {
    /// Who has signed in.
    SignIn,
    /// That somebody has signed in with this browser before.
    Known,
    /// That somebody has gone to a provider to sign in.
    Attempt,
    /// That a device is asked for a passkey.
    Passkey,
    /// That this browser has begun to connect a secret.
    Connect,
}

impl Cookie {
    /// Returns its name. With `__Host-`, browsers take it from this host alone, by HTTPS alone.
    const fn name(self, is_secure: bool) -> &'static str {
        match (self, is_secure) {
            (Self::SignIn, true) => "__Host-steadflow",
            (Self::SignIn, false) => "steadflow",
            (Self::Known, true) => "__Host-steadflow-known",
            (Self::Known, false) => "steadflow-known",
            (Self::Attempt, true) => "__Host-steadflow-attempt",
            (Self::Attempt, false) => "steadflow-attempt",
            (Self::Passkey, true) => "__Host-steadflow-passkey",
            (Self::Passkey, false) => "steadflow-passkey",
            (Self::Connect, true) => "__Host-steadflow-connect",
            (Self::Connect, false) => "steadflow-connect",
        }
    }

    /// Returns from where browsers send it. A provider sends the browser back that connects a secret.
    const fn same_site(self) -> &'static str {
        match self {
            Self::SignIn | Self::Known | Self::Attempt | Self::Passkey => "Strict",
            Self::Connect => "Lax",
        }
    }

    /// Returns its value, if the request has one of that name, and not two.
    pub(crate) fn read(self, headers: &HeaderMap, is_secure: bool) -> Option<&str> {
        let name = self.name(is_secure);
        let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
        let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let mut values = pairs.filter(|(of, _)| *of == name).map(|(_, value)| value);
        let value = values.next()?;
        values.next().is_none().then_some(value)
    }

    /// Returns the header that sets it, for so many seconds; none of them removes it.
    pub(crate) fn set(self, value: &str, seconds: u64, is_secure: bool) -> HeaderValue {
        let (name, secure) = (self.name(is_secure), if is_secure { "; Secure" } else { "" });
        let site = self.same_site();
        let text = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite={site}{secure}");
        HeaderValue::from_str(&text).expect("values of cookies are letters and digits")
    }
}

/// Returns the token of who has signed in, if the request has one and comes from a page of ours.
///
/// # Errors
/// [`ProblemKind::ForeignOrigin`] if it has one and comes from elsewhere.
pub(crate) fn sign_in(
    method: &Method,
    headers: &HeaderMap,
    is_secure: bool,
) -> Result<Option<Token>, Problem> {
    let Some(token) = Cookie::SignIn.read(headers, is_secure).and_then(Token::read) else { return Ok(None) };
    if !is_from_our_page(method, headers) {
        return Err(Problem::new(
            ProblemKind::ForeignOrigin,
            "The request has the cookie of somebody who has signed in, and does not come from a page of this server. \
             Programs and pages of others use an API key.",
        ));
    }
    Ok(Some(token))
}

/// Refuses what a browser sends on behalf of another page. Programs say nothing of pages.
///
/// # Errors
/// [`ProblemKind::ForeignOrigin`].
pub(crate) fn refuse_other_pages(headers: &HeaderMap) -> Result<(), Problem> {
    if is_of_browser(headers) && !is_from_our_page(&Method::POST, headers) {
        return Err(Problem::new(
            ProblemKind::ForeignOrigin,
            "People sign in on a page of this server, and this request comes from another one.",
        ));
    }
    Ok(())
}

/// Returns whether a browser says that it has sent the request.
pub(crate) fn is_of_browser(headers: &HeaderMap) -> bool {
    headers.contains_key(SEC_FETCH_SITE) || headers.contains_key(header::ORIGIN)
}

/// Browsers say with `Sec-Fetch-Site` where a request comes from; on plain HTTP and in old ones, `Origin` says it of all that
/// changes anything.
fn is_from_our_page(method: &Method, headers: &HeaderMap) -> bool {
    let only_reads = matches!(*method, Method::GET | Method::HEAD);
    let mut sites = headers.get_all(SEC_FETCH_SITE).iter();
    match (sites.next(), sites.next()) {
        (None, _) => is_same_origin(headers).unwrap_or(only_reads),
        // Somebody has typed the address, or opened a bookmark.
        (Some(site), None) => site == "same-origin" || (site == "none" && only_reads),
        (Some(_), Some(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const VALUE: &str = "0123456789012345678901234567890123456789012";

    fn headers(more: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static("flows.example"));
        for (name, value) in more {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn a_cookie_is_found_among_others_and_two_are_none() {
        let read = |lines: &[&str]| {
            let lines: Vec<_> = lines.iter().map(|&line| ("cookie", line)).collect();
            Cookie::SignIn.read(&headers(&lines), true).map(str::to_owned)
        };

        assert_eq!(read(&["a=b; __Host-steadflow=xyz; c=d"]).as_deref(), Some("xyz"));
        assert_eq!(read(&["a=b", "__Host-steadflow=xyz"]).as_deref(), Some("xyz"));
        for none in ["steadflow=xyz", "__host-steadflow=xyz", "__Host-steadflow", "x__Host-steadflow=xyz", ""]
        {
            assert_eq!(read(&[none]), None, "{none}");
        }
        assert_eq!(read(&["__Host-steadflow=one; __Host-steadflow=two"]), None);
        assert_eq!(read(&["__Host-steadflow=one", "__Host-steadflow=two"]), None);
    }

    #[test]
    fn a_cookie_is_for_this_host_and_not_for_scripts() {
        let set = |is_secure| Cookie::SignIn.set("xyz", 60, is_secure).to_str().unwrap().to_owned();

        assert_eq!(set(true), "__Host-steadflow=xyz; Path=/; Max-Age=60; HttpOnly; SameSite=Strict; Secure");
        assert_eq!(set(false), "steadflow=xyz; Path=/; Max-Age=60; HttpOnly; SameSite=Strict");
        let connect = Cookie::Connect.set("xyz", 60, true);
        assert_eq!(
            connect,
            "__Host-steadflow-connect=xyz; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure"
        );
    }

    #[test]
    fn a_cookie_counts_from_our_pages_alone() {
        let cookie = format!("__Host-steadflow={VALUE}");
        let counts = |method: Method, more: &[(&'static str, &str)]| {
            let headers = headers(&[&[("cookie", cookie.as_str())], more].concat());
            sign_in(&method, &headers, true).map(|token| token.is_some()).map_err(|problem| problem.kind())
        };
        let (site, origin) = ("sec-fetch-site", "origin");
        let refused = Err(ProblemKind::ForeignOrigin);

        for method in [Method::GET, Method::POST, Method::DELETE] {
            assert_eq!(counts(method.clone(), &[(site, "same-origin")]), Ok(true));
            assert_eq!(counts(method.clone(), &[(origin, "https://flows.example")]), Ok(true));
            for other in ["cross-site", "same-site", "", "Same-Origin"] {
                assert_eq!(counts(method.clone(), &[(site, other)]), refused, "{other}");
            }
            for other in ["https://app.example", "null", "https://flows.example:8443", ""] {
                assert_eq!(counts(method.clone(), &[(origin, other)]), refused, "{other}");
            }
            assert_eq!(counts(method, &[(site, "same-origin"), (site, "cross-site")]), refused);
        }
        assert_eq!(counts(Method::GET, &[]), Ok(true), "an old browser that only reads");
        assert_eq!(counts(Method::GET, &[(site, "none")]), Ok(true));
        assert_eq!(counts(Method::POST, &[]), refused);
        assert_eq!(counts(Method::POST, &[(site, "none")]), refused);
        let none = headers(&[("cookie", "__Host-steadflow=short"), (site, "cross-site")]);
        assert_eq!(sign_in(&Method::POST, &none, true).map(|token| token.is_some()).ok(), Some(false));
    }

    /// What cookies are made of, and what they are not.
    const PIECES: [&str; 14] = [
        "__Host-steadflow",
        "steadflow",
        "=",
        ";",
        " ",
        "\t",
        "\"",
        ",",
        "a",
        "%3d",
        "__host-steadflow",
        "\u{e9}",
        VALUE,
        "x",
    ];

    proptest! {
        #[test]
        fn a_cookie_is_one_value_of_that_name_or_none(
            lines in prop::collection::vec(prop::collection::vec(prop::sample::select(&PIECES[..]), 0..12), 0..4),
        ) {
            let lines: Vec<String> = lines.iter().map(|pieces| pieces.concat()).collect();
            let sent: Vec<_> = lines.iter().map(|line| ("cookie", line.as_str())).collect();

            let read = Cookie::SignIn.read(&headers(&sent), true).map(str::to_owned);

            // Lines that are no text are as if they were not there.
            let pairs = lines.iter().filter(|line| line.is_ascii()).flat_map(|line| line.split(';'));
            let ours = pairs.filter_map(|pair| pair.trim().strip_prefix("__Host-steadflow=").map(str::to_owned));
            let ours: Vec<String> = ours.collect();
            prop_assert_eq!(read, (ours.len() == 1).then(|| ours[0].clone()));
        }
    }
}
