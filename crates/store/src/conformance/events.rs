//! What [`Events`] means.

use steadflow_core::external_event::{EventWait, ExternalEvent, NodeWait};
use steadflow_core::ids::{NodeId, NodeIndex, TenantId};
use steadflow_core::payload::Payload;

use super::samples::{OURS, THEIRS, at, completed, finished, id, row, shown, uuid};
use super::{Harness, commit, reopened, worker};
use crate::{EventEntry, Events, Store};

fn event(number: u16, correlation: Option<&str>) -> ExternalEvent {
    ExternalEvent {
        id: uuid(number),
        tenant: OURS,
        name: "paid".into(),
        correlation: correlation.map(Into::into),
        key: None,
        data: Payload::parse("{\"n\":1.50}".to_owned()).expect("it is JSON"),
        at: at(i64::from(number)),
    }
}

fn wait(number: u16, correlation: Option<&str>, since: i64) -> NodeWait {
    let correlation = correlation.map(Into::into);
    NodeWait {
        tenant: OURS,
        execution: id(number),
        node: NodeIndex(1),
        node_id: NodeId::new("a"),
        wait: EventWait { name: "paid".into(), correlation, since: at(since), until: Some(at(99)) },
    }
}

async fn put(store: &impl Store, event: ExternalEvent) {
    assert_eq!(store.put_event(event, at(0)).await.expect("it is stored"), None);
}

pub async fn events_are_kept_until_they_are_delivered_and_listed<H: Harness>(harness: &H) {
    let store = harness.open().await;
    for number in [2, 1, 3] {
        put(&store, event(number, Some("x"))).await;
    }
    put(&store, ExternalEvent { tenant: THEIRS, ..event(4, None) }).await;
    store.event_delivered(uuid(2)).await.expect("it is delivered");
    let store = reopened(harness, store).await;

    assert_eq!(store.undelivered_tenants().await.expect("tenants"), [OURS, THEIRS]);
    let left = store.undelivered_events(OURS, None, 2).await.expect("events");
    let last = store.undelivered_events(OURS, Some(uuid(1)), 2).await.expect("events");
    let all = store.events(OURS, None, 9).await.expect("events");
    let behind = store.events(OURS, Some(uuid(3)), 1).await.expect("events");

    assert_eq!(left, [event(1, Some("x")), event(3, Some("x"))]);
    assert_eq!(last[0], event(3, Some("x")));
    let entry = |number| EventEntry::from(&event(number, Some("x")));
    assert_eq!(all, [entry(3), entry(2), entry(1)]);
    assert_eq!(behind, [entry(2)]);
    assert_eq!(behind[0].data_bytes, 10);
    store.close().await.expect("it closes");
}

pub async fn an_event_with_a_known_key_is_not_stored<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let keyed = |number: u16, tenant: TenantId| ExternalEvent {
        key: Some("k".into()),
        tenant,
        ..event(number, None)
    };

    let answers = [
        store.put_event(keyed(1, OURS), at(0)).await.expect("it is stored"),
        store.put_event(keyed(2, OURS), at(0)).await.expect("it is known"),
        store.put_event(keyed(3, THEIRS), at(0)).await.expect("it is stored"),
        store.put_event(keyed(4, OURS), at(1)).await.expect("it is stored: the other one is old"),
        store.put_event(keyed(5, OURS), at(0)).await.expect("it is known").map(|_| uuid(0)),
    ];

    assert_eq!(answers, [None, Some(uuid(1)), None, None, Some(uuid(0))]);
    assert_eq!(store.events(OURS, None, 9).await.expect("events").len(), 2);
    store.close().await.expect("it closes");
}

