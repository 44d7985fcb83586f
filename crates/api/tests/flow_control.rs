//! In which order the executions of a flow start, and how many of them at once.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Api, each, list, text};

const TAKES_TEN_SECONDS: &str = r#"{ "id": "work", "type": "delay", "delay_seconds": 10 }"#;

/// Makes a flow with these settings, whose executions take ten seconds.
async fn flow(api: &Api, settings: Value) -> String {
    let node: Value = serde_json::from_str(TAKES_TEN_SECONDS).expect("a node");
    let mut document = crate::support::flow("Orders", &[node], &[]);
    document.as_object_mut().expect("an object").extend(settings.as_object().expect("an object").clone());
    api.create_flow(&document).await
}

async fn start(api: &Api, flow: &str, body: &Value) -> String {
    let started = api.post(&format!("flows/{flow}/execute"), body).await.expect(201);
    text(&started["execution_id"]).to_owned()
}

async fn of_customer(api: &Api, flow: &str, customer: &str) -> String {
    start(api, flow, &json!({ "trigger_data": { "customer": customer } })).await
}

async fn status(api: &Api, execution: &str) -> String {
    text(&api.execution(execution).await["status"]).to_owned()
}

async fn statuses<const N: usize>(api: &Api, executions: [&String; N]) -> [String; N] {
    let mut all = [const { String::new() }; N];
    for (at, execution) in executions.into_iter().enumerate() {
        all[at] = status(api, execution).await;
    }
    all
}

async fn pass(seconds: f64) {
    tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
}

/// Waits until all have ended, and returns them in the order in which they started.
async fn order(api: &Api, executions: &[(&str, String)]) -> String {
    pass(10.0 * executions.len() as f64 + 60.0).await;
    let mut started = Vec::new();
    for (name, id) in executions {
        let execution = api.execution(id).await;
        assert_eq!(execution["status"], "completed", "{execution}");
        started.push((text(&execution["started_at"]).to_owned(), *name));
    }
    started.sort();
    started.iter().map(|(_, name)| *name).collect::<Vec<_>>().join(" ")
}

#[tokio::test(start_paused = true)]
async fn executions_with_the_same_key_run_one_after_the_other_and_others_beside_them() {
    let api = Api::new().await;
    let flow = flow(&api, json!({ "concurrency_key": "${trigger_data.customer}" })).await;
    let (a1, a2) = (of_customer(&api, &flow, "a").await, of_customer(&api, &flow, "a").await);
    let b1 = of_customer(&api, &flow, "b").await;
    let none = start(&api, &flow, &json!({ "trigger_data": { "customer": null } })).await;
    pass(1.0).await;
    assert_eq!(statuses(&api, [&a1, &a2, &b1, &none]).await, ["running", "pending", "running", "running"]);
    assert_eq!(api.execution(&a2).await["concurrency_key"], "a");

    pass(10.0).await;

    assert_eq!(statuses(&api, [&a1, &a2]).await, ["completed", "running"]);
}

#[tokio::test(start_paused = true)]
async fn a_slot_of_a_key_is_free_after_a_cancel_a_deadline_and_a_deletion() {
    let api = Api::new().await;
    let settings = json!({ "concurrency_key": "${trigger_data.customer}", "timeout_seconds": 5, "max_concurrent_per_key": 2 });
    let flow = flow(&api, settings).await;
    let first = [of_customer(&api, &flow, "a").await, of_customer(&api, &flow, "a").await];
    let waits = of_customer(&api, &flow, "a").await;
    let cancelled = of_customer(&api, &flow, "a").await;
    let last = of_customer(&api, &flow, "a").await;
    pass(1.0).await;
    api.post(&format!("executions/{cancelled}/cancel"), &json!({})).await;
    api.post(&format!("executions/{}/cancel", first[0]), &json!({})).await;
    pass(1.0).await;
    assert_eq!(statuses(&api, [&waits, &cancelled, &last]).await, ["running", "cancelled", "pending"]);

    pass(4.0).await;

    assert_eq!(statuses(&api, [&first[1], &last]).await, ["failed", "running"], "its deadline struck");
    api.delete(&format!("flows/{flow}")).await;
}

