//! What invitations mean.

use steadflow_core::caller::Role;

use super::Harness;
use super::identities::{
    change, create, create_sign_in, invitation, is_done, principal, sign_in, sound, stand_for,
};
use super::samples::{OURS, THEIRS, at, uuid};
use crate::{
    FIRST_ADMIN_LINKS_MAX, Identities, InvitationAccepted, InvitationRecord, PasswordHash, PrincipalChange,
    PrincipalRecord,
};

pub async fn an_invitation_is_accepted_once<H: Harness>(harness: &H) {
    let store = harness.open().await;
    create(&store, [principal(1)]).await;
    let theirs = InvitationRecord { tenant: THEIRS, ..invitation(2) };
    for new in [invitation(1), theirs, invitation(3)] {
        assert!(store.create_invitation(new, 2).await.expect("an answer"));
    }
    assert!(!store.create_invitation(invitation(4), 2).await.expect("an answer"), "there are two");
    let accept = async |number, person, seconds| {
        let hash = invitation(number).hash;
        store.accept_invitation(hash, person, None, at(seconds)).await.expect("an answer")
    };

    assert_eq!(accept(1, principal(5), 100).await, InvitationAccepted::Gone, "it is over");
    assert_eq!(accept(9, principal(5), 5).await, InvitationAccepted::Gone);
    let same = PrincipalRecord { email: principal(1).email, ..principal(5) };
    assert_eq!(accept(1, same, 5).await, InvitationAccepted::Taken);
    let asked = PrincipalRecord { role: Role::Admin, ..principal(5) };
    let stored = PrincipalRecord {
        role: Role::Operator,
        grants: invitation(2).grants,
        tenant: THEIRS,
        ..principal(5)
    };
    let done = InvitationAccepted::Done(Box::new(stored.clone()));
    assert_eq!(accept(2, asked, 5).await, done, "the invitation says what they become");
    assert_eq!(accept(2, principal(6), 5).await, InvitationAccepted::Gone, "it was used");
    assert_eq!(store.principal(THEIRS, stored.id).await.expect("an answer"), Some(stored));

    assert!(!store.delete_invitation(THEIRS, uuid(1)).await.expect("an answer"));
    assert!(store.delete_invitation(OURS, uuid(1)).await.expect("an answer"));
    assert_eq!(accept(1, principal(6), 5).await, InvitationAccepted::Gone, "it was taken back");
    let late = InvitationRecord { created_at: at(100), expires_at: at(200), ..invitation(7) };
    assert!(store.create_invitation(late, 1).await.expect("an answer"), "what is over is deleted");
}

pub async fn an_invitation_sets_a_new_password<H: Harness>(harness: &H) {
    let store = harness.open().await;
    create(&store, [principal(1)]).await;
    create_sign_in(&store, sign_in(2, 1), 9).await;
    let forgotten = InvitationRecord { principal: Some(principal(1).id), ..invitation(3) };
    let again = InvitationRecord { principal: Some(principal(1).id), ..invitation(4) };
    for new in [forgotten.clone(), again.clone()] {
        assert!(store.create_invitation(new, 9).await.expect("an answer"));
    }
    let password = Some(PasswordHash::new("$argon2id$new"));
    let asked = PrincipalRecord { password: password.clone(), role: Role::Admin, ..principal(9) };

    let accepted =
        store.accept_invitation(forgotten.hash, asked.clone(), None, at(5)).await.expect("an answer");

    let stored = PrincipalRecord { password, ..principal(1) };
    assert_eq!(accepted, InvitationAccepted::Done(Box::new(stored.clone())));
    assert_eq!(store.principal(OURS, principal(1).id).await.expect("an answer"), Some(stored));
    assert!(stand_for(&store, &[sign_in(2, 1).hash]).await.is_empty(), "their sign-ins end");
    let disable = PrincipalChange { is_disabled: Some(true), ..PrincipalChange::default() };
    assert!(is_done(&change(&store, 1, disable).await));
    let late = store.accept_invitation(again.hash, asked, None, at(5)).await.expect("an answer");
    assert_eq!(late, InvitationAccepted::Gone, "it lets nobody in who is disabled");
}

pub async fn one_first_admin_is_invited<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let first = |number| InvitationRecord { is_first_admin: true, role: Role::Admin, ..invitation(number) };
    let last = u16::try_from(FIRST_ADMIN_LINKS_MAX).expect("it is small") + 2;
    assert!(store.create_invitation(invitation(1), 1).await.expect("an answer"));
    for number in 2..=last {
        assert!(store.create_invitation(first(number), 1).await.expect("an answer"));
    }

    let listed = sound(store.invitations(OURS).await.expect("ours"));
    let mut expected: Vec<_> = (3..=last).rev().map(first).collect();
    expected.push(invitation(1));
    assert_eq!(listed, expected, "the links of other processes stay, but not without end");
    let accepted =
        store.accept_invitation(first(4).hash, principal(5), None, at(5)).await.expect("an answer");
    assert!(matches!(accepted, InvitationAccepted::Done(_)));
    assert_eq!(sound(store.invitations(OURS).await.expect("ours")), [invitation(1)]);
    let late = store.accept_invitation(first(5).hash, principal(6), None, at(5)).await.expect("an answer");
    assert_eq!(late, InvitationAccepted::Gone, "there is one first admin");
    assert!(store.has_admin(at(5)).await.expect("an answer"));
}
