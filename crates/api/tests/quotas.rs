//! Quotas of tenants: every way to start is refused before anything is stored, with a name of its own.

use std::time::Duration;

use axum::http::{Method, header};
use serde_json::{Value, json};
use steadflow_api::SecretValues;
use steadflow_core::budget::Budget;
use steadflow_core::ids::TenantId;
use steadflow_core::tenant::TenantQuota;

use crate::analytics::{NOW, with_counters};
use crate::costs::ended;
use crate::support::{Answer, Api, echo, failing, flow, request, text};

/// Sets what the tenant may use, as a command on the database does, and lets the server notice.
async fn limit(api: &Api, quota: TenantQuota) {
    api.store().put_tenant_quota(TenantId::DEFAULT, quota).await.expect("it is stored");
    api.engine.read_tenants().await.expect("it is read");
}

fn at_once(max: u32) -> TenantQuota {
    TenantQuota { executions: Some(max), ..TenantQuota::default() }
}

fn problem(answer: &Answer, status: u16, slug: &str) {
    assert_eq!(answer.status, status, "{}", answer.text);
    let problem: Value = serde_json::from_str(&answer.text).expect("a problem");
    assert_eq!(problem["type"], format!("/docs/problems#{slug}"), "{problem}");
}

fn wait(answer: &Answer) -> Option<u64> {
    answer.header(header::RETRY_AFTER.as_str()).map(|wait| wait.parse().expect("a number"))
}

