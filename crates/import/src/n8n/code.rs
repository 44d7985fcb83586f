//! *Code* and *Function*: JavaScript that needs nothing but its items.

use std::collections::BTreeMap;

use regex::Regex;
use serde_json::{Value, json};

use super::at::At;
use super::walk::Out;
use crate::graph::node;
use crate::text::template;

/// What code of n8n can use and code of a flow has not.
const ABSENT: [&str; 31] = [
    "$env",
    "$execution",
    "$workflow",
    "$now",
    "$today",
    "$binary",
    "$prevNode",
    "$vars",
    "$jmespath",
    "$getWorkflowStaticData",
    "$item(",
    "$items(",
    "$node",
    "$parameter",
    "getWorkflowStaticData",
    "require(",
    "import(",
    "fetch(",
    "helpers",
    "Buffer",
    "setTimeout",
    "setInterval",
    "DateTime",
    "luxon",
    "console.",
    "new Date",
    "Date.now",
    "Math.random",
    "process.",
    "crypto",
    "binary",
];
/// Further names of browsers and Node.js.
const ABSENT_CLASSES: [&str; 6] = ["URL(", "URLSearchParams", "TextEncoder", "Intl.", "atob(", "btoa("];

impl At<'_, '_> {
    pub(super) fn code(&mut self) -> Out {
        let language = self.word(&["language"]).unwrap_or("javaScript").to_owned();
        if language != "javaScript" {
            return self.placeholder("its code is Python", "Write it in JavaScript, in a `code` node.");
        }
        let key = ["jsCode", "functionCode"]
            .into_iter()
            .find(|key| self.word(&[key]).is_some())
            .unwrap_or("jsCode");
        let source = self.word(&[key]).unwrap_or_default().to_owned();
        let used: Vec<&str> =
            ABSENT.iter().chain(&ABSENT_CLASSES).copied().filter(|word| source.contains(*word)).collect();
        if !used.is_empty() {
            let what = format!("its code uses what code of a flow has not: {}", used.join(", "));
            return self
                .placeholder(&what, "Write it as a `code` node that is given what it needs as `input`.");
        }
        let each = self.word(&["mode"]) == Some("runOnceForEachItem") || self.node.short() == "functionItem";
        let item = match (&self.items, each) {
            (Some(items), false) => json!({ "items": template(items) }),
            (Some(_), true) => {
                return self.placeholder("it runs once for each of several items", "Put it into a `map`.");
            }
            (None, _) => match self.inputs[0].to_value() {
                Ok(value) => json!({ "items": [value] }),
                Err(why) if is_used(&source) => {
                    return self.placeholder(&why, "Give the code what it needs as `input`.");
                }
                Err(_) => json!({ "items": [{}] }),
            },
        };
        let Some(nodes) = self.named_nodes(&source) else {
            return self.placeholder(
                "its code reads a node by a name that is calculated, or one that does not run before it",
                "Give the code what it needs as `input`.",
            );
        };
        let mut input = item;
        if !nodes.is_empty() {
            input["nodes"] = json!(nodes);
        }
        let mut made = node(&self.node.id, self.node.name, "code");
        made.insert("input".to_owned(), input);
        made.insert("source".to_owned(), json!(wrapped(&source, each, !nodes.is_empty())));
        self.add(made);
        self.own()
    }

    /// Returns what the nodes have returned that the code names with `$('…')`.
    fn named_nodes(&self, source: &str) -> Option<BTreeMap<String, Value>> {
        let mut nodes = BTreeMap::new();
        let call = Regex::new(r#"\$\(\s*(?:'([^'\\]*)'|"([^"\\]*)")\s*\)"#).ok()?;
        let found = call.captures_iter(source).count();
        if found != source.matches("$(").count() {
            return None;
        }
        for captures in call.captures_iter(source) {
            let name = captures.get(1).or_else(|| captures.get(2))?.as_str();
            let data = self.scope.nodes.get(name)?;
            nodes.insert(name.to_owned(), data.to_value().ok()?);
        }
        Some(nodes)
    }
}

/// Returns whether code reads the items that it is given.
fn is_used(source: &str) -> bool {
    ["$input", "$json", "items", "item"].iter().any(|word| source.contains(word))
}

/// Puts code of n8n between what it expects and what a node returns here.
fn wrapped(source: &str, each: bool, has_nodes: bool) -> String {
    let nodes = "const $ = (name) => { const json = input.nodes[name]; const item = { json }; return { item, first: () => item, last: () => item, all: () => [item] }; };\n";
    let nodes = if has_nodes { nodes } else { "" };
    let called = if each {
        "const { json: $json } = items[0]; const item = items[0].json;\n"
    } else {
        "const { json: $json } = items[0] ?? { json: {} };\n"
    };
    format!(
        "// From n8n: one item is given, and one is returned.\n\
         const items = input.items.map((json) => ({{ json }}));\n\
         const $input = {{ all: () => items, first: () => items[0], last: () => items[items.length - 1], item: items[0] }};\n\
         {nodes}{called}\
         const returned = await (async () => {{\n{source}\n}})();\n\
         const list = Array.isArray(returned) ? returned : [returned];\n\
         if (list.length !== 1) throw new Error(`The code returned ${{list.length}} items. n8n goes on for each of them; use a map.`);\n\
         return list[0] && typeof list[0] === 'object' && 'json' in list[0] ? list[0].json : list[0];"
    )
}
