//! `agent`: runs one skill of a registered agent.

mod session;

use std::sync::Arc;

use serde_json::{Value, json};

use super::keys::Input;
use super::{About, Context, NamedBy, Next, NodeKind, Resumed, Step, Traits};
use crate::approval::Request;
use crate::document::{Keys, Plain, key, text, uuid};
use crate::event::StepResult;
use crate::expression::Expression;
use crate::failure::{ErrorClass, Failure};
use crate::guardrail::Then;
use crate::ids::{AgentId, StepKey};
use crate::payload::Payload;
use crate::session::{is_summary, summary_key};
use crate::template::{Resolved, Template};
use crate::transcript::{self, Move, Rules, Standing, Subject, ToolCall};
use crate::work::{Judgement, NextTurn, Summarizing, Task};

pub use self::session::WantedSession;
use self::session::{Session, SessionReader};

/// How much of the name of a tool is shown, which need not be that of one.
const NAME_CHARS_SHOWN: usize = 64;

/// How many tokens a summary may have where the skill allows its answers fewer.
const SUMMARY_TOKENS_MIN: u64 = 1_000;

/// The keys of an agent node.
#[derive(Clone, Debug)]
pub struct Agent {
    /// The agent.
    pub agent_id: AgentId,
    /// One of its skills.
    pub skill: Arc<str>,
    /// What the skill is given.
    pub input: Template,
    /// The conversation that it is a part of; `None` for one of its own.
    pub session: Option<Session>,
}

impl Agent {
    pub(super) const ABOUT: About = About {
        name: "agent",
        named_by: NamedBy::Type,
        aliases: &[],
        title: "Agent",
        description: "Runs one skill of a registered agent.",
        traits: Traits { takes_attempts: true, makes_calls: true, ..Traits::NONE },
        output: || json!({ "title": "Output", "description": "The response of the skill." }),
        example,
    };

    pub(super) fn read(keys: &mut Keys<'_>) -> Option<Self> {
        let agent_id = keys.take(
            key("agent_id", "Agent", uuid::<AgentId>())
                .needed("an agent node")
                .prompt("Choose an agent")
                .doc("A registered agent."),
        );
        let skill = keys.take(
            key("skill", "Skill", text())
                .needed("an agent node")
                .prompt("Choose a skill")
                .doc("One of the agent's skills."),
        );
        let input = keys.take(
            key("input", "Input", Input)
                .default(Plain::Object)
                .doc("The input of the skill, as its input schema describes it. Strings can be templates."),
        );
        let session = keys
            .take(key("session", "Session", SessionReader).doc(
                "Executions that give the same key share a conversation with the agent, one at a time.",
            ));
        Some(Self { agent_id: agent_id?, skill: skill?.into(), input: input?, session })
    }
}

impl Agent {
    /// Returns the document of a node that asks for a skill with its trigger data.
    pub(crate) fn asking(id: &str, agent: AgentId, skill: &str) -> Value {
        let name = Self::ABOUT.name;
        json!({ "id": id, "type": name, "agent_id": agent, "skill": skill, "input": "${trigger_data}" })
    }

    /// Asks the model for a summary of old turns of the session, if one has to be written first. One that fails and is not
    /// asked for again is done without: a conversation must not end because of it, and the next execution asks for it again.
    fn summarize(&self, rules: &Rules, context: &Context<'_>) -> Option<Next> {
        context.session()?.fold?;
        let is_asked = || {
            let keys = context.steps.iter().map(|step| &step.key);
            keys.chain(context.past.iter().map(|step| &step.key)).any(transcript::is_turn)
        };
        let known = context.steps.iter().find(|step| is_summary(&step.key));
        match known.map(|step| (&step.result, step.attempt)) {
            Some((None, _)) => return Some(Next::Pending),
            Some((Some(StepResult::Completed(_)), _)) => return None,
            Some((Some(StepResult::Failed { .. }), attempt)) if attempt == context.attempt => return None,
            Some((Some(StepResult::Failed { .. }), _)) | None if is_asked() => return None,
            Some((Some(StepResult::Failed { .. }), _)) | None => {}
        }
        let task = Task::Summary(Box::new(Summarizing {
            agent_id: self.agent_id,
            version: context.agent_version(self.agent_id),
            skill: Arc::clone(&self.skill),
            tokens_max: rules.answer_tokens().map(|tokens| tokens.max(SUMMARY_TOKENS_MIN)),
            bytes_max: self.session.as_ref()?.summary_bytes_max(),
        }));
        let mut next = Next::call(task, &self.input, context);
        if let Next::Step(step) = &mut next {
            step.key = summary_key();
            // It leaves time for the question.
            step.timeout = context.attempt_timeout().map(|timeout| timeout / 2);
        }
        Some(next)
    }

