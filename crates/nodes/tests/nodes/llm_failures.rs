//! What models and their servers say instead of a response: each is a failure with its class, which names the cause.

use std::time::Duration;

use serde_json::{Value, json};
use steadflow_core::failure::ErrorClass::{ModelOutput, RateLimited, Rejected, Unavailable};

use crate::models::{Model, agent, answer, completion, ok, risk, said, text};
use crate::support::result;

const JSON: &str = "Content-Type: application/json";

/// Provider, class, what the message says, response.
const STOPS: &str = r#"
openai | model_output | cut off at the token limit | {"choices":[{"message":{"content":"x"},"finish_reason":"length"}]}
openai | model_output | cut off at the token limit | {"choices":[{"message":{"content":"","reasoning_content":"long"},"finish_reason":"length"}]}
openai | model_output | content_filter | {"choices":[{"message":{"content":""},"finish_reason":"content_filter"}]}
openai | model_output | sensitive | {"choices":[{"message":{"content":"x"},"finish_reason":"sensitive"}]}
openai | model_output | `tool_calls` | {"choices":[{"message":{"content":null},"finish_reason":"tool_calls"}]}
openai | unavailable | `insufficient_system_resource` | {"choices":[{"message":{"content":"x"},"finish_reason":"insufficient_system_resource"}]}
openai | unavailable | `network_error` | {"choices":[{"message":{"content":"x"},"finish_reason":"network_error"}]}
openai | model_output | `malformed_function_call` | {"choices":[{"message":{"content":"x"},"finish_reason":"malformed_function_call"}]}
openai | model_output | `zzz`, which Steadflow does not know | {"choices":[{"message":{"content":"x"},"finish_reason":"zzz"}]}
openai | model_output | without saying why | {"choices":[{"message":{"content":"x"},"finish_reason":null}]}
openai | model_output | without saying why | {"choices":[{"message":{"content":"x"},"finish_reason":5}]}
openai | model_output | without saying why | {"choices":[{"message":{"content":"x"}}]}
openai | model_output | a call of a tool | {"choices":[{"message":{"content":null,"tool_calls":[{"id":"1"}]},"finish_reason":"stop"}]}
openai | model_output | a call of a tool | {"choices":[{"message":{"content":"x","function_call":{"name":"f"}},"finish_reason":"stop"}]}
openai | unavailable | `error` (upstream_reset) | {"choices":[{"message":{"content":"x"},"finish_reason":"error","native_finish_reason":"upstream_reset"}]}
openai | unavailable | (code 502): Provider returned error | {"choices":[{"message":{"content":"x"},"finish_reason":"error","native_finish_reason":"error","error":{"code":502,"message":"Provider returned error"}}]}
openai | rate_limited | (code 429): slow | {"choices":[{"message":{"content":"x"},"finish_reason":"stop","error":{"code":429,"message":"slow"}}]}
responses | model_output | cut off at the token limit | {"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"output":[{"type":"message","status":"incomplete","content":[{"type":"output_text","text":"x"}]}]}
responses | model_output | cut off at the token limit | {"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"output":[{"type":"function_call","call_id":"a","name":"f","arguments":"{"}]}
responses | model_output | content_filter | {"status":"incomplete","incomplete_details":{"reason":"content_filter"},"output":[]}
responses | model_output | `incomplete: zzz`, which Steadflow does not know | {"status":"incomplete","incomplete_details":{"reason":"zzz"},"output":[]}
responses | model_output | `incomplete: no reason` | {"status":"incomplete","incomplete_details":null,"output":[]}
responses | model_output | `queued`, which Steadflow does not know | {"status":"queued","output":[]}
responses | model_output | without saying why | {"output":[{"type":"message","content":[{"type":"output_text","text":"x"}]}]}
responses | model_output | refused to respond: I cannot. | {"status":"completed","output":[{"type":"message","content":[{"type":"refusal","refusal":"I cannot."}]}]}
responses | model_output | an item of type `web_search_call`, which Steadflow did not ask for | {"status":"completed","output":[{"type":"web_search_call"},{"type":"message","content":[{"type":"output_text","text":"x"}]}]}
responses | model_output | an item with the status `incomplete` | {"status":"completed","output":[{"type":"message","status":"incomplete","content":[{"type":"output_text","text":"x"}]}]}
responses | model_output | an item of phase `draft`, which Steadflow does not know | {"status":"completed","output":[{"type":"message","phase":"draft","content":[{"type":"output_text","text":"x"}]}]}
responses | model_output | an item without a type | {"status":"completed","output":[{"content":[{"type":"output_text","text":"x"}]}]}
responses | model_output | a part of type `output_audio` | {"status":"completed","output":[{"type":"message","content":[{"type":"output_audio"}]}]}
responses | model_output | with `function_call`, a call of a tool | {"status":"completed","output":[{"type":"function_call","call_id":"a","name":"f","arguments":"{}"}]}
responses | model_output | is empty: it has only reasoning | {"status":"completed","output":[{"type":"reasoning","summary":[]}]}
responses | unavailable | `failed` | {"status":"failed","error":null,"output":[]}
responses | unavailable | (server_error): Oh | {"status":"failed","error":{"code":"server_error","message":"Oh"},"output":[]}
responses | rate_limited | (rate_limit_exceeded): slow | {"status":"failed","error":{"code":"rate_limit_exceeded","message":"slow"},"output":[]}
responses | rejected | (invalid_image_format): no | {"status":"failed","error":{"code":"invalid_image_format","message":"no"},"output":[]}
responses | unavailable | did not respond like openai with `"api": "responses"`: its response has no `output` | {"choices":[]}
anthropic | model_output | cut off | {"content":[{"type":"text","text":"x"}],"stop_reason":"max_tokens"}
anthropic | model_output | cut off | {"content":[{"type":"tool_use","name":"answer","input":{}}],"stop_reason":"max_tokens"}
anthropic | model_output | cut off | {"content":[],"stop_reason":"model_context_window_exceeded"}
anthropic | model_output | refusal (cyber; no) | {"content":[],"stop_reason":"refusal","stop_details":{"category":"cyber","explanation":"no"}}
anthropic | model_output | `pause_turn` | {"content":[{"type":"text","text":"x"}],"stop_reason":"pause_turn"}
anthropic | model_output | `tool_use` | {"content":[{"type":"text","text":"x"}],"stop_reason":"tool_use"}
anthropic | model_output | `tool_use` | {"content":[{"type":"tool_use","name":"other","input":{}}],"stop_reason":"tool_use"}
anthropic | model_output | without saying why | {"content":[{"type":"text","text":"x"}],"stop_reason":null}
gemini | model_output | SAFETY | {"candidates":[{"finishReason":"SAFETY","safetyRatings":[]}]}
gemini | model_output | PROHIBITED_CONTENT | {"candidates":[{"finishReason":"PROHIBITED_CONTENT"}]}
gemini | model_output | RECITATION | {"candidates":[{"finishReason":"RECITATION"}]}
gemini | model_output | (Malformed function call: print(x)) | {"candidates":[{"content":{},"finishReason":"MALFORMED_FUNCTION_CALL","finishMessage":"Malformed function call: print(x)"}]}
gemini | model_output | `UNEXPECTED_TOOL_CALL` | {"candidates":[{"content":{},"finishReason":"UNEXPECTED_TOOL_CALL"}]}
gemini | model_output | `OTHER` | {"candidates":[{"content":{"parts":[{"text":"x"}]},"finishReason":"OTHER"}]}
gemini | model_output | without saying why | {"candidates":[{"content":{"parts":[{"text":"x"}]}}]}
gemini | model_output | cut off | {"candidates":[{"content":{},"finishReason":"MAX_TOKENS"}],"usageMetadata":{"thoughtsTokenCount":99}}
gemini | model_output | is empty | {"candidates":[{"content":{"role":"model"},"finishReason":"STOP"}]}
gemini | model_output | PROHIBITED_CONTENT | {"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"}}
gemini | model_output | OTHER: blocked | {"promptFeedback":{"blockReason":"OTHER","blockReasonMessage":"blocked"}}
ollama | unavailable | `load` | {"message":{"content":""},"done":true,"done_reason":"load"}
ollama | model_output | cut off | {"message":{"content":"","thinking":"hm"},"done":true,"done_reason":"length"}
ollama | model_output | without saying why | {"message":{"content":"x"},"done":true}
ollama | model_output | a call of a tool | {"message":{"content":"","tool_calls":[{"function":{}}]},"done_reason":"stop"}
"#;

#[tokio::test]
async fn reasons_to_stop_that_do_not_complete_a_response_are_named() {
    for [provider, class, said, body] in rows(STOPS) {
        let failure = text(provider, answer("200 OK", JSON, body)).await.unwrap_err();

        assert_eq!(failure.class.as_str(), class, "{provider} {body}: {}", failure.message);
        assert!(failure.message.contains(said), "{provider}: {said}: {}", failure.message);
    }
}

/// Returns the rows of a table, with as many cells as are asked for.
fn rows<const CELLS: usize>(table: &str) -> Vec<[&str; CELLS]> {
    let lines = table.lines().filter(|line| !line.is_empty());
    let rows: Vec<[&str; CELLS]> =
        lines.map(|line| line.split(" | ").collect::<Vec<_>>().try_into().unwrap()).collect();
    assert!(rows.len() > 3);
    rows
}

#[tokio::test]
async fn contents_that_are_no_text_are_named() {
    let message =
        |message: Value| ok(&json!({ "choices": [{ "message": message, "finish_reason": "stop" }] }));
    for (provider, answer, said) in [
        ("openai", message(json!({ "content": null })), "is empty"),
        ("openai", message(json!({})), "is empty"),
        (
            "openai",
            message(json!({ "content": null, "reasoning_content": "I think {\"risk\":5}" })),
            "only reasoning",
        ),
        ("openai", message(json!({ "content": [{ "type": "thinking", "thinking": [] }] })), "only reasoning"),
        ("openai", message(json!({ "content": [{ "type": "image_url" }] })), "`image_url`"),
        ("openai", message(json!({ "content": { "risk": 5 } })), "an object"),
        (
            "openai",
            message(json!({ "content": null, "refusal": "I cannot help" })),
            "refused to respond: I cannot help",
        ),
        (
            "openai",
            message(json!({ "content": [{ "type": "refusal", "refusal": "I cannot help" }] })),
            "refused to respond: I cannot help",
        ),
        ("anthropic", ok(&json!({ "content": [], "stop_reason": "end_turn" })), "is empty"),
        (
            "anthropic",
            ok(&json!({ "content": [{ "type": "server_tool_use" }], "stop_reason": "end_turn" })),
            "`server_tool_use`",
        ),
        (
            "gemini",
            ok(
                &json!({ "candidates": [{ "content": { "parts": [{ "functionCall": {} }] }, "finishReason": "STOP" }] }),
            ),
            "`functionCall`",
        ),
        (
            "gemini",
            ok(
                &json!({ "candidates": [{ "content": { "parts": [{ "inlineData": {} }] }, "finishReason": "STOP" }] }),
            ),
            "`inlineData`",
        ),
        (
            "ollama",
            ok(&json!({ "message": { "content": "", "thinking": "hm" }, "done_reason": "stop" })),
            "only reasoning",
        ),
    ] {
        let failure = risk(provider, answer).await.unwrap_err();

        assert_eq!(failure.class, ModelOutput, "{provider}: {}", failure.message);
        assert!(failure.message.contains(said), "{provider}: {said}: {}", failure.message);
    }
}

#[tokio::test]
async fn a_refusal_is_not_sent_back_to_be_corrected() {
    let body =
        json!({ "choices": [{ "message": { "content": null, "refusal": "no" }, "finish_reason": "stop" }] });

    let failure = text("openai", ok(&body)).await.unwrap_err();

    assert_eq!(failure.message, "The model or its provider refused to respond: no");
}

#[tokio::test]
async fn bodies_that_are_no_response_are_named() {
    let page = "<html><head><title>Just a moment...</title></head>Cloudflare</html>";
    let html = |status: &str, page: &str| answer(status, "Content-Type: text/html", page);
    let raw = |body: &str| answer("200 OK", "Content-Type: application/json", body);
    for (provider, answer, class, said) in [
        ("openai", html("200 OK", page), Unavailable, "an HTML page titled “Just a moment...”"),
        (
            "openai",
            html("502 Bad Gateway", "<html><head><title>502 Bad Gateway</title></head></html>"),
            Unavailable,
            "an HTML page titled “502 Bad Gateway”",
        ),
        (
            "gemini",
            html("404 Not Found", "<!DOCTYPE html><title>Error 404 (Not Found)!!1</title>"),
            Rejected,
            "an HTML page titled “Error 404 (Not Found)!!1”",
        ),
        ("openai", raw(""), Unavailable, "an empty body"),
        ("openai", raw("upstream connect error"), Unavailable, "line 1 column 1"),
        ("openai", raw("{\"choices\":[{\"logprobs\":NaN}]}"), Unavailable, "line 1 column 25"),
        ("openai", ok(&json!({ "choices": [] })), Unavailable, "empty list of `choices`"),
        ("openai", ok(&json!({ "choices": null, "model": "x" })), Unavailable, "null as its `choices`"),
        ("openai", ok(&json!({ "hello": 1 })), Unavailable, "no `choices`"),
        (
            "openai",
            ok(&json!({ "choices": [{ "text": "hello", "finish_reason": "stop" }] })),
            Unavailable,
            "without a `message`",
        ),
        ("openai", ok(&json!({ "choices": ["x"] })), Unavailable, "without a `message`"),
        ("openai", ok(&json!([])), Unavailable, "no `choices`"),
        (
            "anthropic",
            ok(&json!({ "content": null, "stop_reason": "end_turn" })),
            Unavailable,
            "null as its `content`",
        ),
        ("anthropic", ok(&json!({ "completion": "x" })), Unavailable, "no `content`"),
        ("gemini", ok(&json!({ "usageMetadata": {}, "modelVersion": "x" })), Unavailable, "no `candidates`"),
        ("gemini", ok(&json!({ "candidates": [] })), Unavailable, "no `candidates`"),
        ("ollama", ok(&json!({ "response": "x", "done": true })), Unavailable, "no `message`"),
        ("ollama", ok(&json!({ "message": "x", "done": true })), Unavailable, "no `message`"),
        (
            "openai",
            raw("{\"choices\":[{\"message\":{\"content\":\"cut \\ud83d\"},\"finish_reason\":\"stop\"}]}"),
            ModelOutput,
            "a lone surrogate (line 1 column 46",
        ),
        (
            "ollama",
            raw("{\"message\":{\"content\":\"\\ude00\"},\"done_reason\":\"stop\"}"),
            ModelOutput,
            "a lone surrogate",
        ),
    ] {
        let failure = text(provider, answer).await.unwrap_err();

        assert_eq!(failure.class, class, "{provider}: {}", failure.message);
        assert!(failure.message.contains(said), "{provider}: {said}: {}", failure.message);
    }
}

#[tokio::test]
async fn broken_streams_fail() {
    let delta =
        |content: &str| format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{content}\"}}}}]}}\n\n");
    for (name, provider, body, said) in [
        ("no end", "openai", delta("hel"), "without `[DONE]`"),
        ("an end mark alone", "openai", delta("hel") + "data: [DONE]\n\n", "without saying why"),
        ("cut inside an event", "openai", delta("hel") + "data: {\"choices\":[{\"del", "event 2 is not JSON"),
        ("an error", "openai", delta("hel") + "data: {\"error\":{\"code\":502,\"message\":\"gone\"}}\n\n", "(code 502): gone"),
        ("an error beside choices", "openai",
            delta("hel") + "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"error\"}],\"error\":{\"message\":\"gone\"}}\n\n", "gone"),
        ("nothing", "openai", "data: [DONE]\n\n".to_owned(), "without saying why"),
        ("no stop", "anthropic", "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{}}\n\n".to_owned(), "`message_stop`"),
        ("an error", "anthropic",
            "data: {\"type\":\"message_start\",\"message\":\"x\"}\n\nevent: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n".to_owned(),
            "Overloaded"),
        ("a broken call", "anthropic",
            "data: {\"type\":\"content_block_start\",\"content_block\":{\"type\":\"tool_use\"}}\n\n\
             data: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"risk\\\":\"}}\n\n\
             data: {\"type\":\"message_stop\"}\n\n".to_owned(), "a tool call that is not JSON"),
        ("no end", "gemini", "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"x\"}]}}]}\n\n".to_owned(), "without `finishReason`"),
        ("no end", "ollama", "{\"message\":{\"content\":\"a\"},\"done\":false}\n{\"message\":{\"content\":\"b\"},\"done\":false}\n".to_owned(), "without `done`"),
        ("an error", "ollama", "{\"message\":{\"content\":\"a\"},\"done\":false}\n{\"error\":\"gone\"}\n".to_owned(), "gone"),
    ] {
        let failure = text(provider, answer("200 OK", "Content-Type: text/event-stream", &body)).await.unwrap_err();

        assert!(failure.class.is_retried_by_default(), "{provider}: {name}");
        assert!(failure.message.contains(said), "{provider}: {name}: {}", failure.message);
    }
}

/// Provider, status, class, what the message says, response.
const ERRORS: &str = r#"
openai | 200 OK | unavailable | (code 502): Provider returned error | {"error":{"code":502,"message":"Provider returned error"}}
openai | 200 OK | rejected | (code 401): No auth credentials found | {"error":{"code":401,"message":"No auth credentials found"}}
openai | 200 OK | rate_limited | (code 429) | {"error":{"code":429,"message":"m"}}
openai | 200 OK | rate_limited | (code 429) | {"error":{"code":"429","message":"m"}}
openai | 200 OK | rejected | (invalid_api_key): m | {"error":{"code":"invalid_api_key","message":"m"}}
openai | 200 OK | unavailable | no such endpoint | {"error":"no such endpoint"}
openai | 200 OK | rejected | m | [{"error":{"code":403,"message":"m","status":"PERMISSION_DENIED"}}]
openai | 200 OK | rejected | m | {"object":"error","message":"m","code":400}
openai | 200 OK | rejected | m | {"object":"error","message":"m","type":"BadRequestError"}
openai | 200 OK | rate_limited | upstream is busy | {"error":{"message":"Provider returned error","code":429,"metadata":{"raw":"upstream is busy"}}}
openai | 200 OK | unavailable | m | {"error":{"message":"m","code":20013},"choices":null}
anthropic | 200 OK | unavailable | (overloaded_error): Overloaded | {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}
anthropic | 200 OK | rate_limited | m | {"type":"error","error":{"type":"rate_limit_error","message":"m"}}
anthropic | 529  | unavailable | HTTP 529 | {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}
anthropic | 400 Bad Request | rejected | credit balance | {"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low"}}
gemini | 200 OK | rate_limited | m | {"error":{"code":429,"message":"m","status":"RESOURCE_EXHAUSTED"}}
gemini | 503 Service Unavailable | unavailable | overloaded | {"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}
ollama | 404 Not Found | rejected | pull it | {"error":"model \"x\" not found, pull it"}
ollama | 500 Internal Server Error | unavailable | 8.4 GiB | {"error":"model requires more system memory (8.4 GiB)"}
ollama | 200 OK | unavailable | unexpected EOF | {"error":"unexpected EOF"}
openai | 429 Too Many Requests | rejected | HTTP 429 | {"error":{"message":"quota used up","type":"insufficient_quota","code":"insufficient_quota"}}
openai | 429 Too Many Requests | rate_limited | HTTP 429 | {"error":{"message":"m","type":"tokens","code":"rate_limit_exceeded"}}
openai | 402 Payment Required | rejected | credits | {"error":{"message":"Insufficient credits","code":402}}
openai | 400 Bad Request | rejected | the input is too long for the model | {"error":{"message":"m","code":"context_length_exceeded"}}
openai | 400 Bad Request | rejected | the input is too long for the model | {"object":"error","message":"This model's maximum context length is 8192 tokens.","type":"BadRequestError","code":400}
anthropic | 400 Bad Request | rejected | the input is too long for the model | {"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 213059 tokens > 200000 maximum"}}
gemini | 400 Bad Request | rejected | the input is too long for the model | {"error":{"code":400,"message":"The input token count (9) exceeds the maximum","status":"INVALID_ARGUMENT"}}
openai | 422 Unprocessable Entity | rejected | field required | {"detail":[{"loc":["body"],"msg":"field required"}]}
"#;

