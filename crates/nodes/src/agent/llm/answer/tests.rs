//! Streams as the documentation of the providers shows them, cut anywhere.

mod documented;

use bytes::Bytes;
use serde_json::json;
use steadflow_core::live::{TextKind, TextSink};

use self::documented::documented;
use super::*;
use crate::agent::llm::stop::Stop;
use crate::agent::llm::think;
use crate::egress::Framing as _;
use crate::secrets::Scrubbers;

#[test]
fn a_stream_is_the_answer_that_is_given_without_one_whatever_pieces_it_arrives_in() {
    for (protocol, stream, answer) in documented() {
        let whole = read(protocol, &[answer.to_string().as_bytes()]).unwrap();
        assert!(matches!(whole.stop, Stop::Tools(_) | Stop::Done), "{}: {:?}", protocol.name(), whole.stop);
        assert!(whole.calls.as_ref().is_ok_and(|calls| !calls.is_empty()) && whole.input_tokens > 0);

        for at in 0..=stream.len() {
            let (first, second) = stream.as_bytes().split_at(at);
            assert_eq!(read(protocol, &[first, second]).unwrap(), whole, "{} cut at {at}", protocol.name());
        }
        for size in 1..64 {
            let pieces: Vec<&[u8]> = stream.as_bytes().chunks(size).collect();
            assert_eq!(read(protocol, &pieces).unwrap(), whole, "{} by {size}", protocol.name());
        }
    }
}

#[test]
fn a_stream_that_ends_early_is_never_an_answer() {
    for (protocol, stream, _) in documented() {
        // The last event may lack its blank line, and the end mark of OpenAI may be missing behind the usage.
        let end = stream.trim_end().len()
            - if protocol == Protocol::ChatCompletions { "data: [DONE]".len() + 3 } else { 0 };
        for at in 0..end {
            let failure = read(protocol, &[&stream.as_bytes()[..at]]).unwrap_err();

            let retried = [ErrorClass::Unavailable, ErrorClass::ModelOutput];
            assert!(retried.contains(&failure.class), "{} cut at {at}: {failure:?}", protocol.name());
        }
    }
}

#[test]
fn what_is_passed_on_of_a_stream_is_its_text_and_its_reasoning_whatever_pieces_it_arrives_in() {
    let thought = |protocol| match protocol {
        Protocol::ChatCompletions => "",
        Protocol::Responses => "Hm\n\nSo",
        Protocol::Anthropic => "I need to look 🦀",
        Protocol::Gemini | Protocol::Ollama => "Hm",
    };
    for (protocol, stream, answer) in documented() {
        let whole = read(protocol, &[answer.to_string().as_bytes()]).unwrap();
        let text = think::without(whole.text.as_deref().unwrap()).answer;
        assert!(text.contains('🦀') || protocol == Protocol::Anthropic, "{text}");
        for size in 1..64 {
            let heard = Recorder::default();
            let pieces: Vec<&[u8]> = stream.as_bytes().chunks(size).collect();

            read_aloud(protocol, &pieces, heard.clone()).unwrap();

            let heard = heard.0.lock().unwrap().clone();
            assert_eq!(heard, [text, thought(protocol)], "{} by {size}", protocol.name());
        }
    }
}

#[test]
fn what_is_passed_on_of_a_stream_that_breaks_is_its_beginning() {
    for (protocol, stream, answer) in documented() {
        let whole = read(protocol, &[answer.to_string().as_bytes()]).unwrap();
        let text = think::without(whole.text.as_deref().unwrap()).answer;
        let mut longest = 0;
        for at in 0..stream.len() {
            let heard = Recorder::default();

            let _ = read_aloud(protocol, &[&stream.as_bytes()[..at]], heard.clone());

            let heard = heard.0.lock().unwrap().clone();
            assert!(text.starts_with(&heard[0]), "{} cut at {at}: {heard:?}", protocol.name());
            longest = longest.max(heard[0].len());
        }
        assert_eq!(longest, text.len(), "it comes before the end of the stream");
    }
}

/// What texts are made of: tags, secrets in several forms, escapes, white space and characters of several bytes.
const FRAGMENTS: [&str; 14] = [
    "<think>k-4711-canary</think>",
    "<think>",
    "k-4711-",
    "canary",
    "k%2D4711-",
    r"\u006b-4711-canary",
    "&amp;",
    " ",
    "\n",
    "Grüß dich",
    "🦀",
    "<th",
    "{\"a\": 1}",
    "K - 4711",
];

