//! Webhooks of flows: which flow a path belongs to, and what is said where another has it.

use std::sync::Arc;

use steadflow_core::flow::{Document, Fault};
use steadflow_core::folder::Folders;
use steadflow_core::ids::{FlowId, NodeId, TenantId};
use steadflow_core::payload::Payload;
use steadflow_core::webhook::Webhook;
use steadflow_store::{FlowFilter, FlowStatus, Page};

use super::{CurrentFlow, Engine};
use crate::error::RuntimeError;

/// The webhook of a flow.
#[derive(Clone, Debug)]
pub struct FlowWebhook {
    /// The flow, with its current version.
    pub flow: Arc<CurrentFlow>,
    /// Its trigger that has the webhook.
    pub node: NodeId,
    /// What it is.
    pub webhook: Arc<Webhook>,
}

impl FlowWebhook {
    fn of(flow: Arc<CurrentFlow>) -> Option<Self> {
        let (_, node, webhook) = flow.version.flow.webhook()?;
        let (node, webhook) = (node.clone(), Arc::clone(webhook));
        Some(Self { flow, node, webhook })
    }
}

impl Engine {
    /// Returns the webhook at a path: that of the active flow or else, of those that are paused, of the newest.
    ///
    /// # Errors
    /// What the store says.
    pub async fn webhook_at(&self, path: &str) -> Result<Option<FlowWebhook>, RuntimeError> {
        let Some((tenant, flow)) = self.store().flow_at(path.to_owned()).await? else { return Ok(None) };
        let flow = match self.current_flow(tenant, flow).await {
            Ok(flow) => flow,
            Err(RuntimeError::NoFlow(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let is_called = matches!(flow.record.status, FlowStatus::Active | FlowStatus::Paused);
        // It can have changed since it was looked for.
        Ok(FlowWebhook::of(flow).filter(|found| is_called && *found.webhook.path == *path))
    }

    /// Returns the newest `max` flows of a tenant, in `folders` if they are given, that have a webhook, or one flow if it has one, whatever their status is.
    ///
    /// # Errors
    /// What the store says.
    pub async fn webhooks(
        &self,
        tenant: TenantId,
        flow: Option<FlowId>,
        folders: Option<Folders>,
        max: usize,
    ) -> Result<Vec<FlowWebhook>, RuntimeError> {
        if let Some(flow) = flow {
            let current = self.current_flow(tenant, flow).await?;
            if folders.is_some_and(|folders| !folders.include(current.record.folder.as_ref())) {
                return Err(RuntimeError::NoFlow(flow));
            }
            return Ok(FlowWebhook::of(current).into_iter().collect());
        }
        let filter =
            FlowFilter { tenant: Some(tenant), has_webhook: Some(true), folders, ..FlowFilter::default() };
        let (mut all, mut before) = (Vec::new(), None);
        while all.len() < max {
            let page = Page { before, limit: max };
            let records = self.store().flows(filter.clone(), page).await?;
            let Some(last) = records.last() else { break };
            before = Some(last.as_ref().map_or_else(|damaged| damaged.id, |flow| flow.id.uuid()));
            for record in records.iter().flatten() {
                match self.current_flow(tenant, record.id).await {
                    Ok(flow) => all.extend(FlowWebhook::of(flow)),
                    Err(RuntimeError::NoFlow(_)) => {}
                    // The list of flows says so.
                    Err(error) if error.is_damage() => {}
                    Err(error) => return Err(error),
                }
            }
        }
        all.truncate(max);
        Ok(all)
    }
}

/// Returns the error of a flow whose document has the path of another flow's webhook.
pub(super) fn taken(document: &Payload) -> RuntimeError {
    let webhook = Document::restore(document).ok().and_then(|document| document.webhook());
    let (at, path) = webhook.unwrap_or_default();
    RuntimeError::WebhookTaken(Fault {
        pointer: format!("/flow_definition/nodes/{at}/webhook/path"),
        message: format!(
            "another active flow has the webhook `{path}`; choose another path, or pause that flow"
        ),
    })
}
