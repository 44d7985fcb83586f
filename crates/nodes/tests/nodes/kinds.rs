//! Every kind of node: what the parser takes, its JSON Schema takes too, and the reference describes it.

use std::collections::BTreeMap;

use jsonschema::Validator;
use serde_json::{Map, Value, json};
use steadflow_core::document::{Description, KeyDescription};
use steadflow_core::flow::{Flow, PlacedNode, node_types};
use steadflow_core::ids::{ExecutionId, TenantId};
use steadflow_core::limits::Limits;
use steadflow_core::node::{CATALOGUE, Entry, NamedBy};
use steadflow_core::payload::Payload;
use steadflow_core::timestamp::Timestamp;
use steadflow_core::trial::{Pinned, Step, Trial};
use uuid::Uuid;

const REFERENCE: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/flow-document.md"));

#[test]
fn every_example_is_accepted_and_fits_its_schema() {
    for entry in CATALOGUE {
        let example = (entry.about.example)();

        assert!(is_parsed(&example), "{example}");
        assert!(schema_of(entry).is_valid(&example), "{example}");
    }
}

#[test]
fn outputs_that_the_engine_makes_fit_their_schema() {
    for entry in CATALOGUE.iter().filter(|entry| !entry.about.traits.makes_calls) {
        let example = (entry.about.example)();
        let id = example["id"].as_str().unwrap();
        let placed =
            PlacedNode::parse(&json!({ "nodes": [example] }), id, &Limits::DEFAULT).unwrap().unwrap();

        let trial = Trial::begin(&placed, &pinned(), &Limits::DEFAULT, Timestamp::default());

        let Step::Known(Ok(output)) = trial.step else {
            let waits = entry.about.traits.asks_people || entry.about.traits.awaits_events;
            assert!(entry.about.name == "fail" || waits, "{}", entry.about.name);
            continue;
        };
        let schema = jsonschema::validator_for(&(entry.about.output)()).unwrap();
        assert!(schema.is_valid(&output.to_value().unwrap()), "{output:?} of {}", entry.about.name);
    }
}

#[test]
fn every_key_is_explained_and_documented() {
    for entry in CATALOGUE {
        for_each_key(&entry.keys(), &mut |key| {
            assert!(key.schema["title"].is_string(), "{}", key.name);
            if key.schema["type"] != "null" {
                assert!(!key.doc.is_empty(), "{} of {}", key.name, entry.about.name);
            }
            assert!(REFERENCE.contains(&format!("`{}`", key.name)), "{} of {}", key.name, entry.about.name);
        });
    }
}

#[test]
fn the_tables_of_kinds_name_every_kind_and_nothing_else() {
    let rows: Vec<Vec<&str>> = [rows("\n## Node types\n"), rows("\n## Actions\n")].concat();
    let mut named: Vec<&str> = rows.iter().flat_map(|row| in_backticks(row[0])).collect();
    let kinds = CATALOGUE.iter().map(|entry| entry.about);
    let names = kinds.flat_map(|about| [about.name].into_iter().chain(about.aliases.iter().copied()));
    let mut known: Vec<&str> = names.chain(["action"]).collect();
    named.sort_unstable();
    known.sort_unstable();

    assert_eq!(named, known);
    for entry in CATALOGUE.iter().filter(|entry| entry.about.named_by == NamedBy::Type) {
        let row = rows.iter().find(|row| in_backticks(row[0]).contains(&entry.about.name)).unwrap();
        let keys = entry.keys().keys.into_iter().filter(|key| key.schema["type"] != "null");
        let mut keys: Vec<&str> = keys.map(|key| key.name).collect();
        let is_key = |word: &&str| word.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        let mut listed: Vec<&str> = in_backticks(row[1]).into_iter().filter(is_key).collect();
        keys.sort_unstable();
        listed.sort_unstable();
        assert_eq!(listed, keys, "{}", entry.about.name);
    }
}

#[test]
fn parser_and_schema_agree_about_every_key() {
    for entry in CATALOGUE {
        let (example, schema) = ((entry.about.example)(), schema_of(entry));
        let mut paths = Vec::new();
        collect_paths(&entry.keys(), "", &mut paths);
        for path in paths {
            for value in values() {
                let Some(node) = with(&example, &path, &value) else { continue };

                let fits = schema.is_valid(&node);
                assert_eq!(is_parsed(&node), fits, "{path} = {value} of {}", entry.about.name);
            }
        }
    }
}

#[test]
fn parser_and_schema_agree_about_every_shared_key() {
    // A first backoff that no longest one of these is below.
    let common = json!({ "id": "a", "type": "merge", "retry": { "initial_interval_seconds": 0.1 } });
    let schema = jsonschema::validator_for(&node_types().common).unwrap();
    let properties = node_types().common["properties"].as_object().cloned().unwrap_or_default();
    let retry = properties["retry"]["properties"].as_object().cloned().unwrap_or_default();
    let within_retry = retry.keys().map(|key| format!("/retry/{key}"));
    // What `type` may be with which other keys is the kind's own business, and which nodes there are that of the flow.
    let is_own = |key: &&String| !["type", "compensate_with"].contains(&key.as_str());
    let paths = properties.keys().filter(is_own).map(|key| format!("/{key}")).chain(within_retry);

    for path in paths {
        for value in values() {
            let Some(node) = with(&common, &path, &value) else { continue };

            assert_eq!(is_parsed(&node), schema.is_valid(&node), "{path} = {value}");
        }
    }
}

