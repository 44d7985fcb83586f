//! What is probably not meant in a flow that can run.

use std::sync::LazyLock;
use std::time::Duration;

use serde_json::Value;

use super::parse::describe_nodes;
use super::{Fault, Flow, Node};
use crate::document::{Faults, Terms};
use crate::ids::{Attempt, NodeIndex};
use crate::node::CATALOGUE;

/// Words in the names of settings. A key with one of them that nothing reads looks as if it did something.
const SETTING_WORDS: [&str; 7] = ["config", "setting", "option", "retry", "retries", "timeout", "parameter"];
/// Keys of a flow's nodes that no node of its kind has and that are looked at.
const UNKNOWN_KEYS_MAX: usize = 1_000;
/// Longer keys are no misspelt settings.
const KEY_BYTES_MAX: usize = 100;
/// Shorter keys are too easily near another one.
const NEAR_CHARS_MIN: usize = 8;

impl Flow {
    /// Returns what is probably not meant, with JSON pointers into the document. None of it keeps the flow from running.
    pub fn warnings(&self) -> Vec<Fault> {
        let mut warnings = Faults::default();
        if self.settings.retry_on_failure && self.settings.retry_count == 0 {
            warnings.add("/retry_count", "retries are on, but their count is 0, so nothing is retried");
        }
        let Ok(definition) = self.definition.to_value() else {
            warnings.add("/flow_definition", "the graph cannot be read, so it is not looked through");
            return warnings.into_all();
        };
        let mut looks_left = UNKNOWN_KEYS_MAX;
        for (below, node) in self.graph.all_nodes("") {
            let Some(document) = definition.pointer(&below) else { continue };
            let pointer = format!("/flow_definition{below}");
            check_retries(node, document, &pointer, &mut warnings);
            self.check_timeout(node, &pointer, &mut warnings);
            SETTING_NAMES.check(node, document, &pointer, &mut looks_left, &mut warnings);
        }
        self.check_reach(&mut warnings);
        warnings.into_all()
    }

    /// Finds backoffs that do not fit into the timeout of the flow.
    fn check_timeout(&self, node: &Node, pointer: &str, warnings: &mut Faults) {
        let Some(timeout) = self.settings.timeout_seconds.map(|timeout| timeout.duration()) else { return };
        let attempts = std::iter::successors(Some(Attempt::FIRST), |attempt| Some(attempt.next()));
        let count = usize::try_from(node.retry.count).unwrap_or(usize::MAX);
        let waits: Duration = attempts.take(count).map(|failed| node.retry.delay_after(failed, 0.0)).sum();
        if waits >= timeout {
            let (waits, timeout) = (waits.as_secs_f64(), timeout.as_secs_f64());
            let message = format!(
                "the waits before its retries take {waits} s, but the flow times out after {timeout} s, so its last retry \
                 cannot run"
            );
            warnings.add(format!("{pointer}/retry"), message);
        }
    }

    /// Finds nodes that no path leads to.
    fn check_reach(&self, warnings: &mut Faults) {
        let graph = &self.graph;
        let mut is_reached = vec![false; graph.nodes.len()];
        let mut open: Vec<NodeIndex> = graph.starts.clone();
        while let Some(node) = open.pop() {
            if !std::mem::replace(&mut is_reached[node.at()], true) {
                open.extend(graph.outgoing[node.at()].iter().map(|&edge| graph.edge(edge).to));
            }
        }
        let skipped = graph.in_flow().map(|(at, _)| at.at()).filter(|&at| !is_reached[at]);
        for at in skipped {
            let message = "no path leads from a trigger to this node, so it is always skipped";
            warnings.add(format!("/flow_definition/nodes/{at}"), message);
        }
    }
}

fn check_retries(node: &Node, document: &Value, pointer: &str, warnings: &mut Faults) {
    if document["retry"]["enabled"] == true && node.retry.count == 0 {
        let message = "retries are on, but their count is 0, so this node is not retried";
        warnings.add(format!("{pointer}/retry/count"), message);
    }
}

static SETTING_NAMES: LazyLock<SettingNames> = LazyLock::new(|| SettingNames {
    common: describe_nodes(&Terms::DEFAULT).names(),
    kinds: CATALOGUE.iter().map(|entry| (entry.about.name, entry.keys().names())).collect(),
});

/// The names of all settings, by which keys are recognized that look like one.
struct SettingNames {
    /// Those of every node.
    common: Vec<&'static str>,
    /// Those of each kind.
    kinds: Vec<(&'static str, Vec<&'static str>)>,
}

