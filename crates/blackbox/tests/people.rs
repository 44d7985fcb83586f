//! Approval nodes against the program: a wait outlives the process, a form is checked, one decision counts, and nobody is asked
//! twice.

use std::time::Duration;

use serde_json::{Value, json};
use steadflow_blackbox::{Api, Peer, Server, Setup, Workplace, eventually, flow, node};

const SOON: Duration = Duration::from_secs(30);

async fn kill(server: &mut Server) {
    server.kill();
    server.restart().await;
}

/// Waits until so many approvals are open, and returns them by the id of their execution.
async fn open(api: &Api, count: usize) -> Vec<Value> {
    eventually("people are asked", SOON, async || {
        let all = api.get("approvals?limit=100").await.expect(200);
        all.as_array().filter(|all| all.len() == count).cloned()
    })
    .await
}

fn of<'a>(open: &'a [Value], execution: &str) -> &'a Value {
    open.iter().find(|approval| approval["execution_id"] == execution).expect("it asks")
}

fn path(approval: &Value) -> String {
    format!("approvals/{}", approval["id"].as_str().expect("an id").replace(':', "%3A"))
}

fn decision(approval: &Value, decision: &str, form: Option<Value>) -> Value {
    let mut said = json!({ "decision": decision, "arguments_hash": approval["arguments_hash"] });
    if let Some(form) = form {
        said["form"] = form;
    }
    said
}

