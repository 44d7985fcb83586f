//! The protection of agents that several processes ask, in virtual time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use steadflow_core::agent::{Breaker, Protection};
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::ids::{AgentId, Attempt, ExecutionId, FlowId, NodeIndex, StepKey, TenantId};
use steadflow_core::payload::Payload;
use steadflow_core::protection::{
    AgentLimits, CallEnd, GateAsk, Gates, Permits, SharedGate, SlotAnswer, SlotRequest,
};
use steadflow_core::timestamp::Timestamp;
use steadflow_core::work::{CallKey, Outcome};
use uuid::Uuid;

const AGENT: AgentId = AgentId::new(Uuid::from_u128(1));
const PROCESSES: u64 = 3;

fn at(seconds: f64) -> Timestamp {
    Timestamp::from_micros(1_800_000_000_000_000).plus(Duration::from_secs_f64(seconds))
}

fn call(number: u128) -> CallKey {
    let execution = ExecutionId::new(Uuid::from_u128(number));
    CallKey { execution, node: NodeIndex(0), attempt: Attempt::FIRST, step: StepKey::ONLY }
}

fn request(number: u128) -> SlotRequest {
    let flow = FlowId::new(Uuid::from_u128(7));
    SlotRequest { call: call(number), agent: AGENT, flow, is_repeat: false, bytes: 400, of_budget: None }
}

fn responds() -> CallEnd {
    CallEnd::of(&Outcome::completed(Payload::null()))
}

fn fails() -> CallEnd {
    CallEnd::of(&Outcome::failed(Failure::new(ErrorClass::Connection, "refused")))
}

/// A call that began.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Began {
    at: Timestamp,
    process: u64,
    number: u128,
}

/// Several processes, and the store that they ask.
struct Fleet {
    protection: Protection,
    stored: Option<String>,
    processes: BTreeMap<u64, Gates>,
    /// Calls under way, by when they end.
    open: BTreeSet<(Timestamp, u64, u128)>,
    began: Vec<Began>,
    takes: Duration,
    end: fn(u128) -> CallEnd,
    /// Of so many answers, about one gets lost.
    loses_each: Option<u64>,
    chance: u64,
}

impl Fleet {
    fn new(protection: Protection, takes: Duration) -> Self {
        let processes = (1..=PROCESSES).map(|process| (process, gates(protection))).collect();
        Self {
            protection,
            stored: None,
            processes,
            open: BTreeSet::new(),
            began: Vec::new(),
            takes,
            end: |_| responds(),
            loses_each: None,
            chance: 1,
        }
    }

    fn wait(&mut self, process: u64, numbers: impl IntoIterator<Item = u128>) {
        let gates = self.processes.get_mut(&process).expect("it lives");
        numbers.into_iter().for_each(|number| gates.wait(request(number)));
    }

    fn answer(&mut self, process: u64, ask: &GateAsk, now: Timestamp) -> Option<Permits> {
        let GateAsk::Permit(ask) = ask else { panic!("nothing has a budget: {ask:?}") };
        let living = self.processes.keys().copied().collect();
        let stored = self.stored.as_ref().map(|text| serde_json::from_str(text).expect("it is a gate"));
        let mut gate = stored.unwrap_or_else(|| SharedGate::new(&self.protection, now));
        let permits = gate.ask(process, &living, ask, now);
        self.stored = Some(serde_json::to_string(&gate).expect("it is JSON"));
        self.chance =
            self.chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let is_lost = self.loses_each.is_some_and(|each| (self.chance >> 33).is_multiple_of(each));
        (!is_lost).then_some(permits)
    }

