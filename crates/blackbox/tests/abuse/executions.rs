//! Executions that evaluate or hold more than there is room for.

use std::time::Duration;

use serde_json::{Map, Value, json};
use steadflow_blackbox::{Api, Setup, Victim, Workplace, eventually, flow, scaled};
use tokio::task::JoinSet;

/// How long the attacked flow's executions may take to end.
const ENDS_WITHIN: Duration = Duration::from_secs(60);

/// A template that does much with little.
const COSTLY: &str = "${trigger_data.list | map('string') | join(',') | split(',') | sort | unique | tojson}";

fn transform(id: &str, input: Value) -> Value {
    json!({ "id": id, "type": "action", "action": "transform", "input": input })
}

/// Starts `count` executions of a flow, and returns their rows when all have ended.
async fn run(api: &Api, document: &Value, trigger_data: Value, count: usize) -> Vec<Value> {
    let flow = api.create_flow(document).await;
    let mut starts = JoinSet::new();
    for _ in 0..count {
        let (api, flow, trigger_data) = (api.clone(), flow.clone(), trigger_data.clone());
        starts.spawn(async move { api.start(&flow, trigger_data).await });
    }
    starts.join_all().await;
    eventually("all executions end", ENDS_WITHIN, async || {
        let rows = api.get(&format!("flows/{flow}/executions?limit=100")).await.expect(200);
        let rows = rows.as_array().cloned().unwrap_or_default();
        rows.iter().all(|row| row["completed_at"].is_string()).then_some(rows)
    })
    .await
}

/// An object with `fields` fields, of about `bytes` bytes.
fn object(fields: usize, bytes: usize) -> Value {
    let text = "x".repeat(bytes / fields);
    let fields: Map<String, Value> = (0..fields).map(|at| (format!("f{at}"), json!(text))).collect();
    json!({ "all": fields, "list": (0..100).collect::<Vec<u32>>() })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_templates_over_a_large_trigger_hold_up_no_other_flow() {
    let workplace = Workplace::new();
    let server = Setup::new(&workplace).with_limited_memory().start().await;
    let victim = Victim::new(&server).await;
    let templates = scaled(100, 2_000);
    let inputs: Vec<String> =
        (0..templates).map(|at| format!("${{trigger_data.all.f{at} | length}}")).collect();
    let document = flow("Templates", &[transform("all", json!(inputs))], &[]);
    let trigger_data = object(2_000, scaled(100_000, 1_600_000));

    let attack = run(server.api(), &document, trigger_data, scaled(2, 10));
    let rows = victim.withstands("many templates", attack).await;

    assert!(rows.iter().all(|row| row["status"] == "completed"), "{rows:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn expressions_that_calculate_without_end_fail_and_hold_up_no_other_flow() {
    let workplace = Workplace::new();
    let server = Setup::new(&workplace).with_limited_memory().start().await;
    let victim = Victim::new(&server).await;
    let nodes: Vec<Value> =
        (0..10).map(|at| transform(&format!("n{at}"), json!(vec![COSTLY; scaled(1, 200)]))).collect();
    let ids: Vec<String> = (0..10).map(|at| format!("n{at}")).collect();
    let edges: Vec<(&str, &str)> = ids.windows(2).map(|pair| (pair[0].as_str(), pair[1].as_str())).collect();

    let document = flow("Endless", &nodes, &edges);

    let attack = run(server.api(), &document, object(1, 1), scaled(1, 10));
    let rows = victim.withstands("expressions", attack).await;

    let ended = scaled("completed", "failed");
    assert!(rows.iter().all(|row| row["status"] == ended), "{rows:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trials_of_costly_nodes_hold_up_no_other_flow() {
    let workplace = Workplace::new();
    let server = Setup::new(&workplace).with_limited_memory().start().await;
    let victim = Victim::new(&server).await;
    let document = flow("Tried", &[transform("all", json!(vec![COSTLY; scaled(1, 200)]))], &[]);
    let trigger_data = object(100, scaled(100_000, 1_600_000));
    let trial = json!({ "node_id": "all", "flow_definition": document["flow_definition"],
                        "trigger_data": trigger_data });

    let attack = async {
        let mut clients = JoinSet::new();
        for _ in 0..scaled(2, 8) {
            let (api, trial) = (server.api().clone(), trial.clone());
            clients.spawn(async move {
                let mut answers = Vec::new();
                for _ in 0..scaled(1, 10) {
                    answers.push(api.post("flows/test-node", &trial).await);
                }
                answers
            });
        }
        clients.join_all().await.concat()
    };
    let answers = victim.withstands("trials", attack).await;

    eprintln!("{} trials", answers.len());
    for answer in answers {
        assert!(matches!(answer.status, 200 | 503), "{}: {}", answer.status, answer.body);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_execution_that_passes_a_large_value_on_and_on_fails_by_name() {
    let workplace = Workplace::new();
    let server = Setup::new(&workplace).with_limited_memory().start().await;
    let victim = Victim::new(&server).await;
    let count = scaled(60, 999);
    let ids: Vec<String> = (0..count).map(|at| format!("n{at}")).collect();
    let nodes: Vec<Value> = ids.iter().map(|id| transform(id, json!("${trigger_data}"))).collect();
    let edges: Vec<(&str, &str)> = ids.windows(2).map(|pair| (pair[0].as_str(), pair[1].as_str())).collect();
    let trigger_data = json!("x".repeat(1_000_000));

    let document = flow("Passed on", &nodes, &edges);

    let attack = run(server.api(), &document, trigger_data, scaled(1, 10));
    // What an execution may hold takes a build without optimisation so long to write that others notice.
    let rows =
        if scaled(false, true) { victim.withstands("a large value", attack).await } else { attack.await };

    for row in &rows {
        assert_eq!(row["status"], "failed");
        let message = row["error_message"].as_str().unwrap_or_default();
        assert!(message.starts_with("The execution holds more than 16 MiB of data"), "{message}");
    }
}
