//! Flows as files: a flow document, or a run document with a flow and its agents.
//!
//! A run document is `{"flow": {…}, "agents": [{"id": "<UUID>", …}]}`.

use std::io::Read;
use std::path::Path;

use serde_json::{Map, Value};
use steadflow_core::agent::{Agent, missing_skills};
use steadflow_core::flow::{self, Fault, Faults, Flow};
use steadflow_core::ids::AgentId;
use steadflow_core::json;
use steadflow_core::limits::Limits;

use crate::wiring;

/// The validated content of a file.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) flow: Flow,
    /// Where the flow is in the file, as a JSON pointer.
    pub(crate) place: &'static str,
    pub(crate) agents: Vec<FileAgent>,
}

/// An agent of a run document.
#[derive(Debug)]
pub(crate) struct FileAgent {
    pub(crate) id: AgentId,
    /// Without the id.
    pub(crate) document: Value,
    agent: Agent,
}

impl FileAgent {
    /// Returns the name of the local command that it is, if it is one.
    pub(crate) fn command(&self) -> Option<&str> {
        self.agent.command()
    }
}

/// Reads the JSON of a file; `-` is standard input.
///
/// # Errors
/// A line with the path and the reason.
pub(crate) fn read_json(path: &Path) -> Result<Value, String> {
    let text = if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(path)
    };
    let text = text.map_err(|error| format!("{}: {error}", path.display()))?;
    json::read(json::without_mark(text.as_bytes()))
        .map_err(|error| format!("{}: not JSON: {error}", path.display()))
}

/// Formats an error in a file as one line.
pub(crate) fn fault_line(path: &Path, fault: &Fault) -> String {
    format!("{}:{}: {}", path.display(), fault.pointer, fault.message)
}

impl Document {
    /// Formats a warning about the flow as one line.
    pub(crate) fn warning_line(&self, path: &Path, warning: &Fault) -> String {
        format!("{}:{}{}: warning: {}", path.display(), self.place, warning.pointer, warning.message)
    }

    /// Validates the content of a file.
    ///
    /// # Errors
    /// All errors, with pointers into the file.
    pub(crate) fn parse(file: &Value) -> Result<Self, Vec<Fault>> {
        let parsed = match file.get("flow") {
            Some(flow) => Self::parse_with_agents(file, flow),
            None => {
                Flow::parse(file, &Limits::DEFAULT).map(|flow| Self { flow, place: "", agents: Vec::new() })
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
        match Flow::parse(flow, &Limits::DEFAULT) {
            Ok(flow) => {
                let brought =
                    |id| agents.iter().find(|agent: &&FileAgent| agent.id == id).map(|agent| &agent.agent);
                faults.extend(missing_skills(&flow, brought).into_iter().map(|fault| below("/flow", fault)));
                if faults.is_empty() { Ok(Self { flow, place: "/flow", agents }) } else { Err(faults) }
            }
            Err(found) => {
                faults.extend(found.into_iter().map(|fault| below("/flow", fault)));
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
