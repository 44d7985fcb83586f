//! Stored rows that were damaged: a journal with parts changed is replayed or refused, and never panics.

use std::sync::{Arc, LazyLock};

use proptest::prelude::*;
use serde_json::{Value, json};
use steadflow_core::caller::Actor;
use steadflow_core::event::{Accepted, Event, Record};
use steadflow_core::execution::{Decision, Execution, FlowVersion, Input};
use steadflow_core::flow::Flow;
use steadflow_core::ids::{Attempt, ExecutionId, FlowId, NodeIndex, StepKey, TenantId};
use steadflow_core::limits::Limits;
use steadflow_core::payload::Payload;
use steadflow_core::timestamp::Timestamp;
use steadflow_core::work::{CallKey, Outcome};
use uuid::Uuid;

use crate::mutation::mutated;
use crate::time::within_a_second;

const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

/// A flow with a call, a value that follows from it, and a condition.
static FLOW: LazyLock<Arc<FlowVersion>> = LazyLock::new(|| {
    let document = json!({ "name": "Rows", "flow_definition": {
        "nodes": [
            { "id": "a", "type": "action", "action": "http_request", "input": { "url": "https://x.example" } },
            { "id": "b", "type": "action", "action": "transform", "input": "${a.output.n}" },
            { "id": "c", "type": "delay", "delay_seconds": 60 },
        ],
        "edges": [{ "from": "a", "to": "b" }, { "from": "b", "to": "c", "condition": "b.output > 1" }],
    } });
    let flow = Flow::parse(&document, &Limits::DEFAULT).unwrap_or_else(|faults| panic!("{faults:?}"));
    let flow_id = FlowId::new(Uuid::from_u128(1));
    Arc::new(FlowVersion::new(TenantId::DEFAULT, flow_id, 1, flow, Limits::DEFAULT))
});

/// The journal of an execution that waits, as it is stored.
fn journal() -> Value {
    let id = ExecutionId::new(Uuid::from_u128(7));
    let accepted = Accepted::new(TenantId::DEFAULT, FlowId::new(Uuid::from_u128(1)), 1, "w".into());
    let mut decision = Decision::default();
    let mut execution = Execution::accept(id, Arc::clone(&*FLOW), accepted, NOW, &mut decision);
    execution.decide(Input::Start, NOW, &mut decision).expect("it starts");
    let call = CallKey { execution: id, node: NodeIndex(0), attempt: Attempt::FIRST, step: StepKey::ONLY };
    let outcome = Outcome::completed(Payload::from_value(&json!({ "n": 7 })));
    let begun = std::mem::take(&mut decision.events);
    execution.decide(Input::StepEnded { call, outcome }, NOW, &mut decision).expect("it ends");
    let records = [Record(1, NOW, begun), Record(2, NOW, decision.events)];
    serde_json::to_value(records).expect("it is JSON")
}

proptest! {
    #[test]
    fn a_journal_is_replayed_or_refused(stored in mutated(vec![journal()])) {
        within_a_second(|| {
            let text = stored.to_string();
            let Ok(records) = serde_json::from_str::<Vec<Record>>(&text) else { return };
            let id = ExecutionId::new(Uuid::from_u128(7));
            let Ok(mut execution) = Execution::replay(id, Arc::clone(&*FLOW), records) else { return };
            for input in [Input::Tick, Input::Cancel { message: "enough".into(), by: Actor::USER }] {
                let _ = execution.decide(input, NOW, &mut Decision::default());
            }
        })?;
    }

    #[test]
    fn an_event_of_any_json_is_read_or_refused(stored in mutated(vec![journal()]), text in ".{0,60}") {
        let _ = serde_json::from_value::<Event>(stored);
        let _ = serde_json::from_str::<Record>(&text);
    }
}
