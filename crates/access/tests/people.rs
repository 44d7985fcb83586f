//! People: how they join, sign in and out, and change their passwords.

use std::net::IpAddr;
use std::sync::Arc;

use futures_util::FutureExt;
use steadflow_access::{
    Authenticator, Browser, Checked, FIRST_ADMIN_TTL, Grantor, INVITATION_TTL, INVITATIONS_MAX, Invited,
    JoinRefused, Joining, People, SIGN_INS_MAX, SignInRefused, SignInWays, SignedIn, first_admin, invite,
};
use steadflow_core::access::{CredentialKind, Principal, Token};
use steadflow_core::caller::{Caller, Role};
use steadflow_store::{MemoryStore, PrincipalChange, PrincipalChanged, Store};

use super::NOW;

const PASSWORD: &str = "correct horse";
const OTHER: &str = "battery staple";

/// Returns the people of an empty store.
fn people() -> (People, Arc<dyn Store>, Authenticator) {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let authenticator = Authenticator::new(Arc::clone(&store));
    (People::new(Arc::clone(&store), authenticator.clone(), SignInWays::default()), store, authenticator)
}

fn joining(email: &str) -> Joining {
    Joining { name: "Ann".into(), email: email.into(), password: PASSWORD.into() }
}

fn from(last: u8) -> Browser {
    let address = Some(IpAddr::from([192, 0, 2, last]));
    Browser { address, shared: address, ..Browser::default() }
}

/// Makes the first admin.
async fn ann(people: &People, store: &Arc<dyn Store>) -> SignedIn {
    let token = first_admin(store, NOW).await.expect("a link").expect("there is no admin");
    people.join(&token, joining("ann@example.org"), &from(1), NOW).await.expect("the link is valid")
}

async fn who(authenticator: &Authenticator, token: &Token) -> Option<Arc<Principal>> {
    match authenticator.check(token.hash(CredentialKind::SignIn), None, NOW).await.expect("the store answers")
    {
        Checked::Known(principal) => Some(principal),
        Checked::Unknown | Checked::TooMany | Checked::TooFast(_) => None,
    }
}

#[tokio::test]
async fn the_first_admin_joins_once_and_then_signs_in() {
    let (people, store, authenticator) = people();

    let token = first_admin(&store, NOW).await.unwrap().unwrap();
    let of_other_process = first_admin(&store, NOW).await.unwrap().unwrap();
    let joined = people.join(&token, joining("ann@example.org"), &from(1), NOW).await.unwrap();
    let again = people.join(&token, joining("eve@example.org"), &from(1), NOW).await;
    let other = people.join(&of_other_process, joining("eve@example.org"), &from(1), NOW).await;
    let signed_in = people.sign_in(" Ann@Example.org", PASSWORD.into(), &from(2), NOW).await.unwrap();

    assert!(matches!(other, Err(JoinRefused::Gone)), "there is one first admin");
    assert!(matches!(again, Err(JoinRefused::Gone)));
    assert!(first_admin(&store, NOW).await.unwrap().is_none());
    for token in [&joined.token, &signed_in.token] {
        let principal = who(&authenticator, token).await.unwrap();
        assert_eq!((principal.id, principal.caller.role), (joined.person.id, Role::Admin));
        assert_eq!(principal.caller.actor.id.as_deref(), Some("ann@example.org"));
    }
}

#[tokio::test]
async fn a_link_is_over_after_its_time() {
    let (people, store, _) = people();
    let token = first_admin(&store, NOW).await.unwrap().unwrap();
    let join = async |now| people.join(&token, joining("ann@example.org"), &from(1), now).await;

    assert!(people.invitation(&token, NOW.plus(FIRST_ADMIN_TTL)).await.unwrap().is_none());
    assert!(matches!(join(NOW.plus(FIRST_ADMIN_TTL)).await, Err(JoinRefused::Gone)));
    let other = Token::new([7; 32]);
    assert!(people.invitation(&other, NOW).await.unwrap().is_none());
}

