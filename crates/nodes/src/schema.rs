//! JSON Schemas of skills, compiled without network access, file access or backtracking, and checked within bounds.
//!
//! A schema of two kilobytes can take a validator as long as it likes: references double the work at each level. So what a
//! check takes is counted before it is done, and refused where that is too much ([`cost`]); what is compiled is bounded too
//! ([`form`]).

mod cost;
mod form;

use std::sync::Arc;

use jsonschema::{PatternOptions, Validator};
use serde_json::Value;
use steadflow_core::agent::{Agent, Skill, Tool, ToolAction};
use steadflow_core::flow::Fault;
use tokio::sync::Semaphore;

use crate::secrets::Scrubber;
use crate::texts;
use cost::{Cost, TooExpensive};
use form::Form;

/// Steps of the check of one value: about half a second.
const STEPS_MAX: u64 = 1_000_000;
/// Steps of a check that does not leave the thread it is asked on: about two milliseconds.
const QUICK_STEPS_MAX: u64 = 5_000;
/// Bytes of a schema that is compiled on the thread it is asked on.
const QUICK_BYTES_MAX: usize = 16 * 1024;
/// Steps, and steps inside alternatives, up to which the faults of a value are collected.
const EXPLAINED_STEPS_MAX: u64 = 20_000;
/// Long checks at the same time. Others wait, and the wait counts towards the timeout of the attempt.
const LONG_CHECKS_MAX: usize = 2;
/// Bytes of all schemas of an agent.
const TOTAL_BYTES_MAX: usize = 1024 * 1024;
/// Maximum size of the cache of a pattern's automaton, in bytes.
const AUTOMATON_BYTES_MAX: usize = 256 * 1024;

/// Maximum number of errors in a message.
const ERRORS_MAX: usize = 3;
/// Maximum number of characters of each.
const CHARS_MAX: usize = 200;
/// Maximum size of a compiled pattern, in bytes.
const PATTERN_BYTES_MAX: usize = 1024 * 1024;

/// Finds invalid schemas of `agent`, with their JSON pointers.
///
/// [`Agent::parse`] does not check schemas, because `core` does not depend on JSON Schema. Also call this before an agent
/// is stored.
pub fn schema_faults(agent: &Agent) -> Vec<Fault> {
    let (mut faults, mut bytes) = (Vec::new(), 0);
    for (index, skill) in agent.skills.iter().enumerate() {
        for (key, schema) in schemas_of(skill) {
            let pointer = format!("/skills/{index}/{key}");
            bytes += schema.to_string().len();
            if bytes > TOTAL_BYTES_MAX {
                let message =
                    format!("the schemas of an agent have at most {TOTAL_BYTES_MAX} bytes together");
                faults.push(Fault { pointer, message });
                return faults;
            }
            if let Err(message) = checked(schema) {
                faults.push(Fault { pointer, message });
            }
        }
    }
    faults
}

/// Finds where `arguments` do not match the input schema of a tool. It may take half a second.
pub fn argument_faults(schema: &Value, arguments: &Value) -> Vec<Fault> {
    let whole = |message: String| vec![Fault { pointer: String::new(), message }];
    let form = match Form::of(schema) {
        Ok(form) => form,
        Err(message) => return whole(too_large(&message)),
    };
    let Ok(cost) = cost::of(&form, schema, arguments, STEPS_MAX) else {
        return whole("the input schema is too expensive to check for this value".to_owned());
    };
    let validator = match compile(schema) {
        Ok(validator) => validator,
        Err(message) => return whole(message),
    };
    let fault = |error: jsonschema::ValidationError<'_>| Fault {
        pointer: error.instance_path().to_string(),
        message: shortened(&error.to_string()),
    };
    if cost.steps <= EXPLAINED_STEPS_MAX {
        validator.iter_errors(arguments).take(ERRORS_MAX).map(fault).collect()
    } else if validator.is_valid(arguments) {
        Vec::new()
    } else if cost.in_alternatives <= EXPLAINED_STEPS_MAX {
        validator.validate(arguments).err().map(fault).into_iter().collect()
    } else {
        whole("the value matches none of the alternatives, which are too many to say more".to_owned())
    }
}

/// Returns the schemas of a skill and its tools, with their JSON pointers relative to the skill.
fn schemas_of(skill: &Skill) -> impl Iterator<Item = (String, &Value)> {
    let own = [("input_schema", &skill.input_schema), ("output_schema", &skill.output_schema)];
    let own = own.into_iter().filter_map(|(key, schema)| Some((key.to_owned(), schema.as_ref()?)));
    own.chain(skill.tools.iter().enumerate().filter_map(schema_of_tool))
}

