//! Nodes that undo what others did, once an execution fails or is cancelled.

use crate::support::{self, Play};
use serde_json::{Value, json};
use steadflow_core::caller::Actor;
use steadflow_core::event::{Event, Record, Resolution};
use steadflow_core::execution::{Execution, ExecutionStatus, Input, Rejected, RetryMode};
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::flow::Flow;
use steadflow_core::ids::NodeId;
use steadflow_core::limits::Limits;
use steadflow_core::status::NodeStatus;

fn step(id: &str, undo: Option<&str>) -> Value {
    json!({ "id": id, "type": "action", "action": "echo", "compensate_with": undo })
}

fn handler(id: &str, input: Value) -> Value {
    json!({ "id": id, "type": "action", "action": "echo", "input": input })
}

/// Reserve, charge, ship; the first two can be undone.
fn order() -> Value {
    json!({ "name": "Order", "timeout_seconds": 60, "flow_definition": {
        "nodes": [
            step("reserve", Some("release")),
            step("charge", Some("refund")),
            step("ship", Some("recall")),
            handler("release", json!("${reserve.id}")),
            handler("refund", json!({ "id": "${charge.id}", "because": "${execution.error.message}", "of": "${execution.error.node}", "class": "${execution.error.class}", "shipped": "${ship.id | default('never')}" })),
            handler("recall", json!("${ship.id}")),
        ],
        "edges": [{ "from": "reserve", "to": "charge" }, { "from": "charge", "to": "ship" }],
    }})
}

fn refused() -> Failure {
    Failure::new(ErrorClass::Rejected, "no carrier")
}

fn cancel() -> Input {
    Input::Cancel { message: "Cancelled by a user".into(), by: Actor::USER }
}

fn stop() -> Input {
    Input::StopCompensation { by: Actor::USER }
}

/// An order whose goods are reserved and paid, and are to be shipped.
fn paid() -> Play {
    let mut play = Play::new(&order());
    play.completes("reserve", json!({ "id": "r1" }))
        .at(1.0)
        .completes("charge", json!({ "id": "c1" }))
        .at(2.0);
    play.story();
    play
}

fn status(play: &Play, node: &str) -> NodeStatus {
    play.execution.node(play.index(node)).status()
}

