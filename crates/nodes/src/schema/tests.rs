//! Schemas that take long, and those that only look so.

use proptest::prelude::*;
use serde_json::{Map, json};

use super::*;

/// Checks `value` with no secrets to mask.
fn misfit(schema: &Value, value: &Value) -> Result<Option<String>, String> {
    super::misfit(schema, value, &Scrubber::default())
}

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
        json!({ "$ref": "#/$defs/a" }),
    ] {
        assert!(misfit(&schema, &json!("aaaa")).is_err(), "{schema}");
        assert!(checked(&schema).is_err(), "{schema}");
    }
}

#[test]
fn what_doubles_at_each_level_is_refused_when_it_is_saved() {
    type Level = fn(&Value) -> Value;
    let levels: [(&str, Level); 10] = [
        ("anyOf", |next| json!({ "anyOf": [next, next] })),
        ("allOf", |next| json!({ "allOf": [next, next] })),
        ("oneOf", |next| json!({ "oneOf": [next, next] })),
        ("not", |next| json!({ "allOf": [{ "not": next }, { "not": next }] })),
        ("if", |next| json!({ "if": next, "then": next, "else": next })),
        ("dependentSchemas", |next| json!({ "dependentSchemas": { "x": next, "y": next } })),
        ("dependencies", |next| json!({ "dependencies": { "x": next, "y": next } })),
        ("$dynamicRef", |next| json!({ "$dynamicRef": next["$ref"], "allOf": [next] })),
        ("unevaluatedProperties", |next| json!({ "anyOf": [next], "unevaluatedProperties": {} })),
        ("unevaluatedItems", |next| json!({ "allOf": [next], "unevaluatedItems": next })),
    ];
    for (name, level) in levels {
        let schema = doubling(30, level);

        let message = checked(&schema).unwrap_err();

        assert!(message.contains("inside one another"), "{name}: {message}");
        assert!(misfit(&schema, &json!({ "x": 1, "y": 2 })).is_err(), "{name}");
    }
}

#[test]
fn what_doubles_for_some_values_is_refused_for_these() {
    let schemas = [
        json!({ "properties": { "x": { "$ref": "#" } }, "allOf": [{ "properties": { "x": { "$ref": "#" } } }] }),
        json!({ "additionalProperties": { "anyOf": [{ "$ref": "#" }, { "$ref": "#" }] } }),
        json!({ "patternProperties": { "x": { "$ref": "#" }, ".": { "$ref": "#" } } }),
        json!({ "oneOf": [{ "type": "integer" }, { "properties": { "x": { "oneOf": [{ "$ref": "#" }, { "$ref": "#" }] } } }] }),
        json!({ "$dynamicAnchor": "n", "additionalProperties": { "allOf": [{ "$dynamicRef": "#n" }, { "$dynamicRef": "#n" }] } }),
        json!({ "$id": "http://x/y", "additionalProperties": { "allOf": [{ "$ref": "http://x/y#" }, { "$ref": "#" }] } }),
        json!({ "$anchor": "n", "additionalProperties": { "allOf": [{ "$ref": "#n" }, { "$ref": "#n" }] } }),
        doubling(
            60,
            |next| json!({ "properties": { "x": next }, "allOf": [{ "properties": { "x": next } }] }),
        ),
    ];
    let deep = |depth: usize| (0..depth).fold(json!(1), |value, _| json!({ "x": value }));
    for schema in schemas {
        assert!(checked(&schema).is_ok(), "{schema}");
        assert!(misfit(&schema, &deep(4)).is_ok(), "{schema}");

        let message = misfit(&schema, &deep(60)).unwrap_err();

        assert!(message.contains("more than 1000000 steps"), "{schema}: {message}");
    }
}

#[test]
fn lists_and_texts_count_by_their_length() {
    let list = json!(vec![0; 100_000]);
    let text = json!("a".repeat(1_000_000));
    let names: Map<String, Value> = (0..300).map(|at| (format!("k{at}"), json!(at))).collect();
    for (schema, value, fits) in [
        (json!({ "items": { "type": "integer" } }), &list, true),
        (json!({ "contains": { "type": "string" }, "items": { "type": "integer" } }), &list, true),
        (json!({ "allOf": vec![json!({ "items": {} }); 8] }), &list, true),
        (json!({ "allOf": vec![json!({ "items": {} }); 11] }), &list, false),
        (json!({ "uniqueItems": true }), &list, true),
        (json!({ "items": { "enum": vec![1; 1_000] } }), &list, false),
        (json!({ "pattern": "^a*$" }), &text, true),
        (json!({ "pattern": "(a{9}){9}" }), &text, true),
        (json!({ "pattern": "(a{99}){99}" }), &text, false),
        (json!({ "pattern": "(\\p{L}{9}){9}" }), &text, false),
        (json!({ "propertyNames": { "enum": vec!["a"; 10_000] } }), &names.clone().into(), true),
        (
            json!({ "unevaluatedProperties": false, "anyOf": vec![json!({}); 100] }),
            &names.clone().into(),
            true,
        ),
        (json!({ "unevaluatedProperties": false, "anyOf": vec![json!({}); 2_000] }), &names.into(), false),
    ] {
        let result = misfit(&schema, value);

        assert_eq!(result.is_ok(), fits, "{schema}: {result:?}");
    }
}

