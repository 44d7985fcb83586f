//! An agent whose skill has tools, with two models: it is asked turn by turn.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use steadflow_core::agent::{Agent, Breaker, Protection};
use steadflow_core::budget::Budget;
use steadflow_core::execution::PinnedAgents;
use steadflow_core::ids::{AgentId, TenantId};
use steadflow_core::protection::AgentLimits;
use uuid::Uuid;

use crate::rng::Rng;

/// The agent.
pub(crate) const WITH_TOOLS: AgentId = AgentId::new(Uuid::from_u128(1));

/// The agent that is asked once. It also judges the outputs of the other one.
pub(crate) const PLAIN: AgentId = AgentId::new(Uuid::nil());

/// How many models the one with tools has.
pub(crate) const MODELS: usize = 2;

/// How often its models may be asked.
pub(crate) const TURNS_MAX: u64 = 6;

/// How many tokens all its answers may have.
pub(crate) const TOKENS_MAX: u64 = 40;

/// How many tokens one of its answers may have.
const ANSWER_TOKENS_MAX: u64 = 20;

/// The tool whose calls need no approval.
pub(crate) const NEVER: &str = "a";

/// The tool whose calls all need approval.
pub(crate) const ALWAYS: &str = "b";

/// The tool of which those calls need approval whose number is large. They do not wait for ever.
pub(crate) const IF_LARGE: &str = "c";

/// The largest number that is not.
const LARGE: u64 = 0;

/// Returns whether a call of a tool needs approval, as the document of the agent says.
pub(crate) fn needs_approval(tool: &str, arguments: &Value) -> bool {
    match tool {
        ALWAYS => true,
        IF_LARGE => arguments["n"].as_u64().is_none_or(|number| number > LARGE),
        _ => false,
    }
}

/// Returns both in the only version that there is: its number changes, its document does not.
pub(crate) fn pinned() -> PinnedAgents {
    with_guardrails(&json!([{
        "name": "g", "on": "output", "judge": { "agent_id": PLAIN.uuid(), "skill": "s" }, "then": "repair",
    }]))
}

/// Returns both, without a judge of the one with tools.
pub(crate) fn unjudged() -> PinnedAgents {
    with_guardrails(&json!([]))
}

fn with_guardrails(guardrails: &Value) -> PinnedAgents {
    let tool =
        |name: &str| json!({ "name": name, "type": "http_request", "request": { "url": "https://a.test" } });
    let (mut always, mut large) = (tool(ALWAYS), tool(IF_LARGE));
    always["approval"] = "always".into();
    large["approval"] = format!("input.n > {LARGE}").into();
    large["approval_timeout_seconds"] = 20.into();
    let document = json!({
        "name": "With tools", "agent_type": "llm", "config": { "provider": "openai", "model": "m", "fallbacks": [{ "model": "n" }] },
        "skills": [{
            "name": "s", "tools": [tool(NEVER), always, large], "max_turns": TURNS_MAX, "max_tokens": TOKENS_MAX,
            "max_answer_tokens": ANSWER_TOKENS_MAX, "guardrails": guardrails,
        }],
    });
    Arc::new(BTreeMap::from([(WITH_TOOLS, parsed(&document)), (PLAIN, parsed(&plain()))]))
}

fn parsed(document: &Value) -> Arc<Agent> {
    Arc::new(Agent::parse(document).unwrap_or_else(|faults| panic!("{faults:?}")))
}

/// Returns an agent that is asked once.
fn plain() -> Value {
    json!({
        "name": "Plain", "agent_type": "llm", "config": { "provider": "openai", "model": "m" },
        "skills": [{ "name": "s", "max_tokens": ANSWER_TOKENS_MAX }],
    })
}

/// Returns what each agent may use in a day: in most runs, as much as it likes.
pub(crate) fn day_budget(mut rng: Rng) -> Option<u64> {
    rng.happens(300).then(|| rng.between(3, 40) * 1_000)
}

/// Returns what limits the agents. Calls of the one with tools wait for one another, and for its breaker.
pub(crate) fn limits(day_budget: Option<u64>) -> Vec<(AgentId, AgentLimits)> {
    let breaker = Breaker { failures: 2, open: Duration::from_secs(5) };
    let protection = Protection {
        max_concurrency: Some(1),
        requests_per_minute: Some(600),
        tokens_per_minute: Some(60_000),
        breaker: Some(breaker),
    };
    let tenant = TenantId::DEFAULT;
    let budget = day_budget.map(|tokens| Budget { max_tokens: Some(tokens), ..Budget::default() });
    let mut limits = vec![(WITH_TOOLS, AgentLimits { tenant, protection: Some(protection), budget })];
    if budget.is_some() {
        limits.push((PLAIN, AgentLimits { tenant, protection: None, budget }));
    }
    limits
}
