//! What a model and its tools said to each other, and what follows from it: the loop of a skill with tools.
//!
//! A model answers (`turn:1`). What it asks for is called at once, all of it at the same time (`tool:1:0`, `tool:1:1`, …);
//! when all of that has ended, the results go back to it (`turn:2`), until it asks for nothing more. Each answer and each
//! result is a call that ends with a committed event, so the transcript *is* the record of the node's calls: nothing is
//! stored twice, and whatever stops the process, the loop goes on behind what was stored last.
//!
//! An agent can have several models. A turn that the first one cannot answer is asked of the next (`turn:1:1`), with the
//! number of the model in its key; see [`models`].
//!
//! A tool that fails is an answer to the model. The bounds of [`Rules`] are kept over all attempts of the node: what a call
//! may use is reserved when it begins, and stays so if nobody knows what it used.

mod checks;
mod models;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::approval::{Approval, Policy};
use crate::event::StepResult;
use crate::failure::{ErrorClass, Failure};
use crate::guardrail::Guardrail;
use crate::ids::{AgentId, FlowId, StepKey};
use crate::payload::Payload;
use crate::step::{PastStep, StepRecord};
use crate::work::Turn;

/// How many tools a model may ask for in one answer.
pub const TOOL_CALLS_MAX: usize = 32;

pub(crate) use self::checks::{Standing, Subject, judged_by, standing};
pub use self::checks::{decided_on, is_guard};
pub use self::models::model_of;
pub(crate) use self::models::{failure_of, goes_to_another_model, is_answer};

/// What bounds the loop of a skill, and what its tools need to know of the execution.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The names of the models for people, in the order in which they are asked; at least one.
    pub models: Vec<Arc<str>>,
    /// Answers of models at most; `None` where only the attempts of the node bound them.
    pub turns_max: Option<u32>,
    /// Tokens of all its answers at most.
    pub tokens_max: Option<u64>,
    /// Tokens of one of its answers at most.
    pub answer_tokens_max: Option<u64>,
    /// The agents that tools ask, by the name of the tool.
    pub asked: BTreeMap<String, AgentId>,
    /// The flows that tools run, by the name of the tool.
    pub flows: BTreeMap<String, FlowId>,
    /// Of tools whose calls can need approval: which do, by the name of the tool.
    pub approvals: BTreeMap<String, Policy>,
    /// The guardrails that are checked between two calls.
    pub guardrails: Vec<Guardrail>,
}

impl Rules {
    /// Returns those of a skill without tools: one answer of so many tokens.
    pub(crate) fn of_one_answer(tokens_max: Option<u32>) -> Self {
        Self {
            models: Vec::new(),
            turns_max: None,
            tokens_max: None,
            answer_tokens_max: tokens_max.map(u64::from),
            asked: BTreeMap::new(),
            flows: BTreeMap::new(),
            approvals: BTreeMap::new(),
            guardrails: Vec::new(),
        }
    }

    /// Returns how many tokens one answer has at most; `None` where nothing limits that.
    pub(crate) fn answer_tokens(&self) -> Option<u64> {
        self.answer_tokens_max.or(self.tokens_max)
    }

    /// Returns whether only a flow can run the skill: it takes more than one call.
    pub const fn is_loop(&self) -> bool {
        self.turns_max.is_some()
    }

    /// Returns the agents that its tools and its judges ask.
    pub fn asked_agents(&self) -> impl Iterator<Item = AgentId> {
        let judges = self.guardrails.iter().filter_map(Guardrail::judge);
        self.asked.values().copied().chain(judges.map(|judge| judge.agent_id))
    }
}

/// What a model answered in a turn, as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The output of the skill, of the last answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Payload>,
    /// What it says beside asking for tools.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// The tools that it asks for; none in the last answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall>,
    /// The answer as its provider wrote it, where that has to be given back and says more, such as a signature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Payload>,
    /// Why the output does not do, for the model, which is asked again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Arc<str>>,
}

/// A tool that a model asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    /// Tells it from others of the answer.
    pub id: String,
    /// The name of the tool, which need not exist.
    pub name: String,
    /// What it is given: an object, or the text that should have been one.
    pub arguments: Payload,
}

