//! [`Sessions`] for [`MemoryStore`].

use std::collections::BTreeMap;

use steadflow_core::ids::{AgentId, ExecutionId, TenantId};
use steadflow_core::session::{
    SessionAnswer, SessionChange, SessionClaim, SessionHolder, SessionId, SessionSummary, SessionTurn,
    SummaryPlace, WhenBusy, part_of,
};
use steadflow_core::timestamp::Timestamp;

use super::{Database, Holder, MemoryStore, at_once};
use crate::{
    Claimed, SessionDeleted, SessionPage, SessionRecord, Sessions, StoreError, StoreFuture, Worker,
    interrupt_of,
};

/// A session with its turns.
#[derive(Debug)]
pub(super) struct Session {
    turns: BTreeMap<u32, SessionTurn>,
    /// By the last turn that each stands for.
    summaries: BTreeMap<u32, SessionSummary>,
    created_at: Timestamp,
    used_at: Timestamp,
    holder: Option<SessionHolder>,
}

impl Session {
    /// Returns how many bytes its turns take.
    pub(super) fn bytes(&self) -> u64 {
        self.turns.values().map(SessionTurn::bytes).sum()
    }

    fn last(&self) -> u32 {
        self.turns.last_key_value().map_or(0, |(number, _)| *number)
    }

    fn record(&self, session: &SessionId) -> SessionRecord {
        SessionRecord {
            session: session.clone(),
            turns: self.last(),
            bytes: self.bytes(),
            created_at: self.created_at,
            used_at: self.used_at,
            holder: self.holder.clone(),
        }
    }

    /// Returns the newest summary that reaches to no turn behind this one.
    fn summary(&self, up_to: u32) -> Option<&SessionSummary> {
        self.summaries.range(..=up_to).next_back().map(|(_, summary)| summary)
    }

    /// Gives the session to a node, unless another one has it.
    fn claim(&mut self, claim: &SessionClaim, now: Timestamp) -> Claimed {
        let holder = SessionHolder { execution: claim.execution, node: claim.node_id.clone() };
        if let Some(other) = self.holder.as_ref().filter(|other| **other != holder) {
            return Claimed::Busy(other.clone());
        }
        let mut last = self.last();
        if let Some(execution) = claim.regenerates {
            let is_its = |turn: &SessionTurn| turn.execution == execution && turn.node == claim.node_id;
            if !self.turns.get(&last).is_some_and(is_its) {
                return Claimed::Answer(SessionAnswer::Moved);
            }
            last -= 1;
        }
        (self.holder, self.used_at) = (Some(holder), now);
        let sizes = self.turns.range(..=last).rev().map(|(number, turn)| (*number, turn.bytes()));
        let summary = self.summary(last);
        let summary = summary.map(|summary| SummaryPlace { up_to: summary.up_to, bytes: summary.bytes() });
        Claimed::Answer(SessionAnswer::Taken(part_of(claim, last, summary, sizes)))
    }
}

impl MemoryStore {
    /// See [`Sessions::claim_session`].
    ///
    /// # Errors
    /// [`StoreError::Fenced`] or [`StoreError::Closed`].
    pub fn claim_session_now(
        &self,
        worker: Worker,
        claim: &SessionClaim,
        now: Timestamp,
    ) -> Result<Claimed, StoreError> {
        let mut database = self.open()?;
        database.check_lease(worker)?;
        if database.holders.get(&claim.execution) != Some(&Holder::Worker(worker.epoch)) {
            return Ok(Claimed::NotOurs);
        }
        let new = || Session {
            turns: BTreeMap::new(),
            summaries: BTreeMap::new(),
            created_at: now,
            used_at: now,
            holder: None,
        };
        let claimed = database.sessions.entry(claim.session.clone()).or_insert_with(new).claim(claim, now);
        database.sessions.retain(|_, session| session.holder.is_some() || !session.turns.is_empty());
        if let (Claimed::Busy(holder), WhenBusy::Interrupt) = (&claimed, claim.when_busy) {
            database.send(interrupt_of(claim, holder, now));
        }
        Ok(claimed)
    }

