//! Calls of agents that need a slot, as transcripts: what waits, what begins, and what a wait costs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use insta::assert_snapshot;
use serde_json::{Value, json};
use steadflow_core::agent::Agent;
use steadflow_core::caller::Actor;
use steadflow_core::event::Event;
use steadflow_core::execution::{Execution, ExecutionStatus, Input, NodeState, Pinned, TimerReason, Wait};
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::ids::{AgentId, Attempt, StepKey};
use steadflow_core::payload::Payload;
use steadflow_core::protection::SlotAnswer;
use steadflow_core::work::{CallKey, Outcome};
use uuid::Uuid;

use crate::support::{Play, START, accepted, version};

const AGENT: AgentId = AgentId::new(Uuid::from_u128(5));
const ASKED: AgentId = AgentId::new(Uuid::from_u128(6));

fn flow(skill: &str, settings: &Value) -> Value {
    let mut flow = json!({
        "name": "Asks", "flow_definition": { "nodes": [
            { "id": "ask", "type": "agent", "agent_id": AGENT.uuid(), "skill": skill, "timeout_seconds": 10 },
        ] },
    });
    for (key, value) in settings.as_object().into_iter().flatten() {
        flow[key] = value.clone();
    }
    flow
}

/// An execution whose node asks for a skill without tools.
fn plain(settings: &Value) -> Play {
    Play::limited(version(&flow("plain", settings)), accepted(), &[AGENT])
}

/// One whose node asks a model with two tools, of which one asks another agent.
fn with_tools(limited: &[AgentId]) -> Play {
    let document = json!({
        "name": "Finder", "agent_type": "llm", "config": { "provider": "openai", "model": "m" },
        "skills": [{ "name": "find", "tools": [
            { "name": "look", "type": "http_request", "request": { "url": "https://a.test" } },
            { "name": "ask", "type": "skill", "agent_id": ASKED.uuid(), "skill": "translate" },
        ] }],
    });
    let agent = Agent::parse(&document).unwrap_or_else(|faults| panic!("{faults:?}"));
    let agents = BTreeMap::from([(AGENT, Arc::new(agent))]);
    let flow = version(&flow("find", &json!({})));
    let mut accepted = accepted();
    accepted.agents.extend([(AGENT, 1), (ASKED, 1)]);
    Play::limited(Pinned { agents: Some(Arc::new(agents)), ..flow.into() }, accepted, limited)
}

fn call(play: &Play, attempt: u32, step: StepKey) -> CallKey {
    let (execution, node) = (play.execution.id(), play.index("ask"));
    CallKey { execution, node, attempt: Attempt::numbered(attempt), step }
}

fn grants(play: &mut Play, attempt: u32, step: StepKey) {
    let call = call(play, attempt, step);
    play.put_any(Input::SlotAnswered(SlotAnswer::Granted(call)));
}

fn ends(play: &mut Play, step: &str, output: &Value) {
    let call = call(play, 1, StepKey::new(step));
    let outcome = Outcome::completed(Payload::from_value(output));
    play.put_any(Input::StepEnded { call, outcome });
}

fn asks_for(names: &[&str]) -> Value {
    let call = |(id, name): (usize, &&str)| json!({ "id": format!("c{id}"), "name": name, "arguments": {} });
    json!({ "tool_calls": names.iter().enumerate().map(call).collect::<Vec<_>>() })
}

/// The execution as it is read from its journal.
fn replayed(play: &Play, pinned: impl Into<Pinned>) -> Execution {
    Execution::replay(play.execution.id(), pinned, play.journal.clone()).expect("its journal is sound")
}

