//! All routes, and what surrounds each of them: who may ask, what is counted, what is logged.
//!
//! It is one layer. Each further one costs an allocation and a move of all that is inside it for every request.

use std::any::Any;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::Router;
use axum::body::HttpBody;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use steadflow_core::access::Principal;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};

use crate::app::App;
use crate::audited::{Audited, Auditing, made};
use crate::authenticate::{authenticate, while_it_holds};
use crate::client_address::{ClientAddress, ClientIp};
use crate::heavy::Marked;
use crate::held::Held;
use crate::problem::{Cause, Problem, ProblemKind};
use crate::query::WithoutQuery;
use crate::{body, cors, heavy, openapi, routes, studio, unread};

/// Returns the whole server: API, studio, health and metrics.
pub fn router(app: App) -> Router {
    let (routes, document) = routes::all(openapi::DOCUMENT).split_for_parts();
    let (without_query, marked) = (WithoutQuery::of(&document), Marked::of(&document));
    let audited = Audited::of(&document);
    let gate = Gate { app: app.clone(), without_query, marked, audited };
    let worth_it = SizeAbove::new(1_024).and(NotForContentType::new("text/event-stream")).and(NotLong);
    let compression = CompressionLayer::new().gzip(true).compress_when(worth_it);
    let origins = app.allowed_origins().to_vec();
    let router = routes
        .fallback(studio::serve)
        .method_not_allowed_fallback(method_not_allowed)
        .layer((compression, from_fn_with_state(gate, surround)))
        .with_state(app);
    if origins.is_empty() { router } else { router.layer(cors::layer(&origins)) }
}

/// Answers are compressed where others wait: those up to this length, in bytes, within a few milliseconds.
const COMPRESSED_BYTES_MAX: u64 = 512 * 1024;

/// What is not too long to be compressed.
#[derive(Clone, Copy, Debug)]
struct NotLong;

impl Predicate for NotLong {
    fn should_compress<B: HttpBody>(&self, response: &Response<B>) -> bool {
        response.body().size_hint().lower() <= COMPRESSED_BYTES_MAX
    }
}

/// Routes whose requests are not counted.
const UNCOUNTED: [&str; 2] = ["/healthz", "/readyz"];

/// What is checked before a handler is called.
#[derive(Clone, Debug)]
struct Gate {
    app: App,
    without_query: WithoutQuery,
    marked: Marked,
    audited: Audited,
}

impl Gate {
    /// Notes where the client is, if a proxy has sent the request.
    fn locate(&self, request: &mut Request) {
        let Some(proxies) = self.app.proxies() else { return };
        let Some(ClientIp(peer)) = request.extensions().get().copied() else { return };
        let client = proxies.client(peer, request.headers());
        request.extensions_mut().insert(ClientIp(client));
        request.extensions_mut().insert(ClientAddress::from(client));
    }

    /// Returns a request with who it comes from, where that matters, before anything is read of its body.
    async fn let_in(&self, request: Request) -> Result<(Request, Option<Arc<Principal>>), Problem> {
        self.count(&request)?;
        self.check(&request)?;
        authenticate(&self.app, request).await
    }

    /// Counts a request that was refused because of who has made it.
    fn count_refusal(
        &self,
        principal: &Principal,
        client: Option<IpAddr>,
        asked: &Asked,
        status: StatusCode,
    ) {
        if status != StatusCode::FORBIDDEN {
            return;
        }
        let operation = (&asked.method, asked.route());
        let refusal = self.audited.refusal(principal, client, operation, status);
        refusal.into_iter().for_each(|refusal| self.app.refusals().count(refusal));
    }

    /// Counts a request of its address. Whether the server is well may be asked as often as somebody likes.
    fn count(&self, request: &Request) -> Result<(), Problem> {
        let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
        if route.is_some_and(|route| UNCOUNTED.contains(&route)) {
            return Ok(());
        }
        let address = request.extensions().get().copied().unwrap_or_default();
        self.app.address_rates().check(address)
    }

    /// Refuses what was not sent to us, or by a page that is not ours, before anything is read of it; and a query where
    /// there are no query parameters.
    fn check(&self, request: &Request) -> Result<(), Problem> {
        self.app.allowed_hosts().check(request.method(), request.uri(), request.headers())?;
        self.without_query.check(request)
    }
}

