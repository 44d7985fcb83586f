//! Language models: agents, chains, and the nodes of providers.

use serde_json::{Map, Value, json};

use super::at::At;
use super::walk::Out;
use super::workflow::Node;
use crate::agent::{Asked, Model, ask, instructions, schema_of};
use crate::data::Data;
use crate::read::{list, text};

/// The models that are known, by the end of their type: who provides them, and where.
const PROVIDERS: [(&str, &str, Option<&str>); 12] = [
    ("lmChatOpenAi", "openai", None),
    ("lmOpenAi", "openai", None),
    ("openAi", "openai", None),
    ("lmChatAnthropic", "anthropic", None),
    ("anthropic", "anthropic", None),
    ("lmChatGoogleGemini", "gemini", None),
    ("googleGemini", "gemini", None),
    ("lmChatOllama", "ollama", None),
    ("lmChatOpenRouter", "openai", Some("https://openrouter.ai/api/v1")),
    ("lmChatGroq", "openai", Some("https://api.groq.com/openai/v1")),
    ("lmChatDeepSeek", "openai", Some("https://api.deepseek.com/v1")),
    ("lmChatMistralCloud", "openai", Some("https://api.mistral.ai/v1")),
];
/// The name of a model that the file does not have.
const NO_MODEL: &str = "choose-a-model";

impl At<'_, '_> {
    pub(super) fn model(&mut self) -> Out {
        let is_chain = matches!(self.node.short(), "agent" | "chainLlm");
        let resource = self.word(&["resource"]).unwrap_or("text").to_owned();
        let operation = self.word(&["operation"]).unwrap_or("message").to_owned();
        let asks = matches!(resource.as_str(), "text" | "chat")
            && matches!(operation.as_str(), "message" | "complete" | "create" | "response" | "");
        if !is_chain && !asks {
            let what = format!("it does `{resource} {operation}`");
            return self.placeholder(&what, "Call the API of the provider with an `http_request`.");
        }
        let helper = self.helpers.iter().copied().find(|helper| is_model(helper));
        let node = if is_chain { helper } else { Some(self.node) };
        let model = self.read_model(node);
        let mut asked = Asked::default();
        let system = self.system();
        let prompt = self.prompt();
        asked.input.insert("prompt".to_owned(), prompt);
        asked.instructions = instructions(&system, &mut asked.input, "system");
        let has_parser = self.parsers(&mut asked);
        self.other_helpers();
        let place = format!("{}{}", self.scope.workflow, self.node.about.pointer);
        let (made, agent) = ask(&self.node.id, self.node.name, &place, &model, asked);
        self.draft.agents.push(agent);
        self.note("", "agent", "a skeleton with model, instructions and prompt, which is `prompt` of the input; look at what it says");
        self.add_attempts(made);
        let text = Data::expression(format!("{}.text", self.node.id));
        let whole = if has_parser { Data::of_node(&self.node.id) } else { text };
        Out::plain(match self.node.short() {
            "agent" => Data::object(vec![("output", whole)]),
            "chainLlm" if has_parser => Data::object(vec![("output", whole)]),
            "chainLlm" => {
                Data::object(vec![("text", whole.clone()), ("response", Data::object(vec![("text", whole)]))])
            }
            _ => Data::object(vec![
                ("message", Data::object(vec![("content", whole.clone())])),
                ("text", whole),
            ]),
        })
    }

    fn read_model(&mut self, node: Option<&Node<'_>>) -> Model {
        let Some(node) = node else {
            self.listed("", "model", "no model is connected to it", "Choose a model for its agent.");
            return Model { provider: "openai", model: NO_MODEL.to_owned(), ..Model::default() };
        };
        let known = PROVIDERS.iter().find(|(kind, _, _)| *kind == node.short());
        let Some((_, provider, base_url)) = known else {
            let what = format!("the provider `{}` is not known here", node.short());
            self.report.listed(
                &node.about,
                "",
                node.kind,
                &what,
                "Choose a provider for its agent: `openai` also fits servers with OpenAI's API.",
            );
            return Model { provider: "openai", model: NO_MODEL.to_owned(), ..Model::default() };
        };
        let given = ["model", "modelId", "modelName", "chatModel"].iter().find_map(|key| {
            let value = node.parameter(key);
            value
                .as_str()
                .or_else(|| text(value, "value"))
                .filter(|name| !name.is_empty() && !name.starts_with('='))
        });
        if given.is_none() {
            self.report.listed(
                &node.about,
                "/parameters/model",
                "model",
                "the file does not name its model",
                "Choose a model for its agent.",
            );
        }
        let options = node.parameter("options");
        let number = |key: &str| options.get(key).filter(|value| value.is_number()).cloned();
        let base_url =
            text(options, "baseURL").filter(|url| url.starts_with("http")).or(*base_url).map(str::to_owned);
        let credential =
            node.credentials().first().map(|(kind, name)| ((*kind).to_owned(), (*name).to_owned()));
        let needs_key = *provider != "ollama";
        let (kind, name) = credential.unwrap_or_else(|| (String::new(), format!("{provider} key")));
        let api_key = needs_key.then(|| {
            let name = crate::text::secret(&name);
            self.report.secret(
                &name,
                &format!("{}/credentials", node.about.pointer),
                &format!("the key of the model ({kind})"),
            );
            format!("${{secrets.{name}}}")
        });
        let model =
            given.map_or_else(|| NO_MODEL.to_owned(), |name| name.trim_start_matches("models/").to_owned());
        let max_tokens =
            number("maxTokens").filter(|tokens| tokens.as_i64().is_some_and(|tokens| tokens > 0));
        Model { provider, model, base_url, api_key, temperature: number("temperature"), max_tokens }
    }

