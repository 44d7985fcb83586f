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
    400 invalid-body: The body does not fit: unknown field `input`, expected one of `agent`, `skill`, `input_data`, `only_prompt`, `fallback` at line 1 column 24.
      /input: unknown field `input`, expected one of `agent`, `skill`, `input_data`, `only_prompt`, `fallback`
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

#[tokio::test(start_paused = true)]
async fn a_fallback_model_is_tried_alone() {
    let api = Api::new().await;
    let mut agent = analyst();
    agent["config"]["fallbacks"] = json!([{ "model": "gone" }, { "model": "other" }]);
    let with = async |fallback: Value| {
        let input = json!({ "vendor": "Acme" });
        let body = json!({ "agent": agent, "skill": "score", "input_data": input, "fallback": fallback });
        api.post("agents/try", &body).await
    };

    let tried = [with(json!(null)).await, with(json!(1)).await, with(json!(2)).await];
    let refused = [with(json!(0)).await.problem(), with(json!(3)).await.problem()];

    let [first, gone, other] = tried.map(|tried| tried.expect(200));
    assert_eq!([&first["success"], &other["success"]], [&json!(true), &json!(true)]);
    assert_eq!(gone["error"]["error_message"], "HTTP 404 from models.example.");
    insta::assert_snapshot!(refused.join("\n"), @"
    400 invalid-body: The agent has no fallback model 0.
      /fallback: The agent has no fallback model 0
    400 invalid-body: The agent has no fallback model 3.
      /fallback: The agent has no fallback model 3
    ");
}

fn judged(guardrails: &Value) -> Value {
    let mut agent = analyst();
    agent["skills"][0] = json!({ "name": "score", "guardrails": guardrails });
    agent
}

fn judge(name: &str, on: &str, then: &str) -> Value {
    json!({ "name": name, "on": on, "judge": { "agent_id": NO_ID, "skill": "judge" }, "then": then })
}

fn verdicts(tried: &Value) -> Vec<String> {
    let said = |verdict: &Value| {
        let part = |key: &str| verdict[key].as_str().unwrap_or("-").to_owned();
        format!(
            "{} {} {}: {} {}",
            part("guardrail"),
            part("on"),
            part("follows"),
            verdict["passed"],
            part("reason")
        )
    };
    tried["verdicts"].as_array().expect("a list").iter().map(said).collect()
}

#[tokio::test(start_paused = true)]
async fn judges_are_asked_about_what_is_tried_and_the_model_is_asked_once() {
    let api = Api::new().await;
    let agent = judged(&json!([judge("asked", "input", "fail"), judge("fair", "output", "repair")]));
    let tried = async |input: &Value| {
        let body = json!({ "agent": agent, "skill": "score", "input_data": input });
        api.post("agents/try", &body).await.expect(200)
    };

    let refused = tried(&json!({ "judged": true, "answer": { "text": "fine" } })).await;
    assert_eq!(
        verdicts(&refused),
        ["asked input fail: true I looked.", "fair output repair: true I looked."]
    );
    assert_eq!((&refused["success"], &refused["output"]), (&json!(true), &json!({ "text": "fine" })));

    let bad_input = tried(&json!({ "judged": true, "says": "bad", "answer": {} })).await;
    assert_eq!(verdicts(&bad_input), ["asked input fail: false It is bad."]);
    assert_eq!((&bad_input["success"], &bad_input["output"]), (&json!(false), &json!(null)));
    assert_eq!(bad_input["error"]["error_class"], "guardrail");

    let unjudged = tried(&json!({ "fails": 1, "answer": { "text": "fine" } })).await;
    assert_eq!(verdicts(&unjudged), ["asked input fail: null -"]);
    assert_eq!(unjudged["verdicts"][0]["error_message"], "Connection timeout");
    assert_eq!((&unjudged["success"], &unjudged["output"]), (&json!(false), &json!(null)));
}

#[tokio::test(start_paused = true)]
async fn output_that_a_judge_refuses_is_shown_with_what_would_follow() {
    let api = Api::new().await;
    let input = json!({ "judged": true, "answer": { "text": "good" } });
    for (then, success) in [("repair", true), ("ask", true), ("fail", false)] {
        let mut agent = judged(&json!([judge("fair", "output", then)]));
        agent["skills"][0]["instructions"] = json!("Rate.");
        let mut input = input.clone();
        input["answer"]["text"] = json!("bad");
        let body = json!({ "agent": agent, "skill": "score", "input_data": input });

        let tried = api.post("agents/try", &body).await.expect(200);

        let reason = if then == "fail" { "It is bad." } else { "I looked." };
        assert_eq!(verdicts(&tried), [format!("fair output {then}: false {reason}")]);
        assert_eq!(
            (&tried["success"], &tried["output"]),
            (&json!(success), &json!({ "text": "bad" })),
            "{then}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn skill_and_node_with_a_judge_are_tried_as_an_execution_runs_them() {
    let api = Api::new().await;
    let stored = judged(&json!([judge("fair", "output", "repair")]));
    let id = text(&api.post("agents", &stored).await.expect(201)["id"]);
    let input = json!({ "judged": true, "answers": [{ "output": "bad" }, { "output": "good" }] });
    let expected = ["fair output repair: false I looked.", "fair output repair: true I looked."];

    let body = json!({ "skill": "score", "input_data": input });
    let executed = api.post(&format!("agents/{id}/execute"), &body).await.expect(200);
    assert_eq!(
        (&executed["result"], verdicts(&executed)),
        (&json!("good"), expected.map(str::to_owned).to_vec())
    );

    let node =
        json!({ "id": "n", "type": "agent", "agent_id": id, "skill": "score", "input": "${trigger_data}" });
    let test = |input: &Value| json!({ "flow_definition": { "nodes": [node] }, "node_id": "n", "trigger_data": input });
    let tested = api.post("flows/test-node", &test(&input)).await.expect(200);
    assert_eq!(
        (&tested["output"], verdicts(&tested)),
        (&json!("good"), expected.map(str::to_owned).to_vec())
    );

    let strict = judged(&json!([judge("fair", "output", "fail")]));
    let strict = text(&api.post("agents", &strict).await.expect(201)["id"]);
    let body =
        json!({ "skill": "score", "input_data": { "judged": true, "answers": [{ "output": "bad" }] } });
    let failed = api.post(&format!("agents/{strict}/execute"), &body).await.expect(422);
    assert_eq!(verdicts(&failed), ["fair output fail: false It is bad."]);

    let asks = json!({ "skills": [{ "name": "score", "guardrails": [judge("fair", "output", "ask")] }] });
    api.patch(&format!("agents/{id}"), &asks).await.expect(200);
    let untried = api.post("flows/test-node", &test(&input)).await.expect(200);
    assert_eq!(verdicts(&untried), Vec::<String>::new(), "a person would be asked, so nothing is");
}
