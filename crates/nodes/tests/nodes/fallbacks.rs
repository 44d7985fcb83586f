//! Agents with several models: each is asked where it is, with its own key, and without what is another one's.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use steadflow_core::ids::{AgentId, StepKey};
use steadflow_core::payload::Payload;
use steadflow_core::work::{NextTurn, Outcome, Task, Turn, Work};
use uuid::Uuid;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{nodes_with_agent, result, work};

async fn answering(answer: Value) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(200).set_body_json(answer)).mount(&server).await;
    server
}

/// Asks a model of an agent for the answer that follows these turns.
async fn ask(agent: &Value, model: usize, turns: Vec<Turn>) -> Outcome {
    let turn = NextTurn {
        agent_id: AgentId::new(Uuid::from_u128(7)),
        version: None,
        skill: "research".into(),
        model,
        asked: BTreeMap::new(),
        flows: BTreeMap::new(),
        turns,
        tokens_max: Some(50),
        correction: None,
    };
    let work = Work {
        step: StepKey::new(format!("turn:1:{model}")),
        ..work(Task::Turn(Box::new(turn)), &json!({ "question": "What?" }))
    };
    nodes_with_agent(agent).perform(work).await
}

#[tokio::test]
async fn a_fallback_is_asked_where_it_is_with_its_own_key_and_costs_its_own_price() {
    let first = MockServer::start().await;
    let second = answering(json!({
        "content": [{ "type": "text", "text": "{\"risk\":5}" }], "stop_reason": "end_turn",
        "usage": { "input_tokens": 1_000_000, "output_tokens": 1_000_000 },
    }))
    .await;
    let agent = json!({
        "name": "A", "agent_type": "llm", "prices": { "input_per_million": 100, "output_per_million": 100 },
        "config": {
            "provider": "openai", "base_url": first.uri(), "model": "a", "api_key": "canary",
            "headers": { "x-team": "canary" }, "extra_query": { "v": "canary" }, "extra_body": { "seed": "canary" },
            "fallbacks": [{
                "provider": "anthropic", "base_url": second.uri(), "model": "b", "api_key": "own-key", "stream": false,
                "prices": { "input_per_million": 1, "output_per_million": 2 },
            }],
        },
        "skills": [{ "name": "research", "output_schema": { "properties": { "risk": { "type": "integer" } } } }],
    });

    let outcome = ask(&agent, 1, Vec::new()).await;

    assert_eq!(outcome.used().cost, Some(3.0));
    assert_eq!(result(outcome).unwrap(), json!({ "output": { "risk": 5 } }));
    let asked = second.received_requests().await.unwrap();
    let body: Value = serde_json::from_slice(&asked[0].body).unwrap();
    assert_eq!((&body["model"], &body["max_tokens"]), (&json!("b"), &json!(50)));
    assert_eq!(asked[0].headers["x-api-key"], "own-key");
    assert!(!format!("{:?}", asked[0]).contains("canary") && !body.to_string().contains("canary"));
    assert!(first.received_requests().await.unwrap().is_empty());
}

/// What a model of each provider says, with what it alone understands.
fn foreign() -> [(&'static str, Value); 3] {
    [
        ("openai", json!({ "reasoning_content": "canary", "tool_calls": [{ "id": "canary:0" }] })),
        ("anthropic", json!([{ "type": "thinking", "thinking": "canary", "signature": "canary" }])),
        ("gemini", json!([{ "functionCall": { "name": "look", "args": {} }, "thoughtSignature": "canary" }])),
    ]
}

#[tokio::test]
async fn nothing_that_a_model_wrote_in_its_own_form_is_sent_to_another() {
    for (provider, ids_at) in [
        ("openai", ["/messages/1/tool_calls/0/id", "/messages/2/tool_call_id"]),
        ("anthropic", ["/messages/1/content/1/id", "/messages/2/content/0/tool_use_id"]),
        ("gemini", ["/contents/1/parts/1/functionCall/id", "/contents/2/parts/0/functionResponse/id"]),
        ("ollama", ["/messages/1/id", "/messages/2/id"]),
    ] {
        for (from, message) in foreign() {
            let server = answering(json!({})).await;
            let look =
                json!({ "name": "look", "type": "http_request", "request": { "url": "https://a.test" } });
            let agent = json!({
                "name": "A", "agent_type": "llm",
                "config": { "provider": from, "model": "a", "fallbacks": [
                    { "provider": provider, "base_url": server.uri(), "model": "gemini-3-pro", "stream": false },
                ] },
                "skills": [{ "name": "research", "tools": [look] }],
            });
            let answer = json!({ "text": "Let me see.", "message": message,
                "tool_calls": [{ "id": "canary:0", "name": "look", "arguments": { "id": 7 } }] });
            let results = vec![Ok(Payload::from_value(&json!({ "found": true })))];
            let said = Turn { answer: Payload::from_value(&answer), model: 0, results, refusal: None };

            ask(&agent, 1, vec![said]).await;

            let asked = server.received_requests().await.unwrap();
            let body: Value = serde_json::from_slice(&asked[0].body).unwrap();
            let text = body.to_string();
            assert!(!text.contains("canary"), "{from} to {provider}: {text}");
            assert!(text.contains("Let me see.") && text.contains("found"), "{from} to {provider}: {text}");
            let ids = ids_at.map(|at| body.pointer(at));
            assert_eq!(ids[0], ids[1], "{from} to {provider}: {text}");
            let unsigned = "\"thoughtSignature\":\"skip_thought_signature_validator\"";
            assert_eq!(text.contains(unsigned), provider == "gemini", "{text}");
        }
    }
}

#[tokio::test]
async fn a_model_that_the_agent_does_not_have_is_a_fault_of_ours() {
    let agent = json!({
        "name": "A", "agent_type": "llm", "config": { "provider": "openai", "model": "a" }, "skills": ["research"],
    });

    let failure = ask(&agent, 1, Vec::new()).await.result.unwrap_err();

    assert_eq!(failure.class, steadflow_core::failure::ErrorClass::Internal);
}
