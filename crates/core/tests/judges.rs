//! Guardrails that take a call of their own, or a person.

use insta::assert_snapshot;
use serde_json::{Value, json};
use steadflow_core::approval::{Answer, Verdict, hash_of};
use steadflow_core::caller::Actor;
use steadflow_core::execution::{ExecutionStatus, Input, Rejected, Wait};
use steadflow_core::failure::ErrorClass;
use steadflow_core::ids::{NodeId, StepKey};
use steadflow_core::payload::Payload;
use steadflow_core::work::{Judgement, Task};
use uuid::Uuid;

use crate::support::Play;
use crate::turns::{fails, gives, last_turn, play};

/// A guardrail whose judge is another agent.
fn judge(on: &str, then: &str) -> Value {
    let judge = json!({ "agent_id": Uuid::from_u128(6), "skill": "judge" });
    json!({ "guardrails": [{ "name": "honest", "on": on, "judge": judge, "then": then }] })
}

/// The same, beside one tool `pay`.
fn judged_tool(then: &str) -> Value {
    let mut skill = judge("arguments", then);
    skill["tools"] =
        json!([{ "name": "pay", "type": "http_request", "request": { "url": "https://a.test" } }]);
    skill
}

/// A skill without tools.
fn play_alone(skill: &Value, retries: u32) -> Play {
    let mut skill = skill.clone();
    skill["tools"] = skill.get("tools").cloned().unwrap_or(json!([]));
    play(&skill, retries)
}

fn says(text: &str) -> Value {
    json!({ "output": { "text": text } })
}

fn pays(amount: u32) -> Value {
    json!({ "tool_calls": [{ "id": "a", "name": "pay", "arguments": { "amount": amount } }] })
}

fn refuses(reason: &str) -> Value {
    json!({ "passed": false, "reason": reason })
}

fn judgement(play: &Play) -> (&Judgement, &str) {
    let asked = play.work.iter().rev().find_map(|work| {
        let Task::Judge(judgement) = &work.task else { return None };
        Some((&**judgement, work.input.as_str()))
    });
    asked.expect("a judge was asked")
}

fn decide(play: &mut Play, output: &Value, verdict: Verdict, comment: Option<&str>) -> Result<(), Rejected> {
    let hash = hash_of(&Payload::from_value(output));
    let answer = Answer { step: StepKey::new("output:1"), hash, verdict, comment: comment.map(Into::into) };
    play.put(Input::Approve { node: NodeId::new("think"), answer, by: Actor::USER })
}

