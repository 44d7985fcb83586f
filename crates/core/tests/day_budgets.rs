//! The budgets of agents for a day: what calls may use is drawn before they begin, and what they did not use is put back.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};
use steadflow_core::agent::Agent;
use steadflow_core::budget::{Amount, Budget, Day, Draw, Drawn, Spent};
use steadflow_core::execution::{Input, Pinned};
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::ids::{AgentId, Attempt, ExecutionId, FlowId, NodeIndex, StepKey, TenantId};
use steadflow_core::payload::Payload;
use steadflow_core::protection::{AgentLimits, CallEnd, GateAsk, Gates, SlotAnswer, SlotRequest};
use steadflow_core::timestamp::Timestamp;
use steadflow_core::usage::Usage;
use steadflow_core::work::{CallKey, Outcome};
use uuid::Uuid;

use crate::support::{Play, accepted, version};

const AGENT: AgentId = AgentId::new(Uuid::from_u128(5));
const BUDGET: Budget = Budget { max_tokens: Some(10_000), max_cost: None, currency: None };
const HOUR: f64 = 3_600.0;

/// Hours after midnight.
fn at(hours: f64) -> Timestamp {
    Timestamp::from_micros(1_800_000_000_000_000 / 86_400_000_000 * 86_400_000_000)
        .plus(Duration::from_secs_f64(hours * HOUR))
}

fn tokens(tokens: u64) -> Amount {
    Amount { tokens, cost: 0.0 }
}

fn call(number: u128) -> CallKey {
    let execution = ExecutionId::new(Uuid::from_u128(number));
    CallKey { execution, node: NodeIndex(0), attempt: Attempt::FIRST, step: StepKey::ONLY }
}

fn limits(budget: Budget) -> Option<AgentLimits> {
    Some(AgentLimits { tenant: TenantId::DEFAULT, protection: None, budget: Some(budget) })
}

/// A process that makes calls of one agent, and a store that has what is drawn.
struct Process {
    gates: Gates,
    budget: Budget,
    taken: BTreeMap<Day, Amount>,
    /// Whether the store answers.
    is_well: bool,
    draws: usize,
}

impl Process {
    fn new() -> Self {
        let taken = BTreeMap::new();
        let mut process = Self { gates: Gates::new(at(0.0)), budget: BUDGET, taken, is_well: true, draws: 0 };
        process.set(BUDGET, at(0.0));
        process
    }

    fn set(&mut self, budget: Budget, now: Timestamp) {
        self.budget = budget;
        self.gates.set(AGENT, limits(budget), now);
    }

    /// Starts it again: what is in memory is lost.
    fn crash(&mut self, now: Timestamp) {
        self.gates = Gates::new(now);
        self.set(self.budget, now);
    }

    fn wait(&mut self, number: u128, most: u64) {
        let flow = FlowId::new(Uuid::from_u128(1));
        let of_budget = Some((self.budget, tokens(most)));
        self.gates.wait(SlotRequest {
            call: call(number),
            agent: AGENT,
            flow,
            is_repeat: false,
            bytes: 0,
            of_budget,
        });
    }

    fn end(&mut self, number: u128, spent: Spent, now: Timestamp) {
        let end = CallEnd { spent, ..CallEnd::of(&Outcome::completed(Payload::null())) };
        self.gates.ended(&call(number), end, now);
    }

    /// Lets calls begin, and returns what each is answered.
    fn answers(&mut self, now: Timestamp) -> Vec<String> {
        let mut said = Vec::new();
        loop {
            let before = said.len();
            while let Some(answer) = self.gates.grant(now) {
                let number = answer.call().execution.uuid().as_u128();
                said.push(match answer {
                    SlotAnswer::Granted(_) => format!("{number} begins"),
                    SlotAnswer::Refused(_, refusal) => {
                        let of = &refusal.shortage;
                        format!("{number} is refused: {} of {} used", of.used, of.budget)
                    }
                    SlotAnswer::AskAgain(_) => format!("{number} asks again"),
                });
            }
            let asks = self.gates.take_asks();
            if asks.is_empty() && said.len() == before {
                return said;
            }
            asks.into_iter().for_each(|ask| self.ask(&ask, now));
        }
    }

