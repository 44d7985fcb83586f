//! The catalogue of node types, as the studio's palette shows it.

use serde_json::Value;
use steadflow_core::flow::node_types;
use steadflow_core::node::{NodeType, Traits};

#[test]
fn the_palette_is_complete() {
    let names: Vec<String> = node_types().types.iter().map(shown).collect();

    insta::assert_snapshot!(names.join("\n"), @"
    trigger: Trigger [completed] starts
    agent: Agent [completed, error] attempts calls
    condition: Condition [completed, true, false, error] attempts answers
    switch: Switch [completed, default, error] attempts cases
    approval: Approval [completed, approved, rejected, timed_out, error] people
    delay: Delay [completed, error]
    wait_event: Wait for event [completed, error] events
    parallel: Parallel [completed] passes_through
    merge: Merge [completed] passes_through
    map: Map [completed, error] attempts calls children body
    loop: Loop [completed, error] attempts calls children body
    subflow: Sub-flow [completed, error] attempts calls children
    action http_request: HTTP request [completed, error] attempts calls
    action send_email: Email [completed, error] attempts calls
    action slack_message: Slack message [completed, error] attempts calls
    action send_webhook: Webhook [completed, error] attempts calls
    action mcp_tool: MCP tool [completed, error] attempts calls
    code: Code [completed, error] attempts calls
    action transform: Transform [completed, error] attempts returns_input
    action echo: Echo [completed, error] attempts calls returns_input
    action fail: Fail [completed, error] attempts
    ");
}

#[test]
fn kinds_for_tests_are_not_listed() {
    let listed = node_types();

    assert!(listed.types.iter().all(|kind| kind.title != "Rounds"));
    let types = listed.common["properties"]["type"]["enum"].as_array().unwrap();
    assert!(!types.contains(&Value::from("test_rounds")));
}

fn shown(entry: &NodeType) -> String {
    let action = entry.action.map_or_else(String::new, |action| format!(" {action}"));
    let Traits {
        starts,
        takes_attempts,
        makes_calls,
        passes_through,
        returns_input,
        answers,
        has_cases,
        asks_people,
        awaits_events,
        starts_children,
        repeats,
    } = entry.traits;
    let traits = [
        (starts, " starts"),
        (takes_attempts, " attempts"),
        (makes_calls, " calls"),
        (passes_through, " passes_through"),
        (returns_input, " returns_input"),
        (answers, " answers"),
        (has_cases, " cases"),
        (asks_people, " people"),
        (awaits_events, " events"),
        (starts_children, " children"),
        (repeats.is_some(), " body"),
    ];
    let traits: String = traits.iter().filter(|(holds, _)| *holds).map(|(_, name)| *name).collect();
    format!("{}{action}: {} [{}]{traits}", entry.type_name, entry.title, entry.ports.join(", "))
}

#[test]
fn every_key_of_a_kind_has_a_title_and_says_what_it_is_for() {
    for kind in node_types().types {
        assert_eq!(kind.schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        for (key, schema) in kind.schema["properties"].as_object().unwrap() {
            // What names the kind needs no text, and a key of a later version takes no value yet.
            if !["type", "action"].contains(&key.as_str()) && schema["type"] != "null" {
                assert!(schema["title"].is_string(), "the title of {key} of {}", kind.title);
                assert!(schema["description"].is_string(), "the description of {key} of {}", kind.title);
            }
        }
    }
}

#[test]
fn a_key_of_an_input_can_be_a_template() {
    let types = node_types().types;
    let request = types.iter().find(|kind| kind.action == Some("http_request")).unwrap();

    let method = &request.schema["properties"]["input"]["anyOf"][0]["properties"]["method"];
    let alternatives = method["anyOf"].as_array().expect("a method or a template");
    assert!(alternatives.iter().any(|schema| schema["title"] == "Template"), "{method}");
}
