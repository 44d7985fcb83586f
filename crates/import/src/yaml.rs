//! YAML as JSON: what two readers would read alike, and nothing else.
//!
//! The parser gives events, so numbers keep their digits, and an alias costs what it repeats before it is followed. What YAML 1.1
//! (which Dify writes) and 1.2 read differently is refused by name: `yes` and `no`, numbers that begin with 0, merge keys.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span, Tag};
use serde_json::{Map, Number, Value};
use steadflow_core::json::{DEPTH_MAX, RESERVED};

use crate::error::ImportError;

/// What anchors have and aliases repeat, in values and bytes of their texts.
const REPEATED_MAX: usize = 1_000_000;
/// Words that are true or false in YAML 1.1 and text in 1.2.
const TWO_MEANINGS: [&str; 6] = ["yes", "no", "on", "off", "y", "n"];

/// Reads one document.
pub(crate) fn read(text: &str) -> Result<Value, ImportError> {
    let mut reader = Reader { open: Vec::new(), anchors: BTreeMap::new(), left: REPEATED_MAX, root: None };
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| fault(error.marker(), error.info()))?;
        reader.take(event, span)?;
    }
    reader.root.ok_or_else(|| fault(&Marker::new(0, 1, 0), "the file is empty"))
}

/// A list or an object that has begun.
struct Open {
    anchor: usize,
    size: usize,
    value: Growing,
}

enum Growing {
    List(Vec<Value>),
    /// With the key whose value comes next.
    Object(Map<String, Value>, Option<String>),
}

struct Reader {
    open: Vec<Open>,
    /// What an anchor stands for, and how large that is.
    anchors: BTreeMap<usize, (Value, usize)>,
    /// How much may still be repeated.
    left: usize,
    root: Option<Value>,
}

impl Reader {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), ImportError> {
        let at = &span.start;
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(_) if self.root.is_some() => Err(fault(at, "a second document begins here")),
            Event::DocumentStart(_) => Ok(()),
            Event::Alias(anchor) => self.alias(anchor, at),
            Event::Scalar(text, style, anchor, tag) => {
                let is_key = matches!(self.open.last(), Some(Open { value: Growing::Object(_, None), .. }));
                let value = match is_key {
                    true => Value::String(text.into_owned()),
                    false => scalar(&text, style, tag.as_deref(), at)?,
                };
                let size = 1 + value.as_str().map_or(0, str::len);
                self.put(value, size, anchor, at)
            }
            Event::SequenceStart(anchor, tag) => {
                self.begin(Growing::List(Vec::new()), anchor, tag.as_deref(), at)
            }
            Event::MappingStart(anchor, tag) => {
                self.begin(Growing::Object(Map::new(), None), anchor, tag.as_deref(), at)
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(at),
        }
    }

    fn begin(
        &mut self,
        value: Growing,
        anchor: usize,
        tag: Option<&Tag>,
        at: &Marker,
    ) -> Result<(), ImportError> {
        if let Some(tag) = tag {
            return Err(fault(at, format_args!("the tag `{tag}` is not known here")));
        }
        if matches!(self.open.last(), Some(Open { value: Growing::Object(_, None), .. })) {
            return Err(fault(at, "a key has to be a text"));
        }
        if self.open.len() >= DEPTH_MAX {
            return Err(fault(at, format_args!("the file is nested more than {DEPTH_MAX} deep")));
        }
        self.open.push(Open { anchor, size: 1, value });
        Ok(())
    }

    fn end(&mut self, at: &Marker) -> Result<(), ImportError> {
        let Some(Open { anchor, size, value }) = self.open.pop() else { return Ok(()) };
        let value = match value {
            Growing::List(items) => Value::Array(items),
            Growing::Object(fields, _) => Value::Object(fields),
        };
        self.put(value, size, anchor, at)
    }

    fn alias(&mut self, anchor: usize, at: &Marker) -> Result<(), ImportError> {
        let Some((_, size)) = self.anchors.get(&anchor) else {
            return Err(fault(at, "an alias is inside of what it stands for"));
        };
        let size = *size;
        self.left = self
            .left
            .checked_sub(size)
            .ok_or_else(|| fault(at, "the aliases of the file repeat more than is read"))?;
        let value = self.anchors[&anchor].0.clone();
        if self.open.len() + depth(&value) > DEPTH_MAX {
            return Err(fault(at, format_args!("the file is nested more than {DEPTH_MAX} deep")));
        }
        self.put(value, size, 0, at)
    }

    fn put(&mut self, value: Value, size: usize, anchor: usize, at: &Marker) -> Result<(), ImportError> {
        if anchor > 0 {
            self.left = self
                .left
                .checked_sub(size)
                .ok_or_else(|| fault(at, "the anchors of the file are larger than is read"))?;
            self.anchors.insert(anchor, (value.clone(), size));
        }
        let Some(open) = self.open.last_mut() else {
            self.root = Some(value);
            return Ok(());
        };
        open.size += size;
        match &mut open.value {
            Growing::List(items) => items.push(value),
            Growing::Object(fields, key) => match (key.take(), value) {
                (Some(name), value) => {
                    fields.insert(name, value);
                }
                (None, Value::String(name)) => {
                    check_key(&name, fields, at)?;
                    *key = Some(name);
                }
                (None, _) => return Err(fault(at, "a key has to be a text")),
            },
        }
        Ok(())
    }
}

