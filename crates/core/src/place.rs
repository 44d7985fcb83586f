//! Where a value is in a JSON document, as a chain of keys and entries on the stack.
//!
//! A document may have a key of a megabyte with a million entries below it, so a JSON pointer is written only where one is
//! needed, and cut where it is only shown.

use crate::limits::POINTER_BYTES_MAX;

/// Where a value is in its document.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'p> {
    above: Option<&'p Self>,
    token: Token<'p>,
}

#[derive(Clone, Copy, Debug)]
enum Token<'p> {
    /// The pointer of the whole of what is read.
    Root(&'p str),
    Key(&'p str),
    Entry(usize),
}

impl<'p> Place<'p> {
    /// Begins at `pointer`.
    pub(crate) const fn root(pointer: &'p str) -> Self {
        Self { above: None, token: Token::Root(pointer) }
    }

    /// Returns the place of `key` in the object that is here.
    pub(crate) const fn key(&'p self, key: &'p str) -> Self {
        Self { above: Some(self), token: Token::Key(key) }
    }

    /// Returns the place of an entry of the list that is here.
    pub(crate) const fn entry(&'p self, number: usize) -> Self {
        Self { above: Some(self), token: Token::Entry(number) }
    }

    /// Returns the JSON pointer or, where that is longer than [`POINTER_BYTES_MAX`], the one of the nearest value above
    /// that has a shorter one.
    pub(crate) fn pointer(&self) -> String {
        let mut pointer = String::new();
        self.write(&mut pointer, POINTER_BYTES_MAX);
        pointer
    }

    /// Returns the JSON pointer, whatever its length.
    pub(crate) fn whole_pointer(&self) -> String {
        let mut pointer = String::new();
        self.write(&mut pointer, usize::MAX);
        pointer
    }

    /// Returns how long the JSON pointer is about: its escapes are not counted.
    pub(crate) fn length(&self) -> usize {
        let above = self.above.map_or(0, Place::length);
        let own = match self.token {
            Token::Root(pointer) => pointer.len(),
            Token::Key(key) => key.len() + 1,
            Token::Entry(_) => 2,
        };
        above.saturating_add(own)
    }

    /// Writes the pointer from the top. Returns whether all of it fits.
    fn write(&self, pointer: &mut String, bytes_max: usize) -> bool {
        if !self.above.is_none_or(|above| above.write(pointer, bytes_max)) {
            return false;
        }
        match self.token {
            Token::Root(root) => pointer.push_str(root),
            Token::Key(key) if pointer.len().saturating_add(key.len()) > bytes_max => return false,
            Token::Key(key) => {
                pointer.push('/');
                pointer.push_str(&pointer_token(key));
            }
            Token::Entry(number) => {
                pointer.push('/');
                pointer.push_str(&number.to_string());
            }
        }
        true
    }

    /// Returns how a message names what is here.
    pub(crate) fn subject(&self) -> String {
        match self.token {
            Token::Root(_) => "this".to_owned(),
            Token::Key(key) => format!("`{key}`"),
            Token::Entry(_) => "an entry".to_owned(),
        }
    }
}

/// Returns a key as a JSON pointer (RFC 6901) writes it.
pub fn pointer_token(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_names_keys_and_entries() {
        let root = Place::root("/nodes");
        let (entry, key) = (root.entry(3), "a/b~");

        assert_eq!(entry.key(key).pointer(), "/nodes/3/a~1b~0");
        assert_eq!(entry.key(key).whole_pointer(), "/nodes/3/a~1b~0");
        assert_eq!(entry.key("ab").length(), "/nodes/3/ab".len());
    }

    #[test]
    fn a_pointer_that_is_too_long_is_that_of_what_is_above() {
        let long = "k".repeat(POINTER_BYTES_MAX);
        let root = Place::root("");
        let (above, below) = (root.key("a"), root.key("a"));
        let key = below.key(&long);
        let entry = key.entry(1);

        assert_eq!(entry.pointer(), above.pointer());
        assert_eq!(entry.whole_pointer().len(), "/a/".len() + long.len() + "/1".len());
    }

    #[test]
    fn a_key_may_end_where_the_longest_pointer_ends() {
        let (root, longest) = (Place::root(""), "k".repeat(POINTER_BYTES_MAX));

        assert_eq!(root.key(&longest).pointer().len(), 1 + POINTER_BYTES_MAX);
    }
}
