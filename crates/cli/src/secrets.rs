//! The secrets of flows: from the environment, or from files that the command line names.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use steadflow_core::ids::TenantId;
use steadflow_nodes::{Secret, SecretHosts, Secrets};

const PREFIX: &str = "STEADFLOW_SECRET_";
/// Ends the name of a variable with the hosts of a secret.
const HOSTS: &str = "_HOSTS";

/// Secrets by name, the same for all tenants.
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
}

impl Secrets for KnownSecrets {
    fn secret(&self, _tenant: TenantId, name: &str) -> Option<Secret> {
        self.known.get(name).cloned()
    }

    fn missing(&self, name: &str) -> String {
        if self.are_named {
            return format!(
                "The flow uses the secret `{name}`, which this command was not given. Add `--secret {name}` to use \
                 {PREFIX}{name}, or `--secret {name}=@FILE`."
            );
        }
        format!("There is no secret `{name}`. Add it or correct the name.")
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
    use super::*;

    #[test]
    fn hosts_come_from_the_environment_or_else_from_the_file() {
        let variables =
            variables(&[("A", "1"), ("A_HOSTS", "a.example"), ("B", "2"), ("DB_HOSTS", "secret too")]);
        let bindings = bindings(&[("A", &["file.example"]), ("B", &["b.example", "*.b.example"])]);

        let secrets = KnownSecrets::of_variables(&variables, bindings).unwrap();

        let hosts = |name: &str| {
            secrets.secret(TenantId::DEFAULT, name).map(|found| found.hosts.map(|hosts| hosts.to_string()))
        };
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

        assert!(secrets.secret(TenantId::DEFAULT, "A").unwrap().hosts.is_some());
        assert_eq!(secrets.secret(TenantId::DEFAULT, "B"), None);
        assert!(secrets.missing("B").contains("`--secret B`"), "{}", secrets.missing("B"));
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