    /// Returns what the model is told to be.
    fn system(&mut self) -> Value {
        let mut parts = Vec::new();
        for path in [&["options", "systemMessage"][..], &["options", "system"]] {
            let given = self.parameter(path).clone();
            if given.is_string() {
                parts.push(self.value(&format!("/parameters/{}", path.join("/")), &given));
            }
        }
        for (below, message) in self.messages() {
            let role = text(&message, "role").or(text(&message, "type")).unwrap_or("user");
            if matches!(role, "system" | "SystemMessagePromptTemplate") {
                let given = message.get("content").or(message.get("message")).cloned().unwrap_or(Value::Null);
                parts.push(self.value(&below, &given));
            }
        }
        let parts: Vec<&str> = parts.iter().filter_map(Value::as_str).collect();
        json!(if parts.is_empty() {
            "You are a helpful assistant. Do what `prompt` asks.".to_owned()
        } else {
            parts.join("\n\n")
        })
    }

    /// Returns what the model is asked.
    fn prompt(&mut self) -> Value {
        let mut parts: Vec<Value> = Vec::new();
        let automatic = self.word(&["promptType"]) == Some("auto");
        let given = self.parameter(&["text"]).clone();
        let given = if given.is_null() { self.parameter(&["prompt"]).clone() } else { given };
        if given.is_string() && !automatic {
            parts.push(self.value("/parameters/text", &given));
        }
        for (below, message) in self.messages() {
            let role = text(&message, "role").or(text(&message, "type")).unwrap_or("user");
            if matches!(role, "user" | "assistant" | "HumanMessagePromptTemplate") {
                let given = message.get("content").or(message.get("message")).cloned().unwrap_or(Value::Null);
                if given.is_string() {
                    parts.push(self.value(&below, &given));
                }
            }
        }
        if parts.is_empty() && matches!(self.node.short(), "agent" | "chainLlm") {
            parts.push(self.value("", &json!("={{ $json.chatInput }}")));
        }
        match parts.as_slice() {
            [one] => one.clone(),
            parts => json!(parts.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n\n")),
        }
    }

    fn messages(&self) -> Vec<(String, Value)> {
        let mut all = Vec::new();
        for (outer, inner) in [
            ("messages", "values"),
            ("messages", "messageValues"),
            ("messages", "message"),
            ("prompt", "messages"),
            ("responses", "values"),
        ] {
            for (at, message) in list(self.parameter(&[outer]), inner).iter().enumerate() {
                all.push((format!("/parameters/{outer}/{inner}/{at}"), message.clone()));
            }
        }
        all
    }

    /// Reads the schema of the answer, if a parser has one.
    fn parsers(&mut self, asked: &mut Asked) -> bool {
        let parser = self.helpers.iter().copied().find(|helper| helper.short() == "outputParserStructured");
        let Some(parser) = parser else { return false };
        let written = ["inputSchema", "jsonSchema"].iter().find_map(|key| parser.parameter(key).as_str());
        let example = parser.parameter("jsonSchemaExample").as_str();
        let read = |text: &str| serde_json::from_str::<Value>(text.trim_start_matches('=')).ok();
        let schema =
            written.and_then(read).or_else(|| example.and_then(read).map(|example| schema_of(&example)));
        match schema.filter(|schema| schema.get("type") == Some(&json!("object"))) {
            Some(schema) => asked.output_schema = Some(schema),
            None => {
                let what = "the schema of the answer is not one of an object, or cannot be read";
                self.report.listed(
                    &parser.about,
                    "",
                    parser.kind,
                    what,
                    "Write `output_schema` of the skill.",
                );
            }
        }
        true
    }

    /// Lists what helps the model and has no place in a skeleton.
    fn other_helpers(&mut self) {
        let mut listed = Map::new();
        for helper in self.helpers.clone() {
            let short = helper.short();
            let (what, by_hand) = match short {
                "outputParserStructured" => continue,
                _ if is_model(helper) => continue,
                _ if short.starts_with("memory") => (
                    "the model remembers the conversation",
                    "Set `session` of the agent node, such as `chat-${context.id}`.",
                ),
                _ if short.starts_with("tool") || short.ends_with("Tool") => (
                    "a tool that the model may call",
                    "Add it to `tools` of the skill: an HTTP request, a skill of another agent, a flow, or a tool of an MCP server.",
                ),
                _ if short == "mcpClientTool" => (
                    "tools of an MCP server",
                    "Register the server as an agent of type `mcp`, and add its tools to the skill.",
                ),
                _ => (
                    "it helps the model in a way that has no equivalent here",
                    "Call what it does before or behind the agent.",
                ),
            };
            if listed.insert(helper.about.pointer.clone(), Value::Null).is_none() {
                self.report.listed(&helper.about, "", helper.kind, what, by_hand);
            }
        }
    }
}

fn is_model(node: &Node<'_>) -> bool {
    node.short().starts_with("lm")
}
