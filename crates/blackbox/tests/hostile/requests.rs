//! Requests that are refused, leave nothing behind, and cost next to nothing.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use steadflow_blackbox::{Answer, Server, Setup, Workplace, echo, flow, raw};

const SOON: Duration = Duration::from_secs(10);
const MEBIBYTE: usize = 1024 * 1024;
/// How much a request that is refused may cost, at most.
const MEMORY_MAX: u64 = 64 * 1024 * 1024;
const NO_ID: &str = "01900000-0000-7000-8000-00000000dead";

/// Checks that an answer is a problem document a person can act on, and gives its body.
fn problem(answer: Answer, status: u16) -> Value {
    assert_eq!(answer.status, status, "{}", answer.body);
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    for key in ["type", "title", "detail"] {
        assert!(answer.body[key].as_str().is_some_and(|text| !text.is_empty()), "no {key}: {}", answer.body);
    }
    assert_eq!(answer.body["status"], status);
    answer.body
}

#[tokio::test]
async fn bad_documents_are_refused_with_a_pointer_each_and_nothing_is_stored() {
    let workplace = Workplace::new();
    let server = Setup::new(&workplace).start().await;
    let node = |key: &str, value: Value| {
        let mut node = echo("a", json!({}));
        node[key] = value;
        flow("Bad", &[node], &[])
    };
    let nodes = "/flow_definition/nodes";
    let bad = [
        (json!({ "name": "x" }), "/flow_definition".to_owned()),
        (flow("", &[echo("a", json!({}))], &[]), "/name".to_owned()),
        (node("type", json!("acton")), format!("{nodes}/0/type")),
        (node("action", json!("shell")), format!("{nodes}/0/action")),
        (node("retry", json!({ "count": 11 })), format!("{nodes}/0/retry/count")),
        (node("timeout_seconds", json!(-1)), format!("{nodes}/0/timeout_seconds")),
        (node("input", json!({ "x": "${nodes.ghost.output}" })), format!("{nodes}/0/input/x")),
        (node("input", json!({ "x": "${ 1 + }" })), format!("{nodes}/0/input/x")),
        (flow("Twice", &[echo("a", json!(1)), echo("a", json!(2))], &[]), format!("{nodes}/1/id")),
        (flow("Edge", &[echo("a", json!(1))], &[("a", "b")]), "/flow_definition/edges/0/to".to_owned()),
    ];

    for (document, pointer) in bad {
        let problem = problem(server.api().post("flows", &document).await, 422);
        let errors = problem["errors"].as_array().expect("a bad document has errors");
        assert!(errors.iter().any(|error| error["pointer"] == pointer), "{pointer}: {errors:?}");
    }
    assert_eq!(server.api().counts().await, (0, 0));
}

#[tokio::test]
async fn cycles_and_floods_of_nodes_are_refused() {
    let workplace = Workplace::new();
    let server = Setup::new(&workplace).start().await;
    let cycle = flow("Cycle", &[echo("a", json!(1)), echo("b", json!(2))], &[("a", "b"), ("b", "a")]);
    let flood: Vec<Value> = (0..1001).map(|n| echo(&format!("n{n}"), json!(n))).collect();

    let cycle = problem(server.api().post("flows", &cycle).await, 422);
    let began = Instant::now();
    let flood = problem(server.api().post("flows", &flow("Flood", &flood, &[])).await, 422);

    assert!(cycle.to_string().contains("cycle"), "{cycle}");
    assert!(flood.to_string().contains("1000") || flood.to_string().contains("1,000"), "{flood}");
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    assert_eq!(server.api().counts().await, (0, 0));
}