#[tokio::test]
async fn an_invitation_is_for_its_address_and_role() {
    let (people, store, _) = people();
    ann(&people, &store).await;
    let bob: Arc<str> = "bob@example.org".into();
    let invited = Invited { email: Some(Arc::clone(&bob)), ..Invited::new(Role::Operator) };
    let (token, _) = invite(&store, Grantor::local(&Caller::LOCAL), invited, NOW).await.unwrap().unwrap();
    let join = async |email: &str| people.join(&token, joining(email), &from(1), NOW).await;

    assert!(matches!(join("eve@example.org").await, Err(JoinRefused::OtherAddress)));
    let weak = Joining { password: "short".into(), ..joining(&bob) };
    let weak = people.join(&token, weak, &from(1), NOW).await;
    assert!(matches!(weak, Err(JoinRefused::Password(SignInRefused::Unfit(_)))));
    let joined = join(&bob).await.unwrap();

    assert_eq!((joined.person.role, joined.person.email), (Role::Operator, Some(bob)));
    let anyone = Invited::new(Role::Viewer);
    let (token, _) = invite(&store, Grantor::local(&Caller::LOCAL), anyone, NOW).await.unwrap().unwrap();
    let taken = people.join(&token, joining("bob@example.org"), &from(1), NOW).await;
    assert!(matches!(taken, Err(JoinRefused::Taken)));
    assert!(people.invitation(&token, NOW.plus(INVITATION_TTL)).await.unwrap().is_none());
}

#[tokio::test]
async fn a_new_password_by_a_link_ends_what_was_signed_in_before() {
    let (people, store, authenticator) = people();
    let ann = ann(&people, &store).await;
    let email = ann.person.email.clone();
    let invited = Invited { email, principal: Some(ann.person.id), ..Invited::new(Role::Viewer) };
    let (token, _) = invite(&store, Grantor::local(&Caller::LOCAL), invited, NOW).await.unwrap().unwrap();
    assert!(who(&authenticator, &ann.token).await.is_some());

    let set = Joining { password: OTHER.into(), ..joining("ann@example.org") };
    let set = people.join(&token, set, &from(1), NOW).await.unwrap();

    assert_eq!((set.person.id, set.person.role), (ann.person.id, Role::Admin), "the role stays");
    assert!(who(&authenticator, &ann.token).await.is_none());
    assert!(who(&authenticator, &set.token).await.is_some());
    let old = people.sign_in("ann@example.org", PASSWORD.into(), &from(1), NOW).await;
    assert!(matches!(old, Err(SignInRefused::Wrong)));
}

#[tokio::test]
async fn a_sign_in_ends_with_the_password_the_role_and_by_itself() {
    let (people, store, authenticator) = people();
    let ann = ann(&people, &store).await;
    let sign_in = async |password: &str| {
        people.sign_in("ann@example.org", password.into(), &from(1), NOW).await.unwrap().token
    };

    let principal = who(&authenticator, &ann.token).await.unwrap();
    let wrong = people.change_password(&principal, OTHER.into(), OTHER.into(), &from(1), NOW).await;
    let weak = people.change_password(&principal, PASSWORD.into(), "short".into(), &from(1), NOW).await;
    assert!(matches!(wrong, Err(SignInRefused::Wrong)));
    assert!(matches!(weak, Err(SignInRefused::Unfit(_))));
    assert!(who(&authenticator, &ann.token).await.is_some());
    let changed = people.change_password(&principal, PASSWORD.into(), OTHER.into(), &from(1), NOW).await;
    let changed = changed.unwrap().token;
    assert!(who(&authenticator, &ann.token).await.is_none(), "also the one that it was changed with");
    assert!(who(&authenticator, &changed).await.is_some());

    let other = sign_in(OTHER).await;
    people.sign_out(other.hash(CredentialKind::SignIn)).await.unwrap();
    assert!(who(&authenticator, &other).await.is_none());
    assert!(who(&authenticator, &changed).await.is_some());

    let principal = who(&authenticator, &changed).await.unwrap();
    let others = [sign_in(OTHER).await, sign_in(OTHER).await];
    assert_eq!(people.end_sign_ins(&principal, None).await.unwrap(), 2);
    for other in &others {
        assert!(who(&authenticator, other).await.is_none());
    }
    assert!(who(&authenticator, &changed).await.is_some());

    let tenant = ann.person.tenant;
    let disable = PrincipalChange { is_disabled: Some(true), at: NOW, ..PrincipalChange::default() };
    assert_eq!(
        people.change(tenant, ann.person.id, disable.clone()).await.unwrap(),
        PrincipalChanged::LastAdmin
    );
    let bob = Invited::new(Role::Admin);
    let (token, _) = invite(&store, Grantor::local(&Caller::LOCAL), bob, NOW).await.unwrap().unwrap();
    people.join(&token, joining("bob@example.org"), &from(1), NOW).await.unwrap();
    let done = people.change(tenant, ann.person.id, disable).await.unwrap();
    assert!(matches!(done, PrincipalChanged::Done(_)));
    assert!(who(&authenticator, &changed).await.is_none());
    let disabled = people.sign_in("ann@example.org", OTHER.into(), &from(1), NOW).await;
    assert!(matches!(disabled, Err(SignInRefused::Wrong)));
}

