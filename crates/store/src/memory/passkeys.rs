//! [`Passkeys`] for [`MemoryStore`].

use std::sync::Arc;

use steadflow_core::ids::{PrincipalId, TenantId};
use steadflow_core::timestamp::Timestamp;
use uuid::Uuid;

use super::{MemoryStore, all_sound};
use crate::{Listed, PasskeyCreated, PasskeyRecord, Passkeys, StoreFuture};

impl Passkeys for MemoryStore {
    fn create_passkey(&self, passkey: PasskeyRecord, max: usize) -> StoreFuture<'_, PasskeyCreated> {
        self.in_identities(|stored| {
            if stored.principal(passkey.tenant, passkey.principal).is_none() {
                return PasskeyCreated::Missing;
            }
            let of_person = stored.passkeys.values().filter(|known| known.principal == passkey.principal);
            if of_person.count() >= max {
                return PasskeyCreated::TooMany;
            }
            if stored.passkeys.values().any(|known| known.credential == passkey.credential) {
                return PasskeyCreated::Taken;
            }
            stored.passkeys.insert(passkey.id, passkey);
            PasskeyCreated::Done
        })
    }

    fn passkey(&self, credential: Arc<[u8]>) -> StoreFuture<'_, Option<PasskeyRecord>> {
        self.in_identities(|stored| {
            stored.passkeys.values().find(|known| known.credential == credential).cloned()
        })
    }

    fn passkeys(&self, tenant: TenantId, of: PrincipalId) -> StoreFuture<'_, Vec<Listed<PasskeyRecord>>> {
        self.in_identities(|stored| {
            let is_meant = |known: &&PasskeyRecord| (known.tenant, known.principal) == (tenant, of);
            all_sound(stored.passkeys.values().filter(is_meant).cloned().collect())
        })
    }

    fn use_passkey(&self, id: Uuid, counter: u32, begun_at: Timestamp) -> StoreFuture<'_, bool> {
        self.in_identities(|stored| {
            let Some(known) = stored.passkeys.get_mut(&id) else { return false };
            let goes_on = counter > known.counter || (counter == 0 && known.counter == 0);
            let is_later = known.used_at.is_none_or(|used_at| used_at < begun_at);
            if goes_on && is_later {
                (known.counter, known.used_at) = (counter, Some(begun_at));
            }
            goes_on && is_later
        })
    }

    fn delete_passkey(&self, tenant: TenantId, of: PrincipalId, id: Uuid) -> StoreFuture<'_, bool> {
        self.in_identities(|stored| {
            let is_meant = |known: &PasskeyRecord| (known.tenant, known.principal) == (tenant, of);
            stored.passkeys.get(&id).is_some_and(is_meant) && stored.passkeys.remove(&id).is_some()
        })
    }
}
