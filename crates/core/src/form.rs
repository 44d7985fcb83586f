//! Forms that people fill in: JSON Schemas of flat objects whose fields are texts, numbers, yes or no, and choices.
//!
//! It is what MCP allows in the forms of servers (elicitation). Another structure is refused, and what only says more is left
//! out.

mod filled;
mod reader;

use serde_json::{Map, Value, json};

pub(crate) use filled::unfit;
pub(crate) use reader::FormReader;

use crate::place::pointer_token;

/// Maximum number of fields of a form.
pub const FIELDS_MAX: usize = 100;

/// Returns the JSON Schema of the schemas of forms, as far as it can say it.
pub fn schema() -> Value {
    let kinds = json!(["string", "number", "integer", "boolean", "array"]);
    let text = json!({ "type": "string" });
    let field = json!({ "type": "object", "additionalProperties": true, "required": ["type"], "properties": {
        "type": { "type": "string", "enum": kinds }, "title": text, "description": text } });
    json!({
        "type": "object", "additionalProperties": true, "required": ["type", "properties"], "properties": {
            "type": { "type": "string", "enum": ["object"] },
            "title": text, "description": text,
            "properties": { "type": "object", "maxProperties": FIELDS_MAX, "additionalProperties": field },
            "required": { "type": "array", "items": text },
        },
    })
}

/// Reads the schema of a form.
///
/// # Errors
/// A clause that says what is not understood.
pub fn read(schema: &Value) -> Result<Value, String> {
    let Some(whole) = schema.as_object().filter(|whole| whole.get("type") == Some(&json!("object"))) else {
        return Err("its schema is not one of an object".to_owned());
    };
    let Some(Value::Object(fields)) = whole.get("properties") else {
        return Err("its schema has no `properties`".to_owned());
    };
    if fields.len() > FIELDS_MAX {
        return Err(format!("it has {} fields: {FIELDS_MAX} are allowed", fields.len()));
    }
    let mut read = Map::new();
    for (name, field) in fields {
        let field = field.as_object().and_then(read_field);
        let field = field.ok_or_else(|| {
            let name: String = name.chars().take(100).collect();
            format!("its field `{name}` is no text, number, boolean or choice that can be filled in")
        })?;
        read.insert(name.clone(), Value::Object(field));
    }
    let required: Vec<Value> = match whole.get("required") {
        None => Vec::new(),
        Some(Value::Array(names)) => names.clone(),
        Some(_) => return Err("its `required` is no list".to_owned()),
    };
    if let Some(missing) =
        required.iter().find(|name| !name.as_str().is_some_and(|name| read.contains_key(name)))
    {
        let missing: String = missing.to_string().chars().take(100).collect();
        return Err(format!("it requires {missing}, which is none of its fields"));
    }
    if has_twice(&required) {
        return Err("its `required` names a field twice".to_owned());
    }
    let mut form =
        json!({ "type": "object", "properties": read, "required": required, "additionalProperties": false });
    for key in ["title", "description"] {
        if let Some(text) = whole.get(key).filter(|text| text.is_string()) {
            form[key] = text.clone();
        }
    }
    Ok(form)
}

/// Returns the JSON pointers of what [`read`] left out of a schema, but for the name of its dialect.
pub fn left_out(schema: &Value, form: &Value) -> Vec<String> {
    let mut all = Vec::new();
    compare(schema, form, "", &mut all);
    all.retain(|pointer| pointer != "/$schema");
    all
}

fn compare(given: &Value, kept: &Value, at: &str, all: &mut Vec<String>) {
    match (given, kept) {
        (Value::Object(given), Value::Object(kept)) => {
            for (key, value) in given {
                let below = format!("{at}/{}", pointer_token(key));
                match kept.get(key) {
                    Some(kept) => compare(value, kept, &below, all),
                    None => all.push(below),
                }
            }
        }
        (Value::Array(given), Value::Array(kept)) => {
            let both = given.iter().zip(kept).enumerate();
            both.for_each(|(number, (given, kept))| compare(given, kept, &format!("{at}/{number}"), all));
        }
        (given, kept) => all.extend((given != kept).then(|| at.to_owned())),
    }
}

