//! What states read: paths, intrinsic functions and JSONata.

use std::rc::Rc;

use serde_json::Value;

use crate::data::{Data, Step};
use crate::expression::{Dialect, Made, Roots, Sort, Tail, steps, translate};

/// How deep calls may be nested.
const DEPTH_MAX: usize = 10;
/// Arguments of a call.
const ARGUMENTS_MAX: usize = 100;

/// What a state can read.
#[derive(Clone, Debug)]
pub(super) struct Scope {
    /// `$`, or `$states.input`.
    pub(super) data: Rc<Data>,
    /// Variables, by name.
    pub(super) variables: Rc<Data>,
    /// `$states.result`.
    pub(super) result: Option<Rc<Data>>,
    /// `$states.errorOutput`.
    pub(super) error: Option<Rc<Data>>,
    /// The name of the state.
    pub(super) state: String,
    /// Whether this is in the body of a `Map`, or in what is made for each of its items.
    pub(super) in_map: bool,
}

impl Scope {
    /// Returns what a path or an intrinsic function gives.
    pub(super) fn path(&self, source: &str) -> Result<Rc<Data>, String> {
        let mut reader = Text { rest: source.trim(), depth: 0 };
        let data = reader.value(self)?;
        if reader.rest.trim().is_empty() {
            Ok(data)
        } else {
            Err(format!("`{}` has no equivalent here", reader.rest.trim()))
        }
    }

    /// Returns a text that may be JSONata, `{% … %}`.
    pub(super) fn jsonata(&self, text: &str) -> Result<Option<Rc<Data>>, String> {
        let Some(source) = text.strip_prefix("{%").and_then(|rest| rest.strip_suffix("%}")) else {
            return Ok(None);
        };
        let source = source.trim();
        // A path keeps what is known about the value.
        if let Ok(whole) = translate(source, Dialect::Jsonata, &Whole)
            && let Some(path) = whole.text.strip_prefix('\u{0}')
        {
            return self.whole(path).map(Some);
        }
        translate(source, Dialect::Jsonata, self).map(|made| Some(Data::expression(made.text)))
    }

    fn whole(&self, path: &str) -> Result<Rc<Data>, String> {
        let path: Vec<Step> = serde_json::from_str::<Vec<Value>>(path)
            .map_err(|_| "a path cannot be read".to_owned())?
            .into_iter()
            .filter_map(|step| match step {
                Value::String(name) => Some(Step::Field(name)),
                Value::Number(at) => Some(Step::Entry(usize::try_from(at.as_u64()?).ok()?)),
                Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
            })
            .collect();
        let (root, rest) = path.split_first().ok_or("a path is empty")?;
        let Step::Field(root) = root else { return Err("a path has no beginning".into()) };
        self.root(root, rest)
    }

    /// Returns what a name of JSONata and the path behind it lead to.
    fn root(&self, root: &str, path: &[Step]) -> Result<Rc<Data>, String> {
        match (root, path) {
            ("$states", [Step::Field(first), rest @ ..]) => match first.as_str() {
                "input" => self.data.follow(rest),
                "result" => self.result.as_ref().ok_or("there is no result here")?.follow(rest),
                "errorOutput" => self.error.as_ref().ok_or("there is no error here")?.follow(rest),
                "context" => self.context(rest),
                other => Err(format!("`$states.{other}` has no equivalent here")),
            },
            (root, path) => match root.strip_prefix('$') {
                Some(name) if !name.is_empty() => {
                    let mut whole = vec![Step::Field(name.to_owned())];
                    whole.extend_from_slice(path);
                    self.variables.follow(&whole)
                }
                Some(_) | None => Err(format!("`{root}` has no equivalent here")),
            },
        }
    }

