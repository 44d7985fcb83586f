//! Redirects, followed here so that each one is checked like a new call.

use std::borrow::Cow;

use percent_encoding::{CONTROLS, percent_encode};
use reqwest::Method;
use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue};
use steadflow_core::failure::{ErrorClass, Failure};

use super::Request;
use super::fault::peer;

/// Headers that may be sent to another origin, unless they hold a secret. Any other header could be a credential.
const HARMLESS: [HeaderName; 3] = [header::ACCEPT, header::ACCEPT_LANGUAGE, header::USER_AGENT];

/// Returns the next request if `status` and `headers` are a redirect of `request`.
///
/// Methods change according to RFC 9110, 15.4: 303 turns all methods except HEAD into GET, and 301 and 302 only POST.
pub(super) fn next_hop(
    request: &Request,
    status: u16,
    headers: &HeaderMap,
) -> Result<Option<Request>, Failure> {
    let is_redirect = matches!(status, 301 | 302 | 303 | 307 | 308);
    let Some(location) = headers.get(header::LOCATION).filter(|_| is_redirect) else { return Ok(None) };
    let from = peer(&request.url);
    let Ok(url) = request.url.join(&location_text(location)) else {
        return Err(refused(format!("{from} redirects to an invalid URL.")));
    };
    if request.url.scheme() == "https" && url.scheme() != "https" {
        return Err(refused(format!("{from} redirects from https to {}.", url.scheme())));
    }
    let mut next = Request { url, ..request.clone() };
    let becomes_get = match status {
        303 => next.method != Method::HEAD,
        301 | 302 => next.method == Method::POST,
        _ => false,
    };
    if becomes_get {
        next.method = Method::GET;
        next.body = None;
        next.headers.remove(header::CONTENT_TYPE);
    }
    if request.url.origin() != next.url.origin() {
        remove_secrets(&mut next);
    }
    Ok(Some(next))
}

/// Returns where a redirect leads. Bytes that are no UTF-8 are sent back as they came (WHATWG Fetch, "location URL").
fn location_text(location: &HeaderValue) -> Cow<'_, str> {
    let bytes = location.as_bytes();
    std::str::from_utf8(bytes).map_or_else(|_| percent_encode(bytes, CONTROLS).into(), Cow::Borrowed)
}

/// Another origin gets no credentials, no header that could be one, and no body.
fn remove_secrets(next: &mut Request) {
    next.body = None;
    next.headers.remove(header::CONTENT_TYPE);
    let is_harmless =
        |(name, value): &(&HeaderName, &HeaderValue)| HARMLESS.contains(name) && !value.is_sensitive();
    let names: Vec<HeaderName> =
        next.headers.iter().filter(|header| !is_harmless(header)).map(|(name, _)| name.clone()).collect();
    for name in names {
        next.headers.remove(name);
    }
}

fn refused(message: String) -> Failure {
    Failure::new(ErrorClass::Rejected, message)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, LOCATION};
    use url::Url;

    use super::*;

    #[test]
    fn methods_change_according_to_the_standard() {
        let cases = [
            (301, Method::POST, Method::GET),
            (301, Method::PUT, Method::PUT),
            (302, Method::POST, Method::GET),
            (303, Method::PUT, Method::GET),
            (303, Method::HEAD, Method::HEAD),
            (307, Method::POST, Method::POST),
            (308, Method::POST, Method::POST),
        ];
        for (status, method, expected) in cases {
            let next = hop(status, method, "/next").unwrap().unwrap();

            assert_eq!(next.method, expected, "{status}");
            assert_eq!(next.body.is_some(), next.method != Method::GET, "{status}");
        }
    }

    #[test]
    fn another_origin_gets_no_credentials_and_no_body() {
        for location in ["https://b.example/", "https://a.example:444/"] {
            for status in [301, 302, 303, 307, 308] {
                let next = hop(status, Method::PUT, location).unwrap().unwrap();

                assert!(next.headers.is_empty() && next.body.is_none(), "{status} {location}");
            }
        }
        let same = hop(307, Method::POST, "/same").unwrap().unwrap();
        assert!(same.headers.contains_key(AUTHORIZATION) && same.body.is_some());
    }

    #[test]
    fn locations_are_read_in_the_spellings_of_servers() {
        for (location, target) in [
            (&b"/echo/x y?q=\xc3\xbc#frag"[..], "https://a.example/echo/x%20y?q=%C3%BC#frag"),
            (b"/caf\xe9", "https://a.example/caf%E9"),
            (b"next", "https://a.example/next"),
            (b"//a.example/x", "https://a.example/x"),
            (b"?page=2", "https://a.example/start?page=2"),
        ] {
            let headers = HeaderMap::from_iter([(LOCATION, HeaderValue::from_bytes(location).unwrap())]);

            let next = next_hop(&request(Method::GET), 302, &headers).unwrap().unwrap();

            assert_eq!(next.url.as_str(), target);
        }
    }

    #[test]
    fn redirects_from_https_to_http_are_refused() {
        let failure = hop(302, Method::GET, "http://a.example/").unwrap_err();

        assert_eq!(failure.class, ErrorClass::Rejected);
    }

    #[test]
    fn other_responses_are_not_redirects() {
        assert!(hop(200, Method::GET, "/x").unwrap().is_none());
        assert!(hop(304, Method::GET, "/x").unwrap().is_none());
        assert!(next_hop(&request(Method::GET), 302, &HeaderMap::new()).unwrap().is_none());
    }

    fn hop(status: u16, method: Method, to: &'static str) -> Result<Option<Request>, Failure> {
        next_hop(&request(method), status, &location(to))
    }

    fn location(to: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(LOCATION, HeaderValue::from_static(to))])
    }

    fn request(method: Method) -> Request {
        let mut request = Request::new(method, Url::parse("https://a.example/start").unwrap());
        request.headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer x"));
        request.headers.insert("x-custom", HeaderValue::from_static("y"));
        request.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        request.body = Some(Bytes::from_static(b"{}"));
        request
    }
}
