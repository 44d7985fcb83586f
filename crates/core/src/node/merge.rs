//! `merge`: joins branches; passes on what reaches it.

use serde_json::json;

use super::{About, Context, NamedBy, Next, NodeKind, Traits};
use crate::document::Keys;

/// It has no keys of its own.
#[derive(Clone, Copy, Debug)]
pub struct Merge;

impl Merge {
    pub(super) const ABOUT: About = About {
        name: "merge",
        named_by: NamedBy::Type,
        aliases: &[],
        title: "Merge",
        description: "Waits for all incoming branches, or for the first.",
        traits: Traits { passes_through: true, ..Traits::NONE },
        output: || json!({ "title": "Output", "description": "The input of the node, passed through." }),
        example: || json!({ "id": "fan_in", "type": "merge", "join": "all" }),
    };

    pub(super) const fn read(_: &mut Keys<'_>) -> Option<Self> {
        Some(Self)
    }
}

impl NodeKind for Merge {
    fn about(&self) -> &'static About {
        &Self::ABOUT
    }

    fn begin(&self, context: &Context<'_>) -> Next {
        context.arriving().into()
    }
}
