//! What a flow names that does not exist is said when it is saved.

use std::sync::Arc;

use serde_json::json;
use steadflow_core::ids::AgentId;
use steadflow_core::payload::Payload;
use steadflow_runtime::{EngineConfig, HasSecret};
use steadflow_store::AgentChange;
use uuid::Uuid;

use super::ME;
use crate::support::{Bench, TENANT, echo};

#[tokio::test(start_paused = true)]
async fn secrets_and_agents_that_do_not_exist_are_warned_of_where_they_are_named() {
    let has_secret = HasSecret::new(|tenant, name| tenant == TENANT && name == "THERE");
    let bench = Bench::configured(EngineConfig { has_secret, ..EngineConfig::default() }).await;
    let agent = AgentId::new(Uuid::from_u128(5));
    let document = json!({ "name": "Risk", "agent_type": "http", "skills": ["score"],
                           "config": { "endpoint": "https://risk.example.org",
                                       "headers": { "a": "${secrets.THERE}", "b": "key=${secrets.OF_AGENT}" } } });
    bench.engine.put_agent(&ME, agent, &document).await.unwrap();
    let asks = |id: &str, agent: AgentId| json!({ "id": id, "type": "agent", "agent_id": agent.to_string(), "skill": "score", "input": {} });
    let nodes = json!([
        echo("a", json!({ "known": "${secrets.THERE}", "unknown": "${secrets.NOWHERE}" })),
        asks("b", agent),
        asks("c", AgentId::new(Uuid::from_u128(6))),
        json!({ "id": "d", "type": "agent", "agent_id": agent.to_string(), "skill": "score", "session": "k" }),
    ]);
    let edges = json!([{ "from": "a", "to": "b" }, { "from": "b", "to": "c" }, { "from": "c", "to": "d" }]);
    let flow = bench.flow(json!({}), nodes, edges).await;
    let flow = bench.engine.current_flow(TENANT, flow).await.unwrap();

    let warnings = bench.engine.flow_warnings(TENANT, &flow.version.flow).await.unwrap();

    let of = |pointer: &str| -> Vec<&str> {
        let pointer = format!("/flow_definition/nodes/{pointer}");
        let of = warnings.iter().filter(|fault| fault.pointer == pointer);
        of.map(|fault| fault.message.split(", ").next().unwrap_or_default()).collect()
    };
    assert_eq!(of("0/input/unknown"), ["there is no secret `NOWHERE`"]);
    assert_eq!(of("1/agent_id"), ["the agent uses the secret `OF_AGENT`"]);
    assert_eq!(of("2/agent_id"), ["there is no agent 00000000-0000-0000-0000-000000000006"]);
    assert_eq!(of("3/agent_id"), ["the agent uses the secret `OF_AGENT`"]);
    assert_eq!(of("3/session"), ["only language models have sessions"]);
    assert_eq!(warnings.len(), 5, "{warnings:?}");
}

#[tokio::test(start_paused = true)]
async fn agents_whose_local_commands_are_not_listed_any_more_are_warned_of() {
    let commands = Arc::new(["files".into()].into());
    let bench = Bench::configured(EngineConfig { commands, ..EngineConfig::default() }).await;
    let agent = async |number: u128, command: &str| {
        let id = AgentId::new(Uuid::from_u128(number));
        let document = json!({ "name": command, "agent_type": "mcp", "skills": ["read"], "config": { "command": command } });
        let (document, at) = (Payload::from_value(&document), bench.engine.now());
        let change = AgentChange { id, tenant: TENANT, document, at, if_revision: None };
        bench.engine.store().put_agent(change).await.unwrap();
        json!({ "id": command, "type": "agent", "agent_id": id.to_string(), "skill": "read", "input": {} })
    };
    let nodes = json!([agent(1, "files").await, agent(2, "gone").await]);
    let flow = bench.flow(json!({}), nodes, json!([{ "from": "files", "to": "gone" }])).await;
    let flow = bench.engine.current_flow(TENANT, flow).await.unwrap();

    let warnings = bench.engine.flow_warnings(TENANT, &flow.version.flow).await.unwrap();

    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert_eq!(warnings[0].pointer, "/flow_definition/nodes/1/agent_id");
    assert_eq!(
        warnings[0].message,
        "the agent cannot be called: there is no local command `gone`. The operator has listed `files`, and can add it to \
         `steadflow.toml` as `[mcp.gone]`"
    );
}