    /// See [`Sessions::sessions`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn sessions_now(
        &self,
        tenant: TenantId,
        agent: AgentId,
        page: &SessionPage,
    ) -> Result<Vec<SessionRecord>, StoreError> {
        let database = self.open()?;
        let is_of = |id: &SessionId| id.tenant == tenant && id.agent == agent;
        let mut all: Vec<SessionRecord> = database
            .sessions
            .iter()
            .filter(|(id, _)| is_of(id))
            .map(|(id, session)| session.record(id))
            .collect();
        all.sort_by(|one, other| {
            other.used_at.cmp(&one.used_at).then_with(|| one.session.key.cmp(&other.session.key))
        });
        let is_behind = |record: &SessionRecord| {
            page.after.as_ref().is_none_or(|(at, key)| {
                record.used_at < *at || (record.used_at == *at && record.session.key > *key)
            })
        };
        all.retain(is_behind);
        all.truncate(page.limit);
        Ok(all)
    }

    /// See [`Sessions::session_turns`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn session_turns_now(
        &self,
        id: &SessionId,
        last: u32,
        turns_max: u32,
        bytes_max: u64,
    ) -> Result<Vec<SessionTurn>, StoreError> {
        let database = self.open()?;
        let Some(session) = database.sessions.get(id) else { return Ok(Vec::new()) };
        let (mut turns, mut bytes): (Vec<SessionTurn>, u64) = (Vec::new(), 0);
        for turn in session.turns.range(..=last).rev().take(turns_max as usize).map(|(_, turn)| turn) {
            bytes = bytes.saturating_add(turn.bytes());
            if !turns.is_empty() && bytes > bytes_max {
                break;
            }
            turns.push(turn.clone());
        }
        turns.reverse();
        Ok(turns)
    }

    /// See [`Sessions::session_summary`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn session_summary_now(
        &self,
        id: &SessionId,
        up_to: u32,
    ) -> Result<Option<SessionSummary>, StoreError> {
        Ok(self.open()?.sessions.get(id).and_then(|session| session.summary(up_to)).cloned())
    }

    fn delete_session_now(&self, id: &SessionId) -> Result<SessionDeleted, StoreError> {
        let mut database = self.open()?;
        Ok(match database.sessions.get(id).map(|session| session.holder.clone()) {
            None => SessionDeleted::Missing,
            Some(Some(holder)) => SessionDeleted::Busy(holder),
            Some(None) => {
                database.sessions.remove(id);
                SessionDeleted::Done
            }
        })
    }

    fn expire_sessions_now(&self, before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let mut database = self.open()?;
        let is_old = |session: &Session| session.holder.is_none() && session.used_at < before;
        let old = database.sessions.iter().filter(|(_, session)| is_old(session));
        let old: Vec<SessionId> = old.map(|(id, _)| id.clone()).take(limit).collect();
        old.iter().for_each(|id| drop(database.sessions.remove(id)));
        Ok(old.len())
    }
}

impl Database {
    /// Changes the sessions that nodes of an execution have. One that a node does not have is left alone.
    pub(super) fn change_sessions(&mut self, execution: ExecutionId, changes: &[SessionChange]) {
        for change in changes {
            let node = match change {
                SessionChange::Add(turn) => &turn.node,
                SessionChange::Summarize(summary) => &summary.node,
                SessionChange::Leave(node) => node,
            };
            let is_its = |holder: &SessionHolder| holder.execution == execution && holder.node == *node;
            let held = self.sessions.values_mut().find(|session| session.holder.as_ref().is_some_and(is_its));
            let Some(session) = held else { continue };
            match change {
                SessionChange::Add(turn) => {
                    (session.holder, session.used_at) = (None, turn.at);
                    session.turns.insert(turn.number, (**turn).clone());
                }
                SessionChange::Summarize(summary) => {
                    session.summaries.insert(summary.up_to, (**summary).clone());
                }
                SessionChange::Leave(_) => session.holder = None,
            }
        }
        self.sessions.retain(|_, session| session.holder.is_some() || !session.turns.is_empty());
    }
}

impl Sessions for MemoryStore {
    fn claim_session(&self, worker: Worker, claim: SessionClaim, now: Timestamp) -> StoreFuture<'_, Claimed> {
        at_once(self.claim_session_now(worker, &claim, now))
    }

    fn sessions(
        &self,
        tenant: TenantId,
        agent: AgentId,
        page: SessionPage,
    ) -> StoreFuture<'_, Vec<SessionRecord>> {
        at_once(self.sessions_now(tenant, agent, &page))
    }

    fn count_sessions(&self, tenant: TenantId, agent: AgentId) -> StoreFuture<'_, u64> {
        let all = SessionPage { after: None, limit: usize::MAX };
        at_once(self.sessions_now(tenant, agent, &all).map(|sessions| sessions.len() as u64))
    }

    fn session(&self, id: SessionId) -> StoreFuture<'_, Option<SessionRecord>> {
        let record = |database: std::sync::MutexGuard<'_, Database>| {
            database.sessions.get(&id).map(|session| session.record(&id))
        };
        at_once(self.open().map(record))
    }

    fn session_turns(
        &self,
        id: SessionId,
        last: u32,
        turns_max: u32,
        bytes_max: u64,
    ) -> StoreFuture<'_, Vec<SessionTurn>> {
        at_once(self.session_turns_now(&id, last, turns_max, bytes_max))
    }

    fn session_summary(&self, id: SessionId, up_to: u32) -> StoreFuture<'_, Option<SessionSummary>> {
        at_once(self.session_summary_now(&id, up_to))
    }

    fn delete_session(&self, id: SessionId) -> StoreFuture<'_, SessionDeleted> {
        at_once(self.delete_session_now(&id))
    }

    fn expire_sessions(&self, before: Timestamp, limit: usize) -> StoreFuture<'_, usize> {
        at_once(self.expire_sessions_now(before, limit))
    }
}
