//! What the description of the API promises, held against what the API answers.
//!
//! The description allows keys that it does not name, so that answers can grow. Here they are refused: a key of an answer
//! that is not described fails the test that received it.

use std::sync::LazyLock;

use axum::http::Method;
use jsonschema::{Draft, PatternCache, PatternOptions};
use serde_json::{Map, Value, json};

use super::Answer;

static DESCRIPTION: LazyLock<Description> =
    LazyLock::new(|| Description { document: steadflow_api::openapi(), patterns: PatternCache::new() });

struct Description {
    document: Value,
    patterns: PatternCache,
}

/// Whether a schema describes a value alone, or together with others.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Whole,
    Part,
}

/// Checks an answer of `method` and `path`: its status, its media type and its body.
#[track_caller]
pub(super) fn check(method: &Method, path: &str, answer: &Answer) {
    let Some(operation) = DESCRIPTION.operation(method, path) else { return };
    let call = format!("{method} {path}: {}", answer.status);
    let response = &operation["responses"][answer.status.to_string()];
    assert!(response.is_object(), "{call} is not described: {}", answer.text);
    let Some(content) = response["content"].as_object() else {
        return assert_eq!(answer.text, "", "{call} is described without a body");
    };
    let declared = answer.header("content-type").unwrap_or_default();
    let described = content.iter().find(|(media_type, _)| declared.starts_with(media_type.as_str()));
    let (media_type, content) = described.unwrap_or_else(|| panic!("{call} is not described as {declared}"));
    let is_readable = answer.header("content-encoding").is_none();
    if is_readable && media_type.ends_with("json") {
        DESCRIPTION.check_value(&content["schema"], &answer.body, &call);
    }
}

/// Checks the body of a request that was accepted.
#[track_caller]
pub(crate) fn check_body(method: &Method, path: &str, body: &str) {
    let Some(operation) = DESCRIPTION.operation(method, path) else { return };
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
    let Ok(value) = serde_json::from_str(body) else { return };
    DESCRIPTION.check_value(schema, &value, &format!("the body of {method} {path}"));
}

/// Checks a message of the stream of `path`.
#[track_caller]
pub(super) fn check_message(path: &str, name: &str, data: &Value) {
    let operation = DESCRIPTION.operation(&Method::GET, path).expect("streams are described");
    let schema = &operation["responses"]["200"]["content"]["text/event-stream"]["schema"];
    DESCRIPTION.check_value(schema, &json!({ "event": name, "data": data }), &format!("GET {path}: {name}"));
}

impl Description {
    /// Returns the operation at `path`; a path without placeholders is preferred.
    fn operation(&self, method: &Method, path: &str) -> Option<&Value> {
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let paths = self.document["paths"].as_object().expect("there are paths");
        let fitting = paths.iter().filter(|(template, _)| fits(template, path));
        let (_, operations) = fitting.min_by_key(|(template, _)| template.matches('{').count())?;
        operations.get(method.as_str().to_lowercase())
    }

    #[track_caller]
    fn check_value(&self, schema: &Value, value: &Value, call: &str) {
        let faults = self.faults(schema, value);
        assert!(faults.is_empty(), "{call} is not as described:\n{}\n{value:#}", faults.join("\n"));
    }

    /// Returns what `schema` does not allow of `value`.
    fn faults(&self, schema: &Value, value: &Value) -> Vec<String> {
        let mut schema = strict(schema, Place::Whole);
        schema["components"] = self.components_of(&schema);
        // Each test has its own process. To compile patterns was most of its time, and most of that was for fast automata.
        let patterns = PatternOptions::fancy_regex().dfa_size_limit(0);
        let options = jsonschema::options().with_draft(Draft::Draft202012);
        let options = options.with_pattern_options(patterns).with_pattern_cache(self.patterns.clone());
        let validator = options.build(&schema).expect("descriptions are JSON Schemas");
        let faults = validator.iter_errors(value);
        faults.map(|fault| format!("{}: {fault}", fault.instance_path())).collect()
    }

