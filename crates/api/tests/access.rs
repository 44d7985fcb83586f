//! Who is let in, and what they may do: each operation, without a credential, with each role, and with a key of some flows.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use futures_util::stream;
use serde_json::{Value, json};
use steadflow_access::{Authenticator, FRESH_FOR, Grantor, NewKey, Rate, issue, service_account};
use steadflow_core::access::{CredentialKind, FlowScope, Grants, Principal, Token};
use steadflow_core::caller::{Caller, Role};
use steadflow_core::ids::{FlowId, KeyId, PrincipalId, TenantId};
use tokio::time::timeout;
use uuid::Uuid;

use crate::support::{Answer, Api, NO_ID, echo, hanging, request, text};

/// An operation of the description.
pub(crate) struct Operation {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) id: String,
    pub(crate) is_open: bool,
    pub(crate) is_stream: bool,
}

pub(crate) fn operations() -> Vec<Operation> {
    let document = steadflow_api::openapi();
    let mut all = Vec::new();
    for (path, operations) in document["paths"].as_object().expect("it is an object") {
        for (method, operation) in operations.as_object().expect("it is an object") {
            all.push(Operation {
                method: method.to_uppercase(),
                path: path.clone(),
                id: text(&operation["operationId"]),
                is_open: operation["security"] == json!([]),
                is_stream: operation["responses"]["200"]["content"]["text/event-stream"].is_object(),
            });
        }
    }
    all
}

impl Operation {
    /// Returns its address, with this id.
    pub(crate) fn address(&self, id: &str) -> String {
        let id = if self.path.contains("/approvals/") { format!("{id}:a") } else { id.to_owned() };
        let path = self.path.replace("{id}", &id).replace("{node_id}", "a").replace("{number}", "1");
        path.replace("{part}", "input")
            .replace("{key}", "k")
            .replace("{token}", "t")
            .replace("{name}", "KEY")
            .replace("{provider}", "p")
            .replace("{fingerprint}", "f")
            .replace("{tab}", NO_ID)
    }

    fn request(&self, id: &str) -> Request<Body> {
        request(self.method.parse().expect("it is written so"), &self.address(id), &[], "")
    }
}

/// Starts a server that asks for credentials.
async fn api() -> (Api, Authenticator) {
    let mut kept = None;
    let api = Api::configured(|config| {
        let authenticator = Authenticator::new(Arc::clone(config.engine.store()));
        kept = Some(authenticator.clone());
        config.authenticator = Some(authenticator);
    });
    (api.await, kept.expect("it was configured"))
}

/// Makes a key of a service account.
async fn key(api: &Api, role: Role, flows: FlowScope) -> (String, KeyId) {
    let now = api.engine.now();
    let account = service_account(api.store(), TenantId::DEFAULT, "tests".into(), Role::Admin, now)
        .await
        .expect("the store answers");
    let new = NewKey {
        principal: account.id,
        name: "Test".into(),
        role,
        flows,
        folders: None,
        networks: None,
        expires_at: None,
    };
    let issued =
        issue(api.store(), Grantor::local(&Caller::LOCAL), new, now).await.expect("the store answers");
    (issued.secret(), issued.record.id)
}

async fn ask(api: &Api, key: &str, method: &str, path: &str, body: &str) -> Answer {
    let bearer = format!("Bearer {key}");
    let mut headers = vec![("authorization", &*bearer)];
    if !body.is_empty() {
        headers.push(("content-type", "application/json"));
    }
    api.send(request(method.parse().expect("it is written so"), path, &headers, body)).await
}

fn kind_of(answer: &Answer) -> String {
    let problem: Value = serde_json::from_str(&answer.text).unwrap_or_default();
    problem["type"].as_str().unwrap_or_default().replace("/docs/problems#", "")
}

#[tokio::test(start_paused = true)]
async fn nothing_is_answered_without_a_credential() {
    let (api, _) = api().await;
    let mut asked = 0;

    for operation in operations().iter().filter(|operation| !operation.is_open) {
        let mut request = operation.request(NO_ID);
        let json = "application/json".parse().unwrap();
        request.headers_mut().insert(header::CONTENT_TYPE, json);
        let unread = stream::poll_fn(|_| -> std::task::Poll<Option<Result<String, std::io::Error>>> {
            panic!("nothing is read of who is not known")
        });
        let answer = api.send(request.map(|_| Body::from_stream(unread))).await;

        assert_eq!((answer.status, &*kind_of(&answer)), (401, "not-signed-in"), "{}", operation.id);
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        asked += 1;
    }

    assert!(asked > 80, "{asked} operations ask who it is");
}

