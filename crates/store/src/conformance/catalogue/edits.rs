//! What was edited.

use super::super::Harness;
use super::super::samples::{FLOW, OURS, agent, at, document, flow, new_agent};
use crate::{Catalogue, Changed, Edited, Edits, FlowChange, Store};

pub async fn edits_are_listed_in_their_order<H: Harness>(harness: &H) {
    let store = harness.open().await;
    assert_eq!(store.edits(None).await.expect("an answer"), Edits::default());
    if !store.is_shared() {
        return;
    }
    let change = |revision| FlowChange {
        document: Some(document("Renamed")),
        at: at(9),
        if_revision: revision,
        ..FlowChange::default()
    };

    let first = flow(1);
    store.create_flow(first.clone()).await.expect("a flow is created");
    store.put_agent(new_agent(1)).await.expect("an agent is stored");
    store.put_agent(new_agent(1)).await.expect("it is stored already");
    let changed = store.change_flow(OURS, FLOW, change(None)).await.expect("a change");
    let conflict = store.change_flow(OURS, FLOW, change(Some(first.revision()))).await.expect("an answer");
    store.delete_agent(OURS, agent(1).id, None).await.expect("a deletion");
    store.delete_flow(OURS, FLOW).await.expect("a deletion");

    assert!(matches!((changed, conflict), (Changed::Done(_), Changed::Conflict(_))));
    let (flow, agent) = (Edited::Flow(OURS, FLOW), Edited::Agent(OURS, agent(1).id));
    let all = store.edits(Some(0)).await.expect("an answer");
    assert_eq!(all, Edits { last: 5, edited: vec![flow, agent, flow, agent, flow], is_cut: false });
    let rest = store.edits(Some(3)).await.expect("an answer");
    assert_eq!(rest, Edits { last: 5, edited: vec![agent, flow], is_cut: false });
    let none = store.edits(Some(5)).await.expect("an answer");
    assert_eq!(none, Edits { last: 5, ..Edits::default() });
}
