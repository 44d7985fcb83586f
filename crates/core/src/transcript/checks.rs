//! Guardrails that take a call of their own, or a person: where a value stands with them.
//!
//! A judge is asked by a call of the loop (`guard:3:0` for the output of turn 3, `guard:3:0:1` for the arguments of its
//! second tool, `guard:0:0` for the input), so its verdict is stored before anything follows from it. All judges of a value
//! are asked at the same time. An output that a person has to approve waits under `output:3`.

use std::cell::OnceCell;
use std::sync::Arc;

use super::{Answer, Place, Rules};
use crate::approval;
use crate::event::StepResult;
use crate::failure::{ErrorClass, Failure};
use crate::guardrail::{Check, Guardrail, Stage, Then, Verdict};
use crate::ids::StepKey;
use crate::payload::Payload;
use crate::step::StepRecord;

/// A value that guardrails check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject<'a> {
    /// The input of the skill.
    Input,
    /// The arguments of a tool that was asked for in a turn, by its number and its name.
    Arguments(u32, usize, &'a str),
    /// The output of a turn.
    Output(u32),
}

/// Where a value stands.
#[derive(Debug)]
pub(crate) enum Standing<'r> {
    /// No guardrail refuses it.
    Passed,
    /// These judges have to be asked, by the number of the guardrail.
    Due(Vec<(StepKey, usize)>),
    /// A judge is being asked.
    Open,
    /// A guardrail refuses it, for this reason: what it says as a sentence.
    Refused(&'r Guardrail, Arc<str>),
}

impl<'a> Subject<'a> {
    /// Returns the subject of the call of a tool.
    pub(crate) fn of_call(key: &StepKey, tool: &'a str) -> Option<Self> {
        match Place::of(key)? {
            Place::Tool(turn, number) => Some(Self::Arguments(turn, number, tool)),
            Place::Turn(..) | Place::Guard(..) | Place::GuardOfTool(..) | Place::Output(_) => None,
        }
    }

    /// Returns what is checked.
    pub(crate) const fn stage(self) -> Stage {
        match self {
            Self::Input => Stage::Input,
            Self::Arguments(..) => Stage::Arguments,
            Self::Output(_) => Stage::Output,
        }
    }

    /// Returns the name of the tool, if it is about one.
    pub(crate) const fn tool(self) -> Option<&'a str> {
        match self {
            Self::Arguments(_, _, tool) => Some(tool),
            Self::Input | Self::Output(_) => None,
        }
    }

    fn is_checked_by(self, guardrail: &Guardrail) -> bool {
        match self {
            Self::Arguments(_, _, tool) => guardrail.checks_tool(tool),
            Self::Input | Self::Output(_) => guardrail.on == self.stage(),
        }
    }

    fn key(self, guardrail: usize) -> StepKey {
        match self {
            Self::Input => Place::Guard(0, guardrail),
            Self::Arguments(turn, number, _) => Place::GuardOfTool(turn, guardrail, number),
            Self::Output(turn) => Place::Guard(turn, guardrail),
        }
        .key()
    }

    /// Returns what messages call it.
    pub(crate) fn described(self) -> String {
        self.stage().described(self.tool())
    }
}

/// Returns where `value` stands. What refuses it without a person comes before what asks one.
pub(crate) fn standing<'r>(
    rules: &'r Rules,
    steps: &[StepRecord],
    subject: Subject<'_>,
    value: &Payload,
) -> Standing<'r> {
    let (mut due, mut is_open, mut refusals) = (Vec::new(), false, Vec::new());
    let read = OnceCell::new();
    let mut refuse = |guardrail: &'r Guardrail, reason: &str| {
        refusals.push((guardrail, guardrail.refusal(&subject.described(), reason)));
    };
    for (number, guardrail) in rules.guardrails.iter().enumerate() {
        if !subject.is_checked_by(guardrail) {
            continue;
        }
        let Check::Judge(_) = guardrail.check else {
            let value = read.get_or_init(|| value.to_value().unwrap_or_default());
            if guardrail.refuses_text(value).unwrap_or(true) {
                refuse(guardrail, "it does not match the pattern, or matches what is not allowed");
            }
            continue;
        };
        let key = subject.key(number);
        match steps.iter().find(|step| step.key == key).map(|step| &step.result) {
            Some(None) => is_open = true,
            Some(Some(StepResult::Completed(output))) => {
                // A call of a judge completes with a verdict alone.
                let verdict = Verdict::read(output);
                let refusal =
                    verdict.map_or_else(|| Some("there is no verdict".to_owned()), Verdict::refusal);
                if let Some(reason) = refusal {
                    refuse(guardrail, &reason);
                }
            }
            // An earlier attempt has failed with it: now the model has to correct it.
            Some(Some(StepResult::Failed { class: ErrorClass::Guardrail, message, .. }))
                if subject != Subject::Input =>
            {
                refuse(guardrail, message);
            }
            Some(Some(StepResult::Failed { .. })) | None => due.push((key, number)),
        }
    }
    if !due.is_empty() {
        return Standing::Due(due);
    }
    if is_open {
        return Standing::Open;
    }
    let asks = |(guardrail, _): &&(&Guardrail, String)| guardrail.then == Then::Ask;
    let first = refusals.iter().find(|refusal| !asks(refusal)).or(refusals.first());
    first.map_or(Standing::Passed, |(guardrail, message)| {
        Standing::Refused(guardrail, message.as_str().into())
    })
}

