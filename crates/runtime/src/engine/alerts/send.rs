//! Sending the messages of alerts.

use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use serde_json::json;
use steadflow_core::alert::{Alert, AlertText, MAIL_PATIENCE};
use steadflow_core::decision_link::without_tokens;
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::ids::TenantId;
use steadflow_core::payload::Payload;
use steadflow_store::{
    AlertMessage, Damaged, MessageClaim, MessageState, MessageTried, NEXT_WITHIN, StoreError,
};
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::{ALERT_WINDOW, Engine, LOOK_EVERY, StoredAlert, new_id, stored};

/// How long a message is tried to be sent.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(24 * 3_600);
/// Messages that are sent at the same time, each of another alert.
const AT_ONCE: usize = 32;
/// When another process may take a message whose sender is gone.
const CLAIMED_FOR: Duration = Duration::from_secs(11 * 60);
const _: () =
    assert!(CLAIMED_FOR.as_secs() > MAIL_PATIENCE.as_secs(), "nobody else sends what is being sent");
const _: () = assert!(CLAIMED_FOR.as_secs() < NEXT_WITHIN.as_secs(), "a claim is no time of a wrong clock");
/// How long a person waits for a test message.
const TESTED_WITHIN: Duration = Duration::from_secs(60);
/// How long it is waited after the first failure, and at most.
const BACKOFF: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(10 * 60));
/// How long it is waited at least until it is looked again for what waits for its alert.
const PAUSE: Duration = Duration::from_secs(1);

impl Engine {
    pub(super) async fn send_messages(&self) {
        let mut under_way = FuturesUnordered::new();
        loop {
            let mut wait = LOOK_EVERY;
            match self.claim_messages(AT_ONCE - under_way.len()).await {
                Ok(taken) if !taken.is_empty() => {
                    taken.into_iter().for_each(|message| under_way.push(self.deliver(message)));
                    continue;
                }
                Ok(_) => wait = self.time_to_next().await.unwrap_or(wait).clamp(PAUSE, LOOK_EVERY),
                Err(error) => {
                    tracing::warn!(error = %error, "messages of alerts could not be read; it is tried again");
                }
            }
            tokio::select! {
                () = sleep(wait) => {}
                () = self.inner.wakes.alerting.messages.notified() => {}
                Some(()) = under_way.next(), if !under_way.is_empty() => {}
            }
        }
    }

    /// Returns for how long nothing is to be sent.
    async fn time_to_next(&self) -> Option<Duration> {
        let due = self.store().message_due(ALERT_WINDOW).await.ok().flatten()?;
        Some(due.since(self.now()))
    }

    /// Takes messages that are to be sent now, up to a number.
    async fn claim_messages(&self, max: usize) -> Result<Vec<AlertMessage>, StoreError> {
        let mut taken = Vec::new();
        while taken.len() < max {
            let now = self.now();
            let due = self.store().message_due(ALERT_WINDOW).await?;
            if due.is_none_or(|due| now < due && due <= now.plus(NEXT_WITHIN)) {
                break;
            }
            let message = new_id().uuid();
            let claim = MessageClaim { now, until: now.plus(CLAIMED_FOR), window: ALERT_WINDOW, message };
            match self.store().claim_message(claim).await? {
                Some(Ok(message)) => taken.push(message),
                Some(Err(damaged)) => self.give_up(&damaged).await?,
                None => break,
            }
        }
        Ok(taken)
    }

    async fn give_up(&self, damaged: &Damaged) -> Result<(), StoreError> {
        tracing::error!(message.id = %damaged.id, error = %damaged.reason, "a message of an alert cannot be read, so it is not sent");
        let (state, at) = (MessageState::GivenUp, self.now());
        let error = Some(damaged.reason.as_str().into());
        self.store().message_tried(MessageTried { id: damaged.id, state, next_at: at, at, error }).await
    }

