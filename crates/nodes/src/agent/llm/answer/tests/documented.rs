//! Streams as the documentation of the providers shows them, and the answers that they are.

use serde_json::{Value, json};

use super::Protocol;

/// Streams as the providers' documentation shows them, with the answer that each gives without streaming.
pub(super) fn documented() -> Vec<(Protocol, String, Value)> {
    vec![
        (Protocol::ChatCompletions, openai(), openai_answer()),
        (Protocol::Responses, responses(), responses_answer()),
        (Protocol::Anthropic, anthropic(), anthropic_answer()),
        (Protocol::Gemini, gemini(), gemini_answer()),
        (Protocol::Ollama, ollama(), ollama_answer()),
    ]
}

/// From "Streaming" of OpenAI's API reference for chat completions (`chat.completion.chunk`), with two parallel calls.
fn openai() -> String {
    let chunk = |rest: &str| {
        format!(
            "data: {{\"id\":\"chatcmpl-123\",\"object\":\"chat.completion.chunk\",\"created\":1694268190,\"model\":\"gpt-4o-mini\",{rest}}}\n\n"
        )
    };
    let delta = |delta: &str, reason: &str| {
        chunk(&format!(
            "\"choices\":[{{\"index\":0,\"delta\":{delta},\"logprobs\":null,\"finish_reason\":{reason}}}],\"usage\":null"
        ))
    };
    [
        delta(r#"{"role":"assistant","content":"","refusal":null}"#, "null"),
        delta(r#"{"content":"Grüß"}"#, "null"),
        delta(r#"{"content":" dich 🦀"}"#, "null"),
        delta(r#"{"tool_calls":[{"index":0,"id":"call_a","type":"function","function":{"name":"look","arguments":""}}]}"#, "null"),
        delta(r#"{"tool_calls":[{"index":0,"function":{"arguments":"{\"id\""}}]}"#, "null"),
        delta(r#"{"tool_calls":[{"index":1,"id":"call_b","type":"function","function":{"name":"note","arguments":"{}"}}]}"#, "null"),
        delta(r#"{"tool_calls":[{"index":0,"function":{"arguments":": 7}"}}]}"#, "null"),
        delta("{}", "\"tool_calls\""),
        chunk(r#""choices":[],"usage":{"prompt_tokens":19,"completion_tokens":10,"total_tokens":29}"#),
        "data: [DONE]\n\n".to_owned(),
    ]
    .concat()
}

fn openai_answer() -> Value {
    let call = |id: &str, name: &str, arguments: &str| json!({ "id": id, "type": "function", "function": { "name": name, "arguments": arguments } });
    let message = json!({ "role": "assistant", "content": "Grüß dich 🦀", "refusal": null,
        "tool_calls": [call("call_a", "look", "{\"id\": 7}"), call("call_b", "note", "{}")] });
    json!({ "choices": [{ "index": 0, "message": message, "finish_reason": "tool_calls" }],
        "usage": { "prompt_tokens": 19, "completion_tokens": 10, "total_tokens": 29 } })
}

/// From "Streaming events" and "Function calling" of OpenAI's API reference for responses, with reasoning and two calls.
fn responses() -> String {
    let answer = responses_answer();
    let event = |number: usize, event: &Value| {
        let mut event = event.clone();
        event["sequence_number"] = json!(number);
        format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap())
    };
    let begun = |status: &str| json!({ "id": "resp_1", "object": "response", "status": status, "error": null, "output": [], "usage": null });
    let item = |at: usize| answer["output"][at].clone();
    let added = |at: usize, item: Value| json!({ "type": "response.output_item.added", "output_index": at, "item": item });
    let done =
        |at: usize| json!({ "type": "response.output_item.done", "output_index": at, "item": item(at) });
    let delta = |kind: &str, at: usize, text: &str| json!({ "type": format!("response.{kind}.delta"), "item_id": item(at)["id"], "output_index": at, "content_index": 0, "delta": text });
    let call = |at: usize| {
        let mut call = item(at);
        (call["arguments"], call["status"]) = (json!(""), json!("in_progress"));
        added(at, call)
    };
    let part = |text: &str| json!({ "type": "output_text", "text": text, "annotations": [] });
    let summary = |kind: &str, index: usize| json!({ "type": format!("response.reasoning_summary_part.{kind}"), "item_id": "rs_1", "output_index": 0, "summary_index": index, "part": { "type": "summary_text", "text": "" } });
    [
        json!({ "type": "response.created", "response": begun("in_progress") }),
        json!({ "type": "response.in_progress", "response": begun("in_progress") }),
        added(0, json!({ "id": "rs_1", "type": "reasoning", "summary": [] })),
        summary("added", 0),
        delta("reasoning_summary_text", 0, "Hm"),
        summary("done", 0),
        summary("added", 1),
        delta("reasoning_summary_text", 0, "So"),
        done(0),
        added(1, json!({ "id": "msg_1", "type": "message", "status": "in_progress", "role": "assistant", "content": [] })),
        json!({ "type": "response.content_part.added", "item_id": "msg_1", "output_index": 1, "content_index": 0, "part": part("") }),
        delta("output_text", 1, "Grüß"),
        delta("output_text", 1, " dich 🦀"),
        json!({ "type": "response.output_text.done", "item_id": "msg_1", "output_index": 1, "content_index": 0, "text": "Grüß dich 🦀" }),
        json!({ "type": "response.content_part.done", "item_id": "msg_1", "output_index": 1, "content_index": 0, "part": part("Grüß dich 🦀") }),
        done(1),
        json!({ "type": "keepalive" }),
        call(2),
        call(3),
        delta("function_call_arguments", 2, "{\"id\""),
        delta("function_call_arguments", 3, "{}"),
        delta("function_call_arguments", 2, ": 7}"),
        json!({ "type": "response.function_call_arguments.done", "item_id": "fc_1", "output_index": 2, "arguments": "{\"id\": 7}" }),
        done(2),
        done(3),
        json!({ "type": "response.completed", "response": answer }),
    ]
    .iter()
    .enumerate()
    .map(|(number, piece)| event(number, piece))
    .collect()
}

fn responses_answer() -> Value {
    let call = |id: &str, call: &str, name: &str, arguments: &str| json!({ "id": id, "type": "function_call", "status": "completed", "call_id": call, "name": name, "arguments": arguments });
    let text = |text: &str| json!({ "type": "summary_text", "text": text });
    json!({
        "id": "resp_1", "object": "response", "created_at": 1741408624, "status": "completed", "error": null,
        "incomplete_details": null, "instructions": null, "model": "m", "store": false, "tools": [],
        "output": [
            { "id": "rs_1", "type": "reasoning", "summary": [text("Hm"), text("So")], "encrypted_content": "gAAAA" },
            { "id": "msg_1", "type": "message", "status": "completed", "role": "assistant",
              "content": [{ "type": "output_text", "text": "Grüß dich 🦀", "annotations": [] }] },
            call("fc_1", "call_a", "look", "{\"id\": 7}"),
            call("fc_2", "call_b", "note", "{}"),
        ],
        "usage": { "input_tokens": 36, "input_tokens_details": { "cached_tokens": 0 }, "output_tokens": 87,
            "output_tokens_details": { "reasoning_tokens": 64 }, "total_tokens": 123 },
    })
}

/// From "Streaming messages" of Anthropic's documentation: "Streaming request with tool use" and "with extended thinking".
fn anthropic() -> String {
    let event = |event: &str| {
        let name = json!(serde_json::from_str::<Value>(event).unwrap()["type"]);
        format!("event: {}\ndata: {event}\n\n", name.as_str().unwrap())
    };
    [
        r#"{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":472,"cache_read_input_tokens":100,"output_tokens":2}}}"#,
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"I need to"}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":" look 🦀"}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"EqQBCgIYAhIM1gbcDa9GJwZA2b3h"}}"#,
        r#"{"type":"content_block_stop","index":0}"#,
        r#"{"type":"ping"}"#,
        r#"{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}"#,
        r#"{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"Okay"}}"#,
        r#"{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":", schön"}}"#,
        r#"{"type":"content_block_stop","index":1}"#,
        r#"{"type":"a_type_that_is_new","data":1}"#,
        r#"{"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"toolu_1","name":"look","input":{}}}"#,
        r#"{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":""}}"#,
        r#"{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"location\":"}}"#,
        r#"{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":" \"San Francisco\"}"}}"#,
        r#"{"type":"content_block_stop","index":2}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":89}}"#,
        r#"{"type":"message_stop"}"#,
    ]
    .map(event)
    .concat()
}

fn anthropic_answer() -> Value {
    json!({ "content": [
        { "type": "thinking", "thinking": "I need to look 🦀", "signature": "EqQBCgIYAhIM1gbcDa9GJwZA2b3h" },
        { "type": "text", "text": "Okay, schön" },
        { "type": "tool_use", "id": "toolu_1", "name": "look", "input": { "location": "San Francisco" } } ],
        "stop_reason": "tool_use", "stop_sequence": null,
        "usage": { "input_tokens": 472, "cache_read_input_tokens": 100, "output_tokens": 89 } })
}

/// From `streamGenerateContent` of Gemini's API reference with `alt=sse`, and "Thought signatures" of its documentation.
fn gemini() -> String {
    [
        r#"{"candidates":[{"content":{"parts":[{"text":"Hm","thought":true}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":8}}"#,
        r#"{"candidates":[{"content":{"parts":[{"text":"Let me"}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":8}}"#,
        r#"{"candidates":[{"content":{"parts":[{"text":" löök 🦀"}],"role":"model"},"index":0}]}"#,
        r#"{"candidates":[{"content":{"parts":[{"functionCall":{"name":"look","args":{"id":7}},"thoughtSignature":"c2ln"}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":8,"candidatesTokenCount":5,"thoughtsTokenCount":2}}"#,
    ]
    .map(|piece| format!("data: {piece}\r\n\r\n"))
    .concat()
}

fn gemini_answer() -> Value {
    json!({ "candidates": [{ "content": { "role": "model", "parts": [
        { "text": "Hm", "thought": true }, { "text": "Let me löök 🦀" },
        { "functionCall": { "name": "look", "args": { "id": 7 } }, "thoughtSignature": "c2ln" } ] },
        "finishReason": "STOP", "index": 0 }],
        "usageMetadata": { "promptTokenCount": 8, "candidatesTokenCount": 5, "thoughtsTokenCount": 2 } })
}

/// From "Generate a chat completion" of Ollama's API documentation, with streaming, thinking and tools.
fn ollama() -> String {
    [
        r#"{"model":"m","created_at":"2023-08-04T08:52:19Z","message":{"role":"assistant","content":"","thinking":"Hm"},"done":false}"#,
        r#"{"model":"m","created_at":"2023-08-04T08:52:19Z","message":{"role":"assistant","content":"The sky 🦀"},"done":false}"#,
        r#"{"model":"m","created_at":"2023-08-04T08:52:19Z","message":{"role":"assistant","content":"","tool_calls":[{"function":{"name":"look","arguments":{"id":7}}}]},"done":false}"#,
        r#"{"model":"m","created_at":"2023-08-04T19:22:45Z","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","prompt_eval_count":26,"eval_count":282}"#,
    ]
    .map(|line| format!("{line}\n"))
    .concat()
}

fn ollama_answer() -> Value {
    json!({ "message": { "role": "assistant", "content": "The sky 🦀", "thinking": "Hm",
        "tool_calls": [{ "function": { "name": "look", "arguments": { "id": 7 } } }] },
        "done": true, "done_reason": "stop", "prompt_eval_count": 26, "eval_count": 282 })
}
