//! An agent of ten turns, killed at each of them, also when its answer has come by half: nothing that is stored is asked for
//! again.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use steadflow_blackbox::{Api, Hold, Model, Setup, Workplace, eventually, flow, node, retries, run, with};

const TURNS: usize = 10;
/// The last turn asks for no tools.
const ROUNDS_OF_TOOLS: usize = TURNS - 1;
const ENDS_WITHIN: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_9_at_each_step_buys_no_token_twice() {
    let workplace = Workplace::new();
    let model = Model::start(TURNS).await;
    let mut server = Setup::new(&workplace).start().await;
    let flow = create(server.api(), &model, "never").await;

    let turns: Vec<String> = (1..=TURNS).map(|turn| format!("turn:{turn}")).collect();
    let tools: Vec<String> = (1..=ROUNDS_OF_TOOLS).map(|turn| format!("tool:{turn}:1")).collect();
    for (steps, hold) in [(&turns, Hold::Silent), (&turns, Hold::HalfWay), (&tools, Hold::Silent)] {
        model.hold(&key("", &steps[0]), hold);
        let execution = server.api().start(&flow, json!({ "question": "What is it?" })).await;
        for (number, step) in steps.iter().enumerate() {
            model.has_come().await;
            if let Some(round) = step.strip_prefix("tool:").and_then(|tool| tool.strip_suffix(":1")) {
                is_stored(server.api(), &execution, &format!("tool:{round}:0")).await;
            }
            server.kill();
            if let Some(next) = steps.get(number + 1) {
                model.hold(&key("", next), hold);
            }
            server.restart().await;
        }
        let ended = server.api().finished(&execution, ENDS_WITHIN).await;

        assert_eq!(ended["status"], "completed", "{ended}");
        assert_eq!(node(&ended, "think")["output_data"], json!({ "text": "All is well." }));
        assert_eq!(calls_of(&model, &execution), expected_calls(steps), "{hold:?}");
        let (sent, answered) =
            (1..=TURNS).map(Model::usage).fold((0, 0), |sum, turn| (sum.0 + turn.0, sum.1 + turn.1));
        assert_eq!(ended["usage"]["input_tokens"], sent);
        assert_eq!(ended["usage"]["output_tokens"], answered);
        assert_conversations_fit(&model, &execution);
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_9_behind_each_refusal_asks_no_model_again_that_has_refused_or_answered() {
    let workplace = Workplace::new();
    let model = Model::start(3).await;
    model.refuse("down", 503);
    model.refuse("busy", 429);
    let mut server = Setup::new(&workplace).start().await;
    let config = json!({
        "provider": "openai", "base_url": model.url("/v1"), "model": "down",
        "fallbacks": [{ "model": "busy" }, { "model": "scripted" }],
    });
    let flow = create_with(server.api(), &model, "never", &config).await;
    // Each call is held before it is answered, so what it follows on is stored.
    let steps = ["turn:1:1", "turn:1:2", "turn:2:2", "turn:3:2"];
    model.hold(steps[0], Hold::Silent);
    let execution = server.api().start(&flow, json!({ "question": "What is it?" })).await;
    for number in 0..steps.len() {
        model.has_come().await;
        server.kill();
        if let Some(next) = steps.get(number + 1) {
            model.hold(next, Hold::Silent);
        }
        server.restart().await;
    }
    let ended = server.api().finished(&execution, ENDS_WITHIN).await;

    assert_eq!(ended["status"], "completed", "{ended}");
    assert_eq!(node(&ended, "think")["output_data"], json!({ "text": "All is well." }));
    let tools = ["tool:1:0", "tool:1:1", "tool:2:0", "tool:2:1"].map(|step| (step.to_owned(), 1));
    let expected = steps.map(|step| (step.to_owned(), 2)).into_iter().chain(tools);
    assert_eq!(calls_of(&model, &execution), expected.chain([("turn:1".to_owned(), 1)]).collect());
    let path = format!("executions/{execution}/nodes/think/conversation");
    let conversation = server.api().get(&path).await.expect(200);
    let asked =
        conversation["steps"].as_array().expect("a list").iter().filter(|step| step["tool"].is_null());
    let asked: Vec<_> =
        asked.map(|step| json!([step["model"]["model"], step["status"], step["http_status"]])).collect();
    let of = |model: &str, ends: &[(&str, Option<u16>)]| {
        ends.iter().map(|(status, http)| json!([model, status, http])).collect::<Vec<_>>()
    };
    let answered = [("stopped", None), ("completed", None)];
    let down = of("down", &[("failed", Some(503))]);
    let busy = of("busy", &[("stopped", None), ("failed", Some(429))]);
    assert_eq!(asked, [down, busy, of("scripted", &answered.repeat(3))].concat());
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_waits_for_approval_survives_kill_9_and_is_made_once_as_it_was_edited() {
    let workplace = Workplace::new();
    let model = Model::start(2).await;
    let mut server = Setup::new(&workplace).start().await;
    let flow = create(server.api(), &model, "input.number == 0").await;
    let execution = server.api().start(&flow, json!({ "question": "What is it?" })).await;
    is_stored(server.api(), &execution, "tool:1:1").await;

    server.kill();
    server.restart().await;
    let approval = only_approval(server.api()).await;
    let path = format!("approvals/{}", key(&execution, "tool:1:0"));
    let decide = async |decision: Value| {
        let decision = with(decision, &json!({ "arguments_hash": approval["arguments_hash"] }));
        server.api().post(&path, &decision).await
    };
    let misfit = decide(json!({ "decision": "approved", "arguments": { "turn": 1 } })).await.expect(400);
    let edited = json!({ "turn": 1, "number": 7 });
    decide(json!({ "decision": "approved", "arguments": edited })).await.expect(200);
    let again = decide(json!({ "decision": "rejected" })).await.expect(409);
    let ended = server.api().finished(&execution, ENDS_WITHIN).await;

    assert_eq!(approval["arguments"], json!({ "turn": 1, "number": 0 }));
    assert_eq!(misfit["errors"][0]["pointer"], "/arguments", "{misfit}");
    assert!(again["detail"].as_str().is_some_and(|said| said.contains("approved by user")), "{again}");
    assert_eq!(ended["status"], "completed", "{ended}");
    assert_eq!(
        node(&ended, "think")["attempts"].as_array().map(Vec::len),
        Some(1),
        "waiting costs no attempt"
    );
    let calls = model.calls();
    assert_eq!(calls[&key(&execution, "tool:1:0")], [json!({ "number": 7 })]);
    assert!(calls_of(&model, &execution).values().all(|count| *count == 1));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_person_says_against_a_call_reaches_the_model() {
    let workplace = Workplace::new();
    let model = Model::start(2).await;
    let mut server = Setup::new(&workplace).start().await;
    let flow = create(server.api(), &model, "input.number == 0").await;
    let execution = server.api().start(&flow, json!({ "question": "What is it?" })).await;
    let approval = only_approval(server.api()).await;

    let decision = json!({ "decision": "rejected", "comment": "Not this vendor", "arguments_hash": approval["arguments_hash"] });
    let path = format!("approvals/{}", key(&execution, "tool:1:0"));
    server.api().post(&path, &decision).await.expect(200);
    let ended = server.api().finished(&execution, ENDS_WITHIN).await;

    assert_eq!(ended["status"], "completed", "{ended}");
    let calls = model.calls();
    assert!(!calls.contains_key(&key(&execution, "tool:1:0")), "{calls:?}");
    let asked = calls[&key(&execution, "turn:2")][0].to_string();
    assert!(asked.contains("A person rejected this call: Not this vendor"), "{asked}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_are_listed_and_decided_on_from_the_command_line() {
    let workplace = Workplace::new();
    let model = Model::start(3).await;
    let mut server = Setup::new(&workplace).start().await;
    let flow = create(server.api(), &model, "input.number == 0").await;
    let execution = server.api().start(&flow, json!({ "question": "What is it?" })).await;
    let base = format!("http://{}", server.address());
    let approvals =
        |arguments: &[&str]| run(workplace.path(), &[&["approvals", "--server", &base], arguments].concat());
    let first = only_approval(server.api()).await;
    let id = first["id"].as_str().expect("it has an id");
    let hash = first["arguments_hash"].as_str().expect("it has a hash");

    let list = approvals(&["list"]);
    let shown = approvals(&["show", id]);
    let other = approvals(&["approve", id, "--hash", "sha256:0"]);
    let misfit = approvals(&["approve", id, "--arguments", "{\"turn\": 1}"]);
    let approved =
        approvals(&["approve", id, "--hash", hash, "--arguments", "{\"turn\": 1, \"number\": 12.50}"]);
    let again = approvals(&["reject", id]);
    let second = approval_of(server.api(), "tool:2:0").await;
    let rejected = approvals(&["--json", "reject", &second, "--comment", "Not this one"]);
    let ended = server.api().finished(&execution, ENDS_WITHIN).await;
    let none = approvals(&["list"]);

    assert!(list.stdout.contains(id) && list.stdout.contains("Researcher"), "{}", list.stdout);
    assert!(shown.stdout.contains("\narguments: {\"turn\":1,\"number\":0}\n"), "{}", shown.stdout);
    assert!(shown.stdout.contains(&format!("\nhash: {hash}\nwaits for a decision\n")), "{}", shown.stdout);
    assert_eq!((other.code, misfit.code, approved.code, again.code), (Some(1), Some(1), Some(0), Some(1)));
    assert!(misfit.stderr.contains("does not match the input schema of the tool"), "{}", misfit.stderr);
    assert!(approved.stdout.contains("\napproved with other arguments by user at "), "{}", approved.stdout);
    assert!(again.stderr.contains("approved by user"), "{}", again.stderr);
    let rejected: Value = serde_json::from_str(&rejected.stdout).expect("it is JSON");
    assert_eq!(rejected["decided"]["comment"], "Not this one");
    assert_eq!(
        (&ended["status"], none.stdout.as_str()),
        (&json!("completed"), "Nothing waits for approval.\n")
    );
    let calls = model.calls();
    assert_eq!(calls[&key(&execution, "tool:1:0")][0].to_string(), "{\"number\":12.50}");
    assert!(!calls.contains_key(&key(&execution, "tool:2:0")), "{calls:?}");
    server.stop().await;
}

/// Waits until a call of this step needs approval, and returns its id.
async fn approval_of(api: &Api, step: &str) -> String {
    eventually(&format!("{step} waits for approval"), ENDS_WITHIN, async || {
        let open = api.get("approvals").await.expect(200);
        let ids = open.as_array()?.iter().filter_map(|approval| approval["id"].as_str());
        ids.into_iter().find(|id| id.ends_with(step)).map(str::to_owned)
    })
    .await
}

/// Waits for the only call that needs approval.
async fn only_approval(api: &Api) -> Value {
    eventually("a call waits for approval", ENDS_WITHIN, async || {
        let open = api.get("approvals").await.expect(200);
        open.as_array().and_then(|open| open.first().cloned())
    })
    .await
}

async fn is_stored(api: &Api, execution: &str, step: &str) {
    let path = format!("executions/{execution}/journal?limit=1000");
    eventually(&format!("{step} is stored"), ENDS_WITHIN, async || {
        let events = api.get(&path).await.expect(200);
        let is_end = |event: &Value| event["type"] == "step_completed" && event["step"] == step;
        events.as_array().is_some_and(|events| events.iter().any(is_end)).then_some(())
    })
    .await;
}

/// Returns how often each step of an execution was called.
fn calls_of(model: &Model, execution: &str) -> BTreeMap<String, usize> {
    let of_it = |(called, bodies): (String, Vec<Value>)| {
        Some((called.strip_prefix(&key(execution, ""))?.to_owned(), bodies.len()))
    };
    model.calls().into_iter().filter_map(of_it).collect()
}

/// Each step once, and those once more that were under way at a kill.
fn expected_calls(killed: &[String]) -> BTreeMap<String, usize> {
    let turns = (1..=TURNS).map(|turn| format!("turn:{turn}"));
    let tools = (1..=ROUNDS_OF_TOOLS).flat_map(|turn| [0, 1].map(|number| format!("tool:{turn}:{number}")));
    turns.chain(tools).map(|step| (step.clone(), if killed.contains(&step) { 2 } else { 1 })).collect()
}

/// A turn that is asked again is asked the same, and each begins with all of the one before.
fn assert_conversations_fit(model: &Model, execution: &str) {
    let calls = model.calls();
    let mut before: Vec<Value> = Vec::new();
    for turn in 1..=TURNS {
        let asked = &calls[&key(execution, &format!("turn:{turn}"))];
        assert_eq!(asked[0]["stream"], true, "turn {turn} was not asked for as a stream");
        assert!(asked.iter().all(|body| *body == asked[0]), "turn {turn} was asked in two ways");
        let messages = asked[0]["messages"].as_array().expect("a list of messages");
        assert_eq!(&messages[..before.len()], &before, "turn {turn}");
        assert_eq!(messages.len(), 2 + 3 * (turn - 1), "{messages:?}");
        before.clone_from(messages);
    }
}

fn key(execution: &str, step: &str) -> String {
    format!("{execution}:think:{step}")
}

async fn create(api: &Api, model: &Model, approval: &str) -> String {
    let config = json!({ "provider": "openai", "base_url": model.url("/v1"), "model": "scripted" });
    create_with(api, model, approval, &config).await
}

async fn create_with(api: &Api, model: &Model, approval: &str, config: &Value) -> String {
    let tool = json!({
        "name": "look", "type": "http_request", "description": "Looks it up.",
        "input_schema": { "type": "object", "required": ["turn", "number"] }, "approval": approval,
        "request": { "method": "POST", "url": model.url("/tools/${input.turn}"), "body": { "number": "${input.number}" } },
    });
    let agent = json!({
        "name": "Researcher", "agent_type": "llm",
        "config": config,
        "skills": [{
            "name": "research", "instructions": "Find it out.", "tools": [tool], "max_turns": 2 * TURNS,
            "max_tokens": 2_000, "max_answer_tokens": 100,
        }],
    });
    let agent = api.post("agents", &agent).await.expect(201);
    let think = json!({
        "id": "think", "type": "agent", "agent_id": agent["id"], "skill": "research",
        "input": { "question": "${trigger_data.question}" },
    });
    api.create_flow(&flow("Research", &[with(think, &retries(10, 0.01))], &[])).await
}
