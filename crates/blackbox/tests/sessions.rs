//! A conversation that executions share, written by one after the other, over a kill in its middle.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use steadflow_blackbox::{Api, Hold, Model, Setup, Workplace, flow, node};

const SOON: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn executions_write_a_session_one_after_the_other_over_kill_9_and_no_turn_is_lost_or_doubled() {
    let (workplace, model) = (Workplace::new(), Model::start(1).await);
    let mut server = Setup::new(&workplace).start().await;
    let agent = agent(server.api(), &model).await;
    let waits = create(server.api(), &agent, json!("${trigger_data.about}")).await;
    let session = format!("agents/{agent}/sessions/caf%C3%A9%2F1");
    let said = |message: &str| json!({ "about": "café/1", "message": message });

    // The first one asks, and the second one waits for it, before and after the server is killed.
    model.hold(":ask", Hold::Silent);
    let first = server.api().start(&waits, said("One")).await;
    model.has_come().await;
    let second = server.api().start(&waits, said("Two")).await;
    waits_for_session(server.api(), &second).await;
    server.kill();
    model.hold(":ask", Hold::Silent);
    server.restart().await;
    model.has_come().await;
    waits_for_session(server.api(), &second).await;
    let held = server.api().get(&session).await.expect(200);
    assert_eq!(held["held_by"], json!({ "execution_id": first, "node_id": "ask" }));
    assert_eq!(messages(&model, &second), Vec::<Vec<Value>>::new(), "one of them is asked at a time");
    model.release();

    let ended = server.api().finished(&second, SOON).await;
    assert_eq!(ended["status"], "completed", "{ended}");
    assert_eq!(node(&ended, "ask")["attempts"].as_array().map(Vec::len), Some(1), "waiting costs no attempt");
    let of_first = vec![text("user", "One")];
    let of_second = vec![text("user", "One"), text("assistant", "All is well."), text("user", "Two")];
    assert_eq!(messages(&model, &first), [of_first.clone(), of_first], "it is asked the same again");
    assert_eq!(messages(&model, &second)[..], [of_second][..]);
    assert_eq!(turns(server.api(), &session).await, [json!([1, first, "One"]), json!([2, second, "Two"])]);

    // The last turn is written again, and only the last one.
    let again =
        async |turn: u32| server.api().post(&format!("{session}/regenerate"), &json!({ "turn": turn })).await;
    assert_eq!(
        again(1).await.expect(409)["type"].as_str().map(|slug| slug.ends_with("not-last-turn")),
        Some(true)
    );
    let new = again(2).await.expect(200)["new_execution_id"].as_str().expect("an id").to_owned();
    assert_eq!(server.api().finished(&new, SOON).await["status"], "completed");
    assert_eq!(messages(&model, &new), messages(&model, &second));
    assert_eq!(turns(server.api(), &session).await, [json!([1, first, "One"]), json!([2, new, "Two"])]);

    // One that interrupts takes the place of one that is asked.
    let interrupts = json!({ "key": "${trigger_data.about}", "when_busy": "interrupt", "max_turns": 1 });
    let interrupts = create(server.api(), &agent, interrupts).await;
    model.hold(":ask", Hold::Silent);
    let replaced = server.api().start(&waits, said("Three")).await;
    model.has_come().await;
    assert_eq!(server.api().call(Method::DELETE, &session, &[], None).await.expect("an answer").status, 409);
    let newcomer = server.api().start(&interrupts, said("Four")).await;
    let failed = server.api().finished(&replaced, SOON).await;
    assert_eq!(node(&failed, "ask")["error_class"], "replaced", "{failed}");
    assert!(failed["error_message"].as_str().is_some_and(|message| message.contains(&newcomer)), "{failed}");
    server.api().finished(&newcomer, SOON).await;
    let of_newcomer = vec![text("user", "Two"), text("assistant", "All is well."), text("user", "Four")];
    assert_eq!(messages(&model, &newcomer)[..], [of_newcomer][..]);

    server.stop().await;
    server.restart().await;
    let listed = server.api().get(&format!("agents/{agent}/sessions")).await.expect(200);
    assert_eq!((&listed[0]["key"], &listed[0]["last_turn"]), (&json!("café/1"), &json!(3)), "{listed}");
    assert_eq!(server.api().call(Method::DELETE, &session, &[], None).await.expect("an answer").status, 204);
    server.api().get(&session).await.expect(404);
}

async fn agent(api: &Api, model: &Model) -> String {
    let config = json!({ "provider": "openai", "base_url": model.url("/v1"), "model": "scripted" });
    let document =
        json!({ "name": "Talker", "agent_type": "llm", "config": config, "skills": [{ "name": "talk" }] });
    api.post("agents", &document).await.expect(201)["id"].as_str().expect("an id").to_owned()
}

async fn create(api: &Api, agent: &str, session: Value) -> String {
    let ask = json!({ "id": "ask", "type": "agent", "agent_id": agent, "skill": "talk", "session": session,
                      "input": { "message": "${trigger_data.message}" } });
    api.create_flow(&flow("Talks", &[ask], &[])).await
}

async fn waits_for_session(api: &Api, id: &str) {
    api.until(id, "it waits for its session", SOON, |execution| {
        node(execution, "ask")["waiting_for"] == "session"
    })
    .await;
    let listed = api.get("executions?waiting_for=session").await.expect(200);
    assert_eq!(listed[0]["id"], id, "{listed}");
}

fn text(role: &str, text: &str) -> Value {
    json!({ "role": role, "content": text })
}

/// The messages of each request of an execution.
fn messages(model: &Model, execution: &str) -> Vec<Vec<Value>> {
    let calls = model.calls().remove(&format!("{execution}:ask")).unwrap_or_default();
    calls.iter().map(|body| body["messages"].as_array().expect("a list").clone()).collect()
}

async fn turns(api: &Api, session: &str) -> Vec<Value> {
    let shown = api.get(session).await.expect(200);
    let turns = shown["turns"].as_array().expect("a list");
    turns
        .iter()
        .map(|turn| json!([turn["number"], turn["execution_id"], turn["question"]["message"]]))
        .collect()
}
