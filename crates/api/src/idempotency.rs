//! `Idempotency-Key`: the same call twice does its work once.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderName, Method, Uri};
use sha2::{Digest, Sha256};
use steadflow_runtime::RequestKey;

use crate::app::App;
use crate::problem::{Problem, ProblemKind};

/// The header with the key.
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const CHARS_MAX: usize = 255;

/// The request's key, if it has one.
#[derive(Debug)]
pub(crate) struct IdempotencyKey(Option<Keyed>);

#[derive(Debug)]
struct Keyed {
    key: String,
    method: Method,
    uri: Uri,
}

impl FromRequestParts<App> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        let mut values = parts.headers.get_all(IDEMPOTENCY_KEY).iter();
        let Some(value) = values.next() else { return Ok(Self(None)) };
        let is_visible = |byte: &u8| (0x20..0x7f).contains(byte);
        let key = value.to_str().unwrap_or_default();
        let fits = (1..=CHARS_MAX).contains(&key.len()) && key.as_bytes().iter().all(is_visible);
        if !fits || values.next().is_some() {
            let detail = format!("Idempotency-Key must be one text of 1 to {CHARS_MAX} ASCII characters.");
            return Err(Problem::new(ProblemKind::InvalidParameter, detail));
        }
        let (method, uri) = (parts.method.clone(), parts.uri.clone());
        Ok(Self(Some(Keyed { key: key.to_owned(), method, uri })))
    }
}

impl IdempotencyKey {
    /// Binds the key to what is asked: method, path and body. The query is left out: it says how to answer.
    pub(crate) fn with_body(self, body: &[u8]) -> Option<RequestKey> {
        let Keyed { key, method, uri } = self.0?;
        let mut hash = Sha256::new();
        for part in [method.as_str().as_bytes(), uri.path().as_bytes(), body] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Some(RequestKey { key: key.into(), hash: hash.finalize().into() })
    }
}
