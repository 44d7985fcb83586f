//! Calls of tools that wait until a person has approved them.

use insta::assert_snapshot;
use serde_json::{Value, json};
use steadflow_core::agent::Agent;
use steadflow_core::approval::{Answer, Verdict, hash_of};
use steadflow_core::caller::Actor;
use steadflow_core::execution::{Execution, ExecutionStatus, Input, Pinned, Rejected, TimerReason, Wait};
use steadflow_core::failure::ErrorClass;
use steadflow_core::ids::{NodeId, StepKey};
use steadflow_core::payload::Payload;

use crate::support::{Play, START};
use crate::turns::{fails, gives, last_turn, pinned_for, play, play_of};

/// Two tools: `look` is called at once, and `pay` needs approval.
fn tools(approval: &Value) -> Value {
    let request = json!({ "url": "https://a.test" });
    let mut pay = json!({ "name": "pay", "type": "http_request", "request": request });
    for (key, value) in approval.as_object().into_iter().flatten() {
        pay[key] = value.clone();
    }
    json!({ "tools": [{ "name": "look", "type": "http_request", "request": request }, pay] })
}

/// Asks for tools with these names and arguments.
fn asks(calls: &[(&str, Value)]) -> Value {
    let call =
        |(name, arguments): &(&str, Value)| json!({ "id": name, "name": name, "arguments": arguments });
    json!({ "tool_calls": calls.iter().map(call).collect::<Vec<_>>() })
}

fn answer(arguments: &Value, verdict: Verdict) -> Answer {
    let hash = hash_of(&Payload::from_value(arguments));
    Answer { step: StepKey::new("tool:1:0"), hash, verdict, comment: None }
}

fn answers(play: &mut Play, answer: Answer) -> Result<(), Rejected> {
    play.put(Input::Approve { node: NodeId::new("think"), answer, by: Actor::USER })
}

const YES: Verdict = Verdict::Approved { arguments: None };

/// Plays until `pay` waits for approval with `{"amount": 5}`, and nothing else is under way.
fn waiting(approval: &Value) -> Play {
    let mut play = play(&tools(approval), 0);
    gives(&mut play, "turn:1", asks(&[("pay", json!({ "amount": 5 }))]));
    play.story();
    play
}

fn replayed(play: &Play, tools: &Value, timeout: Option<u32>) -> Execution {
    let pinned = pinned_for(tools, timeout, 0);
    Execution::replay(play.execution.id(), pinned, play.journal.clone()).expect("the journal is whole")
}

