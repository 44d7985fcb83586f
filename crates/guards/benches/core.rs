//! How many instructions the core takes for its work: steady on any x86-64 machine, however busy.
//!
//! Each limit is what was counted when the line was last changed, and a tenth. `make guards` fails where more is counted;
//! a commit with a good reason to take more changes the number.

#![expect(missing_docs, reason = "what the macros make has none")]

use std::hint::black_box;
use std::sync::Arc;

use gungraun::{
    Callgrind, EventKind, LibraryBenchmarkConfig, library_benchmark, library_benchmark_group, main,
};
use serde_json::{Value, json};
use steadflow_core::caller::Actor;
use steadflow_core::event::{Accepted, Record};
use steadflow_core::execution::{Decision, Effect, Execution, FlowVersion, Input};
use steadflow_core::expression::{Expression, Meter};
use steadflow_core::flow::Flow;
use steadflow_core::ids::{ExecutionId, FlowId, NodeId, TenantId};
use steadflow_core::limits::Limits;
use steadflow_core::payload::Payload;
use steadflow_core::scope::Scope;
use steadflow_core::timestamp::Timestamp;
use steadflow_core::work::Outcome;
use uuid::Uuid;

const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);
const CHAIN: usize = 10;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// As many instructions as were counted, and a tenth.
fn at_most(counted: u64) -> Callgrind {
    let mut callgrind = Callgrind::default();
    callgrind.hard_limits([(EventKind::Ir, counted + counted / 10)]);
    callgrind
}

fn chain(length: usize) -> Value {
    let node = |at: usize| {
        let input = json!({ "value": "${trigger_data.value}", "at": at });
        json!({ "id": format!("n{at}"), "type": "action", "action": "echo", "input": input })
    };
    let edge = |at: usize| json!({ "from": format!("n{at}"), "to": format!("n{}", at + 1) });
    let nodes: Vec<Value> = (0..length).map(node).collect();
    let edges: Vec<Value> = (0..length - 1).map(edge).collect();
    json!({ "name": "chain", "flow_definition": { "nodes": nodes, "edges": edges } })
}

fn version() -> Arc<FlowVersion> {
    let limits = Limits::DEFAULT;
    let flow = Flow::parse(&chain(CHAIN), &limits).expect("the flow is valid");
    Arc::new(FlowVersion {
        tenant: TenantId::DEFAULT,
        flow_id: FlowId::new(Uuid::nil()),
        version: 1,
        flow,
        limits,
    })
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
        Effect::StopStep(_) => None,
    })
}

#[library_benchmark(config = LibraryBenchmarkConfig::default().tool(at_most(55_300)))]
#[bench::ten_nodes(args = (), setup = version)]
fn decide_and_apply(flow: Arc<FlowVersion>) -> (Arc<FlowVersion>, Vec<Record>) {
    run(black_box(flow))
}

fn journal() -> (Arc<FlowVersion>, Vec<Record>) {
    run(version())
}

#[library_benchmark(config = LibraryBenchmarkConfig::default().tool(at_most(10_100)))]
#[bench::ten_nodes(args = (), setup = journal)]
fn replay((flow, journal): (Arc<FlowVersion>, Vec<Record>)) -> Execution {
    Execution::replay(ExecutionId::new(Uuid::nil()), flow, journal).expect("the journal is whole")
}

fn hundred_nodes() -> Value {
    chain(100)
}

#[library_benchmark(config = LibraryBenchmarkConfig::default().tool(at_most(3_401_000)))]
#[bench::hundred_nodes(args = (), setup = hundred_nodes)]
fn parse(document: Value) -> Flow {
    Flow::parse(black_box(&document), &Limits::DEFAULT).expect("the flow is valid")
}

fn expression() -> (Expression, Scope) {
    let text = "trigger_data.items | length > 2 and trigger_data.vendor.risk * 2 < 100";
    let expression = Expression::compile(text, &Limits::DEFAULT).expect("it compiles");
    let trigger_data = json!({ "items": [1, 2, 3], "vendor": { "risk": 42 } });
    let scope = Scope {
        trigger_data: Payload::from_value(&trigger_data),
        context_id: None,
        context_type: None,
        execution_id: ExecutionId::new(Uuid::nil()),
        retry_of: None,
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

#[library_benchmark(config = LibraryBenchmarkConfig::default().tool(at_most(12_300)))]
#[bench::comparison(args = (), setup = expression)]
fn evaluate((expression, scope): (Expression, Scope)) -> (Payload, Expression, Scope) {
    let value = expression.evaluate(black_box(&scope)).expect("it has a value");
    (value, expression, scope)
}

library_benchmark_group!(name = core, benchmarks = [decide_and_apply, replay, parse, evaluate]);
main!(library_benchmark_groups = core);
