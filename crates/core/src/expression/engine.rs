//! Evaluates what is more than a path, in MiniJinja.
//!
//! Fuel bounds the work that an expression does, not the size of what it is given: printing, comparing or joining a
//! large value is charged after the fact. So what an expression may read is bounded too (`READ_UNITS_MAX`), counted for
//! each mention, and nothing in the allowed filters can repeat a value that was read once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use minijinja::value::{Kwargs, Rest, ValueKind, ValueOrKwargs};
use minijinja::{Environment, Error, ErrorKind, State, UndefinedBehavior, Value};

use crate::limits::Limits;
use crate::scope::Scope;

use super::error::Problem;
use super::path::Path;
use super::rewrite::ORDERING_FILTERS;
use super::values::{self, Budget, Writer};

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
/// Filters of MiniJinja's own set that are taken away: what they build is larger than what they are charged for.
const REMOVED_FILTERS: [&str; 10] =
    ["attr", "batch", "chain", "format", "groupby", "indent", "pprint", "slice", "urlencode", "zip"];

/// Tests that order, and their signs.
const ORDERING_TESTS: [(&str, &str); 10] = [
    ("lt", "<"),
    ("lessthan", "<"),
    ("<", "<"),
    ("le", "<="),
    ("<=", "<="),
    ("gt", ">"),
    ("greaterthan", ">"),
    (">", ">"),
    ("ge", ">="),
    (">=", ">="),
];

/// The filter that `rewrite` puts behind the operands of `*`.
pub(super) const FACTOR_FILTER: &str = "_factor";
const VARIABLE_PREFIX: &str = "_p";

/// What one expression may read: a unit for each byte of a string, 32 for each value.
const READ_UNITS_MAX: usize = 8 * 1024 * 1024;
/// Entries that `split` and `lines` may make.
const SPLIT_ENTRIES_MAX: usize = 50_000;
/// Bytes that `tojson` may write.
const TOJSON_BYTES_MAX: usize = 1024 * 1024;

/// An expression that MiniJinja evaluates.
#[derive(Clone, Debug)]
pub(super) struct Computed {
    expression: Arc<minijinja::Expression<'static, 'static>>,
    slots: Vec<Slot>,
    depth_max: usize,
}

/// A path in an expression; the variable `_p<number>` stands for it.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub(super) path: Path,
    /// How often the expression names it.
    pub(super) mentions: usize,
    /// Whether it may lead nowhere, because a default or a test follows wherever it is named.
    pub(super) is_optional: bool,
}

/// Returns the name of the variable that stands for slot `number`.
pub(super) fn variable(number: usize) -> String {
    format!("{VARIABLE_PREFIX}{number}")
}

/// Compiles `rewritten`, in which variables stand for `slots`.
pub(super) fn compile(rewritten: String, slots: Vec<Slot>, limits: &Limits) -> Result<Computed, Problem> {
    let compiled = environment(limits.expression_fuel).compile_expression_owned(rewritten);
    let expression = Arc::new(compiled.map_err(|error| problem(&error, &slots))?);
    Ok(Computed { expression, slots, depth_max: limits.json_depth_max })
}

impl Computed {
    pub(super) fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// Evaluates with what `scope` has at each path. A path that leads nowhere is undefined: an error only if it is used.
    pub(super) fn evaluate(&self, scope: &Scope) -> Result<Value, Problem> {
        let mut budget = Budget::new(READ_UNITS_MAX, self.depth_max);
        let mut variables = BTreeMap::new();
        for (number, slot) in self.slots.iter().enumerate() {
            if let Ok(found) = slot.path.resolve(scope) {
                variables
                    .insert(variable(number), values::from_json(found.as_str(), slot.mentions, &mut budget)?);
            }
        }
        let value =
            self.expression.eval(Value::from(variables)).map_err(|error| self.explain(&error, scope))?;
        if value.is_undefined() {
            return Err(self.missing(scope).unwrap_or_else(|| Problem::new("it gives no value")));
        }
        Ok(value)
    }

    fn explain(&self, error: &Error, scope: &Scope) -> Problem {
        let is_undefined =
            matches!(error.detail(), None | Some("")) || error.kind() == ErrorKind::UndefinedError;
        let named = self.slots.iter().enumerate().find(|(number, _)| {
            error
                .detail()
                .is_some_and(|detail| detail.contains(&format!("`{}` is undefined", variable(*number))))
        });
        match named.and_then(|(_, slot)| slot.path.resolve(scope).err()) {
            Some(missing) => missing.into(),
            None if is_undefined => self.missing(scope).unwrap_or_else(|| problem(error, &self.slots)),
            None => problem(error, &self.slots),
        }
    }

