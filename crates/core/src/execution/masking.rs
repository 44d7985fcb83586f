//! Masks the records of an execution, so that what is made of them shows nothing sensitive.

mod masker;

use std::borrow::Cow;

use serde_json::Value;

use self::masker::Masker;
use super::{Execution, Pinned};
use crate::event::{Event, Record, Slot};
use crate::flow::Rules;
use crate::ids::NodeIndex;
use crate::payload::Payload;
use crate::sensitive::MASK;

/// Masks what is sensitive in the records of an execution. What was started by an execution with sensitive data and names none
/// itself shows no values at all.
pub fn mask(records: &mut [Record], pinned: &Pinned) {
    let Some(Event::Accepted(accepted)) = records.first().and_then(|first| first.2.first()) else { return };
    let hides_all = accepted.data_key.is_some();
    let node = accepted.body().cloned();
    let body = node.as_ref().and_then(|node| pinned.flow.find_body(node));
    let flow = &body.unwrap_or(&pinned.flow).flow;
    match &flow.sensitive {
        Some(rules) => mask_by(Masker::new(rules, &flow.graph, node.as_ref()), records),
        None if hides_all => hide(records),
        None => {}
    }
}

fn mask_by(mut masker: Masker<'_>, records: &mut [Record]) {
    for event in records.iter_mut().flat_map(|record| &mut record.2) {
        event.each_value(&mut |slot, value| masker.note(slot, value));
    }
    let masker = masker.ready();
    for event in records.iter_mut().flat_map(|record| &mut record.2) {
        event.each_value(&mut |slot, value| *value = masker.value(slot, value));
        event.each_message(&mut |message| {
            if let Cow::Owned(masked) = masker.text(message) {
                *message = masked.into();
            }
        });
    }
}

fn hide(records: &mut [Record]) {
    let hidden = Payload::from_value(&Value::String(MASK.to_owned()));
    for event in records.iter_mut().flat_map(|record| &mut record.2) {
        event.each_value(&mut |_, value| *value = hidden.clone());
        event.each_message(&mut |message| *message = MASK.into());
    }
}

impl Execution {
    /// Masks what is sensitive in the messages of an event: they are shown in lists, and sent in alerts.
    pub(crate) fn mask_messages(&self, event: &mut Event) {
        let rules = self.flow().flow.sensitive.as_deref();
        let hides_all = rules.is_none() && self.accepted().data_key.is_some();
        if rules.is_none() && !hides_all {
            return;
        }
        let mut masker = None;
        event.each_message(&mut |message| match rules {
            None => *message = MASK.into(),
            Some(rules) => {
                let masker = masker.get_or_insert_with(|| Masker::of(self, rules));
                if let Cow::Owned(masked) = masker.text(message) {
                    *message = masked.into();
                }
            }
        });
    }
}

impl<'r> Masker<'r> {
    /// Returns one that knows the sensitive values that an execution holds, in `rules`.
    pub(crate) fn of(execution: &'r Execution, rules: &'r Rules) -> Self {
        let accepted = execution.accepted();
        let mut masker = Self::new(rules, execution.graph(), accepted.body());
        masker.note(Slot::TriggerData, &accepted.trigger_data);
        let around = accepted.around.as_deref();
        around.and_then(|around| around.item.as_ref()).iter().for_each(|item| masker.note(Slot::Item, item));
        let ended = around.into_iter().flat_map(|around| &around.nodes);
        for (id, output) in ended.filter_map(|(id, ended)| Some((id, ended.output.as_ref()?))) {
            masker.note(Slot::OutputOf(id), output);
        }
        for (index, node) in (0..).map(NodeIndex).zip(execution.nodes()) {
            node.output.iter().for_each(|output| masker.note(Slot::Output(index), output));
        }
        masker.ready()
    }
}
