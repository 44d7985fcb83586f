//! Small stored things, each with the number that its id is made of; a larger number is newer.

use std::fmt::{Debug, Display};
use std::sync::Arc;
use std::time::Duration;

use steadflow_core::caller::Actor;
use steadflow_core::event::{Accepted, Event, Record};
use steadflow_core::execution::ExecutionStatus;
use steadflow_core::failure::ErrorClass;
use steadflow_core::ids::{AgentId, ExecutionId, FlowId, NodeId, NodeIndex, TenantId};
use steadflow_core::payload::Payload;
use steadflow_core::timestamp::Timestamp;
use uuid::Uuid;

use crate::{
    AgentChange, AgentRecord, CallCounts, Commit, CostKey, CostQuery, ExecutionFilter, ExecutionRow,
    Fingerprint, FlowDocument, FlowFilter, FlowRecord, FlowStatus, Idempotency, InboxInput, LONG_RECORD,
    Listed, PAGE_BYTES_MAX, Page, Projection, Rollup, RollupKey, RollupQuery, Store, StoreError, Stored,
    journal_of,
};

pub(super) const HOUR: Duration = Duration::from_secs(3_600);
/// In microseconds.
const SECOND: i64 = 1_000_000;

pub(super) const OURS: TenantId = TenantId::DEFAULT;
pub(super) const THEIRS: TenantId = TenantId::new(uuid(99));
pub(super) const FLOW: FlowId = FlowId::new(uuid(1));
pub(super) const OTHER_FLOW: FlowId = FlowId::new(uuid(2));

/// The first page, longer than any list of these tests.
pub(super) const ALL: Page = Page { before: None, limit: 1_000 };

/// A UUID of version 7 that sorts by `number`.
pub(super) const fn uuid(number: u16) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + ((number as u128) << 80))
}

pub(super) const fn id(number: u16) -> ExecutionId {
    ExecutionId::new(uuid(number))
}

/// A moment, in seconds from the start of the test's day.
pub(super) const fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(1_800_000_000 * SECOND + seconds * SECOND)
}

/// The first record of an execution of `tenant`.
pub(super) fn acceptance(tenant: TenantId) -> Arc<str> {
    let accepted = Accepted::new(tenant, FLOW, 1, "worker".into());
    text(&Record(1, at(0), vec![Event::Accepted(Box::new(accepted))]))
}

/// The record `seq` of an execution; 1 is its acceptance by us.
pub(super) fn record(seq: u64) -> Arc<str> {
    match seq {
        1 => acceptance(OURS),
        even if even % 2 == 0 => {
            text(&Record(even, at(1), vec![Event::Paused { by: Actor::USER, with_all: false }]))
        }
        odd => text(&Record(odd, at(1), vec![Event::Resumed { by: Actor::USER }])),
    }
}

/// The record `seq` of an execution, long; 1 is its acceptance by us.
pub(super) fn long_record(seq: u64) -> Arc<str> {
    let large = Payload::from_value(&serde_json::json!("x".repeat(LONG_RECORD)));
    if seq == 1 {
        let accepted = Accepted::new(OURS, FLOW, 1, "worker".into());
        let accepted = Accepted { trigger_data: large, ..accepted };
        return text(&Record(1, at(0), vec![Event::Accepted(Box::new(accepted)), Event::Started]));
    }
    let completed = Event::NodeCompleted {
        node: NodeIndex(0),
        output: large,
        not_taken: Vec::new(),
        usage: None,
        reused: false,
    };
    text(&Record(seq, at(1), vec![completed]))
}

/// The record of an execution's start.
pub(super) fn started(seq: u64) -> Arc<str> {
    text(&Record(seq, at(1), vec![Event::Started]))
}

fn text(record: &Record) -> Arc<str> {
    serde_json::to_string(record).expect("a record is JSON").into()
}

/// The first `count` records.
pub(super) fn records(count: u64) -> Vec<Arc<str>> {
    (1..=count).map(record).collect()
}

/// The journal of the first `count` records.
pub(super) fn journal(count: u64) -> String {
    journal_of(&records(count))
}

/// A running execution of our flow.
pub(super) fn row(number: u16) -> ExecutionRow {
    ExecutionRow {
        id: id(number),
        tenant: OURS,
        flow: FLOW,
        flow_version: 1,
        status: ExecutionStatus::Running,
        retrying: false,
        recovered: false,
        current_node: None,
        context_id: None,
        context_type: None,
        triggered_by: "api".into(),
        retry_of: None,
        forked_from: None,
        parent: None,
        parent_node: None,
        index: 0,
        shares_slot: false,
        queue: None,
        error_message: None,
        error_class: None,
        fingerprint: None,
        created_at: at(i64::from(number)),
        started_at: Some(at(i64::from(number))),
        completed_at: None,
        total_nodes: 3,
        completed_nodes: 1,
        failed_nodes: 0,
        attempts: 1,
        waiting_for: None,
    }
}

