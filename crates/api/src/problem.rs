//! Everything that can go wrong, as RFC 9457 problems: the one place where a failure becomes a status.
//!
//! `type` is a stable address on the page `docs/reference/problems.md`, which has a section for each kind. `detail` is
//! a sentence for the client; the cause of a 5xx goes to the log.

mod body;
mod from_failure;
mod from_runtime;

use std::borrow::Cow;
use std::num::NonZeroU32;
use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use steadflow_core::flow::{Fault, Faults};
use steadflow_core::limits::FAULT_CHARS_MAX;
use steadflow_store::Revision;

use crate::reply;
use crate::views::execution_error::ErrorView;
use crate::views::usage::UsageView;
use crate::views::verdict::VerdictView;

use self::body::CurrentView;
pub(crate) use self::body::ProblemBody;

macro_rules! problem_kinds {
    ($($(#[$doc:meta])* $variant:ident = $status:ident, $slug:literal, $title:literal;)*) => {
        /// A kind of problem. Slugs are stable: clients may branch on them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum ProblemKind {
            $($(#[$doc])* $variant,)*
        }

        impl ProblemKind {
            /// All kinds, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Returns the status that it is answered with.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status),* }
            }

            /// Returns its name in `type`.
            pub const fn slug(self) -> &'static str {
                match self { $(Self::$variant => $slug),* }
            }

            /// Returns its `title`.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),* }
            }
        }
    };
}

