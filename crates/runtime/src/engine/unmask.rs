//! What was masked when its editor was shown it is put back.

use std::collections::BTreeMap;

use steadflow_core::execution::Execution;
use steadflow_core::flow::Fault;
use steadflow_core::ids::NodeId;
use steadflow_core::payload::Payload;
use steadflow_core::sensitive::{MASK, restored};
use steadflow_core::template::pointer_token;

use crate::error::RuntimeError;

/// Puts back what was masked in trigger data.
pub(super) fn unmasked(edited: &Payload, old: &Execution) -> Result<Payload, RuntimeError> {
    let of_old = &old.accepted().trigger_data;
    restored(edited, of_old).map_err(|pointer| RuntimeError::TriggerDataUnfit(vec![masked_fault(pointer)]))
}

/// Puts back what was masked in outputs.
///
/// # Errors
/// Where nothing can be put back.
pub(super) fn unmasked_outputs(
    outputs: BTreeMap<NodeId, Payload>,
    old: &Execution,
) -> Result<BTreeMap<NodeId, Payload>, Vec<Fault>> {
    let put_back = |(id, edited): (NodeId, Payload)| {
        let of_old = old.graph().find(id.as_str()).and_then(|node| old.node(node).output.clone());
        let whole = restored(&edited, &of_old.unwrap_or_default()).map_err(|pointer| {
            let pointer = format!("/outputs/{}{pointer}", pointer_token(id.as_str()));
            vec![masked_fault(pointer)]
        })?;
        Ok((id, whole))
    };
    outputs.into_iter().map(put_back).collect()
}

fn masked_fault(pointer: String) -> Fault {
    let message = format!(
        "`{MASK}` stands for a value that is not shown, and the old execution has none here; give one"
    );
    Fault { pointer, message }
}
