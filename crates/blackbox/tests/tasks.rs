//! Calls that an MCP server does as tasks, over `kill -9` at each boundary: the tool is called again only where nobody has seen
//! the answer that named the task.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::{Value, json};
use steadflow_blackbox::{Api, Server, Setup, Workplace, eventually, flow, node, with};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const SOON: Duration = Duration::from_secs(60);

/// A server of MCP 2026-07-28 that does each call as a task, one for each idempotency key that it sees.
#[derive(Clone, Default)]
struct Tasks(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// The method whose next request is held until its caller goes, and whether that has come.
    held: Option<(&'static str, bool)>,
    /// Whether tasks have ended.
    are_done: bool,
    /// Whether tasks ask for input before they end.
    asks: bool,
    /// What was answered, by task.
    answers: BTreeMap<String, Vec<Value>>,
    /// The keys of all calls, in the order of their arrival.
    calls: Vec<String>,
    /// How often each method was asked about each task.
    asked: BTreeMap<(String, String), usize>,
}

impl Tasks {
    async fn start() -> (Self, SocketAddr) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("loopback has free ports");
        let address = listener.local_addr().expect("a bound socket has an address");
        let tasks = Self::default();
        let shared = tasks.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(shared.clone().serve(stream));
            }
        });
        (tasks, address)
    }

    async fn serve(self, mut stream: TcpStream) {
        let Some((key, body)) = read_request(&mut stream).await else { return };
        let method = body["method"].as_str().unwrap_or_default().to_owned();
        let answer = self.answer(&method, key, &body["params"]);
        let is_held = {
            let mut state = self.0.lock();
            state
                .held
                .as_mut()
                .filter(|(held, _)| *held == method)
                .is_some_and(|held| !std::mem::replace(&mut held.1, true))
        };
        if is_held {
            while matches!(stream.read(&mut [0; 1024]).await, Ok(1..)) {}
            return;
        }
        let text = json!({ "jsonrpc": "2.0", "id": body["id"], "result": answer }).to_string();
        let head =
            format!("content-type: application/json\r\ncontent-length: {}\r\nconnection: close", text.len());
        // A caller that was killed does not read it.
        let _ = stream.write_all(format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n{text}").as_bytes()).await;
    }

    fn answer(&self, method: &str, key: String, params: &Value) -> Value {
        let mut state = self.0.lock();
        let task = &params["taskId"];
        if let Some(task) = task.as_str() {
            *state.asked.entry((method.to_owned(), task.to_owned())).or_default() += 1;
        }
        let said = |kind: &str, id: &str, status: &str| json!({ "resultType": kind, "taskId": id, "status": status, "pollIntervalMs": 1_000, "ttlMs": null });
        match method {
            "server/discover" => json!({ "resultType": "complete", "supportedVersions": ["2026-07-28"] }),
            "tools/call" => {
                state.calls.push(key.clone());
                said("task", &format!("task of {key}"), "working")
            }
            "tasks/get" if state.asks && !state.answers.contains_key(task.as_str().unwrap_or_default()) => {
                let form = json!({ "type": "object", "required": ["count"],
                    "properties": { "count": { "type": "integer", "title": "How many", "minimum": 1 } } });
                let request = json!({ "method": "elicitation/create",
                    "params": { "mode": "form", "message": "How many?", "requestedSchema": form } });
                let more = json!({ "inputRequests": { "how-many": request } });
                with(said("complete", task.as_str().unwrap_or_default(), "input_required"), &more)
            }
            "tasks/update" => {
                let task = task.as_str().unwrap_or_default().to_owned();
                state.answers.entry(task).or_default().push(params["inputResponses"].clone());
                json!({ "resultType": "complete" })
            }
            "tasks/get" if state.are_done => {
                let result = json!({ "result": { "content": [{ "type": "text", "text": "found" }] } });
                with(said("complete", task.as_str().unwrap_or_default(), "completed"), &result)
            }
            "tasks/get" => said("complete", task.as_str().unwrap_or_default(), "working"),
            _ => json!({ "resultType": "complete" }),
        }
    }

    fn hold(&self, method: &'static str) {
        self.0.lock().held = Some((method, false));
    }

    async fn has_come(&self) {
        let has_come = || self.0.lock().held.is_some_and(|(_, has_come)| has_come);
        eventually("the request comes that is held", SOON, async || has_come().then_some(())).await;
    }

    /// What was answered to the task of an execution.
    fn answers_of(&self, execution: &str) -> Vec<Value> {
        let state = self.0.lock();
        let of = state.answers.iter().filter(|(task, _)| task.contains(execution));
        of.flat_map(|(_, answers)| answers.clone()).collect()
    }

    fn set_done(&self, are_done: bool) {
        self.0.lock().are_done = are_done;
    }

    /// How often the tool was called by an execution.
    fn calls_of(&self, execution: &str) -> usize {
        self.0.lock().calls.iter().filter(|key| key.contains(execution)).count()
    }

    /// Waits until the server was asked so about the task of an execution, more often than `known` times.
    async fn is_asked(&self, method: &str, execution: &str, known: usize) {
        let count = || self.asked(method, execution);
        eventually("the server is asked about the task", SOON, async || (count() > known).then_some(()))
            .await;
    }

    fn asked(&self, method: &str, execution: &str) -> usize {
        let state = self.0.lock();
        let is_it = |(asked, task): &(String, String)| asked == method && task.contains(execution);
        state.asked.iter().filter(|(key, _)| is_it(key)).map(|(_, count)| count).sum()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tool_that_is_a_task_is_called_once_over_kill_9() {
    let (workplace, (tasks, address)) = (Workplace::new(), Tasks::start().await);
    let mut server = Setup::new(&workplace).start().await;
    let agent = json!({ "name": "Digger", "agent_type": "mcp", "skills": ["dig"],
                        "config": { "url": format!("http://{address}/mcp") } });
    let agent = server.api().post("agents", &agent).await.expect(201)["id"].clone();
    let dig =
        json!({ "id": "dig", "type": "action", "action": "mcp_tool", "agent_id": agent, "tool": "dig" });
    let flow = server.api().create_flow(&flow("Digs", &[dig], &[])).await;

    // Nobody has seen which task it is: the tool is called again, with the same key.
    tasks.hold("tools/call");
    let unseen = server.api().start(&flow, json!({})).await;
    tasks.has_come().await;
    kill(&mut server).await;
    tasks.is_asked("tasks/get", &unseen, 0).await;
    assert_eq!(tasks.calls_of(&unseen), 2);

    // Each kill from then on only lets the server be asked again.
    let known = tasks.asked("tasks/get", &unseen);
    kill(&mut server).await;
    tasks.is_asked("tasks/get", &unseen, known).await;
    let stored = server.api().start(&flow, json!({})).await;
    is_task(server.api(), &stored).await;
    kill(&mut server).await;
    tasks.hold("tasks/get");
    tasks.has_come().await;
    kill(&mut server).await;
    tasks.set_done(true);
    for id in [&unseen, &stored] {
        let ended = server.api().finished(id, SOON).await;
        assert_eq!(
            (&ended["status"], &node(&ended, "dig")["output_data"]),
            (&json!("completed"), &json!({ "text": "found" }))
        );
        assert!(journal(server.api(), id).await.iter().any(|event| event["type"] == "task_ended"));
    }
    assert_eq!((tasks.calls_of(&unseen), tasks.calls_of(&stored)), (2, 1));

    // The server has said what became of the task, and nobody has stored it.
    let heard = server.api().start(&flow, json!({})).await;
    tasks.is_asked("tasks/get", &heard, 0).await;
    kill(&mut server).await;
    assert_eq!(server.api().finished(&heard, SOON).await["status"], "completed");
    assert_eq!((tasks.calls_of(&heard), tasks.asked("tasks/cancel", &heard)), (1, 0));

    // A cancel reaches the server, and so does the end of an attempt's time.
    tasks.set_done(false);
    let cancelled = server.api().start(&flow, json!({})).await;
    is_task(server.api(), &cancelled).await;
    server.api().post(&format!("executions/{cancelled}/cancel"), &json!({})).await.expect(200);
    tasks.is_asked("tasks/cancel", &cancelled, 0).await;
    let dig = json!({ "id": "dig", "type": "agent", "agent_id": agent, "skill": "dig", "timeout_seconds": 2,
                      "retry": { "enabled": false } });
    let hasty = server.api().create_flow(&steadflow_blackbox::flow("Digs fast", &[dig], &[])).await;
    let late = server.api().start(&hasty, json!({})).await;
    tasks.is_asked("tasks/cancel", &late, 0).await;
    let ended = server.api().finished(&late, SOON).await;
    assert_eq!(node(&ended, "dig")["error_class"], "timeout", "{ended}");
    assert_eq!((tasks.calls_of(&cancelled), tasks.calls_of(&late)), (1, 1));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_that_asks_for_input_gets_the_answer_of_a_person_over_kill_9() {
    let (workplace, (tasks, address)) = (Workplace::new(), Tasks::start().await);
    tasks.0.lock().asks = true;
    tasks.set_done(true);
    let mut server = Setup::new(&workplace).start().await;
    let agent = json!({ "name": "Digger", "agent_type": "mcp", "skills": ["dig"],
                        "config": { "url": format!("http://{address}/mcp") } });
    let agent = server.api().post("agents", &agent).await.expect(201)["id"].clone();
    let dig = json!({ "id": "dig", "type": "action", "action": "mcp_tool", "agent_id": agent, "tool": "dig",
                      "timeout_seconds": 60, "retry": { "enabled": false } });
    let flow = server.api().create_flow(&flow("Digs", &[dig], &[])).await;
    let id = server.api().start(&flow, json!({})).await;
    let waiting = is_asked(server.api(), &id).await;
    assert_eq!(
        (&waiting["tool"], &waiting["agent_name"], &waiting["subject"]),
        (&json!("dig"), &json!("Digger"), &json!("input"))
    );
    assert_eq!(waiting["arguments"]["form"]["properties"]["count"]["title"], "How many");

    // The wait outlives the process, and nobody asks the server meanwhile.
    let asked = tasks.asked("tasks/get", &id);
    kill(&mut server).await;
    let waiting = is_asked(server.api(), &id).await;
    let execution = server.api().get(&format!("executions/{id}")).await.expect(200);
    assert_eq!((&execution["waiting_for"], &execution["status"]), (&json!("approval"), &json!("running")));
    assert_eq!(tasks.asked("tasks/get", &id), asked);
    let path = format!("approvals/{}", waiting["id"].as_str().expect("an id").replace(':', "%3A"));
    let said = |decision: &str, content: Value| {
        let mut said = json!({ "decision": decision, "arguments_hash": waiting["arguments_hash"] });
        if !content.is_null() {
            said["form"] = content;
        }
        said
    };
    for content in [
        json!({}),
        json!({ "count": 0 }),
        json!({ "count": "two" }),
        json!({ "count": 1, "more": 1 }),
        json!([]),
    ] {
        let refused = server.api().post(&path, &said("approved", content.clone())).await;
        assert!(refused.expect(400)["errors"].is_array() || content == json!([]), "{content}");
    }

    // The answer is stored, and the server may have it or not when the process dies: it gets it, and that is no fault.
    tasks.hold("tasks/update");
    server.api().post(&path, &said("approved", json!({ "count": 2 }))).await.expect(200);
    tasks.has_come().await;
    kill(&mut server).await;
    server.api().post(&path, &said("rejected", Value::Null)).await.expect(409);
    let ended = server.api().finished(&id, SOON).await;
    assert_eq!(
        (&ended["status"], &node(&ended, "dig")["output_data"]),
        (&json!("completed"), &json!({ "text": "found" }))
    );
    let answer = json!({ "how-many": { "action": "accept", "content": { "count": 2 } } });
    assert!(tasks.answers_of(&id).iter().all(|sent| *sent == answer), "{:?}", tasks.answers_of(&id));
    assert_eq!((tasks.calls_of(&id), node(&ended, "dig")["error_class"].is_null()), (1, true));
    server.stop().await;
}

/// Waits until an execution asks a person for input.
async fn is_asked(api: &Api, execution: &str) -> Value {
    eventually("a person is asked", SOON, async || {
        let all = api.get("approvals").await.expect(200);
        let all = all.as_array().cloned().unwrap_or_default();
        all.into_iter().find(|approval| approval["execution_id"] == execution)
    })
    .await
}

async fn kill(server: &mut Server) {
    server.kill();
    server.restart().await;
}

async fn journal(api: &Api, execution: &str) -> Vec<Value> {
    let journal = api.get(&format!("executions/{execution}/journal?limit=1000")).await.expect(200);
    journal.as_array().expect("a list").clone()
}

/// Waits until it is stored that a server does the call as a task.
async fn is_task(api: &Api, execution: &str) {
    eventually("the task is stored", SOON, async || {
        journal(api, execution).await.iter().any(|event| event["type"] == "task_started").then_some(())
    })
    .await;
}

/// Reads a request: its idempotency key and its body.
async fn read_request(stream: &mut TcpStream) -> Option<(String, Value)> {
    let mut received = Vec::new();
    loop {
        if stream.read_buf(&mut received).await.ok()? == 0 {
            return None;
        }
        let text = String::from_utf8_lossy(&received).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let header = |name: &str| {
            head.lines().find_map(|line| {
                let (key, value) = line.split_once(':')?;
                key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
            })
        };
        let length = header("content-length").map_or(Some(0), |length| length.parse::<usize>().ok())?;
        if body.len() >= length {
            return Some((
                header("idempotency-key").unwrap_or_default(),
                serde_json::from_str(body).unwrap_or_default(),
            ));
        }
    }
}
