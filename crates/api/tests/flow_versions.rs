//! The versions of a flow.

use serde_json::{Value, json};

use crate::support::{Api, NO_ID, each, echo, flow, hanging, list};

/// A flow with a second version, which has another name and another node.
async fn edited(api: &Api) -> String {
    let id = api.create_flow(&flow("First", &[echo("a", json!({}))], &[])).await;
    let second = flow("Second", &[echo("b", json!({}))], &[]);
    assert_eq!(api.patch(&format!("flows/{id}"), &second).await.expect(200)["version"], 2);
    id
}

fn lines(versions: &Value) -> Vec<String> {
    let line = |version: &Value| {
        let current = if version["is_current"] == true { ", current" } else { "" };
        format!("{} {}{current}", version["version"], version["name"].as_str().unwrap_or_default())
    };
    list(versions).iter().map(line).collect()
}

#[tokio::test(start_paused = true)]
async fn versions_are_listed_newest_first() {
    let api = Api::new().await;
    let id = edited(&api).await;

    let answer = api.get(&format!("flows/{id}/versions")).await;

    assert_eq!(answer.header("link"), None, "these are all");
    let versions = answer.expect(200);
    assert_eq!(lines(&versions), ["2 Second, current", "1 First"]);
    assert_eq!(versions[1]["flow_definition"]["nodes"][0]["id"], "a");
}

#[tokio::test(start_paused = true)]
async fn pages_of_versions_lead_to_each_other_and_the_last_one_nowhere() {
    let api = Api::new().await;
    let id = edited(&api).await;
    api.press(&format!("flows/{id}/restore-version?version=1")).await.expect(200);

    let mut pages: Vec<Vec<String>> = Vec::new();
    let mut next = Some(format!("flows/{id}/versions?limit=2"));
    while let Some(address) = next {
        let page = api.get(&address).await;
        next = page.next();
        pages.push(lines(&page.expect(200)));
    }

    assert_eq!(pages, [vec!["3 First, current", "2 Second"], vec!["1 First"]]);
}

#[tokio::test(start_paused = true)]
async fn a_version_has_the_note_that_it_was_saved_with() {
    let api = Api::new().await;
    let path = format!("flows/{}", api.create_flow(&flow("Flow", &[echo("a", json!({}))], &[])).await);
    let change = |description: &str| json!({ "description": description });

    api.patch(&format!("{path}?note=Retries%20twice"), &change("1")).await.expect(200);
    api.patch(&format!("{path}?note=Nothing%20new"), &change("1")).await.expect(200);
    api.patch(&format!("{path}?note="), &change("2")).await.expect(200);
    let long = api.patch(&format!("{path}?note={}", "a".repeat(201)), &change("3")).await.problem();
    let hidden = api.patch(&format!("{path}?note=a%E2%80%AE"), &change("3")).await.problem();

    let versions = api.get(&format!("{path}/versions")).await.expect(200);
    assert_eq!(each(&versions, "note"), ["", "Retries twice", ""]);
    assert_eq!(
        long,
        "400 invalid-parameter: The query is not valid: `note` must be a text of at most 200 characters on one line, without hidden ones."
    );
    assert_eq!(hidden, long);
}

#[tokio::test(start_paused = true)]
async fn older_version_is_shown_on_demand() {
    let api = Api::new().await;
    let id = edited(&api).await;

    let first = api.get(&format!("flows/{id}?version=1")).await.expect(200);
    let second = api.get(&format!("flows/{id}?version=2")).await.expect(200);
    let third = api.get(&format!("flows/{id}?version=3")).await;

    assert_eq!((&first["version"], &first["name"]), (&json!(1), &json!("First")));
    assert_eq!(second, api.get(&format!("flows/{id}")).await.expect(200));
    insta::assert_snapshot!(third.problem(), @"404 no-such-flow: Flow [id 1] has no version 3.");
}

#[tokio::test(start_paused = true)]
async fn restored_version_becomes_a_new_one() {
    let api = Api::new().await;
    let id = edited(&api).await;

    let restored = api.press(&format!("flows/{id}/restore-version?version=1")).await.expect(200);

    assert_eq!((&restored["version"], &restored["name"]), (&json!(3), &json!("First")));
    assert_eq!(restored["flow_definition"]["nodes"][0]["id"], "a");
    let versions = api.get(&format!("flows/{id}/versions")).await.expect(200);
    assert_eq!(lines(&versions), ["3 First, current", "2 Second", "1 First"]);
}

#[tokio::test(start_paused = true)]
async fn restoring_what_is_current_changes_nothing() {
    let api = Api::new().await;
    let id = edited(&api).await;
    let before = api.get(&format!("flows/{id}")).await.expect(200);

    let restored = api.press(&format!("flows/{id}/restore-version?version=2")).await.expect(200);

    assert_eq!(restored["version"], 2);
    let versions = api.get(&format!("flows/{id}/versions")).await.expect(200);
    assert_eq!(lines(&versions), ["2 Second, current", "1 First"]);
    assert_eq!(restored["flow_definition"], before["flow_definition"]);
}

#[tokio::test(start_paused = true)]
async fn restoring_without_a_version_that_is_there_is_refused() {
    let api = Api::new().await;
    let id = edited(&api).await;
    let restore =
        async |query: &str| api.press(&format!("flows/{id}/restore-version{query}")).await.problem();

    insta::assert_snapshot!(restore("").await, @"400 invalid-parameter: Say which version to restore, with `?version=`.");
    insta::assert_snapshot!(restore("?version=9").await, @"404 no-such-flow: Flow [id 1] has no version 9.");
    insta::assert_snapshot!(restore("?version=first").await, @"400 invalid-parameter: The query is not valid: `version` must be a whole number from 1 to 4294967295.");
    api.press(&format!("flows/{NO_ID}/restore-version?version=1")).await.expect(404);
    api.get(&format!("flows/{NO_ID}/versions")).await.expect(404);
    let versions = api.get(&format!("flows/{id}/versions")).await.expect(200);
    assert_eq!(lines(&versions), ["2 Second, current", "1 First"]);
}

#[tokio::test(start_paused = true)]
async fn what_runs_stays_on_its_version() {
    let api = Api::new().await;
    let id = api.flow_of(&[hanging("a")]).await;
    let execution = api.start(&id).await;

    api.patch(&format!("flows/{id}"), &flow("Second", &[echo("b", json!({}))], &[])).await.expect(200);

    let pinned = api.execution(&execution).await;
    assert_eq!((&pinned["flow_version"], &pinned["flow_name"]), (&json!(1), &json!("Review")));
    assert_eq!(pinned["node_executions"][0]["node_id"], "a");
    let row = &api.get("executions").await.expect(200)[0];
    assert_eq!((&row["flow_version"], &row["flow_name"]), (&json!(1), &json!("Second")), "rows say its name");
}
