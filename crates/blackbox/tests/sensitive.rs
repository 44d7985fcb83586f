//! Sensitive data against the program: it works as any other data, survives kill -9, and is in no answer, file or log.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use steadflow_blackbox::{Api, Peer, Server, Setup, Workplace, echo, eventually, flow, http, node, with};

const SOON: Duration = Duration::from_secs(30);
const IBAN: &str = "DE89370400440532013000";
const NAME: &str = "Grace Canary-Hopper";
const MAIL: &str = "canary@example.com";

/// Calls a service with sensitive data, waits for a person, runs a body and a sub-flow, and fails with a message that has some.
fn document(peer: &Peer, child: &str) -> Value {
    let mut call = http("call", &peer.url("/echo/200"));
    call["input"] = json!({ "url": peer.url("/echo/200"), "method": "POST", "body": { "of": "${trigger_data.patient}" } });
    let nodes = [
        call,
        json!({ "id": "rich", "type": "condition", "condition": "trigger_data.patient.iban | length == 22" }),
        json!({ "id": "ok", "type": "approval", "input": { "for": "${trigger_data.patient.name}", "mail": "${trigger_data.mail}" } }),
        json!({ "id": "each", "type": "map", "items": "${trigger_data.people}",
                "body": { "nodes": [echo("one", json!("${item.name}"))], "edges": [] } }),
        json!({ "id": "sub", "type": "subflow", "flow_id": child, "input": { "name": "${trigger_data.patient.name}" } }),
        json!({ "id": "end", "type": "action", "action": "fail", "input": { "message": "no account ${trigger_data.patient.iban}" } }),
    ];
    let edges = [("call", "rich"), ("rich", "ok"), ("ok", "each"), ("each", "sub"), ("sub", "end")];
    let sensitive =
        json!({ "fields": ["trigger_data.patient", "trigger_data.people.name"], "patterns": ["email"] });
    let mut document = with(flow("Patients", &nodes, &edges), &json!({ "sensitive": sensitive }));
    document["flow_definition"]["edges"][1]["condition"] = json!(true);
    document["flow_definition"]["edges"][2]["condition"] = json!("approved");
    document
}

fn trigger_data() -> Value {
    json!({ "patient": { "name": NAME, "iban": IBAN, "vip": true }, "mail": MAIL,
            "people": [{ "name": "Canary Jones" }, { "name": "Canary Smith" }], "ward": "12b" })
}

/// Returns the first of the sensitive texts that something has.
fn canary_in(text: &str) -> Option<&'static str> {
    [IBAN, NAME, MAIL, "Canary Jones", "Canary Smith"].into_iter().find(|canary| text.contains(canary))
}

fn check_files(directory: &Path) {
    for entry in std::fs::read_dir(directory).expect("it can be listed") {
        let path = entry.expect("an entry").path();
        if path.is_file() {
            let bytes = std::fs::read(&path).expect("it can be read");
            let found = canary_in(&String::from_utf8_lossy(&bytes));
            assert_eq!(found, None, "in {}", path.display());
        }
    }
}

async fn check_answers(api: &Api, execution: &str, children: &[String]) {
    let mut paths = vec!["executions".to_owned(), "approvals".to_owned(), "failures".to_owned()];
    for id in children.iter().map(String::as_str).chain([execution]) {
        let below = |part: &str| format!("executions/{id}{part}");
        paths.extend(["", "/journal", "/trigger-data", "/item", "/result", "/retry-plan"].map(below));
    }
    for id in ["call", "ok", "each", "sub"] {
        paths.extend(["input", "output"].map(|part| format!("executions/{execution}/nodes/{id}/{part}")));
    }
    for path in paths {
        let answer = api.get(&path).await;
        assert!(answer.status < 500, "{path}: {}", answer.body);
        assert_eq!(canary_in(&answer.body.to_string()), None, "{path}: {}", answer.body);
    }
    let mut events = api.follow(&format!("executions/{execution}/events"), Some("1")).await;
    while let Some(event) = events.next().await {
        assert_eq!(canary_in(&event.data.to_string()), None, "{}", event.data);
    }
}

async fn approve(api: &Api) {
    let asked = eventually("a person is asked", SOON, async || {
        let all = api.get("approvals?limit=100").await.expect(200);
        all.as_array().and_then(|all| all.first().cloned())
    })
    .await;
    assert_eq!(asked["arguments"], json!({ "for": "[sensitive]", "mail": "[sensitive]" }));
    let path = format!("approvals/{}", asked["id"].as_str().expect("an id").replace(':', "%3A"));
    let yes = json!({ "decision": "approved", "arguments_hash": asked["arguments_hash"] });
    api.post(&path, &yes).await.expect(200);
}