    /// Everything that can happen at a moment.
    fn settle(&mut self, now: Timestamp) {
        loop {
            let mut asks = Vec::new();
            for (&process, gates) in &mut self.processes {
                while let Some(answer) = gates.grant(now) {
                    let SlotAnswer::Granted(call) = answer else { panic!("no budget limits it: {answer:?}") };
                    let number = call.execution.uuid().as_u128();
                    self.open.insert((now.plus(self.takes), process, number));
                    self.began.push(Began { at: now, process, number });
                }
                asks.extend(gates.take_asks().into_iter().map(|ask| (process, ask)));
            }
            if asks.is_empty() {
                return;
            }
            for (process, ask) in asks {
                let permits = self.answer(process, &ask, now);
                if let Some(gates) = self.processes.get_mut(&process) {
                    gates.permitted(AGENT, permits, now);
                }
            }
        }
    }

    /// Goes on until nothing is left to do, or this moment.
    fn run(&mut self, until: Timestamp) {
        let mut now = at(0.0);
        loop {
            self.settle(now);
            let timers = self.processes.values().filter_map(Gates::next_timer);
            let ends = self.open.first().map(|(at, ..)| *at);
            let Some(next) = timers.chain(ends).min().filter(|next| *next <= until) else { return };
            assert!(next > now, "it asks to be called at once, again and again");
            now = next;
            while let Some(&(ends_at, process, number)) = self.open.first()
                && ends_at <= now
            {
                self.open.pop_first();
                if let Some(gates) = self.processes.get_mut(&process) {
                    gates.ended(&call(number), (self.end)(number), now);
                }
            }
        }
    }

    fn dies(&mut self, process: u64) {
        self.processes.remove(&process);
        self.open.retain(|(_, of, _)| *of != process);
    }

    /// Returns how many calls were under way at once.
    fn most_at_once(&self) -> usize {
        let under_way = |at: Timestamp| {
            let began = self.began.iter().filter(|call| call.at <= at && call.at.plus(self.takes) > at);
            began.count()
        };
        self.began.iter().map(|call| under_way(call.at)).max().unwrap_or(0)
    }
}

fn gates(protection: Protection) -> Gates {
    let mut gates = Gates::new(at(0.0)).shared(true);
    let limits = AgentLimits { tenant: TenantId::DEFAULT, protection: Some(protection), budget: None };
    gates.set(AGENT, Some(limits), at(0.0));
    gates
}

fn at_once(max: u32) -> Protection {
    Protection { max_concurrency: Some(max), ..Protection::default() }
}

#[test]
fn no_more_calls_are_under_way_than_the_agent_allows() {
    for (max, loses_each) in [(1, None), (4, None), (7, None), (4, Some(5)), (1, Some(2))] {
        let mut fleet = Fleet::new(at_once(max), Duration::from_secs(2));
        fleet.loses_each = loses_each;
        (1..=PROCESSES)
            .for_each(|process| fleet.wait(process, (0..40).map(|n| u128::from(process) * 100 + n)));

        fleet.run(at(100_000.0));

        assert_eq!(fleet.began.len(), 120, "all of them begin");
        assert_eq!(fleet.most_at_once(), max as usize, "{loses_each:?}");
    }
}

#[test]
fn processes_that_wait_share_what_the_agent_allows() {
    let mut fleet = Fleet::new(at_once(4), Duration::from_secs(1));
    // The first one comes earlier, and has more.
    fleet.wait(1, 0..300);
    fleet.settle(at(0.0));
    fleet.wait(2, 1_000..1_030);
    fleet.wait(3, 2_000..2_030);

    fleet.run(at(100_000.0));

    let last = |process| fleet.began.iter().filter(|call| call.process == process).map(|call| call.at).max();
    let (first, second, third) = (last(1), last(2), last(3));
    assert!(second < first && third < first, "{second:?} {third:?} {first:?}");
    for of in [second, third] {
        let waited = of.expect("they begin").since(at(0.0));
        // Of four slots, each of three has one at least: thirty calls of a second.
        assert!(waited < Duration::from_secs(45), "{waited:?}");
    }
}