#[tokio::test(start_paused = true)]
async fn a_new_limit_per_key_holds_for_those_that_wait() {
    let api = Api::new().await;
    let flow = flow(&api, json!({ "concurrency_key": "${trigger_data.customer}" })).await;
    let all = [
        of_customer(&api, &flow, "a").await,
        of_customer(&api, &flow, "a").await,
        of_customer(&api, &flow, "a").await,
    ];
    pass(1.0).await;

    api.patch(&format!("flows/{flow}"), &json!({ "max_concurrent_per_key": 2 })).await.expect(200);
    pass(1.0).await;
    assert_eq!(statuses(&api, [&all[0], &all[1], &all[2]]).await, ["running", "running", "pending"]);
    let without = json!({ "max_concurrent_per_key": null, "concurrency_key": null });
    api.patch(&format!("flows/{flow}"), &without).await.expect(200);
    pass(1.0).await;

    assert_eq!(status(&api, &all[2]).await, "running");
}

#[tokio::test(start_paused = true)]
async fn keys_take_turns() {
    let api = Api::new().await;
    let settings = json!({ "concurrency_key": "${trigger_data.customer}", "max_concurrent_per_key": 9, "max_concurrent_executions": 1 });
    let flow = flow(&api, settings).await;
    let mut all = Vec::new();
    for (name, customer) in
        [("a1", "a"), ("a2", "a"), ("a3", "a"), ("a4", "a"), ("b1", "b"), ("b2", "b"), ("c1", "c")]
    {
        all.push((name, of_customer(&api, &flow, customer).await));
    }

    assert_eq!(order(&api, &all).await, "a1 b1 c1 a2 b2 a3 a4");
}

#[tokio::test(start_paused = true)]
async fn the_highest_priority_starts_first_and_each_minute_of_waiting_is_one_more() {
    let api = Api::new().await;
    let settings = json!({ "max_concurrent_executions": 1, "priority": "${trigger_data.priority}" });
    let flow = flow(&api, settings).await;
    let with =
        async |priority: i32| start(&api, &flow, &json!({ "trigger_data": { "priority": priority } })).await;
    let blocker = start(&api, &flow, &json!({ "trigger_data": { "priority": 0 } })).await;
    api.post(&format!("executions/{blocker}/pause"), &json!({})).await;
    let mut all = vec![("low", with(-5).await), ("zero", with(0).await), ("high", with(10).await)];
    all.push((
        "asked",
        start(&api, &flow, &json!({ "priority": 9, "trigger_data": { "priority": -10 } })).await,
    ));
    assert_eq!(api.execution(&all[3].1).await["priority"], 9);
    pass(59.0).await;
    all.push(("one", with(1).await));
    pass(2.0).await;
    all.push(("one, later", with(1).await));
    pass(240.0).await;
    all.push(("zero, much later", with(0).await));

    api.post(&format!("executions/{blocker}/cancel"), &json!({})).await;

    assert_eq!(order(&api, &all).await, "high asked one zero one, later low zero, much later");
}

#[tokio::test(start_paused = true)]
async fn a_start_waits_until_no_other_has_come() {
    let api = Api::new().await;
    let flow =
        flow(&api, json!({ "debounce_seconds": 5, "concurrency_key": "${trigger_data.customer}" })).await;
    let first = of_customer(&api, &flow, "a").await;
    pass(3.0).await;
    let second = of_customer(&api, &flow, "a").await;
    let other = of_customer(&api, &flow, "b").await;
    pass(4.0).await;
    assert_eq!(statuses(&api, [&first, &second, &other]).await, ["cancelled", "pending", "pending"]);
    let listed = api.get("executions?status=pending").await.expect(200);
    let of = ["concurrency_key", "starts_at"].map(|key| each(&listed, key));
    assert_eq!(of, [["b", "a"], ["2027-01-15T08:00:08.000000Z", "2027-01-15T08:00:08.000000Z"]]);

    pass(2.0).await;

    assert_eq!(statuses(&api, [&first, &second, &other]).await, ["cancelled", "running", "running"]);
    let replaced = api.execution(&first).await;
    assert_eq!(
        replaced["error_message"],
        format!("Replaced by execution {second}, which was started before this one was due")
    );
    assert_eq!(replaced["starts_at"], "2027-01-15T08:00:05.000000Z");
    assert_eq!(api.execution(&second).await["started_at"], "2027-01-15T08:00:08.000000Z");
    let third = of_customer(&api, &flow, "a").await;
    pass(4.0).await;
    assert_eq!(statuses(&api, [&second, &third]).await, ["running", "pending"], "what runs is not replaced");
}

