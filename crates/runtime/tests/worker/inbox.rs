//! Inputs from the durable inbox: each is decided on once, or discarded.

use steadflow_core::caller::Actor;
use steadflow_core::ids::TenantId;
use steadflow_core::inbox::Signal;
use steadflow_core::payload::Payload;
use steadflow_runtime::WorkerConfig;
use steadflow_runtime::shard::BatchId;
use steadflow_runtime::worker::Answer;
use steadflow_store::{Committed, InboxId, InboxInput, InboxItem};
use uuid::Uuid;

use crate::bench::{Bench, accept, accept_family, at, busy, call_ended, done, id, number};

fn item(number: u64, execution: u128, signal: &Signal) -> InboxItem {
    let input = serde_json::to_string(signal).expect("it is JSON").into();
    let tenant = TenantId::DEFAULT;
    let sent = InboxInput { tenant, execution: id(execution), input, created_at: at(0.0) };
    InboxItem { id: InboxId(number), sent }
}

#[test]
fn an_input_is_decided_on_once_however_often_it_is_found() {
    let mut bench = Bench::driving();
    bench.handle(0.1, accept(1));
    bench.answer(0.1, done(&bench, 0));
    let pause = item(4, 1, &Signal::Pause { by: Actor::USER });
    bench.turn(0.3);

    let first = bench.answer(0.3, Answer::Inbox(Ok(vec![pause.clone()])));
    let takes = bench.commits[0].takes.clone();
    bench.turn(0.6);
    let again = bench.answer(0.6, Answer::Inbox(Ok(vec![pause])));

    assert_eq!((first, takes), (vec!["commit 1".to_owned()], vec![InboxId(4)]));
    assert!(again.is_empty(), "{again:?}");
}

#[test]
fn an_input_that_changes_nothing_is_discarded() {
    let mut bench = Bench::driving();
    bench.handle(0.1, accept(1));
    bench.answer(0.1, done(&bench, 0));
    bench.turn(0.3);

    let resume = item(4, 1, &Signal::Resume { by: Actor::USER });
    let said = bench.answer(0.3, Answer::Inbox(Ok(vec![resume])));

    assert_eq!(said, ["discard 1"]);
}

#[test]
fn an_input_for_no_execution_is_looked_at_again_and_sorted_out_after_a_minute() {
    let mut bench = Bench::driving();
    let found = || Answer::Inbox(Ok(vec![item(4, 9, &Signal::Pause { by: Actor::USER })]));
    let nowhere = || Answer::Loaded(id(9), Ok(None));
    bench.turn(0.3);

    let first = bench.answer(0.3, found());
    bench.answer(0.3, nowhere());
    bench.turn(0.6);
    let soon = bench.answer(0.6, found());
    bench.turn(0.9);
    let later = bench.answer(0.9, found());
    bench.answer(0.9, nowhere());
    bench.until(0.9, 61.0);
    bench.turn(61.3);
    let after_a_minute = bench.answer(61.3, found());
    let sorted = bench.answer(61.3, nowhere());

    assert_eq!(first, ["load 9"]);
    assert!(soon.is_empty(), "it is in hand: {soon:?}");
    assert_eq!(later, ["load 9"], "it may be there by now");
    assert_eq!(after_a_minute, ["load 9"]);
    assert_eq!(sorted, ["discard 0"], "the store is asked whether there is such an execution");
}

#[test]
fn an_input_that_another_worker_took_is_dropped_and_the_rest_decided_again() {
    let mut bench = Bench::driving();
    bench.handle(0.1, accept(1));
    bench.turn(0.3);
    let (pause, resume) = (Signal::Pause { by: Actor::USER }, Signal::Resume { by: Actor::USER });
    bench.answer(0.3, Answer::Inbox(Ok(vec![item(4, 1, &pause), item(5, 1, &resume)])));
    bench.answer(0.3, done(&bench, 0));
    assert_eq!(bench.commits[0].takes, [InboxId(4), InboxId(5)]);

    let gone = Committed::Gone(vec![InboxId(5)]);
    let said = bench.answer(0.4, Answer::Committed(BatchId(1), Ok(vec![gone])));

    assert_eq!(said, ["commit 1"]);
    assert_eq!(bench.commits[0].takes, [InboxId(4)]);
    let record = bench.commits[0].record.as_deref().unwrap_or_default();
    assert!(record.contains("paused") && !record.contains("resumed"), "{record}");
}

