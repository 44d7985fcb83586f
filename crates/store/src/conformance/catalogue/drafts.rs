//! What drafts of flows mean.

use steadflow_core::ids::{FlowId, TenantId};
use steadflow_core::payload::Payload;

use super::super::samples::{FLOW, OTHER_FLOW, OURS, THEIRS, at, document, flow};
use super::super::{Harness, reopened};
use crate::{Catalogue, Changed, FlowChange, FlowDraftChange, FlowDraftMark, FlowDraftRecord, Store};

fn change(replaces: Option<u64>, seconds: i64, definition: &str) -> FlowDraftChange {
    FlowDraftChange {
        flow: FLOW,
        tenant: OURS,
        replaces,
        base_version: 1,
        definition: Payload::parse(definition.to_owned()).expect("it is JSON"),
        at: at(seconds),
        by: "Ann\u{0}".into(),
    }
}

async fn put(store: &impl Store, change: FlowDraftChange) -> Changed<Option<FlowDraftRecord>> {
    store.put_flow_draft(change).await.expect("an answer")
}

fn done(changed: Changed<Option<FlowDraftRecord>>) -> FlowDraftRecord {
    let Changed::Done(Some(draft)) = changed else { panic!("it is not done: {changed:?}") };
    draft
}

async fn draft_of(store: &impl Store, tenant: TenantId, id: FlowId) -> Option<FlowDraftRecord> {
    store.flow_draft(tenant, id).await.expect("an answer")
}

pub async fn a_draft_replaces_the_one_that_it_was_made_from<H: Harness>(harness: &H) {
    let store = harness.open().await;
    assert_eq!(put(&store, change(None, 1, "{}")).await, Changed::Missing, "there is no flow");
    store.create_flow(flow(1)).await.expect("a flow is created");
    assert_eq!(
        put(&store, FlowDraftChange { tenant: THEIRS, ..change(None, 1, "{}") }).await,
        Changed::Missing
    );
    assert_eq!(draft_of(&store, OURS, FLOW).await, None);

    let first = done(put(&store, change(None, 1, r#"{"nodes":[{"id":1.10}]}"#)).await);
    // The clock goes back.
    let second = done(put(&store, change(Some(first.revision), 0, r#"{"nodes":"ü\u0000"}"#)).await);

    assert!(second.revision > first.revision);
    for outdated in [None, Some(first.revision)] {
        let refused = put(&store, change(outdated, 9, "{}")).await;
        assert_eq!(refused, Changed::Conflict(Some(second.clone())), "{outdated:?}");
    }
    let store = reopened(harness, store).await;
    assert_eq!(draft_of(&store, OURS, FLOW).await, Some(second));
    assert_eq!(draft_of(&store, THEIRS, FLOW).await, None);
    assert_eq!(first.definition.as_str(), r#"{"nodes":[{"id":1.10}]}"#);
}

pub async fn a_draft_ends_when_it_is_saved_discarded_or_its_flow_is_deleted<H: Harness>(harness: &H) {
    let store = harness.open().await;
    store.create_flow(flow(1)).await.expect("a flow is created");
    let discard =
        async |tenant, revision| store.delete_flow_draft(tenant, FLOW, revision).await.expect("an answer");
    let save = async |ends_draft| {
        let document = Some(document("Saved"));
        let change = FlowChange { document, at: at(5), ends_draft, ..FlowChange::default() };
        store.change_flow(OURS, FLOW, change).await.expect("it is saved");
        draft_of(&store, OURS, FLOW).await
    };
    let first = done(put(&store, change(None, 1, "{}")).await);

    assert_eq!(discard(THEIRS, first.revision).await, Changed::Missing);
    assert_eq!(discard(OURS, first.revision + 1).await, Changed::Conflict(Some(first.clone())));
    assert_eq!(save(None).await, Some(first.clone()), "another change is saved");
    assert_eq!(
        save(Some(first.revision - 1)).await,
        Some(first.clone()),
        "somebody has changed it meanwhile"
    );
    assert_eq!(save(Some(first.revision)).await, None);
    assert_eq!(discard(OURS, first.revision).await, Changed::Missing);
    assert_eq!(put(&store, change(Some(first.revision), 6, "{}")).await, Changed::Conflict(None));
    let second = done(put(&store, change(None, 6, "{}")).await);
    assert_eq!(discard(OURS, second.revision).await, Changed::Done(Some(second)));
    done(put(&store, change(None, 7, "{}")).await);
    store.delete_flow(OURS, FLOW).await.expect("it is deleted");
    assert_eq!(draft_of(&store, OURS, FLOW).await, None);
}

pub async fn flows_with_a_draft_are_marked<H: Harness>(harness: &H) {
    let store = harness.open().await;
    for number in [1, 2, 3] {
        store.create_flow(flow(number)).await.expect("a flow is created");
    }
    let marks = async |tenant, flows: &[FlowId]| {
        store.flow_draft_marks(tenant, flows.to_vec()).await.expect("an answer")
    };
    let all = [flow(3).id, OTHER_FLOW, FLOW];
    assert_eq!(marks(OURS, &all).await, []);
    let third = done(put(&store, FlowDraftChange { flow: flow(3).id, ..change(None, 2, "{}") }).await);
    let first = done(put(&store, change(None, 1, "{}")).await);

    let expected = [&first, &third].map(FlowDraftMark::from);

    assert_eq!(expected[0].updated_by.as_ref(), "Ann\u{0}");
    assert_eq!(marks(OURS, &all).await, expected);
    assert_eq!(marks(OURS, &[OTHER_FLOW, FLOW]).await, expected[..1]);
    assert_eq!(marks(OURS, &[]).await, []);
    assert_eq!(marks(THEIRS, &all).await, []);
}
