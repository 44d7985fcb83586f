//! Commits that the database will never take, and executions whose turns take long.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;
use steadflow_core::agent::Agent;
use steadflow_core::execution::{Decision, ExecutionStatus, Input};
use steadflow_core::ids::{AgentId, Attempt, NodeIndex, StepKey};
use steadflow_core::limits::Limits;
use steadflow_core::payload::Payload;
use steadflow_core::work::{CallKey, Outcome};
use steadflow_runtime::WorkerConfig;
use steadflow_runtime::shard::{Accept, BatchId, Loaded, Message, Origin, ReplyId};
use steadflow_runtime::worker::{Answer, Rest};
use steadflow_store::{Committed, Projection, StoreError};
use uuid::Uuid;

use crate::bench::{
    Bench, accept, accept_family, accept_of, accepted_by, at, busy, call_ended, done, execution_of, flow, id,
    new_execution, orphan_of, orphans,
};

fn refused(batch: u64) -> Answer {
    let source = "it is too large".into();
    Answer::Committed(BatchId(batch), Err(StoreError::Refused { call: "commit", source }))
}

/// The call of execution `number` ends.
fn ended(number: u128) -> Message {
    call_ended(number, 0, Payload::null())
}

/// A new execution that starts with so many bytes.
fn accept_with(number: u128, bytes: usize) -> Message {
    let mut new = new_execution(number);
    new.accepted.trigger_data = text(bytes);
    Message::Accept(Box::new(Accept { new, ..accepted_by(number, ReplyId(1)) }))
}

/// A new execution that passes a large value on, which is more than one decision takes.
fn passing_on(number: u128) -> Message {
    accept_transforms(number, "${trigger_data}", text(900_000), Limits::DEFAULT)
}

fn accept_transforms(number: u128, input: &str, trigger_data: Payload, limits: Limits) -> Message {
    let node = |number| {
        json!({ "id": format!("n{number}"), "type": "action", "action": "transform",
                                "input": input })
    };
    let nodes: Vec<_> = (0..5).map(node).collect();
    let mut new = execution_of(number, flow(json!({}), json!(nodes), limits));
    new.accepted.trigger_data = trigger_data;
    Message::Accept(Box::new(Accept { new, ..accepted_by(number, ReplyId(1)) }))
}

/// A text that has so many bytes without its quotes.
fn text(bytes: usize) -> Payload {
    Payload::parse(format!("\"{}\"", "x".repeat(bytes))).expect("it is JSON")
}

fn committed(batch: u64, commits: usize) -> Answer {
    Answer::Committed(BatchId(batch), Ok(vec![Committed::Done; commits]))
}