/// Returns a text, and the pieces in which it comes.
fn made_up(seed: u64) -> (String, Vec<String>) {
    let mut state = seed;
    let mut below = |bound: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % bound
    };
    let text: String = (0..1 + below(12)).map(|_| FRAGMENTS[below(FRAGMENTS.len())]).collect();
    let mut pieces = vec![String::new()];
    for character in text.chars() {
        pieces.last_mut().unwrap().push(character);
        if below(4) == 0 {
            pieces.push(String::new());
        }
    }
    (text, pieces)
}

/// Returns a stream that says a text in pieces.
fn saying(protocol: Protocol, pieces: &[String]) -> String {
    let event = |data: &Value| format!("data: {data}\n\n");
    let line = |data: &Value| format!("{data}\n");
    let said = |piece: &dyn Fn(&str) -> Value| pieces.iter().map(|text| piece(text)).collect::<Vec<Value>>();
    match protocol {
        Protocol::ChatCompletions => {
            let delta = |delta: Value, reason: Value| json!({ "choices": [{ "index": 0, "delta": delta, "finish_reason": reason }] });
            let said = said(&|text| delta(json!({ "content": text }), Value::Null));
            let all = said.into_iter().chain([delta(json!({}), json!("stop"))]);
            all.map(|piece| event(&piece)).collect::<String>() + "data: [DONE]\n\n"
        }
        Protocol::Responses => {
            let message = |text: &str| json!({ "type": "message", "content": [{ "type": "output_text", "text": text }] });
            let begun =
                json!({ "type": "response.output_item.added", "output_index": 0, "item": message("") });
            let said = said(
                &|text| json!({ "type": "response.output_text.delta", "output_index": 0, "delta": text }),
            );
            let end = json!({ "type": "response.completed", "response": { "status": "completed", "output": [message(&pieces.concat())] } });
            [&begun].into_iter().chain(&said).chain([&end]).map(event).collect()
        }
        Protocol::Anthropic => {
            let begun = [
                json!({ "type": "message_start", "message": {} }),
                json!({ "type": "content_block_start", "index": 0, "content_block": { "type": "text", "text": "" } }),
            ];
            let said = said(
                &|text| json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "text_delta", "text": text } }),
            );
            let end = [
                json!({ "type": "message_delta", "delta": { "stop_reason": "end_turn" } }),
                json!({ "type": "message_stop" }),
            ];
            begun.iter().chain(&said).chain(&end).map(event).collect()
        }
        Protocol::Gemini => {
            let said =
                said(&|text| json!({ "candidates": [{ "content": { "parts": [{ "text": text }] } }] }));
            let end = json!({ "candidates": [{ "finishReason": "STOP" }] });
            said.iter().chain([&end]).map(event).collect()
        }
        Protocol::Ollama => {
            let said = said(&|text| json!({ "message": { "content": text }, "done": false }));
            let end = json!({ "message": { "content": "" }, "done": true, "done_reason": "stop" });
            said.iter().chain([&end]).map(line).collect()
        }
    }
}

#[test]
fn what_is_passed_on_of_any_text_is_what_is_stored_of_it() {
    let scrubber = Scrubbers::default().of(vec!["k-4711-canary".to_owned()]);
    for seed in 0..300 {
        let (text, pieces) = made_up(seed);
        for protocol in [
            Protocol::ChatCompletions,
            Protocol::Responses,
            Protocol::Anthropic,
            Protocol::Gemini,
            Protocol::Ollama,
        ] {
            let (stream, heard) = (saying(protocol, &pieces), Recorder::default());

            let reply = read_masked(protocol, &[stream.as_bytes()], heard.clone(), &scrubber).unwrap();

            let stored = reply.text.unwrap();
            let heard = heard.0.lock().unwrap().clone();
            assert_eq!(heard[0], think::without(&stored).answer, "{seed} {}: {text:?}", protocol.name());
            assert!(!heard.concat().to_lowercase().contains("k-4711-canary"), "{heard:?}");
        }
    }
}

/// What was passed on: text and reasoning.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<[String; 2]>>);

impl TextSink for Recorder {
    fn push(&mut self, kind: TextKind, piece: &str) {
        assert!(!piece.is_empty());
        self.0.lock().unwrap()[kind as usize].push_str(piece);
    }

    fn restart(&mut self) {
        *self.0.lock().unwrap() = Default::default();
    }
}

/// Reads a response with tools that arrives in these pieces.
fn read(protocol: Protocol, pieces: &[&[u8]]) -> Result<Reply, Failure> {
    read_aloud(protocol, pieces, Recorder::default())
}

/// Reads a response with tools that arrives in these pieces, and passes on what comes of a stream.
fn read_aloud(protocol: Protocol, pieces: &[&[u8]], heard: Recorder) -> Result<Reply, Failure> {
    read_masked(protocol, pieces, heard, &Arc::default())
}

