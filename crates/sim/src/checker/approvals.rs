//! What waits for a person (P1 to P5): no call begins without approval, each is decided on once and in time, no decision that
//! a person knows of is lost, and a node ends by what was decided.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};
use steadflow_core::approval::{Answer, Subject, Verdict as Said, hash_of};
use steadflow_core::event::Event;
use steadflow_core::execution::{ExecutionStatus, Rejected, Wait};
use steadflow_core::failure::ErrorClass;
use steadflow_core::ids::{ExecutionId, NodeId, NodeIndex, StepKey};
use steadflow_core::payload::Payload;
use steadflow_core::timestamp::Timestamp;
use steadflow_core::transcript::decided_on;
use steadflow_runtime::shard::Reply;
use steadflow_store::{Commit, InboxId};

use super::parts::{Parts, StepStory};
use super::story::{NodeStory, Story};
use super::{Checker, Verdict};
use crate::agents::needs_approval;

/// A call that waits for approval, or waited.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) execution: ExecutionId,
    pub(crate) node: NodeId,
    pub(crate) step: StepKey,
    pub(crate) hash: Arc<str>,
    /// Whether it can be decided on.
    pub(crate) is_open: bool,
}

/// What people said, as far as it is stored or was answered.
#[derive(Debug, Default)]
pub(super) struct Decisions {
    /// Stored for an execution, and not taken in.
    stored: BTreeMap<InboxId, (ExecutionId, NodeId, Answer)>,
    /// The calls that somebody was told to have decided on.
    answered: BTreeSet<(ExecutionId, NodeId, StepKey)>,
}

/// One call that waits, or waited.
#[derive(Debug)]
struct Approval {
    hash: Arc<str>,
    expires_at: Option<Timestamp>,
    said: Option<(Said, Option<Arc<str>>)>,
}

/// The approvals of one node.
#[derive(Debug, Default)]
pub(super) struct Approvals(BTreeMap<StepKey, Approval>);

impl Approvals {
    fn open(&self) -> impl Iterator<Item = &Approval> {
        self.0.values().filter(|approval| approval.said.is_none())
    }

    /// Returns whether nothing waits for a person.
    pub(super) fn are_decided(&self) -> bool {
        self.open().next().is_none()
    }

    /// Returns what was decided on the last question of a node.
    fn of_node(&self) -> Option<&(Said, Option<Arc<str>>)> {
        let is_of_node = |key: &&StepKey| decided_on(key) == Subject::Node;
        self.0.get(self.0.keys().filter(is_of_node).max()?)?.said.as_ref()
    }

    /// A node completes, by what was decided.
    pub(super) fn gave(&self, output: &Payload) -> Verdict {
        let decided = self.output();
        if decided.is_none() || output.to_value().ok() != decided {
            return Err(format!("P5: a person has decided {decided:?}"));
        }
        Ok(())
    }

    /// Returns the output of a node of which a person decided; `None` if it has asked nobody.
    fn output(&self) -> Option<Value> {
        let (said, comment) = self.of_node()?;
        let (decision, form) = match said {
            Said::Approved { arguments } => {
                ("approved", arguments.as_ref().and_then(|form| form.to_value().ok()))
            }
            Said::Rejected | Said::Cancelled => ("rejected", None),
            Said::Expired => ("timed_out", None),
        };
        let by = (*said != Said::Expired).then(|| json!({ "type": "user", "id": null }));
        Some(json!({ "decision": decision, "by": by, "comment": comment, "form": form }))
    }

    /// Returns whether a node fails with this class because of what was decided.
    pub(super) fn failed_by(&self, class: ErrorClass) -> bool {
        match self.of_node() {
            Some((Said::Rejected | Said::Cancelled, _)) => class == ErrorClass::Rejected,
            Some((Said::Expired, _)) => class == ErrorClass::Timeout,
            Some((Said::Approved { .. }, _)) | None => false,
        }
    }
}

impl Parts {
    /// A call begins with these arguments.
    pub(super) fn is_approved(&self, step: &StepKey, input: Option<&Payload>) -> Verdict {
        let Some(call) = self.call_asked_for(step) else { return Ok(()) };
        let (tool, arguments) = (call["name"].as_str().unwrap_or_default(), &call["arguments"]);
        let allowed = match self.approvals.0.get(step).map(|approval| &approval.said) {
            Some(Some((Said::Approved { arguments: Some(edited) }, _))) => edited.to_value().ok(),
            Some(Some((Said::Approved { arguments: None }, _))) => Some(arguments.clone()),
            Some(said) => return Err(format!("P1: call {step} begins, and what was decided is {said:?}")),
            None if needs_approval(tool, arguments) => {
                return Err(format!("P1: call {step} of {tool} begins without approval"));
            }
            None => Some(arguments.clone()),
        };
        let given = input.and_then(|input| input.to_value().ok());
        if given == allowed {
            return Ok(());
        }
        Err(format!("P1: call {step} begins with {given:?}, and may begin with {allowed:?}"))
    }

