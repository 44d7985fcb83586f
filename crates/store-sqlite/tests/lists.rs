//! A row that cannot be read is an entry of its list, with its id and why, and hides no other.

use std::sync::Arc;
use std::time::Duration;

use crate::common::Temporary;
use rusqlite::Connection;
use serde_json::json;
use steadflow_core::ids::{AgentId, ExecutionId, FlowId, TenantId};
use steadflow_core::payload::Payload;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::conformance::Harness;
use steadflow_store::{
    AgentChange, AgentFilter, AlertNote, AlertRecord, Alerts, Catalogue, Changed, CostQuery, ExecutionFilter,
    FailureGroup, FailureQuery, FlowChange, FlowDocument, FlowFilter, FlowRecord, FlowStatus, History,
    Listed, Log, MessageClaim, MessageState, MessageTried, Page, Revision, RollupQuery, Store, StoreError,
    VersionId, VersionPage,
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
        starts_by_itself: false,
        webhook_path: None,
        folder: None,
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
    let [damaged_row, sound_row] =
        [1, 2].map(|number| store.row(TenantId::new(Uuid::nil()), ExecutionId::new(Uuid::from_u128(number))));

    let damaged_row = damaged_row.await;
    assert!(
        matches!(&damaged_row, Err(StoreError::Corrupt { what, .. }) if what.starts_with("execution 0")),
        "{damaged_row:?}"
    );
    assert!(sound_row.await.expect("it is readable").is_some());
    let (sound, damaged) = parted(listed, |execution| execution.id.uuid());
    assert_eq!(sound, [2]);
    assert_eq!(damaged, [(1, "no status is called gone".to_owned())]);
}

/// Returns a database with two agents and two flows of two versions each, after `sql` was run on it.
async fn damaged_by(sql: &str) -> (Temporary, steadflow_store_sqlite::SqliteStore) {
    let database = Temporary::new();
    let store = database.open().await;
    for number in 1..=2 {
        store.put_agent(agent(number)).await.expect("an agent is stored");
        let changed = AgentChange { document: Payload::from_value(&json!({})), ..agent(number) };
        store.put_agent(changed).await.expect("a version is stored");
        store.create_flow(flow(number)).await.expect("a flow is stored");
        let FlowRecord { document, name, category, is_template, starts_by_itself, webhook_path, .. } =
            flow(number);
        let document =
            Some(FlowDocument { document, name, category, is_template, starts_by_itself, webhook_path });
        let change = FlowChange { document, at: AT, ..FlowChange::default() };
        let changed = store.change_flow(TenantId::DEFAULT, flow(number).id, change).await;
        assert!(matches!(changed, Ok(Changed::Done(_))), "{changed:?}");
    }
    store.close().await.expect("it closes");
    let changeable = "DROP TRIGGER agent_versions_never_change; DROP TRIGGER flow_versions_never_change;";
    damage(&database, &format!("{changeable}{sql}"));
    let store = database.open().await;
    (database, store)
}

/// What an error says that is about one thing which cannot be read.
fn corrupt<T: std::fmt::Debug>(result: Result<T, StoreError>) -> String {
    match result {
        Err(StoreError::Corrupt { what, .. }) => what,
        other => panic!("it cannot be read: {other:?}"),
    }
}

#[tokio::test]
async fn a_damaged_version_is_listed_as_such() {
    const PAGE: VersionPage = VersionPage { before: None, limit: 9 };
    let (_database, store) = damaged_by(
        "UPDATE agent_versions SET document = '{' WHERE version = 2;
         UPDATE flow_versions SET document = CAST(x'ff' AS TEXT) WHERE version = 1",
    )
    .await;

    let agents = store.agent_versions(TenantId::DEFAULT, agent(1).id, PAGE).await.expect("a list");
    let flows = store.flow_versions(TenantId::DEFAULT, flow(1).id, PAGE).await.expect("a list");

    let of = Uuid::from_u128(1);
    assert_eq!(agents[0].as_ref().expect_err("it is damaged").id, VersionId { of, version: 2 });
    assert_eq!(agents[1].as_ref().expect("it is sound").version, 1);
    assert_eq!(flows[0].as_ref().expect("it is sound").version, 2);
    assert_eq!(flows[1].as_ref().expect_err("it is damaged").id, VersionId { of, version: 1 });
    let read = store.flow_version(TenantId::DEFAULT, flow(1).id, 1).await;
    assert_eq!(corrupt(read), format!("version 1 of flow {of}"));
}

