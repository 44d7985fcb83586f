//! Streams of models that stall, break, repeat themselves or report an error, and what is kept of them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use steadflow_core::failure::ErrorClass;
use steadflow_core::ids::StepKey;
use steadflow_core::live::{TextKind, TextSink, TextSinks};
use steadflow_core::work::{CallKey, Work};
use tokio::io::AsyncWriteExt;

use crate::models::{Model, agent, answer};
use crate::peers;
use crate::support::{nodes_heard_by, nodes_with_agent, result, skill_work};

const STREAM: &str = "Content-Type: text/event-stream";

fn events(pieces: &[Value]) -> String {
    pieces.iter().map(|piece| format!("data: {piece}\n\n")).collect()
}

fn delta(delta: &Value) -> Value {
    json!({ "choices": [{ "index": 0, "delta": delta, "finish_reason": null }] })
}

#[tokio::test]
async fn a_stream_that_stalls_ends_the_attempt_and_keeps_what_came() {
    let hello = events(&[delta(&json!({ "content": "hel" }))]);
    for (sent, kept) in [(Some(hello), json!("hel")), (None, json!(null))] {
        let address = peers::listening(move |mut peer| {
            let sent = sent.clone();
            async move {
                peers::read_request(&mut peer).await;
                if let Some(sent) = sent {
                    let head = format!("HTTP/1.1 200 OK\r\n{STREAM}\r\n\r\n{sent}");
                    let _ = peer.write_all(head.as_bytes()).await;
                }
                std::future::pending::<()>().await;
            }
        })
        .await;
        let mut document = agent(address, "openai", None);
        document["config"]["idle_timeout_seconds"] = json!(1);
        let work = Work { has_own_timeout: true, ..skill_work("ask", &json!("hi")) };

        let failure = result(nodes_with_agent(&document).perform(work).await).unwrap_err();

        assert_eq!(failure.class, ErrorClass::Timeout, "{}", failure.message);
        let said = "sent nothing for 1 seconds. Set `idle_timeout_seconds` of the agent";
        assert!(failure.message.contains(said), "{}", failure.message);
        let body = failure.body.map(|body| body.to_value().unwrap()).unwrap_or_default();
        assert_eq!(body, kept);
    }
}

#[tokio::test]
async fn an_error_inside_a_stream_is_that_of_its_status_and_what_came_and_was_used_is_kept() {
    let begun = json!({ "type": "message_start", "message": { "usage": { "input_tokens": 5, "cache_read_input_tokens": 20, "output_tokens": 1 } } });
    let block =
        json!({ "type": "content_block_start", "index": 0, "content_block": { "type": "text", "text": "" } });
    let text = json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "text_delta", "text": "Hello" } });
    let error = json!({ "type": "error", "error": { "type": "overloaded_error", "message": "Overloaded" } });
    let body = events(&[begun, block, text, error]);
    let model =
        Model::answering(vec![answer("200 OK", &format!("{STREAM}\r\nRetry-After: 7"), &body)], |address| {
            agent(address, "anthropic", None)
        })
        .await;

    let outcome = model.ask().await;

    let used = outcome.used();
    assert_eq!(
        (used.input_tokens, used.cached_input_tokens, used.cache_write_tokens, used.output_tokens),
        (25, 20, 0, 1)
    );
    let failure = result(outcome).unwrap_err();
    assert_eq!((failure.class, failure.status), (ErrorClass::Unavailable, Some(529)));
    assert_eq!(failure.retry_after, Some(Duration::from_secs(7)));
    assert_eq!(failure.body.unwrap().to_value().unwrap(), json!("Hello"));
}

#[tokio::test]
async fn a_secret_that_is_cut_into_pieces_is_masked() {
    let pieces = [
        delta(&json!({ "content": "It is k-4711" })),
        delta(&json!({ "content": "-canary" })),
        json!({ "choices": [{ "delta": {}, "finish_reason": "stop" }], "usage": {} }),
    ];
    let body = events(&pieces) + "data: [DONE]\n\n";
    let model = Model::answering(vec![answer("200 OK", STREAM, &body)], |address| {
        let mut agent = agent(address, "openai", None);
        agent["config"]["api_key"] = json!("k-4711-canary");
        agent
    })
    .await;

    assert_eq!(result(model.ask().await), Ok(json!({ "text": "It is ••••" })));
}

/// What was heard of models.
#[derive(Clone, Debug, Default)]
struct Recorder(Arc<Mutex<[String; 2]>>);

impl TextSinks for Recorder {
    fn sink(&self, _: CallKey) -> Box<dyn TextSink> {
        Box::new(self.clone())
    }
}

impl TextSink for Recorder {
    fn push(&mut self, kind: TextKind, piece: &str) {
        self.0.lock().unwrap()[kind as usize].push_str(piece);
    }

    fn restart(&mut self) {
        *self.0.lock().unwrap() = Default::default();
    }
}

