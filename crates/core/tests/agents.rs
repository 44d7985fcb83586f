//! Agents: what they offer, what they cost, and what a flow may ask of them.

use std::time::Duration;

use serde_json::{Value, json};
use steadflow_core::agent::{
    Agent, Breaker, MASK, Prices, Protection, Provider, impossible_sessions, missing_skills,
};
use steadflow_core::flow::Flow;
use steadflow_core::ids::AgentId;
use steadflow_core::limits::Limits;
use steadflow_core::usage::Usage;
use uuid::Uuid;

fn agent() -> Agent {
    let document = json!({
        "name": "Scorer", "agent_type": "http", "config": { "endpoint": "https://scores.example" },
        "skills": [{ "name": "score" }, { "name": "explain" }],
    });
    Agent::parse(&document).expect("it has no faults")
}

#[test]
fn a_million_tokens_cost_their_price() {
    let one = Prices {
        currency: None,
        input_per_million: 3.0,
        cached_input_per_million: None,
        cache_write_per_million: None,
        output_per_million: 15.0,
    };
    let cheap = Prices { cached_input_per_million: Some(0.3), ..one };
    let free = Prices { cached_input_per_million: Some(0.0), ..one };
    let writing = Prices { cache_write_per_million: Some(3.75), ..cheap };

    for (prices, input, [cached, written], output, cost) in [
        (one, 1_000_000, [0, 0], 0, 3.0),
        (one, 0, [0, 0], 1_000_000, 15.0),
        (one, 500_000, [0, 0], 200_000, 4.5),
        (one, 500_000, [400_000, 0], 200_000, 4.5),
        (cheap, 500_000, [400_000, 0], 200_000, 3.42),
        (cheap, 500_000, [500_000, 0], 0, 0.15),
        (cheap, 500_000, [0, 0], 0, 1.5),
        (free, 500_000, [400_000, 0], 0, 0.3),
        (cheap, 500_000, [100_000, 200_000], 0, 1.23),
        (writing, 500_000, [100_000, 200_000], 0, 1.38),
        (writing, 500_000, [0, 500_000], 0, 1.875),
    ] {
        let usage = Usage {
            input_tokens: input,
            cached_input_tokens: cached,
            cache_write_tokens: written,
            output_tokens: output,
            ..Usage::default()
        };
        let dear = prices.cost(&usage);
        assert!((dear - cost).abs() < 1e-9, "{prices:?}, {usage:?}: {dear}");
    }
}

#[test]
fn prices_are_read_with_their_currency_for_each_model() {
    let document = |first: &str, fallback: &str| {
        json!({
            "name": "A", "agent_type": "llm", "skills": ["ask"],
            "config": { "provider": "openai", "model": "m",
                "fallbacks": [{ "model": "n", "prices": { "currency": fallback, "cache_write_per_million": 2 } }] },
            "prices": { "currency": first, "input_per_million": 1 },
        })
    };

    let agent = Agent::parse(&document("EUR", "USD")).expect("it has no faults");
    let prices = [0, 1].map(|number| agent.model(number).and_then(|(_, prices)| prices).expect("prices"));
    let currencies = prices.map(|prices| prices.currency.map(|currency| currency.to_string()));
    assert_eq!(currencies, [Some("EUR".into()), Some("USD".into())]);
    assert_eq!(prices.map(|prices| prices.cache_write_per_million), [None, Some(2.0)]);
    for text in ["eur", "EURO", "", "E R"] {
        let faults = Agent::parse(&document("EUR", text)).expect_err("it is no currency");
        assert_eq!(faults[0].pointer, "/config/fallbacks/0/prices/currency", "{text}");
    }
}

#[test]
fn each_provider_is_asked_where_it_is() {
    for (provider, url) in [
        (Provider::OpenAi, "https://api.openai.com/v1"),
        (Provider::Anthropic, "https://api.anthropic.com/v1"),
        (Provider::Gemini, "https://generativelanguage.googleapis.com/v1beta"),
        (Provider::Ollama, "http://localhost:11434"),
    ] {
        assert_eq!(provider.default_base_url(), url);
    }
}