    /// Asks the model, or calls what it asked for.
    fn go_on(&self, rules: &Rules, context: &Context<'_>) -> Next {
        match transcript::next(rules, context.steps, context.past) {
            Ok(Move::Ask { turn, model, tokens, correction }) => {
                let task = Task::Turn(Box::new(NextTurn {
                    agent_id: self.agent_id,
                    version: context.agent_version(self.agent_id),
                    skill: Arc::clone(&self.skill),
                    model,
                    asked: rules
                        .asked
                        .values()
                        .filter_map(|&agent| Some((agent, context.agent_version(agent)?)))
                        .collect(),
                    flows: context.offered_flows(rules),
                    turns: transcript::turns(rules, context.steps),
                    tokens_max: tokens,
                    correction,
                }));
                let reserved = tokens.filter(|_| rules.tokens_max.is_some());
                let mut next = Next::call(task, &self.input, context);
                if let Next::Step(step) = &mut next {
                    (step.key, step.tokens) = (transcript::turn_key(turn, model), reserved);
                }
                next
            }
            Ok(Move::Call(calls)) => self.call(rules, calls, context),
            Ok(Move::Judge(judges, value)) => {
                match self.judge(rules, judges, (None, value.as_ref()), context) {
                    Ok(steps) => Next::Steps { steps, requests: Vec::new() },
                    Err(failure) => Next::Fail(failure),
                }
            }
            Ok(Move::Approve(step, guardrail, output)) => approve(step, guardrail, output, context),
            // An execution that does a call may be all that it waits for, in a new attempt.
            Ok(Move::Wait) => Next::Steps { steps: Vec::new(), requests: Vec::new() },
            Ok(Move::Done(output)) => Next::Complete(output),
            Err(failure) => Next::Fail(failure),
        }
    }

    /// Calls what needs no approval or has it, and asks for what needs it.
    fn call(&self, rules: &Rules, calls: Vec<(StepKey, ToolCall)>, context: &Context<'_>) -> Next {
        let (mut steps, mut requests) = (Vec::new(), Vec::new());
        for (key, call) in calls {
            if let Some(approval) = context.approvals.iter().find(|approval| approval.step == key) {
                steps.extend(approval.approved().map(|arguments| {
                    let call = ToolCall { arguments: arguments.clone(), ..call };
                    self.tool(rules, key, (call, None), context)
                }));
                continue;
            }
            let Some(subject) = Subject::of_call(&key, &call.name) else { continue };
            let asks = match transcript::standing(rules, context.steps, subject, &call.arguments) {
                Standing::Passed => false,
                Standing::Open => continue,
                Standing::Due(judges) => {
                    let about = (Some(&*call.name), Some(&call.arguments));
                    match self.judge(rules, judges, about, context) {
                        Ok(judges) => steps.extend(judges),
                        Err(failure) => return Next::Fail(failure),
                    }
                    continue;
                }
                Standing::Refused(guardrail, _) if guardrail.then == Then::Ask => true,
                Standing::Refused(_, message) => {
                    steps.push(self.tool(rules, key, (call, Some(message)), context));
                    continue;
                }
            };
            let policy = rules.approvals.get(&call.name);
            if asks || policy.is_some_and(|policy| context.needs_approval(&policy.when, &call.arguments)) {
                let timeout = policy.and_then(|policy| policy.timeout);
                requests.push(Request {
                    step: key,
                    tool: call.name.into(),
                    arguments: call.arguments,
                    timeout,
                });
            } else {
                steps.push(self.tool(rules, key, (call, None), context));
            }
        }
        Next::Steps { steps, requests }
    }

    /// Asks judges about a value, all at the same time: the arguments of a tool, an output, or else the input.
    fn judge(
        &self,
        rules: &Rules,
        judges: Vec<(StepKey, usize)>,
        (tool, value): (Option<&str>, Option<&Payload>),
        context: &Context<'_>,
    ) -> Result<Vec<Step>, Failure> {
        // Secrets are for the agent of the node alone.
        let Resolved { input, .. } = context.resolve_call(&self.input)?;
        let step = |(key, number): (StepKey, usize)| {
            let guardrail = rules.guardrails.get(number)?;
            let judge = guardrail.judge()?;
            let judgement = Judgement {
                agent_id: judge.agent_id,
                version: context.agent_version(judge.agent_id),
                skill: Arc::clone(&judge.skill),
                stage: guardrail.on,
                tool: tool.map(Into::into),
                value: value.cloned(),
                fails: guardrail.then == Then::Fail,
            };
            Some(Step {
                key,
                task: Task::Judge(Box::new(judgement)),
                input: input.clone(),
                secrets: Arc::default(),
                timeout: None,
                is_constant: self.input.constant().is_some(),
                is_of_attempt: true,
                tokens: None,
                tool: Some(guardrail.name.as_str().into()),
                reserved: None,
            })
        };
        Ok(judges.into_iter().filter_map(step).collect())
    }

