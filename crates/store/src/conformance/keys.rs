//! What [`Keys`] means.

use steadflow_core::decision_link::SigningKey;

use super::{Harness, reopened};
use crate::{Keys, Store};

pub async fn the_first_key_of_a_purpose_is_kept<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let key = |byte| SigningKey::new([byte; 32]);

    let first = store.signing_key("links", key(1)).await.expect("a key");
    let again = store.signing_key("links", key(2)).await.expect("a key");
    let other = store.signing_key("others", key(3)).await.expect("a key");
    let store = reopened(harness, store).await;
    let later = store.signing_key("links", key(4)).await.expect("a key");

    assert_eq!([first, again, other, later], [key(1), key(1), key(3), key(1)]);
    store.close().await.expect("it closes");
    assert!(store.signing_key("links", key(5)).await.is_err(), "a closed store refuses");
}
