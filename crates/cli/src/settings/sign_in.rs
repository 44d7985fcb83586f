//! How people sign in: with passwords, and at the providers of `[[oidc]]` in `steadflow.toml`.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use serde::Deserialize;
use steadflow_access::{ClientSecret, DEFAULT_TENANT, GroupRole, OidcProvider, check_issuer};
use steadflow_core::caller::Role;

use super::SettingsFile;

/// Characters of the id of a provider, which is a part of addresses.
const ID_CHARS_MAX: usize = 40;
/// Characters of what people call it: it is on a button.
const LABEL_CHARS_MAX: usize = 60;
const SCOPES: [&str; 3] = ["openid", "email", "profile"];

/// A part `[[oidc]]` of `steadflow.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OidcTable {
    id: String,
    issuer: String,
    client_id: String,
    client_secret_file: Option<PathBuf>,
    client_secret_env: Option<String>,
    label: Option<String>,
    scopes: Option<Vec<String>>,
    #[serde(default)]
    allowed_domains: Vec<String>,
    #[serde(default)]
    trust_email: bool,
    groups_claim: Option<String>,
    #[serde(default)]
    groups: Vec<GroupTable>,
    create_as: Option<String>,
    tenant: Option<String>,
}

/// What a group of a provider may do.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupTable {
    group: String,
    role: String,
    tenant: Option<String>,
}

/// How people sign in.
#[derive(Clone, Debug)]
pub(crate) struct SignInSettings {
    /// Whether they may with a password.
    pub(crate) passwords: bool,
    /// The providers at which they may.
    pub(crate) providers: Vec<OidcProvider>,
}

impl SignInSettings {
    /// Reads them, for a server at which people sign in or not.
    ///
    /// # Errors
    /// A provider cannot be meant so, or nobody could sign in.
    pub(crate) fn new(file: &SettingsFile, has_auth: bool) -> anyhow::Result<Self> {
        let read = |table: &OidcTable| {
            table.read().with_context(|| format!("The setting `oidc` of `{}` is not valid", table.id))
        };
        let providers: Vec<_> = file.oidc.iter().map(read).collect::<anyhow::Result<_>>()?;
        let ids: BTreeSet<_> = providers.iter().map(|provider| &provider.id).collect();
        ensure!(
            ids.len() == providers.len(),
            "Two parts `[[oidc]]` of the settings have the same `id`. It is in the address that a provider sends people back to, so \
             each needs its own."
        );
        let passwords = file.password_sign_in.unwrap_or(true);
        ensure!(
            passwords || !providers.is_empty(),
            "The setting `password_sign_in` is false and there is no `[[oidc]]`, so nobody could sign in. Describe a provider, or \
             remove `password_sign_in`."
        );
        ensure!(
            has_auth || (passwords && providers.is_empty()),
            "Nobody signs in at this server, so `[[oidc]]` and `password_sign_in` have no effect. Add `auth = \"on\"`, or remove them."
        );
        Ok(Self { passwords, providers })
    }
}

impl OidcTable {
    fn read(&self) -> anyhow::Result<OidcProvider> {
        let is_id = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        ensure!(
            (1..=ID_CHARS_MAX).contains(&self.id.len()) && self.id.chars().all(is_id),
            "`id` has 1 to {ID_CHARS_MAX} letters (a to z), digits and `-`, such as `okta`: it is a part of an address."
        );
        check_issuer(&self.issuer)?;
        ensure!(
            !self.client_id.is_empty(),
            "`client_id` is empty. The provider shows it where this server is registered."
        );
        let scopes = self.scopes.clone().unwrap_or_else(|| SCOPES.map(str::to_owned).into());
        ensure!(
            scopes.iter().any(|scope| scope == "openid"),
            "`scopes` lacks `openid`, without which a provider does not say who somebody is."
        );
        let allowed_domains: Vec<Arc<str>> =
            self.allowed_domains.iter().map(|domain| domain_of(domain)).collect::<anyhow::Result<_>>()?;
        ensure!(
            !self.trust_email || !allowed_domains.is_empty(),
            "`trust_email` needs `allowed_domains`: the domains of which the provider gives out addresses only to those who have them."
        );
        let create_as =
            self.create_as.as_deref().map(role_of).transpose().context("`create_as` is not valid")?;
        ensure!(
            create_as.is_none() || !allowed_domains.is_empty() || !self.groups.is_empty(),
            "`create_as` needs `allowed_domains` or `groups`: else everybody who has an account at the provider would become a member."
        );
        let tenant: Arc<str> = self.tenant.as_deref().unwrap_or(DEFAULT_TENANT).into();
        Ok(OidcProvider {
            id: self.id.as_str().into(),
            label: self.label()?,
            issuer: self.issuer.as_str().into(),
            client_id: self.client_id.as_str().into(),
            client_secret: self.client_secret()?,
            scopes,
            allowed_domains,
            trusts_email: self.trust_email,
            groups_claim: self.groups_claim.as_deref().unwrap_or("groups").into(),
            groups: self.groups.iter().map(|group| group.read(&tenant)).collect::<anyhow::Result<_>>()?,
            create_as,
            tenant,
        })
    }

    /// Returns what people call it; without a name, its host.
    fn label(&self) -> anyhow::Result<Arc<str>> {
        let host =
            || self.issuer.split("://").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or_default();
        let label = self.label.as_deref().unwrap_or_else(host).trim();
        ensure!(
            (1..=LABEL_CHARS_MAX).contains(&label.chars().count()),
            "`label` has 1 to {LABEL_CHARS_MAX} characters: it is on the button, behind `Sign in with`."
        );
        Ok(label.into())
    }

