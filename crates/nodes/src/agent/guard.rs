//! Checks what the guardrails of a skill say.

use std::sync::Arc;

use serde_json::Value;
use steadflow_core::agent::Skill;
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::guardrail::{Check, Guardrail, Then};

use super::misconfigured;
use crate::nodes::Shared;
use crate::secrets::Scrubber;

/// That a guardrail refuses a value.
pub(super) struct Refusal<'a> {
    guardrail: &'a Guardrail,
    reason: String,
}

impl Refusal<'_> {
    /// Returns what follows.
    pub(super) const fn then(&self) -> Then {
        self.guardrail.then
    }

    /// Returns what the guardrail says of `what`, as a sentence.
    pub(super) fn message(&self, what: &str) -> String {
        self.guardrail.refusal(what, &self.reason)
    }

    /// Returns the failure of an attempt that ends with it.
    pub(super) fn failure(&self, what: &str) -> Failure {
        Failure::new(ErrorClass::Guardrail, self.message(what))
    }
}

/// What guardrails look at.
pub(super) struct Looked<'a> {
    /// For those with a schema.
    pub(super) whole: &'a Value,
    /// For those with an expression: what a model reads of it.
    pub(super) text: &'a Value,
}

impl<'a> Looked<'a> {
    /// Looks at a value that is all text.
    pub(super) const fn at(value: &'a Value) -> Self {
        Self { whole: value, text: value }
    }
}

/// Returns the first guardrail, of those that are meant, which refuses a value. Those that take a call or a person are
/// checked before or after this call.
///
/// # Errors
/// A failure of class `configuration` if a schema is not valid.
pub(super) async fn refusal<'a>(
    shared: &Shared,
    skill: &'a Skill,
    is_meant: impl Fn(&Guardrail) -> bool,
    value: &Looked<'_>,
    scrubber: &Arc<Scrubber>,
) -> Result<Option<Refusal<'a>>, Failure> {
    for guardrail in skill.guardrails.iter().filter(|one| !one.takes_a_call() && is_meant(one)) {
        let refuses = guardrail.refuses_text(value.text).unwrap_or_default();
        let reason = match &guardrail.check {
            Check::Matches(_) => refuses.then(|| "it does not match the pattern".to_owned()),
            Check::Denies(_) => refuses.then(|| "it matches what is not allowed".to_owned()),
            Check::Fits(schema) => {
                shared.checks.misfit(schema, value.whole, scrubber).await.map_err(|message| {
                    misconfigured(format!("`schema` of the guardrail `{}`: {message}.", guardrail.name))
                })?
            }
            Check::Judge(_) => None,
        };
        if let Some(reason) = reason {
            return Ok(Some(Refusal { guardrail, reason }));
        }
    }
    Ok(None)
}
