//! Requests that no decent client sends: each is refused with a problem, and leaves nothing behind.

use axum::body::Body;
use axum::http::Method;
use bytes::Bytes;
use futures_util::future::join_all;
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::{Answer, Api, NO_ID, echo, flow, request, text};

/// Posts a valid flow with these headers.
async fn create(api: &Api, headers: &[(&str, &str)]) -> Answer {
    let document = flow("Review", &[echo("a", json!({}))], &[]);
    api.post_with("flows", headers, &document.to_string()).await
}

#[tokio::test(start_paused = true)]
async fn problem_says_what_happened_where_and_what_to_do() {
    let api = Api::new().await;

    let answer = api.post("flows", &json!({ "name": "Review" })).await;

    answer.problem();
    insta::assert_snapshot!(format!("{:#}", answer.body), @r#"
    {
      "type": "/docs/problems#flow-invalid",
      "title": "The flow document is not valid",
      "status": 422,
      "detail": "The flow document has a fault at `/flow_definition`: a flow needs `flow_definition`: an object with `nodes` and `edges`.",
      "errors": [
        {
          "pointer": "/flow_definition",
          "message": "a flow needs `flow_definition`: an object with `nodes` and `edges`"
        }
      ]
    }
    "#);
}

#[tokio::test(start_paused = true)]
async fn names_that_the_server_does_not_go_by_are_refused() {
    let api = Api::configured(|config| config.allowed_hosts = vec!["flows.example".into()]).await;

    for host in ["evil.example", "localhost.evil.example", "10.0.0.1", "a@localhost", "flows.example.evil"] {
        let answer = create(&api, &[("host", host)]).await;
        assert!(answer.problem().starts_with("421 wrong-host: "), "{host}");
        let page = api.send(request(Method::GET, "/", &[("host", host)], "")).await;
        assert_eq!(page.status, 421, "pages too");
    }
    let twice = create(&api, &[("host", "localhost"), ("host", "localhost")]).await;
    insta::assert_snapshot!(twice.problem(), @"421 wrong-host: This server does not go by the name in the Host header. Call it by a loopback name, or add the name to the allowed hosts.");
    assert_eq!(api.counts().await, (0, 0));
    for host in ["localhost:8080", "127.0.0.1", "[::1]:8080", "flows.example"] {
        create(&api, &[("host", host)]).await.expect(201);
    }
}

#[tokio::test(start_paused = true)]
async fn pages_of_other_sites_are_refused() {
    let api = Api::new().await;

    for origin in
        ["https://evil.example", "null", "http://localhost.evil.example", "http://localhost:1", "file://"]
    {
        let answer = create(&api, &[("origin", origin)]).await;
        assert!(answer.problem().starts_with("403 foreign-origin: "), "{origin}");
    }
    let fetched = create(&api, &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "cors")]).await;
    let form = create(&api, &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")]).await;
    insta::assert_snapshot!(fetched.problem(), @"403 foreign-origin: The request came from a page of another site, and those are refused. If the site is yours, start the server with `--allowed-origin` and the origin of the page.");
    assert_eq!(form.problem(), fetched.problem(), "a form of another site is no visit");
    assert_eq!(api.counts().await, (0, 0));
    create(&api, &[("origin", "http://localhost"), ("sec-fetch-site", "same-origin")]).await.expect(201);
}

