//! What the core takes to decide, to replay, to parse and to evaluate.

use std::hint::black_box;
use std::sync::Arc;

use serde_json::{Value, json};
use steadflow_core::caller::Actor;
use steadflow_core::event::{Accepted, Record};
use steadflow_core::execution::{Decision, Effect, Execution, FlowVersion, Input};
use steadflow_core::expression::{Expression, Meter};
use steadflow_core::flow::Flow;
use steadflow_core::ids::{ExecutionId, NodeId, TenantId};
use steadflow_core::limits::Limits;
use steadflow_core::payload::Payload;
use steadflow_core::scope::Scope;
use steadflow_core::timestamp::Timestamp;
use steadflow_core::work::Outcome;
use uuid::Uuid;

use crate::{Guard, chain};

/// Each of these runs so often, so that what the first time takes in addition does not count.
const UNITS: u32 = 20;

pub(crate) const DECIDE: Guard = Guard {
    name: "decide_and_apply_ten_nodes",
    counted: 57_600,
    units: UNITS,
    run: |units| repeat(units, version, run),
};

pub(crate) const REPLAY: Guard = Guard {
    name: "replay_ten_nodes",
    counted: 10_650,
    units: UNITS,
    run: |units| repeat(units, || run(version()), replay),
};

pub(crate) const PARSE: Guard = Guard {
    name: "parse_hundred_nodes",
    counted: 3_418_000,
    units: UNITS,
    run: |units| repeat(units, || chain(100), parse),
};

pub(crate) const EVALUATE: Guard = Guard {
    name: "evaluate_comparison",
    counted: 12_950,
    units: UNITS,
    run: |units| repeat(units, expression, evaluate),
};

/// Prepares all units and does so many of them. What is left of either is not dropped, so that dropping does not count.
fn repeat<T, R>(units: u32, prepare: impl Fn() -> T, work: impl Fn(T) -> R) {
    let prepared: Vec<T> = (0..UNITS).map(|_| prepare()).collect();
    let mut prepared = prepared.into_iter();
    for unit in prepared.by_ref().take(units as usize) {
        std::mem::forget(black_box(work(black_box(unit))));
    }
    std::mem::forget(prepared);
}

const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);
const CHAIN: usize = 10;

fn chain(length: usize) -> Value {
    chain::document(length, |at| json!({ "value": "${trigger_data.value}", "at": at }))
}

fn version() -> Arc<FlowVersion> {
    chain::version(&chain(CHAIN))
}

/// Runs an execution to its end; returns its journal.
fn run(flow: Arc<FlowVersion>) -> (Arc<FlowVersion>, Vec<Record>) {
    let accepted = Accepted {
        trigger_data: Payload::from_value(&json!({ "value": 42 })),
        actor: Actor::USER,
        ..Accepted::new(TenantId::DEFAULT, flow.flow_id, 1, "w1".into())
    };
    let mut decision = Decision::default();
    let id = ExecutionId::new(Uuid::nil());
    let mut execution = Execution::accept(id, Arc::clone(&flow), accepted, NOW, &mut decision);
    execution.decide(Input::Start, NOW, &mut decision).expect("it starts");
    let mut journal = vec![execution.seal(&mut decision, NOW)];
    while let Some(work) = take_work(&mut decision) {
        let input = Input::StepEnded { call: work.key(), outcome: Outcome::completed(work.input) };
        execution.decide(input, NOW, &mut decision).expect("it is due");
        journal.push(execution.seal(&mut decision, NOW));
    }
    assert!(execution.status().is_finished());
    (flow, journal)
}

fn take_work(decision: &mut Decision) -> Option<Box<steadflow_core::work::Work>> {
    std::mem::take(&mut decision.effects).into_iter().find_map(|effect| match effect {
        Effect::StartStep(work) => Some(work),
        Effect::StopStep(..)
        | Effect::CancelTask(_)
        | Effect::AwaitSlot(_)
        | Effect::AwaitSession(_)
        | Effect::AwaitEvent(_)
        | Effect::SessionLeft(_) => None,
    })
}

fn replay((flow, journal): (Arc<FlowVersion>, Vec<Record>)) -> Execution {
    Execution::replay(ExecutionId::new(Uuid::nil()), flow, journal).expect("the journal is whole")
}

fn parse(document: Value) -> Flow {
    Flow::parse(&document, &Limits::DEFAULT).expect("the flow is valid")
}

fn expression() -> (Expression, Scope) {
    let text = "trigger_data.items | length > 2 and trigger_data.vendor.risk * 2 < 100";
    let expression = Expression::compile(text, &Limits::DEFAULT).expect("it compiles");
    let trigger_data = json!({ "items": [1, 2, 3], "vendor": { "risk": 42 } });
    let scope = Scope {
        item: None,
        index: None,
        trigger_data: Payload::from_value(&trigger_data),
        context_id: None,
        context_type: None,
        execution_id: ExecutionId::new(Uuid::nil()),
        retry_of: None,
        error: None,
        started_at: NOW,
        attempt: 1,
        now: NOW,
        reader: NodeId::new("n"),
        nodes: Vec::new(),
        meter: Meter::default(),
    };
    // It is compiled when it is evaluated first.
    expression.evaluate(&scope).expect("it has a value");
    (expression, scope)
}

fn evaluate((expression, scope): (Expression, Scope)) -> (Payload, Expression, Scope) {
    let value = expression.evaluate(&scope).expect("it has a value");
    (value, expression, scope)
}
