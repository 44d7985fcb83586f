//! Responses of models that are good, however they are written.

use serde_json::json;
use steadflow_core::failure::ErrorClass;

use crate::models::{Model, agent, answer, completion, ok, risk, said, text};
use crate::support::result;

/// Provider and response. Each says `hello`.
const HELLOS: &str = r#"
openai | {"choices":[{"message":{"content":"hello"},"finish_reason":"stop"}]}
openai | {"choices":[{"message":{"content":[{"type":"text","text":"hello"}]},"finish_reason":"stop"}]}
openai | {"choices":[{"message":{"content":[{"type":"text","text":"hel"},{"type":"text","text":"lo"}]},"finish_reason":"stop"}]}
openai | {"choices":[{"message":{"content":[{"type":"output_text","text":"hello"}]},"finish_reason":"stop"}]}
openai | {"choices":[{"message":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]},{"type":"text","text":"hello"}]},"finish_reason":"stop"}]}
openai | {"choices":[{"message":{"content":"<think>\nhm\n</think>\n\nhello"},"finish_reason":"stop"}]}
openai | {"choices":[{"message":{"content":"1. hm</think>hello"},"finish_reason":"stop"}]}
openai | {"choices":[{"message":{"content":"<think>a</think><think>b</think> hello"},"finish_reason":"stop"}]}
openai | {"choices":[{"message":{"content":"hello","reasoning_content":"hm"},"finish_reason":"stop"}]}
openai | {"choices":[{"message":{"content":"hello","reasoning":"hm","reasoning_details":[1]},"finish_reason":"stop"}]}
openai | {"choices":[{"message":{"content":"hello","refusal":""},"finish_reason":"stop"}]}
openai | {"choices":[{"message":{"content":"hello","refusal":null},"finish_reason":"stop"}]}
openai | {"choices":[{"message":{"content":"hello","tool_calls":[],"function_call":null},"finish_reason":"stop"}]}
openai | {"error":null,"choices":[{"message":{"content":"hello"},"finish_reason":"stop","error":null}]}
openai | {"choices":[{"message":{"content":"hello"},"finish_reason":"eos"}]}
openai | {"choices":[{"message":{"content":"hello"},"finish_reason":"end_turn"}]}
openai | {"choices":[{"message":{"content":"hello"},"finish_reason":"STOP"}]}
responses | {"status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"hello","annotations":[]}]}]}
responses | {"status":"completed","error":null,"incomplete_details":null,"output":[{"type":"reasoning","summary":[{"type":"summary_text","text":"hm"}]},{"type":"message","content":[{"type":"output_text","text":"hel"},{"type":"output_text","text":"lo"}]}]}
responses | {"status":"completed","output":[{"type":"message","phase":"commentary","content":[{"type":"output_text","text":"I think."}]},{"type":"message","phase":"final_answer","content":[{"type":"output_text","text":"hello"}]}]}
anthropic | {"content":[{"type":"thinking","thinking":"hm","signature":"s"},{"type":"text","text":"hello"}],"stop_reason":"end_turn"}
anthropic | {"content":[{"type":"redacted_thinking","data":"x"},{"type":"text","text":"hello"}],"stop_reason":"end_turn"}
anthropic | {"content":[{"type":"text","text":"hel"},{"type":"text","text":"lo"}],"stop_reason":"stop_sequence"}
gemini | {"candidates":[{"content":{"parts":[{"text":"hello"}]},"finishReason":"STOP"}]}
gemini | {"candidates":[{"content":{"parts":[{"text":"hel"},{"text":"lo","thoughtSignature":"x"}]},"finishReason":"STOP"}]}
gemini | {"candidates":[{"content":{"parts":[{"text":"hm","thought":true},{"text":"hello"}]},"finishReason":"STOP"}]}
gemini | {"candidates":[{"content":{"parts":[{"text":"hello"},{"thoughtSignature":"x"}]},"finishReason":"STOP"}]}
ollama | {"message":{"role":"assistant","content":"hello"},"done":true,"done_reason":"stop"}
ollama | {"message":{"content":"hello","thinking":"hm"},"done":true,"done_reason":"stop"}
ollama | {"message":{"content":"<think>hm</think>\nhello"},"done":true,"done_reason":"stop"}
ollama | {"message":{"content":"hello","tool_calls":null},"done":true,"done_reason":"stop"}
"#;

#[tokio::test]
async fn texts_are_found_in_all_protocols() {
    let rows: Vec<(&str, &str)> = HELLOS.lines().filter_map(|line| line.split_once(" | ")).collect();
    assert_eq!(rows.len(), 31);
    for (provider, body) in rows {
        let output = text(provider, answer("200 OK", "Content-Type: application/json", body)).await;

        assert_eq!(output, Ok(json!({ "text": "hello" })), "{provider}: {body}");
    }
}

#[tokio::test]
async fn what_is_around_a_response_does_not_matter() {
    let body = completion(&json!("hello"), &json!("stop"));
    for (headers, body) in [
        ("Content-Type: application/json", format!("\n\n\n   \n{body}")),
        ("Content-Type: application/json", format!("\u{feff}{body}\n")),
        ("Content-Type: text/plain", body.to_string()),
        ("X-None: x", body.to_string()),
    ] {
        let output = text("openai", answer("200 OK", headers, &body)).await;

        assert_eq!(output, Ok(json!({ "text": "hello" })), "{headers}: {body}");
    }
}

#[tokio::test]
async fn json_is_found_in_all_forms() {
    for (name, content) in [
        ("alone", "{\"risk\":5}"),
        ("a fence", "```json\n{\"risk\":5}\n```"),
        ("a fence of another name", "```jsonc\n{\"risk\":5}\n```"),
        ("a fence without a name", "```\n{\"risk\":5}\n```"),
        ("prose around a fence", "Here is the JSON:\n```json\n{\"risk\":5}\n```\nHope it helps!"),
        ("prose", "The risk is {\"risk\": 5}, I think."),
        ("tags of its own", "<output>{\"risk\":5}</output>"),
        ("thinking", "<think>\nLet me see {x} or {\"risk\":9}\n</think>\n\n{\"risk\":5}"),
        ("thinking without a start", "maybe {\"risk\":9}\n</think>\n{\"risk\":5}"),
        ("a mark", "\u{feff}{\"risk\":5}"),
        ("twice the same", "{\"risk\":5}\n\n{\"risk\":5}"),
    ] {
        let output = risk("openai", said(&json!(content))).await;

        assert_eq!(output, Ok(json!({ "risk": 5 })), "{name}");
    }
    let parts = said(&json!([{ "type": "text", "text": "{\"risk\"" }, { "type": "text", "text": ":5}" }]));
    assert_eq!(risk("openai", parts).await, Ok(json!({ "risk": 5 })));
}

#[tokio::test]
async fn json_is_never_guessed() {
    for (content, where_or_what) in [
        ("{'risk': 5}", "line 1 column 2"),
        ("{\"risk\":5,}", "line 1 column 11"),
        ("Sure:\n{\"risk\": 5,}", "line 2 column 12"),
        ("{\"risk\":5} or rather {\"risk\":6}", "more than one JSON value"),
        ("{\"risk\":5,\"risk\":6}", "appears twice"),
        ("{\"risk\":", "line 1 column 8"),
        ("{\"risk\":NaN}", "line 1 column 9"),
        ("{\"a\":{\"risk\":5}", "line 1 column 15"),
        ("<think>{\"risk\":5}", "only reasoning"),
        ("<think>{\"risk\":5}</think>", "only reasoning"),
        ("I will not say.", "not JSON"),
        ("{\"risk\":\"cut \\ud83d\"}", "hex escape"),
        ("{\"risk\":\"5\"}", "/risk: \"5\" is not of type \"integer\""),
        ("[{\"risk\":5}]", "is not of type \"object\""),
    ] {
        let failure = risk("openai", said(&json!(content))).await.unwrap_err();

        assert_eq!(failure.class, ErrorClass::ModelOutput, "{content}");
        assert!(failure.message.contains(where_or_what), "{content}: {}", failure.message);
    }
}

#[tokio::test]
async fn numbers_and_characters_stay_exact() {
    let content = r#"{"risk":7615917337495251231234567890,"price":19.90,"text":"a\u0000b"}"#;
    let anthropic = format!(
        r#"{{"content":[{{"type":"tool_use","name":"answer","input":{content}}}],"stop_reason":"tool_use"}}"#
    );
    let anthropic = answer("200 OK", "Content-Type: application/json", &anthropic);
    for (provider, answer) in [("openai", said(&json!(content))), ("anthropic", anthropic)] {
        let output = risk(provider, answer).await.unwrap();

        assert_eq!(output.to_string(), content, "{provider}");
    }
    assert_eq!(text("openai", said(&json!("x\u{0}y"))).await, Ok(json!({ "text": "x\u{0}y" })));
}

#[tokio::test]
async fn streams_are_read_in_all_forms() {
    let openai = "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"hel\"}}]}\n\n\
                  data: {\"choices\":[{\"delta\":{\"content\":\"lo\"},\"finish_reason\":\"stop\"}]}\n\n";
    let anthropic = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":5}}}\n\n\
        event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"thinking\",\"thinking\":\"\"}}\n\n\
        event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"thinking_delta\",\"thinking\":\"hm\"}}\n\n\
        event: ping\ndata: {\"type\":\"ping\"}\n\n\
        event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n\
        event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"text_delta\",\"text\":\"hel\"}}\n\n\
        event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"text_delta\",\"text\":\"lo\"}}\n\n\
        event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":3}}\n\n\
        event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
    let gemini = "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"hel\"}]}}]}\r\n\r\n\
                  data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"lo\"}]},\"finishReason\":\"STOP\"}]}\r\n\r\n";
    let listed = "[{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"hel\"}]}}]}\n,\n\
                  {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"lo\"}]},\"finishReason\":\"STOP\"}]}]";
    let ollama = "{\"message\":{\"content\":\"hel\"},\"done\":false}\n{\"message\":{\"content\":\"lo\"},\"done\":false}\n\
                  {\"message\":{\"content\":\"\"},\"done\":true,\"done_reason\":\"stop\",\"eval_count\":3}\n";
    for (name, provider, kind, body) in [
        ("deltas", "openai", "text/event-stream", format!("{openai}data: [DONE]\n\n")),
        ("deltas of another type", "openai", "application/json", format!(": hi\n\n{openai}data: [DONE]")),
        (
            "deltas without blank lines",
            "openai",
            "text/event-stream",
            openai.replace("\n\n", "\n") + "data: [DONE]\n",
        ),
        (
            "deltas and usage without an end mark",
            "openai",
            "text/event-stream",
            format!("{openai}data: {{\"choices\":[],\"usage\":{{\"prompt_tokens\":5}}}}\n\n"),
        ),
        ("events", "anthropic", "text/event-stream", anthropic.to_owned()),
        ("responses", "gemini", "text/event-stream", gemini.to_owned()),
        ("a list of responses", "gemini", "application/json", listed.to_owned()),
        ("lines", "ollama", "application/x-ndjson", ollama.to_owned()),
    ] {
        let output = text(provider, answer("200 OK", &format!("Content-Type: {kind}"), &body)).await;

        assert_eq!(output, Ok(json!({ "text": "hello" })), "{provider}: {name}");
    }
}

