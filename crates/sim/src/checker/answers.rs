//! What clients were answered must be on disk: D1, D2, D5, A9.

use std::sync::Arc;

use steadflow_core::execution::{ExecutionStatus, Rejected};
use steadflow_core::ids::ExecutionId;
use steadflow_core::inbox::Signal;
use steadflow_runtime::Change;
use steadflow_runtime::shard::{Loaded, Reply};
use steadflow_store::{ExecutionFilter, MemoryStore, Page, Worker as Lessee};

use super::{Checker, Verdict};

/// What a client asked.
#[derive(Clone, Debug)]
pub(crate) enum Call {
    /// To start an execution, perhaps as a retry.
    Start { execution: ExecutionId, key: Option<Arc<str>> },
    /// To be notified of an end.
    Await { execution: ExecutionId },
    /// To change an execution whose journal was this long.
    Change { execution: ExecutionId, what: What, signal: Signal, seq: u64 },
    /// To see an execution.
    Read,
    /// To have these, in these statuses, shown in lists.
    Show { seen: Vec<(ExecutionId, ExecutionStatus)> },
}

/// A change that a person asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    Cancel,
    Pause,
    Resume,
    RetryNow,
    Decide,
    Approve,
}

impl Checker {
    /// A client got an answer, perhaps from a worker that does not know yet that it was replaced.
    pub(crate) fn answered(
        &mut self,
        call: &Call,
        reply: &Reply,
        lessee: Option<Lessee>,
        store: &MemoryStore,
    ) -> Verdict {
        let lessee = lessee.filter(|lessee| self.may_write(*lessee));
        match (call, reply) {
            (Call::Start { execution, key }, _) => self.start_answered(*execution, key.as_ref(), reply),
            (Call::Change { execution, what, seq, signal }, _) => {
                self.change_answered(*execution, *what, *seq, reply, lessee.is_some())?;
                let Signal::Approve { node, answer, .. } = signal else { return Ok(()) };
                self.approval_answered(*execution, (node, answer), reply, lessee.is_some())
            }
            (Call::Await { .. } | Call::Read, Reply::Snapshot(loaded)) => self.seen(call, loaded, lessee),
            (Call::Show { seen }, Reply::Shown) => {
                lessee.map_or(Ok(()), |lessee| self.shown(lessee, seen, store))
            }
            (Call::Await { .. } | Call::Read | Call::Show { .. }, _) => Ok(()),
        }
    }

    fn start_answered(&mut self, execution: ExecutionId, key: Option<&Arc<str>>, reply: &Reply) -> Verdict {
        let is_recorded = self.stories.contains_key(&execution);
        if matches!(reply, Reply::Accepted) {
            self.accepted.insert(execution);
            return if is_recorded {
                Ok(())
            } else {
                Err(format!("D5: {execution} was accepted and is not recorded"))
            };
        }
        if is_recorded {
            return Err(format!("D2: {execution} was refused ({reply:?}) and is recorded"));
        }
        if let Reply::Hit(hit) = reply
            && key.and_then(|key| self.keys.get(key)) != Some(&hit.execution)
        {
            return Err(format!("A9: {key:?} is said to have started {}", hit.execution));
        }
        Ok(())
    }

    fn change_answered(
        &self,
        execution: ExecutionId,
        what: What,
        seq: u64,
        reply: &Reply,
        may_write: bool,
    ) -> Verdict {
        let story = self.stories.get(&execution).ok_or_else(|| format!("D1: {execution} is not recorded"))?;
        let status = story.status();
        if matches!(reply, Reply::Done) && story.seq() <= seq {
            return Err(format!("D5: {what:?} of {execution} was answered and is not recorded"));
        }
        // It undoes its work first, or was undoing it when it was cancelled.
        let is_undoing = story.undoing.is_some();
        let is_cancelled = status == ExecutionStatus::Cancelled || is_undoing;
        if matches!(reply, Reply::Done) && what == What::Cancel && !is_cancelled {
            return Err(format!("T6: {execution} was cancelled and is {status}"));
        }
        match reply {
            Reply::Rejected(Rejected::Finished(said)) if may_write && *said != status => {
                Err(format!("D5: {execution} is said to be {said} and is {status}"))
            }
            Reply::Rejected(_)
            | Reply::Accepted
            | Reply::Hit(_)
            | Reply::Done
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

    fn seen(&self, call: &Call, loaded: &Loaded, lessee: Option<Lessee>) -> Verdict {
        let id = loaded.execution.id();
        let story = self.stories.get(&id).ok_or_else(|| format!("D5: {id} was seen and is not recorded"))?;
        let is_prefix = story.records().starts_with(&loaded.journal);
        if !is_prefix || loaded.journal.len() as u64 != loaded.execution.seq() {
            return Err(format!("D5: a client saw records of {id} that are not recorded"));
        }
        if self.drives(lessee, id) && loaded.journal.len() != story.records().len() {
            return Err(format!("R3: a client saw an old state of {id}"));
        }
        match call {
            Call::Await { execution } if *execution != id => {
                Err(format!("D5: the end of {execution} is asked for, and {id} is the answer"))
            }
            Call::Await { .. } if !loaded.execution.status().is_finished() => {
                Err(format!("D5: the end of {id} was answered before it came"))
            }
            Call::Await { .. }
            | Call::Read
            | Call::Start { .. }
            | Call::Change { .. }
            | Call::Show { .. } => Ok(()),
        }
    }

    /// Listeners were notified of a change.
    pub(crate) fn published(&self, change: &Change) -> Verdict {
        let id = change.execution;
        let story =
            self.stories.get(&id).ok_or_else(|| format!("D5: {id} was published and is not recorded"))?;
        if change.seq > story.seq() {
            return Err(format!("D5: record {} of {id} was published and is not recorded", change.seq));
        }
        if change.seq == story.seq() && change.status != story.status() {
            return Err(format!("D5: {id} was published as {} and is {}", change.status, story.status()));
        }
        Ok(())
    }

    /// Everything that clients know of and no other worker drives is in the lists.
    fn shown(&self, lessee: Lessee, seen: &[(ExecutionId, ExecutionStatus)], store: &MemoryStore) -> Verdict {
        let page = Page { before: None, limit: usize::MAX };
        let rows =
            store.executions_now(&ExecutionFilter::default(), page).map_err(|error| error.to_string())?;
        for (id, status) in seen.iter().filter(|(id, _)| self.is_free_for(lessee, *id)) {
            let row =
                rows.iter().find(|row| row.id == *id).ok_or_else(|| format!("R4: {id} is not shown"))?;
            if status.is_finished() && row.status != *status {
                return Err(format!("R4: {id} is shown as {} and is {status}", row.status));
            }
        }
        Ok(())
    }
}
