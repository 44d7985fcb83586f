//! `transform`: makes a new value of outputs; its output is its resolved input.

use serde_json::{Value, json};

use super::keys::Input;
use super::{About, Context, NamedBy, Next, NodeKind, Traits};
use crate::document::{Keys, Plain, key};
use crate::payload::Payload;
use crate::template::Template;

/// The keys of a transform node.
#[derive(Clone, Debug)]
pub struct Transform {
    /// What its output is made of.
    pub input: Template,
}

impl Transform {
    pub(super) const ABOUT: About = About {
        name: "transform",
        named_by: NamedBy::Action,
        aliases: &["aggregate_results"],
        title: "Transform",
        description: "Builds a value from other outputs. Its output is its resolved input.",
        traits: Traits { takes_attempts: true, returns_input: true, ..Traits::NONE },
        output: || json!({ "title": "Output", "description": "The resolved input." }),
        example,
    };

    pub(super) fn read(keys: &mut Keys<'_>) -> Option<Self> {
        let input = keys.take(
            key("input", "Input", Input).default(Plain::Object).doc("Any JSON. Strings can be templates."),
        );
        Some(Self { input: input? })
    }
}

fn example() -> Value {
    json!({
        "id": "summary", "type": "action", "action": "transform",
        "input": { "vendor": "${trigger_data.vendor_id}", "is_risky": "${trigger_data.risk > 70}" },
    })
}

impl NodeKind for Transform {
    fn about(&self) -> &'static About {
        &Self::ABOUT
    }

    fn input(&self) -> Option<&Template> {
        Some(&self.input)
    }

    fn output_template(&self) -> Option<&Template> {
        Some(&self.input)
    }

    fn begin(&self, context: &Context<'_>) -> Next {
        context.resolve(&self.input).into()
    }

    fn shown_input<'a>(&'a self, output: Option<&'a Payload>) -> Option<&'a Payload> {
        self.input.constant().or(output)
    }
}