#[tokio::test]
async fn what_is_damaged_is_named_and_can_be_deleted() {
    let (_database, store) = damaged_by(
        "UPDATE agent_versions SET document = '{' WHERE version = 2;
         UPDATE flows SET status = 'gone'; DELETE FROM flow_versions WHERE hex(flow) LIKE '%1'",
    )
    .await;
    let (first, second) = (agent(1).id, agent(2).id);

    let asked = store.agents_of(TenantId::DEFAULT, vec![first, second]).await.expect("a list");

    assert_eq!(parted(asked, |agent| agent.id.uuid()).1.len(), 2);
    assert_eq!(corrupt(store.agent(TenantId::DEFAULT, first).await), format!("agent {first}"));
    let other = Some(Revision { version: 1, status: None });
    let deleted = store.delete_agent(TenantId::DEFAULT, first, other).await.expect("a deletion");
    let current = Revision { version: 2, status: None };
    assert_eq!(deleted, Changed::Conflict(current));
    let deleted = store.delete_agent(TenantId::DEFAULT, first, None).await.expect("a deletion");
    assert_eq!(deleted, Changed::Done(current));
    assert_eq!(store.agent(TenantId::DEFAULT, first).await.expect("it is gone"), None);
    for flow in [flow(1), flow(2)] {
        assert_eq!(corrupt(store.flow(TenantId::DEFAULT, flow.id).await), format!("flow {}", flow.id));
        assert!(store.delete_flow(TenantId::DEFAULT, flow.id).await.expect("a deletion"));
        assert_eq!(store.flow(TenantId::DEFAULT, flow.id).await.expect("it is gone"), None);
    }
}

#[tokio::test]
async fn the_doctor_names_each_damaged_version_flow_and_agent() {
    let (_database, store) = damaged_by(
        "UPDATE agent_versions SET document = '{' WHERE version = 1 AND hex(agent) LIKE '%1';
         UPDATE flows SET status = 'gone' WHERE hex(id) LIKE '%2'",
    )
    .await;

    let findings = store.doctor().await.expect("it is examined");

    let [flow, agent] = [2, 1].map(Uuid::from_u128);
    let damaged =
        |what: &String| what.starts_with(&format!("Version 1 of agent {agent} cannot be read: EOF"));
    assert!(findings.contains(&format!("Flow {flow} cannot be read: no such name: gone.")), "{findings:?}");
    assert!(findings.iter().any(damaged), "{findings:?}");
}

#[tokio::test]
async fn a_search_passes_over_a_name_that_cannot_be_read() {
    let (_database, store) =
        damaged_by("UPDATE flows SET name = CAST(x'ff' AS TEXT) WHERE hex(id) LIKE '%1'").await;
    let named = FlowFilter { text: Some("f".into()), ..FlowFilter::default() };

    let found = store.flows(named.clone(), ALL).await.expect("a list");

    assert_eq!(parted(found, |flow| flow.id.uuid()), (vec![2], Vec::new()));
    assert_eq!(store.count_flows(named).await.expect("a count"), 1);
}

#[tokio::test]
async fn an_id_that_is_none_hides_no_other_row() {
    let (_database, store) = damaged_by("UPDATE flows SET id = x'ff' WHERE hex(id) LIKE '%1'").await;

    let listed = store.flows(FlowFilter::default(), ALL).await.expect("a list");

    let (sound, damaged) = parted(listed, |flow| flow.id.uuid());
    assert_eq!(sound, [2]);
    assert_eq!(damaged[0].0, 0xff << 120);
}

