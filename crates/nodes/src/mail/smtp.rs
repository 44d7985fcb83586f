//! The conversation with the mail server (RFC 5321). Either it takes the mail for all recipients, or none gets it.

use std::error::Error as _;
use std::future::Future;
use std::io;
use std::time::Duration;

use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::Mechanism;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail as MailFrom, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};
use lettre::transport::smtp::response::Response;
use steadflow_core::failure::{ErrorClass, Failure};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::lines::Lines;
use super::message::Mail;
use super::server::{MailServer, Security};

/// How long the last word may take, which nobody waits for.
const FAREWELL: Duration = Duration::from_secs(5);
/// Codes that say that the login is wrong or missing (RFC 4954, 6).
const LOGIN_CODES: [u16; 4] = [530, 534, 535, 538];

/// What a server says to a command that it follows (RFC 5321, 4.3.2). The library takes every other code of success for that,
/// too: with one of another command, server and client do not speak of the same.
mod code {
    pub(super) const DONE: &[u16] = &[250];
    /// The second one says that it is passed on.
    pub(super) const RECIPIENT: &[u16] = &[250, 251];
    pub(super) const SEND_IT: &[u16] = &[354];
    pub(super) const LOGGED_IN: &[u16] = &[235];
}

/// Hands `mail` over. Connecting may take as long as `connect`, and each further answer as long as `idle`, if given. Returns
/// what the server said when it took it.
///
/// # Errors
/// Why the server did not take it. Dropping the future closes the connection.
pub(crate) async fn send(
    server: &MailServer,
    mail: &Mail,
    connect: Duration,
    idle: Option<Duration>,
) -> Result<String, Failure> {
    let said = Said { server, idle };
    let mut connection = match timeout(connect, connected(&said)).await {
        Ok(connection) => connection?,
        Err(_) => {
            let message =
                format!("{} did not answer within {} seconds.", server.peer(), connect.as_secs_f64());
            return Err(Failure::new(ErrorClass::Timeout, message).unsent());
        }
    };
    let response = handed_over(&said, &mut connection, mail).await?;
    // The server has the mail. What follows is courtesy, and does not delay its record.
    tokio::spawn(async move { timeout(FAREWELL, connection.quit()).await.is_ok() });
    Ok(response)
}

async fn connected(said: &Said<'_>) -> Result<AsyncSmtpConnection, Failure> {
    let server = said.server;
    let (address, name) = ((server.host.as_str(), server.port), ClientId::default());
    let connected = match &server.security {
        Security::Tls(tls) => {
            AsyncSmtpConnection::connect_tokio1(address, None, &name, Some(tls.clone()), None).await
        }
        Security::StartTls(_) | Security::Plain => {
            let stream =
                TcpStream::connect(address).await.map_err(|error| said.unreachable(&error).unsent())?;
            AsyncSmtpConnection::connect_with_transport(Box::new(Lines::new(stream)), &name).await
        }
    };
    let mut connection = connected.map_err(|error| said.failed("refused the connection", &error).unsent())?;
    if let Security::StartTls(tls) = &server.security {
        if !connection.can_starttls() {
            let message = format!(
                "{} offers no STARTTLS, without which nothing is sent. Let the operator correct `smtp_url`: `smtps://` is for \
                 servers with TLS from the beginning.",
                server.peer()
            );
            return Err(Failure::new(ErrorClass::Configuration, message).unsent());
        }
        connection
            .starttls(tls.clone(), &name)
            .await
            .map_err(|error| said.failed("refused TLS", &error).unsent())?;
    }
    if let Some(credentials) = &server.credentials {
        let authenticated = connection.auth(&[Mechanism::Plain, Mechanism::Login], credentials).await;
        let authenticated = authenticated.map_err(|error| said.refused_login(&error).unsent())?;
        said.expected(authenticated, code::LOGGED_IN).map_err(Failure::unsent)?;
    }
    Ok(connection)
}

async fn handed_over(
    said: &Said<'_>,
    connection: &mut AsyncSmtpConnection,
    mail: &Mail,
) -> Result<String, Failure> {
    let mut parameters = Vec::new();
    if !mail.recipients.iter().chain([&mail.from]).all(|address| address.to_string().is_ascii()) {
        if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
            let message = format!(
                "{} takes only addresses in ASCII before `@` (it has no SMTPUTF8).",
                said.server.peer()
            );
            return Err(Failure::new(ErrorClass::Rejected, message).unsent());
        }
        parameters.push(MailParameter::SmtpUtfEight);
    }
    let from = connection.command(MailFrom::new(Some(mail.from.clone()), parameters));
    said.in_time(from, code::DONE, || format!("refused the sender {}", mail.from))
        .await
        .map_err(Failure::unsent)?;
    for recipient in &mail.recipients {
        // Without a word for all of them, the server sends nothing: the connection ends before the mail.
        let command = connection.command(Rcpt::new(recipient.clone(), Vec::new()));
        let refused = || format!("refused the recipient {recipient}, so nobody gets the mail");
        said.in_time(command, code::RECIPIENT, refused).await.map_err(Failure::unsent)?;
    }
    let refused = || "refused the mail".to_owned();
    said.in_time(connection.command(Data), code::SEND_IT, refused).await.map_err(Failure::unsent)?;
    let response = said.in_time(connection.message(&mail.bytes), code::DONE, refused).await?;
    Ok(format!("{} {}", response.code(), words(&response.message().collect::<Vec<_>>().join(" "))))
}