#[tokio::test(start_paused = true)]
async fn what_is_open_asks_nobody() {
    let (api, _) = api().await;

    for path in [
        "/healthz",
        "/readyz",
        "/api/v1/openapi.json",
        "/docs/problems",
        "/docs/guides/agents.md",
        "/examples/router.json",
        "/llms.txt",
    ] {
        assert_eq!(api.get(path).await.status, 200, "{path}");
    }
    assert_eq!(kind_of(&api.get("/api/v1/decisions/t").await), "no-such-link");
    let hook = request("POST".parse().unwrap(), "/hooks/a", &[("authorization", "Bearer secret")], "{}");
    assert_eq!(kind_of(&api.send(hook).await), "no-such-webhook", "its bearer is no key");
    let open: Vec<_> =
        operations().into_iter().filter(|operation| operation.is_open).map(|open| open.id).collect();
    assert_eq!(open.len(), 13, "{open:?}");
}

#[tokio::test(start_paused = true)]
async fn a_key_says_who_has_started_something() {
    let (api, _) = api().await;
    let (operator, _) = key(&api, Role::Operator, FlowScope::All).await;
    let (editor, _) = key(&api, Role::Editor, FlowScope::All).await;
    let document = crate::support::flow("Review", &[echo("a", json!({}))], &[]);
    let refused = ask(&api, &operator, "POST", "flows", &document.to_string()).await;
    assert_eq!((refused.status, &*kind_of(&refused)), (403, "not-allowed"));
    assert!(refused.text.contains("This needs the role editor, and yours is operator."), "{}", refused.text);

    let flow = text(&ask(&api, &editor, "POST", "flows", &document.to_string()).await.expect(201)["id"]);
    ask(&api, &editor, "POST", &format!("flows/{flow}/activate"), "").await;
    let started = ask(&api, &operator, "POST", &format!("flows/{flow}/execute"), "").await.expect(201);
    let journal = format!("executions/{}/journal", text(&started["execution_id"]));
    let journal = ask(&api, &operator, "GET", &journal, "").await;

    assert!(journal.text.contains(&operator[..16]), "{}", journal.text);
    assert!(!journal.text.contains(&operator[..20]), "no more than its beginning is shown");
}

#[tokio::test(start_paused = true)]
async fn what_is_no_key_is_told_so() {
    let (api, _) = api().await;
    let (good, id) = key(&api, Role::Viewer, FlowScope::All).await;
    let mut mistyped = good.clone();
    mistyped.replace_range(20..21, if good.as_bytes()[20] == b'a' { "b" } else { "a" });
    let unknown = Token::new([7; 32]).api_key();
    assert_eq!(ask(&api, &good, "GET", "flows", "").await.status, 200);

    for (key, says) in [(&*mistyped, "Copy it again"), (&unknown, "is not valid"), ("", "is no API key")] {
        let answer = ask(&api, key, "GET", "flows", "").await;
        assert_eq!((answer.status, &*kind_of(&answer)), (401, "not-signed-in"));
        assert!(answer.text.contains(says), "{}", answer.text);
    }
    assert!(api.store().delete_api_key(TenantId::DEFAULT, id, None).await.unwrap());
    tokio::time::advance(FRESH_FOR).await;
    assert_eq!(ask(&api, &good, "GET", "flows", "").await.status, 401);
}

#[tokio::test(start_paused = true)]
async fn a_credential_in_a_query_is_none() {
    let (api, _) = api().await;
    let (good, _) = key(&api, Role::Admin, FlowScope::All).await;

    for name in ["key", "api_key", "access_token", "authorization", "token"] {
        let answer = api.get(&format!("/api/v1/studio/node-types?{name}={good}")).await;
        assert!([400, 401].contains(&answer.status), "{name}: {}", answer.text);
        assert!(!answer.text.contains(&good));
    }
}

