//! Who may ask: the people and service accounts of tenants, and what these prove with who they are.
//!
//! Of a credential, the store has its hash alone. What a credential stands for is asked again each time that it matters, so that
//! one that is revoked, and one of somebody who is disabled or of a tenant that is, stands for nothing at once, in all processes.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use steadflow_core::access::{CredentialHash, FlowScope, Grants};
use steadflow_core::caller::{Actor, Role};
use steadflow_core::folder::Folder;
use steadflow_core::ids::{KeyId, PrincipalId, TenantId};
use steadflow_core::timestamp::Timestamp;
use uuid::Uuid;

use crate::{Listed, Page, StoreFuture};

/// How many invitations for a first admin are open at the same time.
pub const FIRST_ADMIN_LINKS_MAX: usize = 20;

/// Principals and their credentials.
pub trait Identities: Send + Sync + 'static {
    /// Stores a new principal, unless another person has the address, or another service account of its tenant the name. Returns
    /// whether it did.
    fn create_principal(&self, principal: PrincipalRecord) -> StoreFuture<'_, bool>;

    /// Returns the principals of a tenant, the newest first.
    fn principals(&self, tenant: TenantId, page: Page) -> StoreFuture<'_, Vec<Listed<PrincipalRecord>>>;

    /// Returns a principal of a tenant.
    fn principal(&self, tenant: TenantId, id: PrincipalId) -> StoreFuture<'_, Option<PrincipalRecord>>;

    /// Returns the person of any tenant who has an address, in lower case, to sign in with.
    fn person(&self, email: Arc<str>) -> StoreFuture<'_, Option<PrincipalRecord>>;

    /// Returns the service account of a tenant that has a name.
    fn service_account(&self, tenant: TenantId, name: Arc<str>) -> StoreFuture<'_, Option<PrincipalRecord>>;

    /// Changes a principal. If its role, its password or whether it is disabled is given, its sign-ins end with that, except
    /// the one that is to be kept.
    fn change_principal(
        &self,
        tenant: TenantId,
        id: PrincipalId,
        change: PrincipalChange,
    ) -> StoreFuture<'_, PrincipalChanged>;

    /// Deletes a principal with its keys, sign-ins, invitations and own notes.
    fn delete_principal(&self, tenant: TenantId, id: PrincipalId) -> StoreFuture<'_, PrincipalChanged>;

    /// Returns whether anybody could be an admin of the default tenant at `now`: a person who is one, or an API key whose role and
    /// owner are.
    fn has_admin(&self, now: Timestamp) -> StoreFuture<'_, bool>;

    /// Stores a new API key, unless its principal has `max` already.
    fn create_api_key(&self, key: ApiKeyRecord, max: usize) -> StoreFuture<'_, KeyCreated>;

    /// Returns the API keys of a tenant, or of one of its principals, the newest first.
    fn api_keys(
        &self,
        tenant: TenantId,
        of: Option<PrincipalId>,
        page: Page,
    ) -> StoreFuture<'_, Vec<Listed<ApiKeyRecord>>>;

    /// Deletes an API key of a tenant, if it is one of `of`, where that is given: it stands for nothing from then on. Returns
    /// whether there was one.
    fn delete_api_key(&self, tenant: TenantId, id: KeyId, of: Option<PrincipalId>) -> StoreFuture<'_, bool>;

    /// Stores that somebody has signed in, unless they are gone or disabled by now, or have another password than the one that was
    /// checked. If there are `max` sign-ins of them already, the one that was used the longest ago ends. Returns whether it did.
    fn create_sign_in(
        &self,
        sign_in: SignInRecord,
        password: Option<PasswordHash>,
        max: usize,
    ) -> StoreFuture<'_, bool>;

    /// Returns the sign-ins of a principal, the last used first.
    fn sign_ins(&self, tenant: TenantId, of: PrincipalId) -> StoreFuture<'_, Vec<Listed<SignInRecord>>>;

    /// Deletes sign-ins. Returns how many.
    fn delete_sign_ins(&self, which: SignIns) -> StoreFuture<'_, usize>;

    /// Returns what each of these credentials, keys and sign-ins, stands for. Those that stand for nothing are not in it, and those
    /// that cannot be read neither. Whether one is over, the caller compares.
    fn credentials(
        &self,
        hashes: Vec<CredentialHash>,
    ) -> StoreFuture<'_, Vec<(CredentialHash, CredentialRecord)>>;

    /// Stores when and from where credentials were used last.
    fn used_credentials(&self, uses: Vec<CredentialUse>) -> StoreFuture<'_, ()>;

    /// Stores a new invitation, unless its tenant has `max` already that are not over. One for a first admin is always stored, and
    /// takes the place of the oldest of [`FIRST_ADMIN_LINKS_MAX`]: of processes that start side by side, none voids the link
    /// that another one has just printed. Returns whether it did.
    fn create_invitation(&self, invitation: InvitationRecord, max: usize) -> StoreFuture<'_, bool>;

    /// Returns the invitations of a tenant, the newest first.
    fn invitations(&self, tenant: TenantId) -> StoreFuture<'_, Vec<Listed<InvitationRecord>>>;

    /// Returns an invitation of any tenant.
    fn invitation(&self, hash: CredentialHash) -> StoreFuture<'_, Option<InvitationRecord>>;

    /// Takes an invitation that is not over at `now`: deletes it, with all others for a first admin if it is one, and stores the person
    /// that it makes, in its tenant and with its roles. If it is for somebody who is there already, they get the password of `person`,
    /// if that has one, and their sign-ins end. Who they are at a provider takes the place of what was stored for that provider.
    fn accept_invitation(
        &self,
        hash: CredentialHash,
        person: PrincipalRecord,
        subject: Option<OidcSubject>,
        now: Timestamp,
    ) -> StoreFuture<'_, InvitationAccepted>;

    /// Deletes an invitation of a tenant. Returns whether there was one.
    fn delete_invitation(&self, tenant: TenantId, id: Uuid) -> StoreFuture<'_, bool>;

    /// Stores who a person is at a provider, unless that is somebody else already, or the person is somebody else there. Returns
    /// whether it did.
    fn create_oidc_subject(&self, subject: OidcSubject) -> StoreFuture<'_, bool>;

    /// Returns the person of any tenant that an issuer has this name for.
    fn oidc_subject(&self, issuer: Arc<str>, subject: Arc<str>) -> StoreFuture<'_, Option<OidcSubject>>;

    /// Returns who a person is at providers, by their issuers.
    fn oidc_subjects(&self, tenant: TenantId, of: PrincipalId) -> StoreFuture<'_, Vec<Listed<OidcSubject>>>;

    /// Stores that an attempt signs somebody in, unless that one or one that was begun later has done so. Returns whether it did.
    fn use_oidc_subject(
        &self,
        issuer: Arc<str>,
        subject: Arc<str>,
        begun_at: Timestamp,
    ) -> StoreFuture<'_, bool>;
}

