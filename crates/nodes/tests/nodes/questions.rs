//! Agents that are asked while somebody edits them: through the guarded client, with secrets that go where they may.

use serde_json::{Value, json};
use steadflow_core::agent::Agent;
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::ids::{ExecutionId, TenantId};
use steadflow_core::payload::Payload;
use steadflow_core::timestamp::Timestamp;
use steadflow_core::trial::{About, Asker, Question};
use steadflow_core::work::Outcome;
use steadflow_nodes::Nodes;
use uuid::Uuid;
use wiremock::matchers::{any, header, method, path, query_param, query_param_is_missing};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{CANARY, config, nodes, result};

const ASKER: Asker = Asker {
    tenant: TenantId::DEFAULT,
    execution: ExecutionId::new(Uuid::from_u128(9)),
    now: Timestamp::from_micros(0),
};

fn agent(config: Value) -> Agent {
    let skill = json!({ "name": "score", "instructions": "Rate ${input.vendor}.", "max_tokens": 50 });
    Agent::parse(&json!({ "name": "A", "agent_type": "llm", "config": config, "skills": [skill] })).unwrap()
}

fn at(server: &MockServer, provider: &str) -> Agent {
    agent(
        json!({ "provider": provider, "base_url": server.uri(), "model": "m", "api_key": "${secrets.CANARY}" }),
    )
}

async fn models(nodes: &Nodes, agent: Agent) -> Result<Value, Failure> {
    result(nodes.ask(Question::models(agent, ASKER)).await)
}

async fn replying(server: &MockServer, answer: Value) {
    Mock::given(any()).respond_with(ResponseTemplate::new(200).set_body_json(answer)).mount(server).await;
}

#[tokio::test]
async fn models_are_listed_page_by_page_with_the_key_of_the_protocol() {
    let server = MockServer::start().await;
    let page = |answer: Value| ResponseTemplate::new(200).set_body_json(answer);
    let first = json!({ "data": [{ "id": "b" }], "has_more": true, "last_id": "b" });
    let listed = || Mock::given(method("GET")).and(path("/models")).and(header("x-api-key", CANARY));
    listed().and(query_param_is_missing("after_id")).respond_with(page(first)).mount(&server).await;
    let last = json!({ "data": [{ "id": "a", "display_name": format!("A {CANARY}") }], "has_more": false });
    listed().and(query_param("after_id", "b")).respond_with(page(last)).mount(&server).await;

    let models = models(&nodes(), at(&server, "anthropic")).await.unwrap();

    assert_eq!(models["models"][1], json!({ "id": "b", "name": null }));
    assert_eq!(models["models"][0]["id"], "a");
    assert!(!models.to_string().contains("canary"), "{models}");
    let asked = server.received_requests().await.unwrap();
    assert!(asked.iter().all(|request| request.headers.contains_key("anthropic-version")), "{asked:?}");
}

#[tokio::test]
async fn lists_that_do_not_end_or_are_none_fail_by_name() {
    let endless = MockServer::start().await;
    replying(&endless, json!({ "models": [{ "name": "models/g" }], "nextPageToken": "again" })).await;
    let refusing = MockServer::start().await;
    let refusal =
        ResponseTemplate::new(401).set_body_json(json!({ "error": { "message": format!("bad {CANARY}") } }));
    Mock::given(any()).respond_with(refusal).mount(&refusing).await;
    let page = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(200).set_body_string("<html>")).mount(&page).await;
    let elsewhere = MockServer::start().await;
    let location = ResponseTemplate::new(302).insert_header("location", "http://evil.test/");
    Mock::given(any()).respond_with(location).mount(&elsewhere).await;

    let failure =
        async |server: &MockServer, provider: &str| models(&nodes(), at(server, provider)).await.unwrap_err();

    let lasting = failure(&endless, "gemini").await;
    assert!(lasting.message.contains("more than 20 pages"), "{}", lasting.message);
    assert_eq!(endless.received_requests().await.unwrap().len(), 20);
    let refused = failure(&refusing, "openai").await;
    assert_eq!((refused.class, refused.status), (ErrorClass::Rejected, Some(401)));
    assert!(!format!("{refused:?}").contains("canary"), "{refused:?}");
    assert!(failure(&page, "openai").await.message.contains("is not JSON"));
    assert_eq!(failure(&elsewhere, "ollama").await.status, Some(302), "no redirect takes the key elsewhere");
}

