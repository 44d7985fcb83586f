//! The description of the API.

use std::collections::BTreeSet;

use axum::http::Method;
use serde_json::Value;

use crate::support::{Answer, Api, NO_ID, check_body, request};

#[test]
fn openapi_json_is_fresh() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi.json");
    let written = std::fs::read_to_string(path).unwrap();

    let made = serde_json::to_string_pretty(&steadflow_api::openapi()).unwrap();

    assert_eq!(written.trim_end(), made, "run `make gen` and commit openapi.json");
}

#[tokio::test(start_paused = true)]
async fn server_describes_itself_and_explains_its_problems() {
    let api = Api::new().await;

    let document = api.get("/api/v1/openapi.json").await.expect(200);
    let page = api.get("/api/docs").await;
    let compressed =
        api.send(request(Method::GET, "/api/v1/openapi.json", &[("accept-encoding", "gzip")], "")).await;
    let problems = api.get("/docs/problems").await;

    assert_eq!(document["openapi"], "3.1.0");
    assert!(document["paths"]["/api/v1/studio/flows/{id}/execute"]["post"].is_object());
    assert_eq!(page.status, 303, "the page is in the studio, or it is the page about the API");
    assert_eq!(compressed.header("content-encoding"), Some("gzip"));
    assert!(problems.text.contains("\n## flow-invalid\n"));
}

#[tokio::test(start_paused = true)]
async fn no_operation_takes_a_query_parameter_that_is_not_described() {
    let api = Api::new().await;
    let document = steadflow_api::openapi();

    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let answer = call_with_nonsense(&api, method, path, operation).await;
            let problem = format!("{method} {path}: {}", answer.text);
            assert_eq!(answer.status, 400, "{problem}");
            assert!(answer.text.contains("there is no parameter `nonsense`"), "{problem}");
        }
    }
}

async fn call_with_nonsense(api: &Api, method: &str, path: &str, operation: &Value) -> Answer {
    let method = method.to_uppercase().parse().expect("the description names methods");
    let path = path.replace("{id}", NO_ID).replace("{node_id}", "a").replace("{version}", "1");
    let path = path.replace("{number}", "1").replace("{part}", "input").replace("{name}", "KEY");
    let path = path.replace("{fingerprint}", "f");
    let json = [("content-type", "application/json")];
    let headers = if operation["requestBody"].is_object() { &json[..] } else { &[] };
    api.send(request(method, &format!("{path}?nonsense=1"), headers, "")).await
}

