//! Agents as somebody edits them: their models, tests of their connections, and trials of their skills.

use serde_json::{Value, json};

use crate::support::{Api, NO_ID, text};

fn analyst() -> Value {
    json!({ "name": "Analyst", "agent_type": "llm",
            "config": { "provider": "openai", "base_url": "https://models.example/v1", "model": "m", "api_key": "sk-canary" },
            "skills": [{ "name": "score", "instructions": "Rate ${input.vendor}.", "input_schema": { "type": "object" } }] })
}

#[tokio::test(start_paused = true)]
async fn models_are_listed_before_one_is_chosen() {
    let api = Api::new().await;
    let config = json!({ "agent_type": "llm", "config": { "provider": "openai", "model": "" }, "skills": 7 });

    let models = api.post("agents/models", &config).await.expect(200);

    assert_eq!(models, json!({ "models": [{ "id": "none", "name": null }] }), "it is asked without a model");
}

#[tokio::test(start_paused = true)]
async fn stored_agent_is_asked_with_what_is_given_in_place_of_its_own() {
    let api = Api::new().await;
    let path = format!("agents/{}", text(&api.post("agents", &analyst()).await.expect(201)["id"]));
    let moved = |url: &str| json!({ "config": { "provider": "openai", "base_url": url, "model": "n", "api_key": "••••" } });

    let stored = api.press(&format!("{path}/models")).await.expect(200);
    let changed = api.post(&format!("{path}/test"), &moved("https://models.example/v2")).await.expect(200);
    let elsewhere = api.post(&format!("{path}/test"), &moved("https://evil.example/v1")).await.problem();

    assert_eq!(stored["models"][0]["id"], "m");
    assert_eq!((&changed["success"], &changed["message"]), (&json!(true), &json!("n answered.")));
    assert!(elsewhere.contains("/config/api_key: this is the mask of a stored secret"), "{elsewhere}");
    assert_eq!(api.get(&path).await.expect(200)["version"], 1, "nothing is stored");
}

#[tokio::test(start_paused = true)]
async fn failed_test_says_why_and_is_no_problem() {
    let api = Api::new().await;
    let mut agent = analyst();
    agent["config"]["model"] = json!("gone");

    let test = api.post("agents/test", &agent).await.expect(200);
    let models = api.post("agents/models", &agent).await.problem();

    assert_eq!((&test["success"], &test["error"]["error_class"]), (&json!(false), &json!("rejected")));
    insta::assert_snapshot!(models, @"422 skill-rejected: HTTP 404 from models.example.");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_asked_has_its_pointer() {
    let api = Api::new().await;
    let faulty = |config: Value| json!({ "agent_type": "llm", "config": config });

    insta::assert_snapshot!(api.post("agents/test", &faulty(json!({ "provider": "openai" }))).await.problem(), @"
    422 agent-invalid: The agent document has a fault at `/config/model`: a model needs `model`: a string of at most 200 characters.
      /config/model: a model needs `model`: a string of at most 200 characters
    ");
    insta::assert_snapshot!(api.post("agents/models", &faulty(json!({ "provider": "acme" }))).await.problem(), @r#"
    422 agent-invalid: The agent document has a fault at `/config/provider`: `provider` must be one of `openai`, `anthropic`, `gemini`, `ollama`, not "acme".
      /config/provider: `provider` must be one of `openai`, `anthropic`, `gemini`, `ollama`, not "acme"
    "#);
    insta::assert_snapshot!(api.post("agents/models", &json!({})).await.problem(), @"
    422 agent-invalid: The agent document has 2 faults. The first, at `/agent_type`: an agent needs `agent_type`: one of `llm`, `http`, `mcp`.
      /agent_type: an agent needs `agent_type`: one of `llm`, `http`, `mcp`
      /config: an agent needs `config`: an object
    ");
    let mut agent = analyst();
    agent["skills"][0]["instructions"] = json!("${nope}");
    let tried = json!({ "agent": agent, "skill": "score" });
    insta::assert_snapshot!(api.post("agents/try", &tried).await.problem(), @"
    422 agent-invalid: The agent document has a fault at `/agent/skills/0/instructions`: `${nope}` is not `${input}` or a path like `${input.items[0].name}`.
      /agent/skills/0/instructions: `${nope}` is not `${input}` or a path like `${input.items[0].name}`
    ");
    let other = json!({ "agent": analyst(), "skill": "other" });
    insta::assert_snapshot!(api.post("agents/try", &other).await.problem(), @"404 no-such-agent: The agent has no skill `other`; it has score.");
    insta::assert_snapshot!(api.post("agents/try", &json!({ "skill": "score", "input": {} })).await.problem(), @"
    400 invalid-body: The body does not fit: unknown field `input`, expected one of `agent`, `skill`, `input_data`, `only_prompt` at line 1 column 24.
      /input: unknown field `input`, expected one of `agent`, `skill`, `input_data`, `only_prompt`
    ");
    api.press(&format!("agents/{NO_ID}/models")).await.expect(404);
}

#[tokio::test(start_paused = true)]
async fn unsaved_skill_is_tried_with_its_prompt_and_its_tools_are_not_called() {
    let api = Api::new().await;
    let path = format!("agents/{}", text(&api.post("agents", &analyst()).await.expect(201)["id"]));
    let skills = json!([{ "name": "score", "instructions": "Judge." }]);
    let body = |only_prompt: bool| json!({ "agent": { "skills": skills }, "skill": "score", "input_data": { "n": 19.5 }, "only_prompt": only_prompt });

    let tried = api.post(&format!("{path}/try"), &body(false)).await.expect(200);
    let prompt = api.post(&format!("{path}/try"), &body(true)).await.expect(200);

    assert_eq!(tried["prompt"], json!({ "system": "Judge.", "user": "{\"n\":19.5}", "tools": ["look"] }));
    assert_eq!(tried["tool_calls"], json!([{ "name": "look", "arguments": { "n": 19.5 } }]));
    assert_eq!(
        (&tried["success"], &tried["raw"], &tried["output"]),
        (&json!(true), &json!("Let me look."), &json!(null))
    );
    assert_eq!((&prompt["prompt"], &prompt["tool_calls"]), (&tried["prompt"], &json!([])));
}
