//! `steadflow diff`: what differs between files and a server, or between two versions.

use std::path::PathBuf;
use std::process::ExitCode;

use reqwest::Method;
use serde_json::{Value, json};
use similar::TextDiff;
use steadflow_core::payload::Payload;
use uuid::Uuid;

use super::matched::{Ids, Matched, with_ids};
use super::plan::{differing, folder_value, stays_paused};
use super::read::{Item, read};
use super::stored::{Stored, all};
use super::text::text_of;
use super::version_notes;
use super::{Kind, Kinds};
use crate::client::Server;
use crate::output;
use crate::validate::INVALID;

/// The exit status where there are differences, as of `diff`.
const DIFFERS: u8 = 1;

/// A difference.
struct Difference {
    about: Value,
    text: String,
}

/// Prints what would change on the server if the files were applied.
pub(crate) async fn diff(
    server: &Server,
    paths: &[PathBuf],
    kinds: Kinds,
    as_json: bool,
) -> anyhow::Result<ExitCode> {
    version_notes(server).await?;
    let found = read(paths);
    let stored = all(server).await?;
    let matched = match found.and_then(|found| Matched::new(found.items, stored)) {
        Ok(matched) => matched,
        Err(lines) => {
            lines.iter().for_each(output::note);
            return Ok(ExitCode::from(INVALID));
        }
    };
    let (of_server, of_files) = (matched.of_server(), matched.of_files());
    let mut differences = Vec::new();
    for (item, stored) in matched.pairs.iter().filter(|(item, _)| kinds.has(item.kind)) {
        if !item.hidden.is_empty() {
            let places = item.hidden.join(", ");
            output::note(format_args!("{}: secret values cannot be compared: {places}", item.file()));
        }
        let is_same = stored.as_ref().is_some_and(|stored| differing(item, stored, &of_server).is_empty());
        if !is_same {
            differences.push(of_file(item, stored.as_ref(), &of_files));
        }
    }
    // What no file has differs only where a whole folder is compared.
    if paths.iter().any(|path| path.is_dir()) {
        let rest = matched.rest.iter().filter(|stored| kinds.has(stored.kind));
        differences.extend(rest.map(|stored| Difference {
            about: json!({ "file": null, "kind": stored.kind.name(), "name": stored.name, "id": stored.id.to_string() }),
            text: format!("Only on the server: {} {} {}", stored.kind.name(), stored.name, stored.id),
        }));
    }
    Ok(print(&differences, as_json))
}

fn of_file(item: &Item, stored: Option<&Stored>, ids: &Ids) -> Difference {
    let status = item.status.map(|status| Value::from(status.as_str()));
    let folder = item.folder.as_ref().map(|folder| folder_value(folder.as_ref()));
    let (before, title) = match stored {
        Some(stored) => {
            let shown = |of_server: &Value, given: bool| if given { of_server.clone() } else { Value::Null };
            let status = match &status {
                Some(status) if stays_paused(item, stored) => status.clone(),
                status => shown(&stored.status, status.is_some()),
            };
            let folder = shown(&stored.folder, folder.is_some());
            let document = with_ids(&stored.document, ids);
            (
                text_of(item.kind, item.id, &status, &folder, &document),
                format!("server: {} {}, version {}", stored.name, stored.id, stored.version),
            )
        }
        None => (String::new(), "server: none".to_owned()),
    };
    let (status, folder) = (status.unwrap_or_default(), folder.unwrap_or_default());
    let after = text_of(item.kind, item.id, &status, &folder, &item.normal);
    let id = stored.map(|stored| stored.id.to_string());
    let about = json!({ "file": item.file(), "kind": item.kind.name(), "name": item.name, "id": id });
    Difference { about, text: unified(&before, &after, &title, &item.file()) }
}

/// Prints what differs between two versions of a flow or an agent; without `to`, between a version and the current one.
pub(crate) async fn diff_versions(
    server: &Server,
    kind: Kind,
    id: Uuid,
    [from, to]: [Option<u32>; 2],
    as_json: bool,
) -> anyhow::Result<ExitCode> {
    let (before, title) = version(server, kind, id, from).await?;
    let (after, second) = version(server, kind, id, to).await?;
    let mut differences = Vec::new();
    if before != after {
        let about =
            json!({ "file": null, "kind": kind.name(), "id": id.to_string(), "from": title, "to": second });
        differences.push(Difference { about, text: unified(&before, &after, &title, &second) });
    }
    Ok(print(&differences, as_json))
}

/// Returns the text of a version, and what it is called.
async fn version(
    server: &Server,
    kind: Kind,
    id: Uuid,
    version: Option<u32>,
) -> anyhow::Result<(String, String)> {
    let call = server.call(Method::GET, &format!("{}/{id}", kind.path()));
    let query = version.map(|version| ("version", version));
    let shown = server.send(call.query(&Vec::from_iter(query))).await?.value;
    let stored = Stored::of(kind, &shown);
    let stored = stored.ok_or_else(|| anyhow::anyhow!("The server cannot read this version"))?;
    let text = text_of(kind, None, &Value::Null, &Value::Null, &stored.document);
    Ok((text, format!("version {}", stored.version)))
}

fn unified(before: &str, after: &str, from: &str, to: &str) -> String {
    let diff = TextDiff::from_lines(before, after);
    diff.unified_diff().header(from, to).to_string().trim_end().to_owned()
}

fn print(differences: &[Difference], as_json: bool) -> ExitCode {
    if as_json {
        let shown = differences.iter().map(|difference| {
            let mut shown = difference.about.clone();
            shown["diff"] = difference.text.clone().into();
            shown
        });
        output::payload(&Payload::from_value(&Value::Array(shown.collect())));
    } else {
        differences.iter().for_each(|difference| output::lines(&difference.text));
    }
    if differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(DIFFERS) }
}
