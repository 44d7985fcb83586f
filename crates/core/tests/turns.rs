//! A skill with tools, as transcripts: what its model and its tools say, and what follows.

use std::collections::BTreeMap;
use std::sync::Arc;

use insta::assert_snapshot;
use serde_json::{Value, json};
use steadflow_core::agent::Agent;
use steadflow_core::caller::Actor;
use steadflow_core::event::Event;
use steadflow_core::execution::{Execution, ExecutionStatus, Input, Pinned};
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::ids::{AgentId, Attempt, StepKey};
use steadflow_core::payload::Payload;
use steadflow_core::usage::{Usage, UsageSum};
use steadflow_core::work::{CallKey, NextTurn, Outcome, Task, Work};
use uuid::Uuid;

use crate::support::{Play, accepted, version};

const AGENT: u128 = 5;
const ASKED: u128 = 6;

/// An agent whose skill `find` has two tools: one that sends a request, and one that asks another agent.
fn agent(bounds: &Value) -> Agent {
    let mut skill = json!({
        "name": "find", "instructions": "Find it.",
        "tools": [
            { "name": "look", "type": "http_request", "request": { "url": "https://a.test/${input.id}" } },
            { "name": "ask", "type": "skill", "agent_id": Uuid::from_u128(ASKED), "skill": "translate" },
        ],
    });
    for (key, value) in bounds.as_object().into_iter().flatten() {
        skill[key] = value.clone();
    }
    let document = json!({
        "name": "Finder", "agent_type": "llm", "config": { "provider": "openai", "model": "m" },
        "skills": [skill, "plain"],
    });
    Agent::parse(&document).unwrap_or_else(|faults| panic!("{faults:?}"))
}

fn pinned(bounds: &Value, retries: u32) -> Pinned {
    pinned_for(bounds, None, retries)
}

/// The same, with a timeout of the node in seconds.
pub(crate) fn pinned_for(bounds: &Value, timeout: Option<u32>, retries: u32) -> Pinned {
    let node = json!({
        "id": "think", "type": "agent", "agent_id": Uuid::from_u128(AGENT), "skill": "find",
        "input": { "k": "${trigger_data.k}" }, "timeout_seconds": timeout,
    });
    let flow = json!({
        "name": "Turns", "retry_on_failure": retries > 0, "retry_count": retries.max(1),
        "flow_definition": { "nodes": [node] },
    });
    let agents = BTreeMap::from([(AgentId::new(Uuid::from_u128(AGENT)), Arc::new(agent(bounds)))]);
    Pinned { agents: Some(Arc::new(agents)), ..version(&flow).into() }
}

pub(crate) fn play(bounds: &Value, retries: u32) -> Play {
    play_of(pinned(bounds, retries))
}

pub(crate) fn play_of(pinned: Pinned) -> Play {
    let mut accepted = accepted();
    accepted.agents.insert(AgentId::new(Uuid::from_u128(AGENT)), 3);
    accepted.agents.insert(AgentId::new(Uuid::from_u128(ASKED)), 4);
    let mut play = Play::of(pinned, accepted);
    play.story();
    play
}

pub(crate) fn ends(play: &mut Play, step: &str, outcome: Outcome) {
    let node = play.index("think");
    let attempt = play.execution.node(node).attempts.last().map_or(Attempt::FIRST, |last| last.attempt);
    let call = CallKey { execution: play.execution.id(), node, attempt, step: StepKey::new(step) };
    let _ = play.put(Input::StepEnded { call, outcome });
}

pub(crate) fn gives(play: &mut Play, step: &str, output: Value) {
    uses(play, step, output, 10);
}

fn uses(play: &mut Play, step: &str, output: Value, output_tokens: u64) {
    let usage = Usage { input_tokens: 100, cached_input_tokens: 60, output_tokens, ..Usage::default() };
    let usage = Some(Arc::new(usage));
    ends(play, step, Outcome { usage, ..Outcome::completed(Payload::from_value(&output)) });
}

pub(crate) fn fails(play: &mut Play, step: &str, class: ErrorClass, message: &str) {
    ends(play, step, Outcome::failed(Failure::new(class, message)));
}

