//! What an agent can do.

use std::sync::Arc;

use serde_json::{Value, json};

use super::backend::AgentType;
use super::guardrail::GuardrailsReader;
use super::tool::ToolsReader;
use super::{NAME, NAME_CHARS_MAX, TEXT_CHARS_MAX};
use crate::agent::{Backend, Instructions, Skill, Tool, ToolAction};
use crate::document::{
    Description, Keys, Object, Place, Plain, Reader, Reading, Terms, Unknown, key, list, named, object,
    plain_text, whole,
};
use crate::guardrail::{Guardrail, Stage};
use crate::limits::{Limits, PLACES_MAX};
use crate::transcript::Rules;
use crate::visible::HIDDEN_CLASS;

const INSTRUCTIONS_CHARS_MAX: usize = 100_000;
const SKILLS_MAX: usize = 200;
const TOKENS_MAX: u32 = 1_000_000;
const TURNS_MAX: u32 = 100;
const TURNS_DEFAULT: u32 = 8;
/// How many answers the tokens of a node are for at least, unless the document says otherwise.
const ANSWERS_PER_BUDGET: u32 = 4;

/// Reads the skills, whose names differ.
#[derive(Clone, Copy, Debug)]
pub(super) struct SkillsReader(pub(super) Option<AgentType>);

impl Reader for SkillsReader {
    type Value = Vec<Skill>;

    fn wanted(&self, _: &Limits) -> String {
        "a list of skills".to_owned()
    }

    fn schema(&self, terms: &Terms) -> Value {
        list(SkillReader).not_empty().at_most(SKILLS_MAX).schema(terms)
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<Vec<Skill>> {
        let skills = list(SkillReader).not_empty().at_most(SKILLS_MAX).read(value, at, reading)?;
        for (number, skill) in skills.iter().enumerate() {
            if skills[..number].iter().any(|other| other.name == skill.name) {
                reading.fault(&at.entry(number), format!("another skill is called `{}`, too", skill.name));
            }
            for (key, owner) in self.0.into_iter().flat_map(|own| foreign(skill, own)) {
                let message = format!("only skills of `{owner}` agents have `{key}`");
                reading.fault(&at.entry(number).key(key), message);
            }
        }
        Some(skills)
    }
}

/// Returns the keys of `skill` that an agent of the type `own` cannot use, with the type that can.
fn foreign(skill: &Skill, own: AgentType) -> impl Iterator<Item = (&'static str, &'static str)> {
    let is_mcp = own == AgentType::Mcp;
    let keys = [
        ("instructions", "llm", is_mcp && skill.instructions.is_some()),
        ("tools", "llm", own != AgentType::Llm && !skill.tools.is_empty()),
        ("guardrails", "llm", own != AgentType::Llm && !skill.guardrails.is_empty()),
        ("max_tokens", "llm", is_mcp && skill.max_tokens.is_some()),
        ("hash", "mcp", !is_mcp && skill.hash.is_some()),
    ];
    keys.into_iter().filter_map(|(key, owner, is_foreign)| is_foreign.then_some((key, owner)))
}

/// Reads a skill: its name, or an object.
#[derive(Clone, Copy, Debug)]
struct SkillReader;

impl Reader for SkillReader {
    type Value = Skill;

    fn wanted(&self, _: &Limits) -> String {
        "the name of a skill, or an object".to_owned()
    }

