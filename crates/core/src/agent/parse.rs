//! From an agent's document to an [`Agent`], or to every fault in it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::read::{Object, fault, listed};
use super::secrecy::{MASK, SecretText};
use super::{Agent, Backend, HttpConfig, Instructions, LlmConfig, Prices, Provider, Skill};
use crate::flow::Fault;

const NAME_CHARS_MAX: usize = 200;
const TEXT_CHARS_MAX: usize = 10_000;
const INSTRUCTIONS_CHARS_MAX: usize = 100_000;
const URL_CHARS_MAX: usize = 2_000;
const SECRET_CHARS_MAX: usize = 8_000;
const SKILLS_MAX: usize = 200;
const TAGS_MAX: usize = 50;
const HEADERS_MAX: usize = 50;
const TOKENS_MAX: u32 = 1_000_000;
const PRICE_MAX: f64 = 1_000_000.0;

const AGENT_KEYS: [&str; 8] =
    ["name", "description", "agent_type", "category", "tags", "config", "skills", "prices"];
const SKILL_KEYS: [&str; 8] = [
    "name",
    "description",
    "instructions",
    "input_schema",
    "output_schema",
    "tools",
    "max_turns",
    "max_tokens",
];

impl Agent {
    /// Reads an agent's document.
    ///
    /// # Errors
    /// Every fault of the document, with the JSON pointer of what is wrong.
    pub fn parse(document: &Value) -> Result<Self, Vec<Fault>> {
        match read(document) {
            (Some(agent), faults) if faults.is_empty() => Ok(agent),
            (_, faults) => Err(faults),
        }
    }

    /// Reads a document that is stored. Executions are pinned to versions of agents, so what could be saved once goes on
    /// working: a value that has a fault today counts as absent.
    ///
    /// # Errors
    /// Every fault, if nothing can be made of it.
    pub fn restore(document: &Value) -> Result<Self, Vec<Fault>> {
        let (agent, faults) = read(document);
        agent.ok_or(faults)
    }
}

/// Makes an agent of `document`, as far as that is possible, and says everything that is wrong with it.
fn read(document: &Value) -> (Option<Agent>, Vec<Fault>) {
    let mut faults = Vec::new();
    let agent = Object::new(document, String::new(), &AGENT_KEYS, &mut faults)
        .and_then(|object| read_agent(&object, &mut faults));
    (agent, faults)
}

fn read_agent(agent: &Object<'_>, faults: &mut Vec<Fault>) -> Option<Agent> {
    let name = agent.required_text("name", NAME_CHARS_MAX, faults);
    let description = agent.text("description", TEXT_CHARS_MAX, faults).unwrap_or_default();
    let category = agent.text("category", NAME_CHARS_MAX, faults);
    let tags = agent.texts("tags", TAGS_MAX, NAME_CHARS_MAX, faults);
    let prices = read_prices(agent, faults);
    let skills = read_skills(agent, faults);
    let backend = read_backend(agent, faults);
    let config = agent.value("config").cloned().unwrap_or_default();
    Some(Agent { name, description, category, tags, backend: backend?, skills, prices, config })
}

fn read_backend(agent: &Object<'_>, faults: &mut Vec<Fault>) -> Option<Backend> {
    let agent_type = agent.required_text("agent_type", NAME_CHARS_MAX, faults);
    match agent_type.as_str() {
        "llm" => read_llm(agent, faults).map(Backend::Llm),
        "http" => read_http(agent, faults).map(Backend::Http),
        "" => None,
        "mcp" => {
            let message = "this version does not run `mcp` agents. Use `llm` or `http`";
            agent.fault("agent_type", message, faults);
            None
        }
        other => {
            let message = format!("`{other}` is no agent type. Use `llm` or `http`");
            agent.fault("agent_type", &message, faults);
            None
        }
    }
}

fn read_config<'a>(agent: &Object<'a>, known: &[&str], faults: &mut Vec<Fault>) -> Option<Object<'a>> {
    let Some(config) = agent.value("config") else {
        agent.fault("config", "`config` is missing", faults);
        return None;
    };
    Object::new(config, agent.at("config"), known, faults)
}

