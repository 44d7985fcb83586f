//! What is known of credentials, and for how long.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{join, join_all};
use steadflow_access::{
    Authenticator, Checked, FRESH_FOR, Forgotten, NewKey, SIGN_IN_IDLE_MAX, UNKNOWN_MAX, WAITING_MAX,
};
use steadflow_core::access::{CredentialHash, CredentialKind, Token};
use steadflow_core::caller::Role;
use steadflow_core::ids::{PrincipalId, TenantId};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{Identities, MemoryStore, Page, PrincipalChange, SignInRecord, SignIns, Store};
use tokio::time::{Instant, advance};
use uuid::Uuid;

use super::{NOW, key, new_key, person, store};

async fn is_known(of: &Authenticator, credential: CredentialHash) -> bool {
    matches!(of.check(credential, None, NOW).await.expect("the store answers"), Checked::Known(_))
}

/// Keeps one fresh, beside the test.
fn keep_fresh(of: &Authenticator) {
    let of = of.clone();
    tokio::spawn(async move { of.keep_fresh(|| NOW).await });
}

/// Lets time go on in small steps, so that what is spawned runs at each.
async fn pass(time: Duration) {
    for _ in 0..time.as_millis() / 100 {
        advance(Duration::from_millis(100)).await;
        tokio::task::yield_now().await;
    }
}

