//! Turns of a conversation with tools, in all protocols, and the tools.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};
use steadflow_core::failure::ErrorClass;
use steadflow_core::ids::{AgentId, StepKey};
use steadflow_core::payload::Payload;
use steadflow_core::work::{NextTurn, Outcome, Task, Turn, Work};
use uuid::Uuid;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::models::speaking;
use crate::support::{nodes_with_agent, result, skill_work, work};

/// What a provider answers, and what is made of it: the answer that is stored, and the messages that give it back.
struct Case {
    provider: &'static str,
    tools: (&'static str, Value),
    answer: Value,
    stored: Value,
    /// Where the conversation is, and how it goes on behind the first message.
    given_back: (&'static str, Vec<Value>),
}

fn schema() -> Value {
    json!({ "type": "object", "properties": { "id": { "type": "integer" } }, "required": ["id"] })
}

fn any_object() -> Value {
    json!({ "type": "object", "properties": {} })
}

/// Responses as the providers document them, with two tools at the same time and what they want back.
fn cases() -> [Case; 5] {
    [openai_case(), responses_case(), anthropic_case(), gemini_case(), ollama_case()]
}

fn functions() -> Value {
    let function = |name: &str, said: &str, schema: Value| json!({ "type": "function", "function": { "name": name, "description": said, "parameters": schema } });
    json!([function("look", "Looks.", schema()), function("note", "", any_object())])
}

fn calls(first: &str, second: &str) -> Value {
    json!([{ "id": first, "name": "look", "arguments": { "id": 7 } }, { "id": second, "name": "note", "arguments": {} }])
}

fn openai_case() -> Case {
    Case {
        provider: "openai",
        tools: ("/tools", functions()),
        answer: json!({
            "id": "chatcmpl-1", "object": "chat.completion", "model": "m",
            "choices": [{ "index": 0, "finish_reason": "tool_calls", "message": {
                "role": "assistant", "content": null, "refusal": null, "annotations": [],
                "tool_calls": [
                    { "id": "call_a", "type": "function", "function": { "name": "look", "arguments": "{\"id\": 7}" } },
                    { "id": "call_b", "type": "function", "function": { "name": "note", "arguments": "" } },
                ],
            } }],
            "usage": { "prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15 },
        }),
        stored: json!({ "tool_calls": calls("call_a", "call_b") }),
        given_back: (
            "/messages",
            vec![
                json!({ "role": "assistant", "content": null, "tool_calls": [
                    { "id": "call_a", "type": "function", "function": { "name": "look", "arguments": "{\"id\":7}" } },
                    { "id": "call_b", "type": "function", "function": { "name": "note", "arguments": "{}" } },
                ] }),
                json!({ "role": "tool", "tool_call_id": "call_a", "content": "{\"found\":true}" }),
                json!({ "role": "tool", "tool_call_id": "call_b", "content": "Error: It is full." }),
            ],
        ),
    }
}

fn responses_case() -> Case {
    let call = |id: &str, call: &str, name: &str, arguments: &str| json!({ "id": id, "type": "function_call", "status": "completed", "call_id": call, "name": name, "arguments": arguments });
    let output = json!([
        { "id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": "gAAAA" },
        call("fc_1", "call_a", "look", "{\"id\": 7}"),
        { "id": "rs_2", "type": "reasoning", "summary": [], "encrypted_content": "gBBBB" },
        call("fc_2", "call_b", "note", ""),
    ]);
    let result =
        |call: &str, said: &str| json!({ "type": "function_call_output", "call_id": call, "output": said });
    let function = |name: &str, said: &str, schema: Value| json!({ "type": "function", "name": name, "description": said, "parameters": schema, "strict": false });
    let results = [result("call_a", "{\"found\":true}"), result("call_b", "Error: It is full.")];
    Case {
        provider: "responses",
        tools: ("/tools", json!([function("look", "Looks.", schema()), function("note", "", any_object())])),
        answer: json!({
            "id": "resp_1", "object": "response", "status": "completed", "error": null, "incomplete_details": null,
            "output": output, "usage": { "input_tokens": 10, "output_tokens": 5, "total_tokens": 15 },
        }),
        stored: json!({ "tool_calls": calls("call_a", "call_b"), "message": output }),
        given_back: ("/input", output.as_array().unwrap().iter().cloned().chain(results).collect()),
    }
}

fn anthropic_case() -> Case {
    Case {
        provider: "anthropic",
        tools: (
            "/tools",
            json!([
                { "name": "look", "description": "Looks.", "input_schema": schema() },
                { "name": "note", "description": "", "input_schema": any_object() },
            ]),
        ),
        answer: json!({
            "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "stop_reason": "tool_use",
            "content": [
                { "type": "thinking", "thinking": "Hm.", "signature": "c2ln" },
                { "type": "text", "text": "Let me look." },
                { "type": "tool_use", "id": "toolu_a", "name": "look", "input": { "id": 7 } },
                { "type": "tool_use", "id": "toolu_b", "name": "note", "input": {} },
            ],
            "usage": { "input_tokens": 10, "output_tokens": 5 },
        }),
        stored: json!({
            "text": "Let me look.", "tool_calls": calls("toolu_a", "toolu_b"),
            "message": [
                { "type": "thinking", "thinking": "Hm.", "signature": "c2ln" },
                { "type": "text", "text": "Let me look." },
                { "type": "tool_use", "id": "toolu_a", "name": "look", "input": { "id": 7 } },
                { "type": "tool_use", "id": "toolu_b", "name": "note", "input": {} },
            ],
        }),
        given_back: (
            "/messages",
            vec![
                json!({ "role": "assistant", "content": [
                    { "type": "thinking", "thinking": "Hm.", "signature": "c2ln" },
                    { "type": "text", "text": "Let me look." },
                    { "type": "tool_use", "id": "toolu_a", "name": "look", "input": { "id": 7 } },
                    { "type": "tool_use", "id": "toolu_b", "name": "note", "input": {} },
                ] }),
                json!({ "role": "user", "content": [
                    { "type": "tool_result", "tool_use_id": "toolu_a", "content": "{\"found\":true}" },
                    { "type": "tool_result", "tool_use_id": "toolu_b", "content": "Error: It is full.", "is_error": true },
                ] }),
            ],
        ),
    }
}

fn gemini_case() -> Case {
    Case {
        provider: "gemini",
        tools: (
            "/tools",
            json!([{ "functionDeclarations": [
                { "name": "look", "description": "Looks.", "parametersJsonSchema": schema() },
                { "name": "note", "description": "", "parametersJsonSchema": any_object() },
            ] }]),
        ),
        answer: json!({
            "candidates": [{ "finishReason": "STOP", "index": 0, "content": { "role": "model", "parts": [
                { "functionCall": { "name": "look", "args": { "id": 7 } }, "thoughtSignature": "c2ln" },
                { "functionCall": { "name": "note", "args": {} } },
            ] } }],
            "usageMetadata": { "promptTokenCount": 10, "candidatesTokenCount": 3, "thoughtsTokenCount": 2 },
        }),
        stored: json!({
            "tool_calls": calls("", ""),
            "message": [
                { "functionCall": { "name": "look", "args": { "id": 7 } }, "thoughtSignature": "c2ln" },
                { "functionCall": { "name": "note", "args": {} } },
            ],
        }),
        given_back: (
            "/contents",
            vec![
                json!({ "role": "model", "parts": [
                    { "functionCall": { "name": "look", "args": { "id": 7 } }, "thoughtSignature": "c2ln" },
                    { "functionCall": { "name": "note", "args": {} } },
                ] }),
                json!({ "role": "user", "parts": [
                    { "functionResponse": { "name": "look", "response": { "result": { "found": true } } } },
                    { "functionResponse": { "name": "note", "response": { "error": "It is full." } } },
                ] }),
            ],
        ),
    }
}

fn ollama_case() -> Case {
    Case {
        provider: "ollama",
        tools: ("/tools", functions()),
        answer: json!({
            "model": "m", "done": true, "done_reason": "stop", "prompt_eval_count": 10, "eval_count": 5,
            "message": { "role": "assistant", "content": "", "tool_calls": [
                { "function": { "name": "look", "arguments": { "id": 7 } } },
                { "function": { "name": "note", "arguments": {} } },
            ] },
        }),
        stored: json!({ "tool_calls": calls("", "") }),
        given_back: (
            "/messages",
            vec![
                json!({ "role": "assistant", "content": "", "tool_calls": [
                    { "function": { "name": "look", "arguments": { "id": 7 } } },
                    { "function": { "name": "note", "arguments": {} } },
                ] }),
                json!({ "role": "tool", "tool_name": "look", "content": "{\"found\":true}" }),
                json!({ "role": "tool", "tool_name": "note", "content": "Error: It is full." }),
            ],
        ),
    }
}

#[tokio::test]
async fn every_provider_is_offered_the_tools_and_its_answer_is_stored() {
    for case in cases() {
        let server = answering(&case.answer).await;

        let outcome = ask(&server, case.provider, turn(Vec::new(), None)).await;

        assert_eq!((outcome.used().input_tokens, outcome.used().output_tokens), (10, 5), "{}", case.provider);
        assert_eq!(result(outcome).unwrap(), case.stored, "{}", case.provider);
        assert_eq!(body(&server, 0).await.pointer(case.tools.0), Some(&case.tools.1), "{}", case.provider);
    }
}

#[tokio::test]
async fn every_provider_is_given_back_what_it_said_and_what_its_tools_returned() {
    for case in cases() {
        let server = answering(&case.answer).await;
        let past =
            Turn { answer: Payload::from_value(&case.stored), model: 0, results: results(), refusal: None };

        ask(&server, case.provider, turn(vec![past.clone()], None)).await;
        ask(&server, case.provider, turn(vec![past], Some("The model's response is empty."))).await;

        let (place, expected) = &case.given_back;
        let said = conversation(&body(&server, 0).await, place);
        assert_eq!(&said[said.len() - expected.len()..], expected, "{}", case.provider);
        let corrected = body(&server, 1).await.pointer(place).unwrap().to_string();
        assert!(
            corrected.contains("is empty. Respond again, and correct this."),
            "{}: {corrected}",
            case.provider
        );
        // What is asked later begins with what was asked before, so that providers can read it from their caches.
        assert_eq!(said[0], conversation(&body(&server, 1).await, place)[0], "{}", case.provider);
    }
}

#[tokio::test]
async fn every_provider_is_given_back_an_output_that_was_refused_and_why() {
    let (said, why) = ("So it is.", "It is rude. Respond again, and correct this.");
    let message = |role: &str, text: &str| json!({ "role": role, "content": text });
    let blocks =
        |role: &str, text: &str| json!({ "role": role, "content": [{ "type": "text", "text": text }] });
    let parts = |role: &str, text: &str| json!({ "role": role, "parts": [{ "text": text }] });
    for case in cases() {
        let server = answering(&case.answer).await;
        let answer = Payload::from_value(&json!({ "output": { "text": said } }));
        let past = Turn { answer, model: 0, results: Vec::new(), refusal: Some("It is rude.".into()) };

        ask(&server, case.provider, turn(vec![past], None)).await;

        let expected = match case.provider {
            "anthropic" => [blocks("assistant", said), blocks("user", why)],
            "gemini" => [parts("model", said), parts("user", why)],
            _ => [message("assistant", said), message("user", why)],
        };
        let all = conversation(&body(&server, 0).await, case.given_back.0);
        assert_eq!(&all[all.len() - 2..], expected, "{}", case.provider);
    }
}

#[tokio::test]
async fn streams_of_calls_are_put_together() {
    let openai = [
        json!({ "choices": [{ "delta": { "tool_calls": [{ "index": 0, "id": "call_a", "type": "function", "function": { "name": "look", "arguments": "" } }] } }] }),
        json!({ "choices": [{ "delta": { "tool_calls": [{ "index": 0, "function": { "arguments": "{\"id\"" } }] } }] }),
        json!({ "choices": [{ "delta": { "tool_calls": [{ "index": 1, "id": "call_b", "function": { "name": "note", "arguments": "{}" } }] } }] }),
        json!({ "choices": [{ "delta": { "tool_calls": [{ "index": 0, "function": { "arguments": ":7}" } }] } }] }),
        json!({ "choices": [{ "delta": {}, "finish_reason": "tool_calls" }], "usage": { "prompt_tokens": 10, "completion_tokens": 5 } }),
    ];
    let anthropic = [
        json!({ "type": "message_start", "message": { "usage": { "input_tokens": 10 } } }),
        json!({ "type": "content_block_start", "index": 0, "content_block": { "type": "tool_use", "id": "call_a", "name": "look", "input": {} } }),
        json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "input_json_delta", "partial_json": "{\"id\"" } }),
        json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "input_json_delta", "partial_json": ":7}" } }),
        json!({ "type": "content_block_start", "index": 1, "content_block": { "type": "tool_use", "id": "call_b", "name": "note", "input": {} } }),
        json!({ "type": "content_block_delta", "index": 1, "delta": { "type": "input_json_delta", "partial_json": "" } }),
        json!({ "type": "message_delta", "delta": { "stop_reason": "tool_use" }, "usage": { "output_tokens": 5 } }),
        json!({ "type": "message_stop" }),
    ];
    for (provider, pieces) in [("openai", &openai[..]), ("anthropic", &anthropic[..])] {
        let stream: String = pieces.iter().map(|piece| format!("data: {piece}\n\n")).collect();
        let server = MockServer::start().await;
        Mock::given(any())
            .respond_with(ResponseTemplate::new(200).set_body_string(stream))
            .mount(&server)
            .await;

        let stored = result(ask(&server, provider, turn(Vec::new(), None)).await).unwrap();

        let expected = json!([{ "id": "call_a", "name": "look", "arguments": { "id": 7 } }, { "id": "call_b", "name": "note", "arguments": {} }]);
        assert_eq!(stored["tool_calls"], expected, "{provider}");
    }
}

