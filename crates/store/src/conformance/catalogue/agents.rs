//! Agents and their versions.

use serde_json::json;
use steadflow_core::payload::Payload;

use super::super::samples::{
    OURS, THEIRS, agent, at, completed, finished_with, half_a_page, new_agent, sound,
};
use super::super::{Harness, commit, reopened, worker};
use crate::{
    AgentChange, AgentFilter, AgentRecord, AgentUse, AgentVersionRecord, Catalogue, Changed, Page, Revision,
    Rollup, Store, VersionPage,
};

async fn put(store: &impl Store, change: AgentChange) -> Changed<AgentRecord> {
    store.put_agent(change).await.expect("an agent is stored")
}

async fn delete(store: &impl Store, if_revision: Option<Revision>) -> Changed<Revision> {
    store.delete_agent(OURS, agent(1).id, if_revision).await.expect("a deletion")
}

async fn versions(store: &impl Store, before: Option<u32>, limit: usize) -> Vec<AgentVersionRecord> {
    let page = VersionPage { before, limit };
    sound(store.agent_versions(OURS, agent(1).id, page).await)
}

fn renamed(name: &str) -> AgentChange {
    AgentChange {
        document: Payload::from_value(&serde_json::json!({ "name": name })),
        at: at(9),
        ..new_agent(1)
    }
}

fn version_of(agent: &AgentRecord) -> AgentVersionRecord {
    AgentVersionRecord {
        agent: agent.id,
        tenant: agent.tenant,
        version: agent.version,
        document: agent.document.clone(),
        created_at: agent.updated_at,
    }
}

pub async fn an_agent_is_stored_changed_and_deleted<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let changed =
        AgentRecord { version: 2, document: renamed("Renamed").document, updated_at: at(9), ..agent(1) };

    assert_eq!(put(&store, new_agent(1)).await, Changed::Done(agent(1)));
    assert_eq!(store.agent(OURS, agent(1).id).await.expect("an agent"), Some(agent(1)));

    assert_eq!(put(&store, renamed("Renamed")).await, Changed::Done(changed.clone()));
    assert_eq!(store.agent(OURS, agent(1).id).await.expect("an agent"), Some(changed.clone()));

    assert_eq!(delete(&store, None).await, Changed::Done(changed.revision()));
    assert_eq!(delete(&store, None).await, Changed::Missing);
    assert_eq!(store.agent(OURS, agent(1).id).await.expect("an agent"), None);
    assert_eq!(versions(&store, None, 9).await, []);
}

pub async fn only_a_new_document_makes_a_new_version_of_an_agent<H: Harness>(harness: &H) {
    let store = harness.open().await;
    put(&store, new_agent(1)).await;
    put(&store, new_agent(2)).await;

    let same = put(&store, AgentChange { at: at(5), ..new_agent(1) }).await;
    let changed = put(&store, renamed("Renamed")).await;

    assert_eq!(same, Changed::Done(agent(1)), "nothing has changed");
    let Changed::Done(second) = changed else { panic!("no version was named: {changed:?}") };
    let (first, second) = (version_of(&agent(1)), version_of(&second));
    assert_eq!(versions(&store, None, 9).await, [second.clone(), first.clone()]);
    assert_eq!(versions(&store, None, 1).await, std::slice::from_ref(&second));
    assert_eq!(versions(&store, Some(2), 9).await, std::slice::from_ref(&first));
    let version = async |number| store.agent_version(OURS, agent(1).id, number).await.expect("a version");
    assert_eq!((version(1).await, version(2).await, version(3).await), (Some(first), Some(second), None));
}

pub async fn a_change_of_another_version_of_an_agent_is_a_conflict<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let revision = |version| Some(Revision { version, status: None });
    let of = |version, name| AgentChange { if_revision: revision(version), ..renamed(name) };

    assert_eq!(put(&store, of(1, "Early")).await, Changed::Missing);
    put(&store, new_agent(1)).await;
    let first = put(&store, of(1, "Second")).await;
    let second = put(&store, of(1, "Lost")).await;

    let stored = store.agent(OURS, agent(1).id).await.expect("an agent").expect("it is there");
    assert_eq!((stored.version, &stored.document), (2, &renamed("Second").document));
    assert_eq!(first, Changed::Done(stored.clone()));
    assert_eq!(second, Changed::Conflict(stored.clone()));
    assert_eq!(delete(&store, revision(1)).await, Changed::Conflict(stored.revision()));
    assert_eq!(store.agent(OURS, agent(1).id).await.expect("an agent"), Some(stored.clone()));
    assert_eq!(delete(&store, revision(2)).await, Changed::Done(stored.revision()));
}

pub async fn agents_survive_reopening<H: Harness>(harness: &H) {
    let store = harness.open().await;
    put(&store, new_agent(1)).await;
    let changed = put(&store, renamed("Renamed")).await;

    let store = reopened(harness, store).await;

    let stored = store.agent(OURS, agent(1).id).await.expect("an agent").expect("it is there");
    assert_eq!(changed, Changed::Done(stored));
    assert_eq!(versions(&store, None, 9).await.len(), 2);
}

pub async fn calls_of_an_agent_are_counted_until_it_is_deleted<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    put(&store, new_agent(1)).await;
    let used = |calls, second| AgentUse { agent: agent(1).id, calls, last_used_at: at(second) };
    let calling = |number, used| {
        let rollup = Rollup {
            tenant: OURS,
            flow: completed(number).flow,
            hour: at(0),
            counts: Vec::new(),
            agents: vec![used],
            costs: Vec::new(),
        };
        finished_with(completed(number), rollup)
    };

    commit(&store, worker, [calling(1, used(2, 30)), calling(2, used(3, 10))]).await;
    commit(&store, worker, [calling(3, used(1, 20))]).await;

    let both = vec![agent(1).id, agent(2).id];
    assert_eq!(store.agent_uses(OURS, both.clone()).await.expect("uses"), [used(6, 30)]);
    assert_eq!(store.agent_uses(THEIRS, both.clone()).await.expect("uses"), []);
    assert!(matches!(delete(&store, None).await, Changed::Done(_)));
    assert_eq!(store.agent_uses(OURS, both).await.expect("uses"), []);
}

