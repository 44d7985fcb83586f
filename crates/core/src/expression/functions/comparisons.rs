//! Operators and tests that compare: as MiniJinja has them, but numbers by all their digits.

use minijinja::value::ValueKind;
use minijinja::{Error, ErrorKind, State, Value};

use super::super::{number, values};
use super::{charge, invalid, texts};

/// `==`
pub(super) fn equal(state: &State<'_, '_>, left: &Value, right: &Value) -> Result<bool, Error> {
    check_defined(left, right)?;
    is_same(state, left, right)
}

/// `!=`
pub(super) fn unequal(state: &State<'_, '_>, left: &Value, right: &Value) -> Result<bool, Error> {
    equal(state, left, right).map(|equal| !equal)
}

/// `is eq`, which may be asked of a value that is not there.
pub(super) fn is_same(state: &State<'_, '_>, left: &Value, right: &Value) -> Result<bool, Error> {
    if left.as_object().is_some() && left.len() == right.len() {
        state.consume_fuel(values::weight(left))?;
    }
    Ok(same(left, right))
}

fn same(left: &Value, right: &Value) -> bool {
    match number::compare(left, right) {
        Some(order) => order.is_eq(),
        None if left.as_object().is_some() => values::equal(left, right),
        None => left == right,
    }
}

/// `is ne`
pub(super) fn is_different(state: &State<'_, '_>, left: &Value, right: &Value) -> Result<bool, Error> {
    is_same(state, left, right).map(|same| !same)
}

/// `in`
pub(super) fn contains(state: &State<'_, '_>, needle: &Value, container: &Value) -> Result<bool, Error> {
    check_defined(needle, container)?;
    charge(state, container)?;
    if let Some(text) = container.as_str() {
        return Ok(text.contains(&*texts::text_of(state, needle)?));
    }
    if container.kind() == ValueKind::Map {
        // The value of a key may be undefined.
        return Ok(container.as_object().is_some_and(|map| map.get_value(needle).is_some()));
    }
    if !matches!(container.kind(), ValueKind::Seq | ValueKind::Iterable) {
        return Err(invalid(format!("{} cannot contain anything", values::described(container))));
    }
    state.consume_fuel(values::weight(container))?;
    Ok(container.try_iter()?.any(|entry| same(&entry, needle)))
}

/// `is in`, which may be asked of a value that is not there.
pub(super) fn is_in(state: &State<'_, '_>, needle: &Value, container: &Value) -> Result<bool, Error> {
    if needle.is_undefined() || container.is_undefined() {
        Ok(false)
    } else {
        contains(state, needle, container)
    }
}

/// `is number`: booleans are numbers in this language.
pub(super) fn is_number(value: &Value) -> bool {
    number::is_number(value) || value.kind() == ValueKind::Bool
}

fn check_defined(left: &Value, right: &Value) -> Result<(), Error> {
    if left.is_undefined() || right.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    Ok(())
}
