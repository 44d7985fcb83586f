//! Commits that the database will never take, and executions whose turns take long.

use std::sync::Arc;

use serde_json::json;
use steadflow_core::event::Accepted;
use steadflow_core::execution::ExecutionStatus;
use steadflow_core::execution::{FlowVersion, Input};
use steadflow_core::flow::Flow;
use steadflow_core::ids::NodeIndex;
use steadflow_core::ids::{Attempt, StepKey};
use steadflow_core::limits::Limits;
use steadflow_core::payload::Payload;
use steadflow_core::work::{CallKey, Outcome};
use steadflow_runtime::shard::{Accept, BatchId, Message, Origin, ReplyId};
use steadflow_runtime::worker::Answer;
use steadflow_store::{Committed, Projection, StoreError};

use crate::bench::{Bench, accept, done, id, new_execution};

fn refused(batch: u64) -> Answer {
    let source = "it is too large".into();
    Answer::Committed(BatchId(batch), Err(StoreError::Refused { call: "commit", source }))
}

/// The call of execution `number` ends.
fn ended(number: u128) -> Message {
    let call =
        CallKey { execution: id(number), node: NodeIndex(0), attempt: Attempt::FIRST, step: StepKey::ONLY };
    let input = Input::StepEnded { call, outcome: Outcome::completed(Payload::null()) };
    Message::Input { execution: id(number), input, from: Origin::Engine }
}

/// A new execution that starts with so many bytes.
fn accept_with(number: u128, bytes: usize) -> Message {
    let mut new = new_execution(number);
    new.accepted.trigger_data = Payload::parse(format!("\"{}\"", "x".repeat(bytes))).expect("it is JSON");
    let accept = Accept { new, limit: None, idempotency: None, reply: ReplyId(1), wait: None };
    Message::Accept(Box::new(accept))
}

/// A new execution that passes a large value on, which is more than one decision takes.
fn passing_on(number: u128) -> Message {
    let ids: Vec<String> = (0..5).map(|at| format!("n{at}")).collect();
    let node = |id| json!({ "id": id, "type": "action", "action": "transform", "input": "${trigger_data}" });
    let nodes: Vec<_> = ids.iter().map(node).collect();
    let edges: Vec<_> = ids.windows(2).map(|pair| json!({ "from": pair[0], "to": pair[1] })).collect();
    let document = json!({ "name": "f", "flow_definition": { "nodes": nodes, "edges": edges } });
    let flow = Flow::parse(&document, &Limits::DEFAULT).expect("the flow is valid");
    let mut new = new_execution(number);
    let Accepted { tenant, flow: flow_id, version, .. } = new.accepted;
    new.pinned = Arc::new(FlowVersion { tenant, flow_id, version, flow, limits: Limits::DEFAULT }).into();
    new.accepted.trigger_data = Payload::parse(format!("\"{}\"", "x".repeat(900_000))).expect("it is JSON");
    Message::Accept(Box::new(Accept { new, limit: None, idempotency: None, reply: ReplyId(1), wait: None }))
}

fn committed(batch: u64, commits: usize) -> Answer {
    Answer::Committed(BatchId(batch), Ok(vec![Committed::Done; commits]))
}

/// A worker with executions 1 and 2, whose calls ended in one batch.
fn both_ended() -> Bench {
    let mut bench = Bench::driving();
    bench.worker.handle(accept(1), crate::bench::at(1.0));
    bench.handle(1.0, accept(2));
    bench.answer(1.0, done(&bench, 0));
    bench.worker.handle(ended(1), crate::bench::at(2.0));
    assert_eq!(bench.handle(2.0, ended(2)), ["commit 1 2"]);
    bench
}

#[test]
fn a_batch_that_is_refused_is_split_so_that_one_decision_holds_up_no_other() {
    let mut bench = both_ended();

    let split = bench.answer(2.0, refused(1));
    let other = bench.answer(2.0, done(&bench, 3));
    let failed = bench.answer(2.0, refused(2));

    assert_eq!(split, ["commit 1", "commit 2"]);
    assert_eq!(other, ["publish"]);
    assert_eq!(failed, ["commit 1"]);
    let commit = bench.commits.remove(0);
    let record = commit.record.expect("it fails by a record");
    assert!(record.contains("The database refused what followed from here"), "{record}");
    let Projection::Finished { row, .. } = commit.projection else { panic!("it ends") };
    assert_eq!(row.status, ExecutionStatus::Failed);
}