#[tokio::test]
async fn a_last_answer_is_the_output_of_the_skill() {
    let server = answering(&openai(json!({ "content": "All is well." }), "stop")).await;

    let stored = result(ask(&server, "openai", turn(Vec::new(), None)).await).unwrap();

    assert_eq!(stored, json!({ "output": { "text": "All is well." } }));
    assert_eq!(body(&server, 0).await["max_tokens"], 50);
}

#[tokio::test]
async fn answers_that_no_loop_can_go_on_with_fail_the_turn() {
    let call = |name: &str| json!({ "id": "a", "type": "function", "function": { "name": name, "arguments": "{}" } });
    let many: Vec<Value> = (0..33).map(|_| call("look")).collect();
    for (message, reason, said) in [
        (json!({ "tool_calls": many }), "tool_calls", "asks for 33 tools at once; at most 32 are allowed"),
        (json!({ "tool_calls": [call("")] }), "tool_calls", "asks for a tool without saying which"),
        (json!({ "content": "" }), "tool_calls", "a call of a tool, although it names none"),
        (json!({ "content": "x", "tool_calls": [call("look")] }), "length", "cut off at the token limit"),
        (json!({ "content": "" }), "stop", "is empty"),
    ] {
        let server = answering(&openai(message, reason)).await;

        let outcome = ask(&server, "openai", turn(Vec::new(), None)).await;

        assert_eq!(outcome.used().output_tokens, 5, "{said}");
        let failure = outcome.result.unwrap_err();
        assert_eq!(failure.class, ErrorClass::ModelOutput, "{said}");
        assert!(failure.message.contains(said), "{}", failure.message);
    }
}

