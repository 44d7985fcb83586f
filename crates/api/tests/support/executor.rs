//! What does the work of attempts, as their input says.

use serde_json::json;
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::work::{Outcome, Work};
use steadflow_runtime::{Executor, Performing};

/// Gives back its input, unless that says otherwise: `{"fails": n}` fails the first n attempts, with the class that
/// `error` names; `{"hangs": true}` never ends.
#[derive(Debug)]
pub(crate) struct Scripted;

impl Executor for Scripted {
    fn execute(&self, work: Work) -> Performing {
        let input = work.input.to_value();
        Performing::Running(Box::pin(async move {
            if input["hangs"] == json!(true) {
                std::future::pending::<()>().await;
            }
            if input["fails"].as_u64().is_some_and(|fails| u64::from(work.attempt.number()) <= fails) {
                let class = input["error"].as_str().and_then(|name| name.parse().ok());
                let failure = Failure::new(class.unwrap_or(ErrorClass::Connection), "Connection timeout");
                return Outcome::failed(failure);
            }
            Outcome::completed(work.input)
        }))
    }
}