#[test]
fn a_batch_that_is_refused_is_halved_until_it_is_known_what_is_bad() {
    let mut bench = Bench::driving();
    (1..=8).for_each(|number| bench.worker.handle(accept(number), crate::bench::at(1.0)));
    bench.turn(1.0);
    bench.answer(1.0, done(&bench, 0));
    (1..=8).rev().for_each(|number| bench.worker.handle(ended(number), crate::bench::at(2.0)));
    bench.turn(2.0);

    let halves = bench.answer(2.0, refused(1));
    let quarters = bench.answer(2.0, refused(3));

    assert_eq!(halves, ["commit 1 2 3 4", "commit 5 6 7 8"]);
    assert_eq!(quarters, ["commit 5 6", "commit 7 8"]);
}

#[test]
fn one_large_commit_is_under_way_at_a_time_and_others_go_before_the_next() {
    let mut bench = Bench::driving();
    let large = |number| accept_with(number, 1_100_000);
    bench.turn(1.0);
    for message in [large(1), large(2), accept(3), large(4), accept(5)] {
        bench.worker.handle(message, crate::bench::at(1.0));
    }

    let (first, second) = (bench.turn(1.0), bench.commits.len());
    let later = bench.handle(1.0, accept(6));
    let next = bench.answer(1.0, committed(0, 1));

    assert_eq!((first, second), (vec!["commit 1".to_owned(), "commit 3 5".to_owned()], 2));
    assert_eq!(later, ["commit 6"]);
    assert!(next.contains(&"commit 2".to_owned()), "{next:?}");
    assert!(!next.contains(&"commit 4".to_owned()), "{next:?}");
}

#[test]
fn a_flow_that_was_slow_is_quick_again_after_a_minute() {
    let mut bench = Bench::driving();
    bench.turn(1.0);
    bench.handle(1.0, passing_on(1));
    bench.answer(1.0, committed(0, 1));

    let is_slow = |bench: &mut Bench, seconds, number| {
        bench.handle(seconds, accept(number));
        let accepted = bench.commits.iter().find(|commit| commit.execution == id(number));
        let record = accepted.and_then(|commit| commit.record.clone()).expect("it is accepted");
        !record.contains("started")
    };

    assert!(is_slow(&mut bench, 2.0, 2));
    bench.until(2.0, 70.0);
    assert!(!is_slow(&mut bench, 70.0, 3));
}

#[test]
fn an_execution_that_cannot_even_be_failed_is_left_as_it_is_stored() {
    let mut bench = both_ended();
    bench.answer(2.0, refused(1));
    bench.answer(2.0, done(&bench, 3));
    bench.answer(2.0, refused(2));

    let left = bench.answer(2.0, refused(4));

    assert_eq!(left, [""; 0]);
    assert_eq!(bench.worker.live_count(), 0);
}

#[test]
fn a_batch_that_fails_for_a_while_is_split_too() {
    let mut bench = both_ended();

    let failure = StoreError::Database { call: "commit", source: "it is busy".into() };
    bench.answer(2.0, Answer::Committed(BatchId(1), Err(failure)));

    assert_eq!(bench.until(2.0, 2.5), ["commit 1", "commit 2"]);
}

#[test]
fn a_batch_that_is_full_takes_no_further_decision() {
    let mut bench = Bench::driving();
    for number in 1..7 {
        bench.worker.handle(accept_with(number, 200 * 1024), crate::bench::at(0.0));
    }

    let wanted = bench.handle(0.0, accept_with(7, 200 * 1024));

    assert_eq!(wanted, ["commit 1 2 3 4 5 6", "commit 7"]);
}

#[test]
fn executions_that_hold_much_take_their_turns_one_at_a_tick() {
    let mut bench = Bench::driving();
    bench.worker.handle(accept_with(1, 300_000), crate::bench::at(1.0));
    bench.handle(1.0, accept_with(2, 300_000));
    bench.worker.answer(bench.by, done(&bench, 0), crate::bench::at(1.0));

    assert!(bench.worker.is_behind(crate::bench::at(1.0)));
    bench.worker.tick(crate::bench::at(1.0));
    assert!(bench.worker.is_behind(crate::bench::at(1.0)), "the second one waits for the next tick");
    bench.worker.tick(crate::bench::at(1.0));
    assert!(!bench.worker.is_behind(crate::bench::at(1.0)));
    assert!(bench.turn(1.0).contains(&"commit 1 2".to_owned()));
}
