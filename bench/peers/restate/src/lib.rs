//! What the programs here share: how an attempt that fails twice is watched.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// When the attempts of each execution came.
#[derive(Debug, Default)]
pub struct Attempts(Mutex<HashMap<String, Vec<Instant>>>);

impl Attempts {
    /// Notes that an attempt of `execution` begins; from its third on, returns the times between them in milliseconds.
    ///
    /// The work of an attempt is nothing, so the time between two beginnings is the backoff and what came late.
    pub fn begin(&self, execution: &str) -> Option<Vec<f64>> {
        let now = Instant::now();
        let mut attempts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let began = attempts.entry(execution.to_owned()).or_default();
        began.push(now);
        let gaps = began.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64() * 1_000.0);
        (began.len() >= 3).then(|| gaps.collect())
    }
}
