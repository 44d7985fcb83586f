//! API keys: who makes them, what an answer says of them, and when they end.

use std::sync::Arc;

use axum::http::Method;
use serde_json::{Value, json};
use steadflow_access::{Authenticator, Grantor, NewKey, issue, service_account};
use steadflow_api::ClientIp;
use steadflow_core::access::FlowScope;
use steadflow_core::caller::{Caller, Role};
use steadflow_core::ids::TenantId;
use uuid::Uuid;

use crate::support::{Answer, Api, NO_ID, list, request, text};

/// Starts a server that asks for credentials, and returns the key of an admin.
async fn api() -> (Api, String) {
    let with_keys = |config: &mut steadflow_api::AppConfig| {
        config.authenticator = Some(Authenticator::new(Arc::clone(config.engine.store())));
    };
    let api = Api::configured(with_keys).await;
    let (store, now) = (api.store(), api.engine.now());
    let account = service_account(store, TenantId::DEFAULT, "root".into(), Role::Admin, now).await;
    let new = NewKey {
        principal: account.expect("it is stored").id,
        name: "Root".into(),
        role: Role::Admin,
        flows: FlowScope::All,
        folders: None,
        networks: None,
        expires_at: None,
    };
    let issued = issue(store, Grantor::local(&Caller::LOCAL), new, now).await.expect("a key is made");
    (api, issued.secret())
}

/// Asks with a key.
async fn ask_with(api: &Api, key: &str, method: Method, path: &str, body: &Value) -> Answer {
    let bearer = format!("Bearer {key}");
    let headers = [("authorization", &*bearer), ("content-type", "application/json")];
    let body = if body.is_null() { String::new() } else { body.to_string() };
    api.send(request(method, path, &headers[..if body.is_empty() { 1 } else { 2 }], &body)).await
}

/// Asks as somebody of the server's own tenant.
async fn ask(api: &Api, role: Role, method: Method, path: &str, body: &Value) -> Answer {
    let json = [("content-type", "application/json")];
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let mut request = request(method, path, if body.is_empty() { &[] } else { &json }, &body);
    request.extensions_mut().insert(Caller { role, ..Caller::LOCAL });
    api.send(request).await
}

async fn create(api: &Api, body: &Value) -> Answer {
    ask(api, Role::Admin, Method::POST, "keys", body).await
}

fn input() -> Value {
    json!({ "name": "CI", "role": "operator", "account": "ci" })
}

/// Shows a key to read the kinds of nodes, from an address.
async fn status_of(api: &Api, key: &str, from: [u8; 4]) -> u16 {
    let bearer = format!("Bearer {key}");
    let mut request = request(Method::GET, "node-types", &[("authorization", &bearer)], "");
    request.extensions_mut().insert(ClientIp(from.into()));
    api.send(request).await.status
}

