//! Agents with several models: which of them is asked, and what follows when one cannot answer.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use insta::assert_snapshot;
use serde_json::{Value, json};
use steadflow_core::agent::{Agent, Api, Backend, LlmConfig, MASK, Provider};
use steadflow_core::execution::{ExecutionStatus, Input, Pinned};
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::ids::AgentId;
use steadflow_core::usage::{Usage, UsageSum};
use steadflow_core::work::{Outcome, Task, Work};
use uuid::Uuid;

use crate::support::{Play, version};
use crate::turns::{ends, fails, gives, last_turn, play_of};

const AGENT: u128 = 5;

/// An execution that asks the skill `find` of an agent with the models `a`, `b` and `c`.
fn play(skill: &Value, timeout: Option<u32>, retries: u32) -> Play {
    let mut find = json!({
        "name": "find", "tools": [{ "name": "look", "type": "http_request", "request": { "url": "https://a.test" } }],
    });
    for (key, value) in skill.as_object().into_iter().flatten() {
        find[key] = value.clone();
    }
    let config = json!({
        "provider": "openai", "model": "a", "fallbacks": [{ "model": "b" }, { "provider": "ollama", "model": "c" }],
    });
    let agent = json!({ "name": "Finder", "agent_type": "llm", "config": config, "skills": [find] });
    let agent = Agent::parse(&agent).unwrap_or_else(|faults| panic!("{faults:?}"));
    let agent_id = AgentId::new(Uuid::from_u128(AGENT));
    let node = json!({
        "id": "think", "type": "agent", "agent_id": Uuid::from_u128(AGENT), "skill": "find", "timeout_seconds": timeout,
    });
    let flow = json!({
        "name": "Fallbacks", "retry_on_failure": retries > 0, "retry_count": retries.max(1),
        "flow_definition": { "nodes": [node] },
    });
    let agents = BTreeMap::from([(agent_id, Arc::new(agent))]);
    play_of(Pinned { agents: Some(Arc::new(agents)), ..version(&flow).into() })
}

fn asks() -> Value {
    json!({ "text": "Let me see.", "tool_calls": [{ "id": "x", "name": "look", "arguments": {} }] })
}

fn refuses(play: &mut Play, step: &str) {
    fails(play, step, ErrorClass::Unavailable, "HTTP 503.");
}

/// Returns the calls that were begun, in order.
fn calls(play: &Play) -> Vec<String> {
    play.work.iter().map(|work: &Work| work.step.to_string()).collect()
}

