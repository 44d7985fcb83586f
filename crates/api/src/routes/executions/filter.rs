//! Which executions to list.

use std::collections::BTreeMap;

use steadflow_core::execution::{ExecutionStatus, Wait};
use steadflow_core::failure::ErrorClass;
use steadflow_core::ids::{ExecutionId, FlowId, NodeId, TenantId};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{ExecutionFilter, Lineage};
use utoipa::IntoParams;

use crate::app::App;
use crate::query::{FromParams, Params, Window};
use crate::views::node::WaitingFor;
use crate::views::wire::{ErrorClassName, ExecutionStatusName, Time};

/// Which executions to list. Every filter that is given must fit.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExecutionsQuery {
    /// Only those that a node of this execution started.
    #[param(value_type = Option<Uuid>)]
    parent_id: Option<ExecutionId>,
    /// Only those that this node of `parent_id` started, in the order of its items or iterations.
    #[param(value_type = Option<String>)]
    parent_node: Option<NodeId>,
    /// Only those that no node of another execution started. `true` unless given; `false` where `parent_id` is given.
    roots: Option<bool>,
    /// Forks of this execution.
    #[param(value_type = Option<Uuid>)]
    forked_from: Option<ExecutionId>,
    /// With exactly this context id.
    #[param(max_length = 1000)]
    context_id: Option<String>,
    /// In one of these statuses; given several times, or separated by commas.
    #[param(value_type = Option<Vec<ExecutionStatusName>>, style = Form, explode)]
    status: Vec<ExecutionStatus>,
    /// Waiting out a backoff, or not.
    retrying: Option<bool>,
    /// Waiting for this, where nothing goes on until it comes.
    #[param(value_type = Option<WaitingFor>)]
    waiting_for: Option<&'static str>,
    /// With this error class.
    #[param(value_type = Option<ErrorClassName>)]
    error_class: Option<ErrorClass>,
    /// Whose failure this node caused.
    #[param(max_length = 200)]
    node: Option<String>,
    /// With this fingerprint.
    #[param(max_length = 200)]
    fingerprint: Option<String>,
    /// With this text in the id (as a prefix), the context id or the error message.
    #[param(max_length = 200)]
    q: Option<String>,
    /// Accepted at or after.
    #[param(value_type = Option<Time>)]
    start_date: Option<Timestamp>,
    /// Accepted before.
    #[param(value_type = Option<Time>)]
    end_date: Option<Timestamp>,
    /// Of this flow. Each endpoint has its own way to name it.
    #[param(ignore)]
    flow: Option<FlowId>,
    #[param(ignore)]
    pub(crate) window: Window,
}

impl FromParams for ExecutionsQuery {
    fn from_params(params: &mut Params) -> Self {
        let (parent_id, roots) = (params.execution("parent_id"), params.flag("roots"));
        if parent_id.is_some() && roots == Some(true) {
            params.fault("roots", "`false` or left out where `parent_id` is given");
        }
        let parent_node = params.text("parent_node").map(NodeId::new);
        if parent_node.is_some() && parent_id.is_none() {
            params.fault("parent_node", "left out where `parent_id` is not given");
        }
        Self {
            parent_id,
            parent_node,
            roots,
            forked_from: params.execution("forked_from"),
            context_id: params.text("context_id"),
            status: statuses(params),
            retrying: params.flag("retrying"),
            waiting_for: wait(params),
            error_class: params.error_class("error_class"),
            node: params.short_text("node"),
            fingerprint: params.short_text("fingerprint"),
            q: params.short_text("q"),
            start_date: params.time("start_date"),
            end_date: params.time("end_date"),
            flow: None,
            window: Window::from_params(params),
        }
    }
}

fn wait(params: &mut Params) -> Option<&'static str> {
    let given = params.short_text("waiting_for")?;
    let found = Wait::NAMES.into_iter().find(|name| *name == given);
    if found.is_none() {
        params.fault("waiting_for", &format!("one of {}", Wait::NAMES.join(", ")));
    }
    found
}

fn statuses(params: &mut Params) -> Vec<ExecutionStatus> {
    let mut statuses = Vec::new();
    for name in params.all("status").iter().flat_map(|list| list.split(',')) {
        match ExecutionStatus::ALL.into_iter().find(|status| status.as_str() == name) {
            Some(status) if statuses.contains(&status) => {}
            Some(status) => statuses.push(status),
            None => params.fault("status", "some of pending, running, paused, completed, failed, cancelled"),
        }
    }
    statuses
}

impl ExecutionsQuery {
    pub(crate) fn of_flow(self, flow: Option<FlowId>) -> Self {
        Self { flow, ..self }
    }

    /// Lists show roots unless children are asked for.
    fn lineage(&self) -> Option<Lineage> {
        match (self.parent_id, self.roots) {
            (Some(parent), _) => Some(Lineage::ChildOf(parent)),
            (None, Some(false)) => None,
            (None, Some(true) | None) => Some(Lineage::Root),
        }
    }

    pub(crate) fn into_filter(self, tenant: TenantId) -> ExecutionFilter {
        ExecutionFilter {
            tenant: Some(tenant),
            flow: self.flow,
            folders: None,
            lineage: self.lineage(),
            parent_node: self.parent_node,
            forked_from: self.forked_from,
            context_id: self.context_id.map(Into::into),
            statuses: self.status,
            retrying: self.retrying,
            waiting_for: self.waiting_for,
            error_class: self.error_class,
            failed_node: self.node.map(NodeId::new),
            fingerprint: self.fingerprint.map(Into::into),
            after_version: None,
            ended_after: None,
            from: self.start_date,
            to: self.end_date,
            text: self.q.map(Into::into),
        }
    }
}

/// Returns the present names of `flows`; those of deleted ones are missing.
pub(crate) async fn flow_names(
    app: &App,
    tenant: TenantId,
    flows: impl Iterator<Item = FlowId>,
) -> BTreeMap<FlowId, String> {
    let mut names = BTreeMap::new();
    for flow in flows {
        if !names.contains_key(&flow)
            && let Some(name) = app.engine().flow_name(tenant, flow).await
        {
            names.insert(flow, name);
        }
    }
    names
}
