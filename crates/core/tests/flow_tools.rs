//! Tools of agents that run flows: their calls are done by child executions.

use std::collections::BTreeMap;
use std::sync::Arc;

use insta::assert_snapshot;
use serde_json::{Value, json};
use steadflow_core::agent::Agent;
use steadflow_core::approval::{Answer, Verdict, hash_of};
use steadflow_core::caller::Actor;
use steadflow_core::event::ChildEnd;
use steadflow_core::execution::{Execution, ExecutionStatus, FlowVersion, Input, Pinned};
use steadflow_core::failure::ErrorClass;
use steadflow_core::flow::Flow;
use steadflow_core::ids::{AgentId, FlowId, NodeId, StepKey, TenantId};
use steadflow_core::limits::Limits;
use steadflow_core::payload::Payload;
use steadflow_core::work::Outcome;
use uuid::Uuid;

use crate::support::{Play, accepted, version, with_limits};
use crate::turns::{ends, fails, gives, last_turn};

const AGENT: u128 = 5;
const RUN: u128 = 21;
const GONE: u128 = 22;

fn agent(more: &Value) -> Agent {
    let mut skill = json!({
        "name": "find", "instructions": "Find it.",
        "tools": [
            { "name": "look", "type": "http_request", "request": { "url": "https://a.test/${input.id}" } },
            { "name": "run", "type": "flow", "flow_id": Uuid::from_u128(RUN) },
            { "name": "gone", "type": "flow", "flow_id": Uuid::from_u128(GONE), "description": "Own words" },
            { "name": "self", "type": "flow", "flow_id": Uuid::from_u128(1), "input_schema": { "type": "object" } },
            { "name": "pay", "type": "flow", "flow_id": Uuid::from_u128(RUN), "approval": "always" },
        ],
    });
    for (key, value) in more.as_object().into_iter().flatten() {
        skill[key] = value.clone();
    }
    let document = json!({
        "name": "Finder", "agent_type": "llm", "config": { "provider": "openai", "model": "m" }, "skills": [skill],
    });
    Agent::parse(&document).unwrap_or_else(|faults| panic!("{faults:?}"))
}

/// The flow that `run` runs: it has a form.
fn child_flow() -> Arc<FlowVersion> {
    let form = json!({ "type": "object", "properties": { "id": { "type": "integer" } }, "required": ["id"] });
    let document = json!({
        "name": "Child", "description": "Looks it up",
        "flow_definition": { "nodes": [{ "id": "start", "type": "trigger", "form": form }] },
    });
    let flow = Flow::parse(&document, &Limits::DEFAULT).unwrap_or_else(|faults| panic!("{faults:?}"));
    let id = FlowId::new(Uuid::from_u128(RUN));
    Arc::new(FlowVersion::new(TenantId::DEFAULT, id, 4, flow, Limits::DEFAULT))
}

fn pinned(agent: Agent, settings: &Value) -> Pinned {
    let mut node = json!({ "id": "think", "type": "agent", "agent_id": Uuid::from_u128(AGENT), "skill": "find", "input": {} });
    for key in ["timeout_seconds", "retry", "on_interrupt"] {
        if let Some(value) = settings.get(key) {
            node[key] = value.clone();
        }
    }
    let retries = settings["retries"].as_u64().unwrap_or(0);
    let mut flow = json!({
        "name": "Calls", "retry_on_failure": retries > 0, "retry_count": retries.max(1),
        "flow_definition": { "nodes": [node] },
    });
    if let Some(budget) = settings.get("budget") {
        flow["budget"] = budget.clone();
    }
    let agents = BTreeMap::from([(AgentId::new(Uuid::from_u128(AGENT)), Arc::new(agent))]);
    let children = BTreeMap::from([(FlowId::new(Uuid::from_u128(RUN)), child_flow())]);
    Pinned { agents: Some(Arc::new(agents)), children: Some(Arc::new(children)), ..version(&flow).into() }
}

