//! Commits that the database will never take, and executions whose turns take long.

use steadflow_core::execution::ExecutionStatus;
use steadflow_core::execution::Input;
use steadflow_core::ids::NodeIndex;
use steadflow_core::ids::{Attempt, StepKey};
use steadflow_core::payload::Payload;
use steadflow_core::work::{CallKey, Outcome};
use steadflow_runtime::shard::{Accept, BatchId, Message, Origin, ReplyId};
use steadflow_runtime::worker::Answer;
use steadflow_store::{Projection, StoreError};

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
fn executions_that_hold_much_take_their_turns_one_at_a_tick() {
    let mut bench = Bench::driving();
    let large = |number| {
        let mut new = new_execution(number);
        new.accepted.trigger_data =
            Payload::parse(format!("\"{}\"", "x".repeat(300_000))).expect("it is JSON");
        Message::Accept(Box::new(Accept {
            new,
            limit: None,
            idempotency: None,
            reply: ReplyId(1),
            wait: None,
        }))
    };
    bench.worker.handle(large(1), crate::bench::at(1.0));
    bench.handle(1.0, large(2));
    bench.worker.answer(bench.by, done(&bench, 0), crate::bench::at(1.0));

    assert!(bench.worker.is_behind(crate::bench::at(1.0)));
    bench.worker.tick(crate::bench::at(1.0));
    assert!(bench.worker.is_behind(crate::bench::at(1.0)), "the second one waits for the next tick");
    bench.worker.tick(crate::bench::at(1.0));
    assert!(!bench.worker.is_behind(crate::bench::at(1.0)));
    assert!(bench.turn(1.0).contains(&"commit 1 2".to_owned()));
}
