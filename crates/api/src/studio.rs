//! The studio: files that were built into the binary, or a page that says how to get along without them.

use axum::Extension;
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};
use uuid::Uuid;

use crate::backlog::Resident;
use crate::problem::{Problem, ProblemKind};

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../ui/dist"]
#[allow_missing = true]
struct Files;

/// The placeholder in the studio's page for the nonce of an answer.
const NONCE_PLACE: &str = "__CSP_NONCE__";

/// Answers everything that is no endpoint: a file of the studio or, for an address inside it, its page.
pub(crate) async fn serve(method: Method, uri: Uri) -> Response {
    let path = uri.path().trim_start_matches('/');
    if path.starts_with("api/") || path == "api" || !matches!(method, Method::GET | Method::HEAD) {
        let detail = "There is nothing at this address. GET /api/docs shows what there is.";
        return Problem::new(ProblemKind::NoSuchRoute, detail).into_response();
    }
    if let Some(file) = Files::get(path).filter(|_| path != "index.html") {
        return asset(path, file);
    }
    let is_missing_asset = path.starts_with("assets/");
    match Files::get("index.html") {
        Some(page) if !is_missing_asset => studio_page(&page.data),
        Some(_) => Problem::new(ProblemKind::NoSuchRoute, "The studio has no such file.").into_response(),
        None => page_without_studio(path),
    }
}

fn asset(path: &str, file: EmbeddedFile) -> Response {
    let kind = file.metadata.mimetype().to_owned();
    // Built files bear a hash of their content in their name.
    let keep = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, keep.to_owned())];
    (headers, Extension(Resident), file.data).into_response()
}

/// The studio's page. Style elements that its scripts make need the nonce of this very answer.
fn studio_page(page: &[u8]) -> Response {
    let nonce = Uuid::now_v7().simple().to_string();
    let html = String::from_utf8_lossy(page).replace(NONCE_PLACE, &nonce);
    let policy = format!(
        "default-src 'self'; style-src 'self' 'nonce-{nonce}'; style-src-attr 'unsafe-inline'; img-src 'self' data:; \
         object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'"
    );
    let mut response = html_page(html);
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

fn page_without_studio(path: &str) -> Response {
    if !path.is_empty() {
        return Problem::new(ProblemKind::NoSuchRoute, "There is nothing at this address.").into_response();
    }
    html_page(include_str!("studio/without.html").to_owned())
}

fn html_page(html: String) -> Response {
    let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")];
    (StatusCode::OK, headers, html).into_response()
}
