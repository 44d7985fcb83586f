//! Events from outside: what can be sent, and what is answered.

use serde_json::json;

use crate::support::{Api, each};

#[tokio::test(start_paused = true)]
async fn an_event_is_taken_once_and_listed() {
    let api = Api::new().await;
    let event = json!({ "name": "paid", "correlation": "7", "id": "a", "data": { "n": 1 } });

    let first = api.post("events", &event).await.expect(202);
    let again = api.post("events", &event).await.expect(202);
    let bare = api.post("events", &json!({ "name": "other" })).await.expect(202);
    let all = api.get("events/received").await.expect(200);
    let page = api.get("events/received?limit=1").await.expect(200);

    assert_eq!((&first["is_known"], &again["is_known"]), (&json!(false), &json!(true)));
    assert_eq!(first["id"], again["id"]);
    assert_ne!(first["id"], bare["id"]);
    assert_eq!(each(&all, "name"), ["other", "paid"]);
    assert_eq!((&all[1]["sender_id"], &all[1]["data_bytes"]), (&json!("a"), &json!(7)));
    assert_eq!(page.as_array().map(Vec::len), Some(1));
}

#[tokio::test(start_paused = true)]
async fn what_no_flow_could_name_is_refused() {
    let api = Api::new().await;
    let long = "x".repeat(201);
    let mut problems = Vec::new();

    for event in [
        json!({}),
        json!({ "name": "" }),
        json!({ "name": long }),
        json!({ "name": "a\nb" }),
        json!({ "name": 7 }),
        json!({ "name": "a", "correlation": "" }),
        json!({ "name": "a", "correlation": 7 }),
        json!({ "name": "a", "id": "x".repeat(256) }),
        json!({ "name": "a", "more": 1 }),
        json!([]),
    ] {
        problems.push(api.post("events", &event).await.problem());
    }

    insta::assert_snapshot!(problems.join("\n"), @"
    400 invalid-body: The body does not fit: missing field `name` at line 1 column 2.
      : missing field `name`
    400 invalid-body: `name` is empty.
      /name: `name` is empty
    400 invalid-body: `name` has more than 200 characters.
      /name: `name` has more than 200 characters
    400 invalid-body: `name` has characters that are not visible.
      /name: `name` has characters that are not visible
    400 invalid-body: The body does not fit: invalid type: integer `7`, expected a string at line 1 column 9.
      /name: invalid type: integer `7`, expected a string
    400 invalid-body: `correlation` is empty.
      /correlation: `correlation` is empty
    400 invalid-body: The body does not fit: invalid type: integer `7`, expected a string at line 1 column 27.
      /correlation: invalid type: integer `7`, expected a string
    400 invalid-body: `id` has more than 255 characters.
      /id: `id` has more than 255 characters
    400 invalid-body: The body does not fit: unknown field `more`, expected one of `name`, `correlation`, `data`, `id` at line 1 column 18.
      /more: unknown field `more`, expected one of `name`, `correlation`, `data`, `id`
    400 invalid-body: The body does not fit: invalid length 0, expected an object at line 1 column 2.
      : invalid length 0, expected an object
    ");
    assert_eq!(api.get("events/received").await.expect(200), json!([]));
}