/// Does the same with secrets.
fn read_masked(
    protocol: Protocol,
    pieces: &[&[u8]],
    heard: Recorder,
    scrubber: &Arc<Scrubber>,
) -> Result<Reply, Failure> {
    let from = From {
        protocol,
        has_tools: true,
        speech: Speech::new(Box::new(heard), scrubber),
        peer: "model.test".to_owned(),
        headers: HeaderMap::new(),
        scrubber: Arc::clone(scrubber),
    };
    let mut reader = Reader { fold: Fold::new(protocol), from, before: None, pieces: 0 };
    let mut framer = Framer::default();
    for piece in pieces {
        let mut arrived = Bytes::copy_from_slice(piece);
        while let Some(frame) = framer.take(&mut arrived) {
            if let Some(reply) = reader.read(frame)? {
                return Ok(reply);
            }
        }
    }
    if let Some(frame) = framer.end()
        && let Some(reply) = reader.read(frame)?
    {
        return Ok(reply);
    }
    reader.finish()
}

/// What providers say of tokens in their documentation, and how many of them are input, from a cache, written to one, and output.
fn documented_usage() -> Vec<(Protocol, Value, [u64; 4])> {
    vec![
        // https://platform.openai.com/docs/guides/prompt-caching
        (
            Protocol::ChatCompletions,
            json!({ "prompt_tokens": 2006, "completion_tokens": 300, "total_tokens": 2306,
                "prompt_tokens_details": { "cached_tokens": 1920 },
                "completion_tokens_details": { "reasoning_tokens": 128 } }),
            [2006, 1920, 0, 300],
        ),
        // https://api-docs.deepseek.com/guides/kv_cache
        (
            Protocol::ChatCompletions,
            json!({ "prompt_tokens": 70, "completion_tokens": 9, "total_tokens": 79,
                "prompt_cache_hit_tokens": 64, "prompt_cache_miss_tokens": 6 }),
            [70, 64, 0, 9],
        ),
        // https://api-docs.deepseek.com/api/create-chat-completion
        (
            Protocol::ChatCompletions,
            json!({ "prompt_tokens": 70, "completion_tokens": 9, "total_tokens": 79,
                "prompt_tokens_details": { "cached_tokens": 64 },
                "prompt_cache_hit_tokens": 64, "prompt_cache_miss_tokens": 6 }),
            [70, 64, 0, 9],
        ),
        // https://platform.kimi.ai/docs/api/chat
        (
            Protocol::ChatCompletions,
            json!({ "prompt_tokens": 19, "completion_tokens": 21, "total_tokens": 40, "cached_tokens": 10 }),
            [19, 10, 0, 21],
        ),
        // https://openrouter.ai/docs/use-cases/usage-accounting
        (
            Protocol::ChatCompletions,
            json!({ "prompt_tokens": 194, "completion_tokens": 2, "total_tokens": 196, "cost": 0.95,
                "prompt_tokens_details": { "cached_tokens": 0, "cache_write_tokens": 100, "audio_tokens": 0 } }),
            [194, 0, 100, 2],
        ),
        // https://docs.litellm.ai/docs/completion/prompt_caching
        (
            Protocol::ChatCompletions,
            json!({ "prompt_tokens": 2006, "completion_tokens": 300, "total_tokens": 2306,
                "prompt_tokens_details": { "cached_tokens": 1920 }, "cache_creation_input_tokens": 64 }),
            [2006, 1920, 64, 300],
        ),
        // https://platform.openai.com/docs/api-reference/responses/object, and https://learn.microsoft.com for what is written
        (
            Protocol::Responses,
            json!({ "input_tokens": 2006, "input_tokens_details": { "cached_tokens": 1920, "cache_write_tokens": 64 },
                "output_tokens": 300, "output_tokens_details": { "reasoning_tokens": 128 }, "total_tokens": 2306 }),
            [2006, 1920, 64, 300],
        ),
        // https://docs.claude.com/en/docs/build-with-claude/prompt-caching, with the lifetimes of what was written
        (
            Protocol::Anthropic,
            json!({ "input_tokens": 2048, "cache_read_input_tokens": 1800, "cache_creation_input_tokens": 248,
                "output_tokens": 503, "cache_creation": {
                    "ephemeral_5m_input_tokens": 148, "ephemeral_1h_input_tokens": 100 } }),
            [4096, 1800, 248, 503],
        ),
        // https://ai.google.dev/api/generate-content#UsageMetadata
        (
            Protocol::Gemini,
            json!({ "promptTokenCount": 100, "cachedContentTokenCount": 60, "candidatesTokenCount": 20,
                "toolUsePromptTokenCount": 30, "thoughtsTokenCount": 7, "totalTokenCount": 157 }),
            [130, 60, 0, 27],
        ),
        // https://docs.ollama.com/api/chat; the prompt is not counted where all of it was in the cache.
        (Protocol::Ollama, json!({ "prompt_eval_count": 26, "eval_count": 298 }), [26, 0, 0, 298]),
        (Protocol::Ollama, json!({ "eval_count": 298 }), [0, 0, 0, 298]),
    ]
}