fn check_key(name: &str, fields: &Map<String, Value>, at: &Marker) -> Result<(), ImportError> {
    if name == "<<" {
        return Err(fault(at, "merge keys (`<<`) are not read"));
    }
    if name.starts_with(RESERVED) {
        return Err(fault(at, format_args!("the key `{name}` is reserved and cannot be used")));
    }
    if fields.contains_key(name) {
        return Err(fault(at, format_args!("the key `{name}` appears twice in one object")));
    }
    Ok(())
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
    }
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>, at: &Marker) -> Result<Value, ImportError> {
    if let Some(tag) = tag {
        return match (tag.is_yaml_core_schema(), tag.suffix.as_str()) {
            (true, "str") => Ok(Value::from(text)),
            _ => Err(fault(at, format_args!("the tag `{tag}` is not known here"))),
        };
    }
    if style != ScalarStyle::Plain {
        return Ok(Value::from(text));
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Value::Null),
        "true" | "True" | "TRUE" => return Ok(Value::Bool(true)),
        "false" | "False" | "FALSE" => return Ok(Value::Bool(false)),
        _ => {}
    }
    if TWO_MEANINGS.contains(&text.to_ascii_lowercase().as_str()) {
        let message = format!(
            "`{text}` is true or false in one version of YAML and text in another; put it in quotes, or write true or false"
        );
        return Err(fault(at, message));
    }
    let begins_as_number =
        text.trim_start_matches(['+', '-', '.']).starts_with(|first: char| first.is_ascii_digit());
    if begins_as_number && let Some(number) = number(text) {
        return number
            .ok_or_else(|| {
                fault(
                    at,
                    format_args!(
                        "`{text}` is not the same number for all readers; write it in decimal, or in quotes"
                    ),
                )
            })
            .map(Value::Number);
    }
    if matches!(text.trim_start_matches(['+', '-']), ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN") {
        return Err(fault(at, format_args!("`{text}` is no number that JSON has")));
    }
    Ok(Value::from(text))
}

/// Reads a number: `None` where the text is none, and `Some(None)` where readers differ.
fn number(text: &str) -> Option<Option<Number>> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let digits_only = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) =
        mantissa.split_once('.').map_or((mantissa, None), |(whole, part)| (whole, Some(part)));
    let is_decimal = digits_only(whole)
        && fraction.is_none_or(|part| part.is_empty() || digits_only(part))
        && exponent.is_none_or(|part| digits_only(part.strip_prefix(['+', '-']).unwrap_or(part)));
    if is_decimal {
        let canonical = text.strip_prefix('+').unwrap_or(text);
        let number = serde_json::from_str::<Value>(canonical).ok();
        return Some(match number {
            Some(Value::Number(number))
                if number.as_f64().is_some_and(f64::is_finite) || exponent.is_none() =>
            {
                Some(number)
            }
            _ => None,
        });
    }
    let other_base = [("0x", 16), ("0o", 8), ("0b", 2)].iter().any(|(start, base)| {
        let digits = unsigned.strip_prefix(start);
        digits.is_some_and(|digits| !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(*base)))
    });
    let with_signs = unsigned.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_' || byte == b':');
    // `1:30` is 90 in YAML 1.1.
    let is_sexagesimal = with_signs && unsigned.contains(':') && !unsigned.contains('_');
    (other_base || (with_signs && unsigned.contains('_')) || is_sexagesimal).then_some(None)
}

fn fault(at: &Marker, message: impl ToString) -> ImportError {
    ImportError::Yaml { line: at.line(), column: at.col() + 1, message: message.to_string() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_those_of_both_versions() {
        let text = "a: 1\nb: 19.90\nc: \"yes\"\nd: ~\ne: [true, 'x', 2024-01-01, 0b83f901-f97c]\nf: |\n  one\n  two\ng: 123456789012345678901\n";

        let value = read(text).unwrap();

        assert_eq!(
            value.to_string(),
            r#"{"a":1,"b":19.90,"c":"yes","d":null,"e":[true,"x","2024-01-01","0b83f901-f97c"],"f":"one\ntwo\n","g":123456789012345678901}"#
        );
    }

    #[test]
    fn what_can_be_misread_is_refused_with_its_place() {
        for (text, wanted) in [
            ("a: yes", "line 1, column 4: `yes` is true or false"),
            ("a: 010", "line 1, column 4: `010` is not the same number"),
            ("a: 1_000", "`1_000` is not the same number"),
            ("a: 1:30", "`1:30` is not the same number"),
            ("a: .inf", "no number that JSON has"),
            ("a: 0x1F", "`0x1F` is not the same number"),
            ("a: 1\na: 2", "line 2, column 1: the key `a` appears twice"),
            ("<<: *x", "an"),
            ("? [a]\n: b", "a key has to be a text"),
            ("a: !x b", "the tag `!x` is not known"),
            ("a: 1\n---\nb: 1", "a second document"),
            ("", "the file is empty"),
            ("a: &x [*x]", "an alias is inside of what it stands for"),
            ("a: [", "line 2, column 1"),
        ] {
            let message = read(text).unwrap_err().to_string();

            assert!(message.contains(wanted), "{text}: {message}");
        }
    }

    #[test]
    fn aliases_are_followed_within_a_bound() {
        let small = read("a: &x {k: [1, 2]}\nb: *x\n").unwrap();
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let below = level - 1;
            bomb.push_str(&format!("a{level}: &a{level} [{}]\n", vec![format!("*a{below}"); 10].join(", ")));
        }
        let deep = format!("{}{}", "[".repeat(300), "]".repeat(300));

        assert_eq!(small["b"], json!({ "k": [1, 2] }));
        assert!(read(&bomb).unwrap_err().to_string().contains("than is read"));
        assert!(read(&deep).is_err());
    }
}
