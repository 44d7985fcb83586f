//! What a schema consists of, and whether it is small enough to be compiled.
//!
//! The validator has no budget of its own. Each of its limits is checked here, before it sees a schema: how many parts and
//! patterns it compiles, and into how many parts those expand that contain each other by reference.

use std::collections::{HashMap, HashSet};

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

/// Bytes of a schema.
pub(super) const BYTES_MAX: usize = 256 * 1024;
/// Objects of a schema that are schemas themselves.
const PARTS_MAX: usize = 5_000;
/// Patterns of a schema, and what they weigh together: about the number of states of their automata.
const PATTERNS_MAX: usize = 200;
const PATTERNS_WEIGHT_MAX: u64 = 200_000;
/// Alternatives and references inside one another that apply to the same value.
const IN_PLACE_DEPTH_MAX: usize = 300;
/// The same in a schema with `unevaluatedProperties` or `unevaluatedItems`, for each of which the validator compiles all
/// that is inside once more.
const UNEVALUATED_DEPTH_MAX: usize = 64;
/// Parts that are checked for one value, not counting those inside it.
pub(super) const EXPANSION_MAX: u64 = 1_000_000;
const UNEVALUATED_EXPANSION_MAX: u64 = 10_000;

const REFERENCES: [&str; 3] = ["$ref", "$dynamicRef", "$recursiveRef"];
const IN_PLACE: [&str; 7] = ["allOf", "anyOf", "oneOf", "not", "if", "then", "else"];
const NAMED_IN_PLACE: [&str; 2] = ["dependentSchemas", "dependencies"];
const UNEVALUATED: [&str; 2] = ["unevaluatedProperties", "unevaluatedItems"];
const BELOW: [&str; 9] = [
    "items",
    "prefixItems",
    "additionalItems",
    "contains",
    "unevaluatedItems",
    "additionalProperties",
    "unevaluatedProperties",
    "propertyNames",
    "contentSchema",
];
const NAMED_BELOW: [&str; 4] = ["properties", "patternProperties", "$defs", "definitions"];

/// The keys of an object that is a schema.
pub(super) type Part = Map<String, Value>;

/// A schema that may be compiled, with what its references lead to.
#[derive(Debug)]
pub(super) struct Form<'s> {
    /// By the address of the part. No part moves while it is borrowed.
    targets: HashMap<usize, Vec<&'s Value>>,
    has_unevaluated: bool,
}

/// Returns the address of a value, which no other one has at the same time.
pub(super) fn address<T>(value: &T) -> usize {
    std::ptr::from_ref(value).addr()
}

impl<'s> Form<'s> {
    /// Looks through `schema`.
    ///
    /// # Errors
    /// Which limit it exceeds, as a clause.
    pub(super) fn of(schema: &'s Value) -> Result<Self, String> {
        let bytes = schema.to_string().len();
        if bytes > BYTES_MAX {
            return Err(format!("it has {bytes} bytes; at most {BYTES_MAX} are allowed"));
        }
        let names = Names::of(schema)?;
        let mut form = Self { targets: HashMap::new(), has_unevaluated: false };
        let parts = form.collect(schema, &names)?;
        form.check_expansion(&parts)?;
        Ok(form)
    }

    /// Returns what the references of a part lead to.
    pub(super) fn targets(&self, part: &Part) -> &[&'s Value] {
        self.targets.get(&address(part)).map(Vec::as_slice).unwrap_or_default()
    }