#[tokio::test]
async fn a_tool_sends_its_request_and_returns_the_body() {
    let server = answering(&json!({ "found": true })).await;

    let found = result(call(&server, "look", &json!({ "id": 7 })).await).unwrap();

    assert_eq!(found, json!({ "found": true }));
    let request = &server.received_requests().await.unwrap()[0];
    assert_eq!(request.url.path(), "/things/7");
    assert_eq!(request.headers["authorization"], "Bearer sk-4711-key");
    assert_eq!(request.headers["idempotency-key"], "00000000-0000-0000-0000-000000000002:call:tool:1:0");
}

#[tokio::test]
async fn what_a_model_writes_reaches_no_other_address_and_no_secret() {
    let server = answering(&json!({})).await;

    for id in ["../../admin", "..%2fadmin?x=1#y", "${secrets.KEY}"] {
        result(call(&server, "note", &json!({ "id": id })).await).unwrap();
    }

    for request in server.received_requests().await.unwrap() {
        assert!(request.url.path().starts_with("/notes/"), "{}", request.url);
        assert_eq!(request.url.path().matches('/').count(), 2, "{}", request.url);
        assert!(!request.url.as_str().contains("4711"), "{}", request.url);
    }
}

#[tokio::test]
async fn calls_that_the_document_does_not_allow_are_refused_and_reach_nobody() {
    let server = answering(&json!({})).await;
    for (tool, arguments, said) in [
        ("delete_all", json!({}), "There is no tool `delete_all`. The tools are look, note."),
        ("look", json!("{\"id\":"), "The arguments of `look` are not JSON."),
        ("look", json!([1]), "The arguments of `look` are not a JSON object."),
        ("look", json!({ "id": "seven" }), "The arguments of `look` do not match its input schema: "),
        ("look", json!({}), "The arguments of `look` do not match its input schema: "),
    ] {
        let failure = call(&server, tool, &arguments).await.result.unwrap_err();

        assert_eq!(failure.class, ErrorClass::Validation, "{tool}");
        assert!(failure.message.starts_with(said), "{}", failure.message);
    }
    let failure = call(&server, "note", &json!({ "other": 1 })).await.result.unwrap_err();
    assert_eq!(failure.class, ErrorClass::Expression, "{}", failure.message);
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_tool_that_fails_says_why() {
    let server = MockServer::start().await;
    let refused = ResponseTemplate::new(404).set_body_json(json!({ "error": "no such thing" }));
    Mock::given(any()).respond_with(refused).mount(&server).await;

    let failure = call(&server, "look", &json!({ "id": 7 })).await.result.unwrap_err();

    assert_eq!((failure.class, failure.status), (ErrorClass::Rejected, Some(404)));
}

#[tokio::test]
async fn a_tool_asks_another_agent() {
    let server = answering(&openai(json!({ "content": "Guten Tag" }), "stop")).await;
    let task = tool_task("ask", Some(1));
    let work = Work { step: StepKey::new("tool:1:0"), ..work(task, &json!({ "text": "Hello" })) };

    let outcome = nodes_with_agent(&asking(&server, "translate")).perform(work).await;

    assert_eq!(outcome.used().output_tokens, 5);
    assert_eq!(result(outcome).unwrap(), json!({ "text": "Guten Tag" }));
    assert!(body(&server, 0).await.to_string().contains("Hello"));
}

#[tokio::test]
async fn a_tool_asks_for_no_skill_that_has_tools_itself() {
    let server = answering(&json!({})).await;
    let nodes = nodes_with_agent(&asking(&server, "research"));

    let asked = nodes.perform(work(turn_task(turn(Vec::new(), None)), &json!({}))).await.result.unwrap_err();
    let called = nodes.perform(work(tool_task("ask", Some(1)), &json!({}))).await.result.unwrap_err();

    assert_eq!(asked.class, ErrorClass::Configuration);
    assert!(asked.message.contains("which takes more than one call"), "{}", asked.message);
    assert_eq!(called.class, ErrorClass::Configuration);
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_skill_with_tools_is_no_single_call() {
    let server = answering(&json!({})).await;

    let failure = nodes_with_agent(&agent(&server, "openai"))
        .perform(skill_work("research", &json!({})))
        .await
        .result
        .unwrap_err();

    assert_eq!(failure.class, ErrorClass::Configuration);
    assert!(failure.message.contains("has tools"), "{}", failure.message);
}

fn results() -> Vec<Result<Payload, Arc<str>>> {
    vec![Ok(Payload::from_value(&json!({ "found": true }))), Err("It is full.".into())]
}

fn conversation(body: &Value, place: &str) -> Vec<Value> {
    body.pointer(place).and_then(Value::as_array).cloned().unwrap_or_default()
}

pub(crate) fn openai(mut message: Value, reason: &str) -> Value {
    message["role"] = "assistant".into();
    json!({ "choices": [{ "message": message, "finish_reason": reason }], "usage": { "prompt_tokens": 10, "completion_tokens": 5 } })
}

pub(crate) async fn answering(answer: &Value) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(200).set_body_json(answer)).mount(&server).await;
    server
}