    fn client_secret(&self) -> anyhow::Result<Option<ClientSecret>> {
        let text = match (&self.client_secret_file, &self.client_secret_env) {
            (None, None) => return Ok(None),
            (Some(_), Some(_)) => {
                bail!("There are `client_secret_file` and `client_secret_env`. Remove one of them.")
            }
            (Some(path), None) => std::fs::read_to_string(path).with_context(|| {
                format!("Could not read the file {} of `client_secret_file`", path.display())
            })?,
            (None, Some(name)) => std::env::var(name).with_context(|| {
                format!("The variable `{name}`, which `client_secret_env` names, is not set")
            })?,
        };
        let text = text.trim();
        ensure!(
            !text.is_empty(),
            "The secret that `client_secret_file` or `client_secret_env` names is empty."
        );
        Ok(Some(ClientSecret::new(text.to_owned())))
    }
}

impl GroupTable {
    fn read(&self, tenant: &Arc<str>) -> anyhow::Result<GroupRole> {
        ensure!(!self.group.is_empty(), "A `group` of `groups` is empty.");
        let role = role_of(&self.role)
            .with_context(|| format!("The role of the group `{}` is not valid", self.group))?;
        let tenant = self.tenant.as_deref().map_or_else(|| Arc::clone(tenant), Arc::from);
        Ok(GroupRole { group: self.group.as_str().into(), role, tenant })
    }
}

fn role_of(text: &str) -> anyhow::Result<Role> {
    text.parse()
        .ok()
        .with_context(|| format!("`{text}` is no role. Use `viewer`, `operator`, `editor` or `admin`"))
}

fn domain_of(text: &str) -> anyhow::Result<Arc<str>> {
    let domain = text.trim_start_matches('@').to_lowercase();
    let is_domain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.');
    ensure!(
        !domain.is_empty() && domain.chars().all(is_domain) && !domain.starts_with('.'),
        "`{text}` of `allowed_domains` is no domain. Use one such as `example.org`; subdomains are others."
    );
    Ok(domain.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROVIDER: &str = "[[oidc]]\nid = \"okta\"\nissuer = \"https://a.okta.com\"\nclient_id = \"c\"\n";

    fn read(text: &str) -> anyhow::Result<SignInSettings> {
        SignInSettings::new(&SettingsFile::parse(text)?, true)
    }

    #[test]
    fn a_provider_is_what_the_file_says() {
        let more = "label = \"Okta\"\nallowed_domains = [\"@Example.ORG\"]\ntrust_email = true\ncreate_as = \"viewer\"\ntenant = \"acme\"\n\
                    groups = [{ group = \"g1\", role = \"admin\" }, { group = \"g2\", role = \"editor\", tenant = \"default\" }]\n";

        let settings = read(&format!("password_sign_in = false\n{PROVIDER}{more}")).unwrap();

        let [provider] = &*settings.providers else { panic!("there is one") };
        assert!(!settings.passwords && provider.trusts_email && provider.client_secret.is_none());
        assert_eq!((&*provider.label, &*provider.allowed_domains[0]), ("Okta", "example.org"));
        assert_eq!(provider.scopes, SCOPES);
        let groups: Vec<_> = provider.groups.iter().map(|group| (group.role, &*group.tenant)).collect();
        assert_eq!(groups, [(Role::Admin, "acme"), (Role::Editor, "default")]);
        assert_eq!(&*read(PROVIDER).unwrap().providers[0].label, "a.okta.com");
    }

    #[test]
    fn what_cannot_be_meant_is_refused_by_name() {
        for (more, said) in [
            ("id = \"Okta\"", "duplicate key"),
            ("scopes = [\"email\"]", "lacks `openid`"),
            ("trust_email = true", "`trust_email` needs `allowed_domains`"),
            ("create_as = \"viewer\"", "everybody who has an account at the provider"),
            ("create_as = \"owner\"\nallowed_domains = [\"a.org\"]", "`owner` is no role"),
            ("allowed_domains = [\"ann@example.org\"]", "is no domain"),
            ("groups = [{ group = \"g\", role = \"boss\" }]", "`boss` is no role"),
            ("label = \" \"", "`label` has 1 to 60"),
            ("client_secret_env = \"NO_SUCH_VARIABLE\"", "is not set"),
            ("client_secret_file = \"/does/not/exist\"", "Could not read the file"),
            ("client_secret = \"in the file\"", "unknown field `client_secret`"),
            ("client_secret_file = \"a\"\nclient_secret_env = \"b\"", "Remove one of them"),
        ] {
            let error = format!("{:#}", read(&format!("{PROVIDER}{more}\n")).unwrap_err());
            assert!(error.contains(said), "{error}");
        }
        for (issuer, said) in [
            ("http://login.example.org", "must begin with `https://`"),
            ("login.example.org", "must be the URL"),
            ("https://login.example.org/?a=b", "must be the URL"),
            ("https://u:p@login.example.org/", "must be the URL"),
        ] {
            let error = format!("{:#}", read(&PROVIDER.replace("https://a.okta.com", issuer)).unwrap_err());
            assert!(error.contains(said), "{error}");
        }
        let same = format!("{:#}", read(&format!("{PROVIDER}{PROVIDER}")).unwrap_err());
        assert!(same.contains("the same `id`"), "{same}");
        let nobody = format!("{:#}", read("password_sign_in = false").unwrap_err());
        assert!(nobody.contains("nobody could sign in"), "{nobody}");
        let file = SettingsFile::parse(PROVIDER).unwrap();
        let open = format!("{:#}", SignInSettings::new(&file, false).unwrap_err());
        assert!(open.contains("`auth = \"on\"`"), "{open}");
    }
}