/// An execution that waits for its slot.
pub(super) fn pending(number: u16) -> ExecutionRow {
    ExecutionRow { status: ExecutionStatus::Pending, started_at: None, ..row(number) }
}

/// An execution that has completed.
pub(super) fn completed(number: u16) -> ExecutionRow {
    ExecutionRow {
        status: ExecutionStatus::Completed,
        completed_at: Some(at(i64::from(number) + 1)),
        completed_nodes: 3,
        ..row(number)
    }
}

/// An execution whose node `node` failed with a timeout.
pub(super) fn failed(number: u16, node: &str) -> ExecutionRow {
    ExecutionRow {
        status: ExecutionStatus::Failed,
        current_node: Some(NodeId::new(node)),
        error_message: Some(format!("Node `{node}` failed after 1 attempt: no answer").into()),
        error_class: Some(ErrorClass::Timeout),
        fingerprint: Some(Fingerprint {
            id: format!("print-of-{node}").into(),
            node: Some(NodeId::new(node)),
            class: Some(ErrorClass::Timeout),
            message: "no answer".into(),
        }),
        failed_nodes: 1,
        ..completed(number)
    }
}

/// The commit of record `seq`.
pub(super) fn appended(number: u16, seq: u64, projection: Projection) -> Commit {
    committed(id(number), seq, record(seq), projection)
}

fn committed(execution: ExecutionId, seq: u64, record: Arc<str>, projection: Projection) -> Commit {
    let record = Some(record);
    Commit {
        execution,
        seq,
        record,
        idempotency: None,
        projection,
        takes: Vec::new(),
        sends: Vec::new(),
        sessions: None,
        slot: None,
        follows: None,
    }
}

/// The acceptance of an execution, nothing more.
pub(super) fn accepted(number: u16) -> Commit {
    appended(number, 1, Projection::Tail)
}

/// The acceptance of an execution that shows `row` at once.
pub(super) fn shown(row: ExecutionRow) -> Commit {
    committed(row.id, 1, acceptance(row.tenant), Projection::Shown(Box::new(row)))
}

/// The acceptance of an execution that is parked at once.
pub(super) fn parked(row: ExecutionRow, wake_at: Option<Timestamp>) -> Commit {
    let record = acceptance(row.tenant);
    let journal = journal_of(&[Arc::clone(&record)]);
    committed(row.id, 1, record, Projection::Parked { row: Box::new(row), journal, wake_at })
}

/// The acceptance of an execution that ends at once, and counts as one.
pub(super) fn finished(row: ExecutionRow) -> Commit {
    let counts = vec![(key("", "executions"), 1)];
    let rollup = Rollup {
        tenant: row.tenant,
        flow: row.flow,
        hour: at(0),
        counts,
        agents: Vec::new(),
        costs: Vec::new(),
    };
    finished_with(row, rollup)
}

/// The acceptance of an execution that ends at once.
pub(super) fn finished_with(row: ExecutionRow, rollup: Rollup) -> Commit {
    let record = acceptance(row.tenant);
    let journal = journal_of(&[Arc::clone(&record)]);
    committed(
        row.id,
        1,
        record,
        Projection::Finished { row: Box::new(row), journal, rollup: Box::new(rollup) },
    )
}

/// The same commit under an idempotency key of ours.
pub(super) fn keyed(commit: Commit, key: &str) -> Commit {
    keyed_by(commit, OURS, key)
}

/// The same commit under an idempotency key of `tenant`.
pub(super) fn keyed_by(commit: Commit, tenant: TenantId, key: &str) -> Commit {
    let idempotency = Idempotency { tenant, key: key.into(), request_hash: [7; 32], created_at: at(0) };
    Commit { idempotency: Some(Box::new(idempotency)), ..commit }
}

/// Asks for all counters of a tenant.
pub(super) const fn all_counters(tenant: TenantId) -> RollupQuery {
    RollupQuery { tenant, flow: None, from: None, to: None, width: HOUR, buckets_max: 99, rows_max: 99 }
}

/// Asks for all costs of a tenant.
pub(super) const fn all_costs(tenant: TenantId) -> CostQuery {
    CostQuery {
        tenant,
        flow: None,
        agent: None,
        from: None,
        to: None,
        rows_max: 99,
        models_max: 99,
        days_max: 99,
    }
}

