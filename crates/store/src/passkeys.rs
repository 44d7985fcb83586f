//! Passkeys: keys of people that their devices keep, and of which the store has the public part.

use std::sync::Arc;

use steadflow_core::ids::{PrincipalId, TenantId};
use steadflow_core::timestamp::Timestamp;
use uuid::Uuid;

use crate::{Listed, StoreFuture};

/// The passkeys of people.
pub trait Passkeys: Send + Sync + 'static {
    /// Stores a new passkey, unless its person has `max` already.
    fn create_passkey(&self, passkey: PasskeyRecord, max: usize) -> StoreFuture<'_, PasskeyCreated>;

    /// Returns the passkey of any tenant that a device calls so.
    fn passkey(&self, credential: Arc<[u8]>) -> StoreFuture<'_, Option<PasskeyRecord>>;

    /// Returns the passkeys of a person, the oldest first.
    fn passkeys(&self, tenant: TenantId, of: PrincipalId) -> StoreFuture<'_, Vec<Listed<PasskeyRecord>>>;

    /// Stores that an attempt signs somebody in, unless that one or one that was begun later has done so, or the device has counted
    /// no further: then its key was copied. A device that does not count says 0. Returns whether it did.
    fn use_passkey(&self, id: Uuid, counter: u32, begun_at: Timestamp) -> StoreFuture<'_, bool>;

    /// Deletes a passkey of a person. Returns whether there was one.
    fn delete_passkey(&self, tenant: TenantId, of: PrincipalId, id: Uuid) -> StoreFuture<'_, bool>;
}

/// A passkey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasskeyRecord {
    /// What it is known by to people.
    pub id: Uuid,
    /// What the device calls it, as no other one is called.
    pub credential: Arc<[u8]>,
    /// Whose the person is.
    pub tenant: TenantId,
    /// The person.
    pub principal: PrincipalId,
    /// What the person calls it.
    pub name: Arc<str>,
    /// What signatures are verified with, as the device writes it (COSE).
    pub public_key: Arc<[u8]>,
    /// How far the device has counted.
    pub counter: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When the last attempt was begun that has signed the person in.
    pub used_at: Option<Timestamp>,
}

/// What became of a new passkey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasskeyCreated {
    /// It is stored.
    Done,
    /// The tenant has no such person.
    Missing,
    /// There is one that is called so.
    Taken,
    /// The person has as many as they may.
    TooMany,
}
