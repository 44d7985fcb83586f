//! The API against its own description: schemathesis makes up requests, and every answer must be one that is documented.
//!
//! `STEADFLOW_SCHEMATHESIS` names the program, else it is the one in `.venv` (`make test` puts it there). Without it the
//! test says so and ends, but fails where `CI` is set.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use steadflow_blackbox::{Api, Model, Server, Setup, Workplace, echo, flow, retries, with};

const CHECKS: &str =
    "not_a_server_error,status_code_conformance,response_schema_conformance,content_type_conformance";
/// Streams of events: some have no end, and what is documented of them is their data, not the event around it.
const STREAMS: &str = "/(events|stream)$";
/// Besides, what has no part in a chain of requests: it names nothing, or needs nothing that others name.
const OUTSIDE_OF_CHAINS: &str = "/events$|/stream$|/analytics/|/failures$|/node-types$|/templates$|/validate$|/test-node$|/executions/retry$|z$|/metrics$|/openapi";
/// Seconds that delays and backoffs take: a request may wait for them, and they may not outlast its timeout.
const PAUSE: f64 = 6.0;
/// How often chains of requests are begun, each time with other ones.
const CHAIN_RUNS_MAX: u32 = 8;
/// The key of the session that each agent has which is a model.
const SESSION: &str = "known";
const SOON: Duration = Duration::from_secs(60);
/// Flows in each state that requests can find.
const EACH: usize = 5;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_is_one_that_is_documented() {
    let Some(program) = schemathesis() else { return };
    let run = Run {
        phases: "examples,coverage,fuzzing",
        examples: 5,
        excluded: STREAMS,
        more_checks: "",
        hooks: None,
        seconds: None,
        seed: 1,
    };

    let metrics = run.of(program).await;

    for route in ["executions/{id}/nodes/{node_id}/conversation", "agents/{id}/sessions/{key}"] {
        assert!(successes(&metrics, "GET", route) > 0, "{route} was never found: {metrics}");
    }
}

/// Requests use what the answers before them name: a flow is made, started, changed and deleted, and what was deleted must
/// be gone. How far chains come in the time depends on the machine, so there are more of them until all that matters came about.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_answer_names_can_be_used_by_the_next_request() {
    let Some(program) = schemathesis() else { return };
    let mut missing = vec![
        ("POST", "flows"),
        ("DELETE", "flows/{id}"),
        ("POST", "agents"),
        ("POST", "flows/{id}/execute"),
        ("POST", "executions/{id}/nodes/{node_id}/decide"),
    ];
    for seed in 1..=CHAIN_RUNS_MAX {
        let run = Run {
            phases: "stateful",
            examples: 200,
            excluded: OUTSIDE_OF_CHAINS,
            more_checks: ",use_after_free",
            hooks: Some("hooks"),
            seconds: Some("20"),
            seed,
        };

        let metrics = run.of(program.clone()).await;

        missing.retain(|(method, route)| {
            let count = successes(&metrics, method, route);
            eprintln!("{count:4} {method} {route}");
            count == 0
        });
        if missing.is_empty() {
            return;
        }
    }
    panic!("none of {missing:?} succeeded");
}

/// Returns how many requests were answered with 2xx.
fn successes(metrics: &str, method: &str, route: &str) -> u64 {
    let of = format!("{{method=\"{method}\",route=\"/api/v1/studio/{route}\",status=\"2");
    let lines = metrics.lines().filter(|line| line.contains(&of));
    lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
}

/// A run of schemathesis.
struct Run {
    phases: &'static str,
    /// Requests made up for each operation, or chains of requests.
    examples: u32,
    excluded: &'static str,
    more_checks: &'static str,
    /// The module that changes what is sent.
    hooks: Option<&'static str>,
    /// Seconds over which it is repeated with other requests.
    seconds: Option<&'static str>,
    seed: u32,
}

impl Run {
    /// Runs it against a new server, checks that it has found nothing, and returns the server's metrics.
    async fn of(self, program: PathBuf) -> String {
        let (workplace, model) = (Workplace::new(), Model::start(1).await);
        let server = Setup::new(&workplace).start().await;
        let write = |name: &str, text: &str| std::fs::write(workplace.path().join(name), text);
        write("schemathesis.toml", &known(server.api(), &model).await).expect("it is written");
        write("hooks.py", include_str!("fuzz/hooks.py")).expect("it is written");
        let (directory, arguments) = (workplace.path().to_owned(), self.arguments(&server));
        let run = move || {
            let mut command = Command::new(program);
            if let Some(hooks) = self.hooks {
                command.env("SCHEMATHESIS_HOOKS", hooks).env("PYTHONPATH", &directory);
            }
            command.args(arguments).current_dir(directory).output()
        };

        let output =
            tokio::task::spawn_blocking(run).await.expect("the run ends").expect("schemathesis starts");

        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
        server.api().get("/healthz").await.expect(200);
        let log = server.log();
        assert!(!log.contains("panicked"), "{log}");
        let metrics = server.api().get("/metrics").await.expect(200);
        metrics.as_str().expect("it is text").to_owned()
    }

