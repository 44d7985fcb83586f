//! What a budget reserves for a question is at least as much as is sent.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use steadflow_core::agent::Agent;
use steadflow_core::ids::{AgentId, StepKey};
use steadflow_core::payload::Payload;
use steadflow_core::work::{NextTurn, Task, Turn, Work};
use uuid::Uuid;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::models::speaking;
use crate::support::{nodes_with_agent, work};

/// Longer than all that is added to a question, so that a part which is not counted shows.
fn long() -> String {
    "x".repeat(5_000)
}

fn agent(server: &MockServer, provider: &str) -> Value {
    let schema = json!({ "type": "object", "description": long() });
    let tool = json!({ "name": "look", "description": long(), "type": "http_request", "input_schema": schema,
        "request": { "url": "https://a.test" } });
    let mut config = speaking(provider, &server.uri());
    config["extra_body"] = json!({ "note": long() });
    json!({
        "name": "Researcher", "agent_type": "llm", "config": config,
        "skills": [{ "name": "research", "instructions": format!("{} ${{input.question}}", long()),
            "output_schema": schema, "tools": [tool] }],
    })
}

#[tokio::test]
async fn no_question_has_more_bytes_than_are_reserved_for_it() {
    for provider in ["openai", "responses", "anthropic", "gemini", "ollama"] {
        let server = MockServer::start().await;
        Mock::given(any()).respond_with(ResponseTemplate::new(400)).mount(&server).await;
        let document = agent(&server, provider);
        let input = json!({ "question": long(), "n": 1 });
        let call = json!({ "id": "a", "name": "look", "arguments": { "text": long() } });
        let answer = json!({ "text": long(), "tool_calls": [call] });
        let turn = Turn {
            answer: Payload::from_value(&answer),
            model: 0,
            results: vec![Ok(Payload::from_value(&json!(long())))],
            refusal: None,
        };
        let agent_id = AgentId::new(Uuid::from_u128(7));
        let task = Task::Turn(Box::new(NextTurn {
            model: 0,
            agent_id,
            version: None,
            skill: "research".into(),
            asked: BTreeMap::new(),
            flows: BTreeMap::new(),
            turns: vec![turn],
            tokens_max: Some(50),
            correction: None,
        }));
        let said = task.data_bytes();

        let work = Work { step: StepKey::new("turn:2"), ..work(task, &input) };
        let _ = nodes_with_agent(&document).perform(work).await;

        let sent = server.received_requests().await.unwrap()[0].body.len();
        let agent = Agent::parse(&document).unwrap();
        let skill = agent.skill("research").unwrap();
        let reserved = agent.question_bytes(skill, &Payload::from_value(&input), |_| None) + said;
        assert!(sent > 8 * 5_000 && sent <= reserved, "{provider}: {sent} of {reserved}");
    }
}
