//! Who has a flow open.

use steadflow_core::ids::FlowId;
use steadflow_core::payload::Payload;

use super::super::Harness;
use super::super::samples::{FLOW, OTHER_FLOW, OURS, THEIRS, at, flow, uuid};
use crate::{Catalogue, Changed, FlowDraftChange, PRESENT_FOR, PRESENT_MAX, Presence, PresenceRecord, Store};

fn tab(number: u16, by: &str, seconds: i64) -> PresenceRecord {
    PresenceRecord { flow: FLOW, tenant: OURS, tab: uuid(number), by: by.into(), seen_at: at(seconds) }
}

async fn see(store: &impl Store, presence: PresenceRecord) -> Option<Presence> {
    store.see_presence(presence).await.expect("an answer")
}

async fn others(store: &impl Store, presence: PresenceRecord) -> Vec<PresenceRecord> {
    see(store, presence).await.expect("there is the flow").others
}

fn present_for() -> i64 {
    i64::try_from(PRESENT_FOR.as_secs()).expect("it is short")
}

pub async fn tabs_of_a_flow_see_each_other_until_they_end_or_are_not_heard_of<H: Harness>(harness: &H) {
    let store = harness.open().await;
    assert_eq!(see(&store, tab(1, "Ann\u{0}", 1)).await, None, "there is no flow");
    for number in [1, 2] {
        store.create_flow(flow(number)).await.expect("a flow is created");
    }
    assert_eq!(see(&store, tab(1, "Ann\u{0}", 1)).await, Some(Presence { draft: None, others: Vec::new() }));
    let elsewhere = PresenceRecord { flow: OTHER_FLOW, ..tab(9, "Eva", 1) };
    assert_eq!(others(&store, elsewhere).await, []);
    let change = FlowDraftChange {
        flow: FLOW,
        tenant: OURS,
        replaces: None,
        base_version: 1,
        definition: Payload::parse("{}".to_owned()).expect("it is JSON"),
        at: at(2),
        by: "Ann".into(),
    };
    let Changed::Done(Some(draft)) = store.put_flow_draft(change).await.expect("an answer") else {
        panic!("it is not stored")
    };

    let second = see(&store, tab(2, "Bob", 3)).await.expect("there is the flow");
    assert_eq!(second, Presence { draft: Some(draft.revision), others: vec![tab(1, "Ann\u{0}", 1)] });
    assert_eq!(others(&store, tab(1, "Ann\u{0}", 4)).await, [tab(2, "Bob", 3)]);
    assert_eq!(others(&store, tab(3, "Bob", 5)).await, [tab(1, "Ann\u{0}", 4), tab(2, "Bob", 3)]);
    // Somebody else cannot say that it has ended.
    store.end_presence(tab(2, "Ann", 6)).await.expect("an answer");
    assert_eq!(others(&store, tab(3, "Bob", 6)).await, [tab(1, "Ann\u{0}", 4), tab(2, "Bob", 3)]);
    store.end_presence(tab(2, "Bob", 6)).await.expect("an answer");
    assert_eq!(others(&store, tab(3, "Bob", 7)).await, [tab(1, "Ann\u{0}", 4)]);
    assert_eq!(others(&store, tab(3, "Bob", present_for() + 3)).await, [tab(1, "Ann\u{0}", 4)]);
    assert_eq!(others(&store, tab(3, "Bob", present_for() + 4)).await, []);
    store.delete_flow(OURS, FLOW).await.expect("it is deleted");
    assert_eq!(see(&store, tab(1, "Ann", 9)).await, None);
}

pub async fn nobody_sees_who_has_a_flow_of_another_tenant_open<H: Harness>(harness: &H) {
    let store = harness.open().await;
    store.create_flow(flow(1)).await.expect("a flow is created");
    assert_eq!(others(&store, tab(1, "Ann", 1)).await, []);

    let theirs = PresenceRecord { tenant: THEIRS, ..tab(2, "Eva", 2) };
    assert_eq!(see(&store, theirs).await, None);
    let ended = PresenceRecord { tenant: THEIRS, ..tab(1, "Ann", 2) };
    store.end_presence(ended).await.expect("an answer");

    assert_eq!(others(&store, tab(3, "Bob", 3)).await, [tab(1, "Ann", 1)]);
    assert_eq!(see(&store, PresenceRecord { flow: FlowId::new(uuid(9)), ..tab(3, "Bob", 3) }).await, None);
}

pub async fn a_flow_has_a_number_of_tabs<H: Harness>(harness: &H) {
    let store = harness.open().await;
    store.create_flow(flow(1)).await.expect("a flow is created");
    let max = u16::try_from(PRESENT_MAX).expect("it is small");
    for number in 1..=max {
        others(&store, tab(number, "Ann", 1)).await;
    }

    assert_eq!(others(&store, tab(max + 1, "Bob", 2)).await.len(), PRESENT_MAX);

    assert_eq!(others(&store, tab(1, "Ann", 3)).await.len(), PRESENT_MAX - 1, "Bob is not seen");
    assert_eq!(others(&store, tab(max + 1, "Bob", present_for() + 2)).await.len(), 1, "there is room");
}
