//! The nodes of n8n that are no requests, conditions, models, code or triggers.

use std::rc::Rc;

use serde_json::{Map, Value, json};

use super::at::At;
use super::walk::Out;
use crate::data::Data;
use crate::graph::{action, node};
use crate::read::{flag, list, text};
use crate::text::{failing, template};

/// What to do about a node of an app.
const USE_HTTP: &str =
    "Call the API of the service with an `http_request`, a tool of an MCP server, or an agent of your own.";

/// What puts the fields of several objects together.
const TOGETHER: &str = "\
for (const part of input.parts) {
  if (part === null || typeof part !== 'object' || Array.isArray(part)) throw new Error('What it is given is no object');
}
return Object.assign({}, ...input.parts);";

impl At<'_, '_> {
    /// Translates the node, and returns what comes out of it.
    pub(super) fn translate(mut self) -> Out {
        let kind = self.node.short().to_owned();
        if self.node.is_disabled() {
            self.note("", "disabled", "it is disabled: what it is given goes on, and nothing else happens");
            return self.pass("disabled in n8n");
        }
        if self.node.is_trigger() {
            return self.trigger();
        }
        match kind.as_str() {
            "noOp" | "executionData" => self.pass(""),
            "set" => self.set(),
            "httpRequest" => self.http_request(),
            "if" | "filter" => self.condition(),
            "switch" => self.switch(),
            "merge" => self.merge(),
            "code" | "function" | "functionItem" => self.code(),
            "wait" => self.wait(),
            "respondToWebhook" => self.respond(),
            "executeWorkflow" => self.workflow(),
            "aggregate" => self.aggregate(),
            "stopAndError" => self.stop(),
            "emailSend" => self.mail(),
            "agent" | "chainLlm" | "openAi" | "googleGemini" | "anthropic" | "ollama" => self.model(),
            "splitInBatches" => self.placeholder(
                "what it repeats has other ways in or out, or does not come back to it",
                "Put what it repeats into a `map`.",
            ),
            "splitOut" => self.placeholder(
                "what follows it is reached in other ways, too, so it is not known what runs for each entry",
                "Put what runs for each entry into a `map`.",
            ),
            _ => {
                let what = "there is no node for it here";
                self.placeholder(what, USE_HTTP)
            }
        }
    }

    pub(super) fn placeholder(&mut self, what: &str, by_hand: &str) -> Out {
        self.not_mapped(what, by_hand);
        self.own()
    }

    /// What this node returns itself.
    pub(super) fn own(&self) -> Out {
        Out::plain(Data::of_node(&self.node.id))
    }

    /// Adds a node that hands on what it is given.
    pub(super) fn pass(&mut self, note: &str) -> Out {
        let mut made = node(&self.node.id, self.node.name, "merge");
        if !note.is_empty() {
            made.insert("note".to_owned(), json!(note));
        }
        self.add(made);
        Out { data: Rc::clone(&self.inputs[0]), cases: Vec::new(), items: self.items.clone() }
    }

    pub(super) fn transform(&mut self, input: Value) -> Out {
        let made = action(&self.node.id, self.node.name, "transform", input);
        self.add(made);
        self.own()
    }

    /// *Merge*: what both of its inputs bring.
    fn merge(&mut self) -> Out {
        let mode = self.word(&["mode"]).unwrap_or("append").to_owned();
        let by = self.word(&["combineBy"]).or(self.word(&["combinationMode"])).unwrap_or_default().to_owned();
        let inputs = self.inputs.clone();
        match (mode.as_str(), by.as_str()) {
            ("chooseBranch" | "wait" | "passThrough", _) => {
                let is_second = matches!(self.parameter(&["useDataOfInput"]), Value::Number(number) if number.as_f64() == Some(2.0))
                    || matches!(self.word(&["useDataOfInput"]), Some("2"))
                    || matches!(self.word(&["output"]), Some("input2"));
                self.add(node(&self.node.id, self.node.name, "merge"));
                let data = inputs.get(usize::from(is_second)).cloned();
                Out::plain(data.unwrap_or_else(|| Data::unknown("nothing leads to that input")))
            }
            ("append", _) if inputs.len() == 1 => {
                self.add(node(&self.node.id, self.node.name, "merge"));
                Out::plain(Rc::clone(&inputs[0]))
            }
            ("append", _) => {
                let all: Result<Vec<String>, String> = inputs.iter().map(|input| input.read(&[])).collect();
                self.add(node(&self.node.id, self.node.name, "merge"));
                let data =
                    Data::unknown("it has an item from each of its inputs, and n8n would go on for each");
                let items = all.ok().map(|all| format!("[{}]", all.join(", ")));
                Out { data, cases: Vec::new(), items }
            }
            (
                "combine" | "mergeByIndex" | "multiplex",
                "mergeByPosition" | "combineByPosition" | "multiplex" | "combineAll",
            )
            | ("mergeByIndex" | "multiplex", _) => self.put_together(&inputs),
            (mode, _) => {
                let what = format!("the mode `{mode}` compares items, or runs SQL on them");
                self.placeholder(&what, "Put the lists together in a `code` node.")
            }
        }
    }

