//! `merge`: joins branches; passes on what reaches it.

use super::{Context, Next, NodeKind, Traits};
use crate::expression::Expression;

/// It has no keys of its own.
#[derive(Clone, Copy, Debug)]
pub struct Merge;

impl NodeKind for Merge {
    fn name(&self) -> &'static str {
        "merge"
    }

    fn traits(&self) -> Traits {
        Traits::default()
    }

    fn expressions(&self) -> Vec<(String, &Expression)> {
        Vec::new()
    }

    fn begin(&self, context: &Context<'_>) -> Next {
        context.arriving().into()
    }
}