#[test]
fn inputs_of_another_tenant_change_nothing() {
    let mut bench = Bench::driving();
    bench.handle(0.1, accept(1));
    bench.answer(0.1, done(&bench, 0));
    bench.turn(0.3);

    let mut pause = item(4, 1, &Signal::Pause { by: Actor::USER });
    pause.sent.tenant = TenantId::new(Uuid::from_u128(1));
    let said = bench.answer(0.3, Answer::Inbox(Ok(vec![pause])));

    assert_eq!(said, ["discard 1"]);
}

#[test]
fn the_inbox_is_read_on_behind_a_full_page_until_enough_is_in_hand() {
    let config = WorkerConfig { inbox_limit: 1, inbox_in_hand_max: 2, ..WorkerConfig::new("w".into()) };
    let mut bench = Bench::driving_with(config);
    bench.turn(0.3);
    let page = |number: u64| vec![item(number, 1, &Signal::Pause { by: Actor::USER })];

    let first = bench.answer(0.3, Answer::Inbox(Ok(page(1))));
    let second = bench.answer(0.3, Answer::Inbox(Ok(page(2))));
    let third = bench.answer(0.3, Answer::Inbox(Ok(page(3))));

    assert!(first.contains(&"read inbox".into()), "{first:?}");
    assert!(second.contains(&"read inbox".into()), "{second:?}");
    assert!(!third.contains(&"read inbox".into()), "{third:?}");
}

#[test]
fn an_input_that_could_not_be_deleted_is_looked_at_again() {
    let mut bench = Bench::driving();
    bench.handle(0.1, accept(1));
    bench.answer(0.1, done(&bench, 0));
    bench.turn(0.3);
    let resume = || Answer::Inbox(Ok(vec![item(4, 1, &Signal::Resume { by: Actor::USER })]));
    assert_eq!(bench.answer(0.3, resume()), ["discard 1"]);

    bench.answer(0.3, Answer::InboxSorted(vec![InboxId(4)], Err(busy())));
    bench.turn(0.6);
    bench.answer(0.6, done(&bench, 1));

    assert_eq!(bench.answer(0.6, resume()), ["discard 1"]);
}

#[test]
fn whether_there_is_an_execution_is_asked_when_its_input_is_a_minute_old() {
    let mut bench = Bench::driving();
    bench.until(0.3, 59.6);
    bench.turn(59.9);
    let pause = item(4, 9, &Signal::Pause { by: Actor::USER });
    assert!(bench.answer(59.9, Answer::Inbox(Ok(vec![pause]))).contains(&"load 9".to_owned()));

    let sorted = bench.answer(60.0, Answer::Loaded(id(9), Ok(None)));

    assert!(sorted.contains(&"discard 0".to_owned()), "{sorted:?}");
}

#[test]
fn looks_that_fail_are_repeated() {
    let mut bench = Bench::driving();
    assert!(bench.turn(0.3).contains(&"read inbox".to_owned()));
    bench.answer(0.3, Answer::Inbox(Err(busy())));
    assert!(bench.turn(0.6).contains(&"read inbox".to_owned()));
    bench.until(0.6, 9.9);
    assert!(bench.turn(10.0).contains(&"find due".to_owned()));
    bench.answer(10.0, Answer::Renewed(Ok(())));
    bench.answer(10.0, Answer::Due(Err(busy())));

    bench.until(10.0, 19.9);
    assert!(bench.turn(20.0).contains(&"find due".to_owned()));
}

#[test]
fn a_child_is_accepted_with_the_decision_that_starts_it_or_not_at_all() {
    let mut bench = Bench::driving();

    assert!(bench.handle(0.1, accept_family(1, 2))[0].starts_with("commit 1 "));

    let follows: Vec<_> = bench.commits.iter().map(|commit| commit.follows).collect();
    assert_eq!(follows, [None, Some(id(1)), Some(id(1))]);
}

#[test]
fn the_inbox_is_read_at_once_when_a_child_has_ended() {
    let mut bench = Bench::driving();
    bench.handle(0.1, accept_family(1, 1));
    let child = number(bench.commits[1].execution);
    bench.answer(0.1, done(&bench, 0));
    bench.handle(0.2, call_ended(child, 0, Payload::null()));

    let said = bench.answer(0.2, done(&bench, 1));

    assert!(said.contains(&"read inbox".to_owned()), "{said:?}");
}