    /// Returns the components that `schema` refers to, directly or by others: as schemas that refuse unknown keys, and as parts
    /// that `allOf` joins. To compile all would take much longer.
    fn components_of(&self, schema: &Value) -> Value {
        let mut found = json!({ "schemas": {}, "parts": {} });
        let mut references = references(schema);
        while let Some(reference) = references.pop() {
            let path = reference.strip_prefix("#/components/").expect("schemas refer to components");
            let (place, name) = path.split_once('/').expect("components have a place and a name");
            if found[place].get(name).is_none() {
                let described = &self.document["components"]["schemas"][name];
                let component = strict(described, if place == "parts" { Place::Part } else { Place::Whole });
                references.extend(self::references(&component));
                found[place][name] = component;
            }
        }
        found
    }
}

/// Returns what a schema refers to.
fn references(schema: &Value) -> Vec<String> {
    match schema {
        Value::Object(keywords) => {
            let target = keywords.get("$ref").and_then(Value::as_str);
            target.map(str::to_owned).into_iter().chain(keywords.values().flat_map(references)).collect()
        }
        Value::Array(schemas) => schemas.iter().flat_map(references).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

fn fits(template: &str, path: &str) -> bool {
    let (wanted, given) = (template.split('/'), path.split('/'));
    let is_alike = |(wanted, given): (&str, &str)| wanted.starts_with('{') || wanted == given;
    template.matches('/').count() == path.matches('/').count() && wanted.zip(given).all(is_alike)
}

/// Returns `schema` with every object of named keys closed.
fn strict(schema: &Value, place: Place) -> Value {
    let Value::Object(schema) = schema else { return schema.clone() };
    let has_keys = schema.contains_key("properties") || schema.contains_key("allOf");
    let is_open = schema.contains_key("additionalProperties");
    let inner = if has_keys { Place::Part } else { place };
    let mut made: Map<String, Value> =
        schema.iter().map(|(key, value)| (key.clone(), strict_keyword(key, value, inner))).collect();
    if has_keys && !is_open && place == Place::Whole {
        made.insert("unevaluatedProperties".to_owned(), json!(false));
    }
    Value::Object(made)
}

/// Returns what `keyword` holds in a schema; `place` is that of schemas of the same value.
fn strict_keyword(keyword: &str, value: &Value, place: Place) -> Value {
    match (keyword, value) {
        ("allOf" | "oneOf" | "anyOf", Value::Array(schemas)) => {
            schemas.iter().map(|schema| strict(schema, place)).collect()
        }
        ("properties" | "patternProperties" | "$defs", Value::Object(schemas)) => {
            schemas.iter().map(|(key, schema)| (key.clone(), strict(schema, Place::Whole))).collect()
        }
        ("items" | "additionalProperties", schema) => strict(schema, Place::Whole),
        ("$ref", Value::String(target)) if place == Place::Part => {
            target.replace("/components/schemas/", "/components/parts/").into()
        }
        _ => value.clone(),
    }
}

#[test]
fn keys_that_are_absent_or_not_described_are_faults() {
    let faults = |name: &str, value: Value| {
        let schema = json!({ "$ref": format!("#/components/schemas/{name}") });
        DESCRIPTION.faults(&schema, &value).len()
    };
    let bucket = json!({ "start": "2027-01-15T08:00:00Z" });
    let usage = json!({ "input_tokens": 1, "output_tokens": 1, "cost": null });
    let mut without_cost = usage.clone();
    without_cost.as_object_mut().unwrap().remove("cost");
    let mut with_more = usage.clone();
    with_more["more"] = json!(1);

    assert_eq!(faults("Usage", usage), 0);
    assert_eq!(faults("Usage", without_cost), 1);
    assert_eq!(faults("Usage", with_more), 1);
    assert!(faults("BucketCounts", bucket) > 0);
}
