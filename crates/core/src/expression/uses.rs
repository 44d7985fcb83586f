//! What an expression reads, and which type its operators expect of each value.
//!
//! A guess for forms: `trigger_data.risk > 70` expects a number, `trigger_data.name | upper` text. Evaluation does not
//! depend on it.

use minijinja::Value;
use minijinja::machinery::ast::{BinOp, BinOpKind, CallArg, Compare, Expr, Filter, Test, UnaryOpKind};
use minijinja::value::ValueKind;

use super::access;
use super::compile::Compiled;
use super::parse;
use super::path::Path;
use super::{Expression, json_text};
use crate::limits::Limits;

/// The type that the use of a value expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueType {
    /// A string.
    Text,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A list or an object.
    Json,
    /// Its use does not say.
    Any,
}

impl ValueType {
    /// Every type.
    pub const ALL: [Self; 5] = [Self::Text, Self::Number, Self::Boolean, Self::Json, Self::Any];

    /// Returns the name that the API uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Json => "json",
            Self::Any => "any",
        }
    }

    /// Returns the type of a JSON text. `null` says nothing.
    pub(crate) fn of_json(text: &str) -> Self {
        match json_text::Kind::of(text) {
            json_text::Kind::String => Self::Text,
            json_text::Kind::Number => Self::Number,
            json_text::Kind::Bool => Self::Boolean,
            json_text::Kind::List | json_text::Kind::Object => Self::Json,
            json_text::Kind::Null => Self::Any,
        }
    }

    fn of(value: &Value) -> Self {
        if value.as_str().is_some() {
            Self::Text
        } else if value.is_number() {
            Self::Number
        } else if value.kind() == ValueKind::Bool {
            Self::Boolean
        } else {
            Self::Any
        }
    }

    /// Returns this type or, where it says nothing, the other.
    pub(crate) const fn or(self, other: Self) -> Self {
        if matches!(self, Self::Any) { other } else { self }
    }
}

/// A value that an expression reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Use {
    pub(crate) path: Path,
    pub(crate) expected: ValueType,
}

impl Expression {
    /// Returns the values that the expression reads, in the order of their mention; `expected` is the type of its result.
    pub(crate) fn uses(&self, expected: ValueType) -> Vec<Use> {
        match &self.compiled {
            Compiled::Path(path) => vec![Use { path: path.clone(), expected }],
            Compiled::Secret(_) => Vec::new(),
            Compiled::Computed(_) => {
                // It was not too long when it was compiled.
                let limits = Limits { expression_chars_max: usize::MAX, ..Limits::DEFAULT };
                let mut uses = Uses::default();
                if let Ok(tree) = parse::parse(&self.text, &limits) {
                    uses.visit(&tree, expected);
                }
                uses.found
            }
        }
    }
}

#[derive(Default)]
struct Uses {
    found: Vec<Use>,
}

impl Uses {
    fn visit(&mut self, tree: &Expr<'_>, expected: ValueType) {
        if let Some((name, steps)) = access::parts(tree) {
            self.found.extend(access::path(name, steps).ok().map(|path| Use { path, expected }));
            return;
        }
        match tree {
            Expr::Var(_) | Expr::Const(_) => {}
            Expr::GetAttr(access) => self.visit(&access.expr, ValueType::Json),
            Expr::GetItem(access) => {
                self.visit(&access.expr, ValueType::Json);
                self.visit(&access.subscript_expr, ValueType::Any);
            }
            Expr::Slice(slice) => {
                self.visit(&slice.expr, ValueType::Any);
                for bound in [&slice.start, &slice.stop, &slice.step].into_iter().flatten() {
                    self.visit(bound, ValueType::Number);
                }
            }
            Expr::UnaryOp(operation) => self.visit(
                &operation.expr,
                match operation.op {
                    UnaryOpKind::Neg => ValueType::Number,
                    UnaryOpKind::Not => ValueType::Boolean,
                },
            ),
            Expr::BinOp(operation) => self.binary(operation),
            Expr::Compare(chain) => self.chain(chain),
            Expr::IfExpr(choice) => {
                self.visit(&choice.test_expr, ValueType::Boolean);
                self.visit(&choice.true_expr, expected);
                choice.false_expr.iter().for_each(|tree| self.visit(tree, expected));
            }
            Expr::Filter(filter) => self.filter(filter, expected),
            Expr::Test(test) => self.test(test),
            Expr::Call(call) => self.arguments(&call.args),
            Expr::List(list) => self.all(&list.items),
            Expr::Tuple(tuple) => self.all(&tuple.items),
            Expr::Map(map) => {
                self.all(&map.keys);
                self.all(&map.values);
            }
        }
    }

