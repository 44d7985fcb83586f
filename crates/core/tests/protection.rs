//! The laws of the protection of agents, in virtual time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use steadflow_core::agent::{Breaker, Protection};
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::ids::{AgentId, Attempt, ExecutionId, FlowId, NodeIndex, StepKey, TenantId};
use steadflow_core::payload::Payload;
use steadflow_core::protection::{
    AgentLimits, BreakerState, CallEnd, Gates, HOLD_MAX, RETRIES_A_MINUTE, SlotAnswer, SlotRequest, Verdict,
};
use steadflow_core::quota::{Allowance, Quota};
use steadflow_core::timestamp::Timestamp;
use steadflow_core::usage::Usage;
use steadflow_core::work::{CallKey, Outcome};
use uuid::Uuid;

const AGENT: AgentId = AgentId::new(Uuid::from_u128(1));
const OTHER: AgentId = AgentId::new(Uuid::from_u128(2));
const BREAKER: Breaker = Breaker { failures: 3, open: Duration::from_secs(30) };

fn at(seconds: f64) -> Timestamp {
    Timestamp::from_micros(1_800_000_000_000_000).plus(Duration::from_secs_f64(seconds))
}

fn seconds(at_time: Timestamp) -> f64 {
    at_time.since(at(0.0)).as_secs_f64()
}

fn call(number: u128) -> CallKey {
    let execution = ExecutionId::new(Uuid::from_u128(number));
    CallKey { execution, node: NodeIndex(0), attempt: Attempt::FIRST, step: StepKey::ONLY }
}

fn request(number: u128, flow: u128) -> SlotRequest {
    let flow = FlowId::new(Uuid::from_u128(flow));
    SlotRequest { call: call(number), agent: AGENT, flow, is_repeat: false, bytes: 400, of_budget: None }
}

fn limits(protection: Protection) -> Option<AgentLimits> {
    Some(AgentLimits { tenant: TenantId::DEFAULT, protection: Some(protection), budget: None })
}

fn repeat(number: u128) -> SlotRequest {
    SlotRequest { is_repeat: true, ..request(number, 1) }
}

fn number(call: &CallKey) -> u128 {
    call.execution.uuid().as_u128()
}

fn responds() -> CallEnd {
    CallEnd::of(&Outcome::completed(Payload::null()))
}

fn fails() -> CallEnd {
    CallEnd::of(&Outcome::failed(Failure::new(ErrorClass::Connection, "refused")))
}

fn gates(protection: Protection) -> Gates {
    let mut gates = Gates::new(at(0.0));
    gates.set(AGENT, limits(protection), at(0.0));
    gates
}

fn grants(gates: &mut Gates, now: Timestamp) -> Vec<u128> {
    let granted = |answer| match answer {
        SlotAnswer::Granted(call) => number(&call),
        SlotAnswer::Refused(..) | SlotAnswer::AskAgain(_) => panic!("no budget limits it: {answer:?}"),
    };
    std::iter::from_fn(|| gates.grant(now)).map(granted).collect()
}

/// Gives slots as time passes until nothing waits for time any more; each call ends `takes` later, as `end` says.
fn drained(gates: &mut Gates, takes: Duration, end: impl Fn(u128) -> CallEnd) -> Vec<(f64, u128)> {
    let (mut began, mut open) = (Vec::new(), BTreeMap::<(Timestamp, u128), ()>::new());
    let mut now = at(0.0);
    loop {
        for granted in grants(gates, now) {
            began.push((seconds(now), granted));
            open.insert((now.plus(takes), granted), ());
        }
        let timer = gates.next_timer();
        assert!(timer.is_none_or(|timer| timer > now), "it asks to be called at once, again and again");
        let next_end = open.first_key_value().map(|((at, _), ())| *at);
        let Some(next) = timer.into_iter().chain(next_end).min() else { return began };
        now = next;
        while let Some((&(ends_at, number), ())) = open.first_key_value()
            && ends_at <= now
        {
            open.pop_first();
            gates.ended(&call(number), end(number), now);
        }
    }
}

