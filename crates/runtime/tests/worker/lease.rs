//! The lease: it is taken, renewed, given up in time, and nothing is done without it.

use steadflow_runtime::shard::{Message, ReplyId};
use steadflow_runtime::worker::Answer;
use steadflow_store::{StoreError, Worker as Lessee};

use crate::bench::{Bench, FIRST, accept, at, busy, done, taken_over};

const SECOND: Lessee = Lessee { epoch: 2 };

#[test]
fn a_worker_takes_a_lease_takes_over_and_then_looks() {
    let mut bench = Bench::new();

    assert_eq!(bench.turn(0.0), ["register"]);
    assert_eq!(bench.answer(0.0, Answer::Registered(Ok(FIRST))), ["take over"]);
    assert!(!bench.worker.is_driving());
    assert_eq!(bench.answer(0.0, taken_over()), ["find due", "read inbox"]);
    assert!(bench.worker.is_driving());
}

#[test]
fn before_it_drives_it_refuses_what_is_asked_of_it() {
    let mut bench = Bench::new();
    bench.turn(0.0);

    let without_a_lease = bench.handle(0.1, Message::Show { reply: ReplyId(3) });
    bench.answer(0.2, Answer::Registered(Ok(FIRST)));
    let while_it_takes_over = bench.handle(0.3, Message::Show { reply: ReplyId(4) });

    assert_eq!(without_a_lease, ["reply 3 Unavailable"]);
    assert_eq!(while_it_takes_over, ["reply 4 Unavailable"]);
}

#[test]
fn a_first_start_that_fails_ends_it_and_a_later_one_is_tried_again() {
    let mut first = Bench::new();
    first.turn(0.0);
    let ended = first.answer(0.0, Answer::Registered(Err(busy())));

    let mut later = Bench::driving();
    later.turn(5.0);
    assert_eq!(later.answer(5.0, Answer::Renewed(Err(StoreError::Fenced))), ["abandon", "register"]);
    assert!(later.answer(5.0, Answer::Registered(Err(busy()))).is_empty());

    assert!(ended[0].starts_with("end Fatal"), "{ended:?}");
    assert_eq!(later.turn(6.0), ["register"]);
}

#[test]
fn a_take_over_that_fails_ends_the_first_start_and_a_later_one_unless_it_can_pass() {
    let not_taken_over = |error| Answer::TakenOver(Err(error));
    let damaged = || StoreError::Corrupt { what: "a row".into(), reason: "it is torn".into() };
    let second = |error| {
        let mut bench = Bench::driving();
        bench.turn(5.0);
        bench.answer(5.0, Answer::Renewed(Err(StoreError::Fenced)));
        bench.answer(5.0, Answer::Registered(Ok(SECOND)));
        bench.answer(5.0, not_taken_over(error))
    };
    let mut first = Bench::new();
    first.turn(0.0);
    first.answer(0.0, Answer::Registered(Ok(FIRST)));

    let ended = first.answer(0.0, not_taken_over(busy()));

    assert!(ended[0] == "abandon" && ended[1].starts_with("end Fatal"), "{ended:?}");
    assert_eq!(second(busy()), ["abandon", "release 2"]);
    let ended = second(damaged());
    assert!(ended[0] == "abandon" && ended[1].starts_with("end Fatal"), "{ended:?}");
}

#[test]
fn the_lease_is_renewed_every_third_of_it() {
    let mut bench = Bench::driving();

    bench.until(0.0, 4.9);
    let renewed = bench.turn(5.0);

    assert!(renewed.contains(&"renew".into()), "{renewed:?}");
}

#[test]
fn a_lease_that_cannot_be_renewed_is_given_up_before_it_ends() {
    let mut bench = Bench::driving();
    let mut seconds = 5.0;
    let mut tries = 0;
    loop {
        let said = bench.turn(seconds);
        if !said.contains(&"renew".into()) {
            seconds += 0.1;
            continue;
        }
        tries += 1;
        let after = bench.answer(seconds, Answer::Renewed(Err(busy())));
        if after.contains(&"abandon".into()) {
            assert_eq!(after, ["abandon", "release 1"]);
            break;
        }
    }

    assert!((9.9..11.0).contains(&seconds), "after {seconds} s");
    assert!(tries > 5, "{tries} tries");
    assert_eq!(bench.answer(seconds, Answer::Released(FIRST, Ok(()))), ["register"]);
}

