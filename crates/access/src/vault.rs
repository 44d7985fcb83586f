//! The secrets that are stored, opened.
//!
//! All of them are in memory, because a call must not wait for a secret. Each tenant has a key that encrypts
//! its secrets, and the master key encrypts these keys, so that another master key needs no secret to be encrypted again.
//! What does not open is left out, named in the log, and never replaced by a secret of the same name from elsewhere.

mod ciphers;
mod content;
mod oauth;
mod rotation;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use steadflow_core::ids::TenantId;
use steadflow_core::sensitive::Cipher;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{DataKeyRecord, SecretRecord, Store, StoreError};
use tokio::sync::Mutex;
use uuid::Uuid;
use zeroize::Zeroizing;

use self::content::{Content, Slots, open};
use crate::NotRandom;
use crate::cipher::DataCipher;
use crate::master_key::{MasterKey, MasterKeyError, MasterKeySource, MasterKeys};
use crate::sealing::{Key, Place};

pub use self::content::NewValue;
pub(crate) use self::oauth::OauthSecret;
pub use self::rotation::Rotated;

/// Secrets that one tenant may have.
pub const SECRETS_MAX: usize = 1_000;
/// How often it is looked for changes that other processes have made.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The stored secrets of all tenants. Clones are handles of the same one.
#[derive(Clone, Debug)]
pub struct Vault {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    store: Arc<dyn Store>,
    source: MasterKeySource,
    /// Held by who changes something or reads all again, so that none of it is lost.
    turn: Mutex<()>,
    opened: RwLock<Opened>,
}

/// What is stored, as far as it can be opened.
#[derive(Debug, Default)]
struct Opened {
    /// What the store said of changes before this was read.
    changes: u64,
    master: Option<MasterKey>,
    /// The one that is to come after it.
    next: Option<MasterKey>,
    /// Whether that one encrypts something already, so it encrypts all that is new.
    is_next_used: bool,
    /// The newest key of each tenant that opens.
    data_keys: BTreeMap<TenantId, (Uuid, Key)>,
    /// What encrypts executions, by data key: all keys that open.
    ciphers: BTreeMap<Uuid, (TenantId, Arc<dyn Cipher>)>,
    /// All data keys that open.
    all_keys: BTreeMap<Uuid, Key>,
    secrets: BTreeMap<TenantId, BTreeMap<Arc<str>, Stored>>,
    /// A master key that is not ours, and that a secret needs.
    foreign: Option<Arc<str>>,
}

#[derive(Debug)]
struct Stored {
    /// `None` if it does not open.
    content: Option<Content>,
    hosts: Arc<str>,
    updated_at: Timestamp,
    updated_by: Arc<str>,
}

/// What there is of a name.
#[derive(Clone)]
pub enum Found {
    /// A secret.
    Secret {
        /// Its value.
        value: Arc<Zeroizing<String>>,
        /// Where it may be sent, separated by commas; nowhere if it is empty.
        hosts: Arc<str>,
    },
    /// A secret whose value is an access token ([`Vault::token`]).
    Oauth {
        /// Where the token may be sent, separated by commas; nowhere if it is empty.
        hosts: Arc<str>,
    },
    /// A secret that does not open.
    Damaged,
}

impl fmt::Debug for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret { value: _, hosts } => {
                f.debug_struct("Secret").field("hosts", hosts).finish_non_exhaustive()
            }
            Self::Oauth { hosts } => f.debug_struct("Oauth").field("hosts", hosts).finish(),
            Self::Damaged => f.write_str("Damaged"),
        }
    }
}

/// A secret in a list: without its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretEntry {
    /// Its name.
    pub name: Arc<str>,
    /// Where it may be sent, separated by commas; nowhere if it is empty.
    pub hosts: Arc<str>,
    /// When it was last set.
    pub updated_at: Timestamp,
    /// Who set it.
    pub updated_by: Arc<str>,
    /// Whether it does not open: with another master key, or because its row was changed.
    pub is_damaged: bool,
}

/// A secret that is to be stored.
pub struct NewSecret {
    /// Whose it is.
    pub tenant: TenantId,
    /// Its name.
    pub name: Arc<str>,
    /// Its value, or how that is obtained.
    pub value: NewValue,
    /// Where it may be sent, separated by commas; nowhere if it is empty.
    pub hosts: Arc<str>,
    /// When it is set.
    pub at: Timestamp,
    /// Who sets it.
    pub by: Arc<str>,
}