#[test]
fn what_completed_is_undone_backwards_before_the_execution_ends() {
    let mut play = paid();

    play.fails("ship", refused());
    assert_eq!(play.execution.status(), ExecutionStatus::Running);
    assert_eq!(play.execution.ending_as(), Some(ExecutionStatus::Failed));
    play.at(3.0).completes("refund", json!("ok")).at(4.0).completes("release", json!("ok"));

    insta::assert_snapshot!(play.story(), @r#"
    2s     ship attempt 1 fails (rejected: no carrier)
    2s     ship fails
    2s     undoes charge, reserve before it is failed
    2s     refund attempt 1 starts
    2s       → begin refund 1
    3s     refund completes with "ok"
    3s     release attempt 1 starts
    3s       → begin release 1
    4s     release completes with "ok"
    4s     finished: failed
    "#);
    insta::assert_snapshot!(play.shown(), @"
    failed: Node `ship` failed after 1 attempt: no carrier
    reserve: completed
    charge: completed
    ship: failed, no carrier
    release: completed
    refund: completed
    recall: skipped
    ");
    let asked: Vec<_> = play.work.iter().skip(3).map(|work| work.input.as_str()).collect();
    insta::assert_snapshot!(asked.join("\n"), @r#"
    {"id":"c1","because":"Node `ship` failed after 1 attempt: no carrier","of":"ship","class":"rejected","shipped":"never"}
    "r1"
    "#);
    assert_eq!(play.execution.ending_as(), None);
}

#[test]
fn a_flow_that_completes_runs_nothing_that_undoes() {
    let mut play = paid();

    play.completes("ship", json!({ "id": "s1" }));

    assert_eq!(play.execution.status(), ExecutionStatus::Completed);
    assert_eq!(play.execution.result().unwrap().as_str(), r#"{"id":"s1"}"#);
    assert_eq!(status(&play, "refund"), NodeStatus::Skipped);
}

#[test]
fn a_failure_before_anything_completed_ends_at_once() {
    let mut play = Play::new(&order());

    play.fails("reserve", refused());

    assert_eq!(play.execution.status(), ExecutionStatus::Failed);
    assert_eq!(status(&play, "release"), NodeStatus::Skipped);
}

#[test]
fn a_cancel_stops_what_runs_and_undoes_the_rest() {
    let mut play = paid();

    play.put_any(cancel());
    play.completes("ship", json!({ "id": "too late" }));
    play.completes("refund", json!(1)).completes("release", json!(1));

    insta::assert_snapshot!(play.story(), @"
    2s     undoes charge, reserve before it is cancelled
    2s     refund attempt 1 starts
    2s       → stop ship 1
    2s       → begin refund 1
    2s     rejected: the attempt is no longer running
    2s     refund completes with 1
    2s     release attempt 1 starts
    2s       → begin release 1
    2s     release completes with 1
    2s     finished: cancelled
    ");
    assert_eq!(play.execution.status(), ExecutionStatus::Cancelled);
}

#[test]
fn the_deadline_begins_it_and_does_not_stop_it() {
    let mut play = paid();

    play.at(60.0);
    assert_eq!(play.execution.ending_as(), Some(ExecutionStatus::Failed));
    // Only the limit of an attempt that names none is left.
    play.at(3_659.0);
    assert_eq!(status(&play, "refund"), NodeStatus::Running);
    play.at(3_660.0);

    assert_eq!(status(&play, "refund"), NodeStatus::Failed);
    play.completes("release", json!(1));
    insta::assert_snapshot!(play.shown(), @"
    failed: Flow execution timed out after 60 seconds
    Node `charge` could not be undone: `refund` failed: Attempt timed out after 3600 seconds
    reserve: completed
    charge: completed
    ship: cancelled
    release: completed
    refund: failed, Attempt timed out after 3600 seconds
    recall: skipped
    ");
}

#[test]
fn what_cannot_be_undone_is_said_and_the_rest_is_undone() {
    let mut document = order();
    document["flow_definition"]["nodes"][4]["retry"] =
        json!({ "enabled": true, "count": 1, "initial_interval_seconds": 5, "jitter": 0 });
    let mut play = Play::new(&document);
    play.completes("reserve", json!({ "id": "r1" })).completes("charge", json!({ "id": "c1" }));
    let down = || Failure::new(ErrorClass::Connection, "down");

    play.fails("ship", refused()).fails("refund", down()).at(5.0).fails("refund", down());
    play.completes("release", json!(1));

    insta::assert_snapshot!(play.execution.error().unwrap().message, @"
    Node `ship` failed after 1 attempt: no carrier
    Node `charge` could not be undone: `refund` failed: down
    ");
    let compensated: Vec<_> = play.execution.compensated().collect();
    assert_eq!(compensated, [play.index("reserve")]);
}

#[test]
fn a_person_may_decide_on_one_that_cannot_be_undone() {
    let mut document = order();
    document["flow_definition"]["nodes"][4]["on_exhausted"] = "ask".into();
    let mut play = Play::new(&document);
    play.completes("reserve", json!({ "id": "r1" })).completes("charge", json!({ "id": "c1" }));

    play.fails("ship", refused()).fails("refund", refused());
    assert_eq!(play.execution.status(), ExecutionStatus::Running);
    play.resolves("refund", Resolution::Complete { output: support::accepted().trigger_data });
    play.completes("release", json!(1));

    assert_eq!(play.execution.status(), ExecutionStatus::Failed);
    assert_eq!(play.execution.compensated().count(), 2);
}

#[test]
fn it_can_be_stopped_and_says_what_was_left() {
    let mut play = paid();

    play.fails("ship", refused()).put_any(stop());

    insta::assert_snapshot!(play.story(), @"
    2s     ship attempt 1 fails (rejected: no carrier)
    2s     ship fails
    2s     undoes charge, reserve before it is failed
    2s     refund attempt 1 starts
    2s       → begin refund 1
    2s     finished: failed
    2s       → stop refund 1
    ");
    insta::assert_snapshot!(play.execution.error().unwrap().message, @"
    Node `ship` failed after 1 attempt: no carrier
    Undoing was stopped (Stopped by a user). Not undone: `charge`, `reserve`
    ");
    assert_eq!(status(&play, "refund"), NodeStatus::Cancelled);
    assert_eq!(status(&play, "recall"), NodeStatus::Skipped);
}

#[test]
fn a_cancel_that_is_repeated_does_not_stop_it() {
    let mut play = paid();
    assert_eq!(play.put(stop()), Err(Rejected::NotCompensating));
    play.put(cancel()).expect("it runs");

    assert_eq!(play.put(cancel()), Err(Rejected::Compensating(ExecutionStatus::Cancelled)));

    assert_eq!(status(&play, "refund"), NodeStatus::Running);
}

#[test]
fn a_pause_holds_it_and_a_cancel_ends_the_pause() {
    let mut play = paid();
    play.put_any(Input::Pause { by: Actor::USER });

    // What was under way may fail meanwhile.
    play.fails("ship", refused());
    assert_eq!(play.execution.status(), ExecutionStatus::Paused);
    assert_eq!(status(&play, "refund"), NodeStatus::Pending);
    play.put_any(Input::Resume { by: Actor::USER });
    assert_eq!(status(&play, "refund"), NodeStatus::Running);

    let mut play = paid();
    play.put_any(Input::Pause { by: Actor::USER }).put_any(cancel());
    assert_eq!(status(&play, "refund"), NodeStatus::Running);
}

#[test]
fn a_crash_during_it_repeats_only_the_attempt_that_ran() {
    let mut play = paid();
    play.fails("ship", refused()).completes("refund", json!(1));

    play.put_any(Input::Adopt { worker: "w2".into() });

    let release = play.execution.node(play.index("release"));
    assert_eq!(release.attempts[0].error.as_ref().unwrap().class, ErrorClass::Interrupted);
    assert_eq!(release.status(), NodeStatus::Pending);
    play.at(10.0).completes("release", json!(1));
    assert_eq!(play.execution.status(), ExecutionStatus::Failed);
    assert_eq!(play.execution.compensated().count(), 2);
}

#[test]
fn a_retry_runs_again_what_was_undone_and_what_follows_from_it() {
    let mut document = order();
    document["flow_definition"]["nodes"][0]["compensate_with"] = Value::Null;
    document["flow_definition"]["nodes"].as_array_mut().unwrap().remove(3);
    let mut play = Play::new(&document);
    play.completes("reserve", json!({ "id": "r1" })).completes("charge", json!({ "id": "c1" }));
    play.fails("ship", refused()).completes("refund", json!(1));

    let plan = play.execution.retry_plan(RetryMode::FromFailed, play.execution.flow());

    let run: Vec<&str> = plan.run.iter().map(|id| id.as_str()).collect();
    assert_eq!(run, ["charge", "ship"]);
    let again = play.execution.retried(plan, None, Actor::USER, "w1".into());
    let mut again = Play::of(play.execution.pinned(), again);
    again.completes("charge", json!({ "id": "c2" })).fails("ship", refused());
    assert_eq!(again.work.last().unwrap().node_id.as_str(), "refund");
    assert!(again.work.last().unwrap().input.as_str().contains("c2"));
}

#[test]
fn what_nobody_began_to_undo_is_reused_and_undone_by_the_retry() {
    let mut play = paid();
    play.fails("ship", refused()).put_any(stop());

    let plan = play.execution.retry_plan(RetryMode::FromFailed, play.execution.flow());
    let run: Vec<&str> = plan.run.iter().map(|id| id.as_str()).collect();
    assert_eq!(run, ["charge", "ship"]);
    let again = play.execution.retried(plan, None, Actor::USER, "w1".into());
    let mut again = Play::of(play.execution.pinned(), again);
    again.fails("charge", refused());

    assert_eq!(again.work.last().unwrap().node_id.as_str(), "release");
}

#[test]
fn a_fork_undoes_its_own_work_and_not_what_it_reuses() {
    let mut play = paid();
    play.completes("ship", json!({ "id": "s1" }));
    let fork = |node: &str| {
        let plan = play.execution.fork_plan(&NodeId::new(node), play.execution.flow()).expect("it completed");
        Play::of(play.execution.pinned(), play.execution.forked(plan, Actor::USER, "w1".into()))
    };

    let mut from_ship = fork("ship");
    from_ship.fails("ship", refused());
    assert_eq!(from_ship.execution.status(), ExecutionStatus::Failed);
    assert_eq!(from_ship.execution.compensated().count(), 0);

    let mut from_charge = fork("charge");
    from_charge.completes("charge", json!({ "id": "c2" })).fails("ship", refused()).put_any(stop());
    assert_eq!(from_charge.execution.compensation_order(), [from_charge.index("charge")]);

    // Neither does its retry, which reuses it again.
    let plan = from_charge.execution.retry_plan(RetryMode::FromFailed, from_charge.execution.flow());
    let again = from_charge.execution.retried(plan, None, Actor::USER, "w1".into());
    let mut again = Play::of(from_charge.execution.pinned(), again);
    again.fails("charge", refused());
    assert_eq!(again.execution.status(), ExecutionStatus::Failed);
    assert_eq!(again.execution.compensation_order(), []);
}

#[test]
fn an_execution_that_holds_too_much_still_undoes_its_work() {
    let limits = Limits { execution_bytes_max: 600, ..Limits::DEFAULT };
    let version = support::with_limits(&support::version(&order()), limits);
    let mut play = Play::of(std::sync::Arc::new(version), support::accepted());

    play.completes("reserve", json!({ "id": "r1" }))
        .completes("charge", json!({ "id": "c1", "x": "x".repeat(600) }));
    assert_eq!(status(&play, "refund"), NodeStatus::Running);
    assert_eq!(status(&play, "ship"), NodeStatus::Cancelled);
    // There is as much room again, and no more.
    play.completes("refund", json!("x".repeat(600)));

    assert_eq!(status(&play, "release"), NodeStatus::Cancelled);
    insta::assert_snapshot!(play.execution.error().unwrap().message, @"
    The execution holds more than 0 MiB of data: what it was started with, and the inputs, outputs and results of its nodes. Pass on only what later nodes need, or divide the flow into several
    Undoing was stopped (The execution holds more than 0 MiB of data: what it was started with, and the inputs, outputs and results of its nodes. Pass on only what later nodes need, or divide the flow into several). Not undone: `reserve`
    ");
}

#[test]
fn a_journal_that_undoes_something_else_is_corrupt() {
    let mut play = paid();
    play.fails("ship", refused());
    let swapped = |record: &Record| {
        let mut record = record.clone();
        for event in &mut record.2 {
            if let Event::CompensationStarted { order, .. } = event {
                order.reverse();
            }
        }
        record
    };
    let journal = play.journal.iter().map(swapped).collect();

    let replayed = Execution::replay(play.execution.id(), play.execution.flow().clone(), journal);

    assert!(replayed.unwrap_err().to_string().ends_with("it undoes something else than what its nodes did"));
}

fn faults(nodes: Value, edges: Value) -> String {
    let document = json!({ "name": "x", "flow_definition": { "nodes": nodes, "edges": edges } });
    let faults = Flow::parse(&document, &Limits::DEFAULT).expect_err("the document has faults");
    faults.iter().map(|fault| format!("{} {}", fault.pointer, fault.message)).collect::<Vec<_>>().join("\n")
}

#[test]
fn nodes_that_cannot_undo_are_refused() {
    let nodes = json!([
        { "id": "start", "type": "trigger", "compensate_with": "refund" },
        step("a", Some("refnd")),
        step("b", Some("b")),
        step("c", Some("wait")),
        step("d", Some("a")),
        step("e", Some("f")),
        step("f", None),
        step("g", Some("refund")),
        step("h", Some("refund")),
        step("i", Some("")),
        { "id": "wait", "type": "delay", "delay_seconds": 1 },
        handler("refund", json!("${g.id} ${a.id} ${other.id} ${execution.error.message}")),
        handler("late", json!("${refund.id} ${execution.error.class}")),
        step("j", Some("other")),
        handler("other", json!("${refund.id}")),
    ]);
    insta::assert_snapshot!(faults(nodes, json!([{ "from": "start", "to": "f" }])), @"
    /flow_definition/nodes/9/compensate_with `compensate_with` must not be empty
    /flow_definition/nodes/0/compensate_with a trigger does nothing that could be undone
    /flow_definition/nodes/1/compensate_with there is no node `refnd` here; did you mean `refund`?
    /flow_definition/nodes/2/compensate_with a node cannot undo itself
    /flow_definition/nodes/3/compensate_with `wait` cannot undo anything: it makes no call and starts no execution. Use a node that does, or a flow that has this one
    /flow_definition/nodes/4/compensate_with `a` undoes another node, so it cannot name one that undoes it
    /flow_definition/nodes/5/compensate_with `f` is a part of the flow: it has edges. A node that undoes another has none; it runs only to undo
    /flow_definition/nodes/8/compensate_with `refund` already undoes `g`, and a node undoes one other; add a second one
    /flow_definition/nodes/11/input `${other.id}`: `other` undoes another node; one that undoes cannot read what others undid
    /flow_definition/nodes/12/input `${refund.id}`: `refund` undoes another node, so it runs only after the flow has failed
    /flow_definition/nodes/12/input `${execution.error.class}`: `execution.error` is only there in a node that undoes another (`compensate_with`)
    /flow_definition/nodes/14/input `${refund.id}`: `refund` undoes another node; one that undoes cannot read what others undid
    ");
}
