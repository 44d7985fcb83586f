//! What an execution is pinned to.

use std::collections::BTreeMap;
use std::sync::Arc;

use uuid::Uuid;

use super::{FlowVersion, PinnedAgents};
use crate::ids::FlowId;
use crate::sensitive::Cipher;

/// The versions that an execution is pinned to: of its own flow, of those of its children, and of agents.
#[derive(Clone, Debug)]
pub struct Pinned {
    /// What it runs.
    pub flow: Arc<FlowVersion>,
    /// What its children run, their children included; `None` where it has none.
    pub children: Option<Arc<BTreeMap<FlowId, Arc<FlowVersion>>>>,
    /// The agents whose skills have tools; `None` where there are none.
    pub agents: Option<PinnedAgents>,
    /// Encrypts its records, or those of its children; `None` where nothing is encrypted.
    pub cipher: Option<Arc<dyn Cipher>>,
}

impl From<Arc<FlowVersion>> for Pinned {
    fn from(flow: Arc<FlowVersion>) -> Self {
        Self { flow, children: None, agents: None, cipher: None }
    }
}

impl Pinned {
    /// Returns whether it has sensitive data, or one of its children may.
    pub fn needs_cipher(&self) -> bool {
        let children = self.children.iter().flat_map(|children| children.values());
        std::iter::once(&self.flow).chain(children).any(|version| version.flow.sensitive.is_some())
    }

    /// Returns the key that the values of an execution are encrypted with. Those of what an encrypted one starts are, too.
    pub fn data_key(&self, is_parent_encrypted: bool) -> Option<Uuid> {
        let is_encrypted = is_parent_encrypted || self.flow.flow.sensitive.is_some();
        self.cipher.as_ref().filter(|_| is_encrypted).map(|cipher| cipher.key())
    }
}
