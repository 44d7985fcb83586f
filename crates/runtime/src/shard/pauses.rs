//! Tenants of which everything is paused.
//!
//! What has not started waits for a slot, and what is in memory and runs is paused. What is parked stays as it is, so that a pause costs
//! as much as there is to do: when something comes for it, it is loaded, and is paused before it decides on that.

use std::collections::{BTreeMap, VecDeque};

use steadflow_core::caller::Actor;
use steadflow_core::execution::{ExecutionStatus, Input};
use steadflow_core::ids::{ExecutionId, FlowId, TenantId};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::TenantPause;

use super::slots::{Place, UNLIMITED};
use super::{Origin, Queued, Shard};

/// Tenants of which everything is paused, each with who did that.
pub type PausedTenants = BTreeMap<TenantId, Actor>;

/// Returns the tenants of which everything is paused.
pub fn paused_tenants(pauses: &[TenantPause]) -> PausedTenants {
    let active = pauses.iter().filter(|pause| pause.resumed.is_none());
    active.map(|pause| (pause.tenant, pause.by.clone())).collect()
}

impl Shard {
    /// Takes in of which tenants everything is paused, and who has resumed those that are not any more.
    pub(super) fn pauses_changed(
        &mut self,
        paused: PausedTenants,
        resumed_by: &PausedTenants,
        now: Timestamp,
    ) {
        let before = std::mem::replace(&mut self.paused, paused);
        let changed = |tenant| before.contains_key(&tenant) != self.paused.contains_key(&tenant);
        if before.keys().chain(self.paused.keys()).all(|tenant| !changed(*tenant)) {
            return;
        }
        let of_changed = |id: &ExecutionId| {
            let tenant = self.live.get(id)?.execution.accepted().tenant;
            changed(tenant).then_some((*id, tenant))
        };
        for (id, tenant) in self.ids().iter().filter_map(of_changed).collect::<Vec<_>>() {
            if self.paused.contains_key(&tenant) {
                self.advance(id, now);
            } else {
                let by = resumed_by.get(&tenant).cloned().unwrap_or(Actor::SYSTEM);
                self.end_pause(id, by, now);
            }
        }
        let may_start = |flow: &FlowId| !self.is_held(*flow);
        for flow in self.flows.keys().copied().filter(may_start).collect::<Vec<_>>() {
            self.grant_slots(flow, now);
        }
    }

    fn end_pause(&mut self, id: ExecutionId, by: Actor, now: Timestamp) {
        let Some(live) = self.live.get_mut(&id) else { return };
        live.inbox.retain(|queued| !is_pause(queued));
        // One that is about to be paused, or was and is not on disk, is resumed as well.
        self.enqueue(id, Queued::Input(Input::ResumeWithAll { by }, Origin::Engine), now);
    }

    /// Returns whether everything of a tenant is paused.
    pub(super) fn is_paused(&self, tenant: TenantId) -> bool {
        self.paused.contains_key(&tenant)
    }

    /// Returns whether nothing of a flow starts because everything of its tenant is paused.
    pub(super) fn is_held(&self, flow: FlowId) -> bool {
        !self.paused.is_empty()
            && flow != UNLIMITED
            && self
                .flows
                .get(&flow)
                .and_then(|slots| slots.tenant)
                .is_some_and(|tenant| self.is_paused(tenant))
    }

    /// Sees to it that an execution of a paused tenant is paused before it decides on anything else, and that one which has not
    /// started waits.
    pub(super) fn hold(&mut self, id: ExecutionId) {
        let Some(live) = self.live.get_mut(&id) else { return };
        let accepted = live.execution.accepted();
        let Some(by) = self.paused.get(&accepted.tenant) else { return };
        let pause = Queued::Input(Input::PauseWithAll { by: by.clone() }, Origin::Engine);
        let is_start = |queued: &Queued| matches!(queued, Queued::Input(Input::Start, _));
        match live.execution.status() {
            // A cancel goes through, and so does what it undoes.
            ExecutionStatus::Running if live.execution.ending_as() == Some(ExecutionStatus::Cancelled) => {}
            ExecutionStatus::Running => {
                live.inbox.retain(|queued| !is_pause(queued));
                live.inbox.push_front(pause);
                resume_later(&mut live.inbox);
            }
            ExecutionStatus::Paused => resume_later(&mut live.inbox),
            // A child takes no slot that it could wait for.
            ExecutionStatus::Pending if !accepted.takes_slot() && live.inbox.iter().any(is_start) => {
                live.inbox.retain(|queued| !is_start(queued));
                live.inbox.push_front(pause);
            }
            ExecutionStatus::Pending if live.inbox.iter().any(is_start) => {
                live.inbox.retain(|queued| !is_start(queued));
                let tenant = accepted.tenant;
                let flow = Place::of(&live.execution).slot.flow;
                self.ungrant(id);
                self.flows.entry(flow).or_default().tenant = Some(tenant);
                self.line_up(id);
            }
            ExecutionStatus::Pending
            | ExecutionStatus::Completed
            | ExecutionStatus::Failed
            | ExecutionStatus::Cancelled => {}
        }
    }
}

fn is_pause(queued: &Queued) -> bool {
    matches!(queued, Queued::Input(Input::PauseWithAll { .. }, Origin::Engine))
}

/// Lets nobody resume an execution while everything is paused.
fn resume_later(inbox: &mut VecDeque<Queued>) {
    for queued in inbox {
        let Queued::Input(input, _) = queued else { continue };
        if let Input::Resume { by } = input {
            *input = Input::ResumeLater { by: by.clone() };
        } else if let Input::ResumeWithAll { by } = input {
            // It comes late, after another pause has begun, and is rejected as that.
            *input = Input::PauseWithAll { by: by.clone() };
        }
    }
}
