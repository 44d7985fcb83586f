//! Waiting for conditions, and reading times.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::{Instant, sleep};

/// How often a condition is checked.
const CHECK_EVERY: Duration = Duration::from_millis(5);

static ALONE: Mutex<()> = Mutex::const_new(());

/// Excludes other tests of this process while the guard exists: for tests that measure time.
pub async fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().await
}

/// The end of a wait.
#[derive(Debug)]
pub struct Deadline {
    what: String,
    within: Duration,
    end: Instant,
}

impl Deadline {
    /// Returns the end of a wait for `what` that begins now and takes at most `within`.
    pub fn new(what: impl Into<String>, within: Duration) -> Self {
        Self { what: what.into(), within, end: Instant::now() + within }
    }

    /// Waits a moment before the condition is checked again.
    ///
    /// # Panics
    /// If the deadline has passed; the message says what was expected.
    pub async fn pause(&self) {
        assert!(Instant::now() < self.end, "nothing within {:?}: {}", self.within, self.what);
        sleep(CHECK_EVERY).await;
    }
}

/// Calls `condition` until it returns a value.
///
/// # Panics
/// If it returned none `within` that time; the message says `what` was expected.
pub async fn eventually<T>(what: &str, within: Duration, mut condition: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Deadline::new(what, within);
    loop {
        if let Some(value) = condition().await {
            return value;
        }
        deadline.pause().await;
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
