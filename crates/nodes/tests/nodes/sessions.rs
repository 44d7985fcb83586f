//! Nodes that are a part of a session: what was said before comes before the question, in the form of each provider.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use steadflow_core::agent::Agent;
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::ids::{AgentId, ExecutionId, NodeId, TenantId};
use steadflow_core::payload::Payload;
use steadflow_core::session::{
    SessionId, SessionPart, SessionSummary, SessionTurn, SummaryPlace, summary_key,
};
use steadflow_core::timestamp::Timestamp;
use steadflow_core::work::{Summarizing, Task, Work};
use steadflow_nodes::{AgentDirectory, DirectoryError, Nodes, NodesConfig};
use uuid::Uuid;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::models::speaking;
use crate::support::{config, result, skill_work};

/// An agent with the turns 3 and 4 of every session, and a summary of those before them.
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

    fn summary(
        &self,
        tenant: TenantId,
        agent: AgentId,
        key: Arc<str>,
        up_to: u32,
    ) -> BoxFuture<'_, Result<Option<SessionSummary>, DirectoryError>> {
        let summary = SessionSummary {
            session: SessionId { tenant, agent, key },
            up_to: 2,
            execution: ExecutionId::new(Uuid::from_u128(9)),
            node: NodeId::new("call"),
            text: "They are Ann.".into(),
            at: Timestamp::from_micros(0),
        };
        Box::pin(std::future::ready(Ok((up_to >= 2).then_some(summary))))
    }
}

fn agent(address: &str, provider: &str, answer: &Value) -> Value {
    json!({ "name": "Talker", "agent_type": "llm", "skills": [{ "name": "talk", "instructions": "Talk.", "output_schema": answer }],
            "config": speaking(provider, address) })
}

async fn ask(agent: &Value, (after, last): (u32, u32)) -> Result<Value, Failure> {
    ask_with(agent, SessionPart { after, last, ..part() }, None).await
}

/// The turns 3 and 4, and no summary.
fn part() -> SessionPart {
    SessionPart { key: "s-1".into(), after: 2, last: 4, bytes: 90, summary: None, fold: None }
}

/// The same, behind the summary up to a turn.
fn behind(up_to: u32) -> SessionPart {
    SessionPart { summary: Some(SummaryPlace { up_to, bytes: 13 }), ..part() }
}

/// Asks the skill or, with a bound for its bytes, for a summary.
async fn ask_with(agent: &Value, part: SessionPart, summary: Option<u64>) -> Result<Value, Failure> {
    let talker = Arc::new(Talker(Arc::new(Agent::parse(agent).unwrap())));
    let nodes = Nodes::new(NodesConfig { agents: talker, ..config("127.0.0.1") }).unwrap();
    let mut work =
        Work { session: Some(Box::new(part)), ..skill_work("talk", &json!({ "message": "And now?" })) };
    if let (Some(bytes_max), Task::Skill { agent_id, version, skill }) = (summary, work.task.clone()) {
        let wanted = Summarizing { agent_id, version, skill, tokens_max: Some(1_000), bytes_max };
        (work.task, work.step) = (Task::Summary(Box::new(wanted)), summary_key());
    }
    result(nodes.perform(work).await)
}

fn says(text: &str) -> ResponseTemplate {
    let message = json!({ "role": "assistant", "content": text });
    ResponseTemplate::new(200)
        .set_body_json(json!({ "choices": [{ "message": message, "finish_reason": "stop" }] }))
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
async fn a_summary_is_given_before_the_turns_as_if_it_had_been_asked_for() {
    let server = server(ResponseTemplate::new(503)).await;

    ask_with(&agent(&server.uri(), "anthropic", &json!({})), behind(2), None).await.unwrap_err();

    let messages = &body(&server, 0).await["messages"];
    let roles = messages.as_array().unwrap().iter().map(|message| message["role"].as_str().unwrap());
    let both = ["user", "assistant"];
    assert_eq!(roles.collect::<Vec<_>>(), [&both[..], &both, &both, &both[..1]].concat());
    assert_eq!(messages[0]["content"], "Summarize our conversation so far.");
    assert_eq!(messages[1]["content"], "They are Ann.");
    assert_eq!(messages[2]["content"], "Who?");
}

#[tokio::test]
async fn a_summary_is_asked_for_with_what_was_said_as_data_and_nothing_of_the_skill() {
    for (provider, system, user) in [
        ("openai", "/messages/0/content", "/messages/1/content"),
        ("anthropic", "/system", "/messages/0/content"),
    ] {
        let server = server(ResponseTemplate::new(503)).await;
        let schema = json!({ "type": "object", "required": ["risk"] });

        ask_with(&agent(&server.uri(), provider, &schema), behind(2), Some(2_000)).await.unwrap_err();

        let body = body(&server, 0).await;
        let text = |pointer: &str| body.pointer(pointer).unwrap().as_str().unwrap().to_owned();
        let system = text(system);
        assert!(
            system.starts_with("You summarize a conversation") && system.contains("at most 100 words"),
            "{system}"
        );
        assert!(!system.contains("Talk.") && !system.contains("JSON Schema"), "{system}");
        let said: Value = serde_json::from_str(&text(user)).unwrap();
        let turns = json!([{ "user": "Who?", "assistant": "Acme." }, { "user": r#"{"depth":2}"#, "assistant": r#"{"risk":7}"# }]);
        assert_eq!(
            said,
            json!({ "summary_of_earlier_turns": "They are Ann.", "turns": turns }),
            "{provider}"
        );
        assert!(body.get("tools").is_none() && body.get("response_format").is_none(), "{body}");
    }
}

#[tokio::test]
async fn a_summary_is_text_of_a_bounded_length() {
    let server = server(says("Ann wants to know about Acme.")).await;
    // An answer of the skill would have to be an object.
    let agent = agent(&server.uri(), "openai", &json!({ "type": "object" }));

    let summary = ask_with(&agent, behind(2), Some(1_000)).await.unwrap();
    let too_long = ask_with(&agent, behind(2), Some(9)).await.unwrap_err();

    assert_eq!(summary, json!({ "text": "Ann wants to know about Acme." }));
    assert_eq!(too_long.class, ErrorClass::ModelOutput);
    assert!(too_long.message.contains("a summary of 29 bytes; it may have 9"), "{}", too_long.message);
}

#[tokio::test]
async fn a_turn_that_is_too_long_for_a_summary_is_cut() {
    let server = server(says("x")).await;

    let part = SessionPart { after: 2, last: 3, bytes: 8, ..part() };
    ask_with(&agent(&server.uri(), "openai", &json!({})), part, Some(1_000)).await.unwrap();

    let body = body(&server, 0).await;
    let said: Value = serde_json::from_str(body["messages"][1]["content"].as_str().unwrap()).unwrap();
    assert_eq!(said["turns"], json!([{ "user": "Who?", "assistant": "Acme […]" }]));
}

#[tokio::test]
async fn a_summary_that_is_gone_fails_by_name_and_asks_nobody() {
    let server = server(ResponseTemplate::new(503)).await;

    // There is an older one only, which stands for fewer turns.
    for up_to in [1, 3] {
        let failure =
            ask_with(&agent(&server.uri(), "openai", &json!({})), behind(up_to), None).await.unwrap_err();

        assert_eq!(failure.class, ErrorClass::Configuration);
        assert!(
            failure.message.contains(&format!("The summary of turns 1 to {up_to} of the session")),
            "{}",
            failure.message
        );
    }
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
