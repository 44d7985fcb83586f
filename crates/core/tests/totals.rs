//! What a document may have in all, of things that each are small.

use serde_json::{Value, json};
use steadflow_core::agent::Agent;
use steadflow_core::failure::ErrorClass;
use steadflow_core::flow::{Fault, Flow, PlacedNode};
use steadflow_core::limits::{HEADERS_MAX, Limits, PARAMETERS_MAX, PLACES_MAX};
use steadflow_core::node::HttpInput;
use steadflow_core::payload::Payload;

#[test]
fn expressions_are_counted_before_they_are_compiled() {
    let limits = Limits { expressions_max: 6, ..Limits::DEFAULT };
    let document = |texts: &[&str]| {
        json!({
            "name": "F", "context_id_template": "${trigger_data.id}",
            "flow_definition": {
                "nodes": [
                    { "id": "a", "type": "action", "action": "transform", "input": texts },
                    { "id": "b", "type": "condition", "condition": { "type": "equals", "field": "a", "value": "${a}" } },
                    { "id": "c", "type": "switch", "cases": [{ "name": "x", "condition": "a == 1" }] },
                ],
                "edges": [{ "from": "a", "to": "b", "condition": "a > 1" }, { "from": "a", "to": "c" }],
            },
        })
    };

    let fits = Flow::parse(&document(&["$${a} $"]), &limits);
    let too_many = Flow::parse(&document(&["${ !! } ${ !!!", "${"]), &limits).unwrap_err();

    assert!(fits.is_ok(), "{fits:?}");
    // Neither is what is wrong with the last ones said, because they are not compiled.
    insta::assert_snapshot!(shown(&too_many[..1]), @"/flow_definition/edges/0/condition: the document has 7 expressions with 28 characters and 0 regular expressions; at most 6 with 200000 and 200 are allowed, and this is the first beyond. Divide the flow, or use fewer expressions");
}

#[test]
fn the_characters_of_all_expressions_are_counted() {
    let limits = Limits { expressions_chars_max: 17, ..Limits::DEFAULT };
    let faults =
        |text: &str| Flow::parse(&transform(&json!([text])), &limits).err().map(|faults| shown(&faults));

    assert_eq!(faults("much text ${trigger_data['é']}"), None);
    insta::assert_snapshot!(faults("${trigger_data['éa']}").unwrap(), @"/flow_definition/nodes/0/input: the document has 1 expressions with 18 characters and 0 regular expressions; at most 10000 with 17 and 200 are allowed, and this is the first beyond. Divide the flow, or use fewer expressions");
}

#[test]
fn regular_expressions_are_counted() {
    let limits = Limits { patterns_max: 1, ..Limits::DEFAULT };
    let faults =
        |text: &str| Flow::parse(&transform(&json!([text])), &limits).err().map(|faults| shown(&faults));

    assert_eq!(faults("${trigger_data | regex_find('a')}"), None);
    insta::assert_snapshot!(faults("${trigger_data | regex_find('a') | regex_match('b')}").unwrap(), @"/flow_definition/nodes/0/input: the document has 1 expressions with 49 characters and 2 regular expressions; at most 10000 with 200000 and 1 are allowed, and this is the first beyond. Divide the flow, or use fewer expressions");
}

#[test]
fn expressions_of_values_that_may_be_templates_are_counted_too() {
    let limits = Limits { expressions_max: 0, ..Limits::DEFAULT };
    let delay = json!({ "id": "t", "type": "delay", "delay_seconds": "${trigger_data.a}" });
    let document = json!({ "name": "F", "flow_definition": { "nodes": [delay] } });

    let faults = Flow::parse(&document, &limits).unwrap_err();

    assert!(shown(&faults).contains("the document has 1 expressions"), "{}", shown(&faults));
}

#[test]
fn a_node_of_a_graph_that_is_nested_too_deep_is_not_tried() {
    let deep = (0..200).fold(json!(1), |inner, _| json!([inner]));

    let faults = PlacedNode::parse(&transform(&deep)["flow_definition"], "t", &Limits::DEFAULT).unwrap_err();

    assert!(shown(&faults).contains("nested more than 128 deep"), "{}", shown(&faults));
}

