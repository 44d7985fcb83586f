//! Child executions: which lists show them, and what they say of their parents.

use axum::http::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Api, NO_ID, each, echo, flow, node, request, text};

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

/// A flow that runs `body` for each of `items`.
async fn map(api: &Api, items: Value, body: &[Value]) -> String {
    api.flow_of(&[json!({ "id": "each", "type": "map", "items": items, "body": { "nodes": body } })]).await
}

#[tokio::test(start_paused = true)]
async fn what_runs_a_body_is_retried_with_the_execution_that_started_it() {
    let api = Api::new().await;
    let fails = json!({ "id": "no", "type": "action", "action": "fail", "input": { "message": "no ${item}", "class": "tool" } });
    let root = api.run(&map(&api, json!([7]), &[fails]).await).await;
    let id = text(&root["id"]);
    let child = text(&listed(&api, &format!("?parent_id={id}")).await[0]["id"]);

    let of_child = api.post(&format!("executions/{child}/retry"), &json!({})).await;
    let of_root =
        api.post(&format!("executions/{id}/retry"), &json!({ "mode": "from_failed" })).await.expect(200);

    insta::assert_snapshot!(of_child.problem(), @"400 not-retryable: This execution runs the body of a node. Retry execution [id 1], which started it.");
    let again = api.ended(&text(&of_root["new_execution_id"])).await;
    let message = "Node `each` failed after 1 attempt: Item 0 failed: Node `no` failed after 1 attempt: no 7";
    assert_eq!((&root["error_message"], &again["error_message"]), (&json!(message), &json!(message)));
}

#[tokio::test(start_paused = true)]
async fn a_retry_of_the_failed_item_goes_on_where_it_failed() {
    let api = Api::new().await;
    let fails = json!({ "id": "no", "type": "action", "action": "fail", "input": { "message": "no", "class": "tool" } });
    let when = json!({ "id": "when", "type": "condition", "condition": "item == 8" });
    let body = json!({
        "nodes": [echo("a", json!("${item}")), when, fails],
        "edges": [{ "from": "a", "to": "when" }, { "from": "when", "to": "no", "condition": true }],
    });
    let map = json!({ "id": "each", "type": "map", "items": [7, 8], "max_concurrency": 1, "body": body });
    let root = api.run(&api.flow_of(&[map]).await).await;
    let id = text(&root["id"]);
    let old = listed(&api, &format!("?parent_id={id}&status=failed")).await;

    let plan = api.get(&format!("executions/{id}/retry-plan?mode=from_failed")).await.expect(200);
    let retried =
        api.post(&format!("executions/{id}/retry"), &json!({ "mode": "from_failed" })).await.expect(200);
    let again = text(&retried["new_execution_id"]);
    api.ended(&again).await;
    let new = listed(&api, &format!("?parent_id={again}")).await;

    assert_eq!(plan["children"], json!([{ "node_id": "each", "completed": 1, "unfinished": 1 }]));
    assert_eq!(each(&new, "retry_of"), each(&old, "id"), "only the failed item runs again");
    let shown = api.execution(&text(&new[0]["id"])).await;
    let reused = ["a", "when", "no"].map(|id| node(&shown, id)["reused"].as_bool());
    assert_eq!(reused, [Some(true), Some(true), Some(false)], "{shown}");
    let parent = api.execution(&again).await;
    assert_eq!(
        node(&parent, "each")["children"],
        json!({ "items": 2, "reused": 1, "total": 1, "running": 0, "completed": 0, "failed": 1, "cancelled": 0 })
    );
}

