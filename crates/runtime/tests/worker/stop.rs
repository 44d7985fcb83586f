//! Stopping: what is handed back, and what ends without that.

use std::time::Duration;

use steadflow_runtime::worker::Answer;

use crate::bench::{Bench, accept, at};

#[test]
fn it_stops_when_nothing_is_left_and_ends_its_lease() {
    let mut bench = Bench::driving();

    bench.worker.stop(Duration::from_secs(10), at(1.0));
    let said = bench.turn(1.0);
    let ended = bench.answer(1.0, Answer::Released(Ok(())));

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
