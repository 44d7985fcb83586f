//! Inputs that were stored for an execution: each is taken in once, and soon (D1, I5, V1).

use std::collections::BTreeMap;

use steadflow_core::caller::ActorKind;
use steadflow_core::event::Event;
use steadflow_core::ids::ExecutionId;
use steadflow_core::inbox::Signal;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{Commit, InboxId, InboxInput, InboxItem, Worker as Lessee};

use super::{Checker, LATE_MAX, Verdict, What};

/// What people asked for, and what of it is stored.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    /// How often each change of an execution was asked for.
    asked: BTreeMap<(ExecutionId, What), u64>,
    /// How often it happened.
    happened: BTreeMap<(ExecutionId, What), u64>,
    /// Stored inputs that no commit has taken: for which execution, and since when.
    waiting: BTreeMap<InboxId, (ExecutionId, Timestamp)>,
    /// How many inputs were stored for each execution with the commits of others. The store numbers them.
    unnumbered: BTreeMap<ExecutionId, u64>,
}

impl Checker {
    /// A client will ask for a change of this execution.
    pub(crate) fn change_is_asked(&mut self, execution: ExecutionId, what: What) {
        *self.inbox.asked.entry((execution, what)).or_default() += 1;
        if what == What::Cancel {
            self.cancels.insert(execution);
        }
    }

    /// An input was stored.
    pub(crate) fn sent(&mut self, item: InboxId, execution: ExecutionId, now: Timestamp) {
        self.inbox.waiting.insert(item, (execution, now));
    }

    /// Inputs were deleted without a commit, from which nothing may follow. `stored` is what was stored before.
    pub(crate) fn discarded(&mut self, items: &[InboxId], stored: &[InboxItem]) -> Verdict {
        self.inbox.waiting.retain(|item, _| !items.contains(item));
        for item in stored.iter().filter(|item| items.contains(&item.id)) {
            let signal: Signal = serde_json::from_str(&item.sent.input).map_err(|error| error.to_string())?;
            if self.is_needed(&item.sent, &signal) {
                return Err(format!("I5: {signal:?} for {} is discarded", item.sent.execution));
            }
        }
        Ok(())
    }

    /// Returns whether something must follow from a signal. One of another tenant changes nothing.
    fn is_needed(&self, sent: &InboxInput, signal: &Signal) -> bool {
        let Some(story) = self.story(sent.execution).filter(|story| story.accepted.tenant == sent.tenant)
        else {
            return false;
        };
        if story.status().is_finished() {
            return false;
        }
        match signal {
            // It does not end the undoing of one that has been cancelled or has failed.
            Signal::Cancel { .. } => story.undoing.is_none(),
            Signal::StopCompensation { .. } => story.undoing.is_some(),
            Signal::Approve { node, answer, .. } => self.is_needed_by(sent.execution, node, answer),
            Signal::ChildEnded { node, child, .. } => story.waits_for_child(*node, *child),
            // Whether these change something depends on when they come.
            Signal::Interrupt { .. }
            | Signal::EventArrived { .. }
            | Signal::Pause { .. }
            | Signal::Resume { .. }
            | Signal::ResumeWithAll { .. }
            | Signal::RetryNow { .. }
            | Signal::Resolve { .. } => false,
        }
    }

    /// Returns whether an input is stored that no commit has taken.
    pub(crate) fn is_waiting(&self, item: InboxId) -> bool {
        self.inbox.waiting.contains_key(&item)
    }

    /// A commit takes what is there, for its own execution.
    pub(super) fn takes(&mut self, commit: &Commit) -> Verdict {
        for item in &commit.takes {
            match self.inbox.waiting.remove(item) {
                Some((execution, _)) if execution == commit.execution => {}
                Some((execution, _)) => {
                    return Err(format!("I5: {} takes an input for {execution}", commit.execution));
                }
                None => self.takes_unnumbered(commit.execution)?,
            }
        }
        for send in &commit.sends {
            *self.inbox.unnumbered.entry(send.execution).or_default() += 1;
            let signal: Signal = serde_json::from_str(&send.input).map_err(|error| error.to_string())?;
            // A pause goes down to the children.
            let pauses = matches!(signal, Signal::Pause { .. }).then_some(What::Pause);
            let resumes = matches!(signal, Signal::Resume { .. }).then_some(What::Resume);
            for what in pauses.into_iter().chain(resumes) {
                *self.inbox.asked.entry((send.execution, what)).or_default() += 1;
            }
        }
        Ok(())
    }