#[test]
fn expressions_of_a_request_are_counted_too() {
    let limits = Limits { expressions_max: 2, ..Limits::DEFAULT };
    let faults = |method: &str| {
        let input = json!({ "method": method, "url": "https://x.example/${trigger_data.a}",
                            "body": "${trigger_data.b}" });
        let node = json!({ "id": "t", "type": "action", "action": "http_request", "input": input });
        let document = json!({ "name": "F", "flow_definition": { "nodes": [node] } });
        Flow::parse(&document, &limits).err().map(|faults| shown(&faults))
    };

    assert_eq!(faults("POST"), None);
    let beyond = faults("${trigger_data.c}").expect("there is one too many");
    assert!(beyond.contains("the document has 3 expressions"), "{beyond}");
}

#[test]
fn a_node_of_a_graph_with_too_many_expressions_is_not_tried() {
    let limits = Limits { expressions_max: 1, ..Limits::DEFAULT };
    let document = transform(&json!(["${trigger_data.a}", "${trigger_data.b}"]));

    let faults = PlacedNode::parse(&document["flow_definition"], "t", &limits).unwrap_err();

    assert_eq!(faults.len(), 1);
    assert!(faults[0].message.starts_with("the document has 2 expressions"), "{}", faults[0]);
}

#[test]
fn what_was_stored_with_more_expressions_is_restored() {
    let limits = Limits {
        expressions_max: 1,
        expressions_chars_max: 1,
        patterns_max: 0,
        expression_pointer_bytes_max: 1,
        tags_max: 0,
        description_chars_max: 0,
        context_chars_max: 0,
        ..Limits::DEFAULT
    };
    let mut document =
        transform(&json!({ "key": ["${trigger_data.a}", "${trigger_data | regex_find('b')}"] }));
    document["tags"] = json!(["a"]);
    document["description"] = json!("a");
    document["context_type_default"] = json!("a");

    let restored = Flow::restore(&Payload::from_value(&document), &limits).unwrap();

    assert_eq!(restored.faults, []);
}

#[test]
fn the_keys_that_lead_to_an_expression_have_a_length_together() {
    let limits = Limits { expression_pointer_bytes_max: 6, ..Limits::DEFAULT };
    let fault = |key: &str| {
        let document = transform(&json!({ "longer": ["no expression"], key: ["${trigger_data.a}"] }));
        Flow::parse(&document, &limits).err().map(|faults| shown(&faults))
    };

    assert_eq!(fault("abc"), None);
    insta::assert_snapshot!(fault("abcd").unwrap(), @"/flow_definition/nodes/0/input/abcd/0: the keys that lead to this expression have more than 6 bytes together; use shorter keys");
}

#[test]
fn the_texts_of_a_flow_have_a_length_and_its_tags_a_number() {
    let mut document = transform(&json!({}));
    document["description"] = json!("é".repeat(10_000));
    document["category"] = json!("é".repeat(200));
    document["context_type_default"] = json!("é".repeat(1_000));
    document["tags"] = json!(vec!["é".repeat(200); 50]);
    document["flow_definition"]["nodes"][0]["name"] = json!("é".repeat(200));
    document["flow_definition"]["nodes"][0]["id"] = json!("é".repeat(200));
    assert!(Flow::parse(&document, &Limits::DEFAULT).is_ok());

    for (pointer, longer) in [
        ("/description", json!("é".repeat(10_001))),
        ("/category", json!("é".repeat(201))),
        ("/context_type_default", json!("é".repeat(1_001))),
        ("/tags", json!(vec!["a"; 51])),
        ("/tags/0", json!("é".repeat(201))),
        ("/flow_definition/nodes/0/name", json!("é".repeat(201))),
        ("/flow_definition/nodes/0/id", json!("é".repeat(201))),
    ] {
        let mut document = document.clone();
        *document.pointer_mut(pointer).unwrap() = longer;

        let faults = Flow::parse(&document, &Limits::DEFAULT).unwrap_err();

        assert_eq!((faults.len(), faults[0].pointer.as_str()), (1, pointer));
    }
}

