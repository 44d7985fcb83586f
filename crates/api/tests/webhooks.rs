//! Webhooks: other services start flows.

use axum::http::Method;
use serde_json::{Value, json};
use steadflow_api::SecretValues;

use crate::support::{Answer, Api, each, echo, failing, list, request, text};

const SECRET: &str = "It's a Secret to Everybody";
const SIGNATURE: &str = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
const TOKEN: (&str, &str) = ("authorization", "Bearer It's a Secret to Everybody");
const JSON: (&str, &str) = ("content-type", "application/json");

async fn api() -> Api {
    Api::configured(|config| {
        config.secrets = SecretValues::new(|_, name| match name {
            "HOOK" => Some(SECRET.to_owned()),
            "SLACK" => Some("8f742231b10e8888abcd99yyyzzz85a5".to_owned()),
            "SHORT" => Some("short".to_owned()),
            _ => None,
        });
    })
    .await
}

fn trigger(path: &str, scheme: &str, secret: &str) -> Value {
    let webhook = json!({ "path": path, "scheme": scheme, "secret": format!("${{secrets.{secret}}}") });
    json!({ "id": "start", "type": "trigger", "webhook": webhook })
}

async fn call(api: &Api, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    Answer::read(api.open(request(Method::POST, &format!("/hooks/{path}"), headers, body)).await).await
}

