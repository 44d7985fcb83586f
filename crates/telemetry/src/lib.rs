//! Traces of executions, sent with the OpenTelemetry protocol (OTLP).
//!
//! A trace is made when its execution has ended, from the execution's journal: so it is whole, also where the process was
//! killed in the middle, and costs nothing while the execution runs. Ids of traces and spans follow from the execution
//! ([`steadflow_core::trace`]). What cannot be sent is dropped and counted: an execution never waits for its trace.

mod attributes;
mod content;
mod export;
mod spans;

pub use export::{Endpoint, EndpointError, Telemetry, TelemetryConfig, TelemetryError};