#[tokio::test]
async fn questions_go_only_where_calls_may_go() {
    let server = MockServer::start().await;
    let blocked = Nodes::new(config("10.0.0.0/8")).unwrap();
    let bound = agent(
        json!({ "provider": "openai", "base_url": server.uri(), "model": "m", "api_key": "${secrets.BOUND}" }),
    );

    let private = models(&blocked, at(&server, "openai")).await.unwrap_err();
    let other_host = models(&nodes(), bound).await.unwrap_err();

    assert!(private.message.contains("are not allowed"), "{}", private.message);
    assert_eq!(other_host.class, ErrorClass::Configuration, "{}", other_host.message);
    assert!(server.received_requests().await.unwrap().is_empty());
}

async fn tested(agent: Agent) -> Outcome {
    nodes().ask(Question::connection(agent, ASKER)).await
}

#[tokio::test]
async fn connection_of_a_model_is_tested_with_the_shortest_question() {
    let server = MockServer::start().await;
    let cut = json!({ "choices": [{ "message": { "content": "O" }, "finish_reason": "length" }],
                      "usage": { "prompt_tokens": 12, "completion_tokens": 16 } });
    replying(&server, cut).await;

    let outcome = tested(at(&server, "openai")).await;

    assert_eq!(outcome.used().output_tokens, 16);
    assert_eq!(result(outcome).unwrap(), json!({ "message": "The model answered." }));
    let sent: Value = server.received_requests().await.unwrap()[0].body_json().unwrap();
    assert_eq!((&sent["model"], &sent["messages"][0]["content"]), (&json!("m"), &json!("Reply with OK.")));
    assert!(sent.to_string().contains("16"), "{sent}");
}

#[tokio::test]
async fn connection_that_is_refused_is_no_success() {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(403)).mount(&server).await;
    let remote = |endpoint: &str| {
        let config = json!({ "endpoint": endpoint, "api_key": "${secrets.CANARY}" });
        Agent::parse(
            &json!({ "name": "R", "agent_type": "http", "config": config, "skills": ["delete_all"] }),
        )
        .unwrap()
    };
    let open = MockServer::start().await;
    Mock::given(method("GET")).and(path("/a")).respond_with(ResponseTemplate::new(405)).mount(&open).await;

    let model = result(tested(at(&server, "openai")).await).unwrap_err();
    let refused = result(tested(remote(&server.uri())).await).unwrap_err();
    let reached = result(tested(remote(&format!("{}/a", open.uri()))).await).unwrap();

    assert_eq!((model.status, refused.status), (Some(403), Some(403)));
    let message = reached["message"].as_str().unwrap();
    assert!(message.contains("with 405, and did not refuse the key"), "{message}");
    assert_eq!(open.received_requests().await.unwrap().len(), 1, "no skill is called");
}

#[tokio::test]
async fn skill_is_answered_once_and_its_tools_are_not_called() {
    let server = MockServer::start().await;
    let call =
        json!({ "id": "c", "type": "function", "function": { "name": "look", "arguments": "{\"n\":1.50}" } });
    let answer = json!({ "choices": [{ "message": { "content": "Let me see.", "tool_calls": [call] }, "finish_reason": "tool_calls" }],
                         "usage": { "prompt_tokens": 7, "completion_tokens": 3 } });
    Mock::given(path("/chat/completions"))
        .respond_with(ResponseTemplate::new(200).set_body_json(answer))
        .mount(&server)
        .await;
    let tool = json!({ "name": "look", "type": "http_request", "request": { "url": format!("{}/tool", server.uri()) } });
    let document = json!({ "name": "A", "agent_type": "llm",
        "config": { "provider": "openai", "base_url": server.uri(), "model": "m" },
        "skills": [{ "name": "score", "instructions": "Rate ${input.vendor}.", "tools": [tool], "max_turns": 3 }] });
    let agent = Agent::parse(&document).unwrap();
    let ask = async |about: About, input: Value| {
        let skill = ("score", Payload::from_value(&input));
        nodes().ask(Question::skill(agent.clone(), about, skill, ASKER)).await
    };

    let prompt = result(ask(About::Prompt, json!({ "vendor": "Acme" })).await).unwrap();
    let unresolved = result(ask(About::Prompt, json!({})).await).unwrap_err();
    let untouched = server.received_requests().await.unwrap().len();
    let answered = ask(About::Answer, json!({ "vendor": "Acme" })).await;

    assert_eq!((&prompt["system"], &prompt["tools"]), (&json!("Rate Acme."), &json!(["look"])));
    assert_eq!((unresolved.class, untouched), (ErrorClass::Expression, 0));
    assert_eq!(answered.used().input_tokens, 7);
    let answered = answered.result.unwrap();
    assert!(answered.as_str().contains(r#""arguments":{"n":1.50}"#), "{answered:?}");
    assert!(answered.as_str().contains(r#""raw":"Let me see.""#), "{answered:?}");
    assert_eq!(server.received_requests().await.unwrap().len(), 1, "only the model is called");
}
