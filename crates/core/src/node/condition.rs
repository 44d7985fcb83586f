//! `condition`: evaluates a condition; its output is `{"condition_result": bool}`.

use super::{Context, Next, NodeKind, Traits};
use crate::condition::Condition as Compiled;
use crate::expression::Expression;

/// The keys of a condition node.
#[derive(Clone, Debug)]
pub struct Condition {
    /// What is evaluated.
    pub condition: Compiled,
}

impl NodeKind for Condition {
    fn name(&self) -> &'static str {
        "condition"
    }

    fn traits(&self) -> Traits {
        Traits { takes_attempts: true, answers: true, ..Traits::default() }
    }

    fn expressions(&self) -> Vec<(String, &Expression)> {
        let all = self.condition.expressions().into_iter();
        all.map(|(below, expression)| (format!("/condition{below}"), expression)).collect()
    }

    fn begin(&self, context: &Context<'_>) -> Next {
        context.evaluate(&self.condition).into()
    }
}