    /// Returns what is in the context object.
    fn context(&self, path: &[Step]) -> Result<Rc<Data>, String> {
        let names: Vec<&str> = path
            .iter()
            .map(|step| match step {
                Step::Field(name) => name.as_str(),
                Step::Entry(_) => "",
            })
            .collect();
        match names.as_slice() {
            ["Execution", "Id"] => Ok(Data::expression("execution.id")),
            ["Execution", "StartTime"] => Ok(Data::expression("execution.started_at")),
            ["Execution", "Input", ..] => Data::expression("trigger_data").follow(&path[2..]),
            ["State", "Name"] => Ok(Rc::new(Data::Constant(Value::from(self.state.as_str())))),
            ["Map", "Item", "Value", ..] if self.in_map => Data::expression("item").follow(&path[3..]),
            ["Map", "Item", "Index"] if self.in_map => Ok(Data::expression("index")),
            names => Err(format!("`{}` of the context has no equivalent here", names.join("."))),
        }
    }
}

impl Roots for Scope {
    fn read(&self, root: &str, tail: &[Tail]) -> Result<Made, String> {
        if let [Tail::Call(given)] = tail {
            return called(root, given);
        }
        self.root(root, &steps(tail)?)?.read(&[]).map(|text| Made::new(text, Sort::Any))
    }
}

/// Finds out whether an expression is nothing but a path.
struct Whole;

impl Roots for Whole {
    fn read(&self, root: &str, tail: &[Tail]) -> Result<Made, String> {
        let mut path = vec![Value::from(root)];
        for step in steps(tail)? {
            path.push(match step {
                Step::Field(name) => Value::from(name),
                Step::Entry(at) => Value::from(at),
            });
        }
        Ok(Made::new(format!("\u{0}{}", Value::Array(path)), Sort::Any))
    }
}

/// Functions of JSONata.
fn called(name: &str, given: &[Made]) -> Result<Made, String> {
    let value = given.first().map(|given| given.text.as_str()).unwrap_or_default();
    Ok(match (name, given.len()) {
        ("$uppercase", 1) => Made::new(format!("({value} | upper)"), Sort::Text),
        ("$lowercase", 1) => Made::new(format!("({value} | lower)"), Sort::Text),
        ("$exists", 1) => Made::new(format!("({value} is defined)"), Sort::Bool),
        ("$not", 1) if given[0].sort == Sort::Bool => Made::new(format!("(not {value})"), Sort::Bool),
        ("$parse", 1) => Made::new(format!("({value} | fromjson)"), Sort::Any),
        ("$uuid", 0) => Made::new("uuid()", Sort::Text),
        ("$sum", 1) => Made::new(format!("({value} | sum)"), Sort::Number),
        (name, _) => return Err(format!("the function `{name}` has no equivalent here")),
    })
}

/// Text of a path or a call while it is read.
struct Text<'t> {
    rest: &'t str,
    depth: usize,
}

impl<'t> Text<'t> {
    fn value(&mut self, scope: &Scope) -> Result<Rc<Data>, String> {
        self.rest = self.rest.trim_start();
        if let Some(rest) = self.rest.strip_prefix("States.") {
            self.rest = rest;
            return self.call(scope);
        }
        if let Some(rest) = self.rest.strip_prefix('\'') {
            return self.string(rest);
        }
        if let Some(rest) = self.rest.strip_prefix("$$") {
            self.rest = rest;
            return scope.context(&self.steps()?);
        }
        if let Some(rest) = self.rest.strip_prefix('$') {
            self.rest = rest;
            let name = self.name();
            let mut path = self.steps()?;
            if name.is_empty() {
                return scope.data.follow(&path);
            }
            path.insert(0, Step::Field(name.to_owned()));
            return scope.variables.follow(&path);
        }
        let end = self.rest.find([',', ')']).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        let value: Option<Value> =
            serde_json::from_str(word.trim()).ok().filter(|value: &Value| !value.is_string());
        value
            .map(|value| Rc::new(Data::Constant(value)))
            .ok_or_else(|| format!("`{}` has no equivalent here", word.trim()))
    }

