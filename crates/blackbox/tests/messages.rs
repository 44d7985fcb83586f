//! Messages against real receivers: mail to a mail server, posts to a chat, signed webhooks.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use steadflow_blackbox::{MailServer, Peer, Server, Setup, Workplace, eventually, flow, node, retries, with};

const SOON: Duration = Duration::from_secs(30);
const KEY: &str = "a key of more than 16 bytes";

fn setup(workplace: &Workplace, mail: &MailServer) -> Setup {
    let (url, trust) = (mail.url(), MailServer::trust());
    let from = ["--mail-from", "Flows <flows@example.com>", "--mail-from-allow", "@example.com"];
    Setup::new(workplace).variables([("STEADFLOW_SMTP_URL".to_owned(), url), trust]).arguments(from)
}

/// Returns a flow of one action that is tried three times.
fn sending(action: &str, input: &Value) -> Value {
    let node = json!({ "id": "send", "type": "action", "action": action, "input": input });
    flow("Sends", &[with(node, &retries(2, 0.1))], &[])
}

async fn sent(server: &Server, document: &Value) -> Value {
    let flow = server.api().create_flow(document).await;
    let execution = server.api().start(&flow, json!({ "name": "Jörg" })).await;
    server.api().finished(&execution, SOON).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_arrives_once_by_starttls_and_login_and_refusals_send_nothing() {
    let Some(mail) = MailServer::start() else { return };
    let workplace = Workplace::new();
    let server = setup(&workplace, &mail).start().await;
    let input = json!({
        "to": ["Jörg Müller <joerg@example.com>", "later@example.com"], "bcc": "quiet@example.com",
        "from": "Support <support@example.com>", "reply_to": "ann@example.com",
        "subject": "Grüße, ${trigger_data.name}", "text": "Größe: 5 €\n.\nEnd", "html": "<b>5 €</b>",
        "attachments": [{ "filename": "a.csv", "content_type": "text/csv", "content": "x,y\n" }],
    });

    let ended = sent(&server, &sending("send_email", &input)).await;

    assert_eq!(ended["status"], "completed", "{ended}");
    let output = &node(&ended, "send")["output_data"];
    assert_eq!(node(&ended, "send")["retry_attempt"], 1, "the server said 451 once");
    assert_eq!(output["response"], "250 Taken as number 1");
    let mails = mail.mails();
    let [taken] = mails.as_slice() else { panic!("{mails:?}") };
    assert_eq!((&taken["tls"], &taken["sender"]), (&json!(true), &json!("support@example.com")));
    assert_eq!(taken["recipients"], json!(["joerg@example.com", "later@example.com", "quiet@example.com"]));
    let headers = &taken["headers"];
    assert_eq!(headers["Subject"], "Grüße, Jörg");
    assert_eq!(headers["To"], "Jörg Müller <joerg@example.com>, later@example.com");
    assert_eq!(headers["Message-ID"], output["message_id"]);
    assert_eq!((&headers["Bcc"], &headers["Reply-To"]), (&Value::Null, &json!("ann@example.com")));
    assert_eq!(
        taken["text"].as_str().map(|text| text.replace("\r\n", "\n")),
        Some("Größe: 5 €\n.\nEnd".to_owned())
    );
    assert_eq!(taken["files"], json!([["a.csv", "text/csv"]]));

    for (key, value, class, said) in [
        (
            "to",
            json!(["a@example.com", "nobody@example.com"]),
            "rejected",
            "nobody@example.com, so nobody gets the mail: 550 5.1.1",
        ),
        ("from", json!("boss@other.example"), "configuration", "mail_from_allow"),
        ("subject", json!("${trigger_data.name + '\\nBcc: evil@example.com'}"), "validation", "/subject"),
    ] {
        let mut input = json!({ "to": "a@example.com", "subject": "s", "text": "t" });
        input[key] = value;

        let ended = sent(&server, &sending("send_email", &input)).await;

        let error = node(&ended, "send");
        assert_eq!(error["error_class"], class, "{ended}");
        assert!(error["error_message"].as_str().is_some_and(|message| message.contains(said)), "{error}");
    }
    assert_eq!(mail.mails().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_server_that_is_not_trusted_or_refuses_the_login_gets_no_mail() {
    let Some(mail) = MailServer::start() else { return };
    let input = json!({ "to": "a@example.com", "subject": "s", "text": "t" });
    let document = flow(
        "Sends",
        &[json!({ "id": "send", "type": "action", "action": "send_email", "input": input })],
        &[],
    );
    let wrong = mail.url().replace("p%40ss", "canary");
    for (url, trust, class, said) in [
        (mail.url(), None, "configuration", "TLS failed"),
        (wrong, Some(MailServer::trust()), "configuration", "refused the login: 535"),
        (String::new(), None, "configuration", "Set `smtp_url` and `mail_from`"),
    ] {
        let workplace = Workplace::new();
        let variables = trust.into_iter().chain([("STEADFLOW_SMTP_URL".to_owned(), url.clone())]);
        let setup =
            Setup::new(&workplace).variables(variables).arguments(["--mail-from", "flows@example.com"]);
        let server = setup.start().await;

        let ended = sent(&server, &document).await;

        let error = node(&ended, "send");
        assert_eq!(error["error_class"], class, "{ended}");
        assert!(error["error_message"].as_str().is_some_and(|message| message.contains(said)), "{error}");
        assert!(!ended.to_string().contains("canary") && !server.log().contains("canary"));
        let warned = server.api().post("flows/validate", &document).await.expect(200);
        assert_eq!(
            warned["warnings"].as_array().is_some_and(|all| all.is_empty()),
            !url.is_empty(),
            "{warned}"
        );
    }
    assert_eq!(mail.mails(), Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_9_while_a_mail_is_sent_gives_the_next_one_the_same_message_id() {
    let Some(mail) = MailServer::start() else { return };
    let workplace = Workplace::new();
    let mut server = setup(&workplace, &mail).start().await;
    let input = json!({ "to": "held@example.com", "subject": "s", "text": "t" });
    let flow = server.api().create_flow(&sending("send_email", &input)).await;
    let execution = server.api().start(&flow, json!({})).await;
    eventually("the mail is handed over", SOON, async || mail.mails().into_iter().next()).await;

    server.kill();
    server.restart().await;
    let ended = server.api().finished(&execution, SOON).await;

    assert_eq!(ended["status"], "completed", "{ended}");
    let ids: Vec<Value> = mail.mails().iter().map(|mail| mail["headers"]["Message-ID"].clone()).collect();
    assert_eq!(ids.len(), 2, "it was not known that the server had the first one");
    assert_eq!(ids[0], ids[1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn posts_wait_as_long_as_they_are_asked_to_and_carry_a_signature() {
    let (workplace, peer) = (Workplace::new(), Peer::start().await);
    let key = format!("whsec_{}", STANDARD.encode(KEY));
    let secret = |name: &str, value: String| (format!("STEADFLOW_SECRET_{name}"), value);
    let server = Setup::new(&workplace)
        .variables([
            secret("KEY", key),
            secret("CHAT", peer.url("/throttle?1")),
            secret("CHAT_HOSTS", "127.0.0.1".to_owned()),
            secret("GONE", peer.url("/status/404/canary-canary-1")),
            secret("GONE_HOSTS", "127.0.0.1".to_owned()),
        ])
        .start()
        .await;

    let chat = json!({ "url": "${secrets.CHAT}", "text": "Hello ${trigger_data.name}" });
    let ended = sent(&server, &sending("slack_message", &chat)).await;
    assert_eq!(ended["status"], "completed", "{ended}");
    let calls = peer.calls();
    assert_eq!(calls.len(), 2);
    assert_eq!(calls[1].body, r#"{"text":"Hello Jörg"}"#);
    assert!((calls[1].at - calls[0].at).total(jiff::Unit::Second).is_ok_and(|waited| waited >= 1.0));
    assert!(!ended.to_string().contains("throttle"));

    let hook = json!({ "url": peer.url("/fail/1"), "secret": "${secrets.KEY}", "body": { "type": "x", "data": 1.5 } });
    let ended = sent(&server, &sending("send_webhook", &hook)).await;
    assert_eq!(ended["status"], "completed", "{ended}");
    let calls = peer.calls().split_off(2);
    let [first, second] = calls.as_slice() else { panic!("{calls:?}") };
    assert_eq!(first.header("webhook-id"), second.header("webhook-id"));
    for call in [first, second] {
        let (id, at) = (call.header("webhook-id").unwrap(), call.header("webhook-timestamp").unwrap());
        assert!(at.parse::<i64>().is_ok_and(|at| (at - call.at.as_second()).abs() <= 1));
        assert!(!id.contains('.') && id.starts_with(ended["id"].as_str().unwrap()));
        let mut mac = <Hmac<Sha256>>::new_from_slice(KEY.as_bytes()).unwrap();
        mac.update(format!("{id}.{at}.{}", call.body).as_bytes());
        let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
        assert_eq!(call.header("webhook-signature"), Some(expected.as_str()));
        assert_eq!(call.body, r#"{"type":"x","data":1.5}"#);
    }

    let moved = json!({ "url": peer.url("/redirect?/ok"), "secret": "${secrets.KEY}" });
    let ended = sent(&server, &sending("send_webhook", &moved)).await;
    assert_eq!(node(&ended, "send")["error_class"], "rejected", "a redirect is no receipt: {ended}");
    let gone = json!({ "url": "${secrets.GONE}", "text": "x" });
    let ended = sent(&server, &sending("slack_message", &gone)).await;
    assert_eq!(node(&ended, "send")["error_class"], "rejected", "{ended}");
    assert!(!ended.to_string().contains("canary") && !server.log().contains("canary"), "{ended}");
    let plain = json!({ "url": peer.url("/ok"), "secret": "canary in the document" });
    let refused = server.api().post("flows/validate", &sending("send_webhook", &plain)).await.expect(200);
    assert!(
        refused.to_string().contains("/input/secret") && !refused.to_string().contains("canary"),
        "{refused}"
    );
}
