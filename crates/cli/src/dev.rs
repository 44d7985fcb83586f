//! `steadflow dev`: a server that follows a folder of flows.

mod watch;

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};

use crate::args::{Auth, Dev, Network, Serve};
use crate::client::Server;
use crate::output;
use crate::serve;
use crate::settings::{ServeSettings, ServerAddress, SettingsFile};

/// What belongs to a folder and to no version of it.
const OWN: &str = ".steadflow";
/// How often a server that starts is asked whether it is ready.
const ASK_EVERY: Duration = Duration::from_millis(50);
/// The time that running attempts get to finish when the server stops.
const GRACE_SECONDS: u64 = 2;

/// Serves a folder until a signal.
pub(crate) async fn dev(how: Dev, file: SettingsFile) -> anyhow::Result<ExitCode> {
    let Dev { dir, listen, database, no_open, egress } = how;
    if !dir.is_dir() {
        bail!("There is no folder {}. Make it, or name another one.", dir.display());
    }
    let database = match database {
        Some(database) => database,
        None => own_database(&dir)?,
    };
    let network = Network { listen: Some(listen), ..Network::default() };
    let (auth, grace_seconds) = (Some(Auth::Off), Some(GRACE_SECONDS));
    let serve = Serve { network, auth, database: Some(database), egress, grace_seconds, ..Serve::default() };
    let settings = ServeSettings::new(serve, &file.of_dev())?;
    if settings.network.is_open() {
        bail!(
            "`dev` is for this machine alone. Use a loopback address with --listen, such as 127.0.0.1:8080."
        );
    }
    let listener = serve::listen(settings.network.address).await?;
    let address = listener.local_addr().context("The listener has no address")?;
    let url = format!("http://{address}");
    let following = tokio::spawn(async move {
        if let Err(error) = follow(&url, &dir, !no_open).await {
            output::notes(format_args!("The folder is not followed any more: {error:#}"));
        }
    });
    let ended = serve::run(settings, Some(listener)).await;
    following.abort();
    ended
}

/// Returns the database of a folder, in a folder of its own that no repository takes.
fn own_database(dir: &Path) -> anyhow::Result<String> {
    let own = dir.join(OWN);
    let what = || {
        format!(
            "Could not make the folder {} for the database. Name another place with --database",
            own.display()
        )
    };
    std::fs::create_dir_all(&own).with_context(what)?;
    std::fs::write(own.join(".gitignore"), "*\n").with_context(what)?;
    Ok(format!("sqlite:{}", own.join("dev.db").display()))
}

async fn follow(url: &str, dir: &Path, opens: bool) -> anyhow::Result<()> {
    let server = Server::new(&ServerAddress { url: url.to_owned(), key: None })?;
    while server.send(server.readiness(Duration::from_secs(1))).await.is_err() {
        tokio::time::sleep(ASK_EVERY).await;
    }
    if opens {
        open(url);
    }
    watch::watch(&server, dir).await
}

/// Opens a page in the browser, where there is one.
fn open(url: &str) {
    let is_there = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let program = if cfg!(target_os = "macos") {
        "open"
    } else if is_there("DISPLAY") || is_there("WAYLAND_DISPLAY") {
        "xdg-open"
    } else {
        return;
    };
    let mut command = Command::new(program);
    let quiet = command.arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if quiet.spawn().is_err() {
        output::note(format_args!("No browser could be opened. The studio is at {url}/"));
    }
}