    fn ask(&mut self, ask: &GateAsk, now: Timestamp) {
        match ask {
            GateAsk::Draw(draw) => {
                self.draws += 1;
                let taken = self.taken.entry(draw.day).or_default();
                let drawn = draw.from(*taken);
                if let (Drawn::Some(amount), true) = (drawn, self.is_well) {
                    *taken = taken.plus(amount);
                }
                self.gates.drawn(draw, Some(drawn).filter(|_| self.is_well), now);
            }
            GateAsk::Permit(ask) => panic!("nobody else asks: {ask:?}"),
            GateAsk::Settle(settlement) => {
                let taken = self.taken.entry(settlement.day).or_default();
                *taken = settlement.after(*taken);
            }
        }
    }

    fn taken(&self, day: Day) -> u64 {
        self.taken.get(&day).map_or(0, |taken| taken.tokens)
    }

    /// Returns what is used of the budget or reserved.
    fn used(&self, now: Timestamp) -> u64 {
        self.taken(Day::of(now)) - self.gates.account(AGENT, now).in_hand.tokens
    }
}

#[test]
fn calls_begin_until_the_budget_is_used_up_and_again_on_the_next_day() {
    let (mut process, now) = (Process::new(), at(1.0));
    for number in 0..4 {
        process.wait(number, 3_000);
    }

    assert_eq!(
        process.answers(now),
        ["0 begins", "1 begins", "2 begins"],
        "the fourth waits for those under way"
    );
    assert_eq!(process.gates.next_timer(), Some(at(24.0)));
    process.end(0, Spent::UNKNOWN, now);
    process.end(1, Spent::UNKNOWN, now);
    assert!(process.answers(now).is_empty());
    process.end(2, Spent::All(tokens(2_500)), now);
    assert_eq!(process.answers(now), ["3 is refused: 8,500 of 10,000 tokens used"]);
    process.wait(4, 1_500);
    assert_eq!(process.answers(now), ["4 begins"]);
    process.wait(5, 3_000);
    assert!(process.answers(at(23.99)).is_empty());
    assert_eq!(process.answers(at(24.0)), ["5 begins"]);
    assert_eq!(process.used(at(24.0)), 3_000);
}

#[test]
fn a_call_that_ends_after_midnight_counts_on_the_day_when_it_began() {
    let mut process = Process::new();
    let (yesterday, today) = (Day::of(at(23.0)), Day::of(at(25.0)));
    process.wait(1, 3_000);
    assert_eq!(process.answers(at(23.9)), ["1 begins"]);
    process.wait(2, 500);
    assert_eq!(process.answers(at(24.1)), ["2 begins"]);

    process.end(1, Spent::All(tokens(700)), at(24.2));
    process.end(2, Spent::Nothing, at(24.2));
    assert!(process.answers(at(24.2)).is_empty());

    assert_eq!((process.taken(yesterday), process.used(at(24.2))), (700, 0));
    process.gates.give_back_budgets();
    assert!(process.answers(at(24.3)).is_empty());
    assert_eq!((process.taken(yesterday), process.taken(today)), (700, 0));
}

#[test]
fn what_is_used_beyond_what_was_reserved_counts() {
    let (mut process, now) = (Process::new(), at(1.0));
    process.wait(1, 2_000);
    assert_eq!(process.answers(now), ["1 begins"]);

    process.end(1, Spent::Part(tokens(9_000)), now);
    process.wait(2, 1_001);

    assert_eq!(process.answers(now), ["2 is refused: 9,000 of 10,000 tokens used"]);
    assert_eq!(process.used(now), 9_000);
}

#[test]
fn a_call_that_can_never_fit_waits_for_nothing() {
    let (mut process, now) = (Process::new(), at(1.0));
    process.wait(1, 2_000);
    process.wait(2, 10_001);

    assert_eq!(process.answers(now), ["1 begins", "2 is refused: 2,000 of 10,000 tokens used"]);
}

#[test]
fn one_share_is_drawn_for_many_small_calls_and_a_large_rest_is_put_back() {
    let (mut process, now) = (Process::new(), at(1.0));
    for number in 0..20 {
        process.wait(number, 10);
        assert_eq!(process.answers(now).len(), 1);
        process.end(number, Spent::All(tokens(10)), now);
    }
    assert_eq!((process.draws, process.taken(Day::of(now))), (1, 200));
    for number in 20..23 {
        process.wait(number, 3_000);
    }
    assert_eq!(process.answers(now).len(), 3);

    for number in 20..23 {
        process.end(number, Spent::Nothing, now);
    }

    assert!(process.answers(now).is_empty());
    assert_eq!(process.taken(Day::of(now)), 200 + 3_000, "what one call needs is kept");
    process.gates.give_back_budgets();
    assert!(process.answers(now).is_empty());
    assert_eq!(process.taken(Day::of(now)), 200);
}

