//! Commits that the database refuses.
//!
//! One transaction holds the decisions of many executions, and fails as a whole. After a failure each of them is committed
//! in a batch of its own until that succeeds, so that one bad decision holds up no other. If the database will never take
//! what a single execution decided, the execution fails, and says why. If it does not take that either, the execution is
//! left as it is stored, and taken up at the next start.

use steadflow_core::execution::Input;
use steadflow_core::ids::ExecutionId;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{Commit, Projection, StoreError};

use super::live::Queued;
use super::{Origin, Reply, Shard};

/// Bytes after which a batch takes no further commit.
const BATCH_BYTES: usize = 8 * 1024 * 1024;

impl Shard {
    /// Takes those commits out of `commits` that go into the next batch: from the first on, together with what follows from
    /// each, as many as fit; one that failed before alone.
    pub(super) fn next_commits(&mut self) -> Vec<Commit> {
        let mut bytes = 0;
        let mut end = 0;
        for (place, commit) in self.commits.iter().enumerate() {
            let is_new_group = place > 0 && commit.follows.is_none();
            let is_alone = !self.suspects.is_empty()
                && (self.suspects.contains(&commit.execution)
                    || self.suspects.contains(&self.commits[0].execution));
            if is_new_group && (bytes > BATCH_BYTES || is_alone) {
                break;
            }
            bytes += bytes_of(commit);
            end = place + 1;
        }
        let rest = self.commits.split_off(end);
        std::mem::replace(&mut self.commits, rest)
    }

    /// A batch was refused, perhaps because of one of these executions: each is committed alone the next time.
    pub(super) fn suspect(&mut self, executions: &[ExecutionId]) {
        self.suspects.extend(executions);
    }

    /// The database will never take a batch.
    pub(super) fn refused(&mut self, executions: &[ExecutionId], error: &StoreError, now: Timestamp) {
        let is_alone = executions.first().is_some_and(|first| self.suspects.contains(first));
        let is_group = is_alone || executions.len() == 1;
        for id in executions {
            self.take_back(*id, || Reply::Unavailable, now);
            self.goes_on_at(*id, now);
        }
        match executions {
            [first, ..] if is_group => self.fail_refused(*first, error, now),
            several => self.suspect(several),
        }
        tracing::error!(
            error = %error,
            source = std::error::Error::source(error).map(tracing::field::display),
            executions = executions.len(),
            "the database refused a batch for ever"
        );
    }

    /// Fails an execution whose decision is refused for ever. If that is refused, too, it is left as it is stored.
    fn fail_refused(&mut self, id: ExecutionId, error: &StoreError, now: Timestamp) {
        let Some(live) = self.live.get_mut(&id) else { return };
        if std::mem::replace(&mut live.is_refused, true) {
            return self.leave_alone(id, now);
        }
        let reason = std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
        let input = Input::Refused { reason: reason.into() };
        live.inbox.push_front(Queued::Input(input, Origin::Engine));
    }

    fn leave_alone(&mut self, id: ExecutionId, now: Timestamp) {
        tracing::error!(execution.id = %id, "an execution cannot even be failed; it is left alone until the next start");
        let Some(live) = self.forget(id) else { return };
        let flow = live.execution.accepted().flow;
        self.granted.remove(&id);
        if live.execution.started_at().is_some() {
            self.flows.entry(flow).or_default().free_slot();
        }
        self.turn_away(id, live.inbox, now);
        for waiter in self.waiters.remove(&id).unwrap_or_default() {
            self.reply(waiter, Reply::Unavailable);
        }
        self.grant_slots(flow, now);
    }

    /// Lets an execution that was taken back decide again at `at`.
    fn goes_on_at(&mut self, id: ExecutionId, at: Timestamp) {
        if let Some(live) = self.live.get_mut(&id) {
            live.held_until = Some(at);
            self.arm_timer(id);
        }
    }
}

fn bytes_of(commit: &Commit) -> usize {
    let record = commit.record.as_ref().map_or(0, |record| record.len());
    record
        + match &commit.projection {
            Projection::Tail | Projection::Shown(_) => 0,
            Projection::Snapshot { journal, .. }
            | Projection::Parked { journal, .. }
            | Projection::Finished { journal, .. } => journal.len(),
        }
}
