//! Numbers that keep the digits that they are written with.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use minijinja::Value;
use minijinja::value::{DynObject, Object, ObjectRepr};

use super::error::Problem;

/// Characters of a number that a message repeats.
const SHOWN_CHARS_MAX: usize = 40;

/// A number that MiniJinja's integers and floats cannot hold, or would write with other digits: `19.90`, 40 digits.
///
/// It passes through an expression as it is. What calculates gets a float of it, which is the nearest, not the same.
#[derive(Debug)]
struct ExactNumber {
    text: Box<str>,
}

impl Object for ExactNumber {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn is_true(self: &Arc<Self>) -> bool {
        !Decimal::of(&self.text).digits.is_empty()
    }

    fn custom_cmp(self: &Arc<Self>, other: &DynObject) -> Option<Ordering> {
        let other = other.downcast_ref::<Self>()?;
        Some(Decimal::of(&self.text).cmp(&Decimal::of(&other.text)))
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Returns the number that `text`, a JSON number, says.
pub(crate) fn from_text(text: &str) -> Value {
    let exact = || Value::from_object(ExactNumber { text: text.into() });
    if text == "-0" {
        return exact();
    }
    if let Ok(integer) = text.parse::<i64>() {
        return Value::from(integer);
    }
    if let Ok(integer) = text.parse::<i128>() {
        return Value::from(integer);
    }
    match text.parse::<f64>() {
        Ok(float) if float_text(float).is_some_and(|written| written == text) => Value::from(float),
        _ => exact(),
    }
}

/// Returns the JSON text of `value`, if it is a finite number.
pub(crate) fn text_of(value: &Value) -> Option<String> {
    if let Some(exact) = value.downcast_object_ref::<ExactNumber>() {
        return Some(exact.text.to_string());
    }
    if value.is_integer() {
        return Some(value.to_string());
    }
    if !value.is_number() {
        return None;
    }
    f64::try_from(value.clone()).ok().and_then(float_text)
}

/// Returns a text that equal numbers have in common, if `value` is a finite number.
pub(crate) fn key(value: &Value) -> Option<String> {
    let Decimal { is_negative, digits, point } = Decimal::of(&text_of(value)?);
    let sign = if is_negative { "-" } else { "" };
    let point = if digits.is_empty() { 0 } else { point };
    Some(format!("{sign}0.{}e{point}", String::from_utf8_lossy(&digits)))
}

/// Returns whether `value` is a number of any form.
pub(crate) fn is_number(value: &Value) -> bool {
    value.is_number() || value.downcast_object_ref::<ExactNumber>().is_some()
}

/// Returns whether `value` is a number without a fraction and an exponent.
pub(crate) fn is_integer(value: &Value) -> bool {
    let is_exact_integer = |exact: &ExactNumber| !exact.text.contains(['.', 'e', 'E']);
    value.is_integer() || value.downcast_object_ref::<ExactNumber>().is_some_and(is_exact_integer)
}

/// Returns whether `value` is a number with a fraction or an exponent.
pub(crate) fn is_float(value: &Value) -> bool {
    is_number(value) && !is_integer(value)
}

/// Returns `value` in a form that MiniJinja calculates with; what is no number is returned as it is.
pub(crate) fn calculable(value: Value) -> Result<Value, Problem> {
    let Some(exact) = value.downcast_object_ref::<ExactNumber>() else { return Ok(value) };
    if let Ok(integer) = exact.text.parse::<i128>() {
        return Ok(Value::from(integer));
    }
    match exact.text.parse::<f64>() {
        Ok(float) if float.is_finite() && !is_integer(&value) => Ok(Value::from(float)),
        _ => {
            let shown: String = exact.text.chars().take(SHOWN_CHARS_MAX).collect();
            Err(Problem::new(format!("the number {shown} is too large to calculate with")))
        }
    }
}

/// Orders two numbers by all their digits; `None` if one is no number.
pub(crate) fn compare(left: &Value, right: &Value) -> Option<Ordering> {
    if left.is_integer() && right.is_integer() {
        return Some(left.cmp(right));
    }
    if let (Some(left), Some(right)) = (float_of(left), float_of(right)) {
        return left.partial_cmp(&right);
    }
    let (left, right) = (text_of(left)?, text_of(right)?);
    Some(Decimal::of(&left).cmp(&Decimal::of(&right)))
}

/// Returns the finite float that `value` is. Two of them need no text to be compared.
fn float_of(value: &Value) -> Option<f64> {
    let is_float = value.is_number() && !value.is_integer();
    is_float.then(|| f64::try_from(value.clone()).ok())?.filter(|float| float.is_finite())
}

/// Returns a float as JSON writes it.
fn float_text(float: f64) -> Option<String> {
    serde_json::Number::from_f64(float).map(|number| number.to_string())
}

/// A number as `0.digits × 10^point`, so that equal numbers have equal digits.
#[derive(Debug, PartialEq, Eq)]
struct Decimal {
    is_negative: bool,
    /// Without zeros at either end; empty for zero.
    digits: Vec<u8>,
    point: i64,
}

impl Decimal {
    /// Reads a JSON number.
    fn of(text: &str) -> Self {
        let (is_negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = [whole.as_bytes(), fraction.as_bytes()].concat();
        let leading = all.iter().take_while(|digit| **digit == b'0').count();
        let trailing = all[leading..].iter().rev().take_while(|digit| **digit == b'0').count();
        let digits = all[leading..all.len() - trailing].to_vec();
        let shift =
            i64::try_from(whole.len()).unwrap_or(i64::MAX) - i64::try_from(leading).unwrap_or(i64::MAX);
        Self {
            is_negative: is_negative && !digits.is_empty(),
            digits,
            point: exponent_of(exponent).saturating_add(shift),
        }
    }
}

/// Reads an exponent. One that does not fit is as far away as one can say.
fn exponent_of(text: &str) -> i64 {
    let far = if text.starts_with('-') { i64::MIN / 2 } else { i64::MAX / 2 };
    text.parse().map_or(far, |exponent: i64| exponent.clamp(i64::MIN / 2, i64::MAX / 2))
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let size = |number: &Self| (!number.digits.is_empty()).then_some(number.point);
        let by_size = || size(self).cmp(&size(other)).then_with(|| self.digits.cmp(&other.digits));
        match (self.is_negative, other.is_negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => by_size(),
            (true, true) => by_size().reverse(),
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_keeps_its_text() {
        for text in [
            "0",
            "-0",
            "-0.0",
            "0.0",
            "19.90",
            "1e2",
            "1.0E+2",
            "1e-7",
            "0.1",
            "0.1234567890123456789012345",
            "9223372036854775808",
            "123456789012345678901234567890123456789012345",
            "5e-324",
            "1e-999",
        ] {
            assert_eq!(text_of(&from_text(text)).as_deref(), Some(text));
        }
    }

    #[test]
    fn numbers_are_ordered_by_all_their_digits() {
        let ascending = [
            "-1e400",
            "-10",
            "-9.99",
            "-0.1",
            "0",
            "1e-99999999999999999999",
            "1e-400",
            "0.1",
            "0.10000000000000000001",
            "1",
            "1.5",
            "9007199254740992",
            "9007199254740993",
            "9007199254740993.5",
            "123456789012345678901234567890",
            "1e400",
            "1e99999999999999999999",
        ];
        for (low, high) in ascending.iter().zip(&ascending[1..]) {
            assert_eq!(compare(&from_text(low), &from_text(high)), Some(Ordering::Less), "{low} {high}");
            assert_eq!(compare(&from_text(high), &from_text(low)), Some(Ordering::Greater), "{low} {high}");
        }
        for (one, other) in [("1", "1.0"), ("100", "1e2"), ("-0", "0.000"), ("1.50", "1.5"), ("0e9", "0")] {
            assert_eq!(compare(&from_text(one), &from_text(other)), Some(Ordering::Equal), "{one} {other}");
        }
    }

    #[test]
    fn what_calculates_gets_the_nearest_float() {
        assert_eq!(calculable(from_text("19.90")).unwrap(), Value::from(19.9));
        assert_eq!(calculable(from_text("-0")).unwrap(), Value::from(0));
        assert_eq!(
            calculable(from_text(&"9".repeat(60))).unwrap_err().to_string(),
            format!("the number {} is too large to calculate with", "9".repeat(40))
        );
    }

    #[test]
    fn zero_in_any_form_is_false() {
        for (text, is_true) in
            [("0.00", false), ("-0", false), ("0e5", false), ("0.10", true), ("1e-400", true)]
        {
            assert_eq!(from_text(text).is_true(), is_true, "{text}");
        }
    }
}
