//! A folder of published files, which the variable `STEADFLOW_IMPORT_FOLDER` names: every document that is made of one is valid.
//! `docs/guides/coming-from.md` has the figures that this prints.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use steadflow_core::flow::Flow;
use steadflow_core::limits::Limits;
use steadflow_import::{Kind, import};

#[test]
fn published_files_become_valid_documents() {
    let Some(folder) = std::env::var_os("STEADFLOW_IMPORT_FOLDER") else { return };
    let mut files = Vec::new();
    find(Path::new(&folder), &mut files);
    let (mut read, mut refused, mut documents, mut nodes, mut mapped) = (0, Vec::new(), 0, 0, 0);
    let mut things: BTreeMap<String, usize> = BTreeMap::new();
    for path in &files {
        let text = std::fs::read(path).unwrap();
        let imported = match import(&text, None, "file") {
            Ok(imported) => imported,
            Err(error) => {
                refused.push(format!("{}: {error}", path.display()));
                continue;
            }
        };
        read += 1;
        documents += imported.documents.len();
        nodes += imported.report.nodes;
        mapped += imported.report.mapped;
        for entry in imported.report.entries.iter().filter(|entry| entry.kind == Kind::Listed) {
            *things.entry(entry.thing.clone()).or_default() += 1;
        }
        for document in &imported.documents {
            let flow = document.value.get("flow").unwrap_or(&document.value);
            assert!(Flow::parse(flow, &Limits::DEFAULT).is_ok(), "{}", path.display());
        }
    }
    let mut things: Vec<(String, usize)> = things.into_iter().collect();
    things.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    eprintln!("{} files, {read} read, {documents} documents, {nodes} nodes, {mapped} mapped", files.len());
    for (thing, count) in things.iter().take(60) {
        eprintln!("{count:6} {thing}");
    }
    for line in &refused {
        eprintln!("not read: {line}");
    }
}

fn find(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("it has this form") {
        let path = entry.expect("it has this form").path();
        if path.is_dir() {
            find(&path, files);
        } else if path.extension().is_some_and(|end| end == "json" || end == "yml" || end == "yaml") {
            files.push(path);
        }
    }
    files.sort();
}
