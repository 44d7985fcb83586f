//! `steadflow import`: makes flow documents of files of other systems.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use serde_json::{Value, json};
use steadflow_import::{Entry, Imported, Kind, Report, Source, import as translate};

use crate::args::{Import, ImportFrom};
use crate::document::Document;
use crate::output;

/// The exit status if something is listed.
const LISTED: u8 = 3;
/// Characters of the name of a file.
const NAME_CHARS_MAX: usize = 80;
/// How often code is checked. A node whose code is not JavaScript is replaced, after which the others are checked again.
const CHECKS_MAX: usize = 10;

/// Imports the files of `args`.
pub(crate) async fn import(args: Import) -> anyhow::Result<ExitCode> {
    let folder = args.out.unwrap_or_else(|| PathBuf::from("."));
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("Could not make the folder {}", folder.display()))?;
    let (mut taken, mut answers) = (BTreeSet::new(), Vec::new());
    let (mut is_listed, mut is_failed) = (false, false);
    for path in &args.files {
        match one(path, args.from, &folder, &mut taken).await {
            Ok((written, report)) => {
                is_listed |= report.has_listed();
                if args.json {
                    answers.push(json!({ "file": path, "written": written, "report": report }));
                } else {
                    print(path, &written, &report);
                }
            }
            Err(error) => {
                is_failed = true;
                let error = format!("{error:#}");
                output::note(format_args!("{}: {error}", path.display()));
                answers.push(json!({ "file": path, "error": error }));
            }
        }
    }
    if args.json {
        output::line(serde_json::to_string(&answers)?);
    }
    Ok(match (is_failed, is_listed) {
        (true, _) => ExitCode::FAILURE,
        (false, true) => ExitCode::from(LISTED),
        (false, false) => ExitCode::SUCCESS,
    })
}

/// Imports one file, and returns what was written.
async fn one(
    path: &Path,
    from: Option<ImportFrom>,
    folder: &Path,
    taken: &mut BTreeSet<String>,
) -> anyhow::Result<(Vec<PathBuf>, Report)> {
    let text = read(path)?;
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).filter(|stem| stem != "-");
    let stem = stem.unwrap_or_else(|| "imported".to_owned());
    let stem = stem.strip_suffix(".asl").unwrap_or(&stem);
    let from = from.map(|from| match from {
        ImportFrom::N8n => Source::N8n,
        ImportFrom::Dify => Source::Dify,
        ImportFrom::StepFunctions => Source::StepFunctions,
    });
    let mut imported = translate(&text, from, stem)?;
    check_code(&mut imported).await?;
    let mut written = Vec::new();
    for document in &imported.documents {
        let target = folder.join(file_name(&document.name, taken));
        let same = std::fs::canonicalize(path).ok().zip(std::fs::canonicalize(&target).ok());
        if same.is_some_and(|(file, target)| file == target) {
            bail!("the document would replace the file itself; choose another folder with `--out`");
        }
        let mut text = serde_json::to_string_pretty(&document.value)?;
        text.push('\n');
        std::fs::write(&target, text).with_context(|| format!("Could not write {}", target.display()))?;
        written.push(target);
    }
    Ok((written, imported.report))
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut text = Vec::new();
    if path == Path::new("-") {
        std::io::stdin().read_to_end(&mut text)?;
    } else {
        std::fs::File::open(path)?.read_to_end(&mut text)?;
    }
    Ok(text)
}

/// Replaces nodes whose code is no JavaScript, which only its interpreter knows.
async fn check_code(imported: &mut Imported) -> anyhow::Result<()> {
    for place in 0..imported.documents.len() {
        for _ in 0..CHECKS_MAX {
            let faults = code_faults(&imported.documents[place].value).await?;
            if faults.is_empty() {
                break;
            }
            imported.refuse(place, &faults);
        }
        let left = code_faults(&imported.documents[place].value).await?;
        if let Some((pointer, message)) = left.first() {
            bail!("the document that was made is not valid: {pointer}: {message}");
        }
    }
    Ok(())
}

async fn code_faults(document: &Value) -> anyhow::Result<Vec<(String, String)>> {
    let pairs = |faults: Vec<steadflow_core::flow::Fault>| {
        faults.into_iter().map(|fault| (fault.pointer, fault.message)).collect()
    };
    match Document::parse(document) {
        Ok(document) => Ok(pairs(document.code_faults().await.map_err(anyhow::Error::msg)?)),
        Err(faults) => Ok(pairs(faults)),
    }
}

/// Returns the name of the file for the flow `name`, which no other document of this call has.
fn file_name(name: &str, taken: &mut BTreeSet<String>) -> String {
    let mut base = String::new();
    for char in name.chars() {
        if char.is_alphanumeric() {
            base.extend(char.to_lowercase());
        } else if !base.is_empty() && !base.ends_with('-') {
            base.push('-');
        }
        if base.chars().count() >= NAME_CHARS_MAX {
            break;
        }
    }
    let base = base.trim_matches('-');
    let base = if base.is_empty() { "flow" } else { base };
    let mut file = format!("{base}.json");
    let mut number = 1;
    while !taken.insert(file.clone()) {
        number += 1;
        file = format!("{base}-{number}.json");
    }
    file
}

fn print(path: &Path, written: &[PathBuf], report: &Report) {
    let nodes = output::count(report.nodes, "node");
    output::line(format_args!(
        "{}: {}, {nodes}, {} mapped, {} listed",
        path.display(),
        report.source.name(),
        report.mapped,
        report.nodes - report.mapped
    ));
    for target in written {
        output::line(format_args!("  wrote {}", target.display()));
    }
    for kind in [Kind::Listed, Kind::Note] {
        for entry in report.entries.iter().filter(|entry| entry.kind == kind) {
            print_entry(path, entry);
        }
    }
    if report.further > 0 {
        output::line(format_args!("  and {}", output::count(report.further, "further entry")));
    }
    if !report.secrets.is_empty() {
        output::line("  secrets to set before it runs:");
    }
    for secret in &report.secrets {
        output::line(format_args!("    steadflow secrets set {}    # {}", secret.name, secret.what));
    }
}

fn print_entry(path: &Path, entry: &Entry) {
    let node = if entry.node.is_empty() { String::new() } else { format!("`{}`: ", entry.node) };
    let mark = match entry.kind {
        Kind::Listed => "",
        Kind::Note => "note: ",
    };
    let by_hand = if entry.by_hand.is_empty() { String::new() } else { format!(" {}", entry.by_hand) };
    output::line(format_args!(
        "  {}:{}: {mark}{node}{} ({}).{by_hand}",
        path.display(),
        entry.pointer,
        entry.what,
        entry.thing
    ));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_after_their_flows_and_never_leave_the_folder() {
        let mut taken = BTreeSet::new();

        let names = ["My flow!", "my flow", "../../etc/passwd", "東京", "…", ""];
        let files: Vec<String> = names.into_iter().map(|name| file_name(name, &mut taken)).collect();

        assert_eq!(
            files,
            ["my-flow.json", "my-flow-2.json", "etc-passwd.json", "東京.json", "flow.json", "flow-2.json"]
        );
    }
}