/// Asks for tools with these names.
fn asks(names: &[&str]) -> Value {
    let call = |(number, name): (usize, &&str)| json!({ "id": format!("c{number}"), "name": name, "arguments": { "id": number } });
    json!({ "tool_calls": names.iter().enumerate().map(call).collect::<Vec<_>>() })
}

fn turn_of(work: &Work) -> Option<&NextTurn> {
    if let Task::Turn(turn) = &work.task { Some(turn) } else { None }
}

pub(crate) fn last_turn(play: &Play) -> &NextTurn {
    let turns = play.work.iter().rev().find_map(turn_of);
    turns.expect("the model was asked")
}

#[test]
fn answers_and_tools_follow_each_other_until_the_model_asks_for_nothing_more() {
    let mut play = play(&json!({}), 0);

    gives(&mut play, "turn:1", asks(&["look", "ask"]));
    gives(&mut play, "tool:1:1", json!("b"));
    gives(&mut play, "tool:1:0", json!("a"));
    gives(&mut play, "turn:2", json!({ "output": { "text": "done" } }));

    assert_snapshot!(play.story(), @r#"
    0s     think call turn:1 gives {"tool_calls":[{"id":"c0","name":"look","arguments":{"id":0}},{"id":"c1","name":"ask","arguments":{"id":1}}]}
    0s     think call tool:1:0 starts
    0s     think call tool:1:1 starts
    0s       → begin think 1 tool:1:0
    0s       → begin think 1 tool:1:1
    0s     think call tool:1:1 gives "b"
    0s     think call tool:1:0 gives "a"
    0s     think call turn:2 starts
    0s       → begin think 1 turn:2
    0s     think call turn:2 gives {"output":{"text":"done"}}
    0s     think completes with {"text":"done"}
    0s     finished: completed
    "#);
    assert_eq!(
        play.execution.usage(),
        UsageSum { input_tokens: 400, cached_input_tokens: 240, output_tokens: 40, ..UsageSum::default() }
    );
}

#[test]
fn what_a_model_is_asked_follows_from_what_is_stored() {
    let mut play = play(&json!({}), 0);

    gives(&mut play, "turn:1", asks(&["look", "gone"]));
    fails(&mut play, "tool:1:1", ErrorClass::Validation, "There is no tool `gone`");
    gives(&mut play, "tool:1:0", json!({ "n": 1 }));

    let turns = &last_turn(&play).turns;
    assert_eq!(turns.len(), 1);
    assert_eq!(turns[0].answer, Payload::from_value(&asks(&["look", "gone"])));
    assert_eq!(turns[0].results[0].as_ref().map(Payload::as_str), Ok(r#"{"n":1}"#));
    assert_eq!(turns[0].results[1].as_ref().map_err(|message| &**message), Err("There is no tool `gone`"));
    // The input is recorded with the attempt, and the transcript is nowhere a second time.
    let input_of = |event: &'_ Event| {
        if let Event::AttemptStarted { input, .. } | Event::StepStarted { input, .. } = event {
            input.clone()
        } else {
            None
        }
    };
    let inputs: Vec<Payload> =
        play.journal.iter().flat_map(|record| &record.2).filter_map(input_of).collect();
    let inputs: Vec<&str> = inputs.iter().map(Payload::as_str).collect();
    assert_eq!(inputs, [r#"{"k":1}"#, r#"{"id":0}"#, r#"{"id":1}"#]);
}

#[test]
fn each_call_has_its_own_key_and_the_pinned_versions() {
    let mut play = play(&json!({}), 0);
    gives(&mut play, "turn:1", asks(&["look", "ask", "gone"]));

    let keys: Vec<String> = play.work.iter().map(|work| work.idempotency_key()).collect();
    let id = play.execution.id();
    assert_eq!(keys, ["turn:1", "tool:1:0", "tool:1:1", "tool:1:2"].map(|step| format!("{id}:think:{step}")));
    let versions: Vec<_> = play
        .work
        .iter()
        .map(|work| match &work.task {
            Task::Turn(turn) => (turn.version, None),
            Task::Tool { version, asked_version, .. } => (*version, *asked_version),
            task @ (Task::Skill { .. }
            | Task::Summary(_)
            | Task::Judge(_)
            | Task::ListTools { .. }
            | Task::CancelTask { .. }
            | Task::HttpRequest
            | Task::Message(_)
            | Task::Code(_)
            | Task::Echo) => {
                panic!("{task:?}")
            }
        })
        .collect();
    assert_eq!(versions, [(Some(3), None), (Some(3), None), (Some(3), Some(4)), (Some(3), None)]);
}

#[test]
fn a_crash_repeats_only_what_was_not_stored() {
    let mut play = play(&json!({}), 0);
    gives(&mut play, "turn:1", asks(&["look", "look"]));
    gives(&mut play, "tool:1:0", json!("a"));
    play.story();

    let _ = play.put(Input::Adopt { worker: "w2".into() });
    play.at(1.0);
    gives(&mut play, "tool:1:1", json!("b"));

    assert_snapshot!(play.story(), @r#"
    0s     adopted by w2
    0s     think attempt 1 fails (interrupted: The process stopped during this attempt; whether its work was done is unknown), next at 1s
    1s     think attempt 2 starts
    1s     think call tool:1:1 starts
    1s       → begin think 2 tool:1:1
    1s     think call tool:1:1 gives "b"
    1s     think call turn:2 starts
    1s       → begin think 2 turn:2
    "#);
}

#[test]
fn an_execution_that_is_replayed_goes_on_where_it_stopped() {
    let mut play = play(&json!({ "max_tokens": 100 }), 0);
    gives(&mut play, "turn:1", asks(&["look"]));
    let _ = play.put(Input::Adopt { worker: "w2".into() });

    let pinned = pinned(&json!({ "max_tokens": 100 }), 0);
    play.execution = Execution::replay(play.execution.id(), pinned, play.journal.clone()).unwrap();
    play.story();
    play.at(1.0);
    gives(&mut play, "tool:1:0", json!("a"));

    assert_snapshot!(play.story(), @r#"
    1s     think attempt 2 starts
    1s     think call tool:1:0 starts
    1s       → begin think 2 tool:1:0
    1s     think call tool:1:0 gives "a"
    1s     think call turn:2 starts
    1s       → begin think 2 turn:2
    "#);
}

#[test]
fn an_answer_that_does_not_fit_is_asked_for_again_with_what_was_wrong() {
    let mut play = play(&json!({}), 1);
    gives(&mut play, "turn:1", asks(&["look"]));
    gives(&mut play, "tool:1:0", json!("a"));
    fails(&mut play, "turn:2", ErrorClass::ModelOutput, "The model's response is empty.");
    play.at(1.0);

    assert_eq!(last_turn(&play).correction.as_deref(), Some("The model's response is empty."));
    assert_eq!(last_turn(&play).turns.len(), 1);
    gives(&mut play, "turn:2", asks(&["look"]));
    gives(&mut play, "tool:2:0", json!("b"));
    assert_eq!((last_turn(&play).correction.as_deref(), last_turn(&play).turns.len()), (None, 2));
}

#[test]
fn a_peer_that_fails_is_no_mistake_of_the_model() {
    let mut play = play(&json!({}), 1);
    fails(&mut play, "turn:1", ErrorClass::Unavailable, "503");
    play.at(1.0);

    assert_eq!(last_turn(&play).correction, None);
    assert_eq!(play.work.len(), 2);
}

#[test]
fn only_a_fault_of_ours_or_a_guardrail_fails_the_attempt_with_a_tool() {
    for class in ErrorClass::ALL {
        let mut play = play(&json!({}), 1);
        gives(&mut play, "turn:1", asks(&["look"]));
        fails(&mut play, "tool:1:0", *class, "no");

        let has_failed = play.story().contains("attempt 1 fails");
        let fails = matches!(class, ErrorClass::Internal | ErrorClass::Interrupted | ErrorClass::Guardrail);
        assert_eq!(has_failed, fails, "{class}");
    }
}

#[test]
fn a_tool_with_a_fault_of_ours_is_called_again() {
    let mut play = play(&json!({}), 1);
    gives(&mut play, "turn:1", asks(&["look", "look"]));
    gives(&mut play, "tool:1:0", json!("a"));
    fails(&mut play, "tool:1:1", ErrorClass::Internal, "no");
    play.story();
    play.at(1.0);
    gives(&mut play, "tool:1:1", json!("b"));

    assert_snapshot!(play.story(), @r#"
    1s     think attempt 2 starts
    1s     think call tool:1:1 starts
    1s       → begin think 2 tool:1:1
    1s     think call tool:1:1 gives "b"
    1s     think call turn:2 starts
    1s       → begin think 2 turn:2
    "#);
}

#[test]
fn a_model_that_calls_tools_for_ever_ends_by_name() {
    let mut play = play(&json!({ "max_turns": 2 }), 5);
    gives(&mut play, "turn:1", asks(&["look"]));
    gives(&mut play, "tool:1:0", json!("a"));
    gives(&mut play, "turn:2", asks(&["look"]));
    play.story();
    gives(&mut play, "tool:2:0", json!("b"));

    assert_snapshot!(play.story(), @r#"
    0s     think call tool:2:0 gives "b"
    0s     think attempt 1 fails (budget: The model was asked 2 times, as often as `max_turns` allows, and is not done. Calls whose answer was lost count, too)
    0s     think fails
    0s     finished: failed
    "#);
}

#[test]
fn calls_that_were_lost_count_as_turns() {
    let mut play = play(&json!({ "max_turns": 3 }), 5);
    for second in 1..=5 {
        let _ = play.put(Input::Adopt { worker: "w2".into() });
        play.at(f64::from(second) * 100.0);
        if play.work.len() == 2 {
            // Two interruptions one after the other would end it anyway.
            gives(&mut play, "turn:1", asks(&["look"]));
            gives(&mut play, "tool:1:0", json!("a"));
        }
    }

    let asked = play.work.iter().filter(|work| matches!(work.task, Task::Turn(_))).count();
    assert_eq!(asked, 3);
    assert_eq!(play.execution.error().and_then(|error| error.class), Some(ErrorClass::Budget));
}

#[test]
fn failed_answers_count_as_turns_and_with_their_tokens() {
    let mut play = play(&json!({ "max_turns": 9, "max_tokens": 100 }), 9);
    let misfit = Failure::new(ErrorClass::ModelOutput, "no");
    let usage = Some(Arc::new(Usage { input_tokens: 1, output_tokens: 30, ..Usage::default() }));
    for second in 1..=9 {
        ends(&mut play, "turn:1", Outcome { usage: usage.clone(), ..Outcome::failed(misfit.clone()) });
        play.at(f64::from(second) * 1000.0);
    }

    let limits: Vec<_> = play.work.iter().filter_map(turn_of).map(|turn| turn.tokens_max).collect();
    assert_eq!(limits, [Some(25), Some(25), Some(25), Some(10)]);
    assert_eq!(play.execution.error().and_then(|error| error.class), Some(ErrorClass::Budget));
    assert!(play.shown().contains("`max_tokens`"), "{}", play.shown());
}

#[test]
fn what_a_lost_call_could_have_used_stays_reserved() {
    let mut play = play(&json!({ "max_tokens": 100, "max_answer_tokens": 70 }), 9);
    let _ = play.put(Input::Adopt { worker: "w2".into() });
    play.at(1.0);

    assert_eq!(last_turn(&play).tokens_max, Some(30));
    let reserved_by =
        |event: &Event| if let Event::StepStarted { tokens, .. } = event { *tokens } else { None };
    let events = play.journal.iter().flat_map(|record| &record.2);
    assert_eq!(events.filter_map(reserved_by).collect::<Vec<_>>(), [70, 30]);
    uses(&mut play, "turn:1", asks(&["look"]), 5);
    gives(&mut play, "tool:1:0", json!("a"));
    assert_eq!(last_turn(&play).tokens_max, Some(25));
}

#[test]
fn any_number_of_tokens_that_a_server_says_is_counted() {
    let mut play = play(&json!({ "max_tokens": 100 }), 0);
    uses(&mut play, "turn:1", asks(&["look"]), u64::MAX);
    gives(&mut play, "tool:1:0", json!("a"));

    assert_eq!(play.execution.error().and_then(|error| error.class), Some(ErrorClass::Budget));
    assert_eq!(play.execution.usage().output_tokens, u64::MAX);
}

#[test]
fn a_release_repeats_the_call_and_counts_it() {
    let mut play = play(&json!({ "max_turns": 2 }), 0);
    let _ = play.put(Input::Release);
    play.at(1.0);
    let _ = play.put(Input::Release);
    play.at(2.0);

    assert_eq!(play.work.len(), 2);
    assert_eq!(play.execution.error().and_then(|error| error.class), Some(ErrorClass::Budget));
}

#[test]
fn nothing_is_called_while_the_execution_is_paused() {
    let mut play = play(&json!({}), 0);
    let _ = play.put(Input::Pause { by: Actor::USER });
    gives(&mut play, "turn:1", asks(&["look", "look"]));
    assert_eq!(play.work.len(), 1);
    let _ = play.put(Input::Resume { by: Actor::USER });
    assert_eq!(play.work.len(), 3);
    let _ = play.put(Input::Pause { by: Actor::USER });
    gives(&mut play, "tool:1:1", json!(1));
    gives(&mut play, "tool:1:0", json!(2));
    assert_eq!(play.work.len(), 3);
    let _ = play.put(Input::Resume { by: Actor::USER });

    assert_eq!(last_turn(&play).turns[0].results.len(), 2);
}

#[test]
fn a_cancel_stops_every_tool() {
    let mut play = play(&json!({}), 0);
    gives(&mut play, "turn:1", asks(&["look", "look"]));
    play.story();
    let _ = play.put(Input::Cancel { message: "enough".into(), by: Actor::USER });

    assert_snapshot!(play.story(), @"
    0s     finished: cancelled
    0s       → stop think 1 tool:1:0
    0s       → stop think 1 tool:1:1
    ");
}

#[test]
fn an_agent_that_was_deleted_meanwhile_fails_the_node() {
    let mut play = play(&json!({}), 0);
    gives(&mut play, "turn:1", asks(&["look"]));
    let _ = play.put(Input::Adopt { worker: "w2".into() });
    let pinned = Pinned { agents: None, ..pinned(&json!({}), 0) };
    play.execution = Execution::replay(play.execution.id(), pinned, play.journal.clone()).unwrap();

    play.at(1.0);

    assert_eq!(play.execution.status(), ExecutionStatus::Failed);
    assert_eq!(play.execution.error().and_then(|error| error.class), Some(ErrorClass::Configuration));
}

#[test]
fn a_skill_without_tools_is_one_call_without_a_key() {
    let mut pinned = pinned(&json!({}), 0);
    let node =
        json!({ "id": "think", "type": "agent", "agent_id": Uuid::from_u128(AGENT), "skill": "plain" });
    pinned.flow = version(&json!({ "name": "Plain", "flow_definition": { "nodes": [node] } }));

    let play = Play::of(pinned, accepted());

    assert_eq!(play.work[0].step, StepKey::ONLY);
    assert!(matches!(play.work[0].task, Task::Skill { .. }));
}

#[test]
fn an_answer_that_cannot_be_read_is_a_fault_of_ours() {
    let mut play = play(&json!({}), 0);
    gives(&mut play, "turn:1", json!("no answer"));

    assert_eq!(play.execution.error().and_then(|error| error.class), Some(ErrorClass::Internal));
}

#[test]
fn stored_bytes_grow_with_the_turns_and_not_with_their_square() {
    let stored = |turns: u32| {
        let mut play = play(&json!({ "max_turns": 100 }), 0);
        for turn in 1..=turns {
            gives(&mut play, &format!("turn:{turn}"), asks(&["look"]));
            gives(&mut play, &format!("tool:{turn}:0"), json!("x".repeat(1_000)));
        }
        play.journal.iter().map(|record| serde_json::to_string(record).unwrap().len()).sum::<usize>()
    };
    let (few, many) = (stored(10), stored(50));

    assert!(many < few * 6, "{few} and {many}");
}
