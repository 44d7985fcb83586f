//! Looks at a folder again and again, and applies what has changed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::client::Server;
use crate::files::{Applied, Applying, Kinds, NotApplied, Outcome, apply, files_in};
use crate::output;

/// How often the folder is looked at. A change that is still being written is applied when it is seen the same twice.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// The files, with what changes when they are written.
type Seen = BTreeMap<PathBuf, (Option<SystemTime>, u64)>;

/// Applies a folder, and again with every change.
pub(super) async fn watch(server: &Server, dir: &Path) -> anyhow::Result<()> {
    let applying =
        Applying { paths: vec![dir.to_owned()], kinds: Kinds::ALL, is_dry_run: false, prunes: false };
    let mut applied: Option<Seen> = None;
    let mut before = seen(dir);
    output::note(format_args!("  files     {} (Ctrl-C ends)", dir.display()));
    loop {
        let now = seen(dir);
        let is_settled = now == before;
        before.clone_from(&now);
        if is_settled && applied.as_ref() != Some(&now) {
            if let Some(applied) = &applied {
                gone(applied, &now);
            }
            let is_first = applied.is_none();
            match apply(server, &applying).await {
                Ok(done) => report(&done, is_first),
                Err(NotApplied::Faults(lines)) => {
                    lines.iter().for_each(output::note);
                    let count = output::count(lines.len(), "error");
                    output::note(format_args!(
                        "Nothing was changed: {count}. Save the file again when it is repaired."
                    ));
                }
                Err(NotApplied::Failed(error)) => {
                    output::notes(format_args!("Nothing was changed: {error:#}"))
                }
            }
            applied = Some(now);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn seen(dir: &Path) -> Seen {
    let mut files = Vec::new();
    // What cannot be read is said when it is applied.
    let _ = files_in(dir, &mut files);
    let about = |file: PathBuf| {
        let about = file.metadata().ok();
        let modified = about.as_ref().and_then(|about| about.modified().ok());
        let length = about.map_or(0, |about| about.len());
        (file, (modified, length))
    };
    files.into_iter().map(about).collect()
}

/// Says which files are gone: nothing is deleted with them.
fn gone(before: &Seen, now: &Seen) {
    for file in before.keys().filter(|file| !now.contains_key(*file)) {
        output::note(format_args!(
            "{} is gone. The server keeps what it had; delete it in the studio.",
            file.display()
        ));
    }
}

/// Prints a line for each change.
fn report(done: &Applied, is_first: bool) {
    done.notes.iter().for_each(output::note);
    let changed = done.results.iter().filter(|fate| fate.outcome != Outcome::Unchanged);
    let lines: Vec<String> = changed.map(|fate| fate.line(false)).collect();
    lines.iter().for_each(output::note);
    if let Some(failure) = &done.failure {
        output::notes(format_args!("Not everything was done: {failure:#}"));
    } else if lines.is_empty() || is_first {
        output::note(format_args!(
            "{} as the server has it.",
            output::count(done.results.len(), "flow or agent")
        ));
    }
}
