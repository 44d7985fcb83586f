//! Agents as they are stored: one document per version.

use serde_json::Value;
use steadflow_core::agent::Agent;
use steadflow_core::ids::{AgentId, TenantId};
use steadflow_core::payload::Payload;
use steadflow_core::timestamp::Timestamp;

use super::Revision;
use crate::StoreError;

/// A registered agent with its current version.
#[derive(Clone, Debug, PartialEq)]
pub struct AgentRecord {
    /// Its id.
    pub id: AgentId,
    /// Its tenant.
    pub tenant: TenantId,
    /// The number of its current version, from 1.
    pub version: u32,
    /// Its current document, as JSON.
    pub document: Payload,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl AgentRecord {
    /// Returns what a change of it is made to.
    pub const fn revision(&self) -> Revision {
        Revision { version: self.version, status: None }
    }

    /// Returns what the current document means.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if it cannot be read.
    pub fn agent(&self) -> Result<Agent, StoreError> {
        restored(self.id, self.version, &self.document)
    }

    /// Returns the current document.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if it cannot be read.
    pub fn read_document(&self) -> Result<Value, StoreError> {
        read(self.id, self.version, &self.document)
    }
}

/// One version of an agent. Never changes.
#[derive(Clone, Debug, PartialEq)]
pub struct AgentVersionRecord {
    /// The agent.
    pub agent: AgentId,
    /// Its tenant.
    pub tenant: TenantId,
    /// From 1.
    pub version: u32,
    /// The document, as JSON.
    pub document: Payload,
    /// When it was stored.
    pub created_at: Timestamp,
}

impl AgentVersionRecord {
    /// Returns what the document means.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if it cannot be read.
    pub fn agent(&self) -> Result<Agent, StoreError> {
        restored(self.agent, self.version, &self.document)
    }

    /// Returns the document.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if it cannot be read.
    pub fn read_document(&self) -> Result<Value, StoreError> {
        read(self.agent, self.version, &self.document)
    }
}

fn restored(id: AgentId, version: u32, document: &Payload) -> Result<Agent, StoreError> {
    let document = read(id, version, document)?;
    Agent::restore(&document)
        .map_err(|faults| corrupt(id, version, faults.first().map(ToString::to_string).unwrap_or_default()))
}

fn read(id: AgentId, version: u32, document: &Payload) -> Result<Value, StoreError> {
    document.to_value().map_err(|error| corrupt(id, version, error.to_string()))
}

fn corrupt(id: AgentId, version: u32, reason: String) -> StoreError {
    StoreError::Corrupt { what: format!("version {version} of agent {id}"), reason }
}

/// An agent to be stored, new or changed.
#[derive(Clone, Debug, PartialEq)]
pub struct AgentChange {
    /// Its id.
    pub id: AgentId,
    /// Its tenant.
    pub tenant: TenantId,
    /// Its document, as JSON.
    pub document: Payload,
    /// When.
    pub at: Timestamp,
    /// Only if this is the current revision.
    pub if_revision: Option<Revision>,
}

/// Which agents to list. Every field that is set must fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgentFilter {
    /// Of this tenant.
    pub tenant: Option<TenantId>,
    /// With this `agent_type`.
    pub agent_type: Option<String>,
    /// Whether it is an MCP server.
    pub is_external: Option<bool>,
    /// With a skill of this name.
    pub skill: Option<String>,
    /// In this category.
    pub category: Option<String>,
}

/// How much an agent was called by executions that have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgentUse {
    /// The agent.
    pub agent: AgentId,
    /// How many attempts called it.
    pub calls: u64,
    /// When the last of them began.
    pub last_used_at: Timestamp,
}

impl AgentUse {
    /// Adds further calls of the same agent.
    pub fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.last_used_at = self.last_used_at.max(other.last_used_at);
    }
}
