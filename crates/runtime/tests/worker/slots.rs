//! Slots of a flow: an execution keeps its place although a commit is refused.

use serde_json::json;
use steadflow_core::caller::Actor;
use steadflow_core::execution::{Decision, Input};
use steadflow_core::flow_control::SlotLimits;
use steadflow_core::ids::{FlowId, TenantId};
use steadflow_core::inbox::Signal;
use steadflow_core::limits::Limits;
use steadflow_core::payload::Payload;
use steadflow_core::timestamp::Timestamp;
use steadflow_runtime::shard::{Accept, BatchId, Loaded, Message, Recovered, ReplyId};
use steadflow_runtime::worker::{Answer, Rest};
use steadflow_store::{Committed, IdempotencyHit, QueuedExecution, StoreError, TakenSlots};
use uuid::Uuid;

use crate::bench::signal as signal_of;
use crate::bench::{
    Bench, Run, accept_family, accepted_by, at, busy, done, execution_of, flow, id, new_execution, number,
    orphan, orphan_of, orphans, signal,
};

fn accept_of_one_at_a_time(number: u128) -> Message {
    let (new, reply) = (new_execution(number), ReplyId(1));
    Message::Accept(Box::new(Accept { new, limits: all(1), idempotency: None, reply, wait: None }))
}

fn all(limit: u32) -> SlotLimits {
    SlotLimits { all: Some(limit), per_key: None }
}

fn pause(number: u128) -> Message {
    signal(number, Signal::Pause { by: Actor::USER })
}

fn call_ended(number: u128) -> Message {
    crate::bench::call_ended(number, 0, Payload::null())
}

fn cancel() -> Signal {
    Signal::Cancel { message: "Not needed".into(), by: Actor::USER }
}

/// Three executions of a flow that runs one at a time. The first one runs, the others wait and are parked.
fn one_runs_and_two_wait() -> Run {
    let mut run = Run { bench: Bench::driving(), batch: 0 };
    // When those were accepted that the store has of them.
    for number in 1..=3 {
        run.bench.handle(0.0, accept_of_one_at_a_time(number));
        run.commits(0.0);
    }
    run
}

/// One that was paused while it waited.
fn paused(number: u128) -> Loaded {
    let Loaded { mut execution, mut journal } = orphan(number);
    let mut decision = Decision::default();
    let pause = Input::Pause { by: Actor::USER };
    execution.decide(pause, at(0.2), &mut decision).expect("it can be paused");
    let record = serde_json::to_string(&execution.seal(&mut decision, at(0.2))).expect("it is JSON");
    journal.push(record.into());
    Loaded { execution, journal }
}

impl Run {
    /// Sends a signal to an execution that waits and is not in memory; its commit is under way then.
    fn signals(&mut self, seconds: f64, stored: Loaded, signal: Signal) {
        let number = number(stored.execution.id());
        assert_eq!(self.bench.handle(seconds, signal_of(number, signal)), [format!("load {number}")]);
        let loaded = Answer::Loaded(id(number), Ok(Some(Box::new(stored))));
        assert_eq!(self.bench.answer(seconds, loaded), [format!("commit {number}")]);
    }

    /// Answers the commit under way: the store did not write it.
    fn is_refused(&mut self, seconds: f64) {
        self.bench.answer(seconds, Answer::Committed(BatchId(self.batch), Err(busy())));
        self.batch += 1;
    }

    /// Returns whether the last commit is that of the start of an execution.
    fn has_started(&self, number: u128) -> bool {
        let is_start = |record: &str| record.contains("started");
        let mut of = self.bench.commits.iter().filter(|commit| commit.execution == id(number));
        of.any(|commit| commit.record.as_deref().is_some_and(is_start))
    }

    /// Ends the call of an execution, and returns what is wanted after that.
    fn ends(&mut self, seconds: f64, number: u128) -> Vec<String> {
        let mut all = self.bench.handle(seconds, call_ended(number));
        all.extend(self.commits(seconds));
        all
    }
}

fn loads(said: &[String]) -> Vec<&str> {
    said.iter().map(String::as_str).filter(|what| what.starts_with("load")).collect()
}

#[test]
fn a_slot_passes_over_an_execution_that_was_cancelled_while_it_waited() {
    let mut run = one_runs_and_two_wait();
    run.signals(0.2, orphan(2), cancel());
    run.commits(0.2);

    let said = run.ends(0.3, 1);

    assert_eq!(loads(&said), ["load 3"], "{said:?}");
}

#[test]
fn a_slot_passes_over_an_execution_that_was_paused_while_it_waited() {
    let mut run = one_runs_and_two_wait();
    run.signals(0.2, orphan(2), Signal::Pause { by: Actor::USER });
    run.commits(0.2);

    let said = run.ends(0.3, 1);

    assert_eq!(loads(&said), ["load 3"], "{said:?}");
}

