//! When the journal of an execution that runs is written.

use std::sync::Arc;

use steadflow_core::execution::{Decision, Execution, Input, NewExecution};
use steadflow_runtime::shard::{Loaded, Message};
use steadflow_store::{LONG_RECORD, Projection};

use crate::bench::{Bench, at, done, new_execution, nothing};

/// An execution whose call was under way when its process died.
fn started() -> Loaded {
    let NewExecution { id, pinned, accepted } = new_execution(1);
    let mut decision = Decision::default();
    let mut execution = Execution::accept(id, pinned, accepted, at(0.0), &mut decision);
    execution.decide(Input::Start, at(0.0), &mut decision).expect("it starts");
    let record = serde_json::to_string(&execution.seal(&mut decision, at(0.0))).expect("it is JSON");
    Loaded { execution, journal: vec![record.into()] }
}

/// Returns when the journal of an execution is written that is taken over at second 1 and waits for a call. It has so many
/// further records of so many bytes.
fn written_at(count: usize, bytes: usize) -> f64 {
    let mut loaded = started();
    loaded.journal.extend(vec![Arc::from("1".repeat(bytes)); count]);
    let mut bench = Bench::driving();
    let (mut now, mut batch) = (1.0, 0);
    let mut said = bench.handle(now, Message::Orphans(vec![loaded]));
    while now < 60.0 {
        let mut next = Vec::new();
        for what in said {
            if what.starts_with("commit") {
                let is_snapshot = bench
                    .commits
                    .iter()
                    .any(|commit| matches!(commit.projection, Projection::Snapshot { .. }));
                if is_snapshot {
                    return now;
                }
                next.extend(bench.answer(now, done(&bench, batch)));
                batch += 1;
            } else if let Some(answer) = nothing(&what) {
                next.extend(bench.answer(now, answer));
            }
        }
        said = next;
        if said.is_empty() {
            now = bench.worker.next_timer(at(now)).expect("it renews its lease").since(at(0.0)).as_secs_f64();
            said = bench.turn(now);
        }
    }
    now
}

#[test]
fn a_journal_is_written_after_a_second_and_a_long_one_later() {
    let short = written_at(0, 0);
    let long = written_at(5 * 1024, 1024);

    assert!((2.0..3.0).contains(&short), "{short}");
    assert!((7.0..8.0).contains(&long), "one second more for each MiB: {long}");
}

#[test]
fn long_records_do_not_delay_the_journal() {
    let seconds = written_at(10, 100 * LONG_RECORD);

    assert!((2.0..3.0).contains(&seconds), "{seconds}");
}