    fn tool(
        &self,
        rules: &Rules,
        key: StepKey,
        (call, refusal): (ToolCall, Option<Arc<str>>),
        context: &Context<'_>,
    ) -> Step {
        let asked = rules.asked.get(&call.name);
        let shown: String = call.name.chars().take(NAME_CHARS_SHOWN).collect();
        Step {
            key,
            task: Task::Tool {
                agent_id: self.agent_id,
                version: context.agent_version(self.agent_id),
                skill: Arc::clone(&self.skill),
                asked_version: asked.and_then(|&agent| context.agent_version(agent)),
                tool: call.name.into(),
                refusal,
            },
            tool: Some(shown.into()),
            input: call.arguments,
            secrets: Arc::default(),
            timeout: None,
            is_constant: false,
            is_of_attempt: false,
            tokens: None,
            reserved: None,
        }
    }
}

/// Completes with an output that a person has approved, or asks for that.
fn approve(step: StepKey, guardrail: String, output: Payload, context: &Context<'_>) -> Next {
    match context.approvals.iter().find(|approval| approval.step == step) {
        Some(approval) => match approval.approved() {
            Some(output) => Next::Complete(output.clone()),
            None => Next::Steps { steps: Vec::new(), requests: Vec::new() },
        },
        None => {
            let request = Request { step, tool: guardrail.into(), arguments: output, timeout: None };
            Next::Steps { steps: Vec::new(), requests: vec![request] }
        }
    }
}

fn example() -> Value {
    json!({
        "id": "score", "name": "Score vendor", "type": "agent",
        "agent_id": "018f3a5e-0000-7000-8000-000000000001", "skill": "realtime_risk_analysis",
        "input": { "vendor_id": "${trigger_data.vendor_id}" },
    })
}

impl NodeKind for Agent {
    fn about(&self) -> &'static About {
        &Self::ABOUT
    }

    fn input(&self) -> Option<&Template> {
        Some(&self.input)
    }

    fn expressions(&self) -> Vec<(String, &Expression)> {
        let of_input =
            self.input.expressions().map(|(below, expression)| (format!("/input{below}"), expression));
        of_input.chain(self.session.iter().flat_map(Session::expressions)).collect()
    }

    fn begin(&self, context: &Context<'_>) -> Next {
        if let Some(session) = self.session.as_ref().filter(|_| !context.has_session()) {
            return session.wanted(context).map_or_else(Next::Fail, Next::Session);
        }
        let version = context.agent_version(self.agent_id);
        match context.rules(self.agent_id, &self.skill) {
            Some(rules) => self.summarize(&rules, context).unwrap_or_else(|| self.go_on(&rules, context)),
            None if context.steps.is_empty() => {
                let task = Task::Skill { agent_id: self.agent_id, version, skill: Arc::clone(&self.skill) };
                Next::call(task, &self.input, context)
            }
            None => {
                let message = "The agent that was asked can no longer be read: it was deleted, or is damaged";
                Next::Fail(Failure::new(ErrorClass::Configuration, message))
            }
        }
    }

    fn resume(&self, context: &Context<'_>, resumed: Resumed) -> Next {
        match resumed {
            Resumed::Step { key, result } if key == StepKey::ONLY => result.into(),
            Resumed::Step { key, .. } if is_summary(&key) => self.begin(context),
            Resumed::Step { key, result: Err(failure) } => {
                let rules = context.rules(self.agent_id, &self.skill);
                match transcript::failure_of(rules.as_deref(), context.steps, &key, failure) {
                    Some(failure) => Next::Fail(failure),
                    None => self.begin(context),
                }
            }
            Resumed::Step { .. } => self.begin(context),
            Resumed::Elapsed | Resumed::Child { .. } | Resumed::Event { .. } => Next::Pending,
        }
    }

    fn skill(&self) -> Option<(AgentId, &str)> {
        Some((self.agent_id, &self.skill))
    }

    fn names_session(&self) -> bool {
        self.session.is_some()
    }
}