fn read_llm(agent: &Object<'_>, faults: &mut Vec<Fault>) -> Option<LlmConfig> {
    let known = ["provider", "base_url", "model", "api_key", "headers", "temperature"];
    let config = read_config(agent, &known, faults)?;
    let provider = read_provider(&config, faults);
    let model = config.required_text("model", NAME_CHARS_MAX, faults);
    if model.chars().any(|c| c.is_control() || c.is_whitespace() || matches!(c, '?' | '#')) {
        config.fault("model", "a model's name has no blanks, `?` or `#`", faults);
    }
    let base_url = config.value("base_url").and_then(|_| read_url(&config, "base_url", faults));
    let api_key = read_secret(&config, "api_key", faults);
    let headers = read_headers(&config, faults);
    let temperature = config.number("temperature", 0.0, 2.0, faults);
    let provider = provider?;
    let base_url = base_url.unwrap_or_else(|| provider.default_base_url().to_owned());
    Some(LlmConfig { provider, base_url, model, api_key, headers, temperature })
}

fn read_provider(config: &Object<'_>, faults: &mut Vec<Fault>) -> Option<Provider> {
    let name = config.required_text("provider", NAME_CHARS_MAX, faults);
    let provider = Provider::ALL.into_iter().find(|provider| provider.name() == name);
    if provider.is_none() && !name.is_empty() {
        let names = listed(&Provider::ALL.map(Provider::name));
        config.fault("provider", &format!("`{name}` is no provider. There are {names}"), faults);
    }
    provider
}

fn read_http(agent: &Object<'_>, faults: &mut Vec<Fault>) -> Option<HttpConfig> {
    let config = read_config(agent, &["endpoint", "api_key", "headers"], faults)?;
    let endpoint = read_url(&config, "endpoint", faults);
    let api_key = read_secret(&config, "api_key", faults);
    let headers = read_headers(&config, faults);
    Some(HttpConfig { endpoint: endpoint?, api_key, headers })
}

/// Checks what can be told without a URL parser; whoever opens the URL parses it and checks its host.
fn read_url(config: &Object<'_>, key: &str, faults: &mut Vec<Fault>) -> Option<String> {
    let url = config.required_text(key, URL_CHARS_MAX, faults);
    if url.trim().is_empty() {
        return None;
    }
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let host = rest.and_then(|rest| rest.split('/').next()).unwrap_or_default();
    let complaint = if host.is_empty() {
        Some("must be an http:// or https:// URL")
    } else if host.contains('@') {
        Some("must not hold a user name or password: use `api_key`")
    } else if url.contains(['?', '#', '\\'])
        || url.contains("${")
        || url.chars().any(|c| c.is_control() || c == ' ')
    {
        Some(
            "must be a plain URL, without `?`, `#`, blanks or `${…}`: keys belong into `api_key` or `headers`",
        )
    } else {
        None
    };
    if let Some(complaint) = complaint {
        config.fault(key, &format!("`{key}` {complaint}"), faults);
        return None;
    }
    Some(url.trim_end_matches('/').to_owned())
}

fn read_secret(config: &Object<'_>, key: &str, faults: &mut Vec<Fault>) -> Option<SecretText> {
    let text = config.text(key, SECRET_CHARS_MAX, faults).filter(|text| !text.is_empty())?;
    if let Some(complaint) = secret_complaint(&text) {
        config.fault(key, complaint, faults);
    }
    Some(SecretText::new(text))
}

fn secret_complaint(text: &str) -> Option<&'static str> {
    if text.contains(MASK) {
        return Some(
            "this is the mask that hides a secret, not the secret. Give the secret or `${secrets.NAME}`",
        );
    }
    text.chars().any(char::is_control).then_some("this must not hold line breaks or other control characters")
}