fn play(settings: &Value) -> Play {
    play_of(pinned(agent(&json!({})), settings))
}

fn play_of(pinned: Pinned) -> Play {
    let mut accepted = accepted();
    accepted.agents.insert(AgentId::new(Uuid::from_u128(AGENT)), 3);
    accepted.flows.insert(FlowId::new(Uuid::from_u128(RUN)), 4);
    let mut play = Play::of(pinned, accepted);
    play.story();
    play
}

/// Asks for these tools, each with its number as `id`.
fn asks(names: &[&str]) -> Value {
    let call = |(number, name): (usize, &&str)| json!({ "id": format!("c{number}"), "name": name, "arguments": { "id": number } });
    json!({ "tool_calls": names.iter().enumerate().map(call).collect::<Vec<_>>() })
}

/// The arguments of a call fit.
fn fits(play: &mut Play, step: &str) {
    ends(play, step, Outcome::completed(Payload::null()));
}

fn child_ends(play: &mut Play, child: u32, status: ExecutionStatus, said: Value) {
    let node = play.index("think");
    let is_completed = status == ExecutionStatus::Completed;
    let end = ChildEnd {
        status,
        result: is_completed.then(|| Payload::from_value(&said)),
        message: (!is_completed).then(|| said["message"].as_str().unwrap_or_default().into()),
        class: said["class"].as_str().and_then(|class| class.parse().ok()),
    };
    let _ = play.put(Input::ChildEnded { node, child, end });
}

/// Reads the journal again, as after a crash, which gives the same state.
fn crash(play: &mut Play) {
    let text = serde_json::to_string(&play.journal).expect("records can be written");
    let journal = serde_json::from_str(&text).expect("records can be read");
    let pinned = play.execution.pinned();
    let read = Execution::replay(play.execution.id(), pinned, journal).expect("its journal fits");
    let (was, is) = (play.execution.node(play.index("think")), read.node(play.index("think")));
    assert_eq!((&was.state, &was.steps), (&is.state, &is.steps));
    assert_eq!(was.children().open(), is.children().open());
    assert_eq!(play.execution.data_bytes(), read.data_bytes());
    play.execution = read;
}

fn adopted(play: &mut Play) {
    crash(play);
    let _ = play.put(Input::Adopt { worker: "w2".into() });
}

fn told(play: &Play) -> String {
    let results = last_turn(play).turns.iter().flat_map(|turn| &turn.results);
    results.map(|result| format!("{result:?}\n")).collect()
}

