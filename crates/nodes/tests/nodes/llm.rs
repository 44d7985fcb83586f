//! `llm` agents against the four protocols.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use steadflow_core::failure::ErrorClass;
use steadflow_core::payload::Payload;
use steadflow_core::work::{Outcome, Work};
use wiremock::matchers::{any, header, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::peers;
use crate::support::{nodes_with_agent, result, skill_work};

#[tokio::test]
async fn every_provider_is_called_in_its_own_protocol() {
    let schema = schema();
    let said = json!({ "risk": 70 }).to_string();
    let cases = [
        (
            "openai",
            "/chat/completions",
            ("authorization", "Bearer sk-4711-key"),
            "/response_format/json_schema/schema",
            json!({ "choices": [{ "message": { "content": said }, "finish_reason": "stop" }],
                 "usage": { "prompt_tokens": 10, "prompt_tokens_details": { "cached_tokens": 6 }, "completion_tokens": 5 } }),
            6,
        ),
        (
            "anthropic",
            "/messages",
            ("x-api-key", "sk-4711-key"),
            "/tools/0/input_schema",
            json!({ "content": [{ "type": "tool_use", "name": "answer", "input": { "risk": 70 } }], "stop_reason": "tool_use",
                 "usage": { "input_tokens": 1, "cache_creation_input_tokens": 3, "cache_read_input_tokens": 6, "output_tokens": 5 } }),
            6,
        ),
        (
            "gemini",
            "/models/m:streamGenerateContent",
            ("x-goog-api-key", "sk-4711-key"),
            "/generationConfig/responseJsonSchema",
            json!({ "candidates": [{ "content": { "parts": [{ "text": said }] }, "finishReason": "STOP" }],
                 "usageMetadata": { "promptTokenCount": 10, "cachedContentTokenCount": 6, "candidatesTokenCount": 5 } }),
            6,
        ),
        (
            "ollama",
            "/api/chat",
            ("authorization", "Bearer sk-4711-key"),
            "/format",
            json!({ "message": { "content": said }, "done_reason": "stop", "prompt_eval_count": 10, "eval_count": 5 }),
            0,
        ),
    ];
    for (provider, at, (name, key), schema_at, answer, cached) in cases {
        let server = MockServer::start().await;
        let template = ResponseTemplate::new(200).set_body_json(answer);
        Mock::given(path(at)).and(header(name, key)).respond_with(template).mount(&server).await;

        let outcome = ask(&server, provider, Some(&schema), None).await;

        assert_eq!(outcome.used().input_tokens, 10, "{provider}: {:?}", outcome.result);
        assert_eq!(
            (outcome.used().cached_input_tokens, outcome.used().output_tokens),
            (cached, 5),
            "{provider}"
        );
        let input = if cached > 0 { 4.0 * 0.5 + 6.0 * 0.1 } else { 10.0 * 0.5 };
        assert_eq!(outcome.used().cost, Some((input + 5.0 * 2.0) / 1e6), "{provider}");
        assert_eq!(result(outcome).unwrap(), json!({ "risk": 70 }), "{provider}");
        let request = &server.received_requests().await.unwrap()[0];
        let sent: Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!(sent.pointer(schema_at), Some(&schema), "{provider}");
        assert!(sent.to_string().contains("Rate Acme."), "{provider}: the instructions");
        assert_eq!(request.headers["idempotency-key"], "00000000-0000-0000-0000-000000000002:call");
    }
}

#[tokio::test]
async fn without_a_schema_the_output_is_the_text() {
    let server = saying("  All is well.\n").await;

    let output = result(ask(&server, "openai", None, None).await).unwrap();

    assert_eq!(output, json!({ "text": "All is well." }));
    let sent: Value = serde_json::from_slice(&server.received_requests().await.unwrap()[0].body).unwrap();
    assert_eq!(sent["max_tokens"], 99);
    assert_eq!(sent["messages"][0], json!({ "role": "system", "content": "Rate Acme." }));
    assert_eq!(sent["messages"][1], json!({ "role": "user", "content": r#"{"depth":2,"vendor":"Acme"}"# }));
    assert_eq!(sent.get("response_format"), None);
}

#[tokio::test]
async fn a_schema_error_is_counted_reported_and_sent_with_the_next_attempt() {
    let server = saying(r#"{"risk":"high"}"#).await;

    let outcome = ask(&server, "openai", Some(&schema()), None).await;
    assert_eq!(outcome.used().input_tokens, 10);
    let failure = result(outcome).unwrap_err();
    let again = ask(&server, "openai", Some(&schema()), Some(&failure.message)).await;

    assert_eq!(failure.class, ErrorClass::ModelOutput);
    assert!(failure.message.contains(r#"/risk: "high" is not of type "integer""#), "{}", failure.message);
    assert!(again.result.is_err());
    let requests = server.received_requests().await.unwrap();
    let second: Value = serde_json::from_slice(&requests[1].body).unwrap();
    let user = second["messages"][1]["content"].as_str().unwrap();
    assert!(user.contains("/risk") && user.contains("Respond again"), "{user}");
}

#[tokio::test]
async fn incomplete_or_missing_responses_are_model_output_failures() {
    for (content, finish, said) in [
        (json!("{\"risk\":"), "length", "max_tokens"),
        (json!("Sorry, no."), "stop", "not JSON"),
        (json!("{\"risk\": \"high\"}"), "stop", "/risk"),
        (json!(null), "content_filter", "content_filter"),
    ] {
        let refused = content.as_str().map(|text| Payload::from_value(&Value::from(text)));
        let answer = json!({ "choices": [{ "message": { "content": content }, "finish_reason": finish }],
            "usage": { "prompt_tokens": 10, "completion_tokens": 5 } });
        let server = answering(ResponseTemplate::new(200).set_body_json(answer)).await;

        let outcome = ask(&server, "openai", Some(&schema()), None).await;

        assert_eq!(outcome.used().output_tokens, 5);
        let failure = result(outcome).unwrap_err();
        assert_eq!(failure.class, ErrorClass::ModelOutput);
        assert!(failure.message.contains(said), "{}", failure.message);
        assert_eq!(failure.body, refused, "people can read what was refused");
    }
}

#[tokio::test]
async fn a_long_response_that_is_refused_is_kept_in_part() {
    let text = "ä".repeat(20_000);
    let answer = json!({ "choices": [{ "message": { "content": text }, "finish_reason": "length" }] });
    let server = answering(ResponseTemplate::new(200).set_body_json(answer)).await;

    let failure = result(ask(&server, "openai", None, None).await).unwrap_err();

    let kept = failure.body.expect("a part is kept").to_value().unwrap();
    assert_eq!(kept, Value::from(format!("{}…", "ä".repeat(8_192))));
}

#[tokio::test]
async fn a_rate_limit_has_retry_after_and_hides_the_key() {
    let body = json!({ "error": { "message": "slow down, sk-4711-key" } });
    let server =
        answering(ResponseTemplate::new(429).set_body_json(body).insert_header("retry-after", "7")).await;

    let failure = result(ask(&server, "openai", None, None).await).unwrap_err();

    assert_eq!((failure.class, failure.retry_after), (ErrorClass::RateLimited, Some(Duration::from_secs(7))));
    let message = format!("HTTP 429 Too Many Requests from {}: slow down, ••••", server.address());
    assert_eq!(failure.message, message);
}

#[tokio::test]
async fn other_responses_are_unavailable_or_rejected() {
    for (answer, class) in [
        (ResponseTemplate::new(529), ErrorClass::Unavailable),
        (ResponseTemplate::new(401), ErrorClass::Rejected),
        (ResponseTemplate::new(200).set_body_string("<html>"), ErrorClass::Unavailable),
        (ResponseTemplate::new(200).set_body_json(json!({ "hello": 1 })), ErrorClass::Unavailable),
        (
            ResponseTemplate::new(200).set_body_json(json!({ "error": { "message": "overloaded" } })),
            ErrorClass::Unavailable,
        ),
    ] {
        let server = answering(answer).await;

        let failure = result(ask(&server, "openai", None, None).await).unwrap_err();

        assert_eq!(failure.class, class, "{}", failure.message);
    }
}

#[tokio::test]
async fn an_endless_response_is_cut_off() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n";
    let (address, _) = peers::endless(head, vec![b' '; 64 * 1024]).await;
    let nodes = nodes_with_agent(&agent(&format!("http://{address}"), "openai", None));

    let failure = result(nodes.perform(skill_work("rate", &input())).await).unwrap_err();

    assert_eq!(failure.class, ErrorClass::OutputTooLarge, "{}", failure.message);
}

#[tokio::test]
async fn instructions_with_a_missing_field_cost_no_tokens() {
    let server = saying("x").await;
    let nodes = nodes_with_agent(&agent(&server.uri(), "openai", None));

    let failure = result(nodes.perform(skill_work("rate", &json!({ "depth": 1 }))).await).unwrap_err();

    assert_eq!(failure.class, ErrorClass::Expression);
    assert!(server.received_requests().await.unwrap().is_empty());
}

async fn ask(
    server: &MockServer,
    provider: &str,
    schema: Option<&Value>,
    previous_error: Option<&str>,
) -> Outcome {
    let work = Work { previous_error: previous_error.map(Arc::from), ..skill_work("rate", &input()) };
    nodes_with_agent(&agent(&server.uri(), provider, schema)).perform(work).await
}

fn agent(base_url: &str, provider: &str, schema: Option<&Value>) -> Value {
    json!({ "name": "Analyst", "agent_type": "llm",
        "config": { "provider": provider, "base_url": base_url, "model": "m", "api_key": "${secrets.KEY}" },
        "skills": [{ "name": "rate", "instructions": "Rate ${input.vendor}.", "output_schema": schema, "max_tokens": 99 }],
        "prices": { "input_per_million": 0.5, "cached_input_per_million": 0.1, "output_per_million": 2 } })
}

fn input() -> Value {
    json!({ "depth": 2, "vendor": "Acme" })
}

fn schema() -> Value {
    json!({ "type": "object", "properties": { "risk": { "type": "integer" } }, "required": ["risk"],
            "additionalProperties": false })
}

async fn saying(text: &str) -> MockServer {
    let answer = json!({ "choices": [{ "message": { "content": text }, "finish_reason": "stop" }],
        "usage": { "prompt_tokens": 10, "completion_tokens": 5 } });
    answering(ResponseTemplate::new(200).set_body_json(answer)).await
}

async fn answering(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(answer).mount(&server).await;
    server
}
