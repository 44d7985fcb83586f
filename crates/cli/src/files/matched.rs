//! Which file is which flow or agent of a server, and in which order they are sent.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use uuid::Uuid;

use super::read::Item;
use super::stored::Stored;

/// Ids by other ids.
pub(super) type Ids = BTreeMap<Uuid, Uuid>;

/// Files with what the server has of them.
#[derive(Debug)]
pub(super) struct Matched {
    /// In the order in which they are sent: first what others refer to.
    pub(super) pairs: Vec<(Item, Option<Stored>)>,
    /// What no file has.
    pub(super) rest: Vec<Stored>,
}

impl Matched {
    /// Finds for each file what it is of a server: what has its id or else its name.
    ///
    /// # Errors
    /// A line for each file that could be several, and for each two that are the same.
    pub(super) fn new(items: Vec<Item>, stored: Vec<Stored>) -> Result<Self, Vec<String>> {
        let mut faults = twice(&items);
        let named: BTreeSet<Uuid> = items.iter().filter_map(|item| item.id).collect();
        let mut taken: BTreeMap<Uuid, String> = BTreeMap::new();
        let mut pairs = Vec::new();
        for item in items {
            let found = match found(&item, &stored, &named) {
                Ok(found) => found.cloned(),
                Err(fault) => {
                    faults.push(fault);
                    continue;
                }
            };
            if let Some(found) = &found
                && let Some(other) = taken.insert(found.id, item.file())
            {
                faults.push(item.fault(
                    "/name",
                    format!(
                        "{other} is the {} {} of the server as well. Give each an `id`",
                        item.kind.name(),
                        found.id
                    ),
                ));
            }
            pairs.push((item, found));
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let rest = stored.into_iter().filter(|stored| !taken.contains_key(&stored.id)).collect();
        Ok(Self { pairs: ordered(pairs), rest })
    }

    /// Returns the ids that a server has for those of files.
    pub(super) fn of_server(&self) -> Ids {
        let ids = self.pairs.iter().filter_map(|(item, stored)| Some((item.id?, stored.as_ref()?.id)));
        ids.filter(|(of_file, of_server)| of_file != of_server).collect()
    }

    /// Returns the ids that files have for those of a server.
    pub(super) fn of_files(&self) -> Ids {
        self.of_server().into_iter().map(|(of_file, of_server)| (of_server, of_file)).collect()
    }
}

/// Returns a line for each file with an id or, without one, a name that another file has.
fn twice(items: &[Item]) -> Vec<String> {
    let mut seen: BTreeMap<_, &Item> = BTreeMap::new();
    let mut faults = Vec::new();
    for item in items {
        let key = match item.id {
            Some(id) => (item.kind, Some(id), ""),
            None => (item.kind, None, &*item.name),
        };
        if let Some(other) = seen.insert(key, item) {
            let (pointer, what) =
                if item.id.is_some() { ("/id", "`id`") } else { ("/name", "name, and no `id`") };
            faults.push(item.fault(pointer, format!("{} has the same {what}", other.file())));
        }
    }
    faults
}

fn found<'s>(
    item: &Item,
    stored: &'s [Stored],
    named: &BTreeSet<Uuid>,
) -> Result<Option<&'s Stored>, String> {
    let of_kind = || stored.iter().filter(|stored| stored.kind == item.kind);
    if let Some(found) = of_kind().find(|stored| Some(stored.id) == item.id) {
        return Ok(Some(found));
    }
    // What another file names by its id is that one's.
    let mut by_name: Vec<&Stored> =
        of_kind().filter(|stored| stored.name == item.name && !named.contains(&stored.id)).collect();
    if by_name.len() > 1
        && let Some(folder) = &item.folder
    {
        by_name.retain(|stored| stored.folder.as_str() == folder.as_ref().map(|folder| folder.as_str()));
    }
    match by_name[..] {
        [] => Ok(None),
        [found] => Ok(Some(found)),
        _ => {
            let kind = item.kind.name();
            let ids: Vec<String> = by_name.iter().map(|stored| stored.id.to_string()).collect();
            let message = format!(
                "the server has {} {kind}s of this name: {}. Say with `id` which one it is",
                ids.len(),
                ids.join(", ")
            );
            Err(item.fault("/name", message))
        }
    }
}

/// Puts first what others refer to; of those that refer to each other, any may be first.
fn ordered(mut pairs: Vec<(Item, Option<Stored>)>) -> Vec<(Item, Option<Stored>)> {
    pairs.sort_by(|(a, _), (b, _)| (a.kind, &a.source.path).cmp(&(b.kind, &b.source.path)));
    let places: BTreeMap<Uuid, usize> =
        pairs.iter().enumerate().filter_map(|(at, (item, _))| Some((item.id?, at))).collect();
    let mut order = Vec::new();
    let mut seen = BTreeSet::new();
    // The places that are still to be visited, and whether all that they refer to is done.
    let mut open: Vec<(usize, bool)> = (0..pairs.len()).rev().map(|at| (at, false)).collect();
    while let Some((at, is_done)) = open.pop() {
        if is_done {
            order.push(at);
        } else if seen.insert(at) {
            open.push((at, true));
            let named = names(&pairs[at].0.document);
            open.extend(named.iter().filter_map(|id| Some((*places.get(id)?, false))));
        }
    }
    let mut pairs: Vec<_> = pairs.into_iter().map(Some).collect();
    order.into_iter().filter_map(|at| pairs[at].take()).collect()
}

/// Returns the ids that a document names.
pub(super) fn names(value: &Value) -> BTreeSet<Uuid> {
    match value {
        Value::String(text) => id_of(text).into_iter().collect(),
        Value::Array(items) => items.iter().flat_map(names).collect(),
        Value::Object(fields) => fields.values().flat_map(names).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => BTreeSet::new(),
    }
}

/// Returns `document` with other ids.
pub(super) fn with_ids(document: &Value, ids: &Ids) -> Value {
    match document {
        Value::String(text) => match id_of(text).and_then(|id| ids.get(&id)) {
            Some(other) => Value::String(other.to_string()),
            None => document.clone(),
        },
        Value::Array(items) => items.iter().map(|item| with_ids(item, ids)).collect(),
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(key, value)| (key.clone(), with_ids(value, ids))).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => document.clone(),
    }
}

fn id_of(text: &str) -> Option<Uuid> {
    if text.len() == 36 { text.parse().ok() } else { None }
}
