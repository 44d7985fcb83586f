//! The API against its own description: schemathesis makes up requests, and every answer must be one that is documented.
//!
//! `STEADFLOW_SCHEMATHESIS` names the program, else it is the one in `.venv` (`make test` puts it there). Without it the
//! test says so and ends, but fails where `CI` is set.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use steadflow_blackbox::{Api, Server, Setup, Workplace, echo, flow, retries, with};

const CHECKS: &str =
    "not_a_server_error,status_code_conformance,response_schema_conformance,content_type_conformance";
/// Requests made up for each operation.
const EXAMPLES: &str = "30";
/// Streams of events have no end.
const STREAMS: &str = "/events$";
/// Seconds that delays and backoffs take: a request may wait for them, and they may not outlast its timeout.
const PAUSE: f64 = 6.0;
/// Flows in each state that requests can find.
const EACH: usize = 5;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_is_one_that_is_documented() {
    let Some(program) = schemathesis() else { return };
    let workplace = Workplace::new();
    let server = Setup::new(&workplace).start().await;
    std::fs::write(workplace.path().join("schemathesis.toml"), known(server.api()).await)
        .expect("it is written");

    let (directory, arguments) = (workplace.path().to_owned(), arguments(&server));
    let run = move || Command::new(program).args(arguments).current_dir(directory).output();
    let output = tokio::task::spawn_blocking(run).await.expect("the run ends").expect("schemathesis starts");

    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    server.api().get("/healthz").await.expect(200);
    let log = server.log();
    assert!(!log.contains("panicked"), "{log}");
}

/// Makes flows, agents and executions in every state, and a configuration that has most requests ask for one of them.
async fn known(api: &Api) -> String {
    let (mut flows, mut executions, mut agents) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..EACH {
        let fails =
            json!({ "id": "a", "type": "action", "action": "fail", "input": { "message": "as asked" } });
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
        let agent = json!({ "name": format!("Known {number}"), "agent_type": "http", "skills": ["greet"],
                            "config": { "endpoint": "http://127.0.0.1:9/" } });
        agents.push(text(&api.post("agents", &agent).await.expect(201)["id"]));
    }
    let operations = [("flows", &flows), ("executions", &executions), ("agents", &agents)].map(|(name, ids)| {
        format!(
            "[dictionaries.{name}]\nvalues = {ids:?}\n\n[[operations]]\ninclude-path-regex = \"/{name}/\\\\{{id\"\n\
             [operations.parameters]\n\"path.id\" = {{ dictionary = \"{name}\", probability = 0.9 }}\n\
             \"path.node_id\" = {{ dictionary = \"nodes\", probability = 0.9 }}\n"
        )
    });
    format!("[dictionaries.nodes]\nvalues = [\"a\"]\n\n{}", operations.join("\n"))
}

fn text(value: &Value) -> String {
    value.as_str().expect("it is a text").to_owned()
}

fn arguments(server: &Server) -> Vec<String> {
    let url = format!("http://{}/api/v1/openapi.json", server.address());
    let options = [
        "--checks",
        CHECKS,
        "--max-examples",
        EXAMPLES,
        "--seed",
        "1",
        "--request-timeout",
        "10",
        "--exclude-path-regex",
        STREAMS,
        "--phases",
        "examples,coverage,fuzzing",
        "--no-color",
        "--suppress-health-check",
        "all",
        "--continue-on-failure",
    ];
    ["run".to_owned(), url].into_iter().chain(options.map(str::to_owned)).collect()
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
