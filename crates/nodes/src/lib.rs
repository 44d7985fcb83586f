//! The work of nodes: actions, agents, and the guarded HTTP client for all outgoing calls.
//!
//! [`Nodes::perform`] takes the [`Work`](steadflow_core::work::Work) of one attempt and returns its
//! [`Outcome`](steadflow_core::work::Outcome). It has no state of executions and never retries: the state machine decides on
//! retries. Dropping its future stops the work and closes the connection. Only the end of a session is told to its server
//! afterwards ([`farewell`]), and an MCP server that is a local command runs on for the next call.

mod action;
mod agent;
mod body;
mod call;
mod client;
mod code;
mod dates;
mod directory;
mod egress;
mod farewell;
mod mail;
mod nodes;
mod responses;
mod schema;
mod secrets;
mod slots;
mod status;
mod texts;

pub use agent::{McpCommand, McpCommands};
pub use client::{ANSWER_BYTES_MAX, GuardedAnswer, GuardedCall, GuardedClient};
pub use code::{CodeConfig, code_faults};
pub use directory::{AgentDirectory, DirectoryError, NoAgents};
pub use egress::{
    Egress, EgressError, EgressPolicy, EgressProxy, EgressTimeouts, Lookup, OwnListeners, PolicyError,
    ProxyError, SystemLookup, tls_config,
};
pub use mail::{MailServer, MailServerError};
pub use nodes::{Nodes, NodesConfig, Performing};
pub use schema::{argument_faults, schema_faults};
pub use secrets::{Secret, SecretHosts, SecretHostsError, Secrets};
