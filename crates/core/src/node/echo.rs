//! `echo`: returns its input, but is dispatched and committed like a node with an effect. For benchmarks.

use super::{Context, Next, NodeKind, Traits, expressions_of};
use crate::expression::Expression;
use crate::payload::Payload;
use crate::template::Template;
use crate::work::Task;

/// The keys of an echo node.
#[derive(Clone, Debug)]
pub struct Echo {
    /// What it returns.
    pub input: Template,
}

impl NodeKind for Echo {
    fn name(&self) -> &'static str {
        "echo"
    }

    fn type_name(&self) -> &'static str {
        "action"
    }

    fn traits(&self) -> Traits {
        Traits { takes_attempts: true, ..Traits::default() }
    }

    fn expressions(&self) -> Vec<(String, &Expression)> {
        expressions_of("input", &self.input)
    }

    fn begin(&self, context: &Context<'_>) -> Next {
        Next::call(Task::Echo, &self.input, context)
    }

    fn shown_input<'a>(&'a self, _: Option<&'a Payload>) -> Option<&'a Payload> {
        self.input.constant()
    }
}
