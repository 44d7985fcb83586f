//! What waits until a person has decided on it.

use std::sync::Arc;

use super::decide::Decider;
use super::{Execution, NodeExecution, NodeState, Rejected};
use crate::approval::{Answer, Approval, Decided, Request, Verdict, hash_of, node_key};
use crate::caller::Actor;
use crate::event::{Event, StepResult};
use crate::flow::Node;
use crate::ids::{NodeId, NodeIndex, StepKey};
use crate::node::Resumed;
use crate::payload::Payload;
use crate::status::Wait;
use crate::step::StepRecord;
use crate::timestamp::Timestamp;
use crate::transcript::decided_on;

impl Decider<'_> {
    /// Records that a call has to be approved before it begins.
    pub(super) fn request_approval(&mut self, node: NodeIndex, request: Request) {
        let Request { step, tool, arguments, timeout } = request;
        let hash = hash_of(&arguments);
        let expires_at = timeout.map(|timeout| self.now.plus(timeout));
        self.emit(Event::ApprovalRequested { node, step, tool, arguments, hash, expires_at, input: None });
    }

    /// Lets a node wait for a person, who is shown `arguments`.
    pub(super) fn ask_person(&mut self, node: NodeIndex, arguments: Payload) {
        let Node { name, attempt_timeout, .. } = self.node(node);
        let step = node_key(self.execution.node(node).next_attempt());
        self.emit(Event::NodeWaiting { node, wait: Wait::Approval });
        let (tool, timeout) = (Arc::clone(name), *attempt_timeout);
        self.request_approval(node, Request { step, tool, arguments, timeout });
    }

    /// Takes in what a person has decided, which [`Execution::check_answer`] allows.
    pub(super) fn approve(&mut self, id: NodeId, answer: Answer, by: Actor) -> Result<(), Rejected> {
        let node = self.find(id)?;
        self.decide_approval(node, answer, by);
        Ok(())
    }

    /// Refuses the calls of `node` on which nobody has decided in time.
    pub(super) fn refuse_overdue_approvals(&mut self, node: NodeIndex) {
        let now = self.now;
        let overdue = |node: &NodeExecution| {
            let late = |approval: &&Approval| approval.expires_at.is_some_and(|at| at <= now);
            node.open_approvals().find(late).cloned()
        };
        while let Some(approval) = overdue(self.execution.node(node)) {
            let (step, hash, verdict) = (approval.step, approval.hash, Verdict::Expired);
            self.decide_approval(node, Answer { step, hash, verdict, comment: None }, Actor::SYSTEM);
        }
    }

    fn decide_approval(&mut self, node: NodeIndex, answer: Answer, by: Actor) {
        let Answer { step, hash: _, verdict, comment } = answer;
        let refused = verdict.failure(decided_on(&step), comment.as_deref());
        self.emit(Event::ApprovalDecided { node, step: step.clone(), verdict, comment, by });
        let is_asked_by_node = self.execution.node(node).state == NodeState::Waiting(Wait::Approval);
        // What is between two attempts goes on with the next one.
        if self.execution.node(node).running_attempt().is_none() && !is_asked_by_node {
            return;
        }
        match refused {
            Some(failure) => {
                self.resume(node, Resumed::Step { key: step, result: Err(failure) }, None);
            }
            None => self.begin(node),
        }
    }
}

impl Execution {
    /// Returns what waits for a person under a key, if that can be decided on.
    ///
    /// # Errors
    /// There is no such call, it was decided on before, or the node or the execution has ended.
    pub fn open_approval(&self, node: &NodeId, step: &StepKey) -> Result<&Approval, Rejected> {
        let index = self.graph().find(node.as_str()).ok_or_else(|| Rejected::NoSuchNode(node.clone()))?;
        let node = self.node(index);
        let approval = node.approval(step).ok_or_else(|| Rejected::NoSuchApproval(step.clone()))?;
        match &approval.decided {
            Some(decided) => Err(Rejected::AlreadyDecided(Box::new(decided.clone()))),
            None if self.status.is_finished() => Err(Rejected::Finished(self.status)),
            None if node.is_ended() || approval.is_over => Err(Rejected::NotWaiting),
            None => Ok(approval),
        }
    }

