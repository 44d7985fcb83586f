//! The models of an `llm` agent: the first one, and those that are asked if it cannot answer.

use serde_json::Value;

use super::destination::Destination;
use super::{Agent, Backend, LlmConfig, Prices, secrecy};

/// A model that is asked if those before it cannot answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Fallback {
    /// How to reach it, with what it has of the first model.
    pub config: LlmConfig,
    /// What its tokens cost.
    pub prices: Option<Prices>,
}

impl Agent {
    /// Returns a model of an `llm` agent, and what its tokens cost. The first one has the number 0, its fallbacks follow.
    pub fn model(&self, number: usize) -> Option<(&LlmConfig, Option<Prices>)> {
        let Backend::Llm(config) = &self.backend else { return None };
        match number.checked_sub(1) {
            None => Some((config, self.prices)),
            Some(place) => config.fallbacks.get(place).map(|fallback| (&fallback.config, fallback.prices)),
        }
    }

    /// Returns an agent that asks one of its models alone, counted as for [`Self::model`]; `None` if it has no such model.
    #[must_use]
    pub fn with_one_model(self, number: usize) -> Option<Self> {
        let (config, prices) = self.model(number)?;
        let config = LlmConfig { fallbacks: Default::default(), ..config.clone() };
        Some(Self { backend: Backend::Llm(config), prices, ..self })
    }
}

/// Puts back what is masked in the fallbacks of `edited`. A fallback has a stored secret only of one that goes to the same
/// place, whatever their order is now: of the one with the same model or, without one, at the same position.
pub(super) fn unmask_fallbacks(edited: &mut Value, stored: &Value) {
    let known: Vec<(Destination, &Value)> =
        entries(stored).filter_map(|entry| Some((Destination::of_fallback(entry, stored)?, entry))).collect();
    let sources: Vec<Option<&Value>> = entries(edited)
        .enumerate()
        .map(|(place, entry)| {
            let destination = Destination::of_fallback(entry, edited)?;
            let has_same_model = |other: &Value| other.get("model") == entry.get("model");
            let goes_there =
                || known.iter().filter(|(there, _)| *there == destination).map(|(_, other)| *other);
            let at_place = entries(stored).nth(place);
            let is_at_place = |other: &&Value| at_place.is_some_and(|there| std::ptr::eq(there, *other));
            let same_model = || goes_there().filter(|other| has_same_model(other));
            same_model()
                .find(is_at_place)
                .or_else(|| same_model().next())
                .or_else(|| goes_there().find(is_at_place))
        })
        .collect();
    let fallbacks = edited.get_mut("fallbacks").and_then(Value::as_array_mut);
    for (entry, source) in fallbacks.into_iter().flatten().zip(sources) {
        if let Some(source) = source {
            secrecy::unmask(entry, source);
        }
    }
}

fn entries(config: &Value) -> impl Iterator<Item = &Value> {
    config.get("fallbacks").and_then(Value::as_array).into_iter().flatten()
}
