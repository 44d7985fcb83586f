//! What a key gives away: no more than it has, and what it starts by what it saves.

use std::sync::Arc;
use std::time::Duration;

use axum::http::Method;
use serde_json::{Value, json};
use steadflow_access::{Authenticator, Grantor, NewKey, issue, service_account};
use steadflow_core::access::{CredentialKind, FlowScope, Grants, Principal, Token};
use steadflow_core::caller::{Caller, Role};
use steadflow_core::ids::{FlowId, PrincipalId, TenantId};
use steadflow_core::timestamp::Timestamp;
use uuid::Uuid;

use crate::approvals::node_waiting;
use crate::support::{Answer, Api, echo, request, text};

/// Starts a server that asks for credentials.
async fn api() -> Api {
    Api::configured(|config| {
        config.authenticator = Some(Authenticator::new(Arc::clone(config.engine.store())));
    })
    .await
}

/// Makes a key, after `limit` has limited it.
async fn key(api: &Api, limit: impl FnOnce(&mut NewKey)) -> String {
    let now = api.engine.wall();
    let account = service_account(api.store(), TenantId::DEFAULT, "tests".into(), Role::Admin, now)
        .await
        .expect("the store answers");
    let mut new = NewKey {
        principal: account.id,
        name: "Test".into(),
        role: Role::Admin,
        flows: FlowScope::All,
        folders: None,
        networks: None,
        expires_at: None,
    };
    limit(&mut new);
    let by = Caller::LOCAL;
    issue(api.store(), Grantor::local(&by), new, now).await.expect("a key is made").secret()
}

async fn ask(api: &Api, key: &str, method: Method, path: &str, body: &Value) -> Answer {
    let bearer = format!("Bearer {key}");
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let headers = [("authorization", &*bearer), ("content-type", "application/json")];
    let mut request = request(method, path, &headers[..if body.is_empty() { 1 } else { 2 }], &body);
    request.extensions_mut().insert(steadflow_api::ClientIp([203, 0, 113, 9].into()));
    api.send(request).await
}

/// Returns what of a request was too much.
fn pointer(answer: &Answer) -> String {
    assert_eq!(answer.status, 403, "{}", answer.text);
    let problem: Value = serde_json::from_str(&answer.text).expect("a problem");
    assert_eq!(problem["type"], "/docs/problems#not-allowed");
    text(&problem["errors"][0]["pointer"])
}

#[tokio::test(start_paused = true)]
async fn a_limited_key_makes_nothing_that_may_do_more() {
    let api = api().await;
    let all = key(&api, |_| ()).await;
    let from_network = key(&api, |new| new.networks = Some(vec!["203.0.113.0/24".parse().unwrap()])).await;
    let end = api.engine.wall().plus(Duration::from_secs(3_600));
    let for_an_hour = key(&api, |new| new.expires_at = Some(end)).await;
    let new = |limits: Value| {
        let mut new = json!({ "name": "CI", "role": "admin", "account": "ci" });
        new.as_object_mut().unwrap().extend(limits.as_object().unwrap().clone());
        new
    };
    let member = ask(&api, &all, Method::GET, "members", &Value::Null).await.expect(200);
    let member = format!("members/{}", text(&member[0]["id"]));

    for (key, path, method, body, too_much) in [
        (&from_network, "keys", Method::POST, new(json!({})), "/addresses"),
        (
            &from_network,
            "keys",
            Method::POST,
            new(json!({ "addresses": ["203.0.112.0/23"] })),
            "/addresses/0",
        ),
        (&for_an_hour, "keys", Method::POST, new(json!({})), "/expires_at"),
        (
            &for_an_hour,
            "keys",
            Method::POST,
            new(json!({ "expires_at": "2099-01-01T00:00:00Z" })),
            "/expires_at",
        ),
        (&from_network, "invitations", Method::POST, json!({ "role": "viewer" }), "/role"),
        (&for_an_hour, "invitations", Method::POST, json!({ "role": "viewer" }), "/role"),
        (&from_network, &member, Method::PATCH, json!({ "role": "admin" }), "/role"),
        (&for_an_hour, &member, Method::PATCH, json!({ "disabled": false }), "/disabled"),
    ] {
        assert_eq!(pointer(&ask(&api, key, method, path, &body).await), too_much, "{path} {body}");
    }
    api.app.store_refusals().await;
    let log = ask(&api, &all, Method::GET, "audit?limit=100", &Value::Null).await.expect(200);
    let entries = log.as_array().expect("a list");
    assert_eq!(entries.iter().filter(|entry| entry["status"] == 403).count(), 8);
    assert!(
        entries.iter().all(|entry| entry["refusals"].is_null()),
        "what is in the log is not counted as well"
    );
    let same = new(json!({ "addresses": ["203.0.113.9"] }));
    assert_eq!(ask(&api, &from_network, Method::POST, "keys", &same).await.status, 201);
    assert_eq!(ask(&api, &all, Method::POST, "keys", &new(json!({}))).await.status, 201);
    assert_eq!(ask(&api, &all, Method::POST, "invitations", &json!({ "role": "admin" })).await.status, 201);
}