#[test]
fn five_hundred_calls_at_once_begin_one_each_second() {
    let mut gates = gates(Protection { requests_per_minute: Some(60), ..Protection::default() });
    (0..500).for_each(|number| gates.wait(request(number, 1)));

    let began = drained(&mut gates, Duration::from_secs(3), |_| responds());

    let expected: Vec<(f64, u128)> =
        (0..500_u32).map(|number| (f64::from(number) + 1.0, number.into())).collect();
    assert_eq!(began, expected);
}

#[test]
fn what_a_quiet_agent_can_make_up_for_is_one_second() {
    for (per_minute, at_once) in [(30, 1), (60, 1), (600, 10), (6_000, 100)] {
        let mut gates = gates(Protection { requests_per_minute: Some(per_minute), ..Protection::default() });
        (0..200).for_each(|number| gates.wait(request(number, 1)));

        assert_eq!(grants(&mut gates, at(3_600.0)).len(), at_once, "{per_minute}");
    }
}

#[test]
fn a_process_that_starts_begins_as_if_it_had_just_made_a_call() {
    let mut gates = gates(Protection { requests_per_minute: Some(600), ..Protection::default() });
    (0..200).for_each(|number| gates.wait(request(number, 1)));

    assert_eq!(grants(&mut gates, at(0.0)).len(), 0);
    assert_eq!(gates.next_timer(), Some(at(0.1)));
    assert_eq!(grants(&mut gates, at(0.1)).len(), 1);
}

#[test]
fn a_changed_rate_holds_at_once() {
    let per_minute = |count| limits(Protection { requests_per_minute: Some(count), ..Protection::default() });
    let mut gates = gates(Protection { requests_per_minute: Some(1), ..Protection::default() });
    (0..9).for_each(|number| gates.wait(request(number, 1)));
    assert!(grants(&mut gates, at(30.0)).is_empty());

    gates.set(AGENT, per_minute(60), at(30.0));
    assert_eq!((grants(&mut gates, at(30.0)).len(), gates.next_timer()), (0, Some(at(30.5))));
    assert_eq!(grants(&mut gates, at(30.5)).len(), 1);
    gates.set(AGENT, per_minute(1), at(30.5));
    assert_eq!((grants(&mut gates, at(31.5)).len(), gates.next_timer()), (0, Some(at(90.5))));
    gates.set(AGENT, None, at(32.0));
    assert_eq!(grants(&mut gates, at(32.0)).len(), 8);
    assert!(gates.limited().is_none());
}

#[test]
fn tokens_are_reserved_before_a_call_and_corrected_after_it() {
    let mut gates = gates(Protection { tokens_per_minute: Some(6_000), ..Protection::default() });
    let used = |tokens| CallEnd { tokens: Some(tokens), ..responds() };
    (0..4).for_each(|number| gates.wait(request(number, 1)));

    // 100 for what is sent and 500 for the answer: 6 seconds of the rate.
    assert_eq!(grants(&mut gates, at(60.0)), [0]);
    assert_eq!(gates.next_timer(), Some(at(65.01)));
    gates.ended(&call(0), used(200), at(61.0));
    assert_eq!((grants(&mut gates, at(61.0)).len(), gates.next_timer()), (0, Some(at(61.01))));
    assert_eq!(grants(&mut gates, at(61.01)), [1]);
    gates.ended(&call(1), used(6_000), at(61.5));
    assert_eq!((grants(&mut gates, at(61.5)).len(), gates.next_timer()), (0, Some(at(121.01))));
}

#[test]
fn one_probe_decides_whether_a_breaker_closes() {
    let mut gates = gates(Protection { breaker: Some(BREAKER), ..Protection::default() });
    let state = |gates: &Gates, now: f64| gates.state(AGENT, at(now)).and_then(|state| state.breaker);
    (0..20).for_each(|number| gates.wait(request(number, 1)));
    assert_eq!(grants(&mut gates, at(0.0)).len(), 20);
    (0..3).for_each(|number| gates.ended(&call(number), fails(), at(1.0)));
    (20..40).for_each(|number| gates.wait(request(number, 1)));
    assert_eq!(state(&gates, 1.0), Some(BreakerState::Open { until: at(31.0) }));

    assert_eq!((grants(&mut gates, at(1.0)).len(), gates.next_timer()), (0, Some(at(31.0))));
    gates.ended(&call(4), responds(), at(2.0));
    assert!(grants(&mut gates, at(30.9)).is_empty(), "what began before says nothing");
    assert_eq!(grants(&mut gates, at(31.0)), [20]);
    assert_eq!((state(&gates, 40.0), gates.next_timer()), (Some(BreakerState::HalfOpen), None));
    gates.ended(&call(20), CallEnd::UNWANTED, at(41.0));
    assert_eq!(grants(&mut gates, at(41.0)), [21], "nobody knows, so another one tries");
    gates.ended(&call(21), CallEnd::OVERDUE, at(42.0));
    assert_eq!((grants(&mut gates, at(42.0)).len(), gates.next_timer()), (0, Some(at(72.0))));
    assert_eq!(grants(&mut gates, at(72.0)), [22]);
    gates.ended(&call(22), responds(), at(73.0));
    assert_eq!(grants(&mut gates, at(73.0)).len(), 17);
    assert_eq!(state(&gates, 73.0), Some(BreakerState::Closed));
}

