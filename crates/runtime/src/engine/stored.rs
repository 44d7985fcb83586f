//! Reading executions that are not in memory, with a bound on the journals that are read at the same time.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use steadflow_core::event::Record;
use steadflow_core::execution::{Execution, mask};
use steadflow_core::ids::{ExecutionId, TenantId};
use steadflow_store::{ExecutionRow, StoreError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until, timeout};

use super::Engine;
use crate::error::RuntimeError;
use crate::flows::{PARSED_HERE_MAX, parse};
use crate::row::row_of;
use crate::shard::{Loaded, Message};

/// A journal up to this length, in bytes, is read at once.
const SMALL_BYTES: u64 = 1024 * 1024;
/// How much of longer ones is in memory at the same time, in KiB. Reading takes about four times that.
const KIB_MAX: u32 = 64 * 1024;
/// How long a reader of a long one waits for that memory.
const WAIT_MAX: Duration = Duration::from_secs(10);
/// How long the last long one stays in memory, for others who read the same.
const KEPT_FOR: Duration = Duration::from_secs(1);

/// An execution as it is committed, with its records. A long one that was read from the store keeps its room while it, or a
/// clone of it, is in memory: hold no such one while waiting for another.
#[derive(Clone, Debug)]
pub struct ExecutionSnapshot {
    /// Its state.
    pub execution: Execution,
    /// Its records, as they are stored.
    pub journal: Vec<Arc<str>>,
    _room: Option<Arc<OwnedSemaphorePermit>>,
}

impl From<Loaded> for ExecutionSnapshot {
    fn from(Loaded { execution, journal }: Loaded) -> Self {
        Self { execution, journal, _room: None }
    }
}

impl ExecutionSnapshot {
    /// Returns it with its sensitive data masked, in its state and in its records.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a record cannot be read.
    pub(super) async fn masked(self) -> Result<Self, RuntimeError> {
        let is_encrypted = self.execution.accepted().data_key.is_some();
        if !is_encrypted && self.execution.flow().flow.sensitive.is_none() {
            return Ok(self);
        }
        let id = self.execution.id();
        let corrupt = |reason| StoreError::Corrupt { what: format!("execution {id}"), reason };
        let made = if self.journal_bytes() <= PARSED_HERE_MAX {
            self.mask()
        } else {
            let made = tokio::task::spawn_blocking(|| self.mask()).await;
            made.unwrap_or_else(|error| Err(error.to_string()))
        };
        made.map_err(|reason| corrupt(reason).into())
    }

    fn mask(self) -> Result<Self, String> {
        let (id, pinned) = (self.execution.id(), self.execution.pinned());
        let mut records = parse(&self.journal)?;
        if let Some(cipher) = self.execution.cipher() {
            for record in &mut records {
                record.decrypt(id, cipher).map_err(|error| error.to_string())?;
            }
        }
        mask(&mut records, &pinned);
        let text = |record: &Record| {
            let mut text = String::new();
            record.write(&mut text);
            text.into()
        };
        let journal = records.iter().map(text).collect();
        let execution = Execution::replay(id, pinned, records).map_err(|error| error.to_string())?;
        Ok(Self { execution, journal, _room: self._room })
    }

    /// Returns the length of its records, in bytes.
    pub fn journal_bytes(&self) -> usize {
        self.journal.iter().map(|record| record.len()).sum()
    }
}

/// The long journals that are in memory.
#[derive(Debug)]
pub(super) struct Reads {
    room: Arc<Semaphore>,
    latest: Arc<Mutex<Option<Arc<Latest>>>>,
}

/// The last long journal that was read.
#[derive(Debug)]
struct Latest {
    /// When it is forgotten.
    until: Instant,
    /// Its length: a journal only grows, so one of the same length is the same.
    bytes: u64,
    snapshot: ExecutionSnapshot,
}

impl Default for Reads {
    fn default() -> Self {
        Self { room: Arc::new(Semaphore::new(KIB_MAX as usize)), latest: Arc::default() }
    }
}

