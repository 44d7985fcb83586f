//! What performs the skills of an agent, and how to reach it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::llm::{LLM, read_fallback, read_llm};
use crate::agent::secrecy::{MASK, SecretText};
use crate::agent::{Backend, HttpConfig, McpConfig, McpEndpoint};
use crate::document::{
    Description, Keys, Object, Place, Plain, Reader, Reading, Terms, Text, Unknown, choice, entries, key,
    named, object, plain_text, text,
};
use crate::http::HeaderName;
use crate::limits::Limits;

const URL_CHARS_MAX: usize = 2_000;
const SECRET_CHARS_MAX: usize = 8_000;
const COMMAND_NAME: Text = text().at_most(64).in_one_line();
pub(super) const HEADERS_MAX: usize = 50;

/// What performs skills, as the document names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AgentType {
    Llm,
    Http,
    Mcp,
}

/// Reads `agent_type`.
#[derive(Clone, Copy, Debug)]
pub(super) struct TypeReader;

impl TypeReader {
    const TYPES: &[(&str, AgentType)] =
        &[("llm", AgentType::Llm), ("http", AgentType::Http), ("mcp", AgentType::Mcp)];
}

impl Reader for TypeReader {
    type Value = AgentType;

    fn wanted(&self, limits: &Limits) -> String {
        choice(Self::TYPES).wanted(limits)
    }

    fn schema(&self, terms: &Terms) -> Value {
        terms.part("AgentType", type_schema)
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<AgentType> {
        choice(Self::TYPES).read(value, at, reading)
    }
}

/// Reads `config`, and keeps the original together with its meaning.
#[derive(Clone, Copy, Debug)]
pub(super) struct ConfigReader(pub(super) Option<AgentType>);

impl Reader for ConfigReader {
    type Value = (Backend, Value);

    fn wanted(&self, _: &Limits) -> String {
        "an object".to_owned()
    }

    fn schema(&self, terms: &Terms) -> Value {
        terms.part("AgentConfig", config_schema)
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<Self::Value> {
        let backend = match self.0? {
            AgentType::Llm => LLM.read(value, at, reading).map(Backend::Llm),
            AgentType::Http => HTTP.read(value, at, reading).map(Backend::Http),
            AgentType::Mcp => MCP.read(value, at, reading).map(Backend::Mcp),
        };
        backend.map(|backend| (backend, value.clone()))
    }
}

const HTTP: Object<HttpConfig> = object(read_http).named("HttpAgentConfig");
const MCP: Object<McpConfig> = object(read_mcp).named("McpConfig");

fn config_schema(terms: &Terms) -> Value {
    json!({ "anyOf": [LLM.schema(terms), HTTP.schema(terms), MCP.schema(terms)] })
}

fn type_schema(terms: &Terms) -> Value {
    choice(TypeReader::TYPES).schema(terms)
}

/// Returns the schemas of `agent_type` and `config`, by name.
pub(super) fn schemas() -> [(String, Value); 6] {
    let llm = Description::of(&Terms::NAMED, Unknown::Refused, read_llm);
    let fallback = Description::of(&Terms::NAMED, Unknown::Refused, |keys| read_fallback(keys, None));
    let http = Description::of(&Terms::NAMED, Unknown::Refused, read_http);
    let mcp = Description::of(&Terms::NAMED, Unknown::Refused, read_mcp);
    [
        named("AgentType", "What performs the skills of an agent.", type_schema(&Terms::NAMED)),
        named("AgentConfig", "How to reach an agent, depending on its type.", config_schema(&Terms::NAMED)),
        named("LlmConfig", "How to reach a language model.", llm.schema()),
        named(
            "FallbackModel",
            "A model that is asked if those before it cannot answer. If it goes to the same provider, scheme, host and port as the first one, it is like that in all that it does not name itself.",
            fallback.schema(),
        ),
        named("HttpAgentConfig", "How to reach a remote agent.", http.schema()),
        named("McpConfig", "How to reach an MCP server.", mcp.schema()),
    ]
}

/// Returns which `config` an agent of each type has.
pub(super) fn config_by_type() -> Value {
    let of = |name: &str, config: Value| json!({ "properties": { "agent_type": { "type": "string", "enum": [name] }, "config": config } });
    TypeReader::TYPES
        .iter()
        .map(|(name, agent_type)| match agent_type {
            AgentType::Llm => of(name, LLM.schema(&Terms::NAMED)),
            AgentType::Http => of(name, HTTP.schema(&Terms::NAMED)),
            AgentType::Mcp => of(name, MCP.schema(&Terms::NAMED)),
        })
        .collect()
}

fn read_http(keys: &mut Keys<'_>) -> Option<HttpConfig> {
    let endpoint = keys.take(
        key("endpoint", "Endpoint", UrlReader { place_of_query: place_of_keys, is_base: true })
            .needed("a remote agent")
            .doc("A skill is a POST to this address, `/` and the skill's name."),
    );
    let api_key = keys.take(
        key("api_key", "API key", SecretReader)
            .doc("Sent as `Authorization: Bearer`. `${secrets.NAME}`, or the key."),
    );
    let headers = read_headers(keys);
    Some(HttpConfig { endpoint: endpoint?, api_key: api_key.flatten(), headers })
}

fn read_mcp(keys: &mut Keys<'_>) -> Option<McpConfig> {
    let url = keys.take(
        key("url", "URL", UrlReader { place_of_query: place_of_keys, is_base: false })
            .doc("The address of its endpoint for streamable HTTP, as its documentation writes it."),
    );
    let command = keys.take(
        key("command", "Command", COMMAND_NAME)
            .doc("The name of a local command that the operator has listed, in place of a URL."),
    );
    keys.one_of("an MCP server", &["url", "command"]);
    let api_key = keys.take(
        key("api_key", "API key", SecretReader)
            .doc("Sent as `Authorization: Bearer`. `${secrets.NAME}`, or the key."),
    );
    let api_key = api_key.flatten();
    let headers = read_headers(keys);
    keys.elsewhere(|name| match name {
        "args" | "env" | "cwd" => {
            "what a local command is stands in the operator's `steadflow.toml`, and `command` is its name there"
                .to_owned()
        }
        "mcp_connection_id" => "the agent itself is the connection".to_owned(),
        _ => "what a server needs beside its key belongs into `headers`".to_owned(),
    });
    let Some(command) = command else {
        return Some(McpConfig::Http(McpEndpoint { url: url?, api_key, headers }));
    };
    for (key, is_given) in [("api_key", api_key.is_some()), ("headers", !headers.is_empty())] {
        if is_given && url.is_none() {
            keys.fault(
                key,
                "a local command is sent no credentials: the operator gives it what it needs in its `env`",
            );
        }
    }
    Some(McpConfig::Command(command))
}

fn place_of_keys(_: &str) -> String {
    "keys belong into `api_key` or `headers`".to_owned()
}

fn read_headers(keys: &mut Keys<'_>) -> BTreeMap<String, SecretText> {
    let headers = entries(HeaderName, SecretReader).at_most(HEADERS_MAX);
    let headers = keys.take(
        key("headers", "Headers", headers)
            .default(Plain::Object)
            .doc("Sent with each call. Values are secret; they may hold `${secrets.NAME}`."),
    );
    by_lower_case(headers)
}

pub(super) fn by_lower_case(
    headers: Option<Vec<(String, Option<SecretText>)>>,
) -> BTreeMap<String, SecretText> {
    let given = headers.into_iter().flatten();
    given.filter_map(|(name, text)| Some((name.to_ascii_lowercase(), text?))).collect()
}

/// Checks a plain URL as far as possible without a URL parser; the code that opens it parses it and checks its host.
#[derive(Clone, Copy, Debug)]
pub(super) struct UrlReader {
    /// Says where what a plain URL cannot hold goes: a clause.
    pub(super) place_of_query: fn(&str) -> String,
    /// Whether paths are added to it, so that a `/` at its end says nothing.
    pub(super) is_base: bool,
}

impl UrlReader {
    fn complaint(self, url: &str) -> Option<String> {
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        let host = rest.and_then(|rest| rest.split('/').next()).unwrap_or_default();
        let is_odd = |c: char| c.is_control() || matches!(c, ' ' | '?' | '#' | '\\');
        if host.is_empty() {
            return Some("must be an http:// or https:// URL".to_owned());
        }
        if host.contains('@') {
            return Some("must not hold a user name or password: use `api_key`".to_owned());
        }
        let is_plain = !url.contains("${") && !url.chars().any(is_odd);
        let place = self.place_of_query;
        (!is_plain)
            .then(|| format!("must be a plain URL, without `?`, `#`, blanks or `${{…}}`: {}", place(url)))
    }
}

impl Reader for UrlReader {
    type Value = String;

