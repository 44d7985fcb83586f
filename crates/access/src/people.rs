//! What people do with their accounts: they join by a link, sign in and out, and change their passwords.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use steadflow_core::access::{CredentialHash, CredentialKind, Grants, Principal, Token};
use steadflow_core::caller::Role;
use steadflow_core::ids::{PrincipalId, TenantId};
use steadflow_core::timestamp::Timestamp;
use steadflow_core::visible;
use steadflow_store::{
    PrincipalChange, PrincipalChanged, PrincipalKind, PrincipalRecord, SignInRecord, SignIns, Store,
    StoreError,
};
use uuid::Uuid;

use crate::attempts::{Attempts, Wait};
use crate::failure::{Failure, fresh_token};
use crate::known_browser;
use crate::oidc::Oidc;
use crate::passkey_site::PasskeySite;
use crate::passwords::{Busy, PasswordUnfit, Passwords, check_password};
use crate::{Authenticator, Forgotten};

/// How long a sign-in lasts, however it is used.
pub const SIGN_IN_TTL: Duration = Duration::from_secs(14 * 24 * 3_600);
/// How many sign-ins one person has at the same time. With a further one, the one that was used the longest ago ends.
pub const SIGN_INS_MAX: usize = 20;
/// How long an e-mail address is at most, in bytes.
const EMAIL_BYTES_MAX: usize = 254;
/// How long a name is at most, in characters.
const NAME_CHARS_MAX: usize = 100;
/// What is kept of how a browser calls itself, in characters.
const USER_AGENT_CHARS_MAX: usize = 200;

/// People and their sign-ins.
#[derive(Clone, Debug)]
pub struct People {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) authenticator: Authenticator,
    pub(crate) passwords: Passwords,
    pub(crate) attempts: Arc<Attempts>,
    pub(crate) ways: SignInWays,
}

/// How people sign in.
#[derive(Clone, Debug)]
pub struct SignInWays {
    /// Whether they may with a password.
    pub passwords: bool,
    /// The providers at which they may.
    pub oidc: Option<Oidc>,
    /// For which pages they have passkeys; without it, they have none.
    pub passkeys: Option<PasskeySite>,
}

impl Default for SignInWays {
    fn default() -> Self {
        Self { passwords: true, oidc: None, passkeys: None }
    }
}

/// Where a request of a person comes from.
#[derive(Clone, Debug, Default)]
pub struct Browser {
    /// The address.
    pub address: Option<IpAddr>,
    /// What clients share: of IPv6, the first half of the address.
    pub shared: Option<IpAddr>,
    /// What it calls itself.
    pub user_agent: Option<String>,
    /// What it was given when somebody signed in with it last.
    pub known: Option<String>,
}

/// Somebody has signed in.
#[derive(Debug)]
pub struct SignedIn {
    /// What the browser proves it with from now on.
    pub token: Token,
    /// What it shows when somebody signs in with it again.
    pub known: String,
    /// Who.
    pub person: PrincipalRecord,
}

