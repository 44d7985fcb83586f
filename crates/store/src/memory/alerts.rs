//! [`Alerts`] for [`MemoryStore`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use steadflow_core::execution::ExecutionStatus;
use steadflow_core::ids::{ExecutionId, TenantId};
use steadflow_core::payload::Payload;
use steadflow_core::timestamp::Timestamp;
use uuid::Uuid;

use super::{MemoryStore, all_sound, at_once};
use crate::{
    AlertMessage, AlertNote, AlertRecord, Alerts, ExecutionRow, Listed, MessageClaim, MessageState,
    MessageTried, StoreError, StoreFuture,
};

/// What a database would hold of alerts.
#[derive(Debug, Default)]
pub(super) struct StoredAlerts {
    alerts: BTreeMap<Uuid, AlertRecord>,
    notes: BTreeMap<(Uuid, Arc<str>), Timestamp>,
    groups: BTreeMap<(Uuid, Arc<str>), Group>,
    messages: BTreeMap<Uuid, AlertMessage>,
    seen: Option<Timestamp>,
}

#[derive(Clone, Debug)]
struct Group {
    /// What has happened since the last message.
    count: u32,
    sample: Payload,
    last_at: Timestamp,
}

impl StoredAlerts {
    fn note(&mut self, note: AlertNote) -> bool {
        let key = (note.alert, Arc::clone(&note.key));
        if !self.alerts.contains_key(&note.alert) || self.notes.contains_key(&key) {
            return false;
        }
        self.notes.insert(key, note.at);
        if note.is_silent {
            return true;
        }
        match self.groups.get_mut(&(note.alert, Arc::clone(&note.group))) {
            Some(group) if group.last_at.plus(note.window) > note.at => {
                group.count += 1;
                group.sample = note.sample;
            }
            Some(_) | None => {
                let before =
                    self.groups.get(&(note.alert, Arc::clone(&note.group))).map_or(0, |group| group.count);
                self.start(&note, before + 1);
            }
        }
        true
    }

    /// Begins the time of a group with a message.
    fn start(&mut self, note: &AlertNote, stands_for: u32) {
        let group = Group { count: 0, sample: note.sample.clone(), last_at: note.at };
        self.groups.insert((note.alert, Arc::clone(&note.group)), group);
        let message = AlertMessage {
            id: note.message,
            alert: note.alert,
            group: Arc::clone(&note.group),
            sample: note.sample.clone(),
            stands_for,
            state: MessageState::Pending,
            attempts: 0,
            next_at: note.at,
            created_at: note.at,
            ended_at: None,
            error: None,
        };
        self.messages.insert(message.id, message);
    }

    fn claim(&mut self, claim: MessageClaim) -> Option<AlertMessage> {
        let MessageClaim { now, until, window, message } = claim;
        let is_due =
            |message: &&AlertMessage| message.state == MessageState::Pending && message.next_at <= now;
        let due = self.messages.values().filter(is_due).min_by_key(|message| (message.next_at, message.id));
        let id = match due.map(|message| message.id) {
            Some(id) => id,
            None => {
                let mut groups = self.groups.iter();
                let (key, group) =
                    groups.find(|(_, group)| group.count > 0 && group.last_at.plus(window) <= now)?;
                let (alert, name) = key.clone();
                let (count, sample) = (group.count, group.sample.clone());
                let key = Arc::clone(&name);
                let note =
                    AlertNote { alert, key, group: name, sample, at: now, is_silent: false, message, window };
                self.start(&note, count);
                message
            }
        };
        let message = self.messages.get_mut(&id)?;
        message.next_at = until;
        message.attempts += 1;
        Some(message.clone())
    }

    fn tried(&mut self, tried: MessageTried) {
        let is_open = |message: &&mut AlertMessage| message.state == MessageState::Pending;
        if let Some(message) = self.messages.get_mut(&tried.id).filter(is_open) {
            message.state = tried.state;
            message.next_at = tried.next_at;
            message.ended_at = (tried.state != MessageState::Pending).then_some(tried.at);
            message.error = tried.error;
        }
    }

    fn delete(&mut self, tenant: TenantId, id: Uuid) -> bool {
        if self.alerts.get(&id).is_none_or(|alert| alert.tenant != tenant) {
            return false;
        }
        self.alerts.remove(&id);
        self.notes.retain(|(alert, _), _| *alert != id);
        self.groups.retain(|(alert, _), _| *alert != id);
        self.messages.retain(|_, message| message.alert != id);
        true
    }