#[test]
fn a_call_waits_while_the_store_does_not_answer() {
    let (mut process, now) = (Process::new(), at(1.0));
    process.is_well = false;
    process.wait(1, 500);
    assert!(process.answers(now).is_empty());
    let again_at = process.gates.next_timer().expect("it tries again");
    assert_eq!(again_at, now.plus(Duration::from_secs(1)));

    process.is_well = true;
    assert_eq!(process.answers(again_at), ["1 begins"]);
}

#[test]
fn a_changed_budget_holds_at_once() {
    let (mut process, now) = (Process::new(), at(1.0));
    process.wait(1, 9_000);
    process.wait(2, 9_000);
    assert_eq!(process.answers(now), ["1 begins"]);

    process.set(Budget { max_tokens: Some(20_000), ..BUDGET }, now);
    assert_eq!(process.answers(now), ["2 asks again"]);
    process.wait(2, 9_000);
    assert_eq!(process.answers(now), ["2 begins"]);
    process.set(BUDGET, now);
    process.wait(3, 1_001);
    process.end(2, Spent::Nothing, now);
    assert!(process.answers(now).is_empty(), "it waits for the one under way");
    process.end(1, Spent::UNKNOWN, now);
    assert_eq!(process.answers(now), ["3 is refused: 9,000 of 10,000 tokens used"]);
    process.gates.set(AGENT, None, now);
    assert!(process.gates.limited().is_none());
}

#[test]
fn calls_of_an_execution_that_goes_on_elsewhere_count_in_full_and_those_that_wait_do_not() {
    let (mut process, now) = (Process::new(), at(1.0));
    process.wait(1, 6_000);
    process.wait(2, 6_000);
    assert_eq!(process.answers(now), ["1 begins"]);

    process.gates.forget(call(2).execution);
    process.gates.forget(call(1).execution);

    process.wait(3, 5_000);
    assert_eq!(process.answers(now), ["3 is refused: 6,000 of 10,000 tokens used"]);
    assert!(!process.gates.has_calls());
}

#[test]
fn a_slot_that_is_not_used_costs_nothing() {
    let (mut process, now) = (Process::new(), at(1.0));
    process.wait(1, 6_000);
    assert_eq!(process.answers(now), ["1 begins"]);

    process.gates.give_back(&call(1));

    assert_eq!(process.used(now), 0);
    process.wait(2, 6_000);
    assert_eq!(process.answers(now), ["2 begins"]);
}

#[derive(Clone, Debug)]
enum Act {
    Wait(u64),
    End(usize, u64),
    Crash,
    Sick(bool),
    Later,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        6 => (1_u64..4_000).prop_map(Act::Wait),
        6 => (any::<usize>(), 0_u64..4_000).prop_map(|(which, used)| Act::End(which, used)),
        1 => Just(Act::Crash),
        1 => any::<bool>().prop_map(Act::Sick),
        2 => Just(Act::Later),
    ];
    proptest::collection::vec(act, 1..120)
}

proptest! {
    /// What calls used that ended, and all that those may use which did not, is never more than the budget of the day on which
    /// they began.
    #[test]
    fn nothing_passes_the_budget(acts in acts()) {
        let mut process = Process::new();
        let (mut now, mut next) = (at(20.0), 0);
        let mut most = BTreeMap::new();
        let mut open = Vec::new();
        let mut used = BTreeMap::<Day, u64>::new();
        for act in acts {
            match act {
                Act::Wait(tokens) => {
                    next += 1;
                    most.insert(next, tokens);
                    process.wait(next, tokens);
                }
                Act::End(which, tokens_used) if !open.is_empty() => {
                    let (number, day) = open.swap_remove(which % open.len());
                    let spent = tokens_used.min(most[&number]);
                    process.end(number, Spent::All(tokens(spent)), now);
                    *used.entry(day).or_default() += spent;
                }
                Act::End(..) => {}
                Act::Crash => {
                    // Nobody will know what they used.
                    for (number, day) in open.drain(..) {
                        *used.entry(day).or_default() += most[&number];
                    }
                    process.crash(now);
                }
                Act::Sick(is_sick) => process.is_well = !is_sick,
                Act::Later => now = now.plus(Duration::from_secs(1_800)),
            }
            for said in process.answers(now) {
                if let Some(number) = said.strip_suffix(" begins") {
                    open.push((number.parse::<u128>().unwrap(), Day::of(now)));
                }
            }
            for day in [Day::of(at(23.0)), Day::of(at(25.0)), Day::of(at(49.0))] {
                let reserved = open.iter().filter(|(_, of)| *of == day).map(|(number, _)| most[number]).sum::<u64>();
                let all = used.get(&day).copied().unwrap_or_default() + reserved;
                prop_assert!(all <= process.taken(day) && process.taken(day) <= 10_000, "{all} of {}", process.taken(day));
            }
        }
    }
}

