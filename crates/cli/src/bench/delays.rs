//! How long something took to arrive.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use steadflow_core::timestamp::Timestamp;

use super::figures::{Figures, percentile};

/// Delays in milliseconds, of all readers together.
#[derive(Clone, Debug, Default)]
pub(super) struct Delays(Arc<Mutex<Vec<f64>>>);

impl Delays {
    /// Adds the time since `sent`.
    pub(super) fn push_since(&self, sent: Timestamp) {
        let delay = now().since(sent).as_secs_f64() * 1_000.0;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(delay);
    }

    /// Adds the median and the 99th percentile to `figures`, if there is any delay.
    pub(super) fn report(&self, name: &str, figures: &mut Figures) -> Option<usize> {
        let mut delays = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        delays.sort_by(f64::total_cmp);
        figures.add_one(&format!("{name}: delay, p50"), "ms", percentile(&delays, 0.5));
        figures.add_one(&format!("{name}: delay, p99"), "ms", percentile(&delays, 0.99));
        (!delays.is_empty()).then_some(delays.len())
    }
}

/// The time of the system, which the server has, too.
pub(super) fn now() -> Timestamp {
    let micros = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |elapsed| elapsed.as_micros());
    Timestamp::from_micros(i64::try_from(micros).unwrap_or(i64::MAX))
}
