//! Agents whose skills have tools, with two models: they are asked turn by turn. The tools of one are requests, those of the
//! other also run a flow and ask a server.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use steadflow_core::agent::{Agent, Breaker, Protection};
use steadflow_core::budget::Budget;
use steadflow_core::execution::PinnedAgents;
use steadflow_core::ids::{AgentId, TenantId};
use steadflow_core::protection::AgentLimits;
use uuid::Uuid;

use crate::ids::TOOL_FLOW;
use crate::rng::Rng;

/// The agent.
pub(crate) const WITH_TOOLS: AgentId = AgentId::new(Uuid::from_u128(1));

/// The agent that is asked once. It also judges the outputs of the other one.
pub(crate) const PLAIN: AgentId = AgentId::new(Uuid::nil());

/// An agent with the same tools, and two more: one runs a flow, and one asks [`SERVER`].
pub(crate) const WITH_OTHERS: AgentId = AgentId::new(Uuid::from_u128(2));

/// A server that does some calls as tasks.
pub(crate) const SERVER: AgentId = AgentId::new(Uuid::from_u128(3));

/// The agents that have sessions.
pub(crate) const TALKING: [AgentId; 3] = [PLAIN, WITH_TOOLS, WITH_OTHERS];

/// The tool that runs a flow.
pub(crate) const RUNS: &str = "d";

/// The tool that asks the server.
pub(crate) const ASKS: &str = "e";

/// How many models those with tools have.
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

/// Returns all in the only version that there is: its number changes, its document does not.
pub(crate) fn pinned() -> PinnedAgents {
    with_guardrails(&json!([{
        "name": "g", "on": "output", "judge": { "agent_id": PLAIN.uuid(), "skill": "s" }, "then": "repair",
    }]))
}

/// Returns all, without a judge of those with tools.
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
    let tools = vec![tool(NEVER), always, large];
    let mut others = tools.clone();
    others.push(json!({ "name": RUNS, "type": "flow", "flow_id": TOOL_FLOW }));
    others.push(json!({ "name": ASKS, "type": "skill", "agent_id": SERVER, "skill": "s" }));
    let asked = |tools: Vec<Value>| {
        json!({
            "name": "With tools", "agent_type": "llm", "config": { "provider": "openai", "model": "m", "fallbacks": [{ "model": "n" }] },
            "skills": [{
                "name": "s", "tools": tools, "max_turns": TURNS_MAX, "max_tokens": TOKENS_MAX,
                "max_answer_tokens": ANSWER_TOKENS_MAX, "guardrails": guardrails,
            }],
        })
    };
    let server = json!({ "name": "Server", "agent_type": "mcp", "config": { "url": "https://a.test" }, "skills": ["s"] });
    let all = [(WITH_TOOLS, asked(tools)), (WITH_OTHERS, asked(others)), (PLAIN, plain()), (SERVER, server)];
    Arc::new(all.into_iter().map(|(id, document)| (id, parsed(&document))).collect())
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

/// Returns what limits the agents. Calls of one with tools wait for one another, and for its breaker.
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
    let protected = |budget| AgentLimits { tenant, protection: Some(protection), budget };
    let mut limits = vec![(WITH_TOOLS, protected(budget)), (WITH_OTHERS, protected(None))];
    if budget.is_some() {
        limits.push((PLAIN, AgentLimits { tenant, protection: None, budget }));
    }
    limits
}
