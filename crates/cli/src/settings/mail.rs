//! The mail server, and who sends.

use anyhow::bail;
use axum::http::Uri;
use steadflow_nodes::{MailServer, MailServerError};

use super::SettingsFile;
use crate::args::Mail;

/// Returns where people find the studio, without a slash at the end; `None` if that is where the server listens.
pub(crate) fn public_url(flag: Option<String>, file: &SettingsFile) -> anyhow::Result<Option<String>> {
    let url = flag.or_else(|| file.public_url.clone()).filter(|url| !url.is_empty());
    let Some(url) = url else { return Ok(None) };
    if !url.starts_with("https://") && !url.starts_with("http://") {
        bail!("The setting `public_url` must begin with `https://` or `http://`, not `{url}`.");
    }
    if url.parse::<Uri>().is_err() {
        bail!("The setting `public_url` must be a URL such as `https://flows.example.org`, not `{url}`.");
    }
    Ok(Some(url.trim_end_matches('/').to_owned()))
}

/// Returns the mail server; `None` if no mail is sent.
pub(crate) fn mail_server(flags: Mail, file: &SettingsFile) -> anyhow::Result<Option<MailServer>> {
    let url = flags.smtp_url.or_else(|| file.smtp_url.clone()).filter(|url| !url.is_empty());
    let from = flags.mail_from.or_else(|| file.mail_from.clone()).filter(|from| !from.is_empty());
    let allowed = match flags.mail_from_allow {
        none if none.is_empty() => file.mail_from_allow.clone().unwrap_or_default(),
        allowed => allowed,
    };
    let Some(url) = url else { return Ok(None) };
    let Some(from) = from else {
        bail!(
            "The setting `smtp_url` needs `mail_from`, the sender of mails, such as `Flows <flows@example.com>`."
        );
    };
    let server = MailServer::parse(&url, &from, &allowed).map_err(|error| {
        let setting = match error {
            MailServerError::Url(_) => "smtp_url",
            MailServerError::From(_) => "mail_from",
            MailServerError::Allowed(_) => "mail_from_allow",
        };
        anyhow::Error::from(error).context(format!("The setting `{setting}` is not valid"))
    });
    server.map(Some)
}