/// Returns why the output of `turn` does not do, for the model; `None` if nobody has refused it.
pub(super) fn refusal_of(
    rules: &Rules,
    steps: &[StepRecord],
    turn: u32,
    answer: &Answer,
) -> Option<Arc<str>> {
    if answer.refusal.is_some() {
        return answer.refusal.clone();
    }
    let approval = approval_key(turn);
    let rejected = steps.iter().find(|step| step.key == approval).and_then(|step| step.result.as_ref());
    if let Some(StepResult::Failed { message, .. }) = rejected {
        return Some(Arc::clone(message));
    }
    match standing(rules, steps, Subject::Output(turn), answer.output.as_ref()?) {
        Standing::Refused(guardrail, message) if guardrail.then != Then::Ask => Some(message),
        Standing::Refused(..) | Standing::Passed | Standing::Due(_) | Standing::Open => None,
    }
}

/// Returns the failure of an attempt that ends because a judge has refused a value.
pub(super) fn failure_of_judge(
    rules: &Rules,
    steps: &[StepRecord],
    place: Place,
    failure: Failure,
) -> Failure {
    let (guardrail, tool) = match place {
        Place::Guard(_, guardrail) => (guardrail, None),
        Place::GuardOfTool(turn, guardrail, tool) => (guardrail, Some((turn, tool))),
        Place::Turn(..) | Place::Tool(..) | Place::Output(_) => return failure,
    };
    let Some(guardrail) = rules.guardrails.get(guardrail).filter(|_| failure.class == ErrorClass::Guardrail)
    else {
        return failure;
    };
    let tool = tool.and_then(|(turn, tool)| {
        let asking = steps
            .iter()
            .filter(|step| matches!(Place::of(&step.key), Some(Place::Turn(of, _)) if of == turn));
        let answer = asking.filter_map(StepRecord::output).find_map(|answer| Answer::read(answer).ok())?;
        Some(answer.tool_calls.get(tool)?.name.clone())
    });
    let message = guardrail.refusal(&guardrail.on.described(tool.as_deref()), &failure.message);
    Failure { message, ..failure }
}

/// Returns the key under which the output of a turn waits for approval.
pub(super) fn approval_key(turn: u32) -> StepKey {
    Place::Output(turn).key()
}

/// Returns what a person decides on under this key.
pub fn decided_on(key: &StepKey) -> approval::Subject {
    let of_loop = || match Place::of(key) {
        Some(Place::Output(_)) => approval::Subject::Output,
        Some(Place::Turn(..) | Place::Guard(..) | Place::GuardOfTool(..) | Place::Tool(..)) | None => {
            approval::Subject::Tool
        }
    };
    approval::outside_the_loop(key).unwrap_or_else(of_loop)
}

/// Returns the number of the guardrail that a call of a judge is made for, and that of the tool whose arguments it is about.
pub(crate) fn judged_by(key: &StepKey) -> Option<(usize, Option<usize>)> {
    match Place::of(key)? {
        Place::Guard(_, guardrail) => Some((guardrail, None)),
        Place::GuardOfTool(_, guardrail, tool) => Some((guardrail, Some(tool))),
        Place::Turn(..) | Place::Tool(..) | Place::Output(_) => None,
    }
}

/// Returns whether a call asks a judge.
pub fn is_guard(key: &StepKey) -> bool {
    judged_by(key).is_some()
}