#[test]
fn a_request_has_a_number_of_headers_and_parameters() {
    let named = |count: usize| Value::Object((0..count).map(|at| (format!("k{at}"), json!("x"))).collect());
    let faults = |headers: usize, parameters: usize| {
        let input = json!({ "url": "http://x", "headers": named(headers), "query": named(parameters) });
        let node = json!({ "id": "a", "type": "action", "action": "http_request", "input": input });
        let document = json!({ "name": "F", "flow_definition": { "nodes": [node] } });
        Flow::parse(&document, &Limits::DEFAULT).err().map(|faults| shown(&faults)).unwrap_or_default()
    };

    let failure = |headers: usize, parameters: usize| {
        let input = json!({ "url": "http://x", "headers": named(headers), "query": named(parameters) });
        HttpInput::read(&input).err().map(|failure| failure.class)
    };

    assert_eq!(failure(HEADERS_MAX, PARAMETERS_MAX), None);
    assert_eq!(failure(HEADERS_MAX + 1, 0), Some(ErrorClass::Validation));
    assert_eq!(failure(0, PARAMETERS_MAX + 1), Some(ErrorClass::Validation));
    assert_eq!(faults(HEADERS_MAX, PARAMETERS_MAX), "");
    insta::assert_snapshot!(faults(HEADERS_MAX + 1, PARAMETERS_MAX + 1), @"
    /flow_definition/nodes/0/input/headers: `headers` has 1001 entries; at most 1000 are allowed
    /flow_definition/nodes/0/input/query: `query` has 1001 entries; at most 1000 are allowed
    ");
}

#[test]
fn instructions_have_a_number_of_places_and_a_length_with_the_input_in_them() {
    let agent = |places: usize| {
        let skill = json!({ "name": "a", "instructions": "${input.x}".repeat(places) });
        json!({ "name": "A", "agent_type": "llm", "config": { "provider": "openai", "model": "m" }, "skills": [skill] })
    };
    let faults = Agent::parse(&agent(PLACES_MAX + 1)).unwrap_err();
    let stored = Agent::restore(&agent(PLACES_MAX + 1)).unwrap();
    let render = |length: usize| {
        let instructions = stored.skills[0].instructions.as_ref().unwrap();
        instructions.render(&json!({ "x": "y".repeat(length) })).map(|text| text.len())
    };

    assert!(Agent::parse(&agent(PLACES_MAX)).is_ok());
    assert_eq!(
        shown(&faults),
        "/skills/0/instructions: `instructions` name parts of the input 501 times; at most 500 are allowed"
    );
    assert_eq!(render(8_000), Ok(501 * 8_000));
    assert_eq!(
        render(9_000).unwrap_err(),
        "The instructions have more than 4194304 bytes with the parts of the input in their places."
    );
}

#[test]
fn the_parts_of_an_agent_have_a_length_or_a_number() {
    let chars = |count: usize| json!("é".repeat(count));
    let url = |count: usize| json!(format!("http://x/{}", "a".repeat(count - 9)));
    let map = |count: usize| Value::Object((0..count).map(|at| (format!("k{at}"), json!("x"))).collect());
    let skills = |count: usize| (0..count).map(|at| json!({ "name": format!("s{at}") })).collect::<Value>();
    let body = |count: usize| json!({ "k": "x".repeat(count - 8) });
    let nested = |levels: usize| (0..levels).fold(json!(1), |inner, _| json!({ "k": inner }));
    type Part<'a> = (&'a str, &'a str, usize, &'a dyn Fn(usize) -> Value);
    let tools = |count: usize| (0..count).map(|at| tool(&format!("t{at}"))).collect::<Value>();
    let name = |count: usize| json!("x".repeat(count));
    let fallbacks = |count: usize| (0..count).map(|_| json!({ "model": "m" })).collect::<Value>();
    let guardrail = |at: usize| json!({ "name": format!("g{at}"), "on": "output", "deny": "x" });
    let guardrails = |count: usize| (0..count).map(guardrail).collect::<Value>();
    let parts: [Part<'_>; 45] = [
        ("llm", "/name", 200, &chars),
        ("llm", "/description", 10_000, &chars),
        ("llm", "/category", 200, &chars),
        ("llm", "/tags", 50, &|count| json!(vec!["a"; count])),
        ("llm", "/tags/0", 200, &chars),
        ("llm", "/skills", 200, &skills),
        ("llm", "/skills/0/name", 200, &chars),
        ("llm", "/skills/0/description", 10_000, &chars),
        ("llm", "/skills/0/instructions", 100_000, &chars),
        ("llm", "/skills/0/max_tokens", 1_000_000, &|count| json!(count)),
        ("llm", "/skills/0/max_answer_tokens", 1_000_000, &|count| json!(count)),
        ("llm", "/skills/0/max_turns", 100, &|count| json!(count)),
        ("llm", "/skills/0/tools", 64, &tools),
        ("llm", "/skills/0/tools/0/name", 64, &name),
        ("llm", "/skills/0/tools/0/description", 10_000, &chars),
        ("llm", "/skills/0/guardrails", 20, &guardrails),
        ("llm", "/skills/0/guardrails/0/name", 200, &name),
        ("llm", "/skills/0/guardrails/0/deny", 1_000, &name),
        ("llm", "/skills/0/guardrails/0/message", 500, &chars),
        ("llm", "/prices/input_per_million", 1_000_000, &|count| json!(count)),
        ("llm", "/prices/cached_input_per_million", 1_000_000, &|count| json!(count)),
        ("llm", "/prices/cache_write_per_million", 1_000_000, &|count| json!(count)),
        ("llm", "/protection/max_concurrency", 10_000, &|count| json!(count)),
        ("llm", "/protection/requests_per_minute", 1_000_000, &|count| json!(count)),
        ("llm", "/protection/tokens_per_minute", 1_000_000_000, &|count| json!(count)),
        ("llm", "/protection/breaker/failures", 1_000, &|count| json!(count)),
        ("llm", "/protection/breaker/open_seconds", 3_600, &|count| json!(count)),
        ("llm", "/config/model", 200, &chars),
        ("llm", "/config/fallbacks", 5, &fallbacks),
        ("llm", "/config/fallbacks/0/model", 200, &chars),
        ("llm", "/config/base_url", 2_000, &url),
        ("llm", "/config/api_key", 8_000, &chars),
        ("llm", "/config/headers", 50, &map),
        ("llm", "/config/extra_headers", 50, &map),
        ("llm", "/config/extra_query", 50, &map),
        ("llm", "/config/extra_body", 20_000, &body),
        ("llm", "/config/extra_body", 20, &nested),
        ("http", "/config/endpoint", 2_000, &url),
        ("http", "/config/api_key", 8_000, &chars),
        ("http", "/config/headers", 50, &map),
        ("http", "/config/headers/k0", 8_000, &chars),
        ("mcp", "/config/url", 2_000, &url),
        ("mcp", "/config/api_key", 8_000, &chars),
        ("mcp", "/config/headers", 50, &map),
        ("command", "/config/command", 64, &chars),
    ];
    for (agent_type, pointer, max, part) in parts {
        let faults = |size: usize| {
            let mut document = agent(agent_type);
            *document.pointer_mut(pointer).unwrap() = part(size);
            Agent::parse(&document).err().unwrap_or_default()
        };

        assert_eq!(faults(max), [], "{agent_type}{pointer}");
        let beyond = faults(max + 1);

        assert!(beyond.len() == 1 && beyond[0].pointer == pointer, "{agent_type}{pointer}: {beyond:?}");
    }
}

