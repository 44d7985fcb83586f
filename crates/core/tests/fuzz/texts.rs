//! Texts from outside: templates that are evaluated, and bytes that may be JSON.

use proptest::prelude::*;
use serde_json::Value;
use steadflow_core::expression::Meter;
use steadflow_core::ids::{ExecutionId, NodeId};
use steadflow_core::json::{self, RepeatedKeys};
use steadflow_core::limits::Limits;
use steadflow_core::payload::Payload;
use steadflow_core::scope::{NodeScope, Scope};
use steadflow_core::template::Template;
use steadflow_core::timestamp::Timestamp;
use uuid::Uuid;

use crate::mutation::{agents, flows, mutated, template};
use crate::time::within_a_second;

/// Bytes that are put into JSON.
const ODD: [&[u8]; 12] = [
    b"\"",
    b"\\u",
    b"\\ud800",
    b"[",
    b"{",
    b",",
    b"1e999",
    b"-",
    b"\xff",
    b"\0",
    b"\xef\xbb\xbf",
    b"$serde_json::private::Number",
];

proptest! {
    #[test]
    fn a_template_is_evaluated_or_says_why_not(text in template(), data in mutated(flows())) {
        within_a_second(|| {
            let document = Value::from(vec![text.clone(), format!("x {text}")]);
            let Ok(compiled) = Template::compile(&document, &Limits::DEFAULT) else { return };
            match compiled.resolve(&scope(&data)) {
                Ok(resolved) => drop(resolved.to_value().expect("what is resolved can be read")),
                Err(error) => drop(error.to_string()),
            }
        })?;
    }

    #[test]
    fn bytes_are_read_as_json_or_refused(
        document in mutated([flows(), agents()].concat()),
        changes in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(&ODD[..])), 0..5),
    ) {
        let mut bytes = document.to_string().into_bytes();
        for (at, odd) in changes {
            let at = at.index(bytes.len());
            bytes.splice(at..at + 1, odd.iter().copied());
        }
        within_a_second(|| {
            let _ = json::check(&bytes, RepeatedKeys::Refused);
            let read = json::read(&bytes);
            let payload = std::str::from_utf8(&bytes).ok().and_then(|text| Payload::parse(text.to_owned()).ok());
            assert!(read.is_err() || payload.is_some_and(|payload| payload.to_value().is_ok()));
            if let Ok(value) = read {
                assert_eq!(json::read(value.to_string().as_bytes()).ok(), Some(value));
            }
        })?;
    }
}

/// Returns a scope in which the trigger data and the output of each node are `data`.
pub(crate) fn scope(data: &Value) -> Scope {
    let payload = Payload::from_value(data);
    let node = |id: &str| NodeScope { id: NodeId::new(id), output: Some(payload.clone()), error: None };
    Scope {
        item: None,
        index: None,
        meter: Meter::default(),
        trigger_data: payload.clone(),
        context_id: None,
        context_type: None,
        execution_id: ExecutionId::new(Uuid::nil()),
        retry_of: None,
        error: None,
        started_at: Timestamp::default(),
        attempt: 1,
        now: Timestamp::from_micros(1_800_000_000_000_000),
        reader: NodeId::new("reader"),
        nodes: ["a", "fetch-data"].map(node).into(),
    }
}
