//! `map`: runs its body once for each item of a list, as child executions; its output is the list of their results.
//!
//! The list is the input of the attempt, so a later attempt runs for the same items. It runs for those only for which no
//! execution has completed.

use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::{Value, json};

use super::keys::{BodyReader, Input, WithoutSecrets};
use super::{About, Context, NamedBy, Next, NodeKind, Repeats, Resumed, Traits, failure_of_child};
use crate::document::{Keys, Place, Reader, Reading, Terms, choice, described, key, whole};
use crate::event::{ChildEnd, ChildInput, ChildStart};
use crate::expression::Expression;
use crate::expression::json_text::{self, Kind};
use crate::failure::{ErrorClass, Failure};
use crate::limits::Limits;
use crate::payload::Payload;
use crate::step::ChildRecord;
use crate::template::Template;

/// How many executions of a body can be under way at once.
const CONCURRENCY_MAX: u32 = 1_000;

const ON_ITEM_FAILURE: &[(&str, OnItemFailure)] =
    &[("fail", OnItemFailure::Fail), ("collect", OnItemFailure::Collect)];

/// The keys of a map node.
#[derive(Clone, Debug)]
pub struct Map {
    /// Gives the list.
    pub items: Template,
    /// How many items run at once.
    pub max_concurrency: u32,
    /// What an item that failed leads to.
    pub on_item_failure: OnItemFailure,
}

/// What an item that failed leads to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnItemFailure {
    /// The attempt fails; items that run are cancelled.
    #[default]
    Fail,
    /// The others go on, and each result says whether it is one.
    Collect,
}

impl Map {
    pub(super) const ABOUT: About = About {
        name: "map",
        named_by: NamedBy::Type,
        aliases: &[],
        title: "Map",
        description: "Runs the nodes of its body once for each item of a list, several at a time. Its output is the list of results, in the order of the items.",
        traits: Traits {
            takes_attempts: true,
            makes_calls: true,
            starts_children: true,
            repeats: Some(Repeats::Items),
            ..Traits::NONE
        },
        output,
        example,
    };

    pub(super) fn read(keys: &mut Keys<'_>) -> Option<Self> {
        let items = keys.take(
            key("items", "Items", ItemsReader)
                .needed("a map")
                .doc("The list: a template such as `${fetch.body.rows}`, or JSON. At most 10,000 items."),
        );
        keys.take(key("body", "Body", BodyReader).needed("a map").doc(
            "The nodes and edges that run for each item, as in a flow. They read it as `item`, and its number, from 0, as `index`.",
        ));
        let max_concurrency = keys.take(
            key("max_concurrency", "Items at once", whole(1, CONCURRENCY_MAX))
                .default(10)
                .doc("How many items run at the same time."),
        );
        let on_item_failure = keys.take(
            key("on_item_failure", "If an item fails", choice(ON_ITEM_FAILURE)).default("fail").doc(
                "Fail the node and cancel the items that run (fail), or go on and return for each item whether it is ok (collect).",
            ),
        );
        Some(Self {
            items: items?,
            max_concurrency: max_concurrency.unwrap_or(1),
            on_item_failure: on_item_failure.unwrap_or_default(),
        })
    }

    /// Starts executions for the next items, as many as may run; completes when all have ended.
    fn next(&self, context: &Context<'_>, items: &[Payload], input: Option<Payload>) -> Next {
        let count = u32::try_from(items.len()).unwrap_or(u32::MAX);
        let open = context.children.open();
        let room = (self.max_concurrency as usize).saturating_sub(open);
        let start = |index: u32| {
            let (item, reused) = (items.get(index as usize).cloned(), context.reused_for(index));
            let given = ChildInput { item, reused, ..ChildInput::default() };
            ChildStart { flow: None, index, step: None, given }
        };
        let starts: Vec<ChildStart> = context.missing(count).take(room).map(start).collect();
        if !starts.is_empty() {
            Next::Children { starts, input }
        } else if open > 0 {
            Next::Pending
        } else {
            Next::Complete(self.output_of(context, count))
        }
    }

    fn output_of(&self, context: &Context<'_>, count: u32) -> Payload {
        let mut text = String::from("[");
        for index in 0..count {
            if text.len() > 1 {
                text.push(',');
            }
            match (self.on_item_failure, context.result_for(index)) {
                (OnItemFailure::Fail, Some(result)) => text.push_str(result.as_str()),
                (OnItemFailure::Collect, Some(result)) => {
                    let _ = write!(text, r#"{{"ok":true,"output":{}}}"#, result.as_str());
                }
                (_, None) => {
                    let end = context.children.of_index(index).and_then(ChildRecord::end);
                    text.push_str(&end.map(failed_item).unwrap_or_default());
                }
            }
        }
        text.push(']');
        Payload::parse(text).expect("a list of JSON texts is JSON")
    }
}

fn failed_item(end: &ChildEnd) -> String {
    let Failure { class, message, .. } = failure_of_child(end);
    json!({ "ok": false, "error": { "class": class.as_str(), "message": message } }).to_string()
}

/// Reads what gives the items.
#[derive(Clone, Copy, Debug)]
struct ItemsReader;

impl Reader for ItemsReader {
    type Value = Template;

