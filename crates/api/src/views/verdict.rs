//! What judges said in a trial.

use serde::Serialize;
use steadflow_core::guardrail::Then;
use steadflow_core::trial::{Judged, LoopTrial};
use utoipa::ToSchema;

/// What the judge of a guardrail said of a value.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Verdict)]
pub(crate) struct VerdictView {
    /// The name of the guardrail.
    guardrail: String,
    /// What was judged: `input`, `arguments` or `output`.
    on: &'static str,
    /// The tool that the model asks for, if its arguments were judged.
    tool: Option<String>,
    /// Whether the value passed; null if there is no verdict.
    passed: Option<bool>,
    /// Why, or why not.
    reason: Option<String>,
    /// What follows in an execution if it did not pass: `fail`, `repair` or `ask`.
    follows: &'static str,
    /// Why there is no verdict.
    error_message: Option<String>,
}

impl VerdictView {
    /// Returns all of a trial.
    pub(crate) fn all(trial: &LoopTrial<'_>) -> Vec<Self> {
        let view = |judged: Judged<'_>| {
            let (verdict, error) = match judged.result {
                Ok(verdict) => (Some(verdict), None),
                Err(message) => (None, Some(message.to_string())),
            };
            let then = Then::NAMED.iter().find(|(_, then)| *then == judged.guardrail.then);
            Self {
                guardrail: judged.guardrail.name.clone(),
                on: judged.guardrail.on.name(),
                tool: judged.tool,
                passed: verdict.as_ref().map(|verdict| verdict.passed),
                reason: verdict.and_then(|verdict| verdict.reason),
                follows: then.map_or("", |(name, _)| name),
                error_message: error,
            }
        };
        trial.judged().map(view).collect()
    }
}
