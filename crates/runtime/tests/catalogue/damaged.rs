//! Flows and agents of which something that is stored cannot be read.

use std::time::Duration;

use serde_json::json;
use steadflow_core::caller::Caller;
use steadflow_core::execution::ExecutionStatus;
use steadflow_core::flow::Flow;
use steadflow_core::ids::AgentId;
use steadflow_core::limits::Limits;
use steadflow_core::payload::Payload;
use steadflow_runtime::{Allowed, RuntimeError};
use steadflow_store::{AgentChange, Catalogue, ExecutionFilter, FlowRecord, History, Page};
use tokio::time::timeout;
use uuid::Uuid;

use super::{ME, patch};
use crate::support::{Bench, TENANT, pass};

#[tokio::test(start_paused = true)]
async fn a_damaged_flow_is_deleted_with_executions_that_nothing_can_cancel() {
    let bench = Bench::new().await;
    let nodes = json!([{ "id": "a", "type": "delay", "delay_seconds": 7200 }]);
    let flow = bench.flow(json!({}), nodes, json!([])).await;
    let execution = bench.start(flow).await;
    // It is parked: nothing has it in memory.
    pass(Duration::from_secs(120)).await;
    let record = bench.store.flow(TENANT, flow).await.unwrap().unwrap();
    let damaged = FlowRecord { document: Payload::from_value(&json!({})), ..record };
    bench.store.create_flow(damaged).await.unwrap();
    let other = bench.again().await;

    let shown = other.engine.execution(TENANT, execution).await;
    let row = other.engine.row(TENANT, execution).await;
    let deleted = other.engine.delete_flow(&Caller::LOCAL, flow, &Allowed::Any).await;

    assert!(matches!(shown, Err(RuntimeError::Store(_))), "{shown:?}");
    assert_eq!(row.map(|row| row.id).ok(), Some(execution), "nothing else is read for its row");
    assert!(deleted.is_ok(), "{deleted:?}");
    assert_eq!(other.store.flow(TENANT, flow).await.unwrap(), None);
    let rest =
        other.store.executions(ExecutionFilter::default(), Page { before: None, limit: 9 }).await.unwrap();
    assert_eq!(rest, []);
    let again = other.engine.delete_flow(&Caller::LOCAL, flow, &Allowed::Any).await;
    assert!(matches!(again, Err(RuntimeError::NoFlow(_))), "{again:?}");
}

#[tokio::test(start_paused = true)]
async fn what_can_be_cancelled_is_found_behind_a_hundred_that_nothing_can_cancel() {
    let bench = Bench::new().await;
    let nodes = json!([{ "id": "a", "type": "delay", "delay_seconds": 7200 }]);
    let flow = bench.flow(json!({}), nodes, json!([])).await;
    let oldest = bench.start(flow).await;
    let renamed = patch(json!({ "name": "renamed" }), None);
    bench.engine.edit_flow(&ME, flow, renamed).await.unwrap();
    pass(Duration::from_secs(1)).await;
    for _ in 0..100 {
        bench.start(flow).await;
    }
    pass(Duration::from_secs(120)).await;
    let record = bench.store.flow(TENANT, flow).await.unwrap().unwrap();
    assert_eq!(record.version, 2);
    let damaged = FlowRecord { document: Payload::from_value(&json!({})), ..record };
    bench.store.create_flow(damaged).await.unwrap();
    let other = bench.again().await;

    let (ended, deleted) = tokio::join!(
        timeout(Duration::from_secs(3_600), other.engine.ended(TENANT, oldest)),
        other.engine.delete_flow(&Caller::LOCAL, flow, &Allowed::Any),
    );

    assert!(deleted.is_ok(), "{deleted:?}");
    let ended = ended.expect("it ends").expect("it is readable").execution;
    assert_eq!(ended.status(), ExecutionStatus::Cancelled);
}

#[tokio::test(start_paused = true)]
async fn a_flow_with_a_damaged_agent_is_warned_of_it() {
    let bench = Bench::new().await;
    let id = AgentId::new(Uuid::from_u128(7));
    let document = Payload::from_value(&json!({ "name": 7 }));
    let change = AgentChange { id, tenant: TENANT, document, at: bench.engine.now(), if_revision: None };
    bench.store.put_agent(change).await.unwrap();
    let node = json!({ "id": "n", "type": "agent", "agent_id": id, "skill": "s" });
    let document = json!({ "name": "f", "flow_definition": { "nodes": [node], "edges": [] } });
    let flow = Flow::parse(&document, &Limits::DEFAULT).unwrap();

    let warnings = bench.engine.flow_warnings(TENANT, &flow).await.unwrap();

    let [warning] = &warnings[..] else { panic!("the agent alone is wrong: {warnings:?}") };
    assert_eq!(warning.pointer, "/flow_definition/nodes/0/agent_id");
    assert!(warning.message.starts_with(&format!("the agent {id} cannot be read")), "{warning:?}");
}
