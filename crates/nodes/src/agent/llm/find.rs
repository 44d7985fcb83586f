//! The JSON in the text of a response. Models add fences and prose despite the instructions; nothing else is repaired.

use serde::de::IgnoredAny;
use serde_json::{Deserializer, Value};
use steadflow_core::json::{self, RepeatedKeys};

/// Finds the JSON that a text consists of, or else the only value of the type of `schema` in it.
///
/// # Errors
/// Why there is none, as the end of a sentence that begins with the response; with line and column where JSON is broken.
pub(super) fn json(text: &str, schema: &Value) -> Result<Value, String> {
    let text = text.trim_start_matches('\u{feff}').trim();
    let error = match strict(text) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    let wanted = Wanted::of(schema);
    let mut found = Found::default();
    collect_fenced(text, &mut found);
    if wanted.objects || wanted.lists {
        collect_embedded(text, wanted, &mut found)?;
    }
    match (found.value, found.is_ambiguous) {
        (_, true) => Err("contains more than one JSON value".to_owned()),
        (Some(value), false) => Ok(value),
        (None, false) => Err(format!("is not JSON: {error}")),
    }
}

/// A repeated key is an error: its values are two different responses.
fn strict(text: &str) -> Result<Value, serde_json::Error> {
    json::check(text.as_bytes(), RepeatedKeys::Refused)?;
    json::read(text.as_bytes())
}

/// Which containers may be looked for in prose. Any word could be a scalar.
#[derive(Clone, Copy)]
struct Wanted {
    objects: bool,
    lists: bool,
}

impl Wanted {
    fn of(schema: &Value) -> Self {
        let names: Vec<&str> = match schema.get("type") {
            Some(Value::String(name)) => vec![name],
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
            _ if schema.get("properties").is_some() => vec!["object"],
            _ => vec!["object", "array"],
        };
        Self { objects: names.contains(&"object"), lists: names.contains(&"array") }
    }
}

/// The values found so far.
#[derive(Default)]
struct Found {
    value: Option<Value>,
    is_ambiguous: bool,
}

impl Found {
    fn add(&mut self, value: Value) {
        match &self.value {
            Some(other) if *other != value => self.is_ambiguous = true,
            Some(_) => {}
            None => self.value = Some(value),
        }
    }
}

/// Adds fenced blocks that are scalars; containers are found anywhere.
fn collect_fenced(text: &str, found: &mut Found) {
    for fence in ["```", "~~~"] {
        for block in text.split(fence).skip(1).step_by(2) {
            let inner = block.split_once('\n').map_or(block, |(_, inner)| inner).trim();
            if let Ok(value) = strict(inner)
                && !value.is_object()
                && !value.is_array()
            {
                found.add(value);
            }
        }
    }
}

/// Adds the containers in `text`.
///
/// # Errors
/// If one begins and is broken: what is inside it must not be mistaken for the response.
fn collect_embedded(text: &str, wanted: Wanted, found: &mut Found) -> Result<(), String> {
    let mut from = 0;
    while let Some(start) = text[from..].find(['{', '[']).map(|at| from + at) {
        if let Some(end) = end_of_prose(text, start) {
            from = end;
            continue;
        }
        let end = end_of_value(text, start)?;
        let is_object = text[start..].starts_with('{');
        if if is_object { wanted.objects } else { wanted.lists } {
            found.add(strict(&text[start..end]).map_err(|_| broken(text, start))?);
        }
        from = end;
    }
    Ok(())
}

/// Returns the end of brackets that are not JSON, such as `{x}` or `[see below]`: they contain nothing that JSON would.
fn end_of_prose(text: &str, start: usize) -> Option<usize> {
    let is_object = text[start..].starts_with('{');
    let (close, marks) =
        if is_object { ('}', &['"', '\'', ':', '{', '['][..]) } else { (']', &['"', '{', '['][..]) };
    let inner = &text[start + 1..];
    let inner = &inner[..inner.find(close)?];
    let is_prose = !inner.contains(marks) && strict(&text[start..=start + 1 + inner.len()]).is_err();
    is_prose.then_some(start + inner.len() + 2)
}

fn end_of_value(text: &str, start: usize) -> Result<usize, String> {
    let mut values = Deserializer::from_str(&text[start..]).into_iter::<IgnoredAny>();
    match values.next() {
        Some(Ok(_)) => Ok(start + values.byte_offset()),
        Some(Err(_)) | None => Err(broken(text, start)),
    }
}