impl Answer {
    /// Returns the output of a call that gave this answer.
    pub fn to_payload(&self) -> Payload {
        let text = serde_json::to_string(self).expect("an answer has string keys, so it can be written");
        Payload::parse(text).expect("what serde_json writes is JSON")
    }

    /// Reads an answer that is stored.
    ///
    /// # Errors
    /// A failure of class `internal`: no executor returns anything else.
    pub fn read(stored: &Payload) -> Result<Self, Failure> {
        serde_json::from_str(stored.as_str()).map_err(|error| {
            Failure::new(ErrorClass::Internal, format!("The answer of a turn cannot be read: {error}"))
        })
    }
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Move {
    /// Ask the model.
    Ask {
        /// Which turn, from 1.
        turn: u32,
        /// Which model; the first one is 0.
        model: usize,
        /// How many tokens the answer may have.
        tokens: Option<u64>,
        /// What was wrong with the last answer to the same question.
        correction: Option<Arc<str>>,
    },
    /// Call these tools at the same time.
    Call(Vec<(StepKey, ToolCall)>),
    /// Ask these judges about the input, or about the output of a turn, by the numbers of their guardrails.
    Judge(Vec<(StepKey, usize)>, Option<Payload>),
    /// Let a person approve the output, under this key and because of this guardrail.
    Approve(StepKey, String, Payload),
    /// Something is under way that has to end first.
    Wait,
    /// The skill is done.
    Done(Payload),
}

/// Where a call is in the transcript.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// A turn, and the model that is asked.
    Turn(u32, usize),
    Tool(u32, usize),
    /// A judge, by the number of its guardrail: of the input (turn 0), or of the output of a turn.
    Guard(u32, usize),
    /// The same, of the arguments of the tool with a number.
    GuardOfTool(u32, usize, usize),
    /// The output of a turn, which waits for approval.
    Output(u32),
}

impl Place {
    fn of(key: &StepKey) -> Option<Self> {
        let mut words = key.name()?.split(':');
        let (kind, turn) = (words.next()?, words.next()?.parse().ok()?);
        match (kind, words.next()) {
            ("turn", model) => {
                let model = model.map_or(Some(0), |model| model.parse().ok().filter(|model| *model > 0))?;
                words.next().is_none().then_some(Self::Turn(turn, model))
            }
            ("tool", Some(number)) => Some(Self::Tool(turn, number.parse().ok()?)),
            ("guard", Some(guardrail)) => {
                let guardrail = guardrail.parse().ok()?;
                match words.next() {
                    None => Some(Self::Guard(turn, guardrail)),
                    Some(tool) => Some(Self::GuardOfTool(turn, guardrail, tool.parse().ok()?)),
                }
            }
            ("output", None) => Some(Self::Output(turn)),
            _ => None,
        }
    }

    fn key(self) -> StepKey {
        match self {
            Self::Turn(turn, 0) => StepKey::new(format!("turn:{turn}")),
            Self::Turn(turn, model) => StepKey::new(format!("turn:{turn}:{model}")),
            Self::Tool(turn, number) => StepKey::new(format!("tool:{turn}:{number}")),
            Self::Guard(turn, guardrail) => StepKey::new(format!("guard:{turn}:{guardrail}")),
            Self::GuardOfTool(turn, guardrail, tool) => {
                StepKey::new(format!("guard:{turn}:{guardrail}:{tool}"))
            }
            Self::Output(turn) => StepKey::new(format!("output:{turn}")),
        }
    }
}

/// Returns the key of a turn that this model is asked.
pub(crate) fn turn_key(turn: u32, model: usize) -> StepKey {
    Place::Turn(turn, model).key()
}

/// Returns the turn that a call is, whose answer asked for it, or whose output it is about; the first one for the input.
pub fn turn_of(key: &StepKey) -> Option<u32> {
    match Place::of(key)? {
        Place::Turn(turn, _) | Place::Tool(turn, _) | Place::Output(turn) => Some(turn),
        Place::Guard(turn, _) | Place::GuardOfTool(turn, ..) => Some(turn.max(1)),
    }
}

/// Returns whether a call asks a model for a turn.
pub fn is_turn(key: &StepKey) -> bool {
    matches!(Place::of(key), Some(Place::Turn(..)))
}

