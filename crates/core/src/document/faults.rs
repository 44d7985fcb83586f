//! What is wrong with a document: how much of it is said, and how long.

use std::fmt;

use serde::Serialize;

use super::suggestion;
use crate::limits::{FAULT_CHARS_MAX, FAULTS_MAX, POINTER_BYTES_MAX};

/// One fault of a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Where, as a JSON pointer (RFC 6901) into the document; empty for the document itself.
    pub pointer: String,
    /// What is wrong and what would be right, as a sentence without its full stop.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.pointer, self.message)
    }
}

/// Faults up to which the nearest name is looked for: beyond, a document is broken in some other way.
const SUGGESTIONS_MAX: usize = 20;

/// The faults found so far: the first [`FAULTS_MAX`] of them, and the number of the others.
#[derive(Debug, Default)]
pub struct Faults {
    named: Vec<Fault>,
    others: usize,
}

impl Faults {
    /// Adds a fault. Of a message, the first [`FAULT_CHARS_MAX`] characters are kept, and of a pointer so many of its
    /// first tokens that it has at most three times [`POINTER_BYTES_MAX`] bytes.
    pub fn add(&mut self, pointer: impl Into<String>, message: impl Into<String>) {
        if self.is_full() {
            self.count_others(1);
        } else {
            self.named.push(Fault { pointer: above(pointer.into()), message: shortened(message.into()) });
        }
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.named.is_empty()
    }

    /// Returns whether further faults are only counted, so that nobody need say what they are.
    pub fn is_full(&self) -> bool {
        self.named.len() >= FAULTS_MAX
    }

    /// Counts faults that are not named.
    pub const fn count_others(&mut self, count: usize) {
        self.others = self.others.saturating_add(count);
    }

    /// Returns `; did you mean …?` where one of `names` is near `given`.
    pub(crate) fn suggestion<'n>(&self, given: &str, names: impl Iterator<Item = &'n str>) -> String {
        if self.may_suggest() { suggestion(given, names) } else { String::new() }
    }

    /// Returns whether it is worth looking for what was meant.
    pub(crate) fn may_suggest(&self) -> bool {
        self.named.len() < SUGGESTIONS_MAX
    }

    /// Returns the faults, with a last one that counts those that are not named.
    pub fn into_all(self) -> Vec<Fault> {
        let Self { mut named, others } = self;
        if others > 0 {
            let (verb, noun) = if others == 1 { ("is", "fault") } else { ("are", "faults") };
            let message =
                format!("there {verb} {others} more {noun}; correct those that are named to see the others");
            named.push(Fault { pointer: String::new(), message });
        }
        named
    }
}

impl Extend<Fault> for Faults {
    fn extend<I: IntoIterator<Item = Fault>>(&mut self, faults: I) {
        for Fault { pointer, message } in faults {
            self.add(pointer, message);
        }
    }
}

/// Returns the pointer of what is around, if this one is too long.
fn above(mut pointer: String) -> String {
    while pointer.len() > 3 * POINTER_BYTES_MAX {
        pointer.truncate(pointer.rfind('/').unwrap_or_default());
    }
    pointer
}

fn shortened(mut message: String) -> String {
    if let Some((end, _)) = message.char_indices().nth(FAULT_CHARS_MAX) {
        message.truncate(end);
        message.push('…');
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_beyond_the_limit_is_counted() {
        let mut faults = Faults::default();
        let fault = |number| Fault { pointer: format!("/{number}"), message: "no".to_owned() };
        faults.extend((0..FAULTS_MAX + 2).map(fault));

        let all = faults.into_all();

        assert_eq!(all.len(), FAULTS_MAX + 1);
        assert_eq!(all[FAULTS_MAX - 1].pointer, format!("/{}", FAULTS_MAX - 1));
        assert_eq!(
            all[FAULTS_MAX].message,
            "there are 2 more faults; correct those that are named to see the others"
        );
    }

    #[test]
    fn a_long_pointer_is_that_of_what_is_around() {
        let mut faults = Faults::default();
        let longest = format!("/a/{}", "b".repeat(3 * POINTER_BYTES_MAX - 3));
        faults.add(longest.clone(), "no");
        faults.add(format!("{longest}b"), "no");
        faults.add(format!("/a/b/{}/d", "c".repeat(3 * POINTER_BYTES_MAX)), "no");

        let pointers: Vec<String> = faults.into_all().into_iter().map(|fault| fault.pointer).collect();

        assert_eq!(pointers, [&*longest, "/a", "/a/b"]);
    }

    #[test]
    fn what_was_meant_is_looked_for_in_the_first_faults_only() {
        let suggestion_after = |count: usize| {
            let mut faults = Faults::default();
            (0..count).for_each(|number| faults.add(format!("/{number}"), "no"));
            faults.suggestion("scroe", ["score"].into_iter())
        };

        assert_eq!(suggestion_after(SUGGESTIONS_MAX - 1), "; did you mean `score`?");
        assert_eq!(suggestion_after(SUGGESTIONS_MAX), "");
    }

    #[test]
    fn a_long_message_is_cut() {
        let mut faults = Faults::default();
        faults.add("", "ß".repeat(FAULT_CHARS_MAX));
        faults.add("", "ß".repeat(FAULT_CHARS_MAX + 1));

        let lengths: Vec<usize> =
            faults.into_all().iter().map(|fault| fault.message.chars().count()).collect();

        assert_eq!(lengths, [FAULT_CHARS_MAX, FAULT_CHARS_MAX + 1]);
    }
}