    /// Returns the tool, and its arguments, that a stored answer of the model asks for under this key.
    fn call_asked_for(&self, step: &StepKey) -> Option<Value> {
        let mut words = step.name()?.strip_prefix("tool:")?.split(':');
        let (turn, number) = (words.next()?, words.next()?.parse::<usize>().ok()?);
        self.answer_of(turn)?.to_value().ok()?.get("tool_calls")?.get(number).cloned()
    }
}

impl Story {
    pub(super) fn approval_requested(&mut self, node: NodeIndex, event: &Event, at: Timestamp) -> Verdict {
        let Event::ApprovalRequested { step, tool, arguments, hash, expires_at, .. } = event else {
            return Ok(());
        };
        if decided_on(step) == Subject::Node {
            return self.node_asks(node, event, at);
        }
        let parts = &mut self.nodes[node.at()].parts;
        let call = parts.call_asked_for(step).unwrap_or_default();
        let is_of_this_call =
            call["name"] == **tool && Some(&call["arguments"]) == arguments.to_value().ok().as_ref();
        if !is_of_this_call || hash_of(arguments) != *hash || parts.steps.contains_key(step) {
            return Err(format!("P2: the approval of {step} is not that of a call to come"));
        }
        if !needs_approval(tool, &call["arguments"]) {
            return Err(format!("P2: {step} of {tool} waits for approval and needs none"));
        }
        let approval = Approval { hash: Arc::clone(hash), expires_at: *expires_at, said: None };
        match parts.approvals.0.insert(step.clone(), approval) {
            None => Ok(()),
            Some(_) => Err(format!("P2: the approval of {step} is asked for twice")),
        }
    }

    /// A node asks a person by itself, once in place of an attempt.
    fn node_asks(&mut self, node: NodeIndex, event: &Event, at: Timestamp) -> Verdict {
        let Event::ApprovalRequested { step, arguments, hash, expires_at, .. } = event else { return Ok(()) };
        let due = self.graph().node(node).attempt_timeout.map(|timeout| at.plus(timeout));
        let story = &mut self.nodes[node.at()];
        let key = format!("approval:{}", story.attempts.len() + 1);
        if step.name() != Some(&*key) || story.wait != Some(Wait::Approval) {
            return Err(format!(
                "P2: {step} is asked, and {key} may be, while it waits for {:?}",
                story.wait
            ));
        }
        if hash_of(arguments) != *hash || *expires_at != due {
            return Err(format!("P2: {step} has another hash, or another end than {due:?}"));
        }
        let approval = Approval { hash: Arc::clone(hash), expires_at: *expires_at, said: None };
        match story.parts.approvals.0.insert(step.clone(), approval) {
            None => Ok(()),
            Some(_) => Err(format!("P2: {step} is asked twice")),
        }
    }

    pub(super) fn approval_decided(&mut self, node: NodeIndex, event: &Event, at: Timestamp) -> Verdict {
        let Event::ApprovalDecided { step, verdict, comment, .. } = event else { return Ok(()) };
        let parts = &mut self.nodes[node.at()].parts;
        let open = parts.approvals.0.get_mut(step).filter(|approval| approval.said.is_none());
        let Some(open) = open else { return Err(format!("P2: {step} is decided on and does not wait")) };
        if *verdict == Said::Expired && open.expires_at.is_none_or(|expires_at| at < expires_at) {
            return Err(format!("P2: {step} expires before its time, {:?}", open.expires_at));
        }
        open.said = Some((verdict.clone(), comment.clone()));
        if let Some(failure) = verdict.failure(decided_on(step), comment.as_deref()) {
            parts.steps.insert(step.clone(), StepStory::Failed(failure.class, failure.message));
        }
        Ok(())
    }

    /// Returns whether a call waits that can be decided on.
    pub(crate) fn has_open_approval(&self) -> bool {
        self.waiting_nodes().any(|node| node.parts.approvals.open().next().is_some())
    }

    /// Returns whether a call waits that was to be refused before `limit`. A pause holds that up.
    pub(super) fn has_overdue_approval(&self, limit: impl Fn(Timestamp) -> bool) -> bool {
        let is_overdue = |approval: &Approval| approval.expires_at.is_some_and(&limit);
        self.status() == ExecutionStatus::Running
            && self.waiting_nodes().any(|node| node.parts.approvals.open().any(is_overdue))
    }

    fn waiting_nodes(&self) -> impl Iterator<Item = &NodeStory> {
        let is_over = self.status().is_finished();
        self.nodes.iter().filter(move |node| node.end.is_none() && !is_over)
    }

