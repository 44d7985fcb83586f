//! Drives executions: who owns them, when they are looked at, what is handed out, and what is remembered.
//!
//! [`Shard`] holds the executions that are under way and knows neither clock nor database nor task: it is told what
//! happened and says what to commit and, once that is committed, what to do. The driver around it is a loop that does
//! as told. [`Engine`] is the handle that the API and the command line use.

mod clock;
mod driver;
mod engine;
mod error;
mod executor;
mod flows;
mod hub;
mod row;
pub mod shard;

pub use clock::{Clock, SystemClock};
pub use engine::{
    BulkRetry, BulkRetryItem, CurrentFlow, Engine, EngineConfig, ExecutionSnapshot, RequestKey, Retry, Start,
    Started, VersionChoice,
};
pub use error::RuntimeError;
pub use executor::{Executor, OutcomeFuture};
pub use hub::{Change, Changes, Following};
pub use row::{rollup_of, row_of};
pub use shard::{Shard, ShardConfig};
