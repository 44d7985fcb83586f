//! The data that a node of a source sees, and how it is read here.
//!
//! A source says where a value is in *its* data, such as `$json.body.id`. What that is here depends on the nodes before: an HTTP
//! request has its answer in `body`, a state machine adds fields to its input, and where branches meet, the data is that of the
//! branch that ran. [`Data`] describes this without values, and [`Data::read`] makes an expression of a path, or says why there is none.

use std::cell::Cell;
use std::fmt::Write as _;
use std::rc::Rc;

use serde_json::{Map, Value};

use crate::text::{self, is_field, quoted};

/// Characters of an expression: the limit of the language, less what may be put around one.
const EXPRESSION_CHARS_MAX: usize = 3_500;
/// Steps of reading one path. What meets again and again has more ways than can be said.
const STEPS_MAX: u32 = 2_000;
const LONG: &str = "it comes to more than an expression may have";

/// A field or an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Field(String),
    Entry(usize),
}

/// What is known about a value.
#[derive(Clone, Debug)]
pub(crate) enum Data {
    /// The value of an expression.
    Expression(String),
    /// A value of the file that has no expressions.
    Constant(Value),
    /// An object: these fields, and those of `base` if there is one.
    Object { base: Option<Rc<Self>>, fields: Vec<(String, Rc<Self>)> },
    /// A list.
    List(Vec<Rc<Self>>),
    /// Text of several parts.
    Text(Vec<Rc<Self>>),
    /// The first whose condition holds; the last one without.
    OneOf(Vec<(String, Rc<Self>)>),
    /// What is known around the body of a `map`, whose own item has taken the place of the one around it.
    Around(Rc<Self>),
    /// Not known, and why.
    Unknown(String),
}

impl Data {
    /// The output of a node.
    pub(crate) fn of_node(id: &str) -> Rc<Self> {
        Rc::new(Self::Expression(id.to_owned()))
    }

    pub(crate) fn expression(expression: impl Into<String>) -> Rc<Self> {
        Rc::new(Self::Expression(expression.into()))
    }

    pub(crate) fn unknown(why: impl Into<String>) -> Rc<Self> {
        Rc::new(Self::Unknown(why.into()))
    }

    /// An object that has these fields and no others.
    pub(crate) fn object(fields: Vec<(&str, Rc<Self>)>) -> Rc<Self> {
        let fields = fields.into_iter().map(|(name, data)| (name.to_owned(), data)).collect();
        Rc::new(Self::Object { base: None, fields })
    }

    /// Returns this as it is read in the body of a `map`.
    pub(crate) fn in_body(self: &Rc<Self>) -> Rc<Self> {
        Rc::new(Self::Around(Rc::clone(self)))
    }

    /// Returns the expression of what `path` leads to.
    pub(crate) fn read(self: &Rc<Self>, path: &[Step]) -> Result<String, String> {
        let steps = Cell::new(STEPS_MAX);
        let data = self.at(path, &steps)?;
        data.to_expression(&steps)
    }

    /// Returns what `path` leads to.
    pub(crate) fn follow(self: &Rc<Self>, path: &[Step]) -> Result<Rc<Self>, String> {
        self.at(path, &Cell::new(STEPS_MAX))
    }

    /// Returns the value for a document: JSON with templates.
    pub(crate) fn to_value(&self) -> Result<Value, String> {
        self.value(&Cell::new(STEPS_MAX))
    }

    /// Returns this with the value at `path` replaced, which makes objects where there are none.
    pub(crate) fn with(self: &Rc<Self>, path: &[Step], data: Rc<Self>) -> Result<Rc<Self>, String> {
        let Some((first, rest)) = path.split_first() else { return Ok(data) };
        let Step::Field(name) = first else { return Err("an entry of a list is replaced".into()) };
        let inner = if rest.is_empty() {
            data
        } else {
            let old = self.follow(std::slice::from_ref(first)).unwrap_or_else(|_| Self::object(Vec::new()));
            old.with(rest, data)?
        };
        let (base, mut fields) = match &**self {
            Self::Object { base, fields } => (base.clone(), fields.clone()),
            Self::Constant(Value::Object(constants)) => {
                let constant =
                    |(name, value): (&String, &Value)| (name.clone(), Rc::new(Self::Constant(value.clone())));
                (None, constants.iter().map(constant).collect())
            }
            Self::Expression(_)
            | Self::Constant(_)
            | Self::List(_)
            | Self::Text(_)
            | Self::OneOf(_)
            | Self::Around(_)
            | Self::Unknown(_) => (Some(Rc::clone(self)), Vec::new()),
        };
        fields.retain(|(known, _)| known != name);
        fields.push((name.clone(), inner));
        Ok(Rc::new(Self::Object { base, fields }))
    }

