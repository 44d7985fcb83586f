//! Tenants, managed over the API by an admin of the default one.

use std::time::Duration;

use serde_json::{Value, json};
use steadflow_core::ids::TenantId;
use steadflow_store::ScheduleRecord;

use crate::people::{admin, api, ask, cookies, new_member};
use crate::support::{Api, NO_ID, each, echo, hanging, list, text};

/// Makes a tenant, whose first admin joins. Returns its id and the cookies of that admin.
async fn tenant(api: &Api, by: &str, name: &str) -> (String, String) {
    let made = ask(api, by, "POST", "tenants", Some(json!({ "name": name }))).await;
    let location = made.header("location").map(str::to_owned);
    let made = made.expect(201);
    let id = text(&made["tenant"]["id"]);
    assert_eq!(location, Some(format!("/api/v1/studio/tenants/{id}")));
    let url = text(&made["invitation"]["url"]);
    let token = url.strip_prefix("https://flows.example/join/").expect("where people find it");
    let email = format!("{name}@example.org");
    let joined =
        ask(api, "", "POST", &format!("/api/v1/invitations/{token}"), Some(new_member(&email))).await;
    assert_eq!(joined.status, 204, "{}", joined.text);
    (id, cookies(&joined))
}

async fn flow(api: &Api, by: &str, node: Value) -> String {
    let body = json!({ "name": "F", "status": "active", "flow_definition": { "nodes": [node] } });
    text(&ask(api, by, "POST", "flows", Some(body)).await.expect(201)["id"])
}

async fn start(api: &Api, by: &str, flow: &str) -> String {
    let started = ask(api, by, "POST", &format!("flows/{flow}/execute"), Some(json!({}))).await;
    text(&started.expect(201)["execution_id"])
}

#[tokio::test(start_paused = true)]
async fn a_tenant_is_made_with_a_link_for_its_first_admin_and_managed_by_the_default_one_alone() {
    let api = api().await;
    let root = admin(&api).await;
    let (acme, ann) = tenant(&api, &root, "acme").await;

    let all = ask(&api, &root, "GET", "tenants", None).await.expect(200);
    assert_eq!(each(&all, "name"), ["default", "acme"]);
    assert_eq!((&all[0]["is_default"], &all[1]["disabled_at"]), (&json!(true), &Value::Null));
    for (method, path) in [("GET", "tenants".to_owned()), ("DELETE", format!("tenants/{acme}?name=acme"))] {
        assert_eq!(ask(&api, &ann, method, &path, None).await.status, 403, "{method} {path}");
    }
    let refuse = async |method: &str, path: &str, body: Value| {
        ask(&api, &root, method, path, Some(body)).await.problem()
    };
    insta::assert_snapshot!(
        [
            refuse("POST", "tenants", json!({ "name": "acme" })).await,
            refuse("POST", "tenants", json!({ "name": "default" })).await,
            refuse("POST", "tenants", json!({ "name": "A b" })).await,
            refuse("POST", "tenants", json!({ "name": "b", "quota": { "executions": 0 } })).await,
            refuse("PATCH", &format!("tenants/{}", TenantId::DEFAULT), json!({ "disabled": true })).await,
            refuse("PATCH", &format!("tenants/{acme}"), json!({ "cancel_executions": true })).await,
            refuse("PATCH", &format!("tenants/{}", NO_ID), json!({ "name": "b" })).await,
        ]
        .join("\n"),
        @"
    409 tenant-exists: Another tenant has this name. Choose another one.
    400 invalid-body: `default` is the tenant that is always there. Choose another name.
      /name: `default` is the tenant that is always there. Choose another name
    400 invalid-body: A name of a tenant has 1 to 63 characters: lower-case letters a to z, digits, and hyphens inside.
      /name: A name of a tenant has 1 to 63 characters: lower-case letters a to z, digits, and hyphens inside
    400 invalid-body: `executions` must be at least 1; disable the tenant if nothing of it is to start.
      /quota/executions: `executions` must be at least 1; disable the tenant if nothing of it is to start
    409 tenant-state: The default tenant runs the installation: it is not renamed, disabled or deleted.
    409 tenant-state: The tenant is in use. Disable it first.
    404 no-such-tenant: There is no tenant [id 1].
    "
    );
    let quota = json!({ "executions": 3, "starts_per_minute": 60, "stored_bytes": 1_000, "tokens_per_day": 5,
                        "cost_per_day": 1.5, "currency": "EUR" });
    let (path, patch) = (format!("tenants/{acme}"), json!({ "name": "beta", "quota": quota }));
    let changed = ask(&api, &root, "PATCH", &path, Some(patch)).await.expect(200);
    assert_eq!((&changed["name"], &changed["quota"]), (&json!("beta"), &quota));
    assert_eq!(changed["uses"]["executions"], 0);
    let of_default = json!({ "quota": { "executions": 9 } });
    let path = format!("tenants/{}", TenantId::DEFAULT);
    assert_eq!(
        ask(&api, &root, "PATCH", &path, Some(of_default)).await.expect(200)["quota"]["executions"],
        9
    );
    let log = ask(&api, &root, "GET", "audit", None).await.expect(200);
    let actions = each(&log, "action");
    assert!(actions.contains(&"create_tenant") && actions.contains(&"change_tenant"), "{actions:?}");
}

