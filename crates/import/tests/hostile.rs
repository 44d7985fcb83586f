//! Files that nobody should send: each is refused by name or becomes a valid document, and none makes the process panic.

use proptest::prelude::*;
use serde_json::{Value, json};
use steadflow_import::{Source, import};

use crate::check;

const SOURCES: [Source; 3] = [Source::N8n, Source::Dify, Source::StepFunctions];

fn refusal(text: &str, from: Option<Source>) -> String {
    import(text.as_bytes(), from, "file").expect_err("it is refused").to_string()
}

#[test]
fn what_cannot_be_read_is_refused_with_its_place() {
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    for (text, from, wanted) in [
        ("{\"nodes\": [], \"nodes\": []}", None, "the key `nodes` appears twice in one object at line 1"),
        (deep.as_str(), None, "recursion limit"),
        ("{}", None, "name its source with `--from`"),
        ("[]", None, "name its source with `--from`"),
        ("{}", Some(Source::N8n), "/nodes: a workflow of n8n has a list `nodes`"),
        ("{}", Some(Source::Dify), "/graph/nodes"),
        ("{}", Some(Source::StepFunctions), "/StartAt: a state machine has `StartAt`"),
        ("{\"StartAt\": \"a\", \"States\": {}}", None, "/StartAt: there is no state `a`"),
        (
            "{\"StartAt\": \"a\", \"States\": {\"a\": {\"Type\": \"Pass\", \"Next\": \"b\"}}}",
            None,
            "/States/a/Next: there is no state `b`",
        ),
        (
            "{\"StartAt\": \"a\", \"States\": {\"a\": {\"Type\": \"Dance\", \"End\": true}}}",
            None,
            "/States/a/Type: there is no type `Dance`",
        ),
        ("app: {mode: chat}\nworkflow: {}", None, "/app/mode: an app of the mode `chat` has no nodes"),
        ("app: {mode: workflow}\napp: 1", None, "line 2, column 1: the key `app` appears twice"),
    ] {
        let message = refusal(text, from);

        assert!(message.contains(wanted), "{}: {message}", &text[..text.len().min(80)]);
    }
    assert!(import(b"\xff\xfe", None, "file").unwrap_err().to_string().contains("not text"));
    assert!(import(&vec![b' '; 50 * 1024 * 1024], None, "file").unwrap_err().to_string().contains("at most"));
}

#[test]
fn two_nodes_of_one_name_are_refused() {
    let node = json!({ "name": "A", "type": "n8n-nodes-base.noOp" });
    let file = json!({ "nodes": [node, node], "connections": {} });

    assert!(refusal(&file.to_string(), None).contains("/nodes/1/name: a second node is called `A`"));
}

#[test]
fn names_circles_and_sizes_are_no_trouble() {
    let names =
        ["", " ", "${x}", "a\"b", "\\", "\u{202e}x", "nodes", "{{ $json }}", "a/b~c", "é", "${", "}}"];
    let nodes: Vec<Value> = names
        .iter()
        .map(|name| json!({ "name": name, "type": "n8n-nodes-base.set", "typeVersion": 3.4,
            "parameters": { "includeOtherFields": true, "assignments": { "assignments": [
                { "name": name, "value": format!("={{{{ $json[\"{name}\"] }}}} {name}") }, { "name": "a.b", "value": name }] } } }))
        .collect();
    let links = |to: &str| json!({ "main": [[{ "node": to, "type": "main", "index": 0 }]] });
    let connections: serde_json::Map<String, Value> = names
        .iter()
        .enumerate()
        .map(|(at, name)| ((*name).to_owned(), links(names[(at + 1) % names.len()])))
        .collect();
    let mut all = nodes.clone();
    all.push(json!({ "name": "Go", "type": "n8n-nodes-base.manualTrigger" }));
    let mut connections = connections;
    connections.insert("Go".to_owned(), links(names[0]));
    let file = json!({ "name": "${secrets.X}", "nodes": all, "connections": connections });

    let imported = import(file.to_string().as_bytes(), None, "file").unwrap();

    check(&imported);
    assert!(imported.report.entries.iter().any(|entry| entry.thing == "circle"));
}

#[test]
fn many_branches_that_meet_again_and_again_end() {
    let mut nodes = vec![json!({ "name": "Go", "type": "n8n-nodes-base.manualTrigger" })];
    let mut connections = serde_json::Map::new();
    let to = |name: String| json!({ "node": name, "type": "main", "index": 0 });
    connections.insert("Go".to_owned(), json!({ "main": [[to("if 0".to_owned())]] }));
    for level in 0..120 {
        nodes.push(json!({ "name": format!("if {level}"), "type": "n8n-nodes-base.if", "typeVersion": 2, "parameters": {} }));
        for side in ["a", "b"] {
            nodes.push(json!({ "name": format!("{side} {level}"), "type": "n8n-nodes-base.set", "typeVersion": 3.4,
                "parameters": { "includeOtherFields": true, "assignments": { "assignments": [{ "name": side, "value": "={{ $json.x }}" }] } } }));
            connections
                .insert(format!("{side} {level}"), json!({ "main": [[to(format!("if {}", level + 1))]] }));
        }
        connections.insert(
            format!("if {level}"),
            json!({ "main": [[to(format!("a {level}"))], [to(format!("b {level}"))]] }),
        );
    }
    let file = json!({ "name": "Wide", "nodes": nodes, "connections": connections });

    check(&import(file.to_string().as_bytes(), None, "file").unwrap());
}

