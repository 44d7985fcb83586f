//! Calls that a server does as a task, as transcripts: what is stored, waited for, given up, and called again.

use std::collections::BTreeMap;
use std::sync::Arc;

use insta::assert_snapshot;
use serde_json::{Value, json};
use steadflow_core::agent::Agent;
use steadflow_core::caller::Actor;
use steadflow_core::event::Resolution;
use steadflow_core::execution::{Execution, Input, Pinned};
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::ids::{AgentId, Attempt, StepKey};
use steadflow_core::payload::Payload;
use steadflow_core::remote_task::RemoteTask;
use steadflow_core::work::{CallKey, Outcome, Task, Work};
use uuid::Uuid;

use crate::support::{Play, accepted, version};

const AGENT: AgentId = AgentId::new(Uuid::from_u128(5));
const SERVER: AgentId = AgentId::new(Uuid::from_u128(6));

fn flow(skill: &str, settings: &Value) -> Value {
    let mut node = json!({ "id": "ask", "type": "agent", "agent_id": AGENT.uuid(), "skill": skill });
    for (key, value) in settings.as_object().into_iter().flatten() {
        node[key] = value.clone();
    }
    json!({ "name": "Asks", "flow_definition": { "nodes": [node] } })
}

fn plain(settings: &Value) -> Play {
    Play::of(version(&flow("plain", settings)), accepted())
}

fn with_tools() -> Play {
    let document = json!({
        "name": "Finder", "agent_type": "llm", "config": { "provider": "openai", "model": "m" },
        "skills": [{ "name": "find", "tools": [
            { "name": "ask", "type": "skill", "agent_id": SERVER.uuid(), "skill": "dig" },
        ] }],
    });
    let agent = Agent::parse(&document).unwrap_or_else(|faults| panic!("{faults:?}"));
    let agents = BTreeMap::from([(AGENT, Arc::new(agent))]);
    let mut accepted = accepted();
    accepted.agents.extend([(AGENT, 1), (SERVER, 4)]);
    let flow = version(&flow("find", &json!({ "retry": { "enabled": true, "count": 1 } })));
    Play::of(Pinned { agents: Some(Arc::new(agents)), ..flow.into() }, accepted)
}

fn key(step: &str) -> StepKey {
    if step.is_empty() { StepKey::ONLY } else { StepKey::new(step) }
}

/// The call `step` that was begun last ends with `outcome`.
fn ends(play: &mut Play, step: &str, outcome: Outcome) {
    let attempt =
        play.execution.node(play.index("ask")).attempts.last().map_or(Attempt::FIRST, |last| last.attempt);
    let (execution, node) = (play.execution.id(), play.index("ask"));
    let call = CallKey { execution, node, attempt, step: key(step) };
    play.put_any(Input::StepEnded { call, outcome });
}

fn last(play: &Play, step: &str) -> Work {
    play.work.iter().rfind(|work| work.step == key(step)).expect("it was begun").clone()
}

/// A server does the call `step` as a task.
fn becomes(play: &mut Play, step: &str, id: &str) {
    let task = RemoteTask { id: id.into(), agent: SERVER, poll_ms: 2_000 };
    let rest = Work { remote_task: Some(Arc::new(task)), ..last(play, step) };
    let outcome = Outcome { goes_on: Some(Box::new(rest)), ..Outcome::completed(Payload::null()) };
    ends(play, step, outcome);
}

/// Nothing is heard of the task of the call `step`.
fn is_silent(play: &mut Play, step: &str) {
    let failure = Failure::new(ErrorClass::Connection, "no");
    let outcome = last(play, step).failed(failure);
    ends(play, step, outcome);
}

fn gives(play: &mut Play, step: &str, output: Value) {
    ends(play, step, Outcome::completed(Payload::from_value(&output)));
}

fn fails(play: &mut Play, step: &str, class: ErrorClass) {
    ends(play, step, Outcome::failed(Failure::new(class, "no")));
}

fn retrying() -> Value {
    json!({ "retry": { "enabled": true, "count": 2 } })
}

/// Returns the task that the call waits for which was begun last.
fn awaited(play: &Play, step: &str) -> Option<String> {
    last(play, step).remote_task.map(|task| task.id.to_string())
}