#[test]
fn a_probe_that_does_not_begin_leaves_its_place_to_the_next() {
    let mut gates = gates(Protection { breaker: Some(BREAKER), ..Protection::default() });
    (0..6).for_each(|number| gates.wait(request(number, 1)));
    grants(&mut gates, at(0.0));
    (0..3).for_each(|number| gates.ended(&call(number), fails(), at(0.0)));
    (6..8).for_each(|number| gates.wait(request(number, 1)));

    assert_eq!(grants(&mut gates, at(30.0)), [6]);
    gates.give_back(&call(6));

    assert_eq!(grants(&mut gates, at(30.0)), [7]);
}

#[test]
fn a_peer_that_asks_to_wait_is_left_alone_by_all_calls() {
    let asks = |wait| {
        let failure =
            Failure { retry_after: Some(wait), ..Failure::new(ErrorClass::RateLimited, "HTTP 429") };
        CallEnd::of(&Outcome::failed(failure))
    };
    for (wait, until) in [(Duration::from_secs(20), 21.0), (HOLD_MAX * 9, 1.0 + HOLD_MAX.as_secs_f64())] {
        let mut gates = gates(Protection { max_concurrency: Some(1), ..Protection::default() });
        (0..2).for_each(|number| gates.wait(request(number, 1)));
        assert_eq!(grants(&mut gates, at(0.0)), [0]);

        gates.ended(&call(0), asks(wait), at(1.0));

        assert_eq!((grants(&mut gates, at(1.0)).len(), gates.next_timer()), (0, Some(at(until))));
        assert_eq!(gates.state(AGENT, at(1.0)).and_then(|state| state.held_until), Some(at(until)));
        assert_eq!(grants(&mut gates, at(until)), [1]);
    }
}

#[test]
fn retries_that_fail_are_few_and_those_that_succeed_bring_the_others_along() {
    let floor = usize::try_from(RETRIES_A_MINUTE).expect("it is small");
    let mut gates = gates(Protection { max_concurrency: Some(1_000), ..Protection::default() });
    (0..200).for_each(|number| gates.wait(request(number, 1)));
    assert_eq!(grants(&mut gates, at(0.0)).len(), 200);
    (1_000..6_000).for_each(|number| gates.wait(repeat(number)));

    let first = grants(&mut gates, at(1.0));
    assert_eq!(first.len(), floor + 20, "a tenth of 200 calls");
    first.iter().for_each(|number| gates.ended(&call(*number), fails(), at(7.0)));
    assert!(grants(&mut gates, at(59.0)).is_empty());
    assert_eq!(gates.next_timer(), Some(at(60.0)));
    assert!(grants(&mut gates, at(60.0)).is_empty(), "the calls are forgotten before the failures");
    assert_eq!(gates.next_timer(), Some(at(67.0)));
    let again = grants(&mut gates, at(67.0));
    assert_eq!(again.len(), floor);

    let mut rounds = 0;
    let mut open = again;
    while !open.is_empty() {
        rounds += 1;
        let now = at(67.0 + f64::from(rounds) * 0.1);
        open.iter().for_each(|number| gates.ended(&call(*number), responds(), now));
        open = grants(&mut gates, now);
    }
    assert_eq!(gates.state(AGENT, at(100.0)).map(|state| state.waiting), Some(0));
    assert!(rounds < 100, "{rounds} rounds of 100 ms");
}

