//! The filters and tests of the language, and our stricter forms of some of MiniJinja's.
//!
//! Two kinds of things are stricter here than in MiniJinja:
//! - what is too lenient: `"80" > 70` is answered there by an order of types, here it is an error;
//! - what makes more than its fuel pays for: `[1] * 10**8` is lazy there, free to make and expensive for whatever reads
//!   it, and `map` with a default puts one large value in the place of many small ones.
//!
//! The strict forms are values that [`rewrite`](super::rewrite) puts into the tree, so no expression can name them.

use std::cmp::Ordering;
use std::sync::Arc;

use minijinja::machinery::ast::BinOpKind;
use minijinja::value::{Kwargs, Rest, ValueKind, ValueOrKwargs};
use minijinja::{Environment, Error, ErrorKind, State, Value, filters};

use super::values::{self, Writer};

/// Filters that an expression may use.
pub(super) const FILTERS: &[&str] = &[
    "abs",
    "bool",
    "capitalize",
    "count",
    "d",
    "default",
    "dictsort",
    "first",
    "float",
    "int",
    "items",
    "join",
    "last",
    "length",
    "lines",
    "list",
    "lower",
    "map",
    "max",
    "min",
    "reject",
    "rejectattr",
    "replace",
    "reverse",
    "round",
    "select",
    "selectattr",
    "sort",
    "split",
    "string",
    "sum",
    "title",
    "tojson",
    "trim",
    "unique",
    "upper",
];
/// Tests that an expression may use.
pub(super) const TESTS: &[&str] = &[
    "boolean",
    "defined",
    "divisibleby",
    "endingwith",
    "eq",
    "equalto",
    "even",
    "false",
    "float",
    "ge",
    "greaterthan",
    "gt",
    "in",
    "integer",
    "iterable",
    "le",
    "lessthan",
    "lower",
    "lt",
    "mapping",
    "ne",
    "none",
    "number",
    "odd",
    "sameas",
    "sequence",
    "startingwith",
    "string",
    "true",
    "undefined",
    "upper",
];
/// Filters that `map` may apply: those that need nothing but the entry.
const MAPPED_FILTERS: &[&str] = &[
    "abs",
    "bool",
    "capitalize",
    "count",
    "first",
    "float",
    "int",
    "last",
    "length",
    "lower",
    "max",
    "min",
    "round",
    "string",
    "sum",
    "title",
    "trim",
    "upper",
];
/// Filters that take the name of a test as a string.
const NAMING_FILTERS: [&str; 4] = ["reject", "rejectattr", "select", "selectattr"];
/// Tests that order.
const ORDERING_TESTS: [(&str, Order); 10] = [
    ("lt", Ordering::is_lt),
    ("lessthan", Ordering::is_lt),
    ("<", Ordering::is_lt),
    ("le", Ordering::is_le),
    ("<=", Ordering::is_le),
    ("gt", Ordering::is_gt),
    ("greaterthan", Ordering::is_gt),
    (">", Ordering::is_gt),
    ("ge", Ordering::is_ge),
    (">=", Ordering::is_ge),
];

/// Entries that `split` and `lines` may make.
const SPLIT_ENTRIES_MAX: usize = 50_000;
/// Bytes that `tojson` may write.
const TOJSON_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of a string that MiniJinja's filters read for one step.
const BYTES_PER_STEP: usize = 64;

/// Which orders an operator holds for.
type Order = fn(Ordering) -> bool;

/// Returns our form of a filter, where there is one. It takes what the filter takes.
pub(super) fn strict_filter(name: &str) -> Option<Value> {
    match name {
        "lines" => Some(Value::from_function(lines)),
        "map" => Some(Value::from_function(map)),
        "split" => Some(Value::from_function(split)),
        "tojson" => Some(Value::from_function(to_json)),
        _ => None,
    }
}

/// Returns our form of a test, where there is one. It takes what the test takes.
pub(super) fn strict_test(name: &str) -> Option<Value> {
    ORDERING_TESTS.iter().find(|(known, _)| *known == name).map(|(_, holds)| ordering(*holds))
}

/// Returns our form of an operator that orders, as a function of both operands.
pub(super) fn strict_operator(operator: BinOpKind) -> Option<Value> {
    let holds: Order = if matches!(operator, BinOpKind::Lt) {
        Ordering::is_lt
    } else if matches!(operator, BinOpKind::Lte) {
        Ordering::is_le
    } else if matches!(operator, BinOpKind::Gt) {
        Ordering::is_gt
    } else if matches!(operator, BinOpKind::Gte) {
        Ordering::is_ge
    } else {
        return None;
    };
    Some(ordering(holds))
}