/// Why somebody may not sign in, or change a password.
#[derive(Debug, thiserror::Error)]
pub enum SignInRefused {
    /// Nobody has that address, or the password is wrong. The answer does not say which.
    #[error("the address or the password is wrong")]
    Wrong,
    /// Nobody signs in with a password.
    #[error("nobody signs in with a password")]
    PasswordsOff,
    /// There were too many wrong passwords.
    #[error("too many attempts")]
    TooMany(Duration),
    /// The new password cannot be set.
    #[error(transparent)]
    Unfit(#[from] PasswordUnfit),
    /// Too many others are signing in.
    #[error("too many passwords are being checked")]
    Busy,
    /// It may be, and could not be done.
    #[error(transparent)]
    Failed(#[from] Failure),
}

impl From<StoreError> for SignInRefused {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<Busy> for SignInRefused {
    fn from(Busy: Busy) -> Self {
        Self::Busy
    }
}

impl From<Wait> for SignInRefused {
    fn from(Wait(wait): Wait) -> Self {
        Self::TooMany(wait)
    }
}

impl People {
    /// Manages the people of `store`.
    pub fn new(store: Arc<dyn Store>, authenticator: Authenticator, ways: SignInWays) -> Self {
        Self { store, authenticator, passwords: Passwords::new(), attempts: Arc::default(), ways }
    }

    /// Returns how people sign in.
    pub const fn ways(&self) -> &SignInWays {
        &self.ways
    }

    pub(crate) const fn check_passwords(&self) -> Result<(), SignInRefused> {
        if self.ways.passwords { Ok(()) } else { Err(SignInRefused::PasswordsOff) }
    }

    /// Signs somebody in.
    ///
    /// # Errors
    /// [`SignInRefused`]. Whether there is somebody with the address shows neither in the answer nor in the time that it takes.
    pub async fn sign_in(
        &self,
        email: &str,
        password: String,
        browser: &Browser,
        now: Timestamp,
    ) -> Result<SignedIn, SignInRefused> {
        self.check_passwords()?;
        let email = normal_email(email).ok_or(SignInRefused::Wrong)?;
        let person = self.store.person(Arc::clone(&email)).await?;
        let person = person.filter(|person| person.disabled_at.is_none());
        self.check(&email, person.as_ref(), password, browser).await?;
        let person = person.ok_or(SignInRefused::Wrong)?;
        self.begin(person, browser, now).await
    }

    /// Checks the password of somebody who has signed in.
    pub(crate) async fn check_person(
        &self,
        person: &PrincipalRecord,
        password: String,
        browser: &Browser,
    ) -> Result<(), SignInRefused> {
        self.check_passwords()?;
        let email = person.email.clone().ok_or(SignInRefused::Wrong)?;
        self.check(&email, Some(person), password, browser).await
    }

    /// Checks a password, and counts it if it is wrong.
    async fn check(
        &self,
        email: &Arc<str>,
        person: Option<&PrincipalRecord>,
        password: String,
        browser: &Browser,
    ) -> Result<(), SignInRefused> {
        let is_known = known_browser::is_of(&self.store, person, browser.known.as_deref()).await?;
        self.attempts.check(email, browser.shared, is_known)?;
        // Counted before it is known whether it is right: of many at the same time, no more are checked than of many in a row.
        self.attempts.failed(email, browser.shared);
        let stored = person.and_then(|person| person.password.clone());
        if !self.passwords.verify(stored, password).await? {
            return Err(SignInRefused::Wrong);
        }
        self.attempts.succeeded(email, browser.shared);
        Ok(())
    }

    /// Stores that somebody has signed in with the password that `person` has, unless that was changed meanwhile.
    pub(crate) async fn begin(
        &self,
        person: PrincipalRecord,
        browser: &Browser,
        now: Timestamp,
    ) -> Result<SignedIn, SignInRefused> {
        let token = fresh_token().map_err(Failure::from)?;
        let agent = browser.user_agent.as_deref().map(|agent| {
            let seen = agent.chars().filter(|&char| !visible::is_hidden(char));
            seen.take(USER_AGENT_CHARS_MAX).collect::<String>().into()
        });
        let record = SignInRecord {
            hash: token.hash(CredentialKind::SignIn),
            id: Uuid::now_v7(),
            tenant: person.tenant,
            principal: person.id,
            created_at: now,
            expires_at: now.plus(SIGN_IN_TTL),
            used_at: now,
            address: browser.address.map(|address| address.to_string().into()),
            user_agent: agent,
        };
        if !self.store.create_sign_in(record, person.password.clone(), SIGN_INS_MAX).await? {
            return Err(SignInRefused::Wrong);
        }
        // From then on it is known here, however many others of its address are not.
        self.authenticator.check(token.hash(CredentialKind::SignIn), None, now).await?;
        let known = known_browser::mark(&self.store, person.id).await?;
        Ok(SignedIn { token, known, person })
    }

    /// Ends the sign-in that a request was made with.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn sign_out(&self, credential: CredentialHash) -> Result<(), StoreError> {
        self.store.delete_sign_ins(SignIns::One(credential)).await?;
        self.authenticator.forget(Forgotten::One(credential));
        Ok(())
    }

    /// Ends the sign-ins of somebody but the one that a request was made with, or the one with that id. Returns how many.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn end_sign_ins(&self, principal: &Principal, id: Option<Uuid>) -> Result<usize, StoreError> {
        let which = match id {
            Some(id) => SignIns::Known(principal.id, id),
            None => SignIns::Of(principal.id, Some(principal.credential)),
        };
        let ended = self.store.delete_sign_ins(which).await?;
        self.authenticator.forget(Forgotten::Of(principal.id));
        Ok(ended)
    }

    /// Gives somebody another password, and ends all their sign-ins but a new one, which is returned.
    ///
    /// # Errors
    /// [`SignInRefused`].
    pub async fn change_password(
        &self,
        principal: &Principal,
        current: String,
        new: String,
        browser: &Browser,
        now: Timestamp,
    ) -> Result<SignedIn, SignInRefused> {
        self.check_passwords()?;
        let tenant = principal.caller.tenant;
        let person = self.store.principal(tenant, principal.id).await?;
        let email = person.as_ref().and_then(|person| person.email.clone()).ok_or(SignInRefused::Wrong)?;
        check_password(&new, &email)?;
        self.check(&email, person.as_ref(), current, browser).await?;
        let password = Some(self.passwords.hash(new).await?);
        let change = PrincipalChange { password, at: now, ..PrincipalChange::default() };
        match self.change(tenant, principal.id, change).await? {
            PrincipalChanged::Done(person) => self.begin(*person, browser, now).await,
            PrincipalChanged::Missing | PrincipalChanged::NameTaken | PrincipalChanged::LastAdmin => {
                Err(SignInRefused::Wrong)
            }
        }
    }

    /// Changes a principal of a tenant. What it was signed in with ends, if its role, its password or whether it is disabled
    /// changes.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn change(
        &self,
        tenant: TenantId,
        id: PrincipalId,
        change: PrincipalChange,
    ) -> Result<PrincipalChanged, StoreError> {
        let changed = self.store.change_principal(tenant, id, change).await?;
        self.authenticator.forget(Forgotten::Of(id));
        Ok(changed)
    }

