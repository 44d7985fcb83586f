//! `steadflow secrets …`: the stored secrets of a server.

use std::io::{IsTerminal, Read};
use std::process::ExitCode;

use anyhow::{Context, bail};
use reqwest::Method;
use serde::Serialize;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use crate::args::{ClientAuth, Grant, Oauth2, SecretsCommand};
use crate::client::Server;
use crate::output;
use crate::settings::ServerAddress;
use crate::shown::{moment, print, text};
use crate::value_address::segment;

/// Bytes of a value that are read: more than the server takes.
const READ_BYTES_MAX: u64 = 128 * 1024;

/// Runs one of the commands on a server.
pub(crate) async fn secrets(
    address: ServerAddress,
    as_json: bool,
    command: SecretsCommand,
) -> anyhow::Result<ExitCode> {
    let server = Server::new(&address)?;
    match command {
        SecretsCommand::List => {
            print(&server.send(server.call(Method::GET, "/secrets")).await?, as_json, table);
        }
        SecretsCommand::Set { name, hosts, oauth2 } => {
            let value = read_value(&name, &oauth2)?;
            let sent = Sent::new(value.as_ref().map(|value| value.as_str()), hosts, &oauth2)?;
            let call = server.call(Method::PUT, &path(&name)).json(&sent);
            print(&server.send(call).await?, as_json, |secret| {
                let hosts = hosts_of(secret);
                format!("Stored the secret {}. It is sent to {hosts}.", text(&secret["name"]))
            });
        }
        SecretsCommand::Connect { name } => {
            let call = server.call(Method::POST, &format!("{}/authorize", path(&name)));
            print(&server.send(call).await?, as_json, |begun| {
                format!(
                    "Open this page, sign in at the provider and allow it, until {}:\n{}\nThe provider must know the redirect URI {}.",
                    text(&begun["expires_at"]),
                    text(&begun["url"]),
                    text(&begun["redirect_uri"])
                )
            });
        }
        SecretsCommand::Rotate => {
            let call = server.call(Method::POST, "/master-key/rotate");
            print(&server.send(call).await?, as_json, |rotation| {
                format!(
                    "All stored secrets are encrypted with the master key {}. Start the servers with that one alone now.",
                    text(&rotation["master_key"])
                )
            });
        }
        SecretsCommand::Delete { name } => {
            server.open(server.call(Method::DELETE, &path(&name))).await?;
            output::note(format_args!("Deleted the secret {name}."));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What is sent to set a secret.
#[derive(Serialize)]
struct Sent<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    oauth2: Option<SentOauth<'a>>,
    hosts: Vec<String>,
}

/// What is sent of an OAuth2 secret: it is not built as one value, so that no copy of the client secret is left in memory.
#[derive(Serialize)]
struct SentOauth<'a> {
    #[serde(flatten)]
    settings: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<&'a str>,
}

impl<'a> Sent<'a> {
    fn new(value: Option<&'a str>, hosts: Vec<String>, oauth2: &Oauth2) -> anyhow::Result<Self> {
        let Some(grant) = oauth2.oauth2 else { return Ok(Self { value, oauth2: None, hosts }) };
        let settings = settings(grant, oauth2)?;
        Ok(Self { value: None, oauth2: Some(SentOauth { settings, client_secret: value }), hosts })
    }
}

fn settings(grant: Grant, oauth2: &Oauth2) -> anyhow::Result<Map<String, Value>> {
    let grant = match grant {
        Grant::ClientCredentials => "client_credentials",
        Grant::AuthorizationCode => "authorization_code",
    };
    let client_auth = match oauth2.client_auth {
        ClientAuth::Basic => "basic",
        ClientAuth::Post => "post",
        ClientAuth::None => "none",
    };
    let sent = json!({
        "grant": grant,
        "token_url": oauth2.token_url,
        "authorization_url": oauth2.authorization_url,
        "issuer": oauth2.issuer,
        "client_id": oauth2.client_id,
        "client_auth": client_auth,
        "scopes": oauth2.scopes,
        "token_parameters": parameters("--token-parameter", &oauth2.token_parameters)?,
        "authorization_parameters": parameters("--authorization-parameter", &oauth2.authorization_parameters)?,
    });
    let Value::Object(sent) = sent else { return Ok(Map::new()) };
    Ok(sent.into_iter().filter(|(_, value)| !value.is_null()).collect())
}

fn parameters(flag: &str, given: &[String]) -> anyhow::Result<Map<String, Value>> {
    let pairs = given.iter().map(|pair| match pair.split_once('=') {
        Some((name, value)) => Ok((name.to_owned(), Value::from(value))),
        None => bail!("`{flag} {pair}` has no value. Give it as NAME=VALUE."),
    });
    pairs.collect()
}

/// Reads what is secret from standard input; a client without a secret has nothing.
fn read_value(name: &str, oauth2: &Oauth2) -> anyhow::Result<Option<Zeroizing<String>>> {
    let has_none = oauth2.oauth2.is_some() && matches!(oauth2.client_auth, ClientAuth::None);
    (!has_none).then(|| value(name)).transpose()
}

fn path(name: &str) -> String {
    format!("/secrets/{}", segment(name))
}

/// Reads a value from standard input, without the line break at its end.
fn value(name: &str) -> anyhow::Result<Zeroizing<String>> {
    let input = std::io::stdin();
    if input.is_terminal() {
        bail!(
            "The value is read from standard input, so that it is neither on the screen nor in the history of the shell: \
             `steadflow secrets set {name} < FILE`."
        );
    }
    let mut value = Zeroizing::new(String::new());
    let read = input.lock().take(READ_BYTES_MAX).read_to_string(&mut value);
    read.context("Could not read the value from standard input; a secret is text in UTF-8")?;
    let length = value.trim_end_matches(['\r', '\n']).len();
    value.truncate(length);
    Ok(value)
}

fn table(secrets: &Value) -> String {
    let mut table = output::table(["name", "source", "kind", "sent to", "set", "by"]);
    for secret in secrets.as_array().into_iter().flatten() {
        let is_damaged = secret["is_damaged"] == Value::Bool(true);
        let source = if is_damaged { "stored, damaged".to_owned() } else { text(&secret["source"]) };
        let (at, by) = (moment(&secret["updated_at"]), text(&secret["updated_by"]));
        table.add_row([text(&secret["name"]), source, kind_of(secret), hosts_of(secret), at, by]);
    }
    output::fitted(table)
}

/// Returns what a secret is, and how it is doing if its value is obtained.
fn kind_of(secret: &Value) -> String {
    let oauth2 = &secret["oauth2"];
    match oauth2["connection"].as_str() {
        None => "value".to_owned(),
        Some("ready") => "OAuth2".to_owned(),
        Some("needs_connection") => "OAuth2, needs connection".to_owned(),
        Some(_) => format!("OAuth2, failing: {}", text(&oauth2["error"])),
    }
}

/// Returns where a secret may be sent.
fn hosts_of(secret: &Value) -> String {
    match secret["hosts"].as_array().map(Vec::as_slice) {
        None => "all hosts".to_owned(),
        Some([]) => "no host".to_owned(),
        Some(hosts) => hosts.iter().map(text).collect::<Vec<_>>().join(", "),
    }
}
