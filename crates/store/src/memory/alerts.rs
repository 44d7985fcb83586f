//! [`Alerts`] for [`MemoryStore`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use steadflow_core::execution::ExecutionStatus;
use steadflow_core::ids::{ExecutionId, FlowId, TenantId};
use steadflow_core::payload::Payload;
use steadflow_core::timestamp::Timestamp;
use uuid::Uuid;

use super::{MemoryStore, all_sound, at_once};
use crate::{
    AlertMessage, AlertNote, AlertRecord, Alerts, ENDS_KEPT_FOR, ExecutionRow, FlowEnds, Listed,
    MessageClaim, MessageState, MessageTried, NEXT_WITHIN, Rollup, StoreError, StoreFuture,
};

/// What a database would hold of alerts.
#[derive(Debug, Default)]
pub(super) struct StoredAlerts {
    alerts: BTreeMap<Uuid, AlertRecord>,
    notes: BTreeMap<(Uuid, Arc<str>), Timestamp>,
    groups: BTreeMap<(Uuid, Arc<str>), Group>,
    messages: BTreeMap<Uuid, AlertMessage>,
    /// Until when somebody sends which message.
    claims: BTreeMap<Uuid, Timestamp>,
    seen: Option<Timestamp>,
    /// How many executions ended in a minute, and how many of them completed.
    ends: BTreeMap<(i64, TenantId, FlowId), (u64, u64)>,
}

impl StoredAlerts {
    /// Deletes all that is of a tenant, and returns how much.
    pub(super) fn delete_of(&mut self, tenant: TenantId) -> usize {
        let before = self.alerts.len() + self.ends.len();
        self.ends.retain(|(_, of, _), _| *of != tenant);
        self.alerts.retain(|_, alert| alert.tenant != tenant);
        let is_there = |alert: &Uuid| self.alerts.contains_key(alert);
        self.notes.retain(|(alert, _), _| is_there(alert));
        self.groups.retain(|(alert, _), _| is_there(alert));
        self.messages.retain(|_, message| is_there(&message.alert));
        self.claims.retain(|id, _| self.messages.contains_key(id));
        before - self.alerts.len() - self.ends.len()
    }
}

#[derive(Clone, Debug)]
struct Group {
    /// What has happened since the last message.
    count: u32,
    sample: Payload,
    last_at: Timestamp,
}

impl Group {
    fn new(note: &AlertNote) -> Self {
        Self { count: 0, sample: note.sample.clone(), last_at: note.at }
    }

    /// Returns whether its last message is so long ago, or in a future that a wrong clock has said.
    fn is_over(&self, now: Timestamp, window: Duration) -> bool {
        self.last_at.plus(window) <= now || self.last_at > now.plus(window)
    }
}

impl StoredAlerts {
    /// Counts what has ended.
    pub(super) fn count(&mut self, at: Timestamp, rollup: &Rollup) {
        let (executions, completed) = rollup.ends();
        if executions > 0 {
            let key = (FlowEnds::minute_of(at), rollup.tenant, rollup.flow);
            let sum = self.ends.entry(key).or_default();
            *sum = (sum.0 + executions, sum.1 + completed);
        }
    }

    fn ends(&self, tenant: TenantId, flow: Option<FlowId>, since: Timestamp) -> Vec<FlowEnds> {
        let mut sums: BTreeMap<FlowId, FlowEnds> = BTreeMap::new();
        for ((minute, of, ended), (executions, completed)) in &self.ends {
            let is_meant = *of == tenant && flow.is_none_or(|flow| flow == *ended);
            if is_meant && *minute >= FlowEnds::minute_of(since) {
                let none = FlowEnds { flow: *ended, executions: 0, completed: 0 };
                let sum = sums.entry(*ended).or_insert(none);
                sum.executions += executions;
                sum.completed += completed;
            }
        }
        sums.into_values().collect()
    }

    fn create(&mut self, alert: AlertRecord, max: usize) -> bool {
        let is_room = self.alerts.values().filter(|other| other.tenant == alert.tenant).count() < max;
        is_room && self.alerts.insert(alert.id, alert).is_none()
    }

    fn change(&mut self, alert: AlertRecord, of: Timestamp) -> bool {
        let is_same = |stored: &&mut AlertRecord| stored.tenant == alert.tenant && stored.updated_at == of;
        let Some(stored) = self.alerts.get_mut(&alert.id).filter(is_same) else { return false };
        *stored = alert.clone();
        if alert.active_since.is_none() {
            let is_own = |message: &&mut AlertMessage| message.alert == alert.id && message.is_pending();
            for message in self.messages.values_mut().filter(is_own) {
                (message.state, message.ended_at) = (MessageState::Cancelled, Some(alert.updated_at));
            }
            let groups = self.groups.iter_mut().filter(|((of, _), _)| *of == alert.id);
            groups.for_each(|(_, group)| group.count = 0);
        }
        true
    }

