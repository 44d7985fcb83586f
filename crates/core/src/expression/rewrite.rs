//! From MiniJinja's syntax tree to the tree that is compiled: paths become variables, lenient operators strict ones.
//!
//! One walk checks what an expression may use and builds a new tree, so nothing comes through that is not named here.
//! MiniJinja is given the values of the paths (`_p000`, `_p001`, …) and nothing else, and a missing field is reported in
//! our words. Nothing can be called but filters and tests from a fixed list, and `now()` and `uuid()`, which become
//! variables too. A tree has no precedence, so no rule here must
//! agree with one of MiniJinja's parser.

use minijinja::Value;
use minijinja::machinery::Span;
use minijinja::machinery::ast::{
    BinOp, BinOpKind, Call, CallArg, Compare, CompareOp, CompareOpKind, Const, Expr, Filter, GetItem, IfExpr,
    List, Map, Slice, Spanned, Test, Tuple, UnaryOp, UnaryOpKind, Var,
};

use super::access;
use super::error::Problem;
use super::functions::{self, FILTERS, TESTS};
use super::path::{Path, Step};
use super::site::Site;
use super::slots::{Presence, Slots};

/// A tree that may be compiled, and what it reads.
pub(super) struct Rewritten {
    pub(super) tree: Expr<'static>,
    pub(super) slots: Slots,
    /// Whether a filter looks a test up by its name.
    pub(super) names_tests: bool,
    /// Whether `urlencode` is applied last.
    pub(super) is_url_encoded: bool,
    /// Why filters cannot work with their constant arguments.
    pub(super) faults: Vec<Problem>,
}

type Tree = Result<Expr<'static>, Problem>;

/// Checks and rewrites `tree`.
pub(super) fn rewrite(tree: &Expr<'_>, site: Site<'_>) -> Result<Rewritten, Problem> {
    let mut rewriter =
        Rewriter { site, uuids: 0, slots: Slots::default(), names_tests: false, faults: Vec::new() };
    let is_url_encoded = matches!(tree, Expr::Filter(filter) if filter.name == "urlencode");
    let tree = rewriter.expression(tree)?;
    rewriter.slots.shrink_to_fit();
    let Rewriter { slots, names_tests, faults, .. } = rewriter;
    Ok(Rewritten { tree, slots, names_tests, is_url_encoded, faults })
}

struct Rewriter<'s> {
    site: Site<'s>,
    /// How often `uuid()` was called so far.
    uuids: usize,
    slots: Slots,
    names_tests: bool,
    faults: Vec<Problem>,
}