    fn arguments(&self, server: &Server) -> Vec<String> {
        let url = format!("http://{}/api/v1/openapi.json", server.address());
        let checks = format!("{CHECKS}{}", self.more_checks);
        let (examples, seed) = (self.examples.to_string(), self.seed.to_string());
        let options = [
            ("--checks", checks.as_str()),
            ("--max-examples", &examples),
            ("--seed", &seed),
            ("--request-timeout", "10"),
            ("--exclude-path-regex", self.excluded),
            ("--phases", self.phases),
            ("--suppress-health-check", "all"),
        ];
        let seconds = self.seconds.map(|seconds| ("--max-time", seconds));
        let options = options.into_iter().chain(seconds).flat_map(|(name, value)| [name, value]);
        let flags = ["--no-color", "--continue-on-failure"];
        ["run", &url].into_iter().chain(options).chain(flags).map(str::to_owned).collect()
    }
}

/// Makes flows, agents and executions in every state, and a configuration that has most requests ask for one of them.
async fn known(api: &Api, model: &Model) -> String {
    let (mut flows, mut executions, mut agents) = (Vec::new(), Vec::new(), Vec::new());
    let (mut asking, mut talking, mut models) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..EACH {
        let fails =
            json!({ "id": "a", "type": "action", "action": "fail", "input": { "message": "as asked" } });
        let asks = with(fails.clone(), &json!({ "on_exhausted": "ask" }));
        let waits = json!({ "id": "a", "type": "delay", "delay_seconds": PAUSE });
        let later = retries(1, PAUSE);
        for (name, node) in [
            ("Completes", echo("a", json!({}))),
            ("Fails", fails.clone()),
            ("Backs off", with(fails, &later)),
            ("Waits", waits),
        ] {
            let flow = api.create_flow(&flow(&format!("{name} {number}"), &[node], &[])).await;
            executions.push(api.start(&flow, json!({})).await);
            flows.push(flow);
        }
        let flow = api.create_flow(&flow(&format!("Asks {number}"), &[asks], &[])).await;
        asking.push(api.start(&flow, json!({})).await);
        let agent = json!({ "name": format!("Known {number}"), "agent_type": "http", "skills": ["greet"],
                            "config": { "endpoint": "http://127.0.0.1:9/" } });
        agents.push(text(&api.post("agents", &agent).await.expect(201)["id"]));
        let (flow, execution, agent) = conversation(api, model, number).await;
        flows.push(flow);
        talking.push(execution);
        models.push(agent);
    }
    executions.extend(talking.iter().cloned());
    agents.extend(models.iter().cloned());
    let operations = [("flows", &flows), ("executions", &executions), ("agents", &agents)].map(|(name, ids)| {
        format!(
            "[dictionaries.{name}]\nvalues = {ids:?}\n\n[[operations]]\ninclude-path-regex = \"/{name}/\\\\{{id\"\n\
             [operations.parameters]\n\"path.id\" = {{ dictionary = \"{name}\", probability = 0.9 }}\n\
             \"path.node_id\" = {{ dictionary = \"nodes\", probability = 0.9 }}\n"
        )
    });
    let found = [
        ("asking", &asking, "/decide"),
        ("talking", &talking, "/conversation"),
        ("models", &models, "/sessions"),
    ]
    .map(|(name, ids, path)| {
        format!(
            "[dictionaries.{name}]\nvalues = {ids:?}\n\n[[operations]]\ninclude-path-regex = \"{path}\"\n\
                 [operations.parameters]\n\"path.id\" = {{ dictionary = \"{name}\", probability = 0.7 }}\n\
                 \"path.node_id\" = {{ dictionary = \"nodes\", probability = 0.9 }}\n\
                 \"path.key\" = {{ dictionary = \"sessions\", probability = 0.9 }}\n"
        )
    });
    // The boundaries of everything in a document make thousands of requests; documents have tests of their own.
    let documents = "[[operations]]\ninclude-path-regex = \"/(flows|agents)(/[^/]+)?$\"\n\
                     include-method = [\"POST\", \"PATCH\"]\nphases.coverage.enabled = false\n";
    format!(
        "[dictionaries.nodes]\nvalues = [\"a\"]\n\n[dictionaries.sessions]\nvalues = [\"{SESSION}\"]\n\n{documents}\n{}\n{}",
        found.join("\n"),
        operations.join("\n")
    )
}

/// Makes a flow that asks a model in a session, and has it completed. Returns the flow, its execution and the agent.
async fn conversation(api: &Api, model: &Model, number: usize) -> (String, String, String) {
    let config = json!({ "provider": "openai", "base_url": model.url("/v1"), "model": "m" });
    let agent = json!({ "name": format!("Model {number}"), "agent_type": "llm", "config": config, "skills": ["greet"] });
    let agent = text(&api.post("agents", &agent).await.expect(201)["id"]);
    let asks = json!({ "id": "a", "type": "agent", "agent_id": agent, "skill": "greet", "session": SESSION });
    let flow = api.create_flow(&flow(&format!("Talks {number}"), &[asks], &[])).await;
    let execution = api.start(&flow, json!({})).await;
    assert_eq!(api.finished(&execution, SOON).await["status"], "completed");
    (flow, execution, agent)
}

fn text(value: &Value) -> String {
    value.as_str().expect("it is a text").to_owned()
}

fn schemathesis() -> Option<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.venv/bin/schemathesis");
    let named = std::env::var_os("STEADFLOW_SCHEMATHESIS").map(PathBuf::from);
    let found = named.or_else(|| own.exists().then_some(own));
    if found.is_none() {
        assert!(std::env::var_os("CI").is_none(), "schemathesis is not there; run `make test`");
        eprintln!("SKIPPED: schemathesis is not there; run `make test`");
    }
    found
}
