//! Folders of flows: where a flow is, as a path such as `billing/refunds`.
//!
//! A folder has no row of its own: it is there as long as a flow is in it. Names are compared as they are written.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::visible;

/// How many names a folder has at most.
pub const FOLDER_NAMES_MAX: usize = 5;
/// How many characters a name has at most.
pub const FOLDER_NAME_CHARS_MAX: usize = 60;
/// How many characters a folder has at most.
pub const FOLDER_CHARS_MAX: usize = FOLDER_NAMES_MAX * (FOLDER_NAME_CHARS_MAX + 1) - 1;

/// A folder: 1 to 5 names with `/` between them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Folder(Arc<str>);

/// Why a text is no folder, as a sentence without its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAFolder {
    /// It has too many names, or none.
    #[error("a folder has 1 to {FOLDER_NAMES_MAX} names with `/` between them, such as `billing/refunds`")]
    Names,
    /// A name is empty, too long, or is not a name.
    #[error(
        "each name of a folder has 1 to {FOLDER_NAME_CHARS_MAX} characters that can be seen, is not `.` or `..`, and has no space \
         at its begin or end"
    )]
    Name,
}

impl Folder {
    /// Returns the path.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether `other` is this folder, or is below it.
    pub fn includes(&self, other: &Self) -> bool {
        other.0.strip_prefix(&*self.0).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl FromStr for Folder {
    type Err = NotAFolder;

    fn from_str(text: &str) -> Result<Self, NotAFolder> {
        if text.is_empty() || text.split('/').count() > FOLDER_NAMES_MAX {
            return Err(NotAFolder::Names);
        }
        let is_name = |name: &str| {
            (1..=FOLDER_NAME_CHARS_MAX).contains(&name.chars().count())
                && name != "."
                && name != ".."
                && name.trim() == name
                && !name.chars().any(visible::is_hidden)
        };
        if text.split('/').all(is_name) { Ok(Self(text.into())) } else { Err(NotAFolder::Name) }
    }
}

/// Folders, each with what is below it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folders(Arc<[Folder]>);

impl Folders {
    /// Returns these, in order and without those that are below others.
    pub fn new(folders: impl IntoIterator<Item = Folder>) -> Self {
        let all: BTreeSet<Folder> = folders.into_iter().collect();
        let is_below = |folder: &Folder| all.iter().any(|other| other != folder && other.includes(folder));
        Self(all.iter().filter(|folder| !is_below(folder)).cloned().collect())
    }

    /// Returns whether what is in `folder` is in one of them. What is at the top is in none.
    pub fn include(&self, folder: Option<&Folder>) -> bool {
        folder.is_some_and(|folder| self.0.iter().any(|own| own.includes(folder)))
    }

    /// Returns what is in both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let within = |all: &Self, folder: &&Folder| all.include(Some(folder));
        let own = self.0.iter().filter(|folder| within(other, folder));
        Self::new(own.chain(other.0.iter().filter(|folder| within(self, folder))).cloned())
    }

    /// Returns their paths, each with a `/` at its end: what is in one of them has a path that begins so, with a `/` at its end.
    pub fn prefixes(&self) -> Vec<String> {
        self.0.iter().map(|folder| format!("{folder}/")).collect()
    }

    /// Returns [`Self::prefixes`] as a JSON array.
    pub fn to_prefixes(&self) -> String {
        serde_json::to_string(&self.prefixes()).expect("they are texts")
    }

    /// Returns each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Folder> {
        self.0.iter()
    }
}

impl From<Folder> for Folders {
    fn from(folder: Folder) -> Self {
        Self(Arc::new([folder]))
    }
}

impl fmt::Display for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Folder {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_a_path_of_names() {
        let long = "é".repeat(FOLDER_NAME_CHARS_MAX);
        for text in ["billing", "billing/refunds", "a/b/c/d/e", "Größe 1/…", "a.b/..c", "%_*'\"", &long] {
            assert_eq!(text.parse::<Folder>().unwrap().as_str(), text);
        }
        for text in ["", "a/b/c/d/e/f"] {
            assert_eq!(text.parse::<Folder>(), Err(NotAFolder::Names), "{text}");
        }
        let too_long = format!("{long}x");
        for text in
            ["/", "/a", "a/", "a//b", "a/./b", "..", "a/ b", "a /b", "a\nb", "a\u{202e}b", "a\0", &too_long]
        {
            assert_eq!(text.parse::<Folder>(), Err(NotAFolder::Name), "{text:?}");
        }
    }

    #[test]
    fn folders_include_what_is_in_one_of_them() {
        let folders = |texts: &[&str]| Folders::new(texts.iter().map(|text| text.parse().unwrap()));
        let ours = folders(&["b", "a/x", "a/x/y", "a/z"]);

        assert_eq!(ours.prefixes(), ["a/x/", "a/z/", "b/"]);
        assert!(ours.include(Some(&"a/x/y".parse().unwrap())));
        assert!(!ours.include(Some(&"a".parse().unwrap())) && !ours.include(None));
        assert_eq!(ours.and(&folders(&["a", "b/c", "d"])), folders(&["a/x", "a/z", "b/c"]));
        assert_eq!(ours.and(&folders(&["c"])), Folders::default());
    }

    #[test]
    fn a_folder_includes_itself_and_what_is_below_it() {
        let folder = |text: &str| text.parse::<Folder>().unwrap();
        for (is_included, other) in [
            (true, "a/b"),
            (true, "a/b/c"),
            (true, "a/b/c/d"),
            (false, "a"),
            (false, "a/bc"),
            (false, "a/B"),
            (false, "b/a/b"),
        ] {
            assert_eq!(folder("a/b").includes(&folder(other)), is_included, "{other}");
        }
    }
}
