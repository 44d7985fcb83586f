//! JSON text as values of JavaScript. A number becomes what keeps it: a Number, or a BigInt.

use std::borrow::Cow;
use std::fmt;

use rquickjs::object::Property;
use rquickjs::{Array, Ctx, Function, Object, String as Text, Value};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::place::Place;
use crate::{Failure, Why};

/// The largest integer up to which all are Numbers: `Number.MAX_SAFE_INTEGER`.
const SAFE_MAX: u64 = (1 << 53) - 1;

/// Makes values.
pub(crate) struct Maker<'js> {
    pub(crate) ctx: Ctx<'js>,
    /// The function `BigInt`.
    pub(crate) big: Function<'js>,
}

/// Why there is no value.
pub(crate) enum Unmade {
    /// A number that JavaScript cannot keep.
    Number(Failure),
    /// The interpreter failed: it has no memory.
    Failed(rquickjs::Error),
}

impl From<rquickjs::Error> for Unmade {
    fn from(error: rquickjs::Error) -> Self {
        Self::Failed(error)
    }
}

impl<'js> Maker<'js> {
    pub(crate) fn make(&self, text: &str) -> Result<Value<'js>, Unmade> {
        self.value(text, &mut Place::default())
    }

    fn value(&self, text: &str, place: &mut Place) -> Result<Value<'js>, Unmade> {
        let text = text.trim_ascii();
        match text.as_bytes().first() {
            Some(b'n') | None => Ok(Value::new_null(self.ctx.clone())),
            Some(b't') => Ok(Value::new_bool(self.ctx.clone(), true)),
            Some(b'f') => Ok(Value::new_bool(self.ctx.clone(), false)),
            Some(b'"') => Ok(Text::from_str(self.ctx.clone(), &read::<Cow<'_, str>>(text)?)?.into_value()),
            Some(b'[') => self.array(text, place),
            Some(b'{') => self.object(text, place),
            Some(_) => self.number(text, place),
        }
    }

    fn array(&self, text: &str, place: &mut Place) -> Result<Value<'js>, Unmade> {
        let array = Array::new(self.ctx.clone())?;
        for (index, item) in read::<Vec<&RawValue>>(text)?.into_iter().enumerate() {
            place.enter(index.to_string());
            array.set(index, self.value(item.get(), place)?)?;
            place.leave();
        }
        Ok(array.into_value())
    }

    fn object(&self, text: &str, place: &mut Place) -> Result<Value<'js>, Unmade> {
        let object = Object::new(self.ctx.clone())?;
        for (key, value) in read::<Members<'_>>(text)?.0 {
            place.enter(&*key);
            let value = self.value(value.get(), place)?;
            place.leave();
            // `__proto__` is a key like any other; setting it would do something else.
            object.prop(&*key, Property::from(value).writable().enumerable().configurable())?;
        }
        Ok(object.into_value())
    }

    fn number(&self, text: &str, place: &Place) -> Result<Value<'js>, Unmade> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        if digits.bytes().all(|byte| byte.is_ascii_digit())
            && !digits.parse::<u64>().is_ok_and(|number| number <= SAFE_MAX)
        {
            return Ok(self.big.call((text,))?);
        }
        let number: f64 = text.parse().unwrap_or(f64::NAN);
        if !number.is_finite() || Decimal::of(text) != Decimal::of(&format!("{number:e}")) {
            let shown: String = text.chars().take(60).collect();
            let message = format!(
                "{} is the number {shown}, of which JavaScript cannot keep every digit. Pass it as text, or leave it out of \
                 the `input` of the node.",
                place.said("The input")
            );
            return Err(Unmade::Number(Failure::new(Why::Input, message)));
        }
        Ok(Value::new_number(self.ctx.clone(), number))
    }
}

fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, rquickjs::Error> {
    // The whole text was read as JSON before.
    serde_json::from_str(text).map_err(|_| rquickjs::Error::Unknown)
}

/// The members of an object, in order.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;
        impl<'de> Visitor<'de> for All {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(All)
    }
}

/// What a decimal number is, however it is written: its digits without zeros around them, and its exponent.
#[derive(Debug, PartialEq, Eq)]
struct Decimal {
    is_negative: bool,
    digits: String,
    exponent: i64,
}

impl Decimal {
    fn of(text: &str) -> Option<Self> {
        let (is_negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let exponent: i64 = exponent.parse().ok()?;
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{whole}{fraction}");
        let digits = all.trim_start_matches('0');
        let exponent = exponent - i64::try_from(fraction.len()).ok()?;
        let kept = digits.trim_end_matches('0');
        if kept.is_empty() {
            return Some(Self { is_negative: false, digits: String::new(), exponent: 0 });
        }
        let zeros = i64::try_from(digits.len() - kept.len()).ok()?;
        Some(Self { is_negative, digits: kept.to_owned(), exponent: exponent + zeros })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_number_is_the_same_however_it_is_written() {
        for (one, other) in
            [("1.10", "1.1"), ("1e2", "100"), ("-0.05", "-5e-2"), ("0.0", "-0"), ("12E+1", "120.0")]
        {
            assert_eq!(Decimal::of(one), Decimal::of(other), "{one}");
        }
        assert_ne!(Decimal::of("0.1"), Decimal::of("0.10000000000000000001"));
        assert_ne!(Decimal::of("1"), Decimal::of("-1"));
    }
}
