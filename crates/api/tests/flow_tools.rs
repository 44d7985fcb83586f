//! Tools of agents that run flows: what is said when they are saved, and what is shown of their calls.

use serde_json::{Value, json};

use crate::support::{Api, NO_ID, each, echo, flow, list, node, text};

const DEPTH_MAX: usize = 16;

/// A flow with a form, which returns what it is given and fails where that says so.
async fn child(api: &Api) -> String {
    let form = json!({ "type": "object", "properties": { "n": { "type": "integer" } }, "required": ["n"] });
    let start = json!({ "id": "start", "type": "trigger", "form": form });
    let mut document =
        flow("Child", &[start, echo("work", json!({ "fails": "${trigger_data.n}" }))], &[("start", "work")]);
    document["description"] = json!("Works.");
    api.create_flow(&document).await
}

fn agent(tool: Value) -> Value {
    json!({
        "name": "Researcher", "agent_type": "llm", "config": { "provider": "openai", "model": "small" },
        "skills": [{ "name": "research", "instructions": "Find out.", "tools": [tool] }],
    })
}

fn runs(flow: &str) -> Value {
    json!({ "name": "run", "type": "flow", "flow_id": flow })
}

/// A flow whose node `a` asks an agent with this tool, and is given the trigger data.
async fn asking(api: &Api, tool: Value) -> String {
    let agent = text(&api.post("agents", &agent(tool)).await.expect(201)["id"]);
    let node = json!({ "id": "a", "type": "agent", "agent_id": agent, "skill": "research", "input": "${trigger_data}" });
    api.create_flow(&flow("Review", &[node], &[])).await
}

fn call(id: &str, arguments: Value) -> Value {
    json!({ "id": id, "name": "run", "arguments": arguments })
}

async fn started(api: &Api, flow: &str, trigger_data: Value) -> String {
    let body = json!({ "trigger_data": trigger_data });
    text(&api.post(&format!("flows/{flow}/execute"), &body).await.expect(201)["execution_id"])
}

async fn children(api: &Api, id: &str) -> Value {
    api.get(&format!("executions?parent_id={id}")).await.expect(200)
}

#[tokio::test(start_paused = true)]
async fn a_call_leads_to_the_execution_that_does_it_and_the_execution_to_its_parent() {
    let api = Api::new().await;
    let flow = asking(&api, runs(&child(&api).await)).await;
    let calls = [call("x", json!({ "n": 0 })), call("y", json!({ "n": 9 })), call("z", json!({ "n": "no" }))];
    let answers = json!({ "answers": [{ "tool_calls": calls }, { "output": "done" }] });

    let id = started(&api, &flow, answers).await;
    let ended = api.ended(&id).await;
    let conversation = api.get(&format!("executions/{id}/nodes/a/conversation")).await.expect(200);
    let children = children(&api, &id).await;
    let journal = api.get(&format!("executions/{id}/journal?limit=1000")).await.expect(200);

    assert_eq!((&ended["status"], &ended["result"]), (&json!("completed"), &json!("done")), "{ended:#}");
    let steps: Vec<&Value> =
        list(&conversation["steps"]).iter().filter(|step| step["tool"] == "run").collect();
    let said: Vec<Value> =
        steps.iter().map(|step| json!([step["status"], step["output"], step["error_class"]])).collect();
    assert_eq!(
        said,
        [
            json!(["completed", { "fails": 0 }, null]),
            json!(["failed", null, "connection"]),
            json!(["failed", null, "validation"]),
        ]
    );
    let mut linked: Vec<&str> = steps.iter().filter_map(|step| step["execution_id"].as_str()).collect();
    let mut listed = each(&children, "id");
    linked.sort_unstable();
    listed.sort_unstable();
    assert_eq!(linked, listed, "the call that did not fit started nothing");
    assert_eq!(each(&children, "parent_id"), [id.as_str(); 2]);
    assert_eq!(node(&ended, "a")["children"]["total"], 2);
    let starts = list(&journal).iter().filter(|event| event["type"] == "children_started");
    let steps: Vec<&str> = starts.flat_map(|event| each(&event["children"], "step")).collect();
    assert_eq!(steps, ["tool:1:0", "tool:1:1"]);
}

