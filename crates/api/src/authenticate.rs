//! Who a request comes from, by what it shows: an API key in a header, or the cookie of somebody who has signed in.
//!
//! It is looked at before anything is read of the body, and only where the server asks for it. Which addresses are open is decided by
//! the route that matches, and never by the text of the path.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use futures_util::future::select;
use http_body::{Frame, SizeHint};
use steadflow_access::Checked;
use steadflow_core::access::{CredentialHash, CredentialKind, Principal, Token};
use steadflow_runtime::RuntimeError;

use crate::app::App;
use crate::client_address::ClientIp;
use crate::cookie;
use crate::held::Held;
use crate::problem::{Problem, ProblemKind};
use crate::rates::too_many;

/// Routes that ask nobody who they are: how the server is and what it describes itself with, and those whose callers show something
/// else, a signature, a token of their own, or the state of an authorization.
const OPEN: [&str; 17] = [
    "/healthz",
    "/readyz",
    "/hooks/{*path}",
    "/oauth/callback",
    "/api/v1/decisions/{token}",
    "/api/v1/invitations/{token}",
    "/api/v1/session",
    "/api/v1/session/oidc/{provider}",
    "/api/v1/session/oidc/{provider}/answer",
    "/api/v1/session/passkey",
    "/api/v1/session/passkey/answer",
    "/api/v1/openapi.json",
    "/api/docs",
    "/docs/problems",
    "/docs/{*path}",
    "/examples/{name}",
    "/llms.txt",
];

/// Returns whether a route asks nobody who they are.
pub(crate) fn is_open(route: &str) -> bool {
    OPEN.contains(&route)
}

/// Puts the principal of a request into its extensions, and returns it with the request. What has no route is the studio, which has
/// nothing of anybody.
///
/// # Errors
/// [`ProblemKind::NotSignedIn`] if the request shows nothing that stands for somebody.
pub(crate) async fn authenticate(
    app: &App,
    mut request: Request,
) -> Result<(Request, Option<Arc<Principal>>), Problem> {
    let Some(authenticator) = app.authenticator() else { return Ok((request, None)) };
    let route = request.extensions().get::<MatchedPath>();
    if route.is_none_or(|route| is_open(route.as_str())) {
        return Ok((request, None));
    }
    let Shown { credential, is_key } = shown(app, &request)?;
    let address = request.extensions().get::<ClientIp>().map(|client| client.0);
    let checked = authenticator.check(credential, address, app.engine().wall()).await;
    match checked.map_err(RuntimeError::from)? {
        Checked::Known(principal) => {
            request.extensions_mut().insert(Arc::clone(&principal));
            Ok((request, Some(principal)))
        }
        Checked::Unknown if !is_key => Err(Problem::new(
            ProblemKind::NotSignedIn,
            "You are not signed in any more: the sign-in has expired or was ended, or your role or password has changed. Sign in again.",
        )),
        Checked::Unknown => Err(Problem::new(
            ProblemKind::NotSignedIn,
            "The API key is not valid: it was deleted, has expired, or may not be used from this address, or its owner is \
             disabled. Use another one.",
        )),
        Checked::TooFast(wait) => {
            let what = if is_key {
                "Too many requests were made with this API key"
            } else {
                "Too many requests were made by your browser"
            };
            Err(too_many(wait, what, "Others are not limited by that."))
        }
        Checked::TooMany => Err(Problem::new(
            ProblemKind::TooManyAttempts,
            "Too many API keys and sign-ins from this address were not valid. Correct the key, or sign in again, and try again in a minute.",
        )),
    }
}

/// Returns the problem of a request that shows nothing.
pub(crate) fn not_signed_in() -> Problem {
    Problem::new(
        ProblemKind::NotSignedIn,
        "This server asks who you are. Sign in, or send an API key as `Authorization: Bearer sf_live_…`.",
    )
}

/// What a request shows.
struct Shown {
    credential: CredentialHash,
    /// Whether it is an API key, and not a cookie.
    is_key: bool,
}

/// Returns what a request shows: the header counts, if there is one.
fn shown(app: &App, request: &Request) -> Result<Shown, Problem> {
    let headers = request.headers();
    if headers.contains_key(header::AUTHORIZATION) {
        return Ok(Shown { credential: key(headers)?, is_key: true });
    }
    let token = cookie::sign_in(request.method(), headers, app.is_secure())?.ok_or_else(not_signed_in)?;
    Ok(Shown { credential: token.hash(CredentialKind::SignIn), is_key: false })
}

/// Returns the API key that a request shows.
fn key(headers: &HeaderMap) -> Result<CredentialHash, Problem> {
    let mut given = headers.get_all(header::AUTHORIZATION).into_iter();
    let (Some(first), None) = (given.next(), given.next()) else { return Err(not_signed_in()) };
    let key = bearer(first).ok_or_else(not_signed_in)?;
    let token = Token::read_api_key(key).map_err(|_| {
        Problem::new(
            ProblemKind::NotSignedIn,
            "What was sent is no API key: one begins with `sf_live_`, and has 57 characters. Copy it again, whole.",
        )
    })?;
    Ok(token.hash(CredentialKind::Key))
}

fn bearer(header: &HeaderValue) -> Option<&str> {
    let (scheme, key) = header.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim_start_matches(' '))
}

/// Ends a stream with the credential that it was begun with, and where it was begun by a role in a folder, with that. Other answers are not long enough.
pub(crate) fn while_it_holds(
    app: &App,
    principal: &Principal,
    held: Option<Held>,
    response: Response,
) -> Response {
    let is_stream = |kind: &HeaderValue| kind.as_bytes().starts_with(b"text/event-stream");
    let Some(authenticator) = app.authenticator() else { return response };
    if !response.headers().get(header::CONTENT_TYPE).is_some_and(is_stream) {
        return response;
    }
    let ended = authenticator.ended(principal.credential);
    let ended: Pin<Box<dyn Future<Output = ()> + Send>> = match held {
        None => Box::pin(ended),
        Some(held) => {
            let moved = held.moved(app.clone());
            Box::pin(async { drop(select(Box::pin(ended), Box::pin(moved)).await) })
        }
    };
    response.map(|body| Body::new(WhileItHolds { body, ended }))
}

/// The body of a stream, which ends with the credential.
struct WhileItHolds {
    body: Body,
    ended: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl HttpBody for WhileItHolds {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.ended.as_mut().poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn a_key_is_shown_in_one_header_of_its_own() {
        let key = Token::new([7; 32]).api_key();
        let bearer = format!("Bearer {key}");

        for value in [&*bearer, &format!("bearer  {key}")] {
            let hash = Token::new([7; 32]).hash(CredentialKind::Key);
            assert_eq!(super::key(&headers(&[value])).unwrap(), hash);
        }
        let basic = format!("Basic {key}");
        let more = format!("{bearer}x");
        let listed = format!("{bearer},{bearer}");
        for value in [&*basic, &*key, &*more, &*listed, "Bearer", ""] {
            assert!(super::key(&headers(&[value])).is_err(), "{value}");
        }
        assert!(super::key(&headers(&[])).is_err());
        assert!(super::key(&headers(&[&bearer, &bearer])).is_err(), "which one is meant, nobody knows");
    }
}
