//! The description of the API.

use crate::support::Api;

#[test]
fn openapi_json_is_fresh() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi.json");
    let written = std::fs::read_to_string(path).unwrap();

    let made = steadflow_api::openapi().to_pretty_json().unwrap();

    assert_eq!(written.trim_end(), made, "run `make gen` and commit openapi.json");
}

#[tokio::test(start_paused = true)]
async fn server_describes_itself_and_explains_its_problems() {
    let api = Api::new().await;

    let document = api.get("/api/v1/openapi.json").await.expect(200);
    let page = api.get("/api/docs").await;
    let problems = api.get("/docs/problems").await;

    assert_eq!(document["openapi"], "3.1.0");
    assert!(document["paths"]["/api/v1/studio/flows/{id}/execute"]["post"].is_object());
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(problems.text.contains("\n## flow-invalid\n"));
}

#[tokio::test(start_paused = true)]
async fn health_and_metrics_are_told() {
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