    fn note(&mut self, note: AlertNote) -> bool {
        let key = (note.alert, Arc::clone(&note.key));
        let is_active =
            self.alerts.get(&note.alert).is_some_and(|alert| alert.active_since == Some(note.active_since));
        if !is_active || self.notes.contains_key(&key) {
            return false;
        }
        self.notes.insert(key, note.at);
        let key = (note.alert, Arc::clone(&note.group));
        let is_early = self.groups.get(&key).is_some_and(|group| !group.is_over(note.at, note.window));
        let counts = is_early || !self.has_none_pending(&key);
        let group = self.groups.entry(key.clone()).or_insert_with(|| Group::new(&note));
        group.count += 1;
        group.sample = note.sample;
        if !counts {
            self.begin(key, note.message, note.at);
        }
        true
    }

    fn has_none_pending(&self, (alert, group): &(Uuid, Arc<str>)) -> bool {
        let is_of = |message: &AlertMessage| message.alert == *alert && message.group == *group;
        !self.messages.values().any(|message| message.is_pending() && is_of(message))
    }

    /// Makes a message of what is counted of a group, and begins the time of that group.
    fn begin(&mut self, key: (Uuid, Arc<str>), id: Uuid, at: Timestamp) {
        let Some(group) = self.groups.get_mut(&key) else { return };
        let stands_for = std::mem::take(&mut group.count);
        group.last_at = at;
        let message = AlertMessage {
            id,
            alert: key.0,
            group: key.1,
            sample: group.sample.clone(),
            stands_for,
            state: MessageState::Pending,
            attempts: 0,
            next_at: at,
            created_at: at,
            ended_at: None,
            error: None,
        };
        self.messages.insert(id, message);
    }

    fn claim(&mut self, claim: MessageClaim) -> Option<AlertMessage> {
        let MessageClaim { now, until, window, message, not_of } = claim;
        let latest = now.plus(NEXT_WITHIN);
        self.claims.retain(|_, until| *until > now && *until <= latest);
        let is_free = |alert: &Uuid| {
            let mut own = self.messages.values().filter(|other| other.alert == *alert && other.is_pending());
            !not_of.contains(alert) && !own.any(|other| self.claims.contains_key(&other.id))
        };
        let is_due = |message: &&AlertMessage| {
            let is_now = message.next_at <= now || message.next_at > latest;
            message.is_pending() && is_now && is_free(&message.alert)
        };
        let due = self.messages.values().filter(is_due).min_by_key(|message| (message.next_at, message.id));
        let id = match due.map(|message| message.id) {
            Some(id) => id,
            None => {
                let is_ripe = |(key, group): &(&(Uuid, Arc<str>), &Group)| {
                    group.count > 0
                        && group.is_over(now, window)
                        && self.has_none_pending(key)
                        && is_free(&key.0)
                };
                let ripe = self.groups.iter().filter(is_ripe).min_by_key(|(_, group)| group.last_at);
                let key = ripe.map(|(key, _)| key.clone())?;
                self.begin(key, message, now);
                message
            }
        };
        self.claims.insert(id, until);
        let message = self.messages.get_mut(&id)?;
        message.next_at = until;
        message.attempts += 1;
        Some(message.clone())
    }

    fn due(&self, window: Duration) -> Option<Timestamp> {
        let messages = self.messages.values().filter(|message| message.is_pending());
        let counted = self.groups.iter().filter(|(key, group)| group.count > 0 && self.has_none_pending(key));
        let counted = counted.map(|(_, group)| group.last_at.plus(window));
        messages.map(|message| message.next_at).chain(counted).min()
    }

