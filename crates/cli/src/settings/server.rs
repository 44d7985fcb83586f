//! The server that commands call, and the key that they show it.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, bail};
use reqwest::Url;

use super::SettingsFile;
use crate::args::Asked;

const SERVER: &str = "http://127.0.0.1:8080";
/// The variable that has a key. No argument has one: others see those.
const KEY: &str = "STEADFLOW_KEY";
/// How much is read of a file that should have a key.
const KEY_FILE_BYTES_MAX: u64 = 4_096;

/// A server, and who it is asked by.
#[derive(Debug)]
pub(crate) struct ServerAddress {
    pub(crate) url: String,
    pub(crate) key: Option<ServerKey>,
}

/// An API key.
pub(crate) struct ServerKey(pub(crate) String);

impl fmt::Debug for ServerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerKey")
    }
}

impl ServerAddress {
    /// Returns a server that is asked by nobody in particular.
    pub(crate) fn open(url: Option<String>, file: &SettingsFile) -> Self {
        let url = url.or_else(|| file.server.clone()).unwrap_or_else(|| SERVER.to_owned());
        Self { url, key: None }
    }

    /// Returns the server of a command, with the key of the file that it names, else that of the environment.
    ///
    /// # Errors
    /// If the file has no key, or the key would be sent over a network without TLS.
    pub(crate) fn new(asked: &Asked, file: &SettingsFile) -> anyhow::Result<Self> {
        let of_environment = || std::env::var(KEY).ok().filter(|key| !key.is_empty());
        let key = match &asked.key_file {
            Some(path) => Some(read(path)?),
            None => of_environment(),
        };
        let server = Self { key: key.map(ServerKey), ..Self::open(asked.server.clone(), file) };
        if server.key.is_some() && !server.is_private() {
            bail!(
                "The API key would be sent to {} without TLS, where others can read it. Use a URL that begins with `https://`.",
                server.url
            );
        }
        Ok(server)
    }

    /// Returns whether nobody between here and the server can read what is sent. What is no URL is refused elsewhere.
    fn is_private(&self) -> bool {
        let Ok(url) = Url::parse(&self.url) else { return true };
        let host = url.host_str().unwrap_or_default();
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
        url.scheme() != "http" || host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    }
}

fn read(path: &Path) -> anyhow::Result<String> {
    let what = || format!("Could not read the API key in {}", path.display());
    let mut text = String::new();
    let file = File::open(path).with_context(what)?;
    file.take(KEY_FILE_BYTES_MAX).read_to_string(&mut text).with_context(what)?;
    let key = text.trim();
    if text.len() as u64 == KEY_FILE_BYTES_MAX || key.is_empty() || key.contains(char::is_whitespace) {
        bail!("{} has no API key: one line that begins with `sf_live_`.", path.display());
    }
    Ok(key.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_sent_over_no_network_without_tls() {
        let is_private = |url: &str| ServerAddress { url: url.to_owned(), key: None }.is_private();

        for url in
            ["https://flows.example", "http://127.0.0.1:8080", "http://localhost:1/", "http://[::1]:8080"]
        {
            assert!(is_private(url), "{url}");
        }
        for url in [
            "http://flows.example",
            "http://10.0.0.1:8080",
            "http://127.0.0.1.example",
            "HTTP://flows.example",
        ] {
            assert!(!is_private(url), "{url}");
        }
    }

    #[test]
    fn a_file_without_end_has_no_key() {
        let refused = read(Path::new("/dev/zero")).unwrap_err();

        assert_eq!(refused.to_string(), "/dev/zero has no API key: one line that begins with `sf_live_`.");
    }

    #[test]
    fn a_key_is_not_shown() {
        let server = ServerAddress { url: SERVER.into(), key: Some(ServerKey("sf_live_secret".into())) };

        assert!(!format!("{server:?}").contains("secret"));
    }
}
