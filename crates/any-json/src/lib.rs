//! Tests only: any JSON text, for the property "any JSON text in, the same text out". All crates take theirs from here.

use proptest::prelude::*;
use serde_json::Value;

/// Returns texts in the form in which Steadflow writes a value that it has read: no space, no escape that is not needed,
/// exponents as `e+2`. Numbers have any number of digits; strings and keys any characters.
pub fn written() -> impl Strategy<Value = String> + Clone {
    nested(Form {
        number: written_number().boxed(),
        string: written_string().boxed(),
        comma: ",",
        colon: ":",
    })
}

/// Returns texts in any form that JSON has: with space and escapes anywhere, exponents as `E2`, and numbers of any length.
pub fn sent() -> impl Strategy<Value = String> + Clone {
    let spaced =
        Form { number: any_number().boxed(), string: any_string().boxed(), comma: " ,\r\n\t", colon: " : " };
    let compact = Form { number: any_number().boxed(), string: any_string().boxed(), comma: ",", colon: ":" };
    prop_oneof![nested(spaced), nested(compact)]
}

/// How the parts of a text are written.
struct Form {
    number: BoxedStrategy<String>,
    string: BoxedStrategy<String>,
    comma: &'static str,
    colon: &'static str,
}

const WORDS: &[&str] = &["null", "true", "false", "\"\"", "[]", "{}", "0", "-0", "-0.0"];

fn nested(form: Form) -> impl Strategy<Value = String> + Clone {
    let Form { number, string, comma, colon } = form;
    let leaf = prop_oneof![number, string.clone(), prop::sample::select(WORDS).prop_map(str::to_owned)];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        let list = prop::collection::vec(inner.clone(), 0..4);
        let object = prop::collection::vec((string.clone(), inner), 0..4);
        prop_oneof![
            list.prop_map(move |items| format!("[{}]", items.join(comma))),
            object.prop_map(move |pairs| format!("{{{}}}", fields(&pairs, colon).join(comma))),
        ]
    })
}

/// Returns the fields of an object, in whose order nothing is sorted. Each key begins with another character, since what
/// repeats a key is refused.
fn fields(pairs: &[(String, String)], colon: &str) -> Vec<String> {
    let field =
        |(at, (key, value)): (usize, &(String, String))| format!("\"{}{}{colon}{value}", 9 - at, &key[1..]);
    pairs.iter().enumerate().map(field).collect()
}

fn written_number() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "-?(0|[1-9][0-9]{0,40})(\\.[0-9]{1,30})?",
        1 => "-?[1-9](\\.[0-9]{1,9})?e[+-][1-9][0-9]?",
    ]
}

fn any_number() -> impl Strategy<Value = String> {
    prop_oneof![3 => written_number(), 1 => "-?[0-9](\\.[0-9]{1,9})?[eE][+-]?0{0,2}[1-9][0-9]?"]
}

fn written_string() -> impl Strategy<Value = String> + Clone {
    any::<String>().prop_map(|text| Value::from(text).to_string())
}

/// A string some of whose characters are escaped although they need not be.
fn any_string() -> impl Strategy<Value = String> + Clone {
    let escaped = "(\\\\/|\\\\u00[eE]9|\\\\ud83d\\\\ude00|\\\\u0041|\\\\u0000|\\\\t|/|é|😀| )*";
    prop_oneof![written_string(), escaped.prop_map(|inner: String| format!("\"{inner}\""))]
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read_and_written_alike(text in written()) {
            let value: Value = serde_json::from_str(&text).expect("it is JSON");

            prop_assert_eq!(value.to_string(), text);
        }

        #[test]
        fn what_is_sent_is_json(text in sent()) {
            let value: Result<Value, _> = serde_json::from_str(&text);

            prop_assert!(value.is_ok(), "{}: {:?}", text, value);
        }
    }
}
