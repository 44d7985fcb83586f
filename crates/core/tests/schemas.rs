//! The published schemas of documents: what the parser accepts, they accept.

use std::sync::LazyLock;

use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use steadflow_core::agent::Agent;
use steadflow_core::document::Description;
use steadflow_core::flow::Flow;
use steadflow_core::limits::Limits;
use steadflow_core::node::CATALOGUE;

static FLOW: LazyLock<Validator> = LazyLock::new(|| validator("FlowInput"));
static AGENT: LazyLock<Validator> = LazyLock::new(|| validator("AgentInput"));
/// Each kind, and every key that kinds share.
static FLOWS: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let kinds = CATALOGUE.iter().map(|entry| flow_of((entry.about.example)()));
    kinds.chain([large_flow()]).collect()
});
static AGENTS: LazyLock<Vec<Value>> =
    LazyLock::new(|| vec![llm_agent(), http_agent(), mcp_agent(), command_agent()]);

#[test]
fn the_description_of_the_api_has_them_as_they_are() {
    let mut described: Value = serde_json::from_str(include_str!("../../../openapi.json")).unwrap();

    for (name, schema) in Flow::schemas().into_iter().chain(Agent::schemas()) {
        let there = &mut described["components"]["schemas"][&name];
        if name.starts_with("Flow")
            && let Some(Value::Object(properties)) = there.get_mut("properties")
        {
            // Whether a flow may be started and where it is are no parts of its document.
            properties.remove("status");
            properties.remove("folder");
        }
        assert!(*there == schema, "{name} is\n{schema}\nbut there\n{there}");
    }
}

