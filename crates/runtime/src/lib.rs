//! Drives executions: who owns them, when they are looked at, what is handed out, and what is remembered.
//!
//! [`Worker`] holds the lease and, under it, a [`Shard`] with the executions that are under way. Both know neither
//! clock nor database nor task: they are given time and results and return what to ask of the store, what to commit
//! and, once that is committed, what to do. The driver around them is a loop that carries this out. [`Engine`] is the
//! handle that the API and the command line use.

mod admission;
mod agents;
mod allowed;
mod blobs;
mod catalogue;
mod ciphers;
mod clock;
mod driver;
mod engine;
mod error;
mod executor;
mod flows;
mod followed;
mod hub;
mod kept;
mod live;
mod quotas;
mod row;
pub mod shard;
mod traces;
pub mod worker;

pub use admission::Capacity;
pub use allowed::Allowed;
pub use blobs::{BlobCounts, Offload};
pub use catalogue::{AgentEdit, DocumentEdit, DraftEdit, FlowEdit, NewFlow, SecretUser, SecretUses};
pub use ciphers::{Ciphers, NoCipher};
pub use clock::{Clock, SystemClock};
pub use engine::{
    ActiveSchedule, Bulk, BulkAction, BulkItem, BulkResult, BulkSkip, BulkWhich, CurrentFlow, DayUse, Engine,
    EngineConfig, ExecutionSnapshot, Fixed, FlowWebhook, Fork, Forked, GroupChange, GroupId, GroupNotes,
    HasSecret, Mute, NOTED_GROUPS_MAX, NewEvent, RequestKey, Retry, Room, SentEvent, Start, Started,
    StoredAlert, UpkeepConfig, VersionChoice, delete_tenant, replace_link_key,
};
pub use error::{EngineFailure, RuntimeError};
pub use executor::{Executor, FaultsFuture, OutcomeFuture, Performing};
pub use followed::Following;
pub use hub::{Change, Changes};
pub use live::{LiveFollowing, LiveText, LiveTexts, Piece};
pub use quotas::{QuotaReached, TenantUse};
pub use row::{rollup_of, row_of};
pub use shard::{Shard, ShardConfig};
pub use traces::TraceCounts;
pub use worker::{Worker, WorkerConfig};
