//! [`Notes`] for [`MemoryStore`].

use steadflow_core::ids::{PrincipalId, TenantId};

use super::{MemoryStore, at_once};
use crate::{NoteChange, NoteKey, NoteKind, NoteRecord, Notes, StoreError, StoreFuture};

impl MemoryStore {
    fn notes_now(
        &self,
        tenant: TenantId,
        kind: NoteKind,
        owner: Option<PrincipalId>,
    ) -> Result<Vec<NoteRecord>, StoreError> {
        let database = self.open()?;
        let is_meant = |note: &&NoteRecord| is_like(&note.key, (tenant, kind, owner));
        Ok(database.notes.values().filter(is_meant).cloned().collect())
    }

    fn change_notes_now(&self, changes: Vec<NoteChange>) -> Result<Option<usize>, StoreError> {
        let mut database = self.open()?;
        let fits = |change: &NoteChange| match change {
            NoteChange::Delete { .. } => true,
            NoteChange::Put { note, max } => {
                let NoteKey { tenant, kind, owner, .. } = note.key;
                let others = database.notes.keys().filter(|key| is_like(key, (tenant, kind, owner)));
                database.notes.contains_key(&note.key) || others.count() < *max
            }
        };
        if !changes.iter().all(fits) {
            return Ok(None);
        }
        let mut changed = 0;
        for change in changes {
            changed += usize::from(match change {
                NoteChange::Put { note, max: _ } => {
                    database.notes.insert(note.key.clone(), note);
                    true
                }
                NoteChange::Delete { key, written_at } => {
                    let is_that = |note: &NoteRecord| written_at.is_none_or(|at| note.at == at);
                    database.notes.get(&key).is_some_and(is_that) && database.notes.remove(&key).is_some()
                }
            });
        }
        Ok(Some(changed))
    }
}

fn is_like(key: &NoteKey, of: (TenantId, NoteKind, Option<PrincipalId>)) -> bool {
    (key.tenant, key.kind, key.owner) == of
}

impl Notes for MemoryStore {
    fn notes(
        &self,
        tenant: TenantId,
        kind: NoteKind,
        owner: Option<PrincipalId>,
    ) -> StoreFuture<'_, Vec<NoteRecord>> {
        at_once(self.notes_now(tenant, kind, owner))
    }

    fn change_notes(&self, changes: Vec<NoteChange>) -> StoreFuture<'_, Option<usize>> {
        at_once(self.change_notes_now(changes))
    }
}
