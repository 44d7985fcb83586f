//! What a batch writes, put together in memory.

use std::collections::{HashMap, HashSet};

use steadflow_core::ids::ExecutionId;
use steadflow_core::session::SessionChange;
use steadflow_store::batch::{Batch, Place};
use steadflow_store::{
    Commit, Committed, Ended, ExecutionRow, IdempotencyHit, InboxId, InboxInput, Projection, StoreError,
    is_long,
};
use uuid::Uuid;

use super::driven::{Changes, Driven, Tip};
use super::long_records::Long;
use super::slots::Taken;
use super::{idempotency, inbox, tips};
use crate::error::{Error, Result};
use crate::row::Hold;
use crate::statement_cache::CachingConnection;

/// What a batch needs to know before it is written.
#[derive(Default)]
pub(super) struct Known {
    /// Of the items that it takes, those that are there.
    items: HashSet<InboxId>,
    /// What keys were used for before, by the execution that was to use them.
    hits: HashMap<ExecutionId, IdempotencyHit>,
    /// Executions that are parked, or unknown.
    parked: HashMap<ExecutionId, Tip>,
    /// The slots that are taken, of flows of which one is claimed.
    slots: Taken,
}

/// Returns whether a batch has to wait for answers in its transaction: it needs to know something first, or changes sessions.
pub(super) fn asks(driven: &Driven, batch: &[Commit]) -> bool {
    let asks = |commit: &Commit| {
        !commit.takes.is_empty()
            || commit.idempotency.is_some()
            || commit.slot.is_some()
            || commit.sessions.is_some()
    };
    batch.iter().any(asks) || strangers(driven, batch).next().is_some()
}

impl Known {
    /// Asks for it in the transaction of the batch.
    pub(super) async fn ask(db: &CachingConnection, driven: &Driven, batch: &[Commit]) -> Result<Self> {
        let takes: Vec<InboxId> = batch.iter().flat_map(|commit| &commit.takes).copied().collect();
        let strangers: Vec<Uuid> = strangers(driven, batch).map(|id| id.uuid()).collect();
        let items = inbox::lock(db, &takes).await?;
        let parked = tips::lock_parked(db, &strangers).await?;
        let slots = Taken::lock(db, batch.iter().filter_map(|commit| commit.slot.as_deref())).await?;
        let mut known = Self { items, hits: HashMap::new(), parked, slots };
        let keys = known.keys(batch);
        if !keys.is_empty() {
            known.hits = idempotency::use_once(db, &keys).await?;
        }
        Ok(known)
    }

    /// Returns the keys of those commits that are not skipped anyway.
    fn keys<'a>(&self, batch: &'a [Commit]) -> Vec<idempotency::Use<'a>> {
        let (mut skipped, mut keys) = (HashSet::new(), Vec::new());
        for commit in batch {
            let follows_skipped = commit.follows.is_some_and(|first| skipped.contains(&first));
            if follows_skipped || commit.takes.iter().any(|item| !self.items.contains(item)) {
                skipped.insert(commit.execution);
            } else if let Some(key) = commit.idempotency.as_deref() {
                keys.push((key, commit.execution));
            }
        }
        keys
    }
}

/// Returns the executions that the worker does not drive and that do not begin here.
fn strangers<'a>(driven: &'a Driven, batch: &'a [Commit]) -> impl Iterator<Item = ExecutionId> + 'a {
    let unknown = batch.iter().filter(|commit| !begins(commit) && driven.tip(commit.execution).is_none());
    let begun_here = |id: ExecutionId| batch.iter().any(|commit| commit.execution == id && begins(commit));
    unknown.map(|commit| commit.execution).filter(move |id| !begun_here(*id))
}

/// Whether an execution begins with a commit. Ids are made once, so there is nothing to look up.
fn begins(commit: &Commit) -> bool {
    commit.seq == 1 && commit.record.is_some()
}

