//! Filters over lists. An entry without the field that is asked for is an error that names both.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use minijinja::value::{Kwargs, Rest, ValueKind, ValueOrKwargs};
use minijinja::{Error, ErrorKind, State, Value, filters};

use super::super::{sameness, values};
use super::{MAPPED_FILTERS, invalid, numbers, problem, strict_filter, takes_text, texts};

/// Steps that it takes to see whether an entry was there before.
const STEPS_PER_KEY: u64 = 8;
/// Fields that a message lists.
const SHOWN_FIELDS_MAX: usize = 10;

/// Returns the entries of `list`, which filter `name` needs.
fn entries(state: &State<'_, '_>, name: &str, list: &Value) -> Result<Vec<Value>, Error> {
    if list.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    state.consume_fuel(list.len().unwrap_or_default() as u64)?;
    let entries = list
        .try_iter()
        .map_err(|_| invalid(format!("`{name}` needs a list, not {}", values::described(list))))?;
    Ok(entries.collect())
}

/// Returns the field of each entry that `path` leads to, or the entries where there is none.
fn keys(state: &State<'_, '_>, entries: &[Value], path: Option<&str>) -> Result<Vec<Value>, Error> {
    let Some(path) = path else { return Ok(entries.to_vec()) };
    state.consume_fuel((entries.len() * path.split('.').count()) as u64)?;
    entries.iter().enumerate().map(|(index, entry)| field(entry, index, path)).collect()
}

/// Returns the field of `entry` that a path such as `vendor.name` leads to.
fn field(entry: &Value, index: usize, path: &str) -> Result<Value, Error> {
    let mut at = entry.clone();
    for name in path.split('.') {
        let found = match name.parse::<usize>() {
            Ok(number) if at.kind() == ValueKind::Seq => at.get_item_by_index(number)?,
            _ => at.get_attr(name)?,
        };
        if found.is_undefined() {
            return Err(invalid(format!("entry {index} has no field `{path}`; {}", there(entry))));
        }
        at = found;
    }
    Ok(at)
}

/// Says what an entry is, for an error about a field that it has not.
fn there(entry: &Value) -> String {
    if entry.kind() != ValueKind::Map {
        return format!("it is {}", values::described(entry));
    }
    let names: Vec<String> = entry
        .try_iter()
        .into_iter()
        .flatten()
        .take(SHOWN_FIELDS_MAX)
        .map(|name| format!("`{name}`"))
        .collect();
    if names.is_empty() { "it is an empty object".to_owned() } else { format!("it has {}", names.join(", ")) }
}

/// Takes an argument that may be given by position or by name.
fn argument<'k>(
    given: Option<&'k str>,
    named: &'k Kwargs,
    name: &'static str,
) -> Result<Option<&'k str>, Error> {
    if given.is_some() { Ok(given) } else { named.get(name) }
}

pub(super) fn sum(
    state: &State<'_, '_>,
    list: &Value,
    attribute: Option<&str>,
    start: Option<Value>,
    named: Kwargs,
) -> Result<Value, Error> {
    let attribute = argument(attribute, &named, "attribute")?;
    let start = if start.is_some() { start } else { named.get("start")? };
    named.assert_all_used()?;
    let keys = keys(state, &entries(state, "sum", list)?, attribute)?;
    let keys: Vec<Value> = keys.into_iter().map(numbers::operand).collect::<Result<_, _>>()?;
    let is_nothing = |key: &Value| key.is_undefined() || key.is_none();
    if let Some(index) = keys.iter().position(is_nothing) {
        let found = values::described(&keys[index]);
        return Err(invalid(format!("entry {index} is {found}, which cannot be added")));
    }
    filters::sum(
        state,
        Value::from(keys),
        None,
        start,
        Kwargs::from_iter(std::iter::empty::<(String, Value)>()),
    )
}

pub(super) fn join(
    state: &State<'_, '_>,
    list: &Value,
    separator: Option<&str>,
    attribute: Option<&str>,
    named: Kwargs,
) -> Result<String, Error> {
    let separator = argument(separator, &named, "d")?.unwrap_or_default();
    let attribute = argument(attribute, &named, "attribute")?;
    named.assert_all_used()?;
    if list.as_str().is_some() {
        return Err(invalid(format!("`join` needs a list, not {}", values::described(list))));
    }
    let keys = keys(state, &entries(state, "join", list)?, attribute)?;
    let mut joined = String::new();
    for (index, key) in keys.iter().enumerate() {
        let separator = if index == 0 { "" } else { separator };
        state.consume_fuel((separator.len() / super::BYTES_PER_STEP) as u64)?;
        joined.push_str(separator);
        joined.push_str(&texts::text_of(state, key)?);
    }
    Ok(joined)
}

