//! The one table of what a skill's failure is answered with; `docs/reference/api.md` has it for clients.

use steadflow_core::failure::{ErrorClass, Failure};

use super::{Failed, Problem, ProblemKind};
use crate::views::usage::UsageView;
use crate::views::verdict::VerdictView;

impl Problem {
    /// Returns the problem of a skill that failed after having used `usage`.
    pub(crate) fn of_skill(failure: Failure, usage: UsageView) -> Self {
        let kind = kind_of(failure.class);
        let cause = (kind == ProblemKind::Internal).then(|| failure.message.clone());
        let detail = as_sentence(&failure.message);
        let retry_after = failure.retry_after;
        let failed = Failed { error: failure.into(), usage, verdicts: Vec::new(), retry_after };
        Self { failed: Some(Box::new(failed)), cause, ..Self::new(kind, detail) }
    }

    /// Adds what judges said before a skill failed.
    pub(crate) fn with_verdicts(mut self, verdicts: Vec<VerdictView>) -> Self {
        if let Some(failed) = &mut self.failed {
            failed.verdicts = verdicts;
        }
        self
    }
}

const fn kind_of(class: ErrorClass) -> ProblemKind {
    match class {
        ErrorClass::Rejected
        | ErrorClass::Guardrail
        | ErrorClass::Validation
        | ErrorClass::Expression
        | ErrorClass::Script
        | ErrorClass::Configuration => ProblemKind::SkillRejected,
        ErrorClass::RateLimited => ProblemKind::SkillRateLimited,
        ErrorClass::Connection
        | ErrorClass::Unavailable
        | ErrorClass::Tool
        | ErrorClass::ModelOutput
        | ErrorClass::Budget
        | ErrorClass::Cancelled
        | ErrorClass::Replaced
        | ErrorClass::OutputTooLarge => ProblemKind::SkillFailed,
        ErrorClass::Timeout => ProblemKind::SkillTimedOut,
        ErrorClass::Internal | ErrorClass::Interrupted => ProblemKind::Internal,
    }
}

fn as_sentence(message: &str) -> String {
    let ends = message.ends_with(['.', '!', '?', '…']);
    format!("{message}{}", if ends { "" } else { "." })
}