#[test]
fn a_call_that_waits_begins_no_attempt_and_costs_none_of_its_time() {
    let mut play = plain(&json!({}));
    assert_eq!(play.execution.waiting_for(), Some(Wait::Slot));

    play.at(3600.0);
    grants(&mut play, 1, StepKey::ONLY);
    assert_eq!(play.execution.waiting_for(), None);
    play.at(3609.0).at(3610.0);

    assert_snapshot!(play.story(), @r"
    0s     accepted
    0s     started
    0s     ask waits for slot
    0s       → await slot ask 1
    3600s  ask attempt 1 starts
    3600s    → begin ask 1
    3610s  ask attempt 1 fails (timeout: Attempt timed out after 10 seconds)
    3610s  ask fails
    3610s  finished: failed
    3610s    → stop ask 1
    ");
}

#[test]
fn agents_that_nothing_limits_are_called_at_once() {
    let mut play = Play::limited(version(&flow("plain", &json!({}))), accepted(), &[ASKED]);

    assert_snapshot!(play.story(), @r"
    0s     accepted
    0s     started
    0s     ask attempt 1 starts
    0s       → begin ask 1
    ");
}

#[test]
fn a_retry_waits_for_a_slot_behind_its_backoff() {
    let mut play = plain(&json!({ "retry_on_failure": true, "retry_count": 1 }));
    grants(&mut play, 1, StepKey::ONLY);
    play.fails("ask", Failure::new(ErrorClass::Unavailable, "HTTP 503")).story();

    play.at(1.0).at(2.0);
    let shown = play.shown();
    grants(&mut play, 2, StepKey::ONLY);
    play.completes("ask", json!({}));

    let repeats: Vec<bool> = play.requests.iter().map(|request| request.is_repeat).collect();
    assert_eq!(repeats, [false, true]);
    assert_eq!(shown, "running\nask: running, HTTP 503 (Will retry 1 more time)");
    assert_snapshot!(play.story(), @r"
    1s     ask waits for slot
    1s       → await slot ask 2
    2s     ask attempt 2 starts
    2s       → begin ask 2
    2s     ask completes with {}
    2s     finished: completed
    ");
}

#[test]
fn the_end_of_an_execution_that_waits_for_its_retry_lists_all_attempts() {
    let mut play = plain(&json!({ "retry_on_failure": true, "retry_count": 1, "timeout_seconds": 60 }));
    grants(&mut play, 1, StepKey::ONLY);
    play.fails("ask", Failure::new(ErrorClass::Unavailable, "HTTP 503"));

    play.at(1.0).at(60.0);

    assert!(play.shown().contains("HTTP 503") && !play.shown().contains("Will retry"), "{}", play.shown());
    assert_eq!(play.execution.status(), ExecutionStatus::Failed);
}

#[test]
fn a_turn_that_waits_holds_the_clock_of_its_attempt() {
    let mut play = with_tools(&[AGENT]);
    grants(&mut play, 1, StepKey::new("turn:1"));
    play.now = START.plus(Duration::from_secs(4));
    ends(&mut play, "turn:1", &asks_for(&["look"]));
    play.now = START.plus(Duration::from_secs(6));
    ends(&mut play, "tool:1:0", &json!({}));
    assert_eq!(play.execution.waiting_for(), Some(Wait::Slot));
    assert_eq!(play.execution.next_timer(), None);

    play.at(100.0);
    grants(&mut play, 1, StepKey::new("turn:2"));
    play.story();
    play.at(103.0);
    let (stop_at, reason) = play.execution.next_timer().expect("the attempt has a limit");
    play.at(104.0);

    assert_eq!((stop_at, reason), (START.plus(Duration::from_secs(104)), TimerReason::AttemptTimeout));
    assert_snapshot!(play.story(), @r"
    104s   ask attempt 1 fails (timeout: Attempt timed out after 10 seconds)
    104s   ask fails
    104s   finished: failed
    104s     → stop ask 1 turn:2
    ");
}

#[test]
fn tools_that_ask_another_agent_wait_for_its_slots_and_others_do_not() {
    let mut play = with_tools(&[ASKED]);
    play.story();

    ends(&mut play, "turn:1", &asks_for(&["ask", "look", "ask"]));
    grants(&mut play, 1, StepKey::new("tool:1:2"));
    ends(&mut play, "tool:1:1", &json!({}));
    ends(&mut play, "tool:1:2", &json!({}));
    assert_eq!(play.execution.waiting_for(), Some(Wait::Slot));
    grants(&mut play, 1, StepKey::new("tool:1:0"));
    ends(&mut play, "tool:1:0", &json!({}));

    assert_snapshot!(play.story(), @r#"
    0s     ask call turn:1 gives {"tool_calls":[{"id":"c0","name":"ask","arguments":{}},{"id":"c1","name":"look","arguments":{}},{"id":"c2","name":"ask","arguments":{}}]}
    0s     ask call tool:1:1 starts
    0s       → await slot ask 1 tool:1:0
    0s       → begin ask 1 tool:1:1
    0s       → await slot ask 1 tool:1:2
    0s     ask call tool:1:2 starts
    0s       → await slot ask 1 tool:1:0
    0s       → begin ask 1 tool:1:2
    0s     ask call tool:1:1 gives {}
    0s       → await slot ask 1 tool:1:0
    0s     ask call tool:1:2 gives {}
    0s       → await slot ask 1 tool:1:0
    0s     ask call tool:1:0 starts
    0s       → begin ask 1 tool:1:0
    0s     ask call tool:1:0 gives {}
    0s     ask call turn:2 starts
    0s       → begin ask 1 turn:2
    "#);
}

#[test]
fn a_slot_that_comes_late_or_twice_begins_nothing() {
    let mut play = plain(&json!({}));
    grants(&mut play, 1, StepKey::ONLY);
    play.story();

    grants(&mut play, 1, StepKey::ONLY);
    grants(&mut play, 2, StepKey::ONLY);
    play.completes("ask", json!({})).story();
    grants(&mut play, 1, StepKey::ONLY);

    assert_eq!(play.work.len(), 1);
    assert_snapshot!(play.story(), @"0s     rejected: the execution is completed");
}

#[test]
fn nothing_begins_during_a_pause_and_the_slot_is_asked_for_again_afterwards() {
    let mut play = plain(&json!({}));
    play.put_any(Input::Pause { by: Actor::USER }).story();

    grants(&mut play, 1, StepKey::ONLY);
    play.put_any(Input::Resume { by: Actor::USER });

    assert_snapshot!(play.story(), @r"
    0s     rejected: the execution is paused
    0s     resumed
    0s       → await slot ask 1
    ");
    assert_eq!(play.execution.next_timer(), None);
}

#[test]
fn who_takes_an_execution_over_asks_again_and_no_attempt_is_lost() {
    let mut first = plain(&json!({}));
    let mut turns = with_tools(&[AGENT]);
    grants(&mut turns, 1, StepKey::new("turn:1"));
    ends(&mut turns, "turn:1", &asks_for(&["look"]));
    ends(&mut turns, "tool:1:0", &json!({}));
    let pinned = with_tools(&[]).execution.pinned();
    let restarted = [replayed(&first, version(&flow("plain", &json!({})))), replayed(&turns, pinned)];

    for (play, replayed) in [&mut first, &mut turns].into_iter().zip(restarted) {
        assert_eq!(replayed.waiting_for(), Some(Wait::Slot));
        assert!(matches!(replayed.next_timer(), Some((_, TimerReason::Cut))));
        (play.execution, play.requests) = (replayed, Vec::new());
        play.put_any(Input::Adopt { worker: "w2".into() });
        play.at(30.0);
        assert_eq!(play.requests.len(), 1);
        assert_eq!(play.execution.next_timer(), None, "it asks once");
        let call = play.requests[0].call.clone();
        play.put_any(Input::SlotAnswered(SlotAnswer::Granted(call)));
        let node = &play.execution.nodes()[0];
        assert_eq!(node.attempts.len(), 1);
        assert!(matches!(node.state, NodeState::Running { .. }));
        let failed = |event: &Event| matches!(event, Event::AttemptFailed { .. });
        assert!(!play.journal.iter().any(|record| record.2.iter().any(failed)));
    }
}
