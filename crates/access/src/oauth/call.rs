//! The call of a token endpoint, and what a failed one means for who needs a token.

use std::time::Duration;

use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_nodes::{GuardedAnswer, GuardedCall, GuardedClient};
use url::Url;

use super::answer::{Fault, Obtained, read};
use super::request::{Asking, token_request};
use crate::oauth_config::{OauthConfig, OauthGrant};

/// How long a token endpoint may take.
pub(super) const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// Why no token was obtained.
#[derive(Debug)]
pub(super) struct Refusal {
    /// For who needs a token.
    pub(super) failure: Failure,
    /// Whether what was allowed counts no more.
    pub(super) is_revoked: bool,
}

/// Asks the token endpoint of the secret `name`.
pub(super) async fn ask(
    client: &GuardedClient,
    name: &str,
    config: &OauthConfig,
    asking: Asking<'_>,
) -> Result<Obtained, Refusal> {
    let request = token_request(config, asking);
    let Ok(url) = Url::parse(&config.token_url) else {
        let message = format!("The token URL of the secret `{name}` is not a URL. Set the secret again.");
        return Err(Failure::new(ErrorClass::Configuration, message).into());
    };
    let hidden: Vec<&str> = request.hidden.iter().map(String::as_str).collect();
    let call = GuardedCall {
        url: &url,
        authorization: request.authorization.as_deref(),
        hidden: &hidden,
        within: ANSWER_WITHIN,
    };
    let fields: Vec<(&str, &str)> =
        request.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let answer = client.post_form(call, &fields).await.map_err(|failure| {
        let message = format!("No token was obtained for the secret `{name}`: {}", failure.message);
        Refusal::from(Failure { message, ..failure })
    })?;
    read(answer.status, &answer.content_type, &answer.body)
        .map_err(|fault| refusal(name, config, asking, &answer, fault))
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self { failure, is_revoked: false }
    }
}

fn refusal(
    name: &str,
    config: &OauthConfig,
    asking: Asking<'_>,
    answer: &GuardedAnswer,
    fault: Fault,
) -> Refusal {
    let peer = &answer.peer;
    let (code, description) = match fault {
        Fault::Refused { code, description } => (code, description),
        Fault::Later => {
            let class = if answer.status == 429 { ErrorClass::RateLimited } else { ErrorClass::Unavailable };
            let message = format!(
                "No token was obtained for the secret `{name}`: {peer} answered with HTTP {}.",
                answer.status
            );
            let retry_after = answer.retry_after;
            return Failure { retry_after, ..Failure::new(class, message) }.into();
        }
        Fault::Unreadable(what) => {
            let message = format!(
                "No token was obtained for the secret `{name}`: {peer} {what}. Correct the token URL of the secret, if that is \
                 not the one of the provider."
            );
            return Failure::new(ErrorClass::Configuration, message).into();
        }
    };
    let code = answer.shown(&code);
    let said = description.map(|said| answer.shown(&said)).filter(|said| !said.is_empty());
    let said = said.map(|said| format!(": {}", said.trim_end_matches('.'))).unwrap_or_default();
    let is_revoked = matches!(asking, Asking::Refresh(_)) && is_about_grant(&code);
    let advice = if is_revoked {
        "What somebody has allowed counts no more. Let an administrator connect the secret again"
    } else {
        advice(&code, config.grant)
    };
    let message = format!(
        "No token was obtained for the secret `{name}`: {peer} refused it with `{code}`{said}. {advice}."
    );
    Refusal { failure: Failure::new(ErrorClass::Configuration, message), is_revoked }
}

/// Returns whether an error says that a refresh token counts no more: by RFC 6749, and as GitHub and Slack say it.
fn is_about_grant(code: &str) -> bool {
    matches!(
        code,
        "invalid_grant"
            | "bad_refresh_token"
            | "invalid_refresh_token"
            | "token_revoked"
            | "token_expired"
            | "account_inactive"
    )
}

/// Returns what to do about an error (RFC 6749, 5.2; RFC 8707, 2).
fn advice(code: &str, grant: OauthGrant) -> &'static str {
    match code {
        "invalid_client" | "incorrect_client_credentials" | "invalid_client_id" | "bad_client_secret" => {
            "Correct the client ID, the client secret or `client_auth` of the secret"
        }
        "unauthorized_client" | "unsupported_grant_type" => {
            "Allow this client the grant at the provider, or use another grant"
        }
        "invalid_scope" => "Correct the scopes of the secret",
        "invalid_target" => "Correct `audience` or `resource` of the secret",
        "redirect_uri_mismatch" => "Register the redirect URI of this server at the provider",
        "invalid_grant" | "bad_verification_code" if grant == OauthGrant::AuthorizationCode => {
            "Connect the secret again"
        }
        _ => "Correct the configuration of the secret, or that of the client at the provider",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_says_what_to_do() {
        for (code, said) in [
            ("invalid_client", "client ID"),
            ("unauthorized_client", "Allow this client"),
            ("unsupported_grant_type", "Allow this client"),
            ("invalid_scope", "scopes"),
            ("invalid_target", "`audience`"),
            ("invalid_request", "configuration"),
            ("anything", "configuration"),
        ] {
            assert!(advice(code, OauthGrant::ClientCredentials).contains(said), "{code}");
        }
        assert!(advice("invalid_grant", OauthGrant::AuthorizationCode).contains("Connect"));
        assert!(is_about_grant("invalid_grant") && !is_about_grant("invalid_client"));
    }
}
