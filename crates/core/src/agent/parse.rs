//! From an agent's document to an [`Agent`], or to every fault in it.

mod backend;
mod budget;
mod extras;
mod guardrail;
mod listing;
mod llm;
mod prices;
mod protection;
mod skill;
mod tool;

use std::collections::BTreeMap;

use serde_json::Value;

use self::backend::{AgentType, ConfigReader, TypeReader};
use self::budget::{DAY_BUDGET, DayBudget, check_budget};
use self::listing::read_listing;
use self::prices::read_prices;
use self::protection::{PROTECTION, read_breaker, read_protection};
use self::skill::{SkillsReader, with_models};
use super::{Agent, Protection};
use crate::document::{
    Description, Fault, Keys, Place, Plain, Reading, Terms, Text, Unknown, key, list, named, object,
    plain_text, text,
};
use crate::limits::Limits;

const NAME_CHARS_MAX: usize = 200;
const TEXT_CHARS_MAX: usize = 10_000;
const TAGS_MAX: usize = 50;
const NAME: Text = text().at_most(NAME_CHARS_MAX).in_one_line();
const SHORT: Text = plain_text().at_most(NAME_CHARS_MAX).in_one_line();
const PATCH: &str = "The keys of an agent document to change; the others stay. Null sets a key to its default. It makes a new version.";