problem_kinds! {
    /// The body is no JSON, too deep, or says one thing twice.
    InvalidJson = BAD_REQUEST, "invalid-json", "The body is not usable JSON";
    /// The body is JSON of another shape.
    InvalidBody = BAD_REQUEST, "invalid-body", "The body does not have the expected shape";
    /// A parameter of path, query or header cannot be read.
    InvalidParameter = BAD_REQUEST, "invalid-parameter", "A parameter is not valid";
    /// Only failed and cancelled executions are retried.
    NotRetryable = BAD_REQUEST, "not-retryable", "The execution cannot be retried";
    /// There is nobody with the address, or the password is another one.
    WrongCredentials = UNAUTHORIZED, "wrong-credentials", "The e-mail address or the password is wrong";
    /// A provider was asked who somebody is, and they may not sign in, or its answer proves nothing.
    SignInRefused = UNAUTHORIZED, "sign-in-refused", "You were not signed in";
    /// The call of a webhook is not what its sender signed.
    WebhookRefused = UNAUTHORIZED, "webhook-refused", "The call of the webhook is not accepted";
    /// The request shows nothing that stands for somebody.
    NotSignedIn = UNAUTHORIZED, "not-signed-in", "You are not signed in";
    /// The request came from a page of another site.
    ForeignOrigin = FORBIDDEN, "foreign-origin", "Requests from other sites are refused";
    /// The role of the caller does not allow it, or what their key is limited to.
    NotAllowed = FORBIDDEN, "not-allowed", "You are not allowed to do this";
    /// The tenant is disabled.
    TenantDisabled = FORBIDDEN, "tenant-disabled", "The tenant is disabled";
    /// There is nothing at this address.
    NoSuchRoute = NOT_FOUND, "no-such-route", "There is nothing at this address";
    /// There is no such flow or version.
    NoSuchFlow = NOT_FOUND, "no-such-flow", "There is no such flow";
    /// There is no such execution.
    NoSuchExecution = NOT_FOUND, "no-such-execution", "There is no such execution";
    /// The execution, or the flow that was sent, has no such node.
    NoSuchNode = NOT_FOUND, "no-such-node", "There is no such node";
    /// The execution or the node has no value of this kind, or not yet.
    NoSuchValue = NOT_FOUND, "no-such-value", "There is no such value";
    /// There is no such approval.
    NoSuchApproval = NOT_FOUND, "no-such-approval", "There is no such approval";
    /// The link is none that was made here, or what it was made for is not there any more.
    NoSuchLink = NOT_FOUND, "no-such-link", "The link is not valid";
    /// No flow that is active or paused has a webhook at this path.
    NoSuchWebhook = NOT_FOUND, "no-such-webhook", "There is no such webhook";
    /// There is no such agent, or it has no such skill.
    NoSuchAgent = NOT_FOUND, "no-such-agent", "There is no such agent";
    /// There is no such alert.
    NoSuchAlert = NOT_FOUND, "no-such-alert", "There is no such alert";
    /// There is no such stored secret.
    NoSuchSecret = NOT_FOUND, "no-such-secret", "There is no such secret";
    /// There is no such API key.
    NoSuchKey = NOT_FOUND, "no-such-key", "There is no such API key";
    /// The flow has no failures of this group.
    NoSuchFailures = NOT_FOUND, "no-such-failures", "There are no such failures";
    /// There is no view of this name.
    NoSuchView = NOT_FOUND, "no-such-view", "There is no such view";
    /// The agent has no such session.
    NoSuchSession = NOT_FOUND, "no-such-session", "There is no such session";
    /// The tenant has no such person or service account.
    NoSuchMember = NOT_FOUND, "no-such-member", "There is no such member";
    /// The person has no such sign-in.
    NoSuchSignIn = NOT_FOUND, "no-such-sign-in", "There is no such sign-in";
    /// There is no such tenant.
    NoSuchTenant = NOT_FOUND, "no-such-tenant", "There is no such tenant";
    /// There is no such invitation, or it is over.
    NoSuchInvitation = NOT_FOUND, "no-such-invitation", "There is no such invitation";
    /// Nobody signs in at such a provider.
    NoSuchProvider = NOT_FOUND, "no-such-provider", "There is no such provider";
    /// The person has no such passkey.
    NoSuchPasskey = NOT_FOUND, "no-such-passkey", "There is no such passkey";
    /// The address does not take this method.
    MethodNotAllowed = METHOD_NOT_ALLOWED, "method-not-allowed", "The address does not take this method";
    /// The body did not arrive in time.
    BodyTooSlow = REQUEST_TIMEOUT, "body-too-slow", "The body did not arrive in time";
    /// The flow's status does not allow a start.
    FlowNotStartable = CONFLICT, "flow-not-startable", "The flow cannot be started";
    /// Another active flow has the path of the webhook.
    WebhookTaken = CONFLICT, "webhook-taken", "Another flow has the path of the webhook";
    /// The tenant has as many alerts as it may have.
    TooManyAlerts = CONFLICT, "too-many-alerts", "There are too many alerts";
    /// The tenant has as many secrets as it may have.
    TooManySecrets = CONFLICT, "too-many-secrets", "There are too many secrets";
    /// The secret is no OAuth2 secret that a person connects, or too many were begun.
    NothingToConnect = CONFLICT, "nothing-to-connect", "The secret cannot be connected";
    /// Secrets cannot be encrypted, or what is stored was encrypted with another master key.
    NoMasterKey = CONFLICT, "no-master-key", "The server does not have the master key";
    /// The account has as many API keys as it may have.
    TooManyKeys = CONFLICT, "too-many-keys", "There are too many API keys";
    /// Nobody has to sign in, so there are no accounts.
    NoAccounts = CONFLICT, "no-accounts", "The server has no accounts";
    /// Nobody signs in with a password.
    PasswordsOff = CONFLICT, "passwords-off", "Passwords are not used here";
    /// Browsers have no passkeys for the address of the server.
    NoPasskeys = CONFLICT, "no-passkeys", "There are no passkeys at this address";
    /// The person has as many passkeys as they may have.
    TooManyPasskeys = CONFLICT, "too-many-passkeys", "There are too many passkeys";
    /// Something needs a sign-in that is recent, or the password.
    SignInNotRecent = CONFLICT, "sign-in-not-recent", "The sign-in is not recent";
    /// Somebody has the address or the name already.
    MemberExists = CONFLICT, "member-exists", "There is such a member already";
    /// There would be no admin any more.
    LastAdmin = CONFLICT, "last-admin", "The last admin cannot be changed like this";
    /// The tenant has as many open invitations as it may have.
    TooManyInvitations = CONFLICT, "too-many-invitations", "There are too many open invitations";
    /// Another tenant has the name.
    TenantExists = CONFLICT, "tenant-exists", "There is a tenant of this name";
    /// There are as many tenants as there may be.
    TooManyTenants = CONFLICT, "too-many-tenants", "There are too many tenants";
    /// The tenant is in use, is being deleted, or is the one that is always there.
    TenantState = CONFLICT, "tenant-state", "The state of the tenant does not allow it";
    /// The execution has ended.
    ExecutionFinished = CONFLICT, "execution-finished", "The execution has ended";
    /// The execution's status does not allow it.
    WrongStatus = CONFLICT, "wrong-status", "The status does not allow this";
    /// There are as many views, or as much is noted about failures, as there may be.
    TooManyNotes = CONFLICT, "too-many-notes", "Too much is noted";
    /// Somebody has paused everything of the tenant.
    EverythingPaused = CONFLICT, "everything-paused", "Everything is paused";
    /// Nothing is paused.
    NothingPaused = CONFLICT, "nothing-paused", "Nothing is paused";
    /// The node waits for nothing of the kind.
    NotWaiting = CONFLICT, "not-waiting", "The node is not waiting for this";
    /// The call was approved or rejected before.
    AlreadyDecided = CONFLICT, "already-decided", "The call was decided on before";
    /// The decision is on other arguments than those of the call.
    OtherArguments = CONFLICT, "other-arguments", "The call has other arguments";
    /// An execution has the session.
    SessionBusy = CONFLICT, "session-busy", "An execution has the session";
    /// Another turn is the last one of the session.
    NotLastTurn = CONFLICT, "not-last-turn", "The turn is not the last one";
    /// Another draft is current.
    DraftConflict = CONFLICT, "draft-conflict", "The draft was changed meanwhile";
    /// The link to decide with is over.
    LinkExpired = GONE, "link-expired", "The link has expired";
    /// What the change was made to is no longer current.
    VersionConflict = PRECONDITION_FAILED, "version-conflict", "Another version is current";
    /// The body is larger than allowed.
    BodyTooLarge = PAYLOAD_TOO_LARGE, "body-too-large", "The body is too large";
    /// The body is not declared as JSON or, of a webhook, as something else that it takes.
    UnsupportedMediaType = UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "The body has another media type";
    /// The request names a host that this server is not.
    WrongHost = MISDIRECTED_REQUEST, "wrong-host", "This server does not go by that name";
    /// The flow document has faults.
    FlowInvalid = UNPROCESSABLE_ENTITY, "flow-invalid", "The flow document is not valid";
    /// The agent document has faults.
    AgentInvalid = UNPROCESSABLE_ENTITY, "agent-invalid", "The agent document is not valid";
    /// The alert has faults.
    AlertInvalid = UNPROCESSABLE_ENTITY, "alert-invalid", "The alert is not valid";
    /// No API key can be made like this.
    KeyUnfit = UNPROCESSABLE_ENTITY, "key-unfit", "No API key can be made like this";
    /// The execution cannot be forked like this.
    NotForkable = UNPROCESSABLE_ENTITY, "not-forkable", "The execution cannot be forked like this";
    /// An output cannot be edited for a retry.
    OutputNotEditable = UNPROCESSABLE_ENTITY, "output-not-editable", "An output cannot be edited";
    /// The idempotency key was used for another request.
    KeyReused = UNPROCESSABLE_ENTITY, "idempotency-key-reused", "The idempotency key was used for another request";
    /// `context_id_template` has no value for this trigger data.
    ContextId = UNPROCESSABLE_ENTITY, "context-id", "The context id cannot be made";
    /// The trigger data does not fit the form of the flow.
    TriggerDataUnfit = UNPROCESSABLE_ENTITY, "trigger-data", "The trigger data does not fit the form of the flow";
    /// `concurrency_key` or `priority` has no value for this trigger data.
    QueuePlace = UNPROCESSABLE_ENTITY, "queue-place", "The place in the queue cannot be found out";
    /// A value that would have to be put together is too large.
    ValueTooLarge = UNPROCESSABLE_ENTITY, "value-too-large", "The value is too large";
    /// The service behind a skill rejected the request, or the input does not fit.
    SkillRejected = UNPROCESSABLE_ENTITY, "skill-rejected", "The skill rejected the request";
    /// The password is too short, too long, or known to everybody.
    PasswordUnfit = UNPROCESSABLE_ENTITY, "password-unfit", "The password cannot be set";
    /// Too many calls of the webhook were refused.
    WebhookLimited = TOO_MANY_REQUESTS, "webhook-limited", "Too many calls of the webhook were refused";
    /// Too many credentials of the address stood for nothing.
    TooManyAttempts = TOO_MANY_REQUESTS, "too-many-attempts", "Too many credentials were not valid";
    /// A credential or an address asks more often than it may.
    TooManyRequests = TOO_MANY_REQUESTS, "too-many-requests", "There were too many requests";
    /// The tenant has as many executions that have not ended as it may have.
    QuotaExecutions = TOO_MANY_REQUESTS, "quota-executions", "The tenant has too many executions at once";
    /// The tenant has started as many executions within a minute as it may.
    QuotaStarts = TOO_MANY_REQUESTS, "quota-starts", "The tenant starts too many executions";
    /// The models of the tenant have used what they may in a day.
    QuotaSpend = TOO_MANY_REQUESTS, "quota-spend", "The tenant has used up its budget of the day";
    /// The service behind a skill limits its rate.
    SkillRateLimited = TOO_MANY_REQUESTS, "skill-rate-limited", "The service behind the skill limits its rate";
    /// A fault of ours.
    Internal = INTERNAL_SERVER_ERROR, "internal", "Something went wrong inside the server";
    /// What is stored of it cannot be read.
    Damaged = INTERNAL_SERVER_ERROR, "damaged", "What is stored cannot be read";
    /// The service behind a skill failed, or its response cannot be used.
    SkillFailed = BAD_GATEWAY, "skill-failed", "The service behind the skill failed";
    /// The provider at which people sign in does not answer, or not as it must.
    ProviderUnavailable = BAD_GATEWAY, "provider-unavailable", "Nobody can sign in at the provider now";
    /// The server is starting, stopping, or lost its database.
    Unavailable = SERVICE_UNAVAILABLE, "unavailable", "The server is not available";
    /// The flow of the webhook is paused.
    WebhookPaused = SERVICE_UNAVAILABLE, "webhook-paused", "The flow of the webhook is paused";
    /// The service behind a skill did not respond in time.
    SkillTimedOut = GATEWAY_TIMEOUT, "skill-timed-out", "The service behind the skill did not respond in time";
    /// The database has no room.
    StorageFull = INSUFFICIENT_STORAGE, "storage-full", "The database has no room left";
    /// The tenant has stored as much as it may.
    QuotaStorage = INSUFFICIENT_STORAGE, "quota-storage", "The tenant has stored as much as it may";
}

