//! The example flows, stored in a server's database.

use anyhow::{Context, anyhow};
use serde_json::{Value, json};
use steadflow_core::caller::{Actor, Caller};
use steadflow_core::ids::FlowId;
use steadflow_core::payload::Payload;
use steadflow_runtime::{CurrentFlow, DocumentEdit, Engine, FlowEdit, NewFlow, RuntimeError, Start};
use steadflow_store::FlowStatus;
use uuid::Uuid;

use super::point_to;
use crate::document::Document;

/// The examples, and whether the first start runs them.
const EXAMPLES: [(&str, bool); 7] = [
    (include_str!("../../../../examples/decision.json"), false),
    (include_str!("../../../../examples/delay.json"), false),
    (include_str!("../../../../examples/error-edge.json"), true),
    (include_str!("../../../../examples/timeout.json"), true),
    (include_str!("../../../../examples/retries-exhausted.json"), true),
    (include_str!("../../../../examples/parallel.json"), true),
    (include_str!("../../../../examples/retry-recovers.json"), true),
];

/// On behalf of whom they are stored and run.
const DEMO: Caller = Caller { actor: Actor::SYSTEM, ..Caller::LOCAL };

/// Stores the examples with `base` as the address of the demo service. The first time, runs some of them.
pub(crate) async fn install(engine: &Engine, base: &str) -> anyhow::Result<()> {
    for (number, (text, runs)) in EXAMPLES.iter().enumerate() {
        let mut file: Value = serde_json::from_str(text).context("An example is not JSON")?;
        point_to(&mut file, base);
        let document =
            Document::parse(&file).map_err(|faults| anyhow!("An example is not valid: {faults:?}"))?;
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

/// Stores an example, or updates it if the address of the demo service has changed. Returns whether it is new.
async fn put(engine: &Engine, id: FlowId, document: &Document) -> anyhow::Result<bool> {
    let document = document.flow_document()?;
    let stored = match engine.current_flow(DEMO.tenant, id).await {
        Ok(stored) => stored,
        Err(RuntimeError::NoFlow(_)) => {
            engine.create_flow(&DEMO, NewFlow { id, document, status: FlowStatus::Active }).await?;
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
    flow.record.category.as_deref() == Some("demo")
}

async fn run(engine: &Engine, flow: FlowId, example: Option<Payload>) -> anyhow::Result<()> {
    let start = Start {
        caller: DEMO,
        flow,
        context_id: None,
        context_type: None,
        trigger_data: example.unwrap_or_else(|| Payload::from_value(&json!({}))),
        triggered_by: "demo".into(),
        key: None,
        wait: None,
    };
    engine.start_execution(start).await?;
    Ok(())
}