/// What an agent of a type says of its protection, and its faults.
fn protection(agent_type: &str, protection: &Value) -> Result<Option<Protection>, Vec<String>> {
    let config = match agent_type {
        "llm" => json!({ "provider": "openai", "model": "m" }),
        _ => json!({ "endpoint": "https://scores.example" }),
    };
    let document = json!({
        "name": "A", "agent_type": agent_type, "config": config, "skills": ["s"], "protection": protection,
    });
    Agent::parse(&document)
        .map(|agent| agent.protection)
        .map_err(|faults| faults.iter().map(ToString::to_string).collect())
}

#[test]
fn a_protection_has_what_it_names_and_limits_nothing_else() {
    let all = json!({ "max_concurrency": 4, "requests_per_minute": 60, "tokens_per_minute": 90_000, "breaker": {} });
    let breaker = Breaker { failures: 5, open: Duration::from_secs(30) };
    let read = Protection {
        max_concurrency: Some(4),
        requests_per_minute: Some(60),
        tokens_per_minute: Some(90_000),
        breaker: Some(breaker),
    };

    assert_eq!(protection("llm", &all), Ok(Some(read)));
    for nothing in [json!({}), json!(null), json!({ "max_concurrency": null })] {
        assert_eq!(protection("http", &nothing), Ok(None));
    }
}

#[test]
fn a_protection_that_cannot_be_kept_is_refused_with_its_place() {
    for (agent_type, given, place) in [
        ("llm", json!({ "max_concurrency": 0 }), "/protection/max_concurrency"),
        ("llm", json!({ "requests_per_minute": 0.5 }), "/protection/requests_per_minute"),
        ("llm", json!({ "breaker": { "failures": 0 } }), "/protection/breaker/failures"),
        ("llm", json!({ "breaker": true }), "/protection/breaker"),
        ("llm", json!({ "requests_per_second": 1 }), "/protection/requests_per_second"),
        ("http", json!({ "tokens_per_minute": 1 }), "/protection"),
    ] {
        let faults = protection(agent_type, &given).expect_err("it is refused");
        assert!(faults.len() == 1 && faults[0].starts_with(place), "{given}: {faults:?}");
    }
}

#[test]
fn a_skill_is_found_by_its_name() {
    let agent = agent();

    assert_eq!(agent.skill("explain").map(|skill| &*skill.name), Some("explain"));
    assert!(agent.skill("guess").is_none() && agent.offered("guess").is_err());
}

#[test]
fn a_skill_has_a_name_that_can_be_a_part_of_a_path() {
    let faults = |name: &str| {
        let document = json!({
            "name": "A", "agent_type": "http", "config": { "endpoint": "https://x.example" },
            "skills": [{ "name": name }],
        });
        Agent::parse(&document).err().unwrap_or_default()
    };

    for name in ["", " ", ".", "..", " .. "] {
        assert_eq!(faults(name).len(), 1, "{name:?}");
    }
    assert_eq!(faults("..."), []);
}

#[test]
fn skills_that_a_known_agent_does_not_have_are_named() {
    let id = |number| AgentId::new(Uuid::from_u128(number));
    let asks = |node: &str, agent: u128, skill: &str| json!({ "id": node, "type": "agent", "agent_id": id(agent).to_string(), "skill": skill });
    let calls = json!({ "id": "d", "type": "action", "action": "mcp_tool", "agent_id": id(1).to_string(), "tool": "guess" });
    let nodes = [asks("a", 1, "score"), asks("b", 1, "guess"), asks("c", 2, "guess"), calls];
    let flow = json!({ "name": "Agents", "flow_definition": { "nodes": nodes } });
    let flow = Flow::parse(&flow, &Limits::DEFAULT).expect("it has no faults");
    let agent = agent();

    let faults = missing_skills(&flow, |asked| (asked == id(1)).then_some(&agent));

    let pointers: Vec<&str> = faults.iter().map(|fault| &*fault.pointer).collect();
    assert_eq!(pointers, ["/flow_definition/nodes/1/skill", "/flow_definition/nodes/3/tool"]);
}