/// Kinds after which a request may be repeated, and in how many seconds.
const RETRY_AFTER: [(ProblemKind, u64); 4] = [
    (ProblemKind::Unavailable, 1),
    (ProblemKind::WebhookPaused, 60),
    (ProblemKind::WebhookLimited, 60),
    (ProblemKind::TooManyAttempts, 60),
];

/// Characters of a `detail`: enough for a fault with its place.
const DETAIL_CHARS_MAX: usize = 2 * FAULT_CHARS_MAX;

/// A failure, ready to be answered.
#[derive(Debug)]
pub struct Problem {
    kind: ProblemKind,
    detail: Cow<'static, str>,
    errors: Vec<Fault>,
    current: Option<Revision>,
    failed: Option<Box<Failed>>,
    /// How many seconds to wait before the next attempt.
    wait: Option<NonZeroU32>,
    cause: Option<String>,
}

/// What came of a call that failed.
#[derive(Debug)]
struct Failed {
    error: ErrorView,
    usage: UsageView,
    /// What judges said.
    verdicts: Vec<VerdictView>,
    /// How long the service asks to wait.
    retry_after: Option<Duration>,
}

/// What went wrong inside; travels with a response to the one place that logs it.
#[derive(Clone, Debug)]
pub(crate) struct Cause(pub(crate) String);