pub async fn a_wait_finds_the_first_event_that_ends_it<H: Harness>(harness: &H) {
    let store = harness.open().await;
    for event in
        [event(1, Some("x")), event(2, None), event(3, Some("y")), event(4, Some("x")), event(5, Some("x"))]
    {
        put(&store, event).await;
    }
    put(&store, ExternalEvent { tenant: THEIRS, ..event(6, Some("z")) }).await;
    put(&store, ExternalEvent { name: "other".into(), ..event(7, Some("z")) }).await;
    let first = async |wait| store.await_event(wait).await.expect("it is stored").map(|event| event.id);

    assert_eq!(first(wait(10, Some("x"), 0)).await, Some(uuid(1)));
    assert_eq!(first(wait(10, Some("x"), 2)).await, Some(uuid(4)));
    assert_eq!(first(wait(10, Some("z"), 0)).await, None);
    assert_eq!(first(wait(10, None, 2)).await, Some(uuid(2)));
    assert_eq!(first(wait(10, None, 9)).await, None);
    let late = |until| NodeWait {
        wait: EventWait { until: Some(at(until)), ..wait(10, Some("x"), 2).wait },
        ..wait(10, None, 0)
    };
    assert_eq!((first(late(3)).await, first(late(4)).await), (None, Some(uuid(4))));
    store.close().await.expect("it closes");
}

pub async fn an_event_finds_the_waits_that_it_ends<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let others = [
        wait(3, Some("y"), 0),
        wait(4, Some("x"), 6),
        NodeWait { tenant: THEIRS, ..wait(5, Some("x"), 0) },
        NodeWait { wait: EventWait { name: "other".into(), ..wait(6, None, 0).wait }, ..wait(6, None, 0) },
    ];
    let meant = [wait(1, Some("x"), 0), wait(2, None, 5), wait(7, Some("x"), 5), wait(8, None, 0)];
    for wait in others.into_iter().chain(meant.clone()) {
        store.await_event(wait).await.expect("it is stored");
    }
    store.await_event(wait(3, Some("x"), 1)).await.expect("it is stored in place of the first");
    let store = reopened(harness, store).await;
    let all = [meant[0].clone(), meant[1].clone(), wait(3, Some("x"), 1), meant[2].clone(), meant[3].clone()];

    let found = store.event_waits(event(5, Some("x")), None, 9).await.expect("waits");
    let page = store.event_waits(event(5, Some("x")), Some((id(2), NodeIndex(1))), 2).await.expect("waits");
    let of_none = store.event_waits(event(5, None), None, 9).await.expect("waits");
    store.delete_event_wait(wait(3, Some("x"), 0)).await.expect("it waits since later, and stays");
    store.delete_event_wait(meant[0].clone()).await.expect("it is gone");
    let left = store.event_waits(event(5, Some("x")), None, 9).await.expect("waits");

    assert_eq!(found, all);
    assert_eq!(page, all[2..4]);
    assert_eq!(of_none, [meant[1].clone(), meant[3].clone()]);
    assert_eq!(left, all[1..]);
    store.close().await.expect("it closes");
}

pub async fn old_events_and_waits_of_what_has_ended_are_deleted<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    commit(&store, worker, vec![finished(completed(1)), shown(row(2))]).await;
    for number in [1, 2] {
        store.await_event(wait(number, Some("z"), 0)).await.expect("it is stored");
    }
    for number in 1..=4 {
        put(&store, event(number, None)).await;
    }
    for number in [1, 2, 4] {
        store.event_delivered(uuid(number)).await.expect("it is delivered");
    }

    let first = store.expire_events(at(4), 1).await.expect("they are deleted");
    let second = store.expire_events(at(4), 9).await.expect("they are deleted");
    let left = store.events(OURS, None, 9).await.expect("events");
    let waits = store.event_waits(event(9, Some("z")), None, 9).await.expect("waits");

    assert_eq!((first, second), (2, 1));
    assert_eq!(left.iter().map(|event| event.id).collect::<Vec<_>>(), [uuid(4), uuid(3)]);
    assert_eq!(waits, [wait(2, Some("z"), 0)]);
    store.close().await.expect("it closes");
}