#[tokio::test]
async fn bad_bodies_ids_and_queries_are_refused() {
    let workplace = Workplace::new();
    let server = Setup::new(&workplace).start().await;
    let api = server.api();

    for (path, status) in [
        ("executions/nonsense".to_owned(), 400),
        (format!("executions/{NO_ID}"), 404),
        (format!("flows/{NO_ID}"), 404),
        ("executions?limit=0".to_owned(), 400),
        ("executions?limit=1001".to_owned(), 400),
        ("executions?limit=many".to_owned(), 400),
        ("executions?status=great".to_owned(), 400),
        ("executions?cursor='%3B%20DROP%20TABLE".to_owned(), 400),
        ("executions?flow_id=1".to_owned(), 400),
        ("/api/v1/studio/nothing".to_owned(), 404),
    ] {
        problem(api.get(&path).await, status);
    }
    for path in [format!("executions/{NO_ID}/retry"), format!("executions/{NO_ID}/cancel")] {
        problem(api.post(&path, &json!({})).await, 404);
    }
    for body in
        [json!([]), json!("x"), json!(null), json!({ "name": 1 }), json!({ "id": NO_ID, "status": "active" })]
    {
        let answer = api.post("flows", &body).await;
        let status = if answer.status == 422 { 422 } else { 400 };
        problem(answer, status);
    }
    problem(api.post("flows/nonsense/execute", &json!({})).await, 400);
    problem(api.post(&format!("flows/{NO_ID}/execute"), &json!({})).await, 404);
    let gone = api.call(Method::PUT, "flows", &[], Some(&json!({}))).await.expect("the server answers");
    problem(gone, 405);
    assert_eq!(api.counts().await, (0, 0));
}

#[tokio::test]
async fn a_body_over_the_limit_is_413() {
    let workplace = Workplace::new();
    let server = Setup::new(&workplace).start().await;
    let before = server.resources().resident;

    let large = json!({ "name": "x".repeat(4 * MEBIBYTE) });
    let said = server.api().call(Method::POST, "flows", &[], Some(&large)).await;
    // A client may learn it before it has sent all.
    let announced = raw(server.address(), [head(&server, 1 << 40).into()], Duration::ZERO, SOON).await;

    problem(said.expect("the answer is read by a client that sends everything first"), 413);
    assert_eq!(announced.status, Some(413), "{}", announced.text);
    assert_bounded(&server, before);
}

#[tokio::test]
async fn a_client_that_sends_everything_first_reads_why_it_was_refused() {
    let workplace = Workplace::new();
    let server = Setup::new(&workplace).start().await;
    let post = |path: &str, headers: &str| {
        let host = server.address();
        format!("POST /api/v1/studio/{path} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n").into_bytes()
    };
    let large = vec![b' '; 16 * MEBIBYTE];
    let chunked = [format!("{:x}\r\n", large.len()).as_bytes(), &large, b"\r\n0\r\n\r\n"].concat();
    let json = "Content-Type: application/json\r\n";
    let length = format!("Content-Length: {}\r\n", large.len());
    let sent = async |head: Vec<u8>, body: Vec<u8>| {
        let answer = raw(server.address(), [head, body], Duration::ZERO, SOON).await;
        answer.status.unwrap_or_else(|| panic!("no answer: {}", answer.text))
    };

    for path in ["flows", "agents", "flows/validate", "flows/test-node", "executions/retry"] {
        assert_eq!(sent(post(path, &format!("{json}{length}")), large.clone()).await, 413, "{path}");
    }
    let without_length = post("flows", &format!("{json}Transfer-Encoding: chunked\r\n"));
    assert_eq!(sent(without_length, chunked).await, 413);
    assert_eq!(sent(post("flows", &length), large.clone()).await, 415, "the body is not looked at");
    assert_eq!(sent(post("nothing-here", &format!("{json}{length}")), large).await, 404);
}

#[tokio::test]
async fn a_client_that_asks_before_it_sends_is_refused_at_once() {
    let workplace = Workplace::new();
    let server = Setup::new(&workplace).start().await;
    let head = format!(
        "POST /api/v1/studio/flows HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n\
         Content-Length: 99999999\r\nExpect: 100-continue\r\n\r\n",
        server.address()
    );

    let answer = raw(server.address(), [head.into_bytes()], Duration::ZERO, SOON).await;

    assert_eq!(answer.status, Some(413), "and not 100: {}", answer.text);
}

#[tokio::test]
async fn deep_json_is_refused_and_not_a_crash() {
    let workplace = Workplace::new();
    let server = Setup::new(&workplace).start().await;
    let before = server.resources().resident;

    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let body = format!("{{\"name\":{}1{}}}", open.repeat(100_000), close.repeat(100_000));
        let request = format!("{}{body}", head(&server, body.len()));
        let began = Instant::now();
        let answer = raw(server.address(), [request.into_bytes()], Duration::ZERO, SOON).await;

        assert_eq!(answer.status, Some(400), "{}", answer.text);
        assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    }
    assert_bounded(&server, before);
    assert_eq!(server.api().counts().await, (0, 0));
}