#[test]
fn parser_and_schema_agree_about_what_a_call_can_be_made_of() {
    let entry = CATALOGUE.iter().find(|entry| entry.about.name == "http_request").unwrap();
    let schema = schema_of(entry);
    for (key, value, is_accepted) in [
        ("method", json!("get"), true),
        ("method", json!("PROPFIND"), true),
        ("method", json!("trace"), false),
        ("method", json!("a b"), false),
        ("url", json!(" HTTPS://x"), true),
        ("url", json!("${trigger_data.url}"), true),
        ("url", json!("ftp://x"), false),
        ("headers", json!({ "a": null, "B": 1 }), true),
        ("headers", json!({ "HOST": "x" }), false),
        ("headers", json!({ "idempotency-key": "${trigger_data.x}" }), false),
        ("headers", json!({ "a": "b\nc" }), false),
        ("headers", json!({ "a b": "c" }), false),
        ("query", json!({ "a": null, "b": [1, "x", true], "c": [] }), true),
        ("query", json!({ "a": [null] }), false),
        ("expect_status", json!("2xx"), true),
        ("expect_status", json!(["200–299", 404, "404"]), true),
        ("expect_status", json!("6xx"), false),
        ("expect_status", json!([]), false),
    ] {
        let node = with(&(entry.about.example)(), &format!("/input/{key}"), &value).unwrap();

        let agreed = (is_parsed(&node), schema.is_valid(&node));
        assert_eq!(agreed, (is_accepted, is_accepted), "{key} = {value}");
    }
}

/// Returns the cells of the first table under `heading`, row by row.
fn rows(heading: &str) -> Vec<Vec<&'static str>> {
    let (_, section) = REFERENCE.split_once(heading).expect("the reference has this section");
    let table = section.lines().skip_while(|line| !line.starts_with('|'));
    let rows = table.take_while(|line| line.starts_with('|')).skip(2);
    rows.map(|row| row.split('|').skip(1).map(str::trim).collect()).collect()
}

fn in_backticks(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

fn pinned() -> Pinned {
    Pinned {
        tenant: TenantId::DEFAULT,
        execution: ExecutionId::new(Uuid::nil()),
        trigger_data: Payload::from_value(&json!({ "vendor_id": 7, "risk": 80 })),
        context_id: None,
        context_type: None,
        outputs: BTreeMap::new(),
    }
}

/// One value of each sort, and some at the edge.
fn values() -> Vec<Value> {
    vec![
        json!(null),
        json!(true),
        json!(0),
        json!(1),
        json!(200),
        json!(-1),
        json!(0.5),
        json!(1e300),
        json!(""),
        json!(" "),
        json!("x"),
        json!("timeout"),
        json!("ask"),
        json!("2027-01-31T09:00:00Z"),
        json!("018f3a5e-0000-7000-8000-000000000001"),
        json!("https://x.example"),
        json!("${trigger_data.x}"),
        json!([]),
        json!([1.5]),
        json!({}),
        json!({ "x": "y" }),
        json!({ "x": { "y": [] } }),
    ]
}

/// Puts `value` at `path`; `None` where that path does not exist in the node, and where it is not what is asked here:
/// expressions have a grammar that no schema knows.
fn with(node: &Value, path: &str, value: &Value) -> Option<Value> {
    let mut node = node.clone();
    let (above, key) = path.rsplit_once('/')?;
    let is_condition = key == "condition" || (key == "until" && node["type"] == "loop");
    if is_condition && value.as_str().is_some_and(|text| !text.trim().is_empty()) {
        return None;
    }
    if is_condition && value.is_object() {
        return None;
    }
    if !above.is_empty() && node.pointer(above).is_none() {
        node[above.trim_start_matches('/')] = Value::Object(Map::new());
    }
    let object = node.pointer_mut(above)?.as_object_mut()?;
    // Of two keys that exclude each other, the other one goes.
    if !is_condition && ["delay_seconds", "until"].contains(&key) {
        object.retain(|known, _| known != "delay_seconds" && known != "until");
    }
    object.insert(key.to_owned(), value.clone());
    Some(node)
}

fn is_parsed(node: &Value) -> bool {
    let document = json!({ "name": "x", "flow_definition": { "nodes": [node] } });
    Flow::parse(&document, &Limits::DEFAULT).is_ok()
}

fn schema_of(entry: &Entry) -> Validator {
    jsonschema::options().should_validate_formats(true).build(&entry.node_type().schema).unwrap()
}

fn for_each_key(keys: &Description, visit: &mut impl FnMut(&KeyDescription)) {
    for key in &keys.keys {
        visit(key);
        if let Some(inside) = &key.inside {
            for_each_key(inside, visit);
        }
    }
}

fn collect_paths(keys: &Description, above: &str, paths: &mut Vec<String>) {
    for key in &keys.keys {
        let path = format!("{above}/{}", key.name);
        if let Some(inside) = &key.inside {
            collect_paths(inside, &path, paths);
        }
        paths.push(path);
    }
}
