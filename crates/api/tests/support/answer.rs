//! Answers, as tests look at them.

use axum::body::to_bytes;
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::Value;

/// The largest answer that a test reads.
const BYTES_MAX: usize = 64 * 1024 * 1024;

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// Null where the body is not JSON.
    pub(crate) body: Value,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) async fn read(response: Response) -> Self {
        let (head, body) = response.into_parts();
        let bytes = to_bytes(body, BYTES_MAX).await.expect("the body comes to its end");
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let body = serde_json::from_str(&text).unwrap_or_default();
        Self { status: head.status.as_u16(), headers: head.headers, body, text }
    }

    /// Checks the status and gives the body.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.body
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("headers are texts"))
    }

    /// Returns the address of the next page, if there is one.
    pub(crate) fn next(&self) -> Option<String> {
        let link = self.header("link")?;
        let address = link.strip_prefix('<').and_then(|link| link.strip_suffix(">; rel=\"next\""));
        Some(address.unwrap_or_else(|| panic!("`{link}` names no next page")).to_owned())
    }

    /// Checks that this is a problem with all its parts, and returns it as text: `404 no-such-flow: There is no flow …`, and a
    /// line for each fault of a document.
    #[track_caller]
    pub(crate) fn problem(&self) -> String {
        let body = &self.body;
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{}", self.text);
        assert_eq!(body["status"], self.status, "{}", self.text);
        assert!(body["title"].as_str().is_some_and(|title| !title.is_empty()), "{}", self.text);
        let kind = body["type"].as_str().and_then(|kind| kind.strip_prefix("/docs/problems#"));
        let kind = kind.unwrap_or_else(|| panic!("the type names no section of the page: {}", self.text));
        let mut lines =
            vec![format!("{} {kind}: {}", self.status, body["detail"].as_str().unwrap_or_default())];
        for error in body["errors"].as_array().into_iter().flatten() {
            let part = |key: &str| error[key].as_str().unwrap_or_default().to_owned();
            lines.push(format!("  {}: {}", part("pointer"), part("message")));
        }
        without_ids(&lines.join("\n"))
    }
}

/// Returns JSON for people to read, with `[id 1]`, `[id 2]`, … in place of the ids.
pub(crate) fn readable(value: &Value) -> String {
    without_ids(&format!("{value:#}"))
}

fn without_ids(text: &str) -> String {
    let mut seen: Vec<&str> = Vec::new();
    let mut readable = String::new();
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        if let Some(id) = rest.get(..36).filter(|start| is_id(start)) {
            let number = seen.iter().position(|known| *known == id).unwrap_or_else(|| {
                seen.push(id);
                seen.len() - 1
            });
            readable.push_str(&format!("[id {}]", number + 1));
            rest = &rest[36..];
        } else {
            readable.push(character);
            rest = &rest[character.len_utf8()..];
        }
    }
    readable
}

fn is_id(text: &str) -> bool {
    text.char_indices().all(|(at, character)| match at {
        8 | 13 | 18 | 23 => character == '-',
        _ => character.is_ascii_hexdigit(),
    })
}
