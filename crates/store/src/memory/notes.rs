//! [`Notes`] for [`MemoryStore`].

use steadflow_core::ids::TenantId;

use super::{MemoryStore, at_once};
use crate::{NoteKey, NoteKind, NoteRecord, Notes, StoreError, StoreFuture};

impl MemoryStore {
    fn notes_now(&self, tenant: TenantId, kind: NoteKind) -> Result<Vec<NoteRecord>, StoreError> {
        let database = self.open()?;
        let of_kind = |note: &&NoteRecord| note.key.tenant == tenant && note.key.kind == kind;
        Ok(database.notes.values().filter(of_kind).cloned().collect())
    }

    fn put_note_now(&self, note: NoteRecord, max: usize) -> Result<bool, StoreError> {
        let mut database = self.open()?;
        let NoteKey { tenant, kind, owner, .. } = note.key;
        let is_like = |key: &&NoteKey| (key.tenant, key.kind, key.owner) == (tenant, kind, owner);
        let has_room =
            database.notes.contains_key(&note.key) || database.notes.keys().filter(is_like).count() < max;
        if has_room {
            database.notes.insert(note.key.clone(), note);
        }
        Ok(has_room)
    }

    fn delete_note_now(&self, key: &NoteKey) -> Result<bool, StoreError> {
        Ok(self.open()?.notes.remove(key).is_some())
    }
}

impl Notes for MemoryStore {
    fn notes(&self, tenant: TenantId, kind: NoteKind) -> StoreFuture<'_, Vec<NoteRecord>> {
        at_once(self.notes_now(tenant, kind))
    }

    fn put_note(&self, note: NoteRecord, max: usize) -> StoreFuture<'_, bool> {
        at_once(self.put_note_now(note, max))
    }

    fn delete_note(&self, key: NoteKey) -> StoreFuture<'_, bool> {
        at_once(self.delete_note_now(&key))
    }
}