#[test]
fn the_next_model_is_asked_at_once_and_the_last_failure_names_all() {
    let mut play = play(&json!({}), None, 1);
    refuses(&mut play, "turn:1");
    fails(&mut play, "turn:1:1", ErrorClass::RateLimited, "HTTP 429.");
    refuses(&mut play, "turn:1:2");

    assert_snapshot!(play.story(), @"
    0s     think call turn:1 fails (unavailable: HTTP 503.)
    0s     think call turn:1:1 starts
    0s       → begin think 1 turn:1:1
    0s     think call turn:1:1 fails (rate_limited: HTTP 429.)
    0s     think call turn:1:2 starts
    0s       → begin think 1 turn:1:2
    0s     think call turn:1:2 fails (unavailable: HTTP 503.)
    0s     think attempt 1 fails (unavailable: HTTP 503. This was `c` (ollama). Asked before it, `a` (openai) failed: HTTP 503; `b` (openai) failed: HTTP 429.), next at 1s
    ");
    play.at(1.0);
    refuses(&mut play, "turn:1");

    assert_eq!(calls(&play), ["turn:1", "turn:1:1", "turn:1:2", "turn:1", "turn:1:1"]);
}

#[test]
fn the_wait_that_a_fallback_asks_for_holds_up_no_attempt_that_begins_with_the_first_model() {
    let mut play = play(&json!({}), None, 1);
    let busy = || {
        let wait = Some(Duration::from_secs(100_000));
        Outcome::failed(Failure { retry_after: wait, ..Failure::new(ErrorClass::RateLimited, "HTTP 429.") })
    };
    refuses(&mut play, "turn:1");
    refuses(&mut play, "turn:1:1");
    ends(&mut play, "turn:1:2", busy());
    play.at(1.0);

    assert_eq!(calls(&play), ["turn:1", "turn:1:1", "turn:1:2", "turn:1"]);
    gives(&mut play, "turn:1", json!({ "output": "done" }));
    assert_eq!(play.execution.status(), ExecutionStatus::Completed);
}

#[test]
fn only_what_another_model_may_not_have_is_asked_of_it() {
    let followed = |class: ErrorClass, status: Option<u16>| {
        let mut play = play(&json!({}), None, 0);
        let failure = Failure { status, ..Failure::new(class, "no") };
        ends(&mut play, "turn:1", Outcome::failed(failure));
        match calls(&play).len() {
            1 => false,
            2 => true,
            more => panic!("{class}: {more} calls"),
        }
    };

    for class in ErrorClass::ALL {
        let is_of_the_model = matches!(
            class,
            ErrorClass::Timeout | ErrorClass::Connection | ErrorClass::RateLimited | ErrorClass::Unavailable
        );
        assert_eq!(followed(*class, None), is_of_the_model, "{class}");
    }
    for status in [400, 401, 402, 403, 404, 409, 410, 413, 422, 429] {
        let is_of_the_model = matches!(status, 402 | 404 | 410 | 429);
        assert_eq!(followed(ErrorClass::Rejected, Some(status)), is_of_the_model, "{status}");
    }
}

#[test]
fn a_turn_begins_with_the_model_that_answered_the_one_before() {
    let mut play = play(&json!({}), None, 0);
    refuses(&mut play, "turn:1");
    gives(&mut play, "turn:1:1", asks());
    gives(&mut play, "tool:1:0", json!("a"));
    assert_eq!((last_turn(&play).model, last_turn(&play).turns[0].model), (1, 1));
    refuses(&mut play, "turn:2:1");
    refuses(&mut play, "turn:2");
    gives(&mut play, "turn:2:2", asks());
    gives(&mut play, "tool:2:0", json!("b"));
    gives(&mut play, "turn:3:2", json!({ "output": "done" }));

    assert_eq!(
        calls(&play),
        ["turn:1", "turn:1:1", "tool:1:0", "turn:2:1", "turn:2", "turn:2:2", "tool:2:0", "turn:3:2"]
    );
    let models: Vec<usize> = last_turn(&play).turns.iter().map(|turn| turn.model).collect();
    assert_eq!(models, [1, 2]);
    assert_eq!(play.execution.result().map(|result| result.as_str().to_owned()).as_deref(), Some("\"done\""));
}

#[test]
fn a_crash_asks_no_model_again_whose_refusal_is_stored_and_skips_none() {
    let mut play = play(&json!({}), None, 5);
    for (number, step) in ["turn:1", "turn:1:1", "turn:1:2"].into_iter().enumerate() {
        let _ = play.put(Input::Adopt { worker: format!("w{number}").into() });
        play.at(f64::from(u32::try_from(number).unwrap() + 1) * 100.0);
        refuses(&mut play, step);
    }

    assert_eq!(calls(&play), ["turn:1", "turn:1", "turn:1:1", "turn:1:1", "turn:1:2", "turn:1:2"]);
    assert!(play.story().contains("This was `c` (ollama). Asked before it, `a` (openai) failed: HTTP 503; `b` (openai) failed: HTTP 503."));
    play.at(1_000.0);
    assert_eq!(
        calls(&play).last().map(String::as_str),
        Some("turn:1"),
        "all failed, so the first one is asked again"
    );
}

#[test]
fn an_answer_that_does_not_fit_is_corrected_by_the_model_that_gave_it() {
    let mut play = play(&json!({}), None, 2);
    refuses(&mut play, "turn:1");
    fails(&mut play, "turn:1:1", ErrorClass::ModelOutput, "The model's response is empty.");
    play.at(1.0);

    assert_eq!(
        (last_turn(&play).model, last_turn(&play).correction.as_deref()),
        (1, Some("The model's response is empty."))
    );
    refuses(&mut play, "turn:1:1");
    assert_eq!((last_turn(&play).model, last_turn(&play).correction.as_deref()), (2, None));
}

#[test]
fn a_model_that_takes_all_the_time_of_its_attempt_is_left_by_the_next_one() {
    let mut play = play(&json!({}), Some(10), 3);
    play.at(10.0);
    play.at(20.0);
    assert_eq!(calls(&play), ["turn:1", "turn:1:1"]);
    // It had a part of the time only, so it is asked again.
    play.at(25.0);
    refuses(&mut play, "turn:1:1");
    play.at(30.0);
    play.at(40.0);

    assert_eq!(calls(&play), ["turn:1", "turn:1:1", "turn:1:2", "turn:1:2"]);
}

#[test]
fn a_skill_without_tools_has_one_turn_and_any_number_of_calls() {
    let mut play = play(&json!({ "tools": [], "max_tokens": 70, "max_turns": 1 }), None, 3);
    for attempt in 0..3 {
        for step in ["turn:1", "turn:1:1", "turn:1:2"] {
            refuses(&mut play, step);
        }
        play.at(f64::from(attempt + 1) * 100.0);
    }
    assert_eq!((last_turn(&play).tokens_max, calls(&play).len()), (Some(70), 10));
    let usage = Some(Arc::new(Usage { output_tokens: 7, cost: Some(0.5), ..Usage::default() }));
    ends(
        &mut play,
        "turn:1",
        Outcome { usage, ..Outcome::failed(Failure::new(ErrorClass::Unavailable, "cut off")) },
    );
    gives(&mut play, "turn:1:1", json!({ "output": { "text": "done" } }));

    assert_eq!(
        play.execution.usage(),
        UsageSum {
            input_tokens: 100,
            cached_input_tokens: 60,
            output_tokens: 17,
            costs: [(None, 0.5)].into(),
            ..UsageSum::default()
        }
    );
    assert_eq!(
        play.execution.result().map(|result| result.as_str().to_owned()).as_deref(),
        Some("{\"text\":\"done\"}")
    );
}

#[test]
fn the_bounds_of_a_skill_count_over_all_models() {
    let mut turns = play(&json!({ "max_turns": 2 }), None, 5);
    refuses(&mut turns, "turn:1");
    refuses(&mut turns, "turn:1:1");

    assert_eq!(calls(&turns), ["turn:1", "turn:1:1"]);
    assert_eq!(turns.execution.error().and_then(|error| error.class), Some(ErrorClass::Budget));

    let mut tokens = play(&json!({ "max_tokens": 30, "max_answer_tokens": 20 }), None, 5);
    let usage = Some(Arc::new(Usage { output_tokens: 18, ..Usage::default() }));
    ends(
        &mut tokens,
        "turn:1",
        Outcome { usage, ..Outcome::failed(Failure::new(ErrorClass::Connection, "cut off")) },
    );

    assert_eq!((last_turn(&tokens).model, last_turn(&tokens).tokens_max), (1, Some(12)));
}

#[test]
fn what_a_call_that_goes_to_another_model_says_is_not_about_the_agent() {
    let mut play = play(&json!({}), None, 0);
    let failure = Failure::new(ErrorClass::RateLimited, "HTTP 429.");
    let goes_on = |play: &Play| {
        let call = play.work.last().expect("a call was made").key();
        play.execution.goes_to_another_model(&call, &failure)
    };
    assert!(goes_on(&play));
    refuses(&mut play, "turn:1");
    assert!(goes_on(&play));
    refuses(&mut play, "turn:1:1");

    assert!(!goes_on(&play), "there is no other one");
}

#[test]
fn an_execution_without_the_agent_asks_its_first_model() {
    let play = play(&json!({ "tools": [] }), None, 0);
    let pinned = Pinned { agents: None, ..play.execution.pinned() };
    let play = play_of(pinned);

    assert!(matches!(play.work[0].task, Task::Skill { .. }), "{:?}", play.work[0].task);
}

/// Returns the models of an agent with this `config`.
fn models(config: &Value) -> Vec<LlmConfig> {
    let document = json!({ "name": "A", "agent_type": "llm", "config": config, "skills": ["s"] });
    let agent = Agent::parse(&document).unwrap_or_else(|faults| panic!("{faults:?}"));
    let Backend::Llm(config) = agent.backend else { panic!("an llm agent") };
    let fallbacks = config.fallbacks.iter().map(|fallback| fallback.config.clone()).collect::<Vec<_>>();
    [config].into_iter().chain(fallbacks).collect()
}

#[test]
fn a_fallback_is_like_the_first_model_where_both_go_to_the_same_place() {
    let models = models(&json!({
        "provider": "openai", "base_url": "https://models.example/v1", "model": "a", "api_key": "canary",
        "headers": { "X-Team": "canary" }, "extra_query": { "v": "canary" }, "extra_body": { "seed": 1 },
        "temperature": 0.5, "stream": false, "idle_timeout_seconds": 7,
        "fallbacks": [
            { "model": "b" },
            { "model": "b", "base_url": "https://MODELS.example:443/v2", "api_key": "own", "extra_body": {}, "temperature": 0 },
            { "model": "b", "base_url": "https://models.example:8443/v1" },
            { "model": "b", "provider": "anthropic", "base_url": "https://models.example/v1" },
            { "model": "b", "provider": "ollama" },
        ],
    }));

    assert_eq!(models[1], LlmConfig { model: "b".to_owned(), fallbacks: Vec::new(), ..models[0].clone() });
    assert_eq!(models[2].base_url, "https://MODELS.example:443/v2");
    assert_eq!(models[2].api_key.as_ref().and_then(|key| key.literal()), Some("own"));
    assert_eq!(
        (models[2].extra_body.len(), models[2].temperature, models[2].headers.len()),
        (0, Some(0.0), 1)
    );
    for other in &models[3..] {
        assert_eq!(
            (&other.api_key, other.headers.len(), other.extra_query.len()),
            (&None, 0, 0),
            "{other:?}"
        );
        assert_eq!(
            (other.extra_body.len(), other.temperature, other.is_stream),
            (0, None, true),
            "{other:?}"
        );
    }
    assert_eq!((models[5].provider, &*models[5].base_url), (Provider::Ollama, "http://localhost:11434"));
}

#[test]
fn a_fallback_offers_the_api_of_the_first_model_where_both_go_to_the_same_place() {
    let models = models(&json!({
        "provider": "openai", "api": "responses", "model": "a",
        "fallbacks": [
            { "model": "b" },
            { "model": "b", "api": "chat_completions" },
            { "model": "b", "base_url": "https://models.example/v1" },
            { "model": "b", "base_url": "https://models.example/v1", "api": "responses" },
            { "model": "b", "provider": "anthropic" },
        ],
    }));

    let apis: Vec<Api> = models.iter().map(|model| model.api).collect();
    let (chat, responses) = (Api::ChatCompletions, Api::Responses);
    assert_eq!(apis[..5], [responses, responses, chat, chat, responses]);
}

#[test]
fn each_model_has_its_own_prices() {
    let document = json!({
        "name": "A", "agent_type": "llm", "skills": ["s"], "prices": { "input_per_million": 1 },
        "config": { "provider": "openai", "model": "a",
            "fallbacks": [{ "model": "b", "prices": { "output_per_million": 2 } }, { "model": "c" }] },
    });
    let agent = Agent::parse(&document).unwrap();
    let prices = |number| {
        agent
            .model(number)
            .map(|(model, prices)| (model.model.as_str(), prices.map(|of| of.output_per_million)))
    };

    assert_eq!(
        [prices(0), prices(1), prices(2), prices(3)],
        [Some(("a", Some(0.0))), Some(("b", Some(2.0))), Some(("c", None)), None]
    );
}

#[test]
fn faults_of_a_fallback_say_where_they_are() {
    for (fallback, pointer) in [
        (json!("b"), ""),
        (json!({}), "/model"),
        (json!({ "model": "b c" }), "/model"),
        (json!({ "model": "b", "provider": "acme" }), "/provider"),
        (json!({ "model": "b", "base_url": "ftp://x" }), "/base_url"),
        (json!({ "model": "b", "api_key": MASK }), "/api_key"),
        (json!({ "model": "b", "headers": { "Host": "x" } }), "/headers/Host"),
        (json!({ "model": "b", "extra_body": { "messages": [] } }), "/extra_body/messages"),
        (json!({ "model": "b", "fallbacks": [] }), "/fallbacks"),
        (json!({ "model": "b", "prices": { "input_per_million": -1 } }), "/prices/input_per_million"),
    ] {
        let document = json!({
            "name": "A", "agent_type": "llm", "skills": ["s"],
            "config": { "provider": "openai", "model": "a", "fallbacks": [fallback] },
        });

        let faults = Agent::parse(&document).expect_err("it is refused");

        assert_eq!(
            (faults.len(), &*faults[0].pointer),
            (1, &*format!("/config/fallbacks/0{pointer}")),
            "{faults:?}"
        );
    }
}

/// Edits the fallbacks of an agent as it is shown, and returns their keys.
fn edited(stored: &Value, edit: impl FnOnce(&mut Value)) -> Vec<Value> {
    let document = json!({ "name": "A", "agent_type": "llm", "skills": ["s"], "config": stored });
    let agent = Agent::parse(&document).unwrap_or_else(|faults| panic!("{faults:?}"));
    let mut config = agent.public_config();
    assert!(!config.to_string().contains("canary"), "{config}");
    edit(&mut config);
    let mut document = json!({ "name": "A", "agent_type": "llm", "skills": ["s"], "config": config });
    let _ = agent.unmask(&mut document);
    let fallbacks = document["config"]["fallbacks"].as_array().cloned().unwrap_or_default();
    fallbacks.into_iter().map(|fallback| fallback["api_key"].clone()).collect()
}

#[test]
fn the_masked_keys_of_fallbacks_go_with_them_and_nowhere_else() {
    let stored = json!({
        "provider": "openai", "model": "a", "api_key": "canary-0",
        "fallbacks": [
            { "model": "b", "api_key": "canary-1" },
            { "model": "c", "provider": "anthropic", "api_key": "canary-2" },
            { "model": "d", "api_key": "canary-3" },
        ],
    });
    let all = ["canary-1", "canary-2", "canary-3"];

    assert_eq!(edited(&stored, |_| {}), all);
    assert_eq!(edited(&stored, |config| config["model"] = json!("z")), all);
    let reversed = edited(&stored, |config| config["fallbacks"].as_array_mut().unwrap().reverse());
    assert_eq!(reversed, ["canary-3", "canary-2", "canary-1"]);
    let removed = edited(&stored, |config| drop(config["fallbacks"].as_array_mut().unwrap().remove(0)));
    assert_eq!(removed, ["canary-2", "canary-3"]);
    let renamed = edited(&stored, |config| config["fallbacks"][1]["model"] = json!("z"));
    assert_eq!(renamed, all);
    for (key, value) in [("provider", json!("gemini")), ("base_url", json!("https://evil.example"))] {
        let moved = edited(&stored, |config| config["fallbacks"][0][key] = value);
        assert_eq!(moved, [MASK, "canary-2", "canary-3"], "{key}");
    }
    let first_moved = edited(&stored, |config| config["base_url"] = json!("https://evil.example"));
    assert_eq!(first_moved, [MASK, "canary-2", MASK]);
    let added = edited(&stored, |config| {
        let new = json!({ "model": "z", "api_key": MASK });
        config["fallbacks"].as_array_mut().unwrap().push(new);
    });
    assert_eq!(added, ["canary-1", "canary-2", "canary-3", MASK]);
}
