//! The API as its clients see it, one file for each group of endpoints. One binary, so that it is linked once.

mod agent_versions;
mod agents;
mod analytics;
mod approvals;
mod children;
mod control;
mod conversation;
mod costs;
mod demo;
mod etags;
mod events;
mod exact;
mod execute;
mod executions;
mod flow_versions;
mod flows;
mod hostile;
mod journal;
mod openapi;
mod protection;
mod retry;
mod support;
mod tenants;
mod test_node;
mod text;
mod values;
