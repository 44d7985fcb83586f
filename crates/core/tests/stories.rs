//! What an execution does, as transcripts: recovery, timeouts, retries, and what people do to executions.

use std::time::Duration;

use crate::support::{self, Play, version};
use insta::assert_snapshot;
use serde_json::{Value, json};
use steadflow_core::caller::Actor;
use steadflow_core::event::Resolution;
use steadflow_core::execution::{EdgeState, ExecutionStatus, Input, RetryMode, Wait};
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::ids::NodeId;
use steadflow_core::payload::Payload;

/// A flow of echo nodes in a row.
fn chain(settings: Value, nodes: &[Value]) -> Value {
    let edges: Vec<Value> =
        nodes.windows(2).map(|pair| json!({ "from": pair[0]["id"], "to": pair[1]["id"] })).collect();
    flow(settings, nodes, &edges)
}

fn flow(mut settings: Value, nodes: &[Value], edges: &[Value]) -> Value {
    settings["name"] = "Story".into();
    settings["flow_definition"] = json!({ "nodes": nodes, "edges": edges });
    settings
}

fn echo(id: &str) -> Value {
    json!({ "id": id, "type": "action", "action": "echo" })
}

fn retrying(count: u32) -> Value {
    json!({ "retry_on_failure": true, "retry_count": count })
}

fn connection_timeout() -> Failure {
    Failure::new(ErrorClass::Connection, "Connection timeout")
}

