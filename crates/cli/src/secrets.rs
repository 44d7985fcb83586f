//! The secrets of flows: stored ones, those of the environment, and those of files that the command line names.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use anyhow::{Context, bail};
use futures_util::future::BoxFuture;
use steadflow_access::{Found, Oauth, Vault};
use steadflow_api::EnvironmentSecret;
use steadflow_core::failure::Failure;
use steadflow_core::ids::TenantId;
use steadflow_core::timestamp::Timestamp;
use steadflow_nodes::{GuardedClient, Secret, SecretHosts, Secrets};
use steadflow_runtime::{Clock, SystemClock};

const PREFIX: &str = "STEADFLOW_SECRET_";
/// Ends the name of a variable with the hosts of a secret.
const HOSTS: &str = "_HOSTS";

/// All secrets. One that is stored comes before one of the environment; those of the environment are of the first tenant alone, as
/// the person who sets them is an operator and not another tenant.
#[derive(Debug)]
pub(crate) struct AllSecrets {
    /// Those that are stored, where any can be.
    pub(crate) vault: Option<Vault>,
    pub(crate) environment: KnownSecrets,
    /// What obtains the tokens of OAuth2 secrets, from when there is a client for it.
    pub(crate) oauth: OnceLock<Oauth>,
}

impl AllSecrets {
    fn stored(&self, tenant: TenantId, name: &str) -> Option<Found> {
        self.vault.as_ref()?.secret(tenant, name)
    }

    /// Returns whether there is a secret, although its value may have to be obtained first.
    pub(crate) fn is_there(&self, tenant: TenantId, name: &str) -> bool {
        matches!(self.stored(tenant, name), Some(Found::Oauth { .. })) || self.secret(tenant, name).is_some()
    }

    /// Returns the value of a secret that is one. An access token is none: it is another one each time.
    pub(crate) fn value(&self, tenant: TenantId, name: &str) -> Option<String> {
        self.secret(tenant, name).filter(|secret| !secret.is_token).map(|secret| secret.value)
    }
}

/// Returns what asks for the tokens of OAuth2 secrets.
pub(crate) fn oauth(vault: Vault, client: GuardedClient) -> Oauth {
    Oauth::new(vault, client, wall)
}

fn wall() -> Timestamp {
    SystemClock::new().wall()
}

impl Secrets for AllSecrets {
    fn secret(&self, tenant: TenantId, name: &str) -> Option<Secret> {
        match self.stored(tenant, name) {
            Some(Found::Secret { value, hosts }) => {
                Some(Secret { value: value.to_string(), hosts: Some(bound(&hosts)?), is_token: false })
            }
            Some(Found::Oauth { hosts }) => {
                let token = self.vault.as_ref()?.token(tenant, name, wall())?;
                Some(Secret { value: token.to_string(), hosts: Some(bound(&hosts)?), is_token: true })
            }
            Some(Found::Damaged) => None,
            None => self.environment.known.get(name).filter(|_| tenant == TenantId::DEFAULT).cloned(),
        }
    }

    fn missing(&self, tenant: TenantId, name: &str) -> String {
        if matches!(self.stored(tenant, name), Some(Found::Oauth { .. })) {
            return format!("The token of the secret `{name}` has expired again before it could be used.");
        }
        if self.stored(tenant, name).is_some() {
            return format!(
                "The secret `{name}` is stored, but cannot be decrypted. Start the server with the master key that it was \
                 stored with, or set the secret again."
            );
        }
        self.environment.missing(name)
    }

    fn obtain<'a>(&'a self, tenant: TenantId, name: &'a str) -> Option<BoxFuture<'a, Result<(), Failure>>> {
        let is_obtained = matches!(self.stored(tenant, name), Some(Found::Oauth { .. }));
        let oauth = self.oauth.get().filter(|_| is_obtained)?;
        Some(Box::pin(oauth.obtain(tenant, name)))
    }

