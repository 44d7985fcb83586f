//! Guardrails of skills: what their documents say, and what follows in the loop of an agent.

use insta::assert_snapshot;
use serde_json::{Value, json};
use steadflow_core::agent::Agent;
use steadflow_core::execution::{ExecutionStatus, Wait};
use steadflow_core::failure::ErrorClass;

use crate::turns::{fails, gives, play};

fn tools(guardrails: &Value) -> Value {
    let tool =
        |name: &str| json!({ "name": name, "type": "http_request", "request": { "url": "https://a.test" } });
    json!({ "tools": [tool("look"), tool("pay")], "guardrails": guardrails })
}

fn faults(guardrails: &Value, has_tools: bool) -> String {
    let mut skill = tools(guardrails);
    skill["name"] = json!("s");
    if !has_tools {
        skill["tools"] = json!([]);
    }
    let config = json!({ "provider": "openai", "model": "m" });
    let document = json!({ "name": "A", "agent_type": "llm", "config": config, "skills": [skill] });
    let faults = Agent::parse(&document).err().into_iter().flatten();
    faults.map(|fault| format!("{} {}", fault.pointer, fault.message)).collect::<Vec<_>>().join("; ")
}

const ID: &str = "018f3a5e-0000-7000-8000-000000000001";

#[test]
fn guardrails_that_cannot_be_meant_are_refused_by_name() {
    let good = json!([
        { "name": "a", "on": "input", "pattern": "^.{1,5}$" },
        { "name": "b", "on": "arguments", "tools": ["pay"], "schema": { "required": ["amount"] }, "then": "repair" },
        { "name": "c", "on": "arguments", "deny": "(?i)urgent", "then": "ask", "message": "Looks like a scam." },
        { "name": "d", "on": "output", "deny": "\\d{16}", "then": "fail" },
        { "name": "e", "on": "output", "schema": { "type": "object" }, "then": "repair" },
        { "name": "f", "on": "output", "deny": "x", "then": "ask" },
        { "name": "g", "on": "input", "judge": { "agent_id": ID, "skill": "judge" } },
        { "name": "h", "on": "output", "judge": { "agent_id": ID, "skill": "judge" }, "then": "ask" },
    ]);
    assert_eq!(faults(&good, true), "");
    let all: Vec<String> = [
        json!([{ "name": "a", "on": "tools", "deny": "x" }]),
        json!([{ "name": "a", "on": "output" }]),
        json!([{ "name": "a", "on": "output", "deny": "x", "pattern": "y" }]),
        json!([{ "name": "a", "on": "output", "deny": "(" }]),
        json!([{ "name": "a", "on": "output", "deny": "(?:a{1000}){1000}" }]),
        json!([{ "name": "a", "on": "output", "judge": { "agent_id": ID, "skill": "s" }, "then": "retry" }]),
        json!([{ "name": "a", "on": "output", "judge": { "agent_id": "5", "skil": "s" } }]),
        json!([{ "name": "a", "on": "output", "judge": "me" }]),
        json!([{ "name": "a", "on": "input", "deny": "x", "then": "retry" }]),
        json!([{ "name": "a", "on": "arguments", "schema": { "type": "object" }, "then": "ask" }]),
        json!([{ "name": "a", "on": "output", "tools": ["pay"], "deny": "x" }]),
        json!([{ "name": "a", "on": "arguments", "tools": ["buy"], "deny": "x" }]),
        json!([{ "name": "a", "on": "input", "deny": "x" }, { "name": "a", "on": "output", "deny": "x" }]),
        json!([{ "name": "a", "on": "output", "deny": "x", "than": "fail" }]),
    ]
    .iter()
    .map(|guardrails| faults(guardrails, true))
    .collect();
    assert_snapshot!(all.join("\n"), @r#"
    /skills/0/guardrails/0/on `on` must be one of `input`, `arguments`, `output`, not "tools"
    /skills/0/guardrails/0/pattern a guardrail needs `pattern`, `deny`, `schema` or `judge`
    /skills/0/guardrails/0/deny a guardrail has `pattern`, `deny`, `schema` or `judge`, not several
    /skills/0/guardrails/0/deny it is not a regular expression: unclosed group
    /skills/0/guardrails/0/deny the regular expression is too large
    /skills/0/guardrails/0/then what can follow there is `fail`, `repair`, `ask`
    /skills/0/guardrails/0/judge/agent_id `agent_id` must be a UUID, not "5"; /skills/0/guardrails/0/judge/skill a judge needs `skill`: a string of 1 to 200 characters that is not `.` or `..`; /skills/0/guardrails/0/judge/skil there is no key `skil` here; did you mean `skill`?
    /skills/0/guardrails/0/judge an object is needed here, not a string
    /skills/0/guardrails/0/then what can follow there is `fail`
    /skills/0/guardrails/0/then a person is asked because of a `pattern` or of `deny`, not of a schema
    /skills/0/guardrails/0/tools only a guardrail on `arguments` has tools
    /skills/0/guardrails/0/tools there is no tool `buy`
    /skills/0/guardrails/1 another guardrail is called `a`, too
    /skills/0/guardrails/0/than there is no key `than` here; did you mean `then`?
    "#);
    let unused = faults(&json!([{ "name": "a", "on": "arguments", "deny": "x" }]), false);
    assert_eq!(unused, "/skills/0/guardrails/0/on the skill has no tools");
}

#[test]
fn a_call_that_a_guardrail_refuses_can_wait_for_a_person() {
    let guardrails =
        json!([{ "name": "scam", "on": "arguments", "tools": ["pay"], "deny": "urgent", "then": "ask" }]);
    for (name, arguments, waits) in [
        ("pay", json!({ "note": "thanks" }), false),
        ("pay", json!({ "note": "urgent" }), true),
        ("look", json!({ "note": "urgent" }), false),
        ("pay", json!("urgent, and no object"), true),
    ] {
        let mut play = play(&tools(&guardrails), 0);
        let call = json!({ "id": "c", "name": name, "arguments": arguments });

        gives(&mut play, "turn:1", json!({ "tool_calls": [call] }));

        assert_eq!(play.execution.nodes()[0].has_open_approval(), waits, "{name} {arguments}");
        assert_eq!(play.execution.waiting_for() == Some(Wait::Approval), waits, "{name} {arguments}");
    }
}

#[test]
fn arguments_that_fail_the_attempt_do_so_and_others_are_told_to_the_model() {
    for (class, status) in
        [(ErrorClass::Guardrail, ExecutionStatus::Failed), (ErrorClass::Validation, ExecutionStatus::Running)]
    {
        let mut play = play(&tools(&json!([])), 0);
        gives(&mut play, "turn:1", json!({ "tool_calls": [{ "id": "c", "name": "pay", "arguments": {} }] }));

        fails(&mut play, "tool:1:0", class, "The guardrail `g` refuses the arguments of `pay`: no.");

        assert_eq!(play.execution.status(), status);
        let error = play.execution.error().and_then(|error| error.class);
        assert_eq!(error, (status == ExecutionStatus::Failed).then_some(class));
    }
}
