//! What a release says: the section of CHANGELOG.md that belongs to its tag.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

/// Returns the notes of the release `tag`, such as `v1.2.3`.
///
/// # Errors
/// That the tag is not the workspace's version, or that the changelog has no section of it or unreleased entries beside it.
pub(crate) fn notes(root: &Path, tag: &str) -> Result<String> {
    let manifest: toml::Table = toml::from_str(&fs::read_to_string(root.join("Cargo.toml"))?)?;
    let version =
        manifest["workspace"]["package"]["version"].as_str().context("Cargo.toml has no version")?;
    ensure!(tag.strip_prefix('v') == Some(version), "the tag is {tag}, but Cargo.toml says {version}");
    let changelog = fs::read_to_string(root.join("CHANGELOG.md"))?;
    Ok(section_of_release(&changelog, version)?.to_owned())
}

fn section_of_release<'a>(changelog: &'a str, version: &str) -> Result<&'a str> {
    let (_, unreleased) =
        section(changelog, "[Unreleased]").context("CHANGELOG.md has no section [Unreleased]")?;
    ensure!(unreleased.trim().is_empty(), "CHANGELOG.md still has entries under [Unreleased]");
    let (date, notes) = section(changelog, &format!("[{version}]"))
        .with_context(|| format!("CHANGELOG.md has no section [{version}]"))?;
    ensure!(
        is_date(date),
        "the section [{version}] of CHANGELOG.md has no date, as in `[{version}] - 2026-01-31`"
    );
    ensure!(!notes.trim().is_empty(), "the section [{version}] of CHANGELOG.md is empty");
    Ok(notes)
}

/// Returns what follows the title in its heading, and the text up to the next section.
fn section<'a>(changelog: &'a str, title: &str) -> Option<(&'a str, &'a str)> {
    let (_, rest) = changelog.split_once(&format!("\n## {title}"))?;
    let (heading, text) = rest.split_once('\n').unwrap_or((rest, ""));
    let end = text.find("\n## ").map_or(text.len(), |end| end + 1);
    Some((heading, text[..end].trim_start_matches('\n')))
}

/// Whether this is ` - ` and a date such as 2026-01-31.
fn is_date(text: &str) -> bool {
    let Some(date) = text.strip_prefix(" - ") else { return false };
    let shape: String = date.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    shape == "0000-00-00"
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHANGELOG: &str = "# Changelog

## [Unreleased]

## [0.2.0] - 2026-12-01

### Added
- Schedules.

## [0.1.0] - 2026-11-01

- The first.
";

    fn fault(changelog: &str) -> String {
        section_of_release(changelog, "0.2.0").unwrap_err().to_string()
    }

    #[test]
    fn notes_are_the_section_of_the_version() {
        assert_eq!(section_of_release(CHANGELOG, "0.2.0").unwrap(), "### Added\n- Schedules.\n\n");
        assert_eq!(section_of_release(CHANGELOG, "0.1.0").unwrap(), "- The first.\n");
    }

    #[test]
    fn entries_that_were_forgotten_are_found() {
        let changelog = CHANGELOG.replace("[Unreleased]\n", "[Unreleased]\n\n- Forgotten.\n");

        assert_eq!(fault(&changelog), "CHANGELOG.md still has entries under [Unreleased]");
    }

    #[test]
    fn section_needs_a_date_and_entries() {
        let undated = CHANGELOG.replace(" - 2026-12-01", " - soon");
        let empty = CHANGELOG.replace("### Added\n- Schedules.\n", "");
        let missing = CHANGELOG.replace("0.2.0", "0.3.0");

        assert!(fault(&undated).contains("has no date"));
        assert!(fault(&empty).contains("is empty"));
        assert_eq!(fault(&missing), "CHANGELOG.md has no section [0.2.0]");
    }

    #[test]
    fn tag_must_be_the_version_of_the_workspace() {
        let error = notes(crate::root().unwrap(), "v0.0.0").unwrap_err();

        assert!(error.to_string().starts_with("the tag is v0.0.0, but Cargo.toml says "), "{error}");
    }
}