#[tokio::test]
async fn damaged_executions_and_counts_hide_no_failures_and_retries() {
    let (_database, store) = damaged_by(
        "INSERT INTO executions (id, tenant, flow, flow_version, status, retrying, recovered, triggered_by, created_at,
             completed_at, total_nodes, completed_nodes, failed_nodes, attempts, retry_of, fingerprint, fingerprint_class,
             fingerprint_message)
         VALUES (unhex('00000000000000000000000000000001'), zeroblob(16), zeroblob(16), 1, 'failed', 0, 0, 'api', 1, 9, 1, 0,
                 1, 1, zeroblob(16), 'a', 'gone', 'm'),
             (unhex('00000000000000000000000000000002'), zeroblob(16), zeroblob(16), 1, 'failed', 0, 0, 'api', 1, 9, 1, 0,
                 1, 1, zeroblob(16), 'b', 'timeout', 'm'),
             (x'ff', zeroblob(16), zeroblob(16), 1, 'failed', 0, 0, 'api', 1, 9, 1, 0, 1, 1, zeroblob(16), 'b', 'timeout', 'm');
         INSERT INTO execution_counts VALUES (zeroblob(16), zeroblob(16), 'failed', 2), (zeroblob(16), zeroblob(16), 'gone', 1),
             (zeroblob(16), zeroblob(16), 'completed', -1)",
    )
    .await;
    let tenant = TenantId::DEFAULT;
    let failures =
        FailureQuery { tenant, flow: None, folders: None, from: None, to: None, now: AT, limit: 9 };

    let groups = store.failures(failures).await.expect("groups");
    let retries = store.retried_by(tenant, ExecutionId::new(Uuid::nil()), 9).await.expect("retries");
    let counts = store.execution_counts(tenant, FlowId::new(Uuid::nil())).await.expect("counts");

    let newest = |group: &FailureGroup| group.executions[0].uuid();
    assert_eq!(parted(groups, newest), (vec![2], vec![(1, "no such name: gone".to_owned())]));
    assert_eq!(retries.iter().map(|id| id.uuid().as_u128()).collect::<Vec<_>>(), [1, 2]);
    assert_eq!((counts.total, counts.failed), (3, 2));
}

#[tokio::test]
async fn damaged_counters_hide_no_others_in_the_sums() {
    let (_database, store) = damaged_by(
        "INSERT INTO rollups VALUES (zeroblob(16), zeroblob(16), 0, '', 'completed', 3),
             (zeroblob(16), zeroblob(16), 3600000000, '', 'completed', -1),
             (zeroblob(16), zeroblob(16), 0, '', CAST(x'ff' AS TEXT), 1),
             (zeroblob(16), zeroblob(16), 0, CAST(x'ff' AS TEXT), 'attempts', 1),
             (zeroblob(16), zeroblob(16), 0, 'a', 'attempts', 2),
             (zeroblob(16), zeroblob(16), 0, '', 'duration_ms', 9223372036854775807),
             (zeroblob(16), zeroblob(16), 1, '', 'duration_ms', 9223372036854775807),
             (zeroblob(16), x'0a', 0, '', 'completed', 1),
             (zeroblob(16), unhex('00000000000000000000000000000002'), 0, '', 'completed', 4)",
    )
    .await;
    let (tenant, width) = (TenantId::DEFAULT, Duration::from_secs(3_600));
    let query = RollupQuery { tenant, flow: None, from: None, to: None, width, buckets_max: 9, rows_max: 9 };

    let sums = store.rollup_sums(query).await.expect("sums");

    let damaged: Vec<_> = sums.damaged.iter().map(|row| row.id.as_u128()).collect();
    assert_eq!(damaged, [0, 0x0a << 120], "each flow once");
    let (completed, attempts) = (sums.totals.completed, sums.totals.attempts);
    assert_eq!((completed, attempts, sums.totals.duration_ms), (7, 2, i64::MAX.unsigned_abs()));
    let buckets = sums.buckets.expect("there are few");
    assert_eq!(buckets.len(), 1, "the next hour has a damaged one alone");
    let first = buckets.values().next().expect("a bucket");
    assert_eq!((first.completed, first.attempts, first.duration_ms), (7, 2, u64::MAX - 1));
    assert_eq!(sums.flows.iter().map(|sums| sums.counts.completed).collect::<Vec<_>>(), [3, 4]);
    assert_eq!(sums.nodes.iter().map(|sums| sums.node.as_str()).collect::<Vec<_>>(), ["a"]);
}

#[tokio::test]
async fn damaged_costs_hide_no_others_in_the_sums() {
    let (_database, store) = damaged_by(
        "INSERT INTO costs VALUES
             (zeroblob(16), 0, zeroblob(16), zeroblob(16), 'm', 'EUR', 1, 0, 5, 0, 0, 3, 0, 2.5, 0),
             (zeroblob(16), 1, zeroblob(16), zeroblob(16), 'm', 'EUR', -7, 0, 9223372036854775807, 0, 0, 3, 0, 0.5, 0),
             (zeroblob(16), 0, x'0a', x'0b', CAST(x'ff' AS TEXT), 'EUR', 1, 0, 1, 0, 0, 1, 0, 1, 0),
             (zeroblob(16), 0, zeroblob(16), zeroblob(16), 'n', 'euro', 1, 0, 1, 0, 0, 1, 0, 1, 0)",
    )
    .await;
    let query = CostQuery {
        tenant: TenantId::DEFAULT,
        flow: None,
        agent: None,
        from: None,
        to: None,
        rows_max: 9,
        models_max: 9,
        days_max: 9,
    };

    let sums = store.cost_sums(query).await.expect("sums");

    let total = &sums.totals.rows[0].counts;
    assert_eq!((total.calls, total.input_tokens, total.cost), (2, i64::MAX.unsigned_abs(), 4.0));
    let lengths =
        (sums.totals.rows.len(), sums.flows.rows.len(), sums.agents.rows.len(), sums.models.rows.len());
    assert_eq!((lengths, sums.days.expect("there are few").len()), ((1, 1, 1, 1), 1));
    assert!(!sums.damaged.is_empty());
}

