//! The pure core: what a flow is and what its execution does next.
//!
//! Nothing here reads a clock, does I/O, waits, or uses randomness. Time comes in as a value; what should happen goes
//! out as events and effects. The caller commits the events before it acts on the effects.

pub mod access;
pub mod agent;
pub mod alert;
pub mod approval;
pub mod audit;
pub mod budget;
pub mod caller;
pub mod calls;
pub mod condition;
pub mod decision_link;
pub mod document;
pub mod event;
pub mod execution;
pub mod expression;
pub mod external_event;
pub mod failure;
pub mod file;
pub mod flow;
pub mod flow_control;
pub mod folder;
pub mod form;
pub mod guardrail;
pub mod http;
pub mod ids;
pub mod inbox;
pub mod input_request;
pub mod json;
mod lenient_base64;
pub mod limits;
pub mod live;
pub mod node;
pub mod payload;
mod place;
pub mod protection;
pub mod quota;
pub mod remote_task;
pub mod retry;
pub mod schedule;
pub mod scope;
pub mod sensitive;
pub mod session;
pub mod status;
pub mod step;
pub mod template;
pub mod tenant;
pub mod timestamp;
pub mod trace;
pub mod trace_parent;
pub mod transcript;
pub mod trial;
pub mod usage;
pub mod visible;
pub mod webhook;
pub mod work;
