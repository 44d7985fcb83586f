//! The mail server that the operator names, and who may be the sender.

use std::fmt;
use std::net::IpAddr;

use lettre::Address;
use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::TlsParameters;
use percent_encoding::percent_decode_str;
use url::{Host, Url};

use super::message::{ascii, mailbox};

const EXAMPLE: &str = "smtp://user:password@mail.example.com:587";

/// Where mail is handed over, and who sends it. `Debug` hides the password.
#[derive(Clone)]
pub struct MailServer {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) security: Security,
    pub(super) credentials: Option<Credentials>,
    pub(super) from: Mailbox,
    /// Addresses in lower case, and domains that begin with `@`.
    allowed: Vec<String>,
}

/// How the connection is protected.
#[derive(Clone)]
pub(super) enum Security {
    /// TLS from the first byte.
    Tls(TlsParameters),
    /// TLS after `STARTTLS`, without which nothing is sent.
    StartTls(TlsParameters),
    /// None, to this machine alone.
    Plain,
}

/// Why settings name no mail server.
#[derive(Debug, thiserror::Error)]
pub enum MailServerError {
    /// The URL, whose password is not repeated.
    #[error("{0}")]
    Url(String),
    /// The sender.
    #[error("`{0}` is not an address, such as `flows@example.com` or `Flows <flows@example.com>`")]
    From(String),
    /// Who else may be the sender.
    #[error("`{0}` is neither an address nor a domain such as `@example.com`")]
    Allowed(String),
}

impl fmt::Debug for MailServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, from, .. } = self;
        f.debug_struct("MailServer")
            .field("host", host)
            .field("port", port)
            .field("from", &from.to_string())
            .finish_non_exhaustive()
    }
}

impl MailServer {
    /// Reads `smtp://` (with `STARTTLS`) or `smtps://` with host, port, user and password; `from` is the sender of mails that
    /// name none, and `allowed` are further senders: addresses, and domains as `@example.com`.
    ///
    /// # Errors
    /// What is wrong, without the password.
    pub fn parse(url: &str, from: &str, allowed: &[String]) -> Result<Self, MailServerError> {
        let wrong = |what: &str| MailServerError::Url(format!("{what}; the URL is like {EXAMPLE}"));
        let parsed = Url::parse(url).map_err(|error| wrong(&error.to_string()))?;
        let default_port = match parsed.scheme() {
            "smtp" => 587,
            "smtps" => 465,
            other => return Err(wrong(&format!("`{other}` is neither `smtp` nor `smtps`"))),
        };
        let host =
            parsed.host_str().filter(|host| !host.is_empty()).ok_or_else(|| wrong("it has no host"))?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        if !matches!(parsed.path(), "" | "/") || parsed.fragment().is_some() {
            return Err(wrong("it has something behind the port"));
        }
        let decoded = |text: &str| percent_decode_str(text).decode_utf8().map(String::from);
        let credentials = match (parsed.username(), parsed.password()) {
            ("", None) => None,
            ("", Some(_)) => return Err(wrong("it has a password, but no user")),
            (_, None) => return Err(wrong("it has a user, but no password")),
            (user, Some(password)) => {
                let not_utf8 = |_| wrong("its user or password is not UTF-8");
                let user = decoded(user).map_err(not_utf8)?;
                Some(Credentials::new(user, decoded(password).map_err(not_utf8)?))
            }
        };
        let security = security(&parsed, &host).map_err(|what| wrong(&what))?;
        let from_read = mailbox(from).ok_or_else(|| MailServerError::From(from.to_owned()))?;
        let allowed = allowed.iter().map(|one| {
            allowed_sender(one.trim()).ok_or_else(|| MailServerError::Allowed(one.trim().to_owned()))
        });
        Ok(Self {
            port: parsed.port().unwrap_or(default_port),
            host,
            security,
            credentials,
            from: from_read,
            allowed: allowed.collect::<Result<_, _>>()?,
        })
    }

    /// Returns its host and port, for messages.
    pub(crate) fn peer(&self) -> String {
        let Self { host, port, .. } = self;
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }

