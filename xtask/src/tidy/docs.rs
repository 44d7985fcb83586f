//! What must be written down: every problem, every setting; and that links lead somewhere.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Result, ensure};

use super::{files, has_extension, read, shown};

/// Finds problem slugs of the API without a section in `docs/reference/problems.md`.
pub(super) fn undocumented_problems(root: &Path) -> Result<Vec<String>> {
    let code = read(&root.join("crates/api/src/problem.rs"))?;
    let page = read(&root.join("docs/reference/problems.md"))?;
    let slugs = slugs(&code);
    ensure!(
        !slugs.is_empty(),
        "no problem kinds are found in crates/api/src/problem.rs; has their form changed?"
    );
    let missing = slugs.into_iter().filter(|slug| !has_section(&page, slug));
    Ok(missing.map(|slug| format!("docs/reference/problems.md: a section `{slug}` is missing")).collect())
}

/// Finds settings of the command line without a line in `docs/reference/configuration.md`.
pub(super) fn undocumented_settings(root: &Path) -> Result<Vec<String>> {
    let page = read(&root.join("docs/reference/configuration.md"))?;
    let mut names = BTreeSet::new();
    for path in files(&root.join("crates/cli/src"), &|path| has_extension(path, &["rs"]))? {
        names.extend(variables(&read(&path)?).map(str::to_owned));
    }
    let missing = names.into_iter().filter(|name| !page.contains(&format!("`{name}`")));
    Ok(missing.map(|name| format!("docs/reference/configuration.md: `{name}` is missing")).collect())
}

/// Finds links between our Markdown files that lead nowhere.
pub(super) fn broken_links(root: &Path) -> Result<Vec<String>> {
    let mut findings = Vec::new();
    for path in files(root, &|path| has_extension(path, &["md"]))? {
        let text = read(&path)?;
        let here = path.parent().unwrap_or(root);
        let broken = local_links(&text).filter(|link| !here.join(link).exists());
        findings.extend(broken.map(|link| format!("{}: link to `{link}` leads nowhere", shown(root, &path))));
    }
    Ok(findings)
}

fn has_section(page: &str, title: &str) -> bool {
    let mut headings = page.lines().filter_map(|line| line.strip_prefix('#'));
    headings.any(|heading| heading.trim_start_matches('#').trim().trim_matches('`') == title)
}

/// The slugs of lines such as `NoSuchFlow = NOT_FOUND, "no-such-flow", "There is no such flow";`.
fn slugs(code: &str) -> Vec<&str> {
    code.lines().filter_map(slug).collect()
}

fn slug(line: &str) -> Option<&str> {
    let (_, kind) = line.split_once(" = ")?;
    let (status, rest) = kind.split_once(", \"")?;
    let is_status = status.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    rest.split('"').next().filter(|_| is_status)
}

/// The names of environment variables that are ours.
fn variables(code: &str) -> impl Iterator<Item = &str> {
    let is_part = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    code.split(move |c| !is_part(c)).filter(|word| {
        word.strip_prefix("STEADFLOW_").is_some_and(|rest| !rest.is_empty() && !rest.ends_with('_'))
    })
}

/// The targets of inline links that are files of ours, without what follows `#`.
fn local_links(text: &str) -> impl Iterator<Item = &str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let files = targets.filter_map(|target| target.split('#').next());
    files.filter(|file| {
        !file.is_empty() && !file.contains(':') && !file.starts_with('/') && !file.contains(' ')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_found_in_the_table_of_kinds() {
        let code = "    /// A fault of ours.
    Internal = INTERNAL_SERVER_ERROR, \"internal\", \"Wrong\";
    let x = f(a, \"b\");";

        assert_eq!(slugs(code), ["internal"]);
    }

    #[test]
    fn section_is_known_by_its_heading() {
        assert!(has_section(
            "# Problems

## `internal`
",
            "internal"
        ));
        assert!(!has_section(
            "# Problems

Not internal.
",
            "internal"
        ));
    }

    #[test]
    fn variables_are_found_in_code() {
        let found: Vec<&str> = variables(r#"env = "STEADFLOW_LISTEN", prefix "STEADFLOW_""#).collect();

        assert_eq!(found, ["STEADFLOW_LISTEN"]);
    }

    #[test]
    fn links_to_files_are_told_from_links_to_the_web() {
        let text = "[a](guide.md#part) [b](https://example.org) [c](#here) [d](../b.md)";

        assert_eq!(local_links(text).collect::<Vec<_>>(), ["guide.md", "../b.md"]);
    }
}
