//! The reference server of MCP, as an agent of a flow: over HTTP, and as a local command.
//!
//! Needs Node.js and `@modelcontextprotocol/server-everything` in `e2e/node_modules` (`make test` installs it). Without them
//! the test says so and ends, but fails where `CI` is set.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use steadflow_blackbox::{Api, NodeServer, Setup, Workplace, eventually, flow, node, with};

const SOON: Duration = Duration::from_secs(30);

/// Returns a file of the reference server, if it is installed.
fn installed(file: &str) -> Option<PathBuf> {
    NodeServer::installed(&format!("@modelcontextprotocol/server-everything/dist/{file}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tools_of_the_reference_server_are_accepted_and_called() {
    let Some(program) = installed("transports/streamableHttp.js") else { return };
    let mcp = NodeServer::start(&program, &[]);
    let workplace = Workplace::new();
    let mut server = Setup::new(&workplace).start().await;
    let api = server.api();
    let agent = json!({ "name": "Everything", "agent_type": "mcp", "config": { "url": mcp.url("/mcp") }, "skills": ["echo"] });
    let agent = api.post("agents", &agent).await.expect(201)["id"].as_str().expect("an id").to_owned();

    let skills: Vec<Value> = accepted(api, &agent).await;
    let after = accepted(api, &agent).await;

    assert_eq!(skills, after, "a definition has the same hash each time");
    assert!(skills.len() > 10, "{skills:?}");
    let call = |id: &str, skill: &str, input: Value| json!({ "id": id, "type": "agent", "agent_id": agent, "skill": skill, "input": input });
    let nodes = [
        json!({ "id": "sum", "type": "action", "action": "mcp_tool", "agent_id": agent, "tool": "get-sum",
                "input": { "a": "${trigger_data.a}", "b": 3 } }),
        call("weather", "get-structured-content", json!({ "location": "New York" })),
        call("picture", "get-tiny-image", json!({})),
    ];
    let ended = run(api, &nodes).await;
    let output = |id: &str| node(&ended, id)["output_data"].clone();
    assert_eq!(output("sum"), json!({ "text": "The sum of 2 and 3 is 5." }), "{ended}");
    let weather = output("weather");
    assert_eq!((&weather["temperature"], &weather["conditions"]), (&json!(33), &json!("Cloudy")));
    let picture = output("picture");
    assert_eq!(picture["text"], "Here's the image you requested:\nThe image above is the MCP logo.");
    assert_eq!(picture["content"][0]["mimeType"], "image/png");

    let long = call("node", "trigger-long-running-operation", json!({ "duration": 60, "steps": 2 }));
    let failing = [
        (call("node", "get-sum", json!({ "a": "two", "b": 3 })), "validation"),
        (
            call("node", "gzip-file-as-resource", json!({ "name": "x", "data": "http://127.0.0.1:1/" })),
            "tool",
        ),
        (with(long, &json!({ "timeout_seconds": 1 })), "timeout"),
    ];
    for (failing, class) in failing {
        let ended = run(api, &[with(failing, &json!({ "retry": { "enabled": false } }))]).await;
        let attempt = &node(&ended, "node")["attempts"][0];
        assert_eq!(attempt["error_class"], class, "{attempt}");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_left_of_a_local_command_when_the_server_is_killed() {
    let Some(everything) = installed("index.js") else { return };
    let workplace = Workplace::new();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../cli/tests/commands/server.py");
    let settings = format!(
        "[mcp.everything]\ncommand = ['/usr/bin/env', 'PATH={}', 'node', '{}', 'stdio']\n\
         [mcp.stubborn]\ncommand = ['/usr/bin/python3', '{}', 'stubborn']\n",
        std::env::var("PATH").unwrap_or_default(),
        everything.display(),
        script.display()
    );
    std::fs::write(workplace.path().join("steadflow.toml"), settings).expect("the folder can be written to");
    let mut server = Setup::new(&workplace).start().await;
    let api = server.api();
    let agent = async |command: &str, skill: &str| {
        let agent = json!({ "name": command, "agent_type": "mcp", "config": { "command": command }, "skills": [skill] });
        api.post("agents", &agent).await.expect(201)["id"].as_str().expect("an id").to_owned()
    };
    let (everything, stubborn) = (agent("everything", "get-sum").await, agent("stubborn", "fork").await);
    let skills = accepted(api, &everything).await;

    let sum = json!({ "id": "sum", "type": "agent", "agent_id": everything, "skill": "get-sum", "input": { "a": 2, "b": 3 } });
    let fork = json!({ "id": "fork", "type": "agent", "agent_id": stubborn, "skill": "fork" });
    let ended = run(api, &[sum, fork]).await;

    assert!(skills.len() > 10, "{skills:?}");
    assert_eq!(node(&ended, "sum")["output_data"], json!({ "text": "The sum of 2 and 3 is 5." }), "{ended}");
    let pids = node(&ended, "fork")["output_data"].as_array().cloned().unwrap_or_default();
    assert_eq!(pids.len(), 3, "{ended}");
    let supervisors = children_of(u64::from(std::process::id())).into_iter().flat_map(children_of);
    let servers = supervisors.flat_map(|pid| [vec![pid], children_of(pid)].concat());
    let all: BTreeSet<u64> = pids.iter().filter_map(Value::as_u64).chain(servers).collect();
    // Two supervisors, two servers, and what one of them has started.
    assert!(all.len() >= 6 && all.iter().all(|pid| is_there(*pid)), "{all:?}");

    server.kill();

    for pid in all {
        eventually("the end of what the server has started", SOON, async || (!is_there(pid)).then_some(()))
            .await;
    }
}

/// Returns whether a process has not ended. It may not be reaped, since not every container has an init that does.
fn is_there(pid: u64) -> bool {
    fields_of(pid).is_some_and(|fields| !matches!(&*fields[0], "Z" | "X"))
}

/// Returns the processes that a process has started.
fn children_of(parent: u64) -> Vec<u64> {
    let all = std::fs::read_dir("/proc").expect("there is /proc").flatten();
    let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| fields_of(*pid).is_some_and(|fields| fields[1] == parent.to_string())).collect()
}

/// Returns what the kernel says of a process, from its state on.
fn fields_of(pid: u64) -> Option<Vec<String>> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(") ")?;
    Some(fields.split(' ').map(str::to_owned).collect())
}

async fn run(api: &Api, nodes: &[Value]) -> Value {
    let id = api.create_flow(&flow("Tools", nodes, &[])).await;
    let execution = api.start(&id, json!({ "a": 2 })).await;
    api.finished(&execution, SOON).await
}

/// Accepts all tools that the server has, as skills of the agent.
async fn accepted(api: &Api, agent: &str) -> Vec<Value> {
    let listed = api.post(&format!("agents/{agent}/tools"), &json!({})).await.expect(200);
    assert_eq!(listed["missing"], json!([]));
    let tools = listed["tools"].as_array().expect("a list of tools");
    assert!(tools.iter().all(|tool| tool["is_changed"] == false), "{listed}");
    let skill = |tool: &Value| {
        let keys = ["name", "description", "input_schema", "hash"];
        keys.into_iter().map(|key| (key.to_owned(), tool[key].clone())).collect::<Value>()
    };
    let skills: Vec<Value> = tools.iter().map(skill).collect();
    let document = json!({ "skills": skills });
    let changed = api.call(Method::PATCH, &format!("agents/{agent}"), &[], Some(&document)).await;
    changed.expect("the server answers").expect(200);
    skills
}
