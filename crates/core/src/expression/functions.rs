//! The filters and tests of the language, and our stricter forms of some of MiniJinja's.
//!
//! Two kinds of things are stricter here than in MiniJinja:
//! - what is too lenient: `"80" > 70` is answered there by an order of types, here it is an error;
//! - what makes more than its fuel pays for: `[1] * 10**8` is lazy there, free to make and expensive for whatever reads
//!   it, and `map` with a default puts one large value in the place of many small ones.
//!
//! The strict forms are values that [`rewrite`](super::rewrite) puts into the tree, so no expression can name them.

mod codecs;
mod comparisons;
mod constants;
pub(super) mod dates;
mod lists;
mod numbers;
mod texts;

pub(super) use self::constants::fault as constant_fault;
pub(crate) use self::dates::moment;
pub(crate) use self::texts::percent_encoded;

use std::cmp::Ordering;

use minijinja::machinery::ast::BinOpKind;
use minijinja::value::ValueKind;
use minijinja::{Environment, Error, ErrorKind, State, Value};

use super::error::Problem;
use super::{number, values};

/// Filters that an expression may use.
pub(super) const FILTERS: &[&str] = &[
    "abs",
    "b64decode",
    "b64encode",
    "bool",
    "capitalize",
    "count",
    "d",
    "date",
    "date_add",
    "date_format",
    "default",
    "dictsort",
    "first",
    "float",
    "fromjson",
    "hmac",
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
    "pluck",
    "regex_find",
    "regex_match",
    "regex_replace",
    "reject",
    "rejectattr",
    "replace",
    "reverse",
    "round",
    "select",
    "selectattr",
    "sha256",
    "sort",
    "split",
    "string",
    "sum",
    "title",
    "tojson",
    "trim",
    "unique",
    "upper",
    "urlencode",
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
    "b64decode",
    "b64encode",
    "bool",
    "capitalize",
    "count",
    "date",
    "first",
    "float",
    "fromjson",
    "int",
    "last",
    "length",
    "lower",
    "max",
    "min",
    "round",
    "sha256",
    "string",
    "sum",
    "title",
    "trim",
    "upper",
    "urlencode",
];
/// Filters of MiniJinja that make text of what they are given.
const TEXT_FILTERS: [&str; 6] = ["capitalize", "lower", "replace", "title", "trim", "upper"];
/// Filters whose first argument is a regular expression.
const PATTERN_FILTERS: [&str; 3] = ["regex_find", "regex_match", "regex_replace"];
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

/// Bytes of a string that MiniJinja's filters read for one step.
const BYTES_PER_STEP: usize = 64;

/// Which orders an operator holds for.
type Order = fn(Ordering) -> bool;

/// Returns our form of a filter, where there is one. It takes what the filter takes.
pub(super) fn strict_filter(name: &str) -> Option<Value> {
    Some(match name {
        "abs" => Value::from_function(numbers::abs),
        "b64decode" => Value::from_function(codecs::base64_decode),
        "b64encode" => Value::from_function(codecs::base64_encode),
        "bool" => Value::from_function(numbers::bool),
        "date" => Value::from_function(dates::date),
        "date_add" => Value::from_function(dates::date_add),
        "date_format" => Value::from_function(dates::date_format),
        "float" => Value::from_function(numbers::float),
        "fromjson" => Value::from_function(codecs::from_json),
        "hmac" => Value::from_function(codecs::hmac),
        "int" => Value::from_function(numbers::int),
        "join" => Value::from_function(lists::join),
        "lines" => Value::from_function(texts::lines),
        "map" => Value::from_function(lists::map),
        "max" => Value::from_function(lists::max),
        "min" => Value::from_function(lists::min),
        "pluck" => Value::from_function(lists::pluck),
        "regex_find" => Value::from_function(texts::regex_find),
        "regex_match" => Value::from_function(texts::regex_match),
        "regex_replace" => Value::from_function(texts::regex_replace),
        "round" => Value::from_function(numbers::round),
        "sha256" => Value::from_function(codecs::sha256),
        "sort" => Value::from_function(lists::sort),
        "split" => Value::from_function(texts::split),
        "string" => Value::from_function(texts::string),
        "sum" => Value::from_function(lists::sum),
        "tojson" => Value::from_function(texts::to_json),
        "unique" => Value::from_function(lists::unique),
        "urlencode" => Value::from_function(texts::url_encode),
        _ => return None,
    })
}

