//! Puts values back that were masked.

use serde_json::Value;

use super::MASK;
use crate::payload::Payload;
use crate::place::pointer_token;

/// Puts the values back that were masked in `edited`, from the same places of what it was made of.
///
/// # Errors
/// The JSON pointer of a mask that stands for nothing there.
pub fn restored(edited: &Payload, original: &Payload) -> Result<Payload, String> {
    if !edited.as_str().contains(MASK) {
        return Ok(edited.clone());
    }
    let (Ok(mut value), Ok(whole)) = (edited.to_value(), original.to_value()) else {
        return Ok(edited.clone());
    };
    restore(&mut value, Some(&whole), &mut String::new())?;
    Ok(Payload::from_value(&value))
}

fn restore(value: &mut Value, original: Option<&Value>, pointer: &mut String) -> Result<(), String> {
    let length = pointer.len();
    match value {
        Value::String(text) if text.contains(MASK) => match original {
            Some(original) => *value = original.clone(),
            None => return Err(pointer.clone()),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        Value::Array(items) => {
            for (place, item) in items.iter_mut().enumerate() {
                pointer.push_str(&format!("/{place}"));
                restore(item, original.and_then(|original| original.get(place)), pointer)?;
                pointer.truncate(length);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                pointer.push_str(&format!("/{}", pointer_token(name)));
                restore(field, original.and_then(|original| original.get(name)), pointer)?;
                pointer.truncate(length);
            }
        }
    }
    Ok(())
}
