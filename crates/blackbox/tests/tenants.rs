//! Tenants against the program: a deletion outlives `kill -9`, an export is whole, and a long queue of one tenant delays no other.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use steadflow_blackbox::{Api, Peer, Server, Setup, Workplace, admin_key, echo, eventually, flow, http, run};

const SOON: Duration = Duration::from_secs(60);

/// A server with a tenant `acme`, and a key for each of both.
struct Two {
    workplace: Workplace,
    server: Server,
    ours: String,
    theirs: String,
}

impl Two {
    async fn new() -> Self {
        let workplace = Workplace::new();
        let path = workplace.path().to_owned();
        let made = run(&path, &["tenants", "create", "acme", "--public-url", "https://flows.example"]);
        assert_eq!(made.code, Some(0), "{}", made.stderr);
        assert!(made.stdout.starts_with("https://flows.example/join/"), "{}", made.stdout);
        let ours = admin_key(&path, "sqlite:steadflow.db");
        let theirs = run(&path, &["keys", "create", "--role", "admin", "--tenant", "acme"]).stdout;
        let server = Setup::new(&workplace).arguments(["--auth", "on"]).start().await;
        Self { workplace, server, ours, theirs: theirs.trim().to_owned() }
    }

    fn ours(&self) -> Api {
        Api::with_key(self.server.address(), &self.ours)
    }

    fn theirs(&self) -> Api {
        Api::with_key(self.server.address(), &self.theirs)
    }

    async fn kill(&mut self) {
        self.server.kill();
        self.server.restart().await;
    }
}

/// Runs so many executions of a flow.
async fn run_some(api: &Api, count: usize) -> String {
    let flow = api.create_flow(&flow("F", &[echo("a", json!("${trigger_data.n}"))], &[])).await;
    for number in 0..count {
        api.start(&flow, json!({ "n": number })).await;
    }
    flow
}

async fn tenant(api: &Api, name: &str) -> Option<Value> {
    let all = api.get("tenants").await.expect(200);
    all.as_array().expect("a list").iter().find(|tenant| tenant["name"] == name).cloned()
}

async fn executions(api: &Api) -> Vec<Value> {
    api.get("executions?limit=100").await.expect(200).as_array().expect("a list").clone()
}

