//! Alerts against real receivers: mail and webhooks arrive once, also over a kill.

use std::time::Duration;

use serde_json::{Value, json};
use steadflow_blackbox::{MailServer, Peer, Server, Setup, Workplace, eventually, flow};

const SOON: Duration = Duration::from_secs(30);
const KEY: &str = "whsec_YSBrZXkgb2YgbW9yZSB0aGFuIDE2IGJ5dGVz";

async fn broken(server: &Server) -> String {
    let node = json!({ "id": "f", "type": "action", "action": "fail", "input": { "message": "no stock" } });
    let flow = server.api().create_flow(&flow("Orders", &[node], &[])).await;
    let execution = server.api().start(&flow, json!({})).await;
    server.api().finished(&execution, SOON).await["id"].as_str().expect("an id").to_owned()
}

async fn alert(server: &Server, channel: &Value) -> String {
    let alert = json!({ "name": "On call", "events": ["execution_failed"], "channel": channel });
    let alert = server.api().post("alerts", &alert).await.expect(201);
    alert["id"].as_str().expect("an id").to_owned()
}

async fn state(server: &Server, alert: &str) -> Value {
    server.api().get(&format!("alerts/{alert}")).await.expect(200)["messages"][0].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_arrives_as_mail_and_as_a_webhook_with_a_link() {
    let Some(mail) = MailServer::start() else { return };
    let (workplace, peer) = (Workplace::new(), Peer::start().await);
    let server = Setup::new(&workplace)
        .variables([
            ("STEADFLOW_SMTP_URL".to_owned(), mail.url()),
            MailServer::trust(),
            ("STEADFLOW_SECRET_KEY".to_owned(), KEY.to_owned()),
        ])
        .arguments(["--mail-from", "flows@example.com", "--public-url", "https://flows.example.org/"])
        .start()
        .await;
    alert(&server, &json!({ "type": "email", "to": ["ann@example.com"] })).await;
    alert(&server, &json!({ "type": "webhook", "url": peer.url("/ok"), "secret": "${secrets.KEY}" })).await;

    let execution = broken(&server).await;
    let arrived = eventually("the mail arrives", SOON, async || mail.mails().into_iter().next()).await;
    let call = eventually("the webhook arrives", SOON, async || peer.calls().into_iter().next()).await;

    assert_eq!(arrived["headers"]["Subject"], "Failed: Orders");
    let link = format!("https://flows.example.org/executions/{execution}");
    assert!(arrived["text"].as_str().is_some_and(|text| text.contains(&link) && text.contains("no stock")));
    let body: Value = serde_json::from_str(&call.body).expect("it is JSON");
    assert_eq!(body["type"], "alert.execution_failed");
    assert_eq!((&body["data"]["link"], &body["data"]["count"]), (&json!(link), &json!(1)));
    assert!(call.header("webhook-signature").is_some_and(|signature| signature.starts_with("v1,")));
    for _ in 0..3 {
        broken(&server).await;
    }
    assert_eq!(
        (mail.mails().len(), peer.calls().len()),
        (1, 1),
        "others of the group wait for the next message"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_was_not_taken_before_kill_9_arrives_after_it_with_the_same_id() {
    let (workplace, peer) = (Workplace::new(), Peer::start().await);
    let secret = [("STEADFLOW_SECRET_KEY".to_owned(), KEY.to_owned())];
    let mut server = Setup::new(&workplace).variables(secret).start().await;
    let channel = json!({ "type": "webhook", "url": peer.url("/fail/1"), "secret": "${secrets.KEY}" });
    let alert = alert(&server, &channel).await;
    broken(&server).await;
    eventually("it could not be sent", SOON, async || {
        let message = state(&server, &alert).await;
        (message["error"].as_str().is_some_and(|error| error.contains("503"))).then_some(())
    })
    .await;

    server.kill();
    server.restart().await;
    let calls = eventually("it is sent again", SOON, async || {
        let calls = peer.calls();
        (calls.len() > 1).then_some(calls)
    })
    .await;

    assert_eq!(calls[0].header("webhook-id"), calls[1].header("webhook-id"));
    eventually("that is stored", SOON, async || {
        (state(&server, &alert).await["state"] == "sent").then_some(())
    })
    .await;
    server.stop().await;
    let doctor = server.doctor();
    assert_eq!(doctor.code, Some(0), "{}{}", doctor.stdout, doctor.stderr);
}
