//! Browsers with which somebody has signed in before: what they show for it, signed with a key of the installation.
//!
//! It lets nobody in. Who shows it is not slowed down by wrong passwords that come from elsewhere.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use steadflow_core::decision_link::SigningKey;
use steadflow_core::ids::PrincipalId;
use steadflow_store::{PrincipalRecord, Store};

use crate::failure::{Failure, stored_key};

const PURPOSE: &str = "known_browsers";
const CONTEXT: &[u8] = b"steadflow known browser\0";

/// Returns what a browser shows for that person.
pub(crate) async fn mark(store: &Arc<dyn Store>, person: PrincipalId) -> Result<String, Failure> {
    Ok(URL_SAFE_NO_PAD.encode(mac(&stored_key(store, PURPOSE).await?, person).finalize().into_bytes()))
}

/// Returns whether a browser shows that this person has signed in with it.
pub(crate) async fn is_of(
    store: &Arc<dyn Store>,
    person: Option<&PrincipalRecord>,
    shown: Option<&str>,
) -> Result<bool, Failure> {
    let (Some(person), Some(shown)) = (person, shown) else { return Ok(false) };
    let Ok(shown) = URL_SAFE_NO_PAD.decode(shown) else { return Ok(false) };
    Ok(mac(&stored_key(store, PURPOSE).await?, person.id).verify_slice(&shown).is_ok())
}

fn mac(key: &SigningKey, person: PrincipalId) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.bytes()).expect("HMAC takes keys of any length");
    mac.update(CONTEXT);
    mac.update(person.uuid().as_bytes());
    mac
}