#[test]
fn a_slot_given_to_an_execution_that_is_paused_before_it_starts_goes_to_the_next() {
    let mut run = one_runs_and_two_wait();
    run.bench.handle(0.2, pause(2));
    let said = run.ends(0.3, 1);
    assert_eq!(loads(&said), Vec::<&str>::new(), "2 is being loaded: {said:?}");

    let mut said = run.bench.answer(0.4, Answer::Loaded(id(2), Ok(Some(Box::new(orphan(2))))));
    said.extend(run.commits(0.4));

    assert_eq!(loads(&said), ["load 3"], "{said:?}");
}

#[test]
fn an_execution_that_was_paused_for_a_moment_when_its_slot_came_starts_all_the_same() {
    let mut run = one_runs_and_two_wait();
    run.bench.handle(0.2, pause(2));
    run.ends(0.3, 1);
    run.bench.handle(0.4, signal(2, Signal::Resume { by: Actor::USER }));

    run.bench.answer(0.4, Answer::Loaded(id(2), Ok(Some(Box::new(orphan(2))))));
    let said = run.commits(0.4);

    assert!(run.has_started(2), "{said:?}");
}

#[test]
fn an_execution_that_is_resumed_waits_in_its_old_place() {
    let mut run = one_runs_and_two_wait();
    run.signals(0.2, orphan(2), Signal::Pause { by: Actor::USER });
    run.commits(0.2);
    run.signals(0.2, paused(2), Signal::Resume { by: Actor::USER });
    run.commits(0.2);

    let said = run.ends(0.3, 1);

    assert_eq!(loads(&said), ["load 2"], "{said:?}");
}

#[test]
fn an_execution_whose_resumption_is_refused_by_the_store_leaves_the_slot_to_the_next() {
    let mut run = one_runs_and_two_wait();
    run.signals(0.2, orphan(2), Signal::Pause { by: Actor::USER });
    run.commits(0.2);
    run.signals(0.2, paused(2), Signal::Resume { by: Actor::USER });
    run.is_refused(0.2);

    let said = run.ends(0.3, 1);

    assert_eq!(loads(&said), ["load 3"], "{said:?}");
}

#[test]
fn an_execution_whose_end_is_refused_by_the_store_is_started_in_its_turn() {
    let mut run = one_runs_and_two_wait();
    run.signals(0.2, orphan(2), cancel());
    run.is_refused(0.2);

    let said = run.ends(0.3, 1);
    let later = run.bench.turn(0.8);

    assert_eq!(loads(&said), Vec::<&str>::new(), "{said:?}");
    assert!(run.has_started(2), "{later:?}");
}

#[test]
fn an_execution_whose_pause_is_refused_by_the_store_keeps_its_place_in_the_queue() {
    let mut bench = Bench::driving();
    bench.handle(0.1, accept_of_one_at_a_time(1));
    bench.answer(0.1, done(&bench, 0));
    bench.handle(0.1, accept_of_one_at_a_time(2));
    bench.answer(0.1, done(&bench, 1));

    assert_eq!(bench.handle(0.2, pause(2)), ["load 2"]);
    let paused = bench.answer(0.2, Answer::Loaded(id(2), Ok(Some(Box::new(orphan(2))))));
    let refused = bench.answer(0.2, Answer::Committed(BatchId(2), Err(busy())));
    let ended = bench.handle(0.3, call_ended(1));
    bench.answer(0.3, done(&bench, 3));
    bench.turn(0.8);

    assert_eq!((paused, refused), (vec!["commit 2".to_owned()], vec!["reply 7 Unavailable".to_owned()]));
    assert!(ended.contains(&"commit 1".into()), "{ended:?}");
    let next = bench.commits.iter().find(|commit| commit.execution == id(2)).expect("it is due");
    assert!(next.record.as_deref().is_some_and(|record| record.contains("started")), "{next:?}");
}

#[test]
fn an_execution_whose_pause_is_refused_when_its_slot_came_does_not_start_beside_the_next() {
    let mut run = one_runs_and_two_wait();
    run.bench.handle(0.2, pause(2));
    run.ends(0.3, 1);
    let said = run.bench.answer(0.4, Answer::Loaded(id(2), Ok(Some(Box::new(orphan(2))))));
    assert_eq!(loads(&said), ["load 3"], "{said:?}");

    run.is_refused(0.4);
    run.bench.answer(0.5, Answer::Loaded(id(3), Ok(Some(Box::new(orphan(3))))));
    assert!(run.has_started(3));
    run.commits(0.5);
    let later = run.bench.turn(1.0);

    assert!(!run.has_started(2), "{later:?}");
}

