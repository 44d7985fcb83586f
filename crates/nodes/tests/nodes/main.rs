//! What nodes do, against peers on loopback: well-behaved ones (wiremock) and ones that speak raw TCP.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic like the tests themselves")]

mod agents;
mod egress;
mod http_request;
mod llm;
mod peers;
mod support;
