//! Looking at what has happened, and noting it once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use steadflow_core::alert::{AlertEvent, REMINDERS_MAX, rate_of};
use steadflow_core::failure::ErrorClass;
use steadflow_core::ids::{ExecutionId, TenantId};
use steadflow_core::payload::Payload;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{AlertNote, AlertRecord, ExecutionRow};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::rates::{Low, Rates};
use super::waits::{Asked, Waits};
use super::{ALERT_WINDOW, Engine, KEPT_FOR, LOOK_EVERY, StoredAlert, ago, listed, new_id};
use crate::error::RuntimeError;
use crate::hub::Changes;

/// How long it is waited at least between two looks: what changes meanwhile is looked at together. Rows follow states sooner.
const PAUSE: Duration = Duration::from_secs(1);
/// How many times as long as a look takes it is waited until the next one.
const REST: u32 = 20;
/// What ended so long before what was seen last is looked at again: commits are not written in the order of their times.
const OVERLAP: Duration = Duration::from_secs(60);
/// What is older is not told: notes are kept a day longer, so it is not told twice.
const TOLD_WITHIN: Duration = KEPT_FOR.saturating_sub(Duration::from_secs(24 * 3_600));
/// Executions that are read at once.
const ROWS: usize = 200;

/// Looks at what has happened.
pub(super) struct Noter<'e> {
    engine: &'e Engine,
    /// The changes of executions, while there are alerts.
    changes: Option<Changes>,
    /// Up to when executions that ended were looked at.
    seen: Option<Timestamp>,
    /// What ended so shortly before that it is looked at again, and was noted, with when it ended.
    noted: BTreeMap<(Uuid, ExecutionId), Timestamp>,
    waits: Waits,
    rates: Rates,
    /// What waited for a person when it was looked at last, and was noted.
    told: BTreeSet<(Uuid, String)>,
    /// The alerts and executions that cannot be read, of which the log has a line.
    damaged: BTreeSet<Uuid>,
}

/// Something of an execution that is noted for an alert.
struct Happened<'a> {
    event: AlertEvent,
    row: &'a ExecutionRow,
    /// What it is known by among those of the same event.
    key: &'a str,
    /// What it is counted with.
    group: &'a str,
    at: Timestamp,
    asked: Option<&'a Asked>,
}

impl<'e> Noter<'e> {
    pub(super) fn new(engine: &'e Engine) -> Self {
        Self {
            engine,
            changes: None,
            seen: None,
            noted: BTreeMap::new(),
            waits: Waits::default(),
            rates: Rates::default(),
            told: BTreeSet::new(),
            damaged: BTreeSet::new(),
        }
    }

    pub(super) async fn run(mut self) {
        loop {
            let begun = Instant::now();
            if let Err(error) = self.look().await {
                // What was found may not have been noted.
                self.rates = Rates::default();
                tracing::warn!(error = %error, "it could not be looked what alerts are about; it is tried again");
            }
            let rest = begun.elapsed().saturating_mul(REST).max(PAUSE);
            let wakes = &self.engine.inner.wakes.alerting;
            tokio::select! {
                () = sleep(LOOK_EVERY) => {}
                () = changed(self.changes.as_mut()) => {}
                () = wakes.alerts.notified() => {}
            }
            sleep(rest.min(LOOK_EVERY)).await;
        }
    }

    async fn look(&mut self) -> Result<(), RuntimeError> {
        let active = self.active().await?;
        if active.is_empty() {
            (self.changes, self.seen) = (None, None);
            return Ok(());
        }
        // What changes from here on is not missed, and what changed before is seen below.
        self.changes = Some(self.engine.changes());
        let active: Vec<&StoredAlert> = active.iter().collect();
        self.note_ended(&active).await?;
        self.note_waiting(&active).await?;
        self.note_rates(&active).await
    }

    /// Returns the alerts that are switched on.
    async fn active(&mut self) -> Result<Vec<StoredAlert>, RuntimeError> {
        let (mut active, now) = (Vec::new(), self.engine.now());
        for record in self.engine.store().alerts(None).await? {
            match record.and_then(listed) {
                Ok(stored) if self.engine.is_disabled(stored.record.tenant) => {}
                Ok(stored) => match stored.record.active_since {
                    // The clock was ahead. No alert would be sent for anything before that time.
                    Some(since) if since > now.plus(OVERLAP) => self.begin_again(stored.record, now).await?,
                    Some(_) => active.push(stored),
                    None => {}
                },
                Err(damaged) if self.damaged.insert(damaged.id) => {
                    tracing::error!(alert.id = %damaged.id, error = %damaged.reason, "an alert cannot be read, so nobody is told by it");
                }
                Err(_) => {}
            }
        }
        Ok(active)
    }

