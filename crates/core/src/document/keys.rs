//! The keys of one object: read, or described.

use serde_json::{Map, Value};

use super::describe::Description;
use super::{Place, Reader, Reading, quoted};
use crate::limits::Limits;

/// What happens to keys that are not named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unknown {
    /// They are kept: editors store their own.
    Kept,
    /// They are faults: they can only be mistakes.
    Refused,
}

/// One key: how it is called, what it holds, and what people read about it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key<R> {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) reader: R,
    pub(super) doc: &'static str,
    pub(super) absent: Absent,
    pub(super) prompt: Option<&'static str>,
}

/// What holds where a key is absent or null.
#[derive(Clone, Copy, Debug)]
pub(super) enum Absent {
    /// Nothing does.
    Nothing,
    /// A value, read like one that is given.
    Default(Plain),
    /// The key is needed; whose it is.
    Fault(&'static str),
    /// The key is required; the message names the keys inside.
    FaultInside,
}

/// A small JSON value.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Plain {
    Bool(bool),
    Whole(u32),
    Text(&'static str),
    List,
    Object,
}

impl From<bool> for Plain {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<u32> for Plain {
    fn from(value: u32) -> Self {
        Self::Whole(value)
    }
}

impl From<&'static str> for Plain {
    fn from(value: &'static str) -> Self {
        Self::Text(value)
    }
}

impl Plain {
    pub(super) fn value(self) -> Value {
        match self {
            Self::Bool(value) => value.into(),
            Self::Whole(value) => value.into(),
            Self::Text(value) => value.into(),
            Self::List => Value::Array(Vec::new()),
            Self::Object => Value::Object(Map::new()),
        }
    }
}

/// Returns the key `name`, which forms call `title`.
pub(crate) const fn key<R: Reader>(name: &'static str, title: &'static str, reader: R) -> Key<R> {
    Key { name, title, reader, doc: "", absent: Absent::Nothing, prompt: None }
}

impl<R: Reader> Key<R> {
    /// Says in a sentence or two what it is for.
    pub(crate) fn doc(self, doc: &'static str) -> Self {
        Self { doc, ..self }
    }

    /// Gives the value that holds where the key is absent.
    pub(crate) fn default(self, value: impl Into<Plain>) -> Self {
        Self { absent: Absent::Default(value.into()), ..self }
    }

    /// Makes its absence a fault, which says that `what` needs it.
    pub(crate) fn needed(self, what: &'static str) -> Self {
        Self { absent: Absent::Fault(what), ..self }
    }

    /// Sets the message for a required key that is absent, for keys that people fill in first.
    pub(crate) fn prompt(self, prompt: &'static str) -> Self {
        Self { prompt: Some(prompt), ..self }
    }

    /// Reads its absence as an empty object, which lacks what it needs.
    pub(crate) fn needed_for_its_keys(self) -> Self {
        Self { absent: Absent::FaultInside, ..self }
    }
}

/// The keys of one object. A key that is null counts as absent.
#[derive(Debug)]
pub(crate) struct Keys<'k> {
    source: Source<'k>,
    known: Vec<&'static str>,
    /// Where a key that is none of these belongs.
    elsewhere: Option<fn(&str) -> String>,
}

#[derive(Debug)]
enum Source<'k> {
    /// An object to read.
    Given { map: &'k Map<String, Value>, at: &'k Place<'k>, reading: &'k mut Reading },
    /// Nothing: what is asked for is written down.
    Described(&'k mut Description),
}

impl<'k> Keys<'k> {
    pub(super) fn given(map: &'k Map<String, Value>, at: &'k Place<'k>, reading: &'k mut Reading) -> Self {
        Self { source: Source::Given { map, at, reading }, known: Vec::new(), elsewhere: None }
    }

    pub(super) fn described(description: &'k mut Description) -> Self {
        Self { source: Source::Described(description), known: Vec::new(), elsewhere: None }
    }

