//! Which member of which tenant a provider means.

use std::sync::Arc;

use steadflow_core::access::{CredentialKind, Token};
use steadflow_core::caller::Role;
use steadflow_core::ids::TenantId;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{InvitationRecord, OidcSubject, PrincipalRecord, Store, StoreError, TenantRecord};

use super::OidcRefused;
use crate::invitations::JoinRefused;
use crate::oidc::{Claims, DEFAULT_TENANT, GroupRole, OidcProvider, OidcReason};
use crate::people::{normal_email, normal_name, person};

/// What is done once somebody may be let in.
#[derive(Clone, Debug)]
pub(super) enum Plan {
    /// They have signed in so before.
    Enter(PrincipalRecord),
    /// They are a member, and sign in so for the first time.
    Link(PrincipalRecord),
    /// They become a member.
    Create(PrincipalRecord),
    /// They accept an invitation.
    Join(InvitationRecord, PrincipalRecord),
}

/// Who it is, and what is done.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) plan: Plan,
    /// What their groups make them.
    pub(super) role: Option<Role>,
}

/// The person that a provider means.
pub(super) struct Spoken<'a> {
    pub(super) settings: &'a OidcProvider,
    pub(super) claims: &'a Claims,
    pub(super) now: Timestamp,
}

impl Spoken<'_> {
    /// Finds out who it is.
    ///
    /// # Errors
    /// Why they may not sign in.
    pub(super) async fn member(
        &self,
        store: &Arc<dyn Store>,
        invitation: Option<&Token>,
    ) -> Result<Member, OidcRefused> {
        let email = self.email();
        if !self.settings.allowed_domains.is_empty() {
            let email = email.clone()?;
            let domain = email.rsplit_once('@').map_or("", |(_, domain)| domain);
            if !self.settings.allowed_domains.iter().any(|allowed| **allowed == *domain) {
                return Err(OidcReason::Domain.into());
            }
        }
        let tenants = Tenants::read(&**store).await?;
        let plan = match invitation {
            Some(token) => self.invited(store, token, email?).await?,
            None => self.known(store, &tenants, email).await?,
        };
        let tenant = match &plan {
            Plan::Enter(person) | Plan::Link(person) | Plan::Create(person) => person.tenant,
            Plan::Join(invitation, _) => invitation.tenant,
        };
        let role = self.role(|group| tenants.find(&group.tenant) == Some(tenant))?;
        Ok(Member { plan, role })
    }

    /// Returns the address, if it is known to be the person's.
    fn email(&self) -> Result<Arc<str>, OidcReason> {
        let email = self.claims.email().and_then(normal_email).ok_or(OidcReason::NoEmail)?;
        if !self.claims.is_email_verified() && !self.settings.trusts_email {
            return Err(OidcReason::EmailNotVerified);
        }
        Ok(email)
    }

    /// Returns the highest role that the groups of the person have where `is_meant`; `None` where groups say nothing about roles.
    fn role(&self, is_meant: impl Fn(&GroupRole) -> bool) -> Result<Option<Role>, OidcReason> {
        if self.settings.groups.is_empty() {
            return Ok(None);
        }
        let groups = self.claims.groups(&self.settings.groups_claim);
        let meant =
            self.settings.groups.iter().filter(|known| groups.contains(&&*known.group) && is_meant(known));
        meant.map(|known| known.role).max().map(Some).ok_or(OidcReason::NoGroup)
    }

    async fn invited(
        &self,
        store: &Arc<dyn Store>,
        token: &Token,
        email: Arc<str>,
    ) -> Result<Plan, OidcRefused> {
        let found = store.invitation(token.hash(CredentialKind::Invitation)).await?;
        let found = found.filter(|invitation| invitation.expires_at > self.now);
        let invitation = found.ok_or(JoinRefused::Gone)?;
        if invitation.email.as_ref().is_some_and(|meant| *meant != email) {
            return Err(JoinRefused::OtherAddress.into());
        }
        let joining = self.new_person(invitation.tenant, email);
        Ok(Plan::Join(invitation, joining))
    }

    async fn known(
        &self,
        store: &Arc<dyn Store>,
        tenants: &Tenants,
        email: Result<Arc<str>, OidcReason>,
    ) -> Result<Plan, OidcRefused> {
        let OidcProvider { issuer, .. } = self.settings;
        if let Some(subject) = store.oidc_subject(Arc::clone(issuer), self.claims.subject().into()).await? {
            let person = store.principal(subject.tenant, subject.principal).await?;
            return Ok(Plan::Enter(enabled(person.ok_or(OidcReason::NotAMember)?)?));
        }
        let email = email?;
        let Some(person) = store.person(Arc::clone(&email)).await? else {
            return self.unknown(tenants, email);
        };
        let person = enabled(person)?;
        let subjects = store.oidc_subjects(person.tenant, person.id).await?;
        let is_here =
            |row: &Result<OidcSubject, _>| row.as_ref().map_or(true, |known| known.issuer == *issuer);
        if subjects.iter().any(is_here) {
            // The address belongs to somebody else there by now.
            return Err(OidcReason::OtherSubject.into());
        }
        Ok(Plan::Link(person))
    }

    fn unknown(&self, tenants: &Tenants, email: Arc<str>) -> Result<Plan, OidcRefused> {
        let OidcProvider { create_as, groups, .. } = self.settings;
        let role = create_as.ok_or(OidcReason::NotAMember)?;
        let theirs = self.claims.groups(&self.settings.groups_claim);
        let first = groups.iter().find(|known| theirs.contains(&&*known.group));
        let tenant = first.map_or(&self.settings.tenant, |group| &group.tenant);
        let tenant = tenants.find(tenant).ok_or(OidcReason::NoTenant)?;
        Ok(Plan::Create(PrincipalRecord { role, ..self.new_person(tenant, email) }))
    }

    fn new_person(&self, tenant: TenantId, email: Arc<str>) -> PrincipalRecord {
        let name = self.claims.name().and_then(normal_name);
        let of_email = || email.split_once('@').map_or("", |(name, _)| name).into();
        person(tenant, name.unwrap_or_else(of_email), email, self.now)
    }
}

fn enabled(person: PrincipalRecord) -> Result<PrincipalRecord, OidcReason> {
    if person.disabled_at.is_some() { Err(OidcReason::Disabled) } else { Ok(person) }
}

/// Tenants by their names.
struct Tenants(Vec<TenantRecord>);

impl Tenants {
    async fn read(store: &dyn Store) -> Result<Self, StoreError> {
        Ok(Self(store.tenants().await?.into_iter().filter_map(Result::ok).collect()))
    }

    fn find(&self, name: &str) -> Option<TenantId> {
        if name == DEFAULT_TENANT {
            return Some(TenantId::DEFAULT);
        }
        self.0
            .iter()
            .find(|tenant| &*tenant.name == name && tenant.disabled_at.is_none())
            .map(|tenant| tenant.id)
    }
}