    fn expire(&mut self, before: Timestamp, limit: usize) -> usize {
        let notes = self.notes.iter().filter(|(_, at)| **at < before).map(|(key, _)| key.clone());
        let notes: BTreeSet<_> = notes.take(limit).collect();
        self.notes.retain(|key, _| !notes.contains(key));
        let is_old =
            |message: &&AlertMessage| message.state != MessageState::Pending && message.created_at < before;
        let messages: BTreeSet<Uuid> =
            self.messages.values().filter(is_old).map(|message| message.id).take(limit).collect();
        self.messages.retain(|id, _| !messages.contains(id));
        self.groups.retain(|_, group| group.count > 0 || group.last_at >= before);
        notes.len() + messages.len()
    }
}

impl MemoryStore {
    fn in_alerts<T>(&self, change: impl FnOnce(&mut StoredAlerts) -> T) -> Result<T, StoreError> {
        Ok(change(&mut self.open()?.alerts))
    }

    fn alerting_now(
        &self,
        after: (Timestamp, ExecutionId),
        limit: usize,
    ) -> Result<Vec<Listed<ExecutionRow>>, StoreError> {
        let database = self.open()?;
        let place = |row: &ExecutionRow| (row.completed_at.unwrap_or_default(), row.id);
        let is_meant = |row: &&ExecutionRow| {
            let is_about = row.status == ExecutionStatus::Failed || row.recovered;
            is_about && row.completed_at.is_some() && row.parent.is_none() && place(row) > after
        };
        let mut rows: Vec<ExecutionRow> = database.rows.values().filter(is_meant).cloned().collect();
        rows.sort_by_key(place);
        rows.truncate(limit);
        Ok(all_sound(rows))
    }
}

impl Alerts for MemoryStore {
    fn alerts(&self) -> StoreFuture<'_, Vec<AlertRecord>> {
        at_once(self.in_alerts(|stored| stored.alerts.values().cloned().collect()))
    }

    fn put_alert(&self, alert: AlertRecord) -> StoreFuture<'_, ()> {
        at_once(self.in_alerts(|stored| drop(stored.alerts.insert(alert.id, alert))))
    }

    fn delete_alert(&self, tenant: TenantId, id: Uuid) -> StoreFuture<'_, bool> {
        at_once(self.in_alerts(|stored| stored.delete(tenant, id)))
    }

    fn alerting_executions(
        &self,
        after: (Timestamp, ExecutionId),
        limit: usize,
    ) -> StoreFuture<'_, Vec<Listed<ExecutionRow>>> {
        at_once(self.alerting_now(after, limit))
    }

    fn alerts_seen(&self) -> StoreFuture<'_, Option<Timestamp>> {
        at_once(self.in_alerts(|stored| stored.seen))
    }

    fn put_alerts_seen(&self, at: Timestamp) -> StoreFuture<'_, ()> {
        at_once(self.in_alerts(|stored| stored.seen = Some(at)))
    }

    fn note_alert(&self, note: AlertNote) -> StoreFuture<'_, bool> {
        at_once(self.in_alerts(|stored| stored.note(note)))
    }

    fn claim_message(&self, claim: MessageClaim) -> StoreFuture<'_, Option<AlertMessage>> {
        at_once(self.in_alerts(|stored| stored.claim(claim)))
    }

    fn message_tried(&self, tried: MessageTried) -> StoreFuture<'_, ()> {
        at_once(self.in_alerts(|stored| stored.tried(tried)))
    }

    fn alert_messages(
        &self,
        tenant: TenantId,
        alert: Uuid,
        limit: usize,
    ) -> StoreFuture<'_, Vec<AlertMessage>> {
        at_once(self.in_alerts(|stored| {
            let is_ours = stored.alerts.get(&alert).is_some_and(|alert| alert.tenant == tenant);
            let messages = stored.messages.values().rev().filter(|message| is_ours && message.alert == alert);
            messages.take(limit).cloned().collect()
        }))
    }

    fn expire_alerts(&self, before: Timestamp, limit: usize) -> StoreFuture<'_, usize> {
        at_once(self.in_alerts(|stored| stored.expire(before, limit)))
    }
}
