//! The content of a message: a text, or a list of parts.

use serde_json::Value;

/// What a content says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Spoken {
    /// The texts, in their order, without anything between them.
    pub(super) text: String,
    pub(super) has_reasoning: bool,
    /// The text of a part that is a refusal.
    pub(super) refusal: Option<String>,
}

/// Reads a content. Nothing at all is an empty one.
///
/// # Errors
/// What is not known in it, as the end of a sentence that begins with the response.
pub(super) fn spoken(content: Option<&Value>) -> Result<Spoken, String> {
    let mut spoken = Spoken::default();
    match content {
        None | Some(Value::Null) => {}
        Some(Value::String(text)) => spoken.text.push_str(text),
        Some(Value::Array(parts)) => {
            for part in parts {
                add(&mut spoken, part)?;
            }
        }
        Some(Value::Object(_)) => return Err("has an object as its content, not a text".to_owned()),
        Some(Value::Number(_) | Value::Bool(_)) => return Err("has content that is not a text".to_owned()),
    }
    Ok(spoken)
}

fn add(spoken: &mut Spoken, part: &Value) -> Result<(), String> {
    let text = |name: &str| part.get(name).and_then(Value::as_str);
    if let Some(text) = part.as_str() {
        spoken.text.push_str(text);
        return Ok(());
    }
    let kind = text("type").unwrap_or(if part.get("text").is_some() { "text" } else { "" });
    match kind {
        "text" | "output_text" => match text("text") {
            Some(text) => spoken.text.push_str(text),
            None => return Err(format!("has a part of type `{kind}` without a text")),
        },
        "thinking" | "redacted_thinking" | "reasoning" | "reasoning_content" => spoken.has_reasoning = true,
        "refusal" => spoken.refusal = text("refusal").map(str::to_owned),
        "" => return Err("has a part without a type".to_owned()),
        other => {
            let other: String = other.chars().take(100).collect();
            return Err(format!("has a part of type `{other}`, which is not a text"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_are_joined_and_reasoning_is_kept_apart() {
        for (content, text, has_reasoning) in [
            (json!("hello"), "hello", false),
            (json!(null), "", false),
            (json!([]), "", false),
            (json!([{ "type": "text", "text": "hel" }, { "type": "text", "text": "lo" }]), "hello", false),
            (json!([{ "type": "output_text", "text": "hello" }]), "hello", false),
            (json!([{ "text": "hello" }]), "hello", false),
            (json!(["hel", "lo"]), "hello", false),
            (
                json!([{ "type": "thinking", "thinking": [{ "type": "text", "text": "hm" }] },
                    { "type": "text", "text": "hello" }]),
                "hello",
                true,
            ),
            (
                json!([{ "type": "reasoning", "text": "hm" }, { "type": "text", "text": "hello" }]),
                "hello",
                true,
            ),
            (json!([{ "type": "redacted_thinking", "data": "x" }]), "", true),
        ] {
            let spoken = spoken(Some(&content)).unwrap();

            assert_eq!((spoken.text.as_str(), spoken.has_reasoning), (text, has_reasoning), "{content}");
        }
        assert_eq!(spoken(None), Ok(Spoken::default()));
    }

    #[test]
    fn what_is_no_text_is_named() {
        for (content, said) in [
            (json!([{ "type": "image_url", "image_url": { "url": "x" } }]), "`image_url`"),
            (
                json!([{ "type": "text", "text": "see" }, { "type": "reference", "reference_ids": [1] }]),
                "`reference`",
            ),
            (json!([{ "type": "audio" }]), "`audio`"),
            (json!([{ "type": "text", "text": { "value": "x" } }]), "without a text"),
            (json!([5]), "without a type"),
            (json!({ "risk": 5 }), "an object"),
            (json!(5), "not a text"),
        ] {
            let error = spoken(Some(&content)).unwrap_err();

            assert!(error.contains(said), "{content}: {error}");
        }
    }
}
