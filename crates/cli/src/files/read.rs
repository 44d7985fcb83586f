//! Files with flows and agents: found, read, checked.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use steadflow_core::agent::{Agent, MASK};
use steadflow_core::flow::Fault;
use steadflow_core::folder::Folder;
use steadflow_store::FlowStatus;
use uuid::Uuid;

use super::Kind;
use crate::document::{Document, FileAgent, Known, LoneAgent, is_agent};
use crate::source::Source;

/// Folders that never have flows.
const NEVER: [&str; 2] = ["node_modules", "target"];

/// A flow or an agent in a file.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) kind: Kind,
    pub(super) source: Source,
    /// Where it is in the file, as a JSON pointer.
    pub(super) place: String,
    pub(super) id: Option<Uuid>,
    pub(super) name: String,
    /// `None` if the file does not say.
    pub(super) status: Option<FlowStatus>,
    /// `None` if the file does not say; the top is `Some(None)`.
    pub(super) folder: Option<Option<Folder>>,
    /// What is sent: the document as it is in the file.
    pub(super) document: Value,
    /// What a server shows of that, with every key set.
    pub(super) normal: Value,
    /// The places of values that a server does not show, so that they cannot be compared.
    pub(super) hidden: Vec<String>,
    /// The places of values that the file does not have.
    pub(super) masked: Vec<String>,
}

impl Item {
    /// Formats an error or a warning about it as one line.
    pub(super) fn line(&self, fault: &Fault) -> String {
        let pointer = format!("{}{}", self.place, fault.pointer);
        self.source.line(&Fault { pointer, message: fault.message.clone() })
    }

    pub(super) fn fault(&self, pointer: &str, message: impl Into<String>) -> String {
        self.line(&Fault { pointer: pointer.to_owned(), message: message.into() })
    }

    /// Returns its file as people name it.
    pub(super) fn file(&self) -> String {
        self.source.path.display().to_string()
    }
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) items: Vec<Item>,
    /// Files with JSON that is neither a flow nor an agent.
    pub(super) others: Vec<PathBuf>,
}

/// Reads the files that are named, and those in the folders that are.
///
/// # Errors
/// A line for each error in any of them.
pub(super) fn read(paths: &[PathBuf]) -> Result<Found, Vec<String>> {
    let (mut found, mut faults) = (Found::default(), Vec::new());
    for path in paths {
        let mut files = Vec::new();
        let is_folder = path.is_dir();
        if !is_folder {
            files.push(path.clone());
        } else if let Err(error) = files_in(path, &mut files) {
            faults.push(format!("{}: {error}", path.display()));
        }
        for file in files {
            match items_of(&file) {
                Ok(Some(items)) => found.items.extend(items),
                Ok(None) if is_folder => found.others.push(file),
                Ok(None) => faults.push(format!(
                    "{}: this is neither a flow, which has `flow_definition`, nor an agent, which has `agent_type`",
                    file.display()
                )),
                Err(lines) => faults.extend(lines),
            }
        }
    }
    if faults.is_empty() { Ok(found) } else { Err(faults) }
}

/// Adds the files with JSON in a folder and below, in the order of their names.
pub(crate) fn files_in(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let entries: std::io::Result<Vec<_>> = std::fs::read_dir(folder)?.collect();
    let mut entries = entries?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        if name.starts_with('.') || NEVER.contains(&&*name) {
            continue;
        }
        // A link to a folder is not followed: it may lead back.
        if entry.file_type()?.is_dir() {
            files_in(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "json") && path.is_file() {
            files.push(path);
        }
    }
    Ok(())
}

/// Returns what is in a file; `None` if that is something else.
fn items_of(path: &Path) -> Result<Option<Vec<Item>>, Vec<String>> {
    let source = Source::read(path).map_err(|line| vec![line])?;
    if is_agent(&source.value) {
        let agent = LoneAgent::parse(&source.value).map_err(|faults| source.lines(&faults))?;
        return Ok(Some(vec![agent_item(source, String::new(), agent)]));
    }
    if source.value.get("flow_definition").is_none() && source.value.get("flow").is_none() {
        return Ok(None);
    }
    let document = Document::parse(&source.value).map_err(|faults| source.lines(&faults))?;
    let normal = document.flow_document().map_err(|error| vec![format!("{}: {error}", path.display())])?;
    let Document { flow, known: Known { id, status, folder }, place, agents } = document;
    let mut items: Vec<Item> = agents
        .into_iter()
        .enumerate()
        .map(|(at, FileAgent { id, document, agent })| {
            let agent = LoneAgent { id: Some(id.uuid()), document, agent };
            agent_item(source.clone(), format!("/agents/{at}"), agent)
        })
        .collect();
    items.push(Item {
        kind: Kind::Flow,
        source,
        place: place.to_owned(),
        id,
        name: flow.settings.name.clone(),
        status,
        folder,
        document: normal.clone(),
        normal,
        hidden: Vec::new(),
        masked: Vec::new(),
    });
    Ok(Some(items))
}

fn agent_item(source: Source, place: String, LoneAgent { id, document, agent }: LoneAgent) -> Item {
    let mut masked = Vec::new();
    masks(&document["config"], "/config", &mut masked);
    let normal = agent_content(&agent, &document);
    let mut hidden = Vec::new();
    masks(&normal["config"], "/config", &mut hidden);
    hidden.retain(|pointer| !masked.contains(pointer));
    let name = agent.name.clone();
    let (kind, status, folder) = (Kind::Agent, None, None);
    Item { kind, source, place, id, name, status, folder, document, normal, hidden, masked }
}

/// Adds the places of masks.
fn masks(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::String(text) if text == MASK => found.push(at.to_owned()),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(number, item)| masks(item, &format!("{at}/{number}"), found));
        }
        Value::Object(fields) => fields.iter().for_each(|(key, value)| {
            let token = key.replace('~', "~0").replace('/', "~1");
            masks(value, &format!("{at}/{token}"), found);
        }),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Returns what a server shows of an agent.
fn agent_content(agent: &Agent, document: &Value) -> Value {
    let skills = document["skills"].as_array().into_iter().flatten();
    let whole = |skill: &Value| skill.as_str().map_or_else(|| skill.clone(), |name| json!({ "name": name }));
    let given = |key: &str| document.get(key).cloned().unwrap_or_default();
    json!({
        "name": agent.name,
        "agent_type": agent.agent_type(),
        "description": agent.description,
        "category": agent.category,
        "tags": agent.tags,
        "is_available": agent.listing.is_available,
        "is_featured": agent.listing.is_featured,
        "icon_url": agent.listing.icon_url,
        "department": agent.listing.department,
        "config": agent.public_config(),
        "skills": skills.map(whole).collect::<Vec<_>>(),
        "prices": given("prices"),
        "protection": given("protection"),
        "budget": given("budget"),
    })
}
