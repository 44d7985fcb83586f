//! Expressions of n8n: `={{ $json.x }}`, `$node["A"].json.y`, `$('A').item.json`.
//!
//! A node of n8n runs once for each item. Here it runs once, so `item`, `first()` and `last()` are the only item that there is.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::Value;

use crate::data::{Data, Step};
use crate::expression::{Dialect, Made, Roots, Sort, Tail, translate};

/// What an expression of one node may read.
pub(crate) struct Scope<'s> {
    /// What the node is given: the JSON of its item.
    pub(crate) input: Rc<Data>,
    /// What the nodes before it have returned, by their names.
    pub(crate) nodes: &'s BTreeMap<String, Rc<Data>>,
    /// The name of the workflow.
    pub(crate) workflow: &'s str,
}

impl Scope<'_> {
    /// Reads a parameter: text that begins with `=` has expressions.
    pub(crate) fn data(&self, value: &Value) -> Result<Rc<Data>, String> {
        let Some(text) = value.as_str().and_then(|text| text.strip_prefix('=')) else {
            return Ok(Rc::new(Data::Constant(value.clone())));
        };
        let mut parts = Vec::new();
        for piece in pieces(text) {
            parts.push(match piece {
                Piece::Text(text) => Rc::new(Data::Constant(Value::from(text))),
                Piece::Expression(source) => Data::expression(self.made(source)?.text),
            });
        }
        let is_whole = parts.len() == 1;
        Ok(match parts.pop() {
            Some(whole) if is_whole => whole,
            None => Rc::new(Data::Constant(Value::from(""))),
            Some(last) => {
                parts.push(last);
                Rc::new(Data::Text(parts))
            }
        })
    }

    /// Translates what is between `{{` and `}}`.
    pub(crate) fn made(&self, source: &str) -> Result<Made, String> {
        translate(source.trim().trim_end_matches(';'), Dialect::JavaScript, self)
    }

    fn named(&self, name: &str, tail: &[Tail]) -> Result<Made, String> {
        let data = self.nodes.get(name);
        let data =
            data.ok_or_else(|| format!("it reads the node `{name}`, which does not run before this one"))?;
        read(data, tail)
    }

    /// Reads what follows `$('A')` or `$input`: which item, and `json`.
    fn item(&self, data: &Rc<Data>, tail: &[Tail]) -> Result<Made, String> {
        let field = |part: &Tail, wanted: &[&str]| matches!(part, Tail::Step(Step::Field(name)) if wanted.contains(&name.as_str()));
        let is_call = |part: &Tail| matches!(part, Tail::Call(given) if given.is_empty());
        match tail {
            [item, json, rest @ ..] if field(item, &["item"]) && field(json, &["json"]) => read(data, rest),
            [first, call, json, rest @ ..]
                if field(first, &["first", "last"]) && is_call(call) && field(json, &["json"]) =>
            {
                read(data, rest)
            }
            [all, call, Tail::Step(Step::Entry(0)), json, rest @ ..]
                if field(all, &["all"]) && is_call(call) && field(json, &["json"]) =>
            {
                read(data, rest)
            }
            _ => Err("it reads something of a node that is not the JSON of its item".into()),
        }
    }
}

impl Roots for Scope<'_> {
    fn read(&self, root: &str, tail: &[Tail]) -> Result<Made, String> {
        let json = |part: &Tail| matches!(part, Tail::Step(Step::Field(name)) if name == "json");
        match (root, tail) {
            ("$json", tail) => read(&self.input, tail),
            ("$input", tail) => self.item(&self.input, tail),
            ("$", [Tail::Call(given), tail @ ..]) => {
                let name = name_in(given)?;
                let data = self.nodes.get(&name);
                let data = data.ok_or_else(|| {
                    format!("it reads the node `{name}`, which does not run before this one")
                })?;
                self.item(data, tail)
            }
            ("$node", [Tail::Step(Step::Field(name)), kind, tail @ ..]) if json(kind) => {
                self.named(name, tail)
            }
            ("$items", [Tail::Call(given), Tail::Step(Step::Entry(0)), kind, tail @ ..]) if json(kind) => {
                self.named(&name_in(given)?, tail)
            }
            (
                "$item",
                [
                    Tail::Call(_),
                    Tail::Step(Step::Field(node)),
                    Tail::Step(Step::Field(name)),
                    kind,
                    tail @ ..,
                ],
            ) if node == "$node" && json(kind) => self.named(name, tail),
            ("$execution", [Tail::Step(Step::Field(id))]) if id == "id" => {
                Ok(Made::new("execution.id", Sort::Text))
            }
            ("$workflow", [Tail::Step(Step::Field(name))]) if name == "name" => {
                Made::literal(Value::from(self.workflow))
            }
            ("JSON", [Tail::Step(Step::Field(call)), Tail::Call(given)])
                if call == "stringify" && given.len() == 1 =>
            {
                Ok(Made::new(format!("({} | tojson)", given[0].text), Sort::Text))
            }
            (root, _) => Err(format!("`{root}` has no equivalent here")),
        }
    }
}

fn name_in(given: &[Made]) -> Result<String, String> {
    let name = given.first().and_then(|name| name.literal.as_ref()?.as_str());
    name.map(str::to_owned).ok_or_else(|| "the name of a node is calculated".to_owned())
}

