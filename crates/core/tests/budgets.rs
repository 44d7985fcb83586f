//! The budget of an execution: what calls may use is reserved before them, and stays so if nobody knows what they used.

use std::collections::BTreeMap;
use std::sync::Arc;

use insta::assert_snapshot;
use serde_json::{Value, json};
use steadflow_core::agent::{Agent, beyond_budget};
use steadflow_core::event::{Event, Resolution};
use steadflow_core::execution::{Execution, ExecutionStatus, Input, Pinned};
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::ids::{AgentId, Attempt, StepKey};
use steadflow_core::payload::Payload;
use steadflow_core::usage::Usage;
use steadflow_core::work::{CallKey, Outcome};
use uuid::Uuid;

use crate::support::{Play, accepted, version};

/// What is reserved for the question of [`node`]: what is added to any, and its bytes.
const ASKED: u64 = 1_024 + 2;

fn agent_id(number: u128) -> AgentId {
    AgentId::new(Uuid::from_u128(number))
}

fn node(id: &str) -> Value {
    json!({ "id": id, "type": "agent", "agent_id": Uuid::from_u128(5), "skill": "answer" })
}

/// An agent with a skill of one call, and one whose tools are another agent's skill.
fn agents(changes: &Value) -> BTreeMap<AgentId, Arc<Agent>> {
    let mut asked = json!({
        "name": "Asked", "agent_type": "llm", "config": { "provider": "openai", "model": "m" },
        "skills": [{ "name": "answer", "max_tokens": 1_000 }],
        "prices": { "currency": "EUR", "input_per_million": 1_000, "output_per_million": 10_000 },
    });
    for (key, value) in changes.as_object().into_iter().flatten() {
        asked[key] = value.clone();
    }
    let ask = json!({ "name": "ask", "type": "skill", "agent_id": Uuid::from_u128(5), "skill": "answer" });
    let asking = json!({
        "name": "Asking", "agent_type": "llm", "config": { "provider": "openai", "model": "n" },
        "skills": [{ "name": "answer", "tools": [ask], "max_answer_tokens": 500 }],
        "prices": { "currency": "EUR" },
    });
    let parsed = |document| Arc::new(Agent::parse(&document).unwrap_or_else(|faults| panic!("{faults:?}")));
    BTreeMap::from([(agent_id(5), parsed(asked)), (agent_id(6), parsed(asking))])
}

fn pinned(budget: &Value, nodes: &[Value], changes: &Value) -> Pinned {
    let flow = json!({
        "name": "Budgets", "budget": budget, "retry_on_failure": true, "retry_count": 9,
        "flow_definition": { "nodes": nodes },
    });
    Pinned { agents: Some(Arc::new(agents(changes))), ..version(&flow).into() }
}

fn play(budget: &Value, nodes: &[Value]) -> Play {
    play_of(pinned(budget, nodes, &json!({})))
}

fn play_of(pinned: Pinned) -> Play {
    let mut accepted = accepted();
    accepted.agents.extend([(agent_id(5), 1), (agent_id(6), 1)]);
    Play::of(pinned, accepted)
}

fn used(input_tokens: u64, output_tokens: u64) -> Outcome {
    let usage = Usage { input_tokens, output_tokens, cost: Some(0.01), ..Usage::default() };
    Outcome { usage: Some(Arc::new(usage)), ..Outcome::completed(Payload::null()) }
}

fn ends(play: &mut Play, id: &str, step: StepKey, outcome: Outcome) {
    let node = play.index(id);
    let attempt = play.execution.node(node).attempts.last().map_or(Attempt::FIRST, |last| last.attempt);
    let call = CallKey { execution: play.execution.id(), node, attempt, step };
    let _ = play.put(Input::StepEnded { call, outcome });
}

/// Returns the tokens that the start of an attempt reserves.
fn reserved_by(event: &Event) -> Option<u64> {
    let Event::AttemptStarted { reserved, .. } = event else { return None };
    reserved.as_ref().map(|reserved| reserved.tokens)
}

fn class_of(play: &Play) -> Option<ErrorClass> {
    play.execution.error().and_then(|error| error.class)
}

#[test]
fn a_call_that_is_lost_again_and_again_stops_at_the_budget() {
    // Two calls are 4,052 tokens, and a third one would be 6,078.
    let mut play = play(&json!({ "max_tokens": 6_000 }), &[node("a")]);
    for second in 1..=9 {
        let _ = play.put(Input::Release);
        play.at(f64::from(second) * 1_000.0);
    }

    assert_eq!(play.work.len(), 2);
    assert_eq!(class_of(&play), Some(ErrorClass::Budget));
    let said = play.shown();
    assert!(said.contains("The budget of this execution (6,000 tokens) leaves 1,"), "{said}");
    assert!(said.contains("may use up to 2,026") && said.contains("answers were lost"), "{said}");
    let reserved = play.journal.iter().flat_map(|record| &record.2).filter_map(reserved_by);
    assert_eq!(reserved.collect::<Vec<_>>(), [ASKED + 1_000; 2]);
    let replayed =
        Execution::replay(play.execution.id(), play.execution.pinned(), play.journal.clone()).unwrap();
    assert_eq!(replayed.status(), ExecutionStatus::Failed);
}