pub async fn pages_of_large_agents_and_versions_are_short<H: Harness>(harness: &H) {
    let store = harness.open().await;
    for number in 1..=4 {
        put(&store, AgentChange { document: half_a_page(), ..new_agent(number) }).await;
    }
    for name in ["Second", "Third"] {
        put(&store, renamed(name)).await;
        put(&store, AgentChange { document: half_a_page(), ..new_agent(1) }).await;
    }

    let agents = sound(store.agents(AgentFilter::default(), Page { before: None, limit: 9 }).await);
    let asked = sound(store.agents_of(OURS, (1..=4).map(|number| agent(number).id).collect()).await);
    let versions = versions(&store, None, 9).await;

    assert_eq!(
        asked.iter().map(|agent| agent.id).collect::<Vec<_>>(),
        [1, 2, 3].map(|number| agent(number).id)
    );
    // Two fill a page, and the row after them shows that there are more.
    let ids: Vec<_> = agents.iter().map(|agent| agent.id).collect();
    assert_eq!(ids, [4, 3, 2].map(|number| agent(number).id));
    assert_eq!(versions.iter().map(|version| version.version).collect::<Vec<_>>(), [5, 4, 3, 2]);
}

pub async fn agents_are_filtered_and_counted<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let documents = [
        json!({ "agent_type": "llm", "category": "risk", "skills": ["score", { "name": "explain" }] }),
        json!({ "agent_type": "http", "category": "risk", "skills": [{ "name": "score", "description": "explain" }] }),
        json!({ "agent_type": "http", "category": null, "skills": ["explain"], "max": 9 }),
        json!({ "name": "without any of these" }),
        json!({ "agent_type": "mcp", "skills": ["look"] }),
    ];
    for (document, number) in documents.iter().zip(1..) {
        put(&store, AgentChange { document: Payload::from_value(document), ..new_agent(number) }).await;
    }
    let theirs = AgentChange { tenant: THEIRS, document: Payload::from_value(&documents[0]), ..new_agent(9) };
    put(&store, theirs).await;
    let listed = async |filter: AgentFilter| {
        let filter = AgentFilter { tenant: Some(OURS), ..filter };
        let found = sound(store.agents(filter.clone(), Page { before: None, limit: 9 }).await);
        assert_eq!(store.count_agents(filter).await.expect("a count"), found.len() as u64);
        let number = |agent: &AgentRecord| (1..=9).find(|number| new_agent(*number).id == agent.id);
        found.iter().filter_map(number).collect::<Vec<u16>>()
    };
    let text = |text: &str| Some(text.to_owned());

    assert_eq!(listed(AgentFilter::default()).await, [5, 4, 3, 2, 1]);
    assert_eq!(listed(AgentFilter { is_external: Some(true), ..AgentFilter::default() }).await, [5]);
    assert_eq!(
        listed(AgentFilter { is_external: Some(false), ..AgentFilter::default() }).await,
        [4, 3, 2, 1]
    );
    assert_eq!(listed(AgentFilter { agent_type: text("http"), ..AgentFilter::default() }).await, [3, 2]);
    assert_eq!(listed(AgentFilter { category: text("risk"), ..AgentFilter::default() }).await, [2, 1]);
    assert_eq!(listed(AgentFilter { skill: text("explain"), ..AgentFilter::default() }).await, [3, 1]);
    let both = AgentFilter { skill: text("score"), agent_type: text("llm"), ..AgentFilter::default() };
    assert_eq!(listed(both).await, [1]);
    let first = Page { before: None, limit: 1 };
    let page = store.agents(AgentFilter { tenant: Some(OURS), ..AgentFilter::default() }, first).await;
    assert_eq!(sound(page).len(), 1);
}

pub async fn several_agents_are_read_at_once<H: Harness>(harness: &H) {
    let store = harness.open().await;
    for number in [3, 1, 2] {
        put(&store, new_agent(number)).await;
    }
    let changed = put(&store, renamed("Renamed")).await;
    let wanted = |numbers: &[u16]| numbers.iter().map(|number| agent(*number).id).collect::<Vec<_>>();
    let many: Vec<u16> = (1..=2_000).collect();

    let found = sound(store.agents_of(OURS, wanted(&[3, 1, 7])).await);

    let [first, third] = &found[..] else { panic!("two of them exist: {found:?}") };
    assert_eq!((Changed::Done(first.clone()), third), (changed, &agent(3)));
    assert_eq!(store.agents_of(OURS, Vec::new()).await.expect("agents"), []);
    assert_eq!(store.agents_of(OURS, wanted(&many)).await.expect("agents").len(), 3);
}

pub async fn agents_are_listed_newest_first<H: Harness>(harness: &H) {
    let store = harness.open().await;
    for number in [2, 3, 1] {
        put(&store, new_agent(number)).await;
    }

    let first = sound(store.agents(AgentFilter::default(), Page { before: None, limit: 2 }).await);
    let before = first.last().map(|agent| agent.id.uuid());
    let second = sound(store.agents(AgentFilter::default(), Page { before, limit: 2 }).await);

    assert_eq!(first, [agent(3), agent(2)]);
    assert_eq!(second, [agent(1)]);
}