/// What a server said, as failures.
struct Said<'a> {
    server: &'a MailServer,
    idle: Option<Duration>,
}

impl Said<'_> {
    async fn in_time(
        &self,
        answer: impl Future<Output = Result<Response, Error>>,
        codes: &[u16],
        refused: impl Fn() -> String,
    ) -> Result<Response, Failure> {
        let answered = match self.idle {
            Some(idle) => timeout(idle, answer).await.map_err(|_| idle),
            None => Ok(answer.await),
        };
        match answered {
            Ok(answer) => self.expected(answer.map_err(|error| self.failed(&refused(), &error))?, codes),
            Err(idle) => {
                let message = format!(
                    "{} sent nothing for {} seconds, the limit for nodes without a timeout of their own. Set `timeout_seconds` \
                     of the node to wait longer.",
                    self.server.peer(),
                    idle.as_secs_f64()
                );
                Err(Failure::new(ErrorClass::Timeout, message))
            }
        }
    }

    /// Returns an answer if it has one of these codes.
    fn expected(&self, response: Response, codes: &[u16]) -> Result<Response, Failure> {
        let code = u16::from(response.code());
        if codes.contains(&code) {
            return Ok(response);
        }
        let wanted = codes.iter().map(u16::to_string).collect::<Vec<_>>().join(" or ");
        let words = words(&response.message().collect::<Vec<_>>().join(" "));
        let peer = self.server.peer();
        let message =
            format!("{peer} answered {code} instead of {wanted}, so it is not known what it did: {words}");
        Err(Failure::new(ErrorClass::Connection, message))
    }

    fn unreachable(&self, error: &io::Error) -> Failure {
        let message =
            format!("{}: the connection failed: {}.", self.server.peer(), words(&error.to_string()));
        Failure::new(ErrorClass::Connection, message)
    }

    fn failed(&self, refused: &str, error: &Error) -> Failure {
        let peer = self.server.peer();
        if let Some(code) = error.status() {
            let code = u16::from(code);
            let class = match code {
                code if LOGIN_CODES.contains(&code) => return self.refused_login(error),
                400..=499 => ErrorClass::Unavailable,
                _ => ErrorClass::Rejected,
            };
            return Failure::new(class, format!("{peer} {refused}: {code} {}", said_by(error)));
        }
        let (class, why) = broken(error);
        Failure::new(class, format!("{peer}: {why}"))
    }

    fn refused_login(&self, error: &Error) -> Failure {
        let peer = self.server.peer();
        let (class, said) = match error.status().map(u16::from) {
            Some(code @ 400..=499) => (ErrorClass::Unavailable, format!("{code} {}", said_by(error))),
            Some(code) => {
                let said = format!("{code} {}", said_by(error));
                (
                    ErrorClass::Configuration,
                    format!("{said} Let the operator correct the user and the password in `smtp_url`."),
                )
            }
            None if error.is_client() => {
                let said = "it offers neither PLAIN nor LOGIN. Let the operator correct `smtp_url`.";
                (ErrorClass::Configuration, said.to_owned())
            }
            None => broken(error),
        };
        Failure::new(class, format!("{peer} refused the login: {said}"))
    }
}

/// Returns what the server wrote, as the end of a sentence.
fn said_by(error: &Error) -> String {
    let said = error.source().map(|said| words(&said.to_string())).unwrap_or_default();
    if said.ends_with('.') { said } else { format!("{said}.") }
}

/// Returns why there is no connection, by its first cause.
///
/// With a certificate that is not valid no retry helps, as in a call of HTTP; who can is the operator.
fn broken(error: &Error) -> (ErrorClass, String) {
    let mut causes: Vec<&(dyn std::error::Error + 'static)> = vec![error];
    while let Some(cause) = causes.last().copied().and_then(std::error::Error::source) {
        causes.push(cause);
    }
    let said = words(&causes.last().map(ToString::to_string).unwrap_or_default());
    match causes.iter().find_map(|cause| of_tls(*cause)) {
        Some(rustls::Error::InvalidCertificate(_)) => {
            let advice = "Let the operator name further certificates to trust (`SSL_CERT_FILE`), or correct `smtp_url`.";
            (ErrorClass::Configuration, format!("TLS failed: {said}. {advice}"))
        }
        Some(_) => (ErrorClass::Connection, format!("TLS failed: {said}.")),
        None if error.is_tls() => (ErrorClass::Connection, format!("TLS failed: {said}.")),
        None => (ErrorClass::Connection, format!("the connection failed: {said}.")),
    }
}

fn of_tls<'a>(cause: &'a (dyn std::error::Error + 'static)) -> Option<&'a rustls::Error> {
    let inner = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    cause.downcast_ref().or_else(|| inner?.downcast_ref())
}

/// Returns the words of a server in one line that is not too long.
fn words(text: &str) -> String {
    let line: String =
        text.split_whitespace().collect::<Vec<_>>().join(" ").chars().filter(|c| !c.is_control()).collect();
    line.chars().take(500).collect()
}

#[cfg(test)]
mod tests;
