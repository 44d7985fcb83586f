//! Who may do what: the permissions, the one function that decides about them, and the form of credentials.
//!
//! It is asked once for each request, before anything else is read of it. What goes on inside the engine has an actor, and no
//! authority: no later step asks again.

mod permission;
mod scope;
mod token;

use std::sync::Arc;

use crate::caller::{Caller, Role};
use crate::ids::{PrincipalId, TenantId};
use crate::timestamp::Timestamp;

pub use permission::Permission;
pub use scope::{FLOWS_MAX, FlowScope};
pub use token::{API_KEY_CHARS, CredentialHash, CredentialKind, KEY_PREFIX_CHARS, NotAKey, Token};

/// Who asks, as a credential says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The person or the service account.
    pub id: PrincipalId,
    /// On behalf of which tenant, as whom, and with which role.
    pub caller: Caller,
    /// The flows that the credential is limited to.
    pub scope: FlowScope,
    /// The networks that a key is limited to, such as `203.0.113.0/24`.
    pub networks: Option<Arc<[Arc<str>]>>,
    /// When a key ends. A sign-in ends, too, and the person signs in again.
    pub expires_at: Option<Timestamp>,
    /// What the credential is known by.
    pub credential: CredentialHash,
}

/// Decides whether a caller may do something. This is the only place that does.
///
/// # Errors
/// [`Denied`] says why not.
pub fn decide(caller: &Caller, permission: Permission) -> Result<(), Denied> {
    if permission.is_of_installation() && caller.tenant != TenantId::DEFAULT {
        return Err(Denied::OtherTenant);
    }
    let least = permission.least_role();
    if caller.role < least {
        return Err(Denied::Role { least, role: caller.role });
    }
    Ok(())
}

/// Why somebody may not do something, as a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// Their role may not.
    #[error("This needs the role {}, and yours is {}. Ask an admin for it.", least.as_str(), role.as_str())]
    Role {
        /// The least role that may.
        least: Role,
        /// The caller's.
        role: Role,
    },
    /// It is about the whole installation, and they are of another tenant than the one that it belongs to.
    #[error("This is about the whole installation, which belongs to another tenant. Ask who runs it.")]
    OtherTenant,
}

/// Returns the name that something is made or changed by, for people to read: that of a person or a key, else what kind of actor
/// it is.
pub fn made_by(caller: &Caller) -> Arc<str> {
    caller.actor.id.clone().unwrap_or_else(|| caller.actor.kind.as_str().into())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::caller::Actor;

    fn caller(tenant: TenantId, role: Role) -> Caller {
        Caller { tenant, actor: Actor::USER, role }
    }

    #[test]
    fn policy_is_monotone_in_roles() {
        for &permission in Permission::ALL {
            let may = Role::ALL.map(|role| decide(&caller(TenantId::DEFAULT, role), permission).is_ok());

            assert!(may.is_sorted(), "{}: {may:?}", permission.as_str());
            assert!(may[3], "an admin may {}", permission.as_str());
            let least = Role::ALL.into_iter().zip(may).find(|(_, may)| *may).map(|(role, _)| role);
            assert_eq!(least, Some(permission.least_role()));
        }
    }

    #[test]
    fn what_is_about_the_installation_is_for_its_own_tenant() {
        let other = caller(TenantId::new(Uuid::from_u128(1)), Role::Admin);

        for &permission in Permission::ALL {
            let expected = if permission.is_of_installation() { Err(Denied::OtherTenant) } else { Ok(()) };
            assert_eq!(decide(&other, permission), expected, "{}", permission.as_str());
        }
    }

    #[test]
    fn who_is_denied_reads_which_role_they_need() {
        let denied = decide(&caller(TenantId::DEFAULT, Role::Viewer), Permission::EditFlows).unwrap_err();

        assert_eq!(
            denied.to_string(),
            "This needs the role editor, and yours is viewer. Ask an admin for it."
        );
    }
}
