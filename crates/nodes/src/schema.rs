//! JSON Schemas of skills: compiled without network, file access or backtracking.

use jsonschema::{PatternOptions, Validator};
use serde_json::Value;
use steadflow_core::agent::Agent;
use steadflow_core::flow::Fault;

/// Misfits that one message tells.
const TOLD_MAX: usize = 3;
/// Characters of each.
const CHARS_MAX: usize = 200;
/// Bytes that one compiled pattern may take.
const PATTERN_BYTES_MAX: usize = 1024 * 1024;

/// Finds the schemas of `agent` that are none, with the JSON pointer of each.
///
/// [`Agent::parse`] cannot tell: the core knows no JSON Schema. Call this, too, before an agent is stored.
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

/// Tells what in `value` does not fit `schema`; `Ok(None)` if all of it fits.
///
/// # Errors
/// A sentence, without its full stop, that says why `schema` is none.
pub(crate) fn misfit(schema: &Value, value: &Value) -> Result<Option<String>, String> {
    let validator = compile(schema)?;
    let told: Vec<String> = validator.iter_errors(value).take(TOLD_MAX).map(|error| tell(&error)).collect();
    Ok((!told.is_empty()).then(|| told.join("; ")))
}

fn compile(schema: &Value) -> Result<Validator, String> {
    let patterns = PatternOptions::regex().size_limit(PATTERN_BYTES_MAX).dfa_size_limit(PATTERN_BYTES_MAX);
    jsonschema::options().offline().with_pattern_options(patterns).build(schema).map_err(|error| {
        let place = error.instance_path().to_string();
        let place = if place.is_empty() { String::new() } else { format!(" at {place}") };
        format!("this is not a JSON Schema that can be used{place}: {}", shortened(&error.to_string()))
    })
}

fn tell(error: &jsonschema::ValidationError<'_>) -> String {
    let pointer = error.instance_path().to_string();
    let place = if pointer.is_empty() { "the whole" } else { pointer.as_str() };
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
    fn the_pointer_of_what_does_not_fit_is_told() {
        let schema = json!({ "type": "object", "properties": { "a": { "items": { "type": "integer" } } } });

        let told = misfit(&schema, &json!({ "a": [1, "x"] })).unwrap().unwrap();

        assert_eq!(told, r#"/a/1: "x" is not of type "integer""#);
        assert_eq!(misfit(&schema, &json!({ "a": [1] })).unwrap(), None);
    }

    #[test]
    fn schemas_that_reach_out_or_mean_nothing_are_refused() {
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
