//! Who may do what: the permissions, the one function that decides about them, and the form of credentials.
//!
//! It is asked once for each request, before anything else is read of it. What goes on inside the engine has an actor, and no
//! authority: no later step asks again.

mod grants;
mod permission;
mod scope;
mod token;

use std::sync::Arc;

use crate::caller::{Caller, Role};
use crate::folder::{Folder, Folders};
use crate::ids::{FlowId, PrincipalId, TenantId};
use crate::timestamp::Timestamp;

pub use grants::{GRANTS_MAX, Grant, Grants};
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
    /// The roles that they have in folders, beside that in the tenant.
    pub grants: Grants,
    /// The folders that a key is limited to: its role is none then, and its grants are in these.
    pub folders: Option<Arc<[Folder]>>,
    /// The flows that the credential is limited to.
    pub scope: FlowScope,
    /// The networks that a key is limited to, such as `203.0.113.0/24`.
    pub networks: Option<Arc<[Arc<str>]>>,
    /// When a key ends. A sign-in ends, too, and the person signs in again.
    pub expires_at: Option<Timestamp>,
    /// What the credential is known by.
    pub credential: CredentialHash,
}

/// What somebody wants to do something with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    /// What belongs to no flow: the tenant, the installation, one's own account.
    Tenant,
    /// A flow, or what it has, such as an execution; where the flow is.
    Flow(Option<&'a Folder>),
    /// Flows, or what they have, of which those are left out that they may not do it with.
    Flows,
    /// What a flow consists of and everyone who has to do with flows needs, such as the kinds of nodes.
    Parts,
}

/// What somebody may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// The role that they have there.
    pub role: Role,
    /// Of several flows, those in these folders alone; all unless given.
    pub within: Option<Folders>,
}

/// Decides whether a caller may do something with something. This is the only place that does.
///
/// Grants add to the role in the tenant, and take nothing away.
///
/// # Errors
/// [`Denied`] says why not.
pub fn decide(
    caller: &Caller,
    grants: &Grants,
    permission: Permission,
    place: Place<'_>,
) -> Result<Allowed, Denied> {
    if permission.is_of_installation() && caller.tenant != TenantId::DEFAULT {
        return Err(Denied::OtherTenant);
    }
    let (least, own) = (permission.least_role(), caller.role);
    if own >= least && (grants.is_empty() || !matches!(place, Place::Flow(_))) {
        return Ok(Allowed { role: own, within: None });
    }
    let (role, within) = match place {
        Place::Tenant => (own, None),
        Place::Flow(folder) => (own.max(grants.role_in(folder)), None),
        Place::Flows => (own.max(grants.largest()), Some(grants.folders(least))),
        Place::Parts => (own.max(grants.largest()), None),
    };
    if role >= least {
        return Ok(Allowed { role, within });
    }
    let is_seen = role > Role::None || matches!(place, Place::Tenant | Place::Flows | Place::Parts);
    Err(if is_seen { Denied::Role { least, role } } else { Denied::Hidden })
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
    /// They may not know that it is there.
    #[error("There is no such flow.")]
    Hidden,
}

/// Which flows somebody may start by what they save: those that they may run.
#[derive(Clone, Debug, Default)]
pub struct MayStart(Option<Arc<Principal>>);

impl MayStart {
    /// Returns those of somebody who has shown a credential; all where nobody has to.
    pub const fn of(principal: Option<Arc<Principal>>) -> Self {
        Self(principal)
    }

    /// Returns whether their credential is for a flow.
    pub fn includes(&self, flow: FlowId) -> bool {
        self.0.as_ref().is_none_or(|principal| principal.scope.includes(flow))
    }

    /// Returns whether that is all that matters: they may run what is in any folder.
    pub fn is_everywhere(&self) -> bool {
        self.0.as_ref().is_none_or(|principal| principal.caller.role >= Permission::RunFlows.least_role())
    }

    /// Returns whether they may run what is in a folder.
    pub fn is_in(&self, folder: Option<&Folder>) -> bool {
        let may = |principal: &Arc<Principal>| {
            decide(&principal.caller, &principal.grants, Permission::RunFlows, Place::Flow(folder)).is_ok()
        };
        self.0.as_ref().is_none_or(may)
    }

    /// Returns whether nothing is limited.
    pub fn is_all(&self) -> bool {
        self.is_everywhere() && self.0.as_ref().is_none_or(|principal| principal.scope == FlowScope::All)
    }
}

