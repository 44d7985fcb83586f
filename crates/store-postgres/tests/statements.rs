//! What the statements of the store never use: distributed databases that speak PostgreSQL lack one or another of it, and a pooler
//! in transaction mode loses what holds on to a session.

use std::path::{Path, PathBuf};

/// In capital letters; in code, with what makes it SQL.
const NEVER: [&str; 15] = [
    "SAVEPOINT",
    "CREATE TRIGGER",
    "CREATE FUNCTION",
    "CREATE TEMP",
    "UNLOGGED",
    "PG_ADVISORY",
    "PG_TRY_ADVISORY",
    "LISTEN ",
    "NOTIFY ",
    "NEXTVAL",
    "LOCK TABLE",
    "DECLARE ",
    "TRUNCATE ",
    "CREATE EXTENSION",
    "PLPGSQL",
];

/// Only a database that has partitions is asked for this, in this file.
const OF_DAYS: (&str, &str) = ("TRUNCATE ", "src/days/partition.rs");

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the folder of the crate can be read");
    let paths = entries.map(|entry| entry.expect("an entry can be read").path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Returns a file without comments, in capital letters.
fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).expect("a source can be read");
    let comment = if path.extension().is_some_and(|end| end == "sql") { "--" } else { "//" };
    let lines = text.lines().map(|line| line.split(comment).next().unwrap_or_default().to_uppercase() + "\n");
    lines.collect()
}

#[test]
fn no_statement_uses_what_others_lack() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = files(&root.join("src"));
    sources.extend(files(&root.join("migrations")));

    let mut found = Vec::new();
    for source in &sources {
        let code = code(source);
        let is_of_days = |never: &str| never == OF_DAYS.0 && source.ends_with(OF_DAYS.1);
        let named = NEVER.iter().filter(|never| code.contains(**never) && !is_of_days(never));
        found.extend(named.map(|never| format!("{}: {never}", source.display())));
        // Foreign keys are of what belongs to alerts, and of nothing that is written often.
        let keys = code
            .lines()
            .filter(|line| line.contains("REFERENCES") && !line.contains("REFERENCES ALERTS (ID)"));
        found.extend(keys.map(|line| format!("{}: {line}", source.display())));
    }

    assert!(sources.len() > 60, "{sources:?}");
    assert!(found.is_empty(), "{found:#?}");
}
