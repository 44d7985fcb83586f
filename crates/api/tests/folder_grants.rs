//! Who has roles in folders alone: what they reach, and that nothing else is there for them.

use std::sync::Arc;

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use steadflow_access::{Authenticator, Grantor, NewKey, People, SignInWays, issue};
use steadflow_core::access::{FlowScope, Grant, Grants};
use steadflow_core::caller::{Caller, Role};
use steadflow_core::ids::{PrincipalId, TenantId};
use steadflow_store::{PrincipalChange, PrincipalKind, PrincipalRecord};
use uuid::Uuid;

use crate::access::operations;
use crate::support::{Answer, Api, NO_ID, Stream, each, echo, failing, flow, hanging, request, text};

const EVE: PrincipalId = PrincipalId::new(Uuid::from_u128(5));

/// A server with an admin, and with Eve, who has no role but those in folders.
struct Server {
    api: Api,
    people: People,
    admin: String,
    eve: String,
}

fn grants(all: &[(&str, Role)]) -> Grants {
    Grants::new(
        all.iter().map(|(folder, role)| Grant { folder: folder.parse().expect("a folder"), role: *role }),
    )
}

fn new_key(principal: PrincipalId, role: Role) -> NewKey {
    NewKey {
        principal,
        name: "Test".into(),
        role,
        flows: FlowScope::All,
        folders: None,
        networks: None,
        expires_at: None,
    }
}

impl Server {
    async fn with(grants: Grants) -> Self {
        let mut people = None;
        let api = Api::configured(|config| {
            let store = Arc::clone(config.engine.store());
            let authenticator = Authenticator::new(Arc::clone(&store));
            people = Some(People::new(store, authenticator.clone(), SignInWays::default()));
            config.authenticator = Some(authenticator);
        })
        .await;
        let now = api.engine.wall();
        let person = |id, role, grants| PrincipalRecord {
            id,
            tenant: TenantId::DEFAULT,
            kind: PrincipalKind::Person,
            name: "Somebody".into(),
            email: Some(format!("{id}@example.org").into()),
            role,
            grants,
            password: None,
            created_at: now,
            disabled_at: None,
        };
        let ann = PrincipalId::new(Uuid::from_u128(1));
        let mut keys = Vec::new();
        for (person, role) in [
            (person(ann, Role::Admin, Grants::default()), Role::Admin),
            (person(EVE, Role::None, grants.clone()), grants.largest()),
        ] {
            let new = new_key(person.id, role);
            assert!(api.store().create_principal(person).await.expect("the store answers"));
            let by = Caller::LOCAL;
            keys.push(
                issue(api.store(), Grantor::local(&by), new, now).await.expect("a key is made").secret(),
            );
        }
        let eve = keys.pop().expect("there are two");
        let admin = keys.pop().expect("there are two");
        Self { api, people: people.expect("it was configured"), admin, eve }
    }

    fn request(key: &str, method: &str, path: &str, body: &Value) -> Request<Body> {
        let bearer = format!("Bearer {key}");
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let headers = [("authorization", &*bearer), ("content-type", "application/json")];
        let method = method.parse().expect("it is written so");
        request(method, path, &headers[..if body.is_empty() { 1 } else { 2 }], &body)
    }

    async fn ask(&self, key: &str, method: &str, path: &str, body: &Value) -> Answer {
        self.api.send(Self::request(key, method, path, body)).await
    }

    async fn admin(&self, method: &str, path: &str, body: Value) -> Answer {
        self.ask(&self.admin, method, path, &body).await
    }

    async fn eve(&self, method: &str, path: &str, body: Value) -> Answer {
        self.ask(&self.eve, method, path, &body).await
    }

    async fn follow(&self, path: &str) -> Stream {
        let response = self.api.open(Self::request(&self.eve, "GET", path, &Value::Null)).await;
        Stream::new(format!("/api/v1/studio/{path}"), response)
    }

    /// Makes an active flow of these nodes in a folder.
    async fn flow(&self, name: &str, folder: &str, nodes: &[Value]) -> String {
        let edges: &[(&str, &str)] = if nodes.len() == 2 { &[("t", "a")] } else { &[] };
        let mut document = flow(name, nodes, edges);
        (document["folder"], document["status"]) = (json!(folder), json!("active"));
        text(&self.admin("POST", "flows", document).await.expect(201)["id"])
    }

    /// Runs a flow to its end.
    async fn run(&self, flow: &str) -> String {
        let path = format!("flows/{flow}/execute?wait=60");
        let answer = self.admin("POST", &path, Value::Null).await;
        text(&answer.expect(200)["id"])
    }

    async fn grant(&self, all: &[(&str, Role)]) {
        let change = PrincipalChange { grants: Some(grants(all)), ..PrincipalChange::default() };
        self.people.change(TenantId::DEFAULT, EVE, change).await.expect("the store answers");
    }
}

/// A body that an operation would take.
fn body_of(id: &str) -> Value {
    match id {
        "retry_executions" => json!({ "filter": {} }),
        "change_flow" => json!({ "name": "Mine" }),
        "fork_execution" => json!({ "node_id": "a" }),
        "decide_node" => json!({ "decision": "retry" }),
        _ => Value::Null,
    }
}

