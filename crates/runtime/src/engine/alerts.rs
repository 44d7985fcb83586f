//! Alerts: people are told when executions fail, wait for a person, or recover.
//!
//! Two loops beside the engine's: one looks at what has ended and what waits, and notes it; the other sends the messages that
//! follow. A message is stored before it is sent, so a crash between the two sends it later, with the same id. Commits of
//! executions know nothing of this.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use serde_json::{Map, Value, json};
use steadflow_core::alert::{Alert, AlertEvent, AlertText};
use steadflow_core::caller::Caller;
use steadflow_core::execution::Wait;
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::ids::{ExecutionId, TenantId};
use steadflow_core::payload::Payload;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{
    AlertMessage, AlertNote, AlertRecord, ExecutionFilter, ExecutionRow, MessageClaim, MessageState,
    MessageTried, Page, StoreError,
};
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::Engine;
use super::start::new_id;
use super::upkeep;
use crate::error::RuntimeError;

/// How long a group has no other message.
const ALERT_WINDOW: Duration = Duration::from_secs(10 * 60);
/// How long a message is tried to be sent.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(24 * 3_600);
/// How often it is looked what has happened.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// What ended so long before what was seen last is looked at again: commits are not written in the order of their times.
const OVERLAP: Duration = Duration::from_secs(60);
/// How long notes and messages are kept.
const KEPT_FOR: Duration = Duration::from_secs(30 * 24 * 3_600);
/// Executions that are read at once.
const ROWS: usize = 200;
/// Executions that wait for a person and are looked at, the newest ones.
const WAITING_MAX: usize = 1_000;
/// Messages that are sent at the same time.
const AT_ONCE: usize = 8;
/// How long sending a message may take.
const SENT_WITHIN: Duration = Duration::from_secs(20);
/// When another process may take a message whose sender is gone.
const CLAIMED_FOR: Duration = Duration::from_secs(30);
/// How long it is waited after the first failure, and at most.
const BACKOFF: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(10 * 60));
/// Notes and messages that are deleted at once.
const STEP: usize = 200;

/// An alert that can be read.
#[derive(Debug)]
pub struct StoredAlert {
    /// As it is stored.
    pub record: AlertRecord,
    /// What it says.
    pub alert: Alert,
}

impl Engine {
    /// Returns the alerts of a tenant, the newest first.
    ///
    /// # Errors
    /// What the store says.
    pub async fn alerts(&self, tenant: TenantId) -> Result<Vec<StoredAlert>, RuntimeError> {
        let all = self.store().alerts().await?;
        let of_tenant = all.into_iter().rev().filter(|record| record.tenant == tenant);
        Ok(of_tenant.filter_map(|record| stored(record).ok()).collect())
    }

    /// Returns an alert.
    ///
    /// # Errors
    /// [`RuntimeError::NoAlert`], or what the store says.
    pub async fn alert(&self, tenant: TenantId, id: Uuid) -> Result<StoredAlert, RuntimeError> {
        let all = self.store().alerts().await?;
        let found = all.into_iter().find(|record| record.id == id && record.tenant == tenant);
        Ok(stored(found.ok_or(RuntimeError::NoAlert(id))?)?)
    }

    /// Stores a new alert. Nobody is told of what was before.
    ///
    /// # Errors
    /// [`RuntimeError::AlertInvalid`] if the document has faults.
    pub async fn create_alert(&self, caller: &Caller, document: &Value) -> Result<StoredAlert, RuntimeError> {
        let alert = Alert::parse(document).map_err(RuntimeError::AlertInvalid)?;
        let now = self.now();
        let record = AlertRecord {
            id: new_id().uuid(),
            tenant: caller.tenant,
            document: Payload::from_value(&alert.document()),
            active_since: alert.is_enabled.then_some(now),
            created_at: now,
            updated_at: now,
        };
        self.put_alert(StoredAlert { record, alert }, true).await
    }

    /// Changes these keys of an alert.
    ///
    /// # Errors
    /// As [`Self::create_alert`], and [`RuntimeError::NoAlert`].
    pub async fn edit_alert(
        &self,
        caller: &Caller,
        id: Uuid,
        patch: Map<String, Value>,
    ) -> Result<StoredAlert, RuntimeError> {
        let StoredAlert { record, alert } = self.alert(caller.tenant, id).await?;
        let mut document = alert.document();
        for (key, value) in patch {
            document[key] = value;
        }
        let changed = Alert::parse(&document).map_err(RuntimeError::AlertInvalid)?;
        let now = self.now();
        // What it was not about before is not told afterwards.
        let is_same = changed.events == alert.events && changed.flow == alert.flow;
        let active_since = record.active_since.filter(|_| is_same).unwrap_or(now);
        let begins = changed.is_enabled && record.active_since != Some(active_since);
        let record = AlertRecord {
            document: Payload::from_value(&changed.document()),
            active_since: changed.is_enabled.then_some(active_since),
            updated_at: now,
            ..record
        };
        self.put_alert(StoredAlert { record, alert: changed }, begins).await
    }

