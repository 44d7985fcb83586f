//! Parts of a request that a server refuses by name, and what an agent adds to a request.

use std::net::SocketAddr;

use serde_json::{Value, json};
use steadflow_core::failure::ErrorClass;

use crate::models::{Model, answer, completion, json_answer, ok, said, schema, speaking};
use crate::support::result;

/// A refusal, and what the request after it has at a pointer.
struct Case {
    provider: &'static str,
    refusal: Value,
    pointer: &'static str,
    /// Null if the first request does not have it.
    before: Value,
    after: Option<Value>,
}

impl Case {
    fn openai(message: &str, pointer: &'static str, before: Value, after: Option<Value>) -> Self {
        let refusal = json!({ "error": { "message": message, "type": "invalid_request_error" } });
        Self { provider: "openai", refusal, pointer, before, after }
    }

    fn of(self, provider: &'static str) -> Self {
        Self { provider, ..self }
    }
}

#[tokio::test]
async fn what_is_refused_by_name_is_changed_once_and_remembered() {
    for case in cases() {
        let refusal = json_answer("400 Bad Request", &case.refusal);
        let model =
            Model::answering(vec![refusal, good(case.provider)], |address| agent(address, case.provider))
                .await;

        let first = result(model.ask().await);
        let second = result(model.ask().await);

        let sent: Vec<Option<Value>> =
            model.requests().iter().map(|(_, body)| body.pointer(case.pointer).cloned()).collect();
        let before = Some(case.before).filter(|before| !before.is_null());
        let expected = [before, case.after.clone(), case.after];
        assert_eq!(sent, expected, "{}: {}", case.provider, case.refusal);
        assert_eq!((first, second), (Ok(json!({ "risk": 5 })), Ok(json!({ "risk": 5 }))), "{}", case.refusal);
    }
}