#[test]
fn a_crash_loop_that_loads_the_execution_each_time_stops_at_the_budget() {
    let mut play = play(&json!({ "max_cost": 30, "currency": "EUR" }), &[node("a")]);
    for second in 1..=9 {
        let pinned = play.execution.pinned();
        play.execution = Execution::replay(play.execution.id(), pinned, play.journal.clone()).unwrap();
        let _ = play.put(Input::Adopt { worker: "w2".into() });
        play.at(f64::from(second) * 1_000.0);
    }

    // One call may cost 11.026 EUR.
    assert_eq!(play.work.len(), 2);
    assert_eq!(class_of(&play), Some(ErrorClass::Interrupted), "two in a row end the node before");
}

#[test]
fn what_a_call_used_is_counted_instead_of_what_was_reserved() {
    let nodes = ["a", "b", "c"].map(node);
    let edges = json!([{ "from": "a", "to": "b" }, { "from": "b", "to": "c" }]);
    let mut pinned = pinned(&json!({ "max_tokens": 2_100 }), &nodes, &json!({}));
    let flow = json!({ "name": "Row", "budget": { "max_tokens": 2_100 },
        "flow_definition": { "nodes": nodes, "edges": edges } });
    pinned.flow = version(&flow);
    let mut play = play_of(pinned);

    ends(&mut play, "a", StepKey::ONLY, used(30, 20));
    ends(&mut play, "b", StepKey::ONLY, used(20, 10));

    assert_eq!(play.work.len(), 2, "80 tokens are used, and 2,026 may follow");
    assert_eq!(class_of(&play), Some(ErrorClass::Budget));
}

#[test]
fn calls_at_the_same_time_each_reserve() {
    let mut nodes = ["a", "b", "c"].map(node);
    nodes[2]["on_exhausted"] = "ask".into();
    let mut play = play(&json!({ "max_tokens": 5_000 }), &nodes);

    assert_eq!(play.work.len(), 2);
    assert!(play.shown().contains("under way count"), "{}", play.shown());
    ends(&mut play, "a", StepKey::ONLY, used(10, 10));
    ends(&mut play, "b", StepKey::ONLY, used(10, 10));
    play.resolves("c", Resolution::Retry);
    assert_eq!(play.work.len(), 3);
}

#[test]
fn an_answer_without_usage_counts_as_reserved_and_a_refusal_as_nothing() {
    let outcomes = |outcome: Outcome| {
        let mut play = play(&json!({ "max_tokens": 6_000 }), &[node("a")]);
        for second in 1..=9 {
            ends(&mut play, "a", StepKey::ONLY, outcome.clone());
            play.at(f64::from(second) * 1_000.0);
        }
        play.work.len()
    };
    let failed = |class, status| Outcome::failed(Failure { status, ..Failure::new(class, "no") });
    let misfit = Outcome { result: Err(Failure::new(ErrorClass::ModelOutput, "no")), ..used(3, 4) };
    let broken = Outcome { result: Err(Failure::new(ErrorClass::Connection, "no")), ..used(3, 4) };
    let refused = Failure::new(ErrorClass::Connection, "refused").unsent();

    assert_eq!(outcomes(failed(ErrorClass::Connection, None)), 2, "it may have gone on");
    assert_eq!(outcomes(failed(ErrorClass::Unavailable, Some(504))), 2);
    assert_eq!(outcomes(broken), 2, "it may have said more");
    assert_eq!(outcomes(failed(ErrorClass::Unavailable, Some(503))), 10);
    assert_eq!(outcomes(failed(ErrorClass::RateLimited, Some(429))), 10);
    assert_eq!(outcomes(Outcome::failed(refused)), 10);
    assert_eq!(outcomes(misfit), 10);
}

#[test]
fn turns_and_agents_that_tools_ask_reserve_too() {
    let node = json!({ "id": "t", "type": "agent", "agent_id": Uuid::from_u128(6), "skill": "answer" });
    let mut play = play(&json!({ "max_tokens": 5_000 }), &[node]);
    let call = |number| json!({ "id": format!("c{number}"), "name": "ask", "arguments": {} });
    let asks = json!({ "tool_calls": (0..3).map(call).collect::<Vec<_>>() });
    let usage = Some(Arc::new(Usage { input_tokens: 1, ..Usage::default() }));

    let answer = Outcome { usage, ..Outcome::completed(Payload::from_value(&asks)) };
    ends(&mut play, "t", StepKey::new("turn:1"), answer);

    assert_eq!(play.work.len(), 1, "three times 2,026 tokens are too many: none is asked");
    assert_eq!(class_of(&play), Some(ErrorClass::Budget));
    let reserved =
        |event: &Event| if let Event::StepStarted { reserved, .. } = event { reserved.clone() } else { None };
    let of_turn = play.journal.iter().flat_map(|record| &record.2).find_map(reserved).unwrap();
    assert!((1_650..2_000).contains(&of_turn.tokens), "{of_turn:?}");
}