    fn refuse(&self, tenant: TenantId, name: &str, token: &str) -> bool {
        self.vault.as_ref().is_some_and(|vault| vault.refuse_token(tenant, name, token, wall()))
    }
}

/// Returns the hosts that a stored secret may be sent to.
fn bound(hosts: &str) -> Option<SecretHosts> {
    if hosts.is_empty() { Some(SecretHosts::none()) } else { SecretHosts::parse(hosts).ok() }
}

/// Secrets that are given when the program starts, by name.
#[derive(Debug, Default)]
pub(crate) struct KnownSecrets {
    known: BTreeMap<String, Secret>,
    /// Whether only the secrets of the command line are known.
    are_named: bool,
}

/// The hosts of secrets in `steadflow.toml`, by the names of the secrets.
type Bindings = BTreeMap<String, Vec<String>>;

impl KnownSecrets {
    /// Takes all secrets of the environment, bound to the hosts of the environment or else of `bindings`.
    ///
    /// # Errors
    /// Hosts are not valid.
    pub(crate) fn of_environment(bindings: Bindings) -> anyhow::Result<Self> {
        Self::of_variables(&variables(), bindings)
    }

    /// Takes the secrets that the command line names: `NAME` from the environment, `NAME=@FILE` from a file.
    ///
    /// # Errors
    /// A secret is not there, or its hosts are not valid.
    pub(crate) fn named(named: &[String], bindings: Bindings) -> anyhow::Result<Self> {
        Self::of_names(named, &variables(), bindings)
    }

    fn of_variables(variables: &BTreeMap<String, String>, bindings: Bindings) -> anyhow::Result<Self> {
        let is_secret = |name: &str| {
            let is_binding = name.strip_suffix(HOSTS).is_some_and(|of| variables.contains_key(of));
            is_name(name) && !is_binding
        };
        let found = variables.iter().filter(|(name, _)| is_secret(name));
        let known = found.map(|(name, value)| (name.clone(), Secret::new(value.clone()))).collect();
        Self { known, are_named: false }.bound(variables, bindings)
    }

    fn of_names(
        named: &[String],
        variables: &BTreeMap<String, String>,
        bindings: Bindings,
    ) -> anyhow::Result<Self> {
        let mut known = BTreeMap::new();
        for named in named {
            let (name, value) = value_of(named, variables)?;
            known.insert(name.to_owned(), Secret::new(value));
        }
        Self { known, are_named: true }.bound(variables, bindings)
    }

    /// Binds secrets to their hosts. The environment comes before the settings file.
    fn bound(mut self, variables: &BTreeMap<String, String>, bindings: Bindings) -> anyhow::Result<Self> {
        for (name, secret) in &mut self.known {
            let variable = format!("{name}{HOSTS}");
            secret.hosts = match (variables.get(&variable), bindings.get(name)) {
                (Some(list), _) => Some(
                    SecretHosts::parse(list)
                        .with_context(|| format!("The variable {PREFIX}{variable} is not valid"))?,
                ),
                (None, Some(list)) => Some(
                    SecretHosts::parse(&list.join(","))
                        .with_context(|| format!("`{name}` of the setting `secret_hosts` is not valid"))?,
                ),
                (None, None) => None,
            };
        }
        Ok(self)
    }

    /// Returns their names and hosts, for the list of secrets.
    pub(crate) fn listed(&self) -> Vec<EnvironmentSecret> {
        let entry = |(name, secret): (&String, &Secret)| EnvironmentSecret {
            name: name.clone(),
            hosts: secret.hosts.as_ref().map(ToString::to_string),
        };
        self.known.iter().map(entry).collect()
    }

    fn missing(&self, name: &str) -> String {
        if self.are_named {
            return format!(
                "The flow uses the secret `{name}`, which this command was not given. Add `--secret {name}` to use \
                 {PREFIX}{name}, or `--secret {name}=@FILE`."
            );
        }
        format!(
            "There is no secret `{name}`. Set it with `steadflow secrets set {name}`, or correct the name."
        )
    }
}

