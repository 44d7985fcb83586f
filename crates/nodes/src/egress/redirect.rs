//! Redirects, followed here so that each one is checked like a new call.

use reqwest::Method;
use reqwest::header::{self, HeaderMap, HeaderName};
use steadflow_core::failure::{ErrorClass, Failure};
use url::Url;

use super::Request;
use super::fault::peer;

/// Headers that may be sent to another origin. Any other header could be a credential.
const HARMLESS: [HeaderName; 5] = [
    header::ACCEPT,
    header::ACCEPT_LANGUAGE,
    header::CONTENT_TYPE,
    header::USER_AGENT,
    header::CONTENT_LANGUAGE,
];

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
    let target = std::str::from_utf8(location.as_bytes()).ok().and_then(|text| request.url.join(text).ok());
    let Some(url) = target else {
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
    if !same_origin(&request.url, &next.url) {
        remove_secrets(&mut next, &from)?;
    }
    Ok(Some(next))
}

fn remove_secrets(next: &mut Request, from: &str) -> Result<(), Failure> {
    if next.body.is_some() && next.body_is_secret {
        return Err(refused(format!(
            "{from} redirects to {}, which must not receive the secrets in the body.",
            peer(&next.url)
        )));
    }
    let names: Vec<HeaderName> =
        next.headers.keys().filter(|name| !HARMLESS.contains(name)).cloned().collect();
    for name in names {
        next.headers.remove(name);
    }
    Ok(())
}

fn same_origin(one: &Url, other: &Url) -> bool {
    one.origin() == other.origin()
}

fn refused(message: String) -> Failure {
    Failure::new(ErrorClass::Rejected, message)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, LOCATION};

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
    fn credentials_are_not_sent_to_another_origin() {
        for location in ["https://b.example/", "https://a.example:444/"] {
            let next = hop(307, Method::POST, location).unwrap().unwrap();

            assert!(!next.headers.contains_key(AUTHORIZATION), "{location}");
            assert!(!next.headers.contains_key("x-custom"), "{location}");
            assert!(next.headers.contains_key(CONTENT_TYPE));
        }
        assert!(hop(307, Method::POST, "/same").unwrap().unwrap().headers.contains_key(AUTHORIZATION));
    }

    #[test]
    fn a_body_with_secrets_is_not_sent_to_another_origin() {
        let request = Request { body_is_secret: true, ..request(Method::POST) };

        assert!(next_hop(&request, 307, &location("https://b.example/")).is_err());
        assert!(next_hop(&request, 307, &location("/same")).is_ok());
        assert!(next_hop(&request, 303, &location("https://b.example/")).is_ok());
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
