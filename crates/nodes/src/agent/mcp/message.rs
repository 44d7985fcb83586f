//! JSON-RPC, as MCP uses it.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::json::{self, RepeatedKeys};
use steadflow_core::payload::Payload;

use crate::status::kept_json;
use crate::texts;

/// The protocol without sessions that is spoken.
pub(super) const MODERN_VERSION: &str = "2026-07-28";
/// The newest protocol with a handshake, which is offered in it.
pub(super) const HANDSHAKE_VERSION: &str = "2025-11-25";
/// Those that a server may choose instead.
pub(super) const HANDSHAKE_VERSIONS: [&str; 4] =
    [HANDSHAKE_VERSION, "2025-06-18", "2025-03-26", "2024-11-05"];

/// The protocol version, or what a request needs beside it, is not what the server wants (2026-07-28).
const MODERN_ERRORS: std::ops::RangeInclusive<i64> = -32022..=-32020;
/// Errors of a server that may pass: internal ones, and those that a server defines.
const PASSING_ERRORS: std::ops::RangeInclusive<i64> = -32099..=-32000;
const INTERNAL_ERROR: i64 = -32603;
const METHOD_NOT_FOUND: i64 = -32601;
const RESOURCE_NOT_FOUND: i64 = -32002;
const URL_ELICITATION_REQUIRED: i64 = -32042;

/// Maximum number of characters of what a server says in a message.
const CHARS_MAX: usize = 1_000;

/// Returns who is calling.
pub(super) fn client_info() -> Value {
    json!({ "name": "steadflow", "version": env!("CARGO_PKG_VERSION") })
}

pub(super) fn request(id: u64, method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
}

pub(super) fn notification(method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "method": method, "params": params })
}

/// Adds what each request says of itself in [`MODERN_VERSION`].
pub(super) fn with_meta(params: Value) -> Value {
    let mut params = match params {
        Value::Object(params) => params,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
    };
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": MODERN_VERSION,
        "io.modelcontextprotocol/clientInfo": client_info(),
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    params.insert("_meta".to_owned(), meta);
    Value::Object(params)
}

/// Something that a server sends.
#[derive(Debug, PartialEq)]
pub(super) enum Message {
    /// The response to our request, exactly as it was sent.
    Response(Result<Payload, RpcError>),
    /// A request of the server, with its ID.
    Question { id: Value, is_ping: bool },
    /// Anything else: a notification, or a response to something else.
    Other,
}

/// The error of a response.
#[derive(Debug, PartialEq)]
pub(super) struct RpcError {
    pub(super) code: i64,
    message: String,
    whole: Value,
}

/// The fields of an object, each as it was sent.
pub(super) type Fields = BTreeMap<String, Payload>;

/// Reads one message, or several in a list, of a server that was sent the request `id`.
///
/// # Errors
/// This is not JSON.
pub(super) fn read(text: &[u8], id: u64) -> Result<Vec<Message>, serde_json::Error> {
    let text = json::without_mark(text);
    json::check(text, RepeatedKeys::LastCounts)?;
    if let Ok(one) = serde_json::from_slice::<Fields>(text) {
        return Ok(vec![Message::read(one, id)]);
    }
    let several = serde_json::from_slice::<Vec<Fields>>(text).unwrap_or_default();
    Ok(several.into_iter().map(|one| Message::read(one, id)).collect())
}

impl Message {
    fn read(mut sent: Fields, id: u64) -> Self {
        let theirs = sent.get("id").map(value_of).unwrap_or_default();
        if let Some(method) = sent.get("method") {
            let is_ping = value_of(method) == "ping";
            return if theirs.is_null() { Self::Other } else { Self::Question { id: theirs, is_ping } };
        }
        let is_ours = theirs.as_u64() == Some(id);
        if let Some(error) = sent.get("error") {
            // An error need not say what it is about, if the server could not read it.
            return if is_ours || theirs.is_null() {
                Self::Response(Err(RpcError::read(value_of(error))))
            } else {
                Self::Other
            };
        }
        match sent.remove("result") {
            Some(result) if is_ours => Self::Response(Ok(result)),
            Some(_) | None => Self::Other,
        }
    }
}

/// Returns the value of what was checked as it came in.
pub(super) fn value_of(checked: &Payload) -> Value {
    checked.to_value().unwrap_or_default()
}

impl RpcError {
    fn read(error: Value) -> Self {
        let code = error.get("code").and_then(Value::as_i64).unwrap_or_default();
        let message = error.get("message").and_then(Value::as_str).unwrap_or("it does not say why");
        Self { code, message: shortened(message), whole: error }
    }

