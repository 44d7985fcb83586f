//! Documents full of small things: what is said of each is bounded, and so is what is made of it.

mod kinds;

use steadflow_core::agent::Agent;
use steadflow_core::flow::{Document, Fault, Flow};
use steadflow_core::limits::{FAULT_CHARS_MAX, FAULTS_MAX, Limits, POINTER_BYTES_MAX};

/// Bytes of a document: enough to exceed every limit but those of the texts.
const BYTES: usize = 50_000;

#[test]
fn what_is_said_of_a_flow_document_is_bounded() {
    for (kind, document) in kinds::FLOWS {
        match Flow::parse(&document(), &Limits::DEFAULT) {
            Ok(flow) => {
                assert_bounded(kind, &flow.warnings());
                assert!(flow.trigger_fields().len() <= 500, "{kind}");
                assert!(Flow::restore(&Document::of(&flow).to_payload(), &Limits::DEFAULT).is_ok(), "{kind}");
            }
            Err(faults) => assert_bounded(kind, &faults),
        }
    }
}

#[test]
fn what_is_said_of_an_agent_document_is_bounded() {
    for (kind, document) in kinds::AGENTS {
        assert_bounded(kind, &Agent::parse(&document()).err().unwrap_or_default());
    }
}

fn assert_bounded(kind: &str, faults: &[Fault]) {
    // The last one counts the others, and the first says that there are too many expressions.
    assert!(faults.len() <= FAULTS_MAX + 2, "{kind}: {} faults", faults.len());
    for Fault { pointer, message } in faults {
        assert!(pointer.len() <= 3 * POINTER_BYTES_MAX, "{kind}: {} bytes of pointer", pointer.len());
        assert!(message.chars().count() <= FAULT_CHARS_MAX + 1, "{kind}: {message}");
    }
}