    fn name(&mut self) -> &'t str {
        let end = self
            .rest
            .find(|char: char| !char.is_ascii_alphanumeric() && char != '_')
            .unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest;
        name
    }

    fn steps(&mut self) -> Result<Vec<Step>, String> {
        let mut steps = Vec::new();
        loop {
            if let Some(rest) = self.rest.strip_prefix('.') {
                let is_part = |char: char| char.is_alphanumeric() || char == '_' || char == '-';
                let end = rest.find(|char| !is_part(char)).unwrap_or(rest.len());
                if end == 0 {
                    return Err("it searches, or takes all fields, which a path here does not".into());
                }
                steps.push(Step::Field(rest[..end].to_owned()));
                self.rest = &rest[end..];
            } else if let Some(rest) = self.rest.strip_prefix('[') {
                let (inside, rest) = rest.split_once(']').ok_or("a bracket is not closed")?;
                let quoted =
                    |mark: char| inside.strip_prefix(mark).and_then(|inside| inside.strip_suffix(mark));
                let step = match (quoted('\'').or(quoted('"')), inside.parse::<usize>()) {
                    (Some(name), _) if !name.contains(['\'', '"', ',']) => Step::Field(name.to_owned()),
                    (None, Ok(at)) => Step::Entry(at),
                    _ => return Err(format!("`[{inside}]` has no equivalent here")),
                };
                steps.push(step);
                self.rest = rest;
            } else {
                return Ok(steps);
            }
        }
    }

    fn string(&mut self, text: &'t str) -> Result<Rc<Data>, String> {
        let mut out = String::new();
        let mut chars = text.char_indices();
        while let Some((at, char)) = chars.next() {
            match char {
                '\'' => {
                    self.rest = &text[at + 1..];
                    return Ok(Rc::new(Data::Constant(Value::from(out))));
                }
                '\\' => match chars.next() {
                    // Braces are kept apart from those of `States.Format`.
                    Some((_, brace @ ('{' | '}'))) => {
                        out.push(if brace == '{' { '\u{e000}' } else { '\u{e001}' })
                    }
                    Some((_, other)) => out.push(other),
                    None => break,
                },
                other => out.push(other),
            }
        }
        Err("a text has no end".into())
    }

    fn call(&mut self, scope: &Scope) -> Result<Rc<Data>, String> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err("calls are nested too deep".into());
        }
        let name = self.name();
        self.rest = self.rest.trim_start().strip_prefix('(').ok_or("a call has no `(`")?.trim_start();
        let mut given = Vec::new();
        loop {
            if let Some(rest) = self.rest.strip_prefix(')') {
                self.rest = rest;
                break;
            }
            if given.len() >= ARGUMENTS_MAX {
                return Err("a call has too many arguments".into());
            }
            given.push(self.value(scope)?);
            self.rest = self.rest.trim_start();
            self.rest = match self.rest.strip_prefix(',') {
                Some(rest) => rest.trim_start(),
                None if self.rest.starts_with(')') => self.rest,
                None => return Err("a call is not closed".into()),
            };
        }
        self.depth -= 1;
        intrinsic(name, &given)
    }
}

fn intrinsic(name: &str, given: &[Rc<Data>]) -> Result<Rc<Data>, String> {
    let read = |at: usize| given.get(at).ok_or("an argument is missing".to_owned())?.read(&[]);
    let filter = |filter: &str| Ok(Data::expression(format!("({} | {filter})", read(0)?)));
    match (name, given.len()) {
        ("Format", 1..) => format(given),
        ("StringToJson", 1) => filter("fromjson"),
        ("JsonToString", 1) => filter("tojson"),
        ("Base64Encode", 1) => filter("b64encode"),
        ("Base64Decode", 1) => filter("b64decode"),
        ("ArrayLength", 1) => filter("length"),
        ("ArrayUnique", 1) => filter("unique"),
        ("Array", _) => Ok(Rc::new(Data::List(given.to_vec()))),
        ("ArrayGetItem", 2) => {
            let Data::Constant(Value::Number(at)) = &*given[1] else {
                return Err("an entry is calculated".into());
            };
            let at = at.as_u64().and_then(|at| usize::try_from(at).ok());
            given[0].follow(&[Step::Entry(at.ok_or("an entry is not a whole number")?)])
        }
        ("ArrayContains", 2) => Ok(Data::expression(format!("({} in {})", read(1)?, read(0)?))),
        ("MathAdd", 2) => Ok(Data::expression(format!("({} + {})", read(0)?, read(1)?))),
        ("Hash", 2) if matches!(&*given[1], Data::Constant(Value::String(kind)) if kind == "SHA-256") => {
            filter("sha256")
        }
        ("UUID", 0) => Ok(Data::expression("uuid()")),
        (name, _) => Err(format!("`States.{name}` has no equivalent here")),
    }
}