#[tokio::test(start_paused = true)]
async fn no_operation_says_anything_of_folders_without_a_role() {
    let server = Server::with(grants(&[("ours", Role::Editor)])).await;
    let engine = server.api.engine.clone();
    tokio::spawn(async move { engine.keep_schedules().await });
    let schedule = json!({ "id": "t", "type": "trigger", "schedule": { "cron": "0 9 * * *" } });
    let nodes = [schedule, failing("a", 9, 0)];
    let ours = server.flow("Ours", "ours/deep", &nodes).await;
    let theirs = server.flow("Hidden name", "theirs", &nodes).await;
    let top = server.flow("Hidden at the top", "theirs", &nodes).await;
    server
        .admin("PATCH", &format!("flows/{top}"), json!({ "folder": null, "is_template": true }))
        .await
        .expect(200);
    let (own, hidden) = (server.run(&ours).await, server.run(&theirs).await);
    server.run(&top).await;
    let secrets = [&*theirs, &*top, &*hidden, "Hidden"];
    let mut asked = (0, 0);

    for operation in operations().iter().filter(|operation| !operation.is_open) {
        let body = body_of(&operation.id);
        let send = async |address: &str| {
            let mut request = Server::request(&server.eve, &operation.method, address, &body);
            request.extensions_mut().insert(steadflow_api::ClientIp([203, 0, 113, 9].into()));
            let response = server.api.open(request).await;
            let kind = response.headers().get("content-type").is_some_and(|kind| kind == "text/event-stream");
            let total =
                response.headers().get("x-total-count").map(|total| total.to_str().unwrap().to_owned());
            if kind && response.status() == 200 {
                let mut stream = Stream::new(address.to_owned(), response);
                return (200, stream.next().await.expect("a snapshot").data.to_string(), total);
            }
            let answer = Answer::read(response).await;
            (answer.status, answer.text, total)
        };
        let id = match &*operation.path {
            path if path.contains("/flows/") => &theirs,
            path if path.contains("/executions/{") || path.contains("/approvals/") => &hidden,
            _ => NO_ID,
        };
        let (status, answer, total) = send(&operation.address(id)).await;
        let name = format!("{} {}: {status} {answer}", operation.method, operation.path);
        if id != NO_ID {
            let (other_status, other, _) = send(&operation.address(NO_ID)).await;
            assert_eq!((status, answer.replace(id, NO_ID)), (other_status, other), "{name}");
            asked.0 += 1;
        } else {
            assert!(secrets.iter().all(|secret| !answer.contains(secret)), "{name}");
            let counted = matches!(&*operation.id, "list_flows" | "list_executions");
            assert!(!counted || total.as_deref() == Some("1"), "{name}: {total:?}");
            asked.1 += 1;
        }
    }

    assert!(asked.0 > 40 && asked.1 > 60, "{asked:?}");
    let listed = server.eve("GET", "failures", Value::Null).await.expect(200);
    assert_eq!(each(&listed, "flow_id"), [&*ours]);
    let listed = server.eve("GET", "schedules", Value::Null).await.expect(200);
    assert_eq!(each(&listed, "flow_id"), [&*ours]);
    let shown = server.eve("GET", &format!("executions/{own}"), Value::Null).await.expect(200);
    assert_eq!(text(&shown["flow_id"]), ours);
    let retries = server.admin("GET", &format!("executions?flow_id={theirs}"), Value::Null).await.expect(200);
    assert_eq!(retries.as_array().map(Vec::len), Some(1), "nothing of theirs was retried");
}

