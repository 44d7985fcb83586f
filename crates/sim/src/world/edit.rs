//! What people change while the engine runs.

use steadflow_core::ids::TenantId;
use steadflow_core::payload::Payload;
use steadflow_store::{Changed, FlowChange, FlowDocument};

use super::World;

impl World {
    /// A person edits a flow while it runs, and the agent.
    pub(super) fn edit(&mut self, case: usize) -> Result<(), String> {
        self.agent_version += 1;
        let id = self.cases[case].id;
        let Some(document) = self.cases[case].edit() else { return Ok(()) };
        let document = Payload::from_value(document);
        let document = FlowDocument {
            document,
            name: String::new(),
            category: None,
            is_template: false,
            starts_by_itself: false,
            webhook_path: None,
        };
        let change = FlowChange { document: Some(document), at: self.now, ..FlowChange::default() };
        let changed =
            self.store.change_flow_now(TenantId::DEFAULT, id, change).map_err(|error| error.to_string())?;
        let Changed::Done(changed) = changed else { return Err(format!("flow {id} was not changed")) };
        self.note(format_args!("flow {id} is at version {}", changed.version));
        Ok(())
    }
}