#[tokio::test(start_paused = true)]
async fn paths_of_other_forms_are_no_way_around() {
    let (api, _) = api().await;
    let (admin, _) = key(&api, Role::Admin, FlowScope::All).await;
    let document = crate::support::flow("Canary", &[echo("a", json!({}))], &[]);
    ask(&api, &admin, "POST", "flows", &document.to_string()).await.expect(201);

    for path in [
        "//api/v1/studio/flows",
        "/API/V1/studio/flows",
        "/api/v1/studio/flows/",
        "/api/v1//studio/flows",
        "/api/v1/studio/./flows",
        "/api/docs/../v1/studio/flows",
        "/healthz/../api/v1/studio/flows",
        "/api/v1/studio%2Fflows",
        "/api/v1/studio/%66lows",
        "/api/v1/studio/flows;open",
        "/hooks/../api/v1/studio/flows",
        "/metrics/",
        "/Metrics",
    ] {
        let answer = Answer::read(api.open(request("GET".parse().unwrap(), path, &[], "")).await).await;
        assert!(
            !answer.text.contains("Canary") && !answer.text.contains("steadflow_"),
            "{path}: {}",
            answer.text
        );
    }
    let overridden =
        [("x-http-method-override", "GET"), ("x-original-url", "/healthz"), ("x-rewrite-url", "/healthz")];
    for header in overridden {
        let answer = api.send(request("GET".parse().unwrap(), "flows", &[header], "")).await;
        assert_eq!(answer.status, 401, "{header:?}");
    }
}

/// The least role that the page says of each operation.
fn roles_of_page() -> BTreeMap<String, Role> {
    let page = include_str!("../../../docs/reference/access.md");
    let mut roles = BTreeMap::new();
    for row in page.lines().filter(|line| line.starts_with("| `") && line.matches('|').count() == 4) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let Ok(role) = cells[2].parse::<Role>() else { continue };
        roles.extend(cells[3].split(", ").map(|id| (id.trim_matches('`').to_owned(), role)));
    }
    roles
}

