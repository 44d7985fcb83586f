//! The agent: something that offers skills, and what it needs to reach them.
//!
//! An [`Agent`] is what a valid document means; [`Agent::parse`] is the only way to make one. What it holds that is
//! secret never leaves through `Debug` or [`Agent::public_config`].

mod destination;
mod instructions;
mod missing;
mod models;
mod parse;
mod protection;
mod question;
mod secrecy;
mod tool;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use self::destination::Destination;
use crate::budget::Budget;
use crate::document::Fault;
use crate::guardrail::{Guardrail, Then};
use crate::template::Template;
use crate::transcript::Rules;
use crate::usage::{Currency, Usage};

pub use instructions::Instructions;
pub use missing::{impossible_sessions, missing_skills};
pub use models::Fallback;
pub use protection::{Breaker, Protection};
pub use question::beyond_budget;
pub use secrecy::{MASK, SecretText, fill_secrets, is_secret_name, secret_names};
pub use tool::{Tool, ToolAction, request_of};

/// A registered agent, checked.
#[derive(Clone)]
pub struct Agent {
    /// 1–200 characters.
    pub name: String,
    /// Free text; empty where none is given.
    pub description: String,
    /// Free text.
    pub category: Option<String>,
    /// Free words.
    pub tags: Vec<String>,
    /// How it is shown to people who choose one.
    pub listing: Listing,
    /// What performs its skills.
    pub backend: Backend,
    /// At least one; names are unique.
    pub skills: Vec<Skill>,
    /// What its tokens cost.
    pub prices: Option<Prices>,
    /// How much all executions together may ask of it; `None` where nothing limits them.
    pub protection: Option<Protection>,
    /// What its models may use in a day, by all executions together; `None` where nothing limits that.
    pub budget: Option<Budget>,
    config: Value,
}

impl Agent {
    /// Returns the document's `agent_type`.
    pub const fn agent_type(&self) -> &'static str {
        match self.backend {
            Backend::Llm(_) => "llm",
            Backend::Http(_) => "http",
            Backend::Mcp(_) => "mcp",
        }
    }

    /// Returns whether its skills are made elsewhere, and only chosen here: the tools of an MCP server.
    pub const fn is_external(&self) -> bool {
        matches!(self.backend, Backend::Mcp(_))
    }

    /// Returns the name of the local command that it is, if it is one.
    pub fn command(&self) -> Option<&str> {
        match &self.backend {
            Backend::Mcp(McpConfig::Command(name)) => Some(name),
            Backend::Mcp(McpConfig::Http(_)) | Backend::Llm(_) | Backend::Http(_) => None,
        }
    }

    /// Returns the skill called `name`.
    pub fn skill(&self, name: &str) -> Option<&Skill> {
        self.skills.iter().find(|skill| skill.name == name)
    }

    /// Returns the skill called `name`.
    ///
    /// # Errors
    /// [`NoSkill`], which says what there is instead.
    pub fn offered(&self, name: &str) -> Result<&Skill, NoSkill> {
        self.skill(name).ok_or_else(|| {
            let offered = self.skills.iter().map(|skill| skill.name.clone()).collect();
            NoSkill { skill: name.to_owned(), offered }
        })
    }

    /// Returns `config` as people may see it: secrets in it are masked, `${secrets.NAME}` stays.
    pub fn public_config(&self) -> Value {
        secrecy::masked(&self.config)
    }

    /// Returns the names of the secrets that it uses, also in texts that are masked.
    pub fn secret_names(&self) -> BTreeSet<String> {
        let config = self.config.to_string();
        let tools = self.skills.iter().flat_map(|skill| &skill.tools);
        let requests = tools.filter_map(|tool| match &tool.action {
            ToolAction::HttpRequest { request, .. } => Some(request),
            ToolAction::Skill { .. } | ToolAction::Flow { .. } => None,
        });
        let of_tools = requests.flat_map(Template::secrets).map(|(_, name)| &**name);
        secret_names(&config).into_iter().chain(of_tools).map(str::to_owned).collect()
    }

    /// Puts back what [`Self::public_config`] masked, where the `config` of the document `edited` still holds the mask.
    ///
    /// A mask that covers nothing here stays, so that [`Self::parse`] refuses it.
    ///
    /// # Errors
    /// A fault for each mask, if the edited agent has another type or provider, or another scheme, host or port: whoever
    /// edits an agent must not be able to send its secrets elsewhere.
    pub fn unmask(&self, edited: &mut Value) -> Result<(), Vec<Fault>> {
        // A document that does not say where its secrets go is refused by `parse`.
        let (before, after) = (Destination::of(self), Destination::of_document(edited));
        let (Some(after), Some(config)) = (after, edited.get_mut("config")) else { return Ok(()) };
        models::unmask_fallbacks(config, &self.config);
        if after == before {
            secrecy::unmask(config, &self.config);
            return Ok(());
        }
        let message = format!(
            "this is the mask of a stored secret, and {}, so it is not sent elsewhere. Give the secret again, or \
             `${{secrets.NAME}}`",
            before.change(&after)
        );
        let masks = secrecy::masks(config, &self.config, "/config");
        let faults: Vec<Fault> =
            masks.into_iter().map(|pointer| Fault { pointer, message: message.clone() }).collect();
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }
}