    fn schema(&self, terms: &Terms) -> Value {
        json!({ "anyOf": [SkillNameReader.schema(terms), SKILL.schema(terms)] })
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<Skill> {
        if value.is_string() {
            return SkillNameReader.read(value, at, reading).map(Skill::named);
        }
        SKILL.read(value, at, reading)
    }
}

const SKILL: Object<Skill> = object(read_skill).named("Skill");

/// Returns the schema of a skill with its name.
pub(super) fn schema() -> (String, Value) {
    let skill = Description::of(&Terms::NAMED, Unknown::Refused, read_skill);
    named("Skill", "Something that an agent can do.", skill.schema())
}

fn read_skill(keys: &mut Keys<'_>) -> Option<Skill> {
    let name = keys.take(key("name", "Name", SkillNameReader).needed("a skill").doc("Unique in the agent."));
    let description = keys.take(
        key("description", "Description", plain_text().at_most(TEXT_CHARS_MAX))
            .default("")
            .doc("What it does."),
    );
    let instructions = keys.take(
        key("instructions", "Instructions", InstructionsReader)
            .doc("What a model is given before the input; `${input.…}` names parts of the input."),
    );
    let input_schema = keys.take(
        key("input_schema", "Input schema", SchemaReader)
            .doc("JSON Schema of the input; none takes anything."),
    );
    let output_schema = keys.take(
        key("output_schema", "Output schema", SchemaReader)
            .doc("JSON Schema of the output; without one a model answers in free text."),
    );
    let tools = keys.take(
        key("tools", "Tools", ToolsReader)
            .default(Plain::List)
            .doc("What a model may call before it answers."),
    );
    let guardrails = keys.take(
        key("guardrails", "Guardrails", GuardrailsReader)
            .default(Plain::List)
            .doc("What the input, the arguments of tools and the output have to be, beyond their schemas."),
    );
    let max_turns = keys
        .take(key("max_turns", "Turns at most", whole(1, TURNS_MAX)).default(TURNS_DEFAULT).doc(
        "Answers of a model that has tools, or guardrails that ask it again, over all attempts of a node.",
    ));
    let max_tokens = keys.take(
        key("max_tokens", "Tokens at most", whole(1, TOKENS_MAX))
            .doc("Tokens of an answer; with tools, of all answers over all attempts of a node."),
    );
    let max_answer_tokens = keys.take(
        key("max_answer_tokens", "Tokens of an answer at most", whole(1, TOKENS_MAX))
            .doc("With tools: tokens of one answer. By default a quarter of `max_tokens`. An answer that is lost with the process counts as so many."),
    );
    let hash = keys.take(
        key("hash", "Hash", HashReader)
            .doc("Of a tool of an MCP server: the hash of its definition. While the server defines it differently, it is not called."),
    );
    let (tools, max_turns) = (tools.unwrap_or_default(), max_turns.unwrap_or(TURNS_DEFAULT));
    let guardrails = guardrails.unwrap_or_default();
    check_tools(&guardrails, &tools, keys);
    Some(Skill {
        description: description.unwrap_or_default(),
        instructions: instructions.flatten(),
        input_schema: input_schema.flatten(),
        output_schema: output_schema.flatten(),
        max_tokens,
        rules: rules(&tools, &guardrails, max_turns, max_tokens, max_answer_tokens).map(Arc::new),
        tools,
        guardrails,
        hash,
        ..Skill::named(name?)
    })
}

fn rules(
    tools: &[Tool],
    guardrails: &[Guardrail],
    turns_max: u32,
    max_tokens: Option<u32>,
    max_answer_tokens: Option<u32>,
) -> Option<Rules> {
    let needs_loop = guardrails.iter().any(Guardrail::needs_loop);
    let guardrails = guardrails.iter().filter(|guardrail| guardrail.takes_a_call()).cloned().collect();
    if tools.is_empty() {
        let one_answer = Rules::of_one_answer(max_tokens);
        return needs_loop.then_some(Rules { turns_max: Some(turns_max), guardrails, ..one_answer });
    }
    let asked = tools.iter().filter_map(|tool| match tool.action {
        ToolAction::Skill { agent_id, .. } => Some((tool.name.clone(), agent_id)),
        ToolAction::HttpRequest { .. } | ToolAction::Flow { .. } => None,
    });
    let flows = tools.iter().filter_map(|tool| match tool.action {
        ToolAction::Flow { flow_id, .. } => Some((tool.name.clone(), flow_id)),
        ToolAction::HttpRequest { .. } | ToolAction::Skill { .. } => None,
    });
    let approvals = tools.iter().filter_map(|tool| Some((tool.name.clone(), tool.approval.clone()?)));
    let share = max_tokens.map(|tokens| tokens.div_ceil(ANSWERS_PER_BUDGET));
    Some(Rules {
        models: Vec::new(),
        turns_max: Some(turns_max),
        tokens_max: max_tokens.map(u64::from),
        answer_tokens_max: max_answer_tokens.or(share).map(u64::from),
        asked: asked.collect(),
        flows: flows.collect(),
        approvals: approvals.collect(),
        guardrails,
    })
}

/// Finds guardrails that can never check anything.
fn check_tools(guardrails: &[Guardrail], tools: &[Tool], keys: &mut Keys<'_>) {
    for (number, guardrail) in guardrails.iter().enumerate() {
        let missing = guardrail.tools.iter().find(|name| tools.iter().all(|tool| tool.name != **name));
        if let Some(name) = missing {
            keys.fault_below("guardrails", &format!("/{number}/tools"), format!("there is no tool `{name}`"));
        } else if guardrail.on == Stage::Arguments && tools.is_empty() {
            keys.fault_below("guardrails", &format!("/{number}/on"), "the skill has no tools");
        }
    }
}

/// Names the models of the agent to its skills. Without tools, a skill has rules only if there is more than one model.
pub(super) fn with_models(skills: Vec<Skill>, backend: &Backend) -> Vec<Skill> {
    let Backend::Llm(config) = backend else { return skills };
    let all = [config].into_iter().chain(config.fallbacks.iter().map(|fallback| &fallback.config));
    let models: Vec<Arc<str>> =
        all.map(|model| format!("`{}` ({})", model.model, model.provider.name()).into()).collect();
    let with_rules = |skill: Skill| {
        let one_answer = || Rules::of_one_answer(skill.max_tokens);
        let rules = match skill.rules.as_deref() {
            Some(rules) => rules.clone(),
            None if models.len() > 1 => one_answer(),
            None => return skill,
        };
        Skill { rules: Some(Arc::new(Rules { models: models.clone(), ..rules })), ..skill }
    };
    skills.into_iter().map(with_rules).collect()
}

/// Reads the name of a skill, which becomes a part of a URL.
#[derive(Clone, Copy, Debug)]
pub(super) struct SkillNameReader;

impl Reader for SkillNameReader {
    type Value = String;

