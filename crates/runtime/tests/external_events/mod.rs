//! Events from outside: they end the waits of nodes and start flows, whatever comes first and whatever dies.

use std::time::Duration;

use serde_json::{Value, json};
use steadflow_core::caller::ActorKind;
use steadflow_core::execution::{ExecutionStatus, Wait};
use steadflow_core::ids::{ExecutionId, FlowId};
use steadflow_core::payload::Payload;
use steadflow_runtime::{ExecutionSnapshot, NewEvent};
use steadflow_store::{Events, FlowStatus};

use crate::schedules::edit;
use crate::support::{Bench, TENANT, pass};

const SOON: Duration = Duration::from_secs(1);

/// A flow that waits for an event about what it was started with.
async fn waiting(bench: &Bench, keys: Value) -> FlowId {
    let mut wait = json!({ "id": "paid", "type": "wait_event", "event": "paid", "correlation": "${trigger_data.order}" });
    for (key, value) in keys.as_object().into_iter().flatten() {
        wait[key] = value.clone();
    }
    bench.flow(json!({}), json!([wait]), json!([])).await
}

async fn start(bench: &Bench, flow: FlowId, order: &str) -> ExecutionId {
    let data = Payload::from_value(&json!({ "order": order }));
    bench.start_on(flow, data, None).await.expect("it starts").execution
}

async fn send(bench: &Bench, order: Option<&str>, key: Option<&str>) -> bool {
    let (correlation, key) = (order.map(Into::into), key.map(Into::into));
    let data = Payload::from_value(&json!({ "order": order }));
    let event = NewEvent { name: "paid".into(), correlation, key, data };
    bench.engine.send_event(TENANT, event).await.expect("it is stored").is_known
}

fn deliver(bench: &Bench) {
    let engine = bench.engine.clone();
    tokio::spawn(async move { engine.deliver_events().await });
}

async fn status(bench: &Bench, id: ExecutionId) -> ExecutionStatus {
    bench.engine.execution(TENANT, id).await.expect("it exists").execution.status()
}

fn order_of(ended: &ExecutionSnapshot) -> Value {
    ended.execution.result().expect("it has a result").to_value().expect("it is JSON")["correlation"].clone()
}

#[tokio::test(start_paused = true)]
async fn an_event_ends_the_waits_that_it_fits_and_no_other() {
    let bench = Bench::new().await;
    deliver(&bench);
    let flow = waiting(&bench, json!({})).await;
    let [one, same, other] =
        [start(&bench, flow, "1").await, start(&bench, flow, "1").await, start(&bench, flow, "2").await];
    pass(SOON).await;

    send(&bench, Some("1"), None).await;
    send(&bench, None, None).await;
    pass(SOON).await;

    assert_eq!(order_of(&bench.ended(one).await), "1");
    assert_eq!(order_of(&bench.ended(same).await), "1");
    assert_eq!(status(&bench, other).await, ExecutionStatus::Running);
    assert_eq!(bench.store.undelivered_events(TENANT, None, 9).await.unwrap(), []);
}

#[tokio::test(start_paused = true)]
async fn a_wait_is_found_after_it_was_parked_and_after_a_crash() {
    let bench = Bench::new().await;
    let flow = waiting(&bench, json!({})).await;
    let id = start(&bench, flow, "1").await;
    pass(Duration::from_secs(600)).await;
    assert_eq!(bench.engine.live_count(), 0, "it is parked");

    // The event is stored, and the process dies before anything follows.
    send(&bench, Some("1"), None).await;
    let bench = bench.after_crash().await;
    assert_eq!(status(&bench, id).await, ExecutionStatus::Running);
    deliver(&bench);

    assert_eq!(order_of(&bench.ended(id).await), "1");
}

#[tokio::test(start_paused = true)]
async fn a_crash_between_the_wait_and_its_row_loses_no_event() {
    let bench = Bench::new().await;
    let flow = waiting(&bench, json!({})).await;
    let id = start(&bench, flow, "1").await;
    let waits = bench.engine.execution(TENANT, id).await.unwrap().execution.waiting_for();
    let bench = bench.after_crash().await;
    deliver(&bench);
    pass(SOON).await;

    send(&bench, Some("1"), None).await;

    assert_eq!(waits, Some(Wait::Event { until: None }));
    assert_eq!(order_of(&bench.ended(id).await), "1");
}

#[tokio::test(start_paused = true)]
async fn an_event_that_came_before_counts_within_the_lookback() {
    let bench = Bench::new().await;
    deliver(&bench);
    let [strict, lenient] =
        [waiting(&bench, json!({})).await, waiting(&bench, json!({ "lookback_seconds": 60 })).await];
    send(&bench, Some("1"), None).await;
    send(&bench, Some("2"), None).await;
    pass(Duration::from_secs(30)).await;
    let [late, found] = [start(&bench, strict, "1").await, start(&bench, lenient, "1").await];
    pass(Duration::from_secs(60)).await;
    let too_late = start(&bench, lenient, "2").await;
    pass(SOON).await;

    assert_eq!(order_of(&bench.ended(found).await), "1");
    assert_eq!(status(&bench, late).await, ExecutionStatus::Running);
    assert_eq!(status(&bench, too_late).await, ExecutionStatus::Running);
}

#[tokio::test(start_paused = true)]
async fn an_event_starts_active_flows_that_name_it_once() {
    let bench = Bench::new().await;
    deliver(&bench);
    let trigger = |name: &str| json!([{ "id": "start", "type": "trigger", "event": name }]);
    let flow = bench.flow(json!({}), trigger("paid"), json!([])).await;
    let other = bench.flow(json!({}), trigger("other"), json!([])).await;
    let paused = bench.flow(json!({}), trigger("paid"), json!([])).await;
    edit(&bench, paused, Some(FlowStatus::Paused), json!({})).await;

    let known = [send(&bench, Some("1"), Some("a")).await, send(&bench, Some("1"), Some("a")).await];
    pass(SOON).await;
    let again = bench.again().await;
    deliver(&again);
    pass(Duration::from_secs(60)).await;

    assert_eq!(known, [false, true]);
    let started = crate::schedules::executions(&bench, flow).await;
    assert_eq!(started.len(), 1);
    let accepted = started[0].execution.accepted();
    assert_eq!((&*accepted.triggered_by, accepted.actor.kind), ("event", ActorKind::Event));
    assert_eq!(accepted.trigger_data.to_value().unwrap()["data"], json!({ "order": "1" }));
    for flow in [other, paused] {
        assert_eq!(crate::schedules::executions(&bench, flow).await.len(), 0);
    }
    // A day later the sender may use its id again. No process looks every second until then.
    for process in [&bench, &again] {
        process.engine.shutdown(Duration::ZERO).await.expect("it stops");
    }
    tokio::time::advance(Duration::from_secs(25 * 3_600)).await;
    assert!(!send(&bench.again().await, Some("1"), Some("a")).await);
}