#[test]
fn an_output_that_a_judge_refuses_is_written_again_within_the_attempt() {
    let mut play = play_alone(&judge("output", "repair"), 0);

    gives(&mut play, "turn:1", says("I guess 7"));
    let (asked, input) = judgement(&play);
    assert_eq!((asked.version, &*asked.skill, asked.fails), (Some(4), "judge", false));
    assert_eq!(asked.value.as_ref().map(Payload::as_str), Some(r#"{"text":"I guess 7"}"#));
    assert_eq!(input, r#"{"k":1}"#);
    gives(&mut play, "guard:1:0", refuses("It guesses"));
    let told = last_turn(&play).turns[0].refusal.clone();
    gives(&mut play, "turn:2", says("I do not know"));
    gives(&mut play, "guard:2:0", json!({ "passed": true }));

    assert_eq!(told.as_deref(), Some("The guardrail `honest` refuses the output: It guesses."));
    assert_snapshot!(play.story(), @r#"
    0s     think call turn:1 gives {"output":{"text":"I guess 7"}}
    0s     think call guard:1:0 starts
    0s       → begin think 1 guard:1:0
    0s     think call guard:1:0 gives {"passed":false,"reason":"It guesses"}
    0s     think call turn:2 starts
    0s       → begin think 1 turn:2
    0s     think call turn:2 gives {"output":{"text":"I do not know"}}
    0s     think call guard:2:0 starts
    0s       → begin think 1 guard:2:0
    0s     think call guard:2:0 gives {"passed":true}
    0s     think completes with {"text":"I do not know"}
    0s     finished: completed
    "#);
}

#[test]
fn a_refusal_fails_the_attempt_where_the_guardrail_says_so_and_the_next_one_tells_the_model() {
    let mut play = play_alone(&judge("output", "fail"), 0);

    gives(&mut play, "turn:1", says("I guess 7"));
    assert!(judgement(&play).0.fails);
    fails(&mut play, "guard:1:0", ErrorClass::Guardrail, "it guesses");

    let node = play.execution.node(play.index("think"));
    assert_eq!(node.error_class, Some(ErrorClass::Guardrail));
    assert_eq!(node.error_message.as_deref(), Some("The guardrail `honest` refuses the output: it guesses."));
    assert_eq!(play.execution.status(), ExecutionStatus::Failed);
}

#[test]
fn a_judge_that_gives_no_verdict_is_asked_again_by_the_next_attempt_and_the_model_is_not() {
    let mut play = play_alone(&judge("output", "repair"), 1);

    gives(&mut play, "turn:1", says("Seven"));
    fails(&mut play, "guard:1:0", ErrorClass::ModelOutput, "no verdict");
    play.at(10.0);
    gives(&mut play, "guard:1:0", json!({ "passed": true }));

    assert_snapshot!(play.story(), @r#"
    0s     think call turn:1 gives {"output":{"text":"Seven"}}
    0s     think call guard:1:0 starts
    0s       → begin think 1 guard:1:0
    0s     think call guard:1:0 fails (model_output: no verdict)
    0s     think attempt 1 fails (model_output: no verdict), next at 1s
    10s    think attempt 2 starts
    10s    think call guard:1:0 starts
    10s      → begin think 2 guard:1:0
    10s    think call guard:1:0 gives {"passed":true}
    10s    think completes with {"text":"Seven"}
    10s    finished: completed
    "#);
    let turns = play.work.iter().filter(|work| matches!(work.task, Task::Turn(_))).count();
    assert_eq!(turns, 1);
}

#[test]
fn arguments_are_judged_before_the_tool_is_called() {
    let mut play = play(&judged_tool("repair"), 0);

    gives(&mut play, "turn:1", pays(500));
    gives(&mut play, "guard:1:0:0", refuses("It is too much."));
    let Some(Task::Tool { refusal, .. }) = play.work.last().map(|work| &work.task) else { panic!("a tool") };
    assert_eq!(
        refusal.as_deref(),
        Some("The guardrail `honest` refuses the arguments of `pay`: It is too much.")
    );
    fails(&mut play, "tool:1:0", ErrorClass::Validation, "It is too much.");
    gives(&mut play, "turn:2", pays(5));
    gives(&mut play, "guard:2:0:0", json!({ "passed": true }));
    let Some(Task::Tool { refusal: None, .. }) = play.work.last().map(|work| &work.task) else {
        panic!("a tool")
    };
    gives(&mut play, "tool:2:0", json!("paid"));
    gives(&mut play, "turn:3", says("Done"));

    assert_snapshot!(play.story(), @r#"
    0s     think call turn:1 gives {"tool_calls":[{"id":"a","name":"pay","arguments":{"amount":500}}]}
    0s     think call guard:1:0:0 starts
    0s       → begin think 1 guard:1:0:0
    0s     think call guard:1:0:0 gives {"passed":false,"reason":"It is too much."}
    0s     think call tool:1:0 starts
    0s       → begin think 1 tool:1:0
    0s     think call tool:1:0 fails (validation: It is too much.)
    0s     think call turn:2 starts
    0s       → begin think 1 turn:2
    0s     think call turn:2 gives {"tool_calls":[{"id":"a","name":"pay","arguments":{"amount":5}}]}
    0s     think call guard:2:0:0 starts
    0s       → begin think 1 guard:2:0:0
    0s     think call guard:2:0:0 gives {"passed":true}
    0s     think call tool:2:0 starts
    0s       → begin think 1 tool:2:0
    0s     think call tool:2:0 gives "paid"
    0s     think call turn:3 starts
    0s       → begin think 1 turn:3
    0s     think call turn:3 gives {"output":{"text":"Done"}}
    0s     think completes with {"text":"Done"}
    0s     finished: completed
    "#);
}

#[test]
fn a_call_that_a_judge_refuses_can_wait_for_a_person() {
    let mut play = play(&judged_tool("ask"), 0);

    gives(&mut play, "turn:1", pays(500));
    assert_eq!(play.execution.waiting_for(), None);
    gives(&mut play, "guard:1:0:0", refuses("It is too much"));
    assert_eq!(play.execution.waiting_for(), Some(Wait::Approval));
    let hash = hash_of(&Payload::from_value(&json!({ "amount": 500 })));
    let answer = Answer {
        step: StepKey::new("tool:1:0"),
        hash,
        verdict: Verdict::Approved { arguments: None },
        comment: None,
    };
    play.put(Input::Approve { node: NodeId::new("think"), answer, by: Actor::USER }).unwrap();
    gives(&mut play, "tool:1:0", json!("paid"));
    gives(&mut play, "turn:2", says("Done"));

    assert_eq!(play.execution.status(), ExecutionStatus::Completed);
}

#[test]
fn an_input_is_judged_before_the_model_is_asked() {
    let mut passes = play_alone(&judge("input", "fail"), 0);
    let mut fails_at_once = play_alone(&judge("input", "fail"), 0);

    assert!(passes.work.iter().all(|work| matches!(work.task, Task::Judge(_))));
    gives(&mut passes, "guard:0:0", json!({ "passed": true }));
    gives(&mut passes, "turn:1", says("Hello"));
    fails(&mut fails_at_once, "guard:0:0", ErrorClass::Guardrail, "not for us");

    assert_eq!(passes.execution.status(), ExecutionStatus::Completed);
    let node = fails_at_once.execution.node(fails_at_once.index("think"));
    assert_eq!(node.error_message.as_deref(), Some("The guardrail `honest` refuses the input: not for us."));
}

#[test]
fn an_output_can_wait_for_a_person_who_approves_edits_or_rejects_it() {
    let deny =
        json!({ "guardrails": [{ "name": "promises", "on": "output", "deny": "guarantee", "then": "ask" }] });
    let waiting = || {
        let mut play = play_alone(&deny, 0);
        gives(&mut play, "turn:1", says("We guarantee it"));
        assert_eq!(play.execution.waiting_for(), Some(Wait::Approval));
        play
    };
    let output = json!({ "text": "We guarantee it" });

    let (mut approved, mut edited, mut rejected) = (waiting(), waiting(), waiting());
    decide(&mut approved, &output, Verdict::Approved { arguments: None }, None).unwrap();
    let other = Payload::from_value(&json!({ "text": "We hope so" }));
    decide(&mut edited, &output, Verdict::Approved { arguments: Some(other) }, None).unwrap();
    decide(&mut rejected, &output, Verdict::Rejected, Some("Promise nothing")).unwrap();
    let told = last_turn(&rejected).turns[0].refusal.clone();
    gives(&mut rejected, "turn:2", says("Perhaps"));

    let output_of = |play: &Play| {
        play.execution.node(play.index("think")).output.clone().map(|output| output.as_str().to_owned())
    };
    assert_eq!(output_of(&approved).as_deref(), Some(r#"{"text":"We guarantee it"}"#));
    assert_eq!(output_of(&edited).as_deref(), Some(r#"{"text":"We hope so"}"#));
    assert_eq!(output_of(&rejected).as_deref(), Some(r#"{"text":"Perhaps"}"#));
    assert_eq!(told.as_deref(), Some("A person rejected this output: Promise nothing"));
}

#[test]
fn an_output_that_is_refused_for_ever_ends_with_the_last_reason() {
    let mut skill = judge("output", "repair");
    skill["max_turns"] = json!(2);
    let mut play = play_alone(&skill, 0);

    for turn in 1..=2 {
        gives(&mut play, &format!("turn:{turn}"), says("I guess 7"));
        gives(&mut play, &format!("guard:{turn}:0"), refuses("It guesses"));
    }

    let node = play.execution.node(play.index("think"));
    assert_eq!(node.error_class, Some(ErrorClass::Budget));
    let message = node.error_message.as_deref().unwrap_or_default();
    assert!(message.ends_with("The guardrail `honest` refuses the output: It guesses"), "{message}");
}

#[test]
fn a_crash_while_a_judge_is_asked_buys_no_verdict_and_no_answer_twice() {
    let two = json!({ "guardrails": [
        { "name": "a", "on": "output", "judge": { "agent_id": Uuid::from_u128(6), "skill": "a" } },
        { "name": "b", "on": "output", "judge": { "agent_id": Uuid::from_u128(6), "skill": "b" } },
    ] });
    let mut play = play_alone(&two, 1);

    gives(&mut play, "turn:1", says("Seven"));
    gives(&mut play, "guard:1:0", json!({ "passed": true }));
    play.put(Input::Adopt { worker: "w2".into() }).unwrap();
    play.at(10.0);
    gives(&mut play, "guard:1:1", json!({ "passed": true }));

    let asked: Vec<&str> = play.work.iter().filter_map(|work| work.step.name()).collect();
    assert_eq!(asked, ["turn:1", "guard:1:0", "guard:1:1", "guard:1:1"]);
    assert_eq!(play.execution.status(), ExecutionStatus::Completed);
}