/// A worker with executions 1 and 2, whose calls ended in one batch.
fn both_ended() -> Bench {
    let mut bench = Bench::driving();
    bench.worker.handle(accept(1), at(1.0));
    bench.handle(1.0, accept(2));
    bench.answer(1.0, done(&bench, 0));
    bench.worker.handle(ended(1), at(2.0));
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
fn an_execution_that_is_taken_over_and_refused_undoes_its_work_with_calls_that_are_its_own() {
    let mut bench = Bench::driving();
    bench.answer(1.0, orphans(vec![half_done(9)], Rest::None));

    let undone = bench.answer(1.0, refused(0));
    let record = bench.commits.remove(0).record.expect("it undoes by a record");
    let called = bench.answer(1.0, committed(1, 1));

    assert_eq!(undone, ["commit 9"]);
    assert!(record.contains("compensation_started") && !record.contains("interrupted"), "{record}");
    assert_eq!(called, ["publish", "stop call", "start call"]);
}

/// An execution whose process is gone, in the middle of its second node. Its first one can be undone.
fn half_done(number: u128) -> Loaded {
    let echo = |id| json!({ "id": id, "type": "action", "action": "echo", "input": 1 });
    let mut first = echo("first");
    first["compensate_with"] = json!("undo");
    let nodes = json!([first, echo("second"), echo("undo")]);
    let mut loaded = orphan_of(execution_of(number, flow(json!({}), nodes, Limits::DEFAULT)));
    let Message::Input { input: first_ended, .. } = ended(number) else { panic!("a call ends by an input") };
    for input in [Input::Start, first_ended] {
        let mut decision = Decision::default();
        loaded.execution.decide(input, at(0.5), &mut decision).expect("it goes on");
        let record =
            serde_json::to_string(&loaded.execution.seal(&mut decision, at(0.5))).expect("it is JSON");
        loaded.journal.push(record.into());
    }
    loaded
}

#[test]
fn a_batch_that_is_refused_is_halved_until_it_is_known_what_is_bad() {
    let mut bench = Bench::driving();
    (1..=8).for_each(|number| bench.worker.handle(accept(number), at(1.0)));
    bench.turn(1.0);
    bench.answer(1.0, done(&bench, 0));
    (1..=8).rev().for_each(|number| bench.worker.handle(ended(number), at(2.0)));
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
        bench.worker.handle(message, at(1.0));
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
fn commits_with_blobs_are_batches_of_their_own_and_some_are_under_way_at_once() {
    let mut config = WorkerConfig::new("w".into());
    config.shard.has_blobs = true;
    let mut bench = Bench::driving_with(config);
    bench.turn(1.0);
    (1..=20).for_each(|number| bench.worker.handle(accept(number), at(1.0)));
    assert_eq!(bench.turn(1.0).len(), 1, "what is accepted stays in the database");
    let all = done(&bench, 0);
    bench.answer(1.0, all);
    (1..=20).for_each(|number| bench.worker.handle(call_ended(number, 0, text(100_000)), at(2.0)));

    let begun = bench.turn(2.0);
    let other = bench.handle(2.0, accept(30));
    let next = bench.answer(2.0, committed(1, 1));

    let commits = |said: &[String]| said.iter().filter(|said| said.starts_with("commit ")).count();
    assert_eq!((commits(&begun), commits(&other)), (16, 1), "{begun:?} {other:?}");
    assert!(begun.iter().all(|said| said.split(' ').count() == 2), "{begun:?}");
    assert_eq!(commits(&next), 1, "{next:?}");
}

#[test]
fn a_large_commit_waits_for_as_long_as_the_last_one_took_while_others_write() {
    let mut bench = Bench::driving();
    bench.turn(1.0);
    assert_eq!(bench.handle(1.0, accept_with(1, 1_100_000)), ["commit 1"]);
    assert_eq!(bench.handle(1.0, accept_with(2, 1_100_000)), [""; 0]);
    assert_eq!(bench.handle(1.0, accept(3)), ["commit 3"]);

    let after_it = bench.answer(1.5, committed(0, 1));

    assert!(!after_it.contains(&"commit 2".to_owned()), "{after_it:?}");
    assert_eq!(bench.handle(1.6, accept(4)), ["commit 4"]);
    assert_eq!(bench.turn(1.999), [""; 0]);
    assert_eq!(bench.until(1.999, 2.0), ["commit 2"]);
}

#[test]
fn a_commit_is_as_large_as_it_is_with_the_children_that_it_starts() {
    let family = |number| {
        let Message::Accept(mut accept) = accept_family(number, 6) else { panic!("a family is accepted") };
        accept.new.accepted.trigger_data = text(200_000);
        Message::Accept(accept)
    };
    let mut bench = Bench::driving();
    bench.turn(1.0);
    bench.handle(1.0, family(1));
    assert_eq!(bench.commits.len(), 7);

    let next = bench.handle(1.0, family(2));
    let other = bench.handle(1.0, accept(3));

    assert_eq!((next, other), (Vec::new(), vec!["commit 3".to_owned()]));
}

#[test]
fn a_large_commit_follows_another_at_once_while_nobody_else_writes() {
    let mut bench = Bench::driving();
    bench.turn(1.0);
    bench.handle(1.0, accept_with(1, 1_100_000));
    bench.handle(1.0, accept_with(2, 1_100_000));

    let after_it = bench.answer(1.5, committed(0, 1));

    assert!(after_it.contains(&"commit 2".to_owned()), "{after_it:?}");
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
    bench.until(2.0, 60.9);
    assert!(is_slow(&mut bench, 60.9, 3));
    assert!(!is_slow(&mut bench, 61.0, 4));
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
        bench.worker.handle(accept_with(number, 100 * 1024), at(0.0));
    }

    let wanted = bench.handle(0.0, accept_with(7, 100 * 1024));

    assert_eq!(wanted, ["commit 1 2 3 4 5 6", "commit 7"]);
}

/// A worker whose turns that may take long the test takes.
fn keeping_turns() -> Bench {
    Bench { keeps_turns: true, ..Bench::driving() }
}

#[test]
fn executions_that_hold_much_take_their_turns_one_after_the_other() {
    let mut bench = keeping_turns();
    bench.worker.handle(accept_with(1, 300_000), at(1.0));
    bench.handle(1.0, accept_with(2, 300_000));

    let wanted = bench.answer(1.0, done(&bench, 0));
    assert_eq!(wanted.iter().filter(|what| what.starts_with("decide")).collect::<Vec<_>>(), ["decide 1"]);
    let first = bench.turns.remove(0);
    bench.take(1.0, first);

    assert_eq!(bench.turn(1.0), ["decide 2", "commit 1"]);
}

#[test]
fn others_go_on_while_a_turn_takes_long() {
    let mut bench = keeping_turns();
    bench.handle(1.0, accept_with(1, 300_000));
    bench.answer(1.0, done(&bench, 0));
    assert_eq!(bench.turns.len(), 1);

    assert_eq!(bench.handle(1.1, accept(2)), ["commit 2"]);
}

#[test]
fn an_execution_is_shown_as_it_is_committed_while_its_turn_takes_long() {
    let mut bench = keeping_turns();
    bench.handle(1.0, accept_with(1, 300_000));
    bench.answer(1.0, done(&bench, 0));

    let wanted = bench.handle(1.1, Message::Read { execution: id(1), reply: ReplyId(7) });

    let [answer] = &*wanted else { panic!("{wanted:?}") };
    assert!(answer.starts_with("reply 7 Snapshot("), "{answer}");
}

#[test]
fn what_comes_while_a_turn_takes_long_is_decided_after_it() {
    let mut bench = keeping_turns();
    bench.handle(1.0, accept_with(1, 300_000));
    bench.answer(1.0, done(&bench, 0));

    assert_eq!(bench.handle(1.1, ended(1)), [""; 0], "it waits");
    let turn = bench.turns.remove(0);
    bench.take(1.2, turn);

    assert_eq!(bench.turn(1.2), ["commit 1"], "the start");
    let wanted = bench.answer(1.2, done(&bench, 1));
    assert!(wanted.ends_with(&["decide 1".to_owned()]), "{wanted:?}");
    let turn = bench.turns.remove(0);
    bench.take(1.3, turn);
    assert_eq!(bench.turn(1.3), ["commit 1"], "the end of its call");
}

#[test]
fn executions_that_start_with_up_to_256_kib_start_at_once() {
    let quotes = 2;
    let mut bench = Bench::driving();
    bench.turn(1.0);

    bench.handle(1.0, accept_with(1, 256 * 1024 - quotes));

    let record = bench.commits[0].record.as_deref().unwrap_or_default();
    assert!(record.contains("started"), "it starts with its acceptance");
}

#[test]
fn executions_take_turns_of_their_own_from_256_kib_on() {
    let nodes = json!([{ "id": "a", "type": "action", "action": "echo", "input": 1 },
                       { "id": "b", "type": "action", "action": "echo", "input": 1 }]);
    for (bytes, has_own) in [(100_000, false), (300_000, true)] {
        let mut bench = keeping_turns();
        bench.handle(0.1, accept_of(1, json!({}), nodes.clone()));
        bench.answer(0.1, done(&bench, 0));
        bench.handle(0.2, call_ended(1, 0, text(bytes)));
        bench.answer(0.2, committed(1, 1));

        let wanted = bench.handle(0.2, call_ended(1, 1, Payload::null()));

        assert_eq!(wanted, [if has_own { "decide 1" } else { "commit 1" }], "{bytes} bytes");
    }
}

#[test]
fn an_execution_whose_decision_took_its_share_of_evaluation_goes_on_in_a_turn_of_its_own() {
    let limits = Limits { decision_fuel: 1, ..Limits::DEFAULT };
    let mut bench = keeping_turns();
    bench.handle(
        0.1,
        accept_transforms(
            1,
            "${trigger_data > 0}",
            Payload::parse("5".to_owned()).expect("it is JSON"),
            limits,
        ),
    );

    let wanted = bench.answer(0.1, committed(0, 1));

    assert!(wanted.contains(&"decide 1".to_owned()), "{wanted:?}");
}

#[test]
fn a_new_execution_of_a_slow_flow_starts_in_a_turn_of_its_own() {
    let mut bench = Bench::driving();
    bench.handle(0.1, passing_on(1));
    let mut batch = 0;
    while bench.worker.live_count() > 0 {
        bench.answer(0.1, committed(batch, 1));
        batch += 1;
    }
    bench.keeps_turns = true;
    bench.handle(0.2, accept(2));

    let wanted = bench.answer(0.2, committed(batch, 1));

    assert!(wanted.contains(&"decide 2".to_owned()), "{wanted:?}");
}

#[test]
fn the_first_execution_of_a_large_graph_starts_in_a_turn_of_its_own() {
    let node = |number: usize| {
        let input = format!("{}{number}", "x".repeat(900));
        json!({ "id": format!("n{number}"), "type": "action", "action": "transform", "input": input })
    };
    let nodes: Vec<_> = (0..10).map(node).collect();
    let accept = |number| {
        let new = execution_of(number, flow(json!({}), json!(nodes), Limits::DEFAULT));
        Message::Accept(Box::new(Accept { new, ..accepted_by(number, ReplyId(1)) }))
    };
    let mut bench = keeping_turns();
    bench.handle(0.1, accept(1));

    let wanted = bench.answer(0.1, committed(0, 1));
    assert!(wanted.contains(&"decide 1".to_owned()), "{wanted:?}");
    let turn = bench.turns.remove(0);
    bench.take(0.1, turn);
    bench.turn(0.1);
    bench.answer(0.1, committed(1, 1));
    bench.handle(0.2, accept(2));

    assert_eq!(bench.worker.live_count(), 1);
    let wanted = bench.answer(0.2, committed(2, 1));
    assert!(!wanted.contains(&"decide 2".to_owned()), "it is known to be quick: {wanted:?}");
    assert_eq!(bench.worker.live_count(), 0);
}

#[test]
fn a_batch_for_which_there_is_no_room_is_not_split() {
    let mut bench = both_ended();

    let full = StoreError::Full { source: "the disk is full".into() };
    bench.answer(2.0, Answer::Committed(BatchId(1), Err(full)));

    assert_eq!(bench.until(2.0, 2.5), ["commit 1 2"]);
}

#[test]
fn an_execution_whose_commit_failed_alone_shares_the_next_batch() {
    let mut bench = Bench::driving();
    bench.worker.handle(accept(1), at(1.0));
    bench.handle(1.0, accept(2));
    bench.answer(1.0, done(&bench, 0));
    bench.until(1.0, 1.4);
    bench.answer(1.4, done(&bench, 1));
    bench.handle(1.4, ended(1));
    bench.answer(1.4, Answer::Committed(BatchId(2), Err(busy())));

    bench.worker.handle(ended(2), at(1.9));
    let said = bench.turn(1.9);

    assert_eq!(said, ["commit 2 1"]);
}

/// A new execution of a node that asks a model with a tool.
fn accept_with_tools(number: u128) -> Message {
    let agent = AgentId::new(Uuid::from_u128(5));
    let tool = json!({ "name": "look", "type": "http_request", "request": { "url": "https://a.test" } });
    let document = json!({ "name": "A", "agent_type": "llm", "config": { "provider": "openai", "model": "m" },
                           "skills": [{ "name": "find", "tools": [tool] }] });
    let known = Agent::parse(&document).expect("the agent is valid");
    let nodes = json!([{ "id": "ask", "type": "agent", "agent_id": agent.to_string(), "skill": "find" }]);
    let mut new = execution_of(number, flow(json!({}), nodes, Limits::DEFAULT));
    new.accepted.agents.insert(agent, 1);
    new.pinned.agents = Some(Arc::new(BTreeMap::from([(agent, Arc::new(known))])));
    Message::Accept(Box::new(Accept { new, ..accepted_by(number, ReplyId(1)) }))
}

#[test]
fn an_execution_whose_commit_was_refused_still_knows_its_agents() {
    let mut bench = Bench::driving();
    bench.handle(0.1, accept_with_tools(1));
    assert!(bench.answer(0.1, committed(0, 1)).contains(&"start call".to_owned()));
    let (execution, attempt) = (id(1), Attempt::FIRST);
    let call = CallKey { execution, node: NodeIndex(0), attempt, step: StepKey::new("turn:1") };
    let asks = json!({ "tool_calls": [{ "id": "c", "name": "look", "arguments": {} }] });
    let outcome = Outcome::completed(Payload::from_value(&asks));
    let input = Input::StepEnded { call, outcome };
    bench.handle(0.2, Message::Input { execution, input, from: Origin::Engine });

    bench.answer(0.2, Answer::Committed(BatchId(1), Err(busy())));
    // Its row is written meanwhile.
    bench.until(0.2, 0.8);
    let again = bench.answer(0.8, committed(2, 1));
    let said = bench.answer(0.8, committed(3, 1));

    assert!(again.contains(&"commit 1".to_owned()), "{again:?}");
    assert!(said.contains(&"start call".to_owned()), "{said:?}");
}