#[test]
fn a_few_retries_of_a_small_flow_do_not_wait() {
    let mut gates = gates(Protection { max_concurrency: Some(9), ..Protection::default() });

    (0..9).for_each(|number| gates.wait(repeat(number)));

    assert_eq!(grants(&mut gates, at(0.0)).len(), 9);
}

#[test]
fn flows_take_turns_and_a_large_one_does_not_hold_up_a_small_one() {
    let mut gates = gates(Protection { max_concurrency: Some(1), ..Protection::default() });
    (0..100).for_each(|number| gates.wait(request(number, 1)));
    (100..103).for_each(|number| gates.wait(request(number, 2)));

    let began = drained(&mut gates, Duration::from_secs(1), |_| responds());

    let order: Vec<u128> = began.into_iter().map(|(_, number)| number).collect();
    assert_eq!(order[..8], [0, 100, 1, 101, 2, 102, 3, 4]);
    assert_eq!(order.len(), 103);
}

#[test]
fn an_agent_that_is_full_does_not_hold_up_another() {
    let mut gates = gates(Protection { max_concurrency: Some(1), ..Protection::default() });
    gates.set(OTHER, limits(Protection { max_concurrency: Some(1), ..Protection::default() }), at(0.0));
    (0..9).for_each(|number| gates.wait(request(number, 1)));
    gates.wait(SlotRequest { agent: OTHER, ..request(9, 1) });

    assert_eq!(grants(&mut gates, at(0.0)), [0, 9]);
}

#[test]
fn what_ends_while_it_waits_or_before_it_begins_leaves_nothing_behind() {
    let mut gates = gates(Protection {
        max_concurrency: Some(1),
        requests_per_minute: Some(60),
        ..Protection::default()
    });
    (0..5).for_each(|number| gates.wait(request(number, number)));
    gates.wait(request(0, 0));
    assert_eq!(grants(&mut gates, at(60.0)), [0]);

    gates.forget(call(1).execution);
    gates.ended(&call(2), fails(), at(60.0));
    gates.give_back(&call(0));
    gates.give_back(&call(0));

    assert_eq!(grants(&mut gates, at(60.0)), [3], "neither a place nor time is lost");
    gates.forget(call(3).execution);
    gates.forget(call(4).execution);
    let state = gates.state(AGENT, at(60.0)).expect("it is limited");
    assert_eq!((state.waiting, state.running, gates.next_timer()), (0, 0, None));
}

#[test]
fn ends_say_what_they_say_of_the_peer() {
    let verdict = |class| {
        let failure = Failure { status: None, ..Failure::new(class, "…") };
        CallEnd::of(&Outcome::failed(failure)).verdict
    };
    for &class in ErrorClass::ALL {
        let expected = match class.as_str() {
            "timeout" | "connection" | "unavailable" => Verdict::Fails,
            "rate_limited" => Verdict::AsksToWait,
            "rejected" | "tool" | "model_output" | "output_too_large" => Verdict::Responds,
            _ => Verdict::Unknown,
        };
        assert_eq!(verdict(class), expected, "{class}");
    }
    let used = Usage { input_tokens: 3, output_tokens: 4, ..Usage::default() };
    let outcome = Outcome { usage: Some(Arc::new(used)), ..Outcome::completed(Payload::null()) };
    assert_eq!(CallEnd::of(&outcome).tokens, Some(7));
    assert_eq!(fails().tokens, None, "what a call used that broke off is not known");
    let rejected = Failure { status: Some(429), ..Failure::new(ErrorClass::RateLimited, "…") };
    assert_eq!(CallEnd::of(&Outcome::failed(rejected)).tokens, Some(0));
}