/// Answers a request: lets a handler do it, unless the gate refuses, then counts, logs and hardens the answer.
async fn surround(State(gate): State<Gate>, mut request: Request, next: Next) -> Response {
    gate.locate(&mut request);
    let asked = Asked::of(&request);
    let address = request.extensions().get().copied().unwrap_or_default();
    let client = request.extensions().get::<ClientIp>().map(|client| client.0);
    let (request, rest) = unread::lend(request);
    let mut response = match gate.let_in(request).await {
        Ok((mut request, principal)) => {
            let held =
                principal.as_ref().filter(|principal| !principal.grants.is_empty()).map(|_| Held::default());
            if let Some(held) = &held {
                request.extensions_mut().insert(held.clone());
            }
            let auditing = gate.audited.mark(&mut request);
            let answer = if let Some(heavy) = heavy::of(&request, &gate.marked) {
                let request = body::read_ahead(request, &gate.app).await;
                let answer = AssertUnwindSafe(next.run(request)).catch_unwind();
                gate.app.heavy_turns().run(heavy, answer).await
            } else {
                Ok(AssertUnwindSafe(next.run(request)).catch_unwind().await)
            };
            let response = match answer {
                Ok(answer) => answer.unwrap_or_else(panicked),
                Err(busy) => Problem::from(busy).into_response(),
            };
            let is_in_log = auditing.as_ref().is_some_and(Auditing::is_added);
            if let Some(auditing) = auditing {
                auditing.outcome(&gate.app, response.status(), made(&response)).await;
            }
            match principal {
                Some(principal) => {
                    if !is_in_log {
                        gate.count_refusal(&principal, client, &asked, response.status());
                    }
                    while_it_holds(&gate.app, &principal, held, response)
                }
                None => response,
            }
        }
        Err(problem) => problem.into_response(),
    };
    rest.discard();
    response = gate.app.backlog(address).hold_response(response);
    gate.app.metrics().answered(&asked.method, asked.route(), response.status());
    asked.log(&response);
    harden(response.headers_mut(), gate.app.is_https_only());
    response
}

/// What of a request is needed when it has been answered.
struct Asked {
    method: Method,
    uri: Uri,
    matched: Option<MatchedPath>,
}

impl Asked {
    fn of(request: &Request) -> Self {
        Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
            matched: request.extensions().get().cloned(),
        }
    }

    /// Returns the path with placeholders, so that there are few of them.
    fn route(&self) -> &str {
        self.matched.as_ref().map_or("other", MatchedPath::as_str)
    }

    /// Logs what went wrong inside, once. A refusal that is meant, such as that of a start without room, has no cause, and
    /// comes too often to be logged.
    fn log(&self, response: &Response) {
        let cause = response.extensions().get::<Cause>().map(|cause| cause.0.as_str());
        if !is_ours(response.status()) || (is_refusal(response.status()) && cause.is_none()) {
            return;
        }
        let cause = cause.unwrap_or_default();
        let path = logged_path(self.route(), self.uri.path());
        let (method, status) = (&self.method, response.status().as_u16());
        tracing::error!(http.method = %method, http.path = path, http.status = status, cause, "a request failed");
    }
}

/// Returns a path as logs have it: without the token of a link, which is a secret.
fn logged_path<'a>(route: &'a str, path: &'a str) -> &'a str {
    if route.contains("{token}") {
        route
    } else if path.starts_with("/decide/") {
        "/decide/{token}"
    } else if path.starts_with("/join/") {
        "/join/{token}"
    } else {
        path
    }
}

/// Returns whether a request failed because of this server, and not because of a service that it called.
fn is_ours(status: StatusCode) -> bool {
    let is_of_service = matches!(status, StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT);
    status.is_server_error() && !is_of_service
}

const fn is_refusal(status: StatusCode) -> bool {
    matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::INSUFFICIENT_STORAGE)
}

/// Makes browsers trust nothing that did not come from here.
fn harden(headers: &mut HeaderMap, is_https_only: bool) {
    let policy =
        "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'";
    let mut default = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    default(header::CONTENT_SECURITY_POLICY, policy);
    default(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    default(header::REFERRER_POLICY, "no-referrer");
    default(header::X_FRAME_OPTIONS, "DENY");
    default(header::CACHE_CONTROL, "no-store");
    if is_https_only {
        default(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
}

async fn method_not_allowed() -> Problem {
    Problem::new(
        ProblemKind::MethodNotAllowed,
        "This address does not take that method; the header Allow says which it takes.",
    )
}

fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let said = panic.downcast_ref::<String>().cloned();
    let said = said.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    let problem =
        Problem::new(ProblemKind::Internal, "Something went wrong inside the server; its log says what.");
    problem.caused_by(format!("panic: {}", said.unwrap_or_default())).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_of_a_link_is_not_logged() {
        let route = "/api/v1/decisions/{token}";

        assert_eq!(logged_path(route, "/api/v1/decisions/canary"), route);
        assert_eq!(logged_path("", "/decide/canary"), "/decide/{token}");
        assert_eq!(logged_path("", "/join/canary"), "/join/{token}");
        assert_eq!(
            logged_path("/api/v1/studio/flows/{id}", "/api/v1/studio/flows/7"),
            "/api/v1/studio/flows/7"
        );
    }
}