    /// Collects the parts, with those that only references lead to.
    fn collect(&mut self, schema: &'s Value, names: &Names<'s>) -> Result<Vec<&'s Part>, String> {
        let (mut parts, mut seen, mut open) = (Vec::new(), HashSet::new(), vec![schema]);
        let (mut patterns, mut weight) = (0, 0_u64);
        while let Some(next) = open.pop() {
            let Some(part) = next.as_object().filter(|part| seen.insert(address(*part))) else { continue };
            parts.push(part);
            if parts.len() > PARTS_MAX {
                return Err(format!("it consists of more than {PARTS_MAX} schemas"));
            }
            for pattern in patterns_of(part) {
                patterns += 1;
                weight = weight.saturating_add(pattern_weight(pattern));
            }
            if patterns > PATTERNS_MAX || weight > PATTERNS_WEIGHT_MAX {
                return Err(format!("its regular expressions are more than {PATTERNS_MAX}, or too large"));
            }
            self.has_unevaluated |= UNEVALUATED.iter().any(|key| part.contains_key(*key));
            let targets = names.targets(part)?;
            open.extend(targets.iter().copied());
            open.extend(in_place(part));
            open.extend(below(part));
            if !targets.is_empty() {
                self.targets.insert(address(part), targets);
            }
        }
        Ok(parts)
    }

    fn check_expansion(&self, parts: &[&'s Part]) -> Result<(), String> {
        let mut expansion = Expansion { form: self, known: HashMap::new() };
        let mut unevaluated = 0_u64;
        for part in parts {
            let count = expansion.of(part, 0)?;
            if count > EXPANSION_MAX {
                return Err(format!(
                    "its alternatives and references expand to more than {EXPANSION_MAX} schemas; use fewer of them \
                     inside one another"
                ));
            }
            if has_unevaluated(part) {
                unevaluated = unevaluated.saturating_add(count);
            }
        }
        if unevaluated > UNEVALUATED_EXPANSION_MAX {
            return Err(format!(
                "what `unevaluatedProperties` and `unevaluatedItems` depend on expands to more than \
                 {UNEVALUATED_EXPANSION_MAX} schemas; use `additionalProperties`, or fewer schemas inside one another"
            ));
        }
        Ok(())
    }
}

/// Returns whether what is checked for a part depends on what other keys of it checked.
pub(super) fn has_unevaluated(part: &Part) -> bool {
    UNEVALUATED.iter().any(|key| part.contains_key(*key))
}

/// Returns the schemas that apply to the same value as `part`, without those that it refers to.
pub(super) fn in_place(part: &Part) -> impl Iterator<Item = &Value> {
    let own = IN_PLACE.iter().filter_map(|key| part.get(*key)).flat_map(one_or_several);
    own.chain(NAMED_IN_PLACE.iter().filter_map(|key| part.get(*key)).flat_map(named))
}

fn below(part: &Part) -> impl Iterator<Item = &Value> {
    let own = BELOW.iter().filter_map(|key| part.get(*key)).flat_map(one_or_several);
    own.chain(NAMED_BELOW.iter().filter_map(|key| part.get(*key)).flat_map(named))
}

fn one_or_several(value: &Value) -> &[Value] {
    value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice)
}

fn named(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_object().into_iter().flat_map(Map::values)
}

/// How many schemas are checked for one value.
struct Expansion<'f, 's> {
    form: &'f Form<'s>,
    /// `None` while it is counted.
    known: HashMap<usize, Option<u64>>,
}

impl Expansion<'_, '_> {
    fn of(&mut self, part: &Part, depth: usize) -> Result<u64, String> {
        let depth_max = if self.form.has_unevaluated { UNEVALUATED_DEPTH_MAX } else { IN_PLACE_DEPTH_MAX };
        if depth > depth_max {
            return Err(format!("more than {depth_max} alternatives and references are inside one another"));
        }
        match self.known.insert(address(part), None) {
            Some(Some(count)) => {
                self.known.insert(address(part), Some(count));
                return Ok(count);
            }
            Some(None) => return Err("it refers to itself for the same value, without an end".to_owned()),
            None => {}
        }
        let mut inside = 0_u64;
        for schema in in_place(part).chain(self.form.targets(part).iter().copied()) {
            let count = schema.as_object().map_or(Ok(1), |part| self.of(part, depth + 1))?;
            inside = inside.saturating_add(count);
        }
        let times = if has_unevaluated(part) { 2 } else { 1 };
        let count = inside.saturating_mul(times).saturating_add(1);
        self.known.insert(address(part), Some(count));
        Ok(count)
    }
}