#[tokio::test(start_paused = true)]
async fn items_are_no_executions_of_the_flow_where_these_are_counted() {
    let api = Api::new().await;
    let fails = json!({ "id": "no", "type": "action", "action": "fail", "input": { "message": "no ${item}", "class": "tool" } });
    let collects = json!({
        "id": "each", "type": "map", "items": [1, 2, 3], "on_item_failure": "collect",
        "body": { "nodes": [echo("a", json!("${item}")), fails], "edges": [{ "from": "a", "to": "no" }] },
    });
    let flow = api.flow_of(&[collects]).await;
    let root = api.run(&flow).await;

    let shown = api.get(&format!("flows/{flow}")).await.expect(200);
    let figures = api.get(&format!("analytics/retries?flow_id={flow}")).await.expect(200);
    let failures = api.get(&format!("failures?flow_id={flow}")).await.expect(200);
    let retried = api.post("executions/retry", &json!({ "filter": { "flow_id": flow } })).await.expect(200);

    assert_eq!((&root["status"], &shown["execution_counts"]["total"]), (&json!("completed"), &json!(1)));
    assert_eq!((&figures["totals"]["executions"], &figures["totals"]["failed"]), (&json!(1), &json!(0)));
    let nodes = figures["nodes"].as_array().unwrap().iter();
    let mut counts: Vec<String> =
        nodes.map(|node| format!("{} {}", node["node_id"], node["executions"])).collect();
    counts.sort();
    assert_eq!(counts, [r#""a" 3"#, r#""each" 1"#, r#""no" 3"#]);
    assert_eq!(failures, json!([]), "the flow completed");
    assert_eq!(retried["matched"], 0, "what a map has started is retried with it: {retried}");
}

#[tokio::test(start_paused = true)]
async fn a_flow_that_calls_itself_limits_no_others() {
    let api = Api::new().await;
    let own = map(&api, json!([1]), &[echo("a", json!(1))]).await;
    let more =
        json!({ "id": "more", "type": "condition", "condition": "trigger_data.left | default(3) > 0" });
    let again = json!({ "id": "again", "type": "subflow", "flow_id": own, "input": { "left": "${trigger_data.left | default(3) - 1}" } });
    let edges = json!([{ "from": "more", "to": "again", "condition": true }]);
    let change = json!({ "max_concurrent_executions": 1, "flow_definition": { "nodes": [more, again], "edges": edges } });
    api.patch(&format!("flows/{own}"), &change).await.expect(200);

    let first = api.run(&own).await;
    let inner = json!({ "id": "inner", "type": "map", "items": [1, 2], "body": { "nodes": [echo("b", json!("${item}"))] } });
    let second = api.run(&map(&api, json!([1, 2, 3]), &[inner]).await).await;

    assert_eq!((&first["status"], &second["status"]), (&json!("completed"), &json!("completed")));
}

#[tokio::test(start_paused = true)]
async fn warnings_and_fields_of_bodies_are_those_of_the_flow() {
    let api = Api::new().await;
    let asks = json!({ "id": "ask", "type": "agent", "agent_id": NO_ID, "skill": "s", "input": { "a": "${trigger_data.amount + 1}" } });
    let off =
        json!({ "id": "off", "type": "action", "action": "echo", "retry": { "enabled": true, "count": 0 } });
    let id = map(&api, json!([1]), &[asks, off]).await;

    let shown = api.get(&format!("flows/{id}")).await.expect(200);

    let pointers: Vec<&str> = each(&shown["warnings"], "pointer");
    let at = |place: &str| format!("/flow_definition/nodes/0/body/nodes/{place}");
    for place in ["0/agent_id", "1/retry/count"] {
        assert!(pointers.contains(&at(place).as_str()), "{place} in {pointers:?}");
    }
    assert_eq!(shown["trigger_input"]["fields"][0]["path"], json!(["amount"]), "{shown}");
}

#[tokio::test(start_paused = true)]
async fn children_of_a_node_are_listed_counted_and_shown_with_their_items() {
    let api = Api::new().await;
    let fails = json!({ "id": "no", "type": "action", "action": "fail", "input": { "message": "no" } });
    let is_odd = json!({ "id": "odd", "type": "condition", "condition": "item.n % 2 == 1" });
    let body =
        json!({ "nodes": [is_odd, fails], "edges": [{ "from": "odd", "to": "no", "condition": true }] });
    let items = json!([{ "n": 0 }, { "n": 1 }, { "n": 2 }, { "n": "x".repeat(70_000) }]);
    let mapped =
        json!({ "id": "each", "type": "map", "items": items, "body": body, "on_item_failure": "collect" });
    let step = json!({ "id": "step", "type": "action", "action": "transform", "input": { "n": "${(last.n if last else 0) + 1}" } });
    let again = json!({ "id": "again", "type": "loop", "until": "last.n == 2", "body": { "nodes": [step] } });
    let root = api.run(&api.flow_of(&[mapped, again]).await).await;
    let id = text(&root["id"]);

    let of_each = listed(&api, &format!("?parent_id={id}&parent_node=each&limit=3")).await;
    let failed = listed(&api, &format!("?parent_id={id}&parent_node=each&status=failed")).await;
    let of_loop = listed(&api, &format!("?parent_id={id}&parent_node=again")).await;
    let alone = api.get("executions?parent_node=each").await;

    assert_eq!(
        root["node_executions"][0]["children"],
        json!({ "items": 4, "reused": 0, "total": 4, "running": 0, "completed": 2, "failed": 2, "cancelled": 0 })
    );
    assert_eq!(root["node_executions"][1]["children"]["items"], Value::Null);
    assert_eq!(indexes(&of_each), [Some(0), Some(1), Some(2)]);
    assert_eq!(indexes(&failed), [Some(1), Some(3)]);
    assert_eq!(each(&of_loop, "parent_node_id"), ["again"; 2]);
    insta::assert_snapshot!(alone.problem(), @"400 invalid-parameter: The query is not valid: `parent_node` must be left out where `parent_id` is not given.");
    let (long, second) = (text(&failed[1]["id"]), text(&of_loop[1]["id"]));
    let (child, iteration) = (api.execution(&long).await, api.execution(&second).await);
    assert_eq!(
        (&child["runs_body"], &child["parent_node_id"], &child["index"]),
        (&json!(true), &json!("each"), &json!(3))
    );
    assert_eq!(child["item"]["$preview"]["href"], json!(format!("/api/v1/studio/executions/{long}/item")));
    assert_eq!(api.get(&format!("executions/{long}/item")).await.expect(200)["n"], json!("x".repeat(70_000)));
    assert_eq!((&iteration["item"], &iteration["last"]), (&Value::Null, &json!({ "n": 1 })));
    assert_eq!(api.get(&format!("executions/{second}/last")).await.expect(200), json!({ "n": 1 }));
    for (path, none) in [(format!("{second}/item"), "no item"), (format!("{long}/last"), "no iteration")] {
        let answer = api.get(&format!("executions/{path}")).await.problem();
        assert!(answer.contains(none), "{answer}");
    }
}

fn indexes(rows: &Value) -> Vec<Option<u64>> {
    rows.as_array().into_iter().flatten().map(|row| row["index"].as_u64()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_child_that_is_deleted_while_it_runs_fails_its_parent_by_name() {
    let api = Api::new().await;
    let child = api.flow_of(&[json!({ "id": "wait", "type": "delay", "delay_seconds": 600 })]).await;
    let below = json!({ "id": "below", "type": "subflow", "flow_id": child, "input": {} });
    let parent = api.flow_of(&[below]).await;
    let id = api.start(&parent).await;
    api.when(&id, |execution| node(execution, "below")["children"]["running"] == 1).await;

    let deleted = api.delete(&format!("flows/{child}")).await;
    let ended = api.ended(&id).await;
    let again = api.run(&parent).await;

    assert_eq!(deleted.status, 204);
    assert_eq!(listed(&api, &format!("?parent_id={id}")).await, json!([]));
    let said = [&ended, &again].map(|execution| text(&execution["error_message"]).replace(&child, "[child]"));
    insta::assert_snapshot!(said.join("\n"), @"
    Node `below` failed after 1 attempt: The sub-flow failed: Cancelled by a user
    Node `below` failed after 1 attempt: There was no flow [child] when this execution was accepted
    ");
}
