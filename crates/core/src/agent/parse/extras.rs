//! What an agent adds to the requests of a model: parameters that only some servers know.

use serde_json::{Map, Value, json};

use super::llm::Spoken;
use crate::agent::secrecy::secret_names;
use crate::agent::{Api, Provider};
use crate::document::{Name, Place, Reader, Reading, Terms};
use crate::limits::Limits;

const BODY_BYTES_MAX: usize = 20_000;
const BODY_DEPTH_MAX: usize = 20;
const NAME_CHARS_MAX: usize = 200;

/// Reads `extra_body`. What Steadflow sets itself, or what has a setting of its own, is refused.
#[derive(Clone, Copy, Debug)]
pub(super) struct ExtraBodyReader(pub(super) Option<Spoken>);

impl ExtraBodyReader {
    /// Removes what must not be in `object`, which is at `at`, and says so.
    fn check(&self, object: &mut Map<String, Value>, at: &Place<'_>, reading: &mut Reading) {
        let Some(spoken) = self.0 else { return };
        for &(inside, name, instead) in set_by_us(spoken) {
            let place = at.key(if inside.is_empty() { name } else { inside });
            let within = if inside.is_empty() {
                Some(&mut *object)
            } else {
                object.get_mut(inside).and_then(Value::as_object_mut)
            };
            if within.and_then(|object| object.shift_remove(name)).is_some() {
                let place = if inside.is_empty() { place } else { place.key(name) };
                reading.fault(&place, format!("`{name}` cannot be set here: {instead}"));
            }
        }
    }
}

impl Reader for ExtraBodyReader {
    type Value = Map<String, Value>;

    fn wanted(&self, _: &Limits) -> String {
        "an object".to_owned()
    }

