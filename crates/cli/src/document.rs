//! Flows and agents as files: a flow document, an agent document, or a run document with a flow and its agents.
//!
//! A run document is `{"flow": {…}, "agents": [{"id": "<UUID>", …}]}`. Beside the keys of its document, a flow can have an `id`, a
//! `status` and a `folder`, and an agent an `id`: what a server knows them by.

use serde_json::{Map, Value};
use steadflow_core::agent::{Agent, MASK, missing_skills};
use steadflow_core::flow::{self, Fault, Faults, Flow};
use steadflow_core::folder::Folder;
use steadflow_core::ids::AgentId;
use steadflow_core::limits::Limits;
use steadflow_store::FlowStatus;
use uuid::Uuid;

use crate::wiring;

/// What stands for a hidden value while the rest of a document is read.
const HIDDEN: &str = "hidden";

/// The validated content of a file with a flow.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) flow: Flow,
    /// What a server knows the flow by.
    pub(crate) known: Known,
    /// Where the flow is in the file, as a JSON pointer.
    pub(crate) place: &'static str,
    pub(crate) agents: Vec<FileAgent>,
}

/// What belongs to a flow and not to its document. What a file does not say is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) id: Option<Uuid>,
    pub(crate) status: Option<FlowStatus>,
    pub(crate) folder: Option<Option<Folder>>,
}

/// An agent of a run document.
#[derive(Debug)]
pub(crate) struct FileAgent {
    pub(crate) id: AgentId,
    /// Without the id.
    pub(crate) document: Value,
    pub(crate) agent: Agent,
}

/// An agent that is alone in its file.
#[derive(Debug)]
pub(crate) struct LoneAgent {
    pub(crate) id: Option<Uuid>,
    /// Without the id.
    pub(crate) document: Value,
    /// What it means; values that are hidden in the document are none that can be used.
    pub(crate) agent: Agent,
}

impl FileAgent {
    /// Returns the name of the local command that it is, if it is one.
    pub(crate) fn command(&self) -> Option<&str> {
        self.agent.command()
    }
}

/// Whether a file has an agent alone.
pub(crate) fn is_agent(file: &Value) -> bool {
    file.get("agent_type").is_some() && file.get("flow_definition").is_none()
}

impl LoneAgent {
    /// Validates the content of a file with an agent. Values of its `config` may be hidden, as a server shows them.
    ///
    /// # Errors
    /// All errors, with pointers into the file.
    pub(crate) fn parse(file: &Value) -> Result<Self, Vec<Fault>> {
        let mut document = file.clone();
        let mut faults = Vec::new();
        let id = taken_id(&mut document, &mut faults);
        let mut readable = document.clone();
        if let Some(config) = readable.get_mut("config") {
            replace_masks(config);
        }
        match Agent::parse(&readable) {
            Ok(agent) if faults.is_empty() => Ok(Self { id, document, agent }),
            parsed => {
                faults.extend(parsed.err().unwrap_or_default());
                Err(faults)
            }
        }
    }
}

