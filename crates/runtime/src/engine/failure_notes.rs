//! What people have noted about failure groups: who cares for one, that it is muted, and that it is resolved.
//!
//! Each of the three is a note of its own, so that two people who note different things do not overwrite each other. A group that is
//! muted or resolved opens again by itself when it fails in a later version, or when the time of the mute is over: the note is then
//! deleted by who looks first.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;
use steadflow_core::caller::Caller;
use steadflow_core::execution::ExecutionStatus;
use steadflow_core::failure_notes::{Assigned, Muted, Resolved};
use steadflow_core::ids::{FlowId, PrincipalId, TenantId};
use steadflow_core::payload::Payload;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{ExecutionFilter, ExecutionRow, NoteChange, NoteKey, NoteKind, NoteRecord, Page};

use super::Engine;
use crate::error::RuntimeError;

/// How many groups of a tenant can be assigned, muted and resolved, each.
pub const NOTED_GROUPS_MAX: usize = 1_000;

/// A failure group, by its flow and fingerprint.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GroupId {
    /// The flow.
    pub flow: FlowId,
    /// The fingerprint.
    pub fingerprint: Arc<str>,
}

/// What is noted about a failure group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupNotes {
    /// Who cares for it.
    pub assigned: Option<Assigned>,
    /// That it is not shown for a while.
    pub muted: Option<Muted>,
    /// That it is done with.
    pub resolved: Option<Resolved>,
}

impl GroupNotes {
    /// Returns whether it is neither muted nor resolved.
    pub const fn is_open(&self) -> bool {
        self.muted.is_none() && self.resolved.is_none()
    }
}

/// A change of what is noted. What is `None` stays, and `Some(None)` is deleted.
#[derive(Clone, Debug, Default)]
pub struct GroupChange {
    /// Who cares for it, with their name.
    pub assigned: Option<Option<(PrincipalId, Arc<str>)>>,
    /// For how long it is muted.
    pub muted: Option<Option<Mute>>,
    /// By which version it is resolved.
    pub resolved: Option<Option<Fixed>>,
}

/// For how long a group is muted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mute {
    /// Until this moment.
    Until(Timestamp),
    /// Until it fails in a version after the current one.
    NextVersion,
}

/// Which version mends what failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fixed {
    /// The current one.
    InCurrent,
    /// The next one.
    InNext,
}

impl Engine {
    /// Returns what is noted about the failure groups of a tenant; of `groups`, as it is now, and of others as it was noted.
    ///
    /// # Errors
    /// What the store says.
    pub async fn failure_notes(
        &self,
        tenant: TenantId,
        groups: &[GroupId],
    ) -> Result<BTreeMap<GroupId, GroupNotes>, RuntimeError> {
        let mut all: BTreeMap<GroupId, GroupNotes> = BTreeMap::new();
        for (fingerprint, assigned) in self.noted(tenant, NoteKind::FailureAssigned, Assigned::parse).await? {
            let group = GroupId { flow: assigned.flow, fingerprint };
            all.entry(group).or_default().assigned = Some(assigned);
        }
        for (fingerprint, muted) in self.noted(tenant, NoteKind::FailureMuted, Muted::parse).await? {
            let group = GroupId { flow: muted.flow, fingerprint };
            all.entry(group).or_default().muted = Some(muted);
        }
        for (fingerprint, resolved) in self.noted(tenant, NoteKind::FailureResolved, Resolved::parse).await? {
            let group = GroupId { flow: resolved.flow, fingerprint };
            all.entry(group).or_default().resolved = Some(resolved);
        }
        for group in groups {
            if let Some(notes) = all.get_mut(group) {
                self.settle(tenant, group, notes).await?;
            }
        }
        Ok(all)
    }

    /// Notes something about a failure group. Returns what is noted then.
    ///
    /// # Errors
    /// [`RuntimeError::NoFailures`] if the flow has none like these, [`RuntimeError::TooManyNotes`] if there is too much noted.
    pub async fn note_failures(
        &self,
        caller: &Caller,
        group: &GroupId,
        change: GroupChange,
    ) -> Result<GroupNotes, RuntimeError> {
        let tenant = caller.tenant;
        let version = self.current_flow(tenant, group.flow).await?.version.version;
        let changes = self.note_changes(caller, group, change, version);
        let adds = changes.iter().any(|change| matches!(change, NoteChange::Put { .. }));
        if adds && !self.has_failures(tenant, group).await? {
            return Err(RuntimeError::NoFailures(Arc::clone(&group.fingerprint)));
        }
        if self.store().change_notes(changes.clone()).await?.is_none() {
            self.forget_notes_of_the_gone(tenant).await?;
            let changed = self.store().change_notes(changes).await?;
            changed.ok_or(RuntimeError::TooManyNotes(NOTED_GROUPS_MAX))?;
        }
        let mut notes = self.failure_notes(tenant, std::slice::from_ref(group)).await?;
        Ok(notes.remove(group).unwrap_or_default())
    }