    /// Sends a message that was taken, and stores what became of it. Where that is not stored, it is sent again.
    async fn deliver(&self, message: AlertMessage) {
        let tried = match self
            .store()
            .alert(None, message.alert)
            .await
            .and_then(|alert| alert.map(stored).transpose())
        {
            // It was deleted, and its messages with it.
            Ok(None) => return,
            Ok(Some(StoredAlert { alert, .. })) if !alert.is_enabled => {
                self.tried(&message, MessageState::Cancelled, None)
            }
            Ok(Some(StoredAlert { record, alert })) => {
                let sample = (&message.sample, message.stands_for);
                let sent =
                    self.send_message(record.tenant, &alert, message.id, sample, alert.patience()).await;
                self.outcome(&message, sent.err())
            }
            Err(error) => {
                tracing::error!(alert.id = %message.alert, error = %error, "an alert cannot be read, so its message is not sent");
                self.outcome(&message, Some(Failure::new(ErrorClass::Internal, error.to_string())))
            }
        };
        if let Err(error) = self.store().message_tried(tried).await {
            tracing::warn!(message.id = %message.id, error = %error, "what became of a message of an alert could not be stored");
        }
    }

    fn outcome(&self, message: &AlertMessage, failure: Option<Failure>) -> MessageTried {
        let Some(failure) = failure else { return self.tried(message, MessageState::Sent, None) };
        let is_over = message.created_at.plus(GIVEN_UP_AFTER) <= self.now();
        // An operator can still name a mail server or a secret.
        let may_help = failure.class.is_retried_by_default() || failure.class == ErrorClass::Configuration;
        let state = if is_over || !may_help { MessageState::GivenUp } else { MessageState::Pending };
        tracing::warn!(alert.id = %message.alert, error = %failure.message, "a message of an alert could not be sent");
        self.tried(message, state, Some(failure))
    }

    fn tried(&self, message: &AlertMessage, state: MessageState, failure: Option<Failure>) -> MessageTried {
        let (at, asked) = (self.now(), failure.as_ref().and_then(|failure| failure.retry_after));
        let pause = backoff(message.attempts).max(asked.unwrap_or_default().min(BACKOFF.1));
        let error = failure.map(|failure| failure.message.into());
        MessageTried { id: message.id, state, next_at: at.plus(pause), at, error }
    }

    pub(super) async fn send_test(&self, tenant: TenantId, alert: &Alert) -> Result<(), Failure> {
        let said = "This is a test message. The alert works.";
        let sample = Payload::from_value(&json!({ "event": "test", "flow_name": alert.name, "said": said }));
        let patience = alert.patience().min(TESTED_WITHIN);
        self.send_message(tenant, alert, new_id().uuid(), (&sample, 1), patience).await
    }

    async fn send_message(
        &self,
        tenant: TenantId,
        alert: &Alert,
        id: Uuid,
        (sample, stands_for): (&Payload, u32),
        patience: Duration,
    ) -> Result<(), Failure> {
        let link = if alert.decision_link { self.link_of_message(tenant, alert, sample).await } else { None };
        let public_url = &self.inner.public_url;
        let text = AlertText { sample, stands_for, public_url, decision_link: link.as_deref() };
        let work = alert.work(tenant, id, &text, self.now());
        let work = work.map_err(|why| Failure::new(ErrorClass::Validation, why))?;
        let sent = timeout(patience, self.inner.executor.execute(work).into_future()).await;
        let outcome = sent.map_err(|_| {
            let message = format!("The message was not sent within {} seconds.", patience.as_secs());
            Failure::new(ErrorClass::Timeout, message)
        });
        let failed =
            |failure: Failure| Failure { message: without_tokens(&failure.message).into(), ..failure };
        outcome?.result.map(drop).map_err(failed)
    }
}

impl Engine {
    /// Returns a link to what a message is about, if that waits for somebody whom an operator may stand for. It is made again each
    /// time and stored nowhere. Where it cannot be made, the message is sent without it.
    async fn link_of_message(&self, tenant: TenantId, alert: &Alert, sample: &Payload) -> Option<String> {
        let sample = sample.to_value().ok()?;
        let id = sample["waits_for_id"].as_str()?;
        let execution = sample["execution_id"].as_str()?.parse().ok()?;
        match self.approval_url(tenant, execution, id, &alert.name).await {
            Ok(url) => url,
            Err(error) => {
                tracing::warn!(error = %error, "a message of an alert is sent without a link to decide with");
                None
            }
        }
    }
}

fn backoff(attempts: u32) -> Duration {
    let (first, max) = BACKOFF;
    first.saturating_mul(2_u32.saturating_pow(attempts.saturating_sub(1))).min(max)
}
