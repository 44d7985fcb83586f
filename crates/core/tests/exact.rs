//! Any JSON text in, the same text out: through a template, through a node, through a constant of a flow document.

use crate::support::{Play, accepted, version};
use proptest::prelude::*;
use serde_json::{Value, json};
use steadflow_any_json::{sent, written};
use steadflow_core::event::Accepted;
use steadflow_core::flow::Flow;
use steadflow_core::ids::NodeIndex;
use steadflow_core::json::{self as documents, RepeatedKeys};
use steadflow_core::limits::Limits;
use steadflow_core::payload::Payload;

proptest! {
    #[test]
    fn a_value_passes_through_a_node_as_it_is_written(text in sent()) {
        let input = json!({ "whole": "${trigger_data.x}", "both": ["${trigger_data.x}", "${ trigger_data['x'] }"] });

        let output = transformed(&input, &format!(r#"{{"x":{text}}}"#));

        prop_assert_eq!(output, format!(r#"{{"whole":{text},"both":[{text},{text}]}}"#));
    }

    #[test]
    fn a_value_alone_is_the_very_payload(text in sent()) {
        prop_assert_eq!(transformed(&json!("${trigger_data.x}"), &format!(r#"{{"x":{text}}}"#)), text);
    }

    #[test]
    fn a_constant_keeps_its_text(text in written()) {
        prop_assume!(!text.contains("${"));
        let document = format!(
            r#"{{"name":"F","flow_definition":{{"nodes":[{{"id":"a","type":"action","action":"transform","input":[{text}]}}]}}}}"#
        );
        prop_assert!(documents::check(document.as_bytes(), RepeatedKeys::LastCounts).is_ok());
        let document: Value = serde_json::from_str(&document).expect("it is JSON");

        let flow = Flow::parse(&document, &Limits::DEFAULT).expect("the flow is valid");
        let play = Play::new(&document);

        let output = play.execution.node(NodeIndex(0)).output.clone().expect("it completes");
        prop_assert_eq!(output.as_str(), format!("[{text}]"));
        prop_assert!(flow.definition.as_str().contains(&text));
    }
}

/// Returns what a `transform` makes of `input`.
fn transformed(input: &Value, trigger_data: &str) -> String {
    let node = json!({ "id": "a", "type": "action", "action": "transform", "input": input });
    let flow = json!({ "name": "F", "flow_definition": { "nodes": [node] } });
    let trigger_data = Payload::parse(trigger_data.to_owned()).expect("it is JSON");
    let play = Play::of(version(&flow), Accepted { trigger_data, ..accepted() });
    play.execution.node(NodeIndex(0)).output.as_ref().expect("it completes").as_str().to_owned()
}

#[test]
fn a_text_with_a_key_that_marks_numbers_is_no_payload() {
    for text in
        [r#"{"$serde_json::private::Number":"1"}"#, r#"[{"a":{"$serde_json::private::RawValue":"1"}}]"#]
    {
        assert!(Payload::parse(text.to_owned()).is_err(), "{text}");
    }
}
