//! The text of a turn while a model writes it, followed over a kill in its middle.

use serde_json::{Value, json};
use steadflow_blackbox::{Api, Event, Events, Hold, Model, Setup, Workplace, flow, node, retries, with};

/// What the model says in its only turn.
const TEXT: &str = "All is well.";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_9_in_the_middle_of_a_turn_voids_what_was_shown_of_it_and_no_piece_is_lost_or_doubled() {
    let workplace = Workplace::new();
    let model = Model::start(1).await;
    let mut server = Setup::new(&workplace).start().await;
    let flow = create(server.api(), &model).await;
    model.hold("turn:1", Hold::FirstText);
    let execution = server.api().start(&flow, json!({ "question": "How is it?" })).await;
    let path = format!("executions/{execution}/nodes/think/stream");
    let mut last_id = None;

    for attempt in [1, 2] {
        let mut events = server.api().follow(&path, last_id.as_deref()).await;
        if attempt == 2 {
            let ended = next(&mut events, &mut last_id).await;
            assert_eq!(
                (ended.name.as_str(), &ended.data["status"]),
                ("turn", &json!("stopped")),
                "{ended:?}"
            );
            let restarted = next(&mut events, &mut last_id).await;
            assert_eq!((restarted.name.as_str(), &restarted.data["attempt"]), ("restarted", &json!(attempt)));
        }
        let piece = next(&mut events, &mut last_id).await;
        assert_eq!((&piece.data["offset"], &piece.data["text"]), (&json!(0), &json!("All is")), "{piece:?}");
        if attempt == 1 {
            server.kill();
            assert!(events.next().await.is_none(), "the stream breaks off");
            model.hold("turn:1", Hold::FirstText);
            server.restart().await;
        }
    }
    // Broken off once more, in the middle of the turn that is stored.
    let mut events = server.api().follow(&path, last_id.as_deref()).await;
    model.release();
    let (mut text, mut rest) = ("All is".to_owned(), Vec::new());
    while let Some(event) = events.next().await {
        if event.name == "piece" {
            assert_eq!(event.data["offset"], text.len(), "{event:?}");
            text.push_str(event.data["text"].as_str().expect("a piece has a text"));
        } else {
            rest.push(format!("{} {}", event.name, event.data["status"].as_str().unwrap_or_default()));
        }
    }

    assert_eq!(text, TEXT);
    assert_eq!(rest, ["turn completed", "end completed"]);
    let ended = server.api().execution(&execution).await;
    assert_eq!(node(&ended, "think")["output_data"], json!({ "text": text }));
    server.stop().await;
}

/// Returns the next event, and keeps its id.
async fn next(events: &mut Events, last_id: &mut Option<String>) -> Event {
    let event = events.next().await.expect("the stream goes on");
    last_id.clone_from(&event.id);
    event
}

async fn create(api: &Api, model: &Model) -> String {
    let tool = json!({ "name": "look", "type": "http_request", "description": "Looks it up.",
                       "request": { "url": model.url("/tools/1") } });
    let agent = json!({
        "name": "Researcher", "agent_type": "llm",
        "config": { "provider": "openai", "base_url": model.url("/v1"), "model": "scripted" },
        "skills": [{ "name": "research", "instructions": "Find it out.", "tools": [tool], "max_turns": 10 }],
    });
    let agent: Value = api.post("agents", &agent).await.expect(201);
    let think = json!({ "id": "think", "type": "agent", "agent_id": agent["id"], "skill": "research" });
    api.create_flow(&flow("Research", &[with(think, &retries(10, 0.01))], &[])).await
}
