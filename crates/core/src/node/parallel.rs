//! `parallel`: forks branches; passes on what reaches it.

use serde_json::json;

use super::{About, Context, NamedBy, Next, NodeKind, Traits};
use crate::document::Keys;

/// It has no keys of its own.
#[derive(Clone, Copy, Debug)]
pub struct Parallel;

impl Parallel {
    pub(super) const ABOUT: About = About {
        name: "parallel",
        named_by: NamedBy::Type,
        aliases: &[],
        title: "Parallel",
        description: "Starts all outgoing branches in parallel.",
        traits: Traits { passes_through: true, ..Traits::NONE },
        output: || json!({ "title": "Output", "description": "The input of the node, passed through." }),
        example: || json!({ "id": "fan_out", "type": "parallel" }),
    };

    pub(super) const fn read(_: &mut Keys<'_>) -> Option<Self> {
        Some(Self)
    }
}

impl NodeKind for Parallel {
    fn about(&self) -> &'static About {
        &Self::ABOUT
    }

    fn begin(&self, context: &Context<'_>) -> Next {
        context.arriving().into()
    }
}