    /// Returns whether a decision can be taken.
    ///
    /// # Errors
    /// As [`Self::open_approval`], or the decision is about other arguments.
    pub(super) fn check_answer(&self, node: &NodeId, answer: &Answer) -> Result<(), Rejected> {
        let approval = self.open_approval(node, &answer.step)?;
        if approval.hash == answer.hash { Ok(()) } else { Err(Rejected::OtherArguments) }
    }

    pub(super) fn apply_approval_requested(&mut self, event: &Event, at: Timestamp) {
        let Event::ApprovalRequested { node, step, tool, arguments, hash, expires_at, input } = event else {
            return;
        };
        let node = &mut self.nodes[node.at()];
        if let Some(input) = input {
            node.suspend_call(&input.call);
        }
        node.approvals.push(Approval {
            step: step.clone(),
            tool: tool.clone(),
            arguments: arguments.clone(),
            hash: hash.clone(),
            requested_at: at,
            expires_at: *expires_at,
            decided: None,
            input: input.clone(),
            is_over: false,
        });
        node.held_since = node.held_since.or(node.is_held().then_some(at));
    }

    pub(super) fn apply_approval_decided(&mut self, event: &Event, at: Timestamp) {
        let Event::ApprovalDecided { node, step, verdict, comment, by } = event else { return };
        let node = &mut self.nodes[node.at()];
        let attempt = node.last_attempt();
        let approval = node.approvals.iter_mut().find(|approval| approval.step == *step);
        let approval = approval.expect("what is decided on was asked for");
        let (verdict, comment) = (verdict.clone(), comment.clone());
        if let Some(failure) = verdict.failure(decided_on(step), comment.as_deref()) {
            let input = Some(approval.arguments.clone());
            let result =
                StepResult::Failed { class: failure.class, message: failure.message.into(), status: None };
            let begun = StepRecord::begun(step, at);
            node.steps.push(StepRecord { attempt, input, ended_at: Some(at), result: Some(result), ..begun });
        }
        approval.decided = Some(Decided { verdict, comment, by: by.clone(), at });
    }
}

impl NodeExecution {
    /// Returns the call with this key that had or has to be approved.
    pub fn approval(&self, step: &StepKey) -> Option<&Approval> {
        self.approvals.iter().find(|approval| approval.step == *step)
    }

    /// Returns the calls that wait for a decision.
    pub fn open_approvals(&self) -> impl Iterator<Item = &Approval> {
        let is_ended = self.is_ended();
        self.approvals.iter().filter(move |approval| approval.is_open() && !is_ended)
    }

    /// Returns whether a call waits for a decision.
    pub fn has_open_approval(&self) -> bool {
        self.open_approvals().next().is_some()
    }

    /// Returns when the next of its calls is refused because nobody has decided.
    pub(super) fn next_expiry(&self) -> Option<Timestamp> {
        self.open_approvals().filter_map(|approval| approval.expires_at).min()
    }

    /// Checks that an event about an approval can follow.
    pub(super) fn check_approval(&self, event: &Event) -> Result<(), &'static str> {
        if let Event::ApprovalRequested { step, .. } = event
            && self.approval(step).is_some()
        {
            return Err("an approval was asked for twice");
        }
        if let Event::StepStarted { step, .. } = event
            && self.approval(step).is_some_and(|approval| approval.approved().is_none())
        {
            return Err("a call began that was not approved");
        }
        if let Event::ApprovalDecided { step, .. } = event
            && !self.approval(step).is_some_and(Approval::is_open)
        {
            return Err("an approval was decided that was not open");
        }
        Ok(())
    }
}
