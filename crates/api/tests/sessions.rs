//! Sessions of agents: listed, read in parts, deleted, and written again.

use serde_json::{Value, json};

use crate::support::{Api, NO_ID, each, flow, list, node, text};

/// An agent, and a flow whose node is a part of its session `key`.
async fn talking(api: &Api, key: &str, input: Value) -> (String, String) {
    let agent = json!({ "name": "Talker", "agent_type": "llm", "skills": ["talk"],
                        "config": { "provider": "openai", "model": "m" } });
    let agent = text(&api.post("agents", &agent).await.expect(201)["id"]);
    let ask = json!({ "id": "ask", "type": "agent", "agent_id": agent, "skill": "talk", "session": key, "input": input });
    let flow = api.create_flow(&flow("Talks", &[ask], &[])).await;
    (agent, flow)
}

#[tokio::test(start_paused = true)]
async fn a_session_is_read_turn_by_turn() {
    let api = Api::new().await;
    let (agent, flow) = talking(&api, "a b/c", json!({ "message": "Hi" })).await;
    let mut executions = Vec::new();
    for _ in 0..3 {
        executions.push(api.run(&flow).await);
    }
    let session = format!("agents/{agent}/sessions/a%20b%2Fc");

    let shown = api.get(&session).await.expect(200);
    assert_eq!(
        (&shown["key"], &shown["last_turn"], &shown["held_by"]),
        (&json!("a b/c"), &json!(3), &json!(null))
    );
    let turn = &shown["turns"][2];
    assert_eq!((&turn["number"], &turn["node_id"]), (&json!(3), &json!("ask")));
    assert_eq!(
        (&turn["execution_id"], &turn["question"]),
        (&executions[2]["id"], &json!({ "message": "Hi" }))
    );
    let part = api.get(&format!("{session}?limit=1&before=3")).await.expect(200);
    let numbers: Vec<&Value> = list(&part["turns"]).iter().map(|turn| &turn["number"]).collect();
    assert_eq!(numbers, [&json!(2)]);
    let asked = api.get(&format!("executions/{}/nodes/ask/conversation", text(&executions[2]["id"]))).await;
    assert_eq!(
        asked.expect(200)["session"],
        json!({ "key": "a b/c", "turn": 3, "earlier_turns": 2, "summary_up_to": null })
    );
}

#[tokio::test(start_paused = true)]
async fn sessions_are_listed_page_by_page_and_deleted_unless_an_execution_has_one() {
    let api = Api::new().await;
    let (agent, flow) =
        talking(&api, "${trigger_data.key}", json!({ "hangs": "${trigger_data.hangs}" })).await;
    let start = async |key: &str, hangs: bool| {
        let body = json!({ "trigger_data": { "key": key, "hangs": hangs } });
        text(&api.post(&format!("flows/{flow}/execute"), &body).await.expect(201)["execution_id"])
    };
    for key in ["one", "two", "ü%"] {
        api.ended(&start(key, false).await).await;
    }
    let holder = start("two", true).await;
    let waits = start("two", false).await;
    api.when(&waits, |execution| node(execution, "ask")["waiting_for"] == "session").await;
    assert_eq!(each(&api.get("executions?waiting_for=session").await.expect(200), "id"), [waits.as_str()]);

    let first = api.get(&format!("agents/{agent}/sessions?limit=2")).await;
    assert_eq!(first.header("x-total-count"), Some("3"));
    let next = first.next().expect("there is more");
    let first = first.expect(200);
    assert_eq!(each(&first, "key"), ["one", "two"]);
    assert_eq!(first[1]["held_by"], json!({ "execution_id": holder, "node_id": "ask" }));
    assert_eq!(each(&api.get(&next).await.expect(200), "key"), ["ü%"]);

    insta::assert_snapshot!(api.delete(&format!("agents/{agent}/sessions/two")).await.problem(), @"409 session-busy: Node `ask` of execution [id 1] has the session. Wait until it has ended, or cancel the execution.");
    api.delete(&format!("agents/{agent}/sessions/one")).await.expect(204);
    insta::assert_snapshot!(api.delete(&format!("agents/{agent}/sessions/one")).await.problem(), @"404 no-such-session: The agent has no session `one`.");
    api.get(&format!("agents/{NO_ID}/sessions")).await.expect(404);
    api.get(&format!("agents/{agent}/sessions?cursor=x")).await.expect(400);
    api.press(&format!("executions/{holder}/cancel")).await.expect(200);
    api.ended(&waits).await;
}

#[tokio::test(start_paused = true)]
async fn the_last_turn_is_written_again_once() {
    let api = Api::new().await;
    let (agent, flow) = talking(&api, "k", json!({ "message": "Hi" })).await;
    api.run(&flow).await;
    let old = api.run(&flow).await;
    let regenerate = format!("agents/{agent}/sessions/k/regenerate");
    let again = async |turn: u32, key: &str| {
        api.post_with(&regenerate, &[("idempotency-key", key)], &json!({ "turn": turn }).to_string()).await
    };

    insta::assert_snapshot!(again(1, "a").await.problem(), @"409 not-last-turn: Only the last turn of a session is written again, and that is turn 2 now.");
    let new = text(&again(2, "b").await.expect(200)["new_execution_id"]);
    let ended = api.ended(&new).await;
    assert_eq!(text(&again(2, "b").await.expect(200)["new_execution_id"]), new);

    assert_eq!((&ended["status"], &ended["retry_of"]), (&json!("completed"), &old["id"]));
    let turns = api.get(&format!("agents/{agent}/sessions/k")).await.expect(200);
    assert_eq!(list(&turns["turns"]).len(), 2);
    assert_eq!(turns["turns"][1]["execution_id"], new);
    api.post(&format!("agents/{agent}/sessions/gone/regenerate"), &json!({ "turn": 1 })).await.expect(404);
}