#[tokio::test]
async fn errors_have_the_class_of_their_code() {
    for [provider, status, class, said, body] in rows(ERRORS) {
        let failure = text(provider, answer(status, JSON, body)).await.unwrap_err();

        assert_eq!(failure.class.as_str(), class, "{provider} {body}: {}", failure.message);
        assert!(failure.message.contains(said), "{provider}: {said}: {}", failure.message);
    }
}

#[tokio::test]
async fn the_time_to_wait_is_kept_wherever_it_is() {
    let limited = json!({ "error": { "code": 429, "message": "m" } });
    let with = |name: &str, value: Value| {
        let mut body = limited.clone();
        body["error"][name] = value;
        body
    };
    for (status, headers, body, seconds) in [
        ("200 OK", "Retry-After: 7", limited.clone(), Some(7.0)),
        ("429 Too Many Requests", "Retry-After: 7", limited.clone(), Some(7.0)),
        ("429 Too Many Requests", "retry-after-ms: 1500\r\nRetry-After: 7", limited.clone(), Some(1.5)),
        ("200 OK", "X: y", with("retry_after", json!(3)), Some(3.0)),
        ("200 OK", "X: y", with("retry_after", json!("2.5")), Some(2.5)),
        ("429 Too Many Requests", "X: y", with("details", json!([{ "retryDelay": "34s" }])), Some(34.0)),
        ("200 OK", "X: y", with("metadata", json!({ "retry_after_seconds": 9 })), Some(9.0)),
        ("200 OK", "X: y", limited.clone(), None),
    ] {
        let failure = text("openai", answer(status, headers, &body.to_string())).await.unwrap_err();

        assert_eq!((failure.class, failure.status), (RateLimited, Some(429)), "{}", failure.message);
        assert_eq!(failure.retry_after, seconds.map(Duration::from_secs_f64), "{headers} {body}");
    }
}

#[tokio::test]
async fn tokens_of_unusable_responses_are_counted() {
    let unusable = [ok(&completion(&json!("x"), &json!("zzz"))), said(&json!([{ "type": "audio" }]))];
    for answer in unusable {
        let model = Model::answering(vec![answer], |address| agent(address, "openai", None)).await;

        let outcome = model.ask().await;

        assert_eq!((outcome.used().input_tokens, outcome.used().output_tokens), (5, 3));
        assert!(result(outcome).is_err());
    }
}
