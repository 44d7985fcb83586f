//! What a model may call.

use std::sync::Arc;

use serde_json::{Value, json};

use super::TEXT_CHARS_MAX;
use super::skill::{SchemaReader, SkillNameReader};
use crate::agent::tool::{Tool, ToolAction};
use crate::approval::{Policy, When};
use crate::document::{
    Description, Key, Keys, Object, Place, Reader, Reading, Terms, Unknown, choice, key, list, named, object,
    plain_text, seconds, uuid,
};
use crate::expression::Expression;
use crate::ids::{AgentId, FlowId};
use crate::limits::Limits;
use crate::node::{ConditionReader, HTTP_INPUT, HttpRequest};
use crate::scope::ARGUMENTS;
use crate::template::Template;

const TOOLS_MAX: usize = 64;
/// The longest name that all providers take.
const NAME_CHARS_MAX: usize = 64;

/// Reads the tools of a skill, whose names differ.
#[derive(Clone, Copy, Debug)]
pub(super) struct ToolsReader;

impl Reader for ToolsReader {
    type Value = Vec<Tool>;

    fn wanted(&self, _: &Limits) -> String {
        "a list of tools".to_owned()
    }

    fn schema(&self, terms: &Terms) -> Value {
        list(TOOL).at_most(TOOLS_MAX).schema(terms)
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<Vec<Tool>> {
        let tools = list(TOOL).at_most(TOOLS_MAX).read(value, at, reading)?;
        for (number, tool) in tools.iter().enumerate() {
            if tools[..number].iter().any(|other| other.name == tool.name) {
                reading.fault(&at.entry(number), format!("another tool is called `{}`, too", tool.name));
            }
        }
        Some(tools)
    }

    fn inside(&self, terms: &Terms) -> Option<Description> {
        Some(Description::of(terms, Unknown::Refused, read_tool))
    }
}

const TOOL: Object<Tool> = object(read_tool).named("Tool");

/// Returns the schema of a tool with its name.
pub(super) fn schema() -> (String, Value) {
    let tool = Description::of(&Terms::NAMED, Unknown::Refused, read_tool);
    named("Tool", "Something that the model of a skill may call.", tool.schema())
}

/// What calling a tool does, as the document names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    HttpRequest,
    Skill,
    Flow,
}

const SORTS: &[(&str, Sort)] =
    &[(HttpRequest::NAME, Sort::HttpRequest), ("skill", Sort::Skill), ("flow", Sort::Flow)];

fn read_tool(keys: &mut Keys<'_>) -> Option<Tool> {
    let name = keys.take(
        key("name", "Name", ToolNameReader)
            .needed("a tool")
            .doc("What the model calls it; unique in the skill."),
    );
    let description = keys.take(
        key("description", "Description", plain_text().at_most(TEXT_CHARS_MAX))
            .default("")
            .doc("What it does, and when to use it: the model reads this."),
    );
    let sort = keys.take(
        key("type", "Type", choice(SORTS))
            .needed("a tool")
            .doc("`http_request` sends a request, `skill` asks another agent, `flow` runs a flow."),
    );
    let input_schema = keys.take(
        key("input_schema", "Input schema", SchemaReader)
            .doc("Of `http_request` and `flow`: JSON Schema of the arguments, an object. Without it, `http_request` takes any object, and `flow` what the form of the flow says."),
    );
    let request = keys.take(needed_by(
        sort == Some(Sort::HttpRequest),
        "a tool of type `http_request`",
        key("request", "Request", RequestReader)
            .doc("Of `http_request`: the same keys as the input of an `http_request` node. `${input.…}` names arguments. The result is the body of the response."),
    ));
    let agent_id = keys.take(needed_by(
        sort == Some(Sort::Skill),
        "a tool of type `skill`",
        key("agent_id", "Agent", uuid::<AgentId>()).doc("Of `skill`: the agent that is asked."),
    ));
    let skill = keys.take(needed_by(
        sort == Some(Sort::Skill),
        "a tool of type `skill`",
        key("skill", "Skill", SkillNameReader).doc(
            "Of `skill`: one of its skills, which has no tools itself. Its input schema is that of the tool.",
        ),
    ));
    let flow_id = keys.take(needed_by(
        sort == Some(Sort::Flow),
        "a tool of type `flow`",
        key("flow_id", "Flow", uuid::<FlowId>()).doc(
            "Of `flow`: the flow that runs. The arguments are its trigger data, and the model reads its result.",
        ),
    ));
    let approval = read_approval(keys);
    let has_schema = input_schema.as_ref().is_some_and(Option::is_some);
    refuse_foreign(
        keys,
        sort,
        &[
            ("input_schema", has_schema, &[Sort::HttpRequest, Sort::Flow]),
            ("request", request.is_some(), &[Sort::HttpRequest]),
            ("agent_id", agent_id.is_some(), &[Sort::Skill]),
            ("skill", skill.is_some(), &[Sort::Skill]),
            ("flow_id", flow_id.is_some(), &[Sort::Flow]),
        ],
    );
    let input_schema = input_schema.flatten().map(Arc::new);
    let action = match sort? {
        Sort::HttpRequest => ToolAction::HttpRequest { input_schema, request: request? },
        Sort::Skill => ToolAction::Skill { agent_id: agent_id?, skill: skill? },
        Sort::Flow => ToolAction::Flow { flow_id: flow_id?, input_schema },
    };
    Some(Tool { name: name?, description: description.unwrap_or_default(), approval: approval?, action })
}

