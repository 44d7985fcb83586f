//! What it means who people are at providers of sign-ins.

use steadflow_core::ids::PrincipalId;

use super::identities::{invitation, principal};
use super::samples::{OURS, THEIRS, at, uuid};
use super::{Harness, reopened};
use crate::{
    Identities, InvitationAccepted, InvitationRecord, OidcSubject, PrincipalChanged, PrincipalRecord, Store,
};

const ISSUER: &str = "https://login.example.com";

/// The person that the provider calls so: the principal of a number.
pub(super) fn subject(name: &str, of: u16) -> OidcSubject {
    OidcSubject {
        issuer: ISSUER.into(),
        subject: name.into(),
        tenant: OURS,
        principal: PrincipalId::new(uuid(of)),
        created_at: at(1),
        used_at: at(1),
    }
}

async fn find(store: &impl Store, name: &str) -> Option<OidcSubject> {
    store.oidc_subject(ISSUER.into(), name.into()).await.expect("an answer")
}

async fn of(store: &impl Store, number: u16) -> Vec<OidcSubject> {
    let found = store.oidc_subjects(OURS, PrincipalId::new(uuid(number))).await.expect("an answer");
    found.into_iter().map(|row| row.expect("it is sound")).collect()
}

pub async fn a_subject_of_a_provider_is_one_person_and_each_attempt_counts_once<H: Harness>(harness: &H) {
    let store = harness.open().await;
    for number in [1, 2] {
        assert!(store.create_principal(principal(number)).await.expect("it is new"));
    }
    let elsewhere = OidcSubject { issuer: "https://a.example.com".into(), ..subject("ann", 1) };
    let create = async |new: OidcSubject| store.create_oidc_subject(new).await.expect("an answer");

    assert!(create(subject("ann", 1)).await);
    assert!(!create(subject("ann", 2)).await, "it is somebody else");
    assert!(!create(subject("Ann", 1)).await, "the person is somebody else there");
    assert!(
        !create(OidcSubject { tenant: THEIRS, ..subject("bob", 2) }).await,
        "their tenant has no such person"
    );
    assert!(!create(subject("eve", 9)).await, "there is no such person");
    assert!(create(elsewhere.clone()).await);
    let used = async |begun: i64| {
        store.use_oidc_subject(ISSUER.into(), "ann".into(), at(begun)).await.expect("an answer")
    };
    assert_eq!([used(1).await, used(5).await, used(5).await, used(4).await], [false, true, false, false]);
    assert!(!store.use_oidc_subject(ISSUER.into(), "bob".into(), at(9)).await.expect("an answer"));

    let store = reopened(harness, store).await;
    let used = OidcSubject { used_at: at(5), ..subject("ann", 1) };
    assert_eq!(of(&store, 1).await, [elsewhere, used.clone()]);
    assert_eq!((find(&store, "ann").await, find(&store, "ANN").await), (Some(used), None));
    let gone = store.delete_principal(OURS, principal(1).id).await.expect("an answer");
    assert!(matches!(gone, PrincipalChanged::Done(_)));
    assert_eq!(find(&store, "ann").await, None, "it goes with the person");
    assert!(create_after(&store).await, "and can be somebody else then");
}

async fn create_after(store: &impl Store) -> bool {
    store.create_oidc_subject(subject("ann", 2)).await.expect("an answer")
}

pub async fn an_invitation_is_accepted_by_who_a_provider_says<H: Harness>(harness: &H) {
    let store = harness.open().await;
    assert!(store.create_principal(principal(1)).await.expect("it is new"));
    assert!(store.create_oidc_subject(subject("old", 1)).await.expect("it is new"));
    let of_member = InvitationRecord { principal: Some(principal(1).id), ..invitation(2) };
    for new in [of_member, invitation(3), invitation(4)] {
        assert!(store.create_invitation(new, 9).await.expect("an answer"));
    }
    let accept = async |number: u16, person: PrincipalRecord, name: &str| {
        let (hash, said) = (invitation(number).hash, subject(name, 99));
        store.accept_invitation(hash, person, Some(said), at(5)).await.expect("an answer")
    };
    let nobody = |number| PrincipalRecord { password: None, ..principal(number) };

    assert_eq!(accept(3, nobody(5), "old").await, InvitationAccepted::Taken, "it is somebody else");
    let member = accept(2, nobody(9), "new").await;
    assert_eq!(member, InvitationAccepted::Done(Box::new(principal(1))), "their password stays");
    assert_eq!(of(&store, 1).await, [subject("new", 1)], "instead of what they were called before");
    assert!(matches!(accept(3, nobody(5), "old").await, InvitationAccepted::Done(_)), "nobody is it now");
    assert_eq!(of(&store, 5).await, [subject("old", 5)]);
    assert_eq!(accept(4, nobody(6), "old").await, InvitationAccepted::Taken);
    assert_eq!(accept(3, nobody(6), "more").await, InvitationAccepted::Gone);
    assert_eq!(find(&store, "more").await, None);
}
