//! `steadflow export`: writes what a server has to files.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use serde_json::{Value, json};
use steadflow_core::agent::MASK;
use steadflow_core::folder::Folder;
use steadflow_core::payload::Payload;
use steadflow_store::FlowStatus;
use uuid::Uuid;

use super::matched::{Ids, Matched, with_ids};
use super::plan::{differing, folder_value};
use super::read::{Item, read};
use super::stored::{Stored, all};
use super::text::text_of;
use super::version_notes;
use super::{Kind, Kinds};
use crate::client::Server;
use crate::output;
use crate::validate::INVALID;

/// The longest name of a file, in characters, without its extension.
const NAME_CHARS_MAX: usize = 60;

/// What to export, and where to.
#[derive(Debug)]
pub(crate) struct Exporting {
    pub(crate) into: PathBuf,
    pub(crate) kinds: Kinds,
    /// Only flows in this folder of the server, and below it.
    pub(crate) folder: Option<Folder>,
    /// Only say what would be written.
    pub(crate) is_dry_run: bool,
}

/// Writes a file for each flow and agent that differs from what its file has, and prints the names of the files.
pub(crate) async fn export(server: &Server, exporting: Exporting, as_json: bool) -> anyhow::Result<ExitCode> {
    version_notes(server).await?;
    let into = &exporting.into;
    let found = if into.exists() { read(std::slice::from_ref(into)) } else { Ok(Default::default()) };
    let stored = all(server).await?;
    let matched = found.and_then(|found| Matched::new(found.items, stored));
    let matched = match matched {
        Ok(matched) => matched,
        Err(lines) => {
            lines.iter().for_each(output::note);
            output::note(format_args!(
                "Nothing was written: {} has {} in files that are there.",
                into.display(),
                output::count(lines.len(), "error")
            ));
            return Ok(ExitCode::from(INVALID));
        }
    };
    let mut results = Vec::new();
    for written in files(&exporting, matched) {
        let Written { path, text, stored, is_new } = written;
        if !exporting.is_dry_run {
            write(&path, &text)?;
        }
        notes_on(&path, &stored);
        let result = if is_new { "created" } else { "changed" };
        let (kind, id) = (stored.kind.name(), stored.id.to_string());
        let (file, version) = (path.display().to_string(), stored.version);
        if !as_json {
            let would = if exporting.is_dry_run { "would be " } else { "" };
            output::line(format_args!("{would}{result}  {file}  {} {id}, version {version}", stored.name));
        }
        results.push(
            json!({ "file": file, "kind": kind, "name": stored.name, "id": id, "version": version, "result": result }),
        );
    }
    if as_json {
        let shown = json!({ "dry_run": exporting.is_dry_run, "results": results });
        output::payload(&Payload::from_value(&shown));
    } else if results.is_empty() {
        output::note(format_args!("The files in {} are as the server has it.", into.display()));
    }
    Ok(ExitCode::SUCCESS)
}

/// A file to be written.
struct Written {
    path: PathBuf,
    text: String,
    stored: Stored,
    is_new: bool,
}

/// Returns what has to be written, and notes what no file can have.
fn files(exporting: &Exporting, matched: Matched) -> Vec<Written> {
    let (of_server, of_files) = (matched.of_server(), matched.of_files());
    let is_meant = |stored: &Stored| {
        let is_within = exporting.folder.as_ref().is_none_or(|folder| {
            let own = stored.folder.as_str().and_then(|own| own.parse::<Folder>().ok());
            own.is_some_and(|own| folder.includes(&own))
        });
        exporting.kinds.has(stored.kind) && is_within
    };
    let mut taken: BTreeSet<PathBuf> =
        matched.pairs.iter().map(|(item, _)| item.source.path.clone()).collect();
    let mut written = Vec::new();
    for (item, stored) in matched.pairs {
        let Some(stored) = stored else {
            output::note(format_args!("{}: the server does not have this {}", item.file(), item.kind.name()));
            continue;
        };
        if !is_meant(&stored) || differing(&item, &stored, &of_server).is_empty() {
            continue;
        }
        if item.place.is_empty() {
            let text = text(item.id.or(Some(stored.id)), Some(&item), &stored, &of_files);
            written.push(Written { path: item.source.path, text, stored, is_new: false });
        } else {
            output::note(format_args!(
                "{}: {} differs, and was not written: the file has several parts. Put it into a file of its own",
                item.file(),
                item.place
            ));
        }
    }
    for stored in matched.rest.into_iter().filter(is_meant) {
        let path = path(exporting, &stored, &mut taken);
        let text = text(Some(stored.id), None, &stored, &of_files);
        written.push(Written { path, text, stored, is_new: true });
    }
    written
}

