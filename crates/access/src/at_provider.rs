//! How somebody signs in at a provider: an attempt is begun, its answer says who it is, and they are let in.

mod members;

use std::sync::Arc;
use std::time::Duration;

use steadflow_core::access::Token;
use steadflow_core::caller::{Actor, ActorKind, Caller, Role};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{
    InvitationAccepted, OidcSubject, PrincipalChange, PrincipalChanged, PrincipalRecord, StoreError,
};
use zeroize::Zeroizing;

use self::members::{Member, Plan, Spoken};
use crate::Forgotten;
use crate::attempts::Wait;
use crate::failure::{Failure, stored_key};
use crate::invitations::JoinRefused;
use crate::oidc::{
    Attempt, Claims, Code, Expected, NotSaid, Oidc, OidcProvider, OidcReason, Provider, Tokens, Unchecked,
    shown,
};
use crate::people::{Browser, People, SignInRefused, SignedIn};
use crate::sealing::Key;

const PURPOSE: &str = "oidc_attempts";
/// How long a path is at most that somebody is sent to afterwards.
const RETURN_TO_BYTES_MAX: usize = 1_000;

/// An attempt that was begun.
#[derive(Debug)]
pub struct BegunSignIn {
    /// Where the person signs in.
    pub url: String,
    /// What the browser keeps until then.
    pub cookie: String,
}

/// What a browser brings back from a provider, with what it has kept.
#[derive(Clone, Copy, Debug, Default)]
pub struct OidcAnswer<'a> {
    /// What it was given when the attempt was begun.
    pub cookie: Option<&'a str>,
    /// The parameters of the answer.
    pub state: Option<&'a str>,
    /// See above.
    pub code: Option<&'a str>,
    /// See above.
    pub issuer: Option<&'a str>,
    /// See above.
    pub error: Option<&'a str>,
}

/// Somebody who was identified by a provider, and may sign in.
#[derive(Debug)]
pub struct Identified {
    member: Member,
    subject: OidcSubject,
    /// The page that is shown afterwards.
    pub return_to: String,
}

