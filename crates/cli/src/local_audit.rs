//! The audit log of what commands change in the database.

use std::sync::Arc;

use anyhow::Context;
use steadflow_access::COMMAND_LINE;
use steadflow_core::audit::AuditEntry;
use steadflow_core::caller::{Actor, ActorKind, Caller};
use steadflow_runtime::{Clock, SystemClock};
use steadflow_store::Store;

/// Returns who changes something on the command line.
pub(crate) fn actor() -> Actor {
    Actor { kind: ActorKind::User, id: Some(COMMAND_LINE.into()) }
}

/// Adds a change to the log. It is made afterwards.
pub(crate) async fn add(store: &dyn Store, by: &Caller, action: &str, target: &str) -> anyhow::Result<()> {
    let entry = AuditEntry {
        at: SystemClock::new().wall(),
        actor: by.actor.clone(),
        address: None,
        action: Arc::from(action),
        target: Arc::from(target),
        outcome: None,
        refused: None,
    };
    store
        .append_audit(by.tenant, entry)
        .await
        .context("Could not write the audit log, so nothing was changed")?;
    Ok(())
}