/// Returns our form of a test, where there is one. It takes what the test takes.
pub(super) fn strict_test(name: &str) -> Option<Value> {
    if let Some((_, holds)) = ORDERING_TESTS.iter().find(|(known, _)| *known == name) {
        return Some(ordering(*holds));
    }
    Some(match name {
        "eq" | "equalto" => Value::from_function(comparisons::is_same),
        "ne" => Value::from_function(comparisons::is_different),
        "in" => Value::from_function(comparisons::is_in),
        "number" => Value::from_function(comparisons::is_number),
        "integer" => Value::from_function(number::is_integer),
        "float" => Value::from_function(number::is_float),
        _ => return None,
    })
}

/// Returns our form of an operator, as a function of both operands, where there is one.
pub(super) fn strict_operator(operator: BinOpKind) -> Option<Value> {
    Some(match operator {
        BinOpKind::Lt => ordering(Ordering::is_lt),
        BinOpKind::Lte => ordering(Ordering::is_le),
        BinOpKind::Gt => ordering(Ordering::is_gt),
        BinOpKind::Gte => ordering(Ordering::is_ge),
        BinOpKind::Eq => Value::from_function(comparisons::equal),
        BinOpKind::Ne => Value::from_function(comparisons::unequal),
        BinOpKind::In => Value::from_function(comparisons::contains),
        BinOpKind::Concat => Value::from_function(texts::concat),
        BinOpKind::ScAnd
        | BinOpKind::ScOr
        | BinOpKind::Add
        | BinOpKind::Sub
        | BinOpKind::Mul
        | BinOpKind::Div
        | BinOpKind::FloorDiv
        | BinOpKind::Rem
        | BinOpKind::Pow => return None,
    })
}

/// Returns the function that makes a date of a text.
pub(super) fn date() -> Value {
    Value::from_function(dates::date)
}

/// Returns whether a filter of MiniJinja makes text of what it is given.
pub(super) fn takes_text(filter: &str) -> bool {
    TEXT_FILTERS.contains(&filter)
}

/// Returns the function that makes text of a value.
pub(super) fn text() -> Value {
    Value::from_function(texts::string)
}

/// Returns the function that every operand of an operator goes through that calculates.
pub(super) fn operand() -> Value {
    Value::from_function(numbers::operand)
}

/// Returns the function that every operand of `*` goes through.
pub(super) fn factor() -> Value {
    Value::from_function(|value: Value| {
        if matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable) {
            return Err(invalid("a list cannot be multiplied"));
        }
        numbers::operand(value)
    })
}

/// Returns the pattern of a filter compiled, if it is constant and the filter takes one.
pub(super) fn compiled_pattern(filter: &str, pattern: &Value) -> Option<Value> {
    PATTERN_FILTERS.contains(&filter).then(|| texts::compiled(pattern))?
}

/// Returns whether a filter looks a test up by its name while it runs.
pub(super) fn names_a_test(filter: &str) -> bool {
    NAMING_FILTERS.contains(&filter)
}

/// Makes tests strict for filters that look them up by name.
pub(super) fn add_strict_tests(environment: &mut Environment<'static>) {
    for (name, holds) in ORDERING_TESTS {
        environment.add_test(name, compare(holds));
    }
    for name in ["eq", "equalto", "=="] {
        environment.add_test(name, comparisons::is_same);
    }
    for name in ["ne", "!="] {
        environment.add_test(name, comparisons::is_different);
    }
    environment.add_test("in", comparisons::is_in);
    environment.add_test("number", comparisons::is_number);
    environment.add_test("integer", number::is_integer);
    environment.add_test("float", number::is_float);
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
        values::order(&left, &right).map(holds).map_err(problem)
    }
}

/// Charges for reading a string, as MiniJinja does where a filter gets one.
fn charge(state: &State<'_, '_>, subject: &Value) -> Result<(), Error> {
    state.consume_fuel(subject.as_str().map_or(0, |text| (text.len() / BYTES_PER_STEP) as u64))
}

fn problem(problem: Problem) -> Error {
    invalid(problem.to_string())
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, message.into())
}
