//! A batch's way to the disk and back, and what can go wrong with it.

use std::time::Duration;

use steadflow_core::ids::ExecutionId;
use steadflow_runtime::shard::{BatchId, Message};
use steadflow_runtime::worker::{Answer, Ask, IncarnationId};
use steadflow_store::{Commit, Committed, Projection, StoreError, Stored, Worker as Lessee};

use super::{Incident, ProcessId, World};
use crate::checker::{Call, Writer};
use crate::fault::Fault;
use crate::mutation::Mutation;

/// Whose batch is on its way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    pub(super) process: ProcessId,
    pub(super) by: IncarnationId,
    pub(super) lessee: Lessee,
    pub(super) batch: BatchId,
}

impl World {
    /// The process sends a batch.
    pub(super) fn submit(&mut self, sent: Sent, commits: Vec<Commit>) -> Result<(), String> {
        let Sent { process: id, by, lessee, batch } = sent;
        let Some(process) = self.processes.get_mut(&id) else { return Ok(()) };
        process.in_flight.insert((by, batch));
        let commits = self.broken(commits)?;
        let after = if self.strikes(Fault::SlowCommit) {
            self.is_unwell(id);
            self.rng.millis(200, 3_000)
        } else {
            Duration::from_micros(self.rng.between(100, 3_000))
        };
        if self.breaks(Mutation::EffectBeforeCommit) {
            let answers = vec![Committed::Done; commits.len()];
            self.later(Duration::ZERO, id, Incident::Answer(by, Answer::Committed(batch, Ok(answers))));
        }
        self.later(after, id, Incident::Ask(by, Ask::Commit(lessee, batch, commits)));
        Ok(())
    }

    /// A batch reaches the store.
    pub(super) fn apply(&mut self, sent: Sent, mut commits: Vec<Commit>) -> Result<(), String> {
        let id = sent.process;
        if self.strikes(Fault::CrashBeforeCommit) {
            return self.crash(id);
        }
        if let Some(error) = self.refuses_for_ever(&commits) {
            self.settle(sent, Err(error));
            return Ok(());
        }
        if let Some(error) = self.refusal() {
            self.is_unwell(id);
            self.settle(sent, Err(error));
            return Ok(());
        }
        if self.breaks(Mutation::CommitLost) && self.rng.happens(30) {
            self.settle(sent, Ok(vec![Committed::Done; commits.len()]));
            return Ok(());
        }
        if self.breaks(Mutation::GoneIgnored) {
            for commit in &mut commits {
                commit.takes.retain(|item| self.checker.is_waiting(*item));
            }
        }
        let lessee = if self.breaks(Mutation::NoFence) { self.checker.newest() } else { sent.lessee };
        match self.store.commit_now(lessee, commits.clone()) {
            Ok(answers) => self.is_written(sent, commits, answers),
            Err(error @ StoreError::Fenced) => {
                self.note(format_args!("{id} is fenced off"));
                self.settle(sent, Err(error));
                Ok(())
            }
            Err(error) => {
                Err(format!("R2: the store refuses what must not be: {error}: {:?}", source_of(&error)))
            }
        }
    }

    /// The store refuses a batch with a decision of an execution that it has refused before, unless that one fails by it.
    fn refuses_for_ever(&mut self, commits: &[Commit]) -> Option<StoreError> {
        let decided = commits.iter().filter(|commit| commit.seq > 1 && commit.record.is_some());
        let decided: Vec<&Commit> = decided.filter(|commit| !is_refusal(commit)).collect();
        if let Some(first) = decided.first()
            && self.strikes(Fault::RefusedForEver)
        {
            self.refused.insert(first.execution);
        }
        let is_refused = decided.iter().any(|commit| self.refused.contains(&commit.execution));
        let source = "it is too large".into();
        is_refused.then_some(StoreError::Refused { call: "commit", source })
    }