#[tokio::test(start_paused = true)]
async fn every_way_to_start_is_refused_and_nothing_is_stored() {
    let api = Api::configured(|config| {
        config.secrets = SecretValues::new(|_, _| Some("It's a Secret to Everybody".to_owned()));
    })
    .await;
    let failed = api.flow_of(&[failing("a", 9, 0)]).await;
    let old = text(&api.run(&failed).await["id"]);
    let done = text(&api.run(&api.flow_of(&[echo("a", json!(1))]).await).await["id"]);
    let on_event = json!({ "id": "start", "type": "trigger", "event": "order.paid" });
    api.flow_of(&[on_event]).await;
    let waits = json!({ "id": "w", "type": "wait_event", "event": "order.sent", "timeout_seconds": 9000 });
    let waiting = api.flow_of(&[waits]).await;
    let webhook = json!({ "path": "in", "scheme": "bearer", "secret": "${secrets.HOOK}" });
    api.flow_of(&[json!({ "id": "start", "type": "trigger", "webhook": webhook })]).await;
    let waiting = api.start(&waiting).await;
    let before = api.counts().await;

    limit(&api, at_once(1)).await;

    let json = [("content-type", "application/json")];
    for (path, body) in [
        (format!("flows/{failed}/execute"), "{}"),
        (format!("executions/{old}/retry"), "{}"),
        (format!("executions/{done}/fork"), r#"{"node_id":"a"}"#),
        ("executions/retry".to_owned(), r#"{"filter":{}}"#),
        ("events".to_owned(), r#"{"name":"order.paid"}"#),
    ] {
        let answer = api.send(request(Method::POST, &path, &json, body)).await;
        problem(&answer, 429, "quota-executions");
        assert_eq!(wait(&answer), None, "nobody knows when one ends");
    }
    let signed = [("authorization", "Bearer It's a Secret to Everybody"), json[0]];
    let called = api.open(request(Method::POST, "/hooks/in", &signed, "{}")).await;
    problem(&Answer::read(called).await, 429, "quota-executions");
    assert_eq!(api.counts().await, before, "nothing was stored");
    assert_eq!(api.get("events/received").await.expect(200), json!([]));

    // What was accepted goes on: its event is taken, and makes room for another one.
    api.post("events", &json!({ "name": "order.sent" })).await.expect(202);
    let engine = api.engine.clone();
    tokio::spawn(async move { engine.deliver_events().await });
    api.ended(&waiting).await;
    api.start(&failed).await;
}

#[tokio::test(start_paused = true)]
async fn children_of_what_was_accepted_are_not_refused() {
    let api = Api::new().await;
    let body = json!({ "nodes": [echo("x", json!("${item}"))] });
    let each = json!({ "id": "each", "type": "map", "items": [1, 2, 3], "body": body });
    let child = api.flow_of(&[echo("c", json!(1))]).await;
    let sub = json!({ "id": "sub", "type": "subflow", "flow_id": child });
    let parent = api
        .create_flow(&{
            let mut document = flow("Parent", &[each, sub], &[("each", "sub")]);
            document["status"] = json!("active");
            document
        })
        .await;
    limit(&api, TenantQuota { starts_per_minute: Some(1), ..at_once(1) }).await;

    let ended = api.run(&parent).await;

    assert_eq!(ended["status"], "completed", "{ended:#}");
    problem(&api.press(&format!("flows/{parent}/execute")).await, 429, "quota-starts");
}

#[tokio::test(start_paused = true)]
async fn a_rate_says_truly_when_to_try_again_and_a_repeated_call_is_answered_as_before() {
    let api = Api::new().await;
    let flow = api.flow_of(&[echo("a", json!(1))]).await;
    limit(&api, TenantQuota { starts_per_minute: Some(2), ..TenantQuota::default() }).await;
    let path = format!("flows/{flow}/execute");
    let keyed = async || api.post_with(&path, &[("idempotency-key", "once")], "{}").await;
    let first = keyed().await.expect(201);
    api.start(&flow).await;

    let refused = api.press(&path).await;

    problem(&refused, 429, "quota-starts");
    let wait = wait(&refused).expect("it is known");
    assert!((59..=61).contains(&wait), "{wait}");
    assert_eq!(keyed().await.expect(201)["execution_id"], first["execution_id"], "it was started before");
    tokio::time::advance(Duration::from_secs(wait)).await;
    api.press(&path).await.expect(201);
}

#[tokio::test(start_paused = true)]
async fn what_is_stored_is_limited() {
    let api = Api::new().await;
    let flow = api.flow_of(&[echo("a", json!(1))]).await;
    let path = format!("flows/{flow}/execute");
    api.run(&flow).await;

    limit(&api, TenantQuota { stored_bytes: Some(10), ..TenantQuota::default() }).await;
    api.engine.measure_all().await.expect("it is measured");
    problem(&api.press(&path).await, 507, "quota-storage");
}

#[tokio::test(start_paused = true)]
async fn what_models_may_use_in_a_day_is_limited_until_the_next_one() {
    let rows = [ended(7, NOW, None, &[("large", "EUR", 2.0), ("free", "", 0.0)])];
    let api = with_counters(rows.into_iter()).await;
    let flow = api.flow_of(&[echo("a", json!(1))]).await;
    let path = format!("flows/{flow}/execute");
    let of = |max_tokens, max_cost, currency: Option<&str>| {
        let currency = currency.map(|currency| currency.parse().expect("a currency"));
        TenantQuota { per_day: Budget { max_tokens, max_cost, currency }, ..TenantQuota::default() }
    };

    // 220 tokens and 2 EUR were used.
    for quota in
        [of(Some(221), None, None), of(None, Some(2.1), Some("EUR")), of(None, Some(1.0), Some("USD"))]
    {
        limit(&api, quota).await;
        api.press(&path).await.expect(201);
    }
    for quota in [of(Some(220), None, None), of(None, Some(2.0), Some("EUR"))] {
        limit(&api, quota).await;
        let refused = api.press(&path).await;
        problem(&refused, 429, "quota-spend");
        assert_eq!(wait(&refused), Some(16 * 3_600), "until the day ends: it is eight o'clock");
    }
    tokio::time::advance(Duration::from_secs(16 * 3_600)).await;
    api.press(&path).await.expect(201);
}
