//! Who may write what: L1 to L6. The checker keeps its own list of leases and owners, from what the store was asked.

use std::collections::BTreeMap;
use std::time::Duration;

use steadflow_core::ids::ExecutionId;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{Commit, Keep, Worker as Lessee};

use super::{Checker, Verdict, Writer};

/// The leases, and what is driven under them.
#[derive(Debug, Default)]
pub(super) struct Leases {
    /// The largest epoch that was given.
    newest: u64,
    /// When the leases end that nobody has taken over, by epoch and their holder's clock.
    ends: BTreeMap<u64, Timestamp>,
    /// Since when the others are lost.
    lost: BTreeMap<u64, Timestamp>,
    /// Whose each execution is that is not parked and has not ended.
    owners: BTreeMap<ExecutionId, u64>,
}

impl Checker {
    /// A worker registered at `now`, when its clock said `clock`.
    pub(crate) fn registered(
        &mut self,
        lessee: Lessee,
        clock: Timestamp,
        ttl: Duration,
        now: Timestamp,
    ) -> Verdict {
        let leases = &mut self.leases;
        if lessee.epoch <= leases.newest {
            return Err(format!("L2: epoch {} was given after {}", lessee.epoch, leases.newest));
        }
        leases.newest = lessee.epoch;
        leases.ends.insert(lessee.epoch, clock.plus(ttl));
        self.fences(lessee, clock, now);
        Ok(())
    }

    /// A worker took over, when its clock said `clock`: with that all other leases that had ended are lost.
    pub(crate) fn fences(&mut self, lessee: Lessee, clock: Timestamp, now: Timestamp) {
        let has_ended = |epoch: &u64, end: &mut Timestamp| *epoch != lessee.epoch && *end <= clock;
        let ended = self.leases.ends.extract_if(.., has_ended);
        self.leases.lost.extend(ended.map(|(epoch, _)| (epoch, now)));
    }

    /// A worker prolonged its lease.
    pub(crate) fn renewed(&mut self, lessee: Lessee, clock: Timestamp, ttl: Duration) {
        if let Some(end) = self.leases.ends.get_mut(&lessee.epoch) {
            *end = clock.plus(ttl).max(*end);
        }
    }

    /// A lease was ended by its holder, or by the end of its process.
    pub(crate) fn released(&mut self, lessee: Lessee, now: Timestamp) {
        if self.leases.ends.remove(&lessee.epoch).is_some() {
            self.leases.lost.insert(lessee.epoch, now);
        }
    }

    /// An execution was taken over from its owner, when the new one's clock said `clock`.
    pub(crate) fn taken_over(&mut self, id: ExecutionId, lessee: Lessee, clock: Timestamp) -> Verdict {
        let before = self.leases.owners.insert(id, lessee.epoch).filter(|owner| *owner != lessee.epoch);
        match before.and_then(|owner| Some((owner, self.leases.ends.get(&owner)?))) {
            Some((owner, end)) if *end > clock => Err(format!(
                "L3: worker {} took {id} over from worker {owner}, whose lease goes on until {end}",
                lessee.epoch
            )),
            Some(_) | None => Ok(()),
        }
    }

    /// A worker asked for a parked execution, and got it or not.
    pub(crate) fn taken(&mut self, id: ExecutionId, lessee: Lessee, is_given: bool) -> Verdict {
        let owner = self.leases.owners.get(&id).copied().filter(|owner| *owner != lessee.epoch);
        match (is_given, owner) {
            (true, Some(owner)) => {
                Err(format!("L1: worker {} was given {id}, which worker {owner} drives", lessee.epoch))
            }
            (true, None) => {
                self.leases.owners.insert(id, lessee.epoch);
                Ok(())
            }
            (false, Some(_)) => Ok(()),
            (false, None) => match self.story(id) {
                Some(story) if !story.status().is_finished() => {
                    Err(format!("D1: {story}, and its worker does not find it"))
                }
                Some(_) | None => Ok(()),
            },
        }
    }

    /// Only the owner of an execution writes to it, and only while its lease is not lost.
    pub(super) fn may_commit(&mut self, commit: &Commit, writer: Writer) -> Verdict {
        let (id, epoch) = (commit.execution, writer.lessee.epoch);
        if !self.may_write(writer.lessee) {
            return Err(format!("L1: worker {epoch} wrote after its lease was lost"));
        }
        match self.leases.owners.get(&id) {
            Some(owner) if *owner != epoch => {
                return Err(format!("L1: worker {epoch} wrote to {id}, which worker {owner} drives"));
            }
            None if self.story(id).is_some() => {
                return Err(format!("L1: worker {epoch} wrote to {id}, which it does not drive"));
            }
            Some(_) | None => {}
        }
        match commit.keep {
            Keep::Parked { .. } | Keep::Finished { .. } => self.leases.owners.remove(&id),
            Keep::Tail | Keep::Shown(_) | Keep::Snapshot { .. } => self.leases.owners.insert(id, epoch),
        };
        Ok(())
    }

    /// Returns whether nobody has taken over from this worker.
    pub(crate) fn may_write(&self, lessee: Lessee) -> bool {
        self.leases.ends.contains_key(&lessee.epoch)
    }

    /// Returns whether this worker drives an execution.
    pub(super) fn drives(&self, lessee: Option<Lessee>, id: ExecutionId) -> bool {
        lessee.is_some_and(|lessee| self.leases.owners.get(&id) == Some(&lessee.epoch))
    }

    /// Returns whether no other worker drives an execution.
    pub(super) fn is_free_for(&self, lessee: Lessee, id: ExecutionId) -> bool {
        self.leases.owners.get(&id).is_none_or(|owner| *owner == lessee.epoch)
    }

    /// Returns since when this worker's lease is lost.
    pub(crate) fn lost_since(&self, lessee: Lessee) -> Option<Timestamp> {
        self.leases.lost.get(&lessee.epoch).copied()
    }

    /// Returns when this lease ends, unless it is lost.
    pub(crate) fn lease_end(&self, lessee: Lessee) -> Option<Timestamp> {
        self.leases.ends.get(&lessee.epoch).copied()
    }

    /// Returns the worker that registered last.
    pub(crate) const fn newest(&self) -> Lessee {
        Lessee { epoch: self.leases.newest }
    }

    /// What a worker with a lease has in memory is its own.
    pub(crate) fn is_driven_by(&self, id: ExecutionId, lessee: Lessee) -> Verdict {
        if self.drives(Some(lessee), id) {
            return Ok(());
        }
        Err(format!("L1: worker {} has {id} in memory, which it does not drive", lessee.epoch))
    }

    /// A worker that is well lets its lease not end. Asked only when it has been well for as long as a lease lasts.
    pub(crate) fn lease_holds(&self, lessee: Lessee, clock: Timestamp) -> Verdict {
        match self.lease_end(lessee) {
            Some(end) if end <= clock => {
                Err(format!("L6: worker {} was well, and its lease ended at {end}", lessee.epoch))
            }
            Some(_) | None => Ok(()),
        }
    }
}
