//! Language models: *LLM*, *Parameter extractor* and *Question classifier*.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::walk::{At, Out};
use crate::agent::{Asked, Model, ask, instructions};
use crate::data::Data;
use crate::graph::node;
use crate::read::{flag, list, text};

/// Who provides a model, by the name of the plugin, and where.
const PROVIDERS: [(&str, &str, Option<&str>); 11] = [
    ("openai", "openai", None),
    ("anthropic", "anthropic", None),
    ("gemini", "gemini", None),
    ("google", "gemini", None),
    ("ollama", "ollama", None),
    ("deepseek", "openai", Some("https://api.deepseek.com/v1")),
    ("groq", "openai", Some("https://api.groq.com/openai/v1")),
    ("openrouter", "openai", Some("https://openrouter.ai/api/v1")),
    ("mistralai", "openai", Some("https://api.mistral.ai/v1")),
    ("siliconflow", "openai", Some("https://api.siliconflow.cn/v1")),
    ("moonshot", "openai", Some("https://api.moonshot.cn/v1")),
];

impl At<'_, '_, '_> {
    pub(super) fn llm(&mut self) -> Out {
        let mut asked = Asked::default();
        let (mut system, mut prompt) = (Vec::new(), Vec::new());
        let context = self.context();
        let whole = self.node.data.get("prompt_template").cloned().unwrap_or(Value::Null);
        let parts = whole.as_array().cloned().unwrap_or_else(|| vec![whole]);
        for (at, part) in parts.iter().enumerate() {
            let below = format!("/prompt_template/{at}");
            if text(part, "edition_type") == Some("jinja2") {
                let by_hand = "Write the prompt with `${…}`.";
                self.listed(&below, "prompt", "it is a template of Jinja", by_hand);
            }
            let given = text(part, "text").unwrap_or_default();
            if given.trim().is_empty() {
                continue;
            }
            let made = self.prompt(&below, given, context.as_ref());
            match text(part, "role") {
                Some("system") => system.push(made),
                Some("assistant") => prompt.push(format!("Assistant: {made}")),
                Some(_) | None => prompt.push(made),
            }
        }
        if self.walk.is_chat && prompt.is_empty() {
            prompt.push(self.prompt("", "{{#sys.query#}}", None));
        }
        if prompt.is_empty() {
            std::mem::swap(&mut system, &mut prompt);
        }
        asked.input.insert("prompt".to_owned(), json!(prompt.join("\n\n")));
        let system =
            if system.is_empty() { "Do what `prompt` asks.".to_owned() } else { system.join("\n\n") };
        asked.instructions = instructions(&json!(system), &mut asked.input, "system");
        if self.has("memory") && self.walk.is_chat {
            asked.session = Some(format!("{}-${{context.id}}", self.node.id));
            self.note("memory", "the conversation is a session of the agent, which keeps its own limits");
        }
        if self.node.data.pointer("/vision/enabled") == Some(&json!(true)) {
            self.listed(
                "/vision",
                "vision",
                "it is shown images",
                "Give the image to the agent in its input, as `$binary`.",
            );
        }
        let schema = self
            .node
            .data
            .pointer("/structured_output/schema")
            .filter(|_| flag(self.node.data, "structured_output_enabled"));
        asked.output_schema = schema.cloned();
        let has_schema = asked.output_schema.is_some();
        let id = self.node.id.clone();
        self.ask(asked);
        let outputs = if has_schema {
            vec![
                ("structured_output", Data::of_node(&id)),
                ("text", Data::expression(format!("({id} | tojson)"))),
            ]
        } else {
            vec![("text", Data::expression(format!("{id}.text")))]
        };
        self.out(Data::object(outputs))
    }

    /// Returns what `{{#context#}}` stands for.
    fn context(&self) -> Option<Vec<String>> {
        let context = self.node.data.get("context").filter(|context| flag(context, "enabled"))?;
        let parts: Vec<String> =
            list(context, "variable_selector").iter().filter_map(Value::as_str).map(str::to_owned).collect();
        (!parts.is_empty()).then_some(parts)
    }

    fn prompt(&mut self, below: &str, given: &str, context: Option<&Vec<String>>) -> String {
        let given = match context {
            Some(path) => given.replace("{{#context#}}", &format!("{{{{#{}#}}}}", path.join("."))),
            None => given.to_owned(),
        };
        // What cannot be said is named where it is, so that the rest of the prompt stays.
        let mut out = String::new();
        for piece in super::values::pieces(&given) {
            let value = match piece {
                super::values::Piece::Text(text) => json!(crate::text::plain(text)),
                super::values::Piece::Reference(path) => self.text(below, &format!("{{{{#{path}#}}}}")),
            };
            out.push_str(value.as_str().map_or_else(|| value.to_string(), str::to_owned).as_str());
        }
        out
    }

    pub(super) fn extractor(&mut self) -> Out {
        let (mut properties, mut required, mut outputs) = (Map::new(), Vec::new(), Vec::new());
        let id = self.node.id.clone();
        for parameter in list(self.node.data, "parameters") {
            let Some(name) = text(parameter, "name") else { continue };
            let mut schema = match text(parameter, "type").unwrap_or("string") {
                "number" => json!({ "type": "number" }),
                "bool" | "boolean" => json!({ "type": "boolean" }),
                "array[string]" => json!({ "type": "array", "items": { "type": "string" } }),
                "array[number]" => json!({ "type": "array", "items": { "type": "number" } }),
                "array[object]" => json!({ "type": "array", "items": { "type": "object" } }),
                "select" => json!({ "type": "string", "enum": list(parameter, "options") }),
                _ => json!({ "type": "string" }),
            };
            if let Some(description) = text(parameter, "description") {
                schema["description"] = json!(description);
            }
            if flag(parameter, "required") {
                required.push(name);
            }
            properties.insert(name.to_owned(), schema);
            outputs.push((
                name,
                Data::expression(id.clone())
                    .read(&[crate::data::Step::Field(name.to_owned())])
                    .map_or_else(Data::unknown, Data::expression),
            ));
        }
        let schema = json!({ "type": "object", "properties": properties, "required": required });
        let rules = text(self.node.data, "instruction").unwrap_or_default();
        let rules = self.prompt("/instruction", rules, None);
        self.answers("query", &format!("Take these values out of `prompt`. {rules}"), schema);
        self.out(Data::object(outputs))
    }

    pub(super) fn classifier(&mut self) -> Out {
        let classes: Vec<(String, String)> = list(self.node.data, "classes")
            .iter()
            .filter_map(|class| Some((text(class, "id")?.to_owned(), text(class, "name")?.to_owned())))
            .collect();
        let names: Vec<&str> = classes.iter().map(|(_, name)| name.as_str()).collect();
        let schema = json!({ "type": "object", "properties": { "class": { "type": "string", "enum": names } }, "required": ["class"] });
        let rules = text(self.node.data, "instruction").unwrap_or_default();
        let rules = self.prompt("/instruction", rules, None);
        self.answers("query_variable_selector", &format!("Say which class `prompt` is of. {rules}"), schema);
        let id = self.node.id.clone();
        let route = self.walk.ids.next(&format!("{} route", self.node.about.name));
        let (mut cases, mut handles) = (Vec::new(), BTreeMap::new());
        for (at, (own, name)) in classes.iter().enumerate() {
            let case = format!("class {}", at + 1);
            let condition = match crate::text::quoted(name) {
                Some(name) => format!("{id}.class == {name}"),
                None => self.lost(
                    "/classes",
                    name,
                    "a class has characters that a text in an expression cannot have",
                ),
            };
            cases.push(json!({ "name": case, "condition": condition }));
            handles.insert(own.clone(), json!(case));
        }
        let mut made = node(&route, &format!("{}: which class", self.node.about.name), "switch");
        made.insert("cases".to_owned(), json!(cases));
        self.graph.node(made);
        self.graph.edge(&id, &route);
        Out {
            exit: route,
            data: Data::object(vec![("class_name", Data::expression(format!("{id}.class")))]),
            cases: handles,
        }
    }

    /// Adds an agent that answers with an object.
    fn answers(&mut self, selector: &str, rules: &str, schema: Value) {
        let mut asked = Asked { output_schema: Some(schema), ..Asked::default() };
        let prompt = match self.node.data.get(selector) {
            Some(Value::String(given)) => self.text(&format!("/{selector}"), given),
            given => self.selected(&format!("/{selector}"), given),
        };
        asked.input.insert("prompt".to_owned(), prompt);
        asked.instructions = instructions(&json!(rules), &mut asked.input, "system");
        self.ask(asked);
    }

    fn ask(&mut self, asked: Asked) {
        let model = self.model();
        let place = format!("{}{}", self.walk.draft.name, self.node.about.pointer);
        let (made, agent) = ask(&self.node.id, &self.node.about.name, &place, &model, asked);
        self.walk.draft.agents.push(agent);
        self.note("agent", "a skeleton with model, instructions and prompt, which is `prompt` of the input; look at what it says");
        self.add_attempts(made);
    }

    fn model(&mut self) -> Model {
        let given = self.node.data.get("model").cloned().unwrap_or(Value::Null);
        let full = text(&given, "provider").unwrap_or_default();
        let plugin = full.rsplit('/').next().unwrap_or(full);
        let known = PROVIDERS.iter().find(|(name, _, _)| *name == plugin);
        let name =
            text(&given, "name").filter(|name| !name.is_empty()).unwrap_or("choose-a-model").to_owned();
        let (provider, base_url) = known.map_or(("openai", None), |(_, provider, url)| (*provider, *url));
        if known.is_none() {
            let what = format!("the provider `{plugin}` is not known here");
            self.listed(
                "/model/provider",
                "model",
                &what,
                "Choose a provider for its agent: `openai` also fits servers with OpenAI's API.",
            );
        }
        let secret =
            crate::text::secret(&format!("{} key", if plugin.is_empty() { provider } else { plugin }));
        let needs_key = provider != "ollama";
        if needs_key {
            self.walk.report.secret(
                &secret,
                &format!("{}/data/model", self.node.about.pointer),
                "the key of the model",
            );
        }
        let parameters = given.get("completion_params").unwrap_or(&Value::Null);
        let number = |key: &str| parameters.get(key).filter(|value| value.is_number()).cloned();
        Model {
            provider,
            model: name,
            base_url: base_url.map(str::to_owned),
            api_key: needs_key.then(|| format!("${{secrets.{secret}}}")),
            temperature: number("temperature"),
            max_tokens: number("max_tokens"),
        }
    }
}
