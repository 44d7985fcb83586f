//! Summaries of old turns of a session, as transcripts: when one is written, where it is kept, and what goes on without it.

use std::collections::BTreeMap;
use std::sync::Arc;

use insta::assert_snapshot;
use serde_json::{Value, json};
use steadflow_core::agent::Agent;
use steadflow_core::event::Event;
use steadflow_core::execution::{Execution, Input, Pinned};
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::ids::{AgentId, Attempt, ExecutionId, NodeId, StepKey};
use steadflow_core::payload::Payload;
use steadflow_core::protection::SlotAnswer;
use steadflow_core::session::{Fold, SessionAnswer, SessionPart, SummaryPlace};
use steadflow_core::usage::Usage;
use steadflow_core::work::{CallKey, Outcome, Task};
use uuid::Uuid;

use crate::support::{Play, accepted, version};

const AGENT: AgentId = AgentId::new(Uuid::from_u128(5));

/// A flow with one node, changed by `changes`, whose agent has a skill of one call (`talk`) and one with a tool (`find`).
fn pinned(changes: &Value) -> Pinned {
    let mut node = json!({
        "id": "ask", "type": "agent", "agent_id": AGENT.uuid(), "skill": "talk", "input": { "message": "Hi" },
        "session": { "key": "s-1", "max_turns": 4, "summary": true },
    });
    let mut flow = json!({ "name": "Talks" });
    for (key, value) in changes.as_object().into_iter().flatten() {
        if key == "budget" { flow[key] = value.clone() } else { node[key] = value.clone() }
    }
    flow["flow_definition"] = json!({ "nodes": [node] });
    let look = json!({ "name": "look", "type": "http_request", "request": { "url": "https://a.test" } });
    let agent = json!({
        "name": "Talker", "agent_type": "llm", "config": { "provider": "openai", "model": "m" },
        "skills": [{ "name": "talk", "max_tokens": 50 }, { "name": "find", "tools": [look], "max_turns": 2 }],
    });
    let agent = Agent::parse(&agent).unwrap_or_else(|faults| panic!("{faults:?}"));
    let agents = BTreeMap::from([(AGENT, Arc::new(agent))]);
    Pinned { agents: Some(Arc::new(agents)), ..version(&flow).into() }
}

fn play(changes: &Value) -> Play {
    play_with(changes, &[])
}

/// The same, where calls of these agents need a slot. The turns 2 to 4 are to be summarised; 3 is the last one that would be
/// left out without that.
fn play_with(changes: &Value, limited: &[AgentId]) -> Play {
    let mut accepted = accepted();
    accepted.agents.insert(AGENT, 3);
    let mut play = Play::limited(pinned(changes), accepted, limited);
    let part = SessionPart {
        key: "s-1".into(),
        after: 2,
        last: 6,
        bytes: 400,
        summary: Some(SummaryPlace { up_to: 1, bytes: 30 }),
        fold: Some(Fold { after: 1, up_to: 4, bytes: 300, rest: 200 }),
    };
    let node = play.index("ask");
    play.put_any(Input::SessionAnswered { node, answer: SessionAnswer::Taken(part) });
    play
}

fn ends(play: &mut Play, step: &str, outcome: Outcome) {
    let node = play.index("ask");
    let attempt = play.execution.node(node).attempts.last().map_or(Attempt::FIRST, |last| last.attempt);
    let call = CallKey { execution: play.execution.id(), node, attempt, step: StepKey::new(step) };
    play.put(Input::StepEnded { call, outcome }).expect("it is under way");
}

fn gives(play: &mut Play, step: &str, output: &Value) {
    let usage = Some(Arc::new(Usage { input_tokens: 100, output_tokens: 20, ..Usage::default() }));
    ends(play, step, Outcome { usage, ..Outcome::completed(Payload::from_value(output)) });
}

fn fails(play: &mut Play, step: &str, class: ErrorClass) {
    ends(play, step, Outcome::failed(Failure::new(class, "No")));
}

/// The calls that were begun, and what each reads: the turns, their bytes, and where the summary before them is.
fn read(play: &Play) -> Vec<String> {
    let read = |part: &SessionPart| {
        let summary = part.summary.map_or(0, |summary| summary.up_to);
        assert_eq!(part.fold, None, "a call has nothing to decide");
        format!("{summary} then {}-{} ({})", part.after + 1, part.last, part.bytes)
    };
    let work = play.work.iter();
    work.map(|work| format!("{} {}", work.step, work.session.as_deref().map_or_else(String::new, read)))
        .collect()
}

