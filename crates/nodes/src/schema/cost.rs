//! How many steps a validator takes for a value, counted without taking them.
//!
//! A validator checks a part of a schema as often as some way leads to it, and ways double at each level where two lead to
//! the next. The count remembers each part with each value that it applies to, so it takes no longer than there are such
//! pairs.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::form::{Form, Part, address, has_unevaluated, in_place, pattern_weight, patterns_of};

/// What one part applied to another; a value inside a value applies to a level of its own.
const DEPTH_MAX: usize = 500;
/// Characters that a pattern or a format reads in one step.
const CHARS_PER_STEP: u64 = 64;
/// States of automata in one step, for each character.
const STATES_PER_STEP: u64 = 1_024;

/// What it takes to check a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cost {
    /// Steps, each well below a microsecond.
    pub(super) steps: u64,
    /// Those of them that are inside alternatives, whose faults a validator keeps all.
    pub(super) in_alternatives: u64,
}

impl Cost {
    const fn of(steps: u64) -> Self {
        Self { steps, in_alternatives: 0 }
    }

    const fn plus(self, other: Self) -> Self {
        Self {
            steps: self.steps.saturating_add(other.steps),
            in_alternatives: self.in_alternatives.saturating_add(other.in_alternatives),
        }
    }

    const fn times(self, times: u64) -> Self {
        Self {
            steps: self.steps.saturating_mul(times),
            in_alternatives: self.in_alternatives.saturating_mul(times),
        }
    }
}

/// It takes more steps than it may, or has no end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooExpensive;

/// Counts what it takes to check `value` against `schema`.
///
/// # Errors
/// [`TooExpensive`] if these are more than `steps_max` steps.
pub(super) fn of(
    form: &Form<'_>,
    schema: &Value,
    value: &Value,
    steps_max: u64,
) -> Result<Cost, TooExpensive> {
    let mut count = Count { form, known: HashMap::new(), sizes: HashMap::new(), steps_left: steps_max };
    let cost = count.visit(schema, value, 0)?;
    if cost.steps > steps_max { Err(TooExpensive) } else { Ok(cost) }
}

struct Count<'f, 's> {
    form: &'f Form<'s>,
    /// By the addresses of part and value; `None` while it is counted.
    known: HashMap<(usize, usize), Option<Cost>>,
    /// The number of values in a value, by its address.
    sizes: HashMap<usize, u64>,
    steps_left: u64,
}

impl Count<'_, '_> {
    fn visit(&mut self, schema: &Value, value: &Value, depth: usize) -> Result<Cost, TooExpensive> {
        self.steps_left = self.steps_left.checked_sub(1).ok_or(TooExpensive)?;
        let Value::Object(part) = schema else { return Ok(Cost::of(1)) };
        if depth > DEPTH_MAX {
            return Err(TooExpensive);
        }
        if is_simple(value) && in_place(part).next().is_none() && self.form.targets(part).is_empty() {
            // Nothing is inside, so there is nothing to remember.
            return Ok(Cost::of(self.own(part, value)));
        }
        let pair = (address(part), address(value));
        match self.known.get(&pair) {
            Some(Some(cost)) => return Ok(*cost),
            Some(None) => return Err(TooExpensive),
            None => {}
        }
        self.known.insert(pair, None);
        let inside = self.in_place(part, value, depth)?;
        let children = children_of(value);
        let times = if has_unevaluated(part) { 2 + 2 * children } else { 1 };
        let below = match value {
            Value::Object(fields) => self.fields(part, fields, depth)?,
            Value::Array(items) => self.items(part, items, depth)?,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Cost::default(),
        };
        let cost = inside.times(times).plus(below).plus(Cost::of(self.own(part, value)));
        self.known.insert(pair, Some(cost));
        Ok(cost)
    }

    /// Counts what applies to the same value.
    fn in_place(&mut self, part: &Part, value: &Value, depth: usize) -> Result<Cost, TooExpensive> {
        let mut cost = Cost::default();
        for schema in in_place(part).chain(self.form.targets(part).iter().copied()) {
            cost = cost.plus(self.visit(schema, value, depth + 1)?);
        }
        if part.contains_key("anyOf") || part.contains_key("oneOf") {
            cost.in_alternatives = cost.steps;
        }
        Ok(cost)
    }

