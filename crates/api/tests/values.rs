//! Large values: previews in answers and streams, and where the whole is.

use std::time::Duration;

use axum::http::Method;
use serde_json::{Value, json};

use crate::support::{Api, NO_ID, echo, flow, hanging, request, text};

/// Longer than what is shown whole.
const LONG: usize = 70_000;

fn long() -> Value {
    json!({ "text": "ü".repeat(LONG / 2) })
}

/// Returns the preview of the value at `pointer`.
fn preview<'a>(execution: &'a Value, pointer: &str) -> &'a Value {
    let value = execution.pointer(pointer).expect("the value is there");
    assert!(value["$preview"].is_object(), "{pointer} is whole");
    &value["$preview"]
}

/// Returns the whole value, which begins as its preview says.
async fn whole(api: &Api, preview: &Value) -> Value {
    let path = relative(&text(&preview["href"]));
    let answer = api.get(&path).await;
    assert_eq!(preview["bytes"], answer.text.len(), "{path}");
    assert!(answer.text.starts_with(&text(&preview["text"])), "{path}");
    answer.expect(200)
}

fn relative(address: &str) -> String {
    address.strip_prefix("/api/v1/studio/").expect("it is an address of the API").to_owned()
}

#[tokio::test(start_paused = true)]
async fn large_values_are_previews_with_a_link_to_the_whole() {
    let api = Api::new().await;
    let input = json!({ "text": "${trigger_data.text}" });
    let id = api.create_flow(&flow("Review", &[echo("a b/c", input)], &[])).await;

    let body = json!({ "trigger_data": long() });
    let ended = api.post(&format!("flows/{id}/execute?wait=10"), &body).await.expect(200);

    let places = ["/trigger_data", "/result", "/execution_data/a b~1c", "/node_executions/0/input_data"];
    for pointer in places.into_iter().chain(["/node_executions/0/output_data"]) {
        assert_eq!(whole(&api, preview(&ended, pointer)).await, long(), "{pointer}");
    }
    assert!(ended.to_string().len() < 40_000, "the answer is short");
    assert_eq!(api.execution(&text(&ended["id"])).await, ended, "both answers show the same");
}

#[tokio::test(start_paused = true)]
async fn small_values_are_whole_and_have_an_address_too() {
    let api = Api::new().await;
    let ended =
        api.run(&api.flow_of(&[echo("a", json!({ "price": 19.90 })), echo("b", json!(1))]).await).await;
    let at = format!("executions/{}", text(&ended["id"]));

    assert_eq!(ended["result"], json!({ "a": { "price": 19.90 }, "b": 1 }));
    for (path, value) in [
        ("trigger-data", "{}"),
        ("result", r#"{"a":{"price":19.9},"b":1}"#),
        ("nodes/a/input", r#"{"price":19.9}"#),
        ("nodes/b/output", "1"),
    ] {
        assert_eq!(api.get(&format!("{at}/{path}")).await.text, value, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn values_that_are_not_there_are_named() {
    let api = Api::new().await;
    let id = api.start(&api.flow_of(&[hanging("a")]).await).await;
    let problem = async |path: &str| api.get(&format!("executions/{path}")).await.problem();

    assert_eq!(
        [
            problem(&format!("{id}/result")).await,
            problem(&format!("{id}/nodes/a/output")).await,
            problem(&format!("{id}/nodes/none/input")).await,
            problem(&format!("{NO_ID}/trigger-data")).await,
        ],
        [
            "404 no-such-value: The execution has no result: it did not complete.",
            "404 no-such-value: The node has no output: it has not completed.",
            "404 no-such-node: The execution has no node `none`.",
            "404 no-such-execution: There is no execution [id 1].",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn many_values_together_are_bounded_and_nodes_are_paged() {
    let api = Api::new().await;
    let value = json!("x".repeat(60_000));
    let nodes: Vec<Value> = (0..60).map(|at| echo(&format!("n{at}"), value.clone())).collect();
    let ended = api.run(&api.flow_of(&nodes).await).await;
    let path = format!("executions/{}?limit=5", text(&ended["id"]));

    assert!(ended.to_string().len() < 1_300_000, "{} bytes", ended.to_string().len());
    let mut next = Some(path);
    let mut ids = Vec::new();
    while let Some(path) = next {
        let page = api.get(&path).await;
        next = page.next().map(|address| relative(&address));
        let page = page.expect(200);
        let listed = page["node_executions"].as_array().unwrap();
        assert!(listed.iter().all(|node| node["output_data"] == value), "a page has room for its values");
        assert_eq!(page["execution_data"].as_object().unwrap().len(), listed.len());
        ids.extend(listed.iter().map(|node| text(&node["node_id"])));
    }
    assert_eq!(ids, (0..60).map(|at| format!("n{at}")).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn streams_carry_previews() {
    let api = Api::new().await;
    let id = api.create_flow(&flow("Review", &[echo("a", long()), echo("b", json!(1))], &[("a", "b")])).await;
    let ended = api.run(&id).await;
    let path = format!("executions/{}/events", text(&ended["id"]));

    let events = api.follow(&path, Some("1")).await.rest().await;

    let shown = events.iter().rfind(|event| event.data["node_id"] == "a").unwrap();
    assert_eq!(shown.data, ended["node_executions"][0]);
    assert_eq!(whole(&api, preview(&shown.data, "/output_data")).await, long());
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_fell_behind_begins_again() {
    let api = Api::new().await;
    let id = api.start(&api.flow_of(&[hanging("a")]).await).await;
    let mut stream = api.follow(&format!("executions/{id}/events"), None).await;
    let snapshot = stream.next().await.unwrap();
    api.press(&format!("executions/{id}/pause")).await.expect(200);

    tokio::time::advance(Duration::from_secs(11)).await;
    let [resync, again] = [stream.next().await.unwrap(), stream.next().await.unwrap()];

    assert_eq!((resync.name.as_str(), &resync.data["missed"]), ("resync", &json!(1)));
    assert_eq!((again.name.as_str(), &again.data["status"]), ("snapshot", &json!("paused")));
    assert_ne!(again.id, snapshot.id);
    api.press(&format!("executions/{id}/cancel")).await.expect(200);
    let last = stream.rest().await.pop().unwrap();
    assert_eq!((last.name.as_str(), &last.data["status"]), ("execution", &json!("cancelled")));
}

#[tokio::test(start_paused = true)]
async fn long_answers_are_not_compressed() {
    let api = Api::new().await;
    let nodes = [echo("short", json!("x".repeat(500_000))), echo("long", json!("x".repeat(600_000)))];
    let ended = api.run(&api.flow_of(&nodes).await).await;
    let encoding = async |node: &str| {
        let path = format!("executions/{}/nodes/{node}/output", text(&ended["id"]));
        let answer = api.open(request(Method::GET, &path, &[("accept-encoding", "gzip")], "")).await;
        answer.headers().get("content-encoding").cloned()
    };

    assert_eq!(encoding("short").await.expect("it is compressed"), "gzip");
    assert_eq!(encoding("long").await, None);
}
