//! Alerts: what is kept, who is told of what, and how often.

use std::time::Duration;

use serde_json::{Value, json};
use steadflow_core::ids::TenantId;
use steadflow_core::payload::Payload;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::AlertRecord;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use uuid::Uuid;

use crate::support::{Api, NO_ID, each, failing, flow, list, text};

const MINUTE: Duration = Duration::from_secs(60);

/// Starts to tell people, and lets an alert be known.
async fn alerting(api: &Api, events: &[&str]) -> String {
    keep(api);
    create(api, events, "https://x.example").await
}

async fn create(api: &Api, events: &[&str], url: &str) -> String {
    let channel = json!({ "type": "webhook", "url": url, "secret": "${secrets.KEY}" });
    let alert = json!({ "name": "On call", "events": events, "channel": channel });
    text(&api.post("alerts", &alert).await.expect(201)["id"])
}

fn keep(api: &Api) -> JoinHandle<()> {
    let engine = api.engine.clone();
    tokio::spawn(async move { engine.keep_alerts().await })
}

/// How many times something was told, once its time is over.
async fn told(api: &Api, alert: &str) -> u64 {
    sleep(11 * MINUTE).await;
    list(&messages(api, alert).await).iter().filter_map(|message| message["stands_for"].as_u64()).sum()
}

async fn messages(api: &Api, alert: &str) -> Value {
    api.get(&format!("alerts/{alert}")).await.expect(200)["messages"].clone()
}

async fn broken(api: &Api, message: &str) -> String {
    api.flow_of(&[json!({ "id": "f", "type": "action", "action": "fail", "input": { "message": message } })])
        .await
}

#[tokio::test(start_paused = true)]
async fn fifty_failures_are_one_message_and_the_next_one_stands_for_the_rest() {
    let api = Api::new().await;
    let flow = broken(&api, "no stock").await;
    api.run(&flow).await;
    sleep(Duration::from_secs(1)).await;
    let alert = alerting(&api, &["execution_failed"]).await;
    for _ in 0..50 {
        api.run(&flow).await;
    }
    sleep(Duration::from_secs(5)).await;

    let first = messages(&api, &alert).await;
    sleep(9 * MINUTE).await;
    let before = messages(&api, &alert).await;
    sleep(2 * MINUTE).await;
    let after = messages(&api, &alert).await;
    sleep(60 * MINUTE).await;
    let at_last = messages(&api, &alert).await;

    assert_eq!(first.as_array().map(Vec::len), Some(1), "{first}");
    assert_eq!((&first[0]["state"], &first[0]["stands_for"]), (&json!("sent"), &json!(1)));
    assert_eq!(first[0]["about"]["error_message"], "Node `f` failed after 1 attempt: no stock");
    assert_eq!(before, first);
    assert_eq!((&after[0]["state"], &after[0]["stands_for"]), (&json!("sent"), &json!(49)));
    assert_eq!(at_last, after, "what ended before the alert, and what was told, is not told");
}

