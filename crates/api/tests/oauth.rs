//! OAuth2 secrets: how they are set and shown, and how they are connected.

use std::sync::Arc;

use axum::http::{Method, header};
use serde_json::{Value, json};
use steadflow_access::{MasterKey, MasterKeySource, Oauth, Vault};
use steadflow_core::caller::{Caller, Role};
use steadflow_core::ids::TenantId;
use steadflow_core::timestamp::Timestamp;
use steadflow_nodes::{NoAgents, Nodes, NodesConfig, Secret, Secrets};
use steadflow_store::MemoryStore;

use crate::support::{Answer, Api, each, list, request};

const CLIENT_SECRET: &str = "canary-4711";

struct NoSecrets;

impl Secrets for NoSecrets {
    fn secret(&self, _: TenantId, _: &str) -> Option<Secret> {
        None
    }
}

async fn api() -> Api {
    let key = MasterKey::parse(b"1AECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").expect("a key");
    let store = Arc::new(MemoryStore::new());
    let vault = Vault::open(store, MasterKeySource::Given(key)).await.expect("it opens");
    let nodes = Nodes::new(NodesConfig::new(Arc::new(NoAgents), Arc::new(NoSecrets))).expect("a client");
    let now = || Timestamp::parse("2027-01-15T08:00:00Z").expect("a moment");
    let oauth = Oauth::new(vault.clone(), nodes.client(), now);
    Api::configured(|config| (config.vault, config.oauth) = (Some(vault), Some(oauth))).await
}

async fn ask(
    api: &Api,
    role: Role,
    method: Method,
    path: &str,
    body: &str,
    headers: &[(&str, &str)],
) -> Answer {
    let json = [("content-type", "application/json")];
    let headers = [if body.is_empty() { &[][..] } else { &json }, headers].concat();
    let mut request = request(method, path, &headers, body);
    request.extensions_mut().insert(Caller { role, ..Caller::LOCAL });
    api.send(request).await
}

async fn put(api: &Api, body: &Value) -> Answer {
    ask(api, Role::Admin, Method::PUT, "secrets/KEY", &body.to_string(), &[]).await
}

fn of_person() -> Value {
    json!({ "hosts": ["api.example.com"], "oauth2": {
        "grant": "authorization_code", "token_url": "https://login.example.com/token",
        "authorization_url": "https://login.example.com/authorize", "client_id": "flows",
        "client_secret": CLIENT_SECRET, "scopes": ["read", "offline_access"],
        "authorization_parameters": { "prompt": "consent" } } })
}

/// Calls the address that providers send browsers back to, and returns where that leads to.
async fn called_back(api: &Api, query: &str, headers: &[(&str, &str)]) -> String {
    let response = api.open(request(Method::GET, &format!("/oauth/callback?{query}"), headers, "")).await;
    assert_eq!(response.status(), 303);
    assert_eq!(response.headers()[header::REFERRER_POLICY], "no-referrer");
    assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
    response.headers()[header::LOCATION].to_str().expect("text").to_owned()
}

