//! What executions run: a version of a flow, or the body of one of its nodes.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use crate::flow::{Flow, Node, Repeats};
use crate::ids::{FlowId, NodeId, TenantId};
use crate::limits::Limits;

/// An immutable version of a flow, or the body of one of its nodes: what an execution is pinned to.
#[derive(Debug)]
pub struct FlowVersion {
    /// Its tenant.
    pub tenant: TenantId,
    /// The flow.
    pub flow_id: FlowId,
    /// From 1.
    pub version: u32,
    /// What it says.
    pub flow: Flow,
    /// The bounds that its executions keep.
    pub limits: Limits,
    /// The node whose body this is, and what that is repeated for; `None` for the whole flow.
    pub body_of: Option<(NodeId, Repeats)>,
    /// The bodies of its nodes, once one was asked for.
    bodies: OnceLock<BTreeMap<NodeId, Arc<Self>>>,
}

impl FlowVersion {
    /// Returns a version of a whole flow.
    pub const fn new(tenant: TenantId, flow_id: FlowId, version: u32, flow: Flow, limits: Limits) -> Self {
        Self { tenant, flow_id, version, flow, limits, body_of: None, bodies: OnceLock::new() }
    }

    /// Returns the body of one of its nodes.
    pub fn body(&self, node: &NodeId) -> Option<&Arc<Self>> {
        self.bodies().get(node)
    }

    /// Returns the body of one of its nodes, or of one inside them.
    pub fn find_body(&self, node: &NodeId) -> Option<&Arc<Self>> {
        self.body(node).or_else(|| self.bodies().values().find_map(|body| body.find_body(node)))
    }

    fn bodies(&self) -> &BTreeMap<NodeId, Arc<Self>> {
        self.bodies.get_or_init(|| {
            let of = |node: &Node| {
                let repeats = node.kind.room().about().traits.repeats?;
                let flow = self.flow.of_body(node.body.as_ref()?);
                let new = Self::new(self.tenant, self.flow_id, self.version, flow, self.limits);
                let body_of = Some((node.id.clone(), repeats));
                Some((node.id.clone(), Arc::new(Self { body_of, ..new })))
            };
            self.flow.graph.nodes.iter().filter_map(of).collect()
        })
    }
}
