//! Executions that leave memory and come back, their rows and journals, and who waits for them.

use std::time::Duration;

use serde_json::json;
use steadflow_core::caller::Actor;
use steadflow_core::execution::{Decision, Input};
use steadflow_core::external_event::{EventAsk, EventWait, NodeWait};
use steadflow_core::ids::{NodeId, NodeIndex, TenantId};
use steadflow_core::inbox::Signal;
use steadflow_runtime::shard::{BatchId, Loaded, Message, ReplyId};
use steadflow_runtime::worker::{Answer, Rest};
use steadflow_store::{Committed, Projection, StoreError};

use crate::bench::{Bench, accept, accept_of, at, busy, done, id, orphan, orphans, signal};

/// An execution whose call runs; what was committed so far is batch 0.
fn running() -> Bench {
    let mut bench = Bench::driving();
    bench.handle(0.1, accept(1));
    bench.answer(0.1, done(&bench, 0));
    bench
}

fn show() -> Message {
    Message::Show { reply: ReplyId(3) }
}

fn wait_for(number: u128) -> Message {
    Message::Await { execution: id(number), reply: ReplyId(2) }
}

fn pause(number: u128) -> Message {
    signal(number, Signal::Pause { by: Actor::USER })
}

fn cancel(number: u128) -> Message {
    signal(number, Signal::Cancel { message: "Not needed".into(), by: Actor::USER })
}

fn committed(batch: u64) -> Answer {
    Answer::Committed(BatchId(batch), Ok(vec![Committed::Done]))
}

fn refused(batch: u64) -> Answer {
    Answer::Committed(BatchId(batch), Err(busy()))
}

/// An execution that was cancelled before it started.
fn cancelled(number: u128) -> Loaded {
    let Loaded { mut execution, mut journal } = orphan(number);
    let mut decision = Decision::default();
    let cancel = Input::Cancel { message: "Not needed".into(), by: Actor::USER };
    execution.decide(cancel, at(0.2), &mut decision).expect("it can be cancelled");
    let record = serde_json::to_string(&execution.seal(&mut decision, at(0.2))).expect("it is JSON");
    journal.push(record.into());
    Loaded { execution, journal }
}

fn starts_with(said: &[String], text: &str) -> bool {
    said.iter().any(|what| what.starts_with(text))
}

#[test]
fn who_waits_for_an_execution_that_has_ended_meanwhile_is_sent_to_the_store() {
    let mut bench = Bench::driving();
    assert_eq!(bench.handle(0.1, wait_for(9)), ["load 9"]);

    let said = bench.answer(0.1, Answer::Loaded(id(9), Ok(Some(Box::new(cancelled(9))))));

    assert_eq!(said, ["reply 2 NotHere"]);
    assert_eq!(bench.worker.live_count(), 0);
}

#[test]
fn an_execution_that_cannot_be_read_is_left_alone_and_who_waits_for_it_is_told() {
    let mut bench = Bench::driving();
    bench.handle(0.1, wait_for(9));

    let damage = StoreError::Corrupt { what: "a journal".into(), reason: "it is torn".into() };
    let said = bench.answer(0.1, Answer::Loaded(id(9), Err(damage)));

    assert_eq!(said, ["reply 2 NotHere"]);
    assert!(!starts_with(&bench.until(0.1, 5.0), "load"));
}

#[test]
fn a_row_follows_its_execution_in_a_moment_and_the_journal_in_a_second() {
    let mut bench = running();

    let shown = bench.until(0.1, 0.9);
    let row = bench.commits.remove(0);
    bench.answer(0.9, committed(1));
    let stored = bench.until(0.9, 1.5);
    let journal = bench.commits.remove(0);
    bench.answer(1.5, committed(2));
    let later = bench.until(1.5, 60.0);

    assert_eq!((shown, stored), (vec!["commit 1".to_owned()], vec!["commit 1".to_owned()]));
    assert!(row.record.is_none() && matches!(row.projection, Projection::Shown(_)), "{row:?}");
    assert!(matches!(journal.projection, Projection::Snapshot { .. }), "{journal:?}");
    assert!(later.is_empty(), "nothing has changed since: {later:?}");
}

