//! Conditions of lists, put together from what is asked.

use tokio_postgres::types::{ToSql, Type};

use crate::value::{Typed, Value};

/// Conditions that must all hold. Texts are ours; values are parameters, never pasted.
#[derive(Debug, Default)]
pub(crate) struct Conditions {
    texts: Vec<&'static str>,
    values: Vec<(Box<dyn ToSql + Sync + Send>, Type)>,
}

impl Conditions {
    /// Adds `text`, in which `?` is the parameter `value`, if there is a value.
    pub(crate) fn add<V: Value + Send + 'static>(&mut self, text: &'static str, value: Option<V>) {
        if let Some(value) = value {
            self.texts.push(text);
            self.values.push((Box::new(value), V::TYPE));
        }
    }

    /// Adds a condition without a value.
    pub(crate) fn add_plain(&mut self, text: &'static str) {
        self.texts.push(text);
    }

    /// Returns all of them as one expression, whose first parameter is `$first`; what always holds if there is none.
    pub(crate) fn expression(&self, first: usize) -> String {
        if self.texts.is_empty() {
            return "TRUE".to_owned();
        }
        let joined = self.texts.join(" AND ");
        let mut parts = joined.split('?');
        let mut expression = parts.next().unwrap_or_default().to_owned();
        for (place, part) in parts.enumerate() {
            expression.push_str(&format!("${}{part}", first + place));
        }
        expression
    }

    /// Returns the values in the order of their places.
    pub(crate) fn values(&self) -> impl Iterator<Item = Typed<'_>> {
        self.values.iter().map(|(value, kind)| (&**value as &(dyn ToSql + Sync), kind.clone()))
    }
}

/// A text to look for, whatever the case of its letters, in all scripts. It is looked for here, not in the database, whose `lower`
/// knows the letters of its locale alone.
#[derive(Debug)]
pub(crate) struct Text {
    lower: String,
}

impl Text {
    pub(crate) fn new(text: &str) -> Self {
        Self { lower: text.to_lowercase() }
    }

    /// Returns whether `field` holds the text.
    pub(crate) fn is_in(&self, field: &str) -> bool {
        field.to_lowercase().contains(&self.lower)
    }

    /// Returns whether `field`, which is in lower case, begins with the text.
    pub(crate) fn begins(&self, field: &str) -> bool {
        field.starts_with(&self.lower)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_numbered_in_the_order_of_their_values() {
        let mut conditions = Conditions::default();
        assert_eq!(conditions.expression(1), "TRUE");
        conditions.add("a = ?", Some(1_i64));
        conditions.add("b = ?", None::<bool>);
        conditions.add_plain("c IS NULL");
        conditions.add("d < ?", Some(true));

        assert_eq!(conditions.expression(1), "a = $1 AND c IS NULL AND d < $2");
        assert_eq!(conditions.expression(7), "a = $7 AND c IS NULL AND d < $8");
        assert_eq!(conditions.values().map(|(_, kind)| kind).collect::<Vec<_>>(), [Type::INT8, Type::BOOL]);
    }
}