#[tokio::test(start_paused = true)]
async fn alerts_are_about_their_events_and_flows_alone() {
    let api = Api::new().await;
    let approval = json!({ "id": "ask", "type": "approval" });
    let waits = api.flow_of(std::slice::from_ref(&approval)).await;
    api.start(&waits).await;
    sleep(Duration::from_secs(1)).await;
    let waiting = alerting(&api, &["waiting_for_person"]).await;
    let recovered = alerting(&api, &["recovered"]).await;
    let failed = alerting(&api, &["execution_failed"]).await;
    let other = api.flow_of(&[json!({ "id": "x", "type": "merge" })]).await;
    let of_other = alerting(&api, &["execution_failed", "recovered", "waiting_for_person"]).await;
    api.patch(&format!("alerts/{of_other}"), &json!({ "flow_id": other })).await.expect(200);
    let off = alerting(&api, &["execution_failed"]).await;
    api.patch(&format!("alerts/{off}"), &json!({ "enabled": false })).await.expect(200);
    sleep(Duration::from_secs(2)).await;
    assert_eq!(messages(&api, &waiting).await, json!([]), "it waited before");

    let asked = api.start(&waits).await;
    api.run(&api.flow_of(&[failing("n", 1, 1)]).await).await;
    let lost = api.run(&broken(&api, "lost").await).await;
    api.run(&broken(&api, "other").await).await;
    sleep(Duration::from_secs(5)).await;

    let about = async |alert: &str| {
        let all = messages(&api, alert).await;
        all.as_array().unwrap().iter().map(|message| message["about"].clone()).collect::<Vec<_>>()
    };
    let of_waiting = about(&waiting).await;
    assert_eq!((of_waiting.len(), &of_waiting[0]["execution_id"]), (1, &json!(asked)));
    assert_eq!(about(&recovered).await.len(), 1);
    let of_failed = about(&failed).await;
    assert_eq!(of_failed.len(), 2, "two groups");
    assert!(of_failed.iter().any(|about| about["execution_id"] == lost["id"]));
    assert_eq!((about(&of_other).await.len(), about(&off).await.len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn alerts_are_created_changed_tested_and_deleted() {
    let api = Api::new().await;
    let channel = json!({ "type": "email", "to": ["a@x.example"] });
    let alert = json!({ "name": "On call", "events": ["execution_failed"], "channel": channel });

    let made = api.post("alerts", &alert).await.expect(201);
    let path = format!("alerts/{}", text(&made["id"]));
    let changed = api.patch(&path, &json!({ "name": "Night", "enabled": false })).await.expect(200);
    let tested = api.press(&format!("{path}/test")).await.expect(200);
    let listed = api.get("alerts").await.expect(200);

    assert_eq!(
        (&made["enabled"], &made["channel"], &made["flow_id"]),
        (&json!(true), &channel, &Value::Null)
    );
    assert_eq!((&changed["name"], &changed["enabled"]), (&json!("Night"), &json!(false)));
    assert_eq!(tested, json!({ "sent": true, "error": null }));
    assert_eq!(each(&listed, "name"), ["Night"]);
    api.delete(&path).await.expect(204);
    for answer in
        [api.get(&path).await, api.delete(&path).await, api.press(&format!("alerts/{NO_ID}/test")).await]
    {
        assert!(answer.problem().starts_with("404 no-such-alert"));
    }
    let refused = api.post("alerts", &json!({ "name": "x", "events": ["all"], "channel": { "type": "slack", "url": "https://x.example/canary" } })).await;
    let problem = refused.problem();
    assert!(problem.starts_with("422 alert-invalid") && !problem.contains("canary"), "{problem}");
}

#[tokio::test(start_paused = true)]
async fn each_wait_for_a_person_is_told_once_whatever_else_its_execution_does() {
    let api = Api::new().await;
    let alert = alerting(&api, &["waiting_for_person"]).await;
    let delay = |id: &str| json!({ "id": id, "type": "delay", "delay_seconds": 5 });
    let nodes = [json!({ "id": "ask", "type": "approval" }), delay("a"), delay("b"), delay("c")];
    let beside = api.create_flow(&flow("Beside", &nodes, &[("a", "b"), ("b", "c")])).await;

    let execution = api.start(&beside).await;

    assert_eq!(told(&api, &alert).await, 1, "what completes beside it is nothing new");
    let about = messages(&api, &alert).await[0]["about"].clone();
    assert_eq!(about["waits_for_id"], format!("{execution}:ask:approval:1"));
    let execution = asking_twice(&api).await;
    assert_eq!(told(&api, &alert).await, 2);
    approve(&api, &execution, "a:tool:1:0").await;
    assert_eq!(told(&api, &alert).await, 3, "the same node asks again");
    let mut exhausted = failing("x", 9, 0);
    exhausted["on_exhausted"] = json!("ask");
    api.start(&api.flow_of(&[exhausted]).await).await;
    assert_eq!(told(&api, &alert).await, 4, "a decision is wanted");
    assert_eq!(messages(&api, &alert).await[0]["about"]["waiting_for"], "decision");
}

/// Starts an execution whose agent wants to call a tool that needs approval, and another time after that.
async fn asking_twice(api: &Api) -> String {
    let tool = json!({ "name": "pay", "type": "http_request", "approval": "always", "request": { "url": "https://a.example.org/" } });
    let agent = json!({
        "name": "Buyer", "agent_type": "llm", "config": { "provider": "openai", "model": "small" },
        "skills": [{ "name": "buy", "tools": [tool] }],
    });
    let agent = text(&api.post("agents", &agent).await.expect(201)["id"]);
    let call = json!({ "tool_calls": [{ "id": "1", "name": "pay", "arguments": { "amount": 1 } }] });
    let input = json!({ "answers": [call, call, { "output": "done" }] });
    let node = json!({ "id": "a", "type": "agent", "agent_id": agent, "skill": "buy", "input": input });
    api.start(&api.create_flow(&flow("Buy", &[node], &[])).await).await
}

async fn approve(api: &Api, execution: &str, call: &str) {
    let path = format!("approvals/{execution}:{call}");
    let hash = api.get(&path).await.expect(200)["arguments_hash"].clone();
    api.post(&path, &json!({ "decision": "approved", "arguments_hash": hash })).await.expect(200);
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_is_down_has_one_message_of_a_group_until_it_is_given_up_or_switched_off() {
    let api = Api::new().await;
    keep(&api);
    let [alert, other] = [
        create(&api, &["execution_failed"], "https://down.example").await,
        create(&api, &["recovered"], "https://down.example").await,
    ];
    let flow = broken(&api, "no stock").await;
    for _ in 0..3 {
        api.run(&flow).await;
        sleep(15 * MINUTE).await;
    }
    let before = messages(&api, &alert).await;
    let api = api.later(25 * 60 * MINUTE).await;
    keep(&api);
    sleep(11 * MINUTE).await;
    let after = messages(&api, &alert).await;
    api.run(&api.flow_of(&[failing("n", 1, 1)]).await).await;
    sleep(MINUTE).await;
    let pending = messages(&api, &other).await;
    api.patch(&format!("alerts/{alert}"), &json!({ "enabled": false })).await.expect(200);
    api.patch(&format!("alerts/{other}"), &json!({ "enabled": false })).await.expect(200);
    sleep(11 * MINUTE).await;

    let states = |messages: &Value| {
        let all = list(messages).iter();
        all.map(|message| (text(&message["state"]), message["stands_for"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(states(&before), [("pending".to_owned(), json!(1))]);
    assert_eq!(states(&after), [("pending".to_owned(), json!(2)), ("given_up".to_owned(), json!(1))]);
    assert_eq!(states(&pending), [("pending".to_owned(), json!(1))]);
    let cancelled = messages(&api, &other).await;
    assert_eq!(states(&cancelled), [("cancelled".to_owned(), json!(1))]);
    assert_eq!(
        (&cancelled[0]["next_attempt_at"], &cancelled[0]["attempts"]),
        (&Value::Null, &pending[0]["attempts"])
    );
    assert_eq!(messages(&api, &alert).await[0]["state"], "cancelled");
}

#[tokio::test(start_paused = true)]
async fn what_was_told_is_not_told_again_when_its_note_is_gone_and_the_process_starts_again() {
    let api = Api::new().await;
    let keeper = keep(&api);
    let failed = create(&api, &["execution_failed"], "https://x.example").await;
    let waiting = create(&api, &["waiting_for_person"], "https://x.example").await;
    api.run(&broken(&api, "no stock").await).await;
    api.start(&api.flow_of(&[json!({ "id": "ask", "type": "approval" })]).await).await;
    assert_eq!((told(&api, &failed).await, told(&api, &waiting).await), (1, 1));
    keeper.abort();

    let api = api.later(31 * 24 * 60 * MINUTE).await;
    let before = Timestamp::from_micros(api.engine.now().as_micros() - 30 * 86_400_000_000);
    assert_eq!(
        api.store().expire_alerts(before, api.engine.now(), 100).await.unwrap(),
        6,
        "two notes, two groups and two messages"
    );
    keep(&api);

    assert_eq!((told(&api, &failed).await, told(&api, &waiting).await), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn what_a_clock_that_was_ahead_has_said_silences_nobody() {
    let api = Api::new().await;
    let ahead = api.engine.now().plus(365 * 24 * 60 * MINUTE);
    let channel = json!({ "type": "webhook", "url": "https://x.example", "secret": "${secrets.KEY}" });
    let document = json!({ "name": "On call", "events": ["execution_failed"], "channel": channel });
    let record = record(1, &document, ahead);
    api.store().create_alert(record, 9).await.unwrap();
    api.store().put_alerts_seen(ahead).await.unwrap();
    keep(&api);
    sleep(MINUTE).await;

    api.run(&broken(&api, "no stock").await).await;

    assert_eq!(told(&api, &Uuid::from_u128(1).to_string()).await, 1);
    assert!(api.store().alerts_seen().await.unwrap().is_some_and(|seen| seen < ahead));
}

fn record(id: u128, document: &Value, at: Timestamp) -> AlertRecord {
    let document = Payload::from_value(document);
    AlertRecord {
        id: Uuid::from_u128(id),
        tenant: TenantId::DEFAULT,
        document,
        active_since: Some(at),
        created_at: at,
        updated_at: at,
    }
}

#[tokio::test(start_paused = true)]
async fn an_alert_that_cannot_be_read_is_listed_as_such_and_in_the_way_of_no_other() {
    let api = Api::new().await;
    api.store().create_alert(record(1, &json!({ "name": 7 }), Timestamp::default()), 9).await.unwrap();
    let alert = alerting(&api, &["execution_failed"]).await;

    api.run(&broken(&api, "no stock").await).await;

    assert_eq!(told(&api, &alert).await, 1);
    let damaged = Uuid::from_u128(1).to_string();
    let listed = api.get("alerts").await.expect(200);
    assert_eq!((&listed[0]["id"], &listed[1]["id"]), (&json!(alert), &json!(damaged)));
    assert!(listed[1]["damaged"].as_str().is_some_and(|why| why.contains("name")), "{listed}");
    assert!(api.get(&format!("alerts/{damaged}")).await.problem().starts_with("500 damaged"));
    api.delete(&format!("alerts/{damaged}")).await.expect(204);
}

#[tokio::test(start_paused = true)]
async fn a_tenant_has_a_limited_number_of_alerts() {
    let api = Api::new().await;
    for _ in 0..100 {
        create(&api, &["execution_failed"], "https://x.example").await;
    }

    let channel = json!({ "type": "email", "to": "a@x.example" });
    let one_more = json!({ "name": "x", "events": ["recovered"], "channel": channel });
    let problem = api.post("alerts", &one_more).await.problem();

    assert!(problem.starts_with("409 too-many-alerts"), "{problem}");
}

#[tokio::test(start_paused = true)]
async fn a_success_rate_is_told_when_it_becomes_low_and_again_after_it_was_fine() {
    let api = Api::new().await;
    keep(&api);
    let channel = json!({ "type": "webhook", "url": "https://x.example", "secret": "${secrets.KEY}" });
    let rate = json!({ "below": 0.8, "window_minutes": 5, "min_executions": 5 });
    let alert =
        json!({ "name": "Budget", "events": ["success_rate"], "success_rate": rate, "channel": channel });
    let alert = text(&api.post("alerts", &alert).await.expect(201)["id"]);
    // The same flow completes or fails.
    let node = json!({
        "id": "f", "type": "action", "action": "echo", "input": "${trigger_data.fails.now}",
    });
    let flow = api.flow_of(&[node]).await;
    let run = async |fails: u32, completes: u32| {
        for number in 0..fails + completes {
            let data = if number < fails { json!({}) } else { json!({ "fails": { "now": 1 } }) };
            let started = api.post(&format!("flows/{flow}/execute"), &json!({ "trigger_data": data })).await;
            api.ended(&text(&started.expect(201)["execution_id"])).await;
        }
        sleep(2 * MINUTE).await;
        list(&messages(&api, &alert).await).len()
    };

    assert_eq!(run(0, 16).await, 0);
    assert_eq!(run(4, 0).await, 0, "4 of 20 are not more than the budget");
    assert_eq!(run(2, 0).await, 1, "but 6 of 22 are");
    let about = messages(&api, &alert).await[0]["about"].clone();
    assert_eq!(
        (&about["event"], &about["below"], &about["flow_id"]),
        (&json!("success_rate"), &json!(0.8), &json!(flow))
    );
    assert_eq!(run(5, 0).await, 1, "it is told once");
    sleep(10 * MINUTE).await;
    assert_eq!(run(0, 5).await, 1);
    assert_eq!(run(9, 0).await, 2, "it was fine, and is low again");
}

#[tokio::test(start_paused = true)]
async fn somebody_is_reminded_five_times_of_what_still_waits_and_not_of_what_does_not() {
    let api = Api::new().await;
    let alert = alerting(&api, &["waiting_for_person"]).await;
    api.patch(&format!("alerts/{alert}"), &json!({ "remind_after_minutes": 15 })).await.expect(200);
    let flow = api.flow_of(&[json!({ "id": "ask", "type": "approval" })]).await;
    let execution = api.start(&flow).await;
    let decided = api.start(&api.flow_of(&[json!({ "id": "ask", "type": "approval" })]).await).await;
    sleep(MINUTE).await;
    approve(&api, &decided, "ask:approval:1").await;

    sleep(120 * MINUTE).await;

    let all = messages(&api, &alert).await;
    let of = |execution: &str| {
        let about = list(&all).iter().map(|message| &message["about"]);
        let own = about.filter(|about| about["execution_id"] == execution);
        own.map(|about| text(&about["event"])).collect::<Vec<_>>()
    };
    let mut expected = vec!["still_waiting"; 5];
    expected.push("waiting_for_person");
    assert_eq!(
        (of(&execution), of(&decided)),
        (expected.iter().map(|&event| event.to_owned()).collect(), vec!["waiting_for_person".to_owned()])
    );
}

#[tokio::test(start_paused = true)]
async fn a_mail_server_that_answers_nothing_holds_up_no_chat_and_no_more_than_half_of_all_mails() {
    let api = Api::new().await;
    keep(&api);
    let mail = json!({ "type": "email", "to": ["ann@silent.example"] });
    for number in 0..20 {
        let alert =
            json!({ "name": format!("Mail {number}"), "events": ["execution_failed"], "channel": mail });
        api.post("alerts", &alert).await.expect(201);
    }
    let hook = create(&api, &["execution_failed"], "https://x.example").await;

    api.run(&broken(&api, "no stock").await).await;
    sleep(Duration::from_secs(10)).await;

    let listed = api.get("alerts").await.expect(200);
    let mut attempts = Vec::new();
    for alert in each(&listed, "id") {
        let message = messages(&api, alert).await[0].clone();
        attempts.push((text(&message["state"]), message["attempts"].as_u64()));
    }
    let of_mails = attempts.iter().filter(|attempt| **attempt == ("pending".to_owned(), Some(1))).count();
    assert_eq!(messages(&api, &hook).await[0]["state"], "sent");
    assert_eq!((of_mails, attempts.len()), (8, 21), "{attempts:?}");
    sleep(3 * MINUTE).await;
    let error = messages(&api, each(&listed, "id")[20]).await[0]["error"].clone();
    assert_eq!(error, "The message was not sent within 120 seconds.");
}

#[tokio::test(start_paused = true)]
async fn a_stop_waits_for_messages_under_way_and_leaves_the_rest_to_the_next_process_at_once() {
    let api = Api::new().await;
    keep(&api);
    let slow = create(&api, &["execution_failed"], "https://slow.example").await;
    let silent = create(&api, &["execution_failed"], "https://silent.example").await;
    let flow = broken(&api, "no stock").await;
    api.run(&flow).await;
    sleep(Duration::from_secs(2)).await;
    let before = [messages(&api, &slow).await, messages(&api, &silent).await];

    let begun = tokio::time::Instant::now();
    api.engine.shutdown(Duration::from_secs(10)).await.expect("it stops in order");
    let took = begun.elapsed();
    let api = api.later(Duration::ZERO).await;
    let after = [messages(&api, &slow).await, messages(&api, &silent).await];
    keep(&api);
    sleep(Duration::from_secs(2)).await;
    let again = [messages(&api, &slow).await, messages(&api, &silent).await];

    let of = |both: &[Value; 2]| {
        both.clone().map(|messages| (text(&messages[0]["state"]), messages[0]["attempts"].as_u64()))
    };
    let [pending, sent] = ["pending", "sent"].map(ToOwned::to_owned);
    assert_eq!(of(&before), [(pending.clone(), Some(1)), (pending.clone(), Some(1))]);
    assert_eq!(took.as_secs(), 10, "one does not end");
    assert_eq!(of(&after), [(sent.clone(), Some(1)), (pending.clone(), Some(1))]);
    assert_eq!(of(&again), [(sent, Some(1)), (pending, Some(2))], "nobody waits for the end of the claim");
}
