//! Which flows, agents and alerts use which secrets.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use steadflow_runtime::{SecretUser, SecretUses};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::app::App;
use crate::authorized::{Authorized, ViewSecrets};
use crate::problem::Problem;
use crate::reply;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(list_secret_uses))
}

/// What uses secrets.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SecretUserKind)]
pub(crate) enum UserKind {
    Flow,
    Agent,
    Alert,
}

/// Something that uses secrets.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SecretUses)]
pub(crate) struct SecretUsesView {
    kind: UserKind,
    id: Uuid,
    name: String,
    /// The names of the secrets, also of those that there are not.
    secrets: BTreeSet<String>,
}

impl From<SecretUses> for SecretUsesView {
    fn from(SecretUses { by, name, secrets }: SecretUses) -> Self {
        let (kind, id) = match by {
            SecretUser::Flow(id) => (UserKind::Flow, id.uuid()),
            SecretUser::Agent(id) => (UserKind::Agent, id.uuid()),
            SecretUser::Alert(id) => (UserKind::Alert, id),
        };
        Self { kind, id, name, secrets }
    }
}

/// Lists the flows, agents and alerts that use secrets, as they are saved. Of a flow, it is what its nodes send and its webhook is
/// verified with; the secrets of its agents are theirs.
#[utoipa::path(get, path = "/api/v1/studio/secret-uses", tag = "secrets", extensions(("x-turn" = json!("shown"))),
    responses((status = 200, description = "What uses secrets, and which", body = [SecretUsesView])))]
pub(crate) async fn list_secret_uses(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ViewSecrets>,
) -> Result<Response, Problem> {
    let uses = app.engine().secret_uses(caller.tenant).await?;
    Ok(reply::ok(&uses.into_iter().map(SecretUsesView::from).collect::<Vec<_>>()))
}
