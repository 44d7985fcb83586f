//! Which values are the same, as texts: to find the same ones in a long list without comparing each with all.

use minijinja::Value;
use minijinja::value::ValueKind;

use super::functions::dates;
use super::number;

/// Returns a text that two values have in common exactly if they are equal: numbers by all their digits, dates as moments,
/// lists and objects by what they contain.
pub(super) fn key(value: &Value) -> String {
    let mut key = String::new();
    write(value, &mut key);
    key
}

fn write(value: &Value, key: &mut String) {
    if let Some(number) = number::key(value) {
        return key.push_str(&number);
    }
    if let Some(moment) = dates::moment_of(value) {
        return key.push_str(&format!("@{moment}"));
    }
    let kind = value.kind();
    if matches!(kind, ValueKind::Seq | ValueKind::Iterable) {
        key.push('[');
        for item in value.try_iter().into_iter().flatten() {
            write(&item, key);
            key.push(',');
        }
        key.push(']');
    } else if kind == ValueKind::Map {
        write_object(value, key);
    } else {
        // Strings are quoted, so they are no other value.
        key.push_str(&format!("{value:?}"));
    }
}

/// Writes an object with its fields sorted, since their order does not matter.
fn write_object(value: &Value, key: &mut String) {
    let field = |name: Value| {
        let content = value.get_item(&name).unwrap_or(Value::UNDEFINED);
        format!("{name:?}:{},", self::key(&content))
    };
    let mut fields: Vec<String> = value.try_iter().into_iter().flatten().map(field).collect();
    fields.sort_unstable();
    key.push('{');
    key.extend(fields);
    key.push('}');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expression::values::{self, Budget};

    #[test]
    fn values_have_the_same_key_exactly_if_they_are_equal() {
        let texts = [
            "1",
            "1.0",
            "10e-1",
            "0.1",
            "0.10",
            "-0",
            "0",
            "0.0",
            "100000000000000000000001",
            "1e23",
            "null",
            "true",
            "\"1\"",
            "\"true\"",
            "\"\"",
            "[]",
            "{}",
            "[1,[2.50]]",
            "[1.0,[2.5]]",
            "[1]",
            "[[1]]",
            r#"{"a":1,"b":2}"#,
            r#"{"b":2.0,"a":1}"#,
            r#"{"a":1}"#,
            r#"["a:1"]"#,
            r#""a\"b""#,
        ];
        let values = texts.map(|text| values::from_json(text, 1, &mut Budget::unlimited(9)).unwrap());
        for (left, one) in texts.iter().zip(&values) {
            for (right, other) in texts.iter().zip(&values) {
                assert_eq!(key(one) == key(other), values::equal(one, other), "{left} {right}");
            }
        }
    }
}
