//! How a request is changed for a server that refuses a part of it by name.

use serde_json::Value;

use super::fault::Reported;
use super::protocol::Protocol;

/// How requests are written for one server and model. The default is what most of them take.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Fit {
    pub(super) tokens: TokenLimit,
    pub(super) format: Format,
    pub(super) system: SystemRole,
    pub(super) stream: Streaming,
    /// Whether what is given back has no ids.
    pub(super) is_without_ids: bool,
    /// Parameters that are left out.
    pub(super) without: Vec<&'static str>,
}

/// The name of OpenAI's limit of tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum TokenLimit {
    #[default]
    Usual,
    /// `max_completion_tokens`.
    Renamed,
}

/// How JSON is requested. The schema is always part of the prompt, too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Format {
    #[default]
    Schema,
    /// As JSON of any schema.
    Json,
    /// Only in the prompt.
    Prompt,
}

/// Who gives the instructions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum SystemRole {
    #[default]
    System,
    Developer,
    /// They are the beginning of the user's message.
    User,
}

impl SystemRole {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Developer => "developer",
            Self::User => "user",
        }
    }
}

/// Whether a stream is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Streaming {
    /// With the number of tokens at its end.
    #[default]
    WithUsage,
    WithoutUsage,
    Off,
}

/// Parameters that may be left out, with their names in all protocols.
const SAMPLING: [&str; 3] = ["top_p", "topP", "temperature"];

/// Words of messages about the value of a parameter, which another name or its absence would not correct.
const ABOUT_VALUES: [&str; 8] =
    ["too large", "too small", "at most", "at least", "less than", "greater than", "between", "range"];

/// Words of messages about who gives the instructions.
const ABOUT_ROLES: [&str; 9] = [
    "role",
    "roles",
    "message",
    "messages",
    "instruction",
    "instructions",
    "prompt",
    "systeminstruction",
    "system_instruction",
];

/// What servers of OpenAI's protocols call JSON that is requested.
const FORMATS: &[&str] = &[
    "text.format",
    "response_format",
    "response format",
    "json_schema",
    "json schema",
    "json_object",
    "structured output",
    "structured outputs",
    "guided decoding",
    "grammar",
];

/// Returns where JSON is requested, and what servers call it.
const fn format_of(protocol: Protocol) -> (&'static str, &'static [&'static str]) {
    match protocol {
        Protocol::ChatCompletions => ("/response_format", FORMATS),
        Protocol::Responses => ("/text/format", FORMATS),
        Protocol::Anthropic => {
            ("/tools", &["tools", "tool_choice", "tool use", "tool choice", "input_schema"])
        }
        Protocol::Gemini => (
            "/generationConfig/responseMimeType",
            &[
                "responsejsonschema",
                "response_json_schema",
                "responsemimetype",
                "response_mime_type",
                "response_schema",
                "json mode",
                "json schema",
            ],
        ),
        Protocol::Ollama => ("/format", &["format", "grammar", "json schema"]),
    }
}

/// A request that was refused.
pub(super) struct Refused<'a> {
    pub(super) protocol: Protocol,
    pub(super) body: &'a Value,
    pub(super) error: &'a Reported,
}

impl Fit {
    /// Returns how to write the request instead, or `None` if the refusal names nothing that can be changed, or changed
    /// once more.
    pub(super) fn after(&self, refused: &Refused<'_>) -> Option<Self> {
        // Such messages name parts of the request, too.
        if refused.error.is_too_long() {
            return None;
        }
        let said = Said::of(refused.error);
        self.without_ids(refused)
            .or_else(|| self.without_encryption(refused, &said))
            .or_else(|| self.with_other_limit(refused, &said))
            .or_else(|| self.without_stream(&said))
            .or_else(|| self.with_weaker_format(refused, &said))
            .or_else(|| self.with_other_role(refused, &said))
            .or_else(|| self.without_sampling(refused, &said))
    }

    /// Items are given back whole, and some servers look for them by their ids all the same.
    fn without_ids(&self, refused: &Refused<'_>) -> Option<Self> {
        let applies = refused.protocol == Protocol::Responses && !self.is_without_ids;
        (applies && refused.error.misses_items()).then(|| Self { is_without_ids: true, ..self.clone() })
    }

    /// Models that do not reason have nothing to encrypt.
    fn without_encryption(&self, refused: &Refused<'_>, said: &Said) -> Option<Self> {
        let is_sent = refused.protocol == Protocol::Responses && refused.body.get("include").is_some();
        let is_named = said.parameter == "include"
            || said.names(&["reasoning.encrypted_content"])
            || said.text.contains("encrypted content is not supported");
        let mut without = self.without.clone();
        without.push("include");
        (is_sent && is_named).then_some(Self { without, ..self.clone() })
    }