    async fn put_alert(&self, stored: StoredAlert, begins: bool) -> Result<StoredAlert, RuntimeError> {
        if begins && stored.alert.is_enabled {
            // What waits already is known before anybody looks.
            let resting = AlertRecord { active_since: None, ..stored.record.clone() };
            self.store().put_alert(resting).await?;
            Noter::new(self).note_waiting(&[&stored], true).await?;
        }
        self.store().put_alert(stored.record.clone()).await?;
        Ok(stored)
    }

    /// Deletes an alert with its messages.
    ///
    /// # Errors
    /// [`RuntimeError::NoAlert`], or what the store says.
    pub async fn delete_alert(&self, tenant: TenantId, id: Uuid) -> Result<(), RuntimeError> {
        if self.store().delete_alert(tenant, id).await? { Ok(()) } else { Err(RuntimeError::NoAlert(id)) }
    }

    /// Sends a test message by the channel of an alert, once.
    ///
    /// # Errors
    /// [`RuntimeError::NoAlert`]; inside, why it could not be sent.
    pub async fn test_alert(&self, tenant: TenantId, id: Uuid) -> Result<Result<(), Failure>, RuntimeError> {
        let StoredAlert { alert, .. } = self.alert(tenant, id).await?;
        let said = "This is a test message. The alert works.";
        let sample = Payload::from_value(&json!({ "event": "test", "flow_name": alert.name, "said": said }));
        Ok(self.send_message(tenant, &alert, new_id().uuid(), (&sample, 1)).await)
    }

    /// Tells people what their alerts are about, until the engine has ended.
    pub async fn keep_alerts(&self) {
        let noter = Noter::new(self);
        tokio::select! {
            ((), ()) = async { tokio::join!(noter.run(), self.send_messages()) } => {}
            _ = self.wait_for_end() => {}
        }
    }

    /// Deletes notes and messages that are old.
    pub(super) async fn expire_alerts(&self) -> Result<(), StoreError> {
        let before = ago(self.now(), KEPT_FOR);
        while self.store().expire_alerts(before, STEP).await? >= STEP {
            upkeep::pause().await;
        }
        Ok(())
    }

    async fn send_messages(&self) {
        let mut under_way = FuturesUnordered::new();
        loop {
            let has_alerts = self.store().alerts().await.is_ok_and(|alerts| !alerts.is_empty());
            while has_alerts && under_way.len() < AT_ONCE {
                let now = self.now();
                let message = new_id().uuid();
                let claim = MessageClaim { now, until: now.plus(CLAIMED_FOR), window: ALERT_WINDOW, message };
                match self.store().claim_message(claim).await {
                    Ok(Some(message)) => under_way.push(self.deliver(message)),
                    Ok(None) => break,
                    Err(error) => {
                        tracing::warn!(error = %error, "messages of alerts could not be read; it is tried again");
                        break;
                    }
                }
            }
            tokio::select! {
                () = sleep(LOOK_EVERY) => {}
                Some(()) = under_way.next(), if !under_way.is_empty() => {}
            }
        }
    }

    /// Sends a message that was taken, and stores what became of it. Where that is not stored, it is sent again.
    async fn deliver(&self, message: AlertMessage) {
        let result = self.try_to_send(&message).await;
        let now = self.now();
        let (state, error) = match &result {
            Ok(()) => (MessageState::Sent, None),
            Err(failure) => {
                let is_over = message.created_at.plus(GIVEN_UP_AFTER) <= now;
                // An operator can still name a mail server or a secret.
                let may_help =
                    failure.class.is_retried_by_default() || failure.class == ErrorClass::Configuration;
                let state = if is_over || !may_help { MessageState::GivenUp } else { MessageState::Pending };
                tracing::warn!(alert = %message.alert, error = %failure.message, "a message of an alert could not be sent");
                (state, Some(failure.message.as_str().into()))
            }
        };
        let asked = result.err().and_then(|failure| failure.retry_after).unwrap_or_default();
        let next_at = now.plus(backoff(message.attempts).max(asked.min(BACKOFF.1)));
        let tried = MessageTried { id: message.id, state, next_at, at: now, error };
        if let Err(error) = self.store().message_tried(tried).await {
            tracing::warn!(error = %error, "what became of a message of an alert could not be stored");
        }
    }