/// What a principal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrincipalKind {
    /// Somebody with an address, who signs in.
    Person,
    /// A program, which has keys alone.
    Service,
}

impl PrincipalKind {
    /// Returns the name that is stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Service => "service",
        }
    }
}

impl FromStr for PrincipalKind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Person, Self::Service].into_iter().find(|kind| kind.as_str() == text).ok_or(())
    }
}

/// A person or a service account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrincipalRecord {
    /// Its id.
    pub id: PrincipalId,
    /// Whose it is.
    pub tenant: TenantId,
    /// What it is.
    pub kind: PrincipalKind,
    /// Its name; of a service account, no other of its tenant has it.
    pub name: Arc<str>,
    /// The address of a person, in lower case, which nobody else has.
    pub email: Option<Arc<str>>,
    /// What it may do.
    pub role: Role,
    /// What else it may do, in folders of flows.
    pub grants: Grants,
    /// What the password is checked against; `None` for who signs in in another way, or not at all.
    pub password: Option<PasswordHash>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Since when it may do nothing.
    pub disabled_at: Option<Timestamp>,
}

impl PrincipalRecord {
    /// Returns whether its tenant can do without everyone else: somebody who is an admin and may do something.
    pub fn is_acting_admin(&self) -> bool {
        self.kind == PrincipalKind::Person && self.role == Role::Admin && self.disabled_at.is_none()
    }
}

/// The hash of a password, with what it was made with. Nothing shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(Arc<str>);

impl PasswordHash {
    /// Wraps a text that begins with `$`, and the name of a function that is slow on purpose.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// Returns the text, to be stored and checked.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash")
    }
}

/// A change of a principal. What is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrincipalChange {
    /// Its name.
    pub name: Option<Arc<str>>,
    /// Its role.
    pub role: Option<Role>,
    /// Its roles in folders, in place of those that it has.
    pub grants: Option<Grants>,
    /// Its password.
    pub password: Option<PasswordHash>,
    /// Whether it may do nothing.
    pub is_disabled: Option<bool>,
    /// The sign-in that does not end: of who changes their own password.
    pub keep: Option<CredentialHash>,
    /// When it is changed.
    pub at: Timestamp,
}

impl PrincipalChange {
    /// Returns whether sign-ins end with it.
    pub const fn ends_sign_ins(&self) -> bool {
        self.role.is_some() || self.password.is_some() || self.is_disabled.is_some()
    }

    /// Returns the principal after the change.
    #[must_use]
    pub fn applied(self, to: PrincipalRecord) -> PrincipalRecord {
        let disabled_at = match self.is_disabled {
            None => to.disabled_at,
            Some(true) => to.disabled_at.or(Some(self.at)),
            Some(false) => None,
        };
        PrincipalRecord {
            name: self.name.unwrap_or(to.name),
            role: self.role.unwrap_or(to.role),
            grants: self.grants.unwrap_or(to.grants),
            password: self.password.or(to.password),
            disabled_at,
            ..to
        }
    }
}

