//! Settings: from options, then the environment, then `steadflow.toml`, then defaults. (clap merges the first two.)

mod blobs;
mod commands;
mod mail;
mod master_key;
mod network;
mod requests;
mod server;
mod sign_in;
mod traces;
mod upkeep;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use serde::Deserialize;
use steadflow_access::MasterKeys;
use steadflow_api::Origin;
use steadflow_nodes::{EgressProxy, MailServer, McpCommands, OwnListeners, ProxyError};
use steadflow_runtime::Offload;
use steadflow_store_postgres::PostgresOptions;
use tracing::{Level, Metadata};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::args::{Auth, Egress, LogFormat, Serve};

pub(crate) use self::blobs::BlobSettings;
pub(crate) use self::commands::SUPERVISOR;
pub(crate) use self::mail::{mail_server, public_url};
pub(crate) use self::master_key::MasterKeySettings;
pub(crate) use self::network::{LISTEN, Network, TlsFiles};
pub(crate) use self::requests::RequestRates;
pub(crate) use self::server::{ServerAddress, ServerKey};
pub(crate) use self::sign_in::SignInSettings;
pub(crate) use self::traces::TraceSettings;
pub(crate) use self::upkeep::UpkeepSettings;
use crate::secrets::KnownSecrets;

const FILE: &str = "steadflow.toml";
const DATABASE: &str = "sqlite:steadflow.db";
const GRACE: Duration = Duration::from_secs(10);
/// How long a lease lasts without renewal, in seconds.
const LEASE_SECONDS: u64 = 15;
const LEASE_SECONDS_ALLOWED: RangeInclusive<u64> = 3..=120;

/// The content of `steadflow.toml`. Unknown keys are refused, because they are most likely mistakes.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SettingsFile {
    listen: Option<String>,
    tls_cert: Option<PathBuf>,
    tls_key: Option<PathBuf>,
    behind_proxy: Option<Vec<String>>,
    auth: Option<Auth>,
    requests_per_key: Option<u32>,
    requests_per_address: Option<u32>,
    database: Option<String>,
    egress_allow: Option<Vec<String>>,
    egress_proxy: Option<String>,
    egress_no_proxy: Option<Vec<String>>,
    smtp_url: Option<String>,
    mail_from: Option<String>,
    mail_from_allow: Option<Vec<String>>,
    public_url: Option<String>,
    allowed_hosts: Option<Vec<String>>,
    allowed_origins: Option<Vec<String>>,
    grace_seconds: Option<u64>,
    lease_seconds: Option<u64>,
    log: Option<String>,
    log_format: Option<LogFormat>,
    server: Option<String>,
    secret_hosts: Option<BTreeMap<String, Vec<String>>>,
    master_key_file: Option<PathBuf>,
    master_key_command: Option<Vec<String>>,
    next_master_key_file: Option<PathBuf>,
    next_master_key_command: Option<Vec<String>>,
    database_max_mib: Option<u32>,
    reserve_mib: Option<u32>,
    #[serde(default)]
    keep: upkeep::KeepTable,
    #[serde(default)]
    blobs: blobs::BlobsTable,
    #[serde(default)]
    traces: traces::TracesTable,
    password_sign_in: Option<bool>,
    #[serde(default)]
    oidc: Vec<sign_in::OidcTable>,
    #[serde(default)]
    mcp: BTreeMap<String, commands::CommandTable>,
    #[serde(skip)]
    found: Option<PathBuf>,
}

impl SettingsFile {
    /// Reads the given file or, if none is given, `steadflow.toml` if it exists.
    pub(crate) fn read(given: Option<&Path>) -> anyhow::Result<Self> {
        let path = given.unwrap_or(Path::new(FILE));
        if given.is_none() && !path.exists() {
            return Ok(Self::default());
        }
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("Could not read the settings in {}", path.display()))?;
        let file = Self::parse(&text).with_context(|| format!("{} is not valid", path.display()))?;
        let found = given.is_none().then(|| Path::new(".").join(path));
        Ok(Self { found, ..file })
    }

    /// Returns the path of the file if it was found in the working directory, and not asked for.
    pub(crate) fn found(&self) -> Option<&Path> {
        self.found.as_deref()
    }

    /// Returns the hosts that secrets are bound to, by the names of the secrets.
    pub(crate) fn secret_hosts(&self) -> BTreeMap<String, Vec<String>> {
        self.secret_hosts.clone().unwrap_or_default()
    }

    /// Returns the settings that also count for a server that one person tries flows with.
    pub(crate) fn of_dev(self) -> Self {
        let Self {
            egress_allow,
            egress_proxy,
            egress_no_proxy,
            smtp_url,
            mail_from,
            mail_from_allow,
            secret_hosts,
            mcp,
            ..
        } = self;
        let kept =
            Self { egress_allow, egress_proxy, egress_no_proxy, smtp_url, mail_from, ..Self::default() };
        Self { mail_from_allow, secret_hosts, mcp, ..kept }
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        Ok(toml::from_str(text)?)
    }
}

/// What to log and how.
#[derive(Debug)]
pub(crate) struct Log {
    filter: Option<String>,
    format: LogFormat,
}