fn replace_masks(value: &mut Value) {
    match value {
        Value::String(text) if text == MASK => HIDDEN.clone_into(text),
        Value::Array(items) => items.iter_mut().for_each(replace_masks),
        Value::Object(fields) => fields.values_mut().for_each(replace_masks),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Takes `id` out of a document.
fn taken_id(document: &mut Value, faults: &mut Vec<Fault>) -> Option<Uuid> {
    let id = document.as_object_mut()?.shift_remove("id")?;
    let known = id.as_str().and_then(|text| text.parse().ok());
    if known.is_none() {
        faults.push(fault("/id".into(), "`id` must be a UUID; leave it out for a new one".into()));
    }
    known
}

impl Known {
    /// Takes what is not of the document out of a flow.
    fn taken(flow: &mut Value, faults: &mut Vec<Fault>) -> Self {
        let id = taken_id(flow, faults);
        let mut take = |key: &str| flow.as_object_mut().and_then(|keys| keys.shift_remove(key));
        let (status, folder) = (take("status"), take("folder"));
        let status = status.and_then(|status| {
            let known = status.as_str().and_then(|status| status.parse().ok());
            if known.is_none() {
                let message = "`status` must be one of draft, active, paused, archived";
                faults.push(fault("/status".into(), message.into()));
            }
            known
        });
        let folder = folder.and_then(|folder| match folder.as_str().map(str::parse::<Folder>) {
            Some(Ok(folder)) => Some(Some(folder)),
            None if folder.is_null() => Some(None),
            Some(Err(why)) => {
                faults.push(fault("/folder".into(), format!("this is no folder: {why}")));
                None
            }
            None => {
                let message = "`folder` must be a text such as `billing/refunds`, or null for the top";
                faults.push(fault("/folder".into(), message.into()));
                None
            }
        });
        Self { id, status, folder }
    }
}

impl Document {
    /// Returns a warning about the flow with a pointer into the file.
    pub(crate) fn warning(&self, warning: &Fault) -> Fault {
        let message = format!("warning: {}", warning.message);
        Fault { pointer: format!("{}{}", self.place, warning.pointer), message }
    }

    /// Validates the content of a file.
    ///
    /// # Errors
    /// All errors, with pointers into the file.
    pub(crate) fn parse(file: &Value) -> Result<Self, Vec<Fault>> {
        let parsed = match file.get("flow") {
            Some(flow) => Self::parse_with_agents(file, flow),
            None => {
                read_flow(file, "").map(|(flow, known)| Self { flow, known, place: "", agents: Vec::new() })
            }
        };
        parsed.map_err(|found| {
            let mut faults = Faults::default();
            faults.extend(found);
            faults.into_all()
        })
    }

    fn parse_with_agents(file: &Value, flow: &Value) -> Result<Self, Vec<Fault>> {
        let mut faults = unknown_keys(file);
        let agents = agents(file.get("agents"), &mut faults);
        match read_flow(flow, "/flow") {
            Ok((flow, known)) => {
                let brought =
                    |id| agents.iter().find(|agent: &&FileAgent| agent.id == id).map(|agent| &agent.agent);
                faults.extend(missing_skills(&flow, brought).into_iter().map(|fault| below("/flow", fault)));
                if faults.is_empty() { Ok(Self { flow, known, place: "/flow", agents }) } else { Err(faults) }
            }
            Err(found) => {
                faults.extend(found);
                Err(faults)
            }
        }
    }

    /// Returns what is wrong with the code of the flow, with pointers into the file.
    ///
    /// # Errors
    /// Why it could not be checked.
    pub(crate) async fn code_faults(&self) -> Result<Vec<Fault>, String> {
        let faults = steadflow_nodes::code_faults(wiring::code(), &self.flow).await;
        let faults =
            faults.map_err(|failure| format!("the code could not be checked: {}", failure.message))?;
        Ok(faults.into_iter().map(|fault| below(self.place, fault)).collect())
    }

    /// Returns the flow document with every key set.
    ///
    /// # Errors
    /// Its graph cannot be read.
    pub(crate) fn flow_document(&self) -> Result<Value, flow::Unreadable> {
        flow::Document::of(&self.flow).to_value()
    }
}

/// Reads a flow, which is at `place` in its file.
fn read_flow(flow: &Value, place: &str) -> Result<(Flow, Known), Vec<Fault>> {
    let mut document = flow.clone();
    let mut faults = Vec::new();
    let known = Known::taken(&mut document, &mut faults);
    match Flow::parse(&document, &Limits::DEFAULT) {
        Ok(flow) if faults.is_empty() => Ok((flow, known)),
        parsed => {
            faults.extend(parsed.err().unwrap_or_default());
            Err(faults.into_iter().map(|fault| below(place, fault)).collect())
        }
    }
}

fn unknown_keys(file: &Value) -> Vec<Fault> {
    let keys = file.as_object().into_iter().flat_map(Map::keys);
    keys.filter(|key| !matches!(key.as_str(), "flow" | "agents"))
        .map(|key| {
            fault(format!("/{key}"), format!("unknown key `{key}`; a run document has `flow` and `agents`"))
        })
        .collect()
}

fn agents(list: Option<&Value>, faults: &mut Vec<Fault>) -> Vec<FileAgent> {
    let list = match list {
        None => return Vec::new(),
        Some(Value::Array(list)) => list,
        Some(_) => {
            faults.push(fault("/agents".into(), "`agents` must be a list".into()));
            return Vec::new();
        }
    };
    let mut agents: Vec<FileAgent> = Vec::new();
    for (at, value) in list.iter().enumerate() {
        let pointer = format!("/agents/{at}");
        match agent(value, &pointer) {
            Ok(agent) if agents.iter().any(|other| other.id == agent.id) => {
                faults.push(fault(format!("{pointer}/id"), "duplicate `id`".into()));
            }
            Ok(agent) => agents.push(agent),
            Err(found) => faults.extend(found),
        }
    }
    agents
}

fn agent(value: &Value, pointer: &str) -> Result<FileAgent, Vec<Fault>> {
    let mut document = value.clone();
    let id = document.as_object_mut().and_then(|object| object.shift_remove("id"));
    let id: Option<AgentId> = id.as_ref().and_then(Value::as_str).and_then(|text| text.parse().ok());
    let parsed = Agent::parse(&document);
    let mut faults: Vec<Fault> = Vec::new();
    if id.is_none() {
        faults.push(fault(format!("{pointer}/id"), "`id` must be a UUID".into()));
    }
    match (id, parsed) {
        (Some(id), Ok(agent)) => Ok(FileAgent { id, document, agent }),
        (_, parsed) => {
            let found = parsed.err().unwrap_or_default();
            faults.extend(found.into_iter().map(|fault| below(pointer, fault)));
            Err(faults)
        }
    }
}

fn below(pointer: &str, fault: Fault) -> Fault {
    Fault { pointer: format!("{pointer}{}", fault.pointer), message: fault.message }
}

fn fault(pointer: String, message: String) -> Fault {
    Fault { pointer, message }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ID: &str = "01936000-0000-7000-8000-0000000000a1";

    #[test]
    fn a_run_document_brings_its_agents() {
        let document = Document::parse(&run_document("score", agent_document())).unwrap();

        assert_eq!(document.flow.settings.name, "Review");
        assert_eq!(document.agents[0].id.to_string(), ID);
        assert_eq!(document.agents[0].document.get("id"), None);
    }

    #[test]
    fn faults_point_into_the_file() {
        let mut broken = agent_document();
        broken["config"] = json!({ "endpoint": 1 });
        broken["id"] = json!("x");
        let mut file = run_document("score", broken);
        file["flow"]["retry_count"] = json!(99);
        file["agent"] = json!([]);

        let faults = Document::parse(&file).unwrap_err();

        let pointers: Vec<&str> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(pointers, ["/agent", "/agents/0/id", "/agents/0/config/endpoint", "/flow/retry_count"]);
    }

    #[test]
    fn a_skill_that_the_agent_lacks_is_a_fault() {
        let faults = Document::parse(&run_document("sing", agent_document())).unwrap_err();

        assert_eq!(faults[0].pointer, "/flow/flow_definition/nodes/0/skill");
        assert_eq!(faults[0].message, "the agent has no skill `sing`; it has score");
    }

    fn run_document(skill: &str, agent: Value) -> Value {
        json!({
            "flow": {
                "name": "Review",
                "flow_definition": {
                    "nodes": [{ "id": "a", "type": "agent", "agent_id": ID, "skill": skill }],
                    "edges": [],
                },
            },
            "agents": [agent],
        })
    }

    fn agent_document() -> Value {
        json!({
            "id": ID,
            "name": "Risk",
            "agent_type": "http",
            "config": { "endpoint": "https://risk.example.org" },
            "skills": ["score"],
        })
    }
}