    fn note_changes(
        &self,
        caller: &Caller,
        group: &GroupId,
        change: GroupChange,
        version: u32,
    ) -> Vec<NoteChange> {
        let (flow, at, by) = (group.flow, self.wall(), caller.actor.clone());
        let assigned = change.assigned.map(|assigned| {
            let value = assigned.map(|(to, name)| json!(Assigned { flow, to, name, by: by.clone(), at }));
            (NoteKind::FailureAssigned, value)
        });
        let muted = change.muted.map(|muted| {
            let value = muted.map(|mute| {
                let (until, after_version) = match mute {
                    Mute::Until(moment) => (Some(moment), None),
                    Mute::NextVersion => (None, Some(version)),
                };
                json!(Muted { flow, until, after_version, by: by.clone(), at })
            });
            (NoteKind::FailureMuted, value)
        });
        let resolved = change.resolved.map(|resolved| {
            let value = resolved.map(|fixed| {
                let after_version = match fixed {
                    Fixed::InCurrent => version.saturating_sub(1),
                    Fixed::InNext => version,
                };
                json!(Resolved { flow, after_version, by: by.clone(), at })
            });
            (NoteKind::FailureResolved, value)
        });
        let change = |(kind, value): (NoteKind, Option<serde_json::Value>)| {
            let key =
                NoteKey { tenant: caller.tenant, kind, owner: None, name: Arc::clone(&group.fingerprint) };
            match value {
                None => NoteChange::Delete { key, written_at: None },
                Some(value) => {
                    let note = NoteRecord { key, value: Payload::from_value(&value), at };
                    NoteChange::Put { note, max: NOTED_GROUPS_MAX }
                }
            }
        };
        [assigned, muted, resolved].into_iter().flatten().map(change).collect()
    }

    /// Deletes what is noted about groups whose failures were all deleted.
    async fn forget_notes_of_the_gone(&self, tenant: TenantId) -> Result<(), RuntimeError> {
        for (group, notes) in self.failure_notes(tenant, &[]).await? {
            if self.has_failures(tenant, &group).await? {
                continue;
            }
            let written = [
                (NoteKind::FailureAssigned, notes.assigned.map(|note| note.at)),
                (NoteKind::FailureMuted, notes.muted.map(|note| note.at)),
                (NoteKind::FailureResolved, notes.resolved.map(|note| note.at)),
            ];
            let delete =
                |(kind, at): (NoteKind, Option<Timestamp>)| Some(deletion(tenant, kind, &group, at?));
            self.store().change_notes(written.into_iter().filter_map(delete).collect()).await?;
        }
        Ok(())
    }

    async fn has_failures(&self, tenant: TenantId, group: &GroupId) -> Result<bool, RuntimeError> {
        let page = Page { before: None, limit: 1 };
        Ok(!self.executions(failures_of(tenant, group), page).await?.is_empty())
    }

    /// Returns the newest failures of a group.
    ///
    /// # Errors
    /// What the store says.
    pub async fn newest_failures(
        &self,
        tenant: TenantId,
        group: &GroupId,
        limit: usize,
    ) -> Result<Vec<ExecutionRow>, RuntimeError> {
        let page = Page { before: None, limit };
        let rows = self.executions(failures_of(tenant, group), page).await?;
        Ok(rows.into_iter().flatten().collect())
    }

    /// Leaves out what is over, and deletes it.
    async fn settle(
        &self,
        tenant: TenantId,
        group: &GroupId,
        notes: &mut GroupNotes,
    ) -> Result<(), RuntimeError> {
        let mut over = Vec::new();
        if let Some(muted) = &notes.muted
            && (muted.until.is_some_and(|until| until <= self.wall())
                || self.has_failed_since(tenant, group, muted.after_version, muted.at).await?)
        {
            over.push(deletion(tenant, NoteKind::FailureMuted, group, muted.at));
            notes.muted = None;
        }
        if let Some(resolved) = &notes.resolved
            && self.has_failed_since(tenant, group, Some(resolved.after_version), resolved.at).await?
        {
            over.push(deletion(tenant, NoteKind::FailureResolved, group, resolved.at));
            notes.resolved = None;
        }
        if !over.is_empty()
            && let Err(error) = self.store().change_notes(over).await
        {
            tracing::warn!(error = %error, "notes about failures that are over could not be deleted; it is tried again");
        }
        Ok(())
    }

    /// Returns whether a group has failed after `at` in a version after that one.
    async fn has_failed_since(
        &self,
        tenant: TenantId,
        group: &GroupId,
        version: Option<u32>,
        at: Timestamp,
    ) -> Result<bool, RuntimeError> {
        let Some(version) = version else { return Ok(false) };
        let filter = ExecutionFilter {
            after_version: Some(version),
            ended_after: Some(at),
            ..failures_of(tenant, group)
        };
        Ok(!self.executions(filter, Page { before: None, limit: 1 }).await?.is_empty())
    }

    /// Returns the notes of a kind by fingerprint. What another version has written, and this one cannot read, is left out.
    async fn noted<T>(
        &self,
        tenant: TenantId,
        kind: NoteKind,
        parse: fn(&str) -> Option<T>,
    ) -> Result<Vec<(Arc<str>, T)>, RuntimeError> {
        let notes = self.store().notes(tenant, kind, None).await?;
        let read = |NoteRecord { key, value, .. }: NoteRecord| Some((key.name, parse(value.as_str())?));
        Ok(notes.into_iter().filter_map(read).collect())
    }
}

fn failures_of(tenant: TenantId, group: &GroupId) -> ExecutionFilter {
    ExecutionFilter {
        tenant: Some(tenant),
        flow: Some(group.flow),
        statuses: vec![ExecutionStatus::Failed],
        fingerprint: Some(Arc::clone(&group.fingerprint)),
        ..ExecutionFilter::default()
    }
}

/// The deletion of a note about a group, unless somebody has written it again since `at`.
fn deletion(tenant: TenantId, kind: NoteKind, group: &GroupId, at: Timestamp) -> NoteChange {
    let key = NoteKey { tenant, kind, owner: None, name: Arc::clone(&group.fingerprint) };
    NoteChange::Delete { key, written_at: Some(at) }
}
