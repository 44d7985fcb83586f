//! What the store said of credentials, a few seconds ago at most.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ipnet::IpNet;
use parking_lot::{Mutex, RwLock};
use steadflow_core::access::{CredentialHash, Principal};
use steadflow_core::caller::{ActorKind, Caller};
use steadflow_core::ids::{PrincipalId, TenantId};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{CredentialRecord, CredentialUse};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::rate::{Rate, Used};

/// How long it holds what the store said of a credential.
pub const FRESH_FOR: Duration = Duration::from_secs(2);
/// How many credentials are known at a time; what was not used for the longest makes room.
pub const CREDENTIALS_KEPT_MAX: usize = 10_000;
/// How long one is read again that nobody shows, unless a stream goes on that was begun with it.
const IN_USE_FOR: Duration = Duration::from_secs(60);
/// How exactly it is stored when a credential was used last.
const USES_STORED_EVERY: Duration = Duration::from_secs(60);
/// How long a sign-in holds that is not used.
pub const SIGN_IN_IDLE_MAX: Duration = Duration::from_secs(12 * 3_600);

/// What a credential stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checked {
    /// Somebody.
    Known(Arc<Principal>),
    /// Nobody: it was never made, is over, was revoked, or may not come from that address.
    Unknown,
    /// Somebody who asks more often than a credential may: they have to wait so long.
    TooFast(Duration),
    /// Nobody, and so many of that address stood for nothing that it should wait for a minute.
    TooMany,
}

/// Credentials to forget, because what they stand for has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forgotten {
    /// One.
    One(CredentialHash),
    /// All of a person or a service account.
    Of(PrincipalId),
    /// All of a tenant.
    OfTenant(TenantId),
}

/// A credential that stands for somebody. When it is dropped, what waits for its end ends.
#[derive(Debug)]
pub(crate) struct Known {
    principal: Arc<Principal>,
    /// The networks that it may come from. One that cannot be read includes nothing.
    networks: Option<Vec<IpNet>>,
    expires_at: Option<Timestamp>,
    state: Mutex<State>,
    end: watch::Sender<()>,
}

#[derive(Clone, Copy, Debug)]
struct State {
    /// When the store was asked about it last.
    read_at: Instant,
    /// When it was shown last, by the clock that does not stop, and by that of the wall.
    shown_at: Instant,
    used_at: Option<Timestamp>,
    used_from: Option<IpAddr>,
    /// The use that is stored.
    stored: Option<Timestamp>,
    /// What was used of the rate that a credential has.
    used: Used,
}

impl Known {
    fn new(credential: CredentialHash, record: CredentialRecord, read_at: Instant) -> Self {
        let read =
            |networks: &Arc<[Arc<str>]>| networks.iter().filter_map(|text| text.parse().ok()).collect();
        let networks = record.networks.as_ref().map(read);
        let is_key = record.actor.kind == ActorKind::Key;
        let principal = Principal {
            id: record.principal,
            caller: Caller { tenant: record.tenant, actor: record.actor, role: record.role },
            grants: record.grants,
            folders: record.folders,
            scope: record.flows,
            networks: record.networks,
            expires_at: record.expires_at.filter(|_| is_key),
            credential,
        };
        let state = State {
            read_at,
            shown_at: read_at,
            used_at: record.used_at,
            used_from: None,
            stored: record.used_at,
            used: Used::default(),
        };
        let end = watch::Sender::new(());
        Self {
            principal: Arc::new(principal),
            networks,
            expires_at: record.expires_at,
            state: Mutex::new(state),
            end,
        }
    }

    /// Returns whether what the store said still holds.
    pub(crate) fn is_fresh(&self) -> bool {
        self.state.lock().read_at.elapsed() < FRESH_FOR
    }