async fn trigger_data(api: &Api, started: Answer) -> Value {
    let id = text(&started.expect(201)["execution_id"]);
    api.get(&format!("executions/{id}/trigger-data")).await.expect(200)
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_signed_starts_the_flow_once() {
    let api = api().await;
    let flow = api.flow_of(&[trigger("github/push", "github", "HOOK")]).await;
    let text_plain = ("content-type", "text/plain");
    let delivery = |id: &'static str, signature: &'static str| {
        [("x-github-delivery", id), ("x-hub-signature-256", signature), text_plain]
    };
    let send = async |id, signature, body| call(&api, "github/push", &delivery(id, signature), body).await;

    let first = send("d-1", SIGNATURE, "Hello, World!").await;
    let location = first.header("location").map(str::to_owned);
    let first = first.expect(201);
    let again = send("d-1", SIGNATURE, "Hello, World!").await.expect(201);
    let other = send("d-2", SIGNATURE, "Hello, World!").await.expect(201);

    assert_eq!((&first["flow_id"], &first["status"]), (&json!(flow), &json!("pending")));
    assert_eq!(location, Some(format!("/api/v1/studio/executions/{}", text(&first["execution_id"]))));
    assert_eq!(first, again);
    assert_ne!(first["execution_id"], other["execution_id"]);
    let execution = api.execution(&text(&first["execution_id"])).await;
    assert_eq!(execution["triggered_by"], "webhook");
    for (signature, body) in
        [(SIGNATURE, "Hello, World"), ("", "Hello, World!"), ("sha256=00", "Hello, World!")]
    {
        let refused = send("d-3", signature, body).await;
        assert_eq!(refused.header("www-authenticate"), Some("Webhook"));
        insta::allow_duplicates! {
            insta::assert_snapshot!(refused.problem(), @"401 webhook-refused: The call is not signed as this webhook asks for, so nothing was started. Check the secret, the signature over the body as it is sent, and the clock of the sender.");
        }
    }
    let cross_site = [&delivery("d-4", SIGNATURE)[..], &[("origin", "https://evil.example")]].concat();
    assert_eq!(call(&api, "github/push", &cross_site, "Hello, World!").await.status, 403);
    let other_host = [&delivery("d-4", SIGNATURE)[..], &[("host", "evil.example")]].concat();
    assert_eq!(call(&api, "github/push", &other_host, "Hello, World!").await.status, 421);
    assert_eq!(api.counts().await, (1, 2));
}

#[tokio::test(start_paused = true)]
async fn what_came_in_is_the_trigger_data_and_nothing_of_it_is_taken_for_ours() {
    let api = api().await;
    api.flow_of(&[trigger("in", "bearer", "HOOK")]).await;
    let body =
        r#"{"headers":{"x":"mine"},"received_at":"never","files":{"u":{"filepath":"/etc/passwd"}},"n":1.50}"#;
    let headers = [
        TOKEN,
        JSON,
        ("cookie", "session=1"),
        ("x-api-key", "k"),
        ("x-signature", "s"),
        ("X-Event", "paid"),
        ("x-list", "a"),
        ("x-list", "b"),
    ];

    let with_json = trigger_data(&api, call(&api, "in?a=1&b=%20x&b=y", &headers, body).await).await;
    let form = [TOKEN, ("content-type", "application/x-www-form-urlencoded; charset=UTF-8")];
    let with_form =
        trigger_data(&api, call(&api, "in", &form, "text=a+b%26&text=c&__proto__=1&empty").await).await;
    let with_text =
        trigger_data(&api, call(&api, "in", &[TOKEN, ("content-type", "text/csv")], "a;ü").await).await;
    let large = json!({ "text": "x".repeat(200 * 1024) });
    let with_much = trigger_data(&api, call(&api, "in", &[TOKEN, JSON], &large.to_string()).await).await;
    assert_eq!(with_much["body"], large);
    let with_nothing = trigger_data(&api, call(&api, "in", &[TOKEN], "").await).await;

    insta::assert_snapshot!(with_json, @r#"{"body":{"headers":{"x":"mine"},"received_at":"never","files":{"u":{"filepath":"/etc/passwd"}},"n":1.50},"headers":{"content-type":"application/json","host":"localhost","x-event":"paid","x-list":"a, b"},"query":{"a":"1","b":[" x","y"]},"method":"POST","received_at":"2027-01-15T08:00:00.000000Z"}"#);
    insta::assert_snapshot!(with_form["body"], @r#"{"__proto__":"1","empty":"","text":["a b&","c"]}"#);
    assert_eq!((&with_text["body"], &with_nothing["body"]), (&json!("a;ü"), &Value::Null));
}

#[tokio::test(start_paused = true)]
async fn bodies_that_are_not_understood_are_refused_after_their_signature() {
    let api = api().await;
    api.flow_of(&[trigger("in", "bearer", "HOOK")]).await;
    let send = async |headers: &[(&str, &str)], body: &str| {
        let problem = call(&api, "in", &[&[TOKEN], headers].concat(), body).await.problem();
        problem.split(':').next().unwrap_or_default().to_owned()
    };

    for content_type in [
        "multipart/form-data; boundary=x",
        "application/octet-stream",
        "text/plain; charset=latin1",
        "image/png",
        "",
        "json",
    ] {
        assert_eq!(
            send(&[("content-type", content_type)], "{}").await,
            "415 unsupported-media-type",
            "{content_type}"
        );
    }
    assert_eq!(send(&[JSON, ("content-type", "text/plain")], "{}").await, "415 unsupported-media-type");
    assert_eq!(send(&[JSON, ("content-encoding", "gzip")], "{}").await, "415 unsupported-media-type");
    for body in ["{", "{\"a\":1,\"a\":2}", "\u{feff}{}", "NaN", "{} {}"] {
        assert_eq!(send(&[JSON], body).await, "400 invalid-json", "{body}");
    }
    let form = ("content-type", "application/x-www-form-urlencoded");
    assert_eq!(send(&[form], "a=%ff").await, "400 invalid-body");
    let large = "x".repeat(10 * 1024 * 1024);
    assert_eq!(send(&[JSON], &large).await, "413 body-too-large");
    assert_eq!(call(&api, "in", &[JSON], "{").await.status, 401, "what is not signed is not read");
    assert_eq!(call(&api, "in?wait=x", &[TOKEN], "").await.status, 400);
    assert_eq!(call(&api, "in", &[TOKEN, TOKEN], "").await.status, 401);
    assert_eq!(api.counts().await, (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_call_can_wait_for_the_result_and_is_shown_no_more() {
    let api = api().await;
    let nodes = [trigger("in", "bearer", "HOOK"), echo("reply", json!({ "answer": 42 }))];
    let mut document = crate::support::flow("Answers", &nodes, &[("start", "reply")]);
    document["status"] = json!("active");
    api.create_flow(&document).await;
    let nodes = [trigger("fails", "bearer", "HOOK"), failing("reply", 9, 0)];
    document = crate::support::flow("Fails", &nodes, &[("start", "reply")]);
    document["status"] = json!("active");
    api.create_flow(&document).await;
    let event = [TOKEN, ("idempotency-key", "e-1")];

    let ended = call(&api, "in?wait=5", &event, "").await.expect(200);
    let again = call(&api, "in?wait=5", &event, "").await.expect(200);
    let failed = call(&api, "fails?wait=5", &event, "").await.expect(200);

    assert_eq!(ended, again);
    assert_eq!((&ended["status"], &ended["result"]), (&json!("completed"), &json!({ "answer": 42 })));
    assert_eq!((&failed["status"], &failed["result"]), (&json!("failed"), &Value::Null));
    let keys: Vec<&String> = failed.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["execution_id", "status", "flow_id", "result", "error_class"]);
}

#[tokio::test(start_paused = true)]
async fn only_flows_in_use_are_called() {
    let api = api().await;
    let flow = api.flow_of(&[trigger("in", "bearer", "HOOK")]).await;
    let status = async |status: &str| {
        api.patch(&format!("flows/{flow}"), &json!({ "status": status })).await.expect(200);
        call(&api, "in", &[TOKEN], "").await
    };

    let paused = status("paused").await;

    assert_eq!(paused.header("retry-after"), Some("60"));
    insta::assert_snapshot!(paused.problem(), @"503 webhook-paused: The flow of this webhook is paused, so nothing was started. Send the call again later.");
    assert_eq!(call(&api, "in", &[], "").await.status, 401, "strangers are not told");
    insta::assert_snapshot!(status("draft").await.problem(), @"404 no-such-webhook: No flow that is active or paused has a webhook at this path.");
    assert_eq!(status("active").await.status, 201);
    for path in ["", "other", "in/", "IN", "i%6E", "in/../in", "%ff"] {
        assert_eq!(call(&api, path, &[TOKEN], "").await.status, 404, "{path}");
    }
    for method in [Method::GET, Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS] {
        let answer = api.open(request(method.clone(), "/hooks/in", &[TOKEN], "")).await;
        assert_eq!(answer.status().as_u16(), 405, "{method}");
        assert_eq!(answer.headers()["allow"], "POST");
    }
    api.delete(&format!("flows/{flow}")).await;
    assert_eq!(call(&api, "in", &[TOKEN], "").await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn a_path_belongs_to_one_active_flow() {
    let api = api().await;
    let first = api.flow_of(&[trigger("in", "bearer", "HOOK")]).await;
    let mut document =
        crate::support::flow("Second", &[echo("a", json!({})), trigger("in", "bearer", "HOOK")], &[]);
    let draft = api.create_flow(&document).await;
    document["status"] = json!("active");

    let created = api.post("flows", &document).await;
    let activated = api.patch(&format!("flows/{draft}"), &json!({ "status": "active" })).await;

    insta::assert_snapshot!(created.problem(), @"
    409 webhook-taken: At `/flow_definition/nodes/1/webhook/path`: another active flow has the webhook `in`; choose another path, or pause that flow. Nothing was changed.
      /flow_definition/nodes/1/webhook/path: another active flow has the webhook `in`; choose another path, or pause that flow
    ");
    assert_eq!(created.problem(), activated.problem());
    assert_eq!(api.get(&format!("flows/{draft}")).await.expect(200)["status"], "draft");
    api.patch(&format!("flows/{first}"), &json!({ "status": "paused" })).await.expect(200);
    api.patch(&format!("flows/{draft}"), &json!({ "status": "active" })).await.expect(200);
    assert_eq!(call(&api, "in", &[TOKEN], "").await.expect(201)["flow_id"], json!(draft));
    let again = api.patch(&format!("flows/{first}"), &json!({ "status": "active" })).await;
    assert_eq!(again.status, 409, "{}", again.text);
}

#[tokio::test(start_paused = true)]
async fn webhooks_are_listed_with_their_secrets_and_last_calls() {
    let api = api().await;
    let flow = api.flow_of(&[trigger("in", "bearer", "HOOK")]).await;
    let mut several = trigger("other", "github", "NO_SECRET");
    several["webhook"]["secret"] = json!(["${secrets.NO_SECRET}", "${secrets.SHORT}"]);
    let other = api.flow_of(&[several]).await;
    let started = call(&api, "in", &[TOKEN, ("idempotency-key", "1")], "").await.expect(201);
    call(&api, "in", &[TOKEN, ("idempotency-key", "1")], "").await.expect(201);
    call(&api, "in", &[], "").await;
    call(&api, "in", &[], "").await;
    call(&api, "in", &[TOKEN, JSON], "{").await;
    assert_eq!(call(&api, "other", &[("x-hub-signature-256", SIGNATURE)], "Hello, World!").await.status, 401);

    let all = api.get("webhooks").await.expect(200);
    let one = api.get(&format!("webhooks?flow_id={flow}")).await.expect(200);

    assert_eq!(each(&all, "flow_id"), [other.as_str(), flow.as_str()]);
    assert_eq!(one, json!([all[1]]));
    assert_eq!(each(&one[0]["calls"], "verdict"), ["refused", "refused", "repeated", "started"]);
    assert_eq!(each(&one[0]["calls"], "reason"), ["invalid-json", "no_signature", "", ""]);
    assert_eq!(
        (&one[0]["calls"][1]["count"], &one[0]["calls"][3]["execution_id"]),
        (&json!(2), &started["execution_id"])
    );
    assert_eq!((&one[0]["url_path"], &one[0]["scheme"]), (&json!("/hooks/in"), &json!("bearer")));
    assert_eq!(each(&all[0]["secrets"], "status"), ["missing", "unusable"]);
    assert_eq!(each(&all[0]["calls"], "reason"), ["no_secret"]);
    assert!(!all.to_string().contains("Everybody"));
    let shown = api.get(&format!("flows/{other}")).await.expect(200);
    let warnings = list(&shown["warnings"]);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert_eq!(warnings[0]["pointer"], "/flow_definition/nodes/0/webhook/secret");
    let plain = api.flow_of(&[echo("a", json!({}))]).await;
    assert_eq!(api.get(&format!("webhooks?flow_id={plain}")).await.expect(200), json!([]));
}

#[tokio::test(start_paused = true)]
async fn an_id_that_is_not_signed_is_the_same_only_with_the_same_body() {
    let api = api().await;
    api.flow_of(&[trigger("in", "bearer", "HOOK")]).await;
    let send =
        async |id: &str, body: &str| call(&api, "in", &[TOKEN, JSON, ("idempotency-key", id)], body).await;

    let first = send("1", "{}").await.expect(201);
    let again = send("1", "{}").await.expect(201);
    let other_body = send("1", "[]").await;
    let other_id = send("2", "[]").await.expect(201);
    let twice = [TOKEN, ("idempotency-key", "1"), ("idempotency-key", "2")];
    let twice = call(&api, "in", &twice, "{}").await;

    assert_eq!(first["execution_id"], again["execution_id"]);
    assert_ne!(first["execution_id"], other_id["execution_id"]);
    insta::assert_snapshot!(other_body.problem(), @"422 idempotency-key-reused: A call with this event ID and another body has started an execution, so this one started none. Give each event an ID of its own.");
    assert_eq!(twice.status, 401);
    let shown = api.get("webhooks").await.expect(200);
    assert_eq!(each(&shown[0]["calls"], "reason")[..3], ["unreadable_id", "", "idempotency-key-reused"]);
}

#[tokio::test(start_paused = true)]
async fn a_renamed_trigger_knows_what_has_started_its_flow() {
    let api = api().await;
    let flow = api.flow_of(&[trigger("in", "bearer", "HOOK")]).await;
    let first = call(&api, "in", &[TOKEN, ("idempotency-key", "1")], "").await.expect(201);
    let mut renamed = trigger("in", "bearer", "HOOK");
    renamed["id"] = json!("renamed");
    let definition = json!({ "nodes": [renamed], "edges": [] });
    api.patch(&format!("flows/{flow}"), &json!({ "flow_definition": definition })).await.expect(200);

    let again = call(&api, "in", &[TOKEN, ("idempotency-key", "1")], "").await.expect(201);

    assert_eq!(first["execution_id"], again["execution_id"]);
}

#[tokio::test(start_paused = true)]
async fn slack_is_answered_when_it_asks_whether_this_is_its_webhook() {
    let api = api().await;
    api.flow_of(&[trigger("slack", "slack", "SLACK")]).await;
    let body = r#"{"token":"x","challenge":"3eZbrw1aBm2r","type":"url_verification"}"#;
    let signature =
        ("x-slack-signature", "v0=076e7c5f6b3a19c0e8568b12d0dbdbe87b5a1816713f7b979cbb17727497729f");

    let answer =
        call(&api, "slack", &[signature, ("x-slack-request-timestamp", "1800000000"), JSON], body).await;
    let unsigned = call(&api, "slack", &[("x-slack-request-timestamp", "1800000000"), JSON], body).await;

    assert_eq!((answer.status, answer.text.as_str()), (200, "3eZbrw1aBm2r"));
    assert!(answer.header("content-type").is_some_and(|kind| kind.starts_with("text/plain")));
    assert_eq!(unsigned.status, 401);
    assert_eq!(api.counts().await, (1, 0));
}

#[tokio::test(start_paused = true)]
async fn who_is_refused_too_often_is_asked_to_wait_and_holds_up_nobody_else() {
    let api = api().await;
    api.flow_of(&[trigger("in", "bearer", "HOOK")]).await;
    for _ in 0..60 {
        assert_eq!(call(&api, "in", &[("authorization", "Bearer wrong")], "").await.status, 401);
    }

    let limited = call(&api, "in", &[("authorization", "Bearer wrong")], "").await;

    assert_eq!(limited.header("retry-after"), Some("60"));
    insta::assert_snapshot!(limited.problem(), @"429 webhook-limited: Too many calls of this webhook were refused. Send no others before the time in Retry-After.");
    assert_eq!(call(&api, "in", &[TOKEN], "").await.status, 201);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_old_or_written_anew_by_a_proxy_is_refused() {
    let api = api().await;
    api.flow_of(&[trigger("slack", "slack", "SLACK")]).await;
    api.flow_of(&[trigger("github", "github", "HOOK")]).await;
    let form = ("content-type", "application/x-www-form-urlencoded");
    let slack = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
    let old = [("x-slack-request-timestamp", "1531420618"), ("x-slack-signature", slack), form];
    let signature = "sha256=b2803d42acd7951e6c6ff4716b162ba4a93a3df338f191e65ddc1fc58cf0b77f";
    let signed = |id: &'static str| [JSON, ("x-hub-signature-256", signature), ("x-github-delivery", id)];

    let stale = call(&api, "slack", &old, "token=xyzz0WbapA4vBCDEFasx0q6G").await.status;
    let as_signed = call(&api, "github", &signed("1"), r#"{"b": 1.50, "a": 2}"#).await.status;
    let mut reserialized = Vec::new();
    for body in [r#"{"b":1.50,"a":2}"#, r#"{"a": 2, "b": 1.50}"#, r#"{"b": 1.5, "a": 2}"#] {
        reserialized.push(call(&api, "github", &signed("2"), body).await.status);
    }

    assert_eq!((stale, as_signed, reserialized), (401, 201, vec![401; 3]));
    let shown = api.get("webhooks").await.expect(200);
    assert_eq!(each(&shown[1]["calls"], "reason"), ["stale"]);
    assert_eq!(each(&shown[0]["calls"], "reason"), ["wrong_signature", ""]);
    assert_eq!(api.counts().await, (2, 1));
}
