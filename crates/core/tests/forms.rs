//! Forms of triggers: which documents have one, and which trigger data fits it. What fits a form is tested where that is.

use serde_json::{Value, json};
use steadflow_core::flow::Flow;
use steadflow_core::limits::Limits;
use steadflow_core::payload::Payload;

fn asked(more: Value) -> Value {
    let mut trigger = json!({
        "id": "ask", "type": "trigger",
        "form": { "type": "object", "properties": { "amount": { "type": "integer", "minimum": 1 } }, "required": ["amount"] },
    });
    let (Value::Object(keys), Value::Object(more)) = (&mut trigger, more) else { panic!("an object") };
    keys.extend(more);
    trigger
}

fn of(nodes: &[Value]) -> Value {
    json!({ "name": "Refund", "flow_definition": { "nodes": nodes, "edges": [] } })
}

fn faults(nodes: &[Value]) -> String {
    let faults = Flow::parse(&of(nodes), &Limits::DEFAULT).expect_err("faults");
    faults.iter().map(|fault| format!("{fault}\n")).collect()
}

#[test]
fn trigger_data_fits_the_form_of_the_trigger() {
    let flow = Flow::parse(&of(&[asked(json!({ "example": { "amount": 12 } }))]), &Limits::DEFAULT).unwrap();
    let without = Flow::parse(&of(&[json!({ "id": "start", "type": "trigger" })]), &Limits::DEFAULT).unwrap();
    let faults_of = |flow: &Flow, data: Value| format!("{:?}", flow.form_faults(&Payload::from_value(&data)));

    assert_eq!(faults_of(&flow, json!({ "amount": 12 })), "[]");
    assert_eq!(faults_of(&without, json!("anything")), "[]");
    insta::assert_snapshot!(faults_of(&flow, json!({ "amount": 0, "b": 1 })), @r#"[Fault { pointer: "/amount", message: "must be at least 1" }, Fault { pointer: "/b", message: "is not a field of the form" }]"#);
}

#[test]
fn what_starts_a_flow_with_other_data_has_no_place_beside_a_form() {
    let schedule = json!({ "cron": "0 9 * * *" });
    let webhook = json!({ "path": "x", "scheme": "github", "secret": "${secrets.HOOK}" });
    let second = json!({ "id": "b", "type": "trigger", "event": "paid", "form": { "type": "object", "properties": {} } });

    let nodes =
        [asked(json!({ "schedule": schedule, "webhook": webhook, "example": { "amount": 0 } })), second];

    insta::assert_snapshot!(faults(&nodes), @"
    /flow_definition/nodes/0/schedule: node `ask` has a form, which the trigger data of `schedule` does not fit; make a further flow that starts this one
    /flow_definition/nodes/0/webhook: node `ask` has a form, which the trigger data of `webhook` does not fit; make a further flow that starts this one
    /flow_definition/nodes/0/example/amount: the example does not fit the form: it must be at least 1
    /flow_definition/nodes/1/event: node `ask` has a form, which the trigger data of `event` does not fit; make a further flow that starts this one
    /flow_definition/nodes/1/form: node `ask` already has a form, and a flow has one
    ");
}

#[test]
fn forms_that_cannot_be_shown_are_refused() {
    let form = json!({ "type": "object", "properties": { "a": { "type": "string", "pattern": "x" }, "b": { "type": "object" } } });

    insta::assert_snapshot!(faults(&[asked(json!({ "form": form }))]), @"/flow_definition/nodes/0/form: this form cannot be shown: its field `b` is no text, number, boolean or choice that can be filled in");
}
