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

/// The extension by which a server does a call as a task.
const TASKS: &str = "io.modelcontextprotocol/tasks";

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

/// Returns what each request of [`MODERN_VERSION`] says of itself.
pub(super) fn meta() -> Map<String, Value> {
    Map::from_iter([
        ("io.modelcontextprotocol/protocolVersion".to_owned(), MODERN_VERSION.into()),
        ("io.modelcontextprotocol/clientInfo".to_owned(), client_info()),
        (
            "io.modelcontextprotocol/clientCapabilities".to_owned(),
            json!({ "elicitation": { "form": {} }, "extensions": { TASKS: {} } }),
        ),
    ])
}

/// Adds what a request says of itself.
pub(super) fn with_meta(params: Value, meta: Map<String, Value>) -> Value {
    let mut params = match params {
        Value::Object(params) => params,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
    };
    params.insert("_meta".to_owned(), Value::Object(meta));
    Value::Object(params)
}

/// Returns what the handshake of earlier protocols says.
pub(super) fn handshake() -> Value {
    json!({ "protocolVersion": HANDSHAKE_VERSION, "capabilities": {}, "clientInfo": client_info() })
}

/// Returns the version that a server has chosen in the handshake.
///
/// # Errors
/// A failure of class `rejected` if it is not known; `hint` says what to check.
pub(super) fn chosen_version(result: &Payload, peer: &str, hint: &str) -> Result<String, Failure> {
    let result = value_of(result);
    let version = result["protocolVersion"].as_str().unwrap_or_default();
    if HANDSHAKE_VERSIONS.contains(&version) {
        return Ok(version.to_owned());
    }
    let shown = shortened(version);
    let message = format!(
        "{peer} is no MCP server, or speaks a version of MCP that is not known here: `{shown}`. {hint}"
    );
    Err(Failure::new(ErrorClass::Rejected, message))
}

/// Returns whether a server that was asked what it speaks has named [`MODERN_VERSION`].
pub(super) fn is_modern_server(found: &Payload) -> bool {
    let found = value_of(found);
    found["supportedVersions"].as_array().is_some_and(|all| all.iter().any(|one| one == MODERN_VERSION))
}

/// Something that a server sends.
#[derive(Debug, PartialEq)]
pub(super) enum Message {
    /// The response to the request with this number, exactly as it was sent; an error need not say to which.
    Response(Option<u64>, Result<Payload, RpcError>),
    /// A request of the server, with its ID and its method.
    Question { id: Value, method: String },
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

/// Reads one message, or several in a list.
///
/// # Errors
/// This is not JSON.
pub(super) fn read(text: &[u8]) -> Result<Vec<Message>, serde_json::Error> {
    let text = json::without_mark(text);
    json::check(text, RepeatedKeys::LastCounts)?;
    if let Ok(one) = serde_json::from_slice::<Fields>(text) {
        return Ok(vec![Message::read(one)]);
    }
    let several = serde_json::from_slice::<Vec<Fields>>(text).unwrap_or_default();
    Ok(several.into_iter().map(Message::read).collect())
}

impl Message {
    fn read(mut sent: Fields) -> Self {
        let theirs = sent.get("id").map(value_of).unwrap_or_default();
        if let Some(method) = sent.get("method") {
            let method = shortened(value_of(method).as_str().unwrap_or_default());
            return if theirs.is_null() { Self::Other } else { Self::Question { id: theirs, method } };
        }
        let id = theirs.as_u64();
        if let Some(error) = sent.get("error") {
            // An error need not say what it is about, if the server could not read it.
            return if id.is_some() || theirs.is_null() {
                Self::Response(id, Err(RpcError::read(value_of(error))))
            } else {
                Self::Other
            };
        }
        match sent.remove("result") {
            Some(result) if id.is_some() => Self::Response(id, Ok(result)),
            Some(_) | None => Self::Other,
        }
    }

    /// Returns the response to the request `id`, if this is one and no other is under way.
    pub(super) fn response_to(self, id: u64) -> Option<Result<Payload, RpcError>> {
        match self {
            Self::Response(to, response) if to.is_none_or(|to| to == id) => Some(response),
            Self::Response(..) | Self::Question { .. } | Self::Other => None,
        }
    }
}

/// Returns the value of what was checked as it came in.
pub(super) fn value_of(checked: &Payload) -> Value {
    checked.to_value().unwrap_or_default()
}

impl RpcError {
    pub(super) fn read(error: Value) -> Self {
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

/// What is served of the requests of servers.
pub(super) const PING: &str = "ping";

/// Returns the answer to a request of a server. It was told that nothing but [`PING`] is understood. What it makes of the
/// refusal is often what its tool says, so that names what was asked for.
pub(super) fn answer(id: &Value, method: &str) -> Value {
    if method == PING {
        return json!({ "jsonrpc": "2.0", "id": id, "result": {} });
    }
    let message = format!("Steadflow does not serve `{method}` in the middle of a call");
    let error = json!({ "code": METHOD_NOT_FOUND, "message": message });
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
        let error_to = |id: Option<u64>, code: i64| {
            let whole = json!({ "code": code, "message": "no" });
            Message::Response(id, Err(RpcError { code, message: "no".into(), whole }))
        };
        let (error, unnumbered) = (|code| error_to(Some(7), code), |code| error_to(None, code));
        let result = |text: &str| Message::Response(Some(7), Ok(Payload::parse(text.to_owned()).unwrap()));
        for (sent, read_as) in [
            (r#"{"id":7,"result":{"a": 1.50}}"#, result(r#"{"a": 1.50}"#)),
            (r#"{"id":7,"result":null}"#, result("null")),
            (r#"{"id":"7","result":{}}"#, Message::Other),
            (r#"{"id":7,"error":{"code":-32602,"message":"no"}}"#, error(-32602)),
            (r#"{"error":{"code":-32700,"message":"no"}}"#, unnumbered(-32700)),
            (r#"{"id":null,"error":{"code":-1,"message":"no"}}"#, unnumbered(-1)),
            (r#"{"id":"7","error":{"code":1,"message":"no"}}"#, Message::Other),
            (r#"{"id":7,"method":"ping"}"#, Message::Question { id: json!(7), method: "ping".into() }),
            (
                r#"{"id":"x","method":"roots/list"}"#,
                Message::Question { id: json!("x"), method: "roots/list".into() },
            ),
            (r#"{"method":"notifications/progress"}"#, Message::Other),
            ("{}", Message::Other),
        ] {
            assert_eq!(read(sent.as_bytes()).unwrap(), [read_as], "{sent}");
        }
        for (sent, is_ours) in [
            (r#"{"id":7,"result":1}"#, true),
            (r#"{"id":8,"result":1}"#, false),
            (r#"{"id":8,"error":{"code":1}}"#, false),
            (r#"{"error":{"code":1}}"#, true),
            (r#"{"id":7,"method":"ping"}"#, false),
        ] {
            let response = read(sent.as_bytes()).unwrap().remove(0).response_to(7);
            assert_eq!(response.is_some(), is_ours, "{sent}");
        }
        let several = br#"[{"method":"notifications/message"},{"id":7,"result":1}]"#;
        assert_eq!(read(several).unwrap(), [Message::Other, result("1")]);
        assert_eq!(read(b"5").unwrap(), []);
        assert!(read(b"{").is_err() && read(br#"{"id":7,"result":"\ud800"}"#).is_err());
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