#[tokio::test(start_paused = true)]
async fn a_disabled_tenant_starts_nothing_and_what_runs_goes_on_or_is_cancelled() {
    let api = api().await;
    let root = admin(&api).await;
    let (acme, ann) = tenant(&api, &root, "acme").await;
    let waits =
        flow(&api, &ann, json!({ "id": "w", "type": "wait_event", "event": "x", "timeout_seconds": 60 }))
            .await;
    let hangs = flow(&api, &ann, hanging("h")).await;
    let (waiting, hanging) = (start(&api, &ann, &waits).await, start(&api, &ann, &hangs).await);
    let tenant = TenantId::new(acme.parse().expect("an id"));
    let scheduled = json!({ "id": "start", "type": "trigger", "schedule": { "cron": "* * * * *" } });
    flow(&api, &ann, scheduled).await;
    let engine = api.engine.clone();
    tokio::spawn(async move { tokio::join!(engine.keep_schedules(), engine.keep_tenants()) });

    let patch = async |body: Value| {
        ask(&api, &root, "PATCH", &format!("tenants/{acme}"), Some(body)).await.expect(200)
    };
    assert!(patch(json!({ "disabled": true })).await["disabled_at"].is_string());
    tokio::time::sleep(Duration::from_secs(70)).await;

    assert_eq!(ask(&api, &ann, "GET", "flows", None).await.status, 401, "its credentials stand for nothing");
    let schedules: Vec<ScheduleRecord> = api.store().schedules().await.expect("all");
    assert_eq!(
        schedules[0].error.as_deref(),
        Some("the tenant is disabled"),
        "a start that was skipped says why"
    );
    let status = async |id: &str| {
        let id = steadflow_core::ids::ExecutionId::new(id.parse().expect("an id"));
        api.engine.execution(tenant, id).await.expect("it exists").execution.status().to_string()
    };
    assert_eq!(
        (&*status(&waiting).await, &*status(&hanging).await),
        ("failed", "running"),
        "what runs goes on"
    );
    let refused = ask(&api, &root, "DELETE", &format!("tenants/{acme}?name=acme"), None).await;
    assert!(refused.problem().starts_with("409 tenant-state: The tenant has executions"), "{}", refused.text);

    patch(json!({ "cancel_executions": true })).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(status(&hanging).await, "cancelled");
    let shown = ask(&api, &root, "GET", &format!("tenants/{acme}"), None).await.expect(200);
    assert_eq!(shown["cancelling_since"], Value::Null, "all of them have ended");
    patch(json!({ "disabled": false })).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    ask(&api, &ann, "GET", "flows", None).await.expect(200);
}

#[tokio::test(start_paused = true)]
async fn a_tenant_is_deleted_with_its_name_typed_again_and_nothing_of_it_is_left() {
    let api = api().await;
    let root = admin(&api).await;
    let (acme, ann) = tenant(&api, &root, "acme").await;
    let hangs = flow(&api, &ann, hanging("h")).await;
    start(&api, &ann, &hangs).await;
    let own = flow(&api, &root, echo("a", json!(1))).await;
    start(&api, &root, &own).await;
    let engine = api.engine.clone();
    tokio::spawn(async move { engine.keep_tenants().await });
    let delete =
        async |query: &str| ask(&api, &root, "DELETE", &format!("tenants/{acme}?{query}"), None).await;

    assert!(delete("name=acne").await.problem().starts_with("400 invalid-parameter"));
    assert!(
        delete("name=acme&cancel=true")
            .await
            .problem()
            .starts_with("409 tenant-state: The tenant is in use.")
    );
    let disabled = json!({ "disabled": true });
    ask(&api, &root, "PATCH", &format!("tenants/{acme}"), Some(disabled.clone())).await.expect(200);
    let deleted = delete("name=acme&cancel=true").await;
    assert_eq!(deleted.status, 202, "{}", deleted.text);
    let enabled =
        ask(&api, &root, "PATCH", &format!("tenants/{acme}"), Some(json!({ "disabled": false }))).await;
    assert!(
        enabled.problem().starts_with("409 tenant-state: The tenant is being deleted"),
        "{}",
        enabled.text
    );
    let mut deletions = api.engine.deleted_tenants();
    deletions.changed().await.expect("it is deleted");

    assert_eq!(ask(&api, &root, "GET", &format!("tenants/{acme}"), None).await.status, 404);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(ask(&api, &ann, "GET", "flows", None).await.status, 401);
    let mine = ask(&api, &root, "GET", "executions", None).await.expect(200);
    assert_eq!(list(&mine).len(), 1, "nothing of others is touched");
    let log = ask(&api, &root, "GET", "audit", None).await.expect(200);
    let deletion =
        list(&log).iter().find(|entry| entry["action"] == "tenant_deleted").expect("the log keeps it");
    assert!(text(&deletion["target"]).contains("acme"), "{deletion}");
    tenant(&api, &root, "acme").await;
}