/// A call of an agent, half of whose cost and a tenth of whose tokens were lost. Agent 0 is not known, and without a
/// currency it has no price.
pub(super) fn calls(agent: u16, model: &str, currency: &str, cost: f64) -> (CostKey, CallCounts) {
    let key = CostKey {
        agent: (agent > 0).then(|| AgentId::new(uuid(agent))),
        model: (!model.is_empty()).then(|| model.into()),
        currency: currency.parse().ok(),
    };
    let counts = CallCounts {
        calls: 1,
        unpriced_calls: u64::from(currency.is_empty()),
        input_tokens: 100,
        cached_input_tokens: 40,
        cache_write_tokens: 20,
        output_tokens: 10,
        tokens_lost: 11,
        cost,
        cost_lost: cost / 2.0,
    };
    (key, counts)
}

/// A counter's name.
pub(super) fn key(node: &str, metric: &str) -> RollupKey {
    let node = (!node.is_empty()).then(|| NodeId::new(node));
    RollupKey { node, metric: metric.to_owned().into() }
}

/// A flow of ours.
pub(super) fn flow(number: u16) -> FlowRecord {
    FlowRecord {
        id: FlowId::new(uuid(number)),
        tenant: OURS,
        version: 1,
        status: FlowStatus::Draft,
        document: Payload::from_value(&serde_json::json!({ "name": format!("Flow {number}") })),
        name: format!("Flow {number}"),
        category: None,
        is_template: false,
        starts_by_itself: false,
        webhook_path: None,
        folder: None,
        created_at: at(i64::from(number)),
        updated_at: at(i64::from(number)),
    }
}

/// A document called `name`.
pub(super) fn document(name: &str) -> FlowDocument {
    FlowDocument {
        document: Payload::from_value(&serde_json::json!({ "name": name })),
        name: name.into(),
        category: Some("changed".into()),
        is_template: true,
        starts_by_itself: false,
        webhook_path: None,
    }
}

/// A document of which two fill a page.
pub(super) fn half_a_page() -> Payload {
    Payload::from_value(&serde_json::json!({ "name": "x".repeat(PAGE_BYTES_MAX / 2) }))
}

/// An agent of ours in its first version.
pub(super) fn agent(number: u16) -> AgentRecord {
    let AgentChange { id, tenant, document, at, .. } = new_agent(number);
    AgentRecord { id, tenant, version: 1, document, created_at: at, updated_at: at }
}

/// What makes [`agent`].
pub(super) fn new_agent(number: u16) -> AgentChange {
    AgentChange {
        id: AgentId::new(uuid(number)),
        tenant: OURS,
        document: Payload::from_value(&serde_json::json!({ "name": format!("Agent {number}") })),
        at: at(0),
        if_revision: None,
    }
}

/// An input of ours for an execution.
pub(super) fn input(number: u16, text: &str) -> InboxInput {
    InboxInput { tenant: OURS, execution: id(number), input: text.into(), created_at: at(0) }
}

/// Reads an execution of ours that must be there.
pub(super) async fn read(store: &impl Store, number: u16) -> Stored {
    let stored = store.execution(OURS, id(number)).await.expect("an execution is read");
    stored.expect("the execution is there")
}

/// Returns the rows of a list, all of which must be readable.
pub(super) fn sound<T, Id: Debug + Display>(listed: Result<Vec<Listed<T, Id>>, StoreError>) -> Vec<T> {
    let rows = listed.expect("a store that is open lists");
    rows.into_iter().map(|row| row.expect("nothing is damaged")).collect()
}

/// Lists the executions that fit, by number, and checks that as many are counted.
pub(super) async fn listed(store: &impl Store, filter: ExecutionFilter) -> Vec<u16> {
    let rows = sound(store.executions(filter.clone(), ALL).await);
    let count = store.count_executions(filter).await.expect("executions are counted");
    assert_eq!(count, Some(rows.len() as u64));
    rows.iter().map(|row| number_of(row.id.uuid())).collect()
}

/// Lists the flows that fit, by number, and checks that as many are counted.
pub(super) async fn flows_listed(store: &impl Store, filter: FlowFilter) -> Vec<u16> {
    let flows = sound(store.flows(filter.clone(), ALL).await);
    let count = store.count_flows(filter).await.expect("flows are counted");
    assert_eq!(count, flows.len() as u64);
    flows.iter().map(|flow| number_of(flow.id.uuid())).collect()
}

/// The number that an id was made of.
pub(super) fn number_of(id: Uuid) -> u16 {
    let high = (id.as_u128() >> 80) & 0xffff;
    u16::try_from(high).expect("sixteen bits")
}

/// The numbers of several stored executions, in order.
pub(super) fn numbers_of(stored: &[Stored]) -> Vec<u16> {
    let mut numbers: Vec<u16> = stored.iter().map(|stored| number_of(stored.id.uuid())).collect();
    numbers.sort_unstable();
    numbers
}
