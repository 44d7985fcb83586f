//! Databases and rows of tests inside the crate.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use steadflow_core::execution::{ExecutionStatus, Wait};
use steadflow_core::failure::ErrorClass;
use steadflow_core::flow_control::QueuePlace;
use steadflow_core::ids::{AgentId, ExecutionId, FlowId, NodeId, TenantId};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{AgentUse, CallCounts, CostKey, Ended, ExecutionRow, Fingerprint, Rollup, RollupKey};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::session::{Session, session};
use crate::value::{Typed, params};
use crate::{LeaseClock, PostgresOptions, PostgresStore};

/// Opens a new database on the server of the tests.
pub(crate) async fn store() -> PostgresStore {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("steadflow_unit_{}_{count}", std::process::id());
    let server =
        std::env::var("STEADFLOW_TEST_POSTGRES").expect("cargo-nextest starts a server for the tests");
    let admin: PostgresOptions = server.parse().expect("the URL is one");
    let made = admin.connect().await.expect("the server answers");
    made.batch_execute(&format!("CREATE DATABASE {name}")).await.expect("a database is made");
    let url = server.replacen("/postgres?", &format!("/{name}?"), 1);
    let mut options: PostgresOptions = url.parse().expect("the URL is one");
    (options.clock, options.connections) = (LeaseClock::Callers, 4);
    PostgresStore::open(options).await.expect("the database opens")
}

/// Returns how a query is answered.
pub(crate) async fn plan(db: &Client, sql: &str, parameters: &[Typed<'_>]) -> String {
    let rows = db.query_typed(&format!("EXPLAIN {sql}"), parameters).await.expect("it has a plan");
    rows.iter().map(|row| row.get::<_, String>(0) + "\n").collect()
}

/// An execution that ended, and what it counts.
pub(crate) fn counted_by(number: u128, value: u64) -> (ExecutionRow, Rollup) {
    let key = |node: &str, metric: &'static str| RollupKey {
        node: (!node.is_empty()).then(|| NodeId::new(node)),
        metric: metric.into(),
    };
    let cost = CostKey { agent: None, model: Some("m\0".into()), currency: "EUR".parse().ok() };
    let counts = CallCounts { calls: value, output_tokens: value, cost: 0.5, ..CallCounts::default() };
    let last_used_at = Timestamp::from_micros(i64::try_from(number).expect("it is small"));
    let rollup = Rollup {
        tenant: TenantId::DEFAULT,
        flow: FlowId::new(Uuid::from_u128(9)),
        hour: Timestamp::from_micros(0),
        counts: vec![(key("", "executions"), value), (key("a\0", "backoff_ms"), value)],
        agents: vec![AgentUse { agent: AgentId::new(Uuid::from_u128(5)), calls: value, last_used_at }],
        costs: vec![(cost, counts)],
    };
    (ended(number), rollup)
}

/// What one that ended adds to counters.
pub(crate) fn counted(number: u128, value: u64) -> Ended {
    let (row, rollup) = counted_by(number, value);
    let mut all = Ended::default();
    all.add(&row, Box::new(rollup));
    all
}

/// One with a value in every column, of which texts have every character.
pub(crate) fn full(number: u128) -> ExecutionRow {
    let text = |name: &str| -> Arc<str> { format!("{name} \0 ' \u{10FFFF} ß").into() };
    let id = |offset: u128| ExecutionId::new(Uuid::from_u128(number + offset));
    ExecutionRow {
        id: id(0),
        tenant: TenantId::DEFAULT,
        flow: FlowId::new(Uuid::from_u128(9)),
        flow_version: u32::MAX,
        status: ExecutionStatus::Paused,
        retrying: true,
        recovered: true,
        current_node: Some(NodeId::new(text("node"))),
        context_id: Some(text("context")),
        context_type: Some(text("type")),
        triggered_by: text("by"),
        retry_of: Some(id(1)),
        forked_from: Some(id(2)),
        parent: Some(id(3)),
        parent_node: Some(NodeId::new(text("parent"))),
        index: 7,
        shares_slot: true,
        queue: Some(Box::new(QueuePlace { key: Some(text("key")), ..QueuePlace::default() })),
        error_message: Some(text("error")),
        error_class: Some(ErrorClass::Timeout),
        fingerprint: Some(Fingerprint {
            id: "print".into(),
            node: Some(NodeId::new(text("failed"))),
            class: Some(ErrorClass::Tool),
            message: text("message"),
        }),
        created_at: Timestamp::from_micros(1),
        started_at: Some(Timestamp::from_micros(2)),
        completed_at: None,
        total_nodes: 3,
        completed_nodes: 4,
        failed_nodes: 5,
        attempts: 6,
        waiting_for: Wait::named("decision", Some(Timestamp::from_micros(8))),
    }
}

/// One with none where it can have none.
pub(crate) fn empty(number: u128) -> ExecutionRow {
    ExecutionRow {
        current_node: None,
        context_id: None,
        context_type: None,
        retry_of: None,
        forked_from: None,
        parent: None,
        parent_node: None,
        index: 0,
        queue: None,
        error_message: None,
        error_class: None,
        fingerprint: None,
        started_at: None,
        waiting_for: None,
        ..full(number)
    }
}

/// One that has ended, and that no other one started.
pub(crate) fn ended(number: u128) -> ExecutionRow {
    let (status, completed_at) = (ExecutionStatus::Completed, Some(Timestamp::from_micros(9)));
    ExecutionRow { status, completed_at, ..empty(number) }
}

/// Holds so many executions; of ten, eight completed, one failed and one waits for a decision.
pub(crate) async fn holding(executions: i64) -> Session {
    let store = store().await;
    let db = session(&store.pool).await.expect("it is filled");
    db.execute_typed(include_str!("testing/many.sql"), params![executions]).await.expect("it is filled");
    db.batch_execute("ANALYZE executions").await.expect("it is filled");
    db
}
