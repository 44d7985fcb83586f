//! Sensitive data: which of it a flow names, and that no view of an execution has any.

use std::sync::Arc;

use serde_json::{Value, json};
use steadflow_core::event::{Accepted, ChildEnd, Record};
use steadflow_core::execution::{Execution, ExecutionStatus, Input, Pinned, mask};
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::flow::Flow;
use steadflow_core::ids::ExecutionId;
use steadflow_core::limits::Limits;
use steadflow_core::payload::Payload;
use steadflow_core::sensitive::{Cipher, restored};
use uuid::Uuid;

use crate::support::{Play, accepted, version};

const IBAN: &str = "DE89370400440532013000";

/// Encrypts nothing.
#[derive(Debug)]
struct Plain;

impl Cipher for Plain {
    fn key(&self) -> Uuid {
        Uuid::from_u128(9)
    }

    fn encrypt(&self, _: ExecutionId, text: &str) -> String {
        text.to_owned()
    }

    fn decrypt(&self, _: ExecutionId, encrypted: &str) -> Option<String> {
        Some(encrypted.to_owned())
    }
}

/// `card` is made of sensitive fields, `asked` hands it on, and `log` says what is not sensitive.
fn flow(sensitive: &Value) -> Value {
    let echo =
        |id: &str, input: Value| json!({ "id": id, "type": "action", "action": "echo", "input": input });
    json!({
        "name": "F", "sensitive": sensitive, "retry_on_failure": true, "retry_count": 1,
        "flow_definition": {
            "nodes": [
                { "id": "start", "type": "trigger" },
                { "id": "card", "type": "action", "action": "transform", "input": {
                    "pin": "${trigger_data.customer.pin}", "text": "to ${trigger_data.customer.iban}, please",
                    "vip": "${start.customer.vip or false}", "city": "${trigger_data.city}" } },
                { "id": "passed", "type": "merge" },
                echo("asked", json!({ "all": "${passed}", "vip": "${passed.vip}", "city": "${card.city}" })),
                echo("log", json!("${asked.answer}")),
            ],
            "edges": [{ "from": "start", "to": "card" }, { "from": "card", "to": "passed" },
                      { "from": "passed", "to": "asked" }, { "from": "asked", "to": "log" }],
        },
    })
}

fn played(sensitive: &Value) -> Play {
    let customer = json!({ "iban": IBAN, "pin": 7, "vip": true });
    let trigger_data =
        json!({ "customer": customer, "city": "Lisbon", "people": [{ "ssn": "078-05-1120" }, {}] });
    let accepted = Accepted { trigger_data: Payload::from_value(&trigger_data), ..accepted() };
    let mut play = Play::of(version(&flow(sensitive)), accepted);
    let said = format!("no account {IBAN} for \"{{\\\"iban\\\":\\\"{IBAN}\\\"}}\" of 078-05-1120");
    play.fails("asked", Failure::new(ErrorClass::Timeout, said));
    play.at(60.0)
        .completes("asked", json!({ "answer": { IBAN: [format!("x{IBAN}y"), 41, "Lisbon"] }, "n": 42 }));
    play.completes("log", json!("done"));
    play
}

fn masked(play: &Play) -> (Vec<Record>, Execution) {
    let mut records = play.journal.clone();
    mask(&mut records, &play.execution.pinned());
    let execution = Execution::replay(play.execution.id(), play.execution.pinned(), records.clone());
    (records, execution.expect("masked records are records"))
}

fn output(execution: &Execution, node: &str) -> Value {
    let index = execution.graph().find(node).expect("there is such a node");
    let output = execution.node(index).output.as_ref().expect("it has completed");
    output.to_value().expect("it is JSON")
}