#[test]
fn a_summary_is_written_first_and_is_kept_before_anything_follows() {
    let mut play = play(&json!({}));
    assert_eq!((play.claims[0].turns_max, play.claims[0].has_summary), (4, true));
    play.story();

    gives(&mut play, "summary", &json!({ "text": "They said hi." }));
    gives(&mut play, "turn:1", &json!({ "output": { "text": "Hello" } }));

    assert_snapshot!(play.story(), @r#"
    0s     ask call summary gives {"text":"They said hi."}
    0s     ask call turn:1 starts
    0s       → begin ask 1 turn:1
    0s       + summary of s-1 up to turn 4: They said hi.
    0s     ask call turn:1 gives {"output":{"text":"Hello"}}
    0s     ask completes with {"text":"Hello"}
    0s     finished: completed
    0s       → session s-1 is free
    0s       + turn 7 of s-1: {"message":"Hi"} {"text":"Hello"}
    "#);
    assert_eq!(read(&play), ["summary 1 then 2-4 (300)", "turn:1 4 then 5-6 (200)"]);
    let Task::Summary(wanted) = &play.work[0].task else { panic!("{:?}", play.work[0].task) };
    assert_eq!((wanted.version, wanted.tokens_max, wanted.bytes_max), (Some(3), Some(1_000), 8_000));
    let part = play.execution.history_of(play.index("ask")).expect("it has a session");
    assert_eq!(part.summary, Some(SummaryPlace { up_to: 4, bytes: "They said hi.".len() as u64 }));
    assert_eq!(play.execution.usage().input_tokens, 200, "the summary counts, too");
}

#[test]
fn what_was_stored_is_not_asked_for_again_whatever_stops_the_process() {
    let adopted = |play: &mut Play, second: f64| {
        let pinned = play.execution.pinned();
        play.execution =
            Execution::replay(play.execution.id(), pinned, play.journal.clone()).expect("a journal");
        play.put(Input::Adopt { worker: "w2".into() }).expect("it runs");
        play.at(second);
    };
    let mut play = play(&json!({ "retry": { "enabled": true, "count": 3 } }));
    // The answer is lost once.
    adopted(&mut play, 100.0);
    gives(&mut play, "summary", &json!({ "text": "They said hi." }));
    adopted(&mut play, 200.0);

    gives(&mut play, "turn:1", &json!({ "output": "Hello" }));

    let (summary, turn) = ("summary 1 then 2-4 (300)", "turn:1 4 then 5-6 (200)");
    assert_eq!(read(&play), [summary, summary, turn, turn]);
    assert!(play.story().contains("completes with \"Hello\""));
}

#[test]
fn a_summary_that_fails_is_retried_as_the_node_says_and_then_done_without() {
    let mut play = play(&json!({ "retry": { "enabled": true, "count": 1 } }));
    play.story();

    fails(&mut play, "summary", ErrorClass::Unavailable);
    play.at(100.0);
    fails(&mut play, "summary", ErrorClass::Unavailable);
    gives(&mut play, "turn:1", &json!({ "output": "Hello" }));

    assert_snapshot!(play.story(), @r#"
    0s     ask call summary fails (unavailable: No)
    0s     ask attempt 1 fails (unavailable: No), next at 1s
    100s   ask attempt 2 starts
    100s   ask call summary starts
    100s     → begin ask 2 summary
    100s   ask call summary fails (unavailable: No)
    100s   ask call turn:1 starts
    100s     → begin ask 2 turn:1
    100s   ask call turn:1 gives {"output":"Hello"}
    100s   ask completes with "Hello"
    100s   finished: completed
    100s     → session s-1 is free
    100s     + turn 7 of s-1: {"message":"Hi"} "Hello"
    "#);
    let summary = "summary 1 then 2-4 (300)";
    assert_eq!(read(&play), [summary, summary, "turn:1 1 then 3-6 (400)"]);
}

#[test]
fn a_summary_that_another_attempt_would_not_give_is_asked_for_once() {
    // The question waits for a slot of its agent, and fails once.
    let mut play = play_with(&json!({ "retry": { "enabled": true, "count": 3 } }), &[AGENT]);
    let granted = |play: &mut Play| {
        let call = play.requests.last().expect("a slot is asked for").call.clone();
        play.put(Input::SlotAnswered(SlotAnswer::Granted(call))).expect("it waits");
    };
    granted(&mut play);
    fails(&mut play, "summary", ErrorClass::Rejected);
    granted(&mut play);
    fails(&mut play, "turn:1", ErrorClass::Unavailable);
    play.at(100.0);
    granted(&mut play);
    gives(&mut play, "turn:1", &json!({ "output": "Hello" }));

    let turn = "turn:1 1 then 3-6 (400)";
    assert_eq!(read(&play), ["summary 1 then 2-4 (300)", turn, turn], "all attempts ask with the same turns");
    assert!(play.story().contains("completes with \"Hello\""));
}

#[test]
fn a_summary_that_cannot_be_read_is_none() {
    let mut play = play(&json!({}));

    gives(&mut play, "summary", &json!({ "no": "text" }));

    assert!(!play.story().contains("summary of s-1"));
    assert_eq!(read(&play)[1], "turn:1 1 then 3-6 (400)");
}

#[test]
fn the_loop_of_a_skill_with_tools_begins_behind_its_summary() {
    let mut play = play(&json!({ "skill": "find" }));

    gives(&mut play, "summary", &json!({ "text": "They said hi." }));
    gives(&mut play, "turn:1", &json!({ "tool_calls": [{ "id": "c", "name": "look", "arguments": {} }] }));
    gives(&mut play, "tool:1:0", &json!(1));
    gives(&mut play, "turn:2", &json!({ "output": "Found" }));

    let turn = |number: u32| format!("turn:{number} 4 then 5-6 (200)");
    let expected = ["summary 1 then 2-4 (300)".to_owned(), turn(1), "tool:1:0 ".to_owned(), turn(2)];
    assert_eq!(read(&play), expected);
    assert!(play.story().contains("completes with \"Found\""), "a summary is none of its `max_turns`");
}

#[test]
fn a_summary_leaves_half_of_the_time_for_the_question() {
    let mut play = play(&json!({ "timeout_seconds": 60 }));
    assert_eq!(play.work[0].stop_at, Some(play.now.plus(std::time::Duration::from_secs(30))));

    play.at(30.0);
    gives(&mut play, "turn:1", &json!({ "output": "Hello" }));

    assert_eq!(read(&play)[1], "turn:1 1 then 3-6 (400)");
    assert!(play.story().contains("completes with \"Hello\""));
}

#[test]
fn a_budget_counts_a_summary_and_can_forbid_it() {
    // Twice what is quoted, what is said around it, and 1,000 tokens of an answer are more than 5,000.
    let mut play = play(&json!({ "budget": { "max_tokens": 5_000 } }));
    assert_eq!(play.execution.error().and_then(|error| error.class), Some(ErrorClass::Budget));
    assert!(play.story().contains("ask leaves its session"));

    let play = self::play(&json!({ "budget": { "max_tokens": 50_000 } }));
    let reserved = |event: &Event| {
        let Event::StepStarted { reserved, .. } = event else { return None };
        reserved.as_ref().map(|reserved| reserved.tokens)
    };
    let reserved = play.journal.iter().flat_map(|record| &record.2).find_map(reserved);
    let (question, quoted) = (1_024 + r#"{"message":"Hi"}"#.len() as u64, 2 * (300 + 30 + 4 * 256) + 2_048);
    assert_eq!(reserved, Some(question + quoted + 1_000));
}

#[test]
fn who_interrupts_a_summary_takes_the_session_and_it_is_stopped() {
    let mut play = play(&json!({}));
    play.story();

    let by = ExecutionId::new(Uuid::from_u128(9));
    play.put(Input::Interrupt { node: NodeId::new("ask"), by }).expect("it has the session");

    let story = play.story();
    assert!(story.contains("stop ask 1 summary") && story.contains("ask leaves its session"), "{story}");
}

#[test]
fn an_agent_that_cannot_be_read_is_asked_for_no_summary() {
    let mut accepted = accepted();
    accepted.agents.insert(AGENT, 3);
    let pinned = Pinned { agents: None, ..pinned(&json!({})) };
    let mut play = Play::of(pinned, accepted);
    let part = SessionPart {
        key: "s-1".into(),
        after: 2,
        last: 6,
        bytes: 400,
        summary: None,
        fold: Some(Fold { after: 1, up_to: 4, bytes: 300, rest: 200 }),
    };
    let node = play.index("ask");

    play.put_any(Input::SessionAnswered { node, answer: SessionAnswer::Taken(part) });

    assert_eq!(read(&play), ["- 0 then 3-6 (400)"]);
}