#[test]
fn what_refers_to_itself_without_going_deeper_is_refused() {
    for schema in [
        json!({ "$ref": "#" }),
        json!({ "anyOf": [{ "$ref": "#" }, { "$ref": "#" }] }),
        json!({ "$recursiveRef": "#" }),
        json!({ "$defs": { "a": { "not": { "$ref": "#/$defs/b" } }, "b": { "if": { "$ref": "#/$defs/a" } } }, "$ref": "#/$defs/a" }),
    ] {
        let message = checked(&schema).unwrap_err();

        assert!(message.contains("refers to itself"), "{schema}: {message}");
    }
}

#[test]
fn a_schema_has_a_size() {
    let one = |key: &str, value: Value| Value::Object(Map::from_iter([(key.to_owned(), value)]));
    let patterns = |count: usize| (0..count).map(|at| (format!("^{at}$"), json!({}))).collect::<Map<_, _>>();
    let chain = |depth: usize| doubling(depth, |next| json!({ "allOf": [next] }));
    let unevaluated = |depth: usize| {
        let mut schema = chain(depth);
        schema["unevaluatedProperties"] = json!(false);
        schema
    };
    let unevaluated_inside = |count: usize| {
        let inside = json!({ "unevaluatedProperties": false, "anyOf": vec![json!({}); count] });
        json!({ "unevaluatedProperties": false, "allOf": [inside] })
    };
    for (schema, fits) in [
        (one("description", "a".repeat(200 * 1024).into()), true),
        (one("description", "a".repeat(256 * 1024).into()), false),
        (one("allOf", vec![json!({}); 4_999].into()), true),
        (one("allOf", vec![json!({}); 5_000].into()), false),
        (one("patternProperties", patterns(200).into()), true),
        (one("patternProperties", patterns(201).into()), false),
        (chain(100), true),
        (chain(301), false),
        (one("patternProperties", json!({ "(a{99}){99}": {} })), true),
        (one("patternProperties", json!({ "(a{99}){99}": {}, "b(a{99}){99}": {} })), false),
        (one("pattern", json!("\\p{L}{10}")), true),
        (one("pattern", json!("\\p{L}{150}")), false),
        (unevaluated_inside(1_600), true),
        (unevaluated_inside(1_700), false),
        (unevaluated(30), true),
        (unevaluated(40), false),
    ] {
        let text: String = schema.to_string().chars().take(100).collect();

        assert_eq!(checked(&schema).is_ok(), fits, "{text}: {:?}", checked(&schema).err());
    }
}

#[test]
fn the_schemas_of_an_agent_have_a_size_together() {
    let schema = json!({ "description": "a".repeat(200 * 1024) });
    let agent = |schemas: usize| {
        let skill = |at: usize| json!({ "name": format!("s{at}"), "input_schema": schema });
        let skills: Value = (0..schemas).map(skill).collect();
        let config = json!({ "endpoint": "http://x" });
        Agent::parse(&json!({ "name": "A", "agent_type": "http", "config": config, "skills": skills }))
            .unwrap()
    };

    assert_eq!(schema_faults(&agent(5)), []);
    let faults = schema_faults(&agent(6));
    assert_eq!(faults[0].pointer, "/skills/5/input_schema");
    assert_eq!(faults[0].message, "the schemas of an agent have at most 1048576 bytes together");
}

#[test]
fn references_that_depend_on_identifiers_inside_are_refused() {
    let schema =
        |inside: Value| json!({ "properties": { "x": inside }, "items": { "$ref": "#/properties/x" } });

    assert!(checked(&schema(json!({ "$id": "http://x/y" }))).is_err());
    assert!(checked(&schema(json!({ "$schema": "http://json-schema.org/draft-07/schema#" }))).is_ok());
    assert!(
        checked(&json!({ "properties": { "x": { "$id": "http://x/y" }, "id": { "type": "string" } } }))
            .is_ok()
    );
}

