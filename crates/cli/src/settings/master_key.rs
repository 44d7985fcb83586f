//! Where the master key comes from, which encrypts stored secrets.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use steadflow_access::{MasterKey, MasterKeySource, MasterKeys};
use tokio::io::AsyncReadExt;
use tokio::process::Command;
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::{Database, SettingsFile};

/// How long a command may take that gives the key.
const COMMAND_TIME_MAX: Duration = Duration::from_secs(10);
/// What it may write: more than a key in Base64 has.
const OUTPUT_BYTES_MAX: u64 = 256;

/// Which of the two master keys a setting is about.
#[derive(Clone, Copy, Debug)]
enum Which {
    Present,
    /// The one that takes over when the key is rotated.
    Next,
}

impl Which {
    const fn variable(self) -> &'static str {
        match self {
            Self::Present => "STEADFLOW_MASTER_KEY",
            Self::Next => "STEADFLOW_NEXT_MASTER_KEY",
        }
    }

    const fn file(self) -> &'static str {
        match self {
            Self::Present => "master_key_file",
            Self::Next => "next_master_key_file",
        }
    }

    const fn command(self) -> &'static str {
        match self {
            Self::Present => "master_key_command",
            Self::Next => "next_master_key_command",
        }
    }
}

/// How the server gets its master keys.
#[derive(Debug)]
pub(crate) struct MasterKeySettings {
    present: MasterKeySetting,
    next: MasterKeySetting,
}

impl MasterKeySettings {
    /// Reads the keys of the environment or of files, which `steadflow.toml` may name as well.
    ///
    /// # Errors
    /// There are two where one is expected, or what there is is no key.
    pub(crate) fn new(
        flag: Option<PathBuf>,
        next_flag: Option<PathBuf>,
        file: &SettingsFile,
    ) -> anyhow::Result<Self> {
        let read = |which: Which, flag| {
            let in_file = match which {
                Which::Present => (file.master_key_file.clone(), file.master_key_command.clone()),
                Which::Next => (file.next_master_key_file.clone(), file.next_master_key_command.clone()),
            };
            MasterKeySetting::of(which, std::env::var_os(which.variable()), flag, in_file)
        };
        Ok(Self { present: read(Which::Present, flag)?, next: read(Which::Next, next_flag)? })
    }

    /// Returns the keys. Without one, it is or will be in a file beside the database of SQLite.
    ///
    /// # Errors
    /// A command gives no key, or both are the same.
    pub(crate) async fn keys(&self, database: &Database) -> anyhow::Result<MasterKeys> {
        let present = match (self.present.key(Which::Present).await?, database) {
            (Some(key), _) => MasterKeySource::Given(key),
            (None, Database::Sqlite(path)) => {
                let mut path = path.clone().into_os_string();
                path.push(".master-key");
                MasterKeySource::File(path.into())
            }
            (None, Database::Postgres(_)) => MasterKeySource::None,
        };
        let next = self.next.key(Which::Next).await?;
        if let (MasterKeySource::Given(present), Some(next)) = (&present, &next)
            && present.id() == next.id()
        {
            bail!("The master key and the next master key are the same. Remove the setting of the next one.");
        }
        Ok(MasterKeys { present, next })
    }
}

/// How the server gets one of them.
#[derive(Debug)]
enum MasterKeySetting {
    /// It was given.
    Given(MasterKey),
    /// A program and its arguments, which write it to standard output.
    Command(Vec<String>),
    /// Nothing is said about it.
    Unset,
}

impl MasterKeySetting {
    fn of(
        which: Which,
        variable: Option<OsString>,
        flag: Option<PathBuf>,
        in_file: (Option<PathBuf>, Option<Vec<String>>),
    ) -> anyhow::Result<Self> {
        let names = (which.variable(), which.file(), which.command());
        let read = |path: PathBuf| {
            MasterKey::read(&path)
                .map(Self::Given)
                .with_context(|| format!("The setting `{}` is not valid", names.1))
        };
        match (variable, flag) {
            (Some(_), Some(_)) => bail!("Both {} and `{}` are set. Remove one of them.", names.0, names.1),
            (Some(variable), None) => {
                let text = Zeroizing::new(variable.into_encoded_bytes());
                let key = MasterKey::parse(&text).with_context(|| format!("{} is not valid", names.0))?;
                return Ok(Self::Given(key));
            }
            (None, Some(path)) => return read(path),
            (None, None) => {}
        }
        match in_file {
            (Some(_), Some(_)) => {
                bail!("Both `{}` and `{}` are in the settings file. Remove one of them.", names.1, names.2)
            }
            (Some(path), None) => read(path),
            (None, Some(command)) if command.is_empty() => bail!(
                "The setting `{}` is empty. It is a program with its arguments, such as [\"/usr/local/bin/read-key\", \
                 \"steadflow\"].",
                names.2
            ),
            (None, Some(command)) => Ok(Self::Command(command)),
            (None, None) => Ok(Self::Unset),
        }
    }

