//! What an agent can do.

use serde_json::{Value, json};

use super::{NAME, NAME_CHARS_MAX, TEXT_CHARS_MAX};
use crate::agent::{Instructions, Skill};
use crate::document::{
    Description, Keys, Object, Place, Reader, Reading, Terms, Unknown, any_json, key, list, named, object,
    plain_text, whole,
};
use crate::limits::{Limits, PLACES_MAX};
use crate::visible::HIDDEN_CLASS;

const INSTRUCTIONS_CHARS_MAX: usize = 100_000;
const SKILLS_MAX: usize = 200;
const TOKENS_MAX: u32 = 1_000_000;
const TURNS_MAX: u32 = 100;

/// Reads the skills, whose names differ.
#[derive(Clone, Copy, Debug)]
pub(super) struct SkillsReader;

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
        }
        Some(skills)
    }
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
    keys.take(
        key("tools", "Tools", ToolsReader)
            .doc("What a model may call; this version runs skills without tools."),
    );
    keys.take(
        key("max_turns", "Turns at most", TurnsReader)
            .default(1)
            .doc("Answers of a model; this version runs skills of one turn."),
    );
    let max_tokens =
        keys.take(key("max_tokens", "Tokens at most", whole(1, TOKENS_MAX)).doc("Tokens of an answer."));
    Some(Skill {
        description: description.unwrap_or_default(),
        instructions: instructions.flatten(),
        input_schema: input_schema.flatten(),
        output_schema: output_schema.flatten(),
        max_tokens,
        ..Skill::named(name?)
    })
}

/// Reads the name of a skill, which becomes a part of a URL.
#[derive(Clone, Copy, Debug)]
struct SkillNameReader;

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
struct SchemaReader;

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

/// Reads `tools`, of which there are none yet.
#[derive(Clone, Copy, Debug)]
struct ToolsReader;

impl Reader for ToolsReader {
    type Value = ();

    fn wanted(&self, _: &Limits) -> String {
        "an empty list".to_owned()
    }

    fn schema(&self, _: &Terms) -> Value {
        json!({ "type": "array", "items": {}, "maxItems": 0 })
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<()> {
        if !list(any_json()).read(value, at, reading)?.is_empty() {
            let message =
                "this version runs skills without tools. Leave `tools` out, and call tools from the flow";
            reading.fault(at, message);
        }
        Some(())
    }
}

/// Reads `max_turns`, which is 1 as long as there are no tools.
#[derive(Clone, Copy, Debug)]
struct TurnsReader;

impl Reader for TurnsReader {
    type Value = ();

    fn wanted(&self, limits: &Limits) -> String {
        whole(1, TURNS_MAX).wanted(limits)
    }

    fn schema(&self, terms: &Terms) -> Value {
        whole(1, 1).schema(terms)
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<()> {
        if whole(1, TURNS_MAX).read(value, at, reading)? > 1 {
            reading.fault(at, "this version runs skills of one turn. Leave `max_turns` out or set it to 1");
        }
        Some(())
    }
}
