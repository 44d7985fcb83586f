//! Google Gemini `generateContent`.

use serde_json::{Map, Value, json};

use super::Wire;
use super::prompt::Prompt;
use super::reply::{Reply, Stop, text_at, tokens};

pub(super) fn wire(prompt: &Prompt<'_>) -> Wire {
    let mut generation = Map::new();
    if let Some(temperature) = prompt.temperature {
        generation.insert("temperature".to_owned(), json!(temperature));
    }
    if let Some(max_tokens) = prompt.max_tokens {
        generation.insert("maxOutputTokens".to_owned(), json!(max_tokens));
    }
    if let Some(schema) = prompt.schema {
        generation.insert("responseMimeType".to_owned(), json!("application/json"));
        generation.insert("responseJsonSchema".to_owned(), schema.clone());
    }
    let mut body = json!({
        "contents": [{ "role": "user", "parts": [{ "text": prompt.user }] }],
        "generationConfig": generation,
    });
    if let Some(system) = &prompt.system {
        body["systemInstruction"] = json!({ "parts": [{ "text": system }] });
    }
    let path = format!("models/{}:generateContent", prompt.model.trim_start_matches("models/"));
    Wire { path, key_header: ("x-goog-api-key", ""), headers: &[], body }
}

/// A blocked prompt has no candidates, only a reason.
pub(super) fn reply(answer: &Value) -> Option<Reply> {
    let blocked = text_at(answer, "/promptFeedback/blockReason");
    let candidate = answer.pointer("/candidates/0");
    if candidate.is_none() && blocked.is_none() {
        return None;
    }
    let parts = candidate.and_then(|candidate| candidate.pointer("/content/parts")?.as_array());
    let is_spoken = |part: &&Value| part.get("thought") != Some(&Value::Bool(true));
    let texts = parts.into_iter().flatten().filter(is_spoken).filter_map(|part| text_at(part, "/text"));
    let finished = candidate.and_then(|candidate| text_at(candidate, "/finishReason"));
    Some(Reply {
        text: texts.collect(),
        structured: None,
        stop: blocked.map_or_else(|| Stop::from(finished), |reason| Stop::Refused(reason.to_owned())),
        input_tokens: tokens(answer, "/usageMetadata/promptTokenCount"),
        // Thoughts are billed like output, but counted separately.
        output_tokens: tokens(answer, "/usageMetadata/candidatesTokenCount")
            + tokens(answer, "/usageMetadata/thoughtsTokenCount"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thoughts_are_counted_but_not_part_of_the_text() {
        let answer = json!({
            "candidates": [{ "content": { "parts": [{ "text": "hm", "thought": true }, { "text": "yes" }] },
                             "finishReason": "STOP" }],
            "usageMetadata": { "promptTokenCount": 3, "candidatesTokenCount": 1, "thoughtsTokenCount": 9 },
        });

        let reply = reply(&answer).unwrap();

        assert_eq!((reply.text.as_str(), reply.input_tokens, reply.output_tokens), ("yes", 3, 10));
        assert_eq!(reply.stop, Stop::Done);
    }

    #[test]
    fn a_blocked_prompt_is_refused() {
        let reply = reply(&json!({ "promptFeedback": { "blockReason": "SAFETY" } })).unwrap();

        assert_eq!(reply.stop, Stop::Refused("SAFETY".to_owned()));
    }
}