#[tokio::test]
async fn a_streamed_tool_call_is_json() {
    let body = "data: {\"type\":\"message_start\",\"message\":{}}\n\n\
        data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"tool_use\",\"name\":\"answer\",\"input\":{}}}\n\n\
        data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"risk\\\":\"}}\n\n\
        data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"5}\"}}\n\n\
        data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\"}}\n\n\
        data: {\"type\":\"message_stop\"}\n\n";

    let output = risk("anthropic", answer("200 OK", "Content-Type: text/event-stream", body)).await;

    assert_eq!(output, Ok(json!({ "risk": 5 })));
}

#[tokio::test]
async fn usage_is_counted_or_unknown() {
    for (usage, tokens) in [
        (json!({ "prompt_tokens": 5, "completion_tokens": 3 }), (5, 3)),
        (json!({ "prompt_tokens": 5.0, "completion_tokens": 3.0 }), (5, 3)),
        (json!({ "prompt_tokens": null, "completion_tokens": 3 }), (0, 3)),
        (json!({ "prompt_tokens": "5" }), (0, 0)),
        (json!({ "prompt_tokens": -1, "completion_tokens": 2.5 }), (0, 0)),
        (json!(null), (0, 0)),
        (json!([]), (0, 0)),
    ] {
        let mut body = completion(&json!("hello"), &json!("stop"));
        body["usage"] = usage.clone();
        let model = Model::answering(vec![ok(&body)], |address| agent(address, "openai", None)).await;

        let outcome = model.ask().await;

        assert_eq!((outcome.used().input_tokens, outcome.used().output_tokens), tokens, "{usage}");
        assert_eq!(result(outcome), Ok(json!({ "text": "hello" })), "{usage}");
    }
}