pub(super) fn min(state: &State<'_, '_>, list: &Value, named: Kwargs) -> Result<Value, Error> {
    extreme(state, "min", list, &named, Ordering::Less)
}

pub(super) fn max(state: &State<'_, '_>, list: &Value, named: Kwargs) -> Result<Value, Error> {
    extreme(state, "max", list, &named, Ordering::Greater)
}

/// Returns the first entry that comes before all others in the order that is asked for.
fn extreme(
    state: &State<'_, '_>,
    name: &str,
    list: &Value,
    named: &Kwargs,
    wanted: Ordering,
) -> Result<Value, Error> {
    let attribute: Option<&str> = named.get("attribute")?;
    let is_exact = named.get::<Option<bool>>("case_sensitive")?.unwrap_or(false);
    named.assert_all_used()?;
    let entries = entries(state, name, list)?;
    let keys = in_order(state, keys(state, &entries, attribute)?, is_exact)?;
    let mut best: Option<usize> = None;
    for at in 0..keys.len() {
        let is_better = match best {
            Some(best) => order(&keys[at], &keys[best])? == wanted,
            None => true,
        };
        if is_better {
            best = Some(at);
        }
    }
    Ok(best.map_or(Value::UNDEFINED, |best| entries[best].clone()))
}

pub(super) fn sort(state: &State<'_, '_>, list: &Value, named: Kwargs) -> Result<Vec<Value>, Error> {
    let attribute: Option<&str> = named.get("attribute")?;
    let is_exact = named.get::<Option<bool>>("case_sensitive")?.unwrap_or(false);
    let is_reversed = named.get::<Option<bool>>("reverse")?.unwrap_or(false);
    named.assert_all_used()?;
    let entries = entries(state, "sort", list)?;
    let paths: Vec<Option<&str>> = match attribute {
        None => vec![None],
        Some(paths) => paths.split(',').map(|path| Some(path.trim())).collect(),
    };
    let rounds = u64::from(entries.len().max(1).ilog2());
    let mut columns = Vec::with_capacity(paths.len());
    for path in &paths {
        let column = in_order(state, keys(state, &entries, *path)?, is_exact)?;
        let steps: u64 = column.iter().map(|key| 1 + text_steps(key)).sum();
        state.consume_fuel(steps.saturating_mul(rounds))?;
        columns.push(column);
    }
    let mut places: Vec<usize> = (0..entries.len()).collect();
    let mut misfit = None;
    places.sort_by(|one, other| {
        let by_columns = columns.iter().try_fold(Ordering::Equal, |so_far, column| {
            if so_far.is_ne() { Ok(so_far) } else { order(&column[*one], &column[*other]) }
        });
        let order = by_columns.unwrap_or_else(|error| {
            misfit.get_or_insert(error);
            Ordering::Equal
        });
        if is_reversed { order.reverse() } else { order }
    });
    match misfit {
        Some(error) => Err(error),
        None => Ok(places.into_iter().map(|place| entries[place].clone()).collect()),
    }
}

/// `unique`: the first of each set of equal entries.
pub(super) fn unique(state: &State<'_, '_>, list: &Value, named: Kwargs) -> Result<Vec<Value>, Error> {
    let attribute: Option<&str> = named.get("attribute")?;
    let is_exact = named.get::<Option<bool>>("case_sensitive")?.unwrap_or(false);
    named.assert_all_used()?;
    let entries = entries(state, "unique", list)?;
    let keys = in_order(state, keys(state, &entries, attribute)?, is_exact)?;
    let (mut seen, mut first) = (BTreeSet::new(), Vec::new());
    for (entry, key) in entries.into_iter().zip(&keys) {
        let key = sameness::key(key);
        // It is compared with as many others as the tree is deep.
        let rounds = u64::from((seen.len() + 1).ilog2()) + 1;
        state.consume_fuel(STEPS_PER_KEY + (key.len() / super::BYTES_PER_STEP) as u64 * rounds)?;
        if seen.insert(key) {
            first.push(entry);
        }
    }
    Ok(first)
}

