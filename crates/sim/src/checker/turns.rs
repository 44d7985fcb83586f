//! The rules of a skill with tools: what follows on what, and what its bounds allow.

use steadflow_core::failure::ErrorClass;
use steadflow_core::ids::StepKey;
use steadflow_core::payload::Payload;

use super::Verdict;
use super::parts::{Parts, StepStory};
use crate::agents::{TOKENS_MAX, TURNS_MAX};

/// What the turns of a node took, over all its attempts.
#[derive(Debug, Default)]
pub(super) struct Turns {
    asked: u64,
    used: u64,
    /// What is reserved for the one under way.
    reserved: Option<u64>,
}

impl Turns {
    /// Returns whether a bound is reached.
    pub(super) const fn are_over(&self) -> bool {
        self.asked >= TURNS_MAX || self.used >= TOKENS_MAX
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

/// Returns whether a call that failed so fails its attempt: a model is told of what a tool says.
pub(super) fn can_fail_its_attempt(step: &StepKey, class: ErrorClass) -> bool {
    let is_tool = step.name().is_some_and(|name| name.starts_with("tool:"));
    !is_tool || matches!(class, ErrorClass::Internal | ErrorClass::Interrupted)
}

impl Parts {
    /// A turn or a tool begins.
    pub(super) fn may_begin(&mut self, step: &StepKey, tokens: Option<u64>) -> Verdict {
        let words: Vec<&str> = step.name().unwrap_or_default().split(':').collect();
        match words.as_slice() {
            ["turn", number] => {
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
            _ => Ok(()),
        }
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
        let StepStory::Completed(answer) = self.steps.get(&StepKey::new(format!("turn:{turn}")))? else {
            return None;
        };
        Some(answer.to_value().ok()?.get("tool_calls")?.as_array()?.len())
    }

    fn has_ended(&self, turn: usize) -> bool {
        let is_over = |number: usize| match self.steps.get(&StepKey::new(format!("tool:{turn}:{number}"))) {
            Some(StepStory::Completed(_)) => true,
            Some(StepStory::Failed(class, _)) => {
                !matches!(class, ErrorClass::Internal | ErrorClass::Interrupted)
            }
            Some(StepStory::Open) | None => false,
        };
        self.asked_in(&turn.to_string()).is_some_and(|asked| (0..asked).all(is_over))
    }

    /// Returns the output of a skill with tools: that of its last answer.
    pub(super) fn last_answer(&self) -> Option<Payload> {
        let mut answers =
            self.steps.iter().filter(|(step, _)| is_turn(step)).filter_map(|(_, step)| match step {
                StepStory::Completed(answer) => {
                    answer.to_value().ok()?.get("output").map(Payload::from_value)
                }
                StepStory::Open | StepStory::Failed(..) => None,
            });
        answers.next_back()
    }
}
