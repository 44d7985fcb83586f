//! What people note about failure groups, and names for filters.

use serde_json::json;
use steadflow_core::ids::TenantId;
use steadflow_core::payload::Payload;
use steadflow_store::{NoteChange, NoteKey, NoteKind, NoteRecord};

use crate::support::{Api, failing, list, text};

#[tokio::test(start_paused = true)]
async fn a_group_is_muted_and_resolved_and_opens_again_by_itself() {
    let api = Api::new().await;
    let flow = api.flow_of(&[failing("a", 9, 0)]).await;
    api.run(&flow).await;
    let group = || async { list(&api.get("failures").await.expect(200))[0].clone() };
    let fingerprint = text(&group().await["fingerprint"]);
    let path = format!("flows/{flow}/failures/{fingerprint}");
    let note = async |body| api.patch(&path, &body).await;
    let state = async || text(&group().await["notes"]["state"]);
    let edit = async |name: &str| {
        api.patch(&format!("flows/{flow}"), &json!({ "description": name })).await.expect(200)
    };
    assert_eq!(state().await, "open");

    // Muted for a time.
    let soon = api.engine.wall().plus(std::time::Duration::from_secs(60)).to_string();
    let muted = note(json!({ "muted": { "until": soon } })).await.expect(200);
    assert_eq!((&muted["state"], &muted["muted_until"]), (&json!("muted"), &json!(soon)));
    tokio::time::advance(std::time::Duration::from_secs(61)).await;
    assert_eq!(state().await, "open", "its time is over");
    let past = note(json!({ "muted": { "until": soon } })).await;
    assert!(past.problem().starts_with("400 invalid-body"), "{}", past.text);

    // Muted and resolved until it fails in a later version.
    note(json!({ "muted": {} })).await.expect(200);
    api.run(&flow).await;
    assert_eq!(state().await, "muted", "this is the same version");
    note(json!({ "muted": null, "resolved": "in_next" })).await.expect(200);
    api.run(&flow).await;
    assert_eq!(state().await, "resolved");
    edit("second").await;
    tokio::time::advance(std::time::Duration::from_secs(1)).await;
    api.run(&flow).await;
    assert_eq!(state().await, "open", "the second version has it, too");
    let fixed = note(json!({ "resolved": "in_current" })).await.expect(200);
    assert_eq!(fixed["after_version"], 1);
    tokio::time::advance(std::time::Duration::from_secs(1)).await;
    api.run(&flow).await;
    assert_eq!(state().await, "open");

    let nobody = note(json!({ "assigned_to": "0190c6f5-7c3a-7000-8000-000000000001" })).await;
    assert!(nobody.problem().contains("/assigned_to"), "{}", nobody.text);
    assert_eq!(api.get("failures/assignees").await.expect(200), json!([]));
    assert_eq!(api.get("failures/assigned").await.expect(200), json!([]));
    let other = api.patch(&format!("flows/{flow}/failures/none"), &json!({ "muted": {} })).await;
    assert!(other.problem().starts_with("404 no-such-failures"), "{}", other.text);
}

#[tokio::test(start_paused = true)]
async fn what_is_noted_about_failures_that_are_gone_gives_way_and_can_be_taken_back() {
    let api = Api::new().await;
    let (flow, other) = (api.flow_of(&[failing("a", 9, 0)]).await, api.flow_of(&[failing("b", 9, 0)]).await);
    api.run(&flow).await;
    api.run(&other).await;
    let failures = api.get("failures").await.expect(200);
    let groups = list(&failures);
    let path = |of: &str| {
        let group = groups.iter().find(|group| text(&group["flow_id"]) == of).expect("it has failed");
        format!("flows/{of}/failures/{}", text(&group["fingerprint"]))
    };
    let (store, at) = (api.engine.store(), api.engine.wall());
    let gone = |number: usize| {
        let of = steadflow_core::ids::FlowId::new(uuid::Uuid::from_u128(number as u128));
        let value =
            json!({ "flow": of, "until": null, "after_version": 1, "by": { "kind": "user" }, "at": at });
        let key = NoteKey {
            tenant: TenantId::DEFAULT,
            kind: NoteKind::FailureMuted,
            owner: None,
            name: format!("gone-{number}").into(),
        };
        NoteChange::Put { note: NoteRecord { key, value: Payload::from_value(&value), at }, max: 1_000 }
    };
    assert_eq!(store.change_notes((0..1_000).map(gone).collect()).await.unwrap(), Some(1_000));

    let muted = api.patch(&path(&flow), &json!({ "muted": {} })).await.expect(200);

    assert_eq!(muted["state"], "muted");
    let left = store.notes(TenantId::DEFAULT, NoteKind::FailureMuted, None).await.unwrap();
    assert_eq!(left.len(), 1, "those of groups that are gone were in the way");
    let of_gone = format!("flows/{other}/failures/none");
    let nothing = api.patch(&of_gone, &json!({ "muted": null, "assigned_to": null })).await.expect(200);
    assert_eq!(nothing["state"], "open", "what is taken back needs no failures");
}

#[tokio::test(start_paused = true)]
async fn a_view_is_a_name_for_a_query() {
    let api = Api::new().await;
    let put = async |name: &str, query: &str| {
        let body = json!({ "query": query }).to_string();
        let path = format!("/api/v1/studio/views/{name}");
        let request = crate::support::request(
            axum::http::Method::PUT,
            &path,
            &[("content-type", "application/json")],
            &body,
        );
        api.send(request).await
    };
    let names = async || {
        let all = api.get("views").await.expect(200);
        list(&all)
            .iter()
            .map(|view| format!("{}?{}", text(&view["name"]), text(&view["query"])))
            .collect::<Vec<_>>()
    };

    assert_eq!(put("Last%20night", "status=failed").await.status, 204);
    assert_eq!(put("Last%20night", "status=failed&period=24h").await.status, 204);
    assert_eq!(put("A", "").await.status, 204);
    assert_eq!(names().await, ["A?", "Last night?status=failed&period=24h"]);
    assert_eq!(put("%20", "").await.status, 400);
    assert!(put("A", &"x".repeat(2_001)).await.problem().starts_with("400 invalid-body"));
    assert_eq!(api.delete("views/A").await.status, 204);
    assert!(api.delete("views/A").await.problem().starts_with("404 no-such-view"));
    for number in 1..50 {
        assert_eq!(put(&format!("v{number}"), "").await.status, 204);
    }
    assert!(put("one-more", "").await.problem().starts_with("409 too-many-notes"));
}