#[test]
fn a_transient_failure_is_recovered_from() {
    let mut play = Play::new(&chain(retrying(3), &[echo("fetch"), echo("store")]));

    play.at(0.5).fails("fetch", connection_timeout());

    assert_snapshot!(play.shown(), @"
    running
    fetch: pending, Connection timeout (Will retry 3 more times)
    store: pending
    ");
    play.at(1.5).completes("fetch", json!(1)).completes("store", json!(2));
    assert_snapshot!(play.story(), @"
    0s     accepted
    0s     started
    0s     fetch attempt 1 starts
    0s       → begin fetch 1
    0.5s   fetch attempt 1 fails (connection: Connection timeout), next at 1.5s
    1.5s   fetch attempt 2 starts
    1.5s     → begin fetch 2
    1.5s   fetch completes with 1
    1.5s   store attempt 1 starts
    1.5s     → begin store 1
    1.5s   store completes with 2
    1.5s   finished: completed
    ");
    assert_snapshot!(play.shown(), @"
    completed
    fetch: completed
    store: completed
    ");
    assert!(play.execution.is_recovered());
}

#[test]
fn an_execution_says_what_it_waits_for_when_nothing_moves() {
    let nodes = [echo("fetch"), json!({ "id": "wait", "type": "delay", "delay_seconds": 300 })];
    let mut play = Play::new(&flow(retrying(3), &nodes, &[]));
    let at = |play: &Play| play.execution.waiting_for().map(|wait| (wait.as_str(), wait.until()));
    assert_eq!(at(&play), None, "an attempt is under way");

    play.at(1.0).fails("fetch", connection_timeout());
    let retry = play.execution.node(play.index("fetch")).next_retry_at();
    assert_eq!(at(&play), Some(("retry", retry)), "the backoff is over before the delay");
    play.at(2.0).completes("fetch", json!(1));
    assert_eq!(at(&play).map(|(name, _)| name), Some("delay"));
    play.at(300.0);
    assert_eq!(at(&play), None, "it has ended");
}

#[test]
fn an_execution_that_exceeds_its_timeout_fails() {
    let mut settings = retrying(3);
    settings["timeout_seconds"] = 30.into();
    let nodes = [echo("slow"), json!({ "id": "wait", "type": "delay", "delay_seconds": 300 })];
    let mut play = Play::new(&flow(settings, &nodes, &[]));

    play.at(29.999).at(30.0).at(31.0).completes("slow", json!("too late"));

    assert_snapshot!(play.story(), @"
    0s     accepted
    0s     started
    0s     slow attempt 1 starts
    0s     wait waits until 300s
    0s       → begin slow 1
    30s    finished: failed
    30s      → stop slow 1
    31s    rejected: the execution is failed
    31s    rejected: the execution is failed
    ");
    assert_snapshot!(play.shown(), @"
    failed: Flow execution timed out after 30 seconds
    slow: cancelled
    wait: cancelled
    ");
    assert_eq!(play.execution.error().and_then(|error| error.class), Some(ErrorClass::Timeout));
}

#[test]
fn a_manual_retry_takes_over_what_completed() {
    let flow = version(&chain(json!({ "retry_count": 0 }), &[echo("fetch"), echo("store")]));
    let mut first = Play::of(flow.clone(), support::accepted());
    first.at(1.0).completes("fetch", json!({ "n": 1 })).fails("store", connection_timeout());
    assert_eq!(first.execution.status(), ExecutionStatus::Failed);

    let plan = first.execution.retry_plan(RetryMode::FromFailed, &flow);
    let mut second = Play::of(flow, first.execution.retried(plan, None, Actor::USER, "w2".into()));
    second.completes("store", json!(2));

    assert_snapshot!(second.story(), @r#"
    0s     accepted, reusing fetch
    0s     started
    0s     fetch completes with {"n":1}, reused
    0s     store attempt 1 starts
    0s       → begin store 1
    0s     store completes with 2
    0s     finished: completed
    "#);
    let accepted = second.execution.accepted();
    assert_eq!(accepted.retry_of, Some(first.execution.id()));
    assert_eq!(accepted.context_id, first.execution.accepted().context_id);
    assert_eq!(accepted.trigger_data, first.execution.accepted().trigger_data);
}

#[test]
fn an_exhausted_node_lists_all_its_attempts() {
    let mut play = Play::new(&chain(retrying(3), &[echo("fetch"), echo("store")]));

    for (seconds, message) in
        [(0.0, "Connection timeout"), (1.0, "HTTP 503"), (3.0, "HTTP 502"), (7.0, "reset")]
    {
        play.at(seconds).fails("fetch", Failure::new(ErrorClass::Unavailable, message));
    }

    assert_snapshot!(play.story(), @"
    0s     accepted
    0s     started
    0s     fetch attempt 1 starts
    0s       → begin fetch 1
    0s     fetch attempt 1 fails (unavailable: Connection timeout), next at 1s
    1s     fetch attempt 2 starts
    1s       → begin fetch 2
    1s     fetch attempt 2 fails (unavailable: HTTP 503), next at 3s
    3s     fetch attempt 3 starts
    3s       → begin fetch 3
    3s     fetch attempt 3 fails (unavailable: HTTP 502), next at 7s
    7s     fetch attempt 4 starts
    7s       → begin fetch 4
    7s     fetch attempt 4 fails (unavailable: reset)
    7s     fetch fails
    7s     finished: failed
    ");
    assert_snapshot!(play.shown(), @"
    failed: Node `fetch` failed after 4 attempts:
    Attempt 1: Connection timeout
    Attempt 2: HTTP 503
    Attempt 3: HTTP 502
    Attempt 4: reset
    fetch: failed, Failed after 4 attempts:
    Attempt 1: Connection timeout
    Attempt 2: HTTP 503
    Attempt 3: HTTP 502
    Attempt 4: reset
    store: cancelled
    ");
}

#[test]
fn the_number_of_tries_left_is_counted_down() {
    let mut play = Play::new(&chain(retrying(3), &[echo("fetch")]));
    let mut messages = Vec::new();

    for seconds in [0.0, 1.0, 3.0, 7.0] {
        play.at(seconds).fails("fetch", connection_timeout());
        messages.push(play.execution.nodes()[0].error_message.clone().unwrap());
    }

    assert_snapshot!(messages.join("\n---\n"), @"
    Connection timeout (Will retry 3 more times)
    ---
    Connection timeout (Will retry 2 more times)
    ---
    Connection timeout (Will retry 1 more time)
    ---
    Failed after 4 attempts:
    Attempt 1: Connection timeout
    Attempt 2: Connection timeout
    Attempt 3: Connection timeout
    Attempt 4: Connection timeout
    ");
}

#[test]
fn a_cancel_during_a_backoff_disarms_it() {
    let mut play = Play::new(&chain(retrying(3), &[echo("fetch"), echo("store")]));
    play.at(1.0).fails("fetch", connection_timeout());

    play.put_any(Input::Cancel { message: "Cancelled by a person".into(), by: Actor::USER });

    assert_eq!(play.execution.next_timer(), None);
    play.at(2.0).put_any(Input::Cancel { message: "again".into(), by: Actor::USER });
    assert_snapshot!(play.story(), @"
    0s     accepted
    0s     started
    0s     fetch attempt 1 starts
    0s       → begin fetch 1
    1s     fetch attempt 1 fails (connection: Connection timeout), next at 2s
    1s     finished: cancelled
    2s     rejected: the execution is cancelled
    2s     rejected: the execution is cancelled
    ");
    assert_snapshot!(play.shown(), @"
    cancelled: Cancelled by a person
    fetch: cancelled, Connection timeout
    store: cancelled
    ");
}

#[test]
fn an_error_edge_handles_a_failure() {
    let edges = [
        json!({ "from": "fetch", "to": "store" }),
        json!({ "from": "fetch", "to": "excuse", "on": "error" }),
    ];
    let excuse = json!({ "id": "excuse", "type": "action", "action": "transform",
                         "input": "${nodes.fetch.error.class}: ${nodes.fetch.error.message}" });
    let mut play =
        Play::new(&flow(json!({ "retry_count": 0 }), &[echo("fetch"), echo("store"), excuse], &edges));

    play.at(1.0).fails("fetch", connection_timeout());

    assert_snapshot!(play.story(), @r#"
    0s     accepted
    0s     started
    0s     fetch attempt 1 starts
    0s       → begin fetch 1
    1s     fetch attempt 1 fails (connection: Connection timeout)
    1s     fetch fails
    1s     store is skipped
    1s     excuse completes with "connection: Connection timeout"
    1s     finished: completed
    "#);
    assert_snapshot!(play.shown(), @"
    completed
    fetch: failed, Connection timeout
    store: skipped
    excuse: completed
    ");
}

#[test]
fn an_error_edge_whose_condition_does_not_hold_handles_nothing() {
    let status = |condition: &str| {
        let edge = json!({ "from": "a", "to": "excuse", "on": "error", "condition": condition });
        let excuse = json!({ "id": "excuse", "type": "action", "action": "transform", "input": 1 });
        let mut play = Play::new(&flow(json!({ "retry_count": 0 }), &[echo("a"), excuse], &[edge]));
        play.fails("a", connection_timeout());
        play.execution.status()
    };

    assert_eq!(status("nodes.a.error.class == 'connection'"), ExecutionStatus::Completed);
    assert_eq!(status("nodes.a.error.class == 'timeout'"), ExecutionStatus::Failed);
    assert_eq!(status("trigger_data.gone.further"), ExecutionStatus::Failed);
}

#[test]
fn the_first_branch_opens_a_join_of_any() {
    let mut last = echo("last");
    last["join"] = "any".into();
    let edges = [json!({ "from": "a", "to": "last" }), json!({ "from": "b", "to": "last" })];
    let mut play = Play::new(&flow(json!({}), &[echo("a"), echo("b"), last], &edges));

    play.at(1.0)
        .completes("b", json!("b"))
        .at(2.0)
        .completes("a", json!("a"))
        .completes("last", json!("last"));

    assert_snapshot!(play.story(), @r#"
    0s     accepted
    0s     started
    0s     a attempt 1 starts
    0s     b attempt 1 starts
    0s       → begin a 1
    0s       → begin b 1
    1s     b completes with "b"
    1s     last attempt 1 starts
    1s       → begin last 1
    2s     a completes with "a"
    2s     last completes with "last"
    2s     finished: completed
    "#);
}

#[test]
fn nothing_new_starts_while_paused() {
    let mut play = Play::new(&chain(retrying(1), &[echo("a"), echo("b")]));

    play.at(1.0).put_any(Input::Pause { by: Actor::USER }).at(2.0).completes("a", json!(1)).at(3.0);
    play.put_any(Input::Pause { by: Actor::USER })
        .put_any(Input::Resume { by: Actor::USER })
        .at(4.0)
        .completes("b", json!(2));

    assert_snapshot!(play.story(), @"
    0s     accepted
    0s     started
    0s     a attempt 1 starts
    0s       → begin a 1
    1s     paused
    2s     a completes with 1
    3s     rejected: the execution is paused
    3s     resumed
    3s     b attempt 1 starts
    3s       → begin b 1
    4s     b completes with 2
    4s     finished: completed
    ");
}

#[test]
fn a_backoff_that_ends_while_paused_waits_for_the_resume() {
    let mut play = Play::new(&chain(retrying(1), &[echo("a")]));
    play.at(1.0).fails("a", connection_timeout()).put_any(Input::Pause { by: Actor::USER });

    play.at(5.0).put_any(Input::Resume { by: Actor::USER });

    assert_snapshot!(play.story(), @"
    0s     accepted
    0s     started
    0s     a attempt 1 starts
    0s       → begin a 1
    1s     a attempt 1 fails (connection: Connection timeout), next at 2s
    1s     paused
    5s     resumed
    5s     a attempt 2 starts
    5s       → begin a 2
    ");
}

#[test]
fn an_interrupted_node_asks_if_configured_so() {
    let mut pay = echo("pay");
    pay["on_interrupt"] = "ask".into();
    let mut play = Play::new(&chain(retrying(3), &[pay, echo("thank")]));

    play.at(1.0).put_any(Input::Adopt { worker: "w2".into() }).at(1_000.0);

    assert_snapshot!(play.story(), @"
    0s     accepted
    0s     started
    0s     pay attempt 1 starts
    0s       → begin pay 1
    1s     adopted by w2
    1s     pay attempt 1 fails (interrupted: The process stopped during this attempt; whether its work was done is unknown)
    1s     pay waits for a decision
    ");
    assert_snapshot!(play.shown(), @"
    running
    pay: running, The process stopped during this attempt; whether its work was done is unknown
    The node asks before it runs again (`on_interrupt`).
    thank: pending
    ");
    play.resolves("pay", Resolution::Complete { output: Payload::from_value(&json!("paid")) });
    play.resolves("pay", Resolution::Retry);
    assert_snapshot!(play.story(), @r#"
    1000s  pay is settled: Complete { output: "paid" }
    1000s  pay completes with "paid"
    1000s  thank attempt 1 starts
    1000s    → begin thank 1
    1000s  rejected: the node is not waiting for this
    "#);
}

#[test]
fn a_crash_of_ours_fails_no_node_without_retries() {
    let mut play = Play::new(&chain(json!({ "retry_on_failure": false }), &[echo("a")]));

    play.at(1.0).put_any(Input::Adopt { worker: "w2".into() }).at(2.0);
    play.put_any(Input::Adopt { worker: "w3".into() });

    assert_snapshot!(play.story(), @"
    0s     accepted
    0s     started
    0s     a attempt 1 starts
    0s       → begin a 1
    1s     adopted by w2
    1s     a attempt 1 fails (interrupted: The process stopped during this attempt; whether its work was done is unknown), next at 2s
    2s     a attempt 2 starts
    2s       → begin a 2
    2s     adopted by w3
    2s     a attempt 2 fails (interrupted: The process stopped during this attempt; whether its work was done is unknown)
    2s     a fails
    2s     finished: failed
    ");
    assert_snapshot!(play.shown(), @"
    failed: Node `a` failed after 2 attempts:
    Attempt 1: The process stopped during this attempt; whether its work was done is unknown
    Attempt 2: The process stopped during this attempt; whether its work was done is unknown
    Not started again: the process stopped twice in a row while this node ran. Retry it by hand if the node is not the cause.
    a: failed, Failed after 2 attempts:
    Attempt 1: The process stopped during this attempt; whether its work was done is unknown
    Attempt 2: The process stopped during this attempt; whether its work was done is unknown
    Not started again: the process stopped twice in a row while this node ran. Retry it by hand if the node is not the cause.
    ");
}

#[test]
fn a_node_that_was_interrupted_twice_in_a_row_starts_a_third_time_only_by_hand() {
    let mut bomb = echo("bomb");
    bomb["on_exhausted"] = "ask".into();
    let mut play = Play::new(&chain(retrying(5), &[bomb]));
    let adopt = |worker: &str| Input::Adopt { worker: worker.into() };

    play.at(1.0).put_any(adopt("w2")).at(10.0).put_any(Input::Release).at(11.0);
    play.put_any(adopt("w3")).at(1_000.0).resolves("bomb", Resolution::Retry);
    play.put_any(adopt("w4")).at(2_000.0).fails("bomb", connection_timeout()).at(3_000.0);
    play.put_any(adopt("w5")).at(4_000.0);

    assert_snapshot!(play.story(), @"
    0s     accepted
    0s     started
    0s     bomb attempt 1 starts
    0s       → begin bomb 1
    1s     adopted by w2
    1s     bomb attempt 1 fails (interrupted: The process stopped during this attempt; whether its work was done is unknown), next at 2s
    10s    bomb attempt 2 starts
    10s      → begin bomb 2
    10s    bomb attempt 2 is handed back
    10s      → stop bomb 2
    11s    bomb attempt 3 starts
    11s      → begin bomb 3
    11s    adopted by w3
    11s    bomb attempt 3 fails (interrupted: The process stopped during this attempt; whether its work was done is unknown)
    11s    bomb waits for a decision
    1000s  bomb is settled: Retry
    1000s  bomb attempt 4 starts
    1000s    → begin bomb 4
    1000s  adopted by w4
    1000s  bomb attempt 4 fails (interrupted: The process stopped during this attempt; whether its work was done is unknown), next at 1001s
    2000s  bomb attempt 5 starts
    2000s    → begin bomb 5
    2000s  bomb attempt 5 fails (connection: Connection timeout), next at 2002s
    3000s  bomb attempt 6 starts
    3000s    → begin bomb 6
    3000s  adopted by w5
    3000s  bomb attempt 6 fails (interrupted: The process stopped during this attempt; whether its work was done is unknown), next at 3004s
    4000s  bomb attempt 7 starts
    4000s    → begin bomb 7
    ");
    assert_snapshot!(play.shown(), @"
    running
    bomb: running, The process stopped during this attempt; whether its work was done is unknown (Will retry 2 more times)
    ");
}

#[test]
fn an_exhausted_node_parks_if_configured_so() {
    let mut fetch = echo("fetch");
    fetch["on_exhausted"] = "ask".into();
    let mut play = Play::new(&chain(json!({ "retry_count": 0 }), &[fetch]));

    play.at(1.0).fails("fetch", connection_timeout()).at(60.0).resolves("fetch", Resolution::Retry);
    play.at(61.0).completes("fetch", json!(1));

    assert_snapshot!(play.story(), @"
    0s     accepted
    0s     started
    0s     fetch attempt 1 starts
    0s       → begin fetch 1
    1s     fetch attempt 1 fails (connection: Connection timeout)
    1s     fetch waits for a decision
    60s    fetch is settled: Retry
    60s    fetch attempt 2 starts
    60s      → begin fetch 2
    61s    fetch completes with 1
    61s    finished: completed
    ");
}

#[test]
fn a_wait_that_is_asked_for_and_too_long_fails_at_once() {
    let mut fetch = echo("fetch");
    fetch["retry"] = json!({ "count": 3, "max_interval_seconds": 10 });
    let mut play = Play::new(&chain(retrying(3), &[fetch]));
    let asking = |seconds| Failure {
        status: Some(429),
        retry_after: Some(Duration::from_secs(seconds)),
        ..Failure::new(ErrorClass::RateLimited, "Too many requests")
    };

    play.fails("fetch", asking(5)).at(5.0).fails("fetch", asking(11));

    assert_snapshot!(play.story(), @"
    0s     accepted
    0s     started
    0s     fetch attempt 1 starts
    0s       → begin fetch 1
    0s     fetch attempt 1 fails (rate_limited: Too many requests), next at 5s
    5s     fetch attempt 2 starts
    5s       → begin fetch 2
    5s     fetch attempt 2 fails (rate_limited: Too many requests)
    5s     fetch fails
    5s     finished: failed
    ");
    assert_snapshot!(play.shown(), @"
    failed: Node `fetch` failed after 2 attempts:
    Attempt 1: Too many requests
    Attempt 2: Too many requests
    Not retried: the peer asked to wait 11 seconds, longer than max_interval_seconds (10).
    fetch: failed, Failed after 2 attempts:
    Attempt 1: Too many requests
    Attempt 2: Too many requests
    Not retried: the peer asked to wait 11 seconds, longer than max_interval_seconds (10).
    ");
}

#[test]
fn a_wait_that_is_asked_for_past_the_deadline_fails_at_once() {
    let mut settings = retrying(3);
    settings["timeout_seconds"] = 20.into();
    let mut play = Play::new(&chain(settings, &[echo("fetch")]));
    let failure = Failure { retry_after: Some(Duration::from_secs(19)), ..connection_timeout() };

    play.at(2.0).fails("fetch", failure);

    assert_snapshot!(play.shown(), @"
    failed: Node `fetch` failed after 1 attempt: Connection timeout
    Not retried: the peer asked to wait 19 seconds, past the execution's deadline (2027-01-15T08:00:20.000000Z).
    fetch: failed, Connection timeout
    Not retried: the peer asked to wait 19 seconds, past the execution's deadline (2027-01-15T08:00:20.000000Z).
    ");
}

#[test]
fn a_permanent_failure_is_not_retried() {
    let mut play = Play::new(&chain(retrying(3), &[echo("fetch")]));

    play.fails("fetch", Failure::new(ErrorClass::Rejected, "HTTP 404"));

    assert_snapshot!(play.shown(), @"
    failed: Node `fetch` failed after 1 attempt: HTTP 404
    Not retried: errors of class `rejected` are not, by this node's policy.
    fetch: failed, HTTP 404
    Not retried: errors of class `rejected` are not, by this node's policy.
    ");
}

#[test]
fn an_attempt_that_exceeds_its_own_timeout_is_stopped_and_retried() {
    let mut fetch = echo("fetch");
    fetch["timeout_seconds"] = 2.into();
    let mut play = Play::new(&chain(retrying(1), &[fetch]));

    play.at(2.0).completes("fetch", json!("late")).at(3.0).completes("fetch", json!("in time"));

    assert_snapshot!(play.story(), @r#"
    0s     accepted
    0s     started
    0s     fetch attempt 1 starts
    0s       → begin fetch 1
    2s     fetch attempt 1 fails (timeout: Attempt timed out after 2 seconds), next at 3s
    2s       → stop fetch 1
    2s     rejected: the attempt is no longer running
    3s     fetch attempt 2 starts
    3s       → begin fetch 2
    3s     fetch completes with "in time"
    3s     finished: completed
    "#);
}

#[test]
fn an_attempt_that_is_handed_back_does_not_count() {
    let mut play = Play::new(&chain(json!({ "retry_count": 0 }), &[echo("a")]));

    play.at(1.0).put_any(Input::Release).put_any(Input::Adopt { worker: "w2".into() }).at(2.0);
    play.completes("a", json!(1));

    assert_snapshot!(play.story(), @"
    0s     accepted
    0s     started
    0s     a attempt 1 starts
    0s       → begin a 1
    1s     a attempt 1 is handed back
    1s       → stop a 1
    1s     adopted by w2
    2s     a attempt 2 starts
    2s       → begin a 2
    2s     a completes with 1
    2s     finished: completed
    ");
}

#[test]
fn a_backoff_can_be_ended_by_hand() {
    let mut play = Play::new(&chain(retrying(3), &[echo("a")]));
    let node = NodeId::new("a");

    play.fails("a", connection_timeout())
        .put_any(Input::RetryNow { node: node.clone(), by: Actor::USER })
        .put_any(Input::RetryNow { node: node.clone(), by: Actor::USER });

    assert_snapshot!(play.story(), @"
    0s     accepted
    0s     started
    0s     a attempt 1 starts
    0s       → begin a 1
    0s     a attempt 1 fails (connection: Connection timeout), next at 1s
    0s     a need not wait any longer
    0s     a attempt 2 starts
    0s       → begin a 2
    0s     rejected: the node is not waiting for this
    ");
}

#[test]
fn an_edge_that_cannot_be_evaluated_keeps_the_nodes_work() {
    let edges = [json!({ "from": "pay", "to": "ship", "condition": "pay.amount > 5" })];
    let document = flow(retrying(3), &[echo("pay"), echo("ship")], &edges);
    let mut play = Play::new(&document);

    play.at(1.0).completes("pay", json!({ "id": 7 }));

    assert_snapshot!(play.story(), @r#"
    0s     accepted
    0s     started
    0s     pay attempt 1 starts
    0s       → begin pay 1
    1s     pay completes with {"id":7}
    1s     finished: failed
    "#);
    assert_snapshot!(play.shown(), @"
    failed: The condition of edge pay → ship cannot be evaluated: `${pay.amount > 5}`: `pay` has no field `amount`; it has `id`
    pay: completed
    ship: cancelled
    ");
    assert_eq!(play.execution.error().and_then(|error| error.class), Some(ErrorClass::Expression));
    assert_eq!(play.execution.edges(), [EdgeState::NotTaken]);
    let plan = play.execution.retry_plan(RetryMode::FromFailed, play.execution.flow());
    assert_eq!(plan.reused.outputs.keys().map(NodeId::as_str).collect::<Vec<_>>(), ["pay"]);
}

#[test]
fn the_last_attempt_promises_no_other() {
    let mut play = Play::new(&chain(retrying(2), &[echo("fetch")]));

    let mut shown = Vec::new();
    for at in [0.5, 2.0, 5.0] {
        play.at(at).fails("fetch", connection_timeout());
        shown.push(play.shown());
        play.at(at + 3.0);
        shown.push(play.shown());
    }

    assert_snapshot!(shown.join("\n"), @"
    running
    fetch: pending, Connection timeout (Will retry 2 more times)
    running
    fetch: running, Connection timeout (Will retry 1 more time)
    running
    fetch: pending, Connection timeout (Will retry 1 more time)
    running
    fetch: running, Connection timeout
    failed: Node `fetch` failed after 3 attempts:
    Attempt 1: Connection timeout
    Attempt 2: Connection timeout
    Attempt 3: Connection timeout
    fetch: failed, Failed after 3 attempts:
    Attempt 1: Connection timeout
    Attempt 2: Connection timeout
    Attempt 3: Connection timeout
    failed: Node `fetch` failed after 3 attempts:
    Attempt 1: Connection timeout
    Attempt 2: Connection timeout
    Attempt 3: Connection timeout
    fetch: failed, Failed after 3 attempts:
    Attempt 1: Connection timeout
    Attempt 2: Connection timeout
    Attempt 3: Connection timeout
    ");
}

#[test]
fn a_retry_that_the_deadline_comes_before_is_not_promised() {
    let mut settings = retrying(3);
    settings["timeout_seconds"] = 2.into();
    let mut play = Play::new(&chain(settings, &[echo("fetch")]));

    play.at(1.5).fails("fetch", connection_timeout());

    assert_snapshot!(play.shown(), @"
    running
    fetch: pending, Connection timeout (The deadline comes before the next retry)
    ");
    play.at(2.0);
    assert_snapshot!(play.shown(), @"
    failed: Flow execution timed out after 2 seconds
    fetch: cancelled, Connection timeout
    ");
}

#[test]
fn what_an_error_edge_or_a_person_handled_is_no_recovery() {
    let edges = [json!({ "from": "fetch", "to": "note", "on": "error" })];
    let mut handled = Play::new(&flow(retrying(0), &[echo("fetch"), echo("note")], &edges));
    handled.at(1.0).fails("fetch", connection_timeout()).completes("note", json!(1));
    let mut asked = echo("fetch");
    asked["on_exhausted"] = "ask".into();
    let mut answered = Play::new(&chain(retrying(0), &[asked]));
    answered.at(1.0).fails("fetch", connection_timeout());
    answered.resolves("fetch", Resolution::Complete { output: Payload::null() });

    for play in [handled, answered] {
        assert_eq!(play.execution.status(), ExecutionStatus::Completed);
        assert!(!play.execution.is_recovered());
    }
}

#[test]
fn what_a_merge_passes_on_has_the_shape_of_the_graph() {
    let merge = json!({ "id": "merge", "type": "merge" });
    let edges = [
        json!({ "from": "a", "to": "merge" }),
        json!({ "from": "b", "to": "merge", "condition": "b.x > 1" }),
    ];
    let document = flow(json!({}), &[echo("a"), echo("b"), merge.clone()], &edges);
    for (b, merged) in
        [(json!({ "x": 2 }), json!({ "a": 1, "b": { "x": 2 } })), (json!({ "x": 0 }), json!({ "a": 1 }))]
    {
        let mut play = Play::new(&document);
        play.at(1.0).completes("a", json!(1)).completes("b", b);

        assert_eq!(output(&play, "merge"), Some(merged));
    }
    let twice = [&edges[..], &[json!({ "from": "b", "to": "merge", "condition": "b.x > 0" })]].concat();
    let mut play = Play::new(&flow(json!({}), &[echo("a"), echo("b"), merge.clone()], &twice));
    play.at(1.0).completes("a", json!(1)).completes("b", json!({ "x": 2 }));
    let merged = play.execution.result().expect("it completed");
    assert_eq!(merged.as_str(), r#"{"a":1,"b":{"x":2}}"#);
    let single = flow(json!({}), &[echo("a"), merge], &edges[..1]);
    let mut play = Play::new(&single);
    play.at(1.0).completes("a", json!(1));
    assert_eq!(output(&play, "merge"), Some(json!(1)));
}

fn output(play: &Play, node: &str) -> Option<Value> {
    let output = play.execution.node(play.index(node)).output.as_ref()?;
    Some(output.to_value().expect("it is readable"))
}

#[test]
fn what_follows_an_error_edge_reads_what_the_peer_said() {
    let note = json!({ "id": "note", "type": "action", "action": "transform", "input": {
        "status": "${nodes.fetch.error.status}", "code": "${nodes.fetch.error.body.code}",
        "class": "${nodes.fetch.error.class}",
    } });
    let edges = [json!({ "from": "fetch", "to": "note", "on": "error" })];
    let mut play = Play::new(&flow(retrying(0), &[echo("fetch"), note], &edges));
    let failure = Failure {
        status: Some(409),
        body: Some(Payload::from_value(&json!({ "code": "busy" }))),
        ..Failure::new(ErrorClass::Rejected, "HTTP 409 Conflict")
    };

    play.at(1.0).fails("fetch", failure);

    let noted = json!({ "status": 409, "code": "busy", "class": "rejected" });
    assert_eq!(output(&play, "note"), Some(noted));
}

#[test]
fn the_condition_of_an_error_edge_is_not_asked_when_the_node_completes() {
    let edges = [json!({ "from": "a", "to": "b", "on": "error", "condition": "nodes.a.error.status > 400" })];
    let mut play = Play::new(&flow(json!({}), &[echo("a"), echo("b")], &edges));

    play.at(1.0).completes("a", json!(1));

    assert_snapshot!(play.shown(), @"
    completed
    a: completed
    b: skipped
    ");
}

#[test]
fn a_crash_that_fails_an_execution_fails_one_node() {
    let interrupted = |id: &str| {
        let mut node = echo(id);
        node["retry"] = json!({ "do_not_retry_on": ["interrupted"] });
        node
    };
    let mut play = Play::new(&flow(retrying(1), &[interrupted("a"), interrupted("b")], &[]));
    play.story();

    play.put_any(Input::Adopt { worker: "w2".into() });

    assert_snapshot!(play.story(), @"
    0s     adopted by w2
    0s     a attempt 1 fails (interrupted: The process stopped during this attempt; whether its work was done is unknown)
    0s     a fails
    0s     finished: failed
    0s       → stop b 1
    ");
}

#[test]
fn a_decision_is_waited_for_although_a_call_is_under_way() {
    let mut asks = echo("a");
    asks["on_exhausted"] = "ask".into();
    let mut play = Play::new(&flow(json!({}), &[asks, echo("b")], &[]));

    play.fails("a", connection_timeout());

    assert_eq!(play.execution.waiting_for(), Some(Wait::Decision));
}
