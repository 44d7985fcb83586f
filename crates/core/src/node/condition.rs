//! `condition`: evaluates a condition; its output is `{"condition_result": bool}`.

use serde_json::{Value, json};

use super::keys::ConditionReader;
use super::{About, Context, NamedBy, Next, NodeKind, Traits};
use crate::condition::Condition as Compiled;
use crate::document::{Keys, key};
use crate::expression::Expression;
use crate::payload::Payload;

/// The keys of a condition node.
#[derive(Clone, Debug)]
pub struct Condition {
    /// What is evaluated.
    pub condition: Compiled,
}

impl Condition {
    pub(super) const ABOUT: About = About {
        name: "condition",
        named_by: NamedBy::Type,
        aliases: &[],
        title: "Condition",
        description: "Evaluates to true or false. Outgoing edges can require either.",
        traits: Traits { takes_attempts: true, answers: true, ..Traits::NONE },
        output,
        example: || json!({ "id": "is_risky", "type": "condition", "condition": "trigger_data.risk > 70" }),
    };

    pub(super) fn read(keys: &mut Keys<'_>) -> Option<Self> {
        let condition = keys.take(
            key("condition", "Condition", ConditionReader)
                .needed("a condition node")
                .doc("An expression that returns true or false, or a comparison of a field with a value."),
        );
        Some(Self { condition: condition? })
    }
}

fn output() -> Value {
    json!({
        "type": "object", "title": "Output", "required": ["condition_result"],
        "properties": { "condition_result": { "type": "boolean", "title": "Result" } },
    })
}

impl NodeKind for Condition {
    fn about(&self) -> &'static About {
        &Self::ABOUT
    }

    fn expressions(&self) -> Vec<(String, &Expression)> {
        let all = self.condition.expressions().into_iter();
        all.map(|(below, expression)| (format!("/condition{below}"), expression)).collect()
    }

    fn conditions(&self) -> Vec<&Compiled> {
        vec![&self.condition]
    }

    fn begin(&self, context: &Context<'_>) -> Next {
        let output = |holds| Payload::from_value(&json!({ "condition_result": holds }));
        context.holds(&self.condition).map(output).into()
    }
}