#[test]
fn sessions_with_agents_that_are_no_language_models_are_named() {
    let id = |number| AgentId::new(Uuid::from_u128(number));
    let asks = |node: &str, agent: u128, session: Value| json!({ "id": node, "type": "agent", "agent_id": id(agent).to_string(), "skill": "a", "session": session });
    let nodes = [
        asks("model", 1, json!("k")),
        asks("remote", 2, json!("k")),
        asks("alone", 2, Value::Null),
        asks("tools", 3, json!({ "key": "k" })),
        asks("unknown", 4, json!("k")),
    ];
    let flow = json!({ "name": "Sessions", "flow_definition": { "nodes": nodes } });
    let flow = Flow::parse(&flow, &Limits::DEFAULT).expect("it has no faults");
    let agent = |agent_type: &str, config: Value| {
        let document = json!({ "name": "Ann", "agent_type": agent_type, "config": config, "skills": ["a"] });
        Agent::parse(&document).unwrap_or_else(|faults| panic!("{faults:?}"))
    };
    let agents = [
        agent("llm", json!({ "provider": "openai", "model": "m" })),
        agent("http", json!({ "endpoint": "https://x.example" })),
        agent("mcp", json!({ "url": "https://x.example/mcp" })),
    ];

    let faults = impossible_sessions(&flow, |asked| {
        (1..).map(id).zip(&agents).find(|(id, _)| *id == asked).map(|(_, agent)| agent)
    });

    let found: Vec<(&str, &str)> = faults.iter().map(|fault| (&*fault.pointer, &*fault.message)).collect();
    let message = |agent_type| {
        format!("only language models have sessions, and Ann is of type `{agent_type}`, so the node fails")
    };
    assert_eq!(
        found,
        [
            ("/flow_definition/nodes/1/session", &*message("http")),
            ("/flow_definition/nodes/3/session", &*message("mcp")),
        ]
    );
}

/// Edits an agent as it is shown. Returns what its `api_key` is then, or the faults, each with its pointer.
fn edited(stored: &Value, change: &Value) -> Result<Value, Vec<String>> {
    let agent = Agent::parse(stored).unwrap_or_else(|faults| panic!("{faults:?}"));
    let mut document = stored.clone();
    document["config"] = agent.public_config();
    for (key, value) in change.as_object().expect("an object") {
        let at = if key == "agent_type" { &mut document } else { &mut document["config"] };
        at[key] = value.clone();
    }
    let unmasked = agent.unmask(&mut document);
    unmasked.map_err(|faults| {
        faults.iter().map(|fault| format!("{} {}", fault.pointer, fault.message)).collect::<Vec<_>>()
    })?;
    Ok(document["config"]["api_key"].clone())
}