#[tokio::test]
async fn an_input_that_cannot_be_read_holds_up_no_other() {
    let (_database, store) = damaged_by(
        "INSERT INTO inbox (execution_id, tenant, input, created_at)
         VALUES (unhex('00000000000000000000000000000001'), zeroblob(16), CAST(x'ff' AS TEXT), 1),
             (x'ff', zeroblob(16), '{}', 1), (unhex('00000000000000000000000000000001'), zeroblob(16), '{}', 1)",
    )
    .await;
    let worker = store.register("w".into(), AT, Duration::from_secs(9)).await.expect("a worker");

    let items = store.inbox(worker, None, 9).await.expect("an inbox");

    assert_eq!(items.iter().map(|item| &*item.sent.input).collect::<Vec<_>>(), ["{}"]);
}

/// Alerts that were made, with a message each of the first two and a count for the first.
async fn alerting(database: &Temporary) {
    let store = database.open().await;
    for number in 1..=3_u128 {
        let (id, document) = (Uuid::from_u128(number), Payload::null());
        let tenant = TenantId::DEFAULT;
        let (active_since, created_at, updated_at) = (Some(AT), AT, AT);
        let alert = AlertRecord { id, tenant, document, active_since, created_at, updated_at };
        assert!(store.create_alert(alert, 9).await.expect("an alert is stored"));
        for key in ["a", "b"] {
            let note = AlertNote {
                alert: id,
                active_since: AT,
                key: key.into(),
                group: "g".into(),
                sample: Payload::null(),
                at: AT,
                message: Uuid::from_u128(10 * number),
                window: Duration::from_secs(600),
            };
            assert!(store.note_alert(note).await.expect("it is noted"));
        }
    }
    store.close().await.expect("it closes");
}

#[tokio::test]
async fn damaged_alerts_messages_and_counts_are_in_the_way_of_no_others() {
    let database = Temporary::new();
    alerting(&database).await;
    damage(
        &database,
        "UPDATE alerts SET document = '{' WHERE id = unhex('00000000000000000000000000000002');
         UPDATE alert_messages SET state = 'pending', sample = '[' WHERE id = unhex('0000000000000000000000000000000A');
         UPDATE alert_messages SET stands_for = -1 WHERE id = unhex('00000000000000000000000000000014');
         UPDATE alert_groups SET sample = '[', count = -7 WHERE alert = unhex('00000000000000000000000000000001');
         UPDATE alert_groups SET sample = '[' WHERE alert = unhex('00000000000000000000000000000002')",
    );
    let store = database.open().await;

    let (sound, damaged) = parted(store.alerts(None).await.expect("a list"), |alert| alert.id);
    assert_eq!((sound, damaged.len(), damaged[0].0), (vec![1, 3], 1, 2));
    let mut taken = Vec::new();
    for at in [0, 0, 0, 0, 700_000_000, 700_000_000] {
        let now = Timestamp::from_micros(AT.as_micros() + at);
        let (window, message) = (Duration::from_secs(600), Uuid::from_u128(100 + taken.len() as u128));
        let (until, not_of) = (now.plus(Duration::from_secs(60)), Arc::default());
        let claim = MessageClaim { now, until, window, message, not_of };
        let Some(message) = store.claim_message(claim).await.expect("an answer") else { continue };
        let id = message.as_ref().map_or_else(|damaged| damaged.id, |message| message.id);
        let state = MessageState::GivenUp;
        let tried = MessageTried { id, state, next_at: now, at: now, claimed_until: until, error: None };
        store.message_tried(tried).await.expect("it is stored");
        taken.push(message);
    }
    let (sound, damaged) = parted(taken, |message| message.id);
    assert_eq!((sound.len(), damaged.len()), (2, 3), "{sound:?} {damaged:?}");
    let of_first = store.alert_messages(TenantId::DEFAULT, Uuid::from_u128(1), 9).await.expect("a list");
    assert_eq!(parted(of_first, |message| message.id).1.len(), 1);
}