impl Problem {
    /// Returns a problem. `detail` is a sentence that says what happened and what to do. It may repeat what was sent, so
    /// only so much of it is kept.
    pub fn new(kind: ProblemKind, detail: impl Into<Cow<'static, str>>) -> Self {
        let detail = shortened(detail.into());
        Self { kind, detail, errors: Vec::new(), current: None, failed: None, wait: None, cause: None }
    }

    /// Returns the problem of a change that was made to another revision than `current`.
    pub(crate) fn version_conflict(current: Revision) -> Self {
        let version = current.version;
        let status = current.status.map(|status| format!(", and the status is {status}")).unwrap_or_default();
        let detail = format!(
            "Somebody else has changed this meanwhile: the current version is {version}{status}. Nothing was changed. \
             Read it again, and repeat the change if you still want it."
        );
        Self { current: Some(current), ..Self::new(ProblemKind::VersionConflict, detail) }
    }

    /// Returns the problem of a request that did not get its turn in time.
    pub(crate) fn busy() -> Self {
        Self::new(
            ProblemKind::Unavailable,
            "The server has so much to do that this request did not get its turn in time, so nothing was done. Try again in \
             a second.",
        )
    }

    /// Returns the problem of one that did not get a further turn in time.
    pub(crate) fn busy_on_its_way() -> Self {
        Self::new(
            ProblemKind::Unavailable,
            "The server has so much to do that this request could not go on in time, so it is not known whether it was done. \
             Try again with the same Idempotency-Key: nothing happens twice.",
        )
    }