/// A value that a file of a source could have where it should not.
fn odd() -> impl Strategy<Value = Value> {
    let words = prop::sample::select(vec![
        "",
        "={{ $json.a }}",
        "={{ $('A').item.json.b + 1 }}",
        "={{",
        "}}",
        "${x}",
        "{% $states.input.a %}",
        "$.a.b",
        "$",
        "$$.Map.Item.Value",
        "States.Format('{}', $.a)",
        "{{#1.text#}}",
        "{{#",
        "GET",
        "https://a.example/${x}",
        "A",
        "B",
        "1",
        "true",
        "POST",
        "json",
        "cron",
        "arn:aws:states:::http:invoke",
        "2020-01-01",
        "\u{202e}",
        "Bearer abcdefghijklmnopqrst",
    ]);
    let leaf = prop_oneof![
        words.prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
        Just(json!(1e300)),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let key = prop::sample::select(vec![
            "name",
            "value",
            "parameters",
            "values",
            "conditions",
            "assignments",
            "leftValue",
            "operator",
            "rule",
            "interval",
            "url",
            "data",
            "Next",
            "Choices",
            "Variable",
            "ErrorEquals",
            "x.$",
            "cases",
            "variables",
            "value_selector",
            "messages",
            "text",
            "a",
        ]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::vec((key, inner), 0..4).prop_map(|fields| Value::Object(
                fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
            )),
        ]
    })
}

const KINDS: [&str; 27] = [
    "webhook",
    "manualTrigger",
    "scheduleTrigger",
    "formTrigger",
    "chatTrigger",
    "set",
    "httpRequest",
    "if",
    "switch",
    "filter",
    "merge",
    "code",
    "wait",
    "splitOut",
    "splitInBatches",
    "aggregate",
    "respondToWebhook",
    "agent",
    "chainLlm",
    "openAi",
    "emailSend",
    "executeWorkflow",
    "stopAndError",
    "noOp",
    "telegram",
    "stickyNote",
    "lmChatOpenAi",
];
const PARAMETERS: [&str; 33] = [
    "url",
    "method",
    "jsonBody",
    "bodyParameters",
    "sendBody",
    "specifyBody",
    "conditions",
    "rules",
    "assignments",
    "path",
    "rule",
    "options",
    "jsCode",
    "mode",
    "amount",
    "unit",
    "fieldToSplitOut",
    "text",
    "prompt",
    "messages",
    "model",
    "formFields",
    "jsonOutput",
    "include",
    "responseBody",
    "respondWith",
    "authentication",
    "sendQuery",
    "queryParameters",
    "toEmail",
    "subject",
    "errorMessage",
    "aggregate",
];

fn n8n() -> impl Strategy<Value = Value> {
    let (kinds, keys) = (prop::sample::select(&KINDS[..]), prop::sample::select(&PARAMETERS[..]));
    let node = (kinds, prop::collection::vec((keys, odd()), 0..5), any::<bool>(), 0_u8..5);
    let links = prop::collection::vec((0_usize..8, 0_usize..3, 0_usize..8, 0_usize..2), 0..14);
    (prop::collection::vec(node, 1..8), links).prop_map(|(nodes, links)| {
        let count = nodes.len();
        let nodes: Vec<Value> = nodes
            .into_iter()
            .enumerate()
            .map(|(at, (kind, parameters, is_disabled, version))| {
                let parameters: serde_json::Map<String, Value> = parameters.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
                json!({ "name": format!("N{at}"), "type": format!("n8n-nodes-base.{kind}"), "typeVersion": version, "disabled": is_disabled && at % 3 == 0,
                    "retryOnFail": is_disabled, "onError": if version == 3 { "continueErrorOutput" } else { "stop" }, "parameters": parameters })
            })
            .collect();
        let mut connections = serde_json::Map::new();
        for (from, output, to, input) in links {
            let outputs = connections.entry(format!("N{}", from % count)).or_insert_with(|| json!({ "main": [[], [], []] }));
            outputs["main"][output].as_array_mut().expect("it has this form").push(json!({ "node": format!("N{}", to % count), "index": input }));
        }
        json!({ "name": "Any", "nodes": nodes, "connections": connections })
    })
}

