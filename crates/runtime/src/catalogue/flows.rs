//! Flows: created, changed, restored, made from templates.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value, json};
use steadflow_core::access::MayStart;
use steadflow_core::caller::Caller;
use steadflow_core::execution::FlowVersion;
use steadflow_core::flow::{Document, Flow};
use steadflow_core::folder::Folder;
use steadflow_core::ids::{FlowId, TenantId};
use steadflow_store::{FlowChange, FlowDocument, FlowRecord, FlowStatus, StoreError};
use uuid::Uuid;

use super::{ROUNDS_MAX, patched};
use crate::allowed::Allowed;
use crate::engine::{CurrentFlow, Engine};
use crate::error::RuntimeError;

/// A flow to be created.
#[derive(Clone, Debug)]
pub struct NewFlow {
    /// Its id, which no flow has.
    pub id: FlowId,
    /// What people wrote.
    pub document: Value,
    /// Its status.
    pub status: FlowStatus,
    /// Where it is; `None` is the top.
    pub folder: Option<Folder>,
    /// The flows that its document may start.
    pub may_start: MayStart,
}

impl NewFlow {
    /// Returns a flow with a new id, later than those before.
    pub fn new(document: Value, status: FlowStatus) -> Self {
        Self {
            id: FlowId::new(Uuid::now_v7()),
            document,
            status,
            folder: None,
            may_start: MayStart::default(),
        }
    }
}

/// What to change of a flow.
#[derive(Clone, Debug, Default)]
pub struct FlowEdit {
    /// What to change of its document. One that differs makes a new version.
    pub document: DocumentEdit,
    /// The status, which is the flow's and of no version.
    pub status: Option<FlowStatus>,
    /// Another folder, or the top, which is the flow's as well.
    pub folder: Option<Option<Folder>>,
    /// The revisions that it may be made to.
    pub allowed: Allowed,
    /// The flows that the changed document may start.
    pub may_start: MayStart,
    /// The revision of the draft that the document is of: discarded with the change, if nobody has changed it meanwhile.
    pub ends_draft: Option<u64>,
    /// What is written about the version that is made.
    pub note: Option<String>,
}

/// What to change of a flow's document.
#[derive(Clone, Debug, Default)]
pub enum DocumentEdit {
    /// Nothing.
    #[default]
    Keep,
    /// These keys, each in place of what is stored.
    Patch(Map<String, Value>),
    /// Everything, to what an older version has.
    Restore(u32),
}

impl Engine {
    /// Stores a new flow as version 1.
    ///
    /// # Errors
    /// [`RuntimeError::FlowInvalid`] if the document has faults; [`RuntimeError::StartsOthers`] if it starts flows that it may not
    /// start.
    pub async fn create_flow(&self, caller: &Caller, new: NewFlow) -> Result<Arc<CurrentFlow>, RuntimeError> {
        let flow = self.checked(caller.tenant, &new.document, None).await?;
        let beyond = self.starts_beyond(caller.tenant, &flow, &new.may_start).await?;
        if !beyond.is_empty() {
            return Err(RuntimeError::StartsOthers(beyond));
        }
        let FlowDocument { document, name, category, is_template, starts_by_itself, webhook_path } =
            stored(&Document::of(&flow));
        let (now, tenant) = (self.now(), caller.tenant);
        self.insert_flow(FlowRecord {
            id: new.id,
            tenant,
            version: 1,
            status: new.status,
            document,
            name,
            category,
            is_template,
            starts_by_itself,
            webhook_path,
            folder: new.folder,
            created_at: now,
            updated_at: now,
        })
        .await
    }

    /// Makes a draft from a template in a folder, with a name of its own or the template's.
    ///
    /// # Errors
    /// [`RuntimeError::NoFlow`] or [`RuntimeError::NoTemplate`] if this tenant has no template of that id;
    /// [`RuntimeError::FlowInvalid`] if the document has faults today.
    pub async fn instantiate_template(
        &self,
        caller: &Caller,
        template: FlowId,
        name: Option<String>,
        folder: Option<Folder>,
        may_start: MayStart,
    ) -> Result<Arc<CurrentFlow>, RuntimeError> {
        let current = self.current_flow(caller.tenant, template).await?;
        if !current.record.is_template {
            return Err(RuntimeError::NoTemplate(template));
        }
        let mut document = written(&current.version)?;
        document["is_template"] = json!(false);
        if let Some(name) = name {
            document["name"] = name.into();
        }
        self.create_flow(caller, NewFlow { folder, may_start, ..NewFlow::new(document, FlowStatus::Draft) })
            .await
    }

