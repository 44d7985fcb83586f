//! Where records go that are too long for the database.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, bail};
use serde::Deserialize;
use steadflow_blobs::{Credentials, Folder, S3, S3Config};
use steadflow_store::BlobStorage;
use zeroize::Zeroizing;

use super::SettingsFile;
use crate::args::Blobs;

const REGION: &str = "us-east-1";

/// The part `[blobs]` of `steadflow.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BlobsTable {
    storage: Option<String>,
    endpoint: Option<String>,
    region: Option<String>,
    path_style: Option<bool>,
    access_key_id: Option<String>,
    secret_access_key_file: Option<PathBuf>,
}

/// A storage for blobs.
#[derive(Clone, Debug)]
pub(crate) enum BlobSettings {
    Folder(Folder),
    S3(Arc<S3>),
}

impl BlobSettings {
    /// Returns the storage that is set up; `None` if long records are in the database.
    pub(crate) fn new(flags: Blobs, file: &SettingsFile) -> anyhow::Result<Option<Self>> {
        let table = &file.blobs;
        let Some(url) = flags.blobs.or_else(|| table.storage.clone()).filter(|url| !url.is_empty()) else {
            return Ok(None);
        };
        if let Some(path) = url.strip_prefix("file:") {
            // `file:///var/x` means the same as `file:/var/x`.
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() {
                bail!(
                    "The setting `blobs` is `{url}`, which has no path. Use one such as `file:/var/lib/steadflow/blobs`."
                );
            }
            return Ok(Some(Self::Folder(Folder::new(path))));
        }
        let Some(name) = url.strip_prefix("s3://") else {
            bail!("The setting `blobs` is `{url}`. Use `file:PATH` or `s3://BUCKET/PREFIX`.");
        };
        let (bucket, prefix) = name.split_once('/').unwrap_or((name, ""));
        let region = flags.blobs_region.or_else(|| table.region.clone()).unwrap_or_else(|| REGION.to_owned());
        let given = flags.blobs_endpoint.or_else(|| table.endpoint.clone()).filter(|url| !url.is_empty());
        let endpoint = given.clone().unwrap_or_else(|| format!("https://s3.{region}.amazonaws.com"));
        let config = S3Config {
            endpoint: endpoint.parse().with_context(|| format!("`{endpoint}` is no endpoint of S3"))?,
            bucket: bucket.to_owned(),
            prefix: prefix.trim_end_matches('/').to_owned(),
            region,
            // Services other than that of AWS rarely have a host for each bucket.
            is_path_style: table.path_style.unwrap_or(given.is_some()),
            credentials: table.credentials()?,
        };
        let tls = steadflow_nodes::tls_config().context("Could not set up TLS")?;
        let client = reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy();
        let storage = S3::new(config, client).context("The setting `blobs` is not valid")?;
        Ok(Some(Self::S3(Arc::new(storage))))
    }

    /// Returns the storage.
    pub(crate) fn storage(&self) -> Arc<dyn BlobStorage> {
        match self {
            Self::Folder(folder) => Arc::new(folder.clone()),
            Self::S3(bucket) => Arc::clone(bucket) as _,
        }
    }
}

impl BlobsTable {
    fn credentials(&self) -> anyhow::Result<Credentials> {
        let variable = |names: [&str; 2]| {
            let set = names.into_iter().find_map(|name| std::env::var(name).ok());
            set.filter(|value| !value.is_empty())
        };
        let key = variable(["STEADFLOW_BLOBS_ACCESS_KEY_ID", "AWS_ACCESS_KEY_ID"]);
        let Some(access_key_id) = key.or_else(|| self.access_key_id.clone()) else {
            bail!(
                "`s3://` needs an access key: set STEADFLOW_BLOBS_ACCESS_KEY_ID and STEADFLOW_BLOBS_SECRET_ACCESS_KEY, or \
                 `access_key_id` and `secret_access_key_file` in the part `[blobs]` of the settings file."
            );
        };
        let secret = variable(["STEADFLOW_BLOBS_SECRET_ACCESS_KEY", "AWS_SECRET_ACCESS_KEY"]);
        let secret = match (secret, &self.secret_access_key_file) {
            (Some(secret), _) => secret,
            (None, Some(path)) => std::fs::read_to_string(path).with_context(|| {
                format!("Could not read the file {} of `secret_access_key_file`", path.display())
            })?,
            (None, None) => bail!(
                "The access key {access_key_id} of `s3://` has no secret: set STEADFLOW_BLOBS_SECRET_ACCESS_KEY, or \
                 `secret_access_key_file` in the part `[blobs]` of the settings file."
            ),
        };
        let token = variable(["STEADFLOW_BLOBS_SESSION_TOKEN", "AWS_SESSION_TOKEN"]);
        Ok(Credentials {
            access_key_id,
            secret_access_key: Zeroizing::new(secret.trim().to_owned()),
            session_token: token.map(Zeroizing::new),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> anyhow::Result<Option<BlobSettings>> {
        BlobSettings::new(Blobs::default(), &SettingsFile::parse(&format!("[blobs]\n{text}"))?)
    }

    #[test]
    fn a_storage_is_what_the_file_says() {
        let place = |text: &str| read(text).unwrap().map(|settings| settings.storage().place());
        let directory = tempfile::tempdir().unwrap();
        let secret = directory.path().join("secret");
        std::fs::write(&secret, "hidden\n").unwrap();
        let key = format!("access_key_id = \"AKIA\"\nsecret_access_key_file = \"{}\"\n", secret.display());

        assert_eq!(place(""), None);
        assert_eq!(place("storage = \"file:///var/blobs\"").as_deref(), Some("file:/var/blobs"));
        let aws = format!("storage = \"s3://flows/a/b/\"\nregion = \"eu-central-1\"\n{key}");
        assert_eq!(place(&aws).as_deref(), Some("s3://flows/a/b at https://s3.eu-central-1.amazonaws.com"));
        let own = format!("storage = \"s3://flows\"\nendpoint = \"http://127.0.0.1:9000\"\n{key}");
        assert_eq!(place(&own).as_deref(), Some("s3://flows at http://127.0.0.1:9000"));
        assert!(!format!("{:?}", read(&aws)).contains("hidden"));
        for (text, said) in [
            ("storage = \"/var/blobs\"".to_owned(), "Use `file:PATH` or `s3://BUCKET/PREFIX`"),
            ("storage = \"file:\"".to_owned(), "has no path"),
            ("storage = \"s3://flows\"\naccess_key_id = \"AKIA\"".to_owned(), "has no secret"),
            (format!("storage = \"s3://f\"\n{key}"), "no name of a bucket"),
            (format!("storage = \"s3://flows/a//b\"\n{key}"), "is no prefix"),
            (format!("{own}\n[keep]").replace(":9000", ":9000/path"), "is no endpoint"),
        ] {
            let error = format!("{:#}", read(&text).unwrap_err());
            assert!(error.contains(said), "{error}");
        }
    }
}
