//! `transform`: makes a new value of outputs; its output is its resolved input.

use super::{Context, Next, NodeKind, Traits, expressions_of};
use crate::expression::Expression;
use crate::payload::Payload;
use crate::template::Template;

/// The keys of a transform node.
#[derive(Clone, Debug)]
pub struct Transform {
    /// What its output is made of.
    pub input: Template,
}

impl NodeKind for Transform {
    fn name(&self) -> &'static str {
        "transform"
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
        context.resolve(&self.input).into()
    }

    fn shown_input<'a>(&'a self, output: Option<&'a Payload>) -> Option<&'a Payload> {
        self.input.constant().or(output)
    }
}
