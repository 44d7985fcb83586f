//! Stopping: what is handed back, and what ends without that.

use std::time::Duration;

use steadflow_runtime::worker::Answer;
use steadflow_store::StoreError;

use crate::bench::{Bench, FIRST, accept, at, done};

#[test]
fn it_stops_when_nothing_is_left_and_ends_its_lease() {
    let mut bench = Bench::driving();

    bench.worker.stop(Duration::from_secs(10), at(1.0));
    let said = bench.turn(1.0);
    let ended = bench.answer(1.0, Answer::Released(FIRST, Ok(())));

    assert_eq!(said, ["release 1"], "nothing is looked for any more");
    assert_eq!(ended, ["end Stopped"]);
}

#[test]
fn what_is_not_handed_back_in_time_is_left_to_others() {
    let mut bench = Bench::driving();
    bench.handle(1.0, accept(1));

    bench.worker.stop(Duration::from_secs(1), at(1.0));
    let said = bench.until(1.0, 8.0);

    assert_eq!(said.last().map(String::as_str), Some("end Stopped"), "{said:?}");
    assert!(!said.iter().any(|what| what.starts_with("release")), "{said:?}");
}

#[test]
fn a_stop_without_a_lease_ends_at_once() {
    let mut bench = Bench::new();
    bench.turn(0.0);

    bench.worker.stop(Duration::from_secs(10), at(0.1));

    assert_eq!(bench.turn(0.1), ["end Stopped"]);
}

#[test]
fn calls_that_run_have_time_to_end_and_are_stopped_then() {
    let mut bench = Bench::driving();
    bench.handle(1.0, accept(1));
    bench.answer(1.0, done(&bench, 0));

    assert_eq!(bench.until(1.0, 1.5), ["commit 1"], "its row");
    bench.answer(1.5, done(&bench, 1));
    assert_eq!(bench.until(1.5, 3.0), ["commit 1"], "its journal");
    bench.answer(3.0, done(&bench, 2));

    bench.worker.stop(Duration::from_secs(10), at(4.0));
    let meanwhile = bench.until(4.0, 13.9);
    let at_the_end = bench.turn(14.0);
    let released = bench.commits[0].record.as_deref().unwrap_or_default();

    assert!(meanwhile.is_empty(), "{meanwhile:?}");
    assert!(at_the_end.contains(&"commit 1".to_owned()), "{at_the_end:?}");
    assert!(released.contains("released"), "{released}");
}

#[test]
fn a_worker_that_loses_its_lease_while_it_stops_takes_no_other() {
    let mut bench = Bench::driving();
    bench.handle(1.0, accept(1));
    bench.answer(1.0, done(&bench, 0));
    bench.worker.stop(Duration::from_secs(10), at(1.5));
    bench.turn(5.0);

    let said = bench.answer(5.0, Answer::Renewed(Err(StoreError::Fenced)));

    assert_eq!(said, ["abandon", "end Stopped"]);
}

#[test]
fn a_call_is_handed_back_although_a_commit_was_under_way_when_its_time_was_over() {
    let mut bench = Bench::driving();
    bench.handle(1.0, accept(1));
    bench.answer(1.0, done(&bench, 0));
    assert_eq!(bench.until(1.0, 1.5), ["commit 1"], "its row");
    bench.worker.stop(Duration::from_secs(1), at(1.5));
    assert_eq!(bench.turn(2.5), [""; 0]);

    assert_eq!(bench.answer(2.6, done(&bench, 1)), ["commit 1"], "its journal");
    bench.answer(2.6, done(&bench, 2));

    let released = bench.commits[0].record.as_deref().unwrap_or_default();
    assert!(released.contains("released"), "{released}");
}
