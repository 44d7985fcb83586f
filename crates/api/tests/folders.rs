//! Folders of flows.

use serde_json::{Value, json};

use crate::support::{Api, each, echo, flow, text};

/// Makes a flow in a folder.
async fn flow_in(api: &Api, folder: Value) -> String {
    let mut document = flow("Flow", &[echo("a", json!({}))], &[]);
    document["folder"] = folder;
    text(&api.post("flows", &document).await.expect(201)["id"])
}

#[tokio::test(start_paused = true)]
async fn flows_are_made_listed_and_moved_in_folders() {
    let api = Api::new().await;
    let refunds = flow_in(&api, json!("billing/refunds")).await;
    let billing = flow_in(&api, json!("billing")).await;
    let top = flow_in(&api, Value::Null).await;
    let listed = async |folder: &str| {
        let flows = api.get(&format!("flows?folder={folder}")).await.expect(200);
        each(&flows, "id").iter().map(ToString::to_string).collect::<Vec<_>>()
    };

    assert_eq!(listed("billing").await, [billing.clone(), refunds.clone()]);
    assert_eq!(listed("billing/refunds").await, [&*refunds]);
    let path = format!("flows/{refunds}");
    let moved = api.patch(&path, &json!({ "folder": "sales/Größe 1" })).await.expect(200);
    assert_eq!(
        (&moved["folder"], &moved["version"], &moved["etag"]),
        (&json!("sales/Größe 1"), &json!(1), &json!("\"1-draft\""))
    );
    let renamed = api.patch(&path, &json!({ "name": "Renamed" })).await.expect(200);
    assert_eq!((&renamed["folder"], &renamed["version"]), (&json!("sales/Größe 1"), &json!(2)));
    assert_eq!(listed("billing").await, [billing]);
    assert_eq!(listed("sales").await, [refunds]);
    let to_the_top = api.patch(&path, &json!({ "folder": null })).await.expect(200);
    assert_eq!(to_the_top["folder"], Value::Null);
    assert!(listed("sales").await.is_empty());
    assert_eq!(api.get(&format!("flows/{top}")).await.expect(200)["folder"], Value::Null);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_folder_is_refused() {
    let api = Api::new().await;
    let id = flow_in(&api, json!("a")).await;
    let patch =
        async |folder: Value| api.patch(&format!("flows/{id}"), &json!({ "folder": folder })).await.problem();

    insta::assert_snapshot!(patch(json!("a/b/c/d/e/f")).await, @"
    400 invalid-body: `folder` is no folder: a folder has 1 to 5 names with `/` between them, such as `billing/refunds`.
      /folder: `folder` is no folder: a folder has 1 to 5 names with `/` between them, such as `billing/refunds`
    ");
    insta::assert_snapshot!(patch(json!("a/../b")).await, @"
    400 invalid-body: `folder` is no folder: each name of a folder has 1 to 60 characters that can be seen, is not `.` or `..`, and has no space at its begin or end.
      /folder: `folder` is no folder: each name of a folder has 1 to 60 characters that can be seen, is not `.` or `..`, and has no space at its begin or end
    ");
    insta::assert_snapshot!(patch(json!(["a"])).await, @"
    400 invalid-body: `folder` must be a text such as `billing/refunds`, or null for the top.
      /folder: `folder` must be a text such as `billing/refunds`, or null for the top
    ");
    insta::assert_snapshot!(api.get("flows?folder=/a").await.problem(), @"400 invalid-parameter: The query is not valid: `folder` must be a folder such as `billing/refunds`.");
    let invalid =
        json!({ "folder": "a/", "name": "F", "flow_definition": { "nodes": [echo("a", json!({}))] } });
    assert_eq!(api.post("flows/validate", &invalid).await.expect(200)["errors"][0]["pointer"], "/folder");
    assert_eq!(api.post("flows", &invalid).await.status, 400);
    assert_eq!(api.get(&format!("flows/{id}")).await.expect(200)["folder"], "a");
}

#[tokio::test(start_paused = true)]
async fn a_template_makes_a_flow_in_a_folder() {
    let api = Api::new().await;
    let mut document = flow("Intake", &[echo("a", json!({}))], &[]);
    (document["is_template"], document["folder"]) = (json!(true), json!("templates"));
    let template = text(&api.post("flows", &document).await.expect(201)["id"]);
    let path = format!("flows/templates/{template}/instantiate");

    let made = api.post(&path, &json!({ "folder": "sales" })).await.expect(201);
    let at_the_top = api.press(&path).await.expect(201);
    let nowhere = api.post(&path, &json!({ "folder": "" })).await;

    assert_eq!((&made["folder"], &at_the_top["folder"]), (&json!("sales"), &Value::Null));
    assert_eq!(nowhere.status, 400, "{}", nowhere.text);
}
