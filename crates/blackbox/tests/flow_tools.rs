//! Tools that run flows, over kill -9: no child is started twice, and no turn is asked again whose answer is stored.

use std::time::Duration;

use serde_json::{Value, json};
use steadflow_blackbox::{Answer, Api, Hold, Model, Setup, Workplace, eventually, flow, node, retries, with};

const ENDS_WITHIN: Duration = Duration::from_secs(30);

/// A flow whose agent has these tools.
async fn asking(api: &Api, model: &Model, tools: &[Value]) -> String {
    let agent = json!({
        "name": "Researcher", "agent_type": "llm",
        "config": { "provider": "openai", "base_url": model.url("/v1"), "model": "scripted" },
        "skills": [{ "name": "research", "instructions": "Find it out.", "tools": tools }],
    });
    let agent = api.post("agents", &agent).await.expect(201);
    let think = json!({
        "id": "think", "type": "agent", "agent_id": agent["id"], "skill": "research", "input": {},
    });
    api.create_flow(&flow("Research", &[with(think, &retries(10, 0.01))], &[])).await
}

fn runs(name: &str, flow: &str) -> Value {
    json!({ "name": name, "type": "flow", "flow_id": flow, "input_schema": { "type": "object", "required": ["number"] } })
}

async fn children(api: &Api, parent: &str, status: &str) -> Vec<Value> {
    let path = format!("executions?parent_id={parent}&status={status}&limit=100");
    api.get(&path).await.expect(200).as_array().expect("a list").clone()
}

async fn have_ended(api: &Api, parent: &str, count: usize) {
    eventually(&format!("{count} children have completed"), ENDS_WITHIN, async || {
        (children(api, parent, "completed").await.len() == count).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_9_while_children_run_and_after_they_ended_starts_none_again() {
    let workplace = Workplace::new();
    let model = Model::start(2).await;
    let mut server = Setup::new(&workplace).start().await;
    let call = json!({ "id": "call", "type": "action", "action": "http_request",
                       "input": { "url": model.url("/work"), "method": "POST", "body": { "number": "${trigger_data.number}" } } });
    let child = server.api().create_flow(&flow("Child", &[with(call, &retries(10, 0.01))], &[])).await;
    let parent = asking(server.api(), &model, &[runs("look", &child)]).await;

    // Killed while one child works and the other has ended.
    model.hold(":call", Hold::Silent);
    let id = server.api().start(&parent, json!(null)).await;
    model.has_come().await;
    have_ended(server.api(), &id, 1).await;
    server.kill();
    // Killed once both have ended, while the model reads what they returned.
    model.hold("think:turn:2", Hold::Silent);
    server.restart().await;
    model.has_come().await;
    have_ended(server.api(), &id, 2).await;
    server.kill();
    server.restart().await;
    let ended = server.api().finished(&id, ENDS_WITHIN).await;

    assert_eq!(ended["status"], "completed", "{ended}");
    let children = server.api().get(&format!("executions?parent_id={id}&limit=100")).await.expect(200);
    assert_eq!(children.as_array().map(Vec::len), Some(2), "{children}");
    let calls = model.calls();
    let of = |key: &str| calls.get(&format!("{id}:think:{key}")).map(Vec::len);
    assert_eq!((of("turn:1"), of("turn:2")), (Some(1), Some(2)));
    let mut of_children: Vec<usize> =
        calls.iter().filter(|(key, _)| key.ends_with(":call")).map(|(_, bodies)| bodies.len()).collect();
    of_children.sort_unstable();
    assert_eq!(of_children, [1, 2], "only the call that was under way is made again: {calls:?}");
    let asked = &calls[&format!("{id}:think:turn:2")];
    assert_eq!(asked[0], asked[1], "it is asked the same");
    for number in [0, 1] {
        let text = asked[0].to_string();
        assert!(text.contains(&format!(r#"\"number\":{number}"#)), "{text}");
    }
    server.stop().await;
    let doctor = server.doctor();
    assert_eq!(doctor.code, Some(0), "{}{}", doctor.stdout, doctor.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_child_outlives_the_attempt_that_a_kill_interrupts_in_another_call() {
    let workplace = Workplace::new();
    let model = Model::start(2).await;
    model.asks_for(["run", "look"]);
    let mut server = Setup::new(&workplace).start().await;
    let form = json!({ "type": "object", "properties": { "number": { "type": "integer" } }, "required": ["number"] });
    let nodes = [
        json!({ "id": "start", "type": "trigger", "form": form }),
        json!({ "id": "ask", "type": "approval", "message": "May it?" }),
        json!({ "id": "end", "type": "action", "action": "transform", "input": "It may, ${trigger_data.number} times" }),
    ];
    let child = server.api().create_flow(&flow("Child", &nodes, &[("start", "ask"), ("ask", "end")])).await;
    let run = json!({ "name": "run", "type": "flow", "flow_id": child, "approval": "always" });
    let look = json!({ "name": "look", "type": "http_request", "request": { "url": model.url("/look") } });
    let parent = asking(server.api(), &model, &[run, look]).await;

    model.hold("tool:1:1", Hold::Silent);
    let id = server.api().start(&parent, json!(null)).await;
    model.has_come().await;
    let call = only_approval(server.api()).await;
    let misfit = decide(server.api(), &call, json!({ "number": "x" })).await.expect(400);
    decide(server.api(), &call, json!({ "number": 7 })).await.expect(200);
    let approval = eventually("the child asks a person", ENDS_WITHIN, async || {
        let open = only_approval(server.api()).await;
        (open["id"] != call["id"]).then_some(open)
    })
    .await;
    server.kill();
    server.restart().await;
    let again = only_approval(server.api()).await;
    decide(server.api(), &again, json!(null)).await.expect(200);
    let ended = server.api().finished(&id, ENDS_WITHIN).await;

    assert_eq!(misfit["errors"][0]["pointer"], "/arguments/number", "{misfit}");
    assert_eq!((&approval["id"], &approval["subject"]), (&again["id"], &json!("node")));
    assert_eq!(ended["status"], "completed", "{ended}");
    let attempts = node(&ended, "think")["attempts"].as_array().map(Vec::len);
    assert_eq!(attempts, Some(2), "the kill interrupted the other call: {ended}");
    let children = server.api().get(&format!("executions?parent_id={id}&limit=100")).await.expect(200);
    assert_eq!(children.as_array().map(Vec::len), Some(1), "{children}");
    assert_eq!(children[0]["status"], "completed");
    let calls = model.calls();
    assert_eq!(calls[&format!("{id}:think:turn:1")].len(), 1);
    assert_eq!(calls[&format!("{id}:think:tool:1:1")].len(), 2);
    let read = calls[&format!("{id}:think:turn:2")][0].to_string();
    assert!(read.contains("It may, 7 times"), "{read}");
    server.stop().await;
}

/// Approves, with these arguments if there are any.
async fn decide(api: &Api, approval: &Value, arguments: Value) -> Answer {
    let mut decision = json!({ "decision": "approved", "arguments_hash": approval["arguments_hash"] });
    if !arguments.is_null() {
        decision["arguments"] = arguments;
    }
    api.post(&format!("approvals/{}", approval["id"].as_str().expect("it has an id")), &decision).await
}

/// Waits for the only thing that waits for a person.
async fn only_approval(api: &Api) -> Value {
    eventually("a person is asked", ENDS_WITHIN, async || {
        let open = api.get("approvals").await.expect(200);
        open.as_array().and_then(|open| open.first().cloned())
    })
    .await
}
