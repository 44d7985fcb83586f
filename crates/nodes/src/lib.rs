//! What nodes do: actions, agents, and the guarded HTTP client through which all of it leaves.
//!
//! [`Nodes::perform`] takes one attempt's [`Work`](steadflow_core::work::Work) and gives its
//! [`Outcome`](steadflow_core::work::Outcome). It keeps no state of executions, starts no task and never retries: when
//! to try again is the state machine's decision. Dropping its future stops the work and closes the connection.

mod action;
mod agent;
mod call;
mod directory;
mod egress;
mod nodes;
mod schema;
mod secrets;
mod status;

pub use directory::{AgentDirectory, DirectoryError, NoAgents};
pub use egress::{Egress, EgressError, EgressPolicy, EgressTimeouts, Lookup, PolicyError, SystemLookup};
pub use nodes::{Nodes, NodesConfig, Performing};
pub use schema::schema_faults;
pub use secrets::{EnvSecrets, Secrets};
