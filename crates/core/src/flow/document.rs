//! The flow as it is stored: a numbered format.
//!
//! What is stored is strict when it is written, by [`Flow::parse`], and lenient when it is read: executions are pinned to
//! flow versions, so a version that was saved once must always run, even if the rules and limits have changed since.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::parse::parse;
use super::{Fault, Flow, Settings};
use crate::limits::Limits;
use crate::node::CATALOGUE;
use crate::payload::Payload;

/// The format that is written.
///
/// 0 is what was stored before formats had numbers: the same keys, some of which may be missing.
const FORMAT: u32 = 1;

/// A flow as it is stored: its settings, each with a value, and the graph as it came, unknown keys included.
#[derive(Clone, Debug, Serialize)]
pub struct Document {
    /// The settings.
    #[serde(flatten)]
    pub settings: Settings,
    /// The graph.
    #[serde(rename = "flow_definition")]
    pub definition: Payload,
}

/// A document with its format's number.
#[derive(Serialize)]
struct Stored<'d> {
    format: u32,
    #[serde(flatten)]
    document: &'d Document,
}

/// Why a stored flow cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// A later version of this program wrote it.
    #[error("its format is {0}, and this version reads those up to {FORMAT}")]
    Newer(u32),
    /// It is damaged: nothing can run it.
    #[error("{0}")]
    Damaged(String),
}

impl Document {
    /// Returns what is stored of `flow`.
    pub fn of(flow: &Flow) -> Self {
        Self { settings: flow.settings.clone(), definition: flow.definition.clone() }
    }

    /// Returns whether it may start by itself: a node that starts it has a schedule, or names an event.
    pub fn starts_by_itself(&self) -> bool {
        self.starting_nodes().iter().any(|(_, node)| !node["schedule"].is_null() || !node["event"].is_null())
    }

    /// Returns the path of its webhook, if a node that starts it has one, and the place of that node.
    pub fn webhook(&self) -> Option<(usize, String)> {
        let mut nodes = self.starting_nodes().into_iter();
        nodes.find_map(|(at, node)| Some((at, node["webhook"]["path"].as_str()?.to_owned())))
    }

    /// Returns the nodes that start it, with their places. Other nodes may have keys of the same names that mean nothing.
    fn starting_nodes(&self) -> Vec<(usize, Value)> {
        let starts = |node: &Value| {
            let mut kinds = CATALOGUE.iter().map(|entry| entry.about).filter(|about| about.traits.starts);
            kinds.any(|about| node["type"] == about.name)
        };
        let mut definition = self.definition.to_value().unwrap_or_default();
        let nodes = definition["nodes"].as_array_mut().map(std::mem::take).unwrap_or_default();
        nodes.into_iter().enumerate().filter(|(_, node)| starts(node)).collect()
    }

    /// Reads what is stored, without asking whether it can run. Keys that are missing have their defaults.
    ///
    /// # Errors
    /// [`Unreadable`] if it is no document of a known format.
    pub fn restore(stored: &Payload) -> Result<Self, Unreadable> {
        #[derive(Deserialize)]
        struct Graph {
            flow_definition: Payload,
        }
        format_of(stored)?;
        let Graph { flow_definition: definition } = part_of(stored)?;
        Ok(Self { settings: part_of(stored)?, definition })
    }

    /// Returns it as it is stored.
    pub fn to_payload(&self) -> Payload {
        let text = serde_json::to_string(&Stored { format: FORMAT, document: self });
        let text = text.expect("settings are plain values with string keys, so they can be written");
        Payload::parse(text).expect("serde_json writes JSON")
    }

    /// Returns it as people write it: all keys, without the format.
    ///
    /// # Errors
    /// [`Unreadable::Damaged`] if its graph cannot be read.
    pub fn to_value(&self) -> Result<Value, Unreadable> {
        let mut value =
            serde_json::to_value(&self.settings).expect("settings are plain values, so they can be written");
        value["flow_definition"] =
            self.definition.to_value().map_err(|error| Unreadable::Damaged(error.to_string()))?;
        Ok(value)
    }
}

impl PartialEq for Document {
    /// Whether both say the same, however their graphs are spelt.
    fn eq(&self, other: &Self) -> bool {
        let same_graph = match (self.definition.to_value(), other.definition.to_value()) {
            (Ok(own), Ok(other)) => own == other,
            _ => self.definition == other.definition,
        };
        self.settings == other.settings && same_graph
    }
}

/// Reads some keys of a stored document.
fn part_of<T: DeserializeOwned>(stored: &Payload) -> Result<T, Unreadable> {
    serde_json::from_str(stored.as_str()).map_err(|error| Unreadable::Damaged(error.to_string()))
}

/// Returns the number of the format, unless it is one that only later versions know.
fn format_of(stored: &Payload) -> Result<u32, Unreadable> {
    #[derive(Deserialize)]
    struct Numbered {
        #[serde(default)]
        format: u32,
    }
    let Numbered { format } = part_of(stored)?;
    if format > FORMAT { Err(Unreadable::Newer(format)) } else { Ok(format) }
}

