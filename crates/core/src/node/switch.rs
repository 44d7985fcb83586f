//! `switch`: the first case whose condition holds decides; its output is `{"case": name}`.
//!
//! Edges that leave it ask for a case by its name, or for `default`, which holds where no case does. Without an edge that
//! asks for `default`, the node fails in that case: data that no case fits is not lost.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::keys::ConditionReader;
use super::{About, Context, DEFAULT_CASE, NamedBy, Next, NodeKind, Traits};
use crate::condition::Condition;
use crate::document::{Description, Keys, Place, Reader, Reading, Terms, key, list, object, text};
use crate::expression::Expression;
use crate::failure::{ErrorClass, Failure};
use crate::limits::Limits;
use crate::payload::Payload;

/// Cases of one node.
const CASES_MAX: usize = 100;

/// The keys of a switch node.
#[derive(Clone, Debug)]
pub struct Switch {
    /// In the order in which they are tried.
    pub cases: Vec<Case>,
}

/// One case.
#[derive(Clone, Debug)]
pub struct Case {
    /// What edges ask for; unique in the node.
    pub name: Arc<str>,
    /// When it is chosen, unless an earlier case is.
    pub condition: Condition,
}

impl Switch {
    pub(super) const ABOUT: About = About {
        name: "switch",
        named_by: NamedBy::Type,
        aliases: &[],
        title: "Switch",
        description: "Chooses the first case whose condition holds. Outgoing edges ask for a case, or for the default.",
        traits: Traits { takes_attempts: true, has_cases: true, ..Traits::NONE },
        output,
        example,
    };

    pub(super) fn read(keys: &mut Keys<'_>) -> Option<Self> {
        let cases = keys.take(
            key("cases", "Cases", CasesReader)
                .needed("a switch")
                .doc("They are tried in order: the first whose condition holds is chosen."),
        );
        Some(Self { cases: cases? })
    }
}

impl Case {
    fn read(keys: &mut Keys<'_>) -> Option<Self> {
        let name = keys.take(
            key("name", "Name", text().at_most(keys.limits().name_chars_max).in_one_line())
                .needed("a case")
                .doc("What edges ask for; unique in the node."),
        );
        let condition = keys.take(
            key("condition", "Condition", ConditionReader)
                .needed("a case")
                .doc("An expression that returns true or false, or a comparison of a field with a value."),
        );
        Some(Self { name: name?.into(), condition: condition? })
    }
}

/// Reads the cases, whose names differ.
#[derive(Clone, Copy, Debug)]
struct CasesReader;

impl Reader for CasesReader {
    type Value = Vec<Case>;

    fn wanted(&self, _: &Limits) -> String {
        "a list of cases, each with a `name` and a `condition`".to_owned()
    }

    fn schema(&self, terms: &Terms) -> Value {
        list(object(Case::read)).not_empty().at_most(CASES_MAX).schema(terms)
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<Vec<Case>> {
        let cases = list(object(Case::read)).not_empty().at_most(CASES_MAX).read(value, at, reading)?;
        let mut seen = BTreeSet::from([DEFAULT_CASE]);
        for (number, case) in value.as_array().into_iter().flatten().enumerate() {
            let Some(name) = case.get("name").and_then(Value::as_str) else { continue };
            if seen.insert(name) {
                continue;
            }
            let why =
                if name == DEFAULT_CASE { "is what holds where no case does" } else { "is another case" };
            reading
                .fault(&at.entry(number).key("name"), format!("`{name}` {why}; give this case another name"));
        }
        Some(cases)
    }

    fn inside(&self, terms: &Terms) -> Option<Description> {
        object(Case::read).inside(terms)
    }
}

fn output() -> Value {
    json!({
        "type": "object", "title": "Output", "required": ["case"],
        "properties": { "case": {
            "type": "string", "title": "Case", "description": "The name of the chosen case, or `default`.",
        } },
    })
}

fn example() -> Value {
    json!({
        "id": "route", "type": "switch",
        "cases": [
            { "name": "high", "condition": "trigger_data.risk > 70" },
            { "name": "low", "condition": "trigger_data.risk < 20" },
        ],
    })
}

impl NodeKind for Switch {
    fn about(&self) -> &'static About {
        &Self::ABOUT
    }

    fn expressions(&self) -> Vec<(String, &Expression)> {
        let mut all = Vec::new();
        for (number, case) in self.cases.iter().enumerate() {
            let own = case.condition.expressions().into_iter();
            all.extend(
                own.map(|(below, expression)| (format!("/cases/{number}/condition{below}"), expression)),
            );
        }
        all
    }

    fn conditions(&self) -> Vec<&Condition> {
        self.cases.iter().map(|case| &case.condition).collect()
    }

    fn cases(&self) -> Vec<&str> {
        self.cases.iter().map(|case| &*case.name).collect()
    }

    fn begin(&self, context: &Context<'_>) -> Next {
        for case in &self.cases {
            match context.holds(&case.condition) {
                Ok(true) => return Next::Complete(chosen(&case.name)),
                Ok(false) => {}
                Err(failure) => return Next::Fail(failure),
            }
        }
        if context.is_asked_for(DEFAULT_CASE) {
            return Next::Complete(chosen(DEFAULT_CASE));
        }
        let message = "No case of the switch holds, and no edge that leaves it asks for `default`";
        Next::Fail(Failure::new(ErrorClass::Validation, message))
    }
}

fn chosen(case: &str) -> Payload {
    Payload::from_value(&json!({ "case": case }))
}
