//! Expressions of any form have the value that MiniJinja gives them. What makes text of a value is not among them: ours
//! makes JSON of null, booleans, lists and objects.

use proptest::prelude::*;

use super::{by_minijinja, evaluated};

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn a_value_is_minijinjas_value(text in expression_text()) {
        match (by_minijinja(&text), evaluated(&text)) {
            (Ok(theirs), Ok(ours)) => prop_assert_eq!(ours, theirs, "{}", text),
            (Ok(theirs), Err(reason)) => prop_assert!(is_stricter(&reason), "{}: {} and not {}", text, reason, theirs),
            (Err(reason), Ok(ours)) => prop_assert!(false, "{}: {} although {}", text, ours, reason),
            (Err(_), Err(_)) => {}
        }
    }
}

/// Says whether MiniJinja would have given a value where ours is an error on purpose.
fn is_stricter(reason: &str) -> bool {
    [
        "has no order with",
        "a list cannot be multiplied",
        "comparisons cannot be chained",
        "is a word of the language",
        "it gives no value",
        "a part of the result has no value",
        "as a field's name",
        "not a finite number",
        "has no field",
        "has no entry",
        "needs a separator",
        "needs a list",
        "cannot be read as",
        "cannot be added",
        "cannot contain anything",
        "takes too many steps or makes too large a value",
    ]
    .iter()
    .any(|known| reason.contains(known))
}

/// Expressions over [`trigger_data`], most of which have a value.
fn expression_text() -> impl Strategy<Value = String> {
    let name =
        prop::sample::select(vec!["n", "b", "s", "l", "o", "o.k", "l[0]", "t", "f", "missing", "o['list']"]);
    // No tuples: here they are lists, and MiniJinja finds that the two differ.
    let literal = prop::sample::select(vec![
        "0", "1", "2", "7", "2.5", "1e2", "'x'", "'te'", "\"it's\"", "'<'", "true", "none", "[]", "[3, 1]",
        "['x', 2]",
    ]);
    let leaf =
        prop_oneof![name.prop_map(|name| format!("trigger_data.{name}")), literal.prop_map(str::to_owned)];
    leaf.prop_recursive(5, 24, 3, |inner| {
        prop_oneof![
            6 => binary(inner.clone()),
            1 => inner.clone().prop_map(|inner| format!("({inner})")),
            1 => (prop::sample::select(vec!["-", "not ", "- "]), inner.clone())
                .prop_map(|(sign, inner)| format!("{sign}{inner}")),
            2 => (inner.clone(), space(), filter()).prop_map(|(inner, space, filter)| format!("{inner}{space}|{space}{filter}")),
            1 => (inner.clone(), test()).prop_map(|(inner, test)| format!("{inner} is {test}")),
            1 => (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(then, when, other)| format!("{then} if {when} else {other}")),
            1 => (inner.clone(), inner.clone()).prop_map(|(one, two)| format!("[{one}, {two}]")),
            1 => (inner.clone(), inner.clone()).prop_map(|(one, two)| format!("{{'k': {one}, 'v': {two}}}")),
            1 => (inner, subscript()).prop_map(|(inner, subscript)| format!("({inner}){subscript}")),
        ]
    })
}

fn binary(inner: BoxedStrategy<String>) -> impl Strategy<Value = String> {
    let operator = prop::sample::select(vec![
        "+", "-", "*", "/", "//", "%", "**", "<", "<=", ">", ">=", "==", "!=", " and ", " or ", " in ",
        " not in ",
    ]);
    (inner.clone(), space(), operator, space(), inner)
        .prop_map(|(left, before, operator, after, right)| format!("{left}{before}{operator}{after}{right}"))
}

fn space() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["", " ", "\n", "\t "])
}

/// Not `unique`: for it, `1` and `true` are two values, as they are in JSON.
fn filter() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "abs",
        "length",
        "list",
        "sum",
        "first",
        "last",
        "default(1)",
        "d(value='q')",
        "map(attribute='v')",
        "select",
        "select('eq', 1)",
        "reject('in', [1, 7])",
        "sort(reverse=true)",
        "round(1)",
        "int",
        "split('e')",
        "min",
        "max",
        "bool",
        "reverse",
    ])
}

fn test() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "defined",
        "not defined",
        "none",
        "not none",
        "string",
        "number",
        "divisibleby 2",
        "in [1, 7]",
        "eq('x')",
        "not sequence",
        "sameas none",
    ])
}

fn subscript() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["[0]", "[-1]", "['k']", ".v", "[1:]", "[::-1]", "[:1]"])
}