#[tokio::test(start_paused = true)]
async fn a_role_in_a_folder_is_that_of_its_flows_and_ends_with_it() {
    let server = Server::with(grants(&[("a", Role::Operator), ("a/b", Role::Editor)])).await;
    let (low, high) = (
        server.flow("Low", "a", &[hanging("x")]).await,
        server.flow("High", "a/b", &[echo("x", json!(1))]).await,
    );
    let rename =
        async |flow: &str| server.eve("PATCH", &format!("flows/{flow}"), json!({ "name": "New" })).await;

    assert_eq!(rename(&low).await.status, 403);
    assert_eq!(rename(&high).await.status, 200);
    // Moving needs the role in both folders.
    let moved = server.eve("PATCH", &format!("flows/{high}"), json!({ "folder": "a" })).await;
    insta::assert_snapshot!(moved.problem(), @"
    403 not-allowed: You may not edit flows in the folder a. Name a folder where you are an editor.
      /folder: you may not edit flows in the folder a: name a folder where you are an editor
    ");
    assert_eq!(server.eve("PATCH", &format!("flows/{high}"), json!({ "folder": "a/b/c" })).await.status, 200);
    let new = |folder: Value| json!({ "name": "N", "folder": folder, "flow_definition": { "nodes": [echo("a", json!(1))] } });
    assert_eq!(server.eve("POST", "flows", new(Value::Null)).await.status, 403);
    assert_eq!(server.eve("POST", "flows", new(json!("a/b"))).await.status, 201);
    // What is saved starts only what its editor may run.
    let elsewhere = server.flow("Elsewhere", "z", &[echo("x", json!(1))]).await;
    let starting = |flow: &str| json!({ "flow_definition": { "nodes": [{ "id": "s", "type": "subflow", "flow_id": flow }] } });
    let refused = server.eve("PATCH", &format!("flows/{high}"), starting(&elsewhere)).await;
    assert_eq!(
        (refused.status, refused.text.contains("/flow_definition/nodes/0/flow_id")),
        (403, true),
        "{}",
        refused.text
    );
    assert_eq!(server.eve("PATCH", &format!("flows/{high}"), starting(&low)).await.status, 200);
    // A stream ends when its flow is moved, and so does everything else.
    let started = server.eve("POST", &format!("flows/{low}/execute"), Value::Null).await.expect(201);
    let execution = format!("executions/{}", text(&started["execution_id"]));
    let mut stream = server.follow(&format!("{execution}/events")).await;
    stream.next().await.expect("a snapshot");
    server.admin("PATCH", &format!("flows/{low}"), json!({ "folder": "z" })).await.expect(200);
    for path in [format!("flows/{low}"), execution.clone()] {
        assert_eq!(server.eve("GET", &path, Value::Null).await.status, 404, "{path}");
    }
    let of_flow = server.eve("GET", &format!("executions?flow_id={low}"), Value::Null).await;
    assert_eq!(of_flow.expect(200), json!([]));
    stream.rest().await;
    // Back again, until the role is taken away.
    server.admin("PATCH", &format!("flows/{low}"), json!({ "folder": "a" })).await.expect(200);
    let mut stream = server.follow(&format!("{execution}/events")).await;
    stream.next().await.expect("a snapshot");
    server.grant(&[("a/b", Role::Viewer)]).await;
    stream.rest().await;
    assert_eq!(server.eve("GET", &execution, Value::Null).await.status, 404);
    assert_eq!(rename(&high).await.status, 403);
    server.grant(&[]).await;
    assert_eq!(server.eve("GET", "flows", Value::Null).await.status, 403);
    assert_eq!(server.eve("GET", "account", Value::Null).await.expect(200)["role"], "none");
}

#[tokio::test(start_paused = true)]
async fn members_get_roles_in_folders_and_keys_no_more_than_these() {
    let server = Server::with(grants(&[("a", Role::Operator)])).await;
    let member = format!("members/{EVE}");
    let patch = async |grants: Value| server.admin("PATCH", &member, json!({ "grants": grants })).await;

    for (given, pointer) in [
        (json!([{ "folder": "/a", "role": "viewer" }]), "/grants/0/folder"),
        (
            json!([{ "folder": "a", "role": "viewer" }, { "folder": "a", "role": "editor" }]),
            "/grants/1/folder",
        ),
        (json!([{ "folder": "a", "role": "admin" }]), "/grants/0/role"),
        (json!(vec![json!({ "folder": "a", "role": "viewer" }); 51]), "/grants"),
    ] {
        let refused = patch(given).await;
        let problem: Value = serde_json::from_str(&refused.text).expect("a problem");
        assert_eq!(
            (refused.status, &problem["errors"][0]["pointer"]),
            (400, &json!(pointer)),
            "{}",
            refused.text
        );
    }
    let given = json!([{ "folder": "a", "role": "operator" }, { "folder": "b", "role": "editor" }]);
    assert_eq!(patch(given.clone()).await.expect(200)["grants"], given);
    // She asks with a key of an operator.
    let account = server.eve("GET", "account", Value::Null).await.expect(200);
    assert_eq!(each(&account["grants"], "role"), ["operator", "operator"]);
    assert_eq!(server.eve("GET", "members", Value::Null).await.status, 403);
    // A key of a person may do no more than they may, and no more than itself, in each folder.
    let (a, b) = (
        server.flow("A", "a", &[echo("x", json!(1))]).await,
        server.flow("B", "b", &[echo("x", json!(1))]).await,
    );
    let key = async |by: &str, body: Value| server.ask(by, "POST", "account/keys", &body).await;
    let new = |role: &str, folders: Value| json!({ "name": "K", "role": role, "folders": folders });
    assert_eq!(key(&server.eve, new("admin", Value::Null)).await.status, 403);
    let limited = text(&key(&server.eve, new("operator", json!(["b"]))).await.expect(201)["key"]);
    let may = async |method: &str, flow: &str| {
        let body = if method == "PATCH" { json!({ "name": "New" }) } else { Value::Null };
        server.ask(&limited, method, &format!("flows/{flow}"), &body).await.status
    };
    assert_eq!([may("GET", &a).await, may("GET", &b).await, may("PATCH", &b).await], [404, 200, 403]);
    for (folders, pointer) in [(Value::Null, "/folders"), (json!(["b/c", "a"]), "/folders/1")] {
        let refused = key(&limited, new("viewer", folders)).await;
        assert_eq!(refused.status, 403, "{}", refused.text);
        assert!(refused.text.contains(pointer), "{}", refused.text);
    }
    assert_eq!(key(&limited, new("viewer", json!(["b/c"]))).await.status, 201);
}
