//! From text to an expression: a path, a secret, or something that MiniJinja evaluates.

use minijinja::machinery::ast::Expr;

use crate::limits::Limits;
use crate::scope::References;

use super::access;
use super::engine::{self, Computed};
use super::error::Problem;
use super::parse;
use super::path::{Path, SECRET_MISPLACED, Step};
use super::rewrite;
use super::site::Site;

/// What an expression turned out to be.
#[derive(Clone, Debug)]
pub(super) enum Compiled {
    Path(Path),
    /// `secrets.NAME`, by name.
    Secret(String),
    Computed(Computed),
}

pub(super) fn compile(site: Site<'_>, text: &str, limits: &Limits) -> Result<Compiled, Problem> {
    let tree = parse::parse(text, limits)?;
    match access::parts(&tree) {
        Some(("null", steps)) if steps.is_empty() => {
            Ok(Compiled::Computed(engine::prepare(text, rewrite::rewrite(&tree, site)?, limits)))
        }
        Some(("secrets", steps)) => secret_name(&tree, &steps).map(Compiled::Secret),
        Some((name, steps)) => access::path(name, steps).map(Compiled::Path),
        None => Ok(Compiled::Computed(engine::prepare(text, rewrite::rewrite(&tree, site)?, limits))),
    }
}

/// Reads `text` as a path from `root`, such as `input.items[0]`; `None` where it is something else.
pub(crate) fn steps_from(root: &str, text: &str, limits: &Limits) -> Option<Vec<Step>> {
    let tree = parse::parse(text, limits).ok()?;
    access::parts(&tree).filter(|(name, _)| *name == root).map(|(_, steps)| steps)
}

/// Adds what `compiled` names.
pub(super) fn add_references(compiled: &Compiled, references: &mut References) {
    match compiled {
        Compiled::Path(path) => path.add_to(references),
        Compiled::Secret(name) => references.add_secret(name.as_str().into()),
        Compiled::Computed(computed) => computed.slots().iter().for_each(|slot| slot.path.add_to(references)),
    }
}

/// Returns NAME of `secrets.NAME`, which has no other spelling.
fn secret_name(tree: &Expr<'_>, steps: &[Step]) -> Result<String, Problem> {
    match (tree, steps) {
        (Expr::GetAttr(_), [Step::Field(name)]) => Ok(name.clone()),
        _ => Err(Problem::new(SECRET_MISPLACED)),
    }
}
