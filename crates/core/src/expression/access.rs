//! Reads paths from MiniJinja's syntax tree.

use minijinja::machinery::ast::Expr;

use super::error::Problem;
use super::path::{Path, Step};

/// Words with a meaning of their own.
const WORDS: [&str; 7] = ["and", "else", "if", "in", "is", "not", "or"];

/// Returns the name and the steps of a path; `None` where `tree` is something else.
///
/// Brackets end a path: `(score.level)[0]` is MiniJinja's subscript, which takes a character of a string.
pub(super) fn parts<'t>(mut tree: &'t Expr<'_>) -> Option<(&'t str, Vec<Step>)> {
    let mut steps = Vec::new();
    loop {
        let (step, base) = if let Expr::Var(name) = tree {
            steps.reverse();
            return Some((name.id, steps));
        } else if let Expr::GetAttr(access) = tree {
            (Step::Field(access.name.to_owned()), &access.expr)
        } else if let Expr::GetItem(access) = tree {
            (constant_step(&access.subscript_expr)?, &access.expr)
        } else {
            return None;
        };
        // An access has the place of its operand or of its own sign: before its base only where a bracket opens.
        if tree.span().start_offset < base.span().start_offset {
            return None;
        }
        steps.push(step);
        tree = base;
    }
}

/// Gives a path's parts their meaning.
pub(super) fn path(name: &str, steps: Vec<Step>) -> Result<Path, Problem> {
    check_is_name(name)?;
    Path::new(name, steps)
}

fn constant_step(subscript: &Expr<'_>) -> Option<Step> {
    let Expr::Const(constant) = subscript else { return None };
    match constant.value.as_str() {
        Some(name) => Some(Step::Field(name.to_owned())),
        None if constant.value.is_integer() => constant.value.as_usize().map(Step::Entry),
        None => None,
    }
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
