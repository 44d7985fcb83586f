//! Filters over strings, and what becomes text.

use std::borrow::Cow;
use std::sync::Arc;

use minijinja::value::{Object, ObjectRepr, ValueKind};
use minijinja::{Error, ErrorKind, State, Value, filters};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use regex::{Regex, RegexBuilder};

use super::super::values::{self, Writer};
use super::{BYTES_PER_STEP, charge, dates, invalid, problem};

/// Entries that `split` and `lines` may make.
const SPLIT_ENTRIES_MAX: usize = 50_000;
/// Bytes that one value may become as text, and that one replacement may make.
const TEXT_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of a compiled regular expression.
const REGEX_BYTES_MAX: usize = 256 * 1024;
/// Steps that compiling a regular expression costs.
const REGEX_STEPS: u64 = 500;
/// What stays as it is in a URL's segment, query value or form field (RFC 3986, 2.3).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A constant regular expression.
#[derive(Debug)]
struct Pattern(Regex);

impl Object for Pattern {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }
}

/// Returns `value` as text: strings as they are, everything else as JSON.
pub(super) fn text_of<'v>(state: &State<'_, '_>, value: &'v Value) -> Result<Cow<'v, str>, Error> {
    if value.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    if let Some(text) = value.as_str() {
        charge(state, value)?;
        return Ok(Cow::Borrowed(text));
    }
    if let Some(text) = dates::text_of(value) {
        return Ok(Cow::Owned(text));
    }
    state.consume_fuel(values::weight(value))?;
    let mut writer = Writer::new(TEXT_BYTES_MAX);
    values::write_json(value, &mut writer).map_err(problem)?;
    Ok(Cow::Owned(writer.into_text()))
}

pub(super) fn string(state: &State<'_, '_>, value: &Value) -> Result<Value, Error> {
    text_of(state, value).map(Value::from)
}

/// `~`
pub(super) fn concat(state: &State<'_, '_>, left: &Value, right: &Value) -> Result<Value, Error> {
    let (left, right) = (text_of(state, left)?, text_of(state, right)?);
    Ok(Value::from([left, right].concat()))
}

pub(super) fn to_json(state: &State<'_, '_>, value: &Value) -> Result<String, Error> {
    state.consume_fuel(values::weight(value))?;
    let mut writer = Writer::new(TEXT_BYTES_MAX);
    values::write_json(value, &mut writer).map_err(problem)?;
    Ok(writer.into_text())
}

pub(super) fn split(
    state: &State<'_, '_>,
    value: &Value,
    separator: Option<Arc<str>>,
    splits_max: Option<i64>,
) -> Result<Value, Error> {
    let text = string_of(state, "split", value)?;
    let entries = match separator.as_deref() {
        Some("") => return Err(invalid("`split` needs a separator that is not empty")),
        Some(separator) => text.matches(separator).take(SPLIT_ENTRIES_MAX).count(),
        None => text.split_whitespace().take(SPLIT_ENTRIES_MAX).count(),
    };
    check_entries(entries)?;
    filters::split(value, separator, splits_max)
}

pub(super) fn lines(state: &State<'_, '_>, value: &Value) -> Result<Value, Error> {
    check_entries(string_of(state, "lines", value)?.lines().take(SPLIT_ENTRIES_MAX).count())?;
    filters::lines(value)
}

fn check_entries(entries: usize) -> Result<(), Error> {
    if entries >= SPLIT_ENTRIES_MAX {
        return Err(invalid(format!("it splits into {SPLIT_ENTRIES_MAX} entries or more")));
    }
    Ok(())
}

/// `urlencode`: a value as one segment or query value, an object as a query.
pub(super) fn url_encode(state: &State<'_, '_>, value: &Value) -> Result<String, Error> {
    if value.kind() != ValueKind::Map {
        return Ok(percent_encoded(&text_of(state, value)?));
    }
    let mut pairs = Vec::new();
    for key in value.try_iter()? {
        let name = percent_encoded(&text_of(state, &key)?);
        let one = value.get_item(&key)?;
        let is_list = matches!(one.kind(), ValueKind::Seq | ValueKind::Iterable);
        let values: Vec<Value> = if is_list { one.try_iter()?.collect() } else { vec![one] };
        for value in &values {
            pairs.push(format!("{name}={}", percent_encoded(&text_of(state, value)?)));
        }
    }
    Ok(pairs.join("&"))
}

