//! MCP servers that are local commands, as the nodes of a server call them, with the supervisor of the real binary.

mod calls;
mod failures;

use std::collections::BTreeMap;
use std::fs::DirEntry;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use steadflow_core::agent::{Agent, SecretText};
use steadflow_core::failure::Failure;
use steadflow_core::ids::{AgentId, ExecutionId, TenantId};
use steadflow_core::payload::Payload;
use steadflow_core::timestamp::Timestamp;
use steadflow_core::trial::{SkillTrial, ToolsTrial};
use steadflow_core::work::Work;
use steadflow_nodes::{
    AgentDirectory, DirectoryError, McpCommand, McpCommands, Nodes, NodesConfig, Secret, Secrets,
};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::support::is_running;

const TOKEN: &str = "canary-4711";
/// More than a supervisor takes to end what does not end by itself.
const SOON: Duration = Duration::from_secs(30);

/// A command, in a folder of its own.
struct Bench {
    nodes: Nodes,
    folder: TempDir,
}

impl Bench {
    /// The test's server, in this mode.
    fn new(mode: &str) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/commands/server.py");
        Self::of("/usr/bin/python3", &[&script.to_string_lossy(), mode], json!({}))
    }

    fn of(program: &str, arguments: &[&str], skill: Value) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let command = McpCommand {
            program: program.into(),
            arguments: arguments.iter().map(Into::into).collect(),
            env: BTreeMap::from([("TOKEN".to_owned(), SecretText::new("${secrets.TOKEN}".to_owned()))]),
            directory: folder.path().to_owned(),
        };
        let commands = McpCommands {
            supervisor: vec![env!("CARGO_BIN_EXE_steadflow").into(), "mcp-supervisor".into()],
            commands: BTreeMap::from([("test".to_owned(), command)]),
        };
        let mut skills: Vec<Value> = [
            "about", "crash", "echo", "flood", "fork", "freeze", "garbage", "hang", "huge", "never", "spam",
            "ask",
        ]
        .map(|name| json!({ "name": name }))
        .into();
        if let Some(own) = skills.iter_mut().find(|own| own["name"] == skill["name"]) {
            *own = skill;
        }
        let agent = json!({ "name": "Tools", "agent_type": "mcp", "config": { "command": "test" }, "skills": skills });
        let agents = Arc::new(OneAgent(Arc::new(Agent::parse(&agent).expect("it is an agent"))));
        let nodes = Nodes::new(NodesConfig { commands, ..NodesConfig::new(agents, Arc::new(OneSecret)) });
        Self { nodes: nodes.expect("the client can be set up"), folder }
    }

    async fn call(&self, skill: &str, arguments: Value) -> Result<Value, Failure> {
        let input = Payload::from_value(&arguments);
        let (tenant, execution, skill) = (TenantId::DEFAULT, EXECUTION, skill.into());
        let trial = SkillTrial { tenant, agent_id: AGENT, version: 1, skill, rules: None, input, execution };
        self.perform(trial.work(Timestamp::from_micros(0))).await
    }

    async fn list(&self) -> Result<Value, Failure> {
        let (tenant, execution) = (TenantId::DEFAULT, EXECUTION);
        let trial = ToolsTrial { tenant, agent_id: AGENT, version: 1, execution };
        self.perform(trial.work(Timestamp::from_micros(0))).await
    }

    async fn perform(&self, work: Work) -> Result<Value, Failure> {
        self.nodes.perform(work).await.result.map(|output| output.to_value().expect("it is readable"))
    }

    /// Returns the process that serves now.
    async fn pid(&self) -> u64 {
        let about = self.call("about", json!({})).await.expect("it answers");
        about["pid"].as_u64().expect("a number")
    }
}

const EXECUTION: ExecutionId = ExecutionId::new(Uuid::from_u128(2));
const AGENT: AgentId = AgentId::new(Uuid::from_u128(7));

struct OneAgent(Arc<Agent>);

impl AgentDirectory for OneAgent {
    fn agent(
        &self,
        _: TenantId,
        _: AgentId,
        _: Option<u32>,
    ) -> BoxFuture<'_, Result<Option<Arc<Agent>>, DirectoryError>> {
        Box::pin(std::future::ready(Ok(Some(Arc::clone(&self.0)))))
    }
}

struct OneSecret;

impl Secrets for OneSecret {
    fn secret(&self, _: TenantId, name: &str) -> Option<Secret> {
        (name == "TOKEN").then(|| Secret::new(TOKEN.to_owned()))
    }
}

/// Waits until a process is gone. One that has ended may not be reaped, since not every container has an init that does.
async fn gone(pid: u64) {
    until(|| !is_running(pid)).await;
}

/// Waits until no process runs in `folder`.
async fn all_gone(folder: &Path) {
    let runs_there =
        |entry: &DirEntry| std::fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd == folder);
    until(|| !std::fs::read_dir("/proc").expect("there is /proc").flatten().any(|entry| runs_there(&entry)))
        .await;
}

async fn until(is_so: impl Fn() -> bool) {
    let end = Instant::now() + SOON;
    while !is_so() {
        assert!(Instant::now() < end, "a process is still there");
        sleep(Duration::from_millis(10)).await;
    }
}
