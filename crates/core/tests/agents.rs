//! Agents: what they offer, what they cost, and what a flow may ask of them.

use serde_json::json;
use steadflow_core::agent::{Agent, Prices, Provider, missing_skills};
use steadflow_core::flow::Flow;
use steadflow_core::ids::AgentId;
use steadflow_core::limits::Limits;
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
    let prices = Prices { input_per_million: 3.0, output_per_million: 15.0 };

    for (input, output, cost) in [(1_000_000, 0, 3.0), (0, 1_000_000, 15.0), (500_000, 200_000, 4.5)] {
        assert!((prices.cost(input, output) - cost).abs() < 1e-9, "{input} and {output}");
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

#[test]
fn a_skill_is_found_by_its_name() {
    let agent = agent();

    assert_eq!(agent.skill("explain").map(|skill| &*skill.name), Some("explain"));
    assert!(agent.skill("guess").is_none() && agent.offered("guess").is_err());
}

#[test]
fn skills_that_a_known_agent_does_not_have_are_named() {
    let id = |number| AgentId::new(Uuid::from_u128(number));
    let asks = |node: &str, agent: u128, skill: &str| json!({ "id": node, "type": "agent", "agent_id": id(agent).to_string(), "skill": skill });
    let nodes = [asks("a", 1, "score"), asks("b", 1, "guess"), asks("c", 2, "guess")];
    let flow = json!({ "name": "Agents", "flow_definition": { "nodes": nodes } });
    let flow = Flow::parse(&flow, &Limits::DEFAULT).expect("it has no faults");
    let agent = agent();

    let faults = missing_skills(&flow, |asked| (asked == id(1)).then_some(&agent));

    let pointers: Vec<&str> = faults.iter().map(|fault| &*fault.pointer).collect();
    assert_eq!(pointers, ["/flow_definition/nodes/1/skill"]);
}