    fn wanted(&self, _: &Limits) -> String {
        format!("a string of 1 to {NAME_CHARS_MAX} characters that is not `.` or `..`")
    }

    fn schema(&self, _: &Terms) -> Value {
        let pattern = format!("^(?!\\s*\\.{{0,2}}\\s*$)[^{HIDDEN_CLASS}]+$");
        json!({ "type": "string", "maxLength": NAME_CHARS_MAX, "pattern": pattern })
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<String> {
        let is_fine =
            |name: &str| !matches!(name.trim(), "" | "." | "..") && name.chars().count() <= NAME_CHARS_MAX;
        if value.as_str().is_some_and(is_fine) {
            NAME.read(value, at, reading)
        } else {
            reading.fitting(self, None, value, at)
        }
    }
}

/// Reads the hash of the definition of a tool.
#[derive(Clone, Copy, Debug)]
struct HashReader;

impl Reader for HashReader {
    type Value = String;

    fn wanted(&self, _: &Limits) -> String {
        "`sha256:` and 64 digits from `0` to `f`".to_owned()
    }

    fn schema(&self, _: &Terms) -> Value {
        json!({ "type": "string", "pattern": "^sha256:[0-9a-f]{64}$" })
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<String> {
        let is_hash = |text: &&str| {
            text.strip_prefix("sha256:").is_some_and(|digits| {
                digits.len() == 64 && digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
            })
        };
        reading.fitting(self, value.as_str().filter(is_hash).map(str::to_owned), value, at)
    }
}

/// Reads `instructions`; blank ones are none.
#[derive(Clone, Copy, Debug)]
struct InstructionsReader;

impl Reader for InstructionsReader {
    type Value = Option<Instructions>;

    fn wanted(&self, limits: &Limits) -> String {
        plain_text().at_most(INSTRUCTIONS_CHARS_MAX).wanted(limits)
    }

    fn schema(&self, terms: &Terms) -> Value {
        plain_text().at_most(INSTRUCTIONS_CHARS_MAX).schema(terms)
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<Self::Value> {
        let text = plain_text().at_most(INSTRUCTIONS_CHARS_MAX).read(value, at, reading)?;
        if text.trim().is_empty() {
            return Some(None);
        }
        match Instructions::parse(&text) {
            Ok(instructions) => {
                let places = instructions.places();
                if places > PLACES_MAX {
                    let message = format!(
                        "`instructions` name parts of the input {places} times; at most {PLACES_MAX} are allowed"
                    );
                    reading.fault(at, message);
                }
                // What was stored with more is kept.
                Some(Some(instructions))
            }
            Err(message) => {
                reading.fault(at, message);
                None
            }
        }
    }
}

/// Reads a JSON Schema. An empty one says nothing, so it counts as none: forms send it for a field left blank.
#[derive(Clone, Copy, Debug)]
pub(super) struct SchemaReader;

impl Reader for SchemaReader {
    type Value = Option<Value>;

    fn wanted(&self, _: &Limits) -> String {
        "a JSON Schema (an object)".to_owned()
    }

    fn schema(&self, _: &Terms) -> Value {
        json!({ "type": "object" })
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<Self::Value> {
        let schema = value.as_object().map(|schema| (!schema.is_empty()).then(|| value.clone()));
        reading.fitting(self, schema, value, at)
    }
}