pub(crate) async fn body(server: &MockServer, number: usize) -> Value {
    serde_json::from_slice(&server.received_requests().await.unwrap()[number].body).unwrap()
}

pub(crate) fn turn(turns: Vec<Turn>, correction: Option<&str>) -> NextTurn {
    NextTurn {
        model: 0,
        agent_id: AgentId::new(Uuid::from_u128(7)),
        version: None,
        skill: "research".into(),
        asked: BTreeMap::new(),
        flows: BTreeMap::new(),
        turns,
        tokens_max: Some(50),
        correction: correction.map(Arc::from),
    }
}

fn turn_task(turn: NextTurn) -> Task {
    Task::Turn(Box::new(turn))
}

fn tool_task(tool: &str, asked_version: Option<u32>) -> Task {
    let agent_id = AgentId::new(Uuid::from_u128(7));
    Task::Tool {
        agent_id,
        version: None,
        skill: "research".into(),
        tool: tool.into(),
        asked_version,
        refusal: None,
    }
}

pub(crate) fn turn_work(turn: NextTurn) -> Work {
    Work { step: StepKey::new("turn:1"), ..work(turn_task(turn), &json!({ "question": "What?" })) }
}

async fn ask(server: &MockServer, provider: &str, turn: NextTurn) -> Outcome {
    nodes_with_agent(&agent(server, provider)).perform(turn_work(turn)).await
}