fn read_headers(config: &Object<'_>, faults: &mut Vec<Fault>) -> BTreeMap<String, SecretText> {
    let mut headers = BTreeMap::new();
    let Some(value) = config.value("headers") else { return headers };
    let Some(map) = value.as_object().filter(|map| map.len() <= HEADERS_MAX) else {
        config.fault(
            "headers",
            &format!("`headers` must be an object of {HEADERS_MAX} texts at most"),
            faults,
        );
        return headers;
    };
    let names: Vec<&str> = map.keys().map(String::as_str).collect();
    let Some(object) = Object::new(value, config.at("headers"), &names, faults) else { return headers };
    for name in names {
        if name.is_empty()
            || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
        {
            object.fault(name, &format!("`{name}` is no header name"), faults);
        }
        if let Some(text) = read_secret(&object, name, faults) {
            headers.insert(name.to_ascii_lowercase(), text);
        }
    }
    headers
}

fn read_prices(agent: &Object<'_>, faults: &mut Vec<Fault>) -> Option<Prices> {
    let known = ["input_per_million", "output_per_million"];
    let prices = Object::new(agent.value("prices")?, agent.at("prices"), &known, faults)?;
    Some(Prices {
        input_per_million: prices.number(known[0], 0.0, PRICE_MAX, faults).unwrap_or_default(),
        output_per_million: prices.number(known[1], 0.0, PRICE_MAX, faults).unwrap_or_default(),
    })
}

fn read_skills(agent: &Object<'_>, faults: &mut Vec<Fault>) -> Vec<Skill> {
    let items = agent.list("skills", SKILLS_MAX, faults);
    if items.is_empty() && agent.value("skills").is_none_or(Value::is_array) {
        agent.fault("skills", "an agent needs at least one skill", faults);
    }
    let mut skills: Vec<Skill> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let pointer = format!("{}/{index}", agent.at("skills"));
        let Some(skill) = read_skill(item, &pointer, faults) else { continue };
        if skills.iter().any(|other| other.name == skill.name) {
            faults.push(fault(pointer, &format!("another skill is called `{}`, too", skill.name)));
        }
        skills.push(skill);
    }
    skills
}

fn read_skill(item: &Value, pointer: &str, faults: &mut Vec<Fault>) -> Option<Skill> {
    if let Some(name) = item.as_str() {
        check_skill_name(name, pointer, faults);
        return Some(plain_skill(name));
    }
    let skill = Object::new(item, pointer.to_owned(), &SKILL_KEYS, faults)?;
    let name = skill.required_text("name", NAME_CHARS_MAX, faults);
    if !name.trim().is_empty() {
        check_skill_name(&name, &skill.at("name"), faults);
    }
    refuse_turns(&skill, faults);
    Some(Skill {
        description: skill.text("description", TEXT_CHARS_MAX, faults).unwrap_or_default(),
        instructions: read_instructions(&skill, faults),
        input_schema: read_schema(&skill, "input_schema", faults),
        output_schema: read_schema(&skill, "output_schema", faults),
        max_tokens: skill.count("max_tokens", TOKENS_MAX, faults),
        ..plain_skill(&name)
    })
}

fn plain_skill(name: &str) -> Skill {
    Skill {
        name: name.to_owned(),
        description: String::new(),
        instructions: None,
        input_schema: None,
        output_schema: None,
        tools: Vec::new(),
        max_turns: 1,
        max_tokens: None,
    }
}

fn check_skill_name(name: &str, pointer: &str, faults: &mut Vec<Fault>) {
    let is_path = matches!(name.trim(), "" | "." | "..");
    if is_path || name.chars().count() > NAME_CHARS_MAX || name.chars().any(char::is_control) {
        let message = format!("a skill's name has 1 to {NAME_CHARS_MAX} characters and is not `.` or `..`");
        faults.push(fault(pointer.to_owned(), &message));
    }
}

fn refuse_turns(skill: &Object<'_>, faults: &mut Vec<Fault>) {
    if !skill.list("tools", SKILLS_MAX, faults).is_empty() {
        let message =
            "this version runs skills without tools. Leave `tools` out, and call tools from the flow";
        skill.fault("tools", message, faults);
    }
    if skill.count("max_turns", 100, faults).is_some_and(|turns| turns > 1) {
        let message = "this version runs skills of one turn. Leave `max_turns` out or set it to 1";
        skill.fault("max_turns", message, faults);
    }
}

