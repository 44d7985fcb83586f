//! How two JSON values compare.

use std::cmp::Ordering;

use minijinja::Value;
use minijinja::value::ValueKind;

use crate::expression::{Evaluated, Meter, Problem, values};

/// Nesting of values that can be compared.
const DEPTH_MAX: usize = 128;

/// A condition's `type` that compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equals,
    NotEquals,
    GreaterThan,
    GreaterOrEqual,
    LessThan,
    LessOrEqual,
    Contains,
}

impl Comparison {
    pub(super) const NAMES: [(&str, Self); 7] = [
        ("equals", Self::Equals),
        ("not_equals", Self::NotEquals),
        ("greater_than", Self::GreaterThan),
        ("greater_or_equal", Self::GreaterOrEqual),
        ("less_than", Self::LessThan),
        ("less_or_equal", Self::LessOrEqual),
        ("contains", Self::Contains),
    ];

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, comparison)| *comparison)
    }

    /// Compares two values.
    pub(super) fn holds(
        self,
        found: &Evaluated<'_>,
        wanted: &Evaluated<'_>,
        meter: &Meter,
    ) -> Result<bool, Problem> {
        let mut budget = values::Budget::unlimited(DEPTH_MAX);
        let (found, wanted) = (found.read(meter, &mut budget)?, wanted.read(meter, &mut budget)?);
        match self {
            Self::Equals => Ok(equal(&found, &wanted)),
            Self::NotEquals => Ok(!equal(&found, &wanted)),
            Self::GreaterThan => values::order(&found, &wanted).map(Ordering::is_gt),
            Self::GreaterOrEqual => values::order(&found, &wanted).map(Ordering::is_ge),
            Self::LessThan => values::order(&found, &wanted).map(Ordering::is_lt),
            Self::LessOrEqual => values::order(&found, &wanted).map(Ordering::is_le),
            Self::Contains => contains(&found, &wanted),
        }
    }
}

/// JSON equality: never between kinds, unlike MiniJinja's `true == 1`.
fn equal(left: &Value, right: &Value) -> bool {
    let is_bool = |value: &Value| matches!(value.kind(), ValueKind::Bool);
    is_bool(left) == is_bool(right) && values::equal(left, right)
}

fn contains(container: &Value, wanted: &Value) -> Result<bool, Problem> {
    match (container.kind(), wanted.as_str()) {
        (ValueKind::String, Some(part)) => Ok(container.as_str().is_some_and(|text| text.contains(part))),
        (ValueKind::Map, Some(key)) => Ok(container.get_attr(key).is_ok_and(|value| !value.is_undefined())),
        (ValueKind::Seq, _) => {
            Ok(container.try_iter().is_ok_and(|mut items| items.any(|item| equal(&item, wanted))))
        }
        _ => {
            let (container, wanted) = (values::described(container), values::described(wanted));
            Err(Problem::new(format!("{container} cannot contain {wanted}")))
        }
    }
}
