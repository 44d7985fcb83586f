//! Reads the keys of one JSON object, and says what is wrong with each.

use serde_json::{Map, Value};

use crate::expression::ExpressionError;
use crate::limits::Limits;
use crate::template::pointer_token;
use crate::timestamp::Seconds;

use super::Fault;

/// Faults up to which the nearest name is looked for: beyond, a document is broken in some other way.
const SUGGESTIONS_MAX: usize = 50;

/// The faults found so far.
#[derive(Debug, Default)]
pub(in crate::flow) struct Faults(Vec<Fault>);

impl Faults {
    pub(in crate::flow) fn add(&mut self, pointer: impl Into<String>, message: impl Into<String>) {
        self.0.push(Fault { pointer: pointer.into(), message: message.into() });
    }

    /// Adds faults of expressions that stand at `pointer` or below.
    pub(super) fn add_expressions(&mut self, pointer: &str, errors: Vec<(String, ExpressionError)>) {
        for (below, error) in errors {
            self.add(format!("{pointer}{below}"), error.to_string());
        }
    }

    /// Returns `; did you mean …?` where one of `names` is near `given`.
    pub(in crate::flow) fn suggestion<'n>(
        &self,
        given: &str,
        names: impl Iterator<Item = &'n str>,
    ) -> String {
        if self.0.len() >= SUGGESTIONS_MAX {
            return String::new();
        }
        suggestion(given, names)
    }

    /// Returns those of the nodes at the places that `is_meant` picks.
    pub(super) fn of_nodes(self, is_meant: impl Fn(usize) -> bool) -> Vec<Fault> {
        let is_of_node = |fault: &Fault| {
            let below = fault.pointer.strip_prefix("/flow_definition/nodes/");
            let place = below.and_then(|below| below.split('/').next()?.parse().ok());
            place.is_some_and(&is_meant)
        };
        self.0.into_iter().filter(is_of_node).collect()
    }

    pub(super) fn into_all(self) -> Vec<Fault> {
        self.0
    }
}

/// One JSON object of the document. A key that is `null` counts as absent.
#[derive(Debug)]
pub(super) struct Fields<'d> {
    map: &'d Map<String, Value>,
    pointer: String,
}

impl<'d> Fields<'d> {
    /// Takes `value` as an object.
    pub(super) fn of(value: &'d Value, pointer: impl Into<String>, faults: &mut Faults) -> Option<Self> {
        let pointer = pointer.into();
        let Value::Object(map) = value else {
            faults.add(pointer, format!("an object is needed here, not {}", described(value)));
            return None;
        };
        Some(Self { map, pointer })
    }

    /// Returns where `key` stands.
    pub(super) fn pointer(&self, key: &str) -> String {
        format!("{}/{}", self.pointer, pointer_token(key))
    }