    /// Returns how many calls had to be approved, and how many of them were decided on.
    pub(crate) fn approvals_counted(&self) -> (u64, u64) {
        let all = || self.nodes.iter().flat_map(|node| node.parts.approvals.0.values());
        let decided = all().filter(|approval| approval.said.is_some());
        (all().count() as u64, decided.count() as u64)
    }

    fn approval(&self, node: &NodeId, step: &StepKey) -> Option<(&NodeStory, &Approval)> {
        let node = &self.nodes[self.graph().find(node.as_str())?.at()];
        Some((node, node.parts.approvals.0.get(step)?))
    }

    /// Returns whether an answer decides something: its call waits, with these arguments.
    fn waits_for(&self, node: &NodeId, answer: &Answer) -> bool {
        let is_open = |(node, approval): (&NodeStory, &Approval)| {
            node.end.is_none() && approval.said.is_none() && approval.hash == answer.hash
        };
        !self.status().is_finished() && self.approval(node, &answer.step).is_some_and(is_open)
    }
}

impl Checker {
    /// Returns all calls that had or have to be approved.
    pub(crate) fn approvals(&self) -> Vec<Asked> {
        let of_story = |story: &Story| {
            let is_over = story.status().is_finished();
            let nodes = story.nodes.iter().zip(0..);
            nodes
                .flat_map(|(node, at)| {
                    node.parts.approvals.0.iter().map(move |(step, approval)| Asked {
                        execution: story.id(),
                        node: story.node_id(NodeIndex(at)),
                        step: step.clone(),
                        hash: Arc::clone(&approval.hash),
                        is_open: approval.said.is_none() && node.end.is_none() && !is_over,
                    })
                })
                .collect::<Vec<_>>()
        };
        self.stories.values().flat_map(of_story).collect()
    }

    /// What a person said is stored for an execution.
    pub(crate) fn answer_is_stored(
        &mut self,
        item: InboxId,
        execution: ExecutionId,
        node: &NodeId,
        answer: &Answer,
    ) {
        self.decisions.stored.insert(item, (execution, node.clone(), answer.clone()));
    }

    /// Something follows from what a commit took in, or could not follow any more.
    pub(super) fn answers_count(&mut self, commit: &Commit) -> Verdict {
        for item in &commit.takes {
            let Some((id, node, answer)) = self.decisions.stored.remove(item) else { continue };
            if self.story(id).is_some_and(|story| story.waits_for(&node, &answer)) {
                return Err(format!("P3: {answer:?} for {id} was taken in, and its call still waits"));
            }
        }
        Ok(())
    }

    /// Returns whether an answer, which is to be deleted, decides something.
    pub(super) fn is_needed_by(&self, id: ExecutionId, node: &NodeId, answer: &Answer) -> bool {
        self.story(id).is_some_and(|story| story.waits_for(node, answer))
    }

    /// A person was told what became of a decision.
    pub(super) fn approval_answered(
        &mut self,
        id: ExecutionId,
        (node, answer): (&NodeId, &Answer),
        reply: &Reply,
        may_write: bool,
    ) -> Verdict {
        let Some(story) = self.story(id) else { return Ok(()) };
        let known = story.approval(node, &answer.step).and_then(|(_, approval)| {
            let (said, comment) = approval.said.clone()?;
            Some((said, comment, Arc::clone(&approval.hash)))
        });
        match reply {
            Reply::Done => {
                let told = (answer.verdict.clone(), answer.comment.clone(), Arc::clone(&answer.hash));
                if known.as_ref() != Some(&told) {
                    return Err(format!(
                        "P3: {told:?} on a call of {id} was answered, recorded is {known:?}"
                    ));
                }
                if !self.decisions.answered.insert((id, node.clone(), answer.step.clone())) {
                    return Err(format!("P4: {} of {id} was decided on twice", answer.step));
                }
                Ok(())
            }
            Reply::Rejected(Rejected::AlreadyDecided(first))
                if known.as_ref().map(|(said, comment, _)| (said, comment))
                    != Some((&first.verdict, &first.comment)) =>
            {
                Err(format!("P4: a call of {id} is said to be {first:?}, recorded is {known:?}"))
            }
            Reply::Rejected(why) if may_write && story.waits_for(node, answer) => {
                Err(format!("P3: {answer:?} for {id} was refused, and its call waits: {why}"))
            }
            Reply::Rejected(_)
            | Reply::Accepted
            | Reply::Hit(_)
            | Reply::Snapshot(_)
            | Reply::NotHere
            | Reply::Shown
            | Reply::Protection(_)
            | Reply::Accounts(_)
            | Reply::StorageFull
            | Reply::Overloaded
            | Reply::Unavailable => Ok(()),
        }
    }
}
