//! Databases that earlier versions have written are opened and go on.

use crate::common::Temporary;
use rusqlite::Connection;
use steadflow_core::event::{Event, Record};
use steadflow_core::ids::{ExecutionId, TenantId};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::conformance::Harness;
use steadflow_store::{
    AgentFilter, Catalogue, ExecutionFilter, FlowFilter, History, Lineage, Listed, Log, Page, Store,
    StoreError, Stored,
};

/// After everything in the database.
const NOW: Timestamp = Timestamp::from_micros(1_795_708_300_000_000);
const HOUR: std::time::Duration = std::time::Duration::from_secs(3_600);
const OURS: TenantId = TenantId::DEFAULT;

const FINISHED: &str = "01a2188c-8e9a-71b6-ac05-52b32c4566dd";
const PAUSED_AND_RESUMED: &str = "01a2188c-8eb2-7725-b93f-feab592d1edf";
const PARKED: &str = "01a2188c-8ec1-730b-bbeb-d7e170d098eb";
const PAUSED: &str = "01a2188c-8ec4-730b-8987-cd8a1e3fe6ab";
const RUNNING_SINCE: &str = "01a2188c-9a8c-70d5-802a-27bcea37d5d2";
const RUNNING: &str = "01a2188c-a294-71a1-a388-cf446a962528";
const RUNNING_PAUSED: &str = "01a2188c-a29b-729a-8c7b-b6b2caee980d";

/// The trigger data of all of them, as they were sent.
const TRICKY: &str =
    r#"{"states": ["paused", "resumed"], "text": "[\"paused\"]", "nested": [[1, 2, ["paused"]]]}"#;

fn id(text: &str) -> ExecutionId {
    text.parse().expect("it is an id")
}

/// What a server of schema 2 left when it was killed.
fn of_schema_2() -> Temporary {
    let database = Temporary::new();
    let db = Connection::open(database.path()).expect("a file can be made");
    db.execute_batch(include_str!("databases/schema-2.sql")).expect("the dump is SQL");
    database
}

async fn read(store: &impl Store, text: &str) -> Stored {
    store.execution(OURS, id(text)).await.expect("it is readable").expect("it is there")
}

/// Returns the rows of a list, all of which must be readable.
fn sound<T>(listed: Result<Vec<Listed<T>>, StoreError>) -> Vec<T> {
    listed.expect("a list").into_iter().map(|row| row.expect("it is readable")).collect()
}

fn events(stored: &Stored) -> Vec<Event> {
    let parse = |text: &std::sync::Arc<str>| serde_json::from_str::<Record>(text).expect("it is a record");
    stored.records.iter().map(parse).flat_map(|record| record.2).collect()
}

fn pauses(stored: &Stored) -> Vec<String> {
    let events = events(stored);
    let pauses = events.iter().filter(|event| matches!(event, Event::Paused { .. } | Event::Resumed { .. }));
    pauses.map(|event| serde_json::to_string(event).expect("it is JSON")).collect()
}

#[tokio::test]
async fn every_record_is_there_and_readable() {
    let database = of_schema_2();
    let store = database.open().await;

    let counts = [
        (FINISHED, 3),
        (PAUSED_AND_RESUMED, 5),
        (PARKED, 2),
        (PAUSED, 3),
        (RUNNING_SINCE, 2),
        (RUNNING, 2),
        (RUNNING_PAUSED, 3),
    ];
    for (text, count) in counts {
        let stored = read(&store, text).await;
        assert_eq!(stored.records.len(), count, "{text}");
        assert!(stored.records[0].contains(TRICKY), "payloads are as they were: {}", stored.records[0]);
        assert!(matches!(events(&stored)[0], Event::Accepted(_)), "{text}");
    }
    assert_eq!(store.doctor().await.expect("an examination"), Vec::<String>::new());
}

#[tokio::test]
async fn pauses_say_by_whom() {
    let database = of_schema_2();
    let store = database.open().await;
    let (paused, resumed) =
        (r#"{"paused":{"by":{"kind":"system"}}}"#, r#"{"resumed":{"by":{"kind":"system"}}}"#);

    assert_eq!(pauses(&read(&store, PAUSED_AND_RESUMED).await), [paused, resumed]);
    assert_eq!(pauses(&read(&store, PAUSED).await), [paused]);
    assert_eq!(pauses(&read(&store, RUNNING_PAUSED).await), [paused]);
    assert_eq!(pauses(&read(&store, FINISHED).await), Vec::<String>::new());
}

#[tokio::test]
async fn what_ran_is_recovered_and_what_was_parked_is_due() {
    let database = of_schema_2();
    let store = database.open().await;
    let worker = store.register("next".into(), NOW, HOUR).await.expect("a worker registers");

    let recovered = store.recover(worker, NOW, 9).await.expect("a recovery");
    let due = store.due(None, Timestamp::MAX, 9).await.expect("due executions");

    let recovered: Vec<_> = recovered.iter().map(|stored| (stored.id, stored.records.len())).collect();
    assert_eq!(recovered, [(id(RUNNING_SINCE), 2), (id(RUNNING), 2), (id(RUNNING_PAUSED), 3)]);
    assert_eq!(due.iter().map(|(_, id)| *id).collect::<Vec<_>>(), [id(PARKED)]);
    assert!(store.take(worker, id(PAUSED)).await.expect("a take").is_some());
    assert!(worker.epoch > 1, "an epoch is never used again");
}

#[tokio::test]
async fn flows_agents_and_keys_are_kept() {
    let database = of_schema_2();
    let store = database.open().await;
    let all = Page { before: None, limit: 99 };

    let flows = sound(store.flows(FlowFilter::default(), all).await);
    let agents = sound(store.agents(AgentFilter::default(), all).await);
    let hit = store.idempotency(OURS, "once".into()).await;

    assert_eq!(flows.len(), 6);
    assert_eq!(flows.iter().map(|flow| flow.version).max(), Some(2));
    assert_eq!(agents.len(), 1);
    assert_eq!(agents[0].version, 1);
    let version = store.agent_version(OURS, agents[0].id, 1).await.expect("a version");
    assert_eq!(version.map(|version| version.document), Some(agents[0].document.clone()));
    assert_eq!(hit.expect("a key is read").map(|hit| hit.execution), Some(id(FINISHED)));
}

#[tokio::test]
async fn every_execution_is_listed_as_one_without_a_parent() {
    let database = of_schema_2();
    let store = database.open().await;
    let of = |lineage| ExecutionFilter { lineage, ..ExecutionFilter::default() };
    let all = Page { before: None, limit: 99 };

    let (any, roots) = (of(None), of(Some(Lineage::Root)));
    let listed = store.executions(any.clone(), all).await.expect("executions");

    assert!(!listed.is_empty());
    assert_eq!(store.executions(roots.clone(), all).await.expect("roots"), listed);
    assert_eq!(store.count_executions(roots).await.expect("a count"), Some(listed.len() as u64));
}

#[tokio::test]
async fn history_is_protected_again() {
    let database = of_schema_2();
    database.open().await.close().await.expect("it closes");

    let db = Connection::open(database.path()).expect("it opens");

    let changed = db.execute("UPDATE journals SET records = '[]' WHERE is_final", []);
    assert!(changed.is_err());
    let views =
        "SELECT count(*) FROM events WHERE kind IN ('paused', 'resumed') AND body ->> 'by' IS NOT NULL";
    let named: i64 = db.query_row(views, [], |row| row.get(0)).expect("the view is there");
    assert_eq!(named, 3, "two of the one that has finished, one of the one that is parked");
}
