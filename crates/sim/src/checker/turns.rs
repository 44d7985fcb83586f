//! The rules of a skill with tools: what follows on what, and what its bounds allow.

use std::collections::BTreeSet;

use steadflow_core::event::StepResult;
use steadflow_core::failure::ErrorClass;
use steadflow_core::ids::StepKey;
use steadflow_core::payload::Payload;
use steadflow_core::session::is_summary;

use super::Verdict;
use super::parts::{Parts, StepStory};
use crate::agents::{MODELS, TOKENS_MAX, TURNS_MAX};

/// What the turns of a node took, over all its attempts.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// Whether the skill has one answer, and nothing bounds it.
    is_plain: bool,
    asked: u64,
    used: u64,
    /// What is reserved for the one under way.
    reserved: Option<u64>,
    /// Whether the call of a model that began last asks another one than its turn begins with.
    pub(super) is_other: bool,
    /// The call of a model that is under way.
    open: Option<StepKey>,
    /// The call of a model that ended last.
    last: Option<StepKey>,
    /// The call of a model that was answered so that another model is asked next, if that was the last end of one.
    refused: Option<StepKey>,
    /// The calls of models that were refused so, or had no end when their attempt ran into its timeout.
    left: BTreeSet<StepKey>,
}

impl Turns {
    pub(super) fn of(is_plain: bool) -> Self {
        Self { is_plain, ..Self::default() }
    }

    /// Returns whether a bound is reached.
    pub(super) const fn are_over(&self) -> bool {
        !self.is_plain && (self.asked >= TURNS_MAX || self.used >= TOKENS_MAX)
    }

    /// Takes in the end of a turn.
    pub(super) fn has_ended(&mut self, step: &StepKey, result: &StepResult) {
        let is_refused = matches!(result, StepResult::Failed { class, status, .. } if goes_to_another_model(*class, *status));
        self.refused = is_refused.then(|| step.clone());
        self.left.extend(self.refused.clone());
        (self.open, self.last) = (None, Some(step.clone()));
    }

    /// The attempt of the turn under way is over.
    pub(super) fn lose(&mut self, by_timeout: bool) {
        let open = self.open.take().filter(|_| by_timeout);
        if open.is_some() {
            self.refused = None;
        }
        self.left.extend(open);
    }

    /// Returns whether a call of a model is the one that ended last. Other calls are.
    pub(super) fn is_last(&self, step: &StepKey) -> bool {
        !is_turn(step) || self.last.as_ref() == Some(step)
    }

    /// Takes in what the turn under way used; all that was reserved if nobody knows.
    pub(super) fn end(&mut self, used: Option<u64>) {
        if let Some(reserved) = self.reserved.take() {
            self.used += used.unwrap_or(reserved);
        }
    }
}

/// Returns whether a call asks a model.
pub(super) fn is_turn(step: &StepKey) -> bool {
    step.name().is_some_and(|name| name.starts_with("turn:"))
}

/// Returns whether another model is asked after a failure like this, as the documentation says.
fn goes_to_another_model(class: ErrorClass, status: Option<u16>) -> bool {
    use ErrorClass::{Connection, RateLimited, Rejected, Timeout, Unavailable};
    matches!(class, Timeout | Connection | RateLimited | Unavailable)
        || (class == Rejected && matches!(status, Some(402 | 404 | 410 | 429)))
}

/// Returns whether a call that failed so fails its attempt: a model is told of what a tool says.
pub(super) fn can_fail_its_attempt(step: &StepKey, class: ErrorClass) -> bool {
    let is_tool = step.name().is_some_and(|name| name.starts_with("tool:"));
    !is_tool || matches!(class, ErrorClass::Internal | ErrorClass::Interrupted)
}

impl Parts {
    /// A turn or a tool begins.
    pub(super) fn may_begin(&mut self, step: &StepKey, tokens: Option<u64>) -> Verdict {
        if self.turns.is_plain {
            return if is_summary(step) || step.name() == Some("turn:1") {
                Ok(())
            } else {
                Err(format!("B1: call {step} of a skill of one answer"))
            };
        }
        let words: Vec<&str> = step.name().unwrap_or_default().split(':').collect();
        match words.as_slice() {
            ["turn", number, ..] => {
                self.model_may_begin(number.parse().unwrap_or_default(), step)?;
                let before = number.parse::<usize>().unwrap_or_default().saturating_sub(1);
                if before > 0 && !self.has_ended(before) {
                    return Err(format!("B1: turn {number} begins before all of turn {before} is stored"));
                }
                self.bounds_hold(tokens)
            }
            ["tool", turn, number] => {
                let asked = self.asked_in(turn).unwrap_or_default();
                if number.parse::<usize>().is_ok_and(|number| number < asked) {
                    return Ok(());
                }
                Err(format!("B1: a tool is called that no stored answer of turn {turn} asks for"))
            }
            ["guard", turn, _] => {
                // What it asks for is heard, whichever model was judged.
                self.turns.is_other = false;
                match self.output_of(turn) {
                    Some(_) => Ok(()),
                    None => {
                        Err(format!("B4: a judge is asked about turn {turn}, of which no output is stored"))
                    }
                }
            }
            _ => Ok(()),
        }
    }

