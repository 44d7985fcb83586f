//! What is known of a kind before any node of it exists, how a node finds its kind, and how kinds are described.

use serde_json::{Value, json};

use super::approval::DECISIONS;
use super::{CATALOGUE, DEFAULT_CASE, Kind, UNLISTED};
use crate::document::{Description, Keys, Place, Reader, Reading, Terms, Unknown, described, key, quoted};
use crate::limits::Limits;

/// The `type` of all kinds that are actions.
pub(super) const ACTION: &str = "action";

/// One kind.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// What is known of it before any node of it exists.
    pub about: &'static About,
    pub(super) read: fn(&mut Keys<'_>) -> Option<Kind>,
}

/// What is known of a kind before any node of it exists.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// The document's `type` or, for an action, its `action`.
    pub name: &'static str,
    /// Which of the two it is.
    pub named_by: NamedBy,
    /// Other names of the same kind.
    pub aliases: &'static [&'static str],
    /// What a palette shows.
    pub title: &'static str,
    /// What it does, in one or two sentences.
    pub description: &'static str,
    /// What holds of all its nodes.
    pub traits: Traits,
    /// Returns the JSON Schema of its output.
    pub output: fn() -> Value,
    /// Returns a node of it, as a document has it.
    pub example: fn() -> Value,
}

/// The key of a document that names a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamedBy {
    /// `type`.
    Type,
    /// `action`; the `type` is `action`.
    Action,
}

/// What the state machine and the editor have to know of all nodes of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traits {
    /// The flow starts at it; no edge leads to it.
    pub starts: bool,
    /// It takes attempts, which are recorded also where its work is done within the decision.
    pub takes_attempts: bool,
    /// Its attempts make calls; else its work is done within the decision.
    pub makes_calls: bool,
    /// Its output is what reaches it.
    pub passes_through: bool,
    /// Its output is its resolved `input`.
    pub returns_input: bool,
    /// Its edges may ask for `true` or `false`.
    pub answers: bool,
    /// Its edges may ask for one of its cases, or for `default`.
    pub has_cases: bool,
    /// A person decides: its edges may ask for what was decided. What was not decided in time is not asked again by itself.
    pub asks_people: bool,
    /// It waits for an event. What did not come in time is not waited for again by itself.
    pub awaits_events: bool,
    /// Its attempts start child executions, which retry their own nodes.
    pub starts_children: bool,
    /// For what it repeats its `body`, if it has one.
    pub repeats: Option<Repeats>,
}

/// For what a node repeats its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeats {
    /// For each item of a list, which the body reads as `item`.
    Items,
    /// Until a condition holds; the body reads the result of the iteration before as `last`.
    Iterations,
}

impl Traits {
    /// Nothing of it.
    pub const NONE: Self = Self {
        starts: false,
        takes_attempts: false,
        makes_calls: false,
        passes_through: false,
        returns_input: false,
        answers: false,
        has_cases: false,
        asks_people: false,
        awaits_events: false,
        starts_children: false,
        repeats: None,
    };

    /// Returns the key of its output that has its case.
    pub const fn case_key(self) -> &'static str {
        if self.asks_people { "decision" } else { "case" }
    }

    /// Returns where edges can leave: `completed`, `true` and `false` for answers, `default` beside the cases that a node
    /// names itself, what a person can decide, `error`.
    pub fn ports(self) -> Vec<&'static str> {
        let mut ports = vec!["completed"];
        if self.answers {
            ports.extend(["true", "false"]);
        }
        if self.has_cases {
            ports.push(DEFAULT_CASE);
        }
        if self.asks_people {
            ports.extend(DECISIONS);
        }
        if !self.starts && !self.passes_through {
            ports.push("error");
        }
        ports
    }
}

impl About {
    /// Returns the document's `type`.
    pub const fn type_name(&self) -> &'static str {
        match self.named_by {
            NamedBy::Type => self.name,
            NamedBy::Action => ACTION,
        }
    }

    fn is_type(&self, name: &str) -> bool {
        self.type_name() == name
    }

    fn is_action(&self, name: &str) -> bool {
        self.named_by == NamedBy::Action && self.names().any(|known| known == name)
    }

    /// Returns every name of it, its own first.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        [self.name].into_iter().chain(self.aliases.iter().copied())
    }
}

/// A kind as lists of node types show it.
#[derive(Clone, Debug)]
pub struct NodeType {
    /// The document's `type`.
    pub type_name: &'static str,
    /// The document's `action`, where the type is `action`.
    pub action: Option<&'static str>,
    /// Other names of the same action.
    pub aliases: &'static [&'static str],
    /// What a palette shows.
    pub title: &'static str,
    /// What it does, in one or two sentences.
    pub description: &'static str,
    /// What holds of all its nodes.
    pub traits: Traits,
    /// Where edges can leave it.
    pub ports: Vec<&'static str>,
    /// The JSON Schema of the keys of its own, `type` and `action` included.
    pub schema: Value,
    /// The JSON Schema of its output.
    pub output: Value,
    /// A node as a document has it.
    pub example: Value,
}