#[tokio::test(start_paused = true)]
async fn wrong_passwords_slow_down_their_address_and_no_browser_that_is_known() {
    let (people, store, _) = people();
    let ann = ann(&people, &store).await;
    let sign_in = async |email: &str, password: &str, browser: &Browser| {
        people.sign_in(email, password.into(), browser, NOW).await
    };

    for email in ["ann@example.org", "nobody@example.org"] {
        for _ in 0..5 {
            assert!(matches!(sign_in(email, OTHER, &from(1)).await, Err(SignInRefused::Wrong)), "{email}");
        }
        let slowed = sign_in(email, PASSWORD, &from(1)).await;
        assert!(matches!(slowed, Err(SignInRefused::TooMany(_))), "{email}: {slowed:?}");
    }
    assert!(sign_in("ann@example.org", PASSWORD, &from(2)).await.is_ok());

    for last in 10..105 {
        // An attempt counts from its beginning: many at the same time are as many in a row.
        assert!(sign_in("ann@example.org", OTHER, &from(last)).now_or_never().is_none());
    }
    let known = Browser { known: Some(ann.known), ..from(200) };
    let forged = Browser { known: Some("x".repeat(43)), ..from(200) };
    for unknown in [&from(200), &forged] {
        let slowed = sign_in("ann@example.org", PASSWORD, unknown).await;
        assert!(matches!(slowed, Err(SignInRefused::TooMany(_))), "{slowed:?}");
    }
    assert!(sign_in("ann@example.org", PASSWORD, &known).await.is_ok());
    let of_other = sign_in("nobody@example.org", PASSWORD, &known).await;
    assert!(matches!(of_other, Err(SignInRefused::Wrong)));
}

#[tokio::test]
async fn what_is_made_without_end_is_bounded() {
    let (people, store, _) = people();
    let ann = ann(&people, &store).await;

    for _ in 0..SIGN_INS_MAX {
        people.sign_in("ann@example.org", PASSWORD.into(), &from(1), NOW).await.unwrap();
    }
    let invited = || Invited::new(Role::Viewer);
    for _ in 0..INVITATIONS_MAX {
        assert!(invite(&store, Grantor::local(&Caller::LOCAL), invited(), NOW).await.unwrap().is_some());
    }

    assert_eq!(store.sign_ins(ann.person.tenant, ann.person.id).await.unwrap().len(), SIGN_INS_MAX);
    assert!(invite(&store, Grantor::local(&Caller::LOCAL), invited(), NOW).await.unwrap().is_none());
    let later = NOW.plus(INVITATION_TTL);
    assert!(invite(&store, Grantor::local(&Caller::LOCAL), invited(), later).await.unwrap().is_some());
}
