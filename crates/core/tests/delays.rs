//! Delays whose length or end a template gives.

use crate::support::{Play, accepted, version};
use serde_json::{Value, json};
use steadflow_core::event::Accepted;
use steadflow_core::execution::{NodeState, Wait};
use steadflow_core::flow::Flow;
use steadflow_core::ids::NodeIndex;
use steadflow_core::limits::Limits;
use steadflow_core::payload::Payload;

#[test]
fn templates_give_the_end_of_the_wait() {
    for (key, template, x, wanted) in [
        ("delay_seconds", "${trigger_data.x}", "90", "2027-01-15T08:01:30.000000Z"),
        ("delay_seconds", "${trigger_data.x}", "0.5", "2027-01-15T08:00:00.500000Z"),
        ("delay_seconds", "${trigger_data.x * 60}", "2", "2027-01-15T08:02:00.000000Z"),
        ("delay_seconds", "${trigger_data.x | int}", r#"" 7 ""#, "2027-01-15T08:00:07.000000Z"),
        ("until", "${trigger_data.x}", r#""2027-02-01T10:00:00+01:00""#, "2027-02-01T09:00:00.000000Z"),
        ("until", "${trigger_data.x}", r#""2027-02-01""#, "2027-02-01T00:00:00.000000Z"),
        ("until", "${trigger_data.x}", r#""Mon, 01 Feb 2027 10:00:00 +0100""#, "2027-02-01T09:00:00.000000Z"),
        ("until", "${trigger_data.x}", "1801440000.25", "2027-02-01T00:00:00.250000Z"),
        ("until", "${trigger_data.x}T10:00:00Z", r#""2027-02-01""#, "2027-02-01T10:00:00.000000Z"),
        ("until", "${now() | date_add(days=trigger_data.x)}", "1", "2027-01-16T08:00:00.000000Z"),
    ] {
        let play = wait(key, template, x);

        let state = &play.execution.node(NodeIndex(0)).state;
        let NodeState::Waiting(Wait::Delay { until }) = state else { panic!("{template} of {x}: {state:?}") };
        assert_eq!(until.to_string(), wanted, "{template} of {x}");
    }
}

#[test]
fn a_moment_that_has_passed_is_no_wait() {
    for (key, x) in [("until", r#""2001-01-01T00:00:00Z""#), ("until", "0"), ("delay_seconds", "0")] {
        let play = wait(key, "${trigger_data.x}", x);

        let output = play.execution.node(NodeIndex(0)).output.as_ref().map(Payload::as_str);
        assert_eq!(output, Some(r#"{"waited_until":"2027-01-15T08:00:00.000000Z"}"#), "{key} {x}");
    }
}

#[test]
fn what_gives_no_time_fails_the_node_with_the_value() {
    let cases = [
        ("delay_seconds", "-1"),
        ("delay_seconds", "316224001"),
        ("delay_seconds", "1e999"),
        ("delay_seconds", r#""90""#),
        ("delay_seconds", "null"),
        ("until", r#""tomorrow""#),
        ("until", r#""2027-02-30""#),
        ("until", "99999999999999"),
        ("until", "true"),
        ("until", "{}"),
    ];

    let messages = cases.map(|(key, x)| {
        let play = wait(key, "${trigger_data.x}", x);
        play.execution.error().map_or_else(|| "none".to_owned(), |error| error.message.to_string())
    });

    insta::assert_snapshot!(messages.join("\n"), @r#"
    Node `wait` failed after 1 attempt: `delay_seconds` must be a number of seconds from 0 to 316224000, not -1
    Node `wait` failed after 1 attempt: `delay_seconds` must be a number of seconds from 0 to 316224000, not 316224001
    Node `wait` failed after 1 attempt: `delay_seconds` must be a number of seconds from 0 to 316224000, not 1e+999
    Node `wait` failed after 1 attempt: `delay_seconds` must be a number of seconds from 0 to 316224000, not "90"
    Node `wait` failed after 1 attempt: `delay_seconds` must be a number of seconds from 0 to 316224000, not null
    Node `wait` failed after 1 attempt: `until` must be a date such as "2027-01-31T09:00:00Z", or seconds since 1970, not "tomorrow"
    Node `wait` failed after 1 attempt: `until` must be a date such as "2027-01-31T09:00:00Z", or seconds since 1970, not "2027-02-30"
    Node `wait` failed after 1 attempt: `until` must be a date such as "2027-01-31T09:00:00Z", or seconds since 1970, not 99999999999999
    Node `wait` failed after 1 attempt: `until` must be a date such as "2027-01-31T09:00:00Z", or seconds since 1970, not true
    Node `wait` failed after 1 attempt: `until` must be a date such as "2027-01-31T09:00:00Z", or seconds since 1970, not an object
    "#);
}

#[test]
fn what_no_run_could_evaluate_is_refused() {
    let faults = ["${trigger_data.x +}", "${gone.x}", "${secrets.KEY}", "$${x}"].map(|until| {
        let faults = Flow::parse(&flow("until", until), &Limits::DEFAULT).expect_err("it has a fault");
        faults.iter().map(ToString::to_string).collect::<String>()
    });

    insta::assert_snapshot!(faults.join("\n"), @r#"
    /flow_definition/nodes/0/until: `${trigger_data.x +}`: unexpected end of input, expected expression
    /flow_definition/nodes/0/until: `${gone.x}`: there is no node `gone`; a field of the trigger data is `trigger_data.gone`
    /flow_definition/nodes/0/until: `until` cannot use secrets
    /flow_definition/nodes/0/until: `until` must be a moment such as "2027-01-31T09:00:00Z" (RFC 3339), not "${x}"
    "#);
}

fn wait(key: &str, template: &str, x: &str) -> Play {
    let trigger_data = Payload::parse(format!(r#"{{"x":{x}}}"#)).expect("it is JSON");
    Play::of(version(&flow(key, template)), Accepted { trigger_data, ..accepted() })
}

fn flow(key: &str, value: &str) -> Value {
    let node = json!({ "id": "wait", "type": "delay", key: value });
    json!({ "name": "Wait", "flow_definition": { "nodes": [node] } })
}