    /// Returns the failure of a request of `method`.
    pub(super) fn failure(&self, peer: &str, method: &str) -> Failure {
        let Self { code, message, whole } = self;
        let end = if message.ends_with(['.', '!', '?', '…']) { "" } else { "." };
        let message = format!("{peer} refused `{method}` with the JSON-RPC error {code}: {message}{end}");
        let body = kept_json(Payload::from_value(whole));
        Failure { body, ..Failure::new(class_of(*code), message) }
    }
}

fn class_of(code: i64) -> ErrorClass {
    match code {
        RESOURCE_NOT_FOUND | URL_ELICITATION_REQUIRED => ErrorClass::Rejected,
        _ if is_modern(code) => ErrorClass::Rejected,
        INTERNAL_ERROR => ErrorClass::Unavailable,
        _ if PASSING_ERRORS.contains(&code) => ErrorClass::Unavailable,
        _ => ErrorClass::Rejected,
    }
}

/// Returns whether only servers of [`MODERN_VERSION`] and later send this error.
pub(super) fn is_modern(code: i64) -> bool {
    MODERN_ERRORS.contains(&code)
}

/// Returns the answer to a request of a server. It was told that nothing but `ping` is understood.
pub(super) fn answer(id: &Value, is_ping: bool) -> Value {
    if is_ping {
        return json!({ "jsonrpc": "2.0", "id": id, "result": {} });
    }
    let error = json!({ "code": METHOD_NOT_FOUND, "message": "Steadflow answers no requests of servers" });
    json!({ "jsonrpc": "2.0", "id": id, "error": error })
}

pub(super) fn shortened(text: &str) -> String {
    texts::shortened(text, CHARS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_told_apart() {
        let error = |code: i64| {
            let whole = json!({ "code": code, "message": "no" });
            Message::Response(Err(RpcError { code, message: "no".into(), whole }))
        };
        let result = |text: &str| Message::Response(Ok(Payload::parse(text.to_owned()).unwrap()));
        for (sent, read_as) in [
            (r#"{"id":7,"result":{"a": 1.50}}"#, result(r#"{"a": 1.50}"#)),
            (r#"{"id":7,"result":null}"#, result("null")),
            (r#"{"id":8,"result":{}}"#, Message::Other),
            (r#"{"id":"7","result":{}}"#, Message::Other),
            (r#"{"id":7,"error":{"code":-32602,"message":"no"}}"#, error(-32602)),
            (r#"{"error":{"code":-32700,"message":"no"}}"#, error(-32700)),
            (r#"{"id":null,"error":{"code":-1,"message":"no"}}"#, error(-1)),
            (r#"{"id":8,"error":{"code":1,"message":"no"}}"#, Message::Other),
            (r#"{"id":7,"method":"ping"}"#, Message::Question { id: json!(7), is_ping: true }),
            (r#"{"id":"x","method":"roots/list"}"#, Message::Question { id: json!("x"), is_ping: false }),
            (r#"{"method":"notifications/progress"}"#, Message::Other),
            ("{}", Message::Other),
        ] {
            assert_eq!(read(sent.as_bytes(), 7).unwrap(), [read_as], "{sent}");
        }
        let several = br#"[{"method":"notifications/message"},{"id":7,"result":1}]"#;
        assert_eq!(read(several, 7).unwrap(), [Message::Other, result("1")]);
        assert_eq!(read(b"5", 7).unwrap(), []);
        assert!(read(b"{", 7).is_err() && read(br#"{"id":7,"result":"\ud800"}"#, 7).is_err());
    }

    #[test]
    fn the_class_of_an_error_says_whether_it_may_pass() {
        for (code, class) in [
            (-32603, ErrorClass::Unavailable),
            (-32000, ErrorClass::Unavailable),
            (-32099, ErrorClass::Unavailable),
            (-32002, ErrorClass::Rejected),
            (-32020, ErrorClass::Rejected),
            (-32022, ErrorClass::Rejected),
            (-32042, ErrorClass::Rejected),
            (-32601, ErrorClass::Rejected),
            (-32602, ErrorClass::Rejected),
            (-32700, ErrorClass::Rejected),
            (5, ErrorClass::Rejected),
        ] {
            let failure =
                RpcError::read(json!({ "code": code, "message": "no" })).failure("a.test", "tools/call");

            assert_eq!(failure.class, class, "{code}");
            assert_eq!(
                failure.message,
                format!("a.test refused `tools/call` with the JSON-RPC error {code}: no.")
            );
        }
    }
}