/// Returns an agent of this type that has every part of a bounded size.
fn agent(agent_type: &str) -> Value {
    let config = match agent_type {
        "llm" => json!({
            "provider": "openai", "model": "m", "base_url": "http://x", "api_key": "k",
            "headers": {}, "extra_headers": {}, "extra_query": {}, "extra_body": {}, "fallbacks": [{ "model": "n" }],
        }),
        "mcp" => json!({ "url": "http://x", "api_key": "k", "headers": {} }),
        "command" => json!({ "command": "c" }),
        _ => json!({ "endpoint": "http://x", "api_key": "k", "headers": { "k0": "x" } }),
    };
    let mut skill = json!({ "name": "s", "description": "", "instructions": "" });
    if agent_type == "llm" {
        (skill["max_turns"], skill["max_tokens"], skill["max_answer_tokens"]) =
            (json!(1), json!(1), json!(1));
        skill["tools"] = json!([tool("t")]);
        skill["guardrails"] = json!([{ "name": "g", "on": "output", "deny": "x", "message": "" }]);
    }
    let mut agent = json!({
        "name": "A", "agent_type": if agent_type == "command" { "mcp" } else { agent_type },
        "description": "", "category": "c", "tags": ["a"], "config": config,
        "prices": { "input_per_million": 1, "cached_input_per_million": 1, "cache_write_per_million": 1 },
        "skills": [skill],
    });
    if agent_type == "llm" {
        agent["protection"] = json!({
            "max_concurrency": 1, "requests_per_minute": 1, "tokens_per_minute": 1,
            "breaker": { "failures": 1, "open_seconds": 1 },
        });
    }
    agent
}

fn tool(name: &str) -> Value {
    json!({ "name": name, "description": "", "type": "http_request", "request": { "url": "https://x" } })
}

fn transform(input: &Value) -> Value {
    let node = json!({ "id": "t", "type": "action", "action": "transform", "input": input });
    json!({ "name": "F", "flow_definition": { "nodes": [node] } })
}

fn shown(faults: &[Fault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
