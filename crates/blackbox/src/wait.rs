//! Waiting for conditions, and reading times.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::{Instant, sleep};

/// How often a condition is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(5);

static ALONE: Mutex<()> = Mutex::const_new(());

/// Keeps the other tests of this process out for as long as the guard lives: for tests that measure time.
pub async fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().await
}

/// A wait that has an end.
#[derive(Debug)]
pub struct Patience {
    what: String,
    within: Duration,
    deadline: Instant,
}

impl Patience {
    /// Waits for `what`, so long and no longer.
    pub fn new(what: impl Into<String>, within: Duration) -> Self {
        Self { what: what.into(), within, deadline: Instant::now() + within }
    }

    /// Lets a moment pass before the condition is looked at again.
    ///
    /// # Panics
    /// If the time is over; the message says what was waited for.
    pub async fn look_again(&self) {
        assert!(Instant::now() < self.deadline, "waited {:?} in vain: {}", self.within, self.what);
        sleep(LOOK_EVERY).await;
    }
}

/// Asks `condition` until it gives something.
///
/// # Panics
/// If it gave nothing `within` that time; the message says `what` was waited for.
pub async fn eventually<T>(what: &str, within: Duration, mut condition: impl AsyncFnMut() -> Option<T>) -> T {
    let patience = Patience::new(what, within);
    loop {
        if let Some(value) = condition().await {
            return value;
        }
        patience.look_again().await;
    }
}

/// Reads a time of an answer.
///
/// # Panics
/// If `value` is no RFC 3339 time.
pub fn moment(value: &Value) -> Timestamp {
    let text = value.as_str().unwrap_or_else(|| panic!("{value} is no time"));
    text.parse().unwrap_or_else(|error| panic!("{text} is no time: {error}"))
}

/// Returns the milliseconds from one time to another.
pub fn millis_between(from: Timestamp, to: Timestamp) -> i64 {
    (to - from).total(jiff::Unit::Millisecond).map_or(i64::MAX, |millis| {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "no test takes longer than i64::MAX milliseconds"
        )]
        let whole = millis.round() as i64;
        whole
    })
}