fn subflow(id: &str, flow: &str) -> Value {
    json!({ "id": id, "type": "subflow", "flow_id": flow })
}

fn definition(nodes: &[Value]) -> Value {
    json!({ "flow_definition": { "nodes": nodes, "edges": [] } })
}

#[tokio::test(start_paused = true)]
async fn a_key_of_some_flows_saves_nothing_that_starts_others() {
    let api = api().await;
    let all = key(&api, |_| ()).await;
    let create = async |nodes: &[Value]| {
        let document = crate::support::flow("Flow", nodes, &[]);
        text(&ask(&api, &all, Method::POST, "flows", &document).await.expect(201)["id"])
    };
    let (own, also_own) = (create(&[echo("a", json!({}))]).await, create(&[echo("a", json!({}))]).await);
    let other = create(&[echo("a", json!({}))]).await;
    let flows = [&own, &also_own].map(|id| FlowId::new(id.parse().expect("an id")));
    let limited = key(&api, |new| {
        new.role = Role::Editor;
        new.flows = FlowScope::Only(Arc::new(flows.into()));
    })
    .await;
    let path = format!("flows/{own}");
    let save =
        async |key: &str, nodes: &[Value]| ask(&api, key, Method::PATCH, &path, &definition(nodes)).await;
    let map = json!({ "id": "m", "type": "map", "items": [1], "body": { "nodes": [subflow("s", &other)] } });
    let tool = json!({ "name": "run", "type": "flow", "flow_id": other, "description": "Runs.", "input_schema": { "type": "object" } });
    let agent = json!({
        "name": "Researcher", "agent_type": "llm", "config": { "provider": "openai", "model": "small" },
        "skills": [{ "name": "research", "instructions": "Find out.", "tools": [tool] }],
    });
    let agent = text(&ask(&api, &all, Method::POST, "agents", &agent).await.expect(201)["id"]);
    let asks = json!({ "id": "g", "type": "agent", "agent_id": agent, "skill": "research", "input": {} });

    for (nodes, too_much) in [
        (vec![echo("a", json!({})), subflow("s", &other)], "/flow_definition/nodes/1/flow_id"),
        (vec![map], "/flow_definition/nodes/0/body/nodes/0/flow_id"),
        (vec![asks], "/flow_definition/nodes/0/agent_id"),
    ] {
        let refused = save(&limited, &nodes).await;
        assert_eq!(pointer(&refused), too_much);
        assert!(refused.text.contains(&other), "{}", refused.text);
        assert_eq!(save(&all, &nodes).await.status, 200, "others may");
    }
    let versions =
        ask(&api, &limited, Method::GET, &format!("{path}/versions"), &Value::Null).await.expect(200);
    assert_eq!(versions.as_array().map(Vec::len), Some(4), "what was refused was not saved");
    assert_eq!(save(&limited, &[subflow("s", &also_own)]).await.status, 200, "it may start its own");
    let restore = |version| format!("{path}/restore-version?version={version}");
    assert_eq!(
        pointer(&ask(&api, &limited, Method::POST, &restore(2), &Value::Null).await),
        "/flow_definition/nodes/1/flow_id"
    );
    assert_eq!(ask(&api, &limited, Method::POST, &restore(1), &Value::Null).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_limited_key_makes_no_link_that_does_more() {
    let api = Api::new().await;
    let approval = format!("approvals/{}:ok:approval:1/links", node_waiting(&api, "operator").await);
    let end = api.engine.wall().plus(Duration::from_secs(3_600));
    let limited = |limit: fn(&mut Principal, Timestamp)| {
        let mut principal = Principal {
            id: PrincipalId::new(Uuid::from_u128(1)),
            caller: Caller::LOCAL,
            grants: Grants::default(),
            folders: None,
            scope: FlowScope::All,
            networks: None,
            expires_at: None,
            credential: Token::new([1; 32]).hash(CredentialKind::Key),
        };
        limit(&mut principal, end);
        Arc::new(principal)
    };
    let link = async |principal: &Arc<Principal>, seconds: u64| {
        let body = json!({ "expires_in_seconds": seconds }).to_string();
        let mut request = request(Method::POST, &approval, &[("content-type", "application/json")], &body);
        request.extensions_mut().insert(Arc::clone(principal));
        api.send(request).await
    };
    let for_an_hour = limited(|principal, end| principal.expires_at = Some(end));
    let from_network = limited(|principal, _| principal.networks = Some(["203.0.113.0/24".into()].into()));

    assert_eq!(pointer(&link(&for_an_hour, 3_601).await), "/expires_in_seconds");
    assert_eq!(pointer(&link(&from_network, 60).await), "");
    assert_eq!(link(&for_an_hour, 3_600).await.status, 201);
    assert_eq!(link(&limited(|_, _| ()), 3_601).await.status, 201);
}