/// Returns keys as they are compared: strings without regard to case unless `is_exact`.
fn in_order(state: &State<'_, '_>, keys: Vec<Value>, is_exact: bool) -> Result<Vec<Value>, Error> {
    let prepared = |key: Value| {
        state.consume_fuel(text_steps(&key))?;
        let lower = key.as_str().filter(|_| !is_exact).map(|text| Value::from(text.to_lowercase()));
        Ok(lower.unwrap_or(key))
    };
    keys.into_iter().map(prepared).collect()
}

/// Returns the steps that it takes to read a string.
fn text_steps(key: &Value) -> u64 {
    key.as_str().map_or(0, |text| (text.len() / super::BYTES_PER_STEP) as u64)
}

/// Orders two keys that [`in_order`] has prepared.
fn order(left: &Value, right: &Value) -> Result<Ordering, Error> {
    values::order(left, right).map_err(problem)
}

/// `map`: a field of each entry, or what a filter without arguments makes of it.
///
/// With a default or with arguments it could put one large value in the place of many small ones.
pub(super) fn map(
    state: &mut State<'_, '_>,
    list: Value,
    arguments: Rest<ValueOrKwargs>,
) -> Result<Vec<Value>, Error> {
    match arguments.as_slice() {
        [only] if only.is_kwargs() => {
            let named = Kwargs::try_from(Value::clone(only))?;
            let attribute = named.get::<&str>("attribute").map_err(|_| unmappable())?;
            named.assert_all_used().map_err(|_| unmappable())?;
            keys(state, &entries(state, "map", &list)?, Some(attribute))
        }
        [only] => {
            let name = mapped(only)?;
            match strict_filter(name) {
                Some(filter) => entries(state, "map", &list)?
                    .into_iter()
                    .map(|entry| filter.call(state, &[entry]))
                    .collect(),
                None if takes_text(name) => {
                    let texts: Result<Vec<Value>, Error> = entries(state, "map", &list)?
                        .iter()
                        .map(|entry| texts::string(state, entry))
                        .collect();
                    filters::map(state, Value::from(texts?), arguments)
                }
                None => filters::map(state, list, arguments),
            }
        }
        _ => Err(unmappable()),
    }
}

/// Returns the name of a filter that `map` may apply.
fn mapped(name: &Value) -> Result<&'static str, Error> {
    let known = MAPPED_FILTERS.iter().copied();
    known.into_iter().find(|known| name.as_str() == Some(*known)).ok_or_else(unmappable)
}

/// Checks a constant name that `map` is given.
pub(super) fn check_mapped(name: &Value) -> Result<(), Error> {
    mapped(name).map(|_| ())
}

fn unmappable() -> Error {
    let names = MAPPED_FILTERS.join(", ");
    invalid(format!("`map` takes `attribute=\"…\"` or the name of one of these: {names}"))
}

/// `pluck`: the named field of each entry; with several names, an object of them; `new="path"` renames a field.
pub(super) fn pluck(
    state: &State<'_, '_>,
    list: &Value,
    arguments: Rest<ValueOrKwargs>,
) -> Result<Vec<Value>, Error> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for argument in arguments.iter() {
        if argument.is_kwargs() {
            let named = Kwargs::try_from(Value::clone(argument))?;
            for name in named.args() {
                fields.push((name.to_owned(), named.get::<String>(name)?));
            }
        } else {
            let path = argument.as_str().ok_or_else(|| invalid("`pluck` takes names of fields"))?;
            fields.push((path.to_owned(), path.to_owned()));
        }
    }
    let is_value = matches!(arguments.as_slice(), [only] if !only.is_kwargs());
    let entries = entries(state, "pluck", list)?;
    let lookups: usize = fields.iter().map(|(_, path)| path.split('.').count()).sum();
    state.consume_fuel((entries.len() * lookups) as u64)?;
    match fields.as_slice() {
        [] => Err(invalid("`pluck` needs the name of a field")),
        [(_, path)] if is_value => keys(state, &entries, Some(path)),
        several => entries
            .iter()
            .enumerate()
            .map(|(index, entry)| {
                let pair = |(name, path): &(String, String)| Ok((name.clone(), field(entry, index, path)?));
                let pairs: Vec<(String, Value)> = several.iter().map(pair).collect::<Result<_, Error>>()?;
                Ok(Value::from_pairs(pairs))
            })
            .collect(),
    }
}