    #[cfg(feature = "test-kinds")]
    pub(super) const fn map(&self) -> &'d Map<String, Value> {
        self.map
    }

    pub(super) fn get(&self, key: &str) -> Option<&'d Value> {
        self.map.get(key).filter(|value| !value.is_null())
    }

    pub(super) fn fault(&self, key: &str, faults: &mut Faults, message: impl Into<String>) {
        faults.add(self.pointer(key), message);
    }

    /// Refuses every key that is not in `known`.
    pub(super) fn refuse_unknown(&self, known: &[&str], faults: &mut Faults) {
        for key in self.map.keys().filter(|key| !known.contains(&key.as_str())) {
            let near = faults.suggestion(key, known.iter().copied());
            let end = if near.is_empty() {
                format!("; there {} {}", if known.len() == 1 { "is only" } else { "are" }, quoted(known))
            } else {
                near
            };
            self.fault(key, faults, format!("there is no key `{key}` here{end}"));
        }
    }

    pub(super) fn string(&self, key: &str, faults: &mut Faults) -> Option<&'d str> {
        let value = self.get(key)?;
        if value.as_str().is_none() {
            self.fault(key, faults, format!("`{key}` must be a string, not {}", described(value)));
        }
        value.as_str()
    }

    /// Returns a string that must be there and hold something.
    pub(super) fn required(&self, key: &str, why: &str, faults: &mut Faults) -> Option<&'d str> {
        if self.get(key).is_none() {
            self.fault(key, faults, why);
            return None;
        }
        let text = self.string(key, faults)?;
        if text.trim().is_empty() {
            self.fault(key, faults, format!("`{key}` must not be empty"));
            return None;
        }
        Some(text)
    }

    pub(super) fn bool(&self, key: &str, faults: &mut Faults) -> Option<bool> {
        let value = self.get(key)?;
        if value.as_bool().is_none() {
            self.fault(key, faults, format!("`{key}` must be true or false, not {}", described(value)));
        }
        value.as_bool()
    }

    pub(super) fn list(&self, key: &str, faults: &mut Faults) -> Option<&'d [Value]> {
        let value = self.get(key)?;
        if !value.is_array() {
            self.fault(key, faults, format!("`{key}` must be a list, not {}", described(value)));
        }
        value.as_array().map(Vec::as_slice)
    }

    /// Returns a whole number from `min` to `max`.
    pub(super) fn whole(&self, key: &str, min: u32, max: u32, faults: &mut Faults) -> Option<u32> {
        let value = self.get(key)?;
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
        let number = number.filter(|number| (min..=max).contains(number));
        if number.is_none() {
            let range =
                if max == u32::MAX { format!("{min} or more") } else { format!("from {min} to {max}") };
            self.fault(
                key,
                faults,
                format!("`{key}` must be a whole number {range}, not {}", described(value)),
            );
        }
        number
    }

    /// Returns a number from `min` to `max`, fractions allowed.
    pub(super) fn number(&self, key: &str, min: f64, max: f64, faults: &mut Faults) -> Option<f64> {
        let value = self.get(key)?;
        let number = value.as_f64().filter(|number| (min..=max).contains(number));
        if number.is_none() {
            let range =
                if max == f64::MAX { format!("{min} or more") } else { format!("from {min} to {max}") };
            self.fault(key, faults, format!("`{key}` must be a number {range}, not {}", described(value)));
        }
        number
    }

    /// Returns a span of more than zero and at most `wait_max`.
    pub(super) fn seconds(&self, key: &str, limits: &Limits, faults: &mut Faults) -> Option<Seconds> {
        let value = self.get(key)?;
        let max = limits.wait_max.as_secs_f64();
        let seconds = value.as_f64().filter(|seconds| *seconds <= max).map(Seconds);
        // What rounds to no time at all is refused with zero.
        let seconds = seconds.filter(|seconds| !seconds.duration().is_zero());
        if seconds.is_none() {
            let message = format!(
                "`{key}` must be a number of seconds, more than 0 and at most {max}, not {}",
                described(value)
            );
            self.fault(key, faults, message);
        }
        seconds
    }

    /// Returns one of `choices` by name.
    pub(super) fn choice<T: Copy>(&self, key: &str, choices: &[(&str, T)], faults: &mut Faults) -> Option<T> {
        let value = self.get(key)?;
        let found = choices.iter().find(|(name, _)| value.as_str() == Some(name)).map(|(_, choice)| *choice);
        if found.is_none() {
            let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
            let near = suggestion(value.as_str().unwrap_or_default(), names.iter().copied());
            let message =
                format!("`{key}` must be one of {}, not {}{near}", quoted(&names), described(value));
            self.fault(key, faults, message);
        }
        found
    }
}

/// Returns `names` in backticks, with commas.
pub(super) fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Returns a value as a message shows it: small ones themselves, others by their kind.
pub(super) fn described(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) if text.chars().count() <= 40 => value.to_string(),
        Value::String(_) => "a long string".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

/// Returns `; did you mean …?` where one of `names` is near `given`.
pub(in crate::flow) fn suggestion<'n>(given: &str, names: impl Iterator<Item = &'n str>) -> String {
    let wanted = given.to_lowercase();
    let length = wanted.chars().count();
    // Two swapped letters count as two changes.
    let distance_max = if (4..=8).contains(&length) { 2 } else { length.div_ceil(3) };
    let near = names
        .filter(|name| name.chars().count().abs_diff(length) <= distance_max && length <= 64)
        .map(|name| (distance(&wanted, &name.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= distance_max.min(length.saturating_sub(1)))
        .min();
    near.map_or_else(String::new, |(_, name)| format!("; did you mean `{name}`?"))
}

/// Returns how many characters must be put in, taken out or changed (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (at, left) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (column, right) in to.iter().enumerate() {
            let changed = diagonal + usize::from(left != *right);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_near_names_are_suggested() {
        let names = ["score", "notify", "fetch-data"];

        assert_eq!(suggestion("scroe", names.into_iter()), "; did you mean `score`?");
        assert_eq!(suggestion("fetch_data", names.into_iter()), "; did you mean `fetch-data`?");
        assert_eq!(suggestion("x", names.into_iter()), "");
        assert_eq!(suggestion("approve", names.into_iter()), "");
        assert_eq!(suggestion("", names.into_iter()), "");
    }
}