    fn put_together(&mut self, inputs: &[Rc<Data>]) -> Out {
        let mut parts = Vec::new();
        for input in inputs {
            match input.to_value() {
                Ok(value) => parts.push(value),
                Err(why) => return self.placeholder(&why, "Put the objects together in a `code` node."),
            }
        }
        let mut made = node(&self.node.id, self.node.name, "code");
        made.insert("input".to_owned(), json!({ "parts": parts }));
        made.insert("source".to_owned(), json!(TOGETHER));
        self.add(made);
        self.own()
    }

    fn wait(&mut self) -> Out {
        let resume = self.word(&["resume"]).unwrap_or("timeInterval").to_owned();
        let mut made = node(&self.node.id, self.node.name, "delay");
        match resume.as_str() {
            "timeInterval" => {
                let unit = self.word(&["unit"]).unwrap_or(if self.node.version() < 1.1 {
                    "hours"
                } else {
                    "seconds"
                });
                let factor = match unit {
                    "seconds" => 1.0,
                    "minutes" => 60.0,
                    "hours" => 3_600.0,
                    _ => 86_400.0,
                };
                let other = if self.node.version() < 1.1 { 1.0 } else { 5.0 };
                let amount = self.parameter(&["amount"]).clone();
                let given = if amount.is_string() {
                    let amount = self.expression("/parameters/amount", &amount);
                    json!(template(&if factor == 1.0 { amount } else { format!("{amount} * {factor}") }))
                } else {
                    crate::graph::seconds(amount.as_f64().unwrap_or(other) * factor)
                };
                made.insert("delay_seconds".to_owned(), given);
            }
            "specificTime" => {
                let until = self.parameter(&["dateTime"]).clone();
                let until = self.value("/parameters/dateTime", &until);
                let has_zone = until.as_str().is_some_and(|text| text.contains("${") || text.ends_with('Z'));
                if !has_zone {
                    self.listed(
                        "/parameters/dateTime",
                        "time",
                        "the time has no offset, and n8n reads it in its own zone",
                        "Write `until` with an offset.",
                    );
                }
                made.insert("until".to_owned(), until);
            }
            other => {
                let what = format!("it waits for `{other}`");
                return self.placeholder(&what, "Use `wait_event`, or an `approval` if a person decides.");
            }
        }
        self.add(made);
        Out::plain(Rc::clone(&self.inputs[0]))
    }

    /// *Respond to webhook*: what the caller gets who waits for the result.
    fn respond(&mut self) -> Out {
        let with = self.word(&["respondWith"]).unwrap_or("firstIncomingItem").to_owned();
        let body = self.parameter(&["responseBody"]).clone();
        let input = match with.as_str() {
            "json" => self.json_value("/parameters/responseBody", &body),
            "text" => Some(self.value("/parameters/responseBody", &body)),
            "noData" => Some(Value::Null),
            "firstIncomingItem" => match self.inputs[0].to_value() {
                Ok(value) => Some(value),
                Err(why) => Some(json!(template(&self.lost("", &json!("the first item"), &why)))),
            },
            "allIncomingItems" if self.items.is_some() => {
                self.items.as_deref().map(|items| json!(template(items)))
            }
            other => {
                let what = format!("it answers with `{other}`");
                return self.placeholder(&what, "Return the answer as the result of the flow.");
            }
        };
        let Some(input) = input else { return self.own_failing() };
        let what = "the caller of the webhook gets the result of the flow if it asks with `?wait`; this node says what that is where it is the last one";
        self.note("", "answer of a webhook", what);
        if self.parameter(&["options", "responseCode"]).as_f64().is_some_and(|code| code != 200.0)
            || self.parameter(&["options", "responseHeaders"]).is_object()
        {
            self.listed(
                "/parameters/options",
                "answer of a webhook",
                "it sets the status or headers of the answer",
                "The answer of a webhook has the status of the execution.",
            );
        }
        let made = action(&self.node.id, self.node.name, "transform", input);
        self.add(made);
        Out::plain(Rc::clone(&self.inputs[0]))
    }

