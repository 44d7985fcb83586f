//! What endpoints about people have in common.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use axum::response::Response;
use steadflow_access::{
    Failure, Grantor, InviteRefused, JoinRefused, OidcRefused, PASSKEYS_MAX, PasskeyRefused, SIGN_IN_TTL,
    SignInRefused, SignedIn, TooMuch, normal_name,
};
use steadflow_core::access::{MayStart, Permission, Place, Principal, decide};
use steadflow_core::caller::{Caller, Role};
use steadflow_core::flow::Fault;
use steadflow_core::folder::Folder;
use steadflow_runtime::RuntimeError;

use crate::app::App;
use crate::cookie::Cookie;
use crate::problem::{Problem, ProblemKind};
use crate::whole_seconds::whole_seconds;

/// How long a browser keeps what says that somebody has signed in with it, in seconds: a year.
const KNOWN_SECONDS: u64 = 365 * 24 * 3_600;

/// The person or key of a request; `None` where nobody has to sign in.
#[derive(Debug)]
pub(crate) struct RequestPrincipal(pub(crate) Option<Arc<Principal>>);

impl RequestPrincipal {
    /// Returns who asks.
    ///
    /// # Errors
    /// [`ProblemKind::NoAccounts`] where nobody has to sign in.
    pub(crate) fn principal(&self) -> Result<&Principal, Problem> {
        self.0.as_deref().ok_or_else(Problem::no_accounts)
    }

    /// Returns the flows that they may start by what they save.
    pub(crate) fn may_start(&self) -> MayStart {
        MayStart::of(self.0.clone())
    }

    /// Refuses to put a flow where they may not edit any.
    pub(crate) fn may_edit(&self, folder: Option<&Folder>) -> Result<(), Problem> {
        let Some(principal) = &self.0 else { return Ok(()) };
        let place = Place::Flow(folder);
        if decide(&principal.caller, &principal.grants, Permission::EditFlows, place).is_ok() {
            return Ok(());
        }
        let where_to =
            folder.map_or_else(|| "at the top".to_owned(), |folder| format!("in the folder {folder}"));
        let message = format!("you may not edit flows {where_to}: name a folder where you are an editor");
        let fault = Fault { pointer: "/folder".into(), message };
        let detail = format!("You may not edit flows {where_to}. Name a folder where you are an editor.");
        Err(Problem::new(ProblemKind::NotAllowed, detail).with_errors(vec![fault]))
    }

    /// Returns whether they may look at what is in a folder.
    pub(crate) fn may_see(&self, folder: Option<&Folder>) -> bool {
        self.0.as_ref().is_none_or(|principal| {
            let place = Place::Flow(folder);
            decide(&principal.caller, &principal.grants, Permission::ViewCatalogue, place).is_ok()
        })
    }

    /// Returns what they may give away.
    pub(crate) fn grantor<'a>(&'a self, caller: &'a Caller) -> Grantor<'a> {
        Grantor::new(caller, self.0.as_deref())
    }
}

impl FromRequestParts<App> for RequestPrincipal {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Infallible> {
        Ok(Self(parts.extensions.get().cloned()))
    }
}

/// Adds the cookies of somebody who has signed in.
pub(crate) fn with_sign_in(app: &App, mut response: Response, signed_in: &SignedIn) -> Response {
    let is_secure = app.is_secure();
    let token = Cookie::SignIn.set(&signed_in.token.text(), SIGN_IN_TTL.as_secs(), is_secure);
    let known = Cookie::Known.set(&signed_in.known, KNOWN_SECONDS, is_secure);
    response.headers_mut().append(header::SET_COOKIE, token);
    response.headers_mut().append(header::SET_COOKIE, known);
    response
}

/// Removes the cookie of a sign-in. That somebody has signed in before stays.
pub(crate) fn without_sign_in(app: &App, mut response: Response) -> Response {
    response.headers_mut().append(header::SET_COOKIE, Cookie::SignIn.set("", 0, app.is_secure()));
    response
}

/// Reads the name of somebody.
pub(crate) fn name_of_body(text: &str) -> Result<Arc<str>, Problem> {
    normal_name(text).ok_or_else(|| {
        Problem::of_body("/name", "`name` must be one line of 1 to 100 characters that can be seen.")
    })
}

/// Reads a role.
pub(crate) fn role_of_body(text: &str) -> Result<Role, Problem> {
    text.parse().map_err(|_| {
        Problem::of_body("/role", "`role` must be `none`, `viewer`, `operator`, `editor` or `admin`.")
    })
}

impl From<SignInRefused> for Problem {
    fn from(refused: SignInRefused) -> Self {
        match refused {
            SignInRefused::Wrong => Self::new(
                ProblemKind::WrongCredentials,
                "The e-mail address or the password is wrong. If you have forgotten the password, ask an admin for a link to set a \
                 new one.",
            ),
            SignInRefused::PasswordsOff => Self::new(
                ProblemKind::PasswordsOff,
                "Nobody signs in at this server with a password. Sign in at one of its providers.",
            ),
            SignInRefused::TooMany(wait) => too_many(wait),
            SignInRefused::Unfit(unfit) => Self::new(ProblemKind::PasswordUnfit, unfit.to_string()),
            SignInRefused::Busy => Self::busy(),
            SignInRefused::Failed(failure) => failure.into(),
        }
    }
}

