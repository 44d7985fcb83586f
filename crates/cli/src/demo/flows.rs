//! The example flows, stored in a server's database.

use anyhow::{Context, anyhow};
use serde_json::{Value, json};
use steadflow_core::caller::{Actor, Caller};
use steadflow_core::ids::FlowId;
use steadflow_core::payload::Payload;
use steadflow_runtime::{CurrentFlow, DocumentEdit, Engine, FlowEdit, NewFlow, RuntimeError, Start};
use steadflow_store::FlowStatus;
use uuid::Uuid;

use super::{PATH, point_to};
use crate::document::{Document, FileAgent};

/// The examples, and whether the first start runs them.
const EXAMPLES: [(&str, bool); 15] = [
    (include_str!("../../../../examples/decision.json"), false),
    (include_str!("../../../../examples/delay.json"), false),
    (include_str!("../../../../examples/error-edge.json"), true),
    (include_str!("../../../../examples/timeout.json"), true),
    (include_str!("../../../../examples/retries-exhausted.json"), true),
    (include_str!("../../../../examples/parallel.json"), true),
    (include_str!("../../../../examples/retry-recovers.json"), true),
    (include_str!("../../../../examples/research-agent.json"), true),
    (include_str!("../../../../examples/review-loop.json"), true),
    (include_str!("../../../../examples/map.json"), true),
    (include_str!("../../../../examples/refund.json"), true),
    (include_str!("../../../../examples/order-saga.json"), true),
    (include_str!("../../../../examples/router.json"), true),
    (include_str!("../../../../examples/nightly-batch.json"), true),
    (include_str!("../../../../examples/support-chat.json"), false),
];

/// The category of what no user has turned into something else.
const DEMO_CATEGORY: &str = "demo";

/// On behalf of whom they are stored and run.
const DEMO: Caller = Caller { actor: Actor::SYSTEM, ..Caller::LOCAL };

/// Stores the examples with `base` as the address of the demo service. The first time, runs some of them.
pub(crate) async fn install(engine: &Engine, base: &str) -> anyhow::Result<()> {
    for (number, (text, runs)) in EXAMPLES.iter().enumerate() {
        let mut file: Value = serde_json::from_str(text).context("An example is not JSON")?;
        point_to(&mut file, base);
        let document =
            Document::parse(&file).map_err(|faults| anyhow!("An example is not valid: {faults:?}"))?;
        for agent in &document.agents {
            put_agent(engine, agent).await.context("The agents of the examples could not be stored")?;
        }
        // Fixed, so that the next start finds it. Has the version of our other ids, so that lists have this order.
        let id = FlowId::new(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + number as u128));
        let is_new = put(engine, id, &document).await.context("The examples could not be stored")?;
        if *runs && is_new {
            let example = document.flow.graph.trigger_example().cloned();
            run(engine, id, example).await.context("An example could not be started")?;
        }
    }
    Ok(())
}

/// Stores an agent of an example, or updates it if the address of the demo service has changed.
async fn put_agent(engine: &Engine, agent: &FileAgent) -> anyhow::Result<()> {
    let document = match engine.agent(DEMO.tenant, agent.id).await {
        Ok(stored) => updated(&stored.read_document()?, &agent.document),
        Err(RuntimeError::NoAgent(_)) => Some(agent.document.clone()),
        Err(error) => return Err(error.into()),
    };
    if let Some(document) = document {
        engine.put_agent(&DEMO, agent.id, &document).await?;
    }
    Ok(())
}

/// Returns what to store in the place of `stored`, if anything. An agent that a user has pointed to another model keeps its
/// `config`.
fn updated(stored: &Value, example: &Value) -> Option<Value> {
    let mut document = example.clone();
    let model = stored["config"]["base_url"].as_str();
    if !model.is_some_and(|url| url.ends_with(&format!("{PATH}/v1"))) {
        document["config"] = stored["config"].clone();
    }
    (stored["category"] == DEMO_CATEGORY && *stored != document).then_some(document)
}

/// Stores an example, or updates it if the address of the demo service has changed. Returns whether it is new.
async fn put(engine: &Engine, id: FlowId, document: &Document) -> anyhow::Result<bool> {
    let document = document.flow_document()?;
    let stored = match engine.current_flow(DEMO.tenant, id).await {
        Ok(stored) => stored,
        Err(RuntimeError::NoFlow(_)) => {
            engine.create_flow(&DEMO, NewFlow { id, ..NewFlow::new(document, FlowStatus::Active) }).await?;
            return Ok(true);
        }
        Err(error) => return Err(error.into()),
    };
    if let (true, Value::Object(patch)) = (is_untouched(&stored), document) {
        let edit = FlowEdit { document: DocumentEdit::Patch(patch), ..FlowEdit::default() };
        engine.edit_flow(&DEMO, id, edit).await?;
    }
    Ok(false)
}

/// Whether an example has not been turned into something else by a user.
fn is_untouched(flow: &CurrentFlow) -> bool {
    flow.record.category.as_deref() == Some(DEMO_CATEGORY)
}

async fn run(engine: &Engine, flow: FlowId, example: Option<Payload>) -> anyhow::Result<()> {
    let start = Start {
        caller: DEMO,
        flow,
        context_id: None,
        context_type: None,
        trigger_data: example.unwrap_or_else(|| Payload::from_value(&json!({}))),
        triggered_by: "demo".into(),
        priority: None,
        trace: None,
        key: None,
        wait: None,
    };
    engine.start_execution(start).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent(base_url: &str, tool: &str) -> Value {
        json!({ "category": "demo", "config": { "base_url": base_url }, "tool": tool })
    }

    #[test]
    fn an_agent_follows_the_demo_service_but_keeps_the_model_of_a_user() {
        let example = agent("http://127.0.0.1:8080/demo/peer/v1", "http://127.0.0.1:8080/demo/peer/x");
        let moved = agent("http://127.0.0.1:9090/demo/peer/v1", "http://127.0.0.1:9090/demo/peer/x");
        let real = agent("https://models.example/v1", "http://127.0.0.1:9090/demo/peer/x");
        let own = json!({ "category": "mine", "config": {} });

        let real_here = agent("https://models.example/v1", "http://127.0.0.1:8080/demo/peer/x");
        assert_eq!(updated(&example, &example), None);
        assert_eq!(updated(&moved, &example), Some(example.clone()));
        assert_eq!(updated(&real, &example), Some(real_here.clone()));
        assert_eq!(updated(&real_here, &example), None);
        assert_eq!(updated(&own, &example), None);
    }
}
