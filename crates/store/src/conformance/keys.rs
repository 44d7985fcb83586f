//! What [`Keys`] means.

use steadflow_core::decision_link::SigningKey;

use super::{Harness, reopened};
use crate::{Keys, Store};

pub async fn the_first_key_of_a_purpose_is_kept_until_it_is_replaced<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let key = |byte| SigningKey::new([byte; 32]);

    let none = store.signing_key("links").await.expect("an answer");
    let first = store.signing_key_or("links", key(1)).await.expect("a key");
    let again = store.signing_key_or("links", key(2)).await.expect("a key");
    let other = store.signing_key_or("others", key(3)).await.expect("a key");
    let store = reopened(harness, store).await;
    let later = store.signing_key("links").await.expect("a key");

    assert_eq!((none, later), (None, Some(key(1))));
    assert_eq!([first, again, other], [key(1), key(1), key(3)]);
    store.replace_signing_key("links", key(4)).await.expect("it is replaced");
    store.replace_signing_key("unused", key(5)).await.expect("it is stored");
    let store = reopened(harness, store).await;
    for (purpose, byte) in [("links", 4), ("others", 3), ("unused", 5)] {
        assert_eq!(store.signing_key(purpose).await.expect("a key"), Some(key(byte)), "{purpose}");
    }
    store.close().await.expect("it closes");
    assert!(store.signing_key("links").await.is_err(), "a closed store refuses");
    assert!(store.signing_key_or("links", key(6)).await.is_err(), "a closed store refuses");
}