#[tokio::test(start_paused = true)]
async fn flows_that_run_themselves_end_at_the_lowest_level() {
    let api = Api::new().await;
    let tool = |flow: &str| json!({ "name": "run", "type": "flow", "flow_id": flow, "input_schema": { "type": "object" } });
    let flow = asking(&api, tool(NO_ID)).await;
    let shown = api.get(&format!("flows/{flow}")).await.expect(200);
    let agent_id = text(&shown["flow_definition"]["nodes"][0]["agent_id"]);
    api.patch(&format!("agents/{agent_id}"), &json!({ "skills": agent(tool(&flow))["skills"] }))
        .await
        .expect(200);
    let nest =
        |below: Value| json!({ "answers": [{ "tool_calls": [call("x", below)] }, { "output": "up" }] });
    let trigger_data =
        (0..=DEPTH_MAX).fold(json!({ "answers": [{ "output": "never" }] }), |below, _| nest(below));

    let id = started(&api, &flow, trigger_data).await;
    let ended = api.ended(&id).await;

    assert_eq!(ended["result"], "up", "{ended:#}");
    let all = api.get("executions?roots=false&limit=100").await.expect(200);
    assert_eq!(list(&all).len(), DEPTH_MAX + 1);
    assert!(list(&all).iter().all(|execution| execution["status"] == "completed"));
}