    fn with_other_limit(&self, refused: &Refused<'_>, said: &Said) -> Option<Self> {
        let is_sent =
            refused.protocol == Protocol::ChatCompletions && refused.body.get("max_tokens").is_some();
        let applies = is_sent && said.names(&["max_tokens"]) && !said.is_about_value();
        applies.then(|| Self { tokens: TokenLimit::Renamed, ..self.clone() })
    }

    fn with_weaker_format(&self, refused: &Refused<'_>, said: &Said) -> Option<Self> {
        let (sent, names) = format_of(refused.protocol);
        // Tools that a skill has are at the same place.
        if self.format == Format::Prompt || refused.body.pointer(sent).is_none() || !said.names(names) {
            return None;
        }
        let has_json = refused.protocol != Protocol::Anthropic && self.format == Format::Schema;
        let format = if has_json { Format::Json } else { Format::Prompt };
        Some(Self { format, ..self.clone() })
    }

    /// The role `developer` is only used where the server names it.
    fn with_other_role(&self, refused: &Refused<'_>, said: &Said) -> Option<Self> {
        let has_instructions = match refused.protocol {
            Protocol::ChatCompletions | Protocol::Ollama => refused.body.pointer("/messages/1").is_some(),
            Protocol::Responses => refused.body.get("instructions").is_some(),
            Protocol::Anthropic => refused.body.get("system").is_some(),
            Protocol::Gemini => refused.body.get("systemInstruction").is_some(),
        };
        let is_named = match refused.protocol {
            Protocol::Responses => said.names(&["instructions"]),
            Protocol::ChatCompletions | Protocol::Anthropic | Protocol::Gemini | Protocol::Ollama => {
                said.names(&["system", "developer", "systeminstruction", "system_instruction"])
            }
        };
        if !has_instructions || !is_named || !said.names(&ABOUT_ROLES) {
            return None;
        }
        let may_be_developer =
            refused.protocol == Protocol::ChatCompletions && self.system == SystemRole::System;
        let is_offered =
            may_be_developer && said.names(&["developer"]) && !said.text.contains("developer instruction");
        let system = if is_offered { SystemRole::Developer } else { SystemRole::User };
        Some(Self { system, ..self.clone() })
    }

    /// What is said of the options comes first: without them, a stream lacks only its usage.
    fn without_stream(&self, said: &Said) -> Option<Self> {
        let stream = match self.stream {
            Streaming::WithUsage if said.names(&["stream_options", "include_usage"]) => {
                Streaming::WithoutUsage
            }
            Streaming::WithUsage | Streaming::WithoutUsage if said.names(&["stream", "streaming"]) => {
                Streaming::Off
            }
            Streaming::WithUsage | Streaming::WithoutUsage | Streaming::Off => return None,
        };
        Some(Self { stream, ..self.clone() })
    }

    fn without_sampling(&self, refused: &Refused<'_>, said: &Said) -> Option<Self> {
        let is_sent = |name: &str| places(refused.body).any(|place| place.get(name).is_some());
        let name =
            SAMPLING.into_iter().find(|name| is_sent(name) && said.names(&[&name.to_ascii_lowercase()]))?;
        let mut without = self.without.clone();
        without.push(name);
        (!said.is_about_value()).then_some(Self { without, ..self.clone() })
    }

    /// Removes the parameters that are left out.
    pub(super) fn strip(&self, body: &mut Value) {
        let items = body.get_mut("input").and_then(Value::as_array_mut).filter(|_| self.is_without_ids);
        for item in items.into_iter().flatten().filter_map(Value::as_object_mut) {
            item.shift_remove("id");
        }
        for name in &self.without {
            for pointer in PLACES {
                if let Some(place) = body.pointer_mut(pointer).and_then(Value::as_object_mut) {
                    place.shift_remove(*name);
                }
            }
        }
    }
}

/// Where parameters are in all protocols.
const PLACES: [&str; 3] = ["", "/generationConfig", "/options"];

fn places(body: &Value) -> impl Iterator<Item = &Value> {
    PLACES.iter().filter_map(|pointer| body.pointer(pointer))
}

/// What a server says, in lower case.
struct Said {
    text: String,
    parameter: String,
}

impl Said {
    fn of(error: &Reported) -> Self {
        Self {
            text: error.message.to_ascii_lowercase(),
            parameter: error.parameter.clone().unwrap_or_default(),
        }
    }

    /// Returns whether one of `names` is the parameter or a part of its path, or is in the text as words of their own.
    fn names(&self, names: &[&str]) -> bool {
        let is_parameter = |name: &str| self.parameter.split(['.', '[', ']']).any(|part| part == name);
        names.iter().any(|name| is_parameter(name) || has_words(&self.text, name))
    }

    fn is_about_value(&self) -> bool {
        ABOUT_VALUES.iter().any(|words| self.text.contains(words))
    }
}

fn has_words(text: &str, words: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(words)
        .any(|(at, _)| !text[..at].ends_with(is_word) && !text[at + words.len()..].starts_with(is_word))
}
