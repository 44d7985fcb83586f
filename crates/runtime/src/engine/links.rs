//! Links to decide with: the key that signs them, and where they lead.

use steadflow_core::caller::Role;
use steadflow_core::decision_link::{
    ApprovalRef, DecisionLink, LINK_TTL_DEFAULT, LinkRefused, SigningKey, expiry, made_for,
};
use steadflow_core::execution::Execution;
use steadflow_core::ids::{ExecutionId, TenantId};
use steadflow_store::Store;

use super::Engine;
use crate::error::RuntimeError;

/// What the key is for.
const PURPOSE: &str = "decision_links";
/// The role of a link that nobody in particular has made.
const ROLE: Role = Role::Operator;

impl Engine {
    /// Returns where people find the studio, without a slash at the end.
    pub fn public_url(&self) -> &str {
        &self.inner.public_url
    }

    /// Returns the address of a link. Nothing of it is stored.
    ///
    /// # Errors
    /// What the store says, if it has to give the key.
    pub async fn decision_url(&self, link: &DecisionLink) -> Result<String, RuntimeError> {
        let token = link.token(&self.link_key().await?);
        Ok(format!("{}/decide/{token}", self.inner.public_url))
    }

    /// Reads the token of a link.
    ///
    /// # Errors
    /// [`RuntimeError::LinkRefused`], or what the store says.
    pub async fn decision_link(&self, token: &str) -> Result<DecisionLink, RuntimeError> {
        // Who comes with a token that nobody made here stores nothing.
        let key = self
            .store()
            .signing_key(PURPOSE)
            .await?
            .ok_or(RuntimeError::LinkRefused(LinkRefused::Unknown))?;
        // The time of executions stands still while the machine sleeps; the end of a link was told to people.
        let link = DecisionLink::read(token, &key, self.now().max(self.wall()));
        match link {
            Ok(link) if self.is_disabled(link.tenant) => Err(RuntimeError::LinkRefused(LinkRefused::Unknown)),
            link => link.map_err(RuntimeError::LinkRefused),
        }
    }

    /// Returns the address of a link that an alert sends; `None` if that does not wait, or waits for a higher role than
    /// [`ROLE`].
    pub(super) async fn approval_url(
        &self,
        tenant: TenantId,
        execution: ExecutionId,
        id: &str,
        name: &str,
    ) -> Result<Option<String>, RuntimeError> {
        let snapshot = match self.execution(tenant, execution).await {
            Ok(snapshot) => snapshot,
            Err(RuntimeError::NoExecution(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        if !waits_for_operator(&snapshot.execution, id) {
            return Ok(None);
        }
        let link = DecisionLink {
            tenant,
            execution,
            approval: ApprovalRef::of(id),
            expires_at: expiry(self.wall(), LINK_TTL_DEFAULT),
            role: ROLE,
            made_for: made_for(name),
        };
        self.decision_url(&link).await.map(Some)
    }

    /// Returns the key, which is made for the first link of an installation and then is the same until it is replaced, by whatever
    /// process: so it is read each time.
    async fn link_key(&self) -> Result<SigningKey, RuntimeError> {
        if let Some(key) = self.store().signing_key(PURPOSE).await? {
            return Ok(key);
        }
        let fresh = fresh_key().ok_or(RuntimeError::Unavailable)?;
        Ok(self.store().signing_key_or(PURPOSE, fresh).await?)
    }
}

/// Replaces the key that signs links to decide with: those that were made before are worth nothing from then on.
///
/// # Errors
/// [`RuntimeError::Unavailable`] if the system gives no random numbers, or what the store says.
pub async fn replace_link_key(store: &dyn Store) -> Result<(), RuntimeError> {
    let fresh = fresh_key().ok_or(RuntimeError::Unavailable)?;
    Ok(store.replace_signing_key(PURPOSE, fresh).await?)
}

fn fresh_key() -> Option<SigningKey> {
    let mut bytes = [0; 32];
    match getrandom::fill(&mut bytes) {
        Ok(()) => Some(SigningKey::new(bytes)),
        Err(error) => {
            tracing::error!(error = %error, "the system gave no random numbers for a key");
            None
        }
    }
}

/// Returns whether an approval waits that an operator may decide on.
fn waits_for_operator(execution: &Execution, id: &str) -> bool {
    let mut nodes = execution.graph().nodes.iter().zip(execution.nodes());
    nodes.any(|(node, state)| {
        let is_allowed = node.kind.room().question().is_none_or(|question| question.approver <= ROLE);
        let is_meant = |step: &dyn std::fmt::Display| format!("{}:{}:{step}", execution.id(), node.id) == id;
        is_allowed && state.open_approvals().any(|approval| is_meant(&approval.step))
    })
}
