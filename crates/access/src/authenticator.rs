//! What credentials stand for, without asking the store each time.
//!
//! What the store said of a credential holds for two seconds. What is in use is read again each second, so requests wait for
//! the store only when they show a credential for the first time in a while. One that was revoked stands for nothing at once in
//! the process that did it, and in all others within two seconds, their streams included; without an answer of the store, none
//! stands for anything.

use std::collections::HashMap;
use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use steadflow_core::access::CredentialHash;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{SignIns, Store, StoreError};
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::known::{Checked, Forgotten, Known, KnownCredentials};
use crate::lane::{Lane, LookedUp};
use crate::rate::Rate;
use crate::unknown::Unknown;

/// How often what is in use is read again.
const REFRESH_EVERY: Duration = Duration::from_secs(1);
/// How many credentials a query is about.
const CREDENTIALS_READ_MAX: usize = 1_000;
/// How often sign-ins that are over are deleted.
const EXPIRE_EVERY: Duration = Duration::from_secs(60);
/// How many of them at a time.
const SIGN_INS_EXPIRED_MAX: usize = 1_000;

/// Checks credentials. Clones are handles of the same one.
#[derive(Clone, Debug)]
pub struct Authenticator {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    store: Arc<dyn Store>,
    known: KnownCredentials,
    unknown: Unknown,
    lane: Lane,
    rate: Option<Rate>,
}

impl Authenticator {
    /// Returns one that knows nothing yet. [`Self::keep_fresh`] is to run beside it.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self::with_rate(store, None)
    }

    /// Returns one that lets each credential ask so often, and no more.
    pub fn with_rate(store: Arc<dyn Store>, rate: Option<Rate>) -> Self {
        Self {
            inner: Arc::new(Inner {
                store,
                known: KnownCredentials::default(),
                unknown: Unknown::default(),
                lane: Lane::default(),
                rate,
            }),
        }
    }

    /// Returns who shows a credential from `address`.
    ///
    /// # Errors
    /// If the store does not say what it stands for.
    pub async fn check(
        &self,
        credential: CredentialHash,
        address: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<Checked, StoreError> {
        let Inner { known, unknown, rate, .. } = &*self.inner;
        let address = address.map(|address| address.to_canonical());
        let kept = known.find(credential);
        if let Some(kept) = kept.as_ref().filter(|kept| kept.is_fresh()) {
            return Ok(kept.shown(address, now, *rate));
        }
        let is_limited = kept.is_none() && unknown.is_limited(address);
        let Some(found) = self.read(credential, is_limited).await? else {
            unknown.count(address);
            return Ok(if is_limited { Checked::TooMany } else { Checked::Unknown });
        };
        Ok(found.shown(address, now, *rate))
    }

    /// Asks the store, for an address that is limited together with others.
    async fn read(
        &self,
        credential: CredentialHash,
        is_limited: bool,
    ) -> Result<Option<Arc<Known>>, StoreError> {
        let Inner { store, known, lane, .. } = &*self.inner;
        loop {
            let (read_at, generation) = (Instant::now(), known.generation());
            let found = if is_limited {
                match lane.look_up(&**store, credential).await? {
                    LookedUp::Found(found) => found,
                    LookedUp::Full => return Ok(None),
                }
            } else {
                store.credentials(vec![credential]).await?.pop().map(|(_, record)| record)
            };
            // What was forgotten meanwhile may have been read before it changed.
            if let Ok(kept) = known.keep(credential, found, read_at, generation) {
                return Ok(kept);
            }
        }
    }

    /// Ends when a credential stands for something else than when it was checked last, or for nothing: what streams wait for.
    pub fn ended(&self, credential: CredentialHash) -> impl Future<Output = ()> + Send + use<> {
        let watched = self.inner.known.find(credential).map(|kept| kept.watch());
        async move {
            if let Some(mut watched) = watched {
                // It is dropped then, and nothing is ever sent.
                let _dropped = watched.changed().await;
            }
        }
    }

    /// Forgets what credentials stand for: after each change, in the process that made it.
    pub fn forget(&self, which: Forgotten) {
        self.inner.known.forget(which);
    }

    /// Reads again what is in use, stores when credentials were used last, and deletes sign-ins that are over. It does not end.
    pub async fn keep_fresh(&self, wall: impl Fn() -> Timestamp + Send) {
        let mut ticks = interval(REFRESH_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut is_failing, mut expired_at) = (false, Instant::now());
        loop {
            ticks.tick().await;
            let mut done = self.refresh(wall()).await;
            if done.is_ok() && expired_at.elapsed() >= EXPIRE_EVERY {
                expired_at = Instant::now();
                let over = SignIns::OverAt(wall(), SIGN_INS_EXPIRED_MAX);
                done = self.inner.store.delete_sign_ins(over).await.map(drop);
            }
            if let (Err(error), false) = (&done, is_failing) {
                tracing::warn!(error = %error, "credentials cannot be read: until they can, nobody is let in");
            }
            is_failing = done.is_err();
        }
    }

    async fn refresh(&self, now: Timestamp) -> Result<(), StoreError> {
        let Inner { store, known, .. } = &*self.inner;
        known.forget_over(now);
        for credentials in known.in_use().chunks(CREDENTIALS_READ_MAX) {
            let (read_at, generation) = (Instant::now(), known.generation());
            let mut found: HashMap<_, _> =
                store.credentials(credentials.to_vec()).await?.into_iter().collect();
            for credential in credentials {
                let record = found.remove(credential);
                // What was forgotten meanwhile is read again by who shows it next.
                let _kept = known.keep(*credential, record, read_at, generation);
            }
        }
        let uses = known.uses_to_store();
        if uses.is_empty() {
            return Ok(());
        }
        store.used_credentials(uses).await
    }
}