impl fmt::Debug for Agent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut agent = f.debug_struct("Agent");
        agent.field("name", &self.name).field("backend", &self.backend).field("skills", &self.skills);
        agent.finish_non_exhaustive()
    }
}

/// How an agent is shown to people who choose one. Calls do not depend on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// Whether it is offered.
    pub is_available: bool,
    /// Whether it is shown first.
    pub is_featured: bool,
    /// An http(s) URL of a picture.
    pub icon_url: Option<String>,
    /// Whose agent it is; free text.
    pub department: Option<String>,
}

/// An agent has no skill of this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the agent has no skill `{skill}`; it has {}", offered.join(", "))]
pub struct NoSkill {
    /// What was asked for.
    pub skill: String,
    /// What there is, at least one.
    pub offered: Vec<String>,
}

/// What performs the skills of an agent.
#[derive(Clone, Debug, PartialEq)]
pub enum Backend {
    /// A language model.
    Llm(LlmConfig),
    /// A remote agent: a skill is a POST to `{endpoint}/{skill}`.
    Http(HttpConfig),
    /// An MCP server: a skill is one of its tools.
    Mcp(McpConfig),
}

/// How to reach a model.
#[derive(Clone, Debug, PartialEq)]
pub struct LlmConfig {
    /// Whose protocol it speaks.
    pub provider: Provider,
    /// Which of the provider's APIs it offers; only OpenAI has several.
    pub api: Api,
    /// Where it is, without a `/` at the end; the provider's own address where the document gives none.
    pub base_url: String,
    /// The model's name, as the provider spells it.
    pub model: String,
    /// Sent the way the provider asks for it.
    pub api_key: Option<SecretText>,
    /// Additional headers, e.g. those that a gateway requires. Names are in lower case.
    pub headers: BTreeMap<String, SecretText>,
    /// 0–2; the provider's default where the document gives none.
    pub temperature: Option<f64>,
    /// Added to the body of each call. It never replaces what Steadflow sets there.
    pub extra_body: Map<String, Value>,
    /// Added to the query of each call.
    pub extra_query: BTreeMap<String, SecretText>,
    /// Whether answers are asked for as streams.
    pub is_stream: bool,
    /// How long the server may send nothing; the default of streams where the document gives none.
    pub idle_timeout: Option<Duration>,
    /// The models that are asked if this one cannot answer, in order. A fallback has none itself.
    pub fallbacks: Vec<Fallback>,
}

/// How to reach a remote agent.
#[derive(Clone, Debug, PartialEq)]
pub struct HttpConfig {
    /// An http(s) URL without a `/` at the end.
    pub endpoint: String,
    /// Sent as `Authorization: Bearer`.
    pub api_key: Option<SecretText>,
    /// Sent with each call. Names are in lower case.
    pub headers: BTreeMap<String, SecretText>,
}

/// How to reach an MCP server.
#[derive(Clone, Debug, PartialEq)]
pub enum McpConfig {
    /// Over streamable HTTP.
    Http(McpEndpoint),
    /// As a local command, by the name that the operator gives it.
    Command(String),
}

/// Where an MCP server is called over HTTP.
#[derive(Clone, Debug, PartialEq)]
pub struct McpEndpoint {
    /// An http(s) URL, exactly as given: a `/` at its end is a part of it.
    pub url: String,
    /// Sent as `Authorization: Bearer`.
    pub api_key: Option<SecretText>,
    /// Sent with each request. Names are in lower case.
    pub headers: BTreeMap<String, SecretText>,
}

/// A protocol for calling models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    /// OpenAI chat completions, as very many servers speak it.
    OpenAi,
    /// Anthropic messages.
    Anthropic,
    /// Google Gemini `generateContent`.
    Gemini,
    /// Ollama's own chat.
    Ollama,
}

