//! What does the work of attempts. The engine knows nothing of HTTP or models.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::flow::{Fault, Flow};
use steadflow_core::trial::Question;
use steadflow_core::work::{Outcome, Stop, Work};

/// An attempt's work under way. Dropping it stops the work.
pub type OutcomeFuture = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// What is wrong with a flow, when it is known.
pub type FaultsFuture<'a> = Pin<Box<dyn Future<Output = Result<Vec<Fault>, Failure>> + Send + 'a>>;

/// What is known of an attempt's outcome when its work begins.
pub enum Performing {
    /// It is done: nothing outside was needed.
    Ready(Outcome),
    /// It needs the world, and time. From when the second part is set, it sends nothing more.
    Running(OutcomeFuture, Stop),
}

impl IntoFuture for Performing {
    type Output = Outcome;
    type IntoFuture = OutcomeFuture;

    fn into_future(self) -> OutcomeFuture {
        match self {
            Self::Ready(outcome) => Box::pin(std::future::ready(outcome)),
            Self::Running(running, _) => running,
        }
    }
}

impl fmt::Debug for Performing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ready(_) => "Performing::Ready",
            Self::Running(..) => "Performing::Running",
        })
    }
}

/// Does the work of attempts.
pub trait Executor: Send + Sync + fmt::Debug + 'static {
    /// Begins the work of one attempt, whose start is committed. Returns at once; what takes time is in the future. That looks
    /// at its [`Stop`] when it has waited for its turn: what is stopped sends nothing.
    fn execute(&self, work: Work) -> Performing;

    /// Begins to ask an agent that need not be stored. One that runs no agents fails at once.
    fn ask(&self, _: Question) -> Performing {
        let message = "This server asks no agents.";
        Performing::Ready(Outcome::failed(Failure::new(ErrorClass::Configuration, message)))
    }

    /// Returns what is wrong with the code of a flow that is to be stored, or why it could not be checked.
    fn code_faults<'a>(&'a self, _: &'a Flow) -> FaultsFuture<'a> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    /// Returns whether it has a server that takes mail.
    fn sends_mail(&self) -> bool {
        false
    }
}