/// Reads which calls a person has to approve, and within which time.
fn read_approval(keys: &mut Keys<'_>) -> Option<Option<Policy>> {
    let approval = keys.take(
        key("approval", "Approval", ApprovalReader)
            .default("never")
            .doc("Which calls a person has to approve before they are made: `never`, `always`, or a condition of the arguments such as `input.amount > 1000`."),
    );
    let timeout = keys.take(
        key("approval_timeout_seconds", "Time for an approval in seconds", seconds())
            .doc("How long a call waits for a decision. Then it is refused, and the model is told so. Without it, a call waits as long as the execution runs."),
    );
    if timeout.is_some() && approval.as_ref().is_some_and(Option::is_none) {
        keys.fault("approval_timeout_seconds", "a tool whose calls need no `approval` has none");
    }
    let timeout = timeout.map(|seconds| seconds.duration());
    Some(approval?.map(|when| Policy { when, timeout }))
}

/// Refuses keys that tools of other sorts have: each with whether it is given, and whose it is.
fn refuse_foreign(keys: &mut Keys<'_>, sort: Option<Sort>, given: &[(&str, bool, &[Sort])]) {
    let is_foreign = |owners: &[Sort]| sort.is_some_and(|sort| !owners.contains(&sort));
    for (name, ..) in given.iter().filter(|(_, is_given, owners)| *is_given && is_foreign(owners)) {
        keys.fault(name, format!("a tool of this type has no `{name}`"));
    }
}

fn needed_by<R: Reader>(is_needed: bool, what: &'static str, key: Key<R>) -> Key<R> {
    if is_needed { key.needed(what) } else { key }
}

/// Reads the request of a tool, whose templates name its arguments and nothing else.
#[derive(Clone, Copy, Debug)]
struct RequestReader;

impl Reader for RequestReader {
    type Value = Template;

    fn wanted(&self, limits: &Limits) -> String {
        HTTP_INPUT.wanted(limits)
    }

    fn schema(&self, terms: &Terms) -> Value {
        HTTP_INPUT.schema(terms)
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<Template> {
        let template = HTTP_INPUT.read(value, at, reading)?;
        for (pointer, expression) in template.expressions().filter(|(_, expression)| is_foreign(expression)) {
            let message = format!(
                "`${{{}}}`: a tool knows its arguments, `${{input.…}}`, and secrets, nothing else",
                expression.text()
            );
            reading.fault_below(at, pointer, message);
        }
        Some(template)
    }

    fn inside(&self, terms: &Terms) -> Option<Description> {
        HTTP_INPUT.inside(terms)
    }
}

/// Returns whether an expression names anything but the arguments of a tool.
fn is_foreign(expression: &Expression) -> bool {
    let references = expression.references();
    references.attempt
        || references.execution
        || references.nodes.iter().any(|node| node.as_str() != ARGUMENTS)
}

/// Reads which calls of a tool a person has to approve; `None` for none.
#[derive(Clone, Copy, Debug)]
struct ApprovalReader;

impl Reader for ApprovalReader {
    type Value = Option<When>;

    fn wanted(&self, _: &Limits) -> String {
        "`never`, `always`, or a condition such as `\"input.amount > 1000\"`".to_owned()
    }

    fn schema(&self, terms: &Terms) -> Value {
        json!({ "anyOf": [{ "type": "string", "enum": ["never", "always"] }, ConditionReader.schema(terms)] })
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<Option<When>> {
        match value.as_str() {
            Some("never") => return Some(None),
            Some("always") => return Some(Some(When::Always)),
            Some(_) => {}
            None if value.is_object() => {}
            None => return reading.fitting(self, None, value, at),
        }
        let condition = ConditionReader.read(value, at, reading)?;
        for (pointer, expression) in condition.expressions() {
            if is_foreign(expression) {
                let message = format!(
                    "`{}`: which calls need approval depends on the arguments, `input.…`, and nothing else",
                    expression.text()
                );
                reading.fault_below(at, &pointer, message);
            }
        }
        Some(Some(When::Holds(Box::new(condition))))
    }
}

/// Reads the name of a tool, which all providers take.
#[derive(Clone, Copy, Debug)]
struct ToolNameReader;

impl Reader for ToolNameReader {
    type Value = String;

    fn wanted(&self, _: &Limits) -> String {
        format!(
            "a name of at most {NAME_CHARS_MAX} letters from a to z, digits, `_` and `-` that does not begin with a digit or `-`"
        )
    }

    fn schema(&self, _: &Terms) -> Value {
        json!({ "type": "string", "maxLength": NAME_CHARS_MAX, "pattern": "^[A-Za-z_][A-Za-z0-9_-]*$" })
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<String> {
        let is_fine = |name: &str| {
            let mut letters = name.bytes();
            name.len() <= NAME_CHARS_MAX
                && letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
                && letters.all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, b'_' | b'-'))
        };
        let name = value.as_str().filter(|name| is_fine(name)).map(str::to_owned);
        reading.fitting(self, name, value, at)
    }
}
