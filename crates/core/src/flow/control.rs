//! What the settings of a flow say about the order in which its executions start.

use std::sync::Arc;

use super::{Flow, Settings};
use crate::flow_control::{
    Debounce, KEY_CHARS_MAX, PRIORITY_MAX, QueuePlace, SlotLimits, StartScope, priority,
};
use crate::limits::Limits;
use crate::template::Template;

/// How many times `debounce_seconds` a start is put off at most, unless `max_delay_seconds` says otherwise.
const DELAY_FACTOR: u32 = 10;

/// The templates of the settings of a flow that are evaluated when it starts.
#[derive(Clone, Debug, Default)]
pub(crate) struct StartTemplates {
    pub(crate) context_id: Option<Template>,
    pub(crate) concurrency_key: Option<Template>,
    pub(crate) priority: Option<Template>,
}

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
}

impl Flow {
    /// Returns the `context_id` of an execution that is started without one, if its settings give one.
    ///
    /// # Errors
    /// Why they do not for this trigger data.
    pub fn context_id(&self, start: StartScope<'_>, limits: &Limits) -> Result<Option<Arc<str>>, String> {
        let template = self.start_templates.context_id.as_ref();
        template.map_or(Ok(None), |template| start.text(template, limits))
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
        let key = match &self.start_templates.concurrency_key {
            Some(template) => {
                start.text(template, limits).map_err(|reason| format!("`concurrency_key`: {reason}"))?
            }
            None => None,
        };
        if key.as_ref().is_some_and(|key| key.chars().count() > KEY_CHARS_MAX) {
            return Err(format!("`concurrency_key`: its value has more than {KEY_CHARS_MAX} characters"));
        }
        let priority = match asked.and_then(|asked| asked.priority) {
            Some(asked) => Some(asked),
            None => self.priority(start, limits)?,
        };
        let asked = asked.cloned().unwrap_or_default();
        let place = QueuePlace { key, priority, ..asked };
        Ok((place != QueuePlace::default()).then(|| Box::new(place)))
    }

    fn priority(&self, start: StartScope<'_>, limits: &Limits) -> Result<Option<i8>, String> {
        let Some(template) = &self.start_templates.priority else {
            return Ok(self.settings.priority.as_ref().and_then(priority));
        };
        let value = start.resolve(template, limits).map_err(|reason| format!("`priority`: {reason}"))?;
        let not_one = || {
            format!(
                "`priority`: its value must be a whole number from -{PRIORITY_MAX} to {PRIORITY_MAX}, not {value}"
            )
        };
        priority(&value).map(Some).ok_or_else(not_one)
    }
}