#[tokio::test(start_paused = true)]
async fn bodies_can_be_absent_where_they_are_not_required() {
    let api = Api::new().await;
    let document = steadflow_api::openapi();

    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let Some(body) = operation["requestBody"].as_object() else { continue };
            let method = method.to_uppercase().parse().unwrap();
            // The id of an approval names its execution and a call.
            let id = if path.contains("/approvals/") { format!("{NO_ID}:a") } else { NO_ID.to_owned() };
            let address = path.replace("{id}", &id).replace("{node_id}", "a").replace("{name}", "KEY");
            let address = address.replace("{fingerprint}", "f");

            let answer = api.send(request(method, &address, &[], "")).await;

            // Who has no link is told so before the body is read.
            let is_read = body.get("required") == Some(&Value::Bool(true)) && !path.contains("{token}");
            // What is about nothing that has an id is done.
            let otherwise = if path.contains('{') { 404 } else { 200 };
            assert_eq!(answer.status, if is_read { 415 } else { otherwise }, "{path}: {}", answer.text);
            assert!(body["content"]["application/json"]["schema"]["$ref"].is_string(), "{path}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn health_and_metrics_are_shown() {
    let api = Api::new().await;
    let flow = api.flow_of(&[crate::support::echo("a", serde_json::json!({}))]).await;
    api.run(&flow).await;

    let health = api.get("/healthz").await.expect(200);
    let metrics = api.get("/metrics").await;

    assert_eq!(health["status"], "ok");
    api.get("/readyz").await.expect(200);
    assert_eq!(metrics.status, 200);
    assert!(metrics.text.contains("steadflow_executions_accepted_total 1\n"), "{}", metrics.text);
    assert!(
        metrics.text.contains("steadflow_executions_finished_total{status=\"completed\"} 1\n"),
        "{}",
        metrics.text
    );
}

#[tokio::test(start_paused = true)]
async fn clients_cannot_add_series_to_the_metrics() {
    let api = Api::new().await;
    for method in ["BREW", "get", "PROPFIND"] {
        for path in ["flows", "/nothing", "/nothing/else"] {
            api.open(request(method.parse().unwrap(), path, &[], "")).await;
        }
    }

    let metrics = api.get("/metrics").await.text;

    let series: Vec<&str> = metrics.lines().filter(|line| line.contains("method=\"other\"")).collect();
    let routes = ["/api/v1/studio/flows", "other"];
    assert!(series.iter().all(|line| routes.iter().any(|route| line.contains(route))), "{series:#?}");
    assert!(!series.is_empty() && series.len() <= 4, "{series:#?}");
    assert!(!metrics.contains("BREW"), "{metrics}");
}

/// Where an example of a body names something that is elsewhere, its operation is answered so.
const ELSEWHERE: [u16; 6] = [401, 403, 404, 409, 501, 503];

#[tokio::test(start_paused = true)]
async fn every_body_has_an_example_that_its_operation_accepts() {
    let document = steadflow_api::openapi();
    let api = Api::new().await;
    let mut count = 0;

    for operation in crate::access::operations() {
        let body = &document["paths"][&operation.path][operation.method.to_lowercase()]["requestBody"];
        let content = &body["content"]["application/json"];
        if content.is_null() {
            continue;
        }
        let example = content["example"].to_string();
        assert_ne!(example, "null", "{} has no example in openapi/examples.json", operation.id);
        let method: Method = operation.method.parse().unwrap();
        let address = operation.address(NO_ID);
        check_body(&method, &address, &example);

        let json = [("content-type", "application/json")];
        let answer = Answer::read(api.open(request(method, &address, &json, &example)).await).await;
        let is_accepted = answer.status < 300 || ELSEWHERE.contains(&answer.status);
        assert!(is_accepted, "{} {}: {} {}", operation.method, operation.path, answer.status, answer.text);
        count += 1;
    }

    assert!(count >= 43, "{count}");
}

#[test]
fn every_operation_that_asks_who_it_is_names_its_permission() {
    let document = steadflow_api::openapi();

    for operation in crate::access::operations() {
        let described = &document["paths"][&operation.path][operation.method.to_lowercase()];
        let needs = described["x-permission"]["name"].is_string()
            && described["x-permission"]["least_role"].is_string();
        assert_eq!(needs, !operation.is_open, "{}: {}", operation.id, described["x-permission"]);
    }
}

#[tokio::test(start_paused = true)]
async fn llms_txt_lists_the_documentation_and_no_link_of_it_is_dead() {
    let api = Api::new().await;
    let list = api.get("/llms.txt").await;
    assert!(list.text.starts_with("# Steadflow\n\n> "), "{}", list.text);
    assert!(list.text.contains("](/docs/guides/first-flow.md): "), "{}", list.text);

    let mut seen = BTreeSet::new();
    let mut open = local_links(&list.text, "/llms.txt");
    while let Some((from, path)) = open.pop() {
        if !seen.insert(path.clone()) {
            continue;
        }
        let answer = api.get(&path).await;
        assert_eq!(answer.status, 200, "{from} has a link to {path}");
        if answer.header("content-type") == Some("text/markdown; charset=utf-8") {
            open.extend(local_links(&answer.text, &path));
        }
    }

    assert!(seen.len() > 60, "{seen:?}");
    assert_eq!(api.get("/docs/adr/0001-log-first.md").await.status, 404, "it is about development");
    assert_eq!(api.get("/docs/guides/%2e%2e/reference/api.md").await.status, 404);
}

/// The links of a page to others of the server, each with where it is.
fn local_links(text: &str, page: &str) -> Vec<(String, String)> {
    let folder = page.rsplit_once('/').map_or("", |(folder, _)| folder);
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split([')', ' ', '\n', '#']).next());
    let local = targets.filter(|target| !target.is_empty() && !target.contains("://"));
    local.map(|target| (page.to_owned(), joined(folder, target))).collect()
}

fn joined(folder: &str, target: &str) -> String {
    let whole = if target.starts_with('/') { target.to_owned() } else { format!("{folder}/{target}") };
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/').filter(|part| !part.is_empty()) {
        if part == ".." {
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    format!("/{}", parts.join("/"))
}