/// Returns `text` as one segment of a path, one value of a query or one field of a form.
pub(crate) fn percent_encoded(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

/// `regex_match`: whether the pattern is found anywhere.
pub(super) fn regex_match(state: &State<'_, '_>, value: &Value, pattern: &Value) -> Result<bool, Error> {
    let text = string_of(state, "regex_match", value)?;
    Ok(regex(state, pattern)?.is_match(text))
}

/// `regex_find`: what is found first. With groups in the pattern, what they match: a list, or a string of the only one.
pub(super) fn regex_find(state: &State<'_, '_>, value: &Value, pattern: &Value) -> Result<Value, Error> {
    let text = string_of(state, "regex_find", value)?;
    let regex = regex(state, pattern)?;
    let Some(found) = regex.captures(text) else { return Ok(Value::from(())) };
    let group = |at: usize| found.get(at).map_or(Value::from(()), |group| Value::from(group.as_str()));
    Ok(match regex.captures_len() {
        1 => group(0),
        2 => group(1),
        groups => (1..groups).map(group).collect(),
    })
}

/// `regex_replace`: replaces all; `$1` and `${name}` stand for groups.
pub(super) fn regex_replace(
    state: &State<'_, '_>,
    value: &Value,
    pattern: &Value,
    replacement: &str,
) -> Result<String, Error> {
    let text = string_of(state, "regex_replace", value)?;
    let (mut result, mut from) = (String::new(), 0);
    let regex = regex(state, pattern)?;
    for found in regex.captures_iter(text) {
        let Some(whole) = found.get(0) else { continue };
        result.push_str(&text[from..whole.start()]);
        from = whole.end();
        let added = result.len();
        found.expand(replacement, &mut result);
        state.consume_fuel(((result.len() - added) / BYTES_PER_STEP) as u64 + 1)?;
        if result.len() > TEXT_BYTES_MAX {
            return Err(invalid(format!("the result is larger than {TEXT_BYTES_MAX} bytes")));
        }
    }
    result.push_str(&text[from..]);
    Ok(result)
}

/// Checks a constant pattern, which may be compiled.
pub(super) fn check_pattern(pattern: &Value) -> Result<(), Error> {
    if pattern.downcast_object_ref::<Pattern>().is_some() {
        return Ok(());
    }
    built(pattern_text(pattern)?).map(|_| ())
}

/// Returns a constant pattern compiled, so that it is not compiled in each evaluation. `None` where it is no regular
/// expression, which [`check_pattern`] says.
pub(super) fn compiled(pattern: &Value) -> Option<Value> {
    built(pattern.as_str()?).ok().map(|regex| Value::from_object(Pattern(regex)))
}

/// Returns the regular expression of a pattern. One that was compiled before costs the same, so that it does not matter
/// whether it is constant.
fn regex<'v>(state: &State<'_, '_>, pattern: &'v Value) -> Result<Cow<'v, Regex>, Error> {
    state.consume_fuel(REGEX_STEPS)?;
    if let Some(Pattern(regex)) = pattern.downcast_object_ref::<Pattern>() {
        return Ok(Cow::Borrowed(regex));
    }
    built(pattern_text(pattern)?).map(Cow::Owned)
}

fn pattern_text(pattern: &Value) -> Result<&str, Error> {
    pattern
        .as_str()
        .ok_or_else(|| invalid(format!("a pattern is a string, not {}", values::described(pattern))))
}

fn built(pattern: &str) -> Result<Regex, Error> {
    let built =
        RegexBuilder::new(pattern).size_limit(REGEX_BYTES_MAX).dfa_size_limit(REGEX_BYTES_MAX).build();
    built.map_err(|error| {
        if let regex::Error::CompiledTooBig(_) = error {
            return invalid(format!("the regular expression `{pattern}` is too large"));
        }
        let text = error.to_string();
        let reason = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
        invalid(format!("`{pattern}` is not a regular expression: {reason}"))
    })
}

/// Returns the string that filter `name` needs.
pub(super) fn string_of<'v>(state: &State<'_, '_>, name: &str, value: &'v Value) -> Result<&'v str, Error> {
    charge(state, value)?;
    if value.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    value
        .as_str()
        .ok_or_else(|| invalid(format!("`{name}` needs a string, not {}", values::described(value))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_constant_patterns_are_compiled_before() {
        let pattern = compiled(&Value::from("^a+$")).expect("it is a regular expression");

        assert!(pattern.downcast_object_ref::<Pattern>().is_some_and(|Pattern(regex)| regex.is_match("aa")));
        assert!(compiled(&Value::from("(")).is_none());
        assert!(compiled(&Value::from(7)).is_none());
    }
}
