//! The table in CONTRIBUTING.md of the files that an addition takes: each path in it leads somewhere.

use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};

use super::read;

/// Finds paths in the table that do not exist. `<name>` stands for any name, and at least one file must have that shape.
pub(super) fn wrong_paths(root: &Path) -> Result<Vec<String>> {
    let text = read(&root.join("CONTRIBUTING.md"))?;
    let paths = paths(&text);
    ensure!(!paths.is_empty(), "CONTRIBUTING.md has no table under `## How to add …`; has it moved?");
    let wrong = paths.into_iter().filter(|path| !exists(root, path));
    Ok(wrong.map(|path| format!("CONTRIBUTING.md: nothing in the repository looks like `{path}`")).collect())
}

/// The paths in the table under the heading: what is in backticks and has a slash or an extension.
fn paths(text: &str) -> Vec<&str> {
    let table = text.split_once("\n## How to add …\n").map_or("", |(_, rest)| rest);
    let rows =
        table.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    let code = rows.flat_map(|row| row.split('`').skip(1).step_by(2));
    code.filter(|code| !code.contains(' ') && (code.contains('/') || code.contains('.'))).collect()
}

/// Whether there is a file or a folder with this path below `root`.
fn exists(root: &Path, path: &str) -> bool {
    let (first, rest) = path.split_once('/').unwrap_or((path, ""));
    if first.is_empty() {
        return true;
    }
    let Some((before, after)) =
        first.split_once('<').and_then(|(before, rest)| Some((before, rest.split_once('>')?.1)))
    else {
        let next = root.join(first);
        return next.exists() && exists(&next, rest);
    };
    let fits = |name: &str| {
        name.len() > before.len() + after.len() && name.starts_with(before) && name.ends_with(after)
    };
    let entries = fs::read_dir(root).into_iter().flatten().flatten();
    entries
        .into_iter()
        .any(|entry| entry.file_name().to_str().is_some_and(fits) && exists(&entry.path(), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# Contributing

| no | `path/here` |

## How to add …

| To add | Files |
|---|---|
| a store | `crates/store-<name>/src/lib.rs`, then `make gen`; `Makefile.toml` |

`not/in/the/table`
";

    #[test]
    fn paths_are_those_of_the_table() {
        assert_eq!(paths(TEXT), ["crates/store-<name>/src/lib.rs", "Makefile.toml"]);
    }

    #[test]
    fn path_with_a_name_to_choose_needs_an_example() {
        let root = crate::root().unwrap();

        assert!(exists(root, "crates/store-<name>/src/lib.rs"));
        assert!(exists(root, "crates/api/src/routes/"));
        assert!(!exists(root, "crates/shop-<name>/src/lib.rs"));
        assert!(!exists(root, "crates/store-<name>/src/lib.py"));
        assert!(!exists(root, "crates/nothing"));
    }
}