#[test]
fn a_call_waits_for_its_approval_and_others_go_on() {
    let mut play = play(&tools(&json!({ "approval": "always" })), 0);

    gives(&mut play, "turn:1", asks(&[("pay", json!({ "amount": 5 })), ("look", json!({}))]));
    let waits = play.execution.waiting_for();
    gives(&mut play, "tool:1:1", json!("seen"));
    let edited = Verdict::Approved { arguments: Some(Payload::from_value(&json!({ "amount": 4 }))) };
    answers(&mut play, answer(&json!({ "amount": 5 }), edited)).unwrap();

    assert_eq!(waits, Some(Wait::Approval));
    assert_snapshot!(play.story(), @r#"
    0s     think call turn:1 gives {"tool_calls":[{"id":"pay","name":"pay","arguments":{"amount":5}},{"id":"look","name":"look","arguments":{}}]}
    0s     think call tool:1:0 of pay with {"amount":5} needs approval
    0s     think call tool:1:1 starts
    0s       → begin think 1 tool:1:1
    0s     think call tool:1:1 gives "seen"
    0s     think call tool:1:0 is approved
    0s     think call tool:1:0 starts
    0s       → begin think 1 tool:1:0
    "#);
    assert_eq!(play.work.last().unwrap().input.as_str(), r#"{"amount":4}"#);
    assert_eq!(play.execution.waiting_for(), None);
}

#[test]
fn what_a_person_says_against_a_call_is_told_to_the_model() {
    let mut play = waiting(&json!({ "approval": "always" }));

    let no =
        Answer { comment: Some("Ask for less".into()), ..answer(&json!({ "amount": 5 }), Verdict::Rejected) };
    answers(&mut play, no).unwrap();

    let results = &last_turn(&play).turns[0].results;
    assert_eq!(results[0].as_ref().map_err(|said| &**said), Err("A person rejected this call: Ask for less"));
    gives(&mut play, "turn:2", json!({ "output": "done" }));
    assert_eq!(play.execution.status(), ExecutionStatus::Completed);
}

#[test]
fn a_call_on_which_nobody_decides_in_time_is_refused() {
    let mut play = waiting(&json!({ "approval": "always", "approval_timeout_seconds": 60 }));

    let timer = play.execution.next_timer();
    play.at(59.0).at(60.0);

    assert_eq!(
        timer.map(|(at, reason)| (at.since(START).as_secs(), reason)),
        Some((60, TimerReason::Approval))
    );
    assert_snapshot!(play.story(), @r"
    60s    think call tool:1:0 is expired
    60s    think call turn:2 starts
    60s      → begin think 1 turn:2
    ");
    let said = last_turn(&play).turns[0].results[0].clone().unwrap_err();
    assert_eq!(
        &*said,
        "This call needs the approval of a person, and nobody decided in time, so it was not made."
    );
}

#[test]
fn the_time_in_which_an_attempt_only_waits_for_people_is_no_part_of_its_timeout() {
    let tools = tools(&json!({ "approval": "always" }));
    let mut play = play_of(pinned_for(&tools, Some(10), 0));
    play.at(4.0);
    gives(&mut play, "turn:1", asks(&[("pay", json!({ "amount": 5 }))]));
    let timer = play.execution.next_timer();
    play.at(3_604.0);

    answers(&mut play, answer(&json!({ "amount": 5 }), YES)).unwrap();

    assert_eq!(timer, None);
    let stop_at = play.work.last().unwrap().stop_at.unwrap();
    assert_eq!(stop_at.since(START).as_secs(), 3_610);
    assert_eq!(replayed(&play, &tools, Some(10)).next_timer(), Some((stop_at, TimerReason::AttemptTimeout)));
}

#[test]
fn a_call_is_decided_on_once_and_with_the_arguments_that_it_has() {
    let mut play = waiting(&json!({ "approval": "always" }));

    let other = answers(&mut play, answer(&json!({ "amount": 6 }), YES));
    let unknown = Answer { step: StepKey::new("tool:1:7"), ..answer(&json!({ "amount": 5 }), YES) };
    let unknown = answers(&mut play, unknown);
    let first = answers(&mut play, answer(&json!({ "amount": 5 }), Verdict::Rejected));
    let second = answers(&mut play, answer(&json!({ "amount": 5 }), YES));
    gives(&mut play, "turn:2", json!({ "output": "done" }));
    let late = answers(&mut play, answer(&json!({ "amount": 5 }), YES));

    assert_eq!((other, first), (Err(Rejected::OtherArguments), Ok(())));
    assert_eq!(unknown, Err(Rejected::NoSuchApproval(StepKey::new("tool:1:7"))));
    for again in [second, late] {
        let Err(Rejected::AlreadyDecided(decided)) = again else { panic!("{again:?}") };
        assert_eq!((decided.verdict, decided.by), (Verdict::Rejected, Actor::USER));
    }
}

#[test]
fn nothing_is_left_to_decide_when_the_execution_has_ended() {
    let mut play = waiting(&json!({ "approval": "always" }));

    play.put_any(Input::Cancel { message: "no".into(), by: Actor::USER });

    let late = answers(&mut play, answer(&json!({ "amount": 5 }), YES));
    assert_eq!(late, Err(Rejected::Finished(ExecutionStatus::Cancelled)));
    assert_eq!(play.execution.nodes()[0].open_approvals().count(), 0);
}

#[test]
fn the_arguments_say_which_calls_need_approval() {
    for (arguments, waits) in [
        (json!({ "amount": 1000 }), false),
        (json!({ "amount": 1001 }), true),
        // What cannot be evaluated needs a person.
        (json!({}), true),
        (json!({ "amount": "much" }), true),
        (json!("no object"), true),
    ] {
        let mut play = play(&tools(&json!({ "approval": "input.amount > 1000" })), 0);

        gives(&mut play, "turn:1", asks(&[("pay", arguments.clone())]));

        assert_eq!(play.execution.nodes()[0].has_open_approval(), waits, "{arguments}");
        assert_eq!(play.execution.has_call_in_flight(), !waits, "{arguments}");
    }
}

#[test]
fn a_restart_costs_a_waiting_node_no_attempt_and_forgets_nothing() {
    let always = json!({ "approval": "always" });
    let mut play = waiting(&always);

    play.execution = replayed(&play, &tools(&always), None);
    play.put_any(Input::Adopt { worker: "w2".into() });
    play.at(100_000.0);
    answers(&mut play, answer(&json!({ "amount": 5 }), YES)).unwrap();

    assert_snapshot!(play.story(), @r"
    0s     adopted by w2
    100000s think call tool:1:0 is approved
    100000s think call tool:1:0 starts
    100000s   → begin think 1 tool:1:0
    ");
}

#[test]
fn a_call_that_was_approved_and_interrupted_is_made_again_without_a_further_approval() {
    let mut play = waiting(&json!({ "approval": "always" }));
    let edited = Verdict::Approved { arguments: Some(Payload::from_value(&json!({ "amount": 4 }))) };
    answers(&mut play, answer(&json!({ "amount": 5 }), edited)).unwrap();

    play.put_any(Input::Adopt { worker: "w2".into() }).at(10.0);

    let calls: Vec<_> = play.work.iter().filter(|work| work.step == StepKey::new("tool:1:0")).collect();
    assert_eq!(calls.len(), 2);
    assert!(calls.iter().all(|work| work.input.as_str() == r#"{"amount":4}"#));
    assert_eq!(calls[0].idempotency_key(), calls[1].idempotency_key());
}

#[test]
fn a_decision_between_two_attempts_counts_in_the_next_one() {
    let mut play = play(&tools(&json!({ "approval": "always" })), 1);
    gives(&mut play, "turn:1", asks(&[("pay", json!({ "amount": 5 })), ("look", json!({}))]));
    fails(&mut play, "tool:1:1", ErrorClass::Internal, "broken");
    play.story();

    answers(&mut play, answer(&json!({ "amount": 5 }), YES)).unwrap();
    let between = play.story();
    play.at(10.0);

    assert_snapshot!(between, @"0s     think call tool:1:0 is approved");
    assert_snapshot!(play.story(), @r"
    10s    think attempt 2 starts
    10s    think call tool:1:0 starts
    10s    think call tool:1:1 starts
    10s      → begin think 2 tool:1:0
    10s      → begin think 2 tool:1:1
    ");
}

#[test]
fn what_is_approved_during_a_pause_begins_after_it() {
    let mut play = waiting(&json!({ "approval": "always", "approval_timeout_seconds": 60 }));

    play.put_any(Input::Pause { by: Actor::USER }).at(100.0);
    answers(&mut play, answer(&json!({ "amount": 5 }), YES)).unwrap();
    play.put_any(Input::Resume { by: Actor::USER });

    assert_snapshot!(play.story(), @r"
    0s     paused
    100s   think call tool:1:0 is approved
    100s   resumed
    100s   think call tool:1:0 starts
    100s     → begin think 1 tool:1:0
    ");
}

#[test]
fn a_call_that_was_not_approved_cannot_be_in_a_journal() {
    let mut play = waiting(&json!({ "approval": "always" }));
    answers(&mut play, answer(&json!({ "amount": 5 }), YES)).unwrap();
    let last = play.journal.last_mut().unwrap();

    last.2.remove(0);

    let pinned = Pinned::from(play.execution.flow().clone());
    let read = Execution::replay(play.execution.id(), pinned, play.journal);
    assert!(read.unwrap_err().to_string().contains("a call began that was not approved"));
}

#[test]
fn mistakes_in_a_document_are_found() {
    let tool = |approval: Value| {
        let skill = json!({ "name": "s", "tools": tools(&approval)["tools"] });
        let config = json!({ "provider": "openai", "model": "m" });
        let document = json!({ "name": "A", "agent_type": "llm", "config": config, "skills": [skill] });
        let faults = Agent::parse(&document).err().into_iter().flatten();
        faults.map(|fault| format!("{} {}", fault.pointer, fault.message)).collect::<Vec<_>>().join("; ")
    };

    assert_eq!(tool(json!({ "approval": "never" })), "");
    let field = json!({ "type": "greater_than", "field": "input.amount", "value": 10 });
    assert_eq!(tool(json!({ "approval": field })), "");
    let all: Vec<String> = [
        json!({ "approval": 1 }),
        json!({ "approval": "input.amount >" }),
        json!({ "approval": "trigger_data.amount > 1" }),
        json!({ "approval": "amount > 1" }),
        json!({ "approval_timeout_seconds": 5 }),
        json!({ "approval": "always", "approval_timeout_seconds": 0 }),
    ]
    .map(tool)
    .into();
    assert_snapshot!(all.join("\n"), @r#"
    /skills/0/tools/1/approval `approval` must be `never`, `always`, or a condition such as `"input.amount > 1000"`, not 1
    /skills/0/tools/1/approval `${input.amount >}`: unexpected end of input, expected expression
    /skills/0/tools/1/approval `trigger_data.amount > 1`: which calls need approval depends on the arguments, `input.…`, and nothing else
    /skills/0/tools/1/approval `amount > 1`: which calls need approval depends on the arguments, `input.…`, and nothing else
    /skills/0/tools/1/approval_timeout_seconds a tool whose calls need no `approval` has none
    /skills/0/tools/1/approval_timeout_seconds `approval_timeout_seconds` must be a number of seconds, more than 0 and at most 316224000, not 0
    "#);
}
