//! What guardrails say.

use regex::{Regex, RegexBuilder};
use serde_json::{Value, json};

use super::skill::{SchemaReader, SkillNameReader};
use crate::document::{
    Description, Keys, Object, Place, Plain, Reader, Reading, Terms, Unknown, choice, key, list, named,
    object, plain_text, uuid,
};
use crate::guardrail::{Check, Guardrail, Judge, Stage, Then};
use crate::ids::AgentId;
use crate::limits::Limits;

const GUARDRAILS_MAX: usize = 20;
const MESSAGE_CHARS_MAX: usize = 500;
const PATTERN_CHARS_MAX: usize = 1_000;
/// Bytes of a compiled pattern.
const PATTERN_BYTES_MAX: usize = 256 * 1024;
const TOOLS_MAX: usize = 64;

const GUARDRAIL: Object<Guardrail> = object(read_guardrail).named("Guardrail");
const JUDGE: Object<Judge> = object(read_judge);

/// Returns the schema of a guardrail with its name.
pub(super) fn schema() -> (String, Value) {
    let guardrail = Description::of(&Terms::NAMED, Unknown::Refused, read_guardrail);
    named(
        "Guardrail",
        "What a value of a skill has to be, and what follows if it is not.",
        guardrail.schema(),
    )
}

/// Reads the guardrails of a skill, whose names differ.
#[derive(Clone, Copy, Debug)]
pub(super) struct GuardrailsReader;

impl Reader for GuardrailsReader {
    type Value = Vec<Guardrail>;

    fn wanted(&self, _: &Limits) -> String {
        "a list of guardrails".to_owned()
    }

    fn schema(&self, terms: &Terms) -> Value {
        list(GUARDRAIL).at_most(GUARDRAILS_MAX).schema(terms)
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<Vec<Guardrail>> {
        let all = list(GUARDRAIL).at_most(GUARDRAILS_MAX).read(value, at, reading)?;
        for (number, guardrail) in all.iter().enumerate() {
            if all[..number].iter().any(|other| other.name == guardrail.name) {
                let message = format!("another guardrail is called `{}`, too", guardrail.name);
                reading.fault(&at.entry(number), message);
            }
        }
        Some(all)
    }

    fn inside(&self, terms: &Terms) -> Option<Description> {
        Some(Description::of(terms, Unknown::Refused, read_guardrail))
    }
}

fn read_guardrail(keys: &mut Keys<'_>) -> Option<Guardrail> {
    let name = keys.take(
        key("name", "Name", SkillNameReader)
            .needed("a guardrail")
            .doc("Unique in the skill; messages name it."),
    );
    let on =
        keys.take(key("on", "On", choice(Stage::NAMED)).needed("a guardrail").doc(
            "What is checked: the `input` of the skill, the `arguments` of its tools, or its `output`.",
        ));
    let tools = keys.take(
        key("tools", "Tools", list(SkillNameReader).at_most(TOOLS_MAX))
            .default(Plain::List)
            .doc("Of `arguments`: the tools whose arguments are checked; by default all."),
    );
    let pattern = keys.take(
        key("pattern", "Pattern", PatternReader)
            .doc("A regular expression that the text must match: of a string, of the only field of an object if that is a string, else of the JSON."),
    );
    let deny = keys
        .take(key("deny", "Deny", PatternReader).doc("A regular expression that the text must not match."));
    let schema = keys
        .take(key("schema", "Schema", SchemaReader).doc("JSON Schema that the value must match."))
        .flatten();
    let judge = keys.take(key("judge", "Judge", JUDGE).doc(
        "A skill of another agent, whose output says whether the value passed: `{\"passed\": true}`, or `{\"passed\": false, \"reason\": \"…\"}`.",
    ));
    let then = keys.take(
        key("then", "Then", choice(Then::NAMED))
            .doc("What follows if it is refused: `fail` (class `guardrail`); `repair` (the model receives the reason and corrects itself within the attempt; of `arguments`, the tool is not called); `retry` (of `output`: class `model_output`, and the next attempt sends the reason to the model); `ask` (a person has to approve the call or the output). By default `fail` for `input`, `repair` for `arguments` and for a `judge`, else `retry`."),
    );
    let message = keys.take(
        key("message", "Message", plain_text().at_most(MESSAGE_CHARS_MAX))
            .doc("What the model and people are told. By default what the check says."),
    );
    keys.one_of("a guardrail", &["pattern", "deny", "schema", "judge"]);
    let on = on?;
    if on != Stage::Arguments && tools.as_ref().is_some_and(|tools| !tools.is_empty()) {
        keys.fault("tools", "only a guardrail on `arguments` has tools");
    }
    let (pattern, deny) = (pattern.map(Check::Matches), deny.map(Check::Denies));
    let (schema, judge) = (schema.map(Check::Fits), judge.map(Check::Judge));
    let check = pattern.or(deny).or(schema).or(judge)?;
    let possible = Then::of(on, &check);
    let then = then.unwrap_or(possible[0]);
    if !possible.contains(&then) {
        let names = Then::NAMED.iter().filter(|(_, known)| possible.contains(known));
        let names: Vec<String> = names.map(|(name, _)| format!("`{name}`")).collect();
        keys.fault("then", format!("what can follow there is {}", names.join(", ")));
    }
    if then == Then::Ask && matches!(check, Check::Fits(_)) {
        keys.fault("then", "a person is asked because of a `pattern` or of `deny`, not of a schema");
    }
    Some(Guardrail { name: name?, on, tools: tools.unwrap_or_default(), check, then, message })
}

fn read_judge(keys: &mut Keys<'_>) -> Option<Judge> {
    let agent_id = keys
        .take(key("agent_id", "Agent", uuid::<AgentId>()).needed("a judge").doc("The agent that is asked."));
    let skill = keys.take(key("skill", "Skill", SkillNameReader).needed("a judge").doc(
        "One of its skills, which has no tools. It is given `stage`, `input`, and `output`, or `tool` and `arguments`.",
    ));
    Some(Judge { agent_id: agent_id?, skill: skill?.into() })
}

/// Reads a regular expression.
#[derive(Clone, Copy, Debug)]
struct PatternReader;

impl Reader for PatternReader {
    type Value = Regex;

    fn wanted(&self, limits: &Limits) -> String {
        plain_text().at_most(PATTERN_CHARS_MAX).wanted(limits)
    }

    fn schema(&self, _: &Terms) -> Value {
        json!({ "type": "string", "maxLength": PATTERN_CHARS_MAX })
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<Regex> {
        let text = plain_text().at_most(PATTERN_CHARS_MAX).read(value, at, reading)?;
        let built =
            RegexBuilder::new(&text).size_limit(PATTERN_BYTES_MAX).dfa_size_limit(PATTERN_BYTES_MAX).build();
        match built {
            Ok(pattern) => Some(pattern),
            Err(regex::Error::CompiledTooBig(_)) => {
                reading.fault(at, "the regular expression is too large".to_owned());
                None
            }
            Err(error) => {
                let text = error.to_string();
                let reason = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
                reading.fault(at, format!("it is not a regular expression: {reason}"));
                None
            }
        }
    }
}
