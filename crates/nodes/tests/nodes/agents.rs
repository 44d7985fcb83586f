//! `http` agents, and failures before an agent is called.

use serde_json::{Value, json};
use steadflow_core::agent::MASK;
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::work::{Task, Work};
use wiremock::matchers::{any, body_json, header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{nodes, nodes_with_agent, result, skill_work};

#[tokio::test]
async fn a_skill_is_posted_to_the_endpoint() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/agents/risk%20check"))
        .and(header("authorization", "Bearer sk-4711-key"))
        .and(header("x-team", "risk"))
        .and(header("idempotency-key", "00000000-0000-0000-0000-000000000002:call"))
        .and(body_json(json!({ "vendor": "Acme" })))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({ "risk": 70 })))
        .mount(&server)
        .await;

    let output = run(&server, json!("risk check"), "risk check", &json!({ "vendor": "Acme" })).await;

    assert_eq!(output.unwrap(), json!({ "risk": 70 }));
}

#[tokio::test]
async fn headers_are_masked_in_outputs_where_their_name_or_value_says_that_they_are_secret() {
    let heard = json!({ "heard": ["risk", "hop-4711-abcd", "of the night", "sk-4711-key"] });
    let server = answering(ResponseTemplate::new(200).set_body_json(heard)).await;
    let mut agent = remote(&server, json!("check"));
    agent["config"]["headers"] =
        json!({ "X-Team": "risk", "X-Hop": "hop-4711-abcd", "X-Password": "of the night" });

    let output = result(nodes_with_agent(&agent).perform(skill_work("check", &json!({}))).await).unwrap();

    assert_eq!(output, json!({ "heard": ["risk", MASK, MASK, MASK] }));
}

#[tokio::test]
async fn text_is_an_output_too() {
    let server = answering(ResponseTemplate::new(200).set_body_string("fine")).await;

    let output = run(&server, json!("check"), "check", &json!({})).await;

    assert_eq!(output.unwrap(), json!({ "text": "fine" }));
}

#[tokio::test]
async fn an_error_of_an_agent_has_the_class_of_its_status() {
    for (status, class) in [
        (429, ErrorClass::RateLimited),
        (500, ErrorClass::Unavailable),
        (401, ErrorClass::Rejected),
        (307, ErrorClass::Rejected),
    ] {
        let server = answering(ResponseTemplate::new(status).insert_header("location", "/elsewhere")).await;

        let failure = run(&server, json!("check"), "check", &json!({})).await.unwrap_err();

        assert_eq!((failure.class, failure.status), (class, Some(status)));
        assert_eq!(server.received_requests().await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn input_and_output_must_match_their_schemas() {
    let server = answering(ResponseTemplate::new(200).set_body_json(json!({ "risk": "high" }))).await;
    let skill = json!({ "name": "check",
        "input_schema": { "required": ["vendor"] },
        "output_schema": { "properties": { "risk": { "type": "integer" } } } });

    let unasked = run(&server, skill.clone(), "check", &json!({})).await.unwrap_err();
    let misfit = run(&server, skill, "check", &json!({ "vendor": 1 })).await.unwrap_err();

    assert_eq!(unasked.class, ErrorClass::Validation, "{}", unasked.message);
    assert_eq!(misfit.class, ErrorClass::ModelOutput);
    assert!(misfit.message.contains("/risk"), "{}", misfit.message);
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_missing_agent_or_skill_is_named() {
    let server = answering(ResponseTemplate::new(200)).await;

    let no_agent = result(nodes().perform(skill_work("check", &json!({}))).await).unwrap_err();
    let no_skill = run(&server, json!("check"), "chekc", &json!({})).await.unwrap_err();

    assert_eq!(no_agent.class, ErrorClass::Configuration);
    assert!(no_agent.message.contains("00000000-0000-0000-0000-000000000007"), "{}", no_agent.message);
    assert_eq!(no_skill.class, ErrorClass::Configuration);
    assert_eq!(no_skill.message, "The agent Remote has no skill `chekc`. Its skills are check.");
}

#[tokio::test]
async fn a_pinned_version_that_was_deleted_is_named() {
    let server = answering(ResponseTemplate::new(200).set_body_string("fine")).await;
    let nodes = nodes_with_agent(&remote(&server, json!("check")));
    let pinned = |version| pinned_to(version, skill_work("check", &json!({})));

    let kept = result(nodes.perform(pinned(1)).await);
    let deleted = result(nodes.perform(pinned(2)).await).unwrap_err();

    assert_eq!(kept.unwrap(), json!({ "text": "fine" }));
    assert_eq!(deleted.class, ErrorClass::Configuration);
    assert_eq!(
        deleted.message,
        "There is no version 2 of agent 00000000-0000-0000-0000-000000000007 any more: it was deleted."
    );
}

fn pinned_to(number: u32, mut work: Work) -> Work {
    if let Task::Skill { version, .. } = &mut work.task {
        *version = Some(number);
    }
    work
}

async fn run(server: &MockServer, skill: Value, name: &str, input: &Value) -> Result<Value, Failure> {
    result(nodes_with_agent(&remote(server, skill)).perform(skill_work(name, input)).await)
}

fn remote(server: &MockServer, skill: Value) -> Value {
    json!({ "name": "Remote", "agent_type": "http", "skills": [skill],
        "config": { "endpoint": format!("{}/agents", server.uri()), "api_key": "${secrets.KEY}",
                    "headers": { "X-Team": "risk" } } })
}

async fn answering(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(answer).mount(&server).await;
    server
}
