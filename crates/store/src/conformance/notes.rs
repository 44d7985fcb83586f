//! What [`Notes`] means.

use steadflow_core::ids::PrincipalId;
use steadflow_core::payload::Payload;

use super::identities::principal;
use super::samples::{OURS, THEIRS, at, uuid};
use super::{Harness, reopened};
use crate::{Identities, NoteChange, NoteKey, NoteKind, NoteRecord, Notes};

fn note(owner: Option<u16>, name: &str, value: &str) -> NoteRecord {
    let owner = owner.map(|number| PrincipalId::new(uuid(number)));
    let key = NoteKey { tenant: OURS, kind: NoteKind::View, owner, name: name.into() };
    NoteRecord { key, value: Payload::parse(value.into()).expect("it is JSON"), at: at(1) }
}

pub async fn notes_are_kept_by_owner_and_name_and_have_a_number<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let put = async |note: &NoteRecord, max| change(&store, vec![putting(note, max)]).await == Some(1);
    let (ours, mine) = (note(None, "a", "1"), note(Some(1), "a", r#"{ "q": 1.0 }"#));
    let other = NoteRecord { key: NoteKey { tenant: THEIRS, ..ours.key.clone() }, ..ours.clone() };
    let assigned =
        NoteRecord { key: NoteKey { kind: NoteKind::FailureAssigned, ..ours.key.clone() }, ..ours.clone() };

    for one in [&ours, &mine, &other, &assigned] {
        assert!(put(one, 1).await, "each is alone of its kind, tenant and owner");
    }
    assert!(!put(&note(Some(1), "b", "2"), 1).await, "there may be one");
    let changed = NoteRecord { at: at(2), ..note(None, "a", "[3]") };
    assert!(put(&changed, 1).await, "it is there already");
    assert!(put(&note(Some(1), "b\0\"", "2"), 2).await);

    let store = reopened(harness, store).await;
    let all = async |tenant, kind, owner| store.notes(tenant, kind, owner).await.expect("all");
    let me = mine.key.owner;
    assert_eq!(all(OURS, NoteKind::View, None).await, [changed]);
    assert_eq!(all(OURS, NoteKind::View, me).await, [mine.clone(), note(Some(1), "b\0\"", "2")]);
    assert_eq!(all(THEIRS, NoteKind::View, None).await, [other]);
    let delete = |written_at| vec![NoteChange::Delete { key: mine.key.clone(), written_at }];
    assert_eq!(change(&store, delete(Some(at(7)))).await, Some(0), "it was written before that");
    assert_eq!(change(&store, delete(Some(mine.at))).await, Some(1));
    assert_eq!(change(&store, delete(None)).await, Some(0), "it is gone");
    assert_eq!(all(OURS, NoteKind::View, me).await.len(), 1);
    assert_eq!(all(OURS, NoteKind::FailureAssigned, None).await, [assigned]);
}

pub async fn notes_are_changed_together_or_not_at_all<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let (first, second, third) = (note(None, "a", "1"), note(Some(1), "b", "2"), note(None, "c", "3"));
    let puts = |notes: &[&NoteRecord]| notes.iter().map(|note| putting(note, 1)).collect::<Vec<_>>();
    assert_eq!(change(&store, puts(&[&first, &second])).await, Some(2));
    let delete = NoteChange::Delete { key: second.key.clone(), written_at: None };
    let too_many = [vec![delete.clone()], puts(&[&note(None, "a", "9"), &third])].concat();

    assert_eq!(change(&store, too_many).await, None);

    let store = reopened(harness, store).await;
    assert_eq!(store.notes(OURS, NoteKind::View, None).await.expect("all"), std::slice::from_ref(&first));
    assert_eq!(store.notes(OURS, NoteKind::View, second.key.owner).await.expect("all"), [second]);
    assert_eq!(change(&store, vec![delete, putting(&note(None, "a", "9"), 1)]).await, Some(2));
    assert_eq!(change(&store, Vec::new()).await, Some(0));
}

fn putting(note: &NoteRecord, max: usize) -> NoteChange {
    NoteChange::Put { note: note.clone(), max }
}

async fn change(store: &impl Notes, changes: Vec<NoteChange>) -> Option<usize> {
    store.change_notes(changes).await.expect("an answer")
}

pub async fn notes_of_a_principal_are_deleted_with_it<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let notes = [note(None, "a", "1"), note(Some(1), "a", "1"), note(Some(2), "a", "1")];
    for number in [1, 2] {
        assert!(store.create_principal(principal(number)).await.expect("it is new"));
    }
    for one in &notes {
        assert_eq!(change(&store, vec![putting(one, 1)]).await, Some(1));
    }

    store.delete_principal(OURS, principal(1).id).await.expect("it is there");

    for (one, left) in notes.iter().zip([1, 0, 1]) {
        let of_owner = store.notes(OURS, NoteKind::View, one.key.owner).await.expect("all");
        assert_eq!(of_owner.len(), left, "{one:?}");
    }
}
