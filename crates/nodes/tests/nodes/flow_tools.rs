//! Tools that run flows: what a model learns about them, and what of a call is done here, which is the check of its arguments.

use std::sync::Arc;

use serde_json::json;
use steadflow_core::failure::ErrorClass;
use steadflow_core::work::{NextTurn, OfferedFlow};
use uuid::Uuid;
use wiremock::MockServer;

use crate::support::{nodes_with_agent, result};
use crate::tools::{answering, body, openai, tool_work, turn, turn_work, with_tools};

fn tools() -> serde_json::Value {
    let flow = Uuid::from_u128(21);
    json!([
        { "name": "own", "type": "flow", "flow_id": flow, "description": "Own words.",
          "input_schema": { "type": "object", "required": ["id"] } },
        { "name": "told", "type": "flow", "flow_id": flow },
        { "name": "unknown", "type": "flow", "flow_id": flow },
    ])
}

#[tokio::test]
async fn a_model_is_told_what_the_tool_says_and_else_what_the_flow_says() {
    let server = answering(&openai(json!({ "content": "Done" }), "stop")).await;
    let form = json!({ "type": "object", "properties": { "vendor": { "type": "string" } } });
    let known = || OfferedFlow { description: "Of the flow.".to_owned(), form: Some(Arc::new(form.clone())) };
    let flows = ["own", "told"].map(|tool| (tool.to_owned(), known())).into();
    let asked = NextTurn { flows, ..turn(Vec::new(), None) };

    nodes_with_agent(&with_tools(&server, "openai", tools())).perform(turn_work(asked)).await.result.unwrap();

    let body = body(&server, 0).await;
    let offered = |number: usize| body["tools"][number]["function"].clone();
    assert_eq!(
        offered(0),
        json!({ "name": "own", "description": "Own words.", "parameters": { "type": "object", "required": ["id"] } })
    );
    assert_eq!(offered(1), json!({ "name": "told", "description": "Of the flow.", "parameters": form }));
    assert_eq!(offered(2)["parameters"], json!({ "type": "object", "properties": {} }));
}

#[tokio::test]
async fn a_call_of_a_flow_is_checked_and_nothing_is_sent() {
    let server = MockServer::start().await;
    let nodes = nodes_with_agent(&with_tools(&server, "openai", tools()));

    let fits = nodes.perform(tool_work("own", &json!({ "id": 1 }))).await;
    let any = nodes.perform(tool_work("told", &json!({ "x": 1 }))).await;
    let misfit = nodes.perform(tool_work("own", &json!({}))).await.result.unwrap_err();
    let text = nodes.perform(tool_work("told", &json!("not JSON"))).await.result.unwrap_err();

    assert_eq!((result(fits).unwrap(), result(any).unwrap()), (json!(null), json!(null)));
    assert_eq!((misfit.class, text.class), (ErrorClass::Validation, ErrorClass::Validation));
    assert!(misfit.message.contains("do not match its input schema"), "{}", misfit.message);
    assert!(server.received_requests().await.unwrap().is_empty());
}
