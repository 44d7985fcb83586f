//! The key that encrypts the keys of tenants. It is never in the database.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustix::fs::OFlags;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::sealing::{KEY_BYTES, Key};

/// Bytes of what a file or a command may give: more than a key in Base64 has.
const TEXT_BYTES_MAX: usize = 256;
/// Who may read a file beside its owner.
const OTHERS: u32 = 0o077;
const READ_BY_GROUP: u32 = 0o040;

/// A master key.
#[derive(Clone)]
pub struct MasterKey {
    key: Key,
    id: Arc<str>,
}

/// Why something is no master key.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    /// It has another form.
    #[error(
        "it is not 32 bytes in Base64 (44 characters); make one with `head -c 32 /dev/urandom | base64 -w 0`"
    )]
    Form,
    /// Others may read the file.
    #[error("others may read {path} (its mode is {mode:04o}); run `chmod 600 {path}`", path = path.display())]
    Readable {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The file cannot be read or written.
    #[error("could not {what} {path}", path = path.display())]
    File {
        /// Read, or make.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The system gives no random bytes.
    #[error("could not draw a master key")]
    Random(#[from] crate::NotRandom),
}

/// A file of root that a group may read is how secrets are mounted into containers.
const fn others_may_read(mode: u32, owner: u32) -> bool {
    let allowed = if owner == 0 { READ_BY_GROUP } else { 0 };
    mode & OTHERS & !allowed != 0
}

impl MasterKey {
    /// Reads 32 bytes in Base64, with blanks around them or not.
    ///
    /// # Errors
    /// [`MasterKeyError::Form`].
    pub fn parse(text: &[u8]) -> Result<Self, MasterKeyError> {
        // One more, which the decoder asks for.
        let mut bytes = Zeroizing::new([0; KEY_BYTES + 1]);
        let length = STANDARD.decode_slice(text.trim_ascii(), &mut *bytes);
        match (length, bytes.first_chunk()) {
            (Ok(KEY_BYTES), Some(key)) => Ok(Self::new(Key::new(Zeroizing::new(*key)))),
            _ => Err(MasterKeyError::Form),
        }
    }

    /// Reads the key in a file that nobody but its owner may read; a file of root, also its group.
    ///
    /// # Errors
    /// There is no such file, others may read it, or it has no key.
    pub fn read(path: &Path) -> Result<Self, MasterKeyError> {
        let failed = |source| MasterKeyError::File { what: "read", path: path.to_owned(), source };
        let file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        let mode = metadata.mode() & 0o7777;
        if others_may_read(mode, metadata.uid()) {
            return Err(MasterKeyError::Readable { path: path.to_owned(), mode });
        }
        Self::parse(&read_short(file).map_err(failed)?)
    }

    /// Draws a key for what does not outlive this process.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub fn draw() -> Result<Self, crate::NotRandom> {
        Key::draw().map(Self::new)
    }

    /// Draws a key and stores it in a new file, which only its owner may read; when this returns, it is on the disk.
    ///
    /// # Errors
    /// The file is there already, or cannot be made.
    pub fn create(path: &Path) -> Result<Self, MasterKeyError> {
        let key = Key::draw()?;
        let text = Zeroizing::new(format!("{}\n", STANDARD.encode(key.bytes())));
        write_new(path, text.as_bytes()).map_err(|source| MasterKeyError::File {
            what: "make",
            path: path.to_owned(),
            source,
        })?;
        Ok(Self::new(key))
    }

    /// Returns which key it is: the beginning of a hash of it.
    pub fn id(&self) -> &Arc<str> {
        &self.id
    }

    pub(crate) fn key(&self) -> &Key {
        &self.key
    }

    fn new(key: Key) -> Self {
        let hash = Sha256::new_with_prefix(b"steadflow master key\0").chain_update(key.bytes()).finalize();
        let id: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Self { key, id: id.into() }
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MasterKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Where the master key comes from.
#[derive(Clone, Debug)]
pub enum MasterKeySource {
    /// It is given.
    Given(MasterKey),
    /// It is in this file, which is made when the first secret is stored.
    File(PathBuf),
    /// There is none: no secret can be stored.
    None,
}

/// The master keys of a server.
#[derive(Clone, Debug)]
pub struct MasterKeys {
    /// The one that encrypts.
    pub present: MasterKeySource,
    /// The one that will: what it encrypts already opens, too.
    pub next: Option<MasterKey>,
}

impl From<MasterKeySource> for MasterKeys {
    fn from(present: MasterKeySource) -> Self {
        Self { present, next: None }
    }
}

/// Reads the first bytes of something, and one more than a key has if there are too many.
pub(crate) fn read_short(from: impl Read) -> io::Result<Zeroizing<Vec<u8>>> {
    // Memory that grows would leave parts of the key behind.
    let mut text = Zeroizing::new(Vec::with_capacity(TEXT_BYTES_MAX));
    from.take(TEXT_BYTES_MAX as u64).read_to_end(&mut text)?;
    Ok(text)
}

fn write_new(path: &Path, text: &[u8]) -> io::Result<()> {
    let no_follow = i32::try_from(OFlags::NOFOLLOW.bits()).unwrap_or_default();
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600).custom_flags(no_follow);
    let mut file = options.open(path)?;
    file.write_all(text)?;
    file.sync_all()?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const TEXT: &[u8] = b"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    #[test]
    fn a_key_is_read_and_known_by_its_id_alone() {
        let key = MasterKey::parse(TEXT).unwrap();
        let again = MasterKey::parse(b" \nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\r\n").unwrap();
        let other = MasterKey::parse(b"BAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap();

        assert_eq!((key.id(), key.id().len()), (again.id(), 16));
        assert_ne!(key.id(), other.id());
        assert_eq!(format!("{key:?}"), format!("MasterKey {{ id: {:?}, .. }}", key.id()));
    }

    #[test]
    fn what_is_no_key_is_refused_without_saying_what_it_is() {
        for text in [&b""[..], b"canary", &TEXT[..40], &[TEXT, b"AA"].concat(), &[b'A'; 300]] {
            let refused = MasterKey::parse(text).unwrap_err().to_string();

            assert!(refused.contains("32 bytes in Base64") && !refused.contains("canary"), "{refused}");
        }
    }

    #[test]
    fn a_file_is_made_once_and_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");

        let made = MasterKey::create(&path).unwrap();

        assert_eq!(MasterKey::read(&path).unwrap().id(), made.id());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
        assert!(MasterKey::create(&path).is_err(), "it is not replaced");
        assert_eq!(MasterKey::read(&path).unwrap().id(), made.id());
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(folder.path().join("elsewhere"), &link).unwrap();
        assert!(MasterKey::create(&link).is_err(), "nobody says where it is made");
    }

    #[test]
    fn a_file_that_others_may_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        fs::write(&path, TEXT).unwrap();

        for (mode, is_read) in [(0o600, true), (0o400, true), (0o660, false), (0o604, false)] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let read = MasterKey::read(&path);

            assert_eq!(read.is_ok(), is_read, "{mode:o}");
            if let Err(error) = read {
                assert!(error.to_string().contains("chmod 600"), "{error}");
            }
        }
    }

    #[test]
    fn a_group_may_read_a_file_of_root() {
        let cases = [(0o440, 0), (0o640, 0), (0o440, 10_001), (0o444, 0), (0o460, 0), (0o400, 10_001)];

        let found = cases.map(|(mode, owner)| others_may_read(mode, owner));

        assert_eq!(found, [false, false, true, true, true, false]);
    }
}
