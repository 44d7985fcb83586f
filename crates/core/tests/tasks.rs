//! Calls that a server does as a task, as transcripts: what is stored, waited for, given up, and called again.

use std::collections::BTreeMap;
use std::sync::Arc;

use insta::assert_snapshot;
use serde_json::{Value, json};
use steadflow_core::agent::Agent;
use steadflow_core::approval::{Answer, Verdict, hash_of};
use steadflow_core::caller::Actor;
use steadflow_core::event::Resolution;
use steadflow_core::execution::{Execution, Input, Pinned, Rejected};
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::ids::{AgentId, Attempt, NodeId, StepKey};
use steadflow_core::input_request::{Dialog, InputRequest};
use steadflow_core::payload::Payload;
use steadflow_core::remote_task::RemoteTask;
use steadflow_core::status::Wait;
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

/// The server asks for `keys` in the middle of the call `step`.
fn asks(play: &mut Play, step: &str, keys: &[&str]) {
    let requests = keys.iter().map(|key| InputRequest {
        key: (*key).into(),
        agent: SERVER,
        tool: "dig".into(),
        question: question(),
    });
    let dialog = Dialog { answers: Vec::new(), requests: requests.collect() };
    let rest = Work { dialog: Some(Box::new(dialog)), ..last(play, step) };
    ends(play, step, Outcome { goes_on: Some(Box::new(rest)), ..Outcome::completed(Payload::null()) });
}

fn question() -> Payload {
    Payload::from_value(&json!({ "message": "Sure?", "form": { "type": "object", "properties": {} } }))
}

fn says(play: &mut Play, number: u32, verdict: Verdict) -> Result<(), Rejected> {
    let step = StepKey::new(format!("input:{number}"));
    let answer = Answer { step, hash: hash_of(&question()), verdict, comment: None };
    play.put(Input::Approve { node: NodeId::new("ask"), answer, by: Actor::USER })
}

fn yes() -> Verdict {
    Verdict::Approved { arguments: Some(Payload::from_value(&json!({ "sure": true }))) }
}

/// What is sent to the server with the call that was begun last.
fn answered(play: &Play, step: &str) -> Vec<(String, Value)> {
    let dialog = last(play, step).dialog.unwrap_or_default();
    dialog
        .answers
        .iter()
        .map(|answer| (answer.key.to_string(), answer.response()["action"].clone()))
        .collect()
}

