//! Where the master key comes from, which encrypts stored secrets.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use steadflow_access::{MasterKey, MasterKeySource};
use tokio::io::AsyncReadExt;
use tokio::process::Command;
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::{Database, SettingsFile};

const VARIABLE: &str = "STEADFLOW_MASTER_KEY";
/// How long a command may take that gives the key.
const COMMAND_TIME_MAX: Duration = Duration::from_secs(10);
/// What it may write: more than a key in Base64 has.
const OUTPUT_BYTES_MAX: u64 = 256;

/// How the server gets its master key.
#[derive(Debug)]
pub(crate) enum MasterKeySetting {
    /// It was given.
    Given(MasterKey),
    /// A program and its arguments, which write it to standard output.
    Command(Vec<String>),
    /// Nothing is said about it.
    Unset,
}

impl MasterKeySetting {
    /// Reads the key of the environment or a file, which `steadflow.toml` may name as well.
    ///
    /// # Errors
    /// There are two of them, or what there is is no key.
    pub(crate) fn new(flag: Option<PathBuf>, file: &SettingsFile) -> anyhow::Result<Self> {
        Self::of(std::env::var_os(VARIABLE), flag, file)
    }

    fn of(variable: Option<OsString>, flag: Option<PathBuf>, file: &SettingsFile) -> anyhow::Result<Self> {
        let read = |path: PathBuf| {
            MasterKey::read(&path).map(Self::Given).context("The setting `master_key_file` is not valid")
        };
        match (variable, flag) {
            (Some(_), Some(_)) => {
                bail!("Both {VARIABLE} and `master_key_file` are set. Remove one of them.")
            }
            (Some(variable), None) => {
                let text = Zeroizing::new(variable.into_encoded_bytes());
                let key = MasterKey::parse(&text).with_context(|| format!("{VARIABLE} is not valid"))?;
                return Ok(Self::Given(key));
            }
            (None, Some(path)) => return read(path),
            (None, None) => {}
        }
        match (file.master_key_file.clone(), file.master_key_command.clone()) {
            (Some(_), Some(_)) => bail!(
                "Both `master_key_file` and `master_key_command` are in the settings file. Remove one of them."
            ),
            (Some(path), None) => read(path),
            (None, Some(command)) if command.is_empty() => bail!(
                "The setting `master_key_command` is empty. It is a program with its arguments, such as \
                 [\"/usr/local/bin/read-key\", \"steadflow\"]."
            ),
            (None, Some(command)) => Ok(Self::Command(command)),
            (None, None) => Ok(Self::Unset),
        }
    }

    /// Returns the key, or the file beside the database of SQLite in which it is or will be.
    ///
    /// # Errors
    /// The command gives no key.
    pub(crate) async fn source(&self, database: &Database) -> anyhow::Result<MasterKeySource> {
        Ok(match (self, database) {
            (Self::Given(key), _) => MasterKeySource::Given(key.clone()),
            (Self::Command(command), _) => {
                let key = asked(command).await.context("The setting `master_key_command` gives no key")?;
                MasterKeySource::Given(key)
            }
            (Self::Unset, Database::Sqlite(path)) => {
                let mut path = path.clone().into_os_string();
                path.push(".master-key");
                MasterKeySource::File(path.into())
            }
            (Self::Unset, Database::Postgres(_)) => MasterKeySource::None,
        })
    }
}