/// Asks with a form, and again in a body for each of two items; the first edge of each asks for `approved`.
fn document() -> Value {
    let form = json!({ "type": "object", "required": ["reason"], "properties": {
        "reason": { "type": "string", "enum": ["late", "broken"] }, "amount": { "type": "number", "maximum": 10 } } });
    let ask =
        json!({ "id": "ok", "type": "approval", "input": { "of": "${trigger_data.of}" }, "form": form });
    let inside =
        json!({ "id": "each_ok", "type": "approval", "input": { "item": "${item}" }, "timeout_seconds": 1 });
    let after =
        json!({ "id": "kept", "type": "action", "action": "transform", "input": "${each_ok.decision}" });
    let body = json!({ "nodes": [inside, after], "edges": [
        { "from": "each_ok", "to": "kept", "condition": "timed_out" } ] });
    let each = json!({ "id": "each", "type": "map", "items": [1, 2], "body": body });
    let mut document = flow("Refunds", &[ask, each], &[]);
    document["flow_definition"]["edges"] = json!([{ "from": "ok", "to": "each", "condition": "approved" }]);
    document
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_for_a_person_survives_kill_9_and_is_decided_once() {
    let workplace = Workplace::new();
    let mut server = Setup::new(&workplace).start().await;
    let flow = server.api().create_flow(&document()).await;
    let start = async |of: &str| server.api().start(&flow, json!({ "of": of })).await;
    let [approved, rejected, raced] = [start("a").await, start("b").await, start("c").await];
    let before = open(server.api(), 3).await;

    kill(&mut server).await;
    let after = open(server.api(), 3).await;
    assert_eq!(before, after);
    let asked = of(&after, &approved);
    for (form, pointer) in [
        (None, "/form"),
        (Some(json!({ "reason": "other" })), "/form/reason"),
        (Some(json!({ "reason": "late", "amount": 11 })), "/form/amount"),
        (Some(json!({ "reason": "late", "more": 1 })), "/form"),
        (Some(json!([])), "/form"),
    ] {
        let refused = server.api().post(&path(asked), &decision(asked, "approved", form)).await.expect(400);
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{refused}");
    }

    // Two people at once: one of them decides, and the other one reads what.
    let yes = |asked: &Value| decision(asked, "approved", Some(json!({ "reason": "late", "amount": 1.50 })));
    let [other, both] = [of(&after, &rejected), of(&after, &raced)];
    let (yes_to_both, no_to_both, address) = (yes(both), decision(both, "rejected", None), path(both));
    let (first, second) =
        tokio::join!(server.api().post(&address, &yes_to_both), server.api().post(&address, &no_to_both));
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    server.api().post(&path(asked), &yes(asked)).await.expect(200);
    server.api().post(&path(other), &decision(other, "rejected", None)).await.expect(200);
    kill(&mut server).await;

    let said = if first.status == 200 { "completed" } else { "failed" };
    assert_eq!(server.api().finished(&raced, SOON).await["status"], said);
    let failed = server.api().finished(&rejected, SOON).await;
    assert_eq!(
        (&failed["status"], &node(&failed, "ok")["error_class"]),
        (&json!("failed"), &json!("rejected"))
    );
    let ended = server.api().finished(&approved, SOON).await;
    // Those of the items nobody decided on: their time went on while no process ran.
    assert_eq!(
        (&ended["status"], &ended["result"]),
        (&json!("completed"), &json!(["timed_out", "timed_out"]))
    );
    let output = &node(&ended, "ok")["output_data"];
    assert_eq!(
        (&output["decision"], &output["form"]),
        (&json!("approved"), &json!({ "reason": "late", "amount": 1.5 }))
    );

    // A retry from the failed node asks again, and one that was decided is not asked again.
    let retried =
        server.api().post(&format!("executions/{rejected}/retry"), &json!({ "mode": "from_failed" })).await;
    let retried = retried.expect(200)["new_execution_id"].as_str().expect("an id").to_owned();
    let asked = open(server.api(), 1).await;
    assert_eq!((&asked[0]["execution_id"], &asked[0]["arguments"]), (&json!(retried), &json!({ "of": "b" })));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_decides_also_after_kill_9_and_another_database_does_not_know_it() {
    let workplace = Workplace::new();
    let mut server = Setup::new(&workplace).start().await;
    let ask = json!({ "id": "ok", "type": "approval", "input": { "amount": 5 } });
    let flow = server.api().create_flow(&flow("Refunds", &[ask], &[])).await;
    let execution = server.api().start(&flow, json!({})).await;
    let asked = open(server.api(), 1).await;
    let made = server.api().post(&format!("{}/links", path(&asked[0])), &json!({ "for": "ann" })).await;
    let made = made.expect(201);
    let token = made["url"].as_str().and_then(|url| url.split_once("/decide/")).expect("a link").1.to_owned();
    let link = format!("/api/v1/decisions/{token}");

    kill(&mut server).await;
    let elsewhere = Workplace::new();
    let mut stranger = Setup::new(&elsewhere).start().await;
    let unknown = stranger.api().get(&link).await.expect(404);
    let shown = server.api().get(&link).await.expect(200);
    let decided = server.api().post(&link, &decision(&shown, "approved", None)).await.expect(200);
    kill(&mut server).await;

    assert_eq!(unknown["type"], "/docs/problems#no-such-link");
    assert_eq!(decided["decided"]["by"], json!({ "type": "link", "id": "ann" }));
    let ended = server.api().finished(&execution, SOON).await;
    assert_eq!((&ended["status"], &ended["result"]["by"]), (&json!("completed"), &decided["decided"]["by"]));
    let again = server.api().get(&link).await.expect(409);
    assert!(again["detail"].as_str().is_some_and(|detail| detail.contains("by ann (link)")), "{again}");
    assert!(!server.log().contains(&token), "the log has the token");
    stranger.stop().await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alert_sends_a_link_to_each_wait_that_an_operator_may_decide_on() {
    let (workplace, peer) = (Workplace::new(), Peer::start().await);
    let key = "whsec_YSBrZXkgb2YgbW9yZSB0aGFuIDE2IGJ5dGVz".to_owned();
    let secret = [("STEADFLOW_SECRET_KEY".to_owned(), key)];
    let arguments = ["--public-url", "https://flows.example.org"];
    let mut server = Setup::new(&workplace).variables(secret).arguments(arguments).start().await;
    let channel = json!({ "type": "webhook", "url": peer.url("/ok"), "secret": "${secrets.KEY}" });
    let alert = json!({ "name": "Refunds", "events": ["waiting_for_person"], "channel": channel, "decision_link": true });
    let alert =
        server.api().post("alerts", &alert).await.expect(201)["id"].as_str().expect("an id").to_owned();
    let asks = |approver: &str| {
        let ask = json!({ "id": "ok", "type": "approval", "approvers": [approver] });
        flow("Refunds", &[ask], &[])
    };
    let of_operators = server.api().create_flow(&asks("operator")).await;
    let of_admins = server.api().create_flow(&asks("admin")).await;
    let first = server.api().start(&of_operators, json!({})).await;
    let second = server.api().start(&of_operators, json!({})).await;
    let guarded = server.api().start(&of_admins, json!({})).await;

    let bodies: Vec<Value> = eventually("each wait is told by itself", SOON, async || {
        let calls = peer.calls();
        (calls.len() == 3)
            .then(|| calls.iter().map(|call| serde_json::from_str(&call.body).expect("it is JSON")).collect())
    })
    .await;

    let link_of = |execution: &str| {
        let body = bodies.iter().find(|body| body["data"]["execution_id"] == execution).expect("it is told");
        let link = body["data"]["decision_link"].as_str()?;
        Some(link.replace("https://flows.example.org/decide/", "/api/v1/decisions/"))
    };
    assert_eq!(link_of(&guarded), None, "an administrator decides in the studio");
    assert_ne!(link_of(&first), link_of(&second));
    let link = link_of(&second).expect("it has a link");
    let shown = server.api().get(&link).await.expect(200);
    let decided = server.api().post(&link, &decision(&shown, "approved", None)).await.expect(200);
    assert_eq!(decided["decided"]["by"], json!({ "type": "link", "id": "Refunds" }));
    assert_eq!(server.api().finished(&second, SOON).await["status"], "completed");
    assert_eq!(open(server.api(), 2).await.len(), 2);
    let stored = server.api().get(&format!("alerts/{alert}")).await.expect(200);
    assert_eq!(stored["messages"].as_array().map(Vec::len), Some(3));
    assert!(!stored.to_string().contains("/decide/"), "{stored}");
    assert!(!server.log().contains("/decide/"), "a link is in the log");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_repeats_a_link_does_not_store_it_here_and_revoked_links_are_none() {
    let (workplace, peer) = (Workplace::new(), Peer::start().await);
    let key = "whsec_YSBrZXkgb2YgbW9yZSB0aGFuIDE2IGJ5dGVz".to_owned();
    let secret = [("STEADFLOW_SECRET_KEY".to_owned(), key)];
    let mut server = Setup::new(&workplace).variables(secret).start().await;
    let channel = json!({ "type": "webhook", "url": peer.url("/echo/400"), "secret": "${secrets.KEY}" });
    let alert = json!({ "name": "Refunds", "events": ["waiting_for_person"], "channel": channel, "decision_link": true });
    let alert =
        server.api().post("alerts", &alert).await.expect(201)["id"].as_str().expect("an id").to_owned();
    let ask = json!({ "id": "ok", "type": "approval" });
    let flow = server.api().create_flow(&flow("Refunds", &[ask], &[])).await;
    server.api().start(&flow, json!({})).await;

    let message = eventually("the message is refused", SOON, async || {
        let message = server.api().get(&format!("alerts/{alert}")).await.expect(200)["messages"][0].clone();
        message["error"].is_string().then_some(message)
    })
    .await;

    let body: Value = serde_json::from_str(&peer.calls()[0].body).expect("it is JSON");
    let url = body["data"]["decision_link"].as_str().expect("it has a link");
    let base = url.split("/decide/").next().expect("an address");
    assert!(base.starts_with("http://127.0.0.1:") && !base.ends_with(":0"), "{base}");
    let token = url.rsplit('/').next().expect("a token").to_owned();
    let error = message["error"].as_str().expect("it failed");
    assert!(error.contains("decision_link") && !error.contains(&token[..60]), "{error}");
    assert!(!server.log().contains(&token[..60]), "the log has the token");

    let link = format!("/api/v1/decisions/{token}");
    server.api().get(&link).await.expect(200);
    server.stop().await;
    let revoked = server.revoke_links();
    assert!(revoked.stderr.contains("lead to nothing from now on"), "{}", revoked.stderr);
    server.restart().await;
    server.api().get(&link).await.expect(404);
    let asked = open(server.api(), 1).await;
    let made = server.api().post(&format!("{}/links", path(&asked[0])), &json!({})).await.expect(201);
    let token = made["url"].as_str().and_then(|url| url.rsplit('/').next()).expect("a link").to_owned();
    server.api().get(&format!("/api/v1/decisions/{token}")).await.expect(200);
    server.stop().await;
}
