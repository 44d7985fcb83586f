//! Nodes that share a conversation with an agent, as transcripts: who waits, who writes, and who leaves.

use insta::assert_snapshot;
use serde_json::{Value, json};
use steadflow_core::caller::Actor;
use steadflow_core::event::{Event, Resolution};
use steadflow_core::execution::{Execution, ExecutionStatus, Input, Rejected, RetryMode, Wait};
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::flow::Flow;
use steadflow_core::ids::{AgentId, ExecutionId, NodeId};
use steadflow_core::limits::Limits;
use steadflow_core::session::{SessionAnswer, SessionPart, WhenBusy};
use uuid::Uuid;

use crate::support::{Play, version};

const AGENT: AgentId = AgentId::new(Uuid::from_u128(5));

fn flow(session: &Value) -> Value {
    json!({
        "name": "Talks", "flow_definition": { "nodes": [{
            "id": "ask", "type": "agent", "agent_id": AGENT.uuid(), "skill": "talk",
            "input": { "message": "Hi ${trigger_data.k}" }, "session": session,
            "retry": { "enabled": true, "count": 1 },
        }] },
    })
}

fn play(session: &Value) -> Play {
    Play::new(&flow(session))
}

fn part(last: u32) -> SessionAnswer {
    SessionAnswer::Taken(SessionPart {
        key: "s-1".into(),
        after: 0,
        last,
        bytes: 100,
        summary: None,
        fold: None,
    })
}

fn answered(play: &mut Play, answer: SessionAnswer) {
    let node = play.index("ask");
    play.put_any(Input::SessionAnswered { node, answer });
}

fn interrupted(play: &mut Play) -> Result<(), Rejected> {
    let by = ExecutionId::new(Uuid::from_u128(9));
    play.put(Input::Interrupt { node: NodeId::new("ask"), by })
}