/// Asks a command for the key. What it writes to standard error is shown, and a command that takes too long is killed.
async fn asked(command: &[String]) -> anyhow::Result<MasterKey> {
    let [program, arguments @ ..] = command else { bail!("there is no program") };
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("could not start `{program}`"))?;
    let output = child.stdout.take().context("it has no standard output")?;
    let work = async {
        let mut text = Zeroizing::new(Vec::with_capacity(usize::try_from(OUTPUT_BYTES_MAX)?));
        output.take(OUTPUT_BYTES_MAX).read_to_end(&mut text).await?;
        anyhow::Ok((text, child.wait().await?))
    };
    let ended = timeout(COMMAND_TIME_MAX, work).await;
    let (text, status) = ended.with_context(|| {
        format!("`{program}` has not ended within {} seconds", COMMAND_TIME_MAX.as_secs())
    })??;
    if !status.success() {
        bail!("`{program}` has failed: {status}");
    }
    Ok(MasterKey::parse(&text)?)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    fn file(text: &str) -> SettingsFile {
        SettingsFile::parse(text).unwrap()
    }

    async fn id_of(setting: &MasterKeySetting) -> anyhow::Result<String> {
        let database = Database::parse("postgres://localhost/x").unwrap();
        Ok(match setting.source(&database).await? {
            MasterKeySource::Given(key) => key.id().to_string(),
            MasterKeySource::File(path) => path.display().to_string(),
            MasterKeySource::None => "none".to_owned(),
        })
    }

    fn id() -> String {
        MasterKey::parse(KEY.as_bytes()).unwrap().id().to_string()
    }

    #[tokio::test]
    async fn a_key_comes_from_the_environment_a_file_or_a_command() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, KEY).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        let in_file = format!("master_key_file = {path:?}");
        let command = format!("master_key_command = [\"cat\", {path:?}]");

        let of_variable = MasterKeySetting::of(Some(KEY.into()), None, &file(&command)).unwrap();
        let of_flag = MasterKeySetting::of(None, Some(path.clone()), &file(&command)).unwrap();
        let of_file = MasterKeySetting::of(None, None, &file(&in_file)).unwrap();
        let of_command = MasterKeySetting::of(None, None, &file(&command)).unwrap();

        for setting in [of_variable, of_flag, of_file, of_command] {
            assert_eq!(id_of(&setting).await.unwrap(), id(), "{setting:?}");
        }
        let none = MasterKeySetting::of(None, None, &file("")).unwrap();
        assert_eq!(id_of(&none).await.unwrap(), "none");
        let sqlite = none.source(&Database::Sqlite("a/b.db".into())).await.unwrap();
        assert!(matches!(sqlite, MasterKeySource::File(path) if path.as_os_str() == "a/b.db.master-key"));
    }

    #[tokio::test]
    async fn what_gives_no_key_is_refused_by_name() {
        let both = MasterKeySetting::of(Some(KEY.into()), Some("key".into()), &file(""));
        let two = "master_key_file = \"a\"\nmaster_key_command = [\"b\"]";
        let two = MasterKeySetting::of(None, None, &file(two));
        let empty = MasterKeySetting::of(Some("".into()), None, &file(""));
        let no_file = MasterKeySetting::of(None, Some("/nowhere/at/all".into()), &file(""));
        let no_command = MasterKeySetting::of(None, None, &file("master_key_command = []"));

        for (refused, said) in [
            (both, "Both STEADFLOW_MASTER_KEY and `master_key_file`"),
            (two, "Both `master_key_file` and `master_key_command`"),
            (empty, "STEADFLOW_MASTER_KEY is not valid"),
            (no_file, "`master_key_file` is not valid"),
            (no_command, "`master_key_command` is empty"),
        ] {
            let message = refused.unwrap_err().to_string();
            assert!(message.contains(said), "{message}");
        }
        for (command, said) in [
            (r#"["/nowhere/at/all"]"#, "could not start"),
            (r#"["echo", "canary"]"#, "32 bytes in Base64"),
            (r#"["sh", "-c", "exit 3"]"#, "exit status: 3"),
        ] {
            let settings = file(&format!("master_key_command = {command}"));
            let refused = id_of(&MasterKeySetting::of(None, None, &settings).unwrap()).await;
            let message = format!("{:#}", refused.unwrap_err());
            assert!(message.contains(said) && !message.contains("canary"), "{message}");
        }
    }
}