impl fmt::Debug for NewSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tenant, name, value: _, hosts, at, by } = self;
        let mut fields = f.debug_struct("NewSecret");
        fields.field("tenant", tenant).field("name", name).field("hosts", hosts);
        fields.field("at", at).field("by", by).finish_non_exhaustive()
    }
}

/// Why a secret is not stored or deleted.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no master key.
    #[error("there is no master key")]
    NoMasterKey,
    /// There is no master key to come after the present one.
    #[error("there is no next master key")]
    NoNextMasterKey,
    /// What is stored is encrypted with another master key.
    #[error("stored secrets are encrypted with the master key {stored}, and this server has {}", own.as_deref().unwrap_or("none"))]
    OtherMasterKey {
        /// The one that stored secrets need.
        stored: Arc<str>,
        /// The one of this server.
        own: Option<Arc<str>>,
    },
    /// The tenant has as many secrets as it may have.
    #[error("the tenant has {SECRETS_MAX} secrets already")]
    TooMany,
    /// The master key cannot be read or made.
    #[error("the master key cannot be used")]
    MasterKey(#[from] MasterKeyError),
    /// The system gives no random bytes.
    #[error(transparent)]
    Random(#[from] NotRandom),
}

impl Vault {
    /// Reads and opens what is stored.
    ///
    /// # Errors
    /// The store fails, or there is a file for the master key that cannot be used.
    pub async fn open(store: Arc<dyn Store>, keys: impl Into<MasterKeys>) -> Result<Self, VaultError> {
        let MasterKeys { present: source, next } = keys.into();
        let master = match &source {
            MasterKeySource::Given(key) => Some(key.clone()),
            MasterKeySource::File(path) if path.exists() => Some(MasterKey::read(path)?),
            MasterKeySource::File(_) | MasterKeySource::None => None,
        };
        let opened = RwLock::new(Opened { master, next, ..Opened::default() });
        let vault = Self { inner: Arc::new(Inner { store, source, turn: Mutex::default(), opened }) };
        vault.read_again().await?;
        Ok(vault)
    }

    /// Returns what there is of a name.
    pub fn secret(&self, tenant: TenantId, name: &str) -> Option<Found> {
        let opened = self.inner.opened.read();
        let stored = opened.secrets.get(&tenant)?.get(name)?;
        let hosts = Arc::clone(&stored.hosts);
        Some(match &stored.content {
            Some(Content::Value(value)) => Found::Secret { value: Arc::clone(value), hosts },
            Some(Content::Oauth(_)) => Found::Oauth { hosts },
            None => Found::Damaged,
        })
    }

    /// Returns the secrets of a tenant, in the order of their names.
    pub fn list(&self, tenant: TenantId) -> Vec<SecretEntry> {
        let opened = self.inner.opened.read();
        let entry = |(name, stored): (&Arc<str>, &Stored)| SecretEntry {
            name: Arc::clone(name),
            hosts: Arc::clone(&stored.hosts),
            updated_at: stored.updated_at,
            updated_by: Arc::clone(&stored.updated_by),
            is_damaged: stored.content.is_none(),
        };
        opened.secrets.get(&tenant).into_iter().flatten().map(entry).collect()
    }

    /// Stores a secret, in the place of one of the same name.
    ///
    /// # Errors
    /// [`VaultError`]; then nothing has changed.
    pub async fn put(&self, new: NewSecret) -> Result<(), VaultError> {
        let vault = self.clone();
        to_its_end(async move { vault.put_now(new).await }).await
    }

    async fn put_now(&self, new: NewSecret) -> Result<(), VaultError> {
        let _turn = self.inner.turn.lock().await;
        let (id, key) = self.data_key(new.tenant, new.at).await?;
        let (kind, content) = (new.value.kind(), Content::new(new.value));
        let place = Place::Secret { tenant: new.tenant, name: &new.name, kind, hosts: &new.hosts };
        let record = SecretRecord {
            tenant: new.tenant,
            name: Arc::clone(&new.name),
            kind: kind.into(),
            data_key: id,
            sealed: key.seal(&place, &content.plain())?,
            hosts: Arc::clone(&new.hosts),
            updated_at: new.at,
            updated_by: Arc::clone(&new.by),
        };
        if !self.inner.store.put_secret(record, SECRETS_MAX).await? {
            return Err(VaultError::TooMany);
        }
        let content = Some(content);
        let stored = Stored { content, hosts: new.hosts, updated_at: new.at, updated_by: new.by };
        self.inner.opened.write().secrets.entry(new.tenant).or_default().insert(new.name, stored);
        Ok(())
    }

    /// Deletes a secret. Returns whether there was one.
    ///
    /// # Errors
    /// [`VaultError::Store`].
    pub async fn delete(&self, tenant: TenantId, name: &str) -> Result<bool, VaultError> {
        let (vault, name) = (self.clone(), name.to_owned());
        to_its_end(async move { vault.delete_now(tenant, &name).await }).await
    }

    async fn delete_now(&self, tenant: TenantId, name: &str) -> Result<bool, VaultError> {
        let _turn = self.inner.turn.lock().await;
        let was_there = self.inner.store.delete_secret(tenant, name.into()).await?;
        if let Some(secrets) = self.inner.opened.write().secrets.get_mut(&tenant) {
            secrets.remove(name);
        }
        if self.inner.opened.read().foreign.is_some() {
            // It may have been the last one that needs another master key.
            self.read_all().await?;
        }
        Ok(was_there)
    }

    /// Follows what other processes change. It ends at once where there can be none, and else never.
    pub async fn keep_fresh(&self) {
        let mut is_failing = false;
        while self.inner.store.is_shared() {
            tokio::time::sleep(LOOK_EVERY).await;
            let looked = self.look().await;
            if let Err(error) = &looked
                && !is_failing
            {
                let error: &dyn std::error::Error = error;
                tracing::warn!(error, "changes of secrets by other processes cannot be read");
            }
            is_failing = looked.is_err();
        }
    }

    async fn look(&self) -> Result<(), VaultError> {
        let seen = self.inner.opened.read().changes;
        if self.inner.store.secret_changes().await? != seen {
            self.read_again().await?;
        }
        Ok(())
    }

    /// Reads and opens all again, after something was changed without it.
    ///
    /// # Errors
    /// [`VaultError::Store`]; then it has what it had.
    pub async fn read_again(&self) -> Result<(), VaultError> {
        let _turn = self.inner.turn.lock().await;
        self.read_all().await
    }

    /// Reads and opens all. It is called by who has the turn.
    async fn read_all(&self) -> Result<(), VaultError> {
        let store = &self.inner.store;
        // What changes between these is read the next time.
        let changes = store.secret_changes().await?;
        let (keys, secrets) = (store.data_keys().await?, store.secrets().await?);
        let (mut opened, slots) = {
            let before = self.inner.opened.read();
            let (master, next) = (before.master.clone(), before.next.clone());
            (Opened { changes, master, next, ..Opened::default() }, before.slots())
        };
        let keys = opened.open_keys(keys);
        for secret in secrets {
            opened.add(secret, &keys, &slots);
        }
        let before = std::mem::replace(&mut *self.inner.opened.write(), opened);
        self.say_what_is_damaged(&before);
        Ok(())
    }

    /// Names in the log what does not open, and did before.
    fn say_what_is_damaged(&self, before: &Opened) {
        let opened = self.inner.opened.read();
        let own = opened.master.as_ref().map_or("none", |master| &**master.id());
        let needed = opened.foreign.as_deref().unwrap_or(own);
        for (tenant, secrets) in &opened.secrets {
            let was_damaged = |name: &Arc<str>| {
                let stored = before.secrets.get(tenant).and_then(|secrets| secrets.get(name));
                stored.is_some_and(|stored| stored.content.is_none())
            };
            for (name, _) in
                secrets.iter().filter(|(name, stored)| stored.content.is_none() && !was_damaged(name))
            {
                tracing::error!(
                    secret = &**name, tenant = %tenant, master_key = own, needed_master_key = needed,
                    "a stored secret cannot be opened"
                );
            }
        }
    }

    /// Returns the key that encrypts the secrets of a tenant, which is made and stored first where there is none. It is called by
    /// who has the turn.
    async fn data_key(&self, tenant: TenantId, at: Timestamp) -> Result<(Uuid, Key), VaultError> {
        let master = self.master().await?;
        if let Some(found) = self.inner.opened.read().data_keys.get(&tenant) {
            return Ok(found.clone());
        }
        let (id, key) = (Uuid::now_v7(), Key::draw()?);
        let record = DataKeyRecord {
            id,
            tenant,
            master: Arc::clone(master.id()),
            sealed: master.key().seal(&Place::DataKey(tenant, id), key.bytes())?,
            created_at: at,
        };
        self.inner.store.create_data_key(record).await?;
        let mut opened = self.inner.opened.write();
        opened.data_keys.insert(tenant, (id, key.clone()));
        opened.ciphers.insert(id, (tenant, Arc::new(DataCipher::new(tenant, id, &key))));
        opened.all_keys.insert(id, key.clone());
        Ok((id, key))
    }

    /// Returns the master key that encrypts what is new. It is made where that is wanted and nothing is stored yet.
    async fn master(&self) -> Result<MasterKey, VaultError> {
        let (master, foreign) = {
            let opened = self.inner.opened.read();
            let next = opened.next.as_ref().filter(|_| opened.is_next_used);
            (next.or(opened.master.as_ref()).cloned(), opened.foreign.clone())
        };
        if let Some(stored) = foreign {
            let own = master.map(|master| Arc::clone(master.id()));
            return Err(VaultError::OtherMasterKey { stored, own });
        }
        if let Some(master) = master {
            return Ok(master);
        }
        let MasterKeySource::File(path) = &self.inner.source else {
            return Err(VaultError::NoMasterKey);
        };
        let made = MasterKey::create(path)?;
        self.inner.opened.write().master = Some(made.clone());
        Ok(made)
    }
}

/// Does something to its end, also if nobody waits for it any longer: what is stored is in memory as well.
pub(crate) async fn to_its_end<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    match tokio::spawn(work).await {
        Ok(done) => done,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

impl Opened {
    /// Opens data keys, and keeps the newest of each tenant. Returns them by their ids: those that do not open, with the master key
    /// that they need.
    fn open_keys(&mut self, keys: Vec<DataKeyRecord>) -> BTreeMap<Uuid, Result<Key, Arc<str>>> {
        let mut all = BTreeMap::new();
        for record in keys {
            self.is_next_used |= self.next.as_ref().is_some_and(|next| *next.id() == record.master);
            let opened = self.data_key(&record).ok_or(record.master);
            if let Ok(key) = &opened {
                let DataKeyRecord { id, tenant, .. } = record;
                self.data_keys.insert(tenant, (id, key.clone()));
                self.ciphers.insert(id, (tenant, Arc::new(DataCipher::new(tenant, id, key))));
                self.all_keys.insert(id, key.clone());
            }
            all.insert(record.id, opened);
        }
        all
    }

    /// Opens a data key with the master key that it names.
    fn data_key(&self, record: &DataKeyRecord) -> Option<Key> {
        let place = Place::DataKey(record.tenant, record.id);
        let bytes = self.master_of(&record.master)?.key().open(&place, &record.sealed)?;
        Some(Key::new(Zeroizing::new(bytes.as_slice().try_into().ok()?)))
    }

    /// Returns the one of our master keys that has this id.
    fn master_of(&self, id: &Arc<str>) -> Option<&MasterKey> {
        self.master.iter().chain(&self.next).find(|master| master.id() == id)
    }

    fn add(&mut self, secret: SecretRecord, keys: &BTreeMap<Uuid, Result<Key, Arc<str>>>, slots: &Slots) {
        let content = match keys.get(&secret.data_key) {
            Some(Ok(key)) => open(key, &secret, slots),
            Some(Err(needed)) => {
                if self.master_of(needed).is_none() {
                    self.foreign = Some(Arc::clone(needed));
                }
                None
            }
            None => None,
        };
        let SecretRecord { tenant, name, hosts, updated_at, updated_by, .. } = secret;
        let stored = Stored { content, hosts, updated_at, updated_by };
        self.secrets.entry(tenant).or_default().insert(name, stored);
    }
}
