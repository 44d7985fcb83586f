//! A string whose values are put in by their place: a URL, or a string that holds secrets.

use std::sync::Arc;

use super::secrets::{SecretPlace, SecretSlot};
use super::url::UrlText;
use crate::expression::values::Writer;
use crate::expression::{Expression, ExpressionError, percent_encoded};
use crate::scope::Scope;

/// A string, in parts.
#[derive(Clone, Debug)]
pub(super) struct Filled {
    /// JSON pointer of the string.
    pub(super) pointer: String,
    pub(super) parts: Vec<Part>,
    pub(super) encoding: Encoding,
}

/// How values are written into a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// As they are.
    None,
    /// As one name or value of a form.
    Form,
    /// As their place in a URL asks for.
    Url,
}

#[derive(Clone, Debug)]
pub(super) enum Part {
    Text(String),
    Value(Expression),
}

impl Part {
    pub(super) const fn expression(&self) -> Option<&Expression> {
        match self {
            Self::Text(_) => None,
            Self::Value(expression) => Some(expression),
        }
    }

    pub(super) fn into_expression(self) -> Option<Expression> {
        match self {
            Self::Text(_) => None,
            Self::Value(expression) => Some(expression),
        }
    }

    pub(super) fn is_secret(&self) -> bool {
        self.secret().is_some()
    }

    /// Returns the name of the secret that this part is.
    fn secret(&self) -> Option<&Arc<str>> {
        self.expression().and_then(|expression| expression.references().secrets.first())
    }
}

impl Filled {
    pub(super) fn expressions(&self) -> impl Iterator<Item = &Expression> {
        self.parts.iter().filter_map(Part::expression)
    }

    /// Writes the string, and adds to `slots` where it names secrets.
    pub(super) fn write(
        &self,
        scope: &Scope,
        writer: &mut Writer,
        slots: &mut Vec<SecretSlot>,
    ) -> Result<(), ExpressionError> {
        let mut text = UrlText::default();
        let mut places = Vec::new();
        for part in &self.parts {
            if let Some(name) = part.secret() {
                places.push(SecretPlace { at: text.len(), name: Arc::clone(name) });
            }
            self.put(part, scope, &mut text, writer.bytes_left())?;
        }
        let text = match self.encoding {
            Encoding::Url => text.finish().map_err(|problem| ExpressionError::beside(problem.to_string()))?,
            Encoding::None | Encoding::Form => text.into_text(),
        };
        if !places.is_empty() {
            let (pointer, is_in_form) = (self.pointer.clone(), self.encoding == Encoding::Form);
            slots.push(SecretSlot { pointer, places, is_in_form });
        }
        writer.string(&text).map_err(|problem| ExpressionError::beside(problem.to_string()))
    }

    fn put(
        &self,
        part: &Part,
        scope: &Scope,
        text: &mut UrlText,
        bytes_max: usize,
    ) -> Result<(), ExpressionError> {
        let expression = match part {
            Part::Text(literal) => {
                text.literal(literal);
                return Ok(());
            }
            Part::Value(expression) => expression,
        };
        let named = |problem| expression.error(problem);
        let value = expression.value(scope)?;
        let value = value.text(bytes_max).map_err(named)?;
        match self.encoding {
            // The secret is put in later.
            _ if part.is_secret() => text.literal(&value),
            Encoding::Url if expression.is_url_encoded() => text.encoded(&value).map_err(named)?,
            Encoding::Url => text.value(&value).map_err(named)?,
            Encoding::Form if !expression.is_url_encoded() => text.literal(&percent_encoded(&value)),
            Encoding::None | Encoding::Form => text.literal(&value),
        }
        Ok(())
    }
}
