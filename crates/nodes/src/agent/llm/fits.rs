//! What was learned about the servers of agents, in this process.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use steadflow_core::agent::LlmConfig;
use steadflow_core::ids::{AgentId, TenantId};

use super::super::SkillCall;
use super::fit::Fit;

/// Maximum number of skills that are remembered. Few need to be.
const REMEMBERED_MAX: usize = 1_000;

/// Remembers how requests of a skill are written, if not by default.
#[derive(Debug, Default)]
pub(crate) struct Fits(Mutex<BTreeMap<Asker, Fit>>);

/// A skill of an agent's version. The address and the model are those of the version that is current, if none is named.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Asker {
    tenant: TenantId,
    agent: AgentId,
    version: Option<u32>,
    skill: String,
    address: String,
    model: String,
}

impl Asker {
    pub(super) fn new(call: &SkillCall<'_>, config: &LlmConfig) -> Self {
        Self {
            tenant: call.work.tenant,
            agent: call.wanted.agent,
            version: call.wanted.version,
            skill: call.skill.name.clone(),
            address: config.base_url.clone(),
            model: config.model.clone(),
        }
    }
}

impl Fits {
    /// Returns how the requests of `asker` are written, if others than by default.
    pub(super) fn of(&self, asker: &Asker) -> Option<Fit> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(asker).cloned()
    }

    /// Remembers that requests written like this are taken. One of the others is forgotten if there are too many.
    pub(super) fn remember(&self, asker: Asker, fit: Fit) {
        let mut fits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if fits.len() >= REMEMBERED_MAX && !fits.contains_key(&asker) {
            fits.pop_first();
        }
        fits.insert(asker, fit);
    }

    /// Writes the requests of `asker` by default again.
    pub(super) fn forget(&self, asker: &Asker) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(asker);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::llm::fit::Format;

    #[test]
    fn the_number_of_remembered_skills_is_bounded() {
        let fits = Fits::default();
        let changed = Fit { format: Format::Json, ..Fit::default() };
        for number in 0..REMEMBERED_MAX + 10 {
            fits.remember(asker(&format!("{number:05}")), changed.clone());
        }

        assert_eq!(fits.0.lock().unwrap().len(), REMEMBERED_MAX);
        assert_eq!(fits.of(&asker("01009")), Some(changed));
        assert_eq!(fits.of(&asker("00000")), None);
    }

    fn asker(skill: &str) -> Asker {
        Asker {
            tenant: TenantId::DEFAULT,
            agent: AgentId::new(uuid::Uuid::nil()),
            version: Some(1),
            skill: skill.to_owned(),
            address: String::new(),
            model: String::new(),
        }
    }
}