fn read_instructions(skill: &Object<'_>, faults: &mut Vec<Fault>) -> Option<Instructions> {
    let text =
        skill.text("instructions", INSTRUCTIONS_CHARS_MAX, faults).filter(|text| !text.trim().is_empty())?;
    match Instructions::parse(&text) {
        Ok(instructions) => Some(instructions),
        Err(message) => {
            skill.fault("instructions", &message, faults);
            None
        }
    }
}

/// An empty schema says nothing, so it counts as none: forms send it for a field left blank.
fn read_schema(skill: &Object<'_>, key: &str, faults: &mut Vec<Fault>) -> Option<Value> {
    let schema = skill.value(key)?;
    if !schema.is_object() {
        skill.fault(key, &format!("`{key}` must be a JSON Schema: an object"), faults);
    }
    (schema != &Value::Object(serde_json::Map::new())).then(|| schema.clone())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_document_of_the_specification_is_read() {
        let agent = Agent::parse(&risk_analyst()).unwrap();

        assert_eq!(agent.agent_type(), "llm");
        assert_eq!(agent.skills[0].max_tokens, Some(4000));
        assert_eq!(agent.skills[1].name, "plain");
        assert_eq!(agent.skills[0].output_schema, None, "an empty schema is none");
        let Backend::Llm(config) = &agent.backend else { panic!("an llm agent") };
        assert_eq!(config.base_url, "https://models.example/v1");
    }

    #[test]
    fn every_fault_is_found_at_once() {
        let document = json!({
            "agent_type": "llm", "nam": "x", "tags": ["a", 1],
            "config": { "provider": "acme", "base_url": "ftp://x", "api_key": "••••" },
            "skills": ["a", "a", { "name": "b", "tools": ["x"], "max_turns": 8, "instructions": "${secrets.A}" }],
        });

        let faults = Agent::parse(&document).unwrap_err();

        let pointers: Vec<&str> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(
            pointers,
            [
                "/nam",
                "/name",
                "/tags/1",
                "/skills/1",
                "/skills/2/tools",
                "/skills/2/max_turns",
                "/skills/2/instructions",
                "/config/provider",
                "/config/model",
                "/config/base_url",
                "/config/api_key",
            ]
        );
    }

    #[test]
    fn what_this_version_does_not_run_is_refused_with_a_reason() {
        let document = json!({ "name": "x", "agent_type": "mcp", "config": {}, "skills": ["a"] });

        let faults = Agent::parse(&document).unwrap_err();

        assert_eq!(faults.len(), 1);
        assert_eq!(faults[0].message, "this version does not run `mcp` agents. Use `llm` or `http`");
    }

    #[test]
    fn an_endpoint_is_a_plain_url() {
        for endpoint in
            ["", "ftp://x", "https://", "https://u:p@x", "https://x?key=1", "https://${secrets.X}", "x"]
        {
            let faults = Agent::parse(&remote(endpoint)).unwrap_err();

            assert_eq!(faults[0].pointer, "/config/endpoint", "{endpoint}");
        }
        assert!(Agent::parse(&remote("http://127.0.0.1:8080/agents/")).is_ok());
    }

    #[test]
    fn secrets_are_neither_shown_nor_printed() {
        let mut document = risk_analyst();
        document["config"]["api_key"] = json!("sk-canary");
        let agent = Agent::parse(&document).unwrap();

        assert_eq!(agent.public_config()["api_key"], MASK);
        assert!(!format!("{agent:?}").contains("canary"));
    }

    fn remote(endpoint: &str) -> Value {
        json!({ "name": "x", "agent_type": "http", "config": { "endpoint": endpoint }, "skills": ["a"] })
    }

    fn risk_analyst() -> Value {
        json!({
            "name": "Risk analyst", "agent_type": "llm", "category": "risk", "tags": [],
            "config": { "provider": "openai", "base_url": "https://models.example/v1/", "model": "m",
                        "api_key": "${secrets.OPENAI_KEY}" },
            "skills": [{ "name": "realtime_risk_analysis", "description": "…",
                         "instructions": "Look at ${input.vendor}", "input_schema": {}, "output_schema": {},
                         "tools": [], "max_turns": 1, "max_tokens": 4000 }, "plain"],
            "prices": { "input_per_million": 0.5, "output_per_million": 2 },
        })
    }
}
