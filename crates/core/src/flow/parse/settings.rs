//! The keys outside the graph.

use serde_json::{Value, json};

use super::budget::read_budget;
use super::retry::Defaults;
use super::sensitive::read_sensitive;
use crate::document::{
    Keys, Place, Plain, Reader, Reading, Terms, boolean, key, list, object, plain_text, seconds, text, whole,
};
use crate::flow::{Settings, StartTemplates};
use crate::flow_control::{PRIORITY_MAX, priority};
use crate::limits::Limits;
use crate::template::{Size, Template};
use crate::timestamp::Seconds;

/// What is read outside the graph.
pub(super) struct Read {
    /// The settings, as far as they could be read.
    pub(super) settings: Option<Settings>,
    /// Their templates.
    pub(super) start_templates: StartTemplates,
    /// What holds for nodes that say nothing.
    pub(super) defaults: Defaults,
}

/// Reads the settings.
pub(super) fn read(keys: &mut Keys<'_>) -> Read {
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
    let mut start_templates = StartTemplates::default();
    let queue = read_queue(keys, &mut start_templates);
    let budget = keys.take(
        key("budget", "Budget", object(read_budget).named("Budget"))
            .doc("What the calls of models of one execution may use, all nodes and attempts together. Empty: no limit."),
    );
    let (context_id, context_type) = read_context(keys, &mut start_templates);
    let sensitive = keys.take(
        key("sensitive", "Sensitive data", object(read_sensitive).named("SensitiveData"))
            .doc("What of the data of executions is shown only to those who may see it, and encrypted where it is stored. Empty: nothing."),
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
        concurrency_key: queue.concurrency_key,
        max_concurrent_per_key: queue.per_key,
        priority: queue.priority,
        debounce_seconds: queue.debounce,
        max_delay_seconds: queue.delay_max,
        budget: budget.filter(|budget| budget.max_tokens.is_some() || budget.max_cost.is_some()),
        context_id_template: context_id,
        context_type_default: context_type,
        sensitive,
    });
    Read { settings, start_templates, defaults }
}

/// Reads what executions are about that are started without saying it: their `context_id` and `context_type`.
fn read_context(keys: &mut Keys<'_>, templates: &mut StartTemplates) -> (Option<String>, Option<String>) {
    let context_id = keys.take(key("context_id_template", "Reference ID", StartTemplate).doc(
        "A template over `trigger_data` for the `context_id` of executions that are started without one.",
    ));
    let (context_id, template) = context_id.unzip();
    templates.context_id = template;
    let context_type = plain_text().at_most(keys.limits().context_chars_max);
    let context_type = key("context_type_default", "Reference type", context_type)
        .doc("The `context_type` of executions that are started without one.");
    (context_id, keys.take(context_type))
}

/// In which order executions start, and how many at once.
struct Queue {
    concurrency_key: Option<String>,
    per_key: Option<u32>,
    priority: Option<Value>,
    debounce: Option<Seconds>,
    delay_max: Option<Seconds>,
}

fn read_queue(keys: &mut Keys<'_>, templates: &mut StartTemplates) -> Queue {
    let concurrency_key = keys.take(key("concurrency_key", "Concurrency key", StartTemplate).doc(
        "A template over `trigger_data`. Of the executions for which it has the same value, only some run at once. Empty: all count together.",
    ));
    let per_key =
        keys.take(key("max_concurrent_per_key", "Concurrent executions per key", whole(1, u32::MAX)).doc(
            "How many executions with the same value of `concurrency_key` may run at once; 1 unless given.",
        ));
    let (concurrency_key, template) = concurrency_key.unzip();
    templates.concurrency_key = template;
    let priority = keys.take(key("priority", "Priority", PriorityReader).doc(
        "Which of the executions that wait starts first: a whole number from -10 to 10, or a template over `trigger_data`. Each minute of waiting counts as one more.",
    ));
    let (priority, template) = match priority {
        Some(Priority::Number(number)) => (Some(Value::from(number)), None),
        Some(Priority::Template(text, template)) => (Some(Value::String(text)), Some(template)),
        None => (None, None),
    };
    templates.priority = template;
    let debounce = keys.take(key("debounce_seconds", "Debounce in seconds", seconds()).doc(
        "A start waits until no other one, with the same `concurrency_key`, has come for so long; then the last one runs, and those before it are cancelled. Empty: each start runs.",
    ));
    let delay_max = keys.take(key("max_delay_seconds", "Longest delay in seconds", seconds()).doc(
        "How long after the first start one runs although others keep coming; ten times `debounce_seconds` unless given.",
    ));
    if per_key.is_some() && concurrency_key.is_none() {
        keys.fault(
            "max_concurrent_per_key",
            "`max_concurrent_per_key` needs `concurrency_key`, which says what counts together",
        );
    }
    match (debounce, delay_max) {
        (None, Some(_)) => keys.fault("max_delay_seconds", "`max_delay_seconds` needs `debounce_seconds`"),
        (Some(quiet), Some(max)) if max.duration() < quiet.duration() => {
            keys.fault("max_delay_seconds", "`max_delay_seconds` must not be less than `debounce_seconds`");
        }
        (_, None) | (Some(_), Some(_)) => {}
    }
    Queue { concurrency_key, per_key, priority, debounce, delay_max }
}

/// A priority as it is given.
enum Priority {
    Number(i8),
    Template(String, Template),
}

/// Reads a priority, or a template that gives one.
#[derive(Clone, Copy, Debug)]
struct PriorityReader;

impl Reader for PriorityReader {
    type Value = Priority;

    fn wanted(&self, _: &Limits) -> String {
        format!("a whole number from -{PRIORITY_MAX} to {PRIORITY_MAX}, or a template")
    }

    fn schema(&self, _: &Terms) -> Value {
        let number = json!({ "type": "integer", "minimum": -PRIORITY_MAX, "maximum": PRIORITY_MAX });
        json!({ "anyOf": [number, { "type": "string", "pattern": r"\$\{" }] })
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<Priority> {
        if value.as_str().is_some_and(|text| text.contains("${")) {
            let (text, template) = StartTemplate.read(value, at, reading)?;
            return Some(Priority::Template(text, template));
        }
        let fits = priority(value).map(Priority::Number);
        reading.fitting(self, fits, value, at)
    }
}

/// Reads a template that is resolved before any node runs: as it is written, and compiled.
#[derive(Clone, Copy, Debug)]
struct StartTemplate;

impl Reader for StartTemplate {
    type Value = (String, Template);

    fn wanted(&self, limits: &Limits) -> String {
        plain_text().wanted(limits)
    }

    fn schema(&self, terms: &Terms) -> Value {
        plain_text().schema(terms)
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<(String, Template)> {
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
            let subject = at.subject();
            let message =
                format!("{subject} can use `trigger_data` only: it is filled in before any node runs");
            reading.fault(at, message);
            return None;
        }
        Some((text, template))
    }
}
