//! Orphans and parked executions: when the worker looks for them, and how many it loads.

use steadflow_runtime::WorkerConfig;
use steadflow_runtime::shard::{Message, ReplyId};
use steadflow_runtime::worker::{Answer, Rest};
use steadflow_store::StoreError;

use crate::bench::{Bench, at, id, orphan, orphans};

#[test]
fn orphans_are_looked_for_while_it_runs_and_at_once_behind_a_full_page() {
    let mut bench = Bench::driving();
    assert!(bench.turn(1.0).contains(&"find orphans".into()));

    let adopted = bench.answer(1.0, orphans(vec![orphan(9)], Rest::Some));

    assert_eq!(adopted, ["find orphans", "commit 9"]);
    let next = bench.answer(1.0, orphans(Vec::new(), Rest::None));
    assert!(next.is_empty(), "{next:?}");
    assert!(bench.turn(2.0).contains(&"find orphans".into()));
}

#[test]
fn orphans_that_may_be_its_own_and_are_not_read_make_it_begin_again() {
    let mut bench = Bench::driving();
    bench.turn(1.0);

    let unread = StoreError::Unknown { call: "recover", source: "the connection broke".into() };
    let said = bench.answer(1.0, Answer::Orphans(Err(unread)));

    assert_eq!(said, ["abandon", "release 1"]);
}

#[test]
fn executions_are_loaded_or_orphans_looked_for_but_not_both_at_once() {
    let mut bench = Bench::driving();
    let wanted = |number| Message::Await { execution: id(number), reply: ReplyId(2) };
    assert_eq!(bench.handle(0.2, wanted(1)), ["load 1"]);

    assert!(!bench.turn(1.0).contains(&"find orphans".into()), "a load is under way");
    assert!(!bench.handle(1.1, wanted(2)).contains(&"load 2".into()), "orphans are to be looked for first");
    let loaded = bench.answer(1.2, Answer::Loaded(id(1), Ok(None)));
    assert!(loaded.contains(&"find orphans".into()), "{loaded:?}");
    assert!(!loaded.contains(&"load 2".into()), "{loaded:?}");
    let looked = bench.answer(1.3, orphans(Vec::new(), Rest::None));

    assert!(looked.contains(&"load 2".into()), "{looked:?}");
}

#[test]
fn an_orphan_that_was_to_be_loaded_comes_once() {
    let mut bench = Bench::driving();
    let wanted = |number| Message::Await { execution: id(number), reply: ReplyId(2) };
    bench.turn(1.0);
    bench.handle(1.1, wanted(9));

    let said = bench.answer(1.2, orphans(vec![orphan(9)], Rest::None));

    assert_eq!(said, ["commit 9"]);
}

#[test]
fn only_so_many_executions_are_loaded_at_once() {
    let config = WorkerConfig { loads_at_once: 2, ..WorkerConfig::new("w".into()) };
    let mut bench = Bench::driving_with(config);
    for number in 1..=3 {
        let wanted = Message::Await { execution: id(number), reply: ReplyId(2) };
        bench.worker.handle(wanted, at(0.2));
    }

    assert_eq!(bench.turn(0.2), ["load 1", "load 2"]);
    let next = bench.answer(0.3, Answer::Loaded(id(2), Ok(None)));
    assert!(next.contains(&"load 3".into()), "{next:?}");
}