#[test]
fn a_provider_that_has_no_room_left_is_asked_when_it_has() {
    let left =
        |limit, left, seconds| Some(Allowance { limit, left, full_after: Duration::from_secs(seconds) });
    let responds_at = |seconds, requests, tokens| CallEnd {
        quota: Some(Quota { read_at: at(seconds), requests, tokens }),
        ..responds()
    };
    let mut gates = gates(Protection { max_concurrency: Some(2), ..Protection::default() });
    (0..9).for_each(|number| gates.wait(request(number, 1)));
    assert_eq!(grants(&mut gates, at(0.0)), [0, 1]);

    // The call that is in progress may not be counted yet, so there is room for no other one.
    gates.ended(&call(0), responds_at(1.0, left(Some(60), 1, 59), None), at(1.5));
    assert_eq!((grants(&mut gates, at(1.5)).len(), gates.next_timer()), (0, Some(at(2.0))));
    assert_eq!(gates.state(AGENT, at(1.5)).and_then(|state| state.held_until), Some(at(2.0)));
    assert_eq!(grants(&mut gates, at(2.0)), [2]);

    // What an earlier response says is not believed after a later one.
    gates.ended(&call(2), responds_at(3.0, left(None, 0, 7), None), at(3.0));
    gates.ended(&call(1), responds_at(2.5, left(None, 50, 7), None), at(3.0));
    assert_eq!((grants(&mut gates, at(3.0)).len(), gates.next_timer()), (0, Some(at(10.0))));
    assert_eq!(grants(&mut gates, at(10.0)), [3, 4]);

    // The next call needs some 500 tokens, as long as nobody knows better.
    gates.ended(&call(3), responds_at(11.0, left(None, 50, 7), left(Some(1_000), 400, 60)), at(11.0));
    gates.ended(&call(4), responds_at(11.0, left(None, 50, 7), left(Some(1_000), 400, 60)), at(11.0));
    assert_eq!((grants(&mut gates, at(11.0)).len(), gates.next_timer()), (0, Some(at(21.0))));
    assert_eq!(grants(&mut gates, at(21.0)), [5]);

    // It is not waited for longer than for `Retry-After`.
    gates.ended(&call(5), responds_at(22.0, left(None, 0, 86_400), None), at(22.0));
    assert_eq!(grants(&mut gates, at(22.0)).len(), 0);
    assert_eq!(gates.next_timer(), Some(at(22.0).plus(HOLD_MAX)));
}

/// What may happen to the calls of one agent.
#[derive(Clone, Debug)]
enum Happens {
    Waits { flow: u8, is_repeat: bool },
    Ends { which: usize, how: u8 },
    GoesAway { which: usize },
    Passes { millis: u64 },
    Changes { protection: Protection },
}

fn any_protection() -> impl Strategy<Value = Protection> {
    let some = |max: u32| proptest::option::of(1..=max);
    let breaker = proptest::option::of((1..4_u32, 1..60_u64));
    (some(5), some(3_000), some(100_000), breaker).prop_map(|(max_concurrency, requests, tokens, breaker)| {
        Protection {
            max_concurrency,
            requests_per_minute: requests,
            tokens_per_minute: tokens,
            breaker: breaker.map(|(failures, open)| Breaker { failures, open: Duration::from_secs(open) }),
        }
    })
}