#[tokio::test]
async fn expression_bombs_are_refused_or_fail_quickly_and_in_bounded_memory() {
    let workplace = Workplace::new();
    let server = Setup::new(&workplace).start().await;
    let before = server.resources().resident;
    let bombs = [
        "${ 'x' * 1000000000 }".to_owned(),
        "${ range(1000000000) | list }".to_owned(),
        "${ [0] * 1000000000 }".to_owned(),
        format!("${{ {} }}", "(".repeat(50_000)),
        format!("${{ {}1{} }}", "[".repeat(2_000), "]".repeat(2_000)),
        format!("${{ 1{} }}", " or 1".repeat(100_000)),
        format!("${{ {}1 }}", "not ".repeat(1_000)),
        "${ ('%1000000000d' | format(1)) }".to_owned(),
        "${ 10 ** 10 ** 10 ** 10 }".to_owned(),
        "${ trigger_data.__class__.__mro__ }".to_owned(),
    ];

    for bomb in bombs {
        let began = Instant::now();
        let document = flow("Bomb", &[echo("a", json!({ "x": bomb }))], &[]);
        let answer = server.api().post("flows", &document).await;
        if answer.status == 201 {
            let id =
                server.api().start(answer.body["id"].as_str().expect("a flow has an id"), json!({})).await;
            let execution = server.api().finished(&id, SOON).await;
            assert_eq!(execution["status"], "failed", "{bomb:.40}: {execution}");
        } else {
            problem(answer, 422);
        }
        assert!(began.elapsed() < Duration::from_secs(1), "{bomb:.40} took {:?}", began.elapsed());
    }
    assert_bounded(&server, before);
}

#[tokio::test]
async fn other_hosts_and_origins_are_kept_out() {
    let workplace = Workplace::new();
    let server = Setup::new(&workplace).start().await;
    let document = flow("Mine", &[echo("a", json!({}))], &[]);
    let call = async |path, headers: &[(&str, &str)]| {
        let answer = server.api().call(Method::POST, path, headers, Some(&document)).await;
        answer.expect("the server answers").status
    };
    let own = format!("http://{}", server.address());

    assert_eq!(call("flows", &[("Host", "evil.example")]).await, 421);
    assert_eq!(call("flows", &[("Origin", "https://evil.example")]).await, 403);
    assert_eq!(call("flows", &[("Origin", "null")]).await, 403);
    assert_eq!(server.api().counts().await, (0, 0));
    assert_eq!(call("flows", &[("Origin", &own)]).await, 201);
    let page = server.api().call(Method::GET, "/", &[("Host", "evil.example")], None).await;
    assert_eq!(page.expect("the server answers").status, 421);
    let text = [("Content-Type", "text/plain")];
    assert!(matches!(call("flows", &text).await, 400 | 415), "text/plain is no JSON");
}

#[tokio::test]
async fn a_slow_post_is_cut_off_and_blocks_no_other_request() {
    let workplace = Workplace::new();
    let server = Setup::new(&workplace).start().await;
    let address = server.address();
    let slow = head(&server, 1000);
    let bytes = std::iter::once(slow.into_bytes()).chain(std::iter::repeat_n(b" ".to_vec(), 300));
    let timeout = Duration::from_secs(60);
    let posting = tokio::spawn(raw(address, bytes.collect::<Vec<_>>(), Duration::from_millis(200), timeout));

    let began = Instant::now();
    server.api().get("flows").await.expect(200);
    let others_waited = began.elapsed();
    let answer = posting.await.expect("the post ends");

    assert!(others_waited < Duration::from_secs(1), "{others_waited:?}");
    assert!(matches!(answer.status, Some(408 | 400) | None), "{}", answer.text);
    assert_eq!(server.api().counts().await, (0, 0));
}

fn head(server: &Server, length: usize) -> String {
    let line = format!("POST /api/v1/studio/flows HTTP/1.1\r\nHost: {}\r\n", server.address());
    format!("{line}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n")
}

fn assert_bounded(server: &Server, before: u64) {
    let peak = server.resources().resident_peak;
    let grown = peak.saturating_sub(before);
    assert!(grown < MEMORY_MAX, "memory grew by {} MiB", grown / MEBIBYTE as u64);
}