impl Agent {
    /// Reads an agent's document.
    ///
    /// # Errors
    /// Every fault of the document, with the JSON pointer of what is wrong.
    pub fn parse(document: &Value) -> Result<Self, Vec<Fault>> {
        match parse(document) {
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
        let (agent, faults) = parse(document);
        agent.ok_or(faults)
    }

    /// Describes the keys of an agent's document.
    pub fn describe() -> Description {
        Description::of(&Terms::DEFAULT, Unknown::Refused, read_agent)
    }

    /// Returns the JSON Schemas (draft 2020-12) of an agent's document and of its parts, by name. They refer to each other as
    /// components of an OpenAPI document.
    ///
    /// `AgentInput` is a whole document, and `AgentPatch` some keys of one.
    pub fn schemas() -> BTreeMap<String, Value> {
        let document = Description::of(&Terms::NAMED, Unknown::Refused, read_agent);
        let prices = Description::of(&Terms::NAMED, Unknown::Refused, read_prices);
        let mut whole = document.schema();
        whole["oneOf"] = backend::config_by_type();
        let protection = Description::of(&Terms::NAMED, Unknown::Refused, read_protection);
        let breaker = Description::of(&Terms::NAMED, Unknown::Refused, read_breaker);
        let own = [
            named("AgentInput", "An agent document.", whole),
            named("AgentPatch", PATCH, document.patch_schema()),
            named("Prices", "What the tokens of a model cost.", prices.schema()),
            named("Protection", "How much all executions together may ask of an agent.", protection.schema()),
            budget::schema(),
            named("Breaker", "When calls are held back because the last ones failed.", breaker.schema()),
            skill::schema(),
            guardrail::schema(),
            tool::schema(),
        ];
        own.into_iter().chain(backend::schemas()).collect()
    }
}

/// Makes an agent of `document`, as far as that is possible, and says everything that is wrong with it.
fn parse(document: &Value) -> (Option<Agent>, Vec<Fault>) {
    let mut reading = Reading::new(&Limits::DEFAULT);
    let agent = reading.object(document, &Place::root(""), Unknown::Refused, read_agent);
    (agent, reading.into_faults())
}

fn read_agent(keys: &mut Keys<'_>) -> Option<Agent> {
    let name = keys.take(key("name", "Name", NAME).needed("an agent").doc("What people call it."));
    let description = keys.take(
        key("description", "Description", plain_text().at_most(TEXT_CHARS_MAX))
            .default("")
            .doc("What it is for."),
    );
    let agent_type = keys.take(
        key("agent_type", "Type", TypeReader)
            .needed("an agent")
            .doc("What carries its skills out: a language model, a remote agent that takes HTTP calls, or an MCP server whose tools they are."),
    );
    let category = keys.take(key("category", "Category", SHORT).doc("What it is listed under."));
    let tags = list(SHORT).at_most(TAGS_MAX);
    let tags = keys.take(key("tags", "Tags", tags).default(Plain::List).doc("Words to find it by."));
    let listing = read_listing(keys);
    let config = keys.take(
        key("config", "Configuration", ConfigReader(agent_type))
            .needed("an agent")
            .doc("How to reach it; its keys depend on `agent_type`."),
    );
    let skills = keys.take(
        key("skills", "Skills", SkillsReader(agent_type))
            .needed("an agent")
            .doc("What it can do; at least one."),
    );
    let prices =
        keys.take(key("prices", "Prices", object(read_prices).named("Prices")).doc("What its tokens cost."));
    let protection = keys.take(
        key("protection", "Protection", PROTECTION)
            .doc("How much all executions together may ask of it. The current version counts, also for executions that are pinned to an earlier one."),
    );
    let counts_tokens = protection.is_some_and(|given| given.tokens_per_minute.is_some());
    if counts_tokens && agent_type.is_some_and(|own| own != AgentType::Llm) {
        keys.fault(
            "protection",
            "only calls of `llm` agents use tokens, so `tokens_per_minute` limits nothing",
        );
    }
    let budget = keys.take(
        key("budget", "Budget for a day", DAY_BUDGET)
            .doc("What its models may use in a day of UTC, by all executions together. The current version counts, also for executions that are pinned to an earlier one."),
    );
    let (backend, config) = config?;
    let skills = with_models(skills?, &backend);
    let agent = Agent {
        name: name?,
        description: description.unwrap_or_default(),
        category,
        tags: tags.unwrap_or_default(),
        listing,
        backend,
        skills,
        prices,
        protection: protection.filter(Protection::is_some),
        budget: budget.map(|budget: DayBudget| budget.priced(prices)),
        config,
    };
    check_budget(&agent, keys);
    Some(agent)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::agent::{Backend, MASK, McpConfig};

    #[test]
    fn a_document_with_every_key_is_read() {
        let agent = Agent::parse(&risk_analyst()).unwrap();

        assert_eq!(agent.agent_type(), "llm");
        assert_eq!(agent.skills[0].max_tokens, Some(4000));
        assert_eq!(agent.skills[1].name, "plain");
        assert_eq!(agent.skills[0].output_schema, None, "an empty schema is none");
        let Backend::Llm(config) = &agent.backend else { panic!("an llm agent") };
        assert_eq!(config.base_url, "https://models.example/v1");
    }

    #[test]
    fn a_skill_is_described_and_has_schemas() {
        let (object, text) = (json!({ "type": "object" }), json!({ "type": "string" }));
        let mut document = risk_analyst();
        document["skills"][0]["input_schema"] = object.clone();
        document["skills"][0]["output_schema"] = text.clone();

        let skill = Agent::parse(&document).unwrap().skills.remove(0);

        document["skills"][0]["instructions"] = json!(" ");
        assert_eq!(Agent::parse(&document).unwrap().skills[0].instructions, None);
        for model in ["a b", "a?b", "a#b", "a\u{7}b"] {
            document["config"]["model"] = json!(model);
            assert_eq!(Agent::parse(&document).unwrap_err()[0].pointer, "/config/model", "{model:?}");
        }
        assert_eq!(skill.description, "…");
        assert_eq!((skill.input_schema, skill.output_schema), (Some(object), Some(text)));
    }

    #[test]
    fn every_fault_is_found_at_once() {
        let document = json!({
            "agent_type": "llm", "nam": "x", "tags": ["a", 1],
            "config": { "provider": "acme", "base_url": "ftp://x", "api_key": "••••" },
            "skills": ["a", "a", { "name": "b", "tools": ["x"], "max_turns": 101, "instructions": "${secrets.A}" }],
        });

        let faults = Agent::parse(&document).unwrap_err();

        let pointers: Vec<&str> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(
            pointers,
            [
                "/name",
                "/tags/1",
                "/config/provider",
                "/config/base_url",
                "/config/model",
                "/config/api_key",
                "/skills/2/instructions",
                "/skills/2/tools/0",
                "/skills/2/max_turns",
                "/skills/1",
                "/nam",
            ]
        );
    }

    #[test]
    fn tools_are_read_and_bound_the_loop_of_their_skill() {
        let mut document = risk_analyst();
        let asked = "018f3a5e-0000-7000-8000-000000000001";
        document["skills"][0]["tools"] = json!([
            { "name": "look-up_1", "type": "http_request", "request": { "url": "https://a.test/${input.id}" } },
            { "name": "ask", "type": "skill", "agent_id": asked, "skill": "translate" },
        ]);

        let skills = Agent::parse(&document).unwrap().skills;

        let rules = skills[0].rules.as_ref().unwrap();
        assert_eq!(
            (rules.turns_max, rules.tokens_max, rules.answer_tokens_max),
            (Some(1), Some(4000), Some(1000))
        );
        assert_eq!(
            rules.asked.iter().map(|(tool, agent)| (tool.as_str(), agent.to_string())).collect::<Vec<_>>(),
            [("ask", asked.to_owned())]
        );
        assert!(skills[1].rules.is_none(), "a skill without tools is one call");
    }

    #[test]
    fn faults_of_tools_say_where_they_are() {
        let request = |url: &str| json!({ "name": "t", "type": "http_request", "request": { "url": url } });
        let with = |key: &str, value: Value| {
            let mut tool = request("https://a.test");
            tool[key] = value;
            tool
        };
        let skill = |value: Value| json!({ "name": "t", "type": "skill", "agent_id": value, "skill": "s" });
        for (tool, pointer) in [
            (json!("x"), "/0"),
            (json!({ "name": "t" }), "/0/type"),
            (with("type", json!("mcp")), "/0/type"),
            (json!({ "name": "t", "type": "http_request" }), "/0/request"),
            (json!({ "name": "t", "type": "skill", "skill": "s" }), "/0/agent_id"),
            (skill(json!("5")), "/0/agent_id"),
            (with("agent_id", json!("018f3a5e-0000-7000-8000-000000000001")), "/0/agent_id"),
            (with("name", json!("a b")), "/0/name"),
            (with("name", json!("1st")), "/0/name"),
            (with("name", json!("größe")), "/0/name"),
            (with("name", json!("")), "/0/name"),
            (with("input_schema", json!([])), "/0/input_schema"),
            (with("requst", json!({})), "/0/requst"),
            (request("ftp://a.test"), "/0/request/url"),
            (request("https://a.test/${trigger_data.id}"), "/0/request/url"),
            (request("https://a.test/${other.id}"), "/0/request/url"),
            (request("https://a.test/${now()}"), "/0/request/url"),
            (request("https://a.test/${attempt}"), "/0/request/url"),
            (request("https://${secrets.HOST}/x"), "/0/request/url"),
        ] {
            let mut document = risk_analyst();
            document["skills"][0]["tools"] = json!([tool]);

            let faults = Agent::parse(&document).unwrap_err();

            assert_eq!(faults[0].pointer, format!("/skills/0/tools{pointer}"), "{tool}: {faults:?}");
        }
        let mut twice = risk_analyst();
        twice["skills"][0]["tools"] = json!([request("https://a.test"), request("https://b.test")]);
        assert_eq!(Agent::parse(&twice).unwrap_err()[0].pointer, "/skills/0/tools/1");
        let mut http = remote("http://agents.example");
        http["skills"] = json!([{ "name": "a", "tools": [request("https://a.test")] }]);
        assert_eq!(Agent::parse(&http).unwrap_err()[0].pointer, "/skills/0/tools");
    }

    #[test]
    fn the_tools_of_an_mcp_server_are_skills() {
        let hash = format!("sha256:{}", "0a".repeat(32));
        let mut document = mcp_server();
        document["skills"] = json!(["search", { "name": "issues/create", "description": "Creates one.",
            "input_schema": { "type": "object" }, "hash": hash }]);

        let agent = Agent::parse(&document).unwrap();

        assert_eq!((agent.agent_type(), agent.is_external()), ("mcp", true));
        let Backend::Mcp(McpConfig::Http(config)) = &agent.backend else { panic!("an mcp agent") };
        assert_eq!(config.url, "https://tools.example/mcp/", "a slash at the end is a part of it");
        assert_eq!(agent.skills[0].hash, None);
        assert_eq!(agent.skills[1].hash, Some(hash));
        assert_eq!(agent.skills[1].input_schema, Some(json!({ "type": "object" })));
    }

    #[test]
    fn a_local_command_is_a_name_and_nothing_else() {
        let with = |config: Value| {
            let mut document = mcp_server();
            document["config"] = config;
            Agent::parse(&document)
        };

        let agent = with(json!({ "command": "files", "url": null, "api_key": "", "headers": {} })).unwrap();

        assert_eq!((agent.command(), agent.agent_type(), agent.is_external()), (Some("files"), "mcp", true));
        assert_eq!(Agent::parse(&mcp_server()).unwrap().command(), None);
        for (config, pointer, message) in [
            (json!({}), "/config/url", "an MCP server needs `url` or `command`"),
            (json!({ "command": "" }), "/config/command", "must not be empty"),
            (json!({ "command": "a", "api_key": "canary" }), "/config/api_key", "is sent no credentials"),
            (
                json!({ "command": "a", "headers": { "x": "canary" } }),
                "/config/headers",
                "is sent no credentials",
            ),
            (json!({ "command": ["npx", "--yes", "x"] }), "/config/command", "must be a string"),
            (json!({ "command": "a", "args": ["-c"] }), "/config/args", "and `command` is its name there"),
        ] {
            let faults = with(config.clone()).unwrap_err();

            assert_eq!((faults.len(), &*faults[0].pointer), (1, pointer), "{config}");
            assert!(faults[0].message.contains(message), "{}", faults[0].message);
        }
    }

    #[test]
    fn what_an_mcp_server_cannot_have_is_refused_by_name() {
        for (key, value, message) in [
            ("command", json!("npx"), "has `url` or `command`, not both"),
            ("args", json!(["-y"]), "in the operator's `steadflow.toml`"),
            ("env", json!({}), "in the operator's `steadflow.toml`"),
            ("mcp_connection_id", json!("1"), "the agent itself is the connection"),
            ("token", json!("canary"), "belongs into `headers`"),
        ] {
            let mut document = mcp_server();
            document["config"][key] = value;

            let faults = Agent::parse(&document).unwrap_err();

            assert_eq!((faults.len(), &*faults[0].pointer), (1, &*format!("/config/{key}")));
            assert!(
                faults[0].message.contains(message) && !faults[0].message.contains("canary"),
                "{faults:?}"
            );
        }
        for (key, value) in [
            ("instructions", json!("Look at ${input}")),
            (
                "tools",
                json!([{ "name": "t", "type": "http_request", "request": { "url": "https://a.test" } }]),
            ),
            ("max_tokens", json!(5)),
            ("hash", json!("0a")),
            ("hash", json!(format!("sha256:{}", "0A".repeat(32)))),
        ] {
            let mut document = mcp_server();
            document["skills"][0][key] = value;

            let faults = Agent::parse(&document).unwrap_err();

            assert_eq!(faults[0].pointer, format!("/skills/0/{key}"), "{faults:?}");
        }
        let mut http = remote("http://agents.example");
        http["skills"] = json!([{ "name": "a", "hash": format!("sha256:{}", "0a".repeat(32)) }]);
        assert_eq!(Agent::parse(&http).unwrap_err()[0].pointer, "/skills/0/hash");
        let mut keyed = mcp_server();
        keyed["config"]["url"] = json!("https://tools.example/mcp?key=canary");
        let message = &Agent::parse(&keyed).unwrap_err()[0].message;
        assert!(message.contains("`api_key` or `headers`") && !message.contains("canary"), "{message}");
    }

    fn mcp_server() -> Value {
        json!({ "name": "Tools", "agent_type": "mcp", "config": { "url": "https://tools.example/mcp/" },
            "skills": [{ "name": "search" }] })
    }

    #[test]
    fn only_openai_has_several_apis_and_others_are_refused_by_name() {
        for (keys, pointer, message) in [
            (json!({ "api": "responses" }), None, ""),
            (json!({ "api": "chat_completions" }), None, ""),
            (json!({ "api": "assistants" }), Some("/config/api"), "`chat_completions`"),
            (
                json!({ "provider": "gemini", "api": "responses" }),
                Some("/config/api"),
                "remove `api` for `gemini`",
            ),
            (
                json!({ "fallbacks": [{ "model": "b", "provider": "ollama", "api": "responses" }] }),
                Some("/config/fallbacks/0/api"),
                "remove `api` for `ollama`",
            ),
            (json!({ "fallbacks": [{ "model": "b", "api": "responses" }] }), None, ""),
        ] {
            let mut document = risk_analyst();
            for (key, value) in keys.as_object().unwrap() {
                document["config"][key] = value.clone();
            }

            let faults = Agent::parse(&document).map_or_else(|faults| faults, |_| Vec::new());

            assert_eq!(faults.first().map(|fault| fault.pointer.as_str()), pointer, "{keys}");
            assert!(faults.iter().all(|fault| fault.message.contains(message)), "{faults:?}");
        }
    }

    #[test]
    fn an_endpoint_is_a_plain_url() {
        for endpoint in [
            "",
            "ftp://x",
            "https://",
            "https:///x",
            "https://u:p@x",
            "https://x?key=1",
            "https://${secrets.X}",
            "x",
        ] {
            let faults = Agent::parse(&remote(endpoint)).unwrap_err();

            assert_eq!(faults[0].pointer, "/config/endpoint", "{endpoint}");
        }
        assert!(Agent::parse(&remote("http://127.0.0.1:8080/agents/@me")).is_ok());
    }

    #[test]
    fn what_belongs_elsewhere_is_said_where() {
        let at = |key: &str, value: Value| {
            let mut document = risk_analyst();
            document["config"][key] = value;
            let faults = Agent::parse(&document).unwrap_err();
            assert_eq!((faults.len(), faults[0].pointer.as_str()), (1, format!("/config/{key}").as_str()));
            faults[0].message.clone()
        };
        for (key, place) in [
            ("options", "`\"extra_body\": {\"options\": …}`"),
            ("num_ctx", "`\"extra_body\": {\"options\": {\"num_ctx\": …}}`"),
            ("enable_thinking", "`\"extra_body\": {\"enable_thinking\": …}`"),
            ("reasoning_effort", "`\"extra_body\": {\"reasoning_effort\": …}`"),
            ("max_tokens", "`max_tokens` belongs to each skill"),
            ("api_version", "`\"extra_query\": {\"api-version\": …}`"),
            ("extra_boddy", "did you mean `extra_body`?"),
        ] {
            let message = at(key, json!("sk-canary"));

            assert!(message.contains(place) && !message.contains("canary"), "{message}");
        }
        for (url, place) in [
            ("https://x.example/v1?api-version=2024-06-01", "as `\"extra_query\": {\"api-version\": …}`"),
            ("https://x.example?a=canary&b=c#d", "as `\"extra_query\": {\"a\": …, \"b\": …}`"),
            ("https://x.example/#a", "into `extra_query`, and keys"),
        ] {
            let message = at("base_url", json!(url));

            assert!(message.contains(place) && !message.contains("canary"), "{message}");
        }
    }

    #[test]
    fn documents_without_the_keys_of_a_listing_are_available() {
        let agent = Agent::restore(&remote("http://agents.example")).unwrap();
        let mut listed = remote("http://agents.example");
        listed["icon_url"] = json!("https://agents.example/icon.png?size=64");
        listed["is_featured"] = json!(true);

        assert!(agent.listing.is_available && !agent.listing.is_featured);
        assert_eq!((agent.listing.icon_url, agent.listing.department), (None, None));
        assert!(Agent::parse(&listed).unwrap().listing.is_featured);
        listed["icon_url"] = json!("http://agents.example/icon.png");
        assert!(Agent::parse(&listed).is_ok());
        for icon in ["javascript:alert(1)", "https://", "/icon.png", "https://x/a b"] {
            listed["icon_url"] = json!(icon);
            assert_eq!(Agent::parse(&listed).unwrap_err()[0].pointer, "/icon_url", "{icon}");
        }
    }

    #[test]
    fn reserved_headers_are_refused_when_saved_and_stored_ones_are_read() {
        let mut document = risk_analyst();
        document["config"]["headers"] = json!({ "Host": "x" });

        let faults = Agent::parse(&document).unwrap_err();

        assert_eq!(faults[0].pointer, "/config/headers/Host");
        assert!(Agent::restore(&document).is_ok());
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