fn agent(budget: &Value) -> Value {
    json!({
        "name": "Asked", "agent_type": "llm", "config": { "provider": "openai", "model": "m", "fallbacks": [{ "model": "n" }] },
        "skills": [{ "name": "answer", "max_tokens": 1_000 }], "budget": budget,
    })
}

fn faults(document: &Value) -> String {
    let faults = Agent::parse(document).err().unwrap_or_default();
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_budget_for_a_day_is_read_with_the_currency_of_the_prices() {
    let mut document = agent(&json!({ "max_tokens_per_day": 5_000, "max_cost_per_day": 2.5 }));
    document["prices"] = json!({ "currency": "EUR", "input_per_million": 1 });
    document["config"]["fallbacks"][0]["prices"] = json!({ "currency": "EUR" });

    let both = Agent::parse(&document).unwrap().budget;

    let expected = Budget { max_tokens: Some(5_000), max_cost: Some(2.5), currency: "EUR".parse().ok() };
    assert_eq!(both, Some(expected));
    document["budget"] = json!({ "max_tokens_per_day": 5_000 });
    assert_eq!(
        Agent::parse(&document).unwrap().budget,
        Some(Budget { max_tokens: Some(5_000), ..Budget::default() })
    );
    document["budget"] = Value::Null;
    assert_eq!(Agent::parse(&document).unwrap().budget, None);
}

#[test]
fn what_is_no_budget_for_a_day_is_refused_by_name() {
    let euros = json!({ "currency": "EUR" });
    for (budget, changes, fault) in [
        (
            json!({}),
            json!({}),
            "/budget/max_tokens_per_day: a budget needs `max_tokens_per_day` or `max_cost_per_day`",
        ),
        (json!({ "max_tokens": 5 }), json!({}), "/budget/max_tokens: there is no key `max_tokens` here"),
        (
            json!({ "max_tokens_per_day": 0 }),
            json!({}),
            "/budget/max_tokens_per_day: `max_tokens_per_day` must be",
        ),
        (
            json!({ "max_cost_per_day": -1 }),
            json!({}),
            "/budget/max_cost_per_day: `max_cost_per_day` must be",
        ),
        (json!("5"), json!({}), "/budget: an object is needed here"),
        (
            json!({ "max_tokens_per_day": 2_000 }),
            json!({}),
            "/budget/max_tokens_per_day: one question to the skill `answer` and its answer may use 2,028 or more, and the budget is 2,000 tokens",
        ),
        (
            json!({ "max_cost_per_day": 2 }),
            json!({}),
            "/prices: `budget.max_cost_per_day` needs these prices",
        ),
        (
            json!({ "max_cost_per_day": 2 }),
            json!({ "prices": euros }),
            "/config/fallbacks/0/prices: `budget.max_cost_per_day` needs these prices",
        ),
        (
            json!({ "max_cost_per_day": 2 }),
            json!({ "prices": euros, "config": { "provider": "openai", "model": "m", "fallbacks": [{ "model": "n", "prices": {} }] } }),
            "/config/fallbacks/0/prices/currency: `budget.max_cost_per_day` needs the prices of all models in the same currency",
        ),
        (
            json!({ "max_cost_per_day": 0.000_001 }),
            json!({ "prices": { "output_per_million": 2 }, "config": { "provider": "openai", "model": "m" } }),
            "/budget/max_cost_per_day: one question to the skill `answer` and its answer may use 0.002 or more",
        ),
        (
            json!({ "max_tokens_per_day": 9_000 }),
            json!({ "skills": ["answer"] }),
            "/skills/0/max_tokens: a `budget` of the agent has to know how many tokens an answer may have: set `max_tokens`",
        ),
        (
            json!({ "max_tokens_per_day": 9_000 }),
            json!({ "agent_type": "http", "config": { "endpoint": "https://a.test" }, "skills": ["answer"] }),
            "/budget: only calls of `llm` agents use tokens",
        ),
    ] {
        let mut document = agent(&budget);
        for (key, value) in changes.as_object().unwrap() {
            document[key] = value.clone();
        }

        let said = faults(&document);

        assert!(said.contains(fault), "{budget}: {said}");
        assert!(Agent::restore(&document).is_ok(), "what is stored goes on working: {budget}");
    }
}

/// An execution that asks an agent with a budget for a day, whose calls wait for a slot.
fn play(settings: &Value) -> Play {
    let mut flow = json!({ "name": "Asks", "flow_definition": { "nodes": [
        { "id": "ask", "type": "agent", "agent_id": AGENT.uuid(), "skill": "answer" },
    ] } });
    for (key, value) in settings.as_object().into_iter().flatten() {
        flow[key] = value.clone();
    }
    let agent = Agent::parse(&agent(&json!({ "max_tokens_per_day": 10_000 }))).expect("it is valid");
    let agents = BTreeMap::from([(AGENT, Arc::new(agent))]);
    let mut accepted = accepted();
    accepted.agents.insert(AGENT, 1);
    let pinned = Pinned { agents: Some(Arc::new(agents)), ..version(&flow).into() };
    Play::limited_by(pinned, accepted, Some(Arc::new(BTreeMap::from([(AGENT, Some(BUDGET))]))))
}

#[test]
fn a_refused_call_fails_its_node_and_is_not_repeated() {
    let mut play = play(&json!({ "retry_on_failure": true, "retry_count": 5 }));
    let request = play.requests[0].clone();
    // What is added to any question, its input, and the answer.
    assert_eq!(request.of_budget, Some((BUDGET, tokens(1_024 + 2 + 1_000))));
    let mut gates = Process::new();
    gates.taken.insert(Day::of(at(1.0)), tokens(9_000));
    gates.gates.wait(request);
    let draw = Draw {
        tenant: TenantId::DEFAULT,
        agent: AGENT,
        day: Day::of(at(1.0)),
        budget: BUDGET,
        least: tokens(2_026),
    };
    assert!(gates.gates.grant(at(1.0)).is_none());
    assert_eq!(gates.gates.take_asks(), [GateAsk::Draw(draw)]);
    gates.gates.drawn(&draw, Some(draw.from(tokens(9_000))), at(1.0));

    let answer = gates.gates.grant(at(1.0)).expect("an answer");
    play.put_any(Input::SlotAnswered(answer));

    let error = play.execution.error().expect("it has failed");
    assert_eq!(error.class, Some(ErrorClass::Budget));
    insta::assert_snapshot!(error.message, @"
    Node `ask` failed after 1 attempt: The budget of the agent Asked for a day (10,000 tokens) leaves 1,000 today: 9,000 are used or drawn for calls, and this call may use up to 2,026. The budget renews at 00:00 UTC. Retry this node then, or set a larger `budget.max_tokens_per_day` of the agent or a smaller `max_tokens` of the skill
    Not retried: errors of class `budget` are not, by this node's policy.
    ");
    assert!(play.work.is_empty(), "nothing was sent");
    assert_eq!(play.execution.node(NodeIndex(0)).attempts.len(), 1);
}

#[test]
fn what_a_call_used_is_known_by_how_it_ended() {
    let usage = Usage { input_tokens: 30, output_tokens: 12, cost: Some(0.5), ..Usage::default() };
    let used = Amount { tokens: 42, cost: 0.5 };
    let with =
        |outcome: Outcome| CallEnd::of(&Outcome { usage: Some(Arc::new(usage.clone())), ..outcome }).spent;
    let failed = |class, status| Outcome::failed(Failure { status, ..Failure::new(class, "no") });

    assert_eq!(with(Outcome::completed(Payload::null())), Spent::All(used));
    assert_eq!(with(failed(ErrorClass::ModelOutput, None)), Spent::All(used));
    assert_eq!(with(failed(ErrorClass::Connection, None)), Spent::Part(used));
    assert_eq!(CallEnd::of(&Outcome::completed(Payload::null())).spent, Spent::UNKNOWN);
    assert_eq!(CallEnd::of(&failed(ErrorClass::RateLimited, Some(429))).spent, Spent::Nothing);
    assert_eq!(CallEnd::of(&failed(ErrorClass::Timeout, Some(408))).spent, Spent::UNKNOWN);
    assert_eq!((CallEnd::OVERDUE.spent, CallEnd::UNWANTED.spent), (Spent::UNKNOWN, Spent::UNKNOWN));
}