#[test]
fn an_acceptance_for_which_there_is_no_room_gives_its_slot_back() {
    let mut bench = Bench::driving();
    let full = || Err(StoreError::Full { source: "the disk is full".into() });
    let accept = Accept { limits: all(1), wait: Some(ReplyId(2)), ..accepted_by(1, ReplyId(1)) };
    bench.handle(0.1, Message::Accept(Box::new(accept)));

    let refused = bench.answer(0.1, Answer::Committed(BatchId(0), full()));
    bench.handle(0.2, accept_of_one_at_a_time(2));

    assert_eq!(refused, ["reply 1 StorageFull", "reply 2 StorageFull"]);
    let record = bench.commits[0].record.as_deref().unwrap_or_default();
    assert!(record.contains("started"), "{record}");
    assert_eq!(bench.worker.live_count(), 1);
}

#[test]
fn an_acceptance_without_a_slot_that_is_refused_gives_none_back() {
    let mut run = Run { bench: Bench::driving(), batch: 0 };
    run.bench.handle(0.1, accept_of_one_at_a_time(1));
    run.commits(0.1);
    run.bench.handle(0.1, accept_of_one_at_a_time(2));
    run.is_refused(0.1);

    run.bench.handle(0.2, accept_of_one_at_a_time(3));

    assert!(!run.has_started(3), "1 has the only slot");
}

#[test]
fn an_execution_that_starts_with_much_waits_for_its_slot_as_others_do() {
    let mut run = Run { bench: Bench::driving(), batch: 0 };
    run.bench.handle(0.1, accept_of_one_at_a_time(1));
    run.commits(0.1);
    let mut new = new_execution(2);
    new.accepted.trigger_data = Payload::parse(format!("\"{}\"", "x".repeat(300_000))).expect("it is JSON");

    let accept = Accept { new, limits: all(1), ..accepted_by(2, ReplyId(1)) };
    run.bench.handle(0.2, Message::Accept(Box::new(accept)));
    let said = run.commits(0.2);

    assert!(!said.contains(&"start call".to_owned()), "1 has the only slot: {said:?}");
}

#[test]
fn children_of_an_execution_that_was_started_before_are_forgotten_with_it() {
    let mut bench = Bench::driving();
    bench.handle(0.1, accept_family(1, 2));
    assert_eq!(bench.worker.live_count(), 3);

    let hit = IdempotencyHit { execution: id(9), request_hash: [0; 32] };
    let answers = vec![Committed::Hit(hit), Committed::Skipped, Committed::Skipped];
    let said = bench.answer(0.1, Answer::Committed(BatchId(0), Ok(answers)));

    assert!(said.len() == 1 && said[0].starts_with("reply 1 Hit"), "{said:?}");
    assert_eq!(bench.worker.live_count(), 0);
}

fn flow_id() -> FlowId {
    FlowId::new(Uuid::from_u128(7))
}

fn taken_over(recovered: Recovered) -> Answer {
    Answer::TakenOver(Ok((Box::new(recovered), Rest::None)))
}

#[test]
fn slots_and_places_in_the_queue_outlive_a_restart() {
    let mut bench = Bench::new();
    bench.turn(0.0);
    bench.answer(0.0, Answer::Registered(Ok(crate::bench::FIRST)));
    let flow = flow_id();

    let queued = |number, shares_slot| QueuedExecution {
        accepted_at: Timestamp::from_micros(0),
        execution: id(number),
        tenant: TenantId::DEFAULT,
        flow,
        shares_slot,
        queue: None,
    };
    let recovered = Recovered {
        slots: vec![TakenSlots { flow, key: None, taken: 1 }],
        queued: vec![queued(8, false), queued(9, true)],
        limits: vec![(flow, all(1))],
        ..Recovered::default()
    };
    let said = bench.answer(0.0, taken_over(recovered));
    let raised = bench.handle(0.1, Message::FlowLimits { flow, limits: all(2) });

    assert_eq!(
        (loads(&said), loads(&raised)),
        (vec!["load 9"], vec!["load 8"]),
        "9 needs no slot of its own"
    );
}

#[test]
fn orphans_that_have_not_started_wait_for_slots_of_their_flow() {
    let nodes = json!([{ "id": "a", "type": "action", "action": "echo", "input": 1 }]);
    let flow = flow(json!({ "max_concurrent_executions": 1 }), nodes, Limits::DEFAULT);
    let orphan = |number| orphan_of(execution_of(number, std::sync::Arc::clone(&flow)));
    let mut run = Run { bench: Bench::driving(), batch: 0 };
    run.bench.turn(1.0);

    run.bench.answer(1.0, orphans(vec![orphan(8), orphan(9)], Rest::None));
    let said = run.commits(1.0);

    assert_eq!(loads(&said), ["load 8"], "{said:?}");
}
