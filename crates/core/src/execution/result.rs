//! The result of an execution, and what it is made of.

use crate::payload::Payload;

/// The outputs of the nodes that ended an execution, with the ids of these nodes, in the order of the flow.
#[derive(Debug)]
pub struct ResultParts<'a>(pub(super) Vec<(&'a str, &'a Payload)>);

impl<'a> ResultParts<'a> {
    /// Returns the result, if it is the output of one node.
    pub fn only(&self) -> Option<&'a Payload> {
        match self.0.as_slice() {
            [(_, only)] => Some(only),
            _ => None,
        }
    }

    /// Returns the length of the result, in bytes of its JSON text.
    pub fn len_bytes(&self) -> usize {
        match self.0.as_slice() {
            [] => "null".len(),
            [(_, only)] => only.len(),
            // Two braces, and a colon and a comma for each entry but the last.
            several => {
                1 + several.iter().map(|(key, value)| quoted(key).len() + value.len() + 2).sum::<usize>()
            }
        }
    }

    /// Returns the whole result. Its length is that of all outputs together.
    pub fn whole(&self) -> Payload {
        match self.0.as_slice() {
            [] => Payload::null(),
            [(_, only)] => (*only).clone(),
            several => object_of(several.iter().copied()),
        }
    }

    /// Returns at least the first `bytes` of the text of the result, or all of it.
    pub fn beginning(&self, bytes: usize) -> String {
        match self.0.as_slice() {
            [] => "null".to_owned(),
            [(_, only)] => beginning_of(only.as_str(), bytes).to_owned(),
            several => beginning_of_object(several.iter().copied(), bytes),
        }
    }
}

/// Writes a JSON object whose values are already JSON.
pub(super) fn object_of<'a>(entries: impl Iterator<Item = (&'a str, &'a Payload)>) -> Payload {
    let text = beginning_of_object(entries, usize::MAX);
    Payload::parse(text).expect("keys and values are JSON, so the object is")
}

fn beginning_of_object<'a>(entries: impl Iterator<Item = (&'a str, &'a Payload)>, bytes: usize) -> String {
    let mut text = String::from("{");
    for (key, value) in entries {
        if text.len() > 1 {
            text.push(',');
        }
        text.push_str(&quoted(key));
        text.push(':');
        text.push_str(beginning_of(value.as_str(), bytes.saturating_sub(text.len())));
        if text.len() >= bytes {
            return text;
        }
    }
    text.push('}');
    text
}

/// Returns as many whole characters as have `bytes`, or one more.
fn beginning_of(text: &str, bytes: usize) -> &str {
    &text[..text.ceil_char_boundary(bytes)]
}

fn quoted(key: &str) -> String {
    serde_json::Value::from(key).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_and_beginning_are_those_of_the_whole() {
        let values = ["[19.90]", "\"äöü\""].map(|text| Payload::parse(text.to_owned()).unwrap());
        let all = [("a", &values[0]), ("b \"c\"", &values[1])];

        for count in 0..=all.len() {
            let parts = ResultParts(all[..count].to_vec());
            assert_eq!(parts.only(), all[..count].first().map(|(_, only)| *only).filter(|_| count == 1));
            let whole = parts.whole();
            assert_eq!(parts.len_bytes(), whole.len());
            for bytes in 0..whole.len() {
                let beginning = parts.beginning(bytes);
                assert!(beginning.len() >= bytes && whole.as_str().starts_with(&beginning), "{bytes}");
            }
        }
    }
}
