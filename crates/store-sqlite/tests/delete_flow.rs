//! The engine deletes a flow whose row, or whose executions, the database does not return as they were written.

use std::sync::Arc;

use crate::common::Temporary;
use rusqlite::Connection;
use serde_json::json;
use steadflow_core::caller::Caller;
use steadflow_core::ids::{FlowId, TenantId};
use steadflow_core::payload::Payload;
use steadflow_core::work::{Stop, Work};
use steadflow_runtime::{
    Allowed, Engine, EngineConfig, Executor, NewFlow, Performing, RuntimeError, Start, SystemClock,
};
use steadflow_store::conformance::Harness;
use steadflow_store::{FlowStatus, StoreError};

const OURS: TenantId = TenantId::DEFAULT;

/// Calls nothing: the flow here only waits.
#[derive(Debug)]
struct Idle;

impl Executor for Idle {
    fn execute(&self, _: Work) -> Performing {
        Performing::Running(Box::pin(std::future::pending()), Stop::default())
    }
}

/// An engine with a flow that has an execution, which waits.
async fn engine_with_a_flow(database: &Temporary) -> (Engine, FlowId) {
    let (store, clock) = (Arc::new(database.open().await), Arc::new(SystemClock::default()));
    let engine = Engine::start(EngineConfig::default(), store, Arc::new(Idle), clock).await;
    let engine = engine.expect("it starts on an empty database");
    let node = json!({ "id": "a", "type": "delay", "delay_seconds": 7200 });
    let document = json!({ "name": "f", "flow_definition": { "nodes": [node], "edges": [] } });
    let new = NewFlow::new(document, FlowStatus::Active);
    let flow = new.id;
    engine.create_flow(&Caller::LOCAL, new).await.expect("the flow is valid");
    let start = Start {
        caller: Caller::LOCAL,
        flow,
        context_id: None,
        context_type: None,
        trigger_data: Payload::null(),
        triggered_by: "test".into(),
        priority: None,
        trace: None,
        key: None,
        wait: None,
    };
    engine.start_execution(start).await.expect("the flow starts");
    (engine, flow)
}

fn change(database: &Temporary, sql: &str) {
    Connection::open(database.path()).expect("it opens").execute_batch(sql).expect("it is changed");
}

#[tokio::test]
async fn a_flow_that_cannot_be_read_is_deleted_unless_a_revision_is_asked_for() {
    let database = Temporary::new();
    let (engine, flow) = engine_with_a_flow(&database).await;
    let revision = engine.current_flow(OURS, flow).await.expect("it is readable").record.revision();
    change(&database, "UPDATE flows SET status = 'torn'");

    let refused = engine.delete_flow(&Caller::LOCAL, flow, &Allowed::OneOf(vec![revision])).await;
    let deleted = engine.delete_flow(&Caller::LOCAL, flow, &Allowed::Any).await;
    let again = engine.delete_flow(&Caller::LOCAL, flow, &Allowed::Any).await;

    let is_damage =
        matches!(&refused, Err(RuntimeError::Store(error)) if matches!(**error, StoreError::Corrupt { .. }));
    assert!(is_damage, "which revision it has is not known: {refused:?}");
    assert!(deleted.is_ok(), "{deleted:?}");
    assert!(matches!(again, Err(RuntimeError::NoFlow(_))), "{again:?}");
}
