//! Fifty secrets, stored and of the environment, in every field of requests and agents, echoed and failed: none of them is in a file, the
//! log, an answer, a stream, a trace, a text of the command line, a backup, a database that was moved, or what a kill -9 leaves behind.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use reqwest::Method;
use serde_json::{Value, json};
use steadflow_blackbox::{
    Api, Collector, Server, Setup, Workplace, eventually, flow, retries, run, scaled, with,
};

use crate::abuse::mirror::Mirror;

const CANARIES: usize = 50;
/// All canaries begin and end so, so that a part of one is found, too.
const ENDS: [&str; 2] = ["cnryKx7vHn", "pLzQ9wR2dT"];
/// What the mirror does.
const HABITS: [&str; 6] = ["200", "404", "500", "302", "cut-200", "cut-500"];

fn canary(number: usize) -> String {
    format!("{}{number:02}{}", ENDS[0], ENDS[1])
}

/// Hands out secrets, each for one place.
#[derive(Default)]
struct Secrets(Vec<String>);

impl Secrets {
    /// Returns the reference to another canary.
    fn next(&mut self) -> String {
        self.reference(canary(self.0.len()))
    }

    /// Returns the reference to a URL with canaries.
    fn next_url(&mut self, base: &str) -> String {
        let canary = canary(self.0.len());
        self.reference(format!("{base}/{canary}/a?sig={canary}"))
    }

    fn reference(&mut self, value: String) -> String {
        self.0.push(value);
        format!("${{secrets.C{:02}}}", self.0.len() - 1)
    }

    /// Returns the variables of every other one.
    fn variables(&self) -> impl Iterator<Item = (String, String)> {
        let named = self.0.iter().enumerate().step_by(2);
        named.flat_map(|(number, value)| {
            let name = format!("STEADFLOW_SECRET_C{number:02}");
            [(format!("{name}_HOSTS"), "127.0.0.1".to_owned()), (name, value.clone())]
        })
    }

    /// Stores the others.
    async fn store(&self, api: &Api, shown: &mut Shown) {
        for (number, value) in self.0.iter().enumerate().skip(1).step_by(2) {
            let (path, body) =
                (format!("secrets/C{number:02}"), json!({ "value": value, "hosts": ["127.0.0.1"] }));
            let answer = api.call(Method::PUT, &path, &[], Some(&body)).await.expect("an answer");
            assert_eq!(answer.status, 200, "{}", answer.body);
            shown.0.insert(path, format!("{:?} {}", answer.headers, answer.body));
        }
        shown.get(api, "secrets").await;
    }
}

/// Returns nodes that have secrets wherever a request can. The trigger says what the mirror does with those.
fn requests(base: &str, secrets: &mut Secrets) -> Vec<Value> {
    let mut inputs = Vec::new();
    for kind in ["application/json", "application/x-www-form-urlencoded", "multipart/form-data", "text/plain"]
    {
        let body = match kind {
            "application/json" => json!({ "k": secrets.next(), "l": [format!("a {} b", secrets.next())] }),
            "multipart/form-data" => json!({ "$multipart": [{ "name": "f", "value": secrets.next() }] }),
            _ => json!(format!("a={}&b=x", secrets.next())),
        };
        let auth = match kind {
            "text/plain" => json!({ "type": "basic", "username": "u", "password": secrets.next() }),
            _ => json!({ "type": "bearer", "token": secrets.next() }),
        };
        inputs.push(json!({
            "method": "POST",
            "url": format!("{base}/${{trigger_data.habit}}/{}/x?k=v-{}", secrets.next(), secrets.next()),
            "headers": { "X-Trace": secrets.next(), "Accept": format!("a/{}", secrets.next()),
                "Cookie": secrets.next(), "Content-Type": kind },
            "query": { "q": secrets.next(), "r": [secrets.next()] },
            "auth": auth,
            "body": body,
        }));
    }
    inputs.extend(
        ["200", "404", "cut-500"].map(|habit| json!({ "url": secrets.next_url(&format!("{base}/{habit}")) })),
    );
    let node = |input| json!({ "id": "call", "type": "action", "action": "http_request", "input": input });
    inputs.into_iter().map(node).map(|node| with(node, &retries(0, 0.1))).collect()
}

