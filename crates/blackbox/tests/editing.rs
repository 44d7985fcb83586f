//! Flows and agents that several people change at the same moment.

use reqwest::Method;
use serde_json::{Value, json};
use steadflow_blackbox::{Setup, Workplace, flow};
use tokio::task::JoinSet;

#[tokio::test]
async fn changes_at_the_same_moment_are_all_kept() {
    let workplace = Workplace::new();
    let server = Setup::new(&workplace).start().await;
    let api = server.api();
    let node = json!({ "id": "a", "type": "action", "action": "echo" });
    let flow = api.create_flow(&flow("Before", &[node], &[])).await;
    let patch = json!({
        "name": "After", "description": "d", "category": "c", "tags": ["t"], "is_template": true,
        "retry_on_failure": true, "retry_count": 3, "timeout_seconds": 60, "max_concurrent_executions": 2,
        "context_id_template": "${trigger_data.id}", "context_type_default": "vendor", "status": "active",
    });
    let changes = patch.as_object().expect("it is an object");

    let path = format!("flows/{flow}");
    let mut patches = JoinSet::new();
    for (key, value) in changes {
        let (api, path, body) = (api.clone(), path.clone(), json!({ key: value }));
        patches.spawn(async move { api.call(Method::PATCH, &path, &[], Some(&body)).await });
    }
    for answer in patches.join_all().await {
        answer.expect("it answers").expect(200);
    }

    let after = api.get(&path).await.expect(200);
    let kept: Vec<(&String, &Value)> = changes.iter().map(|(key, _)| (key, &after[key])).collect();
    assert_eq!(kept, changes.iter().collect::<Vec<_>>());
    assert_eq!(after["version"], 12, "all but the status made a version");
}