/// A flow that was restored.
#[derive(Clone, Debug)]
pub struct Restored {
    /// What runs.
    pub flow: Flow,
    /// What would be wrong with it today; a value that is named here counts as absent.
    pub faults: Vec<Fault>,
}

impl Flow {
    /// Makes of a stored document what runs. Limits on what a document may ask for do not count, nor does any fault that
    /// leaves something to run.
    ///
    /// # Errors
    /// [`Unreadable`] if nothing can run it.
    pub fn restore(stored: &Payload, limits: &Limits) -> Result<Restored, Unreadable> {
        let document = Document::restore(stored)?.to_value()?;
        let (flow, faults) = parse(&document, &limits.lifted());
        match flow {
            Some(flow) if flow.graph.can_run() => Ok(Restored { flow, faults }),
            Some(_) | None => Err(Unreadable::Damaged(first_of(&faults))),
        }
    }
}

fn first_of(faults: &[Fault]) -> String {
    faults.first().map_or_else(|| "its graph cannot run".to_owned(), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_nodes_that_start_a_flow_have_what_starts_it() {
        let delay = json!({ "id": "a", "type": "delay", "delay_seconds": 1, "webhook": { "path": "x" }, "event": "e" });
        let trigger = json!({ "id": "t", "type": "trigger", "webhook": { "path": "y" } });
        let document = |nodes: Value| Document {
            settings: Settings::default(),
            definition: Payload::from_value(&json!({ "nodes": nodes })),
        };

        let both = document(json!([delay, trigger])).webhook();

        assert_eq!(both, Some((1, "y".to_owned())));
        assert_eq!(document(json!([delay])).webhook(), None);
        assert!(!document(json!([delay])).starts_by_itself());
    }

    const NOTHING_ALLOWED: Limits = Limits {
        nodes_max: 0,
        edges_max: 0,
        json_depth_max: 0,
        expression_chars_max: 0,
        name_chars_max: 0,
        retry_count_max: 0,
        wait_max: std::time::Duration::ZERO,
        ..Limits::DEFAULT
    };

    #[test]
    fn what_is_stored_has_a_format_and_every_key() {
        let flow = Flow::parse(&minimal(), &Limits::DEFAULT).unwrap();

        let stored = Document::of(&flow).to_payload();

        insta::assert_snapshot!(stored.as_str(), @r#"{"format":1,"name":"Review","description":"","category":null,"tags":[],"is_template":false,"retry_on_failure":true,"retry_count":2,"timeout_seconds":60,"max_concurrent_executions":null,"concurrency_key":null,"max_concurrent_per_key":null,"priority":null,"debounce_seconds":null,"max_delay_seconds":null,"budget":null,"context_id_template":null,"context_type_default":null,"sensitive":null,"flow_definition":{"nodes":[{"id":"a","type":"action","action":"echo","input":{"x":"${trigger_data.x}"},"retry":{"initial_interval_seconds":5}},{"id":"b","type":"merge"}],"edges":[{"from":"a","to":"b"}],"zoom":2}}"#);
    }

    #[test]
    fn documents_go_there_and_back() {
        let document = Document::of(&Flow::parse(&minimal(), &Limits::DEFAULT).unwrap());

        let restored = Document::restore(&document.to_payload()).unwrap();

        assert_eq!(restored, document);
        assert_eq!(
            Document::of(&Flow::parse(&restored.to_value().unwrap(), &Limits::DEFAULT).unwrap()),
            document
        );
    }

    #[test]
    fn what_was_stored_before_formats_had_numbers_is_restored() {
        let restored = Flow::restore(&Payload::from_value(&minimal()), &Limits::DEFAULT).unwrap();

        assert_eq!(restored.flow.settings.retry_count, 2);
        assert_eq!(restored.faults, []);
    }

    #[test]
    fn documents_are_the_same_where_they_say_the_same() {
        let stored = |change: &dyn Fn(&mut Value)| {
            let mut document = minimal();
            change(&mut document);
            Document::of(&Flow::parse(&document, &Limits::DEFAULT).unwrap())
        };
        let document = stored(&|_| {});

        assert_eq!(stored(&|document| document["flow_definition"].sort_all_objects()), document);
        assert_ne!(stored(&|document| document["name"] = json!("Other")), document);
        assert_ne!(stored(&|document| document["flow_definition"]["zoom"] = json!(3)), document);
    }

    #[test]
    fn documents_whose_graphs_cannot_be_read_are_the_same_where_their_texts_are() {
        let stored = |inner: &str| {
            let graph = format!("{}{inner}{}", "[".repeat(200), "]".repeat(200));
            let text = format!(r#"{{"format":1,"name":"Deep","flow_definition":{graph}}}"#);
            Document::restore(&Payload::parse(text).unwrap()).unwrap()
        };

        assert!(stored("1").to_value().is_err());
        assert_eq!(stored("1"), stored("1"));
        assert_ne!(stored("1"), stored("2"));
    }

    #[test]
    fn what_more_generous_limits_allowed_is_restored() {
        let generous = Limits { name_chars_max: 1_000, retry_count_max: 100, ..Limits::DEFAULT };
        let mut document = minimal();
        document["name"] = json!("x".repeat(1_000));
        document["retry_count"] = json!(100);
        let stored = Document::of(&Flow::parse(&document, &generous).unwrap()).to_payload();

        let restored = Flow::restore(&stored, &Limits::DEFAULT).unwrap();

        assert_eq!(restored.faults, []);
        assert_eq!(restored.flow.settings.retry_count, 100);
    }

    #[test]
    fn stricter_limits_do_not_make_a_stored_version_invalid() {
        let stored = Document::of(&Flow::parse(&minimal(), &Limits::DEFAULT).unwrap()).to_payload();

        let restored = Flow::restore(&stored, &NOTHING_ALLOWED).unwrap();

        assert_eq!(restored.faults, []);
        assert_eq!(restored.flow.graph.nodes[0].retry.count, 2, "every value is kept");
        assert_eq!(restored.flow.settings.timeout_seconds.unwrap().duration().as_secs(), 60);
    }

    #[test]
    fn what_today_is_refused_but_can_run_is_restored_and_named() {
        let mut document = minimal();
        document["flow_definition"]["nodes"][0]["retry"]["attempts"] = json!(3);
        document["flow_definition"]["nodes"][0]["join"] = json!("most");
        document["flow_definition"]["nodes"][0]["input"] = json!("${gone.x}");
        document["flow_definition"]["edges"].as_array_mut().unwrap().push(json!({ "from": "a", "to": "b" }));
        assert!(Flow::parse(&document, &Limits::DEFAULT).is_err());

        let restored = Flow::restore(&Payload::from_value(&document), &Limits::DEFAULT).unwrap();

        assert_eq!(restored.flow.graph.nodes.len(), 2);
        assert!(
            restored.faults.iter().any(|fault| fault.pointer.ends_with("/join")),
            "{:?}",
            restored.faults
        );
    }

    #[test]
    fn what_nothing_can_run_is_damaged() {
        let damaged = |change: &dyn Fn(&mut Value)| {
            let mut document = minimal();
            change(&mut document);
            Flow::restore(&Payload::from_value(&document), &Limits::DEFAULT).unwrap_err().to_string()
        };
        let definition = |key: &'static str, value: Value| {
            damaged(&move |document| document["flow_definition"][key] = value.clone())
        };

        let messages = [
            damaged(&|document| *document = json!([])),
            damaged(&|document| document["flow_definition"] = Value::Null),
            definition("nodes", json!([])),
            definition("nodes", json!([{ "id": "a", "type": "merge" }, { "id": "a", "type": "merge" }])),
            definition("edges", json!([{ "from": "a", "to": "b" }, { "from": "b", "to": "a" }])),
            definition("edges", json!([{ "from": "b", "to": "b" }])),
            definition("edges", json!([{ "from": "a", "to": "gone" }])),
            damaged(&|document| document["format"] = json!(2)),
        ];

        insta::assert_snapshot!(messages.join("\n"), @"
        invalid length 0, expected struct Graph with 1 element at line 1 column 2
        /flow_definition: a flow needs `flow_definition`: an object with `nodes` and `edges`
        /flow_definition/nodes: `nodes` must have at least one entry
        /flow_definition/nodes/1/id: node 0 already has the id `a`; ids are unique in a flow
        /flow_definition/edges/1: this edge closes a cycle: a → b → a
        /flow_definition/edges/0: an edge leads from `b` to itself
        /flow_definition/edges/0/to: there is no node `gone`
        its format is 2, and this version reads those up to 1
        ");
    }

    #[test]
    fn ids_that_addresses_cannot_hold_are_refused_and_run_where_they_are_stored() {
        for id in [".", ".."] {
            let mut document = minimal();
            document["flow_definition"]["nodes"][1]["id"] = json!(id);
            document["flow_definition"]["edges"][0]["to"] = json!(id);

            let faults = Flow::parse(&document, &Limits::DEFAULT).unwrap_err();
            let restored = Flow::restore(&Payload::from_value(&document), &Limits::DEFAULT).unwrap();

            assert_eq!(faults[0].pointer, "/flow_definition/nodes/1/id", "{faults:?}");
            assert_eq!(restored.flow.graph.nodes[1].id.as_str(), id);
        }
    }

    fn minimal() -> Value {
        json!({
            "name": "Review", "retry_on_failure": true, "retry_count": 2, "timeout_seconds": 60,
            "flow_definition": {
                "nodes": [
                    { "id": "a", "type": "action", "action": "echo", "input": { "x": "${trigger_data.x}" },
                      "retry": { "initial_interval_seconds": 5 } },
                    { "id": "b", "type": "merge" },
                ],
                "edges": [{ "from": "a", "to": "b" }],
                "zoom": 2,
            },
        })
    }
}
