//! Makes documents of documents.

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

/// Flow documents to begin with.
pub(crate) fn flows() -> Vec<Value> {
    read(&[
        include_str!("corpus/every-kind.json"),
        include_str!("../../../../examples/decision.json"),
        include_str!("../../../../examples/error-edge.json"),
        include_str!("../../../../examples/parallel.json"),
    ])
}

/// Agent documents to begin with.
pub(crate) fn agents() -> Vec<Value> {
    read(&[
        include_str!("corpus/agent-llm.json"),
        include_str!("corpus/agent-http.json"),
        include_str!("corpus/agent-mcp.json"),
        include_str!("corpus/agent-mcp-command.json"),
    ])
}

fn read(texts: &[&str]) -> Vec<Value> {
    texts.iter().map(|text| serde_json::from_str(text).expect("the corpus is JSON")).collect()
}

/// One change of a document: at a place, with what is at another one or with something else.
#[derive(Clone, Debug)]
enum Change {
    Replace(Index, Value),
    Remove(Index),
    Copy { from: Index, to: Index },
    Repeat(Index, usize),
    Wrap(Index),
}

/// Returns documents that differ from one of `documents` in a few changes.
pub(crate) fn mutated(documents: Vec<Value>) -> impl Strategy<Value = Value> {
    let changes = prop::collection::vec(change(), 0..6);
    (prop::sample::select(documents), changes).prop_map(|(mut document, changes)| {
        changes.iter().for_each(|change| apply(change, &mut document));
        document
    })
}

fn change() -> impl Strategy<Value = Change> {
    let index = any::<Index>;
    prop_oneof![
        (index(), value()).prop_map(|(at, value)| Change::Replace(at, value)),
        index().prop_map(Change::Remove),
        (index(), index()).prop_map(|(from, to)| Change::Copy { from, to }),
        (index(), 2_usize..40).prop_map(|(at, times)| Change::Repeat(at, times)),
        index().prop_map(Change::Wrap),
    ]
}

fn apply(change: &Change, document: &mut Value) {
    let places = places(document);
    let at = |index: &Index| index.get(&places).clone();
    match change {
        Change::Replace(index, value) => put(document, &at(index), value.clone()),
        Change::Remove(index) => put(document, &at(index), Value::Null),
        Change::Copy { from, to } => {
            let value = document.pointer(&at(from)).cloned().unwrap_or_default();
            put(document, &at(to), value);
        }
        Change::Repeat(index, times) => {
            if let Some(Value::Array(items)) = document.pointer_mut(&at(index)) {
                let all = items.clone();
                (1..*times).for_each(|_| items.extend(all.iter().take(20).cloned()));
            }
        }
        Change::Wrap(index) => {
            let value = document.pointer(&at(index)).cloned().unwrap_or_default();
            put(document, &at(index), json!([value]));
        }
    }
}

fn put(document: &mut Value, at: &str, value: Value) {
    if let Some(place) = document.pointer_mut(at) {
        *place = value;
    }
}

/// Returns the JSON pointer of every value.
fn places(document: &Value) -> Vec<String> {
    let mut places = Vec::new();
    let mut open = vec![(String::new(), document)];
    while let Some((at, value)) = open.pop() {
        match value {
            Value::Array(items) => {
                open.extend(items.iter().enumerate().map(|(number, item)| (format!("{at}/{number}"), item)));
            }
            Value::Object(fields) => {
                let token = |key: &str| key.replace('~', "~0").replace('/', "~1");
                open.extend(fields.iter().map(|(key, value)| (format!("{at}/{}", token(key)), value)));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
        places.push(at);
    }
    places
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        template().prop_map(Value::from),
        ".{0,40}".prop_map(Value::from),
        prop::sample::select(
            vec!["", " ", "a", "fetch-data", "x".repeat(300).as_str(), "\u{202e}", "\0"]
                .into_iter()
                .map(Value::from)
                .collect::<Vec<_>>()
        ),
        prop::collection::vec(template(), 0..5).prop_map(Value::from),
        prop::collection::btree_map(".{0,9}", template(), 0..5).prop_map(|fields| json!(fields)),
    ]
}

/// Returns texts made of what templates are made of.
pub(crate) fn template() -> impl Strategy<Value = String> {
    let pieces = vec![
        "${",
        "}",
        "$${",
        "$",
        "{",
        "'",
        "\"",
        "\\",
        "trigger_data",
        "nodes",
        "a",
        "fetch-data",
        "secrets.KEY",
        "input",
        ".",
        "[",
        "]",
        "(",
        ")",
        "0",
        "1e9",
        " ",
        " + ",
        " == ",
        " and ",
        " not ",
        " in ",
        " is ",
        "defined",
        " if ",
        " else ",
        " | ",
        "upper",
        "default(1)",
        "regex_match('(')",
        "regex_find('a+')",
        "date('x')",
        "uuid()",
        "now()",
        "é",
        "\u{0}",
        "-",
        "~",
        "*",
        "//",
        "%",
        ",",
        ":",
        "null",
        "true",
        ".output",
        "_p000",
    ];
    prop::collection::vec(prop::sample::select(pieces), 0..25).prop_map(|pieces| pieces.concat())
}
