//! What the engine calls: each attempt gets an answer that the seed decides, sooner, later or never.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::ids::AgentId;
use steadflow_core::payload::Payload;
use steadflow_core::remote_task::RemoteTask;
use steadflow_core::session::summary_of;
use steadflow_core::usage::Usage;
use steadflow_core::work::{Outcome, Task, Work};
use steadflow_store::LONG_RECORD;

use crate::agents::{ALWAYS, ASKS, IF_LARGE, NEVER, PLAIN, RUNS, SERVER, WITH_OTHERS};
use crate::fault::{Fault, Faults};
use crate::rng::Rng;

/// What a peer answers.
pub(crate) type Answer = Result<Payload, Failure>;

/// Tokens of an answer.
const TOKENS: u64 = 7;

/// The peers of one run.
#[derive(Debug)]
pub(crate) struct Peers {
    rng: Rng,
    /// Chooses which tools models ask for: no other draw depends on that.
    tools: Rng,
    /// How many tasks servers have begun.
    begun: u64,
}

impl Peers {
    pub(crate) const fn new(rng: Rng, tools: Rng) -> Self {
        Self { rng, tools, begun: 0 }
    }

    /// Returns the answer to an attempt, and after how long it comes; `None` for never.
    pub(crate) fn answer(&mut self, work: &Work, faults: &mut Faults) -> (Option<Duration>, Answer) {
        let after = if faults.strikes(Fault::HangingPeer) {
            None
        } else if faults.strikes(Fault::SlowPeer) {
            Some(self.rng.millis(2_000, 30_000))
        } else {
            Some(self.rng.millis(1, 800))
        };
        let fails = faults.strikes(Fault::FailingPeer) || self.rng.happens(60);
        let answer = if fails { Err(self.failure()) } else { Ok(self.output(work)) };
        (after, answer)
    }

    fn output(&mut self, work: &Work) -> Payload {
        match &work.task {
            Task::Turn(turn) if turn.agent_id == PLAIN => self.output_of_model(work),
            Task::Turn(turn) => self.answer_of_model(work, turn.agent_id),
            Task::Summary(_) => summary_of(&format!("Summary {}", self.rng.millis(0, 999_999).as_millis())),
            Task::Judge(_) => Payload::from_value(&json!({ "passed": self.rng.happens(700) })),
            Task::Skill { .. }
            | Task::Tool { .. }
            | Task::ListTools { .. }
            | Task::CancelTask { .. }
            | Task::HttpRequest
            | Task::Message(_)
            | Task::Code(_)
            | Task::Echo => self.plain(work),
        }
    }

    /// A model asks for one to three tools, or is done.
    fn answer_of_model(&mut self, work: &Work, agent: AgentId) -> Payload {
        if self.rng.happens(400) {
            return self.output_of_model(work);
        }
        let count = self.rng.between(1, 3);
        let calls: Vec<Value> = (0..count).map(|number| self.call_of_tool(number, agent)).collect();
        Payload::from_value(&json!({ "tool_calls": calls }))
    }

    fn output_of_model(&mut self, work: &Work) -> Payload {
        let output = self.plain(work).to_value().unwrap_or_default();
        Payload::from_value(&json!({ "output": output }))
    }

    fn call_of_tool(&mut self, number: u64, agent: AgentId) -> Value {
        let draw = self.tools.index(10);
        let of_others = [RUNS, RUNS, RUNS, ASKS, ASKS, ASKS].get(draw).filter(|_| agent == WITH_OTHERS);
        let name = of_others.copied().unwrap_or(match draw {
            0..=4 => NEVER,
            5..=7 => ALWAYS,
            _ => IF_LARGE,
        });
        json!({ "id": format!("c{number}"), "name": name, "arguments": { "n": number } })
    }

    fn plain(&mut self, work: &Work) -> Payload {
        let by = format!("{}:{}", work.idempotency_key(), work.attempt.number());
        let mut output = json!({ "n": self.rng.below(1_000), "by": by });
        if self.rng.happens(100) {
            output["long"] = "x".repeat(LONG_RECORD).into();
        }
        Payload::from_value(&output)
    }

    /// Returns the task as which a server does a call that it was asked for the first time; `None` for any other call.
    pub(crate) fn task(&mut self, work: &Work) -> Option<RemoteTask> {
        let is_asked = if let Task::Tool { tool, .. } = &work.task {
            **tool == *ASKS
        } else {
            matches!(&work.task, Task::Skill { agent_id, .. } if *agent_id == SERVER)
        };
        if !is_asked || work.remote_task.is_some() || !self.tools.happens(700) {
            return None;
        }
        self.begun += 1;
        Some(RemoteTask { id: format!("task-{}", self.begun).into(), agent: SERVER, poll_ms: 1_000 })
    }

    /// Returns what a process hears of a call. What fails while a task is asked about mostly says nothing of the task.
    pub(crate) fn outcome(work: &Work, answer: Answer, task: Option<RemoteTask>) -> Outcome {
        if let Some(task) = task {
            let rest = Work { remote_task: Some(Arc::new(task)), ..work.clone() };
            return Outcome { goes_on: Some(Box::new(rest)), ..Outcome::completed(Payload::null()) };
        }
        match answer {
            Err(failure) if failure.class != ErrorClass::Tool => work.failed(failure),
            answer => Outcome { usage: Self::usage(work), ..Outcome::new(answer) },
        }
    }

    /// Returns what a call uses, failed or not: a model, up to seven tokens.
    fn usage(work: &Work) -> Option<Arc<Usage>> {
        let Task::Turn(turn) = &work.task else { return None };
        let output_tokens = turn.tokens_max.unwrap_or(TOKENS).min(TOKENS);
        Some(Arc::new(Usage { output_tokens, ..Usage::default() }))
    }

    fn failure(&mut self) -> Failure {
        let classes = [
            ErrorClass::Timeout,
            ErrorClass::Connection,
            ErrorClass::Unavailable,
            ErrorClass::RateLimited,
            ErrorClass::Tool,
            ErrorClass::Internal,
            ErrorClass::Connection,
            ErrorClass::Unavailable,
            ErrorClass::Rejected,
        ];
        let class = *self.rng.pick(&classes).unwrap_or(&ErrorClass::Internal);
        let mut failure = Failure::new(class, format!("peer says {class}"));
        if class == ErrorClass::RateLimited && self.rng.happens(600) {
            failure.status = Some(429);
            failure.retry_after = Some(self.rng.millis(500, 8_000));
        }
        failure
    }
}
