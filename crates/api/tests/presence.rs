//! Who has a flow open in the editor.

use axum::http::Method;
use serde_json::{Value, json};
use steadflow_core::caller::{Actor, ActorKind, Caller};
use steadflow_store::PRESENT_FOR;

use crate::support::{Answer, Api, NO_ID, echo, flow, request};

const TAB: &str = "0190c6f5-7c3a-7000-8000-0000000000a1";
const OTHER_TAB: &str = "0190c6f5-7c3a-7000-8000-0000000000a2";

/// Says that a flow is open in a tab of this person, or of one who has no name.
async fn put(api: &Api, id: &str, tab: &str, person: Option<&str>) -> Answer {
    let mut request = request(Method::PUT, &format!("flows/{id}/presence/{tab}"), &[], "");
    if let Some(person) = person {
        let actor = Actor { kind: ActorKind::User, id: Some(person.into()) };
        request.extensions_mut().insert(Caller { actor, ..Caller::LOCAL });
    }
    api.send(request).await
}

fn others(seen: &Value) -> Vec<(Option<&str>, bool)> {
    let others = seen["others"].as_array().expect("a list");
    others.iter().map(|other| (other["name"].as_str(), other["is_you"] == true)).collect()
}

#[tokio::test(start_paused = true)]
async fn who_has_a_flow_open_sees_who_else_has_until_they_are_not_heard_of() {
    let api = Api::new().await;
    let id = api.create_flow(&flow("F", &[echo("a", json!({}))], &[])).await;
    let first = put(&api, &id, TAB, Some("ann@example.com")).await.expect(200);
    assert_eq!((&first["draft_revision"], others(&first)), (&Value::Null, vec![]));
    let draft = json!({ "flow_definition": {}, "base_version": 1 }).to_string();
    let draft = api
        .send(request(
            Method::PUT,
            &format!("flows/{id}/draft"),
            &[("content-type", "application/json")],
            &draft,
        ))
        .await
        .expect(200);

    let second = put(&api, &id, OTHER_TAB, Some("bob@example.com")).await.expect(200);

    assert_eq!(second["draft_revision"], draft["revision"]);
    assert_eq!(others(&second), [(Some("ann@example.com"), false)]);
    let again = put(&api, &id, OTHER_TAB, Some("ann@example.com")).await.expect(200);
    assert_eq!(others(&again), [(Some("ann@example.com"), true)]);
    tokio::time::advance(PRESENT_FOR).await;
    assert_eq!(others(&put(&api, &id, TAB, Some("ann@example.com")).await.expect(200)), []);
}

#[tokio::test(start_paused = true)]
async fn without_names_others_are_somebody_and_a_closed_tab_is_gone_at_once() {
    let api = Api::new().await;
    let id = api.create_flow(&flow("F", &[echo("a", json!({}))], &[])).await;
    put(&api, &id, TAB, None).await.expect(200);

    assert_eq!(others(&put(&api, &id, OTHER_TAB, None).await.expect(200)), [(None, false)]);

    api.delete(&format!("flows/{id}/presence/{TAB}")).await.expect(204);
    assert_eq!(others(&put(&api, &id, OTHER_TAB, None).await.expect(200)), []);
    put(&api, NO_ID, TAB, None).await.expect(404);
    put(&api, &id, "here", None).await.expect(400);
}
