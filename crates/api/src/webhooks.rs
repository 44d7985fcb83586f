//! Webhooks: the values of their secrets, and what became of their last calls.
//!
//! The calls are kept in memory, a few of each webhook, and never with what came in: they show people whether a sender is set up
//! as it should be. What was started is in the list of executions.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use steadflow_core::ids::{ExecutionId, FlowId, TenantId};
use steadflow_core::timestamp::Timestamp;
use steadflow_core::webhook::Webhook;
use tokio::time::Instant;

use crate::client_address::ClientAddress;

/// Where webhooks are called.
pub(crate) const PATH: &str = "/hooks/{*path}";
/// Calls of one webhook that are kept.
const CALLS_MAX: usize = 20;
/// Webhooks whose calls are kept.
const WEBHOOKS_MAX: usize = 1_000;
/// Calls of one webhook from one address that are refused in [`WINDOW`], before it is asked to wait.
const REFUSED_MAX: u32 = 60;
const WINDOW: Duration = Duration::from_secs(60);
/// Pairs of webhooks and addresses whose refused calls are counted.
const COUNTED_MAX: usize = 10_000;

/// Where the values of secrets come from.
#[derive(Clone)]
pub struct SecretValues(Arc<Ask>);

type Ask = dyn Fn(TenantId, &str) -> Option<String> + Send + Sync;

impl SecretValues {
    /// Asks `value`, which must not block.
    pub fn new(value: impl Fn(TenantId, &str) -> Option<String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(value))
    }
}

impl Default for SecretValues {
    /// There are none.
    fn default() -> Self {
        Self::new(|_, _| None)
    }
}

impl fmt::Debug for SecretValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretValues")
    }
}

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It started an execution.
    Started(ExecutionId),
    /// Its event had started one before.
    Repeated(ExecutionId),
    /// The sender asked whether this is its webhook.
    Challenged,
    /// It was refused; why.
    Refused(&'static str),
}

/// A call that was answered, or several alike that came one after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AnsweredCall {
    /// When the last of them came.
    pub(crate) at: Timestamp,
    pub(crate) verdict: Verdict,
    /// How many there were.
    pub(crate) count: u64,
}

/// What the server knows of webhooks beside their flows.
#[derive(Debug)]
pub(crate) struct Webhooks {
    secrets: SecretValues,
    calls: Mutex<HashMap<FlowId, VecDeque<AnsweredCall>>>,
    refused: Mutex<HashMap<(FlowId, ClientAddress), (Instant, u32)>>,
}

impl Webhooks {
    pub(crate) fn new(secrets: SecretValues) -> Self {
        Self { secrets, calls: Mutex::default(), refused: Mutex::default() }
    }

    /// Returns the values of those secrets of a webhook that are set.
    pub(crate) fn secrets(&self, tenant: TenantId, webhook: &Webhook) -> Vec<String> {
        webhook.secrets.iter().filter_map(|name| self.secret(tenant, name)).collect()
    }

    /// Returns the value of a secret, if it is set.
    pub(crate) fn secret(&self, tenant: TenantId, name: &str) -> Option<String> {
        (self.secrets.0)(tenant, name)
    }

    /// Returns the last calls of a flow's webhook, the newest first.
    pub(crate) fn calls(&self, flow: FlowId) -> Vec<AnsweredCall> {
        self.calls.lock().get(&flow).into_iter().flatten().rev().copied().collect()
    }

    /// Keeps what became of a call.
    pub(crate) fn answered(&self, flow: FlowId, at: Timestamp, verdict: Verdict) {
        let mut all = self.calls.lock();
        if !all.contains_key(&flow) && all.len() >= WEBHOOKS_MAX {
            let last = |calls: &VecDeque<AnsweredCall>| calls.back().map(|call| call.at);
            let oldest = all.iter().min_by_key(|(_, calls)| last(calls)).map(|(flow, _)| *flow);
            oldest.map(|flow| all.remove(&flow));
        }
        let calls = all.entry(flow).or_default();
        // Refused calls alike are one, so that a flood of them leaves the others to be seen.
        match calls.back_mut() {
            Some(last) if last.verdict == verdict => {
                last.count += 1;
                last.at = at;
            }
            _ => calls.push_back(AnsweredCall { at, verdict, count: 1 }),
        }
        if calls.len() > CALLS_MAX {
            calls.pop_front();
        }
    }

    /// Counts a call that could not be verified, and returns whether there were too many from that address.
    ///
    /// Calls that can be verified are not held up by others: behind a proxy, all senders have one address.
    pub(crate) fn is_too_often_refused(&self, flow: FlowId, address: ClientAddress) -> bool {
        let (mut all, now) = (self.refused.lock(), Instant::now());
        if all.len() >= COUNTED_MAX {
            all.retain(|_, (since, _)| now.duration_since(*since) < WINDOW);
        }
        if all.len() >= COUNTED_MAX && !all.contains_key(&(flow, address)) {
            return true;
        }
        let (since, count) = all.entry((flow, address)).or_insert((now, 0));
        if now.duration_since(*since) >= WINDOW {
            (*since, *count) = (now, 0);
        }
        *count = count.saturating_add(1);
        *count > REFUSED_MAX
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn flow(number: u128) -> FlowId {
        FlowId::new(Uuid::from_u128(number))
    }

    #[test]
    fn a_few_calls_are_kept_of_each_webhook_and_those_alike_are_one() {
        let webhooks = Webhooks::new(SecretValues::default());
        let at = |second: i64| Timestamp::from_micros(second * 1_000_000);
        let started = Verdict::Started(ExecutionId::new(Uuid::from_u128(7)));
        webhooks.answered(flow(1), at(1), started);
        (2..1_000).for_each(|second| webhooks.answered(flow(1), at(second), Verdict::Refused("stale")));

        let calls = webhooks.calls(flow(1));

        assert_eq!(calls.iter().map(|call| call.count).collect::<Vec<_>>(), [998, 1]);
        assert_eq!((calls[0].at, calls[1].verdict), (at(999), started));
        for number in 0..50 {
            let verdict = Verdict::Started(ExecutionId::new(Uuid::from_u128(number)));
            webhooks.answered(flow(1), at(2_000), verdict);
        }
        assert_eq!(webhooks.calls(flow(1)).len(), CALLS_MAX);
        for number in 2..=(WEBHOOKS_MAX as u128 + 1) {
            webhooks.answered(flow(number), at(3_000), started);
        }
        assert_eq!(webhooks.calls.lock().len(), WEBHOOKS_MAX);
        assert!(webhooks.calls(flow(1)).is_empty(), "the one that was called last long ago makes room");
    }

    #[tokio::test(start_paused = true)]
    async fn refused_calls_are_counted_by_webhook_and_address() {
        let webhooks = Webhooks::new(SecretValues::default());
        let address = |text: &str| ClientAddress::from(text.parse::<std::net::IpAddr>().unwrap());
        let one = address("192.0.2.1");
        let refused = |flow, address| webhooks.is_too_often_refused(flow, address);

        assert!((0..REFUSED_MAX).all(|_| !refused(flow(1), one)));
        assert!(refused(flow(1), one) && refused(flow(1), one));
        assert!(!refused(flow(2), one) && !refused(flow(1), address("192.0.2.2")));
        tokio::time::advance(WINDOW).await;
        assert!(!refused(flow(1), one));
    }
}
