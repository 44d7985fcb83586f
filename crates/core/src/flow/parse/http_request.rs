//! The `input` of the action `http_request`.

use serde_json::Value;

use super::fields::{Faults, Fields, described, quoted};
use super::retry::status;

const KEYS: [&str; 6] = ["method", "url", "headers", "query", "body", "expect_status"];
const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

/// Checks what can be checked before the templates are resolved.
///
/// `method` is one of the usual seven in capitals, or a template; `url` is `http` or `https`, or begins with a template;
/// `headers` and `query` are objects of strings, numbers and booleans (in `query` also lists of them); `body` is any
/// JSON; `expect_status` is a status, a range such as `"200-299"`, or a list of both.
pub(super) fn check(input: &Value, pointer: &str, faults: &mut Faults) {
    let Some(fields) = Fields::of(input, pointer, faults) else { return };
    fields.refuse_unknown(&KEYS, faults);
    if let Some(method) = fields.string("method", faults)
        && !method.contains("${")
        && !METHODS.contains(&method)
    {
        let near = faults.suggestion(method, METHODS.into_iter());
        fields.fault(
            "method",
            faults,
            format!("`method` must be one of {}, not `{method}`{near}", quoted(&METHODS)),
        );
    }
    if let Some(url) = fields.required("url", "Enter a URL", faults)
        && !["http://", "https://", "${"].iter().any(|start| url.starts_with(start))
    {
        fields.fault("url", faults, "`url` must begin with `https://` or `http://`");
    }
    check_values(&fields, "headers", Lists::Refused, faults);
    check_values(&fields, "query", Lists::Allowed, faults);
    if let Some(expected) = fields.get("expect_status") {
        check_statuses(expected, &fields.pointer("expect_status"), faults);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Lists {
    Allowed,
    Refused,
}

fn check_values(fields: &Fields<'_>, key: &str, lists: Lists, faults: &mut Faults) {
    let Some(value) = fields.get(key) else { return };
    let Value::Object(entries) = value else {
        return fields.fault(key, faults, format!("`{key}` must be an object, not {}", described(value)));
    };
    let Some(inside) = Fields::of(value, fields.pointer(key), faults) else { return };
    for (name, entry) in entries {
        let is_fine = match entry {
            Value::String(_) | Value::Number(_) | Value::Bool(_) => true,
            Value::Array(items) => lists == Lists::Allowed && items.iter().all(is_plain),
            Value::Null | Value::Object(_) => false,
        };
        if !is_fine {
            inside.fault(
                name,
                faults,
                format!("`{name}` must be a string, a number or a boolean, not {}", described(entry)),
            );
        }
    }
}

fn is_plain(value: &Value) -> bool {
    matches!(value, Value::String(_) | Value::Number(_) | Value::Bool(_))
}

fn check_statuses(expected: &Value, pointer: &str, faults: &mut Faults) {
    let Value::Array(entries) = expected else {
        return check_status(expected, pointer, faults);
    };
    if entries.is_empty() {
        faults.add(pointer, "`expect_status` must name at least one status");
    }
    for (at, entry) in entries.iter().enumerate() {
        check_status(entry, &format!("{pointer}/{at}"), faults);
    }
}

fn check_status(value: &Value, pointer: &str, faults: &mut Faults) {
    if status(value).is_none() && !value.as_str().is_some_and(is_range) {
        let message = format!(
            "{} is neither a status from 100 to 599 nor a range such as \"200-299\"",
            described(value)
        );
        faults.add(pointer, message);
    }
}

fn is_range(text: &str) -> bool {
    let bound = |text: &str| text.trim().parse::<u16>().ok().filter(|status| (100..=599).contains(status));
    match text.split_once('-') {
        Some((low, high)) => matches!((bound(low), bound(high)), (Some(low), Some(high)) if low <= high),
        None => bound(text).is_some(),
    }
}
