//! What waits while an execution is paused.

use crate::support::{Play, START};
use serde_json::{Value, json};
use steadflow_core::caller::Actor;
use steadflow_core::execution::{Input, TimerReason};
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::status::{ExecutionStatus, NodeStatus};

fn flow(settings: Value, nodes: &[Value], edges: Value) -> Value {
    let mut flow = settings;
    flow["name"] = "Pausing".into();
    flow["flow_definition"] = json!({ "nodes": nodes, "edges": edges });
    flow
}

fn pause(play: &mut Play) -> &mut Play {
    play.put_any(Input::Pause { by: Actor::USER })
}

/// The reason of the next timer, and how many seconds after the start it is.
fn timer(play: &Play) -> Option<(TimerReason, u64)> {
    play.execution.next_timer().map(|(at, reason)| (reason, at.since(START).as_secs()))
}

#[test]
fn a_node_that_makes_no_call_does_not_run_either() {
    let a = json!({ "id": "a", "type": "action", "action": "echo" });
    let b = json!({ "id": "b", "type": "action", "action": "transform", "input": 1 });
    let mut play = Play::new(&flow(json!({}), &[a, b], json!([{ "from": "a", "to": "b" }])));
    let status = |play: &Play| play.execution.node(play.index("b")).status();

    pause(&mut play).completes("a", json!(1));
    assert_eq!(status(&play), NodeStatus::Pending);
    play.put_any(Input::Resume { by: Actor::USER });

    assert_eq!(status(&play), NodeStatus::Completed);
}

#[test]
fn delays_and_backoffs_have_no_timer_and_the_deadline_has() {
    let delay = json!({ "id": "a", "type": "delay", "delay_seconds": 5 });
    let retrying = json!({
        "id": "a", "type": "action", "action": "echo",
        "retry": { "enabled": true, "count": 1, "initial_interval_seconds": 5 },
    });
    for (node, reason) in [(delay, TimerReason::Delay), (retrying, TimerReason::Backoff)] {
        let settings = json!({ "timeout_seconds": 60 });
        let mut play = Play::new(&flow(settings, &[node], json!([])));
        if reason == TimerReason::Backoff {
            play.fails("a", Failure::new(ErrorClass::Connection, "refused"));
        }
        assert_eq!(timer(&play), Some((reason, 5)));

        pause(&mut play);

        assert_eq!(timer(&play), Some((TimerReason::Deadline, 60)));
        play.put_any(Input::Resume { by: Actor::USER });
        assert_eq!(timer(&play), Some((reason, 5)));
    }
}

#[test]
fn what_is_paused_with_everything_goes_on_with_it_and_what_a_person_paused_does_not() {
    let nodes = [echo("a"), echo("b")];
    let document = flow(json!({}), &nodes, json!([{ "from": "a", "to": "b" }]));
    let (mut with_all, mut by_itself) = (Play::new(&document), Play::new(&document));
    let (hold, go_on) =
        (|| Input::PauseWithAll { by: Actor::USER }, || Input::ResumeWithAll { by: Actor::USER });

    with_all.put(hold()).unwrap();
    pause(&mut by_itself);

    assert!(by_itself.put(hold()).is_err() && with_all.put(hold()).is_err());
    with_all.completes("a", json!(1));
    assert_eq!(with_all.execution.status(), ExecutionStatus::Paused);
    assert!(with_all.execution.is_paused_with_all() && !by_itself.execution.is_paused_with_all());
    assert!(by_itself.put(go_on()).is_err(), "a person has paused it");
    with_all.put(go_on()).unwrap();
    assert_eq!(with_all.execution.status(), ExecutionStatus::Running);
    assert!(with_all.put(go_on()).is_err());
    with_all.completes("b", json!(2));
    assert_eq!(with_all.execution.status(), ExecutionStatus::Completed);
}

fn echo(id: &str) -> Value {
    json!({ "id": id, "type": "action", "action": "echo" })
}

#[test]
fn what_is_resumed_while_everything_is_paused_goes_on_with_everything() {
    let nodes = [echo("a"), echo("b")];
    let document = flow(json!({}), &nodes, json!([{ "from": "a", "to": "b" }]));
    let mut play = Play::new(&document);
    let later = || Input::ResumeLater { by: Actor::USER };
    pause(&mut play);
    play.completes("a", json!(1));

    play.put(later()).unwrap();

    assert_eq!(play.execution.status(), ExecutionStatus::Paused);
    assert!(play.execution.is_paused_with_all());
    assert!(play.put(later()).is_err(), "it is to go on already");
    play.put(Input::ResumeWithAll { by: Actor::USER }).unwrap();
    play.completes("b", json!(2));
    assert_eq!(play.execution.status(), ExecutionStatus::Completed);
}
