//! Guardrails of skills, with a model and a service on loopback.

use serde_json::{Value, json};
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::ids::{AgentId, StepKey};
use steadflow_core::payload::Payload;
use steadflow_core::work::{Task, Work};
use uuid::Uuid;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{nodes_with_agent, result, skill_work, work};

async fn saying(text: &str) -> MockServer {
    let server = MockServer::start().await;
    let body = json!({ "choices": [{ "message": { "content": text }, "finish_reason": "stop" }] });
    Mock::given(any()).respond_with(ResponseTemplate::new(200).set_body_json(body)).mount(&server).await;
    server
}

fn agent(server: &MockServer, guardrails: &Value, tools: &Value) -> Value {
    json!({ "name": "A", "agent_type": "llm",
        "config": { "provider": "openai", "base_url": server.uri(), "model": "m" },
        "skills": [{ "name": "s", "instructions": "Answer.", "tools": tools, "guardrails": guardrails }] })
}

async fn ask(server: &MockServer, guardrail: Value, input: &Value) -> Result<Value, Failure> {
    let agent = agent(server, &json!([guardrail]), &json!([]));
    result(nodes_with_agent(&agent).perform(skill_work("s", input)).await)
}

#[tokio::test]
async fn an_input_that_is_refused_is_sent_to_nobody() {
    let server = saying("Hello").await;
    for guardrail in [
        json!({ "name": "no cards", "on": "input", "deny": "\\d{16}" }),
        json!({ "name": "no cards", "on": "input", "pattern": "^\\D*$" }),
        json!({ "name": "no cards", "on": "input", "schema": { "properties": { "prompt": { "maxLength": 9 } } } }),
    ] {
        let prompt = json!({ "prompt": "4111111111111111" });
        let failure = ask(&server, guardrail.clone(), &prompt).await.unwrap_err();

        assert_eq!(failure.class, ErrorClass::Guardrail, "{failure:?}");
        assert!(
            failure.message.starts_with("The guardrail `no cards` refuses the input of `s`: "),
            "{failure:?}"
        );
        assert!(!failure.message.contains("4111") || guardrail["schema"].is_object(), "{failure:?}");
        assert!(server.received_requests().await.unwrap().is_empty());
        assert!(ask(&server, guardrail, &json!({ "prompt": "hi" })).await.is_ok());
        server.reset().await;
        let body = json!({ "choices": [{ "message": { "content": "Hello" }, "finish_reason": "stop" }] });
        Mock::given(any()).respond_with(ResponseTemplate::new(200).set_body_json(body)).mount(&server).await;
    }
}

#[tokio::test]
async fn an_output_that_is_refused_is_asked_for_again_or_fails_the_node() {
    let server = saying("You fool.").await;
    let guardrail = |then: &str| {
        json!({ "name": "polite", "on": "output", "deny": "(?i)fool", "then": then,
                                         "message": "Stay polite." })
    };

    let retried = ask(&server, guardrail("retry"), &json!("hi")).await.unwrap_err();
    let failed = ask(&server, guardrail("fail"), &json!("hi")).await.unwrap_err();
    let agent = agent(&server, &json!([guardrail("retry")]), &json!([]));
    let again =
        Work { previous_error: Some(retried.message.as_str().into()), ..skill_work("s", &json!("hi")) };
    let _ = nodes_with_agent(&agent).perform(again).await;

    assert_eq!((retried.class, failed.class), (ErrorClass::ModelOutput, ErrorClass::Guardrail));
    let said = "The model's response is refused. The guardrail `polite` refuses it: Stay polite.";
    assert_eq!(retried.message, said);
    assert_eq!(failed.message, "The guardrail `polite` refuses the model's response: Stay polite.");
    assert_eq!(failed.body.map(|body| body.as_str().to_owned()).as_deref(), Some("\"You fool.\""));
    let sent = server.received_requests().await.unwrap();
    let sent: Value = serde_json::from_slice(&sent[2].body).unwrap();
    assert!(sent.to_string().contains(said), "the next attempt tells the model: {sent}");
}

#[tokio::test]
async fn arguments_that_are_refused_reach_no_service() {
    let server = saying("").await;
    let tool = json!({ "name": "pay", "type": "http_request", "request": { "url": server.uri() } });
    let guardrail = |then: &str| {
        json!({ "name": "limit", "on": "arguments", "tools": ["pay"], "then": then,
                                         "schema": { "properties": { "amount": { "maximum": 100 } } } })
    };
    for (then, amount, class) in [
        ("repair", 101, Some(ErrorClass::Validation)),
        ("fail", 101, Some(ErrorClass::Guardrail)),
        ("fail", 100, None),
    ] {
        let agent_id = AgentId::new(Uuid::from_u128(7));
        let task = Task::Tool {
            agent_id,
            version: None,
            skill: "s".into(),
            tool: "pay".into(),
            asked_version: None,
        };
        let input = Payload::from_value(&json!({ "amount": amount }));
        let work = Work { step: StepKey::new("tool:1:0"), input, ..work(task, &json!({})) };
        let agent = agent(&server, &json!([guardrail(then)]), &json!([tool]));

        let outcome = nodes_with_agent(&agent).perform(work).await;

        let failure = outcome.result.err();
        assert_eq!(failure.as_ref().map(|failure| failure.class), class, "{failure:?}");
        let said = "The guardrail `limit` refuses the arguments of `pay`: ";
        assert!(failure.is_none_or(|failure| failure.message.starts_with(said)));
        let calls = server.received_requests().await.unwrap().len();
        assert_eq!(calls, usize::from(class.is_none()), "{then} {amount}");
    }
}