#[test]
fn who_lists_executions_waits_for_those_that_changed() {
    let mut bench = running();

    let asked = bench.handle(0.2, show());
    let row = bench.commits.remove(0);
    let answered = bench.answer(0.2, committed(1));
    let again = bench.handle(0.2, show());

    assert_eq!(asked, ["commit 1"]);
    assert!(matches!(row.projection, Projection::Shown(_)), "{row:?}");
    assert_eq!(answered, ["reply 3 Shown"]);
    assert_eq!(again, ["reply 3 Shown"], "nothing has changed since");
}

#[test]
fn who_lists_executions_waits_for_the_decision_under_way_and_its_row() {
    let mut bench = running();
    assert_eq!(bench.handle(0.2, pause(1)), ["commit 1"]);

    let asked = bench.handle(0.2, show());
    let decided = bench.answer(0.2, done(&bench, 1));
    let row = bench.commits.remove(0);
    let shown = bench.answer(0.2, committed(2));

    assert!(asked.is_empty(), "{asked:?}");
    assert_eq!(decided, ["publish", "reply 7 Done", "commit 1"]);
    assert!(row.record.is_none() && matches!(row.projection, Projection::Shown(_)), "{row:?}");
    assert_eq!(shown, ["reply 3 Shown"]);
}

#[test]
fn who_lists_executions_does_not_wait_for_one_that_is_not_accepted_yet() {
    let mut bench = Bench::driving();
    bench.handle(0.1, accept(1));

    assert_eq!(bench.handle(0.1, show()), ["reply 3 Shown"]);
}

#[test]
fn a_row_that_could_not_be_written_is_written_later_and_the_journal_is_whole() {
    let mut bench = running();
    assert_eq!(bench.until(0.1, 0.9), ["commit 1"]);
    let bytes = bench.worker.live_bytes();
    let seq = bench.commits[0].seq;

    let refused = bench.answer(0.9, refused(1));
    let again = bench.until(0.9, 1.9);

    assert!(refused.is_empty(), "{refused:?}");
    assert_eq!(again, ["commit 1"]);
    assert_eq!((bench.commits[0].seq, bench.worker.live_bytes()), (seq, bytes));
}

#[test]
fn a_decision_that_is_refused_takes_no_memory() {
    let mut bench = running();
    let before = bench.worker.live_bytes();
    bench.handle(0.2, pause(1));
    assert!(bench.worker.live_bytes() > before);

    bench.answer(0.2, refused(1));

    assert_eq!(bench.worker.live_bytes(), before);
}

#[test]
fn an_execution_that_has_ended_takes_no_memory() {
    let mut bench = Bench::driving();
    bench.turn(1.0);
    bench.answer(1.0, orphans(vec![orphan(9)], Rest::None));
    assert!(bench.worker.live_bytes() > 0);
    bench.answer(1.0, done(&bench, 0));

    bench.handle(1.1, cancel(9));
    bench.answer(1.1, done(&bench, 1));

    assert_eq!((bench.worker.live_count(), bench.worker.live_bytes()), (0, 0));
}

#[test]
fn a_worker_that_stops_leaves_what_is_parked_to_the_next() {
    let mut bench = running();
    bench.worker.handle(Message::Due(vec![(at(5.0), id(9))]), at(0.2));

    bench.worker.stop(Duration::from_secs(10), at(1.0));
    let said = bench.until(1.0, 6.0);

    assert!(!starts_with(&said, "load"), "{said:?}");
}

#[test]
fn an_execution_that_is_due_soon_is_loaded_in_time() {
    let mut bench = Bench::driving();
    bench.handle(0.2, Message::Due(vec![(at(5.0), id(9))]));

    assert!(!starts_with(&bench.until(0.2, 4.8), "load"));
    assert!(starts_with(&bench.until(4.8, 5.0), "load 9"));
}

