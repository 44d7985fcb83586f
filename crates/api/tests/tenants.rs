//! Tenants: what one of them has, another can neither see nor touch, whatever the address.

use axum::http::Method;
use serde_json::{Value, json};
use steadflow_core::caller::Caller;
use steadflow_core::ids::TenantId;
use uuid::Uuid;

use crate::support::{Answer, Api, NO_ID, Stream, echo, failing, request, text};

fn stranger() -> Caller {
    Caller { tenant: TenantId::new(Uuid::from_u128(7)), ..Caller::LOCAL }
}

/// Asks as someone of another tenant.
async fn ask(api: &Api, method: &str, path: &str, body: &str) -> axum::response::Response {
    let json = [("content-type", "application/json")];
    let headers = if body.is_empty() { &[][..] } else { &json };
    let mut request =
        request(Method::from_bytes(method.as_bytes()).expect("it is a method"), path, headers, body);
    request.extensions_mut().insert(stranger());
    api.open(request).await
}

/// A flow that failed once, and an agent, by the name that their ids have in paths.
async fn belongings(api: &Api) -> Vec<(&'static str, String)> {
    let flow = api.flow_of(&[failing("a", 9, 0)]).await;
    let execution = text(&api.run(&flow).await["id"]);
    let agent = json!({ "name": "Risk", "agent_type": "http", "skills": ["score"],
                        "config": { "endpoint": "https://risk.example.org" } });
    let agent = text(&api.post("agents", &agent).await.expect(201)["id"]);
    vec![("/flows/", flow), ("/executions/", execution), ("/agents/", agent)]
}

/// A body that the call would take, for the calls that need one.
fn body_of(path: &str, method: &str) -> &'static str {
    match (method, path.rsplit('/').next()) {
        ("post", Some("execute")) if path.contains("/agents/") => r#"{"skill":"score"}"#,
        ("post", Some("try")) => r#"{"skill":"score"}"#,
        ("post", Some("fork")) => r#"{"node_id":"a"}"#,
        ("post", Some("decide")) => r#"{"decision":"retry"}"#,
        ("post", Some("regenerate")) => r#"{"turn":1}"#,
        ("put", Some("draft")) => r#"{"flow_definition":{},"base_version":1}"#,
        ("patch", Some("{fingerprint}")) => r#"{"muted":{}}"#,
        ("patch", Some("{id}")) => r#"{"name":"Mine"}"#,
        _ => "",
    }
}

#[tokio::test(start_paused = true)]
async fn what_belongs_to_others_is_not_there_at_any_address() {
    let api = Api::new().await;
    let belongings = belongings(&api).await;
    let document = steadflow_api::openapi();
    let mut asked = 0;

    for (path, operations) in document["paths"].as_object().unwrap() {
        let Some((_, id)) = belongings.iter().find(|(part, _)| path.contains(part) && path.contains("{id}"))
        else {
            continue;
        };
        for method in operations.as_object().unwrap().keys() {
            let query = match path.rsplit('/').next() {
                Some("restore-version") => "?version=1",
                Some("fork-plan") => "?node_id=a",
                Some("draft") if method == "delete" => "?revision=1",
                _ => "",
            };
            let address = path.replace("{id}", id).replace("{node_id}", "a") + query;
            let address = address
                .replace("{number}", "1")
                .replace("{part}", "input")
                .replace("{fingerprint}", "f")
                .replace("{tab}", NO_ID);
            let answer = ask(&api, &method.to_uppercase(), &address, body_of(path, method)).await;
            assert_eq!(answer.status(), 404, "{method} {address}: {}", Answer::read(answer).await.text);
            asked += 1;
        }
    }

    assert!(asked >= 20, "{asked} calls name a flow, an execution or an agent");
}

#[tokio::test(start_paused = true)]
async fn lists_and_sums_have_nothing_of_others() {
    let api = Api::new().await;
    belongings(&api).await;
    let template =
        json!({ "name": "T", "is_template": true, "flow_definition": { "nodes": [echo("a", json!(1))] } });
    api.post("flows", &template).await.expect(201);

    for path in ["flows", "flows/templates", "executions", "agents", "failures"] {
        assert_eq!(Answer::read(ask(&api, "GET", path, "").await).await.expect(200), json!([]), "{path}");
    }
    let sums = Answer::read(ask(&api, "GET", "analytics/retries", "").await).await.expect(200);
    assert_eq!((&sums["totals"]["executions"], &sums["flows"]), (&json!(0), &json!([])));
    let costs = Answer::read(ask(&api, "GET", "analytics/costs", "").await).await.expect(200);
    assert_eq!(costs["totals"], json!([]));
    let retried = ask(&api, "POST", "executions/retry", r#"{"filter":{}}"#).await;
    assert_eq!(Answer::read(retried).await.expect(200)["matched"], 0);
}

#[tokio::test(start_paused = true)]
async fn stream_over_all_executions_has_only_its_own_tenants() {
    let api = Api::new().await;
    let others = api.flow_of(&[echo("a", json!({}))]).await;
    let mine = json!({ "name": "Mine", "flow_definition": { "nodes": [echo("a", json!({}))] } }).to_string();
    let mine = text(&Answer::read(ask(&api, "POST", "flows", &mine).await).await.expect(201)["id"]);
    let mut stream = Stream::new("/api/v1/studio/events".to_owned(), ask(&api, "GET", "events", "").await);
    assert_eq!(stream.next().await.unwrap().data, json!([]));

    api.run(&others).await;
    let started = ask(&api, "POST", &format!("flows/{mine}/execute"), "").await;
    let started: Value = Answer::read(started).await.expect(201);

    assert_eq!(stream.next().await.unwrap().data["id"], started["execution_id"]);
}
