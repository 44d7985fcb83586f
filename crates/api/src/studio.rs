//! The studio: files that were built into the binary, or a page that says how to get along without them.

use axum::Extension;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
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

/// Returns whether the studio was built in.
pub(crate) fn is_there() -> bool {
    Files::get("index.html").is_some()
}

/// Answers everything that is no endpoint: a file of the studio or, for an address inside it, its page.
pub(crate) async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    if path.starts_with("api/") || path == "api" || !matches!(method, Method::GET | Method::HEAD) {
        let detail = "There is nothing at this address. GET /api/docs shows what there is.";
        return Problem::new(ProblemKind::NoSuchRoute, detail).into_response();
    }
    if let Some(file) = Files::get(path).filter(|_| path != "index.html") {
        return asset(path, file, &headers);
    }
    let is_missing_asset = path.starts_with("assets/");
    match Files::get("index.html") {
        Some(page) if !is_missing_asset => {
            let mut response = studio_page(&page.data);
            // Its address is a secret.
            if path.starts_with("decide/") {
                response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            }
            response
        }
        Some(_) => Problem::new(ProblemKind::NoSuchRoute, "The studio has no such file.").into_response(),
        None => page_without_studio(path),
    }
}

fn asset(path: &str, file: EmbeddedFile, request: &HeaderMap) -> Response {
    let kind = file.metadata.mimetype().to_owned();
    // Built files bear a hash of their content in their name.
    let keep = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, keep.to_owned())];
    // Scripts and styles have a compressed copy beside them.
    match Files::get(&format!("{path}.gz")) {
        Some(copy) if accepts_gzip(request) => {
            let encoding = [(header::CONTENT_ENCODING, "gzip"), (header::VARY, "accept-encoding")];
            (headers, encoding, Extension(Resident), copy.data).into_response()
        }
        _ => (headers, Extension(Resident), file.data).into_response(),
    }
}

/// Whether a request names gzip among the encodings that it accepts, and not with the weight 0.
pub(crate) fn accepts_gzip(request: &HeaderMap) -> bool {
    let lists = request.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|entry| {
        let (encoding, weight) = entry.split_once(';').unwrap_or((entry, "q=1"));
        let weight = weight.trim().strip_prefix("q=").and_then(|weight| weight.parse::<f32>().ok());
        encoding.trim().eq_ignore_ascii_case("gzip") && weight.is_some_and(|weight| weight > 0.0)
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_sent_only_to_those_who_accept_it() {
        let accepts = |list: &'static str| {
            accepts_gzip(&HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(list))]))
        };

        for list in ["gzip", "br, GZIP;q=0.5", "identity;q=0,gzip ; q=1.0"] {
            assert!(accepts(list), "{list}");
        }
        for list in ["", "br", "gzip;q=0", "gzip;q=0.000, br", "x-gzip-like", "gzip;level=1"] {
            assert!(!accepts(list), "{list}");
        }
        assert!(!accepts_gzip(&HeaderMap::new()));
    }
}
