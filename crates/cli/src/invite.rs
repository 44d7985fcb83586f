//! `steadflow invite`: a link to join with, made in the database.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use serde_json::json;
use steadflow_access::{Grantor, INVITATIONS_MAX, Invited, invite as make, normal_email};
use steadflow_core::caller::{Caller, Role};
use steadflow_core::ids::{PrincipalId, TenantId};
use steadflow_runtime::{Clock, SystemClock};
use steadflow_store::Store;

use crate::args::Invite;
use crate::keys::tenant_of;
use crate::settings::Database;
use crate::wiring::open_store;
use crate::{local_audit, output};

/// Makes the link, and prints it.
pub(crate) async fn invite(database: Database, public_url: &str, invite: Invite) -> anyhow::Result<ExitCode> {
    let store = open_store(&database).await?;
    let done = run(&store, public_url, invite).await;
    store.close().await.with_context(|| format!("Could not close {database}"))?;
    done.map(|()| ExitCode::SUCCESS)
}

async fn run(store: &Arc<dyn Store>, public_url: &str, invite: Invite) -> anyhow::Result<()> {
    let tenant = tenant_of(&**store, &invite.tenant).await?;
    let role = Role::from(invite.role);
    let email = invite
        .email
        .as_deref()
        .map(|text| normal_email(text).with_context(|| format!("`{text}` is no e-mail address.")));
    let email = email.transpose()?;
    let principal = member(&**store, tenant, role, email.as_ref()).await?;
    let by = Caller { tenant, actor: local_audit::actor(), ..Caller::LOCAL };
    local_audit::add(&**store, &by, "create_invitation", "steadflow invite").await?;
    let invited = Invited { email, principal, ..Invited::new(role) };
    let made = make(store, Grantor::local(&by), invited, SystemClock::new().wall()).await;
    let Some((token, record)) = made.context("Could not make the link")? else {
        bail!(
            "There are {INVITATIONS_MAX} open invitations, which is as many as there can be. Withdraw some first."
        );
    };
    let url = format!("{public_url}/join/{}", token.text());
    if invite.json {
        output::json(&json!({ "url": url, "expires_at": record.expires_at.to_string() }));
        return Ok(());
    }
    output::note(format_args!(
        "This is the link. Anyone who has it can use it, once, until {}. It is not shown again.",
        record.expires_at
    ));
    output::line(url);
    Ok(())
}

/// Returns the member who has an address already, and then sets a new password.
async fn member(
    store: &dyn Store,
    tenant: TenantId,
    role: Role,
    email: Option<&Arc<str>>,
) -> anyhow::Result<Option<PrincipalId>> {
    let Some(email) = email else { return Ok(None) };
    let found = store.person(Arc::clone(email)).await.context("Could not read the members")?;
    let Some(person) = found else { return Ok(None) };
    if person.tenant != tenant {
        bail!("{email} is a member of another tenant.");
    }
    if person.disabled_at.is_some() {
        bail!("{email} is disabled, so a link would work for nobody.");
    }
    if person.role != role {
        let own = person.role.as_str();
        bail!("{email} is {own} already. A link for them sets a new password and no role: use --role {own}.");
    }
    Ok(Some(person.id))
}
