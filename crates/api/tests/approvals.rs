//! Calls that wait until a person has approved them.

use axum::http::Method;
use serde_json::{Value, json};
use steadflow_core::caller::{Caller, Role};

use crate::support::{Answer, Api, NO_ID, flow, list, node, readable, request, text};

/// Starts a flow whose agent wants to call a tool that needs approval, and another one that does not.
pub(crate) async fn waiting(api: &Api) -> String {
    let tool = |name: &str, approval: &str| json!({ "name": name, "type": "http_request", "approval": approval, "request": { "url": "https://a.example.org/" } });
    let agent = json!({
        "name": "Buyer", "agent_type": "llm", "config": { "provider": "openai", "model": "small" },
        "skills": [{ "name": "buy", "tools": [tool("pay", "always"), tool("look", "input.amount > 1")] }],
    });
    let agent = text(&api.post("agents", &agent).await.expect(201)["id"]);
    let call = |name: &str| json!({ "id": name, "name": name, "arguments": { "amount": 1, "hangs": false } });
    let first = json!({ "tool_calls": [call("pay"), call("look")] });
    let input = json!({ "answers": [first, { "output": "done" }] });
    let node = json!({ "id": "a b", "type": "agent", "agent_id": agent, "skill": "buy", "input": input });
    let id = api.start(&api.create_flow(&flow("Buy", &[node], &[])).await).await;
    api.when(&id, |execution| execution["waiting_for"] == "approval").await;
    id
}

fn address(execution: &str) -> String {
    format!("approvals/{execution}:a%20b:tool:1:0")
}

async fn hash(api: &Api, execution: &str) -> Value {
    api.get(&address(execution)).await.expect(200)["arguments_hash"].clone()
}