#[test]
fn a_task_is_stored_before_it_is_waited_for() {
    let mut play = plain(&json!({}));
    becomes(&mut play, "", "t-1");
    gives(&mut play, "", json!("found"));

    assert_eq!(play.work.iter().map(|work| work.remote_task.is_some()).collect::<Vec<_>>(), [false, true]);
    assert_eq!(play.work[0].key(), play.work[1].key());
    assert_snapshot!(play.story(), @r#"
    0s     accepted
    0s     started
    0s     ask attempt 1 starts
    0s       → begin ask 1
    0s     ask call - is task t-1
    0s       → begin ask 1
    0s     ask call - has no task any more
    0s     ask completes with "found"
    0s     finished: completed
    "#);
}

#[test]
fn a_crash_costs_no_attempt_and_the_task_is_waited_for_again_as_often_as_it_happens() {
    for settings in [json!({}), json!({ "on_interrupt": "ask" }), json!({ "retry": { "enabled": false } })] {
        let mut play = plain(&settings);
        becomes(&mut play, "", "t-1");
        for seconds in 1..=5_u8 {
            let pinned = play.execution.pinned();
            play.execution = Execution::replay(play.execution.id(), pinned, play.journal.clone()).unwrap();
            play.put_any(Input::Adopt { worker: "w2".into() });
            play.at(f64::from(seconds));
            assert_eq!(awaited(&play, "").as_deref(), Some("t-1"));
        }
        gives(&mut play, "", json!(1));

        assert_eq!(play.work.len(), 7, "{}", play.story());
        assert!(
            play.execution.status().is_finished() && play.execution.error().is_none(),
            "{}",
            play.story()
        );
    }
}

#[test]
fn the_end_of_a_process_leaves_the_task_alone() {
    let mut play = plain(&json!({}));
    becomes(&mut play, "", "t-1");
    play.story();

    play.put_any(Input::Release);
    play.at(1.0);

    assert_eq!(awaited(&play, "").as_deref(), Some("t-1"));
    assert_snapshot!(play.story(), @r"
    0s     ask attempt 1 is handed back
    0s       → stop ask 1
    1s     ask attempt 2 starts
    1s       → begin ask 2
    ");
}

#[test]
fn a_task_that_failed_is_begun_again_by_the_policy() {
    let mut play = plain(&retrying());
    becomes(&mut play, "", "t-1");
    play.story();

    fails(&mut play, "", ErrorClass::Tool);
    play.at(1.0);
    assert_eq!(awaited(&play, ""), None);
    becomes(&mut play, "", "t-2");

    assert_eq!(awaited(&play, "").as_deref(), Some("t-2"));
    assert_snapshot!(play.story(), @r"
    0s     ask call - has no task any more
    0s     ask attempt 1 fails (tool: no), next at 1s
    1s     ask attempt 2 starts
    1s       → begin ask 2
    1s     ask call - is task t-2
    1s       → begin ask 2
    ");
}

#[test]
fn a_server_that_is_silent_is_asked_by_later_attempts_and_in_the_end_to_cancel() {
    let mut play = plain(&json!({ "retry": { "enabled": true, "count": 1 } }));
    becomes(&mut play, "", "t-1");
    play.story();

    is_silent(&mut play, "");
    play.at(1.0);
    assert_eq!(awaited(&play, "").as_deref(), Some("t-1"));
    is_silent(&mut play, "");

    assert_snapshot!(play.story(), @r"
    0s     ask attempt 1 fails (connection: no), next at 1s
    1s     ask attempt 2 starts
    1s       → begin ask 2
    1s     ask attempt 2 fails (connection: no)
    1s     ask call - has no task any more
    1s     ask fails
    1s     finished: failed
    1s       → ask for ask 2 cancel
    ");
}

#[test]
fn a_task_that_takes_too_long_is_cancelled_and_called_again() {
    let mut play = plain(&json!({ "timeout_seconds": 10, "retry": { "enabled": true, "count": 1 } }));
    becomes(&mut play, "", "t-1");
    play.story();

    play.at(10.0);
    play.at(11.0);

    assert_eq!(awaited(&play, ""), None);
    assert_snapshot!(play.story(), @r"
    10s    ask call - has no task any more
    10s    ask attempt 1 fails (timeout: Attempt timed out after 10 seconds), next at 11s
    10s      → stop ask 1
    10s      → ask for ask 1 cancel
    11s    ask attempt 2 starts
    11s      → begin ask 2
    ");
}

#[test]
fn the_server_is_asked_to_cancel_what_nobody_wants_any_more() {
    let cancel = || Input::Cancel { message: "Cancelled".into(), by: Actor::USER };
    let mut running = plain(&json!({}));
    becomes(&mut running, "", "t-1");
    running.put_any(cancel());
    let mut between = plain(&retrying());
    becomes(&mut between, "", "t-1");
    is_silent(&mut between, "");
    between.put_any(cancel());
    for play in [&mut running, &mut between] {
        let story = play.story();
        assert!(story.contains("→ ask for ask"), "{story}");
        assert!(story.find("finished: cancelled") < story.find("→ ask for ask"), "{story}");
    }
    for resolution in [
        Resolution::Complete { output: Payload::null() },
        Resolution::Fail { message: "no".into() },
        Resolution::Retry,
    ] {
        let mut asks = plain(&json!({ "on_exhausted": "ask" }));
        becomes(&mut asks, "", "t-1");
        is_silent(&mut asks, "");
        assert!(!asks.story().contains("ask for"), "a person may still want it");

        asks.resolves("ask", resolution.clone());

        let is_wanted = resolution == Resolution::Retry;
        assert_eq!(asks.story().contains("→ ask for ask"), !is_wanted, "{resolution:?}");
        assert_eq!(awaited(&asks, "").as_deref(), Some("t-1"));
    }
}

#[test]
fn tools_that_a_model_asks_for_are_tasks_beside_each_other() {
    let call = |id: &str| json!({ "id": id, "name": "ask", "arguments": { "n": id } });
    let mut play = with_tools();
    gives(&mut play, "turn:1", json!({ "tool_calls": [call("a"), call("b"), call("c")] }));
    becomes(&mut play, "tool:1:0", "t-1");
    becomes(&mut play, "tool:1:1", "t-2");
    play.story();

    // One call is cut off by the crash, so the attempt is interrupted.
    play.put_any(Input::Adopt { worker: "w2".into() });
    play.at(1.0);

    let tasks = ["tool:1:0", "tool:1:1", "tool:1:2"].map(|step| awaited(&play, step));
    assert_eq!(tasks, [Some("t-1".into()), Some("t-2".into()), None]);
    assert_eq!(last(&play, "tool:1:1").input.as_str(), r#"{"n":"b"}"#);
    gives(&mut play, "tool:1:0", json!(1));
    fails(&mut play, "tool:1:1", ErrorClass::Tool);
    gives(&mut play, "tool:1:2", json!(3));
    let Task::Turn(turn) = last(&play, "turn:2").task else { panic!("a model is asked") };
    assert_eq!(turn.turns[0].results.len(), 3);
    let ended = ["tool:1:0", "tool:1:1"].map(|step| format!("ask call {step} has no task any more"));
    let story = play.story();
    assert!(ended.iter().all(|line| story.contains(line)), "{story}");
    assert!(!story.contains("cancel"), "{story}");
}

#[test]
fn a_task_of_a_tool_of_which_nothing_is_heard_is_cancelled_before_the_model_is_told() {
    let mut play = with_tools();
    gives(&mut play, "turn:1", json!({ "tool_calls": [{ "id": "a", "name": "ask", "arguments": {} }] }));
    becomes(&mut play, "tool:1:0", "t-1");

    is_silent(&mut play, "tool:1:0");

    let cancelled = play.cancelled.pop().expect("the server is asked");
    assert_eq!(cancelled.remote_task.map(|task| task.id.to_string()).as_deref(), Some("t-1"));
    let Task::Turn(turn) = last(&play, "turn:2").task else { panic!("a model is told") };
    assert_eq!(turn.turns[0].results.len(), 1);
}

#[test]
fn the_task_of_a_tool_is_cancelled_by_the_agent_in_its_version() {
    let mut play = with_tools();
    gives(&mut play, "turn:1", json!({ "tool_calls": [{ "id": "a", "name": "ask", "arguments": {} }] }));
    becomes(&mut play, "tool:1:0", "t-1");

    play.put_any(Input::Cancel { message: "Cancelled".into(), by: Actor::USER });

    let cancelled = play.cancelled.pop().expect("the server is asked");
    assert_eq!(cancelled.task, Task::CancelTask { agent_id: SERVER, version: Some(4) });
    assert_eq!(cancelled.remote_task.map(|task| task.id.to_string()).as_deref(), Some("t-1"));
    assert_eq!(cancelled.step, StepKey::new("cancel:tool:1:0"));
}

#[test]
fn journals_that_cannot_be_are_refused() {
    let started = r#"{"task_started":{"node":0,"task":{"id":"t","agent":"00000000-0000-0000-0000-000000000006","poll_ms":1}}}"#;
    let ended = r#"{"task_ended":{"node":0}}"#;
    for (events, reason) in [
        (vec![started, started], "two tasks"),
        (vec![ended], "not waited for"),
        (vec![started, ended, ended], "not waited for"),
    ] {
        let play = plain(&json!({}));
        let text = format!("[{},{},[{}]]", play.journal.len() + 1, play.now.as_micros(), events.join(","));
        let mut journal = play.journal.clone();
        journal.push(serde_json::from_str(&text).expect("it is a record"));

        let corrupt = Execution::replay(play.execution.id(), play.execution.pinned(), journal).unwrap_err();

        assert!(corrupt.to_string().contains(reason), "{corrupt}");
    }
}