/// What references name.
struct Names<'s> {
    root: &'s Value,
    /// How the identifier of the root is written before `#`, if it has one.
    identifier: Option<&'s str>,
    /// Anchors, and the old form of an anchor: an identifier that begins with `#`.
    anchors: HashMap<&'s str, Vec<&'s Value>>,
    /// Whether an object inside has an identifier, from which references would be resolved.
    has_base_inside: bool,
}

impl<'s> Names<'s> {
    fn of(root: &'s Value) -> Result<Self, String> {
        let identifier = root.get("$id").or_else(|| root.get("id")).and_then(Value::as_str);
        let identifier = identifier.map(|text| text.trim_end_matches('#'));
        let mut names = Self { root, identifier, anchors: HashMap::new(), has_base_inside: false };
        let mut open = vec![root];
        while let Some(value) = open.pop() {
            match value {
                Value::Array(items) => open.extend(items),
                Value::Object(keys) => {
                    names.add(value, keys);
                    open.extend(keys.values());
                }
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
            }
        }
        Ok(names)
    }

    fn add(&mut self, value: &'s Value, keys: &'s Part) {
        let text = |key: &str| keys.get(key).and_then(Value::as_str);
        for anchor in [text("$anchor"), text("$dynamicAnchor")].into_iter().flatten() {
            self.anchors.entry(anchor).or_default().push(value);
        }
        for identifier in [text("$id"), text("id")].into_iter().flatten() {
            match identifier.strip_prefix('#') {
                Some(anchor) => self.anchors.entry(anchor).or_default().push(value),
                None => self.has_base_inside |= !std::ptr::eq(value, self.root) && text("$id").is_some(),
            }
        }
    }

    /// Returns what the references of `part` lead to. What leads nowhere is for the validator to refuse.
    fn targets(&self, part: &'s Part) -> Result<Vec<&'s Value>, String> {
        let mut targets = Vec::new();
        for reference in REFERENCES.iter().filter_map(|key| part.get(*key)?.as_str()) {
            if self.has_base_inside {
                return Err(
                    "it has references, and `$id` in a schema inside it, which change their meaning; remove \
                            `$id` there"
                        .to_owned(),
                );
            }
            let local = self.identifier.and_then(|own| reference.strip_prefix(own)).unwrap_or(reference);
            let Some(fragment) = local.strip_prefix('#').or_else(|| local.is_empty().then_some("")) else {
                return Err(format!(
                    "the reference `{}` leads out of it; references begin with `#`",
                    super::shortened(reference)
                ));
            };
            let fragment = percent_decode_str(fragment).decode_utf8_lossy();
            if fragment.is_empty() || fragment.starts_with('/') {
                targets.extend(self.root.pointer(&fragment));
            } else {
                targets.extend(self.anchors.get(&*fragment).into_iter().flatten().copied());
            }
        }
        Ok(targets)
    }
}

/// Returns the regular expressions of a part.
pub(super) fn patterns_of(part: &Part) -> impl Iterator<Item = &str> {
    let own = part.get("pattern").and_then(Value::as_str);
    let of_keys = part.get("patternProperties").and_then(Value::as_object);
    own.into_iter().chain(of_keys.into_iter().flat_map(Map::keys).map(String::as_str))
}

/// Returns about how many states the automaton of a pattern has: its length, times each count of a repetition, and a
/// thousand for each class of Unicode.
pub(super) fn pattern_weight(pattern: &str) -> u64 {
    let classes = pattern.matches("\\p").count() + pattern.matches("\\P").count();
    let mut weight = (pattern.len() as u64).saturating_add(1_000_u64.saturating_mul(classes as u64));
    for repetition in pattern.split('{').skip(1) {
        let counts = repetition.split('}').next().unwrap_or_default();
        let largest = counts.split(',').filter_map(|count| count.trim().parse::<u64>().ok()).max();
        weight = weight.saturating_mul(largest.unwrap_or(1).max(1));
    }
    // A larger automaton is refused when it is compiled.
    weight.min(super::PATTERN_BYTES_MAX as u64)
}
