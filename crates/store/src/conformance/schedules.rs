//! What [`Schedules`] means.

use steadflow_core::ids::{FlowId, NodeId};

use super::samples::{OURS, at, flow, id, uuid};
use super::{Harness, reopened};
use crate::{Catalogue, FlowFilter, Page, ScheduleRecord, Schedules, Store};

fn schedule(flow: u16, node: &str) -> ScheduleRecord {
    ScheduleRecord {
        tenant: OURS,
        flow: FlowId::new(uuid(flow)),
        node: NodeId::new(node),
        rule: "@daily\nUTC".into(),
        next_at: Some(at(9)),
        starting_at: None,
        execution: None,
        last_at: None,
        error: None,
    }
}

pub async fn schedules_are_kept_by_flow_and_node<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let later = ScheduleRecord {
        next_at: None,
        starting_at: Some(at(9)),
        execution: Some(id(4)),
        last_at: Some(at(8)),
        error: Some("no room".into()),
        rule: "@hourly\nUTC".into(),
        ..schedule(2, "a")
    };
    for schedule in [schedule(2, "b"), schedule(2, "a"), schedule(1, "z"), later.clone()] {
        store.put_schedule(schedule).await.expect("it is stored");
    }
    store.delete_schedule(FlowId::new(uuid(2)), NodeId::new("b")).await.expect("it is deleted");
    store.delete_schedule(FlowId::new(uuid(2)), NodeId::new("b")).await.expect("it is gone");

    let store = reopened(harness, store).await;

    assert_eq!(store.schedules().await.expect("all"), [schedule(1, "z"), later]);
    store.close().await.expect("it closes");
}

pub async fn schedules_go_with_their_flow<H: Harness>(harness: &H) {
    let store = harness.open().await;
    store.create_flow(flow(1)).await.expect("a flow");
    store.put_schedule(schedule(1, "a")).await.expect("it is stored");
    store.put_schedule(schedule(2, "a")).await.expect("it is stored");

    assert!(store.delete_flow(OURS, FlowId::new(uuid(1))).await.expect("it is deleted"));

    assert_eq!(store.schedules().await.expect("all"), [schedule(2, "a")]);
}

pub async fn flows_with_a_schedule_are_found<H: Harness>(harness: &H) {
    let store = harness.open().await;
    for (number, starts_by_itself) in [(1, true), (2, false), (3, true)] {
        store.create_flow(crate::FlowRecord { starts_by_itself, ..flow(number) }).await.expect("a flow");
    }
    let without = crate::FlowDocument { starts_by_itself: false, ..super::samples::document("none") };
    let change = crate::FlowChange { document: Some(without), ..crate::FlowChange::default() };
    store.change_flow(OURS, FlowId::new(uuid(3)), change).await.expect("it is changed");

    let filter = FlowFilter { starts_by_itself: Some(true), ..FlowFilter::default() };
    let found = store.flows(filter, Page { before: None, limit: 9 }).await.expect("flows");

    let ids: Vec<FlowId> = found.into_iter().filter_map(Result::ok).map(|flow| flow.id).collect();
    assert_eq!(ids, [FlowId::new(uuid(1))]);
}