/// Begins to connect the secret as a browser, and returns the state and the cookie.
async fn begun(api: &Api) -> (String, String) {
    let from_page = [("origin", "http://localhost")];
    let begun = ask(api, Role::Admin, Method::POST, "secrets/KEY/authorize", "", &from_page).await;
    let cookie = begun.headers[header::SET_COOKIE].to_str().expect("text").to_owned();
    assert!(cookie.ends_with("; Path=/; Max-Age=600; HttpOnly; SameSite=Lax"), "{cookie}");
    let url = begun.expect(201)["url"].as_str().expect("a URL").to_owned();
    let state =
        url.split("&state=").nth(1).and_then(|rest| rest.split('&').next()).expect("a state").to_owned();
    (state, cookie.split(';').next().unwrap_or_default().to_owned())
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_with_an_oauth2_secret_is_refused_where_it_is() {
    let api = api().await;
    let changed = |change: fn(&mut Value)| {
        let mut body = of_person();
        change(&mut body);
        body
    };

    for (body, pointer) in [
        (json!({ "hosts": [] }), "/value"),
        (changed(|body| body["value"] = json!("x")), "/oauth2"),
        (
            changed(|body| body["oauth2"]["token_url"] = json!("http://login.example.com/")),
            "/oauth2/token_url",
        ),
        (changed(|body| body["oauth2"]["authorization_url"] = Value::Null), "/oauth2/authorization_url"),
        (changed(|body| body["oauth2"]["client_secret"] = json!("")), "/oauth2/client_secret"),
        (changed(|body| body["oauth2"]["client_auth"] = json!("none")), "/oauth2/client_auth"),
        (changed(|body| body["oauth2"]["scopes"] = json!(["a", "b c"])), "/oauth2/scopes/1"),
        (changed(|body| body["oauth2"]["grant"] = json!("password")), "/oauth2/grant"),
        (changed(|body| body["oauth2"]["more"] = json!(CLIENT_SECRET)), "/oauth2/more"),
        (
            changed(|body| body["oauth2"]["token_parameters"] = json!({ "code": "x" })),
            "/oauth2/token_parameters/code",
        ),
    ] {
        let answer = put(&api, &body).await;
        let problem = answer.problem();
        assert!(problem.starts_with("400 invalid-body:"), "{problem}");
        assert_eq!(answer.body["errors"][0]["pointer"], pointer, "{}", answer.text);
        assert!(!answer.text.contains("canary"), "{}", answer.text);
    }
    assert_eq!(api.get("secrets").await.body, json!([]));
}

#[tokio::test(start_paused = true)]
async fn an_oauth2_secret_is_shown_without_its_client_secret() {
    let api = api().await;

    let stored = put(&api, &of_person()).await;
    let listed = api.get("secrets").await;

    assert!(!format!("{}{}", stored.text, listed.text).contains("canary"));
    let view = stored.expect(200);
    assert_eq!(list(&listed.body), std::slice::from_ref(&view));
    assert_eq!(
        view["oauth2"],
        json!({
            "grant": "authorization_code", "token_url": "https://login.example.com/token",
            "authorization_url": "https://login.example.com/authorize", "issuer": null, "client_id": "flows",
            "client_auth": "basic", "scopes": ["read", "offline_access"], "token_parameters": {},
            "authorization_parameters": { "prompt": "consent" },
            "redirect_uri": "https://flows.example/oauth/callback", "connection": "needs_connection",
            "obtained_at": null, "expires_at": null, "error": null
        })
    );
    put(&api, &json!({ "value": "x", "hosts": [] })).await.expect(200);
    assert_eq!(api.get("secrets").await.body[0]["oauth2"], Value::Null);
}

#[tokio::test(start_paused = true)]
async fn a_secret_is_connected_by_an_admin_and_the_way_back_counts_once() {
    let api = api().await;
    put(&api, &of_person()).await.expect(200);
    for role in [Role::Viewer, Role::Operator, Role::Editor] {
        let refused = ask(&api, role, Method::POST, "secrets/KEY/authorize", "", &[]).await;
        assert_eq!(refused.status, 403, "{role:?}");
    }
    let by_program = ask(&api, Role::Admin, Method::POST, "secrets/KEY/authorize", "", &[]).await;
    assert!(!by_program.headers.contains_key(header::SET_COOKIE));
    let by_program = by_program.expect(201);
    assert_eq!(by_program["redirect_uri"], "https://flows.example/oauth/callback");
    assert_eq!(by_program["expires_at"], "2027-01-15T08:10:00.000000Z");
    let url = by_program["url"].as_str().expect("a URL");
    assert!(
        url.starts_with("https://login.example.com/authorize?response_type=code&client_id=flows&"),
        "{url}"
    );
    assert!(url.contains("&code_challenge_method=S256") && url.ends_with("&prompt=consent"), "{url}");

    let (state, cookie) = begun(&api).await;
    let cookie = [("cookie", cookie.as_str())];
    let denied = called_back(&api, &format!("state={state}&error=access_denied&more=1"), &cookie).await;
    let again = called_back(&api, &format!("state={state}&code=x"), &cookie).await;
    let (other, _) = begun(&api).await;
    let elsewhere = called_back(&api, &format!("state={other}&code=x"), &[]).await;

    assert_eq!(denied, "/secrets?authorization=failed&name=KEY");
    assert_eq!(again, "/secrets?authorization=expired");
    assert_eq!(elsewhere, "/secrets?authorization=failed&name=KEY");
    for query in ["", "state=", "state=abc&code=x"] {
        assert_eq!(called_back(&api, query, &cookie).await, "/secrets?authorization=expired", "{query}");
    }
    let shown = api.get("secrets").await.expect(200);
    let error = shown[0]["oauth2"]["error"].as_str().expect("an error");
    assert!(error.contains("begun in another browser"), "{error}");
    let audit = api.get("audit").await.expect(200);
    let finished: Vec<&Value> =
        list(&audit).iter().filter(|entry| entry["action"] == "finish_authorization").collect();
    // Each has an entry before it is carried out, and one for what came of it.
    assert_eq!(finished.len(), 4, "{audit:#}");
    assert!(finished.iter().any(|entry| entry["status"] == 409), "{audit:#}");
    assert!(each(&audit, "action").contains(&"authorize_secret"), "{audit:#}");
}

#[tokio::test(start_paused = true)]
async fn what_is_no_such_secret_is_not_connected() {
    let api = api().await;

    let none = ask(&api, Role::Admin, Method::POST, "secrets/NONE/authorize", "", &[]).await;
    put(&api, &json!({ "value": "x", "hosts": [] })).await.expect(200);
    let value = ask(&api, Role::Admin, Method::POST, "secrets/KEY/authorize", "", &[]).await;
    let mut of_client = of_person();
    of_client["oauth2"]["grant"] = json!("client_credentials");
    for key in ["authorization_url", "authorization_parameters"] {
        of_client["oauth2"].as_object_mut().expect("an object").remove(key);
    }
    let view = put(&api, &of_client).await.expect(200);
    let client = ask(&api, Role::Admin, Method::POST, "secrets/KEY/authorize", "", &[]).await;

    assert!(none.problem().starts_with("404 no-such-secret:"), "{}", none.problem());
    for answer in [value, client] {
        assert!(answer.problem().starts_with("409 nothing-to-connect:"), "{}", answer.problem());
    }
    assert_eq!(view["oauth2"]["connection"], "ready");
}
