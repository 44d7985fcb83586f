//! What the settings of a flow say about the order in which its executions start.

use serde_json::Value;

use super::Settings;
use crate::flow_control::{
    Debounce, KEY_CHARS_MAX, PRIORITY_MAX, QueuePlace, SlotLimits, StartScope, priority,
};
use crate::limits::Limits;

/// How many times `debounce_seconds` a start is put off at most, unless `max_delay_seconds` says otherwise.
const DELAY_FACTOR: u32 = 10;

impl Settings {
    /// Returns how many executions may run at once.
    pub fn slot_limits(&self) -> SlotLimits {
        let per_key = self.concurrency_key.as_ref().map(|_| self.max_concurrent_per_key.unwrap_or(1));
        SlotLimits { all: self.max_concurrent_executions, per_key }
    }

    /// Returns how long it waits until no other start has come, if it does.
    pub fn debounce(&self) -> Option<Debounce> {
        let quiet = self.debounce_seconds?.duration();
        let delay_max =
            self.max_delay_seconds.map_or(quiet.saturating_mul(DELAY_FACTOR), |max| max.duration());
        Some(Debounce { quiet, delay_max })
    }

    /// Returns where a new execution stands in the queue; `None` where nothing but the moment of its acceptance counts.
    /// `asked` is what it was started with, whose priority counts more than that of the flow.
    ///
    /// # Errors
    /// Why the flow does not say it for this trigger data, with the setting.
    pub fn queue_place(
        &self,
        start: StartScope<'_>,
        asked: Option<&QueuePlace>,
        limits: &Limits,
    ) -> Result<Option<Box<QueuePlace>>, String> {
        let key = match &self.concurrency_key {
            Some(text) => {
                start.text(text, limits).map_err(|reason| format!("`concurrency_key`: {reason}"))?
            }
            None => None,
        };
        if key.as_ref().is_some_and(|key| key.chars().count() > KEY_CHARS_MAX) {
            return Err(format!("`concurrency_key`: its value has more than {KEY_CHARS_MAX} characters"));
        }
        let priority = match (asked.and_then(|asked| asked.priority), &self.priority) {
            (Some(priority), _) => Some(priority),
            (None, Some(given)) => Some(priority_of(given, start, limits)?),
            (None, None) => None,
        };
        let asked = asked.cloned().unwrap_or_default();
        let place = QueuePlace { key, priority: priority.filter(|priority| *priority != 0), ..asked };
        Ok((place != QueuePlace::default()).then(|| Box::new(place)))
    }
}

fn priority_of(given: &Value, start: StartScope<'_>, limits: &Limits) -> Result<i8, String> {
    let value = match given.as_str() {
        Some(text) => start.resolve(text, limits).map_err(|reason| format!("`priority`: {reason}"))?,
        None => given.clone(),
    };
    priority(&value).ok_or_else(|| {
        format!(
            "`priority`: its value must be a whole number from -{PRIORITY_MAX} to {PRIORITY_MAX}, not {value}"
        )
    })
}