#[test]
fn calls_end_before_the_lease_although_the_last_renewal_is_sent_late() {
    let mut bench = Bench::driving();
    bench.handle(1.0, accept(1));
    assert!(bench.answer(1.0, done(&bench, 0)).contains(&"start call".into()));
    assert!(bench.turn(5.0).contains(&"renew".into()));
    assert!(!bench.answer(9.8, Answer::Renewed(Err(busy()))).contains(&"abandon".into()));

    // The wake-up for the next try comes when the lease is not certain any more.
    assert_eq!(bench.turn(11.2), ["renew"]);
    let said = bench.until(11.2, 14.9);

    assert!(said.contains(&"abandon".into()), "{said:?}");
}

#[test]
fn calls_end_although_every_wake_up_is_late() {
    let mut bench = Bench::driving();
    bench.turn(5.0);

    let heard = bench.turn(60.0);
    let said = bench.turn(70.0);

    assert!(heard.is_empty(), "the answer may be there, and is read first: {heard:?}");
    assert_eq!(said, ["abandon", "release 1"]);
}

#[test]
fn a_release_that_is_not_answered_holds_up_no_new_lease() {
    let mut bench = Bench::driving();
    bench.turn(5.0);
    let given_up = bench.turn(10.5);
    assert_eq!(given_up.last().map(String::as_str), Some("release 1"), "{given_up:?}");

    assert_eq!(bench.turn(11.5), ["register"]);
    assert!(bench.answer(11.6, Answer::Released(FIRST, Ok(()))).is_empty(), "it asks for one lease only");
}

#[test]
fn a_release_that_is_answered_when_there_is_a_new_lease_does_not_end_that() {
    let mut bench = Bench::driving();
    bench.turn(5.0);
    bench.turn(10.5);
    assert_eq!(bench.turn(11.5), ["register"]);
    assert_eq!(bench.answer(11.6, Answer::Registered(Ok(Lessee { epoch: 2 }))), ["take over"]);

    let said = bench.answer(16.5, Answer::Released(FIRST, Err(busy())));

    assert!(!said.iter().any(|what| what.starts_with("end")), "{said:?}");
    bench.answer(16.6, taken_over());
    assert!(bench.worker.is_driving());
}

#[test]
fn a_full_database_takes_no_lease_away() {
    let mut bench = Bench::driving();
    let full = || StoreError::Full { source: "the disk is full".into() };

    let mut all = Vec::new();
    for second in 5..60 {
        if bench.turn(f64::from(second)).contains(&"renew".into()) {
            all.extend(bench.answer(f64::from(second), Answer::Renewed(Err(full()))));
        }
    }

    assert!(!all.contains(&"abandon".into()), "{all:?}");
    assert!(bench.worker.is_driving());
}

#[test]
fn an_answer_to_an_incarnation_before_is_discarded() {
    let mut bench = Bench::driving();
    bench.handle(1.0, accept(1));
    let (old, late) = (bench.by, done(&bench, 0));
    bench.answer(1.0, Answer::Renewed(Err(StoreError::Fenced)));
    bench.answer(1.0, Answer::Registered(Ok(SECOND)));
    bench.answer(1.0, taken_over());
    bench.handle(1.1, accept(2));

    bench.worker.answer(old, late, at(1.2));

    assert!(!bench.turn(1.2).contains(&"reply 1 Accepted".into()), "2 is not committed yet");
}

#[test]
fn a_process_that_stood_still_does_nothing_before_its_lease_is_certain() {
    let mut bench = Bench::driving();
    bench.handle(1.0, accept(1));
    bench.answer(1.0, done(&bench, 0));

    bench.worker.handle(accept(2), at(60.0));
    let before = bench.turn(60.0);
    let after = bench.answer(60.1, Answer::Renewed(Ok(())));

    assert_eq!(before, ["renew"]);
    assert!(after.iter().any(|what| what.starts_with("commit 2")), "{after:?}");
}

#[test]
fn a_store_that_is_closed_ends_the_worker_and_is_not_asked_again() {
    let mut driving = Bench::driving();
    driving.turn(5.0);
    let mut registering = Bench::driving();
    registering.turn(5.0);
    registering.answer(5.0, Answer::Renewed(Err(StoreError::Fenced)));

    let at_a_renewal = driving.answer(5.0, Answer::Renewed(Err(StoreError::Closed)));
    let at_a_new_lease = registering.answer(5.0, Answer::Registered(Err(StoreError::Closed)));

    assert_eq!(at_a_renewal, ["abandon", "end Fatal(Closed)"]);
    assert_eq!(at_a_new_lease, ["end Fatal(Closed)"]);
}