    fn fields(
        &mut self,
        part: &Part,
        fields: &Map<String, Value>,
        depth: usize,
    ) -> Result<Cost, TooExpensive> {
        let mut cost = Cost::default();
        let own = part.get("properties").and_then(Value::as_object);
        for (name, schema) in own.into_iter().flatten() {
            cost = cost.plus(Cost::of(1));
            if let Some(value) = fields.get(name) {
                cost = cost.plus(self.visit(schema, value, depth + 1)?);
            }
        }
        let patterns = part.get("patternProperties").and_then(Value::as_object);
        for (pattern, schema) in patterns.into_iter().flatten() {
            for (name, value) in fields {
                cost = cost.plus(Cost::of(pattern_steps(pattern, name)));
                cost = cost.plus(self.visit(schema, value, depth + 1)?);
            }
        }
        for schema in
            ["additionalProperties", "unevaluatedProperties"].iter().filter_map(|key| part.get(*key))
        {
            for (_, value) in fields.iter().filter(|(name, _)| own.is_none_or(|own| !own.contains_key(*name)))
            {
                cost = cost.plus(self.visit(schema, value, depth + 1)?);
            }
        }
        if let Some(schema) = part.get("propertyNames") {
            for name in fields.keys() {
                // Nothing else has the address of this value while it lives, and nothing may be remembered of it.
                let name = Value::from(name.as_str());
                let mut count = Count {
                    form: self.form,
                    known: HashMap::new(),
                    sizes: HashMap::new(),
                    steps_left: self.steps_left,
                };
                cost = cost.plus(count.visit(schema, &name, depth + 1)?);
                self.steps_left = count.steps_left;
            }
        }
        Ok(cost)
    }

    fn items(&mut self, part: &Part, items: &[Value], depth: usize) -> Result<Cost, TooExpensive> {
        let mut cost = Cost::default();
        for key in ["items", "prefixItems", "additionalItems", "contains", "unevaluatedItems"] {
            match part.get(key) {
                Some(Value::Array(schemas)) => {
                    for (schema, item) in schemas.iter().zip(items) {
                        cost = cost.plus(self.visit(schema, item, depth + 1)?);
                    }
                }
                Some(schema) => {
                    for item in items {
                        cost = cost.plus(self.visit(schema, item, depth + 1)?);
                    }
                }
                None => {}
            }
        }
        Ok(cost)
    }

    /// Counts what the keys of a part take by themselves.
    fn own(&mut self, part: &Part, value: &Value) -> u64 {
        let mut steps = 1 + part.len() as u64 / 4;
        for key in ["enum", "const"] {
            steps += part.get(key).map_or(0, |known| self.size(known) / 16);
        }
        for key in ["required", "dependentRequired", "dependencies"] {
            steps += part.get(key).map_or(0, |names| children_of(names) / 4);
        }
        if part.get("uniqueItems") == Some(&Value::Bool(true)) && value.is_array() {
            steps += self.size(value).saturating_mul(2);
        }
        let Value::String(text) = value else { return steps };
        steps += patterns_of(part).map(|pattern| pattern_steps(pattern, text)).sum::<u64>();
        steps += match part.get("format").and_then(Value::as_str) {
            Some("regex") => 1_000,
            Some(_) | None => 0,
        };
        steps + text.len() as u64 / CHARS_PER_STEP
    }

    /// Returns how many values there are in `value`, itself included.
    fn size(&mut self, value: &Value) -> u64 {
        if let Some(size) = self.sizes.get(&address(value)) {
            return *size;
        }
        let size = size_of(value);
        self.sizes.insert(address(value), size);
        size
    }
}

const fn is_simple(value: &Value) -> bool {
    !matches!(value, Value::Array(_) | Value::Object(_))
}

fn children_of(value: &Value) -> u64 {
    match value {
        Value::Array(items) => items.len() as u64,
        Value::Object(fields) => fields.len() as u64,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

fn size_of(value: &Value) -> u64 {
    let inside: u64 = match value {
        Value::Array(items) => items.iter().map(size_of).sum(),
        Value::Object(fields) => fields.values().map(size_of).sum(),
        Value::String(text) => text.len() as u64 / CHARS_PER_STEP,
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    };
    inside + 1
}

/// Returns what it takes to search for `pattern` in `text`, if it takes a step of the automaton for each state.
fn pattern_steps(pattern: &str, text: &str) -> u64 {
    let length = text.len() as u64;
    1 + length.saturating_mul(pattern_weight(pattern)) / STATES_PER_STEP + length / CHARS_PER_STEP
}