impl Reads {
    /// Waits for room to read a journal of so many bytes.
    ///
    /// # Errors
    /// [`RuntimeError::Busy`] if there is none for too long.
    async fn room(&self, bytes: u64) -> Result<OwnedSemaphorePermit, RuntimeError> {
        let kib = u32::try_from(bytes / 1024).unwrap_or(KIB_MAX).min(KIB_MAX);
        let room = timeout(WAIT_MAX, Arc::clone(&self.room).acquire_many_owned(kib)).await;
        room.map_err(|_| RuntimeError::Busy)?.map_err(|_closed| RuntimeError::Unavailable)
    }

    fn latest(&self, tenant: TenantId, id: ExecutionId, bytes: u64) -> Option<ExecutionSnapshot> {
        let latest = self.latest.lock().clone()?;
        let execution = &latest.snapshot.execution;
        let is_same = execution.id() == id && execution.accepted().tenant == tenant && latest.bytes == bytes;
        is_same.then(|| latest.snapshot.clone())
    }

    fn keep(&self, bytes: u64, snapshot: &ExecutionSnapshot) {
        let kept = Latest { until: Instant::now() + KEPT_FOR, bytes, snapshot: snapshot.clone() };
        let before = self.latest.lock().replace(Arc::new(kept));
        if before.is_none() {
            tokio::spawn(forget_in_time(Arc::clone(&self.latest)));
        }
    }
}

/// Forgets the last journal when it was kept for long enough, however often another one takes its place.
async fn forget_in_time(latest: Arc<Mutex<Option<Arc<Latest>>>>) {
    while let Some(until) = time_left(&latest) {
        sleep_until(until).await;
    }
}

/// Returns when to look again; `None` when there is nothing left to forget.
fn time_left(latest: &Mutex<Option<Arc<Latest>>>) -> Option<Instant> {
    let mut latest = latest.lock();
    latest.take_if(|latest| latest.until <= Instant::now());
    latest.as_ref().map(|latest| latest.until)
}

impl Engine {
    /// Brings the rows that people query up to date.
    ///
    /// # Errors
    /// [`RuntimeError::Unavailable`] if the engine has ended.
    pub async fn show(&self) -> Result<(), RuntimeError> {
        self.ask(|reply| Message::Show { reply }).await.map(drop)
    }

    /// Returns the row of an execution as it is committed. Of one that is not in memory, nothing else is read.
    ///
    /// # Errors
    /// [`RuntimeError::NoExecution`] if this tenant has none of that id.
    pub async fn row(&self, tenant: TenantId, id: ExecutionId) -> Result<ExecutionRow, RuntimeError> {
        let reply = self.ask(move |reply| Message::Read { execution: id, reply }).await?;
        let row = match reply.into_snapshot() {
            Some(loaded) => Some(row_of(&loaded.execution)),
            // It was written when the execution left memory.
            None => self.inner.store.row(tenant, id).await?,
        };
        row.filter(|row| row.tenant == tenant).ok_or(RuntimeError::NoExecution(id))
    }

    /// Reads an execution from the store. A long journal waits until there is room for it.
    pub(super) async fn stored(
        &self,
        tenant: TenantId,
        id: ExecutionId,
    ) -> Result<ExecutionSnapshot, RuntimeError> {
        let store = &self.inner.store;
        // Of another tenant's, not even the length is read, and nobody waits for it: the time would tell that it is there. One of
        // which there is no row yet has just begun.
        let is_listed = !matches!(store.row(tenant, id).await, Ok(None));
        let bytes = if is_listed { store.journal_bytes(id).await? } else { 0 };
        if bytes <= SMALL_BYTES {
            return self.load(tenant, id).await;
        }
        let reads = &self.inner.reads;
        if let Some(latest) = reads.latest(tenant, id, bytes) {
            return Ok(latest);
        }
        let room = reads.room(bytes).await?;
        // Another reader may have read it meanwhile.
        if let Some(latest) = reads.latest(tenant, id, bytes) {
            return Ok(latest);
        }
        let loaded = self.load(tenant, id).await?;
        let snapshot = ExecutionSnapshot { _room: Some(Arc::new(room)), ..loaded };
        reads.keep(bytes, &snapshot);
        Ok(snapshot)
    }