    fn at(self: &Rc<Self>, path: &[Step], steps: &Cell<u32>) -> Result<Rc<Self>, String> {
        let Some((first, rest)) = path.split_first() else { return Ok(Rc::clone(self)) };
        spend(steps)?;
        match &**self {
            Self::Expression(base) => Ok(Self::expression(path_of(base, path)?)),
            Self::Constant(value) => {
                let found = match first {
                    Step::Field(name) => value.get(name),
                    Step::Entry(at) => value.get(at),
                };
                let found = found.ok_or_else(|| format!("there is no {}", shown(first)))?;
                Rc::new(Self::Constant(found.clone())).at(rest, steps)
            }
            Self::Object { base, fields } => {
                let known = match first {
                    Step::Field(name) => fields.iter().find(|(known, _)| known == name),
                    Step::Entry(_) => None,
                };
                match (known, base) {
                    (Some((_, data)), _) => data.at(rest, steps),
                    (None, Some(base)) => base.at(path, steps),
                    (None, None) => Err(format!("there is no {} here", shown(first))),
                }
            }
            Self::List(items) => match first {
                Step::Entry(at) if *at < items.len() => items[*at].at(rest, steps),
                Step::Entry(_) | Step::Field(_) => Err(format!("a list has no {}", shown(first))),
            },
            Self::Text(_) => Err("a text has no fields".into()),
            Self::OneOf(ways) => {
                let ways = ways.iter().map(|(when, data)| Ok((when.clone(), data.at(path, steps)?)));
                Ok(Rc::new(Self::OneOf(ways.collect::<Result<_, String>>()?)))
            }
            Self::Around(inner) => Ok(inner.at(path, steps)?.in_body()),
            Self::Unknown(why) => Err(why.clone()),
        }
    }

    fn to_expression(&self, steps: &Cell<u32>) -> Result<String, String> {
        spend(steps)?;
        let expression = match self {
            Self::Expression(expression) => expression.clone(),
            Self::Constant(value) => constant(value)?,
            Self::Object { base: None, fields } => {
                let mut out = String::from("{");
                for (at, (name, data)) in fields.iter().enumerate() {
                    let comma = if at > 0 { ", " } else { "" };
                    let name = quoted(name).ok_or("a key has characters that an expression cannot have")?;
                    let _ = write!(out, "{comma}{name}: {}", data.to_expression(steps)?);
                    bounded(&out)?;
                }
                out + "}"
            }
            Self::Object { base: Some(_), .. } => {
                return Err(
                    "the data as a whole has fields of several nodes; name the fields that are needed".into(),
                );
            }
            Self::List(items) => {
                let items: Vec<String> =
                    items.iter().map(|item| item.to_expression(steps)).collect::<Result<_, _>>()?;
                format!("[{}]", items.join(", "))
            }
            Self::Text(parts) => {
                let parts: Vec<String> =
                    parts.iter().map(|part| part.to_expression(steps)).collect::<Result<_, _>>()?;
                format!("({})", parts.join(" ~ "))
            }
            Self::OneOf(ways) => one_of(ways, steps)?,
            Self::Around(inner) => {
                let inner = inner.to_expression(steps)?;
                let is_part = |char: char| char.is_ascii_alphanumeric() || char == '_';
                if inner.split(|char| !is_part(char)).any(|word| matches!(word, "item" | "index")) {
                    return Err("it is the entry of a list around this one".into());
                }
                inner
            }
            Self::Unknown(why) => return Err(why.clone()),
        };
        bounded(&expression)?;
        Ok(expression)
    }

    fn value(&self, steps: &Cell<u32>) -> Result<Value, String> {
        spend(steps)?;
        Ok(match self {
            Self::Constant(value) => text::plain_value(value),
            Self::Object { base: None, fields } => {
                let mut object = Map::new();
                for (name, data) in fields {
                    object.insert(name.clone(), data.value(steps)?);
                }
                Value::Object(object)
            }
            Self::List(items) => items.iter().map(|item| item.value(steps)).collect::<Result<_, _>>()?,
            Self::Text(parts) => {
                let mut out = String::new();
                for part in parts {
                    if let Self::Constant(Value::String(literal)) = &**part {
                        out.push_str(&text::plain(literal));
                    } else {
                        out.push_str(&text::template(&part.to_expression(steps)?));
                    }
                }
                Value::String(out)
            }
            Self::Expression(_)
            | Self::Object { .. }
            | Self::OneOf(_)
            | Self::Around(_)
            | Self::Unknown(_) => Value::String(text::template(&self.to_expression(steps)?)),
        })
    }
}

