//! `mcp` agents: calls that a server does as a task. The clock is that of the test, and a server on loopback takes none of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use steadflow_core::agent::Agent;
use steadflow_core::approval::Verdict;
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::ids::{AgentId, StepKey};
use steadflow_core::input_request::{Dialog, InputAnswer};
use steadflow_core::remote_task::RemoteTask;
use steadflow_core::work::{Outcome, Task, Work};
use steadflow_nodes::{Nodes, NodesConfig};
use tokio::time::Instant;
use uuid::Uuid;

use crate::mcp::Two;
use crate::mcp_server::{Asked, Reply, Server, error, result};
use crate::models::answer;
use crate::support::{CANARY, config, nodes_with_agent, result as outcome, skill_work};

/// What a server says of a task.
fn task(asked: &Asked, status: &str, more: &Value) -> Reply {
    let kind = if asked.method() == "tools/call" { "task" } else { "complete" };
    let mut said = json!({ "resultType": kind, "taskId": "t-1", "status": status, "ttlMs": null,
        "createdAt": "2026-11-29T07:00:00Z", "lastUpdatedAt": "2026-11-29T07:00:00Z", "pollIntervalMs": 2_000 });
    said.as_object_mut().unwrap().extend(more.as_object().cloned().into_iter().flatten());
    result(asked, &said)
}

/// A request for a person.
fn form(message: &str) -> Value {
    let schema =
        json!({ "type": "object", "properties": { "sure": { "type": "boolean" } }, "required": ["sure"] });
    json!({ "method": "elicitation/create", "params": { "mode": "form", "message": message, "requestedSchema": schema } })
}

fn texts(text: &str) -> Value {
    json!({ "result": { "content": [{ "type": "text", "text": text }], "isError": false } })
}

/// Starts a server that does each call as a task, and answers questions about it as `reply` says, by their number.
async fn with_task(reply: impl Fn(&Asked, usize) -> Reply + Send + Sync + 'static) -> Server {
    Server::modern(move |asked, number| match asked.method() {
        "tools/call" => task(asked, "working", &json!({})),
        _ => reply(asked, number),
    })
    .await
}

fn nodes_of(server: &Server) -> Nodes {
    nodes_with_agent(&server.agent(&json!(["look"])))
}

/// Calls the tool, and returns what is left to do.
async fn begin(nodes: &Nodes) -> Work {
    let outcome = nodes.perform(skill_work("look", &json!({ "id": 7 }))).await;
    outcome.result.expect("the server has begun the task");
    *outcome.goes_on.expect("the task is waited for")
}

/// Calls the tool of a server, and waits for its task.
async fn wait(server: &Server) -> Outcome {
    let nodes = nodes_of(server);
    let work = begin(&nodes).await;
    nodes.perform(work).await
}

fn count(server: &Server, method: &str) -> usize {
    server.methods().iter().filter(|asked| *asked == method).count()
}

