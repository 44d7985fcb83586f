//! Doing something with each of many executions.

use futures_util::{StreamExt, stream};
use steadflow_core::ids::ExecutionId;
use steadflow_store::{ExecutionFilter, Page};

use super::Engine;
use super::retry::id_of;
use crate::error::RuntimeError;

/// How many executions are read at once.
const PAGE: usize = 100;
/// With how many something is done at the same time, so that their commits share what they cost.
const AT_ONCE: usize = 32;

impl Engine {
    /// Does something with each execution that `filter` finds, and hands what comes of it to `done`, in no order.
    ///
    /// # Errors
    /// What the store says, and the first error of one.
    pub(super) async fn for_each<T, F>(
        &self,
        filter: ExecutionFilter,
        one: impl Fn(ExecutionId) -> F,
        mut done: impl FnMut(ExecutionId, T),
    ) -> Result<(), RuntimeError>
    where
        F: Future<Output = Result<T, RuntimeError>>,
    {
        let mut before = None;
        loop {
            let rows = self.executions(filter.clone(), Page { before, limit: PAGE }).await?;
            let each = rows.iter().map(id_of).map(|id| {
                let result = one(id);
                async move { (id, result.await) }
            });
            let mut ended = stream::iter(each).buffer_unordered(AT_ONCE);
            while let Some((id, result)) = ended.next().await {
                done(id, result?);
            }
            drop(ended);
            let Some(last) = rows.last().filter(|_| rows.len() == PAGE) else { return Ok(()) };
            before = Some(id_of(last).uuid());
        }
    }
}