    fn refusal(&mut self) -> Option<StoreError> {
        if self.strikes(Fault::Full) {
            Some(StoreError::Full { source: "the disk is full".into() })
        } else if self.strikes(Fault::DatabaseFailure) {
            Some(StoreError::Database { call: "commit", source: "it is busy".into() })
        } else if self.strikes(Fault::UnknownLost) {
            Some(StoreError::Unknown { call: "commit", source: "the connection broke before".into() })
        } else {
            None
        }
    }

    fn is_written(
        &mut self,
        sent: Sent,
        commits: Vec<Commit>,
        answers: Vec<Committed>,
    ) -> Result<(), String> {
        let id = sent.process;
        let Some(process) = self.processes.get(&id) else { return Ok(()) };
        let clock = process.clock(self.now);
        let is_stopping = process.hands_back_from.is_some_and(|from| from <= clock);
        for (commit, answer) in commits.iter().zip(&answers) {
            let is_refused = self.refused.contains(&commit.execution);
            let writer = Writer { lessee: sent.lessee, clock, is_stopping, is_refused };
            let record = commit.record.as_deref().unwrap_or("(projection)");
            self.trace.note(self.now, format_args!("{id} commits {} {answer:?} {record}", commit.execution));
            if *answer == Committed::Done {
                self.checker.committed(commit, writer, self.now)?;
            }
            if self.breaks(Mutation::LongRecordLost) && self.rng.happens(100) {
                let lost = self.store.lose_long_record(commit.execution, commit.seq);
                lost.map_err(|error| error.to_string())?;
            }
        }
        if self.breaks(Mutation::EndedTwice) {
            self.revive(id, &commits)?;
        }
        if self.strikes(Fault::CrashAfterCommit) {
            return self.crash(id);
        }
        if self.strikes(Fault::UnknownWritten) {
            let source = "the connection broke after".into();
            self.settle(sent, Err(StoreError::Unknown { call: "commit", source }));
            return Ok(());
        }
        self.settle(sent, Ok(answers));
        Ok(())
    }

    /// The process will learn what came of its batch.
    fn settle(&mut self, sent: Sent, result: Result<Vec<Committed>, StoreError>) {
        if self.breaks(Mutation::EffectBeforeCommit) {
            return;
        }
        let result = match result {
            Err(StoreError::Unknown { call, source }) if self.breaks(Mutation::UnknownTreatedAsFailed) => {
                Err(StoreError::Database { call, source })
            }
            Err(StoreError::Refused { call, source }) if self.breaks(Mutation::RefusedAgainAndAgain) => {
                Err(StoreError::Database { call, source })
            }
            result => result,
        };
        let after = Duration::from_micros(self.rng.between(10, 500));
        let answer = Answer::Committed(sent.batch, result);
        self.later(after, sent.process, Incident::Answer(sent.by, answer));
    }

    /// [`Mutation::EndedTwice`]: an execution that has ended is handed out once more, without its last record.
    fn revive(&mut self, id: ProcessId, commits: &[Commit]) -> Result<(), String> {
        let is_end =
            |commit: &&Commit| matches!(commit.projection, Projection::Finished { .. }) && commit.seq > 1;
        let ended: Vec<ExecutionId> = commits.iter().filter(is_end).map(|commit| commit.execution).collect();
        for execution in ended {
            let Some(story) = self.checker.story(execution) else { continue };
            let (_, records) = story.records().split_last().ok_or("an execution has records")?;
            let stored = Stored { id: execution, records: records.to_vec(), is_snapshot: true };
            self.revived.insert(execution, stored);
            let reply = self.call(id, Call::Await { execution });
            let message = Message::Await { execution, reply };
            self.later(Duration::from_millis(50), id, Incident::Call(Box::new(message)));
        }
        Ok(())
    }
}

/// Whether an execution fails with this commit because the store refused what it had decided.
fn is_refusal(commit: &Commit) -> bool {
    commit.record.as_ref().is_some_and(|record| record.contains("The database refused what followed"))
}

fn source_of(error: &StoreError) -> Option<String> {
    std::error::Error::source(error).map(ToString::to_string)
}