    /// Says which path leads nowhere, if one does.
    fn missing(&self, scope: &Scope) -> Option<Problem> {
        let needed = self.slots.iter().filter(|slot| !slot.is_optional);
        let optional = self.slots.iter().filter(|slot| slot.is_optional);
        needed.chain(optional).find_map(|slot| slot.path.resolve(scope).err()).map(Problem::from)
    }
}

fn problem(error: &Error, slots: &[Slot]) -> Problem {
    if error.kind() == ErrorKind::OutOfFuel {
        return Problem::new("it takes too many steps or makes too large a value");
    }
    let mut message = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
    // Later variables first, so that `_p1` does not match the beginning of `_p12`.
    for (number, slot) in slots.iter().enumerate().rev() {
        message = message.replace(&variable(number), &slot.path.text());
    }
    Problem::new(message)
}

/// Returns the environment of all expressions with this much fuel. It is made once and kept: a process has one setting.
fn environment(fuel: u64) -> &'static Environment<'static> {
    static ALL: Mutex<BTreeMap<u64, &'static Environment<'static>>> = Mutex::new(BTreeMap::new());
    let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
    all.entry(fuel).or_insert_with(|| Box::leak(Box::new(new_environment(fuel))))
}

fn new_environment(fuel: u64) -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(fuel));
    environment.set_recursion_limit(64);
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    // So that errors say which variable was undefined.
    environment.set_debug(true);
    for name in ["range", "dict", "debug", "namespace"] {
        environment.remove_global(name);
    }
    for name in REMOVED_FILTERS {
        environment.remove_filter(name);
    }
    environment.add_filter(FACTOR_FILTER, factor);
    for (sign, filter) in ORDERING_FILTERS {
        environment.add_filter(filter, ordering(sign));
    }
    for (test, sign) in ORDERING_TESTS {
        environment.add_test(test, ordering(sign));
    }
    environment.add_filter("map", map);
    environment.add_filter("split", split);
    environment.add_filter("lines", lines);
    environment.add_filter("tojson", to_json);
    environment
}

/// Lets through what `*` may multiply. A multiplied list would be lazy: free to make, and expensive to whoever reads it.
fn factor(value: Value) -> Result<Value, Error> {
    if matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable) {
        return Err(invalid("a list cannot be multiplied"));
    }
    Ok(value)
}

/// Returns the strict form of an operator that orders: for two numbers or two strings, and an error for the rest.
fn ordering(sign: &'static str) -> impl Fn(Value, Value) -> Result<bool, Error> + Send + Sync + 'static {
    move |left, right| {
        if left.is_undefined() || right.is_undefined() {
            return Err(Error::from(ErrorKind::UndefinedError));
        }
        let order = values::order(&left, &right).map_err(|problem| invalid(problem.to_string()))?;
        Ok(match sign {
            "<" => order.is_lt(),
            "<=" => order.is_le(),
            ">" => order.is_gt(),
            _ => order.is_ge(),
        })
    }
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
        let filters = MAPPED_FILTERS.join(", ");
        return Err(invalid(format!("`map` takes `attribute=\"…\"` or the name of one of these: {filters}")));
    }
    minijinja::filters::map(state, value, arguments)
}

fn split(value: &Value, separator: Option<Arc<str>>, splits_max: Option<i64>) -> Result<Value, Error> {
    let text =
        value.as_str().ok_or_else(|| invalid(format!("`split` needs a string, not {}", value.kind())))?;
    let entries = match separator.as_deref() {
        Some("") => return Err(invalid("`split` needs a separator that is not empty")),
        Some(separator) => text.matches(separator).take(SPLIT_ENTRIES_MAX).count(),
        None => text.split_whitespace().take(SPLIT_ENTRIES_MAX).count(),
    };
    check_entries(entries)?;
    minijinja::filters::split(value, separator, splits_max)
}

fn lines(value: &Value) -> Result<Value, Error> {
    let text =
        value.as_str().ok_or_else(|| invalid(format!("`lines` needs a string, not {}", value.kind())))?;
    check_entries(text.lines().take(SPLIT_ENTRIES_MAX).count())?;
    minijinja::filters::lines(value)
}

fn check_entries(entries: usize) -> Result<(), Error> {
    if entries >= SPLIT_ENTRIES_MAX {
        return Err(invalid(format!("it splits into {SPLIT_ENTRIES_MAX} entries or more")));
    }
    Ok(())
}

fn to_json(value: &Value) -> Result<String, Error> {
    let mut writer = Writer::new(TOJSON_BYTES_MAX);
    values::write_json(value, &mut writer).map_err(|problem| invalid(problem.to_string()))?;
    Ok(writer.into_text())
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, message.into())
}