fn cases() -> Vec<Case> {
    let (role, format) = ("/messages/0/role", "/response_format/type");
    let json_schema = || json!("json_schema");
    let mut cases = vec![
        Case::openai("max_tokens is not taken here, say max_completion_tokens", "/max_completion_tokens", json!(null), Some(json!(99))),
        Case::openai("Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
            "/max_tokens", json!(99), None),
        Case::openai("Unsupported value: 'temperature' does not support 0.5 with this model. Only the default (1) value is supported.",
            "/temperature", json!(0.5), None),
        Case::openai("`top_p` is deprecated for this model.", "/top_p", json!(0.9), None),
        Case::openai("response_format json_schema is not offered here", format, json_schema(), Some(json!("json_object"))),
        Case::openai("This response_format type is unavailable now", format, json_schema(), Some(json!("json_object"))),
        Case::openai("'response_format.type' : value is not one of the allowed values ['text','json_object']", format,
            json_schema(), Some(json!("json_object"))),
        Case::openai("This model does not support response format `json_schema`.", format, json_schema(), Some(json!("json_object"))),
        Case::openai("Invalid schema for response_format 'answer': 'oneOf' is not permitted.", format, json_schema(), Some(json!("json_object"))),
        Case::openai("Unsupported value: 'messages[0].role' does not support 'system' with this model.", role, json!("system"), Some(json!("user"))),
        Case::openai("System role not supported", role, json!("system"), Some(json!("user"))),
        Case::openai("Developer instruction is not enabled for models/gemma-3-27b-it", role, json!("system"), Some(json!("user"))),
        Case::openai("Role 'system' is not supported, use 'developer' as the role", role, json!("system"), Some(json!("developer"))),
        Case::openai("Your organization must be verified to stream this model.", "/stream", json!(true), Some(json!(false))),
        Case::openai("Unrecognized request argument supplied: stream_options", "/stream_options/include_usage", json!(true), None),
        Case::openai("`temperature` and `top_p` cannot both be specified for this model. Please use only one.", "/top_p", json!(0.9), None),
        Case::openai("Unsupported parameter: 'temperature' is not supported with this model.", "/temperature", json!(0.5), None).of("responses"),
        Case::openai("Invalid schema for response_format 'answer': 'oneOf' is not permitted.", "/text/format/type", json_schema(), Some(json!("json_object"))).of("responses"),
        Case::openai("Unsupported parameter: 'text.format' is not supported with this model.", "/text/format/type", json_schema(), Some(json!("json_object"))).of("responses"),
        Case::openai("Encrypted content is not supported with this model.", "/include/0", json!("reasoning.encrypted_content"), None).of("responses"),
        Case::openai("Unknown include value 'reasoning.encrypted_content'", "/include/0", json!("reasoning.encrypted_content"), None).of("responses"),
        Case::openai("Your organization must be verified to stream this model.", "/stream", json!(true), Some(json!(false))).of("responses"),
        Case::openai("`temperature` may only be set to 1 when thinking is enabled.", "/temperature", json!(0.5), None).of("anthropic"),
        Case::openai("Thinking may not be enabled when tool_choice forces tool use.", "/tool_choice/name", json!("answer"), None).of("anthropic"),
        Case::openai("streaming is not supported for this model", "/stream", json!(true), None).of("anthropic"),
        Case::openai("Developer instruction is not enabled for models/gemma-3-27b-it", "/systemInstruction/parts/1",
            json!(null), None).of("gemini"),
        Case::openai("Invalid JSON payload received. Unknown name \"responseJsonSchema\" at 'generation_config': Cannot find field.",
            "/generationConfig/responseJsonSchema/type", json!("object"), None).of("gemini"),
        Case::openai("JSON mode is not enabled for models/gemma-3-27b-it", "/generationConfig/responseJsonSchema/type",
            json!("object"), None).of("gemini"),
        Case::openai("topP is not supported by this model", "/generationConfig/topP", json!(0.9), None).of("gemini"),
    ];
    let refusal = json!({ "error": "json: cannot unmarshal object into Go struct field ChatRequest.format of type string" });
    let (pointer, before, after) = ("/format", schema(), Some(json!("json")));
    cases.push(Case { provider: "ollama", refusal, pointer, before, after });
    let refusal = json!({ "detail": "System messages are not allowed" });
    let (pointer, before, after) = (role, json!("system"), Some(json!("user")));
    cases.push(Case { provider: "openai", refusal, pointer, before, after });
    let refusal = json!({ "error": { "message": "Unsupported", "param": "messages[0].role.system", "code": "unsupported_value" } });
    let (pointer, before, after) = (role, json!("system"), Some(json!("user")));
    cases.push(Case { provider: "openai", refusal, pointer, before, after });
    cases
}

#[tokio::test]
async fn the_instructions_are_the_beginning_of_the_message_where_there_is_no_role_for_them() {
    let refusal = json_answer(
        "400 Bad Request",
        &json!({ "object": "error", "message": "System role not supported", "code": 400 }),
    );
    let model = Model::answering(vec![refusal, good("openai")], |address| agent(address, "openai")).await;

    result(model.ask().await).unwrap();

    let messages = model.requests()[1].1["messages"].clone();
    assert_eq!(messages.as_array().unwrap().len(), 1);
    let text = messages[0]["content"].as_str().unwrap();
    assert!(
        text.starts_with("Answer.") && text.contains("JSON Schema") && text.ends_with("\n\nhi"),
        "{text}"
    );
}

#[tokio::test]
async fn several_parts_are_changed_one_after_the_other() {
    let refused = |message: &str| json_answer("400 Bad Request", &json!({ "error": { "message": message } }));
    let answers = vec![
        refused("Unsupported parameter: 'max_tokens'"),
        refused("Unsupported value: 'temperature'"),
        json_answer(
            "422 Unprocessable Entity",
            &json!({ "error": { "message": "response_format: json_schema is unavailable" } }),
        ),
        refused("response_format: json_object is unavailable"),
        good("openai"),
    ];
    let model = Model::answering(answers, |address| agent(address, "openai")).await;

    let output = result(model.ask().await);

    assert_eq!(output, Ok(json!({ "risk": 5 })));
    let (_, last) = model.requests().pop().unwrap();
    assert_eq!(
        (&last["max_completion_tokens"], last.get("temperature"), last.get("response_format")),
        (&json!(99), None, None)
    );
    assert!(last["messages"][0]["content"].as_str().unwrap().contains("JSON Schema"));
}

