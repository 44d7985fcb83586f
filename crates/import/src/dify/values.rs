//! References of Dify: selectors, and `{{#node.field#}}` in texts.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::Value;

use crate::data::{Data, Step};

/// What can be read: the outputs of nodes by their ids, and `sys`, `env` and `conversation`.
pub(super) type Known = BTreeMap<String, Rc<Data>>;

/// Returns what a selector leads to.
pub(super) fn selected(selector: &Value, known: &Known) -> Result<Rc<Data>, String> {
    let parts: Option<Vec<&str>> =
        selector.as_array().map(|parts| parts.iter().filter_map(Value::as_str).collect());
    match parts.as_deref() {
        Some([first, rest @ ..]) => follow(first, rest, known),
        Some([]) | None => Err("nothing is selected".into()),
    }
}

fn follow(first: &str, rest: &[&str], known: &Known) -> Result<Rc<Data>, String> {
    let data = known
        .get(first)
        .ok_or_else(|| format!("it reads the node `{first}`, which does not run before this one"))?;
    let path: Vec<Step> = rest
        .iter()
        .map(|part| part.parse().map_or_else(|_| Step::Field((*part).to_owned()), Step::Entry))
        .collect();
    data.follow(&path)
}

/// Returns a text with references as data.
pub(super) fn filled(text: &str, known: &Known) -> Result<Rc<Data>, String> {
    let mut parts = Vec::new();
    for piece in pieces(text) {
        parts.push(match piece {
            Piece::Text(text) => Rc::new(Data::Constant(Value::from(text))),
            Piece::Reference(path) => {
                let mut path = path.split('.');
                let first = path.next().unwrap_or_default();
                let data = follow(first, &path.collect::<Vec<_>>(), known)?;
                // Only what can be said is put into a text.
                let is_text = matches!(&*data, Data::Constant(Value::String(_)));
                if is_text { data } else { Data::expression(data.read(&[])?) }
            }
        });
    }
    Ok(match parts.len() {
        0 => Rc::new(Data::Constant(Value::from(""))),
        1 => Rc::clone(&parts[0]),
        _ => Rc::new(Data::Text(parts)),
    })
}

/// A part of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    Text(&'t str),
    Reference(&'t str),
}

/// Splits a text at `{{#…#}}`.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, inside)) = rest.split_once("{{#") {
        let Some((path, behind)) = inside.split_once("#}}") else { break };
        if !before.is_empty() {
            pieces.push(Piece::Text(before));
        }
        pieces.push(Piece::Reference(path.trim()));
        rest = behind;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    pieces
}

/// Returns a template of Jinja as data, if it is text with variables and nothing else.
pub(super) fn jinja(template: &str, variables: &BTreeMap<String, Rc<Data>>) -> Result<Rc<Data>, String> {
    if template.contains("{%") || template.contains("{#") {
        return Err("it has statements of Jinja, such as loops; a template here has expressions only".into());
    }
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some((before, inside)) = rest.split_once("{{") {
        let (source, behind) = inside.split_once("}}").ok_or("an expression is not closed")?;
        if !before.is_empty() {
            parts.push(Rc::new(Data::Constant(Value::from(before))));
        }
        parts.push(Data::expression(variable(source.trim(), variables)?));
        rest = behind;
    }
    if !rest.is_empty() || parts.is_empty() {
        parts.push(Rc::new(Data::Constant(Value::from(rest))));
    }
    // The result is text, also where it is one variable.
    if parts.len() == 1 && !matches!(&*parts[0], Data::Constant(_)) {
        parts.push(Rc::new(Data::Constant(Value::from(""))));
    }
    Ok(Rc::new(Data::Text(parts)))
}

/// Reads a variable of Jinja with fields, and filters that mean the same.
fn variable(source: &str, variables: &BTreeMap<String, Rc<Data>>) -> Result<String, String> {
    let mut parts = source.split('|').map(str::trim);
    let path = parts.next().unwrap_or_default();
    let is_name =
        |name: &str| !name.is_empty() && name.chars().all(|char| char.is_alphanumeric() || char == '_');
    let mut names = path.split('.');
    let root = names.next().unwrap_or_default();
    let data = variables
        .get(root)
        .ok_or_else(|| format!("`{}` is no variable with fields", crate::text::cut(source, 60)))?;
    let mut steps = Vec::new();
    for name in names {
        if !is_name(name) {
            return Err(format!("`{}` is no variable with fields", crate::text::cut(source, 60)));
        }
        steps.push(Step::Field(name.to_owned()));
    }
    let mut out = data.read(&steps)?;
    for filter in parts {
        if !matches!(filter, "upper" | "lower" | "trim" | "length" | "tojson") {
            return Err(format!("the filter `{}` is not translated", crate::text::cut(filter, 60)));
        }
        out = format!("({out} | {filter})");
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_where_their_values_are() {
        let known = Known::from([
            ("17".to_owned(), Data::object(vec![("text", Data::expression("ask.text"))])),
            ("start".to_owned(), Data::expression("trigger_data")),
        ]);
        let shown =
            |text: &str| filled(text, &known).and_then(|data| data.to_value()).map(|value| value.to_string());

        assert_eq!(shown("{{#start.order.id#}}").unwrap(), "\"${trigger_data.order.id}\"");
        assert_eq!(shown("a {{#17.text#}} costs ${1}").unwrap(), "\"a ${ask.text} costs $${1}\"");
        assert!(shown("{{#17.usage#}}").is_err());
        assert!(shown("{{#99.text#}}").is_err());
    }

    #[test]
    fn templates_of_jinja_are_text_with_variables() {
        let variables = Known::from([("a".to_owned(), Data::expression("ask.text"))]);
        let shown = |text: &str| {
            jinja(text, &variables).and_then(|data| data.to_value()).map(|value| value.to_string())
        };

        assert_eq!(shown("Hi {{ a | upper }}!").unwrap(), "\"Hi ${(ask.text | upper)}!\"");
        assert!(shown("{% for x in a %}{{ x }}{% endfor %}").is_err());
        assert!(shown("{{ a | custom }}").is_err());
        assert!(shown("{{ a + 1 }}").is_err());
        assert!(shown("{{ a ").is_err());
    }
}