#[tokio::test(start_paused = true)]
async fn link_from_another_site_may_be_followed_but_nothing_be_read_by_it() {
    let api = Api::new().await;
    let get = async |mode: &str| {
        let headers = [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", mode)];
        api.send(request(Method::GET, "flows", &headers, "")).await.status
    };

    assert_eq!(get("navigate").await, 200);
    assert_eq!(get("cors").await, 403);
    assert_eq!(get("no-cors").await, 403);
}

#[tokio::test(start_paused = true)]
async fn every_answer_tells_browsers_to_trust_nothing_else() {
    let api = Api::new().await;

    for answer in
        [api.get("flows").await, api.get("/api/nowhere").await, api.get(&format!("flows/{NO_ID}")).await]
    {
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("x-frame-options"), Some("DENY"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert!(answer.header("content-security-policy").unwrap().contains("default-src 'self'"));
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
}

#[tokio::test(start_paused = true)]
async fn bodies_that_are_not_declared_as_json_are_refused() {
    let api = Api::new().await;
    let document = flow("Review", &[echo("a", json!({}))], &[]).to_string();
    let send = async |headers: &[(&str, &str)]| {
        api.send(request(Method::POST, "flows", headers, &document)).await.problem()
    };
    let json = ("content-type", "application/json");

    for kind in
        ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonp", ""]
    {
        assert_eq!(
            send(&[("content-type", kind)]).await,
            "415 unsupported-media-type: Send the body as JSON, with the header `Content-Type: application/json`."
        );
    }
    insta::assert_snapshot!(send(&[]).await, @"415 unsupported-media-type: Send the body as JSON, with exactly one header `Content-Type: application/json`.");
    insta::assert_snapshot!(send(&[json, json]).await, @"415 unsupported-media-type: Send the body as JSON, with exactly one header `Content-Type: application/json`.");
    insta::assert_snapshot!(send(&[json, ("content-encoding", "gzip")]).await, @"415 unsupported-media-type: Compressed bodies are not taken: send the JSON as it is, without Content-Encoding.");
    assert_eq!(api.counts().await, (0, 0));
    let declared = [("content-type", "Application/JSON; charset=utf-8")];
    let flow = api.send(request(Method::POST, "flows", &declared, &document)).await.expect(201);
    // A start needs no body, and does not pass over one.
    let execute = format!("flows/{}/execute", text(&flow["id"]));
    let start = api.send(request(Method::POST, &execute, &[], "{\"trigger_data\":{\"n\":1}}")).await;
    assert_eq!(start.problem(), send(&[]).await);
    assert_eq!(api.counts().await, (1, 0));
}

#[tokio::test(start_paused = true)]
async fn bodies_over_the_limit_are_refused_before_they_are_read() {
    let api = Api::configured(|config| config.body_bytes_max = 1_000).await;
    let large = format!("{{\"name\": \"{}\"}}", "x".repeat(1_000));

    let sent = api.post_with("flows", &[], &large).await;
    let announced = api.post_with("flows", &[("content-length", "1099511627776")], "{}").await;
    let mut endless = request(Method::POST, "flows", &[("content-type", "application/json")], "");
    let piece = || Ok::<_, std::io::Error>(Bytes::from_static(&[b' '; 100]));
    *endless.body_mut() = Body::from_stream(stream::repeat_with(piece));
    let endless = api.send(endless).await;
    let fitting = format!("{:<1000}", flow("Review", &[echo("a", json!({}))], &[]).to_string());
    let fitting = api.post_with("flows", &[("content-length", "1000")], &fitting).await;

    insta::assert_snapshot!(sent.problem(), @"413 body-too-large: The body is larger than the limit of 1000 bytes.");
    assert_eq!(announced.problem(), sent.problem());
    assert_eq!(endless.problem(), sent.problem());
    fitting.expect(201);
    assert_eq!(api.counts().await, (1, 0));
}

#[tokio::test(start_paused = true)]
async fn bodies_that_do_not_come_to_an_end_are_cut_off() {
    let api = Api::new().await;
    let json = [("content-type", "application/json")];
    let mut silent = request(Method::POST, "flows", &json, "");
    *silent.body_mut() = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
    let mut broken = request(Method::POST, "flows", &json, "");
    let pieces = [Ok(Bytes::from_static(b"{\"name\"")), Err(std::io::Error::other("reset"))];
    *broken.body_mut() = Body::from_stream(stream::iter(pieces));

    let silent = api.send(silent).await;
    let broken = api.send(broken).await;

    insta::assert_snapshot!(silent.problem(), @"408 body-too-slow: The body did not arrive within 30 seconds.");
    insta::assert_snapshot!(broken.problem(), @"400 invalid-body: The body broke off before its end.");
    assert_eq!(api.counts().await, (0, 0));
}

#[tokio::test(start_paused = true)]
async fn slow_bodies_are_cut_off_earlier_while_others_wait() {
    let api = Api::configured(|config| config.body_memory = 400 * 1024).await;
    let slow = || {
        let mut slow = request(Method::POST, "flows", &[("content-type", "application/json")], "");
        let first = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(&[b' '; 5_000]))]);
        *slow.body_mut() = Body::from_stream(first.chain(stream::pending()));
        api.send(slow)
    };
    let started = Instant::now();

    let answers = join_all((0..20).map(|_| slow())).await;

    let mut problems: Vec<String> = answers.iter().map(Answer::problem).collect();
    problems.sort_unstable();
    problems.dedup();
    insta::assert_snapshot!(problems.join("\n"), @"
    408 body-too-slow: The body did not arrive within 2 seconds.
    408 body-too-slow: The body did not arrive within 30 seconds.
    503 unavailable: The server has no memory for a further body of this size, so nothing was changed. Try again in a second.
    ");
    assert!(started.elapsed().as_secs() <= 60, "{:?}", started.elapsed());
    assert_eq!(api.counts().await, (0, 0));
}

#[tokio::test(start_paused = true)]
async fn json_that_two_readers_could_understand_differently_is_refused() {
    let api = Api::new().await;
    let deep =
        |open: &str, close: &str| format!("{{\"name\":{}1{}}}", open.repeat(100_000), close.repeat(100_000));
    let mut answers = Vec::new();

    for body in [
        "",
        "{",
        "{} {}",
        "{'name': 1}",
        "{\"name\":\"a\",\"name\":\"b\"}",
        "{\"flow_definition\":{\"nodes\":[{\"id\":\"a\",\"id\":\"b\"}]}}",
        "{\"name\":\"a\",\"n\\u0061me\":\"b\"}",
        "{\"retry_count\":1e999}",
        "{\"retry_count\":NaN}",
        "{\"name\":\"\\ud800\"}",
        &deep("[", "]"),
        &deep("{\"a\":", "}"),
    ] {
        answers.push(api.post_with("flows", &[], body).await.problem());
    }

    insta::assert_snapshot!(answers.join("\n"), @r"
    400 invalid-json: The body cannot be read as JSON: EOF while parsing a value at line 1 column 0.
    400 invalid-json: The body cannot be read as JSON: EOF while parsing an object at line 1 column 1.
    400 invalid-json: The body cannot be read as JSON: trailing characters at line 1 column 4.
    400 invalid-json: The body cannot be read as JSON: key must be a string at line 1 column 2.
    400 invalid-json: The body cannot be read as JSON: the key `name` appears twice in one object at line 1 column 18.
    400 invalid-json: The body cannot be read as JSON: the key `id` appears twice in one object at line 1 column 43.
    400 invalid-json: The body cannot be read as JSON: the key `name` appears twice in one object at line 1 column 23.
    400 invalid-json: The body cannot be read as JSON: number out of range at line 1 column 20.
    400 invalid-json: The body cannot be read as JSON: expected value at line 1 column 16.
    400 invalid-json: The body cannot be read as JSON: unexpected end of hex escape at line 1 column 16.
    400 invalid-json: The body cannot be read as JSON: recursion limit exceeded at line 1 column 135.
    400 invalid-json: The body cannot be read as JSON: recursion limit exceeded at line 1 column 639.
    ");
    assert_eq!(api.counts().await, (0, 0));
}

#[tokio::test(start_paused = true)]
async fn bodies_that_are_no_object_are_refused() {
    let api = Api::new().await;

    for path in ["flows", "agents", "executions/retry"] {
        for body in [json!([]), json!("x"), json!(null), json!(7), json!(true)] {
            let answer = api.post(path, &body).await;
            answer.problem();
            assert!(matches!(answer.status, 400 | 422), "{path} {body}: {}", answer.text);
            assert!(!answer.text.contains("struct"), "{path} {body}: {}", answer.text);
        }
    }
    assert_eq!(api.counts().await, (0, 0));
}

#[tokio::test(start_paused = true)]
async fn floods_of_nodes_and_edges_are_refused() {
    let api = Api::new().await;
    let nodes =
        |count: usize| -> Vec<Value> { (0..count).map(|n| echo(&format!("n{n}"), json!(n))).collect() };
    let pairs = [("n0", "n1"), ("n0", "n2"), ("n1", "n2")];
    let edges: Vec<(&str, &str)> = pairs.into_iter().cycle().take(5_001).collect();

    let many_nodes = api.post("flows", &flow("Flood", &nodes(1_001), &[])).await;
    let many_edges = api.post("flows", &flow("Flood", &nodes(3), &edges)).await;

    insta::assert_snapshot!(many_nodes.problem(), @"
    422 flow-invalid: The flow document has a fault at `/flow_definition/nodes`: `nodes` has 1001 entries; at most 1000 are allowed.
      /flow_definition/nodes: `nodes` has 1001 entries; at most 1000 are allowed
    ");
    insta::assert_snapshot!(many_edges.problem(), @"
    422 flow-invalid: The flow document has a fault at `/flow_definition/edges`: `edges` has 5001 entries; at most 5000 are allowed.
      /flow_definition/edges: `edges` has 5001 entries; at most 5000 are allowed
    ");
    assert_eq!(api.counts().await, (0, 0));
    api.post("flows", &flow("Full", &nodes(1_000), &[])).await.expect(201);
}

#[tokio::test(start_paused = true)]
async fn expressions_that_are_too_long_too_deep_or_reach_outside_are_refused() {
    let api = Api::new().await;
    let mut answers = Vec::new();

    for bomb in [
        format!("${{ {}1{} }}", "(".repeat(2_000), ")".repeat(2_000)),
        format!("${{ {}1{} }}", "[".repeat(1_000), "]".repeat(1_000)),
        format!("${{ {}1 }}", "not ".repeat(1_000)),
        format!("${{ 1{} }}", " or 1".repeat(10_000)),
        "${ range(1000000000) | list }".to_owned(),
        "${ '%1000000000d' | format(1) }".to_owned(),
        "${ {% for x in range(9) %} }".to_owned(),
        "${ env.HOME }".to_owned(),
        "${ include('/etc/passwd') }".to_owned(),
    ] {
        let answer = api.post("flows", &flow("Bomb", &[echo("a", json!({ "x": bomb }))], &[])).await;
        let said = answer.problem();
        answers.push(format!("{bomb:.30}\n{:.200}", said.lines().last().unwrap()));
    }

    insta::assert_snapshot!(answers.join("\n"), @"
    ${ (((((((((((((((((((((((((((
      /flow_definition/nodes/0/input/x: `${((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((…}`: it has 4001 words and signs; 400 are
    ${ [[[[[[[[[[[[[[[[[[[[[[[[[[[
      /flow_definition/nodes/0/input/x: `${[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[…}`: it has 2001 words and signs; 400 are
    ${ not not not not not not not
      /flow_definition/nodes/0/input/x: `${not not not not not not not not not not not not not not not not not not not not not not not not not not not not not not …}`: it has 1001 words and signs; 400 are
    ${ 1 or 1 or 1 or 1 or 1 or 1 
      /flow_definition/nodes/0/input/x: `${1 or 1 or 1 or 1 or 1 or 1 or 1 or 1 or 1 or 1 or 1 or 1 or 1 or 1 or 1 or 1 or 1 or 1 or 1 or 1 or 1 or 1 or 1 or 1 or …}`: it is longer than 4096 characters
    ${ range(1000000000) | list }
      /flow_definition/nodes/0/input/x: `${range(1000000000) | list}`: there is no function `range`; there are `now()` and `uuid()`, and values are changed by filters, as in `name | upper`
    ${ '%1000000000d' | format(1) 
      /flow_definition/nodes/0/input/x: `${'%1000000000d' | format(1)}`: there is no filter `format`; there are abs, b64decode, b64encode, bool, capitalize, count, d, date, date_add, date_format, default,
    ${ {% for x in range(9) %} }
      /flow_definition/nodes/0/input/x: `${{% for x in range(9) %}}`: unexpected `%`
    ${ env.HOME }
      /flow_definition/nodes/0/input/x: `${env.HOME}`: there is no node `env`; a field of the trigger data is `trigger_data.env`
    ${ include('/etc/passwd') }
      /flow_definition/nodes/0/input/x: `${include('/etc/passwd')}`: there is no function `include`; there are `now()` and `uuid()`, and values are changed by filters, as in `name | upper`
    ");
    assert_eq!(api.counts().await, (0, 0));
}

#[tokio::test(start_paused = true)]
async fn expressions_that_grow_without_bound_fail_their_node() {
    let api = Api::new().await;
    let mut answers = Vec::new();

    for bomb in [
        "${ 'x' * 1000000000 }",
        "${ [0] * 1000000000 }",
        "${ 10 ** 10 ** 10 ** 10 }",
        "${ trigger_data.__class__.__mro__ }",
    ] {
        let execution = api.run(&api.flow_of(&[echo("a", json!({ "x": bomb }))]).await).await;
        assert_eq!(execution["status"], "failed", "{bomb}");
        answers.push(format!("{bomb}\n  {}: {}", execution["error_class"], execution["error_message"]));
    }

    insta::assert_snapshot!(answers.join("\n"), @r#"
    ${ 'x' * 1000000000 }
      "expression": "Node `a` failed after 1 attempt: `${'x' * 1000000000}`: it takes too many steps or makes too large a value"
    ${ [0] * 1000000000 }
      "expression": "Node `a` failed after 1 attempt: `${[0] * 1000000000}`: a list cannot be multiplied"
    ${ 10 ** 10 ** 10 ** 10 }
      "expression": "Node `a` failed after 1 attempt: `${10 ** 10 ** 10 ** 10}`: unable to calculate 10000000000 ** 10"
    ${ trigger_data.__class__.__mro__ }
      "expression": "Node `a` failed after 1 attempt: `${trigger_data.__class__.__mro__}`: `trigger_data` has no field `__class__`; it is an empty object"
    "#);
}

#[tokio::test(start_paused = true)]
async fn paths_that_lead_nowhere_or_outside_are_404() {
    let api = Api::new().await;

    for path in
        ["/api/v1/studio", "/api/v2/studio/flows", "/api/v1/studio/flows/../../../etc/passwd", "/api/%00"]
    {
        assert_eq!(
            api.get(path).await.problem(),
            "404 no-such-route: There is nothing at this address. GET /api/docs shows what there is.",
            "{path}"
        );
    }
    for path in ["flows/%ff", "flows/'%20OR%201=1", "executions/%2e%2e/nodes/a/retry-now"] {
        let answer = api.get(path).await;
        assert!(matches!(answer.status, 400 | 404 | 405), "{path}: {}", answer.text);
        answer.problem();
    }
}

#[tokio::test(start_paused = true)]
async fn pages_of_an_allowed_origin_may_call_and_read() {
    let api =
        Api::configured(|config| config.allowed_origins = vec!["https://app.example".parse().unwrap()]).await;
    let preflight = async |origin: &str| {
        let headers = [
            ("origin", origin),
            ("access-control-request-method", "PATCH"),
            ("access-control-request-headers", "content-type,if-match,idempotency-key"),
        ];
        api.open(request(Method::OPTIONS, "flows", &headers, "")).await
    };
    let header = |answer: &axum::response::Response, name: &str| {
        answer.headers().get(name).map(|value| value.to_str().unwrap().to_lowercase())
    };

    let allowed = preflight("https://app.example").await;
    let foreign = preflight("https://evil.example").await;
    let listed = api.send(request(Method::GET, "flows", &[("origin", "https://app.example")], "")).await;
    let refused = api.send(request(Method::GET, "flows", &[("origin", "https://evil.example")], "")).await;

    assert_eq!(header(&allowed, "access-control-allow-origin").as_deref(), Some("https://app.example"));
    assert!(header(&allowed, "access-control-allow-methods").unwrap().contains("patch"));
    assert!(header(&allowed, "access-control-allow-headers").unwrap().contains("idempotency-key"));
    assert_eq!(header(&allowed, "access-control-allow-credentials"), None, "no cookies are used");
    assert_eq!(header(&foreign, "access-control-allow-origin"), None);
    assert_eq!(
        (listed.status, listed.header("access-control-allow-origin")),
        (200, Some("https://app.example"))
    );
    let exposed = listed.header("access-control-expose-headers").unwrap().to_lowercase();
    for name in ["etag", "location", "link", "x-total-count", "retry-after"] {
        assert!(exposed.contains(name), "{exposed}");
    }
    assert!(listed.header("vary").unwrap().to_lowercase().contains("origin"));
    assert_eq!((refused.status, refused.header("access-control-allow-origin")), (403, None));
}
