//! All routes, and what comes before each of them: who may ask, what is counted, what is logged.

use std::any::Any;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};

use crate::app::App;
use crate::problem::{Cause, Problem, ProblemKind};
use crate::query::WithoutQuery;
use crate::routes::openapi::Document;
use crate::{cors, openapi, routes, studio, unread};

/// Returns the whole server: API, studio, health and metrics.
pub fn router(app: App) -> Router {
    let (routes, document) = routes::all().split_for_parts();
    let without_query = WithoutQuery::of(&document);
    let worth_it = SizeAbove::new(1_024).and(NotForContentType::new("text/event-stream"));
    let origins = app.allowed_origins().to_vec();
    let router = routes
        .fallback(studio::serve)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_fn_with_state(without_query, refuse_query))
        .layer(Extension(Document(openapi::text)))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(app.clone(), guard))
        .layer(from_fn_with_state(app.clone(), count))
        .layer(from_fn(log))
        .layer(from_fn(unread::discard))
        .layer(from_fn(harden))
        .layer(CompressionLayer::new().gzip(true).compress_when(worth_it))
        .with_state(app);
    if origins.is_empty() { router } else { router.layer(cors::layer(&origins)) }
}

/// Refuses what was not sent to us, or by a page that is not ours, before anything is read of it.
async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    match app.allowed_hosts().check(request.method(), request.uri(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

/// Refuses a query where there are no query parameters.
async fn refuse_query(State(without): State<WithoutQuery>, request: Request, next: Next) -> Response {
    match without.check(&request) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

/// Counts every answer by the route that gave it.
async fn count(State(app): State<App>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("other", MatchedPath::as_str).to_owned();
    let method = request.method().to_string();
    let response = next.run(request).await;
    app.metrics().answered(method, route, response.status().as_u16());
    response
}

/// Logs what went wrong inside, once.
async fn log(request: Request, next: Next) -> Response {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let response = next.run(request).await;
    if is_ours(response.status()) {
        let cause = response.extensions().get::<Cause>().map_or("", |cause| &cause.0);
        let status = response.status().as_u16();
        tracing::error!(http.method = %method, http.path = path, http.status = status, cause, "a request failed");
    }
    response
}

/// Returns whether a request failed because of this server, and not because of a service that it called.
fn is_ours(status: StatusCode) -> bool {
    let is_of_service = matches!(status, StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT);
    status.is_server_error() && !is_of_service
}

/// Makes browsers trust nothing that did not come from here.
async fn harden(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
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
    response
}

async fn method_not_allowed() -> Problem {
    Problem::new(
        ProblemKind::MethodNotAllowed,
        "This address does not take that method; the header Allow says which it takes.",
    )
}

fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response {
    let said = panic.downcast_ref::<String>().cloned();
    let said = said.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    let problem =
        Problem::new(ProblemKind::Internal, "Something went wrong inside the server; its log says what.");
    problem.caused_by(format!("panic: {}", said.unwrap_or_default())).into_response()
}