#[tokio::test(start_paused = true)]
async fn a_key_is_shown_once_and_never_again() {
    let api = Api::new().await;

    let made = create(&api, &input()).await;
    let body = serde_json::from_str::<Value>(&made.text).unwrap();
    let key = text(&body["key"]);

    assert_eq!(made.status, 201);
    assert_eq!(made.header("location"), Some(&*format!("/api/v1/studio/keys/{}", text(&body["id"]))));
    assert_eq!((text(&body["prefix"]), body["role"].clone()), (key[..16].to_owned(), json!("operator")));
    let listed = api.get("keys").await;
    assert!(listed.text.contains(&key[..16]) && !listed.text.contains(&key[..20]), "{}", listed.text);
    assert!(!listed.text.contains("hash"), "{}", listed.text);
    let again = create(&api, &input()).await.expect(201);
    assert_ne!(text(&again["key"]), key);
    assert_eq!(again["owner_id"], body["owner_id"], "the account is made once");
    assert_eq!(list(&api.get("keys").await.expect(200)).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_key_ends_at_its_time_and_when_it_is_deleted_and_works_from_its_networks() {
    let (api, admin) = api().await;
    let mut limited = input();
    limited["addresses"] = json!(["203.0.113.0/24", "2001:db8::1"]);
    limited["expires_at"] = json!("2027-01-15T08:01:00Z");
    let made = ask_with(&api, &admin, Method::POST, "keys", &limited).await.expect(201);
    let key = text(&made["key"]);
    assert_eq!(made["addresses"], json!(["203.0.113.0/24", "2001:db8::1/128"]));

    assert_eq!(status_of(&api, &key, [203, 0, 113, 9]).await, 200);
    assert_eq!(status_of(&api, &key, [203, 0, 114, 9]).await, 401);
    tokio::time::advance(std::time::Duration::from_secs(60)).await;
    assert_eq!(status_of(&api, &key, [203, 0, 113, 9]).await, 401);

    let made = ask_with(&api, &admin, Method::POST, "keys", &input()).await.expect(201);
    let (key, path) = (text(&made["key"]), format!("keys/{}", text(&made["id"])));
    assert_eq!(status_of(&api, &key, [127, 0, 0, 1]).await, 200);
    assert_eq!(ask_with(&api, &admin, Method::DELETE, &path, &Value::Null).await.status, 204);
    assert_eq!(status_of(&api, &key, [127, 0, 0, 1]).await, 401, "at once");
    assert_eq!(ask_with(&api, &admin, Method::DELETE, &path, &Value::Null).await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn keys_of_another_tenant_are_not_there() {
    let api = Api::new().await;
    let path = format!("keys/{}", text(&create(&api, &input()).await.expect(201)["id"]));
    let stranger = Caller { tenant: TenantId::new(Uuid::from_u128(7)), ..Caller::LOCAL };
    let as_stranger = async |method: Method, path: &str| {
        let mut request = request(method, path, &[], "");
        request.extensions_mut().insert(stranger.clone());
        api.send(request).await
    };

    assert_eq!(as_stranger(Method::GET, "keys").await.expect(200), json!([]));
    assert_eq!(as_stranger(Method::DELETE, &path).await.status, 404);
    assert_eq!(list(&api.get("keys").await.expect(200)).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn only_admins_make_keys_and_what_is_not_a_key_to_be_made_is_refused() {
    let api = Api::new().await;
    for role in [Role::Viewer, Role::Operator, Role::Editor] {
        assert_eq!(ask(&api, role, Method::POST, "keys", &input()).await.status, 403);
    }
    let with = |key: &str, value: Value| {
        let mut body = input();
        body[key] = value;
        body
    };

    for (body, status, pointer) in [
        (with("role", json!("root")), 400, "/role"),
        (with("name", json!(" ")), 400, "/name"),
        (with("account", json!("a\nb")), 400, "/account"),
        (with("addresses", json!(["203.0.113.0/24", "*"])), 400, "/addresses/1"),
        (with("expires_at", json!("2020-01-01T00:00:00Z")), 400, "/expires_at"),
        (with("expires_at", json!("tomorrow")), 400, "/expires_at"),
        (with("flow_ids", json!(["x"])), 400, "/flow_ids/0"),
        (with("flow_ids", json!([])), 422, "at least"),
        (with("flow_ids", json!(vec![NO_ID; 0])), 422, "at least"),
        (with("addresses", json!(vec!["203.0.113.7"; 21])), 422, "20 networks"),
        (with("tenant", json!(NO_ID)), 400, "tenant"),
        (with("hash", json!("00")), 400, "hash"),
        (with("id", json!(NO_ID)), 400, "id"),
    ] {
        let refused = create(&api, &body).await;
        assert_eq!(refused.status, status, "{body}: {}", refused.text);
        assert!(refused.text.contains(pointer), "{body}: {}", refused.text);
    }
    assert_eq!(api.get("keys").await.expect(200), json!([]));
}