    /// Returns what a person reads of it.
    pub(crate) fn into_detail(self) -> String {
        self.detail.into_owned()
    }

    /// Returns the problem of a body that does not fit at `pointer`. `detail` is a sentence.
    pub(crate) fn of_body(pointer: impl Into<String>, detail: impl Into<Cow<'static, str>>) -> Self {
        let detail = detail.into();
        let message = detail.strip_suffix('.').unwrap_or(&detail).to_owned();
        let mut faults = Faults::default();
        faults.add(pointer, message);
        Self::new(ProblemKind::InvalidBody, detail).with_errors(faults.into_all())
    }

    /// Adds what is wrong with a document, place by place.
    #[must_use]
    pub(crate) fn with_errors(self, errors: Vec<Fault>) -> Self {
        Self { errors, ..self }
    }

    /// Says how many seconds to wait before the next attempt.
    #[must_use]
    pub(crate) fn after(self, seconds: NonZeroU32) -> Self {
        Self { wait: Some(seconds), ..self }
    }

    /// Adds what the log is to say.
    #[must_use]
    pub(crate) fn caused_by(self, cause: String) -> Self {
        Self { cause: Some(cause), ..self }
    }

    /// Returns the problem of a flow document with `faults`.
    pub(crate) fn flow_invalid(faults: Vec<Fault>) -> Self {
        Self::of_document(ProblemKind::FlowInvalid, "flow", faults)
    }

    /// Returns the problem of an agent document with `faults`.
    pub(crate) fn alert_invalid(faults: Vec<Fault>) -> Self {
        Self::of_document(ProblemKind::AlertInvalid, "alert", faults)
    }

    pub(crate) fn agent_invalid(faults: Vec<Fault>) -> Self {
        Self::of_document(ProblemKind::AgentInvalid, "agent", faults)
    }