    /// Deletes a principal of a tenant, with its keys and what it is signed in with.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn delete(&self, tenant: TenantId, id: PrincipalId) -> Result<PrincipalChanged, StoreError> {
        let deleted = self.store.delete_principal(tenant, id).await?;
        self.authenticator.forget(Forgotten::Of(id));
        Ok(deleted)
    }
}

/// Returns a new person.
pub(crate) fn person(tenant: TenantId, name: Arc<str>, email: Arc<str>, at: Timestamp) -> PrincipalRecord {
    PrincipalRecord {
        id: PrincipalId::new(Uuid::now_v7()),
        tenant,
        kind: PrincipalKind::Person,
        name,
        email: Some(email),
        role: Role::Viewer,
        grants: Grants::default(),
        password: None,
        created_at: at,
        disabled_at: None,
    }
}

/// Returns an e-mail address as it is stored: in lower case. `None` for what is none.
pub fn normal_email(text: &str) -> Option<Arc<str>> {
    let email = text.trim().to_lowercase();
    let (name, host) = email.split_once('@')?;
    let is_plain = |part: &str| {
        !part.is_empty()
            && !part.contains(|char: char| char == '@' || char.is_whitespace() || visible::is_hidden(char))
    };
    (is_plain(name) && is_plain(host) && email.len() <= EMAIL_BYTES_MAX).then(|| email.into())
}

/// Returns the name of a person as it is stored: one line of 1 to 100 characters. `None` for what is none.
pub fn normal_name(text: &str) -> Option<Arc<str>> {
    let name = text.trim();
    let is_name =
        (1..=NAME_CHARS_MAX).contains(&name.chars().count()) && !name.chars().any(visible::is_hidden);
    is_name.then(|| name.into())
}