/// Why somebody is not signed in by a provider.
#[derive(Debug, thiserror::Error)]
pub enum OidcRefused {
    /// There is no such provider.
    #[error("there is no such provider")]
    NoProvider,
    /// They may not, or what came back proves nothing.
    #[error("refused: {0}")]
    Refused(OidcReason),
    /// There were too many refusals.
    #[error("too many attempts")]
    TooMany(Duration),
    /// Too many others are signing in.
    #[error("too many people are signing in")]
    Busy,
    /// The provider does not do what it must.
    #[error("{0} does not answer as it must")]
    Unavailable(Arc<str>),
    /// The invitation cannot be accepted so.
    #[error(transparent)]
    Join(#[from] JoinRefused),
    /// They may, and it could not be done.
    #[error(transparent)]
    Failed(#[from] Failure),
}

impl From<OidcReason> for OidcRefused {
    fn from(reason: OidcReason) -> Self {
        Self::Refused(reason)
    }
}

impl From<NotSaid> for OidcRefused {
    fn from(error: NotSaid) -> Self {
        match error {
            NotSaid::Refused(reason) => Self::Refused(reason),
            NotSaid::Unavailable(label) => Self::Unavailable(label),
        }
    }
}

impl From<StoreError> for OidcRefused {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<Wait> for OidcRefused {
    fn from(Wait(wait): Wait) -> Self {
        Self::TooMany(wait)
    }
}

impl Identified {
    /// Returns the actor that they are in the audit log.
    pub fn caller(&self) -> Caller {
        let (tenant, person) = match &self.member.plan {
            Plan::Enter(person) | Plan::Link(person) | Plan::Create(person) => (person.tenant, person),
            Plan::Join(invitation, person) => (invitation.tenant, person),
        };
        let actor = Actor { kind: ActorKind::User, id: person.email.clone() };
        Caller { tenant, actor, role: self.member.role.unwrap_or(person.role) }
    }
}

impl People {
    /// Begins to sign somebody in at a provider. With the token of an invitation, they accept it.
    ///
    /// # Errors
    /// [`OidcRefused`].
    pub async fn begin_at_provider(
        &self,
        provider: &str,
        return_to: &str,
        invitation: Option<&Token>,
        now: Timestamp,
    ) -> Result<BegunSignIn, OidcRefused> {
        let (oidc, provider) = self.provider(provider)?;
        let _turn = provider.turns.try_acquire().map_err(|_| OidcRefused::Busy)?;
        let described = provider.described(&*oidc.http).await?;
        let OidcProvider { id, client_id, scopes, .. } = &provider.settings;
        let return_to = own_path(return_to).unwrap_or("/");
        let attempt = Attempt::begin(id, return_to, invitation, now).map_err(Failure::from)?;
        let mut url = described.authorization;
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", client_id)
            .append_pair("redirect_uri", &oidc.redirect_uri(provider))
            .append_pair("scope", &scopes.join(" "))
            .append_pair("state", attempt.state())
            .append_pair("nonce", &attempt.nonce)
            .append_pair("code_challenge", &attempt.challenge())
            .append_pair("code_challenge_method", "S256");
        let cookie = attempt.seal(&self.attempt_key().await?).map_err(Failure::from)?;
        Ok(BegunSignIn { url: url.into(), cookie })
    }

    /// Finds out who somebody is who comes back from a provider, and whether they may sign in. Nothing is changed.
    ///
    /// # Errors
    /// [`OidcRefused`]; why is logged.
    pub async fn identify(
        &self,
        provider: &str,
        answer: OidcAnswer<'_>,
        browser: &Browser,
        now: Timestamp,
    ) -> Result<Identified, OidcRefused> {
        self.attempts.check_address(browser.shared)?;
        let (oidc, provider) = self.provider(provider)?;
        let identified = self.identified(oidc, provider, answer, now).await;
        self.note(provider, browser, identified.as_ref().err());
        identified
    }

    fn provider(&self, id: &str) -> Result<(&Oidc, &Provider), OidcRefused> {
        let found = self.ways.oidc.as_ref().and_then(|oidc| Some((oidc, oidc.provider(id)?)));
        found.ok_or(OidcRefused::NoProvider)
    }

    async fn identified(
        &self,
        oidc: &Oidc,
        provider: &Provider,
        answer: OidcAnswer<'_>,
        now: Timestamp,
    ) -> Result<Identified, OidcRefused> {
        let key = self.attempt_key().await?;
        let attempt = answer.cookie.and_then(|sealed| Attempt::open(&key, sealed));
        let settings = &provider.settings;
        let is_ours = |attempt: &Attempt| attempt.provider == *settings.id && !attempt.is_over(now);
        let attempt = attempt.filter(is_ours).ok_or(OidcReason::NoAttempt)?;
        if !answer.state.is_some_and(|state| attempt.has_state(state)) {
            return Err(OidcReason::State.into());
        }
        let _turn = provider.turns.try_acquire().map_err(|_| OidcRefused::Busy)?;
        let claims = claims(oidc, provider, &attempt, answer, now).await?;
        let invitation = attempt.invitation.as_deref().map(|text| Token::read(text).ok_or(JoinRefused::Gone));
        let spoken = Spoken { settings, claims: &claims, now };
        let member = spoken.member(&self.store, invitation.transpose()?.as_ref()).await?;
        let (Plan::Enter(person) | Plan::Link(person) | Plan::Create(person) | Plan::Join(_, person)) =
            &member.plan;
        let subject = OidcSubject {
            issuer: Arc::clone(&settings.issuer),
            subject: claims.subject().into(),
            tenant: person.tenant,
            principal: person.id,
            created_at: now,
            used_at: attempt.begun_at(),
        };
        Ok(Identified { member, subject, return_to: attempt.return_to })
    }

    /// Counts a refusal, and says why in the log.
    fn note(&self, provider: &Provider, browser: &Browser, refused: Option<&OidcRefused>) {
        if let Some(OidcRefused::Refused(reason)) = refused {
            self.attempts.failed_address(browser.shared);
            let id = &*provider.settings.id;
            tracing::info!(provider.id = id, reason = %reason, "a provider did not sign somebody in");
        }
    }

    /// Lets somebody in who was identified: stores what is new of them, and signs them in.
    ///
    /// # Errors
    /// [`OidcRefused`]; something has changed since.
    pub async fn let_in(
        &self,
        identified: Identified,
        browser: &Browser,
        now: Timestamp,
    ) -> Result<SignedIn, OidcRefused> {
        let Identified { member: Member { plan, role }, subject, .. } = identified;
        let person = self.stored(plan, subject).await?;
        let person = match role.filter(|role| *role != person.role) {
            Some(role) => self.with_role(person, role, now).await?,
            None => person,
        };
        self.begin(person, browser, now).await.map_err(|refused| match refused {
            SignInRefused::Failed(failure) => failure.into(),
            SignInRefused::Wrong
            | SignInRefused::PasswordsOff
            | SignInRefused::TooMany(_)
            | SignInRefused::Unfit(_)
            | SignInRefused::Busy => OidcReason::Disabled.into(),
        })
    }

    /// Stores who somebody is at the provider.
    async fn stored(&self, plan: Plan, subject: OidcSubject) -> Result<PrincipalRecord, OidcRefused> {
        let (person, is_done, otherwise) = match plan {
            Plan::Enter(person) => {
                let OidcSubject { issuer, subject, used_at, .. } = subject;
                (person, self.store.use_oidc_subject(issuer, subject, used_at).await?, OidcReason::Used)
            }
            Plan::Link(person) => {
                (person, self.store.create_oidc_subject(subject).await?, OidcReason::OtherSubject)
            }
            Plan::Create(person) => {
                // Of two attempts at the same time, one makes the member.
                let is_new = self.store.create_principal(person.clone()).await?;
                let is_done = is_new && self.store.create_oidc_subject(subject).await?;
                (person, is_done, OidcReason::Used)
            }
            Plan::Join(invitation, person) => {
                let now = person.created_at;
                let accepted =
                    self.store.accept_invitation(invitation.hash, person, Some(subject), now).await?;
                return match accepted {
                    InvitationAccepted::Done(person) => {
                        self.authenticator.forget(Forgotten::Of(person.id));
                        Ok(*person)
                    }
                    InvitationAccepted::Gone => Err(JoinRefused::Gone.into()),
                    InvitationAccepted::Taken => Err(JoinRefused::Taken.into()),
                };
            }
        };
        if is_done { Ok(person) } else { Err(otherwise.into()) }
    }

    /// Gives somebody the role of their groups. Their other sign-ins end. The last admin stays one.
    async fn with_role(
        &self,
        person: PrincipalRecord,
        role: Role,
        now: Timestamp,
    ) -> Result<PrincipalRecord, OidcRefused> {
        let change = PrincipalChange { role: Some(role), at: now, ..PrincipalChange::default() };
        match self.change(person.tenant, person.id, change).await? {
            PrincipalChanged::Done(changed) => Ok(*changed),
            PrincipalChanged::LastAdmin => {
                tracing::warn!(principal.id = %person.id, "the last admin keeps their role, although their groups say otherwise");
                Ok(person)
            }
            PrincipalChanged::Missing | PrincipalChanged::NameTaken => Err(OidcReason::NotAMember.into()),
        }
    }

    /// Returns the key that attempts are sealed with, which all processes of a database share.
    async fn attempt_key(&self) -> Result<Key, Failure> {
        Ok(Key::new(Zeroizing::new(*stored_key(&self.store, PURPOSE).await?.bytes())))
    }
}

/// Returns what the provider says of who has come back.
async fn claims(
    oidc: &Oidc,
    provider: &Provider,
    attempt: &Attempt,
    answer: OidcAnswer<'_>,
    now: Timestamp,
) -> Result<Claims, NotSaid> {
    let (settings, http) = (&provider.settings, &*oidc.http);
    let described = provider.described(http).await?;
    // Another provider may have sent the browser here (RFC 9207).
    let names_issuer = described.names_issuer || answer.issuer.is_some();
    if names_issuer && answer.issuer != Some(&*settings.issuer) {
        return Err(OidcReason::Issuer.into());
    }
    if let Some(error) = answer.error {
        tracing::info!(
            provider.id = &*settings.id,
            error = shown(error),
            "a provider has refused to sign somebody in"
        );
        return Err(OidcReason::Provider.into());
    }
    let code = answer.code.ok_or(OidcReason::Code)?;
    let redirect_uri = oidc.redirect_uri(provider);
    let code = Code { code, verifier: &attempt.verifier, redirect_uri: &redirect_uri };
    let Tokens { id_token, access_token } = provider.tokens(http, &described, code).await?;
    let token = Unchecked::read(&id_token)?;
    let keys = provider.keys(http, &described.jwks, &token).await?;
    let access_token = access_token.as_deref().map(String::as_str);
    let expected = Expected {
        issuer: &settings.issuer,
        client_id: &settings.client_id,
        nonce: &attempt.nonce,
        access_token,
        begun_at: attempt.begun_at(),
        now,
    };
    let mut claims = token.check(&keys, expected)?;
    let lacks_groups = !settings.groups.is_empty() && !claims.has(&settings.groups_claim);
    if let (true, Some(url), Some(token)) =
        (lacks_groups || !claims.has("email"), &described.userinfo, access_token)
    {
        claims.add(provider.userinfo(http, url, token).await?)?;
    }
    Ok(claims)
}

/// Returns a path with its query, if it is one of this server: nothing that a browser reads as the address of another one.
fn own_path(text: &str) -> Option<&str> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let is_ours = text.starts_with('/') && !text.starts_with("//");
    (is_plain && is_ours && text.len() <= RETURN_TO_BYTES_MAX).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn afterwards_somebody_is_sent_to_a_page_of_ours() {
        for ours in ["/", "/flows", "/executions/7?tab=journal&q=%2F%2Fevil", "/a//b"] {
            assert_eq!(own_path(ours), Some(ours));
        }
        for other in [
            "",
            "flows",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "/\t/evil.example",
            "/ä",
            " /flows",
        ] {
            assert_eq!(own_path(other), None, "{other:?}");
        }
        assert_eq!(own_path(&format!("/{}", "a".repeat(RETURN_TO_BYTES_MAX))), None);
    }
}