#[test]
fn a_description_goes_into_the_objects_of_a_document() {
    let documents = [("", Flow::describe()), ("", Agent::describe())];
    let kinds = CATALOGUE.iter().map(|entry| (entry.about.name, entry.keys()));

    let lines: Vec<String> =
        documents.into_iter().chain(kinds).flat_map(|(at, keys)| inner_keys(at, &keys)).collect();

    insta::assert_snapshot!(lines.join("\n"), @"
    /budget: max_tokens, max_cost, currency
    /sensitive: fields, patterns
    /flow_definition: nodes, edges, ui
    /flow_definition/nodes: id, name, type, join, timeout_seconds, retry, on_interrupt, on_exhausted, compensate_with, position
    /flow_definition/nodes/retry: enabled, count, initial_interval_seconds, backoff_coefficient, max_interval_seconds, jitter, retry_on, do_not_retry_on
    /flow_definition/edges: from, to, on, condition
    /flow_definition/ui: notes, groups
    /flow_definition/ui/notes: id, x, y, width, height, tone, text
    /flow_definition/ui/groups: id, x, y, width, height, tone, title
    /prices: currency, input_per_million, cached_input_per_million, cache_write_per_million, output_per_million
    /protection: max_concurrency, requests_per_minute, tokens_per_minute, breaker
    /protection/breaker: failures, open_seconds
    /budget: max_tokens_per_day, max_cost_per_day
    trigger/schedule: cron, timezone, starts_at, ends_at, jitter_seconds, missed, overlap, data
    trigger/webhook: path, scheme, secret, header, prefix, algorithm, encoding, timestamp_header, id_header
    switch/cases: name, condition
    http_request/input: method, url, headers, query, auth, body, expect_status
    http_request/input/auth: type, username, password, token
    send_email/input: to, cc, bcc, reply_to, from, subject, text, html, attachments
    send_email/input/attachments: filename, content_type, content
    slack_message/input: url, text, blocks, attachments
    send_webhook/input: url, secret, body, headers
    fail/input: message, class
    ");
}

/// Returns a line for each key of which the keys inside are described.
fn inner_keys(at: &str, description: &Description) -> Vec<String> {
    let described = description.keys.iter().filter_map(|key| Some((key, key.inside.as_ref()?)));
    described
        .flat_map(|(key, inside)| {
            let at = format!("{at}/{}", key.name);
            let names: Vec<&str> = inside.keys.iter().map(|key| key.name).collect();
            let deeper = inner_keys(&at, inside);
            [format!("{at}: {}", names.join(", "))].into_iter().chain(deeper)
        })
        .collect()
}

#[test]
fn good_documents_are_accepted_by_both() {
    for flow in FLOWS.iter().chain(&examples()) {
        assert_eq!(Flow::parse(flow, &Limits::DEFAULT).err(), None);
        assert_eq!(faults(&FLOW, flow), [""; 0]);
    }
    for agent in AGENTS.iter() {
        assert_eq!(Agent::parse(agent).err(), None);
        assert_eq!(faults(&AGENT, agent), [""; 0]);
    }
}

#[test]
fn what_a_schema_refuses_of_a_changed_document_the_parser_refuses() {
    for flow in FLOWS.iter() {
        for changed in changes(flow) {
            assert!(
                FLOW.is_valid(&changed) || !is_flow(&changed),
                "{changed}\n{:?}",
                faults(&FLOW, &changed)
            );
        }
    }
    for agent in AGENTS.iter() {
        for changed in changes(agent) {
            let is_accepted = Agent::parse(&changed).is_ok();
            assert!(AGENT.is_valid(&changed) || !is_accepted, "{changed}\n{:?}", faults(&AGENT, &changed));
        }
    }
}

#[test]
fn required_keys_of_each_kind_are_required_by_both() {
    for entry in CATALOGUE {
        let example = (entry.about.example)();
        let required = entry.node_type().schema["required"].as_array().cloned().unwrap_or_default();
        for key in required.iter().filter_map(Value::as_str).chain(["id"]) {
            let mut node = example.clone();
            node.as_object_mut().unwrap().remove(key);
            let flow = flow_of(node);

            assert!(!FLOW.is_valid(&flow) && !is_flow(&flow), "{key} of {}", entry.about.name);
        }
    }
}

#[test]
fn words_that_are_none_are_refused_by_both() {
    let document = large_flow();
    for pointer in [
        "/flow_definition/nodes/0/type",
        "/flow_definition/nodes/1/action",
        "/flow_definition/nodes/1/join",
        "/flow_definition/nodes/1/on_interrupt",
        "/flow_definition/nodes/1/on_exhausted",
        "/flow_definition/nodes/1/retry/retry_on/0",
        "/flow_definition/nodes/1/input/auth/type",
        "/flow_definition/nodes/2/condition/type",
        "/flow_definition/edges/0/on",
    ] {
        let mut changed = document.clone();
        *changed.pointer_mut(pointer).unwrap() = json!("nonsense");

        assert!(!FLOW.is_valid(&changed) && !is_flow(&changed), "{pointer}");
    }
}

#[test]
fn unknown_keys_are_refused_by_both_where_a_part_is_closed() {
    for (pointer, is_closed) in [
        ("", true),
        ("/flow_definition", false),
        ("/flow_definition/nodes/0", false),
        ("/flow_definition/nodes/1/retry", true),
        ("/flow_definition/nodes/1/input", true),
        ("/flow_definition/nodes/1/input/auth", true),
        ("/flow_definition/nodes/2/condition", true),
        ("/flow_definition/edges/0", false),
    ] {
        let mut changed = large_flow();
        changed.pointer_mut(pointer).unwrap()["nonsense"] = json!(1);

        assert_eq!((!FLOW.is_valid(&changed), !is_flow(&changed)), (is_closed, is_closed), "{pointer}");
    }
}

#[test]
fn agents_of_each_type_need_their_own_configuration() {
    let mut agent = llm_agent();
    agent["config"] = http_agent()["config"].clone();

    assert!(!AGENT.is_valid(&agent) && Agent::parse(&agent).is_err());
}

/// The one exception: ECMAScript, whose patterns JSON Schema has, counts it as white space, and Unicode does not.
#[test]
fn a_name_that_is_a_byte_order_mark_is_refused_by_the_schema_only() {
    let mut flow = large_flow();
    flow["name"] = json!("\u{feff}");

    assert!(!FLOW.is_valid(&flow) && is_flow(&flow));
}

#[test]
fn the_output_of_a_kind_has_the_keys_of_its_schema() {
    for (kind, output) in [
        ("condition", json!({ "condition_result": true })),
        ("switch", json!({ "case": "default" })),
        ("delay", json!({ "waited_until": "2027-01-15T08:00:00.000000Z" })),
        (
            "http_request",
            json!({ "status": 200, "headers": { "a": "b", "set-cookie": ["c"] }, "body": null }),
        ),
    ] {
        let entry = CATALOGUE.iter().find(|entry| entry.about.name == kind).expect("it is listed");
        let schema = jsonschema::validator_for(&(entry.about.output)()).expect("it is a schema");

        assert_eq!(faults(&schema, &output), [""; 0], "{kind}");
        assert!(!schema.is_valid(&json!({})) && !schema.is_valid(&json!(null)), "{kind}");
    }
}

#[test]
fn every_reference_of_a_schema_leads_to_one() {
    for name in components().keys() {
        validator(name);
    }
}

proptest! {
    #[test]
    fn what_the_parser_accepts_of_any_change_a_schema_accepts(
        document in prop::sample::select(FLOWS.clone()),
        at in prop::collection::vec((any::<prop::sample::Index>(), value()), 1..4),
    ) {
        let changed = at.iter().fold(document, |document, (at, value)| {
            let pointers = pointers(&document);
            with(&document, &pointers[at.index(pointers.len())], value)
        });

        prop_assert!(FLOW.is_valid(&changed) || !is_flow(&changed), "{changed}\n{:?}", faults(&FLOW, &changed));
    }
}

fn is_flow(document: &Value) -> bool {
    Flow::parse(document, &Limits::DEFAULT).is_ok()
}

fn components() -> Map<String, Value> {
    Flow::schemas().into_iter().chain(Agent::schemas()).collect()
}

/// Makes a validator of the schema `name`. Fails where a reference leads nowhere.
fn validator(name: &str) -> Validator {
    let schema = json!({
        "$ref": format!("#/components/schemas/{name}"),
        "components": { "schemas": components() },
    });
    let options = jsonschema::options().with_draft(jsonschema::Draft::Draft202012);
    options.should_validate_formats(true).build(&schema).expect("every reference leads to a schema")
}

fn faults(validator: &Validator, document: &Value) -> Vec<String> {
    let faults = validator.iter_errors(document);
    faults.map(|fault| format!("{}: {fault:.200}", fault.instance_path())).collect()
}

/// Returns `document` with one change: a value replaced, or a key left out or added.
fn changes(document: &Value) -> Vec<Value> {
    let replaced = pointers(document).into_iter().flat_map(|pointer| {
        let values = values().into_iter();
        values.map(move |value| with(document, &pointer, &value)).collect::<Vec<_>>()
    });
    let removed = pointers(document).into_iter().filter_map(|pointer| without(document, &pointer));
    replaced.chain(removed).collect()
}

fn with(document: &Value, pointer: &str, value: &Value) -> Value {
    let mut changed = document.clone();
    *changed.pointer_mut(pointer).expect("the pointer is one of the document") = value.clone();
    changed
}

fn without(document: &Value, pointer: &str) -> Option<Value> {
    let mut changed = document.clone();
    let (above, key) = pointer.rsplit_once('/')?;
    changed.pointer_mut(above)?.as_object_mut()?.remove(&key.replace("~1", "/").replace("~0", "~"))?;
    Some(changed)
}

/// Returns the JSON pointer of every value in `document`.
fn pointers(document: &Value) -> Vec<String> {
    let token = |key: &str| key.replace('~', "~0").replace('/', "~1");
    let inside: Vec<(String, &Value)> = match document {
        Value::Object(map) => map.iter().map(|(key, value)| (token(key), value)).collect(),
        Value::Array(list) => list.iter().enumerate().map(|(at, value)| (at.to_string(), value)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    };
    let below = inside
        .into_iter()
        .flat_map(|(key, value)| pointers(value).into_iter().map(move |pointer| format!("/{key}{pointer}")));
    [String::new()].into_iter().chain(below).collect()
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        prop::sample::select(values()),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[a-z0-9 .${}]{0,12}".prop_map(Value::from),
    ]
}

/// One value of each sort, and some at the edge.
fn values() -> Vec<Value> {
    let mut values = vec![
        json!(null),
        json!(true),
        json!(0),
        json!(1),
        json!(2.0),
        json!(200),
        json!(-1),
        json!(0.5),
        json!(1e300),
        json!([]),
        json!(["x"]),
        json!([1.5]),
        json!({}),
        json!({ "x": "y" }),
        json!({ "type": "exists", "field": "trigger_data.x" }),
    ];
    let texts = [
        "",
        " ",
        "x",
        " x ",
        "timeout",
        "ask",
        "any",
        "error",
        "basic",
        "true",
        " False ",
        "5xx",
        "200 - 299",
        "2027-01-31T09:00:00Z",
        "018f3a5e-0000-7000-8000-000000000001",
        "https://x.example",
        "${trigger_data.x}",
        "$${x}",
        "a\u{7}b",
        "a\u{85}b",
        "\u{a0}",
    ];
    values.extend(texts.map(Value::from));
    values
}

fn flow_of(node: Value) -> Value {
    json!({ "name": "x", "flow_definition": { "nodes": [node] } })
}

fn examples() -> Vec<Value> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples");
    let files = std::fs::read_dir(folder)
        .expect("there are examples")
        .map(|entry| entry.expect("it can be read").path());
    let documents = files.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    documents.map(|path| document(&std::fs::read(path).expect("it can be read"))).collect()
}

