//! A row that cannot be read is an entry of its list, with its id and why, and hides no other.

mod common;

use common::Temporary;
use rusqlite::Connection;
use serde_json::json;
use steadflow_core::ids::{AgentId, FlowId, TenantId};
use steadflow_core::payload::Payload;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::conformance::Harness;
use steadflow_store::{
    AgentChange, AgentFilter, Catalogue, ExecutionFilter, FlowFilter, FlowRecord, FlowStatus, History,
    Listed, Page, Store,
};
use uuid::Uuid;

const AT: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);
const ALL: Page = Page { before: None, limit: 9 };

fn agent(number: u128) -> AgentChange {
    let document = json!({ "agent_type": "http", "category": "risk", "skills": ["score"], "number": number });
    AgentChange {
        id: AgentId::new(Uuid::from_u128(number)),
        tenant: TenantId::DEFAULT,
        document: Payload::from_value(&document),
        at: AT,
        if_revision: None,
    }
}

fn flow(number: u128) -> FlowRecord {
    FlowRecord {
        id: FlowId::new(Uuid::from_u128(number)),
        tenant: TenantId::DEFAULT,
        version: 1,
        status: FlowStatus::Active,
        document: Payload::from_value(&json!({})),
        name: "f".into(),
        category: None,
        is_template: false,
        created_at: AT,
        updated_at: AT,
    }
}

fn damage(database: &Temporary, sql: &str) {
    let db = Connection::open(database.path()).expect("it opens");
    db.execute_batch(sql).expect("it can be damaged");
}

/// Returns the ids of the readable rows, and of each other what is known of it.
fn parted<T>(listed: Vec<Listed<T>>, id: impl Fn(&T) -> Uuid) -> (Vec<u128>, Vec<(u128, String)>) {
    let (mut sound, mut damaged) = (Vec::new(), Vec::new());
    for row in listed {
        match row {
            Ok(row) => sound.push(id(&row).as_u128()),
            Err(row) => damaged.push((row.id.as_u128(), row.reason)),
        }
    }
    (sound, damaged)
}

#[tokio::test]
async fn a_damaged_agent_is_listed_as_such_and_fits_no_filter_by_content() {
    let database = Temporary::new();
    let store = database.open().await;
    for number in 1..=3 {
        store.put_agent(agent(number)).await.expect("an agent is stored");
    }
    store.close().await.expect("it closes");
    damage(
        &database,
        "DROP TRIGGER agent_versions_never_change;
         UPDATE agent_versions SET document = '{\"skills\": [' WHERE agent = unhex('00000000000000000000000000000002')",
    );
    let store = database.open().await;
    let id = |agent: &steadflow_store::AgentRecord| agent.id.uuid();
    let http = AgentFilter { agent_type: Some("http".into()), ..AgentFilter::default() };
    let scoring = AgentFilter { skill: Some("score".into()), category: Some("risk".into()), ..http.clone() };

    let (sound, damaged) = parted(store.agents(AgentFilter::default(), ALL).await.expect("a list"), id);
    let of_type = parted(store.agents(http, ALL).await.expect("a list"), id);
    let of_skill = parted(store.agents(scoring, ALL).await.expect("a list"), id);

    assert_eq!(sound, [3, 1]);
    assert_eq!(damaged.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [2]);
    assert!(damaged[0].1.contains("EOF"), "{damaged:?}");
    assert_eq!(of_type, (vec![3, 1], Vec::new()));
    assert_eq!(of_skill, (vec![3, 1], Vec::new()));
}

#[tokio::test]
async fn a_damaged_flow_is_listed_as_such() {
    let database = Temporary::new();
    let store = database.open().await;
    for number in 1..=2 {
        store.create_flow(flow(number)).await.expect("a flow is stored");
    }
    store.close().await.expect("it closes");
    damage(
        &database,
        "UPDATE flows SET status = 'gone' WHERE id = unhex('00000000000000000000000000000001')",
    );
    let store = database.open().await;

    let listed = store.flows(FlowFilter::default(), ALL).await.expect("a list");

    let (sound, damaged) = parted(listed, |flow| flow.id.uuid());
    assert_eq!(sound, [2]);
    assert_eq!(damaged, [(1, "no such name: gone".to_owned())]);
}

#[tokio::test]
async fn a_damaged_execution_is_listed_as_such() {
    let database = Temporary::new();
    database.open().await.close().await.expect("it closes");
    damage(
        &database,
        "INSERT INTO executions (id, tenant, flow, flow_version, status, retrying, recovered, triggered_by, created_at,
             total_nodes, completed_nodes, failed_nodes, attempts)
         VALUES (unhex('00000000000000000000000000000001'), zeroblob(16), zeroblob(16), 1, 'gone', 0, 0, 'api', 1, 1, 0, 0, 1),
             (unhex('00000000000000000000000000000002'), zeroblob(16), zeroblob(16), 1, 'running', 0, 0, 'api', 1, 1, 0, 0, 1)",
    );
    let store = database.open().await;

    let listed = store.executions(ExecutionFilter::default(), ALL).await.expect("a list");

    let (sound, damaged) = parted(listed, |execution| execution.id.uuid());
    assert_eq!(sound, [2]);
    assert_eq!(damaged, [(1, "no status is called gone".to_owned())]);
}