/// Returns agents that the mirror plays, with secrets wherever they can be.
fn agents(base: &str, secrets: &mut Secrets) -> Vec<Value> {
    let mut agents = Vec::new();
    for habit in ["200", "500"] {
        let address = format!("{base}/{habit}");
        let http =
            json!({ "endpoint": address, "api_key": secrets.next(), "headers": { "X-A": secrets.next() } });
        let model = json!({ "provider": "openai", "base_url": address, "model": "m", "api_key": secrets.next(),
            "headers": { "X-A": secrets.next() }, "extra_query": { "key": secrets.next() } });
        for (agent_type, config) in [("http", http), ("llm", model)] {
            let skill = json!({ "name": "ask", "description": "d", "instructions": "Say hello." });
            agents.push(
                json!({ "name": "Mirror", "agent_type": agent_type, "config": config, "skills": [skill] }),
            );
        }
    }
    agents
}

/// All that was shown, by what showed it.
#[derive(Default)]
struct Shown(BTreeMap<String, String>);

impl Shown {
    async fn get(&mut self, api: &Api, path: &str) {
        let answer = api.get(path).await;
        self.0.insert(path.to_owned(), format!("{:?} {}", answer.headers, answer.body));
    }

    async fn post(&mut self, api: &Api, path: &str, body: &Value) -> Value {
        let answer = api.post(path, body).await;
        self.0.insert(format!("{path} {body}"), format!("{:?} {}", answer.headers, answer.body));
        answer.body
    }

    fn command(&mut self, server: &Server, directory: &Path, arguments: &[&str]) {
        let url = format!("http://{}", server.address());
        let ran = run(directory, &[&["executions", "--server", &url], arguments].concat());
        self.0.insert(arguments.join(" "), format!("{}{}", ran.stdout, ran.stderr));
    }

    /// Copies the database in every way there is. What it makes is in the folder.
    fn copies(&mut self, directory: &Path, all: &[&[&str]]) {
        for arguments in all {
            let ran = run(directory, arguments);
            assert_eq!(ran.code, Some(0), "{arguments:?}: {}{}", ran.stdout, ran.stderr);
            self.0.insert(arguments.join(" "), format!("{}{}", ran.stdout, ran.stderr));
        }
    }

    fn files(&mut self, directory: &Path) {
        for entry in std::fs::read_dir(directory).expect("a folder can be read").flatten() {
            let bytes = std::fs::read(entry.path()).unwrap_or_default();
            let name = entry.path().display().to_string();
            let text = self.0.entry(name).or_default();
            text.push_str(&String::from_utf8_lossy(&bytes));
        }
    }

    /// Runs a flow of one node, follows it, and reads all that there is about it. Returns the execution.
    async fn run(&mut self, api: &Api, node: &Value, habit: &str) -> String {
        let document = flow("Canaries", std::slice::from_ref(node), &[]);
        let trigger_data = json!({ "habit": habit });
        let trial = json!({ "node_id": "call", "flow_definition": document["flow_definition"], "trigger_data": trigger_data });
        self.post(api, "flows/test-node", &trial).await;
        self.post(api, "flows/validate", &document).await;
        let flow = self.post(api, "flows", &document).await;
        let flow = flow["id"].as_str().expect("a flow has an id");
        let execution = api.start(flow, trigger_data).await;
        // The stream ends with the execution.
        for part in [
            "/events",
            "",
            "/journal",
            "/nodes/call/input",
            "/nodes/call/output",
            "/result",
            "/retry-plan",
            "/trigger-data",
        ] {
            self.get(api, &format!("executions/{execution}{part}")).await;
        }
        for part in ["", "/executions", "/versions"] {
            self.get(api, &format!("flows/{flow}{part}")).await;
        }
        execution
    }

    fn assert_clean(&self) {
        for (name, text) in &self.0 {
            let lower = text.to_ascii_lowercase();
            for end in ENDS {
                let plain = plain_traces(end).into_iter().find_map(|trace| lower.find(&trace));
                let base64 = base64_traces(end).into_iter().find_map(|trace| text.find(&trace));

                let at = plain.or(base64);
                assert_eq!(at.map(|at| around(text, at)), None, "{end} is in {name}");
            }
        }
    }
}

/// Returns the forms in which a part of a canary would be found, whatever its case.
fn plain_traces(part: &str) -> [String; 3] {
    let part = part.to_ascii_lowercase();
    let hex = part.bytes().map(|byte| format!("{byte:02x}")).collect();
    [part.clone(), part.chars().rev().collect(), hex]
}