    /// Returns the key, if there is a setting.
    async fn key(&self, which: Which) -> anyhow::Result<Option<MasterKey>> {
        Ok(match self {
            Self::Given(key) => Some(key.clone()),
            Self::Command(command) => {
                let key = asked(command).await;
                Some(key.with_context(|| format!("The setting `{}` gives no key", which.command()))?)
            }
            Self::Unset => None,
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

    fn of(
        variable: Option<OsString>,
        flag: Option<PathBuf>,
        file: &SettingsFile,
    ) -> anyhow::Result<MasterKeySetting> {
        let in_file = (file.master_key_file.clone(), file.master_key_command.clone());
        MasterKeySetting::of(Which::Present, variable, flag, in_file)
    }

    async fn id_of(setting: &MasterKeySetting) -> anyhow::Result<String> {
        let key = setting.key(Which::Present).await?;
        Ok(key.map_or_else(|| "none".to_owned(), |key| key.id().to_string()))
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

        let of_variable = of(Some(KEY.into()), None, &file(&command)).unwrap();
        let of_flag = of(None, Some(path.clone()), &file(&command)).unwrap();
        let of_file = of(None, None, &file(&in_file)).unwrap();
        let of_command = of(None, None, &file(&command)).unwrap();

        for setting in [of_variable, of_flag, of_file, of_command] {
            assert_eq!(id_of(&setting).await.unwrap(), id(), "{setting:?}");
        }
        let none = of(None, None, &file("")).unwrap();
        assert_eq!(id_of(&none).await.unwrap(), "none");
        let unset = MasterKeySettings { present: none, next: MasterKeySetting::Unset };
        let sqlite = unset.keys(&Database::Sqlite("a/b.db".into())).await.unwrap().present;
        assert!(matches!(sqlite, MasterKeySource::File(path) if path.as_os_str() == "a/b.db.master-key"));
        let postgres = unset.keys(&Database::parse("postgres://localhost/x").unwrap()).await.unwrap();
        assert!(matches!(postgres, MasterKeys { present: MasterKeySource::None, next: None }));
    }

    #[tokio::test]
    async fn the_next_key_has_settings_of_its_own_and_is_another_one() {
        let other = KEY.replace("AAEC", "BBEC");
        let given = |text: &str| MasterKeySetting::Given(MasterKey::parse(text.as_bytes()).unwrap());
        let database = Database::Sqlite("a.db".into());

        let two = MasterKeySettings { present: given(KEY), next: given(&other) };
        let same = MasterKeySettings { present: given(KEY), next: given(KEY) };
        let bad = MasterKeySetting::of(Which::Next, Some("x".into()), None, (None, None));

        assert!(two.keys(&database).await.unwrap().next.is_some_and(|next| **next.id() != id()));
        let same = same.keys(&database).await.unwrap_err().to_string();
        assert!(same.contains("are the same"), "{same}");
        assert!(bad.unwrap_err().to_string().contains("STEADFLOW_NEXT_MASTER_KEY is not valid"));
    }

    #[tokio::test]
    async fn what_gives_no_key_is_refused_by_name() {
        let both = of(Some(KEY.into()), Some("key".into()), &file(""));
        let two = "master_key_file = \"a\"\nmaster_key_command = [\"b\"]";
        let two = of(None, None, &file(two));
        let empty = of(Some("".into()), None, &file(""));
        let no_file = of(None, Some("/nowhere/at/all".into()), &file(""));
        let no_command = of(None, None, &file("master_key_command = []"));

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
            let refused = id_of(&of(None, None, &settings).unwrap()).await;
            let message = format!("{:#}", refused.unwrap_err());
            assert!(message.contains(said) && !message.contains("canary"), "{message}");
        }
    }
}
