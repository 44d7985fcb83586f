//! Documents, stored rows and texts with parts changed, moved, repeated and taken away: none makes the reader panic or takes
//! a second, and what is said of each is bounded.
//!
//! The documents begin as those in `corpus/` and in `examples/`. `PROPTEST_CASES` says how many are made of each; `make fuzz`
//! makes them for minutes, with little memory.

mod doors;
mod mutation;
mod rows;
mod texts;
mod time;

use proptest::prelude::*;
use serde_json::Value;
use steadflow_core::agent::Agent;
use steadflow_core::flow::{Document, Fault, Flow, PlacedNode};
use steadflow_core::limits::{FAULT_CHARS_MAX, FAULTS_MAX, Limits, POINTER_BYTES_MAX};
use steadflow_core::payload::Payload;
use steadflow_core::template::Template;

use mutation::{agents, flows, mutated, template};
use time::within_a_second;

proptest! {
    #[test]
    fn a_flow_document_is_read_or_refused(document in mutated(flows())) {
        match within_a_second(|| Flow::parse(&document, &Limits::DEFAULT))? {
            Ok(flow) => {
                check(&flow.warnings())?;
                prop_assert!(flow.trigger_fields().len() <= 500);
                let stored = Document::of(&flow).to_payload();
                let restored = Flow::restore(&stored, &Limits::DEFAULT);
                prop_assert!(restored.is_ok_and(|restored| restored.faults.is_empty()));
            }
            Err(faults) => {
                prop_assert!(!faults.is_empty());
                check(&faults)?;
            }
        }
        let stored = Payload::from_value(&document);
        if let Ok(restored) = Flow::restore(&stored, &Limits::DEFAULT) {
            check(&restored.faults)?;
            check(&restored.flow.warnings())?;
            restored.flow.trigger_fields();
        }
    }

    #[test]
    fn a_node_of_a_document_is_read_or_refused(document in mutated(flows()), at in any::<prop::sample::Index>()) {
        let definition = &document["flow_definition"];
        let nodes = definition["nodes"].as_array().map(Vec::as_slice).unwrap_or_default();
        let ids: Vec<&str> = nodes.iter().filter_map(|node| node["id"].as_str()).collect();
        if !ids.is_empty() && let Err(faults) = PlacedNode::parse(definition, at.get::<&str>(&ids), &Limits::DEFAULT) {
            check(&faults)?;
        }
    }

    #[test]
    fn an_agent_document_is_read_or_refused(document in mutated(agents())) {
        if let Err(faults) = within_a_second(|| Agent::parse(&document))? {
            prop_assert!(!faults.is_empty());
            check(&faults)?;
        }
        if let Ok(agent) = Agent::restore(&document) {
            let rendered = agent.skills.iter().filter_map(|skill| skill.instructions.as_ref());
            for instructions in rendered {
                let _ = instructions.render(&document);
            }
        }
    }

    #[test]
    fn a_template_compiles_or_says_where_it_does_not(text in template()) {
        let document = Value::from(vec![text]);
        match within_a_second(|| Template::compile(&document, &Limits::DEFAULT))? {
            Ok(template) => prop_assert!(template.constant().is_none_or(|constant| constant.to_value().is_ok())),
            Err(faults) => {
                prop_assert!(!faults.is_empty());
                prop_assert!(faults.iter().all(|(pointer, _)| pointer == "/0"));
            }
        }
    }
}

fn check(faults: &[Fault]) -> Result<(), TestCaseError> {
    prop_assert!(faults.len() <= FAULTS_MAX + 2);
    for Fault { pointer, message } in faults {
        prop_assert!(pointer.len() <= 3 * POINTER_BYTES_MAX, "{}", pointer);
        prop_assert!(message.chars().count() <= FAULT_CHARS_MAX + 1, "{}", message);
    }
    Ok(())
}
