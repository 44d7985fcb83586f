//! People who decide on calls that wait for approval: in time or too late, once or twice, alone or two at once.

use std::sync::Arc;

use serde_json::json;
use steadflow_core::approval::{Answer, Verdict, hash_of};
use steadflow_core::caller::Actor;
use steadflow_core::ids::{ExecutionId, TenantId};
use steadflow_core::inbox::Signal;
use steadflow_core::payload::Payload;

use crate::agents::{WITH_OTHERS, WITH_TOOLS};
use crate::checker::{Asked, What};
use crate::flows::Case;
use crate::world::{Happening, World};

/// Returns whether a flow asks an agent whose tools need approval.
pub(crate) fn asks_the_agent(case: &Case) -> bool {
    let agents = &case.current().flow.graph.agents;
    agents.contains(&WITH_TOOLS) || agents.contains(&WITH_OTHERS)
}

impl World {
    /// Somebody looks at the calls that wait for approval, and perhaps decides. Then the next one comes.
    pub(crate) fn approver_acts(&mut self) -> Result<(), String> {
        let after = self.approvers.millis(200, 4_000);
        self.after(after, Happening::Approver);
        if !self.is_healed() && self.approvers.happens(150) {
            return self.starts_agents();
        }
        let all = self.checker.approvals();
        let open: Vec<Asked> = all.iter().filter(|asked| asked.is_open).cloned().collect();
        let from = if open.is_empty() || self.approvers.happens(150) { &all } else { &open };
        let Some(asked) = self.approvers.pick(from).cloned() else { return Ok(()) };
        let first = self.answer_to(&asked);
        match self.approvers.below(10) {
            0..=4 => self.answers(&asked, first),
            // Two people at once, who need not agree.
            5..=6 => {
                let second = self.answer_to(&asked);
                self.answers(&asked, first)?;
                self.answers(&asked, second)
            }
            // The same once more, as a client does that did not hear an answer.
            7 => {
                self.answers(&asked, first.clone())?;
                self.answers(&asked, first)
            }
            8 => self.answers(&asked, Answer { hash: hash_of(&Payload::null()), ..first }),
            _ => {
                let (execution, signal) = (asked.execution, said(&asked, first));
                self.checker.change_is_asked(execution, What::Approve);
                self.note(format_args!("an answer is stored for {execution}: {signal:?}"));
                self.send(TenantId::DEFAULT, execution, &signal)
            }
        }
    }

    /// Starts a flow that asks the agent, so that there is something to decide on.
    fn starts_agents(&mut self) -> Result<(), String> {
        let asking: Vec<usize> =
            (0..self.cases.len()).filter(|at| asks_the_agent(&self.cases[*at])).collect();
        let (Some(&case), Some(process)) = (self.approvers.pick(&asking), self.some_process()) else {
            return Ok(());
        };
        self.start(process, case)
    }

    /// Returns what somebody says to a call of this execution that waits.
    pub(super) fn some_answer(&mut self, execution: ExecutionId) -> Option<Signal> {
        let asked = self.checker.approvals();
        let asked = asked.into_iter().find(|asked| asked.execution == execution && asked.is_open)?;
        let answer = self.answer_to(&asked);
        Some(said(&asked, answer))
    }

    fn answers(&mut self, asked: &Asked, answer: Answer) -> Result<(), String> {
        let Some(process) = self.some_process() else { return Ok(()) };
        self.ask(process, asked.execution, What::Approve, said(asked, answer))
    }

    fn answer_to(&mut self, asked: &Asked) -> Answer {
        let number = self.approvers.below(100);
        let edited = || Payload::from_value(&json!({ "n": number, "by": "a person" }));
        let verdict = match self.approvers.below(3) {
            0 => Verdict::Approved { arguments: None },
            1 => Verdict::Approved { arguments: Some(edited()) },
            _ => Verdict::Rejected,
        };
        let comment = self.approvers.happens(500).then(|| Arc::from(format!("reason {number}")));
        Answer { step: asked.step.clone(), hash: Arc::clone(&asked.hash), verdict, comment }
    }
}

fn said(asked: &Asked, answer: Answer) -> Signal {
    Signal::Approve { node: asked.node.clone(), answer, by: Actor::USER }
}