/// What counts towards the bounds of a skill, over all attempts of a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// How often the model was asked.
    pub turns: u32,
    /// The tokens of its answers. One that was lost counts with all that was reserved for it.
    pub tokens: u64,
}

/// Returns what the calls of a node count towards the bounds of its skill.
pub fn spent(steps: &[StepRecord], past: &[PastStep]) -> Spent {
    let all = steps.iter().map(StepRecord::past).chain(past.iter().cloned());
    all.filter(|step| is_turn(&step.key)).fold(Spent::default(), |spent, step| Spent {
        turns: spent.turns + 1,
        tokens: spent.tokens.saturating_add(step.tokens),
    })
}

fn is_ours(class: ErrorClass) -> bool {
    matches!(class, ErrorClass::Internal | ErrorClass::Interrupted)
}

/// Returns what follows from what the calls of a node gave so far.
///
/// # Errors
/// A failure of class `budget` if a bound is reached, or of class `internal` if an answer cannot be read.
pub(crate) fn next(rules: &Rules, steps: &[StepRecord], past: &[PastStep]) -> Result<Move, Failure> {
    let Some((turn, last)) = last_turn(steps) else {
        return match standing(rules, steps, Subject::Input, &Payload::null()) {
            Standing::Due(judges) => Ok(Move::Judge(judges, None)),
            Standing::Open => Ok(Move::Wait),
            Standing::Passed | Standing::Refused(..) => ask(rules, steps, past, 1),
        };
    };
    match &last.result {
        None => Ok(Move::Wait),
        Some(StepResult::Failed { .. }) => ask(rules, steps, past, turn),
        Some(StepResult::Completed(answer)) => {
            let answer = Answer::read(answer)?;
            if answer.tool_calls.is_empty() {
                if checks::refusal_of(rules, steps, turn, &answer).is_some() {
                    return ask(rules, steps, past, turn + 1);
                }
                let output = answer.output.unwrap_or_default();
                return Ok(match standing(rules, steps, Subject::Output(turn), &output) {
                    Standing::Passed => Move::Done(output),
                    Standing::Due(judges) => Move::Judge(judges, Some(output)),
                    Standing::Open => Move::Wait,
                    Standing::Refused(guardrail, _) => {
                        Move::Approve(checks::approval_key(turn), guardrail.name.clone(), output)
                    }
                });
            }
            match tools(answer.tool_calls, turn, steps) {
                Some(next) => Ok(next),
                None => ask(rules, steps, past, turn + 1),
            }
        }
    }
}

/// Returns the call of a model that began last, with its turn.
fn last_turn(steps: &[StepRecord]) -> Option<(u32, &StepRecord)> {
    let turns = steps.iter().filter_map(|step| match Place::of(&step.key)? {
        Place::Turn(turn, _) => Some((turn, step)),
        Place::Tool(..) | Place::Guard(..) | Place::GuardOfTool(..) | Place::Output(_) => None,
    });
    turns.max_by_key(|(turn, step)| (*turn, step.number))
}

/// Returns whether a call of a tool has to begin that waits for no approval. Only the last turn can have one.
pub(crate) fn is_call_due(steps: &[StepRecord], approvals: &[Approval]) -> bool {
    let Some((turn, Some(answer))) = last_turn(steps).map(|(turn, step)| (turn, step.output())) else {
        return false;
    };
    let calls = Answer::read(answer).map(|answer| answer.tool_calls).unwrap_or_default();
    let Some(Move::Call(begin)) = tools(calls, turn, steps) else { return false };
    let waits =
        |key: &StepKey| approvals.iter().any(|of| of.is_open() && (of.step == *key || of.is_input_of(key)));
    begin.iter().any(|(key, _)| !waits(key))
}

/// Returns what is left to do of the tools that were asked for in `turn`; `None` if all have ended.
fn tools(calls: Vec<ToolCall>, turn: u32, steps: &[StepRecord]) -> Option<Move> {
    let (mut begin, mut waits) = (Vec::new(), false);
    for (number, call) in calls.into_iter().enumerate() {
        let key = Place::Tool(turn, number).key();
        match steps.iter().find(|step| step.key == key).map(|step| &step.result) {
            Some(None) => waits = true,
            Some(Some(StepResult::Completed(_))) => {}
            Some(Some(StepResult::Failed { class, .. })) if !is_ours(*class) => {}
            Some(Some(StepResult::Failed { .. })) | None => begin.push((key, call)),
        }
    }
    if begin.is_empty() { waits.then_some(Move::Wait) } else { Some(Move::Call(begin)) }
}