fn sign_in(number: u8, expires_at: Timestamp) -> SignInRecord {
    SignInRecord {
        hash: Token::new([number; 32]).hash(CredentialKind::SignIn),
        id: Uuid::from_u128(number.into()),
        tenant: TenantId::DEFAULT,
        principal: PrincipalId::new(Uuid::from_u128(3)),
        created_at: NOW,
        expires_at,
        used_at: NOW,
        address: None,
        user_agent: None,
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_says_who_asks() {
    let store = store().await;
    let issued = key(&store, new_key()).await;
    let authenticator = Authenticator::new(Arc::clone(&store) as Arc<dyn Store>);

    let checked = authenticator.check(issued.record.hash, None, NOW).await.unwrap();

    let Checked::Known(principal) = checked else { panic!("{checked:?}") };
    assert_eq!(principal.id, person(3, Role::Editor).id);
    assert_eq!(principal.caller.actor.id.as_ref(), Some(&issued.record.prefix));
    assert_eq!((principal.caller.tenant, principal.caller.role), (TenantId::DEFAULT, Role::Editor));
    let token = Token::read_api_key(&issued.secret()).unwrap();
    assert_eq!(token.hash(CredentialKind::Key), issued.record.hash);
    assert!(!is_known(&authenticator, token.hash(CredentialKind::SignIn)).await, "it is no sign-in");
}

#[tokio::test(start_paused = true)]
async fn a_revoked_key_ends_within_two_seconds() {
    let store = store().await;
    let issued = key(&store, new_key()).await;
    let hash = issued.record.hash;
    let [here, there] = [(); 2].map(|()| Authenticator::new(Arc::clone(&store) as Arc<dyn Store>));
    keep_fresh(&here);
    keep_fresh(&there);
    assert!(is_known(&here, hash).await && is_known(&there, hash).await);
    pass(Duration::from_secs(10)).await;
    let ends = [here.ended(hash), there.ended(hash)];

    assert!(store.delete_api_key(TenantId::DEFAULT, issued.record.id, None).await.unwrap());
    here.forget(Forgotten::One(hash));

    let [here_ended, there_ended] = ends.map(FutureExt::shared);
    assert!(
        here_ended.clone().now_or_never().is_some(),
        "its streams end at once in the process that did it"
    );
    assert!(!is_known(&here, hash).await);
    assert!(there_ended.clone().now_or_never().is_none());
    pass(FRESH_FOR).await;
    assert!(there_ended.now_or_never().is_some(), "and in the others without a request");
    assert!(!is_known(&there, hash).await);
    assert!(here.ended(hash).now_or_never().is_some(), "what stands for nothing has ended");
}

#[tokio::test(start_paused = true)]
async fn without_what_keeps_it_fresh_the_store_is_asked_again() {
    let store = store().await;
    let issued = key(&store, new_key()).await;
    let authenticator = Authenticator::new(Arc::clone(&store) as Arc<dyn Store>);
    assert!(is_known(&authenticator, issued.record.hash).await);
    let disable = PrincipalChange { is_disabled: Some(true), ..PrincipalChange::default() };
    store.change_principal(TenantId::DEFAULT, issued.record.principal, disable).await.unwrap();

    assert!(is_known(&authenticator, issued.record.hash).await, "it was asked a moment ago");
    advance(FRESH_FOR).await;
    assert!(!is_known(&authenticator, issued.record.hash).await);
    store.close().await.unwrap();
    assert!(authenticator.check(issued.record.hash, None, NOW).await.is_err(), "nobody is let in unasked");
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_when_its_credential_stands_for_something_else() {
    let store = store().await;
    let issued = key(&store, new_key()).await;
    let authenticator = Authenticator::new(Arc::clone(&store) as Arc<dyn Store>);
    keep_fresh(&authenticator);
    assert!(is_known(&authenticator, issued.record.hash).await);
    let ended = authenticator.ended(issued.record.hash).shared();
    pass(Duration::from_secs(3_600)).await;
    assert!(ended.clone().now_or_never().is_none(), "it goes on as long as nothing changes");

    let less = PrincipalChange { role: Some(Role::Viewer), ..PrincipalChange::default() };
    store.change_principal(TenantId::DEFAULT, issued.record.principal, less).await.unwrap();
    pass(FRESH_FOR).await;

    assert!(ended.now_or_never().is_some());
    assert!(is_known(&authenticator, issued.record.hash).await, "what begins now begins with the other role");
}

#[tokio::test(start_paused = true)]
async fn what_is_over_ends() {
    let store = store().await;
    let authenticator = Authenticator::new(Arc::clone(&store) as Arc<dyn Store>);
    let end = NOW.plus(Duration::from_secs(60));
    let before = Timestamp::from_micros(end.as_micros() - 1);
    let issued = key(&store, NewKey { expires_at: Some(end), ..new_key() }).await;
    let far = NOW.plus(Duration::from_secs(30 * 24 * 3_600));
    for sign_in in [sign_in(1, end), sign_in(2, far)] {
        assert!(store.create_sign_in(sign_in, None, 9).await.unwrap());
    }
    let at =
        async |hash, now| matches!(authenticator.check(hash, None, now).await.unwrap(), Checked::Known(_));

    for hash in [issued.record.hash, sign_in(1, end).hash] {
        assert!(at(hash, before).await && !at(hash, end).await);
    }
    let (idle, hash) = (NOW.plus(SIGN_IN_IDLE_MAX), sign_in(2, far).hash);
    let before = Timestamp::from_micros(idle.as_micros() - 1);
    assert!(!at(hash, idle).await, "nobody has used it for so long");
    assert!(at(hash, before).await && at(hash, idle).await, "it was used a moment ago");
    assert!(!at(hash, far).await, "at its end, its use does not count");
}

#[tokio::test(start_paused = true)]
async fn a_key_works_from_its_networks_only() {
    let store = store().await;
    let networks = ["203.0.113.0/24", "2001:db8::/32"].map(|network| network.parse().unwrap());
    let issued = key(&store, NewKey { networks: Some(networks.into()), ..new_key() }).await;
    let authenticator = Authenticator::new(Arc::clone(&store) as Arc<dyn Store>);
    let from = async |address: &str| {
        let address = Some(address.parse().unwrap());
        matches!(authenticator.check(issued.record.hash, address, NOW).await.unwrap(), Checked::Known(_))
    };

    assert!(from("203.0.113.9").await && from("::ffff:203.0.113.9").await && from("2001:db8::1").await);
    assert!(!from("203.0.114.1").await && !from("127.0.0.1").await && !from("2001:db9::1").await);
    assert!(!is_known(&authenticator, issued.record.hash).await, "from nowhere is from none of them");
}

#[tokio::test(start_paused = true)]
async fn uses_are_stored_once_a_minute() {
    let store = store().await;
    let issued = key(&store, new_key()).await;
    let authenticator = Authenticator::new(Arc::clone(&store) as Arc<dyn Store>);
    keep_fresh(&authenticator);
    let stored = async || {
        let keys = store.api_keys(TenantId::DEFAULT, None, Page { before: None, limit: 9 }).await.unwrap();
        let key = keys[0].clone().unwrap();
        (key.used_at, key.used_from.map(|from| from.to_string()))
    };
    let used_at = async |seconds| {
        let (address, now) = ("203.0.113.9".parse().unwrap(), NOW.plus(Duration::from_secs(seconds)));
        authenticator.check(issued.record.hash, Some(address), now).await.unwrap();
        pass(Duration::from_secs(2)).await;
        now
    };

    let first = used_at(0).await;
    assert_eq!(stored().await, (Some(first), Some("203.0.113.9".into())));
    used_at(59).await;
    assert_eq!(stored().await.0, Some(first));
    let next = used_at(60).await;
    assert_eq!(stored().await.0, Some(next));
}

#[tokio::test(start_paused = true)]
async fn sign_ins_that_are_over_are_deleted() {
    let store = store().await;
    let (over, far) = (sign_in(1, NOW), sign_in(2, NOW.plus(Duration::from_secs(1))));
    for sign_in in [over, far.clone()] {
        assert!(store.create_sign_in(sign_in, None, 9).await.unwrap());
    }
    keep_fresh(&Authenticator::new(Arc::clone(&store) as Arc<dyn Store>));

    pass(Duration::from_secs(62)).await;

    let left = store.sign_ins(TenantId::DEFAULT, far.principal).await.unwrap();
    assert_eq!(left, [Ok(far)]);
}

#[tokio::test(start_paused = true)]
async fn who_shows_what_stands_for_nothing_is_limited_and_others_of_the_address_are_not() {
    let store = store().await;
    let issued = key(&store, new_key()).await;
    let late = key(&store, new_key()).await;
    let authenticator = Authenticator::new(Arc::clone(&store) as Arc<dyn Store>);
    let address = Some("203.0.113.9".parse().unwrap());
    let check = async |hash| authenticator.check(hash, address, NOW).await.unwrap();
    assert!(matches!(check(issued.record.hash).await, Checked::Known(_)));

    for number in 0..u8::try_from(UNKNOWN_MAX).unwrap() {
        let unknown = Token::new([number; 32]).hash(CredentialKind::Key);
        assert_eq!(check(unknown).await, Checked::Unknown);
    }

    assert_eq!(check(Token::new([0xff; 32]).hash(CredentialKind::Key)).await, Checked::TooMany);
    advance(Duration::from_secs(30)).await;
    assert!(matches!(check(issued.record.hash).await, Checked::Known(_)), "it is known");
    assert!(
        matches!(check(late.record.hash).await, Checked::Known(_)),
        "others of its address do not hold it up"
    );
    advance(Duration::from_secs(30)).await;
    assert_eq!(
        check(Token::new([0xfe; 32]).hash(CredentialKind::Key)).await,
        Checked::Unknown,
        "a minute later"
    );
}

#[tokio::test(start_paused = true)]
async fn what_a_limited_address_shows_is_asked_for_together() {
    let store = store().await;
    let good = key(&store, new_key()).await;
    let authenticator = Authenticator::new(Arc::clone(&store) as Arc<dyn Store>);
    let address = Some("203.0.113.9".parse().unwrap());
    let check = async |hash| authenticator.check(hash, address, NOW).await.unwrap();
    let unknown = |number: u32| {
        let mut bytes = [0xaa; 32];
        bytes[..4].copy_from_slice(&number.to_be_bytes());
        Token::new(bytes).hash(CredentialKind::Key)
    };
    for number in 0..UNKNOWN_MAX {
        assert_eq!(check(unknown(number)).await, Checked::Unknown);
    }
    let begun = Instant::now();

    let bad = join_all((0..3_000).map(|number| check(unknown(1_000 + number))));
    let (bad, good) = join(bad, check(good.record.hash)).await;

    assert!(bad.iter().all(|checked| *checked == Checked::TooMany));
    assert!(matches!(good, Checked::Known(_)), "it is among them");
    assert_eq!(
        begun.elapsed(),
        Duration::from_millis(80),
        "a thousand with each query, and a pause before each"
    );
}

#[tokio::test(start_paused = true)]
async fn so_many_look_ups_of_limited_addresses_wait() {
    let store = store().await;
    let authenticator = Authenticator::new(store as Arc<dyn Store>);
    let address = Some("203.0.113.9".parse().unwrap());
    let unknown = |number: usize| {
        let mut bytes = [0xaa; 32];
        bytes[..8].copy_from_slice(&number.to_be_bytes());
        Token::new(bytes).hash(CredentialKind::Key)
    };
    let check = async |number| authenticator.check(unknown(number), address, NOW).await.unwrap();
    for number in 0..usize::try_from(UNKNOWN_MAX).unwrap() {
        assert_eq!(check(number).await, Checked::Unknown);
    }
    let mut waiting = join_all((0..WAITING_MAX).map(|number| check(1_000 + number)));
    assert!((&mut waiting).now_or_never().is_none());

    assert_eq!(check(500).now_or_never(), Some(Checked::TooMany), "it does not wait, and is not looked up");
    drop(waiting);
    let later = check(501);
    assert!(later.now_or_never().is_none(), "nobody waits any longer");
}

#[tokio::test(start_paused = true)]
async fn what_is_forgotten_while_the_store_is_asked_is_asked_again() {
    let store: Arc<MemoryStore> = store().await;
    let sign_in = sign_in(1, NOW.plus(Duration::from_secs(60)));
    assert!(store.create_sign_in(sign_in.clone(), None, 9).await.unwrap());
    let authenticator = Authenticator::new(Arc::clone(&store) as Arc<dyn Store>);
    assert!(is_known(&authenticator, sign_in.hash).await);

    assert_eq!(store.delete_sign_ins(SignIns::One(sign_in.hash)).await.unwrap(), 1);
    authenticator.forget(Forgotten::Of(sign_in.principal));

    assert!(!is_known(&authenticator, sign_in.hash).await);
}
