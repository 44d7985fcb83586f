//! `trigger`: where the flow starts; its output is the trigger data.

use super::{Context, Next, NodeKind, Traits};
use crate::expression::Expression;

/// It has no keys of its own.
#[derive(Clone, Copy, Debug)]
pub struct Trigger;

impl NodeKind for Trigger {
    fn name(&self) -> &'static str {
        "trigger"
    }

    fn traits(&self) -> Traits {
        Traits { starts: true, ..Traits::default() }
    }

    fn expressions(&self) -> Vec<(String, &Expression)> {
        Vec::new()
    }

    fn begin(&self, context: &Context<'_>) -> Next {
        Next::Complete(context.trigger_data().clone())
    }
}