impl Provider {
    /// All providers by name, in the order of the documentation.
    pub const NAMED: &[(&str, Self)] = &[
        (Self::OpenAi.name(), Self::OpenAi),
        (Self::Anthropic.name(), Self::Anthropic),
        (Self::Gemini.name(), Self::Gemini),
        (Self::Ollama.name(), Self::Ollama),
    ];

    /// Returns the document's name of the provider.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
            Self::Ollama => "ollama",
        }
    }

    /// Returns where the provider is unless the document says otherwise.
    pub const fn default_base_url(self) -> &'static str {
        match self {
            Self::OpenAi => "https://api.openai.com/v1",
            Self::Anthropic => "https://api.anthropic.com/v1",
            Self::Gemini => "https://generativelanguage.googleapis.com/v1beta",
            Self::Ollama => "http://localhost:11434",
        }
    }
}

/// An API of OpenAI for calling models.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Api {
    /// Chat completions, as very many servers offer it.
    #[default]
    ChatCompletions,
    /// Responses.
    Responses,
}

impl Api {
    /// All APIs by their names in a document.
    pub const NAMED: &[(&str, Self)] =
        &[("chat_completions", Self::ChatCompletions), ("responses", Self::Responses)];
}

/// Something an agent can do.
#[derive(Clone, Debug)]
pub struct Skill {
    /// Unique in the agent.
    pub name: String,
    /// Free text; empty where none is given.
    pub description: String,
    /// The instructions that a model gets before the input.
    pub instructions: Option<Instructions>,
    /// JSON Schema of the input; `None` takes anything.
    pub input_schema: Option<Value>,
    /// JSON Schema of the output; `None` lets a model answer in free text.
    pub output_schema: Option<Value>,
    /// What a model may call; names are unique.
    pub tools: Vec<Tool>,
    /// What its values have to be; names are unique.
    pub guardrails: Vec<Guardrail>,
    /// What bounds its turns; `None` for a skill that is one call: one without tools, of an agent with one model.
    pub rules: Option<Arc<Rules>>,
    /// Tokens of an answer at most or, with tools, of all answers of a node.
    pub max_tokens: Option<u32>,
    /// Of a tool of an MCP server: the hash of its definition, as it was when somebody looked at it. Another definition is
    /// not called.
    pub hash: Option<String>,
}

impl Skill {
    /// Returns whether only a flow can run it, since it takes more than one call.
    pub fn is_loop(&self) -> bool {
        self.rules.as_ref().is_some_and(|rules| rules.is_loop())
    }

    /// Returns the rules of one that takes several calls, none of them of a tool or of a person, so that it can be tried by
    /// itself.
    pub fn rules_of_trial(&self) -> Option<Arc<Rules>> {
        let asks = |guardrail: &Guardrail| guardrail.then == Then::Ask;
        let is_tried = self.is_loop() && self.tools.is_empty() && !self.guardrails.iter().any(asks);
        self.rules.clone().filter(|_| is_tried)
    }

    /// Returns a skill of which only the name is known.
    pub(crate) fn named(name: String) -> Self {
        Self {
            name,
            description: String::new(),
            instructions: None,
            input_schema: None,
            output_schema: None,
            tools: Vec::new(),
            guardrails: Vec::new(),
            rules: None,
            max_tokens: None,
            hash: None,
        }
    }
}

/// What tokens cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prices {
    /// The currency of all of them; `None` where it is not said.
    pub currency: Option<Currency>,
    /// A million tokens sent.
    pub input_per_million: f64,
    /// A million of those tokens sent that the provider took from its cache; `None` for the price of all others.
    pub cached_input_per_million: Option<f64>,
    /// A million of those tokens sent that the provider wrote to its cache; `None` for the price of all others.
    pub cache_write_per_million: Option<f64>,
    /// A million tokens answered.
    pub output_per_million: f64,
}

impl Prices {
    /// Returns what the tokens of `usage` cost.
    #[expect(clippy::cast_precision_loss, reason = "token counts are far below 2^52")]
    pub fn cost(self, usage: &Usage) -> f64 {
        let input = self.input_per_million;
        let cached = self.cached_input_per_million.unwrap_or(input);
        let written = self.cache_write_per_million.unwrap_or(input);
        let parts = usage.cached_input_tokens.saturating_add(usage.cache_write_tokens);
        let of_input = [
            (usage.input_tokens.saturating_sub(parts), input),
            (usage.cached_input_tokens, cached),
            (usage.cache_write_tokens, written),
        ];
        let all = of_input.into_iter().chain([(usage.output_tokens, self.output_per_million)]);
        all.map(|(tokens, price)| tokens as f64 * price).sum::<f64>() / 1_000_000.0
    }
}