    /// Returns whether a mail may be sent as from `address`.
    pub(super) fn may_send_from(&self, address: &Address) -> bool {
        let lower = address.to_string().to_lowercase();
        let domain = format!("@{}", address.domain().to_lowercase());
        let is_own = self.from.email.to_string().to_lowercase() == lower;
        is_own || self.allowed.iter().any(|allowed| *allowed == lower || *allowed == domain)
    }
}

fn security(url: &Url, host: &str) -> Result<Security, String> {
    let parameters =
        || TlsParameters::new(host.to_owned()).map_err(|error| format!("TLS cannot be set up: {error}"));
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (&**name, &**value)).collect();
    match (url.scheme(), pairs.as_slice()) {
        ("smtps", []) => Ok(Security::Tls(parameters()?)),
        ("smtp", [] | [("tls", "required")]) => Ok(Security::StartTls(parameters()?)),
        ("smtp", [("tls", "none")]) if is_loopback(host) => Ok(Security::Plain),
        ("smtp", [("tls", "none")]) => {
            Err("`tls=none` is only for a server on this machine, because others could read the mails and the password".to_owned())
        }
        (scheme, _) => Err(format!("`{scheme}` knows no other parameter than `tls=none`, and that only with `smtp`")),
    }
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Reads an address, or a domain behind `@`.
fn allowed_sender(text: &str) -> Option<String> {
    match text.strip_prefix('@') {
        Some(domain) => Host::parse(domain).is_ok().then(|| Some(format!("@{}", ascii(domain)?)))?,
        None => mailbox(text)
            .filter(|mailbox| mailbox.name.is_none())
            .map(|mailbox| mailbox.email.to_string().to_lowercase()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_host_port_and_protection() {
        for (url, peer, is_tls) in [
            ("smtp://mail.example.com", "mail.example.com:587", true),
            ("smtps://mail.example.com", "mail.example.com:465", true),
            ("smtp://u%40x:p%2F@mail.example.com:25/", "mail.example.com:25", true),
            ("smtp://127.0.0.1:2525?tls=none", "127.0.0.1:2525", false),
            ("smtp://[::1]:2525?tls=none", "[::1]:2525", false),
            ("smtp://localhost?tls=none", "localhost:587", false),
        ] {
            let server = MailServer::parse(url, "a@x.example", &[]).unwrap();

            assert_eq!(server.peer(), peer);
            assert_eq!(!matches!(server.security, Security::Plain), is_tls, "{url}");
        }
    }

    #[test]
    fn what_is_no_server_is_refused_without_its_password() {
        for (url, said) in [
            ("mail.example.com", "relative URL"),
            ("http://u:canary@mail.example.com", "neither `smtp` nor `smtps`"),
            ("smtp://u:canary@mail.example.com?tls=none", "only for a server on this machine"),
            ("smtp://u:canary@mail.example.com?tls=maybe", "no other parameter"),
            ("smtps://u:canary@127.0.0.1?tls=none", "no other parameter"),
            ("smtp://u:canary@mail.example.com/path", "behind the port"),
            ("smtp://:canary@mail.example.com", "no user"),
            ("smtp://u@mail.example.com", "no password"),
            ("smtp:///x", "no host"),
        ] {
            let error = MailServer::parse(url, "a@x.example", &[]).unwrap_err().to_string();

            assert!(error.contains(said) && !error.contains("canary"), "{url}: {error}");
        }
    }

    #[test]
    fn senders_are_the_own_one_and_those_that_are_allowed() {
        let allowed = ["Support@x.example".to_owned(), " @Team.Example".to_owned()];
        let server = MailServer::parse("smtps://m", "Flows <flows@x.example>", &allowed).unwrap();

        for (from, may) in [
            ("Flows@X.example", true),
            ("support@x.example", true),
            ("ann@team.example", true),
            ("ann@sub.team.example", false),
            ("ann@x.example", false),
        ] {
            assert_eq!(server.may_send_from(&from.parse().unwrap()), may, "{from}");
        }
        for wrong in ["", "@", "x", "@a b"] {
            assert!(MailServer::parse("smtps://m", "a@x.example", &[wrong.to_owned()]).is_err(), "{wrong}");
        }
    }
}