async fn calls(api: &Api, execution: &str) -> Value {
    let path = format!("executions/{execution}/nodes/a%20b/conversation");
    let conversation = api.get(&path).await.expect(200);
    let call =
        |step: &Value| json!([step["name"], step["status"], step["arguments"], step["approval"]["proposed"]]);
    list(&conversation["steps"]).iter().filter(|step| step["tool"] == "pay").map(call).collect()
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_approval_is_listed_until_it_is_decided() {
    let api = Api::new().await;
    let first = waiting(&api).await;
    let second = waiting(&api).await;

    let page = api.get("approvals?limit=1").await;
    let all = api.get("approvals").await.expect(200);
    let decision =
        json!({ "decision": "approved", "arguments_hash": hash(&api, &second).await, "comment": "Fine" });
    let decided = api.post(&address(&second), &decision).await.expect(200);
    let ended = api.ended(&second).await;
    let left = api.get("approvals").await.expect(200);

    assert_eq!(list(&page.expect(200)).len(), 1);
    let ids = |list: &Value| {
        list.as_array().unwrap().iter().map(|open| text(&open["execution_id"])).collect::<Vec<_>>()
    };
    assert_eq!((ids(&all), ids(&left)), (vec![second, first.clone()], vec![first]));
    insta::assert_snapshot!(readable(&decided), @r#"
    {
      "id": "[id 1]:a b:tool:1:0",
      "subject": "tool",
      "execution_id": "[id 1]",
      "flow_id": "[id 2]",
      "flow_name": "Buy",
      "node_id": "a b",
      "node_name": "a b",
      "agent_name": "Buyer",
      "tool": "pay",
      "guardrail": null,
      "arguments": {
        "amount": 1,
        "hangs": false
      },
      "form": null,
      "arguments_hash": "sha256:d92d7ece7eb2732a817473be35faa13e7fc0e7b07cd3c7d9eaf53da41d0fd05c",
      "requested_at": "2027-01-15T08:00:00.000000Z",
      "expires_at": null,
      "is_open": false,
      "decided": {
        "decision": "approved",
        "is_edited": false,
        "comment": "Fine",
        "by": {
          "type": "user",
          "id": null
        },
        "at": "2027-01-15T08:00:00.000000Z"
      }
    }
    "#);
    assert_eq!((&ended["status"], &ended["result"]), (&json!("completed"), &json!("done")));
}

#[tokio::test(start_paused = true)]
async fn a_conversation_shows_what_waits_and_what_was_edited() {
    let api = Api::new().await;
    let id = waiting(&api).await;

    let before = calls(&api, &id).await;
    let edited = json!({ "amount": 2 });
    let decision =
        json!({ "decision": "approved", "arguments_hash": hash(&api, &id).await, "arguments": edited });
    let decided = api.post(&address(&id), &decision).await.expect(200);
    api.ended(&id).await;

    let wanted = json!({ "amount": 1, "hangs": false });
    assert_eq!(before, json!([["tool:1:0", "waiting", wanted, null]]));
    assert_eq!(calls(&api, &id).await, json!([["tool:1:0", "completed", edited, wanted]]));
    assert_eq!(decided["decided"]["is_edited"], true);
    assert_eq!(api.get(&format!("{}/arguments", address(&id))).await.expect(200), wanted);
}

#[tokio::test(start_paused = true)]
async fn a_rejected_call_is_a_failed_one() {
    let api = Api::new().await;
    let id = waiting(&api).await;

    let decision =
        json!({ "decision": "rejected", "arguments_hash": hash(&api, &id).await, "comment": "No" });
    api.post(&address(&id), &decision).await.expect(200);
    let ended = api.ended(&id).await;

    assert_eq!(ended["status"], "completed");
    assert_eq!(calls(&api, &id).await[0][1], "failed");
    let journal = api.get(&format!("executions/{id}/journal?limit=100")).await.expect(200);
    let about = |event: &&Value| text(&event["type"]).starts_with("approval_");
    let events: Vec<String> = list(&journal).iter().filter(about).map(readable).collect();
    insta::assert_snapshot!(events.join("\n"), @r#"
    {
      "seq": 2,
      "at": "2027-01-15T08:00:00.000000Z",
      "type": "approval_requested",
      "node_id": "a b",
      "step": "tool:1:0",
      "tool": "pay",
      "arguments_hash": "sha256:d92d7ece7eb2732a817473be35faa13e7fc0e7b07cd3c7d9eaf53da41d0fd05c",
      "expires_at": null,
      "subject": "tool"
    }
    {
      "seq": 4,
      "at": "2027-01-15T08:00:00.000000Z",
      "type": "approval_decided",
      "node_id": "a b",
      "step": "tool:1:0",
      "decision": "rejected",
      "is_edited": false,
      "comment": "No",
      "by": {
        "type": "user",
        "id": null
      }
    }
    "#);
}

#[tokio::test(start_paused = true)]
async fn decisions_that_do_not_fit_change_nothing() {
    let api = Api::new().await;
    let id = waiting(&api).await;
    let hash = hash(&api, &id).await;
    let decide = async |decision: Value| api.post(&address(&id), &decision).await.problem();
    let mut problems = Vec::new();

    for decision in [
        json!({ "decision": "approved" }),
        json!({ "decision": "maybe", "arguments_hash": hash }),
        json!({ "decision": "approved", "arguments_hash": "sha256:0" }),
        json!({ "decision": "approved", "arguments_hash": hash, "arguments": [1] }),
        json!({ "decision": "rejected", "arguments_hash": hash, "arguments": {} }),
        json!({ "decision": "rejected", "arguments_hash": hash, "comment": "x".repeat(2_001) }),
        json!({ "decision": "rejected", "arguments_hash": hash, "comment": "a\u{202e}b" }),
    ] {
        problems.push(decide(decision).await);
    }
    problems.push(api.get(&format!("approvals/{NO_ID}:a:tool:1:0")).await.problem());
    problems.push(api.get(&format!("approvals/{id}:other")).await.problem());
    problems.push(api.get("approvals/other").await.problem());
    let rejected = json!({ "decision": "rejected", "arguments_hash": hash, "comment": "No" });
    api.post(&address(&id), &rejected).await.expect(200);
    problems.push(decide(rejected).await);
    let cancelled = waiting(&api).await;
    api.press(&format!("executions/{cancelled}/cancel")).await.expect(200);
    let late = json!({ "decision": "approved", "arguments_hash": hash });
    problems.push(api.post(&address(&cancelled), &late).await.problem());

    insta::assert_snapshot!(problems.join("\n"), @"
    400 invalid-body: The body does not fit: missing field `arguments_hash` at line 1 column 23.
      : missing field `arguments_hash`
    400 invalid-body: The body does not fit: unknown variant `maybe`, expected one of `approved`, `rejected`, `cancelled` at line 1 column 19.
      /decision: unknown variant `maybe`, expected one of `approved`, `rejected`, `cancelled`
    409 other-arguments: The call has other arguments than those that this decision names. Look at it again, and decide on what it says now.
    400 invalid-body: `arguments` must be an object.
      /arguments: `arguments` must be an object
    400 invalid-body: What is `rejected` takes no `arguments`.
      /arguments: What is `rejected` takes no `arguments`
    400 invalid-body: `comment` has more than 2000 characters.
      /comment: `comment` has more than 2000 characters
    400 invalid-body: `comment` has characters that are not shown, such as those that change the direction of a text.
      /comment: `comment` has characters that are not shown, such as those that change the direction of a text
    404 no-such-execution: There is no execution [id 1].
    404 no-such-approval: The execution has no such call that needs approval.
    400 invalid-parameter: The id in the path is none of an approval, such as `<execution>:<node>:tool:1:0`.
    409 already-decided: It was rejected by user at 2027-01-15T08:00:00.000000Z, and is decided on once. It says: No
    409 execution-finished: The execution is cancelled, and what has ended does not change.
    ");
}

#[tokio::test(start_paused = true)]
async fn an_output_that_waits_is_edited_and_is_the_output_then() {
    let api = Api::new().await;
    let schema =
        json!({ "type": "object", "properties": { "price": { "type": "number" } }, "required": ["price"] });
    let agent = json!({
        "name": "Seller", "agent_type": "llm", "config": { "provider": "openai", "model": "small" },
        "skills": [{ "name": "offer", "output_schema": schema,
            "guardrails": [{ "name": "cheap", "on": "output", "deny": "[0-9]{5}", "then": "ask" }] }],
    });
    let agent = text(&api.post("agents", &agent).await.expect(201)["id"]);
    let input = json!({ "answers": [{ "output": { "price": 10_000 } }] });
    let seller = json!({ "id": "n", "type": "agent", "agent_id": agent, "skill": "offer", "input": input });
    let id = api.start(&api.create_flow(&flow("Sell", &[seller], &[])).await).await;
    api.when(&id, |execution| execution["waiting_for"] == "approval").await;
    let address = format!("approvals/{id}:n:output:1");
    let shown = api.get(&address).await.expect(200);
    let decision = json!({
        "decision": "approved", "arguments_hash": shown["arguments_hash"], "arguments": { "price": 99 },
    });
    api.post(&address, &decision).await.expect(200);
    let ended = api.ended(&id).await;
    let conversation = api.get(&format!("executions/{id}/nodes/n/conversation")).await.expect(200);

    let what = json!([shown["tool"], shown["guardrail"], shown["arguments"]]);
    assert_eq!(what, json!([null, "cheap", { "price": 10_000 }]));
    assert_eq!(node(&ended, "n")["output_data"], json!({ "price": 99 }), "{ended}");
    let steps: Vec<Value> = list(&conversation["steps"])
        .iter()
        .map(|step| json!([step["name"], step["tool"], step["guardrail"], step["status"], step["output"]]))
        .collect();
    assert_eq!(
        json!(steps),
        json!([
            ["turn:1", null, null, "completed", { "price": 10_000 }],
            ["output:1", null, "cheap", "completed", { "price": 99 }],
        ])
    );
}

/// Starts a flow whose first node asks for a form, and whose edges ask for what is decided.
pub(crate) async fn node_waiting(api: &Api, approvers: &str) -> String {
    let form = json!({ "type": "object", "required": ["reason"], "properties": { "reason": { "type": "string", "enum": ["late", "broken"] } } });
    let ask = json!({ "id": "ok", "name": "Refund?", "type": "approval", "input": { "amount": 5 }, "form": form, "approvers": [approvers] });
    let ends = ["approved", "rejected"].map(|id| json!({ "id": id, "type": "merge" }));
    let mut document = flow("Refund", &[vec![ask], ends.to_vec()].concat(), &[]);
    let edge = |to: &str| json!({ "from": "ok", "to": to, "condition": to });
    document["flow_definition"]["edges"] = json!([edge("approved"), edge("rejected")]);
    let id = api.start(&api.create_flow(&document).await).await;
    api.when(&id, |execution| execution["waiting_for"] == "approval").await;
    id
}

#[tokio::test(start_paused = true)]
async fn a_node_waits_until_a_person_has_filled_in_its_form() {
    let api = Api::new().await;
    let id = node_waiting(&api, "admin").await;
    let address = format!("approvals/{id}:ok:approval:1");
    let asked = api.get("approvals").await.expect(200)[0].clone();
    let hash = &asked["arguments_hash"];

    let mut problems = Vec::new();
    for decision in [
        json!({ "decision": "approved", "arguments_hash": hash, "arguments": { "amount": 6 } }),
        json!({ "decision": "rejected", "arguments_hash": hash, "form": { "reason": "late" } }),
        json!({ "decision": "cancelled", "arguments_hash": hash }),
    ] {
        problems.push(api.post(&address, &decision).await.problem());
    }
    let form = json!({ "reason": "late" });
    let yes = json!({ "decision": "approved", "arguments_hash": hash, "form": form, "comment": "Seen" });
    let decided = api.post(&address, &yes).await.expect(200);
    let ended = api.ended(&id).await;

    insta::assert_snapshot!(readable(&asked), @r#"
    {
      "id": "[id 1]:ok:approval:1",
      "subject": "node",
      "execution_id": "[id 1]",
      "flow_id": "[id 2]",
      "flow_name": "Refund",
      "node_id": "ok",
      "node_name": "Refund?",
      "agent_name": null,
      "tool": null,
      "guardrail": null,
      "arguments": {
        "amount": 5
      },
      "form": {
        "type": "object",
        "properties": {
          "reason": {
            "type": "string",
            "enum": [
              "late",
              "broken"
            ]
          }
        },
        "required": [
          "reason"
        ],
        "additionalProperties": false
      },
      "arguments_hash": "sha256:7e84cbf0f7a7c92c037058665d66152f8eb8580ab2534e52c877bccceb9cc7bf",
      "requested_at": "2027-01-15T08:00:00.000000Z",
      "expires_at": null,
      "is_open": true,
      "decided": null
    }
    "#);
    insta::assert_snapshot!(problems.join("\n"), @"
    400 invalid-body: This has no arguments to edit. What a person fills in is the `form`.
      /arguments: This has no arguments to edit. What a person fills in is the `form`
    400 invalid-body: What is `rejected` takes no `form`.
      /form: What is `rejected` takes no `form`
    400 invalid-body: Only a request for input can be `cancelled`.
      /decision: Only a request for input can be `cancelled`
    ");
    assert_eq!((&decided["is_open"], &decided["decided"]["is_edited"]), (&json!(false), &json!(false)));
    assert_eq!(
        ended["result"],
        json!({ "decision": "approved", "by": { "type": "user", "id": null }, "comment": "Seen", "form": form })
    );
    assert_eq!(api.get(&format!("{address}/form")).await.expect(200), asked["form"]);
}

#[tokio::test(start_paused = true)]
async fn a_node_is_decided_by_the_roles_that_it_names() {
    let api = Api::new().await;
    let id = node_waiting(&api, "admin").await;
    let address = format!("approvals/{id}:ok:approval:1");
    let hash = api.get(&address).await.expect(200)["arguments_hash"].clone();
    let rejected = json!({ "decision": "rejected", "arguments_hash": hash });

    let headers = [("content-type", "application/json")];
    let mut of_editor =
        request(Method::POST, &format!("/api/v1/studio/{address}"), &headers, &rejected.to_string());
    of_editor.extensions_mut().insert(Caller { role: Role::Editor, ..Caller::LOCAL });
    let refused = Answer::read(api.open(of_editor).await).await.problem();
    let is_open = api.get(&address).await.expect(200)["is_open"].clone();
    api.post(&address, &rejected).await.expect(200);

    insta::assert_snapshot!(refused, @"403 not-allowed: This is decided by the role `admin` or one above it.");
    assert_eq!(is_open, true);
    assert_eq!(api.ended(&id).await["result"]["decision"], "rejected");
}

#[tokio::test(start_paused = true)]
async fn a_decision_that_comes_after_its_time_changes_nothing_and_reads_so() {
    let api = Api::new().await;
    let ask = json!({ "id": "ok", "type": "approval", "timeout_seconds": 60 });
    let mut document = flow("Refund", &[ask, json!({ "id": "late", "type": "merge" })], &[]);
    document["flow_definition"]["edges"] = json!([{ "from": "ok", "to": "late", "condition": "timed_out" }]);
    let id = api.start(&api.create_flow(&document).await).await;
    api.when(&id, |execution| execution["waiting_for"] == "approval").await;
    let address = format!("approvals/{id}:ok:approval:1");
    let hash = api.get(&address).await.expect(200)["arguments_hash"].clone();
    let ended = api.ended(&id).await;

    let late = api.post(&address, &json!({ "decision": "approved", "arguments_hash": hash })).await;

    insta::assert_snapshot!(late.problem(), @"409 already-decided: Nobody decided in time: the wait ended at 2027-01-15T08:01:00.000000Z, and the execution has gone on by itself.");
    assert_eq!(ended["result"]["decision"], "timed_out");
    assert_eq!(api.execution(&id).await["result"], ended["result"]);
}