pub(crate) fn tool_work(tool: &str, arguments: &Value) -> Work {
    let plain = work(tool_task(tool, None), &json!({}));
    Work { step: StepKey::new("tool:1:0"), input: Payload::from_value(arguments), ..plain }
}

async fn call(server: &MockServer, tool: &str, arguments: &Value) -> Outcome {
    nodes_with_agent(&agent(server, "openai")).perform(tool_work(tool, arguments)).await
}

fn agent(server: &MockServer, provider: &str) -> Value {
    let look = json!({
        "name": "look", "description": "Looks.", "type": "http_request", "input_schema": schema(),
        "request": { "url": format!("{}/things/${{input.id}}", server.uri()),
                     "headers": { "authorization": "Bearer ${secrets.KEY}" } },
    });
    let note = json!({
        "name": "note", "type": "http_request",
        "request": { "method": "PUT", "url": format!("{}/notes/${{input.id}}", server.uri()), "body": "${input}" },
    });
    with_tools(server, provider, json!([look, note]))
}

fn asking(server: &MockServer, skill: &str) -> Value {
    let tool = json!({ "name": "ask", "type": "skill", "agent_id": Uuid::from_u128(7), "skill": skill });
    with_tools(server, "openai", json!([tool]))
}

pub(crate) fn with_tools(server: &MockServer, provider: &str, tools: Value) -> Value {
    json!({
        "name": "Researcher", "agent_type": "llm",
        "config": speaking(provider, &server.uri()),
        "skills": [{ "name": "research", "instructions": "Find it out.", "tools": tools }, "translate"],
    })
}
