//! Flows and agents as people make and change them: what is checked, how a change is laid over what is stored, and
//! what becomes a new version.
//!
//! Two people may change the same thing at once, through different processes. A change names the revisions that it may
//! be made to and is refused if another one is current, or it names none and is laid over whatever is current then.

mod agents;
mod drafts;
mod flow_drafts;
mod flow_tools;
mod flows;
mod presence;
mod secret_uses;
mod starts;
mod warnings;

use serde_json::{Map, Value};

pub use agents::AgentEdit;
pub use flow_drafts::DraftEdit;
pub use flows::{DocumentEdit, FlowEdit, NewFlow};
pub use secret_uses::{SecretUser, SecretUses};

/// How often a change is laid over what another one has just stored.
const ROUNDS_MAX: usize = 32;

/// Returns `document` with each key of `patch` in place of its own.
fn patched(mut document: Value, patch: &Map<String, Value>) -> Value {
    if let Value::Object(keys) = &mut document {
        keys.extend(patch.clone());
    }
    document
}