/// Returns the value of a secret that the command line names: `NAME` from the environment, `NAME=@FILE` from a file.
///
/// # Errors
/// As of [`KnownSecrets::named`].
pub(crate) fn named_value(named: &str) -> anyhow::Result<String> {
    value_of(named, &variables()).map(|(_, value)| value)
}

/// Returns the value of a secret that the environment has.
pub(crate) fn value_in_environment(name: &str) -> Option<String> {
    std::env::var(variable(name)).ok()
}

/// Returns the name of the variable with a secret.
pub(crate) fn variable(name: &str) -> String {
    format!("{PREFIX}{name}")
}

/// Returns the variables of secrets, without their prefix.
fn variables() -> BTreeMap<String, String> {
    let all = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    all.filter_map(|(name, value)| Some((name.strip_prefix(PREFIX)?.to_owned(), value))).collect()
}

/// Returns the name and the value of a secret that the command line names.
fn value_of<'n>(named: &'n str, variables: &BTreeMap<String, String>) -> anyhow::Result<(&'n str, String)> {
    let (name, source) = named.split_once('=').map_or((named, None), |(name, source)| (name, Some(source)));
    if !is_name(name) {
        bail!("`{name}` is not the name of a secret. Use letters, digits and `_`, as in `--secret API_KEY`.");
    }
    let Some(source) = source else {
        let value = variables.get(name).with_context(|| {
            format!("There is no variable {PREFIX}{name}. Set it, or use `--secret {name}=@FILE`")
        })?;
        return Ok((name, value.clone()));
    };
    let Some(path) = source.strip_prefix('@') else {
        bail!(
            "`--secret {name}=…` would show the secret to all users of this machine. Set {PREFIX}{name} and use \
             `--secret {name}`, or `--secret {name}=@FILE`."
        );
    };
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("Could not read the secret `{name}` in {path}"))?;
    Ok((name, text.trim_end_matches(['\r', '\n']).to_owned()))
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use steadflow_access::{MasterKey, MasterKeySource, NewSecret, NewValue};
    use steadflow_core::timestamp::Timestamp;
    use steadflow_store::MemoryStore;

    use super::*;

    #[test]
    fn hosts_come_from_the_environment_or_else_from_the_file() {
        let variables =
            variables(&[("A", "1"), ("A_HOSTS", "a.example"), ("B", "2"), ("DB_HOSTS", "secret too")]);
        let bindings = bindings(&[("A", &["file.example"]), ("B", &["b.example", "*.b.example"])]);

        let secrets = KnownSecrets::of_variables(&variables, bindings).unwrap();

        let hosts =
            |name: &str| secrets.known.get(name).map(|found| found.hosts.as_ref().map(ToString::to_string));
        assert_eq!(hosts("A"), Some(Some("a.example".to_owned())));
        assert_eq!(hosts("B"), Some(Some("b.example, *.b.example".to_owned())));
        assert_eq!(hosts("DB_HOSTS"), Some(None));
        assert_eq!(hosts("A_HOSTS"), None);
    }

    #[test]
    fn hosts_that_are_none_are_refused_with_their_name() {
        let of_environment =
            KnownSecrets::of_variables(&variables(&[("A", "1"), ("A_HOSTS", "https://x")]), Bindings::new());
        let of_file = KnownSecrets::of_variables(&variables(&[("A", "1")]), bindings(&[("A", &["a b"])]));

        assert!(of_environment.unwrap_err().to_string().contains("A_HOSTS is not valid"));
        assert!(of_file.unwrap_err().to_string().contains("`A` of the setting `secret_hosts`"));
    }

    #[test]
    fn a_run_has_only_the_secrets_that_are_named() {
        let variables = variables(&[("A", "1"), ("B", "2"), ("A_HOSTS", "a.example")]);

        let secrets = KnownSecrets::of_names(&["A".to_owned()], &variables, Bindings::new()).unwrap();

        assert!(secrets.known["A"].hosts.is_some());
        assert_eq!(secrets.known.get("B"), None);
        assert!(secrets.missing("B").contains("`--secret B`"), "{}", secrets.missing("B"));
    }

    #[tokio::test]
    async fn a_stored_secret_comes_first_and_the_environment_is_of_the_first_tenant() {
        let other = TenantId::new(uuid::Uuid::from_u128(7));
        let (store, vault) = vault(1).await;
        let put =
            async |tenant, name: &str, hosts: &str| vault.put(stored(tenant, name, hosts)).await.unwrap();
        put(TenantId::DEFAULT, "A", "a.example").await;
        put(TenantId::DEFAULT, "KEPT", "").await;
        put(other, "B", "b.example").await;
        let given = variables(&[("A", "1"), ("A_HOSTS", "env.example"), ("C", "3")]);
        let environment = KnownSecrets::of_variables(&given, Bindings::new()).unwrap();
        let secrets = AllSecrets { vault: Some(vault.clone()), environment, oauth: OnceLock::new() };

        let found = |tenant, name: &str| {
            let secret = secrets.secret(tenant, name)?;
            Some((secret.value, secret.hosts.map(|hosts| hosts.to_string())))
        };
        let of = |value: &str, hosts: Option<&str>| Some((value.to_owned(), hosts.map(ToOwned::to_owned)));

        assert_eq!(found(TenantId::DEFAULT, "A"), of("stored", Some("a.example")));
        assert_eq!(found(TenantId::DEFAULT, "C"), of("3", None));
        assert_eq!(found(TenantId::DEFAULT, "KEPT"), of("stored", Some("")), "bound, and to no host");
        assert_eq!(found(TenantId::DEFAULT, "B"), None);
        assert_eq!((found(other, "A"), found(other, "C")), (None, None), "nothing of the environment");
        assert_eq!(found(other, "B"), of("stored", Some("b.example")));
        let damaged = Vault::open(Arc::new(store), MasterKeySource::Given(key(2))).await.unwrap();
        let secrets = AllSecrets { vault: Some(damaged), ..secrets };
        assert_eq!(secrets.secret(TenantId::DEFAULT, "A"), None, "the one of the environment is another one");
        assert!(secrets.missing(TenantId::DEFAULT, "A").contains("cannot be decrypted"));
        assert!(secrets.missing(TenantId::DEFAULT, "D").contains("There is no secret `D`"));
    }

    async fn vault(byte: u8) -> (MemoryStore, Vault) {
        let store = MemoryStore::new();
        let vault = Vault::open(Arc::new(store.reopen()), MasterKeySource::Given(key(byte))).await.unwrap();
        (store, vault)
    }

    fn key(byte: u8) -> MasterKey {
        MasterKey::parse(format!("{byte}AECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").as_bytes()).unwrap()
    }

    fn stored(tenant: TenantId, name: &str, hosts: &str) -> NewSecret {
        let value = NewValue::Value("stored".to_owned().into());
        let (at, by) = (Timestamp::from_micros(1), "ada".into());
        NewSecret { tenant, name: name.into(), value, hosts: hosts.into(), at, by }
    }

    #[test]
    fn what_cannot_be_taken_is_refused_without_its_value() {
        for (named, said) in [
            ("B", "There is no variable "),
            ("A=canary", "would show the secret"),
            ("A B", "is not the name of a secret"),
            ("A=@/nowhere/at/all", "Could not read the secret `A`"),
        ] {
            let refused =
                KnownSecrets::of_names(&[named.to_owned()], &variables(&[("A", "1")]), Bindings::new());

            let message = refused.unwrap_err().to_string();
            assert!(message.contains(said) && !message.contains("canary"), "{message}");
        }
    }

    fn variables(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
        entries.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    fn bindings(entries: &[(&str, &[&str])]) -> Bindings {
        let owned = |hosts: &[&str]| hosts.iter().map(|&host| host.to_owned()).collect();
        entries.iter().map(|&(name, hosts)| (name.to_owned(), owned(hosts))).collect()
    }
}
