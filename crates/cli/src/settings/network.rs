//! Where the server listens, and what others than this machine need to reach it.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use steadflow_api::Proxies;

use super::SettingsFile;
use crate::args;

pub(crate) const LISTEN: &str = "127.0.0.1:8080";

/// How the server is reached.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    pub(crate) address: SocketAddr,
    /// What TLS is spoken with; without, the server speaks plain HTTP.
    pub(crate) tls: Option<TlsFiles>,
    /// Where connections come from, if not from clients.
    pub(crate) proxies: Option<Proxies>,
}

/// The files of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TlsFiles {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Network {
    pub(crate) fn new(flags: args::Network, file: &SettingsFile) -> anyhow::Result<Self> {
        let listen = flags.listen.or_else(|| file.listen.clone());
        let path = |given: Option<PathBuf>, of_file: &Option<PathBuf>| given.or_else(|| of_file.clone());
        let proxies = match flags.behind_proxy {
            none if none.is_empty() => file.behind_proxy.clone().unwrap_or_default(),
            given => given,
        };
        Ok(Self {
            address: address(listen.as_deref().unwrap_or(LISTEN))?,
            tls: tls(path(flags.tls_cert, &file.tls_cert), path(flags.tls_key, &file.tls_key))?,
            proxies: proxies_of(&proxies)?,
        })
    }

    /// Returns whether other machines reach it.
    pub(crate) fn is_open(&self) -> bool {
        !self.address.ip().is_loopback()
    }

    /// Returns what its URLs begin with.
    pub(crate) fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    /// Refuses what others would reach without protection.
    ///
    /// # Errors
    /// A sentence that names all that is missing.
    pub(crate) fn check(
        &self,
        public_url: Option<&str>,
        is_demo: bool,
        has_login: bool,
    ) -> anyhow::Result<()> {
        if is_demo && (self.is_open() || self.tls.is_some()) {
            bail!(
                "A demo is for this machine only, without TLS: its service answers everybody. Leave out `--demo`, or `--listen` and \
                 `--tls-cert`."
            );
        }
        if !self.is_open() {
            return Ok(());
        }
        let protected = self.tls.is_some() || self.proxies.is_some();
        let public = public_url.is_some_and(|url| url.starts_with("https://"));
        let needed = [
            (
                protected,
                "TLS (`--tls-cert` and `--tls-key`), or the addresses of the proxies in front of it that speak TLS (`--behind-proxy`)",
            ),
            (
                public,
                "the URL under which people find it, which begins with `https://` (`--public-url`, such as `https://flows.example.org`)",
            ),
            (has_login, "authentication (`--auth on`, which is the default there)"),
        ];
        let missing: Vec<&str> =
            needed.into_iter().filter(|(is_there, _)| !is_there).map(|(_, what)| what).collect();
        if missing.is_empty() {
            return Ok(());
        }
        bail!(
            "Steadflow cannot listen on {}, an address that other machines reach. This is missing: {}. Without that, listen on \
             127.0.0.1.",
            self.address,
            missing.join("; ")
        )
    }
}

/// Parses an address to listen on. Of the addresses of a name, it is one that other machines reach, if there is one.
fn address(text: &str) -> anyhow::Result<SocketAddr> {
    let addresses: Vec<SocketAddr> = text
        .to_socket_addrs()
        .with_context(|| format!("`{text}` is not a valid address to listen on. Use one such as {LISTEN}"))?
        .collect();
    let open = addresses.iter().find(|address| !address.ip().is_loopback());
    open.or(addresses.first()).copied().with_context(|| format!("`{text}` has no address"))
}

fn tls(certificate: Option<PathBuf>, key: Option<PathBuf>) -> anyhow::Result<Option<TlsFiles>> {
    let is_set = |path: &PathBuf| path != Path::new("");
    match (certificate.filter(is_set), key.filter(is_set)) {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => Ok(Some(TlsFiles { certificate, key })),
        (Some(_), None) => {
            bail!("The setting `tls_cert` needs `tls_key`, the private key of the certificate.")
        }
        (None, Some(_)) => bail!("The setting `tls_key` needs `tls_cert`, the certificate of the key."),
    }
}

fn proxies_of(list: &[String]) -> anyhow::Result<Option<Proxies>> {
    let list: Vec<&str> = list.iter().map(String::as_str).filter(|entry| !entry.trim().is_empty()).collect();
    if list.is_empty() {
        return Ok(None);
    }
    Proxies::parse(list).map(Some).context("The setting `behind_proxy` is not valid")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(tls: bool, proxies: &[&str]) -> Network {
        let flags = args::Network {
            listen: Some("0.0.0.0:8080".into()),
            tls_cert: tls.then(|| "cert.pem".into()),
            tls_key: tls.then(|| "key.pem".into()),
            behind_proxy: proxies.iter().map(|&proxy| proxy.into()).collect(),
        };
        Network::new(flags, &SettingsFile::default()).unwrap()
    }

    #[test]
    fn what_is_missing_elsewhere_is_named() {
        let url = Some("https://flows.example");
        let says = |network: &Network, url, has_login| {
            network.check(url, false, has_login).err().map(|error| error.to_string()).unwrap_or_default()
        };
        let (tls, proxy, url_is) = ("--tls-cert", "--behind-proxy", "--public-url");

        let nothing = says(&open(false, &[]), None, false);
        assert!(
            [tls, proxy, url_is, "authentication"].iter().all(|part| nothing.contains(part)),
            "{nothing}"
        );
        for network in [open(true, &[]), open(false, &["10.0.0.1"]), open(true, &["10.0.0.0/8"])] {
            assert_eq!(says(&network, url, true), "");
            let no_url = says(&network, None, true);
            assert!(no_url.contains(url_is) && !no_url.contains(tls), "{no_url}");
            assert!(says(&network, Some("http://flows.example"), true).contains("begins with `https://`"));
            assert!(says(&network, url, false).contains("authentication"));
        }
        let no_tls = says(&open(false, &[]), url, true);
        assert!(no_tls.contains(tls) && !no_tls.contains(url_is), "{no_tls}");
        assert!(open(true, &[]).check(url, true, true).unwrap_err().to_string().contains("--demo"));
    }

    #[test]
    fn this_machine_needs_nothing() {
        for listen in ["127.0.0.1:8080", "[::1]:8080", "localhost:8080"] {
            let flags = args::Network { listen: Some(listen.into()), ..args::Network::default() };

            let network = Network::new(flags, &SettingsFile::default()).unwrap();

            assert!(network.check(None, true, false).is_ok(), "{listen}");
        }
    }

    #[test]
    fn a_certificate_and_its_key_belong_together() {
        assert!(tls(Some("cert.pem".into()), None).unwrap_err().to_string().contains("needs `tls_key`"));
        assert!(tls(None, Some("key.pem".into())).unwrap_err().to_string().contains("needs `tls_cert`"));
        assert_eq!(tls(None, Some("".into())).unwrap(), None, "a variable that is empty");
    }
}
