//! Events against the program: each that was acknowledged ends its waits and starts its flows once, over kills at any moment.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use steadflow_blackbox::{Api, Setup, Workplace, eventually, flow};

const SOON: Duration = Duration::from_secs(60);
const ORDERS: usize = 24;

async fn send(api: &Api, order: usize, is_known: bool) {
    let event = json!({ "name": "paid", "correlation": order.to_string(), "id": format!("evt-{order}"), "data": { "order": order } });
    let taken = api.post("events", &event).await.expect(202);
    assert_eq!(taken["is_known"], is_known, "{order}");
}

async fn executions(api: &Api, flow: &str) -> Vec<Value> {
    let all = api.get(&format!("flows/{flow}/executions?limit=1000")).await.expect(200);
    all.as_array().cloned().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_event_is_taken_once_over_kill_9() {
    let workplace = Workplace::new();
    let mut server = Setup::new(&workplace).start().await;
    let wait = json!({ "id": "paid", "type": "wait_event", "event": "paid", "correlation": "${trigger_data.order}", "lookback_seconds": 3600 });
    let waits = server.api().create_flow(&flow("Waits", &[wait], &[])).await;
    let trigger = json!({ "id": "start", "type": "trigger", "event": "paid" });
    let mut document = flow("Starts", &[trigger], &[]);
    document["status"] = json!("active");
    let starts = server.api().create_flow(&document).await;

    // A third of the events comes before the waits, and the process dies after each few.
    let mut waiting = Vec::new();
    for order in 0..ORDERS {
        if order % 3 == 0 {
            send(server.api(), order, false).await;
        }
        waiting.push(server.api().start(&waits, json!({ "order": order.to_string() })).await);
        if order % 3 == 1 {
            send(server.api(), order, false).await;
        }
        if order % 4 == 3 {
            server.kill();
            server.restart().await;
        }
    }
    for order in (2..ORDERS).step_by(3) {
        send(server.api(), order, false).await;
    }
    server.kill();
    server.restart().await;
    for order in 0..ORDERS {
        send(server.api(), order, true).await;
    }

    for (order, id) in waiting.iter().enumerate() {
        let ended = server.api().finished(id, SOON).await;
        assert_eq!(
            (&ended["status"], &ended["result"]["data"]["order"]),
            (&json!("completed"), &json!(order))
        );
    }
    let started = eventually("each event has started its flow", SOON, async || {
        let all = executions(server.api(), &starts).await;
        (all.len() >= ORDERS).then_some(all)
    })
    .await;
    let mut orders = BTreeSet::new();
    for execution in &started {
        let id = execution["id"].as_str().expect("an id");
        let whole = server.api().finished(id, SOON).await;
        assert_eq!(whole["triggered_by"], "event");
        orders.insert(whole["trigger_data"]["data"]["order"].as_u64());
    }
    assert_eq!((started.len(), orders.len()), (ORDERS, ORDERS));
    server.stop().await;
}
