//! What the engine does beside its work: it deletes what is not kept any longer, returns free room to the disk, and stops to
//! accept executions before there is no room for those that run.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use steadflow_core::ids::ExecutionId;
use steadflow_store::{ExpiryStep, Retention, Space, StoreError};
use tokio::time::sleep;

use super::Engine;

/// How often the room is measured.
const MEASURE_EVERY: Duration = Duration::from_secs(5);
/// How many measurements are made between two passes over the executions.
const PASS_EVERY: u32 = 12;
/// How many executions a step looks at.
const STEP_EXECUTIONS: usize = 200;
/// The pause after a step that wrote something, so that commits come first.
const STEP_PAUSE: Duration = Duration::from_millis(20);
/// Room is low below so many reserves.
const LOW_RESERVES: u64 = 10;

/// What is kept, and how much room is held back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpkeepConfig {
    /// How long executions that have ended are kept.
    pub retention: Arc<Retention>,
    /// How much room executions that run may need to end, in bytes: with less, no new ones are accepted.
    pub reserve_bytes: u64,
}

/// How much room there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Room {
    /// Enough, or it is not known.
    Enough,
    /// Less than ten times the reserve.
    Low,
    /// Less than the reserve: no execution is accepted.
    Reserved,
}

impl Room {
    fn of(space: &Space, reserve: u64) -> Self {
        match space.free() {
            Some(free) if free < reserve => Self::Reserved,
            Some(free) if free < reserve.saturating_mul(LOW_RESERVES) => Self::Low,
            Some(_) | None => Self::Enough,
        }
    }

    /// Returns its name: `enough`, `low` or `reserved`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enough => "enough",
            Self::Low => "low",
            Self::Reserved => "reserved",
        }
    }
}

/// The last measurement.
#[derive(Debug, Default)]
pub(crate) struct Measured(AtomicU8);

impl Measured {
    pub(crate) fn room(&self) -> Room {
        match self.0.load(Ordering::Relaxed) {
            0 => Room::Enough,
            1 => Room::Low,
            _ => Room::Reserved,
        }
    }

    fn set(&self, room: Room) {
        self.0.store(room as u8, Ordering::Relaxed);
    }
}

/// Lets commits come first.
pub(super) async fn pause() {
    sleep(STEP_PAUSE).await;
}

impl Engine {
    /// Looks after the database until the engine has ended.
    pub async fn keep_up(&self, config: UpkeepConfig) {
        tokio::select! {
            () = self.look_after(&config) => {}
            _ = self.wait_for_end() => {}
        }
    }

    async fn look_after(&self, config: &UpkeepConfig) {
        for round in 0_u32.. {
            if let Err(error) = self.measure(config.reserve_bytes).await {
                tracing::warn!(error = %error, "could not measure the database");
            }
            if round % PASS_EVERY == 0
                && let Err(error) = self.store().tidy(self.wall()).await
            {
                tracing::warn!(error = %error, "could not look after the days of history; this is tried again");
            }
            if round % PASS_EVERY == 0
                && let Err(error) = self.pass(&config.retention).await
            {
                tracing::warn!(error = %error, "could not delete what is not kept any longer; it is tried again");
            }
            sleep(MEASURE_EVERY).await;
        }
    }

    /// Measures the room, and says so in the log when it has changed.
    async fn measure(&self, reserve: u64) -> Result<(), StoreError> {
        let space = self.store().space().await?;
        let room = Room::of(&space, reserve);
        if room != self.room() {
            let (used, free) = (space.used, space.free().unwrap_or(u64::MAX));
            match room {
                Room::Enough => tracing::info!(used, free, "the database has enough room again"),
                Room::Low => tracing::warn!(used, free, "the database has little room left"),
                Room::Reserved => {
                    tracing::error!(
                        used,
                        free,
                        "the database has no room for new executions; those that run go on"
                    )
                }
            }
        }
        self.measured().set(room);
        Ok(())
    }

    /// Deletes what is not kept any longer, and returns free room to the disk, step by step.
    async fn pass(&self, retention: &Arc<Retention>) -> Result<(), StoreError> {
        let (mut after, mut deleted): (Option<ExecutionId>, usize) = (None, 0);
        loop {
            let step = ExpiryStep { after, limit: STEP_EXECUTIONS };
            let expired = self.store().expire(Arc::clone(retention), self.now(), step).await?;
            deleted += expired.deleted;
            after = expired.next;
            if after.is_none() {
                break;
            }
            sleep(STEP_PAUSE).await;
        }
        self.expire_sessions().await?;
        self.expire_events().await?;
        self.expire_alerts().await?;
        if deleted > 0 {
            tracing::info!(deleted, "deleted executions that are not kept any longer");
        }
        while self.store().shrink().await? {
            sleep(STEP_PAUSE).await;
        }
        Ok(())
    }
}