#[test]
fn values_are_masked_where_they_are_named_and_wherever_they_have_come() {
    let play = played(&json!({ "fields": ["trigger_data.customer", "start.people.ssn", "asked.n"] }));

    let (records, execution) = masked(&play);

    let text = serde_json::to_string(&records).unwrap();
    assert!(!text.contains(IBAN) && !text.contains("078-05"), "{text}");
    let trigger_data = execution.accepted().trigger_data.to_value().unwrap();
    let people = json!([{ "ssn": "[sensitive]" }, {}]);
    assert_eq!(trigger_data, json!({ "customer": "[sensitive]", "city": "Lisbon", "people": people }));
    let hidden =
        json!({ "pin": "[sensitive]", "text": "[sensitive]", "vip": "[sensitive]", "city": "Lisbon" });
    assert_eq!((output(&execution, "card"), output(&execution, "passed")), (hidden.clone(), hidden));
    let asked = execution.graph().find("asked").unwrap();
    let input = execution.input_of(asked).unwrap().to_value().unwrap();
    let hidden = output(&execution, "card");
    assert_eq!(input, json!({ "all": hidden, "vip": "[sensitive]", "city": "Lisbon" }));
    let answer = json!({ "[sensitive]": ["x[sensitive]y", 41, "Lisbon"] });
    assert_eq!(output(&execution, "asked"), json!({ "answer": answer, "n": "[sensitive]" }));
    assert_eq!(output(&execution, "log"), "done");
}

#[test]
fn messages_are_masked_when_they_are_made() {
    let play = played(&json!({ "fields": ["trigger_data.customer.iban", "trigger_data.people.ssn"] }));

    let text = serde_json::to_string(&play.journal).unwrap();

    assert!(text.contains("no account [sensitive] for"), "{text}");
    assert!(!text.contains("of 078-05"), "{text}");
    assert!(text.contains(IBAN), "outputs are what they are until they are encrypted or shown");
}

#[test]
fn patterns_are_masked_everywhere() {
    let play = played(&json!({ "patterns": ["iban", "regex:[0-9]{3}-[0-9]{2}-[0-9]{4}"] }));

    let (records, execution) = masked(&play);

    let text = serde_json::to_string(&records).unwrap();
    assert!(!text.contains("078-05"), "{text}");
    assert_eq!(output(&execution, "card")["text"], "to [sensitive], please");
    assert_eq!(output(&execution, "card")["vip"], true);
}

#[test]
fn items_and_results_of_bodies_are_masked() {
    let echo = json!({ "id": "each", "type": "action", "action": "echo", "input": { "pin": "${item.pin}", "name": "${item.name}" } });
    let map = json!({ "id": "all", "type": "map", "items": "${trigger_data.people}", "body": { "nodes": [echo], "edges": [] } });
    let flow = json!({ "name": "F", "sensitive": { "fields": ["trigger_data.people.pin"] },
        "flow_definition": { "nodes": [map], "edges": [] } });
    let trigger_data = Payload::from_value(&json!({ "people": [{ "pin": 7, "name": "Ada" }] }));
    let cipher: Arc<dyn Cipher> = Arc::new(Plain);
    let (data_key, cipher) = (Some(cipher.key()), Some(cipher));
    let pinned = Pinned { cipher, ..version(&flow).into() };
    let mut parent = Play::of(pinned, Accepted { trigger_data, data_key, ..accepted() });
    let child = parent.children.remove(0);
    let mut child = Play::of(child.pinned, child.accepted);
    child.completes("each", json!({ "pin": 7 }));
    let result = child.execution.result();
    let end = ChildEnd { status: ExecutionStatus::Completed, result, message: None, class: None };
    parent.put(Input::ChildEnded { node: parent.index("all"), child: 0, end }).unwrap();

    let (of_child, of_parent) = (masked(&child), masked(&parent));

    assert_eq!(child.execution.accepted().data_key, data_key, "what an encrypted one starts is encrypted");

    let item = of_child.1.accepted().around.as_ref().unwrap().item.as_ref().unwrap().to_value().unwrap();
    assert_eq!(item, json!({ "pin": "[sensitive]", "name": "Ada" }));
    let input = of_child.1.input_of(child.index("each")).unwrap().to_value().unwrap();
    assert_eq!(input, json!({ "pin": "[sensitive]", "name": "Ada" }));
    assert_eq!(output(&of_parent.1, "all"), "[sensitive]", "what comes out of the body is not looked into");
    assert!(!serde_json::to_string(&of_parent.0).unwrap().contains("\"pin\":7"));
}

