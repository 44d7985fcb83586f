//! Instructions of a skill: a text in which `${input.…}` is replaced by a part of the input.
//!
//! Between `${` and `}` is a path, as in expressions, and nothing more, so that what the model reads can be seen from
//! the text. `$${` gives a plain `${`.

use serde_json::Value;

use crate::expression::{self, Step};
use crate::limits::Limits;
use crate::template::{self, Piece};

const ROOT: &str = "input";

/// A text with places for the input's parts, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Instructions {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Text(String),
    Input { written: String, steps: Vec<Step> },
}

impl Instructions {
    /// Reads `text`.
    ///
    /// # Errors
    /// A sentence, without its full stop, that names the first reference that is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        let pieces = template::pieces(text).map_err(|problem| problem.to_string())?;
        let parts: Result<Vec<Part>, String> = pieces.into_iter().map(Part::read).collect();
        Ok(Self { parts: parts? })
    }

    /// Returns the number of places for parts of the input.
    pub(super) fn places(&self) -> usize {
        self.parts.iter().filter(|part| matches!(part, Part::Input { .. })).count()
    }

    /// Returns the text with the parts of `input` in their places: strings as they are, anything else as JSON.
    ///
    /// # Errors
    /// A sentence that names the reference, the field that is missing and the fields that are there, or that the text has
    /// more than `input_bytes_max` bytes.
    pub fn render(&self, input: &Value) -> Result<String, String> {
        let bytes_max = Limits::DEFAULT.input_bytes_max;
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(literal) => text.push_str(literal),
                Part::Input { written, steps } => match found(input, steps) {
                    Some(Value::String(found)) => text.push_str(found),
                    Some(found) => text.push_str(&found.to_string()),
                    None => return Err(missing(input, written, steps)),
                },
            }
            if text.len() > bytes_max {
                return Err(format!(
                    "The instructions have more than {bytes_max} bytes with the parts of the input in their places."
                ));
            }
        }
        Ok(text)
    }
}

fn found<'v>(input: &'v Value, steps: &[Step]) -> Option<&'v Value> {
    steps.iter().try_fold(input, |at, step| match step {
        Step::Field(name) => at.as_object()?.get(name),
        Step::Entry(index) => at.as_array()?.get(*index),
    })
}

/// Says that `steps` lead nowhere.
fn missing(input: &Value, written: &str, steps: &[Step]) -> String {
    match expression::walk(&input.to_string(), steps, || ROOT.to_owned()) {
        Err(missing) => format!("The instructions name {written}, but {missing}."),
        Ok(_) => format!("The instructions name {written}, which the input does not have."),
    }
}

impl Part {
    fn read(piece: Piece<'_>) -> Result<Self, String> {
        let inside = match piece {
            Piece::Text(text) => return Ok(Self::Text(text)),
            Piece::Expression(inside) => inside,
        };
        let steps = steps(inside.trim()).ok_or_else(|| {
            format!("`${{{inside}}}` is not `${{input}}` or a path like `${{input.items[0].name}}`")
        })?;
        Ok(Self::Input { written: format!("${{{inside}}}"), steps })
    }
}

fn steps(reference: &str) -> Option<Vec<Step>> {
    unquoted_steps(reference).or_else(|| expression::steps_from(ROOT, reference, &Limits::DEFAULT))
}

/// Reads a path whose fields may have hyphens and letters beyond ASCII: nothing is calculated here, so they need no
/// quotes.
fn unquoted_steps(reference: &str) -> Option<Vec<Step>> {
    let mut rest = reference.strip_prefix(ROOT)?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let (place, after) = inner.split_once(']')?;
            steps.push(Step::Entry(place.parse().ok()?));
            rest = after;
        } else {
            let inner = rest.strip_prefix('.')?;
            let end = inner.find(['.', '[']).unwrap_or(inner.len());
            let field = &inner[..end];
            if field.is_empty() || !field.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-')) {
                return None;
            }
            steps.push(Step::Field(field.to_owned()));
            rest = &inner[end..];
        }
    }
    Some(steps)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn parts_of_the_input_are_put_in() {
        let instructions =
            Instructions::parse("Rate ${input.vendor.name}: ${input.scores[1]} of ${ input }; $${x}");

        let text = instructions.unwrap().render(&json!({ "scores": [1, 2], "vendor": { "name": "Acme" } }));

        assert_eq!(text.unwrap(), r#"Rate Acme: 2 of {"scores":[1,2],"vendor":{"name":"Acme"}}; ${x}"#);
    }

    #[test]
    fn a_missing_field_is_named_with_those_that_are_there() {
        let instructions = Instructions::parse("${input.vendor.nam}").unwrap();

        let error = instructions.render(&json!({ "vendor": { "name": 1 } })).unwrap_err();

        assert_eq!(
            error,
            "The instructions name ${input.vendor.nam}, but `input.vendor` has no field `nam`; it has `name`."
        );
    }

    #[test]
    fn fields_of_any_name_are_reached() {
        let text = r#"${input.vendor-id}, ${input.größe[0].x-1}, ${input["a}b"]}, ${input['größe'][0]["x-1"]}, ${input.0}, $$${input}"#;

        let rendered = Instructions::parse(text).unwrap().render(&json!({
            "vendor-id": 7, "größe": [{ "x-1": "\"ß\"" }], "a}b": null, "0": true,
        }));

        assert_eq!(rendered.unwrap(), r#"7, "ß", null, "ß", true, $${input}"#);
    }

    #[test]
    fn what_is_no_path_is_refused() {
        let texts = [
            "${secrets.KEY}",
            "${input.}",
            "${input",
            "${inputs}",
            "${input.a b}",
            "${input[x]}",
            "${}",
            "${input | upper}",
            "${input.a - 1}",
            "${(input).a}",
            "${input[-1]}",
            "${input.é é}",
        ];
        for text in texts {
            assert!(Instructions::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_empty_text_is_an_empty_text() {
        assert_eq!(Instructions::parse("").unwrap().render(&json!({})), Ok(String::new()));
    }

    #[test]
    fn a_text_has_a_number_of_bytes() {
        let bytes_max = Limits::DEFAULT.input_bytes_max;
        let instructions = Instructions::parse("Rate ${input}").unwrap();
        let rendered = |bytes: usize| instructions.render(&json!("x".repeat(bytes - "Rate ".len())));

        assert!(rendered(bytes_max).is_ok_and(|text| text.len() == bytes_max));
        assert!(rendered(bytes_max + 1).is_err());
    }
}
