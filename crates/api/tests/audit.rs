//! The audit log: what is in it, before and after what was asked for.

use axum::http::Method;
use serde_json::{Value, json};
use steadflow_api::ClientIp;
use steadflow_core::audit::{AuditEntry, AuditHead, ExportedRow};
use steadflow_core::caller::{Actor, ActorKind, Caller, Role};
use steadflow_core::ids::TenantId;

use crate::support::{Answer, Api, NO_ID, echo, flow, list, request, text};

/// The log, oldest first, without what differs each time.
async fn log(api: &Api) -> Vec<Value> {
    let mut all = api.get("audit").await.expect(200);
    let entries = all.as_array_mut().expect("a list");
    entries.reverse();
    for (number, entry) in (1..).zip(&mut *entries) {
        assert_eq!(entry["number"], json!(number));
        let entry = entry.as_object_mut().expect("an object");
        let hash = entry.remove("hash");
        assert!(hash.as_ref().and_then(Value::as_str).is_some_and(|hash| hash.len() == 64), "{hash:?}");
        assert!(entry.remove("at").is_some());
        entry.retain(|_, value| !value.is_null());
    }
    std::mem::take(entries)
}

async fn send_as(api: &Api, role: Role, method: Method, path: &str, body: &Value) -> Answer {
    let headers = [("content-type", "application/json")];
    let mut request = request(method, path, &headers, &body.to_string());
    let actor = Actor { kind: ActorKind::Key, id: Some("sf_live_Ab3dEf9h".into()) };
    request.extensions_mut().insert(Caller { tenant: TenantId::DEFAULT, actor, role });
    request.extensions_mut().insert(ClientIp([192, 0, 2, 7].into()));
    api.send(request).await
}

#[tokio::test]
async fn a_change_is_in_the_log_with_who_asked_for_it_and_what_came_of_it() {
    let api = Api::new().await;
    let document = flow("Invoices", &[echo("a", json!(1))], &[]);
    let path = "/api/v1/studio/flows";

    let made = send_as(&api, Role::Editor, Method::POST, path, &document).await.expect(201);
    let id = text(&made["id"]);
    send_as(&api, Role::Editor, Method::DELETE, &format!("{path}/{id}"), &json!({})).await;

    let by = json!({ "type": "key", "id": "sf_live_Ab3dEf9h" });
    let (create, delete) = (
        json!({ "by": by, "address": "192.0.2.7", "action": "create_flow", "target": path }),
        json!({ "by": by, "address": "192.0.2.7", "action": "delete_flow", "target": format!("{path}/{id}") }),
    );
    let with = |entry: &Value, more: Value| {
        let mut entry = entry.clone();
        entry.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        entry
    };
    assert_eq!(
        log(&api).await,
        [
            with(&create, json!({ "number": 1 })),
            with(
                &create,
                json!({ "number": 2, "outcome_of": 1, "status": 201, "made": format!("{path}/{id}") })
            ),
            with(&delete, json!({ "number": 3 })),
            with(&delete, json!({ "number": 4, "outcome_of": 3, "status": 204 })),
        ]
    );
}

#[tokio::test]
async fn who_may_not_leaves_no_entry_and_what_is_wrong_has_an_outcome() {
    let api = Api::new().await;
    let path = "/api/v1/studio/flows";

    send_as(&api, Role::Viewer, Method::POST, path, &json!({})).await.expect(403);
    assert_eq!(log(&api).await, [json!(null); 0]);
    send_as(&api, Role::Editor, Method::POST, path, &json!({ "name": 7 })).await.expect(422);

    let entries = log(&api).await;
    assert_eq!((entries.len(), &entries[1]["status"]), (2, &json!(422)));
}

#[tokio::test]
async fn what_only_reads_or_starts_is_not_in_the_log() {
    let api = Api::new().await;
    let flow = api.flow_of(&[echo("a", json!(1))]).await;
    let before = log(&api).await.len();

    api.run(&flow).await;
    api.get("flows").await.expect(200);
    api.post("flows/validate", &json!({})).await;

    assert_eq!(log(&api).await.len(), before);
}

#[tokio::test]
async fn the_log_is_for_admins_and_read_in_parts() {
    let api = Api::new().await;
    for _ in 0..3 {
        api.delete(&format!("flows/{NO_ID}")).await.expect(404);
    }
    let path = "/api/v1/studio/audit";

    send_as(&api, Role::Editor, Method::GET, path, &json!({})).await.expect(403);
    let first = api.get("audit?limit=4").await;
    let next = first.next().expect("there is more");
    assert_eq!(numbers(&first.expect(200)), [6, 5, 4, 3]);
    let last = api.send(request(Method::GET, &next, &[], "")).await;
    assert_eq!((numbers(&last.expect(200)), last_has_next(&api, &next).await), (vec![2, 1], None));
    api.get("audit?cursor=before-x").await.expect(400);
}