#[test]
fn with_more_values_than_can_be_looked_for_all_is_masked() {
    let texts: Vec<String> = (0..150).map(|number| format!("{number:08}").repeat(1_000)).collect();
    let data = Payload::from_value(&json!({ "long": texts, "city": "Lisbon" }));
    let flow = flow(&json!({ "fields": ["trigger_data.long"] }));
    let play = Play::of(version(&flow), Accepted { trigger_data: data, ..accepted() });

    let (_, execution) = masked(&play);

    assert_eq!(execution.accepted().trigger_data.as_str(), "\"[sensitive]\"");
}

#[test]
fn what_a_flow_says_has_a_number() {
    let fields = vec!["trigger_data"; 101];
    let refused = Flow::parse(&flow(&json!({ "fields": fields })), &Limits::DEFAULT).unwrap_err();

    assert_eq!(refused[0].pointer, "/sensitive/fields");
}

#[test]
fn without_sensitive_data_nothing_changes() {
    let play = played(&Value::Null);

    assert_eq!(masked(&play).0, play.journal);
}

#[test]
fn what_a_flow_says_is_refused_by_name() {
    let mut shown = flow(&json!({ "fields": ["trigger_data.city"] }));
    shown["context_id_template"] = json!("${trigger_data.city}");
    shown["concurrency_key"] = json!("x ${trigger_data.city | upper}");
    shown["flow_definition"]["nodes"][4] = json!({ "id": "log", "type": "wait_event", "event": "e",
        "correlation": "${asked.all}" });
    let sensitive = json!({ "fields": ["nowhere.x", "context.id", "1 + 1", "asked"], "patterns": ["phone"] });

    let faults = |document: &Value| {
        let faults = Flow::parse(document, &Limits::DEFAULT).unwrap_err();
        faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };

    insta::assert_snapshot!(faults(&flow(&sensitive)), @"
    /sensitive/fields/0: there is no node `nowhere`; a sensitive field is a path such as `trigger_data.customer.iban` or `fetch.body.patient`
    /sensitive/fields/1: a sensitive field is a path such as `trigger_data.customer.iban` or `fetch.body.patient`
    /sensitive/fields/2: a sensitive field is a path such as `trigger_data.customer.iban` or `fetch.body.patient`
    /sensitive/patterns/0: there is no such pattern; use `card_number`, `email`, `iban`, or `regex:` and a regular expression
    ");
    insta::assert_snapshot!(faults(&flow(&json!({}))), @"/sensitive/fields: sensitive data needs `fields` or `patterns`; leave `sensitive` out if there is none");
    shown["sensitive"]["fields"] = json!(["trigger_data.city", "asked.all"]);
    insta::assert_snapshot!(faults(&shown), @"
    /context_id_template: `context_id_template` reads a sensitive field, and its value is shown in lists
    /concurrency_key: `concurrency_key` reads a sensitive field, and its value is shown in lists
    /flow_definition/nodes/4/correlation: the correlation of an event reads a sensitive field, and is stored as it is
    ");
}

#[test]
fn what_was_masked_is_put_back_from_its_place() {
    let payload = |value: &Value| Payload::from_value(value);
    let original = payload(&json!({ "iban": IBAN, "list": [1, { "a": "b" }], "n": 5 }));
    let edited = payload(&json!({ "iban": "[sensitive]", "list": [2, "[sensitive]"], "n": 6 }));

    let put_back = restored(&edited, &original).unwrap().to_value().unwrap();

    assert_eq!(put_back, json!({ "iban": IBAN, "list": [2, { "a": "b" }], "n": 6 }));
    let moved = payload(&json!({ "other": ["[sensitive]"] }));
    assert_eq!(restored(&moved, &original).unwrap_err(), "/other/0");
}