#[tokio::test(start_paused = true)]
async fn what_a_tool_that_runs_a_flow_needs_is_checked_when_it_is_saved() {
    let api = Api::new().await;
    let (with_form, without) = (child(&api).await, api.flow_of(&[echo("a", json!(1))]).await);
    let faults = async |tool: Value| -> Vec<String> {
        let answer = api.post("agents", &agent(tool)).await;
        if answer.status == 201 {
            return Vec::new();
        }
        let problem = answer.expect(422);
        let fault = |fault: &Value| format!("{}: {}", text(&fault["pointer"]), text(&fault["message"]));
        list(&problem["errors"]).iter().map(fault).collect()
    };
    let schema = json!({ "type": "object" });

    assert_eq!(faults(runs(&with_form)).await, [""; 0]);
    assert_eq!(faults(runs(NO_ID)).await, [""; 0], "it can be created later");
    assert_eq!(
        faults(json!({ "name": "run", "type": "flow", "flow_id": without, "input_schema": schema })).await,
        [""; 0]
    );
    let missing = faults(runs(&without)).await;
    assert_eq!(missing.len(), 1);
    assert!(missing[0].starts_with("/skills/0/tools/0/input_schema: the flow"), "{missing:?}");
    insta::assert_debug_snapshot!(faults(json!({ "name": "run", "type": "flow" })).await, @r#"
    [
        "/skills/0/tools/0/flow_id: a tool of type `flow` needs `flow_id`: a UUID",
    ]
    "#);
    insta::assert_debug_snapshot!(faults(json!({ "name": "run", "type": "flow", "flow_id": "x" })).await, @r#"
    [
        "/skills/0/tools/0/flow_id: `flow_id` must be a UUID, not \"x\"",
    ]
    "#);
    insta::assert_debug_snapshot!(
        faults(json!({ "name": "run", "type": "flow", "flow_id": with_form, "skill": "s", "agent_id": NO_ID, "request": { "url": "https://a.test" } })).await,
        @r#"
    [
        "/skills/0/tools/0/request: a tool of this type has no `request`",
        "/skills/0/tools/0/agent_id: a tool of this type has no `agent_id`",
        "/skills/0/tools/0/skill: a tool of this type has no `skill`",
    ]
    "#
    );
    insta::assert_debug_snapshot!(
        faults(json!({ "name": "run", "type": "http_request", "request": { "url": "https://a.test" }, "flow_id": with_form })).await,
        @r#"
    [
        "/skills/0/tools/0/flow_id: a tool of this type has no `flow_id`",
    ]
    "#
    );
}

#[tokio::test(start_paused = true)]
async fn a_flow_that_is_not_there_is_warned_of_and_its_call_is_an_answer() {
    let api = Api::new().await;
    let flow = asking(&api, runs(NO_ID)).await;

    let shown = api.get(&format!("flows/{flow}")).await.expect(200);
    let answers = json!({ "answers": [{ "tool_calls": [call("x", json!({}))] }, { "output": "done" }] });
    let id = started(&api, &flow, answers).await;
    let ended = api.ended(&id).await;
    let conversation = api.get(&format!("executions/{id}/nodes/a/conversation")).await.expect(200);

    insta::assert_snapshot!(crate::support::readable(&shown["warnings"]), @r#"
    [
      {
        "pointer": "/flow_definition/nodes/0/agent_id",
        "message": "the tool `run` of the agent runs the flow [id 1], which does not exist, so its calls fail unless it is created before"
      }
    ]
    "#);
    assert_eq!(ended["status"], "completed");
    let message = text(&conversation["steps"][1]["error_message"]);
    assert!(message.starts_with("There was no flow"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn a_flow_with_a_budget_asks_no_agent_that_runs_flows() {
    let api = Api::new().await;
    let shown = asking(&api, runs(&child(&api).await)).await;
    let mut document = api.get(&format!("flows/{shown}")).await.expect(200);
    let definition = document["flow_definition"].take();
    let budget = json!({ "name": "Dear", "budget": { "max_tokens": 1000 }, "flow_definition": definition });

    let refused = api.post("flows", &budget).await.expect(422);
    let changed = api.patch(&format!("flows/{shown}"), &json!({ "budget": { "max_tokens": 1000 } })).await;
    let validated = api.post("flows/validate", &budget).await.expect(200);

    insta::assert_snapshot!(crate::support::readable(&refused["errors"]), @r#"
    [
      {
        "pointer": "/flow_definition/nodes/0/skill",
        "message": "a flow with a `budget` cannot start other executions, because what these use would not count. Remove `budget`, or set the one of the agents (`max_tokens_per_day`). The tool `run` of the agent runs a flow"
      }
    ]
    "#);
    assert_eq!(changed.expect(422)["errors"], refused["errors"]);
    assert_eq!((&validated["valid"], &validated["errors"]), (&json!(false), &refused["errors"]));
}

#[tokio::test(start_paused = true)]
async fn a_flow_is_given_what_a_person_has_approved_in_place_of_what_the_model_wrote() {
    let api = Api::new().await;
    let tool = json!({ "name": "run", "type": "flow", "flow_id": child(&api).await, "approval": "always" });
    let flow = asking(&api, tool).await;
    let answers =
        json!({ "answers": [{ "tool_calls": [call("x", json!({ "n": 9 }))] }, { "output": "done" }] });
    let id = started(&api, &flow, answers).await;
    api.when(&id, |execution| execution["waiting_for"] == "approval").await;
    let approval = api.get("approvals").await.expect(200)[0].clone();
    let path = format!("approvals/{}", text(&approval["id"]));
    let hash = &approval["arguments_hash"];
    let edited = json!({ "decision": "approved", "arguments_hash": hash, "arguments": { "n": 0 } });

    api.post(&path, &edited).await.expect(200);
    let ended = api.ended(&id).await;

    assert_eq!(ended["status"], "completed");
    let children = children(&api, &id).await;
    let child = api.execution(&text(&children[0]["id"])).await;
    assert_eq!((list(&children).len(), &child["result"]), (1, &json!({ "fails": 0 })));
}