    /// Returns who shows it from there.
    pub(crate) fn shown(&self, address: Option<IpAddr>, now: Timestamp, rate: Option<Rate>) -> Checked {
        let is_from_there = self.networks.as_ref().is_none_or(|networks| {
            address.is_some_and(|address| networks.iter().any(|network| network.contains(&address)))
        });
        if !is_from_there || self.is_over(now) {
            return Checked::Unknown;
        }
        let mut state = self.state.lock();
        let shown_at = Instant::now();
        (state.shown_at, state.used_at, state.used_from) = (shown_at, Some(now), address);
        if let Some(Err(wait)) = rate.map(|rate| rate.take(&mut state.used, shown_at)) {
            return Checked::TooFast(wait);
        }
        Checked::Known(Arc::clone(&self.principal))
    }

    fn is_over(&self, now: Timestamp) -> bool {
        let is_sign_in = self.principal.caller.actor.kind == ActorKind::User;
        let used_at = self.state.lock().used_at.filter(|_| is_sign_in);
        let idle_end = used_at.map(|used_at| used_at.plus(SIGN_IN_IDLE_MAX));
        [self.expires_at, idle_end].into_iter().flatten().any(|end| end <= now)
    }

    fn is_in_use(&self) -> bool {
        self.end.receiver_count() > 0 || self.state.lock().shown_at.elapsed() < IN_USE_FOR
    }

    pub(crate) fn watch(&self) -> watch::Receiver<()> {
        self.end.subscribe()
    }

    /// Returns whether it stands for the same as `other`.
    fn is_same(&self, other: &Self) -> bool {
        (&self.principal, &self.networks, self.expires_at)
            == (&other.principal, &other.networks, other.expires_at)
    }

    fn use_to_store(&self) -> Option<CredentialUse> {
        let mut state = self.state.lock();
        let used_at = state.used_at?;
        if state.stored.is_some_and(|stored| stored.plus(USES_STORED_EVERY) > used_at) {
            return None;
        }
        state.stored = Some(used_at);
        let from = state.used_from.map(|address| address.to_string().into());
        Some(CredentialUse { hash: self.principal.credential, at: used_at, from })
    }
}

/// The credentials that are known.
#[derive(Debug, Default)]
pub(crate) struct KnownCredentials {
    known: RwLock<HashMap<CredentialHash, Arc<Known>>>,
    /// Grows with each forgetting.
    generation: AtomicU64,
}

/// Something was forgotten while the store was asked.
#[derive(Debug)]
pub(crate) struct ForgottenMeanwhile;