#[tokio::test(start_paused = true)]
async fn each_operation_needs_the_role_that_the_page_says() {
    let api = Api::new().await;
    let page = roles_of_page();
    let mut named = Vec::new();

    for operation in operations().iter().filter(|operation| !operation.is_open) {
        let least = *page.get(&operation.id).unwrap_or_else(|| panic!("the page lacks {}", operation.id));
        for role in Role::ALL {
            let mut request = operation.request(NO_ID);
            request.extensions_mut().insert(Caller { role, ..Caller::LOCAL });
            let response = api.open(request).await;
            let may = response.status() != 403;
            assert_eq!(may, role >= least, "{} as {}: {}", operation.id, role.as_str(), response.status());
        }
        named.push(operation.id.clone());
    }

    let gone: Vec<_> = page.keys().filter(|id| !named.contains(id)).collect();
    assert!(gone.is_empty(), "the page names what there is not: {gone:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_about_the_installation_is_for_its_own_tenant() {
    let api = Api::new().await;
    let stranger = Caller { tenant: TenantId::new(Uuid::from_u128(7)), ..Caller::LOCAL };

    for (method, path) in [("GET", "/metrics"), ("POST", "demo/kill")] {
        let mut request = request(method.parse().unwrap(), path, &[], "");
        request.extensions_mut().insert(stranger.clone());
        assert_eq!(api.send(request).await.status, 403, "{path}");
    }
}

/// Somebody who may do everything with one flow.
fn limited_to(flow: &str) -> Arc<Principal> {
    let flow = FlowId::new(flow.parse().expect("it is written so"));
    Arc::new(Principal {
        id: PrincipalId::new(Uuid::from_u128(1)),
        caller: Caller::LOCAL,
        grants: Grants::default(),
        folders: None,
        scope: FlowScope::Only(Arc::new([flow].into())),
        networks: None,
        expires_at: None,
        credential: Token::new([1; 32]).hash(CredentialKind::Key),
    })
}

async fn as_limited(
    api: &Api,
    principal: &Arc<Principal>,
    method: &str,
    path: &str,
) -> axum::response::Response {
    let mut request = request(method.parse().expect("it is written so"), path, &[], "");
    request.extensions_mut().insert(Arc::clone(principal));
    api.open(request).await
}

#[tokio::test(start_paused = true)]
async fn a_key_of_some_flows_reaches_nothing_else() {
    let api = Api::new().await;
    let (own, other) =
        (api.flow_of(&[echo("a", json!({}))]).await, api.flow_of(&[echo("a", json!({}))]).await);
    let (own_run, other_run) = (text(&api.run(&own).await["id"]), text(&api.run(&other).await["id"]));
    let principal = limited_to(&own);
    let lists = [
        "executions",
        "events",
        "schedules",
        "webhooks",
        "failures",
        "analytics/retries",
        "analytics/costs",
        "analytics/times",
    ];
    let of_nobody = ["node-types", "schedules/next"];

    for operation in operations().iter().filter(|operation| !operation.is_open) {
        let path = operation.path.trim_start_matches("/api/v1/studio/");
        let (ids, of_own) = match path.split('/').next() {
            Some("flows") => ([&*other, NO_ID], &*own),
            _ => ([&*other_run, NO_ID], &*own_run),
        };
        let is_of_one =
            ["flows/{id}", "executions/{id}", "approvals/{id}"].iter().any(|of| path.starts_with(of));
        let ask =
            async |id: &str| as_limited(&api, &principal, &operation.method, &operation.address(id)).await;
        if is_of_one {
            let mut said = Vec::new();
            for id in ids {
                let answer = Answer::read(ask(id).await).await;
                assert_eq!(answer.status, 404, "{}: {}", operation.id, answer.text);
                said.push(answer.text.replace(id, "ID"));
            }
            assert_eq!(said[0], said[1], "{}: what is not theirs is not there", operation.id);
            if operation.method == "GET" && !path.contains("/nodes/") && !path.starts_with("approvals") {
                assert_ne!(ask(of_own).await.status(), 403, "{}", operation.id);
            }
        } else if operation.method == "GET" && lists.contains(&path) {
            let with = async |query: &str| {
                let address = format!("{}{query}", operation.path);
                as_limited(&api, &principal, "GET", &address).await.status()
            };
            assert_eq!(with("").await, 403, "{}", operation.id);
            assert_eq!(with(&format!("?flow_id={own}&flow_id={other}")).await, 403, "{}", operation.id);
            assert_eq!(with(&format!("?flow_id={other}")).await, 404, "{}", operation.id);
            assert_eq!(with(&format!("?flow_id={own}")).await, 200, "{}", operation.id);
        } else {
            let expected = of_nobody.contains(&path);
            assert_eq!(ask(NO_ID).await.status() != 403, expected, "{}", operation.id);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn streams_end_with_their_credential() {
    let (api, authenticator) = api().await;
    let (admin, id) = key(&api, Role::Admin, FlowScope::All).await;
    let mut document = crate::support::flow("Review", &[hanging("a")], &[]);
    document["status"] = json!("active");
    let flow = text(&ask(&api, &admin, "POST", "flows", &document.to_string()).await.expect(201)["id"]);
    let started = ask(&api, &admin, "POST", &format!("flows/{flow}/execute"), "").await.expect(201);
    let execution = text(&started["execution_id"]);
    let wall = api.engine.clone();
    tokio::spawn(async move { authenticator.keep_fresh(move || wall.wall()).await });
    let streams: Vec<_> = operations().into_iter().filter(|operation| operation.is_stream).collect();
    assert_eq!(streams.len(), 3);
    let mut bodies = Vec::new();
    // The text of a model needs a node that is an agent; all streams end in one place.
    for stream in streams.iter().filter(|stream| stream.id != "follow_text") {
        let mut request = stream.request(&execution);
        request.headers_mut().insert(header::AUTHORIZATION, format!("Bearer {admin}").parse().unwrap());
        let response = api.open(request).await;
        assert_eq!(response.status(), 200, "{}", stream.id);
        bodies.push((&stream.id, response.into_body()));
    }
    let ends = bodies.into_iter().map(|(id, body)| (id, tokio::spawn(to_bytes(body, usize::MAX))));
    let ends: Vec<_> = ends.collect();
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert!(ends.iter().all(|(_, end)| !end.is_finished()), "they go on for as long as it holds");

    assert!(api.store().delete_api_key(TenantId::DEFAULT, id, None).await.unwrap());

    for (id, end) in ends {
        let ended = timeout(FRESH_FOR, end).await;
        assert!(ended.is_ok(), "{id} goes on");
    }
}

#[tokio::test(start_paused = true)]
async fn without_its_database_a_server_lets_nobody_in() {
    let (api, _) = api().await;
    let (good, _) = key(&api, Role::Admin, FlowScope::All).await;
    api.store().close().await.unwrap();

    let answer = ask(&api, &good, "GET", "node-types", "").await;

    assert_eq!(answer.status, 503, "{}", answer.text);
}

#[tokio::test(start_paused = true)]
async fn many_keys_that_are_none_are_told_to_wait() {
    let (api, _) = api().await;
    let (good, _) = key(&api, Role::Admin, FlowScope::All).await;
    let from = async |key: &str, address: [u8; 4]| {
        let bearer = format!("Bearer {key}");
        let mut request = request("GET".parse().unwrap(), "node-types", &[("authorization", &bearer)], "");
        request.extensions_mut().insert(steadflow_api::ClientIp(address.into()));
        api.send(request).await
    };
    let unknown = |number| Token::new([number; 32]).api_key();
    for number in 0..60 {
        assert_eq!(from(&unknown(number), [192, 0, 2, 1]).await.status, 401);
    }

    let limited = from(&unknown(61), [192, 0, 2, 1]).await;

    assert_eq!((limited.status, &*kind_of(&limited)), (429, "too-many-attempts"));
    assert_eq!(limited.header("retry-after"), Some("60"));
    assert_eq!(from(&good, [192, 0, 2, 2]).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn who_asks_too_often_waits_before_the_body_is_read() {
    let rate = Some(Rate::per_second(NonZeroU32::new(2).unwrap()));
    let api = Api::configured(|config| {
        let store = Arc::clone(config.engine.store());
        config.authenticator = Some(Authenticator::with_rate(store, rate));
        config.address_rate = Some(Rate::per_second(NonZeroU32::new(3).unwrap()));
    })
    .await;
    let (one, _) = key(&api, Role::Editor, FlowScope::All).await;
    let (other, _) = key(&api, Role::Editor, FlowScope::All).await;
    let ask = async |key: &str, path: &str, last: u8| {
        let bearer = format!("Bearer {key}");
        let headers = [("authorization", &*bearer), ("content-type", "application/json")];
        let unread = stream::poll_fn(|_| -> std::task::Poll<Option<Result<String, std::io::Error>>> {
            panic!("nothing is read of who has to wait")
        });
        let request = request("POST".parse().unwrap(), path, &headers, "");
        let mut request = request.map(|_| Body::from_stream(unread));
        let address = std::net::IpAddr::from([192, 0, 2, last]);
        request.extensions_mut().insert(steadflow_api::ClientIp(address));
        request.extensions_mut().insert(steadflow_api::ClientAddress::from(address));
        api.send(request).await
    };
    // These read no body.
    let quick = format!("executions/{NO_ID}/pause");
    for _ in 0..20 {
        assert_eq!(ask(&one, &quick, 1).await.status, 404);
    }

    let of_key = ask(&one, "flows", 1).await;
    assert_eq!((of_key.status, &*kind_of(&of_key)), (429, "too-many-requests"));
    assert_eq!(of_key.header("retry-after"), Some("1"));
    assert!(of_key.text.contains("with this API key"), "{}", of_key.text);
    for _ in 21..30 {
        assert_eq!(ask(&other, &quick, 1).await.status, 404, "another key goes on");
    }
    let of_address = ask(&other, "flows", 1).await;
    assert_eq!((of_address.status, of_address.header("retry-after")), (429, Some("1")));
    assert!(of_address.text.contains("from your address"), "{}", of_address.text);
    assert_eq!(ask(&other, &quick, 2).await.status, 404, "another address goes on");
    assert_eq!(ask("", "/healthz", 1).await.status, 405, "it is not counted");
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(ask(&one, &quick, 1).await.status, 404, "what it was told is true");
}

/// Keys that only the server sets, and such that there are not.
const OF_THE_SERVER: [&str; 6] =
    ["tenant_id", "created_by", "lease_epoch", "is_first_admin", "hash", "__proto__"];

#[tokio::test(start_paused = true)]
async fn every_body_refuses_keys_that_it_does_not_have() {
    let api = Api::new().await;
    let document = steadflow_api::openapi();
    let mut named = BTreeSet::new();

    for operation in operations().iter().filter(|operation| !operation.path.contains("{token}")) {
        let described = &document["paths"][&operation.path][operation.method.to_lowercase()]["requestBody"];
        if described["content"]["application/json"].is_null()
            || ["receive_call", "validate_flow"].contains(&&*operation.id)
        {
            continue;
        }
        for key in OF_THE_SERVER {
            let body = json!({ key: 1 }).to_string();
            let mut request = operation.request(NO_ID);
            request.headers_mut().insert(header::CONTENT_TYPE, "application/json".parse().unwrap());
            let answer = api.send(request.map(|_| Body::from(body.clone()))).await;
            // Of a document, what it lacks is said first, and that there is none to change.
            assert!([400, 404, 422].contains(&answer.status), "{} {body}: {}", operation.id, answer.text);
            if answer.status == 400 {
                assert!(answer.text.contains(key), "{} {body}: {}", operation.id, answer.text);
                named.insert(operation.id.clone());
            }
        }
    }

    assert!(named.len() >= 20, "{named:?}");
}
