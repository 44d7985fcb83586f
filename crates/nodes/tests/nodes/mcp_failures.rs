//! `mcp` agents: servers that fail, and calls that are stopped.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use steadflow_core::agent::Agent;
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_nodes::{EgressTimeouts, Nodes, NodesConfig};

use crate::mcp_server::{Asked, CLOSED, Reply, Server, error, result, stream, text};
use crate::models::answer;
use crate::peers;
use crate::support::{Agents, config, nodes_with_agent, result as outcome, skill_work};

/// A response with its status, headers and body, in which `ID` stands for the number of the request; the class of the failure,
/// and what its message says.
type Case = (&'static str, &'static str, &'static str, ErrorClass, &'static str);

const CASES: [Case; 15] = [
    (
        "200 OK",
        "Content-Type: application/json",
        r#"{"id":ID,"result":{"isError":true,"content":[{"type":"text","text":"no such vendor"}]}}"#,
        ErrorClass::Tool,
        "The tool `look` of 127.0.0.1 reported an error: no such vendor",
    ),
    (
        "200 OK",
        "Content-Type: application/json",
        r#"{"id":ID,"error":{"code":-32602,"message":"Unknown tool"}}"#,
        ErrorClass::Rejected,
        "127.0.0.1 refused `tools/call` with the JSON-RPC error -32602: Unknown tool.",
    ),
    (
        "200 OK",
        "Content-Type: application/json",
        r#"{"id":ID,"error":{"code":-32603,"message":"oh no"}}"#,
        ErrorClass::Unavailable,
        "-32603: oh no.",
    ),
    (
        "400 Bad Request",
        "Content-Type: application/json",
        r#"{"id":null,"error":{"code":-32020,"message":"header"}}"#,
        ErrorClass::Rejected,
        "HTTP 400",
    ),
    ("429 Too Many Requests", "Retry-After: 7", r#""#, ErrorClass::RateLimited, "HTTP 429"),
    ("503 Service Unavailable", "X: y", r#""#, ErrorClass::Unavailable, "HTTP 503"),
    (
        "401 Unauthorized",
        "WWW-Authenticate: Bearer resource_metadata=http://evil.test/",
        r#""#,
        ErrorClass::Rejected,
        "Steadflow asks no authorization server that an MCP server names.",
    ),
    ("202 Accepted", "X: y", r#""#, ErrorClass::Rejected, "did not respond with JSON"),
    (
        "200 OK",
        "Content-Type: text/html",
        r#"<html>Hello</html>"#,
        ErrorClass::Rejected,
        "did not respond with JSON",
    ),
    (
        "200 OK",
        "Content-Type: application/json",
        r#"{"jsonrpc":"2.0"}"#,
        ErrorClass::Rejected,
        "sent no response to the request",
    ),
    (
        "200 OK",
        "Content-Type: application/json",
        r#"{"id":ID,"result":[]}"#,
        ErrorClass::Rejected,
        "it is not an object",
    ),
    (
        "200 OK",
        "Content-Type: application/json",
        r#"{"id":ID,"result":{"resultType":"input_required"}}"#,
        ErrorClass::Rejected,
        "asks for more input",
    ),
    (
        "200 OK",
        "Content-Type: text/event-stream",
        r#": nothing"#,
        ErrorClass::Connection,
        "ended its stream without a response",
    ),
    (
        "200 OK",
        "Content-Type: text/event-stream",
        r#"data: {"id":"#,
        ErrorClass::Rejected,
        "did not respond with JSON",
    ),
    (
        "200 OK",
        "Content-Type: text/event-stream\r\nContent-Encoding: gzip",
        r#"x"#,
        ErrorClass::Rejected,
        "sent a compressed stream",
    ),
];

#[tokio::test]
async fn each_way_to_fail_has_its_class() {
    for (status, headers, body, class, said) in CASES {
        let reply = move |asked: &Asked, _: usize| {
            let body = body.replace("ID", &asked.body["id"].to_string());
            Reply::Bytes(answer(status, headers, &body))
        };
        for server in [Server::modern(reply).await, Server::with_session(reply).await] {
            let failure = look(&server).await.unwrap_err();

            assert_eq!(failure.class, class, "{}", failure.message);
            let message = failure.message.replace(&server.address.to_string(), "127.0.0.1");
            assert!(message.contains(said), "{message}");
        }
    }
}

#[tokio::test]
async fn a_call_that_fails_after_the_server_asked_back_says_for_what() {
    for method in ["sampling/createMessage", "elicitation/create"] {
        let reply = move |asked: &Asked, _: usize| match asked.method() {
            "tools/call" => Reply::Open(stream(&[
                json!({ "jsonrpc": "2.0", "id": "a", "method": method, "params": { "message": "Which one?" } }),
                json!({ "id": asked.body["id"], "error": { "code": -32603, "message": "Internal error" } }),
            ])),
            _ => Reply::Bytes(answer("202 Accepted", "X: y", "")),
        };
        for server in [Server::modern(reply).await, Server::with_session(reply).await] {
            let failure = look(&server).await.unwrap_err();

            assert_eq!(failure.class, ErrorClass::Unavailable);
            let said =
                format!("Internal error. It had asked for `{method}` in the middle of the call, which");
            assert!(failure.message.contains(&said), "{}", failure.message);
        }
    }
}

#[tokio::test]
async fn a_server_that_names_an_authorization_server_gets_no_secret_sent_elsewhere() {
    let elsewhere = Server::start(|_, _| Reply::Bytes(answer("200 OK", "X: y", "{}"))).await;
    let address = elsewhere.address;
    let reply = move |_: &Asked, _: usize| {
        let header = format!(
            "WWW-Authenticate: Bearer error=\"invalid_token\", resource_metadata=\"http://{address}/.well-known/oauth-protected-resource\""
        );
        Reply::Bytes(answer(
            "401 Unauthorized",
            &header,
            &format!(r#"{{"authorization_servers":["http://{address}"]}}"#),
        ))
    };
    for server in [Server::modern(reply).await, Server::with_session(reply).await, Server::start(reply).await]
    {
        let failure = look(&server).await.unwrap_err();

        assert_eq!((failure.class, failure.status), (ErrorClass::Rejected, Some(401)));
        let said = "Give the agent an `api_key`, such as an OAuth2 secret: Steadflow asks no authorization server that an MCP server names.";
        assert!(failure.message.contains(said), "{}", failure.message);
        assert!(!failure.message.contains("sk-4711-key"), "{}", failure.message);
    }
    assert!(elsewhere.asked().is_empty(), "{:?}", elsewhere.asked());
}

#[tokio::test]
async fn a_response_that_breaks_off_is_a_broken_connection() {
    let server =
        Server::modern(|_, _| Reply::Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{".to_vec())).await;

    let failure = look(&server).await.unwrap_err();

    assert_eq!(failure.class, ErrorClass::Connection);
    assert!(failure.message.contains("incomplete"), "{}", failure.message);
}

#[tokio::test]
async fn a_lost_session_is_begun_again_once() {
    let gone = || Reply::Bytes(answer("404 Not Found", "X: y", ""));
    let once =
        Server::with_session(move |asked, number| if number == 1 { gone() } else { text(asked, "fine") })
            .await;
    let again = Server::with_session(move |_, _| gone()).await;

    let found = look(&once).await;
    let lost = look(&again).await.unwrap_err();

    assert_eq!(found.unwrap(), json!({ "text": "fine" }));
    assert_eq!((lost.class, lost.status), (ErrorClass::Rejected, Some(404)));
    let calls: Vec<Asked> = once.asked().into_iter().filter(|asked| asked.method() == "tools/call").collect();
    let sessions: Vec<_> =
        calls.iter().map(|asked| asked.header("mcp-session-id").unwrap().to_owned()).collect();
    assert_eq!(sessions, ["session-1", "session-2"]);
    assert_eq!(once.is_asked("DELETE").await.header("mcp-session-id"), Some("session-2"));
    assert_eq!(again.methods().iter().filter(|method| *method == "tools/call").count(), 2);
}

/// A stream that begins with an event without a message, and ends with these.
fn broken(id: usize, events: &[Value]) -> Vec<u8> {
    let mut stream = stream(&[]);
    stream.extend_from_slice(format!("retry: 5\nid: place-{id}\ndata:\n\n").as_bytes());
    for event in events {
        stream.extend_from_slice(format!("data: {event}\n\n").as_bytes());
    }
    stream
}

#[tokio::test]
async fn a_stream_that_breaks_is_resumed_where_it_broke() {
    let server = Server::with_session(|asked, number| match (asked.method(), number) {
        ("GET", 2) => Reply::Open(broken(9, &[json!({ "id": 3, "result": { "structuredContent": [1] } })])),
        _ => Reply::Bytes(broken(number, &[json!({ "method": "notifications/progress" })])),
    })
    .await;

    let output = look(&server).await;

    assert_eq!(output.unwrap(), json!([1]));
    let methods = server.methods();
    assert_eq!(methods[3..6], ["tools/call", "GET", "GET"], "the tool is called once");
    let resumed: Vec<Asked> = server.asked().into_iter().filter(|asked| asked.method() == "GET").collect();
    for asked in &resumed {
        assert_eq!(asked.header("last-event-id"), Some("place-1"));
        assert_eq!(asked.header("mcp-session-id"), Some("session-1"));
        assert_eq!(asked.header("authorization"), Some("Bearer sk-4711-key"));
        assert_eq!(asked.header("accept"), Some("text/event-stream"));
    }
}

#[tokio::test]
async fn a_stream_that_breaks_for_ever_is_left() {
    let server = Server::with_session(|_, number| Reply::Bytes(broken(number, &[]))).await;
    let refusing = Server::with_session(|asked, number| match asked.method() {
        "tools/call" => Reply::Bytes(broken(number, &[])),
        _ => Reply::Bytes(answer("405 Method Not Allowed", "X: y", "")),
    })
    .await;
    let modern = Server::modern(|_, number| Reply::Bytes(broken(number, &[]))).await;

    let failures = [&server, &refusing, &modern].map(async |server| look(server).await.unwrap_err());
    let [left, refused, once] = failures;
    let (left, refused, once) = (left.await, refused.await, once.await);

    assert!([&left, &refused, &once].iter().all(|failure| failure.class == ErrorClass::Connection));
    assert!(left.message.contains("more than 20 times"), "{}", left.message);
    assert!(refused.message.contains("ended its stream without a response"), "{}", refused.message);
    let count = |server: &Server| server.methods().iter().filter(|method| *method == "GET").count();
    assert_eq!([&server, &refusing, &modern].map(count), [21, 1, 0]);
}

#[tokio::test]
async fn what_is_too_long_is_not_read() {
    let long = || "x".repeat(10 << 20);
    let whole = Server::modern(move |asked, _| text(asked, &long())).await;
    let event = Server::modern(move |_, _| Reply::Bytes(stream(&[json!(long())]))).await;
    let flood = Server::modern(|_, _| {
        let comment = format!(": {}\n", "x".repeat(1 << 20));
        Reply::Bytes([stream(&[]), comment.repeat(70).into_bytes()].concat())
    })
    .await;

    for (server, limit) in [(whole, 4_194_304), (event, 4_194_304), (flood, 67_108_864)] {
        let failure = look(&server).await.unwrap_err();

        assert_eq!(failure.class, ErrorClass::OutputTooLarge, "{}", failure.message);
        assert_eq!(
            failure.message,
            format!("The response of {} exceeds the limit of {limit} bytes.", server.address)
        );
    }
}

#[tokio::test]
async fn a_server_that_asks_without_end_is_left() {
    let server = Server::with_session(|asked, _| match asked.method() {
        "tools/call" => {
            Reply::Open(stream(&vec![json!({ "jsonrpc": "2.0", "id": 5, "method": "ping" }); 101]))
        }
        _ => Reply::Bytes(answer("202 Accepted", "X: y", "")),
    })
    .await;

    let failure = look(&server).await.unwrap_err();

    assert_eq!(failure.message, format!("{} sent more than 100 requests.", server.address));
    assert_eq!(server.methods().iter().filter(|method| *method == "POST").count(), 100);
}

#[tokio::test]
async fn lists_of_tools_have_an_end() {
    let tool = |number: usize| json!({ "name": format!("t{number}"), "inputSchema": {} });
    let pages =
        Server::modern(|asked, _| result(asked, &json!({ "tools": [], "nextCursor": "again" }))).await;
    let many = Server::modern(move |asked, _| {
        result(asked, &json!({ "tools": (0..1001).map(tool).collect::<Vec<_>>() }))
    })
    .await;
    let none = Server::modern(|asked, _| result(asked, &json!({}))).await;
    let odd = Server::modern(|asked, _| result(asked, &json!({ "tools": [], "nextCursor": 2 }))).await;
    let pinned = json!([{ "name": "look", "hash": format!("sha256:{}", "0a".repeat(32)) }]);

    for (server, said) in [
        (&pages, "more than 100 pages"),
        (&many, "more than 1000 tools"),
        (&none, "a list of tools"),
        (&odd, "a `nextCursor` that is no text"),
    ] {
        let nodes = nodes_with_agent(&server.agent(&pinned));
        let failure = outcome(nodes.perform(skill_work("look", &json!({}))).await).unwrap_err();

        assert_eq!(failure.class, ErrorClass::Rejected);
        assert!(failure.message.contains(said), "{}", failure.message);
    }
    assert_eq!(pages.methods().len(), 101);
}

#[tokio::test]
async fn a_call_that_takes_too_long_is_cancelled_and_its_session_ended() {
    for opened in [Vec::new(), stream(&[])] {
        let server = Server::with_session(move |_, _| Reply::Open(opened.clone())).await;
        let agent = Agent::parse(&server.agent(&json!(["look"]))).unwrap();
        let timeouts = EgressTimeouts { idle: Duration::from_millis(300), ..EgressTimeouts::default() };
        let agents = Arc::new(Agents(Some(Arc::new(agent))));
        let nodes = Nodes::new(NodesConfig { agents, timeouts, ..config("127.0.0.1") }).unwrap();

        let failure = outcome(nodes.perform(skill_work("look", &json!({}))).await).unwrap_err();

        assert_eq!(failure.class, ErrorClass::Timeout);
        assert_is_ended(&server).await;
    }
}

#[tokio::test]
async fn a_call_that_is_stopped_is_cancelled_and_its_session_ended() {
    let server = Server::with_session(|_, _| Reply::Open(Vec::new())).await;
    let nodes = nodes_with_agent(&server.agent(&json!(["look"])));

    {
        let mut call = pin!(nodes.perform(skill_work("look", &json!({}))).into_future());
        let mut asked = pin!(server.is_asked("tools/call"));
        poll_fn(|context| {
            assert!(call.as_mut().poll(context).is_pending(), "nobody answers");
            asked.as_mut().poll(context).map(drop)
        })
        .await;
    }

    assert_is_ended(&server).await;
}

/// Returns nodes with this limit for connecting.
fn with_connect(connect: Duration, agent: &Value) -> Nodes {
    let agents = Arc::new(Agents(Some(Arc::new(Agent::parse(agent).unwrap()))));
    let timeouts = EgressTimeouts { connect, ..EgressTimeouts::default() };
    Nodes::new(NodesConfig { agents, timeouts, ..config("127.0.0.1") }).unwrap()
}

#[tokio::test]
async fn a_server_that_is_silent_about_its_protocol_speaks_an_earlier_one() {
    let server = Server::start(|asked, _| match asked.method() {
        "server/discover" => Reply::Open(Vec::new()),
        "initialize" => result(asked, &json!({ "protocolVersion": "2025-11-25" })),
        "tools/call" => text(asked, "fine"),
        _ => Reply::Bytes(answer("202 Accepted", "X: y", "")),
    })
    .await;
    let nodes = with_connect(Duration::from_millis(500), &server.agent(&json!(["look"])));

    let output = outcome(nodes.perform(skill_work("look", &json!({}))).await);

    assert_eq!(output.unwrap(), json!({ "text": "fine" }));
    server.is_asked(CLOSED).await;
}

/// A server that does not answer when a session is to be ended.
async fn clinging() -> Server {
    Server::start(|asked, number| match asked.method() {
        "server/discover" => Reply::Bytes(answer("404 Not Found", "X: y", "")),
        "initialize" => {
            let result = json!({ "jsonrpc": "2.0", "id": asked.body["id"], "result": { "protocolVersion": "2025-11-25" } });
            let headers = format!("Content-Type: application/json\r\nMcp-Session-Id: {number}");
            Reply::Bytes(answer("200 OK", &headers, &result.to_string()))
        }
        "tools/call" => text(asked, "fine"),
        "DELETE" => Reply::Open(Vec::new()),
        _ => Reply::Bytes(answer("202 Accepted", "X: y", "")),
    })
    .await
}

#[tokio::test]
async fn only_so_many_sessions_are_ended_at_the_same_time() {
    let server = clinging().await;
    let nodes = with_connect(Duration::from_secs(600), &server.agent(&json!(["look"])));

    for _ in 0..40 {
        assert!(outcome(nodes.perform(skill_work("look", &json!({}))).await).is_ok());
    }

    let asked = server.when(|all| ended(all) >= 32).await;
    assert_eq!(ended(&asked), 32);
}

fn ended(all: &[Asked]) -> usize {
    all.iter().filter(|asked| asked.method() == "DELETE").count()
}

#[tokio::test]
async fn a_session_that_cannot_be_ended_is_left() {
    let server = clinging().await;
    let nodes = with_connect(Duration::from_secs(1), &server.agent(&json!(["look"])));

    let output = outcome(nodes.perform(skill_work("look", &json!({}))).await);

    assert!(output.is_ok());
    server.is_asked(CLOSED).await;
    assert_eq!(ended(&server.asked()), 1);
}

async fn assert_is_ended(server: &Server) {
    let ended = server.is_asked("DELETE").await;
    let cancelled = server.is_asked("notifications/cancelled").await;
    let call = server.is_asked("tools/call").await;
    assert_eq!(cancelled.body["params"]["requestId"], call.body["id"]);
    for asked in [ended, cancelled] {
        assert_eq!(asked.header("mcp-session-id"), Some("session-1"));
        assert_eq!(asked.header("authorization"), Some("Bearer sk-4711-key"));
    }
}

#[tokio::test]
async fn redirects_are_followed_within_the_origin_only() {
    let redirect = |status: &str, to: &str| Reply::Bytes(answer(status, &format!("Location: {to}"), ""));
    let elsewhere = Server::modern(|asked, _| text(asked, "stolen")).await;
    let other = format!("http://{}/mcp", elsewhere.address);
    let away = Server::start(move |_, _| redirect("307 Temporary Redirect", &other)).await;
    let changing = Server::start(move |_, _| redirect("303 See Other", "/mcp/")).await;
    let endless = Server::start(move |_, _| redirect("308 Permanent Redirect", "/mcp")).await;
    let within = Server::modern(move |asked, _| {
        if asked.head.starts_with("POST /mcp/ ") {
            text(asked, "fine")
        } else {
            redirect("308 Permanent Redirect", "/mcp/")
        }
    })
    .await;

    let found = look(&within).await;
    let refused = [
        look(&away).await.unwrap_err(),
        look(&changing).await.unwrap_err(),
        look(&endless).await.unwrap_err(),
    ];

    assert_eq!(found.unwrap(), json!({ "text": "fine" }));
    let last = within.asked().pop().unwrap();
    assert_eq!(last.header("authorization"), Some("Bearer sk-4711-key"));
    assert_eq!(last.body["params"]["name"], "look");
    assert!(refused.iter().all(|failure| failure.class == ErrorClass::Rejected));
    let said = format!("{} redirects to http://{} with status 307.", away.address, elsewhere.address);
    assert!(refused[0].message.starts_with(&said), "{}", refused[0].message);
    assert!(refused[2].message.contains("more than 5 times"), "{}", refused[2].message);
    assert!(elsewhere.asked().is_empty(), "nothing is sent to another origin");
}

#[tokio::test]
async fn servers_are_called_only_where_calls_may_go() {
    let agent = |url: &str, key: &str| json!({ "name": "Tools", "agent_type": "mcp", "skills": ["look"], "config": { "url": url, "api_key": key } });
    let server = Server::modern(|asked, _| text(asked, "fine")).await;
    let local = format!("http://{}/mcp", server.address);
    for (url, key, said) in [
        ("http://169.254.169.254/mcp", "${secrets.KEY}", "169.254.169.254"),
        ("http://10.0.0.1/mcp", "${secrets.KEY}", "10.0.0.1"),
        (&local, "${secrets.BOUND}", "may be sent only to bound.test"),
        (&local, "${secrets.MISSING}", "MISSING"),
    ] {
        let failure =
            outcome(nodes_with_agent(&agent(url, key)).perform(skill_work("look", &json!({}))).await)
                .unwrap_err();

        assert_eq!(failure.class, ErrorClass::Configuration, "{}", failure.message);
        assert!(failure.message.contains(said), "{}", failure.message);
    }
    assert!(server.asked().is_empty());
    let closed = format!("http://{}/mcp", peers::closed().await);
    let failure =
        outcome(nodes_with_agent(&agent(&closed, "k")).perform(skill_work("look", &json!({}))).await)
            .unwrap_err();
    assert_eq!(failure.class, ErrorClass::Connection);
}

#[tokio::test]
async fn a_server_of_no_known_protocol_is_named() {
    let server = Server::start(|asked, _| match asked.method() {
        "initialize" => result(asked, &json!({ "protocolVersion": "2031-01-01" })),
        _ => Reply::Bytes(answer("404 Not Found", "X: y", "")),
    })
    .await;
    let modern = Server::start(|asked, _| {
        Reply::Bytes(error("400 Bad Request", &asked.body["id"], -32022, "Unsupported protocol version"))
    })
    .await;

    let odd = Server::start(|asked, _| result(asked, &json!(5))).await;

    let unknown = look(&server).await.unwrap_err();
    assert!(look(&odd).await.unwrap_err().message.contains("is no MCP server"));
    let newer = look(&modern).await.unwrap_err();

    assert!(unknown.message.contains("is not known here: `2031-01-01`"), "{}", unknown.message);
    assert_eq!((unknown.class, newer.class), (ErrorClass::Rejected, ErrorClass::Rejected));
    assert!(newer.message.contains("Unsupported protocol version"), "{}", newer.message);
    assert_eq!(modern.methods(), ["server/discover"], "a server that says so speaks no earlier one");
}

async fn look(server: &Server) -> Result<Value, Failure> {
    outcome(nodes_with_agent(&server.agent(&json!(["look"]))).perform(skill_work("look", &json!({}))).await)
}