fn machine() -> impl Strategy<Value = Value> {
    let kinds =
        prop::sample::select(vec!["Pass", "Task", "Choice", "Wait", "Succeed", "Fail", "Parallel", "Map"]);
    let keys = prop::sample::select(vec![
        "InputPath",
        "OutputPath",
        "ResultPath",
        "Parameters",
        "ResultSelector",
        "Result",
        "Seconds",
        "Timestamp",
        "SecondsPath",
        "Resource",
        "ItemsPath",
        "ItemSelector",
        "Output",
        "Arguments",
        "Assign",
        "Retry",
        "Error",
        "Cause",
        "MaxConcurrency",
        "TimeoutSeconds",
        "Items",
    ]);
    let state = (kinds, prop::collection::vec((keys, odd()), 0..5), 0_usize..6, any::<bool>(), odd());
    (prop::collection::vec(state, 1..6), any::<bool>()).prop_map(|(states, is_jsonata)| {
        let count = states.len();
        let mut all = serde_json::Map::new();
        for (at, (kind, settings, next, ends, odd)) in states.into_iter().enumerate() {
            let mut state = json!({ "Type": kind });
            for (key, value) in settings {
                state[key] = value;
            }
            let next = format!("S{}", next % count);
            let inner = json!({ "StartAt": "I", "States": { "I": { "Type": "Pass", "Parameters": odd, "End": true } } });
            match kind {
                "Choice" => state["Choices"] = json!([{ "Variable": "$.a", "StringEquals": "x", "Next": next }, { "Condition": "{% $a %}", "Next": next }]),
                "Map" => state["ItemProcessor"] = inner,
                "Parallel" => state["Branches"] = json!([inner, inner]),
                _ => {}
            }
            if kind != "Choice" && kind != "Succeed" && kind != "Fail" {
                state[if ends { "End" } else { "Next" }] = if ends { json!(true) } else { json!(next) };
                state["Catch"] = json!([{ "ErrorEquals": ["States.Timeout"], "Next": next, "ResultPath": "$.e" }, { "ErrorEquals": ["X"], "Next": next }]);
            }
            all.insert(format!("S{at}"), state);
        }
        json!({ "StartAt": "S0", "QueryLanguage": if is_jsonata { "JSONata" } else { "JSONPath" }, "States": all })
    })
}

fn dify() -> impl Strategy<Value = Value> {
    let kinds = prop::sample::select(vec![
        "start",
        "llm",
        "code",
        "http-request",
        "if-else",
        "template-transform",
        "answer",
        "end",
        "iteration",
        "question-classifier",
        "parameter-extractor",
        "variable-aggregator",
        "tool",
        "assigner",
        "loop",
    ]);
    let keys = prop::sample::select(vec![
        "variables",
        "url",
        "method",
        "headers",
        "params",
        "body",
        "authorization",
        "cases",
        "conditions",
        "template",
        "answer",
        "outputs",
        "iterator_selector",
        "output_selector",
        "classes",
        "parameters",
        "query",
        "prompt_template",
        "model",
        "code",
        "code_language",
        "memory",
    ]);
    let node = (kinds, prop::collection::vec((keys, odd()), 0..5), 0_usize..9);
    let links = prop::collection::vec(
        (0_usize..8, prop::sample::select(vec!["source", "true", "false", "1", "fail-branch"]), 0_usize..8),
        0..14,
    );
    (prop::collection::vec(node, 1..8), links).prop_map(|(nodes, links)| {
        let count = nodes.len() + 1;
        let mut all = vec![json!({ "id": "0", "data": { "type": "start", "title": "Start" } })];
        for (at, (kind, settings, parent)) in nodes.into_iter().enumerate() {
            let mut data = json!({ "type": kind, "title": kind });
            for (key, value) in settings {
                data[key] = value;
            }
            if parent < 3 {
                data["iteration_id"] = json!(parent.to_string());
            }
            all.push(json!({ "id": (at + 1).to_string(), "data": data }));
        }
        let edges: Vec<Value> = links
            .into_iter()
            .map(|(from, handle, to)| json!({ "source": (from % count).to_string(), "target": (to % count).to_string(), "sourceHandle": handle }))
            .collect();
        json!({ "app": { "mode": "workflow", "name": "Any" }, "workflow": { "graph": { "nodes": all, "edges": edges } } })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn any_json_is_refused_or_becomes_a_valid_document(text in steadflow_any_json::sent()) {
        for source in SOURCES {
            if let Ok(imported) = import(text.as_bytes(), Some(source), "file") {
                check(&imported);
            }
        }
    }

    #[test]
    fn any_text_is_refused_or_becomes_a_valid_document(text in "[-a-z0-9:&*!|>{}\\[\\]\"'#%, \n]{0,80}") {
        for source in SOURCES {
            if let Ok(imported) = import(text.as_bytes(), Some(source), "file") {
                check(&imported);
            }
        }
    }

    #[test]
    fn any_workflow_becomes_a_valid_document(file in n8n()) {
        if let Ok(imported) = import(file.to_string().as_bytes(), Some(Source::N8n), "file") {
            check(&imported);
        }
    }

    #[test]
    fn any_machine_becomes_a_valid_document(file in machine()) {
        if let Ok(imported) = import(file.to_string().as_bytes(), Some(Source::StepFunctions), "file") {
            check(&imported);
        }
    }

    #[test]
    fn any_app_becomes_a_valid_document(file in dify()) {
        if let Ok(imported) = import(file.to_string().as_bytes(), Some(Source::Dify), "file") {
            check(&imported);
        }
    }
}
