//! Why a provider has not signed somebody in.

use std::sync::Arc;

/// Why a provider has not signed somebody in. It is in the log, and not in the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OidcReason {
    /// The browser has not begun the attempt, or not so recently.
    #[error("no_attempt")]
    NoAttempt,
    /// The answer is one to another attempt.
    #[error("other_state")]
    State,
    /// The answer is that of another provider.
    #[error("other_issuer")]
    Issuer,
    /// The provider has refused it, or the person has.
    #[error("refused_by_provider")]
    Provider,
    /// The code was used, or is none for this attempt.
    #[error("code_refused")]
    Code,
    /// The ID token cannot be read.
    #[error("token_malformed")]
    TokenMalformed,
    /// It is not signed, or in a way that does not count.
    #[error("algorithm_not_accepted")]
    Algorithm,
    /// The provider has no such key.
    #[error("unknown_key")]
    UnknownKey,
    /// The signature is another one.
    #[error("wrong_signature")]
    Signature,
    /// It was made for others.
    #[error("other_audience")]
    Audience,
    /// It is over, or does not hold yet.
    #[error("token_expired")]
    Expired,
    /// It is older than the attempt, or from the future.
    #[error("wrong_time_of_issue")]
    IssuedAt,
    /// It was made for another attempt.
    #[error("other_nonce")]
    Nonce,
    /// The access token beside it is another one.
    #[error("other_access_token")]
    AccessToken,
    /// The userinfo endpoint speaks of somebody else.
    #[error("other_subject_in_userinfo")]
    Subject,
    /// The provider says no address.
    #[error("no_email")]
    NoEmail,
    /// It does not say that the address is the person's.
    #[error("email_not_verified")]
    EmailNotVerified,
    /// The address is of a domain that is not allowed.
    #[error("domain_not_allowed")]
    Domain,
    /// None of the groups of the person has a role.
    #[error("no_group")]
    NoGroup,
    /// The tenant of the settings does not exist.
    #[error("no_such_tenant")]
    NoTenant,
    /// Nobody has the address, and nobody is made a member here.
    #[error("not_a_member")]
    NotAMember,
    /// The member with the address is somebody else at the provider.
    #[error("member_is_another_subject")]
    OtherSubject,
    /// The member is disabled.
    #[error("disabled")]
    Disabled,
    /// The attempt has signed somebody in already.
    #[error("attempt_used")]
    Used,
}

/// Why a provider does not say who somebody is.
#[derive(Debug)]
pub(crate) enum NotSaid {
    /// What came back proves nothing.
    Refused(OidcReason),
    /// It does not answer as it must. What people call it.
    Unavailable(Arc<str>),
}

impl From<OidcReason> for NotSaid {
    fn from(reason: OidcReason) -> Self {
        Self::Refused(reason)
    }
}