/// Returns the name that something is made or changed by, for people to read: that of a person or a key, else what kind of actor
/// it is.
pub fn made_by(caller: &Caller) -> Arc<str> {
    caller.actor.id.clone().unwrap_or_else(|| caller.actor.kind.as_str().into())
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::option;
    use proptest::prelude::*;
    use proptest::sample::select;
    use uuid::Uuid;

    use super::*;
    use crate::caller::Actor;

    fn caller(tenant: TenantId, role: Role) -> Caller {
        Caller { tenant, actor: Actor::USER, role }
    }

    fn may(role: Role, permission: Permission) -> bool {
        decide(&caller(TenantId::DEFAULT, role), &Grants::default(), permission, Place::Tenant).is_ok()
    }

    #[test]
    fn policy_is_monotone_in_roles() {
        for &permission in Permission::ALL {
            let may = Role::ALL.map(|role| may(role, permission));

            assert!(may.is_sorted(), "{}: {may:?}", permission.as_str());
            assert!(may[4], "an admin may {}", permission.as_str());
            let least = Role::ALL.into_iter().zip(may).find(|(_, may)| *may).map(|(role, _)| role);
            assert_eq!(least, Some(permission.least_role()));
        }
    }

    #[test]
    fn what_is_about_the_installation_is_for_its_own_tenant() {
        let other = caller(TenantId::new(Uuid::from_u128(1)), Role::Admin);

        for &permission in Permission::ALL {
            let expected = if permission.is_of_installation() { Err(Denied::OtherTenant) } else { Ok(()) };
            let decided = decide(&other, &Grants::default(), permission, Place::Tenant).map(drop);
            assert_eq!(decided, expected, "{}", permission.as_str());
        }
    }

    #[test]
    fn who_is_denied_reads_which_role_they_need() {
        let viewer = caller(TenantId::DEFAULT, Role::Viewer);
        let denied = decide(&viewer, &Grants::default(), Permission::EditFlows, Place::Tenant).unwrap_err();

        assert_eq!(
            denied.to_string(),
            "This needs the role editor, and yours is viewer. Ask an admin for it."
        );
    }

    fn folder() -> impl Strategy<Value = Folder> {
        "[ab](/[ab]){0,3}".prop_map(|text| text.parse().unwrap())
    }

    fn grant() -> impl Strategy<Value = Grant> {
        (folder(), select(&[Role::Viewer, Role::Operator, Role::Editor][..]))
            .prop_map(|(folder, role)| Grant { folder, role })
    }

    /// How much of flows somebody may do something with: nothing, those in folders, all.
    fn much(decided: &Result<Allowed, Denied>, at: Option<&Folder>) -> bool {
        decided.as_ref().is_ok_and(|allowed| allowed.within.as_ref().is_none_or(|within| within.include(at)))
    }

    proptest! {
        #[test]
        fn more_roles_and_grants_never_allow_less(
            roles in (select(&Role::ALL[..]), select(&Role::ALL[..])),
            grants in vec(grant(), 0..4),
            more in vec(grant(), 0..4),
            permission in select(Permission::ALL),
            at in option::of(folder()),
        ) {
            let (less, more_role) = (roles.0.min(roles.1), roles.0.max(roles.1));
            let (few, many) = (Grants::new(grants.clone()), Grants::new(grants.into_iter().chain(more)));
            let few_at = |place| decide(&caller(TenantId::DEFAULT, less), &few, permission, place);
            let many_at = |place| decide(&caller(TenantId::DEFAULT, more_role), &many, permission, place);

            for place in [Place::Tenant, Place::Flow(at.as_ref()), Place::Flows, Place::Parts] {
                let (few, many) = (few_at(place), many_at(place));
                prop_assert!(!much(&few, at.as_ref()) || much(&many, at.as_ref()), "{place:?}: {few:?}, {many:?}");
                // Of several flows, it is a role in some of them.
                if let (Ok(few), Ok(many), Place::Tenant | Place::Flow(_)) = (few, many, place) {
                    prop_assert!(few.role <= many.role);
                }
            }
            // What is listed is what can be asked for by its address.
            prop_assert_eq!(much(&few_at(Place::Flows), at.as_ref()), few_at(Place::Flow(at.as_ref())).is_ok());
            // Grants are for flows alone.
            prop_assert_eq!(few_at(Place::Tenant).is_ok(), may(less, permission));
            let of_flow = few_at(Place::Flow(at.as_ref())).map(|allowed| allowed.role);
            prop_assert!(of_flow.is_err() || of_flow == Ok(less.max(few.role_in(at.as_ref()))));
        }
    }
}