#[test]
fn what_fits_no_alternative_is_said_within_bounds() {
    let alternatives: Vec<Value> = (0..50).map(|at| json!({ "const": at })).collect();
    let schema = json!({ "items": { "anyOf": alternatives } });

    let few = misfit(&schema, &json!(vec![99; 5])).unwrap().unwrap();
    let many = misfit(&schema, &json!(vec![99; 5_000])).unwrap().unwrap();
    let long = misfit(&json!({ "items": { "type": "string" } }), &json!(vec![99; 50_000])).unwrap().unwrap();

    assert_eq!(few.matches(" is not valid under any of the schemas").count(), 3, "{few}");
    assert!(few.starts_with("/0: 99 is not valid under any of the schemas"), "{few}");
    assert_eq!(many, "the value matches none of the alternatives, which are too many to say more");
    assert_eq!(long, r#"/0: 99 is not of type "string""#);
}

#[tokio::test]
async fn a_long_check_is_done_on_another_thread() {
    let (checks, schema) = (Checks::default(), json!({ "items": { "type": "string" } }));
    let (short, long) = (json!([1]), json!(vec![1; 6_000]));
    let all = checks.0.acquire_many(LONG_CHECKS_MAX as u32).await.unwrap();

    let none = Arc::default();
    let quick = checks.misfit(&schema, &short, &none).await;
    let mut waiting = std::pin::pin!(checks.misfit(&schema, &long, &none));
    let is_waiting = futures_util::poll!(&mut waiting).is_pending();
    drop(all);

    assert!(quick.unwrap().is_some());
    assert!(is_waiting);
    assert!(waiting.await.unwrap().is_some());
}

/// Returns a schema of `depth` levels, each of which refers to the next one.
fn doubling(depth: usize, level: impl Fn(&Value) -> Value) -> Value {
    let mut definitions = Map::from_iter([("a0".to_owned(), json!({ "type": "string" }))]);
    for at in 1..=depth {
        let next = json!({ "$ref": format!("#/$defs/a{}", at - 1) });
        definitions.insert(format!("a{at}"), level(&next));
    }
    json!({ "$defs": definitions, "$ref": format!("#/$defs/a{depth}") })
}

proptest! {
    #[test]
    fn any_schema_is_checked_or_refused(schema in schema(), value in value()) {
        // What is small is checked as the validator checks it.
        match misfit(&schema, &value) {
            Ok(misfit) => {
                let validator = jsonschema::options().offline().build(&schema).expect("it was compiled before");
                prop_assert_eq!(misfit.is_none(), validator.is_valid(&value));
                prop_assert!(misfit.is_none_or(|text| text.chars().count() < 1_000));
            }
            Err(message) => prop_assert!(message.starts_with("this JSON Schema"), "{}", message),
        }
    }
}

/// Returns schemas with four definitions that may refer to each other.
fn schema() -> impl Strategy<Value = Value> {
    prop::collection::vec(part(), 5).prop_map(|parts| {
        let [root, definitions @ ..] = parts.as_slice() else { return json!({}) };
        let named = definitions.iter().enumerate().map(|(at, part)| (format!("a{at}"), part.clone()));
        let mut schema = root.clone();
        schema["$defs"] = Value::Object(named.collect());
        schema
    })
}

fn part() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        (0..4).prop_map(|at| json!({ "$ref": format!("#/$defs/a{at}") })),
        prop::sample::select(vec!["string", "integer", "object", "array"])
            .prop_map(|name| json!({ "type": name })),
        Just(json!({ "pattern": "^[a-c]+$" })),
        Just(json!({ "enum": [1, "a", [], {}] })),
        Just(json!({ "uniqueItems": true, "maxItems": 3 })),
        Just(json!({ "$ref": "#" })),
        Just(json!({ "required": ["x"] })),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let one = prop::sample::select(vec![
            "not",
            "if",
            "then",
            "items",
            "contains",
            "additionalProperties",
            "propertyNames",
            "unevaluatedProperties",
            "unevaluatedItems",
        ]);
        let several = prop::sample::select(vec!["allOf", "anyOf", "oneOf", "prefixItems"]);
        let named = prop::sample::select(vec!["properties", "dependentSchemas", "patternProperties"]);
        prop_oneof![
            (one, inner.clone()).prop_map(|(key, part)| json!({ key: part })),
            (several, prop::collection::vec(inner.clone(), 1..4))
                .prop_map(|(key, parts)| json!({ key: parts })),
            (named, inner).prop_map(|(key, part)| json!({ key: { "x": part, "y": part } })),
        ]
    })
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![Just(json!(1)), Just(json!("a")), Just(json!("d")), Just(json!(null))];
    leaf.prop_recursive(4, 20, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[xyz]", inner, 0..3).prop_map(|fields| json!(fields)),
        ]
    })
}