#[test]
fn a_process_with_much_to_do_starves_no_other() {
    for max in [1, 2, 3, 5] {
        let mut fleet = Fleet::new(at_once(max), Duration::from_secs(1));
        fleet.wait(1, 0..10_000);
        fleet.settle(at(0.0));
        fleet.wait(2, 20_000..30_000);
        fleet.wait(3, 40_000..50_000);

        fleet.run(at(600.0));

        let of = |process| fleet.began.iter().filter(|call| call.process == process).count();
        let all = fleet.began.len();
        for process in 1..=PROCESSES {
            assert!(of(process) * 6 > all, "{max}: {process} has {} of {all}", of(process));
        }
        assert!(all * 10 > 600 * max as usize * 7, "{max}: {all} calls in ten minutes");
        assert_eq!(fleet.most_at_once(), max as usize);
    }
}

#[test]
fn the_rate_of_several_processes_is_flat() {
    let mut fleet = Fleet::new(
        Protection { requests_per_minute: Some(60), ..Protection::default() },
        Duration::from_secs(3),
    );
    (1..=PROCESSES).for_each(|process| fleet.wait(process, (0..50).map(|n| u128::from(process) * 100 + n)));

    fleet.run(at(100_000.0));

    assert_eq!(fleet.began.len(), 150);
    for pair in fleet.began.windows(2) {
        assert_eq!(pair[1].at.since(pair[0].at), Duration::from_secs(1), "{pair:?}");
    }
}

#[test]
fn a_breaker_opens_for_all_and_lets_one_call_through() {
    let breaker = Some(Breaker { failures: 3, open: Duration::from_secs(30) });
    let mut fleet = Fleet::new(Protection { breaker, ..at_once(3) }, Duration::from_secs(1));
    fleet.end = |_| fails();
    (1..=PROCESSES).for_each(|process| fleet.wait(process, (0..20).map(|n| u128::from(process) * 100 + n)));

    fleet.run(at(100.0));

    let later = fleet.began.iter().filter(|call| call.at > at(2.0));
    let times: Vec<f64> = later.map(|call| call.at.since(at(0.0)).as_secs_f64()).collect();
    assert_eq!(times, [31.0, 62.0, 93.0], "one of all processes each time");
    fleet.end = |_| responds();
    fleet.run(at(100_000.0));
    assert_eq!(fleet.began.len(), 60, "and all when it responds");
}

#[test]
fn what_a_lost_process_had_is_free() {
    let breaker = Some(Breaker { failures: 1, open: Duration::from_secs(30) });
    for protection in [at_once(2), Protection { breaker, ..at_once(2) }] {
        let mut fleet = Fleet::new(protection, Duration::from_secs(1));
        fleet.end = |number| if number == 101 { fails() } else { responds() };
        fleet.wait(1, [101, 102]);
        fleet.run(at(1.5));
        fleet.wait(1, [103, 104]);
        fleet.wait(2, 201..211);
        fleet.settle(at(31.0));
        assert!(!fleet.open.is_empty());

        fleet.dies(1);
        fleet.run(at(100_000.0));

        assert!(fleet.began.iter().filter(|call| call.process == 2).count() == 10, "{:?}", fleet.began);
    }
}

#[test]
fn tokens_are_counted_over_all_processes() {
    let protection = Protection { tokens_per_minute: Some(6_000), ..Protection::default() };
    let mut fleet = Fleet::new(protection, Duration::from_millis(10));
    fleet.end = |_| CallEnd { tokens: None, ..responds() };
    (1..=PROCESSES).for_each(|process| fleet.wait(process, (0..30).map(|n| u128::from(process) * 100 + n)));

    fleet.run(at(100_000.0));

    assert_eq!(fleet.began.len(), 90);
    // Nobody knows what they used: each is counted as 600 tokens, of which 100 a second come.
    let took = fleet.began.last().expect("they begin").at.since(at(0.0));
    assert!((Duration::from_secs(520)..Duration::from_secs(560)).contains(&took), "{took:?}");
}