/// What became of a change or a deletion of a principal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrincipalChanged {
    /// It is done: what is stored now, or what was.
    Done(Box<PrincipalRecord>),
    /// The tenant has none with that id.
    Missing,
    /// Another account has that name.
    NameTaken,
    /// Nothing was changed: the tenant would have nobody who may change anything of that kind again.
    LastAdmin,
}

/// An API key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKeyRecord {
    /// Its id.
    pub id: KeyId,
    /// Whose it is.
    pub tenant: TenantId,
    /// Who acts by it.
    pub principal: PrincipalId,
    /// What it is known by.
    pub hash: CredentialHash,
    /// Its beginning, to tell it from others.
    pub prefix: Arc<str>,
    /// What people call it.
    pub name: Arc<str>,
    /// What it may do, if its principal may as well.
    pub role: Role,
    /// The flows that it is limited to.
    pub flows: FlowScope,
    /// The folders that it is limited to.
    pub folders: Option<Arc<[Folder]>>,
    /// The networks that it is limited to, such as `203.0.113.0/24`.
    pub networks: Option<Arc<[Arc<str>]>>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who has made it.
    pub created_by: Arc<str>,
    /// When it is over.
    pub expires_at: Option<Timestamp>,
    /// When it was used last, to about a minute.
    pub used_at: Option<Timestamp>,
    /// From where.
    pub used_from: Option<Arc<str>>,
}

/// What became of a new API key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyCreated {
    /// It is stored.
    Done,
    /// Its tenant has no such principal.
    Missing,
    /// Its principal has as many as it may.
    TooMany,
}

/// Somebody has signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInRecord {
    /// What the browser's token is known by.
    pub hash: CredentialHash,
    /// What it is known by to people.
    pub id: Uuid,
    /// Whose it is.
    pub tenant: TenantId,
    /// Who.
    pub principal: PrincipalId,
    /// When.
    pub created_at: Timestamp,
    /// When it is over, however it is used.
    pub expires_at: Timestamp,
    /// When it was used last, to about a minute.
    pub used_at: Timestamp,
    /// From where it was used last.
    pub address: Option<Arc<str>>,
    /// What the browser called itself.
    pub user_agent: Option<Arc<str>>,
}

/// Sign-ins to delete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignIns {
    /// This one.
    One(CredentialHash),
    /// This one of a principal, by the id that people know it by.
    Known(PrincipalId, Uuid),
    /// Those of a principal, but one.
    Of(PrincipalId, Option<CredentialHash>),
    /// Those that are over at that time, so many at most.
    OverAt(Timestamp, usize),
}

/// What a credential stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialRecord {
    /// Whose data it is about.
    pub tenant: TenantId,
    /// Who.
    pub principal: PrincipalId,
    /// As whom they act: a key by its beginning, a person by their address.
    pub actor: Actor,
    /// The lesser one of its role and its principal's.
    pub role: Role,
    /// Its principal's roles in folders, each no more than its own.
    pub grants: Grants,
    /// The folders that it is limited to.
    pub folders: Option<Arc<[Folder]>>,
    /// The flows that it is limited to.
    pub flows: FlowScope,
    /// The networks that it is limited to.
    pub networks: Option<Arc<[Arc<str>]>>,
    /// When it is over.
    pub expires_at: Option<Timestamp>,
    /// When it was used last, to about a minute.
    pub used_at: Option<Timestamp>,
}

/// A use of a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialUse {
    /// The key or the sign-in.
    pub hash: CredentialHash,
    /// When.
    pub at: Timestamp,
    /// From where.
    pub from: Option<Arc<str>>,
}

/// A link with which somebody becomes a member, or sets a new password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvitationRecord {
    /// What the token of the link is known by.
    pub hash: CredentialHash,
    /// What it is known by to people.
    pub id: Uuid,
    /// The tenant that somebody becomes a member of.
    pub tenant: TenantId,
    /// What they may do then.
    pub role: Role,
    /// Their roles in folders then.
    pub grants: Grants,
    /// Whom it was made for.
    pub email: Option<Arc<str>>,
    /// Who sets a new password with it.
    pub principal: Option<PrincipalId>,
    /// Whether it was made because there is no admin.
    pub is_first_admin: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who has made it.
    pub created_by: Arc<str>,
    /// When it is over.
    pub expires_at: Timestamp,
}

/// Who a person is at a provider of OpenID Connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OidcSubject {
    /// The provider.
    pub issuer: Arc<str>,
    /// What it calls the person, and never anybody else.
    pub subject: Arc<str>,
    /// Whose the person is.
    pub tenant: TenantId,
    /// The person.
    pub principal: PrincipalId,
    /// When they signed in so for the first time.
    pub created_at: Timestamp,
    /// When the last attempt was begun that has signed them in.
    pub used_at: Timestamp,
}

/// What became of an invitation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvitationAccepted {
    /// Somebody is a member: as stored.
    Done(Box<PrincipalRecord>),
    /// It is over, was used, or was never made; or who it is for is gone or disabled.
    Gone,
    /// Somebody else has the address, or is who the provider speaks of. The invitation stays.
    Taken,
}