fn read_field(field: &Map<String, Value>) -> Option<Map<String, Value>> {
    let is_text = |key: &str| field.get(key).is_none_or(Value::is_string);
    let is_count = |key: &str| field.get(key).is_none_or(Value::is_u64);
    let is_number = |key: &str| field.get(key).is_none_or(Value::is_number);
    let kind = field.get("type")?.as_str()?;
    let (keys, fits): (&[&str], bool) = match kind {
        "string" if field.contains_key("enum") || field.contains_key("oneOf") => {
            (&["default"], is_text("default"))
        }
        "string" => (
            &["minLength", "maxLength", "format", "default"],
            is_count("minLength") && is_count("maxLength") && is_text("format") && is_text("default"),
        ),
        "number" | "integer" => (
            &["minimum", "maximum", "default"],
            is_number("minimum") && is_number("maximum") && is_number("default"),
        ),
        "boolean" => (&["default"], field.get("default").is_none_or(Value::is_boolean)),
        "array" => {
            let items = field.get("items")?.as_object()?;
            let of_texts = items.get("type").is_none_or(|kind| kind == "string");
            let fits = of_texts && is_count("minItems") && is_count("maxItems");
            let default = field.get("default").is_none_or(|default| is_list_of(default, Value::is_string));
            (&["minItems", "maxItems", "default"], fits && default)
        }
        _ => return None,
    };
    let is_ordered = |least: &str, most: &str| {
        let bound = |key: &str| field.get(key).and_then(Value::as_f64);
        bound(least).zip(bound(most)).is_none_or(|(least, most)| least <= most)
    };
    let bounds = [("minLength", "maxLength"), ("minimum", "maximum"), ("minItems", "maxItems")];
    let is_ordered = bounds.iter().all(|(least, most)| is_ordered(least, most));
    if !fits || !is_ordered || !is_text("title") || !is_text("description") {
        return None;
    }
    let known = |key: &str| matches!(key, "type" | "title" | "description") || keys.contains(&key);
    let mut read: Map<String, Value> =
        field.iter().filter(|(key, _)| known(key)).map(|(key, value)| (key.clone(), value.clone())).collect();
    if kind == "array" {
        let (key, choices) = read_choices(field.get("items")?.as_object()?, "anyOf")?;
        let least = field.get("minItems").and_then(Value::as_u64).unwrap_or(0);
        let defaults = field.get("default").and_then(Value::as_array);
        let fits = defaults.is_none_or(|all| all.iter().all(|one| is_choice(one, &choices)));
        if !fits || usize::try_from(least).is_ok_and(|least| least > choices.len()) {
            return None;
        }
        read.insert("items".to_owned(), json!({ "type": "string", key: choices }));
    } else if field.contains_key("enum") || field.contains_key("oneOf") {
        let (key, choices) = read_choices(field, "oneOf")?;
        if field.get("default").is_some_and(|default| !is_choice(default, &choices)) {
            return None;
        }
        read.insert(key.to_owned(), choices.into());
    }
    Some(read)
}

/// Returns a list of choices under its key: texts, or under `titled` texts with titles. Other keys of them are dropped.
fn read_choices<'k>(of: &Map<String, Value>, titled: &'k str) -> Option<(&'k str, Vec<Value>)> {
    let one_titled = |one: &Value| {
        let title = one.get("title").filter(|title| title.is_string());
        let is_known = one["const"].is_string() && title.is_some() == one.get("title").is_some();
        is_known.then(|| {
            let mut read = json!({ "const": one["const"] });
            if let Some(title) = title {
                read["title"] = title.clone();
            }
            read
        })
    };
    let (key, choices): (&str, Vec<Value>) = match (of.get("enum"), of.get(titled)) {
        (Some(texts), None) => ("enum", texts.as_array()?.clone()),
        (None, Some(titles)) => (titled, titles.as_array()?.iter().map(one_titled).collect::<Option<_>>()?),
        (Some(_), Some(_)) | (None, None) => return None,
    };
    let values: Vec<Value> = choices.iter().map(value_of).cloned().collect();
    (!choices.is_empty() && values.iter().all(Value::is_string) && !has_twice(&values))
        .then_some((key, choices))
}

/// Returns what is filled in with a choice.
fn value_of(choice: &Value) -> &Value {
    choice.get("const").unwrap_or(choice)
}

fn is_choice(value: &Value, choices: &[Value]) -> bool {
    choices.iter().any(|choice| value_of(choice) == value)
}

fn has_twice(all: &[Value]) -> bool {
    all.iter().enumerate().any(|(at, one)| all[..at].contains(one))
}

