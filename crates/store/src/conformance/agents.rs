//! Agents, and the store as a whole.

use steadflow_core::payload::Payload;

use super::samples::{
    ALL, OURS, THEIRS, accepted, agent, appended, at, completed, failed, finished, finished_with, parked,
    row, shown,
};
use super::{Harness, commit, worker};
use crate::{AgentRecord, AgentUse, Keep, Page, Rollup, Store, StoreError};

pub async fn an_agent_is_stored_changed_and_deleted<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let changed = AgentRecord {
        document: Payload::from_value(&serde_json::json!({ "name": "Renamed" })),
        updated_at: at(9),
        ..agent(1)
    };

    store.put_agent(agent(1)).await.expect("an agent is stored");
    assert_eq!(store.agent(OURS, agent(1).id).await.expect("an agent"), Some(agent(1)));

    store.put_agent(changed.clone()).await.expect("an agent is changed");
    assert_eq!(store.agent(OURS, agent(1).id).await.expect("an agent"), Some(changed));

    assert!(store.delete_agent(OURS, agent(1).id).await.expect("a deletion"));
    assert!(!store.delete_agent(OURS, agent(1).id).await.expect("a deletion"));
    assert_eq!(store.agent(OURS, agent(1).id).await.expect("an agent"), None);
}

pub async fn calls_of_an_agent_are_counted_until_it_is_deleted<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    store.put_agent(agent(1)).await.expect("an agent is stored");
    let used = |calls, second| AgentUse { agent: agent(1).id, calls, last_used_at: at(second) };
    let calling = |number, used| {
        let rollup = Rollup {
            tenant: OURS,
            flow: completed(number).flow,
            hour: at(0),
            counts: Vec::new(),
            agents: vec![used],
        };
        finished_with(completed(number), rollup)
    };

    commit(&store, worker, [calling(1, used(2, 30)), calling(2, used(3, 10))]).await;
    commit(&store, worker, [calling(3, used(1, 20))]).await;

    let both = vec![agent(1).id, agent(2).id];
    assert_eq!(store.agent_uses(OURS, both.clone()).await.expect("uses"), [used(6, 30)]);
    assert_eq!(store.agent_uses(THEIRS, both.clone()).await.expect("uses"), []);
    assert!(store.delete_agent(OURS, agent(1).id).await.expect("a deletion"));
    assert_eq!(store.agent_uses(OURS, both).await.expect("uses"), []);
}

pub async fn agents_are_listed_newest_first<H: Harness>(harness: &H) {
    let store = harness.open().await;
    for number in [2, 3, 1] {
        store.put_agent(agent(number)).await.expect("an agent is stored");
    }

    let first = store.agents(OURS, Page { before: None, limit: 2 }).await.expect("a page");
    let before = first.last().map(|agent| agent.id.uuid());
    let second = store.agents(OURS, Page { before, limit: 2 }).await.expect("a page");

    assert_eq!(first, [agent(3), agent(2)]);
    assert_eq!(second, [agent(1)]);
}

pub async fn an_agent_is_hidden_from_other_tenants<H: Harness>(harness: &H) {
    let store = harness.open().await;

    store.put_agent(agent(1)).await.expect("an agent is stored");

    assert_eq!(store.agent(THEIRS, agent(1).id).await.expect("an agent"), None);
    assert_eq!(store.agents(THEIRS, ALL).await.expect("agents"), []);
    assert!(!store.delete_agent(THEIRS, agent(1).id).await.expect("a deletion"));
    assert_eq!(store.agents(OURS, ALL).await.expect("agents"), [agent(1)]);
}

pub async fn a_healthy_store_has_no_findings<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    let batch =
        [accepted(1), shown(row(2)), parked(row(3), None), finished(completed(4)), finished(failed(5, "a"))];
    commit(&store, worker, batch).await;
    commit(&store, worker, [appended(1, 2, Keep::Tail), appended(2, 2, Keep::Tail)]).await;

    assert_eq!(store.doctor().await.expect("an examination"), Vec::<String>::new());
    assert!(!store.durability().is_empty());
}

pub async fn a_closed_store_refuses<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;

    store.close().await.expect("it closes");

    let refusal = store.commit(worker, vec![accepted(1)]).await;
    assert!(matches!(refusal, Err(StoreError::Closed)), "{refusal:?}");
}
