//! What has to be done so that a server has what files say.

use reqwest::Method;
use serde_json::{Map, Value, json};
use steadflow_core::folder::Folder;
use steadflow_store::FlowStatus;

use super::matched::{Ids, Matched, with_ids};
use super::read::Item;
use super::stored::{Stored, keys};
use super::{Kind, Kinds};
use crate::client::{Server, faults};

/// One file, and what has to be done for it.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) item: Item,
    pub(super) stored: Option<Stored>,
    pub(super) change: Change,
}

/// What has to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Create,
    /// These keys differ, at least one.
    Save(Vec<&'static str>),
    /// All that can be compared is the same; some values are not shown.
    Unknown,
    Nothing,
}

/// What has to be done for all files, in this order.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) steps: Vec<Step>,
    /// What the server has and no file.
    pub(super) rest: Vec<Stored>,
    /// The ids that the server has for those of files.
    pub(super) ids: Ids,
    /// What people should know before.
    pub(super) notes: Vec<String>,
}

impl Plan {
    /// Compares files of these kinds with what a server has.
    ///
    /// # Errors
    /// A line for each value that a new agent needs and its file does not have.
    pub(super) fn new(matched: Matched, kinds: Kinds) -> Result<Self, Vec<String>> {
        let ids = matched.of_server();
        let (mut faults, mut notes, mut steps) = (Vec::new(), Vec::new(), Vec::new());
        for (item, stored) in matched.pairs.into_iter().filter(|(item, _)| kinds.has(item.kind)) {
            if stored.is_none() {
                let message = "this stands for a value that was not exported, and the server does not have it. Write `${secrets.NAME}`, \
                               and store it with `steadflow secrets set NAME`";
                faults.extend(item.masked.iter().map(|pointer| item.fault(pointer, message)));
            }
            if stored.as_ref().is_some_and(|stored| stays_paused(&item, stored)) {
                notes.push(format!(
                    "{}: the flow stays paused. To let it start again: steadflow flows resume {}",
                    item.file(),
                    stored.as_ref().map(|stored| stored.id.to_string()).unwrap_or_default()
                ));
            }
            let change = change(&item, stored.as_ref(), &ids);
            if change == Change::Unknown {
                notes.extend(item.hidden.iter().map(|pointer| {
                    item.fault(pointer, "this value is secret, so it cannot be compared. Write `${secrets.NAME}` in its place")
                }));
            }
            steps.push(Step { item, stored, change });
        }
        if faults.is_empty() { Ok(Self { steps, rest: matched.rest, ids, notes }) } else { Err(faults) }
    }
}

/// Pausing is an act of people and not a part of a file, so a file does not end it.
pub(super) fn stays_paused(item: &Item, stored: &Stored) -> bool {
    item.status == Some(FlowStatus::Active) && stored.status == FlowStatus::Paused.as_str()
}

fn change(item: &Item, stored: Option<&Stored>, ids: &Ids) -> Change {
    let Some(stored) = stored else { return Change::Create };
    let differing = differing(item, stored, ids);
    match differing[..] {
        [] if item.hidden.is_empty() => Change::Nothing,
        [] => Change::Unknown,
        [..] => Change::Save(differing),
    }
}

/// Returns the keys that differ.
pub(super) fn differing(item: &Item, stored: &Stored, ids: &Ids) -> Vec<&'static str> {
    let document = with_ids(&item.normal, ids);
    let mut differing = keys(item.kind);
    differing.retain(|key| document[key] != stored.document[key]);
    if item.status.is_some_and(|status| stored.status != status.as_str()) && !stays_paused(item, stored) {
        differing.push("status");
    }
    if item.folder.as_ref().is_some_and(|folder| stored.folder != folder_value(folder.as_ref())) {
        differing.push("folder");
    }
    differing
}

pub(super) fn folder_value(folder: Option<&Folder>) -> Value {
    folder.map_or(Value::Null, |folder| folder.as_str().into())
}

impl Step {
    /// Returns what is sent to create it.
    pub(super) fn whole(&self, ids: &Ids) -> Value {
        let mut body = with_ids(&self.item.document, ids);
        if let Some(status) = self.item.status {
            body["status"] = status.as_str().into();
        }
        if let Some(folder) = &self.item.folder {
            body["folder"] = folder_value(folder.as_ref());
        }
        body
    }

    /// Returns what is sent to change these keys. A key that the file does not have gets its default.
    pub(super) fn patch(&self, keys: &[&'static str], ids: &Ids) -> Value {
        let whole = self.whole(ids);
        let mut keys: Vec<&str> = keys.to_vec();
        if !self.item.hidden.is_empty() && !keys.contains(&"config") {
            keys.push("config");
        }
        let of = |key: &str| (key.to_owned(), whole.get(key).cloned().unwrap_or_default());
        Value::Object(keys.into_iter().map(of).collect::<Map<_, _>>())
    }

    /// Returns what the server finds wrong with the document, as lines.
    pub(super) async fn faults(&self, server: &Server, ids: &Ids) -> anyhow::Result<Vec<String>> {
        let is_document = match &self.change {
            Change::Create => true,
            Change::Save(keys) => keys.iter().any(|key| !["status", "folder"].contains(key)),
            Change::Unknown | Change::Nothing => false,
        };
        if self.item.kind != Kind::Flow || !is_document {
            return Ok(Vec::new());
        }
        let document = with_ids(&self.item.document, ids);
        let answer = server.send(server.call(Method::POST, "/flows/validate").json(&document)).await?;
        Ok(faults(&answer.value["errors"]).iter().map(|fault| self.item.line(fault)).collect())
    }

    /// Returns what is said about it in a list.
    pub(super) fn about(&self) -> Value {
        json!({ "file": self.item.file(), "kind": self.item.kind.name(), "name": self.item.name })
    }
}