    async fn try_to_send(&self, message: &AlertMessage) -> Result<(), Failure> {
        let internal = |error: &dyn std::fmt::Display| Failure::new(ErrorClass::Internal, error.to_string());
        let alerts = self.store().alerts().await.map_err(|error| internal(&error))?;
        let record = alerts.into_iter().find(|record| record.id == message.alert);
        let record = record.ok_or_else(|| Failure::new(ErrorClass::Validation, "The alert was deleted."))?;
        let StoredAlert { record, alert } = stored(record).map_err(|error| internal(&error))?;
        self.send_message(record.tenant, &alert, message.id, (&message.sample, message.stands_for)).await
    }

    async fn send_message(
        &self,
        tenant: TenantId,
        alert: &Alert,
        id: Uuid,
        (sample, stands_for): (&Payload, u32),
    ) -> Result<(), Failure> {
        let text = AlertText { sample, stands_for, public_url: &self.inner.public_url };
        let work = alert.work(tenant, id, &text, self.now());
        let work = work.map_err(|why| Failure::new(ErrorClass::Validation, why))?;
        let sent = timeout(SENT_WITHIN, self.inner.executor.execute(work).into_future()).await;
        let outcome = sent.map_err(|_| {
            let message = format!("The message was not sent within {} seconds.", SENT_WITHIN.as_secs());
            Failure::new(ErrorClass::Timeout, message)
        });
        outcome?.result.map(drop)
    }
}

fn stored(record: AlertRecord) -> Result<StoredAlert, StoreError> {
    let corrupt = |reason: String| StoreError::Corrupt { what: format!("alert {}", record.id), reason };
    let document = record.document.to_value().map_err(|error| corrupt(error.to_string()))?;
    let alert = Alert::parse(&document).map_err(|faults| {
        corrupt(faults.into_iter().next().map(|fault| fault.message).unwrap_or_default())
    })?;
    Ok(StoredAlert { record, alert })
}

fn ago(now: Timestamp, length: Duration) -> Timestamp {
    let length = i64::try_from(length.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(now.as_micros().saturating_sub(length))
}

fn backoff(attempts: u32) -> Duration {
    let (first, max) = BACKOFF;
    first.saturating_mul(2_u32.saturating_pow(attempts.saturating_sub(1))).min(max)
}

/// Looks at what has happened.
struct Noter<'e> {
    engine: &'e Engine,
    /// Up to when executions that ended were looked at.
    seen: Option<Timestamp>,
    /// What ended so shortly before that it is looked at again, and was noted, with when it ended.
    noted: BTreeMap<(Uuid, ExecutionId), Timestamp>,
    /// What waited for a person when it was looked at last, and was noted.
    waiting: BTreeSet<(Uuid, String)>,
}

impl<'e> Noter<'e> {
    fn new(engine: &'e Engine) -> Self {
        Self { engine, seen: None, noted: BTreeMap::new(), waiting: BTreeSet::new() }
    }

    async fn run(mut self) {
        loop {
            if let Err(error) = self.look().await {
                tracing::warn!(error = %error, "it could not be looked what alerts are about; it is tried again");
            }
            sleep(LOOK_EVERY).await;
        }
    }

    async fn look(&mut self) -> Result<(), RuntimeError> {
        let records = self.engine.store().alerts().await?;
        let active = records.into_iter().filter(|record| record.active_since.is_some());
        let active: Vec<StoredAlert> = active.filter_map(|record| stored(record).ok()).collect();
        if active.is_empty() {
            self.seen = None;
            return Ok(());
        }
        let active: Vec<&StoredAlert> = active.iter().collect();
        self.note_ended(&active).await?;
        self.note_waiting(&active, false).await
    }

