//! The endpoints, one file a group. Each registers its handlers and their part of the OpenAPI document together.

use utoipa_axum::router::OpenApiRouter;

use crate::app::App;

mod account;
mod agent_drafts;
mod agent_versions;
mod agents;
mod alerts;
mod analytics;
mod approvals;
mod audit;
mod bulk;
mod cancel;
mod conversation;
mod costs;
mod decisions;
mod demo;
mod docs;
mod events;
mod executions;
mod external_events;
mod failure_notes;
mod failures;
mod flow_drafts;
mod flow_versions;
mod flows;
mod fork;
mod health;
mod hooks;
mod invitations;
mod journal;
mod keys;
mod mcp_commands;
mod members;
mod node_types;
mod nodes;
mod oauth;
mod oidc;
pub(crate) mod openapi;
mod own_keys;
mod passkeys;
mod pause;
mod presence;
mod protection;
mod retry;
mod reveal;
mod schedules;
mod secret_uses;
mod secrets;
mod session;
mod sessions;
mod templates;
mod tenants;
mod test_node;
mod text;
mod times;
mod values;
mod views;
mod webhooks;

/// Returns every endpoint. `document` describes all of them.
pub(crate) fn all(document: openapi::Document) -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .merge(flows::routes())
        .merge(flow_drafts::routes())
        .merge(presence::routes())
        .merge(flow_versions::routes())
        .merge(templates::routes())
        .merge(test_node::routes())
        .merge(executions::routes())
        .merge(retry::routes())
        .merge(fork::routes())
        .merge(cancel::routes())
        .merge(bulk::routes())
        .merge(pause::routes())
        .merge(nodes::routes())
        .merge(values::routes())
        .merge(reveal::routes())
        .merge(conversation::routes())
        .merge(text::routes())
        .merge(approvals::routes())
        .merge(decisions::routes())
        .merge(events::routes())
        .merge(journal::routes())
        .merge(analytics::routes())
        .merge(costs::routes())
        .merge(times::routes())
        .merge(failures::routes())
        .merge(failure_notes::routes())
        .merge(views::routes())
        .merge(alerts::routes())
        .merge(audit::routes())
        .merge(schedules::routes())
        .merge(external_events::routes())
        .merge(webhooks::routes())
        .merge(hooks::routes())
        .merge(secrets::routes())
        .merge(oauth::routes())
        .merge(secret_uses::routes())
        .merge(agents::routes())
        .merge(agent_versions::routes())
        .merge(agent_drafts::routes())
        .merge(sessions::routes())
        .merge(protection::routes())
        .merge(keys::routes())
        .merge(own_keys::routes())
        .merge(mcp_commands::routes())
        .merge(node_types::routes())
        .merge(session::routes())
        .merge(oidc::routes())
        .merge(passkeys::routes())
        .merge(account::routes())
        .merge(members::routes())
        .merge(invitations::routes())
        .merge(tenants::routes())
        .merge(demo::routes())
        .merge(health::routes())
        .merge(docs::routes().into())
        .merge(openapi::routes(document))
}
