//! Each dialect that agents speak, against models that somebody else has written: `@copilotkit/aimock`, which speaks OpenAI chat
//! completions and responses, Anthropic, Gemini and Ollama by one script.
//!
//! As Ollama, it counts no tokens; as Gemini, it reads no `parametersJsonSchema` and signs no thoughts. It checks no form of a
//! request beyond what it needs to find its line. It needs Node.js and the package in `e2e/node_modules` (`make test` installs
//! it). Without them the test says so and ends, but fails where `CI` is set.

use std::time::Duration;

use serde_json::{Value, json};
use steadflow_blackbox::{Api, NodeServer, Peer, Setup, Workplace, flow, node, retries, with};

const ENDS_WITHIN: Duration = Duration::from_secs(30);
/// What each answer uses: tokens sent, and answered.
const USED: (u64, u64) = (31, 17);

/// The names of the dialects, and the paths of their APIs.
const DIALECTS: [(&str, &str); 5] =
    [("openai", "/v1"), ("responses", "/v1"), ("anthropic", "/v1"), ("gemini", "/v1beta"), ("ollama", "")];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn models_of_somebody_else_answer_call_tools_refuse_and_break_off_in_each_dialect() {
    let Some(program) = NodeServer::installed("@copilotkit/aimock/dist/cli.js") else { return };
    let (workplace, peer) = (Workplace::new(), Peer::start().await);
    let script = workplace.path().join("script.json");
    std::fs::write(&script, script_of_all().to_string()).expect("the folder can be written to");
    let models = NodeServer::start(&program, &["--fixtures", &script.display().to_string(), "--strict"]);
    let mut server = Setup::new(&workplace).start().await;
    let api = server.api();

    let mut started = Vec::new();
    for (provider, path) in DIALECTS {
        for is_stream in [true, false] {
            let mut config = json!({
                "provider": provider, "base_url": models.url(path), "api_key": "a key",
                "model": model(provider, is_stream), "stream": is_stream,
            });
            if provider == "responses" {
                (config["provider"], config["api"]) = (json!("openai"), json!("responses"));
            }
            let flow = create(api, &config, &peer).await;
            started.push((provider, is_stream, api.start(&flow, json!({})).await));
        }
    }

    for (provider, is_stream, execution) in started {
        let ended = api.finished(&execution, ENDS_WITHIN).await;
        let what = format!("{}: {ended}", model(provider, is_stream));
        assert_eq!(ended["status"], "completed", "{what}");
        for (id, text) in [
            ("tell", "Grüezi from Zürich, where all is well."),
            ("look", "The fifth is open."),
            ("busy", "Now there is room."),
            ("broken", "This time it is whole, to its very last word."),
        ] {
            assert_eq!(node(&ended, id)["output_data"], json!({ "text": text }), "{what}");
        }
        let classes = |id: &str| {
            let attempts = node(&ended, id)["attempts"].as_array().cloned().unwrap_or_default();
            attempts.iter().map(|attempt| attempt["error_class"].clone()).collect::<Vec<_>>()
        };
        assert_eq!(classes("busy"), [json!("rate_limited"), Value::Null], "{what}");
        let broken = if is_stream { "connection" } else { "unavailable" };
        assert_eq!(classes("broken"), [json!(broken), Value::Null], "{what}");
        let calls: Vec<_> = peer.calls_of(&execution).into_iter().map(|call| call.body).collect();
        assert_eq!(calls, [r#"{"door":"fünf","number":5}"#], "{what}");
        // One answer each, and two of the one that calls a tool. Anthropic counts before it answers, so what broke off, too.
        let answers = match (provider, is_stream) {
            ("ollama", _) => 0,
            ("anthropic", true) => 6,
            _ => 5,
        };
        let usage = &ended["usage"];
        assert_eq!(
            (&usage["input_tokens"], &usage["output_tokens"]),
            (&json!(answers * USED.0), &json!(answers * USED.1)),
            "{what}"
        );
    }
    server.stop().await;
}

/// Creates an agent, and a flow that asks it all questions of the script.
async fn create(api: &Api, config: &Value, peer: &Peer) -> String {
    let look = json!({
        "name": "look", "type": "http_request", "description": "Looks behind a door.",
        "input_schema": { "type": "object", "required": ["door", "number"], "properties": { "door": { "type": "string" }, "number": { "type": "integer" } } },
        "request": { "method": "POST", "url": peer.url("/echo/200"), "body": "${input}" },
    });
    let agent = json!({
        "name": "Doors", "agent_type": "llm",
        "config": config,
        "skills": [
            { "name": "answer", "instructions": "Answer." },
            { "name": "look", "instructions": "Look behind doors.", "tools": [look] },
        ],
    });
    let agent = api.post("agents", &agent).await.expect(201)["id"].clone();
    let ask = |id: &str, skill: &str| {
        let node = json!({ "id": id, "type": "agent", "agent_id": agent, "skill": skill, "input": { "question": id } });
        with(node, &retries(3, 0.01))
    };
    let nodes = [ask("tell", "answer"), ask("look", "look"), ask("busy", "answer"), ask("broken", "answer")];
    api.create_flow(&flow("Doors", &nodes, &[])).await
}

/// The name of a model: each has counters of its own in the script.
fn model(provider: &str, is_stream: bool) -> String {
    format!("{provider}-{}", if is_stream { "stream" } else { "whole" })
}

/// What the models say. They answer what is not in here with an error.
fn script_of_all() -> Value {
    let models =
        DIALECTS.iter().flat_map(|(provider, _)| [true, false].map(|is_stream| (*provider, is_stream)));
    let lines = models.flat_map(|(provider, is_stream)| script(&model(provider, is_stream), is_stream));
    json!({ "fixtures": lines.collect::<Vec<_>>() })
}

fn script(model: &str, is_stream: bool) -> Vec<Value> {
    let line = |question: &str, matches: Value, response: Value| json!({ "match": with(matches, &json!({ "model": model, "userMessage": question })), "response": response });
    let usage = json!({ "usage": { "prompt_tokens": USED.0, "completion_tokens": USED.1 } });
    let says = |text: &str| with(json!({ "content": text }), &usage);
    let calls = json!({
        "reasoning": "Not the fourth.", "content": "I look.",
        "toolCalls": [{ "name": "look", "arguments": { "door": "fünf", "number": 5 } }],
    });
    let error = |status: u16, kind: &str| json!({ "error": { "message": "Not now", "type": kind }, "status": status, "retryAfter": 0 });
    let whole = says("This time it is whole, to its very last word.");
    let breaks_off = if is_stream {
        with(
            line("broken", json!({ "sequenceIndex": 0 }), whole.clone()),
            &json!({ "truncateAfterChunks": 2, "latency": 20 }),
        )
    } else {
        line("broken", json!({ "sequenceIndex": 0 }), error(503, "server_error"))
    };
    vec![
        line("tell", json!({}), says("Grüezi from Zürich, where all is well.")),
        // The answer is for those who say what the tool has said.
        line(
            "look",
            json!({ "hasToolResult": true, "toolResultContains": "fünf" }),
            with(says("The fifth is open."), &json!({ "reasoning": "It is." })),
        ),
        line("look", json!({ "hasToolResult": false }), with(calls, &usage)),
        line("busy", json!({ "sequenceIndex": 0 }), error(429, "rate_limit_error")),
        line("busy", json!({ "sequenceIndex": 1 }), says("Now there is room.")),
        breaks_off,
        line("broken", json!({ "sequenceIndex": 1 }), whole),
    ]
}