#[tokio::test]
async fn a_second_refusal_fails_with_the_words_of_the_server() {
    for (provider, message, requests) in [
        ("openai", "max_tokens and max_completion_tokens are not taken", 2),
        ("openai", "no response_format here", 3),
        ("openai", "no 'temperature' here", 2),
        ("openai", "no streaming here", 2),
        ("openai", "system role and user role are refused", 2),
        ("openai", "no max_tokens, response_format, system role, streaming, stream_options, temperature", 6),
        ("openai", "max_tokens is too large: 99. This model supports at most 64 completion tokens", 1),
        ("openai", "temperature must be between 0 and 0.3", 1),
        ("openai", "The context length is 8192 tokens, but messages and max_tokens need 9000", 1),
        ("anthropic", "temperature: range: 0..1", 1),
        ("openai", "Upstream request failed", 1),
        ("openai", "You must provide a model parameter", 1),
        ("ollama", "invalid format", 3),
        ("responses", "no 'text.format' here", 3),
        ("responses", "The encrypted content gAAA could not be verified", 1),
        ("responses", "Unsupported parameter: 'store'", 1),
        ("gemini", "API key not valid. Please pass a valid API key.", 1),
    ] {
        let refusal = json_answer("400 Bad Request", &json!({ "error": { "message": message } }));
        let model = Model::answering(vec![refusal], |address| agent(address, provider)).await;

        let failure = result(model.ask().await).unwrap_err();

        assert_eq!((failure.class, failure.status), (ErrorClass::Rejected, Some(400)), "{message}");
        assert!(failure.message.ends_with(message), "{}", failure.message);
        assert_eq!(model.requests().len(), requests, "{provider}: {message}");
    }
}

#[tokio::test]
async fn what_was_remembered_is_forgotten_when_it_is_refused() {
    let refused = |message: &str| json_answer("400 Bad Request", &json!({ "error": { "message": message } }));
    let answers = vec![
        refused("max_tokens is not supported"),
        good("openai"),
        refused("max_completion_tokens is not supported"),
        good("openai"),
    ];
    let model = Model::answering(answers, |address| agent(address, "openai")).await;

    let outcomes = [result(model.ask().await), result(model.ask().await), result(model.ask().await)];

    assert_eq!(outcomes.map(|outcome| outcome.is_ok()), [true, false, true]);
    let sent: Vec<bool> = model.requests().iter().map(|(_, body)| body.get("max_tokens").is_some()).collect();
    assert_eq!(sent, [true, false, false, true]);
}