/// Reads a file of an export, which is as the manifest says.
fn lines(manifest: &Value, dir: &std::path::Path, name: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(dir.join(name)).expect("it is there");
    let said = manifest["files"]
        .as_array()
        .expect("files")
        .iter()
        .find(|file| file["name"] == name)
        .expect("it is listed");
    let hash: String = Sha256::digest(&text).iter().map(|byte| format!("{byte:02x}")).collect();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!((&said["sha256"], &said["rows"]), (&json!(hash), &json!(lines.len())), "{name}");
    lines
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_is_exported_while_the_server_runs_and_its_deletion_survives_kill_9() {
    let mut two = Two::new().await;
    run_some(&two.ours(), 5).await;
    run_some(&two.theirs(), 40).await;
    let before = eventually("all have ended", SOON, async || {
        let all = [executions(&two.ours()).await, executions(&two.theirs()).await];
        all.iter().flatten().all(|row| row["status"] == "completed").then_some(all)
    })
    .await;

    let exported = run(two.workplace.path(), &["tenants", "export", "acme", "--to", "out"]);
    assert_eq!(exported.code, Some(0), "{}", exported.stderr);
    let dir = two.workplace.path().join("out");
    let manifest = std::fs::read_to_string(dir.join("manifest.json")).expect("it is complete");
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    let rows = lines(&manifest, &dir, "executions.jsonl");
    assert_eq!(rows.len(), 40);
    assert!(rows.iter().all(|row| row["journal"].as_array().is_some_and(|records| !records.is_empty())));
    let mut ids: Vec<&Value> = rows.iter().map(|row| &row["id"]).collect();
    let mut expected: Vec<&Value> = before[1].iter().map(|row| &row["id"]).collect();
    ids.sort_by_key(|id| id.as_str());
    expected.sort_by_key(|id| id.as_str());
    assert_eq!(ids, expected);
    assert_eq!(lines(&manifest, &dir, "keys.jsonl").len(), 1);
    for name in ["keys.jsonl", "members.jsonl", "audit.jsonl"] {
        let text = std::fs::read_to_string(dir.join(name)).expect("it is there");
        let has_hash = name != "audit.jsonl" && text.contains("hash");
        assert!(!text.contains(&two.theirs) && !has_hash, "{name} has no credential");
    }
    let verified = run(two.workplace.path(), &["verify", "--file", "out/audit.jsonl"]);
    assert_eq!(verified.code, Some(0), "{}", verified.stderr);

    let id = tenant(&two.ours(), "acme").await.expect("it is there")["id"].as_str().unwrap().to_owned();
    let disable = json!({ "disabled": true });
    let ask = async |method, path: String, body| {
        two.ours().call(method, &path, &[], body).await.expect("an answer")
    };
    ask(Method::PATCH, format!("tenants/{id}"), Some(&disable)).await.expect(200);
    ask(Method::DELETE, format!("tenants/{id}?name=acme&cancel=true"), None).await.expect(202);
    for _ in 0..3 {
        two.kill().await;
    }
    eventually("it is deleted", SOON, async || tenant(&two.ours(), "acme").await.is_none().then_some(()))
        .await;

    assert_eq!(two.theirs().get("executions").await.status, 401);
    assert_eq!(executions(&two.ours()).await, before[0], "nothing of others is touched");
    two.server.kill();
    let doctor = run(two.workplace.path(), &["doctor"]);
    assert_eq!(doctor.code, Some(0), "{}{}", doctor.stdout, doctor.stderr);
}

/// The median time of calls for an ID, in turn with those for another one, so that both have what else the machine does.
async fn medians(api: &Api, path: &str, ids: [&str; 2]) -> [Duration; 2] {
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..81 {
        for (id, times) in ids.iter().zip(&mut times) {
            let asked = Instant::now();
            let answer = api.get(&path.replace("{id}", id)).await;
            times.push(asked.elapsed());
            assert_eq!(answer.status, 404, "{path}: {}", answer.body);
        }
    }
    times.map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2]
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_of_another_tenant_takes_as_long_as_one_that_nothing_has() {
    let two = Two::new().await;
    let api = two.ours();
    // Large, so that reading any of it would be seen.
    let long = "x".repeat(2_000_000);
    let flow = api.create_flow(&flow("F", &[echo("a", json!("${trigger_data}"))], &[])).await;
    let execution = api.start(&flow, json!({ "long": long })).await;
    api.finished(&execution, SOON).await;
    let nothing = "01890a5d-ac96-774b-bcce-b302099a8057";

    for (path, id) in [
        ("flows/{id}", &flow),
        ("flows/{id}/versions", &flow),
        ("executions/{id}", &execution),
        ("executions/{id}/events", &execution),
        ("executions/{id}/trigger-data", &execution),
    ] {
        let [theirs, none] = medians(&two.theirs(), path, [id, nothing]).await;
        eprintln!("{path}: of another tenant {theirs:?}, of nothing {none:?}");
        // The rest is the noise of a machine that does much else. To read only how long the journal is takes a millisecond more.
        let within = none * 5 / 4 + Duration::from_micros(400);
        assert!(theirs < within, "{path}: of another tenant {theirs:?}, of nothing {none:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_that_is_paused_stays_so_through_kill_9_and_goes_on_when_resumed() {
    let mut two = Two::new().await;
    let peer = Peer::start().await;
    let slow = [http("call", &peer.url("/slow/500")), echo("after", json!({ "n": 1 }))];
    let (ours, theirs) = (two.ours(), two.theirs());
    let flow_id = ours.create_flow(&flow("Slow", &slow, &[("call", "after")])).await;
    let in_flight = ours.start(&flow_id, json!({})).await;
    eventually("the call has come", SOON, async || (!peer.calls().is_empty()).then_some(())).await;

    let paused = ours.post("pause", &json!({ "reason": "The provider is down" })).await.expect(200);
    let waiting = ours.start(&flow_id, json!({})).await;
    two.kill().await;
    let (ours_again, theirs_again) = (two.ours(), two.theirs());
    let other = theirs_again.create_flow(&flow("Theirs", &[echo("a", json!({}))], &[])).await;
    let others = theirs_again.start(&other, json!({})).await;
    assert_eq!(theirs_again.finished(&others, SOON).await["status"], "completed", "it is no pause of theirs");
    drop((ours, theirs));

    assert_eq!(ours_again.get("pause").await.expect(200), paused);
    ours_again.until(&in_flight, "it is paused", SOON, |execution| execution["status"] == "paused").await;
    assert_eq!(ours_again.execution(&waiting).await["status"], "pending");
    assert!(peer.calls_of(&waiting).is_empty(), "nothing of it has begun");
    ours_again.post("resume", &Value::Null).await.expect(200);
    // Killed before what was paused has gone on.
    two.kill().await;
    let ours = two.ours();
    for id in [in_flight, waiting] {
        assert_eq!(ours.finished(&id, SOON).await["status"], "completed");
    }
    let audit = ours.get("audit?limit=100").await.expect(200).to_string();
    assert!(audit.contains("pause_everything") && audit.contains("resume_everything"), "{audit}");
}
