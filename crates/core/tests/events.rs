//! Nodes that wait for events: which event ends a wait, when it is given up, and what survives a crash.

use insta::assert_snapshot;
use serde_json::{Value, json};
use steadflow_core::caller::Actor;
use steadflow_core::execution::{Execution, ExecutionStatus, Input, Rejected, TimerReason, Wait};
use steadflow_core::external_event::{EventAnswer, ExternalEvent};
use steadflow_core::flow::Flow;
use steadflow_core::ids::{NodeId, TenantId};
use steadflow_core::limits::Limits;
use steadflow_core::payload::Payload;
use steadflow_core::timestamp::Timestamp;
use uuid::Uuid;

use crate::support::{Play, START, version};

/// A node that waits, and one behind it.
fn flow(keys: Value) -> Value {
    let mut wait = json!({ "id": "paid", "type": "wait_event", "event": "invoice.paid" });
    for (key, value) in keys.as_object().into_iter().flatten() {
        wait[key] = value.clone();
    }
    let after = json!({ "id": "after", "type": "action", "action": "echo", "input": "${paid.data}" });
    json!({
        "name": "F", "retry_on_failure": true, "retry_count": 3,
        "flow_definition": { "nodes": [wait, after], "edges": [{ "from": "paid", "to": "after" }] },
    })
}

/// An event that came so many seconds after the start.
fn event(name: &str, correlation: Option<&str>, seconds: i64) -> Box<ExternalEvent> {
    Box::new(ExternalEvent {
        id: Uuid::from_u128(9),
        tenant: TenantId::DEFAULT,
        name: name.into(),
        correlation: correlation.map(Into::into),
        key: None,
        data: Payload::parse("{\"amount\":1.50}".to_owned()).expect("it is JSON"),
        at: Timestamp::from_micros(START.as_micros() + seconds * 1_000_000),
    })
}

fn arrives(play: &mut Play, event: Box<ExternalEvent>) -> Result<(), Rejected> {
    play.put(Input::EventArrived { node: NodeId::new("paid"), event })
}

/// The store answers what it was just asked.
fn is_stored(play: &mut Play, event: Option<Box<ExternalEvent>>) -> Result<(), Rejected> {
    let node = play.index("paid");
    let wait = play.execution.nodes()[0].awaited.clone().expect("it waits");
    let asked_at = play.now;
    let answer = EventAnswer { node, wait: *wait, asked_at, event };
    play.put(Input::EventAnswered(Box::new(answer)))
}