fn too_many(wait: Duration) -> Problem {
    let seconds = whole_seconds(wait);
    let detail = format!(
        "There were too many wrong passwords, so the next attempt has to wait {seconds} seconds. Other addresses, and browsers that \
         have signed in before, do not wait."
    );
    Problem::new(ProblemKind::TooManyAttempts, detail).after(seconds)
}

impl From<OidcRefused> for Problem {
    fn from(refused: OidcRefused) -> Self {
        match refused {
            OidcRefused::NoProvider => Self::new(
                ProblemKind::NoSuchProvider,
                "Nobody signs in at this server at a provider of that name.",
            ),
            OidcRefused::Refused(_) => Self::new(
                ProblemKind::SignInRefused,
                "You were not signed in. Try it again from the beginning. If that does not help, ask an admin: the log of the \
                 server says why.",
            ),
            OidcRefused::TooMany(wait) => {
                let seconds = whole_seconds(wait);
                let detail = format!(
                    "Too many sign-ins from your address were refused, so the next one has to wait {seconds} seconds."
                );
                Self::new(ProblemKind::TooManyAttempts, detail).after(seconds)
            }
            OidcRefused::Busy => Self::busy(),
            OidcRefused::Unavailable(label) => {
                let detail = format!(
                    "{label} does not answer, or not as it must, so nobody can sign in with it now. Try again in a minute. The log \
                     of the server says what is wrong."
                );
                Self::new(ProblemKind::ProviderUnavailable, detail)
            }
            OidcRefused::Join(refused) => refused.into(),
            OidcRefused::Failed(failure) => failure.into(),
        }
    }
}

impl From<PasskeyRefused> for Problem {
    fn from(refused: PasskeyRefused) -> Self {
        match refused {
            PasskeyRefused::NoSite => Self::new(
                ProblemKind::NoPasskeys,
                "Browsers have passkeys for names with TLS, and for `localhost`. Start the server with `--public-url`, such as \
                 `https://flows.example.org`, and open that.",
            ),
            PasskeyRefused::Refused(_) => Self::new(
                ProblemKind::SignInRefused,
                "The passkey was not accepted. Try it again, or sign in another way. The log of the server says why.",
            ),
            PasskeyRefused::TooMany(wait) => OidcRefused::TooMany(wait).into(),
            PasskeyRefused::NotRecent(SignInRefused::Wrong | SignInRefused::PasswordsOff) => Self::new(
                ProblemKind::SignInNotRecent,
                "You have signed in more than 10 minutes ago. Give your password, or sign out and in again.",
            ),
            PasskeyRefused::NotRecent(refused) => refused.into(),
            PasskeyRefused::Name => {
                Self::of_body("/name", "`name` must be one line of 1 to 100 characters that can be seen.")
            }
            PasskeyRefused::Full => {
                let detail = format!(
                    "You have {PASSKEYS_MAX} passkeys, which is as many as there can be. Delete one first."
                );
                Self::new(ProblemKind::TooManyPasskeys, detail)
            }
            PasskeyRefused::Failed(failure) => failure.into(),
        }
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::NoRandom(_) => {
                let detail = "Something went wrong inside the server; its log says what.";
                Self::new(ProblemKind::Internal, detail).caused_by(failure.to_string())
            }
            Failure::Store(error) => RuntimeError::from(error).into(),
        }
    }
}

impl From<TooMuch> for Problem {
    fn from(refused: TooMuch) -> Self {
        let detail = refused.to_string();
        let message = detail.trim_end_matches('.').to_owned();
        let fault = Fault { pointer: refused.pointer, message };
        Self::new(ProblemKind::NotAllowed, detail).with_errors(vec![fault])
    }
}

impl From<InviteRefused> for Problem {
    fn from(refused: InviteRefused) -> Self {
        match refused {
            InviteRefused::MoreThanOwn(refused) => refused.into(),
            InviteRefused::Failed(failure) => failure.into(),
        }
    }
}

impl From<JoinRefused> for Problem {
    fn from(refused: JoinRefused) -> Self {
        match refused {
            JoinRefused::Gone => Self::no_such_invitation(),
            JoinRefused::Taken => Self::new(
                ProblemKind::MemberExists,
                "Somebody with this e-mail address has an account already. Sign in, or ask an admin for a link to set a new \
                 password.",
            ),
            JoinRefused::OtherAddress => {
                Self::of_body("/email", "The invitation was made for another e-mail address.")
            }
            JoinRefused::Password(refused) => refused.into(),
        }
    }
}

impl Problem {
    /// Returns the problem of a link to join with that has expired, was used, or was never made. It does not say which of these.
    pub(crate) fn no_such_invitation() -> Self {
        Self::new(
            ProblemKind::NoSuchInvitation,
            "This link is not valid: it was used or withdrawn, or has expired. Ask the person who sent it for a new one.",
        )
    }

    /// Returns the problem of what needs accounts where there are none.
    pub(crate) fn no_accounts() -> Self {
        Self::new(
            ProblemKind::NoAccounts,
            "Nobody signs in at this server, so it has no accounts. Start it with `--auth on` to have some.",
        )
    }
}
