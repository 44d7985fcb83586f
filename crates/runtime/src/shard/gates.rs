//! The protection of agents, and their budgets: calls that wait for a slot, and those that have one.
//!
//! A slot is held from when it is granted until its call ends, or until the decision that was to begin it makes another call.

use std::collections::VecDeque;

use steadflow_core::execution::{Effect, Input, Stopped};
use steadflow_core::ids::AgentId;
use steadflow_core::protection::{CallEnd, GateTotals, Gates, SlotAnswer};
use steadflow_core::timestamp::Timestamp;
use steadflow_core::work::CallKey;

use super::{Action, Origin, Phase, Queued, Reply, ReplyId, Shard};

impl Shard {
    /// Returns what the protection of all agents does.
    pub fn gate_totals(&self) -> GateTotals {
        self.gates.totals()
    }

    /// Lets calls begin that have waited long enough.
    pub(super) fn grant_calls(&mut self, now: Timestamp) {
        if self.gates.is_idle() {
            return;
        }
        while self.phase == Phase::Open
            && let Some(answer) = self.gates.grant(now)
        {
            let execution = answer.call().execution;
            self.enqueue(execution, Queued::Input(Input::SlotAnswered(answer), Origin::Engine), now);
        }
        self.ask_gates();
    }

    fn ask_gates(&mut self) {
        let asks = self.gates.take_asks().into_iter();
        self.actions.extend(asks.map(|ask| Action::Gate(Box::new(ask))));
    }

    /// Gives back what is drawn from the budgets of agents and not used: nothing more begins here.
    pub fn give_back_budgets(&mut self) {
        self.gates.give_back_budgets();
        self.ask_gates();
    }

    pub(super) fn read_accounts(&mut self, agents: Vec<AgentId>, reply: ReplyId, now: Timestamp) {
        let states = agents.into_iter().map(|agent| (agent, self.gates.account(agent, now))).collect();
        self.reply(reply, Reply::Accounts(states));
    }

    /// A call has ended, whatever its execution makes of that.
    pub(super) fn call_ended(&mut self, input: &Input, now: Timestamp) {
        if self.gates.has_calls()
            && let Input::StepEnded { call, outcome } = input
        {
            let end = CallEnd::of(outcome);
            let is_left = outcome.result.as_ref().err().is_some_and(|failure| {
                let live = self.live.get(&call.execution);
                live.is_some_and(|live| live.execution.goes_to_another_model(call, failure))
            });
            self.gates.ended(call, if is_left { end.of_model_left() } else { end }, now);
        }
    }

    pub(super) fn call_stopped(&mut self, call: &CallKey, stopped: Stopped, now: Timestamp) {
        let end = match stopped {
            Stopped::Overdue => CallEnd::OVERDUE,
            Stopped::Unwanted => CallEnd::UNWANTED,
        };
        self.gates.ended(call, end, now);
    }
}

/// Takes back the slots that were granted for calls which a decision does not begin.
pub(super) fn take_unused_back(gates: &mut Gates, inputs: &[(Input, Origin)], effects: &[Effect]) {
    for (input, _) in inputs {
        let Input::SlotAnswered(SlotAnswer::Granted(call)) = input else { continue };
        let begins = |effect: &Effect| matches!(effect, Effect::StartStep(work) if work.key() == *call);
        if !effects.iter().any(begins) {
            gates.give_back(call);
        }
    }
}

/// Lets calls ask again that were granted a slot which they do not have any more: the decision before could not be written and did
/// not begin them, or their execution was parked meanwhile.
pub(super) fn void_grants(gates: &Gates, inbox: &mut VecDeque<Queued>) {
    for queued in inbox {
        if let Queued::Input(Input::SlotAnswered(answer), _) = queued
            && let SlotAnswer::Granted(call) = answer
            && !gates.has_slot(call)
        {
            *answer = SlotAnswer::AskAgain(call.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use steadflow_core::agent::Protection;
    use steadflow_core::ids::{Attempt, ExecutionId, FlowId, NodeIndex, StepKey, TenantId};
    use steadflow_core::protection::{AgentLimits, SlotRequest};
    use uuid::Uuid;

    use super::*;

    const AGENT: AgentId = AgentId::new(Uuid::from_u128(1));

    fn call(number: u128) -> CallKey {
        let execution = ExecutionId::new(Uuid::from_u128(number));
        CallKey { execution, node: NodeIndex(0), attempt: Attempt::FIRST, step: StepKey::ONLY }
    }

    #[test]
    fn a_slot_that_was_given_back_is_asked_for_again() {
        let now = Timestamp::from_micros(1);
        let mut gates = Gates::new(now);
        let protection = Some(Protection { max_concurrency: Some(1), ..Protection::default() });
        let limits = AgentLimits { tenant: TenantId::DEFAULT, protection, budget: None };
        gates.set(AGENT, Some(limits), now);
        for number in [1, 2] {
            let flow = FlowId::new(Uuid::nil());
            let call = call(number);
            gates.wait(SlotRequest { call, agent: AGENT, flow, is_repeat: false, bytes: 1, of_budget: None });
        }

        let first = gates.grant(now);
        // Its decision begins another call, or none, and cannot be written.
        take_unused_back(
            &mut gates,
            &[(Input::SlotAnswered(first.expect("a slot is free")), Origin::Engine)],
            &[],
        );
        let second = gates.grant(now);

        assert!(matches!(second, Some(SlotAnswer::Granted(granted)) if granted == call(2)));
        let granted = |number| Input::SlotAnswered(SlotAnswer::Granted(call(number)));
        let mut inbox: VecDeque<_> =
            [1, 2].map(|number| Queued::Input(granted(number), Origin::Engine)).into();
        void_grants(&gates, &mut inbox);
        let is_granted =
            |queued: &Queued| matches!(queued, Queued::Input(Input::SlotAnswered(SlotAnswer::Granted(_)), _));
        assert_eq!(inbox.iter().map(is_granted).collect::<Vec<_>>(), [false, true]);
    }
}
