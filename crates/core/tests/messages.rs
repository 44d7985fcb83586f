//! Messages in documents, and what signs them.

use serde_json::{Value, json};
use steadflow_core::flow::{Fault, Flow};
use steadflow_core::limits::Limits;
use steadflow_core::timestamp::Timestamp;
use steadflow_core::webhook::sign;

const MAIL: &str = "send_email";
const CHAT: &str = "slack_message";
const HOOK: &str = "send_webhook";

/// Returns the faults of a node whose input has one key more than it needs, or another value there.
fn faults(action: &str, key: &str, value: Value) -> String {
    let mut input = match action {
        MAIL => json!({ "to": "${trigger_data.to}", "subject": "Hello ${trigger_data.name}", "text": "x" }),
        CHAT => json!({ "url": "${secrets.CHAT}", "text": "x", "blocks": [{ "type": "divider" }] }),
        _ => json!({ "url": "https://x.example/${secrets.PATH}", "secret": "${secrets.KEY}", "body": [1] }),
    };
    input[key] = value;
    let node = json!({ "id": "send", "type": "action", "action": action, "input": input });
    let document = json!({ "name": "Sends", "flow_definition": { "nodes": [node], "edges": [] } });
    let faults = Flow::parse(&document, &Limits::DEFAULT).err().unwrap_or_default();
    let line = |Fault { pointer, message }| {
        format!("{} {message}", pointer.trim_start_matches("/flow_definition/nodes/0/input"))
    };
    faults.into_iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn messages_that_can_be_sent_are_accepted() {
    for (action, key, value) in [
        (MAIL, "cc", json!(["Ann Lee <ann@x.example>", "${trigger_data.cc}"])),
        (MAIL, "attachments", json!([{ "filename": "a.txt", "content": "${trigger_data.file}" }])),
        (CHAT, "attachments", json!([])),
        (CHAT, "url", json!("https://x.example/hooks/${secrets.KEY}")),
        (HOOK, "headers", json!({ "X-Team": "${secrets.TEAM}" })),
        (HOOK, "secret", json!("${ secrets.KEY }")),
    ] {
        assert_eq!(faults(action, key, value), "", "{action} {key}");
    }
}

#[test]
fn keys_of_messages_that_cannot_be_sent_are_refused() {
    let long = |length: usize| "x".repeat(length);
    let file = |key: &str, value: Value| {
        let mut file = json!({ "filename": "a", "content": "x" });
        file[key] = value;
        json!([file])
    };
    for (action, key, value, said) in [
        (MAIL, "to", json!(null), "/to Enter an address"),
        (MAIL, "to", json!("ann"), "/to `to` must be an address on one line"),
        (MAIL, "to", json!(format!("a@{}", long(499))), "/to `to` must be an address on one line"),
        (MAIL, "cc", json!(["a@x.example", 5]), "/cc/1 "),
        (MAIL, "bcc", json!("a@x.example\nSubject: x"), "/bcc `bcc` must be an address on one line"),
        (MAIL, "bcc", json!("${trigger_data.a}\nSubject: x"), "/bcc `bcc` must be an address on one line"),
        (MAIL, "subject", json!("${secrets.KEY}"), "/subject `${secrets.KEY}`: a mail cannot hold secrets"),
        (
            MAIL,
            "attachments",
            json!(vec![&file("content", json!(1))[0]; 21]),
            "/attachments `attachments` has 21 entries; at most 20",
        ),
        (MAIL, "attachments", file("filename", json!(long(201))), "has 201 characters; at most 200"),
        (MAIL, "attachments", file("content_type", json!("a\r\nb")), "/attachments/0/content_type"),
        (MAIL, "body", json!("x"), "there is no key `body` here"),
        (
            CHAT,
            "text",
            json!("${secrets.KEY}"),
            "/text `${secrets.KEY}`: a secret cannot be here, because everyone in the chat",
        ),
        (
            CHAT,
            "url",
            json!("https://${secrets.KEY}/"),
            "/url `${secrets.KEY}`: a secret cannot be in the host",
        ),
        (CHAT, "url", json!("hooks.slack.com"), "/url `url` must be a URL"),
        (HOOK, "secret", json!(null), "/secret Name the secret of the signature"),
        (HOOK, "secret", json!("whsec_canary"), "/secret `secret` must be the name of a secret"),
        (HOOK, "secret", json!("whsec_${secrets.KEY}"), "/secret `secret` must be the name of a secret"),
        (HOOK, "secret", json!("${trigger_data.canary}"), "/secret `secret` must be the name of a secret"),
        (HOOK, "headers", json!({ "Webhook-Id": "x" }), "the header `Webhook-Id` cannot be set"),
    ] {
        let refused = faults(action, key, value);

        assert!(refused.contains(said), "{action} {key}: {refused}");
        assert!(!refused.contains("canary"), "{refused}");
    }
}

#[test]
fn what_is_signed_is_verified_with_the_same_key_alone() {
    // The example of standardwebhooks.com.
    let (secret, id) = ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek");
    let at = Timestamp::from_micros(1_614_265_330_000_000);
    let body = br#"{"test": 2432232314}"#;

    let signature = sign(secret, id, at, body);

    assert_eq!(signature.as_deref(), Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
    for no_key in ["", "whsec_", "whsec_c2hvcnQ=", "not base64 at all, but long enough"] {
        assert_eq!(sign(no_key, id, at, body), None, "{no_key}");
    }
}