    fn schema(&self, _: &Terms) -> Value {
        json!({ "type": "object" })
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<Self::Value> {
        let mut object = reading.fitting(self, value.as_object().cloned(), value, at)?;
        let text = value.to_string();
        if text.len() > BODY_BYTES_MAX || depth(value) > BODY_DEPTH_MAX {
            let message =
                format!("`extra_body` may have {BODY_BYTES_MAX} bytes and {BODY_DEPTH_MAX} levels at most");
            reading.fault(at, message);
            return None;
        }
        if !secret_names(&text).is_empty() {
            let message = "secrets are put into `api_key`, `extra_headers` and `extra_query` only";
            reading.fault(at, message);
        }
        self.check(&mut object, at, reading);
        Some(object)
    }
}

/// Parameters that Ollama takes inside its `options`.
const OLLAMA_OPTIONS: [&str; 8] =
    ["mirostat", "num_batch", "num_ctx", "num_gpu", "num_keep", "num_predict", "num_thread", "repeat_last_n"];
/// Keys of a skill that are looked for in the configuration of its agent.
const OF_SKILLS: [&str; 5] = ["input_schema", "instructions", "max_tokens", "max_turns", "output_schema"];

/// Says where an unknown key of a model's configuration belongs. Its value may be a secret, so it is not shown.
pub(super) fn place_of_parameter(name: &str) -> String {
    if OF_SKILLS.contains(&name) {
        return format!("`{name}` belongs to each skill");
    }
    if matches!(name, "api_version" | "api-version") {
        return "the version of an API belongs into `\"extra_query\": {\"api-version\": …}`".to_owned();
    }
    let entry = format!("{{{}: …}}", Value::from(name));
    let entry = if OLLAMA_OPTIONS.contains(&name) { format!("{{\"options\": {entry}}}") } else { entry };
    format!("what else a server takes belongs into `\"extra_body\": {entry}`")
}

/// Says where the query of `url` belongs. Its values may be secrets, so they are not shown.
pub(super) fn extra_query_of(url: &str) -> String {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let query = query.split('#').next().unwrap_or_default();
    let names = query.split('&').filter_map(|pair| pair.split('=').next()).filter(|name| !name.is_empty());
    let entries: Vec<String> = names.map(|name| format!("{}: …", Value::from(name))).collect();
    let example = if entries.is_empty() {
        String::new()
    } else {
        format!(", as `\"extra_query\": {{{}}}`", entries.join(", "))
    };
    format!("a query belongs into `extra_query`{example}, and keys into `api_key` or `extra_headers`")
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or_default(),
        Value::Object(map) => 1 + map.values().map(depth).max().unwrap_or_default(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

const OURS: &str = "Steadflow sets it";
const MODEL: &str = "use `model`";
const TEMPERATURE: &str = "use `temperature`";
const TOKENS: &str = "use `max_tokens` of the skill";
const SCHEMA: &str = "use `output_schema` of the skill";
const SESSION: &str = "use `session` of the node";
const TOOLS: &str = "use `tools` of the skill";

/// A field of a request: the object that it is in, its name, and what to do instead.
type OurField = (&'static str, &'static str, &'static str);

const fn set_by_us(spoken: Spoken) -> &'static [OurField] {
    match spoken {
        (Provider::OpenAi, Api::Responses) => &[
            ("", "model", MODEL),
            ("", "input", OURS),
            ("", "instructions", "use `instructions` of the skill"),
            ("", "stream", OURS),
            ("", "store", OURS),
            ("", "include", OURS),
            ("", "background", OURS),
            ("", "previous_response_id", SESSION),
            ("", "conversation", SESSION),
            ("", "temperature", TEMPERATURE),
            ("", "max_output_tokens", TOKENS),
            ("text", "format", SCHEMA),
            ("", "tools", TOOLS),
            ("", "tool_choice", TOOLS),
        ],
        (Provider::OpenAi, Api::ChatCompletions) => &[
            ("", "model", MODEL),
            ("", "messages", OURS),
            ("", "stream", OURS),
            ("", "stream_options", OURS),
            ("", "n", OURS),
            ("", "temperature", TEMPERATURE),
            ("", "max_tokens", TOKENS),
            ("", "max_completion_tokens", TOKENS),
            ("", "response_format", SCHEMA),
            ("", "tools", TOOLS),
            ("", "tool_choice", TOOLS),
            ("", "functions", TOOLS),
            ("", "function_call", TOOLS),
        ],
        (Provider::Anthropic, _) => &[
            ("", "model", MODEL),
            ("", "messages", OURS),
            ("", "system", OURS),
            ("", "stream", OURS),
            ("", "temperature", TEMPERATURE),
            ("", "max_tokens", TOKENS),
            ("", "tools", TOOLS),
            ("", "tool_choice", TOOLS),
        ],
        (Provider::Gemini, _) => &[
            ("", "contents", OURS),
            ("", "systemInstruction", OURS),
            ("", "system_instruction", OURS),
            ("", "generation_config", "use `generationConfig`"),
            ("", "tools", TOOLS),
            ("", "toolConfig", TOOLS),
            ("generationConfig", "candidateCount", OURS),
            ("generationConfig", "temperature", TEMPERATURE),
            ("generationConfig", "maxOutputTokens", TOKENS),
            ("generationConfig", "responseMimeType", SCHEMA),
            ("generationConfig", "responseSchema", SCHEMA),
            ("generationConfig", "responseJsonSchema", SCHEMA),
        ],
        (Provider::Ollama, _) => &[
            ("", "model", MODEL),
            ("", "messages", OURS),
            ("", "stream", OURS),
            ("", "format", SCHEMA),
            ("", "tools", TOOLS),
            ("options", "temperature", TEMPERATURE),
            ("options", "num_predict", TOKENS),
        ],
    }
}

/// Names of parameters in a query.
#[derive(Clone, Copy, Debug)]
pub(super) struct QueryName;

impl Name for QueryName {
    fn check(&self, name: &str) -> Result<(), String> {
        let is_fine =
            !name.is_empty() && name.chars().count() <= NAME_CHARS_MAX && !name.chars().any(char::is_control);
        if is_fine { Ok(()) } else { Err("this is not the name of a parameter".to_owned()) }
    }

    fn schema(&self) -> Option<Value> {
        let pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]+$";
        Some(json!({ "type": "string", "maxLength": NAME_CHARS_MAX, "pattern": pattern }))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::agent::{Agent, Backend, MASK};

    #[test]
    fn extras_are_read_as_they_are() {
        let document = agent(
            "openai",
            &json!({ "extra_body": { "enable_thinking": false, "seed": 12345678901234567890123_f64 },
            "extra_query": { "api-version": "2024-06-01" }, "extra_headers": { "Api-Key": "${secrets.AZURE}" } }),
        );

        let agent = Agent::parse(&document).unwrap();

        let Backend::Llm(config) = &agent.backend else { panic!("an llm agent") };
        assert_eq!(config.extra_body["enable_thinking"], false);
        assert_eq!(config.extra_query["api-version"].template(), "2024-06-01");
        assert_eq!(config.headers["api-key"].template(), "${secrets.AZURE}");
    }

    #[test]
    fn what_steadflow_sets_is_refused_by_name() {
        for (provider, extra, pointer) in [
            ("openai", json!({ "model": "x" }), "/config/extra_body/model"),
            ("openai", json!({ "messages": [] }), "/config/extra_body/messages"),
            ("openai", json!({ "max_tokens": 1 }), "/config/extra_body/max_tokens"),
            ("openai", json!({ "tools": [] }), "/config/extra_body/tools"),
            ("responses", json!({ "input": [] }), "/config/extra_body/input"),
            ("responses", json!({ "store": true }), "/config/extra_body/store"),
            ("responses", json!({ "text": { "format": {} } }), "/config/extra_body/text/format"),
            ("responses", json!({ "previous_response_id": "x" }), "/config/extra_body/previous_response_id"),
            ("anthropic", json!({ "system": "x" }), "/config/extra_body/system"),
            ("gemini", json!({ "contents": [] }), "/config/extra_body/contents"),
            (
                "gemini",
                json!({ "generationConfig": { "candidateCount": 2 } }),
                "/config/extra_body/generationConfig/candidateCount",
            ),
            ("ollama", json!({ "stream": true }), "/config/extra_body/stream"),
            ("ollama", json!({ "options": { "num_predict": 2 } }), "/config/extra_body/options/num_predict"),
            ("openai", json!({ "user": "${secrets.KEY}" }), "/config/extra_body"),
            ("openai", of_bytes(20_001), "/config/extra_body"),
            ("openai", of_levels(21), "/config/extra_body"),
            ("openai", json!([]), "/config/extra_body"),
        ] {
            let document = agent(provider, &json!({ "extra_body": extra }));

            let faults = Agent::parse(&document).unwrap_err();

            assert_eq!(faults[0].pointer, pointer, "{}", faults[0].message);
        }
        for extra in [json!({ "options": { "num_ctx": 8192 } }), of_bytes(20_000), of_levels(20)] {
            let parsed = Agent::parse(&agent("ollama", &json!({ "extra_body": extra })));
            assert!(parsed.is_ok(), "{parsed:?}");
        }
        let extra =
            json!({ "text": { "verbosity": "low" }, "reasoning": { "effort": "low" }, "messages": 1 });
        assert!(Agent::parse(&agent("responses", &json!({ "extra_body": extra }))).is_ok());
    }

    /// An extra body with so many bytes.
    fn of_bytes(bytes: usize) -> Value {
        json!({ "x": "y".repeat(bytes - r#"{"x":""}"#.len()) })
    }

    /// An extra body with so many levels, arrays and objects in turn.
    fn of_levels(levels: usize) -> Value {
        let wrapped = |inner: Value, level: usize| {
            if level.is_multiple_of(2) { json!([inner]) } else { json!({ "x": inner }) }
        };
        json!({ "x": (1..levels).fold(json!(1), wrapped) })
    }

    #[test]
    fn what_is_stored_in_spite_of_a_fault_does_not_replace_anything() {
        let document = agent("openai", &json!({ "extra_body": { "model": "x", "seed": 1 } }));

        let agent = Agent::restore(&document).unwrap();

        let Backend::Llm(config) = &agent.backend else { panic!("an llm agent") };
        assert_eq!(serde_json::Value::Object(config.extra_body.clone()), json!({ "seed": 1 }));
    }

    #[test]
    fn values_of_headers_and_queries_are_masked() {
        let document = agent(
            "openai",
            &json!({ "extra_query": { "code": "s3cr3t" }, "extra_headers": { "x": "s3cr3t" } }),
        );

        let agent = Agent::parse(&document).unwrap();

        let shown = agent.public_config();
        assert_eq!(
            (&shown["extra_query"]["code"], &shown["extra_headers"]["x"]),
            (&json!(MASK), &json!(MASK))
        );
        assert!(!format!("{agent:?}").contains("s3cr3t"));
    }

    #[test]
    fn faults_name_the_header_or_parameter() {
        let document =
            agent("openai", &json!({ "extra_query": { "": "x" }, "extra_headers": { "Host": "x", "y": 5 } }));

        let faults = Agent::parse(&document).unwrap_err();

        let mut pointers: Vec<&str> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        pointers.sort_unstable();
        assert_eq!(
            pointers,
            ["/config/extra_headers/Host", "/config/extra_headers/y", "/config/extra_query/"]
        );
    }

    #[test]
    fn a_query_in_the_base_url_is_refused_with_the_place_for_it() {
        let document = agent("openai", &json!({ "base_url": "https://x.example/y?api-version=1" }));

        let faults = Agent::parse(&document).unwrap_err();

        assert!(faults[0].message.contains("`extra_query`"), "{}", faults[0].message);
    }

    fn agent(provider: &str, config: &serde_json::Value) -> serde_json::Value {
        let mut document = json!({ "name": "x", "agent_type": "llm", "skills": ["a"],
            "config": { "provider": provider, "model": "m" } });
        if provider == "responses" {
            document["config"] = json!({ "provider": "openai", "api": "responses", "model": "m" });
        }
        let config = config.as_object().unwrap().clone();
        document["config"].as_object_mut().unwrap().extend(config);
        document
    }
}