    /// A claim has sent an input for this execution.
    pub(super) fn is_interrupted(&mut self, execution: ExecutionId) {
        *self.inbox.unnumbered.entry(execution).or_default() += 1;
    }

    fn takes_unnumbered(&mut self, execution: ExecutionId) -> Verdict {
        match self.inbox.unnumbered.get_mut(&execution).filter(|left| **left > 0) {
            Some(left) => *left -= 1,
            None => return Err(format!("I5: {execution} takes an input that is deleted")),
        }
        Ok(())
    }

    /// What was asked for once happens once.
    pub(super) fn was_asked(&mut self, id: ExecutionId, events: &[Event]) -> Verdict {
        for what in events.iter().filter_map(What::of) {
            let happened = self.inbox.happened.entry((id, what)).or_default();
            *happened += 1;
            let asked = self.inbox.asked.get(&(id, what)).copied().unwrap_or(0);
            if *happened > asked {
                return Err(format!(
                    "I5: {what:?} of {id} was asked for {asked} times, and came {happened} times"
                ));
            }
        }
        Ok(())
    }

    /// A worker that is well takes in what is stored for what it drives. Asked only when it has been well for longer than
    /// that takes.
    pub(crate) fn inbox_is_read(&self, lessee: Lessee, now: Timestamp) -> Verdict {
        let entrusted: Vec<ExecutionId> = self.entrusted(lessee, LATE_MAX, now).collect();
        for (item, (execution, sent_at)) in &self.inbox.waiting {
            if now.since(*sent_at) > LATE_MAX && entrusted.contains(execution) {
                return Err(format!("V1: input {} waits for {execution} since {sent_at}", item.0));
            }
        }
        Ok(())
    }

    /// Returns an input that waits for an execution which has not ended.
    pub(super) fn lost_input(&self) -> Option<InboxId> {
        let is_lost = |id: &ExecutionId| self.story(*id).is_some_and(|story| !story.status().is_finished());
        self.inbox.waiting.iter().find(|(_, (execution, _))| is_lost(execution)).map(|(item, _)| *item)
    }
}

impl What {
    /// Returns the change that an event records.
    fn of(event: &Event) -> Option<Self> {
        match event {
            Event::Paused { .. } => Some(Self::Pause),
            Event::Resumed { .. } => Some(Self::Resume),
            Event::BackoffEnded { .. } => Some(Self::RetryNow),
            Event::Resolved { .. } => Some(Self::Decide),
            Event::ApprovalDecided { by, .. } if by.kind == ActorKind::User => Some(Self::Approve),
            Event::Accepted(_)
            | Event::Adopted { .. }
            | Event::TaskStarted { .. }
            | Event::TaskResumed { .. }
            | Event::TaskEnded { .. }
            | Event::Started
            | Event::AttemptStarted { .. }
            | Event::AttemptFailed { .. }
            | Event::AttemptReleased { .. }
            | Event::StepStarted { .. }
            | Event::StepEnded { .. }
            | Event::ApprovalRequested { .. }
            | Event::ApprovalDecided { .. }
            | Event::ChildrenStarted { .. }
            | Event::ChildEnded { .. }
            | Event::NodeCompleted { .. }
            | Event::NodeFailed { .. }
            | Event::NodeSkipped { .. }
            | Event::NodeWaiting { .. }
            | Event::EventAwaited { .. }
            | Event::SessionTaken { .. }
            | Event::CompensationStarted { .. }
            | Event::Finished { .. } => None,
        }
    }
}