#[test]
fn a_call_is_checked_and_then_done_by_a_child_whose_result_the_model_reads() {
    let mut play = play(&json!({}));
    let offered = &last_turn(&play).flows;
    assert_eq!((offered["run"].description.as_str(), offered["run"].form.is_some()), ("Looks it up", true));
    assert!(offered["gone"].form.is_none());

    gives(&mut play, "turn:1", asks(&["run"]));
    fits(&mut play, "tool:1:0");
    crash(&mut play);
    child_ends(&mut play, 0, ExecutionStatus::Completed, json!({ "found": 7 }));

    assert_snapshot!(play.story(), @r#"
    0s     think call turn:1 gives {"tool_calls":[{"id":"c0","name":"run","arguments":{"id":0}}]}
    0s     think call tool:1:0 starts
    0s       → begin think 1 tool:1:0
    0s     think starts 1 children
    0s     think has the end of child 0: completed
    0s     think call tool:1:0 gives {"found":7}
    0s     think call turn:2 starts
    0s       → begin think 1 turn:2
    "#);
    let child = &play.children[0].accepted;
    assert_eq!((child.trigger_data.as_str(), child.version), (r#"{"id":0}"#, 4));
    let parent = child.parent.as_ref().unwrap();
    assert_eq!((parent.subflow.as_ref().map(NodeId::as_str), parent.depth), (Some("think"), 1));
    assert_eq!(play.children[0].id, play.execution.id().child(play.index("think"), 0));
    assert_eq!(told(&play), "Ok({\"found\":7})\n");
    crash(&mut play);
    gives(&mut play, "turn:2", json!({ "output": { "text": "done" } }));
    assert_eq!(play.execution.status(), ExecutionStatus::Completed);
    crash(&mut play);
}

#[test]
fn calls_run_beside_each_other_and_the_model_reads_them_in_the_order_in_which_it_asked() {
    let mut play = play(&json!({}));

    gives(&mut play, "turn:1", asks(&["run", "look", "run"]));
    fits(&mut play, "tool:1:2");
    fits(&mut play, "tool:1:0");
    child_ends(&mut play, 1, ExecutionStatus::Completed, json!("first"));
    gives(&mut play, "tool:1:1", json!("looked"));
    child_ends(&mut play, 0, ExecutionStatus::Completed, json!("last"));

    assert_eq!(told(&play), "Ok(\"first\")\nOk(\"looked\")\nOk(\"last\")\n");
    assert_eq!(play.children.len(), 2);
    crash(&mut play);
}

#[test]
fn a_child_that_goes_on_begins_no_attempt_that_is_not_due() {
    let waits = json!({ "retries": 3, "retry": { "enabled": true, "count": 3, "initial_interval_seconds": 60, "jitter": 0 } });
    let asks_first = json!({ "on_interrupt": "ask" });
    for settings in [waits, asks_first] {
        let mut play = play(&settings);
        gives(&mut play, "turn:1", asks(&["run", "look"]));
        fits(&mut play, "tool:1:0");
        adopted(&mut play);
        let begun = play.work.len();

        play.put_any(Input::Pause { by: Actor::USER });
        play.put_any(Input::Resume { by: Actor::USER }).at(5.0);

        assert_eq!(play.work.len(), begun, "{settings}: {}", play.story());
        child_ends(&mut play, 0, ExecutionStatus::Completed, json!("found"));
        assert_eq!(play.work.len(), begun, "{settings}: {}", play.story());
    }
}

#[test]
fn a_child_that_does_not_complete_is_an_answer_whatever_its_class() {
    for (status, said) in [
        (ExecutionStatus::Failed, json!({ "class": "rejected", "message": "no" })),
        (ExecutionStatus::Failed, json!({ "class": "internal", "message": "ours" })),
        (ExecutionStatus::Failed, json!({ "class": "interrupted", "message": "crashed twice" })),
        (ExecutionStatus::Failed, json!({ "class": "guardrail", "message": "refused" })),
        (ExecutionStatus::Cancelled, json!({ "message": "by a person" })),
    ] {
        let mut play = play(&json!({}));
        gives(&mut play, "turn:1", asks(&["run"]));
        fits(&mut play, "tool:1:0");

        child_ends(&mut play, 0, status, said.clone());

        let told = told(&play);
        assert!(told.starts_with("Err(\"The") && told.contains(said["message"].as_str().unwrap()), "{told}");
        assert_eq!((last_turn(&play).turns.len(), play.children.len()), (1, 1));
        crash(&mut play);
    }
}

#[test]
fn what_cannot_start_is_an_answer_and_starts_nothing() {
    let refused = |tool: &str, arguments: Value, depth: u16| {
        let pinned = pinned(agent(&json!({})), &json!({}));
        let limits = Limits { child_depth_max: depth, ..Limits::DEFAULT };
        let flow = Arc::new(with_limits(&pinned.flow, limits));
        let mut play = play_of(Pinned { flow, ..pinned });
        let call = json!({ "tool_calls": [{ "id": "c", "name": tool, "arguments": arguments }] });
        gives(&mut play, "turn:1", call);
        fits(&mut play, "tool:1:0");
        assert_eq!((play.children.len(), play.execution.status()), (0, ExecutionStatus::Running));
        crash(&mut play);
        told(&play)
    };

    assert_snapshot!(refused("run", json!({ "id": "x" }), 9), @r#"Err("The arguments do not fit the form of the flow `Child`: `/id` must be a number")"#);
    assert_snapshot!(refused("run", json!({ "di": 1 }), 9), @r#"Err("The arguments do not fit the form of the flow `Child`: `/id` is required; `/di` is not a field of the form")"#);
    assert_snapshot!(refused("gone", json!({}), 9), @r#"Err("There was no flow 00000000-0000-0000-0000-000000000016 when this execution was accepted")"#);
    assert_snapshot!(refused("self", json!({}), 0), @r#"Err("The execution would be 1 levels deep; the limit is 0")"#);
}

#[test]
fn arguments_that_do_not_fit_the_schema_start_nothing() {
    let mut play = play(&json!({}));
    gives(&mut play, "turn:1", asks(&["run"]));

    fails(&mut play, "tool:1:0", ErrorClass::Validation, "no such thing");

    assert_eq!((told(&play).as_str(), play.children.len()), ("Err(\"no such thing\")\n", 0));
}

#[test]
fn an_attempt_that_only_waits_for_a_child_is_not_interrupted_by_a_crash() {
    let mut play = play(&json!({}));
    gives(&mut play, "turn:1", asks(&["run"]));
    fits(&mut play, "tool:1:0");
    play.story();

    adopted(&mut play);
    child_ends(&mut play, 0, ExecutionStatus::Completed, json!("it"));

    assert_snapshot!(play.story(), @r#"
    0s     adopted by w2
    0s     think has the end of child 0: completed
    0s     think call tool:1:0 gives "it"
    0s     think call turn:2 starts
    0s       → begin think 1 turn:2
    "#);
}

#[test]
fn a_crash_during_another_call_starts_no_second_child() {
    let mut play = play(&json!({}));
    gives(&mut play, "turn:1", asks(&["run", "look", "run"]));
    fits(&mut play, "tool:1:0");
    fits(&mut play, "tool:1:2");
    play.story();

    adopted(&mut play);
    // Between two attempts.
    child_ends(&mut play, 0, ExecutionStatus::Completed, json!("it"));
    crash(&mut play);
    play.at(60.0);
    gives(&mut play, "tool:1:1", json!("looked"));
    crash(&mut play);
    child_ends(&mut play, 1, ExecutionStatus::Completed, json!("that"));

    assert_snapshot!(play.story(), @r#"
    0s     adopted by w2
    0s     think attempt 1 fails (interrupted: The process stopped during this attempt; whether its work was done is unknown), next at 1s
    0s     think has the end of child 0: completed
    0s     think call tool:1:0 gives "it"
    60s    think attempt 2 starts
    60s    think call tool:1:1 starts
    60s      → begin think 2 tool:1:1
    60s    think call tool:1:1 gives "looked"
    60s    think has the end of child 1: completed
    60s    think call tool:1:2 gives "that"
    60s    think call turn:2 starts
    60s      → begin think 2 turn:2
    "#);
    assert_eq!(play.children.len(), 2);
    assert_eq!(told(&play), "Ok(\"it\")\nOk(\"looked\")\nOk(\"that\")\n");
}

#[test]
fn an_attempt_can_begin_with_nothing_but_a_child_to_wait_for() {
    let retry =
        json!({ "enabled": true, "count": 1, "initial_interval_seconds": 1, "retry_on": ["guardrail"] });
    let mut play = play(&json!({ "retry": retry }));
    gives(&mut play, "turn:1", asks(&["run", "look"]));
    fits(&mut play, "tool:1:0");
    fails(&mut play, "tool:1:1", ErrorClass::Guardrail, "refused");
    play.story();

    play.at(60.0);
    crash(&mut play);
    child_ends(&mut play, 0, ExecutionStatus::Completed, json!("it"));

    assert_snapshot!(play.story(), @r#"
    60s    think attempt 2 starts
    60s    think has the end of child 0: completed
    60s    think call tool:1:0 gives "it"
    60s    think call turn:2 starts
    60s      → begin think 2 turn:2
    "#);
    assert_eq!(told(&play), "Ok(\"it\")\nErr(\"refused\")\n");
}

#[test]
fn a_fault_of_another_call_leaves_the_child_to_the_next_attempt() {
    let mut play = play(&json!({ "retries": 1 }));
    gives(&mut play, "turn:1", asks(&["run", "look"]));
    fits(&mut play, "tool:1:0");
    play.story();

    fails(&mut play, "tool:1:1", ErrorClass::Internal, "ours");
    crash(&mut play);
    play.at(60.0);
    gives(&mut play, "tool:1:1", json!("looked"));
    child_ends(&mut play, 0, ExecutionStatus::Completed, json!("it"));

    assert_snapshot!(play.story(), @r#"
    0s     think call tool:1:1 fails (internal: ours)
    0s     think attempt 1 fails (internal: ours), next at 1s
    60s    think attempt 2 starts
    60s    think call tool:1:1 starts
    60s      → begin think 2 tool:1:1
    60s    think call tool:1:1 gives "looked"
    60s    think has the end of child 0: completed
    60s    think call tool:1:0 gives "it"
    60s    think call turn:2 starts
    60s      → begin think 2 turn:2
    "#);
    assert_eq!(play.children.len(), 1);
}

#[test]
fn a_node_that_fails_for_good_cancels_its_children() {
    let mut play = play(&json!({}));
    gives(&mut play, "turn:1", asks(&["run", "look"]));
    fits(&mut play, "tool:1:0");
    play.story();

    fails(&mut play, "tool:1:1", ErrorClass::Internal, "ours");

    assert_snapshot!(play.story(), @"
    0s     think call tool:1:1 fails (internal: ours)
    0s     think attempt 1 fails (internal: ours)
    0s     think fails
    0s     finished: failed
    0s       → send eb24 cancel: Cancelled with the execution that started this one
    ");
    crash(&mut play);
}

#[test]
fn the_timeout_of_an_attempt_cancels_its_children_and_the_next_one_calls_again() {
    let mut play = play(&json!({ "retries": 1, "timeout_seconds": 10 }));
    gives(&mut play, "turn:1", asks(&["run"]));
    fits(&mut play, "tool:1:0");
    play.story();

    play.at(10.0);
    crash(&mut play);
    child_ends(&mut play, 0, ExecutionStatus::Cancelled, json!({}));
    play.at(60.0);
    fits(&mut play, "tool:1:0");
    child_ends(&mut play, 1, ExecutionStatus::Completed, json!("it"));

    assert_snapshot!(play.story(), @r#"
    10s    think call tool:1:0 fails (interrupted: The time of the attempt was over before the flow had ended, so its execution was cancelled)
    10s    think attempt 1 fails (timeout: Attempt timed out after 10 seconds), next at 11s
    10s      → send eb24 cancel: Cancelled with the execution that started this one
    10s    rejected: the node does not wait for this child
    60s    think attempt 2 starts
    60s    think call tool:1:0 starts
    60s      → begin think 2 tool:1:0
    60s    think starts 1 children
    60s    think has the end of child 1: completed
    60s    think call tool:1:0 gives "it"
    60s    think call turn:2 starts
    60s      → begin think 2 turn:2
    "#);
    crash(&mut play);
}

#[test]
fn cancelling_goes_down() {
    let mut play = play(&json!({}));
    gives(&mut play, "turn:1", asks(&["run"]));
    fits(&mut play, "tool:1:0");
    play.story();

    let _ = play.put(Input::Cancel { message: "enough".into(), by: Actor::USER });

    assert_snapshot!(play.story(), @"
    0s     finished: cancelled
    0s       → send eb24 cancel: Cancelled with the execution that started this one
    ");
    crash(&mut play);
}

#[test]
fn nothing_starts_during_a_pause_and_the_call_is_made_again_after_it() {
    let mut play = play(&json!({}));
    gives(&mut play, "turn:1", asks(&["run"]));
    let _ = play.put(Input::Pause { by: Actor::USER });
    fits(&mut play, "tool:1:0");
    assert!(play.children.is_empty());
    crash(&mut play);
    play.story();

    let _ = play.put(Input::Resume { by: Actor::USER });
    fits(&mut play, "tool:1:0");

    assert_snapshot!(play.story(), @"
    0s     resumed
    0s     think call tool:1:0 starts
    0s       → begin think 1 tool:1:0
    0s     think starts 1 children
    ");
    assert_eq!(play.children.len(), 1);
    child_ends(&mut play, 0, ExecutionStatus::Completed, json!("it"));
    assert_eq!(told(&play), "Ok(\"it\")\n");
}

#[test]
fn a_call_that_needs_approval_starts_its_child_with_what_was_approved() {
    let mut play = play(&json!({}));
    gives(&mut play, "turn:1", asks(&["pay"]));
    assert!(play.work.iter().all(|work| work.step != StepKey::new("tool:1:0")));
    let answer = Answer {
        step: StepKey::new("tool:1:0"),
        hash: hash_of(&Payload::from_value(&json!({ "id": 0 }))),
        verdict: Verdict::Approved { arguments: Some(Payload::from_value(&json!({ "id": 9 }))) },
        comment: None,
    };

    let _ = play.put(Input::Approve { node: NodeId::new("think"), answer, by: Actor::USER });
    fits(&mut play, "tool:1:0");

    assert_eq!(play.children[0].accepted.trigger_data.as_str(), r#"{"id":9}"#);
    crash(&mut play);
}

#[test]
fn an_execution_with_a_budget_asks_no_model_that_could_start_others() {
    let skill = json!({ "max_tokens": 1000 });
    let play = play_of(pinned(agent(&skill), &json!({ "budget": { "max_tokens": 100_000 } })));

    assert_snapshot!(play.shown(), @"
    failed: Node `think` failed after 1 attempt: An execution with a budget cannot start others, because these would not count. Remove `budget` from the flow
    think: failed, An execution with a budget cannot start others, because these would not count. Remove `budget` from the flow
    ");
    assert!(play.work.is_empty());
}

#[test]
fn the_rounds_of_a_model_that_runs_flows_are_bounded_like_all_others() {
    let mut play = play_of(pinned(agent(&json!({ "max_turns": 1 })), &json!({})));
    gives(&mut play, "turn:1", asks(&["run"]));
    fits(&mut play, "tool:1:0");

    child_ends(&mut play, 0, ExecutionStatus::Completed, json!("it"));

    assert_snapshot!(play.shown(), @"
    failed: Node `think` failed after 1 attempt: The model was asked 1 times, as often as `max_turns` allows, and is not done. Calls whose answer was lost count, too
    think: failed, The model was asked 1 times, as often as `max_turns` allows, and is not done. Calls whose answer was lost count, too
    ");
    crash(&mut play);
}

#[test]
fn a_journal_in_which_a_child_does_no_call_is_refused() {
    let mut play = play(&json!({}));
    gives(&mut play, "turn:1", asks(&["run"]));
    fits(&mut play, "tool:1:0");
    let text = serde_json::to_string(&play.journal)
        .unwrap()
        .replace(r#""step":"tool:1:0"}]"#, r#""step":"tool:1:9"}]"#);

    let read =
        Execution::replay(play.execution.id(), play.execution.pinned(), serde_json::from_str(&text).unwrap());

    assert_snapshot!(read.unwrap_err().reason, @"a child does a call that is not under way");
}