/// Returns the text of a file. What a flow has beside its document stays left out where a file leaves it out.
fn text(id: Option<Uuid>, before: Option<&Item>, stored: &Stored, ids: &Ids) -> String {
    let mut status = stored.status.clone();
    if status == FlowStatus::Paused.as_str() {
        status = FlowStatus::Active.as_str().into();
    }
    let mut folder = stored.folder.clone();
    if let Some(item) = before {
        if item.status.is_none() {
            status = Value::Null;
        }
        if item.folder.is_none() {
            folder = folder_value(None);
        }
    }
    text_of(stored.kind, id, &status, &folder, &with_ids(&stored.document, ids))
}

/// Says what is in no file.
fn notes_on(path: &Path, stored: &Stored) {
    let path = path.display();
    if stored.document["config"].to_string().contains(MASK) {
        output::note(format_args!(
            "{path}: values of its `config` are secret and were not exported; `{MASK}` stands for them. On another server, the agent \
             needs `${{secrets.NAME}}` in their place"
        ));
    }
    if stored.status == FlowStatus::Paused.as_str() {
        output::note(format_args!("{path}: the flow is paused, which is not a part of a file"));
    }
}

/// Returns a path that no file has: the folder of the flow, and its name.
fn path(exporting: &Exporting, stored: &Stored, taken: &mut BTreeSet<PathBuf>) -> PathBuf {
    let mut folder = exporting.into.clone();
    if exporting.kinds.has(Kind::Agent) && exporting.kinds.has(Kind::Flow) {
        folder.push(format!("{}s", stored.kind.name()));
    }
    folder.extend(stored.folder.as_str().into_iter().flat_map(|path| path.split('/')).map(file_name));
    let id = stored.id.to_string();
    let name = file_name(&stored.name);
    let names = [name.clone(), format!("{name}-{}", &id[id.len() - 8..]), id];
    let paths = names.into_iter().map(|name| folder.join(name).with_extension("json"));
    let path = paths.into_iter().find(|path| !taken.contains(path) && !path.exists());
    let path = path.unwrap_or_else(|| folder.join(stored.id.to_string()).with_extension("json"));
    taken.insert(path.clone());
    path
}

/// Returns a name that every file system takes: letters and digits in lower case, with `-` between them.
fn file_name(name: &str) -> String {
    let words = name.split(|char: char| !char.is_alphanumeric()).filter(|word| !word.is_empty());
    let name = words.collect::<Vec<_>>().join("-").to_lowercase();
    let name: String = name.chars().take(NAME_CHARS_MAX).collect();
    if name.is_empty() { "unnamed".to_owned() } else { name }
}

/// Writes a file, whole or not at all.
fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let what = || format!("Could not write {}", path.display());
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(what)?;
    }
    let new = path.with_extension("json.new");
    std::fs::write(&new, text).with_context(what)?;
    std::fs::rename(&new, path).with_context(what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_are_plain() {
        assert_eq!(file_name("Refund: review / approve!"), "refund-review-approve");
        assert_eq!(file_name("../../etc/passwd"), "etc-passwd");
        assert_eq!(file_name("Prüfung 東京"), "prüfung-東京");
        assert_eq!(file_name("…"), "unnamed");
    }
}
