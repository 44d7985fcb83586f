//! Child executions: which lists show them, and what they say of their parents.

use axum::http::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Api, NO_ID, each, echo, flow, request, text};

/// A flow whose only node starts two executions of `flow`, by a kind for tests, which the description does not have.
async fn starting_two_of(api: &Api, child: &str) -> String {
    let node = json!({ "id": "all", "type": "test_family", "flow_id": child, "children": 2, "at_once": 2 });
    let mut document = flow("Parent", &[node], &[]);
    document["status"] = json!("active");
    let json = [("content-type", "application/json")];
    let created = api.open(request(Method::POST, "flows", &json, &document.to_string())).await;
    text(&Answer::read(created).await.expect(201)["id"])
}

async fn listed(api: &Api, query: &str) -> Value {
    api.get(&format!("executions{query}")).await.expect(200)
}

#[tokio::test(start_paused = true)]
async fn lists_show_roots_unless_children_are_asked_for() {
    let api = Api::new().await;
    let child = api.flow_of(&[echo("a", json!(1))]).await;
    let parent = starting_two_of(&api, &child).await;
    let root = api.run(&parent).await;
    let id = text(&root["id"]);

    let (roots, same) = (listed(&api, "").await, listed(&api, "?roots=true").await);
    let children = listed(&api, &format!("?parent_id={id}")).await;
    let all = listed(&api, "?roots=false").await;
    let of_flow = api.get(&format!("flows/{child}/executions")).await.expect(200);

    assert_eq!((&root["status"], &root["parent_id"]), (&json!("completed"), &Value::Null));
    assert_eq!(each(&roots, "id"), [id.as_str()]);
    assert_eq!(same, roots);
    assert_eq!(each(&children, "parent_id"), [id.as_str(); 2]);
    assert_eq!(each(&children, "triggered_by"), ["parent"; 2]);
    assert_eq!(each(&all, "id").len(), 3);
    assert_eq!(of_flow, json!([]), "an execution of this flow that is no child does not exist");
    let first = text(&children[0]["id"]);
    assert_eq!(api.execution(&first).await["parent_id"], root["id"]);
}

#[tokio::test(start_paused = true)]
async fn children_of_one_are_no_roots() {
    let api = Api::new().await;
    let id = NO_ID;

    let both = api.get(&format!("executions?parent_id={id}&roots=true")).await;
    let neither = api.get(&format!("executions?parent_id={id}&roots=false")).await;

    insta::assert_snapshot!(both.problem(), @"400 invalid-parameter: The query is not valid: `roots` must be `false` or left out where `parent_id` is given.");
    assert_eq!(neither.expect(200), json!([]));
}