    fn wanted(&self, _: &Limits) -> String {
        "a list, or a template such as `\"${fetch.body.rows}\"`".to_owned()
    }

    fn schema(&self, _: &Terms) -> Value {
        json!({ "anyOf": [{ "type": "array" }, { "title": "Template", "type": "string", "pattern": "\\$\\{" }] })
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<Template> {
        let why = "`items` cannot use secrets, because items are shown; name the secret in the body";
        let template = WithoutSecrets { reader: Input, why }.read(value, at, reading)?;
        let is_list = template.constant().is_none_or(|items| Kind::of(items.as_str()) == Kind::List);
        let is_text =
            value.is_string() && template.constant().is_none() && template.wholes().next().is_none();
        reading.fitting(self, (is_list && !is_text).then_some(template), value, at)
    }
}

fn output() -> Value {
    json!({ "type": "array", "title": "Output", "description": "The results, in the order of the items." })
}

fn example() -> Value {
    json!({
        "id": "each", "type": "map", "items": "${trigger_data.vendors}", "max_concurrency": 5,
        "body": { "nodes": [
            { "id": "score", "type": "action", "action": "transform", "input": { "vendor": "${item.name}", "number": "${index + 1}" } },
        ] },
    })
}

impl NodeKind for Map {
    fn about(&self) -> &'static About {
        &Self::ABOUT
    }

    fn expressions(&self) -> Vec<(String, &Expression)> {
        self.items.expressions().map(|(below, expression)| (format!("/items{below}"), expression)).collect()
    }

    fn begin(&self, context: &Context<'_>) -> Next {
        if context.children.is_empty() {
            let input = match context.resolve_for_children(&self.items) {
                Ok(input) => input,
                Err(failure) => return Next::Fail(failure),
            };
            match items_of(&input, context.limits()) {
                Ok(items) => {
                    let input = self.items.constant().is_none().then_some(input);
                    self.next(context, &items, input)
                }
                Err(failure) => Next::Fail(failure),
            }
        } else {
            self.go_on(context)
        }
    }

    fn resume(&self, context: &Context<'_>, resumed: Resumed) -> Next {
        let Resumed::Child { index, end } = resumed else { return Next::Pending };
        if end.result.is_none() && self.on_item_failure == OnItemFailure::Fail {
            let Failure { class, message, .. } = failure_of_child(&end);
            return Next::Fail(Failure::new(class, format!("Item {index} failed: {message}")));
        }
        let (bytes, bytes_max) = (context.children.result_bytes(), context.limits().output_bytes_max);
        if bytes > bytes_max {
            return Next::Fail(Failure::output_too_large(bytes, bytes_max));
        }
        self.go_on(context)
    }

    fn shown_input<'a>(&'a self, _: Option<&'a Payload>) -> Option<&'a Payload> {
        self.items.constant()
    }
}

impl Map {
    /// Goes on for the items that are recorded.
    fn go_on(&self, context: &Context<'_>) -> Next {
        let recorded = context.input.or_else(|| self.items.constant());
        let split = || recorded.and_then(|input| items_of(input, context.limits()).ok()).unwrap_or_default();
        self.next(context, &context.children.items(split), None)
    }
}

/// Returns the entries of a list.
///
/// # Errors
/// It is none, or has too many.
fn items_of(input: &Payload, limits: &Limits) -> Result<Arc<[Payload]>, Failure> {
    let text = input.as_str();
    if Kind::of(text) != Kind::List {
        let given = input.to_value().map_or_else(|_| "something else".to_owned(), |value| described(&value));
        let message = format!("`items` must be a list, not {given}");
        return Err(Failure::new(ErrorClass::Validation, message));
    }
    let (count, max) = (json_text::items(text).count(), limits.items_max);
    if count > max {
        let message = format!("`items` has {count} entries; at most {max} are allowed. Divide the list");
        return Err(Failure::new(ErrorClass::Validation, message));
    }
    let item = |text: &str| Payload::parse(text.to_owned()).expect("an entry of a list that is JSON is JSON");
    Ok(json_text::items(text).map(item).collect())
}
