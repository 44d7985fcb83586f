//! What does the work of attempts. The engine knows nothing of HTTP or models.

use std::future::Future;
use std::pin::Pin;

use steadflow_core::work::{Outcome, Work};

/// An attempt's work under way. Dropping it stops the work.
pub type OutcomeFuture = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// Does the work of attempts.
pub trait Executor: Send + Sync + std::fmt::Debug + 'static {
    /// Begins the work of one attempt, whose start is committed.
    fn execute(&self, work: Work) -> OutcomeFuture;
}
