//! Work for tests, and nodes that may call loopback addresses.

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde_json::Value;
use steadflow_core::agent::Agent;
use steadflow_core::failure::Failure;
use steadflow_core::ids::{AgentId, Attempt, ExecutionId, FlowId, NodeId, NodeIndex, StepKey, TenantId};
use steadflow_core::live::{TextSinks, Unread};
use steadflow_core::payload::Payload;
use steadflow_core::template::{SecretPlace, SecretSlot};
use steadflow_core::work::{Outcome, Task, Work};
use steadflow_nodes::{
    AgentDirectory, DirectoryError, EgressPolicy, EgressTimeouts, Lookup, Nodes, NodesConfig, Secret,
    SecretHosts, Secrets,
};
use uuid::Uuid;

/// A secret of 16 characters that do not occur anywhere else.
pub(crate) const CANARY: &str = "canary \"5f1d\" &x";

/// Returns nodes that may call 127.0.0.1 under any name.
pub(crate) fn nodes() -> Nodes {
    Nodes::new(config("127.0.0.1")).unwrap()
}

pub(crate) fn config(allowed: &str) -> NodesConfig {
    NodesConfig {
        policy: EgressPolicy::parse(allowed).unwrap(),
        lookup: Arc::new(Names::default()),
        timeouts: EgressTimeouts { idle: Duration::from_secs(20), ..EgressTimeouts::default() },
        ..NodesConfig::new(Arc::new(Agents::default()), Arc::new(Canaries))
    }
}

pub(crate) fn nodes_with_agent(document: &Value) -> Nodes {
    nodes_heard_by(document, Arc::new(Unread))
}

/// Returns nodes with an agent whose model is heard by `texts`.
pub(crate) fn nodes_heard_by(document: &Value, texts: Arc<dyn TextSinks>) -> Nodes {
    let agents = Arc::new(Agents(Some(Arc::new(Agent::parse(document).unwrap()))));
    Nodes::new(NodesConfig { agents, texts, ..config("127.0.0.1") }).unwrap()
}

pub(crate) fn http_work(input: &Value) -> Work {
    work(Task::HttpRequest, input)
}

pub(crate) fn skill_work(skill: &str, input: &Value) -> Work {
    work(
        Task::Skill { agent_id: AgentId::new(Uuid::from_u128(7)), version: None, skill: Arc::from(skill) },
        input,
    )
}

/// Returns work with slots for all secrets in its strings.
pub(crate) fn work(task: Task, input: &Value) -> Work {
    let mut secrets = Vec::new();
    find_slots(input, String::new(), &mut secrets);
    Work {
        tenant: TenantId::DEFAULT,
        flow: FlowId::new(Uuid::from_u128(1)),
        execution: ExecutionId::new(Uuid::from_u128(2)),
        node: NodeIndex(0),
        node_id: NodeId::new("call"),
        attempt: Attempt::FIRST,
        step: StepKey::ONLY,
        task,
        input: Payload::from_value(input),
        secrets: secrets.into(),
        stop_at: None,
        has_own_timeout: false,
        previous_error: None,
        session: None,
        remote_task: None,
        dialog: None,
        trace: steadflow_core::trace_parent::TraceOf::Execution,
    }
}

fn find_slots(value: &Value, pointer: String, slots: &mut Vec<SecretSlot>) {
    match value {
        Value::String(text) => {
            let places = places_in(text);
            if !places.is_empty() {
                slots.push(SecretSlot { pointer, places, is_in_form: false });
            }
        }
        Value::Object(map) => {
            map.iter().for_each(|(key, value)| find_slots(value, format!("{pointer}/{key}"), slots))
        }
        Value::Array(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Returns where `text` names the secrets that [`Canaries`] knows, and one that it does not.
fn places_in(text: &str) -> Vec<SecretPlace> {
    let found = ["CANARY", "KEY", "BOUND", "NONE"].into_iter().flat_map(|name| {
        let reference = format!("${{secrets.{name}}}");
        let places: Vec<SecretPlace> =
            text.match_indices(&reference).map(|(at, _)| SecretPlace { at, name: Arc::from(name) }).collect();
        places
    });
    let mut places: Vec<SecretPlace> = found.collect();
    places.sort_unstable_by_key(|place| place.at);
    places
}

pub(crate) async fn http(input: &Value) -> Result<Value, Failure> {
    result(nodes().perform(http_work(input)).await)
}

pub(crate) fn result(outcome: Outcome) -> Result<Value, Failure> {
    outcome.result.map(|output| output.to_value().expect("it is readable"))
}

/// Knows the secrets `CANARY`, `KEY`, and `BOUND`, which may be sent only to `bound.test`.
struct Canaries;

impl Secrets for Canaries {
    fn secret(&self, _tenant: TenantId, name: &str) -> Option<Secret> {
        match name {
            "CANARY" => Some(Secret::new(CANARY.to_owned())),
            "KEY" => Some(Secret::new("sk-4711-key".to_owned())),
            "BOUND" => Some(Secret {
                value: "bound-4711".to_owned(),
                hosts: Some(SecretHosts::parse("bound.test").expect("it is a host")),
                is_token: false,
            }),
            _ => None,
        }
    }
}

/// Returns the same agent for every id, or none. It has one version.
#[derive(Default)]
pub(crate) struct Agents(pub(crate) Option<Arc<Agent>>);

impl AgentDirectory for Agents {
    fn agent(
        &self,
        _tenant: TenantId,
        _id: AgentId,
        version: Option<u32>,
    ) -> BoxFuture<'_, Result<Option<Arc<Agent>>, DirectoryError>> {
        let agent = self.0.clone().filter(|_| version.unwrap_or(1) == 1);
        Box::pin(std::future::ready(Ok(agent)))
    }
}

/// Resolves `*.test` to 127.0.0.1 or to the given addresses, one name never, and no other names.
#[derive(Clone, Default)]
pub(crate) struct Names {
    pub(crate) known: BTreeMap<&'static str, Vec<IpAddr>>,
    pub(crate) asked: Arc<AtomicUsize>,
    pub(crate) never: Option<&'static str>,
}

impl Lookup for Names {
    fn lookup(&self, host: &str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let host = host.trim_end_matches('.');
        if self.never == Some(host) {
            return Box::pin(std::future::pending());
        }
        let loopback =
            (host.ends_with(".test") || host == "localhost").then(|| vec![IpAddr::from([127, 0, 0, 1])]);
        let addresses = self.known.get(host).cloned().or(loopback);
        Box::pin(std::future::ready(addresses.ok_or_else(|| io::Error::other("no such host"))))
    }
}
