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
use steadflow_store::{ExecutionFilter, ExecutionRow, NoteKey, NoteKind, NoteRecord, Page};

use super::Engine;
use crate::error::RuntimeError;

/// How many groups of a tenant can be assigned, muted and resolved, each.
pub const NOTED_GROUPS_MAX: usize = 1_000;
/// How many of the newest failures of a group are looked at for one in a later version.
const NEWEST: usize = 100;

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
        if self.newest_failures(tenant, group, 1).await?.is_empty() {
            return Err(RuntimeError::NoFailures(Arc::clone(&group.fingerprint)));
        }
        let (flow, at, by) = (group.flow, self.wall(), caller.actor.clone());
        if let Some(assigned) = change.assigned {
            let value = assigned.map(|(to, name)| json!(Assigned { flow, to, name, by: by.clone(), at }));
            self.put_or_delete(tenant, NoteKind::FailureAssigned, group, value).await?;
        }
        if let Some(muted) = change.muted {
            let value = muted.map(|mute| {
                let (until, after_version) = match mute {
                    Mute::Until(moment) => (Some(moment), None),
                    Mute::NextVersion => (None, Some(version)),
                };
                json!(Muted { flow, until, after_version, by: by.clone(), at })
            });
            self.put_or_delete(tenant, NoteKind::FailureMuted, group, value).await?;
        }
        if let Some(resolved) = change.resolved {
            let value = resolved.map(|fixed| {
                let after_version = match fixed {
                    Fixed::InCurrent => version.saturating_sub(1),
                    Fixed::InNext => version,
                };
                json!(Resolved { flow, after_version, by, at })
            });
            self.put_or_delete(tenant, NoteKind::FailureResolved, group, value).await?;
        }
        let mut notes = self.failure_notes(tenant, std::slice::from_ref(group)).await?;
        Ok(notes.remove(group).unwrap_or_default())
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
        let filter = ExecutionFilter {
            tenant: Some(tenant),
            flow: Some(group.flow),
            statuses: vec![ExecutionStatus::Failed],
            fingerprint: Some(Arc::clone(&group.fingerprint)),
            ..ExecutionFilter::default()
        };
        let rows = self.executions(filter, Page { before: None, limit }).await?;
        Ok(rows.into_iter().flatten().collect())
    }

    /// Takes away what is over.
    async fn settle(
        &self,
        tenant: TenantId,
        group: &GroupId,
        notes: &mut GroupNotes,
    ) -> Result<(), RuntimeError> {
        if let Some(muted) = &notes.muted {
            let is_over = muted.until.is_some_and(|until| until <= self.wall())
                || self.has_failed_since(tenant, group, muted.after_version, muted.at).await?;
            if is_over {
                notes.muted = None;
                self.put_or_delete(tenant, NoteKind::FailureMuted, group, None).await?;
            }
        }
        if let Some(resolved) = &notes.resolved
            && self.has_failed_since(tenant, group, Some(resolved.after_version), resolved.at).await?
        {
            notes.resolved = None;
            self.put_or_delete(tenant, NoteKind::FailureResolved, group, None).await?;
        }
        Ok(())
    }

    /// Returns whether one of the newest failures of a group ended after `at` in a version after that one.
    async fn has_failed_since(
        &self,
        tenant: TenantId,
        group: &GroupId,
        version: Option<u32>,
        at: Timestamp,
    ) -> Result<bool, RuntimeError> {
        let Some(version) = version else { return Ok(false) };
        let is_later = |row: &ExecutionRow| {
            row.flow_version > version && row.completed_at.is_some_and(|ended| ended > at)
        };
        Ok(self.newest_failures(tenant, group, NEWEST).await?.iter().any(is_later))
    }

    /// Returns the notes of a kind by fingerprint. What another version has written, and this one cannot read, is left out.
    async fn noted<T>(
        &self,
        tenant: TenantId,
        kind: NoteKind,
        parse: fn(&str) -> Option<T>,
    ) -> Result<Vec<(Arc<str>, T)>, RuntimeError> {
        let notes = self.store().notes(tenant, kind).await?;
        let read = |NoteRecord { key, value, .. }: NoteRecord| Some((key.name, parse(value.as_str())?));
        Ok(notes.into_iter().filter_map(read).collect())
    }

    async fn put_or_delete(
        &self,
        tenant: TenantId,
        kind: NoteKind,
        group: &GroupId,
        value: Option<serde_json::Value>,
    ) -> Result<(), RuntimeError> {
        let key = NoteKey { tenant, kind, owner: None, name: Arc::clone(&group.fingerprint) };
        let Some(value) = value else {
            self.store().delete_note(key).await?;
            return Ok(());
        };
        let note = NoteRecord { key, value: Payload::from_value(&value), at: self.wall() };
        if self.store().put_note(note, NOTED_GROUPS_MAX).await? {
            Ok(())
        } else {
            Err(RuntimeError::TooManyNotes(NOTED_GROUPS_MAX))
        }
    }
}
