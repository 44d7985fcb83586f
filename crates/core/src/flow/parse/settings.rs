//! The keys outside the graph.

use serde_json::Value;

use super::budget::read_budget;
use super::retry::Defaults;
use crate::document::{
    Keys, Place, Plain, Reader, Reading, Terms, boolean, key, list, object, plain_text, seconds, text, whole,
};
use crate::flow::Settings;
use crate::limits::Limits;
use crate::template::{Size, Template};

/// Reads the settings, as far as that is possible, and what holds for nodes that say nothing.
pub(super) fn read(keys: &mut Keys<'_>) -> (Option<Settings>, Defaults) {
    let limits = keys.limits();
    let counts = whole(0, limits.retry_count_max);
    let short = plain_text().at_most(limits.name_chars_max).in_one_line();
    let name = keys.take(
        key("name", "Name", text().at_most(limits.name_chars_max).in_one_line())
            .needed("a flow")
            .doc("Shown in the studio and in messages."),
    );
    let description = plain_text().at_most(limits.description_chars_max);
    let description =
        keys.take(key("description", "Description", description).default("").doc("What it is for."));
    let category = keys.take(key("category", "Category", short).doc("The category that lists group it by."));
    let tags = list(short).at_most(limits.tags_max);
    let tags = keys.take(key("tags", "Tags", tags).default(Plain::List).doc("Words to search by."));
    let is_template = keys.take(
        key("is_template", "Template", boolean()).default(false).doc("Whether other flows are made from it."),
    );
    let retries = keys.take(
        key("retry_on_failure", "Retry on failure", boolean())
            .default(false)
            .doc("Whether failed nodes are retried unless they have their own retry settings."),
    );
    let count = keys.take(
        key("retry_count", "Retry count", counts)
            .default(0)
            .doc("Retries after the first attempt of a node."),
    );
    let timeout = keys.take(
        key("timeout_seconds", "Timeout in seconds", seconds())
            .doc("The limit for one execution. Empty: no timeout."),
    );
    let at_once = keys.take(
        key("max_concurrent_executions", "Concurrent executions", whole(1, u32::MAX))
            .doc("How many executions may run at once; the others wait. Empty: no limit."),
    );
    let budget = keys.take(
        key("budget", "Budget", object(read_budget).named("Budget"))
            .doc("What the calls of models of one execution may use, all nodes and attempts together. Empty: no limit."),
    );
    let context_id = keys.take(key("context_id_template", "Reference ID", ContextIdReader).doc(
        "A template over `trigger_data` for the `context_id` of executions that are started without one.",
    ));
    let context_type = keys.take(
        key("context_type_default", "Reference type", plain_text().at_most(limits.context_chars_max))
            .doc("The `context_type` of executions that are started without one."),
    );
    let defaults = Defaults { enabled: retries.unwrap_or(false), count: count.unwrap_or(0) };
    let settings = name.map(|name| Settings {
        name,
        description: description.unwrap_or_default(),
        category,
        tags: tags.unwrap_or_default(),
        is_template: is_template.unwrap_or(false),
        retry_on_failure: defaults.enabled,
        retry_count: defaults.count,
        timeout_seconds: timeout,
        max_concurrent_executions: at_once,
        budget: budget.filter(|budget| budget.max_tokens.is_some() || budget.max_cost.is_some()),
        context_id_template: context_id,
        context_type_default: context_type,
    });
    (settings, defaults)
}

/// Reads a template that is resolved before any node runs.
#[derive(Clone, Copy, Debug)]
struct ContextIdReader;

impl Reader for ContextIdReader {
    type Value = String;

    fn wanted(&self, limits: &Limits) -> String {
        plain_text().wanted(limits)
    }

    fn schema(&self, terms: &Terms) -> Value {
        plain_text().schema(terms)
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<String> {
        let text = plain_text().read(value, at, reading)?;
        if !reading.may_compile(Size::of(value), at) {
            return None;
        }
        let template = Template::compile(value, &reading.limits);
        let template = reading.compiled(template, at)?;
        for (_, expression) in template.expressions() {
            expression.faults().for_each(|fault| reading.fault(at, fault.to_string()));
        }
        let references = template.references();
        let reads_more = references.attempt || references.item || references.index || references.error;
        if !references.nodes.is_empty() || !references.secrets.is_empty() || reads_more {
            let message =
                "`context_id_template` can use `trigger_data` only: it is filled in before any node runs";
            reading.fault(at, message);
            return None;
        }
        Some(text)
    }
}