async fn last_has_next(api: &Api, address: &str) -> Option<String> {
    api.send(request(Method::GET, address, &[], "")).await.next()
}

/// Returns the numbers of the entries on a page.
fn numbers(page: &Value) -> Vec<u64> {
    list(page).iter().filter_map(|entry| entry["number"].as_u64()).collect()
}

#[tokio::test(start_paused = true)]
async fn the_log_is_filtered_by_who_what_and_when() {
    let api = Api::new().await;
    let path = "/api/v1/studio/flows";
    send_as(&api, Role::Editor, Method::POST, path, &flow("F", &[echo("a", json!(1))], &[]))
        .await
        .expect(201);
    tokio::time::advance(std::time::Duration::from_secs(600)).await;
    api.delete(&format!("flows/{NO_ID}")).await.expect(404);

    let cases = [
        ("", vec![4, 3, 2, 1]),
        ("actor=SF_LIVE_AB", vec![2, 1]),
        ("actor=sf_live_x", vec![]),
        ("action=delete_flow", vec![4, 3]),
        ("action=delete", vec![]),
        ("target=00dead", vec![4, 3]),
        ("target=/flows/", vec![4, 3, 2]),
        ("since=2027-01-15T08:10:00Z", vec![4, 3]),
        ("until=2027-01-15T08:10:00Z", vec![2, 1]),
        ("since=2027-01-15T08:10:00Z&action=create_flow", vec![]),
    ];

    for (query, expected) in cases {
        let page = api.get(&format!("audit?{query}")).await.expect(200);
        assert_eq!(numbers(&page), expected, "{query}");
    }
    api.get("audit?since=yesterday").await.expect(400);
    let first = api.get("audit?action=delete_flow&limit=1").await;
    let next = first.next().expect("there is more");
    assert_eq!(numbers(&first.expect(200)), [4]);
    let second = api.send(request(Method::GET, &next, &[], "")).await;
    let last = api.send(request(Method::GET, &second.next().expect("it was not looked at"), &[], "")).await;
    assert_eq!(numbers(&second.expect(200)), [3]);
    assert_eq!((last.next(), numbers(&last.expect(200))), (None, vec![]));
}

#[tokio::test(start_paused = true)]
async fn a_filter_looks_through_a_part_of_a_long_log_and_says_where_it_goes_on() {
    let api = Api::new().await;
    let entry = |action: &str| AuditEntry {
        at: api.engine.now(),
        actor: Actor::USER,
        address: None,
        action: action.into(),
        target: "/".into(),
        outcome: None,
        refused: None,
    };
    for number in 0..10_500 {
        let action = if number == 0 { "first" } else { "other" };
        api.store().append_audit(TenantId::DEFAULT, entry(action)).await.expect("it is added");
    }

    let page = api.get("audit?action=first").await;
    let next = page.next().expect("it is not at the end");
    let last = api.send(request(Method::GET, &next, &[], "")).await;

    assert!(next.contains("cursor=before-501"), "{next}");
    assert_eq!(numbers(&page.expect(200)), [0_u64; 0]);
    assert_eq!((last.next(), numbers(&last.expect(200))), (None, vec![1]));
}

#[tokio::test(start_paused = true)]
async fn the_log_is_exported_as_lines_that_can_be_verified() {
    let api = Api::new().await;
    for _ in 0..1_200 {
        api.delete(&format!("flows/{NO_ID}")).await.expect(404);
    }

    let export = api.get("audit/export").await;

    assert_eq!((export.status, export.header("content-type")), (200, Some("application/jsonl")));
    let rows = export.text.lines().map(|line| serde_json::from_str::<ExportedRow>(line).expect("a row"));
    let head = rows.fold(AuditHead::START, |head, exported| {
        assert_eq!(exported.tenant, TenantId::DEFAULT);
        head.after(exported.tenant, &exported.row().expect("a hash")).expect("it follows")
    });
    assert_eq!(head.number, 2_400);
    let path = "/api/v1/studio/audit/export";
    send_as(&api, Role::Editor, Method::GET, path, &json!({})).await.expect(403);
}

#[tokio::test]
async fn a_long_path_is_cut_in_the_log() {
    let api = Api::new().await;

    api.delete(&format!("flows/{}", "x".repeat(5_000))).await.expect(400);

    let entries = log(&api).await;
    assert!(entries.iter().all(|entry| text(&entry["target"]).len() == 300), "{entries:?}");
}

#[tokio::test]
async fn the_token_of_a_link_is_not_in_the_log() {
    let api = Api::new().await;

    api.send(request(
        Method::POST,
        "/api/v1/decisions/canary",
        &[("content-type", "application/json")],
        "{}",
    ))
    .await
    .expect(404);

    assert!(!format!("{:?}", log(&api).await).contains("canary"));
}