fn anything() -> impl Strategy<Value = Happens> {
    prop_oneof![
        6 => (0..4_u8, proptest::bool::weighted(0.3)).prop_map(|(flow, is_repeat)| Happens::Waits { flow, is_repeat }),
        5 => (any::<usize>(), 0..6_u8).prop_map(|(which, how)| Happens::Ends { which, how }),
        1 => any::<usize>().prop_map(|which| Happens::GoesAway { which }),
        4 => (0..20_000_u64).prop_map(|millis| Happens::Passes { millis }),
        1 => any_protection().prop_map(|protection| Happens::Changes { protection }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    /// Whatever happens, no limit is passed, a breaker lets one probe pass, and everything that waits begins in the end.
    #[test]
    fn limits_hold_and_nothing_waits_for_ever(
        first in any_protection(),
        story in proptest::collection::vec(anything(), 1..120),
    ) {
        let mut gates = gates(first);
        let (mut protection, mut now, mut next) = (first, at(0.0), 0_u128);
        let mut running: Vec<u128> = Vec::new();
        let mut waiting: Vec<u128> = Vec::new();
        let take = |gates: &mut Gates, now, running: &mut Vec<u128>, waiting: &mut Vec<u128>, protection: Protection| {
            let before = gates.state(AGENT, now).and_then(|state| state.breaker);
            let granted = grants(gates, now);
            if matches!(before, Some(BreakerState::Open { .. })) {
                prop_assert!(granted.is_empty(), "an open breaker lets nothing pass");
            }
            if before == Some(BreakerState::HalfOpen) {
                prop_assert!(granted.len() <= 1, "a probe is a single one");
            }
            for number in granted {
                let place = waiting.iter().position(|waits| *waits == number);
                prop_assert!(place.is_some(), "only what waits gets a slot, and once");
                waiting.swap_remove(place.unwrap_or_default());
                running.push(number);
                if let Some(max) = protection.max_concurrency {
                    prop_assert!(running.len() <= max as usize);
                }
            }
            prop_assert!(gates.next_timer().is_none_or(|timer| timer > now));
            Ok(())
        };
        for happens in story {
            match happens {
                Happens::Waits { flow, is_repeat } => {
                    gates.wait(SlotRequest { is_repeat, ..request(next, flow.into()) });
                    waiting.push(next);
                    next += 1;
                }
                Happens::Ends { which, how } if !running.is_empty() => {
                    let number = running.swap_remove(which % running.len());
                    let asks = CallEnd { verdict: Verdict::AsksToWait, retry_after: Some(Duration::from_secs(7)), ..responds() };
                    let used = CallEnd { tokens: Some(4_000), ..responds() };
                    let none = Allowance { limit: Some(9), left: 0, full_after: Duration::from_secs(8) };
                    let quota = Quota { read_at: now, requests: Some(none), tokens: Some(none) };
                    let full = CallEnd { quota: Some(quota), ..responds() };
                    let end = [responds(), fails(), CallEnd::UNWANTED, asks, used, full][usize::from(how)];
                    gates.ended(&call(number), end, now);
                }
                Happens::GoesAway { which } if !waiting.is_empty() => {
                    let number = waiting.swap_remove(which % waiting.len());
                    gates.forget(call(number).execution);
                }
                Happens::Ends { .. } | Happens::GoesAway { .. } => {}
                Happens::Passes { millis } => now = now.plus(Duration::from_millis(millis)),
                Happens::Changes { protection: changed } => {
                    gates.set(AGENT, limits(changed), now);
                    protection = changed;
                    // What runs already may be more than the new limit.
                    running.drain(..).for_each(|number| gates.ended(&call(number), responds(), now));
                }
            }
            take(&mut gates, now, &mut running, &mut waiting, protection)?;
        }
        let mut rounds = 0;
        while !waiting.is_empty() || !running.is_empty() {
            rounds += 1;
            prop_assert!(rounds < 2_000, "{} wait for ever: {:?}", waiting.len(), gates.state(AGENT, now));
            if let Some(number) = running.pop() {
                gates.ended(&call(number), responds(), now);
            } else if let Some(timer) = gates.next_timer() {
                now = timer;
            }
            take(&mut gates, now, &mut running, &mut waiting, protection)?;
        }
        let state = gates.state(AGENT, now);
        prop_assert!(state.is_none_or(|state| state.waiting == 0 && state.running == 0));
    }

    /// In no span of time do more calls begin than the rate allows, and one second's worth.
    #[test]
    fn no_span_has_more_calls_than_the_rate_allows(
        per_minute in 1..2_000_u32,
        arrivals in proptest::collection::vec(0..90_000_u64, 1..150),
    ) {
        let mut arrivals: Vec<Timestamp> =
            arrivals.into_iter().map(|millis| at(0.0).plus(Duration::from_millis(millis))).collect();
        arrivals.sort_unstable();
        let mut gates = gates(Protection { requests_per_minute: Some(per_minute), ..Protection::default() });
        let (mut began, mut next, mut now) = (Vec::new(), 0, at(0.0));
        loop {
            while arrivals.get(next).is_some_and(|arrival| *arrival <= now) {
                gates.wait(request(next as u128, 1));
                next += 1;
            }
            began.extend(grants(&mut gates, now).iter().map(|_| now));
            let timer = gates.next_timer().into_iter().chain(arrivals.get(next).copied()).min();
            let Some(timer) = timer else { break };
            now = timer;
        }
        prop_assert_eq!(began.len(), arrivals.len());
        let at_once = (f64::from(per_minute) / 60.0).max(1.0);
        for (first, from) in began.iter().enumerate() {
            for (last, to) in began.iter().enumerate().skip(first) {
                let allowed = at_once + to.since(*from).as_secs_f64() * f64::from(per_minute) / 60.0;
                let count = u32::try_from(last - first + 1).expect("there are few");
                prop_assert!(f64::from(count) <= allowed + 0.001, "{count} calls, {allowed} allowed");
            }
        }
    }
}