/// Returns the characters of Base64 that depend on a part of a canary alone, at each alignment.
fn base64_traces(part: &str) -> [String; 3] {
    [0, 1, 2].map(|before| {
        let encoded = STANDARD_NO_PAD.encode([&vec![0; before], part.as_bytes()].concat());
        encoded[(before * 8).div_ceil(6)..(before + part.len()) * 8 / 6].to_owned()
    })
}

fn around(text: &str, at: usize) -> &str {
    &text[text.floor_char_boundary(at.saturating_sub(60))..text.ceil_char_boundary(at + 60)]
}

/// Runs all of them, and shows what there is about them.
async fn run_all(api: &Api, shown: &mut Shown, requests: &[Value], agents: &[Value]) -> Vec<String> {
    let mut executions = Vec::new();
    for (number, node) in requests.iter().enumerate() {
        // What a URL that is a secret leads to is in itself.
        let has_habit = node["input"]["method"].is_string();
        let habits = HABITS.iter().skip(number % 2).step_by(scaled(2, 1));
        for habit in habits.take(if has_habit { HABITS.len() } else { 1 }) {
            executions.push(shown.run(api, node, habit).await);
        }
    }
    for agent in agents {
        let stored = shown.post(api, "agents", agent).await;
        let id = stored["id"].as_str().expect("an agent has an id");
        shown.get(api, &format!("agents/{id}")).await;
        shown.get(api, &format!("agents/{id}/versions")).await;
        shown.post(api, &format!("agents/{id}/execute"), &json!({ "skill": "ask", "input_data": {} })).await;
        let node = json!({ "id": "call", "type": "agent", "agent_id": id, "skill": "ask", "input": {} });
        executions.push(shown.run(api, &with(node, &retries(0, 0.1)), "").await);
    }
    executions
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_canary_is_in_a_file_the_log_an_answer_a_stream_or_a_text() {
    let (workplace, mirror, collector) = (Workplace::new(), Mirror::start().await, Collector::start().await);
    let mut secrets = Secrets::default();
    let requests = requests(&mirror.base(), &mut secrets);
    let agents = agents(&mirror.base(), &mut secrets);
    assert_eq!(secrets.0.len(), CANARIES);
    let mut server = Setup::new(&workplace)
        .with_limited_memory()
        .variables(secrets.variables())
        .arguments(["--log", "debug", "--otlp-endpoint", &collector.url(), "--trace-content"])
        .start()
        .await;
    let (api, mut shown) = (server.api().clone(), Shown::default());
    secrets.store(&api, &mut shown).await;

    let executions = run_all(&api, &mut shown, &requests, &agents).await;
    let lists = [
        "agents",
        "flows",
        "executions?limit=100",
        "failures",
        "analytics/retries",
        "audit",
        "secrets",
        "/metrics",
    ];
    for list in lists {
        shown.get(&api, list).await;
    }
    eventually("traces arrive", Duration::from_secs(30), async || {
        (collector.spans().len() > executions.len()).then_some(())
    })
    .await;
    shown.0.insert("traces".to_owned(), format!("{:?}", collector.spans()));
    server.kill();
    shown.files(workplace.path());
    server.restart().await;
    shown.copies(workplace.path(), &[&["backup", "copy.db", "--database", "sqlite:steadflow.db"]]);
    shown.command(&server, workplace.path(), &["list", "--limit", "100"]);
    for id in executions.iter().step_by(scaled(5, 1)) {
        for arguments in [&["show", id][..], &["watch", id], &["--json", "show", id]] {
            shown.command(&server, workplace.path(), arguments);
        }
    }
    shown.files(workplace.path());
    server.stop().await;
    let copies: &[&[&str]] = &[
        &["restore", "copy.db", "--database", "sqlite:restored.db"],
        &["verify", "--database", "sqlite:steadflow.db", "--export"],
        &["move", "sqlite:steadflow.db", "sqlite:moved.db"],
    ];
    shown.copies(workplace.path(), copies);
    shown.files(workplace.path());

    let sent = mirror.requests().join("\n");
    for number in 0..CANARIES {
        let canary = canary(number);
        assert!(sent.contains(&canary) || is_in_credentials(&sent, &canary), "canary {number} was not sent");
    }
    shown.assert_clean();
    eprintln!("{} answers, texts and files", shown.0.len());
}

/// Returns whether `auth` has sent a canary as the password of `u`.
fn is_in_credentials(sent: &str, canary: &str) -> bool {
    sent.contains(&STANDARD_NO_PAD.encode(format!("u:{canary}")))
}