/// `States.Format`: a text with `{}` for each further argument.
fn format(given: &[Rc<Data>]) -> Result<Rc<Data>, String> {
    let Data::Constant(Value::String(text)) = &*given[0] else {
        return Err("the text of `States.Format` is calculated".into());
    };
    let mut parts = Vec::new();
    let texts: Vec<&str> = text.split("{}").collect();
    if texts.len() != given.len() {
        return Err("`States.Format` has not as many `{}` as values".into());
    }
    for (at, text) in texts.iter().enumerate() {
        if at > 0 {
            parts.push(Rc::clone(&given[at]));
        }
        if !text.is_empty() {
            let text = text.replace('\u{e000}', "{").replace('\u{e001}', "}");
            parts.push(Rc::new(Data::Constant(Value::from(text))));
        }
    }
    Ok(Rc::new(Data::Text(parts)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn scope() -> Scope {
        Scope {
            data: Data::expression("trigger_data"),
            variables: Data::object(vec![("total", Data::expression("count.n"))]),
            result: Some(Data::of_node("call")),
            error: None,
            state: "Here".into(),
            in_map: true,
        }
    }

    #[test]
    fn paths_and_functions_are_read() {
        for (source, wanted) in [
            ("$", json!("${trigger_data}")),
            ("$.a['b c'][0].d-e", json!("${trigger_data.a[\"b c\"][0][\"d-e\"]}")),
            ("$total", json!("${count.n}")),
            ("$$.Execution.Input.x", json!("${trigger_data.x}")),
            ("$$.Map.Item.Value.id", json!("${item.id}")),
            (
                "States.Format('a {} \\{\\} {}!', $.x, States.MathAdd($.n, 1))",
                json!("a ${trigger_data.x} {} ${(trigger_data.n + 1)}!"),
            ),
            ("States.Array($.a, 'b', 3)", json!(["${trigger_data.a}", "b", 3])),
            ("States.StringToJson($.text)", json!("${(trigger_data.text | fromjson)}")),
        ] {
            assert_eq!(scope().path(source).unwrap().to_value().unwrap(), wanted, "{source}");
        }
    }

    #[test]
    fn jsonata_is_read() {
        for (source, wanted) in [
            ("{% $states.input.a.b %}", "${trigger_data.a.b}"),
            ("{% $states.result.body[0] %}", "${call.body[0]}"),
            ("{% 'n ' & $total %}", "${ (\"n \" ~ count.n) }"),
            ("{% $states.context.Execution.Id %}", "${execution.id}"),
        ] {
            let made = scope().jsonata(source).unwrap().unwrap().to_value().unwrap();
            assert_eq!(
                made.as_str().unwrap().replace("${ ", "${").replace(" }", "}"),
                wanted.replace("${ ", "${").replace(" }", "}"),
                "{source}"
            );
        }
    }

    #[test]
    fn what_has_no_equivalent_says_so() {
        for source in [
            "$..a",
            "$.a[*]",
            "$.a[?(@.b)]",
            "$.a[-1]",
            "$.a[0:2]",
            "States.MathRandom(1, 2)",
            "$$.Task.Token",
            "$nothing",
            "$.a b",
            "States.Format($.a)",
            "States.Array(",
            "",
            "'",
        ] {
            assert!(scope().path(source).is_err(), "{source}");
        }
        assert!(scope().path(&"States.Array(".repeat(1_000)).is_err());
    }
}