fn schema_of_tool((at, tool): (usize, &Tool)) -> Option<(String, &Value)> {
    match &tool.action {
        ToolAction::HttpRequest { input_schema, .. } | ToolAction::Flow { input_schema, .. } => {
            Some((format!("tools/{at}/input_schema"), input_schema.as_deref()?))
        }
        ToolAction::Skill { .. } => None,
    }
}

/// Checks values against schemas. What may take long is done on threads of its own, so that timeouts strike meanwhile.
#[derive(Debug)]
pub(crate) struct Checks(Arc<Semaphore>);

impl Default for Checks {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(LONG_CHECKS_MAX)))
    }
}

impl Checks {
    /// Describes where `value` does not match `schema`, without secrets; `Ok(None)` if it matches.
    ///
    /// # Errors
    /// A message, without a full stop, that says why `schema` is not valid, or that it takes too long to check.
    pub(crate) async fn misfit(
        &self,
        schema: &Value,
        value: &Value,
        scrubber: &Arc<Scrubber>,
    ) -> Result<Option<String>, String> {
        if let Some(result) = quickly(schema, value, scrubber) {
            return result;
        }
        let stopped = || "the check was stopped, because the server is stopping".to_owned();
        let permit = Arc::clone(&self.0).acquire_owned().await.map_err(|_| stopped())?;
        let (schema, value, scrubber) = (schema.clone(), value.clone(), Arc::clone(scrubber));
        let check = move || {
            let result = misfit(&schema, &value, &scrubber);
            drop(permit);
            result
        };
        tokio::task::spawn_blocking(check).await.map_err(|_| stopped())?
    }
}

/// Checks what takes few steps. `None` if it takes more.
fn quickly(schema: &Value, value: &Value, scrubber: &Scrubber) -> Option<Result<Option<String>, String>> {
    if schema.to_string().len() > QUICK_BYTES_MAX {
        return None;
    }
    let form = match Form::of(schema) {
        Ok(form) => form,
        Err(message) => return Some(Err(too_large(&message))),
    };
    let cost = cost::of(&form, schema, value, QUICK_STEPS_MAX).ok()?;
    Some(misfit_of(schema, value, cost, scrubber))
}

fn misfit(schema: &Value, value: &Value, scrubber: &Scrubber) -> Result<Option<String>, String> {
    let form = Form::of(schema).map_err(|message| too_large(&message))?;
    let cost = cost::of(&form, schema, value, STEPS_MAX).map_err(|TooExpensive| {
        format!(
            "this JSON Schema is too expensive to check: it takes more than {STEPS_MAX} steps for this value. Use fewer \
             alternatives and references inside one another"
        )
    })?;
    misfit_of(schema, value, cost, scrubber)
}

/// Checks what takes `cost`.
fn misfit_of(
    schema: &Value,
    value: &Value,
    cost: Cost,
    scrubber: &Scrubber,
) -> Result<Option<String>, String> {
    let described = |error: &jsonschema::ValidationError<'_>| described(error, scrubber);
    let validator = compile(schema)?;
    if validator.is_valid(value) {
        return Ok(None);
    }
    // A validator keeps all faults of all alternatives.
    let errors: Vec<String> = if cost.steps <= EXPLAINED_STEPS_MAX {
        validator.iter_errors(value).take(ERRORS_MAX).map(|error| described(&error)).collect()
    } else if cost.in_alternatives <= EXPLAINED_STEPS_MAX {
        validator.validate(value).err().iter().map(described).collect()
    } else {
        vec!["the value matches none of the alternatives, which are too many to say more".to_owned()]
    };
    Ok(Some(errors.join("; ")))
}

/// Compiles a schema, if it is small enough.
fn checked(schema: &Value) -> Result<Validator, String> {
    Form::of(schema).map_err(|message| too_large(&message))?;
    compile(schema)
}

fn too_large(what: &str) -> String {
    format!("this JSON Schema cannot be used: {what}")
}

fn compile(schema: &Value) -> Result<Validator, String> {
    let patterns = PatternOptions::regex().size_limit(PATTERN_BYTES_MAX).dfa_size_limit(AUTOMATON_BYTES_MAX);
    jsonschema::options().offline().with_pattern_options(patterns).build(schema).map_err(|error| {
        let place = error.instance_path().to_string();
        let place = if place.is_empty() { String::new() } else { format!(" at {}", shortened(&place)) };
        format!("this JSON Schema is not valid{place}: {}", shortened(&error.to_string()))
    })
}

/// Describes an error, whose secrets are masked before it is cut.
fn described(error: &jsonschema::ValidationError<'_>, scrubber: &Scrubber) -> String {
    let pointer = error.instance_path().to_string();
    let place = if pointer.is_empty() { "the value" } else { pointer.as_str() };
    format!("{place}: {}", shortened(&scrubber.text(&error.to_string())))
}

fn shortened(text: &str) -> String {
    texts::shortened(text, CHARS_MAX)
}

#[cfg(test)]
mod tests;
