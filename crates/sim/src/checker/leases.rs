//! Who may write what: L1 to L6. The checker keeps its own list of leases and owners, from what the store was asked.

use std::collections::BTreeMap;
use std::time::Duration;

use steadflow_core::ids::ExecutionId;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{Commit, Projection, Worker as Lessee};

use super::{Checker, ORPHANED_MAX, Verdict, Writer};

/// The leases, and what is driven under them.
#[derive(Debug, Default)]
pub(super) struct Leases {
    /// The largest epoch that was given.
    newest: u64,
    /// When the leases end that are not lost, by epoch and their holder's clock.
    ends: BTreeMap<u64, Timestamp>,
    /// Since when the others are lost.
    lost: BTreeMap<u64, Timestamp>,
    /// Whose each execution is that has not ended.
    held: BTreeMap<ExecutionId, Held>,
}

/// Whose an execution is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Held {
    /// Which worker drives it; `None` while it is parked.
    by: Option<u64>,
    since: Timestamp,
}

impl Leases {
    fn owner(&self, id: ExecutionId) -> Option<u64> {
        self.held.get(&id).and_then(|held| held.by)
    }

    fn hold(&mut self, id: ExecutionId, by: Option<u64>, now: Timestamp) {
        let held = self.held.entry(id).or_insert(Held { by, since: now });
        if held.by != by {
            *held = Held { by, since: now };
        }
    }
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
    pub(crate) fn taken_over(
        &mut self,
        id: ExecutionId,
        lessee: Lessee,
        clock: Timestamp,
        now: Timestamp,
    ) -> Verdict {
        let before = self.leases.owner(id).filter(|owner| *owner != lessee.epoch);
        self.leases.hold(id, Some(lessee.epoch), now);
        match before.and_then(|owner| Some((owner, self.leases.ends.get(&owner)?))) {
            Some((owner, end)) if *end > clock => Err(format!(
                "L3: worker {} took {id} over from worker {owner}, whose lease goes on until {end}",
                lessee.epoch
            )),
            Some(_) | None => Ok(()),
        }
    }

    /// A worker asked for a parked execution, and got it or not.
    pub(crate) fn taken(
        &mut self,
        id: ExecutionId,
        lessee: Lessee,
        is_given: bool,
        now: Timestamp,
    ) -> Verdict {
        let owner = self.leases.owner(id).filter(|owner| *owner != lessee.epoch);
        match (is_given, owner) {
            (true, Some(owner)) => {
                Err(format!("L1: worker {} was given {id}, which worker {owner} drives", lessee.epoch))
            }
            (true, None) => {
                self.leases.hold(id, Some(lessee.epoch), now);
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
    pub(super) fn may_commit(&mut self, commit: &Commit, writer: Writer, now: Timestamp) -> Verdict {
        let (id, epoch) = (commit.execution, writer.lessee.epoch);
        if !self.may_write(writer.lessee) {
            return Err(format!("L1: worker {epoch} wrote after its lease was lost"));
        }
        match self.leases.owner(id) {
            Some(owner) if owner != epoch => {
                return Err(format!("L1: worker {epoch} wrote to {id}, which worker {owner} drives"));
            }
            None if self.story(id).is_some() => {
                return Err(format!("L1: worker {epoch} wrote to {id}, which it does not drive"));
            }
            Some(_) | None => {}
        }
        match commit.projection {
            Projection::Parked { .. } => self.leases.hold(id, None, now),
            Projection::Finished { .. } => drop(self.leases.held.remove(&id)),
            Projection::Tail | Projection::Shown(_) | Projection::Snapshot { .. } => {
                self.leases.hold(id, Some(epoch), now)
            }
        }
        Ok(())
    }

    /// Returns whether this worker's lease is not lost.
    pub(crate) fn may_write(&self, lessee: Lessee) -> bool {
        self.leases.ends.contains_key(&lessee.epoch)
    }

    /// Returns whether this worker drives an execution.
    pub(crate) fn drives(&self, lessee: Option<Lessee>, id: ExecutionId) -> bool {
        lessee.is_some_and(|lessee| self.leases.owner(id) == Some(lessee.epoch))
    }

    /// Returns whether no other worker drives an execution.
    pub(super) fn is_free_for(&self, lessee: Lessee, id: ExecutionId) -> bool {
        self.leases.owner(id).is_none_or(|owner| owner == lessee.epoch)
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

    /// Returns the executions that have been this worker's, or parked, for longer than `span`.
    pub(super) fn entrusted(
        &self,
        lessee: Lessee,
        span: Duration,
        now: Timestamp,
    ) -> impl Iterator<Item = ExecutionId> {
        let is_entrusted =
            move |held: &Held| held.by.is_none_or(|by| by == lessee.epoch) && now.since(held.since) > span;
        self.leases.held.iter().filter(move |(_, held)| is_entrusted(held)).map(|(id, _)| *id)
    }

    /// Returns the executions that no worker drives because they wait for a moment or a person.
    pub(crate) fn parked(&self) -> impl Iterator<Item = ExecutionId> {
        self.leases.held.iter().filter(|(_, held)| held.by.is_none()).map(|(id, _)| *id)
    }

    /// A worker that is well finds what others have lost. Asked only when it has been well for longer than that takes.
    pub(crate) fn orphans_are_found(&self, lessee: Lessee, clock: Timestamp, now: Timestamp) -> Verdict {
        for (id, held) in &self.leases.held {
            let Some(owner) = held.by.filter(|owner| *owner != lessee.epoch) else { continue };
            let lost_for = match self.leases.ends.get(&owner) {
                Some(end) => clock.since(*end),
                None => now.since(self.leases.lost.get(&owner).copied().unwrap_or(now)),
            };
            if lost_for > ORPHANED_MAX {
                return Err(format!("V1: {id} of worker {owner}, which lost its lease, is not taken over"));
            }
        }
        Ok(())
    }
}
