//! Sending the messages of alerts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use serde_json::json;
use steadflow_core::alert::{Alert, AlertText, MAIL_PATIENCE};
use steadflow_core::decision_link::without_tokens;
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::ids::TenantId;
use steadflow_core::payload::Payload;
use steadflow_core::timestamp::Timestamp;
use steadflow_core::work::Channel;
use steadflow_store::{
    AlertMessage, Damaged, MessageClaim, MessageState, MessageTried, NEXT_WITHIN, StoreError,
};
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

use super::slots::Slots;
use super::{ALERT_WINDOW, Engine, LOOK_EVERY, StoredAlert, new_id, stored};

/// How long a message is tried to be sent.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(24 * 3_600);
/// Messages that are under way at the same time, with those that take no slot because there is nothing to send.
const AT_ONCE: usize = 64;
/// When another process may take a message whose sender is gone.
const CLAIMED_FOR: Duration = Duration::from_secs(3 * 60);
const _: () =
    assert!(CLAIMED_FOR.as_secs() > MAIL_PATIENCE.as_secs(), "nobody else sends what is being sent");
const _: () = assert!(CLAIMED_FOR.as_secs() < NEXT_WITHIN.as_secs(), "a claim is no time of a wrong clock");
/// How long a person waits for a test message.
const TESTED_WITHIN: Duration = Duration::from_secs(60);
/// How long it is waited after the first failure, and at most.
const BACKOFF: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(10 * 60));
/// How long it is waited at least until it is looked again for what waits for its alert.
const PAUSE: Duration = Duration::from_secs(1);

/// Sends messages, several at a time.
struct Sender<'e> {
    engine: &'e Engine,
    slots: Slots,
    under_way: FuturesUnordered<BoxFuture<'e, Done>>,
    /// What is under way.
    taken: BTreeMap<Uuid, AlertMessage>,
}

/// A message of which it is stored what became of it, and the slot that it had.
struct Done {
    id: Uuid,
    slot: Option<(Channel, TenantId)>,
}

impl<'e> Sender<'e> {
    /// Sends what is to be sent, until the engine has ended or is asked to stop. Returns whether it is asked to stop: when, and
    /// how long what is under way may take.
    async fn run(&mut self) -> Option<(Instant, Duration)> {
        let engine = self.engine;
        loop {
            let asked = *engine.inner.stopping.borrow();
            if asked.is_some() {
                return asked;
            }
            let wait = match self.claim().await {
                Ok(()) => engine.time_to_next().await.unwrap_or(LOOK_EVERY).clamp(PAUSE, LOOK_EVERY),
                Err(error) => {
                    tracing::warn!(error = %error, "messages of alerts could not be read; it is tried again");
                    LOOK_EVERY
                }
            };
            tokio::select! {
                () = sleep(wait) => {}
                () = engine.inner.wakes.alerting.messages.notified() => {}
                Some(done) = self.under_way.next(), if !self.under_way.is_empty() => self.end(&done),
                () = engine.asked_to_stop() => {}
                _ = engine.wait_for_end() => return *engine.inner.stopping.borrow(),
            }
        }
    }

    /// Takes what is to be sent now, and begins to send it.
    async fn claim(&mut self) -> Result<(), StoreError> {
        let engine = self.engine;
        while self.under_way.len() < AT_ONCE {
            let now = engine.now();
            let due = engine.store().message_due(ALERT_WINDOW).await?;
            if due.is_none_or(|due| now < due && due <= now.plus(NEXT_WITHIN)) {
                break;
            }
            let (until, not_of) =
                (now.plus(CLAIMED_FOR), Arc::new(Self::left_out(engine, &self.slots).await?));
            let claim = MessageClaim { now, until, window: ALERT_WINDOW, message: new_id().uuid(), not_of };
            match engine.store().claim_message(claim).await? {
                Some(Ok(message)) => self.begin(message).await,
                Some(Err(damaged)) => engine.give_up(&damaged, until).await?,
                None => break,
            }
        }
        Ok(())
    }

