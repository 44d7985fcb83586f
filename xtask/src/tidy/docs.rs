//! What must be written down: every problem, every setting; and that links lead somewhere.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;

use super::{files, has_extension, read, shown};

/// Finds problem slugs of the API without a section in `docs/reference/problems.md`.
pub(super) fn undocumented_problems(root: &Path) -> Result<Vec<String>> {
    let code = read(&root.join("crates/api/src/problem.rs"))?;
    let page = read(&root.join("docs/reference/problems.md"))?;
    let missing = slugs(&code).into_iter().filter(|slug| !page.contains(*slug));
    Ok(missing.map(|slug| format!("docs/reference/problems.md: `{slug}` is missing")).collect())
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

/// The string literals that are slugs: at least two words of lower-case letters, joined by hyphens.
fn slugs(code: &str) -> BTreeSet<&str> {
    let is_word = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase());
    let is_slug = |text: &&str| text.contains('-') && text.split('-').all(is_word);
    let code = code.split("#[cfg(test)]").next().unwrap_or_default();
    code.lines().flat_map(|line| line.split('"').skip(1).step_by(2)).filter(is_slug).collect()
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
    fn slugs_are_told_from_other_literals() {
        let code = r#"slug("no-such-flow"); header("Content-Type"); text("two words"); one("invalid")"#;

        assert_eq!(slugs(code), BTreeSet::from(["no-such-flow"]));
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
