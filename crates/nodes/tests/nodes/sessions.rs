//! Nodes that are a part of a session: what was said before comes before the question, in the form of each provider.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use steadflow_core::agent::Agent;
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::ids::{AgentId, ExecutionId, NodeId, TenantId};
use steadflow_core::payload::Payload;
use steadflow_core::session::{SessionId, SessionPart, SessionTurn};
use steadflow_core::timestamp::Timestamp;
use steadflow_core::work::Work;
use steadflow_nodes::{AgentDirectory, DirectoryError, Nodes, NodesConfig};
use uuid::Uuid;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::models::speaking;
use crate::support::{config, result, skill_work};

/// An agent with the turns 3 and 4 of every session.
struct Talker(Arc<Agent>);

impl AgentDirectory for Talker {
    fn agent(
        &self,
        _tenant: TenantId,
        _id: AgentId,
        _version: Option<u32>,
    ) -> BoxFuture<'_, Result<Option<Arc<Agent>>, DirectoryError>> {
        Box::pin(std::future::ready(Ok(Some(Arc::clone(&self.0)))))
    }

    fn turns(
        &self,
        tenant: TenantId,
        agent: AgentId,
        part: SessionPart,
    ) -> BoxFuture<'_, Result<Vec<SessionTurn>, DirectoryError>> {
        let turn = |(number, question, answer)| SessionTurn {
            session: SessionId { tenant, agent, key: Arc::clone(&part.key) },
            number,
            execution: ExecutionId::new(Uuid::from_u128(9)),
            node: NodeId::new("call"),
            question: Payload::from_value(&question),
            answer: Payload::from_value(&answer),
            input_tokens: 1,
            output_tokens: 1,
            at: Timestamp::from_micros(0),
        };
        let known = [
            (3, json!({ "message": "Who?" }), json!({ "text": "Acme." })),
            (4, json!({ "depth": 2 }), json!({ "risk": 7 })),
        ];
        let read = known.into_iter().filter(|(number, ..)| (part.after + 1..=part.last).contains(number));
        let turns = read.map(turn).collect();
        Box::pin(std::future::ready(Ok(turns)))
    }
}

fn agent(address: &str, provider: &str, answer: &Value) -> Value {
    json!({ "name": "Talker", "agent_type": "llm", "skills": [{ "name": "talk", "instructions": "Talk.", "output_schema": answer }],
            "config": speaking(provider, address) })
}

async fn ask(agent: &Value, (after, last): (u32, u32)) -> Result<Value, Failure> {
    let talker = Arc::new(Talker(Arc::new(Agent::parse(agent).unwrap())));
    let nodes = Nodes::new(NodesConfig { agents: talker, ..config("127.0.0.1") }).unwrap();
    let part = SessionPart { key: "s-1".into(), after, last, bytes: 90 };
    let work =
        Work { session: Some(Box::new(part)), ..skill_work("talk", &json!({ "message": "And now?" })) };
    result(nodes.perform(work).await)
}

async fn server(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(answer).mount(&server).await;
    server
}

async fn body(server: &MockServer, request: usize) -> Value {
    server.received_requests().await.unwrap()[request].body_json().unwrap()
}

#[tokio::test]
async fn every_provider_is_given_the_turns_as_messages_before_the_question() {
    let (said, depth) = ("{\"risk\":7}", "{\"depth\":2}");
    let plain = json!([
        { "role": "user", "content": "Who?" }, { "role": "assistant", "content": "Acme." },
        { "role": "user", "content": depth }, { "role": "assistant", "content": said },
        { "role": "user", "content": "And now?" },
    ]);
    let part = |role: &str, text: &str| json!({ "role": role, "parts": [{ "text": text }] });
    let of_gemini = json!([
        part("user", "Who?"),
        part("model", "Acme."),
        part("user", depth),
        part("model", said),
        part("user", "And now?"),
    ]);
    let mut with_system = plain.clone();
    with_system.as_array_mut().unwrap().insert(0, json!({ "role": "system", "content": "Talk." }));
    for (provider, pointer, messages) in [
        ("openai", "/messages", &with_system),
        ("ollama", "/messages", &with_system),
        ("responses", "/input", &plain),
        ("anthropic", "/messages", &plain),
        ("gemini", "/contents", &of_gemini),
    ] {
        let server = server(ResponseTemplate::new(503)).await;
        ask(&agent(&server.uri(), provider, &json!({})), (2, 4)).await.unwrap_err();

        let body = body(&server, 0).await;
        assert_eq!(body.pointer(pointer), Some(messages), "{provider}: {body}");
    }
}

#[tokio::test]
async fn a_model_without_a_role_for_instructions_has_them_in_the_first_message() {
    let refusal = json!({ "error": { "message": "Unsupported role: system", "param": "messages[0].role" } });
    let server = server(ResponseTemplate::new(400).set_body_json(refusal)).await;
    ask(&agent(&server.uri(), "openai", &json!({})), (3, 4)).await.unwrap_err();

    let requests = server.received_requests().await.unwrap().len();
    let last = body(&server, requests - 1).await;

    assert_eq!(last["messages"][0], json!({ "role": "user", "content": "Talk.\n\n{\"depth\":2}" }));
    assert_eq!(last["messages"][2], json!({ "role": "user", "content": "And now?" }));
}

#[tokio::test]
async fn a_session_of_which_turns_are_gone_fails_by_name_and_asks_nobody() {
    let server = server(ResponseTemplate::new(503)).await;

    let failure = ask(&agent(&server.uri(), "openai", &json!({})), (1, 4)).await.unwrap_err();

    assert_eq!(failure.class, ErrorClass::Configuration);
    assert!(failure.message.contains("Turns 2 to 4 of the session `s-1`"), "{}", failure.message);
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn only_language_models_have_sessions() {
    let server = server(ResponseTemplate::new(200)).await;
    let agent = json!({ "name": "Remote", "agent_type": "http", "skills": ["talk"],
                        "config": { "endpoint": server.uri() } });

    let failure = ask(&agent, (0, 0)).await.unwrap_err();

    assert_eq!(failure.class, ErrorClass::Configuration);
    assert!(failure.message.contains("no language model"), "{}", failure.message);
    assert!(server.received_requests().await.unwrap().is_empty());
}