    async fn note_ended(&mut self, active: &[&StoredAlert]) -> Result<(), RuntimeError> {
        let oldest = active.iter().filter_map(|stored| stored.record.active_since).min().unwrap_or_default();
        let seen = match self.seen {
            Some(seen) => seen,
            None => self.engine.store().alerts_seen().await?.unwrap_or_default(),
        };
        let from = ago(seen, OVERLAP).max(ago(oldest, Duration::from_micros(1)));
        let (mut after, mut latest) = ((from, ExecutionId::new(Uuid::nil())), seen);
        loop {
            let rows = self.engine.store().alerting_executions(after, ROWS).await?;
            let (is_last, before) = (rows.len() < ROWS, after);
            for row in rows.into_iter().flatten() {
                let ended = row.completed_at.unwrap_or_default();
                (after, latest) = ((ended, row.id), latest.max(ended));
                self.note_end(active, &row, ended).await?;
            }
            // Of a page that cannot be read, nobody knows what is behind it.
            if is_last || after == before {
                break;
            }
        }
        if latest > seen {
            self.engine.store().put_alerts_seen(latest).await?;
        }
        self.noted.retain(|_, ended| *ended >= ago(latest, OVERLAP));
        self.seen = Some(latest);
        Ok(())
    }

    async fn note_end(
        &mut self,
        active: &[&StoredAlert],
        row: &ExecutionRow,
        ended: Timestamp,
    ) -> Result<(), RuntimeError> {
        let event = if row.recovered { AlertEvent::Recovered } else { AlertEvent::ExecutionFailed };
        let group = match &row.fingerprint {
            Some(print) => Arc::clone(&print.id),
            None => row.flow.uuid().to_string().into(),
        };
        let key = row.id.uuid().to_string();
        for stored in about(active, event, row) {
            let known = (stored.record.id, row.id);
            let is_new = stored.record.active_since.is_some_and(|since| since <= ended);
            if is_new && !self.noted.contains_key(&known) {
                self.note(stored, event, row, (&key, &group, false)).await?;
                self.noted.insert(known, ended);
            }
        }
        Ok(())
    }

    /// Notes what waits for a person; silently where it did before anybody was to be told.
    async fn note_waiting(&mut self, active: &[&StoredAlert], is_silent: bool) -> Result<(), RuntimeError> {
        let event = AlertEvent::WaitingForPerson;
        if !active.iter().any(|stored| stored.alert.events.contains(&event)) {
            return Ok(());
        }
        let filter =
            ExecutionFilter { waiting_for: Some(Wait::Approval.as_str()), ..ExecutionFilter::default() };
        let page = Page { before: None, limit: WAITING_MAX };
        let rows = self.engine.store().executions(filter, page).await?;
        let mut waiting = BTreeSet::new();
        for row in rows.into_iter().flatten() {
            let node = row.current_node.as_ref().map_or("", |node| node.as_str());
            let key = format!("{}:{node}:{}", row.id, row.completed_nodes);
            let group = format!("waiting:{}", row.flow);
            for stored in about(active, event, &row) {
                let known = (stored.record.id, key.clone());
                if !self.waiting.contains(&known) {
                    self.note(stored, event, &row, (&key, &group, is_silent)).await?;
                }
                waiting.insert(known);
            }
        }
        self.waiting = waiting;
        Ok(())
    }

    async fn note(
        &self,
        stored: &StoredAlert,
        event: AlertEvent,
        row: &ExecutionRow,
        (key, group, is_silent): (&str, &str, bool),
    ) -> Result<(), RuntimeError> {
        let flow_name = self.engine.flow_name(row.tenant, row.flow).await;
        let node = row
            .fingerprint
            .as_ref()
            .and_then(|print| print.node.clone())
            .or_else(|| row.current_node.clone());
        let sample = json!({
            "event": event.as_str(),
            "flow_id": row.flow.uuid().to_string(),
            "flow_name": flow_name,
            "execution_id": row.id.uuid().to_string(),
            "node_id": node.as_ref().map(|node| node.as_str()),
            "error_class": row.error_class.map(ErrorClass::as_str),
            "error_message": row.error_message.as_deref(),
            "at": row.completed_at.map(|at| at.to_string()),
        });
        let note = AlertNote {
            alert: stored.record.id,
            key: format!("{}:{key}", event.as_str()).into(),
            group: format!("{}:{group}", event.as_str()).into(),
            sample: Payload::from_value(&sample),
            at: self.engine.now(),
            is_silent,
            message: new_id().uuid(),
            window: ALERT_WINDOW,
        };
        self.engine.store().note_alert(note).await?;
        Ok(())
    }
}

/// Returns the alerts that are about an event of an execution.
fn about<'a>(
    active: &[&'a StoredAlert],
    event: AlertEvent,
    row: &ExecutionRow,
) -> impl Iterator<Item = &'a StoredAlert> {
    let (tenant, flow) = (row.tenant, row.flow);
    let is_about =
        move |stored: &&StoredAlert| stored.record.tenant == tenant && stored.alert.is_about(event, flow);
    active.iter().copied().filter(is_about).collect::<Vec<_>>().into_iter()
}
