//! What [`Notes`] means.

use steadflow_core::ids::PrincipalId;
use steadflow_core::payload::Payload;

use super::identities::principal;
use super::samples::{OURS, THEIRS, at, uuid};
use super::{Harness, reopened};
use crate::{Identities, NoteKey, NoteKind, NoteRecord, Notes};

fn note(owner: Option<u16>, name: &str, value: &str) -> NoteRecord {
    let owner = owner.map(|number| PrincipalId::new(uuid(number)));
    let key = NoteKey { tenant: OURS, kind: NoteKind::View, owner, name: name.into() };
    NoteRecord { key, value: Payload::parse(value.into()).expect("it is JSON"), at: at(1) }
}

pub async fn notes_are_kept_by_owner_and_name_and_have_a_number<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let put = async |note: &NoteRecord, max| store.put_note(note.clone(), max).await.expect("an answer");
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
    let all = store.notes(OURS, NoteKind::View).await.expect("all");
    assert_eq!(all, [changed, mine.clone(), note(Some(1), "b\0\"", "2")]);
    assert_eq!(store.notes(THEIRS, NoteKind::View).await.expect("all"), [other]);
    assert!(store.delete_note(mine.key.clone()).await.expect("an answer"));
    assert!(!store.delete_note(mine.key).await.expect("an answer"), "it is gone");
    assert_eq!(store.notes(OURS, NoteKind::View).await.expect("all").len(), 2);
    assert_eq!(store.notes(OURS, NoteKind::FailureAssigned).await.expect("all"), [assigned]);
}

pub async fn notes_of_a_principal_are_deleted_with_it<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let notes = [note(None, "a", "1"), note(Some(1), "a", "1"), note(Some(2), "a", "1")];
    for number in [1, 2] {
        assert!(store.create_principal(principal(number)).await.expect("it is new"));
    }
    for one in &notes {
        assert!(store.put_note(one.clone(), 1).await.expect("there is room"));
    }

    store.delete_principal(OURS, principal(1).id).await.expect("it is there");

    let left = store.notes(OURS, NoteKind::View).await.expect("all");
    assert_eq!(left, [notes[0].clone(), notes[2].clone()]);
}