    fn wanted(&self, _: &Limits) -> String {
        "a plain URL that begins with `https://` or `http://`".to_owned()
    }

    fn schema(&self, _: &Terms) -> Value {
        let odd = "?#\\\\ \\u0000-\\u001f\\u007f-\\u009f";
        json!({ "type": "string", "maxLength": URL_CHARS_MAX, "pattern": format!("^https?://[^/@{odd}]+(?:/[^{odd}]*)?$") })
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<String> {
        let url = text().at_most(URL_CHARS_MAX).read(value, at, reading)?;
        if let Some(complaint) = self.complaint(&url) {
            reading.fault(at, format!("{} {complaint}", at.subject()));
            return None;
        }
        Some(if self.is_base { url.trim_end_matches('/').to_owned() } else { url })
    }
}

/// Reads a text that is secret or names secrets; an empty one is none.
#[derive(Clone, Copy, Debug)]
pub(super) struct SecretReader;

impl SecretReader {
    fn complaint(text: &str) -> Option<&'static str> {
        if text.contains(MASK) {
            return Some(
                "this is the mask that hides a secret, not the secret. Give the secret or `${secrets.NAME}`",
            );
        }
        let has_control = text.chars().any(char::is_control);
        has_control.then_some("this must not hold line breaks or other control characters")
    }
}

impl Reader for SecretReader {
    type Value = Option<SecretText>;

    fn wanted(&self, limits: &Limits) -> String {
        plain_text().at_most(SECRET_CHARS_MAX).wanted(limits)
    }

    fn schema(&self, _: &Terms) -> Value {
        json!({ "type": "string", "maxLength": SECRET_CHARS_MAX, "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]*$" })
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<Self::Value> {
        // A message must not show what may be a secret.
        let text = match value {
            Value::String(_) => plain_text().at_most(SECRET_CHARS_MAX).read(value, at, reading)?,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                reading.fault(at, format!("{} must be a string", at.subject()));
                return None;
            }
        };
        if let Some(complaint) = Self::complaint(&text) {
            reading.fault(at, complaint);
        }
        Some((!text.is_empty()).then(|| SecretText::new(text)))
    }
}