    /// A model that has refused is not asked again before the other one was, and that one not before the first was left.
    fn model_may_begin(&mut self, turn: usize, step: &StepKey) -> Verdict {
        let key = |turn: usize, model: usize| match model {
            0 => StepKey::new(format!("turn:{turn}")),
            _ => StepKey::new(format!("turn:{turn}:{model}")),
        };
        if self.turns.refused.as_ref() == Some(step) {
            return Err(format!("B3: {step} is asked again although its model has refused"));
        }
        let is_answered = |model: &usize| {
            matches!(self.steps.get(&key(turn.wrapping_sub(1), *model)), Some(StepStory::Completed(_)))
        };
        let first = (0..MODELS).find(is_answered).unwrap_or_default();
        if *step != key(turn, first) && !self.turns.left.contains(&key(turn, first)) {
            return Err(format!("B3: {step} is asked, and turn {turn} begins with model {first}"));
        }
        self.turns.is_other = *step != key(turn, first);
        self.turns.open = Some(step.clone());
        Ok(())
    }

    fn bounds_hold(&mut self, tokens: Option<u64>) -> Verdict {
        let Turns { asked, used, .. } = self.turns;
        let tokens = tokens.ok_or("B2: a turn begins for which nothing is reserved")?;
        if asked >= TURNS_MAX || used + tokens > TOKENS_MAX {
            return Err(format!("B2: turn {} with {tokens} tokens begins after {used}", asked + 1));
        }
        self.turns.asked += 1;
        self.turns.reserved = Some(tokens);
        Ok(())
    }

    /// Returns how many tools a stored answer asks for.
    fn asked_in(&self, turn: &str) -> Option<usize> {
        Some(self.answer_of(turn)?.to_value().ok()?.get("tool_calls")?.as_array()?.len())
    }

    /// Returns the answer of a turn, whichever model gave it.
    pub(super) fn answer_of(&self, turn: &str) -> Option<&Payload> {
        let of_turn = |step: &StepKey| {
            step.name().and_then(|name| name.strip_prefix("turn:")?.split(':').next()) == Some(turn)
        };
        self.steps.iter().filter(|(step, _)| of_turn(step)).find_map(|(_, story)| match story {
            StepStory::Completed(answer) => Some(answer),
            StepStory::Open | StepStory::Failed(..) => None,
        })
    }

    fn has_ended(&self, turn: usize) -> bool {
        let is_over = |number: usize| match self.steps.get(&StepKey::new(format!("tool:{turn}:{number}"))) {
            Some(StepStory::Completed(_)) => true,
            Some(StepStory::Failed(class, _)) => {
                !matches!(class, ErrorClass::Internal | ErrorClass::Interrupted)
            }
            Some(StepStory::Open) | None => false,
        };
        let number = turn.to_string();
        match self.asked_in(&number) {
            Some(asked) => (0..asked).all(is_over),
            None => self.has_passed(&number) == Some(false),
        }
    }

    /// Returns the output that a turn gave.
    fn output_of(&self, turn: &str) -> Option<Payload> {
        self.answer_of(turn)?.to_value().ok()?.get("output").map(Payload::from_value)
    }

    /// Returns what the judge said of the output of a turn, if that is stored.
    fn has_passed(&self, turn: &str) -> Option<bool> {
        match self.steps.get(&StepKey::new(format!("guard:{turn}:0")))? {
            StepStory::Completed(verdict) => verdict.to_value().ok()?.get("passed")?.as_bool(),
            StepStory::Open | StepStory::Failed(..) => None,
        }
    }

    /// Returns the output of a skill with tools: that which its judge has passed.
    pub(super) fn last_answer(&self) -> Option<Payload> {
        if self.turns.is_plain {
            return self.output_of("1");
        }
        let turns = 1..=TURNS_MAX;
        let passed = turns.map(|turn| turn.to_string()).find(|turn| self.has_passed(turn) == Some(true))?;
        self.output_of(&passed)
    }
}
