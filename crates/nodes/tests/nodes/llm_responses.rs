//! OpenAI's responses API: what is sent, what is given back, and streams that are not what they should be.

use serde_json::{Value, json};
use steadflow_core::failure::ErrorClass::{self, Rejected, Unavailable};
use steadflow_core::payload::Payload;
use steadflow_core::work::Turn;

use crate::models::{Model, agent, answer, json_answer, ok, schema, speaking};
use crate::support::{nodes_with_agent, result};
use crate::tools::{answering, turn, turn_work, with_tools};

const STREAM: &str = "Content-Type: text/event-stream";

fn completed(output: &Value) -> Value {
    json!({ "id": "resp_1", "object": "response", "status": "completed", "output": output,
        "usage": { "input_tokens": 5, "output_tokens": 3 } })
}

fn says(text: &str) -> Value {
    json!({ "id": "msg_1", "type": "message", "role": "assistant", "status": "completed",
        "content": [{ "type": "output_text", "text": text, "annotations": [] }] })
}

#[tokio::test]
async fn a_request_has_the_whole_conversation_and_the_provider_is_asked_to_keep_nothing() {
    let reply = ok(&completed(&json!([says("{\"risk\":5}")])));
    let model = Model::answering(vec![reply], |address| {
        let mut agent = agent(address, "responses", Some(schema()));
        agent["config"]["temperature"] = json!(0.5);
        agent["config"]["extra_body"] =
            json!({ "reasoning": { "effort": "low" }, "text": { "verbosity": "low" } });
        agent["skills"][0]["max_tokens"] = json!(99);
        agent
    })
    .await;

    let output = result(model.ask().await);

    assert_eq!(output, Ok(json!({ "risk": 5 })));
    let (head, mut body) = model.requests().pop().unwrap();
    assert!(head.starts_with("POST /responses ") && head.to_lowercase().contains("authorization: bearer k1"));
    let instructions = body.as_object_mut().unwrap().remove("instructions").unwrap();
    assert!(instructions.as_str().unwrap().starts_with("Answer.\n\nRespond only with JSON"));
    let format = json!({ "type": "json_schema", "name": "answer", "schema": schema(), "strict": false });
    assert_eq!(
        body,
        json!({ "model": "m", "input": [{ "role": "user", "content": "hi" }], "stream": true, "store": false,
            "include": ["reasoning.encrypted_content"], "temperature": 0.5, "max_output_tokens": 99,
            "text": { "format": format, "verbosity": "low" }, "reasoning": { "effort": "low" } })
    );
}

#[tokio::test]
async fn what_only_the_provider_could_know_is_not_given_back() {
    let call = |id: &str| json!({ "type": "function_call", "call_id": id, "name": "look", "arguments": "{\"id\":7}", "status": "completed" });
    let bare = json!({ "id": "rs_1", "type": "reasoning", "summary": [] });
    let open = json!({ "id": "rs_2", "type": "reasoning", "summary": [], "content": [{ "type": "reasoning_text", "text": "Hm" }] });
    let mut phased = says("Let me look.");
    phased["phase"] = json!("commentary");
    for (output, text, message) in [
        (json!([bare, says("Let me look."), call("a")]), "Let me look.", None),
        (json!([bare, open, call("a")]), "", Some(json!([open, call("a")]))),
        (json!([phased, call("a")]), "Let me look.", Some(json!([phased, call("a")]))),
    ] {
        let server = answering(&completed(&output)).await;
        let agent = with_tools(&server, "responses", json!([look(&server.uri())]));

        let stored =
            result(nodes_with_agent(&agent).perform(turn_work(turn(Vec::new(), None))).await).unwrap();

        let text = Some(text).filter(|text| !text.is_empty()).map(|text| json!(text));
        assert_eq!(
            (stored.get("text"), stored.get("message")),
            (text.as_ref(), message.as_ref()),
            "{output}"
        );
    }
}

