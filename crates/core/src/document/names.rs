//! Names in messages: as they are listed, and the one that was probably meant.

use serde_json::Value;

/// Returns `names` in backticks, with commas.
pub(crate) fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Returns a value as a message shows it: small ones themselves, others by their kind.
pub(crate) fn described(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) if text.chars().count() <= 40 => value.to_string(),
        Value::String(_) => "a long string".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

/// Says what `value` is where an object is wanted. What stands there may be a secret, so no text is shown.
pub(crate) fn described_without_text(value: &Value) -> String {
    if value.is_string() { "a string".to_owned() } else { described(value) }
}

/// Characters of a name that is compared with others: it takes as many steps as the product of both lengths.
const COMPARED_CHARS_MAX: usize = 40;

/// Returns `; did you mean …?` where one of `names` is near `given`.
pub(super) fn suggestion<'n>(given: &str, names: impl Iterator<Item = &'n str>) -> String {
    let wanted = given.to_lowercase();
    let length = wanted.chars().count();
    if length > COMPARED_CHARS_MAX {
        return String::new();
    }
    // Two swapped letters count as two changes.
    let distance_max = if (4..=8).contains(&length) { 2 } else { length.div_ceil(3) };
    let near = names
        .filter(|name| name.chars().count().abs_diff(length) <= distance_max)
        .map(|name| (distance(&wanted, &name.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= distance_max.min(length.saturating_sub(1)))
        .min();
    near.map_or_else(String::new, |(_, name)| format!("; did you mean `{name}`?"))
}

/// Returns how many characters must be put in, taken out or changed (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (at, left) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (column, right) in to.iter().enumerate() {
            let changed = diagonal + usize::from(left != *right);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_near_names_are_suggested() {
        let names = ["score", "notify", "fetch-data"];

        assert_eq!(suggestion("scroe", names.into_iter()), "; did you mean `score`?");
        assert_eq!(suggestion("fetch_data", names.into_iter()), "; did you mean `fetch-data`?");
        assert_eq!(suggestion("x", names.into_iter()), "");
        assert_eq!(suggestion("x", ["y"].into_iter()), "", "nothing of it is the same");
        assert_eq!(suggestion("approve", names.into_iter()), "");
        assert_eq!(suggestion("", names.into_iter()), "");
        let longest = "x".repeat(COMPARED_CHARS_MAX);
        assert_eq!(suggestion(&longest, [&*longest].into_iter()), format!("; did you mean `{longest}`?"));
        let long = longest + "x";
        assert_eq!(suggestion(&long, [&*long].into_iter()), "", "comparing takes time");
    }

    #[test]
    fn a_message_shows_small_values_and_says_what_others_are() {
        let shown = |length| described(&Value::String("x".repeat(length)));

        assert_eq!(shown(40), format!("\"{}\"", "x".repeat(40)));
        assert_eq!(shown(41), "a long string");
    }
}