impl Entry {
    /// Describes the keys of its own, without `type` and `action`.
    pub fn keys(&self) -> Description {
        Description::of(&Terms::DEFAULT, Unknown::Kept, self.read)
    }

    /// Returns the JSON Schema of its nodes, without the keys that all nodes share.
    pub(crate) fn schema(&self, terms: &Terms) -> Value {
        let mut schema = Description::of(terms, Unknown::Kept, self.read).schema();
        let own = [("type", vec![self.about.type_name()])];
        let action =
            (self.about.named_by == NamedBy::Action).then(|| ("action", self.about.names().collect()));
        let fixed: Vec<(&str, Vec<&str>)> = own.into_iter().chain(action).collect();
        let needed = schema["required"].as_array().cloned().unwrap_or_default();
        let names = fixed.iter().map(|(key, _)| Value::from(*key));
        schema["required"] = names.chain(needed).collect();
        for (key, names) in fixed {
            schema["properties"][key] = json!({ "type": "string", "enum": names });
        }
        schema
    }

    /// Returns what a list of node types shows.
    pub fn node_type(&self) -> NodeType {
        let About { name, aliases, title, description, traits, .. } = *self.about;
        NodeType {
            type_name: self.about.type_name(),
            action: (self.about.named_by == NamedBy::Action).then_some(name),
            aliases,
            title,
            description,
            traits,
            ports: traits.ports(),
            schema: in_dialect(self.schema(&Terms::DEFAULT)),
            output: in_dialect((self.about.output)()),
            example: (self.about.example)(),
        }
    }
}

/// Names the dialect of a schema.
pub(crate) fn in_dialect(mut schema: Value) -> Value {
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema
}

/// What could be read of a node's kind.
#[derive(Debug)]
pub(crate) struct ReadKind {
    /// What holds of all its nodes.
    pub(crate) traits: Traits,
    /// `None` where a key of its own is missing or has a fault.
    pub(crate) kind: Option<Kind>,
}

/// Reads the keys that name a kind, and then its own. `None` where they name none.
pub(crate) fn read(keys: &mut Keys<'_>) -> Option<ReadKind> {
    let types = Names { key: "type", all: type_names, is_named: About::is_type };
    let type_name = keys.take(key("type", "Type", types).needed("a node"))?;
    let name = if type_name == ACTION {
        let actions = Names { key: "action", all: action_names, is_named: About::is_action };
        keys.take(key("action", "Action", actions).needed("an action node"))?
    } else {
        type_name.clone()
    };
    let is_meant = |entry: &&Entry| {
        entry.about.type_name() == type_name && entry.about.names().any(|known| known == name)
    };
    let entry = CATALOGUE.iter().chain(UNLISTED).find(is_meant)?;
    Some(ReadKind { traits: entry.about.traits, kind: (entry.read)(keys) })
}

/// Returns every `type`, in the order of the catalogue.
fn type_names() -> Vec<&'static str> {
    let mut names = Vec::new();
    for entry in CATALOGUE {
        if !names.contains(&entry.about.type_name()) {
            names.push(entry.about.type_name());
        }
    }
    names
}

/// Returns every `action`, in the order of the catalogue.
fn action_names() -> Vec<&'static str> {
    let actions = CATALOGUE.iter().filter(|entry| entry.about.named_by == NamedBy::Action);
    actions.flat_map(|entry| entry.about.names()).collect()
}

/// Reads the name of a kind.
#[derive(Clone, Copy, Debug)]
struct Names {
    key: &'static str,
    all: fn() -> Vec<&'static str>,
    is_named: fn(&About, &str) -> bool,
}

impl Names {
    /// Says that a name is none that this version runs.
    fn refusal(&self, name: &str, reading: &Reading) -> String {
        let all = (self.all)();
        let key = self.key;
        let near = reading.faults.suggestion(name, all.iter().copied());
        format!("`{key}` must be one of {}, not {}{near}", quoted(&all), described(&name.into()))
    }
}

impl Reader for Names {
    type Value = String;

    fn wanted(&self, _: &Limits) -> String {
        format!("one of {}", quoted(&(self.all)()))
    }

    fn schema(&self, _: &Terms) -> Value {
        json!({ "type": "string", "enum": (self.all)() })
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<String> {
        let name = reading.fitting(self, value.as_str().map(str::to_owned), value, at)?;
        let has_it = |entry: &Entry| (self.is_named)(entry.about, &name);
        if !CATALOGUE.iter().chain(UNLISTED).any(has_it) {
            let refusal = self.refusal(&name, reading);
            reading.fault(at, refusal);
            return None;
        }
        Some(name)
    }
}