impl SettingNames {
    /// Finds keys of a node that look like settings and are none of its kind. `looks_left` is how many unknown keys are still
    /// looked at.
    fn check(
        &self,
        node: &Node,
        document: &Value,
        pointer: &str,
        looks_left: &mut usize,
        warnings: &mut Faults,
    ) {
        let about = node.kind.room().about();
        let own = self.kinds.iter().find(|(kind, _)| *kind == about.name).map(|(_, names)| names.as_slice());
        let own = own.unwrap_or_default();
        let is_known =
            |key: &str| ["type", "action"].contains(&key) || self.common.contains(&key) || own.contains(&key);
        let keys = document.as_object().into_iter().flat_map(|map| map.keys());
        let unknown = keys.filter(|key| key.len() <= KEY_BYTES_MAX && !is_known(key));
        for key in unknown.take(*looks_left) {
            *looks_left -= 1;
            let known = own.iter().chain(&self.common).copied();
            if let Some(end) = self.looks_like_a_setting(key, known) {
                let message = format!("`{key}` is kept, but a node of this kind does not read it{end}");
                warnings.add(format!("{pointer}/{}", crate::template::pointer_token(key)), message);
            }
        }
    }

    /// Returns the end of a warning about `key`, if it looks like a setting. `known` are those of the node.
    fn looks_like_a_setting(
        &self,
        key: &str,
        mut known: impl Iterator<Item = &'static str> + Clone,
    ) -> Option<String> {
        if let Some(meant) = known.clone().find(|name| bare(name) == bare(key)) {
            return Some(format!("; did you mean `{meant}`?"));
        }
        if self.kinds.iter().any(|(_, names)| names.contains(&key)) {
            return Some(String::new());
        }
        let near = Faults::default().suggestion(key, &mut known);
        if key.len() >= NEAR_CHARS_MIN && !near.is_empty() {
            return Some(near);
        }
        SETTING_WORDS.iter().any(|word| bare(key).contains(word)).then(String::new)
    }
}

/// Returns a key without what differs between styles of writing: `timeoutSeconds` is `timeout_seconds`.
fn bare(key: &str) -> String {
    key.chars().filter(|each| each.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::limits::Limits;

    #[test]
    fn what_does_nothing_is_named() {
        let flow = json!({
            "name": "F", "retry_on_failure": true, "timeout_seconds": 20,
            "flow_definition": {
                "nodes": [
                    { "id": "start", "type": "trigger" },
                    { "id": "a", "type": "action", "action": "echo", "agenticConfig": { "model": "x" },
                      "timeoutSeconds": 3, "on_exausted": "ask", "condition": "true", "maxRetries": 3,
                      "retry": { "enabled": true } },
                    { "id": "b", "type": "action", "action": "echo", "retry": { "enabled": true, "count": 5 } },
                    { "id": "c", "type": "merge" },
                ],
                "edges": [{ "from": "start", "to": "a" }, { "from": "a", "to": "b" }],
            },
        });

        insta::assert_snapshot!(shown(&flow), @"
        /retry_count: retries are on, but their count is 0, so nothing is retried
        /flow_definition/nodes/1/retry/count: retries are on, but their count is 0, so this node is not retried
        /flow_definition/nodes/1/agenticConfig: `agenticConfig` is kept, but a node of this kind does not read it
        /flow_definition/nodes/1/timeoutSeconds: `timeoutSeconds` is kept, but a node of this kind does not read it; did you mean `timeout_seconds`?
        /flow_definition/nodes/1/on_exausted: `on_exausted` is kept, but a node of this kind does not read it; did you mean `on_exhausted`?
        /flow_definition/nodes/1/condition: `condition` is kept, but a node of this kind does not read it
        /flow_definition/nodes/1/maxRetries: `maxRetries` is kept, but a node of this kind does not read it
        /flow_definition/nodes/2/retry: the waits before its retries take 31 s, but the flow times out after 20 s, so its last retry cannot run
        /flow_definition/nodes/3: no path leads from a trigger to this node, so it is always skipped
        ");
    }

    #[test]
    fn what_editors_store_is_no_setting() {
        let flow = json!({
            "name": "F", "retry_on_failure": true, "retry_count": 3, "timeout_seconds": 60,
            "flow_definition": {
                "nodes": [{
                    "id": "a", "name": "A", "type": "action", "action": "transform", "input": 1, "join": "any",
                    "position": { "x": 1, "y": 2 }, "width": 3, "height": 4, "selected": true, "dragging": false,
                    "data": { "label": "x" }, "measured": {}, "style": {}, "color": "red", "notes": "x", "label": "y",
                    "$schema": "x", "description": "z", "zIndex": 1,
                }],
                "viewport": { "zoom": 1 },
            },
        });

        assert_eq!(shown(&flow), "");
    }

    #[test]
    fn only_so_many_unknown_keys_are_looked_at() {
        let warnings = |unknown: usize| {
            let merge = json!({ "id": "a", "type": "merge" });
            let mut many = merge.clone();
            (0..unknown).for_each(|number| many[format!("k{number}")] = json!(1));
            let last = json!({ "id": "b", "type": "merge", "maxRetries": 3 });
            shown(&json!({ "name": "F", "flow_definition": { "nodes": [many, last] } }))
        };

        assert!(warnings(UNKNOWN_KEYS_MAX - 1).contains("maxRetries"));
        assert_eq!(warnings(UNKNOWN_KEYS_MAX), "");
    }

    fn shown(document: &Value) -> String {
        let flow = Flow::parse(document, &Limits::DEFAULT).unwrap();
        flow.warnings().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }
}
