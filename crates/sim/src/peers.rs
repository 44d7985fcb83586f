//! What the engine calls: each attempt gets an answer that the seed decides, sooner, later or never.

use std::time::Duration;

use serde_json::json;
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::payload::Payload;
use steadflow_core::work::Work;
use steadflow_store::LONG_RECORD;

use crate::fault::{Fault, Faults};
use crate::rng::Rng;

/// What a peer answers.
pub(crate) type Answer = Result<Payload, Failure>;

/// The peers of one run.
#[derive(Debug)]
pub(crate) struct Peers {
    rng: Rng,
}

impl Peers {
    pub(crate) const fn new(rng: Rng) -> Self {
        Self { rng }
    }

    /// Returns the answer to an attempt, and after how long it comes; `None` for never.
    pub(crate) fn answer(&mut self, work: &Work, faults: &mut Faults) -> (Option<Duration>, Answer) {
        let after = if faults.strikes(Fault::HangingPeer) {
            None
        } else if faults.strikes(Fault::SlowPeer) {
            Some(self.rng.millis(2_000, 30_000))
        } else {
            Some(self.rng.millis(1, 800))
        };
        let fails = faults.strikes(Fault::FailingPeer) || self.rng.happens(60);
        let answer = if fails { Err(self.failure()) } else { Ok(self.output(work)) };
        (after, answer)
    }

    fn output(&mut self, work: &Work) -> Payload {
        let by = format!("{}:{}", work.idempotency_key(), work.attempt.number());
        let mut output = json!({ "n": self.rng.below(1_000), "by": by });
        if self.rng.happens(100) {
            output["long"] = "x".repeat(LONG_RECORD).into();
        }
        Payload::from_value(&output)
    }

    fn failure(&mut self) -> Failure {
        let classes = [
            ErrorClass::Timeout,
            ErrorClass::Connection,
            ErrorClass::Unavailable,
            ErrorClass::RateLimited,
            ErrorClass::Tool,
            ErrorClass::Internal,
            ErrorClass::Connection,
            ErrorClass::Unavailable,
            ErrorClass::Rejected,
        ];
        let class = *self.rng.pick(&classes).unwrap_or(&ErrorClass::Internal);
        let mut failure = Failure::new(class, format!("peer says {class}"));
        if class == ErrorClass::RateLimited && self.rng.happens(600) {
            failure.status = Some(429);
            failure.retry_after = Some(self.rng.millis(500, 8_000));
        }
        failure
    }
}
