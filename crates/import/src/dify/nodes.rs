//! The nodes of Dify that are no requests, branches or models.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::{Map, Value, json};

use super::values::{jinja, selected};
use super::walk::{At, Out};
use crate::data::Data;
use crate::graph::{RETRIED, action, node, seconds};
use crate::read::{fields, flag, list, text};

impl At<'_, '_, '_> {
    /// Translates the node, and returns what comes out of it.
    pub(super) fn translate(mut self) -> Out {
        let has_default = text(self.node.data, "error_strategy") == Some("default-value");
        if has_default {
            self.listed(
                "/error_strategy",
                "errors",
                "it returns default values where it fails",
                "Add an error edge to a `transform` with these values.",
            );
        }
        match self.node.kind {
            "start" => self.start(),
            "end" => self.end(),
            "answer" => self.answer(),
            "llm" => self.llm(),
            "parameter-extractor" => self.extractor(),
            "question-classifier" => self.classifier(),
            "http-request" => self.request(),
            "if-else" => self.branch(),
            "code" => self.code(),
            "template-transform" => self.template(),
            "variable-aggregator" | "variable-assigner" => self.aggregator(),
            "iteration" => self.iteration(),
            "iteration-start" | "loop-start" => {
                self.graph.node(node(&self.node.id, &self.node.about.name, "merge"));
                self.out(Data::unknown("the beginning of an iteration has no output"))
            }
            "tool" => self.placeholder(
                "it calls a tool of a plugin",
                "Call the API of the service with an `http_request`, or a tool of an MCP server.",
            ),
            "knowledge-retrieval" => self.placeholder(
                "it searches a knowledge base of Dify",
                "Call its API with an `http_request`, or a search of your own.",
            ),
            "agent" => {
                self.placeholder("it is an agent of a plugin", "Make an agent with instructions and tools.")
            }
            "loop" => self.placeholder(
                "it repeats nodes with variables of its own",
                "Put what repeats into a `loop`, in which `last` is the result before.",
            ),
            "assigner" => self.placeholder(
                "it changes a variable of the conversation",
                "Keep what is remembered in your own service, or in the session of an agent.",
            ),
            "document-extractor" => self.placeholder(
                "it takes the text out of files",
                "Give the file to an agent, or call a service with an `http_request`.",
            ),
            "list-operator" => self.placeholder(
                "it filters and sorts a list",
                "Use filters such as `selectattr` and `sort` in a `transform`.",
            ),
            _ => self
                .placeholder("there is no node for it here", "Call your own service with an `http_request`."),
        }
    }

    fn start(&mut self) -> Out {
        let mut made = node(&self.node.id, &self.node.about.name, "trigger");
        let (mut properties, mut required) = (Map::new(), Vec::new());
        for (at, variable) in list(self.node.data, "variables").iter().enumerate() {
            let Some(name) = text(variable, "variable") else { continue };
            let title = text(variable, "label").filter(|label| !label.is_empty()).unwrap_or(name);
            let options: Vec<&str> = list(variable, "options").iter().filter_map(Value::as_str).collect();
            let schema = match text(variable, "type").unwrap_or("text-input") {
                "number" => json!({ "type": "number", "title": title }),
                "select" if !options.is_empty() => {
                    json!({ "type": "string", "title": title, "enum": options })
                }
                "checkbox" => json!({ "type": "boolean", "title": title }),
                "text-input" | "paragraph" | "select" => json!({ "type": "string", "title": title }),
                other => {
                    let what =
                        format!("there is no field `{other}` of a form; it is `trigger_data.{name}` here");
                    self.listed(
                        &format!("/variables/{at}"),
                        "field of a form",
                        &what,
                        "Send the file in the trigger data, as `$binary`.",
                    );
                    continue;
                }
            };
            if flag(variable, "required") {
                required.push(name);
            }
            properties.insert(name.to_owned(), schema);
        }
        let is_whole = properties.len() == list(self.node.data, "variables").len();
        if self.walk.is_chat {
            self.note("chat", "the message is `trigger_data.message`, as the chat page of the flow sends it; variables are beside it");
        } else if !properties.is_empty() && is_whole {
            made.insert(
                "form".to_owned(),
                json!({ "type": "object", "properties": properties, "required": required }),
            );
        }
        self.graph.node(made);
        self.out(Data::expression("trigger_data"))
    }

    fn end(&mut self) -> Out {
        let mut outputs = Map::new();
        for (at, output) in list(self.node.data, "outputs").iter().enumerate() {
            let Some(name) = text(output, "variable") else { continue };
            let value = self.selected(&format!("/outputs/{at}"), output.get("value_selector"));
            outputs.insert(name.to_owned(), value);
        }
        self.transform(Value::Object(outputs))
    }

    fn answer(&mut self) -> Out {
        let given = text(self.node.data, "answer").unwrap_or_default();
        let answer = self.text("/answer", given);
        self.transform(json!({ "answer": answer }))
    }

    fn transform(&mut self, input: Value) -> Out {
        self.graph.node(action(&self.node.id, &self.node.about.name, "transform", input));
        self.out(Data::of_node(&self.node.id))
    }

    fn template(&mut self) -> Out {
        let variables = self.variables();
        let made = jinja(text(self.node.data, "template").unwrap_or_default(), &variables)
            .and_then(|data| data.to_value());
        match made {
            Ok(value) => {
                self.note("template", "lists, objects, true, false and none become JSON in a text, where Jinja writes them as Python does");
                self.transform(json!({ "output": value }))
            }
            Err(why) => self
                .placeholder(&why, "Write the text in a `transform`, or put it together in a `code` node."),
        }
    }

    /// Returns the variables of the node, by their names there.
    fn variables(&self) -> BTreeMap<String, Rc<Data>> {
        let variable = |variable: &Value| {
            let data = selected(variable.get("value_selector").unwrap_or(&Value::Null), &self.known);
            Some((text(variable, "variable")?.to_owned(), data.unwrap_or_else(Data::unknown)))
        };
        list(self.node.data, "variables").iter().filter_map(variable).collect()
    }

    fn code(&mut self) -> Out {
        let source = text(self.node.data, "code").unwrap_or_default();
        if text(self.node.data, "code_language") != Some("javascript") {
            return self.placeholder("its code is Python", "Write it in JavaScript, in a `code` node.");
        }
        let absent = [
            "require(",
            "fetch(",
            "Buffer",
            "console.",
            "new Date",
            "Date.now",
            "Math.random",
            "process.",
            "setTimeout",
            "import(",
            "atob(",
            "btoa(",
        ];
        let used: Vec<&str> = absent.into_iter().filter(|word| source.contains(word)).collect();
        if !used.is_empty() || !source.contains("main") {
            let what = format!("its code uses what code of a flow has not: {}", used.join(", "));
            return self
                .placeholder(&what, "Write it as a `code` node that is given what it needs as `input`.");
        }
        let mut input = Map::new();
        for (at, variable) in list(self.node.data, "variables").iter().enumerate() {
            let Some(name) = text(variable, "variable") else { continue };
            let value = self.selected(&format!("/variables/{at}"), variable.get("value_selector"));
            input.insert(name.to_owned(), value);
        }
        let mut made = node(&self.node.id, &self.node.about.name, "code");
        made.insert("input".to_owned(), Value::Object(input));
        made.insert("source".to_owned(), json!(format!("{source}\nreturn await main(input);")));
        self.graph.node(made);
        self.out(Data::of_node(&self.node.id))
    }

    /// The first of several variables that is there.
    fn aggregator(&mut self) -> Out {
        let groups = list(self.node.data.get("advanced_settings").unwrap_or(&Value::Null), "groups");
        let is_grouped = self.node.data.pointer("/advanced_settings/group_enabled") == Some(&json!(true));
        if !is_grouped {
            let output = self.first_of("/variables", list(self.node.data, "variables"));
            return self.transform(json!({ "output": output }));
        }
        let mut outputs = Map::new();
        for (at, group) in groups.iter().enumerate() {
            let name = text(group, "group_name").unwrap_or("output").to_owned();
            let output =
                self.first_of(&format!("/advanced_settings/groups/{at}/variables"), list(group, "variables"));
            outputs.insert(name, json!({ "output": output }));
        }
        self.transform(Value::Object(outputs))
    }

    fn first_of(&mut self, below: &str, selectors: &[Value]) -> Value {
        let mut ways = Vec::new();
        for selector in selectors {
            let first = selector.get(0).and_then(Value::as_str).unwrap_or_default();
            let own = self.walk.app.places.get(first).map(|at| self.walk.app.nodes[*at].id.clone());
            match (own, selected(selector, &self.known)) {
                (Some(id), Ok(data)) => ways.push((format!("{id} is defined"), data)),
                (None, Ok(data)) => ways.push(("true".to_owned(), data)),
                (_, Err(why)) => {
                    return json!(crate::text::template(&self.lost(below, &selector.to_string(), &why)));
                }
            }
        }
        let data = Data::OneOf(ways);
        data.to_value()
            .unwrap_or_else(|why| json!(crate::text::template(&self.lost(below, "the variables", &why))))
    }

    /// Adds a node that makes calls, with its retries.
    pub(super) fn add_attempts(&mut self, mut made: Map<String, Value>) {
        let retry = self.node.data.get("retry_config").unwrap_or(&Value::Null);
        if flag(retry, "retry_enabled") {
            let number = |key: &str, other: f64| retry.get(key).and_then(Value::as_f64).unwrap_or(other);
            let interval = (number("retry_interval", 1_000.0) / 1_000.0).max(0.001);
            made.insert(
                "retry".to_owned(),
                json!({ "enabled": true, "count": seconds(number("max_retries", 3.0).clamp(0.0, 10.0)), "initial_interval_seconds": seconds(interval),
                    "backoff_coefficient": 1, "retry_on": RETRIED }),
            );
        }
        self.graph.node(made);
    }

    /// Returns whether the node has anything at `key`. Objects without fields count as nothing.
    pub(super) fn has(&self, key: &str) -> bool {
        fields(self.node.data, key).next().is_some()
    }
}