    fn all(&mut self, trees: &[Expr<'_>]) {
        trees.iter().for_each(|tree| self.visit(tree, ValueType::Any));
    }

    fn binary(&mut self, operation: &BinOp<'_>) {
        let (left, right) = (result_type(&operation.left), result_type(&operation.right));
        let (expected_left, expected_right) = match operation.op {
            BinOpKind::ScAnd | BinOpKind::ScOr => (ValueType::Boolean, ValueType::Boolean),
            BinOpKind::Add if [left, right].contains(&ValueType::Text) => (ValueType::Text, ValueType::Text),
            BinOpKind::Add
            | BinOpKind::Sub
            | BinOpKind::Mul
            | BinOpKind::Div
            | BinOpKind::FloorDiv
            | BinOpKind::Rem
            | BinOpKind::Pow => (ValueType::Number, ValueType::Number),
            BinOpKind::In => (entry_type(&operation.right), ValueType::Any),
            BinOpKind::Concat => (ValueType::Any, ValueType::Any),
            BinOpKind::Eq
            | BinOpKind::Ne
            | BinOpKind::Lt
            | BinOpKind::Lte
            | BinOpKind::Gt
            | BinOpKind::Gte => (right, left),
        };
        self.visit(&operation.left, expected_left);
        self.visit(&operation.right, expected_right);
    }

    /// Visits `a == b == c`: all of one type.
    fn chain(&mut self, chain: &Compare<'_>) {
        let types = chain.ops.iter().map(|link| result_type(&link.expr));
        let expected = types.fold(result_type(&chain.expr), ValueType::or);
        self.visit(&chain.expr, expected);
        chain.ops.iter().for_each(|link| self.visit(&link.expr, expected));
    }

    fn filter(&mut self, filter: &Filter<'_>, expected: ValueType) {
        let own = match filter.name {
            "default" | "d" => filter.args.first().map_or(expected, |arg| expected.or(argument_type(arg))),
            name => filtered_type(name),
        };
        filter.expr.iter().for_each(|subject| self.visit(subject, own));
        self.arguments(&filter.args);
    }

    fn test(&mut self, test: &Test<'_>) {
        let first = test.args.first();
        let expected = match test.name {
            "boolean" | "true" | "false" => ValueType::Boolean,
            "divisibleby" | "even" | "odd" | "number" | "integer" | "float" => ValueType::Number,
            "startingwith" | "endingwith" | "lower" | "upper" | "string" => ValueType::Text,
            "iterable" | "mapping" | "sequence" => ValueType::Json,
            "in" => match first {
                Some(CallArg::Pos(list)) => entry_type(list),
                _ => ValueType::Any,
            },
            _ => first.map_or(ValueType::Any, argument_type),
        };
        self.visit(&test.expr, expected);
        self.arguments(&test.args);
    }

    fn arguments(&mut self, args: &[CallArg<'_>]) {
        for arg in args {
            match arg {
                CallArg::Pos(tree)
                | CallArg::Kwarg(_, tree)
                | CallArg::PosSplat(tree)
                | CallArg::KwargSplat(tree) => self.visit(tree, ValueType::Any),
            }
        }
    }
}

/// Returns the type that a filter takes.
fn filtered_type(filter: &str) -> ValueType {
    match filter {
        "abs" | "float" | "int" | "round" => ValueType::Number,
        "b64decode" | "b64encode" | "capitalize" | "date" | "date_add" | "date_format" | "fromjson"
        | "hmac" | "lines" | "lower" | "regex_find" | "regex_match" | "regex_replace" | "replace"
        | "sha256" | "split" | "title" | "trim" | "upper" | "urlencode" => ValueType::Text,
        "dictsort" | "first" | "items" | "join" | "last" | "list" | "map" | "max" | "min" | "pluck"
        | "reject" | "rejectattr" | "select" | "selectattr" | "sort" | "sum" | "unique" => ValueType::Json,
        "bool" => ValueType::Boolean,
        _ => ValueType::Any,
    }
}

/// Returns the type of what `tree` gives, where it shows.
fn result_type(tree: &Expr<'_>) -> ValueType {
    match tree {
        Expr::Const(constant) => ValueType::of(&constant.value),
        Expr::BinOp(operation) => match operation.op {
            BinOpKind::Sub
            | BinOpKind::Mul
            | BinOpKind::Div
            | BinOpKind::FloorDiv
            | BinOpKind::Rem
            | BinOpKind::Pow => ValueType::Number,
            BinOpKind::Add => result_type(&operation.left).or(result_type(&operation.right)),
            BinOpKind::Concat => ValueType::Text,
            BinOpKind::ScAnd
            | BinOpKind::ScOr
            | BinOpKind::In
            | BinOpKind::Eq
            | BinOpKind::Ne
            | BinOpKind::Lt
            | BinOpKind::Lte
            | BinOpKind::Gt
            | BinOpKind::Gte => ValueType::Boolean,
        },
        Expr::Filter(filter) => match filter.name {
            "count" | "float" | "int" | "length" | "round" | "sum" => ValueType::Number,
            "capitalize" | "lower" | "string" | "title" | "trim" | "upper" => ValueType::Text,
            _ => ValueType::Any,
        },
        Expr::Test(_) => ValueType::Boolean,
        Expr::List(_) | Expr::Tuple(_) | Expr::Map(_) => ValueType::Json,
        Expr::UnaryOp(operation) => match operation.op {
            UnaryOpKind::Neg => ValueType::Number,
            UnaryOpKind::Not => ValueType::Boolean,
        },
        Expr::Compare(_) => ValueType::Boolean,
        Expr::Var(_)
        | Expr::GetAttr(_)
        | Expr::GetItem(_)
        | Expr::Slice(_)
        | Expr::IfExpr(_)
        | Expr::Call(_) => ValueType::Any,
    }
}

/// Returns the type of the first entry of a list that is written out.
fn entry_type(tree: &Expr<'_>) -> ValueType {
    let first = if let Expr::List(list) = tree {
        list.items.first()
    } else if let Expr::Tuple(tuple) = tree {
        tuple.items.first()
    } else {
        None
    };
    first.map_or(ValueType::Any, result_type)
}

fn argument_type(arg: &CallArg<'_>) -> ValueType {
    if let CallArg::Pos(tree) = arg { result_type(tree) } else { ValueType::Any }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_filters_and_tests_say_which_type_they_expect() {
        let texts = [
            "a.x",
            "a.x > 70 and b.y == 'EU' or not c",
            "70 < a.x",
            "a.x == true",
            "a.x * 2 + b.y",
            "a.x + '-' + b.y",
            "-a.x",
            "a.x | int",
            "a.x | upper | length > 3",
            "a.x | default(5)",
            "a.x | sum",
            "a.x in ['EU', 'US']",
            "a.x in [1]",
            "a.x is number and b.y is startingwith('v')",
            "a.x if b.y else c",
            "a.x ~ '!'",
            "a.x[b.y].z",
            "a.x | length == b.y",
            "a.x is defined",
            "a.x is true and b.y is mapping and c is in(['EU'])",
            "a.x is in(b.y) and b.z is in",
            "a.x == b.y == 5",
            "a.x | bool",
            "(a.x | trim) == b.y",
            "[a.x, {b.y: c}, d is upper]",
            "a.x[b.y:c:d] == 1",
            "a.x | default(b.y | int)",
        ];

        let lines: Vec<String> = texts.iter().map(|text| format!("{text}: {}", uses(text))).collect();

        insta::assert_snapshot!(lines.join("\n"), @"
        a.x: a.x Any
        a.x > 70 and b.y == 'EU' or not c: a.x Number, b.y Text, c Boolean
        70 < a.x: a.x Number
        a.x == true: a.x Boolean
        a.x * 2 + b.y: a.x Number, b.y Number
        a.x + '-' + b.y: a.x Text, b.y Text
        -a.x: a.x Number
        a.x | int: a.x Number
        a.x | upper | length > 3: a.x Text
        a.x | default(5): a.x Number
        a.x | sum: a.x Json
        a.x in ['EU', 'US']: a.x Text
        a.x in [1]: a.x Number
        a.x is number and b.y is startingwith('v'): a.x Number, b.y Text
        a.x if b.y else c: b.y Boolean, a.x Any, c Any
        a.x ~ '!': a.x Any
        a.x[b.y].z: a.x Json, b.y Any
        a.x | length == b.y: a.x Any, b.y Number
        a.x is defined: a.x Any
        a.x is true and b.y is mapping and c is in(['EU']): a.x Boolean, b.y Json, c Text
        a.x is in(b.y) and b.z is in: a.x Any, b.y Any, b.z Any
        a.x == b.y == 5: a.x Number, b.y Number
        a.x | bool: a.x Boolean
        (a.x | trim) == b.y: a.x Text, b.y Text
        [a.x, {b.y: c}, d is upper]: a.x Any, b.y Any, c Any, d Text
        a.x[b.y:c:d] == 1: a.x Any, b.y Number, c Number, d Number
        a.x | default(b.y | int): a.x Number, b.y Number
        ");
    }

    #[test]
    fn uses_are_found_in_an_expression_that_is_longer_than_usual() {
        let limits = Limits { expression_chars_max: usize::MAX, ..Limits::DEFAULT };
        let text = format!("'{}' ~ a.x", "l".repeat(Limits::DEFAULT.expression_chars_max));

        assert_eq!(Expression::compile(&text, &limits).unwrap().uses(ValueType::Any).len(), 1);
    }

    #[test]
    fn types_have_the_names_that_forms_are_given() {
        let names = ValueType::ALL.map(ValueType::as_str);

        assert_eq!(names, ["text", "number", "boolean", "json", "any"]);
    }

    fn uses(text: &str) -> String {
        let uses = Expression::compile(text, &Limits::DEFAULT).unwrap().uses(ValueType::Any);
        let line = |found: &Use| format!("{} {:?}", found.path.text(), found.expected);
        uses.iter().map(line).collect::<Vec<_>>().join(", ")
    }
}