#[test]
fn a_worker_that_stops_parks_what_waits_and_says_when_it_is_due() {
    let nodes = json!([{ "id": "a", "type": "delay", "delay_seconds": 30 }]);
    let mut bench = Bench::driving();
    bench.handle(0.1, accept_of(1, json!({}), nodes));
    bench.answer(0.1, done(&bench, 0));

    bench.worker.stop(Duration::from_secs(10), at(0.2));
    let said = bench.turn(0.2);
    let Projection::Parked { wake_at, .. } = bench.commits[0].projection else {
        panic!("{:?}", bench.commits)
    };
    let parked = bench.answer(0.2, committed(1));

    assert_eq!((said, wake_at), (vec!["commit 1".to_owned()], Some(at(30.1))));
    assert_eq!(parked, ["release 1"]);
}

#[test]
fn who_reads_an_execution_sees_it_with_what_was_decided_before() {
    let mut bench = running();
    let read = || Message::Read { execution: id(1), reply: ReplyId(5) };
    let at_once = bench.handle(0.2, read());
    bench.worker.handle(pause(1), at(0.2));
    bench.handle(0.2, signal(1, Signal::Resume { by: Actor::USER }));

    let while_it_decides = bench.handle(0.2, read());
    bench.answer(0.2, committed(1));
    let after = bench.answer(0.2, committed(2));

    assert!(starts_with(&at_once, "reply 5 Snapshot"), "{at_once:?}");
    assert!(while_it_decides.is_empty(), "{while_it_decides:?}");
    assert!(starts_with(&after, "reply 5 Snapshot"), "{after:?}");
}

#[test]
fn who_comes_while_the_end_is_being_committed_is_answered_with_it() {
    let mut bench = Bench::driving();
    let mut new = crate::bench::accepted_by(1, ReplyId(1));
    new.wait = Some(ReplyId(8));
    bench.handle(0.1, Message::Accept(Box::new(new)));
    let accepted = bench.answer(0.1, done(&bench, 0));
    bench.handle(0.2, Message::Await { execution: id(1), reply: ReplyId(9) });
    assert_eq!(bench.handle(0.2, cancel(1)), ["commit 1"]);

    bench.worker.handle(Message::Read { execution: id(1), reply: ReplyId(5) }, at(0.2));
    bench.worker.handle(signal(1, Signal::Pause { by: Actor::USER }), at(0.2));
    let said = bench.answer(0.2, committed(1));

    assert!(accepted.contains(&"reply 1 Accepted".to_owned()), "{accepted:?}");
    for answer in ["reply 5 Snapshot", "reply 8 Snapshot", "reply 9 Snapshot", "reply 7 Rejected(Finished"] {
        assert!(starts_with(&said, answer), "{answer}: {said:?}");
    }
}

#[test]
fn what_is_paused_stays_until_its_wait_for_an_event_is_stored() {
    let wait = NodeWait {
        tenant: TenantId::DEFAULT,
        execution: id(1),
        node: NodeIndex(0),
        node_id: NodeId::new("a"),
        wait: EventWait { name: "paid".into(), correlation: None, since: at(0.1), until: None },
    };
    let ask = EventAsk { wait, at: at(0.1) };
    let answered = |result| Answer::EventAwaited(Box::new(ask.clone()), result);
    let mut bench = Bench::driving();
    bench.handle(0.1, accept_of(1, json!({}), json!([{ "id": "a", "type": "wait_event", "event": "paid" }])));
    bench.answer(0.1, done(&bench, 0));
    bench.answer(0.1, answered(Err(busy())));
    bench.handle(0.2, pause(1));

    bench.answer(0.2, done(&bench, 1));
    let shown = bench.until(0.2, 0.5);
    let row = bench.commits.remove(0);
    bench.answer(0.5, committed(2));
    let asked = bench.until(0.5, 0.7);
    let parked = bench.answer(0.7, answered(Ok(None)));

    assert_eq!([shown, asked, parked], [["commit 1"], ["await event paid"], ["commit 1"]]);
    assert!(matches!(row.projection, Projection::Shown(_)), "{row:?}");
    assert!(matches!(bench.commits[0].projection, Projection::Parked { wake_at: None, .. }));
}