async fn restarted(server: &mut Server) {
    server.kill();
    server.restart().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sensitive_data_is_used_and_is_in_no_answer_file_or_log() {
    let (workplace, peer) = (Workplace::new(), Peer::start().await);
    let mut server = Setup::new(&workplace).arguments(["--log", "debug"]).start().await;
    let child =
        server.api().create_flow(&flow("Child", &[echo("said", json!("${trigger_data.name}"))], &[])).await;
    let id = server.api().create_flow(&document(&peer, &child)).await;
    let execution = server.api().start(&id, trigger_data()).await;
    server.api().until(&execution, "it waits", SOON, |shown| node(shown, "ok")["status"] == "running").await;

    restarted(&mut server).await;
    approve(server.api()).await;
    let ended = server.api().finished(&execution, SOON).await;

    let sent: Vec<String> = peer.calls().into_iter().map(|call| call.body).collect();
    assert!(sent.iter().all(|body| body.contains(IBAN) && body.contains(NAME)), "{sent:?}");
    assert_eq!((&ended["status"], &ended["trigger_data"]["ward"]), (&json!("failed"), &json!("12b")));
    assert!(
        ended["error_message"].as_str().is_some_and(|said| said.contains("no account [sensitive]")),
        "{ended}"
    );
    let rows = server.api().get(&format!("executions?root_id={execution}&limit=100")).await;
    let children = server.api().get("executions?limit=100&roots=false").await.expect(200);
    let of_parent = |row: &&Value| row["id"] != json!(execution);
    let children: Vec<String> = children
        .as_array()
        .expect("a list")
        .iter()
        .filter(of_parent)
        .map(|row| row["id"].as_str().expect("an id").to_owned())
        .collect();
    assert!(children.len() >= 3, "two items and a sub-flow: {children:?} {}", rows.body);
    check_answers(server.api(), &execution, &children).await;

    // Who may see it does, and that is in the audit log.
    let revealed =
        server.api().post(&format!("executions/{execution}/trigger-data/reveal"), &json!({})).await;
    assert_eq!(revealed.expect(200), trigger_data());
    let audit = server.api().get("audit?limit=10").await.expect(200);
    assert!(audit.to_string().contains("reveal_trigger_data"), "{audit}");

    // A retry with what was shown has what was meant; a mask elsewhere is refused.
    let edited = |data: Value| json!({ "mode": "from_start", "trigger_data": data });
    let mut shown = ended["trigger_data"].clone();
    shown["ward"] = json!("7");
    let retry = format!("executions/{execution}/retry");
    let new = server.api().post(&retry, &edited(shown)).await.expect(200)["new_execution_id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let revealed =
        server.api().post(&format!("executions/{new}/trigger-data/reveal"), &json!({})).await.expect(200);
    assert_eq!((&revealed["patient"], &revealed["ward"]), (&trigger_data()["patient"], &json!("7")));
    let refused = server.api().post(&retry, &edited(json!({ "else": "[sensitive]" }))).await.expect(422);
    assert!(refused.to_string().contains("/trigger_data/else"), "{refused}");

    server.stop().await;
    assert_eq!(canary_in(&server.log()), None);
    check_files(workplace.path());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_key_an_execution_waits_until_there_is_one() {
    let (workplace, peer) = (Workplace::new(), Peer::start().await);
    let mut server = Setup::new(&workplace).start().await;
    let child = server
        .api()
        .create_flow(&flow("Child", &[echo("said", json!("${trigger_data.name | length}"))], &[]))
        .await;
    let id = server.api().create_flow(&document(&peer, &child)).await;
    let execution = server.api().start(&id, trigger_data()).await;
    server.api().until(&execution, "it waits", SOON, |shown| node(shown, "ok")["status"] == "running").await;
    server.kill();
    let keys: Vec<_> = std::fs::read_dir(workplace.path())
        .expect("a folder")
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.to_string_lossy().contains("key"))
        .collect();
    let [key] = keys.as_slice() else { panic!("one file has the master key: {keys:?}") };
    let away = workplace.path().join("away");
    std::fs::rename(key, &away).expect("it is moved");

    server.restart().await;
    let unreadable = server.api().get(&format!("executions/{execution}")).await;
    let other = server.api().start(&child, json!({ "name": "x" })).await;
    assert_eq!(server.api().finished(&other, SOON).await["status"], "completed");
    assert_eq!(unreadable.status, 500, "{}", unreadable.body);
    assert!(server.log().contains("its data is encrypted"), "{}", server.log());
    server.kill();
    std::fs::rename(&away, key).expect("it is moved back");
    server.restart().await;
    approve(server.api()).await;

    assert_eq!(server.api().finished(&execution, SOON).await["status"], "failed");
}
