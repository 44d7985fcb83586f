//! The secrets of agents are in nothing that an attempt returns, however a server says them back and wherever that is cut.

use std::sync::Arc;

use serde_json::{Value, json};
use steadflow_core::agent::{Agent, MASK};
use steadflow_core::ids::TenantId;
use steadflow_core::template::{SecretPlace, SecretSlot};
use steadflow_nodes::{Nodes, NodesConfig, Secret, Secrets};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{Agents, config, result, skill_work};

/// Long, so that a text of many of them is cut inside one.
const CANARY: &str = "cnry4711-Kx7vHnPqLzQ9wR2dT5mYb8sJf3gVcXe6uAo1iEtN0";

/// Knows the canary as `KEY`.
struct Canary;

impl Secrets for Canary {
    fn secret(&self, _tenant: TenantId, name: &str) -> Option<Secret> {
        (name == "KEY").then(|| Secret::new(CANARY.to_owned()))
    }
}

/// Returns agents at `address`, each with the canary at one place, referred to or written there.
fn agents(address: &str) -> Vec<Value> {
    let skill = json!({ "name": "ask", "description": "d", "instructions": "Say hello.",
        "input_schema": { "properties": { "n": { "type": "number" } } },
        "output_schema": { "type": "object", "properties": { "a": { "enum": ["x"] } } } });
    let agent = |kind: &str, config: Value| json!({ "name": "A", "agent_type": kind, "config": config, "skills": [skill] });
    let mut agents = Vec::new();
    for key in ["${secrets.KEY}", CANARY] {
        for place in [json!({ "api_key": key }), json!({ "headers": { "X-Team": key } })] {
            agents.push(agent("http", with(json!({ "endpoint": address }), &place)));
            for provider in ["openai", "anthropic", "gemini", "ollama"] {
                let base = json!({ "provider": provider, "base_url": address, "model": "m" });
                agents.push(agent("llm", with(base, &place)));
            }
        }
        let base = json!({ "provider": "openai", "base_url": address, "model": "m" });
        agents.push(agent("llm", with(base, &json!({ "extra_query": { "team": key } }))));
    }
    agents
}

fn with(mut object: Value, more: &Value) -> Value {
    let Value::Object(map) = &mut object else { unreachable!("it is an object") };
    map.extend(more.as_object().expect("it is an object").clone());
    object
}

/// Returns the answers of a server that says the canary over and over, with their statuses.
fn answers() -> Vec<(u16, String)> {
    let said = |times: usize| format!("{CANARY} ").repeat(times);
    let fits_no_schema = json!({ "a": said(20) });
    let page = format!("<html><title>{}</title></html>", said(10));
    let error = json!({ "error": { "message": said(50), "code": said(1) } });
    let mut answers = vec![
        (200, said(50)),
        (200, page.clone()),
        (200, error.to_string()),
        (200, format!("data: {error}\n\n")),
        (200, fits_no_schema.to_string()),
        (200, json!({ "choices": [{ "message": { "content": fits_no_schema.to_string() } }] }).to_string()),
        (200, json!({ "content": [{ "type": "text", "text": fits_no_schema.to_string() }] }).to_string()),
        (
            200,
            json!({ "candidates": [{ "content": { "parts": [{ "text": fits_no_schema.to_string() }] } }] })
                .to_string(),
        ),
        (200, json!({ "message": { "content": fits_no_schema.to_string() }, "done": true }).to_string()),
    ];
    for status in [400, 429, 500] {
        answers.push((status, said(50)));
        answers.push((status, error.to_string()));
        answers.push((status, page.clone()));
    }
    // More than is looked at.
    answers.push((400, said(1_500)));
    answers.push((429, format!("{}{CANARY} and so on", " ".repeat(64 * 1024 - 20))));
    answers.push((500, json!({ "error": { "message": said(1_500) } }).to_string()));
    answers
}

#[tokio::test]
async fn no_secret_of_an_agent_is_in_anything_that_an_attempt_returns() {
    let server = MockServer::start().await;
    let agents: Vec<Nodes> = agents(&server.uri()).iter().map(nodes_with).collect();
    for (number, (status, body)) in answers().into_iter().enumerate() {
        // Each agent meets some of the answers.
        let step = if status == 200 { 2 } else { 5 };
        let asked: Vec<&Nodes> = agents.iter().skip(number % step).step_by(step).collect();
        server.reset().await;
        Mock::given(any())
            .respond_with(ResponseTemplate::new(status).set_body_string(&body))
            .mount(&server)
            .await;
        for nodes in &asked {
            let outcome = nodes.perform(skill_work("ask", &json!({}))).await;

            let text = format!("{outcome:?}");
            assert!(!text.contains("cnry"), "{status} {body:.200}: {text}");
            assert!(text.contains(MASK) || !says(&text), "{status} {body:.200}: {text}");
        }
        let sent = server.received_requests().await.unwrap();
        assert!(
            sent.len() >= asked.len() && sent.iter().all(|sent| format!("{sent:?}").contains("cnry4711"))
        );
    }
}

/// Returns whether a text quotes what a server said.
fn says(text: &str) -> bool {
    text.contains("said") || text.contains("schema")
}

#[tokio::test]
async fn a_secret_in_an_input_that_does_not_fit_is_masked_before_its_description_is_cut() {
    let server = MockServer::start().await;
    for agent in agents(&server.uri()) {
        let reference = "${secrets.KEY} ";
        let mut work = skill_work("ask", &json!({ "n": reference.repeat(20) }));
        let place = |number: usize| SecretPlace { at: number * reference.len(), name: Arc::from("KEY") };
        let places = (0..20).map(place).collect();
        work.secrets = [SecretSlot { pointer: "/n".to_owned(), places, is_in_form: false }].into();

        let failure = result(nodes_with(&agent).perform(work).await).unwrap_err();

        assert!(failure.message.contains(MASK) && !failure.message.contains("cnry"), "{}", failure.message);
    }
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_redirect_of_an_agent_is_not_followed() {
    let (front, back) = (MockServer::start().await, MockServer::start().await);
    let redirect = ResponseTemplate::new(307).insert_header("location", back.uri());
    Mock::given(any()).respond_with(redirect).mount(&front).await;
    for agent in agents(&front.uri()) {
        let failure = result(nodes_with(&agent).perform(skill_work("ask", &json!({}))).await).unwrap_err();

        assert!(failure.message.contains("307"), "{}", failure.message);
    }
    assert!(back.received_requests().await.unwrap().is_empty());
}

fn nodes_with(agent: &Value) -> Nodes {
    let agent = Agents(Some(Arc::new(Agent::parse(agent).unwrap())));
    let secrets = Arc::new(Canary);
    Nodes::new(NodesConfig { agents: Arc::new(agent), secrets, ..config("127.0.0.1") }).unwrap()
}
