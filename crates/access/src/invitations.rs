//! Links with which somebody becomes a member, or sets a new password.

use std::sync::Arc;
use std::time::Duration;

use steadflow_core::access::{CredentialKind, Grants, Token, made_by};
use steadflow_core::caller::Role;
use steadflow_core::ids::{PrincipalId, TenantId};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{InvitationAccepted, InvitationRecord, Store, StoreError};
use uuid::Uuid;

use crate::Forgotten;
use crate::failure::{Failure, fresh_token};
use crate::grantor::{Grantor, TooMuch};
use crate::passwords::check_password;
use crate::people::{Browser, People, SignInRefused, SignedIn, person};

/// How long an invitation can be accepted.
pub const INVITATION_TTL: Duration = Duration::from_secs(7 * 24 * 3_600);
/// How long the one for the first admin can.
pub const FIRST_ADMIN_TTL: Duration = Duration::from_secs(24 * 3_600);
/// How many invitations of a tenant are open at the same time.
pub const INVITATIONS_MAX: usize = 200;

/// The maker of an invitation that was made where the database is.
pub const COMMAND_LINE: &str = "command line";

/// Whom an invitation is for.
#[derive(Clone, Debug)]
pub struct Invited {
    /// What they may do.
    pub role: Role,
    /// Their roles in folders, beside that one. Who is there already keeps theirs.
    pub grants: Grants,
    /// Their address; `None` if the person who has the link enters it.
    pub email: Option<Arc<str>>,
    /// Who is there already, and sets a new password.
    pub principal: Option<PrincipalId>,
}

impl Invited {
    /// Returns anybody, to become a member with a role.
    pub fn new(role: Role) -> Self {
        Self { role, grants: Grants::default(), email: None, principal: None }
    }
}

/// Who accepts an invitation.
#[derive(Debug)]
pub struct Joining {
    /// Their name.
    pub name: Arc<str>,
    /// Their address.
    pub email: Arc<str>,
    /// Their password.
    pub password: String,
}

/// Why an invitation cannot be accepted.
#[derive(Debug, thiserror::Error)]
pub enum JoinRefused {
    /// It is over, was used, or was never made.
    #[error("the invitation is not valid")]
    Gone,
    /// Somebody else has the address.
    #[error("somebody else has the address")]
    Taken,
    /// It was made for another address.
    #[error("the invitation is for another address")]
    OtherAddress,
    /// As of a password that is changed.
    #[error(transparent)]
    Password(#[from] SignInRefused),
}

impl From<StoreError> for JoinRefused {
    fn from(error: StoreError) -> Self {
        Self::Password(error.into())
    }
}

impl From<Failure> for JoinRefused {
    fn from(failure: Failure) -> Self {
        Self::Password(failure.into())
    }
}

/// Makes a link with which somebody becomes the first admin, if there is none. Returns its token. Processes that start side by side
/// print one each, and with the first that is used, all are void.
///
/// # Errors
/// If the database fails.
pub async fn first_admin(store: &Arc<dyn Store>, now: Timestamp) -> Result<Option<Token>, Failure> {
    if store.has_admin(now).await? {
        return Ok(None);
    }
    let token = fresh_token()?;
    let record = InvitationRecord {
        is_first_admin: true,
        expires_at: now.plus(FIRST_ADMIN_TTL),
        ..record(&token, TenantId::DEFAULT, Role::Admin, "system".into(), now)
    };
    store.create_invitation(record, INVITATIONS_MAX).await?;
    Ok(Some(token))
}

/// Why nobody was invited.
#[derive(Debug, thiserror::Error)]
pub enum InviteRefused {
    /// The account would be able to do more than who invites.
    #[error(transparent)]
    MoreThanOwn(#[from] TooMuch),
    /// It may be, and could not be done.
    #[error(transparent)]
    Failed(#[from] Failure),
}

/// Makes an invitation to an account that may do no more than `by`. Returns its token with what is stored; `None` if there are too
/// many.
///
/// # Errors
/// [`InviteRefused`] says why not.
pub async fn invite(
    store: &Arc<dyn Store>,
    by: Grantor<'_>,
    invited: Invited,
    now: Timestamp,
) -> Result<Option<(Token, InvitationRecord)>, InviteRefused> {
    let pointer = if invited.principal.is_some() { "" } else { "/role" };
    by.check_unlimited(pointer)?;
    by.check_role(invited.role)?;
    let token = fresh_token().map_err(Failure::from)?;
    let caller = by.caller();
    let record = InvitationRecord {
        grants: invited.grants,
        email: invited.email,
        principal: invited.principal,
        ..record(&token, caller.tenant, invited.role, made_by(caller), now)
    };
    let is_stored = store.create_invitation(record.clone(), INVITATIONS_MAX).await.map_err(Failure::from)?;
    Ok(is_stored.then_some((token, record)))
}

fn record(token: &Token, tenant: TenantId, role: Role, by: Arc<str>, now: Timestamp) -> InvitationRecord {
    InvitationRecord {
        hash: token.hash(CredentialKind::Invitation),
        id: Uuid::now_v7(),
        tenant,
        role,
        grants: Grants::default(),
        email: None,
        principal: None,
        is_first_admin: false,
        created_at: now,
        created_by: by,
        expires_at: now.plus(INVITATION_TTL),
    }
}

impl People {
    /// Returns an invitation that can be accepted.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn invitation(
        &self,
        token: &Token,
        now: Timestamp,
    ) -> Result<Option<InvitationRecord>, StoreError> {
        let found = self.store.invitation(token.hash(CredentialKind::Invitation)).await?;
        Ok(found.filter(|invitation| invitation.expires_at > now))
    }

    /// Returns whether an invitation can be accepted with a password. Where nobody signs in with one, it can for the first admin, and with a
    /// link that was made where the database is: so nobody is locked out for good by a provider.
    pub fn takes_password(&self, invitation: &InvitationRecord) -> bool {
        self.ways.passwords || invitation.is_first_admin || &*invitation.created_by == COMMAND_LINE
    }

    /// Makes somebody a member who has the link, or gives them a new password, and signs them in.
    ///
    /// # Errors
    /// [`JoinRefused`].
    pub async fn join(
        &self,
        token: &Token,
        joining: Joining,
        browser: &Browser,
        now: Timestamp,
    ) -> Result<SignedIn, JoinRefused> {
        let invitation = self.invitation(token, now).await?.ok_or(JoinRefused::Gone)?;
        let Joining { name, email, password } = joining;
        if invitation.email.as_ref().is_some_and(|meant| *meant != email) {
            return Err(JoinRefused::OtherAddress);
        }
        if !self.takes_password(&invitation) {
            return Err(SignInRefused::PasswordsOff.into());
        }
        check_password(&password, &email).map_err(SignInRefused::from)?;
        let password = self.passwords.hash(password).await.map_err(SignInRefused::from)?;
        let mut person = person(invitation.tenant, name, email, now);
        person.password = Some(password);
        match self.store.accept_invitation(invitation.hash, person, None, now).await? {
            InvitationAccepted::Done(person) => {
                self.authenticator.forget(Forgotten::Of(person.id));
                Ok(self.begin(*person, browser, now).await?)
            }
            InvitationAccepted::Gone => Err(JoinRefused::Gone),
            InvitationAccepted::Taken => Err(JoinRefused::Taken),
        }
    }
}