    /// Returns the alerts whose tenants send as much as they may by their channels.
    async fn left_out(engine: &Engine, slots: &Slots) -> Result<BTreeSet<Uuid>, StoreError> {
        if !slots.are_full() {
            return Ok(BTreeSet::new());
        }
        let all = engine.store().alerts(None).await?.into_iter().flatten().filter_map(|of| stored(of).ok());
        let full = all.filter(|of| slots.is_full(of.alert.channel(), of.record.tenant));
        Ok(full.map(|of| of.record.id).collect())
    }

    async fn begin(&mut self, message: AlertMessage) {
        let engine = self.engine;
        let alert = engine.store().alert(None, message.alert).await;
        let alert = alert.and_then(|alert| alert.map(stored).transpose());
        let slot = match &alert {
            Ok(Some(StoredAlert { record, alert })) => Some((alert.channel(), record.tenant)),
            Ok(None) | Err(_) => None,
        };
        if let Some((channel, tenant)) = slot {
            self.slots.take(channel, tenant);
        }
        let id = message.id;
        self.taken.insert(id, message.clone());
        self.under_way.push(Box::pin(async move {
            engine.deliver(message, alert).await;
            Done { id, slot }
        }));
    }

    fn end(&mut self, Done { id, slot }: &Done) {
        self.taken.remove(id);
        if let Some((channel, tenant)) = *slot {
            self.slots.free(channel, tenant);
        }
    }

    /// Gives what is under way some time, and leaves the rest to the next process: it need not wait for the end of a claim.
    async fn stop(mut self, within: Duration) {
        let all = async {
            while let Some(done) = self.under_way.next().await {
                self.taken.remove(&done.id);
            }
        };
        if timeout(within, all).await.is_ok() {
            return;
        }
        self.under_way.clear();
        for message in self.taken.values() {
            let (id, state, at) = (message.id, MessageState::Pending, self.engine.now());
            let (claimed_until, error) = (message.next_at, message.error.clone());
            let tried = MessageTried { id, state, next_at: at, at, claimed_until, error };
            self.engine.store_tried(tried).await;
        }
    }
}

impl Engine {
    pub(super) async fn send_messages(&self) {
        let _sending = self.inner.wakes.alerting.sending.read().await;
        let (slots, under_way, taken) = (Slots::default(), FuturesUnordered::new(), BTreeMap::new());
        let mut sender = Sender { engine: self, slots, under_way, taken };
        if let Some((asked_at, grace)) = sender.run().await {
            sender.stop(grace.saturating_sub(asked_at.elapsed())).await;
        }
    }

    async fn asked_to_stop(&self) {
        // The engine keeps the other end.
        let _ = self.inner.stopping.subscribe().wait_for(Option::is_some).await;
    }

    /// Returns for how long nothing is to be sent.
    async fn time_to_next(&self) -> Option<Duration> {
        let due = self.store().message_due(ALERT_WINDOW).await.ok().flatten()?;
        Some(due.since(self.now()))
    }

    async fn give_up(&self, damaged: &Damaged, claimed_until: Timestamp) -> Result<(), StoreError> {
        tracing::error!(message.id = %damaged.id, error = %damaged.reason, "a message of an alert cannot be read, so it is not sent");
        let (state, at) = (MessageState::GivenUp, self.now());
        let error = Some(damaged.reason.as_str().into());
        let tried = MessageTried { id: damaged.id, state, next_at: at, at, claimed_until, error };
        self.store().message_tried(tried).await
    }

    /// Sends a message that was taken, and stores what became of it. Where that is not stored, it is sent again.
    async fn deliver(&self, message: AlertMessage, alert: Result<Option<StoredAlert>, StoreError>) {
        let tried = match alert {
            // It was deleted, and its messages with it.
            Ok(None) => return,
            Ok(Some(StoredAlert { record, alert }))
                if !alert.is_enabled || self.is_disabled(record.tenant) =>
            {
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
        self.store_tried(tried).await;
    }

    async fn store_tried(&self, tried: MessageTried) {
        let id = tried.id;
        if let Err(error) = self.store().message_tried(tried).await {
            tracing::warn!(message.id = %id, error = %error, "what became of a message of an alert could not be stored");
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
        let claimed_until = message.next_at;
        MessageTried { id: message.id, state, next_at: at.plus(pause), at, claimed_until, error }
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