    /// Changes a flow. What runs is untouched; what waits for a slot follows a new limit at once. A change that names no
    /// revision is laid over whatever is current when it is stored.
    ///
    /// # Errors
    /// [`RuntimeError::NoFlow`] if this tenant has none of that id; [`RuntimeError::NoFlowVersion`] if there is no version
    /// to restore; [`RuntimeError::FlowInvalid`] if the changed document has faults; [`RuntimeError::StartsOthers`] if it starts
    /// flows that it may not start; [`RuntimeError::VersionConflict`] if
    /// another revision than the named ones is current.
    pub async fn edit_flow(
        &self,
        caller: &Caller,
        id: FlowId,
        edit: FlowEdit,
    ) -> Result<Arc<CurrentFlow>, RuntimeError> {
        let mut rounds = 0;
        loop {
            let current = self.stored_flow(caller.tenant, id).await?;
            let revision = current.record.revision();
            edit.allowed.check(revision)?;
            let document = self.edited(&current, &edit).await?;
            if document.is_none() && edit.status.is_none() && edit.folder.is_none() {
                if let Some(revision) = edit.ends_draft {
                    self.store().delete_flow_draft(caller.tenant, id, revision).await?;
                }
                return Ok(current);
            }
            let (status, folder, at) = (edit.status, edit.folder.clone(), self.now());
            let (if_revision, ends_draft, note) = (Some(revision), edit.ends_draft, edit.note.clone());
            let change = FlowChange { document, status, folder, at, if_revision, ends_draft, note };
            rounds += 1;
            match self.change_flow(caller.tenant, id, change).await {
                Err(RuntimeError::VersionConflict(_)) if rounds < ROUNDS_MAX => {}
                result => return result,
            }
        }
    }

    /// Returns what the document becomes, if it changes. What is not changed need not be valid today.
    async fn edited(
        &self,
        current: &CurrentFlow,
        edit: &FlowEdit,
    ) -> Result<Option<FlowDocument>, RuntimeError> {
        let before = Document::of(&current.version.flow);
        let record = &current.record;
        let after = match &edit.document {
            DocumentEdit::Patch(patch) if !patch.is_empty() => patched(written(&current.version)?, patch),
            DocumentEdit::Keep | DocumentEdit::Patch(_) => return Ok(None),
            DocumentEdit::Restore(version) => {
                let older = self.flow_version(record.tenant, record.id, *version).await?;
                written(&older)?
            }
        };
        let flow = self.checked(record.tenant, &after, Some(&current.version.flow)).await?;
        let after = Document::of(&flow);
        if after == before {
            return Ok(None);
        }
        let beyond = self.starts_beyond(record.tenant, &flow, &edit.may_start).await?;
        if beyond.is_empty() { Ok(Some(stored(&after))) } else { Err(RuntimeError::StartsOthers(beyond)) }
    }

    /// Reads a document, if it has no fault. Code that the flow has had `before` is not checked again.
    async fn checked(
        &self,
        tenant: TenantId,
        document: &Value,
        before: Option<&Flow>,
    ) -> Result<Flow, RuntimeError> {
        let flow = Flow::parse(document, self.limits()).map_err(RuntimeError::FlowInvalid)?;
        let faults = self.budget_faults(tenant, &flow).await?;
        if !faults.is_empty() {
            return Err(RuntimeError::FlowInvalid(faults));
        }
        if flow.sensitive.is_some() {
            // What is saved can be encrypted when it runs.
            self.ciphers().newest(tenant).await?;
        }
        let known = before.map(sources).unwrap_or_default();
        if !sources(&flow).is_subset(&known) {
            let faults = self.code_faults(&flow).await?;
            if !faults.is_empty() {
                return Err(RuntimeError::FlowInvalid(faults));
            }
        }
        Ok(flow)
    }
}

/// Returns the code of a flow.
fn sources(flow: &Flow) -> BTreeSet<Arc<str>> {
    let nodes = flow.graph.all_nodes("").into_iter();
    nodes.filter_map(|(_, node)| Some(Arc::clone(&node.kind.room().script()?.source))).collect()
}

/// Returns the document of a version, as people write it.
fn written(version: &FlowVersion) -> Result<Value, StoreError> {
    Document::of(&version.flow).to_value().map_err(|error| StoreError::Corrupt {
        what: format!("version {} of flow {}", version.version, version.flow_id),
        reason: error.to_string(),
    })
}

fn stored(document: &Document) -> FlowDocument {
    let settings = &document.settings;
    FlowDocument {
        document: document.to_payload(),
        name: settings.name.clone(),
        category: settings.category.clone(),
        is_template: settings.is_template,
        starts_by_itself: document.starts_by_itself(),
        webhook_path: document.webhook().map(|(_, path)| path),
    }
}