impl Rewriter<'_> {
    fn expression(&mut self, tree: &Expr<'_>) -> Tree {
        self.operand(tree, Presence::Required)
    }

    fn operand(&mut self, tree: &Expr<'_>, presence: Presence) -> Tree {
        match access::parts(tree) {
            Some(("null", steps)) if steps.is_empty() => Ok(value(Value::from(()))),
            Some((name, steps)) => self.path(name, steps, presence),
            None => self.compound(tree),
        }
    }

    fn path(&mut self, name: &str, steps: Vec<Step>, presence: Presence) -> Tree {
        let id = self.slots.mention(access::path(name, steps)?, presence);
        Ok(Expr::Var(node(Var { id })))
    }

    fn compound(&mut self, tree: &Expr<'_>) -> Tree {
        Ok(match tree {
            Expr::Var(name) => self.path(name.id, Vec::new(), Presence::Required)?,
            Expr::Const(constant) => value(constant.value.clone()),
            Expr::GetAttr(access) => {
                check_has_fields(&access.expr, access.name)?;
                item(self.expression(&access.expr)?, value(access.name.into()))
            }
            Expr::GetItem(access) => {
                item(self.expression(&access.expr)?, self.expression(&access.subscript_expr)?)
            }
            Expr::Slice(slice) => self.slice(slice)?,
            Expr::UnaryOp(operation) => self.unary(operation)?,
            Expr::BinOp(operation) => self.binary(operation)?,
            Expr::Compare(chain) => self.chain(chain)?,
            Expr::IfExpr(choice) => self.choice(choice)?,
            Expr::Filter(filter) => self.filter(filter)?,
            Expr::Test(test) => self.test(test)?,
            Expr::Call(called) => self.called(called)?,
            Expr::List(list) => Expr::List(node(List { items: self.all(&list.items)? })),
            Expr::Tuple(tuple) => Expr::Tuple(node(Tuple { items: self.all(&tuple.items)? })),
            Expr::Map(map) => self.map(map)?,
        })
    }

    /// Rewrites `now()` and `uuid()`: what they give does not change while the expression is evaluated.
    fn called(&mut self, called: &Call<'_>) -> Tree {
        let Expr::Var(function) = &called.expr else { return Err(not_callable(&called.expr)) };
        let read = match function.id {
            "now" => Path::now(),
            "uuid" => {
                self.uuids += 1;
                Path::uuid(self.site.of_call(self.uuids))
            }
            _ => return Err(not_callable(&called.expr)),
        };
        let is_zone = |arg: &CallArg<'_>| matches!(arg, CallArg::Kwarg("tz", _)) && function.id == "now";
        if !called.args.iter().all(is_zone) {
            let may = if function.id == "now" {
                "only `tz`, as in `now(tz=\"Europe/Paris\")`"
            } else {
                "no arguments"
            };
            return Err(Problem::new(format!("`{}` takes {may}", function.id)));
        }
        let read = Expr::Var(node(Var { id: self.slots.mention(read, Presence::Required) }));
        if function.id == "uuid" {
            return Ok(read);
        }
        let args = self.arguments(&called.args)?;
        Ok(call(functions::date(), read, args))
    }

    fn all(&mut self, trees: &[Expr<'_>]) -> Result<Vec<Expr<'static>>, Problem> {
        trees.iter().map(|tree| self.expression(tree)).collect()
    }

    fn maybe(&mut self, tree: Option<&Expr<'_>>) -> Result<Option<Expr<'static>>, Problem> {
        tree.map(|tree| self.expression(tree)).transpose()
    }

    fn map(&mut self, map: &Map<'_>) -> Tree {
        let (mut keys, mut values) = (Vec::new(), Vec::new());
        for (key, value) in map.keys.iter().zip(&map.values) {
            keys.push(self.expression(key)?);
            values.push(self.expression(value)?);
        }
        Ok(Expr::Map(node(Map { keys, values })))
    }

    fn slice(&mut self, slice: &Slice<'_>) -> Tree {
        Ok(Expr::Slice(node(Slice {
            expr: self.expression(&slice.expr)?,
            start: self.maybe(slice.start.as_ref())?,
            stop: self.maybe(slice.stop.as_ref())?,
            step: self.maybe(slice.step.as_ref())?,
        })))
    }

    fn unary(&mut self, operation: &UnaryOp<'_>) -> Tree {
        let expr = self.expression(&operation.expr)?;
        Ok(Expr::UnaryOp(node(match operation.op {
            UnaryOpKind::Neg => UnaryOp { op: UnaryOpKind::Neg, expr: calculable(expr, functions::operand) },
            UnaryOpKind::Not => UnaryOp { op: UnaryOpKind::Not, expr },
        })))
    }

    fn binary(&mut self, operation: &BinOp<'_>) -> Tree {
        let left = self.expression(&operation.left)?;
        let right = self.expression(&operation.right)?;
        if let Some(function) = functions::strict_operator(operation.op) {
            return Ok(call(function, left, vec![CallArg::Pos(right)]));
        }
        if matches!(operation.op, BinOpKind::ScAnd | BinOpKind::ScOr) {
            return Ok(Expr::BinOp(node(BinOp { op: operation.op, left, right })));
        }
        let multiplies = matches!(operation.op, BinOpKind::Mul);
        let through = if multiplies { functions::factor } else { functions::operand };
        let (left, right) = (calculable(left, through), calculable(right, through));
        Ok(Expr::BinOp(node(BinOp { op: operation.op, left, right })))
    }

    /// Rewrites `a == b == c`. With an order in it, it is too easily taken for something else.
    fn chain(&mut self, chain: &Compare<'_>) -> Tree {
        let expr = self.expression(&chain.expr)?;
        let mut ops = Vec::with_capacity(chain.ops.len());
        for link in &chain.ops {
            ops.push(CompareOp {
                op: link.op,
                expr: calculable(self.expression(&link.expr)?, functions::operand),
            });
        }
        let orders = |op| {
            matches!(op, CompareOpKind::Lt | CompareOpKind::Lte | CompareOpKind::Gt | CompareOpKind::Gte)
        };
        if ops.iter().any(|link| orders(link.op)) {
            return Err(Problem::new("comparisons cannot be chained; write `a < b and b < c`"));
        }
        Ok(Expr::Compare(node(Compare { expr, ops })))
    }

    fn choice(&mut self, choice: &IfExpr<'_>) -> Tree {
        let true_expr = self.expression(&choice.true_expr)?;
        let test_expr = self.expression(&choice.test_expr)?;
        let false_expr = self.maybe(choice.false_expr.as_ref())?;
        Ok(Expr::IfExpr(node(IfExpr { test_expr, true_expr, false_expr })))
    }

    fn filter(&mut self, filter: &Filter<'_>) -> Tree {
        let name = known("filter", FILTERS, filter.name)?;
        let presence = if matches!(name, "default" | "d") { Presence::Optional } else { Presence::Required };
        let subject = filter.expr.as_ref().expect("only a filter block of a template has none");
        let subject = self.operand(subject, presence)?;
        let subject =
            if functions::takes_text(name) { call(functions::text(), subject, Vec::new()) } else { subject };
        let mut args = self.arguments(&filter.args)?;
        if let Some(CallArg::Pos(Expr::Const(pattern))) = args.first()
            && let Some(compiled) = functions::compiled_pattern(name, &pattern.value)
        {
            args[0] = CallArg::Pos(value(compiled));
        }
        self.faults.extend(functions::constant_fault(name, &args));
        self.names_tests |= functions::names_a_test(name);
        Ok(match functions::strict_filter(name) {
            Some(function) => call(function, subject, args),
            None => Expr::Filter(node(Filter { name, expr: Some(subject), args })),
        })
    }

    fn test(&mut self, test: &Test<'_>) -> Tree {
        let name = known("test", TESTS, test.name)?;
        let subject = self.operand(&test.expr, Presence::Optional)?;
        let args = self.arguments(&test.args)?;
        Ok(match functions::strict_test(name) {
            Some(function) => call(function, subject, args),
            None => Expr::Test(node(Test { name, expr: subject, args })),
        })
    }

    fn arguments(&mut self, args: &[CallArg<'_>]) -> Result<Vec<CallArg<'static>>, Problem> {
        args.iter()
            .map(|arg| match arg {
                CallArg::Pos(tree) => self.expression(tree).map(CallArg::Pos),
                CallArg::Kwarg(name, tree) => Ok(named(name, self.expression(tree)?)),
                CallArg::PosSplat(_) | CallArg::KwargSplat(_) => {
                    Err(Problem::new("arguments cannot be spread with `*`"))
                }
            })
            .collect()
    }
}

/// Refuses a field `name` of a number: the id of a node may look like one.
fn check_has_fields(tree: &Expr<'_>, name: &str) -> Result<(), Problem> {
    let Expr::Const(constant) = tree else { return Ok(()) };
    let number = &constant.value;
    if !number.is_number() {
        return Ok(());
    }
    Err(Problem::new(format!(
        "{number} is a number, which has no fields; of a node with this id, it is `nodes[\"{number}\"].output.{name}`"
    )))
}

/// Returns the known name that equals `name`.
fn known(what: &str, names: &'static [&'static str], name: &str) -> Result<&'static str, Problem> {
    names
        .iter()
        .copied()
        .find(|known| *known == name)
        .ok_or_else(|| Problem::new(format!("there is no {what} `{name}`; there are {}", names.join(", "))))
}

fn not_callable(tree: &Expr<'_>) -> Problem {
    let name = if let Expr::Var(name) = tree {
        name.id
    } else if let Expr::GetAttr(access) = tree {
        access.name
    } else {
        return Problem::new("only filters and tests take arguments; nothing else can be called");
    };
    access::check_is_name(name).err().unwrap_or_else(|| {
        Problem::new(format!(
            "there is no function `{name}`; there are `now()` and `uuid()`, and values are changed by filters, as in `name | upper`"
        ))
    })
}

fn node<T>(of: T) -> Spanned<T> {
    Spanned::new(of, Span::default())
}

fn value(value: Value) -> Expr<'static> {
    Expr::Const(node(Const { value }))
}

fn item(expr: Expr<'static>, subscript_expr: Expr<'static>) -> Expr<'static> {
    Expr::GetItem(node(GetItem { expr, subscript_expr }))
}

fn call(function: Value, subject: Expr<'static>, rest: Vec<CallArg<'static>>) -> Expr<'static> {
    let args = std::iter::once(CallArg::Pos(subject)).chain(rest).collect();
    Expr::Call(node(Call { expr: value(function), args }))
}

/// Puts a function around an operand that may be something else than its operator calculates with. A constant of a tree
/// and what an operator has calculated never are.
fn calculable(operand: Expr<'static>, through: fn() -> Value) -> Expr<'static> {
    let is_calculated =
        |operation: &BinOp<'_>| !matches!(operation.op, BinOpKind::ScAnd | BinOpKind::ScOr | BinOpKind::Add);
    let is_native = if let Expr::BinOp(operation) = &operand {
        is_calculated(operation)
    } else {
        matches!(operand, Expr::Const(_))
    };
    if is_native { operand } else { call(through(), operand, Vec::new()) }
}

/// Returns a named argument: the tree's own form borrows the name from the expression's text.
fn named(name: &str, argument: Expr<'static>) -> CallArg<'static> {
    CallArg::KwargSplat(Expr::Map(node(Map { keys: vec![value(name.into())], values: vec![argument] })))
}
