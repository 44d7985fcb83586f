//! Who is notified that an execution changed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use steadflow_core::execution::ExecutionStatus;
use steadflow_core::ids::{ExecutionId, FlowId, TenantId};
use tokio::sync::broadcast;

use crate::followed::{Followed, Following};
use crate::quotas::Quotas;

/// A committed change of an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Whose.
    pub tenant: TenantId,
    /// Its flow.
    pub flow: FlowId,
    /// Which.
    pub execution: ExecutionId,
    /// Its last committed record.
    pub seq: u64,
    /// Its status with that record.
    pub status: ExecutionStatus,
    /// Whether the trace of its caller is kept, if it continues one.
    pub is_sampled: Option<bool>,
    /// Whether the execution was accepted with it.
    pub is_new: bool,
    /// Whether another execution has started it.
    pub is_child: bool,
}

/// A listener's end. One that does not keep up learns how many changes it missed, and reads the state again.
pub type Changes = broadcast::Receiver<Change>;

/// Notifies listeners of changes, and counts the ends.
#[derive(Clone, Debug)]
pub(crate) struct Hub {
    listeners: broadcast::Sender<Change>,
    followed: Arc<Followed<ExecutionId, u64>>,
    /// How many executions ended how, in the order of [`ExecutionStatus::ALL`].
    ended: Arc<[AtomicU64; 6]>,
    quotas: Arc<Quotas>,
}

impl Hub {
    /// Changes that a slow listener may lag behind.
    const BACKLOG: usize = 4_096;

    pub(crate) fn new(quotas: Arc<Quotas>) -> Self {
        Self {
            listeners: broadcast::Sender::new(Self::BACKLOG),
            followed: Arc::default(),
            ended: Arc::default(),
            quotas,
        }
    }

    pub(crate) fn publish(&self, change: Change) {
        if change.status.is_finished() {
            self.ended[change.status as usize].fetch_add(1, Ordering::Relaxed);
        }
        let has_ended = change.status.is_finished();
        if !change.is_child && (change.is_new || has_ended) {
            self.quotas.note(change.tenant, change.is_new, has_ended);
        }
        self.followed.publish(change.execution, || change.seq);
        if self.listeners.receiver_count() > 0 {
            // An error means that the last listener has just left.
            let _ = self.listeners.send(change);
        }
    }

    pub(crate) fn ended(&self, status: ExecutionStatus) -> u64 {
        self.ended[status as usize].load(Ordering::Relaxed)
    }

    pub(crate) fn subscribe(&self) -> Changes {
        self.listeners.subscribe()
    }

    /// Returns the executions that somebody follows.
    pub(crate) fn followed(&self) -> Vec<ExecutionId> {
        self.followed.keys()
    }

    /// Notifies those who follow an execution that it has a record of this number, if that is new.
    pub(crate) fn notify(&self, execution: ExecutionId, seq: u64) {
        self.followed.publish_newer(execution, seq);
    }

    pub(crate) fn follow(&self, execution: ExecutionId) -> Following {
        self.followed.follow(execution)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn change(execution: ExecutionId, seq: u64) -> Change {
        Change {
            tenant: TenantId::DEFAULT,
            flow: FlowId::new(Uuid::from_u128(1)),
            execution,
            seq,
            status: ExecutionStatus::Running,
            is_sampled: None,
            is_new: false,
            is_child: false,
        }
    }

    #[tokio::test]
    async fn a_follower_hears_of_its_own_execution_and_only_of_what_is_new() {
        let hub = Hub::new(Arc::default());
        let [own, other] = [2, 3].map(|id| ExecutionId::new(Uuid::from_u128(id)));
        let mut following = hub.follow(own);

        hub.publish(change(other, 9));
        hub.publish(change(own, 2));

        following.after(1).await;
        let more = tokio::time::timeout(std::time::Duration::ZERO, following.after(2)).await;
        assert!(more.is_err(), "nothing came after record 2");
    }

    #[test]
    fn changes_reach_their_listeners_and_ends_are_counted() {
        let hub = Hub::new(Arc::default());
        let id = ExecutionId::new(Uuid::from_u128(2));
        let mut changes = hub.subscribe();
        let ended = |seq| Change { status: ExecutionStatus::Failed, ..change(id, seq) };

        [change(id, 1), ended(2), ended(3)].into_iter().for_each(|change| hub.publish(change));

        assert_eq!([1, 2, 3].map(|_| changes.try_recv().expect("it came").seq), [1, 2, 3]);
        assert_eq!(hub.ended(ExecutionStatus::Failed), 2);
        assert_eq!(hub.ended(ExecutionStatus::Running), 0);
    }

    #[test]
    fn a_listener_that_lags_too_far_behind_learns_how_much_it_missed() {
        let hub = Hub::new(Arc::default());
        let id = ExecutionId::new(Uuid::from_u128(2));
        let mut changes = hub.subscribe();

        (1..=Hub::BACKLOG as u64 + 3).for_each(|seq| hub.publish(change(id, seq)));

        assert!(matches!(changes.try_recv(), Err(broadcast::error::TryRecvError::Lagged(3))));
        assert_eq!(changes.try_recv().expect("it is there").seq, 4);
    }
}