#[tokio::test]
async fn what_a_provider_has_room_for_is_known_also_when_it_refuses() {
    let headers = "Content-Type: application/json\r\nx-ratelimit-remaining-requests: 3\r\nx-ratelimit-reset-requests: 2s";
    let body = completion(&json!("hello"), &json!("stop")).to_string();
    for status in ["200 OK", "503 Service Unavailable"] {
        let said = answer(status, headers, &body);
        let model = Model::answering(vec![said], |address| agent(address, "openai", None)).await;

        let requests = model.ask().await.quota.and_then(|quota| quota.requests);

        assert_eq!(requests.map(|requests| requests.left), Some(3), "{status}");
    }
}

#[tokio::test]
async fn cached_tokens_are_a_part_of_the_input_or_unknown() {
    for (details, cached) in [
        (json!({ "cached_tokens": 4 }), 4),
        (json!({ "cached_tokens": 4.0 }), 4),
        (json!({ "cached_tokens": 5 }), 5),
        (json!({ "cached_tokens": 6 }), 5),
        (json!({ "cached_tokens": 0 }), 0),
        (json!({ "cached_tokens": -4 }), 0),
        (json!({ "cached_tokens": 2.5 }), 0),
        (json!({ "cached_tokens": null }), 0),
        (json!({ "cached_tokens": "4" }), 0),
        (json!({}), 0),
        (json!(4), 0),
        (json!(null), 0),
    ] {
        let mut body = completion(&json!("hello"), &json!("stop"));
        body["usage"] =
            json!({ "prompt_tokens": 5, "completion_tokens": 3, "prompt_tokens_details": details });
        let model = Model::answering(vec![ok(&body)], |address| agent(address, "openai", None)).await;

        let usage = model.ask().await.used();

        assert_eq!((usage.input_tokens, usage.cached_input_tokens), (5, cached), "{details}");
    }
}