    /// Reads one key. `None` where it is absent or a template, and where it is a fault.
    ///
    /// The reader of an object asks for all keys before it looks at the values: every fault is found, and every key
    /// described.
    pub(crate) fn take<R: Reader>(&mut self, key: Key<R>) -> Option<R::Value> {
        self.known.push(key.name);
        let (map, at, reading) = match &mut self.source {
            Source::Described(description) => {
                description.add(&key);
                return None;
            }
            Source::Given { map, at, reading } => (map, at, reading),
        };
        let place = at.key(key.name);
        if let Some(value) = map.get(key.name).filter(|value| !value.is_null()) {
            return reading.value(&key.reader, value, &place);
        }
        match key.absent {
            Absent::Nothing => None,
            Absent::Default(value) => reading.value(&key.reader, &value.value(), &place),
            Absent::FaultInside => reading.value(&key.reader, &Plain::Object.value(), &place),
            Absent::Fault(what) => {
                let wanted = key.reader.wanted(&reading.limits);
                let message = format!("{what} needs `{}`: {wanted}", key.name);
                reading.fault(&place, key.prompt.map_or(message, str::to_owned));
                None
            }
        }
    }

    /// Reads by `reader` what is inside a key that was taken, if it is an object. It is described where it was taken.
    pub(crate) fn inside<R: Reader>(&mut self, name: &str, reader: &R) -> Option<R::Value> {
        let Source::Given { map, at, reading } = &mut self.source else { return None };
        let value = map.get(name).filter(|value| value.is_object())?;
        reading.value(reader, value, &at.key(name))
    }

    /// Returns the bounds that hold; in a description, the default ones.
    pub(crate) fn limits(&self) -> Limits {
        match &self.source {
            Source::Given { reading, .. } => reading.limits,
            Source::Described(_) => Limits::DEFAULT,
        }
    }

    /// Asks for exactly one of several keys; `what` names whose they are.
    pub(crate) fn one_of(&mut self, what: &str, names: &[&'static str]) {
        let (map, at, reading) = match &mut self.source {
            Source::Described(description) => return description.one_of = names.to_vec(),
            Source::Given { map, at, reading } => (map, at, reading),
        };
        let has = |name: &&&str| map.get(**name).is_some_and(|value| !value.is_null());
        let mut given = names.iter().filter(has);
        let choice = || {
            let (last, first) = names.split_last().expect("there are several");
            let first: Vec<String> = first.iter().map(|name| format!("`{name}`")).collect();
            format!("{} or `{last}`", first.join(", "))
        };
        match (given.next(), given.next()) {
            (Some(_), Some(second)) => {
                let not = if names.len() == 2 { "not both" } else { "not several" };
                reading.fault(&at.key(second), format!("{what} has {}, {not}", choice()));
            }
            (None, _) => reading.fault(&at.key(names[0]), format!("{what} needs {}", choice())),
            (Some(_), None) => {}
        }
    }

    /// Adds a fault of what was read from `key`.
    pub(crate) fn fault(&mut self, key: &str, message: impl Into<String>) {
        if let Source::Given { at, reading, .. } = &mut self.source {
            reading.fault(&at.key(key), message);
        }
    }

    /// Adds a fault of something inside what was read from `key`.
    pub(crate) fn fault_below(&mut self, key: &str, pointer: &str, message: impl Into<String>) {
        if let Source::Given { at, reading, .. } = &mut self.source {
            reading.fault_below(&at.key(key), pointer, message.into());
        }
    }

    /// Says where an unknown key belongs: a clause for the message that refuses it.
    pub(crate) fn elsewhere(&mut self, clause: fn(&str) -> String) {
        self.elsewhere = Some(clause);
    }

    /// Refuses every key that was not asked for.
    pub(super) fn refuse_unknown(&mut self) {
        let Source::Given { map, at, reading } = &mut self.source else { return };
        let known = &self.known;
        for key in map.keys().filter(|key| !known.contains(&key.as_str())) {
            if reading.faults.is_full() {
                reading.faults.count_others(1);
                continue;
            }
            let near = reading.faults.suggestion(key, known.iter().copied());
            let end = if near.is_empty() {
                let verb = if known.len() == 1 { "is only" } else { "are" };
                let elsewhere =
                    self.elsewhere.map_or_else(String::new, |clause| format!("; {}", clause(key)));
                format!("; there {verb} {}{elsewhere}", quoted(known))
            } else {
                near
            };
            reading.fault(&at.key(key), format!("there is no key `{key}` here{end}"));
        }
    }
}
