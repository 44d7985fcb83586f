//! What the paths of webhooks mean.

use steadflow_core::ids::FlowId;

use super::samples::{OURS, THEIRS, at, document, flow, uuid};
use super::{Harness, reopened};
use crate::{
    Catalogue, Changed, FlowChange, FlowDocument, FlowFilter, FlowRecord, FlowStatus, Page, Store, StoreError,
};

fn called_at(number: u16, path: &str, status: FlowStatus) -> FlowRecord {
    FlowRecord { webhook_path: Some(path.into()), status, ..flow(number) }
}

async fn set(store: &impl Store, number: u16, change: FlowChange) -> Result<Changed<FlowRecord>, StoreError> {
    store.change_flow(OURS, FlowId::new(uuid(number)), FlowChange { at: at(60), ..change }).await
}

const ACTIVE: FlowStatus = FlowStatus::Active;

pub async fn of_all_active_flows_one_has_the_path_of_a_webhook<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let taken = |result: Result<_, StoreError>| matches!(result, Err(StoreError::WebhookTaken));
    store.create_flow(called_at(1, "a", ACTIVE)).await.expect("the first one");
    store.create_flow(called_at(2, "a", FlowStatus::Draft)).await.expect("drafts may have the same path");
    store.create_flow(called_at(3, "A", ACTIVE)).await.expect("another path");
    store.create_flow(flow(4)).await.expect("one without a webhook");

    let created = store.create_flow(FlowRecord { tenant: THEIRS, ..called_at(5, "a", ACTIVE) }).await;
    let activated = set(&store, 2, FlowChange { status: Some(ACTIVE), ..FlowChange::default() }).await;
    let moved = FlowDocument { webhook_path: Some("a".into()), ..document("Moved") };
    let changed = set(&store, 3, FlowChange { document: Some(moved), ..FlowChange::default() }).await;

    assert!(taken(created.map(|()| Changed::Missing)) && taken(activated) && taken(changed));
    assert_eq!(store.flow(THEIRS, FlowId::new(uuid(5))).await.expect("it is read"), None);
    for (number, expected) in [(2, called_at(2, "a", FlowStatus::Draft)), (3, called_at(3, "A", ACTIVE))] {
        let id = FlowId::new(uuid(number));
        assert_eq!(store.flow(OURS, id).await.expect("it is read"), Some(expected), "nothing was changed");
        assert_eq!(store.flow_version(OURS, id, 2).await.expect("it is read"), None);
    }
    let same = FlowDocument { webhook_path: Some("a".into()), ..document("Same") };
    set(&store, 1, FlowChange { document: Some(same), ..FlowChange::default() }).await.expect("its own path");
    set(&store, 1, FlowChange { status: Some(FlowStatus::Paused), ..FlowChange::default() })
        .await
        .expect("it is paused");
    set(&store, 2, FlowChange { status: Some(ACTIVE), ..FlowChange::default() })
        .await
        .expect("the path is free");
    let filter = FlowFilter { has_webhook: Some(false), ..FlowFilter::default() };
    let without = store.flows(filter, Page { before: None, limit: 9 }).await.expect("flows");
    assert_eq!(without, [Ok(flow(4))]);
    store.close().await.expect("it closes");
}

pub async fn a_path_leads_to_the_active_flow_or_else_to_a_paused_one<H: Harness>(harness: &H) {
    let store = harness.open().await;
    for (number, status) in
        [(1, FlowStatus::Archived), (2, FlowStatus::Paused), (3, FlowStatus::Paused), (4, FlowStatus::Draft)]
    {
        store.create_flow(called_at(number, "a/b", status)).await.expect("a flow");
    }
    let at = async |store: &H::Store, path: &str| store.flow_at(path.into()).await.expect("it is looked for");
    assert_eq!(at(&store, "a/b").await, Some((OURS, FlowId::new(uuid(3)))));
    set(&store, 2, FlowChange { status: Some(ACTIVE), ..FlowChange::default() }).await.expect("it is active");

    let store = reopened(harness, store).await;

    assert_eq!(at(&store, "a/b").await, Some((OURS, FlowId::new(uuid(2)))));
    for path in ["", "a", "a/b/", "A/b", "a/c"] {
        assert_eq!(at(&store, path).await, None, "{path}");
    }
    let moved = FlowDocument { webhook_path: None, ..document("Moved") };
    set(&store, 2, FlowChange { document: Some(moved), ..FlowChange::default() })
        .await
        .expect("it is changed");
    assert!(store.delete_flow(OURS, FlowId::new(uuid(3))).await.expect("it is deleted"));
    assert_eq!(at(&store, "a/b").await, None, "drafts and archived flows are not called");
    store.close().await.expect("it closes");
}
