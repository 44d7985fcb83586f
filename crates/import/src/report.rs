//! What was mapped and what was not.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::Source;
use crate::credentials::Found;
use crate::text::cut;

/// Entries of a report. Further ones are counted.
const ENTRIES_MAX: usize = 2_000;
/// Characters of a text in an entry.
const TEXT_CHARS_MAX: usize = 300;

/// Whether something is left to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It does not map: somebody has to do it by hand.
    Listed,
    /// It maps, and behaves differently in a way that is worth knowing.
    Note,
}

/// One thing that is listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Whether something is left to do.
    pub kind: Kind,
    /// Where it is in the file, as a JSON pointer.
    pub pointer: String,
    /// The name of the node, or empty.
    pub node: String,
    /// What kind of thing it is: the type of a node, or a word such as `expression`.
    pub thing: String,
    /// What it was.
    pub what: String,
    /// What to do by hand.
    pub by_hand: String,
}

/// A secret that a document uses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SecretUse {
    /// Its name here.
    pub name: String,
    /// Where the credential was used, as a JSON pointer into the file.
    pub pointer: String,
    /// What the source called it.
    pub what: String,
}

/// What was mapped and what was not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Whose file it is.
    pub source: Source,
    /// Nodes of the file.
    pub nodes: usize,
    /// Nodes about which nothing is listed.
    pub mapped: usize,
    /// Everything that is listed, in the order of the file.
    pub entries: Vec<Entry>,
    /// Entries beyond the first 2,000, which are not in `entries`.
    pub further: usize,
    /// Secrets that have to be set before the flow runs.
    pub secrets: Vec<SecretUse>,
    /// The pointers of all nodes, and whether something is listed about each.
    #[serde(skip)]
    seen: BTreeMap<String, bool>,
    /// Which node of the file each id is for.
    #[serde(skip)]
    places: BTreeMap<String, About>,
}

/// The node that an entry is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct About {
    /// Its place in the file.
    pub(crate) pointer: String,
    /// Its name.
    pub(crate) name: String,
}

impl About {
    pub(crate) fn new(pointer: impl Into<String>, name: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), name: name.into() }
    }
}

impl Report {
    pub(crate) fn new(source: Source) -> Self {
        Self {
            source,
            nodes: 0,
            mapped: 0,
            entries: Vec::new(),
            further: 0,
            secrets: Vec::new(),
            seen: BTreeMap::new(),
            places: BTreeMap::new(),
        }
    }

    /// Returns whether something is left to do.
    pub fn has_listed(&self) -> bool {
        self.further > 0 || self.entries.iter().any(|entry| entry.kind == Kind::Listed)
    }

    /// Counts a node of the file, once. `id` is its own in the documents, if it has one.
    pub(crate) fn node(&mut self, about: &About, id: &str) {
        self.seen.entry(about.pointer.clone()).or_insert(false);
        if !id.is_empty() {
            self.places.insert(id.to_owned(), about.clone());
        }
    }

    /// Returns which node of the file `id` is for.
    pub(crate) fn place(&self, id: &str) -> Option<&About> {
        self.places.get(id)
    }

    /// Lists what does not map. `below` is the place within the node.
    pub(crate) fn listed(&mut self, about: &About, below: &str, thing: &str, what: &str, by_hand: &str) {
        if let Some(is_listed) = self.seen.get_mut(&about.pointer) {
            *is_listed = true;
        }
        self.add(Kind::Listed, about, below, thing, what, by_hand);
    }

    /// Notes what maps, and is different.
    pub(crate) fn note(&mut self, about: &About, below: &str, thing: &str, what: &str) {
        self.add(Kind::Note, about, below, thing, what, "");
    }

    fn add(&mut self, kind: Kind, about: &About, below: &str, thing: &str, what: &str, by_hand: &str) {
        let entry = Entry {
            kind,
            pointer: format!("{}{below}", about.pointer),
            node: cut(&about.name, TEXT_CHARS_MAX),
            thing: cut(thing, TEXT_CHARS_MAX),
            what: cut(what, TEXT_CHARS_MAX),
            by_hand: cut(by_hand, TEXT_CHARS_MAX),
        };
        // A node that several documents have is listed once.
        if self.entries.contains(&entry) {
            return;
        }
        if self.entries.len() < ENTRIES_MAX {
            self.entries.push(entry);
        } else {
            self.further += 1;
        }
    }

    /// Notes that a document uses the secret `name`.
    pub(crate) fn secret(&mut self, name: &str, pointer: &str, what: &str) {
        if !self.secrets.iter().any(|known| known.name == name) && self.secrets.len() < ENTRIES_MAX {
            self.secrets.push(SecretUse {
                name: name.to_owned(),
                pointer: pointer.to_owned(),
                what: cut(what, TEXT_CHARS_MAX),
            });
        }
    }

    /// Lists credentials that were in the file itself.
    pub(crate) fn left_out(&mut self, found: &[Found]) {
        for one in found {
            let what = "the file has a credential here, which was left out";
            let by_hand =
                "Replace it at its service, since it has been in a file, and set the new one as a secret.";
            self.add(Kind::Listed, &About::new(one.pointer.as_str(), ""), "", "credential", what, by_hand);
        }
    }

    /// Counts what is mapped.
    pub(crate) fn close(&mut self) {
        self.nodes = self.seen.len();
        self.mapped = self.seen.values().filter(|is_listed| !**is_listed).count();
    }
}