#[test]
fn a_node_waits_for_the_event_that_fits_and_returns_it() {
    let mut play = Play::new(&flow(json!({ "correlation": "${trigger_data.k}", "timeout_seconds": 60 })));

    is_stored(&mut play, None).unwrap();
    let waits = play.execution.waiting_for();
    let others =
        [event("invoice.paid", Some("2"), 1), event("invoice.paid", None, 1), event("other", Some("1"), 1)];
    let rejected = others.map(|other| arrives(&mut play, other));
    arrives(&mut play, event("invoice.paid", Some("1"), 1)).unwrap();
    let again = arrives(&mut play, event("invoice.paid", Some("1"), 2));

    assert!(
        rejected.iter().chain([&again]).all(|result| *result == Err(Rejected::NotWaiting)),
        "{rejected:?}"
    );
    assert_eq!(
        waits,
        Some(Wait::Event { until: Some(Timestamp::from_micros(START.as_micros() + 60_000_000)) })
    );
    assert_snapshot!(play.story(), @r#"
    0s     accepted
    0s     started
    0s     paid waits for invoice.paid Some("1") since 0s until Some(60)
    0s       → await event invoice.paid for paid
    0s     rejected: the node is not waiting for this
    0s     rejected: the node is not waiting for this
    0s     rejected: the node is not waiting for this
    0s     paid completes with {"id":"00000000-0000-0000-0000-000000000009","name":"invoice.paid","correlation":"1","data":{"amount":1.50},"at":"2027-01-15T08:00:01.000000Z"}
    0s     after attempt 1 starts
    0s       → begin after 1
    0s     rejected: the node is not waiting for this
    "#);
}

#[test]
fn an_event_that_came_before_counts_as_far_as_the_node_looks_back() {
    let mut play = Play::new(&flow(json!({ "lookback_seconds": 10 })));

    let early = arrives(&mut play, event("invoice.paid", None, -11));
    is_stored(&mut play, Some(event("invoice.paid", Some("x"), -10))).unwrap();

    assert_eq!(early, Err(Rejected::NotWaiting));
    assert_eq!(play.work.last().unwrap().input.as_str(), r#"{"amount":1.50}"#);
}

#[test]
fn a_wait_that_is_over_fails_the_node_and_is_repeated_only_if_the_node_says_so() {
    let retry = json!({ "enabled": true, "count": 1, "initial_interval_seconds": 10, "jitter": 0 });
    let mut once = Play::new(&flow(json!({ "timeout_seconds": 60 })));
    let mut twice = Play::new(&flow(json!({ "timeout_seconds": 60, "retry": retry })));

    is_stored(&mut once, None).unwrap();
    is_stored(&mut twice, None).unwrap();
    let timer = once.execution.next_timer();
    once.at(59.0).at(60.0);
    is_stored(&mut once, None).unwrap();
    twice.at(60.0);
    is_stored(&mut twice, None).unwrap();
    twice.at(70.0);
    let early = arrives(&mut twice, event("invoice.paid", None, 65));
    arrives(&mut twice, event("invoice.paid", None, 71)).unwrap();

    assert_eq!(timer.map(|(at, reason)| (at.since(START).as_secs(), reason)), Some((60, TimerReason::Event)));
    assert_eq!(early, Err(Rejected::NotWaiting));
    assert_snapshot!(once.shown(), @"
    failed: Node `paid` failed after 1 attempt: No event `invoice.paid` came in time
    paid: failed, No event `invoice.paid` came in time
    after: cancelled
    ");
    assert_snapshot!(twice.story(), @r#"
    0s     accepted
    0s     started
    0s     paid waits for invoice.paid None since 0s until Some(60)
    0s       → await event invoice.paid for paid
    60s      → await event invoice.paid for paid
    60s    paid attempt 1 starts
    60s    paid attempt 1 fails (timeout: No event `invoice.paid` came in time), next at 70s
    70s    paid waits for invoice.paid None since 70s until Some(130)
    70s      → await event invoice.paid for paid
    70s    rejected: the node is not waiting for this
    70s    paid completes with {"id":"00000000-0000-0000-0000-000000000009","name":"invoice.paid","correlation":null,"data":{"amount":1.50},"at":"2027-01-15T08:01:11.000000Z"}
    70s    after attempt 1 starts
    70s      → begin after 1
    "#);
}

#[test]
fn an_event_that_was_stored_in_time_ends_a_wait_whose_time_is_over() {
    let mut play = Play::new(&flow(json!({ "timeout_seconds": 60 })));
    is_stored(&mut play, None).unwrap();

    play.at(61.0);
    let waits = play.execution.waits_for_agent() && play.execution.next_timer().is_none();
    is_stored(&mut play, Some(event("invoice.paid", None, 60))).unwrap();

    assert!(waits);
    assert_eq!(play.work.last().unwrap().input.as_str(), r#"{"amount":1.50}"#);
}

#[test]
fn a_wait_ends_by_what_the_store_says_when_its_time_is_over_and_not_before() {
    let document = flow(json!({ "timeout_seconds": 60 }));
    let mut play = Play::new(&document);
    let (node, wait) = (play.index("paid"), play.execution.nodes()[0].awaited.clone().expect("it waits"));

    // What was asked before is answered late, once by a store that is busy and once over a crash.
    play.at(60.0);
    let early = || Box::new(EventAnswer { node, wait: (*wait).clone(), asked_at: START, event: None });
    play.put(Input::EventAnswered(early())).unwrap();
    let pinned = play.execution.pinned();
    play.execution = Execution::replay(play.execution.id(), pinned, play.journal.clone()).unwrap();
    play.at(62.0);
    play.put(Input::EventAnswered(early())).unwrap();
    // A pause holds the end of a wait.
    play.put(Input::Pause { by: Actor::USER }).unwrap();
    is_stored(&mut play, None).unwrap();
    play.at(63.0).put(Input::Resume { by: Actor::USER }).unwrap();
    is_stored(&mut play, None).unwrap();

    assert_snapshot!(play.story(), @"
    0s     accepted
    0s     started
    0s     paid waits for invoice.paid None since 0s until Some(60)
    0s       → await event invoice.paid for paid
    60s      → await event invoice.paid for paid
    62s      → await event invoice.paid for paid
    62s      → await event invoice.paid for paid
    62s    paused
    63s    resumed
    63s      → await event invoice.paid for paid
    63s    paid attempt 1 starts
    63s    paid attempt 1 fails (timeout: No event `invoice.paid` came in time)
    63s    paid fails
    63s    finished: failed
    ");
}

#[test]
fn what_is_waited_for_is_stored_again_after_a_crash_and_stays_the_same() {
    let document = flow(json!({ "correlation": "${trigger_data.k}" }));
    let mut play = Play::new(&document);
    is_stored(&mut play, None).unwrap();
    let is_at_rest = !play.execution.waits_for_agent() && !play.execution.is_cut();

    let loaded = Execution::replay(play.execution.id(), version(&document), play.journal.clone()).unwrap();
    let asks_again = loaded.waits_for_agent() && loaded.is_cut();
    play.execution = loaded;
    play.at(5.0);

    assert!(is_at_rest && asks_again);
    assert_snapshot!(play.story(), @r#"
    0s     accepted
    0s     started
    0s     paid waits for invoice.paid Some("1") since 0s until None
    0s       → await event invoice.paid for paid
    5s       → await event invoice.paid for paid
    "#);
    arrives(&mut play, event("invoice.paid", Some("1"), 1)).unwrap();
    assert_eq!(play.work.len(), 1);
}

#[test]
fn a_pause_holds_what_follows_and_not_the_event() {
    let mut play = Play::new(&flow(json!({})));

    play.put(Input::Pause { by: Actor::USER }).unwrap();
    arrives(&mut play, event("invoice.paid", None, 1)).unwrap();
    let held = play.work.len();
    play.put(Input::Resume { by: Actor::USER }).unwrap();

    assert_eq!((held, play.work.len()), (0, 1));
}

#[test]
fn a_wait_is_stored_during_a_pause_too() {
    let document = flow(json!({ "timeout_seconds": 60 }));
    let mut play = Play::new(&document);
    play.put(Input::Pause { by: Actor::USER }).unwrap();
    let is_kept = play.execution.waits_for_agent() && play.execution.next_timer().is_none();

    play.execution =
        Execution::replay(play.execution.id(), version(&document), play.journal.clone()).unwrap();
    let asks_again = play.execution.waits_for_agent() && play.execution.next_timer().is_some();
    play.at(5.0);
    let has_asked = play.execution.waits_for_agent() && play.execution.next_timer().is_none();
    is_stored(&mut play, Some(event("invoice.paid", None, 1))).unwrap();
    let is_at_rest = !play.execution.waits_for_agent() && play.execution.next_timer().is_none();
    play.at(90.0).put(Input::Resume { by: Actor::USER }).unwrap();

    assert_eq!([is_kept, asks_again, has_asked, is_at_rest], [true; 4]);
    assert_snapshot!(play.story(), @r#"
    0s     accepted
    0s     started
    0s     paid waits for invoice.paid None since 0s until Some(60)
    0s       → await event invoice.paid for paid
    0s     paused
    5s       → await event invoice.paid for paid
    5s     paid completes with {"id":"00000000-0000-0000-0000-000000000009","name":"invoice.paid","correlation":null,"data":{"amount":1.50},"at":"2027-01-15T08:00:01.000000Z"}
    90s    resumed
    90s    after attempt 1 starts
    90s      → begin after 1
    "#);
}

#[test]
fn a_cancelled_execution_waits_for_nothing() {
    let mut play = Play::new(&flow(json!({})));

    play.put(Input::Cancel { message: "Stop".into(), by: Actor::USER }).unwrap();

    assert_eq!(play.execution.status(), ExecutionStatus::Cancelled);
    assert!(matches!(arrives(&mut play, event("invoice.paid", None, 1)), Err(Rejected::Finished(_))));
    assert!(is_stored(&mut play, None).is_err());
}

#[test]
fn a_correlation_that_would_fit_anything_fails_the_node() {
    let all = ["${trigger_data.k}", "${trigger_data.gone}", "${null}", "${[1]}", "${true}", "x"].map(
        |correlation| {
            let play = Play::new(&flow(json!({ "correlation": correlation })));
            let error = play.execution.nodes()[0].error_message.clone();
            format!("{correlation}: {}", error.as_deref().unwrap_or("waits"))
        },
    );

    assert_snapshot!(all.join("\n"), @"
    ${trigger_data.k}: waits
    ${trigger_data.gone}: `${trigger_data.gone}`: `trigger_data` has no field `gone`; it has `k`
    ${null}: `correlation` must be a string of at most 200 characters, a number, true or false, not null
    ${[1]}: `correlation` must be a string of at most 200 characters, a number, true or false, not a list
    ${true}: waits
    x: waits
    ");
}

#[test]
fn what_a_wait_cannot_be_is_refused() {
    let all = [
        json!({ "event": null }),
        json!({ "event": "" }),
        json!({ "event": "a\nb" }),
        json!({ "event": "x".repeat(201) }),
        json!({ "lookback_seconds": 0 }),
        json!({ "lookback_seconds": 604_801 }),
        json!({ "correlation": "${secrets.KEY}" }),
    ]
    .map(|keys| match Flow::parse(&flow(keys), &Limits::DEFAULT) {
        Ok(_) => "fine".to_owned(),
        Err(faults) => faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
    });

    assert_snapshot!(all.join("\n"), @"
    /flow_definition/nodes/0/event: a node that waits for an event needs `event`: a string of at most 200 characters
    /flow_definition/nodes/0/event: `event` must not be empty
    /flow_definition/nodes/0/event: `event` holds the character U+000A, which is not visible; remove it
    /flow_definition/nodes/0/event: `event` has 201 characters; at most 200 are allowed
    /flow_definition/nodes/0/lookback_seconds: `lookback_seconds` must be a number of seconds, more than 0 and at most 604800, not 0
    /flow_definition/nodes/0/lookback_seconds: `lookback_seconds` must be a number of seconds, more than 0 and at most 604800, not 604801
    /flow_definition/nodes/0/correlation: the correlation of an event cannot use secrets, because it is shown
    ");
}

#[test]
fn an_answer_about_an_old_wait_says_nothing_of_the_new_one() {
    let retry = json!({ "enabled": true, "count": 1, "initial_interval_seconds": 10, "jitter": 0 });
    let mut play = Play::new(&flow(json!({ "timeout_seconds": 60, "retry": retry })));
    let node = play.index("paid");
    let old = play.execution.nodes()[0].awaited.clone().expect("it waits");

    is_stored(&mut play, None).unwrap();
    play.at(60.0);
    is_stored(&mut play, None).unwrap();
    play.at(70.0);
    let late = EventAnswer { node, wait: *old, asked_at: START, event: None };
    let late = play.put(Input::EventAnswered(Box::new(late)));
    let still_asks = play.execution.waits_for_agent();
    is_stored(&mut play, None).unwrap();

    assert_eq!(
        (late, still_asks, play.execution.waits_for_agent()),
        (Err(Rejected::NotWaiting), true, false)
    );
}