/// Describes what is wrong with the JSON at `start`. What is before it becomes blank, so that line and column are those
/// of the whole text.
fn broken(text: &str, start: usize) -> String {
    let mut blanked: String =
        text[..start].bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect();
    blanked.push_str(&text[start..]);
    match strict(&blanked) {
        Err(error) => format!("is not JSON: {error}"),
        Ok(_) => "is not JSON".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_only_value_is_found_wherever_it_is() {
        for text in [
            r#"{"risk":5}"#,
            " \n{\"risk\":5}\n",
            "\u{feff}{\"risk\":5}",
            "```json\n{\"risk\":5}\n```",
            "```\n{\"risk\":5}```",
            "```JSON5\n{\"risk\":5}\n```",
            "~~~\n{\"risk\":5}\n~~~",
            "Here is the JSON:\n```json\n{\"risk\":5}\n```\nHope it helps!",
            "Sure! {\"risk\":5}",
            "With {x} and [see below] it is {\"risk\":5}.",
            "{\"risk\":5}\n\nAgain: {\"risk\": 5}",
            "The list [1, 2] gives {\"risk\":5}",
            "<answer>{\"risk\":5}</answer>",
            "json\n{\"risk\":5}",
        ] {
            assert_eq!(json(text, &object()), Ok(json!({ "risk": 5 })), "{text}");
        }
    }

    #[test]
    fn nothing_is_guessed() {
        for (text, said) in [
            ("{'risk': 5}", "key must be a string at line 1 column 2"),
            ("{\"risk\":5,}", "trailing comma at line 1 column 11"),
            ("{\"risk\":", "EOF while parsing a value at line 1 column 8"),
            ("Well:\n  {'risk': {\"risk\":1}}", "key must be a string at line 2 column 4"),
            ("So {\"a\": {\"risk\":1}", "EOF while parsing an object at line 1 column 19"),
            ("So {risk: {\"risk\":1}}", "key must be a string at line 1 column 5"),
            ("[{\"risk\":5},] as a list", "at line 1 column 13"),
            ("{\"risk\":5} or {\"risk\":6}", "more than one JSON value"),
            ("Input {\"v\":1}\n```json\n{\"risk\":6}\n```", "more than one JSON value"),
            ("{\"risk\":5,\"risk\":6}", "appears twice"),
            ("Sure: {\"risk\":\"\\ud83d\"}", "hex escape"),
            ("{\"risk\":NaN}", "expected value at line 1 column 9"),
            ("{\"risk\":True}", "expected value at line 1 column 9"),
            ("{\"risk\":05}", "invalid number at line 1 column 10"),
            ("{\"risk\":5 // low\n}", "expected `,` or `}` at line 1 column 11"),
            ("Sorry, no.", "is not JSON: expected value at line 1 column 1"),
            ("", "EOF while parsing a value"),
            ("risk is 5", "is not JSON"),
        ] {
            let error = json(text, &object()).unwrap_err();

            assert!(error.contains(said), "{text}: {error}");
        }
    }

    #[test]
    fn the_type_of_the_schema_decides_what_is_looked_for() {
        for (text, schema, value) in [
            ("It is [1, 2].", json!({ "type": "array" }), Some(json!([1, 2]))),
            ("For {\"a\":1} it is [1].", json!({ "type": "array" }), Some(json!([1]))),
            ("For [7] it is {\"a\":1}.", json!({ "properties": {} }), Some(json!({ "a": 1 }))),
            ("For [7] it is {\"a\":1}.", json!({ "anyOf": [] }), None),
            ("```\n5\n```", json!({ "type": "integer" }), Some(json!(5))),
            ("It is 5.", json!({ "type": "integer" }), None),
            ("\"x\"", json!({ "type": "string" }), Some(json!("x"))),
            ("x", json!({ "type": "string" }), None),
            ("It is {\"a\":1}", json!({ "type": ["object", "null"] }), Some(json!({ "a": 1 }))),
        ] {
            assert_eq!(json(text, &schema).ok(), value, "{text} {schema}");
        }
    }

    #[test]
    fn numbers_and_characters_stay_exact() {
        let text = r#"Here: {"id":7615917337495251231234567890,"p":19.90,"s":"a\u0000b"}"#;

        let value = json(text, &object()).unwrap();

        assert_eq!(value.to_string(), r#"{"id":7615917337495251231234567890,"p":19.90,"s":"a\u0000b"}"#);
    }

    fn object() -> Value {
        json!({ "type": "object" })
    }
}
