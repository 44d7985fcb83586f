//! Filters over numbers.

use minijinja::value::Kwargs;
use minijinja::{Error, State, Value, filters};

use super::super::{number, values};
use super::{charge, invalid, problem};

/// Above this, a float does not fit into an integer that MiniJinja calculates with.
const INTEGRAL_MAX: f64 = 1e38;

/// Returns an operand in a form that can be calculated with.
pub(super) fn operand(value: Value) -> Result<Value, Error> {
    number::calculable(value).map_err(problem)
}

pub(super) fn abs(value: Value) -> Result<Value, Error> {
    filters::abs(operand(value)?)
}

pub(super) fn round(
    value: Value,
    precision: Option<i32>,
    method: Option<&str>,
    named: Kwargs,
) -> Result<Value, Error> {
    filters::round(operand(value)?, precision, method, named)
}

/// `int`: strings may have spaces around the number, and what cannot be read is an error that names it.
pub(super) fn int(
    state: &State<'_, '_>,
    value: &Value,
    default: Option<Value>,
    base: Option<u32>,
    named: Kwargs,
) -> Result<Value, Error> {
    charge(state, value)?;
    let base = if base.is_some() { base } else { named.get("base")? };
    let text = match value.as_str() {
        Some(text) if matches!(base, None | Some(10)) => Some(text.trim().to_owned()),
        Some(_) => None,
        None => number::text_of(value),
    };
    let Some(text) = text else { return filters::int(state, value, default, base, named) };
    let default = if default.is_some() { default } else { named.get("default")? };
    named.assert_all_used()?;
    integer(&text).or(default).ok_or_else(|| unreadable(value, "an integer"))
}

/// Reads an integer, or a decimal number without its fraction.
fn integer(text: &str) -> Option<Value> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let are_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if are_digits(whole) && are_digits(fraction) {
        let whole = whole.trim_start_matches('0');
        let sign = if text.starts_with('-') && !whole.is_empty() { "-" } else { "" };
        return Some(number::from_text(&format!("{sign}{}", if whole.is_empty() { "0" } else { whole })));
    }
    let float = text.parse::<f64>().ok().filter(|float| float.abs() < INTEGRAL_MAX)?;
    Some(Value::from(float.trunc() as i128))
}

/// `float`: strings may have spaces around the number, and what cannot be read is an error that names it.
pub(super) fn float(
    state: &State<'_, '_>,
    value: &Value,
    default: Option<Value>,
    named: Kwargs,
) -> Result<Value, Error> {
    charge(state, value)?;
    let text = value.as_str().map(|text| text.trim().to_owned()).or_else(|| number::text_of(value));
    let Some(text) = text else { return filters::float(state, value, default, named) };
    let default = if default.is_some() { default } else { named.get("default")? };
    named.assert_all_used()?;
    let float = text.parse::<f64>().ok().filter(|float| float.is_finite()).map(Value::from);
    float.or(default).ok_or_else(|| unreadable(value, "a number"))
}

/// `bool`: the texts `true` and `false` mean what they say, and other texts are an error.
pub(super) fn bool(state: &State<'_, '_>, value: &Value) -> Result<bool, Error> {
    match value.as_str().map(|text| text.trim().to_ascii_lowercase()).as_deref() {
        Some("true") => Ok(true),
        Some("false") => Ok(false),
        Some(_) => Err(unreadable(value, "`true` or `false`")),
        None => filters::bool(state, value),
    }
}

fn unreadable(value: &Value, wanted: &str) -> Error {
    invalid(format!("{} cannot be read as {wanted}", values::described(value)))
}
