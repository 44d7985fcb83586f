//! What `uuid()` gives: ids that look random, and follow from who asks.
//!
//! A retry sends the same request again, and a replay makes the same decision, so an id depends on nothing but the
//! execution, the node and the place of the call in it.

use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

use crate::scope::Scope;

/// Returns the id that the call at `place` gives: a UUID of version 8 (RFC 9562), made of a SHA-256.
pub(super) fn id(scope: &Scope, place: &str) -> Uuid {
    let mut hash = Sha256::new();
    hash.update(scope.execution_id.uuid().as_bytes());
    hash.update(scope.reader.as_str().as_bytes());
    hash.update([0]);
    hash.update(place.as_bytes());
    let hash = hash.finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    Builder::from_custom_bytes(bytes).into_uuid()
}
