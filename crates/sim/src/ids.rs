//! The ids of flows.

use steadflow_core::ids::FlowId;
use uuid::Uuid;

/// The number of [`TOOL_FLOW`], which itself asks for no flow.
pub(crate) const TOOL_FLOW_NUMBER: u8 = 2;

/// The flow that a tool runs.
pub(crate) const TOOL_FLOW: FlowId = flow_id(TOOL_FLOW_NUMBER as u128);

/// Returns the id of the flow with this number.
pub(crate) const fn flow_id(number: u128) -> FlowId {
    FlowId::new(Uuid::from_u128(0xf10e_0000_0000_7000_8000_0000_0000_0000 + number))
}
