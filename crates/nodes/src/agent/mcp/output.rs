//! What a tool of an MCP server returned, as the output of a skill.

use serde::Serialize;
use serde_json::Value;
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::payload::Payload;

use super::message::{Fields, shortened, value_of};
use crate::status::kept_json;

/// The output that contents become.
#[derive(Debug, Serialize)]
struct Contents {
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(rename = "content", skip_serializing_if = "Vec::is_empty")]
    others: Vec<Payload>,
}

/// Returns the output that `result` is: the structured content, or else the texts in one, and other contents as they are.
///
/// # Errors
/// A failure of class `tool` if the tool says that it failed, or of class `rejected` if this is no result.
pub(super) fn output_of(result: &Payload, peer: &str, tool: &str) -> Result<Payload, Failure> {
    let rejected = |message: String| Err(Failure::new(ErrorClass::Rejected, message));
    let Ok(mut fields) = serde_json::from_str::<Fields>(result.as_str()) else {
        return rejected(format!("{peer} did not respond with the result of a tool: it is not an object."));
    };
    let kind = fields.get("resultType").map(value_of).unwrap_or_default();
    if kind == "input_required" {
        return rejected(format!(
            "The tool `{tool}` of {peer} asks for more input in the middle of its work, which cannot be given."
        ));
    }
    let said = fields.get("isError").map(value_of).unwrap_or_default();
    for (field, value, is_known) in [
        ("resultType", &kind, kind.is_null() || kind == "complete"),
        ("isError", &said, said.is_null() || said.is_boolean()),
    ] {
        if !is_known {
            let value = shortened(&value.to_string());
            return rejected(format!(
                "The tool `{tool}` of {peer} returned `{field}` as {value}, which is not understood."
            ));
        }
    }
    if !fields.contains_key("content") && fields.get("task").is_some_and(|task| value_of(task).is_object()) {
        return rejected(format!(
            "{peer} does the call of `{tool}` as a task of MCP 2025-11-25, which was not asked for. Only tasks of 2026-07-28 can \
             be waited for."
        ));
    }
    let structured = fields.remove("structuredContent").filter(|structured| !structured.is_null());
    let contents = of_contents(fields.remove("content"));
    if said == true {
        return Err(said_error(result, &contents, peer, tool));
    }
    structured.map_or_else(|| contents.output(), Ok)
}

fn said_error(result: &Payload, contents: &Contents, peer: &str, tool: &str) -> Failure {
    let message = match contents.text.as_deref().map(str::trim) {
        None | Some("") => format!("The tool `{tool}` of {peer} reported an error, and does not say which."),
        Some(text) => format!("The tool `{tool}` of {peer} reported an error: {}", shortened(text)),
    };
    let body = kept_json(result.clone());
    Failure { body, ..Failure::new(ErrorClass::Tool, message) }
}

fn of_contents(content: Option<Payload>) -> Contents {
    let contents = match content.filter(|content| !content.is_null()) {
        Some(content) => serde_json::from_str(content.as_str()).unwrap_or_else(|_| vec![content]),
        None => Vec::new(),
    };
    let (mut texts, mut others) = (Vec::new(), Vec::new());
    for content in contents {
        match text_in(&value_of(&content)) {
            Some(text) => texts.push(text.to_owned()),
            None => others.push(content),
        }
    }
    let text = (!texts.is_empty() || others.is_empty()).then(|| texts.join("\n"));
    Contents { text, others }
}

fn text_in(content: &Value) -> Option<&str> {
    let is_text = content.get("type").is_some_and(|name| name == "text");
    content.get("text").and_then(Value::as_str).filter(|_| is_text)
}

impl Contents {
    fn output(&self) -> Result<Payload, Failure> {
        let written = serde_json::to_string(self).and_then(Payload::parse);
        written.map_err(|error| {
            Failure::new(ErrorClass::Internal, format!("The output of the tool cannot be written: {error}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_result_becomes_the_output_that_says_most() {
        let image = r#"{"type": "image","data":"aGk=","x-new":1.50}"#;
        let unknown = r#"{"type":"hologram","text":5}"#;
        let text = |text: &str| format!(r#"{{"type":"text","text":"{text}"}}"#);
        let (a, b) = (text("a"), text("b"));
        for (result, output) in [
            (format!(r#"{{"content":[{a}]}}"#), r#"{"text":"a"}"#.to_owned()),
            (format!(r#"{{"content":[{a},{b}]}}"#), r#"{"text":"a\nb"}"#.to_owned()),
            (r#"{"content":[]}"#.to_owned(), r#"{"text":""}"#.to_owned()),
            ("{}".to_owned(), r#"{"text":""}"#.to_owned()),
            (r#"{"content":"odd"}"#.to_owned(), r#"{"content":["odd"]}"#.to_owned()),
            (format!(r#"{{"content":[{image}]}}"#), format!(r#"{{"content":[{image}]}}"#)),
            (
                format!(r#"{{"content":[{image},{a},{unknown}]}}"#),
                format!(r#"{{"text":"a","content":[{image},{unknown}]}}"#),
            ),
            (format!(r#"{{"content":[{a}],"structuredContent":{{"n": 1E2}}}}"#), r#"{"n": 1E2}"#.to_owned()),
            (format!(r#"{{"content":[{a}],"structuredContent":[1]}}"#), "[1]".to_owned()),
            (format!(r#"{{"content":[{a}],"structuredContent":null}}"#), r#"{"text":"a"}"#.to_owned()),
            (
                format!(r#"{{"content":[{a}],"isError":false,"resultType":"complete"}}"#),
                r#"{"text":"a"}"#.to_owned(),
            ),
        ] {
            let output_of = output_of(&Payload::parse(result.clone()).unwrap(), "a.test", "t").unwrap();
            assert_eq!(output_of.as_str(), output, "{result}");
        }
    }

    #[test]
    fn what_is_no_output_is_named() {
        for (result, class, said) in [
            (json!("x"), ErrorClass::Rejected, "it is not an object"),
            (
                json!({ "resultType": "input_required", "inputRequests": {} }),
                ErrorClass::Rejected,
                "asks for more input",
            ),
            (json!({ "resultType": "task" }), ErrorClass::Rejected, "returned `resultType` as \"task\""),
            (
                json!({ "task": { "taskId": "t-1", "status": "working" } }),
                ErrorClass::Rejected,
                "as a task of MCP 2025-11-25",
            ),
            (json!({ "resultType": 5 }), ErrorClass::Rejected, "returned `resultType` as 5"),
            (
                json!({ "isError": "true", "content": [] }),
                ErrorClass::Rejected,
                "returned `isError` as \"true\"",
            ),
            (json!({ "isError": 1 }), ErrorClass::Rejected, "returned `isError` as 1"),
            (
                json!({ "content": [{ "type": "text", "text": "no such\nvendor" }], "isError": true }),
                ErrorClass::Tool,
                "The tool `t` of a.test reported an error: no such\nvendor",
            ),
            (json!({ "isError": true }), ErrorClass::Tool, "does not say which"),
        ] {
            let failure = output_of(&Payload::from_value(&result), "a.test", "t").unwrap_err();

            assert_eq!(failure.class, class, "{result}");
            assert!(failure.message.contains(said), "{}", failure.message);
        }
    }
}