/// Reads the flow of an example without the keys that only the command line reads.
fn document(text: &[u8]) -> Value {
    let mut document: Value = serde_json::from_slice(text).expect("an example is JSON");
    if let Some(flow) = document.get_mut("flow") {
        document = flow.take();
    }
    let known = Flow::keys();
    document.as_object_mut().expect("an example is an object").retain(|key, _| known.contains(&key.as_str()));
    document
}

/// A flow with every key that all nodes, edges and flows have.
fn large_flow() -> Value {
    json!({
        "name": "All", "description": "…", "category": "c", "tags": ["t"], "is_template": false,
        "retry_on_failure": true, "retry_count": 2, "timeout_seconds": 60, "max_concurrent_executions": 4,
        "budget": { "max_tokens": 9_000, "max_cost": 2.5, "currency": "EUR" },
        "context_id_template": "${trigger_data.id}", "context_type_default": "order",
        "flow_definition": {
            "nodes": [
                { "id": "start", "type": "trigger", "position": { "x": 0, "y": 0 } },
                {
                    "id": "call", "type": "action", "action": "http_request", "name": "Call", "join": "any",
                    "timeout_seconds": 5, "on_interrupt": "ask", "on_exhausted": "ask",
                    "retry": {
                        "enabled": true, "count": 3, "initial_interval_seconds": 1, "backoff_coefficient": 2,
                        "max_interval_seconds": 60, "jitter": 0.5, "retry_on": ["timeout", 503],
                        "do_not_retry_on": [404],
                    },
                    "input": {
                        "method": "POST", "url": "https://x.example/${trigger_data.id}",
                        "headers": { "Accept": "text/plain" }, "query": { "a": [1, "b"] },
                        "auth": { "type": "basic", "username": "u", "password": "${secrets.P}" },
                        "body": { "x": [1] }, "expect_status": ["2xx", 404],
                    },
                },
                { "id": "risky", "type": "condition",
                  "condition": { "type": "greater_than", "field": "call.status", "value": 300 } },
                { "id": "end", "type": "merge", "zoom": 2 },
            ],
            "edges": [
                { "from": "start", "to": "call", "on": "completed", "condition": "trigger_data.go" },
                { "from": "call", "to": "risky" },
                { "from": "risky", "to": "end", "condition": true, "label": "x" },
                { "from": "call", "to": "end", "on": "error" },
            ],
        },
    })
}