/// Returns the function that every operand of `*` goes through.
pub(super) fn factor() -> Value {
    Value::from_function(|value: Value| {
        if matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable) {
            return Err(invalid("a list cannot be multiplied"));
        }
        Ok(value)
    })
}

/// Returns whether a filter looks a test up by its name while it runs.
pub(super) fn names_a_test(filter: &str) -> bool {
    NAMING_FILTERS.contains(&filter)
}

/// Makes the tests that order strict for filters that look them up by name.
pub(super) fn add_strict_tests(environment: &mut Environment<'static>) {
    for (name, holds) in ORDERING_TESTS {
        environment.add_test(name, compare(holds));
    }
}

fn ordering(holds: Order) -> Value {
    Value::from_function(compare(holds))
}

/// Orders two numbers or two strings; an error for the rest.
fn compare(
    holds: Order,
) -> impl Fn(&State<'_, '_>, Value, Value) -> Result<bool, Error> + Send + Sync + 'static {
    move |state, left, right| {
        if left.is_undefined() || right.is_undefined() {
            return Err(Error::from(ErrorKind::UndefinedError));
        }
        charge(state, &left)?;
        values::order(&left, &right).map(holds).map_err(|problem| invalid(problem.to_string()))
    }
}

/// Charges for reading a string, as MiniJinja does where a filter gets one.
fn charge(state: &State<'_, '_>, subject: &Value) -> Result<(), Error> {
    state.consume_fuel(subject.as_str().map_or(0, |text| (text.len() / BYTES_PER_STEP) as u64))
}

/// MiniJinja's `map`, for an attribute or one of the filters that need no arguments.
///
/// With a default or with arguments it could put one large value in the place of many small ones.
fn map(state: &mut State<'_, '_>, value: Value, arguments: Rest<ValueOrKwargs>) -> Result<Vec<Value>, Error> {
    let is_allowed = match arguments.as_slice() {
        [only] if only.is_kwargs() => {
            let named = Kwargs::try_from(Value::clone(only))?;
            named.get::<&str>("attribute").is_ok() && named.assert_all_used().is_ok()
        }
        [only] => only.as_str().is_some_and(|name| MAPPED_FILTERS.contains(&name)),
        _ => false,
    };
    if !is_allowed {
        let names = MAPPED_FILTERS.join(", ");
        return Err(invalid(format!("`map` takes `attribute=\"…\"` or the name of one of these: {names}")));
    }
    filters::map(state, value, arguments)
}

fn split(
    state: &State<'_, '_>,
    value: &Value,
    separator: Option<Arc<str>>,
    splits_max: Option<i64>,
) -> Result<Value, Error> {
    charge(state, value)?;
    let text =
        value.as_str().ok_or_else(|| invalid(format!("`split` needs a string, not {}", value.kind())))?;
    let entries = match separator.as_deref() {
        Some("") => return Err(invalid("`split` needs a separator that is not empty")),
        Some(separator) => text.matches(separator).take(SPLIT_ENTRIES_MAX).count(),
        None => text.split_whitespace().take(SPLIT_ENTRIES_MAX).count(),
    };
    check_entries(entries)?;
    filters::split(value, separator, splits_max)
}

fn lines(state: &State<'_, '_>, value: &Value) -> Result<Value, Error> {
    charge(state, value)?;
    let text =
        value.as_str().ok_or_else(|| invalid(format!("`lines` needs a string, not {}", value.kind())))?;
    check_entries(text.lines().take(SPLIT_ENTRIES_MAX).count())?;
    filters::lines(value)
}

fn check_entries(entries: usize) -> Result<(), Error> {
    if entries >= SPLIT_ENTRIES_MAX {
        return Err(invalid(format!("it splits into {SPLIT_ENTRIES_MAX} entries or more")));
    }
    Ok(())
}

fn to_json(state: &State<'_, '_>, value: &Value) -> Result<String, Error> {
    charge(state, value)?;
    let mut writer = Writer::new(TOJSON_BYTES_MAX);
    values::write_json(value, &mut writer).map_err(|problem| invalid(problem.to_string()))?;
    Ok(writer.into_text())
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, message.into())
}
