//! Which model is asked: the first one, and its fallbacks in order.
//!
//! A turn begins with the model that answered the turn before, and goes to the others in their order when a model fails in
//! a way that another may not (`ErrorClass::may_another_model_answer`). It follows from the calls alone, the last of the
//! turn, who is asked next: so a model whose refusal is stored is not asked again before all others have been.

use std::sync::Arc;

use super::{Place, Rules, checks, is_ours};
use crate::event::StepResult;
use crate::failure::{ErrorClass, Failure};
use crate::ids::StepKey;
use crate::step::{PastStep, StepRecord};

/// How much of what each other model said is part of the last failure, in characters.
const REFUSAL_CHARS: usize = 300;

/// A question to a model.
pub(super) struct Question {
    pub(super) model: usize,
    /// What was wrong with its last answer to the same question.
    pub(super) correction: Option<Arc<str>>,
}

/// Why the last model that was asked a question gave no answer.
enum End<'a> {
    Failed(&'a StepResult),
    /// Its attempt was over first.
    Lost,
    /// The same, and the attempt had no time for anything else.
    TimedOut,
}

/// Returns the model that a call of a turn asks; the first one is 0.
pub fn model_of(key: &StepKey) -> Option<usize> {
    match Place::of(key)? {
        Place::Turn(_, model) => Some(model),
        Place::Tool(..) | Place::Guard(..) | Place::GuardOfTool(..) | Place::Output(_) => None,
    }
}

/// Returns whether a call of a model that fails so is followed by one of another model, in the same attempt.
pub(crate) fn goes_to_another_model(
    rules: &Rules,
    steps: &[StepRecord],
    key: &StepKey,
    failure: &Failure,
) -> bool {
    let Some(Place::Turn(turn, model)) = Place::of(key) else { return false };
    failure.class.may_another_model_answer(failure.status)
        && follower(rules, first_of(steps, turn), model).is_some()
}

/// Returns the failure of an attempt of which a call failed so; `None` if the attempt goes on: a tool is an answer to the
/// model, whatever it says, and another model may answer where one cannot.
pub(crate) fn failure_of(
    rules: Option<&Rules>,
    steps: &[StepRecord],
    key: &StepKey,
    failure: Failure,
) -> Option<Failure> {
    match (Place::of(key), rules) {
        (Some(Place::Tool(..)), _) => (!is_answer(key, failure.class)).then_some(failure),
        (Some(Place::Turn(turn, model)), Some(rules)) => {
            if goes_to_another_model(rules, steps, key, &failure) {
                return None;
            }
            // The next attempt begins with the first model, which has not asked for this wait.
            let retry_after = failure.retry_after.filter(|_| model == first_of(steps, turn));
            let message = with_refusals(rules, steps, (turn, model), failure.message);
            Some(Failure { message, retry_after, ..failure })
        }
        // A person has rejected the output, and the model has to correct it.
        (Some(Place::Output(_)), _) => None,
        (Some(place @ (Place::Guard(..) | Place::GuardOfTool(..))), Some(rules)) => {
            Some(checks::failure_of_judge(rules, steps, place, failure))
        }
        (Some(Place::Turn(..) | Place::Guard(..) | Place::GuardOfTool(..)) | None, _) => Some(failure),
    }
}

/// Returns whether the failure of a call is an answer to the model.
pub(crate) fn is_answer(key: &StepKey, class: ErrorClass) -> bool {
    matches!(Place::of(key), Some(Place::Tool(..))) && !is_ours(class) && class != ErrorClass::Guardrail
}

/// Returns who is asked in `turn`, as its calls so far say.
pub(super) fn question(rules: &Rules, steps: &[StepRecord], past: &[PastStep], turn: u32) -> Question {
    let first = first_of(steps, turn);
    let Some((model, end)) = last(steps, past, turn) else {
        return Question { model: first, correction: None };
    };
    let next = || follower(rules, first, model).unwrap_or(first);
    let (model, correction) = match end {
        End::Failed(StepResult::Failed { class: ErrorClass::ModelOutput, message, .. }) => {
            (model, Some(Arc::clone(message)))
        }
        End::Failed(StepResult::Failed { class, status, .. }) if class.may_another_model_answer(*status) => {
            (next(), None)
        }
        End::Failed(_) => (first, None),
        End::Lost => (model, None),
        End::TimedOut => (next(), None),
    };
    Question { model, correction }
}

/// Returns the model that a turn begins with: the one that answered the turn before.
fn first_of(steps: &[StepRecord], turn: u32) -> usize {
    let answered = steps.iter().filter(|step| step.output().is_some());
    let mut before = answered.filter_map(|step| match Place::of(&step.key)? {
        Place::Turn(number, model) => (number + 1 == turn).then_some(model),
        Place::Tool(..) | Place::Guard(..) | Place::GuardOfTool(..) | Place::Output(_) => None,
    });
    before.next().unwrap_or_default()
}

/// Returns the models in the order in which a turn asks them: the one that it begins with, and all others.
fn order(rules: &Rules, first: usize) -> impl Iterator<Item = usize> {
    let others = (0..rules.models.len()).filter(move |other| *other != first);
    [first].into_iter().chain(others)
}

/// Returns the model that is asked after `model` in a turn that begins with `first`.
fn follower(rules: &Rules, first: usize, model: usize) -> Option<usize> {
    order(rules, first).skip_while(|asked| *asked != model).nth(1)
}

/// Returns the model that was asked last in `turn`, and why it gave no answer.
fn last<'a>(steps: &'a [StepRecord], past: &[PastStep], turn: u32) -> Option<(usize, End<'a>)> {
    let asked = |key: &StepKey| match Place::of(key)? {
        Place::Turn(number, model) => (number == turn).then_some(model),
        Place::Tool(..) | Place::Guard(..) | Place::GuardOfTool(..) | Place::Output(_) => None,
    };
    let ended = steps
        .iter()
        .filter_map(|step| Some((step.number, asked(&step.key)?, End::Failed(step.result.as_ref()?))));
    let lost = past.iter().filter_map(|step| {
        let end = if step.is_timed_out { End::TimedOut } else { End::Lost };
        Some((step.number, asked(&step.key)?, end))
    });
    let (_, model, end) = ended.chain(lost).max_by_key(|(number, ..)| *number)?;
    Some((model, end))
}

/// Adds to the message of the last model that was asked in a turn which others were asked before it, and what they said.
fn with_refusals(rules: &Rules, steps: &[StepRecord], (turn, last): (u32, usize), message: String) -> String {
    let name = |model: usize| rules.models.get(model).map_or("a model", |name| &**name);
    let refusal = |model: usize| {
        let key = Place::Turn(turn, model).key();
        match steps.iter().find(|step| step.key == key)?.result.as_ref()? {
            StepResult::Failed { message, .. } => {
                Some(message.trim_end_matches('.').chars().take(REFUSAL_CHARS).collect::<String>())
            }
            StepResult::Completed(_) => None,
        }
    };
    let asked = order(rules, first_of(steps, turn)).take_while(|model| *model != last);
    let before = asked.filter_map(|model| Some(format!("{} failed: {}", name(model), refusal(model)?)));
    let before: Vec<String> = before.collect();
    if before.is_empty() {
        return message;
    }
    format!("{message} This was {}. Asked before it, {}.", name(last), before.join("; "))
}
