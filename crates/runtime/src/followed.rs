//! Listeners by what they follow: what happens to anything else costs them nothing, and costs nothing if nobody listens.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use steadflow_core::ids::ExecutionId;
use tokio::sync::watch;

/// A listener's end for one thing: by default for one execution and its last committed record.
#[derive(Debug)]
pub struct Following<K: Copy + Eq + Hash = ExecutionId, V = u64> {
    key: K,
    latest: watch::Receiver<V>,
    followed: Arc<Followed<K, V>>,
}

impl Following {
    /// Waits until the execution has a committed record after `seq`.
    pub async fn after(&mut self, seq: u64) {
        // Fails when the sender is gone, which stays as long as there is a follower.
        let _ = self.latest.wait_for(|latest| *latest > seq).await;
    }

    /// Returns whether it is known that the execution has a committed record after `seq`.
    pub fn is_after(&self, seq: u64) -> bool {
        *self.latest.borrow() > seq
    }
}

impl<K: Copy + Eq + Hash, V: Clone> Following<K, V> {
    /// Returns what was published last, and whether it is new since it was asked for last.
    pub(crate) fn latest(&mut self) -> (V, bool) {
        let latest = self.latest.borrow_and_update();
        (latest.clone(), latest.has_changed())
    }

    /// Waits until something is published after what was asked for last.
    pub(crate) async fn changed(&mut self) {
        // Fails as in `after`.
        let _ = self.latest.changed().await;
    }
}

impl<K: Copy + Eq + Hash, V> Drop for Following<K, V> {
    fn drop(&mut self) {
        let mut senders = self.followed.senders.lock();
        if senders.get(&self.key).is_some_and(|sender| sender.receiver_count() == 1) {
            senders.remove(&self.key);
            self.followed.count.store(senders.len(), Ordering::Release);
        }
    }
}

/// What is followed, each with what was published last.
#[derive(Debug)]
pub(crate) struct Followed<K, V> {
    senders: Mutex<HashMap<K, watch::Sender<V>>>,
    /// How many these are, so that there is nothing to lock when there are no followers.
    count: AtomicUsize,
}

impl<K, V> Default for Followed<K, V> {
    fn default() -> Self {
        Self { senders: Mutex::default(), count: AtomicUsize::new(0) }
    }
}

impl<K: Copy + Eq + Hash, V: Default> Followed<K, V> {
    /// Publishes what `latest` returns, if anybody follows `key`.
    pub(crate) fn publish(&self, key: K, latest: impl FnOnce() -> V) {
        if self.count.load(Ordering::Acquire) == 0 {
            return;
        }
        if let Some(sender) = self.senders.lock().get(&key) {
            sender.send_replace(latest());
        }
    }

    /// Returns what is followed.
    pub(crate) fn keys(&self) -> Vec<K> {
        self.senders.lock().keys().copied().collect()
    }

    pub(crate) fn follow(self: &Arc<Self>, key: K) -> Following<K, V> {
        let mut senders = self.senders.lock();
        let latest = senders.entry(key).or_default().subscribe();
        self.count.store(senders.len(), Ordering::Release);
        Following { key, latest, followed: Arc::clone(self) }
    }
}

impl<K: Copy + Eq + Hash, V: Ord> Followed<K, V> {
    /// Publishes a value if it is larger than the last one.
    pub(crate) fn publish_newer(&self, key: K, value: V) {
        if let Some(sender) = self.senders.lock().get(&key) {
            sender.send_if_modified(|latest| {
                let is_newer = value > *latest;
                if is_newer {
                    *latest = value;
                }
                is_newer
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_follower_hears_of_what_it_follows_and_only_of_what_is_new() {
        let followed: Arc<Followed<u8, u64>> = Arc::default();
        let mut following = followed.follow(1);

        followed.publish(2, || 9);
        followed.publish(1, || 2);

        assert_eq!(following.latest(), (2, true));
        assert_eq!(following.latest(), (2, false));
        let more = tokio::time::timeout(std::time::Duration::ZERO, following.changed()).await;
        assert!(more.is_err(), "nothing came after that");
    }

    #[test]
    fn what_is_followed_is_forgotten_with_its_last_follower() {
        let followed: Arc<Followed<u8, u64>> = Arc::default();
        let (first, second) = (followed.follow(1), followed.follow(1));

        drop(first);
        assert_eq!(followed.count.load(Ordering::Relaxed), 1);

        drop(second);
        assert_eq!(followed.count.load(Ordering::Relaxed), 0);
        assert!(followed.senders.lock().is_empty());
    }

    #[test]
    fn what_nobody_follows_is_not_made() {
        let followed: Arc<Followed<u8, u64>> = Arc::default();

        followed.publish(1, || panic!("nobody follows it"));
        let _other = followed.follow(2);
        followed.publish(1, || panic!("nobody follows it"));
    }
}
