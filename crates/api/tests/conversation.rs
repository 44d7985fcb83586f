//! The conversation of a node with its agent: what was asked, answered and called, in all attempts.

use serde_json::{Value, json};

use crate::support::{Api, flow, list, readable, text};

/// An agent with a skill that has a tool, and one that has none.
fn researcher() -> Value {
    let tool = json!({ "name": "look", "type": "http_request", "description": "Looks it up.",
                       "request": { "url": "https://registry.example.org/" } });
    json!({
        "name": "Researcher", "agent_type": "llm",
        "config": { "provider": "openai", "model": "small", "temperature": 0.5 },
        "skills": [
            { "name": "research", "instructions": "Find out about ${input.vendor}.", "tools": [tool],
              "output_schema": { "type": "object" }, "max_turns": 5, "max_tokens": 1000, "max_answer_tokens": 200 },
            { "name": "ask", "instructions": "Tell me about ${input.vendor}.", "max_tokens": 50 },
        ],
    })
}

/// Runs a flow whose node `a` asks for `skill`, and returns the execution.
async fn asked(api: &Api, agent: &Value, skill: &str, input: &Value, settings: &Value) -> Value {
    let agent = text(&api.post("agents", agent).await.expect(201)["id"]);
    let mut node = json!({ "id": "a", "type": "agent", "agent_id": agent, "skill": skill, "input": input });
    for (key, value) in settings.as_object().expect("they are keys") {
        node[key] = value.clone();
    }
    api.run(&api.create_flow(&flow("Review", &[node], &[])).await).await
}

fn once_again() -> Value {
    json!({ "retry": { "enabled": true, "count": 1 } })
}

async fn conversation(api: &Api, execution: &Value) -> Value {
    api.get(&format!("executions/{}/nodes/a/conversation", text(&execution["id"]))).await.expect(200)
}

/// Returns a line for each call: its attempt, its name, how it stands and why.
fn lines(conversation: &Value) -> Vec<String> {
    let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let line = |step: &Value| {
        let of = |key| word(&step[key]);
        format!("{} {} {} {} {}", step["attempt"], of("name"), of("tool"), of("status"), of("error_class"))
    };
    list(&conversation["steps"]).iter().map(line).collect()
}

/// Runs an agent that asks for two tools, of which one fails, and whose second response is refused once.
async fn researched(api: &Api) -> Value {
    let call = |id: &str, arguments: Value| json!({ "id": id, "name": "look", "arguments": arguments });
    let failing = json!({ "fails": 9, "error": "rejected", "status": 422 });
    let first = json!({ "text": "I look it up.", "message": { "reasoning_content": "Where?" },
                        "tool_calls": [call("x", json!({ "page": 1 })), call("y", failing)] });
    let second =
        json!({ "fails": 1, "error": "model_output", "body": "It is risky.", "output": { "risk": 7 } });
    let input = json!({ "vendor": "ACME", "answers": [first, second] });
    let execution = asked(api, &researcher(), "research", &input, &once_again()).await;
    assert_eq!(execution["status"], "completed", "{execution:#}");
    conversation(api, &execution).await
}