/// Reads a path, and what is called on it.
fn read(data: &Rc<Data>, tail: &[Tail]) -> Result<Made, String> {
    let call = tail.iter().position(|part| matches!(part, Tail::Call(_)));
    let Some(call) = call else {
        return data.read(&crate::expression::steps(tail)?).map(|text| Made::new(text, Sort::Any));
    };
    let path = crate::expression::steps(&tail[..call.saturating_sub(1)])?;
    let mut made = Made::new(data.read(&path)?, Sort::Any);
    let mut rest = &tail[call.saturating_sub(1)..];
    while let [Tail::Step(Step::Field(method)), Tail::Call(given), behind @ ..] = rest {
        made = called(&made, method, given)?;
        rest = behind;
    }
    if rest.is_empty() { Ok(made) } else { Err("it reads a field of what a function returns".into()) }
}

fn called(made: &Made, method: &str, given: &[Made]) -> Result<Made, String> {
    let value = &made.text;
    let text = |at: usize| given.get(at).filter(|given| given.literal.as_ref().is_some_and(Value::is_string));
    Ok(match (method, given.len()) {
        ("toLowerCase", 0) => Made::new(format!("({value} | lower)"), Sort::Text),
        ("toUpperCase", 0) => Made::new(format!("({value} | upper)"), Sort::Text),
        ("trim", 0) => Made::new(format!("({value} | trim)"), Sort::Text),
        ("toJsonString", 0) => Made::new(format!("({value} | tojson)"), Sort::Text),
        ("parseJson", 0) => Made::new(format!("({value} | fromjson)"), Sort::Any),
        ("includes", 1) => Made::new(format!("({} in {value})", given[0].text), Sort::Bool),
        ("startsWith", 1) => Made::new(format!("({value} is startingwith({}))", given[0].text), Sort::Bool),
        ("endsWith", 1) => Made::new(format!("({value} is endingwith({}))", given[0].text), Sort::Bool),
        ("split", 1) if text(0).is_some_and(|by| by.text.len() > 2) => {
            Made::new(format!("({value} | split({}))", given[0].text), Sort::Any)
        }
        ("replaceAll", 2) if text(0).is_some() && text(1).is_some_and(|by| !by.text.contains('$')) => {
            Made::new(format!("({value} | replace({}, {}))", given[0].text, given[1].text), Sort::Text)
        }
        (method, _) => return Err(format!("the function `{method}` has no equivalent here")),
    })
}

/// A part of a text with expressions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece<'t> {
    Text(&'t str),
    Expression(&'t str),
}

/// Splits text at `{{ … }}`.
pub(crate) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, inside)) = rest.split_once("{{") {
        let Some(end) = inside.find("}}") else { break };
        // What ends with an object has more braces.
        let more = inside[end..].bytes().take_while(|byte| *byte == b'}').count().saturating_sub(2);
        if !before.is_empty() {
            pieces.push(Piece::Text(before));
        }
        pieces.push(Piece::Expression(&inside[..end + more]));
        rest = &inside[end + more + 2..];
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    pieces
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(source: &str) -> String {
        let webhook = Data::object(vec![("body", Data::expression("trigger_data.body"))]);
        let nodes = BTreeMap::from([
            ("Get user".to_owned(), Data::expression("get_user.body")),
            ("Hook".to_owned(), webhook),
        ]);
        let scope = Scope { input: Data::of_node("before"), nodes: &nodes, workflow: "Main" };
        match scope.data(&json!(source)).and_then(|data| data.to_value()) {
            Ok(value) => value.to_string(),
            Err(why) => format!("! {why}"),
        }
    }

    #[test]
    fn expressions_are_read_where_their_values_are() {
        for (source, wanted) in [
            ("={{ $json.id }}", r#""${before.id}""#),
            (
                r#"={{$json["unit price"]}} EUR of {{ $node["Get user"].json.name }}"#,
                r#""${before[\"unit price\"]} EUR of ${get_user.body.name}""#,
            ),
            ("={{ $('Hook').item.json.body.items[0].id }}", r#""${trigger_data.body.items[0].id}""#),
            (
                "={{ $('Get user').first().json.mail.toLowerCase().trim() }}",
                r#""${((get_user.body.mail | lower) | trim)}""#,
            ),
            (
                "={{ $('Get user').all()[0].json.a }}/{{ $input.item.json.b }}",
                r#""${get_user.body.a}/${before.b}""#,
            ),
            (r#"={{ $item("0").$node["Get user"].json["a"] }}"#, r#""${get_user.body.a}""#),
            ("={{ JSON.stringify($json.list) }}", r#""${(before.list | tojson)}""#),
            (
                "={{ $json.tags.includes('new') ? 'a' : 'b' }}",
                r#""${(\"a\" if (\"new\" in before.tags) else \"b\")}""#,
            ),
            ("={{ $workflow.name }} {{ $execution.id }}", r#""${\"Main\"} ${execution.id}""#),
            ("= costs ${5}", r#"" costs $${5}""#),
            ("no ${expression}", r#""no $${expression}""#),
            ("={{ { a: $json.b } }}", r#""${ {\"a\": before.b} }""#),
            (
                "={{ $('Other').item.json.x }}",
                "! it reads the node `Other`, which does not run before this one",
            ),
            ("={{ $('Hook').item.json.params.x }}", "! there is no field `params` here"),
            ("={{ $now.toISO() }}", "! `$now` has no equivalent here"),
            ("={{ $env.KEY }}", "! `$env` has no equivalent here"),
        ] {
            assert_eq!(shown(source), wanted, "{source}");
        }
        assert!(shown("={{ $json.a.map(x => x) }}").starts_with('!'));
    }
}