    fn of_document(kind: ProblemKind, what: &str, faults: Vec<Fault>) -> Self {
        let detail = match faults.as_slice() {
            [] => format!("The {what} document is not valid."),
            [only] => format!("The {what} document has a fault at `{}`: {}.", only.pointer, only.message),
            [first, ..] => {
                let count = faults.len();
                format!(
                    "The {what} document has {count} faults. The first, at `{}`: {}.",
                    first.pointer, first.message
                )
            }
        };
        Self::new(kind, detail).with_errors(faults)
    }

    /// Returns what is wrong with a document, place by place.
    pub fn errors(&self) -> &[Fault] {
        &self.errors
    }

    /// Returns in how many seconds the request may be repeated, where that is known.
    fn retry_after(&self) -> Option<u64> {
        let asked = self.failed.as_ref().and_then(|failed| failed.retry_after);
        let rounded_up = |wait: Duration| wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        let of_kind = RETRY_AFTER.iter().find(|(kind, _)| *kind == self.kind).map(|(_, seconds)| *seconds);
        let wait = self.wait.map(|seconds| seconds.get().into());
        asked.map(rounded_up).or(wait).or(of_kind)
    }

    /// Returns its kind.
    pub const fn kind(&self) -> ProblemKind {
        self.kind
    }
}

fn shortened(detail: Cow<'static, str>) -> Cow<'static, str> {
    // Nearly every detail is shorter, which its bytes show.
    let end =
        if detail.len() > DETAIL_CHARS_MAX { detail.char_indices().nth(DETAIL_CHARS_MAX) } else { None };
    match end {
        Some((end, _)) => Cow::Owned(format!("{}…", &detail[..end])),
        None => detail,
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.kind.status();
        let body = ProblemBody {
            kind: format!("/docs/problems#{}", self.kind.slug()),
            title: self.kind.title(),
            status: status.as_u16(),
            detail: &self.detail,
            errors: &self.errors,
            current: self
                .current
                .map(|current| CurrentView { version: current.version, etag: reply::etag(current) }),
            error: self.failed.as_ref().map(|failed| &failed.error),
            usage: self.failed.as_ref().map(|failed| &failed.usage),
            verdicts: self.failed.as_ref().map_or(&[], |failed| &failed.verdicts),
        };
        let bytes = serde_json::to_vec(&body).expect("texts and numbers can be written as JSON");
        let json = HeaderValue::from_static("application/problem+json");
        let mut response = (status, [(header::CONTENT_TYPE, json)], bytes).into_response();
        if let Some(wait) = self.retry_after() {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait));
        }
        if status == StatusCode::UNAUTHORIZED {
            // Which scheme of a webhook it is, senders know.
            let scheme = if self.kind == ProblemKind::WebhookRefused { "Webhook" } else { "Bearer" };
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(scheme));
        }
        if let Some(current) = self.current {
            response = reply::tagged(response, current);
        }
        if let Some(cause) = self.cause {
            response.extensions_mut().insert(Cause(cause));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_section_in_the_reference() {
        let page = include_str!("../../../docs/reference/problems.md");

        for kind in ProblemKind::ALL {
            let heading = format!("\n## {}\n", kind.slug());
            assert!(page.contains(&heading), "`{}` is not explained", kind.slug());
            let status = format!("Status {}", kind.status().as_u16());
            let section = page.split(&heading).nth(1).unwrap_or_default();
            assert!(section.trim_start().starts_with(&status), "`{}` begins with `{status}`", kind.slug());
        }
    }

    #[test]
    fn a_long_detail_is_cut_between_two_characters() {
        let detail = |chars: usize| Problem::new(ProblemKind::InvalidBody, "ü".repeat(chars)).into_detail();

        assert_eq!(detail(DETAIL_CHARS_MAX), "ü".repeat(DETAIL_CHARS_MAX));
        assert_eq!(detail(DETAIL_CHARS_MAX + 1), format!("{}…", "ü".repeat(DETAIL_CHARS_MAX)));
    }
}
