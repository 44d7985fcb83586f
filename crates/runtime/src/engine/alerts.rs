//! Alerts: people are told when executions fail, wait for a person, or recover.
//!
//! Two loops beside the engine's: one looks at what has ended and what waits, and notes it; the other sends the messages that
//! follow. A message is stored before it is sent, so a crash between the two sends it later, with the same id. Commits of
//! executions know nothing of this.

mod note;
mod rates;
mod send;
mod slots;
mod waits;

use std::time::Duration;

use serde_json::{Map, Value};
use steadflow_core::alert::Alert;
use steadflow_core::caller::Caller;
use steadflow_core::failure::Failure;
use steadflow_core::ids::TenantId;
use steadflow_core::payload::Payload;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{AlertRecord, Damaged, Listed, StoreError};
use tokio::sync::{Notify, RwLock};
use uuid::Uuid;

use self::note::Noter;
use super::Engine;
use super::start::new_id;
use super::upkeep;
use crate::error::RuntimeError;

/// How many alerts a tenant has.
const ALERTS_MAX: usize = 100;
/// How long a group has no other message.
const ALERT_WINDOW: Duration = Duration::from_secs(10 * 60);
/// How long it is not looked, at most, whether something has happened or is to be sent: another process says nothing.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// How long notes and messages are kept.
const KEPT_FOR: Duration = Duration::from_secs(30 * 24 * 3_600);
/// Notes and messages that are deleted at once.
const STEP: usize = 200;
/// How often a change is tried that crosses others.
const TRIES: usize = 10;

/// An alert that can be read.
#[derive(Debug)]
pub struct StoredAlert {
    /// As it is stored.
    pub record: AlertRecord,
    /// What it says.
    pub alert: Alert,
}

/// Who is woken when there is something to look at, or to send.
#[derive(Debug, Default)]
pub(super) struct AlertWakes {
    alerts: Notify,
    messages: Notify,
    /// Is read as long as messages are sent.
    pub(super) sending: RwLock<()>,
}

impl Engine {
    /// Returns the alerts of a tenant, the newest first.
    ///
    /// # Errors
    /// What the store says.
    pub async fn alerts(&self, tenant: TenantId) -> Result<Vec<Listed<StoredAlert>>, RuntimeError> {
        let all = self.store().alerts(Some(tenant)).await?;
        Ok(all.into_iter().rev().map(|record| record.and_then(listed)).collect())
    }

    /// Returns an alert.
    ///
    /// # Errors
    /// [`RuntimeError::NoAlert`], or what the store says.
    pub async fn alert(&self, tenant: TenantId, id: Uuid) -> Result<StoredAlert, RuntimeError> {
        let found = self.store().alert(Some(tenant), id).await?;
        Ok(stored(found.ok_or(RuntimeError::NoAlert(id))?)?)
    }

    /// Stores a new alert. What happened before is not reported.
    ///
    /// # Errors
    /// [`RuntimeError::AlertInvalid`] if the document has faults, [`RuntimeError::TooManyAlerts`].
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
        if !self.store().create_alert(record.clone(), ALERTS_MAX).await? {
            return Err(RuntimeError::TooManyAlerts(ALERTS_MAX));
        }
        self.inner.wakes.alerting.alerts.notify_one();
        Ok(StoredAlert { record, alert })
    }

    /// Changes these keys of an alert. What an alert that is switched off had to tell is cancelled.
    ///
    /// # Errors
    /// As [`Self::create_alert`], and [`RuntimeError::NoAlert`].
    pub async fn edit_alert(
        &self,
        caller: &Caller,
        id: Uuid,
        patch: Map<String, Value>,
    ) -> Result<StoredAlert, RuntimeError> {
        for _ in 0..TRIES {
            let before = self.alert(caller.tenant, id).await?;
            let read_at = before.record.updated_at;
            let changed = changed(before, patch.clone(), self.now())?;
            if self.store().change_alert(changed.record.clone(), read_at).await? {
                self.inner.wakes.alerting.alerts.notify_one();
                return Ok(changed);
            }
        }
        Err(RuntimeError::Busy)
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
        Ok(self.send_test(tenant, &alert).await)
    }

    /// Tells people what their alerts are about, until the engine has ended.
    pub async fn keep_alerts(&self) {
        let note = async {
            tokio::select! {
                () = Noter::new(self).run() => {}
                _ = self.wait_for_end() => {}
            }
        };
        tokio::join!(note, self.send_messages());
    }

    /// Deletes notes and messages that are old.
    pub(super) async fn expire_alerts(&self) -> Result<(), StoreError> {
        let (now, before) = (self.now(), ago(self.now(), KEPT_FOR));
        while self.store().expire_alerts(before, now, STEP).await? >= STEP {
            upkeep::pause().await;
        }
        Ok(())
    }
}

/// Returns an alert with these keys changed.
fn changed(
    before: StoredAlert,
    patch: Map<String, Value>,
    now: Timestamp,
) -> Result<StoredAlert, RuntimeError> {
    let StoredAlert { record, alert: before } = before;
    let mut document = before.document();
    for (key, value) in patch {
        document[key] = value;
    }
    let alert = Alert::parse(&document).map_err(RuntimeError::AlertInvalid)?;
    // What it was not about before is not told afterwards.
    let is_same = alert.events == before.events
        && alert.flow == before.flow
        && alert.success_rate == before.success_rate;
    let active_since = record.active_since.filter(|_| is_same).unwrap_or(now);
    let record = AlertRecord {
        document: Payload::from_value(&alert.document()),
        active_since: alert.is_enabled.then_some(active_since),
        // Each change has a time of its own, by which the next one knows it.
        updated_at: now.max(record.updated_at.plus(Duration::from_micros(1))),
        ..record
    };
    Ok(StoredAlert { record, alert })
}

fn stored(record: AlertRecord) -> Result<StoredAlert, StoreError> {
    let corrupt = |reason: String| StoreError::Corrupt { what: format!("alert {}", record.id), reason };
    let document = record.document.to_value().map_err(|error| corrupt(error.to_string()))?;
    let alert = Alert::parse(&document).map_err(|faults| {
        corrupt(faults.into_iter().next().map(|fault| fault.message).unwrap_or_default())
    })?;
    Ok(StoredAlert { record, alert })
}

fn listed(record: AlertRecord) -> Listed<StoredAlert> {
    let id = record.id;
    stored(record).map_err(|error| Damaged::of(id, &error))
}

fn ago(now: Timestamp, length: Duration) -> Timestamp {
    let length = i64::try_from(length.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(now.as_micros().saturating_sub(length))
}