#[tokio::test]
async fn an_item_that_nobody_asked_for_fails_the_turn_also_beside_calls() {
    let call = json!({ "type": "function_call", "call_id": "a", "name": "look", "arguments": "{}" });
    let server = answering(&completed(&json!([{ "type": "code_interpreter_call" }, call]))).await;
    let agent = with_tools(&server, "responses", json!([look(&server.uri())]));

    let outcome = nodes_with_agent(&agent).perform(turn_work(turn(Vec::new(), None))).await;

    let failure = outcome.result.unwrap_err();
    assert_eq!(failure.class, ErrorClass::ModelOutput);
    assert!(failure.message.contains("an item of type `code_interpreter_call`"), "{}", failure.message);
}

#[tokio::test]
async fn ids_of_what_a_server_did_not_keep_are_left_out_once_it_looks_for_them() {
    let lost = json!({ "error": { "message": "Item with id 'rs_1' not found. Items are not persisted when `store` is set to false. Try again with `store` set to true, or remove this item from your input.", "type": "invalid_request_error", "param": "input" } });
    let given_back = json!([
        { "id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": "gAAAA" },
        { "id": "fc_1", "type": "function_call", "call_id": "a", "name": "look", "arguments": "{}" },
    ]);
    let stored =
        json!({ "tool_calls": [{ "id": "a", "name": "look", "arguments": {} }], "message": given_back });
    for status in ["400 Bad Request", "404 Not Found"] {
        let answers = vec![json_answer(status, &lost), ok(&completed(&json!([says("Fine.")])))];
        let (address, requests) = crate::peers::scripted(answers).await;
        let url = format!("http://{address}");
        let agent = json!({ "name": "a", "agent_type": "llm", "config": speaking("responses", &url),
            "skills": [{ "name": "research", "tools": [look(&url)] }] });
        let results = vec![Ok(Payload::from_value(&json!({})))];
        let past = Turn { answer: Payload::from_value(&stored), model: 0, results, refusal: None };

        let output = result(nodes_with_agent(&agent).perform(turn_work(turn(vec![past], None))).await);

        assert_eq!(output, Ok(json!({ "output": { "text": "Fine." } })), "{status}");
        let sent: Vec<Value> =
            requests.lock().unwrap().iter().map(|one| serde_json::from_slice(&one.body).unwrap()).collect();
        let ids = |body: &Value| {
            body["input"].as_array().unwrap().iter().filter(|item| item.get("id").is_some()).count()
        };
        assert_eq!(sent.iter().map(ids).collect::<Vec<_>>(), [2, 0], "{status}");
        assert_eq!(sent[1]["input"][1]["encrypted_content"], "gAAAA");
    }
}

#[tokio::test]
async fn streams_that_contradict_themselves_are_no_answers() {
    let begun = json!({ "type": "response.output_item.added", "output_index": 0, "item": { "type": "message", "content": [] } });
    let delta = |place: usize, text: &str| json!({ "type": "response.output_text.delta", "output_index": place, "delta": text });
    let done = |place: usize| json!({ "type": "response.output_item.done", "output_index": place, "item": says("Hello") });
    let end = |output: Value| json!({ "type": "response.completed", "response": completed(&output) });
    for (events, said) in [
        (vec![delta(0, "x")], "streamed a part of item 0, which has not begun"),
        (vec![begun.clone(), begun.clone()], "the beginning of item 0 where that of 1 was due"),
        (vec![begun.clone(), done(0), delta(0, "x")], "a part of item 0, which had ended"),
        (vec![begun.clone(), done(0)], "ended its stream without `response.completed`"),
        (vec![begun.clone(), delta(0, "Hello"), end(json!([]))], "ended its stream inside item 0"),
        (
            vec![begun.clone(), done(0), end(json!([says("Hello"), says("x")]))],
            "streamed 1 items, but its end has 2",
        ),
        (
            vec![begun.clone(), delta(0, "Hel"), end(json!([says("Hello")]))],
            "streamed another text of item 0 than its end has",
        ),
        (vec![json!({ "output_index": 0 })], "an event without a type"),
        (vec![json!({ "type": "response.completed" })], "streamed `response.completed` without a response"),
        (
            vec![json!({ "type": "response.output_item.added", "output_index": 0, "item": 5 })],
            "an item that is no object",
        ),
    ] {
        let failure = streamed(&events).await.unwrap_err();

        assert_eq!(failure.class, Unavailable, "{said}");
        assert!(failure.message.contains(said), "{}", failure.message);
    }
}