#[test]
fn an_edited_agent_keeps_its_secrets_while_they_go_where_they_went() {
    let llm = json!({ "name": "A", "agent_type": "llm", "skills": ["a"], "config": {
        "provider": "openai", "model": "m", "api_key": "sk-1", "extra_headers": { "x": "1", "z": "${secrets.Z}" },
    } });
    let http = json!({ "name": "A", "agent_type": "http", "skills": ["a"], "config": {
        "endpoint": "https://scores.example/v1", "headers": { "x": "1" },
    } });
    let mcp = json!({ "name": "A", "agent_type": "mcp", "skills": ["a"], "config": {
        "url": "https://tools.example/mcp", "api_key": "sk-1",
    } });
    for (stored, change, kept) in [
        (&llm, json!({}), json!("sk-1")),
        (&llm, json!({ "model": "n", "base_url": "https://api.openai.com:443/v2" }), json!("sk-1")),
        (&llm, json!({ "base_url": "" }), json!("sk-1")),
        (&llm, json!({ "api_key": "sk-2", "provider": "anthropic", "extra_headers": {} }), json!("sk-2")),
        // What says nothing of where it goes is refused when it is read.
        (&llm, json!({ "provider": "none" }), json!(MASK)),
        (&llm, json!({ "provider": 5 }), json!(MASK)),
        (&http, json!({ "endpoint": "https://scores.example/v2" }), Value::Null),
        (&mcp, json!({ "url": "https://tools.example/v2" }), json!("sk-1")),
    ] {
        assert_eq!(edited(stored, &change), Ok(kept), "{change}");
    }
    for (stored, change, pointers, said) in [
        (
            &llm,
            json!({ "provider": "anthropic" }),
            &["api_key", "extra_headers/x"][..],
            "it is for `openai`,",
        ),
        (
            &llm,
            json!({ "base_url": "https://evil.example", "extra_headers": { "z": MASK } }),
            &["api_key"],
            "it is for https://api.openai.com,",
        ),
        (
            &http,
            json!({ "endpoint": "https://evil.example" }),
            &["headers/x"],
            "it is for https://scores.example,",
        ),
        (&mcp, json!({ "url": "https://evil.example" }), &["api_key"], "it is for https://tools.example,"),
        (&mcp, json!({ "url": null, "command": "files" }), &["api_key"], "it is for https://tools.example,"),
        (
            &mcp,
            json!({ "agent_type": "http", "endpoint": "https://tools.example" }),
            &["api_key"],
            "it is for `mcp`,",
        ),
        (
            &llm,
            json!({ "agent_type": "http", "endpoint": "https://api.openai.com" }),
            &["api_key", "extra_headers/x"],
            "it is for `openai`,",
        ),
    ] {
        let faults = edited(stored, &change).expect_err("masks are not sent elsewhere");

        assert_eq!(faults.len(), pointers.len(), "{faults:?}");
        for (fault, pointer) in faults.iter().zip(pointers) {
            assert!(fault.starts_with(&format!("/config/{pointer} ")) && fault.contains(said), "{fault}");
        }
    }
}

#[test]
fn faults_of_an_agent_quote_none_of_its_secrets() {
    for config in [
        json!({ "api_key": ["canary"] }),
        json!({ "api_key": { "a": "canary" } }),
        json!({ "api_key": "canary\n" }),
        json!({ "api_key": format!("canary{}", "y".repeat(8_000)) }),
        json!({ "api-key": "canary", "token": "canary" }),
        json!({ "headers": "canary" }),
        json!({ "headers": ["canary"] }),
        json!({ "extra_query": "canary" }),
        json!({ "headers": { "X-A": { "a": "canary" } } }),
        json!({ "headers": { "X-A": "canary\u{7f}", "Host": "canary" } }),
        json!({ "endpoint": "https://user:canary@scores.example" }),
        json!({ "endpoint": "https://scores.example/?key=canary" }),
        json!({ "url": "https://user:canary@scores.example" }),
        json!({ "url": "https://scores.example/?key=canary" }),
        json!({ "args": ["--token", "canary"], "env": { "TOKEN": "canary" } }),
    ] {
        for (agent_type, key) in [("http", "endpoint"), ("mcp", "url")] {
            let mut document = json!({ "name": "A", "agent_type": agent_type, "skills": ["ask"],
                "config": { key: "https://scores.example" } });
            let wanted = document["config"].as_object_mut().expect("it is an object");
            wanted.extend(config.as_object().expect("it is an object").clone());

            let faults = Agent::parse(&document).expect_err("it is not valid");

            assert!(!format!("{faults:?}").contains("canary"), "{faults:?}");
        }
    }
}
