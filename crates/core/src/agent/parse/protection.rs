//! The protection of an agent.

use std::time::Duration;

use crate::agent::{Breaker, Protection};
use crate::document::{Keys, Object, key, object, whole};

const CONCURRENCY_MAX: u32 = 10_000;
const REQUESTS_MAX: u32 = 1_000_000;
const TOKENS_MAX: u32 = 1_000_000_000;
const FAILURES: u32 = 5;
const FAILURES_MAX: u32 = 1_000;
const OPEN_SECONDS: u32 = 30;
const OPEN_SECONDS_MAX: u32 = 3_600;

pub(super) const PROTECTION: Object<Protection> = object(read_protection).named("Protection");
const BREAKER: Object<Breaker> = object(read_breaker).named("Breaker");

pub(super) fn read_protection(keys: &mut Keys<'_>) -> Option<Protection> {
    Some(Protection {
        max_concurrency: keys.take(
            key("max_concurrency", "Calls at once", whole(1, CONCURRENCY_MAX))
                .doc("Calls of the agent that may be under way at the same time."),
        ),
        requests_per_minute: keys.take(
            key("requests_per_minute", "Calls per minute", whole(1, REQUESTS_MAX))
                .doc("Calls of the agent that may begin in a minute, evenly spread: 60 is one each second."),
        ),
        tokens_per_minute: keys.take(
            key("tokens_per_minute", "Tokens per minute", whole(1, TOKENS_MAX))
                .doc("Tokens that calls of the model may use in a minute, those sent and those received."),
        ),
        breaker: keys.take(
            key("breaker", "Circuit breaker", BREAKER)
                .doc("Holds calls back while the agent does not respond."),
        ),
    })
}

pub(super) fn read_breaker(keys: &mut Keys<'_>) -> Option<Breaker> {
    let failures = keys.take(
        key("failures", "Failures in a row", whole(1, FAILURES_MAX))
            .default(FAILURES)
            .doc("Calls in a row that end with `timeout`, `connection` or `unavailable` before it opens."),
    );
    let open = keys.take(
        key("open_seconds", "Seconds open", whole(1, OPEN_SECONDS_MAX))
            .default(OPEN_SECONDS)
            .doc("How long calls wait then, before one of them tries whether the agent responds."),
    );
    let open = Duration::from_secs(open.unwrap_or(OPEN_SECONDS).into());
    Some(Breaker { failures: failures.unwrap_or(FAILURES), open })
}