#[tokio::test]
async fn other_statuses_are_not_adapted_to() {
    for status in ["401 Unauthorized", "404 Not Found", "500 Internal Server Error", "429 Too Many Requests"]
    {
        let refusal = json_answer(status, &json!({ "error": { "message": "max_tokens is not supported" } }));
        let model = Model::answering(vec![refusal], |address| agent(address, "openai")).await;

        assert!(result(model.ask().await).is_err());

        assert_eq!(model.requests().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn a_server_that_refuses_the_options_of_a_stream_is_asked_for_one_without_usage() {
    let no_options =
        json_answer("400 Bad Request", &json!({ "error": { "message": "unknown field stream_options" } }));
    let stream = answer(
        "200 OK",
        "Content-Type: text/event-stream",
        "data: {\"choices\":[{\"delta\":{\"content\":\"{\\\"risk\\\":5}\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
    );
    let model = Model::answering(vec![no_options, stream], |address| agent(address, "openai")).await;

    assert_eq!(result(model.ask().await), Ok(json!({ "risk": 5 })));

    let requests = model.requests();
    assert_eq!(requests[0].1["stream_options"], json!({ "include_usage": true }));
    assert_eq!((requests[1].1.get("stream_options"), &requests[1].1["stream"]), (None, &json!(true)));
}

#[tokio::test]
async fn an_agent_that_asks_for_no_stream_sends_none() {
    for (provider, stream, path) in [
        ("openai", Some(json!(false)), "/chat/completions "),
        ("responses", Some(json!(false)), "/responses "),
        ("anthropic", None, "/messages "),
        ("gemini", None, "/models/m:generateContent "),
        ("ollama", Some(json!(false)), "/api/chat "),
    ] {
        let model = Model::answering(vec![good(provider)], |address| {
            let mut agent = agent(address, provider);
            agent["config"]["stream"] = json!(false);
            agent
        })
        .await;

        assert_eq!(result(model.ask().await), Ok(json!({ "risk": 5 })), "{provider}");

        let (head, body) = model.requests().pop().unwrap();
        assert_eq!((body.get("stream"), body.get("stream_options")), (stream.as_ref(), None), "{provider}");
        assert!(head.contains(path), "{head}");
    }
}

#[tokio::test]
async fn extras_are_sent_and_their_secrets_masked() {
    let echo =
        answer("400 Bad Request", "Content-Type: application/json", r#"{"error":"bad key sk-4711-key"}"#);
    let model = Model::answering(vec![said(&json!("hello")), echo], |address| {
        json!({ "name": "a", "agent_type": "llm", "skills": ["ask"], "config": {
            "provider": "openai", "base_url": format!("http://{address}/openai/deployments/x"), "model": "m",
            "extra_query": { "api-version": "2024-06-01", "key": "${secrets.KEY}" },
            "extra_headers": { "Api-Key": "${secrets.KEY}" },
            "extra_body": { "enable_thinking": false, "seed": 7_615_917_337_495_251_231_u64 } } })
    })
    .await;

    let output = result(model.ask().await);
    let failure = result(model.ask().await).unwrap_err();

    assert_eq!(output, Ok(json!({ "text": "hello" })));
    let (head, body) = &model.requests()[0];
    let line = head.lines().next().unwrap();
    assert_eq!(
        line,
        "POST /openai/deployments/x/chat/completions?api-version=2024-06-01&key=sk-4711-key HTTP/1.1"
    );
    assert!(head.to_ascii_lowercase().contains("api-key: sk-4711-key"), "{head}");
    assert!(!head.to_ascii_lowercase().contains("authorization:"), "{head}");
    assert_eq!(
        (&body["enable_thinking"], body["seed"].to_string()),
        (&json!(false), "7615917337495251231".to_owned())
    );
    assert!(failure.message.ends_with("bad key ••••"), "{}", failure.message);
}

#[tokio::test]
async fn options_of_ollama_are_merged() {
    let model = Model::answering(vec![good("ollama")], |address| agent(address, "ollama")).await;

    result(model.ask().await).unwrap();

    let (_, body) = &model.requests()[0];
    assert_eq!(body["options"], json!({ "temperature": 0.5, "num_predict": 99, "num_ctx": 8192 }));
}

/// Returns an agent with everything that can be refused.
fn agent(address: SocketAddr, provider: &str) -> Value {
    let extra = match provider {
        "gemini" => json!({ "generationConfig": { "topP": 0.9 } }),
        "ollama" => json!({ "options": { "num_ctx": 8192 } }),
        _ => json!({ "top_p": 0.9 }),
    };
    let mut config = speaking(provider, &format!("http://{address}"));
    (config["temperature"], config["extra_body"]) = (json!(0.5), extra);
    json!({ "name": "a", "agent_type": "llm", "config": config,
        "skills": [{ "name": "ask", "instructions": "Answer.", "output_schema": schema(), "max_tokens": 99 }] })
}

/// Returns a good response of `provider`.
fn good(provider: &str) -> Vec<u8> {
    let text = "{\"risk\":5}";
    ok(&match provider {
        "anthropic" => json!({ "content": [{ "type": "text", "text": text }], "stop_reason": "end_turn" }),
        "gemini" => {
            json!({ "candidates": [{ "content": { "parts": [{ "text": text }] }, "finishReason": "STOP" }] })
        }
        "ollama" => json!({ "message": { "content": text }, "done": true, "done_reason": "stop" }),
        "responses" => {
            let part = json!({ "type": "output_text", "text": text });
            json!({ "status": "completed", "output": [{ "type": "message", "content": [part] }] })
        }
        _ => completion(&json!(text), &json!("stop")),
    })
}
