//! Constant arguments with which a filter fails whatever it is given: they are found before anything runs.

use minijinja::machinery::ast::{CallArg, Expr};
use minijinja::{Error, Value};

use super::super::error::Problem;
use super::{PATTERN_FILTERS, dates, lists, texts};

/// Returns why `filter` cannot work with its constant arguments.
pub(in super::super) fn fault(filter: &str, args: &[CallArg<'static>]) -> Option<Problem> {
    let first = args.iter().find_map(positional);
    let checked = match filter {
        _ if PATTERN_FILTERS.contains(&filter) => first.map_or(Ok(()), texts::check_pattern),
        "date" => zone_of(args),
        "date_format" => first.map_or(Ok(()), dates::check_format).and_then(|()| zone_of(args)),
        "map" => first.map_or(Ok(()), lists::check_mapped),
        _ => Ok(()),
    };
    checked.err().map(|error| Problem::new(error.detail().unwrap_or_default()))
}

fn positional<'a>(arg: &'a CallArg<'static>) -> Option<&'a Value> {
    if let CallArg::Pos(Expr::Const(constant)) = arg { Some(&constant.value) } else { None }
}

fn zone_of(args: &[CallArg<'static>]) -> Result<(), Error> {
    named(args, "tz").map_or(Ok(()), dates::check_zone)
}

/// Returns the constant argument of this name, in the form that the rewritten tree has it.
fn named<'a>(args: &'a [CallArg<'static>], name: &str) -> Option<&'a Value> {
    args.iter().find_map(|arg| {
        let CallArg::KwargSplat(Expr::Map(map)) = arg else { return None };
        match (map.keys.as_slice(), map.values.as_slice()) {
            ([Expr::Const(key)], [Expr::Const(given)]) if key.value.as_str() == Some(name) => {
                Some(&given.value)
            }
            _ => None,
        }
    })
}