#[test]
fn a_task_that_asks_for_input_waits_for_a_person_and_goes_on_with_the_answer() {
    let mut play = plain(&json!({ "timeout_seconds": 10 }));
    becomes(&mut play, "", "t-1");
    play.story();
    play.at(4.0);

    asks(&mut play, "", &["a", "b"]);
    assert!(!play.execution.has_call_in_flight());
    assert_eq!(play.execution.waiting_for(), Some(Wait::Approval));
    play.at(100.0);
    says(&mut play, 2, yes()).unwrap();
    assert_eq!(says(&mut play, 2, yes()).unwrap_err().to_string(), "the call was approved before");
    play.at(200.0);
    says(&mut play, 1, Verdict::Rejected).unwrap();

    assert_eq!(answered(&play, ""), [("a".into(), json!("decline")), ("b".into(), json!("accept"))]);
    assert_eq!(awaited(&play, "").as_deref(), Some("t-1"));
    assert_snapshot!(play.story(), @r#"
    4s     ask call input:1 of dig with {"message":"Sure?","form":{"type":"object","properties":{}}} needs approval
    4s     ask call input:2 of dig with {"message":"Sure?","form":{"type":"object","properties":{}}} needs approval
    100s   ask call input:2 is approved
    100s   rejected: the call was approved before
    200s   ask call input:1 is rejected
    200s   ask call - has its answers
    200s     → begin ask 1
    "#);
    // Six seconds are left of the ten.
    play.at(205.9);
    assert!(play.execution.has_call_in_flight());
    play.at(206.1);
    assert!(play.execution.status().is_finished());
}

#[test]
fn neither_a_crash_nor_the_end_of_a_process_changes_what_waits_for_a_person() {
    for shutdown in [false, true] {
        let mut play = plain(&json!({ "on_interrupt": "ask", "retry": { "enabled": false } }));
        becomes(&mut play, "", "t-1");
        asks(&mut play, "", &["a"]);
        for _ in 0..3 {
            if shutdown {
                play.put_any(Input::Release);
            }
            let pinned = play.execution.pinned();
            play.execution = Execution::replay(play.execution.id(), pinned, play.journal.clone()).unwrap();
            play.put_any(Input::Adopt { worker: "w2".into() });
        }
        assert_eq!(play.work.len(), 2);

        says(&mut play, 1, yes()).unwrap();
        // Nobody knows whether the server has the answer.
        let pinned = play.execution.pinned();
        play.execution = Execution::replay(play.execution.id(), pinned, play.journal.clone()).unwrap();
        play.put_any(Input::Adopt { worker: "w3".into() });
        play.at(1.0);

        assert_eq!(answered(&play, ""), [("a".into(), json!("accept"))]);
        gives(&mut play, "", json!(1));
        assert!(play.execution.error().is_none() && play.execution.status().is_finished());
    }
}

#[test]
fn an_answer_during_a_pause_is_sent_when_that_is_over() {
    let mut play = plain(&json!({}));
    becomes(&mut play, "", "t-1");
    asks(&mut play, "", &["a"]);
    play.put_any(Input::Pause { by: Actor::USER });
    says(&mut play, 1, Verdict::Cancelled).unwrap();
    assert_eq!(play.work.len(), 2);

    play.put_any(Input::Resume { by: Actor::USER });

    assert_eq!(answered(&play, ""), [("a".into(), json!("cancel"))]);
}

#[test]
fn a_task_asks_again_and_the_answers_of_one_that_has_ended_are_not_those_of_the_next() {
    let mut play = plain(&retrying());
    becomes(&mut play, "", "t-1");
    asks(&mut play, "", &["a"]);
    says(&mut play, 1, yes()).unwrap();
    asks(&mut play, "", &["b"]);
    says(&mut play, 2, yes()).unwrap();
    assert_eq!(answered(&play, "").len(), 2);
    asks(&mut play, "", &["c"]);
    says(&mut play, 3, Verdict::Rejected).unwrap();
    fails(&mut play, "", ErrorClass::Tool);
    play.at(1.0);
    becomes(&mut play, "", "t-2");
    assert_eq!(answered(&play, ""), []);

    asks(&mut play, "", &["a"]);
    assert_eq!(play.execution.waiting_for(), Some(Wait::Approval));
    play.put_any(Input::Cancel { message: "no".into(), by: Actor::USER });

    assert!(says(&mut play, 4, yes()).is_err());
    assert!(play.story().contains("ask for ask 2 cancel"));
}

#[test]
fn a_tool_waits_for_input_while_another_one_of_its_turn_goes_on() {
    let mut play = with_tools();
    let call = |number: u32| json!({ "id": number.to_string(), "name": "ask", "arguments": { "n": number } });
    let turn = json!({ "text": "", "tool_calls": [call(1), call(2)] });
    gives(&mut play, "turn:1", turn);
    becomes(&mut play, "tool:1:0", "t-1");
    becomes(&mut play, "tool:1:1", "t-2");
    play.story();

    asks(&mut play, "tool:1:0", &["a"]);
    assert!(play.execution.has_call_in_flight());
    gives(&mut play, "tool:1:1", json!("two"));
    assert!(!play.execution.has_call_in_flight());
    play.at(1_000.0);
    says(&mut play, 1, yes()).unwrap();

    assert_eq!(answered(&play, "tool:1:0"), [("a".into(), json!("accept"))]);
    gives(&mut play, "tool:1:0", json!("one"));
    assert_snapshot!(play.story(), @r#"
    0s     ask call input:1 of dig with {"message":"Sure?","form":{"type":"object","properties":{}}} needs approval
    0s     ask call tool:1:1 has no task any more
    0s     ask call tool:1:1 gives "two"
    1000s  ask call input:1 is approved
    1000s  ask call tool:1:0 has its answers
    1000s  ask call tool:1:0 starts
    1000s    → begin ask 1 tool:1:0
    1000s  ask call tool:1:0 has no task any more
    1000s  ask call tool:1:0 gives "one"
    1000s  ask call turn:2 starts
    1000s    → begin ask 1 turn:2
    "#);
}

#[test]
fn an_attempt_that_is_cut_off_beside_a_request_leaves_it_open() {
    let mut play = with_tools();
    let call = |number: u32| json!({ "id": number.to_string(), "name": "ask", "arguments": { "n": number } });
    gives(&mut play, "turn:1", json!({ "text": "", "tool_calls": [call(1), call(2)] }));
    becomes(&mut play, "tool:1:0", "t-1");
    asks(&mut play, "tool:1:0", &["a"]);

    // The other tool is under way, and nobody knows what it did.
    play.put_any(Input::Adopt { worker: "w2".into() });
    play.at(1.0);
    gives(&mut play, "tool:1:1", json!("two"));
    play.at(5_000.0);
    assert_eq!(play.execution.waiting_for(), Some(Wait::Approval));
    says(&mut play, 1, yes()).unwrap();
    gives(&mut play, "tool:1:0", json!("one"));
    gives(&mut play, "turn:2", json!({ "output": "done", "text": "done" }));

    assert!(play.execution.error().is_none() && play.execution.status().is_finished(), "{}", play.story());
}
