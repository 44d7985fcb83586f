//! Drafts of flows: what an editor keeps before it is saved.

use axum::http::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Api, NO_ID, echo, flow, request};

async fn put(api: &Api, id: &str, body: &Value) -> Answer {
    let json = [("content-type", "application/json")];
    api.send(request(Method::PUT, &format!("flows/{id}/draft"), &json, &body.to_string())).await
}

async fn draft(api: &Api, id: &str) -> Answer {
    api.get(&format!("flows/{id}/draft")).await
}

#[tokio::test(start_paused = true)]
async fn unfinished_work_is_kept_with_its_faults_until_it_is_saved() {
    let api = Api::new().await;
    let id = api.create_flow(&flow("F", &[echo("a", json!({}))], &[])).await;
    draft(&api, &id).await.expect(204);
    let unfinished =
        json!({ "nodes": [{ "id": "a b", "type": "nothing", "n": 1.10 }], "edges": "none", "": null });

    let first =
        put(&api, &id, &json!({ "flow_definition": unfinished, "base_version": 1 })).await.expect(200);
    let read = draft(&api, &id).await.expect(200);

    assert_eq!(first, read);
    assert_eq!((&read["flow_definition"], &read["base_version"]), (&unfinished, &json!(1)));
    assert_eq!(api.get(&format!("flows/{id}")).await.expect(200)["version"], 1, "what is saved stays");
    let finished = flow("F", &[echo("b", json!({}))], &[]);
    let second = json!({ "flow_definition": finished["flow_definition"], "base_version": 1, "replaces": first["revision"] });
    let second = put(&api, &id, &second).await.expect(200);
    assert!(second["revision"].as_u64() > first["revision"].as_u64());
    // It ends with what is saved of it, and not with what is not.
    let save = format!("flows/{id}?ends_draft={}", second["revision"]);
    api.patch(&save, &json!({ "flow_definition": unfinished })).await.expect(422);
    draft(&api, &id).await.expect(200);
    assert_eq!(api.patch(&save, &finished).await.expect(200)["version"], 2);
    draft(&api, &id).await.expect(204);
}

#[tokio::test(start_paused = true)]
async fn a_draft_that_is_as_what_is_saved_ends_without_a_new_version() {
    let api = Api::new().await;
    let document = flow("F", &[echo("a", json!({}))], &[]);
    let id = api.create_flow(&document).await;
    let same = json!({ "flow_definition": document["flow_definition"], "base_version": 1 });
    let kept = put(&api, &id, &same).await.expect(200);

    let saved =
        api.patch(&format!("flows/{id}?ends_draft={}", kept["revision"]), &document).await.expect(200);

    assert_eq!(saved["version"], 1);
    draft(&api, &id).await.expect(204);
}

#[tokio::test(start_paused = true)]
async fn nobody_overwrites_what_somebody_else_has_changed() {
    let api = Api::new().await;
    let id = api.create_flow(&flow("F", &[echo("a", json!({}))], &[])).await;
    let body = |replaces: &Value| json!({ "flow_definition": {}, "base_version": 1, "replaces": replaces });
    let first = put(&api, &id, &body(&Value::Null)).await.expect(200);
    let second = put(&api, &id, &body(&first["revision"])).await.expect(200);

    for outdated in [&Value::Null, &first["revision"]] {
        let refused = put(&api, &id, &body(outdated)).await.expect(409);
        assert_eq!(refused["type"], "/docs/problems#draft-conflict");
        assert!(refused["detail"].to_string().contains(&second["revision"].to_string()), "{refused}");
    }
    let discard = |revision: &Value| format!("flows/{id}/draft?revision={revision}");
    api.delete(&discard(&first["revision"])).await.expect(409);
    api.delete(&discard(&second["revision"])).await.expect(204);
    api.delete(&discard(&second["revision"])).await.expect(404);
    put(&api, &id, &body(&second["revision"])).await.expect(409);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_draft_is_refused() {
    let api = Api::new().await;
    let id = api.create_flow(&flow("F", &[echo("a", json!({}))], &[])).await;
    let whole = json!({ "flow_definition": {}, "base_version": 1 });
    for (key, wrong) in [
        ("flow_definition", json!([])),
        ("flow_definition", json!("{}")),
        ("base_version", json!(-1)),
        ("replaces", json!("1")),
        ("name", json!("F")),
    ] {
        let mut body = whole.clone();
        body[key] = wrong;
        let refused = put(&api, &id, &body).await.expect(400);
        assert_eq!(refused["errors"][0]["pointer"], format!("/{key}"), "{refused}");
    }
    put(&api, NO_ID, &whole).await.expect(404);
    draft(&api, NO_ID).await.expect(404);
    put(&api, &id, &whole).await.expect(200);
    api.delete(&format!("flows/{id}/draft")).await.expect(400);
    api.delete(&format!("flows/{id}/draft?revision=0")).await.expect(400);
    draft(&api, &id).await.expect(200);
}
