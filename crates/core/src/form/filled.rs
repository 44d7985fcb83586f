//! What was filled in: whether it fits the form.

use serde_json::{Map, Value};

use crate::document::Fault;
use crate::payload::Payload;
use crate::place::pointer_token;

/// Maximum number of faults that are named.
const FAULTS_MAX: usize = 20;

/// Finds what does not fit a form that [`read`](super::read) has read: at most 20 faults, with their JSON pointers.
fn faults(form: &Value, filled: &Value) -> Vec<Fault> {
    let at = |pointer: String, message: String| Fault { pointer, message };
    let Some(filled) = filled.as_object() else {
        return vec![at(String::new(), "must be an object, with the fields of the form".to_owned())];
    };
    let none = Map::new();
    let fields = form["properties"].as_object().unwrap_or(&none);
    let below = |name: &str| format!("/{}", pointer_token(name));
    let required = form["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let missing = required
        .filter(|name| !filled.contains_key(*name))
        .map(|name| at(below(name), "is required".to_owned()));
    let unfit = filled.iter().filter_map(|(name, value)| {
        let fault = match fields.get(name) {
            Some(field) => fault_of(field, value)?,
            None => "is not a field of the form".to_owned(),
        };
        Some(at(below(name), fault))
    });
    missing.chain(unfit).take(FAULTS_MAX).collect()
}

/// Finds what in trigger data does not fit a form; `None` if it fits.
pub(crate) fn unfit(form: &Value, data: &Payload) -> Option<Vec<Fault>> {
    let found = data.to_value().map_or_else(
        |_| vec![Fault { pointer: String::new(), message: "cannot be read".to_owned() }],
        |data| faults(form, &data),
    );
    (!found.is_empty()).then_some(found)
}

/// Says what is wrong with the value of a field; `None` if nothing is.
fn fault_of(field: &Value, value: &Value) -> Option<String> {
    match field["type"].as_str().unwrap_or_default() {
        "string" => match choices(field, "oneOf") {
            None => text_fault(field, value),
            Some(choices) => (!choices.contains(&value)).then(|| "is none of the choices".to_owned()),
        },
        "boolean" => (!value.is_boolean()).then(|| "must be true or false".to_owned()),
        "array" => list_fault(field, value),
        kind => number_fault(field, value, kind == "integer"),
    }
}

fn text_fault(field: &Value, value: &Value) -> Option<String> {
    let Some(text) = value.as_str() else { return Some("must be a text".to_owned()) };
    count_fault(field, ["minLength", "maxLength"], text.chars().count())
        .map(|range| format!("must have {range} characters"))
}

fn number_fault(field: &Value, value: &Value, is_whole: bool) -> Option<String> {
    let Some(number) = value.as_number().and_then(|number| number.as_f64()) else {
        return Some("must be a number".to_owned());
    };
    if is_whole && number.fract() != 0.0 {
        return Some("must be a whole number".to_owned());
    }
    let [least, most] = ["minimum", "maximum"].map(|key| field[key].as_number());
    let is_past = |bound: Option<&serde_json::Number>, is_past: fn(f64, f64) -> bool| {
        bound.and_then(serde_json::Number::as_f64).is_some_and(|bound| is_past(number, bound))
    };
    let fits =
        !is_past(least, |number, least| number < least) && !is_past(most, |number, most| number > most);
    (!fits).then(|| format!("must be {}", range(least, most)))
}

fn list_fault(field: &Value, value: &Value) -> Option<String> {
    let Some(list) = value.as_array() else { return Some("must be a list of choices".to_owned()) };
    let choices = choices(&field["items"], "anyOf").unwrap_or_default();
    if let Some(at) = list.iter().position(|one| !choices.contains(&one)) {
        return Some(format!("has an entry that is none of the choices: number {}", at + 1));
    }
    count_fault(field, ["minItems", "maxItems"], list.len()).map(|range| format!("must have {range} entries"))
}

/// Returns the range that `count` is not in; `None` if it is.
fn count_fault(field: &Value, [least, most]: [&str; 2], count: usize) -> Option<String> {
    let count = u64::try_from(count).unwrap_or(u64::MAX);
    let [low, high] = [least, most].map(|key| field[key].as_u64());
    let fits = low.is_none_or(|low| count >= low) && high.is_none_or(|high| count <= high);
    (!fits).then(|| range(low, high))
}

/// Names a range, of which one end may be open.
fn range<N: std::fmt::Display>(low: Option<N>, high: Option<N>) -> String {
    match (low, high) {
        (Some(low), Some(high)) => format!("{low} to {high}"),
        (Some(low), None) => format!("at least {low}"),
        (None, Some(high)) => format!("at most {high}"),
        (None, None) => "any number of".to_owned(),
    }
}

/// Returns the values of the choices that a field lists, if it does.
fn choices<'f>(field: &'f Value, titled: &str) -> Option<Vec<&'f Value>> {
    let listed = field.get("enum").or_else(|| field.get(titled))?.as_array()?;
    Some(listed.iter().map(super::value_of).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn form() -> Value {
        let fields = json!({
            "name": { "type": "string", "minLength": 2, "maxLength": 3 },
            "age": { "type": "integer", "minimum": 0, "maximum": 150 },
            "share": { "type": "number", "maximum": 1 },
            "sure": { "type": "boolean" },
            "colour": { "type": "string", "enum": ["red", "green"] },
            "size": { "type": "string", "oneOf": [{ "const": "s", "title": "Small" }] },
            "days": { "type": "array", "items": { "type": "string", "enum": ["mon", "tue"] }, "minItems": 1 },
            "a/b": { "type": "string" },
        });
        crate::form::read(&json!({ "type": "object", "properties": fields, "required": ["name", "a/b"] }))
            .unwrap()
    }

    fn said(filled: &str) -> Vec<String> {
        let filled: Value = serde_json::from_str(filled).unwrap();
        faults(&form(), &filled)
            .into_iter()
            .map(|Fault { pointer, message }| format!("{pointer} {message}"))
            .collect()
    }

    #[test]
    fn what_fits_has_no_faults() {
        let whole = r#"{"name":"Änn","age":1.5e2,"share":-3,"sure":false,"colour":"green","size":"s","days":["mon"],"a/b":""}"#;

        assert_eq!(said(whole), Vec::<String>::new());
        assert_eq!(said(r#"{"name":"ab","a/b":"x"}"#), Vec::<String>::new());
    }

    #[test]
    fn what_does_not_fit_is_named_by_its_place() {
        assert_eq!(said("{}"), ["/name is required", "/a~1b is required"]);
        for text in ["null", "[]", "5"] {
            assert_eq!(said(text), [" must be an object, with the fields of the form"], "{text}");
        }
        for (field, value, fault) in [
            ("name", "5", "must be a text"),
            ("name", "null", "must be a text"),
            ("name", r#""a""#, "must have 2 to 3 characters"),
            ("name", r#""abcd""#, "must have 2 to 3 characters"),
            ("age", r#""5""#, "must be a number"),
            ("age", "1.5", "must be a whole number"),
            ("age", "-1", "must be 0 to 150"),
            ("age", "151", "must be 0 to 150"),
            ("share", "1.001", "must be at most 1"),
            ("sure", r#""true""#, "must be true or false"),
            ("colour", r#""blue""#, "is none of the choices"),
            ("size", r#""Small""#, "is none of the choices"),
            ("days", r#""mon""#, "must be a list of choices"),
            ("days", r#"["mon","fri"]"#, "has an entry that is none of the choices: number 2"),
            ("days", "[]", "must have at least 1 entries"),
            ("more", "1", "is not a field of the form"),
        ] {
            let rest = if field == "name" { r#""a/b":"x""# } else { r#""a/b":"x","name":"ab""# };

            assert_eq!(said(&format!(r#"{{{rest},"{field}":{value}}}"#)), [format!("/{field} {fault}")]);
        }
        let many: Map<String, Value> = (0..30).map(|at| (at.to_string(), json!(1))).collect();
        assert_eq!(faults(&form(), &Value::Object(many)).len(), FAULTS_MAX);
    }
}