impl Log {
    pub(crate) fn new(filter: Option<String>, format: Option<LogFormat>, file: &SettingsFile) -> Self {
        let format = format.or(file.log_format).unwrap_or(LogFormat::Text);
        Self { filter: filter.or_else(|| file.log.clone()), format }
    }

    /// Starts to log to standard error. `default` is the filter if none is set.
    pub(crate) fn start(&self, default: &str) -> anyhow::Result<()> {
        let filter = self.filter.as_deref().unwrap_or(default);
        let filter = EnvFilter::try_new(filter).with_context(|| {
            format!("`{filter}` is not a valid log filter. Use one such as `info` or `warn,steadflow_runtime=debug`")
        })?;
        let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
        let started = match self.format {
            LogFormat::Text => log.finish().with(filter_fn(is_ours_or_warns)).try_init(),
            LogFormat::Json => log.json().finish().with(filter_fn(is_ours_or_warns)).try_init(),
        };
        started.map_err(|error| anyhow::anyhow!("Could not start the log: {error}"))
    }
}

/// Returns whether something may be logged: what libraries say below a warning names the hosts of calls, which can be secret.
fn is_ours_or_warns(metadata: &Metadata<'_>) -> bool {
    metadata.target().starts_with("steadflow") || *metadata.level() <= Level::WARN
}

/// The database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Database {
    /// A file, and further ones with the same prefix.
    Sqlite(PathBuf),
    /// A PostgreSQL server, for any number of processes.
    Postgres(Box<PostgresOptions>),
}

impl Database {
    /// Reads `sqlite:PATH` or `postgres://…`.
    pub(crate) fn parse(url: &str) -> anyhow::Result<Self> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgres(Box::new(url.parse()?)));
        }
        let Some(path) = url.strip_prefix("sqlite:") else {
            // It may have a password, where its scheme is misspelt.
            let url = url.split_once("://").map_or(url, |(scheme, _)| scheme);
            bail!(
                "`{url}` is not the URL of a database. Use `sqlite:PATH`, such as `{DATABASE}`, or \
                 `postgres://USER:PASSWORD@HOST/DATABASE`."
            );
        };
        // `sqlite:///var/x.db` means the same as `sqlite:/var/x.db`.
        let path = path.strip_prefix("//").unwrap_or(path);
        if path.is_empty() {
            bail!("`{url}` has no path. Use `sqlite:PATH`, such as `{DATABASE}`.");
        }
        Ok(Self::Sqlite(PathBuf::from(path)))
    }
}

impl std::fmt::Display for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(options) => options.fmt(f),
        }
    }
}

/// The settings of `serve`.
#[derive(Debug)]
pub(crate) struct ServeSettings {
    pub(crate) network: Network,
    /// Whether requests must show who they come from.
    pub(crate) auth: bool,
    pub(crate) sign_in: SignInSettings,
    pub(crate) requests: RequestRates,
    pub(crate) database: Database,
    /// `None` if long records are in the database.
    pub(crate) blobs: Option<BlobSettings>,
    pub(crate) access: Access,
    pub(crate) master_key: MasterKeySettings,
    pub(crate) allowed_hosts: Vec<String>,
    pub(crate) allowed_origins: Vec<Origin>,
    pub(crate) demo: bool,
    pub(crate) grace: Duration,
    /// How long the lease of this process lasts without renewal.
    pub(crate) lease: Duration,
    pub(crate) upkeep: UpkeepSettings,
    /// `None` if nothing is traced.
    pub(crate) traces: Option<TraceSettings>,
}

impl ServeSettings {
    pub(crate) fn new(mut flags: Serve, file: &SettingsFile) -> anyhow::Result<Self> {
        let listed = |given: Vec<String>, of_file: &Option<Vec<String>>| {
            if given.is_empty() { of_file.clone().unwrap_or_default() } else { given }
        };
        let public = public_url(flags.mail.public_url.take(), file)?;
        let network = Network::new(flags.network, file)?;
        let auth = flags.auth.or(file.auth).map_or(network.is_open(), |auth| auth == Auth::On);
        network.check(public.as_deref(), flags.demo, auth)?;
        Ok(Self {
            network,
            auth,
            sign_in: SignInSettings::new(file, auth)?,
            requests: RequestRates::new(&flags.requests, file),
            database: database(flags.database, file)?,
            blobs: BlobSettings::new(flags.blobs, file)?,
            access: Access {
                blobs: Offload::default(),
                egress: EgressSettings::new(flags.egress, file)?,
                secrets: KnownSecrets::of_environment(file.secret_hosts())?,
                master_key: None,
                commands: file.commands()?,
                public_url: public,
                mail: mail_server(flags.mail, file)?,
            },
            master_key: MasterKeySettings::new(flags.master_key_file, flags.next_master_key_file, file)?,
            allowed_hosts: listed(flags.allowed_host, &file.allowed_hosts),
            allowed_origins: origins(&listed(flags.allowed_origin, &file.allowed_origins))?,
            demo: flags.demo,
            upkeep: UpkeepSettings::new(&flags.upkeep, file)?,
            traces: TraceSettings::new(flags.traces, file)?,
            grace: flags.grace_seconds.or(file.grace_seconds).map_or(GRACE, Duration::from_secs),
            lease: lease(flags.lease_seconds.or(file.lease_seconds))?,
        })
    }
}