    fn workflow(&mut self) -> Out {
        let id =
            self.word(&["workflowId", "value"]).or(self.word(&["workflowId"])).unwrap_or_default().to_owned();
        let name = self.word(&["workflowId", "cachedResultName"]).unwrap_or_default().to_owned();
        let what = format!("it runs the workflow `{id}` {name}");
        let by_hand = "Import that workflow, too, and set `flow_id` of a `subflow` node to its ID.";
        let fields = self.parameter(&["workflowInputs", "value"]).clone();
        let input = if fields.is_object() {
            self.value("/parameters/workflowInputs/value", &fields)
        } else {
            json!({})
        };
        self.not_mapped(what.trim(), by_hand);
        if let Some(made) = self.graph.nodes.last_mut() {
            made.insert("subflow_input".to_owned(), input);
        }
        self.own()
    }

    /// *Aggregate*: several items as one list.
    fn aggregate(&mut self) -> Out {
        let whole = self.word(&["aggregate"]) == Some("aggregateAllItemData");
        let items = match &self.items {
            Some(items) => Ok(items.clone()),
            None => self.inputs[0].read(&[]).map(|one| format!("[{one}]")),
        };
        let items = match items {
            Ok(items) => items,
            Err(why) => return self.placeholder(&why, "Make the list in a `transform`."),
        };
        if whole && self.word(&["include"]).unwrap_or("allFields") == "allFields" {
            let field = self.word(&["destinationFieldName"]).unwrap_or("data").to_owned();
            return self.transform(json!({ field: template(&items) }));
        }
        if whole {
            return self.placeholder(
                "it keeps some of the fields of each item",
                "Make the list in a `transform`, with the filter `pluck`.",
            );
        }
        let fields = list(self.parameter(&["fieldsToAggregate"]), "fieldToAggregate").to_vec();
        let mut made = Map::new();
        for field in &fields {
            let Some(name) = text(field, "fieldToAggregate").filter(|name| !name.starts_with('=')) else {
                continue;
            };
            let renamed = text(field, "outputFieldName").filter(|_| flag(field, "renameField"));
            let last = name.rsplit('.').next().unwrap_or(name);
            let quoted = crate::text::quoted(name).unwrap_or_else(|| "\"\"".to_owned());
            made.insert(
                renamed.unwrap_or(last).to_owned(),
                json!(template(&format!("{items} | pluck({quoted})"))),
            );
        }
        if made.len() != fields.len() || made.is_empty() {
            return self.placeholder(
                "it names no fields, or calculates their names",
                "Make the list in a `transform`.",
            );
        }
        self.transform(Value::Object(made))
    }

    fn stop(&mut self) -> Out {
        let key =
            if self.word(&["errorType"]) == Some("errorObject") { "errorObject" } else { "errorMessage" };
        let message = self.parameter(&[key]).clone();
        let message = self.value(&format!("/parameters/{key}"), &message);
        let message =
            if message.as_str().is_some_and(|text| !text.is_empty()) { message } else { json!("Stopped") };
        let made = action(&self.node.id, self.node.name, "fail", json!({ "message": message }));
        self.add(made);
        self.own()
    }

    fn mail(&mut self) -> Out {
        if self.word(&["operation"]) == Some("sendAndWait") {
            return self.placeholder(
                "it waits for the answer of a person",
                "Use an `approval`, and a mail with a link to decide.",
            );
        }
        let mut input = Map::new();
        let old = self.node.version() < 2.0;
        for (ours, theirs) in [
            ("to", "toEmail"),
            ("from", "fromEmail"),
            ("subject", "subject"),
            ("text", "text"),
            ("html", "html"),
        ] {
            let is_html = matches!(
                self.word(&["emailFormat"]).unwrap_or(if self.node.version() >= 2.1 {
                    "html"
                } else {
                    "text"
                }),
                "html"
            );
            if !old
                && ((ours == "text" && is_html && self.word(&["emailFormat"]) != Some("both"))
                    || (ours == "html" && !is_html))
            {
                continue;
            }
            let value = self.parameter(&[theirs]).clone();
            if value.as_str().is_some_and(|text| !text.is_empty()) {
                let value = self.value(&format!("/parameters/{theirs}"), &value);
                input.insert(ours.to_owned(), value);
            }
        }
        if !input.contains_key("text") {
            self.listed(
                "/parameters/html",
                "text of a mail",
                "the mail has no plain text, which one needs here",
                "Write `text`.",
            );
            input.insert("text".to_owned(), json!(template(&failing("the plain text of this mail"))));
        }
        let what = "mails go through the mail server of the operator (`mail_server`), and `from` has to be allowed there";
        self.note("/credentials", "mail server", what);
        let made = action(&self.node.id, self.node.name, "send_email", Value::Object(input));
        self.add_attempts(made);
        self.own()
    }

    pub(super) fn own_failing(&mut self) -> Out {
        self.placeholder(
            "its JSON cannot be read with its expressions",
            "Write it as the `input` of a `transform`.",
        )
    }
}
