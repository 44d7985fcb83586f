//! Texts with characters that PostgreSQL has no place for, or that its functions read in another way.

use serde_json::json;
use steadflow_core::external_event::{EventWait, ExternalEvent, NodeWait};
use steadflow_core::ids::{AgentId, ExecutionId, FlowId, NodeId, NodeIndex, TenantId};
use steadflow_core::payload::Payload;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::conformance::Harness;
use steadflow_store::{
    AgentChange, AgentFilter, Catalogue, Events, FlowFilter, FlowRecord, FlowStatus, Page, ScheduleRecord,
    Schedules,
};
use uuid::Uuid;

use crate::common::Temporary;

const OURS: TenantId = TenantId::DEFAULT;
const AT: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);
const ALL: Page = Page { before: None, limit: 9 };
const ODD: &str = "100%_\\ Ärger \0 \u{10FFFF} ?";

fn flow(number: u128, name: &str) -> FlowRecord {
    FlowRecord {
        id: FlowId::new(Uuid::from_u128(number)),
        tenant: OURS,
        version: 1,
        status: FlowStatus::Draft,
        document: Payload::from_value(&json!({ "name": name })),
        name: name.into(),
        category: Some(name.into()),
        is_template: false,
        starts_by_itself: false,
        webhook_path: Some(name.into()),
        folder: None,
        created_at: AT,
        updated_at: AT,
    }
}

#[tokio::test]
async fn flows_are_found_by_any_text() {
    let store = Temporary::new().open().await;
    let odd = flow(1, ODD);
    store.create_flow(odd.clone()).await.expect("a flow");
    store.create_flow(flow(2, "100 x\\y anger")).await.expect("a flow");

    let found = async |filter: FlowFilter| {
        let count = store.count_flows(filter.clone()).await.expect("a count");
        let flows = store.flows(filter, ALL).await.expect("flows");
        assert_eq!(flows.len() as u64, count);
        flows.into_iter().map(|flow| flow.expect("it is sound")).collect::<Vec<_>>()
    };
    assert_eq!(store.flow(OURS, odd.id).await.expect("a flow"), Some(odd.clone()));
    for text in ["100%", "%_\\", "äRGER", "\0", "\u{10FFFF}", "?"] {
        let filter = FlowFilter { text: Some(text.into()), ..FlowFilter::default() };
        assert_eq!(found(filter).await, std::slice::from_ref(&odd), "{text:?}");
    }
    assert_eq!(found(FlowFilter { category: Some(ODD.into()), ..FlowFilter::default() }).await, [odd]);
    assert_eq!(found(FlowFilter { text: Some("nothing".into()), ..FlowFilter::default() }).await, []);
}

#[tokio::test]
async fn an_agent_whose_document_has_every_character_is_in_the_way_of_no_other() {
    let store = Temporary::new().open().await;
    let put = async |number: u128, category: &str| {
        let document =
            Payload::from_value(&json!({ "note": ODD, "category": category, "skills": [{ "name": ODD }] }));
        let id = AgentId::new(Uuid::from_u128(number));
        let change = AgentChange { id, tenant: OURS, document, at: AT, if_revision: None };
        store.put_agent(change).await.expect("an agent");
        id
    };
    let (odd, plain) = (put(1, ODD).await, put(2, "plain").await);

    let found = async |filter: AgentFilter| {
        let count = store.count_agents(filter.clone()).await.expect("a count");
        let agents = store.agents(filter, ALL).await.expect("agents");
        assert_eq!(agents.len() as u64, count);
        agents.into_iter().map(|agent| agent.expect("it is sound").id).collect::<Vec<_>>()
    };
    let of = |category: &str| AgentFilter { category: Some(category.into()), ..AgentFilter::default() };
    assert_eq!(found(of(ODD)).await, [odd]);
    assert_eq!(found(of("plain")).await, [plain]);
    assert_eq!(found(AgentFilter { skill: Some(ODD.into()), ..AgentFilter::default() }).await, [plain, odd]);
}

#[tokio::test]
async fn events_are_known_by_any_text() {
    let store = Temporary::new().open().await;
    let event = ExternalEvent {
        id: Uuid::from_u128(1),
        tenant: OURS,
        name: ODD.into(),
        correlation: Some(ODD.into()),
        key: Some(ODD.into()),
        data: Payload::from_value(&json!(ODD)),
        at: AT,
    };
    let early = Timestamp::from_micros(0);
    assert_eq!(store.put_event(event.clone(), early).await.expect("an event"), None);
    let again = ExternalEvent { id: Uuid::from_u128(2), ..event.clone() };
    assert_eq!(store.put_event(again, early).await.expect("an event"), Some(event.id));

    let wait = NodeWait {
        tenant: OURS,
        execution: ExecutionId::new(Uuid::from_u128(3)),
        node: NodeIndex(0),
        node_id: NodeId::new(ODD),
        wait: EventWait { name: ODD.into(), correlation: Some(ODD.into()), since: early, until: None },
    };
    assert_eq!(store.await_event(wait.clone()).await.expect("a wait"), Some(event.clone()));
    assert_eq!(store.event_waits(event, None, 9).await.expect("waits"), [wait]);
}

#[tokio::test]
async fn schedules_have_any_text() {
    let store = Temporary::new().open().await;
    let schedule = |node: &str| ScheduleRecord {
        tenant: OURS,
        flow: FlowId::new(Uuid::from_u128(1)),
        node: NodeId::new(node),
        rule: ODD.into(),
        next_at: Some(AT),
        starting_at: None,
        execution: None,
        last_at: None,
        error: Some(ODD.into()),
    };
    // In the order of bytes, whatever the language of the database.
    let all = ["B", "a", "ä", ODD].map(schedule);
    for schedule in [&all[2], &all[1], &all[0], &all[3], &all[1]] {
        store.put_schedule(schedule.clone()).await.expect("a schedule");
    }

    let mut sorted = all.to_vec();
    sorted.sort_by(|one, other| one.node.as_str().cmp(other.node.as_str()));
    assert_eq!(store.schedules().await.expect("schedules"), sorted);
    store.delete_schedule(all[3].flow, NodeId::new(ODD)).await.expect("a deletion");
    assert_eq!(store.schedules().await.expect("schedules"), all[..3]);
}