fn is_list_of(list: &Value, is_one: impl Fn(&Value) -> bool) -> bool {
    list.as_array().is_some_and(|list| list.iter().all(is_one))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(fields: Value) -> Value {
        json!({ "type": "object", "properties": fields })
    }

    #[test]
    fn forms_have_fields_of_every_kind_that_mcp_knows() {
        let fields = json!({
            "name": { "type": "string", "title": "Name", "minLength": 1, "maxLength": 9, "format": "email", "default": "a" },
            "age": { "type": "integer", "minimum": 0, "maximum": 150, "default": 5 },
            "share": { "type": "number", "description": "From 0 to 1" },
            "sure": { "type": "boolean", "default": false },
            "colour": { "type": "string", "enum": ["red", "green"], "default": "red" },
            "size": { "type": "string", "oneOf": [{ "const": "s", "title": "Small" }] },
            "days": { "type": "array", "items": { "type": "string", "enum": ["mon"] }, "minItems": 1, "default": [] },
            "ways": { "type": "array", "items": { "type": "string", "anyOf": [{ "const": "w", "title": "Walk" }] } },
        });

        let read = read(&json!({ "type": "object", "properties": fields, "required": ["name"] })).unwrap();

        assert_eq!(read["properties"], fields);
        assert_eq!((&read["required"], &read["additionalProperties"]), (&json!(["name"]), &json!(false)));
    }

    #[test]
    fn what_only_says_more_is_left_out() {
        let field = json!({ "type": "string", "pattern": "^(a+)+$", "$comment": "x", "minLength": 2 });
        let schema = json!({ "$schema": "x", "type": "object", "properties": { "a": field }, "allOf": [] });

        let form_read = read(&schema).unwrap();

        assert_eq!(form_read["properties"]["a"], json!({ "type": "string", "minLength": 2 }));
        assert!(form_read.get("allOf").is_none() && form_read.get("$schema").is_none());
        let one = json!({ "const": "x", "title": "X", "$ref": "#/nowhere" });
        let inside = json!({
            "a": { "type": "array", "items": { "enum": ["x"], "$ref": "#/nowhere", "pattern": "(a+)+" } },
            "b": { "type": "string", "oneOf": [one] },
        });
        assert_eq!(
            read(&form(inside)).unwrap()["properties"],
            json!({
                "a": { "type": "array", "items": { "type": "string", "enum": ["x"] } },
                "b": { "type": "string", "oneOf": [{ "const": "x", "title": "X" }] },
            })
        );
    }

    #[test]
    fn other_structures_are_refused_by_name() {
        let many: Map<String, Value> =
            (0..=FIELDS_MAX).map(|at| (at.to_string(), json!({ "type": "string" }))).collect();
        for (schema, said) in [
            (json!(null), "not one of an object"),
            (json!(true), "not one of an object"),
            (json!({ "type": "array" }), "not one of an object"),
            (json!({ "type": "object" }), "no `properties`"),
            (json!({ "$ref": "#" }), "not one of an object"),
            (form(json!({ "a": { "$ref": "#" } })), "`a` is no text"),
            (form(json!({ "a": { "type": "object", "properties": {} } })), "`a` is no text"),
            (form(json!({ "a": { "type": ["string", "null"] } })), "`a` is no text"),
            (form(json!({ "a": { "type": "array", "items": { "type": "object" } } })), "`a` is no text"),
            (form(json!({ "a": { "type": "string", "enum": [1] } })), "`a` is no text"),
            (form(json!({ "a": { "type": "string", "enum": [] } })), "`a` is no text"),
            (form(json!({ "a": { "type": "string", "minLength": -1 } })), "`a` is no text"),
            (form(json!({ "a": { "type": "boolean", "default": "yes" } })), "`a` is no text"),
            (form(json!({ "a": 5 })), "`a` is no text"),
            (form(Value::Object(many)), "it has 101 fields"),
            (form(json!({ "a": { "type": "string", "enum": ["x", "x"] } })), "`a` is no text"),
            (
                form(json!({ "a": { "type": "string", "oneOf": [{ "const": "x" }, { "const": "x" }] } })),
                "`a` is no text",
            ),
            (form(json!({ "a": { "type": "string", "enum": ["x"], "default": "y" } })), "`a` is no text"),
            (form(json!({ "a": { "type": "string", "minLength": 2, "maxLength": 1 } })), "`a` is no text"),
            (form(json!({ "a": { "type": "number", "minimum": 2, "maximum": 1 } })), "`a` is no text"),
            (
                form(json!({ "a": { "type": "array", "items": { "enum": ["x"] }, "minItems": 2 } })),
                "`a` is no text",
            ),
            (
                form(json!({ "a": { "type": "array", "items": { "enum": ["x"] }, "default": ["y"] } })),
                "`a` is no text",
            ),
            (
                json!({ "type": "object", "properties": { "a": { "type": "string" } }, "required": ["a", "a"] }),
                "twice",
            ),
            (json!({ "type": "object", "properties": {}, "required": "a" }), "no list"),
            (json!({ "type": "object", "properties": {}, "required": ["a"] }), "none of its fields"),
        ] {
            let refused = read(&schema).expect_err(said);

            assert!(refused.contains(said), "{refused}");
        }
    }

    #[test]
    fn what_was_left_out_is_named_by_its_place() {
        let given = json!({
            "$schema": "x", "type": "object", "title": "T", "description": "D", "allOf": [], "additionalProperties": true,
            "properties": {
                "a/b": { "type": "string", "pattern": "x", "minLength": 1 },
                "c": { "type": "string", "oneOf": [{ "const": "x", "title": "X" }, { "const": "y", "$ref": "#" }] },
            },
        });

        let kept = read(&given).unwrap();

        let pointers =
            ["/additionalProperties", "/allOf", "/properties/a~1b/pattern", "/properties/c/oneOf/1/$ref"];
        let mut left = left_out(&given, &kept);
        left.sort();
        assert_eq!(left, pointers);
        assert_eq!((&kept["title"], &kept["description"]), (&json!("T"), &json!("D")));
    }
}
