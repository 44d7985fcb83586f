//! What an execution starts from.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Around, Fork, Parent, ReusedChildren};
use crate::caller::Actor;
use crate::flow_control::QueuePlace;
use crate::ids::{AgentId, ExecutionId, FlowId, NodeId, TenantId};
use crate::payload::Payload;
use crate::trace_parent::TraceParent;

/// What an execution starts from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Accepted {
    /// Its tenant.
    pub tenant: TenantId,
    /// The flow.
    pub flow: FlowId,
    /// The version of the flow that it is pinned to.
    pub version: u32,
    /// What it is about, in the caller's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_id: Option<Arc<str>>,
    /// What `context_id` names, e.g. `vendor`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_type: Option<Arc<str>>,
    /// What it was started with.
    pub trigger_data: Payload,
    /// What started it: `api`, `cli`, `retry`, …
    pub triggered_by: Arc<str>,
    /// Who or what started it.
    #[serde(default = "Actor::system")]
    pub actor: Actor,
    /// The execution that started it as a child.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Box<Parent>>,
    /// What it reads that is around the body that it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub around: Option<Box<Around>>,
    /// The versions that the flows of its children are pinned to, its children's children included.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub flows: BTreeMap<FlowId, u32>,
    /// The versions that its agents are pinned to, those of its children included. One that is missing did not exist when
    /// the execution was accepted; a node that asks it uses the version that is current then.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub agents: BTreeMap<AgentId, u32>,
    /// The execution that it retries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_of: Option<ExecutionId>,
    /// Where it comes from, if it is a fork.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forked_from: Option<Box<Fork>>,
    /// Nodes whose work is another execution's, of those whose outputs are reused: a retry of a fork does not undo it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub borrowed: BTreeSet<NodeId>,
    /// Nodes whose outputs somebody gave, of those whose outputs are reused: for this retry, or for one that it comes from. What is given
    /// for a fork is with that.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub edited: BTreeSet<NodeId>,
    /// Outputs reused from the execution that it retries or is a fork of, by node.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reused: BTreeMap<NodeId, Payload>,
    /// What is reused of its children, by node.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reused_children: BTreeMap<NodeId, ReusedChildren>,
    /// The node whose turn of a session it writes again, which `retry_of` wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regenerates: Option<NodeId>,
    /// Where it stands among those that wait to start, if more counts than the moment of its acceptance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<Box<QueuePlace>>,
    /// The span of its caller that it is a part of, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<Arc<TraceParent>>,
    /// The key that its values are encrypted with where they are stored; `None` where they are not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_key: Option<Uuid>,
    /// The worker that accepted it.
    pub worker: Arc<str>,
}

impl Accepted {
    /// Returns what an execution of this flow version starts from by default: `null`, by the engine itself.
    pub fn new(tenant: TenantId, flow: FlowId, version: u32, worker: Arc<str>) -> Self {
        Self {
            tenant,
            flow,
            version,
            context_id: None,
            context_type: None,
            trigger_data: Payload::null(),
            triggered_by: "api".into(),
            actor: Actor::SYSTEM,
            parent: None,
            around: None,
            flows: BTreeMap::new(),
            agents: BTreeMap::new(),
            retry_of: None,
            forked_from: None,
            borrowed: BTreeSet::new(),
            edited: BTreeSet::new(),
            reused: BTreeMap::new(),
            reused_children: BTreeMap::new(),
            regenerates: None,
            queue: None,
            trace: None,
            data_key: None,
            worker,
        }
    }

    /// Returns whether the work of a node whose output it reuses belongs to another execution, which goes on without this one.
    pub fn is_borrowed(&self, node: &NodeId) -> bool {
        self.forked_from.is_some() || self.borrowed.contains(node)
    }

    /// Returns whether somebody gave the output of a node that it reuses.
    pub fn is_edited(&self, node: &NodeId) -> bool {
        self.edited.contains(node) || self.forked_from.as_ref().is_some_and(|fork| fork.edited.contains(node))
    }

    /// Returns the node whose body it runs; `None` where it runs a whole flow.
    pub fn body(&self) -> Option<&NodeId> {
        self.parent.as_ref()?.body.as_ref()
    }

    /// Returns whether it takes a slot of its flow while it is under way. One whose ancestor has one uses that: it would wait
    /// for it without end.
    pub fn takes_slot(&self) -> bool {
        self.parent.as_ref().is_none_or(|parent| parent.body.is_none() && !parent.within.contains(&self.flow))
    }

    /// Returns it without the versions of agents and of children's flows.
    pub(crate) fn unpinned(self) -> Self {
        Self { flows: BTreeMap::new(), agents: BTreeMap::new(), ..self }
    }
}
