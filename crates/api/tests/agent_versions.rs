//! Versions of agents, and how one of them is restored.

use axum::http::Method;
use serde_json::{Value, json};
use steadflow_core::ids::{AgentId, TenantId};

use crate::support::{Api, NO_ID, each, request, text};

/// An agent that was moved to another host with another key; returns its path.
async fn moved(api: &Api) -> String {
    let first = json!({ "name": "First", "agent_type": "http", "skills": ["score"],
                        "config": { "endpoint": "https://a.example", "api_key": "sk-first" } });
    let path = format!("agents/{}", text(&api.post("agents", &first).await.expect(201)["id"]));
    let second =
        json!({ "name": "Second", "config": { "endpoint": "https://b.example", "api_key": "sk-second" } });
    api.patch(&path, &second).await.expect(200);
    path
}

#[tokio::test(start_paused = true)]
async fn restored_version_becomes_a_new_one_with_its_own_secrets() {
    let api = Api::new().await;
    let path = moved(&api).await;

    let restored = api.press(&format!("{path}/restore-version?version=1")).await;

    assert!(!restored.text.contains("sk-"), "{}", restored.text);
    let restored = restored.expect(200);
    assert_eq!((&restored["version"], &restored["name"]), (&json!(3), &json!("First")));
    assert_eq!(restored["config"], json!({ "endpoint": "https://a.example", "api_key": "••••" }));
    let versions = api.get(&format!("{path}/versions")).await.expect(200);
    assert_eq!(each(&versions, "name"), ["First", "Second", "First"]);
    let id = AgentId::new(path["agents/".len()..].parse().unwrap());
    let stored = api.store().agent(TenantId::DEFAULT, id).await.unwrap().unwrap();
    assert!(stored.document.as_str().contains("sk-first"), "a secret goes where it went before");
}

#[tokio::test(start_paused = true)]
async fn restoring_what_is_current_or_not_there_changes_nothing() {
    let api = Api::new().await;
    let path = moved(&api).await;
    let restore = async |query: &str| api.press(&format!("{path}/restore-version{query}")).await;

    let same: Value = restore("?version=2").await.expect(200);

    assert_eq!(same["version"], 2);
    insta::assert_snapshot!(restore("").await.problem(), @"400 invalid-parameter: Say which version to restore, with `?version=`.");
    insta::assert_snapshot!(restore("?version=9").await.problem(), @"404 no-such-agent: Agent [id 1] has no version 9.");
    insta::assert_snapshot!(restore("?version=0").await.problem(), @"400 invalid-parameter: The query is not valid: `version` must be a whole number from 1 to 4294967295.");
    api.press(&format!("agents/{NO_ID}/restore-version?version=1")).await.expect(404);
    assert_eq!(api.get(&path).await.expect(200)["version"], 2);
}

#[tokio::test(start_paused = true)]
async fn version_is_restored_only_over_the_one_that_was_looked_at() {
    let api = Api::new().await;
    let path = moved(&api).await;
    let restore = async |tag: &str| {
        let address = format!("{path}/restore-version?version=1");
        api.send(request(Method::POST, &address, &[("if-match", tag)], "")).await
    };

    assert_eq!(restore("\"1\"").await.status, 412);
    assert_eq!(restore("\"2\"").await.expect(200)["version"], 3);
}
