//! Reads paths from MiniJinja's syntax tree.

use std::iter;

use minijinja::machinery::ast::Expr;

use super::error::Problem;
use super::path::{Path, Step};

/// Words with a meaning of their own.
const WORDS: [&str; 7] = ["and", "else", "if", "in", "is", "not", "or"];

/// Returns the name and the steps of a path; `None` where `tree` is something else.
///
/// Brackets end a path: `(score.level)[0]` is MiniJinja's subscript, which takes a character of a string.
pub(super) fn parts<'t>(tree: &'t Expr<'_>) -> Option<(&'t str, Vec<Step>)> {
    let accesses = iter::successors(base(tree), |tree| base(tree)).count();
    let mut steps = Vec::with_capacity(accesses);
    let mut at = tree;
    while let Some(base) = base(at) {
        // The span of an access begins with its base or with its own sign. Where it begins before its base, a bracket
        // opens between the two.
        if at.span().start_offset < base.span().start_offset {
            return None;
        }
        steps.push(step(at)?);
        at = base;
    }
    let Expr::Var(name) = at else { return None };
    steps.reverse();
    Some((name.id, steps))
}

/// Returns what `tree` takes a field or an entry of.
fn base<'t, 'a>(tree: &'t Expr<'a>) -> Option<&'t Expr<'a>> {
    if let Expr::GetAttr(access) = tree {
        Some(&access.expr)
    } else if let Expr::GetItem(access) = tree {
        Some(&access.expr)
    } else {
        None
    }
}

/// Returns the field or entry that `tree` takes, where that is the same in each evaluation.
fn step(tree: &Expr<'_>) -> Option<Step> {
    if let Expr::GetAttr(access) = tree {
        return Some(Step::Field(access.name.to_owned()));
    }
    let Expr::GetItem(access) = tree else { return None };
    let Expr::Const(subscript) = &access.subscript_expr else { return None };
    match subscript.value.as_str() {
        Some(name) => Some(Step::Field(name.to_owned())),
        None if subscript.value.is_integer() => subscript.value.as_usize().map(Step::Entry),
        None => None,
    }
}

/// Gives a path's parts their meaning.
pub(super) fn path(name: &str, steps: Vec<Step>) -> Result<Path, Problem> {
    check_is_name(name)?;
    Path::new(name, steps)
}

/// Refuses words that MiniJinja takes for names where it expects a value, as in `a + not b`.
pub(super) fn check_is_name(word: &str) -> Result<(), Problem> {
    if !WORDS.contains(&word) {
        return Ok(());
    }
    Err(Problem::new(format!(
        "`{word}` is a word of the language and needs brackets here; a node with this id is `nodes[\"{word}\"].output`"
    )))
}
