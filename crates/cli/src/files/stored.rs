//! The flows and agents of a server.

use reqwest::Method;
use serde_json::{Map, Value};
use steadflow_core::flow::Flow;
use uuid::Uuid;

use super::Kind;
use crate::client::Server;
use crate::output;

/// The keys of the document of an agent, as a server shows them, with the names that the document has.
const AGENT_KEYS: [(&str, &str); 14] = [
    ("name", "name"),
    ("agent_type", "agent_type"),
    ("description", "description"),
    ("category", "category"),
    ("tags", "tags"),
    ("is_available", "is_available"),
    ("is_featured", "is_featured"),
    ("icon_url", "icon_url"),
    ("department", "department"),
    ("config", "config"),
    ("skill_definitions", "skills"),
    ("prices", "prices"),
    ("protection", "protection"),
    ("budget", "budget"),
];

/// A flow or an agent, as a server has it.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) kind: Kind,
    pub(super) id: Uuid,
    pub(super) name: String,
    pub(super) version: u64,
    pub(super) etag: String,
    /// Null for an agent.
    pub(super) status: Value,
    /// Null for an agent, and at the top.
    pub(super) folder: Value,
    /// Its document with every key set.
    pub(super) document: Value,
}

impl Stored {
    /// Reads what the API shows of a flow or an agent; `None` if it is damaged.
    pub(super) fn of(kind: Kind, shown: &Value) -> Option<Self> {
        let text = |key: &str| shown[key].as_str().unwrap_or_default().to_owned();
        Some(Self {
            kind,
            id: shown["id"].as_str()?.parse().ok()?,
            name: shown["name"].as_str()?.to_owned(),
            version: shown["version"].as_u64()?,
            etag: text("etag"),
            status: shown["status"].clone(),
            folder: shown["folder"].clone(),
            document: document(kind, shown),
        })
    }
}

/// Returns the keys that a document of this kind has.
pub(super) fn keys(kind: Kind) -> Vec<&'static str> {
    match kind {
        Kind::Flow => Flow::keys().to_vec(),
        Kind::Agent => AGENT_KEYS.iter().map(|(_, key)| *key).collect(),
    }
}

fn document(kind: Kind, shown: &Value) -> Value {
    let pairs: Vec<(&str, &str)> = match kind {
        Kind::Flow => Flow::keys().iter().map(|key| (*key, *key)).collect(),
        Kind::Agent => AGENT_KEYS.to_vec(),
    };
    let of = |(shown_as, key): (&str, &str)| (key.to_owned(), shown[shown_as].clone());
    Value::Object(pairs.into_iter().map(of).collect::<Map<_, _>>())
}

/// Asks a server for all its flows and agents. What it cannot read itself is left out, with a note.
pub(super) async fn all(server: &Server) -> anyhow::Result<Vec<Stored>> {
    let mut all = Vec::new();
    for kind in Kind::ALL {
        for shown in server.all(&format!("{}?limit=1000", kind.path())).await? {
            match Stored::of(kind, &shown) {
                Some(stored) => all.push(stored),
                None => output::note(format_args!(
                    "The server cannot read its {} {}: {}",
                    kind.name(),
                    shown["id"].as_str().unwrap_or_default(),
                    shown["damaged"].as_str().unwrap_or("it has another form than this version knows")
                )),
            }
        }
    }
    Ok(all)
}

/// Notes if the server is of another version, which may know settings that this program does not.
pub(super) async fn version_notes(server: &Server) -> anyhow::Result<()> {
    let health = server.send(server.root(Method::GET, "/healthz")).await?;
    let (own, version) = (env!("CARGO_PKG_VERSION"), health.value["version"].as_str().unwrap_or_default());
    if version != own {
        output::note(format_args!(
            "The server is version {version}, and this program is {own}: settings that only one of them knows are neither read \
             nor written. Use the program of the server's version."
        ));
    }
    Ok(())
}
