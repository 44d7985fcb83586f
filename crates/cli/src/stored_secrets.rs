//! `steadflow secrets …`: the stored secrets of a server.

use std::io::{IsTerminal, Read};
use std::process::ExitCode;

use anyhow::{Context, bail};
use reqwest::Method;
use serde::Serialize;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::args::SecretsCommand;
use crate::client::Server;
use crate::output;
use crate::settings::ServerAddress;
use crate::shown::{print, text};
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
        SecretsCommand::Set { name, hosts } => {
            let value = value(&name)?;
            let call = server.call(Method::PUT, &path(&name)).json(&Sent { value: &value, hosts });
            print(&server.send(call).await?, as_json, |secret| {
                let hosts = hosts_of(secret);
                format!("Stored the secret {}. It is sent to {hosts}.", text(&secret["name"]))
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
    value: &'a str,
    hosts: Vec<String>,
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
    let mut table = output::table(["name", "source", "sent to", "set", "by"]);
    for secret in secrets.as_array().into_iter().flatten() {
        let is_damaged = secret["is_damaged"] == Value::Bool(true);
        let source = if is_damaged { "stored, damaged".to_owned() } else { text(&secret["source"]) };
        let (at, by) = (text(&secret["updated_at"]), text(&secret["updated_by"]));
        table.add_row([text(&secret["name"]), source, hosts_of(secret), at, by]);
    }
    table.to_string()
}

/// Returns where a secret may be sent.
fn hosts_of(secret: &Value) -> String {
    match secret["hosts"].as_array().map(Vec::as_slice) {
        None => "all hosts".to_owned(),
        Some([]) => "no host".to_owned(),
        Some(hosts) => hosts.iter().map(text).collect::<Vec<_>>().join(", "),
    }
}