/// Returns how long a lease lasts: not so short that a busy machine loses it, nor so long that work seems to be stuck.
fn lease(seconds: Option<u64>) -> anyhow::Result<Duration> {
    let seconds = seconds.unwrap_or(LEASE_SECONDS);
    if !LEASE_SECONDS_ALLOWED.contains(&seconds) {
        let (min, max) = LEASE_SECONDS_ALLOWED.into_inner();
        bail!("The setting `lease_seconds` is {seconds}. Use {min} to {max}.");
    }
    Ok(Duration::from_secs(seconds))
}

fn origins(texts: &[String]) -> anyhow::Result<Vec<Origin>> {
    let read = |text: &String| text.parse().context("The setting `allowed_origins` is not valid");
    texts.iter().map(read).collect()
}

/// Returns the configured database.
pub(crate) fn database(flag: Option<String>, file: &SettingsFile) -> anyhow::Result<Database> {
    Database::parse(flag.as_deref().or(file.database.as_deref()).unwrap_or(DATABASE))
}

/// What flows may reach and use.
#[derive(Debug, Default)]
pub(crate) struct Access {
    /// Where long records go.
    pub(crate) blobs: Offload,
    pub(crate) egress: EgressSettings,
    pub(crate) secrets: KnownSecrets,
    /// What stored secrets are encrypted with; without it, none are.
    pub(crate) master_key: Option<MasterKeys>,
    /// The local commands that agents may name.
    pub(crate) commands: McpCommands,
    pub(crate) mail: Option<MailServer>,
    /// Where people find the studio, if that is known yet.
    pub(crate) public_url: Option<String>,
}

/// The settings of outgoing calls.
#[derive(Debug, Default)]
pub(crate) struct EgressSettings {
    /// In the format of `EgressPolicy::parse`.
    pub(crate) allow: String,
    pub(crate) proxy: Option<EgressProxy>,
    /// What flows never call: the server adds what it listens on.
    pub(crate) own: OwnListeners,
}

impl EgressSettings {
    pub(crate) fn new(flags: Egress, file: &SettingsFile) -> anyhow::Result<Self> {
        let listed = |list: &Option<Vec<String>>| list.as_ref().map(|list| list.join(","));
        let allow = flags.egress_allow.or_else(|| listed(&file.egress_allow)).unwrap_or_default();
        let url = flags.egress_proxy.or_else(|| file.egress_proxy.clone()).filter(|url| !url.is_empty());
        let exceptions = || {
            flags.egress_no_proxy.or_else(|| listed(&file.egress_no_proxy)).unwrap_or_else(usual_exceptions)
        };
        let proxy = url.map(|url| proxy(&url, &exceptions())).transpose()?;
        Ok(Self { allow, proxy, own: OwnListeners::default() })
    }
}

/// Returns the exceptions that are set for all programs.
fn usual_exceptions() -> String {
    ["NO_PROXY", "no_proxy"].into_iter().find_map(|name| std::env::var(name).ok()).unwrap_or_default()
}

fn proxy(url: &str, exceptions: &str) -> anyhow::Result<EgressProxy> {
    EgressProxy::parse(url, exceptions).map_err(|error| {
        let setting =
            if matches!(error, ProxyError::Exception(_)) { "egress_no_proxy" } else { "egress_proxy" };
        anyhow::Error::from(error).context(format!("The setting `{setting}` is not valid"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_override_the_file_and_the_file_overrides_defaults() {
        let file = SettingsFile::parse("listen = \"127.0.0.1:9000\"\ngrace_seconds = 3").unwrap();
        let mut flags = no_flags();
        flags.network.listen = Some("127.0.0.1:9100".into());

        let settings = ServeSettings::new(flags, &file).unwrap();

        assert_eq!(settings.network.address, "127.0.0.1:9100".parse().unwrap());
        assert_eq!(settings.grace, Duration::from_secs(3));
        assert_eq!(settings.database, Database::Sqlite("steadflow.db".into()));
    }

    #[test]
    fn unknown_key_is_refused_and_known_ones_are_listed() {
        let error = SettingsFile::parse("lisen = \"127.0.0.1:9000\"").unwrap_err().to_string();

        assert!(error.contains("unknown field `lisen`, expected one of `listen`, `tls_cert`"), "{error}");
    }

    #[test]
    fn databases_are_files_or_servers() {
        assert_eq!(Database::parse("sqlite:a/b.db").unwrap(), Database::Sqlite("a/b.db".into()));
        assert_eq!(Database::parse("sqlite:///a/b.db").unwrap(), Database::Sqlite("/a/b.db".into()));
        assert!(Database::parse("flows.db").unwrap_err().to_string().contains("sqlite:PATH"));
        assert!(Database::parse("sqlite:").is_err());
    }

    fn no_flags() -> Serve {
        Serve::default()
    }
}
