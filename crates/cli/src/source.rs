//! A file with JSON: its text, what it says, and in which line a part of it is.

use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use steadflow_core::flow::Fault;
use steadflow_core::json::{self, RepeatedKeys};

/// A file that was read.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    text: String,
    pub(crate) value: Value,
}

impl Source {
    /// Reads the JSON of a file; `-` is standard input.
    ///
    /// # Errors
    /// A line with the path and the reason.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let text = if path == Path::new("-") {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).map(|_| text)
        } else {
            std::fs::read_to_string(path)
        };
        let text = text.map_err(|error| format!("{}: {error}", path.display()))?;
        let bytes = json::without_mark(text.as_bytes());
        let read = json::check(bytes, RepeatedKeys::Refused).and_then(|()| json::read(bytes));
        let value =
            read.map_err(|error| format!("{}:{}: not JSON: {error}", path.display(), error.line().max(1)))?;
        Ok(Self { path: path.to_owned(), text, value })
    }

    /// Formats an error in the file as one line.
    pub(crate) fn line(&self, Fault { pointer, message }: &Fault) -> String {
        let number = line_of(&self.text, pointer);
        let place = if pointer.is_empty() { String::new() } else { format!("{pointer}: ") };
        format!("{}:{number}: {place}{message}", self.path.display())
    }

    /// Returns an error in the file as JSON.
    pub(crate) fn value_of(&self, Fault { pointer, message }: &Fault) -> Value {
        json!({ "line": line_of(&self.text, pointer), "pointer": pointer, "message": message })
    }

    /// Formats errors as lines.
    pub(crate) fn lines(&self, faults: &[Fault]) -> Vec<String> {
        faults.iter().map(|fault| self.line(fault)).collect()
    }
}

/// Returns the line of `text`, which is JSON, in which the value at a JSON pointer begins, or else the value that should have it.
fn line_of(text: &str, pointer: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = after_blanks(bytes, bytes.len() - json::without_mark(bytes).len());
    for token in pointer.split('/').skip(1) {
        let token = token.replace("~1", "/").replace("~0", "~");
        let Some(part) = part_of(text, at, &token) else { break };
        at = part;
    }
    1 + bytes[..at.min(bytes.len())].iter().filter(|byte| **byte == b'\n').count()
}

/// Returns where the part `token` of the object or list at `at` begins.
fn part_of(text: &str, at: usize, token: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let is_object = match bytes.get(at)? {
        b'{' => true,
        b'[' => false,
        _ => return None,
    };
    let (mut at, mut number) = (after_blanks(bytes, at + 1), 0);
    while !matches!(bytes.get(at)?, b'}' | b']') {
        let mut is_meant = token == number.to_string();
        if is_object {
            let end = end_of_string(bytes, at);
            is_meant = serde_json::from_str::<String>(text.get(at..end)?).is_ok_and(|key| key == token);
            at = after_blanks(bytes, after_blanks(bytes, end) + 1);
        }
        if is_meant {
            return Some(at);
        }
        at = after_blanks(bytes, end_of_value(bytes, at));
        if bytes.get(at) == Some(&b',') {
            at = after_blanks(bytes, at + 1);
        }
        number += 1;
    }
    None
}

fn after_blanks(bytes: &[u8], from: usize) -> usize {
    let blanks = bytes.iter().skip(from).take_while(|byte| byte.is_ascii_whitespace()).count();
    from + blanks
}

fn end_of_string(bytes: &[u8], quote: usize) -> usize {
    let mut at = quote + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn end_of_value(bytes: &[u8], from: usize) -> usize {
    let (mut at, mut depth) = (from, 0_usize);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                at = end_of_string(bytes, at);
                if depth == 0 {
                    return at;
                }
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth <= 1 => return if depth == 1 { at + 1 } else { at },
            b'}' | b']' => depth -= 1,
            b',' if depth == 0 => return at,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\u{feff}{\n \"a\": [1, {\"x]\": \"}\\\"\"},\n  {\n\"b/c\":\n true}],\n \"d\": 2,\n \"e\": \"z\"\n}\n";

    #[test]
    fn the_line_of_a_pointer_is_that_of_its_value_or_of_what_should_have_it() {
        let lines = ["", "/a", "/a/1/x]", "/a/2", "/a/2/b~1c", "/d", "/e", "/missing", "/a/9", "/d/no"]
            .map(|pointer| line_of(TEXT, pointer));

        assert_eq!(lines, [1, 2, 2, 3, 5, 6, 7, 1, 2, 6]);
    }

    #[test]
    fn text_that_ends_early_has_lines_as_well() {
        for end in 0..TEXT.len() {
            let Some(text) = TEXT.get(..end) else { continue };
            for pointer in ["", "/a/2/b~1c", "/e", "/missing/x"] {
                assert!(line_of(text, pointer) <= 1 + text.matches('\n').count());
            }
        }
    }
}
