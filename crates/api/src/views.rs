//! What answers look like. Wire types are apart from stored ones: neither can change the other by accident.

pub(crate) mod agent;
pub(crate) mod approval;
pub(crate) mod choice;
pub(crate) mod conversation;
pub(crate) mod decision;
pub(crate) mod entry;
pub(crate) mod event;
pub(crate) mod execution;
pub(crate) mod execution_error;
pub(crate) mod fault;
pub(crate) mod flow;
pub(crate) mod message;
pub(crate) mod node;
pub(crate) mod node_type;
pub(crate) mod oauth;
pub(crate) mod row;
pub(crate) mod session;
pub(crate) mod shown;
mod text;
pub(crate) mod usage;
pub(crate) mod verdict;
pub(crate) mod wire;