#[tokio::test]
async fn a_stream_without_items_at_its_end_or_with_new_events_is_read() {
    let begun = json!({ "type": "response.output_item.added", "output_index": 0, "item": { "type": "message", "content": [] } });
    let done = json!({ "type": "response.output_item.done", "output_index": 0, "item": says("Hello") });
    let new = json!({ "type": "response.something.new", "output_index": 9 });
    let end = json!({ "type": "response.completed", "response": completed(&json!([])) });

    let output = streamed(&[begun, new, done, end]).await;

    assert_eq!(output, Ok(json!({ "text": "Hello" })));
}

#[tokio::test]
async fn errors_inside_a_stream_have_the_class_of_their_code() {
    let failed = |code: &str| json!({ "type": "response.failed", "response": { "status": "failed", "output": [], "error": { "code": code, "message": "Oh" } } });
    for (event, class, said) in [
        (failed("server_error"), Unavailable, "ended its stream with an error (server_error): Oh"),
        (failed("rate_limit_exceeded"), ErrorClass::RateLimited, "(rate_limit_exceeded): Oh"),
        (failed("invalid_prompt"), Rejected, "(invalid_prompt): Oh"),
        (
            json!({ "type": "error", "code": "insufficient_quota", "message": "Oh", "param": null }),
            Rejected,
            "(insufficient_quota): Oh",
        ),
        (
            json!({ "type": "error", "error": { "type": "server_error", "message": "Oh" } }),
            Unavailable,
            "(server_error): Oh",
        ),
    ] {
        let failure = streamed(&[event]).await.unwrap_err();

        assert_eq!(failure.class, class, "{said}");
        assert!(failure.message.contains(said), "{}", failure.message);
    }
}

#[tokio::test]
async fn a_stream_that_is_cut_off_or_filtered_says_so_and_keeps_what_came() {
    let begun = json!({ "type": "response.output_item.added", "output_index": 0, "item": { "type": "message", "content": [] } });
    let delta = json!({ "type": "response.output_text.delta", "output_index": 0, "delta": "Hel" });
    for (reason, said) in [
        ("max_output_tokens", "cut off at the token limit"),
        ("content_filter", "refused to respond: content_filter"),
    ] {
        let response = json!({ "status": "incomplete", "incomplete_details": { "reason": reason }, "output": [],
            "usage": { "input_tokens": 5, "output_tokens": 3 } });
        let end = json!({ "type": "response.incomplete", "response": response });

        let failure = streamed(&[begun.clone(), delta.clone(), end]).await.unwrap_err();

        assert_eq!(failure.class, ErrorClass::ModelOutput);
        assert!(failure.message.contains(said), "{}", failure.message);
        assert_eq!(failure.body.unwrap().to_value().unwrap(), json!("Hel"));
    }
}

/// Asks a model that streams these events for text.
async fn streamed(events: &[Value]) -> Result<Value, steadflow_core::failure::Failure> {
    let body: String = events.iter().map(|event| format!("event: x\ndata: {event}\n\n")).collect();
    let model =
        Model::answering(vec![answer("200 OK", STREAM, &body)], |address| agent(address, "responses", None))
            .await;
    result(model.ask().await)
}

fn look(url: &str) -> Value {
    json!({ "name": "look", "type": "http_request", "request": { "url": format!("{url}/things") } })
}