fn llm_agent() -> Value {
    json!({
        "name": "Analyst", "agent_type": "llm", "description": "…", "category": "risk", "tags": ["eu"],
        "config": {
            "provider": "openai", "base_url": "https://models.example/v1/", "model": "m", "api_key": "${secrets.KEY}",
            "headers": { "X-A": "b" }, "extra_headers": { "X-C": "d" }, "temperature": 0.5,
            "extra_body": { "seed": 1 }, "extra_query": { "api-version": "1" },
        },
        "skills": ["plain", {
            "name": "score", "description": "…", "instructions": "Rate ${input.vendor}", "input_schema": {},
            "output_schema": { "type": "object" }, "max_turns": 1, "max_tokens": 400, "max_answer_tokens": 100,
            "tools": [
                { "name": "look", "description": "…", "type": "http_request", "input_schema": { "type": "object" },
                  "request": { "method": "PUT", "url": "https://a.example/${input.id}", "body": "${input}" } },
                { "name": "ask", "type": "skill", "agent_id": "018f3a5e-0000-7000-8000-000000000001", "skill": "s" },
            ],
        }],
        "prices": { "currency": "EUR", "input_per_million": 0.5, "cached_input_per_million": 0.05, "cache_write_per_million": 0.6, "output_per_million": 2 },
        "protection": { "max_concurrency": 4, "requests_per_minute": 60, "tokens_per_minute": 90_000,
                        "breaker": { "failures": 5, "open_seconds": 30 } },
    })
}

fn mcp_agent() -> Value {
    json!({
        "name": "Tools", "agent_type": "mcp",
        "config": { "url": "https://tools.example/mcp/", "api_key": "${secrets.KEY}", "headers": { "X-A": "b" } },
        "skills": ["search", {
            "name": "issues/create", "description": "…", "input_schema": { "type": "object" }, "output_schema": {},
            "hash": format!("sha256:{}", "0a".repeat(32)),
        }],
    })
}

fn command_agent() -> Value {
    json!({ "name": "Files", "agent_type": "mcp", "config": { "command": "files" }, "skills": ["read"] })
}

fn http_agent() -> Value {
    json!({
        "name": "Remote", "agent_type": "http", "skills": ["score"],
        "config": { "endpoint": "https://agents.example", "api_key": "k", "headers": { "X-A": "b" } },
    })
}
