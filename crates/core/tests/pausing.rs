//! What waits while an execution is paused.

use crate::support::{Play, START};
use serde_json::{Value, json};
use steadflow_core::caller::Actor;
use steadflow_core::execution::{Input, TimerReason};
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::status::NodeStatus;

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