#[tokio::test(start_paused = true)]
async fn a_task_is_asked_for_until_it_has_a_result_and_the_tool_is_called_once() {
    let server = with_task(|asked, number| match number {
        1 => task(asked, "working", &json!({ "pollIntervalMs": 30_000 })),
        2 => task(asked, "working", &json!({ "pollIntervalMs": null })),
        _ => task(asked, "completed", &texts("fine")),
    })
    .await;
    let nodes = nodes_of(&server);

    let work = begin(&nodes).await;
    let began = Instant::now();
    let remote_task = work.remote_task.clone().unwrap();
    // As after a crash: nothing is remembered but what was stored.
    let ended = outcome(nodes_of(&server).perform(work).await);

    assert_eq!((&*remote_task.id, remote_task.poll_ms), ("t-1", 2_000));
    assert_eq!(ended.unwrap(), json!({ "text": "fine" }));
    assert_eq!(server.methods(), ["server/discover", "tools/call", "tasks/get", "tasks/get", "tasks/get"]);
    let waited = began.elapsed().as_secs_f64();
    assert!((34.0..40.0).contains(&waited), "{waited}");
    let asked = &server.asked()[2];
    assert_eq!(asked.body["params"]["taskId"], "t-1");
    let extensions =
        &asked.body["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"]["extensions"];
    assert_eq!(*extensions, json!({ "io.modelcontextprotocol/tasks": {} }));
    let capabilities = &asked.body["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"];
    assert_eq!(capabilities["elicitation"], json!({ "form": {} }));
    for (name, value) in [
        ("mcp-method", Some("tasks/get")),
        ("mcp-name", Some("t-1")),
        ("mcp-protocol-version", Some("2026-07-28")),
        ("authorization", Some("Bearer sk-4711-key")),
        ("idempotency-key", None),
    ] {
        assert_eq!(asked.header(name), value, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_ends_a_task_is_what_the_call_comes_to() {
    let failed =
        json!({ "error": { "code": -32603, "message": "oh no" }, "statusMessage": "The disk is full" });
    let is_error =
        json!({ "result": { "isError": true, "content": [{ "type": "text", "text": "no such vendor" }] } });
    for (status, more, class, said) in [
        ("failed", failed, ErrorClass::Unavailable, "-32603: oh no. It says: The disk is full"),
        (
            "failed",
            json!({ "error": { "code": -32602 } }),
            ErrorClass::Rejected,
            "The task of the tool `look` failed",
        ),
        ("failed", json!({}), ErrorClass::Rejected, "says that the call failed"),
        (
            "cancelled",
            json!({ "statusMessage": "by Ann" }),
            ErrorClass::Rejected,
            "cancelled the task of the tool `look`. It says: by Ann",
        ),
        ("completed", is_error, ErrorClass::Tool, "reported an error: no such vendor"),
        ("completed", json!({ "result": 5 }), ErrorClass::Rejected, "it is not an object"),
        (
            "completed",
            json!({ "result": { "resultType": "task" } }),
            ErrorClass::Rejected,
            "returned `resultType`",
        ),
    ] {
        let server = with_task(move |asked, _| task(asked, status, &more)).await;

        let Outcome { result, goes_on, .. } = wait(&server).await;

        let failure = result.expect_err(said);
        assert_eq!((failure.class, goes_on.is_some()), (class, false), "{}", failure.message);
        assert!(failure.message.contains(said), "{}", failure.message);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_understood_is_named_and_does_not_end_the_task() {
    for (status, more, said) in [
        ("paused", json!({}), "is \"paused\", which is not understood"),
        ("", json!({ "status": 5 }), "is 5, which is not understood"),
        ("completed", json!({}), "gives no result"),
        ("working", json!({ "taskId": "t-2" }), "answered with another"),
        ("input_required", json!({ "inputRequests": {} }), "does not say for what"),
        ("input_required", json!({}), "does not say for what"),
        (
            "input_required",
            json!({ "inputRequests": { "a": { "method": "sampling/createMessage", "params": {} } } }),
            "asks for `sampling/createMessage`, which is not served",
        ),
        (
            "input_required",
            json!({ "inputRequests": { "a": { "method": "roots/list" }, "b": form("b") } }),
            "asks for `roots/list`",
        ),
        (
            "input_required",
            json!({ "inputRequests": { "a": { "method": "elicitation/create", "params": { "mode": "url", "url": "https://x.test", "message": "Go" } } } }),
            "mode `url`: only forms",
        ),
        (
            "input_required",
            json!({ "inputRequests": { "a": { "method": "elicitation/create", "params": { "requestedSchema": {} } } } }),
            "without a `message`",
        ),
        (
            "input_required",
            json!({ "inputRequests": { "a": { "method": "elicitation/create", "params": { "message": "x", "requestedSchema": { "$ref": "#" } } } } }),
            "is not understood: its schema is not one of an object",
        ),
        (
            "input_required",
            json!({ "inputRequests": { "a": { "method": "elicitation/create", "params": { "message": "x".repeat(70_000), "requestedSchema": { "type": "object", "properties": {} } } } } }),
            "65536 are allowed",
        ),
        ("input_required", json!({ "inputRequests": { "k".repeat(257): form("a") } }), "with 257 bytes"),
        (
            "input_required",
            json!({ "inputRequests": (0..17).map(|n| (n.to_string(), form("a"))).collect::<serde_json::Map<_, _>>() }),
            "asks 17 questions: 16 are allowed",
        ),
    ] {
        let server = with_task(move |asked, _| task(asked, status, &more)).await;

        let Outcome { result, goes_on, .. } = wait(&server).await;

        let failure = result.expect_err(said);
        assert_eq!((failure.class, goes_on.is_some()), (ErrorClass::Rejected, true), "{}", failure.message);
        assert!(failure.message.contains(said), "{}", failure.message);
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_that_the_server_does_not_know_any_more_has_ended() {
    for status in ["200 OK", "400 Bad Request", "404 Not Found"] {
        let server = with_task(move |asked, _| {
            Reply::Bytes(error(status, &asked.body["id"], -32602, "Task not found"))
        })
        .await;

        let Outcome { result, goes_on, .. } = wait(&server).await;

        let failure = result.unwrap_err();
        assert_eq!((failure.class, goes_on.is_some()), (ErrorClass::Connection, false), "{failure:?}");
        assert!(failure.message.contains("does not know the task any more"), "{}", failure.message);
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_fails_for_a_while_is_asked_again() {
    let server = with_task(|asked, number| match number {
        1 => Reply::Bytes(answer("404 Not Found", "X: y", "")),
        2 => Reply::Bytes(answer("500 Internal Server Error", "X: y", "")),
        3 => Reply::Bytes(answer("429 Too Many Requests", "Retry-After: 40", "")),
        4 => Reply::Bytes(error("200 OK", &asked.body["id"], -32603, "oh no")),
        5 => Reply::Bytes(Vec::new()),
        _ => task(asked, "completed", &texts("fine")),
    })
    .await;

    let output = outcome(wait(&server).await);

    assert_eq!(output.unwrap(), json!({ "text": "fine" }));
    assert_eq!((count(&server, "tasks/get"), count(&server, "tools/call")), (6, 1));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_how_long_to_leave_it_alone_is_left_alone_so_long() {
    let server = with_task(|asked, number| match number {
        1 | 2 => Reply::Bytes(answer("429 Too Many Requests", "Retry-After: 7200", "")),
        _ => task(asked, "completed", &texts("fine")),
    })
    .await;
    let nodes = nodes_of(&server);
    let work = begin(&nodes).await;
    let began = Instant::now();

    let output = outcome(nodes.perform(work).await);

    assert_eq!(output.unwrap(), json!({ "text": "fine" }));
    assert_eq!(count(&server, "tasks/get"), 3);
    let waited = began.elapsed().as_secs();
    assert!((14_400..14_460).contains(&waited), "{waited}");
}

#[tokio::test(start_paused = true)]
async fn a_server_does_not_say_the_id_of_a_task_in_a_failure() {
    let server = with_task(|asked, _| {
        let error = json!({ "code": -32603, "message": "job-4711-abcd broke", "data": "JOB-4711-ABCD" });
        let more = json!({ "taskId": "job-4711-abcd", "error": error, "statusMessage": "see job-4711-abcd" });
        task(asked, "failed", &more)
    });
    let server = server.await;
    let nodes = nodes_of(&server);
    let work = begin(&nodes).await;
    let known = work.remote_task.clone().unwrap();
    let renamed = Arc::new(RemoteTask { id: "job-4711-abcd".into(), ..(*known).clone() });

    let Outcome { result, .. } = nodes.perform(Work { remote_task: Some(renamed), ..work }).await;

    let failure = result.unwrap_err();
    assert!(failure.message.contains("broke"), "{}", failure.message);
    assert!(!format!("{failure:?}").to_lowercase().contains("4711"), "{failure:?}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stays_silent_fails_the_attempt_and_not_the_task() {
    let server = with_task(|_, _| Reply::Bytes(answer("503 Service Unavailable", "X: y", ""))).await;
    let nodes = nodes_of(&server);
    let work = begin(&nodes).await;
    let began = Instant::now();

    let Outcome { result, goes_on, .. } = nodes.perform(work).await;

    assert_eq!((result.unwrap_err().class, goes_on.is_some()), (ErrorClass::Unavailable, true));
    let waited = began.elapsed().as_secs();
    assert!((300..400).contains(&waited), "{waited}");
}

#[tokio::test(start_paused = true)]
async fn what_waiting_does_not_mend_fails_the_attempt_at_once_and_not_the_task() {
    for (status, code) in [("401 Unauthorized", None), ("403 Forbidden", None), ("200 OK", Some(-32601))] {
        let server = with_task(move |asked, _| match code {
            Some(code) => Reply::Bytes(error(status, &asked.body["id"], code, "no")),
            None => Reply::Bytes(answer(status, "X: y", "")),
        })
        .await;

        let Outcome { result, goes_on, .. } = wait(&server).await;

        assert_eq!((result.unwrap_err().class, goes_on.is_some()), (ErrorClass::Rejected, true), "{status}");
        assert_eq!(count(&server, "tasks/get"), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_without_an_end_is_left_after_a_day() {
    let server = with_task(|asked, _| task(asked, "working", &json!({ "pollIntervalMs": 1e300 }))).await;
    let nodes = nodes_of(&server);
    let work = begin(&nodes).await;
    let began = Instant::now();

    let Outcome { result, goes_on, .. } = nodes.perform(work).await;

    let failure = result.unwrap_err();
    assert_eq!((failure.class, goes_on.is_some()), (ErrorClass::Timeout, true), "{}", failure.message);
    assert_eq!(began.elapsed().as_secs() / 3_600, 24);
    let asked = count(&server, "tasks/get");
    assert!((1_300..=1_440).contains(&asked), "once a minute at most: {asked}");
}

#[tokio::test(start_paused = true)]
async fn servers_are_left_alone_as_long_as_they_want_within_bounds() {
    for (interval, poll_ms) in [
        (json!(0), 1_000),
        (json!(-5), 1_000),
        (json!(1), 1_000),
        (json!(1_500.5), 1_500),
        (json!(1e300), 60_000),
        (json!("soon"), 5_000),
        (json!(null), 5_000),
        (json!({}), 5_000),
    ] {
        let more = json!({ "pollIntervalMs": interval });
        let server = Server::modern(move |asked, _| task(asked, "working", &more)).await;

        let work = begin(&nodes_of(&server)).await;

        assert_eq!(work.remote_task.unwrap().poll_ms, poll_ms, "{interval}");
    }
}

#[tokio::test(start_paused = true)]
async fn tasks_that_cannot_be_asked_for_are_refused_by_name() {
    for (id, said) in [
        (json!("x".repeat(1_025)), "a task whose ID has 1025 bytes: 1024 are allowed"),
        (json!("x".repeat(1_000_000)), "a task whose ID has 1000000 bytes: 1024 are allowed"),
        (json!(""), "gives it no ID"),
        (json!(7), "gives it no ID"),
        (json!(null), "gives it no ID"),
        (json!("of sk-4711-key"), "a task whose ID holds a secret"),
    ] {
        let more = json!({ "taskId": id });
        let server = Server::modern(move |asked, _| task(asked, "working", &more)).await;

        let Outcome { result, goes_on, .. } = nodes_of(&server).perform(skill_work("look", &json!({}))).await;

        let failure = result.expect_err(said);
        assert_eq!((failure.class, goes_on.is_some()), (ErrorClass::Rejected, false));
        assert!(failure.message.contains(said), "{}", failure.message);
    }
}

#[tokio::test(start_paused = true)]
async fn an_id_of_any_characters_is_asked_for_and_a_secret_of_the_input_is_masked_in_the_result() {
    let id = "tâche 7\n=?base64?";
    let server = Server::modern(move |asked, _| match asked.method() {
        "tools/call" => task(asked, "working", &json!({ "taskId": id })),
        _ => {
            let more = json!({ "taskId": id, "result": texts(&format!("It was {CANARY}."))["result"] });
            task(asked, "completed", &more)
        }
    })
    .await;
    let nodes = nodes_of(&server);
    let call = nodes.perform(skill_work("look", &json!({ "key": "${secrets.CANARY}" }))).await;

    let output = outcome(nodes.perform(*call.goes_on.expect("the task is waited for")).await);

    let asked = server.is_asked("tasks/get").await;
    assert_eq!(asked.body["params"]["taskId"], id);
    assert!(asked.header("mcp-name").unwrap().starts_with("=?base64?"), "{}", asked.head);
    assert!(!output.unwrap().to_string().contains("5f1d"));
}

#[tokio::test(start_paused = true)]
async fn a_result_has_to_match_the_output_schema() {
    let server = with_task(|asked, _| task(asked, "completed", &texts("fine"))).await;
    let skills = json!([{ "name": "look", "output_schema": { "type": "object", "required": ["score"] } }]);
    let nodes = nodes_with_agent(&server.agent(&skills));
    let work = begin(&nodes).await;

    let Outcome { result, goes_on, .. } = nodes.perform(work).await;

    let failure = result.unwrap_err();
    assert_eq!((failure.class, goes_on.is_some()), (ErrorClass::ModelOutput, false), "{}", failure.message);
}

#[tokio::test(start_paused = true)]
async fn a_server_is_asked_to_cancel_a_task_and_may_be_silent() {
    for answers in [true, false] {
        let server = with_task(move |asked, _| {
            if answers {
                result(asked, &json!({ "resultType": "complete" }))
            } else {
                Reply::Open(Vec::new())
            }
        })
        .await;
        let nodes = nodes_of(&server);
        let work = begin(&nodes).await;
        let agent_id = AgentId::new(Uuid::from_u128(7));
        let work = Work {
            task: Task::CancelTask { agent_id, version: None },
            step: StepKey::new("cancel"),
            input: steadflow_core::payload::Payload::null(),
            ..work
        };
        let began = Instant::now();

        let outcome = nodes.perform(work).await;

        assert_eq!(outcome.result.is_ok(), answers);
        assert!(began.elapsed() <= Duration::from_secs(11));
        let asked = server.is_asked("tasks/cancel").await;
        assert_eq!(asked.body["params"]["taskId"], "t-1");
        assert_eq!((asked.header("mcp-name"), asked.header("idempotency-key")), (Some("t-1"), None));
    }
}

#[tokio::test(start_paused = true)]
async fn an_earlier_server_does_nothing_as_a_task() {
    let of_today = json!({ "resultType": "task", "taskId": "t-1", "status": "working" });
    let of_then = json!({ "task": { "taskId": "t-1", "status": "working", "ttl": null } });
    for (said, expected) in
        [(of_today, "returned `resultType` as \"task\""), (of_then, "as a task of MCP 2025-11-25")]
    {
        let server = Server::with_session(move |asked, _| result(asked, &said)).await;

        let Outcome { result, goes_on, .. } = nodes_of(&server).perform(skill_work("look", &json!({}))).await;

        let failure: Failure = result.expect_err(expected);
        assert_eq!((failure.class, goes_on.is_some()), (ErrorClass::Rejected, false));
        assert!(failure.message.contains(expected), "{}", failure.message);
    }
}

#[tokio::test(start_paused = true)]
async fn a_tool_of_a_model_is_a_task_like_any_other_call() {
    let server = with_task(|asked, _| task(asked, "completed", &texts("found"))).await;
    let finder = json!({ "name": "Finder", "agent_type": "llm", "config": { "provider": "openai", "model": "m" },
        "skills": [{ "name": "find", "tools": [
            { "name": "look", "type": "skill", "agent_id": Uuid::from_u128(8), "skill": "look" } ] }] });
    let agent = |document: &Value| Arc::new(Agent::parse(document).unwrap());
    let agents = BTreeMap::from([
        (AgentId::new(Uuid::from_u128(7)), agent(&finder)),
        (AgentId::new(Uuid::from_u128(8)), agent(&server.agent(&json!(["look"])))),
    ]);
    let nodes = Nodes::new(NodesConfig { agents: Arc::new(Two(agents)), ..config("127.0.0.1") });
    let nodes = nodes.unwrap();
    let tool = Task::Tool {
        agent_id: AgentId::new(Uuid::from_u128(7)),
        version: None,
        skill: "find".into(),
        tool: "look".into(),
        asked_version: None,
        refusal: None,
    };
    let step = StepKey::new("tool:1:0");
    let work = Work { task: tool, step, ..skill_work("find", &json!({ "id": 7 })) };

    let call = nodes.perform(work.clone()).await;
    let rest = *call.goes_on.expect("the task is waited for");

    assert_eq!((&rest.task, rest.key()), (&work.task, work.key()));
    assert_eq!(rest.remote_task.clone().unwrap().agent, AgentId::new(Uuid::from_u128(8)));
    assert_eq!(outcome(nodes.perform(rest).await).unwrap(), json!({ "text": "found" }));
    assert_eq!(count(&server, "tools/call"), 1);
}

/// The work that goes on with these answers.
fn answered(work: &Work, answers: &[(&str, Verdict)]) -> Work {
    let answers =
        answers.iter().map(|(key, verdict)| InputAnswer { key: (*key).into(), verdict: verdict.clone() });
    Work {
        dialog: Some(Box::new(Dialog { answers: answers.collect(), requests: Vec::new() })),
        ..work.clone()
    }
}

fn yes() -> Verdict {
    Verdict::Approved {
        arguments: Some(steadflow_core::payload::Payload::from_value(&json!({ "sure": true }))),
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_task_asks_for_is_handed_on_and_what_is_answered_is_sent_once() {
    let server = with_task(|asked, number| match (asked.method(), number) {
        ("tasks/update", _) => result(asked, &json!({ "resultType": "complete" })),
        (_, 1) => {
            task(asked, "input_required", &json!({ "inputRequests": { "a": form("t-1 asks for 5f1d") } }))
        }
        // The answer is on its way in the server, and it asks for more.
        (_, 2..=4) => task(asked, "input_required", &json!({ "inputRequests": { "a": form("a") } })),
        (_, 5 | 6) => task(asked, "input_required", &json!({ "inputRequests": { "b": form("b") } })),
        _ => task(asked, "completed", &texts("fine")),
    })
    .await;
    let nodes = nodes_of(&server);
    let work = begin(&nodes).await;

    let Outcome { result, goes_on, .. } = nodes.perform(work.clone()).await;
    let first = goes_on.unwrap().dialog.unwrap().requests.remove(0);
    assert!(result.is_ok());
    assert_eq!((&*first.key, &*first.tool), ("a", "look"));
    let question = first.question.to_value().unwrap();
    assert_eq!(question["form"]["required"], json!(["sure"]));
    assert!(!question.to_string().contains("t-1"), "{question}");
    let began = Instant::now();
    let second = nodes.perform(answered(&work, &[("a", yes())])).await.goes_on.unwrap().dialog.unwrap();
    assert_eq!(second.requests.iter().map(|request| &*request.key).collect::<Vec<_>>(), ["b"]);
    let ended = nodes.perform(answered(&work, &[("a", yes()), ("b", Verdict::Rejected)])).await;

    assert_eq!(outcome(ended).unwrap(), json!({ "text": "fine" }));
    let asked = server.asked();
    let sent: Vec<&Value> = asked
        .iter()
        .filter(|asked| asked.method() == "tasks/update")
        .map(|asked| &asked.body["params"]["inputResponses"])
        .collect();
    let accepted = json!({ "a": { "action": "accept", "content": { "sure": true } } });
    assert_eq!(sent, [&accepted, &json!({ "b": { "action": "decline" } })]);
    assert!(began.elapsed() < Duration::from_secs(15), "an answer does not wait for the next question");
    assert_eq!(
        asked.iter().find(|asked| asked.method() == "tasks/update").unwrap().header("mcp-name"),
        Some("t-1")
    );
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_a_server_refuses_is_no_fault_unless_it_asks_again() {
    for (then, class) in [("completed", None), ("input_required", Some(ErrorClass::Rejected))] {
        let server = with_task(move |asked, number| match (asked.method(), number) {
            ("tasks/update", _) => Reply::Bytes(error("200 OK", &asked.body["id"], -32602, "no such key")),
            (_, 1) => task(asked, "input_required", &json!({ "inputRequests": { "a": form("a") } })),
            _ => {
                let more = json!({ "inputRequests": { "a": form("a") }, "result": texts("fine")["result"] });
                task(asked, then, &more)
            }
        })
        .await;
        let nodes = nodes_of(&server);
        let work = begin(&nodes).await;

        let Outcome { result, goes_on, .. } = nodes.perform(answered(&work, &[("a", yes())])).await;

        assert_eq!(result.err().map(|failure| failure.class), class, "{then}");
        assert_eq!((goes_on.is_some(), count(&server, "tasks/update")), (class.is_some(), 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_that_has_ended_by_itself_needs_no_answer_any_more() {
    let server = with_task(|asked, _| task(asked, "completed", &texts("fine"))).await;
    let nodes = nodes_of(&server);
    let work = begin(&nodes).await;

    let ended = nodes.perform(answered(&work, &[("a", Verdict::Expired)])).await;

    assert_eq!(outcome(ended).unwrap(), json!({ "text": "fine" }));
    assert_eq!(count(&server, "tasks/update"), 0);
}