#[test]
fn what_cannot_be_counted_is_not_asked() {
    let euros = json!({ "max_cost": 5, "currency": "EUR" });
    let tokens = json!({ "max_tokens": 50_000 });
    for (budget, changes, said) in [
        (&tokens, json!({ "skills": ["answer"] }), "Set `max_tokens` of the skill `answer`"),
        (&euros, json!({ "prices": null }), "has no prices. Set `prices`"),
        (&euros, json!({ "prices": { "currency": "USD" } }), "is in EUR, and the prices"),
        (&euros, json!({ "prices": {} }), "are in no currency"),
    ] {
        let play = play_of(pinned(budget, &[node("a")], &changes));

        assert_eq!((play.work.len(), class_of(&play)), (0, Some(ErrorClass::Configuration)));
        assert!(play.shown().contains(said), "{}", play.shown());
    }
    let play = play_of(Pinned { agents: None, ..pinned(&tokens, &[node("a")], &json!({})) });
    assert!(play.shown().contains("There was no agent"), "{}", play.shown());
    let free = play_of(pinned(&euros, &[node("a")], &json!({ "prices": { "currency": "EUR" } })));
    assert_eq!(free.work.len(), 1);
}

#[test]
fn the_question_counts_with_all_its_parts() {
    let reserved = |changes: &Value| {
        let play = play_of(pinned(&json!({ "max_tokens": 50_000 }), &[node("a")], changes));
        play.journal.iter().flat_map(|record| &record.2).find_map(reserved_by)
    };
    let skill = |key: &str, value: Value| {
        let mut skill = json!({ "name": "answer", "max_tokens": 1_000 });
        skill[key] = value;
        json!({ "skills": [skill] })
    };
    let config = json!({ "config": { "provider": "openai", "model": "m", "extra_body": { "seed": 1 } } });

    assert_eq!(reserved(&json!({})), Some(ASKED + 1_000));
    assert_eq!(reserved(&skill("instructions", json!("ü".repeat(50)))), Some(ASKED + 1_100));
    assert_eq!(reserved(&skill("output_schema", json!({ "type": "object" }))), Some(ASKED + 1_034));
    assert_eq!(reserved(&config), Some(ASKED + 1_010));
}

#[test]
fn an_execution_with_a_budget_starts_no_others() {
    let family = json!({ "id": "f", "type": "test_family", "flow_id": Uuid::from_u128(1), "children": 1, "at_once": 1 });

    let play = play(&json!({ "max_tokens": 5_000 }), &[family]);

    assert_eq!((play.children.len(), class_of(&play)), (0, Some(ErrorClass::Configuration)));
}

#[test]
fn what_a_budget_never_allows_is_said_when_the_flow_is_saved() {
    let said = |budget: &Value, changes: &Value| {
        let agents = agents(changes);
        let flow = pinned(budget, &[node("a")], changes).flow;
        let faults = beyond_budget(&flow.flow, |id| agents.get(&id).map(|agent| &**agent));
        faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };

    assert_eq!(said(&json!(null), &json!({ "skills": ["answer"] })), "");
    assert_eq!(said(&json!({ "max_tokens": 2_100 }), &json!({})), "");
    assert_snapshot!(said(&json!({ "max_tokens": 2_000 }), &json!({})), @"/flow_definition/nodes/0/skill: the budget of the flow lets this node fail: One question to Asked and its answer may use 2,028 or more, and the budget is 2,000 tokens");
    assert_snapshot!(said(&json!({ "max_cost": 2.5, "currency": "USD" }), &json!({})), @"/flow_definition/nodes/0/skill: the budget of the flow lets this node fail: The budget is in USD, and the prices of the model `m` of the agent Asked are in EUR. Set the same `currency` in both");
    assert_snapshot!(said(&json!({ "max_cost": 2.5, "currency": "EUR" }), &json!({ "prices": null })), @"/flow_definition/nodes/0/skill: the budget of the flow lets this node fail: The budget is a cost, and the model `m` of the agent Asked has no prices. Set `prices` there, 0 if it costs nothing");
    assert_snapshot!(said(&json!({ "max_tokens": 2_000 }), &json!({ "skills": ["answer"] })), @"/flow_definition/nodes/0/skill: the budget of the flow lets this node fail: A budget has to know how many tokens an answer may have. Set `max_tokens` of the skill `answer` of the agent Asked");
}