    async fn load(&self, tenant: TenantId, id: ExecutionId) -> Result<ExecutionSnapshot, RuntimeError> {
        let store = &*self.inner.store;
        let stored = store.execution(tenant, id).await?.ok_or(RuntimeError::NoExecution(id))?;
        Ok(self.inner.versions.replay(store, stored).await?.into())
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use serde_json::json;
    use steadflow_core::event::Accepted;
    use steadflow_core::execution::{Decision, FlowVersion};
    use steadflow_core::flow::Flow;
    use steadflow_core::ids::FlowId;
    use steadflow_core::limits::Limits;
    use steadflow_core::timestamp::Timestamp;
    use uuid::Uuid;

    use super::*;

    #[tokio::test]
    async fn a_journal_is_shared_with_those_who_read_the_same_one_of_the_same_tenant() {
        let (reads, execution) = (Reads::default(), accepted());
        let (tenant, id) = (execution.accepted().tenant, execution.id());
        let (other_tenant, other) = (TenantId::new(Uuid::from_u128(8)), ExecutionId::new(Uuid::from_u128(9)));

        reads.keep(5, &Loaded { execution, journal: Vec::new() }.into());

        assert!(reads.latest(tenant, id, 5).is_some());
        for (tenant, id, bytes) in [(other_tenant, id, 5), (tenant, other, 5), (tenant, id, 6)] {
            assert!(reads.latest(tenant, id, bytes).is_none(), "{tenant} {id} {bytes}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_journal_is_kept_for_a_second() {
        let (reads, execution) = (Reads::default(), accepted());
        let (tenant, id) = (execution.accepted().tenant, execution.id());
        reads.keep(5, &Loaded { execution, journal: Vec::new() }.into());

        tokio::time::sleep(Duration::from_millis(900)).await;
        assert!(reads.latest(tenant, id, 5).is_some());
        tokio::time::sleep(Duration::from_millis(200)).await;

        assert!(reads.latest(tenant, id, 5).is_none());
    }

    #[test]
    fn a_snapshot_is_as_long_as_its_records() {
        let journal = vec!["[1]".into(), "[2,3]".into()];

        assert_eq!(ExecutionSnapshot::from(Loaded { execution: accepted(), journal }).journal_bytes(), 8);
    }

    fn accepted() -> Execution {
        let node = json!({ "id": "a", "type": "condition", "condition": "true" });
        let document = json!({ "name": "f", "flow_definition": { "nodes": [node], "edges": [] } });
        let (limits, tenant, flow_id) = (Limits::DEFAULT, TenantId::DEFAULT, FlowId::new(Uuid::nil()));
        let flow = Flow::parse(&document, &limits).expect("the flow is valid");
        let flow = Arc::new(FlowVersion::new(tenant, flow_id, 1, flow, limits));
        let accepted = Accepted::new(tenant, flow_id, 1, "w".into());
        let id = ExecutionId::new(Uuid::from_u128(7));
        Execution::accept(id, flow, accepted, Timestamp::from_micros(0), &mut Decision::default())
    }

    #[tokio::test]
    async fn long_journals_wait_until_others_are_read() {
        let reads = Reads::default();
        let half = u64::from(KIB_MAX) * 1024 / 2;
        let first = reads.room(half).await.expect("there is room");
        let _second = reads.room(half).now_or_never().expect("there is room").expect("it is open");
        let mut third = std::pin::pin!(reads.room(2 * SMALL_BYTES));
        assert!(third.as_mut().now_or_never().is_none());

        drop(first);

        assert!(third.await.is_ok());
        assert_eq!(reads.room(u64::MAX).now_or_never().map(|room| room.is_ok()), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_that_gets_no_room_in_time_is_refused() {
        let reads = Reads::default();
        let _all = reads.room(u64::MAX).await.expect("there is room");
        let asked = Instant::now();

        let refused = reads.room(2 * SMALL_BYTES).await;

        assert!(matches!(refused, Err(RuntimeError::Busy)), "{refused:?}");
        assert_eq!(asked.elapsed(), WAIT_MAX);
    }

    #[tokio::test]
    async fn several_journals_of_ten_megabytes_are_read_at_the_same_time() {
        let reads = Reads::default();
        let _first = reads.room(10_000_000).await.expect("there is room");

        assert!(reads.room(10_000_000).now_or_never().is_some_and(|room| room.is_ok()));
    }

    #[tokio::test]
    async fn a_journal_longer_than_all_room_is_read_alone() {
        assert!(Reads::default().room(u64::MAX).now_or_never().is_some_and(|room| room.is_ok()));
    }
}
