//! Instructions of a skill: a text in which `${input.…}` stands for a part of the input.
//!
//! Not an expression: a path of fields and list places, so that what a model is told can be read off the text.
//! `$${` gives a plain `${`.

use serde_json::Value;

/// A text with places for the input's parts, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Instructions {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Text(String),
    Input { written: String, path: Vec<Step> },
}

#[derive(Clone, Debug, PartialEq)]
enum Step {
    Field(String),
    Place(usize),
}

impl Instructions {
    /// Reads `text`.
    ///
    /// # Errors
    /// A sentence, without its full stop, that names the first reference that is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(at) = rest.find("${") {
            if let Some(before) = rest[..at].strip_suffix('$') {
                literal.push_str(before);
                literal.push_str("${");
                rest = &rest[at + 2..];
                continue;
            }
            literal.push_str(&rest[..at]);
            let (written, after) = rest[at..].split_once('}').ok_or("a `${` has no `}`")?;
            let path = path_of(written[2..].trim()).ok_or_else(|| {
                format!("`{written}}}` is not `${{input}}` or a path like `${{input.items[0].name}}`")
            })?;
            if !literal.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut literal)));
            }
            parts.push(Part::Input { written: format!("{written}}}"), path });
            rest = after;
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            parts.push(Part::Text(literal));
        }
        Ok(Self { parts })
    }

    /// Returns the text with the parts of `input` in their places: strings as they are, anything else as JSON.
    ///
    /// # Errors
    /// A sentence that names the reference, the field that is missing and the fields that are there.
    pub fn render(&self, input: &Value) -> Result<String, String> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(literal) => text.push_str(literal),
                Part::Input { written, path } => match follow(input, path) {
                    Ok(Value::String(found)) => text.push_str(found),
                    Ok(found) => text.push_str(&found.to_string()),
                    Err(reason) => return Err(format!("The instructions name {written}, but {reason}.")),
                },
            }
        }
        Ok(text)
    }
}

fn path_of(reference: &str) -> Option<Vec<Step>> {
    let mut rest = reference.strip_prefix("input")?;
    let mut path = Vec::new();
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let (place, after) = inner.split_once(']')?;
            path.push(Step::Place(place.parse().ok()?));
            rest = after;
        } else {
            let inner = rest.strip_prefix('.')?;
            let end = inner.find(['.', '[']).unwrap_or(inner.len());
            let field = &inner[..end];
            if field.is_empty() || !field.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-')) {
                return None;
            }
            path.push(Step::Field(field.to_owned()));
            rest = &inner[end..];
        }
    }
    Some(path)
}

fn follow<'a>(input: &'a Value, path: &[Step]) -> Result<&'a Value, String> {
    let mut value = input;
    let mut place = "the input".to_owned();
    for step in path {
        let (found, name) = match step {
            Step::Field(field) => (value.get(field), field.clone()),
            Step::Place(at) => (value.get(at), format!("[{at}]")),
        };
        value = found.ok_or_else(|| format!("{place} has no `{name}`; {}", contents(value)))?;
        place = format!("`{name}`");
    }
    Ok(value)
}

fn contents(value: &Value) -> String {
    match value {
        Value::Object(map) if map.is_empty() => "it is empty".to_owned(),
        Value::Object(map) => {
            let fields: Vec<String> = map.keys().take(20).map(|key| format!("`{key}`")).collect();
            format!("it has {}", fields.join(", "))
        }
        Value::Array(items) => format!("it is a list of {}", items.len()),
        Value::Null => "it is null".to_owned(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => "it has no parts".to_owned(),
    }
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
            "The instructions name ${input.vendor.nam}, but `vendor` has no `nam`; it has `name`."
        );
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for text in ["${secrets.KEY}", "${input.}", "${input", "${inputs}", "${input.a b}", "${input[x]}"] {
            assert!(Instructions::parse(text).is_err(), "{text}");
        }
    }
}