#[tokio::test]
async fn what_is_heard_of_a_stream_is_the_text_that_is_returned_and_nothing_of_an_agent_that_a_tool_asks() {
    let texts =
        [" <think>k-4711-", "canary</think>\n", "It is k-47", "11-canary, ", "and ", "not k-47", "12. "];
    let deltas = texts.map(|text| delta(&json!({ "content": text })));
    let end = json!({ "choices": [{ "delta": {}, "finish_reason": "stop" }], "usage": {} });
    let body = events(&deltas) + &events(&[end]) + "data: [DONE]\n\n";
    let said = "It is ••••, and not k-4712.";
    for (step, heard) in [(StepKey::ONLY, [said, "••••"]), (StepKey::new("tool:1:0"), ["", ""])] {
        let (address, _) = peers::scripted(vec![answer("200 OK", STREAM, &body)]).await;
        let mut document = agent(address, "openai", None);
        document["config"]["api_key"] = json!("k-4711-canary");
        let texts = Recorder::default();
        let nodes = nodes_heard_by(&document, Arc::new(texts.clone()));

        let outcome = nodes.perform(Work { step, ..skill_work("ask", &json!("hi")) }).await;

        assert_eq!(result(outcome), Ok(json!({ "text": said })));
        assert_eq!(*texts.0.lock().unwrap(), heard);
    }
}

#[tokio::test]
async fn a_long_stream_is_limited_by_what_is_kept_of_it() {
    let pad = "x".repeat(2_000);
    let small = json!({ "id": pad, "choices": [{ "index": 0, "delta": { "content": "a" } }] });
    let large = json!({ "choices": [{ "index": 0, "delta": { "content": "a".repeat(60_000) } }] });
    let end = json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": "stop" }] });
    let stream = |piece: &Value, count| {
        events(&vec![piece.clone(); count]) + &events(std::slice::from_ref(&end)) + "data: [DONE]\n\n"
    };
    for (body, is_read) in [(stream(&small, 4_000), true), (stream(&large, 100), false)] {
        let model =
            Model::answering(vec![answer("200 OK", STREAM, &body)], |address| agent(address, "openai", None))
                .await;

        let result = result(model.ask().await);

        match result {
            Ok(output) => assert!(is_read && output["text"].as_str().unwrap().len() == 4_000),
            Err(failure) => {
                assert!(!is_read, "{}", failure.message);
                assert_eq!(failure.class, ErrorClass::OutputTooLarge, "{}", failure.message);
            }
        }
    }
}

#[tokio::test]
async fn pieces_that_are_out_of_order_or_come_twice_fail_by_name() {
    let call = |index: u64, id: &str| {
        let function = json!({ "name": "look", "arguments": "{}" });
        delta(&json!({ "tool_calls": [{ "index": index, "id": id, "function": function }] }))
    };
    let stop = |reason: &str| json!({ "choices": [{ "delta": {}, "finish_reason": reason }] });
    let begin = |index: u64| json!({ "type": "content_block_start", "index": index, "content_block": { "type": "text", "text": "" } });
    let more = |index: u64, kind: &str| json!({ "type": "content_block_delta", "index": index, "delta": { "type": kind, "text": "a" } });
    let start = json!({ "type": "message_start", "message": {} });
    let end = json!({ "type": "content_block_stop", "index": 0 });
    for (provider, pieces, said) in [
        ("openai", vec![call(1, "a"), call(0, "b")], "the beginning of tool call 0 behind that of 1"),
        ("openai", vec![call(0, "a"), call(1, "a")], "the tool call `a` at two places"),
        ("openai", (0..257).map(|index| call(index, "")).collect(), "more than 256 tool calls"),
        ("openai", vec![stop("length"), stop("stop")], "two reasons to stop, `length` and `stop`"),
        (
            "openai",
            vec![delta(&json!({})), json!({ "choices": [{ "index": 1, "delta": {} }] })],
            "choice 1 beside choice 0",
        ),
        ("openai", vec![json!({ "hello": 1 })], "has no `choices`"),
        (
            "openai",
            vec![stop("stop"), delta(&json!({ "content": "a" })), json!({ "usage": { "prompt_tokens": 1 } })],
            "without `[DONE]`",
        ),
        ("anthropic", vec![start.clone(), start.clone()], "`message_start` twice"),
        ("anthropic", vec![start.clone(), begin(1)], "block 1 where that of 0 was due"),
        ("anthropic", vec![begin(0), begin(0)], "block 0 where that of 1 was due"),
        ("anthropic", vec![begin(0), more(1, "text_delta")], "block 1, which has not begun"),
        ("anthropic", vec![begin(0), end.clone(), more(0, "text_delta")], "block 0, which had ended"),
        ("anthropic", vec![begin(0), end.clone(), end], "block 0, which had ended"),
        ("anthropic", vec![begin(0), more(0, "sound_delta")], "`sound_delta`, which Steadflow does not know"),
        ("gemini", vec![json!({ "hello": 1 })], "without `candidates`"),
        ("ollama", vec![json!({ "hello": 1 }), json!({ "done": true })], "without a `message`"),
    ] {
        let body = events(&pieces);
        let model =
            Model::answering(vec![answer("200 OK", STREAM, &body)], |address| agent(address, provider, None))
                .await;

        let failure = result(model.ask().await).unwrap_err();

        assert_eq!(failure.class, ErrorClass::Unavailable, "{provider}: {}", failure.message);
        assert!(failure.message.contains(said), "{provider}: {said}: {}", failure.message);
        assert!(failure.message.ends_with("set `stream` of the agent to false."), "{}", failure.message);
    }
}