    fn tried(&mut self, tried: MessageTried) {
        let is_own = self.claims.get(&tried.id) == Some(&tried.claimed_until);
        let is_open = |message: &&mut AlertMessage| {
            let (is_cancelled, is_sent) =
                (message.state == MessageState::Cancelled, tried.state == MessageState::Sent);
            (message.is_pending() && (is_own || is_sent)) || (is_cancelled && is_sent)
        };
        if let Some(message) = self.messages.get_mut(&tried.id).filter(is_open) {
            self.claims.remove(&tried.id);
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

    fn expire(&mut self, before: Timestamp, now: Timestamp, limit: usize) -> usize {
        self.ends.retain(|(minute, ..), _| Timestamp::from_micros(*minute).plus(ENDS_KEPT_FOR) >= now);
        let notes = self.notes.iter().filter(|(_, at)| **at < before).map(|(key, _)| key.clone());
        let notes: BTreeSet<_> = notes.take(limit).collect();
        self.notes.retain(|key, _| !notes.contains(key));
        let is_old = |message: &&AlertMessage| !message.is_pending() && message.created_at < before;
        let messages: BTreeSet<Uuid> =
            self.messages.values().filter(is_old).map(|message| message.id).take(limit).collect();
        self.messages.retain(|id, _| !messages.contains(id));
        let is_idle = |group: &Group| group.count == 0 && group.last_at < before;
        let groups = self.groups.iter().filter(|(_, group)| is_idle(group)).map(|(key, _)| key.clone());
        let groups: BTreeSet<_> = groups.take(limit).collect();
        self.groups.retain(|key, _| !groups.contains(key));
        notes.len() + messages.len() + groups.len()
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
    ) -> Result<Vec<(Timestamp, Listed<ExecutionRow>)>, StoreError> {
        let database = self.open()?;
        let place = |row: &ExecutionRow| (row.completed_at.unwrap_or_default(), row.id);
        let is_meant = |row: &&ExecutionRow| {
            let is_about = row.status == ExecutionStatus::Failed || row.recovered;
            is_about && row.completed_at.is_some() && row.parent.is_none() && place(row) > after
        };
        let mut rows: Vec<ExecutionRow> = database.rows.values().filter(is_meant).cloned().collect();
        rows.sort_by_key(place);
        rows.truncate(limit);
        Ok(rows.into_iter().map(|row| (place(&row).0, Ok(row))).collect())
    }
}

impl Alerts for MemoryStore {
    fn alerts(&self, tenant: Option<TenantId>) -> StoreFuture<'_, Vec<Listed<AlertRecord>>> {
        let is_meant = move |alert: &&AlertRecord| tenant.is_none_or(|tenant| alert.tenant == tenant);
        at_once(self.in_alerts(|stored| {
            all_sound(stored.alerts.values().filter(is_meant).cloned().collect::<Vec<_>>())
        }))
    }

    fn alert(&self, tenant: Option<TenantId>, id: Uuid) -> StoreFuture<'_, Option<AlertRecord>> {
        let is_meant = move |alert: &&AlertRecord| tenant.is_none_or(|tenant| alert.tenant == tenant);
        at_once(self.in_alerts(|stored| stored.alerts.get(&id).filter(is_meant).cloned()))
    }

    fn create_alert(&self, alert: AlertRecord, max: usize) -> StoreFuture<'_, bool> {
        at_once(self.in_alerts(|stored| stored.create(alert, max)))
    }

    fn change_alert(&self, alert: AlertRecord, of: Timestamp) -> StoreFuture<'_, bool> {
        at_once(self.in_alerts(|stored| stored.change(alert, of)))
    }

    fn delete_alert(&self, tenant: TenantId, id: Uuid) -> StoreFuture<'_, bool> {
        at_once(self.in_alerts(|stored| stored.delete(tenant, id)))
    }

    fn alerting_executions(
        &self,
        after: (Timestamp, ExecutionId),
        limit: usize,
    ) -> StoreFuture<'_, Vec<(Timestamp, Listed<ExecutionRow>)>> {
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

    fn claim_message(&self, claim: MessageClaim) -> StoreFuture<'_, Option<Listed<AlertMessage>>> {
        at_once(self.in_alerts(|stored| stored.claim(claim).map(Ok)))
    }

    fn message_due(&self, window: Duration) -> StoreFuture<'_, Option<Timestamp>> {
        at_once(self.in_alerts(|stored| stored.due(window)))
    }

    fn message_tried(&self, tried: MessageTried) -> StoreFuture<'_, ()> {
        at_once(self.in_alerts(|stored| stored.tried(tried)))
    }

    fn alert_messages(
        &self,
        tenant: TenantId,
        alert: Uuid,
        limit: usize,
    ) -> StoreFuture<'_, Vec<Listed<AlertMessage>>> {
        at_once(self.in_alerts(|stored| {
            let is_ours = stored.alerts.get(&alert).is_some_and(|alert| alert.tenant == tenant);
            let messages = stored.messages.values().rev().filter(|message| is_ours && message.alert == alert);
            all_sound(messages.take(limit).cloned().collect::<Vec<_>>())
        }))
    }

    fn forget_note(&self, alert: Uuid, key: Arc<str>) -> StoreFuture<'_, ()> {
        at_once(self.in_alerts(|stored| stored.notes.retain(|known, _| *known != (alert, Arc::clone(&key)))))
    }

    fn flow_ends(
        &self,
        tenant: TenantId,
        flow: Option<FlowId>,
        since: Timestamp,
    ) -> StoreFuture<'_, Vec<FlowEnds>> {
        at_once(self.in_alerts(|stored| stored.ends(tenant, flow, since)))
    }

    fn expire_alerts(&self, before: Timestamp, now: Timestamp, limit: usize) -> StoreFuture<'_, usize> {
        at_once(self.in_alerts(|stored| stored.expire(before, now, limit)))
    }
}