#[tokio::test(start_paused = true)]
async fn starts_that_keep_coming_are_put_off_only_for_so_long() {
    let api = Api::new().await;
    let flow = flow(&api, json!({ "debounce_seconds": 5, "max_delay_seconds": 8 })).await;
    let mut all = Vec::new();
    for _ in 0..4 {
        all.push(start(&api, &flow, &json!({})).await);
        pass(3.0).await;
    }

    let third = api.execution(&all[2]).await;

    assert_eq!(third["started_at"], "2027-01-15T08:00:08.000000Z", "{third}");
    assert_eq!(statuses(&api, [&all[0], &all[1], &all[3]]).await, ["cancelled", "cancelled", "pending"]);
    assert_eq!(
        api.execution(&all[3]).await["starts_at"],
        "2027-01-15T08:00:14.000000Z",
        "a new one begins with it"
    );
}

#[tokio::test(start_paused = true)]
async fn a_start_that_was_put_off_can_be_cancelled_paused_and_retried_at_once() {
    let api = Api::new().await;
    let flow = flow(&api, json!({ "debounce_seconds": 5 })).await;
    let first = start(&api, &flow, &json!({})).await;
    api.post(&format!("executions/{first}/cancel"), &json!({})).await;
    let second = start(&api, &flow, &json!({})).await;
    api.post(&format!("executions/{second}/pause"), &json!({})).await;
    pass(20.0).await;
    assert_eq!(statuses(&api, [&first, &second]).await, ["cancelled", "paused"]);

    api.post(&format!("executions/{second}/resume"), &json!({})).await;
    let retried = api.post(&format!("executions/{first}/retry"), &json!({})).await.expect(200);
    pass(1.0).await;

    let retried = text(&retried["new_execution_id"]).to_owned();
    assert_eq!(statuses(&api, [&second, &retried]).await, ["running", "running"], "a retry is not put off");
}

#[tokio::test(start_paused = true)]
async fn a_start_that_is_due_and_waits_for_a_slot_is_not_replaced() {
    let api = Api::new().await;
    let flow = flow(&api, json!({ "debounce_seconds": 2, "max_concurrent_executions": 1 })).await;
    let first = start(&api, &flow, &json!({})).await;
    pass(4.0).await;
    let due = start(&api, &flow, &json!({})).await;
    pass(4.0).await;
    let last = start(&api, &flow, &json!({})).await;

    assert_eq!(order(&api, &[("first", first), ("due", due), ("last", last)]).await, "first due last");
}

#[tokio::test(start_paused = true)]
async fn a_retry_has_the_priority_that_its_execution_was_started_with() {
    let api = Api::new().await;
    let flow = flow(&api, json!({ "priority": 5 })).await;
    let urgent = start(&api, &flow, &json!({})).await;
    let usual = start(&api, &flow, &json!({ "priority": 0 })).await;

    let mut priorities = Vec::new();
    for execution in [&urgent, &usual] {
        api.post(&format!("executions/{execution}/cancel"), &json!({})).await;
        let retried = api.post(&format!("executions/{execution}/retry"), &json!({})).await.expect(200);
        priorities.push(api.execution(&text(&retried["new_execution_id"])).await["priority"].clone());
    }

    assert_eq!(priorities, [5, 0]);
}

