//! Secrets that are stored: what is shown of them, and who may set them.

use std::sync::Arc;

use axum::http::Method;
use serde_json::{Value, json};
use steadflow_access::{Found, MasterKey, MasterKeySource, MasterKeys, Vault};
use steadflow_api::EnvironmentSecret;
use steadflow_core::caller::{Caller, Role};
use steadflow_core::ids::TenantId;
use steadflow_store::MemoryStore;
use uuid::Uuid;

use crate::support::{Answer, Api, each, echo, flow, list, request};

const VALUE: &str = "canary-4711";
const OTHER: TenantId = TenantId::new(Uuid::from_u128(7));

fn key(byte: u8) -> MasterKeySource {
    let text = format!("{byte}AECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
    MasterKeySource::Given(MasterKey::parse(text.as_bytes()).expect("a key"))
}

async fn vault(store: &MemoryStore, source: MasterKeySource) -> Vault {
    Vault::open(Arc::new(store.reopen()), source).await.expect("it opens")
}

async fn api(vault: Option<Vault>) -> Api {
    let environment = |name: &str, hosts: Option<&str>| EnvironmentSecret {
        name: name.to_owned(),
        hosts: hosts.map(ToOwned::to_owned),
    };
    let environment = vec![environment("GIVEN", None), environment("SAME", Some("a.example, *.b.example"))];
    Api::configured(|config| {
        config.vault = vault;
        config.environment_secrets = environment;
    })
    .await
}

async fn with_vault() -> (Api, Vault) {
    let vault = vault(&MemoryStore::new(), key(1)).await;
    (api(Some(vault.clone())).await, vault)
}

async fn ask(api: &Api, (tenant, role): (TenantId, Role), method: Method, path: &str, body: &str) -> Answer {
    let headers: &[_] = if body.is_empty() { &[] } else { &[("content-type", "application/json")] };
    let mut request = request(method, path, headers, body);
    request.extensions_mut().insert(Caller { tenant, role, ..Caller::LOCAL });
    api.send(request).await
}

async fn put(api: &Api, name: &str, body: &Value) -> Answer {
    let whose = (TenantId::DEFAULT, Role::Admin);
    ask(api, whose, Method::PUT, &format!("secrets/{name}"), &body.to_string()).await
}

fn refused(answer: &Answer, begin: &str) {
    let problem = answer.problem();
    assert!(problem.starts_with(&format!("{begin}:")), "{problem}");
}

/// Returns a value, or `damaged`, or `none`.
fn value(vault: &Vault, tenant: TenantId, name: &str) -> String {
    match vault.secret(tenant, name) {
        Some(Found::Secret { value, .. }) => value.to_string(),
        Some(Found::Oauth { .. }) => "oauth2".to_owned(),
        Some(Found::Damaged) => "damaged".to_owned(),
        None => "none".to_owned(),
    }
}

#[tokio::test(start_paused = true)]
async fn a_value_is_in_no_answer() {
    let (api, vault) = with_vault().await;

    let stored =
        put(&api, "KEY", &json!({ "value": VALUE, "hosts": ["API.example.com.", "*.b.example:81"] })).await;
    let listed = api.get("secrets").await;

    assert_eq!(value(&vault, TenantId::DEFAULT, "KEY"), VALUE);
    assert_eq!((stored.status, listed.status), (200, 200));
    assert_eq!(
        stored.body,
        json!({ "name": "KEY", "source": "stored", "hosts": ["api.example.com", "*.b.example:81"],
                "oauth2": null, "is_damaged": false, "updated_at": "2027-01-15T08:00:00.000000Z", "updated_by": "user" })
    );
    assert!(list(&listed.body).contains(&stored.body));
    let mut answers = vec![stored.text, listed.text];
    for wrong in [
        json!({ "value": VALUE }),
        json!({ "value": VALUE, "hosts": "x" }),
        json!({ "value": VALUE, "hosts": [], "more": 1 }),
        json!({ "value": [VALUE], "hosts": [] }),
        json!({ "value": VALUE, "hosts": ["https://x"] }),
        json!({ "value": VALUE.repeat(6_000), "hosts": [] }),
    ] {
        answers.push(put(&api, "KEY", &wrong).await.text);
    }
    let broken = format!("{{\"value\": \"{VALUE}\", \"hosts\": [");
    answers.push(ask(&api, (TenantId::DEFAULT, Role::Admin), Method::PUT, "secrets/KEY", &broken).await.text);
    assert!(answers.iter().all(|answer| !answer.contains("canary")), "{answers:#?}");
    assert_eq!(value(&vault, TenantId::DEFAULT, "KEY"), VALUE, "what is refused changes nothing");
}

#[tokio::test(start_paused = true)]
async fn stored_secrets_hide_those_of_the_environment_until_they_are_deleted() {
    let (api, _vault) = with_vault().await;
    put(&api, "SAME", &json!({ "value": VALUE, "hosts": [] })).await.expect(200);
    put(&api, "KEY", &json!({ "value": VALUE, "hosts": [] })).await.expect(200);

    let both = api.get("secrets").await.expect(200);
    api.delete("secrets/SAME").await.expect(204);
    let later = api.get("secrets").await.expect(200);

    assert_eq!(each(&both, "name"), ["GIVEN", "KEY", "SAME"]);
    assert_eq!(each(&both, "source"), ["environment", "stored", "stored"]);
    assert_eq!((&both[0]["hosts"], &both[1]["hosts"]), (&Value::Null, &json!([])));
    assert_eq!(each(&later, "source"), ["environment", "stored", "environment"]);
    assert_eq!(later[2]["hosts"], json!(["a.example", "*.b.example"]));
    let elsewhere = api.delete("secrets/SAME").await;
    assert!(elsewhere.text.contains("STEADFLOW_SECRET_SAME"), "{}", elsewhere.text);
    refused(&elsewhere, "404 no-such-secret");
    refused(&api.delete("secrets/NONE").await, "404 no-such-secret");
}

#[tokio::test(start_paused = true)]
async fn editors_see_secrets_and_admins_set_them() {
    let (api, vault) = with_vault().await;
    let body = json!({ "value": VALUE, "hosts": [] }).to_string();

    for role in [Role::Viewer, Role::Operator, Role::Editor, Role::Admin] {
        let whose = (TenantId::DEFAULT, role);
        let listed = ask(&api, whose, Method::GET, "secrets", "").await.status;
        let stored = ask(&api, whose, Method::PUT, "secrets/KEY", &body).await.status;
        let deleted = ask(&api, whose, Method::DELETE, "secrets/KEY", "").await.status;

        let expected = match role {
            Role::None | Role::Viewer | Role::Operator => [403, 403, 403],
            Role::Editor => [200, 403, 403],
            Role::Admin => [200, 200, 204],
        };
        assert_eq!([listed, stored, deleted], expected, "{role:?}");
    }
    assert_eq!(value(&vault, TenantId::DEFAULT, "KEY"), "none");
}

#[tokio::test(start_paused = true)]
async fn a_tenant_sees_sets_and_deletes_only_its_own() {
    let (api, vault) = with_vault().await;
    let theirs = (OTHER, Role::Admin);
    put(&api, "KEY", &json!({ "value": VALUE, "hosts": [] })).await.expect(200);

    let listed = ask(&api, theirs, Method::GET, "secrets", "").await.expect(200);
    let body = json!({ "value": "theirs", "hosts": [] }).to_string();
    let deleted = ask(&api, theirs, Method::DELETE, "secrets/KEY", "").await;
    let of_environment = ask(&api, theirs, Method::DELETE, "secrets/GIVEN", "").await;
    ask(&api, theirs, Method::PUT, "secrets/KEY", &body).await.expect(200);

    assert_eq!(listed, json!([]), "not even those of the environment");
    assert!(!of_environment.text.contains("STEADFLOW_SECRET"), "{}", of_environment.text);
    refused(&deleted, "404 no-such-secret");
    assert_eq!([TenantId::DEFAULT, OTHER].map(|tenant| value(&vault, tenant, "KEY")), [VALUE, "theirs"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_secret_is_refused_where_it_is_wrong() {
    let (api, _vault) = with_vault().await;

    for (body, pointer) in [
        (json!({ "value": "", "hosts": [] }), "/value"),
        (json!({ "value": "x".repeat(65_537), "hosts": [] }), "/value"),
        (json!({ "value": "x", "hosts": ["a.example", "*"] }), "/hosts/1"),
        (json!({ "value": "x", "hosts": ["a.example,b.example"] }), "/hosts/0"),
        (json!({ "value": "x", "hosts": [""] }), "/hosts/0"),
        (json!({ "value": "x", "hosts": vec!["a.example"; 101] }), "/hosts"),
    ] {
        let answer = put(&api, "KEY", &body).await;
        refused(&answer, "400 invalid-body");
        assert_eq!(answer.body["errors"][0]["pointer"], pointer, "{}", answer.text);
    }
    let longest = "A".repeat(100);
    let body = json!({ "value": "x".repeat(65_536), "hosts": vec!["a.example"; 100] });
    put(&api, &longest, &body).await.expect(200);
    for name in ["A-B", "A%20B", "%C3%84", &"A".repeat(101)] {
        let answer = put(&api, name, &json!({ "value": "x", "hosts": [] })).await;
        refused(&answer, "400 invalid-parameter");
    }
}

#[tokio::test(start_paused = true)]
async fn without_the_master_key_nothing_is_stored_and_what_needs_it_is_named() {
    let body = json!({ "value": VALUE, "hosts": [] });
    let store = MemoryStore::new();
    let none = api(None).await;
    let without = api(Some(vault(&store, MasterKeySource::None).await)).await;
    let right = api(Some(vault(&store, key(1)).await)).await;

    let answers = [put(&none, "KEY", &body).await, put(&without, "KEY", &body).await];
    put(&right, "KEY", &body).await.expect(200);
    let other = api(Some(vault(&store, key(2)).await)).await;
    let of_other = put(&other, "NEW", &body).await;

    for answer in answers {
        assert!(answer.text.contains("STEADFLOW_MASTER_KEY"), "{}", answer.text);
        refused(&answer, "409 no-master-key");
    }
    refused(&of_other, "409 no-master-key");
    let listed = other.get("secrets").await.expect(200);
    let damaged = list(&listed).iter().find(|secret| secret["name"] == "KEY");
    assert_eq!(damaged.map(|secret| &secret["is_damaged"]), Some(&Value::Bool(true)));
    other.delete("secrets/KEY").await.expect(204);
    put(&other, "NEW", &body).await.expect(200);
}

#[tokio::test]
async fn the_master_key_is_rotated_by_an_admin_of_the_installation() {
    let store = MemoryStore::new();
    let (MasterKeySource::Given(next), present) = (key(2), key(1)) else { unreachable!("it is given") };
    let keys = MasterKeys { present, next: Some(next.clone()) };
    let both = Vault::open(Arc::new(store.reopen()), keys).await.expect("it opens");
    let with_both = api(Some(both)).await;
    assert_eq!(put(&with_both, "KEY", &json!({ "value": VALUE, "hosts": [] })).await.status, 200);
    let rotate = async |api: &Api, whose| ask(api, whose, Method::POST, "master-key/rotate", "").await;

    refused(&rotate(&with_both, (OTHER, Role::Admin)).await, "403 not-allowed");
    refused(&rotate(&with_both, (TenantId::DEFAULT, Role::Editor)).await, "403 not-allowed");
    let done = rotate(&with_both, (TenantId::DEFAULT, Role::Admin)).await;
    let again = rotate(&with_both, (TenantId::DEFAULT, Role::Admin)).await;

    assert_eq!(done.body, json!({ "master_key": &**next.id(), "rotated": 1 }));
    assert_eq!(again.body["rotated"], 0);
    let later = vault(&store, key(2)).await;
    assert!(matches!(later.secret(TenantId::DEFAULT, "KEY"), Some(Found::Secret { .. })));
    let without = api(Some(later)).await;
    let problem = rotate(&without, (TenantId::DEFAULT, Role::Admin)).await;
    assert!(problem.problem().contains("next_master_key_file"), "{}", problem.problem());
}

#[tokio::test(start_paused = true)]
async fn what_uses_a_secret_is_named_whether_there_is_one_or_not() {
    let (api, _vault) = with_vault().await;
    let inside = json!({ "id": "in", "type": "action", "action": "http_request",
        "input": { "url": "https://a.example", "headers": { "X-Key": "${secrets.INSIDE}" } } });
    let around = json!({ "id": "each", "type": "map", "items": [1],
        "body": { "nodes": [inside], "edges": [] } });
    let hook = json!({ "id": "start", "type": "trigger",
        "webhook": { "path": "hook", "scheme": "github", "secret": "${secrets.HOOK}" } });
    let uses = flow("Uses", &[hook, around], &[("start", "each")]);
    let agent = json!({ "name": "Analyst", "agent_type": "llm",
        "config": { "provider": "openai", "model": "m", "api_key": "${secrets.MODEL}" },
        "skills": [{ "name": "s", "instructions": "Say.", "tools": [{ "name": "t", "type": "http_request", "description": "Looks.",
            "request": { "url": "https://b.example", "headers": { "X-Key": "${secrets.TOOL}" } } }] }] });
    let alert = json!({ "name": "On call", "events": ["execution_failed"],
        "channel": { "type": "webhook", "url": "https://c.example", "secret": "${secrets.ALERT}" } });
    let flow_id = api.post("flows", &uses).await.expect(201)["id"].clone();
    api.post("flows", &flow("None", &[echo("a", json!({}))], &[])).await.expect(201);
    let agent_id = api.post("agents", &agent).await.expect(201)["id"].clone();
    let alert_id = api.post("alerts", &alert).await.expect(201)["id"].clone();

    let listed = api.get("secret-uses").await.expect(200);
    let theirs = ask(&api, (OTHER, Role::Editor), Method::GET, "secret-uses", "").await.expect(200);

    assert_eq!(
        listed,
        json!([
            { "kind": "flow", "id": flow_id, "name": "Uses", "secrets": ["HOOK", "INSIDE"] },
            { "kind": "agent", "id": agent_id, "name": "Analyst", "secrets": ["MODEL", "TOOL"] },
            { "kind": "alert", "id": alert_id, "name": "On call", "secrets": ["ALERT"] },
        ])
    );
    assert_eq!(theirs, json!([]));
    let operator = (TenantId::DEFAULT, Role::Operator);
    refused(&ask(&api, operator, Method::GET, "secret-uses", "").await, "403 not-allowed");
}

#[tokio::test(start_paused = true)]
async fn what_uses_a_secret_is_found_on_every_page() {
    let (api, _vault) = with_vault().await;
    for number in 0..60 {
        let secret = format!("${{secrets.KEY_{number}}}");
        let node = json!({ "id": "a", "type": "action", "action": "http_request",
            "input": { "url": "https://a.example", "headers": { "X-Key": secret } } });
        api.post("flows", &flow("F", &[node], &[])).await.expect(201);
    }

    let listed = api.get("secret-uses").await.expect(200);

    let names: std::collections::BTreeSet<_> =
        list(&listed).iter().map(|flow| flow["secrets"][0].clone().to_string()).collect();
    assert_eq!(names.len(), 60);
}