#[tokio::test(start_paused = true)]
async fn a_conversation_has_what_was_asked_answered_and_called_in_all_attempts() {
    let api = Api::new().await;

    let conversation = researched(&api).await;

    insta::assert_debug_snapshot!(lines(&conversation), @r#"
    [
        "1 turn:1 - completed -",
        "1 tool:1:0 look completed -",
        "1 tool:1:1 look failed rejected",
        "1 turn:2 - failed model_output",
        "2 turn:2 - completed -",
    ]
    "#);
    assert_eq!(list(&conversation["asked"]).len(), 1);
    assert_eq!(conversation["asked"][0]["instructions"], "Find out about ACME.");
    assert_eq!(conversation["asked"][0]["input"]["vendor"], "ACME");
    assert_eq!((&conversation["turns_used"], &conversation["tokens_used"]), (&json!(3), &json!(30)));
    assert_eq!(conversation["steps"][2]["arguments"]["status"], 422);
    assert_eq!(conversation["steps"][3]["response"], "It is risky.");
    assert_eq!(
        (&conversation["steps"][4]["turn"], &conversation["steps"][4]["output"]),
        (&json!(2), &json!({ "risk": 7 }))
    );
}

#[tokio::test(start_paused = true)]
async fn a_conversation_names_the_model_and_what_each_call_took() {
    let api = Api::new().await;

    let conversation = researched(&api).await;

    insta::assert_snapshot!(readable(&conversation["agent"]), @r#"
    {
      "id": "[id 1]",
      "version": 1,
      "name": "Researcher",
      "agent_type": "llm",
      "provider": "openai",
      "model": "small",
      "fallbacks": [],
      "temperature": 0.5,
      "tools": [
        "look"
      ],
      "has_output_schema": true,
      "max_turns": 5,
      "max_tokens": 1000
    }
    "#);
    insta::assert_snapshot!(readable(&conversation["steps"][0]), @r#"
    {
      "number": 1,
      "attempt": 1,
      "name": "turn:1",
      "turn": 1,
      "summarizes": null,
      "model": {
        "provider": "openai",
        "model": "small"
      },
      "tool": null,
      "guardrail": null,
      "status": "completed",
      "started_at": "2027-01-15T08:00:00.000000Z",
      "ended_at": "2027-01-15T08:00:00.000000Z",
      "duration_ms": 0,
      "stop_at": null,
      "refusal": null,
      "error_class": null,
      "error_message": null,
      "http_status": null,
      "arguments": null,
      "text": "I look it up.",
      "thinking": "Where?",
      "execution_id": null,
      "output": null,
      "response": null,
      "reserved_tokens": 200,
      "usage": {
        "input_tokens": 100,
        "cached_input_tokens": 60,
        "cache_write_tokens": 30,
        "output_tokens": 10,
        "cost": null
      },
      "approval": null
    }
    "#);
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_attempt_ended_first_is_stopped_and_made_again() {
    let api = Api::new().await;
    let call = json!({ "id": "x", "name": "look", "arguments": { "hangs": true } });
    let input = json!({ "vendor": "ACME", "answers": [{ "tool_calls": [call] }] });
    let mut settings = once_again();
    settings["timeout_seconds"] = json!(5);

    let execution = asked(&api, &researcher(), "research", &input, &settings).await;

    let conversation = conversation(&api, &execution).await;
    insta::assert_debug_snapshot!(lines(&conversation), @r#"
    [
        "1 turn:1 - completed -",
        "1 tool:1:0 look stopped timeout",
        "2 tool:1:0 look stopped timeout",
    ]
    "#);
    assert_eq!((&conversation["turns_used"], &conversation["tokens_used"]), (&json!(1), &json!(10)));
}

#[tokio::test(start_paused = true)]
async fn the_attempts_of_a_skill_without_tools_are_its_calls() {
    let api = Api::new().await;
    let input = json!({ "vendor": "ACME", "fails": 1, "error": "model_output" });

    let execution = asked(&api, &researcher(), "ask", &input, &once_again()).await;

    let conversation = conversation(&api, &execution).await;
    insta::assert_debug_snapshot!(lines(&conversation), @r#"
    [
        "1 - - failed model_output",
        "2 - - completed -",
    ]
    "#);
    assert_eq!(list(&conversation["asked"]).len(), 1);
    assert_eq!(conversation["asked"][0]["instructions"], "Tell me about ACME.");
    assert_eq!(conversation["steps"][1]["output"], input);
}

#[tokio::test(start_paused = true)]
async fn long_values_of_a_conversation_are_previews_of_their_own_addresses() {
    let api = Api::new().await;
    let long = "ü".repeat(40_000);
    let call = json!({ "id": "x", "name": "look", "arguments": { "page": long } });
    let first =
        json!({ "text": long, "message": [{ "type": "thinking", "thinking": long }], "tool_calls": [call] });
    let input = json!({ "vendor": long, "answers": [first, { "output": { "page": long } }] });

    let execution = asked(&api, &researcher(), "research", &input, &json!({})).await;

    let conversation = conversation(&api, &execution).await;
    assert!(conversation.to_string().len() < 60_000, "the answer is short");
    for (pointer, value) in [
        ("/asked/0/instructions", json!(format!("Find out about {long}."))),
        ("/asked/0/input", input),
        ("/steps/0/text", json!(long)),
        ("/steps/0/thinking", json!(long)),
        ("/steps/1/arguments", json!({ "page": long })),
        ("/steps/1/output", json!({ "page": long })),
        ("/steps/2/output", json!({ "page": long })),
    ] {
        let preview = &conversation.pointer(pointer).unwrap()["$preview"];
        let whole = api.get(&text(&preview["href"])).await;
        assert_eq!(whole.body, value, "{pointer}: {preview}");
    }
    let missing = format!("executions/{}/nodes/a/steps", text(&execution["id"]));
    for path in ["9/output", "2/text"] {
        assert_eq!(api.get(&format!("{missing}/{path}")).await.status, 404, "{path}");
    }
    for path in ["0/output", "1/secrets"] {
        assert_eq!(api.get(&format!("{missing}/{path}")).await.status, 400, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_conversation_with_very_many_calls_shows_the_last_ones() {
    let api = Api::new().await;
    let call = |id: usize| json!({ "id": id.to_string(), "name": "look", "arguments": {} });
    let turn = json!({ "tool_calls": (0..32).map(call).collect::<Vec<_>>() });
    let answers: Vec<Value> =
        std::iter::repeat_n(turn, 32).chain([json!({ "output": { "risk": 7 } })]).collect();
    let mut agent = researcher();
    agent["skills"][0]["max_turns"] = json!(33);

    let execution =
        asked(&api, &agent, "research", &json!({ "vendor": "ACME", "answers": answers }), &json!({})).await;

    let conversation = conversation(&api, &execution).await;
    let steps = list(&conversation["steps"]);
    assert_eq!((&conversation["earlier_steps"], steps.len()), (&json!(32 * 33 + 1 - 1_024), 1_024));
    assert_eq!((&steps[1_023]["name"], &steps[1_023]["number"]), (&json!("turn:33"), &json!(1_057)));
}

#[tokio::test(start_paused = true)]
async fn a_conversation_says_what_can_no_longer_be_known() {
    let api = Api::new().await;
    let remote = json!({ "name": "Remote", "agent_type": "http", "skills": ["score"],
                         "config": { "endpoint": "https://risk.example.org" } });

    let execution = asked(&api, &remote, "score", &json!({ "vendor": "ACME" }), &json!({})).await;
    let before = conversation(&api, &execution).await;
    let agent = text(&before["agent"]["id"]);
    assert_eq!(api.delete(&format!("agents/{agent}")).await.status, 204);
    let after = conversation(&api, &execution).await;

    assert_eq!((&before["agent"]["agent_type"], &before["agent"]["model"]), (&json!("http"), &json!(null)));
    assert_eq!((&after["agent"], &after["steps"]), (&json!(null), &before["steps"]));
    let echoed = api.run(&api.flow_of(&[crate::support::echo("a", json!({}))]).await).await;
    let none = api.get(&format!("executions/{}/nodes/a/conversation", text(&echoed["id"]))).await;
    assert_eq!(none.status, 404);
}

#[tokio::test(start_paused = true)]
async fn each_call_names_the_model_that_it_asks_and_why_that_was_left() {
    let api = Api::new().await;
    let mut agent = researcher();
    agent["config"]["fallbacks"] = json!([{ "model": "large" }, { "provider": "ollama", "model": "own" }]);
    let call = json!({ "id": "x", "name": "look", "arguments": {} });
    let with_tools = json!([{ "refused_by": 1, "error": "rate_limited", "status": 429, "tool_calls": [call] }, { "output": { "risk": 7 } }]);
    let without =
        json!([{ "refused_by": 2, "error": "rate_limited", "status": 429, "output": { "text": "Low." } }]);

    for (skill, answers, asked_models) in [
        (
            "research",
            with_tools,
            json!(["failed small", "completed large", "completed -", "completed large"]),
        ),
        ("ask", without, json!(["failed small", "failed large", "completed own"])),
    ] {
        let input = json!({ "vendor": "ACME", "answers": answers });
        let execution = asked(&api, &agent, skill, &input, &json!({})).await;

        assert_eq!(execution["status"], "completed", "{execution:#}");
        let conversation = conversation(&api, &execution).await;
        let said: Vec<String> = list(&conversation["steps"])
            .iter()
            .map(|step| {
                format!("{} {}", text(&step["status"]), step["model"]["model"].as_str().unwrap_or("-"))
            })
            .collect();
        assert_eq!(json!(said), asked_models, "{skill}");
        assert_eq!(
            (&conversation["steps"][0]["error_class"], &conversation["steps"][0]["http_status"]),
            (&json!("rate_limited"), &json!(429))
        );
        assert_eq!(conversation["agent"]["fallbacks"][1], json!({ "provider": "ollama", "model": "own" }));
        assert_eq!(conversation["agent"]["max_turns"], if skill == "ask" { Value::Null } else { json!(5) });
    }
}