impl KnownCredentials {
    pub(crate) fn find(&self, credential: CredentialHash) -> Option<Arc<Known>> {
        self.known.read().get(&credential).cloned()
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Keeps what the store said of a credential, and returns it.
    ///
    /// # Errors
    /// If something was forgotten since `generation`.
    pub(crate) fn keep(
        &self,
        credential: CredentialHash,
        record: Option<CredentialRecord>,
        read_at: Instant,
        generation: u64,
    ) -> Result<Option<Arc<Known>>, ForgottenMeanwhile> {
        let mut all = self.known.write();
        if self.generation() != generation {
            return Err(ForgottenMeanwhile);
        }
        let Some(record) = record else {
            all.remove(&credential);
            return Ok(None);
        };
        let used_at = record.used_at;
        let read = Known::new(credential, record, read_at);
        if let Some(kept) = all.get(&credential).filter(|kept| kept.is_same(&read)) {
            let mut state = kept.state.lock();
            state.read_at = state.read_at.max(read_at);
            // Another process may have been shown it since.
            state.used_at = state.used_at.max(used_at);
            state.stored = state.stored.max(used_at);
            drop(state);
            return Ok(Some(Arc::clone(kept)));
        }
        if all.len() >= CREDENTIALS_KEPT_MAX && !all.contains_key(&credential) {
            make_room(&mut all);
        }
        let read = Arc::new(read);
        all.insert(credential, Arc::clone(&read));
        Ok(Some(read))
    }

    pub(crate) fn forget(&self, which: Forgotten) {
        let mut all = self.known.write();
        self.generation.fetch_add(1, Ordering::AcqRel);
        match which {
            Forgotten::One(credential) => {
                all.remove(&credential);
            }
            Forgotten::Of(principal) => all.retain(|_, known| known.principal.id != principal),
            Forgotten::OfTenant(tenant) => all.retain(|_, known| known.principal.caller.tenant != tenant),
        }
    }

    /// Forgets what is over: nobody has to show it for its streams to end.
    pub(crate) fn forget_over(&self, now: Timestamp) {
        self.known.write().retain(|_, known| !known.is_over(now));
    }

    /// Returns the credentials that are to be read again.
    pub(crate) fn in_use(&self) -> Vec<CredentialHash> {
        let all = self.known.read();
        let mut in_use: Vec<_> =
            all.iter().filter(|(_, known)| known.is_in_use()).map(|(credential, _)| *credential).collect();
        in_use.sort_unstable();
        in_use
    }

    /// Returns the uses that are to be stored.
    pub(crate) fn uses_to_store(&self) -> Vec<CredentialUse> {
        let mut uses: Vec<_> = self.known.read().values().filter_map(|known| known.use_to_store()).collect();
        uses.sort_unstable_by_key(|used| used.hash);
        uses
    }
}

/// Forgets a tenth of them: those that were not shown for the longest, and the streams of which have ended first.
fn make_room(all: &mut HashMap<CredentialHash, Arc<Known>>) {
    let place = |known: &Known| (known.end.receiver_count() > 0, known.state.lock().shown_at);
    let mut by_use: Vec<_> = all.iter().map(|(credential, known)| (place(known), *credential)).collect();
    by_use.sort_unstable();
    for (_, credential) in by_use.into_iter().take(CREDENTIALS_KEPT_MAX / 10) {
        all.remove(&credential);
    }
}

#[cfg(test)]
mod tests {
    use steadflow_core::access::{CredentialKind, FlowScope, Grants, Token};
    use steadflow_core::caller::{Actor, Role};
    use uuid::Uuid;

    use super::*;

    fn hash(number: usize) -> CredentialHash {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&number.to_be_bytes());
        Token::new(bytes).hash(CredentialKind::Key)
    }

    fn keep(known: &KnownCredentials, number: usize) -> Arc<Known> {
        let record = CredentialRecord {
            tenant: TenantId::DEFAULT,
            principal: PrincipalId::new(Uuid::from_u128(number as u128)),
            actor: Actor { kind: ActorKind::Key, id: None },
            role: Role::Viewer,
            grants: Grants::default(),
            folders: None,
            flows: FlowScope::All,
            networks: None,
            expires_at: None,
            used_at: None,
        };
        let kept = known.keep(hash(number), Some(record), Instant::now(), known.generation());
        kept.unwrap().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn so_many_are_known_and_those_that_are_used_stay() {
        let known = KnownCredentials::default();
        let stream = keep(&known, 0).watch();
        for number in 1..CREDENTIALS_KEPT_MAX {
            keep(&known, number);
            tokio::time::advance(Duration::from_millis(1)).await;
        }
        let used = known.find(hash(1)).unwrap();
        assert!(matches!(used.shown(None, Timestamp::default(), None), Checked::Known(_)));

        keep(&known, CREDENTIALS_KEPT_MAX);

        assert_eq!(known.known.read().len(), CREDENTIALS_KEPT_MAX - CREDENTIALS_KEPT_MAX / 10 + 1);
        assert!(known.find(hash(0)).is_some() && stream.has_changed().is_ok(), "its stream goes on");
        assert!(known.find(hash(1)).is_some(), "it was shown last");
        assert!(known.find(hash(2)).is_none() && known.find(hash(CREDENTIALS_KEPT_MAX)).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_read_before_something_was_forgotten_is_not_kept() {
        let known = KnownCredentials::default();
        keep(&known, 1);
        let generation = known.generation();

        known.forget(Forgotten::OfTenant(TenantId::DEFAULT));

        assert!(known.find(hash(1)).is_none());
        assert!(known.keep(hash(1), None, Instant::now(), generation).is_err());
    }
}
