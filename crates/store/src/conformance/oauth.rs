//! What [`OauthTokens`] means.

use std::sync::Arc;

use steadflow_core::ids::TenantId;

use super::samples::{OURS, THEIRS, at, uuid};
use super::{Harness, reopened};
use crate::{
    OauthAuthorizationRecord, OauthClaim, OauthTokenState, OauthTokens, SealedSecrets, SecretRecord, Store,
};

const NAME: &str = "KEY";

async fn put(store: &impl Store, tenant: TenantId) {
    let secret = SecretRecord {
        tenant,
        name: NAME.into(),
        kind: "oauth2".into(),
        data_key: uuid(7),
        sealed: vec![1],
        hosts: "".into(),
        updated_at: at(3),
        updated_by: "ada@example.com".into(),
    };
    assert!(store.put_secret(secret, 9).await.expect("an answer"));
}

fn secret(tenant: TenantId) -> (TenantId, Arc<str>) {
    (tenant, NAME.into())
}

/// Claims our secret at 10 s, until 20 s.
async fn claim(store: &impl Store, generation: Option<u64>, number: u16, now: i64) -> bool {
    let claim = OauthClaim { id: uuid(number), until: at(now + 10) };
    store.claim_token(secret(OURS), generation, claim, at(now)).await.expect("an answer")
}

async fn settle(store: &impl Store, number: u16, state: OauthTokenState) -> bool {
    store.settle_token(secret(OURS), uuid(number), state).await.expect("an answer")
}

fn obtained(sealed: u8) -> OauthTokenState {
    OauthTokenState {
        sealed: Some((uuid(7), vec![0, sealed, 255])),
        obtained_at: Some(at(4)),
        expires_at: Some(at(50)),
        needs_connection: false,
        error: None,
    }
}

pub async fn tokens_are_replaced_by_who_has_claimed_them<H: Harness>(harness: &H) {
    let store = harness.open().await;
    assert!(!claim(&store, None, 1, 10).await, "there is no such secret");
    put(&store, OURS).await;

    assert!(!claim(&store, Some(1), 1, 10).await, "there are no tokens yet");
    assert!(claim(&store, Some(0), 1, 10).await);
    assert!(!claim(&store, Some(0), 2, 19).await, "another one has the claim");
    let claimed = store.oauth_token(OURS, NAME.into()).await.expect("an answer").expect("it is there");
    assert_eq!((claimed.generation, claimed.state), (0, OauthTokenState::default()));
    assert_eq!(claimed.claim, Some(OauthClaim { id: uuid(1), until: at(20) }));
    assert!(claim(&store, Some(0), 3, 20).await, "the claim is over");
    assert!(!settle(&store, 1, obtained(1)).await, "the claim is another one's");
    assert!(settle(&store, 3, obtained(2)).await);
    assert!(!settle(&store, 3, obtained(3)).await, "the claim was given back");
    let store = reopened(harness, store).await;

    let kept = store.oauth_token(OURS, NAME.into()).await.expect("an answer").expect("it is there");
    assert_eq!((kept.generation, &kept.state, kept.claim), (1, &obtained(2), None));
    assert!(!claim(&store, Some(0), 4, 30).await, "there are others meanwhile");
    assert!(claim(&store, Some(1), 4, 30).await);
    assert!(claim(&store, None, 5, 31).await, "who connects the secret does not wait");
    let failed = OauthTokenState {
        needs_connection: true,
        error: Some("it was revoked".into()),
        ..OauthTokenState::default()
    };
    assert!(!settle(&store, 4, obtained(4)).await);
    assert!(settle(&store, 5, failed.clone()).await);
    let listed = store.oauth_tokens(OURS).await.expect("an answer");
    assert_eq!(
        listed.iter().map(|record| (record.generation, &record.state)).collect::<Vec<_>>(),
        [(2, &failed)]
    );
    assert_eq!(store.oauth_tokens(THEIRS).await.expect("an answer"), []);
    store.close().await.expect("it closes");
    assert!(store.oauth_tokens(OURS).await.is_err(), "a closed store refuses");
}

pub async fn tokens_end_with_their_secret<H: Harness>(harness: &H) {
    let store = harness.open().await;
    put(&store, OURS).await;
    put(&store, THEIRS).await;
    let theirs = OauthClaim { id: uuid(9), until: at(99) };
    assert!(store.claim_token(secret(THEIRS), Some(0), theirs, at(10)).await.expect("an answer"));
    let begun = authorization(1, OURS);
    store.begin_authorization(authorization(2, THEIRS), 9).await.expect("an answer");

    for number in [1, 2] {
        assert!(claim(&store, Some(0), number, 10).await);
        assert!(store.begin_authorization(begun.clone(), 9).await.expect("an answer"));
        if number == 1 {
            put(&store, OURS).await;
        } else {
            store.delete_secret(OURS, NAME.into()).await.expect("it is deleted");
        }
        assert!(!settle(&store, number, obtained(1)).await);
        assert_eq!(store.oauth_token(OURS, NAME.into()).await.expect("an answer"), None);
        assert_eq!(store.take_authorization(begun.hash, at(10)).await.expect("an answer"), None);
    }

    assert_eq!(store.oauth_tokens(THEIRS).await.expect("an answer").len(), 1);
    assert!(store.take_authorization([2; 32], at(10)).await.expect("an answer").is_some());
}

fn authorization(number: u8, tenant: TenantId) -> OauthAuthorizationRecord {
    OauthAuthorizationRecord {
        hash: [number; 32],
        tenant,
        name: NAME.into(),
        data_key: uuid(7),
        sealed: vec![0, number, 255],
        created_by: "ada@example.com".into(),
        created_at: at(i64::from(number)),
        expires_at: at(i64::from(number) + 10),
    }
}

pub async fn an_authorization_is_finished_once<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let begin = async |store: &H::Store, number, tenant| {
        store.begin_authorization(authorization(number, tenant), 2).await.expect("an answer")
    };
    assert!(begin(&store, 1, OURS).await && begin(&store, 2, OURS).await && begin(&store, 3, THEIRS).await);
    assert!(!begin(&store, 4, OURS).await, "there are two already");
    let store = reopened(harness, store).await;
    let take = async |number, now| store.take_authorization([number; 32], at(now)).await.expect("an answer");

    assert_eq!(take(1, 10).await, Some(authorization(1, OURS)));
    assert_eq!(take(1, 10).await, None, "it is finished");
    assert_eq!(take(3, 13).await, None, "it is over");
    assert_eq!(take(3, 12).await, None, "it is gone");
    assert!(begin(&store, 5, OURS).await);
    assert!(begin(&store, 12, OURS).await, "the second one is over by then");
    assert_eq!(take(2, 2).await, None);
    assert!(take(5, 14).await.is_some());
}