/// A batch being put together.
pub(super) struct Plan<'a> {
    driven: &'a Driven,
    known: &'a mut Known,
    /// The executions whose commits were skipped.
    skipped: HashSet<ExecutionId>,
    /// What it adds to the tail: one row.
    pub(super) tail: Batch,
    /// The key of that row.
    pub(super) place: Place,
    pub(super) tips: Changes,
    /// The last row of each execution, and of those that have one, its journal.
    pub(super) rows: HashMap<ExecutionId, (&'a ExecutionRow, Hold)>,
    pub(super) journals: HashMap<ExecutionId, (u64, &'a str)>,
    pub(super) long: Vec<Long<'a>>,
    pub(super) takes: Vec<InboxId>,
    pub(super) sends: Vec<&'a InboxInput>,
    pub(super) sessions: Vec<(ExecutionId, &'a [SessionChange])>,
    pub(super) ended: Ended,
    /// Executions that begin.
    pub(super) accepted: Vec<ExecutionId>,
}

impl<'a> Plan<'a> {
    pub(super) fn new(driven: &'a Driven, known: &'a mut Known) -> Self {
        Self {
            driven,
            known,
            skipped: HashSet::new(),
            tail: Batch::default(),
            place: driven.next(),
            tips: Changes::new(),
            rows: HashMap::new(),
            journals: HashMap::new(),
            long: Vec::new(),
            takes: Vec::new(),
            sends: Vec::new(),
            sessions: Vec::new(),
            ended: Ended::default(),
            accepted: Vec::new(),
        }
    }

    /// Adds a commit, unless it is skipped.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if it does not follow from what is stored.
    pub(super) fn add(&mut self, commit: &'a Commit) -> Result<Committed> {
        if let Some(answer) = self.skip(commit) {
            self.skipped.insert(commit.execution);
            return Ok(answer);
        }
        let id = commit.execution;
        let tip = self.tip_for(commit)?;
        let tip = Tip { seq: tip.seq.max(commit.seq), ..tip };
        if let Some(record) = commit.record.as_deref().filter(|record| is_long(record)) {
            self.long.push((id, commit.seq, record));
        }
        let tip = self.project(commit, tip);
        self.tips.insert(id, tip);
        if begins(commit) {
            self.accepted.push(id);
        }
        if let Some(claim) = &commit.slot {
            self.known.slots.take(claim);
        }
        self.takes.extend(&commit.takes);
        self.sends.extend(&commit.sends);
        if let Some(changes) = &commit.sessions {
            self.sessions.push((id, &changes.0));
        }
        Ok(Committed::Done)
    }

    /// Returns why a commit is skipped, if it is.
    fn skip(&self, commit: &Commit) -> Option<Committed> {
        if commit.follows.is_some_and(|first| self.skipped.contains(&first)) {
            return Some(Committed::Skipped);
        }
        let is_gone = |item: &&InboxId| !self.known.items.contains(item) || self.takes.contains(item);
        let gone: Vec<InboxId> = commit.takes.iter().filter(is_gone).copied().collect();
        if !gone.is_empty() {
            return Some(Committed::Gone(gone));
        }
        let has_key = commit.idempotency.is_some();
        let hit = self.known.hits.get(&commit.execution).filter(|_| has_key).cloned().map(Committed::Hit);
        hit.or_else(|| {
            let claim = commit.slot.as_deref()?;
            let taken = self.known.slots.of(claim);
            (!claim.is_free(taken)).then_some(Committed::NoSlot(taken))
        })
    }

    /// Returns what is known of the execution, if the commit follows from it.
    fn tip_for(&self, commit: &Commit) -> Result<Tip> {
        let Commit { execution: id, seq, .. } = *commit;
        let tip = match self.tips.get(&id) {
            Some(Some(tip)) => *tip,
            Some(None) => return Err(refused(format!("execution {id} is not driven any more"))),
            None => match self.driven.tip(id) {
                Some(tip) => tip,
                None if begins(commit) => Tip::default(),
                None => *self.known.parked.get(&id).ok_or_else(|| {
                    refused(format!("execution {id} has ended, or another worker drives it"))
                })?,
            },
        };
        let follows = if commit.record.is_some() { seq == tip.seq + 1 } else { seq <= tip.seq };
        if follows {
            Ok(tip)
        } else {
            Err(refused(format!("record {seq} of execution {id} does not follow {}", tip.seq)))
        }
    }

    fn project(&mut self, commit: &'a Commit, tip: Tip) -> Option<Tip> {
        let (id, seq) = (commit.execution, commit.seq);
        let held = Hold { owner: Some(self.driven.lessee.epoch), wake_at: None, seq };
        match &commit.projection {
            Projection::Tail => Some(self.push(commit, tip)),
            Projection::Shown(row) => {
                self.rows.insert(id, (row, held));
                Some(self.push(commit, tip))
            }
            Projection::Snapshot { row, journal } => {
                self.rows.insert(id, (row, held));
                self.journals.insert(id, (seq, journal));
                // A snapshot that is behind covers only some of what the tail has.
                Some(Tip { first: tip.first.filter(|_| seq < tip.seq), ..tip })
            }
            Projection::Parked { row, journal, wake_at } => {
                self.rows.insert(id, (row, Hold { owner: None, wake_at: *wake_at, seq }));
                self.journals.insert(id, (seq, journal));
                None
            }
            Projection::Finished { row, journal, rollup } => {
                self.rows.insert(id, (row, Hold { seq, ..Hold::default() }));
                self.journals.insert(id, (seq, journal));
                self.ended.add(row, rollup.clone());
                None
            }
        }
    }

    /// Adds a record to the batch.
    fn push(&mut self, commit: &Commit, tip: Tip) -> Tip {
        let Some(record) = commit.record.as_deref() else { return tip };
        self.tail.push(commit.execution, tip.seq, record);
        Tip { first: tip.first.or(Some(self.place.sequence)), ..tip }
    }
}

fn refused(reason: String) -> Error {
    StoreError::Refused { call: "commit", source: reason.into() }.into()
}