#[test]
fn a_node_waits_for_its_session_and_adds_its_turn_when_it_completes() {
    let mut play = play(&json!("s-${trigger_data.k}"));
    assert_eq!(play.execution.waiting_for(), Some(Wait::Session));

    answered(&mut play, part(2));
    play.completes("ask", json!({ "text": "Hello" }));

    assert_snapshot!(play.story(), @r#"
    0s     accepted
    0s     started
    0s     ask waits for session
    0s       → await session s-1 for ask
    0s     ask has session s-1 behind turn 2
    0s     ask attempt 1 starts
    0s       → begin ask 1
    0s     ask completes with {"text":"Hello"}
    0s     finished: completed
    0s       → session s-1 is free
    0s       + turn 3 of s-1: {"message":"Hi 1"} {"text":"Hello"}
    "#);
    assert_eq!(play.work[0].session.as_ref().map(|part| (part.last, part.bytes)), Some((2, 100)));
}

#[test]
fn every_attempt_asks_with_the_same_turns() {
    let mut play = play(&json!("s-1"));
    answered(&mut play, part(2));
    play.fails("ask", Failure::new(ErrorClass::Unavailable, "No")).at(1.0);

    let replayed =
        Execution::replay(play.execution.id(), version(&flow(&json!("s-1"))), play.journal.clone());
    let parts = play.work.iter().map(|work| work.session.clone()).collect::<Vec<_>>();

    assert_eq!(parts.len(), 2);
    assert_eq!(parts[0], parts[1]);
    let node = play.index("ask");
    assert_eq!(replayed.expect("its journal is sound").node(node).session, parts[0]);
    assert_eq!(play.claims.len(), 1);
}

#[test]
fn a_node_leaves_its_session_however_it_ends() {
    let unavailable = || Failure::new(ErrorClass::Unavailable, "No");
    let cancel = || Input::Cancel { message: "No more".into(), by: Actor::USER };
    let ends: [fn(&mut Play); 3] = [
        |play| {
            play.fails("ask", Failure::new(ErrorClass::Rejected, "No"));
        },
        |play| drop(play.put(Input::Cancel { message: "No more".into(), by: Actor::USER })),
        |play| drop(play.put(Input::Refused { reason: "no room".into() })),
    ];
    for end in ends {
        let mut play = play(&json!("s-1"));
        answered(&mut play, part(0));
        play.fails("ask", unavailable()).at(1.0);
        play.story();
        end(&mut play);
        let story = play.story();
        assert!(story.contains("ask leaves its session") && story.contains("s-1 is free"), "{story}");
    }

    let mut waits = play(&json!("s-1"));
    waits.story();
    waits.put_any(cancel());
    assert_snapshot!(waits.story(), @r"
    0s     finished: cancelled
    0s       + ask leaves its session
    ");
}

#[test]
fn a_node_whose_session_is_taken_fails_for_good_and_asks_nobody() {
    let session = json!({ "key": "s-1", "when_busy": "interrupt", "max_turns": 3, "max_tokens": 10 });
    let mut document = flow(&session);
    document["flow_definition"]["nodes"][0]["on_exhausted"] = "ask".into();
    let states: [fn(&mut Play); 3] = [
        |_| {},
        |play| {
            play.fails("ask", Failure::new(ErrorClass::Unavailable, "No"));
        },
        |play| {
            play.fails("ask", Failure::new(ErrorClass::Rejected, "No"));
        },
    ];
    for reach in states {
        let mut play = Play::new(&document);
        assert_eq!(interrupted(&mut play), Err(Rejected::NotWaiting), "it has no session yet");
        let claim = &play.claims[0];
        assert_eq!((claim.turns_max, claim.bytes_max, claim.when_busy), (3, 40, WhenBusy::Interrupt));
        answered(&mut play, part(0));
        reach(&mut play);
        play.story();

        interrupted(&mut play).expect("it has the session");

        let error = play.execution.error().expect("it failed");
        assert_eq!(error.class, Some(ErrorClass::Replaced));
        assert!(error.message.contains("00000009 has taken the session `s-1`"), "{}", error.message);
        assert!(play.story().contains("ask leaves its session"));
        assert_eq!(interrupted(&mut play), Err(Rejected::Finished(ExecutionStatus::Failed)));
    }
}

#[test]
fn a_session_that_comes_during_a_pause_is_asked_for_again() {
    let mut play = play(&json!("s-1"));
    play.put_any(Input::Pause { by: Actor::USER });
    answered(&mut play, part(0));
    play.story();

    play.put_any(Input::Resume { by: Actor::USER });

    assert_snapshot!(play.story(), @r"
    0s     resumed
    0s       → await session s-1 for ask
    ");
}

#[test]
fn what_a_person_answers_for_a_node_is_its_turn() {
    let mut document = flow(&json!("s-1"));
    document["flow_definition"]["nodes"][0]["on_exhausted"] = "ask".into();
    let mut play = Play::new(&document);
    answered(&mut play, part(0));
    play.fails("ask", Failure::new(ErrorClass::Rejected, "No"));
    play.story();

    let output = steadflow_core::payload::Payload::from_value(&json!("by hand"));
    play.resolves("ask", Resolution::Complete { output });

    assert!(play.story().contains(r#"+ turn 1 of s-1: {"message":"Hi 1"} "by hand""#));
}

#[test]
fn a_turn_that_is_no_longer_the_last_is_not_written_again() {
    let old = {
        let mut play = play(&json!("s-1"));
        answered(&mut play, part(4));
        play.completes("ask", json!("old"));
        play.execution
    };
    let plan = old.regenerate_plan(&NodeId::new("ask"));
    assert_eq!(plan.run, [NodeId::new("ask")]);
    let accepted = old.retried(plan, None, Actor::USER, "w1".into());
    let mut play = Play::of(version(&flow(&json!("s-1"))), accepted);
    assert_eq!(play.claims[0].regenerates, Some(old.id()));

    answered(&mut play, SessionAnswer::Moved);

    assert_eq!(play.execution.error().and_then(|error| error.class), Some(ErrorClass::Replaced));
    let plain = old.retried(old.retry_plan(RetryMode::FromStart, old.flow()), None, Actor::USER, "w1".into());
    assert_eq!(plain.regenerates, None);
}

#[test]
fn what_leads_nowhere_is_reused_when_a_turn_is_written_again() {
    let mut document = flow(&json!("s-1"));
    let nodes = document["flow_definition"]["nodes"].as_array_mut().expect("a list");
    for id in ["before", "beside", "behind"] {
        nodes.push(json!({ "id": id, "type": "action", "action": "transform", "input": id }));
    }
    document["flow_definition"]["edges"] =
        json!([{ "from": "before", "to": "ask" }, { "from": "ask", "to": "behind" }]);
    let mut play = Play::new(&document);
    answered(&mut play, part(0));
    play.completes("ask", json!("old"));

    let plan = play.execution.regenerate_plan(&NodeId::new("ask"));

    assert_eq!(plan.run, ["ask", "behind"].map(NodeId::new));
    assert_eq!(plan.reused.outputs.into_keys().collect::<Vec<_>>(), ["before", "beside"].map(NodeId::new));
}

#[test]
fn a_key_that_is_none_fails_the_node_by_name() {
    for (key, said) in [
        (
            json!("${trigger_data.k}"),
            "`session` must be a string of 1 to 200 bytes that is not `.` or `..`, not 1",
        ),
        (json!("${'x' * 201}"), "`session` must be"),
        (json!("${' '}"), "`session` must be"),
        (json!("${trigger_data.missing}"), "has no field `missing`"),
    ] {
        let play = play(&key);

        let error = play.execution.error().unwrap_or_else(|| panic!("{key} is no key"));
        assert!(error.message.contains(said), "{key}: {}", error.message);
        assert!(play.claims.is_empty());
    }
}

#[test]
fn a_session_that_cannot_be_one_is_refused_with_its_place() {
    for (session, pointer) in [
        (json!(""), "session"),
        (json!("."), "session"),
        (json!("x".repeat(201)), "session"),
        (json!("${secrets.KEY}"), "session"),
        (json!("${nodes.gone.output}"), "session"),
        (json!({}), "session/key"),
        (json!({ "key": "${nodes.gone.output}" }), "session/key"),
        (json!({ "key": "a", "max_turns": 0 }), "session/max_turns"),
        (json!({ "key": "a", "when_busy": "steal" }), "session/when_busy"),
        (json!({ "key": "a", "summary": "yes" }), "session/summary"),
        (json!({ "key": "a", "summarise": true }), "session/summarise"),
    ] {
        let faults = Flow::parse(&flow(&session), &Limits::DEFAULT).expect_err("it is no session");

        let pointers: Vec<&str> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(pointers, [format!("/flow_definition/nodes/0/{pointer}")], "{session}: {faults:?}");
    }
}

#[test]
fn the_journal_says_which_turns_were_read_and_not_what_they_say() {
    let mut play = play(&json!("s-1"));
    answered(&mut play, part(2));

    let taken = play.journal.iter().flat_map(|record| &record.2);
    let taken = taken.filter(|event| matches!(event, Event::SessionTaken { .. }));
    let text: Vec<String> = taken.map(|event| serde_json::to_string(event).expect("it is JSON")).collect();

    assert_snapshot!(text.join("\n"), @r#"{"session_taken":{"node":0,"part":{"key":"s-1","after":0,"last":2,"bytes":100}}}"#);
}