    async fn begin_again(&self, record: AlertRecord, now: Timestamp) -> Result<(), RuntimeError> {
        let updated_at = record.updated_at;
        let changed = AlertRecord { active_since: Some(now), updated_at: now, ..record };
        self.engine.store().change_alert(changed, updated_at).await?;
        self.engine.inner.wakes.alerting.alerts.notify_one();
        Ok(())
    }

    async fn note_ended(&mut self, active: &[&StoredAlert]) -> Result<(), RuntimeError> {
        let now = self.engine.now();
        let oldest = active.iter().filter_map(|stored| stored.record.active_since).min().unwrap_or_default();
        let seen = match self.seen {
            Some(seen) => seen,
            None => self.engine.store().alerts_seen().await?.unwrap_or_default(),
        };
        // It may come from a clock that was ahead.
        let seen = seen.min(now);
        let from = ago(seen, OVERLAP).max(ago(oldest, Duration::from_micros(1))).max(ago(now, TOLD_WITHIN));
        let (mut after, mut latest) = ((from, ExecutionId::new(Uuid::nil())), seen);
        loop {
            let rows = self.engine.store().alerting_executions(after, ROWS).await?;
            let is_last = rows.len() < ROWS;
            for (ended, row) in rows {
                latest = latest.max(ended.min(now));
                match row {
                    Ok(row) => {
                        after = (ended, row.id);
                        self.note_end(active, &row, ended).await?;
                    }
                    Err(damaged) => {
                        after = (ended, ExecutionId::new(damaged.id));
                        if self.damaged.insert(damaged.id) {
                            tracing::error!(execution.id = %damaged.id, error = %damaged.reason, "an execution that ended cannot be read, so no alert is sent about it");
                        }
                    }
                }
            }
            if is_last {
                break;
            }
        }
        if Some(latest) != self.seen {
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
        at: Timestamp,
    ) -> Result<(), RuntimeError> {
        let event = if row.recovered { AlertEvent::Recovered } else { AlertEvent::ExecutionFailed };
        let group = match &row.fingerprint {
            Some(print) => Arc::clone(&print.id),
            None => row.flow.uuid().to_string().into(),
        };
        let key = row.id.uuid().to_string();
        for stored in about(active, event, row) {
            let known = (stored.record.id, row.id);
            let is_new = stored.record.active_since.is_some_and(|since| since <= at);
            if is_new && !self.noted.contains_key(&known) {
                let happened = Happened { event, row, key: &key, group: &group, at, asked: None };
                self.note(stored, &happened).await?;
                self.noted.insert(known, at);
            }
        }
        Ok(())
    }

    async fn note_waiting(&mut self, active: &[&StoredAlert]) -> Result<(), RuntimeError> {
        let event = AlertEvent::WaitingForPerson;
        let tenants: BTreeSet<TenantId> = active
            .iter()
            .filter(|stored| stored.alert.events.contains(&event))
            .map(|stored| stored.record.tenant)
            .collect();
        let oldest = ago(self.engine.now(), TOLD_WITHIN);
        let mut told = BTreeSet::new();
        for (row, asked) in self.waits.look(self.engine, &tenants).await? {
            for asked in asked {
                for stored in about(active, event, &row) {
                    // A link is about one of them.
                    let group = match stored.alert.decision_link {
                        true => format!("waiting:{}", asked.key),
                        false => format!("waiting:{}", row.flow),
                    };
                    let since = stored.record.active_since.unwrap_or(asked.at).max(oldest);
                    if asked.at >= since {
                        self.note_asked(stored, (&row, &asked, &group), &mut told).await?;
                    }
                }
            }
        }
        self.told = told;
        Ok(())
    }

    /// Notes that a person is asked, and how often it was time to say so again.
    async fn note_asked(
        &self,
        stored: &StoredAlert,
        (row, asked, group): (&ExecutionRow, &Asked, &str),
        told: &mut BTreeSet<(Uuid, String)>,
    ) -> Result<(), RuntimeError> {
        let first = (AlertEvent::WaitingForPerson, asked.key.clone());
        let reminder = self
            .reminder(stored, asked)
            .map(|number| (AlertEvent::StillWaiting, format!("{}:{number}", asked.key)));
        for (event, key) in std::iter::once(first).chain(reminder) {
            let known = (stored.record.id, format!("{}:{key}", event.as_str()));
            if !self.told.contains(&known) {
                let (key, at) = (&*key, asked.at);
                self.note(stored, &Happened { event, row, key, group, at, asked: Some(asked) }).await?;
            }
            told.insert(known);
        }
        Ok(())
    }

    /// Returns the number of the reminder that was due last.
    fn reminder(&self, stored: &StoredAlert, asked: &Asked) -> Option<u32> {
        let every = stored.alert.remind_after?.as_micros().max(1);
        let passed = self.engine.now().since(asked.at).as_micros() / every;
        let number = u32::try_from(passed).unwrap_or(u32::MAX).min(REMINDERS_MAX);
        (number > 0).then_some(number)
    }

    async fn note_rates(&mut self, active: &[&StoredAlert]) -> Result<(), RuntimeError> {
        for Low { stored, rule, ends, key } in self.rates.look(self.engine, active).await? {
            let tenant = stored.record.tenant;
            // It was deleted.
            let Some(flow_name) = self.engine.flow_name(tenant, ends.flow).await else { continue };
            let now = self.engine.now();
            let sample = json!({
                "event": AlertEvent::SuccessRate.as_str(),
                "flow_id": ends.flow.uuid().to_string(),
                "flow_name": flow_name,
                "success_rate": rate_of(ends.executions, ends.completed),
                "below": rule.below,
                "executions": ends.executions,
                "completed": ends.completed,
                "window_minutes": rule.window_minutes,
                "at": now.to_string(),
            });
            self.put_note(stored, (key.clone(), key), &sample, now).await?;
        }
        Ok(())
    }

    async fn note(&self, stored: &StoredAlert, happened: &Happened<'_>) -> Result<(), RuntimeError> {
        let Happened { event, row, key, group, at, .. } = happened;
        let flow_name = self.engine.flow_name(row.tenant, row.flow).await;
        let of_event = |text: &str| format!("{}:{text}", event.as_str());
        let sample = sample(happened, flow_name.as_deref());
        self.put_note(stored, (of_event(key), of_event(group)), &sample, *at).await
    }

    /// Notes something by its key, and counts it with its group.
    async fn put_note(
        &self,
        stored: &StoredAlert,
        (key, group): (String, String),
        sample: &Value,
        at: Timestamp,
    ) -> Result<(), RuntimeError> {
        let Some(active_since) = stored.record.active_since else { return Ok(()) };
        let note = AlertNote {
            alert: stored.record.id,
            active_since,
            key: key.into(),
            group: group.into(),
            sample: Payload::from_value(sample),
            at: self.engine.now().max(at),
            message: new_id().uuid(),
            window: ALERT_WINDOW,
        };
        if self.engine.store().note_alert(note).await? {
            self.engine.inner.wakes.alerting.messages.notify_one();
        }
        Ok(())
    }
}

/// Returns what a message says of what has happened.
fn sample(happened: &Happened<'_>, flow_name: Option<&str>) -> Value {
    let Happened { event, row, asked, .. } = happened;
    let failed = row.fingerprint.as_ref().and_then(|print| print.node.as_ref());
    let node = asked.map(|asked| &asked.node).or(failed).or(row.current_node.as_ref());
    let mut sample = json!({
        "event": event.as_str(),
        "flow_id": row.flow.uuid().to_string(),
        "flow_name": flow_name,
        "execution_id": row.id.uuid().to_string(),
        "node_id": node.map(|node| node.as_str()),
        "error_class": row.error_class.map(ErrorClass::as_str),
        "error_message": row.error_message.as_deref(),
        "at": row.completed_at.map(|at| at.to_string()),
    });
    if let Some(asked) = asked {
        sample["at"] = json!(asked.at.to_string());
        sample["waiting_for"] = json!(asked.wait.as_str());
        sample["waits_for_id"] = json!(asked.key);
    }
    sample
}

/// Waits until an execution changes; without end if there is nobody who says so.
async fn changed(changes: Option<&mut Changes>) {
    match changes {
        // An error means that there were more changes than are kept.
        Some(changes) => drop(changes.recv().await),
        None => std::future::pending().await,
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
