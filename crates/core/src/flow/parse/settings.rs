//! The keys beside the graph.

use serde_json::Value;

use crate::expression::ExpressionError;
use crate::flow::{Flow, Settings};
use crate::limits::Limits;
use crate::template::Template;

use super::fields::{Faults, Fields, described};
use super::retry::Defaults;

/// The settings, as far as they can be read.
pub(super) struct Parsed {
    /// `None` where the name is missing.
    pub(super) settings: Option<Settings>,
    /// What holds for nodes that say nothing.
    pub(super) defaults: Defaults,
}

pub(super) fn parse(fields: &Fields<'_>, limits: &Limits, faults: &mut Faults) -> Parsed {
    fields.refuse_unknown(&Flow::KEYS, faults);
    let enabled = fields.bool("retry_on_failure", faults).unwrap_or(false);
    let count = fields.whole("retry_count", 0, limits.retry_count_max, faults).unwrap_or(0);
    let name = name(fields, limits, faults);
    let rest = Settings {
        name: String::new(),
        description: fields.string("description", faults).unwrap_or_default().to_owned(),
        category: fields.string("category", faults).map(str::to_owned),
        tags: tags(fields, faults),
        is_template: fields.bool("is_template", faults).unwrap_or(false),
        retry_on_failure: enabled,
        retry_count: count,
        timeout_seconds: fields.seconds("timeout_seconds", limits, faults),
        max_concurrent_executions: fields.whole("max_concurrent_executions", 1, u32::MAX, faults),
        context_id_template: context_id_template(fields, limits, faults),
        context_type_default: fields.string("context_type_default", faults).map(str::to_owned),
    };
    Parsed { settings: name.map(|name| Settings { name, ..rest }), defaults: Defaults { enabled, count } }
}

fn name(fields: &Fields<'_>, limits: &Limits, faults: &mut Faults) -> Option<String> {
    let name = fields.required("name", "a flow needs a `name`", faults)?;
    let length = name.chars().count();
    let chars_max = limits.name_chars_max;
    if length > chars_max {
        let message = format!("`name` has {length} characters; at most {chars_max} are allowed");
        fields.fault("name", faults, message);
        return None;
    }
    Some(name.to_owned())
}

fn tags(fields: &Fields<'_>, faults: &mut Faults) -> Vec<String> {
    let mut tags = Vec::new();
    for (at, tag) in fields.list("tags", faults).unwrap_or_default().iter().enumerate() {
        match tag.as_str() {
            Some(tag) => tags.push(tag.to_owned()),
            None => faults.add(
                format!("{}/{at}", fields.pointer("tags")),
                format!("a tag must be a string, not {}", described(tag)),
            ),
        }
    }
    tags
}

fn context_id_template(fields: &Fields<'_>, limits: &Limits, faults: &mut Faults) -> Option<String> {
    const KEY: &str = "context_id_template";
    let text = fields.string(KEY, faults)?;
    match Template::compile(&Value::from(text), limits) {
        Ok(template) => {
            let references = template.references();
            if !references.nodes.is_empty() || !references.secrets.is_empty() || references.attempt {
                fields.fault(
                    KEY,
                    faults,
                    format!("`{KEY}` can use `trigger_data` only: it is filled in before any node runs"),
                );
            }
        }
        Err(errors) => errors.into_iter().for_each(|(_, error): (_, ExpressionError)| {
            fields.fault(KEY, faults, error.to_string());
        }),
    }
    Some(text.to_owned())
}