/// Returns the flow that a call of a tool runs; `None` for any other call.
pub(crate) fn flow_of(rules: &Rules, steps: &[StepRecord], key: &StepKey) -> Option<FlowId> {
    if rules.flows.is_empty() {
        return None;
    }
    let Some(Place::Tool(turn, number)) = Place::of(key) else { return None };
    let asked =
        steps.iter().filter(|step| matches!(Place::of(&step.key), Some(Place::Turn(of, _)) if of == turn));
    let answer = asked.filter_map(StepRecord::output).find_map(|answer| Answer::read(answer).ok())?;
    rules.flows.get(&answer.tool_calls.get(number)?.name).copied()
}

/// Returns the next call of a model, if the bounds allow one.
fn ask(rules: &Rules, steps: &[StepRecord], past: &[PastStep], turn: u32) -> Result<Move, Failure> {
    let Spent { turns: asked, tokens: used } = spent(steps, past);
    if rules.turns_max.is_some_and(|turns_max| asked >= turns_max) {
        let refusal =
            last_refusal(rules, steps).map(|refusal| format!(". {}", refusal.trim_end_matches('.')));
        let message = format!(
            "The model was asked {asked} times, as often as `max_turns` allows, and is not done. Calls whose answer was \
             lost count, too{}",
            refusal.unwrap_or_default()
        );
        return Err(Failure::new(ErrorClass::Budget, message));
    }
    let left = rules.tokens_max.map(|tokens_max| tokens_max.saturating_sub(used));
    if left == Some(0) {
        let message = format!(
            "The {} tokens that `max_tokens` allows are used up, and the model is not done. A call whose answer was lost \
             counts with all that it could have answered (`max_answer_tokens`)",
            rules.tokens_max.unwrap_or_default()
        );
        return Err(Failure::new(ErrorClass::Budget, message));
    }
    let tokens = left.into_iter().chain(rules.answer_tokens_max).min();
    let models::Question { model, correction } = models::question(rules, steps, past, turn);
    Ok(Move::Ask { turn, model, tokens, correction })
}

/// Returns why the last output does not do, if it was refused.
fn last_refusal(rules: &Rules, steps: &[StepRecord]) -> Option<Arc<str>> {
    let (turn, last) = last_turn(steps)?;
    let answer = Answer::read(last.output()?).ok().filter(|answer| answer.tool_calls.is_empty())?;
    checks::refusal_of(rules, steps, turn, &answer)
}

/// Returns the turns whose tools have all ended, or whose output was refused, for the model to read.
pub(crate) fn turns(rules: &Rules, steps: &[StepRecord]) -> Vec<Turn> {
    let mut places: BTreeMap<Place, &StepResult> = BTreeMap::new();
    for step in steps {
        places.extend(Place::of(&step.key).zip(step.result.as_ref()));
    }
    let mut turns: BTreeMap<u32, Turn> = BTreeMap::new();
    for (place, result) in places {
        match (place, result) {
            (Place::Turn(turn, model), StepResult::Completed(answer)) => {
                let answer = answer.clone();
                turns.insert(turn, Turn { answer, model, results: Vec::new(), refusal: None });
            }
            (Place::Turn(..), StepResult::Failed { .. }) => {}
            (Place::Tool(turn, _), result) => {
                turns.entry(turn).and_modify(|turn| turn.results.push(said(result)));
            }
            (Place::Guard(..) | Place::GuardOfTool(..) | Place::Output(_), _) => {}
        }
    }
    // What asked for tools is not read again: a long conversation would be read whole at each of its turns.
    for (number, turn) in turns.iter_mut().filter(|(_, turn)| turn.results.is_empty()) {
        let answer = Answer::read(&turn.answer).ok();
        turn.refusal = answer.and_then(|answer| checks::refusal_of(rules, steps, *number, &answer));
    }
    turns.into_values().collect()
}

fn said(result: &StepResult) -> Result<Payload, Arc<str>> {
    match result {
        StepResult::Completed(output) => Ok(output.clone()),
        StepResult::Failed { message, .. } => Err(Arc::clone(message)),
    }
}
