//! The work of nodes, with services on loopback: normal ones (wiremock) and ones that use raw TCP.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic like the tests themselves")]

mod agent_bodies;
mod agent_canaries;
mod agents;
mod budgets;
mod canaries;
mod client;
mod egress;
mod exact;
mod fallbacks;
mod files;
mod flow_tools;
mod guardrails;
mod http_request;
mod kinds;
mod llm;
mod llm_answers;
mod llm_failures;
mod llm_fit;
mod llm_responses;
mod llm_streams;
mod mcp;
mod mcp_failures;
mod mcp_server;
mod mcp_tasks;
mod models;
mod obtained;
mod peers;
mod proxy;
mod questions;
mod reference;
mod requests;
mod responses;
mod secrets;
mod sessions;
mod support;
mod tools;
mod urls;
mod values;
