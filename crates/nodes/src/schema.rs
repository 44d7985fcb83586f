//! JSON Schemas of skills, compiled without network access, file access or backtracking.

use jsonschema::{PatternOptions, Validator};
use serde_json::Value;
use steadflow_core::agent::Agent;
use steadflow_core::flow::Fault;

/// Maximum number of errors in a message.
const ERRORS_MAX: usize = 3;
/// Maximum number of characters of each.
const CHARS_MAX: usize = 200;
/// Maximum size of a compiled pattern, in bytes.
const PATTERN_BYTES_MAX: usize = 1024 * 1024;

/// Finds invalid schemas of `agent`, with their JSON pointers.
///
/// [`Agent::parse`] does not check schemas, because `core` does not depend on JSON Schema. Also call this before an agent
/// is stored.
pub fn schema_faults(agent: &Agent) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (index, skill) in agent.skills.iter().enumerate() {
        for (key, schema) in [("input_schema", &skill.input_schema), ("output_schema", &skill.output_schema)]
        {
            if let Some(Err(message)) = schema.as_ref().map(compile) {
                faults.push(Fault { pointer: format!("/skills/{index}/{key}"), message });
            }
        }
    }
    faults
}

/// Describes where `value` does not match `schema`; `Ok(None)` if it matches.
///
/// # Errors
/// A message, without a full stop, that says why `schema` is not valid.
pub(crate) fn misfit(schema: &Value, value: &Value) -> Result<Option<String>, String> {
    let validator = compile(schema)?;
    let errors = validator.iter_errors(value).take(ERRORS_MAX);
    let errors: Vec<String> = errors.map(|error| described(&error)).collect();
    Ok((!errors.is_empty()).then(|| errors.join("; ")))
}

fn compile(schema: &Value) -> Result<Validator, String> {
    let patterns = PatternOptions::regex().size_limit(PATTERN_BYTES_MAX).dfa_size_limit(PATTERN_BYTES_MAX);
    jsonschema::options().offline().with_pattern_options(patterns).build(schema).map_err(|error| {
        let place = error.instance_path().to_string();
        let place = if place.is_empty() { String::new() } else { format!(" at {place}") };
        format!("this JSON Schema is not valid{place}: {}", shortened(&error.to_string()))
    })
}

fn described(error: &jsonschema::ValidationError<'_>) -> String {
    let pointer = error.instance_path().to_string();
    let place = if pointer.is_empty() { "the value" } else { pointer.as_str() };
    format!("{place}: {}", shortened(&error.to_string()))
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn errors_have_pointers() {
        let schema = json!({ "type": "object", "properties": { "a": { "items": { "type": "integer" } } } });

        let errors = misfit(&schema, &json!({ "a": [1, "x"] })).unwrap().unwrap();

        assert_eq!(errors, r#"/a/1: "x" is not of type "integer""#);
        assert_eq!(misfit(&schema, &json!({ "a": [1] })).unwrap(), None);
    }

    #[test]
    fn schemas_with_external_references_and_invalid_schemas_are_refused() {
        for schema in [
            json!({ "$ref": "https://schemas.example/x.json" }),
            json!({ "$ref": "file:///etc/passwd" }),
            json!({ "type": "nonsense" }),
            json!({ "pattern": "(?=a)b" }),
            json!({ "pattern": "(a{1000}){1000}" }),
        ] {
            assert!(misfit(&schema, &json!("aaaa")).is_err(), "{schema}");
        }
    }
}
