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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_conversation_is_read_with_a_summary_that_no_kill_9_loses_or_buys_twice() {
    let (workplace, model) = (Workplace::new(), Model::start(1).await);
    let mut server = Setup::new(&workplace).start().await;
    let agent = agent(server.api(), &model).await;
    let flow = create(server.api(), &agent, json!({ "key": "talk", "max_turns": 4, "summary": true })).await;
    let mut executions = Vec::new();
    for number in 1..=12 {
        // Those that write a summary are killed: while it is asked for, in the middle of its answer, and behind it.
        let killed = match number {
            6 => Some((":summary", Hold::Silent)),
            9 => Some((":turn:1", Hold::Silent)),
            12 => Some((":summary", Hold::HalfWay)),
            _ => None,
        };
        killed.into_iter().for_each(|(end, hold)| model.hold(end, hold));
        let id = server.api().start(&flow, json!({ "message": said(number) })).await;
        if killed.is_some() {
            model.has_come().await;
            server.kill();
            server.restart().await;
        }
        let ended = server.api().finished(&id, SOON).await;
        assert_eq!(ended["status"], "completed", "{ended}");
        executions.push(id);
    }

    let questions = questions(&model, &executions);
    let summary = |last: usize| (1..=last).map(said).collect::<Vec<_>>().join(" ");
    assert_eq!(questions[5][..2], ["Summarize our conversation so far.".to_owned(), summary(3)]);
    let begins = |number: usize| &questions[number - 1][..questions[number - 1].len() - 1];
    assert!(questions[6].starts_with(begins(6)) && questions[7].starts_with(begins(7)), "caches have it");

    let session = format!("agents/{agent}/sessions/talk");
    let shown = server.api().get(&session).await.expect(200);
    assert_eq!((&shown["last_turn"], &shown["summary"]["up_to_turn"]), (&json!(12), &json!(9)), "{shown}");
    assert_eq!(shown["summary"]["text"], summary(9));
    assert_eq!(shown["summary"]["execution_id"], executions[11]);
    let older = server.api().get(&format!("{session}?summary_up_to=8")).await.expect(200);
    assert_eq!(older["summary"]["text"], summary(6));
    let conversation =
        server.api().get(&format!("executions/{}/nodes/ask/conversation", executions[11])).await.expect(200);
    let part = &conversation["session"];
    assert_eq!((&part["earlier_turns"], &part["summary_up_to"]), (&json!(2), &json!(9)), "{conversation}");
    let steps = conversation["steps"].as_array().expect("a list");
    let steps: Vec<_> =
        steps.iter().map(|step| (&step["name"], &step["summarizes"], &step["status"])).collect();
    let span = json!({ "from": 7, "up_to": 9 });
    let [stopped, completed] = ["stopped", "completed"].map(Value::from);
    let (named, turn) = (json!("summary"), json!("turn:1"));
    assert_eq!(
        steps,
        [(&named, &span, &stopped), (&named, &span, &completed), (&turn, &Value::Null, &completed)]
    );

    // The last turn is written again behind the same summary, which has none of it.
    let again = server.api().post(&format!("{session}/regenerate"), &json!({ "turn": 12 })).await.expect(200);
    let again = again["new_execution_id"].as_str().expect("an id");
    assert_eq!(server.api().finished(again, SOON).await["status"], "completed");
    let calls = model.calls();
    let of_last = &calls[&format!("{}:ask:turn:1", executions[11])][0]["messages"];
    assert_eq!(&calls[&format!("{again}:ask")][0]["messages"], of_last);
    assert!(!calls.contains_key(&format!("{again}:ask:summary")));

    assert_eq!(server.api().call(Method::DELETE, &session, &[], None).await.expect("an answer").status, 204);
    server.api().get(&session).await.expect(404);
}

/// What the user says in the execution with this number.
fn said(number: usize) -> String {
    format!("<{number}>")
}

/// The texts that the model was asked with in each execution, where no summary was bought twice.
fn questions(model: &Model, executions: &[String]) -> Vec<Vec<String>> {
    let calls = model.calls();
    let asked = |id: &str, step: &str| calls.get(&format!("{id}:ask{step}")).map_or(0, Vec::len);
    let mut questions = Vec::new();
    for (number, id) in (1..).zip(executions) {
        let (summaries, turns) = match number {
            6 | 12 => (2, 1),
            9 => (1, 2),
            _ => (0, 0),
        };
        assert_eq!((asked(id, ":summary"), asked(id, ":turn:1")), (summaries, turns), "execution {number}");
        let step = if turns == 0 { "" } else { ":turn:1" };
        let sent = &calls[&format!("{id}:ask{step}")];
        assert!(sent.iter().all(|body| body == &sent[0]), "all attempts ask the same");
        // Whatever the user said is there once, in the summary or as it was said; and no more than four turns are.
        let messages = sent[0]["messages"].as_array().expect("a list");
        let texts: Vec<&str> = messages.iter().filter_map(|message| message["content"].as_str()).collect();
        let all = texts.join(" ");
        (1..=number).for_each(|number| assert_eq!(all.matches(&said(number)).count(), 1, "{all}"));
        assert!(messages.len() <= 2 + 2 * 4 + 1, "{all}");
        questions.push(texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
    }
    questions
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
