//! `echo`: returns its input, but is dispatched and committed like a node with an effect. For benchmarks.

use serde_json::json;

use super::keys::Input;
use super::{About, Context, NamedBy, Next, NodeKind, Traits};
use crate::document::{Keys, Plain, key};
use crate::template::Template;
use crate::work::Task;

/// The keys of an echo node.
#[derive(Clone, Debug)]
pub struct Echo {
    /// What it returns.
    pub input: Template,
}

impl Echo {
    pub(super) const ABOUT: About = About {
        name: "echo",
        named_by: NamedBy::Action,
        aliases: &[],
        title: "Echo",
        description: "Returns its input, and is executed like a node with side effects. For benchmarks.",
        traits: Traits { takes_attempts: true, makes_calls: true, returns_input: true, ..Traits::NONE },
        output: || json!({ "title": "Output", "description": "The resolved input." }),
        example: || json!({ "id": "again", "type": "action", "action": "echo", "input": "${trigger_data}" }),
    };

    pub(super) fn read(keys: &mut Keys<'_>) -> Option<Self> {
        let input = keys.take(
            key("input", "Input", Input).default(Plain::Object).doc("Any JSON. Strings can be templates."),
        );
        Some(Self { input: input? })
    }
}

impl NodeKind for Echo {
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
        Next::call(Task::Echo, &self.input, context)
    }
}
