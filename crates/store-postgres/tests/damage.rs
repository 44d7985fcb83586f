//! A row that cannot be read is an entry of its list, with its id and why, and hides no other.

use std::sync::Arc;

use steadflow_core::ids::{AgentId, ExecutionId, FlowId, TenantId};
use steadflow_store::conformance::Harness;
use steadflow_store::{
    AgentChange, AgentFilter, Alerts, Catalogue, Changed, CostQuery, ExecutionFilter, ExpiryStep, FlowFilter,
    FlowRecord, History, Kept, Listed, Log, Page, Retention, RollupQuery, StoreError,
};
use uuid::Uuid;

use crate::common::Temporary;
use crate::direct::processes::{HOUR, OURS, alert, at, document, ended, flow, uuid, worker};

const ALL: Page = Page { before: None, limit: 9 };

/// Returns the ids of the rows that are readable, and of those that are not.
fn parted<T>(listed: Vec<Listed<T>>, id: impl Fn(&T) -> Uuid) -> (Vec<Uuid>, Vec<Uuid>) {
    let (mut sound, mut damaged) = (Vec::new(), Vec::new());
    for row in listed {
        match row {
            Ok(row) => sound.push(id(&row)),
            Err(row) => damaged.push(row.id),
        }
    }
    (sound, damaged)
}

fn is_damaged<T: std::fmt::Debug>(read: Result<T, StoreError>, named: &str) {
    let Err(StoreError::Corrupt { what, .. }) = &read else { panic!("it is damaged: {read:?}") };
    assert_eq!(what, named);
}

#[tokio::test]
async fn flows() {
    let database = Temporary::new();
    let store = database.open().await;
    for number in [1, 2] {
        let flow = FlowRecord { webhook_path: None, ..flow(number) };
        store.create_flow(flow).await.expect("a flow");
    }
    database.change("UPDATE flows SET status = 'torn' WHERE id = lpad('1', 32, '0')::uuid").await;

    let listed = store.flows(FlowFilter::default(), ALL).await.expect("flows");
    assert_eq!(parted(listed, |flow| flow.id.uuid()), (vec![uuid(2)], vec![uuid(1)]));
    let torn = FlowId::new(uuid(1));
    is_damaged(store.flow(OURS, torn).await, &format!("flow {torn}"));
    assert!(store.delete_flow(OURS, torn).await.expect("a deletion"));
}

#[tokio::test]
async fn agents() {
    let database = Temporary::new();
    let store = database.open().await;
    for number in [1, 2] {
        let id = AgentId::new(uuid(number));
        let change = AgentChange { id, tenant: OURS, document: document("a"), at: at(0), if_revision: None };
        store.put_agent(change).await.expect("an agent");
    }
    database.change("DELETE FROM agent_versions WHERE agent = lpad('1', 32, '0')::uuid").await;

    let listed = store.agents(AgentFilter::default(), ALL).await.expect("agents");
    assert_eq!(parted(listed, |agent| agent.id.uuid()), (vec![uuid(2)], vec![uuid(1)]));
    let searched = AgentFilter { is_external: Some(false), ..AgentFilter::default() };
    assert_eq!(store.count_agents(searched).await.expect("a count"), 2);
    let torn = AgentId::new(uuid(1));
    is_damaged(store.agent(OURS, torn).await, &format!("agent {torn}"));
    let deleted = store.delete_agent(OURS, torn, None).await.expect("a deletion");
    assert!(matches!(deleted, Changed::Done(_)), "{deleted:?}");
}

#[tokio::test]
async fn executions_and_what_they_count() {
    let database = Temporary::new();
    let store = database.open().await;
    let worker = worker(&store).await;
    store.commit(worker, vec![ended(1), ended(2)]).await.expect("a commit");
    database.change("UPDATE executions SET status = 'torn' WHERE id = lpad('1', 32, '0')::uuid").await;
    database.change("UPDATE rollups SET value = -5 WHERE node = '0'").await;

    let listed = store.executions(ExecutionFilter::default(), ALL).await.expect("executions");
    assert_eq!(parted(listed, |row| row.id.uuid()), (vec![uuid(2)], vec![uuid(1)]));
    let torn = ExecutionId::new(uuid(1));
    is_damaged(store.row(OURS, torn).await, &format!("execution {torn}"));
    let query = RollupQuery {
        tenant: OURS,
        flow: None,
        from: None,
        to: None,
        width: HOUR,
        buckets_max: 9,
        rows_max: 9,
    };
    let sums = store.rollup_sums(query).await.expect("sums");
    assert_eq!(sums.damaged.iter().map(|damaged| damaged.id).collect::<Vec<_>>(), [uuid(1)]);
    assert_eq!((sums.totals.executions, sums.nodes.len()), (2, 3));

    let kept = Kept { completed: Some(HOUR), ..Kept::default() };
    let retention = Arc::new(Retention { all: kept, flows: Default::default() });
    let step = ExpiryStep { after: None, limit: 9 };
    assert_eq!(store.expire(retention, at(9_000), step).await.expect("a step").deleted, 1);
}

#[tokio::test]
async fn costs() {
    let database = Temporary::new();
    let store = database.open().await;
    let row = |currency: &str| {
        format!(
            "INSERT INTO costs SELECT id, 0, id, id, 'm', '{currency}', 1, 1, 0, 0, 0, 0, 0, 0, 2, 0
            FROM (SELECT '{}'::uuid AS id) AS ids",
            OURS.uuid()
        )
    };
    database.change(&row("EUR")).await;
    database.change(&row("torn")).await;

    let query = CostQuery {
        tenant: OURS,
        flow: None,
        agent: None,
        from: None,
        to: None,
        rows_max: 9,
        models_max: 9,
        days_max: 9,
    };
    let sums = store.cost_sums(query).await.expect("sums");

    assert_eq!(sums.damaged.iter().map(|damaged| damaged.id).collect::<Vec<_>>(), [OURS.uuid()]);
    assert_eq!((sums.totals.rows.len(), sums.totals.left_out), (1, 1));
    assert_eq!(sums.days.map(|days| days.len()), Some(1));
}

#[tokio::test]
async fn alerts() {
    let database = Temporary::new();
    let store = database.open().await;
    for number in [1, 2] {
        store.create_alert(alert(number), 9).await.expect("an alert");
    }
    database.change("UPDATE alerts SET document = 'torn' WHERE id = lpad('1', 32, '0')::uuid").await;

    let listed = store.alerts(Some(TenantId::DEFAULT)).await.expect("alerts");
    assert_eq!(parted(listed, |alert| alert.id), (vec![uuid(2)], vec![uuid(1)]));
}
