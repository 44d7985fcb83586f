//! Two editors of one flow or agent: the second one overwrites nothing unseen.

use axum::http::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Api, echo, flow, request, text};

/// Sends a change that names what it is made to.
async fn change(api: &Api, method: Method, path: &str, tag: &str, body: &Value) -> Answer {
    let headers = [("content-type", "application/json"), ("if-match", tag)];
    api.send(request(method, path, &headers, &body.to_string())).await
}

async fn patch(api: &Api, path: &str, tag: &str, body: &Value) -> Answer {
    change(api, Method::PATCH, path, tag, body).await
}

/// Makes a flow and returns its path and its tag.
async fn made(api: &Api) -> (String, String) {
    let answer = api.post("flows", &flow("Review", &[echo("a", json!({}))], &[])).await;
    (format!("flows/{}", text(&answer.body["id"])), tag_of(&answer))
}

async fn made_agent(api: &Api) -> (String, String) {
    let agent = json!({ "name": "Risk", "agent_type": "http", "skills": ["score"],
                        "config": { "endpoint": "https://risk.example.org" } });
    let answer = api.post("agents", &agent).await;
    (format!("agents/{}", text(&answer.body["id"])), tag_of(&answer))
}

#[track_caller]
fn tag_of(answer: &Answer) -> String {
    answer.header("etag").unwrap_or_else(|| panic!("there is no tag: {}", answer.text)).to_owned()
}

#[tokio::test(start_paused = true)]
async fn second_editor_of_a_flow_is_refused_and_gets_the_current_tag() {
    let api = Api::new().await;
    let (path, read_by_both) = made(&api).await;

    let first = patch(&api, &path, &read_by_both, &json!({ "name": "Mine" })).await;
    let second = patch(&api, &path, &read_by_both, &json!({ "name": "Theirs" })).await;

    assert_eq!((first.status, &first.body["version"]), (200, &json!(2)));
    insta::assert_snapshot!(second.problem(), @"412 version-conflict: Somebody else has changed this meanwhile: the current version is 2, and the status is draft. Nothing was changed. Read it again, and repeat the change if you still want it.");
    assert_eq!(second.body["current"], json!({ "version": 2, "etag": tag_of(&first) }));
    assert_eq!(tag_of(&second), tag_of(&first));
    assert_eq!(api.get(&path).await.body["name"], "Mine");
    let again = patch(&api, &path, &tag_of(&second), &json!({ "name": "Theirs" })).await.expect(200);
    assert_eq!((&again["name"], &again["version"]), (&json!("Theirs"), &json!(3)));
}

#[tokio::test(start_paused = true)]
async fn every_answer_with_a_flow_has_its_tag_and_an_older_version_has_none() {
    let api = Api::new().await;
    let (path, created) = made(&api).await;

    let shown = api.get(&path).await;
    let patched = api.patch(&path, &json!({ "name": "New" })).await;
    let same = api.patch(&path, &json!({ "name": "New" })).await;
    let activated = api.patch(&format!("{path}/activate"), &json!({})).await;
    let restored = api.press(&format!("{path}/restore-version?version=1")).await;
    let older = api.get(&format!("{path}?version=2")).await;

    assert_eq!((tag_of(&shown), &shown.body["etag"]), (created.clone(), &json!(created)));
    let tags = [&patched, &same, &activated, &restored].map(tag_of);
    assert_eq!(tags, ["\"2-draft\"", "\"2-draft\"", "\"2-active\"", "\"3-active\""]);
    assert_eq!((older.header("etag"), older.body.get("etag")), (None, None));
    assert_eq!(api.get("flows").await.body[0]["etag"], json!("\"3-active\""));
}

#[tokio::test(start_paused = true)]
async fn status_that_was_changed_meanwhile_is_a_conflict_although_it_makes_no_version() {
    let api = Api::new().await;
    let (path, read_by_both) = made(&api).await;
    patch(&api, &format!("{path}/activate"), &read_by_both, &json!({})).await.expect(200);

    let paused = patch(&api, &path, &read_by_both, &json!({ "status": "paused" })).await;
    let activated = patch(&api, &format!("{path}/activate"), &read_by_both, &json!({})).await;
    let restored = format!("{path}/restore-version?version=1");
    let restored = change(&api, Method::POST, &restored, &read_by_both, &json!({})).await;
    let deleted = change(&api, Method::DELETE, &path, &read_by_both, &json!({})).await;

    for refused in [paused, activated, restored, deleted] {
        assert_eq!(refused.expect(412)["current"], json!({ "version": 1, "etag": "\"1-active\"" }));
    }
    assert_eq!(api.get(&path).await.expect(200)["status"], "active");
    change(&api, Method::DELETE, &path, "\"1-active\"", &json!({})).await.expect(204);
    api.get(&path).await.expect(404);
}

#[tokio::test(start_paused = true)]
async fn second_editor_of_an_agent_is_refused_and_gets_the_current_tag() {
    let api = Api::new().await;
    let (path, read_by_both) = made_agent(&api).await;

    let first = patch(&api, &path, &read_by_both, &json!({ "name": "Mine" })).await;
    let second = patch(&api, &path, &read_by_both, &json!({ "name": "Theirs" })).await;
    let deleted = change(&api, Method::DELETE, &path, &read_by_both, &json!({})).await;

    assert_eq!((first.status, tag_of(&first).as_str()), (200, "\"2\""));
    insta::assert_snapshot!(second.problem(), @"412 version-conflict: Somebody else has changed this meanwhile: the current version is 2. Nothing was changed. Read it again, and repeat the change if you still want it.");
    assert_eq!(deleted.problem(), second.problem());
    assert_eq!(second.body["current"], json!({ "version": 2, "etag": "\"2\"" }));
    let shown = api.get(&path).await;
    assert_eq!((&shown.body["name"], &shown.body["etag"]), (&json!("Mine"), &json!("\"2\"")));
    assert_eq!(tag_of(&shown), "\"2\"");
    change(&api, Method::DELETE, &path, "\"2\"", &json!({})).await.expect(204);
}

#[tokio::test(start_paused = true)]
async fn one_tag_of_a_list_or_a_star_is_enough_and_weak_tags_match_nothing() {
    let api = Api::new().await;
    let (path, tag) = made(&api).await;
    let name = json!({ "name": "New" });

    for refused in [format!("W/{tag}"), "\"9-draft\", \"of-another-server\"".to_owned()] {
        assert_eq!(patch(&api, &path, &refused, &name).await.status, 412, "{refused}");
    }
    let listed = format!("\"9-draft\", {tag}");
    assert_eq!(patch(&api, &path, &listed, &name).await.expect(200)["version"], 2);
    assert_eq!(patch(&api, &path, "*", &json!({ "name": "Newer" })).await.expect(200)["version"], 3);
}

#[tokio::test(start_paused = true)]
async fn if_match_that_cannot_be_read_is_refused_and_nothing_is_changed() {
    let api = Api::new().await;
    let (path, _) = made(&api).await;

    let refused = patch(&api, &path, "1-draft", &json!({ "name": "New" })).await;

    insta::assert_snapshot!(refused.problem(), @r#"400 invalid-parameter: If-Match must be `*`, or a list of entity tags with their quotes, such as "3-active": what the header ETag had when you read it."#);
    assert_eq!(api.get(&path).await.expect(200)["version"], 1);
}