#[tokio::test(start_paused = true)]
async fn what_the_settings_have_no_value_for_is_not_started() {
    let api = Api::new().await;
    let keyed = flow(&api, json!({ "concurrency_key": "${trigger_data.customer.id}" })).await;
    let ranked = flow(&api, json!({ "priority": "${trigger_data.priority}" })).await;
    let execute = async |flow: &str, body: Value| api.post(&format!("flows/{flow}/execute"), &body).await;

    let missing = execute(&keyed, json!({ "trigger_data": { "customer": {} } })).await;
    let long = execute(&keyed, json!({ "trigger_data": { "customer": { "id": "x".repeat(201) } } })).await;
    let high = execute(&ranked, json!({ "trigger_data": { "priority": 11 } })).await;
    let no_number = execute(&ranked, json!({ "trigger_data": { "priority": "high" } })).await;
    let asked = execute(&ranked, json!({ "priority": -11 })).await;

    insta::assert_snapshot!(missing.problem(), @"422 queue-place: The flow does not say for this trigger data when it starts: `concurrency_key`: `${trigger_data.customer.id}`: `trigger_data.customer` has no field `id`; it is an empty object. Nothing was started.");
    insta::assert_snapshot!(long.problem(), @"422 queue-place: The flow does not say for this trigger data when it starts: `concurrency_key`: its value has more than 200 characters. Nothing was started.");
    insta::assert_snapshot!(high.problem(), @"422 queue-place: The flow does not say for this trigger data when it starts: `priority`: its value must be a whole number from -10 to 10, not 11. Nothing was started.");
    insta::assert_snapshot!(no_number.problem(), @r#"422 queue-place: The flow does not say for this trigger data when it starts: `priority`: its value must be a whole number from -10 to 10, not "high". Nothing was started."#);
    insta::assert_snapshot!(asked.problem(), @"
    400 invalid-body: `priority` must be a whole number from -10 to 10.
      /priority: `priority` must be a whole number from -10 to 10
    ");
    assert_eq!(api.counts().await, (2, 0));
}

#[tokio::test(start_paused = true)]
async fn settings_that_make_no_sense_are_refused_by_name() {
    let api = Api::new().await;
    let refused = async |settings: Value| {
        let mut document = crate::support::flow("Orders", &[json!({ "id": "a", "type": "merge" })], &[]);
        document.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
        let answer = api.post("flows", &document).await;
        assert_eq!(answer.status, 422, "{}", answer.text);
        let problem: Value = serde_json::from_str(&answer.text).expect("JSON");
        list(&problem["errors"])
            .iter()
            .map(|fault| format!("{} {}\n", text(&fault["pointer"]), text(&fault["message"])))
            .collect::<String>()
    };

    let mut all = String::new();
    for settings in [
        json!({ "max_concurrent_per_key": 2 }),
        json!({ "max_delay_seconds": 2 }),
        json!({ "debounce_seconds": 5, "max_delay_seconds": 2 }),
        json!({ "concurrency_key": "${nodes.a.output}", "priority": 1.5 }),
        json!({ "priority": "high", "debounce_seconds": 0 }),
        json!({ "priority": -11, "concurrency_key": "${secrets.KEY}" }),
        json!({ "priority": "${trigger_data.}" }),
    ] {
        all.push_str(&refused(settings).await);
    }

    insta::assert_snapshot!(all, @r#"
    /max_concurrent_per_key `max_concurrent_per_key` needs `concurrency_key`, which says what counts together
    /max_delay_seconds `max_delay_seconds` needs `debounce_seconds`
    /max_delay_seconds `max_delay_seconds` must not be less than `debounce_seconds`
    /concurrency_key `concurrency_key` can use `trigger_data` only: it is filled in before any node runs
    /priority `priority` must be a whole number from -10 to 10, or a template, not 1.5
    /priority `priority` must be a whole number from -10 to 10, or a template, not "high"
    /debounce_seconds `debounce_seconds` must be a number of seconds, more than 0 and at most 316224000, not 0
    /concurrency_key `concurrency_key` can use `trigger_data` only: it is filled in before any node runs
    /priority `priority` must be a whole number from -10 to 10, or a template, not -11
    /priority `${trigger_data.}`: unexpected end of input, expected identifier or integer
    "#);
    let shown = api.get(&format!("flows/{}", flow(&api, json!({ "priority": -3 })).await)).await.expect(200);
    assert_eq!(shown["priority"], -3);
    assert_eq!(each(&json!([shown]), "debounce_seconds"), [""]);
}