fn one_of(ways: &[(String, Rc<Data>)], steps: &Cell<u32>) -> Result<String, String> {
    let mut all = Vec::new();
    for (when, data) in ways {
        all.push((when, data.to_expression(steps)?));
    }
    let Some((_, last)) = all.pop() else { return Err("nothing leads here".into()) };
    if all.iter().all(|(_, other)| *other == last) {
        return Ok(last);
    }
    let mut out = last;
    for (when, expression) in all.into_iter().rev() {
        if expression == out {
            continue;
        }
        out = format!("({expression} if {when} else {out})");
        bounded(&out)?;
    }
    Ok(out)
}

fn spend(steps: &Cell<u32>) -> Result<(), String> {
    steps.set(steps.get().checked_sub(1).ok_or(LONG)?);
    Ok(())
}

fn bounded(expression: &str) -> Result<(), String> {
    if expression.len() > EXPRESSION_CHARS_MAX { Err(LONG.to_owned()) } else { Ok(()) }
}

fn constant(value: &Value) -> Result<String, String> {
    Ok(match value {
        Value::Null => "none".to_owned(),
        Value::Bool(value) => value.to_string(),
        // A larger one is no number of an expression.
        Value::Number(number) if number.to_string().len() > 18 => {
            return Err("a number has more digits than one in an expression can have".into());
        }
        Value::Number(number) => number.to_string(),
        Value::String(text) => {
            quoted(text).ok_or("a text has characters that one in an expression cannot have")?
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(constant).collect::<Result<_, _>>()?;
            format!("[{}]", items.join(", "))
        }
        Value::Object(fields) => {
            let mut parts = Vec::new();
            for (name, value) in fields {
                let name = quoted(name).ok_or("a key has characters that an expression cannot have")?;
                parts.push(format!("{name}: {}", constant(value)?));
            }
            format!("{{{}}}", parts.join(", "))
        }
    })
}

/// Returns the expression of a path below another one.
fn path_of(base: &str, path: &[Step]) -> Result<String, String> {
    let is_node = is_field(base);
    // `a.output` is the whole output of a node, unless that has a field of this name.
    let short = matches!(path.first(), Some(Step::Field(first)) if first == "output" || first == "error");
    let mut out = if is_node && short { format!("nodes.{base}.output") } else { base.to_owned() };
    let is_path = base.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._[]\"".contains(&byte));
    if !is_path {
        out = format!("({out})");
    }
    for step in path {
        match step {
            Step::Field(name) if is_field(name) => {
                let _ = write!(out, ".{name}");
            }
            Step::Field(name) => {
                let is_plain =
                    |char: char| !matches!(char, '"' | '\\') && !steadflow_core::visible::is_hidden(char);
                if !name.chars().all(is_plain) || name.contains("${") {
                    return Err("a field has characters that an expression cannot have".into());
                }
                let _ = write!(out, "[\"{name}\"]");
            }
            Step::Entry(at) => {
                let _ = write!(out, "[{at}]");
            }
        }
        bounded(&out)?;
    }
    Ok(out)
}

fn shown(step: &Step) -> String {
    match step {
        Step::Field(name) => format!("field `{}`", text::cut(name, 60)),
        Step::Entry(at) => format!("entry {at}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(names: &[&str]) -> Vec<Step> {
        names.iter().map(|name| Step::Field((*name).to_owned())).collect()
    }

    #[test]
    fn a_path_is_read_where_it_is() {
        let http = Data::object(vec![
            ("statusCode", Data::expression("get.status")),
            ("body", Data::expression("get.body")),
        ]);
        let merged = Data::expression("trigger_data").with(&fields(&["answer", "raw"]), http).unwrap();

        assert_eq!(
            merged.read(&fields(&["answer", "raw", "body", "unit price"])).unwrap(),
            "get.body[\"unit price\"]"
        );
        assert_eq!(merged.read(&fields(&["order"])).unwrap(), "trigger_data.order");
        assert!(merged.read(&[]).unwrap_err().contains("several nodes"));
        assert!(merged.read(&fields(&["answer", "raw", "cookies"])).is_err());
        assert_eq!(Data::of_node("a").read(&fields(&["output", "x"])).unwrap(), "nodes.a.output.output.x");
    }

    #[test]
    fn where_branches_meet_the_one_that_ran_counts() {
        let ways = vec![("a is defined".to_owned(), Data::of_node("a")), (String::new(), Data::of_node("b"))];
        let met = Rc::new(Data::OneOf(ways));

        assert_eq!(met.read(&fields(&["x"])).unwrap(), "(a.x if a is defined else b.x)");
        assert_eq!(met.to_value().unwrap(), json!("${(a if a is defined else b)}"));
    }

    #[test]
    fn what_meets_again_and_again_ends() {
        let mut data = Data::of_node("start");
        for level in 0..60 {
            let other = data.with(&fields(&[&format!("f{level}")]), Data::of_node("x")).unwrap();
            data = Rc::new(Data::OneOf(vec![(format!("n{level} is defined"), data), (String::new(), other)]));
        }

        assert!(data.read(&fields(&["f0"])).is_err());
    }
}