/// An answer that has used `usage`: whole, and as streams.
fn answers_with(protocol: Protocol, usage: &Value) -> Vec<String> {
    let events =
        |events: &[Value]| -> String { events.iter().map(|event| format!("data: {event}\n\n")).collect() };
    match protocol {
        Protocol::ChatCompletions => {
            let hi =
                json!({ "choices": [{ "index": 0, "delta": { "content": "Hi" }, "finish_reason": null }] });
            let stop = json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": "stop" }] });
            let mut stop_with_usage = stop.clone();
            stop_with_usage["choices"][0]["usage"] = usage.clone();
            let end = json!({ "choices": [], "usage": usage });
            let message = json!({ "role": "assistant", "content": "Hi" });
            let whole =
                json!({ "choices": [{ "message": message, "finish_reason": "stop" }], "usage": usage });
            let streams = [
                vec![hi.clone(), stop, end.clone()],
                vec![hi.clone(), stop_with_usage.clone()],
                vec![hi, stop_with_usage, end],
            ];
            let streams = streams.map(|pieces| events(&pieces) + "data: [DONE]\n\n");
            [whole.to_string()].into_iter().chain(streams).collect()
        }
        Protocol::Responses => {
            let item = json!({ "type": "message", "content": [{ "type": "output_text", "text": "Hi" }] });
            let whole = |output: Value| json!({ "status": "completed", "output": output, "usage": usage });
            let done = json!({ "type": "response.output_item.done", "output_index": 0, "item": item });
            let end = |output| json!({ "type": "response.completed", "response": whole(output) });
            let streams = [
                vec![done.clone(), end(json!([item]))],
                vec![done, end(json!([]))],
                vec![end(json!([item]))],
            ];
            [whole(json!([item])).to_string()].into_iter().chain(streams.map(|all| events(&all))).collect()
        }
        Protocol::Anthropic => {
            let block = json!({ "type": "text", "text": "Hi" });
            let whole = json!({ "content": [block], "stop_reason": "end_turn", "usage": usage });
            let mut begun = usage.clone();
            begun["output_tokens"] = json!(1);
            let stream = [
                json!({ "type": "message_start", "message": { "content": [], "usage": begun } }),
                json!({ "type": "content_block_start", "index": 0, "content_block": block }),
                json!({ "type": "content_block_stop", "index": 0 }),
                json!({ "type": "message_delta", "delta": { "stop_reason": "end_turn" },
                    "usage": { "output_tokens": usage["output_tokens"] } }),
                json!({ "type": "message_stop" }),
            ];
            vec![whole.to_string(), events(&stream)]
        }
        Protocol::Gemini => {
            let candidate = json!({ "content": { "parts": [{ "text": "Hi" }] }, "finishReason": "STOP" });
            let whole = json!({ "candidates": [candidate], "usageMetadata": usage });
            let begun = json!({ "candidates": [{ "content": { "parts": [] } }],
                "usageMetadata": { "promptTokenCount": 1, "toolUsePromptTokenCount": 1 } });
            vec![whole.to_string(), events(&[begun, whole])]
        }
        Protocol::Ollama => {
            let mut whole = usage.clone();
            whole["message"] = json!({ "role": "assistant", "content": "Hi" });
            whole["done"] = json!(true);
            whole["done_reason"] = json!("stop");
            let mut last = whole.clone();
            last["message"]["content"] = json!("");
            let first = json!({ "message": { "role": "assistant", "content": "Hi" }, "done": false });
            vec![whole.to_string(), format!("{first}\n{last}\n")]
        }
    }
}

#[test]
fn what_providers_document_of_tokens_is_counted_once_in_whole_answers_and_streams() {
    for (protocol, usage, counted) in documented_usage() {
        for answer in answers_with(protocol, &usage) {
            let reply = read(protocol, &[answer.as_bytes()]).unwrap();

            let cache = [reply.cached_input_tokens, reply.cache_write_tokens];
            let tokens = [reply.input_tokens, cache[0], cache[1], reply.output_tokens];
            assert_eq!((reply.text.as_deref(), tokens), (Ok("Hi"), counted), "{answer}");
        }
    }
}
